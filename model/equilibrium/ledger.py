"""Who gains and who pays: tables of prices, quantities, flows, instruments and welfare from a solved state.

Column names are those of the case file's RESULT. Money is per year. Calibration friction and residuals on routes are
not money: they stand in no region's account and are returned apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.agreement import Mechanism, RentHolder
from model.market.curves import area_under_cost
from model.market.records import NOWHERE, NodeRole, Role, Shape
from model.overlay import PRODUCTION, stage_positions, sum_by

if TYPE_CHECKING:
    from model.agreement import Instruments, Quota, Trq
    from model.equilibrium.solver import State
    from model.market.records import Floats, Integers

WELFARE = (
    "consumer_surplus",
    "producer_surplus",
    "duty_and_levy_revenue",
    "quota_rent",
    "transfers",
    "stock_sales",
    "outlay",
)
NEGLIGIBLE = 1e-8
"""Quantities below this share of the market are reported as zero."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Accounts:
    """Result rows of one mineral.

    ``welfare`` is an array per account over regions; ``friction_usd`` is the calibration account.
    """

    prices: list[Row]
    quantities: list[Row]
    flows: list[Row]
    trqs: list[Row]
    quotas: list[Row]
    floors: list[Row]
    welfare: dict[str, Floats]
    friction_usd: float
    identity_error: float
    balance_error: float


class Ledger:
    """A solved state with the per-activity quantities that all tables share."""

    def __init__(self, state: State, instruments: Instruments) -> None:
        self.state = state
        self.problem = state.problem
        self.market = state.problem.market
        self.instruments = instruments
        t = self.table = state.problem.table
        self.x = np.where(np.abs(state.quantity) < NEGLIGIBLE * self.market.quantity_scale, 0.0, state.quantity)
        extended = np.append(state.price, 0.0)
        self.price_out = extended[t.node_out]
        self.price_in = extended[t.node_in]
        self.stage = stage_positions(self.market, t)
        self.levy = np.append(state.levy, 0.0)[state.problem.levy]
        strike = np.append(state.problem.producer_floor, 0.0)[t.node_out]
        self.top_up = np.where(np.isin(t.role, PRODUCTION), np.maximum(strike - self.price_out, 0.0), 0.0)
        landed = self.price_in + t.landed_cost + np.where(t.shape == Shape.LINEAR, t.width * self.x, 0.0)
        ad_valorem = state.problem.duty_ad_valorem * landed
        self.duty = np.where(
            state.problem.greater_of,
            np.maximum(state.problem.duty_specific, ad_valorem),
            state.problem.duty_specific + ad_valorem,
        )
        self.export_tax = state.problem.export_specific + state.problem.export_ad_valorem * self.price_in
        self.rent = np.zeros(len(t))
        for value, pool in zip(state.rent, state.problem.pools, strict=True):
            self.rent[pool.members] += value * pool.weight

    def where(self, *roles: Role) -> Integers:
        """Activities with one of the roles."""
        return np.flatnonzero(np.isin(self.table.role, roles))

    def by_region(self, which: Integers, amount: Floats, of: str = "region") -> Floats:
        """Sum of ``amount`` over activities, by region (or by ``partner``)."""
        column: Integers = getattr(self.table, of)[which]
        return sum_by(column, amount[which], len(self.market.regions))

    def by_cell(self, which: Integers, amount: Floats, stage: Integers | None = None, of: str = "region") -> Floats:
        """Sum of ``amount`` by region and stage, shape (regions, stages)."""
        stages = len(self.market.stages)
        at = (self.stage if stage is None else stage)[which]
        cell = getattr(self.table, of)[which] * stages + at
        return sum_by(cell, amount[which], len(self.market.regions) * stages).reshape(-1, stages)


def settle(state: State, instruments: Instruments) -> Accounts:
    """All tables of one solved mineral."""
    ledger = Ledger(state, instruments)
    welfare, friction = _welfare(ledger)
    quantities, balance_error = _quantities(ledger)
    return Accounts(
        prices=_prices(ledger),
        quantities=quantities,
        flows=_flows(ledger),
        trqs=_trqs(ledger),
        quotas=_quotas(ledger),
        floors=_floors(ledger),
        welfare=welfare,
        friction_usd=friction,
        identity_error=_identity_error(ledger, welfare, friction),
        balance_error=balance_error,
    )


def _places(ledger: Ledger) -> list[tuple[int, int]]:
    """(region, stage) positions that have a node, in order."""
    market = ledger.market
    seen = {(market.regions.index(node.region), market.stages.index(node.stage)) for node in market.nodes}
    return sorted(seen)


