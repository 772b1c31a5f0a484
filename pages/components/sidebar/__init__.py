"""The sidebar: widgets that show the scenario and change it. Its value is read by every page."""

from __future__ import annotations

from functools import partial
from textwrap import shorten
from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.aside import Aside, aside_in_short, aside_in_words
from model.findings import group_labels
from model.market.horizon import HORIZONS
from model.questions import format_note, questions
from model.scenario import POLICY_ONLY, TODAY
from model.shocks import NamedShock
from model.words.numbers import counted, starting
from pages.components import layout, results, state
from pages.components.sidebar import assumptions, fields, instruments, parties, share, shocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.scenario import Scenario


GROUPS: dict[str, tuple[str, Callable[[Scenario], None]]] = {
    "parties": ("Parties", parties.draw),
    "floor": ("Floor", partial(instruments.draw, "floor")),
    "border": ("Border", partial(instruments.draw, "border")),
    "stock": ("Offtake, stock", partial(instruments.draw, "stock")),
    "shock": ("Shock", shocks.draw),
    "assumptions": ("Assumptions", assumptions.draw),
}
"""Groups of levers that unfold: title, and what draws them."""
STATUS_QUOS = {TODAY: "Today's prices", POLICY_ONLY: "Policy only"}
LONGEST_LABEL = 60


def draw() -> None:
    """Draw every lever."""
    here = state.history()
    with st.sidebar, state.drawing():
        _mineral(here.scenario)
        labels = group_labels(here.scenario, edits.focus(here.scenario), results.names())
        for id, (title, unfold) in GROUPS.items():
            with st.container(border=True, key=f"group_{id}"):
                unfolded = id == here.open_group
                st.button(
                    _label(title, labels[id]),
                    key=f"fold_{id}",
                    type="tertiary",
                    width="stretch",
                    on_click=state.unfold,
                    args=("" if unfolded else id,),
                    icon=":material/expand_less:" if unfolded else ":material/expand_more:",
                )
                if unfolded:
                    unfold(here.scenario)
        _horizon(here.scenario)
        _status_quo(here.scenario)
        _kept(here.scenario)
        share.draw(here)
    state.publish()


def _label(title: str, text: str) -> str:
    short = shorten(f"{title}: {text}", LONGEST_LABEL, placeholder="…").removeprefix(f"{title}:")
    return f"**{title}**:{layout.plain(short)}"


def _mineral(now: Scenario) -> None:
    minerals, names = results.world().minerals, results.names()
    fields.choice("Mineral", "mineral", minerals, edits.focus(now), edits.with_focus, names.mineral)


def _horizon(now: Scenario) -> None:
    st.segmented_control(
        "Horizon",
        list(HORIZONS),
        format_func=lambda id: HORIZONS[id].label,
        required=True,
        help="Short: one year, capacity almost fixed (see Assumptions). Long: capacity responds.",
        label_visibility="collapsed",
        **state.seed("horizon", now.horizon, "default"),
        **fields.on_change("horizon", lambda s, chosen: s.model_copy(update={"horizon": chosen})),
    )


def _status_quo(now: Scenario) -> None:
    st.segmented_control(
        "Status quo",
        list(STATUS_QUOS),
        format_func=STATUS_QUOS.get,
        required=True,
        help=f"What everything is compared with, on {results.names().status_quo_date}. Today: prices as quoted. "
        "Policy only: prices of 2024 moved by duties and export controls alone.",
        label_visibility="collapsed",
        **state.seed("status_quo", now.status_quo, "default"),
        **fields.on_change("status_quo", edits.with_status_quo),
    )


def _kept(now: Scenario) -> None:
    """What the scenario holds that no lever above shows."""
    names = results.names()
    elsewhere = [names.mineral(mineral) for mineral in edits.others(now)]
    if elsewhere:
        st.caption(f"Also in the agreement: {', '.join(elsewhere)}.")
    beside = state.aside(now)
    if beside != Aside():
        whole = aside_in_words(beside, results.world().tables["projects"], names)
        st.caption(f"Also agreed: {aside_in_short(beside)}.", help=layout.plain(whole))
    world = results.world()
    for question in (*format_note(now, on_screen=True), *questions(now, world.library, world.hosts_by_mineral, names)):
        st.caption(f":material/help: {layout.plain(starting(question))}.")
    unnamed = len([shock for shock in now.shocks if not isinstance(shock, NamedShock)])
    counts = ((edits.unseen(now), "more instrument"), (unnamed, "unnamed shock"))
    held = [counted(number, one, f"{one}s") for number, one in counts if number]
    if held:
        st.caption(f"Held but not shown: {' and '.join(held)}. What is held counts in every number.")
