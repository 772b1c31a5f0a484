"""The key of a solve, field by field: two states that differ in anything the numbers depend on never share one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model import overlay, source
from model.assumptions import Assumptions
from model.equilibrium import Solver, lay_over
from model.impact import manufacturers
from model.instruments import Agreement
from model.market.calibrate import calibrate_mineral
from model.market.horizon import HORIZONS
from model.market.records import Activities, ByProduct, MineralMarket, Node
from model.problem import Problem, State
from model.scenario import Scenario
from model.world import IMPACT_ONLY, World
from tests.shipped import slow_but
from tests.toy import FORMULATIONS, FROM_ABROAD, PARTIES, PLACE, toy_market

AGREED: dict[str, Any] = {
    "tariffs": [PLACE | {"importers": ["HOME"], "exporters": ["PARTNER"], "ad_valorem": 0.1}],
    "quotas": [FROM_ABROAD | {"quantity": 9, "rent_to": "exporter"}],
    "trqs": [FROM_ABROAD | {"quantity": 5, "over_quota": {"ad_valorem": 0.25}}],
    "floors": [
        PLACE | {"parties": ["HOME"], "price": 22, "levy_cap": 1},
        PLACE | {"parties": ["HOME"], "price": 21},
        PLACE | {"parties": ["HOME"], "price": 25, "mechanism": "cfd"},
    ],
    "offtakes": [PLACE | {"producer": "ABROAD", "buyer": "HOME", "quantity": 2, "strike": 17}],
}
"""Terms that together fill every field of a problem."""
LAID = {"activities", "byproducts", "base_duty", "exporter_stock_price", "exporter_stock_most"}
"""Fields of a market that count by what was laid over it: they stand in the problem's table, charges and levies."""
OF_THE_SEARCH = {"start_price"}
"""Fields of a market from which the search starts."""


def problem() -> Problem:
    market = replace(toy_market(FORMULATIONS["quotas"]), byproducts=(ByProduct(0, "HOME", "host", "mine", ratio=1.0),))
    agreement = Agreement.parse(AGREED, "agreement")
    laid = lay_over(market, PARTIES, agreement, (), {("host", "mine", "HOME"): 100.0})
    (group,) = laid.levies
    steps = [replace(s, terms=tuple(replace(term, kept_by=(2,)) for term in s.terms)) for s in group.steps]
    return replace(laid, levies=(replace(group, steps=tuple(steps)),))  # kept under no instrument that ships


