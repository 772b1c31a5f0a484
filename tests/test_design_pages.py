"""The pages Design and Parties: what is asked, a run to its end on a small market, and every question behind them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from model.aside import Aside
from model.design.problem import draft as drafts
from model.design.problem.request import DesignRequest, states_of
from model.design.questions import parties
from model.design.questions.membership import USUAL_CORE
from model.instruments import Agreement, Floor
from model.scenario import Scenario
from model.snapshot.library import Library
from pages.components import designs, jobs, results, state
from tests.running_app import drawn
from tests.shipped import WORLD

ROOT = Path(__file__).resolve().parents[1]
MOST_RUNS = 400
MEMBERS = ("USA", "EUN", "JPN")
BISMUTH = Scenario(minerals=("bismuth",))
BEFORE = WORLD.parties_price("bismuth", "refined", BISMUTH.model_copy(update={"parties": MEMBERS}))
FLOOR = Floor(parties=MEMBERS, mineral="bismuth", stage="refined", price=round(1.25 * BEFORE))
AGREED = Scenario(minerals=("bismuth",), parties=MEMBERS, agreement=Agreement(floors=(FLOOR,)))


def one_shock(scenario: Scenario) -> DesignRequest:
    """Few states in place of all named shocks."""
    shocks = ({"name": "china_bismuth_ban", "severity": 0.5},)
    return DesignRequest(parties=scenario.parties, minerals=scenario.minerals, shocks=shocks)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("ACCORD_STORE", str(tmp_path))
    monkeypatch.setenv("ACCORD_LIBRARY", str(tmp_path / "library.sqlite"))
    monkeypatch.setattr(drafts, "request_of", one_shock)
    monkeypatch.setattr(parties, "request_of", one_shock)
    designs.table.clear()

    def opened(name: str, scenario: Scenario, draft: drafts.Draft | None = None) -> AppTest:
        test = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=120)
        test.session_state[state.STORE] = state.History(scenario)
        test.session_state["typed_design"] = draft or small_draft()
        return test.run()

    yield opened
    designs.table.clear()


def small_draft() -> drafts.Draft:
    """A menu of few packages."""
    return drafts.Draft(
        floor_levels="0, 100, 110",
        mechanisms=("variable_levy",),
        over_quota_rates="0",
        stockpiles="0",
        commitments="0",
    )


def button(test: AppTest, label: str) -> Any:
    found = [each for each in test.button if each.label == label]
    assert found, f"no button {label!r} among {[each.label for each in test.button]}"
    return found[0]


def run_job(test: AppTest, label: str) -> AppTest:
    button(test, label).click()
    test.run()
    for _ in range(MOST_RUNS):
        assert not test.exception
        if not any(each.label == "Cancel" for each in test.button):
            return test
        test.run()
    raise AssertionError(f"{label!r} did not end")


def said(test: AppTest) -> str:
    return "\n".join(each.value for kind in (test.markdown, test.caption) for each in kind).replace(
        "\N{NO-BREAK SPACE}", " "
    )


START = """
import sys
from streamlit.testing.v1 import AppTest
test = AppTest.from_file(sys.argv[1], default_timeout=120).run()
assert not test.exception and test.subheader, "the first page is shown"
print([name for name in sys.modules if name.startswith("model.design")])
"""


@pytest.mark.slow
def test_the_first_page_loads_no_optimiser() -> None:
    command = [sys.executable, "-c", START, str(ROOT / "app.py")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_a_design_runs_to_its_end_and_loads_into_the_scenario(page: Any) -> None:
    test = run_job(page("design", BISMUTH), "Find the agreement")
    assert "The parties together gain" in said(test)
    assert "agree to set a floor of" in said(test)
    assert any("Verified" in str(frame.value.columns) or "verified_musd" in frame.value for frame in test.dataframe)
    button(test, "Load into the scenario").click()
    test.run()
    assert test.session_state[state.STORE].scenario.agreement != Agreement()


@pytest.mark.slow
def test_the_frontier_is_drawn_with_the_agreement_found(page: Any) -> None:
    test = run_job(page("design", BISMUTH), "Find the agreement")
    test = run_job(test, "Draw the frontier")
    assert "agreement" in said(test)
    test.selectbox(key="trade_second").set_value("expected_gain")
    test.run()
    assert "Choose two different measures." in said(test)


def test_a_run_can_be_cancelled_and_continued(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)  # nothing moves on, so that there is something to cancel
    test = page("design", BISMUTH)
    button(test, "Find the agreement").click()
    test.run()
    button(test, "Cancel").click()
    test.run()
    assert [each.label for each in test.button].count("Continue") == 1
    assert "Cancel" not in [each.label for each in test.button]
    monkeypatch.undo()


@pytest.mark.slow
def test_conflicts_are_told_in_sentences(page: Any) -> None:
    draft = small_draft()
    draft.lines = {drafts.RedLine("JPN", "non_party_import_share"): 1.0}
    test = run_job(page("design", BISMUTH, draft), "Find the agreement")
    assert "Japan: of use, non-parties supply at most 1 %; alone it would have to give" in said(test)


@pytest.mark.slow
def test_red_lines_are_added_edited_kept_and_removed(page: Any) -> None:
    test = page("design", BISMUTH)
    test.selectbox(key="line_party").set_value("JPN")
    test.run()
    test.number_input(key="line_value").set_value(3.0)
    test.run()
    button(test, "Add red line").click()
    test.run()
    assert "Japan: users lose at most" in said(test)
    assert "1 red line" in said(test)
    test.number_input(key="line_JPN_user_cost_").set_value(7.0)
    test.run()
    (line,) = test.session_state["typed_design"].lines.items()
    assert line == (drafts.RedLine("JPN", "user_cost"), 7.0)
    here = test.session_state[state.STORE]
    here.scenario = here.scenario.model_copy(update={"parties": ("USA", "EUN")})
    test.run()
    assert "1 of countries that are no party do not count" in said(test)
    test.button(key="remove_line_JPN_user_cost_").click()
    test.run()
    assert "no red lines" in said(test)


def test_what_is_typed_survives_another_page(page: Any) -> None:
    test = page("design", BISMUTH)
    test.selectbox(key="design_objective").set_value("cvar")
    test.run()
    test.number_input(key="design_tail_percent").set_value(25.0)
    test.number_input(key="weight_JPN").set_value(2.0)
    test.text_input(key="design_floor_levels").set_value("0, 105")
    test.run()
    other = AppTest.from_file(str(ROOT / "pages" / "design.py"), default_timeout=120)
    for key in (state.STORE, "typed_design"):
        other.session_state[key] = test.session_state[key]
    other.run()
    assert other.number_input(key="design_tail_percent").value == 25.0
    assert other.number_input(key="weight_JPN").value == 2.0
    assert other.text_input(key="design_floor_levels").value == "0, 105"
    assert "with weights" in said(other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"floor_levels": "0, much"}, "'much' is not a number"),
        ({"weights": dict.fromkeys(BISMUTH.parties, 0.0)}, "weights are all zero"),
    ],
)
def test_a_bad_problem_is_refused_in_words_and_its_widgets_stay(
    page: Any, change: dict[str, Any], message: str
) -> None:
    draft = small_draft()
    for name, value in change.items():
        setattr(draft, name, value)
    test = page("design", BISMUTH, draft)
    assert not test.exception
    assert message in test.error[0].value
    assert test.text_input(key="design_floor_levels").value == draft.floor_levels
    assert "Find the agreement" not in [each.label for each in test.button]


@pytest.mark.slow
def test_one_lever_is_answered_and_loaded(page: Any) -> None:
    test = page("design", AGREED)
    test.selectbox(key="lever_measure").set_value("producer_price")
    test.run()
    test.number_input(key="lever_target").set_value(1.1 * BEFORE)
    test.run()
    test = run_job(test, "Find the level")
    assert "lowest price floor" in said(test)
    button(test, "Load this level into the scenario").click()
    test.run()
    (floor,) = test.session_state[state.STORE].scenario.agreement.floors
    assert 1.05 * BEFORE < floor.price < FLOOR.price


def test_parties_without_an_agreement_say_what_to_do(page: Any) -> None:
    test = page("parties", BISMUTH)
    assert "Nothing is agreed yet" in test.info[0].value


@pytest.mark.slow
def test_every_term_of_every_mineral_counted_is_told_beside_the_parties_results(page: Any) -> None:
    other = FLOOR.model_copy(update={"mineral": "tungsten", "price": 400_000.0})
    two = Scenario(minerals=("bismuth", "tungsten"), parties=MEMBERS, agreement=Agreement(floors=(FLOOR, other)))
    shown = said(page("parties", two))
    assert f"Set a floor of {FLOOR.price:,.0f} USD/t for bismuth" in shown
    assert "et a floor of 400,000 USD/t for refined tungsten" in shown


@pytest.mark.slow
def test_every_party_has_a_card_and_its_result_a_cause(page: Any) -> None:
    test = run_job(page("parties", AGREED), "Work out every party's result")
    assert [metric.label for metric in test.metric] == [
        "United States",
        "European Union",
        "Japan",
    ]
    assert "users pay" in said(test)
    assert "Need served at least" in said(test)
    assert "All of what is gained comes from floor" in said(test)
    assert "by leaving" in said(test)
    test = run_job(test, "Count the membership of each party too")
    assert any("membership of Japan" in frame.value.to_string() for frame in test.dataframe)


@pytest.mark.slow
def test_a_candidate_is_asked_about(page: Any) -> None:
    test = page("parties", AGREED)
    test.multiselect(key="parties_candidates").set_value(["KOR"])
    test.run()
    test = run_job(test, "Work out every party's result")
    assert "If South Korea joined" in said(test)
    assert len(test.metric) == len(MEMBERS)


@pytest.mark.slow
def test_coalitions_are_tried(page: Any) -> None:
    test = run_job(page("parties", AGREED), "Try every coalition")
    assert "Of 7 coalitions" in said(test)


@pytest.mark.slow
def test_other_instruments_are_compared_also_one_party_s(page: Any) -> None:
    test = page("parties", AGREED)
    test.selectbox(key="parties_applied_by").set_value("JPN")
    test.run()
    test = run_job(test, "Find the same price by other instruments")
    assert any("Floor by buffer stock" in frame.value.to_string() for frame in test.dataframe)


@pytest.mark.slow
def test_the_change_since_a_saved_scenario_is_told(page: Any, tmp_path: Path) -> None:
    Library(tmp_path / "library.sqlite").save(AGREED.model_copy(update={"agreement": Agreement()}), "first offer")
    test = run_job(page("parties", AGREED), "What changed since then?")
    assert "Since “first offer” the expected gain of all parties went from 0 to" in said(test)


def test_nothing_saved_says_so(page: Any) -> None:
    assert "Nothing is saved yet" in said(page("parties", AGREED))


def test_a_saved_scenario_of_another_horizon_is_refused_in_words(page: Any, tmp_path: Path) -> None:
    Library(tmp_path / "library.sqlite").save(AGREED.model_copy(update={"horizon": "long"}), "long run")
    test = page("parties", AGREED)
    button(test, "What changed since then?").click()
    test.run()
    assert not test.exception
    assert "long horizon" in test.error[0].value


def open_shocks(test: AppTest) -> AppTest:
    test.session_state["shocks_fold"] = True
    return test.run()


def touching(scenario: Scenario) -> list[str]:
    named = states_of(DesignRequest(minerals=scenario.minerals), results.world())[1:]
    return [state.name for state in named]


@pytest.mark.slow
def test_shocks_are_chosen_stated_and_kept(page: Any) -> None:
    first, *others = touching(BISMUTH)
    test = open_shocks(page("design", BISMUTH))
    assert f"{1 + len(others)} of {1 + len(others)} shocks count" in said(test)
    for name in others:
        test.checkbox(key=f"shock_{name}").uncheck()
        test.run()
    test.number_input(key=f"chance_{first}").set_value(12.0)
    test.run()
    test.number_input(key=f"severity_{first}").set_value(30.0)
    test.run()
    assert "% of exports stopped; 100 in the library" in said(test)
    assert test.session_state["typed_design"].severity == {first: 0.3}
    assert f"1 of {1 + len(others)} shocks count; a year without any: 88 %." in said(test)
    again = page("design", BISMUTH, test.session_state["typed_design"])
    again = run_job(open_shocks(again), "Find the agreement")
    assert again.number_input(key=f"chance_{first}").value == 12.0
    assert not again.checkbox(key=f"shock_{others[0]}").value
    assert "over this named shock: China stops all bismuth exports, 12 % a year; a year without any: 88 %" in said(
        again
    )
    button(again, "As the library has them").click()
    again.run()
    assert again.checkbox(key=drawn(again, f"shock_{others[0]}")).value


@pytest.mark.slow
def test_no_agreement_is_told_with_its_reason(page: Any) -> None:
    draft = small_draft()
    draft.lines = {drafts.RedLine(party, "user_cost"): 0.0 for party in BISMUTH.parties}
    test = run_job(page("design", BISMUTH, draft), "Find the agreement")
    assert "is better than no agreement" in said(test)
    assert "leave worse off" in said(test) or "brings the parties together" in said(test)
    assert "Load into the scenario" not in [each.label for each in test.button]


@pytest.mark.slow
def test_coalitions_begin_with_the_largest_users_and_say_what_they_take(page: Any) -> None:
    scenario = BISMUTH.model_copy(update={"agreement": AGREED.agreement})
    test = page("parties", scenario)
    assert len(test.multiselect(key="parties_core").value) == USUAL_CORE
    assert "31 coalitions, up to" in said(test)
    test.multiselect(key="parties_core").set_value(list(BISMUTH.parties))
    test.run()
    assert "255 coalitions, up to" in said(test)


@pytest.mark.slow
def test_what_stands_beside_a_loaded_agreement_counts_where_it_can(page: Any) -> None:
    beside = Aside(transfers={"USA": -3.0, "JPN": 3.0})
    plain = run_job(page("parties", AGREED), "Work out every party's result")
    test = page("parties", AGREED)
    test.session_state[state.ASIDE] = (AGREED.agreement, beside)
    test.run()
    test = run_job(test, "Work out every party's result")
    before, after = (float(each.metric[2].value.replace("−", "-")) for each in (plain, test))
    assert after - before == pytest.approx(3.0, abs=0.02)
    assert "transfers bring 3.00 million USD/yr" in said(test)
    overview = page("overview", AGREED)
    overview.session_state[state.ASIDE] = (AGREED.agreement, beside)
    overview.run()
    assert "also has transfers" in overview.warning[0].value
    other = AGREED.model_copy(update={"agreement": Agreement()})
    overview.session_state[state.STORE] = state.History(other)
    assert not overview.run().warning
