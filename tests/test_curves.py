"""Marginal cost curves: quantities invert them, slopes are their derivatives, areas their integrals."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from model.case import Case, market_of
from model.equilibrium import solve
from model.errors import ScenarioError
from model.market.curves import CurveGroups, area_under_cost
from model.market.records import Role, Shape, activities

if TYPE_CHECKING:
    from model.market.records import Activities

FREE = {"flat_centre": np.zeros(1), "softness": 1e-5}
"""What only flat curves read."""
CURVES: dict[str, dict[str, object]] = {
    "linear supply": {"role": Role.SUPPLY, "shape": Shape.LINEAR, "level": 4.0, "width": 2.0},
    "linear demand": {"role": Role.DEMAND, "shape": Shape.LINEAR, "level": -40.0, "width": 1.0},
    "isoelastic supply": {"role": Role.SUPPLY, "shape": Shape.POWER, "level": 10.0, "base": 30.0, "exponent": 0.4},
    "unit-elastic supply": {"role": Role.SUPPLY, "shape": Shape.POWER, "level": 10.0, "base": 30.0, "exponent": 1.0},
    "inelastic demand": {
        "role": Role.DEMAND,
        "shape": Shape.POWER,
        "level": 10.0,
        "base": 30.0,
        "exponent": -0.3,
        "lower": 7.5,
    },
    "unit-elastic demand": {
        "role": Role.DEMAND,
        "shape": Shape.POWER,
        "level": 10.0,
        "base": 30.0,
        "exponent": -1.0,
        "lower": 3.0,
    },
    "elastic demand": {
        "role": Role.DEMAND,
        "shape": Shape.POWER,
        "level": 10.0,
        "base": 30.0,
        "exponent": -1.5,
        "lower": 2.0,
    },
    "used route": {"role": Role.ROUTE, "shape": Shape.LOG, "level": 3.0, "width": 0.8, "base": 12.0},
    "unused route": {"role": Role.ROUTE, "shape": Shape.LOG1P, "level": 3.0, "width": 0.8, "base": 0.5},
}
QUANTITIES = st.floats(0.05, 60.0)


def one(name: str, **changes: object) -> Activities:
    """A table that holds one named curve."""
    return activities(1, **({"region": 0} | CURVES[name] | changes))


def inside(name: str, quantity: float) -> float:
    """The quantity moved into the curve's bounds."""
    return max(quantity, 1.2 * float(CURVES[name].get("lower", 0.0)))  # type: ignore[arg-type]


def cost(table: Activities, quantity: float) -> float:
    return float(CurveGroups(table).marginal_cost(np.array([quantity]))[0])


def area(table: Activities, quantity: float) -> float:
    return float(area_under_cost(table, np.array([quantity]))[0])


@pytest.mark.parametrize("name", CURVES)
@given(quantity=QUANTITIES)
def test_quantities_invert_marginal_cost(name: str, quantity: float) -> None:
    table, quantity = one(name), inside(name, quantity)
    groups, at = CurveGroups(table), np.array([cost(one(name), quantity)])
    assert groups.quantity_and_slope(at, **FREE)[0][0] == pytest.approx(quantity, rel=1e-9)
    assert groups.quantity(at[:, None], np.array([0]))[0, 0] == pytest.approx(quantity, rel=1e-9)


