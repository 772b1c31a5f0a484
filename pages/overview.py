"""Overview: what does this agreement do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model.errors import SolveError
from model.findings import (
    curve_sentence,
    gains_by_party,
    gains_sentence,
    headline_numbers,
    industries_hit,
    industries_sentence,
    reasons,
    sources_sentence,
    spend_usd,
    supply_by_origin,
)
from model.ranges import headline_ranges
from pages.components import axes, charts, controls, jobs, layout, levers, results

if TYPE_CHECKING:
    from model.outcome import Outcome

RANGE_JOB = "headline_ranges"


def main() -> None:
    """The page from top to bottom."""
    outcome = layout.opening()
    scenario = controls.scenario()
    mineral = levers.focus(scenario)
    _metrics(outcome, mineral)
    left, right = st.columns(2, gap="medium")
    with left:
        _gains(outcome, mineral)
    with right:
        _sources(outcome, mineral)
    left, right = st.columns(2, gap="medium")
    with right:
        _industries(outcome, mineral)
    with left:
        _response(outcome, mineral)
    st.subheader("Why", anchor=False)
    layout.bullets(reasons(outcome, mineral, results.world().tables, results.names()))
    _ranges(mineral)


def _metrics(outcome: Outcome, mineral: str) -> None:
    progress = jobs.finished(RANGE_JOB, controls.scenario().to_json())
    spans = getattr(progress, "spans", None)
    numbers = headline_numbers(outcome.headline(mineral), spend_usd(outcome, mineral), spans)
    for column, number in zip(st.columns(4), numbers, strict=True):
        with column:
            st.metric(number.label, number.value, number.change, delta_color="off", delta_arrow="off", help=number.explanation)
            if number.spread:
                st.caption(f"Range over assumptions: {number.spread}")


def _gains(outcome: Outcome, mineral: str) -> None:
    names = results.names()
    frame = gains_by_party(outcome, mineral, names)
    bound = axes.held("gains", mineral, charts.stacked_extent(frame), 0.05 * spend_usd(outcome, mineral))
    layout.exhibit(gains_sentence(outcome, mineral, names), charts.gains(frame, bound), frame, "gains_by_party")


def _sources(outcome: Outcome, mineral: str) -> None:
    names = results.names()
    frame = supply_by_origin(outcome, mineral, names)
    bound = axes.held("sources", mineral, [*frame["status_quo"], *frame["with_agreement"]])
    layout.exhibit(sources_sentence(outcome, mineral, names), charts.sources(frame, bound), frame, "supply_by_origin")


def _response(outcome: Outcome, mineral: str) -> None:
    try:
        curve = results.response(outcome.scenario)
    except SolveError as error:
        st.warning(f"No response curve: {layout.plain(str(error))}")
        return
    floor = levers.first(outcome.scenario, "floors")
    level = None if floor is None else floor.price
    current = None if level is None else (level, curve.price_at(level))
    missing = f"No equilibrium was proved at {len(curve.unsolved_usd_per_t)} levels." if curve.unsolved_usd_per_t else ""
    layout.exhibit(
        curve_sentence(curve, level, results.names()), charts.response(curve, current), curve.by_party, "floor_response", missing
    )


def _industries(outcome: Outcome, mineral: str) -> None:
    hit = industries_hit(outcome)
    bound = axes.held("industries", mineral, [*hit["extra_cost_usd"], *hit["extra_cost_usd_without"]], 0.05 * spend_usd(outcome, mineral))
    layout.exhibit(
        industries_sentence(hit), charts.industries(hit, bound), hit, "industries_hit", "At unchanged quantities; lower bound of cost shares."
    )


def _ranges(mineral: str) -> None:
    scenario = controls.scenario()
    jobs.panel(
        RANGE_JOB,
        "Range of the headline over assumptions",
        scenario.to_json(),
        lambda: headline_ranges(results.world(), scenario, mineral),
        "Solves the scenario with each main assumption at the low and the high end of its registered range, one at a time.",
    )


main()
