"""The data rows a result can depend on: which they are, how they differ from today's, and how they are put back."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from model.data import SCHEMAS, data_hash, default_folder
from model.data.load import read_table
from model.data.policy_checks import SHOCK_WIDE_COLUMNS
from model.errors import SnapshotError
from model.files import short
from model.records import choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from model.scenario import Scenario
    from model.world import World

NOT_USED = frozenset(
    (
        "published_checks",
        "trade_after",
        "disruption_results",
        "floor_precedents",
        "coalitions",
        "elasticities",
        "recycling",
    )
)
"""Tables that results are compared with, or that assumptions were chosen from; no result is computed from them."""
RETIRED = frozenset(("industry_io",))
"""Tables that older snapshots hold and no folder does any more; no result was ever computed from them."""
BY_NAME = {"sources": "source_id", "assumptions": "id"}
"""Tables whose rows are asked for by name, from anywhere."""
CHOSEN_BY = {"minerals": ("id",), "sources": ("source_id",), "hs_codes": ("mineral", "hs6")}
"""Columns by which rows are chosen: of stored tables, and of today's."""
BY_CUSTOMS_CODE = ("trade_bilateral", "trade_totals")


@dataclass(frozen=True)
class RowChange:
    """One data row that differs: its table and key, and per column the stored and present text (None = no such row)."""

    table: str
    key: dict[str, str]
    cells: dict[str, tuple[str | None, str | None]]

    def __str__(self) -> str:
        place = f"{self.table}: " + ", ".join(f"{name}={value}" for name, value in self.key.items())
        if all(before is None for before, _ in self.cells.values()):
            return f"{place}: row is new"
        if all(after is None for _, after in self.cells.values()):
            return f"{place}: row is gone"
        told = {
            name: ["not there" if cell is None else repr(cell) for cell in both] for name, both in self.cells.items()
        }
        return f"{place}: " + ", ".join(f"{name} {before} → {after}" for name, (before, after) in told.items())


def rows_used(world: World, scenario: Scenario, folder: Path | None) -> dict[str, pd.DataFrame]:
    """Every row, as text, on which results for the scenario's minerals and hosts can depend, and the sources cited."""
    folder = folder or default_folder()
    if data_hash(folder) != world.tables.content_hash:
        raise SnapshotError(f"the data in {folder} changed since they were read; start again to make a snapshot")
    minerals = set(scenario.minerals) | {host for mineral in scenario.minerals for host in world.hosts.get(mineral, {})}
    return _select({name: _read(folder, name) for name in sorted(set(_keys()) - NOT_USED)}, minerals)


def rows_today(stored: Mapping[str, pd.DataFrame], folder: Path | None) -> dict[str, pd.DataFrame]:
    """The rows that stand in a folder today in place of those a snapshot stored, without the tables in ``RETIRED``."""
    stored = _kept(stored)
    for name, columns in CHOSEN_BY.items():
        lacking = set(columns) - set(stored.get(name, pd.DataFrame()).columns)
        if lacking:
            raise SnapshotError(f"the snapshot's data lack {', '.join(sorted(lacking))} of the table {name!r}")
    unknown = sorted(set(stored) - set(_keys()))
    if unknown:
        raise SnapshotError(f"the snapshot's data hold an unknown table {short(unknown[0])!r}; {choices(_keys())}")
    minerals = set(stored["minerals"]["id"])
    sources = set(stored["sources"]["source_id"])
    return _select({name: _read(folder or default_folder(), name) for name in stored}, minerals, sources)


def changes(stored: Mapping[str, pd.DataFrame], today: Mapping[str, pd.DataFrame]) -> list[RowChange]:
    """Rows that differ between a snapshot and today, table by table."""
    return [
        change
        for name, before in _kept(stored).items()
        for change in _table_changes(name, before, today.get(name, pd.DataFrame(columns=before.columns)))
    ]


