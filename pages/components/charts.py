"""One function per chart: a table goes in, a figure comes out. Axis ranges are arguments, so that charts hold still.

Figures are written as plain data and handed to Plotly once: changing a finished figure takes ten times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from model import palette

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from model.studies.floor_curve import FloorResponse

    Part = dict[str, Any]

MILLION = 1e6
LABEL_WIDTH = 22
"""Characters of a category label before it is broken into two lines."""
BAR_PIXELS = 30


def gains(frame: pd.DataFrame, bound_usd: float) -> go.Figure:
    """Diverging bars per party: users, producers, treasury and rents, with the net marked; zero is the status quo."""
    traces = [
        bars(frame["party"], frame[column] / MILLION, name, palette.ACCOUNTS[column], "million USD/yr")
        for column, name in palette.ACCOUNT_NAMES.items()
        if column != "rents_usd" or frame[column].abs().max() >= 1.0
    ]
    traces.append(_points(frame["party"], frame["net_usd"] / MILLION, "Net", "million USD/yr", "diamond"))
    title = "Change, million USD/yr"
    return _figure(
        traces, x=_axis(title, _both(bound_usd / MILLION)), y=_categories(), shapes=[_zero()], barmode="relative"
    )


def stacked_extent(frame: pd.DataFrame) -> list[float]:
    """How far the stacked bars of ``gains`` reach to either side."""
    parts = frame[list(palette.ACCOUNTS)]
    return [float(parts.clip(upper=0).sum(axis=1).min()), float(parts.clip(lower=0).sum(axis=1).max())]


def sources(frame: pd.DataFrame, bound_t: float) -> go.Figure:
    """Supply of the parties by origin: status quo in grey behind, the scenario in front, coloured by side."""
    traces = [{**bars(frame["name"], frame["status_quo"], "Status quo", palette.STATUS_QUO, "t/yr"), "width": 0.8}]
    for group, name in (("party", "Parties"), ("non_party", "Non-parties"), ("stocks", "Stocks")):
        rows = frame[frame["group"] == group]
        if len(rows):
            traces.append(
                {**bars(rows["name"], rows["with_agreement"], name, palette.GROUPS[group], "t/yr"), "width": 0.42}
            )
    order = {"categoryorder": "array", "categoryarray": list(frame["name"])}
    return _figure(
        traces, x=_axis("Supply to the parties, t/yr", [0, bound_t]), y=_categories() | order, barmode="overlay"
    )


def response(curve: FloorResponse, current: tuple[float, float] | None, failing: str) -> go.Figure:
    """Parties' price over floor levels; where it is slack, where it fails (``failing``), the scenario's point."""
    levels = curve.parties_price
    low = float(levels["level_usd_per_t"].min())
    high = max(float(levels["level_usd_per_t"].max()), current[0] if current else 0.0)
    top = 1.05 * max(high, float(levels["price_usd_per_t"].max()), current[1] if current else 0.0)
    grey = {"color": palette.STATUS_QUO, "width": 3}
    traces = [
        _line([low, high], [low, high], "Price = floor", grey | {"dash": "dot", "width": 2}),
        _line([low, high], [curve.status_quo_usd_per_t] * 2, "Status quo", grey),
        _line(
            levels["level_usd_per_t"], levels["price_usd_per_t"], "Parties' price", {"color": palette.PARTY, "width": 4}
        ),
    ]
    if current is not None:
        marked = _points([current[1]], [current[0]], "This scenario", "USD/t", "diamond")
        traces.append(marked | {"hovertemplate": "floor %{x:,.4~g} USD/t: price %{y:,.4~g} USD/t<extra></extra>"})
    shapes, notes = _zones(curve, low, high, failing)
    x, y = _axis("Floor level, USD/t", [low, high]), _axis("Parties' price, USD/t", [0, top])
    return _figure(traces, x=x, y=y, shapes=shapes, annotations=notes, height=palette.CHART_HEIGHT + 30)


def _zones(curve: FloorResponse, low: float, high: float, failing: str) -> tuple[list[Part], list[Part]]:
    """Shaded levels: where the floor does not bind, and where it fails in some party."""
    shapes, notes = [], []
    slack = min(max(curve.slack_up_to_usd_per_t, low), high)
    if slack > low:
        shapes.append(_band(low, slack, palette.SLACK))
        notes.append(_note(low, "does not bind", "left"))
    fails = curve.fails_from
    if len(fails):
        shapes.append(_band(float(fails["fails_from_usd_per_t"].min()), high, palette.FAILS))
        notes.append(_note(high, f"fails in {failing}", "right"))
    return shapes, notes


def industries(frame: pd.DataFrame, bound_usd: float) -> go.Figure:
    """Extra cost of the industries hit most, with and without the agreement; zero is the status quo."""
    labels = [_broken(str(name)) for name in frame["name"]]
    unit = "million USD/yr"
    traces = [bars(labels, frame["extra_cost_usd"] / MILLION, "This scenario", palette.USERS, unit)]
    if frame["extra_cost_usd_without"].abs().max() > 1.0:
        traces.append(
            _ticks(
                labels,
                frame["extra_cost_usd_without"] / MILLION,
                "Shock, no agreement",
                unit,
                palette.WITHOUT_AGREEMENT,
            )
        )
    lowest = float(frame[["extra_cost_usd", "extra_cost_usd_without"]].min().min()) if len(frame) else 0.0
    span = _both(bound_usd / MILLION) if lowest < 0 else [0, bound_usd / MILLION]
    return _figure(
        traces,
        x=_axis("Extra cost, million USD/yr", span),
        y=_categories(),
        shapes=[_zero()],
        height=palette.CHART_HEIGHT + 30,
    )


def ranking(frame: pd.DataFrame, unit: str, label: str, bound: float, opened: str) -> go.Figure:
    """Industries of one party by one measure: the scenario, the shock without agreement, zero the status quo."""
    labels = [_broken(str(label), 30) for label in frame["label"]]
    shown = bars(labels, frame["value"], "This scenario", palette.USERS, unit)
    shown["marker"]["line"] = {
        "color": palette.INK,
        "width": [3 if industry == opened else 0 for industry in frame["industry"]],
    }
    if bool((frame["high"] > frame["low"]).any()):
        shown["error_x"] = {
            "type": "data",
            "symmetric": False,
            "color": palette.INK,
            "thickness": 1.2,
            "width": 3,
            "array": list(frame["high"] - frame["value"]),
            "arrayminus": list(frame["value"] - frame["low"]),
        }
    traces = [shown, _ticks(labels, frame["without"], "Shock, no agreement", unit, palette.WITHOUT_AGREEMENT)]
    if "worst" in frame:
        worst = _ticks(labels, frame["worst"], "Worst named shock", unit, palette.NON_PARTY)
        traces.append(
            worst
            | {
                "customdata": list(frame["worst_shock"]),
                "hovertemplate": "%{y}: %{x:,.3~g} " + unit + "<extra>%{customdata}</extra>",
            }
        )
    lowest = float(frame[["value", "without", "low"]].min().min()) if len(frame) else 0.0
    span = _both(bound) if lowest < -1e-9 else [0, bound]
    return _figure(
        traces, x=_axis(f"{label}, {unit}", span), y=_categories(), shapes=[_zero()], height=_tall(len(frame))
    )


def by_mineral(wide: pd.DataFrame, industries: dict[str, str], minerals: dict[str, str], bound: float) -> go.Figure:
    """Unit cost of the industries by mineral, stacked: which metal the cost comes from."""
    labels = [_broken(industries[str(industry)], 40) for industry in wide.index]
    traces = [
        bars(labels, wide[mineral], minerals[str(mineral)], palette.MINERALS[str(mineral)], "% of output value")
        for mineral in wide.columns
    ]
    lowest = float(wide.to_numpy().min()) if wide.size else 0.0
    axis = _axis("Unit cost, % of output value", _both(bound) if lowest < 0 else [0, bound])
    return _figure(traces, x=axis, y=_categories(), shapes=[_zero()], barmode="relative", height=_tall(len(wide)))


def bars(labels: Iterable[Any], values: Iterable[float], name: str, colour: str, unit: str) -> Part:
    """Horizontal bars of one name and colour, with the value and its unit on hover."""
    return {
        "type": "bar",
        "orientation": "h",
        "y": list(labels),
        "x": list(values),
        "name": name,
        "marker": {"color": colour},
        "hovertemplate": "%{y}: %{x:,.3~g} " + unit + f"<extra>{name}</extra>",
    }


def _points(labels: Sequence[Any], values: Sequence[float], name: str, unit: str, symbol: str) -> Part:
    return {
        "type": "scatter",
        "mode": "markers",
        "y": list(labels),
        "x": list(values),
        "name": name,
        "marker": {"symbol": symbol, "size": 13, "color": palette.INK, "line": {"color": "white", "width": 1.5}},
        "hovertemplate": "%{y}: %{x:,.3~g} " + unit + f"<extra>{name}</extra>",
    }


def _ticks(labels: Sequence[str], values: Sequence[float], name: str, unit: str, colour: str) -> Part:
    return {
        "type": "scatter",
        "mode": "markers",
        "y": list(labels),
        "x": list(values),
        "name": name,
        "marker": {"symbol": "line-ns", "size": 17, "line": {"color": colour, "width": 4}},
        "hovertemplate": "%{y}: %{x:,.3~g} " + unit + f"<extra>{name}</extra>",
    }


def _line(x: Sequence[float], y: Sequence[float], name: str, line: Part) -> Part:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "name": name,
        "line": line,
        "hovertemplate": "floor %{x:,.4~g} USD/t: %{y:,.4~g} USD/t<extra>" + name + "</extra>",
    }


def _band(start: float, end: float, colour: str) -> Part:
    return {
        "type": "rect",
        "x0": start,
        "x1": end,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "fillcolor": colour,
        "line": {"width": 0},
        "layer": "below",
    }


def _note(x: float, text: str, side: str) -> Part:
    return {"x": x, "y": 0.02, "yref": "paper", "text": text, "showarrow": False, "xanchor": side, "yanchor": "bottom"}


def _zero() -> Part:
    """The status quo of a chart of changes: a grey line at zero."""
    return {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": palette.STATUS_QUO, "width": 4},
        "name": "Status quo",
        "showlegend": True,
    }


def _axis(title: str, span: list[float]) -> Part:
    text = {"size": palette.FONT_SIZE, "color": palette.INK}
    return {
        "title": {"text": title, "font": text, "standoff": 6},
        "tickfont": text,
        "range": span,
        "gridcolor": palette.GRID,
        "zeroline": False,
        "automargin": True,
        "nticks": 6,
        "tickangle": 0,
        "tickformat": ",",
    }


def _categories() -> Part:
    text = {"size": palette.FONT_SIZE, "color": palette.INK}
    return {
        "autorange": "reversed",
        "showgrid": False,
        "zeroline": False,
        "tickfont": text,
        "automargin": True,
        "ticksuffix": " ",
        "dtick": 1,
    }


def _both(bound: float) -> list[float]:
    return [-bound, bound]


def _tall(bars: int) -> int:
    return max(palette.CHART_HEIGHT, 110 + BAR_PIXELS * bars)


def _broken(name: str, width: int = LABEL_WIDTH) -> str:
    """A label cut into two lines at a space near the middle, where it is long."""
    spaces = [index for index, letter in enumerate(name) if letter == " "]
    if len(name) <= width or not spaces:
        return name
    at = min(spaces, key=lambda index: abs(index - len(name) / 2))
    return f"{name[:at]}<br>{name[at + 1 :]}"


LOOK = {
    "margin": {"l": 8, "r": 14, "t": 40, "b": 8},
    "font": {"family": palette.FONT, "size": palette.FONT_SIZE, "color": palette.INK},
    "legend": {
        "orientation": "h",
        "x": 0,
        "xref": "container",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "entrywidth": 0,
    },
    "plot_bgcolor": "white",
    "paper_bgcolor": "white",
    "hoverlabel": {"font": {"size": palette.FONT_SIZE}},
    "dragmode": False,
    "bargap": 0.3,
}
"""What all charts share: large type, legend on top, no tools."""


def _figure(traces: list[Part], x: Part, y: Part, height: int = palette.CHART_HEIGHT, **layout: Any) -> go.Figure:
    """The look all charts share: large type, thin grid, legend on top, no tools."""
    own = {"height": height, "xaxis": x, "yaxis": y}
    return go.Figure({"data": traces, "layout": LOOK | own | layout})
