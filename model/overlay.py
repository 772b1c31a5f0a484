"""A market with something laid over it: all that the conditions of equilibrium know of an agreement and of shocks.

Instruments and shocks speak in few verbs of :class:`Overlay`, and the equilibrium knows no others:

===========================  ==========================================================================================
verb                         what it does
===========================  ==========================================================================================
``charge``                   money per unit on activities: specific, a share of the landed value or of the exporter's
                             price; ``without_duties_in_force`` takes away what is charged there already
``limit``                    an upper bound on a sum of activities, and its rent
``limit_in_tiers``           the same, with a charge on what goes beyond
``guarantee``                producers at a place are paid up to a price
``hold``                     the smallest charge on a party's arrivals from non-parties that holds a price there; named
                             exporters may keep it
``offer``                    product sold from outside the market at a price, or (``bid``) bought
``commit``                   a least quantity on a route, settled at a strike
===========================  ==========================================================================================

A shock may also ``scale``, ``close`` or ``cap`` what is there, ``raise_freight``, ``hoard`` or ``store_at_home``.
:meth:`Overlay.problem` freezes the result as a :class:`~model.problem.Problem`; nothing here knows prices.
"""

from __future__ import annotations

from dataclasses import replace
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
    is_any,
    join,
)
from model.problem import Basis, Charge, Commitment, FloorStep, FloorTerm, LevyGroup, Pool, Problem, TrqGroup

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from model.market.records import Integers
    from model.problem import Account

SHUT_SHARE = 0.01
"""A levy is not raised further once arrivals over routes with calibration friction fall to this share of the base
year's: friction never lets a base-year flow vanish, so "no more arrivals" needs a threshold there. Routes without
friction shut at zero."""
ENDLESS_BUDGET = 1e9
"""A budget of so many times a market's typical value (price scale x quantity scale) is never spent."""


