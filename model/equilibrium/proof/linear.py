"""The linear programme of :mod:`model.equilibrium.proof.reference`, compiled to a HiGHS instance that stays warm.

Rows and columns are those of the Pyomo model. A re-solve passes only costs and bounds of the same columns; the last
basis starts the simplex. What was solved before changes the speed of an answer, never the answer: the solution at the
centre of the steps is unique.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import highspy
import numpy as np
from scipy import sparse

from model.errors import SolveError
from model.market.records import NOWHERE, sum_by

if TYPE_CHECKING:
    from model.equilibrium.proof.ladder import Steps
    from model.market.records import Floats, Integers
    from model.problem import Problem


@dataclass(frozen=True)
class Solution:
    """Node prices, pool rents, quantity of every activity, objective, and seconds spent inside HiGHS (all scaled)."""

    price: Floats
    rent: Floats
    quantity: Floats
    objective: float
    seconds: float


class CompiledProgramme:
    """One HiGHS instance for problems that share rows and columns."""

    def __init__(self, problem: Problem, owner: Integers) -> None:
        self._owner = owner
        self._activities = len(problem.table)
        self._nodes = len(problem.market.nodes)
        matrix = _matrix(problem, owner)
        self._columns = np.arange(matrix.shape[1], dtype=np.int32)
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = matrix.shape
        lp.col_cost_ = np.zeros(matrix.shape[1])
        lp.col_lower_ = np.zeros(matrix.shape[1])
        lp.col_upper_ = np.zeros(matrix.shape[1])
        lp.row_lower_ = np.concatenate([np.zeros(self._nodes), np.full(len(problem.pools), -np.inf)])
        lp.row_upper_ = np.concatenate([np.full(self._nodes, np.inf), [pool.limit for pool in problem.pools]])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = matrix.indptr
        lp.a_matrix_.index_ = matrix.indices
        lp.a_matrix_.value_ = matrix.data
        self._highs = highspy.Highs()
        self._highs.silent()
        for option, value in OPTIONS.items():
            self._highs.setOptionValue(option, value)
        self._highs.passModel(lp)

    def solve(self, problem: Problem, steps: Steps) -> Solution:
        """Solve with the given costs and bounds.

        Raises:
            SolveError: when HiGHS proves the programme infeasible or unbounded, or stops without a proof.
        """
        count = len(self._columns)
        begin = perf_counter()
        self._highs.changeColsCost(count, self._columns, steps.cost)
        self._highs.changeColsBounds(count, self._columns, steps.lower, steps.upper)
        for row, pool in enumerate(problem.pools, start=self._nodes):
            self._highs.changeRowBounds(row, -np.inf, pool.limit)
        self._highs.run()
        if self._highs.getModelStatus() == highspy.HighsModelStatus.kUnknown:  # lost between numbers far apart
            self._highs.clearSolver()
            self._highs.setOptionValue("simplex_strategy", PRIMAL)
            self._highs.run()
            self._highs.setOptionValue("simplex_strategy", DUAL)
        seconds = perf_counter() - begin
        status = self._highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolveError(
                _STATUS.get(status, f"HiGHS stopped without a proof ({self._highs.modelStatusToString(status)})")
            )
        solution = self._highs.getSolution()
        dual = np.array(solution.row_dual)
        quantity = sum_by(self._owner, np.array(solution.col_value), self._activities)
        objective = self._highs.getInfo().objective_function_value
        return Solution(dual[: self._nodes], -dual[self._nodes :], quantity, objective, seconds)


DUAL, PRIMAL = 1, 4
"""HiGHS's numbers of the two simplex methods."""
OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "presolve": "off",
    "solver": "simplex",
    "threads": 1,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}
"""HiGHS options of every solve; they stand in snapshots, since they belong to a result's identity."""

_STATUS = {
    highspy.HighsModelStatus.kInfeasible: "no quantities clear the market: some fixed demand cannot be served",
    highspy.HighsModelStatus.kUnbounded: "the market has no bound: some demand pays for more than can ever be limited",
}


def _matrix(problem: Problem, owner: Integers) -> sparse.csc_matrix:
    """Rows: nodes, then pools. Columns: steps."""
    t = problem.table
    nodes = len(problem.market.nodes)
    count = len(t)
    rows, columns, values = [], [], []
    for ends, weight in ((t.node_out, np.ones(count)), (t.node_in, -t.ratio)):
        there = np.flatnonzero((ends != NOWHERE) & (weight != 0))
        rows.append(ends[there])
        columns.append(there)
        values.append(weight[there])
    for position, pool in enumerate(problem.pools):
        rows.append(np.full(len(pool.members), nodes + position))
        columns.append(pool.members)
        values.append(pool.weight)
    shape = (nodes + len(problem.pools), count)
    per_activity = sparse.coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape
    )
    return per_activity.tocsc()[:, owner]
