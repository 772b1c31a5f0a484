r"""The choice: one package per mineral, offtake volumes, strikes, purses and transfers, as one mixed-integer programme.

The market's response is data here: every option :math:`p` of mineral :math:`k` was solved by the equilibrium in every
state
:math:`s` (:mod:`model.design.table`), which gives gain :math:`g_{kpis}` of party :math:`i` against no agreement in the
same state.

.. math::
    \max \; \text{objective} \quad\text{s.t.}\quad
    \sum_p z_{kp} = 1, \quad
    l_{kpij} z_{kp} \le v^+_{kpij} + v^-_{kpij} \le u_{kpij} z_{kp}, \quad
    \sum_i T_i = 0, \quad
    G_{is} = \sum_{k,p} g_{kpis} z_{kp} + S_{is} + T_i + R_{is}

Settlements :math:`S_{is}` are what sellers receive and buyers pay: a contract over :math:`v` tonnes at a strike
settles (strike - price) v in every state. A contract is a mix of :math:`v^+` tonnes at the highest strike,
:math:`(1+b)\bar P` with :math:`\bar P` the seller's expected price, and :math:`v^-` at the lowest, :math:`(1-b)\bar
P`, which gives every strike between and keeps this linear. A common purse gives party :math:`i` the share
:math:`r_{kpi}` of what all parties collect instead of its own; with :math:`\sum_i r_{kpi} = z_{kp}` that is linear
too.

========================  =================================  =====================================
symbol                    attribute                          unit
========================  =================================  =====================================
:math:`z_{kp}`            ``chosen[option]``                 0 or 1
:math:`v^+_{kpij}`        ``dear_t[contract]``               t/yr
:math:`v^-_{kpij}`        ``cheap_t[contract]``              t/yr
:math:`T_i`               ``transfer_musd[party]``           million USD/yr
:math:`r_{kpi}`           ``revenue_share[option, party]``   share
:math:`G_{is}`            ``gain(party, state)``             million USD/yr
========================  =================================  =====================================

Objectives. Expected gain: :math:`\sum_i w_i E[G_i]`. CVaR (Rockafellar and Uryasev 2000): minus the mean of the worst
part
:math:`\alpha` of the weighted loss against no agreement and no shock. Worst-off: the smallest :math:`w_i E[G_i]`
(parties of weight
zero left out). Nash: :math:`\sum_i w_i \ln E[G_i]`, the logarithm under tangents so many that the product is exact
within 1 %.

Bankability: the contracts of a project cover at least the lenders' share of its capacity; others than the investor
contract at most what its first right leaves. That floor or price covers its full cost is checked before the option
enters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from model.design.limits import MONEY, PARTICIPATION, Limit, limits_of
from model.design.options import MILLION, Option
from model.design.programme import Programme

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from model.design.options import Frame
    from model.design.programme import Solved
    from model.design.request import DesignRequest
    from model.market.records import Floats

NASH_ERROR = 0.01
"""Largest relative error of the Nash product."""
SMALLEST_GAIN = 1e-4
"""A bargain needs every party to gain at least this share of the largest gain any option gives anyone."""
UNTOUCHED = 1e-6
"""A party whose gain never exceeds this share of the largest is untouched by the agreement."""
TIE_BREAK = 1e-6
"""Share of a contract's value that is charged in the objective, so that equals are settled by fewer contracts."""


