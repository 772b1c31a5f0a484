"""Options: packages with their responses, turned into what each party gains or loses in each state.

Everything is measured against the neutral option (no agreement) in the same state; only ``net`` is against no agreement
and no shock, so that a tail of bad outcomes holds the shock's own damage too. Arrays are [state, party]; money is
million USD a year.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from model.units import MILLION
from model.words.names import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from model.assumptions import Assumptions
    from model.design.problem.packages import Levels, Package
    from model.design.problem.projects import Project
    from model.design.problem.request import WorldState
    from model.design.responses.response import Response
    from model.market.records import Floats

SMALLEST_CONTRACT = 1e-3
"""Trade below this share of the buyer's need is not worth a contract."""
SAME = 1e-9
"""Merits that differ by less are the same."""


def weights(states: Sequence[WorldState]) -> Floats:
    r"""What each state counts in an expectation, "no shock" first.

    Shocks come independently of each other, each with a yearly hazard :math:`h_s`. What is expected is
    :math:`V_0 + \sum_s h_s (V_s - V_0)`: two shocks in one year add up, so "no shock" weighs
    :math:`1 - \sum_s h_s`. That is below zero only where more than one shock a year is expected.
    """
    hazard = np.array([state.probability for state in states[1:]])
    return np.array([1.0 - hazard.sum(), *hazard])


@dataclass(frozen=True)
class Frame:
    """What all options share: parties, states with weights, and what public money and metal cost.

    ``carrying_cost`` is the yearly cost of holding a dollar of stock, ``public_funds_cost`` what a dollar of public
    money costs the economy; lump sums and common purses move such dollars between treasuries and count at par.
    """

    parties: tuple[str, ...]
    states: tuple[str, ...]
    weight: Floats
    carrying_cost: float = 0.0
    public_funds_cost: float = 1.0

    @classmethod
    def of(cls, parties: tuple[str, ...], states: Sequence[WorldState], assumptions: Assumptions) -> Frame:
        """The frame of these parties and states."""
        costs = (assumptions.value(name) for name in ("stockpile_carrying_cost", "public_funds_cost"))
        return cls(parties, tuple(state.name for state in states), weights(states), *costs)

    @property
    def chance(self) -> Floats:
        """How likely each state is where at most one shock a year counts, for the tail of outcomes: sums to one.

        A shock has its hazard; hazards of more than one shock a year together shrink alike. Several shocks at once are
        no state: they are looked at as a stress, not weighed.
        """
        positive = np.maximum(self.weight, 0.0)
        chance: Floats = positive / positive.sum()
        return chance


@dataclass(frozen=True)
class Pair:
    """What one producing party may sell one consuming party under an option.

    ``least_t`` binds in every state as part of the package, ``most_t`` is what the market itself would ship in every
    state. ``price_usd_per_t`` is the seller's price and ``delivered`` the share not excused, by state; the mean price
    is expected over what is delivered.
    """

    producer: str
    buyer: str
    stage: str
    least_t: float
    most_t: float
    price_usd_per_t: Floats
    delivered: Floats
    mean_price_usd_per_t: float


