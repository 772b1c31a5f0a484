r"""The choice: one package per mineral, offtake volumes, strikes, purses and transfers, as one mixed-integer programme.

The market's response is data here: every option :math:`p` of mineral :math:`k` was solved by the equilibrium in every state
:math:`s` (:mod:`model.design.table`), which gives gain :math:`g_{kpis}` of party :math:`i` against no agreement in the same state.

.. math::
    \max \; \text{objective} \quad\text{s.t.}\quad
    \sum_p z_{kp} = 1, \quad
    l_{kpij} z_{kp} \le v_{kpij} \le u_{kpij} z_{kp}, \quad
    |e_{kpij}| \le b\, \bar P_{kpi} v_{kpij}, \quad
    \sum_i T_i = 0, \quad
    G_{is} = \sum_{k,p} g_{kpis} z_{kp} + S_{is} + T_i + R_{is}

Settlements :math:`S_{is}` are what sellers receive and buyers pay: a contract over :math:`v` tonnes at the strike
:math:`\bar P + e/v` pays :math:`e + (\bar P - P_s) v` in state :math:`s`, with :math:`\bar P` the seller's expected price. Writing the
strike as a premium :math:`e` keeps this linear. A common purse gives party :math:`i` the share :math:`r_{kpi}` of what all parties
collect instead of its own; with :math:`\sum_i r_{kpi} = z_{kp}` that is linear too.

========================  =================================  =====================================
symbol                    attribute                          unit
========================  =================================  =====================================
:math:`z_{kp}`            ``chosen[option]``                 0 or 1
:math:`v_{kpij}`          ``volume_t[contract]``             t/yr
:math:`e_{kpij}`          ``premium_musd[contract]``         million USD/yr
:math:`T_i`               ``transfer_musd[party]``           million USD/yr
:math:`r_{kpi}`           ``revenue_share[option, party]``   share
:math:`G_{is}`            ``gain(party, state)``             million USD/yr
========================  =================================  =====================================

Objectives. Expected gain: :math:`\sum_i w_i E[G_i]`. CVaR (Rockafellar and Uryasev 2000): minus the mean of the worst part
:math:`\alpha` of the weighted loss against no agreement and no shock. Worst-off: the smallest :math:`w_i E[G_i]` (parties of weight
zero left out). Nash: :math:`\sum_i w_i \ln E[G_i]`, the logarithm under tangents so many that the product is exact within 1 %.

Bankability: the contracts of a project cover at least the lenders' share of its capacity; others than the investor contract at most
what its first right leaves. That floor or price covers its full cost is checked before the option enters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.appsi.base import TerminationCondition
from pyomo.contrib.appsi.solvers import Highs

from model.design.limits import Limit, limits_of
from model.design.options import MILLION, Option
from model.errors import SolveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from model.design.options import Frame, Pair
    from model.design.projects import Project
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
    """What the choice is made from: options per mineral (the neutral one first), the request, and what lenders ask."""

    request: DesignRequest
    frame: Frame
    options: Mapping[str, Sequence[Option]]
    lenders_share: float = 0.0

    @property
    def cells(self) -> list[tuple[str, int]]:
        """(mineral, position) of every option."""
        return [(mineral, position) for mineral, options in self.options.items() for position in range(len(options))]

    def option(self, cell: tuple[str, int]) -> Option:
        """The option at a cell."""
        return self.options[cell[0]][cell[1]]

    @property
    def limits(self) -> list[Limit]:
        """Red lines and participation of all parties."""
        return limits_of(self.request, self.frame, self.options)


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
    """The chosen agreement. Money is million USD a year, by party; ``gain`` [state, party] is what each is predicted to gain.

    ``objective`` is in the objective's own unit, ``bound`` proves that nothing better than it exists among the options, ``gap`` is
    their relative distance. ``is_proved`` is false when the time limit ended the search: then it is the best found so far.
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


class NoAgreement(SolveError):
    """The red lines cannot hold together on any option."""


def choose(terms: Terms, extra: Iterable[tuple[Any, float]] = ()) -> Choice:
    """The best agreement among the options.

    ``extra`` are (measure, least value) pairs that must hold too, with measures as in :func:`measure`.

    Raises:
        NoAgreement: when the limits cannot hold together.
        SolveError: when the time limit ends the search before any agreement was found.
    """
    m = build(terms)
    for name, least in extra:
        m.target.add(measure(m, terms, name) >= least)
    results = solve(m, terms.request)
    return _read(m, terms, results)