def changed(value: Any, seen: set[type]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The value with one thing in it changed, for every thing in it, with the fields that lead there."""
    if is_dataclass(value):
        seen.add(type(value))
        for field in fields(value):
            for path, other in changed(getattr(value, field.name), seen):
                yield (field.name, *path), replace(value, **{field.name: other})
    elif isinstance(value, tuple):
        assert value, "nothing to change"
        yield (), value[:-1]
        for index, item in enumerate(value):
            for path, other in changed(item, seen):
                yield path, (*value[:index], other, *value[index + 1 :])
    elif isinstance(value, np.ndarray):
        for place in range(len(value)):
            other = value.copy()
            other[place] = "x" if value.dtype == object else not value[place] if value.dtype == bool else 77
            yield (), other
    else:
        yield (), _other(value)


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, IntEnum):
        return next(each for each in type(value) if each is not value)
    if isinstance(value, str):
        return f"{value}x"
    return 77.0 if value is None else type(value)(77)


def test_every_field_of_a_laid_problem_is_in_its_digest() -> None:
    plain, seen = problem(), set[type]()
    unseen = {path[:2] for path, other in changed(plain, seen) if other.digest == plain.digest}
    assert unseen == {("market", name) for name in LAID | OF_THE_SEARCH}
    assert seen == {each for each in vars(overlay).values() if is_dataclass(each)} - {State} | {Node, ByProduct}


def test_equal_problems_have_equal_digests_whatever_objects_they_share() -> None:
    plain = problem()
    pool = plain.pools[0]
    shared, apart = (replace(plain, pools=(pool, other)) for other in (pool, deepcopy(pool)))
    assert apart.digest == shared.digest
    assert pickle.dumps(apart.pools) != pickle.dumps(shared.pools)


def test_where_the_search_starts_moves_no_number() -> None:
    plain = problem()
    elsewhere = replace(plain.market, start_price=np.full(len(plain.market.nodes), 3.0))
    moved, expected = (Solver().solve(replace(plain, market=market)) for market in (elsewhere, plain.market))
    np.testing.assert_allclose(moved.price, expected.price, rtol=1e-6)
    np.testing.assert_allclose(moved.quantity, expected.quantity, atol=1e-4)


# --- scenarios ---

ZERO = {"zero_for_zero": [{"mineral": "tungsten", "stage": "refined"}]}
TWO = ["USA", "JPN"]
PLAIN: dict[str, Any] = {"minerals": ["tungsten"], "parties": TWO, "agreement": ZERO}
FIELDS: dict[str, tuple[Any, bool]] = {
    "format": (2, True),
    "status_quo": ("today", True),
    "name": ("another name", True),
    "minerals": (["tungsten", "antimony"], True),
    "parties": (["USA", "EUN"], False),
    "horizon": ("long", False),
    "agreement": ({}, False),
    "shocks": ([{"name": "china_tungsten_ban"}], False),
    "assumptions": ({"demand_elasticity_short.tungsten": -0.25}, False),
}
"""Another value of every field of a scenario, and whether the same solve still answers."""


@pytest.mark.parametrize("name", slow_but("parties", FIELDS))
def test_scenarios_that_differ_in_one_field_share_a_solve_only_where_it_moves_nothing(world: World, name: str) -> None:
    value, shares = FIELDS[name]
    one, other = (Scenario.parse(content, "scenario") for content in (PLAIN, PLAIN | {name: value}))
    found = world.solved("tungsten", other)
    assert (found is world.solved("tungsten", one)) == shares
    alone = World().solved("tungsten", other)
    np.testing.assert_allclose(found.state.price, alone.state.price, rtol=1e-12)


def test_every_field_of_a_scenario_is_changed_above() -> None:
    assert set(FIELDS) == set(Scenario.model_fields)


@pytest.mark.slow
def test_an_assumption_that_moves_a_market_is_in_the_key(world: World) -> None:
    """Calibrated without memory: where the market differs, so does the problem."""
    before, key = _graphite(world, {}), world.problem("graphite", Scenario(minerals=("graphite",))).digest
    moving = set()
    for row in world.assumptions:
        override = {row.name: row.low if row.low != row.value else row.high}
        if row.mineral in ("", "graphite") and _differs(before, _graphite(world, override)):
            moving.add(row.name)
            other = Scenario(minerals=("graphite",), assumptions=override)
            assert world.problem("graphite", other).digest != key, row.name
    assert {"demand_elasticity_short.graphite", "stock_release_share"} <= moving
    assert [name for name in moving if name.startswith(IMPACT_ONLY)] == []


def test_the_long_run_of_today_depends_on_the_responses_of_one_year(world: World) -> None:
    """Its shift is found within a year, whose responses are therefore in the key of its markets."""
    row = next(each for each in world.assumptions if each.name == "demand_elasticity_short.lithium")
    plain = Scenario(minerals=("lithium",), horizon="long")
    assumed = plain.model_copy(update={"assumptions": {row.name: row.low}})
    prices = [world.parties_price("lithium", "refined", each) for each in (plain, assumed)]
    afresh = World().parties_price("lithium", "refined", assumed)
    assert prices[1] == pytest.approx(afresh, rel=1e-9)
    assert prices[1] != pytest.approx(prices[0], rel=1e-3)


def test_manufacturers_read_no_assumption_that_their_memory_does_not_know(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = set()
    for name in ("value", "find"):
        own = getattr(Assumptions, name)

        def reading(self: Assumptions, id: str, *args: Any, own: Any = own) -> Any:
            read.add(id)
            return own(self, id, *args)

        monkeypatch.setattr(Assumptions, name, reading)
    manufacturers(world.tables, world.assumptions, {("USA", "graphite"): 1.0})
    assert read
    assert [name for name in sorted(read) if not name.startswith(IMPACT_ONLY)] == []


def _graphite(world: World, overrides: dict[str, float]) -> MineralMarket:
    assumptions = world.assumptions.with_overrides(overrides)
    return calibrate_mineral(world.tables, assumptions, HORIZONS["short"], "graphite", {}).market


def _differs(one: MineralMarket, other: MineralMarket) -> bool:
    return any(
        not np.array_equal(getattr(one.activities, field.name), getattr(other.activities, field.name))
        for field in fields(Activities)
    )


def test_a_file_of_a_package_that_takes_in_its_folder_counts_without_being_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "model"
    (package / "found").mkdir(parents=True)
    (package / "start.py").write_text("from model import found\n", encoding="utf-8")
    (package / "found" / "__init__.py").write_text("import pkgutil\n", encoding="utf-8")
    (package / "found" / "new.py").write_text("import model.helper\n", encoding="utf-8")
    (package / "helper.py").write_text("", encoding="utf-8")
    (package / "other.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(source, "PACKAGE", package)
    files = {path.relative_to(package).as_posix() for path in source.source_files("model.start")}
    assert files == {"start.py", "found/__init__.py", "found/new.py", "helper.py"}
