"""Display names of what the tables name, as labels and inside sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.words.numbers import figures, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from model.data import Tables

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


def _by_id(table: pd.DataFrame) -> dict[str, str]:
    return {str(id): str(name) for id, name in zip(table["id"], table["name"], strict=True)}


class Names:
    """Display names of everything the tables name."""

    def __init__(self, tables: Tables) -> None:
        self._regions = _by_id(tables["regions"])
        minerals = tables["minerals"]
        self._minerals = _by_id(minerals)
        self._stages = {
            str(row.id): str(row.stages).split(";") for row in minerals[minerals["kind"] == "market"].itertuples()
        }
        coalitions = tables["coalitions"]
        self._coalitions = {frozenset(str(row.members).split(";")): str(row.name) for row in coalitions.itertuples()}
        self._industries = _by_id(tables["industries"])
        shocks = tables["shocks"].drop_duplicates("shock_id")
        columns = (shocks[column].tolist() for column in ("shock_id", "name", "severity", "unit"))
        self._shocks = {id: (name, severity, unit) for id, name, severity, unit in zip(*columns, strict=True)}
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

    def shock(self, name: str, severity: float | None = None) -> str:
        """A library shock's name, with its severity where that is not the library's own."""
        title, own, unit = self._shocks[name]
        return title if severity in {None, own} else f"{title} ({figures(severity)} {unit})"
