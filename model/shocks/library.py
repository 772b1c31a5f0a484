"""The library of named shocks, read from the data tables and turned into the plain shocks that a market knows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from model.errors import DataError, ScenarioError
from model.records import Name, Record, choices, unit
from model.shocks.controls import Replaced
from model.shocks.kinds import OF_ROW, ExportBan, SupplyLoss, part_of_year

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from model.data import Tables
    from model.shocks.kinds import Base, Disturbance

MOST_SEVERE = 1e6
"""Largest share, multiple or tonnes a year that a shock may be asked for."""


class NamedShock(Record):
    """A shock of the library by name. It counts for the part of the year it lasts (:func:`over_the_year`)."""

    name: Name
    severity: Annotated[float, Field(ge=0, le=MOST_SEVERE, json_schema_extra=unit("as the library states"))] | None = (
        Field(
            None, description="while it lasts, which is for the part of the year that the library says; none = its own"
        )
    )


def over_the_year(severity: float, severity_unit: str, duration_yr: float) -> float:
    """What a severity comes to over a year: its distance from "nothing" times the part of the year that it lasts.

    The one rule for every page, command and search. Longer than a year counts as a whole year. Nothing happens at 1 for
    shares allowed and multiples, at 0 for everything else; more than all cannot be stopped or lost.

    >>> over_the_year(1.0, "share of exports stopped", 0.5)
    0.5
    >>> over_the_year(0.4, "share of base-year exports allowed", 0.5)
    0.7
    """
    if severity_unit.endswith(("stopped", "lost")):
        severity = min(severity, 1.0)
    nothing = 1.0 if "allowed" in severity_unit or "multiple" in severity_unit else 0.0
    return nothing + (severity - nothing) * part_of_year(duration_yr)


def _over_the_year_of(row: Any, factor: float) -> float:
    """The same for a row of the library, its severity times a factor."""
    return over_the_year(float(row.severity) * factor, str(row.unit), float(row.duration_yr))


LICENCES, TAX = "licence_answer", "tax_answer"
"""Kinds of rows that are answers to an agreement: licences tightened until their rent is back, an export tax in the
place of a levy."""


@dataclass(frozen=True)
class Answer:
    """How an exporter answers an agreement on a mineral at a stage.

    It wins back a ``share`` of the rent that its licences lose, or taxes a share of the levy. What that comes to
    follows from the agreement (``model/answers.py``).
    """

    kind: str
    exporter: str
    mineral: str
    stage: str
    share: float


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
    """The table of named shocks; ``in_status_quo`` are those that last on its date, ``answers`` those to agreements."""

    def __init__(self, tables: Tables) -> None:
        self._rows = tables["shocks"]
        self.names = tuple(dict.fromkeys(self._rows["shock_id"]))
        self.answers = tuple(dict.fromkeys(self._rows[self._rows["kind"].isin((LICENCES, TAX))]["shock_id"]))
        self.in_status_quo = tuple(dict.fromkeys(self._rows[self._rows["in_status_quo"].astype(bool)]["shock_id"]))

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

    def touches(self, name: str, minerals: Collection[str]) -> bool:
        """Whether a shock touches one of the minerals; one that names none touches all.

        Raises:
            ScenarioError: when the library has no such shock.
        """
        if name not in self._minerals:
            raise ScenarioError(f"unknown shock {name!r}; {choices(self.names, name)}")
        return not self._minerals[name] or not self._minerals[name].isdisjoint(minerals)

    def for_mineral(self, mineral: str) -> tuple[str, ...]:
        """Names of the shocks that touch a mineral."""
        return tuple(name for name in self.names if self.touches(name, [mineral]))

    @cached_property
    def _minerals(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(self.describe(name).minerals) for name in self.names}

    def _of(self, name: str) -> Any:
        rows = self._rows[self._rows["shock_id"] == name]
        if rows.empty:
            raise ScenarioError(f"unknown shock {name!r}; {choices(self.names, name)}")
        return rows

    def beside_status_quo(self, shock: NamedShock) -> NamedShock:
        """A shock as it counts beside the status quo: a loss that it holds already is no smaller for being asked for.

        The outage of today is not undone by a scenario of a milder one.
        """
        if shock.name not in self.in_status_quo or shock.severity is None:
            return shock
        first = self._of(shock.name).iloc[0]
        is_milder = _kind_of(first) is SupplyLoss and shock.severity < float(first["severity"])
        return NamedShock(name=shock.name) if is_milder else shock

    def answers_of(self, shock: NamedShock, mineral: str) -> list[Answer]:
        """How a named shock answers an agreement on a mineral; nothing where it is no answer."""
        if shock.name not in self.answers:
            return []
        rows = self._of(shock.name)
        factor = 1.0 if shock.severity is None else shock.severity / float(rows.iloc[0]["severity"])
        return [
            Answer(str(row.kind), str(row.actors), mineral, str(row.stage), _over_the_year_of(row, factor))
            for row in rows[rows["mineral"] == mineral].itertuples()
        ]

    def records(
        self, shock: NamedShock, base: Base, minerals: Iterable[str]
    ) -> tuple[list[Disturbance], list[Replaced]]:
        """The plain shocks a named shock stands for in the given minerals, and the controls it replaces.

        An answer to an agreement stands for none. Only a full stop replaces any, for the part of the year it lasts. A
        given severity scales all its rows.
        """
        shocks: list[Disturbance] = []
        replaced: list[Replaced] = []
        rows = self._of(shock.name)
        factor = 1.0 if shock.severity is None else shock.severity / float(rows.iloc[0]["severity"])
        for row in rows[~rows["kind"].isin((LICENCES, TAX))].itertuples():
            severity = _over_the_year_of(row, factor)
            named = str(row.mineral) if isinstance(row.mineral, str) and row.mineral else None
            for mineral in minerals if named is None else ([named] if named in minerals else []):
                for stage in base.stages[mineral] if named is None else [str(row.stage)]:
                    own = _kind_of(row).from_row(row, {"mineral": mineral, "stage": stage}, severity, base)
                    shocks += own
                    replaced += _replaced_by(row, float(row.severity) * factor, mineral, stage, base)
        return shocks, replaced


def _kind_of(row: Any) -> type[Disturbance]:
    if row.kind not in OF_ROW:
        raise DataError(f"shocks.csv: {row.shock_id} has unknown kind {row.kind!r}; {choices(OF_ROW, row.kind)}")
    return OF_ROW[str(row.kind)]


def _replaced_by(row: Any, severity: float, mineral: str, stage: str, base: Base) -> list[Replaced]:
    """Controls that a stop takes the place of; a milder one of a whole year stands beside them and lifts none."""
    part = part_of_year(float(row.duration_yr))
    if _kind_of(row) is not ExportBan or (severity < 1.0 and part >= 1.0):
        return []
    kinds = str(row.replaces).split(";") if isinstance(row.replaces, str) and row.replaces else []
    return [
        Replaced(kind, actor, mineral, stage, base.targets(str(row.targets), actor), max(1.0 - severity, 0.0), part)
        for kind in kinds
        for actor in str(row.actors).split(";")
    ]
