r"""Offtakes that bind in every state: who commits how much to whom, by least landed cost.

Two things call for them. A level of the menu says what part of its supply from abroad each party wants under contract
with producers of other parties; and lenders ask that a part of every new project's capacity is contracted. The volumes
are allocated by a transport programme over sellers :math:`p` (existing output of a party, or a project) and buyers
:math:`j`, stage by stage:

.. math::
    \min \sum_{pj} c_{pj} v_{pj} + M \Bigl(\sum_j s_j + \sum_p u_p\Bigr) \quad\text{s.t.}\quad
    \sum_p v_{pj} + s_j \ge \theta\, n_j, \quad
    l_p \le \sum_j v_{pj} + u_p, \quad \sum_j v_{pj} \le d_p, \quad
    \sum_{p \in i} v_{pj} \le \kappa\, q_j

with :math:`c_{pj}` the landed cost, :math:`n_j` what :math:`j` takes from abroad in the status quo, :math:`q_j` its
use, :math:`d_p` what the seller can deliver under every shock, :math:`l_p` what lenders ask, :math:`\kappa` the largest
share of a buyer's need from one seller, :math:`s_j` and :math:`u_p` what cannot be had or sold. Others than a project's
investor take at most what its first right leaves. What the commitments do to the market is not assumed here: the
package is solved like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from model.design.problem.steps import ceil_to, floor_to, lots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from model.design.problem.facts import Facts

    Place = tuple[str, str, str]

SMALLEST_COMMITMENT = 1e-3
"""Volumes below this share of the buyer's use are not worth a contract of their own."""
COST_OF_NONE = 10.0
"""A tonne that cannot be contracted counts as this multiple of the dearest landed cost."""


@dataclass(frozen=True)
class Seller:
    """Who can commit: a party's existing output, or a project with what its lenders ask [t/yr].

    ``investor`` (if any) has the first right: others take at most ``others_most_t``.
    """

    name: str
    region: str
    stage: str
    most_t: float
    least_t: float = 0.0
    investor: str | None = None
    others_most_t: float = 0.0


def allocate(
    facts: Facts, sellers: Sequence[Seller], share: float, most_of_need: float, step: float
) -> Iterator[tuple[str, str, str, float]]:
    """(producer, buyer, stage, t/yr) of what crosses a border, in negotiable steps.

    What lenders ask is rounded up, everything else down; the limits leave room for that. ``share`` is of what each
    buyer takes from abroad at the last stage.
    """
    for stage in dict.fromkeys(seller.stage for seller in sellers):
        own = [seller for seller in sellers if seller.stage == stage and (seller.least_t > 0 or share > 0)]
        wanted = {j: share * _from_abroad(facts, j) for j in facts.need_t[stage]} if stage == facts.stage else {}
        routes = {
            (seller.name, buyer): cost
            for (producer, buyer, place), cost in facts.landed_usd_per_t.items()
            for seller in own
            if (seller.region, stage) == (producer, place) and (seller.least_t > 0 or producer != buyer)
        }
        if routes:
            yield from _in_steps(facts, own, _least_cost(facts, own, routes, wanted, most_of_need * (1 - step)), step)


def _from_abroad(facts: Facts, party: str) -> float:
    return max(facts.use_t.get(party, 0.0) - facts.flows_t.get((party, party), 0.0), 0.0)


def _in_steps(
    facts: Facts, sellers: Sequence[Seller], volumes: Mapping[tuple[str, str], float], step: float
) -> Iterator[tuple[str, str, str, float]]:
    by_name = {seller.name: seller for seller in sellers}
    total: dict[Place, float] = {}
    for (name, buyer), volume in _net(volumes, by_name).items():
        seller = by_name[name]
        if seller.region != buyer and volume > SMALLEST_COMMITMENT * facts.need_t[seller.stage][buyer]:
            round_off = ceil_to if seller.least_t > 0 else floor_to
            place = seller.region, buyer, seller.stage
            total[place] = total.get(place, 0.0) + round_off(volume, lots(step * volume, facts.lot_t))
    yield from ((*place, quantity) for place, quantity in total.items() if quantity > 0)


