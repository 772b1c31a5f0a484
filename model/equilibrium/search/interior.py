"""The equilibrium by an interior-point method: slower than Newton on prices, and sure where curves have steps.

With its duties, rents, levies and top-ups the market is one mixed complementarity problem: every unknown ``z`` lies
between two bounds, and its condition ``F(z)`` is zero, or positive at the lower bound, or negative at the upper one.

===============================  =====================  ==============================================================
unknown                          bounds                 condition F
===============================  =====================  ==============================================================
quantity of an activity          lower, upper           its marginal cost less what one more unit earns
price of a node                  0, none                arrivals less departures
rent of a pool                   0, none                limit less what is used of it
levy of a floor                  0, highest of use      price less floor; or arrivals that count as none less arrivals
top-up or higher part of a duty  0, none                itself less what it must at least be
===============================  =====================  ==============================================================

The products of each unknown's distance to a bound with its condition are driven to zero together (Mehrotra 1992), so
that a step, a full route or an empty quota is no different from any other curve. Then the bounds that hold are known,
and Newton steps on the equations left make the point exact. Where prices are not unique it ends amid those that clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import lsq_linear
from scipy.sparse.linalg import splu

from model.equilibrium.charges import charges_at, gain
from model.equilibrium.conditions import ARRIVALS_ENDED
from model.errors import SolveError
from model.market.curves import LOWEST_PRICE, CurveGroups
from model.market.records import NOWHERE, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse.linalg import SuperLU

    from model.equilibrium.conditions import Point, System
    from model.market.records import Activities, Floats, Integers

    Booleans = NDArray[np.bool_]

UNIT = 1000.0
"""Solver units of quantity that make one unit here, so that prices and quantities are both near one."""
MOST_STEPS = 120
MOST_POLISHES = 8
MOST_MODES = 8
SMALL_FLOW = 0.1
LOW_PRICE = 0.1
CLEARED = 1e-19
"""Mean product of distance and condition at which the method stops."""
EXACT = 1e-8
"""Largest violation of a condition with which a point is returned."""
ROUNDING = 1e-14
WELL_POLISHED = 1e-12
TO_THE_BOUND = 0.995
"""Share of the way to the nearest bound that a step may go."""
SHORT = 0.3
"""A step shorter than this turns to the middle instead."""
RIDGE = 1e-11
"""Resistance of what neither curve nor bound holds, about where it stands; the limit does not depend on it."""
POLISHING_RIDGE = 1e-12
HELD = 1e12
KEPT = 1e5
"""How much more a limit counts than a flow where flows are shared."""


@dataclass(frozen=True)
class Layout:
    """Where each kind of unknown stands: activities that can move, nodes, pools, levies, and parts beyond a bound."""

    moving: Integers
    price: slice
    rent: slice
    levy: slice
    beyond: slice

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return int(self.beyond.stop)


class Complementarity:
    """``F(z) = cost(z) + matrix @ z + constant`` between bounds; only quantities have a curve.

    ``ended`` says of each levy whether it ends arrivals, instead of holding its floor.
    """

    def __init__(self, system: System, ended: Booleans) -> None:
        self.system, self.ended = system, ended
        problem, t = system.problem, system.problem.table
        least, most = _ends(t)
        moving = np.flatnonzero(most > least)
        self._tops = np.flatnonzero(problem.producer_floor > 0.0)
        self._greater = [
            (charge, member)
            for charge in system.greater
            for member in np.flatnonzero(np.isin(charge.members, moving)).tolist()
        ]
        counts = (len(moving), system.nodes, len(problem.pools), system.levies, len(self._tops) + len(self._greater))
        edges = np.cumsum(counts).tolist()
        self.at = Layout(moving, *(slice(start, stop) for start, stop in pairwise(edges)))
        self.fixed = np.where(most > least, 0.0, least)
        self.constant = np.zeros(self.at.size)
        self.lower, self.upper = np.zeros(self.at.size), np.full(self.at.size, np.inf)
        self.lower[: len(moving)], self.upper[: len(moving)] = least[moving] / UNIT, most[moving] / UNIT
        self._entries: list[tuple[Integers, Integers, Floats]] = []
        self._place = np.full(len(t), NOWHERE)
        self._place[moving] = np.arange(len(moving))
        self._nodes()
        self._pools()
        self._levies()
        self._beyond()
        self._congested_tiers()
        every = np.arange(self.at.size)
        self._put(every, every, np.zeros(self.at.size))
        rows, columns, values = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        self.matrix = sparse.coo_matrix((values, (rows, columns)), shape=(self.at.size, self.at.size)).tocsc()
        self.matrix.sort_indices()
        self._absolute = abs(self.matrix)
        self._diagonal = np.flatnonzero(self.matrix.indices == np.repeat(every, np.diff(self.matrix.indptr)))

    def _put(self, rows: Integers | int, columns: Integers | int, values: Floats | float) -> None:
        """Add entries to the matrix."""
        row, column, value = np.broadcast_arrays(*np.atleast_1d(rows, columns, values))
        self._entries.append((row, column, value))

    def _nodes(self) -> None:
        """Prices got and paid by each activity, and what it adds to and takes from nodes."""
        s, t, first = self.system, self.system.problem.table, self.at.price.start
        moving, own = self.at.moving, np.arange(len(self.at.moving))
        self.constant[own] += s.charge[moving]
        for ends, price, amount in (
            (t.node_out, np.full(len(t), -1.0), np.ones(len(t))),
            (t.node_in, s.on_price_in, -t.ratio),
        ):
            there = ends[moving] != NOWHERE
            node = ends[moving][there] + first
            self._put(own[there], node, price[moving][there])
            self._put(node, own[there], amount[moving][there])
        self.constant[self.at.price] = s.imbalance(self.fixed) / UNIT

    def _charged(self, column: int, members: Integers, weight: Floats) -> None:
        """Members pay ``weight`` of an unknown for each unit."""
        place = self._place[members]
        self._put(place[place >= 0], column, weight[place >= 0])

    def _used(self, row: int, members: Integers, weight: Floats, limit: float) -> None:
        """The condition of a limit: what is left of it."""
        place = self._place[members]
        self._put(row, place[place >= 0], -weight[place >= 0])
        self.constant[row] = (limit - float(weight @ self.fixed[members])) / UNIT

    def _pools(self) -> None:
        for row, pool in enumerate(self.system.problem.pools, start=self.at.rent.start):
            self._charged(row, pool.members, pool.weight)
            self._used(row, pool.members, pool.weight, pool.limit)

    def _levies(self) -> None:
        for slot, group in enumerate(self.system.problem.levies):
            row, ones = self.at.levy.start + slot, np.ones(len(group.members))
            self._charged(row, group.members, ones)
            if self.ended[slot]:
                self._used(row, group.members, ones, float(self.system.shut[slot]))
            else:
                self._put(row, self.at.price.start + group.node, 1.0)
                self.constant[row] = -self.system.floor[slot]
            self.upper[row] = min(float(self.system.cap[slot]), highest_of_use(self.system, slot))

    def _beyond(self) -> None:
        """What a contract for difference adds to the price, and what an ad valorem part adds to a specific one."""
        s, p, row = self.system, self.system.problem, self.at.beyond.start
        for node in self._tops.tolist():
            makers = np.flatnonzero(s.is_production & (p.table.node_out == node))
            self._charged(row, makers, -np.ones(len(makers)))
            self._put(row, self.at.price.start + node, 1.0)
            self.constant[row] = -p.producer_floor[node]
            row += 1
        for charge, member in self._greater:
            route, specific, rate = int(charge.members[member]), charge.specific[member], charge.ad_valorem[member]
            place = self._place[route]
            self.constant[place] += specific
            self._put(place, row, 1.0)
            self._put(row, self.at.price.start + p.table.node_in[route], -rate)
            self._put(row, place, -rate * s.slope_of_landed[route] * UNIT)
            self.constant[row] = specific - rate * p.table.landed_cost[route]
            row += 1
        own = np.arange(self.at.beyond.start, self.at.size)
        self._put(own, own, np.ones(len(own)))

    def _congested_tiers(self) -> None:
        """What goes beyond a quota pays on a value that grows with the flow of its own route."""
        s = self.system
        for group in s.problem.trqs:
            over, routes = self._place[group.over], self._place[group.routes]
            rate = s.ad_valorem[group.over] * s.slope_of_landed[group.routes] * UNIT
            there = np.flatnonzero((rate > 0.0) & (over >= 0) & (routes >= 0))
            self._put(over[there], routes[there], rate[there]) if len(there) else None

    def quantity(self, z: Floats) -> Floats:
        """Quantities of all activities in solver units."""
        x = self.fixed.copy()
        x[self.at.moving] = z[: len(self.at.moving)] * UNIT
        return x

    def condition(self, z: Floats) -> tuple[Floats, Floats]:
        """F, and the slope of the cost curves in it."""
        value, slope = self.matrix @ z + self.constant, np.zeros(len(z))
        moving, x = self.at.moving, self.quantity(z)
        with np.errstate(all="ignore"):
            value[: len(moving)] += self.system.curves.marginal_cost(x)[moving]
            slope[: len(moving)] = self.system.curves.cost_slope(x)[moving] * UNIT
        return value, slope

    def factors(self, diagonal: Floats) -> SuperLU:
        """The derivative of F with ``diagonal`` added, factorised."""
        full = self.matrix.copy()
        full.data[self._diagonal] += diagonal
        return splu(full)

    def violation(self, z: Floats) -> float:
        """The farthest that an unknown would move if it followed its condition, of the sizes that meet there."""
        value, _ = self.condition(z)
        moves = np.abs(z - np.clip(z - value, self.lower, self.upper))
        return float((moves / self.sizes(z)).max(initial=0.0))

    def sizes(self, z: Floats) -> Floats:
        """What each condition is measured by: the amounts that meet in it, one at least."""
        size: Floats = np.maximum(self._absolute @ np.abs(z), 1.0)
        return size


def _ends(t: Activities) -> tuple[Floats, Floats]:
    """Bounds of every activity's quantity; isoelastic curves end where they are cut off near a price of zero."""
    power = t.shape == Shape.POWER
    end = np.where(power, t.base, 0.0) * LOWEST_PRICE ** np.where(power, t.exponent, 1.0)
    least = np.where(power & (t.exponent > 0), np.minimum(np.maximum(end, t.lower), t.upper), t.lower)
    return least, np.where(power & (t.exponent < 0), np.maximum(np.minimum(end, t.upper), t.lower), t.upper)


