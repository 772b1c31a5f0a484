"""What is typed outside the sidebar: kept beyond the life of its widgets, which Streamlit forgets on another page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import state

if TYPE_CHECKING:
    from collections.abc import Callable


def kept(form: str, kind: type[Any]) -> Any:
    """What is typed in a form."""
    return st.session_state.setdefault(f"typed_{form}", kind())


def field(form: str, content: object, name: str) -> dict[str, Any]:
    """Arguments of a widget that shows a field of a form and keeps what is typed."""
    return item(f"{form}_{name}", getattr(content, name), lambda value: setattr(content, name, value))


def item(key: str, value: Any, keep: Callable[[Any], object]) -> dict[str, Any]:
    """Arguments of a widget that shows a value and hands on what is typed; a field that is emptied keeps its value."""

    def take() -> None:
        typed = state.value(key)
        if typed is not None or value is None:
            keep(typed)

    return {"key": state.seed(key, value), "on_change": take}