def _prices(ledger: Ledger) -> list[Row]:
    market, state = ledger.market, ledger.state
    rows = []
    for region, stage in _places(ledger):
        names = (market.regions[region], market.stages[stage])
        use, supply = market.node(*names, NodeRole.USE), market.node(*names, NodeRole.SUPPLY)
        use, supply = (use if use != NOWHERE else supply), (supply if supply != NOWHERE else use)
        produced = max(float(state.price[supply]), float(state.problem.producer_floor[supply]))
        rows.append(
            {
                "region": names[0],
                "mineral": market.mineral,
                "stage": names[1],
                "consumer_price": float(state.price[use]),
                "producer_price": produced,
            }
        )
    return rows


def _quantities(ledger: Ledger) -> tuple[list[Row], float]:
    """Quantities by region and stage, and the largest world imbalance relative to what is produced.

    Consumption is final use plus what processing takes in; unserved demand is not consumed.
    """
    x, t, market = ledger.x, ledger.table, ledger.market
    routes = ledger.where(Role.ROUTE)
    foreign = routes[t.region[routes] != t.partner[routes]]
    taken_from = np.array([market.stages.index(node.stage) for node in market.nodes] + [NOWHERE])[t.node_in]
    process = ledger.where(Role.PROCESS)
    consumption = ledger.by_cell(ledger.where(Role.DEMAND), x) - ledger.by_cell(ledger.where(Role.UNSERVED), x)
    consumption += ledger.by_cell(process, x * t.ratio, taken_from)
    columns = {
        "production": ledger.by_cell(ledger.where(*PRODUCTION), x),
        "consumption": consumption,
        "imports": ledger.by_cell(foreign, x, of="partner"),
        "exports": ledger.by_cell(foreign, x),
        "stock_bought": ledger.by_cell(ledger.where(Role.STOCK_PURCHASE, Role.HOARDING), x)
        - ledger.by_cell(ledger.where(Role.UNBOUGHT), x),
        "stock_released": ledger.by_cell(ledger.where(Role.STOCK_SALE, Role.INVENTORY), x),
        "unserved": ledger.by_cell(ledger.where(Role.UNSERVED), x),
    }
    arrive = columns["production"] + columns["imports"] + columns["stock_released"]
    leave = columns["consumption"] + columns["exports"] + columns["stock_bought"]
    surplus = (arrive - leave).sum(axis=0)
    free = {node.stage for node, price in zip(market.nodes, ledger.state.price, strict=True) if price <= 0.0}
    left_over = np.array([stage in free for stage in market.stages]) & (surplus > 0)
    error = np.where(left_over, 0.0, np.abs(surplus))
    rows = [
        {"region": market.regions[r], "mineral": market.mineral, "stage": market.stages[s]}
        | {name: float(column[r, s]) for name, column in columns.items()}
        for r, s in _places(ledger)
    ]
    return rows, float((error / np.maximum(arrive.sum(axis=0), NEGLIGIBLE * market.quantity_scale)).max())


def _flows(ledger: Ledger) -> list[Row]:
    t, market = ledger.table, ledger.market
    routes = ledger.where(Role.ROUTE)
    used = routes[(t.region[routes] != t.partner[routes]) & (ledger.x[routes] > 0)]
    return [
        {
            "mineral": market.mineral,
            "stage": market.stages[ledger.stage[a]],
            "from": market.regions[t.region[a]],
            "to": market.regions[t.partner[a]],
            "quantity": float(ledger.x[a]),
        }
        for a in used.tolist()
    ]


def _pool(ledger: Ledger, kind: str, index: int) -> int | None:
    for position, pool in enumerate(ledger.problem.pools):
        if pool.kind == kind and pool.index == index:
            return position
    return None


def _trqs(ledger: Ledger) -> list[Row]:
    rows = []
    for index, trq in enumerate(ledger.instruments.trqs):
        if trq.mineral != ledger.market.mineral:
            continue
        position = _pool(ledger, "trq", index)
        within, over, rent = 0.0, 0.0, 0.0
        if position is not None:
            pool = ledger.problem.pools[position]
            amount = ledger.x[pool.members]
            is_over = ledger.table.role[pool.members] == Role.OVER_QUOTA
            over = float(amount[is_over].sum())
            within = float(amount[~is_over].sum()) - over
            rent = float(ledger.state.rent[position])
        rows.append({"index": index, "in_quota": within, "over_quota": over, "rent_per_unit": rent})
    return rows


def _quotas(ledger: Ledger) -> list[Row]:
    rows = []
    for index, quota in enumerate(ledger.instruments.quotas):
        if quota.mineral != ledger.market.mineral:
            continue
        position = _pool(ledger, "quota", index)
        imports, rent = 0.0, 0.0
        if position is not None:
            imports = float(ledger.x[ledger.problem.pools[position].members].sum())
            rent = float(ledger.state.rent[position])
        rows.append({"index": index, "imports": imports, "rent_per_unit": rent})
    return rows


