"""Beyond the first users: what lost value added means for the whole economy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from model.assumptions import Assumptions


class Range(NamedTuple):
    """A value with the lowest and highest that are tried."""

    low: float
    mid: float
    high: float


def economy_wide(value_added_at_risk_usd: float, assumptions: Assumptions) -> Range:
    """Value added at risk with suppliers and customers of the industries hit, USD: show it beside the first round."""
    factor = assumptions.find("economy_wide_factor")
    return Range(*(value_added_at_risk_usd * multiple for multiple in (factor.low, factor.value, factor.high)))
