"""Cached calls into the model. One world per process; its solver is not made for threads, so calls take turns."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from model.findings import Formulation, Names, Overview, formulation, overview
from model.impact import back_test as compare_with_published
from model.instruments import Offtake, Stockpile
from model.scenario import Scenario
from model.studies.fit import calibration_table
from model.studies.floor_curve import (
    floor_levels,
    floor_of,
    scenario_price,
    status_quo_price,
    with_floor_at,
    without_agreement,
)
from model.world import World
from pages.components import links

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from model.outcome import Outcome
    from model.studies.floor_curve import FloorResponse
    from model.work import Progress

MOST_OUTCOMES = 200


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


def outcome(scenario: Scenario) -> Outcome:
    """The scenario against the status quo; an outcome is never changed, so all readers share it."""
    return _outcome(scenario.to_json())


@st.cache_resource(show_spinner=False, max_entries=MOST_OUTCOMES)
def _outcome(scenario_json: str) -> Outcome:
    with engine().turn:
        return engine().world.outcome(links.parse(scenario_json))


def facts(scenario: Scenario) -> Overview:
    """What the scenario means for the mineral in view."""
    return _facts(scenario.to_json())


@st.cache_resource(show_spinner=False, max_entries=MOST_OUTCOMES)
def _facts(scenario_json: str) -> Overview:
    scenario = links.parse(scenario_json)
    return overview(outcome(scenario), scenario.minerals[0], world().tables, names())


def reference_price(scenario: Scenario, stage: str) -> float:
    """What the parties' users pay for the mineral in view in the status quo [USD/t]."""
    stripped = without_agreement(scenario).model_copy(update={"minerals": scenario.minerals[:1]})
    return _reference_price(stripped.to_json(), stage)


@st.cache_data(show_spinner=False, max_entries=MOST_OUTCOMES)
def _reference_price(scenario_json: str, stage: str) -> float:
    scenario = links.parse(scenario_json)
    with engine().turn:
        return status_quo_price(engine().world, scenario, scenario.minerals[0], stage)


def price_now(scenario: Scenario, stage: str) -> float:
    """What the parties' users pay for the mineral in view under the scenario, as its outcome has it [USD/t]."""
    with engine().turn:
        return scenario_price(engine().world, scenario, scenario.minerals[0], stage)


def imports_from_others(scenario: Scenario, stage: str) -> float:
    """What the parties take from non-parties at a stage in the status quo, of the mineral in view [t/yr]."""
    flows = _stage_flows(scenario, stage)
    inward = flows["importer"].isin(scenario.parties) & ~flows["exporter"].isin(scenario.parties)
    return float(flows.loc[inward, "status_quo"].sum())


def offtake_to_start_from(scenario: Scenario) -> Offtake:
    """The largest flow between two parties in the status quo as a commitment, or the first two regions with nothing."""
    stage = world().stages[scenario.minerals[0]][-1]
    flows = _stage_flows(scenario, stage)
    flows = flows[flows["exporter"].isin(scenario.parties) & flows["importer"].isin(scenario.parties)]
    flows = flows[flows["exporter"] != flows["importer"]].sort_values("status_quo", ascending=False)
    place = {"mineral": scenario.minerals[0], "stage": stage}
    if flows.empty:
        regions = [*scenario.parties, *(name for name in world().regions if name not in scenario.parties)]
        return Offtake(producer=regions[1], buyer=regions[0], quantity=0.0, **place)
    top = flows.iloc[0]
    return Offtake(producer=top["exporter"], buyer=top["importer"], quantity=float(f"{top['status_quo']:.3g}"), **place)


def stockpile_to_start_from(scenario: Scenario) -> Stockpile:
    """A stock of the first party, as large as what private stocks release a year, sold above the status-quo price."""
    mineral = scenario.minerals[0]
    stage = world().stages[mineral][-1]
    level = float(f"{reference_price(scenario, stage):.3g}")
    flows = _stage_flows(scenario, stage)
    used_t = float(flows.loc[flows["importer"] == scenario.parties[0], "status_quo"].sum())
    quantity = float(f"{world().assumptions.value('stock_release_share', mineral) * used_t:.2g}")
    return Stockpile(party=scenario.parties[0], mineral=mineral, stage=stage, quantity=quantity, release_above=level)


def _stage_flows(scenario: Scenario, stage: str) -> pd.DataFrame:
    """Flows of the mineral in view at a stage, as the status quo has them."""
    mineral = scenario.minerals[0]
    flows = outcome(without_agreement(scenario).model_copy(update={"minerals": (mineral,)})).flows
    return flows[(flows["mineral"] == mineral) & (flows["stage"] == stage)]


def neutral(scenario: Scenario) -> Scenario:
    """The scenario with the same response curve whatever its floor's level: one mineral, the floor at nothing."""
    mineral = scenario.minerals[0]
    floor = floor_of(world(), scenario, mineral)
    lowered = with_floor_at(scenario, floor, 0.0 if floor.ceiling is None else floor.price)
    return lowered.model_copy(update={"minerals": (mineral,)})


def response_levels(scenario: Scenario) -> Iterator[Progress[FloorResponse]]:
    """The floor's response curve for the mineral in view, level by level."""
    return floor_levels(world(), scenario, scenario.minerals[0])


def in_turn(steps: Iterator[object]) -> object | None:
    """The next step of a long calculation, with the engine to itself; None at the end."""
    with engine().turn:
        return next(steps, None)


@st.cache_data(show_spinner=False)
def live_formulation(mineral: str) -> Formulation:
    """The programme of a mineral's status quo."""
    with engine().turn:
        return formulation(engine().world.solved(mineral, Scenario(minerals=(mineral,))).state)


@st.cache_data(show_spinner=False)
def back_test() -> pd.DataFrame:
    """Published and modelled losses."""
    return compare_with_published(world().tables, world().assumptions)


@st.cache_data(show_spinner=False)
def calibration() -> pd.DataFrame:
    """How well the base year is met, mineral by mineral."""
    with engine().turn:
        return calibration_table(world())
