"""What the tests know of price undertakings: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from tests.broken import Break, of_point, of_system
from tests.formulation import PLACE, Formulation
from tests.strategies import (
    EVERY_KIND,
    EXACT,
    FACTORS,
    Content,
    account,
    at,
    between,
    determined_prices,
    flow,
    laws,
    levy_floor,
    markets,
    outsider_ids,
    party_ids,
    price,
    region_ids,
    result_of,
)

AT_22 = PLACE | {"parties": ["HOME"], "exporters": ["ABROAD"], "price": 22.0}

FORMULATIONS = {
    "price_undertakings": Formulation(22.0, {"price_undertakings": [AT_22]}),
    "price_undertakings-capped": Formulation(21.0, {"price_undertakings": [AT_22 | {"levy_cap": 3.0}]}),
}
WEDGES = {"undertaking": [AT_22]}
BROKEN: dict[tuple[str, str], Break] = {
    ("undertaking", "turned round"): of_point(lambda point: replace(point, levy=-point.levy)),
    ("undertaking", "halved"): of_point(lambda point: replace(point, levy=0.5 * point.levy)),
    ("undertaking", "holds another price"): of_system("floor", lambda floor: 0.9 * floor),
}


@laws
@given(markets(EVERY_KIND), FACTORS)
def test_an_undertaking_is_a_levy_that_the_named_exporter_keeps(content: Content, factor: float) -> None:
    exporter, parties = outsider_ids(content)[0], party_ids(content)
    level = factor * price(result_of(content), parties[0])
    levied = result_of(content, floors=[levy_floor(content, level)])
    undertaken = result_of(content, price_undertakings=[at(parties=parties, exporters=[exporter], price=level)])
    for place, value in determined_prices(levied).items():
        assert determined_prices(undertaken)[place] == pytest.approx(value, rel=EXACT)
    kept = {row["region"]: row["levy"] * flow(levied, exporter, row["region"]) for row in levied["floors"]}
    assert account(undertaken, exporter, "quota_rent") == pytest.approx(sum(kept.values()), rel=EXACT, abs=1e-4)
    for name in parties:
        collected = account(levied, name, "duty_and_levy_revenue") - kept[name]
        assert account(undertaken, name, "duty_and_levy_revenue") == pytest.approx(collected, rel=EXACT, abs=1e-4)


@laws
@given(markets(EVERY_KIND, regions=(3, 4), parties=1), FACTORS, between(0, 100))
def test_equal_undertakings_are_one_that_each_exporter_keeps(content: Content, factor: float, cap: float) -> None:
    """Whatever their order, and whatever a floor at the same price does beside them."""
    first, second = outsider_ids(content)[:2]
    fields = {"parties": party_ids(content), "price": factor * price(result_of(content), party_ids(content)[0])}
    one = result_of(content, price_undertakings=[at(exporters=[first, second], **fields)])
    several = [at(exporters=[name], **fields) for name in (second, first)]
    two = result_of(content, price_undertakings=several, floors=[levy_floor(content, fields["price"], levy_cap=cap)])
    for name in region_ids(content):
        assert account(two, name, "total") == pytest.approx(account(one, name, "total"), rel=EXACT, abs=1e-4)