def build(terms: Terms) -> pyo.ConcreteModel:
    """The programme; limits can be switched off by deactivating ``red_line[name]`` or relaxed by unfixing ``give[name]``."""
    m = pyo.ConcreteModel(doc="Choice of an agreement")
    m.target = pyo.ConstraintList(doc="Targets on measures [the measure's unit]")
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
    m.contract = pyo.Set(initialize=list(m.pair_data), dimen=4, doc="Possible contracts by option, producer and buyer")
    m.chosen = pyo.Var(m.option, domain=pyo.Binary, doc="Package is agreed [0 or 1]")
    m.volume_t = pyo.Var(m.contract, domain=pyo.NonNegativeReals, doc="Offtake volume [t/yr]")
    m.premium_musd = pyo.Var(m.contract, doc="Strike above the seller's expected price, times volume [million USD/yr]")
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
    band = terms.request.offtake.strike_band

    @m.Constraint(m.contract, doc="What binds in every state is part of the package [t/yr]")
    def least_volume(m: Any, k: str, p: int, i: str, j: str) -> Any:
        least = m.pair_data[k, p, i, j].least_t
        return m.volume_t[k, p, i, j] >= least * m.chosen[k, p] if least > 0 else pyo.Constraint.Skip

    @m.Constraint(m.contract, doc="No more than flows in every state, only under the agreed package [t/yr]")
    def most_volume(m: Any, k: str, p: int, i: str, j: str) -> Any:
        return m.volume_t[k, p, i, j] <= m.pair_data[k, p, i, j].most_t * m.chosen[k, p]

    @m.Constraint(m.contract, doc="Strike at most this far above the expected price [million USD/yr]")
    def highest_strike(m: Any, k: str, p: int, i: str, j: str) -> Any:
        return m.premium_musd[k, p, i, j] <= band * _mean_price(terms, m.pair_data[k, p, i, j]) * m.volume_t[k, p, i, j]

    @m.Constraint(m.contract, doc="Strike at most this far below the expected price [million USD/yr]")
    def lowest_strike(m: Any, k: str, p: int, i: str, j: str) -> Any:
        return m.premium_musd[k, p, i, j] >= -band * _mean_price(terms, m.pair_data[k, p, i, j]) * m.volume_t[k, p, i, j]


def _mean_price(terms: Terms, pair: Pair) -> float:
    """The seller's expected price over what is delivered [million USD/t]."""
    weight = terms.frame.probability * pair.delivered
    total = float(weight.sum())
    return float(weight @ pair.price_usd_per_t) / total / MILLION if total > 0 else 0.0


