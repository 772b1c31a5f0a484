"""The group of the parties: a named coalition in one click, or country by country."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from pages.components import results, state

if TYPE_CHECKING:
    from model.scenario import Scenario


def draw(now: Scenario) -> None:
    """Draw the group."""
    regions = results.world().regions
    rows = results.world().tables["coalitions"]
    members = {str(row.coalition_id): str(row.members).split(";") for row in rows.itertuples()}
    titles = dict(zip(rows["coalition_id"], rows["name"], strict=True))
    shown = [] if state.history().stops else list(now.parties)
    chosen = next((id for id, parties in members.items() if set(parties) == set(shown)), None)

    def take_coalition() -> None:
        picked = state.optional("coalition")
        if picked is not None:
            state.edit(lambda s: edits.with_parties(s, members[picked], regions))

    def take_parties() -> None:
        picked = state.optional("parties")
        if not picked:
            known = ", ".join(str(title) for title in titles.values())
            state.refuse(
                f"An agreement needs at least one party. Choose countries, or a coalition: {known}.", stops=True
            )
        else:
            state.edit(lambda s: edits.with_parties(s, picked, regions))

    st.pills(
        "Named coalitions",
        list(members),
        format_func=lambda id: str(titles[id]),
        help="Members and sources stand in the table of coalitions on the page Data and method.",
        **state.seed("coalition", chosen, "default"),
        **state.on_change("coalition", take_coalition),
    )
    st.multiselect(
        "Parties",
        regions,
        format_func=results.names().region,
        **state.seed("parties", shown, "default"),
        **state.on_change("parties", take_parties),
    )
