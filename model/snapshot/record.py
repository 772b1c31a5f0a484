"""The snapshot file: its parts, its identity and checksum, and how one is opened.

A snapshot is one JSON object. ``inputs`` is everything that determines the numbers; ``id`` is the SHA-256 of its
canonical text, the scenario's name left out. ``checksum`` is the SHA-256 of the canonical text of the whole object
without ``checksum`` itself. Both are taken over the content as it stands in the file, so that a later version with more
fields still finds them unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
from pydantic import AfterValidator, Field

from model.errors import ScenarioError, SnapshotError
from model.files import named, parse_object, read_text, short
from model.instruments import KINDS
from model.records import Record
from model.scenario import Scenario, in_its_format
from model.snapshot.canonical import canonical, digest

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
KIND = "minerals-accord snapshot"
SHORT = 12
"""Letters of an id that documents show: enough that no two of a million snapshots share them."""

RESULT_KEYS: dict[str, tuple[str, ...]] = {
    "headline": ("mineral",),
    "today": ("mineral",),
    "parties": ("mineral", "region"),
    "accounts": ("mineral", "region"),
    "prices": ("mineral", "stage", "region"),
    "quantities": ("mineral", "stage", "region"),
    "flows": ("mineral", "stage", "exporter", "importer"),
    "sources": ("mineral", "origin"),
    **{kind.result: kind.row_key for kind in KINDS if kind.result is not None},
    "industries": ("region", "industry"),
    "industries_without_agreement": ("region", "industry"),
    "industries_by_mineral": ("region", "industry", "mineral"),
    "gains": ("mineral", "region"),
    "supply": ("mineral", "origin", "group"),
    "industries_hit": ("industry",),
    "response": ("mineral", "level_usd_per_t"),
    "response_ends": ("mineral",),
    "response_fails": ("mineral", "region"),
    "shocks": ("mineral", "shock"),
    "sensitivity": ("mineral", "assumption", "end"),
}
"""Result tables and the columns that identify a row of each."""
OF_INSTRUMENTS = frozenset(kind.result for kind in KINDS if kind.result is not None)
"""Tables that instruments fill: a snapshot made before an instrument was known has none of its rows."""
SINCE = frozenset({"today"})
"""Tables that came later: a snapshot made before lacks them, and nothing in them is compared with it."""

NAMED = frozenset({"region", "mineral", "product", "industry", "shock", "coalition"})
"""Kinds of things whose display names a snapshot carries."""
YEARS = range(2020, 9999)
"""Years in which a snapshot can have been made; none is older than the program."""

LARGEST_CELL = 1e18
"""Size of a number beyond which none is a result: more than any amount of money, and still a whole number."""

BELOW_NOTHING = -1e-3
"""A price or quantity below this is none; above it rounding may have left it [USD/t, t/yr]."""
TONNES = ("quantities", "flows", "sources", "supply")
"""Result tables whose every number is a quantity."""


def _no_larger(cell: str | bool | int | float | None) -> str | bool | int | float | None:
    if isinstance(cell, (int, float)) and abs(cell) > LARGEST_CELL:
        raise ValueError(f"{short(str(cell), 20)} is larger than any result (up to {LARGEST_CELL:g})")
    return cell


Cell = Annotated[str | bool | int | float | None, AfterValidator(_no_larger)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Table(Record):
    """A table: column names (units in the name) and rows of cells; null where there is no number."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def frame(self) -> pd.DataFrame:
        """The table as a frame."""
        return pd.DataFrame(list(self.rows), columns=list(self.columns))


class DataUsed(Record):
    """The data: version (date of the status quo), hash of the folder, every row the result can depend on, as text."""

    version: str
    hash: Digest
    tables: dict[str, Table]


class Inputs(Record):
    """Everything that determines the numbers. ``defaults`` are those of the scenario's and the instruments' fields."""

    scenario: Scenario
    assumptions: dict[str, float]
    defaults: dict[str, Cell]
    data: DataUsed
    versions: dict[str, str]
    options: dict[str, dict[str, Cell]]


class Results(Record):
    """Tables by name, and per mineral what was said of them: lists of sentences by subject."""

    tables: dict[str, Table]
    sentences: dict[str, dict[str, tuple[str, ...]]]


class Content(Record):
    """The whole file; ``design`` holds the optimiser's tables where the scenario came from it, never replayed."""

    kind: str
    format: int
    id: Digest
    checksum: Digest
    created: datetime
    author: str = Field("", max_length=200)
    environment: dict[str, str]
    inputs: Inputs
    names: dict[str, dict[str, str]]
    results: Results
    design: dict[str, Table] = Field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """An opened or just made snapshot: the file's content as it stands, and the same as a record."""

    content: dict[str, Any]
    record: Content

    @property
    def id(self) -> str:
        """SHA-256 over everything that determines the numbers."""
        return self.record.id

    @property
    def short_id(self) -> str:
        """The beginning of the id, as documents show it."""
        return self.record.id[:SHORT]

    @property
    def scenario(self) -> Scenario:
        """What was solved."""
        return self.record.inputs.scenario

    @cached_property
    def counted(self) -> Scenario:
        """The scenario without terms on minerals that are neither looked at nor hosts of those that are."""
        scenario = self.record.inputs.scenario
        return scenario.model_copy(update={"agreement": scenario.agreement.on(set(self.data["minerals"]["id"]))})

    @property
    def title(self) -> str:
        """The scenario's name, or its minerals."""
        minerals = [self.record.names["mineral"].get(name, name) for name in self.scenario.minerals]
        return self.scenario.name.strip() or ", ".join(minerals)

    @property
    def created(self) -> datetime:
        """When it was made (UTC)."""
        return self.record.created.astimezone(UTC)

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Result tables as frames, never to be written to."""
        return {name: table.frame() for name, table in self.record.results.tables.items()}

    @cached_property
    def data(self) -> dict[str, pd.DataFrame]:
        """The data rows it rests on, every cell as text."""
        return {name: table.frame() for name, table in self.record.inputs.data.tables.items()}

    def sentences(self, mineral: str, subject: str) -> tuple[str, ...]:
        """What was said of a mineral under a subject."""
        return self.record.results.sentences.get(mineral, {}).get(subject, ())

    def to_json(self) -> str:
        """The file's text; the same snapshot always gives the same."""
        return canonical(self.content) + "\n"