@dataclass(frozen=True)
class Option:
    """One package of one mineral and its responses by state, beside those of the neutral package.

    ``reference_price`` values stocks [USD/t]; ``projects`` are those built.
    """

    frame: Frame
    package: Package
    responses: tuple[Response, ...]
    neutral: tuple[Response, ...]
    reference_price: float
    levels: Levels | None = None
    projects: tuple[Project, ...] = field(default=())

    @property
    def mineral(self) -> str:
        """The mineral it is for."""
        return self.package.mineral

    def _grid(self, of: Callable[[Response], Mapping[str, float]], responses: Sequence[Response]) -> Floats:
        parties = self.frame.parties
        return np.array([[amounts.get(party, 0.0) for party in parties] for amounts in map(of, responses)])

    def _change(self, of: Callable[[Response], Mapping[str, float]]) -> Floats:
        change: Floats = (self._grid(of, self.responses) - self._grid(of, self.neutral)) / MILLION
        return change

    @cached_property
    def users(self) -> Floats:
        """Change of consumer surplus."""
        return self._change(lambda r: r.users_usd)

    @cached_property
    def supplier_change(self) -> Floats:
        """Change of what the choice of supplier is worth to buyers."""
        return self._change(lambda r: r.supplier_change_usd)

    @cached_property
    def producers(self) -> Floats:
        """Change of producer surplus, less the yearly cost of capital of projects built (sunk to the market)."""
        return self._change(lambda r: r.producers_usd) - self.capital_cost

    @cached_property
    def capital_cost(self) -> Floats:
        """Yearly cost of capital of projects built, by party."""
        per_party = dict.fromkeys(self.frame.parties, 0.0)
        for project in self.projects:
            if project.region in per_party:
                yearly = (project.full_cost_usd_per_t - project.operating_cost_usd_per_t) * project.capacity_t
                per_party[project.region] += yearly / MILLION
        return np.array(list(per_party.values()))

    @cached_property
    def rents(self) -> Floats:
        """Change of the rents of those who hold quotas."""
        return self._change(lambda r: r.rents_usd)

    @cached_property
    def revenue(self) -> Floats:
        """Change of duties, levies and quota rents: what a common purse may divide."""
        return self._change(lambda r: r.revenue_usd) + self.rents

    @cached_property
    def outlay(self) -> Floats:
        """Change of public outlay: support paid, stocks bought less sold, stocks held."""
        held = dict(self.package.stockpiles)
        tonnes = np.array([held.get(party, 0.0) for party in self.frame.parties])
        holding = tonnes * self.frame.carrying_cost * self.reference_price / MILLION
        return self._change(lambda r: r.outlay_usd) + holding

    @cached_property
    def treasury(self) -> Floats:
        """Change of duties and levies less outlay."""
        money: Floats = self.revenue - self.rents - self.outlay
        return money

    @cached_property
    def stock_value(self) -> Floats:
        """Change of the metal in public stocks at the status quo's price: what is released has to be bought again."""
        return self._change(lambda r: r.stock_value_usd)

    @cached_property
    def public_funds(self) -> Floats:
        """What raising the treasury's money costs beyond it."""
        beyond: Floats = (self.frame.public_funds_cost - 1.0) * self.treasury
        return beyond

    @cached_property
    def gain(self) -> Floats:
        """All accounts together, before settlements, transfers and common purses."""
        return sum((getattr(self, part) for part in PARTS), start=np.zeros(self.users.shape))

    @cached_property
    def net(self) -> Floats:
        """The same against no agreement and no shock (state 0)."""
        paid = self._grid(lambda r: r.revenue_usd, self.neutral) - self._grid(lambda r: r.outlay_usd, self.neutral)
        neutral = self._grid(lambda r: r.net_usd, self.neutral) + (self.frame.public_funds_cost - 1.0) * paid
        shocked: Floats = self.gain + (neutral - neutral[:1]) / MILLION
        return shocked

    @cached_property
    def outsiders(self) -> Floats:
        """Change of the accounts of all who are no party together, by state."""
        beyond, parties = self.frame.public_funds_cost - 1.0, set(self.frame.parties)

        def total(response: Response) -> float:
            paid = {r: response.revenue_usd.get(r, 0.0) - response.outlay_usd.get(r, 0.0) for r in response.net_usd}
            return sum(net + beyond * paid[r] for r, net in response.net_usd.items() if r not in parties)

        pairs = zip(self.responses, self.neutral, strict=True)
        return np.array([total(now) - total(then) for now, then in pairs]) / MILLION

    @property
    def outsiders_gain(self) -> float:
        """The same, expected."""
        return float(self.frame.weight @ self.outsiders)

    @cached_property
    def producer_revenue(self) -> Floats:
        """Change of producers' revenue."""
        return self._change(lambda r: r.producer_revenue_usd)

    @cached_property
    def use_t(self) -> Floats:
        """Use [t/yr]."""
        return self._grid(lambda r: r.use_t, self.responses)

    @cached_property
    def non_party_share(self) -> Floats:
        """Expected imports from non-parties over expected use, by party; zero without use."""
        imports = self.frame.weight @ self._grid(lambda r: r.non_party_imports_t, self.responses)
        use = self.frame.weight @ self.use_t
        share: Floats = np.divide(imports, use, out=np.zeros(len(use)), where=use > 0)
        return np.clip(share, 0.0, 1.0)

    @cached_property
    def independence(self) -> float:
        """Share of all parties' expected use that does not come from non-parties; one without use."""
        use = self.frame.weight @ self.use_t
        return 1.0 - float(use @ self.non_party_share / use.sum()) if use.sum() > 0 else 1.0

    @property
    def without(self) -> Option:
        """The same states without the package."""
        return Option(self.frame, self.package, self.neutral, self.neutral, self.reference_price)

    def assured(self, name: str) -> Floats:
        """Share of a class's need served [share]; one where the class is unknown."""
        rows = [[r.assured.get(name, {}).get(party, 1.0) for party in self.frame.parties] for r in self.responses]
        return np.array(rows)

    @property
    def least_served(self) -> Floats:
        """The smallest share of need served over classes and states, by party."""
        least: Floats = np.min([self.assured(name).min(axis=0) for name in CLASSES], axis=0)
        return least

    @cached_property
    def least_assured(self) -> float:
        """The smallest share of need served over classes, states and parties."""
        return float(self.least_served.min(initial=1.0))

    def industry_cost(self, party: str, industry: str) -> float:
        """Expected extra cost of one industry against no agreement."""
        pairs = zip(self.responses, self.neutral, strict=True)
        costs = [
            now.industry_cost_usd.get(party, {}).get(industry, 0.0)
            - then.industry_cost_usd.get(party, {}).get(industry, 0.0)
            for now, then in pairs
        ]
        return float(self.frame.weight @ np.array(costs)) / MILLION

    def pairs(self, most_of_need: float) -> list[Pair]:
        """Who may sell to whom: trade that flows in every state, up to a share of the buyer's need, and commitments.

        At the last stage, and at those where projects of this option sell.
        """
        stages = dict.fromkeys((self.package.stage, *(project.stage for project in self.projects)))
        return [pair for stage in stages for pair in self._pairs_at(stage, most_of_need)]

    def _pairs_at(self, stage: str, most_of_need: float) -> Iterator[Pair]:
        trade = [response.at(stage) for response in self.responses]
        committed = {(i, j): quantity for i, j, at, quantity in self.package.offtakes if at == stage}
        routes = _one_way({pair: t for pair, t in trade[0].flows_t.items() if pair[0] != pair[1]}) | set(committed)
        parties = self.frame.parties
        for producer, buyer in sorted(routes):
            if producer not in parties or buyer not in parties:
                continue
            need = trade[0].use_t.get(buyer, 0.0)
            flows = [each.flows_t.get((producer, buyer), 0.0) for each in trade]
            least = committed.get((producer, buyer), 0.0)
            most = max(least, min(*flows, most_of_need * need))
            if least > 0 or most > SMALLEST_CONTRACT * max(need, 1e-12):
                yield self._pair(producer, buyer, stage, least, most)

    def _pair(self, producer: str, buyer: str, stage: str, least: float, most: float) -> Pair:
        trade = [response.at(stage) for response in self.responses]
        price = np.array([each.seller_price_usd_per_t.get(producer, self.reference_price) for each in trade])
        delivered = np.array([each.delivered.get((producer, buyer), 1.0) for each in trade])
        weight = self.frame.weight * delivered
        mean = float(weight @ price / weight.sum()) if weight.sum() > 0 else float(price[0])
        return Pair(producer, buyer, stage, least, most, price, delivered, mean)

    def covers_full_cost(self, project: Project) -> bool:
        """Whether floor or expected price covers a project's operating cost and return on capital."""
        prices = [r.producer_price_usd_per_t.get(project.stage, {}).get(project.region, 0.0) for r in self.responses]
        expected = float(self.frame.weight @ np.array(prices))
        floor = self.package.floor if project.stage == self.package.stage else 0.0
        return max(expected, floor) >= project.full_cost_usd_per_t

    def expected(self, amounts: Floats) -> Floats:
        """Expected value by party of a [state, party] array."""
        mean: Floats = self.frame.weight @ amounts
        return mean


