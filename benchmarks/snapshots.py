"""How long the exports of a snapshot and a list of a library of 10,000 entries take.

``python benchmarks/snapshots.py [--json PATH] [--against COMMIT]``. Every export is timed once, in a fresh process
after its imports. The listed library holds 10,000 entries; a list reads no contents, so they share one.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # numpy reads this when it is imported

import figures

from model.memo import FORMATS, document_of, export
from model.scenario import Scenario
from model.snapshot.library import Library
from model.snapshot.make import freeze
from model.snapshot.record import read
from model.world import World

ENTRIES = 10_000
LIST_LIMIT_S = 0.5
EXPORT_LIMIT_S = 3.0
REPEATS = 5
ONE_EXPORT = "--export"


def main() -> None:
    """Measure, or measure both versions."""
    if sys.argv[1:2] == [ONE_EXPORT]:  # one of its own processes
        print(_export_seconds(sys.argv[2], Path(sys.argv[3])))
        return
    parser = argparse.ArgumentParser(description="Times of exports and of a list of a large library.")
    limits = {f"{format}_s": EXPORT_LIMIT_S for format in FORMATS} | {f"list_{ENTRIES}_s": LIST_LIMIT_S}
    figures.run(__file__, parser, lambda _: measure(), limits=limits)


def measure() -> dict[str, float]:
    """Seconds of every export and of the list."""
    with tempfile.TemporaryDirectory() as place:
        times = {f"{format}_s": seconds for format, seconds in _exports(Path(place)).items()}
        return times | {f"list_{ENTRIES}_s": _list_seconds(Path(place) / "library.sqlite")}


def _exports(place: Path) -> dict[str, float]:
    """Seconds per format, each in a fresh process."""
    file = place / "snapshot.json"
    floor = {"parties": ["USA", "EUN", "JPN"], "mineral": "antimony", "stage": "refined", "price": 60_000.0}
    content = {
        "parties": floor["parties"],
        "agreement": {"floors": [floor]},
        "shocks": [{"name": "china_antimony_ban"}],
    }
    file.write_text(freeze(World(), Scenario.parse(content, "scenario")).to_json(), encoding="utf-8")
    times = {}
    for format in FORMATS:
        command = [sys.executable, __file__, ONE_EXPORT, format, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        times[format] = float(done.stdout)
    return times


def _export_seconds(format: str, file: Path) -> float:
    snapshot = read(file)
    start = time.perf_counter()
    export(document_of([snapshot]), format)
    return time.perf_counter() - start


def _list_seconds(path: Path) -> float:
    """The median of a few lists of a full library."""
    library = Library(path)
    first = library.save(Scenario(name="first", parties=("USA",))).entry
    _fill(path, first.checksum)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        assert len(library.entries()) == ENTRIES
        times.append(time.perf_counter() - start)
    return sorted(times)[REPEATS // 2]


def _fill(path: Path, checksum: str) -> None:
    """Copies of one entry under other names and ids, in one transaction.

    Ten thousand saves would wait for the disk ten thousand times.
    """
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute("SELECT * FROM entry WHERE checksum = ?", (checksum,)).fetchone()
        rows = [
            (
                f"{number:064x}",
                f"{number:064x}",
                row[2],
                f"scenario {number}",
                '["round 1", "draft"]',
                "a note " * 20,
                *row[6:],
            )
            for number in range(1, ENTRIES)
        ]
        marks = ", ".join("?" * len(row))
        connection.executemany(f"INSERT INTO entry VALUES ({marks})", rows)
        connection.commit()


if __name__ == "__main__":
    main()
