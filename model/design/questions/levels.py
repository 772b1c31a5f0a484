"""The search for a level: the first, from gentle to strong, at which a measure reaches a target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, log2
from typing import TYPE_CHECKING

import numpy as np

from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from model.design.questions.evaluate import Evaluator, Trial

    Search = Generator[float, float, "Reached"]

SCAN_POINTS = 9
"""Levels tried over a lever's range before the first that reaches the target is bracketed."""
SHARPNESS = 0.001
"""A level is found when its bracket is narrower than this share of the range."""
HIGHEST_FLOOR = 2.0
"""Floors are looked for up to this multiple of the status-quo price."""
SLACK_QUOTA = 1.25
"""A quota this much larger than the status quo's imports restricts nothing."""


@dataclass(frozen=True)
class Reached:
    """The first level that reaches a target, or None; ``value`` is the measure there, or the most that was reached."""

    level: float | None
    value: float


def level_search(target: float, levels: Sequence[float], sharpness: float) -> Search:
    """The first level, in the order given, at which a measure is at least ``target``: scanned, then bisected.

    Yields the levels to try and is sent the measure at each, so that whoever works it out can report progress. The
    measure need not be monotone between the levels scanned; the bracket is the first in which the target is crossed.

    >>> search = level_search(2.0, [0.0, 1.0, 2.0], 0.25)
    >>> [next(search), search.send(0.0), search.send(1.0), search.send(4.0)]
    [0.0, 1.0, 2.0, 1.5]
    """
    before, best = None, -np.inf
    for level in levels:
        value = yield level
        best = max(best, value)
        if value >= target:
            found = level if before is None else (yield from _bisect(target, before, level, sharpness))
            return Reached(found, (yield found))
        before = level
    return Reached(None, best)


def _bisect(target: float, misses: float, reaches: float, sharpness: float) -> Generator[float, float, float]:
    while abs(reaches - misses) > sharpness:
        middle = (misses + reaches) / 2
        if (yield middle) >= target:
            reaches = middle
        else:
            misses = middle
    return reaches


def tries_of(levels: Sequence[float], sharpness: float) -> int:
    """How many levels a search tries at most."""
    widest = max(abs(second - first) for first, second in pairwise(levels))
    return len(levels) + 1 + (ceil(log2(widest / sharpness)) if widest > sharpness else 0)


def work_out(
    evaluator: Evaluator,
    search: Search,
    trial_at: Callable[[float], Trial],
    measure: Callable[[Trial], float],
    tries: int,
) -> Generator[Progress[None], None, Reached]:
    """A search over trials, solved level by level with progress; one step is left for the answer."""
    tried, level = 0, next(search)
    while True:
        trial = trial_at(level)
        for step in evaluator.fill([trial]):
            yield replace(step, done=tried, total=tries + 1)
        tried = min(tried + 1, tries)
        yield Progress(tried, tries + 1, "", None)
        try:
            level = search.send(measure(trial))
        except StopIteration as ended:
            found: Reached = ended.value
            return found
