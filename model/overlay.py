"""One mineral's market with an agreement and shocks laid over it: the programme's data, before any number is solved.

``draft`` starts from the market; each shock and instrument has one plain function that changes the draft;
``Draft.problem`` freezes the result. Nothing here knows prices.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from model.market.records import (
    NOWHERE,
    Activities,
    MineralMarket,
    NodeRole,
    Role,
    Shape,
    activities,
    join,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.market.records import Floats, Integers

PRODUCTION = (Role.SUPPLY, Role.PROCESS)


@dataclass(frozen=True)
class Pool:
    """A limit on a weighted sum of activities: ``sum(weight * x) <= limit``. Its dual is the rent per unit.

    ``kind`` and ``index`` say which instrument or shock it comes from, for reporting.
    """

    kind: str
    index: int
    members: Integers
    weight: Floats
    limit: float


@dataclass(frozen=True)
class LevyGroup:
    """One party's variable levy: charged on ``members`` (its arrivals from non-parties), to hold ``floor`` at ``node``.

    ``cap`` is the largest levy, ``shut`` the arrivals at or below which raising it further is pointless.
    """

    index: int
    region: str
    node: int
    members: Integers
    floor: float
    cap: float
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
class Problem:
    """The programme's data for one mineral in one state. Arrays run over activities unless said otherwise.

    ``duty_specific``, ``duty_ad_valorem`` (on landed value), ``greater_of``: import duty. ``export_specific``,
    ``export_ad_valorem`` (on the exporter's price): export tax. ``producer_floor`` (nodes): strike of a contract for
    difference, 0 where none. ``levy`` is each activity's position in ``levies`` or -1.
    """

    market: MineralMarket
    table: Activities
    duty_specific: Floats
    duty_ad_valorem: Floats
    greater_of: NDArray[np.bool_]
    export_specific: Floats
    export_ad_valorem: Floats
    producer_floor: Floats
    levy: Integers
    pools: tuple[Pool, ...]
    levies: tuple[LevyGroup, ...]
    trqs: tuple[TrqGroup, ...]
    offtakes: tuple[tuple[int, int, float], ...]
    """Per offtake: position in the agreement, activity of its route, committed quantity before anything is excused."""

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


@dataclass
class Draft:
    """A problem under construction; ``duty_in_force`` is the ad valorem duty before any instrument of the agreement."""

    market: MineralMarket
    table: Activities
    duty_specific: Floats
    duty_ad_valorem: Floats
    greater_of: NDArray[np.bool_]
    export_specific: Floats
    export_ad_valorem: Floats
    producer_floor: Floats
    levy: Integers
    duty_in_force: Floats
    pools: list[Pool] = field(default_factory=list)
    levies: list[LevyGroup] = field(default_factory=list)
    trqs: list[TrqGroup] = field(default_factory=list)
    offtakes: list[tuple[int, int, float]] = field(default_factory=list)

    def region(self, name: str) -> int:
        """Position of a region."""
        return self.market.regions.index(name)

    def stage_of(self) -> Integers:
        """Stage of every activity (position): what it delivers, or takes where it delivers nothing."""
        return stage_positions(self.market, self.table)

    def routes(self, exporters: Sequence[str], importers: Sequence[str], stage: str) -> Integers:
        """Activities that move a stage from any of the exporters to any of the importers (never within a region)."""
        t = self.table
        sources = np.zeros(len(self.market.regions), dtype=bool)
        targets = sources.copy()
        sources[[self.region(name) for name in exporters]] = True
        targets[[self.region(name) for name in importers]] = True
        chosen = (t.role == Role.ROUTE) & sources[t.region] & targets[t.partner] & (t.region != t.partner)
        return np.flatnonzero(chosen & (self.stage_of() == self.market.stages.index(stage)))

    def production(self, region: str, stage: str) -> Integers:
        """Activities that produce a stage in a region: supply and processing."""
        chosen = np.isin(self.table.role, PRODUCTION) & (self.table.region == self.region(region))
        return np.flatnonzero(chosen & (self.stage_of() == self.market.stages.index(stage)))

    def demand(self, region: str, stage: str) -> Integers:
        """Final demand for a stage in a region, and what of it can go unserved."""
        chosen = np.isin(self.table.role, (Role.DEMAND, Role.UNSERVED)) & (self.table.region == self.region(region))
        return np.flatnonzero(chosen & (self.stage_of() == self.market.stages.index(stage)))

    def add(self, new: Activities) -> Integers:
        """Append activities without duties; returns their positions."""
        start, count = len(self.table), len(new)
        self.table = join([self.table, new])
        zeros = np.zeros(count)
        for name in ("duty_specific", "duty_ad_valorem", "export_specific", "export_ad_valorem"):
            setattr(self, name, np.concatenate([getattr(self, name), zeros]))
        self.greater_of = np.concatenate([self.greater_of, zeros.astype(bool)])
        self.levy = np.concatenate([self.levy, np.full(count, -1)])
        return np.arange(start, start + count)

    def add_pool(self, kind: str, index: int, members: Integers, limit: float, weight: Floats | None = None) -> None:
        """Limit a sum of activities. A pool without members limits nothing and is left out."""
        if len(members):
            weights = np.ones(len(members)) if weight is None else weight
            self.pools.append(Pool(kind, index, members, weights, limit))

    def trade_node(self, region: str, stage: str, role: NodeRole) -> int:
        """Node where a region's producers (or users) trade a stage; the other's node where only that exists."""
        node = self.market.node(region, stage, role)
        if node == NOWHERE:
            other = NodeRole.USE if role == NodeRole.SUPPLY else NodeRole.SUPPLY
            node = self.market.node(region, stage, other)
        return node

    def problem(self) -> Problem:
        """The finished problem."""
        return Problem(
            market=self.market,
            table=self.table,
            duty_specific=self.duty_specific,
            duty_ad_valorem=self.duty_ad_valorem,
            greater_of=self.greater_of,
            export_specific=self.export_specific,
            export_ad_valorem=self.export_ad_valorem,
            producer_floor=self.producer_floor,
            levy=self.levy,
            pools=tuple(self.pools),
            levies=tuple(self.levies),
            trqs=tuple(self.trqs),
            offtakes=tuple(self.offtakes),
        )


def sum_by(position: Integers, amount: Floats, count: int) -> Floats:
    """Sums of ``amount`` by position: entry i is the sum over everything at position i, of ``count``."""
    return np.bincount(position, amount, count).astype(np.float64)  # of nothing it would count in integers


def stage_positions(market: MineralMarket, table: Activities) -> Integers:
    """Stage (position) of every activity: of the node it delivers to, else of the node it takes from.

    Activities that touch no node get ``NOWHERE``.
    """
    of_node = np.array([market.stages.index(node.stage) for node in market.nodes] + [NOWHERE], dtype=np.intp)
    return np.where(table.node_out != NOWHERE, of_node[table.node_out], of_node[table.node_in])


def start_draft(market: MineralMarket) -> Draft:
    """A draft of the market as it stands: duties in force, no instrument, no shock."""
    table = replace(
        market.activities,
        **{
            name: getattr(market.activities, name).copy()
            for name in ("level", "width", "base", "lower", "upper", "landed_cost")
        },
    )
    count = len(table)
    in_force = np.zeros(count) if market.base_duty is None else market.base_duty
    return Draft(
        market=market,
        table=table,
        duty_specific=np.zeros(count),
        duty_ad_valorem=in_force.copy(),
        duty_in_force=in_force.copy(),
        greater_of=np.zeros(count, dtype=bool),
        export_specific=np.zeros(count),
        export_ad_valorem=np.zeros(count),
        producer_floor=np.zeros(len(market.nodes)),
        levy=np.full(count, -1),
    )


def scale_quantity(draft: Draft, which: Integers, factor: float) -> None:
    """Multiply the quantity at every price, and its bounds, by ``factor``; 0 switches the activity off."""
    t = draft.table
    if factor == 0:
        t.lower[which] = 0.0
        t.upper[which] = 0.0
        return
    t.base[which[t.shape[which] == Shape.POWER]] *= factor
    t.width[which[t.shape[which] == Shape.LINEAR]] /= factor
    t.lower[which] *= factor
    t.upper[which] *= factor


def public_stock(draft: Draft, role: Role, region: str, node: int, price: float, quantity: float) -> Integers:
    """Add a public stock's sale (or purchase) at a node: offered (or bid) at ``price``, up to ``quantity``."""
    sign = 1.0 if role == Role.STOCK_SALE else -1.0
    ends = {"node_out": node} if role == Role.STOCK_SALE else {"node_in": node}
    offer = activities(
        1, role=role, shape=Shape.FLAT, region=draft.region(region), level=sign * price, upper=quantity, **ends
    )
    return draft.add(offer)
