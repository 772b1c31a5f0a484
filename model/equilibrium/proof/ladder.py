"""Cutting smooth curves into steps, so that a linear programme can hold them.

Every activity with a curve becomes a ladder of bounded columns, each with one cost. The steps are fine around a centre
(a marginal value per activity) and grow towards the ends of the curve. An activity in the *flat* set has a step centred
on its marginal value: it can take any quantity nearby at exactly that cost. Every other activity has the edge between
two steps there: any marginal value nearby leaves its quantity unchanged. With the flat set a spanning forest of the
nodes, the programme's solution at the centre is unique and exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.charges import charges_at, gain
from model.market.curves import CurveGroups
from model.market.records import NOWHERE, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.equilibrium.conditions import Point, System
    from model.market.records import Activities, Floats, Integers
    from model.problem import Pool, Problem, State

FINE = np.array([1.0, 40.0, 1600.0])
"""Edges of the proving ladder on either side of the centre, in step widths."""


INDEPENDENT = 1e-9
"""A column whose part outside the span of earlier ones is smaller than this adds nothing to it."""
INSIDE = 1e-7
"""An activity with more room, or a wider step, than this (in thousandths of the quantity scale) can fix a price."""


@dataclass(frozen=True)
class Steps:
    """Cost, lower and upper bound of every column (scaled), and the activity each belongs to."""

    owner: Integers
    cost: Floats
    lower: Floats
    upper: Floats


class Ladder:
    """The columns of one activity table.

    Flat activities have one each, unused routes few, other curves ``2·len(edges)+2``.
    """

    def __init__(self, table: Activities, edges: Floats, short_edges: int) -> None:
        self.table = table
        self.curves = CurveGroups(table)
        self.flat = np.flatnonzero(table.shape == Shape.FLAT)
        self.groups = [
            (np.flatnonzero((table.shape != Shape.FLAT) & (table.shape != Shape.LOG1P)), edges),
            (np.flatnonzero(table.shape == Shape.LOG1P), edges[:short_edges]),
        ]
        counts = [(which, 2 * len(used) + 2) for which, used in self.groups]
        self.owner = np.concatenate([self.flat, *(np.repeat(which, count) for which, count in counts)])

    def around(self, problem: Problem, state: State, width: float) -> Steps:
        """Columns around a state of a (scaled) problem, with what the instruments charge there."""
        charges = charges_at(problem, state.price, state.rent, state.levy, state.quantity)
        nowhere = np.zeros(len(problem.table), dtype=bool)
        return self.steps(gain(problem, state.price, charges), width, nowhere, charges.net)

    def steps(self, centre: Floats, width: float, is_flat: NDArray[np.bool_], charge: Floats) -> Steps:
        """Columns around marginal values ``centre`` (per activity, net of ``charge``), steps near it ``width`` wide."""
        t = self.table
        costs, lowers, uppers = [t.level[self.flat] + charge[self.flat]], [t.lower[self.flat]], [t.upper[self.flat]]
        for which, edges in self.groups:
            distance = width * np.concatenate([-edges[::-1], [0.0], edges])
            edge = centre[which][:, None] + distance + 0.5 * width * is_flat[which][:, None]
            reached = self.curves.quantity(edge, which)
            bottom, top = t.lower[which][:, None], t.upper[which][:, None]
            sizes = np.diff(np.concatenate([bottom, reached, top], axis=1), axis=1)
            middle = 0.5 * (edge[:, 1:] + edge[:, :-1])
            ends = 0.5 * (distance[-1] - distance[-2])
            cost = np.concatenate([edge[:, :1] - ends, middle, edge[:, -1:] + ends], axis=1)
            low = np.zeros_like(sizes)
            low[:, :1] = bottom
            sizes[:, :1] += bottom
            costs.append((cost + charge[which][:, None]).ravel())
            lowers.append(low.ravel())
            uppers.append(np.maximum(sizes, low).ravel())
        return Steps(self.owner, np.concatenate(costs), np.concatenate(lowers), np.concatenate(uppers))


def flat_set(system: System, point: Point, centre: Floats, width: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Activities to be given a flat step, and the nodes whose price the programme then determines.

    Together with the interior flat curves the flat set connects every node that trades, and every binding pool, to the
    outside. Preferred are activities with one end outside the market (demand, supply), then the largest. ``centre`` is
    what one more unit of each activity earns, ``width`` that of the steps: an activity that hardly moves over one fixes
    no price.
    """
    t = system.problem.table
    x = point.quantity
    curved = t.shape != Shape.FLAT
    _, slope = CurveGroups(t).quantity_and_slope(centre, x, 1.0)
    inside = np.minimum(np.where(curved, slope * width, np.inf), np.minimum(x - t.lower, t.upper - x)) > INSIDE
    pools = system.problem.pools
    binding = [
        pool
        for rent, pool in zip(point.rent, pools, strict=True)
        if rent > 0 or pool.weight @ x[pool.members] > pool.limit - INSIDE  # another full limit may have its rent
    ]
    pooled = np.zeros(len(t), dtype=bool)
    for pool in binding:
        pooled[pool.members] = True
    is_flat = np.zeros(len(t), dtype=bool)
    parent = list(range(system.nodes + 1))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    ends_in, ends_out = system.node_in.tolist(), system.node_out.tolist()

    def connect(activity: int) -> bool:
        a, b = root(ends_in[activity]), root(ends_out[activity])
        parent[a] = b
        return a != b

    if (inside & ~curved & pooled & (t.ratio > 0)).any():
        return _independent_flats(system, point, inside, binding)
    for activity in np.flatnonzero(inside & ~curved & (t.ratio > 0)).tolist():
        connect(activity)
    outside = (t.node_in == NOWHERE) | (t.node_out == NOWHERE)
    candidates = np.flatnonzero(inside & curved & ~pooled)
    for activity in candidates[np.lexsort((-x[candidates], ~outside[candidates]))].tolist():
        is_flat[activity] = connect(activity)
    for pool in binding:
        members = pool.members[inside[pool.members]]
        free = members[~is_flat[members]]
        if len(free) and curved[members].all():
            is_flat[free[np.argmax(x[free])]] = True
    home = root(system.nodes)
    pinned = np.array([root(node) == home for node in range(system.nodes)])
    return is_flat, pinned


