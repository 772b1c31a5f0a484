"""Disturbances of a market, each a frozen record: what happens, where, to which mineral and stage.

Every kind lays itself over a market, is read from the rows of the shock library that ask for it (``row_kinds``), and
has a level at which it changes nothing (``neutral``). Kinds with ``in_cases`` belong to the case file format; the
others exist in scenarios on the shipped markets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field

from model.instruments.base import Regions
from model.market.records import Role
from model.problem import PRODUCTION, Account, Basis
from model.records import EVERYONE, Name, Quantity, Record, RegionName, Share, unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model.overlay import Overlay


@dataclass(frozen=True)
class Base:
    """Base-year quantities that shares in the tables refer to: per (mineral, stage), output and flows [t/yr]."""

    regions: tuple[str, ...]
    stages: Mapping[str, tuple[str, ...]]
    production_t: Mapping[tuple[str, str, str], float]
    """(mineral, stage, region) to output."""
    exports_t: Mapping[tuple[str, str, str, str], float]
    """(mineral, stage, exporter, importer) to flow; absent = none."""

    def exports(self, mineral: str, stage: str, exporter: str, importers: Iterable[str]) -> float:
        """Base-year exports to the named importers together."""
        return sum(self.exports_t.get((mineral, stage, exporter, importer), 0.0) for importer in importers)

    def targets(self, text: str, exporter: str) -> tuple[str, ...]:
        """Regions a table cell names: a list, or everyone; never the exporter."""
        return tuple(name for name in self.named(text) if name != exporter)

    def named(self, text: str) -> tuple[str, ...]:
        """Regions a table cell names: a list, or everyone."""
        return self.regions if text == EVERYONE else tuple(text.split(";"))


class Disturbance(Record):
    """What every shock has: a mineral, a stage, and a way to lay itself over a market."""

    row_kinds: ClassVar[tuple[str, ...]] = ()
    in_cases: ClassVar[bool] = False

    kind: str
    mineral: Name
    stage: Name

    @classmethod
    def of(cls, **fields: Any) -> Self:
        """A shock of this kind."""
        (kind,) = get_args(cls.model_fields["kind"].annotation)
        return cls(kind=kind, **fields)

    def lay(self, over: Overlay) -> None:
        """Change a market by the overlay's verbs."""
        raise NotImplementedError

    def neutral(self) -> Disturbance | None:
        """The same shock at a level that changes nothing; None where no level surely does."""
        return None

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """The shocks that a row stands for at a mineral and stage (``place``); ``severity`` is over the year."""
        raise NotImplementedError


class ExportBan(Disturbance):
    """No exports from ``exporter`` to ``importers``."""

    row_kinds: ClassVar[tuple[str, ...]] = ("export_ban",)
    in_cases: ClassVar[bool] = True

    kind: Literal["export_ban"]
    exporter: RegionName
    importers: Regions

    def lay(self, over: Overlay) -> None:
        """Its routes close; the exporter's stockpile may take what stays at home."""
        over.close(over.routes([self.exporter], self.importers, self.stage))
        over.store_at_home(self.exporter, self.stage)

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """A stop of a share of exports: a ban where nothing is left, else a quota; none where no share is stopped."""
        return [] if severity <= 0.0 else _restrictions(row, place, max(1.0 - severity, 0.0), base)


class ExportQuota(Disturbance):
    """Exports from ``exporter`` to ``importers`` together are at most ``quantity``."""

    row_kinds: ClassVar[tuple[str, ...]] = ("export_quota",)

    kind: Literal["export_quota"]
    exporter: RegionName
    importers: Regions
    quantity: Quantity

    def lay(self, over: Overlay) -> None:
        """A limit on its routes, whose rent is the exporter's; its stockpile may take what stays at home."""
        routes = over.routes([self.exporter], self.importers, self.stage)
        over.limit("export_quota", routes, self.quantity, account=Account.RENT, to_exporter=True)
        over.store_at_home(self.exporter, self.stage)

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """A quota at a share of base-year exports."""
        return _restrictions(row, place, severity, base)


class ExportTaxChange(Disturbance):
    """A tax on the exporter's price, share of value, comes into force."""

    kind: Literal["export_tax"]
    exporter: RegionName
    importers: Regions
    rate: Annotated[float, Field(ge=0, json_schema_extra=unit("share of the exporter's price"))]

    def lay(self, over: Overlay) -> None:
        """A charge on the exporter's price, paid at home."""
        routes = over.routes([self.exporter], self.importers, self.stage)
        over.charge(routes, 0.0, self.rate, basis=Basis.ORIGIN, to_exporter=True)

    def neutral(self) -> ExportTaxChange:
        """No tax."""
        return self.model_copy(update={"rate": 0.0})


class SupplyLoss(Disturbance):
    """Production at every price, and its capacity, times 1 - share."""

    row_kinds: ClassVar[tuple[str, ...]] = ("supply_loss", "host_outage")
    in_cases: ClassVar[bool] = True

    kind: Literal["supply_loss"]
    region: RegionName
    share: Share

    def lay(self, over: Overlay) -> None:
        """Production shrinks."""
        over.scale(over.of(PRODUCTION, self.region, self.stage), 1.0 - self.share)

    def neutral(self) -> SupplyLoss:
        """Nothing is lost."""
        return self.model_copy(update={"share": 0.0})

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """A share of output lost by every actor."""
        return [cls.of(region=actor, share=min(severity, 1.0), **place) for actor in base.named(str(row.actors))]


