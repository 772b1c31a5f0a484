"""A whole market and policy in one JSON file: the case format of outside economists, read into the same records the app uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from model.agreement import Instruments
from model.errors import ScenarioError
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
from model.records import Name, Price, Quantity, Record, choices, unit
from model.shock import CaseShock

if TYPE_CHECKING:
    from collections.abc import Iterator

Positive = Annotated[float, Field(gt=0)]


class Linear(Record):
    """price = price_at_zero + slope·q (supply) or price_at_zero − slope·q (demand)."""

    kind: Literal["linear"]
    price_at_zero: Annotated[float, Field(json_schema_extra=unit("currency per unit"))]
    slope: Annotated[float, Field(ge=0, json_schema_extra=unit("currency per unit per unit"))]
    capacity: Quantity | None = None


class Isoelastic(Record):
    """Through (price, quantity) with constant elasticity: negative for demand, positive for supply."""

    kind: Literal["isoelastic"]
    price: Annotated[float, Field(gt=0, json_schema_extra=unit("currency per unit"))]
    quantity: Annotated[float, Field(gt=0, json_schema_extra=unit("units"))]
    elasticity: float
    capacity: Quantity | None = None
    choke_price: Annotated[float, Field(gt=0)] | None = None


class Steps(Record):
    """``[[price, quantity], ...]``: supply offers or demand bids, each of that quantity at that price."""

    kind: Literal["steps"]
    steps: tuple[tuple[Price, Quantity], ...] = Field(min_length=1)


class Fixed(Record):
    """``quantity`` whatever the price; a demand may name a choke price, the value of lost use."""

    kind: Literal["fixed"]
    quantity: Quantity
    choke_price: Annotated[float, Field(gt=0)] | None = None


Curve = Annotated[Linear | Isoelastic | Steps | Fixed, Field(discriminator="kind")]


class Region(Record):
    """A region and whether it is a party to the agreement."""

    id: Name
    party: bool = False


class HostLink(Record):
    """Supply at most ``ratio`` times the host's production in the same region."""

    mineral: Name
    stage: Name
    ratio: Quantity


class Supply(Record):
    """Supply of a stage of a mineral in a region."""

    region: Name
    mineral: Name
    stage: Name
    curve: Curve
    byproduct_of: HostLink | None = None

    @model_validator(mode="after")
    def _is_a_supply_curve(self) -> Supply:
        if isinstance(self.curve, Isoelastic) and self.curve.elasticity <= 0:
            raise ValueError(f"elasticity {self.curve.elasticity:g} of a supply curve must be positive")
        if isinstance(self.curve, Isoelastic | Fixed) and self.curve.choke_price is not None:
            raise ValueError("choke_price belongs to demand; a supply curve has none")
        return self


class Demand(Record):
    """Demand for a stage of a mineral in a region, of one industry or of all together."""

    region: Name
    mineral: Name
    stage: Name
    industry: Name | None = None
    curve: Curve

    @model_validator(mode="after")
    def _is_a_demand_curve(self) -> Demand:
        curve = self.curve
        if isinstance(curve, Isoelastic) and curve.elasticity >= 0:
            raise ValueError(f"elasticity {curve.elasticity:g} of a demand curve must be negative")
        if isinstance(curve, Linear | Isoelastic) and curve.capacity is not None:
            raise ValueError("capacity belongs to supply; a demand curve has none")
        if isinstance(curve, Linear) and (curve.price_at_zero <= 0 or curve.slope <= 0):
            raise ValueError("a linear demand curve needs price_at_zero above 0 and slope above 0")
        return self


class Processing(Record):
    """Turns one stage into the next in a region; ``recovery`` units out per unit in, cost and capacity per unit out."""

    region: Name
    mineral: Name
    from_stage: Name = Field(alias="from")
    to_stage: Name = Field(alias="to")
    recovery: Positive = 1.0
    cost: Price = 0.0
    capacity: Quantity | None = None


class RouteRecord(Record):
    """Moves a stage one way between two regions at cost + cost_slope·flow per unit."""

    mineral: Name
    stage: Name
    exporter: Name = Field(alias="from")
    importer: Name = Field(alias="to")
    cost: Price = 0.0
    cost_slope: Price = 0.0
    capacity: Quantity | None = None


class Case(Record):
    """A self-contained market with an agreement and shocks. Quantities in ``unit``, prices in ``currency`` per unit."""

    name: str = ""
    unit: str = "t"
    currency: str = "USD"
    regions: tuple[Region, ...] = Field(min_length=1)
    supply: tuple[Supply, ...] = ()
    demand: tuple[Demand, ...] = ()
    processing: tuple[Processing, ...] = ()
    routes: tuple[RouteRecord, ...] = ()
    agreement: Instruments = Instruments()
    shocks: tuple[CaseShock, ...] = ()

    @property
    def parties(self) -> frozenset[str]:
        """Ids of the regions that are parties."""
        return frozenset(region.id for region in self.regions if region.party)

    @property
    def region_ids(self) -> tuple[str, ...]:
        """Ids of all regions in the order of the file."""
        return tuple(region.id for region in self.regions)


