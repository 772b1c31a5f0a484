"""Excel: at most a dozen sheets, on each the tables that belong together. Text is never a formula."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import xlsxwriter

from model.memo.blocks import Column, Sheet, clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from model.memo.blocks import Document, Value

    Look = Callable[..., Format]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings a spreadsheet program could take for a formula when a cell is edited; such cells are marked as text."""
ZERO = '"0";"0";"0"'
"""How a number too small for its column's format is shown, whose sign would stand alone."""
LONGEST_SHEET_NAME = 31
WIDEST = 48
ABOUT = (Column("Item"), Column("Value"))


def write(document: Document) -> bytes:
    """The document's tables as a workbook."""
    file = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, settings)
    moment = document.created.replace(tzinfo=None)
    about = {"title": clean(document.title), "author": clean(document.author), "comments": document.footer}
    book.set_properties({**about, "created": moment})
    look = _looks(book)
    first = Sheet("About", f"{document.title} · {document.subtitle}", ABOUT, document.about, page="About")
    own = (sheet for sheet in document.sheets if sheet.rows != document.about)
    pages: dict[str, list[Sheet]] = {}
    for sheet in (first, *own, *document.further):
        pages.setdefault(sheet.page or sheet.name, []).append(sheet)
    names: set[str] = set()
    for name, sheets in pages.items():
        _add(book, name, sheets, look, names, document.footer)
    book.close()
    return file.getvalue()


def _looks(book: Workbook) -> Look:
    """Cell formats by number pattern and further properties, each made once for a workbook."""

    @cache
    def look(pattern: str, **more: bool | int) -> Format:
        return book.add_format({"num_format": pattern, "valign": "top", **more})

    return look


def _add(book: Workbook, name: str, sheets: list[Sheet], look: Look, names: set[str], footer: str) -> None:
    """One sheet of the workbook: its tables below each other, each under its caption."""
    page = book.add_worksheet(_unused(name, names))
    page.set_footer(f"&L{footer}&RPage &P of &N")
    page.set_landscape()
    page.fit_to_pages(1, 0)
    widths: dict[int, int] = {}
    top = 0
    for sheet in sheets:
        page.write_string(top, 0, clean(sheet.title), look("@", bold=True))
        _table(page, sheet, look, top + 1)
        for at, column in enumerate(sheet.columns):
            widths[at] = max(widths.get(at, 0), _width(column, [row[at] for row in sheet.rows]))
        top += len(sheet.rows) + 2
        if sheet.note:
            page.write_string(top, 0, clean(sheet.note), look("@", italic=True))
        top += 2
    for at, width in widths.items():
        page.set_column(at, at, width)
    if len(sheets) == 1 and sheets[0].rows:
        page.freeze_panes(2, 0)
        page.repeat_rows(1)
        page.autofilter(1, 0, len(sheets[0].rows) + 1, len(sheets[0].columns) - 1)


def _table(page: Worksheet, sheet: Sheet, look: Look, top: int) -> None:
    for at, (column, title) in enumerate(zip(sheet.columns, sheet.header, strict=True)):
        page.write_string(top, at, clean(title), look("@", bold=True, text_wrap=True, bottom=1))
        values = [row[at] for row in sheet.rows]
        together = pattern(column, values)
        for down, value in enumerate(values):
            one = sheet.look(down, at)
            shape = pattern(one, [value]) if sheet.looks else together
            least = 0.5 * 10.0 ** -len(shape.partition(";")[0].partition(".")[2])
            if isinstance(value, str):
                text = clean(value)
                guarded = {"quote_prefix": True} if text.startswith(FORMULA_STARTS) else {}
                page.write_string(top + 1 + down, at, text, look("@", **guarded))
            elif value is not None:
                number = value * one.scale
                page.write_number(top + 1 + down, at, number, look(shape if abs(number) >= least else ZERO))


def pattern(column: Column, values: list[Value]) -> str:
    """The number format of a column: whole numbers where they are large, three figures where they are small."""
    numbers = [abs(value * column.scale) for value in values if isinstance(value, float)]
    largest = max(numbers, default=0.0)
    if all(number == int(number) for number in numbers):
        body = "#,##0"
    elif column.exact:
        body = "#,##0.0#######"
    else:
        body = "#,##0" if largest >= 1000 else "0.0" if largest >= 100 else "0.00" if largest >= 10 else "0.000"
    return f"+{body};-{body};{body}" if column.signed else body


def _width(column: Column, values: list[Value]) -> int:
    longest = max((len(value) if isinstance(value, str) else 11 for value in values), default=0)
    return min(max(longest, min(len(column.header), 18), 8) + 2, WIDEST)


def _unused(name: str, names: set[str]) -> str:
    """A sheet name within Excel's limits that no other sheet has (letter case does not tell names apart)."""
    plain = (
        "".join(" " if letter in "[]:*?/\\'" else letter for letter in clean(name)).strip()[:LONGEST_SHEET_NAME]
        or "Table"
    )
    found, number = plain, 1
    while found.lower() in names:
        number += 1
        ending = f" {number}"
        found = plain[: LONGEST_SHEET_NAME - len(ending)] + ending
    names.add(found.lower())
    return found