class SupplySurge(Disturbance):
    """Production at every price, and its capacity, times 1 + share (oversupply)."""

    row_kinds: ClassVar[tuple[str, ...]] = ("price_collapse",)

    kind: Literal["supply_surge"]
    region: RegionName
    share: Annotated[float, Field(ge=0, json_schema_extra=unit("share"))]

    def lay(self, over: Overlay) -> None:
        """Production grows."""
        over.scale(over.of(PRODUCTION, self.region, self.stage), 1.0 + self.share)

    def neutral(self) -> SupplySurge:
        """Nothing is added."""
        return self.model_copy(update={"share": 0.0})

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """A share of output added by every actor."""
        return [cls.of(region=actor, share=severity, **place) for actor in base.named(str(row.actors))]


class SupplyCap(Disturbance):
    """Production of a region is at most ``quantity``."""

    row_kinds: ClassVar[tuple[str, ...]] = ("supply_cap",)
    in_cases: ClassVar[bool] = True

    kind: Literal["supply_cap"]
    region: RegionName
    quantity: Quantity

    def lay(self, over: Overlay) -> None:
        """A limit on its producers together."""
        over.cap(over.of(PRODUCTION, self.region, self.stage), self.quantity)

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """A share of base-year output, for every actor."""
        mineral, stage = place["mineral"], place["stage"]
        made = [(actor, base.production_t.get((mineral, stage, actor), 0.0)) for actor in base.named(str(row.actors))]
        return [cls.of(region=actor, quantity=severity * output, **place) for actor, output in made]


class DemandChange(Disturbance):
    """Use at every price times 1 + share."""

    row_kinds: ClassVar[tuple[str, ...]] = ("demand_change",)
    in_cases: ClassVar[bool] = True

    kind: Literal["demand_change"]
    region: RegionName
    share: Annotated[float, Field(ge=-1, json_schema_extra=unit("share"))]

    def lay(self, over: Overlay) -> None:
        """Use grows or shrinks, and with it what of it can go unserved."""
        over.scale(over.of((Role.DEMAND, Role.UNSERVED), self.region, self.stage), 1.0 + self.share)

    def neutral(self) -> DemandChange:
        """Use as it was."""
        return self.model_copy(update={"share": 0.0})

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """The same change for every actor."""
        return [cls.of(region=actor, share=severity, **place) for actor in base.named(str(row.actors))]


class Hoarding(Disturbance):
    """``quantity`` bought off the market of a region whatever the price."""

    row_kinds: ClassVar[tuple[str, ...]] = ("hoarding",)

    kind: Literal["hoarding"]
    region: RegionName
    quantity: Quantity

    def lay(self, over: Overlay) -> None:
        """A purchase at any price."""
        over.hoard(self.region, self.stage, self.quantity)

    def neutral(self) -> Hoarding:
        """Nothing is bought."""
        return self.model_copy(update={"quantity": 0.0})

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """A quantity bought by every actor."""
        return [cls.of(region=actor, quantity=severity, **place) for actor in base.named(str(row.actors))]


class FreightChange(Disturbance):
    """Freight from ``exporters`` to ``importers`` times 1 + share."""

    row_kinds: ClassVar[tuple[str, ...]] = ("shipping_cost",)

    kind: Literal["freight_change"]
    exporters: Regions
    importers: Regions
    share: Annotated[float, Field(ge=-1, json_schema_extra=unit("share"))]

    def lay(self, over: Overlay) -> None:
        """Money freight on its routes changes, and with it the landed value that duties are charged on."""
        over.raise_freight(over.routes(self.exporters, self.importers, self.stage), self.share)

    def neutral(self) -> FreightChange:
        """Freight as it was."""
        return self.model_copy(update={"share": 0.0})

    @classmethod
    def from_row(cls, row: Any, place: dict[str, str], severity: float, base: Base) -> list[Disturbance]:
        """Freight times the severity, both ways between actors and targets."""
        actors, targets = base.named(str(row.actors)), base.named(str(row.targets))
        return [
            cls.of(exporters=exporters, importers=importers, share=severity - 1.0, **place)
            for exporters, importers in ((actors, targets), (targets, actors))
        ]


KINDS: tuple[type[Disturbance], ...] = tuple(Disturbance.__subclasses__())
"""Every kind of shock."""
OF_ROW: dict[str, type[Disturbance]] = {name: kind for kind in KINDS for name in kind.row_kinds}
"""The kind of shock that a kind of library row stands for."""


def part_of_year(duration_yr: float) -> float:
    """The part of a year for which something lasts; longer than a year is a whole year [share]."""
    return min(duration_yr, 1.0)


def restriction(
    exporter: str, importers: tuple[str, ...], place: dict[str, str], allowed: float, base: Base
) -> Disturbance:
    """A ban, or a quota at a share ``allowed`` of base-year exports."""
    if allowed <= 0.0:
        return ExportBan.of(exporter=exporter, importers=importers, **place)
    quantity = allowed * base.exports(place["mineral"], place["stage"], exporter, importers)
    return ExportQuota.of(exporter=exporter, importers=importers, quantity=quantity, **place)


def _restrictions(row: Any, place: dict[str, str], allowed: float, base: Base) -> list[Disturbance]:
    actors = base.named(str(row.actors))
    return [restriction(actor, base.targets(str(row.targets), actor), place, allowed, base) for actor in actors]
