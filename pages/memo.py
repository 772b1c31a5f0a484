"""Memo: what do we take home?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model.memo.comparison import MOST
from model.snapshot.make import Origin, freezing
from model.snapshot.record import Snapshot
from model.words.numbers import counted
from pages.components import documents, jobs, layout, results, state

if TYPE_CHECKING:
    from model.scenario import Scenario
    from model.snapshot.library import Entry

JOB = "snapshot"
SOURCES = {"this": "This scenario", "saved": "Saved snapshots"}
LONGEST_NAME = 200
PREVIEW_PIXELS = 760


def main() -> None:
    """The page from top to bottom."""
    documents.said()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.segmented_control(
            "Memo of", list(SOURCES), default="this", required=True, key="memo_source", format_func=SOURCES.__getitem__
        )
        title = author = ""
        if source == "this":
            title = st.text_input("Title (optional)", key="memo_title", max_chars=LONGEST_NAME)
            author = st.text_input("Author (optional)", key="memo_author", max_chars=LONGEST_NAME)
    snapshots = _saved() if source == "saved" else _made(title, author)
    if snapshots:
        _carry_out(snapshots)


def _made(title: str, author: str) -> list[Snapshot]:
    """The snapshot of the scenario in the sidebar, once it was asked for."""
    layout.opening()
    scenario = state.scenario()
    scenario = scenario.model_copy(update={"name": title.strip() or scenario.name})
    asked = f"{scenario.to_json()}\n{author}"
    progress = jobs.finished(JOB, asked)
    made = None if progress is None else progress.found
    if isinstance(made, Snapshot):
        return [made]
    jobs.panel(
        JOB,
        "Make a snapshot",
        asked,
        lambda: freezing(results.world(), scenario, Origin(author)),
        f"Solves {counted(len(scenario.minerals), 'mineral', 'minerals')} under every named shock and with each main "
        "assumption at both ends of its range.",
    )
    st.caption(
        "A snapshot fixes the scenario, its results, every assumption and the data rows they rest on under one id, "
        "and tries the named shocks and the main assumptions. The memo is written from it."
    )
    return []


def _saved() -> list[Snapshot]:
    """Snapshots chosen from the library; two or more are set side by side."""
    entries = {entry.checksum: entry for entry in documents.entries() if entry.kind == "snapshot"}
    if not entries:
        st.info(
            "The library holds no snapshot yet. Make one of this scenario and save it, or import one on the page Saved."
        )
        return []
    chosen = st.multiselect(
        "Snapshots: one for its memo, two to five to set them side by side",
        list(entries),
        key="memo_chosen",
        format_func=lambda checksum: _label(entries[checksum]),
        max_selections=MOST,
    )
    opened: list[Snapshot | Scenario] = []
    with layout.faults_shown():
        opened = [documents.library().open(entries[checksum]) for checksum in chosen]
    return [item for item in opened if isinstance(item, Snapshot)]


def _label(entry: Entry) -> str:
    return f"{entry.name} · {entry.short_id} · {entry.saved[:10]}"


def _carry_out(snapshots: list[Snapshot]) -> None:
    """Id, downloads, saving and preview."""
    with layout.faults_shown():
        with st.spinner("Writing the memo"):
            page = documents.file(snapshots, "html").decode()
        ids = ", ".join(snapshot.short_id for snapshot in snapshots)
        st.markdown(f"**Short id: `{ids}`**", help="Stands at the foot of every page; the whole id stands in the memo.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            documents.downloads(snapshots)
            if len(snapshots) == 1:
                documents.save_form(snapshots[0], "memo", "Save to the library")
        # The memo's own policy lets a browser run and load nothing, and every text in it is escaped.
        st.iframe(page, height=PREVIEW_PIXELS, alt="Preview of the memo")


main()