def _independent_flats(
    system: System, point: Point, inside: NDArray[np.bool_], binding: list[Pool]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The flat set where flat routes share a binding pool: what adds to the rank of the columns already fixed."""
    t, x = system.problem.table, point.quantity
    rows = system.nodes + len(binding)
    columns = np.zeros((rows, len(t)))
    moves = np.flatnonzero(t.ratio > 0)
    for ends, weight in ((t.node_out, np.ones(len(t))), (t.node_in, -t.ratio)):
        there = moves[ends[moves] != NOWHERE]
        columns[ends[there], there] += weight[there]
    for row, pool in enumerate(binding, start=system.nodes):
        columns[row, pool.members] = pool.weight
    curved = t.shape != Shape.FLAT
    outside = (t.node_in == NOWHERE) | (t.node_out == NOWHERE)
    basis = np.zeros((rows, 0))
    is_flat = np.zeros(len(t), dtype=bool)
    for activity in np.lexsort((-x, ~outside, curved)).tolist():
        if not inside[activity]:
            continue
        rest = columns[:, activity] - basis @ (basis.T @ columns[:, activity])
        size = float(np.linalg.norm(rest))
        if size > INDEPENDENT:
            basis = np.column_stack([basis, rest / size])
            is_flat[activity] = curved[activity]
    fixed = np.eye(rows) - basis @ basis.T
    pinned = np.abs(fixed[: system.nodes]).max(axis=1) < INDEPENDENT
    return is_flat, pinned
