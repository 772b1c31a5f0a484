"""The proof sees instruments: with any wedge broken by hand, the running product refuses rather than show a number."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.case import Case, market_of
from model.equilibrium import Equilibrium, Solver, lay_over, solve, solver
from model.equilibrium.conditions import System
from model.equilibrium.search import interior
from model.errors import SolveError
from model.instruments import KINDS, Floor, Mechanism
from model.scenario import Scenario
from model.world import World
from tests.broken import MARKET, Break, of_system
from tests.of_instruments import OF
from tests.shipped import WORLD, of_today

INSTRUMENTS = {name: {key: terms} for key, own in OF.items() for name, terms in getattr(own, "WEDGES", {}).items()}
"""Agreements of one instrument that charges something on a unit."""
BROKEN = {which: how for own in OF.values() for which, how in getattr(own, "BROKEN", {}).items()}
WITHOUT_WEDGE = {name: why for own in OF.values() for name, why in getattr(own, "WITHOUT_WEDGE", {}).items()}
"""Instruments and mechanisms that charge nothing on a unit, and why there is nothing to break."""


def solved(agreement: dict[str, Any]) -> Equilibrium:
    case = Case.parse(MARKET | {"agreement": agreement}, "case")
    return solve(market_of(case), case.parties, case.agreement, case.shocks, Solver())


def leads_nowhere(*_: object, **__: object) -> None:
    raise SolveError("no equilibrium found")


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_the_whole_wedge_is_proved(name: str) -> None:
    assert solved(INSTRUMENTS[name]).status()["converged"]


@pytest.mark.parametrize(("name", "how"), BROKEN)
def test_a_broken_wedge_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, how: str) -> None:
    BROKEN[name, how](monkeypatch)
    monkeypatch.setattr(solver, "refine_gradually", leads_nowhere)  # a search that is not broken finds what is right
    with pytest.raises(SolveError):
        solved(INSTRUMENTS[name])


def test_every_instrument_and_mechanism_is_broken_once_or_says_why_it_has_no_wedge() -> None:
    assert set(INSTRUMENTS) == {name for name, _ in BROKEN}
    for kind in KINDS:
        assert bool(kind.key in WITHOUT_WEDGE) != any(kind.key in terms for terms in INSTRUMENTS.values()), kind.key
    held = {Floor.parse(one, "floor").mechanism for terms in INSTRUMENTS.values() for one in terms.get("floors", ())}
    assert [one for one in Mechanism if (one in WITHOUT_WEDGE) == (one in held)] == []


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
    "specific tariff": of_system("charge", lambda charge: 0.5 * charge),
    "ad valorem tariff": of_system("on_price_in", lambda share: 1.0 + 0.5 * (share - 1.0) * (share > 1.0)),
    "export tax": of_system("charge", np.zeros_like),
    "levy": of_system("floor", lambda floor: 0.9 * floor),
    "CfD": of_system("producer_floor", lambda strike: 0.5 * strike),
    "TRQ": of_system("ad_valorem", lambda rate: 0.5 * rate),
}


@pytest.mark.slow
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
    """A floor on germanium that Newton does not reach in one go."""
    parties = ["USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR"]
    plain = Scenario(minerals=("germanium",), parties=tuple(parties))
    price = 1.3 * WORLD.outcome(plain).headline("germanium").price_status_quo_usd_per_t
    floor = {"mineral": "germanium", "stage": WORLD.stages["germanium"][-1], "parties": parties, "price": price}
    return of_today({"minerals": ["germanium"], "parties": parties, "agreement": {"floors": [floor]}})


def test_floors_raised_by_degrees_give_what_the_other_search_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = high_floor()
    problem = WORLD.problem("germanium", scenario)
    start = WORLD.solved("germanium", scenario.undisturbed()).state
    points = counted(monkeypatch, "refine_gradually")
    others = counted(monkeypatch, "find")
    gradual = Solver().solve(problem, start)
    assert (len(points), len(others)) == (1, 0)
    assert points[0].residual <= solver.TOLERANCE

    monkeypatch.setattr(solver, "refine_gradually", leads_nowhere)
    found = Solver().solve(problem, start)
    assert len(others) == 1
    np.testing.assert_allclose(gradual.price, found.price, rtol=1e-6)
    np.testing.assert_allclose(gradual.levy, found.levy, rtol=1e-6, atol=1e-6 * problem.market.price_scale)
