"""The group of quantities agreed in advance: an offtake between two parties and a party's stockpile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.instruments import Offtake, Stockpile
from pages.components import layout, results
from pages.components.sidebar import fields

if TYPE_CHECKING:
    from model.scenario import Scenario


def draw(now: Scenario) -> None:
    """Draw the group."""
    _offtake(now)
    _stockpile(now)


def _offtake(now: Scenario) -> None:
    offtake = edits.first(now, Offtake)
    fields.switch(
        "Offtake between two parties",
        "offtake_on",
        offtake is not None,
        lambda s, wanted: _with_offtake(s) if wanted else edits.put(s, Offtake, None),
        "At least this much is shipped in every state of the world, settled at the strike price.",
    )
    if offtake is None:
        return
    regions, region = results.world().regions, results.names().region
    fields.choice_of(now, Offtake, "producer", "Producer", "offtake_producer", regions, region)
    fields.choice_of(now, Offtake, "buyer", "Buyer", "offtake_buyer", regions, region)
    fields.of(now, Offtake, "quantity", "Offtake", "offtake_t")
    fields.of(now, Offtake, "strike", "Strike", "offtake_strike")


def _with_offtake(now: Scenario) -> Scenario:
    stage = results.world().stages[edits.focus(now)][-1]
    return edits.with_offtake(now, stage, results.world().regions, results.status_quo_flows(now, stage))


def _stockpile(now: Scenario) -> None:
    stockpile = edits.first(now, Stockpile)
    fields.switch(
        "Stockpile of a party",
        "stockpile_on",
        stockpile is not None,
        lambda s, wanted: _with_stockpile(s) if wanted else edits.put(s, Stockpile, None),
        "A public stock, offered at a price that is agreed, up to so much a year.",
    )
    if stockpile is None:
        return
    region = results.names().region
    fields.choice_of(now, Stockpile, "party", "Party", "stockpile_party", now.parties, region)
    if stockpile.party not in now.parties:
        st.caption(layout.plain(f"{region(stockpile.party)} is no party; its stock is released all the same."))
    fields.of(now, Stockpile, "quantity", "Release at most", "stockpile_t")
    fields.of(now, Stockpile, "release_above", "Release above", "stockpile_usd")


def _with_stockpile(now: Scenario) -> Scenario:
    mineral = edits.focus(now)
    stage = results.world().stages[mineral][-1]
    share = results.world().assumptions.value("stock_release_share", mineral)
    flows = results.status_quo_flows(now, stage)
    return edits.with_stockpile(now, stage, flows, share, results.reference_price(now, stage))
