"""Node-price Newton iteration: finds the equilibrium of the smooth curves to many digits.

Given a price at every node, every activity's quantity follows from its curve, so the unknowns are only the node prices, the rents of
pools and the levies of floors. They solve

* market balance: what arrives at a node equals what leaves it (or the price is zero and some is left over);
* pools: rent >= 0, room >= 0, one of them zero;
* levies: zero with the price above the floor; or the price at the floor; or at the cap; or so high that arrivals have ended.

This is the predictor: it tells where to put the steps of the linear programme in :mod:`model.equilibrium.programme`, which then
proves (or disproves) the point. Curves that are flat get a proximal slope whose centre moves to the solution, so the limit is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.problem import PRODUCTION, Problem
from model.market.curves import CurveGroups
from model.market.records import NOWHERE, Role, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.market.records import Floats, Integers

SOFTNESS = 1e-5
"""Proximal slope of flat curves [price scale per quantity scale·1000]; only speed depends on it."""
TOLERANCE = 1e-9
"""Largest imbalance, in thousandths of the quantity scale, at which a point counts as solved."""
SHIFT_TOLERANCE = 1e-9
MOST_STEPS = 80
MOST_HALVINGS = 6
RIDGE = 1e-14
ARRIVALS_ENDED = 1e-6
"""Arrivals count as ended at this quantity (of the quantity scale·1000): the limit in which the levy that just ends them is unique."""
MOST_CENTRES = 60
LARGEST_MOVE = 0.5
"""A price moves by at most this fraction of itself (or of a fifth of the price scale) in one step."""


FREE, HOLD, CAPPED, SHUT = range(4)
"""States of a levy: not charged; holding the price at the floor; at its cap; so high that arrivals have ended."""


@dataclass(frozen=True)
class Linearisation:
    """Residuals at a point, which conditions are inactive there, and each activity's slope and weights on its two prices."""

    residual: Floats
    at_zero: NDArray[np.bool_]
    idle: NDArray[np.bool_]
    state: Integers
    slope: Floats
    on_received: Floats
    on_paid: Floats


@dataclass
class Point:
    """A candidate equilibrium in scaled units: node prices, pool rents, levies, activity quantities, and how good it is."""

    price: Floats
    rent: Floats
    levy: Floats
    quantity: Floats
    marginal: Floats
    residual: float
    norm: float = np.inf
    steps: int = 0

    def copy(self) -> Point:
        """A copy that shares nothing that is changed in place."""
        return replace(self)


