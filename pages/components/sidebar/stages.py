"""The stage of a group's instruments, and the price there that levels are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.errors import AccordError
from pages.components import results, state
from pages.components.sidebar import fields

if TYPE_CHECKING:
    from model.scenario import Scenario
    from pages.components.sidebar.fields import Take


def stage(key: str, now: Scenario, chosen: str | None, take: Take) -> str:
    """The stage of a group's instruments: asked for only where the market has two."""
    mineral, names = edits.focus(now), results.names()
    stages = results.world().stages[mineral]
    if len(stages) == 1:
        return stages[0]
    at = chosen or state.optional(key)
    at = at if at in stages else stages[-1]
    st.segmented_control(
        "Stage",
        stages,
        required=True,
        label_visibility="collapsed",
        format_func=lambda stage: names.stage(mineral, stage),
        **state.seed(key, at, "default"),
        **fields.on_change(key, take),
    )
    return str(state.optional(key) or at)


def reference(now: Scenario, stage: str) -> float | None:
    """The status-quo price; None where the status quo itself has no solution, which the page reports."""
    try:
        return results.reference_price(now, stage)
    except AccordError:
        return None
