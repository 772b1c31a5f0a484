"""What is typed outside the sidebar: kept beyond the life of its widgets, which Streamlit forgets on another page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def kept(form: str, kind: type[Any]) -> Any:
    """What is typed in a form."""
    return st.session_state.setdefault(f"typed_{form}", kind())


def field(
    form: str, content: object, name: str, start: str = "value", options: Sequence[Any] | None = None
) -> dict[str, Any]:
    """Arguments of a widget that shows a field of a form and keeps what is typed; see :func:`item`."""
    keep = partial(setattr, content, name)
    return item(f"{form}_{name}", getattr(content, name), keep, start, options)


def item(
    key: str,
    value: Any,
    keep: Callable[[Any], object],
    start: str = "value",
    options: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """Arguments of a widget that shows a value and hands on what is typed; a field that is emptied keeps its value.

    ``start`` and ``options`` are those of :func:`pages.components.state.seed`.
    """

    def take() -> None:
        typed = state.optional(key)
        if typed is not None or value is None:
            keep(typed)

    return {**state.seed(key, value, start, options), **state.on_change(key, take)}
