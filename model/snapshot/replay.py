"""Replaying a snapshot: solve again, compare every number, and tell apart what data and what versions did."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from model.errors import AccordError, DataError
from model.snapshot import evidence, make, provenance
from model.snapshot.record import RESULT_KEYS, SINCE
from model.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.snapshot.evidence import RowChange
    from model.snapshot.record import Snapshot

TOLERANCE = 1e-6
"""Largest difference that counts as none, relative to a number; near zero its square times the column's largest."""
DIFFERENCES = ("table", "row", "column", "stored", "replayed", "from_data", "from_versions")


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    ``versions``, ``defaults`` and ``rows`` are what differs between then and now. ``differences`` has a row per number
    or text that came out differently: stored and replayed value, and how much of the difference comes from the changed
    data rows and from versions (NaN where it is text or was not told apart; ``undecided`` then says why).
    """

    compared: int
    versions: list[str]
    defaults: list[str]
    rows: list[RowChange]
    other_data: bool
    differences: pd.DataFrame
    undecided: str = ""

    @property
    def same(self) -> bool:
        """Whether every number came out the same."""
        return self.differences.empty


def replay(snapshot: Snapshot, folder: Path | None = None) -> Replay:
    """Solve a snapshot's scenario again on a data folder (default: the one that ships) and compare.

    Raises:
        AccordError: when the scenario no longer has a result at all; the message names what changed as far as it is
        known.
    """
    changed_rows = evidence.changes(snapshot.data, evidence.rows_today(snapshot.data, folder))
    changed_versions = _versions(snapshot)
    world = World(folder)
    unknown = SINCE - set(snapshot.content["results"]["tables"])
    tables = snapshot.record.results.tables
    stored = {name: table.model_dump(mode="python") for name, table in tables.items() if name not in unknown}
    try:
        now = make.results(world, snapshot.scenario)
    except AccordError as error:
        causes = "; ".join([*changed_versions, *map(str, changed_rows)]) or "no changed row or version is known"
        raise type(error)(f"the scenario of the snapshot has no result today: {error} ({causes})") from None
    differences, compared = compare(stored, now)
    undecided = ""
    if not differences.empty:
        differences, undecided = _told_apart(differences, snapshot, stored, changed_rows, folder)
    return Replay(
        compared=compared,
        versions=changed_versions,
        defaults=_changed(dict(snapshot.record.inputs.defaults), dict(provenance.defaults()), "default of "),
        rows=changed_rows,
        other_data=not changed_rows and world.tables.content_hash != snapshot.record.inputs.data.hash,
        differences=differences,
        undecided=undecided,
    )


def compare(stored: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[pd.DataFrame, int]:
    """What differs between two sets of result tables, and how many cells were compared.

    A table that was not ``stored`` yet is not compared.
    """
    found: list[tuple[Any, ...]] = []
    compared = 0
    for name, key in ((name, key) for name, key in RESULT_KEYS.items() if name in stored):
        before, after = _rows(stored[name], key), _rows(now[name], key)
        allowed = _allowed([*before.values(), *after.values()])
        for place in dict.fromkeys([*before, *after]):
            old, new = before.get(place, {}), after.get(place, {})
            for column in {**old, **new}:
                compared += 1
                if not _same(old.get(column), new.get(column), allowed.get(column, 0.0)):
                    row = " ".join(place[:-1])
                    found.append((name, row, column, old.get(column), new.get(column), math.nan, math.nan))
    return pd.DataFrame(found, columns=list(DIFFERENCES)), compared


def _rows(content: Any, key: tuple[str, ...]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Cells by column, by the texts that identify a row."""
    rows = evidence.by_key((dict(zip(content["columns"], cells, strict=True)) for cells in content["rows"]), key)
    return {place: {name: cell for name, cell in row.items() if name not in key} for place, row in rows.items()}