def put_back(stored: Mapping[str, pd.DataFrame], folder: Path | None, into: Path) -> Path:
    """A copy of a data folder in which a snapshot's rows stand in place of today's."""
    folder = folder or default_folder()
    copy = into / "data"
    copy.mkdir()
    for name in _keys():
        shutil.copyfile(folder / f"{name}.csv", copy / f"{name}.csv")
    replaced = rows_today(stored, folder)
    for name, rows in _kept(stored).items():
        today = _read(folder, name)
        given_up = replaced[name].index
        if name in BY_NAME:  # what stays may need what the snapshot does not know
            given_up = given_up[replaced[name][BY_NAME[name]].isin(rows[BY_NAME[name]])]
        own, kept = _with_columns(rows, today, _keys()[name]), today.drop(index=given_up)
        whole = (
            pd.concat([own.set_axis(given_up, axis=0), kept]).sort_index()
            if len(own) == len(given_up)
            else pd.concat([own, kept])
        )
        if name == "shocks":  # what one shock's rows share is the snapshot's in all of them
            for shock, first in own.drop_duplicates("shock_id").set_index("shock_id").iterrows():
                whole.loc[whole["shock_id"] == shock, list(SHOCK_WIDE_COLUMNS)] = first[
                    list(SHOCK_WIDE_COLUMNS)
                ].tolist()
        whole.to_csv(copy / f"{name}.csv", index=False, quoting=csv.QUOTE_MINIMAL)
    return copy


def _with_columns(rows: pd.DataFrame, today: pd.DataFrame, key: tuple[str, ...]) -> pd.DataFrame:
    """Stored rows with the columns that came since: what the same row says today, else what most rows say."""
    known = [column for column in key if column in rows]
    for column in today.columns.difference(rows.columns):
        same = today.drop_duplicates(known).set_index(known)[column]
        cells = [same.get(place if known[1:] else place[0]) for place in rows[known].itertuples(index=False, name=None)]
        usual = today[column].mode().iloc[0]
        rows = rows.assign(**{column: [usual if cell is None else cell for cell in cells]})
    return rows


def _kept(stored: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: rows for name, rows in stored.items() if name not in RETIRED}


def _keys() -> dict[str, tuple[str, ...]]:
    return {schema.name: schema.key for schema in SCHEMAS}


def _read(folder: Path, name: str) -> pd.DataFrame:
    return read_table(folder / f"{name}.csv").astype(object)


def _select(
    tables: Mapping[str, pd.DataFrame], minerals: set[str], sources: Iterable[str] = ()
) -> dict[str, pd.DataFrame]:
    codes = set(tables["hs_codes"].loc[tables["hs_codes"]["mineral"].isin(minerals), "hs6"])
    selected = {
        name: frame[_concerns(name, frame, minerals, codes)] for name, frame in tables.items() if name != "sources"
    }
    cited = set(sources) | {source for frame in selected.values() for source in _cited(frame)}
    return {**selected, "sources": tables["sources"][tables["sources"]["source_id"].isin(cited)]}


def _concerns(name: str, frame: pd.DataFrame, minerals: set[str], codes: set[str]) -> Any:
    if name in BY_CUSTOMS_CODE:
        return frame["hs6"].isin(codes)
    if name == "minerals":
        return frame["id"].isin(minerals)
    if "mineral" in frame:
        return frame["mineral"].isin({*minerals, ""})
    return pd.Series(data=True, index=frame.index)


def _cited(frame: pd.DataFrame) -> Iterable[str]:
    columns = [name for name in frame.columns if name.endswith("source_id")]
    return {source for name in columns for cell in frame[name].unique() for source in str(cell).split(";") if source}


def _table_changes(name: str, before: pd.DataFrame, after: pd.DataFrame) -> list[RowChange]:
    key = [column for column in _keys().get(name, ()) if column in before and column in after] or list(before.columns)
    old, new = (by_key(frame.astype(str).to_dict("records"), key) for frame in (before, after))
    found = []
    for place in dict.fromkeys([*old, *new]):
        mine, other = old.get(place, {}), new.get(place, {})
        cells = {
            column: (mine.get(column), other.get(column))
            for column in {**mine, **other}
            if mine.get(column) != other.get(column)
        }
        if cells:
            found.append(RowChange(name, dict(zip(key, place[:-1], strict=True)), cells))
    return found


def by_key(rows: Iterable[Mapping[Any, Any]], key: Iterable[str]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Rows by the texts of their key columns; rows that share them are told apart by their order, which comes last."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    seen = Counter[tuple[str, ...]]()
    for row in rows:
        place = tuple(str(row.get(column)) for column in key)
        seen[place] += 1
        found[*place, str(seen[place])] = dict(row)
    return found
