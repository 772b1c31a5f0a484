"""What the tests know of export taxes: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.broken import Break, of_system
from tests.formulation import PLACE, Formulation
from tests.strategies import (
    EVERY_KIND,
    EXACT,
    Content,
    account,
    at,
    between,
    determined_prices,
    laws,
    markets,
    outsider_ids,
    party_ids,
    region_ids,
    result_of,
)

FORMULATIONS = {
    "export_taxes": Formulation(
        20.7,
        {"export_taxes": [PLACE | {"exporter": "ABROAD", "importers": ["HOME"], "specific": 1, "ad_valorem": 0.1}]},
    ),
}
WEDGES = {
    "export tax": [PLACE | {"exporter": "ABROAD", "importers": ["HOME"], "specific": 4.0}],
}
BROKEN: dict[tuple[str, str], Break] = {
    ("export tax", "ignored"): of_system("charge", np.zeros_like),
    ("export tax", "turned round"): of_system("charge", np.negative),
}


@laws
@given(markets(EVERY_KIND), between(0.5, 8))
def test_an_export_tax_is_a_tariff_that_the_exporter_collects(content: Content, rate: float) -> None:
    """The same money per unit on the same routes moves the same goods; only who receives it differs."""
    exporter, importers = outsider_ids(content)[0], party_ids(content)
    taxed = result_of(content, export_taxes=[at(exporter=exporter, importers=importers, specific=rate)])
    levied = result_of(content, tariffs=[at(importers=importers, exporters=[exporter], specific=rate)])
    for place, value in determined_prices(levied).items():
        assert determined_prices(taxed)[place] == pytest.approx(value, rel=EXACT)
    collected = sum(account(levied, name, "duty_and_levy_revenue") for name in importers)
    for name in region_ids(content):
        own = collected if name == exporter else 0.0
        assert account(taxed, name, "duty_and_levy_revenue") == pytest.approx(own, rel=EXACT, abs=1e-4)
