"""A Pyomo programme compiled once to a HiGHS instance, so that switching red lines on and off does not build it again.

The Pyomo model is the definition; rows and columns here are its own, taken over by Pyomo's standard-form compiler.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from pyomo.core.expr import LinearExpression
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from model.errors import SolveError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyomo.environ as pyo

    from model.design.problem.request import DesignRequest
    from model.market.records import Floats


NOUGHT = 1e-12
"""Coefficients below this are rounding dust: a dollar for a million units."""
SHORT = 1e-6
"""A distance from the best objective, relative to it, that is none."""
FEASIBLE_POINT = 2
"""HiGHS's primal_solution_status of a point that meets all constraints."""


def linear(pairs: Iterable[tuple[float, Any]]) -> Any:
    """The sum of coefficient times variable."""
    kept = [(value, variable) for value, variable in pairs if abs(value) > NOUGHT]
    return LinearExpression(linear_coefs=[v for v, _ in kept], linear_vars=[x for _, x in kept]) if kept else 0.0


class NoAgreement(SolveError):
    """The red lines cannot hold together on any option."""


@dataclass(frozen=True)
class Solved:
    """Objective found, the bound that proves how good it is, and whether the gap asked for was reached."""

    objective: float
    bound: float
    is_proved: bool

    @property
    def gap(self) -> float:
        """Distance of objective and bound, relative to the objective."""
        return abs(self.bound - self.objective) / max(abs(self.objective), 1e-9)


