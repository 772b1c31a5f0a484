"""Prices that trade leaves open: where nobody trades, or all that is offered is sold, any price of a range clears.

The rule is one for all markets: the highest price that clears, which is what the next seller would ask; where no
seller is left to ask, the lowest, which is what the next buyer would bid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from model.equilibrium.charges import charges_at, gain
from model.market.curves import CurveGroups

if TYPE_CHECKING:
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
TOLERANCES = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def settled(system: System, point: Point) -> Floats:
    """Node prices of a point with the open ones settled by the rule; the point's own where none is open."""
    rows, bound = _limits(system, point)
    least, most = np.zeros(system.nodes), np.full(system.nodes, FAR)
    most[system.imbalance(point.quantity) > AT_BOUND] = 0.0
    for slot, group in enumerate(system.problem.levies):
        floor, now = float(system.floor[slot]), float(point.price[group.node])
        if point.levy[slot] > 0.0:
            least[group.node], most[group.node] = (floor, floor) if now >= floor - FITS else (0.0, floor)
    highest = _extreme(-1.0, rows, bound, least, most)
    if highest is None:
        return point.price
    is_open = highest >= 0.5 * FAR
    price = np.where(is_open, point.price, highest)
    if is_open.any():
        lowest = _extreme(1.0, rows, bound, np.where(is_open, least, price), np.where(is_open, most, price))
        price = point.price if lowest is None else lowest
    return np.where(np.abs(price - point.price) > MOVED * np.maximum(point.price, 1.0), price, point.price)


def _extreme(sign: float, rows: sparse.csr_array, bound: Floats, least: Floats, most: Floats) -> Floats | None:
    """Prices of the smallest (or, with a negative sign, largest) sum within limits; None where none is found."""
    bounds = np.column_stack([least, most])
    found: Any = linprog(np.full(len(least), sign), rows, bound, bounds=bounds, method="highs", options=TOLERANCES)  # type: ignore[call-overload]
    return np.array(found.x) if found.success else None


def _limits(system: System, point: Point) -> tuple[sparse.csr_array, Floats]:
    """Limits on prices under which every quantity of the point stays what its activity wants, as ``rows @ p <= bound``.

    A levy that has just ended arrivals follows the prices up to its cap.
    """
    problem, t, x = system.problem, system.problem.table, point.quantity
    more = gain(problem, point.price, charges_at(problem, point.price, point.rent, point.levy, x))
    rise = np.append(np.where(point.levy > 0.0, system.cap - point.levy, 0.0), 0.0)[system.levy_slot]
    with np.errstate(all="ignore"):
        slack = CurveGroups(t).marginal_cost(x) - more
    slack = np.where(np.isfinite(slack), slack, np.inf) + np.where(x <= t.lower + AT_BOUND, rise, 0.0)
    may_rise = (x < t.upper - AT_BOUND) & np.isfinite(slack)
    may_fall = (x > t.lower + AT_BOUND) & np.isfinite(slack)
    received, paid = _on_prices(system, point)
    of, nodes = np.arange(len(t)), system.nodes
    ends = np.r_[system.node_out, system.node_in]
    by_price = sparse.csr_array((np.r_[received, -paid], (np.r_[of, of], ends)), (len(t), nodes + 1))[:, :nodes]
    at_point = by_price @ point.price
    rows = sparse.vstack([by_price[np.flatnonzero(may_rise)], -by_price[np.flatnonzero(may_fall)]])
    bound = np.r_[(at_point + np.maximum(slack, FITS))[may_rise], (-at_point + np.maximum(-slack, FITS))[may_fall]]
    guaranteed = np.flatnonzero(problem.producer_floor > 0.0)
    side = np.where(point.price[guaranteed] <= problem.producer_floor[guaranteed], 1.0, -1.0)
    stays = sparse.csr_array((side, (np.arange(len(guaranteed)), guaranteed)), (len(guaranteed), nodes))
    return sparse.csr_array(sparse.vstack([rows, stays])), np.r_[bound, side * problem.producer_floor[guaranteed]]


def _on_prices(system: System, point: Point) -> tuple[Floats, Floats]:
    """How much of the price where it delivers an activity gets, and of the price where it takes it pays."""
    price = np.append(point.price, 0.0)
    topped_up = system.is_production & (system.producer_floor[system.node_out] > price[system.node_out])
    paid = system.on_price_in.copy()
    for charge in system.greater:
        paid[charge.members] += system.larger_part(charge, price[system.node_in], point.quantity)[1]
    return np.where(topped_up, 0.0, 1.0), paid
