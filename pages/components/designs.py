"""The design problem on the page: its widgets and the table of responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model.design import DesignRequest, ResponseTable, Store
from model.design.parties import request_of
from pages.components import results

if TYPE_CHECKING:
    from model.scenario import Scenario

DESIGN_JOB = "design"
FRONTIER_JOB = "frontier"
OBJECTIVES = {
    "expected_gain": "the largest expected gain of all parties",
    "worst_off": "the largest gain for the party that gets least",
    "nash": "the Nash bargain (largest product of gains)",
    "cvar": "the smallest mean loss in the worst tenth of outcomes",
}
LINES = {
    "user_cost": ("Users lose at most, million USD/yr", 1e6),
    "producer_revenue": ("Producers' revenue changes by at least, million USD/yr", 1e6),
    "treasury_outlay": ("Public outlay at most, million USD/yr", 1e6),
    "non_party_import_share": ("Use from non-parties at most, %", 0.01),
}
REQUEST_KEY = "design_request"


@st.cache_resource(show_spinner=False)
def table() -> ResponseTable:
    """The one table of responses of this process, kept on disk; it solves in the page's own thread, part by part."""
    return ResponseTable(results.world(), Store())


def latest_request(scenario: Scenario) -> DesignRequest:
    """The design problem edited last, for the scenario's parties; the plain one where there is none."""
    kept = st.session_state.get(REQUEST_KEY)
    same = kept is not None and (kept.parties, kept.minerals, kept.horizon) == (
        scenario.parties,
        scenario.minerals,
        scenario.horizon,
    )
    return kept if same else request_of(scenario)


def ask(scenario: Scenario) -> DesignRequest:
    """Objective and red lines as widgets; the request they make."""
    left, middle, right = st.columns([2, 1, 1], gap="medium")
    kind = left.selectbox("Find", list(OBJECTIVES), format_func=OBJECTIVES.get, key="design_objective")
    asked = middle.selectbox(
        "No party worse off",
        ["expected", "every_state", "none"],
        format_func={"expected": "in expectation", "every_state": "under every shock", "none": "not asked"}.get,
        key="design_participation",
    )
    transfers = right.number_input(
        "Transfers up to, million USD/yr", 0.0, 1e6, 0.0, key="design_transfers", help="0 = none"
    )
    content = {
        "objective": {"kind": kind},
        "participation": asked,
        "transfers": transfers * 1e6,
        "red_lines": _red_lines(scenario),
    }
    request = DesignRequest.parse(request_of(scenario).model_dump(mode="json") | content, "design")
    st.session_state[REQUEST_KEY] = request
    return request


def _red_lines(scenario: Scenario) -> dict[str, dict[str, float]]:
    lines: dict[str, dict[str, float]] = {}
    with st.expander("Red lines by party"):
        party = (
            st.segmented_control("Party", scenario.parties, default=scenario.parties[0], key="design_party")
            or scenario.parties[0]
        )
        for column, (name, (label, factor)) in zip(st.columns(len(LINES)), LINES.items(), strict=True):
            column.number_input(
                label, value=None, key=f"design_line_{party}_{name}", on_change=_keep, args=(party, name, factor)
            )
        kept = st.session_state.get("design_lines", {})
        for (owner, name), value in kept.items():
            if owner in scenario.parties:
                lines.setdefault(owner, {})[name] = value
        st.caption(
            "; ".join(
                f"{owner}: {LINES[name][0]} {value / LINES[name][1]:,.4g}" for (owner, name), value in kept.items()
            )
            or "None set."
        )
    return lines


def _keep(party: str, name: str, factor: float) -> None:
    """Remember a red line beyond the life of its widget."""
    kept = dict(st.session_state.get("design_lines", {}))
    value = st.session_state[f"design_line_{party}_{name}"]
    kept.pop((party, name), None)
    if value is not None:
        kept[party, name] = value * factor
    st.session_state["design_lines"] = kept
