"""Figures of a benchmark: measured, printed with their units, and held against those of another version.

Every benchmark takes ``--json PATH``, which writes all figures, and ``--against COMMIT``, which measures that version
too. The versions take turns on the same machine with the same packages, ``--repeats`` times each, and the ratios of
neighbouring runs are shown with their spread: what else the machine does falls on both alike. A figure's unit is a part
of its name (``one_state_ms_worst`` is in milliseconds); a figure without one is a count or a ratio.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Figures = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 3
UNITS = {"ms": "ms", "s": "s", "mb": "MB"}
"""Parts of a figure's name that say its unit."""
LARGE = 1000.0
"""A figure from here on is shown without decimals."""
WHOLE_RUN = "processor_s"
"""Processor time of a whole run, start and imports included; less open to what else the machine does than the clock."""


def run(
    script: str,
    parser: argparse.ArgumentParser,
    measure: Callable[[argparse.Namespace], Figures],
    argv: Sequence[str] | None = None,
    limits: Mapping[str, float] | None = None,
) -> Figures:
    """Measure as asked, print the figures, write them where asked, and return them.

    ``limits`` are the most that figures should be; the rest of the options in ``parser`` belong to ``measure``.
    """
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", type=Path, metavar="PATH", help="also write the figures as JSON")
    common.add_argument("--against", metavar="COMMIT", help="measure that version too and show the ratios")
    common.add_argument("--repeats", type=int, default=REPEATS, metavar="N", help="runs of each version (default 3)")
    whole = argparse.ArgumentParser(parents=[parser, common], add_help=False, description=parser.description)
    arguments = whole.parse_args(argv)
    if arguments.repeats < 1:
        whole.error(f"--repeats is {arguments.repeats}; one run of each version is the least")
    if arguments.against is None:
        figures = measure(arguments)
        print(table(figures, limits or {}))
    else:
        own = common.parse_known_args(argv)[1]
        try:
            figures = compare(Path(script).resolve(), arguments.against, arguments.repeats, own)
        except FailedRun as error:
            whole.exit(2, f"{error}\n")
        print(comparison(figures))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures


class FailedRun(Exception):
    """A version that is not there, or whose benchmark ends without figures."""


@dataclass(frozen=True)
class Version:
    """A version of the code in a folder, and the script that measures it."""

    name: str
    folder: Path
    script: Path

    def figures(self, arguments: Sequence[str]) -> Figures:
        """Figures of one run in a process of its own, and the processor time that it took."""
        before = _processor_s()
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "figures.json"
            done = _python(self.folder, [str(self.script), *arguments, "--json", str(path)])
            if done.returncode:
                said = done.stderr.strip().splitlines() or ["it said nothing"]
                raise FailedRun(f"{self.script.name} on {self.name} ended with code {done.returncode}: {said[-1]}")
            found: Figures = json.loads(path.read_text(encoding="utf-8"))
        return found | {WHOLE_RUN: _processor_s() - before}


def compare(script: Path, commit: str, repeats: int, arguments: Sequence[str]) -> Figures:
    """Figures of this version and of a commit, each as a list of runs, with the ratio of every pair of runs.

    Raises:
        FailedRun: if there is no such commit, or a benchmark fails.
    """
    known = _git("rev-parse", "--verify", "--quiet", "--short", "--end-of-options", f"{commit}^{{commit}}")
    if known.returncode:
        raise FailedRun(f"--against {commit}: the repository has no such commit; `git log --oneline` lists them")
    name = known.stdout.decode().strip()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", name).stdout)) as files:
            files.extractall(folder, filter="data")
        versions = (Version("this version", ROOT, script), Version(name, folder, script_for(folder, script, name)))
        runs: dict[Version, list[Figures]] = {version: [] for version in versions}
        for number in range(repeats):
            # The order changes from pair to pair, so that a machine that slows down favours neither.
            for version in versions if number % 2 == 0 else versions[::-1]:
                print(f"run {number + 1} of {repeats}: {version.name}", file=sys.stderr)
                runs[version].append(version.figures(arguments))
    these, those = (runs[version] for version in versions)
    return {
        "against": name,
        "script_of": "this version" if versions[1].script == script else name,
        "figures": {
            key: {
                "this": [run[key] for run in these],
                "against": [run[key] for run in those],
                "ratio": [_ratio(one[key], other[key]) for one, other in zip(these, those, strict=True)],
            }
            for key in these[0]
            if key in those[0]
        },
    }


def script_for(folder: Path, script: Path, name: str) -> Path:
    """The same script for both versions where the other's code has all it imports, else the other's own.

    Raises:
        FailedRun: if it has neither.
    """
    own = folder / script.relative_to(ROOT)
    if _python(folder, [str(script), "--help"]).returncode == 0:
        return script
    if not own.exists():
        raise FailedRun(f"{name} has no {script.relative_to(ROOT)}, and this version's does not run on its code")
    return own


def table(figures: Figures, limits: Mapping[str, float]) -> str:
    """A line for each figure, with its limit where it has one."""
    width = max(map(len, figures))
    lines = []
    for key, value in figures.items():
        line = f"{key:<{width}}  {_with_unit(key, value)}"
        if key in limits:
            line += f", limit {_with_unit(key, limits[key])}: {'met' if value < limits[key] else 'NOT MET'}"
        lines.append(line)
    return "\n".join(lines)


def comparison(figures: Figures) -> str:
    """A line for each figure that is a number: both medians, and the median ratio with its lowest and highest."""
    rows = [("", "this version", figures["against"], "ratio", "lowest to highest")]
    for key, found in figures["figures"].items():
        ratios = found["ratio"]
        if None not in ratios:
            both = [_with_unit(key, statistics.median(found[whose])) for whose in ("this", "against")]
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            rows.append((key, *both, f"{statistics.median(ratios):.2f}", spread))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(text.ljust(width) if column == 0 else text.rjust(width) for column, (text, width) in enumerate(row))
        for row in (list(zip(texts, widths, strict=True)) for texts in rows)
    ]
    lines.append(f"Ratio: this version over {figures['against']}, which the script of {figures['script_of']} measured.")
    return "\n".join(lines)


def _ratio(one: object, other: object) -> float | None:
    """None where there is no ratio: for text, for nothing, and over zero."""
    if isinstance(one, int | float) and isinstance(other, int | float) and other:
        return one / other
    return None


def _with_unit(key: str, value: object) -> str:
    if isinstance(value, float):
        text = f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.4g}"
    else:
        text = "none" if value in {None, ""} else str(value)
    unit = next((UNITS[part] for part in key.split("_") if part in UNITS), "")
    return f"{text} {unit}".strip()


def _processor_s() -> float:
    """Processor time of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _python(folder: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run Python with a version's code in front of the one installed."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False)
