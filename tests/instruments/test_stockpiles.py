"""What the tests know of public stockpiles: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.formulation import PLACE, Formulation
from tests.strategies import (
    EVERY_KIND,
    EXACT,
    FACTORS,
    NOTHING,
    Content,
    account,
    at,
    between,
    laws,
    markets,
    party_ids,
    price,
    quantity,
    result_of,
)

FORMULATIONS = {
    "stockpiles": Formulation(18.0, {"stockpiles": [PLACE | {"party": "HOME", "quantity": 3, "release_above": 15}]}),
}
WITHOUT_WEDGE = {"stockpiles": "a step of supply, which the programme has itself"}


@laws
@given(markets(EVERY_KIND, two_stages=False), FACTORS, between(0, 20))
def test_a_stockpile_is_never_released_below_its_price(content: Content, factor: float, stock: float) -> None:
    home = party_ids(content)[0]
    level = factor * price(result_of(content), home)
    result = result_of(content, stockpiles=[at(party=home, quantity=stock, release_above=level)])
    released = quantity(result, home, "stock_released")
    assert released <= stock * (1.0 + EXACT)
    if released > NOTHING:
        assert price(result, home) >= level * (1.0 - EXACT)
    if price(result, home) > level * (1.0 + EXACT):
        assert released == pytest.approx(stock, rel=EXACT, abs=NOTHING)
    assert account(result, home, "stock_sales") == pytest.approx(released * price(result, home), rel=EXACT, abs=1e-4)
