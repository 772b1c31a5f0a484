"""Charts of a design as records: who gains, what each lever contributes, what one aim costs the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from model import palette
from model.findings.charts import Axis, Bars, Chart, Line, Points, Ticks
from model.findings.whose import STATE_NAMES
from model.units import MILLION, MONEY
from model.words import accounts
from model.words.numbers import changes, starting

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOM = 0.05
"""What an axis reaches beyond its outermost points, as a share of what they span."""
PARTS = {
    **{
        f"{name}_musd": (label, palette.ACCOUNT_COLOURS[f"{name}_usd"])
        for name, label in accounts.NAMES.items()
        if name != "transfers"
    },
    "settlements_musd": (accounts.SETTLEMENTS_AND_TRANSFERS, palette.TRANSFERS),
}
ALWAYS_SHOWN = ("users_musd", "producers_musd", "treasury_musd")
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


def gains(frame: pd.DataFrame, sentence: str, net: str, predicted: str = "") -> Chart:
    """Diverging bars of each party's parts, its net marked, and beside it the net that was predicted."""
    marks: list[Bars | Ticks | Points] = [
        _bars(frame, part, name, colour)
        for part, (name, colour) in PARTS.items()
        if part in ALWAYS_SHOWN or changes(float(frame[part].abs().max()) * MILLION)
    ]
    if predicted:
        marks.append(
            Ticks(f"{accounts.NET_GAIN}, predicted", palette.INK, tuple(frame["party"]), tuple(frame[predicted]))
        )
    marks.append(
        Points(
            f"{accounts.NET_GAIN}, verified" if predicted else accounts.NET_GAIN,
            tuple(frame[net]),
            tuple(frame["party"]),
        )
    )
    return _stacked("who gains it in each party", f"Expected change, {MONEY}", sentence, frame, marks)


def attribution(frame: pd.DataFrame, sentence: str) -> Chart:
    """Stacked bars of what each instrument contributes to each party's gain."""
    marks = [
        _bars(rows, "musd", str(lever), LEVERS.get(str(lever), palette.INK))
        for lever, rows in frame.groupby("lever", sort=False)
    ]
    return _stacked(
        "what each instrument contributes", f"Contribution to expected gain, {MONEY}", sentence, frame, marks
    )


def levers(frame: pd.DataFrame, sentence: str, column: str) -> Chart:
    """One bar per lever: what it contributes to the gain of all parties."""
    marks = [_bars(frame.rename(columns={"lever": "party"}), column, column, palette.PARTY)]
    return _stacked("what each lever contributes", f"{column}, {MONEY}", sentence, frame, marks)


def frontier(
    points: Sequence[tuple[float, float]],
    found: tuple[float, float],
    measures: tuple[tuple[str, str], tuple[str, str]],
    sentence: str,
) -> Chart:
    """The most of one measure for every level of another, and where the agreement found stands.

    Points are (first, second) measure, ``measures`` their names and units.
    """
    frame = pd.DataFrame(points, columns=[name for name, _ in measures])
    firsts, seconds = (tuple(frame[name]) for name in frame)
    y, x = (
        _around(f"{starting(name)}, {unit}", unit, [*frame[name], at])
        for (name, unit), at in zip(measures, found, strict=True)
    )
    return Chart(
        title="what one aim costs the other",
        form="A curve of one measure over another",
        sentence=sentence,
        table=frame,
        x=x,
        y=y,
        marks=(
            Line("Frontier", palette.STATUS_QUO, seconds, firsts, dots=palette.PARTY),
            Points("The agreement found", found[1:], found[:1]),
        ),
    )


def _around(title: str, unit: str, values: Sequence[float]) -> Axis:
    """An axis with some room on either side of its values."""
    low, high = min(values), max(values)
    room = ROOM * (high - low or abs(high) or 1.0)
    return Axis(title, unit, low - room, high + room)


def _bars(rows: pd.DataFrame, column: str, name: str, colour: str) -> Bars:
    return Bars(name, colour, tuple(rows["party"]), tuple(rows[column]))


def _stacked(
    title: str, axis: str, sentence: str, frame: pd.DataFrame, marks: Sequence[Bars | Ticks | Points]
) -> Chart:
    """Bars end to end on either side of zero, and marks beside them."""
    values: dict[str, list[float]] = {}
    beside = [value for mark in marks if isinstance(mark, Ticks) for value in mark.values]
    beside += [value for mark in marks if isinstance(mark, Points) for value in mark.x]
    for mark in marks:
        if isinstance(mark, Bars):
            for label, value in zip(mark.labels, mark.values, strict=True):
                values.setdefault(label, []).append(value)
    low = min((sum(min(value, 0.0) for value in own) for own in values.values()), default=0.0)
    high = max((sum(max(value, 0.0) for value in own) for own in values.values()), default=0.0)
    return Chart(
        title=title,
        form="Diverging bars",
        sentence=sentence,
        table=frame,
        x=Axis(axis, MONEY, min(low, *beside, 0.0), max(high, *beside, 0.0), both_sides=True),
        marks=tuple(marks),
        labels=tuple(values),
        label_width=40,
        stacked=True,
        zero=STATE_NAMES["status_quo"],
    )
