"""Objectives and measures of an agreement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo

from model.design.choice.accounts import StateAccount, entries_of
from model.design.choice.programme import linear
from model.design.choice.terms import SMALLEST_GAIN
from model.units import MONEY, SHARE

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.design.choice.options import Option
    from model.design.choice.terms import ChoiceTerms
    from model.design.problem.request import DesignRequest
    from model.market.records import Floats

NASH_ERROR = 0.01
"""Largest relative error of the Nash product."""

MEASURES = {
    "expected_gain": ("expected gain of all parties with their weights", MONEY),
    "users_gain": ("users' gain", MONEY),
    "producers_gain": ("producers' gain", MONEY),
    "treasury_gain": ("treasuries' gain", MONEY),
    "non_parties_gain": ("non-parties' gain", MONEY),
    "world_gain": ("gain of the world, non-parties included", MONEY),
    "worst_off": ("gain of the worst-off party", MONEY),
    "cvar": ("minus the mean loss in the worst part of outcomes", MONEY),
    "independence": ("share of use that does not come from non-parties, mean over minerals", SHARE),
    "least_assured": ("smallest share of need served of defense, energy and critical industries", SHARE),
}
"""Measures of an agreement: what they are, and their unit. Larger is better."""
OF_OPTION: dict[str, Callable[[Option], float]] = {
    "users_gain": lambda option: float(option.expected(option.users).sum()),
    "producers_gain": lambda option: float(option.expected(option.producers).sum()),
    "treasury_gain": lambda option: float(option.expected(option.treasury).sum()),
    "non_parties_gain": lambda option: option.outsiders_gain,
    "world_gain": lambda option: float(option.expected(option.gain).sum()) + option.outsiders_gain,
    "independence": lambda option: option.independence,
}
"""Those that are a sum, or a mean (independence), over the minerals' options."""


def measure(m: pyo.ConcreteModel, terms: ChoiceTerms, name: str) -> Any:
    """A measure of the agreement, larger is better, as expression of the programme. See :data:`MEASURES`."""
    if name == "worst_off":
        return _worst_off(m, terms)
    if name == "cvar":
        return -_cvar(m, terms)
    if name == "least_assured":
        return _least_assured(m, terms)
    if name == "expected_gain":
        return linear((terms.request.weight(i), m.expected_gain_musd[i]) for i in m.party)
    share = 1.0 / len(terms.options) if name == "independence" else 1.0
    return linear((share * OF_OPTION[name](terms.option(cell)), m.chosen[cell]) for cell in terms.cells)


def _worst_off(m: pyo.ConcreteModel, terms: ChoiceTerms) -> Any:
    if not hasattr(m, "worst_gain_musd"):
        m.worst_gain_musd = pyo.Var(doc="Smallest weighted gain [million USD/yr]")

        @m.Constraint(terms.counted or list(terms.frame.parties), doc="No counted party gains less [million USD/yr]")
        def no_party_below(m: Any, i: str) -> Any:
            return m.worst_gain_musd <= terms.request.weight(i) * m.expected_gain_musd[i]

    return m.worst_gain_musd


def _cvar(m: pyo.ConcreteModel, terms: ChoiceTerms) -> Any:
    if not hasattr(m, "excess_musd"):
        states = len(terms.frame.states)
        m.value_at_risk_musd = pyo.Var(doc="Loss exceeded in the tail [million USD/yr]")
        m.state = pyo.Set(initialize=list(range(states)), doc="States")
        m.excess_musd = pyo.Var(
            m.state, domain=pyo.NonNegativeReals, doc="Loss beyond the value at risk [million USD/yr]"
        )
        m.outcome = pyo.Block(doc="The parties' weighted gain by state")
        weights = np.array([terms.request.weight(i) for i in terms.frame.parties])
        account = StateAccount(m.outcome, entries_of(m, terms, weights, net=True))

        @m.Constraint(m.state, doc="Excess of the parties' weighted loss [million USD/yr]")
        def excess_of_loss(m: Any, s: int) -> Any:
            gained = account.weighed(np.eye(states)[s])
            return linear([*gained, (1.0, m.excess_musd[s]), (1.0, m.value_at_risk_musd)]) >= 0.0

    tail = terms.request.objective.tail
    mean = sum(chance * m.excess_musd[s] for s, chance in enumerate(terms.frame.chance.tolist()))
    return m.value_at_risk_musd + mean / tail


