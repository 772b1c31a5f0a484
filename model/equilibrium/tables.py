"""Tables of a solved state: prices, quantities, flows, and what each instrument reports. Names as in a RESULT."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from model.equilibrium.ledger import Ledger
from model.equilibrium.tolerances import NEGLIGIBLE
from model.equilibrium.welfare import BOUGHT, friction_usd, identity_error, welfare_of
from model.instruments import KINDS
from model.market.records import NOWHERE, NodeRole, Role
from model.problem import PRODUCTION, ROUNDING

if TYPE_CHECKING:
    from model.instruments import Terms
    from model.market.records import Floats
    from model.problem import State

Row = dict[str, Any]

INSTRUMENT_TABLES = tuple(dict.fromkeys(kind.result for kind in KINDS if kind.result is not None))
"""Tables of results that instruments fill."""


@dataclass(frozen=True)
class Accounts:
    """Result rows of one mineral.

    ``instruments`` holds the rows by table; ``welfare`` an array per account over regions; ``friction_usd`` is what
    calibrated routes cost beyond freight and charges.
    """

    prices: list[Row]
    quantities: list[Row]
    flows: list[Row]
    instruments: dict[str, list[Row]]
    welfare: dict[str, Floats]
    friction_usd: float
    identity_error: float
    balance_error: float


def settle(state: State, agreement: Terms, undisturbed_price: Floats) -> Accounts:
    """All tables of one solved mineral; metal of public stocks is worth the undisturbed state's price at its node."""
    ledger = Ledger(state)
    welfare = welfare_of(ledger, undisturbed_price)
    quantities, balance_error = _quantities(ledger)
    instruments: dict[str, list[Row]] = {name: [] for name in INSTRUMENT_TABLES}
    shown = replace(state, quantity=ledger.shown)
    for index, term in agreement.terms(ledger.market.mineral):
        if term.result is not None:
            instruments[term.result] += term.rows(shown, index)
    return Accounts(
        prices=_prices(ledger),
        quantities=quantities,
        flows=_flows(ledger),
        instruments=instruments,
        welfare=welfare,
        friction_usd=friction_usd(ledger),
        identity_error=identity_error(ledger, welfare),
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
    """Quantities by region and stage, and the largest imbalance of a stage relative to what is traded of it.

    Goods may be left over where they are worth nothing, in that region alone.

    Consumption is final use plus what processing takes in; unserved demand is not consumed.
    """
    x, t, market = ledger.shown, ledger.table, ledger.market
    routes = ledger.where(Role.ROUTE)
    foreign = routes[t.region[routes] != t.partner[routes]]
    taken_from = np.array([market.stages.index(node.stage) for node in market.nodes] + [NOWHERE])[t.node_in]
    process = ledger.where(Role.PROCESS)
    wanted, unserved = (ledger.by_cell(ledger.where(role), x) for role in (Role.DEMAND, Role.UNSERVED))
    consumption = np.where(wanted - unserved <= ROUNDING * wanted, 0.0, wanted - unserved)
    consumption += ledger.by_cell(process, x * t.ratio, taken_from)
    columns = {
        "production": ledger.by_cell(ledger.where(*PRODUCTION), x),
        "consumption": consumption,
        "imports": ledger.by_cell(foreign, x, of="partner"),
        "exports": ledger.by_cell(foreign, x),
        "stock_bought": ledger.by_cell(ledger.where(*BOUGHT), x) - ledger.by_cell(ledger.where(Role.UNBOUGHT), x),
        "stock_released": ledger.by_cell(ledger.where(Role.STOCK_SALE, Role.INVENTORY), x),
        "unserved": unserved,
    }
    arrive = columns["production"] + columns["imports"] + columns["stock_released"]
    leave = columns["consumption"] + columns["exports"] + columns["stock_bought"]
    surplus = arrive - leave
    left_over = np.zeros(surplus.shape, dtype=bool)
    for node, price in zip(market.nodes, ledger.state.price, strict=True):
        left_over[market.regions.index(node.region), market.stages.index(node.stage)] |= price <= 0.0
    error = np.abs(np.where(left_over & (surplus > 0.0), 0.0, surplus)).sum(axis=0)
    rows = [
        {"region": market.regions[r], "mineral": market.mineral, "stage": market.stages[s]}
        | {name: float(column[r, s]) for name, column in columns.items()}
        for r, s in _places(ledger)
    ]
    traded = np.maximum(arrive.sum(axis=0), NEGLIGIBLE * market.quantity_scale)
    return rows, float((error / traded).max(initial=0.0))


def _flows(ledger: Ledger) -> list[Row]:
    t, market = ledger.table, ledger.market
    routes = ledger.where(Role.ROUTE)
    used = routes[(t.region[routes] != t.partner[routes]) & (ledger.shown[routes] > 0)]
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
