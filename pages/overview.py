"""Overview: what does this agreement do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.errors import SolveError
from model.findings import assumed, curve_sentence, failing_parties, headline_numbers
from model.instruments import Floor
from model.studies.ranges import headline_ranges, main_assumptions
from pages.components import axes, charts, jobs, layout, results, state

if TYPE_CHECKING:
    from model.findings import Overview
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
        _gains(facts)
    with right:
        _supply(facts)
    left, right = layout.chart_row("how")
    with right:
        _industries(facts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Why", anchor=False, width="content")
        layout.assumption(
            "responses of supply, demand and stocks",
            assumed(main_assumptions(results.world(), scenario, edits.focus(scenario))),
        )
    layout.bullets(facts.reasons)
    _ranges(scenario)
    with left:
        _response(scenario)


def _metrics(facts: Overview, scenario: Scenario) -> None:
    progress = jobs.finished(RANGE_JOB, scenario.to_json())
    numbers = headline_numbers(facts.headline, facts.spend_usd, getattr(progress, "spans", None))
    for column, number in zip(st.columns(4), numbers, strict=True):
        with column:
            st.metric(
                number.label, number.value, number.change, delta_color="off", delta_arrow="off", help=number.explanation
            )
            if number.spread:
                st.caption(f"{number.spread} over assumptions", help=number.ends)


def _gains(facts: Overview) -> None:
    bound = axes.held("gains", facts.headline.mineral, charts.stacked_extent(facts.gains), facts.least_axis_usd)
    layout.exhibit(facts.gains_sentence, charts.gains(facts.gains, bound), facts.gains, "gains_by_party")


def _supply(facts: Overview) -> None:
    supply = facts.supply
    bound = axes.held("supply", facts.headline.mineral, [*supply["status_quo"], *supply["with_agreement"]])
    layout.exhibit(facts.supply_sentence, charts.sources(supply, bound), supply, "supply_by_origin")


def _response(scenario: Scenario) -> None:
    neutral = results.neutral(scenario)
    try:
        progress = jobs.gradual("response", neutral.to_json(), lambda: results.response_levels(neutral))
    except SolveError as error:
        st.warning(f"No response curve: {layout.plain(str(error))}")
        return
    if progress is None or progress.curve.parties_price.empty:
        return
    curve = progress.curve
    floor = edits.first(scenario, Floor)
    level = None if floor is None else floor.price
    current = None if level is None else (level, results.price_now(scenario, curve.stage))
    missing = (
        f"No equilibrium was proved at {len(curve.unsolved_usd_per_t)} levels." if curve.unsolved_usd_per_t else ""
    )
    figure = charts.response(curve, current, failing_parties(curve, results.names()))
    layout.exhibit(curve_sentence(curve, level, results.names()), figure, curve.by_party, "floor_response", missing)


def _industries(facts: Overview) -> None:
    hit = facts.industries
    values = [*hit["extra_cost_usd"], *hit["extra_cost_usd_without"]]
    bound = axes.held("industries", facts.headline.mineral, values, facts.least_axis_usd)
    note = "A lower bound; shares outside the US are assumed."
    layout.exhibit(facts.industries_sentence, charts.industries(hit, bound), hit, "industries_hit", note)


def _ranges(scenario: Scenario) -> None:
    jobs.panel(
        RANGE_JOB,
        "Range of the headline over assumptions",
        scenario.to_json(),
        lambda: headline_ranges(results.world(), scenario, edits.focus(scenario)),
        "Solves the scenario with each main assumption at both ends of its registered range, one at a time.",
    )


main()
