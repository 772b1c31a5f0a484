"""Packages: what the parties may agree for one mineral, in negotiable steps, and the agreement each stands for."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from model.agreement import Agreement, Duty, Floor, Mechanism, Offtake, RentHolder, Stockpile, Trq
from model.records import Name, Price, Quantity, Rate, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from model.design.request import Menu
    from model.design.responses import Facts

SMALLEST_COMMITMENT = 1e-3
"""Trade below this share of the buyer's use is not worth a contract of its own."""


class Package(Record):
    """What is agreed for one mineral at its last stage. The neutral package agrees nothing.

    ``trqs`` holds one entry for a common quota (all parties) or one per party; ``offtakes`` are (producer, buyer, t)
    that bind in every state; ``projects`` the ids of those built.
    """

    mineral: Name
    stage: Name
    floor: Price = 0.0
    mechanism: Mechanism = Mechanism.VARIABLE_LEVY
    trqs: tuple[tuple[tuple[Name, ...], Quantity], ...] = ()
    over_quota_rate: Rate = 0.0
    rent_to: RentHolder = RentHolder.IMPORTER
    stockpiles: tuple[tuple[Name, Quantity], ...] = ()
    release_above: Price = 0.0
    offtakes: tuple[tuple[Name, Name, Quantity], ...] = ()
    projects: tuple[Name, ...] = ()

    @property
    def is_neutral(self) -> bool:
        """Whether nothing is agreed."""
        return not (self.floor or self.trqs or self.stockpiles or self.offtakes or self.projects)

    def agreement(self, parties: Sequence[str], regions: Iterable[str]) -> Agreement:
        """The instruments of the package as applied by ``parties``; terms that name others fall away."""
        place = {"mineral": self.mineral, "stage": self.stage}
        outsiders = tuple(region for region in regions if region not in parties)
        floors = (
            (Floor(parties=tuple(parties), price=self.floor, mechanism=self.mechanism, **place),) if self.floor else ()
        )
        shared = ((tuple(name for name in names if name in parties), quantity) for names, quantity in self.trqs)
        rate = Duty(ad_valorem=self.over_quota_rate)
        return Agreement(
            floors=floors,
            trqs=tuple(
                Trq(importers=names, exporters=outsiders, quantity=q, over_quota=rate, rent_to=self.rent_to, **place)
                for names, q in shared
                if names and outsiders
            ),
            stockpiles=tuple(
                Stockpile(party=party, quantity=quantity, release_above=self.release_above, **place)
                for party, quantity in self.stockpiles
                if party in parties
            ),
            offtakes=tuple(
                Offtake(producer=producer, buyer=buyer, quantity=quantity, **place)
                for producer, buyer, quantity in self.offtakes
                if producer in parties and buyer in parties
            ),
        )


class Levels(Record):
    """One point of the menu, as shares of the status quo."""

    floor: float = 0.0
    mechanism: Mechanism = Mechanism.VARIABLE_LEVY
    trq_quantity: float = 1.0
    over_quota_rate: float = 0.0
    stockpile: float = 0.0
    commitment: float = 0.0
    projects: Annotated[tuple[Name, ...], Field(description="ids of projects built")] = ()

    @property
    def canonical(self) -> Levels:
        """The same point with levels that do nothing put to their neutral value."""
        changes: dict[str, object] = {}
        if self.floor <= 0:
            changes["mechanism"] = Mechanism.VARIABLE_LEVY
        if self.over_quota_rate <= 0:
            changes["trq_quantity"] = 1.0
        return self.model_copy(update=changes)


def menu_levels(menu: Menu, project_sets: Sequence[tuple[str, ...]] = ((),)) -> list[Levels]:
    """Every combination of the menu's levels, without repetition, "nothing" first."""
    grid = product(
        menu.floor_levels,
        menu.mechanisms,
        menu.trq_quantities,
        menu.over_quota_rates,
        menu.stockpiles,
        menu.commitments,
        project_sets,
    )
    names = list(Levels.model_fields)
    points = [Levels(), *(Levels(**dict(zip(names, point, strict=True))).canonical for point in grid)]
    return list(dict.fromkeys(points))


