"""What the tests know of duty-free trade among parties: formulations with their price, wedges broken by hand, laws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.case import Case, market_of
from model.equilibrium import Solver, lay_over, solve_problem
from model.instruments import Agreement
from model.market.records import MineralMarket, Role
from tests.formulation import PLACE, Formulation
from tests.strategies import EXACT, FINAL, MINERAL, Content, at, between, laws, markets

FORMULATIONS = {
    "zero_for_zero": Formulation(19.8, {"zero_for_zero": [PLACE]}, duty=0.1),
}
WITHOUT_WEDGE = {"zero_for_zero": "takes charges away and adds none"}


@pytest.mark.slow
@laws
@given(markets(), st.lists(between(0, 0.4), min_size=12, max_size=12))
def test_zero_for_zero_frees_trade_among_parties_alone(content: Content, rates: list[float]) -> None:
    """It equals a market whose duties between parties are zero and all others as before."""
    case = Case.parse(content, "generated case")
    market = market_of(case).minerals[MINERAL]
    table = market.activities
    routes = table.role == Role.ROUTE
    duty = np.where(routes, np.resize(np.array(rates), len(table)), 0.0)
    member = np.array([name in case.parties for name in market.regions])
    is_final = np.array([node.stage == FINAL for node in market.nodes])[table.node_out]
    freed = np.where(routes & member[table.region] & member[table.partner] & is_final, 0.0, duty)
    agreement = Agreement.parse({"zero_for_zero": [at()]}, "agreement")
    ours = _prices(replace(market, base_duty=duty), agreement, case)
    theirs = _prices(replace(market, base_duty=freed), Agreement(), case)
    np.testing.assert_allclose(ours, theirs, rtol=EXACT)


def _prices(market: MineralMarket, agreement: Agreement, case: Case) -> Any:
    return solve_problem(lay_over(market, case.parties, agreement, (), {}), agreement, Solver()).state.price
