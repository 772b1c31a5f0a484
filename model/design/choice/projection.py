r"""A programme solved in two stages: whole choices first, then what carries them out (Benders 1962).

Most columns of a choice in which hedges count are volumes of contracts under packages that are not agreed. The first
stage leaves volumes out, with all rows they stand in. Once it has chosen, the second stage is a small linear programme
over the chosen packages. Its duals :math:`y` weigh the rows left out to one cut, valid for every choice, since a volume
:math:`v \le z` adds at most its own weight if positive:

.. math:: \eta + y^\top A_x x + \sum_v \max(0, -y^\top A_v)\,(-z_v) \le y^\top b

with :math:`\eta \le 0` the charge on volumes. Where a choice cannot be carried out, its shortfall is made good at a
price, and the cut leaves :math:`\eta` out. The stages alternate until the first one's bound meets the best choice that
was carried out. J. F. Benders, Partitioning procedures for solving mixed-variables programming problems, Numerische
Mathematik 4 (1962) 238-252.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from scipy.sparse import csr_matrix, hstack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.market.records import Floats

    Positions = NDArray[np.intp]

FIRST_PRICE = 10.0
"""Price of a shortfall in units of the objective; ten times as much when a choice comes back."""
DEAREST = 1e6
"""No higher price is tried."""
SHORT = 1e-6
"""A shortfall, or a distance of objective and bound, that is none."""
EXACT = 1e-9
"""Relative slack of a cut, for rounding."""
DUST = 1e-10
"""Coefficients of a cut below this are left out."""
FIRST_STAGE_GAP = 0.5
"""Share of the gap asked for that the first stage may leave open."""
ROUGH = 0.1
"""Share of the distance still open, or of the bound at first, that the first stage may leave while it is far off."""
FEASIBLE_POINT = 2
"""HiGHS's primal_solution_status of a point that meets all constraints."""
IMPOSSIBLE = {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}


@dataclass(frozen=True)
class Columns:
    """Columns left to the second stage: volumes with the choice they need and the row ``volume <= choice``; accounts.

    ``start`` are the choices to begin with, one by one.
    """

    volume: Positions
    choice: Positions
    link: Positions
    account: Positions
    start: Positions


@dataclass(frozen=True)
class Reached:
    """The best choice that was carried out, with a value for every column; the objective is to be made large."""

    values: Floats
    objective: float
    bound: float


@dataclass(frozen=True)
class Whole:
    """The programme as it stands, to be made large: ``row_low <= matrix @ x <= row_high``."""

    matrix: csr_matrix
    low: Floats
    high: Floats
    row_low: Floats
    row_high: Floats
    cost: Floats
    is_whole: NDArray[np.bool_]

    @classmethod
    def of(cls, lp: highspy.HighsLp, is_whole: NDArray[np.bool_]) -> Whole:
        """From HiGHS's own records."""
        shape = (lp.num_col_, lp.num_row_)
        by_column = csr_matrix((lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_), shape=shape)
        rows = np.array(lp.row_lower_), np.array(lp.row_upper_)
        columns = np.array(lp.col_lower_), np.array(lp.col_upper_)
        return cls(csr_matrix(by_column.T), *columns, *rows, np.array(lp.col_cost_), is_whole)

    def part(self, rows: Positions, columns: Positions) -> Whole:
        """Some rows and columns."""
        return Whole(
            csr_matrix(self.matrix[rows][:, columns]),
            self.low[columns],
            self.high[columns],
            self.row_low[rows],
            self.row_high[rows],
            self.cost[columns],
            self.is_whole[columns],
        )

    def with_columns(self, matrix: Any, cost: float, low: float, high: float) -> Whole:
        """More columns, all with the same cost and bounds."""
        count = matrix.shape[1]
        return Whole(
            csr_matrix(hstack([self.matrix, matrix])),
            np.append(self.low, np.full(count, low)),
            np.append(self.high, np.full(count, high)),
            self.row_low,
            self.row_high,
            np.append(self.cost, np.full(count, cost)),
            np.append(self.is_whole, np.zeros(count, dtype=bool)),
        )

    def highs(self, seed: int) -> highspy.Highs:
        """As a HiGHS instance."""
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = self.matrix.shape
        lp.col_lower_, lp.col_upper_, lp.col_cost_ = self.low, self.high, self.cost
        lp.row_lower_, lp.row_upper_ = self.row_low, self.row_high
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = self.matrix.indptr, self.matrix.indices
        lp.a_matrix_.value_ = self.matrix.data
        if self.is_whole.any():
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(each)] for each in self.is_whole]
        highs = highspy.Highs()
        highs.silent()
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("random_seed", seed)
        highs.passModel(lp)
        return highs