def _floors(ledger: Ledger) -> list[Row]:
    rows = []
    for index, floor in enumerate(ledger.instruments.floors):
        if floor.mineral == ledger.market.mineral:
            rows += [_floor(ledger, index, party) for party in floor.parties]
    return rows


def _floor(ledger: Ledger, index: int, party: str) -> Row:
    floor = ledger.instruments.floors[index]
    market, state = ledger.market, ledger.state
    on_producers = floor.mechanism == Mechanism.CFD
    node = market.node(party, floor.stage, NodeRole.SUPPLY if on_producers else NodeRole.USE)
    row: Row = {"index": index, "region": party, "levy": 0.0, "price": None, "holds": False, "why_not": None}
    if node == NOWHERE:
        return row | {
            "why_not": f"{party} does not {'produce' if on_producers else 'trade'} {floor.mineral} ({floor.stage})"
        }
    price = float(state.price[node])
    if on_producers:
        return row | {"price": max(price, floor.price), "holds": True}
    holds = price >= floor.price * (1.0 - 1e-9)
    row |= {"price": price, "holds": holds}
    if floor.mechanism == Mechanism.BUFFER_STOCK:
        why = f"the budget is spent: it bought {_bought(ledger, party):,.6g}"
        return row if holds else row | {"why_not": why}
    slot = next(i for i, g in enumerate(ledger.problem.levies) if g.index == index and g.region == party)
    levy = float(state.levy[slot])
    return row | {"levy": levy, "why_not": None if holds else _why_levy_fails(ledger, slot, levy, price)}


def _bought(ledger: Ledger, party: str) -> float:
    own = ledger.table.region == ledger.market.regions.index(party)
    bought = ledger.x[own & (ledger.table.role == Role.STOCK_PURCHASE)].sum()
    return float(bought - ledger.x[own & (ledger.table.role == Role.UNBOUGHT)].sum())


def _why_levy_fails(ledger: Ledger, slot: int, levy: float, price: float) -> str:
    group = ledger.problem.levies[slot]
    if levy >= group.cap * (1.0 - 1e-9):
        return f"the levy is at its cap of {group.cap:,.6g}; the price is {price:,.6g}"
    t = ledger.table
    node_region = ledger.market.regions.index(group.region)
    routes = (t.role == Role.ROUTE) & (t.region != t.partner) & (ledger.stage == _stage_of_node(ledger, group.node))
    exports = float(ledger.x[routes & (t.region == node_region)].sum())
    imports = float(ledger.x[routes & (t.partner == node_region)].sum())
    if exports > imports:
        return (
            f"{group.region} is a net exporter: its own supply sets the price, {price:,.6g}, whatever levy imports pay"
        )
    home = f"supply from {group.region} and its partners alone keeps the price at {price:,.6g}"
    return f"{home}; arrivals from non-parties have ended"


def _stage_of_node(ledger: Ledger, node: int) -> int:
    return ledger.market.stages.index(ledger.market.nodes[node].stage)


def _welfare(ledger: Ledger) -> tuple[dict[str, Floats], float]:
    """The seven accounts by region, and the calibration account of routes."""
    t, x, state = ledger.table, ledger.x, ledger.state
    regions = len(ledger.market.regions)
    accounts = {name: np.zeros(regions) for name in WELFARE}
    area = area_under_cost(t, x)
    area = np.where(x == 0.0, 0.0, area)

    users = ledger.where(Role.DEMAND, Role.UNSERVED)
    with np.errstate(invalid="ignore"):
        gain = (ledger.price_out - ledger.price_in) * x - area
    accounts["consumer_surplus"] += ledger.by_region(users, gain)
    priceless = users[(t.shape[users] == Shape.FLAT) & (t.lower[users] > 0) & (t.level[users] == 0)]
    accounts["consumer_surplus"][t.region[priceless]] = np.inf

    producers = ledger.where(*PRODUCTION, Role.INVENTORY)
    earned = (ledger.price_out + ledger.top_up - t.ratio * ledger.price_in) * x - area
    accounts["producer_surplus"] += ledger.by_region(producers, earned)
    accounts["outlay"] += ledger.by_region(producers, ledger.top_up * x)

    friction = _routes(ledger, accounts)
    _rents(ledger, accounts)
    sales = ledger.where(Role.STOCK_SALE)
    accounts["stock_sales"] += ledger.by_region(sales, ledger.price_out * x)
    bought = ledger.where(Role.STOCK_PURCHASE, Role.HOARDING, Role.UNBOUGHT)
    accounts["outlay"] += ledger.by_region(bought, (ledger.price_in - ledger.price_out) * x)

    for (index, route, quantity), excused in zip(ledger.problem.offtakes, state.excused, strict=True):
        strike = ledger.instruments.offtakes[index].strike
        if strike is not None:
            settled = (strike - float(ledger.price_in[route])) * quantity * (1.0 - excused)
            accounts["transfers"][t.region[route]] += settled
            accounts["transfers"][t.partner[route]] -= settled
    return accounts, friction


