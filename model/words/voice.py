"""What a sentence about an agreement needs: names, a few for the screen or all for the memo, and exact levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.words import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.words.names import Names

MOST_LISTED = 4
"""Regions that a short sentence lists by name."""


PART_OF_YEAR = "A shock counts for the part of the year it lasts: six months count with half the severity."
"""The convention on how long a shock lasts, as every page and memo says it."""


@dataclass(frozen=True)
class Voice:
    """How an agreement is told: whose names, who the parties are, and whether every name is given.

    A level agreed is told with all its digits everywhere: only results are rounded.
    """

    names: Names
    parties: tuple[str, ...]
    every_name: bool = False

    def number(self, value: float) -> str:
        """A level without its unit."""
        return numbers.exact(value)

    def price(self, usd_per_t: float) -> str:
        """A price."""
        return f"{self.number(usd_per_t)} USD/t"

    def tonnes(self, quantity_t: float) -> str:
        """A quantity held."""
        return f"{self.number(quantity_t)} t"

    def quantity(self, quantity_t: float) -> str:
        """A quantity a year."""
        return f"{self.number(quantity_t)} t a year"

    def percent(self, share: float) -> str:
        """A share in percent."""
        return numbers.exact_percent(share)

    def money(self, usd: float) -> str:
        """An amount of money."""
        return f"{self.number(usd)} USD"

    def duty(self, specific: float, ad_valorem: float, *, greater_of: bool = False) -> str:
        """A duty: "25 %", "500 USD/t", their sum or the larger of the two."""
        parts = [self.percent(ad_valorem)] if ad_valorem or not specific else []
        parts += [self.price(specific)] if specific else []
        return f"the larger of {' and '.join(parts)}" if greater_of and len(parts) > 1 else " plus ".join(parts)

    def region(self, region: str) -> str:
        """A region's name as a label."""
        return self.names.region(region)

    def the_region(self, region: str) -> str:
        """A region's name inside a sentence."""
        return self.names.the_region(region)

    def the_regions(self, regions: Iterable[str]) -> str:
        """Regions inside a sentence: all parties, or all others, as such; else by name in alphabetical order."""
        named = frozenset(regions)
        if len(named) > 1 and named == frozenset(self.parties):
            return "the parties"
        if len(named) > 1 and named == self.names.regions - frozenset(self.parties):
            return "all non-parties" if self.every_name else "non-parties"
        return self.names.the_regions(
            sorted(named, key=self.names.region), most=len(named) if self.every_name else MOST_LISTED
        )

    def mineral(self, mineral: str) -> str:
        """A mineral's name inside a sentence."""
        return numbers.lowered(self.names.mineral(mineral))

    def product(self, mineral: str, stage: str) -> str:
        """What is traded at a stage, inside a sentence."""
        return self.names.product(mineral, stage)

    def shock(self, name: str, severity: float | None = None) -> str:
        """A library shock's name, with its severity where that is not the library's own.

        For example "China stops 60 % of antimony exports" or "Russia stops titanium, 60 % of exports stopped".
        """
        title, (own, unit) = self.names.shock(name), self.names.severity(name)
        if severity is None or severity == own:
            return title
        share = self.percent(severity)
        if unit == "share of exports stopped" and " all " in title:
            return title.replace(" all ", f" {share} of ", 1)
        if unit.startswith("share "):
            return f"{title}, {share} {unit.removeprefix('share ')}"
        if not unit:
            return f"{title}, at severity {share}"
        return f"{title} ({self.number(severity)} {unit})"
