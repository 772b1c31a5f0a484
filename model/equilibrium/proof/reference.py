r"""The equilibrium as one linear programme, in Pyomo, to be read from top to bottom.

**Rules.** Tests and messages cite them by number.

R1. Markets clear: at every node what arrives is at least what leaves; the dual, never negative, is the node's price.
R2. Every activity runs up to the quantity at which its marginal cost meets what it earns: the price where it delivers
    with any support, less the price where it takes, less duties, levies and rents.
R3. A limit on a sum of flows (quota, TRQ, export quota, production cap) has a rent: its dual; zero where there is room.
R4. Among all activity levels that clear the markets, the equilibrium has the largest sum of users' valuation less the
    cost of supply, processing, transport, duties and levies (Samuelson 1952; Takayama and Judge 1971).

**Formulation.** Activity :math:`a` takes ``ratio`` units at node ``node_in`` for each unit it delivers at ``node_out``.
Its curve is cut into steps :math:`k` of size :math:`u_{ak}` and cost :math:`c_{ak}`: marginal cost with the duties and
levies of the state being proved, less its support. Demand is an activity at the negative of what users would pay.

.. math::
    \min_x \sum_{a,k} c_{ak} x_{ak} \quad\text{s.t.}\quad
    \sum_{a:\,out(a)=n,\,k} x_{ak} - \sum_{a:\,in(a)=n,\,k} ratio_a x_{ak} \ge 0 \;(price_n), \quad
    \sum_{a,k} w_{ra} x_{ak} \le limit_r \;(rent_r), \quad l_{ak} \le x_{ak} \le u_{ak}

=====================  ======================================  ==================================
symbol                 attribute                               unit
=====================  ======================================  ==================================
:math:`x_{ak}`         ``step_t[activity, step]``              quantity scale per year
:math:`price_n`        dual of ``market_clears[node]``         price scale
:math:`rent_r`         minus dual of ``pool_limit[pool]``      price scale
=====================  ======================================  ==================================

What each verb of :mod:`model.overlay` adds (``lay`` in each file of ``model/instruments/`` says which it uses):

==================  ====================================================================================================
``charge``          cost on the steps of its activities, at the prices of the state being proved
``limit``           pool over its activities; rent = dual
``limit_in_tiers``  pool over its routes less the over-quota part, which costs the difference of the two rates
``hold``            cost on arrivals from non-parties; the smallest that leaves the price at the floor
``guarantee``       producers' steps are cheaper by what the strike exceeds the price
``offer``, ``bid``  supply at a price up to the stock; demand at a price up to the budget
``commit``          lower bound on the first step of its route
==================  ====================================================================================================

Quantities are in units of the market's quantity scale, prices in units of its price scale. The same columns and rows,
compiled to a warm HiGHS instance, are in :mod:`model.equilibrium.proof.linear`; a test holds both to each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyomo.environ as pyo

from model.errors import SolveError
from model.market.records import NOWHERE

if TYPE_CHECKING:
    from model.equilibrium.proof.ladder import Steps
    from model.problem import Problem


def build(problem: Problem, steps: Steps) -> pyo.ConcreteModel:
    """The programme of one (scaled) problem with its curves cut into ``steps``."""
    t = problem.table
    deliveries: dict[int, list[tuple[int, float]]] = {node: [] for node in range(len(problem.market.nodes))}
    of_activity: dict[int, list[int]] = {}
    for column, activity in enumerate(steps.owner.tolist()):
        of_activity.setdefault(activity, []).append(column)
        if t.node_out[activity] != NOWHERE:
            deliveries[int(t.node_out[activity])].append((column, 1.0))
        if t.node_in[activity] != NOWHERE and t.ratio[activity] != 0:
            deliveries[int(t.node_in[activity])].append((column, -float(t.ratio[activity])))

    m = pyo.ConcreteModel(doc=f"Spatial price equilibrium of {problem.market.mineral}")
    m.node = pyo.Set(initialize=[node for node, entries in deliveries.items() if entries], doc="Where a stage clears")
    m.step = pyo.Set(initialize=range(len(steps.owner)), doc="Steps of all activities' curves")
    m.pool = pyo.Set(initialize=range(len(problem.pools)), doc="Limits on sums of activities")

    m.cost = pyo.Param(m.step, initialize=dict(enumerate(steps.cost)), doc="Marginal cost incl. duties [price scale]")

    def bounds(m: pyo.ConcreteModel, s: int) -> tuple[float, float]:
        return float(steps.lower[s]), float(steps.upper[s])

    m.step_t = pyo.Var(m.step, bounds=bounds, doc="Quantity on a step [quantity scale/yr]")

    @m.Constraint(m.node, doc="R1: arrivals cover departures; dual = price [quantity scale/yr]")
    def market_clears(m: pyo.ConcreteModel, n: int) -> object:
        return sum(weight * m.step_t[s] for s, weight in deliveries[n]) >= 0

    @m.Constraint(m.pool, doc="R3: a limit on a sum of activities; minus dual = rent [quantity scale/yr]")
    def pool_limit(m: pyo.ConcreteModel, r: int) -> object:
        pool = problem.pools[r]
        pairs = zip(pool.members.tolist(), pool.weight.tolist(), strict=True)
        return sum(weight * m.step_t[s] for activity, weight in pairs for s in of_activity[activity]) <= pool.limit

    @m.Objective(sense=pyo.minimize, doc="R4: cost less users' valuation [price scale x quantity scale/yr]")
    def cost_less_valuation(m: pyo.ConcreteModel) -> object:
        return sum(m.cost[s] * m.step_t[s] for s in m.step)

    m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    return m


def solve_with_pyomo(m: pyo.ConcreteModel) -> tuple[dict[int, float], dict[int, float], list[float]]:
    """Node prices, pool rents and step quantities of the programme, by HiGHS through Pyomo.

    Raises:
        SolveError: when HiGHS does not prove optimality.
    """
    result = pyo.SolverFactory("appsi_highs").solve(m, load_solutions=False)
    if result.solver.termination_condition != pyo.TerminationCondition.optimal:
        raise SolveError(f"the linear programme was not solved to optimality: {result.solver.termination_condition}")
    m.solutions.load_from(result)
    prices = {n: float(m.dual[m.market_clears[n]]) for n in m.node}
    rents = {r: -float(m.dual[m.pool_limit[r]]) for r in m.pool}
    return prices, rents, [float(m.step_t[s].value) for s in m.step]
