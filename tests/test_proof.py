"""The proof sees instruments: with any wedge broken by hand, the running product refuses rather than show a number."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.case import Case, market_of
from model.equilibrium import Equilibrium, Solver, lay_over, solve, solver
from model.equilibrium.conditions import Point, System
from model.equilibrium.search import interior
from model.equilibrium.search.complementarity import Complementarity
from model.errors import SolveError
from model.instruments import KINDS
from model.scenario import Scenario
from model.world import World
from tests.shipped import WORLD

Break = Callable[[pytest.MonkeyPatch], None]

PLACE = {"mineral": "m", "stage": "refined"}
BORDER = PLACE | {"importers": ["HOME"], "exporters": ["ABROAD"]}
MARKET: dict[str, Any] = {
    "regions": [{"id": "HOME", "party": True}, {"id": "ABROAD"}],
    "supply": [
        PLACE | {"region": "HOME", "curve": {"kind": "linear", "price_at_zero": 4.0, "slope": 2.0}},
        PLACE | {"region": "ABROAD", "curve": {"kind": "linear", "price_at_zero": 2.0, "slope": 1.0}},
    ],
    "demand": [PLACE | {"region": "HOME", "curve": {"kind": "linear", "price_at_zero": 40.0, "slope": 1.0}}],
    "routes": [PLACE | {"from": "ABROAD", "to": "HOME", "cost": 1.0, "cost_slope": 0.1}],
}
INSTRUMENTS: dict[str, dict[str, Any]] = {
    "specific tariff": {"tariffs": [BORDER | {"specific": 4.0}]},
    "ad valorem tariff": {"tariffs": [BORDER | {"ad_valorem": 0.3}]},
    "greater_of": {"tariffs": [BORDER | {"specific": 1.0, "ad_valorem": 0.3, "greater_of": True}]},
    "export tax": {"export_taxes": [PLACE | {"exporter": "ABROAD", "importers": ["HOME"], "specific": 4.0}]},
    "levy": {"floors": [PLACE | {"parties": ["HOME"], "price": 22.0}]},
    "CfD": {"floors": [PLACE | {"parties": ["HOME"], "price": 25.0, "mechanism": "cfd"}]},
    "quota": {"quotas": [BORDER | {"quantity": 8.0}]},
    "TRQ": {"trqs": [BORDER | {"quantity": 8.0, "over_quota": {"specific": 3.0}}]},
}


def solved(agreement: dict[str, Any]) -> Equilibrium:
    case = Case.parse(MARKET | {"agreement": agreement}, "case")
    return solve(market_of(case), case.parties, case.agreement, case.shocks, Solver())


def _attribute(name: str, change: Callable[[Any], Any]) -> Break:
    """Break what the search knows of an instrument, right after it was read."""

    def breaks(patch: pytest.MonkeyPatch) -> None:
        made = System.__init__

        def broken(self: System, *arguments: Any) -> None:
            made(self, *arguments)
            setattr(self, name, change(getattr(self, name)))

        patch.setattr(System, "__init__", broken)

    return breaks


def _conditions(change: Callable[[Complementarity], None]) -> Break:
    """Break what the interior-point method solves, right after it was set up."""

    def breaks(patch: pytest.MonkeyPatch) -> None:
        made = Complementarity.__init__

        def broken(self: Complementarity, *arguments: Any) -> None:
            made(self, *arguments)
            change(self)

        patch.setattr(Complementarity, "__init__", broken)

    return breaks


def _halve_strikes(conditions: Complementarity) -> None:
    conditions.constant[conditions.at.beyond] *= 0.5


def _found(change: Callable[[Point], Point]) -> Break:
    """Break the point that the search hands to the proof."""

    def breaks(patch: pytest.MonkeyPatch) -> None:
        find = interior.find
        patch.setattr(solver, "find", lambda *asked: change(find(*asked)))

    return breaks


BROKEN: dict[tuple[str, str], Break] = {
    ("specific tariff", "halved"): _attribute("charge", lambda charge: 0.5 * charge),
    ("ad valorem tariff", "halved"): _attribute("on_price_in", lambda share: 1.0 + 0.5 * (share - 1.0) * (share > 1.0)),
    ("greater_of", "forgotten"): _attribute("greater", lambda _: []),
    ("export tax", "ignored"): _attribute("charge", np.zeros_like),
    ("export tax", "turned round"): _attribute("charge", np.negative),
    ("levy", "turned round"): _found(lambda point: replace(point, levy=-point.levy)),
    ("levy", "halved"): _found(lambda point: replace(point, levy=0.5 * point.levy)),
    ("levy", "holds another floor"): _attribute("floor", lambda floor: 0.9 * floor),
    ("CfD", "half paid"): _conditions(_halve_strikes),
    ("quota", "rent halved"): _found(lambda point: replace(point, rent=0.5 * point.rent)),
    ("TRQ", "rent halved"): _found(lambda point: replace(point, rent=0.5 * point.rent)),
    ("TRQ", "over-quota rate halved"): _attribute("charge", lambda charge: 0.5 * charge),
    ("TRQ", "over-quota part lost"): _found(
        lambda point: replace(point, quantity=np.where(np.arange(len(point.quantity)) == 4, 0.0, point.quantity))
    ),
}


WITHOUT_WEDGE = {
    "offtakes": "a bound on a route, which the programme has itself",
    "stockpiles": "a step of supply, which the programme has itself",
    "zero_for_zero": "takes charges away and adds none",
}
"""Instruments that charge nothing on a unit, and why there is nothing to break."""


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_the_whole_wedge_is_proved(name: str) -> None:
    assert solved(INSTRUMENTS[name]).status()["converged"]


@pytest.mark.parametrize(("name", "how"), BROKEN)
def test_a_broken_wedge_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, how: str) -> None:
    BROKEN[name, how](monkeypatch)
    with pytest.raises(SolveError):
        solved(INSTRUMENTS[name])


def test_every_instrument_with_a_wedge_is_broken_once() -> None:
    charged = {key for name, _ in BROKEN for key in INSTRUMENTS[name]}
    assert charged | WITHOUT_WEDGE.keys() == {kind.key for kind in KINDS}
    assert charged.isdisjoint(WITHOUT_WEDGE)


SHIPPED = {"mineral": "tungsten", "stage": "refined"}
EIGHT = Scenario().parties
SHIPPED_BORDER = SHIPPED | {"importers": EIGHT, "exporters": ["CHN", "VNM"]}
SHIPPED_TERMS: dict[str, dict[str, Any]] = {
    "specific tariff": {"tariffs": [SHIPPED_BORDER | {"specific": 5000.0}]},
    "ad valorem tariff": {"tariffs": [SHIPPED_BORDER | {"ad_valorem": 0.3}]},
    "export tax": {"export_taxes": [SHIPPED | {"exporter": "CHN", "importers": EIGHT, "specific": 5000.0}]},
    "levy": {"floors": [SHIPPED | {"parties": EIGHT, "price": 60000.0}]},
    "CfD": {"floors": [SHIPPED | {"parties": EIGHT, "price": 60000.0, "mechanism": "cfd"}]},
    "TRQ": {"trqs": [SHIPPED_BORDER | {"quantity": 1500.0, "over_quota": {"ad_valorem": 0.25}}]},
}
NEWTON_BROKEN: dict[str, Break] = {
    "specific tariff": _attribute("charge", lambda charge: 0.5 * charge),
    "ad valorem tariff": _attribute("on_price_in", lambda share: 1.0 + 0.5 * (share - 1.0) * (share > 1.0)),
    "export tax": _attribute("charge", np.zeros_like),
    "levy": _attribute("floor", lambda floor: 0.9 * floor),
    "CfD": _attribute("producer_floor", lambda strike: 0.5 * strike),
    "TRQ": _attribute("ad_valorem", lambda rate: 0.5 * rate),
}


@pytest.mark.parametrize("name", SHIPPED_TERMS)
def test_a_wedge_broken_in_newton_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """On a shipped market: refused, or found right by the other search; never the broken number."""
    scenario = Scenario.parse({"minerals": ["tungsten"], "agreement": SHIPPED_TERMS[name]}, "scenario")
    right = WORLD.solved("tungsten", scenario).state
    NEWTON_BROKEN[name](monkeypatch)
    others = counted(monkeypatch, "find")
    with contextlib.suppress(SolveError):
        found = World().solved("tungsten", scenario).state
        np.testing.assert_allclose(found.price, right.price, rtol=1e-6)
        assert others, "the break had no effect"


def test_a_proof_that_sees_nothing_is_seen() -> None:
    """A point that is no equilibrium is not confirmed, whatever is wrong with it."""
    case = Case.parse(MARKET | {"agreement": INSTRUMENTS["TRQ"]}, "case")
    problem = market_of(case).minerals["m"]
    system = System(solver.scale(lay_over(problem, case.parties, case.agreement, (), {})))
    point = interior.find(system, np.ones(system.nodes))
    running = Solver()
    assert running._prove(system, point).price_error <= solver.LARGEST_PRICE_ERROR
    for wrong in (
        replace(point, price=1.01 * point.price),
        replace(point, quantity=1.01 * point.quantity),
        replace(point, rent=1.01 * point.rent),
    ):
        with pytest.raises(SolveError):
            running._prove(system, wrong)


# --- the ways a solve takes only now and then ---


def counted(patch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """The results of every call of one of the solver's functions from here on."""
    results: list[Any] = []
    plain = getattr(solver, name)

    def counting(*arguments: Any, **named: Any) -> Any:
        result = plain(*arguments, **named)
        results.append(result)
        return result

    patch.setattr(solver, name, counting)
    return results


