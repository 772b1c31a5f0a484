"""Spatial price equilibrium of all minerals in one state of the world: one way in, :func:`solve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.equilibrium.charges import charges_at
from model.equilibrium.feasibility import endless_nodes, out_of_reach, unserved_nodes
from model.equilibrium.solver import Solver
from model.equilibrium.tables import INSTRUMENT_TABLES, Accounts, settle
from model.equilibrium.tolerances import GIVEN_AWAY, LARGEST_IMBALANCE, MOST_COMMITTED
from model.equilibrium.welfare import PUBLIC_STOCKS, STOCK_VALUE, WELFARE, total
from model.errors import ScenarioError, SolveError
from model.instruments import lay_terms
from model.market.records import Role, Shape, is_any
from model.overlay import Overlay
from model.words.numbers import lowered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model.instruments import Terms
    from model.market.records import Floats, Market, MineralMarket
    from model.problem import Problem, State
    from model.shocks import Disturbance

    HostOutput = Mapping[tuple[str, str, str], float]

__all__ = ["Equilibrium", "SolvedMineral", "Solver", "lay_over", "solve", "solve_problem"]


@dataclass(frozen=True)
class Equilibrium:
    """The outcome of one state: rows as in the case file's RESULT, and each mineral's solved state and accounts."""

    market: Market
    states: dict[str, State]
    accounts: dict[str, Accounts]

    def result(self) -> dict[str, Any]:
        """The RESULT of a case file: tables of plain rows and the status."""
        tables: dict[str, Any] = {
            name: [row for accounts in self.accounts.values() for row in getattr(accounts, name)]
            for name in ("prices", "quantities", "flows")
        }
        for name in INSTRUMENT_TABLES:
            tables[name] = self.instrument_rows(name)
        tables["welfare"] = self.welfare()
        tables["status"] = self.status()
        return tables

    def instrument_rows(self, table: str) -> list[dict[str, Any]]:
        """What the instruments of all minerals report to one table, in the agreement's order."""
        rows = [row for accounts in self.accounts.values() for row in accounts.instruments[table]]
        return sorted(rows, key=lambda row: row["index"])

    def welfare(self) -> list[dict[str, Any]]:
        """Accounts of every region over all minerals; null where consumer surplus is unbounded.

        ``total`` is the sum of those before it less outlay; ``stock_value`` is not in it.
        """
        none = np.zeros(len(self.market.regions))
        by_mineral = [accounts.welfare for accounts in self.accounts.values()]
        names = (*WELFARE, STOCK_VALUE)
        sums = {name: sum((welfare[name] for welfare in by_mineral), start=none) for name in names}
        sums["total"] = sum((total(welfare) for welfare in by_mineral), start=none)
        return [
            {"region": region} | {name: _finite(values[r]) for name, values in sums.items()}
            for r, region in enumerate(self.market.regions)
        ]

    def status(self) -> dict[str, Any]:
        """Convergence and the largest residual over minerals."""
        states = list(self.states.values())
        return {
            "converged": True,
            "iterations": sum(state.iterations for state in states),
            "market_balance": max((accounts.balance_error for accounts in self.accounts.values()), default=0.0),
            "complementarity": max((state.complementarity for state in states), default=0.0),
            "price_error": max((state.price_error for state in states), default=0.0),
            "welfare_identity": max(
                (a.identity_error for a in self.accounts.values() if np.isfinite(a.identity_error)), default=0.0
            ),
            "friction": sum(accounts.friction_usd for accounts in self.accounts.values()),
        }


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def solve(
    market: Market,
    parties: frozenset[str],
    agreement: Terms,
    shocks: Iterable[Disturbance],
    solver: Solver | None = None,
) -> Equilibrium:
    """The equilibrium of every mineral under an agreement and shocks, hosts before their by-products.

    Raises:
        ScenarioError: when demand without a choke price cannot be served; names it.
        SolveError: when no equilibrium is proved.
    """
    solver = solver or Solver()
    shocks = list(shocks)
    undisturbed: dict[str, Floats] | None = None
    host_output: dict[tuple[str, str, str], float] = {}
    solved: dict[str, SolvedMineral] = {}
    for mineral, part in market.minerals.items():
        problem = lay_over(part, parties, agreement, shocks, host_output)
        price = None
        if is_any(problem.table.role, PUBLIC_STOCKS).any():
            if undisturbed is None:
                undisturbed = _undisturbed_prices(market, parties, agreement, solver)
            price = undisturbed.get(mineral)
        solved[mineral] = solve_problem(problem, agreement, solver, stock_price=price)
        host_output |= solved[mineral].output
    return Equilibrium(market, {k: s.state for k, s in solved.items()}, {k: s.accounts for k, s in solved.items()})


def _undisturbed_prices(market: Market, parties: frozenset[str], agreement: Terms, solver: Solver) -> dict[str, Floats]:
    """Prices per node with nothing agreed and no shock, by mineral; empty where that has no equilibrium."""
    try:
        states = solve(market, parties, agreement.on(()), (), solver).states
    except (ScenarioError, SolveError):
        return {}
    return {mineral: state.price for mineral, state in states.items()}


@dataclass(frozen=True)
class SolvedMineral:
    """One mineral's proved state and its accounts."""

    state: State
    accounts: Accounts

    @property
    def output(self) -> dict[tuple[str, str, str], float]:
        """Production by (mineral, stage, region), which caps by-products of this mineral."""
        mineral = self.state.problem.market.mineral
        return {(mineral, row["stage"], row["region"]): row["production"] for row in self.accounts.quantities}


