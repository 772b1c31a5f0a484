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

    Limits = tuple[sparse.csr_array, Floats]

AT_BOUND = 1e-9
"""A quantity this near a bound, in solver units, stands at it."""
FITS = 1e-10
"""A condition that is met this closely at the point stays met this closely [price scale]."""
FAR = 1e6
"""A price that could rise to so many price scales could rise without end."""
EXACT = 1e-7
"""What is this near to indifference at the least charges [price scale] is indifferent."""
MOVED = 1e-8
"""Prices that move by less than this [price scale] were not open."""
PRICELESS = 1e-15
"""A price this low [price scale] is zero."""
FIRST = 1e3
"""A levy counts this much more than a price: what a smaller levy forgoes in prices is not made up for."""
OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10, "presolve": False}
"""Exact, and without a presolve that takes many times longer than so small a programme."""


def settle(system: System, point: Point) -> None:
    """Settle the open prices of a point by the rule; then levies and rents are the least that go with its quantities.

    A levy gives way to a rent: where a full quota alone holds the floor, or nothing would arrive anyway, it is zero.
    """
    ends, found = _ends_arrivals(system, point), _slack(system, point)
    price = _by_rule(system, point, ends, found)
    point.price = np.where(np.abs(price - point.price) > MOVED * np.maximum(point.price, 1.0), price, point.price)
    point.price[point.price < PRICELESS] = 0.0
    _charge_least(system, point, ends, found)


def _ends_arrivals(system: System, point: Point) -> NDArray[np.bool_]:
    """Levies under which no more arrives than is committed."""
    t, x = system.problem.table, point.quantity
    more = (x > t.lower + AT_BOUND) & (t.upper > t.lower)
    arrives = np.array([more[group.members].any() for group in system.problem.levies], dtype=bool)
    ends: NDArray[np.bool_] = (point.levy > 0.0) & ~arrives
    return ends


def _charge_least(system: System, point: Point, ends: NDArray[np.bool_], before: Floats) -> None:
    """The least levies that hold their floors or end arrivals, and with them the least rents, at the point's prices."""
    holds = (point.levy > 0.0) & (point.price[system.levy_node] >= system.floor - FITS)
    free_levy, free_rent = ends | holds, _full(system, point)
    if not free_levy.any() and not free_rent.any():
        return
    nodes, own = system.nodes, np.r_[point.levy, point.rent]
    free = np.r_[free_levy, free_rent]
    least = np.r_[point.price, np.where(free, 0.0, own)]
    most = np.r_[point.price, np.where(free, np.r_[system.cap, np.full(len(point.rent), np.inf)], own)]
    weight = np.r_[np.zeros(nodes), np.full(system.levies, FIRST), np.ones(len(point.rent))]
    limits = _limits(system, point, before)
    for give in (FITS, MOVED):  # prices that were settled meet those that were not within as much
        about = np.r_[give * np.maximum(point.price, 1.0), np.zeros(len(own))]
        found = _extreme(weight, limits, least - about, most + about)
        if found is not None:
            break
    if found is not None:
        charges = np.where(np.abs(found[nodes:] - own) > MOVED, found[nodes:], own)
        point.levy, point.rent = charges[: system.levies], charges[system.levies :]
        point.levy[found[nodes:][: system.levies] <= FITS] = 0.0
        _make_exact(system, point, free & (charges > MOVED))


def _make_exact(system: System, point: Point, free: NDArray[np.bool_]) -> None:
    """Move charges that are free by the rounding with which they leave what pays them indifferent."""
    slack = _slack(system, point)
    tight = np.flatnonzero(np.abs(slack) <= EXACT)
    paid = _gains(system, point)[tight][:, system.nodes + np.flatnonzero(free)].toarray()
    move = np.zeros(len(free))
    move[free] = np.linalg.lstsq(paid, slack[tight], rcond=None)[0]
    point.levy, point.rent = point.levy + move[: system.levies], point.rent + move[system.levies :]


def _full(system: System, point: Point) -> NDArray[np.bool_]:
    """Pools without room."""
    x, pools = point.quantity, system.problem.pools
    used = np.array([pool.weight @ x[pool.members] for pool in pools])
    full: NDArray[np.bool_] = used >= np.array([pool.limit for pool in pools]) - AT_BOUND
    return full


def _by_rule(system: System, point: Point, ends: NDArray[np.bool_], before: Floats) -> Floats:
    """The highest prices that clear, and the lowest where those have no end; the point's own where none is found."""
    nodes, floor, at = system.nodes, system.floor, system.levy_node
    least, most = np.zeros(nodes), np.full(nodes, FAR)
    most[system.imbalance(point.quantity) > AT_BOUND] = 0.0
    charged = point.levy > 0.0
    holds = charged & ~ends & (point.price[at] >= floor - FITS)
    most[at[charged]] = np.minimum(most[at[charged]], floor[charged])
    least[at[holds]] = floor[holds]
    full = _full(system, point)
    least = np.r_[least, np.where(ends | holds, 0.0, point.levy), np.where(full, 0.0, point.rent)]
    most = np.r_[most, np.where(ends, np.minimum(system.cap, FAR), point.levy), np.where(full, np.inf, point.rent)]
    weight = np.r_[np.ones(nodes), np.full(system.levies, FIRST), np.zeros(len(full))]
    for without_loss in (True, False):
        limits = _limits(system, point, before, without_loss)
        highest = _extreme(np.r_[-weight[:nodes], weight[nodes:]], limits, least, most)
        if highest is not None:
            break
    if highest is None:
        return point.price
    is_open = np.r_[highest[:nodes] >= 0.5 * FAR, ends | holds, full]
    if not is_open[:nodes].any():
        return highest[:nodes]
    lowest = _extreme(weight, limits, np.where(is_open, least, highest), np.where(is_open, most, highest))
    return point.price if lowest is None else lowest[:nodes]