class System:
    """The equilibrium conditions of one (scaled) problem, with their derivatives."""

    def __init__(self, problem: Problem) -> None:
        t = problem.table
        self.problem = problem
        self.nodes = len(problem.market.nodes)
        self.pools = len(problem.pools)
        self.levies = len(problem.levies)
        self.size = self.nodes + self.pools + self.levies
        self.node_in = np.where(t.node_in == NOWHERE, self.nodes, t.node_in)
        self.node_out = np.where(t.node_out == NOWHERE, self.nodes, t.node_out)
        self.on_price_in = t.ratio + np.where(problem.greater_of, 0.0, problem.duty_ad_valorem) + problem.export_ad_valorem
        self.charge = problem.export_specific + np.where(
            problem.greater_of, 0.0, problem.duty_specific + problem.duty_ad_valorem * t.landed_cost
        )
        self.greater = np.flatnonzero(problem.greater_of)
        sloped = (t.role == Role.ROUTE) & (t.shape == Shape.LINEAR)
        self.slope_of_landed = np.where(sloped, t.width, 0.0)
        lagged = (self.slope_of_landed > 0) & problem.greater_of
        self.moving = np.flatnonzero((t.shape == Shape.FLAT) & (t.upper > t.lower) | lagged)
        width = np.where(sloped & ~problem.greater_of, t.width * (1.0 + problem.duty_ad_valorem), t.width)
        self.curves = CurveGroups(t, width)
        self.is_production = np.isin(t.role, PRODUCTION)
        self.has_cfd = bool(problem.producer_floor.any())
        self.producer_floor = np.append(problem.producer_floor, 0.0)
        self.limit = np.array([pool.limit for pool in problem.pools])
        self.levy_node = np.array([group.node for group in problem.levies], dtype=np.intp)
        self.floor = np.array([group.floor for group in problem.levies])
        self.cap = np.array([group.cap for group in problem.levies])
        self.shut = np.array([max(group.shut, ARRIVALS_ENDED) for group in problem.levies])
        self.levy_slot = np.where(problem.levy < 0, self.levies, problem.levy)
        pairs = ((self.node_out, self.node_out), (self.node_out, self.node_in), (self.node_in, self.node_out), (self.node_in, self.node_in))
        self.entry = np.where(t.shape == Shape.LOG, -np.inf, t.level)
        self._cells = np.concatenate([row * (self.nodes + 1) + column for row, column in pairs])

    def duty(self, price_in: Floats, flow: Floats) -> Floats:
        """Import duty per unit of the ``greater_of`` routes at given exporters' prices and flows."""
        problem, i = self.problem, self.greater
        landed = price_in[i] + problem.table.landed_cost[i] + self.slope_of_landed[i] * flow[i]
        return np.maximum(problem.duty_specific[i], problem.duty_ad_valorem[i] * landed)

    def marginal(self, price: Floats, rent: Floats, levy: Floats, flow: Floats) -> tuple[Floats, Floats, Floats]:
        """What one more unit of each activity earns net of charges, with its weights on the price received and the price paid."""
        extended = np.append(price, 0.0)
        received, paid = extended[self.node_out], extended[self.node_in]
        on_received = np.ones(len(received))
        on_paid = self.on_price_in
        if self.has_cfd:
            strike = self.producer_floor[self.node_out]
            topped_up = self.is_production & (strike > received)
            received = np.where(topped_up, strike, received)
            on_received = np.where(topped_up, 0.0, 1.0)
        m = received - on_paid * paid - self.charge
        if self.levies:
            m -= np.append(levy, 0.0)[self.levy_slot]
        if len(self.greater):
            i = self.greater
            duty = self.duty(paid, flow)
            m[i] -= duty
            on_paid = on_paid.copy()
            on_paid[i] += np.where(duty > self.problem.duty_specific[i], self.problem.duty_ad_valorem[i], 0.0)
        for value, pool in zip(rent, self.problem.pools, strict=True):
            if value != 0.0:
                m[pool.members] -= value * pool.weight
        return m, on_received, on_paid

    def imbalance(self, x: Floats) -> Floats:
        """Arrivals minus departures at every node."""
        ratio = self.problem.table.ratio
        n = self.nodes + 1
        arrive = np.bincount(self.node_out, x, n)
        leave = np.bincount(self.node_in, ratio * x, n)
        return (arrive - leave)[: self.nodes]

    def pool_use(self, x: Floats) -> Floats:
        """Left-hand side of every pool."""
        return np.array([pool.weight @ x[pool.members] for pool in self.problem.pools])

    def arrivals(self, x: Floats) -> Floats:
        """Quantity on which each levy is charged."""
        return np.array([x[group.members].sum() for group in self.problem.levies])

    def conditions(self, point: Point, centre: Floats) -> Linearisation:
        """Residual of every condition at ``point`` (whose quantities it sets), with what is needed for the derivative."""
        m, on_received, on_paid = self.marginal(point.price, point.rent, point.levy, centre)
        x, slope = self.curves.quantity_and_slope(m, centre, SOFTNESS)
        point.quantity, point.marginal = x, m
        gap = self.imbalance(x)
        at_zero = (point.price <= 0.0) & (gap >= 0.0)
        room = self.limit - self.pool_use(x)
        idle = (point.rent <= 0.0) & (room >= 0.0)
        value, state = self._levy_conditions(point, x)
        residual = np.concatenate([np.where(at_zero, 0.0, gap), np.where(idle, 0.0, room), value])
        point.residual = float(np.abs(residual).max(initial=0.0))
        return Linearisation(residual, at_zero, idle, state, slope, on_received, on_paid)

    def _levy_conditions(self, point: Point, x: Floats) -> tuple[Floats, Integers]:
        """Residual of each levy and its state (``FREE``, ``HOLD``, ``CAPPED``, ``SHUT``).

        A levy is zero, or the smallest at which the price reaches the floor or arrivals have ended, or at its cap.
        """
        above = point.price[self.levy_node] - self.floor
        beyond = self.shut - self.arrivals(x)
        ended = beyond / self.shut > above
        slack = np.where(ended, beyond, above)
        free = (point.levy <= 0.0) & (slack >= 0.0)
        capped = (point.levy >= self.cap) & (slack <= 0.0)
        state = np.where(free, FREE, np.where(capped, CAPPED, np.where(ended, SHUT, HOLD)))
        return np.where(free | capped, 0.0, slack), state

    def reenter(self, point: Point, centre: Floats) -> None:
        """Lower each levy that leaves no arrival at all to where the first arrival would enter, so that it can be told apart."""
        if not point.levy.any():
            return
        m, _, _ = self.marginal(point.price, point.rent, point.levy, centre)
        t = self.problem.table
        first = self.entry - m - SOFTNESS * (t.shape == Shape.FLAT) * centre
        for slot, group in enumerate(self.problem.levies):
            members = group.members[t.upper[group.members] > 0]
            too_much = float(first[members].min(initial=np.inf))
            if 0.0 < too_much < np.inf:
                point.levy[slot] = max(point.levy[slot] - too_much - 0.5 * SOFTNESS * ARRIVALS_ENDED, 0.0)

    def jacobian(self, at: Linearisation) -> Floats:
        """Derivative of the residuals with respect to prices, rents and levies (dense, square)."""
        n, ratio = self.nodes + 1, self.problem.table.ratio
        given, taken = at.slope, at.slope * ratio
        block = np.bincount(
            self._cells,
            np.concatenate([given * at.on_received, -given * at.on_paid, -taken * at.on_received, taken * at.on_paid]),
            n * n,
        ).reshape(n, n)
        full = np.zeros((self.size, self.size))
        full[: self.nodes, : self.nodes] = block[: self.nodes, : self.nodes]
        groups = [(pool.members, pool.weight) for pool in self.problem.pools]
        groups += [(group.members, np.ones(len(group.members))) for group in self.problem.levies]
        for position, (members, weight) in enumerate(groups, start=self.nodes):
            self._border(full, position, members, weight, at)
        self._levy_rows(full, at)
        fixed = np.concatenate([at.at_zero, at.idle, (at.state == FREE) | (at.state == CAPPED)])
        full[fixed] = 0.0
        full[fixed, fixed] = 1.0
        return full

    def _border(self, full: Floats, position: int, members: Integers, weight: Floats, at: Linearisation) -> None:
        """Column of one rent or levy, and row of minus the quantity it is charged on."""
        n = self.nodes + 1
        ratio = self.problem.table.ratio[members]
        moved = weight * at.slope[members]
        source, target = self.node_in[members], self.node_out[members]
        column = np.bincount(target, -moved, n) + np.bincount(source, moved * ratio, n)
        row = np.bincount(target, -moved * at.on_received[members], n) + np.bincount(source, moved * at.on_paid[members], n)
        full[: self.nodes, position] = column[: self.nodes]
        full[position, : self.nodes] = row[: self.nodes]
        share = np.zeros(len(self.problem.table))
        share[members] = moved
        full[position, self.nodes : self.nodes + self.pools] = [pool.weight @ share[pool.members] for pool in self.problem.pools]
        for other, group in enumerate(self.problem.levies, start=self.nodes + self.pools):
            full[position, other] = share[group.members].sum()

    def _levy_rows(self, full: Floats, at: Linearisation) -> None:
        """Where a levy holds its floor, its row says price = floor instead of a statement about arrivals."""
        for slot in np.flatnonzero(at.state == HOLD):
            row = self.nodes + self.pools + slot
            full[row] = 0.0
            full[row, self.levy_node[slot]] = 1.0


