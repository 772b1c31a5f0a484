"""Overview: what does this agreement do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.errors import SolveError
from model.findings import assumed, curve_chart, headline_note, headline_numbers, if_answered, ranges_in_words, sides
from model.studies.answers import answers_to, under_answers
from model.studies.ranges import headline_trials, main_assumptions
from model.words.numbers import unbroken
from pages.components import axes, charts, jobs, layout, results, state

if TYPE_CHECKING:
    import pandas as pd

    from model.findings import Overview
    from model.findings.charts import Chart
    from model.scenario import Scenario
    from model.work import Progress


RANGED = (
    "The scenario solved again with one assumption at a time at each end of its registered range, and with all export "
    "controls together; each time against its own status quo."
)


def main() -> None:
    """The page from top to bottom."""
    scenario = state.scenario()
    jobs.end_stale("ranges", scenario.to_json())
    layout.opening()
    facts = results.facts(scenario)
    _metrics(facts)
    ranges = st.container(key="ranges")
    left, right = layout.chart_row("who")
    with left:
        _chart(facts, "gains", facts.gains, "gains_by_party")
    with right:
        _chart(facts, "supply", facts.supply, "supply_by_origin")
    left, right = layout.chart_row("how")
    with right:
        note = "Cost of the status quo's tonnes at metal prices; users' cost above counts that use changes."
        _chart(
            facts, "industries", facts.industries, "industries_hit", note, charts.tall(facts.industries, charts.TALLER)
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Why", anchor=False, width="content")
        layout.assumption(
            "responses of supply, demand and stocks",
            assumed(main_assumptions(results.world(), scenario, edits.focus(scenario)), results.names()),
        )
    layout.bullets(facts.reasons)
    answers = st.container(key="answers")
    _sides(facts)
    with left, st.container(key="response"):
        _response(scenario)
    with ranges:
        _ranges(facts, scenario)
    with answers:
        _answers(scenario)


def _metrics(facts: Overview) -> None:
    with st.container(key="metrics"):
        st.caption(layout.plain(headline_note(facts)))
        for column, number in layout.grid(headline_numbers(facts), across=5):
            column.metric(
                number.label,
                unbroken(number.value),
                unbroken(number.change) or None,
                delta_color="off",
                delta_arrow="off",
                help=number.explanation,
            )


def _sides(facts: Overview) -> None:
    """The parties beside all others and the world, by account and by region."""
    with st.expander("Parties, non-parties and the world"):
        st.caption(sides.NOTE)
        for table, name in ((facts.sides, "sides"), (facts.regions, "regions")):
            st.dataframe(sides.shown(table), hide_index=True, key=f"table_{name}")
            layout.download(table, name)


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


def _ranges(facts: Overview, scenario: Scenario) -> None:
    """Beside the numbers how far what is assumed can move them: worked out last, and only ever shown whole."""
    mineral, names = edits.focus(scenario), results.names()
    progress = jobs.gradual(
        "ranges",
        scenario.to_json(),
        lambda: headline_trials(results.world(), scenario, mineral),
        _computing,
        behind="response",
    )
    if progress is not None and progress.done == progress.total:
        told = ranges_in_words(progress.found, headline_numbers(facts), names)
        st.caption(f"**Ranges.** {layout.plain(' '.join(told))}", help=RANGED)


def _computing(step: Progress[pd.DataFrame] | None) -> None:
    st.caption(f"**Ranges**: computing{f', {step.done} of {step.total} solved' if step else ''}")


main()