def _bankability(m: pyo.ConcreteModel, terms: Terms) -> None:
    """Lenders' share and the investor's first right; a project's contracts at home and abroad, limited like any other."""
    rules = terms.request.offtake
    m.project_data = {(*cell, project.id): project for cell in terms.cells for project in terms.option(cell).projects}
    m.project = pyo.Set(initialize=list(m.project_data), dimen=3, doc="Projects built under an option")
    m.project_volume_t = pyo.Var(m.project, m.party, domain=pyo.NonNegativeReals, doc="Output contracted to a buyer [t/yr]")

    @m.Constraint(m.project, doc="Lenders ask that a share of capacity is contracted [t/yr]")
    def lenders_ask(m: Any, k: str, p: int, w: str) -> Any:
        asked = terms.lenders_share * m.project_data[k, p, w].capacity_t
        return sum(m.project_volume_t[k, p, w, j] for j in m.party) >= asked * m.chosen[k, p]

    @m.Constraint(m.project, doc="Contracts stay within capacity [t/yr]")
    def within_capacity(m: Any, k: str, p: int, w: str) -> Any:
        return sum(m.project_volume_t[k, p, w, j] for j in m.party) <= m.project_data[k, p, w].capacity_t * m.chosen[k, p]

    @m.Constraint(m.project, doc="Others take what the investor's first right leaves [t/yr]")
    def first_right(m: Any, k: str, p: int, w: str) -> Any:
        investor = rules.investors.get(w)
        if investor is None:
            return pyo.Constraint.Skip
        left = (1.0 - rules.first_right) * m.project_data[k, p, w].capacity_t
        return sum(m.project_volume_t[k, p, w, j] for j in m.party if j != investor) <= left * m.chosen[k, p]

    sellers = sorted({(k, p, project.region) for (k, p, _), project in m.project_data.items()})
    m.seller = pyo.Set(initialize=sellers, dimen=3, doc="Regions with new projects under an option")

    @m.Constraint(m.seller, m.party, doc="Project contracts are part of all contracts, at home at most a share of need [t/yr]")
    def part_of_contracts(m: Any, k: str, p: int, i: str, j: str) -> Any:
        own = sum(m.project_volume_t[k, p, w, j] for (kk, pp, w), x in m.project_data.items() if (kk, pp, x.region) == (k, p, i))
        if i == j:
            need = float(terms.option((k, p)).use_t[0, terms.frame.parties.index(i)])
            return own <= rules.most_of_need * need * m.chosen[k, p]
        return own <= (m.volume_t[k, p, i, j] if (k, p, i, j) in m.contract else 0.0)

    @m.Constraint(m.seller, doc="A seller can deliver its contracts in every state [t/yr]")
    def deliverable(m: Any, k: str, p: int, i: str) -> Any:
        option = terms.option((k, p))
        least = min(response.output_t.get(i, 0.0) for response in option.responses)
        home = sum(m.project_volume_t[k, p, w, i] for (kk, pp, w), x in m.project_data.items() if (kk, pp, x.region) == (k, p, i))
        abroad = sum(m.volume_t[c] for c in m.contract if c[:3] == (k, p, i))
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
    """A party's gain over states weighted by ``weight`` (probabilities: expected gain; one state: gain there) [million USD/yr].

    ``net`` measures against no agreement and no shock.
    """
    at = terms.frame.parties.index(party)
    total = m.transfer_musd[party] * float(weight.sum())
    for k, p in terms.cells:
        option = terms.option((k, p))
        own = float(weight @ (option.net if net else option.gain)[:, at])
        total += own * m.chosen[k, p]
        if terms.request.share_revenue:
            collected = weight @ option.revenue
            total += float(collected.sum()) * m.revenue_share[k, p, party] - float(collected[at]) * m.chosen[k, p]
        if terms.request.share_outlay:
            paid = weight @ option.outlay
            total += float(paid[at]) * m.chosen[k, p] - float(paid.sum()) * m.outlay_share[k, p, party]
    return total + _settlement(m, terms, party, weight)


def _settlement(m: pyo.ConcreteModel, terms: Terms, party: str, weight: Floats) -> Any:
    """What a party receives less what it pays under its contracts [million USD/yr]."""
    terms_of_sum = []
    for key, pair in m.pair_data.items():
        if party not in {pair.producer, pair.buyer}:
            continue
        sign = 1.0 if party == pair.producer else -1.0
        counted = weight * pair.delivered
        below = float(counted @ (_mean_price(terms, pair) - pair.price_usd_per_t / MILLION))
        terms_of_sum.append(sign * (float(counted.sum()) * m.premium_musd[key] + below * m.volume_t[key]))
    return sum(terms_of_sum)


def _gains(m: pyo.ConcreteModel, terms: Terms) -> None:
    probability = terms.frame.probability
    m.expected_gain_musd = pyo.Var(m.party, doc="Expected gain [million USD/yr]")

    @m.Constraint(m.party, doc="Expected gain of a party [million USD/yr]")
    def gain_adds_up(m: Any, i: str) -> Any:
        return m.expected_gain_musd[i] == gain(m, terms, i, probability)


def _limits(m: pyo.ConcreteModel, terms: Terms) -> None:
    """Red lines and participation; a limit's group may give way together by ``give[group]``."""
    limits = terms.limits
    m.limit_data = dict(enumerate(limits))
    m.group = pyo.Set(initialize=list(dict.fromkeys(limit.group for limit in limits)), doc="Red lines")
    m.give = pyo.Var(m.group, domain=pyo.NonNegativeReals, doc="How far a red line gives way [its unit]")
    m.give.fix(0.0)

    @m.Constraint(list(m.limit_data), doc="Red lines and participation [the limit's unit]")
    def red_line(m: Any, number: int) -> Any:
        limit = m.limit_data[number]
        amount = sum(value * m.chosen[cell] for cell, value in limit.of_options.items() if value)
        if limit.state_weight is not None:
            amount -= gain(m, terms, limit.party, limit.state_weight)
        if limit.counts_transfers and terms.request.transfers:
            amount += -m.transfer_musd[limit.party]
        if limit.counts_outlay_purse and terms.request.share_outlay:
            amount += _outlay_paid(m, terms, limit.party)
        if isinstance(amount, (int, float)):
            return pyo.Constraint.Feasible if amount <= limit.most + FEASIBLE else pyo.Constraint.Skip
        return amount <= limit.most + m.give[limit.group]