class Programme:
    """One compiled programme, its objective to be made large."""

    def __init__(self, m: pyo.ConcreteModel, request: DesignRequest) -> None:
        info = LinearStandardFormCompiler().write(m, mixed_form=True, set_sense=None)
        self._request = request
        self._columns = info.columns
        self._column = {id(variable): number for number, variable in enumerate(info.columns)}
        self._row = {id(entry.constraint): number for number, entry in enumerate(info.rows)}
        self._rhs = np.asarray(info.rhs, dtype=float)
        self._kind = np.array([entry.bound_type for entry in info.rows], dtype=int)
        cost = info.c.toarray().ravel() if len(info.objectives) else np.zeros(len(info.columns))
        self._cost = cost
        self._offset = float(info.c_offset[0]) if len(info.objectives) else 0.0
        self._is_whole = np.array([variable.is_integer() for variable in self._columns], dtype=bool)
        self._highs = self._compile(info.A)
        self._values: Floats = np.zeros(len(self._columns))

    def _compile(self, matrix: Any) -> highspy.Highs:
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = matrix.shape
        bounds = [variable.bounds for variable in self._columns]
        lp.col_lower_ = np.array([-np.inf if low is None else low for low, _ in bounds])
        lp.col_upper_ = np.array([np.inf if high is None else high for _, high in bounds])
        lp.col_cost_ = self._cost
        lp.offset_ = self._offset
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.row_lower_ = np.where(self._kind <= 0, self._rhs, -np.inf)
        lp.row_upper_ = np.where(self._kind >= 0, self._rhs, np.inf)
        compressed = matrix.tocsc()
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = compressed.indptr
        lp.a_matrix_.index_ = compressed.indices
        lp.a_matrix_.value_ = compressed.data
        whole = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [whole[int(is_whole)] for is_whole in self._is_whole]
        highs = highspy.Highs()
        highs.silent()
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("mip_allow_restart", False)  # many options, few rows: branching is quicker than a new root
        highs.setOptionValue("random_seed", self._request.seed)
        highs.passModel(lp)
        return highs

    def solve(self, gap: float | None = None) -> Solved:
        """Solve to a gap (none = the request's).

        Raises:
            NoAgreement: when no option meets all limits.
            SolveError: when the time limit ends the search without any agreement.
        """
        self._highs.setOptionValue("mip_rel_gap", self._request.gap if gap is None else gap)
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + self._request.time_limit_s)
        self._highs.run()
        status, info = self._highs.getModelStatus(), self._highs.getInfo()
        if status in {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
            raise NoAgreement(IMPOSSIBLE)
        if info.primal_solution_status != FEASIBLE_POINT:
            raise SolveError(TOO_SLOW.format(self._request.time_limit_s))
        value = float(info.objective_function_value)
        bound = float(info.mip_dual_bound) if self._is_whole.any() else value
        self._values = np.array(self._highs.getSolution().col_value)
        return Solved(value, bound, status == highspy.HighsModelStatus.kOptimal)

    def settle(self, solved: Solved, charged: Iterable[tuple[float, Any]]) -> Solved:
        """Hold the whole choices, find the best there is with them, and among equals the least of a sum.

        A gap leaves money moved for no reason; here it is moved only where the objective or a limit needs it.
        """
        lp, count = self._highs.getLp(), len(self._columns)
        whole = np.flatnonzero(self._is_whole)
        chosen = np.round(self._values[whole])
        highs = highspy.Highs()
        highs.silent()
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("time_limit", self._request.time_limit_s)
        highs.passModel(lp)
        highs.changeColsIntegrality(len(whole), whole.astype(np.int32), np.zeros(len(whole), dtype=np.uint8))
        highs.changeColsBounds(len(whole), whole.astype(np.int32), chosen, chosen)
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return solved
        objective = float(highs.getInfo().objective_function_value)
        self._values = np.array(highs.getSolution().col_value)
        cost = np.array(lp.col_cost_)
        used = np.flatnonzero(cost)
        least = objective - lp.offset_ - SHORT * max(abs(objective), 1.0)
        highs.addRow(least, np.inf, len(used), used.astype(np.int32), cost[used])
        less = np.zeros(count)
        for value, variable in charged:
            if id(variable) in self._column:
                less[self._column[id(variable)]] = -value
        highs.changeColsCost(count, np.arange(count, dtype=np.int32), less)
        highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            self._values = np.array(highs.getSolution().col_value)
        return replace(solved, objective=objective, bound=max(solved.bound, objective))

    def load(self) -> None:
        """Write the solution into the Pyomo variables."""
        for variable, value in zip(self._columns, self._values.tolist(), strict=True):
            variable.set_value(value, skip_validation=True)

    def value(self, variable: Any) -> float:
        """A variable's value in the solution."""
        return float(self._values[self._column[id(variable)]])

    def switch(self, constraints: Iterable[tuple[Any, bool]]) -> None:
        """Enforce constraints or not."""
        for constraint, is_on in constraints:
            row = self._row.get(id(constraint))
            if row is None:
                continue
            low = self._rhs[row] if is_on and self._kind[row] <= 0 else -np.inf
            high = self._rhs[row] if is_on and self._kind[row] >= 0 else np.inf
            self._highs.changeRowBounds(row, float(low), float(high))

    def at_least(self, constraint: Any, least: float) -> None:
        """Set the right-hand side of a ``>=`` constraint."""
        row = self._row[id(constraint)]
        self._highs.changeRowBounds(row, least, np.inf)

    def allow(self, variable: Any, low: float, high: float) -> None:
        """Set a variable's bounds."""
        if id(variable) in self._column:
            self._highs.changeColBounds(self._column[id(variable)], low, high)

    def minimise(self, pairs: Iterable[tuple[float, Any]] | None) -> None:
        """Make a sum of coefficient times variable the objective, to be made small; None brings the own one back."""
        count = len(self._columns)
        cost = self._cost.copy() if pairs is None else np.zeros(count)
        for value, variable in pairs or ():
            cost[self._column[id(variable)]] = -value
        self._highs.changeColsCost(count, np.arange(count, dtype=np.int32), cost)
        self._highs.changeObjectiveOffset(self._offset if pairs is None else 0.0)


IMPOSSIBLE = "no agreement on the menu meets all red lines and participation"
TOO_SLOW = (
    "the time limit of {:g} s ended the choice before any agreement was found; raise time_limit_s or shorten the menu"
)