def _net(volumes: Mapping[tuple[str, str], float], by_name: Mapping[str, Seller]) -> dict[tuple[str, str], float]:
    """What is left where two parties would commit the same goods to each other; what lenders ask stays."""
    free = {key: t for key, t in volumes.items() if by_name[key[0]].least_t == 0.0}
    back = {(by_name[name].region, buyer): t for (name, buyer), t in free.items()}
    left = {
        (name, buyer): max(t - back.get((buyer, by_name[name].region), 0.0), 0.0) for (name, buyer), t in free.items()
    }
    return {**volumes, **left}


def _least_cost(
    facts: Facts,
    sellers: Sequence[Seller],
    routes: Mapping[tuple[str, str], float],
    wanted: Mapping[str, float],
    most_of_need: float,
) -> dict[tuple[str, str], float]:
    by_name = {seller.name: seller for seller in sellers}
    need = facts.need_t[sellers[0].stage]
    m = pyo.ConcreteModel(doc="Allocation of binding offtakes")
    m.route = pyo.Set(initialize=sorted(routes), dimen=2, doc="Seller and buyer")
    m.seller = pyo.Set(initialize=sorted({name for name, _ in routes}), doc="Producing parties and projects")
    m.buyer = pyo.Set(initialize=sorted({buyer for _, buyer in routes}), doc="Consuming parties")
    m.volume_t = pyo.Var(m.route, domain=pyo.NonNegativeReals, doc="Offtake [t/yr]")
    m.missing_t = pyo.Var(m.buyer, domain=pyo.NonNegativeReals, doc="Wanted, but not to be had [t/yr]")
    m.unsold_t = pyo.Var(m.seller, domain=pyo.NonNegativeReals, doc="Asked by lenders, but not to be sold [t/yr]")

    def sold(names: Sequence[str], buyers: Sequence[str]) -> Any:
        return sum(m.volume_t[p, j] for p, j in m.route if p in names and j in buyers)

    @m.Constraint(m.buyer, doc="Every buyer's wish for supply from abroad is met or missing [t/yr]")
    def is_met(m: Any, j: str) -> Any:
        abroad = [p for p in m.seller if by_name[p].region != j]
        return sold(abroad, [j]) + m.missing_t[j] >= wanted.get(j, 0.0)

    @m.Constraint(m.seller, doc="A seller commits what it can deliver under every shock [t/yr]")
    def can_deliver(m: Any, p: str) -> Any:
        return sold([p], list(m.buyer)) <= by_name[p].most_t

    @m.Constraint(m.seller, doc="What lenders ask is sold or missing [t/yr]")
    def lenders_ask(m: Any, p: str) -> Any:
        return sold([p], list(m.buyer)) + m.unsold_t[p] >= by_name[p].least_t

    @m.Constraint(m.seller, doc="Others take what the investor's first right leaves [t/yr]")
    def first_right(m: Any, p: str) -> Any:
        others = [j for j in m.buyer if j != by_name[p].investor]
        if by_name[p].investor is None or not any((p, j) in m.route for j in others):
            return pyo.Constraint.Skip
        return sold([p], others) <= by_name[p].others_most_t

    places = sorted({(by_name[p].region, j) for p, j in routes})

    @m.Constraint(places, doc="At most a share of one buyer's need from one producing party [t/yr]")
    def is_spread(m: Any, i: str, j: str) -> Any:
        return sold([p for p in m.seller if by_name[p].region == i], [j]) <= most_of_need * need[j]

    penalty = COST_OF_NONE * max(routes.values())
    cost = sum(routes[route] * m.volume_t[route] for route in m.route)
    nothing = pyo.summation(m.missing_t) + pyo.summation(m.unsold_t)
    m.cost = pyo.Objective(expr=cost + penalty * nothing, doc="Landed cost [USD/yr]")
    pyo.SolverFactory("appsi_highs").solve(m)
    return {route: float(m.volume_t[route].value) for route in m.route}