def package_of(levels: Levels, facts: Facts, parties: Sequence[str], menu: Menu, step: float) -> Package:
    """The package at a point of the menu, its levels rounded to negotiable steps of the status quo's sizes."""
    price_step = negotiable_step(step * facts.price_usd_per_t)
    return Package(
        mineral=facts.mineral,
        stage=facts.stage,
        floor=round_to(levels.floor * facts.price_usd_per_t, price_step),
        mechanism=levels.mechanism,
        trqs=tuple(_trqs(levels, facts, parties, menu, step)),
        over_quota_rate=round_to(levels.over_quota_rate, 0.01) if levels.over_quota_rate > 0 else 0.0,
        rent_to=menu.rent_to,
        stockpiles=tuple(_stockpiles(levels, facts, parties, step)),
        release_above=round_to(menu.release_above * facts.price_usd_per_t, price_step) if levels.stockpile > 0 else 0.0,
        offtakes=tuple(_commitments(levels, facts, parties, step)),
        projects=levels.projects,
    )


def _trqs(
    levels: Levels, facts: Facts, parties: Sequence[str], menu: Menu, step: float
) -> Iterator[tuple[tuple[str, ...], float]]:
    if levels.over_quota_rate <= 0:
        return
    imports = {party: facts.non_party_imports_t.get(party, 0.0) for party in parties}
    groups = [tuple(parties)] if menu.trq_split == "pooled" else [(party,) for party in parties if imports[party] > 0]
    for names in groups:
        size = sum(imports[name] for name in names)
        if size > 0:
            yield names, round_to(levels.trq_quantity * size, negotiable_step(step * size))


def _stockpiles(levels: Levels, facts: Facts, parties: Sequence[str], step: float) -> Iterator[tuple[str, float]]:
    for party in parties:
        need = facts.use_t.get(party, 0.0)
        if levels.stockpile > 0 and need > 0:
            yield party, round_to(levels.stockpile * need, negotiable_step(step * need))


def _commitments(levels: Levels, facts: Facts, parties: Sequence[str], step: float) -> Iterator[tuple[str, str, float]]:
    for (producer, buyer), flow in facts.flows_t.items():
        inside = producer in parties and buyer in parties and producer != buyer
        if levels.commitment > 0 and inside and flow > SMALLEST_COMMITMENT * facts.use_t.get(buyer, 0.0):
            quantity = round_to(levels.commitment * flow, negotiable_step(step * flow))
            if quantity > 0:
                yield producer, buyer, quantity


def negotiable_step(size: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most ``size``.

    >>> negotiable_step(225.8)
    200.0
    """
    if size <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(size))
    return float(max(factor * power for factor in (1, 2, 5) if factor * power <= size * (1 + 1e-12)))


def round_to(value: float, step: float) -> float:
    """``value`` in whole steps, without the dust of binary fractions.

    >>> round_to(23_709.4, 200)
    23800.0
    """
    return float(f"{round(value / step) * step:.12g}")


def neighbours(best: Levels, menu: Menu, tried: Iterable[Levels], step: float) -> list[Levels]:
    """Points half-way between a point and the nearest points tried on either side, one level at a time.

    A level whose nearest tried value is less than a negotiable step away is settled.
    """
    known = list(tried)
    points = []
    for name in ("floor", "trq_quantity", "over_quota_rate", "stockpile", "commitment"):
        if not _is_active(best, name):
            continue
        here = float(getattr(best, name))
        values = sorted({float(getattr(point, name)) for point in known if _is_active(point, name)})
        below = max((value for value in values if value < here), default=None)
        above = min((value for value in values if value > here), default=None)
        points += [
            best.model_copy(update={name: (here + other) / 2})
            for other in (below, above)
            if other is not None and abs(here - other) > step
        ]
    return [point for point in dict.fromkeys(points) if point.canonical not in set(known)]


def _is_active(levels: Levels, name: str) -> bool:
    if name == "trq_quantity":
        return levels.over_quota_rate > 0
    return float(getattr(levels, name)) > 0
