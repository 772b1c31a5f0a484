"""Who gains and who pays: the accounts of every region in a solved state, and the identity that ties them together.

Money is per year. Between the prices at a calibrated route's two ends lies more than freight and charges. Part of it is
what the choice of supplier is worth to those who buy there (Anderson, de Palma and Thisse 1992, for logit choice): it
is theirs, an account of its own. The rest is a cost that goes to nobody. The identity holds the accounts, which come
from prices, against what use is worth less what resources cost, which comes from quantities alone.

Metal that a public stock takes in is an asset and what it sells is gone: ``stock_value`` counts the tonnes at the
undisturbed state's price. It stands beside the totals, which hold the money. What an exporter's own stockpile holds
of goods that may not leave counts inside them, at the price at which it holds it; private inventories are no asset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.tolerances import SMALLEST_SALES
from model.market.curves import LOWEST_PRICE, area_under_cost
from model.market.records import Role, Shape, sum_by
from model.problem import PRODUCTION, Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.equilibrium.ledger import Ledger
    from model.market.records import Floats

WELFARE = (
    "consumer_surplus",
    "producer_surplus",
    Account.REVENUE.value,
    Account.RENT.value,
    "transfers",
    "stock_sales",
    "supplier_change",
    "outlay",
)
STOCK_VALUE = "stock_value"
PUBLIC_STOCKS = (Role.STOCK_SALE, Role.STOCK_PURCHASE, Role.HOARDING, Role.UNBOUGHT)
BOUGHT = (Role.STOCK_PURCHASE, Role.HOARDING, Role.HELD_AT_HOME)

Welfare = dict[str, "Floats"]


def welfare_of(ledger: Ledger, undisturbed_price: Floats) -> Welfare:
    """The accounts by region, each an array over regions; ``undisturbed_price`` is per node."""
    accounts = {name: np.zeros(len(ledger.market.regions)) for name in (*WELFARE, STOCK_VALUE)}
    _users(ledger, accounts)
    accounts["producer_surplus"] += sum(producers_by_kind(ledger).values())
    _routes(ledger, accounts)
    accounts["supplier_change"] += ledger.by_region(ledger.where(Role.ROUTE), supplier_change(ledger), of="partner")
    _rents(ledger, accounts)
    _stocks(ledger, accounts, undisturbed_price)
    _settlements(ledger, accounts)
    return accounts


def total(accounts: Welfare) -> Floats:
    """Total welfare by region: the sum of the accounts less outlay."""
    plus = sum((accounts[name] for name in WELFARE[:-1]), start=np.zeros_like(accounts["outlay"]))
    result: Floats = plus - accounts["outlay"]
    return result


def friction_usd(ledger: Ledger) -> float:
    """What calibrated routes cost beyond freight and charges, which goes to nobody."""
    return float(ledger.friction @ ledger.x - supplier_change(ledger).sum())


def identity_error(ledger: Ledger, accounts: Welfare) -> float:
    """The accounts against :func:`worth` from quantities alone.

    Relative to the value of what is sold, guarantees included. Rents that nobody receives are added back; it is nan
    where consumer surplus is unbounded.
    """
    x = ledger.x
    accounted = float(total(accounts).sum()) + burnt(ledger)
    off_routes = ledger.where(*(role for role in Role if role != Role.ROUTE))
    paid = ledger.price_out + ledger.charges.support + ledger.table.ratio * ledger.price_in
    sold = float((paid * x)[off_routes].sum())
    least = SMALLEST_SALES * ledger.market.price_scale * ledger.market.quantity_scale
    error = abs(accounted - worth(ledger)) / max(sold, least)
    return error if np.isfinite(error) else float("nan")


def worth(ledger: Ledger) -> float:
    """What use is worth to the world, less what making and moving it costs: what free trade makes as large as it can.

    What exporters hold at home counts at its price, public stocks not at all.
    """
    t, x = ledger.table, ledger.x
    counted = ledger.where(Role.DEMAND, Role.UNSERVED, *PRODUCTION, Role.INVENTORY, Role.HELD_AT_HOME)
    moved = ledger.where(Role.ROUTE)
    carried = np.where(t.friction, _route_cost(ledger), (t.landed_cost + ledger.congestion) * x)
    return -float(_area(ledger)[counted].sum()) - float(carried[moved].sum())


def burnt(ledger: Ledger) -> float:
    """Rents of limits that nobody receives."""
    return sum(
        float(rent * (pool.weight @ ledger.x[pool.members]))
        for rent, pool in zip(ledger.state.rent, ledger.problem.pools, strict=True)
        if pool.account is None and pool.kind not in WITHIN_PRODUCERS
    )


WITHIN_PRODUCERS = frozenset({"supply_cap", "over_quota"})
"""Kinds of limits whose rent is part of what producers earn, or only splits a quota's routes."""


