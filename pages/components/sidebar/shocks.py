"""The group of the shocks: those of the library that touch the mineral, each with its severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.shocks import NamedShock
from model.words.levers import Lever, stride_between
from model.words.numbers import exact, lasting, percent
from model.words.voice import PART_OF_YEAR
from pages.components import layout, results, state
from pages.components.sidebar import fields

if TYPE_CHECKING:
    from model.scenario import Scenario


def draw(now: Scenario) -> None:
    """Draw the group."""
    library, names = results.world().library, results.names()
    chosen = [shock for shock in now.shocks if isinstance(shock, NamedShock)]
    picked = [shock.name for shock in chosen]
    st.multiselect(
        "Named shocks, combinable",
        list(dict.fromkeys([*library.for_mineral(edits.focus(now)), *picked])),
        format_func=names.shock,
        placeholder="None",
        select_all=False,
        **state.seed("shocks", picked, "default"),
        **fields.on_change("shocks", edits.with_shocks),
    )
    for shock in chosen:
        _severity(shock)


def _severity(shock: NamedShock) -> None:
    about = results.world().library.describe(shock.name)
    key = f"severity_{shock.name}"
    field = Lever({"unit": about.unit})
    at = about.severity if shock.severity is None else shock.severity
    chance = f"Probability {percent(about.annual_probability)} a year (assumption)"
    lasts = f"Lasts {lasting(about.duration_yr)}. {PART_OF_YEAR}"
    about_it = layout.plain(f"{about.description} {lasts} {chance}. Source: {about.source_id}")
    shown, own = field.shown(at), field.shown(about.severity)
    low, high = field.shown(min(about.severity_low, at)), field.shown(max(about.severity_high, at))
    if low >= high:
        st.caption(f"{layout.plain(about.name)}: {exact(shown)} {field.unit}", help=about_it)
        return
    st.slider(
        f"{about.name}, {field.unit}",
        low,
        high,
        step=stride_between(low, high),
        format=fields.slider_format(field),
        help=about_it,
        **state.seed(key, shown),
        **fields.on_change(
            key, lambda s, typed: edits.with_severity(s, shock.name, None if typed == own else field.kept(typed))
        ),
    )
