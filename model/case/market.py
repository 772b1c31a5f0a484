"""The market a case file describes, in the arrays that the equilibrium solves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.case.records import Case, Curve, Fixed, Isoelastic, Linear, Processing, RouteRecord, Steps, Trader
from model.errors import ScenarioError
from model.instruments import regions_named
from model.market.records import (
    Activities,
    ByProduct,
    Market,
    MineralMarket,
    Node,
    Role,
    Shape,
    activities,
    host_order,
    join,
)
from model.records import choices, listed

if TYPE_CHECKING:
    from collections.abc import Iterator


LARGEST_SCALE = 1000.0
"""A market's quantity scale is at most this many times the smaller of what is offered and what is wanted."""
WEAK = 0.05
"""A curve less elastic than this is a wall to a search in quantities, so the search begins with prices."""


def market_of(case: Case) -> Market:
    """The market a case describes.

    Raises:
        ScenarioError: for names that are not declared, duplicates, or by-products that wait for one another.
    """
    _check(case)
    minerals = list(dict.fromkeys(place[1] for place in traded(case)))
    hosts: dict[str, list[str]] = {mineral: [] for mineral in minerals}
    for supply in case.supply:
        if supply.byproduct_of is not None:
            hosts[supply.mineral].append(supply.byproduct_of.mineral)
    try:
        order = host_order(hosts)
    except ValueError as error:
        raise ScenarioError(f"case: {error}") from None
    return Market(
        regions=case.region_ids,
        minerals={mineral: _mineral_market(case, mineral) for mineral in order},
        unit=case.unit,
        currency=case.currency,
    )


def traded(case: Case) -> Iterator[tuple[str, str, str]]:
    """(region, mineral, stage) of everything that trades, in file order."""
    traders: tuple[Trader, ...] = (*case.supply, *case.demand)
    for item in traders:
        yield item.region, item.mineral, item.stage
    for step in case.processing:
        yield step.region, step.mineral, step.from_stage
        yield step.region, step.mineral, step.to_stage
    for route in case.routes:
        yield route.exporter, route.mineral, route.stage
        yield route.importer, route.mineral, route.stage


def _check(case: Case) -> None:
    faults: list[str] = []
    ids = case.region_ids
    doubled = sorted({name for name in ids if ids.count(name) > 1})
    faults += [f"region {name!r} is declared twice" for name in doubled]
    for region, mineral, stage in traded(case):
        if region not in ids:
            faults.append(f"unknown region {region!r} of {mineral} ({stage}); {choices(ids, region)}")
    stages: dict[str, list[str]] = {}
    for _, mineral, stage in traded(case):
        stages.setdefault(mineral, []).append(stage)
    for what, mineral, stage, regions in _named(case):
        faults += [f"{what}: unknown region {name!r}; {choices(ids, name)}" for name in regions if name not in ids]
        if mineral not in stages:
            faults.append(f"{what}: unknown mineral {mineral!r}; {choices(stages, mineral)}")
        elif stage not in stages[mineral]:
            faults.append(
                f"{what}: unknown stage {stage!r} of {mineral}; {choices(dict.fromkeys(stages[mineral]), stage)}"
            )
    faults += case.agreement.misplaced(sorted(case.parties), ids)
    for index, route in enumerate(case.routes):
        if route.exporter == route.importer:
            faults.append(
                f"routes[{index}]: from and to are both {route.exporter!r}; a region serves itself without a route"
            )
    seen: set[tuple[str, str, str, str]] = set()
    for index, route in enumerate(case.routes):
        key = (route.mineral, route.stage, route.exporter, route.importer)
        if key in seen:
            faults.append(
                f"routes[{index}]: {route.mineral} ({route.stage}) {route.exporter} to {route.importer} stands twice"
            )
        seen.add(key)
    for index, step in enumerate(case.processing):
        if step.from_stage == step.to_stage:
            faults.append(f"processing[{index}]: from and to are both {step.from_stage!r}")
    if faults:
        raise ScenarioError("case is not valid: " + listed(faults))


