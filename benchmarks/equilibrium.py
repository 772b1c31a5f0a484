"""How long the equilibrium takes on the shipped data.

``python benchmarks/equilibrium.py [--quick] [--json PATH] [--against COMMIT]``. Every state is solved for the first
time when it is timed (no result is read from memory); markets are calibrated before, as they are while a lever moves.
Times are milliseconds of wall clock in one process.

=============================  =====================================================================================
key                            meaning
=============================  =====================================================================================
``one_state_ms``               one mineral, one state, after the floor moved, accounts included: median market
``one_state_ms_worst``         the same in the slowest market (its median); ``one_state_ms_slowest`` the slowest state
``one_mineral_ms``             one mineral under a floor and a TRQ in all its named shocks: median market
``one_mineral_ms_worst``       the same in the slowest market
``all_minerals_ms``            all minerals under a floor and a TRQ each, in all named shocks
``overhead_ratio``             time of the states after the floor moved, over the time of it spent inside HiGHS
``speedup_vs_rebuild``         building and solving a programme afresh in Pyomo, over solving it compiled: median market
``state_vs_rebuild``           the same, over the whole time of one state (prices found, programme proved, accounts)
``peak_mb``                    largest resident memory of the process
``ms_regions_N``               one state of a made-up market of N regions that all trade with each other
``ms_shocks_N``                N shocks of one mineral
``ms_steps_N``                 one state with N steps on every curve of the proving programme: mean of a few
``states``, ``failed_states``  states timed, and those without a proved equilibrium, named in ``failed``; their time
                               counts in sums over shocks only
=============================  =====================================================================================
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # more threads slow small solves; numpy reads this when it is imported

import argparse
import resource
import statistics
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import figures
import numpy as np

from model.case import Case, market_of
from model.equilibrium import SolvedMineral, Solver, lay_over, solve_problem
from model.equilibrium.proof.linear import CompiledProgramme, Solution
from model.equilibrium.proof.reference import build, solve_with_pyomo
from model.errors import SolveError
from model.instruments import Agreement, Duty, Floor, Trq
from model.scenario import Scenario
from model.shocks import NamedShock
from model.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from model.equilibrium.proof.ladder import Steps
    from model.problem import Problem

FLOOR_LEVELS = np.linspace(1.02, 1.30, 12)
"""Floors tried, as multiples of the price parties pay in the status quo."""
WARM_SOLVES = 5
AGREED_FLOOR = 1.10
TRQ_SHARE = 0.6
"""Quota as a share of what parties bought from non-parties in the base year."""
OVER_QUOTA_SHARE = 0.10
"""Over-quota duty as a share of value."""
SCALING_MINERAL = "antimony"
QUICK_MINERALS = ("titanium", "lithium")
QUICK_LEVELS = 2
REGION_COUNTS = (10, 20, 40)
SHOCK_COUNTS = (5, 10, 20)
EDGE_COUNTS = (3, 6, 12)
"""Edges on either side of a curve's centre; a curve then has two more steps than twice that."""
WIDEST_EDGE = 1600.0
MADE_UP_PRICE = 100.0


@dataclass
class Clock:
    """Times states and remembers which had no proved equilibrium."""

    world: World
    states: int = 0
    failed: list[str] = field(default_factory=list)

    def milliseconds(self, mineral: str, scenario: Scenario) -> tuple[float, SolvedMineral | None]:
        """Wall clock of one state solved for the first time, and the state where one was proved."""
        self.states += 1
        begin = perf_counter()
        try:
            solved = self.world.solved(mineral, scenario)
        except SolveError:
            self.failed.append(f"{mineral}: {scenario.name}")
            solved = None
        return (perf_counter() - begin) * 1e3, solved


@dataclass(frozen=True)
class Market:
    """What levers are set from: the stage that is used, the parties' status-quo price and imports."""

    mineral: str
    stage: str
    price_usd_per_t: float
    imports_t: float
    outsiders: tuple[str, ...]


def main(argv: list[str] | None = None) -> None:
    """Run everything, or both versions of it."""
    parser = argparse.ArgumentParser(description="Times of the equilibrium on the shipped data.")
    parser.add_argument("--quick", action="store_true", help="few markets and levels, to see that it runs")
    figures.run(__file__, parser, lambda asked: measure(World(), quick=asked.quick), argv)


