"""Trade-offs: two measures of an agreement against each other, each point a full agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyomo.environ as pyo

from model.design.choice import MEASURES, Choice, build, decide, measure
from model.design.choice.programme import NoAgreement, Programme
from model.design.choice.standing import standing
from model.errors import ScenarioError
from model.records import choices
from model.units import SHARE
from model.words.numbers import listing, percent
from model.words.yearly import signed_money_a_year
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from model.design.choice import ChoiceTerms

FEWEST_POINTS = 12
LEVELS_TRIED = 36
"""Levels of the bounded measure that are tried: a menu is discrete, so several levels can mean the same agreement."""
LOOSEST = -1e9
"""Least value of a measure that excludes nothing."""


@dataclass(frozen=True)
class Point:
    """One agreement on the frontier with its two measures."""

    first: float
    second: float
    choice: Choice


def frontier(
    terms: ChoiceTerms, first: str, second: str, count: int = LEVELS_TRIED
) -> Iterator[Progress[tuple[Point, ...]]]:
    """The most of the first measure for every level of the second, at ``count`` even steps between its ends.

    The ends are the best second measure, and the second measure of the best first. Levels that the menu cannot tell
    apart give the same agreement; each stands once. Points found so far are in order of the second measure.

    Raises:
        ScenarioError: for measures that do not exist or are the same.
        NoAgreement: when no agreement meets the red lines at all.
    """
    for name in (first, second):
        if name not in MEASURES:
            raise ScenarioError(f"unknown measure {name!r}; {choices(MEASURES, name)}")
    if first == second:
        raise ScenarioError(f"a frontier needs two different measures, not {first!r} twice")
    if count < FEWEST_POINTS:
        raise ScenarioError(f"a frontier needs at least {FEWEST_POINTS} levels to try, not {count}")
    best_first = _best(terms, first, second)
    best_second = _best(terms, second, first)
    low, high = best_first.second, best_second.first
    trade_off = _TradeOff(terms, first, second)
    points: list[Point] = []
    for done, least in enumerate(np.linspace(low, high, count), start=1):
        try:
            found = trade_off.at_least(float(least) - SLACK * max(abs(low), abs(high), SLACK))
        except NoAgreement:
            found = None
        if found is not None and all(found.choice.positions != other.choice.positions for other in points):
            points = _undominated([*points, found])
        yield Progress(done, count, f"{second} at least {least:,.4g}", tuple(points))


def _undominated(points: Sequence[Point]) -> list[Point]:
    """Points than which no other is as good in both measures and better in one, in order of the second."""

    def beats(other: Point, point: Point) -> bool:
        as_good = other.first >= point.first and other.second >= point.second
        return as_good and (other.first, other.second) != (point.first, point.second)

    kept = [point for point in points if not any(beats(other, point) for other in points)]
    return sorted(kept, key=lambda point: point.second)


SLACK = 1e-7


def _best(terms: ChoiceTerms, name: str, other: str) -> Point:
    return _TradeOff(terms, name, other).at_least(LOOSEST)


class _TradeOff:
    """The choice with one measure as objective and another bounded."""

    def __init__(self, terms: ChoiceTerms, objective: str, bounded: str) -> None:
        self._terms = terms
        self._m = build(terms, (objective, bounded))
        self._m.goal.deactivate()
        self._measures = objective, bounded
        self._m.trade_off = pyo.Objective(
            expr=measure(self._m, terms, objective),
            sense=pyo.maximize,
            doc=f"{objective} [{MEASURES[objective][1]}]",
        )
        self._m.bounded = pyo.Var(doc=f"{bounded} [{MEASURES[bounded][1]}]")
        second = measure(self._m, terms, bounded)
        self._m.is_bounded = pyo.Constraint(expr=self._m.bounded == second, doc="The bounded measure [its unit]")
        self._m.target = pyo.Constraint(expr=self._m.bounded >= LOOSEST, doc="Its least value [its unit]")
        self._programme = Programme(self._m, terms.request)

    def at_least(self, least: float) -> Point:
        self._programme.at_least(self._m.target, least)
        choice = decide(self._m, self._terms, self._programme)
        first, second = (standing(choice, self._terms, name) for name in self._measures)
        return Point(first, second, choice)


def frontier_in_words(points: Sequence[Point]) -> str:
    """How many agreements the frontier holds, and what to do with them."""
    if len(points) == 1:
        return "One agreement of the menu is best in both: nothing has to be traded."
    return (
        f"{len(points)} agreements, each with the most of the one for a level of the other, as predicted. Click a "
        "point to load its agreement."
    )


def point_in_words(point: Point, titles: Sequence[tuple[str, str]]) -> str:
    """The two measures of a point on a frontier, and that it is not verified yet."""
    values = zip((point.first, point.second), titles, strict=True)
    told = [
        f"{name} {percent(value) if unit == SHARE else signed_money_a_year(value)}" for value, (name, unit) in values
    ]
    return f"Selected: {listing(told)}, as predicted; loading it solves it."
