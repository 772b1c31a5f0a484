"""New capacity enters a market: where it sells, and by which routes.

A route's friction is measured from the flow it carried in the base year, so a region that shipped little would sell a
new plant's output only at home, however low the price there falls. New capacity therefore opens channels to every buyer
in proportion to what the buyer took in the base year: on each of the region's routes the quantity that friction is
measured from grows by that part of the new capacity. A region that sold nothing of the stage before gets a node and
routes of its own, at freight plus the margin of any new route.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.market.records import NOWHERE, Node, NodeRole, Role, Shape, activities, join

if TYPE_CHECKING:
    from model.assumptions import Assumptions
    from model.market.calibrate import CalibratedMineral
    from model.market.records import Activities, Floats, MineralMarket


def open_refineries(part: CalibratedMineral, assumptions: Assumptions) -> MineralMarket:
    """The market with the refineries opened since the base year (``opened_refining_IDN`` in t refined a year).

    They stand by mines of their region, whose ore they take at the gate. Idle at the base year's margin, they are at
    full work where it is higher by the least margin counted.
    """
    market, last = part.market, part.base.stages[-1]
    for region, capacity_t in assumptions.by_region("opened_refining", market.mineral).items():
        market = open_channels(part, market, assumptions, region, last.stage, capacity_t)
        ore, metal = (market.node(region, stage, NodeRole.SUPPLY) for stage in market.stages)
        here, ratio = market.regions.index(region), 1.0 / part.base.recovery
        refining = activities(
            1,
            role=Role.PROCESS,
            shape=Shape.LINEAR,
            region=here,
            node_in=ore,
            node_out=metal,
            ratio=ratio,
            level=part.costs[-1].supply_price[here] - ratio * part.costs[0].supply_price[here],
            width=assumptions.value("refining_margin_min", market.mineral) * last.price_usd_per_t / capacity_t,
            upper=capacity_t,
        )
        market = replace(market, activities=join([market.activities, refining]))
    return market


def open_channels(
    part: CalibratedMineral,
    market: MineralMarket,
    assumptions: Assumptions,
    region: str,
    stage: str,
    capacity_t: float,
) -> MineralMarket:
    """``market`` with a place to sell ``capacity_t`` more of a stage from a region [t/yr].

    New routes carry no duty: the caller lays the duties in force over the result.
    """
    index = market.stages.index(stage)
    taken = part.base.stages[index].flow_t.sum(axis=0)
    channel_t = capacity_t * taken / taken.sum()
    node = market.node(region, stage, NodeRole.SUPPLY)
    if node != NOWHERE:
        return replace(market, activities=_widened(market.activities, node, channel_t))
    return _with_seller(part, market, assumptions, region, index, channel_t)


def _widened(table: Activities, node: int, channel_t: Floats) -> Activities:
    is_route = (table.role == Role.ROUTE) & (table.node_in == node)
    return replace(table, base=np.where(is_route, table.base + channel_t[table.partner], table.base))


def _with_seller(
    part: CalibratedMineral,
    market: MineralMarket,
    assumptions: Assumptions,
    region: str,
    stage: int,
    channel_t: Floats,
) -> MineralMarket:
    """A seller's node at the end of the nodes, with a route to every buyer of the stage."""
    here, price = market.regions.index(region), part.base.stages[stage].price_usd_per_t
    name, mineral = market.stages[stage], market.mineral
    buyers = [(market.node(market.regions[j], name, NodeRole.USE), int(j)) for j in np.flatnonzero(channel_t > 0)]
    partner = np.array([j for node, j in buyers if node != NOWHERE], dtype=np.intp)
    freight = part.costs[stage].freight[here, partner]
    routes = activities(
        len(partner),
        role=Role.ROUTE,
        shape=Shape.LOG1P,
        region=here,
        partner=partner,
        node_in=len(market.nodes),
        node_out=np.array([node for node, _ in buyers if node != NOWHERE], dtype=np.intp),
        level=freight + assumptions.value("new_route_margin_share", mineral) * price,
        width=price / assumptions.value("friction_sigma", mineral),
        base=channel_t[partner],
        landed_cost=freight,
        friction=True,
    )
    stock_price = assumptions.value("exporter_stockpile_price_share", mineral) * price
    start, stock, most = market.start_price, market.exporter_stock_price, market.exporter_stock_most
    return replace(
        market,
        nodes=(*market.nodes, Node(region, name, NodeRole.SUPPLY)),
        activities=join([market.activities, routes]),
        base_duty=None if market.base_duty is None else np.append(market.base_duty, np.zeros(len(partner))),
        start_price=None if start is None else np.append(start, price),
        exporter_stock_price=None if stock is None else np.append(stock, stock_price),
        exporter_stock_most=None if most is None else np.append(most, 0.0),
    )
