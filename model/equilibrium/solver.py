"""Solving one mineral in one state: a search finds the point, the linear programme proves it.

1. The problem is scaled so that typical prices and quantities are near one and one thousand.
2. Commitments (offtakes) that capacity, bans or quotas make impossible are cut to what can be delivered.
3. Newton starts from the market's own start prices, never from an earlier answer. Where it does not arrive, duties and
   floors are raised by degrees; where that leads nowhere soon, the interior-point method finds the point, then from
   several starts, last from where Newton stopped.
4. Where something flat takes up what levies keep out, several levies hold a floor. Then the floor is sought from just
   below, where only the smallest levy does.
5. A linear programme, its steps centred on the point, is solved by HiGHS, with what the instruments themselves charge
   there. Its optimum must be the point's quantities and its duals the point's prices (where they are unique);
   otherwise the solve is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from model.equilibrium.charges import charges_at, gain
from model.equilibrium.conditions import Point, System
from model.equilibrium.feasibility import excuse_undeliverable, without_dead_ends
from model.equilibrium.proof.check import levy_error
from model.equilibrium.proof.ladder import FINE, Ladder, Steps, flat_set
from model.equilibrium.proof.linear import CompiledProgramme
from model.equilibrium.search.interior import find
from model.equilibrium.search.newton import refine, refine_gradually, unburdened
from model.equilibrium.tolerances import AT_CAP, LARGEST_IMBALANCE, LARGEST_PRICE_ERROR, PART, QUANTITY_UNIT, TOLERANCE
from model.errors import SolveError
from model.market.curves import CurveGroups
from model.market.records import NOWHERE, Shape
from model.problem import FloorStep, Pool, Problem, State
from model.work import Memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.market.records import Floats, MineralMarket

PROVING_WIDTH = 5e-4
BELOW = 5e-10
"""By what share of itself a floor is at most sought lower, each party's by another, so that no two stand at one price.