def highest_of_use(system: System, slot: int) -> float:
    """A levy beyond which nothing arrives while the price is below the floor."""
    t, group = system.problem.table, system.problem.levies[slot]
    level = t.level[group.members]
    falls = np.where(np.isin(t.shape[group.members], (Shape.LOG, Shape.LOG1P)), t.width[group.members], 0.0)
    fade = falls * np.log1p(t.base[group.members] / ARRIVALS_ENDED)
    return 1.5 * float(system.floor[slot]) + float(np.max(fade - level, initial=0.0))


def find(system: System, price: Floats) -> Point:
    """The equilibrium searched from node prices alone.

    Raises:
        SolveError: when the method does not arrive at a point that meets every condition.
    """
    ended = np.zeros(system.levies, dtype=bool)
    for _ in range(MOST_MODES):
        conditions = Complementarity(system, ended)
        z, steps = _follow(conditions, _inside(conditions, price))
        z = _least_flows(conditions, _polish(conditions, z))
        violation = conditions.violation(z)
        if not violation <= EXACT:
            break
        mode = _ended(conditions, z)
        if (mode == ended).all():
            return _point(conditions, z, steps)
        ended = mode
    raise SolveError(
        f"no equilibrium found for {system.problem.market.mineral}: the largest imbalance left is {violation:.2g} "
        "of the market; try a lower floor, a larger quota or a smaller shock"
    )