def _named(case: Case) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """(place, mineral, stage, regions) that instruments, shocks and by-product links refer to."""
    for index, term in case.agreement.terms():
        yield f"agreement.{term.key}[{index}]", term.mineral, term.stage, regions_named(term)
    for index, shock in enumerate(case.shocks):
        yield f"shocks[{index}]", shock.mineral, shock.stage, regions_named(shock)
    for index, supply in enumerate(case.supply):
        if supply.byproduct_of is not None:
            yield f"supply[{index}].byproduct_of", supply.byproduct_of.mineral, supply.byproduct_of.stage, ()


def _mineral_market(case: Case, mineral: str) -> MineralMarket:
    places = list(dict.fromkeys((region, stage) for region, other, stage in traded(case) if other == mineral))
    nodes = tuple(Node(region, stage) for region, stage in places)
    position = {place: index for index, place in enumerate(places)}
    ids = case.region_ids
    parts: list[Activities] = []
    byproducts: list[ByProduct] = []
    count = 0
    for supply in (item for item in case.supply if item.mineral == mineral):
        columns: dict[str, object] = {
            "region": ids.index(supply.region),
            "node_out": position[supply.region, supply.stage],
        }
        part = _supply(supply.curve, columns)
        if supply.byproduct_of is not None:
            link = supply.byproduct_of
            byproducts += [
                ByProduct(count + i, supply.region, link.mineral, link.stage, link.ratio) for i in range(len(part))
            ]
        parts.append(part)
        count += len(part)
    for demand in (item for item in case.demand if item.mineral == mineral):
        user: dict[str, object] = {"region": ids.index(demand.region), "industry": demand.industry}
        parts.append(_demand(demand.curve, user, position[demand.region, demand.stage]))
    parts += [_processing(step, ids, position) for step in case.processing if step.mineral == mineral]
    parts += [_route(route, ids, position) for route in case.routes if route.mineral == mineral]
    price_scale, quantity_scale = _scales(case, mineral)
    return MineralMarket(
        mineral=mineral,
        regions=ids,
        stages=tuple(dict.fromkeys(place[1] for place in places)),
        nodes=nodes,
        activities=join(parts),
        byproducts=tuple(byproducts),
        price_scale=price_scale,
        quantity_scale=quantity_scale,
        start_price=np.full(len(nodes), price_scale) if _has_walls(case, mineral) else None,
    )


def _has_walls(case: Case, mineral: str) -> bool:
    curves = [item.curve for item in (*case.supply, *case.demand) if item.mineral == mineral]
    return any(isinstance(curve, Isoelastic) and abs(curve.elasticity) < WEAK for curve in curves)


def _supply(curve: Curve, columns: dict[str, object]) -> Activities:
    if isinstance(curve, Steps):
        prices, quantities = zip(*curve.steps, strict=True)
        return activities(len(prices), role=Role.SUPPLY, shape=Shape.FLAT, level=prices, upper=quantities, **columns)
    if isinstance(curve, Fixed):
        return activities(1, role=Role.SUPPLY, shape=Shape.FLAT, lower=curve.quantity, upper=curve.quantity, **columns)
    upper = np.inf if curve.capacity is None else curve.capacity
    if isinstance(curve, Isoelastic):
        shape = {"shape": Shape.POWER, "level": curve.price, "base": curve.quantity, "exponent": curve.elasticity}
    elif curve.slope > 0:
        shape = {"shape": Shape.LINEAR, "level": curve.price_at_zero, "width": curve.slope}
    else:
        shape = {"shape": Shape.FLAT, "level": curve.price_at_zero}
    return activities(1, role=Role.SUPPLY, upper=upper, **shape, **columns)


