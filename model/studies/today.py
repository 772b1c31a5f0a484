"""The status quo of today against what was quoted, and against trade that nothing was fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.data.schemas.quotes import INSIDE, OUTSIDE
from model.market.evidence import MAIN_SUPPLIER
from model.market.horizon import SHORT
from model.scenario import POLICY_ONLY, TODAY

if TYPE_CHECKING:
    import pandas as pd

    from model.scenario import Scenario
    from model.world import World

    Row = dict[str, Any]

HIT = 1.5
"""A modelled change of trade within this multiple of the published one is a hit."""
NOUGHT = 0.05
"""Trade that fell to less than this share has all but ended: model and publication then agree where both say so."""


def today_rows(world: World, scenario: Scenario) -> list[Row]:
    """What :func:`today_row` says of every mineral."""
    return [today_row(world, scenario, mineral) for mineral in world.minerals]


def today_of(world: World, scenario: Scenario) -> list[Row]:
    """What :func:`today_row` says of a scenario's minerals; nothing where its status quo is that of policy only."""
    asked = scenario.minerals if scenario.status_quo == TODAY else ()
    return [today_row(world, scenario, mineral) for mineral in asked]


def today_row(world: World, scenario: Scenario, mineral: str) -> Row:
    """A mineral's price today at the quote's place and the short horizon; None where nothing is quoted or licensed.

    ========================  ====================================================================================
    key                       meaning
    ========================  ====================================================================================
    ``price_today``           price in the status quo of today [USD/t]
    ``price_today_quoted``    the same as quoted [USD/t]
    ``quote_place``           where that price is one: OUTSIDE (China) or CHN, inside it
    ``quote_method``          how it was found: assessment or unit_value
    ``quote_date``            day of the quote's last row
    ``quote_source``          where it was published
    ``shift``                 by what share use or output at any price is moved
    ``shift_kind``            what is moved: demand, supply, inside_demand (China's own use) or none
    ``inside_price_today``    what China's users pay in the status quo of today [USD/t]
    ``inside_price_quoted``   the same as quoted [USD/t]
    ``licence_share``         share of base-year exports that China's licences let out
    ``explained``             whether every quote is returned
    ``why_not``               why not, empty where they are
    ========================  ====================================================================================
    """
    found = world.nowcast(mineral, scenario)
    quote, inside = found.quote, found.quotes.get(INSIDE)
    return {
        "mineral": mineral,
        "price_today": found.price.at(found.place),
        "price_today_quoted": None if quote is None else quote.price_usd_per_t,
        "quote_place": found.place,
        "quote_method": None if quote is None else quote.method,
        "quote_date": None if quote is None else quote.quoted.isoformat(),
        "quote_source": None if quote is None else "; ".join(quote.sources),
        "shift": found.shift.share,
        "shift_kind": found.shift.kind.value,
        "inside_price_today": found.price.inside,
        "inside_price_quoted": None if inside is None else inside.price_usd_per_t,
        "licence_share": world.licence_share(mineral, scenario),
        "explained": found.explained,
        "why_not": found.why_not or found.unknown,
    }


def trade_table(world: World, scenario: Scenario) -> pd.DataFrame:
    """Trade after the controls as published and in both status quos, as multiples of the time before.

    Nothing is fitted to these rows. ``before`` of the model is the base year, ``after`` the undisturbed short run;
    ``hit`` says whether today's status quo comes within :data:`HIT` times the published change, or both all but end.
    """
    rows = world.tables["trade_after"]
    rows = rows[rows["independent"].astype(bool) & rows["quantity_before_t"].notna()]
    table = rows[["mineral", "exporter", "importer", "start", "until", "goods"]].copy()
    table["published"] = (rows["quantity_t"] / rows["quantity_before_t"]).to_numpy()
    undisturbed = scenario.undisturbed().model_copy(update={"horizon": SHORT.id})
    for status_quo in (TODAY, POLICY_ONLY):
        asked = undisturbed.model_copy(update={"status_quo": status_quo})
        table[status_quo] = [
            _change(world, asked, str(row.mineral), str(row.exporter), str(row.importer)) for row in table.itertuples()
        ]
    ratio = np.maximum(table["today"] / table["published"], table["published"] / table["today"])
    ended = (table["today"] <= NOUGHT) & (table["published"] <= NOUGHT)
    table["hit"] = (ratio <= HIT) | ended
    table["source_id"] = rows["source_id"].to_numpy()
    return table.reset_index(drop=True)


def _change(world: World, scenario: Scenario, mineral: str, exporter: str, importer: str) -> float:
    """Trade of the last stage between two places in an undisturbed state, as a multiple of the base year's."""
    last = world.calibrated(mineral, scenario).base.stages[-1]
    regions = np.array(world.regions)
    flow = np.zeros_like(last.flow_t)
    position = {region: index for index, region in enumerate(world.regions)}
    for row in world.solved(mineral, scenario).accounts.flows:
        if row["stage"] == last.stage:
            flow[position[row["from"]], position[row["to"]]] += row["quantity"]
    sells = {"": regions != "", OUTSIDE: regions != MAIN_SUPPLIER}.get(exporter, regions == exporter)
    buys = regions != "" if importer == "" else regions == importer
    between = sells[:, None] & buys[None, :] & ~np.eye(len(regions), dtype=bool)
    before = float(last.flow_t[between].sum())
    return float(flow[between].sum()) / before if before > 0.0 else float("nan")
