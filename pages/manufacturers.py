"""Manufacturers: what does it do to those who use the metal?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.findings import (
    MEASURES,
    borrowed_minerals,
    described,
    drawback_sentence,
    industry_detail,
    opened_sentence,
    ranked_industries,
    ranking_sentence,
    refunds_by_industry,
    relief_sentence,
    totals_sentence,
    unsized_users,
    uses_by_mineral,
    with_worst,
)
from model.findings.charts import by_mineral, ranking
from model.findings.whose import whose
from model.studies.drawback import border_change_usd, drawback
from model.studies.ranges import under_named_shocks
from pages.components import axes, charts, jobs, layout, results, state

if TYPE_CHECKING:
    import pandas as pd

    from model.outcome import Outcome
    from model.scenario import Scenario

WORST_JOB = "worst_shock"
FLAGS_NOTE = "D defense, E energy, C critical infrastructure: our judgement. Outlined: the industry opened."
LIMITS = (
    "Output is at risk by sales lost to the cost, and by use given up beyond what users save. Up to which price they "
    "save without losing output, and how far cost takes sales, are assumptions.",
    "Rankings within a mineral are sounder than totals: pro rata overstates minerals with many small, essential uses.",
    "Cost shares are lower bounds: firms pay more for alloys and powders; metal in imported parts is not counted.",
    "Industry sizes outside the United States date from 2011, the structure of purchases from 2017 (assumption).",
    "Value added at risk is not welfare: it values the same tonnes as users' surplus and is never added to it.",
)


def main() -> None:
    """The page from top to bottom."""
    scenario = _choose_minerals(state.scenario())
    layout.opening(scenario.minerals)
    outcome = layout.solved(scenario)
    region, measure_id = _choose(outcome)
    if region is None:
        layout.table(unsized_users(outcome, results.names()), "users_as_one_group")
        return
    measure = MEASURES[measure_id]
    ranked = ranked_industries(outcome, region, measure)
    tour = jobs.finished(WORST_JOB, scenario.to_json())
    if tour is not None and len(tour.found):
        ranked = with_worst(ranked, tour.found, region, measure, results.names())
    left, right = layout.chart_row("industries")
    with right:
        opened = _open_one(outcome, region, ranked)
    with left:
        sentence = ranking_sentence(ranked, region, measure, results.names(), whose(outcome, results.names()))
        chart = ranking(ranked, sentence, measure, whose(outcome, results.names()), opened)
        reach = (chart.x.low, chart.x.high)
        bound = axes.held(f"ranking_{measure_id}_{region}", edits.focus(scenario), reach)
        figure = charts.figure(chart, bound, charts.tall(chart))
        layout.exhibit(chart.sentence, figure, chart.table, "industries", f"{measure.note} {FLAGS_NOTE}")
        _worst(scenario)
        st.markdown(layout.plain(totals_sentence(outcome, region, results.names())))
    if len(scenario.minerals) > 1:
        _minerals(outcome, region, ranked)
    _unsized(outcome)
    _drawback(outcome, region)
    st.subheader("What these numbers cannot say", anchor=False)
    layout.bullets(LIMITS)


def _choose_minerals(scenario: Scenario) -> Scenario:
    """The scenario with the minerals to count: those of the agreement, and any other that a shock may touch."""
    key = "counted"
    others = [mineral for mineral in results.world().minerals if mineral not in scenario.minerals]
    chosen = [mineral for mineral in st.session_state.get(key, []) if mineral in others]
    return edits.counting(scenario, chosen)


def _choose(outcome: Outcome) -> tuple[str | None, str]:
    names = results.names()
    sized = [region for region in outcome.parties if region in outcome.users.regions]
    first, second, third = st.columns(3, vertical_alignment="bottom")
    with first:
        region = st.selectbox("Party", sized, format_func=names.region, key="party", persist_state="session")
    with second:
        measure = st.selectbox(
            "Measure", list(MEASURES), format_func=lambda id: MEASURES[id].label, key="measure", persist_state="session"
        )
    with third:
        others = [mineral for mineral in results.world().minerals if mineral not in state.scenario().minerals]
        st.multiselect(
            "Count other minerals too",
            others,
            format_func=names.mineral,
            key="counted",
            placeholder="Only those agreed on",
            help="Shocks and agreements may touch several minerals; each one counted is one more market to solve.",
            persist_state="session",
        )
    return region, str(measure)


def _open_one(outcome: Outcome, region: str, ranked: pd.DataFrame) -> str:
    """One industry opened: what it uses, how much of its cost that is, and what would relieve it most."""
    names = results.names()
    industry = st.selectbox(
        "Industry opened", ranked["industry"], format_func=names.industry, key="industry", persist_state="session"
    )
    detail = industry_detail(outcome, region, industry, results.world().tables["industry_use"], names)
    st.markdown(layout.plain(opened_sentence(detail, industry, region, names, whose(outcome, results.names()))))
    st.markdown(f"**{layout.plain(relief_sentence(detail))}**")
    layout.table(described(detail, whose(outcome, results.names())), "industry_opened")
    layout.assumption(
        "substitution class, stock cover, dependence",
        "Classes and levels are judgements in the assumptions registry; see Data and method.",
    )
    return str(industry)


def _worst(scenario: Scenario) -> None:
    world, mineral = results.world(), edits.focus(scenario)
    jobs.panel(
        WORST_JOB,
        "Add the worst named shock",
        scenario.to_json(),
        lambda: under_named_shocks(world, scenario, mineral),
        "Solves this agreement under every named shock of the mineral, one at a time, and marks each industry's worst.",
    )


def _minerals(outcome: Outcome, region: str, ranked: pd.DataFrame) -> None:
    wide = uses_by_mineral(outcome, region, list(ranked["industry"]))
    borrowed = borrowed_minerals(outcome, region)
    chart = by_mineral(wide, whose(outcome, results.names()), results.names(), borrowed)
    bound = axes.held(f"by_mineral_{region}", edits.focus(outcome.scenario), (chart.x.low, chart.x.high))
    layout.exhibit(chart.sentence, charts.figure(chart, bound, charts.tall(chart)), chart.table, "cost_by_mineral")


def _drawback(outcome: Outcome, region: str) -> None:
    """An option beside the agreement: its levies refunded to industries on what they export."""
    if outcome.agreement.is_empty:
        return
    st.subheader("If levies were refunded on exports (drawback)", anchor=False)
    refunds = drawback(outcome)
    at_border = border_change_usd(outcome, region)
    st.markdown(layout.plain(drawback_sentence(refunds, at_border, region, results.names())))
    table = refunds_by_industry(refunds, region, results.names())
    if len(table):
        layout.table(table, "drawback")
        st.caption(
            "By content: metal in exports has borne levies like all other use. By substitution: exporters claim the "
            "levies on any import of the metal. First round: prices and flows as solved. Trade agreements may cap "
            "refunds."
        )
        layout.assumption("shares of exports", "No table by industry was read; each share has a range.")


def _unsized(outcome: Outcome) -> None:
    groups = unsized_users(outcome, results.names())
    if len(groups):
        st.markdown("**Parties without industry sizes: their users appear as one group, with cost and shortage only.**")
        layout.table(groups, "users_as_one_group")


main()
