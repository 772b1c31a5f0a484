"""The group of the assumptions: those that matter most for the mineral, those changed, and any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.studies.ranges import main_assumptions
from model.words.levers import stride_between
from pages.components import layout, results, state
from pages.components.sidebar import fields

if TYPE_CHECKING:
    from model.assumptions import Assumption
    from model.scenario import Scenario


def draw(now: Scenario) -> None:
    """Draw the group."""
    mineral, world = edits.focus(now), results.world()
    main = main_assumptions(world, now, mineral)
    for assumption in main:
        _assumption(now, assumption)
    shown = {assumption.name for assumption in main}
    rest = {
        a.name: a for a in world.assumptions if a.name not in shown and a.mineral in ("", mineral) and a.high > a.low
    }
    changed = [name for name in now.assumptions if name in rest]
    for name in changed:
        _assumption(now, rest[name])
    picked = st.selectbox(
        "Any other assumption",
        [name for name in rest if name not in changed],
        index=None,
        key="other_assumption",
        format_func=_readable,
        placeholder="Choose one",
    )
    if picked in rest:
        _assumption(now, rest[picked])
    if now.assumptions:
        st.button(
            "As registered",
            key="assumptions_reset",
            icon=":material/restart_alt:",
            on_click=state.edit,
            args=(lambda s: s.model_copy(update={"assumptions": {}}),),
        )


def _readable(name: str) -> str:
    return results.names().assumption(name, mineral_in_view=True)


def _assumption(now: Scenario, assumption: Assumption) -> None:
    key = f"assumption_{assumption.name}"
    changed = assumption.name in now.assumptions
    at = now.assumptions.get(assumption.name, assumption.value)
    source = f"source: {assumption.source_id}" if assumption.source_id else "source: judgement"
    registered = f"{assumption.value:g}, range {assumption.low:g} to {assumption.high:g}"
    st.number_input(
        f"{_readable(assumption.name)}{' (changed)' if changed else ''}",
        float(assumption.low),
        float(assumption.high),
        step=stride_between(assumption.low, assumption.high),
        format=fields.FORMAT,
        help=layout.plain(f"Assumption. {assumption.unit}; {registered}. {assumption.reason}; {source}"),
        **state.seed(key, float(at)),
        **fields.on_change(
            key,
            lambda s, typed: edits.with_assumption(s, assumption.name, None if typed == assumption.value else typed),
        ),
    )
