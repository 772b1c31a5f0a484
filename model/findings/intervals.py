"""How sure a number is, in words: its lowest and highest over the ranges of what is assumed, and what decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.studies.ranges import OWN, interval
from model.words.numbers import signed_money

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from model.words.names import Names


def range_in_words(trials: pd.DataFrame, number: str, text: Callable[[float], str], names: Names) -> str:
    """The interval of one number, told by ``text``: "15,100 to 21,300, moved most by licence for … from …".

    Trials that have no result are counted, since the interval does not know them.
    """
    found = interval(trials, number)
    if found is None:
        return "unknown: no trial has a result"
    low, high = text(found.low), text(found.high)
    told = f"{low} to {high}" if low != high else f"{low} throughout"
    by = f", moved most by {names.assumption(found.driver, mineral_in_view=True)}" if low != high else ""
    unknown = f"; {found.failed} of {found.trials} trials have no result" if found.failed else ""
    return f"{told}{by}{unknown}"


def own_ranges(trials: pd.DataFrame, names: Names, *, agreed: bool, shocked: bool) -> list[str]:
    """The parties' net gain over the same trials; under a shock the agreement's effect on users' cost as well."""
    net = "Net gain of the parties together"
    numbers = {"net_gain_usd": net} if shocked else {}
    if agreed:
        users = {f"{OWN}users_cost_usd": "Users' cost by the agreement"} if shocked else {}
        numbers = {f"{OWN}net_gain_usd": f"{net} by the agreement", **users}
    return [
        f"{what}, a year: {range_in_words(trials, number, signed_money, names)}."
        for number, what in numbers.items()
        if number in trials
    ]
