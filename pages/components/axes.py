"""Axis bounds that hold still: kept per chart and mineral, widened in big steps, forgotten where nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model.findings import axis_bound

if TYPE_CHECKING:
    from collections.abc import Iterable

STORE = "axes"


def held(chart: str, mineral: str, values: Iterable[float], at_least: float = 0.0) -> float:
    """The bound of an axis: the one already in use for this chart and mineral unless the values leave it.

    Where all changes are back at nothing, the axis is that of the opening again.
    """
    bounds, values = st.session_state.setdefault(STORE, {}), list(values)
    bound = axis_bound(values, at_least)
    bounds[chart, mineral] = max(bound, bounds.get((chart, mineral), 0.0)) if any(values) else bound
    return float(bounds[chart, mineral])


def forget() -> None:
    """Let every axis find its range anew."""
    st.session_state.pop(STORE, None)
