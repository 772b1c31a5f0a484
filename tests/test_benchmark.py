"""The benchmark runs and reports every figure. Times are never tested: they belong to the machine."""

from __future__ import annotations

import json
import math
import os
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


@pytest.mark.slow
def test_the_benchmark_reports_every_figure(tmp_path: Path) -> None:
    path = tmp_path / "benchmark.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "equilibrium.py"), "--quick", "--json", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=LONGEST_S)
    result = json.loads(path.read_text(encoding="utf-8"))
    assert json.loads(finished.stdout) == result
    assert sorted(name for name in FIGURES if not (result.get(name) or math.nan) > 0) == []
    assert all(isinstance(value, (int, float, str)) for value in result.values())
    assert result["failed_states"] == len([name for name in result["failed"].split("; ") if name])