@dataclass(frozen=True)
class Terms:
    """What the choice is made from: options per mineral (the neutral one first), the request, and what lenders ask.

    ``margins`` tighten red lines by group, to leave room for rounding.
    """

    request: DesignRequest
    frame: Frame
    options: Mapping[str, Sequence[Option]]
    lenders_share: float = 0.0
    margins: Mapping[str, float] = field(default_factory=dict)

    @property
    def cells(self) -> list[tuple[str, int]]:
        """(mineral, position) of every option."""
        return [(mineral, position) for mineral, options in self.options.items() for position in range(len(options))]

    def option(self, cell: tuple[str, int]) -> Option:
        """The option at a cell."""
        return self.options[cell[0]][cell[1]]

    @property
    def limits(self) -> list[Limit]:
        """Red lines and participation of all parties; a bargain needs every bargainer to gain something."""
        limits = limits_of(self.request, self.frame, self.options)
        if self.request.objective.kind == "nash":
            limits += [self._bargains(party) for party in self.bargainers]
        return [replace(limit, most=limit.most - self.margins.get(limit.group, 0.0)) for limit in limits]

    def _bargains(self, party: str) -> Limit:
        least = SMALLEST_GAIN * self.unit_gain(party)
        text = f"{party}: gains something from the bargain"
        weight = self.frame.probability
        return Limit(f"{party} {PARTICIPATION}", party, MONEY, {}, -least, text, state_weight=weight)

    @cached_property
    def _largest_gains(self) -> Floats:
        """By party, the largest expected gain or loss of any option [million USD/yr]."""
        sizes = [np.abs(self.frame.probability @ self.option(cell).gain) for cell in self.cells]
        largest: Floats = np.max(sizes, axis=0)
        return largest

    def is_untouched(self, party: str) -> bool:
        """Whether neither packages nor transfers nor purses reach a party."""
        if self.request.transfers or self.request.share_revenue:
            return False
        own = float(self._largest_gains[self.frame.parties.index(party)])
        return own <= UNTOUCHED * float(self._largest_gains.max(initial=0.0))

    @property
    def bargainers(self) -> list[str]:
        """Parties of positive weight that the agreement reaches."""
        return [i for i in self.frame.parties if self.request.weight(i) > 0 and not self.is_untouched(i)]

    def unit_gain(self, party: str) -> float:
        """The unit in which a bargainer's gain is measured: its own largest [million USD/yr]."""
        return max(float(self._largest_gains[self.frame.parties.index(party)]), UNTOUCHED)

    def reach(self, party: str) -> float:
        """How many units a party's gain can at most be: all gains of all minerals, should they be passed on to it."""
        total = float(self._largest_gains.sum()) * len(self.options)
        return (
            max(2.0 * len(self.options), total / self.unit_gain(party))
            if self._redistributes
            else 2.0 * len(self.options)
        )

    @property
    def _redistributes(self) -> bool:
        return bool(self.request.transfers or self.request.share_revenue or self.request.offtake.allowed)


@dataclass(frozen=True)
class Contract:
    """An offtake that was chosen; quantities per year."""

    mineral: str
    producer: str
    buyer: str
    volume_t: float
    strike_usd_per_t: float
    expected_price_usd_per_t: float


@dataclass(frozen=True)
class Choice:
    """The chosen agreement. Money is million USD a year; ``gain`` [state, party] is what each is predicted to gain.

    ``objective`` is in the objective's own unit, ``bound`` proves that nothing better than it exists among the
    options, ``gap`` is their relative distance. ``is_proved`` is false when the time limit ended the search: then it
    is the best found so far.
    """

    chosen: dict[str, Option]
    positions: dict[str, int]
    contracts: tuple[Contract, ...]
    transfers: dict[str, float]
    revenue_shares: dict[str, dict[str, float]]
    outlay_shares: dict[str, dict[str, float]]
    gain: Floats
    expected_gain: dict[str, float]
    objective: float
    bound: float
    gap: float
    is_proved: bool
    notes: tuple[str, ...] = field(default=())


def choose(terms: Terms) -> Choice:
    """The best agreement among the options.

    Raises:
        NoAgreement: when the limits cannot hold together.
        SolveError: when the time limit ends the search before any agreement was found.
    """
    m = build(terms)
    return decide(m, terms, Programme(m, terms.request))


def decide(m: pyo.ConcreteModel, terms: Terms, programme: Programme) -> Choice:
    """Solve a built programme and read the choice."""
    solved = programme.solve()
    programme.load()
    return _read(m, terms, solved)


def build(terms: Terms) -> pyo.ConcreteModel:
    """The programme. Red lines are ``red_line[number]`` with records in ``limit_data``; ``give`` is held at zero."""
    m = pyo.ConcreteModel(doc="Choice of an agreement")
    _declare(m, terms)
    _packages(m, terms)
    _contracts(m, terms)
    _bankability(m, terms)
    _purses(m, terms)
    _gains(m, terms)
    _limits(m, terms)
    _objective(m, terms)
    return m


