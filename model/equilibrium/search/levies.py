"""Finding levies one by one: the slow and sure way, for markets whose steps leave Newton no slope to follow.

With its levies given, a floor is only a charge, and the market is solved as any other. Each party's levy is then the
smallest at which its price reaches the floor or arrivals have ended, found by bisection; parties take turns until no
levy moves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.errors import SolveError

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.equilibrium.solver import State
    from model.market.records import Floats
    from model.overlay import LevyGroup, Problem

MOST_ROUNDS = 30
MOST_HALVINGS = 60
SETTLED = 1e-9
"""Levies that move by less than this share of the price scale have settled."""
ENDED = 1e-9
"""Arrivals below this share of the quantity scale have ended."""
REACHED = 1e-12


def solve_by_levies(problem: Problem, solve: Callable[[Problem], State]) -> State:
    """The equilibrium of a problem with levies, from solves of the same problem with charges in their place.

    Raises:
        SolveError: when the levies do not settle.
    """
    levy = np.zeros(len(problem.levies))
    for _ in range(MOST_ROUNDS):
        before = levy.copy()
        for slot in range(len(levy)):
            levy[slot] = _smallest(problem, levy, slot, solve)
        if np.abs(levy - before).max() <= SETTLED * problem.market.price_scale:
            state = solve(_with_charges(problem, levy))
            return replace(state, problem=problem, levy=levy)
    raise SolveError(f"the levies on {problem.market.mineral} do not settle; try a lower floor or fewer parties")


def _with_charges(problem: Problem, levy: Floats) -> Problem:
    charge = problem.export_specific + np.append(levy, 0.0)[problem.levy]
    return replace(problem, export_specific=charge, levy=np.full(len(problem.levy), -1), levies=())


def _smallest(problem: Problem, levy: Floats, slot: int, solve: Callable[[Problem], State]) -> float:
    """The smallest levy of one party at which nothing more is to be gained, the others' levies given."""
    group = problem.levies[slot]

    def falls_short(value: float) -> bool:
        trial = levy.copy()
        trial[slot] = value
        return _falls_short(group, solve(_with_charges(problem, trial)))

    if not falls_short(0.0):
        return 0.0
    low, high = 0.0, min(problem.market.price_scale, group.cap)
    while falls_short(high):
        if high >= group.cap:
            return group.cap
        low, high = high, min(2.0 * high, group.cap)
    for _ in range(MOST_HALVINGS):
        middle = 0.5 * (low + high)
        if middle in {low, high}:
            break
        low, high = (middle, high) if falls_short(middle) else (low, middle)
    return high


def _falls_short(group: LevyGroup, state: State) -> bool:
    market = state.problem.market
    arrivals = float(state.quantity[group.members].sum())
    below = float(state.price[group.node]) < group.floor - REACHED * market.price_scale
    return below and arrivals > max(group.shut, ENDED * market.quantity_scale)
