"""The equilibrium by an interior-point method: slower than Newton on prices, and sure where curves have steps.

The products of each unknown's distance to a bound with its condition (the complementarity problem) are driven to zero
together (Mehrotra 1992), so that a step, a full route or an empty quota is no different from any other curve. Then the
bounds that hold are known, and Newton steps on the equations left make the point exact. Where prices are not unique it
ends amid those that clear, where flows are not, with the least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import lsq_linear

from model.equilibrium.charges import charges_at, gain
from model.equilibrium.search.complementarity import UNIT, Complementarity
from model.equilibrium.search.newton import refine
from model.equilibrium.search.open_prices import settle
from model.equilibrium.tolerances import TOLERANCE
from model.errors import SolveError
from model.market.records import NOWHERE, Shape, is_any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse.linalg import SuperLU

    from model.equilibrium.conditions import Point, System
    from model.market.records import Floats

    Booleans = NDArray[np.bool_]
    Starts = tuple[tuple[float, float], ...]

MOST_STEPS = 120
MOST_POLISHES = 8
MOST_MODES = 8
STARTS = ((0.1, 1.0), (0.01, 1.0), (0.01, 0.3), (10.0, 1.0))
"""Flows to start from, and prices as multiples of those given: the next where one leads nowhere."""
LOW_PRICE = 0.1
CLEARED = 1e-24
"""Mean product of distance and condition at which the method stops."""
WAITING = 1e-12
"""Mean product that is kept while conditions are not met: steep curves take longer than bounds."""
EXACT = 1e-8
"""Largest violation of a condition with which a point is returned."""
NEAR = 1e-5
"""Largest violation from which Newton may go the rest of the way: farther off it could run where nothing is."""
SURE = 1e-10
"""Largest violation at which no other start is tried."""
NOUGHT = 1e-14
"""A violation, a levy or room below this, in solver units, is none."""
TRACE = 1e-10
"""A quantity [of the market's scale] that may be rounding."""
WELL_POLISHED = 1e-12
TO_THE_BOUND = 0.995
"""Share of the way to the nearest bound that a step may go."""
SHORT = 0.3
"""A step shorter than this turns to the middle instead."""
MOST_GROWTH = 10.0
"""A step after which conditions are farther off than so many times before, steep curves among them, is cut short."""
SHORTER, LEAST_LENGTH = 0.25, 1e-6
RIDGE = 1e-11
"""Resistance of what neither curve nor bound holds, about where it stands; the limit does not depend on it."""
POLISHING_RIDGE = 1e-12
HELD = 1e12
KEPT = 1e5
"""How much more a limit counts than a flow where flows are shared."""


def find(system: System, price: Floats, *, once: bool = False) -> Point:
    """The equilibrium searched from node prices alone; ``once`` from a single start, which must lead straight there.

    Where no start leads anywhere, it is decided beforehand which guarantees are paid, until their prices agree; where
    that leads only near, Newton goes the rest of the way.

    Raises:
        SolveError: when the method does not arrive at a point that meets every condition.
    """
    starts, enough = (STARTS[:1], SURE) if once else (STARTS, EXACT)
    ended, paid = np.zeros(system.levies, dtype=bool), None
    for _ in range(MOST_MODES):
        conditions = Complementarity(system, ended, paid)
        z, steps, violation = _meet(conditions, price, starts)
        is_met = violation <= enough
        if not is_met and (once or paid is not None or not len(conditions.tops)):
            break
        mode, below = _ended(conditions, z) if is_met else ended, _paid(conditions, z)
        if is_met and (mode == ended).all() and (paid is None or (below == paid).all()):
            return _point(conditions, z, steps)
        ended, paid = mode, paid if is_met and paid is None else below
    if violation <= NEAR:
        point = refine(system, system.start(z[conditions.at.price]))
        if point.residual <= TOLERANCE:
            return point
    left = f"the largest imbalance left is {violation:.2g} of the market" if violation < 1.0 else "the search runs away"
    raise SolveError(f"no equilibrium found for {system.problem.market.mineral}: {left}")


def _paid(c: Complementarity, z: Floats) -> Booleans:
    """At which nodes producers are paid more than the market's price."""
    below: Booleans = z[c.at.price][c.tops] < c.system.problem.producer_floor[c.tops]
    return below


def _meet(c: Complementarity, price: Floats, starts: Starts) -> tuple[Floats, int, float]:
    """Unknowns that meet the conditions, the steps taken, and how well they do, from the first start that leads there.

    Else the best of all.
    """
    best, taken, least = np.zeros(c.at.size), 0, np.inf
    for flow, level in starts:
        z, steps = _follow(c, _inside(c, price * level, flow))
        z = _without_dust(c, _least_flows(c, _polish(c, z)))
        taken, violation = taken + steps, c.violation(z)
        if violation < least:
            best, least = z, violation
        if least <= SURE:
            break
    return best, taken, least


def _inside(c: Complementarity, price: Floats, flow: float) -> Floats:
    """A start well inside every bound, and no farther out on a curve than its own reference point."""
    z = c.lower + np.minimum(1.0, 0.5 * (c.upper - c.lower))
    own, t = slice(0, len(c.at.moving)), c.system.problem.table
    known = ~is_any(t.shape, (Shape.FLAT, Shape.LINEAR)) & (t.base > 0.0)
    small = np.where(known, np.minimum(flow, t.base / UNIT), flow)[c.at.moving]
    z[own] = c.lower[own] + np.minimum(small, 0.5 * (c.upper[own] - c.lower[own]))
    z[c.at.price] = np.maximum(price, LOW_PRICE)
    return z


@dataclass(frozen=True)
class Iterate:
    """Unknowns, their distances from both bounds, and the conditions that belong to the bounds.

    Where there is no upper bound, its distance is one and its condition zero.
    """

    z: Floats
    from_lower: Floats
    from_upper: Floats
    at_lower: Floats
    at_upper: Floats

    @property
    def product(self) -> float:
        """Sum of distances times conditions."""
        return float(self.from_lower @ self.at_lower + self.from_upper @ self.at_upper)

    def moved(self, move: Iterate, length: float) -> Iterate:
        """The iterate after a step."""
        return Iterate(
            self.z + length * move.z,
            self.from_lower + length * move.from_lower,
            self.from_upper + length * move.from_upper,
            self.at_lower + length * move.at_lower,
            self.at_upper + length * move.at_upper,
        )

    def longest(self, move: Iterate) -> float:
        """Length of the step, at most one, at which the first distance or condition vanishes."""
        pairs = (
            (self.from_lower, move.from_lower),
            (self.from_upper, move.from_upper),
            (self.at_lower, move.at_lower),
            (self.at_upper, move.at_upper),
        )
        return min(1.0, *(float(np.min(-own[m < 0] / m[m < 0], initial=1.0)) for own, m in pairs))


def _follow(c: Complementarity, z: Floats) -> tuple[Floats, int]:
    """Drive all products of distance and condition to zero together; returns the unknowns and the steps taken."""
    bounded = np.isfinite(c.upper).astype(float)
    above = np.where(bounded > 0, c.upper - z, 1.0)
    own = Iterate(z, z - c.lower, above, np.ones(len(z)), bounded / np.maximum(above, 1.0))
    count = len(z) + float(bounded.sum())
    for steps in range(1, MOST_STEPS + 1):  # noqa: B007
        value, slope = c.condition(own.z)
        rest, mean = value - own.at_lower + own.at_upper, own.product / count
        is_met = np.abs(rest / c.sizes(own.z)).max(initial=0.0) <= EXACT
        if is_met and not mean > CLEARED:
            break
        try:
            factors = c.factors(slope + own.at_lower / own.from_lower + own.at_upper / own.from_upper + RIDGE)
        except RuntimeError:  # distances that vanish leave no digits
            break
        ahead = _step(own, factors, bounded, rest)
        length = own.longest(ahead)
        left = max(own.moved(ahead, length).product, 0.0) / count
        target = max((left / mean) ** 3 * mean, 0.0 if is_met else min(mean, WAITING))
        move = _step(own, factors, bounded, rest, target, ahead, length**2)
        if own.longest(move) < SHORT:
            move = _step(own, factors, bounded, rest, 0.5 * mean)
        length = TO_THE_BOUND * own.longest(move)
        worst = MOST_GROWTH * max(float(np.abs(rest).max(initial=0.0)), 1.0)
        while length > LEAST_LENGTH and not _rest(c, own.moved(move, length)) <= worst:
            length *= SHORTER
        own = own.moved(move, length)
    return own.z, steps


def _rest(c: Complementarity, own: Iterate) -> float:
    """How far any condition is from what belongs to the bounds."""
    return float(np.abs(c.condition(own.z)[0] - own.at_lower + own.at_upper).max(initial=0.0))


def _step(
    own: Iterate,
    factors: SuperLU,
    bounded: Floats,
    rest: Floats,
    target: float = 0.0,
    ahead: Iterate | None = None,
    share: float = 0.0,
) -> Iterate:
    """The Newton step towards products of ``target``, corrected for a share of what a step ``ahead`` leaves out."""
    below = target - (0.0 if ahead is None else share * ahead.from_lower * ahead.at_lower)
    above = target - (0.0 if ahead is None else share * ahead.from_upper * ahead.at_upper)
    below, above = below / own.from_lower - own.at_lower, bounded * above / own.from_upper - own.at_upper
    move: Floats = factors.solve(below - above - rest)
    at_lower, at_upper = below - own.at_lower * move / own.from_lower, above + own.at_upper * move / own.from_upper
    return Iterate(move, move, -bounded * move, at_lower, at_upper)


def _polish(c: Complementarity, z: Floats) -> Floats:
    """Newton on the equations left when the bounds that hold are known; the start where that leads nowhere better."""
    value, slope = c.condition(z)
    steep = np.maximum(slope, 1.0)  # a little way along a steep curve is a long way in its condition
    low, high = (z - c.lower) * steep < value, (c.upper - z) * steep < -value
    held, at = low | high, np.where(low, c.lower, np.where(high, c.upper, z))
    at = np.where(np.isfinite(c.condition(at)[0]), at, z)  # a flow that only fades never ends
    best, violation, mismatch = at, c.violation(at), c.mismatch(at, held)
    for _ in range(MOST_POLISHES):
        value, slope = c.condition(at)
        if max(violation, mismatch) <= NOUGHT or not np.isfinite(value[~held]).all():
            break
        try:
            move = c.factors(np.where(held, HELD, slope + POLISHING_RIDGE)).solve(np.where(held, 0.0, -value))
        except RuntimeError:
            break
        at = np.where(held, at, np.clip(at + move, c.lower, c.upper))
        now, rest = c.violation(at), c.mismatch(at, held)
        if now < violation or (now <= NOUGHT and rest < mismatch):
            best, violation, mismatch = at, now, rest
    return best if violation <= max(c.violation(z), WELL_POLISHED) else z


def _least_flows(c: Complementarity, z: Floats) -> Floats:
    """Where flat activities could share a quantity in many ways (or send it in circles), the one with least squares."""
    count = len(c.at.moving)
    room = np.minimum(z - c.lower, c.upper - z)[:count]
    free = np.flatnonzero((c.system.problem.table.shape[c.at.moving] == Shape.FLAT) & (room > NOUGHT))
    limits = c.matrix[count:][:, free].toarray()
    if not len(free) or np.linalg.matrix_rank(limits) == len(free):
        return z
    weights = np.vstack([limits * KEPT, np.eye(len(free))])
    wanted = np.concatenate([limits @ z[free] * KEPT, np.zeros(len(free))])
    shared = z.copy()
    shared[free] = lsq_linear(weights, wanted, (c.lower[free], c.upper[free]), method="bvls").x
    shared = _polish(c, shared)
    return shared if c.violation(shared) <= EXACT else z


def _without_dust(c: Complementarity, z: Floats) -> Floats:
    """The same without traces of what is indifferent, as long as nothing else lives on them."""
    own = np.arange(c.at.size) < len(c.at.moving)
    trace = own & (z - c.lower < TRACE) & (np.abs(c.condition(z)[0]) < EXACT)
    clean, held = np.where(trace, c.lower, z), np.zeros(c.at.size, dtype=bool)
    held[c.at.price] = z[c.at.price] <= EXACT  # what is left over is given away
    held[c.at.rent.start :] = True
    return clean if c.mismatch(clean, held) <= max(c.mismatch(z, held), WELL_POLISHED) else z


def _ended(c: Complementarity, z: Floats) -> Booleans:
    """Which levies stop short of ending arrivals that only fade: those that left less than counts as none.

    Arrivals that can end do so under a levy at its bound, and :func:`settle` finds the smallest that ends them.
    """
    s = c.system
    mode = c.ended.copy()
    x, price = c.quantity(z), z[c.at.price]
    for slot in np.flatnonzero(s.fades).tolist():
        group = s.problem.levies[slot]
        if c.ended[slot]:
            mode[slot] = price[group.node] - s.floor[slot] <= EXACT
        else:
            mode[slot] = z[c.at.levy][slot] > EXACT and x[group.members].sum() < s.shut[slot] * (1.0 - EXACT)
    return mode


def _point(c: Complementarity, z: Floats, steps: int) -> Point:
    """The unknowns as a point, its open prices settled; a levy that has ended arrivals is the smallest that does."""
    s = c.system
    point = s.start(z[c.at.price])
    levy = z[c.at.levy]
    point.rent, point.levy = z[c.at.rent], np.where(levy > NOUGHT, levy, 0.0)
    point.quantity = _without_waste(s, point.price, c.quantity(z))
    point.lag = point.quantity
    settle(s, point)
    charges = charges_at(s.problem, point.price, point.rent, point.levy, point.quantity)
    point.marginal = gain(s.problem, point.price, charges)
    point.steps, point.residual = steps, c.violation(z) * UNIT
    return point


def _without_waste(s: System, price: Floats, quantity: Floats) -> Floats:
    """The same with no more of what costs nothing and is sold for nothing than somebody takes."""
    t, x = s.problem.table, quantity.copy()
    costless = (t.shape == Shape.FLAT) & (t.level == 0.0) & (t.node_in == NOWHERE) & (x > t.lower)
    for one in np.flatnonzero(costless & (t.node_out != NOWHERE)).tolist():
        if price[t.node_out[one]] <= EXACT:
            x[one] -= min(x[one] - t.lower[one], max(float(s.imbalance(x)[t.node_out[one]]), 0.0))
    return x
