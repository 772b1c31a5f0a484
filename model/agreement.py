"""The agreement: who its parties are and, by mineral and stage, which instruments they apply at which levels.

Every instrument is a frozen record whose fields carry unit, bounds, default and the source of the default, so that one
declaration feeds sliders, validation, the JSON Schema and the method page. The keys are those of the case file format.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from model.records import Money, Name, Price, Quantity, Rate, Record, unit


class RentHolder(StrEnum):
    """Who receives the rent of a quota."""

    IMPORTER = "importer"
    EXPORTER = "exporter"
    AUCTION = "auction"
    BURNT = "burnt"


class Mechanism(StrEnum):
    """How a price floor is held."""

    VARIABLE_LEVY = "variable_levy"
    CFD = "cfd"
    BUFFER_STOCK = "buffer_stock"


Regions = Annotated[tuple[Name, ...], Field(min_length=1, json_schema_extra=unit("region ids"))]


class BorderMeasure(Record):
    """A measure on all routes from ``exporters`` to ``importers`` of one mineral at one stage."""

    importers: Regions
    exporters: Regions
    mineral: Name
    stage: Name


class Tariff(BorderMeasure):
    """Import duty: specific per unit and ad valorem on the landed value before duty; both make it compound."""

    specific: Price = 0.0
    ad_valorem: Rate = 0.0
    greater_of: bool = Field(False, description="charge the larger of the two parts instead of their sum")


class Quota(BorderMeasure):
    """Upper limit on the sum of all flows on its routes."""

    quantity: Quantity
    rent_to: RentHolder = RentHolder.IMPORTER


class Duty(Record):
    """A duty rate: specific per unit plus ad valorem on the landed value."""

    specific: Price = 0.0
    ad_valorem: Rate = 0.0


class Trq(BorderMeasure):
    """Tariff-rate quota: a pool at the in-quota rate, the rest at the over-quota rate; replaces agreed tariffs."""

    quantity: Quantity
    in_quota: Duty = Duty()
    over_quota: Duty = Duty()
    rent_to: RentHolder = RentHolder.IMPORTER

    @model_validator(mode="after")
    def _in_quota_is_lower(self) -> Trq:
        low, high = self.in_quota, self.over_quota
        rises = high.specific > low.specific or high.ad_valorem > low.ad_valorem
        falls = high.specific < low.specific or high.ad_valorem < low.ad_valorem
        if falls and not rises:
            raise ValueError(
                f"in-quota duty (specific {low.specific:g}, ad valorem {low.ad_valorem:g}) is above the over-quota "
                f"duty (specific {high.specific:g}, ad valorem {high.ad_valorem:g}); it must be at most that"
            )
        return self


class ExportTax(Record):
    """Tax on the exporter's price, paid to the exporter's treasury."""

    exporter: Name
    importers: Regions
    mineral: Name
    stage: Name
    specific: Price = 0.0
    ad_valorem: Rate = 0.0


class Floor(Record):
    """Price floor that each named party holds in its own market by one of three mechanisms."""

    parties: Regions
    mineral: Name
    stage: Name
    price: Price
    mechanism: Mechanism = Mechanism.VARIABLE_LEVY
    levy_cap: Price | None = Field(None, description="largest levy per unit; none = unlimited (variable levy)")
    budget: Money | None = Field(None, description="each party's purchase budget; none = unlimited (buffer stock)")
    ceiling: Price | None = Field(None, description="price at which the stock is sold; none = never (buffer stock)")
    stock: Quantity = Field(0.0, description="quantity held for sale at the ceiling (buffer stock)")

    @model_validator(mode="after")
    def _ceiling_above_floor(self) -> Floor:
        if self.ceiling is not None and self.ceiling < self.price:
            raise ValueError(
                f"ceiling {self.ceiling:g} is below the floor price {self.price:g}; it must be at least that"
            )
        return self


class Offtake(Record):
    """Commitment that at least ``quantity`` is shipped from producer to buyer in every state, settled at ``strike``."""

    producer: Name
    buyer: Name
    mineral: Name
    stage: Name
    quantity: Quantity
    strike: Price | None = Field(
        None, description="price the buyer pays the producer; none = the producer's market price"
    )

    @model_validator(mode="after")
    def _two_regions(self) -> Offtake:
        if self.producer == self.buyer:
            raise ValueError(f"producer and buyer are both {self.producer!r}; an offtake needs two regions")
        return self


class Stockpile(Record):
    """Public stock offered at ``release_above``, up to ``quantity`` per year."""

    party: Name
    mineral: Name
    stage: Name
    quantity: Quantity
    release_above: Price


class Instruments(Record):
    """The instruments of a case file's agreement. Every list may be empty."""

    tariffs: tuple[Tariff, ...] = ()
    quotas: tuple[Quota, ...] = ()
    trqs: tuple[Trq, ...] = ()
    export_taxes: tuple[ExportTax, ...] = ()
    floors: tuple[Floor, ...] = ()
    offtakes: tuple[Offtake, ...] = ()
    stockpiles: tuple[Stockpile, ...] = ()


class ZeroForZero(Record):
    """Duties in force between parties fall to zero for a mineral at a stage."""

    mineral: Name
    stage: Name


class Agreement(Instruments):
    """The instruments of a scenario on the shipped markets: those of a case file, and duty-free trade among parties."""

    zero_for_zero: tuple[ZeroForZero, ...] = ()


def regions_named(item: object) -> tuple[str, ...]:
    """Every region id an instrument or shock names."""
    names: list[str] = []
    for field in ("importers", "exporters", "parties"):
        names += getattr(item, field, ())
    names += [
        getattr(item, field) for field in ("exporter", "region", "party", "producer", "buyer") if hasattr(item, field)
    ]
    return tuple(names)


def lever(record: type[Record], name: str) -> dict[str, Any]:
    """Unit, bounds, default and description of an instrument's field, for sliders and tables."""
    schema = record.model_json_schema()["properties"][name]
    for option in schema.get("anyOf", []):
        if option.get("type") != "null":
            schema = {**option, **{key: value for key, value in schema.items() if key != "anyOf"}}
    return dict(schema)
