"""Numbers and names as a reader sees them: few figures, thousands separators, units, articles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from model.data import Tables
    from model.scenario import ShockLibrary

SCALES = ((1e12, "trillion "), (1e9, "billion "), (1e6, "million "))
TAKES_ARTICLE = ("United", "European", "Philippines", "Rest of")
"""Beginnings of region names that take "the" inside a sentence."""
STAGE_WORDS = {
    ("aluminum", "mine"): "alumina",
    ("aluminum", "refined"): "primary aluminum",
    ("lithium", "refined"): "lithium chemicals",
}
"""What the trade calls a stage, where "ore" or "refined" would mislead."""

STAGE_LABELS = {
    ("aluminum", "mine"): "Alumina",
    ("aluminum", "refined"): "Primary",
    ("lithium", "refined"): "Chemicals",
}


def figures(value: float, digits: int = 3) -> str:
    """A number with so many significant figures and thousands separators.

    >>> figures(27_096.4), figures(0.01234), figures(-1_234_567.0)
    ('27,100', '0.0123', '-1,230,000')
    """
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else "unknown"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    return f"{rounded:,.{max(decimals, 0)}f}"


def money(usd: float, digits: int = 3) -> str:
    """An amount of money without its sign.

    >>> money(312_400_000), money(-1.5e9), money(48_200)
    ('312 million USD', '1.50 billion USD', '48,200 USD')
    """
    amount = abs(usd)
    for scale, name in SCALES:
        if amount >= scale * 0.9995:
            return f"{figures(amount / scale, digits)} {name}USD"
    return f"{figures(amount, digits)} USD"


def signed_money(usd: float) -> str:
    """An amount of money with its sign.

    >>> signed_money(-2e6), signed_money(0.0)
    ('−2.00 million USD', '0 USD')
    """
    return f"{sign(usd)}{money(usd)}"


def sign(value: float) -> str:
    """Plus or minus sign of a change that is shown; nothing for zero."""
    if value == 0:
        return ""
    return "+" if value > 0 else "−"


def price(usd_per_t: float) -> str:
    """A price.

    >>> price(152_750.2)
    '153,000 USD/t'
    """
    return f"{figures(usd_per_t)} USD/t"


def tonnes(quantity_t: float) -> str:
    """A yearly quantity.

    >>> tonnes(13_283.7)
    '13,300 t/yr'
    """
    return f"{figures(quantity_t)} t/yr"


def percent(share: float) -> str:
    """A share in percent: whole numbers from ten up, two figures below.

    >>> percent(0.814), percent(0.0213), percent(-1.2)
    ('81 %', '2.1 %', '-120 %')
    """
    if not math.isfinite(share):
        return "unknown"
    value = 100 * share
    if abs(value) >= 9.95 or value == 0:
        return f"{value:,.0f} %"
    return f"{figures(value, 2)} %"


def signed_percent(share: float) -> str:
    """A change in percent with its sign; "no change" where it would round to nothing.

    >>> signed_percent(0.2), signed_percent(-0.034), signed_percent(1e-7)
    ('+20 %', '−3.4 %', 'no change')
    """
    if abs(share) < 5e-5:
        return "no change"
    return f"{sign(share)}{percent(abs(share))}"


def listing(names: Sequence[str]) -> str:
    """Names in a row with "and" before the last.

    >>> listing(["Japan", "Korea", "Mexico"])
    'Japan, Korea and Mexico'
    """
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def starting(text: str) -> str:
    """The text with a capital first letter, the rest unchanged."""
    return text[:1].upper() + text[1:]


def _by_id(table: pd.DataFrame) -> dict[str, str]:
    return {str(id): str(name) for id, name in zip(table["id"], table["name"], strict=True)}


class Names:
    """Display names of everything the tables name."""

    def __init__(self, tables: Tables, library: ShockLibrary) -> None:
        self._regions = _by_id(tables["regions"])
        minerals = tables["minerals"]
        self._minerals = _by_id(minerals)
        self._stages = {
            str(row.id): str(row.stages).split(";") for row in minerals[minerals["kind"] == "market"].itertuples()
        }
        coalitions = tables["coalitions"]
        self._coalitions = {frozenset(str(row.members).split(";")): str(row.name) for row in coalitions.itertuples()}
        self._industries = _by_id(tables["industries"])
        self.library = library
        status_quo = tables["status_quo"].iloc[0]
        self.status_quo_date = str(status_quo["date"])[:10]

    def region(self, region: str) -> str:
        """A region's name as a label."""
        return self._regions.get(region, region)

    def the_region(self, region: str) -> str:
        """A region's name inside a sentence."""
        name = self.region(region)
        return f"the {name}" if name.startswith(TAKES_ARTICLE) else name

    def the_regions(self, regions: Iterable[str], most: int = 4) -> str:
        """Regions inside a sentence; beyond ``most`` only the number of the others."""
        names = [self.the_region(region) for region in regions]
        if len(names) > most:
            names = [*names[: most - 1], f"{len(names) - most + 1} others"]
        return listing(names)

    def mineral(self, mineral: str) -> str:
        """A mineral's name as a label."""
        return self._minerals.get(mineral, mineral)

    def stage(self, mineral: str, stage: str) -> str:
        """A stage as a short label."""
        return STAGE_LABELS.get((mineral, stage), "Ore" if stage == "mine" else "Refined")

    def product(self, mineral: str, stage: str) -> str:
        """What is traded at a stage, inside a sentence.

        A market with one stage needs no stage in its name.
        """
        name = self.mineral(mineral).lower()
        if (mineral, stage) in STAGE_WORDS:
            return STAGE_WORDS[mineral, stage]
        if len(self._stages[mineral]) == 1:
            return name
        return f"{name} ore" if stage == "mine" else f"refined {name}"

    def industry(self, industry: str) -> str:
        """An industry's name as a label."""
        return self._industries.get(industry, industry)

    def coalition(self, parties: Iterable[str]) -> str:
        """The name of a coalition with exactly these members, or nothing."""
        return self._coalitions.get(frozenset(parties), "")

    def the_parties(self, parties: Sequence[str]) -> str:
        """The parties inside a sentence: a named coalition, a few names, or a number of countries."""
        coalition = self.coalition(parties)
        if coalition:
            return f"{coalition} ({len(parties)} parties)" if len(parties) > 3 else self.the_regions(parties)
        return self.the_regions(parties)

    def shock(self, name: str) -> str:
        """A library shock's name."""
        return self.library.describe(name).name
