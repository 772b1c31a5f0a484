"""The scenario of a session: one truth, with its history and the fault of the last edit, in the session state."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from model.aside import Aside
from model.errors import AccordError, ScenarioError
from model.scenario import Scenario
from pages.components import axes, links, results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from model.instruments import Agreement

STORE = "history"
ASIDE = "beside_the_agreement"
DRAWN = "drawn"
MOST_STEPS = 200


@dataclass
class History:
    """Where a session stands: the scenario, what undo and redo lead to, and the message of the last edit that failed.

    ``stops`` says that the message leaves nothing to show: a lever is set to something that is no scenario.
    ``open_group`` is the group of levers unfolded; an expander would fold itself whenever its label changes.
    ``shown`` are the levers on the screen, ``drawn`` those of the run under way.
    """

    scenario: Scenario = field(default_factory=Scenario)
    past: list[Scenario] = field(default_factory=list)
    future: list[Scenario] = field(default_factory=list)
    fault: str = ""
    stops: bool = False
    open_group: str = ""
    shown: set[str] = field(default_factory=set)
    drawn: set[str] = field(default_factory=set)


def history() -> History:
    """This session's history; a new session starts from the link it was opened with, or the default."""
    if STORE not in st.session_state:
        st.session_state[STORE] = _opened(st.query_params.get(links.PARAMETER, ""))
    found = st.session_state[STORE]
    assert isinstance(found, History)
    return found


def _opened(text: str) -> History:
    if not text:
        return History()
    try:
        scenario = links.decode(text)
        results.check(scenario)
    except AccordError as error:
        return History(fault=f"The shared link cannot be used, so the default scenario is shown: {error}.")
    return History(scenario)


def scenario() -> Scenario:
    """The scenario in force; the default where a page runs alone."""
    return history().scenario


def edit(change: Callable[[Scenario], Scenario]) -> None:
    """Change the scenario; where the change is refused, everything stays and the reason is kept."""
    here = history()
    try:
        new = _checked(change(here.scenario))
    except AccordError as error:
        refuse(str(error))
        return
    here.fault, here.stops = "", False
    if new != here.scenario:
        here.past = [*here.past[-MOST_STEPS:], here.scenario]
        here.future = []
        here.scenario = new


def _checked(scenario: Scenario) -> Scenario:
    """The scenario with every field read afresh, since a copy with other fields takes any value unseen.

    Raises:
        ScenarioError: for what is no scenario, or names what the world does not have.
    """
    read = Scenario.parse(scenario.model_dump(mode="json", by_alias=True, warnings=False), "scenario")
    results.check(read)
    return read


def refuse(message: str, stops: bool = False) -> None:
    """Keep the scenario and the reason why an edit is not one."""
    here = history()
    here.fault, here.stops = message, stops


def undo() -> None:
    """One edit back: the scenario before, or, where the last edit was refused, the refusal alone."""
    here = history()
    _step([] if here.fault else here.past, here.future)


def redo() -> None:
    """One scenario forward again."""
    _step(history().future, history().past)


def _step(source: list[Scenario], behind: list[Scenario]) -> None:
    here = history()
    here.fault, here.stops = "", False
    if source:
        behind.append(here.scenario)
        here.scenario = source.pop()


def reset() -> None:
    """The default scenario, everything as it was on opening; undo still leads back."""
    edit(lambda _: Scenario())
    axes.forget()
    history().open_group = ""


def unfold(group: str) -> None:
    """Unfold one group of levers and no other, so that the sidebar stays within one screen; none at an empty name.

    It says where to end, not to turn what is: a click that arrives twice must not fold again what it unfolded.
    """
    history().open_group = group


def value(key: str) -> Any:
    """What a widget holds.

    Raises:
        ScenarioError: when it holds nothing, which is no level of a lever.
    """
    held = optional(key)
    if held is None:
        raise ScenarioError(f"nothing is chosen for {key.replace('_', ' ')}; what stood there before is kept")
    return held


def keep_aside(agreement: Agreement, aside: Aside) -> None:
    """Remember what stands beside an agreement that was loaded and has no place in a scenario."""
    st.session_state[ASIDE] = (agreement, aside)


def aside(scenario: Scenario) -> Aside:
    """What stands beside the scenario's agreement, as long as it is the one that was loaded."""
    agreement, kept = st.session_state.get(ASIDE, (None, Aside()))
    found: Aside = kept if scenario.agreement == agreement else Aside()
    return found


def optional(key: str) -> Any:
    """What a widget that may be empty holds, or None."""
    return st.session_state.get(drawn_key(key))


def drawn_key(key: str) -> str:
    """Under which key a widget is drawn: its own, with a number behind it once another has taken its place."""
    times = st.session_state.setdefault(DRAWN, Counter())[key]
    return f"{key}_v{times}" if times else key


@contextmanager
def drawing() -> Iterator[None]:
    """Levers are drawn inside, all that there are; one that has left the screen returns as a new widget.

    The browser goes on reporting what a hidden widget last held until it has heard of the run that hid it, and would
    show that again.
    """
    here = history()
    here.drawn = set()
    yield
    st.session_state.setdefault(DRAWN, Counter()).update(here.shown.difference(here.drawn))
    here.shown = here.drawn.copy()


def on_change(key: str, act: Callable[[], object]) -> dict[str, Any]:
    """Arguments of a seeded widget that acts on what a user does to it.

    Nothing is heard of one that is hidden or that another has replaced: the browser reports what it shows with every
    message, also before it has drawn the new one, and Streamlit takes that for a change.
    """
    drawn = drawn_key(key)
    return {"on_change": lambda: act() if drawn == drawn_key(key) else None}


def _replaced(key: str, wanted: Any) -> str:
    """The key under which a widget that shows a value is to be drawn; one that holds another value is replaced."""
    history().drawn.add(key)
    if st.session_state.get(drawn_key(key), wanted) != wanted:
        st.session_state[DRAWN].update([key])
    return drawn_key(key)


def seed(key: str, wanted: Any, start: str = "value", options: Sequence[Any] | None = None) -> dict[str, Any]:
    """Arguments of a widget about to be drawn that make it show what the scenario says.

    Where it holds something else, a new one takes its place: the browser would go on reporting the old value until it
    has heard of the run, and of a run that is cut short it never hears. The value is the widget's default (``start``,
    or its place among the ``options`` of a select box). A value that is not among the options is shown beside them,
    never another in its place.
    """
    drawn = _replaced(key, wanted)
    if options is None:
        return {"key": drawn, start: wanted}
    shown = list(options) if wanted is None or wanted in options else [*options, wanted]
    return {"key": drawn, "options": shown, "index": None if wanted is None else shown.index(wanted)}


def seed_optional(key: str, wanted: float | None) -> dict[str, Any]:
    """The same for a number that may be emptied: its default has to be nothing, so it is set every time."""
    drawn = _replaced(key, wanted)
    st.session_state[drawn] = wanted
    return {"key": drawn, "value": None}


def publish() -> None:
    """Put the scenario in the page's address, so that the address bar is the share link."""
    text = links.encode(history().scenario)
    if st.query_params.get(links.PARAMETER, "") != text:
        if text:
            st.query_params[links.PARAMETER] = text
        else:
            st.query_params.pop(links.PARAMETER, None)
