"""How long the exports of a snapshot and a list of a library of 10,000 entries take.

Run ``python benchmarks/snapshots.py [--json PATH]``. Every export is timed once, in a fresh process after its imports.
The listed library holds 10,000 entries; a list reads no contents, so they share one.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

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


def main() -> None:
    """Measure, print and, where asked, write the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the times as JSON")
    parser.add_argument("--export", nargs=2, metavar=("FORMAT", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.export:
        print(_export_seconds(arguments.export[0], Path(arguments.export[1])))
        return
    with tempfile.TemporaryDirectory() as place:
        times = {f"{format}_s": seconds for format, seconds in _exports(Path(place)).items()}
        times[f"list_{ENTRIES}_s"] = _list_seconds(Path(place) / "library.sqlite")
    for name, seconds in times.items():
        limit = LIST_LIMIT_S if name.startswith("list") else EXPORT_LIMIT_S
        print(f"{name:<14} {seconds:6.3f}  limit {limit:g}  {'met' if seconds < limit else 'NOT MET'}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")


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
        command = [sys.executable, __file__, "--export", format, str(file)]
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
