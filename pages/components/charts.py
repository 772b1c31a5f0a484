"""Charts drawn for the screen: a record goes in, a figure comes out.

The bound of an axis is an argument, so that charts hold still. Figures are written as plain data and handed to Plotly
once: changing a finished figure takes ten times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from model import palette
from model.findings.charts import PLAIN, Band, Bars, Line, Points, Ticks, broken
from model.words.numbers import lowered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.findings.charts import Axis, Chart, Mark

    Part = dict[str, Any]

BAR_PIXELS = {1: 30, 2: 43}
"""Room for a bar by the lines of the longest label."""
FRAME_PIXELS = 200
"""Room for a legend of three names above the bars, and for an axis whose title takes two lines below them."""
AXIS_WIDTH = 48
"""Letters that an axis has room for in a line, the vertical one included."""
LEGEND_PIXELS = 86
"""Room for a legend of two rows, one of them of two lines, so that charts side by side are drawn alike high."""
LEGEND_WIDTH = 14
"""Letters of a line in a legend."""
HEIGHT = palette.CHART_HEIGHT
TALLER = HEIGHT + 30
TEXT = {"size": palette.FONT_SIZE, "color": palette.INK}
LOOK = {
    "margin": {"l": 8, "r": 14, "t": LEGEND_PIXELS, "b": 8},
    "font": {"family": palette.FONT, **TEXT},
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


def figure(chart: Chart, bound: float | None = None, height: int = HEIGHT) -> go.Figure:
    """The chart as a figure; ``bound`` is how far its horizontal axis reaches where that is held."""
    spans = [chart.x.low, chart.x.high] if bound is None else [-bound if chart.x.both_sides else 0, bound]
    bands = [mark for mark in chart.marks if isinstance(mark, Band)]
    layout = {
        "height": height,
        "xaxis": _axis(chart.x, spans),
        "yaxis": _axis(chart.y, [chart.y.low, chart.y.high]) if chart.y else _rows(chart),
        "shapes": [_band(band) for band in bands] + ([ZERO | {"name": chart.zero}] if chart.zero else []),
        "annotations": [_remark(band) for band in bands],
        "barmode": "relative" if chart.stacked else "overlay",
    }
    traces = [_trace(mark, chart) for mark in chart.marks if not isinstance(mark, Band)]
    return go.Figure({"data": traces, "layout": LOOK | layout})


def tall(chart: Chart, least: int = HEIGHT) -> int:
    """The height that gives every row of a chart its room."""
    lines = max((label.count("<br>") + 1 for label in _cut(chart.labels, chart)), default=1)
    return max(least, FRAME_PIXELS + BAR_PIXELS[lines] * len(chart.labels))


def bars(labels: Iterable[Any], values: Iterable[float], name: str, colour: str, unit: str) -> Part:
    """Horizontal bars of one name and colour, with the value and its unit on hover."""
    return {
        "type": "bar",
        "orientation": "h",
        "y": list(labels),
        "x": list(values),
        "name": broken(name, LEGEND_WIDTH, "<br>"),
        "marker": {"color": colour},
        "hovertemplate": _hover(unit, name),
    }


def _hover(unit: str, name: str) -> str:
    return "%{y}: %{x:,.3~g} " + f"{unit}<extra>{name}</extra>"


def _trace(mark: Mark, chart: Chart) -> Part:
    match mark:
        case Bars():
            return _bars(mark, chart)
        case Ticks(name, colour, labels, values, remarks):
            marker = {"symbol": "line-ns", "size": 17, "line": {"color": colour, "width": 4}}
            ticks = _scatter(chart, name, values, labels, mode="markers", marker=marker)
            remark = {"customdata": list(remarks), "hovertemplate": _hover(chart.x.unit, "%{customdata}")}
            return ticks | remark if remarks else ticks
        case Points(name, x, y):
            marker = {"symbol": "diamond", "size": 13, "color": palette.INK, "line": {"color": "white", "width": 1.5}}
            return _scatter(chart, name, x, y, mode="markers", marker=marker)
        case Line(name, colour, x, y, dotted, strong, dots):
            line = {"color": colour, "dash": "dot", "width": 2} if dotted else {"color": colour, "width": 3 + strong}
            look = {"mode": "lines+markers", "marker": {"size": 13, "color": dots}} if dots else {"mode": "lines"}
            return _scatter(chart, name, x, y, line=line, **look)


def _scatter(chart: Chart, name: str, x: Iterable[float], y: Iterable[Any], **look: Any) -> Part:
    """Marks at rows of the chart, or at both numbers of a curve, which are told on hover."""
    told = _hover(chart.x.unit, name)
    if chart.y:
        across = lowered(chart.x.title.split(",")[0])
        told = f"{across} %{{x:,.4~g}} {chart.x.unit}: %{{y:,.4~g}} {chart.y.unit}<extra>{name}</extra>"
    at = list(y) if chart.y else _cut(y, chart)
    named = {"name": broken(name, LEGEND_WIDTH, "<br>"), "hovertemplate": told}
    return {"type": "scatter", "x": list(x), "y": at, **named, **look}


def _bars(mark: Bars, chart: Chart) -> Part:
    part = bars(_cut(mark.labels, chart), mark.values, mark.name, mark.colour, chart.x.unit)
    if mark.width != PLAIN:
        part["width"] = mark.width
    if mark.outlined:
        widths = [3 if label == mark.outlined else 0 for label in mark.labels]
        part["marker"] = part["marker"] | {"line": {"color": palette.INK, "width": widths}}
    if mark.ends:
        low, high = mark.ends
        part["error_x"] = {
            "type": "data",
            "symmetric": False,
            "color": palette.INK,
            "thickness": 1.2,
            "width": 3,
            "array": [end - value for end, value in zip(high, mark.values, strict=True)],
            "arrayminus": [value - end for end, value in zip(low, mark.values, strict=True)],
        }
    return part


def _band(band: Band) -> Part:
    return {
        "type": "rect",
        "x0": band.low,
        "x1": band.high,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "fillcolor": band.colour,
        "line": {"width": 0},
        "layer": "below",
    }


def _remark(band: Band) -> Part:
    x, side = (band.high, "right") if band.at_right else (band.low, "left")
    place = {"x": x, "xanchor": side, "y": 0.02, "yref": "paper", "yanchor": "bottom"}
    return {"text": band.remark, "showarrow": False, **place}


ZERO = {
    "type": "line",
    "x0": 0,
    "x1": 0,
    "y0": 0,
    "y1": 1,
    "yref": "paper",
    "line": {"color": palette.STATUS_QUO, "width": 4},
    "showlegend": True,
}
"""The state that a chart of changes starts from: a grey line at zero."""


def _axis(axis: Axis, span: list[float]) -> Part:
    return {
        "title": {"text": broken(axis.title, AXIS_WIDTH, "<br>"), "font": TEXT, "standoff": 6},
        "tickfont": TEXT,
        "range": span,
        "gridcolor": palette.GRID,
        "zeroline": False,
        "automargin": True,
        "nticks": 6,
        "tickangle": 0,
        "tickformat": ",",
        # A number at the left end of a chart of changes would stand half under the names of its rows.
        "ticklabeloverflow": "hide past domain" if axis.both_sides else "allow",
    }


def _rows(chart: Chart) -> Part:
    return {
        "autorange": "reversed",
        "categoryorder": "array",
        "categoryarray": _cut(chart.labels, chart),
        "showgrid": False,
        "zeroline": False,
        "tickfont": TEXT,
        "automargin": True,
        "ticksuffix": " ",
        "dtick": 1,
    }


def _cut(labels: Iterable[Any], chart: Chart) -> list[str]:
    return [broken(str(label), chart.label_width, "<br>") for label in labels]