def _declare(m: pyo.ConcreteModel, terms: Terms) -> None:
    request = terms.request
    m.mineral = pyo.Set(initialize=list(terms.options), doc="Minerals")
    m.party = pyo.Set(initialize=list(terms.frame.parties), doc="Parties")
    m.option = pyo.Set(initialize=terms.cells, dimen=2, doc="Packages by mineral and position")
    m.pair_data = {
        (*cell, pair.producer, pair.buyer): pair
        for cell in terms.cells
        if request.offtake.allowed or terms.option(cell).package.offtakes
        for pair in terms.option(cell).pairs(request.offtake.most_of_need if request.offtake.allowed else 0.0)
    }
    m.contracts_of = {party: [] for party in terms.frame.parties}
    for key, pair in m.pair_data.items():
        m.contracts_of[pair.producer].append((1.0, key, pair))
        m.contracts_of[pair.buyer].append((-1.0, key, pair))
    m.contract = pyo.Set(initialize=list(m.pair_data), dimen=4, doc="Possible contracts by option, producer and buyer")
    m.chosen = pyo.Var(m.option, domain=pyo.Binary, doc="Package is agreed [0 or 1]")
    m.dear_t = pyo.Var(m.contract, domain=pyo.NonNegativeReals, doc="Volume at the highest strike [t/yr]")
    m.cheap_t = pyo.Var(m.contract, domain=pyo.NonNegativeReals, doc="Volume at the lowest strike [t/yr]")
    most = request.transfers / MILLION
    m.transfer_musd = pyo.Var(m.party, bounds=(-most, None), doc="Lump sum received [million USD/yr]")
    if not most:
        m.transfer_musd.fix(0.0)


def _packages(m: pyo.ConcreteModel, terms: Terms) -> None:
    @m.Constraint(m.mineral, doc="One package per mineral [packages]")
    def one_package(m: Any, k: str) -> Any:
        return sum(m.chosen[k, p] for p in range(len(terms.options[k]))) == 1

    @m.Constraint(doc="Transfers are paid by someone [million USD/yr]")
    def transfers_balance(m: Any) -> Any:
        if not terms.request.transfers:
            return pyo.Constraint.Skip
        return sum(m.transfer_musd[i] for i in m.party) == 0


def _contracts(m: pyo.ConcreteModel, terms: Terms) -> None:
    committed = [key for key, pair in m.pair_data.items() if pair.least_t > 0]

    @m.Constraint(committed, doc="What binds in every state is part of the package [t/yr]")
    def least_volume(m: Any, k: str, p: int, i: str, j: str) -> Any:
        return m.dear_t[k, p, i, j] + m.cheap_t[k, p, i, j] >= m.pair_data[k, p, i, j].least_t * m.chosen[k, p]

    @m.Constraint(m.contract, doc="No more than flows in every state, only under the agreed package [t/yr]")
    def most_volume(m: Any, k: str, p: int, i: str, j: str) -> Any:
        return m.dear_t[k, p, i, j] + m.cheap_t[k, p, i, j] <= m.pair_data[k, p, i, j].most_t * m.chosen[k, p]


