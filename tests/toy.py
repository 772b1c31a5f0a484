"""The market that can be solved by hand, every instrument and shock laid over it, and the programme that proves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from model.case import Case, market_of
from model.equilibrium import Solver, lay_over
from model.equilibrium.proof.linear import CompiledProgramme
from model.instruments import Agreement
from model.market.records import MineralMarket, Role
from model.shocks import Shock
from tests.formulation import CHAIN, FROM_ABROAD, PARTIES, PLACE, Formulation
from tests.of_instruments import OF

if TYPE_CHECKING:
    from model.equilibrium.proof.ladder import Steps
    from model.equilibrium.proof.linear import Solution
    from model.equilibrium.solver import State
    from model.problem import Problem

FORMULATIONS = {
    "market_clears": Formulation(30.0, case=CHAIN),
    "pool_limit": Formulation(24.0, {"quotas": [FROM_ABROAD | {"quantity": 5}]}),
    "export_ban": Formulation(
        29.0,
        shocks=({"kind": "export_ban", "exporter": "ABROAD", "importers": ["HOME", "PARTNER"]} | PLACE,),
        exporter_stock_price=15.0,
    ),
    "export_quota": Formulation(
        24.0,
        shocks=(
            {"kind": "export_quota", "exporter": "ABROAD", "importers": ["HOME", "PARTNER"], "quantity": 5} | PLACE,
        ),
        exporter_stock_price=15.0,
    ),
    "supply_loss": Formulation(26.0, shocks=({"kind": "supply_loss", "region": "ABROAD", "share": 0.9} | PLACE,)),
    "supply_surge": Formulation(17.0, shocks=({"kind": "supply_surge", "region": "PARTNER", "share": 3.0} | PLACE,)),
    "supply_cap": Formulation(25.0, shocks=({"kind": "supply_cap", "region": "ABROAD", "quantity": 4} | PLACE,)),
    "supply_cap-several_suppliers": Formulation(
        18.0, shocks=({"kind": "supply_cap", "region": "HOME", "quantity": 3} | PLACE,)
    ),
    "demand_change": Formulation(18.0, shocks=({"kind": "demand_change", "region": "HOME", "share": 0.5} | PLACE,)),
    "hoarding": Formulation(18.0, shocks=({"kind": "hoarding", "region": "HOME", "quantity": 4} | PLACE,)),
    "freight_change": Formulation(
        18.5,
        shocks=(
            {"kind": "freight_change", "exporters": ["ABROAD", "PARTNER"], "importers": ["HOME"], "share": 0.5} | PLACE,
        ),
    ),
    "freight_change-under_duty": Formulation(
        20.35,
        {"tariffs": [FROM_ABROAD | {"ad_valorem": 0.1}]},
        shocks=({"kind": "freight_change", "exporters": ["ABROAD"], "importers": ["HOME"], "share": 0.5} | PLACE,),
    ),
    "export_tax": Formulation(
        19.7, shocks=({"kind": "export_tax", "exporter": "ABROAD", "importers": ["HOME"], "rate": 0.1} | PLACE,)
    ),
} | {name: each for known in OF.values() for name, each in known.FORMULATIONS.items()}
"""Those of the market itself and of shocks, and each instrument's own."""


ON_SHIPPED = {"HOME": "USA", "PARTNER": "JPN", "ABROAD": "CHN", "m": "bismuth"}
"""Names of the toy market and what they become on the shipped one."""


def formulations(key: str) -> dict[str, Formulation]:
    """The formulations of an instrument or shock by name."""
    return {name: each for name, each in FORMULATIONS.items() if name.split("-")[0] == key}


def shipped(value: Any) -> Any:
    """Content of the toy market with names of the shipped one."""
    if isinstance(value, dict):
        return {key: shipped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shipped(item) for item in value]
    return ON_SHIPPED.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Proof:
    """A solved state and the last programme handed to HiGHS, which proved it."""

    state: State
    problem: Problem
    steps: Steps
    solution: Solution


def prove(problem: Problem) -> Proof:
    """Solve, keeping the proving programme."""
    calls: list[tuple[Problem, Steps, Solution]] = []
    solve = CompiledProgramme.solve

    def remembering(self: CompiledProgramme, problem: Problem, steps: Steps) -> Solution:
        solution = solve(self, problem, steps)
        calls.append((problem, steps, solution))
        return solution

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CompiledProgramme, "solve", remembering)
        state = Solver().solve(problem)
    return Proof(state, *calls[-1])


def toy_market(formulation: Formulation) -> MineralMarket:
    """The toy market in units in which the programme shows the numbers above."""
    market = market_of(Case.parse(formulation.case, "toy")).minerals["m"]
    table, nodes = market.activities, len(market.nodes)
    stock = formulation.exporter_stock_price
    return replace(
        market,
        price_scale=1.0,
        quantity_scale=1000.0,
        base_duty=np.where(table.role == Role.ROUTE, formulation.duty, 0.0),
        exporter_stock_price=None if stock is None else np.full(nodes, stock),
        exporter_stock_most=None if stock is None else np.full(nodes, np.inf),
    )


def toy_problem(name: str) -> Problem:
    """The toy market with one of ``FORMULATIONS`` laid over it."""
    formulation = FORMULATIONS[name]
    agreement = Agreement.parse(formulation.agreement, "agreement")
    shocks = [TypeAdapter(Shock).validate_python(shock) for shock in formulation.shocks]
    return lay_over(toy_market(formulation), PARTIES, agreement, shocks, {})


@cache
def toy_proof(name: str) -> Proof:
    """The solved toy market under one of ``FORMULATIONS``."""
    return prove(toy_problem(name))
