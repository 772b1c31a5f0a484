"""What becomes of many markets and many states.

``python benchmarks/sweep.py [--markets N] [--seed S] [--states N] [--workers W] [--failures DIR] [--json PATH]
[--against COMMIT]``.

Generated markets are solved as case files are and each result is held against every condition of the case format by a
check that shares nothing with the engine (``tests/independent``). A refusal is right where fixed use cannot be served
or a floor buys without end; else a second solver says whether there was an equilibrium. Shipped states draw mineral,
horizon, level and mechanism of the floor, a tariff-rate quota and a named shock; none is an exporter's answer, which is
a search over tens of states.

================================  ==================================================================================
key                               meaning
================================  ==================================================================================
``markets``                       generated markets tried
``right``, ``wrong``              results, by the independent check
``rightly_refused``               refused, and no equilibrium exists
``refused_though_solvable``       refused, but the second solver's equilibrium passes the check
``refused_not_decided``           refused, and the second solver finds none either
``crashed``, ``took_too_long``    markets that ended in a traceback or had no answer within the limit
``slowest_s``, ``slow``           processor time of the slowest market; markets that took longer than two seconds
``states``                        shipped states tried
``states_refused``                of them refused with a message
``states_crashed``                of them ended in a traceback
``states_slowest_s``              processor time of the slowest state
``states_slow``                   states that took longer than a second, named in ``slow_states``
``wrong_markets`` and so on       numbers of the markets of each kind of failure; ``refusals`` of states in words
================================  ==================================================================================
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # workers share the cores; numpy reads this when it is imported

import argparse
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Any

import figures

sys.path.append(str(figures.ROOT))  # the check is no part of the installed code

from model.errors import AccordError
from model.instruments import Agreement, Duty, Floor, Mechanism, Trq
from model.scenario import Scenario
from model.shocks import NamedShock
from model.world import World
from tests.independent.generate import market
from tests.independent.judge import CRASHED, ENDLESS, RIGHT, RIGHTLY_REFUSED, SOLVABLE, UNDECIDED, WRONG, Verdict, judge

KINDS = (RIGHT, WRONG, RIGHTLY_REFUSED, SOLVABLE, UNDECIDED, CRASHED, ENDLESS)
KEYS = {kind: kind.replace(",", "").replace(" ", "_") for kind in KINDS}
HIGHEST_LEVEL = 3.0
"""Floor at the slider's end, as a multiple of the status-quo price."""
LONG_MARKET_S = 2.0
LONG_STATE_S = 1.0


@dataclass(frozen=True)
class StateOutcome:
    """What became of one shipped state."""

    name: str
    seconds: float
    refused: str = ""
    crashed: str = ""


def main(argv: list[str] | None = None) -> None:
    """Run what is asked for, or both versions of it."""
    parser = argparse.ArgumentParser(description="Generated markets and shipped states, each held against a check.")
    parser.add_argument("--markets", type=int, default=0, help="generated markets to solve")
    parser.add_argument("--states", type=int, default=0, help="shipped states to solve")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--failures", type=Path, help="folder for the case files that fail")
    figures.run(__file__, parser, measure, argv)


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """What the module's table says, of markets and states as far as they are asked for."""
    result: dict[str, Any] = {"seed": asked.seed}
    with get_context("spawn").Pool(asked.workers) as pool:
        if asked.markets:
            verdicts = pool.map(partial(of_market, seed=asked.seed), range(asked.markets), chunksize=5)
            result |= of_markets(verdicts)
            if asked.failures is not None:
                keep(verdicts, asked.seed, asked.failures)
        if asked.states:
            states = pool.map(partial(of_state, seed=asked.seed), range(asked.states), chunksize=5)
            result |= of_states(states)
    return result


def of_market(number: int, seed: int) -> Verdict:
    """What becomes of one generated market."""
    return judge(market(number, seed))


def of_markets(verdicts: list[Verdict]) -> dict[str, Any]:
    """Counts by kind, times, and the numbers of the markets that fail."""
    count = Counter(verdict.kind for verdict in verdicts)
    result: dict[str, Any] = {"markets": len(verdicts)} | {KEYS[kind]: count[kind] for kind in KINDS}
    result["slowest_s"] = round(max(verdict.seconds for verdict in verdicts), 2)
    result["slow"] = sum(verdict.seconds > LONG_MARKET_S for verdict in verdicts)
    for kind in KINDS[1:]:
        numbers = [str(number) for number, verdict in enumerate(verdicts) if verdict.kind == kind]
        result[f"{KEYS[kind]}_markets"] = " ".join(numbers)
    return result


