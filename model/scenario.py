"""A scenario: what the parties agree, what happens to the markets, and under which assumptions; JSON both ways.

The shock library and the controls in force are read from the data tables here and turned into the plain shock records
that the equilibrium knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, field_validator

from model.agreement import Agreement, Regions, regions_named
from model.errors import ScenarioError
from model.records import Name, Record, choices, unit
from model.shock import (
    DemandChange,
    ExportBan,
    ExportQuota,
    ExportTaxChange,
    FreightChange,
    Hoarding,
    Shock,
    SupplyCap,
    SupplyLoss,
    SupplySurge,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model.data import Tables

EVERYONE = "ALL"
"""In the tables: every other region."""


class NamedShock(Record):
    """A shock of the library by name; ``severity`` none = the library's own."""

    name: Name
    severity: Annotated[float, Field(ge=0, json_schema_extra=unit("as the library states"))] | None = None


def _which_shock(content: object) -> str:
    has_kind = "kind" in content if isinstance(content, dict) else hasattr(content, "kind")
    return "described" if has_kind else "named"


AnyShock = Annotated[
    Annotated[NamedShock, Tag("named")] | Annotated[Shock, Tag("described")], Discriminator(_which_shock)
]
"""A shock of the library by name, or one described in full (which has a ``kind``)."""


