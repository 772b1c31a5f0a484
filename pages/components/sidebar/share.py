"""Undo, redo and reset; the link and the file that carry the scenario, and opening one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model.files import text_of
from pages.components import links, state

if TYPE_CHECKING:
    from model.scenario import Scenario


def draw(here: state.History) -> None:
    """Draw the row of buttons."""
    with st.container(horizontal=True, gap="xsmall", key="back"):
        for key, label, what, act, works in (
            ("undo", "Undo", "The scenario before the last change", state.undo, here.past or here.fault),
            ("redo", "Redo", "The change that was undone", state.redo, here.future),
            ("reset", "Reset", "Reset everything to the status quo", state.reset, True),
        ):
            st.button(label, key=key, help=what, on_click=act, disabled=not works)
        with st.popover("Share", key="share", help="Share or save this scenario"):
            _share(here.scenario)


def _share(now: Scenario) -> None:
    text = links.encode(now)
    address = (st.context.url or "").split("?")[0]
    st.caption("The link opens this scenario on any page:")
    st.code(f"{address}?{links.PARAMETER}={text}" if text else address, language=None, wrap_lines=True)
    st.download_button(
        "Save scenario",
        now.to_json(),
        "scenario.json",
        "application/json",
        key="save",
        icon=":material/download:",
        on_click="ignore",
    )
    st.file_uploader("Open a saved scenario", "json", key="opened", on_change=_open, max_upload_size=1)


def _open() -> None:
    file = state.optional("opened")
    if file is not None:
        content = file.getvalue()
        state.edit(lambda _: links.parse(text_of(content, "scenario")))
