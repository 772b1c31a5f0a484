"""What the tests know of tariff-rate quotas: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from tests.broken import Break, of_point, of_system
from tests.formulation import FROM_ABROAD, Formulation
from tests.strategies import (
    EVERY_KIND,
    EXACT,
    NOTHING,
    Content,
    arriving,
    between,
    laws,
    markets,
    result_of,
    trq,
)

FORMULATIONS = {
    "trqs": Formulation(20.0, {"trqs": [FROM_ABROAD | {"quantity": 5, "over_quota": {"specific": 2}}]}),
    "trqs-ad_valorem": Formulation(
        22.5, {"trqs": [FROM_ABROAD | {"quantity": 5, "in_quota": {"specific": 1}, "over_quota": {"ad_valorem": 0.25}}]}
    ),
}
WEDGES = {
    "TRQ": [FROM_ABROAD | {"quantity": 8.0, "over_quota": {"specific": 3.0}}],
}
BROKEN: dict[tuple[str, str], Break] = {
    ("TRQ", "rent halved"): of_point(lambda point: replace(point, rent=0.5 * point.rent)),
    ("TRQ", "over-quota rate halved"): of_system("charge", lambda charge: 0.5 * charge),
    ("TRQ", "over-quota part lost"): of_point(
        lambda point: replace(point, quantity=np.where(np.arange(len(point.quantity)) == 4, 0.0, point.quantity))
    ),
}


@laws
@given(markets(EVERY_KIND), between(0, 60), between(0, 3), between(0.5, 15))
def test_rent_of_a_tariff_rate_quota_lies_within_the_rate_difference(
    content: Content, limit: float, within: float, rise: float
) -> None:
    result = result_of(content, trqs=[trq(content, limit, within, rise)])
    row, rent = result["trqs"][0], result["trqs"][0]["rent_per_unit"]
    assert row["in_quota"] + row["over_quota"] == pytest.approx(arriving(content, result), abs=NOTHING)
    assert -EXACT <= rent <= rise * (1.0 + EXACT)
    assert row["in_quota"] <= limit + NOTHING
    assert row["over_quota"] >= -NOTHING
    if row["over_quota"] > 10 * NOTHING:
        assert rent == pytest.approx(rise, rel=EXACT)
        assert row["in_quota"] == pytest.approx(limit, abs=10 * NOTHING)
    if row["in_quota"] < limit - 10 * NOTHING:
        assert rent <= EXACT * 100
