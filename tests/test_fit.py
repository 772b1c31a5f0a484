"""The base year comes back when it is solved, and what is held against publications says what it proves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import model.studies.fit
from model.equilibrium import Equilibrium, Solver, lay_over, solve, solve_problem
from model.instruments import Agreement
from model.market.calibrate import Calibration, calibrate
from model.market.horizon import SHORT
from model.market.records import Market
from model.shocks.kinds import SupplyLoss
from model.studies.fit import calibration_rows, calibration_table
from model.world import World

DEVIATIONS = ("price_dev", "production_dev", "consumption_dev", "flow_dev")
LARGEST_DEVIATION = 1e-9
INDEPENDENT = {"copper": "source", "titanium": "source", "lithium": "source"}
INSIDE = ("yttrium", "bismuth")
"""Minerals with a price published for the inside of China."""
AWAY = 1.05
"""The search of the second solve begins this far from base-year prices."""


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, dict[str, Any]]:
    return {row["mineral"]: row for row in calibration_rows(world)}


@pytest.fixture(scope="module")
def calibration(world: World) -> Calibration:
    return calibrate(world.tables, world.assumptions, SHORT)


@pytest.mark.slow
def test_every_mineral_has_a_row_in_the_order_of_its_table(world: World) -> None:
    table = calibration_table(world)
    assert tuple(table["mineral"]) == world.minerals


@pytest.mark.slow
def test_the_base_year_comes_back(rows: dict[str, dict[str, Any]]) -> None:
    assert {
        row["mineral"]: row[name] for row in rows.values() for name in DEVIATIONS if row[name] > LARGEST_DEVIATION
    } == {}


@pytest.mark.slow
def test_the_base_year_is_found_from_other_prices_too(calibration: Calibration) -> None:
    """Starting at the answer proves nothing about a search; here it starts five percent away."""
    host_output: dict[tuple[str, str, str], float] = {}
    solver = Solver()
    for market in calibration.market.minerals.values():
        assert market.start_price is not None
        moved = replace(market, start_price=AWAY * market.start_price)
        found = solve_problem(lay_over(moved, frozenset(), Agreement(), (), host_output), Agreement(), solver)
        host_output |= found.output
        np.testing.assert_allclose(found.state.price, market.start_price, rtol=1e-6, err_msg=market.mineral)


@pytest.mark.slow
def test_a_market_that_does_not_come_back_shows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = SupplyLoss(kind="supply_loss", region="CHN", mineral="bismuth", stage="refined", share=0.3)

    def disturbed(market: Market, parties: frozenset[str], instruments: Agreement, _: list[object]) -> Equilibrium:
        return solve(market, parties, instruments, [lost])

    monkeypatch.setattr(model.studies.fit, "solve", disturbed)
    rows = {row["mineral"]: row for row in calibration_rows(world)}
    assert min(rows["bismuth"][name] for name in DEVIATIONS) > 0.01
    assert max(rows["copper"][name] for name in DEVIATIONS) < LARGEST_DEVIATION


@pytest.mark.slow
def test_adjustment_is_small(rows: dict[str, dict[str, Any]]) -> None:
    assert {
        name: row["adjustment"] for name, row in rows.items() if row["adjustment"] > 0.02 and name not in INSIDE
    } == {}
    for name in INSIDE:
        assert rows[name]["adjustment"] < 0.1, "a price published for the inside of China stays on its routes"


def test_published_shares_come_out_within_twelve_points(rows: dict[str, dict[str, Any]]) -> None:
    pairs = {name: (row["top_source_share"], row["top_source_published"]) for name, row in rows.items()}
    assert {name: pair for name, pair in pairs.items() if pair[1] is not None and abs(pair[0] - pair[1]) > 0.12} == {}
    assert pairs["rare_earths"][1] is None


def test_figures_that_went_in_are_not_called_independent(rows: dict[str, dict[str, Any]]) -> None:
    assert {name: row["independent"] for name, row in rows.items() if row["independent"] != "no"} == INDEPENDENT


def test_notes_name_bounds_gaps_and_assumptions(rows: dict[str, dict[str, Any]]) -> None:
    assert "published as more than 95 %" in rows["titanium"]["note"]
    assert "Share of Japan in US imports is 67 %, published 77 % for 2021-24" in rows["titanium"]["note"]
    assert "Smelter output outside the United States is assumed." in rows["antimony"]["note"]
    assert rows["rare_earths"]["note"].startswith("No published figure counts the same product.")
    assert "Share" not in rows["bismuth"]["note"]


def test_notes_name_countries_and_rounding_is_no_deviation(rows: dict[str, dict[str, Any]]) -> None:
    assert "Share of Saudi Arabia in US imports" in rows["titanium"]["note"]
    assert all(row[name] == 0.0 or row[name] > 1e-12 for row in rows.values() for name in DEVIATIONS)
