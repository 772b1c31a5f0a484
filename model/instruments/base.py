"""What every instrument of an agreement is: a record that lays itself over a market, speaks for itself, and leaves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import AfterValidator, Field

from model.market.records import Role
from model.overlay import stage_positions
from model.problem import Account
from model.records import REGION_ID, Name, Price, Rate, Record, unit
from model.words.levers import DIGITS
from model.words.numbers import LEAST_SHARE, exact, figures, lowered, price

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import pandas as pd

    from model.market.records import Integers
    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice

Row = dict[str, Any]
REGION_IDS = "region ids"
PLACE = ("mineral", "stage")
"""Fields of every term that say on what market it is."""
FIRST_RATE = 0.25
"""Rate of a new duty, for the parties to change (assumption)."""


class RentHolder(StrEnum):
    """Who receives the rent of a quota."""

    IMPORTER = "importer"
    EXPORTER = "exporter"
    AUCTION = "auction"
    BURNT = "burnt"

    @property
    def account(self) -> Account | None:
        """The account that receives the rent."""
        return {RentHolder.AUCTION: Account.REVENUE, RentHolder.BURNT: None}.get(self, Account.RENT)

    @property
    def words(self) -> str:
        """Who that is, inside a sentence."""
        return {
            RentHolder.IMPORTER: "importers",
            RentHolder.EXPORTER: "exporters",
            RentHolder.AUCTION: "the importing party's treasury, by auction",
            RentHolder.BURNT: "no one",
        }[self]


def _named_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """A region named twice counts once, whatever the order of the others."""
    return tuple(dict.fromkeys(names))


Regions = Annotated[
    tuple[Name, ...], Field(min_length=1, json_schema_extra=unit(REGION_IDS)), AfterValidator(_named_once)
]


@dataclass(frozen=True)
class Membership:
    """A change of membership: the parties ``before``, the ``members`` now, and all ``regions`` in their order."""

    before: tuple[str, ...]
    members: tuple[str, ...]
    regions: tuple[str, ...]

    @property
    def leavers(self) -> frozenset[str]:
        """Regions that were parties and are none now."""
        return frozenset(self.before) - frozenset(self.members)

    def members_among(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Who applies a measure now: all members where all parties did, else those named who did not leave."""
        if set(names) == set(self.before):
            return self.members
        return tuple(name for name in names if name not in self.leavers)

    def outsiders_among(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Whom a measure falls on now: all outsiders where it fell on all, else those named who did not join."""
        inside = set(self.members)
        if set(names) == set(self.regions) - set(self.before):
            return tuple(region for region in self.regions if region not in inside)
        return tuple(name for name in names if name in self.before or name not in inside)


@dataclass(frozen=True)
class StatusQuo:
    """What a new instrument starts from: the status quo of a mineral at a stage.

    ``regions`` are all of the market's, ``flows`` those of the stage [t/yr], ``price`` is what the parties' users pay
    [USD/t], ``release_share`` is what private stocks release in a year as a share of use.
    """

    stage: str
    parties: tuple[str, ...]
    regions: tuple[str, ...]
    flows: pd.DataFrame
    price: float
    release_share: float

    @property
    def imports_from_others(self) -> float:
        """What the parties take from non-parties [t/yr]."""
        inward = self.flows["importer"].isin(self.parties) & ~self.flows["exporter"].isin(self.parties)
        return float(self.flows.loc[inward, "status_quo"].sum())


class Duty(Record):
    """A duty rate: specific per unit plus ad valorem on the landed value."""

    specific: Price = 0.0
    ad_valorem: Rate = 0.0


def prices(values: Iterable[float]) -> str:
    """A price, or the range of several that differ: "1,200 to 1,400 USD/t"."""
    low, *_, high = sorted([*values] * 2)
    return price(high) if figures(low) == figures(high) else f"{figures(low)} to {price(high)}"


def in_all(quantities: Iterable[float]) -> str:
    """Several quantities together, without what adding shares of a tonne leaves behind."""
    return exact(float(f"{sum(quantities):.{DIGITS}g}"))


class Instrument(Record):
    """One term of an agreement on one mineral at one stage.

    Subclasses say under which key of a file they are listed, their title (and a ``short`` one for labels), and their
    place in every order (of laying over, of sentences, of schedules). ``group`` is the group of
    levers it belongs to on the screen. ``in_cases`` tells whether a case file may hold it, ``result`` the table of a
    RESULT to which it adds rows, ``result_title`` what a workbook calls it, ``row_key`` the columns that tell its rows
    apart.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    short: ClassVar[str]
    rank: ClassVar[int]
    group: ClassVar[str]
    in_cases: ClassVar[bool] = True
    result: ClassVar[str | None] = None
    result_title: ClassVar[str] = "What comes of each term"
    row_key: ClassVar[tuple[str, ...]] = ("index",)
    level_names: ClassVar[tuple[str, ...]] = ()
    """What :meth:`levels` are called in a sentence; one without a name is called as the kind is."""

    outsiders: ClassVar[tuple[str, ...]] = ()
    """Fields of regions that name those outside the agreement, when all of them; other fields name the parties."""
    by_parties: ClassVar[bool] = False
    """Whether it is usual of parties only; that of another counts, and is asked about."""
    only_parties: ClassVar[tuple[str, ...]] = ()
    """Fields of regions that may name parties only."""
    only_outsiders: ClassVar[tuple[str, ...]] = ()
    """Fields of regions that may name those outside the agreement only."""

    mineral: Name
    stage: Name

    @classmethod
    def first_levels(cls, at: StatusQuo) -> dict[str, Any]:
        """Levels at which a new one says something of its own; other fields that must be given start by their units."""
        del at
        return {}

    def idle(self) -> Iterable[tuple[str, str]]:
        """Fields that are set and have no effect, each with a verb phrase that says so."""
        return ()

    def ways(self, parties: Sequence[str]) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
        """Exporters and importers of whom two must have a route for it to have an effect; nothing where none must."""
        del parties
        return ()

    def lay(self, over: Overlay, index: int) -> None:
        """Change a market by the overlay's verbs; ``index`` is the term's position in its list."""
        raise NotImplementedError

    def phrase(self, say: Voice) -> str:
        """What is agreed as a verb phrase: "set a floor of 60,000 USD/t for refined antimony by a variable levy"."""
        raise NotImplementedError

    def label(self, say: Voice) -> str:
        """The term in a few letters: "TRQ 14,000 t"."""
        del say
        return self.short

    @classmethod
    def together(cls, terms: Sequence[Self]) -> tuple[Sequence[Self], str]:
        """What a short sentence tells instead of several terms on one mineral, and a verb phrase for the rest."""
        return terms, ""

    def replaced_share(self, beside: Iterable[Instrument]) -> float:
        """The share of what it would do that other terms ``beside`` it replace."""
        del beside
        return 0.0

    def actors(self) -> tuple[str, ...]:
        """Regions that do it: the subject of the phrase. None named = all parties."""
        return ()

    def within(self, say: Voice) -> str:
        """In whose hands it is where not all parties do it, after its name: " in Japan"."""
        actors = self.actors()
        return f" in {say.the_regions(actors)}" if actors and set(actors) != set(say.parties) else ""

    def applied_by(self, change: Membership) -> Self | None:
        """The term once other regions make the agreement, or None where nothing of it is left."""
        raise NotImplementedError

    def level_field(self) -> str | None:
        """The field that says how much is agreed: a number that must be given, else the first that is set, if any."""
        numbers = [name for name, value in self if isinstance(value, float)]
        given = [name for name in numbers if type(self).model_fields[name].is_required()]
        return next(iter((*given, *(name for name in numbers if getattr(self, name)), *numbers)), None)

    def levels(self) -> tuple[float, ...]:
        """Prices that it names [USD/t]: a result that reaches one is told as exactly as it was agreed."""
        return ()

    def missed(self, state: State, index: int, say: Voice) -> str | None:
        """What of it does not come about, as a sentence without its full stop; None where all of it does."""
        del state, index, say
        return None

    def verdict(self, state: State, index: int, say: Voice) -> str | None:
        """Whether it comes about, in few words for a title; None where nobody would ask."""
        return self.missed(state, index, say)

    def rows(self, state: State, index: int) -> Iterable[Row]:
        """Rows of the term's table of results in a solved state."""
        del state, index
        return ()

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """Why its result is what it is, in sentences: what binds and what does not; here a limit or levy that binds."""
        what, told = f"The {lowered(self.title)} for {say.product(self.mineral, self.stage)} binds", []
        pool = state.pool(self.key, index)
        least = LEAST_SHARE * state.problem.market.price_scale
        if pool is not None and state.rent[pool] > least:
            told.append(f"{what}: its rent is {price(float(state.rent[pool]))}.")
        asked = {slot: levy for slot, levy in state.levies_of(self.key, index).items() if levy > least}
        levies = {state.problem.levies[slot].region: levy for slot, levy in asked.items()}
        if levies:
            told.append(f"{what} in {say.names.the_regions(levies)}: its levy is {prices(levies.values())}.")
        return told

    def bound(self) -> tuple[str, ...]:
        """Regions without whose doing it does not come about; those whom a measure falls on need do nothing."""
        return regions_named(self, leaving_out=self.outsiders)


class BorderMeasure(Instrument):
    """A measure on all routes from ``exporters`` to ``importers`` of one mineral at one stage."""

    outsiders: ClassVar[tuple[str, ...]] = ("exporters",)

    importers: Regions
    exporters: Regions

    def routes(self) -> frozenset[tuple[str, ...]]:
        """Mineral, stage, exporter and importer of each route it is on."""
        pairs = product(self.exporters, self.importers)
        return frozenset((self.mineral, self.stage, *pair) for pair in pairs if pair[0] != pair[1])

    def actors(self) -> tuple[str, ...]:
        """The importers apply it."""
        return self.importers

    def ways(self, parties: Sequence[str]) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
        """What it is laid on."""
        del parties
        return ((self.exporters, self.importers),)

    def applied_by(self, change: Membership) -> Self | None:
        """A leaver applies the measure no more and is an outsider to measures against all outsiders."""
        importers, exporters = change.members_among(self.importers), change.outsiders_among(self.exporters)
        if not importers or not exporters:
            return None
        return self.model_copy(update={"importers": importers, "exporters": exporters})


def routes_of(state: State, exporters: Collection[str], importers: Collection[str], stage: str) -> Integers:
    """Routes of a solved state that take a stage from any of the exporters to any of the importers abroad."""
    table, market = state.problem.table, state.problem.market
    at = {name: position for position, name in enumerate(market.regions)}
    chosen = (table.role == Role.ROUTE) & (table.region != table.partner)
    chosen &= np.isin(table.region, [at[name] for name in exporters if name in at])
    chosen &= np.isin(table.partner, [at[name] for name in importers if name in at])
    return np.flatnonzero(chosen & (stage_positions(market, table) == market.stages.index(stage)))


def regions_named(item: Record, leaving_out: Collection[str] = ()) -> tuple[str, ...]:
    """Every region id a record names, by the fields whose unit is region ids, without those of fields left out."""
    names: list[str] = []
    for name, field in type(item).model_fields.items():
        if name in leaving_out:
            continue
        extra = field.json_schema_extra
        kind = extra.get("unit") if isinstance(extra, dict) else None
        if kind == REGION_IDS:
            names += getattr(item, name)
        elif kind == REGION_ID:
            names.append(getattr(item, name))
    return tuple(names)
