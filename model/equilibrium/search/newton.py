"""Node-price Newton iteration: finds the equilibrium of the smooth curves to many digits.

This is the predictor: it tells where to put the steps of the linear programme of :mod:`model.equilibrium.proof`, which
then proves (or disproves) the point. The conditions it solves are in :mod:`model.equilibrium.conditions`. Curves that
are flat get a proximal slope whose centre moves to the solution, so the limit is exact.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from model.equilibrium.tolerances import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.equilibrium.conditions import Linearisation, Point, System
    from model.market.records import Floats

SHIFT_TOLERANCE = 1e-9
"""Largest move of a flat activity's quantity between two proximal centres at which the centre counts as settled."""
MOST_STEPS = 60
MOST_CENTRES = 60
MOST_IN_VAIN, PROGRESS = 20, 0.9
"""Steps without one that brings the residual below this share of its least so far, after which Newton gives up."""
MOST_HALVINGS = 6
FIRST_DEGREE, MOST_FAILED = 1 / 8, 4
MOST_STEPS_BY_DEGREES = 80
"""Steps after which a failure by degrees is the last: other ways are faster then."""
RIDGE = 1e-14
LARGEST_MOVE = 0.5
"""A price moves by at most this fraction of itself (or of a fifth of the price scale) in one step."""


def refine(system: System, start: Point, flow: Floats | None = None) -> Point:
    """Newton iteration from ``start``; ``flow`` is a guess of the quantities of flat activities (default none).

    Returns the last point reached; its ``residual`` (largest imbalance, scaled) tells whether it is a solution.
    """
    t = system.problem.table
    own = np.zeros(len(start.rent), dtype=bool)
    own[system.own] = True
    point = replace(start, rent=np.where(own, start.rent, 0.0))
    centre = np.clip(np.zeros(len(t)) if flow is None else flow, t.lower, t.upper)
    moving = system.moving
    for _ in range(MOST_CENTRES):
        point = _solve_with_centre(system, point, centre)
        if point.residual > TOLERANCE or not len(moving):
            break
        shift = float(np.abs(point.quantity[moving] - centre[moving]).max())
        centre = point.quantity.copy()
        if shift <= SHIFT_TOLERANCE:
            break
    if point.residual <= TOLERANCE:
        system.complete(point)
    return point


def unburdened(system: System, share: float = 0.0) -> System:
    """The system without floors and with a share of the agreement's duties."""
    part = system.charged_in_part(share)
    part.floor = np.zeros_like(system.floor)
    return part


def refine_gradually(system: System, start: Point) -> Point:
    """Newton iteration without the agreement's duties and floors first, then with ever more duties, then floors.

    Returns the last point reached.
    """
    point = _by_degrees(lambda share: unburdened(system, share), refine(unburdened(system), start))
    below = np.minimum(point.price[system.levy_node], system.floor)

    def with_floors(share: float) -> System:
        if share == 1.0:
            return system
        part = system.charged_in_part(1.0)
        part.floor = below + (system.floor - below) * share
        return part

    return _by_degrees(with_floors, point) if system.levies else point


def _by_degrees(part: Callable[[float], System], start: Point) -> Point:
    """Newton iteration for ever larger shares of something; where one fails, a smaller one is tried, a few times."""
    if start.residual > TOLERANCE:
        return start
    reached, held, step, steps, failed = start, 0.0, FIRST_DEGREE, start.steps, 0
    while held < 1.0:
        share = min(held + step, 1.0)
        point = refine(part(share), replace(reached, steps=steps))
        steps = point.steps
        if point.residual <= TOLERANCE:
            reached, held = point, share
        else:
            step, failed = 0.5 * step, failed + 1
            if failed > MOST_FAILED or steps > MOST_STEPS_BY_DEGREES:
                return point
    return reached


def _solve_with_centre(system: System, start: Point, centre: Floats) -> Point:
    point = replace(start)
    at = system.conditions(point, centre)
    least, since = point.norm, 0
    for _ in range(MOST_STEPS):
        if point.residual <= TOLERANCE or since > MOST_IN_VAIN:
            return point
        direction = _direction(system.jacobian(point, at), at)
        if direction is None:
            return point
        point, at = _line_search(system, point, direction, centre)
        least, since = (point.norm, 0) if point.norm < PROGRESS * least else (least, since + 1)
    return point


def _direction(jacobian: Floats, at: Linearisation) -> Floats | None:
    """Newton direction from rows of equal size; a vanishing ridge where curves leave a price undetermined."""
    size = np.abs(jacobian).max(axis=1)
    size[size == 0.0] = 1.0
    jacobian /= size[:, None]
    np.einsum("ii->i", jacobian)[:] += RIDGE
    try:
        with np.errstate(over="ignore"):  # a row of dust overflows; the direction is then refused below
            direction = cast("Floats", np.linalg.solve(jacobian, -at.residual / size))
    except np.linalg.LinAlgError:
        return None
    direction[at.is_set] = 0.0
    return direction if np.isfinite(direction).all() else None


def _line_search(system: System, point: Point, direction: Floats, centre: Floats) -> tuple[Point, Linearisation]:
    """The longest of a few halved steps that reduces the residual's norm, or the shortest tried."""
    n, pools = system.nodes, system.pools
    room = LARGEST_MOVE * np.maximum(np.abs(point.price), 0.2)
    length = 1.0 / max(float((np.abs(direction[:n]) / room).max()), 1.0)
    for _ in range(MOST_HALVINGS):
        rent = point.rent.copy()
        rent[system.own] = np.maximum(rent[system.own] + length * direction[n : n + pools], 0.0)
        candidate = replace(
            point,
            price=np.maximum(point.price + length * direction[:n], 0.0),
            rent=rent,
            levy=np.clip(point.levy + length * direction[n + pools :], 0.0, system.cap),
            steps=point.steps + 1,
        )
        system.reenter(candidate, centre)
        at = system.conditions(candidate, centre)
        if candidate.norm < point.norm * (1.0 - 1e-4 * length):
            break
        length *= 0.5
    return candidate, at