def _inside(c: Complementarity, price: Floats) -> Floats:
    """A start well inside every bound."""
    z = c.lower + np.minimum(1.0, 0.5 * (c.upper - c.lower))
    own = slice(0, len(c.at.moving))
    z[own] = c.lower[own] + np.minimum(SMALL_FLOW, 0.5 * (c.upper[own] - c.lower[own]))
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
    steps = 0
    while steps < MOST_STEPS:
        steps += 1
        value, slope = c.condition(own.z)
        rest, mean = value - own.at_lower + own.at_upper, own.product / count
        if not mean > CLEARED and np.abs(rest / c.sizes(own.z)).max(initial=0.0) <= EXACT:
            break
        try:
            factors = c.factors(slope + own.at_lower / own.from_lower + own.at_upper / own.from_upper + RIDGE)
        except RuntimeError:  # distances that vanish leave no digits
            break

        def direction(
            own: Iterate, factors: SuperLU, rest: Floats, target: float, ahead: Iterate | None = None
        ) -> Iterate:
            """The Newton step towards products of ``target``, corrected for what a step ``ahead`` leaves out."""
            below = target - (0.0 if ahead is None else ahead.from_lower * ahead.at_lower)
            above = target - (0.0 if ahead is None else ahead.from_upper * ahead.at_upper)
            below, above = below / own.from_lower - own.at_lower, bounded * above / own.from_upper - own.at_upper
            move: Floats = factors.solve(below - above - rest)
            return Iterate(
                move,
                move,
                -bounded * move,
                below - own.at_lower * move / own.from_lower,
                above + own.at_upper * move / own.from_upper,
            )

        ahead = direction(own, factors, rest, 0.0)
        left = max(own.moved(ahead, own.longest(ahead)).product, 0.0) / count
        move = direction(own, factors, rest, (left / mean) ** 3 * mean, ahead)
        if own.longest(move) < SHORT:
            move = direction(own, factors, rest, 0.5 * mean)
        own = own.moved(move, TO_THE_BOUND * own.longest(move))
    return own.z, steps