FEASIBLE = 1e-9


def _outlay_paid(m: pyo.ConcreteModel, terms: Terms, party: str) -> Any:
    """What a party pays of common outlays beyond its own [million USD/yr]."""
    at, probability = terms.frame.parties.index(party), terms.frame.probability
    paid = {cell: probability @ terms.option(cell).outlay for cell in terms.cells}
    return sum(float(paid[c].sum()) * m.outlay_share[(*c, party)] - float(paid[c][at]) * m.chosen[c] for c in terms.cells)


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
    return sum(share * of_option(terms.option(cell)) * m.chosen[cell] for cell in terms.cells)


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
        counted = [i for i in terms.frame.parties if terms.request.weight(i) > 0 and not is_untouched(terms, i)]

        @m.Constraint(counted or list(terms.frame.parties), doc="No counted party gains less [million USD/yr]")
        def no_party_below(m: Any, i: str) -> Any:
            return m.worst_gain_musd <= terms.request.weight(i) * m.expected_gain_musd[i]

    return m.worst_gain_musd


def _cvar(m: pyo.ConcreteModel, terms: Terms) -> Any:
    if not hasattr(m, "excess_musd"):
        m.value_at_risk_musd = pyo.Var(doc="Loss exceeded in the tail [million USD/yr]")
        m.state = pyo.Set(initialize=list(range(len(terms.frame.states))), doc="States")
        m.excess_musd = pyo.Var(m.state, domain=pyo.NonNegativeReals, doc="Loss beyond the value at risk [million USD/yr]")

        @m.Constraint(m.state, doc="Excess of the parties' weighted loss [million USD/yr]")
        def excess_of_loss(m: Any, s: int) -> Any:
            only = np.eye(len(m.state))[s]
            loss = -sum(terms.request.weight(i) * gain(m, terms, i, only, net=True) for i in m.party)
            return m.excess_musd[s] >= loss - m.value_at_risk_musd

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
    value -= TIE_BREAK * sum(_mean_price(terms, pair) * m.volume_t[key] for key, pair in m.pair_data.items())
    m.goal = pyo.Objective(expr=value, sense=pyo.maximize, doc=f"{kind} [million USD/yr, Nash: logarithm]")


def largest_gain(terms: Terms) -> float:
    """The largest expected gain or loss any option gives any party [million USD/yr]."""
    sizes = [np.abs(terms.frame.probability @ terms.option(cell).gain).max(initial=0.0) for cell in terms.cells]
    return float(max(sizes, default=0.0))


def is_untouched(terms: Terms, party: str) -> bool:
    """Whether no option, contract or transfer reaches a party."""
    if terms.request.transfers or terms.request.share_revenue:
        return False
    at = terms.frame.parties.index(party)
    sizes = [abs(float(terms.frame.probability @ terms.option(cell).gain[:, at])) for cell in terms.cells]
    return max(sizes, default=0.0) <= UNTOUCHED * largest_gain(terms)


def _nash(m: pyo.ConcreteModel, terms: Terms) -> Any:
    """Weighted sum of logarithms of expected gains, in units of the largest gain, under tangents."""
    unit = largest_gain(terms) or 1.0
    bargaining = [i for i in terms.frame.parties if terms.request.weight(i) > 0 and not is_untouched(terms, i)]
    total = sum(terms.request.weight(i) for i in bargaining)
    points = tangent_points(total, len(bargaining))
    m.bargainer = pyo.Set(initialize=bargaining, doc="Parties that bargain")
    m.log_gain = pyo.Var(m.bargainer, doc="Logarithm of a party's gain over the largest gain [logarithm]")

    @m.Constraint(m.bargainer, list(range(len(points))), doc="Below every tangent of the logarithm [logarithm]")
    def below_tangent(m: Any, i: str, t: int) -> Any:
        return m.log_gain[i] <= math.log(points[t]) - 1.0 + m.expected_gain_musd[i] / (unit * points[t])

    @m.Constraint(m.bargainer, doc="A bargain gives everyone something [million USD/yr]")
    def everyone_gains(m: Any, i: str) -> Any:
        return m.expected_gain_musd[i] >= SMALLEST_GAIN * unit

    return sum(terms.request.weight(i) * m.log_gain[i] for i in bargaining)