@dataclass(frozen=True)
class Cut:
    """``coefficients @ x (+ charge) <= most`` over the columns of the first stage."""

    coefficients: Floats
    counts_charge: bool
    most: float


@dataclass
class Projection:
    """The two stages of one programme. Cuts are kept from one solve to the next while the rows left out stand."""

    columns: Columns
    seed: int
    _cuts: list[Cut] = field(default_factory=list)
    _left_out: tuple[bytes, bytes] = (b"", b"")

    def solve(self, whole: Whole, gap: float, seconds: float) -> Reached | None:
        """The best choice to a gap; None when no choice can be carried out.

        When time ends, the bound says how far it may be from the best; ``values`` are then empty if none was found.
        """
        return _Run(self, whole, gap, time.monotonic() + seconds).result()

    def cuts_for(self, row_low: Floats, row_high: Floats) -> list[Cut]:
        """Cuts found so far, unless the rows they rest on have changed."""
        now = row_low.tobytes(), row_high.tobytes()
        if now != self._left_out:
            self._cuts, self._left_out = [], now
        return self._cuts


class _Run:
    """One solve."""

    def __init__(self, projection: Projection, whole: Whole, gap: float, deadline: float) -> None:
        self._columns, self._whole, self._gap, self._deadline = projection.columns, whole, gap, deadline
        self._seed = projection.seed
        self._price = FIRST_PRICE
        hidden = np.zeros(len(whole.cost), dtype=bool)
        hidden[self._columns.volume] = hidden[self._columns.account] = True
        self._kept = np.flatnonzero(~hidden)
        self._is_left_out = np.diff(whole.matrix[:, hidden].indptr) > 0
        self._cuts = projection.cuts_for(whole.row_low[self._is_left_out], whole.row_high[self._is_left_out])
        self._first = self._first_stage()
        self._values: Floats = np.array([])
        self._objective = -np.inf

    def _first_stage(self) -> highspy.Highs:
        """Rows and columns without volumes; the last column is the charge on volumes."""
        stage = self._whole.part(np.flatnonzero(~self._is_left_out), self._kept)
        charge = csr_matrix((stage.matrix.shape[0], 1))
        highs = stage.with_columns(charge, 1.0, -np.inf, 0.0).highs(self._seed)
        for cut in self._cuts:
            _add(highs, cut)
        return highs

    def result(self) -> Reached | None:
        """Alternate between the stages."""
        choice = np.zeros(len(self._whole.cost))
        choice[self._columns.start] = 1.0
        bound, tried, is_rough = np.inf, set[bytes](), True
        while True:
            is_possible = self._carry_out(choice)
            tried.add(self._decisions(choice))
            left = self._deadline - time.monotonic()
            self._decide(bound, is_rough, left)
            if self._first.getModelStatus() in IMPOSSIBLE:
                return Reached(self._values, self._objective, self._objective) if len(self._values) else None
            info = self._first.getInfo()
            bound = max(min(bound, float(info.mip_dual_bound)), self._objective)
            if self._is_reached(bound) or left <= 0 or info.primal_solution_status != FEASIBLE_POINT:
                return Reached(self._values, self._objective, bound)
            choice[self._kept] = np.array(self._first.getSolution().col_value)[:-1]
            if self._decisions(choice) in tried and is_rough:
                is_rough = False
            elif self._decisions(choice) in tried:
                if is_possible or self._price > DEAREST:
                    return Reached(self._values, self._objective, bound)
                self._price *= 10.0

    def _decide(self, bound: float, is_rough: bool, seconds: float) -> None:
        """Solve the first stage, roughly as long as its bound is far from what was carried out."""
        gap = FIRST_STAGE_GAP * self._gap
        is_known = len(self._values) > 0
        open_yet = bound - self._objective if is_known and np.isfinite(bound) else 1.0
        self._first.setOptionValue("mip_rel_gap", gap if is_known or not is_rough else ROUGH)
        self._first.setOptionValue("mip_abs_gap", max(ROUGH * open_yet, SHORT) if is_rough else SHORT)
        self._first.setOptionValue("time_limit", self._first.getRunTime() + max(seconds, 0.0))
        self._first.run()

    def _decisions(self, choice: Floats) -> bytes:
        return np.round(choice[self._whole.is_whole]).astype(bool).tobytes()

    def _is_reached(self, bound: float) -> bool:
        return len(self._values) > 0 and bound - self._objective <= self._gap * abs(self._objective) + SHORT

    def _carry_out(self, choice: Floats) -> bool:
        """The second stage at a choice: tells whether it is possible, keeps the best, and adds the cut of its duals."""
        whole, columns = self._whole, self._columns
        is_used = np.ones(len(whole.cost), dtype=bool)
        is_used[columns.volume] = choice[columns.choice] > 0.5
        is_needed = np.ones(len(whole.row_low), dtype=bool)
        is_needed[columns.link[~is_used[columns.volume]]] = False
        used, needed = np.flatnonzero(is_used), np.flatnonzero(is_needed)
        stage = self._second_stage(choice, used, needed)
        stage.run()
        solution = stage.getSolution()
        values = np.zeros(len(whole.cost))
        values[used] = np.array(solution.col_value)[: len(used)]
        duals = np.zeros(len(whole.row_low))
        duals[needed] = np.array(solution.row_dual)
        is_possible = sum(solution.col_value[len(used) :]) <= SHORT
        objective = float(whole.cost @ values)
        if is_possible and objective > self._objective:
            self._values, self._objective = values, objective
        cut = self._cut(np.where(self._is_left_out, duals, 0.0), is_possible)
        self._cuts.append(cut)
        _add(self._first, cut)
        return is_possible

    def _second_stage(self, choice: Floats, used: Positions, needed: Positions) -> highspy.Highs:
        """Whole columns as chosen; inequalities can be broken at a price, so that there always is a solution."""
        stage = self._whole.part(needed, used)
        chosen = np.where(stage.is_whole, np.round(choice[used]), 0.0)
        low, high = np.where(stage.is_whole, chosen, stage.low), np.where(stage.is_whole, chosen, stage.high)
        stage = replace(stage, low=low, high=high, is_whole=np.zeros(len(used), dtype=bool))
        is_link = np.zeros(len(self._whole.row_low), dtype=bool)
        is_link[self._columns.link] = True
        can_break = np.flatnonzero((stage.row_low < stage.row_high) & ~is_link[needed])
        sign = np.where(np.isfinite(stage.row_high[can_break]), -1.0, 1.0)
        count = len(can_break)
        breaks = csr_matrix((sign, (can_break, np.arange(count))), shape=(len(needed), count))
        return stage.with_columns(breaks, -self._price, 0.0, np.inf).highs(self._seed)

    def _cut(self, duals: Floats, is_possible: bool) -> Cut:
        """The rows left out, weighed by their duals; what a volume could add to them is granted to its choice."""
        whole, columns = self._whole, self._columns
        sides = np.where(duals > 0, whole.row_high, whole.row_low)
        duals = np.where(np.isfinite(sides), duals, 0.0)  # a dual that pulls to where there is no side is dust
        weighed = whole.matrix.T @ duals
        least = whole.cost[columns.volume] if is_possible else np.zeros(len(columns.volume))
        np.subtract.at(weighed, columns.choice, np.maximum(least - weighed[columns.volume], 0.0))
        most = float(duals @ np.where(duals != 0.0, sides, 0.0))
        return Cut(weighed[self._kept], is_possible, most + EXACT * max(abs(most), 1.0))


def _add(highs: highspy.Highs, cut: Cut) -> None:
    at = np.flatnonzero(np.abs(cut.coefficients) > DUST)
    positions, values = at.astype(np.int32), cut.coefficients[at]
    if cut.counts_charge:
        positions, values = np.append(positions, np.int32(len(cut.coefficients))), np.append(values, 1.0)
    highs.addRow(-np.inf, cut.most, len(positions), positions, values)
