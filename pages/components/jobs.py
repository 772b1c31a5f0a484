"""Long calculations that show progress with time left and can be cancelled: a few steps per refresh."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from model.errors import AccordError
from model.work import Memory
from pages.components import layout, results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from model.work import Progress

SLICE_SECONDS = 0.4
"""Work between two refreshes: short enough that Cancel answers at once."""
REFRESH_SECONDS = 0.1
MOST_KEPT = 100


@dataclass
class Job:
    """A calculation under way or done, and the scenario it belongs to."""

    scenario_json: str
    steps: Iterator[Progress[Any]]
    started: float
    latest: Progress[Any] | None = None
    cancelled: bool = False
    finished: bool = False
    """Whether every step was taken; a count alone cannot tell, since a part may have nothing left to solve."""

    def advance(self) -> None:
        """Take steps for a moment.

        Raises:
            AccordError: when a step fails.
        """
        until = time.monotonic() + SLICE_SECONDS
        while time.monotonic() < until and not (self.finished or self.cancelled):
            step = results.in_turn(self.steps)
            self.latest, self.finished = step or self.latest, step is None


def finished(name: str, scenario_json: str) -> Progress[Any] | None:
    """The result of a calculation for this very scenario, or None where it was not run to its end."""
    job = st.session_state.get(f"job_{name}")
    return job.latest if job is not None and job.scenario_json == scenario_json and job.finished else None


def panel(
    name: str, label: str, scenario_json: str, start: Callable[[], Iterator[Progress[Any]]], explanation: str
) -> None:
    """A button that starts the calculation; while it runs, its progress and a way to cancel."""
    key = f"job_{name}"
    job = st.session_state.get(key)
    if job is not None and job.scenario_json != scenario_json:
        st.session_state.pop(key)
        job = None
    if job is None:
        st.button(label, key=f"start_{name}", help=explanation, on_click=_begin, args=(key, scenario_json, start))
    elif not job.finished:
        st.fragment(_advance, run_every=REFRESH_SECONDS)(key)


def gradual(name: str, scenario_json: str, start: Callable[[], Iterator[Progress[Any]]]) -> Progress[Any] | None:
    """A calculation that starts by itself: its latest step, under a line of progress while that is not the last.

    Results of this session are kept, so that going back to a scenario shows its result at once.
    """
    key = f"job_{name}"
    done: Memory[str, Progress[Any] | None] = st.session_state.setdefault(f"done_{name}", Memory(MOST_KEPT))
    if scenario_json in done:
        return done.get(scenario_json)
    job = st.session_state.get(key)
    if job is None or job.scenario_json != scenario_json:
        job = st.session_state[key] = Job(scenario_json, start(), time.monotonic())
    try:
        job.advance()
    except AccordError:
        st.session_state.pop(key)
        raise
    if job.finished:
        done.keep(scenario_json, job.latest)
        return job.latest
    st.fragment(_advance, run_every=REFRESH_SECONDS)(key)
    return job.latest


def _begin(key: str, scenario_json: str, start: Callable[[], Iterator[Progress[Any]]]) -> None:
    st.session_state[key] = Job(scenario_json, start(), time.monotonic())


def _advance(key: str) -> None:
    """One refresh: show where the calculation stands, then take it on, so that a slow solve leaves that in view."""
    job = st.session_state.get(key)
    if job is None:
        st.rerun()
    _show(key, job)
    try:
        job.advance()
    except AccordError as error:
        st.session_state.pop(key)
        st.error(layout.plain(str(error)))
        return
    if job.finished:
        st.rerun()


def _show(key: str, job: Job) -> None:
    step = job.latest
    done, total = (step.done, step.total) if step else (0, 0)
    if job.cancelled:
        st.button(
            "Continue",
            key=f"continue_{key}",
            on_click=_cancel,
            args=(job, False),
            help=f"Cancelled at {done} of {total}",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(*_progress(done, total, time.monotonic() - job.started))
        st.button("Cancel", key=f"cancel_{key}", on_click=_cancel, args=(job, True))


def _progress(done: int, total: int, spent_s: float) -> tuple[float, str]:
    """The share done and its words; before the first solve, or where all comes from the store, nothing is to count.

    >>> _progress(0, 0, 12.3)
    (0.0, 'At work with what is solved already, 12 s so far')
    >>> _progress(20, 60, 10.0)
    (0.3333333333333333, '20 of 60 solved, about 20 s left for these')
    """
    if total <= 0:
        return 0.0, f"At work with what is solved already, {spent_s:.0f} s so far"
    if done >= total:
        return 1.0, f"{total} of {total} solved, putting the result together, {spent_s:.0f} s so far"
    left_s = f", about {spent_s / done * (total - done):.0f} s left for these" if done else ""
    return done / total, f"{done} of {total} solved{left_s}"


def _cancel(job: Job, wanted: bool) -> None:
    job.cancelled = wanted