def _bankability(m: pyo.ConcreteModel, terms: Terms) -> None:
    """Lenders' share and first right; a project's contracts at home and abroad, limited like any other."""
    rules = terms.request.offtake
    m.project_data = {(*cell, project.id): project for cell in terms.cells for project in terms.option(cell).projects}
    m.project = pyo.Set(initialize=list(m.project_data), dimen=3, doc="Projects built under an option")
    m.project_volume_t = pyo.Var(
        m.project, m.party, domain=pyo.NonNegativeReals, doc="Output contracted to a buyer [t/yr]"
    )

    @m.Constraint(m.project, doc="Lenders ask that a share of capacity is contracted [t/yr]")
    def lenders_ask(m: Any, k: str, p: int, w: str) -> Any:
        asked = terms.lenders_share * m.project_data[k, p, w].capacity_t
        return sum(m.project_volume_t[k, p, w, j] for j in m.party) >= asked * m.chosen[k, p]

    @m.Constraint(m.project, doc="Contracts stay within capacity [t/yr]")
    def within_capacity(m: Any, k: str, p: int, w: str) -> Any:
        return (
            sum(m.project_volume_t[k, p, w, j] for j in m.party) <= m.project_data[k, p, w].capacity_t * m.chosen[k, p]
        )

    @m.Constraint(m.project, doc="Others take what the investor's first right leaves [t/yr]")
    def first_right(m: Any, k: str, p: int, w: str) -> Any:
        investor = rules.investors.get(w)
        if investor is None:
            return pyo.Constraint.Skip
        left = (1.0 - rules.first_right) * m.project_data[k, p, w].capacity_t
        return sum(m.project_volume_t[k, p, w, j] for j in m.party if j != investor) <= left * m.chosen[k, p]

    sellers = sorted({(k, p, project.region) for (k, p, _), project in m.project_data.items()})
    m.seller = pyo.Set(initialize=sellers, dimen=3, doc="Regions with new projects under an option")

    @m.Constraint(
        m.seller, m.party, doc="Project contracts are part of all contracts, at home at most a share of need [t/yr]"
    )
    def part_of_contracts(m: Any, k: str, p: int, i: str, j: str) -> Any:
        own = sum(
            m.project_volume_t[k, p, w, j]
            for (kk, pp, w), x in m.project_data.items()
            if (kk, pp, x.region) == (k, p, i)
        )
        if i == j:
            need = float(terms.option((k, p)).use_t[0, terms.frame.parties.index(i)])
            return own <= rules.most_of_need * need * m.chosen[k, p]
        return own <= (m.dear_t[k, p, i, j] + m.cheap_t[k, p, i, j] if (k, p, i, j) in m.contract else 0.0)

    @m.Constraint(m.seller, doc="A seller can deliver its contracts in every state [t/yr]")
    def deliverable(m: Any, k: str, p: int, i: str) -> Any:
        option = terms.option((k, p))
        least = min(response.output_t.get(i, 0.0) for response in option.responses)
        home = sum(
            m.project_volume_t[k, p, w, i]
            for (kk, pp, w), x in m.project_data.items()
            if (kk, pp, x.region) == (k, p, i)
        )
        abroad = sum(m.dear_t[c] + m.cheap_t[c] for c in m.contract if c[:3] == (k, p, i))
        return home + abroad <= least * m.chosen[k, p]


def _purses(m: pyo.ConcreteModel, terms: Terms) -> None:
    """Shares of the common purses; without a purse everyone keeps and pays its own."""
    for name, is_common in (("revenue", terms.request.share_revenue), ("outlay", terms.request.share_outlay)):
        cells = terms.cells if is_common else []
        share = pyo.Var(cells, m.party, bounds=(0, 1), doc=f"Party's share of the common {name} [share]")
        setattr(m, f"{name}_share", share)
        setattr(m, f"{name}_divided", pyo.Constraint(cells, rule=_divided(share), doc=f"All {name} is divided [share]"))


def _divided(share: pyo.Var) -> Any:
    def rule(m: Any, k: str, p: int) -> Any:
        return sum(share[k, p, i] for i in m.party) == m.chosen[k, p]

    return rule


def gain(m: pyo.ConcreteModel, terms: Terms, party: str, weight: Floats, net: bool = False) -> Any:
    """A party's gain over states under ``weight`` (probabilities: expected; one state: there) [million USD/yr].

    ``net`` measures against no agreement and no shock.
    """
    return linear(gain_terms(m, terms, party, weight, net))


def linear(pairs: Iterable[tuple[float, Any]]) -> Any:
    """The sum of coefficient times variable."""
    kept = [(value, variable) for value, variable in pairs if value]
    return LinearExpression(linear_coefs=[v for v, _ in kept], linear_vars=[x for _, x in kept]) if kept else 0.0


def gain_terms(
    m: pyo.ConcreteModel, terms: Terms, party: str, weight: Floats, net: bool = False
) -> Iterator[tuple[float, Any]]:
    """Coefficients and variables of a party's gain: packages, purses, transfers and settlements."""
    at = terms.frame.parties.index(party)
    if terms.request.transfers:
        yield float(weight.sum()), m.transfer_musd[party]
    for cell in terms.cells:
        option = terms.option(cell)
        own = float(weight @ (option.net if net else option.gain)[:, at])
        if terms.request.share_revenue:
            collected = weight @ option.revenue
            yield float(collected.sum()), m.revenue_share[(*cell, party)]
            own -= float(collected[at])
        if terms.request.share_outlay:
            paid = weight @ option.outlay
            yield -float(paid.sum()), m.outlay_share[(*cell, party)]
            own += float(paid[at])
        yield own, m.chosen[cell]
    yield from _settlement(m, terms, party, weight)


