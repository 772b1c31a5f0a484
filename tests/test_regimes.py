"""Tariff-rate quotas and levies in closed form: what is inside, what rent it pays, and the levy that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.equilibrium.regimes import BETWEEN, ExponentialFlows, QuotaSide, side_and_levy, smooth_side

if TYPE_CHECKING:
    from model.market.records import Floats

ROUTES = st.integers(1, 6)


@st.composite
def quotas(draw: st.DrawFn) -> tuple[ExponentialFlows, Floats, float]:
    """Flows of some routes, their rate differences (some equal, some zero), and a quota."""
    count = draw(ROUTES)
    numbers = st.lists(st.floats(-3.0, 3.0), min_size=count, max_size=count)
    sizes = st.lists(st.floats(0.1, 100.0), min_size=count, max_size=count)
    starts = st.lists(st.sampled_from([0.0, 1.0]), min_size=count, max_size=count)
    rates = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]), min_size=count, max_size=count)
    flows = ExponentialFlows(np.array(draw(numbers)), np.array(draw(sizes)), np.array(draw(starts)))
    return flows, np.array(draw(rates)), draw(st.floats(0.01, 200.0))


def charged(side: QuotaSide, rent: float, difference: Floats) -> Floats:
    return np.where(side.inside, rent, difference)


def check_side(flows: ExponentialFlows, difference: Floats, limit: float, side: QuotaSide, rent: float) -> None:
    """A route is inside where the rent is at most its rate difference; a rent is paid only for a full quota."""
    assert rent >= 0.0
    assert (difference[side.inside] >= rent - 1e-9).all()
    assert (difference[~side.inside] <= rent + 1e-9).all()
    flow = flows.at(charged(side, rent, difference))
    if side.marginal != BETWEEN:
        assert rent == pytest.approx(difference[side.marginal])
        surely = side.inside & (difference > rent + 1e-9)
        assert flow[surely].sum() <= limit * (1 + 1e-9)
        assert flow[side.inside].sum() >= limit * (1 - 1e-9)
    elif rent > 0:
        assert flow[side.inside].sum() == pytest.approx(limit, rel=1e-6)
    else:
        assert flow[difference > 0].sum() <= limit * (1 + 1e-9)


@pytest.mark.slow
@given(quotas())
def test_a_quota_has_a_rent_only_when_it_is_full(quota: tuple[ExponentialFlows, Floats, float]) -> None:
    flows, difference, limit = quota
    side, rent = smooth_side(flows, difference, limit)
    check_side(flows, difference, limit, side, rent)


@pytest.mark.slow
@given(quotas(), st.floats(0.05, 300.0))
def test_a_levy_on_the_same_routes_brings_arrivals_to_what_is_missing(
    quota: tuple[ExponentialFlows, Floats, float], target: float
) -> None:
    flows, difference, limit = quota
    side, rent, levy = side_and_levy(flows, difference, limit, target)
    levied = ExponentialFlows(flows.net - levy, flows.base, flows.start)
    assert levied.at(charged(side, rent, difference)).sum() == pytest.approx(target, rel=1e-6)
    check_side(levied, difference, limit, side, rent)
