"""Read the data folder: all tables or every fault."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from model.data.cross_checks import CROSS_CHECKS
from model.data.policy_checks import POLICY_CHECKS
from model.data.quote_checks import QUOTE_CHECKS
from model.data.schema import Checked, Fault, check_references, check_table
from model.data.schemas import SCHEMAS
from model.errors import DataError, FileError
from model.files import LONGEST_PATH, named, read_text, short
from model.records import FAULTS_SHOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

pd.set_option("mode.string_storage", "python")  # Arrow's strings make each look into a small table a third slower

FOLDER_VARIABLE = "ACCORD_DATA"
"""Environment variable with which ``accord app --data`` hands its folder to the dashboard."""


@dataclass(frozen=True)
class Tables:
    """The checked tables by name, one pandas frame each with the columns of its schema, and the hash of their contents.

    Frames are shared: read them, never write to them.
    """

    frames: Mapping[str, pd.DataFrame]
    content_hash: str

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]


def default_folder() -> Path:
    """The data folder that the environment names (``ACCORD_DATA``), else the one that ships beside the package."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(__file__).resolve().parents[2] / "data"


def load(folder: Path | None = None) -> Tables:
    """Return the checked tables of a data folder, or raise DataError listing what is wrong with them.

    >>> load()["regions"].id.size
    46
    """
    folder = folder or default_folder()
    frames, faults = _read(folder)
    if faults:
        shown = "\n".join(f"- {fault}" for fault in faults[:FAULTS_SHOWN])
        more = f"\n- and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise DataError(f"The data in {folder} have {len(faults)} faults:\n{shown}{more}")
    return Tables(frames, data_hash(folder))


def check(folder: Path | None = None) -> list[Fault]:
    """Return every fault of every table of a data folder; an empty list means the data are sound.

    Raises:
        DataError: if the folder holds none of the tables.
    """
    return _read(folder or default_folder())[1]


def data_hash(folder: Path | None = None) -> str:
    """SHA-256 over names and contents of the registered tables: equal hashes mean equal data."""
    folder = folder or default_folder()
    digest = hashlib.sha256()
    for schema in sorted(SCHEMAS, key=lambda schema: schema.name):
        path = folder / f"{schema.name}.csv"
        if not path.is_file():
            raise DataError(f"There is no table {path}")
        contents = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{schema.name} {len(contents)}\n".encode() + contents)
    return digest.hexdigest()


def _read(folder: Path) -> tuple[dict[str, pd.DataFrame], list[Fault]]:
    frames: dict[str, pd.DataFrame] = {}
    faults: list[Fault] = []
    if not any((folder / f"{schema.name}.csv").exists() for schema in SCHEMAS):
        raise DataError(f"{short(str(folder), LONGEST_PATH)} holds none of the {len(SCHEMAS)} data tables")
    for schema in SCHEMAS:
        raw = _read_as_text(folder, schema.name)
        checked = Checked(None, [raw]) if isinstance(raw, Fault) else check_table(schema, raw)
        faults += checked.faults
        if checked.frame is not None:
            frames[schema.name] = checked.frame
    known = _known_values(frames)
    for schema in SCHEMAS:
        if schema.name in frames:
            faults += check_references(schema, frames[schema.name], known)
    for needed, cross_check in (*CROSS_CHECKS, *POLICY_CHECKS, *QUOTE_CHECKS):
        if all(name in frames for name in needed):
            faults += cross_check(frames)
    return frames, faults


def _read_as_text(folder: Path, name: str) -> pd.DataFrame | Fault:
    """The table with every cell as text, so that a bad cell can be quoted as it stands in the file."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return Fault(name, None, None, None, "file is missing")
    try:
        raw = read_table(path).fillna("")
    except FileError as error:
        return Fault(name, None, None, None, f"file cannot be read: {error}")
    if not isinstance(raw.index, pd.RangeIndex):
        return Fault(name, None, None, None, "rows have more cells than the header has columns")
    return raw


def read_table(path: Path) -> pd.DataFrame:
    """A table with every cell as text.

    Raises:
        FileError: when the file cannot be read, is no text, or has no rows and columns.
    """
    text = read_text(path, "table")
    try:
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:
        raise FileError(f"{named('table', path)} is no table: {short(str(error), LONGEST_PATH)}") from None


def _known_values(frames: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], set[str]]:
    """The values that referring columns may take, for every column some schema refers to."""
    lists = {(schema.name, column.name) for schema in SCHEMAS for column in schema.columns if column.list_column}
    referred = {column.refers_to for schema in SCHEMAS for column in schema.columns if column.refers_to is not None}
    known = {}
    for table, column in referred:
        if table in frames:
            values = frames[table][column]
            known[table, column] = set(";".join(values).split(";")) if (table, column) in lists else set(values)
    return known
