"""Long calculations that show progress with time left and can be cancelled: solved a few steps per refresh, in the page's own thread."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import streamlit as st

from model.errors import AccordError
from pages.components import layout, results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLICE_SECONDS = 0.4
"""Work between two refreshes: short enough that Cancel answers at once."""
REFRESH_SECONDS = 0.1


class Step(Protocol):
    """What a long calculation yields."""

    done: int
    total: int
    tried: str


@dataclass
class Job:
    """A calculation under way or done, and the scenario it belongs to."""

    scenario_json: str
    steps: Iterator[Step]
    started: float
    latest: Step | None = None

    @property
    def finished(self) -> bool:
        """Whether every step was taken."""
        return self.latest is not None and self.latest.done >= self.latest.total


def finished(name: str, scenario_json: str) -> Step | None:
    """The result of a calculation for this very scenario, or None where it was not run to its end."""
    job = st.session_state.get(f"job_{name}")
    return job.latest if job is not None and job.scenario_json == scenario_json and job.finished else None


def panel(name: str, label: str, scenario_json: str, start: Callable[[], Iterator[Step]], explanation: str) -> None:
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


def _begin(key: str, scenario_json: str, start: Callable[[], Iterator[Step]]) -> None:
    st.session_state[key] = Job(scenario_json, start(), time.monotonic())


def _advance(key: str) -> None:
    job = st.session_state.get(key)
    if job is None:
        st.rerun()
    until = time.monotonic() + SLICE_SECONDS
    try:
        while time.monotonic() < until and not job.finished:
            job.latest = results.in_turn(job.steps)
    except AccordError as error:
        st.session_state.pop(key)
        st.error(layout.plain(str(error)))
        return
    if job.finished:
        st.rerun()
    _show(key, job)


def _show(key: str, job: Job) -> None:
    step = job.latest
    spent = time.monotonic() - job.started
    left = spent / step.done * (step.total - step.done) if step else 0.0
    with st.container(horizontal=True, vertical_alignment="center"):
        share = step.done / step.total if step else 0.0
        st.progress(
            share, f"{step.done if step else 0} of {step.total if step else '…'} solved, about {left:.0f} s left"
        )
        st.button("Cancel", key=f"cancel_{key}", on_click=st.session_state.pop, args=(key, None))
