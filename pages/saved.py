"""Saved: what did we agree at 11:40?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from model.errors import AccordError
from model.files import lines_of, parse_json, text_of
from model.snapshot.library import is_export, item_of
from model.snapshot.record import Snapshot
from model.words.numbers import counted
from pages.components import documents, layout, results, state

if TYPE_CHECKING:
    from model.scenario import Scenario
    from model.snapshot.library import Entry

KINDS = {"snapshot": "Snapshot", "scenario": "Scenario"}
TABLE_PIXELS = 420
MOST_LOST_SHOWN = 20


def main() -> None:
    """The page from top to bottom."""
    documents.said()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search name, tags, note, mineral, author or id", key="saved_search")
        archived = st.toggle("Archived", key="saved_archived")
        documents.save_form(state.scenario(), "saved", "Save this scenario")
        with st.popover("Import, export", icon=":material/swap_vert:"):
            _import()
            _export()
    found = documents.entries(search, archived)
    chosen = _table(found)
    if len(chosen) == 1:
        _one(chosen[0], found)
    elif len(chosen) > 1:
        _archive(chosen, archived, "saved_archive_all")
    _duplicates()


def _table(found: list[Entry]) -> list[Entry]:
    """The entries, the newest first; returns those that are marked."""
    if not found:
        st.info("Nothing saved here yet, or nothing that matches.")
        return []
    names = results.names()
    frame = pd.DataFrame(
        {
            "Name": [entry.name for entry in found],
            "Id": [entry.short_id for entry in found],
            "Kind": [KINDS.get(entry.kind, entry.kind) for entry in found],
            "Minerals": [", ".join(names.mineral(mineral) for mineral in entry.minerals) for entry in found],
            "Tags": [list(entry.tags) for entry in found],
            "Saved (UTC)": [entry.saved[:16].replace("T", " ") for entry in found],
            "Note": [entry.note for entry in found],
            "Author": [entry.author for entry in found],
        }
    )
    st.caption(f"{counted(len(found), 'entry', 'entries')}. Mark one to open or describe it, several to archive them.")
    event = st.dataframe(
        frame,
        hide_index=True,
        height=TABLE_PIXELS,
        key=f"saved_table_{len(found)}",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={"Tags": st.column_config.ListColumn("Tags")},
    )
    return [found[row] for row in event["selection"]["rows"] if row < len(found)]


def _one(entry: Entry, found: list[Entry]) -> None:
    """What can be done with one entry."""
    with layout.faults_shown():
        item = documents.library().open(entry)
        others = [f"“{other.name}”" for other in found if other.id == entry.id and other.checksum != entry.checksum]
        if others:
            st.caption(layout.plain(f"The same id as {', '.join(others)}: the same question with the same answer."))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            scenario = item.scenario if isinstance(item, Snapshot) else item
            st.button("Open in the sidebar", key="saved_open", type="primary", on_click=_open, args=(scenario,))
            documents.download_item(item, "Download", "saved_download")
            _describe(entry)
            _archive([entry], entry.archived, "saved_archive")


def _open(scenario: Scenario) -> None:
    state.edit(lambda _: scenario)
    if not state.history().fault:
        documents.say("The scenario is in the sidebar now; undo leads back.")


def _describe(entry: Entry) -> None:
    with st.popover("Name, tags, note", icon=":material/edit:"):
        key = entry.checksum[:12]
        name, tags, note = documents.described(key, entry.name, ", ".join(entry.tags), entry.note)
        if st.button("Keep", key=f"{key}_keep", type="primary"):
            with layout.faults_shown():
                documents.library().describe(entry, name, tags.split(","), note)
                documents.say("Changed.")
                st.rerun()


def _archive(chosen: list[Entry], archived: bool, key: str) -> None:
    label = "Restore" if archived else "Archive"
    several = f" {len(chosen)} entries" if len(chosen) > 1 else ""
    st.button(f"{label}{several}", key=key, on_click=_put_away, args=(chosen, not archived))


def _put_away(chosen: list[Entry], archived: bool) -> None:
    try:
        for entry in chosen:
            documents.library().archive(entry, archived)
    except AccordError as error:
        documents.say(str(error), fault=True)
    else:
        documents.say(f"{'Archived' if archived else 'Restored'}: {', '.join(entry.name for entry in chosen)}.")


def _duplicates() -> None:
    try:
        groups = documents.library().duplicates()
    except AccordError:
        return  # the list above has already said why the library cannot be read
    if groups:
        with st.expander(f"Duplicates: {len(groups)} saved more than once under the same id"):
            layout.bullets(
                ", ".join(f"{entry.name} ({entry.saved[:10]})" for entry in group) + f": {group[0].short_id}"
                for group in groups
            )


def _import() -> None:
    file = st.file_uploader("Snapshot, scenario or library export", ["json", "jsonl"], key="saved_import")
    if file is not None and st.button("Import", key="saved_import_run", type="primary"):
        _take_in(file.getvalue())
        st.rerun()


def _take_in(data: bytes) -> None:
    """Save what a file holds: a snapshot, a scenario, or an export with many of both."""
    try:
        if is_export(next(lines_of(data, "file"), "")):
            new, faults = documents.library().take_in(lines_of(data, "library export"), results.check)
            told = "".join(f" Refused: {fault}." for fault in faults)
            documents.say(f"{counted(new, 'new entry', 'new entries')} taken in.{told}", fault=bool(faults))
            return
        item = item_of(parse_json(text_of(data, "file"), "file"), "file")
        results.check(item.scenario if isinstance(item, Snapshot) else item)
    except AccordError as error:
        documents.say(f"Not imported: {error}", fault=True)
    else:
        documents.save(item, "", "", "")


def _export() -> None:
    """A button that gathers all entries, then what could not be read and the file to download."""
    if not st.button("Export all", key="saved_export", icon=":material/inventory_2:"):
        return
    with layout.faults_shown():
        lost: list[str] = []
        data = "".join(documents.library().export(lost))
        if lost:
            st.error(f"{counted(len(lost), 'entry', 'entries')} could not be read and will be missing:")
            layout.bullets(lost[:MOST_LOST_SHOWN])
        st.download_button(
            "Download the export",
            data,
            "minerals-accord-library.jsonl",
            "application/jsonl",
            key="saved_export_file",
            icon=":material/download:",
            on_click="ignore",
        )


main()
