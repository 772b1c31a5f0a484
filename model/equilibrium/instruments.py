"""One function per instrument and shock: what each changes in the programme.

Border measures act on the routes they name; a floor by levy adds a levy group, a contract for difference a strike at
its producers' node, a buffer stock two public stocks; a tariff-rate quota is a pool with an over-quota part beside it.
The order in which
:func:`lay_over` applies them matters only where the case format says so: shocks first, a TRQ replaces tariffs on its
routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.agreement import Mechanism
from model.market.records import NOWHERE, NodeRole, Role, Shape, activities
from model.overlay import Draft, LevyGroup, Problem, TrqGroup, public_stock, scale_quantity, start_draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from model.agreement import ExportTax, Floor, Instruments, Offtake, Quota, Stockpile, Tariff, Trq, ZeroForZero
    from model.market.records import MineralMarket
    from model.shock import (
        DemandChange,
        ExportBan,
        ExportQuota,
        ExportTaxChange,
        FreightChange,
        Hoarding,
        Shock,
        SupplyCap,
        SupplyLoss,
        SupplySurge,
    )

    HostOutput = Mapping[tuple[str, str, str], float]

SHUT_SHARE = 0.01
"""A levy is not raised further once arrivals over routes with calibration friction fall to this share of the base
year's: friction
never lets a base-year flow vanish, so "no more arrivals" needs a threshold there. Routes without friction shut at
zero."""


def add_zero_for_zero(draft: Draft, zero: ZeroForZero, parties: frozenset[str]) -> None:
    """Duties in force between parties fall to zero."""
    members = [name for name in draft.market.regions if name in parties]
    among = draft.routes(members, members, zero.stage)
    draft.duty_in_force[among] = 0.0
    draft.duty_ad_valorem[among] = 0.0


def add_tariff(draft: Draft, tariff: Tariff) -> None:
    """Import duty on the routes it names, on top of duties already there."""
    which = draft.routes(tariff.exporters, tariff.importers, tariff.stage)
    draft.duty_specific[which] += tariff.specific
    draft.duty_ad_valorem[which] += tariff.ad_valorem
    draft.greater_of[which] |= tariff.greater_of


def add_export_tax(draft: Draft, tax: ExportTax) -> None:
    """Tax on the exporter's price on the routes it names."""
    which = draft.routes([tax.exporter], tax.importers, tax.stage)
    draft.export_specific[which] += tax.specific
    draft.export_ad_valorem[which] += tax.ad_valorem


def add_quota(draft: Draft, index: int, quota: Quota) -> None:
    """Upper limit on the sum of the flows it names; the dual is the rent."""
    draft.add_pool("quota", index, draft.routes(quota.exporters, quota.importers, quota.stage), quota.quantity)


