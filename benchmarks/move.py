"""What one move of a slider costs the server, without a browser.

``python benchmarks/move.py [--moves N] [--json PATH] [--against COMMIT]``. The app's first page is opened and its floor
moved to one level after another, none of them solved before. The curve of all levels, which runs in the background, is
finished first. The script needs little of the code, so that one script measures all versions.

==================================  ===================================================================================
key                                 meaning
==================================  ===================================================================================
``move_ms``, ``move_ms_slowest``    one run of the page after the slider moved, down to its last element: median move
``outcome_ms``, ``.._slowest``      of it, the outcome of the moved scenario: median move
``facts_ms``                        of it, the facts of the overview from that outcome: median move
``texts``, ``parses``, ``checks``   times in one move that a scenario is worked out as text, is read from content, and
                                    has its names held against the data: most of all moves
``moves``                           moves made
==================================  ===================================================================================
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # more threads slow small solves; numpy reads this when it is imported

import argparse
import importlib
import logging
import statistics
import sys
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import figures
from streamlit.testing.v1 import AppTest

import model
from model.scenario import Scenario
from model.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APP = Path(str(model.__file__)).parents[1] / "app.py"
"""The app of the version that is measured."""
COUNTED = ("texts", "parses", "checks")
FIRST_LEVEL = 100
"""Per cent of the status-quo price."""
MOVES = 20
SLOWEST_S = 300


def main() -> None:
    """Move, or move both versions."""
    parser = argparse.ArgumentParser(description="Cost of one move of the floor's slider on the server.")
    parser.add_argument("--moves", type=int, default=MOVES, metavar="N", help=f"levels to move to (default {MOVES})")
    figures.run(__file__, parser, lambda asked: measure(asked.moves))


def measure(moves: int) -> dict[str, float]:
    """All figures of the module's table."""
    logging.getLogger("streamlit").setLevel(logging.ERROR)  # it warns of every cache used without a server
    sys.path.append(str(APP.parent))
    test = AppTest.from_file(str(APP), default_timeout=SLOWEST_S).run()
    test.button(key="fold_floor").click().run()
    move(test, FIRST_LEVEL)
    while not test.session_state["job_response"].finished:
        test.run()
    watched = []
    for level in range(FIRST_LEVEL + 1, FIRST_LEVEL + 1 + moves):
        with watch() as seen:
            begin = perf_counter()
            move(test, level)
            seen["move_ms"] = (perf_counter() - begin) * 1e3
        watched.append(seen)
    by_key = {key: [seen[key] for seen in watched] for key in ("move_ms", "outcome_ms", "facts_ms", *COUNTED)}
    found: dict[str, float] = {}
    for key in ("move_ms", "outcome_ms", "facts_ms"):
        found[key] = statistics.median(by_key[key])
        found[f"{key}_slowest"] = max(by_key[key])
    return found | {key: int(max(by_key[key])) for key in COUNTED} | {"moves": moves}


def move(test: AppTest, percent: int) -> None:
    """Set the floor's slider and run the page; a page that fails has no time worth telling."""
    test.slider(key="floor_percent").set_value(percent).run()
    failed = [fault.message for fault in test.exception] + [fault.value for fault in test.error]
    if failed:
        raise SystemExit(f"the page fails with the floor at {percent} %: {failed[0]}")


@contextmanager
def watch() -> Iterator[dict[str, float]]:
    """Inside the block: milliseconds in the outcome and in the facts, and how often scenarios become text and back."""
    seen: dict[str, float] = defaultdict(float)
    results = importlib.import_module("pages.components.results")

    def timed(key: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(*args: Any, **kwargs: Any) -> Any:
            begin = perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                seen[key] += (perf_counter() - begin) * 1e3

        return calling

    def counting(key: str, call: Callable[..., Any], when: str = "") -> Callable[..., Any]:
        def calling(*args: Any, **kwargs: Any) -> Any:
            seen[key] += not when or kwargs.get(when, False)
            return call(*args, **kwargs)

        return calling

    with (
        patch.object(World, "outcome", timed("outcome_ms", World.outcome)),
        patch.object(results, "overview", timed("facts_ms", results.overview)),
        patch.object(Scenario, "model_dump", counting("texts", Scenario.model_dump, "exclude_defaults")),
        patch.object(Scenario, "parse", counting("parses", Scenario.parse)),
        patch.object(World, "check", counting("checks", World.check)),
    ):
        yield seen


if __name__ == "__main__":
    main()
