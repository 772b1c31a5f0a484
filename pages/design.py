"""Design: what is the best deal that all can sign?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model.design import Designer, charts, gains, scenario_of, term_sheet
from model.design.choice import MEASURES
from model.design.choice.standing import standing
from model.design.frontier import frontier_in_words, point_in_words
from model.design.proof import signable
from model.design.questions.aims import MEASURES as AIMS
from model.design.questions.aims import Aim
from model.design.questions.evaluate import Evaluator
from model.design.questions.levers import answer_in_words, one_lever
from model.design.questions.parties import aside_of, trial_of
from model.design.report import INSTRUMENTS, headline, red_lines
from model.design.wording import (
    gains_table,
    margins_in_words,
    proof_in_words,
    sentences,
    terms_in_words,
    with_names,
)
from model.findings.agreed import agreement_in_short
from model.findings.terms import clauses
from model.instruments import Agreement
from model.words.voice import Voice
from pages.components import designs, jobs, layout, questions, results, state
from pages.components.charts import TALLER, figure

if TYPE_CHECKING:
    from model.aside import Aside
    from model.design import Design, DesignRequest
    from model.design.frontier import Point
    from model.design.questions.levers import LeverAnswer
    from model.scenario import Scenario

DESIGN_JOB = "design"
FRONTIER_JOB = "frontier"
LEVER_JOB = "one_lever"


def main() -> None:
    """The page from top to bottom."""
    if layout.stopped():
        st.stop()
    scenario = state.scenario()
    st.subheader("What is the best deal that all can sign?", anchor=False)
    designs.without_sidebar_shocks(scenario)
    request = designs.request(scenario)
    identity = "" if request is None else request.model_dump_json()
    found = jobs.finished(DESIGN_JOB, identity)
    designs.ask(scenario, unfolded=found is None)
    designs.shocks(scenario)
    if request is None:
        return
    jobs.panel(
        DESIGN_JOB,
        "Find the agreement",
        identity,
        lambda: Designer(designs.table(), request).run(),
        "Solves every package of the menu under every named shock, chooses, refines, proves. What is solved is kept.",
    )
    if found is not None:
        _result(found.found, identity)
    _one_lever(scenario, request)


def _result(designer: Designer, identity: str) -> None:
    """What came out: an agreement, nothing better than none, or a conflict; each with the shocks it counts."""
    design, names = designer.design, results.names()
    st.markdown(f"#### {layout.plain(with_names(headline(design), names))}")
    if design.agreement is None:
        layout.bullets(sentences(design.conflicts, names))
    elif design.agreement != Agreement():
        _terms(design)
        _consequences(design)
    _notes(design)
    designs.states(design.states)
    if design.agreement is not None:
        _frontier(designer, identity)


def _terms(design: Design) -> None:
    """What would be signed: in short, every term by its own words, and what stands beside the instruments."""
    assert design.choice is not None, "an agreement was chosen"
    agreed, names = scenario_of(design), results.names()
    st.button("Load into the scenario", type="primary", on_click=_load, args=(agreed, aside_of(design.choice)))
    st.markdown("**Term sheet**")
    layout.bullets(agreement_in_short(agreed, mineral, names) for mineral in agreed.minerals)
    sheet = term_sheet(design)
    is_instrument, terms = sheet["term"].isin(INSTRUMENTS), clauses(agreed, Voice(names, agreed.parties))
    with st.expander(f"Every term, {len(terms)} in all", icon=":material/handshake:"):
        layout.bullets(terms)
    if not is_instrument.all():
        st.table(terms_in_words(sheet[~is_instrument], names), hide_index=True)
    layout.download(sheet, "term_sheet")


def _consequences(design: Design) -> None:
    """Who gains and pays, predicted beside verified, and what is left of every red line."""
    assert design.choice is not None, "an agreement was chosen"
    assert design.proof is not None, "a choice that is reported was verified"
    names = results.names()
    frame = gains_table(gains(design), names)
    left, right = layout.chart_row("deal")
    with left:
        sentence = proof_in_words(design.proof.difference, design.choice.gap)
        chart = charts.gains(frame[:-1], sentence, "verified_musd", "predicted_musd")
        layout.exhibit(sentence, figure(chart), frame, "design_gains")
    with right:
        st.markdown("**Red lines and what is left of them**")
        limits = red_lines(design)
        st.table(margins_in_words(limits, names), hide_index=True)
        layout.download(limits, "red_lines")
    with st.container(key="charts_lines"):
        left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("**Who gains and who pays, million USD/yr, expected**")
        designs.numbers(frame, "gains_numbers")
    with right:
        _worths(design)


def _worths(design: Design) -> None:
    if design.worths:
        st.markdown("**What giving way is worth**")
        layout.bullets(sentences(design.worths, results.names()))


def _frontier(designer: Designer, identity: str) -> None:
    st.subheader("What one aim costs the other", anchor=False)
    first, second = questions.trade()
    if first == second:
        st.caption("Choose two different measures.")
        return
    key = f"{identity}|{first}|{second}"
    jobs.panel(
        FRONTIER_JOB,
        "Draw the frontier",
        key,
        lambda: designer.frontier(first, second),
        "Agreements between the best of one and the best of the other, each of which can be loaded.",
    )
    step = jobs.finished(FRONTIER_JOB, key)
    if step is None:
        return
    terms = designer.terms()
    found = tuple(standing(designer.design.choice, terms, name) for name in (first, second))
    points, measures = [(each.first, each.second) for each in step.found], (MEASURES[first], MEASURES[second])
    chart = charts.frontier(points, found, measures, frontier_in_words(step.found))
    picked = st.plotly_chart(
        figure(chart, height=TALLER),
        key="frontier_chart",
        on_select="rerun",
        selection_mode="points",
        config=layout.CHART_TOOLS,
        theme=None,
    )
    st.caption(chart.sentence)
    chosen = [point["point_index"] for point in picked["selection"]["points"] if not point["curve_number"]]
    if chosen:
        _point(step.found[chosen[0]], designer.request, (first, second))


def _point(point: Point, request: DesignRequest, measures: tuple[str, str]) -> None:
    choice, agreement = signable(point.choice, request, results.world())
    titles = [MEASURES[name] for name in measures]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(layout.plain(point_in_words(point, titles)), width="content")
        st.button(
            "Load this point into the scenario",
            on_click=_load,
            args=(request.scenario(agreement), aside_of(choice)),
        )


def _load(scenario: Scenario, aside: Aside) -> None:
    """Replace the agreement by another, as one step that can be undone."""
    state.keep_aside(scenario.agreement, aside)
    state.edit(lambda now: now.model_copy(update={"agreement": scenario.agreement, "minerals": scenario.minerals}))


def _notes(design: Design) -> None:
    layout.bullets(sentences(design.notes, results.names()))


def _one_lever(scenario: Scenario, request: DesignRequest) -> None:
    st.subheader("Which level of one lever is enough?", anchor=False)
    st.caption("Everything else stays as the sidebar has it.")
    asked, trial = questions.ask_lever(scenario), trial_of(scenario, state.aside(scenario))
    aim = Aim(asked.measure, asked.target, asked.whose if AIMS[asked.measure].by_party else "")
    jobs.panel(
        LEVER_JOB,
        "Find the level",
        key := f"{scenario.to_json()}|{request.model_dump_json()}|{asked.mineral}|{asked.lever}|{aim}",
        lambda: one_lever(Evaluator(designs.table(), request), trial, asked.mineral, asked.lever, aim),
        "Solves the agreement with level after level of this lever under every named shock.",
    )
    step = jobs.finished(LEVER_JOB, key)
    if step is not None:
        _answer(step.found)


def _answer(answer: LeverAnswer) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{layout.plain(answer_in_words(answer, results.names()))}**", width="stretch")
        if answer.agreement is not None:
            st.button("Load this level into the scenario", on_click=_apply, args=(answer.agreement,))


def _apply(agreement: Agreement) -> None:
    state.edit(lambda now: now.model_copy(update={"agreement": agreement}))


main()