class Scenario(Record):
    """One scenario on the shipped markets.

    ``minerals`` are the markets looked at; hosts of by-products are solved with them.
    """

    name: str = Field("", max_length=200)
    minerals: tuple[Name, ...] = Field(("antimony",), min_length=1)
    parties: Regions = ("USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR")
    horizon: Literal["short", "long"] = Field(
        "short", description="short: one year, capacity almost fixed; long: capacity responds"
    )
    agreement: Agreement = Agreement()
    shocks: tuple[AnyShock, ...] = ()
    assumptions: dict[str, float] = Field(
        default_factory=dict, description="assumption name (id or id.mineral) to value"
    )

    @field_validator("minerals", "parties")
    @classmethod
    def _named_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"{', '.join(doubled)} stands there more than once; name each once")
        return names

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.model_dump(mode="json", exclude_defaults=True), sort_keys=True)

    def to_json(self) -> str:
        """The scenario as JSON, only what differs from the defaults; the same scenario gives the same text."""
        return self._text

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Scenario:
        """The scenario with other fields, unchecked; its text is its own, not that of what it was copied from."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("_text", None)
        return copied


def check_names(
    scenario: Scenario, regions: tuple[str, ...], stages: Mapping[str, tuple[str, ...]], library: ShockLibrary
) -> None:
    """Refuse names that the shipped markets do not have.

    Raises:
        ScenarioError: listing every unknown region, mineral, stage or shock with the valid ones.
    """
    faults = [
        f"parties: unknown country {name!r}; {choices(regions, name)}"
        for name in scenario.parties
        if name not in regions
    ]
    faults += [
        f"minerals: unknown mineral {name!r}; {choices(stages, name)}"
        for name in scenario.minerals
        if name not in stages
    ]
    for list_name in Agreement.model_fields:
        for index, item in enumerate(getattr(scenario.agreement, list_name)):
            faults += _faults_of(f"agreement.{list_name}[{index}]", item, regions, stages)
    for index, shock in enumerate(scenario.shocks):
        if isinstance(shock, NamedShock):
            if shock.name not in library.names:
                faults.append(f"shocks[{index}]: unknown shock {shock.name!r}; {choices(library.names, shock.name)}")
        else:
            faults += _faults_of(f"shocks[{index}]", shock, regions, stages)
    for index, floor in enumerate(scenario.agreement.floors):
        outside = [name for name in floor.parties if name in regions and name not in scenario.parties]
        if outside:
            faults.append(
                f"agreement.floors[{index}]: {', '.join(outside)} is not a party; floors may only name parties; "
                f"{choices(scenario.parties)}"
            )
    if faults:
        raise ScenarioError("scenario is not valid: " + "; ".join(dict.fromkeys(faults)))


def _faults_of(what: str, item: Any, regions: tuple[str, ...], stages: Mapping[str, tuple[str, ...]]) -> list[str]:
    faults = [
        f"{what}: unknown country {name!r}; {choices(regions, name)}"
        for name in regions_named(item)
        if name not in regions
    ]
    if item.mineral not in stages:
        faults.append(f"{what}: unknown mineral {item.mineral!r}; {choices(stages, item.mineral)}")
    elif item.stage not in stages[item.mineral]:
        faults.append(
            f"{what}: unknown stage {item.stage!r} of {item.mineral}; {choices(stages[item.mineral], item.stage)}"
        )
    return faults


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
        """Regions a table cell names: a list, or everyone but the exporter."""
        named = self.regions if text == EVERYONE else tuple(text.split(";"))
        return tuple(name for name in named if name != exporter)


@dataclass(frozen=True)
class LibraryShock:
    """A named shock of the library with what a user must see of it."""

    id: str
    name: str
    minerals: tuple[str, ...]
    description: str
    severity: float
    severity_low: float
    severity_high: float
    unit: str
    duration_yr: float
    annual_probability: float
    source_id: str


class ShockLibrary:
    """The table of named shocks."""

    def __init__(self, tables: Tables) -> None:
        self._rows = tables["shocks"]
        self.names = tuple(dict.fromkeys(self._rows["shock_id"]))

    def describe(self, name: str) -> LibraryShock:
        """What the library says of one shock (its first row where it has several).

        Raises:
            ScenarioError: when the library has no such shock.
        """
        rows = self._of(name)
        first = rows.iloc[0]
        minerals = tuple(
            dict.fromkeys(str(mineral) for mineral in rows["mineral"] if isinstance(mineral, str) and mineral)
        )
        return LibraryShock(
            id=name,
            name=str(first["name"]),
            minerals=minerals,
            description=str(first["description"]),
            severity=float(first["severity"]),
            severity_low=float(first["severity_low"]),
            severity_high=float(first["severity_high"]),
            unit=str(first["unit"]),
            duration_yr=float(first["duration_yr"]),
            annual_probability=float(first["annual_probability"]),
            source_id=str(first["source_id"]),
        )

    def for_mineral(self, mineral: str) -> tuple[str, ...]:
        """Names of the shocks that touch a mineral (those without a mineral touch all)."""
        return tuple(
            name for name in self.names if not self.describe(name).minerals or mineral in self.describe(name).minerals
        )

    def _of(self, name: str) -> Any:
        rows = self._rows[self._rows["shock_id"] == name]
        if rows.empty:
            raise ScenarioError(f"unknown shock {name!r}; {choices(self.names, name)}")
        return rows

    def records(
        self, shock: NamedShock, base: Base, minerals: Iterable[str]
    ) -> tuple[list[Shock], list[tuple[str, ...]]]:
        """The plain shocks a named shock stands for in the given minerals, and the controls it replaces.

        Replaced controls are (kind, exporter, mineral, stage, importers joined by ";"). A given severity scales all its
        rows.
        """
        shocks: list[Shock] = []
        replaced: list[tuple[str, ...]] = []
        rows = self._of(shock.name)
        factor = 1.0 if shock.severity is None else shock.severity / float(rows.iloc[0]["severity"])
        for row in rows.itertuples():
            severity = float(row.severity) * factor
            named = str(row.mineral) if isinstance(row.mineral, str) and row.mineral else None
            for mineral in minerals if named is None else ([named] if named in minerals else []):
                for stage in base.stages[mineral] if named is None else [str(row.stage)]:
                    shocks += _from_row(row, mineral, stage, severity, base)
                    replaced += _replaced_by(row, mineral, stage, base)
        return shocks, replaced


def _from_row(row: Any, mineral: str, stage: str, severity: float, base: Base) -> list[Shock]:
    place = {"mineral": mineral, "stage": stage}
    actors = base.regions if row.actors == EVERYONE else tuple(str(row.actors).split(";"))
    kind = str(row.kind)
    if kind in {"export_ban", "export_quota"}:
        left = max(1.0 - severity, 0.0) if kind == "export_ban" else severity
        return [
            restriction(actor, base.targets(str(row.targets), actor), mineral, stage, left, base) for actor in actors
        ]
    if kind in {"supply_loss", "host_outage"}:
        return [SupplyLoss(kind="supply_loss", region=actor, share=min(severity, 1.0), **place) for actor in actors]
    if kind == "supply_cap":
        output = [(actor, base.production_t.get((mineral, stage, actor), 0.0)) for actor in actors]
        return [
            SupplyCap(kind="supply_cap", region=actor, quantity=severity * quantity, **place)
            for actor, quantity in output
        ]
    if kind == "price_collapse":
        return [SupplySurge(kind="supply_surge", region=actor, share=severity, **place) for actor in actors]
    if kind == "demand_change":
        return [DemandChange(kind="demand_change", region=actor, share=severity, **place) for actor in actors]
    if kind == "hoarding":
        return [Hoarding(kind="hoarding", region=actor, quantity=severity, **place) for actor in actors]
    if kind == "shipping_cost":
        importers = base.regions if row.targets == EVERYONE else tuple(str(row.targets).split(";"))
        return [
            FreightChange(kind="freight_change", exporters=actors, importers=importers, share=severity - 1.0, **place),
            FreightChange(kind="freight_change", exporters=importers, importers=actors, share=severity - 1.0, **place),
        ]
    raise ScenarioError(f"shocks.csv: {row.shock_id} has unknown kind {kind!r}")


def restriction(
    exporter: str, importers: tuple[str, ...], mineral: str, stage: str, allowed: float, base: Base
) -> Shock:
    """A ban, or a quota at a share ``allowed`` of base-year exports."""
    if allowed <= 0.0:
        return ExportBan(kind="export_ban", exporter=exporter, importers=importers, mineral=mineral, stage=stage)
    quantity = allowed * base.exports(mineral, stage, exporter, importers)
    return ExportQuota(
        kind="export_quota", exporter=exporter, importers=importers, mineral=mineral, stage=stage, quantity=quantity
    )


def _replaced_by(row: Any, mineral: str, stage: str, base: Base) -> list[tuple[str, ...]]:
    kinds = str(row.replaces).split(";") if isinstance(row.replaces, str) and row.replaces else []
    return [
        (kind, actor, mineral, stage, ";".join(base.targets(str(row.targets), actor)))
        for kind in kinds
        for actor in str(row.actors).split(";")
    ]


def controls_in_force(
    tables: Tables, base: Base, mineral: str, replaced: Iterable[tuple[str, ...]] = ()
) -> list[Shock]:
    """Export controls on a mineral in force on the status-quo date, as far as the base year does not hold them already.

    A row that names its importers wins over one for everyone. Importers for whom a shock replaces the control (same
    kind, exporter, mineral and stage) leave it; its quantity shrinks to what the others bought.
    """
    shocks: list[Shock] = []
    by_shock: dict[tuple[str, ...], set[str]] = {}
    for *measure, targets in replaced:
        by_shock.setdefault(tuple(measure), set()).update(targets.split(";"))
    rows = tables["export_controls"]
    rows = rows[~rows["suspended"].astype(bool) & (rows["mineral"] == mineral)]
    singled_out: dict[tuple[str, ...], set[str]] = {}
    for row in rows[rows["targets"] != EVERYONE].itertuples():
        singled_out.setdefault(_measure(row), set()).update(str(row.targets).split(";"))
    for row in rows.itertuples():
        importers = base.targets(str(row.targets), str(row.exporter))
        if row.targets == EVERYONE:
            importers = tuple(name for name in importers if name not in singled_out.get(_measure(row), ()))
        left = tuple(name for name in importers if name not in by_shock.get(_measure(row), ()))
        shock = _control(row, left, base) if left else None
        if shock is not None:
            shocks.append(shock)
    return shocks


def _measure(row: Any) -> tuple[str, ...]:
    return str(row.kind), str(row.exporter), str(row.mineral), str(row.stage)


def _control(row: Any, importers: tuple[str, ...], base: Base) -> Shock | None:
    """One control's effect beyond the base year; None where the base year holds all of it.

    Levels of bans, quotas and licences are shares of base-year exports; a tax counts for the part of the year it was
    not in force.
    """
    exporter, mineral, stage = str(row.exporter), str(row.mineral), str(row.stage)
    if row.kind == "export_tax":
        rate = float(row.level) * (1.0 - float(row.in_base_2024))
        if rate <= 0.0:
            return None
        return ExportTaxChange(
            kind="export_tax", exporter=exporter, importers=importers, mineral=mineral, stage=stage, rate=rate
        )
    if np.isfinite(row.quantity_t_per_yr):
        everyone = base.targets(EVERYONE, exporter)
        left = base.exports(mineral, stage, exporter, importers) / base.exports(mineral, stage, exporter, everyone)
        place = {"exporter": exporter, "importers": importers, "mineral": mineral, "stage": stage}
        return ExportQuota(kind="export_quota", quantity=float(row.quantity_t_per_yr) * left, **place)
    if row.level >= 1.0:
        return None
    return restriction(exporter, importers, mineral, stage, float(row.level), base)
