"""What a design page says in words and tables: names for codes, states of the world, term sheet, margins, gains."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from model.design.limits import SHARE
from model.findings.wording import figures, listing, percent, starting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.design.frontier import Point
    from model.design.request import State
    from model.findings.wording import Names

_CODE = re.compile(r"\b[A-Z]{3}\b")


def with_names(text: str, names: Names) -> str:
    """A sentence with the names of regions for their codes; other words of three capitals stay.

    A label before a colon and the beginning of a sentence take no article.
    """

    def name(found: re.Match[str]) -> str:
        code = found.group()
        is_label = found.start() == 0 or text[found.end() : found.end() + 1] == ":"
        return names.region(code) if is_label else names.the_region(code)

    return _CODE.sub(name, text)


def signed(value: float, digits: int = 3) -> str:
    """A change with its sign, in few figures.

    >>> signed(-12.345), signed(0.0), signed(3e-9)
    ('−12.3', '0', '0')
    """
    if abs(value) < SMALLEST_SHOWN:
        return "0"
    return f"{'+' if value > 0 else '−'}{figures(abs(value), digits)}"


SMALLEST_SHOWN = 5e-5
"""Amounts below this are shown as nothing [million USD/yr]."""


def states_table(states: Sequence[State], names: Names) -> pd.DataFrame:
    """The states of the world: probability, and severity over the year beside the library's own."""
    rows: list[tuple[str, float, float | None, float | None, float | None, str]] = []
    for state in states:
        if state.shock is None:
            rows.append(("No shock", state.probability, None, None, None, ""))
            continue
        known = names.library.describe(state.shock.name)
        rows.append(
            (known.name, state.probability, state.shock.severity, known.severity, known.duration_yr, known.unit)
        )
    columns = ["state", "probability_per_yr", "severity_over_the_year", "full_severity", "duration_yr", "unit"]
    return pd.DataFrame(rows, columns=columns)


def states_in_words(states: Sequence[State]) -> str:
    """How many shocks count with which probability, and that their duration scales them."""
    shocks = [state for state in states if state.shock is not None]
    calm = states[0].probability
    if not shocks:
        return "No named shock touches these minerals: one state of the world."
    return (
        f"Expected values are over {len(shocks)} named shocks that exclude each other ({percent(1.0 - calm)} a year "
        f"together, none {percent(calm)}). A shock that lasts part of a year counts with that part of its severity, "
        "so it is milder here than the same shock at full severity in the sidebar."
    )


def terms_in_words(sheet: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The term sheet with names for ids and every level with its unit; one mineral needs no column of its own."""
    table = pd.DataFrame(
        {
            "Mineral": [names.mineral(each) if each else "" for each in sheet["mineral"]],
            "Term": [starting(each) for each in sheet["term"]],
            "Who": [with_names(each, names) for each in sheet["who"]],
            "Level": [level_in_words(level, unit) for level, unit in zip(sheet["level"], sheet["unit"], strict=True)],
            "Note": list(sheet["note"]),
        },
        columns=["Mineral", "Term", "Who", "Level", "Note"],
    )
    return table if sheet["mineral"].nunique() > 1 else table.drop(columns="Mineral")


def level_in_words(level: float, unit: str) -> str:
    """A level with its unit; shares in percent, nothing where there is no unit."""
    if not unit:
        return ""
    if unit.startswith("share"):
        return f"{percent(level)}{unit.removeprefix('share')}"
    rounded = float(f"{abs(level):.5g}")
    return f"{'−' if level < 0 else ''}{rounded:,.12g} {unit}"


def margins_in_words(lines: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Red lines in words, with the margin left in their unit and whether it is none."""
    return pd.DataFrame(
        {
            "Margin": [margin(value, unit) for value, unit in zip(lines["margin"], lines["unit"], strict=True)],
            "Red line": [with_names(each, names) for each in lines["red_line"]],
        },
        columns=["Margin", "Red line"],
    )


def margin(value: float, unit: str) -> str:
    """A margin in its unit; a red line that is broken says so.

    >>> margin(0.123, "share"), margin(-2.0, "million USD/yr")
    ('12 percentage points', 'broken by 2.00 million USD/yr')
    """
    size, words = (100.0 * value, "percentage points") if unit == SHARE else (value, unit)
    if abs(size) < JUST_MET:
        return "just met"
    amount = f"{figures(abs(size), 2 if unit == SHARE else 3)} {words}"
    return amount if value > 0 else f"broken by {amount}"


def proof_in_words(difference: float, gap: float) -> str:
    """How far the verified gains are from the predicted ones, and the choice from the best possible."""
    best = (
        "the choice is the best of its menu"
        if gap < SMALLEST_GAP
        else f"the choice is within {percent(gap)} of the best"
    )
    proved = (
        "Predicted and verified gains agree"
        if difference < SMALLEST_GAP
        else (f"Predicted and verified gains differ by at most {percent(difference)}")
    )
    return f"{proved}; {best}."


SMALLEST_GAP = 5e-5


def frontier_in_words(points: Sequence[Point]) -> str:
    """How many agreements the frontier holds, and what to do with them."""
    if len(points) == 1:
        return "One agreement of the menu is best in both: nothing has to be traded."
    return (
        f"{len(points)} agreements, each with the most of the one for a level of the other, as predicted. Click a "
        "point to load its agreement."
    )


def point_in_words(point: Point, titles: Sequence[tuple[str, str]]) -> str:
    """The two measures of a point on a frontier, and that it is not verified yet."""
    values = zip((point.first, point.second), titles, strict=True)
    told = [
        f"{name} {percent(value) if unit == SHARE else f'{signed(value)} {unit}'}" for value, (name, unit) in values
    ]
    return f"Selected: {listing(told)}, as predicted; loading it solves it."


JUST_MET = 1e-3
"""Margins below this are rounding: a thousand dollars a year, a thousandth of a percentage point."""


def shown(table: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """A table for the screen: numbers in few significant figures, dust as zero; the data to download keep theirs."""
    rounded = table.copy()
    for column in rounded.select_dtypes("number").columns:
        values = [float(value) for value in rounded[column]]
        rounded[column] = [_rounded(value, digits) for value in values]
    return rounded


def _rounded(value: float, digits: int) -> float:
    return 0.0 if abs(value) < DUST else float(f"{value:.{digits}g}")


DUST = 5e-4
"""Amounts below this are shown as zero [million USD/yr]."""


def gains_table(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Gains by party with region names and a last row for all parties together; money columns are left as they are."""
    total = frame.drop(columns="party").sum().to_dict()
    named = frame.assign(party=[names.region(party) for party in frame["party"]])
    return pd.concat([named, pd.DataFrame([{"party": "All parties", **total}])], ignore_index=True)


def sentences(texts: Iterable[object], names: Names) -> list[str]:
    """Sentences about red lines and limits, with names for codes."""
    return [with_names(str(text), names) for text in texts]
