"""What the pages Design and Parties ask beside the design problem, each as widgets that keep what is typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from model.design.choice import MEASURES as FRONTIER
from model.design.problem.draft import LeverDraft
from model.design.questions.aims import MEASURES
from model.design.questions.levers import LEVERS
from model.design.questions.membership import largest_users
from model.snapshot.record import Snapshot
from model.words.numbers import starting
from pages.components import documents, forms, results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.scenario import Scenario
    from model.snapshot.library import Entry

TOGETHER = "All parties together"


@dataclass
class Asked:
    """What the page Parties asks beside the agreement: candidates, core of coalitions, whose means, since when."""

    candidates: list[str] = field(default_factory=list)
    core: list[str] | None = None
    mineral: str = ""
    applied_by: str = ""
    since: str = ""


def candidates(scenario: Scenario, most: int) -> tuple[str, ...]:
    """Countries that might join."""
    kept: Asked = forms.kept("parties", Asked)
    outside = [region for region in results.world().regions if region not in scenario.parties]
    kept.candidates = [region for region in kept.candidates if region in outside]
    return tuple(
        st.multiselect(
            "Could also join",
            outside,
            format_func=results.names().region,
            max_selections=most,
            placeholder="None",
            **forms.field("parties", kept, "candidates", start="default"),
        )
    )


def core(scenario: Scenario, most: int) -> tuple[str, ...]:
    """The parties whose coalitions are tried, in the scenario's order; the largest users where none was chosen."""
    kept: Asked = forms.kept("parties", Asked)
    wanted = largest_users(results.world(), scenario) if kept.core is None else kept.core
    kept.core = [party for party in scenario.parties if party in wanted][:most]
    chosen = st.multiselect(
        f"Core parties, at most {most}; to begin with, those that use most",
        scenario.parties,
        format_func=results.names().region,
        max_selections=most,
        **forms.field("parties", kept, "core", start="default"),
    )
    return tuple(party for party in scenario.parties if party in chosen)


def means(scenario: Scenario) -> tuple[str, tuple[str, ...]]:
    """For which mineral, and by whose legal means, the same price is looked for; none = all parties'."""
    kept, names = forms.kept("parties", Asked), results.names()
    kept.mineral = kept.mineral if kept.mineral in scenario.minerals else scenario.minerals[0]
    kept.applied_by = kept.applied_by if kept.applied_by in scenario.parties else ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(scenario.minerals) > 1:
            st.selectbox(
                "Mineral",
                format_func=names.mineral,
                **forms.field("parties", kept, "mineral", options=scenario.minerals),
            )
        st.selectbox(
            "Applied by",
            format_func=lambda party: f"{names.region(party)} alone" if party else "All parties",
            help="The legal means of one party alone, or an instrument that all parties apply",
            width=260,
            **forms.field("parties", kept, "applied_by", options=["", *scenario.parties]),
        )
    return kept.mineral, (kept.applied_by,) if kept.applied_by else ()


def saved_point(saved: Sequence[Entry]) -> Entry:
    """Which saved scenario or snapshot to compare with; the newest where none was chosen."""
    kept: Asked = forms.kept("parties", Asked)
    by_key = {entry.checksum: entry for entry in saved}
    kept.since = kept.since if kept.since in by_key else saved[0].checksum
    st.selectbox(
        "Saved",
        format_func=lambda key: f"{by_key[key].name} ({by_key[key].saved[:16].replace('T', ' ')} UTC)",
        width=520,
        **forms.field("parties", kept, "since", options=list(by_key)),
    )
    return by_key[kept.since]


def opened(entry: Entry) -> Scenario:
    """The scenario of a saved entry.

    Raises:
        SnapshotError: when the entry cannot be read or trusted.
    """
    item = documents.library().open(entry)
    return item.scenario if isinstance(item, Snapshot) else item


@dataclass
class Trade:
    """The two measures a frontier trades against each other."""

    first: str = "expected_gain"
    second: str = "users_gain"


def trade() -> tuple[str, str]:
    """Which two measures to trade, as widgets."""
    kept: Trade = forms.kept("trade", Trade)
    left, right = st.columns(2)
    left.selectbox("Trade", format_func=_named, **forms.field("trade", kept, "first", options=list(FRONTIER)))
    right.selectbox("against", format_func=_named, **forms.field("trade", kept, "second", options=list(FRONTIER)))
    return kept.first, kept.second


def _named(measure: str) -> str:
    return starting(FRONTIER[measure][0])


def ask_lever(scenario: Scenario) -> LeverDraft:
    """The question about one lever as widgets."""
    names = results.names()
    kept: LeverDraft = forms.kept("lever", LeverDraft)
    kept.mineral = kept.mineral if kept.mineral in scenario.minerals else scenario.minerals[0]
    kept.whose = kept.whose if kept.whose in scenario.parties else ""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if len(scenario.minerals) > 1:
            st.selectbox(
                "Mineral",
                format_func=names.mineral,
                width=160,
                **forms.field("lever", kept, "mineral", options=scenario.minerals),
            )
        st.selectbox(
            "Which level of the",
            format_func=lambda lever: LEVERS[lever].name,
            width=250,
            **forms.field("lever", kept, "lever", options=list(LEVERS)),
        )
        st.selectbox(
            "brings the",
            format_func=lambda measure: MEASURES[measure].name,
            width=250,
            **forms.field("lever", kept, "measure", options=list(MEASURES)),
        )
        measure = MEASURES[kept.measure]
        if measure.by_party:
            st.selectbox(
                "of",
                format_func=lambda party: names.region(party) if party else TOGETHER,
                width=200,
                **forms.field("lever", kept, "whose", options=["", *scenario.parties]),
            )
        st.number_input(
            f"to at {'most' if measure.at_most else 'least'}, {measure.unit}",
            format="%.6g",
            step=1.0,
            width=190,
            **forms.field("lever", kept, "target"),
        )
    return kept
