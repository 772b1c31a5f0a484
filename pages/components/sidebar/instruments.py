"""A group of levers on instruments: a switch for every kind in the group, and widgets for the fields of its record."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from model import edits
from model.findings.terms import replaced_in_words
from model.instruments import KINDS, Floor
from pages.components import results
from pages.components.sidebar import fields, floor, stages

if TYPE_CHECKING:
    from model.instruments import Instrument
    from model.scenario import Scenario

HAND_LAID = {Floor: floor.draw}
"""Kinds whose widgets say more than their fields do."""


def draw(group: str, now: Scenario) -> None:
    """Draw a group."""
    shared = None
    if group == "border":
        shared = stages.stage("border_stage", now, edits.border_stage(now), edits.at_border_stage)
    for kind in KINDS:
        if kind.group == group and kind in HAND_LAID:
            HAND_LAID[kind](now)
        elif kind.group == group:
            _instrument(now, kind, shared)


def _instrument(now: Scenario, kind: type[Instrument], stage: str | None) -> None:
    """The switch of a kind and, where it is in force, its fields; asks for a stage where the group has none."""
    term = edits.first(now, kind)
    usual = results.world().stages[edits.focus(now)][-1]
    fields.switch(
        kind.title, f"{kind.key}_on", term is not None, partial(_switched, kind, stage or usual), edits.about(kind)
    )
    if term is None:
        return
    if stage is None:
        stages.stage(f"{kind.key}_stage", now, term.stage, lambda s, chosen: edits.with_field(s, kind, "stage", chosen))
    fields.every(now, kind)
    replaced = replaced_in_words(term, (other for _, other in now.agreement.terms(term.mineral)))
    if replaced:
        st.caption(replaced)


def _switched(kind: type[Instrument], stage: str, now: Scenario, wanted: bool) -> Scenario:
    return edits.started(now, kind, results.status_quo_at(now, stage)) if wanted else edits.put(now, kind, None)
