"""Overview: what does this agreement do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.errors import SolveError
from model.findings import assumed, curve_chart, headline_numbers, if_answered
from model.studies.answers import answers_to, under_answers
from model.studies.ranges import headline_ranges, main_assumptions
from pages.components import axes, charts, jobs, layout, results, state

if TYPE_CHECKING:
    from model.findings import Overview
    from model.findings.charts import Chart
    from model.scenario import Scenario

RANGE_JOB = "headline_ranges"


def main() -> None:
    """The page from top to bottom."""
    layout.opening()
    scenario = state.scenario()
    facts = results.facts(scenario)
    _metrics(facts, scenario)
    left, right = layout.chart_row("who")
    with left:
        _chart(facts, "gains", facts.gains, "gains_by_party")
    with right:
        _chart(facts, "supply", facts.supply, "supply_by_origin")
    left, right = layout.chart_row("how")
    with right:
        note = (
            "Cost of the status quo's tonnes, a lower bound; users' cost above counts that use changes. Shares outside "
            "the US are assumed."
        )
        _chart(facts, "industries", facts.industries, "industries_hit", note, charts.TALLER)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Why", anchor=False, width="content")
        layout.assumption(
            "responses of supply, demand and stocks",
            assumed(main_assumptions(results.world(), scenario, edits.focus(scenario))),
        )
    layout.bullets(facts.reasons)
    answers = st.container(key="answers")
    _ranges(scenario)
    with left, st.container(key="response"):
        _response(scenario)
    with answers:
        _answers(scenario)


def _metrics(facts: Overview, scenario: Scenario) -> None:
    progress = jobs.finished(RANGE_JOB, scenario.to_json())
    numbers = headline_numbers(facts, getattr(progress, "found", None))
    with st.container(key="metrics"):
        columns = st.columns(4)
    for column, number in zip(columns, numbers, strict=True):
        with column:
            st.metric(
                number.label, number.value, number.change, delta_color="off", delta_arrow="off", help=number.explanation
            )
            if number.spread:
                st.caption(f"{number.spread} over assumptions", help=number.ends)


def _chart(facts: Overview, key: str, chart: Chart, name: str, note: str = "", height: int = charts.HEIGHT) -> None:
    bound = axes.held(key, facts.headline.mineral, (chart.x.low, chart.x.high), chart.x.least)
    layout.exhibit(chart.sentence, charts.figure(chart, bound, height), chart.table, name, note)


def _response(scenario: Scenario) -> None:
    neutral = results.neutral(scenario)
    try:
        progress = jobs.gradual("response", neutral.to_json(), lambda: results.response_levels(neutral))
    except SolveError as error:
        st.warning(f"No response curve: {layout.plain(str(error))}")
        return
    if progress is None or progress.found.parties_price.empty:
        return
    curve = results.as_agreed(progress.found, scenario)
    missing = (
        f"No equilibrium was proved at {len(curve.unsolved_usd_per_t)} levels." if curve.unsolved_usd_per_t else ""
    )
    chart = curve_chart(curve, results.names(), complete=progress.done == progress.total)
    layout.exhibit(chart.sentence, charts.figure(chart, height=charts.TALLER), chart.table, "floor_response", missing)


def _answers(scenario: Scenario) -> None:
    """What the parties gain if an exporter answers, where that is another amount; the answers are named shocks."""
    mineral = edits.focus(scenario)
    if results.world().unanswered(scenario) is not scenario or not answers_to(results.world(), scenario, mineral):
        return
    progress = jobs.gradual("answers", scenario.to_json(), lambda: under_answers(results.world(), scenario, mineral))
    if progress is not None and progress.done == progress.total:
        told = if_answered(results.outcome(scenario), progress.found, mineral, results.names())
        if told:
            st.markdown(layout.plain(told))


def _ranges(scenario: Scenario) -> None:
    jobs.panel(
        RANGE_JOB,
        "Range of the headline over assumptions",
        scenario.to_json(),
        lambda: headline_ranges(results.world(), scenario, edits.focus(scenario)),
        "Solves the scenario with each main assumption at both ends of its registered range, one at a time.",
    )


main()
