"""Packages: what the parties may agree for one mineral, in negotiable steps, and the agreement each stands for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field

from model.design.problem.commitments import allocate
from model.design.problem.request import TrqSplit
from model.design.problem.steps import lots, negotiable_step, round_to
from model.instruments import Agreement, Duty, Floor, Mechanism, Offtake, RentHolder, Stockpile, Trq
from model.records import Name, Price, Quantity, Rate, Record
from model.units import PERCENT
from model.words.numbers import exact_percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from model.design.problem.commitments import Seller
    from model.design.problem.facts import Facts
    from model.design.problem.request import Menu


class Package(Record):
    """What is agreed for one mineral at its last stage. The neutral package agrees nothing.

    ``trqs`` holds one entry for a common quota (all parties) or one per party; ``offtakes`` are (producer, buyer,
    stage, t/yr) that bind in every state; ``projects`` the ids of those built.
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
    offtakes: tuple[tuple[Name, Name, Name, Quantity], ...] = ()
    projects: tuple[Name, ...] = ()

    @property
    def is_neutral(self) -> bool:
        """Whether nothing is agreed."""
        return not (self.floor or self.trqs or self.stockpiles or self.offtakes or self.projects)

    def agreement(self, parties: Sequence[str], regions: Iterable[str]) -> Agreement:
        """The instruments of the package as applied by the parties it was made for."""
        place = {"mineral": self.mineral, "stage": self.stage}
        outsiders = tuple(region for region in regions if region not in parties)
        floor = Floor(parties=tuple(parties), price=self.floor, mechanism=self.mechanism, **place)
        rate = Duty(ad_valorem=self.over_quota_rate)
        return Agreement(
            floors=(floor,) if self.floor else (),
            trqs=tuple(
                Trq(importers=names, exporters=outsiders, quantity=q, over_quota=rate, rent_to=self.rent_to, **place)
                for names, q in self.trqs
                if outsiders
            ),
            stockpiles=tuple(
                Stockpile(party=party, quantity=quantity, release_above=self.release_above, **place)
                for party, quantity in self.stockpiles
            ),
            offtakes=tuple(
                Offtake(producer=producer, buyer=buyer, mineral=self.mineral, stage=stage, quantity=quantity)
                for producer, buyer, stage, quantity in self.offtakes
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
    split: TrqSplit = "pooled"
    projects: Annotated[tuple[Name, ...], Field(description="ids of projects built")] = ()

    @property
    def canonical(self) -> Levels:
        """The same point with levels that do nothing put to their neutral value."""
        changes: dict[str, object] = {}
        if self.floor <= 0:
            changes["mechanism"] = Mechanism.VARIABLE_LEVY
        if self.over_quota_rate <= 0:
            changes |= {"trq_quantity": 1.0, "split": "pooled"}
        return self.model_copy(update=changes)


def menu_levels(menu: Menu, project_sets: Sequence[tuple[str, ...]] = ((),)) -> list[Levels]:
    """Every combination of the menu's levels, without repetition, "nothing" first; ``Menu`` says what comes later.

    No order in which a menu lists its levels counts.
    """
    grid = product(
        sorted(menu.floor_levels),
        sorted(menu.mechanisms, key=list(Mechanism).index),
        sorted(menu.trq_quantities, reverse=True),
        sorted(menu.over_quota_rates),
        sorted(menu.stockpiles),
        sorted(menu.commitments)[:1],
        sorted(menu.trq_splits, key=get_args(TrqSplit).index)[:1],
        project_sets,
    )
    names = list(Levels.model_fields)
    points = [Levels(), *(Levels(**dict(zip(names, point, strict=True))).canonical for point in grid)]
    return list(dict.fromkeys(points))


def package_of(
    levels: Levels,
    facts: Facts,
    parties: Sequence[str],
    menu: Menu,
    step: float,
    sellers: Sequence[Seller] = (),
    most_of_need: float = 1.0,
) -> Package:
    """The package at a point of the menu, its levels rounded to negotiable steps of the status quo's sizes.

    ``sellers`` are those who can commit, the projects among ``levels`` included.
    """
    price_step = negotiable_step(step * facts.price_usd_per_t)
    return Package(
        mineral=facts.mineral,
        stage=facts.stage,
        floor=round_to(levels.floor * facts.price_usd_per_t, price_step),
        mechanism=levels.mechanism,
        trqs=tuple(_trqs(levels, facts, parties, step)),
        over_quota_rate=round_to(levels.over_quota_rate, PERCENT) if levels.over_quota_rate > 0 else 0.0,
        rent_to=menu.rent_to,
        stockpiles=tuple(_stockpiles(levels, facts, parties, step)),
        release_above=round_to(menu.release_above * facts.price_usd_per_t, price_step) if levels.stockpile > 0 else 0.0,
        offtakes=tuple(allocate(facts, sellers, levels.commitment, most_of_need, step)),
        projects=levels.projects,
    )


def _trqs(levels: Levels, facts: Facts, parties: Sequence[str], step: float) -> Iterator[tuple[tuple[str, ...], float]]:
    imports = {party: facts.non_party_imports_t.get(party, 0.0) for party in parties}
    size = levels.trq_quantity * sum(imports.values())
    if levels.over_quota_rate <= 0 or not any(imports.values()):
        return
    if levels.split == "pooled" or size <= 0:  # of nothing there is one quota only
        yield tuple(parties), round_to(size, lots(step * size, facts.lot_t))
        return
    weight = imports if levels.split == "by_imports" else {party: facts.use_t.get(party, 0.0) for party in parties}
    for party, part in weight.items():
        own = size * part / sum(weight.values())
        if own > 0:
            yield (party,), max(round_to(own, lots(step * own, facts.lot_t)), facts.lot_t)


def _stockpiles(levels: Levels, facts: Facts, parties: Sequence[str], step: float) -> Iterator[tuple[str, float]]:
    for party in parties:
        need = facts.use_t.get(party, 0.0)
        quantity = round_to(levels.stockpile * need, lots(step * need, facts.lot_t))
        if quantity > 0:
            yield party, quantity


def neighbours(
    best: Levels, menu: Menu, tried: Iterable[Levels], step: float, projects: Sequence[str] = ()
) -> list[Levels]:
    """Untried points that differ from ``best`` in one thing.

    First another level, until all are settled (:func:`_finer`); then another mechanism, commitment or split of the
    menu, and one of ``projects`` more or less. With those changed, levels are to be settled anew.
    """
    known = set(tried)
    for changes in (_finer(best, menu, known, step), _otherwise(best, menu, projects)):
        points = dict.fromkeys(best.model_copy(update=change).canonical for change in changes)
        if untried := [point for point in points if point not in known]:
            return untried
    return []


@dataclass(frozen=True)
class Refined:
    """A level that can be refined: where the menu has it, what it is called and a share of, between which ends."""

    of_menu: str
    title: str
    share_of: str
    least: float
    most: float

    def is_asked(self, menu: Menu) -> bool:
        """Whether who asks set these levels, so that the search stays between them."""
        return set(getattr(menu, self.of_menu)) != set(type(menu).model_fields[self.of_menu].default)

    def ends(self, menu: Menu) -> tuple[float, float]:
        """Between which levels the search stays: those of a menu that was asked for, else what has a meaning."""
        if not self.is_asked(menu):
            return self.least, self.most
        asked = getattr(menu, self.of_menu)
        return max(min(asked), self.least), max(asked)


REFINED = {
    "floor": Refined(
        "floor_levels", "floor", "of the price", 1.0, 3.0
    ),  # below the status quo's price a floor seldom binds
    "trq_quantity": Refined("trq_quantities", "quota", "of imports", 0.0, 1.5),
    "over_quota_rate": Refined("over_quota_rates", "over-quota rate", "of value", 0.0, 2.0),
    "stockpile": Refined("stockpiles", "public stock", "of use", 0.0, 0.5),
    "commitment": Refined("commitments", "commitment", "of supply from abroad", 0.0, 1.0),
}
"""Levels that can be refined. The ends are assumptions on what delegations would consider, and a floor below the status
quo's price seldom binds; a menu may go further."""


def _finer(best: Levels, menu: Menu, known: Iterable[Levels], step: float) -> Iterator[Mapping[str, object]]:
    """On either side of each level the next of the menu; where that was tried, half-way to the nearest tried.

    Beyond the last level tried the search steps on, each time twice as far, to the end of what may be tried. A level is
    settled when its nearest tried neighbours are within a negotiable step. Only points with the same other terms tell:
    under another mechanism the best level is another.
    """
    alike = [point for point in known if _other_terms(point) == _other_terms(best)]
    for name, refined in REFINED.items():
        if not _is_active(best, name):
            continue
        here = float(getattr(best, name))
        tried = [float(getattr(point, name)) for point in alike if _is_active(point, name)]
        low, high = refined.ends(menu)
        for side in (-1, 1):
            nearest = _next(tried, here, side)
            levels = [value for value in getattr(menu, refined.of_menu) if value > 0 or name == "trq_quantity"]
            planned = _next(levels, here, side)
            if planned is not None and (nearest is None or side * planned < side * nearest):
                yield {name: planned}
            elif nearest is not None and abs(here - nearest) > step:
                yield {name: (here + nearest) / 2}
            elif nearest is None and side * here < side * (end := high if side > 0 else low):
                other = _next([*tried, low], here, -side)
                reach = 2.0 * abs(here - (low if other is None else other))
                beyond = here + side * (reach if side > 0 else abs(here - low) / 2.0)
                yield {name: end if side * beyond >= side * end or abs(beyond - end) <= step else beyond}


def ends_reached(levels: Levels, menu: Menu) -> Iterator[str]:
    """Of every level that ends where a menu that was asked for ends, that no other was tried beyond it."""
    for name, refined in REFINED.items():
        here, (low, high) = float(getattr(levels, name)), refined.ends(menu)
        if refined.is_asked(menu) and _is_active(levels, name) and (here == high or refined.least < here == low):
            end, beyond = ("highest", "higher") if here == high else ("lowest", "lower")
            yield (
                f"the {refined.title} ends at {exact_percent(here)} {refined.share_of}, the {end} level that was asked "
                f"for; none {beyond} was tried"
            )


def _next(values: Iterable[float], here: float, side: int) -> float | None:
    """The nearest value above (side 1) or below (side -1)."""
    return min((value for value in values if side * (value - here) > 0), key=lambda v: side * v, default=None)


def _other_terms(levels: Levels) -> tuple[object, ...]:
    return levels.mechanism, levels.split, levels.projects, levels.commitment > 0


def _otherwise(best: Levels, menu: Menu, projects: Sequence[str]) -> Iterator[Mapping[str, object]]:
    yield from ({"mechanism": value} for value in menu.mechanisms)
    yield from ({"commitment": value} for value in menu.commitments)
    yield from ({"split": value} for value in menu.trq_splits)
    for project in projects:
        built = set(best.projects) ^ {project}
        yield {"projects": tuple(name for name in projects if name in built)}


def _is_active(levels: Levels, name: str) -> bool:
    if name == "trq_quantity":
        return levels.over_quota_rate > 0
    return float(getattr(levels, name)) > 0