def high_floor() -> Scenario:
    """A floor on yttrium that Newton does not reach in one go."""
    parties = ["USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR"]
    plain = Scenario(minerals=("yttrium",), parties=tuple(parties))
    price = 1.3 * WORLD.outcome(plain).headline("yttrium").price_status_quo_usd_per_t
    floor = {"mineral": "yttrium", "stage": WORLD.stages["yttrium"][-1], "parties": parties, "price": price}
    return Scenario.parse({"minerals": ["yttrium"], "parties": parties, "agreement": {"floors": [floor]}}, "scenario")


def test_floors_raised_by_degrees_give_what_the_other_search_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = high_floor()
    problem = WORLD.problem("yttrium", scenario)
    start = WORLD.solved("yttrium", scenario.status_quo()).state
    points = counted(monkeypatch, "refine_gradually")
    others = counted(monkeypatch, "find")
    found = Solver().solve(problem, start)
    assert (len(points), len(others)) == (0, 1)

    def leads_nowhere(*_: object) -> Point:
        raise SolveError("no equilibrium found")

    monkeypatch.setattr(solver, "find", leads_nowhere)
    gradual = Solver().solve(problem, start)
    assert len(points) == 1
    assert points[0].residual <= solver.TOLERANCE
    np.testing.assert_allclose(gradual.price, found.price, rtol=1e-6)
    np.testing.assert_allclose(gradual.levy, found.levy, rtol=1e-6, atol=1e-6 * problem.market.price_scale)
