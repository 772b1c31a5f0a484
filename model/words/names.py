"""Display names of what the tables name, as labels and inside sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from model.data.schemas.policy import CONTROL_KINDS
from model.data.schemas.supply import STAGES
from model.words.numbers import lasting, listing, lowered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from model.data import Tables

TAKES_ARTICLE = ("United", "European", "Philippines", "Rest of")
"""Beginnings of region names that take "the" inside a sentence."""
CLASSES = ("defense", "energy", "critical_infrastructure")
"""Classes of industries that are told apart, and whose supply a red line can assure."""
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


ASSUMPTION_WORDS = {
    "demand_elasticity_short": "response of use to price within a year",
    "demand_elasticity_long": "response of use to price in the long run",
    "supply_elasticity_short": "response of output to price within a year",
    "supply_elasticity_long": "response of output to price in the long run",
    "capacity_headroom_short": "room for more output within a year",
    "capacity_headroom_long": "room for more output in the long run",
    "stock_release_share": "share of stocks that users release",
    "exporter_stockpile_months": "months of exports that exporters stockpile",
    "friction_sigma": "elasticity between suppliers",
    "choke_price_multiple": "choke price",
    "stock_release_full_price": "price at which stocks are all released",
    "exporter_stockpile_price_share": "price at which exporters stockpile",
    "quote_OUTSIDE": "price quoted outside China",
    "quote_CHN": "price quoted in China",
}
"""What an assumption is, where its name does not say it."""

BASE_YEAR = "2024"
"""Year of the quantities and prices from which every status quo starts."""


REGION = re.compile(r"\b[A-Z]{3}\b")
CONTROL = re.compile(rf"({'|'.join(CONTROL_KINDS)})_([A-Z]{{3}})_({'|'.join(STAGES)})(?:_to_([A-Z_]+))?\.(\w+)")
"""How the level of an export control is named among the assumptions: kind, exporter, stage, importers, mineral."""


def _by_id(table: pd.DataFrame) -> dict[str, str]:
    return {str(id): str(name) for id, name in zip(table["id"], table["name"], strict=True)}


def _products(minerals: pd.DataFrame) -> dict[str, str]:
    """What is traded at every stage; a market with one stage needs no stage in its name."""
    words = {}
    for row in minerals[minerals["kind"] == "market"].itertuples():
        stages, name = str(row.stages).split(";"), lowered(str(row.name))
        for stage in stages:
            plain = name if len(stages) == 1 else f"{name} ore" if stage == "mine" else f"refined {name}"
            words[f"{row.id} {stage}"] = STAGE_WORDS.get((str(row.id), stage), plain)
    return words


def _contents(minerals: pd.DataFrame) -> dict[str, str]:
    """What a tonne of each mineral is a tonne of."""
    return {
        str(id): str(content).removeprefix("t ")
        for id, content in zip(minerals["id"], minerals["content"], strict=True)
    }


def _shocks(shocks: pd.DataFrame) -> dict[str, str]:
    """Names of shocks; one that lasts part of a year says for how long, since it counts for that part."""
    columns = (shocks[column] for column in ("shock_id", "name", "duration_yr"))
    return {
        str(id): f"{name} ({lasting(float(years))})" if years < 1.0 else str(name)
        for id, name, years in zip(*columns, strict=True)
    }


def _severities(shocks: pd.DataFrame) -> dict[str, tuple[float | None, str]]:
    """Severity and its unit of every shock; the first of its rows says which, as in the library."""
    rows = shocks[["shock_id", "severity", "unit"]].to_numpy()[::-1]
    return {str(id): (float(severity), str(unit)) for id, severity, unit in rows}


def _kinds(shocks: pd.DataFrame) -> dict[str, str]:
    """What happens in every shock; the first of its rows says it."""
    return {str(id): str(kind) for id, kind in shocks[["shock_id", "kind"]].to_numpy()[::-1]}


def readable(assumption: str) -> str:
    """An assumption's or a field's name as words.

    >>> readable("demand_elasticity_short.antimony")
    'demand elasticity short (antimony)'
    """
    name, _, mineral = assumption.partition(".")
    return name.replace("_", " ") + (f" ({mineral.replace('_', ' ')})" if mineral else "")


class Names:
    """Display names of everything the tables name."""

    def __init__(self, tables: Tables) -> None:
        minerals, coalitions = tables["minerals"], tables["coalitions"]
        shocks = tables["shocks"]
        self._names: Mapping[str, Mapping[str, str]] = {
            "region": _by_id(tables["regions"]),
            "mineral": _by_id(minerals),
            "product": _products(minerals),
            "content": _contents(minerals),
            "industry": _by_id(tables["industries"]),
            "shock": _shocks(shocks),
        }
        self._severities, self._kinds = _severities(shocks), _kinds(shocks)
        self._coalitions = {frozenset(str(row.members).split(";")): str(row.name) for row in coalitions.itertuples()}
        self.status_quo_date = str(tables["status_quo"].iloc[0]["date"])[:10]

    @classmethod
    def stored(
        cls,
        names: Mapping[str, Mapping[str, str]],
        parties: Iterable[str],
        status_quo_date: str,
        shocks: pd.DataFrame | None = None,
        minerals: pd.DataFrame | None = None,
    ) -> Names:
        """The names that a snapshot holds, by kind and id, and its rows of the tables of shocks and minerals."""
        kept = cls.__new__(cls)
        kept._names = {**names, "content": {} if minerals is None else _contents(minerals)}
        kept._severities, kept._kinds = ({}, {}) if shocks is None else (_severities(shocks), _kinds(shocks))
        kept._coalitions = {frozenset(parties): names.get("coalition", {}).get("parties", "")}
        kept.status_quo_date = status_quo_date
        return kept

    def status_quo(self, *, today: bool) -> str:
        """What a status quo is: prices and rules of its date, or the base year's trade under those rules alone."""
        if today:
            return f"prices, duties and export controls of {self.status_quo_date}"
        return f"trade of {BASE_YEAR} under the duties and export controls in force on {self.status_quo_date}"

    def _of(self, kind: str, id: str) -> str:
        return self._names.get(kind, {}).get(id, id)

    @property
    def regions(self) -> frozenset[str]:
        """Every region there is."""
        return frozenset(self._names.get("region", {}))

    def region(self, region: str) -> str:
        """A region's name as a label."""
        return self._of("region", region)

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

    def assumption(self, name: str, mineral_in_view: bool = False) -> str:
        """An assumption's name as words, with names for the codes of regions; its mineral unless that is in view."""
        control = CONTROL.fullmatch(name)
        if control is None:
            id, _, mineral = name.partition(".")
            id = ASSUMPTION_WORDS.get(id, id)
            told = readable(f"{id}.{mineral}" if mineral and not mineral_in_view else id)
            return REGION.sub(lambda code: self.region(code.group()), told)
        kind, exporter, stage, importers, mineral = control.groups()
        of = f"{readable(kind)} {'for' if kind == 'licence' else 'on'} {self.product(mineral, stage)}"
        to = f" to {self.the_regions(importers.split('_'))}" if importers else ""
        return f"{of} from {self.the_region(exporter)}{to}"

    def mineral(self, mineral: str) -> str:
        """A mineral's name as a label."""
        return self._of("mineral", mineral)

    def flow_unit(self, mineral: str) -> str:
        """The unit of its yearly quantities with what they are tonnes of: "t/yr of Li"."""
        return f"t/yr of {self._of('content', mineral)}"

    def stage(self, mineral: str, stage: str) -> str:
        """A stage as a short label."""
        return STAGE_LABELS.get((mineral, stage), "Ore" if stage == "mine" else "Refined")

    def product(self, mineral: str, stage: str) -> str:
        """What is traded at a stage, inside a sentence."""
        return self._of("product", f"{mineral} {stage}")

    def industry(self, industry: str) -> str:
        """An industry's name as a label."""
        return self._of("industry", industry)

    def coalition(self, parties: Iterable[str]) -> str:
        """The name of a coalition with exactly these members, or nothing."""
        return self._coalitions.get(frozenset(parties), "")

    def the_parties(self, parties: Sequence[str]) -> str:
        """The parties inside a sentence: a named coalition, a few names, or a number of countries."""
        coalition = self.coalition(parties) if len(parties) > 3 else ""
        return f"{coalition} ({len(parties)} parties)" if coalition else self.the_regions(parties)

    def shock(self, name: str) -> str:
        """A library shock's name, with how long it lasts where that is part of a year."""
        return self._of("shock", name)

    def severity(self, shock: str) -> tuple[float | None, str]:
        """The library's own severity of a shock and its unit."""
        return self._severities.get(shock, (None, ""))

    def kind_of_shock(self, name: str) -> str:
        """What happens in a library shock, as the table has it; nothing of one that is unknown."""
        return self._kinds.get(name, "")
