"""The files that commands write, each known again by what it holds, so that nothing else is ever replaced."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from model.errors import FileError, ScenarioError
from model.files import Output, parse_json, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

TABLES = {
    "headline": "mineral,price_status_quo_usd_per_t,",
    "today": "mineral,price_today,price_today_quoted,",
    "ranges": "mineral,number,low,high,",
    "prices": "region,mineral,stage,consumer_price_status_quo_usd_per_t,",
    "quantities": "region,mineral,stage,production_status_quo_t,",
    "flows": "mineral,stage,exporter,importer,status_quo,",
    "sources": "mineral,origin,status_quo,",
    "accounts": "region,mineral,users_usd,",
    "sides": "side,users_usd,",
    "industries": "region,industry,name,unit_cost_change,",
    "industries_by_mineral": "region,industry,mineral,shortage_share,",
}
"""Tables that ``accord solve --csv`` writes beside those of instruments, and how the first line of each begins."""
FIT = ("mineral", "price_dev", "production_dev", "consumption_dev", "flow_dev", "adjustment", "us_nir", "top_source")
"""Columns by which the table of ``accord calibrate``, a list of rows, is known again."""
INSTRUMENT_TABLE = "index,mineral,stage,"
SUBTITLES = ("Memo on an agreement on critical minerals", "Agreements on critical minerals side by side")
FOOTER = "Minerals Accord · snapshot"
"""What a memo says of itself: its subtitle in HTML and PDF, its footer in the properties of Word and Excel files."""
MEMO_HTML = re.compile(
    rb"<!DOCTYPE html>\n.*\n<body>\n<h1>[^<]*</h1>\n<p class=\"subtitle\">(?:%s)"
    % b"|".join(re.escape(mark.encode()) for mark in SUBTITLES),
    re.DOTALL,
)
"""How a memo in HTML begins; in a title every ``<`` is escaped."""
PROPERTIES = "docProps/core.xml"
LARGEST_PROPERTIES = 1_000_000
"""Bytes of a document's properties that are looked at."""


def tables(folder: Path) -> dict[str, Output]:
    """Where the tables of ``accord solve --csv`` go, by their names."""
    from model.instruments import KINDS

    starts = TABLES | {kind.result: INSTRUMENT_TABLE for kind in KINDS if kind.result is not None}

    def known(name: str) -> Callable[[bytes], bool]:
        return lambda data: data.startswith(starts[name].encode())

    kind = "a table of `accord solve`"
    return {name: Output(folder / f"{name}.csv", kind, ".csv", known(name), made=folder) for name in starts}


def _content(data: bytes) -> Any:
    """What a file holds as JSON; nothing where it holds none."""
    try:
        return parse_json(text_of(data, "file"), "file")
    except FileError:
        return None


def _mark(command: str) -> str:
    return f"minerals-accord {command}"


def _result_of(command: str) -> Callable[[bytes], bool]:
    def known(data: bytes) -> bool:
        content = _content(data)
        return isinstance(content, dict) and content.get("kind") == _mark(command)

    return known


def _is_fit(data: bytes) -> bool:
    content = _content(data)
    rows = content if isinstance(content, list) else []
    return bool(rows) and all(isinstance(row, dict) and row.keys() >= {*FIT} for row in rows)


def _is_snapshot(data: bytes) -> bool:
    from model.snapshot.record import KIND

    content = _content(data)
    return isinstance(content, dict) and content.get("kind") == KIND


def _is_export(header: bytes) -> bool:
    from model.snapshot.library import is_export

    return is_export(header.decode(errors="replace"))


def _is_our_scenario(data: bytes) -> bool:
    """Whether a file is a scenario to the letter as a library writes it; one written by hand never is."""
    from model.scenario import Scenario

    try:
        return Scenario.parse(_content(data), "file").to_json().encode() == data.rstrip(b"\n")
    except ScenarioError:
        return False


def _is_memo(data: bytes) -> bool:
    """Whether a file is a memo by what only its writer makes, where it makes it; a file that quotes one is none."""
    if data.startswith(b"PK"):
        return _is_memo_in_office(data)
    if data.startswith(b"%PDF-"):
        marks = (mark.encode("utf-16-be").hex().upper().encode() for mark in SUBTITLES)
        return b"/Creator(Typst " in data and any(b"/Subject<FEFF" + mark in data for mark in marks)
    return MEMO_HTML.match(data) is not None


def _is_memo_in_office(data: bytes) -> bool:
    """Whether a Word or Excel file names a snapshot in its properties: as subject or as comments."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts, parts.open(PROPERTIES) as file:
            said = file.read(LARGEST_PROPERTIES)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError):
        return False
    return any(f"<dc:{name}>{FOOTER}".encode() in said for name in ("subject", "description"))


def _kind(what: str, known: Callable[[bytes], bool]) -> Callable[..., Output]:
    """How files of a kind are written: a function of a path, of what the command reads and makes, and of the ending."""

    def output(path: Path, inputs: Iterable[Path] = (), made: Path | None = None, ending: str = ".json") -> Output:
        return Output(path, what, ending, known, inputs, made)

    return output


case_result = _kind("a result of `accord case`", _result_of("case"))
solve_result = _kind("a result of `accord solve`", _result_of("solve"))
design = _kind("a result of `accord design`", _result_of("design"))
fit = _kind("a table of `accord calibrate`", _is_fit)
differences = _kind("a list of `accord replay`", _result_of("replay"))
snapshot = _kind("a snapshot", _is_snapshot)
entry = _kind("an entry of a library", lambda data: _is_snapshot(data) or _is_our_scenario(data))
library = _kind("an export of a library", lambda data: _is_export(data.partition(b"\n")[0]))
memo = _kind("a memo", _is_memo)


def as_result(command: str, content: dict[str, Any]) -> str:
    """The text of a command's result, with the mark by which it is known again."""
    return as_json({"kind": _mark(command), **content})


def as_json(value: object) -> str:
    """A value as the text of a file."""
    return json.dumps(_plain(value), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Only what JSON knows: numpy's scalars as Python's, and null for numbers that are not finite."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else None  # no negative zero
    return value