def market_of(case: Case) -> Market:
    """The market a case describes.

    Raises:
        ScenarioError: for names that are not declared, duplicates, or by-products that wait for one another.
    """
    _check(case)
    minerals = list(dict.fromkeys(place[1] for place in _places(case)))
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


def _places(case: Case) -> Iterator[tuple[str, str, str]]:
    """(region, mineral, stage) of everything that trades, in file order."""
    for item in (*case.supply, *case.demand):
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
    for region, mineral, stage in _places(case):
        if region not in ids:
            faults.append(f"unknown region {region!r} of {mineral} ({stage}); {choices(ids, region)}")
    stages: dict[str, list[str]] = {}
    for _, mineral, stage in _places(case):
        stages.setdefault(mineral, []).append(stage)
    for what, mineral, stage, regions in _named(case):
        faults += [f"{what}: unknown region {name!r}; {choices(ids, name)}" for name in regions if name not in ids]
        if mineral not in stages:
            faults.append(f"{what}: unknown mineral {mineral!r}; {choices(stages, mineral)}")
        elif stage not in stages[mineral]:
            faults.append(f"{what}: unknown stage {stage!r} of {mineral}; {choices(dict.fromkeys(stages[mineral]), stage)}")
    for index, floor in enumerate(case.agreement.floors):
        outside = [name for name in floor.parties if name in ids and name not in case.parties]
        if outside:
            valid = choices(sorted(case.parties))
            faults.append(f"agreement.floors[{index}]: {', '.join(outside)} is not a party; a floor may only name parties; {valid}")
    for index, route in enumerate(case.routes):
        if route.exporter == route.importer:
            faults.append(f"routes[{index}]: from and to are both {route.exporter!r}; a region serves itself without a route")
    seen: set[tuple[str, str, str, str]] = set()
    for index, route in enumerate(case.routes):
        key = (route.mineral, route.stage, route.exporter, route.importer)
        if key in seen:
            faults.append(f"routes[{index}]: {route.mineral} ({route.stage}) from {route.exporter} to {route.importer} stands twice")
        seen.add(key)
    for index, step in enumerate(case.processing):
        if step.from_stage == step.to_stage:
            faults.append(f"processing[{index}]: from and to are both {step.from_stage!r}")
    if faults:
        raise ScenarioError("case is not valid: " + "; ".join(dict.fromkeys(faults)))


def _named(case: Case) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """(place, mineral, stage, regions) that instruments, shocks and by-product links refer to."""
    for name in Instruments.model_fields:
        for index, item in enumerate(getattr(case.agreement, name)):
            yield f"agreement.{name}[{index}]", item.mineral, item.stage, regions_named(item)
    for index, shock in enumerate(case.shocks):
        yield f"shocks[{index}]", shock.mineral, shock.stage, regions_named(shock)
    for index, supply in enumerate(case.supply):
        if supply.byproduct_of is not None:
            yield f"supply[{index}].byproduct_of", supply.byproduct_of.mineral, supply.byproduct_of.stage, ()


def regions_named(item: Record) -> tuple[str, ...]:
    """Every region id an instrument or shock names."""
    names: list[str] = []
    for field in ("importers", "exporters", "parties"):
        names += getattr(item, field, ())
    names += [getattr(item, field) for field in ("exporter", "region", "party", "producer", "buyer") if hasattr(item, field)]
    return tuple(names)


def _mineral_market(case: Case, mineral: str) -> MineralMarket:
    places = sorted({(place[0], place[2]) for place in _places(case) if place[1] == mineral}, key=_file_order(case, mineral))
    nodes = tuple(Node(region, stage) for region, stage in places)
    position = {place: index for index, place in enumerate(places)}
    ids = case.region_ids
    parts: list[Activities] = []
    byproducts: list[ByProduct] = []
    count = 0
    for supply in (item for item in case.supply if item.mineral == mineral):
        columns = {"region": ids.index(supply.region), "node_out": position[supply.region, supply.stage]}
        part = _supply(supply.curve, columns)
        if supply.byproduct_of is not None:
            link = supply.byproduct_of
            byproducts += [ByProduct(count + i, supply.region, link.mineral, link.stage, link.ratio) for i in range(len(part))]
        parts.append(part)
        count += len(part)
    for demand in (item for item in case.demand if item.mineral == mineral):
        columns = {"region": ids.index(demand.region), "industry": demand.industry}
        parts.append(_demand(demand.curve, columns, position[demand.region, demand.stage]))
    for step in (item for item in case.processing if item.mineral == mineral):
        parts.append(_processing(step, ids, position))
    for route in (item for item in case.routes if item.mineral == mineral):
        parts.append(_route(route, ids, position))
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
    )


def _file_order(case: Case, mineral: str):  # type: ignore[no-untyped-def]
    order = {(r, s): i for i, (r, s) in enumerate(dict.fromkeys((p[0], p[2]) for p in _places(case) if p[1] == mineral))}
    return order.__getitem__


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
    for item in (*case.supply, *case.demand):
        if item.mineral != mineral:
            continue
        curve = item.curve
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
    return (float(np.median(positive)) if positive else 1.0), (max(quantities, default=0.0) or 1.0)


__all__ = ["Case", "market_of", "regions_named"]
