"""Many solves of one scenario: the headline over the main assumptions' ranges, industries under every named shock."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pandas as pd

from model.errors import AccordError
from model.market.horizon import HORIZONS
from model.shocks import NamedShock
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.assumptions import Assumption
    from model.outcome import Headline
    from model.scenario import Scenario
    from model.world import World

MAIN_ALWAYS = (
    "stock_release_share",
    "stock_release_full_price",
    "exporter_stockpile_price_share",
    "exporter_stockpile_months",
    "friction_sigma",
    "choke_price_multiple",
)
"""Assumptions that move prices and quantities most beside the horizon's responses; the others move the base year or
single producers."""


@dataclass(frozen=True)
class Span:
    """Lowest and highest value of one headline number, and the assumption behind each end."""

    low: float
    high: float
    low_from: str
    high_from: str


def main_assumptions(world: World, scenario: Scenario, mineral: str) -> list[Assumption]:
    """The registered assumptions that matter most over the horizon; a mineral's own row before the general one."""
    return [world.assumptions.find(name, mineral) for name in (*HORIZONS[scenario.horizon].responses, *MAIN_ALWAYS)]


def headline_ranges(world: World, scenario: Scenario, mineral: str) -> Iterator[Progress[dict[str, Span]]]:
    """The headline's spans, one trial after the other: the scenario as it is, then each main assumption low and high.

    The scenario's own overrides stay in place while another assumption is varied. Every trial has its own status quo:
    changes are like for like. Stop iterating to cancel.
    """
    trials: list[tuple[str, dict[str, float]]] = [("as assumed", {})]
    for assumption in main_assumptions(world, scenario, mineral):
        ends = [end for end in (assumption.low, assumption.high) if end != assumption.value]
        trials += [(f"{assumption.name} = {end:g}", {assumption.name: end}) for end in ends]
    spans: dict[str, Span] = {}
    failed: list[str] = []
    for done, (label, change) in enumerate(trials, start=1):
        trial = scenario.model_copy(update={"assumptions": {**scenario.assumptions, **change}})
        try:
            _widen(spans, world.outcome(trial).headline(mineral), label)
        except AccordError:
            failed.append(label)
        yield Progress(done, len(trials), label, dict(spans), tuple(failed))


def under_named_shocks(world: World, scenario: Scenario, mineral: str) -> Iterator[Progress[pd.DataFrame]]:
    """The scenario's agreement under every named shock that touches a mineral, one by one, at the library's severity.

    What is found has the columns of ``Outcome.industries`` and ``shock``, the name in the library. The scenario's own
    shocks are left out: the question is which single shock would be worst. Stop iterating to cancel.
    """
    names = world.library.for_mineral(mineral)
    frames: list[pd.DataFrame] = []
    failed: list[str] = []
    for done, name in enumerate(names, start=1):
        try:
            outcome = world.outcome(scenario.model_copy(update={"shocks": (NamedShock(name=name),)}))
            frames.append(outcome.industries.assign(shock=name))
        except AccordError:
            failed.append(name)
        impacts = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
        yield Progress(done, len(names), name, impacts, tuple(failed))


def _widen(spans: dict[str, Span], headline: Headline, label: str) -> None:
    for field in fields(headline):
        value = getattr(headline, field.name)
        if not isinstance(value, float):
            continue
        span = spans.get(field.name)
        if span is None:
            spans[field.name] = Span(value, value, label, label)
            continue
        low, low_from = (value, label) if value < span.low else (span.low, span.low_from)
        high, high_from = (value, label) if value > span.high else (span.high, span.high_from)
        spans[field.name] = Span(low, high, low_from, high_from)
