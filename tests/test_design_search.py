"""The whole search on a shipped market: refinement, proof, store, determinism, projects, and bad requests."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.cli import main
from model.design import Designer, DesignRequest, ResponseTable, Store, gains, result, scenario_of, term_sheet
from model.design.catalogue import Catalogue
from model.design.choice import choose
from model.design.choice.programme import NoAgreement
from model.design.conflict import why_nothing
from model.design.frontier import FEWEST_POINTS
from model.design.problem.packages import Levels, ends_reached, menu_levels, neighbours, package_of
from model.design.problem.projects import annuity, eligible, project_sets, projects_of, with_projects
from model.design.problem.request import Menu, check
from model.design.questions.evaluate import Evaluator, Trial
from model.design.responses.respond import respond
from model.design.responses.response import Response, question
from model.design.responses.table import Failure
from model.errors import AccordError, ScenarioError, SolveError
from model.instruments import Agreement, Floor, Mechanism
from model.market.records import NOWHERE, NodeRole, Role
from model.world import World
from tests.design_toys import facts_of, terms_of

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


LISTS_OF_LEVELS = [name for name, field in Menu.model_fields.items() if isinstance(field.default, tuple)]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> ResponseTable:
    return ResponseTable(World(), Store(tmp_path_factory.mktemp("store") / "responses.sqlite"))


def asked(**changes: Any) -> DesignRequest:
    return DesignRequest.parse(SMALL | changes, "design")


@pytest.mark.slow
def test_the_refined_optimum_agrees_with_brute_force_over_a_fine_grid(table: ResponseTable) -> None:
    request = asked(participation="none", format=2)
    design = Designer(table, request).result()
    fine = {
        "format": 2,
        "menu": SMALL["menu"] | {"floor_levels": [0, *np.arange(1.0, 1.1001, 0.005).round(4).tolist()]},
        "step": 0.005,
    }
    brute = Designer(table, asked(participation="none", **fine)).result()
    assert design.choice is not None
    assert brute.choice is not None
    assert design.choice.objective >= brute.choice.objective - 0.005 * abs(brute.choice.objective)


@pytest.mark.slow
def test_the_proof_verifies_what_the_choice_predicts(table: ResponseTable) -> None:
    design = Designer(table, asked(objective={"kind": "worst_off"})).result()
    assert design.proof is not None
    assert design.proof.difference <= 0.02
    assert all(value >= -1e-3 for value in design.proof.verified.values())
    outcome = table.world.outcome(scenario_of(design))
    calm = outcome.accounts[outcome.accounts["is_party"]].set_index("region")["net_usd"] / 1e6
    state = dict(zip(design.request.parties, design.proof.verified_gain[0], strict=True))
    assert {k: float(v) for k, v in calm.items()} == pytest.approx(state, abs=1e-6)


@pytest.mark.slow
def test_weights_red_lines_and_probabilities_solve_nothing_again(table: ResponseTable, tmp_path: Path) -> None:
    menu = {"floor_levels": [0, 1.0], "mechanisms": ["variable_levy"], "over_quota_rates": [0], "stockpiles": [0]}
    Designer(table, asked(menu=menu, step=0.2)).result()
    before = table.solved
    changed = {"objective": {"weights": {"USA": 3.0}}, "red_lines": {"JPN": {"user_cost": 1e9}}}
    shocks = [{"name": "china_bismuth_ban", "severity": 0.5, "probability": 0.2}]
    designer = Designer(table, asked(menu=menu, step=0.2, shocks=shocks, **changed))
    designer.survey()
    assert table.solved == before


@pytest.mark.slow
def test_an_interrupted_run_loses_nothing(world: World, tmp_path: Path) -> None:
    store = Store(tmp_path / "responses.sqlite")
    first = ResponseTable(world, store)
    run = Designer(first, asked()).run()
    for _ in range(3):
        next(run)
    run.close()
    second = ResponseTable(world, store)
    Designer(second, asked()).result()
    with closing(sqlite3.connect(store.path)) as connection:
        (cells,) = connection.execute("SELECT count(*) FROM response").fetchone()
    assert first.solved > 0
    assert first.solved + second.solved == cells


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_result(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.design.responses.table.WORTH_STARTING", 2)
    monkeypatch.setattr("model.design.responses.table.BATCH", 2)
    results = []
    for workers in (1, 2):
        own = ResponseTable(world, Store(tmp_path / f"{workers}.sqlite"), workers)
        results.append(json.dumps(result(Designer(own, asked()).result()), sort_keys=True, default=str))
        assert (own._pool is None) == (workers == 1)
    assert results[0] == results[1]


@pytest.mark.slow
def test_the_result_names_terms_gains_and_status(table: ResponseTable) -> None:
    design = Designer(table, asked()).result()
    content = result(design)
    assert content["status"]["found"]
    assert content["status"]["gap"] <= 0.005
    assert set(gains(design)["party"]) == set(design.request.parties)
    assert not term_sheet(design).empty


def test_where_nothing_is_better_the_report_says_who_would_lose() -> None:
    gains = {"A": 12.0, "B": -3.0}
    best = choose(terms_of([gains], participation="none"))
    assert "bring the parties 9.00 million USD a year together, but leave worse off: B 3.00 million USD" in why_nothing(
        best
    )
    nothing = choose(terms_of([{"A": -1.0, "B": -3.0}], participation="none"))
    assert why_nothing(nothing).startswith("No package on this menu brings the parties together more")


@pytest.mark.slow
def test_refinement_finds_an_agreement_that_the_menu_does_not_have(table: ResponseTable) -> None:
    """At one floor of the menu Korea's producers gain too little, at the other users in the USA lose too much.

    Between them both hold.
    """
    menu = SMALL["menu"] | {"floor_levels": [1.0, 1.3]}
    lines = {"USA": {"user_cost": 1e6}, "KOR": {"producer_revenue": 1.5e6}}
    designer = Designer(table, asked(menu=menu, participation="none", red_lines=lines))
    designer.survey()
    with pytest.raises(NoAgreement):
        choose(designer.terms())
    design = Designer(table, asked(menu=menu, participation="none", red_lines=lines)).result()
    assert design.choice is not None
    option = design.choice.chosen[MINERAL]
    expected = dict(zip(option.frame.parties, option.expected(option.users).tolist(), strict=True))
    earned = dict(zip(option.frame.parties, option.expected(option.producer_revenue).tolist(), strict=True))
    assert expected["USA"] >= -1.0
    assert earned["KOR"] >= 1.5


@pytest.mark.slow
def test_a_coarse_menu_still_gives_a_frontier_of_a_dozen_agreements(table: ResponseTable) -> None:
    designer = Designer(table, asked(participation="none"))
    designer.result()
    *steps, last = designer.frontier("users_gain", "producers_gain")
    assert len(last.found) >= FEWEST_POINTS
    assert steps[-1].done <= steps[-1].total
    first, second = [p.first for p in last.found], [p.second for p in last.found]
    assert second == sorted(second)
    assert first == sorted(first, reverse=True)


@pytest.mark.slow
def test_a_measure_that_no_package_changes_still_has_a_frontier(table: ResponseTable) -> None:
    designer = Designer(
        table, asked(participation="none", menu=SMALL["menu"] | {"floor_levels": [0], "commitments": [0]})
    )
    designer.result()
    *_, last = designer.frontier("users_gain", "treasury_gain")
    assert len(last.found) == 1


@pytest.mark.slow
def test_impossible_red_lines_are_named(table: ResponseTable) -> None:
    lines = {"JPN": {"non_party_import_share": 0.01}, "USA": {"producer_revenue": -1e9}}
    design = Designer(table, asked(red_lines=lines)).result()
    assert design.choice is None
    assert [each.group for each in design.conflicts] == ["JPN non-party share"]
    assert "percentage points" in str(design.conflicts[0])


@pytest.mark.slow
def test_a_by_product_follows_the_package_of_its_host(table: ResponseTable) -> None:
    menu = {"floor_levels": [0, 1.05], "mechanisms": ["variable_levy"], "over_quota_rates": [0], "stockpiles": [0]}
    changes = {"minerals": ["aluminum", "gallium"], "shocks": [], "menu": menu, "step": 0.05, "participation": "none"}
    design = Designer(table, asked(**changes)).result()
    assert design.proof is not None
    assert design.proof.difference <= 1e-6


@pytest.mark.slow
def test_the_command_writes_the_result_and_documents_the_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request, out = tmp_path / "design.json", tmp_path / "result.json"
    request.write_text(json.dumps(SMALL | {"step": 0.05, "format": 2}))
    call = ["design", str(request), "--out", str(out), "--store", str(tmp_path / "s.sqlite"), "--workers", "1"]
    assert main(call) == 0
    shown = capsys.readouterr()
    assert "The parties together gain" in shown.out
    assert "solved, about" in shown.err
    content = json.loads(out.read_text())
    assert content["status"]["found"]
    assert [(state["name"], state["weight"]) for state in content["states"]] == [
        ("no_shock", pytest.approx(0.9)),
        ("china_bismuth_ban", 0.1),
    ]
    assert [(row["mineral"], row["explained"]) for row in content["today"]] == [(MINERAL, True)]
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


def test_a_built_project_adds_its_capacity_and_sells_to_every_buyer(world: World) -> None:
    scenario = DesignRequest(minerals=("lithium",), horizon="long").scenario()
    ridge = next(project for project in eligible(world, scenario, "lithium")[0] if project.id == "C111")
    market = world.solved("lithium", scenario).state.problem.market
    larger = with_projects(world, scenario, market, [ridge.id])
    assert len(larger.activities) == len(market.activities) + 1
    assert larger.activities.upper[-1] == ridge.capacity_t
    assert larger.activities.level[-1] == ridge.operating_cost_usd_per_t
    added = larger.activities.base[:-1] - market.activities.base
    assert added.sum() == pytest.approx(ridge.capacity_t, rel=1e-9)
    assert (added[market.activities.region != market.regions.index("USA")] == 0).all()


def test_a_project_where_nothing_was_sold_gets_a_seller_and_dutiable_routes(world: World) -> None:
    scenario = DesignRequest(minerals=("lithium",), horizon="long").scenario()
    boardwalk = next(project for project in eligible(world, scenario, "lithium")[0] if project.id == "C093")
    market = world.solved("lithium", scenario).state.problem.market
    assert market.node("CAN", "refined", NodeRole.SUPPLY) == NOWHERE
    larger = with_projects(world, scenario, market, [boardwalk.id])
    seller = larger.node("CAN", "refined", NodeRole.SUPPLY)
    assert seller == len(market.nodes)
    routes = np.flatnonzero((larger.activities.role == Role.ROUTE) & (larger.activities.node_in == seller))
    assert len(routes) > 20
    assert larger.base_duty is not None
    to = {larger.regions[larger.activities.partner[r]]: float(larger.base_duty[r]) for r in routes}
    assert to["CHN"] > 0


def test_a_plant_in_a_small_market_sells_all_it_makes_above_its_cost(world: World) -> None:
    scenario = DesignRequest(minerals=("lithium",), horizon="long").scenario()
    built = respond(world, question(world, scenario, "lithium", ("C093",)))
    boardwalk = next(project for project in eligible(world, scenario, "lithium")[0] if project.id == "C093")
    assert built.output_t["CAN"] == pytest.approx(boardwalk.capacity_t, rel=1e-6)
    assert built.producer_price_usd_per_t["refined"]["CAN"] > 2 * boardwalk.operating_cost_usd_per_t


def test_full_cost_holds_the_required_return(world: World) -> None:
    scenario = DesignRequest(minerals=("lithium",)).scenario()
    ridge = next(project for project in projects_of(world, scenario, "lithium") if project.id == "C111")
    row = world.tables["projects"].set_index("id").loc["C111"]
    capital = row.capex_million * 1e6 / row.capacity_t_per_yr
    in_2022 = row.operating_cost_per_t + capital * annuity(0.1, 20)
    assert ridge.full_cost_usd_per_t == pytest.approx(in_2022 * world.assumptions.value("price_level_2022"), rel=1e-6)


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
    settled = [*tried, Levels(floor=1.045), Levels(floor=1.055)]
    assert all(level.floor == 1.05 for level in neighbours(Levels(floor=1.05), Menu(), settled, 0.01))


def test_beyond_the_last_level_of_a_default_menu_the_search_steps_on_twice_as_far() -> None:
    known = [Levels(floor=value) for value in (1.0, 1.1, 1.2)]
    seen = [1.2]
    for _ in range(9):
        beyond = [point.floor for point in neighbours(known[-1], Menu(), known, 0.01) if point.floor > seen[-1]]
        if not beyond:
            break
        seen += beyond
        known.append(Levels(floor=beyond[0]))
    assert seen == pytest.approx([1.2, 1.4, 1.8, 2.6, 3.0])


def test_a_menu_that_was_asked_for_is_never_left_and_its_end_is_told() -> None:
    menu = Menu(floor_levels=(0.0, 1.1, 1.2))
    known = [Levels(floor=value) for value in (1.1, 1.2)]
    assert all(point.floor <= 1.2 for point in neighbours(known[-1], menu, known, 0.01))
    (told,) = ends_reached(known[-1], menu)
    assert told.startswith("the floor ends at 120 % of the price, the highest level")
    assert list(ends_reached(Levels(floor=1.15), menu)) == []
    assert list(ends_reached(known[-1], Menu())) == []


def test_below_the_lowest_floor_tried_the_search_steps_down_to_where_it_bites() -> None:
    menu = Menu(floor_levels=(0.0, 1.2))
    below = [point.floor for point in neighbours(Levels(floor=1.2), menu, [Levels(floor=1.2)], 0.01)]
    assert below == pytest.approx([1.1])


def test_the_order_in_which_a_menu_lists_its_levels_does_not_count() -> None:
    menu = Menu()
    turned = Menu(**{name: tuple(reversed(getattr(menu, name))) for name in LISTS_OF_LEVELS})
    assert menu_levels(menu) == menu_levels(turned)
    best = Levels(floor=1.1, over_quota_rate=0.25, commitment=0.25)
    around = [set(neighbours(best, each, menu_levels(each), 0.01)) for each in (menu, turned)]
    assert around[0] == around[1]


def test_a_quota_of_nothing_lets_nothing_in_at_the_lower_rate(world: World) -> None:
    facts = facts_of(world, asked().scenario(), MINERAL)
    package = package_of(Levels(trq_quantity=0.0, over_quota_rate=0.5), facts, ("USA", "JPN"), Menu(), 0.01)
    assert package.trqs == ((("USA", "JPN"), 0.0),)
    assert not package.is_neutral


def test_levels_are_settled_anew_under_another_mechanism() -> None:
    levied = [Levels(floor=value) for value in (1.0, 1.05, 1.1, 1.045, 1.055)]
    paid = Levels(floor=1.05, mechanism=Mechanism.CFD)
    around = neighbours(paid, Menu(floor_levels=(0.0, 1.0, 1.1)), [*levied, paid], 0.01)
    assert {(point.floor, point.mechanism) for point in around} == {(1.0, Mechanism.CFD), (1.1, Mechanism.CFD)}


def test_once_levels_are_settled_other_terms_are_tried_one_at_a_time() -> None:
    menu = Menu(floor_levels=(1.0,), trq_quantities=(1.0,), over_quota_rates=(0.0, 0.3), stockpiles=(0.0,))
    best = Levels(floor=1.0, over_quota_rate=0.3, projects=("b",))
    tried = [best, best.model_copy(update={"over_quota_rate": 0.295})]
    around = neighbours(best, menu, tried, 0.01, ("a", "b"))
    changed = [
        [name for name in Levels.model_fields if getattr(point, name) != getattr(best, name)] for point in around
    ]
    assert all(len(names) == 1 for names in changed)
    assert {names[0] for names in changed} == {"mechanism", "commitment", "split", "projects"}
    assert {point.projects for point in around} == {("b",), ("a", "b"), ()}
    assert neighbours(best, menu, [*tried, *around], 0.01, ("a", "b")) == []


def test_a_quota_is_split_by_imports_or_by_use(world: World) -> None:
    facts = facts_of(world, asked().scenario(), MINERAL)
    parties, rate = ("USA", "EUN", "JPN"), {"trq_quantity": 0.5, "over_quota_rate": 0.2}
    size = 0.5 * sum(facts.non_party_imports_t[party] for party in parties)
    for split, weight in (("by_imports", facts.non_party_imports_t), ("by_use", facts.use_t)):
        package = package_of(Levels(**rate, split=split), facts, parties, Menu(), 0.01)
        total = sum(weight[party] for party in parties)
        assert dict(package.trqs) == {
            (party,): pytest.approx(size * weight[party] / total, rel=0.01) for party in parties
        }


def test_a_menu_holds_every_combination_once() -> None:
    menu = Menu(floor_levels=(0.0, 1.0), trq_quantities=(1.0, 0.5), over_quota_rates=(0.0, 0.2), stockpiles=(0.0,))
    assert len(menu_levels(menu)) == 3 * 3
    assert len(menu_levels(menu, project_sets(["a", "b", "c", "d"]))) == 3 * 3 * 4


def test_the_proof_solves_again_and_finds_a_wrong_answer_in_the_store() -> None:
    """What users gain is doubled in every stored answer: no proof may rest on that."""
    table = ResponseTable(World(), Store())
    right = Designer(table, asked(participation="none")).result()
    for key in list(table._known._kept):
        answer = table._known.get(key)
        assert isinstance(answer, Response)
        table._known.keep(key, replace(answer, users_usd={k: 2.0 * v for k, v in answer.users_usd.items()}))
    wrong = Designer(table, asked(participation="none")).result()
    assert right.proof is not None
    assert wrong.proof is not None
    assert right.proof.difference < 1e-6
    assert wrong.proof.difference > 0.1
    assert wrong.choice is not None
    assert sum(wrong.proof.verified.values()) == pytest.approx(wrong.choice.objective)
    assert any("the verified ones hold" in note for note in wrong.notes)


def test_one_party_alone_gets_an_answer(table: ResponseTable) -> None:
    design = Designer(table, asked(parties=["KOR"], step=0.2)).result()
    assert result(design)["status"]["found"]
    assert design.choice is not None
    assert design.choice.transfers == {"KOR": 0.0}


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


def test_what_is_expected_is_each_hazard_times_what_its_shock_changes(table: ResponseTable) -> None:
    """V = V0 + sum of h (V_s - V0), shock by shock, also where more than one a year comes."""
    hazards = {"china_bismuth_ban": 0.7, "red_sea_shipping": 0.4}
    floor = {"parties": list(DesignRequest().parties), "mineral": MINERAL, "stage": "refined", "price": 60_000.0}
    agreement = Agreement.parse({"floors": [floor]}, "agreement")

    def gain(**own: float) -> np.ndarray:
        shocks = [{"name": name, "probability": hazard} for name, hazard in own.items()]
        evaluator = Evaluator(table, asked(shocks=shocks))
        trial = Trial(evaluator.request.parties, agreement, {}, {})
        list(evaluator.fill([trial]))
        assert evaluator.states[0].probability == pytest.approx(np.prod([1.0 - hazard for hazard in own.values()]))
        assert evaluator.frame.chance.min() >= 0.0
        assert evaluator.frame.chance.sum() == pytest.approx(1.0)
        return np.array(list(evaluator.expected_gains(trial).values()))

    calm = gain()
    under = {name: gain(**{name: 1.0}) for name in hazards}
    assert all(np.abs(value - calm).max() > 0.01 for value in under.values())
    expected = calm + sum(hazard * (under[name] - calm) for name, hazard in hazards.items())
    assert gain(**hazards) == pytest.approx(expected, rel=1e-9)


def test_unknown_names_are_refused_with_the_nearest(table: ResponseTable) -> None:
    with pytest.raises(ScenarioError, match="china_bismuth_ban"):
        Designer(table, asked(shocks=[{"name": "china_bismut_ban"}]))
    with pytest.raises(ScenarioError, match="semiconductors"):
        Designer(table, asked(red_lines={"USA": {"industry_cost": {"semiconductor": 1.0}}}))


def test_no_package_left_is_an_error(table: ResponseTable, monkeypatch: pytest.MonkeyPatch) -> None:
    designer = Designer(table, asked())
    monkeypatch.setattr(Catalogue, "_responses", lambda *_: Failure("no equilibrium found"))
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