def keep(verdicts: list[Verdict], seed: int, folder: Path) -> None:
    """Write each market that fails, and beside it what is wrong with its result."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, verdict in enumerate(verdicts):
        if verdict.kind not in {RIGHT, RIGHTLY_REFUSED}:
            name = f"{KEYS[verdict.kind]}-{seed}-{number}"
            (folder / f"{name}.json").write_text(json.dumps(market(number, seed), indent=1), encoding="utf-8")
            (folder / f"{name}.txt").write_text("\n".join(verdict.words) + "\n", encoding="utf-8")


@cache
def world() -> World:
    """One world per worker; results of one state never change those of another."""
    return World()


@cache
def status_quo_price(mineral: str, horizon: str) -> float:
    """Price that parties pay without an agreement [USD/t]."""
    scenario = Scenario.model_validate({"minerals": (mineral,), "horizon": horizon})
    return world().outcome(scenario).headline(mineral).price_status_quo_usd_per_t


def state(number: int, seed: int) -> Scenario:
    """State ``number`` of a seed."""
    draw = random.Random(f"state {seed} {number}")
    mineral, horizon = draw.choice(world().minerals), draw.choice(["short", "long"])
    level, mechanism = draw.uniform(0.6, HIGHEST_LEVEL), draw.choice(list(Mechanism))
    stage = world().stages[mineral][-1]
    scenario = Scenario.model_validate({"minerals": (mineral,), "horizon": horizon})
    parties = scenario.parties
    base = status_quo_price(mineral, horizon)
    budget = draw.choice([None, 1e7, 1e8]) if mechanism is Mechanism.BUFFER_STOCK else None
    floor = Floor(parties=parties, mineral=mineral, stage=stage, price=level * base, mechanism=mechanism, budget=budget)
    trqs: tuple[Trq, ...] = ()
    share = draw.choice([None, 0.0, 0.3, 0.9])
    if share is not None:
        flow = world().calibrated(mineral, scenario).base.stages[-1].flow_t
        inside = [region in parties for region in world().regions]
        outsiders = tuple(region for region in world().regions if region not in parties)
        imports = float(flow[[not own for own in inside]][:, inside].sum())
        over = Duty(ad_valorem=draw.choice([0.1, 0.5]), specific=draw.choice([0.0, 0.2 * base]))
        quota = Trq(
            importers=parties,
            exporters=outsiders,
            mineral=mineral,
            stage=stage,
            quantity=share * imports,
            over_quota=over,
        )
        trqs = (quota,)
    names = [None, *(name for name in world().library.for_mineral(mineral) if name not in world().library.answers)]
    shock = draw.choice(names)
    shocks = () if shock is None else (NamedShock(name=shock),)
    name = f"{mineral}, {horizon}, {mechanism} at {level:.2f}, TRQ {share}, {shock}, budget {budget}"
    agreement = Agreement(floors=(floor,), trqs=trqs)
    return scenario.model_copy(update={"name": name, "agreement": agreement, "shocks": shocks})


def of_state(number: int, seed: int) -> StateOutcome:
    """What becomes of one shipped state, its calibration and status quo found before."""
    scenario = state(number, seed)
    begin = process_time()
    try:
        world().solved(scenario.minerals[0], scenario)
    except AccordError as error:
        return StateOutcome(scenario.name, process_time() - begin, refused=str(error))
    except Exception as error:
        return StateOutcome(scenario.name, process_time() - begin, crashed=f"{type(error).__name__}: {error}")
    return StateOutcome(scenario.name, process_time() - begin)


def of_states(states: list[StateOutcome]) -> dict[str, Any]:
    """Counts, times, and what was refused in words."""
    return {
        "states": len(states),
        "states_refused": sum(bool(own.refused) for own in states),
        "states_crashed": sum(bool(own.crashed) for own in states),
        "states_slowest_s": round(max(own.seconds for own in states), 2),
        "states_slow": sum(own.seconds > LONG_STATE_S for own in states),
        "refusals": "; ".join(
            f"{own.name}: {own.refused or own.crashed}" for own in states if own.refused or own.crashed
        ),
        "slow_states": "; ".join(f"{own.name}: {own.seconds:.1f} s" for own in states if own.seconds > LONG_STATE_S),
    }


if __name__ == "__main__":
    main()