def _settlement(m: pyo.ConcreteModel, terms: Terms, party: str, weight: Floats) -> Iterator[tuple[float, Any]]:
    """What a party receives less what it pays under its contracts [million USD/yr]."""
    band = terms.request.offtake.strike_band
    for sign, key, pair in m.contracts_of[party]:
        counted = weight * pair.delivered
        market = float(counted @ pair.price_usd_per_t)
        for strike, volume in ((1.0 + band, m.dear_t[key]), (1.0 - band, m.cheap_t[key])):
            paid = strike * pair.mean_price_usd_per_t * float(counted.sum())
            yield sign * (paid - market) / MILLION, volume


def _gains(m: pyo.ConcreteModel, terms: Terms) -> None:
    probability = terms.frame.probability
    m.expected_gain_musd = pyo.Var(m.party, doc="Expected gain [million USD/yr]")

    @m.Constraint(m.party, doc="Expected gain of a party [million USD/yr]")
    def gain_adds_up(m: Any, i: str) -> Any:
        return linear([*gain_terms(m, terms, i, probability), (-1.0, m.expected_gain_musd[i])]) == 0.0


def _limits(m: pyo.ConcreteModel, terms: Terms) -> None:
    """Red lines and participation; a limit's group may give way together by ``give[group]``."""
    limits = terms.limits
    m.limit_data = dict(enumerate(limits))
    m.group = pyo.Set(initialize=list(dict.fromkeys(limit.group for limit in limits)), doc="Red lines")
    m.give = pyo.Var(m.group, bounds=(0.0, 0.0), doc="How far a red line gives way, held at zero [its unit]")

    @m.Constraint(list(m.limit_data), doc="Red lines and participation [the limit's unit]")
    def red_line(m: Any, number: int) -> Any:
        limit = m.limit_data[number]
        return linear([*_amount_terms(m, terms, limit), (-1.0, m.give[limit.group])]) <= limit.most


def _amount_terms(m: pyo.ConcreteModel, terms: Terms, limit: Limit) -> Iterator[tuple[float, Any]]:
    """What a limit bounds."""
    yield from ((value, m.chosen[cell]) for cell, value in limit.of_options.items())
    if limit.state_weight is not None:
        yield from ((-value, variable) for value, variable in gain_terms(m, terms, limit.party, limit.state_weight))
    if limit.counts_transfers and terms.request.transfers:
        yield -1.0, m.transfer_musd[limit.party]
    if limit.counts_outlay_purse and terms.request.share_outlay:
        at = terms.frame.parties.index(limit.party)
        for cell in terms.cells:
            paid = terms.frame.probability @ terms.option(cell).outlay
            yield float(paid.sum()), m.outlay_share[(*cell, limit.party)]
            yield -float(paid[at]), m.chosen[cell]


def measure(m: pyo.ConcreteModel, terms: Terms, name: str) -> Any:
    """A measure of the agreement, larger is better, as expression of the programme. See :data:`MEASURES`."""
    probability = terms.frame.probability
    if name == "worst_off":
        return _worst_off(m, terms)
    if name == "cvar":
        return -_cvar(m, terms)
    if name == "least_assured":
        return _least_assured(m, terms)
    if name == "expected_gain":
        return sum(terms.request.weight(i) * m.expected_gain_musd[i] for i in m.party)
    of_option = {
        "users_gain": lambda option: float((probability @ option.users).sum()),
        "producers_gain": lambda option: float((probability @ option.producers).sum()),
        "treasury_gain": lambda option: float((probability @ (option.revenue - option.outlay)).sum()),
        "independence": _independence,
    }[name]
    share = 1.0 / len(terms.options) if name == "independence" else 1.0
    return linear((share * of_option(terms.option(cell)), m.chosen[cell]) for cell in terms.cells)


