"""How sure a number is, in words: its lowest and highest over the ranges of what is assumed, and what decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.studies.ranges import OWN, interval
from model.words.numbers import listing, lowered, signed_money

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from model.words.names import Names


@dataclass(frozen=True)
class Number:
    """One number of the headline as text: its name among the headline's, label, value, change on the status quo.

    ``text`` tells any value of it.
    """

    name: str
    label: str
    value: str
    change: str
    explanation: str
    text: Callable[[float], str]

    @property
    def short(self) -> str:
        """Its label in the middle of a sentence, without the unit."""
        return lowered(self.label.removesuffix(", USD/t").replace(", net", " net"))


def without_result(failed: int, trials: int) -> str:
    """How many trials have no result.

    >>> without_result(1, 28), without_result(3, 28)
    ('1 of 28 trials has no result', '3 of 28 trials have no result')
    """
    return f"{failed} of {trials} trials {'has' if failed == 1 else 'have'} no result"


def range_in_words(trials: pd.DataFrame, number: str, text: Callable[[float], str], names: Names) -> str:
    """The interval of one number, told by ``text``: "15,100 to 21,300, moved most by licence for … from …".

    Trials that have no result are counted, since the interval does not know them.
    """
    found = interval(trials, number)
    if found is None:
        return "unknown: no trial has a result"
    low, high = text(found.low), text(found.high)
    told, by = f"{low} to {high}" if low != high else f"{low} throughout", ""
    if found.driver and low != high:
        by = f", moved most by {names.assumption(found.driver, mineral_in_view=True)}"
    unknown = f"; {without_result(found.failed, found.trials)}" if found.failed else ""
    return f"{told}{by}{unknown}"


def ranges_in_words(trials: pd.DataFrame, numbers: Sequence[Number], names: Names) -> list[str]:
    """The intervals of several numbers, those together that the same assumption moves most; what nothing moves last."""
    moved: dict[str, list[str]] = {}
    still, unknown = [], []
    for number in numbers:
        found = interval(trials, number.name)
        if found is None:
            unknown.append(number.short)
            continue
        low, high = number.text(found.low), number.text(found.high)
        if low == high or not found.driver:
            still.append(number.short)
        else:
            driver = names.assumption(found.driver, mineral_in_view=True)
            moved.setdefault(driver, []).append(f"{number.short} {low} to {high}")
    failed = int(trials["fault"].notna().sum()) if len(trials) else 0
    told = [f"Moved most by {driver}: {'; '.join(each)}." for driver, each in moved.items()]
    told += [f"Not moved: {listing(still)}."] if still else []
    told += [f"Unknown, since no trial has a result: {listing(unknown)}."] if unknown else []
    return told + ([f"{without_result(failed, len(trials))}: not in it."] if failed else [])


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