def _area(ledger: Ledger) -> Floats:
    return np.where(ledger.x == 0.0, 0.0, area_under_cost(ledger.table, ledger.x))


def _users(ledger: Ledger, accounts: Welfare) -> None:
    """Value of use beyond what is paid; infinite where nothing bounds what use is worth."""
    t = ledger.table
    users = ledger.where(Role.DEMAND, Role.UNSERVED)
    with np.errstate(invalid="ignore"):
        surplus = (ledger.price_out - ledger.price_in) * ledger.x - _area(ledger)
    accounts["consumer_surplus"] += ledger.by_region(users, surplus)
    priceless = users[(t.shape[users] == Shape.FLAT) & (t.lower[users] > 0) & (t.level[users] == 0)]
    elastic = users[(t.shape[users] == Shape.POWER) & (t.exponent[users] <= -1.0)]
    given_away = elastic[ledger.price_in[elastic] <= LOWEST_PRICE * t.level[elastic]]
    accounts["consumer_surplus"][t.region[np.concatenate([priceless, given_away])]] = np.inf


PRODUCERS = ("mining", "refining", "recycling", "private_stocks")
"""Whose surplus the producers' is the sum of; the last draw down stocks of their own."""


def producers_by_kind(ledger: Ledger) -> Welfare:
    """Receipts, guarantees included, less cost, by kind of producer; the rent of a full route is the exporter's.

    Beside refineries that take in ore, who makes the same product recycles. Where ore is no market of its own, all
    who make the product count as refineries. What an exporter holds at home it still has, at its own bid.
    """
    t = ledger.table
    receipts = (ledger.price_out - t.ratio * ledger.price_in + ledger.charges.support) * ledger.x
    surplus = np.where(t.role == Role.ROUTE, np.maximum(ledger.margin * ledger.x, 0.0), receipts - _area(ledger))
    makes, ships, is_chain = t.role == Role.SUPPLY, t.role == Role.ROUTE, len(ledger.market.stages) > 1
    mines = (ledger.stage == 0) & (makes | ships) & is_chain
    recycles = makes & ~mines & is_chain
    stocks = (t.role == Role.INVENTORY) | (t.role == Role.HELD_AT_HOME)
    kinds = mines, (t.role == Role.PROCESS) | (makes | ships) & ~mines & ~recycles, recycles, stocks
    return {name: ledger.by_region(np.flatnonzero(kind), surplus) for name, kind in zip(PRODUCERS, kinds, strict=True)}


def _route_cost(ledger: Ledger) -> Floats:
    """Cost of moving a flow on calibrated routes, that of not buying where one would have bought included.

    Nothing but freight and the constant residual in the base year.
    """
    t = ledger.table
    return _area(ledger) + np.where(t.shape == Shape.LOG, t.width * t.base, 0.0)


def supplier_change(ledger: Ledger) -> Floats:
    """What the choice of supplier is worth on each calibrated route [money per year], zero in the base year.

    With x the flow, b the base year's and w the curve's width: what lies between the prices beyond freight, charges
    and the route's constant part, less the area under the curve. On a route that is neither full nor forced that is
    w (x - b); on one that was not used w (x - b ln(1 + x/b)); on a used one that is closed -w b.
    """
    t, x = ledger.table, ledger.x
    return np.where(t.friction, (ledger.friction + t.landed_cost) * x - _route_cost(ledger), 0.0)


SUPPLIERS = ("supplier_mix", "supplier_volume")
"""What the change of supplier consists of: another mix than the base year's at the same volume, and all the rest."""


def suppliers_by_kind(ledger: Ledger) -> Welfare:
    """The change of supplier by importing region, split in two.

    The mix counts what buyers lose since shares of their suppliers are not those they would choose at equal prices:
    minus w x ln(share / base share) on routes used in the base year, the area under the curve on new ones. It is never
    a gain. The rest is due to how much they buy, and what they pay less to those who take another's place.
    """
    t, x = ledger.table, ledger.x
    routes = ledger.where(Role.ROUTE)
    used = np.flatnonzero(t.friction & (t.shape == Shape.LOG) & (x > 0.0))
    nodes = len(ledger.market.nodes)
    bought, before = (sum_by(t.node_out[used], amount[used], nodes) for amount in (x, t.base))
    mix = np.where(t.friction & (t.shape == Shape.LOG1P), t.level * x - _area(ledger), 0.0)
    node = t.node_out[used]
    mix[used] = -t.width[used] * x[used] * np.log(x[used] / bought[node] * (before[node] / t.base[used]))
    parts = mix, supplier_change(ledger) - mix
    return {name: ledger.by_region(routes, part, of="partner") for name, part in zip(SUPPLIERS, parts, strict=True)}