@pytest.mark.parametrize("name", CURVES)
@given(quantity=QUANTITIES)
def test_slopes_are_finite_differences(name: str, quantity: float) -> None:
    table, quantity = one(name), inside(name, quantity)
    groups, marginal = CurveGroups(table), cost(one(name), quantity)
    step = 1e-6 * max(abs(marginal), 1e-3)
    low, high = (float(groups.quantity_and_slope(np.array([marginal + d]), **FREE)[0][0]) for d in (-step, step))
    slope = float(groups.quantity_and_slope(np.array([marginal]), **FREE)[1][0])
    assert slope > 0
    assert slope == pytest.approx((high - low) / (2 * step), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", CURVES)
@given(quantity=QUANTITIES)
def test_areas_are_integrals_of_marginal_cost(name: str, quantity: float) -> None:
    """Demand below its choke quantity is worth the choke price, so only the part beyond it is integrated."""
    table, quantity = one(name), inside(name, quantity)
    start = float(CURVES[name].get("lower", 0.0))  # type: ignore[arg-type]
    integral, _ = quad(lambda q: cost(table, q), start, quantity, epsabs=1e-10, epsrel=1e-10, limit=200)
    if start > 0:
        integral += cost(table, start) * start
    assert area(table, quantity) == pytest.approx(integral, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", CURVES)
def test_curves_never_fall(name: str) -> None:
    table = one(name)
    quantities = np.linspace(inside(name, 0.05), 60.0, 50)
    costs = [cost(table, float(quantity)) for quantity in quantities]
    assert all(later >= earlier for earlier, later in pairwise(costs))


@pytest.mark.parametrize("name", CURVES)
def test_quantities_stay_within_their_bounds_where_the_slope_is_zero(name: str) -> None:
    groups = CurveGroups(one(name, lower=9.0, upper=11.0))
    low, high = cost(one(name), 9.0), cost(one(name), 11.0)
    for marginal, bound in ((low - 1.0, 9.0), (high + 1.0, 11.0)):
        quantity, slope = groups.quantity_and_slope(np.array([marginal]), **FREE)
        assert (quantity[0], slope[0]) == (bound, 0.0)


def test_a_flat_curve_has_any_quantity_at_its_level() -> None:
    table = activities(1, region=0, role=Role.SUPPLY, shape=Shape.FLAT, level=5.0, upper=20.0)
    groups = CurveGroups(table)
    for centre in (0.0, 7.0, 20.0):
        quantity, _ = groups.quantity_and_slope(np.array([5.0]), np.array([centre]), 1e-5)
        assert quantity[0] == centre
    assert area(table, 8.0) == 40.0


def test_supply_offered_below_a_price_of_zero_is_free() -> None:
    """price = -6 + 2q: the first three units cost nothing, so that producer surplus counts from a price of zero."""
    table = activities(1, region=0, role=Role.SUPPLY, shape=Shape.LINEAR, level=-6.0, width=2.0)
    assert area(table, 2.0) == 0.0
    assert area(table, 5.0) == pytest.approx(4.0)


def test_the_value_of_inelastic_use_without_a_choke_price_has_no_bound() -> None:
    table = activities(1, region=0, role=Role.DEMAND, shape=Shape.POWER, level=10.0, base=30.0, exponent=-0.5)
    assert area(table, 30.0) == -np.inf


def test_an_elastic_demand_without_a_choke_price_has_a_bounded_value() -> None:
    """Elasticity -2 through (10, 30): value of 30 units is the integral of 10 (30/q)^0.5, twice what users pay."""
    table = activities(1, region=0, role=Role.DEMAND, shape=Shape.POWER, level=10.0, base=30.0, exponent=-2.0)
    assert area(table, 30.0) == pytest.approx(-600.0)


def _market(elasticity: float, supply_elasticity: float = 0.3, regions: int = 1) -> Case:
    place = {"mineral": "m", "stage": "refined"}
    point = {"kind": "isoelastic", "price": 10.0, "quantity": 100.0}
    names = [f"R{number}" for number in range(regions)]
    content = {
        "regions": [{"id": name} for name in names],
        "supply": [{**place, "region": r, "curve": {**point, "elasticity": supply_elasticity}} for r in names],
        "demand": [{**place, "region": r, "curve": {**point, "elasticity": elasticity}} for r in names],
        "routes": [{**place, "from": a, "to": b, "cost": 1.0} for a in names for b in names if a != b],
    }
    return Case.parse(content, "case")


@pytest.mark.filterwarnings("ignore:overflow")  # nearly flat curves are cut off at infinity
@pytest.mark.parametrize("regions", [1, 3])
@pytest.mark.parametrize("elasticity", [-0.04, -0.006, -1e-3, -1e-6, -200.0])
@pytest.mark.parametrize("supply_elasticity", [1e-6, 0.3, 200.0])
def test_a_market_of_any_elasticity_rests_where_its_curves_meet(
    elasticity: float, supply_elasticity: float, regions: int
) -> None:
    case = _market(elasticity, supply_elasticity, regions)
    rows = solve(market_of(case), case.parties, case.agreement, case.shocks).result()["prices"]
    assert [row["consumer_price"] for row in rows] == pytest.approx([10.0] * regions)


@pytest.mark.parametrize("elasticity", [-1e-9, -1e6, 0.0])
def test_an_elasticity_that_makes_no_curve_is_refused_with_the_range(elasticity: float) -> None:
    with pytest.raises(ScenarioError, match=r"curve.*elasticity.* is not from 1e-06 to 200 in size; use kind 'fixed'"):
        _market(elasticity)
