"""What the equilibrium is asked and what it answers: a :class:`Problem` an overlay froze, and its :class:`State`."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from model.market.records import Role, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.market.records import Activities, Floats, Integers, MineralMarket

PRODUCTION = (Role.SUPPLY, Role.PROCESS)
DIGEST_BYTES = 32
ROUNDING = 1e-12
"""A quantity below this share of what it is a part of is found by rounding only."""
SAME_CAP = 1e-9
"""A levy within this share of a cap is at it."""


class Account(StrEnum):
    """What charges and the rents of limits are paid into, by its name in results."""

    RENT = "quota_rent"
    """Of those who hold a quota, or may keep a levy."""
    REVENUE = "duty_and_levy_revenue"
    """Of treasuries that levy duties, levies and export taxes."""


class Basis(IntEnum):
    """What an ad valorem charge is a share of."""

    LANDED = 0
    """The exporter's price plus the route's cost."""
    ORIGIN = 1
    """The exporter's price."""


@dataclass(frozen=True)
class Charge:
    """Money per unit of activities: ``specific`` plus ``ad_valorem`` times the value (or the larger of the two).

    ``specific`` and ``ad_valorem`` have one entry per member. ``valued`` are the routes whose value counts: the members
    themselves, or the routes to which over-quota parts belong. The treasury of the importing region receives it, or
    (``to_exporter``) of the exporting one. ``agreed`` is False for duties in force.
    """

    members: Integers
    specific: Floats
    ad_valorem: Floats
    valued: Integers
    basis: Basis = Basis.LANDED
    greater_of: bool = False
    to_exporter: bool = False
    agreed: bool = True

    def only(self, kept: NDArray[np.bool_]) -> Charge:
        """The charge on some of its members."""
        return replace(
            self,
            members=self.members[kept],
            specific=self.specific[kept],
            ad_valorem=self.ad_valorem[kept],
            valued=self.valued[kept],
        )


@dataclass(frozen=True)
class Pool:
    """A limit on a weighted sum of activities: ``sum(weight * x) <= limit``. Its dual is the rent per unit.

    ``kind`` and ``index`` say which instrument or shock it comes from, for reporting. ``account`` receives the rent, in
    the importing region or (``to_exporter``) the exporting one; None where nobody does, or where the rent is part of
    what producers earn.
    """

    kind: str
    index: int
    members: Integers
    weight: Floats
    limit: float
    account: Account | None = None
    to_exporter: bool = False


@dataclass(frozen=True)
class FloorTerm:
    """A term that asks for a floor: its list and position there, and the largest levy it asks for.

    Exporters from the regions (positions) in ``kept_by`` keep the levy that it asks for, as in a price undertaking.
    """

    kind: str
    index: int
    cap: float
    kept_by: tuple[int, ...]


@dataclass(frozen=True)
class FloorStep:
    """One floor of a levy: its price, and the terms that ask for it."""

    floor: float
    terms: tuple[FloorTerm, ...]

    @property
    def cap(self) -> float:
        """The largest levy that one of its terms asks for."""
        return max(term.cap for term in self.terms)

    def asking(self, levy: float) -> tuple[FloorTerm, ...]:
        """The terms that ask for so large a levy."""
        return tuple(term for term in self.terms if levy <= term.cap * (1.0 + SAME_CAP))


@dataclass(frozen=True)
class LevyGroup:
    """One party's variable levy: charged on ``members`` (its arrivals from non-parties), to hold a floor at ``node``.

    ``steps`` are the party's floors at this place, highest first, each with a larger cap than those above it: the
    levy is the largest that one of them asks for. ``shut`` are the arrivals at or below which raising it is pointless.
    """

    region: str
    node: int
    members: Integers
    steps: tuple[FloorStep, ...]
    shut: float


@dataclass(frozen=True)
class TrqGroup:
    """A tariff-rate quota's parts: pool, routes, over-quota parts (one for all, or one per route) and their caps.

    ``pool`` and ``caps`` are positions in the problem's pools, ``routes`` and ``over`` in its activities.
    """

    pool: int
    routes: Integers
    over: Integers
    caps: tuple[int, ...]


@dataclass(frozen=True)
class Commitment:
    """An offtake on the route ``route``: quantity wanted, and its strike (None = the producer's market price)."""

    index: int
    route: int
    quantity: float
    strike: float | None


