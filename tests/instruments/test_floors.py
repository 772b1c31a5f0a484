"""What the tests know of price floors: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from model.equilibrium.search.complementarity import Complementarity
from model.instruments import Mechanism
from tests.broken import Break, of_conditions, of_point, of_system
from tests.formulation import PLACE, Formulation
from tests.strategies import (
    EVERY_KIND,
    EXACT,
    FACTORS,
    NOTHING,
    Content,
    account,
    arrivals,
    at,
    between,
    laws,
    levy_floor,
    markets,
    outsider_ids,
    party_ids,
    price,
    quantity,
    result_of,
)

FORMULATIONS = {
    "floors-variable_levy": Formulation(22.0, {"floors": [PLACE | {"parties": ["HOME"], "price": 22}]}),
    "floors-variable_levy-capped": Formulation(
        21.0, {"floors": [PLACE | {"parties": ["HOME"], "price": 22, "levy_cap": 3}]}
    ),
    "floors-cfd": Formulation(18.0, {"floors": [PLACE | {"parties": ["HOME"], "price": 35, "mechanism": "cfd"}]}),
    "floors-buffer_stock": Formulation(
        20.0,
        {
            "floors": [
                PLACE | {"parties": ["HOME"], "price": 20, "mechanism": "buffer_stock", "ceiling": 25, "stock": 4}
            ]
        },
    ),
    "floors-buffer_stock-budget": Formulation(
        18.0, {"floors": [PLACE | {"parties": ["HOME"], "price": 20, "mechanism": "buffer_stock", "budget": 36}]}
    ),
}


def _halve_strikes(conditions: Complementarity) -> None:
    conditions.constant[conditions.at.beyond] *= 0.5


WEDGES = {
    "levy": [PLACE | {"parties": ["HOME"], "price": 22.0}],
    "CfD": [PLACE | {"parties": ["HOME"], "price": 25.0, "mechanism": "cfd"}],
}
BROKEN: dict[tuple[str, str], Break] = {
    ("levy", "turned round"): of_point(lambda point: replace(point, levy=-point.levy)),
    ("levy", "halved"): of_point(lambda point: replace(point, levy=0.5 * point.levy)),
    ("levy", "holds another floor"): of_system("floor", lambda floor: 0.9 * floor),
    ("CfD", "half paid"): of_conditions(_halve_strikes),
}
WITHOUT_WEDGE = {Mechanism.BUFFER_STOCK: "demand at its price, which the programme has itself"}


@laws
@given(markets(EVERY_KIND), FACTORS)
def test_a_floor_by_levy_holds_or_says_why_not(content: Content, factor: float) -> None:
    """The levy is zero above the floor, else the smallest that holds it; it ends arrivals where none can."""
    free = result_of(content)
    floor = factor * price(free, party_ids(content)[0])
    result = result_of(content, floors=[levy_floor(content, floor)])
    for row in result["floors"]:
        assert row["levy"] >= 0.0
        assert row["price"] == price(result, row["region"])
        if row["price"] > floor * (1.0 + EXACT):
            assert row["levy"] <= EXACT * 100
        if row["holds"]:
            assert row["price"] >= floor * (1.0 - EXACT)
            assert row["why_not"] is None
        else:
            assert row["why_not"]
            assert arrivals(result, outsider_ids(content), row["region"]) <= 10 * NOTHING


@laws
@given(markets(EVERY_KIND, two_stages=False), FACTORS)
def test_a_contract_for_difference_pays_producers_the_larger_of_price_and_strike(
    content: Content, factor: float
) -> None:
    home = party_ids(content)[0]
    strike = factor * price(result_of(content), home)
    result = result_of(content, floors=[at(parties=[home], price=strike, mechanism="cfd")])
    market = price(result, home)
    assert price(result, home, column="producer_price") == pytest.approx(max(market, strike), rel=EXACT)
    gap = max(strike - market, 0.0)
    assert account(result, home, "outlay") == pytest.approx(
        gap * quantity(result, home, "production"), rel=EXACT, abs=1e-4
    )


@laws
@given(markets(EVERY_KIND, two_stages=False), FACTORS, between(0, 600))
def test_a_buffer_stock_spends_at_most_its_budget(content: Content, factor: float, budget: float) -> None:
    home = party_ids(content)[0]
    floor = factor * price(result_of(content), home)
    instrument = at(parties=[home], price=floor, mechanism="buffer_stock", budget=budget)
    result = result_of(content, floors=[instrument])
    spent = account(result, home, "outlay")
    assert spent <= budget * (1.0 + EXACT) + EXACT
    assert spent == pytest.approx(quantity(result, home, "stock_bought") * price(result, home), rel=EXACT, abs=1e-4)
    if price(result, home) < floor * (1.0 - EXACT):
        assert spent == pytest.approx(budget, rel=EXACT, abs=EXACT)
        assert budget == 0 or not result["floors"][0]["holds"]
    if price(result, home) > floor * (1.0 + EXACT):
        assert spent <= EXACT * 100
