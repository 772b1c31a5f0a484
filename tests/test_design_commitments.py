"""Offtakes that bind: their allocation, what they do to the market, and projects that lenders pay for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from model.design import Designer, DesignRequest, ResponseTable, Store, term_sheet
from model.design.problem.commitments import Seller, allocate
from model.design.problem.facts import Facts
from model.design.problem.packages import Package
from model.design.responses.respond import respond
from model.design.responses.response import question
from model.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

STAGE = "refined"


def facts(landed: dict[tuple[str, str], float], need: dict[str, float], made: dict[str, float]) -> Facts:
    """A mineral with these landed costs by pair, needs and outputs; nobody is served at home."""
    return Facts(
        mineral="antimony",
        stage=STAGE,
        price_usd_per_t=1000.0,
        use_t=need,
        non_party_imports_t={},
        flows_t={},
        need_t={STAGE: need},
        deliverable_t=made,
        lot_t=0.01,
        landed_usd_per_t={(*pair, STAGE): cost for pair, cost in landed.items()},
    )


def allocated(
    of: Facts, sellers: Sequence[Seller], share: float, most_of_need: float = 1.0
) -> dict[tuple[str, str], float]:
    return {(i, j): t for i, j, _, t in allocate(of, sellers, share, most_of_need, 0.001)}


def outputs(of: Facts) -> list[Seller]:
    return [Seller(name, name, STAGE, most) for name, most in of.deliverable_t.items()]


def test_commitments_go_the_cheapest_way_within_what_can_be_delivered() -> None:
    """A hand-solved transport problem: A is cheaper for both buyers, and makes enough for one and a half of them."""
    landed = {("A", "X"): 100.0, ("A", "Y"): 110.0, ("B", "X"): 150.0, ("B", "Y"): 120.0}
    of = facts(landed, {"X": 100.0, "Y": 100.0}, {"A": 75.0, "B": 100.0})
    assert allocated(of, outputs(of), 0.5) == {("A", "X"): 50.0, ("A", "Y"): 25.0, ("B", "Y"): 25.0}


def test_a_buyer_takes_at_most_its_share_of_need_from_one_seller() -> None:
    of = facts({("A", "X"): 100.0, ("B", "X"): 300.0}, {"X": 100.0}, {"A": 500.0, "B": 500.0})
    found = allocated(of, outputs(of), 0.5, most_of_need=0.3)
    assert found["A", "X"] == pytest.approx(30.0, rel=0.01)
    assert found["A", "X"] <= 30.0
    assert found["B", "X"] == pytest.approx(20.0, rel=0.02)


def test_what_nobody_can_deliver_is_not_committed() -> None:
    of = facts({("A", "X"): 100.0}, {"X": 100.0}, {"A": 20.0})
    assert allocated(of, outputs(of), 0.5) == {("A", "X"): 20.0}
    assert allocated(of, outputs(of), 0.0) == {}


def test_a_project_sells_what_its_lenders_ask_and_its_investor_first() -> None:
    of = facts({("A", "X"): 100.0, ("A", "Y"): 200.0}, {"X": 100.0, "Y": 100.0}, {})
    project = Seller("mine", "A", STAGE, most_t=100.0, least_t=60.0)
    assert allocated(of, [project], 0.0) == {("A", "X"): 60.0}
    owned = Seller("mine", "A", STAGE, most_t=100.0, least_t=60.0, investor="Y", others_most_t=50.0)
    assert allocated(of, [owned], 0.0) == {("A", "X"): 50.0, ("A", "Y"): 10.0}


@pytest.mark.slow
def test_a_commitment_beyond_what_the_market_ships_moves_trade_from_non_parties(world: World) -> None:
    """A binding volume is in the flows, and the buyer takes less from non-parties."""
    request = DesignRequest(minerals=("antimony",))
    before = respond(world, question(world, request.scenario(), "antimony"))
    quantity = before.flows_t.get(("AUS", "JPN"), 0.0) + 0.2 * before.use_t["JPN"]
    offtakes = (("EUN", "JPN", STAGE, quantity),)
    agreement = Package(mineral="antimony", stage=STAGE, offtakes=offtakes).agreement(request.parties, world.regions)
    after = respond(world, question(world, request.scenario(agreement), "antimony"))
    assert after.flows_t["EUN", "JPN"] == pytest.approx(quantity, rel=1e-6)
    assert after.delivered["EUN", "JPN"] == pytest.approx(1.0)
    assert after.non_party_imports_t["JPN"] < before.non_party_imports_t["JPN"] - 0.5 * quantity


LITHIUM: dict[str, Any] = {
    "minerals": ["lithium"],
    "horizon": "long",
    "shocks": [],
    "menu": {"floor_levels": [0], "over_quota_rates": [0], "stockpiles": [0], "commitments": [0]},
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> ResponseTable:
    return ResponseTable(World(), Store(tmp_path_factory.mktemp("store") / "responses.sqlite"))


@pytest.fixture(scope="module")
def world(table: ResponseTable) -> World:
    return table.world


@pytest.mark.slow
def test_real_projects_are_built_when_the_losers_are_compensated(table: ResponseTable) -> None:
    """New lithium capacity hurts Australia's producers; transfers let everyone sign, and offtakes satisfy lenders."""
    alone = Designer(table, DesignRequest.parse(LITHIUM, "design")).result()
    design = Designer(table, DesignRequest.parse(LITHIUM | {"transfers": 3e8}, "design")).result()
    built = design.projects["lithium"]
    assert built
    assert not alone.projects["lithium"]
    assert design.choice is not None
    assert design.agreement is not None
    assert design.proof is not None
    assert min(design.proof.verified.values()) > -1e-3
    assert design.proof.difference <= 1e-6
    signed = {(o.producer, o.buyer, o.stage): o.quantity for o in design.agreement.offtakes}
    assert all(signed[(*ends,)] >= least for *ends, least in design.choice.chosen["lithium"].package.offtakes)
    asked = table.world.assumptions.value("lenders_offtake_share")
    for project in design.choice.chosen["lithium"].projects:
        need = design.choice.chosen["lithium"].responses[0].at(project.stage).use_t.get(project.region, 0.0)
        abroad = sum(
            o.quantity for o in design.agreement.offtakes if (o.producer, o.stage) == (project.region, project.stage)
        )
        assert abroad + 0.5 * need >= asked * project.capacity_t * 0.999
    sheet = term_sheet(design)
    assert set(sheet[sheet["term"] == "project"]["level"]) == {
        p.capacity_t for p in design.choice.chosen["lithium"].projects
    }


@pytest.mark.slow
def test_lenders_refuse_a_project_that_nobody_contracts(table: ResponseTable) -> None:
    """Without room for contracts nothing is built, however much it would gain."""
    request = DesignRequest.parse(LITHIUM | {"transfers": 3e8, "offtake": {"most_of_need": 0.01}}, "design")
    assert not Designer(table, request).result().projects["lithium"]
