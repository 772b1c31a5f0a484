"""Long calculations that show progress with time left and can be cancelled.

They run beside the page, as long as it is looked at: a page that took the steps itself would hear of Cancel only once
a step of some seconds has ended.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from model.errors import AccordError
from model.work import Memory
from pages.components import layout, results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from model.work import Progress

SLICE_SECONDS = 2.0
"""Work goes on so long after a refresh, and ends where nobody looks any more."""
WAIT_SECONDS = 0.15
"""What is done within this time is shown without another refresh."""
REFRESH_SECONDS = 0.5
"""Every refresh takes time from the work: at five times as many a snapshot takes three times as long."""
TURN_SECONDS = 0.002
"""Pause between two steps, in which a page that waits for the engine gets its turn."""
MOST_KEPT = 100


@dataclass
class Job:
    """A calculation under way or done, and the scenario it belongs to."""

    scenario_json: str
    start: Callable[[], Iterator[Progress[Any]]]
    steps: Iterator[Progress[Any]] | None = None
    latest: Progress[Any] | None = None
    cancelled: bool = False
    ended: bool = False
    """Whether every step was taken; a count alone cannot tell, since a part may have nothing left to solve."""
    finished: bool = False
    """Whether a page has seen that it ended: never amid a page, half of which would show it as under way."""
    error: Exception | None = None
    started: float = field(default_factory=time.monotonic)
    looked_at: float = -REFRESH_SECONDS
    until: float = 0.0
    worker: threading.Thread | None = None
    behind: Job | None = None
    """A calculation that goes first: this one takes no step while that one is at work."""

    @property
    def works(self) -> bool:
        """Whether steps are being taken."""
        return self.worker is not None and self.worker.is_alive()

    @property
    def rests(self) -> bool:
        """Whether no further step is to be taken."""
        return self.ended or self.cancelled or self.error is not None

    def advance(self) -> None:
        """Work for a moment longer, and wait a shorter one for what comes of it.

        A page waits once while it is drawn, and never for what goes behind another calculation.
        """
        now = time.monotonic()
        waited = self.behind is not None or now - self.looked_at < REFRESH_SECONDS / 2
        self.looked_at, self.until = now, now + SLICE_SECONDS
        if not self.rests:
            if not self.works:
                # No daemon, as pages' threads are: a program that ends amid a solve aborts; this ends within a slice.
                self.worker = threading.Thread(target=self._work, daemon=False)
                self.worker.start()
            assert self.worker is not None, "it has just started"
            self.worker.join(0.0 if waited else WAIT_SECONDS)
        self.finished = self.ended

    def _work(self) -> None:
        try:
            self.steps = self.steps or self.start()
            while time.monotonic() < self.until and not self.rests:
                if self.behind is not None and self.behind.works:
                    self.behind.worker.join(WAIT_SECONDS)
                    continue
                step = results.in_turn(self.steps)
                self.latest, self.ended = step or self.latest, step is None
                time.sleep(TURN_SECONDS)
        except Exception as error:  # the page, which draws what became of it, is on another thread
            self.error = error


def finished(name: str, scenario_json: str) -> Progress[Any] | None:
    """The result of a calculation for this very scenario, or None where it was not run to its end."""
    job = st.session_state.get(f"job_{name}")
    return job.latest if job is not None and job.scenario_json == scenario_json and job.finished else None


def panel(
    name: str, label: str, scenario_json: str, start: Callable[[], Iterator[Progress[Any]]], explanation: str
) -> None:
    """A button that starts the calculation; while it runs, its progress and a way to cancel; why it failed."""
    key = f"job_{name}"
    job = _of(key, scenario_json)
    if job is None or job.error is not None:
        st.button(label, key=f"start_{name}", help=explanation, on_click=_begin, args=(key, scenario_json, start))
        if job is not None:
            _failed(job)
    elif not job.finished:
        st.fragment(_advance, run_every=REFRESH_SECONDS)(key)


def end_stale(name: str, scenario_json: str) -> None:
    """End a calculation of another scenario before this one is solved: it would take its turns at the engine."""
    _of(f"job_{name}", scenario_json)


def _of(key: str, scenario_json: str) -> Job | None:
    """The calculation of this very scenario; that of another one ends."""
    job: Job | None = st.session_state.get(key)
    if job is not None and job.scenario_json != scenario_json:
        job.cancelled = True
        st.session_state.pop(key)
        return None
    return job


def _failed(job: Job) -> None:
    """Say why a calculation failed; an error that is no refusal is none to be put in words."""
    if not isinstance(job.error, AccordError):
        assert job.error is not None, "it failed"
        raise job.error
    st.error(layout.plain(str(job.error)), icon=":material/error:")


def gradual(
    name: str,
    scenario_json: str,
    start: Callable[[], Iterator[Progress[Any]]],
    show: Callable[[Progress[Any] | None], None] | None = None,
    behind: str = "",
) -> Progress[Any] | None:
    """A calculation that starts by itself: its latest step, under a line of progress while that is not the last.

    ``show`` tells in the line's place where it stands, for a calculation that nobody waits for; one that is ``behind``
    another lets that one go first. Results of this session are kept, so that going back to a scenario shows its result
    at once.
    """
    key = f"job_{name}"
    done: Memory[str, Progress[Any] | None] = st.session_state.setdefault(f"done_{name}", Memory(MOST_KEPT))
    if scenario_json in done:
        return done.get(scenario_json)
    job = _of(key, scenario_json)
    if job is None:
        job = st.session_state[key] = Job(scenario_json, start, behind=st.session_state.get(f"job_{behind}"))
    job.advance()
    if job.error is not None:
        st.session_state.pop(key)
        raise job.error
    if job.finished:
        done.keep(scenario_json, job.latest)
        return job.latest
    st.fragment(_advance, run_every=REFRESH_SECONDS)(key, show)
    return job.latest


def _begin(key: str, scenario_json: str, start: Callable[[], Iterator[Progress[Any]]]) -> None:
    st.session_state[key] = Job(scenario_json, start)


def _advance(key: str, show: Callable[[Progress[Any] | None], None] | None = None) -> None:
    """One refresh: show where the calculation stands, and take it on."""
    job = st.session_state.get(key)
    if job is None:
        st.rerun()
    if show is None:
        _show(key, job)
    else:
        show(job.latest)
    job.advance()
    if job.finished or job.error is not None:
        st.rerun()


def _show(key: str, job: Job) -> None:
    step = job.latest
    done, total = (step.done, step.total) if step else (0, 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        if job.cancelled:
            so_far = f"{done} of {total} solved" if total else "nothing new solved yet"
            st.markdown(f"Cancelled: {so_far}. What is solved is kept.", width="content")
            st.button("Continue", key=f"continue_{key}", on_click=_cancel, args=(job, False), type="primary")
            st.button("Start again", key=f"again_{key}", on_click=_begin, args=(key, job.scenario_json, job.start))
        else:
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
