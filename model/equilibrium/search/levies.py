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
from model.overlay import Charge

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.market.records import Floats
    from model.overlay import LevyGroup, Problem, State

MOST_ROUNDS = 30
MOST_HALVINGS = 60
SETTLED = 1e-9
"""Levies that move by less than this share of the price scale have settled."""
ENDED = 1e-9
"""Arrivals below this share of the quantity scale have ended."""
REACHED = 1e-12


def solve_by_levies(problem: Problem, step: tuple[int, ...], solve: Callable[[Problem], State]) -> State:
    """The equilibrium of a problem with levies that hold given floors, from solves with charges in their place.

    Raises:
        SolveError: when the levies do not settle.
    """
    levy = np.zeros(len(problem.levies))
    for _ in range(MOST_ROUNDS):
        before = levy.copy()
        for slot in range(len(levy)):
            levy[slot] = _smallest(problem, levy, slot, step[slot], solve)
        if np.abs(levy - before).max() <= SETTLED * problem.market.price_scale:
            state = solve(_with_charges(problem, levy))
            return replace(state, problem=problem, levy=levy, step=step)
    raise SolveError(f"the levies on {problem.market.mineral} do not settle; try a lower floor or fewer parties")


def _with_charges(problem: Problem, levy: Floats) -> Problem:
    charges = [
        Charge(group.members, np.full(len(group.members), value), np.zeros(len(group.members)), group.members)
        for value, group in zip(levy, problem.levies, strict=True)
    ]
    levied = np.full(len(problem.levy), -1)
    return replace(problem, charges=(*problem.charges, *charges), levy=levied, levies=())


def _smallest(problem: Problem, levy: Floats, slot: int, step: int, solve: Callable[[Problem], State]) -> float:
    """The smallest levy of one party at which nothing more is to be gained, the others' levies given."""
    group, held = problem.levies[slot], problem.levies[slot].steps[step]

    def falls_short(value: float) -> bool:
        trial = levy.copy()
        trial[slot] = value
        return _falls_short(group, held.floor, solve(_with_charges(problem, trial)))

    if not falls_short(0.0):
        return 0.0
    low, high = 0.0, min(problem.market.price_scale, held.cap)
    while falls_short(high):
        if high >= held.cap:
            return held.cap
        low, high = high, min(2.0 * high, held.cap)
    for _ in range(MOST_HALVINGS):
        middle = 0.5 * (low + high)
        if middle in {low, high}:
            break
        low, high = (middle, high) if falls_short(middle) else (low, middle)
    return high


def _falls_short(group: LevyGroup, floor: float, state: State) -> bool:
    market = state.problem.market
    arrivals = float(state.quantity[group.members].sum())
    below = float(state.price[group.node]) < floor - REACHED * market.price_scale
    return below and arrivals > max(group.shut, ENDED * market.quantity_scale)