def _demand(curve: Curve, columns: dict[str, object], node: int) -> Activities:
    use = {"role": Role.DEMAND, "node_in": node, **columns}
    if isinstance(curve, Steps):
        prices, quantities = zip(*curve.steps, strict=True)
        return activities(len(prices), shape=Shape.FLAT, level=-np.array(prices), upper=quantities, **use)
    if isinstance(curve, Linear):
        return activities(1, shape=Shape.LINEAR, level=-curve.price_at_zero, width=curve.slope, **use)
    choke = curve.choke_price
    if isinstance(curve, Fixed):
        most = curve.quantity
        part = activities(1, shape=Shape.FLAT, level=-(choke or 0.0), lower=most, upper=most, **use)
    else:
        most = 0.0 if choke is None else curve.quantity * (choke / curve.price) ** curve.elasticity
        part = activities(
            1, shape=Shape.POWER, level=curve.price, base=curve.quantity, exponent=curve.elasticity, lower=most, **use
        )
    if choke is None:
        return part
    unserved = activities(1, role=Role.UNSERVED, shape=Shape.FLAT, node_out=node, level=choke, upper=most, **columns)
    return join([part, unserved])


def _processing(step: Processing, ids: tuple[str, ...], position: dict[tuple[str, str], int]) -> Activities:
    return activities(
        1,
        role=Role.PROCESS,
        shape=Shape.FLAT,
        region=ids.index(step.region),
        node_in=position[step.region, step.from_stage],
        node_out=position[step.region, step.to_stage],
        ratio=1.0 / step.recovery,
        level=step.cost,
        upper=np.inf if step.capacity is None else step.capacity,
    )


def _route(route: RouteRecord, ids: tuple[str, ...], position: dict[tuple[str, str], int]) -> Activities:
    return activities(
        1,
        role=Role.ROUTE,
        shape=Shape.LINEAR if route.cost_slope > 0 else Shape.FLAT,
        region=ids.index(route.exporter),
        partner=ids.index(route.importer),
        node_in=position[route.exporter, route.stage],
        node_out=position[route.importer, route.stage],
        level=route.cost,
        width=route.cost_slope,
        landed_cost=route.cost,
        upper=np.inf if route.capacity is None else route.capacity,
    )


def _scales(case: Case, mineral: str) -> tuple[float, float]:
    """Typical price and quantity of a mineral in a case, from its curves' own reference points."""
    prices: list[float] = []
    quantities: list[float] = []
    traders: tuple[Trader, ...] = (*case.supply, *case.demand)
    for curve in (item.curve for item in traders if item.mineral == mineral):
        if isinstance(curve, Linear):
            prices.append(abs(curve.price_at_zero))
            quantities.append(abs(curve.price_at_zero) / curve.slope if curve.slope > 0 else 0.0)
        elif isinstance(curve, Isoelastic):
            prices.append(curve.price)
            quantities.append(curve.quantity)
        elif isinstance(curve, Steps):
            prices += [price for price, _ in curve.steps]
            quantities.append(sum(quantity for _, quantity in curve.steps))
        else:
            prices.append(curve.choke_price or 0.0)
            quantities.append(curve.quantity)
    positive = [price for price in prices if price > 0]
    price_scale = float(np.median(positive)) if positive else 1.0
    return price_scale, min(max(quantities, default=0.0), LARGEST_SCALE * _least_side(case, mineral)) or 1.0


def _least_side(case: Case, mineral: str) -> float:
    """The smaller of all that is offered and all that is wanted: "any quantity at 20" is no size of a market."""
    sides = []
    for traders in (case.supply, case.demand):
        curves = [item.curve for item in traders if item.mineral == mineral]
        sides.append(sum(_most(curve) for curve in curves))
    return min((side for side in sides if side > 0), default=np.inf)


def _most(curve: Curve) -> float:
    """The most that a curve offers or wants, as far as it says so itself; a linear offer without capacity has none."""
    if isinstance(curve, Steps):
        return sum(quantity for _, quantity in curve.steps)
    if isinstance(curve, Linear):
        wanted = abs(curve.price_at_zero) / curve.slope if curve.slope > 0 else np.inf
        return wanted if curve.capacity is None else curve.capacity
    return curve.quantity
