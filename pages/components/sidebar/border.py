"""The group of the border: tariff, tariff-rate quota and free trade among parties, all at one stage."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.instruments import RentHolder, Tariff, Trq, ZeroForZero
from model.words.numbers import listing
from pages.components import layout, results
from pages.components.sidebar import fields, stages

if TYPE_CHECKING:
    from model.instruments import BorderMeasure
    from model.scenario import Scenario


def draw(now: Scenario) -> None:
    """Draw the group."""
    trq = edits.first(now, Trq)
    tariff = edits.first(now, Tariff)
    free = edits.first(now, ZeroForZero)
    stage = stages.stage("border_stage", now, edits.border_stage(now), edits.at_border_stage)
    if trq is None or tariff is not None:
        _tariff(now, tariff, stage, replaced=trq is not None)
    fields.switch(
        "Tariff-rate quota for non-parties",
        "trq_on",
        trq is not None,
        lambda s, wanted: _with_trq(s, stage) if wanted else edits.put(s, Trq, None),
        "One quantity at the in-quota rate, the rest at the over-quota rate; replaces tariffs. "
        "Starts at what comes in in the status quo.",
    )
    if trq is not None:
        _trq(now, trq)
    fields.switch(
        "Zero-for-zero among parties",
        "zero",
        free is not None,
        lambda s, wanted: edits.with_zero_for_zero(s, stage, wanted),
        "Duties in force between parties fall to zero.",
    )


def _tariff(now: Scenario, tariff: Tariff | None, stage: str, replaced: bool) -> None:
    set_to = partial(edits.with_tariff, stage=stage, regions=results.world().regions)
    shown = tariff or Tariff.parse(edits.against_others(now, stage, results.world().regions), "tariff")
    fields.slider(
        "Tariff on non-parties",
        "tariff",
        Tariff,
        "ad_valorem",
        shown.ad_valorem,
        lambda s, typed: set_to(s, part="ad_valorem", value=typed),
        disabled=replaced,
    )
    fields.number(
        "Specific tariff",
        "tariff_specific",
        Tariff,
        "specific",
        shown.specific,
        lambda s, typed: set_to(s, part="specific", value=typed),
    )
    if shown.greater_of:
        st.caption("The larger of the two is charged, not their sum.")
    _reach(now, shown)


def _with_trq(now: Scenario, stage: str) -> Scenario:
    quantity = edits.imports_from_others(now, results.status_quo_flows(now, stage))
    return edits.with_trq(now, stage, results.world().regions, quantity)


def _trq(now: Scenario, trq: Trq) -> None:
    fields.of(now, Trq, "quantity", "Quota", "trq_t")
    fields.rate_of(now, Trq, "in_quota.ad_valorem", "In-quota rate", "in_quota")
    fields.rate_of(now, Trq, "over_quota.ad_valorem", "Over-quota rate", "over_quota")
    left, right = st.columns(2)
    with left:
        fields.of(now, Trq, "in_quota.specific", "In-quota", "in_quota_specific")
    with right:
        fields.of(now, Trq, "over_quota.specific", "Over-quota", "over_quota_specific")
    fields.choice_of(
        now, Trq, "rent_to", "Quota rent goes to", "rent_to", [*RentHolder], lambda holder: RentHolder(holder).words
    )
    _reach(now, trq)


def _reach(now: Scenario, measure: BorderMeasure) -> None:
    """Say so where a measure is not one of all parties on all others."""
    whole = edits.against_others(now, measure.stage, results.world().regions)
    names = results.names()
    for what, named, everyone in (
        ("from", measure.exporters, whole["exporters"]),
        ("into", measure.importers, whole["importers"]),
    ):
        if set(named) != set(everyone):
            st.caption(layout.plain(f"Only {what} {listing([names.region(name) for name in named])}."))