def _extreme(weight: Floats, limits: Limits, least: Floats, most: Floats) -> Floats | None:
    """Prices, levies and rents within limits with the smallest weighted sum; None where nothing is within them."""
    bounds = np.column_stack([least, most])
    found: Any = linprog(weight, *limits, bounds=bounds, method="highs", options=OPTIONS)  # type: ignore[call-overload]
    return np.array(found.x) if found.success else None


def _slack(system: System, point: Point) -> Floats:
    """What one more unit of every activity costs beyond what it earns; infinite where it has no end."""
    p, x = system.problem, point.quantity
    with np.errstate(all="ignore"):
        earned = gain(p, point.price, charges_at(p, point.price, point.rent, point.levy, x))
        slack = CurveGroups(p.table).marginal_cost(x) - earned
    return np.where(np.isfinite(slack), slack, np.inf)


def _gains(system: System, point: Point) -> sparse.csr_array:
    """What every activity gains by each price, levy and rent, shape (activities, nodes + levies + pools)."""
    problem, t = system.problem, system.problem.table
    received, paid = _on_prices(system, point)
    of, count = np.arange(len(t)), system.nodes + system.levies + len(problem.pools)
    levied = np.flatnonzero(problem.levy >= 0)
    ends = [np.where(node == system.nodes, count, node) for node in (system.node_out, system.node_in)]
    pools = [np.full(len(pool.members), count - len(problem.pools) + slot) for slot, pool in enumerate(problem.pools)]
    rows = np.concatenate([of, of, levied, *(pool.members for pool in problem.pools)])
    columns = np.concatenate([*ends, system.nodes + system.levy_slot[levied], *pools])
    values = np.concatenate([received, -paid, -np.ones(len(levied)), *(-pool.weight for pool in problem.pools)])
    return sparse.csr_array((values, (rows, columns)), (len(t), count + 1))[:, :count]


def _limits(system: System, point: Point, before: Floats, without_loss: bool = False) -> Limits:
    """Limits on prices, levies and rents under which quantities stay what is wanted: ``rows @ z <= bound``.

    By as much as an activity missed its condition ``before``, where the search ended, it may miss it here. With prices
    ``without_loss`` nothing committed is shipped at a loss, so that nothing is forced which trade would carry anyway.
    """
    problem, t, x = system.problem, system.problem.table, point.quantity
    slack, gains = _slack(system, point), _gains(system, point)
    may_rise = (x < t.upper - AT_BOUND) & np.isfinite(slack)
    may_fall = (x > t.lower + AT_BOUND) & np.isfinite(slack)
    at_point = gains @ np.r_[point.price, point.levy, point.rent]
    within = sparse.vstack([gains[np.flatnonzero(may_rise)], -gains[np.flatnonzero(may_fall)]])
    bound = np.r_[(at_point + _room(slack, before))[may_rise], (-at_point + _room(-slack, -before))[may_fall]]
    guaranteed = np.flatnonzero(problem.producer_floor > 0.0)
    side = np.where(point.price[guaranteed] <= problem.producer_floor[guaranteed], 1.0, -1.0)
    forced = np.array([each.route for each in problem.commitments] if without_loss else [], dtype=np.intp)
    within, bound = sparse.vstack([within, -gains[forced]]), np.r_[bound, -(at_point + slack)[forced] + FITS]
    stays = sparse.csr_array((side, (np.arange(len(guaranteed)), guaranteed)), (len(guaranteed), gains.shape[1]))
    return sparse.csr_array(sparse.vstack([within, stays])), np.r_[bound, side * problem.producer_floor[guaranteed]]


def _room(slack: Floats, before: Floats) -> Floats:
    """What is left of a limit; where it is met but for rounding, as much as that."""
    left = slack + np.where(np.isfinite(before), np.maximum(-before, 0.0), 0.0)
    return np.where(left < -MOVED, left, np.maximum(left, FITS))


def _on_prices(system: System, point: Point) -> tuple[Floats, Floats]:
    """How much of the price where it delivers an activity gets, and of the price where it takes it pays."""
    price = np.append(point.price, 0.0)
    topped_up = system.is_production & (system.producer_floor[system.node_out] > price[system.node_out])
    paid = system.on_price_in.copy()
    for charge in system.greater:
        paid[charge.members] += system.larger_part(charge, price[system.node_in], point.quantity)[1]
    return np.where(topped_up, 0.0, 1.0), paid
