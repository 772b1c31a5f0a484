"""A solved state with what every table of it shares: quantities, prices at both ends, charges, and sums by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.charges import charges_at, gain
from model.equilibrium.tolerances import AT_LEAST, DUST, NEGLIGIBLE, SAME_SAVING
from model.market.curves import CurveGroups
from model.market.records import NOWHERE, Role, Shape, is_any, sum_by
from model.overlay import stage_positions
from model.problem import ROUNDING, congestion

if TYPE_CHECKING:
    from model.market.records import Floats, Integers
    from model.problem import State


class Ledger:
    """A solved state, activity by activity.

    ``x`` are the quantities (what exceeds a quota shared by flow where sharing it otherwise would save the same duty),
    ``shown`` the same without those too small to show; ``price_out`` and ``price_in`` the
    prices at both ends; ``charges`` what is paid on the way; ``friction`` what lies between the prices of calibrated
    routes beyond freight and charges, per unit; ``margin`` what one more unit earns beyond its marginal cost (the rent
    of a full route, or the loss on a forced shipment; of the friction that forces overcome, none is money).
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.problem = state.problem
        self.market = state.problem.market
        t = self.table = state.problem.table
        self.x = _shared_by_flow(state)
        extended = np.append(state.price, 0.0)
        self.price_out = extended[t.node_out]
        self.price_in = extended[t.node_in]
        self.stage = stage_positions(self.market, t)
        self.charges = charges_at(self.problem, state.price, state.rent, state.levy, self.x, state.step)
        earned, cost = gain(self.problem, state.price, self.charges), CurveGroups(t).marginal_cost(self.x)
        is_smooth = is_any(t.shape, (Shape.LOG, Shape.LOG1P))
        forced = is_smooth & (t.lower > 0.0) & (earned < cost) & (self.x <= t.lower * (1.0 + AT_LEAST))
        cost = np.where(forced, np.minimum(np.maximum(t.level, earned), cost), cost)
        self.congestion = congestion(self.problem, self.x)
        moves = (t.role == Role.ROUTE) & (self.x > 0.0)
        self.friction = np.where(moves, cost - t.landed_cost - self.congestion, 0.0)
        self.margin = np.where(moves, earned - cost, 0.0)
        negligible = np.where(is_smooth, NEGLIGIBLE, ROUNDING) * self._traded()
        dust = DUST * self.market.quantity_scale
        self.shown = np.where(self.x <= np.maximum(negligible, dust), 0.0, self.x)

    def where(self, *roles: Role) -> Integers:
        """Activities with one of the roles."""
        return np.flatnonzero(is_any(self.table.role, roles))

    def by_region(self, which: Integers, amount: Floats, of: str = "region") -> Floats:
        """Sum of ``amount`` over activities, by region (or by ``partner``)."""
        column: Integers = getattr(self.table, of)[which]
        return sum_by(column, amount[which], len(self.market.regions))

    def by_cell(self, which: Integers, amount: Floats, stage: Integers | None = None, of: str = "region") -> Floats:
        """Sum of ``amount`` by region and stage, shape (regions, stages)."""
        stages = len(self.market.stages)
        at = (self.stage if stage is None else stage)[which]
        cell = getattr(self.table, of)[which] * stages + at
        return sum_by(cell, amount[which], len(self.market.regions) * stages).reshape(-1, stages)

    def _traded(self) -> Floats:
        """What the smaller of an activity's nodes trades; an activity at no node is measured by itself."""
        t, nodes = self.table, len(self.market.nodes)
        size = np.full(nodes + 1, np.inf)
        arrives = sum_by(np.where(t.node_out == NOWHERE, nodes, t.node_out), self.x, nodes + 1)
        leaves = sum_by(np.where(t.node_in == NOWHERE, nodes, t.node_in), t.ratio * self.x, nodes + 1)
        size[:nodes] = np.maximum(arrives, leaves)[:nodes]
        smaller = np.minimum(size[t.node_in], size[t.node_out])
        return np.where(np.isinf(smaller), 0.0, smaller)


def _shared_by_flow(state: State) -> Floats:
    """The quantities, with each tariff-rate quota shared by flow among routes on which it saves the same duty.

    A quota goes first where it saves most. Among routes that save the same nothing decides but the rule of the format,
    "by flow"; the search ends at any of them.
    """
    x, problem = state.quantity.copy(), state.problem
    split = [group for group in problem.trqs if len(group.over) > 1]
    if split:
        saved = charges_at(problem, state.price, state.rent, state.levy, x).net
        for group in split:
            order = np.argsort(saved[group.over], kind="stable")
            edges = np.flatnonzero(np.diff(saved[group.over][order]) > SAME_SAVING * saved[group.over].max()) + 1
            for tied in np.split(order, edges):
                flow, beyond = x[group.routes[tied]], x[group.over[tied]]
                if 0.0 < beyond.sum() < flow.sum():
                    x[group.over[tied]] = beyond.sum() * flow / flow.sum()
    return x
