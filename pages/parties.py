"""Parties: would each of them sign?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from model.aside import NOTHING_BESIDE, aside_in_words
from model.design import charts
from model.design.questions import cards, equivalence, membership, parties
from model.design.questions.evaluate import Evaluator
from model.design.wording import ALL, effort_in_words, gains_table
from model.errors import AccordError
from model.instruments import Agreement
from model.words.yearly import signed
from pages.components import designs, documents, jobs, layout, questions, results, state
from pages.components.charts import figure, tall

if TYPE_CHECKING:
    import pandas as pd

    from model.design import DesignRequest
    from model.design.questions.evaluate import Trial
    from model.design.questions.parties import Study
    from model.scenario import Scenario
    from model.snapshot.library import Entry

STUDY_JOB = "parties"
MEMBERS_JOB = "attribution_to_members"
COALITIONS_JOB = "coalitions"
EQUIVALENCE_JOB = "equivalence"
SINCE_JOB = "since"
CARD_PIXELS = 248
MOST_CANDIDATES = 4


def main() -> None:
    """The page from top to bottom."""
    if layout.stopped():
        st.stop()
    scenario, names = state.scenario(), results.names()
    st.subheader("Would each of them sign?", anchor=False)
    if scenario.agreement == Agreement():
        st.info("Nothing is agreed yet: add an instrument in the sidebar, or load an agreement from the page Design.")
        return
    request = designs.request(scenario)
    if request is None:
        return
    calm = scenario.model_copy(update={"shocks": ()})
    layout.heading(scenario, layout.solved(calm), scenario.minerals, every_shock=True)
    designs.without_sidebar_shocks(scenario)
    beside = state.aside(scenario)
    if beside != NOTHING_BESIDE:
        st.caption(layout.plain(aside_in_words(beside, results.world().tables["projects"], names)))
    trial = parties.trial_of(scenario, beside)
    candidates = questions.candidates(scenario, MOST_CANDIDATES)
    identity = f"{scenario.to_json()}|{beside}|{request.model_dump_json()}"
    key = f"{identity}|{candidates}"
    jobs.panel(
        STUDY_JOB,
        "Work out every party's result",
        key,
        lambda: parties.study(designs.table(), trial, request, candidates),
        "Solves the agreement under every named shock, without each instrument and without each member.",
    )
    step = jobs.finished(STUDY_JOB, key)
    if step is not None:
        _cards(step.found, trial)
    designs.states(designs.counted(request))
    why, members, hold, others, before = st.tabs(
        ["Why", "Leaving and joining", "Coalitions", "Other instruments", "Since a saved scenario"]
    )
    with why:
        _why(None if step is None else step.found, trial, request, identity)
    with members:
        _members(None if step is None else step.found, trial)
    with hold:
        _coalitions(scenario, trial, request, identity)
    with others:
        _equivalence(scenario, trial, request, identity)
    with before:
        _since(scenario)


def _cards(found: Study, trial: Trial) -> None:
    names = results.names()
    st.markdown(f"#### {layout.plain(cards.signs(found.cards, trial.members, names))}")
    st.caption("Expected net gain of each party against no agreement, million USD/yr, and what it consists of.")
    own = found.cards[found.cards["party"].isin(trial.members)]
    with st.container(horizontal=True):
        for row in own.itertuples():
            with st.container(border=True, width=CARD_PIXELS):
                _card(row, found.red_lines[found.red_lines["party"] == row.party], trial)
    st.caption("All others beside the parties: expected gain against no agreement, million USD/yr.")
    designs.numbers(found.sides, "sides")


def _card(row: Any, red_lines: pd.DataFrame, trial: Trial) -> None:
    names = results.names()
    st.metric(names.region(row.party), signed(row.gain_musd), help="Expected net gain, million USD/yr")
    for title, lines in (("Gets", cards.gets(row, trial, names)), ("Gives", cards.gives(row, trial, names))):
        st.markdown(f":small[**{title}:** {layout.plain('; '.join(lines) or 'nothing')}]")
    st.markdown(f":small[**Need served at least:** {layout.plain(cards.assured(row))}]")
    for line in cards.lines_in_words(red_lines, names):
        st.markdown(f":small[**Red line:** {layout.plain(line)}]")


def _why(found: Study | None, trial: Trial, request: DesignRequest, identity: str) -> None:
    """What each party's result comes from: accounts, instruments, and on demand the membership of each."""
    names = results.names()
    if found is None:
        st.caption("Work out every party's result first.")
        return
    left, right = layout.chart_row("why")
    frame = parties.named(found.cards, names)
    with left:
        sentence = "Who gains it in each party, expected"
        layout.exhibit(sentence, figure(charts.gains(frame, sentence, "gain_musd")), frame, "party_gains")
    key = f"{identity}|members"
    step = jobs.finished(MEMBERS_JOB, key)
    with right:
        if step is None:
            _instruments(found.attribution)
        else:
            _levers(step.found)
        jobs.panel(
            MEMBERS_JOB,
            "Count the membership of each party too",
            key,
            lambda: parties.attribution_to_members(designs.table(), trial, request),
            "Solves the agreement for many sets of members and instruments, which takes a minute or two.",
        )


