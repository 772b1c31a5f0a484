"""Any state solved again by the reference programme alone: Pyomo and HiGHS, no Newton, no interior point.

The programme of :mod:`model.equilibrium.proof.reference` is solved with coarse steps over every whole curve, then with
ever finer ones around its own duals. Duties that depend on prices are charged at the prices of the solve before; levies
are given, since a linear programme cannot choose them. What comes out is held against the state.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.equilibrium.charges import charges_at, gain
from model.equilibrium.feasibility import excuse_undeliverable
from model.equilibrium.proof.ladder import Ladder
from model.equilibrium.proof.reference import build, solve_with_pyomo
from model.equilibrium.solver import scale, scale_state
from model.equilibrium.tolerances import QUANTITY_UNIT
from model.market.records import NOWHERE, sum_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.equilibrium import Equilibrium
    from model.market.records import Floats
    from model.problem import Problem, State

WIDTHS = (0.04, 0.013, 0.0044, 0.0015, 5e-4, 2e-4, 5e-5)
"""Widths of the steps near the centre, solve after solve [price scale]."""
EDGES = np.concatenate([np.arange(1.0, 9.0), 8.0 * 1.9 ** np.arange(1, 9)])
"""Edges of the steps on either side of the centre: even near it, then growing until they span the curve."""
AGREES = 1e-3
"""Largest difference of a price [price scale] with which the reference agrees: some twenty of the last steps."""
TRADED = 1e-6
"""A node that trades less than this share of the quantity scale has no price that the programme fixes."""


@dataclass(frozen=True)
class Comparison:
    """One mineral's state beside the reference.

    ``price_difference`` is the largest at a node that trades, in units of the market's price scale;
    ``quantity_difference`` the largest of an activity, in units of its quantity scale.
    """

    mineral: str
    price_difference: float
    quantity_difference: float

    @property
    def agrees(self) -> bool:
        """Whether the reference finds the state's prices."""
        return self.price_difference <= AGREES


def against_reference(solved: Equilibrium) -> list[Comparison]:
    """Every mineral of a state against the reference programme.

    Raises:
        SolveError: when HiGHS does not prove a programme optimal.
    """
    return [_compare(state) for state in solved.states.values()]


def comparison_table(found: Iterable[Comparison]) -> pd.DataFrame:
    """Comparisons as a table, with the verdict."""
    return pd.DataFrame([asdict(each) | {"agrees": each.agrees} for each in found])


def _compare(state: State) -> Comparison:
    problem, own = scale(state.problem), scale_state(state)
    if problem.commitments:
        problem, _ = excuse_undeliverable(problem)
    price, quantity = _solved(problem, own.levy)
    nodes = len(problem.market.nodes)
    arrives = sum_by(
        np.where(problem.table.node_out == NOWHERE, nodes, problem.table.node_out), own.quantity, nodes + 1
    )
    trading = arrives[:nodes] > TRADED * QUANTITY_UNIT
    return Comparison(
        mineral=problem.market.mineral,
        price_difference=float(np.abs(price - own.price)[trading].max(initial=0.0)),
        quantity_difference=float(np.abs(quantity - own.quantity).max(initial=0.0)) / QUANTITY_UNIT,
    )


def _solved(problem: Problem, levy: Floats) -> tuple[Floats, Floats]:
    """Prices and quantities by the programme alone, from the market's start prices (or one, the price scale)."""
    market = problem.market
    price = np.ones(len(market.nodes)) if market.start_price is None else market.start_price / market.price_scale
    rent, quantity = np.zeros(len(problem.pools)), np.zeros(len(problem.table))
    ladder = Ladder(problem.table, EDGES, len(EDGES))
    nowhere = np.zeros(len(problem.table), dtype=bool)
    for width in WIDTHS:
        charges = charges_at(problem, price, rent, levy, quantity)
        steps = ladder.steps(gain(problem, price, charges), width, nowhere, charges.net)
        prices, rents, amounts = solve_with_pyomo(build(problem, steps))
        price, rent = np.zeros(len(price)), np.zeros(len(rent))
        price[list(prices)] = np.maximum(list(prices.values()), 0.0)
        rent[list(rents)] = np.maximum(list(rents.values()), 0.0)
        quantity = sum_by(steps.owner, np.array(amounts), len(problem.table))
    return price, quantity
