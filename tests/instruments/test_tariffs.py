"""What the tests know of import duties: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.broken import Break, of_system
from tests.formulation import FROM_ABROAD, Formulation
from tests.strategies import (
    EVERY_KIND,
    EXACT,
    NOTHING,
    Content,
    account,
    between,
    border,
    flow,
    laws,
    markets,
    region_ids,
    result_of,
)

FORMULATIONS = {
    "tariffs": Formulation(21.8, {"tariffs": [FROM_ABROAD | {"specific": 2, "ad_valorem": 0.1}]}),
    "tariffs-greater_of": Formulation(
        20.0, {"tariffs": [FROM_ABROAD | {"specific": 2, "ad_valorem": 0.1, "greater_of": True}]}
    ),
}
WEDGES = {
    "specific tariff": [FROM_ABROAD | {"specific": 4.0}],
    "ad valorem tariff": [FROM_ABROAD | {"ad_valorem": 0.3}],
    "greater_of": [FROM_ABROAD | {"specific": 1.0, "ad_valorem": 0.3, "greater_of": True}],
}
BROKEN: dict[tuple[str, str], Break] = {
    ("specific tariff", "halved"): of_system("charge", lambda charge: 0.5 * charge),
    ("ad valorem tariff", "halved"): of_system("on_price_in", lambda share: 1.0 + 0.5 * (share - 1.0) * (share > 1.0)),
    ("greater_of", "forgotten"): of_system("greater", lambda _: []),
}


@laws
@given(markets(EVERY_KIND, regions=(2, 2)), between(0, 8), between(0.5, 8))
def test_a_higher_tariff_never_raises_imports(content: Content, rate: float, rise: float) -> None:
    home, abroad = region_ids(content)
    low, high = (result_of(content, tariffs=[border(content, specific=level)]) for level in (rate, rate + rise))
    assert flow(high, abroad, home) <= flow(low, abroad, home) + NOTHING
    paid = (rate + rise) * flow(high, abroad, home)
    assert account(high, home, "duty_and_levy_revenue") == pytest.approx(paid, rel=EXACT, abs=1e-4)
