"""What the tests know of import quotas: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from tests.broken import Break, of_point
from tests.formulation import FROM_ABROAD, Formulation
from tests.strategies import (
    EVERY_KIND,
    EXACT,
    NOTHING,
    Content,
    account,
    arriving,
    between,
    border,
    laws,
    markets,
    region_ids,
    result_of,
)

FORMULATIONS = {
    "quotas": Formulation(24.0, {"quotas": [FROM_ABROAD | {"quantity": 5, "rent_to": "exporter"}]}),
}
WEDGES = {
    "quota": [FROM_ABROAD | {"quantity": 8.0}],
}
BROKEN: dict[tuple[str, str], Break] = {
    ("quota", "rent halved"): of_point(lambda point: replace(point, rent=0.5 * point.rent)),
}


@laws
@given(markets(EVERY_KIND), between(0, 40))
def test_a_quota_binds_or_has_no_rent(content: Content, limit: float) -> None:
    """R3: rent and room are never both there."""
    result = result_of(content, quotas=[border(content, quantity=limit)])
    row = result["quotas"][0]
    assert row["imports"] == pytest.approx(arriving(content, result), abs=NOTHING)
    assert row["imports"] <= limit + NOTHING
    assert row["rent_per_unit"] >= 0.0
    if row["imports"] < limit - 10 * NOTHING:
        assert row["rent_per_unit"] <= EXACT * 100
    assert sum(account(result, name, "quota_rent") for name in region_ids(content)) == pytest.approx(
        row["rent_per_unit"] * row["imports"], rel=EXACT, abs=1e-4
    )
