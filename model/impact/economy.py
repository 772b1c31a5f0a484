"""Beyond the first users: where cost lands in the end, and what lost value added means for the whole economy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from model.errors import ScenarioError
from model.impact.manufacturers import REST

if TYPE_CHECKING:
    from model.assumptions import Assumptions
    from model.impact.manufacturers import Manufacturers


class Range(NamedTuple):
    """A value with the lowest and highest that are tried."""

    low: float
    mid: float
    high: float


def cost_push(manufacturers: Manufacturers, region: str, unit_cost_change: pd.Series) -> pd.Series:
    """Price change of every industry when all cost is passed on along the chain, as share of output value.

    Solves ``dp = (I - A')⁻¹ · unit_cost_change`` with the domestic purchases of the United States in 2017, which stand
    for every party (assumption). The result says *where* a cost lands, not how much there is of it: weighted with
    outputs it counts the same cost once at every stage. The last entry is the rest of the economy.

    Args:
        manufacturers: the manufacturers.
        region: a party with sized industries.
        unit_cost_change: first-round cost as share of output value by industry; industries left out have none.

    Raises:
        ScenarioError: if the region or an industry is unknown, naming the valid ones.
    """
    if region not in manufacturers.regions:
        raise ScenarioError(f"No industry sizes are known for {region!r}. Valid: {', '.join(manufacturers.regions)}.")
    sectors = [*manufacturers.industries.id, REST]
    unknown = [str(name) for name in unit_cost_change.index if name not in sectors]
    if unknown:
        raise ScenarioError(f"Unknown industry {', '.join(map(repr, unknown))}. Valid: {', '.join(sectors)}.")
    first_round = unit_cost_change.reindex(sectors).fillna(0.0).to_numpy(dtype=np.float64)
    return pd.Series(manufacturers.total_requirement @ first_round, index=sectors, name="cost_push")


def economy_wide(value_added_at_risk_usd: float, assumptions: Assumptions) -> Range:
    """Value added at risk with suppliers and customers of the industries hit, USD: show it beside the first round."""
    factor = assumptions.find("economy_wide_factor")
    return Range(*(value_added_at_risk_usd * multiple for multiple in (factor.low, factor.value, factor.high)))