def _routes(ledger: Ledger, accounts: Welfare) -> None:
    """Charges go to their accounts, and the loss on a forced shipment is the buyer's.

    What goes beyond a quota pays its difference on every route in proportion to the flows that are beyond.
    """
    t, x = ledger.table, ledger.x
    routes = ledger.where(Role.ROUTE)
    for (account, to_exporter), charge in ledger.charges.by_receiver.items():
        column = t.region if to_exporter else t.partner
        paid = charge * x
        for group in ledger.problem.trqs:
            if len(group.over) == 1:
                flow = x[group.routes]
                share = flow / flow.sum() if flow.sum() > 0 else flow
                np.add.at(accounts[account], column[group.routes], float(paid[group.over[0]]) * share)
                paid[group.over] = 0.0
        charged = ledger.where(Role.ROUTE, Role.OVER_QUOTA)
        accounts[account] += ledger.by_region(charged, paid, of="region" if to_exporter else "partner")
    accounts["consumer_surplus"] += ledger.by_region(routes, np.minimum(ledger.margin * x, 0.0), of="partner")


def _rents(ledger: Ledger, accounts: Welfare) -> None:
    for account, _, amount in _rents_of_limits(ledger):
        accounts[account] += amount


def _rents_of_limits(ledger: Ledger) -> Iterator[tuple[Account, bool, Floats]]:
    """Rents of limits, by the flows inside them: whose account, whether the exporter's, and the amounts by region."""
    t, x = ledger.table, ledger.x
    for rent, pool in zip(ledger.state.rent, ledger.problem.pools, strict=True):
        if rent == 0.0 or pool.account is None:
            continue
        is_over = t.role[pool.members] == Role.OVER_QUOTA
        routes, over = pool.members[~is_over], pool.members[is_over]
        flow = x[routes]
        if len(over) == len(routes):
            flow = flow - x[over]
        elif len(over):
            flow = flow * (float(pool.weight @ x[pool.members]) / max(float(flow.sum()), 1e-300))
        column = (t.region if pool.to_exporter else t.partner)[routes]
        yield pool.account, pool.to_exporter, sum_by(column, rent * flow, len(ledger.market.regions))


def rents_by_holder(ledger: Ledger) -> Welfare:
    """Rents of quotas by who holds them: importers, or exporters, who also have the levies that they may keep."""
    held = [(to_exporter, own) for account, to_exporter, own in _rents_of_limits(ledger) if account is Account.RENT]
    routes = ledger.where(Role.ROUTE)
    for (account, to_exporter), charge in ledger.charges.by_receiver.items():
        if account is Account.RENT:
            of = "region" if to_exporter else "partner"
            held.append((to_exporter, ledger.by_region(routes, charge * ledger.x, of=of)))
    none = np.zeros(len(ledger.market.regions))
    return {
        name: sum((own for whose, own in held if whose is to_exporter), start=none)
        for name, to_exporter in (("rents_importers", False), ("rents_exporters", True))
    }


def _stocks(ledger: Ledger, accounts: Welfare, undisturbed_price: Floats) -> None:
    """What public stocks sell, buy and are worth at the market's price, and what contracts for difference pay."""
    t, x = ledger.table, ledger.x
    accounts["outlay"] += ledger.by_region(ledger.where(*PRODUCTION), ledger.charges.support * x)
    sales, bought = ledger.where(Role.STOCK_SALE), ledger.where(Role.STOCK_PURCHASE, Role.HOARDING, Role.UNBOUGHT)
    accounts["stock_sales"] += ledger.by_region(sales, ledger.price_out * x)
    accounts["outlay"] += ledger.by_region(bought, (ledger.price_in - ledger.price_out) * x)
    each = np.append(undisturbed_price, 0.0)
    accounts[STOCK_VALUE] += ledger.by_region(ledger.where(*PUBLIC_STOCKS), (each[t.node_in] - each[t.node_out]) * x)


def _settlements(ledger: Ledger, accounts: Welfare) -> None:
    """Offtakes are settled at their strikes against the producer's price, on what was not excused."""
    t = ledger.table
    for commitment, excused in zip(ledger.problem.commitments, ledger.state.excused, strict=True):
        if commitment.strike is not None:
            route = commitment.route
            gap = commitment.strike - float(ledger.price_in[route])
            settled = gap * commitment.quantity * (1.0 - excused)
            accounts["transfers"][t.region[route]] += settled
            accounts["transfers"][t.partner[route]] -= settled
