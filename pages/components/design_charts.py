"""Charts of a design: tables in, figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from pages.components import palette

if TYPE_CHECKING:
    import pandas as pd

    from model.design.frontier import Point

PARTS = {
    "users_musd": "Users",
    "producers_musd": "Producers",
    "treasury_musd": "Treasury",
    "settlements_musd": "Offtakes and transfers",
}


def gains_chart(frame: pd.DataFrame, net: str) -> go.Figure:
    """Diverging bars of each party's parts, its net marked."""
    colours = (palette.USERS, palette.PRODUCERS, palette.TREASURY, palette.RENTS)
    figure = go.Figure(
        [
            go.Bar(y=frame["party"], x=frame[part], name=label, orientation="h", marker_color=colour)
            for (part, label), colour in zip(PARTS.items(), colours, strict=True)
        ]
    )
    figure.add_scatter(
        y=frame["party"],
        x=frame[net],
        name="Net",
        mode="markers",
        marker={"symbol": "diamond", "color": palette.INK, "size": 9},
    )
    return _dressed(figure, "million USD/yr", barmode="relative")


def attribution_chart(frame: pd.DataFrame) -> go.Figure:
    """Stacked bars of what each instrument contributes to each party's gain."""
    figure = go.Figure()
    for lever, rows in frame.groupby("lever", sort=False):
        figure.add_bar(
            y=rows["party"], x=rows["musd"], name=str(lever), orientation="h", error_x={"array": rows["standard_error"]}
        )
    return _dressed(figure, "million USD/yr", barmode="relative")


def frontier_chart(points: tuple[Point, ...], first: str, second: str) -> go.Figure:
    """The frontier; every point can be selected."""
    figure = go.Figure(
        go.Scatter(
            x=[p.second for p in points],
            y=[p.first for p in points],
            mode="lines+markers",
            marker={"size": 11, "color": palette.PARTY},
        )
    )
    figure = _dressed(figure, second)
    figure.update_yaxes(title=first)
    return figure


def _dressed(figure: go.Figure, x_title: str, **layout: str) -> go.Figure:
    figure.update_layout(
        height=palette.CHART_HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h"}, **layout
    )
    figure.update_xaxes(title=x_title)
    return figure
