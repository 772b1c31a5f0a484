"""Prices that trade leaves open: where nobody trades, or all that is offered is sold, any price of a range clears.

The rule is one for all markets: the highest price that clears, which is what the next seller would ask; where no
seller is left to ask, the lowest, which is what the next buyer would bid. A levy that has ended arrivals comes first:
it is the smallest that does at any prices that clear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from model.equilibrium.charges import charges_at, gain
from model.market.curves import CurveGroups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.equilibrium.conditions import Point, System
    from model.market.records import Floats

AT_BOUND = 1e-9
"""A quantity this near a bound, in solver units, stands at it."""
FITS = 1e-10
"""A condition that is met this closely at the point stays met this closely [price scale]."""
FAR = 1e6
"""A price that could rise to so many price scales could rise without end."""
MOVED = 1e-8
"""Prices that move by less than this [price scale] were not open."""
FIRST = 1e3
"""A levy counts this much more than a price: what a smaller levy forgoes in prices is not made up for."""
TOLERANCES = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def settle(system: System, point: Point) -> None:
    """Settle the open prices of a point by the rule, under the smallest levies that end the arrivals they end.

    Where nothing would arrive anyway, that levy is zero.
    """
    ends = _ends_arrivals(system, point)
    price = _by_rule(system, point, ends)
    point.price = np.where(np.abs(price - point.price) > MOVED * np.maximum(point.price, 1.0), price, point.price)
    if ends.any():
        point.levy = np.where(ends, _smallest(system, point), point.levy)
        _charge_closed(system, point)


def _ends_arrivals(system: System, point: Point) -> NDArray[np.bool_]:
    """Levies under which no more arrives than is committed."""
    t, x = system.problem.table, point.quantity
    more = (x > t.lower + AT_BOUND) & (t.upper > t.lower)
    arrives = np.array([more[group.members].any() for group in system.problem.levies], dtype=bool)
    ends: NDArray[np.bool_] = (point.levy > 0.0) & ~arrives
    return ends


def _smallest(system: System, point: Point) -> Floats:
    """For each levy the smallest at which nothing more than is committed arrives at the point's prices.

    What a quota of nothing keeps out needs no levy.
    """
    t = system.problem.table
    closed = np.zeros(len(t), dtype=bool)
    for pool in _closed(system):
        closed[system.problem.pools[pool].members] = True
    more = np.where((t.upper > t.lower) & ~closed, _worth(system, point, np.zeros(system.levies)), 0.0)
    needed = np.array([more[group.members].max(initial=0.0) for group in system.problem.levies])
    return np.where(needed > MOVED, np.minimum(needed, system.cap), 0.0)


def _charge_closed(system: System, point: Point) -> None:
    """Raise the rent of each quota of nothing to what the first unit would be worth."""
    t = system.problem.table
    for position in _closed(system):
        pool = system.problem.pools[position]
        worth = np.where(t.upper > t.lower, _worth(system, point, point.levy), 0.0)[pool.members] / pool.weight
        rent = point.rent.copy()
        rent[position] += worth.max(initial=0.0)
        point.rent = rent


def _closed(system: System) -> list[int]:
    """Quotas of nothing, by position among the pools; beyond a tariff-rate quota of nothing there is a way in."""
    return [pool for pool in system.own if pool not in system.trq_of and system.problem.pools[pool].limit <= AT_BOUND]


def _worth(system: System, point: Point, levy: Floats) -> Floats:
    """What one more unit of every activity would gain at the point's prices and rents under given levies."""
    p, x = system.problem, point.quantity
    worth: Floats = gain(p, point.price, charges_at(p, point.price, point.rent, levy, x)) - CurveGroups(
        p.table
    ).marginal_cost(x)
    return worth


