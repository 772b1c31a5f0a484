"""Disturbances of a market, each a frozen record: what happens, where, to which mineral and stage.

The first four kinds are those of the case file format; the others exist in scenarios on the shipped markets. The
library of named shocks is read from the data tables by :mod:`model.scenario`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from model.agreement import Regions
from model.records import Name, Quantity, Record, Share, unit


class _MineralShock(Record):
    mineral: Name
    stage: Name


class ExportBan(_MineralShock):
    """No exports from ``exporter`` to ``importers``."""

    kind: Literal["export_ban"]
    exporter: Name
    importers: Regions


class ExportTaxChange(_MineralShock):
    """A tax on the exporter's price, share of value, comes into force."""

    kind: Literal["export_tax"]
    exporter: Name
    importers: Regions
    rate: Annotated[float, Field(ge=0, json_schema_extra=unit("share of the exporter's price"))]


class SupplyLoss(_MineralShock):
    """Production at every price, and its capacity, times 1 - share."""

    kind: Literal["supply_loss"]
    region: Name
    share: Share


class SupplyCap(_MineralShock):
    """Production of a region is at most ``quantity``."""

    kind: Literal["supply_cap"]
    region: Name
    quantity: Quantity


class DemandChange(_MineralShock):
    """Use at every price times 1 + share."""

    kind: Literal["demand_change"]
    region: Name
    share: Annotated[float, Field(ge=-1, json_schema_extra=unit("share"))]


class ExportQuota(_MineralShock):
    """Exports from ``exporter`` to ``importers`` together are at most ``quantity``."""

    kind: Literal["export_quota"]
    exporter: Name
    importers: Regions
    quantity: Quantity


class SupplySurge(_MineralShock):
    """Production at every price, and its capacity, times 1 + share (oversupply)."""

    kind: Literal["supply_surge"]
    region: Name
    share: Annotated[float, Field(ge=0, json_schema_extra=unit("share"))]


class Hoarding(_MineralShock):
    """``quantity`` bought off the market of a region whatever the price."""

    kind: Literal["hoarding"]
    region: Name
    quantity: Quantity


class FreightChange(_MineralShock):
    """Freight from ``exporters`` to ``importers`` times 1 + share."""

    kind: Literal["freight_change"]
    exporters: Regions
    importers: Regions
    share: Annotated[float, Field(ge=-1, json_schema_extra=unit("share"))]


CaseShock = Annotated[ExportBan | SupplyLoss | SupplyCap | DemandChange, Field(discriminator="kind")]
Shock = Annotated[
    ExportBan
    | SupplyLoss
    | SupplyCap
    | DemandChange
    | ExportQuota
    | ExportTaxChange
    | SupplySurge
    | Hoarding
    | FreightChange,
    Field(discriminator="kind"),
]