def start_point(system: System, price: Floats) -> Point:
    """A point with given node prices, no rents and no levies."""
    count = len(system.problem.table)
    return Point(price, np.zeros(system.pools), np.zeros(system.levies), np.zeros(count), np.zeros(count), np.inf)


def refine(system: System, start: Point, flow: Floats | None = None) -> Point:
    """Newton iteration from ``start``; ``flow`` is a guess of the quantities of flat activities (default none).

    Returns the best point found; its ``residual`` (largest imbalance, scaled) tells whether it is a solution.
    """
    point = start.copy()
    centre = np.clip(np.zeros_like(point.quantity) if flow is None else flow, system.problem.table.lower, system.problem.table.upper)
    moving = system.moving
    for _ in range(MOST_CENTRES):
        point = _solve_with_centre(system, point, centre)
        if point.residual > TOLERANCE or not len(moving):
            return point
        shift = float(np.abs(point.quantity[moving] - centre[moving]).max())
        centre = point.quantity.copy()
        if shift <= SHIFT_TOLERANCE:
            return point
    return point


def _solve_with_centre(system: System, start: Point, centre: Floats) -> Point:
    point = start.copy()
    at = system.conditions(point, centre)
    for _ in range(MOST_STEPS):
        if point.residual <= TOLERANCE:
            return point
        direction = _direction(system.jacobian(at), at.residual)
        if direction is None:
            return point
        candidate, at = _line_search(system, point, direction, centre)
        candidate.steps = point.steps + 1
        point = candidate
    return point


def _direction(jacobian: Floats, residual: Floats) -> Floats | None:
    """Newton direction; a vanishing ridge where curves leave a price undetermined."""
    ridge = RIDGE * max(float(np.abs(np.diagonal(jacobian)).max()), 1.0)
    try:
        direction = np.linalg.solve(jacobian + ridge * np.eye(len(residual)), -residual)
    except np.linalg.LinAlgError:
        return None
    return direction if np.isfinite(direction).all() else None


def _line_search(system: System, point: Point, direction: Floats, centre: Floats) -> tuple[Point, Linearisation]:
    """The longest of a few halved steps that reduces the residual's norm, or the shortest tried."""
    n, pools = system.nodes, system.pools
    room = LARGEST_MOVE * np.maximum(np.abs(point.price), 0.2)
    length = float(min(1.0, 1.0 / max(float((np.abs(direction[:n]) / room).max()), 1e-12)))
    norm = point.norm
    for _ in range(MOST_HALVINGS):
        candidate = point.copy()
        candidate.price = np.maximum(point.price + length * direction[:n], 0.0)
        candidate.rent = np.maximum(point.rent + length * direction[n : n + pools], 0.0)
        candidate.levy = np.clip(point.levy + length * direction[n + pools :], 0.0, system.cap)
        system.reenter(candidate, centre)
        at = system.conditions(candidate, centre)
        candidate.norm = float(np.linalg.norm(at.residual))
        if candidate.norm < norm * (1.0 - 1e-4 * length):
            break
        length *= 0.5
    return candidate, at