MEASURES = {
    "expected_gain": ("expected gain of all parties with their weights", "million USD/yr"),
    "users_gain": ("users' gain", "million USD/yr"),
    "producers_gain": ("producers' gain", "million USD/yr"),
    "treasury_gain": ("public money", "million USD/yr"),
    "worst_off": ("gain of the worst-off party", "million USD/yr"),
    "cvar": ("minus the mean loss in the worst part of outcomes", "million USD/yr"),
    "independence": ("share of use that does not come from non-parties, mean over minerals", "share"),
    "least_assured": ("smallest share of need served of defense, energy and critical industries", "share"),
}
"""Measures of an agreement: what they are, and their unit. Larger is better."""


def _independence(option: Option) -> float:
    use = option.frame.probability @ option.use_t
    return 1.0 - float(use @ option.non_party_share / use.sum()) if use.sum() > 0 else 1.0


def _worst_off(m: pyo.ConcreteModel, terms: Terms) -> Any:
    if not hasattr(m, "worst_gain_musd"):
        m.worst_gain_musd = pyo.Var(doc="Smallest weighted gain [million USD/yr]")
        counted = [i for i in terms.frame.parties if terms.request.weight(i) > 0 and not terms.is_untouched(i)]

        @m.Constraint(counted or list(terms.frame.parties), doc="No counted party gains less [million USD/yr]")
        def no_party_below(m: Any, i: str) -> Any:
            return m.worst_gain_musd <= terms.request.weight(i) * m.expected_gain_musd[i]

    return m.worst_gain_musd


def _cvar(m: pyo.ConcreteModel, terms: Terms) -> Any:
    if not hasattr(m, "excess_musd"):
        m.value_at_risk_musd = pyo.Var(doc="Loss exceeded in the tail [million USD/yr]")
        m.state = pyo.Set(initialize=list(range(len(terms.frame.states))), doc="States")
        m.excess_musd = pyo.Var(
            m.state, domain=pyo.NonNegativeReals, doc="Loss beyond the value at risk [million USD/yr]"
        )

        @m.Constraint(m.state, doc="Excess of the parties' weighted loss [million USD/yr]")
        def excess_of_loss(m: Any, s: int) -> Any:
            only = np.eye(len(m.state))[s]
            weighted = [
                (terms.request.weight(i) * value, variable)
                for i in m.party
                for value, variable in gain_terms(m, terms, i, only, net=True)
            ]
            return linear([*weighted, (1.0, m.excess_musd[s]), (1.0, m.value_at_risk_musd)]) >= 0.0

    tail = terms.request.objective.tail
    mean = sum(float(terms.frame.probability[s]) * m.excess_musd[s] for s in m.state)
    return m.value_at_risk_musd + mean / tail


def _least_assured(m: pyo.ConcreteModel, terms: Terms) -> Any:
    if not hasattr(m, "assured_share"):
        m.assured_share = pyo.Var(bounds=(0, 1), doc="Smallest share of need served [share]")

        @m.Constraint(m.mineral, doc="No mineral serves less [share]")
        def no_mineral_below(m: Any, k: str) -> Any:
            served = [option.least_assured for option in terms.options[k]]
            return m.assured_share <= sum(served[p] * m.chosen[k, p] for p in range(len(served)))

    return m.assured_share


def _objective(m: pyo.ConcreteModel, terms: Terms) -> None:
    request = terms.request
    kind = request.objective.kind
    value = _nash(m, terms) if kind == "nash" else measure(m, terms, kind)
    industries = {
        cell: sum(
            weight * terms.option(cell).industry_cost(party, industry)
            for industry, weight in request.objective.industry_weights.items()
            for party in terms.frame.parties
        )
        for cell in terms.cells
    }
    value -= sum(cost * m.chosen[cell] for cell, cost in industries.items() if cost)
    value -= linear(
        (TIE_BREAK * pair.mean_price_usd_per_t / MILLION, volume[key])
        for key, pair in m.pair_data.items()
        for volume in (m.dear_t, m.cheap_t)
    )
    m.goal = pyo.Objective(expr=value, sense=pyo.maximize, doc=f"{kind} [million USD/yr, Nash: logarithm]")