def measure(world: World, *, quick: bool) -> dict[str, Any]:
    """All figures of the module's table."""
    clock = Clock(world)
    minerals = QUICK_MINERALS if quick else world.minerals
    levels = FLOOR_LEVELS[:QUICK_LEVELS] if quick else FLOOR_LEVELS
    scaled = market_of_mineral(world, QUICK_MINERALS[0] if quick else SCALING_MINERAL)
    markets = [market_of_mineral(world, mineral) for mineral in minerals]
    result: dict[str, Any] = {}
    result |= after_the_floor_moved(clock, markets, levels)
    result |= all_shocks(clock, markets)
    result |= {f"ms_regions_{count}": made_up_market_ms(count) for count in REGION_COUNTS}
    result |= {f"ms_shocks_{count}": shocks_ms(clock, scaled, count) for count in SHOCK_COUNTS}
    result |= {f"ms_steps_{2 * count + 2}": steps_ms(scaled, count) for count in EDGE_COUNTS}
    result |= {"peak_mb": peak_mb(), "minerals": len(markets), "states": clock.states}
    result |= {"failed_states": len(clock.failed), "failed": "; ".join(clock.failed)}
    return result


def market_of_mineral(world: World, mineral: str) -> Market:
    """Solve the status quo once, which calibrates the market and compiles its programme."""
    scenario = Scenario(minerals=(mineral,))
    headline = world.outcome(scenario).headline(mineral)
    stage = world.calibrated(mineral, scenario).base.stages[-1]
    is_party = np.isin(world.regions, scenario.parties)
    return Market(
        mineral=mineral,
        stage=stage.stage,
        price_usd_per_t=headline.price_status_quo_usd_per_t,
        imports_t=float(stage.flow_t[np.ix_(~is_party, is_party)].sum()),
        outsiders=tuple(name for name in world.regions if name not in scenario.parties),
    )


def with_floor(market: Market, level: float) -> Scenario:
    """All parties hold a floor by variable levy."""
    parties = Scenario().parties
    floor = Floor(parties=parties, mineral=market.mineral, stage=market.stage, price=level * market.price_usd_per_t)
    return Scenario(name=f"floor {level:.3f}", minerals=(market.mineral,), agreement=Agreement(floors=(floor,)))


def with_floor_and_trq(market: Market, level: float, shock: NamedShock) -> Scenario:
    """A floor and a tariff-rate quota on non-parties, under a shock."""
    scenario = with_floor(market, level)
    quota = Trq(
        importers=scenario.parties,
        exporters=market.outsiders,
        mineral=market.mineral,
        stage=market.stage,
        quantity=TRQ_SHARE * market.imports_t,
        over_quota=Duty(ad_valorem=OVER_QUOTA_SHARE),
    )
    agreement = scenario.agreement.model_copy(update={"trqs": (quota,)})
    name = f"{scenario.name}, TRQ, {shock.name}"
    return scenario.model_copy(update={"name": name, "agreement": agreement, "shocks": (shock,)})


def after_the_floor_moved(clock: Clock, markets: list[Market], levels: Iterable[float]) -> dict[str, float | None]:
    """Times of one state, what of it HiGHS takes, and how much longer building it in Pyomo would take."""
    medians: list[float] = []
    every: list[float] = []
    speedups: list[float] = []
    whole: list[float] = []
    inside = 0.0
    for market in markets:
        own: list[float] = []
        with recorded_programme() as programme:
            for level in levels:
                time_ms, solved = clock.milliseconds(market.mineral, with_floor(market, float(level)))
                if solved is not None:
                    own.append(time_ms)
                    inside += solved.state.highs_seconds * 1e3
            if own:
                afresh = rebuild_ms(*programme)
                speedups.append(afresh / compiled_ms(*programme))
                whole.append(afresh / statistics.median(own))
        every += own
        medians += [statistics.median(own)] if own else []
    return {
        "one_state_ms": _median(medians),
        "one_state_ms_worst": max(medians, default=None),
        "one_state_ms_slowest": max(every, default=None),
        "overhead_ratio": sum(every) / inside if inside else None,
        "speedup_vs_rebuild": _median(speedups),
        "state_vs_rebuild": _median(whole),
    }


@contextmanager
def recorded_programme() -> Iterator[list[Any]]:
    """Inside the block: problem and steps of the linear programme solved last."""
    last: list[Any] = []
    original = CompiledProgramme.solve

    def record(self: CompiledProgramme, problem: Problem, steps: Steps) -> Solution:
        last[:] = [problem, steps]
        return original(self, problem, steps)

    with patch.object(CompiledProgramme, "solve", record):
        yield last


def rebuild_ms(problem: Problem, steps: Steps) -> float:
    """Time to build one linear programme in Pyomo and solve it through Pyomo."""
    begin = perf_counter()
    solve_with_pyomo(build(problem, steps))
    return (perf_counter() - begin) * 1e3


