"""The market as one mixed complementarity problem: every unknown between two bounds, each with its condition.

An unknown's condition ``F`` is zero, or positive at the unknown's lower bound, or negative at its upper one.

===============================  =====================  ==============================================================
unknown                          bounds                 condition F
===============================  =====================  ==============================================================
quantity of an activity          lower, upper           its marginal cost less what one more unit earns
price of a node                  0, none                arrivals less departures
rent of a pool                   0, none                limit less what is used of it
levy of a floor                  0, highest of use      price less floor; or least arrivals less arrivals
top-up, higher part of a duty    0, none                itself less what it must at least be
===============================  =====================  ==============================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from model.equilibrium.tolerances import ARRIVALS_ENDED
from model.market.curves import LOWEST_PRICE
from model.market.records import NOWHERE, Shape, is_any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse.linalg import SuperLU

    from model.equilibrium.conditions import System
    from model.market.records import Floats, Integers
    from model.problem import Problem

    Booleans = NDArray[np.bool_]

A_TRACE = 1e-13
"""What passes a place counts as at least this much."""
NO_ROOM = 1e-12
"""Bounds that differ by this share of themselves differ by rounding: such a quantity cannot move."""
ORDERING: Final = "MMD_AT_PLUS_A"
"""Least degree of the matrix and its transpose: prices and quantities stand in each other's conditions alike."""
UNIT = 1000.0
"""Solver units of quantity that make one unit here, so that prices and quantities are both near one."""


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

    ``ended`` says of each levy whether it ends arrivals, instead of holding its floor; ``paid`` of each node where
    producers are guaranteed a price whether it is paid there, None that it is to be found.
    """

    def __init__(self, system: System, ended: Booleans, paid: Booleans | None = None) -> None:
        self.system, self.ended, self.paid = system, ended, paid
        problem, t = system.problem, system.problem.table
        least, most = _ends(problem)
        moving = np.flatnonzero(most > least)
        self.tops = np.flatnonzero(problem.producer_floor > 0.0)
        self._greater = [
            (charge, member)
            for charge in system.greater
            for member in np.flatnonzero(np.isin(charge.members, moving)).tolist()
        ]
        counts = (len(moving), system.nodes, len(problem.pools), system.levies, len(self.tops) + len(self._greater))
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
            if self.system.cap[slot] <= 0.0 or not (self._place[group.members] >= 0).any():
                self._put(row, row, 1.0)  # no levy, or none that anything could pay
                continue
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
        for slot, node in enumerate(self.tops.tolist()):
            makers = np.flatnonzero(s.is_production & (p.table.node_out == node))
            if self.paid is None:
                self._charged(row, makers, -np.ones(len(makers)))
                self._put(row, self.at.price.start + node, 1.0)
                self.constant[row] = -p.producer_floor[node]
            elif self.paid[slot]:  # the guaranteed price is theirs, whatever the market's is
                own = self._place[makers][self._place[makers] >= 0]
                self._put(own, self.at.price.start + node, 1.0)
                self.constant[own] -= p.producer_floor[node]
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
            rate = s.ad_valorem[group.over] * s.slope_of_landed[group.routes]
            for part in np.flatnonzero((rate > 0.0) & (over >= 0)).tolist():
                if routes[part] >= 0:
                    self._put(over[part], routes[part], rate[part] * UNIT)
                else:  # all that the route carries is committed
                    self.constant[over[part]] += rate[part] * self.fixed[group.routes[part]]

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
        return splu(full, permc_spec=ORDERING)

    def violation(self, z: Floats) -> float:
        """The farthest that an unknown would move if it followed its condition, of the sizes that meet there."""
        value, _ = self.condition(z)
        moves = np.abs(z - np.clip(z - value, self.lower, self.upper))
        return float((moves / self.sizes(z)).max(initial=0.0))

    def mismatch(self, z: Floats, held: Booleans) -> float:
        """The largest imbalance of a node or limit that is to be met, of what passes there, however little it is."""
        count = len(self.at.moving)
        passes = self._absolute @ np.abs(z) + np.abs(self.constant)
        off = np.where(held, 0.0, np.abs(self.matrix @ z + self.constant))[count:]
        return float((off / np.maximum(passes[count:], A_TRACE)).max(initial=0.0))

    def sizes(self, z: Floats) -> Floats:
        """What each condition is measured by: the amounts that meet in it, one at least."""
        size: Floats = np.maximum(self._absolute @ np.abs(z), 1.0)
        return size


def _ends(problem: Problem) -> tuple[Floats, Floats]:
    """Bounds of every activity's quantity; isoelastic curves end where they are cut off near a price of zero.

    Under a limit they do not: its rent may be all of the price.
    """
    t = problem.table
    power = t.shape == Shape.POWER
    end = np.where(power, t.base, 0.0) * LOWEST_PRICE ** np.where(power, t.exponent, 1.0)
    least = np.where(power & (t.exponent > 0), np.minimum(np.maximum(end, t.lower), t.upper), t.lower)
    for pool in problem.pools:
        least[pool.members] = t.lower[pool.members]
    most = np.where(power & (t.exponent < 0), np.maximum(np.minimum(end, t.upper), t.lower), t.upper)
    return least, np.where(most <= least * (1.0 + NO_ROOM), least, most)


def highest_of_use(system: System, slot: int) -> float:
    """A levy beyond which nothing arrives while the price is below the floor."""
    t, group = system.problem.table, system.problem.levies[slot]
    level = t.level[group.members]
    falls = np.where(is_any(t.shape[group.members], (Shape.LOG, Shape.LOG1P)), t.width[group.members], 0.0)
    fade = falls * np.log1p(t.base[group.members] / ARRIVALS_ENDED)
    return 1.0 + 1.5 * float(system.floor[slot]) + float(np.max(fade - level, initial=0.0))
