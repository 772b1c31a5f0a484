"""The search for a level: the first, from gentle to strong, at which a measure reaches a target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, inf, log2
from typing import TYPE_CHECKING

from model.words.levers import rounded
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from model.design.questions.evaluate import Evaluator, Trial

SHARPNESS = 0.00025
"""A level is found when its bracket is narrower than this share of the range."""


@dataclass(frozen=True)
class Reached:
    """The first level that reaches a target, or None; ``value`` is the measure there, or the most that was reached."""

    level: float | None
    value: float


def first_reaching(
    evaluator: Evaluator,
    target: float,
    levels: Sequence[float],
    trial_at: Callable[[float], Trial],
    measure: Callable[[Trial], float],
) -> Generator[Progress[None], None, Reached]:
    """The first level, in the order given, at which a measure is at least ``target``: scanned, then bisected.

    Between those given, levels are tried in figures that can be agreed on. The measure need not be monotone between
    those; the bracket is the first in which the target is crossed. Yields progress; one step is left for the answer.
    """
    sharpness, tried = SHARPNESS * abs(levels[-1] - levels[0]), 0
    widest = max(abs(second - first) for first, second in pairwise(levels))
    tries = len(levels) + (ceil(log2(widest / sharpness)) if widest > sharpness else 0)

    def value_at(level: float) -> Generator[Progress[None], None, float]:
        nonlocal tried
        trial = trial_at(level)
        for step in evaluator.fill([trial]):
            yield replace(step, done=tried, total=tries + 1)
        tried = min(tried + 1, tries)
        yield Progress(tried, tries + 1, "", None)
        return measure(trial)

    misses, best = None, -inf
    for reaches in levels:
        value = yield from value_at(reaches)
        if value >= target:
            break
        misses, best = reaches, max(best, value)
    else:
        return Reached(None, best)
    while misses is not None and abs(reaches - misses) > sharpness:
        middle = rounded((misses + reaches) / 2)
        if middle in {misses, reaches}:
            break
        found = yield from value_at(middle)
        if found >= target:
            reaches, value = middle, found
        else:
            misses = middle
    return Reached(reaches, value)
