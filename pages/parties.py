"""Parties: would each of them sign?"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import streamlit as st

from model.design import parties as study_of_parties
from pages.components import controls, design_charts, designs, jobs, layout, results

if TYPE_CHECKING:
    import pandas as pd

    from model.design.parties import Study
    from model.scenario import Scenario

PARTIES_JOB = "parties"
CARDS_PER_ROW = 4


def main() -> None:
    """The page from top to bottom."""
    layout.opening()
    scenario = controls.scenario()
    if study_of_parties.is_empty(scenario.agreement):
        st.info("Nothing is agreed yet: add an instrument in the sidebar, or load an agreement from the page Design.")
        return
    request = designs.latest_request(scenario)
    candidates = st.multiselect(
        "Could also join",
        [r for r in results.world().regions if r not in scenario.parties],
        key="parties_candidates",
        max_selections=4,
    )
    identity = f"{scenario.to_json()}|{request.model_dump_json()}|{candidates}"
    jobs.panel(
        PARTIES_JOB,
        "Work out every party's result",
        identity,
        lambda: study_of_parties.study(designs.table(), scenario, request, candidates),
        "Solves the agreement under every named shock, without each instrument and without each member.",
    )
    found = jobs.finished(PARTIES_JOB, identity)
    if found is not None:
        _result(found, scenario)


def _result(found: Study, scenario: Scenario) -> None:
    st.markdown(f"**{layout.plain(study_of_parties.signs(found.cards, scenario.parties))}**")
    _cards(found.cards[found.cards["party"].isin(scenario.parties)], found.red_lines)
    left, right = st.columns(2, gap="medium")
    with left:
        frame = found.cards
        layout.exhibit(
            "What each gains, by who gains it", design_charts.gains_chart(frame, "gain_musd"), frame, "party_gains"
        )
    with right:
        frame = found.attribution
        layout.exhibit("What each instrument contributes", design_charts.attribution_chart(frame), frame, "attribution")
    st.markdown("**What changes if a member leaves or a country joins** (million USD/yr, expected)")
    layout.table(found.members, "membership")


def _cards(cards: pd.DataFrame, red_lines: pd.DataFrame) -> None:
    for column, row in zip(cycle(st.columns(CARDS_PER_ROW)), cards.itertuples(), strict=False):
        with column.container(border=True):
            _card(row, red_lines[red_lines["party"] == row.party])


def _card(row: object, red_lines: pd.DataFrame) -> None:
    st.metric(f"{results.names().region(row.party)}: gain", f"{row.gain_musd:,.3g} million USD/yr")
    st.caption(
        f"Users {row.users_musd:+,.3g} · producers {row.producers_musd:+,.3g} · treasury {row.treasury_musd:+,.3g} · "
        f"offtakes {row.settlements_musd:+,.3g}. {row.non_party_share:.0%} of use from non-parties; at least "
        f"{row.least_assured:.0%} of critical needs served."
    )
    layout.bullets([f"{line.red_line}: margin {line.margin:,.3g} {line.unit}" for line in red_lines.itertuples()])


main()
