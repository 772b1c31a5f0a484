"""Inputs that once failed, in ``tests/cases/faults``: each gives its answer, or is refused with the fault named."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from model.case import Case, market_of
from model.equilibrium import solve
from model.errors import AccordError
from model.instruments import Floor
from model.scenario import Scenario
from model.world import World
from tests.independent.judge import time_limit
from tests.independent.verify import verify
from tests.test_cases import field

FAULTS = Path(__file__).parent / "cases" / "faults"
SCENARIOS = Path(__file__).parent / "cases" / "scenarios_faults"
ANSWERED = sorted(path.name.removesuffix(".expected.json") for path in FAULTS.glob("*.expected.json"))
REFUSED = sorted(path.name.removesuffix(".message.txt") for path in FAULTS.glob("*.message.txt"))
LONGEST_S = 5


def solved(name: str) -> dict[str, Any]:
    """The result of a case, within the time that nobody should wait longer than."""
    with time_limit(LONGEST_S):
        case = Case.read(FAULTS / f"{name}.json", "case")
        return solve(market_of(case), case.parties, case.agreement, case.shocks).result()


def test_every_fault_has_an_answer_or_a_message() -> None:
    cases = {path.stem for path in FAULTS.glob("*.json") if not path.name.endswith(".expected.json")}
    assert sorted([*ANSWERED, *REFUSED]) == sorted(cases)


@pytest.mark.parametrize("name", ANSWERED)
def test_the_right_answer_comes_out_and_the_check_agrees(name: str) -> None:
    result = solved(name)
    answer = json.loads((FAULTS / f"{name}.expected.json").read_text(encoding="utf-8"))
    wrong = []
    for entry in answer["expected"]:
        value, wanted = field(result, entry), entry["value"]
        allowed = {"rel_tol": entry.get("rel_tol", 0.0), "abs_tol": entry.get("abs_tol", 0.0)}
        meets = value is wanted if isinstance(wanted, bool | None) else math.isclose(value, wanted, **allowed)
        if not meets:
            wrong.append(f"{entry['table']} {entry['where']} {entry['column']}: {value}, not {wanted}")
    assert wrong == []
    content = json.loads((FAULTS / f"{name}.json").read_text(encoding="utf-8"))
    assert verify(content, result) == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_answer_is_refused_with_the_fault_named(name: str) -> None:
    with pytest.raises(AccordError) as refused:
        solved(name)
    message = str(refused.value)
    assert "\n" not in message
    wanted = (FAULTS / f"{name}.message.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in wanted if line.lower() not in message.lower()] == []


def test_a_budget_buys_the_same_below_every_floor_that_it_cannot_hold() -> None:
    content = json.loads((SCENARIOS.parent / "buffer-stock-budget-spent.json").read_text(encoding="utf-8"))
    bought = []
    for price in (31.0, 1e3, 1e9):
        content["agreement"]["floors"][0]["price"] = price
        case = Case.parse(content, "case")
        (row,) = solve(market_of(case), case.parties, case.agreement, case.shocks).result()["quantities"]
        bought.append(row["stock_bought"])
    assert bought == pytest.approx([bought[0]] * 3, rel=1e-9)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def scenario(name: str) -> Scenario:
    return Scenario.read(SCENARIOS / f"{name}.json", "scenario")


def with_floors(own: Scenario, floors: tuple[Floor, ...]) -> Scenario:
    return own.model_copy(update={"agreement": own.agreement.model_copy(update={"floors": floors})})


def floors_of(world: World, own: Scenario) -> dict[tuple[float, str], tuple[float, float]]:
    """Levy and price by the floor's price and region."""
    rows = world.equilibrium(own).result()["floors"]
    price = [floor.price for floor in own.agreement.floors]
    return {(price[row["index"]], row["region"]): (row["levy"], row["price"]) for row in rows}


@pytest.mark.parametrize("name", ["titanium-export-limit", "yttrium-duty-beside-buffer-stock"])
def test_a_state_once_refused_is_solved(world: World, name: str) -> None:
    status = world.equilibrium(scenario(name)).result()["status"]
    assert status["converged"] is True
    assert status["market_balance"] <= 1e-6


def test_a_party_named_twice_in_a_floor_counts_once(world: World) -> None:
    own = scenario("party-named-twice")
    floors = tuple(
        floor.model_copy(update={"parties": tuple(dict.fromkeys(floor.parties))}) for floor in own.agreement.floors
    )
    once = floors_of(world, with_floors(own, floors))
    twice = floors_of(world, own)
    assert twice.keys() == once.keys()
    for place, values in once.items():
        assert twice[place] == pytest.approx(values, rel=1e-6), place


def test_overlapping_floors_solve_alike_in_either_order(world: World) -> None:
    own = scenario("two-floors-overlapping")
    turned = with_floors(own, own.agreement.floors[::-1])
    first, second = floors_of(world, own), floors_of(world, turned)
    assert first.keys() == second.keys()
    for place, values in first.items():
        assert second[place] == pytest.approx(values, rel=1e-6), place
