"""What the tests know of offtakes: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.formulation import PLACE, Formulation
from tests.strategies import (
    EXACT,
    NOTHING,
    Content,
    account,
    at,
    between,
    flow,
    laws,
    markets,
    outsider_ids,
    party_ids,
    price,
    region_ids,
    result_of,
)

FORMULATIONS = {
    "offtakes": Formulation(
        16.0, {"offtakes": [PLACE | {"producer": "ABROAD", "buyer": "HOME", "quantity": 19, "strike": 17}]}
    ),
}
WITHOUT_WEDGE = {"offtakes": "a bound on a route, which the programme has itself"}


@laws
@given(markets(), between(0, 30), between(5, 60))
def test_an_offtake_is_delivered_and_its_settlement_sums_to_zero(
    content: Content, volume: float, strike: float
) -> None:
    producer, buyer = outsider_ids(content)[0], party_ids(content)[0]
    result = result_of(content, offtakes=[at(producer=producer, buyer=buyer, quantity=volume, strike=strike)])
    assert flow(result, producer, buyer) >= volume * (1.0 - EXACT) - NOTHING
    settled = account(result, producer, "transfers")
    assert settled == pytest.approx((strike - price(result, producer)) * volume, rel=EXACT, abs=1e-4)
    assert sum(account(result, name, "transfers") for name in region_ids(content)) == pytest.approx(0.0, abs=1e-9)
