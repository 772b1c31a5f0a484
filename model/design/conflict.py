"""What stands in the way: the smallest set of red lines that cannot hold together, and what each limit is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from model.design.choice import build, decide
from model.design.choice.programme import NoAgreement, Programme
from model.units import MILLION, MONEY, PERCENT, SHARE
from model.words.numbers import money
from model.words.yearly import SMALLEST_SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.design.choice import Choice, ChoiceTerms
    from model.design.choice.limits import Limit

WORTH_STEP = {MONEY: 10.0, SHARE: 5.0 * PERCENT}
"""How far a limit is relaxed to see what it is worth: ten million dollars, five percentage points.

Packages change in steps, so that a single unit is worth nothing or far too much; told is the average of a unit.
"""
BINDS = 1e-6
"""A limit binds when relaxing it adds at least this share of the objective."""
SAME = 1e-9


@dataclass(frozen=True)
class Conflict:
    """One red line of the smallest impossible set. ``give`` is by how much it alone would have to yield."""

    group: str
    party: str
    sentence: str
    give: float | None
    unit: str

    def __str__(self) -> str:
        if self.give is None:
            return f"{self.sentence}; giving way alone would not be enough."
        amount = (
            f"{self.give / PERCENT:.3g} percentage points" if self.unit == SHARE else f"{self.give:,.3g} {self.unit}"
        )
        return f"{self.sentence}; alone it would have to give {amount}."


@dataclass(frozen=True)
class Worth:
    """What relaxing one limit adds to the objective: ``per_unit`` per million USD or percentage point, on average."""

    group: str
    party: str
    sentence: str
    per_unit: float
    unit: str

    def __str__(self) -> str:
        step, unit = ("5 percentage points", "point") if self.unit == SHARE else (f"10 {self.unit}", "million")
        each = f"{self.per_unit:,.3g} for each {unit}"
        return f"{self.sentence}: if this gave way by up to {step}, the objective would rise by {each} on average."


def conflict(terms: ChoiceTerms) -> list[Conflict]:
    """The smallest set of red lines that cannot hold together (empty when all can).

    Smallest in number, by hitting sets (Ignatiev, Previti, Liffiton and Marques-Silva 2015): every set of red lines
    whose removal makes the rest possible must be hit; a smallest set that hits all known ones and is itself impossible
    is the answer.
    """
    lines = _RedLines(terms)
    groups = list(lines.first)
    if lines.are_possible(groups):
        return []
    removals: list[set[str]] = []
    while True:
        candidate = _smallest_hitting_set(groups, removals)
        if not lines.are_possible(candidate):
            break
        removals.append(set(groups) - set(_grow(lines, candidate, groups)))
    return [_describe(lines, group, candidate) for group in candidate]


class _RedLines:
    """The red lines of a choice, to be switched on and off."""

    def __init__(self, terms: ChoiceTerms, least_musd: float | None = None) -> None:
        self.m = build(terms)
        if least_musd is not None:
            self.m.worth = pyo.Constraint(expr=self.m.goal.expr >= least_musd, doc="What is sought [million USD/yr]")
        self.programme = Programme(self.m, terms.request)
        limits = list(self.m.limit_data.values())
        self.first: dict[str, Limit] = {limit.group: limit for limit in reversed(limits)}
        self.first = dict(reversed(self.first.items()))

    def enforce(self, groups: Sequence[str]) -> None:
        """Enforce these red lines and no others."""
        wanted = set(groups)
        lines = self.m.red_line.items()
        self.programme.switch((line, self.m.limit_data[number].group in wanted) for number, line in lines)

    def are_possible(self, groups: Sequence[str]) -> bool:
        """Whether an agreement meets all of these."""
        self.enforce(groups)
        self.programme.minimise(())
        try:
            self.programme.solve()
        except NoAgreement:
            return False
        finally:
            self.programme.minimise(None)
        return True

    def least_give(self, group: str, together: Sequence[str]) -> float | None:
        """By how much one red line must yield for the set to hold, the others of the set as they are."""
        give = self.m.give[group]
        self.enforce(together)
        self.programme.allow(give, 0.0, math.inf)
        self.programme.minimise([(1.0, give)])
        try:
            self.programme.solve(gap=0.0)
            return self.programme.value(give)
        except NoAgreement:
            return None
        finally:
            self.programme.minimise(None)
            self.programme.allow(give, 0.0, 0.0)

    def best(self, group: str | None = None, step: float = 0.0) -> float:
        """The best objective, to no gap, with one red line relaxed by a step."""
        if group is not None:
            self.programme.allow(self.m.give[group], 0.0, step)
        try:
            return self.programme.solve(gap=0.0).objective
        finally:
            if group is not None:
                self.programme.allow(self.m.give[group], 0.0, 0.0)


def _grow(lines: _RedLines, possible: Sequence[str], groups: Sequence[str]) -> list[str]:
    """A largest extension of a possible set that stays possible."""
    kept = list(possible)
    for group in groups:
        if group not in kept and lines.are_possible([*kept, group]):
            kept.append(group)
    return kept


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


def _describe(lines: _RedLines, group: str, together: Sequence[str]) -> Conflict:
    limit = lines.first[group]
    return Conflict(group, limit.party, limit.sentence, lines.least_give(group, together), limit.unit)


def nearest(terms: ChoiceTerms, each: Conflict, together: Sequence[Conflict]) -> Choice | None:
    """The choice with which one red line of a conflict gives way least, the others as they are; None where none is."""
    lines = _RedLines(terms)
    lines.enforce([other.group for other in together])
    give = lines.m.give[each.group]
    lines.programme.allow(give, 0.0, math.inf)
    lines.programme.minimise([(1.0, give)])
    try:
        return decide(lines.m, terms, lines.programme)
    except NoAgreement:
        return None


def least_violation(terms: ChoiceTerms, least_musd: float | None = None) -> Choice:
    """The choice that breaks the limits least, to look for an agreement around it; it is not one that can be signed.

    With ``least_musd`` it is sought among those worth at least that by expected gains [million USD/yr].

    Least is the sum over red lines of by how much each gives way (the most of its limits, where it has one per state or
    mineral): money as a share of the parties' largest gains together, shares as they are. ``objective`` is minus that
    sum, zero when all can hold.

    Raises:
        NoAgreement: when no package is possible even without red lines, as when lenders refuse every one.
    """
    if least_musd is not None:
        by_gain = terms.request.model_copy(update={"objective": terms.request.objective.by_expected_gain})
        terms = replace(terms, request=by_gain)
    lines = _RedLines(terms, least_musd)
    units = {SHARE: 1.0, MONEY: max(float(terms.largest_gains.sum()), SAME)}
    gives = [(1.0 / units[limit.unit], lines.m.give[group]) for group, limit in lines.first.items()]
    for _, give in gives:
        lines.programme.allow(give, 0.0, math.inf)
    lines.programme.minimise(gives)
    return decide(lines.m, terms, lines.programme)


def worths(terms: ChoiceTerms, choice: Choice) -> list[Worth]:
    """What each limit is worth, limits worth nothing left out.

    Each limit is relaxed by :data:`WORTH_STEP` and the choice made again: a dual with packages held fixed would miss
    that another package becomes possible.
    """
    lines = _RedLines(terms)
    base = lines.best()
    found = []
    for group, limit in lines.first.items():
        step = WORTH_STEP[limit.unit]
        gained = lines.best(group, step) - base
        if gained > max(BINDS * abs(choice.objective), SAME):
            units = step / (PERCENT if limit.unit == SHARE else 1.0)
            found.append(Worth(group, limit.party, limit.sentence, gained / units, limit.unit))
    return sorted(found, key=lambda worth: -worth.per_unit)


def why_nothing(freely: Choice) -> str:
    """Who would lose under ``freely``, the best choice if nobody had to agree: why no agreement is recommended."""
    total = sum(freely.expected_gain.values())
    losers = sorted((gain, party) for party, gain in freely.expected_gain.items() if gain < -SMALLEST_SHOWN)
    if total < SMALLEST_SHOWN or not losers:
        return "No package on this menu brings the parties together more than no agreement."
    named = ", ".join(f"{party} {money(-gain * MILLION)}" for gain, party in losers)
    return (
        f"The package with the largest gain would bring the parties {money(total * MILLION)} a year together, but "
        f"leave worse off: {named}. Transfers could make up for that where they are allowed."
    )
