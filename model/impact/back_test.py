"""The losses our formulas give for disruptions whose effect on the United States was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.impact.compare import compare
from model.impact.economy import economy_wide
from model.impact.manufacturers import REFERENCE, manufacturers, use_of_table
from model.impact.market_change import MarketChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.assumptions import Assumptions
    from model.data import Tables
    from model.impact.manufacturers import Manufacturers

CHIPS = "semiconductors"


def back_test(tables: Tables, assumptions: Assumptions) -> pd.DataFrame:
    """Published and modelled loss of the economy of the United States, one row per disruption.

    Columns: minerals; published_low_usd, published_usd and published_high_usd (positive numbers are losses; NaN where
    only bounds were published); best_use_usd, pro_rata_usd and midpoint_usd (economy-wide); chips_share_best_use and
    chips_share_pro_rata (first-round loss of the semiconductor industry over the economy-wide loss, NaN without one);
    fits (the midpoint lies in the published range). The levels of dependence were tuned on gallium and germanium: these
    rows are a calibration, not a proof.
    """
    published = tables["disruption_results"].query("metric == 'us_gdp_change'")
    users = manufacturers(tables, assumptions, use_of_table(tables))
    ratios = _price_ratios(tables["disruption_results"], assumptions)
    rows = [
        _row(
            users,
            shortage_change(tables, {name: ratios[name] for name in minerals.split(";")}, assumptions),
            assumptions,
        )
        for minerals in published.minerals
    ]
    ours = pd.DataFrame(rows, index=published.index)
    theirs = pd.DataFrame(
        {
            "minerals": published.minerals,
            "published_low_usd": 0.0 - published.high,
            "published_usd": 0.0 - published.value,
            "published_high_usd": 0.0 - published.low,
        }
    )
    result = theirs.join(ours).reset_index(drop=True)
    return result.assign(fits=result.midpoint_usd.between(result.published_low_usd, result.published_high_usd))


def shortage_change(tables: Tables, ratios: Mapping[str, float], assumptions: Assumptions) -> MarketChange:
    """A change of the market of the United States: the shortage that clears at these price multiples, as rationed.

    The published losses are those of tonnes that never arrived. No price tells users to save them, so none makes them
    dearer either: a shortage that counted both ways would count twice.
    """
    base = tables["industry_use_base"].set_index("mineral").loc[list(ratios)]
    price, use_t = (base[name].to_numpy(np.float64)[None, :] for name in ("price_usd_per_t", "use_t"))
    ratio = np.array([list(ratios.values())])
    kept = ratio ** -assumptions.value("back_test_demand_elasticity")
    return MarketChange((REFERENCE,), tuple(ratios), price, price, kept * use_t, use_t, (1 - kept) * use_t)


def price_ratio_of_lost_supply(lost_share: float, assumptions: Assumptions) -> float:
    """The price multiple at which saving users and other producers make up for a lost share of supply.

    Both answer with constant elasticity: the ratio P solves (1 - lost) · P**supply = P**-demand.
    """
    elasticities = ("back_test_demand_elasticity", "back_test_supply_elasticity")
    return float((1 - lost_share) ** (-1 / sum(assumptions.value(name) for name in elasticities)))


def _price_ratios(results: pd.DataFrame, assumptions: Assumptions) -> dict[str, float]:
    """Price multiple by mineral: as published, else what a published import share and assumed import reliance imply."""
    rise = results[results.metric == "price_change"].set_index("minerals").value
    imports = results[results.metric == "import_share"].set_index("minerals").value
    reliance = {mineral: assumptions.value("back_test_import_reliance", str(mineral)) for mineral in imports.index}
    implied = {
        str(mineral): price_ratio_of_lost_supply(float(share) * reliance[mineral], assumptions)
        for mineral, share in imports.items()
    }
    return implied | {str(mineral): 1 + float(change) for mineral, change in rise.items()}


def _row(users: Manufacturers, change: MarketChange, assumptions: Assumptions) -> dict[str, float]:
    impact = compare(users, change, assumptions).set_index("industry")
    row: dict[str, float] = {}
    for way in ("best_use", "pro_rata"):
        at_risk_usd = impact[f"value_added_at_risk_usd_{way}"]
        loss_usd = economy_wide(at_risk_usd.sum(), assumptions).mid
        row[f"{way}_usd"] = loss_usd
        row[f"chips_share_{way}"] = float(at_risk_usd[CHIPS]) / loss_usd if loss_usd > 0 else np.nan
    return row | {"midpoint_usd": (row["best_use_usd"] + row["pro_rata_usd"]) / 2}
