"""How long the optimiser takes.

``python benchmarks/design.py [--minerals ID ...] [--json PATH] [--against COMMIT]``. Seconds on two processes: the
response table of each mineral under 60 packages and all named shocks, cold (median and worst mineral) and from the
store; the choice for one mineral (the slowest) and for all together under each objective, with the largest gap reached;
and the largest difference between predicted and verified gains of a whole run.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # numpy reads this when it is imported

import argparse
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import figures
import numpy as np

from model.design import Designer, DesignRequest, ResponseTable, Store
from model.design.choice import choose
from model.design.problem.request import Menu
from model.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKERS = 2
OBJECTIVES = ("expected_gain", "cvar", "worst_off", "nash")
SIXTY = Menu(
    floor_levels=(0.0, 1.0, 1.1, 1.2),
    mechanisms=("variable_levy",),
    trq_quantities=(1.0, 0.75),
    over_quota_rates=(0.0, 0.1, 0.25),
    stockpiles=(0.0, 0.05, 0.1),
)
"""4 floors, 5 tariff-rate quotas (one of them none) and 3 stockpiles: 60 packages."""


def main() -> None:
    """Measure what is asked for, or both versions of it."""
    parser = argparse.ArgumentParser(description="Times of the optimiser on the shipped data.")
    parser.add_argument(
        "--minerals", nargs="*", default=None, metavar="ID", help="minerals to measure (default: every one)"
    )

    def asked(arguments: argparse.Namespace) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            return measure(Path(folder), arguments.minerals)

    figures.run(__file__, parser, asked)


def measure(folder: Path, minerals: Sequence[str] | None) -> dict[str, float]:
    """All figures, from an empty store."""
    world = World()
    store = Store(folder / "responses.sqlite")
    named = tuple(minerals or world.minerals)

    def table() -> ResponseTable:
        return ResponseTable(world, store, WORKERS)

    cold = [survey_s(table(), (mineral,)) for mineral in named]
    stored = [survey_s(table(), (mineral,)) for mineral in named]
    alone = [choice_s(table(), (mineral,))[0] for mineral in named]
    together = {kind: choice_s(table(), named, kind) for kind in OBJECTIVES}
    design = Designer(table(), request_for(("antimony",) if "antimony" in named else named[:1])).result()
    return {
        "minerals": len(named),
        "response_cold_s": statistics.median(cold),
        "response_cold_s_worst": max(cold),
        "response_store_s": max(stored),
        "choose_one_s": max(alone),
        "choose_all_s": max(seconds for seconds, _ in together.values()),
        **{f"choose_all_s_{kind}": seconds for kind, (seconds, _) in together.items()},
        "gap": max(gap for _, gap in together.values()),
        "verified_gap": np.nan if design.proof is None else design.proof.difference,
    }


def request_for(minerals: tuple[str, ...], kind: str = "expected_gain") -> DesignRequest:
    """The request of the benchmark."""
    return DesignRequest.parse(
        {"minerals": list(minerals), "menu": SIXTY.model_dump(mode="json"), "objective": {"kind": kind}}, "benchmark"
    )


def survey_s(table: ResponseTable, minerals: tuple[str, ...]) -> float:
    """Seconds for the whole response table."""
    designer = Designer(table, request_for(minerals))
    begin = perf_counter()
    designer.survey()
    return perf_counter() - begin


def choice_s(table: ResponseTable, minerals: tuple[str, ...], kind: str = "expected_gain") -> tuple[float, float]:
    """Seconds for the choice once responses are known, and the gap it reached."""
    designer = Designer(table, request_for(minerals, kind))
    designer.survey()
    begin = perf_counter()
    choice = choose(designer.terms())
    return perf_counter() - begin, choice.gap


if __name__ == "__main__":
    main()
