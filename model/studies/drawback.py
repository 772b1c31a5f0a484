"""What a drawback would cost: the agreement's levies on a metal refunded to industries on what they export.

First round: prices, flows and use are those of the solved scenario. With a refund users who export would use somewhat
more, and a floor would need a somewhat higher levy. Contracts for difference and buffer stocks levy nothing, so there
is nothing to refund. Within the United States-Mexico-Canada Agreement refunds are capped further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.equilibrium.ledger import Ledger
from model.equilibrium.tolerances import SAME_MONEY
from model.market.records import Role
from model.problem import Account

if TYPE_CHECKING:
    from model.market.records import Floats
    from model.outcome import Outcome
    from model.problem import State

MONEY_COLUMNS = ("levies_usd", "refund_low_usd", "refund_high_usd", "exports_extra_cost_usd")


def drawback(outcome: Outcome) -> pd.DataFrame:
    """The refund of the agreement's levies on the content of exports, by party, mineral and industry [USD/yr].

    Columns: region, mineral, industry; levies_usd (what the agreement adds to the levies on the party's imports, shared
    by use); refund_low_usd (metal in exports has borne levies like all other use); refund_high_usd (exporters claim the
    levies on any import of the metal, up to all of them: substitution); exports_extra_cost_usd (what the use of the
    status quo that goes into exports costs more by the agreement). Only parties whose industries have a size, where
    levies rise.
    """
    alone = outcome.industries_by_mineral_without_agreement["extra_cost_usd"]
    rows = outcome.industries_by_mineral
    rows = rows.assign(extra_cost_usd=rows["extra_cost_usd"] - alone)
    rows = rows[rows["region"].isin(outcome.parties)].reset_index(drop=True)
    if rows.empty:
        return pd.DataFrame(columns=["region", "mineral", "industry", *MONEY_COLUMNS])
    value = outcome.assumptions.value
    exported = rows["industry"].map(lambda industry: value(f"export_share_{industry}"))
    use = rows["use_t"].groupby([rows["region"], rows["mineral"]]).transform("sum")
    share = (rows["use_t"] / use).fillna(0.0)
    content = (share * exported).groupby([rows["region"], rows["mineral"]]).transform("sum")
    levies = {mineral: _levies(outcome, mineral) for mineral in outcome.scenario.minerals}
    found = [levies[mineral][region] for region, mineral in zip(rows["region"], rows["mineral"], strict=True)]
    paid, levied_t, used_t = (pd.Series([each[part] for each in found]) for part in range(3))
    own, rate = share * exported, value("drawback_rate")
    reach = (used_t / levied_t.where(levied_t > 0)).fillna(0.0)
    claimed = np.minimum(1.0, content * reach) / content.where(content > 0)
    table = rows[["region", "mineral", "industry"]].assign(
        levies_usd=share * paid,
        refund_low_usd=rate * paid * own * np.minimum(1.0, reach),
        refund_high_usd=rate * paid * own * claimed.fillna(0.0),
        exports_extra_cost_usd=exported * rows["extra_cost_usd"],
    )
    return table[paid > 0].reset_index(drop=True)


def border_change_usd(outcome: Outcome, region: str) -> float:
    """What the agreement adds to a party's levies and duties on refined metal, less what it takes away [USD/yr]."""
    at = outcome.with_agreement.market.regions.index(region)
    now, before = (
        sum(float(_paid(solved.states[mineral])[0][at]) for mineral in outcome.scenario.minerals)
        for solved in (outcome.with_agreement, outcome.without_agreement)
    )
    return now - before


def _levies(outcome: Outcome, mineral: str) -> dict[str, tuple[float, float, float]]:
    """By region, at the last stage: what the agreement adds to levies on imports, what pays them, and use [USD, t]."""
    now, levied_t = _paid(outcome.with_agreement.states[mineral])
    before, _ = _paid(outcome.without_agreement.states[mineral])
    more = np.where(now - before > SAME_MONEY * (now + before), now - before, 0.0)
    rows = outcome.quantities[outcome.quantities["mineral"] == mineral]
    rows = rows[rows["stage"] == outcome.base[mineral].stages[-1].stage].set_index("region")
    used = rows["consumption_with_agreement_t"]
    return {
        region: (float(more[r]), float(levied_t[r]), float(used.get(region, 0.0)))
        for r, region in enumerate(outcome.with_agreement.market.regions)
    }


def _paid(state: State) -> tuple[Floats, Floats]:
    """Levies and duties that importers' treasuries take at the last stage [USD/yr], and the tonnes that pay them."""
    ledger = Ledger(state)
    charge = ledger.charges.by_receiver.get((Account.REVENUE, False), np.zeros(len(ledger.x)))
    charged, routes = ledger.where(Role.ROUTE, Role.OVER_QUOTA), ledger.where(Role.ROUTE)
    paid = ledger.by_cell(charged, charge * ledger.x, of="partner")[:, -1]
    return paid, ledger.by_cell(routes, np.where(charge > 0.0, ledger.x, 0.0), of="partner")[:, -1]
