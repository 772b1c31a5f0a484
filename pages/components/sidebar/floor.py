"""The group of the price floor: its level twice, in USD/t and against the status quo, and how it is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.findings import quoted_on
from model.instruments import Floor, lever
from model.instruments.floor import OF_MECHANISM
from model.scenario import TODAY
from model.words.levers import FREE, Lever
from model.words.numbers import price
from pages.components import layout, results, state
from pages.components.sidebar import fields, stages

if TYPE_CHECKING:
    from model.scenario import Scenario

USUAL_PERCENT = 300


def draw(now: Scenario) -> None:
    """Draw the group."""
    floor = edits.first(now, Floor)
    stage = stages.stage("floor_stage", now, None if floor is None else floor.stage, _with_stage)
    reference = stages.reference(now, stage)
    level = 0.0 if floor is None else floor.price
    if reference is not None:
        _percent(now, level, reference, stage)
    fields.number(
        "Level",
        "floor_usd",
        Lever(lever(Floor, "price")),
        level,
        lambda s, typed: edits.with_floor_level(s, typed, stage),
        reference,
        " (0 = none)",
    )
    if floor is not None:
        _mechanism(now, floor)
    _precedents(edits.focus(now))


def _with_stage(now: Scenario, stage: str) -> Scenario:
    floor = edits.first(now, Floor)
    before = None if floor is None else stages.reference(now, floor.stage)
    return edits.with_floor_stage(now, stage, before, stages.reference(now, stage))


def _percent(now: Scenario, level: float, reference: float, stage: str) -> None:
    quoted = quoted_on(results.nowcast(now, edits.focus(now)), now.horizon) if now.status_quo == TODAY else ""
    at = edits.floor_percent(level, reference)
    st.slider(
        "Level, % of the status quo price",
        0,
        max(USUAL_PERCENT, at),
        format="%d %%",
        help=f"0 = no floor. 100 % = {price(reference)}, the parties' price in the status quo{quoted}. {FREE}",
        **state.seed("floor_percent", at),
        **fields.on_change(
            "floor_percent",
            lambda s, typed: edits.with_floor_level(s, edits.floor_at_percent(typed, reference), stage),
        ),
    )


def _mechanism(now: Scenario, floor: Floor) -> None:
    kind = edits.mechanism_of(floor)
    fields.choice(
        "Mechanism",
        "floor_mechanism",
        list(edits.MECHANISMS),
        kind,
        edits.with_mechanism,
        edits.MECHANISMS.get,
        "Levy on arrivals from non-parties, payment to producers, or public purchases.",
    )
    idle = [name for name, mechanism in OF_MECHANISM.items() if mechanism is not floor.mechanism]
    uncapped = [] if kind == edits.CAPPED else ["levy_cap"]
    fields.every(now, Floor, beside=("price", "mechanism", *idle, *uncapped))


def _precedents(mineral: str) -> None:
    """Floors that exist or were proposed for the mineral, as reference levels."""
    rows = results.world().tables["floor_precedents"]
    for row in rows[(rows["mineral"] == mineral) & rows["price_usd_per_t"].notna()].itertuples():
        st.caption(
            layout.plain(
                f"Reference: {row.price} {row.quoted_unit}, here {row.price_usd_per_t:,.0f} USD/t, {row.kind}, "
                f"{row.holder}, {row.status} ({row.source_id})"
            )
        )
