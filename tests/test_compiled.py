"""Three ways to the same equilibrium: the Pyomo programme, its compiled copy, and Newton on the smooth curves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from model.equilibrium import Solver, lay_over, solver
from model.equilibrium.proof.linear import _matrix
from model.equilibrium.proof.reference import build, solve_with_pyomo
from model.market.records import NOWHERE, Role
from model.scenario import Scenario
from tests.toy import FORMULATIONS, Proof, prove, toy_problem, toy_proof

if TYPE_CHECKING:
    from model.problem import Problem
    from model.world import World

SAME = 1e-8
"""Largest difference between two solves of one programme, in units of the price and quantity scales."""
NEWTON = 1e-6
"""Largest difference between Newton's prices and the programme's duals [price scale]."""
TRACE = 1e-6 * solver.QUANTITY_UNIT
"""Quantities up to this share of the market may be left where they fall."""
SHIPPED = ("antimony", "tungsten", "gallium")
EIGHT = ("USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR")
POLICIES = ("none", "tariff", "quota", "trq", "variable_levy", "cfd", "buffer_stock", "export_ban")
"""What is laid over the shipped markets."""


def shipped_problem(world: World, mineral: str, policy: str) -> Problem:
    """A shipped market under one policy of the eight parties."""
    outsiders = [name for name in world.regions if name not in EIGHT]
    place = {"mineral": mineral, "stage": "refined"}
    border = place | {"importers": EIGHT, "exporters": outsiders}
    market = world.calibrated(mineral, Scenario(minerals=(mineral,))).market
    floor = place | {"parties": EIGHT, "price": 1.2 * market.price_scale, "mechanism": policy}
    agreements: dict[str, dict[str, Any]] = {
        "tariff": {"tariffs": [border | {"ad_valorem": 0.25, "specific": 0.02 * market.price_scale}]},
        "quota": {"quotas": [border | {"quantity": 0.2 * market.quantity_scale}]},
        "trq": {"trqs": [border | {"quantity": 0.2 * market.quantity_scale, "over_quota": {"ad_valorem": 0.25}}]},
        "variable_levy": {"floors": [floor]},
        "cfd": {"floors": [floor]},
        "buffer_stock": {"floors": [floor | {"budget": 0.02 * market.price_scale * market.quantity_scale}]},
    }
    ban = {
        "kind": "export_ban",
        "exporter": "CHN",
        "importers": [name for name in world.regions if name != "CHN"],
    } | place
    content = {
        "minerals": [mineral],
        "agreement": agreements.get(policy, {}),
        "shocks": [ban] if policy == "export_ban" else [],
    }
    scenario = Scenario.parse(content, "scenario")
    return lay_over(market, frozenset(EIGHT), scenario.agreement, scenario.shocks, _outputs_of_hosts(world, mineral))


def _outputs_of_hosts(world: World, mineral: str) -> dict[tuple[str, str, str], float]:
    outputs: dict[tuple[str, str, str], float] = {}
    for host in world.hosts.get(mineral, {}):
        outputs |= world.solved(host, Scenario(minerals=(host,))).output
    return outputs


def assert_same_programme(proved: Proof) -> None:
    """Same columns, rows, coefficients, costs and bounds in both forms."""
    problem, steps = proved.problem, proved.steps
    model = build(problem, steps)
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    column = np.array([variable.index() for variable in form.columns])
    names = [(row.constraint.parent_component().local_name, row.constraint.index()) for row in form.rows]
    nodes = len(problem.market.nodes)
    row = np.array([index + (nodes if name == "pool_limit" else 0) for name, index in names], dtype=int)
    compiled = _matrix(problem, steps.owner).tocsr()
    difference = form.A.tocsr() - compiled[row][:, column]
    assert abs(difference).max() == 0.0
    empty = np.setdiff1d(np.arange(compiled.shape[0]), row)
    assert compiled[empty].nnz == 0
    limits = np.concatenate([np.zeros(nodes), [pool.limit for pool in problem.pools]])
    np.testing.assert_array_equal(np.asarray(form.rhs), limits[row])
    np.testing.assert_array_equal(form.c.toarray().ravel(), steps.cost[column])
    np.testing.assert_array_equal([v.lb for v in form.columns], steps.lower[column])
    np.testing.assert_array_equal([np.inf if v.ub is None else v.ub for v in form.columns], steps.upper[column])


def trading_nodes(proved: Proof) -> list[int]:
    """Nodes where more than a trace is traded; elsewhere no activity pins the price."""
    table, quantity = proved.problem.table, proved.solution.quantity
    arrives = table.node_out != NOWHERE
    arriving = np.bincount(table.node_out[arrives], quantity[arrives], len(proved.problem.market.nodes))
    return [int(node) for node in np.flatnonzero(arriving > TRACE)]


def assert_same_optimum(proved: Proof) -> None:
    """Same optimum, prices, rents and quantities from both forms."""
    problem, steps, solution = proved.problem, proved.steps, proved.solution
    model = build(problem, steps)
    prices, rents, quantities = solve_with_pyomo(model)
    assert pyo.value(model.cost_less_valuation) == pytest.approx(solution.objective, rel=SAME)
    trading = trading_nodes(proved)
    np.testing.assert_allclose(solution.price[trading], [prices[node] for node in trading], atol=SAME)
    np.testing.assert_allclose([solution.rent[pool] for pool in rents], list(rents.values()), atol=SAME)
    by_activity = np.bincount(steps.owner, quantities, len(problem.table))
    over_quota = (problem.table.role == Role.OVER_QUOTA) & (solution.quantity > TRACE)
    undecided = (
        solver.PROVING_WIDTH if over_quota.any() else SAME
    )  # a flat step and the over-quota part share the last unit
    np.testing.assert_allclose(by_activity, solution.quantity, atol=undecided * solver.QUANTITY_UNIT)


def assert_newton_agrees(proved: Proof) -> None:
    """The programme's duals are Newton's prices and rents, and its quantities lie within its steps."""
    scale = proved.state.problem.market.price_scale
    assert proved.state.price_error <= NEWTON
    trading = trading_nodes(proved)
    np.testing.assert_allclose(proved.solution.price[trading], proved.state.price[trading] / scale, atol=NEWTON)
    assert proved.state.complementarity <= NEWTON


@pytest.mark.parametrize("name", FORMULATIONS)
def test_toy_programmes_are_the_same(name: str) -> None:
    assert_same_programme(toy_proof(name))


@pytest.mark.parametrize("name", FORMULATIONS)
def test_toy_optima_are_the_same(name: str) -> None:
    assert_same_optimum(toy_proof(name))


@pytest.mark.parametrize("name", FORMULATIONS)
def test_newton_agrees_on_the_toy(name: str) -> None:
    assert_newton_agrees(toy_proof(name))


@pytest.mark.parametrize("mineral", SHIPPED)
@pytest.mark.parametrize("policy", POLICIES)
def test_newton_agrees_on_shipped_markets(world: World, mineral: str, policy: str) -> None:
    assert_newton_agrees(prove(shipped_problem(world, mineral, policy)))


@pytest.mark.parametrize(("mineral", "policy"), list(zip(SHIPPED, ("none", "trq", "variable_levy"), strict=True)))
def test_shipped_programmes_and_optima_are_the_same(world: World, mineral: str, policy: str) -> None:
    proved = prove(shipped_problem(world, mineral, policy))
    assert_same_programme(proved)
    assert_same_optimum(proved)


def prices_without_newton(problem: Problem) -> np.ndarray[Any, Any]:
    """Prices that the interior-point method finds alone [price scale]."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "refine", lambda system, point, flow=None: replace(point, residual=np.inf))
        return Solver().solve(problem).price / problem.market.price_scale


@pytest.mark.parametrize("name", FORMULATIONS)
def test_interior_points_lead_to_the_toys_prices(name: str) -> None:
    exact = toy_proof(name)
    trading = trading_nodes(exact)
    price = exact.state.price / exact.state.problem.market.price_scale
    np.testing.assert_allclose(prices_without_newton(toy_problem(name))[trading], price[trading], atol=NEWTON)


@pytest.mark.slow
@pytest.mark.parametrize("mineral", SHIPPED)
@pytest.mark.parametrize("policy", POLICIES)
def test_interior_points_lead_to_the_prices_of_shipped_markets(world: World, mineral: str, policy: str) -> None:
    problem = shipped_problem(world, mineral, policy)
    exact = prove(problem)
    trading = trading_nodes(exact)
    price = exact.state.price / problem.market.price_scale
    np.testing.assert_allclose(prices_without_newton(problem)[trading], price[trading], atol=NEWTON)
