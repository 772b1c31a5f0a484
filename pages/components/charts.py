"""One function per chart: a table goes in, a figure comes out. Axis ranges are arguments, so that charts hold still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from pages.components import palette

if TYPE_CHECKING:
    import pandas as pd

    from model.response import FloorResponse

MILLION = 1e6
LABEL_WIDTH = 24
"""Characters of a category label before it is broken into two lines."""


def gains(frame: pd.DataFrame, bound_usd: float) -> go.Figure:
    """Diverging bars per party: users, producers, treasury and rents, with the net marked; zero is the status quo."""
    figure = go.Figure()
    for column, name in palette.ACCOUNT_NAMES.items():
        if column == "rents_usd" and frame[column].abs().max() < 1.0:
            continue
        figure.add_bar(
            y=frame["party"], x=frame[column] / MILLION, name=name, orientation="h", marker_color=palette.ACCOUNTS[column],
            hovertemplate="%{y}: %{x:,.3~g} million USD/yr<extra>" + name + "</extra>",
        )
    figure.add_scatter(
        y=frame["party"], x=frame["net_usd"] / MILLION, mode="markers", name="Net",
        marker={"symbol": "diamond", "size": 12, "color": palette.INK, "line": {"color": "white", "width": 1.5}},
        hovertemplate="%{y}: %{x:,.3~g} million USD/yr<extra>Net</extra>",
    )
    figure.add_vline(x=0, line_color=palette.STATUS_QUO, line_width=3)
    figure.update_layout(barmode="relative", bargap=0.3)
    figure.update_xaxes(title="Change on the status quo (grey line), million USD/yr", range=_both(bound_usd / MILLION))
    return _styled(figure, categories=True)


def stacked_extent(frame: pd.DataFrame) -> list[float]:
    """How far the stacked bars of ``gains`` reach to either side."""
    parts = frame[list(palette.ACCOUNTS)]
    return [float(parts.clip(upper=0).sum(axis=1).min()), float(parts.clip(lower=0).sum(axis=1).max())]


def sources(frame: pd.DataFrame, bound_t: float) -> go.Figure:
    """Supply of the parties by origin: status quo in grey behind, the scenario in front, coloured by side."""
    figure = go.Figure()
    figure.add_bar(
        y=frame["name"], x=frame["status_quo"], name="Status quo", orientation="h", marker_color=palette.STATUS_QUO, width=0.8,
        hovertemplate="%{y}: %{x:,.4~g} t/yr<extra>Status quo</extra>",
    )
    for group, name in (("party", "Parties"), ("non_party", "Non-parties"), ("stocks", "Stocks")):
        rows = frame[frame["group"] == group]
        if len(rows):
            figure.add_bar(
                y=rows["name"], x=rows["with_agreement"], name=name, orientation="h", marker_color=palette.GROUPS[group], width=0.42,
                hovertemplate="%{y}: %{x:,.4~g} t/yr<extra>" + name + "</extra>",
            )
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title="Supply to the parties, t/yr", range=[0, bound_t])
    figure.update_yaxes(categoryorder="array", categoryarray=list(frame["name"]))
    return _styled(figure, categories=True)


def response(curve: FloorResponse, current: tuple[float, float] | None) -> go.Figure:
    """Parties' price over floor levels; where the floor is slack, where it fails in some party, and the scenario's own point."""
    levels = curve.parties_price
    low, high = float(levels["level_usd_per_t"].min()), float(levels["level_usd_per_t"].max())
    figure = go.Figure()
    slack = min(max(curve.slack_up_to_usd_per_t, low), high)
    if slack > low:
        figure.add_vrect(x0=low, x1=slack, fillcolor=palette.SLACK, line_width=0, layer="below")
        figure.add_annotation(x=(low + slack) / 2, y=0.02, yref="paper", text="does not bind", showarrow=False, yanchor="bottom")
    fails = curve.fails_from
    if len(fails):
        first = float(fails["fails_from_usd_per_t"].min())
        figure.add_vrect(x0=first, x1=high, fillcolor=palette.FAILS, line_width=0, layer="below")
        figure.add_annotation(x=high, y=0.02, yref="paper", text="fails in some party", showarrow=False, xanchor="right", yanchor="bottom")
    figure.add_scatter(
        x=[low, high], y=[low, high], mode="lines", name="Price = floor", line={"color": palette.STATUS_QUO, "dash": "dot", "width": 2},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=levels["level_usd_per_t"], y=levels["price_usd_per_t"], mode="lines+markers", name="Parties' price",
        line={"color": palette.PARTY, "width": 3}, marker={"size": 6},
        hovertemplate="floor %{x:,.4~g} USD/t: price %{y:,.4~g} USD/t<extra></extra>",
    )
    figure.add_scatter(
        x=[low, high], y=[curve.status_quo_usd_per_t] * 2, mode="lines", name="Status quo", hoverinfo="skip",
        line={"color": palette.STATUS_QUO, "width": 3},
    )
    if current is not None:
        figure.add_scatter(
            x=[current[0]], y=[current[1]], mode="markers", name="This scenario",
            marker={"symbol": "diamond", "size": 15, "color": palette.INK, "line": {"color": "white", "width": 1.5}},
            hovertemplate="floor %{x:,.4~g} USD/t: price %{y:,.4~g} USD/t<extra>This scenario</extra>",
        )
    top = max(high, float(levels["price_usd_per_t"].max()))
    figure.update_xaxes(title="Floor level, USD/t", range=[low, high])
    figure.update_yaxes(title="Parties' price, USD/t", range=[0, 1.05 * top], rangemode="tozero")
    return _styled(figure)


def industries(frame: pd.DataFrame, bound_usd: float) -> go.Figure:
    """Extra cost of the industries hit most, with and without the agreement; zero is the status quo."""
    labels = [_broken(str(name)) for name in frame["name"]]
    figure = go.Figure()
    figure.add_bar(
        y=labels, x=frame["extra_cost_usd"] / MILLION, name="This scenario", orientation="h", marker_color=palette.USERS,
        hovertemplate="%{y}: %{x:,.3~g} million USD/yr<extra>This scenario</extra>",
    )
    if frame["extra_cost_usd_without"].abs().max() > 1.0:
        figure.add_scatter(
            y=labels, x=frame["extra_cost_usd_without"] / MILLION, mode="markers", name="Shock without agreement",
            marker={"symbol": "line-ns", "size": 18, "line": {"color": palette.WITHOUT_AGREEMENT, "width": 4}},
            hovertemplate="%{y}: %{x:,.3~g} million USD/yr<extra>Shock without agreement</extra>",
        )
    figure.add_vline(x=0, line_color=palette.STATUS_QUO, line_width=3)
    smallest = float(frame[["extra_cost_usd", "extra_cost_usd_without"]].min().min()) if len(frame) else 0.0
    span = _both(bound_usd / MILLION) if smallest < 0 else [0, bound_usd / MILLION]
    figure.update_xaxes(title="Extra cost to industries of the parties, million USD/yr", range=span)
    return _styled(figure, categories=True)


def ranking(frame: pd.DataFrame, unit: str, label: str, bound: float, opened: str) -> go.Figure:
    """Industries of one party by one measure: the scenario with its bounds, the shock without agreement, zero as the status quo."""
    labels = [_broken(str(name), 40) for name in frame["name"]]
    colours = [palette.USERS if industry != opened else palette.INK for industry in frame["industry"]]
    figure = go.Figure()
    spread = {
        "type": "data", "symmetric": False, "color": palette.INK, "thickness": 1.2, "width": 3,
        "array": frame["high"] - frame["value"], "arrayminus": frame["value"] - frame["low"],
    }
    has_spread = bool((frame["high"] > frame["low"]).any())
    figure.add_bar(
        y=labels, x=frame["value"], name="This scenario", orientation="h", marker_color=colours, error_x=spread if has_spread else None,
        hovertemplate="%{y}: %{x:,.3~g} " + unit + "<extra>This scenario</extra>",
    )
    figure.add_scatter(
        y=labels, x=frame["without"], mode="markers", name="Shock without agreement",
        marker={"symbol": "line-ns", "size": 15, "line": {"color": palette.WITHOUT_AGREEMENT, "width": 4}},
        hovertemplate="%{y}: %{x:,.3~g} " + unit + "<extra>Shock without agreement</extra>",
    )
    if "worst" in frame:
        figure.add_scatter(
            y=labels, x=frame["worst"], mode="markers", name="Worst named shock",
            marker={"symbol": "x-thin", "size": 11, "line": {"color": palette.NON_PARTY, "width": 3}},
            customdata=frame["worst_shock"],
            hovertemplate="%{y}: %{x:,.3~g} " + unit + "<extra>%{customdata}</extra>",
        )
    figure.add_vline(x=0, line_color=palette.STATUS_QUO, line_width=3)
    lowest = float(frame[["value", "without", "low"]].min().min()) if len(frame) else 0.0
    figure.update_xaxes(title=f"{label}, {unit}; grey line: status quo", range=_both(bound) if lowest < -1e-9 else [0, bound])
    figure = _styled(figure, categories=True)
    figure.update_layout(height=max(palette.CHART_HEIGHT, 110 + 30 * len(frame)))
    return figure


def by_mineral(wide: pd.DataFrame, names: dict[str, str], mineral_names: dict[str, str], bound: float) -> go.Figure:
    """Unit cost of the industries by mineral, stacked: which metal the cost comes from."""
    labels = [_broken(names.get(str(industry), str(industry)), 40) for industry in wide.index]
    figure = go.Figure()
    for mineral in wide.columns:
        name = mineral_names.get(str(mineral), str(mineral))
        figure.add_bar(
            y=labels, x=100 * wide[mineral], name=name, orientation="h", marker_color=palette.MINERALS.get(str(mineral), palette.INK),
            hovertemplate="%{y}: %{x:,.3~g} % of output value<extra>" + name + "</extra>",
        )
    figure.add_vline(x=0, line_color=palette.STATUS_QUO, line_width=3)
    figure.update_layout(barmode="relative")
    lowest = float(wide.to_numpy().min()) if wide.size else 0.0
    figure.update_xaxes(title="Unit cost, % of output value; grey line: status quo", range=_both(bound) if lowest < 0 else [0, bound])
    figure = _styled(figure, categories=True)
    figure.update_layout(height=max(palette.CHART_HEIGHT, 110 + 30 * len(wide)))
    return figure


def _both(bound: float) -> list[float]:
    return [-bound, bound]


def _broken(name: str, width: int = LABEL_WIDTH) -> str:
    """A label cut into two lines at a space near the middle, where it is long."""
    if len(name) <= width:
        return name
    spaces = [index for index, letter in enumerate(name) if letter == " "]
    if not spaces:
        return name
    at = min(spaces, key=lambda index: abs(index - len(name) / 2))
    return f"{name[:at]}<br>{name[at + 1:]}"


def _styled(figure: go.Figure, categories: bool = False) -> go.Figure:
    """The look all charts share: large type, thin grid, legend on top, no tools."""
    figure.update_layout(
        height=palette.CHART_HEIGHT,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        font={"size": palette.FONT_SIZE, "color": palette.INK},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "font": {"size": palette.FONT_SIZE - 1}},
        plot_bgcolor="white",
        paper_bgcolor="white",
        hoverlabel={"font": {"size": palette.FONT_SIZE}},
        dragmode=False,
    )
    text = {"size": palette.FONT_SIZE, "color": palette.INK}
    figure.update_xaxes(gridcolor=palette.GRID, zeroline=False, tickfont=text, title_font=text, title_standoff=6, automargin=True, nticks=6)
    figure.update_yaxes(gridcolor=palette.GRID, zeroline=False, tickfont=text, title_font=text, automargin=True)
    if categories:
        figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix=" ")
    return figure