def _allowed(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Absolute difference allowed per column for numbers near zero."""
    largest: dict[str, float] = {}
    for column, value in (cell for row in rows for cell in row.items() if _is_number(cell[1])):
        largest[column] = max(largest.get(column, 0.0), abs(value))
    return {column: TOLERANCE * TOLERANCE * value for column, value in largest.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(old: Any, new: Any, allowed: float) -> bool:
    """Whether two cells tell the same; a number that is not there is like one that is next to nothing."""
    if _is_number(old) and _is_number(new):
        return bool(abs(old - new) <= max(TOLERANCE * max(abs(old), abs(new)), allowed))
    if None in (old, new) and (_is_number(old) or _is_number(new)):
        return bool(abs(new if old is None else old) <= allowed)
    return bool(old == new)


def _versions(snapshot: Snapshot) -> list[str]:
    record = snapshot.record
    gone = sorted(evidence.RETIRED & set(snapshot.data))
    found = [f"table {name} is gone (no result was computed from it)" for name in gone]
    found += _changed(dict(record.inputs.versions), dict(provenance.versions()), "version of ")
    now = provenance.options()
    for part, options in record.inputs.options.items():
        found += _changed(dict(options), dict(now.get(part, {})), f"option of {part}: ")
    return found + _changed(dict(record.environment), dict(provenance.environment()), "version of ")


def _changed(before: dict[str, Any], after: dict[str, Any], what: str) -> list[str]:
    return [
        f"{what}{name}: {_short(before.get(name))} → {_short(after.get(name))}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _told_apart(
    differences: pd.DataFrame,
    snapshot: Snapshot,
    stored: Mapping[str, Any],
    changed: list[RowChange],
    folder: Path | None,
) -> tuple[pd.DataFrame, str]:
    """The differences with their two parts: today's versions on the stored rows show what versions alone do."""
    step = _numbers(differences["replayed"]) - _numbers(differences["stored"])
    if not changed:
        return differences.assign(from_data=0.0, from_versions=step), ""
    try:
        with tempfile.TemporaryDirectory() as place:
            then = make.results(World(evidence.put_back(snapshot.data, folder, Path(place))), snapshot.scenario)
    except AccordError as error:
        misfit = isinstance(error, DataError)
        why = (
            "the stored rows no longer fit today's tables"
            if misfit
            else "today's versions find no result on the stored rows"
        )
        return differences, f"{why}, so data and versions cannot be told apart: {error}"
    by_versions, _ = compare(stored, then)
    place_of = ["table", "row", "column"]
    old = by_versions.set_index(place_of)["replayed"]
    values = [old.get(tuple(row), value) for *row, value in differences[[*place_of, "stored"]].to_numpy(dtype=object)]
    from_versions = _numbers(pd.Series(values, index=differences.index)) - _numbers(differences["stored"])
    return differences.assign(from_data=step - from_versions, from_versions=from_versions), ""


def _numbers(cells: pd.Series) -> pd.Series:
    """Cells as numbers, NaN where there is none; truth values and texts are no numbers."""
    return cells.map(lambda cell: float(cell) if _is_number(cell) else math.nan).astype(float)


def report(snapshot: Snapshot, found: Replay, most: int = 25) -> str:
    """A replay in words: what was compared, what changed, and the largest effects, headline first."""
    lines = [f"Snapshot {snapshot.short_id}, made {snapshot.created:%Y-%m-%d %H:%M} UTC: id and checksum hold."]
    lines.append(
        f"THE SAME: {found.compared:,} values compared, none differs by more than a millionth."
        if found.same
        else f"DIFFERENT: {len(found.differences):,} of {found.compared:,} values differ by more than a millionth."
    )
    lines += ["What changed since:", *(f"  {line}" for line in _causes(found))]
    if not found.same:
        lines += ["What it did to the results:", *(f"  {line}" for line in _effects(found.differences, most))]
    if found.undecided:
        lines.append(found.undecided)
    return "\n".join(lines)


def _causes(found: Replay) -> list[str]:
    lines = [f"data row {change}" for change in found.rows]
    lines += ["data rows that this snapshot does not use"] if found.other_data else []
    lines += [*found.versions, *(f"{text} (the snapshot keeps its own value)" for text in found.defaults)]
    return lines or ["nothing that is recorded"]


def _effects(differences: pd.DataFrame, most: int) -> list[str]:
    order = {name: position for position, name in enumerate(RESULT_KEYS)}
    ranked = differences.sort_values("table", key=lambda names: names.map(order), kind="stable")
    lines = [_effect(row) for row in ranked.head(most).itertuples()]
    left = len(ranked) - len(lines)
    return [*lines, f"… and {left:,} more"] if left else lines


def _effect(row: Any) -> str:
    text = f"{row.table}, {row.row}, {row.column}: {_short(row.stored)} → {_short(row.replayed)}"
    if math.isnan(row.from_data) or math.isnan(row.from_versions):
        return text
    return f"{text} (data {row.from_data:+.6g}, versions {row.from_versions:+.6g})"


def _short(value: Any) -> str:
    """A stored value in a message; None and what a frame makes of it are no value at all."""
    if value is None or value != value:  # noqa: PLR0124 (NaN alone differs from itself)
        return "not there"
    return f"{value:.8g}" if _is_number(value) else str(value)


def as_content(found: Replay) -> dict[str, Any]:
    """A replay as plain JSON content."""
    differences = found.differences.astype(object).where(found.differences.notna(), None)
    return {
        "same": found.same,
        "compared": found.compared,
        "versions": found.versions,
        "defaults": found.defaults,
        "data_rows": [{"table": change.table, "key": change.key, "cells": change.cells} for change in found.rows],
        "other_data": found.other_data,
        "undecided": found.undecided,
        "differences": differences.to_dict("records"),
    }
