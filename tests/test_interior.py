"""The sure search: markets of steps, circles and floors that cannot hold, with answers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from model.errors import ScenarioError
from tests.strategies import at, flow, price, quantity, result_of

Content = dict[str, Any]


def linear(price_at_zero: float, slope: float, **fields: float) -> Content:
    return {"kind": "linear", "price_at_zero": price_at_zero, "slope": slope} | fields


def market(supply: Content, demand: Content, routes: list[tuple[str, str, float]], parties: str = "A") -> Content:
    """A market of regions named by a letter; each route with its cost."""
    names = sorted({*supply, *demand, *(end for route in routes for end in route[:2])})
    return {
        "regions": [{"id": name, "party": name in parties} for name in names],
        "supply": [at(region=name, curve=curve) for name, curve in supply.items()],
        "demand": [at(region=name, curve=curve) for name, curve in demand.items()],
        "routes": [at(**{"from": source, "to": target}, cost=cost) for source, target, cost in routes],
    }


def levy_floor(parties: str, level: float, **fields: float) -> Content:
    return at(parties=list(parties), price=level, mechanism="variable_levy", **fields)


TWO = market({"A": linear(4, 2), "B": linear(2, 1)}, {"A": linear(40, 1)}, [("B", "A", 1.0)])
"""Free trade: imports 42 - 1.5 p at p = 3 + imports, so p = 18."""


@pytest.mark.parametrize("committed", [5.0, 9.0, 10.0, 12.0])
def test_a_levy_ends_no_arrivals_that_are_committed(committed: float) -> None:
    """Arrivals of 9 hold the floor of 22; of more, the price is what they leave, and the levy what just ends others."""
    offtake = at(producer="B", buyer="A", quantity=committed, strike=11.0)
    result = result_of(TWO, floors=[levy_floor("A", 22.0)], offtakes=[offtake])
    imports = max(committed, 9.0)
    assert flow(result, "B", "A") == pytest.approx(imports)
    assert price(result, "A") == pytest.approx((42 - imports) / 1.5)
    assert price(result, "B") == pytest.approx(2 + imports)
    assert result["floors"][0]["levy"] == pytest.approx((42 - imports) / 1.5 - 3 - imports)
    assert result["floors"][0]["holds"] is (committed <= 9.0)


def test_a_levy_capped_at_nothing_is_free_trade() -> None:
    result = result_of(TWO, floors=[levy_floor("A", 22.0, levy_cap=0.0)])
    assert price(result, "A") == pytest.approx(18.0)


def test_two_levies_end_all_arrivals_around_a_duty() -> None:
    """C serves nobody: its price stays at 1, and each levy is what a first unit from it would gain."""
    content = market(
        {"B": linear(3, 0.5), "C": linear(1, 0.5)},
        {"A": linear(40, 1)},
        [("B", "A", 0.0), ("C", "A", 0.0), ("C", "B", 0.0)],
        parties="AB",
    )
    result = result_of(
        content,
        floors=[levy_floor("AB", 25.0)],
        tariffs=[at(importers=["A"], exporters=["B"], ad_valorem=0.3)],
    )
    shipped = (40 - 1.3 * 3) / (1 + 1.3 * 0.5)
    assert flow(result, "B", "A") == pytest.approx(shipped)
    assert price(result, "B") == pytest.approx(3 + 0.5 * shipped)
    assert price(result, "A") == pytest.approx(1.3 * (3 + 0.5 * shipped))
    assert [row["levy"] for row in result["floors"]] == pytest.approx([40 - shipped - 1, 2 + 0.5 * shipped])
    assert not any(row["holds"] for row in result["floors"])


def test_an_offer_of_any_quantity_is_no_measure_of_the_market() -> None:
    """In-quota 8, and beyond it the over-quota rate sets the price: 26 for 20."""
    world = {"kind": "steps", "steps": [[20.0, 1e12]]}
    content = market({"A": linear(12, 2), "B": world}, {"A": linear(60, 1)}, [("B", "A", 0.0)])
    trq = at(importers=["A"], exporters=["B"], quantity=8.0, over_quota={"specific": 6.0})
    result = result_of(content, trqs=[trq])
    assert price(result, "A") == pytest.approx(26.0)
    assert quantity(result, "A", "production") == pytest.approx(7.0)
    assert quantity(result, "A", "consumption") == pytest.approx(34.0)


def test_free_routes_carry_nothing_in_circles() -> None:
    ring = [("A", "B", 0.0), ("B", "C", 0.0), ("C", "A", 0.0), ("B", "A", 0.0)]
    result = result_of(market({"A": linear(0, 1)}, {"B": linear(30, 1)}, ring))
    assert flow(result, "A", "B") == pytest.approx(15.0)
    assert all(flow(result, *route[:2]) == pytest.approx(0.0, abs=1e-6) for route in ring[1:])


@pytest.mark.parametrize("cap", [3.0, 7.0])
def test_a_cap_below_fixed_supply_is_produced_and_no_more(cap: float) -> None:
    content = market({"A": {"kind": "fixed", "quantity": 5.0}}, {"A": linear(40, 1)}, [])
    result = result_of(content, shocks=(at(kind="supply_cap", region="A", quantity=cap),))
    assert quantity(result, "A", "production") == pytest.approx(min(cap, 5.0))


def test_a_commitment_that_no_route_carries_takes_nothing_from_another() -> None:
    content = market({"A": linear(2, 1)}, {"B": linear(40, 1), "C": linear(40, 1)}, [("A", "B", 1.0), ("A", "C", 60.0)])
    offtakes = [at(producer="A", buyer=buyer, quantity=5.0, strike=11.0) for buyer in ("B", "C")]
    closed = at(importers=["B"], exporters=["A"], quantity=0.0)
    result = result_of(content, quotas=[closed], offtakes=offtakes)
    assert flow(result, "A", "C") == pytest.approx(5.0)


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["cfd", "buffer_stock"])
def test_a_floor_above_an_unlimited_offer_is_refused_by_name(mechanism: str) -> None:
    content = market({"A": linear(10, 0)}, {"A": linear(40, 1)}, [])
    with pytest.raises(ScenarioError, match=r"m \(refined\) in A is offered without limit"):
        result_of(content, floors=[at(parties=["A"], price=20.0, mechanism=mechanism)])


@pytest.mark.parametrize("elasticity", [-0.2, -1.0, -2.4, -3.0, -10.0])
def test_demand_that_pays_any_price_for_nothing_is_refused_by_name(elasticity: float) -> None:
    user = {"kind": "isoelastic", "price": 20.0, "quantity": 5.0, "elasticity": elasticity}
    with pytest.raises(ScenarioError, match=r"demand without choke price for m \(refined\) in A cannot be served"):
        result_of(market({}, {"A": user}, []))


@pytest.mark.parametrize("elasticity", [0.5, 1.0, 2.5, 5.0])
def test_supply_that_nothing_can_use_rests_at_a_price_of_zero(elasticity: float) -> None:
    mine = {"kind": "isoelastic", "price": 10.0, "quantity": 10.0, "elasticity": elasticity}
    result = result_of(market({"A": linear(4, 2), "B": mine}, {"A": linear(40, 1)}, []))
    assert price(result, "A") == pytest.approx(28.0)
    assert (price(result, "B"), quantity(result, "B", "production")) == (0.0, 0.0)


def test_supply_of_a_region_whose_quota_is_nothing_goes_beyond_it() -> None:
    mine = {"kind": "isoelastic", "price": 10.0, "quantity": 10.0, "elasticity": 1.5}
    content = market({"B": mine}, {"A": linear(40, 1)}, [("B", "A", 1.0)])
    free = result_of(content)
    shut = at(importers=["A"], exporters=["B"], quantity=0.0, over_quota={"specific": 2.0})
    beyond = result_of(content, trqs=[shut])
    assert 0.0 < flow(beyond, "B", "A") < flow(free, "B", "A")
    assert price(beyond, "A") == pytest.approx(price(beyond, "B") + 3.0)


@pytest.mark.parametrize("budget", [1e6, 1e12, 1e15, None])
def test_a_budget_that_is_never_spent_is_as_good_as_none(budget: float | None) -> None:
    content = market({"A": linear(4, 2)}, {"A": linear(40, 1)}, [])
    result = result_of(content, floors=[at(parties=["A"], price=30.0, mechanism="buffer_stock", budget=budget)])
    assert price(result, "A") == pytest.approx(30.0)
    assert quantity(result, "A", "stock_bought") == pytest.approx(3.0)


def test_a_commitment_of_more_than_could_ever_be_traded_is_refused_by_name() -> None:
    content = market({"A": linear(2, 1)}, {"B": linear(40, 1)}, [("A", "B", 1.0)])
    with pytest.raises(ScenarioError, match=r"offtakes\[0\] on m commits 1e\+10"):
        result_of(content, offtakes=[at(producer="A", buyer="B", quantity=1e10, strike=11.0)])


def test_demand_that_offtakes_leave_nothing_is_refused_by_name() -> None:
    user = {"kind": "isoelastic", "price": 20.0, "quantity": 5.0, "elasticity": -1.2}
    content = market({"A": {"kind": "fixed", "quantity": 6.0}}, {"A": user, "B": linear(40, 1)}, [("A", "B", 1.0)])
    assert quantity(result_of(content), "A", "consumption") > 0.0
    with pytest.raises(ScenarioError, match=r"in A cannot be served by what offtakes leave .* or commit less"):
        result_of(content, offtakes=[at(producer="A", buyer="B", quantity=6.0, strike=11.0)])
