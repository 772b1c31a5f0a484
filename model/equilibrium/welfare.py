"""Who gains and who pays: the accounts of every region in a solved state, and the identity that ties them together.

Money is per year. Calibration friction on routes is nobody's money: it stands in no region's account and is stated
apart. It is computed from the routes' own curves, so the identity tells whether every price difference is explained by
costs, charges and rents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.tolerances import SMALLEST_SALES
from model.market.curves import LOWEST_PRICE, area_under_cost
from model.market.records import Role, Shape
from model.problem import PRODUCTION, Account

if TYPE_CHECKING:
    from model.equilibrium.ledger import Ledger
    from model.market.records import Floats

WELFARE = (
    "consumer_surplus",
    "producer_surplus",
    Account.REVENUE.value,
    Account.RENT.value,
    "transfers",
    "stock_sales",
    "outlay",
)

Welfare = dict[str, "Floats"]


def welfare_of(ledger: Ledger) -> Welfare:
    """The accounts by region, each an array over regions."""
    accounts = {name: np.zeros(len(ledger.market.regions)) for name in WELFARE}
    _users(ledger, accounts)
    _producers(ledger, accounts)
    _routes(ledger, accounts)
    _rents(ledger, accounts)
    _stocks(ledger, accounts)
    _settlements(ledger, accounts)
    return accounts


def total(accounts: Welfare) -> Floats:
    """Total welfare by region: the sum of the accounts less outlay."""
    plus = sum((accounts[name] for name in WELFARE[:-1]), start=np.zeros_like(accounts["outlay"]))
    result: Floats = plus - accounts["outlay"]
    return result


def friction_usd(ledger: Ledger) -> float:
    """What calibration friction on all routes comes to."""
    return float(ledger.friction @ ledger.x)


def identity_error(ledger: Ledger, accounts: Welfare) -> float:
    """Accounts and friction against value of use less resource cost, from quantities alone.

    Relative to the value of what is sold, guarantees included. Rents that nobody receives are added back; it is nan
    where consumer surplus is unbounded.
    """
    x = ledger.x
    area = _area(ledger)
    priced = ledger.where(Role.DEMAND, Role.UNSERVED, *PRODUCTION, Role.INVENTORY)
    routes = ledger.where(Role.ROUTE)
    freight = ((ledger.table.landed_cost + ledger.congestion) * x)[routes]
    resources = -float(area[priced].sum()) - float(freight.sum())
    burnt = sum(
        float(rent * (pool.weight @ x[pool.members]))
        for rent, pool in zip(ledger.state.rent, ledger.problem.pools, strict=True)
        if pool.account is None and pool.kind not in WITHIN_PRODUCERS
    )
    accounted = float(total(accounts).sum()) + friction_usd(ledger) + burnt
    off_routes = ledger.where(*(role for role in Role if role != Role.ROUTE))
    paid = ledger.price_out + ledger.charges.support + ledger.table.ratio * ledger.price_in
    sold = float((paid * x)[off_routes].sum())
    least = SMALLEST_SALES * ledger.market.price_scale * ledger.market.quantity_scale
    error = abs(accounted - resources) / max(sold, least)
    return error if np.isfinite(error) else float("nan")


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


def _producers(ledger: Ledger, accounts: Welfare) -> None:
    """Receipts, guarantees included, less cost; inventories are private."""
    producers = ledger.where(*PRODUCTION, Role.INVENTORY)
    support = ledger.charges.support * ledger.x
    receipts = (ledger.price_out - ledger.table.ratio * ledger.price_in) * ledger.x + support
    accounts["producer_surplus"] += ledger.by_region(producers, receipts - _area(ledger))
    accounts["outlay"] += ledger.by_region(producers, support)


def _routes(ledger: Ledger, accounts: Welfare) -> None:
    """Charges go to their accounts; the rent of a full route is the exporter's, a forced shipment's loss the buyer's.

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
    earned = ledger.margin * x
    accounts["producer_surplus"] += ledger.by_region(routes, np.maximum(earned, 0.0))
    accounts["consumer_surplus"] += ledger.by_region(routes, np.minimum(earned, 0.0), of="partner")


def _rents(ledger: Ledger, accounts: Welfare) -> None:
    """Rents of limits, by the flows inside them."""
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
        np.add.at(accounts[pool.account], (t.region if pool.to_exporter else t.partner)[routes], rent * flow)


def _stocks(ledger: Ledger, accounts: Welfare) -> None:
    """Public stocks sell and buy at the market's price."""
    sales = ledger.where(Role.STOCK_SALE)
    accounts["stock_sales"] += ledger.by_region(sales, ledger.price_out * ledger.x)
    bought = ledger.where(Role.STOCK_PURCHASE, Role.HOARDING, Role.UNBOUGHT)
    accounts["outlay"] += ledger.by_region(bought, (ledger.price_in - ledger.price_out) * ledger.x)


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
