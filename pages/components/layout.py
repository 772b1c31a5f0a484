"""The parts every page is made of: the opening that states the scenario, exhibits, marks of assumptions, downloads."""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from model import edits
from model.aside import aside_in_short
from model.errors import AccordError
from model.findings import verdicts
from model.findings.agreed import agreement_in_short, one_of_several
from model.findings.charts import cut
from model.findings.terms import terms_of
from model.words.numbers import counted, lowered, starting
from pages.components import results, state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd
    import plotly.graph_objects as go
    from streamlit.delta_generator import DeltaGenerator

    from model.outcome import Outcome
    from model.scenario import Scenario

T = TypeVar("T")

LONGEST_TITLE = 125
"""Letters in two lines above one of two charts on a screen 1,440 wide."""
CHART_TOOLS = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
SPECIAL = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>#|$~&"})
READ_AS_ONE = re.compile(
    r"(?<=[:@])(?=[\w+/-])|(?<=www)(?=\.)|(?<=[-<>])(?=[-<>=])"
    r"|(?:(?<=^[-+])|(?<=^\d[.)])|(?<=^\d\d[.)])|(?<=^\d{3}[.)])|(?<=^\d{4}[.)]))(?=\s)",
    re.MULTILINE,
)
"""Where an icon, colour, address, arrow or list begins, even if its letters are escaped."""


def plain(text: str) -> str:
    """Text with everything Markdown would act on made harmless; names in a shared link are a stranger's words.

    No line ends between a number and its per cent sign.
    """
    whole = text.replace(" %", "\N{NO-BREAK SPACE}%")
    return "\N{WORD JOINER}".join(READ_AS_ONE.split(whole)).translate(SPECIAL)


@contextmanager
def faults_shown() -> Iterator[None]:
    """A refusal inside the block is shown in words and ends the block; everything on the screen stays."""
    try:
        yield
    except AccordError as error:
        st.error(plain(str(error)), icon=":material/error:")


def stopped() -> bool:
    """Show the fault of the last edit, if any; true when there is nothing to show beside it."""
    here = state.history()
    if here.fault:
        st.error(plain(here.fault), icon=":material/error:")
    return here.stops


def opening(minerals: Sequence[str] = ()) -> Outcome:
    """The outcome of the scenario in the sidebar, after stating it; one message and a stop where there is none.

    ``minerals`` are those that the page counts, where they are more than the one in view.
    """
    if stopped():
        st.stop()
    scenario = state.scenario()
    outcome = solved(scenario)
    beside = aside_in_short(state.aside(scenario))
    if beside:
        st.warning(
            f"The agreement that was loaded also has {beside}. They are not in the numbers of this page, which can "
            "therefore differ much from those of the pages Design and Parties.",
            icon=":material/warning:",
        )
    heading(scenario, outcome, counting=minerals)
    return outcome


def heading(
    scenario: Scenario,
    outcome: Outcome,
    minerals: Sequence[str] = (),
    *,
    counting: Sequence[str] = (),
    every_shock: bool = False,
) -> None:
    """What is agreed, which shock hits over which horizon, and what of it does not come about.

    Every term is told on demand, of the mineral in view or of the ``minerals`` that the page is about; ``counting`` are
    all that its numbers are on. Where the page counts ``every_shock``, the scenario's own are not told.
    """
    mineral, names = edits.focus(scenario), results.names()
    judged = verdicts(outcome, mineral, names)
    agreed = agreement_in_short(scenario, mineral, names, judged, every_shock=every_shock)
    with st.container(key="opening", gap="xsmall"):
        st.subheader(plain(agreed), anchor=False)
        beside = one_of_several(mineral, counting or minerals, names)
        if beside:
            st.caption(plain(beside))
        _every_term(scenario, minerals or (mineral,), told=agreed)


def _every_term(scenario: Scenario, minerals: Sequence[str], told: str) -> None:
    """Every term agreed on these minerals, on demand; nothing where a sentence has ``told`` them all."""
    names = results.names()
    terms = [term for mineral in minerals for term in terms_of(scenario, mineral, names)]
    if not all(term in told for term in terms):
        only = f" on {lowered(names.mineral(minerals[0]))}" if len(minerals) == 1 else ""
        what = f"What is agreed{only}, {counted(len(terms), 'term', 'terms')}"
        with st.popover(what, icon=":material/handshake:", type="tertiary"):
            bullets(starting(term) for term in terms)


def solved(scenario: Scenario) -> Outcome:
    """A scenario's outcome; stops the page with one clear message where there is none."""
    try:
        return results.outcome(scenario)
    except AccordError as error:
        st.error(f"**This scenario has no result.** {plain(str(error))}", icon=":material/error:")
        st.caption(
            "Nothing is shown, since numbers of another scenario would mislead. Undo or change a lever in the sidebar."
        )
        st.stop()


def chart_row(name: str) -> Sequence[DeltaGenerator]:
    """Two columns for charts; the style sheet stacks them where the screen is narrow."""
    with st.container(key=f"charts_{name}"):
        return st.columns(2, gap="medium")


def grid(items: Iterable[T], across: int) -> Iterator[tuple[DeltaGenerator, T]]:
    """Each item with its column, row by row."""
    left = iter(items)
    while row := list(islice(left, across)):
        yield from zip(st.columns(across), row, strict=False)


def exhibit(sentence: str, figure: go.Figure, data: pd.DataFrame, name: str, note: str = "") -> None:
    """A chart under the sentence that states its finding, with its data to download.

    Of a sentence beyond two lines what does not fit stands below the chart, so that charts keep their place.
    """
    title, rest = cut(sentence, LONGEST_TITLE)
    st.markdown(f"**{plain(title)}**")
    st.plotly_chart(figure, key=f"chart_{name}", config=CHART_TOOLS, theme=None, alt=sentence)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{plain(rest)} {note}".strip())
        download(data, name)


def download(data: pd.DataFrame, name: str) -> None:
    """A table as CSV."""
    st.download_button(
        "CSV",
        data.to_csv(index=False),
        f"{name}.csv",
        "text/csv",
        key=f"csv_{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help=f"Download the data of this exhibit, {len(data)} rows",
    )


def table(data: pd.DataFrame, name: str, height: int | str = "auto") -> None:
    """A table with its download."""
    st.dataframe(data, hide_index=True, height=height, key=f"table_{name}")
    download(data, name)


def assumption(text: str, reason: str) -> None:
    """The mark of an assumed number, its reason on hover."""
    st.badge(f"assumption: {text}", color="orange", icon=":material/help:", help=reason)


def bullets(sentences: Iterable[str]) -> None:
    """Sentences as a list."""
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences))