It is less than is shown."""
MOST_COMPILED = 96


@dataclass(frozen=True)
class Proved:
    """A point that the programme confirmed: price error, and seconds inside HiGHS."""

    point: Point
    price_error: float
    highs_seconds: float


class Solver:
    """Keeps compiled programmes warm between solves; holds no result."""

    def __init__(self) -> None:
        self._compiled = Memory[tuple[object, ...], CompiledProgramme](MOST_COMPILED)

    def solve(self, problem: Problem, start: State | None = None) -> State:
        """The equilibrium of ``problem``, searched from ``start`` (same market) or the market's start prices.

        A party with several floors at one place first holds the highest; where that one's cap leaves the price below
        the next floor, the next.

        Raises:
            SolveError: when no equilibrium is proved; nothing is returned then.
        """
        step = (0,) * len(problem.levies)
        for _ in range(2 * sum(len(group.steps) for group in problem.levies) + 1):
            state = self._with_floors(problem, step, start)
            following = _floors_that_ask(problem, state)
            if following == step:
                return state
            step = following
        raise SolveError(
            f"the floors of {', '.join(_several(problem))} on {problem.market.mineral} do not settle; keep one of them"
        )

    def _with_floors(self, problem: Problem, step: tuple[int, ...], start: State | None) -> State:
        """The equilibrium when each levy holds one given floor of its party."""
        scaled = without_dead_ends(scale(problem))
        excused: tuple[float, ...] = tuple(0.0 for _ in problem.commitments)
        if problem.commitments:
            scaled, excused = excuse_undeliverable(scaled)
        system = System(scaled, step)
        first = _first_point(system, problem, start)
        proved = self._search(system, problem.market, first)
        if _has_open_levy(scaled, proved.point):
            system = System(scaled, step)
            system.floor = system.floor * (1.0 - BELOW * np.arange(1, system.levies + 1) / system.levies)
            proved = self._prove(system, find(system, proved.point.price))
        return _state(problem, system, proved, excused)

    def _search(self, system: System, market: MineralMarket, first: Point | None) -> Proved:
        """What the first way that arrives at a point finds and the programme confirms, the fast ways first.

        Raises:
            SolveError: what the last way says, when none arrives.
        """
        own = np.ones(system.nodes) if market.start_price is None else market.start_price / market.price_scale
        ways: list[Callable[[], Point]] = [lambda: find(system, own, once=True), lambda: find(system, own)]
        if first is not None:
            ways.insert(0, lambda: _arrived(refine(system, first)))
            ways.insert(1, lambda: _arrived(refine_gradually(system, first)))
            ways.append(lambda: find(system, refine(system, first).price))
        ways.append(lambda: _arrived(refine_gradually(system, find(unburdened(system), own))))
        refused = SolveError("no way leads anywhere")
        for way in ways:
            try:
                return self._prove(system, way())
            except SolveError as error:
                refused = error
        raise refused

    def _prove(self, system: System, point: Point) -> Proved:
        """Confirm a point by the programme whose steps are centred on it.

        Its optimum must be the point's, and its duals the point's prices.

        Raises:
            SolveError: when the point is not exact enough, or the programme's optimum or prices are others.
        """
        if not levy_error(system.problem, point, system.step) <= LARGEST_PRICE_ERROR:
            raise SolveError(
                f"the levies on {system.problem.market.mineral} are not the smallest that do what they should"
            )
        error = _complementarity(system, point)
        if not error <= LARGEST_IMBALANCE:
            raise SolveError(f"the point found for {system.problem.market.mineral} is off by {error:.2g}")
        ladder, programme = self._programme(system)
        charges = charges_at(system.problem, point.price, point.rent, point.levy, point.quantity)
        centre = gain(system.problem, point.price, charges)
        is_flat, pinned = flat_set(system, point, centre, PROVING_WIDTH)
        steps = ladder.steps(centre, PROVING_WIDTH, is_flat, charges.net)
        solution = programme.solve(system.problem, steps)
        price_error = float(np.abs(solution.price - point.price)[pinned].max(initial=0.0))
        value = float(steps.cost @ _fill(steps, point.quantity))
        gap = (value - solution.objective) / max(abs(solution.objective), 1.0)
        if price_error <= LARGEST_PRICE_ERROR and gap <= LARGEST_PRICE_ERROR:
            return Proved(point, price_error, solution.seconds)
        optimum = f", the optimum by {gap:.2g}" if np.isfinite(gap) else ""
        raise SolveError(
            f"the equilibrium found for {system.problem.market.mineral} is not confirmed by its proof, so none is "
            f"shown: prices differ by {price_error:.2g} of the price scale{optimum}"
        )

    def _programme(self, system: System) -> tuple[Ladder, CompiledProgramme]:
        """The proving ladder of a problem, and its programme: a warm one if the same shape was solved before."""
        ladder = Ladder(system.problem.table, FINE, 1)
        key = system.problem.structure
        return ladder, self._compiled.recall(key, lambda: CompiledProgramme(system.problem, ladder.owner))


def _arrived(point: Point) -> Point:
    if point.residual > TOLERANCE:
        raise SolveError(f"Newton's method leaves an imbalance of {point.residual:.2g}")
    return point


def _has_open_levy(problem: Problem, point: Point) -> bool:
    """Whether several levies do as well: where one holds its floor, something flat may set the price too.

    A stock or a step does, or another party's levy; from afar too, along routes that are part used.
    """
    if not (point.levy > 0.0).any():
        return False
    table, x = problem.table, point.quantity
    part_used = (x > table.lower + PART * QUANTITY_UNIT) & (x < table.upper - PART * QUANTITY_UNIT)
    rigid = (table.shape == Shape.FLAT) & part_used & (problem.levy < 0)
    between = rigid & (table.node_in != NOWHERE) & (table.node_out != NOWHERE)
    nodes = len(point.price)
    ties = coo_array((np.ones(between.sum()), (table.node_in[between], table.node_out[between])), shape=(nodes, nodes))
    _, market = connected_components(ties, directed=False)
    sets_price = np.maximum(table.node_in, table.node_out)[rigid & ~between]
    held = market[[group.node for group, levy in zip(problem.levies, point.levy, strict=True) if levy > 0.0]]
    return len(np.unique(held)) < len(held) or bool(np.isin(held, market[sets_price]).any())


def _floors_that_ask(problem: Problem, state: State) -> tuple[int, ...]:
    """Per levy, the floor that asks for it at the state's prices: the one it holds, or the next lower or higher one."""
    found = []
    for slot, group in enumerate(problem.levies):
        step, levy, price = state.step[slot], float(state.levy[slot]), float(state.price[group.node])
        last = len(group.steps) - 1
        if step < last and levy >= group.steps[step].cap * AT_CAP and price < group.steps[step + 1].floor * AT_CAP:
            step += 1
        elif step > 0 and levy < group.steps[step - 1].cap * AT_CAP:
            step -= 1
        found.append(step)
    return tuple(found)


def _several(problem: Problem) -> list[str]:
    """Parties with several floors at one place, each with its floors."""
    return [
        f"{group.region} ({' and '.join(f'{step.floor:g}' for step in group.steps)})"
        for group in problem.levies
        if len(group.steps) > 1
    ]


