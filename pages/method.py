"""Data and method: why should I believe it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.findings import controls_in_words, data_limits, levers_table, today_in_words, trade_in_words
from model.scenario import TODAY
from model.words.numbers import lowered
from pages.components import layout, results, state

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = (
    "One year is the base: 2024. Stocks, contracts and prices within the year are not modelled.",
    "Every market is in equilibrium at once: who panics, waits or speculates is not in it, except as a named shock.",
    "Elasticities of minor metals are borrowed from metals whose markets are better known: assumptions with ranges.",
    "Exporters answer neither a floor nor a quota by themselves; a named shock asks what if China does.",
    "By-products follow their hosts: a higher price cannot conjure gallium that no alumina plant releases.",
    "Manufacturers' losses are first round and rest on assumed dependence; trust rankings more than totals.",
)


def main() -> None:
    """The page from top to bottom."""
    layout.stopped()
    section = st.segmented_control(
        "Section", list(SECTIONS), default="Sources", required=True, key="section", persist_state="session"
    )
    SECTIONS[str(section)]()


def _sources() -> None:
    st.subheader("Every number has a source, or is marked as an assumption", anchor=False)
    layout.table(results.world().tables["sources"], "sources", height=560)


def _fit() -> None:
    st.subheader("How well the base year is met", anchor=False)
    st.markdown(
        "The base year is solved with no agreement, shock or control and must return what it was calibrated to. "
        "Where a published figure was an input, agreeing with it proves nothing: see the column *independent*. "
        "*Adjustment* is the cost that calibration adds to routes, as share of the price."
    )
    with layout.faults_shown():
        layout.table(results.calibration(), "calibration", height=540)
    layout.bullets(data_limits(results.world(), results.names()))


def _tables() -> None:
    tables = results.world().tables
    name = st.selectbox("Table", sorted(tables.frames), key="table", persist_state="session")
    st.caption(f"{len(tables[name]):,} rows. Columns and units are described in data/README.md.")
    layout.table(tables[name], str(name), height=520)


def _assumptions() -> None:
    st.subheader("What is assumed, in which range, and why", anchor=False)
    layout.assumption(
        "every row",
        "No publication gives these numbers for this use; change any of them in the sidebar, within its range.",
    )
    layout.table(results.world().tables["assumptions"], "assumptions", height=540)


def _in_force() -> None:
    world, names = results.world(), results.names()
    scenario = state.scenario()
    mineral = edits.focus(scenario)
    st.subheader(f"In force on {names.status_quo_date}, the status quo", anchor=False)
    st.markdown(f"**{names.mineral(mineral)}**")
    nowcast = results.nowcast(scenario, mineral) if scenario.status_quo == TODAY else None
    layout.bullets(
        controls_in_words(world.tables, mineral, names, scenario, nowcast)
        or ["No export control on this mineral is in force."]
    )
    st.markdown("**Tariffs on it**")
    tariffs = world.tables["tariffs"]
    layout.table(tariffs[tariffs["mineral"] == mineral], "tariffs_in_force", height=260)
    st.markdown("**All export controls, suspended ones included**")
    layout.table(world.tables["export_controls"], "controls_in_force", height=320)
    st.markdown("**Pairs that do not trade: embargoes**")
    layout.table(world.tables["embargoes"], "embargoes", height=260)


def _today() -> None:
    names, scenario = results.names(), state.scenario()
    mineral = edits.focus(scenario)
    st.subheader(f"Prices of {names.status_quo_date}, and how the status quo returns them", anchor=False)
    st.markdown(
        "A nowcast: duties and controls alone do not bring prices of 2024 to those of today. One number per quoted "
        "price is moved, within a registered limit, so that the short-run status quo returns the quote. The same "
        "shift holds in the long run, where capacity has answered and prices are therefore others. Quantities are not "
        "fitted: trade after the controls tests them."
    )
    with layout.faults_shown():
        told = today_in_words(results.nowcast(scenario, mineral), mineral, names, scenario.horizon)
        st.markdown(f"**{layout.plain(told)}**")
        layout.table(results.today(scenario), "today", height=540)
        st.markdown("**Trade after the controls, as a multiple of the time before: published and in the status quo**")
        st.markdown(layout.plain(trade_in_words(results.trade_after(scenario))))
        layout.table(results.trade_after(scenario), "trade_after", height=400)


def _shocks() -> None:
    st.subheader("The library of shocks, built from real events", anchor=False)
    layout.assumption(
        "severities and probabilities", "Published where the column says so; ranges and probabilities are judgement."
    )
    layout.table(results.world().tables["shocks"], "shock_library", height=540)


def _back_test() -> None:
    st.subheader("Losses the manufacturers' formulas give where a loss was published", anchor=False)
    st.markdown(
        "The published shortage is imposed as rationed: no price told users to save it. The levels of dependence were "
        "tuned on gallium and germanium: these rows are a calibration, not a proof."
    )
    layout.table(results.back_test(), "back_test")


def _formulation() -> None:
    scenario = state.scenario()
    mineral = edits.focus(scenario)
    st.subheader(f"The live programme of {lowered(results.names().mineral(mineral))}", anchor=False)
    with layout.faults_shown():
        live = results.live_formulation(mineral)
        layout.table(live.components, "formulation")
        st.markdown("**The scenario solved again by this programme alone** (Pyomo and HiGHS, 10 to 30 s a mineral)")
        if st.button("Solve by the reference and compare"):
            with layout.faults_shown(), st.spinner("Solving by the reference programme", show_time=True):
                said, differences = results.against_reference(scenario)
                st.markdown(layout.plain(said))
                layout.table(differences, "reference")
        st.markdown("**Levers of the instruments**")
        layout.table(levers_table(), "levers", height=320)
        st.markdown("**Statement**")
        st.markdown(live.statement)


def _limits() -> None:
    st.subheader("What the model cannot say", anchor=False)
    layout.bullets(LIMITS)
    layout.bullets(data_limits(results.world(), results.names()))


SECTIONS: dict[str, Callable[[], None]] = {
    "Sources": _sources,
    "Fit": _fit,
    "Tables": _tables,
    "Assumptions": _assumptions,
    "In force": _in_force,
    "Today": _today,
    "Shocks": _shocks,
    "Back-test": _back_test,
    "Formulation": _formulation,
    "Limits": _limits,
}

main()
