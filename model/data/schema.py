"""What a table must look like, and the faults a damaged one has.

A schema is a plain record, checked with a few vectorised passes. Loading the shipped data has to stay well under half a
second, which a general validation library does not allow (its import alone takes longer).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Kind = Literal["text", "number", "integer", "flag"]
Mask = NDArray[np.bool_]

FLAGS = ("true", "false")


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one table; ``row`` is the line of the file (the header is line 1), None for all of it."""

    table: str
    row: int | None
    column: str | None
    value: str | None
    rule: str

    def __str__(self) -> str:
        place = self.table + ("" if self.row is None else f", row {self.row}")
        place += "" if self.column is None else f", column {self.column}"
        return f"{place}: {self.rule}" + ("" if self.value is None else f" (found {self.value!r})")


Frames = Mapping[str, pd.DataFrame]
Check = Callable[[Frames], list[Fault]]
"""A rule that ties several rows or tables together."""


@dataclass(frozen=True)
class Column:
    """A column and the rule its values obey.

    ``absent`` says in words what an empty cell means; None forbids empty cells. ``low`` and ``high`` are inclusive
    bounds of numbers, ``choices`` the only values a text may take. ``refers_to`` names the table and column in which
    every value must exist. A ``list_column`` holds several values joined by ";".
    """

    name: str
    kind: Kind
    doc: str
    absent: str | None = None
    low: float = -np.inf
    high: float = np.inf
    choices: tuple[str, ...] = ()
    refers_to: tuple[str, str] | None = None
    list_column: bool = False


@dataclass(frozen=True)
class TableSchema:
    """One table of the data folder: file ``<name>.csv``, its columns in order, and the columns that identify a row."""

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass
class Checked:
    """A table read so far: its typed frame (None when it could not be typed at all) and the faults found."""

    frame: pd.DataFrame | None
    faults: list[Fault] = field(default_factory=list)


def text(
    name: str,
    doc: str,
    *,
    absent: str | None = None,
    choices: tuple[str, ...] = (),
    refers_to: tuple[str, str] | None = None,
    list_column: bool = False,
) -> Column:
    """A column of text."""
    return Column(name, "text", doc, absent=absent, choices=choices, refers_to=refers_to, list_column=list_column)


def number(name: str, doc: str, *, absent: str | None = None, low: float = 0.0, high: float = np.inf) -> Column:
    """A column of finite numbers, by default not negative."""
    return Column(name, "number", doc, absent=absent, low=low, high=high)


def integer(name: str, doc: str, *, absent: str | None = None, low: float = 0.0, high: float = np.inf) -> Column:
    """A column of whole numbers, by default not negative."""
    return Column(name, "integer", doc, absent=absent, low=low, high=high)


def flag(name: str, doc: str) -> Column:
    """A column of ``true`` or ``false``."""
    return Column(name, "flag", doc)


def mineral(name: str = "mineral", doc: str = "mineral or host metal", *, absent: str | None = None) -> Column:
    """A column of ids of minerals.csv."""
    return text(name, doc, absent=absent, refers_to=("minerals", "id"))


def region(name: str = "region", doc: str = "region", *, absent: str | None = None) -> Column:
    """A column of ids of regions.csv."""
    return text(name, doc, absent=absent, refers_to=("regions", "id"))


def country(name: str, doc: str, *, absent: str | None = None) -> Column:
    """A column of ISO-3 country codes, each a member of one region."""
    return text(name, doc, absent=absent, refers_to=("regions", "members"))


def source(*, absent: str | None = None) -> Column:
    """The column that says where a row comes from."""
    return text("source_id", "publication the row comes from", absent=absent, refers_to=("sources", "source_id"))


def note() -> Column:
    """A free remark."""
    return text("note", "remark", absent="nothing to add")


def check_table(schema: TableSchema, raw: pd.DataFrame) -> Checked:
    """Type a table read as text and find its faults: missing columns, bad cells, repeated keys."""
    missing = [column.name for column in schema.columns if column.name not in raw]
    unknown = [name for name in raw if name not in {column.name for column in schema.columns}]
    faults = [Fault(schema.name, None, name, None, "column is missing") for name in missing]
    faults += [Fault(schema.name, None, str(name), None, "column is not in the schema") for name in unknown]
    if missing:
        return Checked(None, faults)
    typed = {}
    for column in schema.columns:
        typed[column.name], wrong = _typed(column, raw[column.name])
        faults += _faults_at(schema, column.name, raw, wrong)
    faults += _repeated_keys(schema, raw)
    return Checked(pd.DataFrame(typed), faults)


def _repeated_keys(schema: TableSchema, raw: pd.DataFrame) -> list[Fault]:
    keys, name = raw[list(schema.key)], ", ".join(schema.key)
    if len(set(zip(*(keys[column].tolist() for column in keys), strict=True))) == len(keys):
        return []
    return [
        Fault(schema.name, line_of(index), name, ", ".join(keys.iloc[index].astype(str).tolist()), "key is repeated")
        for index in np.flatnonzero(keys.duplicated())
    ]


def check_references(schema: TableSchema, frame: pd.DataFrame, known: dict[tuple[str, str], set[str]]) -> list[Fault]:
    """Every value of a referring column must exist in the table referred to (skipped when that table is unreadable)."""
    faults: list[Fault] = []
    for column in schema.columns:
        if column.refers_to is None or column.refers_to not in known:
            continue
        allowed = known[column.refers_to]
        rule = f"must exist in {column.refers_to[0]}.{column.refers_to[1]}"
        faults += [
            Fault(schema.name, line_of(index), column.name, value, rule)
            for index, cell in enumerate(frame[column.name].tolist())
            for value in (cell.split(";") if column.list_column else [cell])
            if value and value not in allowed
        ]
    return faults


def line_of(index: object) -> int:
    """The line of the file that holds the row ``index``: lines count from 1 and the header is the first."""
    return int(index) + 2  # type: ignore[call-overload,no-any-return]


def _faults_at(schema: TableSchema, column: str, raw: pd.DataFrame, wrong: dict[str, Mask]) -> list[Fault]:
    return [
        Fault(schema.name, line_of(index), column, str(raw[column].iloc[index]), rule)
        for rule, mask in wrong.items()
        for index in np.flatnonzero(mask)
    ]


def _typed(column: Column, cells: pd.Series) -> tuple[pd.Series, dict[str, Mask]]:
    """The column as its kind, and for each broken rule the mask of the cells that break it."""
    values = cells.to_numpy(dtype=object)
    empty = values == ""
    wrong = {} if column.absent is not None else {"must not be empty": empty}
    if column.kind == "text":
        return cells, wrong | _not_among(column.choices, values, empty)
    if column.kind == "flag":
        return pd.Series(values == FLAGS[0]), wrong | _not_among(FLAGS, values, empty)
    numbers = np.asarray(pd.to_numeric(values, errors="coerce"), dtype=float)
    finite = np.isfinite(numbers)
    wrong |= {
        "must be a finite number": ~finite & ~empty,
        f"must be at least {column.low:g}": finite & (numbers < column.low),
        f"must be at most {column.high:g}": finite & (numbers > column.high),
    }
    if column.kind == "integer":
        wrong |= {"must be a whole number": finite & (numbers % 1 != 0)}
        return pd.Series(numbers.astype(int) if finite.all() else numbers), wrong
    return pd.Series(numbers), wrong


def _not_among(choices: tuple[str, ...], values: np.ndarray, empty: Mask) -> dict[str, Mask]:
    if not choices:
        return {}
    return {f"must be one of {', '.join(choices)}": ~np.isin(values, choices) & ~empty}