def tangent_points(total_weight: float, bargainers: int) -> Floats:
    """Where the logarithm is touched so that the product of gains to their weights is exact within :data:`NASH_ERROR`.

    Two tangents whose points differ by the factor exp(h) miss the logarithm by about h²/8 where they cross.

    >>> points = tangent_points(2.0, 2)
    >>> float(points[0]) == SMALLEST_GAIN, bool(points[-1] >= 2)
    (True, True)
    """
    spacing = 0.95 * math.sqrt(8.0 * math.log(1.0 + NASH_ERROR) / max(total_weight, 1e-9))
    highest = max(2.0, float(bargainers))
    count = 1 + math.ceil(math.log(highest / SMALLEST_GAIN) / spacing)
    return np.geomspace(SMALLEST_GAIN, highest, count)


def solve(m: pyo.ConcreteModel, request: DesignRequest, gap: float | None = None) -> Any:
    """Solve to the request's gap.

    Raises:
        NoAgreement: when no option meets all limits.
        SolveError: when the time limit ends the search without any agreement.
    """
    solver = Highs()
    solver.config.load_solution = False
    solver.config.time_limit = request.time_limit_s
    solver.highs_options = {"mip_rel_gap": request.gap if gap is None else gap, "threads": 1, "random_seed": request.seed}
    results = solver.solve(m)
    if results.termination_condition in {TerminationCondition.infeasible, TerminationCondition.infeasibleOrUnbounded}:
        raise NoAgreement("no agreement on the menu meets all red lines and participation")
    if results.best_feasible_objective is None:
        raise SolveError(
            f"the time limit of {request.time_limit_s:g} s ended the choice before any agreement was found; raise time_limit_s"
        )
    results.solution_loader.load_vars()
    return results


def _read(m: pyo.ConcreteModel, terms: Terms, results: Any) -> Choice:
    positions = {k: max(range(len(terms.options[k])), key=lambda p: m.chosen[k, p].value) for k in terms.options}
    value, bound = float(results.best_feasible_objective), float(results.best_objective_bound)
    states = np.eye(len(terms.frame.states))
    gains = [[float(pyo.value(gain(m, terms, i, only))) for i in terms.frame.parties] for only in states]
    proved = results.termination_condition == TerminationCondition.optimal
    gap = abs(bound - value) / max(abs(value), 1e-9)
    untouched = [i for i in terms.frame.parties if is_untouched(terms, i)]
    notes = [f"{i} is untouched by every package: its gain does not enter." for i in untouched]
    if not proved:
        notes.append(f"The time limit ended the search: this is the best found so far, within {gap:.1%} of the best possible.")
    return Choice(
        chosen={k: terms.options[k][p] for k, p in positions.items()},
        positions=positions,
        contracts=tuple(_contracts_chosen(m, terms, positions)),
        transfers={i: float(m.transfer_musd[i].value or 0.0) for i in terms.frame.parties},
        revenue_shares=_shares(m.revenue_share, terms, positions) if terms.request.share_revenue else {},
        outlay_shares=_shares(m.outlay_share, terms, positions) if terms.request.share_outlay else {},
        gain=np.array(gains),
        expected_gain={i: float(m.expected_gain_musd[i].value) for i in terms.frame.parties},
        objective=value,
        bound=bound,
        gap=gap,
        is_proved=proved,
        notes=tuple(notes),
    )


def _shares(share: pyo.Var, terms: Terms, positions: Mapping[str, int]) -> dict[str, dict[str, float]]:
    return {k: {i: float(share[k, p, i].value) for i in terms.frame.parties} for k, p in positions.items()}


def _contracts_chosen(m: pyo.ConcreteModel, terms: Terms, positions: Mapping[str, int]) -> Iterable[Contract]:
    for (k, p, i, j), pair in m.pair_data.items():
        volume = float(m.volume_t[k, p, i, j].value or 0.0)
        if positions[k] == p and volume > NEGLIGIBLE * pair.most_t:
            price = _mean_price(terms, pair) * MILLION
            premium = float(m.premium_musd[k, p, i, j].value or 0.0) * MILLION / volume
            yield Contract(k, i, j, volume, price + premium, price)


NEGLIGIBLE = 1e-6
