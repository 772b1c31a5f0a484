"""A document before it has a format: blocks of text, tables and charts that every writer lays out in its own way."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from model.units import MILLION, MONEY
from model.words.numbers import LEAST_USD, NO_CHANGE, exact, figures

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

    from model.findings.charts import Chart

ABSENT = "–"

Value = str | float | None


@dataclass(frozen=True)
class Column:
    """A table's column.

    Title, unit ("" for text), factor from the stored number to the unit shown, and how it is written.

    ``exact`` numbers keep every digit that was agreed; others are rounded to three figures. ``signed`` numbers are
    changes, none of which reads "no change". What is smaller than ``least`` is shown as nothing.
    """

    title: str
    unit: str = ""
    scale: float = 1.0
    signed: bool = False
    exact: bool = False
    least: float = 0.0

    @property
    def header(self) -> str:
        """Title with its unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    def scaled(self, value: float) -> float:
        """A stored number in the unit shown."""
        return 0.0 if abs(value) < self.least else value * self.scale

    def shown(self, value: Value) -> str:
        """A cell as a reader sees it."""
        if value is None:
            return ABSENT
        if isinstance(value, str):
            return clean(value)
        scaled = self.scaled(value)
        if self.signed and scaled == 0:
            return NO_CHANGE
        text = exact(scaled) if self.exact else figures(scaled)
        return f"+{text}" if self.signed and scaled > 0 else text


def price(title: str) -> Column:
    """A column of prices."""
    return Column(title, "USD/t")


def share(title: str, signed: bool = False, least: float = 0.0) -> Column:
    """A column of shares, shown in percent."""
    return Column(title, "%", 100.0, signed, least=least)


def million(title: str, signed: bool = True) -> Column:
    """A column of money a year, shown in millions; changes carry their sign."""
    return Column(title, MONEY, 1 / MILLION, signed, least=LEAST_USD)


def flow(title: str) -> Column:
    """A column of yearly quantities."""
    return Column(title, "t/yr")


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 starts a section."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """Running text; ``strong`` marks the finding that a section starts with."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """The list of the sections that follow; it starts a page."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table with a caption; ``name`` tells it from others. Rows hold texts and stored numbers.

    ``page`` is the sheet of a workbook on which it stands, with others or alone. Where the rows have different units,
    ``looks`` says of every cell how its number is written.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""
    page: str = ""
    looks: tuple[tuple[Column, ...], ...] = ()

    @property
    def unit(self) -> str:
        """The unit of all its numbers, where it is one."""
        units = {column.unit for column, number in zip(self.columns, self.numeric, strict=True) if number}
        return next(iter(units)) if len(units) == 1 and not self.looks else ""

    @property
    def title(self) -> str:
        """The caption with the unit of all numbers, where it is one."""
        return f"{self.caption}, {self.unit}" if self.unit else self.caption

    @property
    def header(self) -> list[str]:
        """The titles of the columns, each with its unit unless the table's title tells it of all."""
        return [column.title if self.unit else column.header for column in self.columns]

    def look(self, row: int, at: int) -> Column:
        """How the numbers of a cell are written."""
        return self.looks[row][at] if self.looks else self.columns[at]

    @property
    def shown(self) -> list[list[tuple[str, bool]]]:
        """The rows as a reader sees them: each cell's text, and whether it is a number's (or stands for one)."""
        return [
            [(self.look(down, at).shown(value), not isinstance(value, str)) for at, value in enumerate(row)]
            for down, row in enumerate(self.rows)
        ]

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers."""
        return [any(isinstance(row[at], float) for row in self.rows) for at in range(len(self.columns))]

    def without_zeros(self) -> Sheet:
        """The table without columns of nothing but zeros, which the note names instead; one column of numbers stays."""
        numeric, shown = self.numeric, self.shown
        none = {"0", NO_CHANGE}
        empty = [at for at in range(len(self.columns)) if numeric[at] and {row[at][0] for row in shown} <= none]
        kept = [at for at in range(len(self.columns)) if at not in empty]
        if not empty or not any(numeric[at] for at in kept):
            return self
        columns, rows = (
            tuple(self.columns[at] for at in kept),
            tuple(tuple(row[at] for at in kept) for row in self.rows),
        )
        told: dict[str, list[str]] = {}
        for at in empty:
            column = self.columns[at]
            small = f"Under {exact(column.scaled(column.least))} {column.unit}"
            told.setdefault(small if any(row[at] for row in self.rows) else "Zero", []).append(column.title)
        zeros = (f"{size} in every row: {'; '.join(titles)}." for size, titles in told.items())
        return replace(self, columns=columns, rows=rows, note=" ".join(filter(None, (self.note, *zeros))))


@dataclass(frozen=True)
class Picture:
    """A chart with a caption."""

    caption: str
    chart: Chart

    @property
    def alternative(self) -> str:
        """What says the same to those who cannot see it."""
        return f"{self.chart.form}. {self.chart.sentence}"


Block = Heading | Paragraph | Bullets | Contents | Sheet | Picture


@dataclass(frozen=True)
class Attachment:
    """A snapshot that travels with the document."""

    name: str
    content: str


@dataclass(frozen=True)
class Document:
    """Everything a writer needs; nothing in it depends on when or where it is written."""

    title: str
    subtitle: str
    short_id: str
    author: str
    created: datetime
    blocks: tuple[Block, ...]
    about: tuple[tuple[str, str], ...]
    further: tuple[Sheet, ...]
    """Full tables, for workbooks only."""
    attachments: tuple[Attachment, ...]

    @property
    def footer(self) -> str:
        """What stands at the foot of every page."""
        return f"Minerals Accord · snapshot {self.short_id}"

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """The tables of the document in their order."""
        return tuple(block for block in self.blocks if isinstance(block, Sheet))


def on_page(page: str, blocks: Iterable[Block]) -> list[Block]:
    """Blocks whose tables stand together on one sheet of a workbook."""
    return [replace(block, page=page) if isinstance(block, Sheet) else block for block in blocks]


def cell(stored: Any) -> Value:
    """A stored cell as a table holds it."""
    if stored is None or stored is pd.NA or stored != stored:  # noqa: PLR0124 (NaN alone differs from itself)
        return None
    if isinstance(stored, bool):
        return "yes" if stored else "no"
    return float(stored) if isinstance(stored, (int, float)) else str(stored)


def clean(text: str) -> str:
    r"""Text without characters that no document format can hold: controls and halves of pairs become a space.

    >>> clean("a\x00b\nc")
    'a b c'
    """
    return "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Cn") else letter for letter in text)
