"""Cached calls into the model. One world per process; its solver is not made for threads, so calls take turns."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from model.equilibrium.comparison import against_reference as reference_comparison
from model.findings import Formulation, Names, Overview, formulation, overview, today_table
from model.findings.formulation import compared_in_words
from model.impact import back_test as compare_with_published
from model.instruments.base import StatusQuo
from model.scenario import Scenario
from model.studies.fit import calibration_table
from model.studies.floor_curve import (
    floor_levels,
    floor_of,
    with_agreed,
    with_floor_at,
)
from model.studies.today import trade_table
from model.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    import pandas as pd

    from model.nowcast import Nowcast
    from model.outcome import Outcome
    from model.studies.floor_curve import FloorResponse
    from model.work import Progress

MOST_OUTCOMES = 100
"""Outcomes kept for all sessions: up to four megabytes each."""
BY_TEXT: dict[str | type, Callable[[Any], Any]] = {Scenario: Scenario.to_json}
"""How a cache knows a scenario: by its text, which a scenario works out once."""


@dataclass
class Engine:
    """The world, the names of what is in it, and whose turn it is."""

    world: World
    names: Names
    turn: threading.RLock = field(default_factory=threading.RLock)


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine of this process."""
    world = World()
    return Engine(world, Names(world.tables))


def world() -> World:
    """The world, for its tables, names and assumptions; solve through the functions below."""
    return engine().world


def names() -> Names:
    """Display names."""
    return engine().names


def check(scenario: Scenario) -> None:
    """Refuse names and levels the world does not have (ScenarioError)."""
    engine().world.check(scenario)


@st.cache_resource(show_spinner=False, max_entries=MOST_OUTCOMES, hash_funcs=BY_TEXT)
def outcome(scenario: Scenario) -> Outcome:
    """The scenario against the status quo; an outcome is never changed, so all readers share it."""
    with engine().turn:
        return engine().world.outcome(scenario)


@st.cache_resource(show_spinner=False, max_entries=MOST_OUTCOMES, hash_funcs=BY_TEXT)
def facts(scenario: Scenario) -> Overview:
    """What the scenario means for the mineral in view."""
    return overview(outcome(scenario), scenario.minerals[0], world().tables, names())


def reference_price(scenario: Scenario, stage: str) -> float:
    """What the parties' users pay for the mineral in view in the status quo [USD/t]."""
    return _reference_price(_status_quo(scenario), stage)


@st.cache_data(show_spinner=False, max_entries=MOST_OUTCOMES, hash_funcs=BY_TEXT)
def _reference_price(scenario: Scenario, stage: str) -> float:
    with engine().turn:
        return engine().world.parties_price(scenario.minerals[0], stage, scenario.undisturbed())


def _status_quo(scenario: Scenario) -> Scenario:
    """The status quo of the mineral in view alone."""
    return scenario.undisturbed().model_copy(update={"minerals": scenario.minerals[:1]})


def status_quo_at(scenario: Scenario, stage: str) -> StatusQuo:
    """The status quo of the mineral in view at a stage, from which a new instrument starts."""
    mineral, world = scenario.minerals[0], engine().world
    flows = outcome(_status_quo(scenario)).flows
    return StatusQuo(
        stage,
        scenario.parties,
        world.regions,
        flows[(flows["mineral"] == mineral) & (flows["stage"] == stage)],
        reference_price(scenario, stage),
        world.assumptions.value("stock_release_share", mineral),
    )


def neutral(scenario: Scenario) -> Scenario:
    """The scenario with the same response curve whatever its floor's level: one mineral, the floor at nothing."""
    mineral = scenario.minerals[0]
    floor = floor_of(world(), scenario, mineral)
    lowered = with_floor_at(scenario, floor, 0.0 if floor.ceiling is None else floor.price)
    return lowered.model_copy(update={"minerals": (mineral,)})


def response_levels(scenario: Scenario) -> Iterator[Progress[FloorResponse]]:
    """The floor's response curve for the mineral in view, level by level."""
    return floor_levels(world(), scenario, scenario.minerals[0])


def as_agreed(curve: FloorResponse, scenario: Scenario) -> FloorResponse:
    """The curve with the scenario's own floor among its levels."""
    with engine().turn:
        return with_agreed(world(), scenario, curve)


def in_turn(steps: Iterator[object]) -> object | None:
    """The next step of a long calculation, with the engine to itself; None at the end."""
    with engine().turn:
        return next(steps, None)


@st.cache_data(show_spinner=False)
def live_formulation(mineral: str) -> Formulation:
    """The programme of a mineral's status quo."""
    with engine().turn:
        return formulation(engine().world.solved(mineral, Scenario(minerals=(mineral,))).state)


def against_reference(scenario: Scenario) -> tuple[str, pd.DataFrame]:
    """The scenario's state beside the reference programme, in a sentence and mineral by mineral."""
    solved = outcome(scenario).with_agreement
    with engine().turn:
        return compared_in_words(reference_comparison(solved), names())


def nowcast(scenario: Scenario, mineral: str) -> Nowcast:
    """How today's price of a mineral comes about under a scenario's assumptions."""
    with engine().turn:
        return engine().world.nowcast(mineral, scenario)


@st.cache_data(show_spinner="Solving today's status quo", max_entries=MOST_OUTCOMES, hash_funcs=BY_TEXT)
def today(scenario: Scenario) -> pd.DataFrame:
    """Every mineral's price today, quoted and in the status quo."""
    with engine().turn:
        return today_table(engine().world, scenario, names())


@st.cache_data(show_spinner="Solving today's status quo", max_entries=MOST_OUTCOMES, hash_funcs=BY_TEXT)
def trade_after(scenario: Scenario) -> pd.DataFrame:
    """Trade after the controls, published and in both status quos."""
    with engine().turn:
        return trade_table(engine().world, scenario)


@st.cache_data(show_spinner=False)
def back_test() -> pd.DataFrame:
    """Published and modelled losses."""
    return compare_with_published(world().tables, world().assumptions)


@st.cache_data(show_spinner=False)
def calibration() -> pd.DataFrame:
    """How well the base year is met, mineral by mineral."""
    with engine().turn:
        return calibration_table(world())