class Overlay:
    """A problem under construction: a market as it stands, changed by verbs.

    ``parties`` are the regions that make the agreement.
    """

    def __init__(self, market: MineralMarket, parties: frozenset[str] = frozenset()) -> None:
        self.market = market
        self.parties = parties
        changing = ("level", "width", "base", "lower", "upper", "landed_cost")
        self.table = replace(market.activities, **{name: getattr(market.activities, name).copy() for name in changing})
        self.producer_floor = np.zeros(len(market.nodes))
        self.duty_in_force = np.zeros(len(self.table)) if market.base_duty is None else market.base_duty.copy()
        self._region_at = {name: position for position, name in enumerate(market.regions)}
        self._stage_of = stage_positions(market, self.table)
        self._charges: list[Charge] = []
        self._tiers: list[Charge] = []
        self._replaced: list[Integers] = []
        self._levy = np.full(len(self.table), -1)
        self._levies: list[LevyGroup] = []
        self._pools: list[Pool] = []
        self._trqs: list[TrqGroup] = []
        self._caps: list[tuple[Integers, float]] = []
        self._commitments: list[Commitment] = []

    # Who and what.

    @property
    def outsiders(self) -> list[str]:
        """Regions that are no parties."""
        return [name for name in self.market.regions if name not in self.parties]

    def region(self, name: str) -> int:
        """Position of a region.

        Raises:
            ValueError: for a name that is no region of the market.
        """
        if name not in self._region_at:
            raise ValueError(f"{name!r} is no region of the market of {self.market.mineral}")
        return self._region_at[name]

    def stage_of(self) -> Integers:
        """Stage of every activity (position): what it delivers, or takes where it delivers nothing."""
        if len(self._stage_of) != len(self.table):
            self._stage_of = stage_positions(self.market, self.table)
        return self._stage_of

    def routes(self, exporters: Iterable[str], importers: Iterable[str], stage: str) -> Integers:
        """Activities that move a stage from any of the exporters to any of the importers (never within a region)."""
        t = self.table
        sources = np.zeros(len(self.market.regions), dtype=bool)
        targets = sources.copy()
        sources[[self.region(name) for name in exporters]] = True
        targets[[self.region(name) for name in importers]] = True
        chosen = (t.role == Role.ROUTE) & sources[t.region] & targets[t.partner] & (t.region != t.partner)
        return np.flatnonzero(chosen & (self.stage_of() == self.market.stages.index(stage)))

    def of(self, roles: Collection[Role], region: str, stage: str) -> Integers:
        """Activities of some roles at a stage in a region."""
        chosen = is_any(self.table.role, roles) & (self.table.region == self.region(region))
        return np.flatnonzero(chosen & (self.stage_of() == self.market.stages.index(stage)))

    def node(self, region: str, stage: str, role: NodeRole) -> int:
        """Node where a region's producers (or users) trade a stage; the other's node where only that exists."""
        node = self.market.node(region, stage, role)
        if node == NOWHERE:
            other = NodeRole.USE if role == NodeRole.SUPPLY else NodeRole.SUPPLY
            node = self.market.node(region, stage, other)
        return node

    # Verbs of instruments.

    def charge(
        self,
        members: Integers,
        specific: float,
        ad_valorem: float,
        *,
        basis: Basis = Basis.LANDED,
        greater_of: bool = False,
        to_exporter: bool = False,
    ) -> None:
        """Money per unit on top of what is charged there already: both parts, or the larger of the two."""
        one = np.ones(len(members))
        self._charges.append(Charge(members, specific * one, ad_valorem * one, members, basis, greater_of, to_exporter))

    def without_duties_in_force(self, routes: Integers) -> None:
        """Duties in force on some routes fall to zero."""
        self.duty_in_force[routes] = 0.0

    def limit(
        self,
        kind: str,
        members: Integers,
        quantity: float,
        *,
        index: int | None = None,
        account: Account | None = None,
        to_exporter: bool = False,
    ) -> None:
        """At most a quantity on activities together; a limit on nothing is left out.

        ``index`` is the position of the instrument behind it; what has none is numbered as it comes.
        """
        if len(members):
            number = len(self._pools) if index is None else index
            self._pools.append(Pool(kind, number, members, np.ones(len(members)), quantity, account, to_exporter))

    def limit_in_tiers(
        self,
        kind: str,
        routes: Integers,
        quantity: float,
        inside: tuple[float, float],
        beyond: tuple[float, float],
        *,
        index: int,
        account: Account | None = None,
        to_exporter: bool = False,
    ) -> None:
        """A quantity at one charge, the rest at another (each specific, ad valorem); agreed duties there give way.

        All flows pay the charge inside; what exceeds the quantity also pays the difference. That part is an activity
        of its own (one for the pool, or one per route where the difference is ad valorem and so depends on the
        route's value). It moves nothing: it pays, relieves the pool, and cannot exceed the flow it belongs to.
        """
        if not len(routes):
            return
        self._replaced.append(routes)
        specific, ad_valorem = beyond[0] - inside[0], beyond[1] - inside[1]
        payers = routes[:1] if ad_valorem == 0 else routes
        over = self._over_quota(payers)
        for members, valued, rates in ((routes, routes, inside), (over, payers, (specific, ad_valorem))):
            one = np.ones(len(members))
            self._tiers.append(Charge(members, rates[0] * one, rates[1] * one, valued))
        relieved = np.concatenate([np.ones(len(routes)), -np.ones(len(over))])
        pool = len(self._pools)
        members = np.concatenate([routes, over])
        self._pools.append(Pool(kind, index, members, relieved, quantity, account, to_exporter))
        groups = [(over, routes)] if ad_valorem == 0 else zip(over[:, None], routes[:, None], strict=True)
        for part, whole in groups:
            weight = np.concatenate([np.ones(len(part)), -np.ones(len(whole))])
            self._pools.append(Pool("over_quota", index, np.concatenate([part, whole]), weight, 0.0))
        self._trqs.append(TrqGroup(pool, routes, over, tuple(range(pool + 1, len(self._pools)))))

    def _over_quota(self, payers: Integers) -> Integers:
        """Activities that pay for what exceeds a quota, each valued as one of its routes."""
        t = self.table
        return self.add(
            activities(
                len(payers),
                role=Role.OVER_QUOTA,
                shape=Shape.FLAT,
                region=t.region[payers],
                partner=t.partner[payers],
                node_in=t.node_in[payers],
                ratio=0.0,
                landed_cost=t.landed_cost[payers],
            )
        )

    def guarantee(self, region: str, stage: str, price: float) -> None:
        """Producers at a place are paid at least a price; of several guarantees the highest counts."""
        node = self.market.node(region, stage, NodeRole.SUPPLY)
        if node != NOWHERE:
            self.producer_floor[node] = max(self.producer_floor[node], price)

    def hold(
        self,
        kind: str,
        index: int,
        region: str,
        stage: str,
        price: float,
        cap: float | None,
        kept_by: Collection[str] = (),
    ) -> None:
        """One charge on all of a party's arrivals from non-parties holds a price there, up to a largest charge.

        Several floors of one party at one place are one charge: the largest that one of them asks for. Exporters in
        ``kept_by`` keep what this floor asks for; from all others, and for another floor, it goes to the treasury.
        Equal floors ask for the same charge, each up to its cap, and an exporter keeps it if one of them lets it.
        """
        node = self.node(region, stage, NodeRole.USE)
        if node == NOWHERE:
            return
        keepers = tuple(sorted(self.region(name) for name in kept_by))
        step = FloorStep(price, (FloorTerm(kind, index, np.inf if cap is None else cap, keepers),))
        for slot, group in enumerate(self._levies):
            if group.node == node:
                self._levies[slot] = replace(group, steps=_relevant((*group.steps, step)))
                return
        members = self.routes(self.outsiders, [region], stage)
        self._levy[members] = len(self._levies)
        t = self.table
        base_arrivals = float(t.base[members][t.shape[members] == Shape.LOG].sum())
        self._levies.append(LevyGroup(region, node, members, (step,), SHUT_SHARE * base_arrivals))

    def offer(self, region: str, stage: str, price: float, quantity: float) -> None:
        """A public stock sells up to a quantity at a price."""
        self._stock(Role.STOCK_SALE, region, self.node(region, stage, NodeRole.USE), price, quantity)

    def bid(self, region: str, stage: str, price: float, budget: float | None) -> None:
        """A public stock buys at a price whatever is offered, until its budget is spent.

        With a budget it buys anything up to budget ÷ price there, and spends just the budget below it: an isoelastic
        demand of elasticity -1 that is given up at the price. A budget beyond all there is to buy is none.
        """
        node = self.node(region, stage, NodeRole.USE)
        if budget is None or budget > ENDLESS_BUDGET * self.market.price_scale * self.market.quantity_scale:
            self._stock(Role.STOCK_PURCHASE, region, node, price, np.inf)
        elif node != NOWHERE and budget > 0 and price > 0:
            most = budget / price
            buyer = {"region": self.region(region), "level": price}
            spending = {"shape": Shape.POWER, "base": most, "exponent": -1.0, "lower": most, "node_in": node}
            self.add(activities(1, role=Role.STOCK_PURCHASE, **spending, **buyer))
            self.add(activities(1, role=Role.UNBOUGHT, shape=Shape.FLAT, node_out=node, upper=most, **buyer))

    def commit(self, index: int, producer: str, buyer: str, stage: str, quantity: float, strike: float | None) -> None:
        """At least a quantity moves from producer to buyer; what cannot be delivered is excused before solving."""
        route = self.routes([producer], [buyer], stage)
        if len(route):
            self.table.lower[route] += quantity
            self._commitments.append(Commitment(index, int(route[0]), quantity, strike))

    # Verbs of shocks.

    def scale(self, which: Integers, factor: float) -> None:
        """Multiply the quantity at every price, and its bounds, by ``factor``; 0 switches the activity off.

        Processing without a capacity has nothing to scale.
        """
        t = self.table
        which = which[(t.role[which] != Role.PROCESS) | (t.shape[which] != Shape.FLAT) | np.isfinite(t.upper[which])]
        if factor == 0:
            self.close(which)
            return
        t.base[which[t.shape[which] == Shape.POWER]] *= factor
        t.width[which[t.shape[which] == Shape.LINEAR]] /= factor
        t.lower[which] *= factor
        t.upper[which] *= factor

    def close(self, which: Integers) -> None:
        """Nothing moves there any more."""
        self.table.lower[which] = 0.0
        self.table.upper[which] = 0.0

    def cap(self, which: Integers, quantity: float) -> None:
        """At most a quantity is made by some producers together, whatever else is laid over them."""
        if len(which) > 1:
            self.limit("supply_cap", which, quantity)
        self._caps.append((which, quantity))

    def raise_freight(self, which: Integers, share: float) -> None:
        """Money freight on some routes grows by a share."""
        extra = share * self.table.landed_cost[which]
        self.table.level[which] += extra
        self.table.landed_cost[which] += extra

    def hoard(self, region: str, stage: str, quantity: float) -> None:
        """A quantity is bought off a region's market whatever the price."""
        node = self.node(region, stage, NodeRole.USE)
        if node != NOWHERE:
            bound = {"lower": quantity, "upper": quantity}
            place = {"region": self.region(region), "node_in": node}
            self.add(activities(1, role=Role.HOARDING, shape=Shape.FLAT, **place, **bound))

    def store_at_home(self, exporter: str, stage: str) -> None:
        """Let a restricting exporter's stockpile buy what the restriction keeps at home (shipped markets only)."""
        node = self.market.node(exporter, stage, NodeRole.SUPPLY)
        prices, most, t = self.market.exporter_stock_price, self.market.exporter_stock_most, self.table
        if prices is None or most is None or node == NOWHERE:
            return
        if not ((t.role == Role.HELD_AT_HOME) & (t.node_in == node)).any():
            self._stock(Role.HELD_AT_HOME, exporter, node, float(prices[node]), float(most[node]))

    def limit_output(self, hosts: Mapping[tuple[str, str, str], float]) -> None:
        """By-products are at most a ratio of their hosts' output, by (host, stage, region)."""
        upper = self.table.upper
        for byproduct in self.market.byproducts:
            most = byproduct.ratio * hosts.get((byproduct.host, byproduct.host_stage, byproduct.region), 0.0)
            upper[byproduct.activity] = min(upper[byproduct.activity], most)
            self.table.lower[byproduct.activity] = min(self.table.lower[byproduct.activity], upper[byproduct.activity])

    # Making the problem.

    def add(self, new: Activities) -> Integers:
        """Append activities without charges; returns their positions."""
        start, count = len(self.table), len(new)
        self.table = join([self.table, new])
        self.duty_in_force = np.concatenate([self.duty_in_force, np.zeros(count)])
        self._levy = np.concatenate([self._levy, np.full(count, -1)])
        return np.arange(start, start + count)

    def problem(self) -> Problem:
        """The finished problem."""
        self._yield_to_caps()
        return Problem(
            market=self.market,
            table=self.table,
            charges=tuple(self._standing()),
            producer_floor=self.producer_floor,
            levy=self._levy,
            pools=tuple(self._pools),
            levies=tuple(self._levies),
            trqs=tuple(self._trqs),
            commitments=tuple(self._commitments),
        )

    def _yield_to_caps(self) -> None:
        """What must be made yields to the caps; one producer's capacity is at most its cap."""
        t = self.table
        for which, quantity in self._caps:
            if len(which) == 1:
                t.upper[which] = np.minimum(t.upper[which], quantity)
            t.lower[which] = np.minimum(t.lower[which], t.upper[which])
            least = float(t.lower[which].sum())
            if least > quantity:
                t.lower[which] *= quantity / least

    def _standing(self) -> Iterable[Charge]:
        """Duties in force, the charges that no tariff-rate quota replaces, and those of the quotas."""
        dutiable = np.flatnonzero(self.duty_in_force)
        if len(dutiable):
            rates = self.duty_in_force[dutiable]
            yield Charge(dutiable, np.zeros(len(dutiable)), rates, dutiable, agreed=False)
        replaced = np.concatenate([np.zeros(0, dtype=np.intp), *self._replaced])
        for charge in self._charges:
            gives_way = charge.agreed and charge.basis == Basis.LANDED
            standing = charge.only(~np.isin(charge.members, replaced)) if gives_way and len(replaced) else charge
            if len(standing.members):
                yield standing
        yield from self._tiers

    def _stock(self, role: Role, region: str, node: int, price: float, quantity: float) -> None:
        if node == NOWHERE or quantity <= 0:
            return
        sign = 1.0 if role == Role.STOCK_SALE else -1.0
        ends = {"node_out": node} if role == Role.STOCK_SALE else {"node_in": node}
        place = {"region": self.region(region), "level": sign * price, "upper": quantity}
        self.add(activities(1, role=role, shape=Shape.FLAT, **place, **ends))


def _relevant(steps: tuple[FloorStep, ...]) -> tuple[FloorStep, ...]:
    """Floors that can matter, highest first: a lower floor only where it may charge more than all above it.

    Equal floors are one, with the terms of all.
    """
    found: list[FloorStep] = []
    for step in sorted(steps, key=lambda step: (-step.floor, -step.cap)):
        if found and step.floor == found[-1].floor:
            found[-1] = replace(found[-1], terms=(*found[-1].terms, *step.terms))
        elif not found or step.cap > found[-1].cap:
            found.append(step)
    return tuple(found)


def stage_positions(market: MineralMarket, table: Activities) -> Integers:
    """Stage (position) of every activity: of the node it delivers to, else of the node it takes from.

    Activities that touch no node get ``NOWHERE``.
    """
    of_node = np.array([market.stages.index(node.stage) for node in market.nodes] + [NOWHERE], dtype=np.intp)
    return np.where(table.node_out != NOWHERE, of_node[table.node_out], of_node[table.node_in])
