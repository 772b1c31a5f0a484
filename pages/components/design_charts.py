"""Charts of a design: tables in, figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from model import palette
from pages.components.charts import LOOK, bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from model.design.frontier import Point

PARTS = {
    "users_musd": ("Users", palette.USERS),
    "producers_musd": ("Producers", palette.PRODUCERS),
    "treasury_musd": ("Treasury", palette.TREASURY),
    "settlements_musd": ("Offtakes, transfers", palette.RENTS),
}
NUMBERS = {
    **{name: label for name, (label, _) in PARTS.items()},
    "gain_musd": "Gain",
    "predicted_musd": "Predicted",
    "verified_musd": "Verified",
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
LEVERS = {
    "floor": palette.PARTY,
    "TRQ": palette.NON_PARTY,
    "tariff": palette.TREASURY,
    "quota": palette.RENTS,
    "export tax": palette.INK,
    "offtake": palette.PRODUCERS,
    "stockpile": palette.STOCKS,
    "zero-for-zero": palette.USERS,
    "new projects": palette.NEW_CAPACITY,
    "transfers": palette.TRANSFERS,
}
MILLION_A_YEAR = "million USD/yr"


def columns() -> dict[str, Any]:
    """How tables of designs are shown: titles for columns, thousands separators for amounts."""
    return {
        name: st.column_config.NumberColumn(title, format="localized", help=f"{title}, {MILLION_A_YEAR}, expected")
        for name, title in NUMBERS.items()
    } | TITLES


def gains_chart(frame: pd.DataFrame, net: str, predicted: str = "") -> go.Figure:
    """Diverging bars of each party's parts, its net marked, and beside it the net that was predicted."""
    traces = [
        bars(frame["party"], frame[part], label, colour, MILLION_A_YEAR) for part, (label, colour) in PARTS.items()
    ]
    if predicted:
        traces.append(_marks(frame["party"], frame[predicted], "Net, predicted", "circle-open", 17))
    traces.append(_marks(frame["party"], frame[net], "Net, verified" if predicted else "Net", "diamond", 11))
    return _figure(traces, f"Expected change, {MILLION_A_YEAR}", barmode="relative")


def attribution_chart(frame: pd.DataFrame) -> go.Figure:
    """Stacked bars of what each instrument contributes to each party's gain."""
    traces = [
        bars(rows["party"], rows["musd"], str(lever), LEVERS.get(str(lever), palette.INK), MILLION_A_YEAR)
        for lever, rows in frame.groupby("lever", sort=False)
    ]
    return _figure(traces, f"Contribution to expected gain, {MILLION_A_YEAR}", barmode="relative")


def levers_chart(levers: Sequence[str], musd: Sequence[float]) -> go.Figure:
    """One bar per lever: what it contributes to the gain of all parties."""
    traces = [bars(levers, musd, "All parties", palette.PARTY, MILLION_A_YEAR)]
    height = max(palette.CHART_HEIGHT, 90 + 30 * len(levers))
    return _figure(traces, f"All parties, {MILLION_A_YEAR}", height=height)


def frontier_chart(
    points: tuple[Point, ...], first: str, second: str, optimum: tuple[float, float] | None
) -> go.Figure:
    """The frontier; every point can be selected, and the agreement found is marked."""
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
        }
    ]
    if optimum is not None:
        mark = _marks([optimum[0]], [optimum[1]], "The agreement found", "diamond", 17)
        traces.append(mark | {"marker": mark["marker"] | {"color": palette.NON_PARTY}})
    figure = _figure(traces, second, yaxis={"title": {"text": _wrapped(first)}, "gridcolor": palette.GRID})
    return figure.update_layout(clickmode="event+select", height=palette.CHART_HEIGHT + 40)


def _wrapped(title: str, width: int = 34) -> str:
    """An axis title in lines short enough for the height of a chart."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def _marks(labels: Any, values: Any, name: str, symbol: str, size: int) -> dict[str, Any]:
    edge = palette.INK if symbol.endswith("open") else "white"
    return {
        "type": "scatter",
        "mode": "markers",
        "y": list(labels),
        "x": list(values),
        "name": name,
        "marker": {"symbol": symbol, "size": size, "color": palette.INK, "line": {"color": edge, "width": 1.5}},
        "hovertemplate": "%{y}: %{x:,.3~g}" + f"<extra>{name}</extra>",
    }


def _figure(traces: list[dict[str, Any]], x_title: str, height: int = palette.CHART_HEIGHT, **layout: Any) -> go.Figure:
    """The look these charts share with those of the other pages."""
    axis = {"gridcolor": palette.GRID, "zerolinecolor": palette.STATUS_QUO, "zerolinewidth": 4, "automargin": True}
    categories = {"autorange": "reversed", "ticksuffix": " ", "automargin": True, "dtick": 1}
    figure = go.Figure({"data": traces, "layout": LOOK | {"height": height, "xaxis": axis, "yaxis": categories}})
    figure.update_layout(**layout)
    if "yaxis" in layout:
        figure.update_yaxes(autorange=True, dtick=None, tickformat=",.4~g", zeroline=False)
        figure.update_xaxes(zeroline=False)
    return figure.update_xaxes(title={"text": x_title, "standoff": 6}, tickformat=",.4~g", nticks=6)