def _polish(c: Complementarity, z: Floats) -> Floats:
    """Newton on the equations left when the bounds that hold are known; the start where that leads nowhere better."""
    value, _ = c.condition(z)
    low, high = (z - c.lower) < value, (c.upper - z) < -value
    held, at = low | high, np.where(low, c.lower, np.where(high, c.upper, z))
    best, violation = at, c.violation(at)
    for _ in range(MOST_POLISHES):
        value, slope = c.condition(at)
        if violation <= ROUNDING or not np.isfinite(value[~held]).all():
            break
        try:
            move = c.factors(np.where(held, HELD, slope + POLISHING_RIDGE)).solve(np.where(held, 0.0, -value))
        except RuntimeError:
            break
        at = np.where(held, at, np.clip(at + move, c.lower, c.upper))
        now = c.violation(at)
        if now < violation:
            best, violation = at, now
    return best if violation <= max(c.violation(z), WELL_POLISHED) else z


def _least_flows(c: Complementarity, z: Floats) -> Floats:
    """Where flat activities could share a quantity in many ways (or send it in circles), the one with least squares."""
    count = len(c.at.moving)
    own = np.arange(count)
    room = np.minimum(z - c.lower, c.upper - z)[:count]
    free = own[(c.system.problem.table.shape[c.at.moving] == Shape.FLAT) & (room > ROUNDING)]
    limits = c.matrix[count:][:, free].toarray()
    if not len(free) or np.linalg.matrix_rank(limits) == len(free):
        return z
    wanted = np.concatenate([limits @ z[free] * KEPT, np.zeros(len(free))])
    found = lsq_linear(
        np.vstack([limits * KEPT, np.eye(len(free))]), wanted, (c.lower[free], c.upper[free]), method="bvls"
    )
    shared = z.copy()
    shared[free] = found.x
    shared = _polish(c, shared)
    return shared if c.violation(shared) <= EXACT else z


def _ended(c: Complementarity, z: Floats) -> Booleans:
    """Which levies end arrivals: those that left less than counts as none and still missed the floor."""
    s = c.system
    mode = c.ended.copy()
    x, price = c.quantity(z), z[c.at.price]
    for slot, group in enumerate(s.problem.levies):
        over = price[group.node] - s.floor[slot]
        if c.ended[slot]:
            mode[slot] = over <= EXACT
        else:
            few = x[group.members].sum() < s.shut[slot] * (1.0 - EXACT)
            mode[slot] = few and z[c.at.levy][slot] > 0.0 and (over < -EXACT or s.shut[slot] > ARRIVALS_ENDED)
    return mode


def _point(c: Complementarity, z: Floats, steps: int) -> Point:
    """The unknowns as a point; a levy that has ended arrivals is the smallest that does."""
    s, p = c.system, c.system.problem
    point, x = s.start(z[c.at.price]), c.quantity(z)
    point.rent, levy = z[c.at.rent], z[c.at.levy].copy()
    m = gain(p, point.price, charges_at(p, point.price, point.rent, np.zeros(len(levy)), x))
    cost = CurveGroups(p.table).marginal_cost(x)
    for slot, group in enumerate(p.levies):
        members = group.members[p.table.upper[group.members] > p.table.lower[group.members]]
        if (x[members] <= p.table.lower[members]).all():
            levy[slot] = min(levy[slot], float((m - cost)[members].max(initial=0.0)))
        m[group.members] -= levy[slot]
    point.levy, point.quantity, point.marginal, point.lag = levy, x, m, x
    point.steps, point.residual = steps, c.violation(z) * UNIT
    return point
