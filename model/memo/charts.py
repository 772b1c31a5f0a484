"""Charts drawn for paper: no browser, no network, the same bytes every time."""

from __future__ import annotations

import io
import math
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from model import palette
from model.errors import SnapshotError
from model.findings.charts import Band, Bars, Line, Points, Ticks, broken

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from model.findings.charts import Chart, Mark

WIDTH_INCHES = 6.3
BAR_INCHES = {1: 0.25, 2: 0.36}
"""Room for a bar by the lines of the longest label."""
FRAME_INCHES = 0.95
LETTERS_ALONG = 40
"""Letters that the numbers along an axis may have together, lest they run into each other beside long labels."""
SHORTEST_NUMBER = 5
"""Letters of a number with decimals along an axis."""
CURVE_INCHES = 2.6
LEGEND_LETTERS, LEGEND_MARK = 84, 6
"""Letters that fit across a chart, and how many a mark of its legend takes with the room around it."""
PNG_DOTS_PER_INCH = 170
FONT_POINTS = 8.5
GLYPH = re.compile(r"Glyph (\d+)")

mpl.rcParams["svg.hashsalt"] = "minerals-accord"
mpl.rcParams["svg.fonttype"] = "path"
mpl.rcParams["font.family"] = "DejaVu Sans"
font_manager.fontManager.ttflist = []
for _file in sorted((Path(mpl.get_data_path()) / "fonts" / "ttf").glob("DejaVuSans*.ttf")):
    font_manager.fontManager.addfont(_file)  # those that come with the library: a machine may have other versions
mpl.rcParams["font.size"] = FONT_POINTS
mpl.rcParams["axes.formatter.use_mathtext"] = False


def svg(chart: Chart) -> bytes:
    """A chart as SVG with its letters as outlines."""
    return _saved(draw(chart), "svg", {"Date": None, "Creator": "Minerals Accord"})


def png(chart: Chart) -> bytes:
    """A chart as PNG, for programs that do not read SVG."""
    return _saved(draw(chart), "png", {"Software": "Minerals Accord"})


def draw(chart: Chart) -> Figure:
    """The chart as a figure."""
    labels = [broken(label, chart.label_width, "\n") for label in chart.labels]
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    height = CURVE_INCHES if chart.y else FRAME_INCHES + BAR_INCHES[lines] * max(len(labels), 2)
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    row = {label: place for place, label in enumerate(chart.labels)}
    ends = {side: np.zeros(len(labels)) for side in (1, -1)}
    for mark in chart.marks:
        if isinstance(mark, Bars) and chart.stacked:
            _stack(axes, mark, ends)
        else:
            _mark(axes, mark, row)
    if chart.zero:
        axes.axvline(0, color=palette.STATUS_QUO, linewidth=2.5, zorder=0.9, label=chart.zero)
    axes.set_xlabel(chart.x.title)
    if chart.y:
        axes.set_xlim(chart.x.low, chart.x.high)
        axes.set_ylim(chart.y.low, chart.y.high)
        axes.set_ylabel(chart.y.title)
        axes.yaxis.set_major_formatter("{x:,.0f}")
    else:
        axes.set_yticks(np.arange(len(labels)), labels)
        axes.invert_yaxis()
    return _dressed(figure, axes, "both" if chart.y else "x")


def _stack(axes: Axes, bars: Bars, ends: dict[int, np.ndarray]) -> None:
    """Bars that start where those before them end, on either side of zero."""
    values = np.array(bars.values)
    for side, start in ends.items():
        part = np.where(np.sign(values) == side, values, 0.0)
        name = bars.name if side > 0 else None
        axes.barh(np.arange(len(values)), part, bars.width, left=start, color=bars.colour, label=name)
        ends[side] = start + part


def _mark(axes: Axes, mark: Mark, row: dict[str, int]) -> None:
    match mark:
        case Bars(name, colour, labels, values, width, ends, outlined):
            edges = [palette.INK if label == outlined else "none" for label in labels]
            spread = None if ends is None else np.abs(np.array(ends) - np.array(values))
            place = [row[label] for label in labels]
            axes.barh(place, values, width, color=colour, edgecolor=edges, xerr=spread, label=name)
        case Ticks(name, colour, labels, values):
            place = [row[label] for label in labels]
            axes.plot(values, place, "|", color=colour, markersize=13, markeredgewidth=3, label=name)
        case Points(name, x, y):
            at = [row[value] if isinstance(value, str) else value for value in y]
            axes.plot(x, at, "D", color=palette.INK, markeredgecolor="white", markersize=6.5, label=name)
        case Line(name, colour, x, y, dotted, strong, dots):
            width = 1.5 if dotted else 2.5 if strong else 2.0
            axes.plot(x, y, ":" if dotted else "-", color=colour, linewidth=width, label=name)
            if dots:
                axes.plot(x, y, "o", color=dots)
        case Band(low, high, colour, remark, at_right):
            axes.axvspan(low, high, color=colour, linewidth=0)
            edge, side = (high, "right") if at_right else (low, "left")
            across = axes.get_xaxis_transform()
            axes.text(edge, 0.02, f" {remark} ", ha=side, va="bottom", transform=across)


def _dressed(figure: Figure, axes: Axes, grid: str) -> Figure:
    axes.grid(axis=grid, color=palette.GRID, linewidth=0.7)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter("{x:,.10g}")
    widest = max(SHORTEST_NUMBER, *(len(f"{end:,.0f}") for end in axes.get_xlim()))
    axes.locator_params(axis="x", nbins=LETTERS_ALONG // widest)
    axes.tick_params(length=0, colors=palette.INK)
    for side in axes.spines.values():
        side.set_visible(False)
    handles, names = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside upper left",
        ncols=_side_by_side([len(str(name)) for name in names]),
        frameon=False,
        handlelength=1.2,
        columnspacing=1.2,
    )
    return figure


def _side_by_side(letters: list[int]) -> int:
    """How many names of a legend fit beside each other; those of a column take the room of its longest."""
    for columns in range(len(letters), 1, -1):
        rows = math.ceil(len(letters) / columns)
        if sum(max(letters[at : at + rows]) + LEGEND_MARK for at in range(0, len(letters), rows)) <= LEGEND_LETTERS:
            return columns
    return 1


def _saved(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        try:
            figure.savefig(file, format=kind, dpi=PNG_DOTS_PER_INCH, metadata=metadata)
        except UserWarning as warning:
            found = GLYPH.search(str(warning))
            letter = chr(int(found.group(1))) if found else "?"
            raise SnapshotError(
                f"a chart has the character {letter!r} (U+{ord(letter):04X}), which its font does not have"
            ) from None
    return file.getvalue()
