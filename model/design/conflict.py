"""What stands in the way: the smallest set of red lines that cannot hold together, and what one more unit of each limit is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from model.design.choice import NoAgreement, build, solve
from model.design.limits import SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.design.choice import Choice, Terms
    from model.design.limits import Limit

WORTH_STEP = {"million USD/yr": 1.0, SHARE: 0.01}
"""How far a limit is relaxed to see what one more unit is worth: a million dollars, a percentage point."""
BINDS = 1e-6


@dataclass(frozen=True)
class Conflict:
    """One red line of the smallest set that cannot hold together. ``give`` is by how much it alone would have to yield."""

    group: str
    party: str
    sentence: str
    give: float | None
    unit: str

    def __str__(self) -> str:
        if self.give is None:
            return f"{self.sentence}; giving way alone would not be enough."
        amount = f"{self.give * 100:.3g} percentage points" if self.unit == SHARE else f"{self.give:,.3g} {self.unit}"
        return f"{self.sentence}; alone it would have to give {amount}."


@dataclass(frozen=True)
class Worth:
    """What relaxing one limit by a unit adds to the objective; ``per_unit`` per million USD or percentage point."""

    group: str
    party: str
    sentence: str
    per_unit: float
    unit: str

    def __str__(self) -> str:
        unit = "percentage point" if self.unit == SHARE else self.unit
        return f"{self.sentence}: one more {unit} would raise the objective by {self.per_unit:,.3g}."


def conflict(terms: Terms) -> list[Conflict]:
    """The smallest set of red lines that cannot hold together (empty when all can).

    Smallest in number, by hitting sets (Ignatiev, Previti, Liffiton and Marques-Silva 2015): every set of red lines whose removal
    makes the rest possible must be hit; a smallest set that hits all known ones and is itself impossible is the answer.
    """
    m = build(terms)
    groups = list(m.group)
    if _is_possible(m, terms, groups):
        return []
    removals: list[set[str]] = []
    while True:
        candidate = _smallest_hitting_set(groups, removals)
        if not _is_possible(m, terms, candidate):
            break
        removals.append(set(groups) - set(_grow(m, terms, candidate, groups)))
    return [_describe(m, terms, group, candidate) for group in candidate]


def _grow(m: pyo.ConcreteModel, terms: Terms, possible: Sequence[str], groups: Sequence[str]) -> list[str]:
    """A largest extension of a possible set that stays possible."""
    kept = list(possible)
    for group in groups:
        if group not in kept and _is_possible(m, terms, [*kept, group]):
            kept.append(group)
    return kept


def _is_possible(m: pyo.ConcreteModel, terms: Terms, groups: Sequence[str]) -> bool:
    _enforce(m, groups)
    try:
        solve(m, terms.request, gap=1.0)
    except NoAgreement:
        return False
    return True


def _enforce(m: pyo.ConcreteModel, groups: Sequence[str]) -> None:
    wanted = set(groups)
    for number, line in m.red_line.items():
        if m.limit_data[number].group in wanted:
            line.activate()
        else:
            line.deactivate()


def _smallest_hitting_set(groups: Sequence[str], sets: Sequence[set[str]]) -> list[str]:
    """The fewest groups that have a member in every set; none when there is no set."""
    if not sets:
        return []
    m = pyo.ConcreteModel(doc="Smallest hitting set")
    m.group = pyo.Set(initialize=list(groups), doc="Red lines")
    m.taken = pyo.Var(m.group, domain=pyo.Binary, doc="Red line is taken [0 or 1]")

    @m.Constraint(range(len(sets)), doc="Every set is hit [red lines]")
    def is_hit(m: Any, number: int) -> Any:
        return sum(m.taken[group] for group in sorted(sets[number])) >= 1

    m.count = pyo.Objective(expr=pyo.summation(m.taken), doc="Fewest [red lines]")
    pyo.SolverFactory("appsi_highs").solve(m)
    return [group for group in groups if m.taken[group].value > 0.5]


def _describe(m: pyo.ConcreteModel, terms: Terms, group: str, together: Sequence[str]) -> Conflict:
    limit = _first_of(m, group)
    give = _least_give(m, terms, group, together)
    return Conflict(group, limit.party, limit.sentence, give, limit.unit)


def _first_of(m: pyo.ConcreteModel, group: str) -> Limit:
    return next(limit for limit in m.limit_data.values() if limit.group == group)


def _least_give(m: pyo.ConcreteModel, terms: Terms, group: str, together: Sequence[str]) -> float | None:
    """By how much one red line must yield for the set to hold, the others of the set as they are."""
    _enforce(m, together)
    m.goal.deactivate()
    m.give[group].unfix()
    m.least = pyo.Objective(expr=m.give[group], doc="Least yielding [unit of the red line]")
    try:
        solve(m, terms.request, gap=0.0)
        give = float(m.give[group].value)
    except NoAgreement:
        return None
    finally:
        m.del_component("least")
        m.give[group].fix(0.0)
        m.goal.activate()
    return give


def worths(terms: Terms, choice: Choice) -> list[Worth]:
    """What one more unit of each limit is worth, limits worth nothing left out.

    Packages change in steps, so each limit is relaxed by one unit and the choice made again: a dual with packages held fixed would
    miss that another package becomes possible.
    """
    m = build(terms)
    base = float(solve(m, terms.request).best_feasible_objective)
    found = []
    for group in m.group:
        limit = _first_of(m, group)
        step = WORTH_STEP[limit.unit]
        m.give[group].fix(step)
        gained = float(solve(m, terms.request).best_feasible_objective) - base
        m.give[group].fix(0.0)
        if gained > max(BINDS, terms.request.gap * abs(choice.objective) * BINDS):
            per_unit = gained / (step * 100 if limit.unit == SHARE else step)
            found.append(Worth(group, limit.party, limit.sentence, per_unit, limit.unit))
    return sorted(found, key=lambda worth: -worth.per_unit)
