"""Solving one cell of the response table, and reducing the equilibrium to what a choice needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from model.design.problem.projects import with_projects
from model.design.responses.response import Response, Trade
from model.equilibrium import Solver, lay_over, solve_problem
from model.equilibrium.welfare import STOCK_VALUE
from model.impact import MarketChange, by_mineral, compare
from model.instruments import Agreement, Floor, Offtake
from model.market.horizon import HORIZONS
from model.market.records import NOWHERE, NodeRole
from model.problem import Account
from model.words.names import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from model.design.problem.facts import Amounts, Pairs
    from model.design.responses.response import Question
    from model.equilibrium import SolvedMineral
    from model.problem import Problem, State
    from model.words.why_not import WhyNot
    from model.world import World

SMALLEST_FLOW = 1e-9


def respond(world: World, asked: Question, *, afresh: bool = False) -> Response:
    """Solve one cell; ``afresh`` from the base year's prices and not from the status quo, whatever memory holds.

    Raises:
        SolveError: when no equilibrium is proved.
    """
    solved = _solved_afresh(world, asked) if afresh else solve_question(world, asked)
    status_quo = world.solved(asked.mineral, asked.scenario.undisturbed())
    response = reduce_solved(solved, frozenset(asked.scenario.parties), asked.scenario.agreement)
    assured, industry_cost = _impact(world, asked, solved, status_quo)
    return replace(response, assured=assured, industry_cost_usd=industry_cost)


def solve_question(world: World, asked: Question) -> SolvedMineral:
    """The equilibrium of a cell; projects join the market of the status quo as further supply."""
    if not asked.projects:
        return world.solved(asked.mineral, asked.scenario)
    problem = _with_projects_built(world, asked)
    return solve_problem(problem, asked.scenario.agreement, Solver(), stock_price=problem.market.start_price)


def _with_projects_built(world: World, asked: Question) -> Problem:
    status_quo = world.solved(asked.mineral, asked.scenario.undisturbed()).state
    known = replace(status_quo.problem.market, start_price=status_quo.price)
    market = with_projects(world, asked.scenario, known, asked.projects)
    host_output: dict[tuple[str, str, str], float] = {}
    for host in world.hosts.get(asked.mineral, {}):
        host_output |= world.solved(host, asked.scenario).output
    shocks = world.shocks(asked.mineral, asked.scenario)
    return lay_over(market, frozenset(asked.scenario.parties), asked.scenario.agreement, shocks, host_output)


def _solved_afresh(world: World, asked: Question) -> SolvedMineral:
    """The same equilibrium found on another way; with projects built the way is one already."""
    if asked.projects:
        return solve_question(world, asked)
    worth = world.solved(asked.mineral, asked.scenario.undisturbed()).state.price
    problem = world.problem(asked.mineral, asked.scenario)
    return solve_problem(problem, asked.scenario.agreement, Solver(), stock_price=worth)


def reduce_solved(solved: SolvedMineral, parties: frozenset[str], agreement: Agreement) -> Response:
    """What a choice needs of a solved mineral. Works on any market, shipped or from a case file."""
    accounts, market = solved.accounts, solved.state.problem.market
    last = market.stages[-1]
    money = {name: dict(zip(market.regions, values.tolist(), strict=True)) for name, values in accounts.welfare.items()}
    prices = [row for row in accounts.prices if row["stage"] == last]
    return Response(
        **vars(_trade(solved, parties, agreement, last)),
        users_usd=_present(money["consumer_surplus"]),
        supplier_change_usd=_present(money["supplier_change"]),
        producers_usd=_present(money["producer_surplus"]),
        revenue_usd=_present(money[Account.REVENUE]),
        rents_usd=_present(money[Account.RENT]),
        outlay_usd=_present({r: money["outlay"][r] - money["stock_sales"][r] for r in market.regions}),
        stock_value_usd=_present(money[STOCK_VALUE]),
        transfers_usd=_present(money["transfers"]),
        price_usd_per_t=_column(prices, "consumer_price"),
        producer_revenue_usd=_producer_revenue(solved),
        producer_price_usd_per_t={
            stage: _column([row for row in accounts.prices if row["stage"] == stage], "producer_price")
            for stage in market.stages
        },
        non_party_imports_t=_present(_arrivals(solved, parties)),
        assured={},
        industry_cost_usd={},
        why_not=tuple(_why_not(solved.state, agreement)),
        upstream={stage: _trade(solved, parties, agreement, stage) for stage in market.stages[:-1]},
    )


def _why_not(state: State, agreement: Agreement) -> Iterator[WhyNot]:
    """Why floors do not hold where they do not."""
    for index, floor in enumerate(agreement.of(Floor)):
        if floor.mineral == state.problem.market.mineral:
            for party in floor.parties:
                why = floor.why_not(state, index, party)
                if why is not None:
                    yield why


def _trade(solved: SolvedMineral, parties: frozenset[str], agreement: Agreement, stage: str) -> Trade:
    quantities = [row for row in solved.accounts.quantities if row["stage"] == stage]
    flows = _flows(solved, stage)
    return Trade(
        flows_t={pair: q for pair, q in flows.items() if set(pair) <= parties and q > SMALLEST_FLOW},
        delivered=_delivered(solved, agreement, stage),
        output_t=_present(_column(quantities, "production")),
        use_t=_present(_column(quantities, "consumption")),
        seller_price_usd_per_t=_seller_prices(solved, stage),
    )


def _flows(solved: SolvedMineral, stage: str) -> Pairs:
    return {(row["from"], row["to"]): row["quantity"] for row in solved.accounts.flows if row["stage"] == stage}


def _present(amounts: Mapping[str, float]) -> Amounts:
    return {name: float(value) for name, value in amounts.items() if value}


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Amounts:
    return {row["region"]: float(row[name]) for row in rows}


def _arrivals(solved: SolvedMineral, parties: frozenset[str]) -> Amounts:
    arrivals: Amounts = {}
    for (exporter, importer), quantity in _flows(solved, solved.state.problem.market.stages[-1]).items():
        if importer in parties and exporter not in parties:
            arrivals[importer] = arrivals.get(importer, 0.0) + quantity
    return arrivals


def _seller_prices(solved: SolvedMineral, stage: str) -> Amounts:
    """Market price at the producers' node of a stage, contracts for difference left out."""
    state, market = solved.state, solved.state.problem.market
    nodes = {region: market.node(region, stage, NodeRole.SUPPLY) for region in market.regions}
    return {region: float(state.price[node]) for region, node in nodes.items() if node != NOWHERE}