def add_trq(draft: Draft, index: int, trq: Trq) -> None:
    """All flows pay the in-quota rate; what exceeds the pool also pays the difference to the over-quota rate.

    The rates replace the agreement's tariffs on these routes; duties in force (shipped markets) stay beneath them.
    The over-quota part is an activity of its own (one for the pool, or one per route where the difference is ad valorem
    and so depends on the exporter's price). It moves nothing: it pays, relieves the pool, and cannot exceed the flow it
    belongs to.
    """
    routes = draft.routes(trq.exporters, trq.importers, trq.stage)
    if not len(routes):
        return
    draft.duty_specific[routes] = trq.in_quota.specific
    draft.duty_ad_valorem[routes] = draft.duty_in_force[routes] + trq.in_quota.ad_valorem
    draft.greater_of[routes] = False
    specific = trq.over_quota.specific - trq.in_quota.specific
    ad_valorem = trq.over_quota.ad_valorem - trq.in_quota.ad_valorem
    payers = routes[:1] if ad_valorem == 0 else routes
    t = draft.table
    over = draft.add(
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
    draft.duty_specific[over] = specific
    draft.duty_ad_valorem[over] = ad_valorem
    relieved = np.concatenate([np.ones(len(routes)), -np.ones(len(over))])
    pool = len(draft.pools)
    draft.add_pool("trq", index, np.concatenate([routes, over]), trq.quantity, relieved)
    groups = [(over, routes)] if ad_valorem == 0 else zip(over[:, None], routes[:, None], strict=True)
    for part, whole in groups:
        weight = np.concatenate([np.ones(len(part)), -np.ones(len(whole))])
        draft.add_pool("over_quota", index, np.concatenate([part, whole]), 0.0, weight)
    draft.trqs.append(TrqGroup(pool, routes, over, tuple(range(pool + 1, len(draft.pools)))))


def add_floor(draft: Draft, index: int, floor: Floor, parties: frozenset[str]) -> None:
    """Price floor of each named party by its mechanism."""
    hold = {Mechanism.VARIABLE_LEVY: _add_levy, Mechanism.CFD: _add_cfd, Mechanism.BUFFER_STOCK: _add_buffer_stock}
    for party in floor.parties:
        hold[floor.mechanism](draft, index, floor, party, parties)


def _add_levy(draft: Draft, index: int, floor: Floor, party: str, parties: frozenset[str]) -> None:
    """One levy on all of the party's arrivals from non-parties, whatever the origin."""
    outsiders = [name for name in draft.market.regions if name not in parties]
    members = draft.routes(outsiders, [party], floor.stage)
    node = draft.trade_node(party, floor.stage, NodeRole.USE)
    if node == NOWHERE:
        return
    draft.levy[members] = len(draft.levies)
    t = draft.table
    base_arrivals = float(t.base[members][t.shape[members] == Shape.LOG].sum())
    cap = np.inf if floor.levy_cap is None else floor.levy_cap
    draft.levies.append(LevyGroup(index, party, node, members, floor.price, cap, SHUT_SHARE * base_arrivals))


def _add_cfd(draft: Draft, index: int, floor: Floor, party: str, parties: frozenset[str]) -> None:
    """The party's producers are paid up to the floor on all output; users pay the market price."""
    node = draft.market.node(party, floor.stage, NodeRole.SUPPLY)
    if node != NOWHERE:
        draft.producer_floor[node] = max(draft.producer_floor[node], floor.price)


def _add_buffer_stock(draft: Draft, index: int, floor: Floor, party: str, parties: frozenset[str]) -> None:
    """Purchases at the floor up to the budget (beyond it, budget ÷ price), sales of the stock at the ceiling."""
    node = draft.trade_node(party, floor.stage, NodeRole.USE)
    if node == NOWHERE:
        return
    if floor.budget is None:
        public_stock(draft, Role.STOCK_PURCHASE, party, node, floor.price, np.inf)
    elif floor.budget > 0 and floor.price > 0:
        _budgeted_purchase(draft, party, node, floor.price, floor.budget)
    if floor.ceiling is not None and floor.stock > 0:
        public_stock(draft, Role.STOCK_SALE, party, node, floor.ceiling, floor.stock)


def _budgeted_purchase(draft: Draft, party: str, node: int, floor: float, budget: float) -> None:
    """A purchase that spends at most ``budget``: anything up to budget ÷ floor at the floor, budget ÷ price below it.

    It is an isoelastic demand of elasticity -1 (constant spending) that is given up at the floor.
    """
    most = budget / floor
    region = draft.region(party)
    draft.add(
        activities(
            1,
            role=Role.STOCK_PURCHASE,
            shape=Shape.POWER,
            region=region,
            node_in=node,
            level=floor,
            base=most,
            exponent=-1.0,
            lower=most,
        )
    )
    draft.add(
        activities(1, role=Role.UNBOUGHT, shape=Shape.FLAT, region=region, node_out=node, level=floor, upper=most)
    )


def add_offtake(draft: Draft, index: int, offtake: Offtake) -> None:
    """Lower bound on the route from producer to buyer; what cannot be delivered is excused later, before solving."""
    route = draft.routes([offtake.producer], [offtake.buyer], offtake.stage)
    if len(route):
        draft.table.lower[route] += offtake.quantity
        draft.offtakes.append((index, int(route[0]), offtake.quantity))


def add_stockpile(draft: Draft, stockpile: Stockpile) -> None:
    """Public stock offered at its release price."""
    node = draft.trade_node(stockpile.party, stockpile.stage, NodeRole.USE)
    if node != NOWHERE:
        public_stock(draft, Role.STOCK_SALE, stockpile.party, node, stockpile.release_above, stockpile.quantity)


def _store_at_home(draft: Draft, exporter: str, stage: str) -> None:
    """Let a restricting exporter's stockpile buy what the restriction keeps at home (shipped markets only)."""
    node = draft.market.node(exporter, stage, NodeRole.SUPPLY)
    prices = draft.market.exporter_stock_price
    t = draft.table
    if prices is not None and node != NOWHERE and not ((t.role == Role.STOCK_PURCHASE) & (t.node_in == node)).any():
        public_stock(draft, Role.STOCK_PURCHASE, exporter, node, float(prices[node]), np.inf)


def apply_export_ban(draft: Draft, shock: ExportBan) -> None:
    """Nothing leaves on the routes it names."""
    which = draft.routes([shock.exporter], shock.importers, shock.stage)
    draft.table.lower[which] = 0.0
    draft.table.upper[which] = 0.0
    _store_at_home(draft, shock.exporter, shock.stage)


def apply_export_quota(draft: Draft, shock: ExportQuota) -> None:
    """At most a quantity leaves on the routes it names together."""
    which = draft.routes([shock.exporter], shock.importers, shock.stage)
    draft.add_pool("export_quota", len(draft.pools), which, shock.quantity)
    _store_at_home(draft, shock.exporter, shock.stage)


def apply_supply_loss(draft: Draft, shock: SupplyLoss) -> None:
    """Production at every price, and its capacity, shrink by a share."""
    scale_quantity(draft, draft.production(shock.region, shock.stage), 1.0 - shock.share)


def apply_supply_surge(draft: Draft, shock: SupplySurge) -> None:
    """Production at every price, and its capacity, grow by a share."""
    scale_quantity(draft, draft.production(shock.region, shock.stage), 1.0 + shock.share)


def apply_supply_cap(draft: Draft, shock: SupplyCap) -> None:
    """Production is at most a quantity; fixed supply that would exceed it may fall short."""
    which, t = draft.production(shock.region, shock.stage), draft.table
    if t.lower[which].sum() > shock.quantity:
        t.lower[which] = 0.0
    if len(which) == 1:
        t.upper[which] = np.minimum(t.upper[which], shock.quantity)
    else:
        draft.add_pool("supply_cap", len(draft.pools), which, shock.quantity)


def apply_demand_change(draft: Draft, shock: DemandChange) -> None:
    """Use at every price changes by a share."""
    scale_quantity(draft, draft.demand(shock.region, shock.stage), 1.0 + shock.share)


def apply_hoarding(draft: Draft, shock: Hoarding) -> None:
    """A quantity is bought off a region's market whatever the price."""
    node = draft.trade_node(shock.region, shock.stage, NodeRole.USE)
    if node != NOWHERE:
        bought = activities(
            1,
            role=Role.HOARDING,
            shape=Shape.FLAT,
            region=draft.region(shock.region),
            node_in=node,
            lower=shock.quantity,
            upper=shock.quantity,
        )
        draft.add(bought)


def apply_freight_change(draft: Draft, shock: FreightChange) -> None:
    """Money freight of a stage changes by a share on the routes it names."""
    t = draft.table
    which = draft.routes(shock.exporters, shock.importers, shock.stage)
    extra = shock.share * t.landed_cost[which]
    t.level[which] += extra
    t.landed_cost[which] += extra


def apply_export_tax(draft: Draft, shock: ExportTaxChange) -> None:
    """A tax on the exporter's price on the routes it names."""
    draft.export_ad_valorem[draft.routes([shock.exporter], shock.importers, shock.stage)] += shock.rate


_APPLY: dict[str, Callable[[Draft, Any], None]] = {
    "export_ban": apply_export_ban,
    "export_quota": apply_export_quota,
    "supply_loss": apply_supply_loss,
    "supply_surge": apply_supply_surge,
    "supply_cap": apply_supply_cap,
    "demand_change": apply_demand_change,
    "hoarding": apply_hoarding,
    "freight_change": apply_freight_change,
    "export_tax": apply_export_tax,
}


def lay_over(
    market: MineralMarket,
    parties: frozenset[str],
    instruments: Instruments,
    shocks: Iterable[Shock],
    host_output: HostOutput,
) -> Problem:
    """The programme's data for one mineral: its market with shocks and instruments laid over it.

    ``instruments`` may name other minerals; only this market's are used. ``host_output`` gives, per (host, stage,
    region), the host's production that caps by-products.
    """
    draft = start_draft(market)
    for byproduct in market.byproducts:
        limit = byproduct.ratio * host_output.get((byproduct.host, byproduct.host_stage, byproduct.region), 0.0)
        draft.table.upper[byproduct.activity] = min(draft.table.upper[byproduct.activity], limit)
    for shock in shocks:
        if shock.mineral == market.mineral:
            _APPLY[shock.kind](draft, shock)

    def each(name: str) -> Iterator[tuple[int, Any]]:
        return ((i, item) for i, item in enumerate(getattr(instruments, name, ())) if item.mineral == market.mineral)

    for _, zero in each("zero_for_zero"):
        add_zero_for_zero(draft, zero, parties)
    for _, tariff in each("tariffs"):
        add_tariff(draft, tariff)
    for index, trq in each("trqs"):
        add_trq(draft, index, trq)
    for index, quota in each("quotas"):
        add_quota(draft, index, quota)
    for _, tax in each("export_taxes"):
        add_export_tax(draft, tax)
    for index, floor in each("floors"):
        add_floor(draft, index, floor, parties)
    for index, offtake in each("offtakes"):
        add_offtake(draft, index, offtake)
    for _, stockpile in each("stockpiles"):
        add_stockpile(draft, stockpile)
    return draft.problem()
