"""States solved again by the reference programme alone: it finds the same prices."""

from __future__ import annotations

import random
from typing import Any

import pytest

from model.equilibrium.comparison import AGREES, against_reference
from model.scenario import Scenario
from model.world import World

MINERALS = ("gallium", "lithium")
"""One market of a single stage and one of two: through Pyomo the second takes some ten seconds."""
EIGHT = Scenario().parties


def drawn(world: World, draw: random.Random, mineral: str) -> Scenario:
    """A random scenario: horizon, instrument and shock."""
    stage = world.stages[mineral][-1]
    place = {"mineral": mineral, "stage": stage}
    outsiders = [name for name in world.regions if name not in EIGHT]
    price = world.calibrated(mineral, Scenario(minerals=(mineral,))).market.price_scale
    border = place | {"importers": EIGHT, "exporters": outsiders}
    agreement: dict[str, Any] = draw.choice(
        [
            {},
            {"tariffs": [border | {"ad_valorem": draw.uniform(0.0, 0.5)}]},
            {"floors": [place | {"parties": EIGHT, "price": draw.uniform(0.8, 1.5) * price}]},
            {"floors": [place | {"parties": EIGHT, "price": draw.uniform(0.8, 1.5) * price, "mechanism": "cfd"}]},
            {"stockpiles": [place | {"party": "USA", "quantity": 100.0, "release_above": price}]},
        ]
    )
    shock = draw.choice([None, *world.library.for_mineral(mineral)])
    content = {
        "minerals": [mineral],
        "horizon": draw.choice(["short", "long"]),
        "agreement": agreement,
        "shocks": [] if shock is None else [{"name": shock}],
    }
    return Scenario.parse(content, "scenario")


@pytest.mark.slow
def test_a_random_sample_of_states_is_found_by_the_reference(world: World) -> None:
    draw = random.Random(2026)
    for mineral in MINERALS:
        scenario = drawn(world, draw, mineral)
        for found in against_reference(world.equilibrium(scenario)):
            assert found.agrees, (scenario.to_json(), found)


@pytest.mark.slow
def test_a_wrong_state_does_not_agree(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference charges what the instruments say, so a state without its tariff is found out."""
    place = {"mineral": "bismuth", "stage": world.stages["bismuth"][-1]}
    tariff = place | {"importers": ["JPN"], "exporters": ["CHN"], "ad_valorem": 0.5}
    scenario = Scenario.parse({"minerals": ["bismuth"], "agreement": {"tariffs": [tariff]}}, "scenario")
    right, wrong = world.equilibrium(scenario), world.equilibrium(scenario.without_agreement())
    assert [found.agrees for found in against_reference(right)] == [True]
    problem, state = right.states["bismuth"].problem, wrong.states["bismuth"]
    monkeypatch.setitem(wrong.states, "bismuth", type(state)(**{**vars(state), "problem": problem}))
    (found,) = against_reference(wrong)
    assert not found.agrees
    assert found.price_difference > AGREES