def _producer_revenue(solved: SolvedMineral) -> Amounts:
    """Output times producers' price over all stages."""
    price = {(row["region"], row["stage"]): row["producer_price"] for row in solved.accounts.prices}
    revenue: Amounts = {}
    for row in solved.accounts.quantities:
        if row["production"] > 0:
            earned = row["production"] * price[row["region"], row["stage"]]
            revenue[row["region"]] = revenue.get(row["region"], 0.0) + float(earned)
    return revenue


def _delivered(solved: SolvedMineral, agreement: Agreement, stage: str) -> Pairs:
    pairs = zip(solved.state.problem.commitments, solved.state.excused, strict=True)
    offtakes = [(agreement.of(Offtake)[each.index], excused) for each, excused in pairs]
    return {(each.producer, each.buyer): 1.0 - excused for each, excused in offtakes if each.stage == stage}


def _impact(
    world: World, asked: Question, solved: SolvedMineral, status_quo: SolvedMineral
) -> tuple[dict[str, Amounts], dict[str, Amounts]]:
    """Assured supply by class and region, and extra cost by region and industry, where industry sizes are known."""
    users = world.users(asked.scenario)
    assumptions = world.assumptions.with_overrides(asked.scenario.assumptions)
    change = _market_change(solved, status_quo, asked, set(users.regions))
    if not change.regions:
        return {}, {}
    detail = by_mineral(users, change, assumptions)
    rows = compare(users, change, assumptions)
    costs: dict[str, Amounts] = {}
    for region, industry, cost in zip(rows.region, rows.industry, rows.extra_cost_usd, strict=True):
        if cost:
            costs.setdefault(str(region), {})[str(industry)] = float(cost)
    return {name: _assured(detail, users.industries, name) for name in CLASSES}, costs


def _assured(detail: pd.DataFrame, industries: pd.DataFrame, name: str) -> Amounts:
    """Share of the class's need that is served, every industry cut alike, by region that uses the mineral."""
    members = dict(zip(industries.id, industries[name].to_numpy(dtype=bool), strict=True))
    need: Amounts = {}
    missing: Amounts = {}
    columns = (detail.region, detail.industry, detail.use_t.to_numpy(), detail.cut_pro_rata.to_numpy())
    for region, industry, use_t, cut in zip(*columns, strict=True):
        if members[industry] and use_t > 0:
            need[region] = need.get(region, 0.0) + float(use_t)
            missing[region] = missing.get(region, 0.0) + float(use_t * cut)
    return {region: 1.0 - missing[region] / amount for region, amount in need.items()}


def _market_change(
    solved: SolvedMineral, status_quo: SolvedMineral, asked: Question, regions: set[str]
) -> MarketChange:
    last = solved.state.problem.market.stages[-1]

    def column(of: SolvedMineral, table: str, name: str) -> Amounts:
        return _column([row for row in getattr(of.accounts, table) if row["stage"] == last], name)

    names = tuple(name for name in column(status_quo, "quantities", "consumption") if name in regions)
    shown = (("prices", "consumer_price"), ("quantities", "consumption"), ("quantities", "unserved"))
    columns = [column(of, table, name) for table, name in shown for of in (solved, status_quo)]
    price, price0, use, use0, unserved, unserved0 = (
        np.array([values.get(region, np.nan) for region in names]).reshape(len(names), 1) for values in columns
    )
    horizon = HORIZONS[asked.scenario.horizon]
    return MarketChange(names, (asked.mineral,), price, price0, use, use0, unserved - unserved0, horizon)
