"""The benchmarks report every figure and compare two versions. Times are never tested: they belong to the machine."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 300
"""A run that takes longer hangs."""
FIGURES = {
    "one_state_ms",
    "one_state_ms_worst",
    "one_mineral_ms",
    "one_mineral_ms_worst",
    "all_minerals_ms",
    "overhead_ratio",
    "speedup_vs_rebuild",
    "peak_mb",
    *(f"ms_regions_{count}" for count in (10, 20, 40)),
    *(f"ms_shocks_{count}" for count in (5, 10, 20)),
    *(f"ms_steps_{count}" for count in (8, 14, 26)),
}


TINY = """
import argparse
import figures
from model import {name}
figures.run(__file__, argparse.ArgumentParser(), lambda asked: {{"one_state_s": {name}, "states": 2, "failed": ""}})
"""
"""A benchmark whose time is a constant of the code that it measures."""


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(script.parents[1])}
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=LONGEST_S,
    )


def shown(output: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in map(str.split, output.splitlines()) if words}


@pytest.mark.slow
def test_the_equilibrium_s_reports_every_figure_with_its_unit(tmp_path: Path) -> None:
    path = tmp_path / "benchmark.json"
    done = run(ROOT / "benchmarks" / "equilibrium.py", "--quick", "--json", str(path))
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text(encoding="utf-8"))
    assert sorted(name for name in FIGURES if not (result.get(name) or math.nan) > 0) == []
    assert all(isinstance(value, (int, float, str)) for value in result.values())
    assert result["failed_states"] == len([name for name in result["failed"].split("; ") if name])
    lines = shown(done.stdout)
    assert list(lines) == list(result)
    assert [lines[key][-1] for key in ("one_state_ms", "ms_regions_10", "peak_mb")] == ["ms", "ms", "MB"]
    assert lines["states"] == [str(result["states"])]


@pytest.mark.slow
def test_a_move_is_counted_and_timed(tmp_path: Path) -> None:
    path = tmp_path / "benchmark.json"
    done = run(ROOT / "benchmarks" / "move.py", "--moves", "1", "--json", str(path))
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text(encoding="utf-8"))
    assert 0 < result["outcome_ms"] + result["facts_ms"] < result["move_ms"]
    assert (result["parses"], result["moves"]) == (1, 1)
    assert 1 <= result["texts"] <= 5


def put(place: Path, code: str, script: str) -> Path:
    (place / "model").mkdir(parents=True, exist_ok=True)
    (place / "benchmarks").mkdir(exist_ok=True)
    (place / "model" / "__init__.py").write_text(code, encoding="utf-8")
    shutil.copy(ROOT / "benchmarks" / "figures.py", place / "benchmarks")
    path = place / "benchmarks" / "tiny.py"
    path.write_text(script, encoding="utf-8")
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit of code that takes two seconds and of a benchmark that says so."""
    place = tmp_path / "repository"
    put(place, "SECONDS = 2.0", TINY.format(name="SECONDS"))
    for arguments in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *arguments], cwd=place, check=True, capture_output=True)
    return place


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(("name", "whose"), [("SECONDS", "this version"), ("RENAMED", "")], ids=["same", "renamed"])
def test_both_versions_are_measured_and_their_ratios_shown(repository: Path, name: str, whose: str) -> None:
    script = put(repository, f"{name} = 3.0", TINY.format(name=name))
    path = repository / "figures.json"
    done = run(script, "--against", "HEAD", "--repeats", "2", "--json", str(path))
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["script_of"] == (whose or result["against"])
    assert result["figures"]["one_state_s"] == {"this": [3.0, 3.0], "against": [2.0, 2.0], "ratio": [1.5, 1.5]}
    assert min(result["figures"]["processor_s"]["ratio"]) > 0
    lines = shown(done.stdout)
    assert lines["one_state_s"] == ["3", "s", "2", "s", "1.50", "1.50", "to", "1.50"]
    assert lines["states"] == ["2", "2", "1.00", "1.00", "to", "1.00"]
    assert "failed" not in lines


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--against", "nowhere"], "--against nowhere: the repository has no such commit"),
        (["--against", "HEAD"], "tiny.py on this version ended with code 1: ZeroDivisionError: division by zero"),
        (["--repeats", "0"], "--repeats is 0"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(repository: Path, arguments: list[str], message: str) -> None:
    done = run(put(repository, "SECONDS = 3.0", TINY.format(name="SECONDS").replace("2,", "1 / 0,")), *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