def _routes(ledger: Ledger, accounts: dict[str, Floats]) -> float:
    """Duties, levies, export taxes, the exporter's rent of full routes and the buyer's loss on forced shipments.

    What is left of the price difference after money costs is calibration: it is returned, not given to anyone.
    """
    t, x = ledger.table, ledger.x
    charged = ledger.where(Role.ROUTE, Role.OVER_QUOTA)
    accounts["duty_and_levy_revenue"] += ledger.by_region(charged, (ledger.duty + ledger.levy) * x, of="partner")
    accounts["duty_and_levy_revenue"] += ledger.by_region(charged, ledger.export_tax * x)
    routes = ledger.where(Role.ROUTE)
    margin = ledger.price_out - ledger.price_in - ledger.duty - ledger.levy - ledger.export_tax - ledger.rent
    congestion = np.where(t.shape == Shape.LINEAR, t.width * x, 0.0)
    is_smooth = np.isin(t.shape, (Shape.LOG, Shape.LOG1P))
    gain = margin - t.level - congestion
    full = np.where((x >= t.upper) & ~is_smooth, np.maximum(gain, 0.0), 0.0)
    forced = np.where((t.lower > 0) & (x <= t.lower * (1 + 1e-9)), np.minimum(gain, 0.0), 0.0)
    accounts["producer_surplus"] += ledger.by_region(routes, full * x)
    accounts["consumer_surplus"] += ledger.by_region(routes, forced * x, of="partner")
    unexplained = margin - t.landed_cost - congestion - full - forced
    return float((unexplained * x)[routes].sum())


def _rents(ledger: Ledger, accounts: dict[str, Floats]) -> None:
    t, x = ledger.table, ledger.x
    lists: dict[str, tuple[Quota | Trq, ...]] = {"quota": ledger.instruments.quotas, "trq": ledger.instruments.trqs}
    for value, pool in zip(ledger.state.rent, ledger.problem.pools, strict=True):
        if value == 0.0 or pool.kind in {"over_quota", "supply_cap"}:
            continue
        routes = pool.members[t.role[pool.members] != Role.OVER_QUOTA]
        flow = x[routes]
        inside = float(pool.weight @ x[pool.members])
        share = flow / flow.sum() if flow.sum() > 0 else flow
        if pool.kind == "trq":
            over = pool.members[t.role[pool.members] == Role.OVER_QUOTA]
            amount = value * (flow - x[over]) if len(over) == len(routes) else value * inside * share
        else:
            amount = value * flow
        holder = lists[pool.kind][pool.index].rent_to if pool.kind in lists else RentHolder.EXPORTER
        account, column = {
            RentHolder.IMPORTER: ("quota_rent", t.partner),
            RentHolder.EXPORTER: ("quota_rent", t.region),
            RentHolder.AUCTION: ("duty_and_levy_revenue", t.partner),
            RentHolder.BURNT: (None, t.region),
        }[holder]
        if account is not None:
            np.add.at(accounts[account], column[routes], amount)


def total(accounts: dict[str, Floats]) -> Floats:
    """Total welfare by region: the sum of the accounts less outlay."""
    plus = sum((accounts[name] for name in WELFARE[:-1]), start=np.zeros_like(accounts["outlay"]))
    result: Floats = plus - accounts["outlay"]
    return result


def _identity_error(ledger: Ledger, accounts: dict[str, Floats], friction: float) -> float:
    """Accounts plus friction against value of use less resource cost, from quantities alone [relative].

    Rents burnt are added back; it is nan where consumer surplus is unbounded.
    """
    t, x = ledger.table, ledger.x
    area = np.where(x == 0.0, 0.0, area_under_cost(t, x))
    priced = ledger.where(Role.DEMAND, Role.UNSERVED, *PRODUCTION, Role.INVENTORY)
    routes = ledger.where(Role.ROUTE)
    congestion = np.where(t.shape == Shape.LINEAR, t.width * x, 0.0)
    resources = -float(area[priced].sum()) - float(((t.landed_cost + congestion) * x)[routes].sum())
    accounted = float(total(accounts).sum()) + friction
    burnt = sum(
        float(value * (pool.weight @ x[pool.members]))
        for value, pool in zip(ledger.state.rent, ledger.problem.pools, strict=True)
        if (pool.kind == "quota" and ledger.instruments.quotas[pool.index].rent_to == RentHolder.BURNT)
        or (pool.kind == "trq" and ledger.instruments.trqs[pool.index].rent_to == RentHolder.BURNT)
    )
    accounted += burnt
    size = max(float(np.abs(area[priced]).sum()), 1e-9)
    error = abs(accounted - resources) / size
    return error if np.isfinite(error) else float("nan")