def _nash(m: pyo.ConcreteModel, terms: Terms) -> Any:
    """Weighted sum of logarithms of expected gains, each in units of the party's own largest gain, under tangents."""
    total = sum(terms.request.weight(i) for i in terms.bargainers)
    m.bargainer = pyo.Set(initialize=terms.bargainers, doc="Parties that bargain")
    m.log_gain = pyo.Var(m.bargainer, doc="Logarithm of a party's gain over its largest gain [logarithm]")
    points = {i: tangent_points(total, terms.reach(i)) for i in terms.bargainers}

    @m.Constraint([(i, t) for i in points for t in range(len(points[i]))], doc="Below every tangent [logarithm]")
    def below_tangent(m: Any, i: str, t: int) -> Any:
        point = float(points[i][t])
        return m.log_gain[i] <= math.log(point) - 1.0 + m.expected_gain_musd[i] / (terms.unit_gain(i) * point)

    return sum(terms.request.weight(i) * m.log_gain[i] for i in terms.bargainers)


def tangent_points(total_weight: float, reach: float) -> Floats:
    """Where the logarithm is touched so that the product of gains to their weights is exact within :data:`NASH_ERROR`.

    From :data:`SMALLEST_GAIN` to ``reach``. Two tangents whose points differ by the factor exp(h) miss the logarithm
    by about h²/8 where they cross.

    >>> points = tangent_points(2.0, 2.0)
    >>> round(float(points[0]), 9) == SMALLEST_GAIN, bool(points[-1] >= 2.0 - 1e-9)
    (True, True)
    """
    spacing = 0.95 * math.sqrt(8.0 * math.log(1.0 + NASH_ERROR) / max(total_weight, 1e-9))
    count = 1 + math.ceil(math.log(reach / SMALLEST_GAIN) / spacing)
    return np.geomspace(SMALLEST_GAIN, reach, count)


def _read(m: pyo.ConcreteModel, terms: Terms, solved: Solved) -> Choice:
    positions = {k: max(range(len(terms.options[k])), key=lambda p: m.chosen[k, p].value) for k in terms.options}
    states = np.eye(len(terms.frame.states))
    gains = [[_value(gain_terms(m, terms, i, only)) for i in terms.frame.parties] for only in states]
    gap = abs(solved.bound - solved.objective) / max(abs(solved.objective), 1e-9)
    notes = [
        f"{i} is untouched by every package: its gain does not enter."
        for i in terms.frame.parties
        if terms.is_untouched(i)
    ]
    if not solved.is_proved:
        notes.append(
            f"The time limit ended the search: this is the best found so far, within {gap:.1%} of the best possible."
        )
    return Choice(
        chosen={k: terms.options[k][p] for k, p in positions.items()},
        positions=positions,
        contracts=tuple(_contracts_chosen(m, terms, positions)),
        transfers={i: float(m.transfer_musd[i].value or 0.0) for i in terms.frame.parties},
        revenue_shares=_shares(m.revenue_share, terms, positions) if terms.request.share_revenue else {},
        outlay_shares=_shares(m.outlay_share, terms, positions) if terms.request.share_outlay else {},
        gain=np.array(gains),
        expected_gain={i: float(m.expected_gain_musd[i].value) for i in terms.frame.parties},
        objective=solved.objective,
        bound=solved.bound,
        gap=gap,
        is_proved=solved.is_proved,
        notes=tuple(notes),
    )


def _value(pairs: Iterable[tuple[float, Any]]) -> float:
    return sum(value * (variable.value or 0.0) for value, variable in pairs if value)


def _shares(share: pyo.Var, terms: Terms, positions: Mapping[str, int]) -> dict[str, dict[str, float]]:
    return {k: {i: float(share[k, p, i].value) for i in terms.frame.parties} for k, p in positions.items()}


def _contracts_chosen(m: pyo.ConcreteModel, terms: Terms, positions: Mapping[str, int]) -> Iterator[Contract]:
    band = terms.request.offtake.strike_band
    for (k, p, i, j), pair in m.pair_data.items():
        if positions[k] != p:
            continue
        dear, cheap = (float(volume[k, p, i, j].value or 0.0) for volume in (m.dear_t, m.cheap_t))
        volume = dear + cheap
        if volume > NEGLIGIBLE * pair.most_t:
            price = pair.mean_price_usd_per_t
            yield Contract(k, i, j, volume, price * (1.0 + band * (dear - cheap) / volume), price)


NEGLIGIBLE = 1e-6
