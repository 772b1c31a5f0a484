"""The whole search on a shipped market: refinement, proof, store, determinism, projects, and bad requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.agreement import Agreement, Floor
from model.cli import main
from model.design import Designer, DesignRequest, ResponseTable, Store, gains, result, scenario_of, term_sheet
from model.design.evaluate import Evaluator, Trial, enlarge, restrict
from model.design.packages import Levels, menu_levels, neighbours, package_of
from model.design.projects import annuity, eligible, projects_of, with_projects
from model.design.questions import attribute, coalitions, equivalents, membership, one_lever, producer_price
from model.design.request import Menu, check
from model.design.responses import Response, facts_of, question
from model.design.table import Failure
from model.errors import AccordError, ScenarioError, SolveError
from model.world import World

MINERAL = "bismuth"
SMALL: dict[str, Any] = {
    "minerals": [MINERAL],
    "shocks": [{"name": "china_bismuth_ban", "severity": 0.5, "probability": 0.1}],
    "menu": {
        "floor_levels": [0, 1.0, 1.1],
        "mechanisms": ["variable_levy"],
        "over_quota_rates": [0],
        "stockpiles": [0],
    },
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> ResponseTable:
    return ResponseTable(World(), Store(tmp_path_factory.mktemp("store") / "responses.sqlite"))


def asked(**changes: Any) -> DesignRequest:
    return DesignRequest.parse(SMALL | changes, "design")


def test_the_refined_optimum_agrees_with_brute_force_over_a_fine_grid(table: ResponseTable) -> None:
    request = asked(participation="none")
    design = Designer(table, request).result()
    fine = {
        "menu": SMALL["menu"] | {"floor_levels": [0, *np.arange(1.0, 1.1001, 0.005).round(4).tolist()]},
        "step": 0.005,
    }
    brute = Designer(table, asked(participation="none", **fine)).result()
    assert design.choice is not None
    assert brute.choice is not None
    assert design.choice.objective >= brute.choice.objective - 0.005 * abs(brute.choice.objective)


def test_the_proof_verifies_what_the_choice_predicts(table: ResponseTable) -> None:
    design = Designer(table, asked(objective={"kind": "worst_off"})).result()
    assert design.proof is not None
    assert design.proof.difference <= 0.02
    assert all(value >= -1e-3 for value in design.proof.verified.values())
    outcome = table.world.outcome(scenario_of(design))
    calm = outcome.accounts[outcome.accounts["is_party"]].set_index("region")["net_usd"] / 1e6
    state = dict(zip(design.request.parties, design.proof.verified_gain[0], strict=True))
    assert {k: float(v) for k, v in calm.items()} == pytest.approx(state, abs=1e-6)


def test_weights_red_lines_and_probabilities_solve_nothing_again(table: ResponseTable, tmp_path: Path) -> None:
    menu = {"floor_levels": [0, 1.0], "mechanisms": ["variable_levy"], "over_quota_rates": [0], "stockpiles": [0]}
    Designer(table, asked(menu=menu, step=0.2)).result()
    before = table.solved
    changed = {"objective": {"weights": {"USA": 3.0}}, "red_lines": {"JPN": {"user_cost": 1e9}}}
    shocks = [{"name": "china_bismuth_ban", "severity": 0.5, "probability": 0.2}]
    designer = Designer(table, asked(menu=menu, step=0.2, shocks=shocks, **changed))
    designer.survey()
    assert table.solved == before


def test_an_interrupted_run_loses_nothing(world: World, tmp_path: Path) -> None:
    store = Store(tmp_path / "responses.sqlite")
    first = ResponseTable(world, store)
    run = Designer(first, asked()).run()
    for _ in range(3):
        next(run)
    run.close()
    second = ResponseTable(world, store)
    Designer(second, asked()).result()
    third = ResponseTable(world, Store(tmp_path / "other.sqlite"))
    Designer(third, asked()).result()
    assert second.solved == third.solved - first.solved


def test_any_number_of_workers_gives_the_same_result(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.design.table.WORTH_STARTING", 2)
    results = []
    for workers in (1, 2):
        own = ResponseTable(world, Store(tmp_path / f"{workers}.sqlite"), workers)
        results.append(json.dumps(result(Designer(own, asked()).result()), sort_keys=True, default=str))
    assert results[0] == results[1]


def test_the_result_names_terms_gains_and_status(table: ResponseTable) -> None:
    design = Designer(table, asked()).result()
    content = result(design)
    assert content["status"]["found"]
    assert content["status"]["gap"] <= 0.005
    assert set(gains(design)["party"]) == set(design.request.parties)
    assert not term_sheet(design).empty


def test_impossible_red_lines_are_named(table: ResponseTable) -> None:
    lines = {"JPN": {"non_party_import_share": 0.01}, "USA": {"producer_revenue": -1e9}}
    design = Designer(table, asked(red_lines=lines)).result()
    assert design.choice is None
    assert [each.group for each in design.conflicts] == ["JPN non-party share"]
    assert "percentage points" in str(design.conflicts[0])


def test_a_by_product_follows_the_package_of_its_host(table: ResponseTable) -> None:
    menu = {"floor_levels": [0, 1.05], "mechanisms": ["variable_levy"], "over_quota_rates": [0], "stockpiles": [0]}
    changes = {"minerals": ["aluminum", "gallium"], "shocks": [], "menu": menu, "step": 0.05, "participation": "none"}
    design = Designer(table, asked(**changes)).result()
    assert design.proof is not None
    assert design.proof.difference <= 1e-6


def test_the_command_writes_the_result_and_documents_the_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request, out = tmp_path / "design.json", tmp_path / "result.json"
    request.write_text(json.dumps(SMALL | {"step": 0.05}))
    call = ["design", str(request), "--out", str(out), "--store", str(tmp_path / "s.sqlite"), "--workers", "1"]
    assert main(call) == 0
    shown = capsys.readouterr()
    assert "The parties together gain" in shown.out
    assert "solved, about" in shown.err
    assert json.loads(out.read_text())["status"]["found"]
    assert main(["schema", "design"]) == 0
    assert "description" in json.loads(capsys.readouterr().out)["properties"]["transfers"]


def test_a_bad_design_file_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = tmp_path / "design.json"
    request.write_text('{"minerals": ["unobtainium"]}')
    assert main(["design", str(request), "--out", str(tmp_path / "r.json"), "--store", str(tmp_path / "s.sqlite")]) == 2
    error = capsys.readouterr().err
    assert "unobtainium" in error
    assert error.count("\n") == 1


def test_a_shock_that_does_not_touch_a_mineral_shares_its_solve(table: ResponseTable) -> None:
    request = asked(shocks=[{"name": "lithium_glut"}])
    calm, other = check(request, table.world)
    cells = [question(table.world, request.scenario(shock=state.shock), MINERAL) for state in (calm, other)]
    assert table.key(cells[0]) == table.key(cells[1])


def test_parties_and_projects_are_part_of_what_identifies_a_response(table: ResponseTable) -> None:
    floor = Floor(parties=("USA",), mineral="lithium", stage="refined", price=1.0)
    scenario = DesignRequest(minerals=("lithium",)).scenario(Agreement(floors=(floor,)))
    plain = question(table.world, scenario, "lithium")
    fewer = question(table.world, scenario.model_copy(update={"parties": ("USA", "JPN")}), "lithium")
    built = question(table.world, scenario, "lithium", ("C111",))
    assert len({table.key(cell) for cell in (plain, fewer, built)}) == 3


def test_a_response_survives_the_store(table: ResponseTable) -> None:
    response = table.one(question(table.world, asked().scenario(), MINERAL))
    assert Response.from_json(response.to_json()) == response


def test_a_built_project_adds_its_capacity(world: World) -> None:
    scenario = DesignRequest(minerals=("lithium",), horizon="long").scenario()
    projects, _ = eligible(world, scenario, "lithium")
    market = world.solved("lithium", scenario).state.problem.market
    larger = with_projects(world, scenario, market, [projects[0].id])
    assert len(larger.activities) == len(market.activities) + 1
    assert larger.activities.upper[-1] == projects[0].capacity_t
    assert larger.activities.level[-1] == projects[0].operating_cost_usd_per_t


def test_full_cost_holds_the_required_return(world: World) -> None:
    scenario = DesignRequest(minerals=("lithium",)).scenario()
    ridge = next(project for project in projects_of(world, scenario, "lithium") if project.id == "C111")
    capital = 472.3e6 / 3633.03
    assert ridge.full_cost_usd_per_t == pytest.approx(13358.2 + capital * annuity(0.1, 20), rel=1e-6)


def test_a_mineral_without_projects_says_so(world: World) -> None:
    _, notes = eligible(world, DesignRequest(minerals=("gallium",), horizon="long").scenario(), "gallium")
    assert "no row for gallium" in notes[0]
    _, notes = eligible(world, DesignRequest(minerals=("lithium",)).scenario(), "lithium")
    assert "long horizon" in notes[0]


def test_levels_are_negotiable_steps_and_refinement_stops_at_one(world: World) -> None:
    facts = facts_of(world, asked().scenario(), MINERAL)
    package = package_of(Levels(floor=1.0637), facts, ("USA",), Menu(), 0.01)
    assert package.floor % 100 == 0
    tried = [Levels(floor=1.0), Levels(floor=1.1), Levels(floor=1.05)]
    halves = [level.floor for level in neighbours(tried[2], Menu(), tried, 0.01)]
    assert halves == pytest.approx([1.025, 1.075])
    assert neighbours(Levels(floor=1.05), Menu(), [*tried, Levels(floor=1.045), Levels(floor=1.055)], 0.01) == []


def test_a_menu_holds_every_combination_once() -> None:
    menu = Menu(floor_levels=(0.0, 1.0), trq_quantities=(1.0, 0.5), over_quota_rates=(0.0, 0.2), stockpiles=(0.0,))
    assert len(menu_levels(menu)) == 3 * 3


BAD: list[tuple[dict[str, Any], str]] = [
    (
        {"objective": {"weights": dict.fromkeys(("USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR"), 0.0)}},
        "weights are all zero",
    ),
    ({"red_lines": {"CHN": {"user_cost": 1.0}}}, "'CHN' is not one of the parties"),
    ({"red_lines": {"USA": {"user_cst": 1.0}}}, "user_cst"),
    ({"transfers": -1.0}, "greater than or equal to 0"),
    ({"minerals": ["bismuth", "bismuth"]}, "more than once"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_bad_request_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        asked(**changes)


def test_probabilities_above_one_together_are_refused(table: ResponseTable) -> None:
    shocks = [{"name": "china_bismuth_ban", "probability": 0.7}, {"name": "red_sea_shipping", "probability": 0.4}]
    with pytest.raises(ScenarioError, match=r"sum to 1\.1"):
        Designer(table, asked(shocks=shocks))


def test_unknown_names_are_refused_with_the_nearest(table: ResponseTable) -> None:
    with pytest.raises(ScenarioError, match="china_bismuth_ban"):
        Designer(table, asked(shocks=[{"name": "china_bismut_ban"}]))
    with pytest.raises(ScenarioError, match="semiconductors"):
        Designer(table, asked(red_lines={"USA": {"industry_cost": {"semiconductor": 1.0}}}))


def test_no_package_left_is_an_error(table: ResponseTable, monkeypatch: pytest.MonkeyPatch) -> None:
    designer = Designer(table, asked())
    monkeypatch.setattr(Designer, "_responses", lambda *_: Failure("no equilibrium found"))
    with pytest.raises(AccordError, match="cannot be solved without an agreement"):
        designer.result()


def test_a_time_limit_too_short_is_an_error_or_a_best_so_far(table: ResponseTable) -> None:
    designer = Designer(table, asked(time_limit_s=1e-9))
    try:
        design = designer.result()
    except SolveError as error:
        assert str(error).startswith("the time limit")  # noqa: PT017 - either outcome is right
    else:
        assert design.choice is not None
        assert design.choice.is_proved or any("best found so far" in note for note in design.notes)


@pytest.fixture(scope="module")
def evaluator(table: ResponseTable) -> Evaluator:
    request = asked(parties=["USA", "EUN", "JPN"])
    return Evaluator(table, request, check(request, table.world), ("USA", "EUN", "JPN", "KOR"))


@pytest.fixture(scope="module")
def trial(evaluator: Evaluator) -> Trial:
    price = facts_of(evaluator.world, evaluator.request.scenario(), MINERAL).price_usd_per_t
    members = evaluator.request.parties
    floor = Floor(parties=members, mineral=MINERAL, stage="refined", price=1.1 * price)
    return Trial(members, Agreement(floors=(floor,)), {}, {})


def test_the_lowest_floor_that_reaches_a_target_is_found(evaluator: Evaluator, trial: Trial) -> None:
    target = producer_price(evaluator, trial, MINERAL)
    found = one_lever(evaluator, trial, MINERAL, "floor", lambda t: producer_price(evaluator, t, MINERAL), target)
    assert found.level is not None
    assert found.level == pytest.approx(trial.agreement.floors[0].price, rel=0.01)


def test_a_target_out_of_reach_gives_the_reason(evaluator: Evaluator, trial: Trial) -> None:
    found = one_lever(evaluator, trial, MINERAL, "floor", lambda t: producer_price(evaluator, t, MINERAL), 1e9)
    assert found.level is None
    assert "the most is" in found.reason


def test_an_equivalent_instrument_gives_the_same_producer_price(evaluator: Evaluator, trial: Trial) -> None:
    target = producer_price(evaluator, trial, MINERAL)
    found = {each.instrument: each for each in equivalents(evaluator, trial, MINERAL)}
    assert found["cfd"].level is not None
    assert found["cfd"].producer_price_usd_per_t == pytest.approx(target, rel=2e-3)
    assert sum(found["cfd"].treasury.values()) < sum(found["variable_levy"].treasury.values())


def test_attribution_adds_up_to_the_result(evaluator: Evaluator, trial: Trial) -> None:
    def value(each: Trial) -> float:
        return sum(evaluator.expected_gains(each).values())

    parts = attribute(evaluator, trial, value, with_members=True)
    assert sum(part.value for part in parts) == pytest.approx(value(trial), abs=1e-9)
    assert {part.lever for part in parts} == {"floor", "membership of USA", "membership of EUN", "membership of JPN"}


def test_membership_counts_leaving_and_joining(evaluator: Evaluator, trial: Trial) -> None:
    found = {each.country: each for each in membership(evaluator, trial, ["KOR"])}
    assert found["KOR"].joins
    assert not found["USA"].joins
    assert set(found) == {"USA", "EUN", "JPN", "KOR"}


def test_every_coalition_of_the_core_is_tried(evaluator: Evaluator, trial: Trial) -> None:
    found = coalitions(evaluator, trial, trial.members)
    assert len(found) == 7
    assert found[0].members == trial.members


def test_who_leaves_becomes_an_outsider_and_who_joins_applies_the_terms(evaluator: Evaluator, trial: Trial) -> None:
    regions = evaluator.world.regions
    fewer = restrict(trial.agreement, ("USA", "EUN"), regions)
    assert fewer.floors[0].parties == ("USA", "EUN")
    more = enlarge(trial.agreement, trial.members, (*trial.members, "KOR"), regions)
    assert "KOR" in more.floors[0].parties