def compiled_ms(problem: Problem, steps: Steps) -> float:
    """Time of one warm solve of the compiled programme, costs and bounds passed anew: median of a few."""
    programme = CompiledProgramme(problem, steps.owner)
    programme.solve(problem, steps)
    times = []
    for _ in range(WARM_SOLVES):
        begin = perf_counter()
        programme.solve(problem, steps)
        times.append((perf_counter() - begin) * 1e3)
    return statistics.median(times)


def all_shocks(clock: Clock, markets: list[Market]) -> dict[str, float | None]:
    """Times of each mineral, and of all one after another, under an agreement in all named shocks."""
    times = []
    for market in markets:
        names = clock.world.library.for_mineral(market.mineral)
        times.append(total_ms(clock, market, AGREED_FLOOR, [NamedShock(name=name) for name in names]))
    return {"one_mineral_ms": _median(times), "one_mineral_ms_worst": max(times), "all_minerals_ms": sum(times)}


def total_ms(clock: Clock, market: Market, level: float, shocks: Iterable[NamedShock]) -> float:
    """Time of one mineral under an agreement in several shocks, states without a proof included."""
    return sum(clock.milliseconds(market.mineral, with_floor_and_trq(market, level, shock))[0] for shock in shocks)


def shocks_ms(clock: Clock, market: Market, count: int) -> float:
    """Time of ``count`` shocks of one mineral: the library's, at severities no other measurement uses."""
    described = [clock.world.library.describe(name) for name in clock.world.library.for_mineral(market.mineral)]
    rounds = range(1 + count // len(described))
    shocks = [
        NamedShock(name=shock.id, severity=shock.severity * (0.9 - 1e-3 * turn))
        for turn in rounds
        for shock in described
    ]
    return total_ms(clock, market, AGREED_FLOOR + 1e-5 * count, shocks[:count])


def steps_ms(market: Market, edges: int) -> float:
    """Mean time of one state with a proving programme of more or fewer steps; its compilation is not counted."""
    with patch("model.equilibrium.solver.FINE", np.geomspace(1.0, WIDEST_EDGE, edges)):
        clock = Clock(World())
        times = [clock.milliseconds(market.mineral, with_floor(market, float(level)))[0] for level in FLOOR_LEVELS[:4]]
    return statistics.fmean(times[1:])


def made_up_market_ms(regions: int) -> float:
    """Mean time of one state, under a floor, of a market in which every region makes, uses and trades with all."""
    case = made_up_case(regions)
    (part,) = market_of(case).minerals.values()
    market = replace(part, start_price=np.full(len(part.nodes), MADE_UP_PRICE))
    solver = Solver()
    times = []
    for level in FLOOR_LEVELS[:4]:
        floors = tuple(floor.model_copy(update={"price": level * MADE_UP_PRICE}) for floor in case.agreement.of(Floor))
        begin = perf_counter()
        agreement = Agreement(floors=floors)
        solve_problem(lay_over(market, case.parties, agreement, (), {}), agreement, solver)
        times.append((perf_counter() - begin) * 1e3)
    return statistics.fmean(times[1:])


def made_up_case(regions: int) -> Case:
    """Regions of random size, every other one a party; congestion keeps every route in some use."""
    draw = np.random.default_rng(regions)
    names = [f"R{number}" for number in range(regions)]
    place = {"mineral": "m", "stage": "refined"}

    def curve(elasticity: float) -> dict[str, Any]:
        size = float(draw.uniform(10.0, 100.0))
        return {"kind": "isoelastic", "price": MADE_UP_PRICE, "quantity": size, "elasticity": elasticity}

    content = {
        "regions": [{"id": name, "party": number % 2 == 0} for number, name in enumerate(names)],
        "supply": [{"region": name, **place, "curve": curve(0.3)} for name in names],
        "demand": [
            {"region": name, **place, "curve": {**curve(-0.3), "choke_price": 100 * MADE_UP_PRICE}} for name in names
        ],
        "routes": [
            {**place, "from": one, "to": other, "cost": float(draw.uniform(1.0, 10.0)), "cost_slope": 5.0}
            for one in names
            for other in names
            if one != other
        ],
        "agreement": {"floors": [{"parties": names[::2], **place, "price": MADE_UP_PRICE}]},
    }
    return Case.parse(content, "made-up case")


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (2**20 if sys.platform == "darwin" else 2**10)


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


if __name__ == "__main__":
    main()
