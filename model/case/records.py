"""The case file format: a whole market and policy in one JSON file, as outside economists bring it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from model.instruments import CaseAgreement
from model.records import Name, Price, Quantity, Record, unit
from model.shocks import CaseShock

MOST_STEPS = 20_000
"""Steps of all curves of a case: so many solve within two seconds."""
LEAST_ELASTIC, MOST_ELASTIC = 1e-6, 200.0
"""Sizes of an elasticity; beyond them a curve is as good as fixed, or as steps."""


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
    elasticity: Annotated[float, Field(description=f"from {LEAST_ELASTIC:g} to {MOST_ELASTIC:g} in size")]
    capacity: Quantity | None = None
    choke_price: Annotated[float, Field(gt=0)] | None = None

    @field_validator("elasticity")
    @classmethod
    def _is_a_curve(cls, elasticity: float) -> float:
        if not LEAST_ELASTIC <= abs(elasticity) <= MOST_ELASTIC:
            raise ValueError(
                f"{elasticity:g} is not from {LEAST_ELASTIC:g} to {MOST_ELASTIC:g} in size; use kind 'fixed' for a "
                "quantity whatever the price, 'steps' for any quantity at one price"
            )
        return elasticity


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


class Trader(Record):
    """Who offers or wants a stage of a mineral in a region, along a curve."""

    region: Name
    mineral: Name
    stage: Name
    curve: Curve


class Supply(Trader):
    """Supply of a stage of a mineral in a region."""

    byproduct_of: HostLink | None = None

    @model_validator(mode="after")
    def _is_a_supply_curve(self) -> Supply:
        if isinstance(self.curve, Isoelastic) and self.curve.elasticity <= 0:
            raise ValueError(f"elasticity {self.curve.elasticity:g} of a supply curve must be positive")
        if isinstance(self.curve, Isoelastic | Fixed) and self.curve.choke_price is not None:
            raise ValueError("choke_price belongs to demand; a supply curve has none")
        return self


class Demand(Trader):
    """Demand for a stage of a mineral in a region, of one industry or of all together."""

    industry: Name | None = None

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
    recovery: float = Field(1.0, ge=1e-9)
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
    agreement: CaseAgreement = CaseAgreement()
    shocks: tuple[CaseShock, ...] = ()

    @model_validator(mode="after")
    def _is_of_a_size(self) -> Case:
        curves = [item.curve for item in (*self.supply, *self.demand)]
        steps = sum(len(curve.steps) for curve in curves if isinstance(curve, Steps))
        if steps > MOST_STEPS:
            raise ValueError(f"its curves have {steps:,} steps; at most {MOST_STEPS:,} can be solved, so join some")
        return self

    @property
    def parties(self) -> frozenset[str]:
        """Ids of the regions that are parties."""
        return frozenset(region.id for region in self.regions if region.party)

    @property
    def region_ids(self) -> tuple[str, ...]:
        """Ids of all regions in the order of the file."""
        return tuple(region.id for region in self.regions)