def _least_assured(m: pyo.ConcreteModel, terms: ChoiceTerms) -> Any:
    if not hasattr(m, "assured_share"):
        m.assured_share = pyo.Var(bounds=(0, 1), doc="Smallest share of need served [share]")

        @m.Constraint(m.mineral, doc="No mineral serves less [share]")
        def no_mineral_below(m: Any, k: str) -> Any:
            served = [option.least_assured for option in terms.options[k]]
            return m.assured_share <= sum(served[p] * m.chosen[k, p] for p in range(len(served)))

    return m.assured_share


def add_objective(m: pyo.ConcreteModel, terms: ChoiceTerms) -> None:
    """The request's objective, less weighted costs of industries; ties are settled after (``Programme.settle``)."""
    kind = terms.request.objective.kind
    value = _nash(m, terms) if kind == "nash" else measure(m, terms, kind)
    charged = linear((industries_cost(terms.request, terms.option(cell)), m.chosen[cell]) for cell in terms.cells)
    goal = value - charged + _outsiders(m, terms)
    m.goal = pyo.Objective(expr=goal, sense=pyo.maximize, doc=f"{kind} [million USD/yr, Nash: logarithm]")


def _outsiders(m: pyo.ConcreteModel, terms: ChoiceTerms) -> Any:
    """What the objective counts of those who are no party: nothing, all, or what the agreement takes from them."""
    counted = terms.request.objective.outsiders
    if counted == "ignored":
        return 0.0
    gain = measure(m, terms, "non_parties_gain")
    if counted == "counted":
        return gain
    m.taken_musd = pyo.Var(domain=pyo.NonNegativeReals, doc="What non-parties lose [million USD/yr]")
    m.is_taken = pyo.Constraint(expr=m.taken_musd + gain >= 0.0, doc="Their loss is counted in full [million USD/yr]")
    return -m.taken_musd


def industries_cost(request: DesignRequest, option: Option) -> float:
    """Weighted expected extra cost of industries in all parties under an option [million USD/yr]."""
    return sum(
        weight * option.industry_cost(party, industry)
        for industry, weight in request.objective.industry_weights.items()
        for party in option.frame.parties
    )


def _nash(m: pyo.ConcreteModel, terms: ChoiceTerms) -> Any:
    """Weighted sum of logarithms of expected gains, each in units of the party's own largest gain, under tangents."""
    total = sum(terms.request.weight(i) for i in terms.counted)
    m.bargainer = pyo.Set(initialize=terms.counted, doc="Parties that bargain")
    m.log_gain = pyo.Var(m.bargainer, doc="Logarithm of a party's gain over its largest gain [logarithm]")
    points = {i: tangent_points(total, terms.reach(i)) for i in terms.counted}

    @m.Constraint([(i, t) for i in points for t in range(len(points[i]))], doc="Below every tangent [logarithm]")
    def below_tangent(m: Any, i: str, t: int) -> Any:
        point = float(points[i][t])
        return m.log_gain[i] <= math.log(point) - 1.0 + m.expected_gain_musd[i] / (terms.unit_gain(i) * point)

    return linear((terms.request.weight(i), m.log_gain[i]) for i in terms.counted)


def tangent_points(total_weight: float, reach: float) -> Floats:
    """Where the logarithm is touched so that the product of gains to their weights is exact within :data:`NASH_ERROR`.

    From :data:`SMALLEST_GAIN` to ``reach``. Two tangents whose points differ by the factor exp(h) miss the logarithm by
    about h²/8 where they cross.

    >>> points = tangent_points(2.0, 2.0)
    >>> round(float(points[0]), 9) == SMALLEST_GAIN, bool(points[-1] >= 2.0 - 1e-9)
    (True, True)
    """
    spacing = 0.95 * math.sqrt(8.0 * math.log(1.0 + NASH_ERROR) / max(total_weight, 1e-9))
    count = 1 + math.ceil(math.log(reach / SMALLEST_GAIN) / spacing)
    return np.geomspace(SMALLEST_GAIN, reach, count)