def lay_over(
    market: MineralMarket,
    parties: frozenset[str],
    agreement: Terms,
    shocks: Iterable[Disturbance],
    host_output: HostOutput,
) -> Problem:
    """One mineral's market with shocks and then the agreement laid over it.

    Both may name other minerals; only this market's count. ``host_output`` is the production of its hosts by (host,
    stage, region), which caps by-products.
    """
    over = Overlay(market, parties)
    over.limit_output(host_output)
    for shock in shocks:
        if shock.mineral == market.mineral:
            shock.lay(over)
    lay_terms(over, agreement)
    return over.problem()


def solve_problem(
    problem: Problem,
    agreement: Terms,
    solver: Solver,
    start: State | None = None,
    stock_price: Floats | None = None,
) -> SolvedMineral:
    """One mineral's equilibrium and accounts.

    ``start`` is a state to search from, which belongs to the question and not to memory (the status quo, say).
    ``stock_price`` is what metal in public stocks is worth per node: the undisturbed state's price, or, where that is
    the question itself or has no equilibrium, the price found.

    Raises:
        ScenarioError: when demand without a choke price cannot be served; names it.
        SolveError: when no equilibrium is proved, or a residual is too large to show.
    """
    _refuse_unserved(problem, out_of_reach(problem))
    try:
        state = solver.solve(problem, start)
        _refuse_inverted_tiers(state)
        _refuse_endless_purchases(state)
        accounts = settle(state, agreement, state.price if stock_price is None else stock_price)
        _require_small_residuals(problem.market.mineral, state, accounts)
    except SolveError as error:
        _explain_infeasible(problem)
        raise SolveError(f"{error}; {_what_to_try(problem.market.mineral, agreement)}") from None
    return SolvedMineral(state, accounts)


def _what_to_try(mineral: str, agreement: Terms) -> str:
    """What can be changed: levels of the terms agreed on the mineral, else what is no term."""
    kinds = dict.fromkeys(lowered(term.title) for _, term in agreement.terms(mineral))
    if not kinds:
        return "in this state nothing is agreed on it, so look at its curves, routes and shocks"
    return f"try another level of its {' or '.join(kinds)}"


def _explain_infeasible(problem: Problem) -> None:
    """Say what is asked for in vain, or paid for without end; nothing where neither is the reason."""
    mineral = problem.market.mineral
    for each in problem.commitments:
        if each.quantity > MOST_COMMITTED * problem.market.quantity_scale:
            raise ScenarioError(
                f"offtakes[{each.index}] on {mineral} commits {each.quantity:,.6g}, more than {MOST_COMMITTED:,.0f} "
                "times what the market trades; lower its quantity"
            )
    _refuse_unserved(problem, unserved_nodes(problem))
    _refuse_unserved(problem, unserved_nodes(problem, after_commitments=True), after_commitments=True)
    for node in (problem.market.nodes[position] for position in endless_nodes(problem)):
        raise ScenarioError(
            f"{mineral} ({node.stage}) in {node.region} is offered without limit at less than its floor pays for any "
            "quantity; give the supply a capacity, the floor a budget, or lower the floor"
        )


def _refuse_unserved(problem: Problem, nodes: list[int], after_commitments: bool = False) -> None:
    """Demand at nodes that nothing can serve, even before what offtakes take, has no price; the first is named."""
    for node in (problem.market.nodes[position] for position in nodes):
        left, remedy = (
            ("what offtakes leave of the supply", ", or commit less") if after_commitments else ("any supply", "")
        )
        raise ScenarioError(
            f"demand without choke price for {problem.market.mineral} ({node.stage}) in {node.region} cannot be served "
            f"by {left} that can reach it; give it a choke_price, a route, or more capacity{remedy}"
        )


def _refuse_inverted_tiers(state: State) -> None:
    """A tariff-rate quota whose in-quota duty comes out above the over-quota one would be used by nobody."""
    problem = state.problem
    charged = charges_at(problem, state.price, state.rent, state.levy, state.quantity).net
    for group in problem.trqs:
        pool, routes = problem.pools[group.pool], np.broadcast_to(group.over, group.routes.shape)
        used = state.quantity[group.routes] > 0.0
        if (charged[routes][used] < 0.0).any():
            least = float(charged[routes][used].min())
            raise ScenarioError(
                f"{pool.kind}[{pool.index}] on {problem.market.mineral}: at the prices that result, the in-quota duty "
                f"is {-least:,.6g} per unit above the over-quota duty; lower in_quota or raise over_quota"
            )


def _refuse_endless_purchases(state: State) -> None:
    """A budget buys without end where metal is all but given away, and no price near zero is exact enough to say it."""
    problem, t = state.problem, state.problem.table
    spends = np.flatnonzero((t.role == Role.STOCK_PURCHASE) & (t.shape == Shape.POWER))
    near_zero = GIVEN_AWAY * np.minimum(t.level[spends], problem.market.price_scale)
    for node in t.node_in[spends[state.price[t.node_in[spends]] <= near_zero]].tolist():
        place = problem.market.nodes[node]
        raise ScenarioError(
            f"{problem.market.mineral} ({place.stage}) in {place.region} is given away, so that its floor's budget "
            "would buy without end; give the supply a capacity or lower what another floor guarantees"
        )


def _require_small_residuals(mineral: str, state: State, accounts: Accounts) -> None:
    residuals = {
        "market balance": accounts.balance_error,
        "complementarity": state.complementarity,
        "price error": state.price_error,
        "welfare identity": 0.0 if np.isnan(accounts.identity_error) else accounts.identity_error,
    }
    bad = {name: value for name, value in residuals.items() if not value <= LARGEST_IMBALANCE}
    if bad:
        shown = ", ".join(
            f"{name} {value:.2g}" if value < np.inf else f"{name} unbounded" for name, value in bad.items()
        )
        raise SolveError(
            f"the equilibrium of {mineral} is not exact enough to show ({shown}; at most {LARGEST_IMBALANCE:g})"
        )
