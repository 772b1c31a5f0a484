"""Snapshots on the screen: the library in use, documents made once per content, and the buttons that carry them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model.errors import AccordError, SnapshotError
from model.files import file_name
from model.memo import FORMATS, MEDIA_TYPES, document_of, export
from model.snapshot.library import Library
from model.snapshot.record import Snapshot
from pages.components import layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.scenario import Scenario
    from model.snapshot.library import Entry

FORMAT_NAMES = {"docx": "Word", "pdf": "PDF", "xlsx": "Excel", "html": "HTML"}
MOST_FILES = 24
SAID = "library_said"
"""Where the outcome of the last action on the library waits until it is shown."""


def library() -> Library:
    """The library: the one the variable names, else the one in the user's data folder."""
    return Library()


def shown_fault(error: AccordError) -> None:
    """A refusal, in words; everything on the screen stays."""
    st.error(layout.plain(str(error)), icon=":material/error:")


def said() -> None:
    """Show what the last action on the library came to."""
    told = st.session_state.pop(SAID, None)
    if told is not None:
        fault, text = told
        (st.error if fault else st.success)(layout.plain(text))


def say(text: str, fault: bool = False) -> None:
    """Keep what an action came to for the next drawing of the page."""
    st.session_state[SAID] = (fault, text)


def entries(search: str = "", archived: bool = False) -> list[Entry]:
    """Entries of the library; a fault is shown and counts as none."""
    try:
        return library().entries(search, archived=archived)
    except SnapshotError as error:
        shown_fault(error)
        return []


def file(snapshots: Sequence[Snapshot], format: str) -> bytes:
    """The memo of one snapshot, or the comparison of several, as a file.

    Raises:
        SnapshotError: when it cannot be made in this format.
    """
    return _file(tuple(snapshot.record.checksum for snapshot in snapshots), format, tuple(snapshots))


@st.cache_data(show_spinner=False, max_entries=MOST_FILES)
def _file(checksums: tuple[str, ...], format: str, _snapshots: tuple[Snapshot, ...]) -> bytes:
    return export(document_of(_snapshots), format)


def downloads(snapshots: Sequence[Snapshot]) -> None:
    """Choice of format and the buttons that carry memo and snapshot out."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        format = st.segmented_control(
            "Format", FORMATS, default="pdf", required=True, key="memo_format", format_func=FORMAT_NAMES.__getitem__
        )
        name = snapshots[0].title if len(snapshots) == 1 else "comparison"
        ids = "-".join(snapshot.short_id for snapshot in snapshots)
        try:
            with st.spinner("Writing the memo"):
                data = file(snapshots, format)
        except SnapshotError as error:
            shown_fault(error)
        else:
            st.download_button(
                f"Download {FORMAT_NAMES[format]}",
                data,
                file_name(name, ids, format),
                MEDIA_TYPES[format],
                key="memo_download",
                type="primary",
                icon=":material/download:",
                on_click="ignore",
            )
        if len(snapshots) == 1:
            download_item(snapshots[0], "Snapshot file", "snapshot_download")


def download_item(item: Snapshot | Scenario, label: str, key: str) -> None:
    """A snapshot or scenario as its JSON file."""
    if isinstance(item, Snapshot):
        name = file_name(item.title, item.short_id, "json")
    else:
        name = file_name(item.name, "scenario", "json")
    st.download_button(
        label, item.to_json(), name, "application/json", key=key, icon=":material/data_object:", on_click="ignore"
    )


def save(item: Snapshot | Scenario, name: str, tags: str, note: str) -> None:
    """Save to the library; what came of it is shown on the next drawing, and a fault loses nothing."""
    try:
        saved = library().save(item, name, tags.split(","), note)
    except SnapshotError as error:
        say(f"Not saved: {error}. It is still on the screen; download its file to keep it.", fault=True)
        return
    others = ", ".join(f"“{entry.name}”" for entry in saved.duplicates)
    same = f" The same id was saved before as {others}." if others else ""
    say(
        f"“{saved.entry.name}” was in the library already.{same}"
        if saved.known
        else f"Saved “{saved.entry.name}”.{same}"
    )


def save_form(item: Snapshot | Scenario, key: str, label: str) -> None:
    """Name, tags and note under which to save."""
    with st.popover(label, icon=":material/bookmark_add:"):
        name, tags, note = described(key, item.title if isinstance(item, Snapshot) else item.name)
        if st.button("Save", key=f"{key}_save", type="primary"):
            save(item, name, tags, note)
            st.rerun()


def described(key: str, name: str, tags: str = "", note: str = "") -> tuple[str, str, str]:
    """Name, tags and note of an entry, as typed."""
    return (
        st.text_input("Name", name, key=f"{key}_name", max_chars=200),
        st.text_input("Tags, separated by commas", tags, key=f"{key}_tags"),
        st.text_area("Note", note, key=f"{key}_note", max_chars=10_000),
    )