def _first_point(system: System, problem: Problem, start: State | None) -> Point | None:
    """Prices and shared pools' rents of the state to start from; else the market's start prices; else none."""
    scale_price = problem.market.price_scale
    if start is None:
        return None if problem.market.start_price is None else system.start(problem.market.start_price / scale_price)
    point = system.start(start.price / scale_price)
    known = {_pool_key(pool): float(rent) for pool, rent in zip(start.problem.pools, start.rent, strict=True)}
    point.rent = np.array([known.get(_pool_key(pool), 0.0) for pool in problem.pools]) / scale_price
    return point


def _pool_key(pool: Pool) -> tuple[str, bytes]:
    return pool.kind, pool.members.tobytes()


def scale(problem: Problem) -> Problem:
    """The same problem with prices in units of the price scale and quantities in thousandths of the quantity scale."""
    p = problem.market.price_scale
    q = problem.market.quantity_scale / QUANTITY_UNIT
    t = problem.table
    linear, on_quantity = t.shape == Shape.LINEAR, (t.shape != Shape.FLAT) & (t.shape != Shape.LINEAR)
    table = replace(
        t,
        level=t.level / p,
        width=np.where(linear, t.width * q / p, t.width / p),
        base=np.where(on_quantity, t.base / q, t.base),
        lower=t.lower / q,
        upper=t.upper / q,
        landed_cost=t.landed_cost / p,
    )
    return replace(
        problem,
        table=table,
        charges=tuple(replace(charge, specific=charge.specific / p) for charge in problem.charges),
        producer_floor=problem.producer_floor / p,
        pools=tuple(replace(pool, limit=pool.limit / q) for pool in problem.pools),
        levies=tuple(
            replace(group, shut=group.shut / q, steps=tuple(_scale_step(step, p) for step in group.steps))
            for group in problem.levies
        ),
        commitments=tuple(replace(each, quantity=each.quantity / q) for each in problem.commitments),
    )


def _scale_step(step: FloorStep, p: float) -> FloorStep:
    return FloorStep(step.floor / p, tuple(replace(term, cap=term.cap / p) for term in step.terms))


def scale_state(state: State) -> State:
    """The same state in the units of its scaled problem."""
    p = state.problem.market.price_scale
    q = state.problem.market.quantity_scale / QUANTITY_UNIT
    return replace(state, price=state.price / p, rent=state.rent / p, levy=state.levy / p, quantity=state.quantity / q)


def _fill(steps: Steps, quantity: Floats) -> Floats:
    """Each activity's quantity laid onto its steps, which stand together, cheapest first."""
    starts = np.flatnonzero(np.r_[True, steps.owner[1:] != steps.owner[:-1]])
    sizes = np.minimum(steps.upper, quantity[steps.owner])  # of a step without end, as much as there is
    cumulative = np.cumsum(sizes)
    before = np.repeat(cumulative[starts] - sizes[starts], np.diff(np.r_[starts, len(steps.owner)]))
    already = cumulative - sizes - before
    filled: Floats = np.clip(quantity[steps.owner] - already, 0.0, steps.upper)
    return filled


def _state(problem: Problem, system: System, proved: Proved, excused: tuple[float, ...]) -> State:
    point = proved.point
    p = problem.market.price_scale
    q = problem.market.quantity_scale / QUANTITY_UNIT
    return State(
        problem=problem,
        price=point.price * p,
        rent=point.rent * p,
        levy=point.levy * p,
        step=system.step,
        quantity=point.quantity * q,
        excused=excused,
        complementarity=_complementarity(system, point),
        price_error=proved.price_error,
        iterations=point.steps + 1,
        highs_seconds=proved.highs_seconds,
    )


def _complementarity(system: System, point: Point) -> float:
    """Largest violation of R2 and R3: what an activity could gain by running more or less, a rent beside room.

    Gains are in units of the price scale, or of the prices that an activity meets where those are higher.
    """
    t = system.problem.table
    x = point.quantity
    charges = charges_at(system.problem, point.price, point.rent, point.levy, x)
    met = np.append(point.price, 0.0)
    size = np.maximum(1.0, np.maximum(met[t.node_out], t.ratio * met[t.node_in]))
    more = (gain(system.problem, point.price, charges) - CurveGroups(t).marginal_cost(x)) / size
    room_up, room_down = t.upper - x, x - t.lower
    curved = t.shape != Shape.FLAT
    violation = np.where(more > 0, np.minimum(more, room_up), np.minimum(-more, room_down))
    vanishing = curved & (x < 1e-12)
    worst = float(np.max(np.where(vanishing, 0.0, violation), initial=0.0))
    if system.problem.pools:
        room = np.array([pool.limit - pool.weight @ x[pool.members] for pool in system.problem.pools])
        worst = max(worst, float(np.max(np.minimum(point.rent, np.abs(room)), initial=0.0)))
        worst = max(worst, float(np.max(-room, initial=0.0)) / QUANTITY_UNIT)
    return worst