def identity(inputs: dict[str, Any]) -> str:
    """The id of inputs: their digest without the scenario's name, which determines no number."""
    scenario = {key: value for key, value in inputs["scenario"].items() if key != "name"}
    return digest({**inputs, "scenario": scenario})


def checksum(content: dict[str, Any]) -> str:
    """The checksum of a file's content."""
    return digest({key: value for key, value in content.items() if key != "checksum"})


def sealed(content: dict[str, Any]) -> Snapshot:
    """A new snapshot: id and checksum are added to the content."""
    whole = {"kind": KIND, "format": FORMAT, **content, "id": identity(content["inputs"])}
    return opened({**whole, "checksum": checksum(whole)}, "snapshot")


def parse(text: str, what: str = "snapshot") -> Snapshot:
    """The snapshot a text holds, id and checksum verified.

    Raises:
        SnapshotError: when the text is too large, cut off, from a newer version, tampered with, or no snapshot at all.
    """
    return opened(parse_object(text, what), what)


def read(path: Path) -> Snapshot:
    """The snapshot in a file."""
    return parse(read_text(path, "snapshot"), named("snapshot", path))


def opened(content: dict[str, Any], what: str) -> Snapshot:
    """A snapshot from a file's content, verified."""
    if content.get("kind") != KIND:
        raise SnapshotError(f"{what} is not a snapshot of Minerals Accord")
    _check_format(content.get("format"), what)
    _check_seals(content, what)
    try:
        inputs = {**content["inputs"], "scenario": in_its_format(content["inputs"]["scenario"])}
        record = Content.parse({**content, "inputs": inputs}, what)
    except (ScenarioError, OverflowError) as error:
        raise SnapshotError(str(error)) from None
    _check_tables(record, what)
    _check_signs(record, what)
    _check_names(record, what)
    return Snapshot(content, record)


def _check_format(number: object, what: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise SnapshotError(f"{what} has no valid format number")
    if number > FORMAT:
        told = (
            f"{what} has format {number}, from a newer version of Minerals Accord; this one reads up to format {FORMAT}"
        )
        raise SnapshotError(f"{told}. Update to open it")


def _check_seals(content: dict[str, Any], what: str) -> None:
    try:
        whole, inner = checksum(content), identity(content["inputs"])
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise SnapshotError(f"{what} lacks the parts of a snapshot") from None
    if whole != content.get("checksum"):
        told = f"{what}: the checksum does not match, so the file was changed or damaged after it was made"
        raise SnapshotError(f"{told}. Ask its author for the original")
    if inner != content.get("id"):
        told = f"{what}: the id does not match its scenario, assumptions, data and versions"
        raise SnapshotError(f"{told}; it is not what it claims to be")


def _check_names(record: Content, what: str) -> None:
    missing = sorted(NAMED - set(record.names))
    if missing:
        raise SnapshotError(f"{what} lacks the names of {', '.join(missing)}")
    if record.created.tzinfo is None or record.created.year not in YEARS:
        raise SnapshotError(f"{what} was made at {record.created.isoformat()}, it says, which no snapshot was")


def _check_signs(record: Content, what: str) -> None:
    """No price and no quantity of a result is negative; seals that match tell only who wrote them last."""
    for name in RESULT_KEYS:
        table = record.results.tables[name]
        for at, column in enumerate(table.columns):
            if name not in TONNES and "price" not in column:
                continue
            numbers = (cell for row in table.rows if isinstance(cell := row[at], (int, float)))
            if (least := min(numbers, default=0.0)) < BELOW_NOTHING:
                told = f"{what}: {column} of table {name!r} is {least:g} somewhere, which no price and no quantity is"
                raise SnapshotError(f"{told}. Ask its author for the original")


def _check_tables(record: Content, what: str) -> None:
    missing = sorted(set(RESULT_KEYS) - set(record.results.tables) - OF_INSTRUMENTS - SINCE)
    if missing:
        raise SnapshotError(f"{what} lacks the result tables {', '.join(missing)}")
    for name, key in RESULT_KEYS.items():
        if name not in record.results.tables:
            record.results.tables[name] = Table(columns=key, rows=())
        table = record.results.tables[name]
        lacking = [column for column in key if column not in table.columns]
        if table.rows and lacking:
            raise SnapshotError(f"{what}: table {name!r} lacks the columns {', '.join(lacking)}")
    parts = (record.inputs.data.tables, record.results.tables, record.design)
    for name, table in chain.from_iterable(part.items() for part in parts):
        if len(set(table.columns)) < len(table.columns):
            raise SnapshotError(f"{what}: a column of table {name!r} stands there twice")
        if any(len(row) != len(table.columns) for row in table.rows):
            raise SnapshotError(f"{what}: rows of table {name!r} have more or fewer cells than it has columns")