@dataclass(frozen=True)
class Problem:
    """The programme's data for one mineral in one state.

    ``producer_floor`` (per node) is what producers there are paid at least, 0 where nothing is guaranteed; ``levy`` is
    each activity's position in ``levies`` or -1.
    """

    market: MineralMarket
    table: Activities
    charges: tuple[Charge, ...]
    producer_floor: Floats
    levy: Integers
    pools: tuple[Pool, ...]
    levies: tuple[LevyGroup, ...]
    trqs: tuple[TrqGroup, ...]
    commitments: tuple[Commitment, ...]

    @property
    def structure(self) -> tuple[object, ...]:
        """What decides rows and columns of the programme; two problems that share it share a compiled programme."""
        t = self.table
        pools = tuple((p.members.tobytes(), p.weight.tobytes()) for p in self.pools)
        return (
            self.market.mineral,
            t.shape.tobytes(),
            t.node_in.tobytes(),
            t.node_out.tobytes(),
            t.ratio.tobytes(),
            pools,
        )

    @cached_property
    def digest(self) -> bytes:
        """A hash over everything that decides the equilibrium and what is reported of it, equal for equal problems."""
        of_market = (self.market.places, self.market.price_scale, self.market.quantity_scale)
        named = [(p.kind, p.index, len(p.members), float(p.limit), p.account, p.to_exporter) for p in self.pools]
        held = [np.concatenate([getattr(p, name) for p in self.pools]) for name in ("members", "weight") if self.pools]
        laid = (self.charges, self.producer_floor, self.levy, held, self.levies, self.trqs, self.commitments)
        found = blake2b(repr((of_market, named)).encode(), digest_size=DIGEST_BYTES)
        _feed(found, (self.table, *laid))
        return found.digest()


def congestion(problem: Problem, quantity: Floats) -> Floats:
    """What flows add to the unit cost of congested routes, per unit."""
    t = problem.table
    return np.where((t.role == Role.ROUTE) & (t.shape == Shape.LINEAR), t.width * quantity, 0.0)


def _feed(found: blake2b, part: Any) -> None:
    """Add a value to a hash by its content. A pickle would not do: it tells what is shared from what is only equal."""
    if isinstance(part, np.ndarray):
        found.update(f"{part.dtype.str}{part.shape}".encode())
        found.update(repr(part.tolist()).encode() if part.dtype == object else np.ascontiguousarray(part).data)
    elif is_dataclass(part):
        _feed(found, [getattr(part, field.name) for field in fields(part)])
    elif isinstance(part, tuple | list):
        found.update(f"[{len(part)}:".encode())
        if {type(each) for each in part} <= {int}:
            found.update(repr(list(part)).encode())
            return
        for each in part:
            _feed(found, each)
    else:
        found.update(f"{part.item() if isinstance(part, np.generic) else part!r},".encode())


@dataclass(frozen=True)
class State:
    """A proved equilibrium of one problem, in the market's own units.

    ``price`` per node; ``rent`` per pool; ``levy`` per levy group and ``step``, the floor that asks for it;
    ``quantity`` per activity; ``excused`` per commitment; residuals relative to the scales; ``iterations`` Newton
    steps plus linear programmes; ``highs_seconds`` spent inside HiGHS.
    """

    problem: Problem
    price: Floats
    rent: Floats
    levy: Floats
    step: tuple[int, ...]
    quantity: Floats
    excused: tuple[float, ...]
    complementarity: float
    price_error: float
    iterations: int
    highs_seconds: float

    @property
    def landed(self) -> Floats:
        """What a unit of every activity is worth where it arrives, before charges: the ad valorem base of a duty."""
        t = self.problem.table
        landed: Floats = np.append(self.price, 0.0)[t.node_in] + t.landed_cost + congestion(self.problem, self.quantity)
        return landed

    def levies_of(self, kind: str, index: int) -> dict[int, float]:
        """The levies that a term asks for, by levy group (position); none that a higher floor asks for."""
        return {
            slot: float(levy)
            for slot, (group, step, levy) in enumerate(zip(self.problem.levies, self.step, self.levy, strict=True))
            if any((term.kind, term.index) == (kind, index) for term in group.steps[step].asking(float(levy)))
        }

    def pool(self, kind: str, index: int) -> int | None:
        """Position of the pool that an instrument limits, or None where it limits nothing."""
        for position, pool in enumerate(self.problem.pools):
            if (pool.kind, pool.index) == (kind, index):
                return position
        return None
