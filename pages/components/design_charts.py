"""How tables of a design are titled, and the chart of a frontier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from model import palette
from model.design.charts import PARTS
from model.findings.charts import MONEY, broken
from model.words.accounts import NET_GAIN
from pages.components.charts import HEIGHT, LOOK

if TYPE_CHECKING:
    from model.design.frontier import Point

NUMBERS = {
    **{name: label for name, (label, _) in PARTS.items()},
    "gain_musd": NET_GAIN,
    "predicted_musd": f"{NET_GAIN}, predicted",
    "verified_musd": f"{NET_GAIN}, verified",
    "own_musd": "Its own gain changes by",
    "others_musd": "The members' gain changes by",
    "before_musd": "Then",
    "after_musd": "Now",
    "from_assumptions_musd": "From assumptions",
    "from_policy_musd": "From policy",
    "least_gain_musd": "Least gain of a member",
    "musd": "Contribution",
    "standard_error": "Standard error",
}
"""Column titles of amounts in million USD a year."""
TITLES = {
    "party": "Party",
    "country": "Country",
    "change": "If it",
    "lever": "Lever",
    "instrument": "Instrument",
    "level": "Level",
    "producer_price_usd_per_t": st.column_config.NumberColumn("Producers' price, USD/t", format="localized"),
    "members": "Coalition",
    "number": "Members",
    "holds": "Holds together",
    "better_off_leaving": "Would rather leave",
    "state": "State of the world",
    "probability_per_yr": st.column_config.NumberColumn("Probability, per year", format="percent"),
    "severity_over_the_year": "Severity used",
    "full_severity": "Full severity",
    "duration_yr": "Duration, years",
    "unit": "Severity is",
}
"""Titles of the other columns."""


def columns() -> dict[str, Any]:
    """How tables of designs are shown: titles for columns, thousands separators for amounts."""
    return {
        name: st.column_config.NumberColumn(title, format="localized", help=f"{title}, {MONEY}, expected")
        for name, title in NUMBERS.items()
    } | TITLES


def frontier_chart(points: tuple[Point, ...], first: str, second: str, optimum: tuple[float, float]) -> go.Figure:
    """The frontier, whose points can be selected (no record of a chart says that), and the agreement found."""
    grid = {"gridcolor": palette.GRID, "zeroline": False, "automargin": True, "tickformat": ",.4~g"}
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": [point.second for point in points],
            "y": [point.first for point in points],
            "name": "Frontier",
            "marker": {"size": 13, "color": palette.PARTY},
            "line": {"color": palette.STATUS_QUO, "width": 2},
            "hovertemplate": "%{y:,.3~g} against %{x:,.3~g}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": optimum[1:],
            "y": optimum[:1],
            "name": "The agreement found",
            "marker": {
                "symbol": "diamond",
                "size": 17,
                "color": palette.NON_PARTY,
                "line": {"color": "white", "width": 1.5},
            },
            "hovertemplate": "%{y:,.3~g} against %{x:,.3~g}<extra>The agreement found</extra>",
        },
    ]
    layout = {
        "height": HEIGHT + 40,
        "clickmode": "event+select",
        "xaxis": grid | {"title": {"text": second, "standoff": 6}, "nticks": 6},
        "yaxis": grid | {"title": {"text": broken(first, 34, "<br>")}},
    }
    return go.Figure({"data": traces, "layout": LOOK | layout})
