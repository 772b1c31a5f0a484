"""What a design page says in words and tables: names for codes, states of the world, term sheet, margins, gains."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from model.units import PERCENT, SHARE
from model.words.levers import Lever
from model.words.numbers import exact, exact_percent, figures, percent, starting
from model.words.voice import PART_OF_YEAR
from model.words.yearly import money_a_year, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.design.problem.draft import Draft
    from model.design.problem.request import WorldState
    from model.shocks import ShockLibrary
    from model.words.names import Names

ALL = "All parties"
_CODE = re.compile(r"\b[A-Z]{3}\b")


def with_names(text: str, names: Names, is_label: bool = False) -> str:
    """A sentence with the names of regions for their codes; other words of three capitals stay.

    A label, whether the whole text or what stands before a colon, and the beginning of a sentence take no article.
    """

    def name(found: re.Match[str]) -> str:
        code = found.group()
        stands_alone = is_label or found.start() == 0 or text[found.end() : found.end() + 1] == ":"
        return names.region(code) if stands_alone else names.the_region(code)

    return _CODE.sub(name, text)


def states_table(states: Sequence[WorldState], library: ShockLibrary) -> pd.DataFrame:
    """The states of the world: probability, severity and the library's own, as the screen has it, and duration.

    Shares are in percent.
    """
    rows: list[tuple[str, float, float | None, float | None, float | None, str]] = []
    for state in states:
        if state.shock is None:
            rows.append(("No shock", state.probability, None, None, None, ""))
            continue
        known = library.describe(state.shock.name)
        field = Lever({"unit": known.unit})
        severity = known.severity if state.shock.severity is None else state.shock.severity
        severities = field.shown(severity), field.shown(known.severity)
        rows.append((known.name, state.probability, *severities, known.duration_yr, field.unit))
    columns = ["state", "probability_per_yr", "severity", "severity_in_library", "duration_yr", "unit"]
    return pd.DataFrame(rows, columns=columns)


def states_in_words(states: Sequence[WorldState], names: Names) -> str:
    """Which shocks count with which probability, and how their expectation is taken."""
    shocks = [state for state in states if state.shock is not None]
    calm = states[0].probability
    if not shocks:
        return "No named shock counts: one state of the world."
    told = [f"{names.shock(state.name)}, {percent(state.probability)} a year" for state in shocks]
    these = "this named shock" if len(shocks) == 1 else f"these {len(shocks)} named shocks, each on its own"
    return (
        f"Expected values are over {these}: {'; '.join(told)}; a year without any: {percent(calm)}. Expected is "
        f"the value without a shock plus, for each, its probability times what it changes. {PART_OF_YEAR}"
    )


def shocks_left(named: Sequence[WorldState], draft: Draft) -> str:
    """How many of the named shocks are used, and how likely a year without any of them is."""
    used = [state for state in named if state.name not in draft.left_out]
    hazards = [draft.probability_percent.get(state.name, state.probability / PERCENT) * PERCENT for state in used]
    calm = math.prod(1.0 - hazard for hazard in hazards)
    return f"{len(used)} of {len(named)} shocks count; a year without any: {percent(calm)}."


def effort_in_words(coalitions: int, solves: int) -> str:
    """How much work it is to try coalitions, before anything of it is taken from the store.

    >>> effort_in_words(31, 217)
    '31 coalitions, up to 217 solves: about 45 s, less where some were solved before.'
    """
    seconds = SECONDS_PER_SOLVE * solves
    told = f"{5 * math.ceil(seconds / 5):.0f} s" if seconds < 90 else f"{math.ceil(seconds / 60):.0f} minutes"
    return f"{coalitions} coalitions, up to {solves:,} solves: about {told}, less where some were solved before."


SECONDS_PER_SOLVE = 0.2
"""Measured on two cores, page and all: 69 s for some 350 solves of antimony, 155 s for 1,019 of lithium."""


def terms_in_words(sheet: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Rows of a term sheet in words: levels with units, what differs by party in one row.

    One mineral needs no column of its own.
    """
    groups: dict[tuple[str, ...], list[Any]] = {}
    for row in sheet.itertuples():
        own = row.who if row.term == "project" else ""
        groups.setdefault(tuple(map(str, (row.mineral, row.term, row.unit, row.note, own))), []).append(row)
    rows = [_term(rows, names) for rows in groups.values()]
    table = pd.DataFrame(rows, columns=["Mineral", "Term", "Level", "Who", "How"])
    return table if sheet["mineral"].replace("", pd.NA).nunique() > 1 else table.drop(columns="Mineral")


def _term(rows: Sequence[Any], names: Names) -> tuple[str, ...]:
    """One row of the term sheet: a level for all, or each party's own with the sum of what can be added."""
    first, levels = rows[0], [float(row.level) for row in rows]
    whos = [with_names(row.who, names, is_label=True) for row in rows]
    level = level_in_words(abs(levels[0]) if first.term == "transfer" else levels[0], first.unit)
    if len(set(levels)) > 1:
        whos = [f"{who} {level_in_words(abs(own), row.unit)}" for who, own, row in zip(whos, levels, rows, strict=True)]
        level = "" if first.unit.startswith("share") else level_in_words(abs(sum(levels)), first.unit)
    mineral = names.mineral(first.mineral) if first.mineral else ""
    return mineral, starting(first.term), level, ("; " if len(set(levels)) > 1 else ", ").join(whos), first.note


def level_in_words(level: float, unit: str) -> str:
    """A level with its unit, to the last digit; shares in percent, nothing where there is no unit."""
    if not unit:
        return ""
    return (
        f"{exact_percent(level)}{unit.removeprefix('share')}" if unit.startswith("share") else f"{exact(level)} {unit}"
    )


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
    size = value / PERCENT if unit == SHARE else value
    if abs(size) < JUST_MET:
        return "just met"
    amount = f"{figures(abs(size), 2)} percentage points" if unit == SHARE else money_a_year(size)
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


JUST_MET = 1e-3
"""Margins below this are rounding: a thousand dollars a year, a thousandth of a percentage point."""


def shown(table: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """A table for the screen: few significant figures, at most three decimals; the data to download keep theirs."""
    few = table.copy()
    for column in few.select_dtypes("number").columns:
        few[column] = [rounded(float(value), digits) for value in table[column]]
    return few


def gains_table(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Gains by party with region names and a last row for all parties together; money columns are left as they are."""
    total = frame.drop(columns="party").sum().to_dict()
    named = frame.assign(party=[with_names(party, names, is_label=True) for party in frame["party"]])
    return pd.concat([named, pd.DataFrame([{"party": ALL, **total}])], ignore_index=True)


def sentences(texts: Iterable[object], names: Names) -> list[str]:
    """Sentences about red lines and limits, with names for codes."""
    return [with_names(str(text), names) for text in texts]