def _instruments(contributions: pd.DataFrame) -> None:
    names = results.names()
    table = parties.named_levers(contributions, names)
    sentence = parties.attribution_in_words(contributions, names)
    layout.exhibit(sentence, figure(charts.attribution(table, sentence)), table, "attribution")


def _levers(contributions: pd.DataFrame) -> None:
    """Instruments and memberships alike: too many for colours, so one bar each, and the parties in a table."""
    names = results.names()
    table = parties.by_lever(contributions, names)
    sentence = parties.attribution_in_words(contributions, names)
    chart = charts.levers(table, sentence, ALL)
    own = parties.named_levers(contributions, names)
    layout.exhibit(sentence, figure(chart, height=tall(chart)), own, "attribution_members")
    with st.expander("By party, million USD/yr"):
        designs.numbers(table, "attribution_by_party")


def _members(found: Study | None, trial: Trial) -> None:
    if found is None:
        st.caption("Work out every party's result first.")
        return
    names = results.names()
    layout.bullets(membership.membership_in_words(found.members, names))
    st.caption("Change of expected gain against the agreement as it stands, million USD/yr.")
    _what_leavers_take(trial)
    designs.numbers(parties.members_table(found.members, names), "membership")


def _what_leavers_take(trial: Trial) -> None:
    """How members that leave change what stands beside the instruments."""
    if trial.projects or trial.transfers:
        st.caption(
            "New projects are taken to be built as long as their country is a member, also where their lenders would "
            "ask anew; transfers of those who leave fall away, and the others' are scaled so that they balance."
        )


def _coalitions(scenario: Scenario, trial: Trial, request: DesignRequest, identity: str) -> None:
    names = results.names()
    core = questions.core(scenario, membership.MOST_CORE)
    if not core:
        st.caption("Choose the parties whose coalitions are tried.")
        return
    key = f"{identity}|{core}"
    evaluator = Evaluator(designs.table(), request)
    st.caption(effort_in_words(*_effort(evaluator, trial, core, key)))
    jobs.panel(
        COALITIONS_JOB,
        "Try every coalition",
        key,
        lambda: membership.coalitions(evaluator, trial, core),
        "Solves the agreement as applied by every subset of these parties. A coalition holds when no member of it "
        "would be better off leaving.",
    )
    step = jobs.finished(COALITIONS_JOB, key)
    if step is not None:
        _what_leavers_take(trial)
        st.markdown(f"**{layout.plain(membership.coalitions_in_words(step.found, names))}**")
        designs.numbers(membership.coalition_table(step.found, names), "coalitions")


@st.cache_data(show_spinner=False)
def _effort(_evaluator: Evaluator, _trial: Trial, _core: tuple[str, ...], identity: str) -> tuple[int, int]:
    """How many coalitions a core has, and how many different solves they need."""
    trials = membership.coalition_trials(_trial, _core, results.world().regions)
    return len(trials), len(_evaluator.questions(trials.values()))


def _equivalence(scenario: Scenario, trial: Trial, request: DesignRequest, identity: str) -> None:
    names = results.names()
    mineral, applied_by = questions.means(scenario)
    key = f"{identity}|{mineral}|{applied_by}"
    jobs.panel(
        EQUIVALENCE_JOB,
        "Find the same price by other instruments",
        key,
        lambda: equivalence.equivalents(Evaluator(designs.table(), request), trial, mineral, applied_by),
        "Looks for the level of each instrument, alone, that gives the parties' producers the price they have now.",
    )
    step = jobs.finished(EQUIVALENCE_JOB, key)
    if step is not None:
        st.markdown(f"**{layout.plain(equivalence.equivalence_in_words(step.found, scenario.parties))}**")
        st.caption("Over all parties, million USD/yr against no agreement. Without a level, its column says why.")
        designs.numbers(equivalence.totals(step.found, scenario.parties), "equivalents")
        with st.expander("Who pays, party by party"):
            designs.numbers(equivalence.by_party(step.found, scenario.parties, names), "equivalents_by_party")


def _since(scenario: Scenario) -> None:
    saved = documents.entries()
    if not saved:
        st.caption("Nothing is saved yet: save a scenario or snapshot on the page Saved, then compare with it here.")
        return
    entry = questions.saved_point(saved)
    try:
        then = questions.opened(entry)
    except AccordError as error:
        documents.shown_fault(error)
        return
    key = f"{scenario.to_json()}|{state.aside(scenario)}|{entry.checksum}"
    jobs.panel(
        SINCE_JOB,
        "What changed since then?",
        key,
        lambda: parties.since(designs.table(), then, scenario, (state.aside(then), state.aside(scenario))),
        "Solves both agreements under both sets of assumptions, over all named shocks.",
    )
    step = jobs.finished(SINCE_JOB, key)
    if step is not None:
        _change(gains_table(step.found, results.names()), entry)


def _change(table: pd.DataFrame, entry: Entry) -> None:
    st.markdown(f"**{layout.plain(parties.change_in_words(table, entry.name))}**")
    st.caption("Expected gain against no agreement, million USD/yr. Shocks set in the sidebar do not count here.")
    designs.numbers(table, "change_since")


main()
