"""The pages Design and Parties: a run to its end on a small market, loading the result, and every party's card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from model.agreement import Agreement, Floor
from model.design import parties as study_of_parties
from model.design.request import DesignRequest, Menu
from model.scenario import Scenario
from pages.components import designs, state

ROOT = Path(__file__).resolve().parents[1]
MOST_RUNS = 200
SMALL = Menu(
    floor_levels=(0.0, 1.0, 1.05, 1.1), mechanisms=("variable_levy",), over_quota_rates=(0.0,), stockpiles=(0.0,)
)


def small_request(scenario: Scenario, minerals: Any = None) -> DesignRequest:
    """A problem of few solves in place of the page's own."""
    shocks = ({"name": "china_bismuth_ban", "severity": 0.5},)
    return DesignRequest(parties=scenario.parties, minerals=scenario.minerals, menu=SMALL, shocks=shocks)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("ACCORD_STORE", str(tmp_path))
    monkeypatch.setattr(designs, "request_of", small_request)
    monkeypatch.setattr(study_of_parties, "request_of", small_request)
    designs.table.clear()

    def opened(name: str, scenario: Scenario) -> AppTest:
        test = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=120)
        test.session_state[state.STORE] = state.History(scenario)
        return test.run()

    yield opened
    designs.table.clear()


def run_job(test: AppTest, label: str) -> AppTest:
    next(button for button in test.button if button.label == label).click()
    test.run()
    for _ in range(MOST_RUNS):
        if not any(button.label == "Cancel" for button in test.button):
            return test
        test.run()
    raise AssertionError(f"{label!r} did not end")


def test_a_design_runs_to_its_end_and_loads_into_the_scenario(page: Any) -> None:
    test = run_job(page("design", Scenario(minerals=("bismuth",))), "Find the agreement")
    assert not test.exception
    assert any("The parties together gain" in text.value for text in test.markdown)
    next(button for button in test.button if button.label == "Load into the scenario").click()
    test.run()
    assert test.session_state[state.STORE].scenario.agreement != Agreement()


def test_the_frontier_is_drawn(page: Any) -> None:
    test = run_job(page("design", Scenario(minerals=("bismuth",))), "Find the agreement")
    test = run_job(test, "Draw the frontier")
    assert not test.exception


def test_a_run_can_be_cancelled(page: Any) -> None:
    test = page("design", Scenario(minerals=("bismuth",)))
    test.button[0].click()
    test.run()
    cancel = [button for button in test.button if button.label == "Cancel"]
    if cancel:
        cancel[0].click()
        test.run()
    assert not test.exception


def test_parties_without_an_agreement_say_what_to_do(page: Any) -> None:
    test = page("parties", Scenario(minerals=("bismuth",)))
    assert "Nothing is agreed yet" in test.info[0].value


def test_every_party_has_a_card(page: Any) -> None:
    parties = ("USA", "EUN", "JPN")
    floor = Floor(parties=parties, mineral="bismuth", stage="refined", price=40_000.0)
    scenario = Scenario(minerals=("bismuth",), parties=parties, agreement=Agreement(floors=(floor,)))
    test = run_job(page("parties", scenario), "Work out every party's result")
    assert not test.exception
    assert len(test.metric) == len(parties)
