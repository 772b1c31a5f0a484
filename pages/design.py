"""Design: what is the best deal that all can sign?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model.design import Designer, gains, scenario_of, term_sheet
from model.design.choice import MEASURES
from model.design.frontier import frontier
from model.design.report import headline, red_lines
from model.design.search import agreement_of
from pages.components import controls, design_charts, designs, jobs, layout, results, state

if TYPE_CHECKING:
    from model.design import Design, DesignRequest
    from model.design.frontier import FrontierStep, Point
    from model.design.search import Found
    from model.scenario import Scenario


def main() -> None:
    """The page from top to bottom."""
    scenario = controls.scenario()
    st.subheader("What is the best deal that all can sign?", anchor=False)
    request = designs.ask(scenario)
    identity = request.model_dump_json()
    jobs.panel(
        designs.DESIGN_JOB,
        "Find the agreement",
        identity,
        lambda: Designer(designs.table(), request).run(),
        "Solves every package of the menu under every named shock, chooses, refines, proves. What is solved is kept.",
    )
    found = jobs.finished(designs.DESIGN_JOB, identity)
    if found is None:
        st.caption(
            "Minerals, parties, horizon and assumptions are the sidebar's; shocks are all named ones that touch them."
        )
        return
    _result(found, identity)


def _result(found: Found, identity: str) -> None:
    design = found.design
    st.markdown(f"**{layout.plain(headline(design))}**")
    if design.choice is None:
        layout.bullets([str(each) for each in design.conflicts])
        _notes(design)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _terms(design)
    with right:
        _gains(design)
    _frontier(found, identity)
    _notes(design)


def _terms(design: Design) -> None:
    layout.table(term_sheet(design), "term_sheet", height=300)
    st.button("Load into the scenario", type="primary", on_click=_load, args=(scenario_of(design),))
    layout.table(red_lines(design), "red_lines")


def _gains(design: Design) -> None:
    frame = gains(design)
    layout_of = "Predicted and verified gains differ by at most {:.2%}; the choice is within {:.2%} of the best."
    sentence = layout_of.format(design.proof.difference, design.choice.gap)
    layout.exhibit(sentence, design_charts.gains_chart(frame, "verified_musd"), frame, "design_gains")


def _frontier(found: Found, identity: str) -> None:
    first, second = (
        column.selectbox(
            label, list(MEASURES), index=at, format_func=lambda name: MEASURES[name][0], key=f"frontier_{label}"
        )
        for column, label, at in zip(st.columns(2), ("Trade", "against"), (0, 6), strict=True)
    )
    if first == second:
        st.caption("Choose two different measures.")
        return
    key = f"{identity}|{first}|{second}"
    jobs.panel(
        designs.FRONTIER_JOB,
        "Draw the frontier",
        key,
        lambda: frontier(found.terms, first, second),
        "Agreements between the best of one and the best of the other, each of which can be loaded.",
    )
    step: FrontierStep | None = jobs.finished(designs.FRONTIER_JOB, key)
    if step is None:
        return
    titles = [f"{MEASURES[name][0]}, {MEASURES[name][1]}" for name in (first, second)]
    picked = st.plotly_chart(
        design_charts.frontier_chart(step.points, *titles),
        key="frontier_chart",
        on_select="rerun",
        selection_mode="points",
    )
    chosen = [point["point_index"] for point in picked["selection"]["points"]]
    if chosen:
        _point(step.points[chosen[0]], found.design.request)


def _point(point: Point, request: DesignRequest) -> None:
    agreement = agreement_of(point.choice, request, results.world())
    st.caption(f"Selected: {point.first:,.4g} against {point.second:,.4g}.")
    st.button("Load this point into the scenario", on_click=_load, args=(request.scenario(agreement),))


def _load(scenario: Scenario) -> None:
    """Replace the agreement by the recommended one, as one step that can be undone."""
    state.edit(lambda now: now.model_copy(update={"agreement": scenario.agreement, "minerals": scenario.minerals}))


def _notes(design: Design) -> None:
    layout.bullets([*(str(worth) for worth in design.worths), *design.notes])


main()