def _by_rule(system: System, point: Point, ends: NDArray[np.bool_]) -> Floats:
    """The highest prices that clear, and the lowest where those have no end; the point's own where none is found."""
    nodes, floor, at = system.nodes, system.floor, system.levy_node
    least, most = np.zeros(nodes), np.full(nodes, FAR)
    most[system.imbalance(point.quantity) > AT_BOUND] = 0.0
    charged = point.levy > 0.0
    holds = charged & ~ends & (point.price[at] >= floor - FITS)
    most[at[charged]] = np.minimum(most[at[charged]], floor[charged])
    least[at[holds]] = floor[holds]
    least = np.r_[least, np.where(ends, 0.0, point.levy)]
    most = np.r_[most, np.where(ends, np.minimum(system.cap, FAR), point.levy)]
    limits = _limits(system, point)
    highest = _extreme(-1.0, limits, least, most, nodes)
    if highest is None:
        return point.price
    is_open = np.r_[highest[:nodes] >= 0.5 * FAR, ends]
    if not is_open[:nodes].any():
        return highest[:nodes]
    lowest = _extreme(1.0, limits, np.where(is_open, least, highest), np.where(is_open, most, highest), nodes)
    return point.price if lowest is None else lowest[:nodes]


def _extreme(
    sign: float, limits: tuple[sparse.csr_array, Floats], least: Floats, most: Floats, nodes: int
) -> Floats | None:
    """Prices, then levies, within limits: the smallest levies and with them the smallest sum of prices.

    With a negative sign the largest sum of prices; None where nothing is within the limits.
    """
    weight = np.r_[np.full(nodes, sign), np.full(len(least) - nodes, FIRST)]
    bounds = np.column_stack([least, most])
    found: Any = linprog(weight, *limits, bounds=bounds, method="highs", options=TOLERANCES)  # type: ignore[call-overload]
    return np.array(found.x) if found.success else None


def _limits(system: System, point: Point) -> tuple[sparse.csr_array, Floats]:
    """Limits on prices and levies under which every quantity stays what its activity wants: ``rows @ z <= bound``."""
    problem, t, x = system.problem, system.problem.table, point.quantity
    more = gain(problem, point.price, charges_at(problem, point.price, point.rent, point.levy, x))
    with np.errstate(all="ignore"):
        slack = CurveGroups(t).marginal_cost(x) - more
    slack = np.where(np.isfinite(slack), slack, np.inf)
    may_rise = (x < t.upper - AT_BOUND) & np.isfinite(slack)
    may_fall = (x > t.lower + AT_BOUND) & np.isfinite(slack)
    received, paid = _on_prices(system, point)
    of, count = np.arange(len(t)), system.nodes + system.levies
    levied = np.flatnonzero(system.problem.levy >= 0)
    ends = [np.where(node == system.nodes, count, node) for node in (system.node_out, system.node_in)]
    rows = np.r_[of, of, levied]
    columns = np.r_[*ends, system.nodes + system.levy_slot[levied]]
    values = np.r_[received, -paid, -np.ones(len(levied))]
    gains = sparse.csr_array((values, (rows, columns)), (len(t), count + 1))[:, :count]
    at_point = gains @ np.r_[point.price, point.levy]
    within = sparse.vstack([gains[np.flatnonzero(may_rise)], -gains[np.flatnonzero(may_fall)]])
    bound = np.r_[(at_point + np.maximum(slack, FITS))[may_rise], (-at_point + np.maximum(-slack, FITS))[may_fall]]
    guaranteed = np.flatnonzero(problem.producer_floor > 0.0)
    side = np.where(point.price[guaranteed] <= problem.producer_floor[guaranteed], 1.0, -1.0)
    stays = sparse.csr_array((side, (np.arange(len(guaranteed)), guaranteed)), (len(guaranteed), count))
    return sparse.csr_array(sparse.vstack([within, stays])), np.r_[bound, side * problem.producer_floor[guaranteed]]


def _on_prices(system: System, point: Point) -> tuple[Floats, Floats]:
    """How much of the price where it delivers an activity gets, and of the price where it takes it pays."""
    price = np.append(point.price, 0.0)
    topped_up = system.is_production & (system.producer_floor[system.node_out] > price[system.node_out])
    paid = system.on_price_in.copy()
    for charge in system.greater:
        paid[charge.members] += system.larger_part(charge, price[system.node_in], point.quantity)[1]
    return np.where(topped_up, 0.0, 1.0), paid
