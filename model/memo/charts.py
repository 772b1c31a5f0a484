"""The charts of the screen, drawn from the same frames for paper: no browser, no network, the same bytes every time."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from model import palette
from model.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

MILLION = 1e6
WIDTH_INCHES = 6.3
BAR_INCHES = {1: 0.25, 2: 0.36}
"""Room for a bar by the lines of the longest label."""
FRAME_INCHES = 0.95
CURVE_INCHES = 2.6
PNG_DOTS_PER_INCH = 170
FONT_POINTS = 8.5
LABEL_WIDTH = 26
"""Characters of a category label before it is broken into two lines."""
GLYPH = re.compile(r"Glyph (\d+)")

mpl.rcParams["svg.hashsalt"] = "minerals-accord"
mpl.rcParams["svg.fonttype"] = "path"
mpl.rcParams["font.family"] = "DejaVu Sans"
mpl.rcParams["font.size"] = FONT_POINTS
mpl.rcParams["axes.formatter.use_mathtext"] = False


def svg(figure: Figure) -> bytes:
    """A figure as SVG with its letters as outlines."""
    return _saved(figure, "svg", {"Date": None, "Creator": "Minerals Accord"})


def png(figure: Figure) -> bytes:
    """A figure as PNG, for programs that do not read SVG."""
    return _saved(figure, "png", {"Software": "Minerals Accord"})


def gains(frame: pd.DataFrame) -> Figure:
    """Diverging bars per party: users, producers, treasury and rents, with the net marked; zero is the status quo."""
    figure, axes = _bars_figure(frame["party"])
    place = np.arange(len(frame))
    ends = {1: np.zeros(len(frame)), -1: np.zeros(len(frame))}
    for column, name in palette.ACCOUNT_NAMES.items():
        values = frame[column].to_numpy(dtype=float) / MILLION
        if column == "rents_usd" and np.abs(values).max(initial=0.0) * MILLION < 1.0:
            continue
        for side, start in ends.items():
            part = np.where(np.sign(values) == side, values, 0.0)
            axes.barh(place, part, 0.62, left=start, color=palette.ACCOUNTS[column], label=name if side > 0 else None)
            ends[side] = start + part
    net = frame["net_usd"].to_numpy(dtype=float) / MILLION
    axes.plot(net, place, "D", color=palette.INK, markeredgecolor="white", markersize=6, label="Net")
    _zero(axes)
    return _finish(figure, axes, list(frame["party"]), "Change on the status quo, million USD/yr")


def sources(frame: pd.DataFrame) -> Figure:
    """Supply of the parties by origin: status quo in grey behind, the scenario in front, coloured by side."""
    figure, axes = _bars_figure(frame["name"])
    place = np.arange(len(frame))
    axes.barh(place, frame["status_quo"].to_numpy(dtype=float), 0.8, color=palette.STATUS_QUO, label="Status quo")
    for group, name in (("party", "Parties"), ("non_party", "Non-parties"), ("stocks", "Stocks")):
        rows = (frame["group"] == group).to_numpy()
        if rows.any():
            values = frame["with_agreement"].to_numpy(dtype=float)[rows]
            axes.barh(place[rows], values, 0.42, color=palette.GROUPS[group], label=name)
    return _finish(figure, axes, list(frame["name"]), "Supply to the parties, t/yr")


def industries(frame: pd.DataFrame) -> Figure:
    """Extra cost of the industries hit most, with and without the agreement; zero is the status quo."""
    figure, axes = _bars_figure(frame["name"])
    place = np.arange(len(frame))
    axes.barh(
        place, frame["extra_cost_usd"].to_numpy(dtype=float) / MILLION, 0.62, color=palette.USERS, label="This scenario"
    )
    without = frame["extra_cost_usd_without"].to_numpy(dtype=float) / MILLION
    if np.abs(without).max(initial=0.0) * MILLION > 1.0:
        axes.plot(
            without,
            place,
            "|",
            color=palette.WITHOUT_AGREEMENT,
            markersize=13,
            markeredgewidth=3,
            label="Shock without agreement",
        )
    _zero(axes)
    return _finish(figure, axes, list(frame["name"]), "Extra cost on the status quo, million USD/yr")


def response(levels: pd.DataFrame, ends: Any, fails_from_usd_per_t: float | None) -> Figure:
    """Parties' price over floor levels.

    Where the floor is slack, where it fails in some party, and the scenario's own point.
    """
    figure, axes = _figure(CURVE_INCHES)
    tried = levels["level_usd_per_t"].to_numpy(dtype=float)
    low, high = float(tried.min()), float(tried.max())
    slack = min(max(float(ends.slack_up_to_usd_per_t), low), high) if ends.slack_up_to_usd_per_t is not None else low
    top = 1.08 * max(high, float(levels["price_usd_per_t"].max()))
    if slack > low:
        axes.axvspan(low, slack, color=palette.SLACK, linewidth=0)
        axes.text(low, 0.02 * top, " does not bind", ha="left", va="bottom")
    if fails_from_usd_per_t is not None:
        axes.axvspan(fails_from_usd_per_t, high, color=palette.FAILS, linewidth=0)
        axes.text(high, 0.02 * top, "fails in some party ", ha="right", va="bottom")
    axes.plot([low, high], [low, high], ":", color=palette.STATUS_QUO, linewidth=1.5, label="Price = floor")
    axes.plot([low, high], [ends.status_quo_usd_per_t] * 2, color=palette.STATUS_QUO, linewidth=2, label="Status quo")
    axes.plot(
        tried,
        levels["price_usd_per_t"].to_numpy(dtype=float),
        color=palette.PARTY,
        linewidth=2.5,
        label="Parties' price",
    )
    if ends.agreed_usd_per_t is not None:
        point = (ends.agreed_usd_per_t, ends.price_as_agreed_usd_per_t)
        axes.plot(*point, "D", color=palette.INK, markeredgecolor="white", markersize=7, label="This scenario")
    axes.set_xlim(low, high)
    axes.set_ylim(0, top)
    axes.set_xlabel("Floor level, USD/t")
    axes.set_ylabel("Parties' price, USD/t")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    return _dressed(figure, axes, "both")


def _bars_figure(labels: pd.Series) -> tuple[Figure, Axes]:
    lines = max((_broken(str(label)).count("\n") + 1 for label in labels), default=1)
    return _figure(FRAME_INCHES + BAR_INCHES[lines] * max(len(labels), 2))


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _zero(axes: Axes) -> None:
    axes.axvline(0, color=palette.STATUS_QUO, linewidth=2.5, zorder=0.9, label="Status quo")


def _finish(figure: Figure, axes: Axes, labels: Sequence[str], title: str) -> Figure:
    axes.set_yticks(np.arange(len(labels)), [_broken(str(label)) for label in labels])
    axes.invert_yaxis()
    axes.set_xlabel(title)
    return _dressed(figure, axes, "x")


def _dressed(figure: Figure, axes: Axes, grid: str) -> Figure:
    axes.grid(axis=grid, color=palette.GRID, linewidth=0.7)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.tick_params(length=0, colors=palette.INK)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper left",
        ncols=6,
        frameon=False,
        handlelength=1.2,
        columnspacing=1.2,
    )
    return figure


def _broken(name: str) -> str:
    """A label cut into two lines at a space near the middle, where it is long."""
    spaces = [index for index, letter in enumerate(name) if letter == " "]
    if len(name) <= LABEL_WIDTH or not spaces:
        return name
    at = min(spaces, key=lambda index: abs(index - len(name) / 2))
    return f"{name[:at]}\n{name[at + 1 :]}"


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