def _one_way(flows_t: Mapping[tuple[str, str], float]) -> set[tuple[str, str]]:
    """Of the routes between two parties the one that carries more: a contract each way would cancel the other."""
    return {(i, j) for (i, j), t in flows_t.items() if (t, i) > (flows_t.get((j, i), 0.0), j)}


def accounts(options: Sequence[Option]) -> dict[str, Floats]:
    """Expected change of every account by party over all minerals [million USD/yr]."""
    each = [[getattr(option, part) for part in PARTS] for option in options]
    weight = next(iter(options)).frame.weight
    totals = (weight @ np.sum(parts, axis=0) for parts in zip(*each, strict=True))
    return dict(zip(GAIN_PARTS, totals, strict=True))


PARTS = ("users", "supplier_change", "producers", "treasury", "rents", "stock_value", "public_funds")
"""Accounts that an option's gain is the sum of."""
GAIN_PARTS = tuple(f"{part}_musd" for part in PARTS)


def prune(options: Sequence[Option], industries: Sequence[str]) -> list[Option]:
    """Options that no other beats in every party's gain in every state and all a red line or contract can use.

    The neutral one stays whatever its merit; ``industries`` are those whose cost is looked at.
    """
    merit = np.array([_merit(option, industries) for option in options])
    kept: list[Option] = []
    for position, option in enumerate(options):
        no_worse = (merit >= merit[position]).all(axis=1)
        better = (merit > merit[position] + SAME).any(axis=1)
        if option.package.is_neutral or not (no_worse & better).any():
            kept.append(option)
    return kept


def _merit(option: Option, industries: Sequence[str]) -> Floats:
    """Everything an option is judged by, larger is better."""
    parties = option.frame.parties
    parts = [option.gain, option.users, option.producers, option.producer_revenue, option.revenue, -option.outlay]
    parts += [option.treasury]
    # "No shock" may weigh less than nothing, and then what is better in every state need not be so in expectation.
    parts += [option.expected(part) for part in parts]
    parts += [option.assured(name) for name in CLASSES]
    costs = [-option.industry_cost(party, industry) for party in parties for industry in industries]
    saleable = np.zeros((len(parties), len(parties)))
    for pair in option.pairs(1.0):
        at = parties.index(pair.producer), parties.index(pair.buyer)
        saleable[at] += pair.most_t * float(pair.price_usd_per_t.mean())
    theirs = np.append(option.outsiders, option.outsiders_gain)
    return np.concatenate(
        [*(part.ravel() for part in parts), -option.non_party_share, np.array(costs), saleable.ravel(), theirs]
    )
