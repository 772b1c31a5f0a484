"""What a market can deliver at any price: commitments cut to it, and what is asked for in vain or without end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.proof.ladder import Steps
from model.equilibrium.proof.linear import CompiledProgramme
from model.equilibrium.tolerances import LACKING, MORE
from model.market.records import NOWHERE, Role, Shape, activities, is_any, join, sum_by
from model.problem import PRODUCTION, Pool, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.market.records import Floats, Integers

MOST_CARRIED = 1e9
STEEP = 1e-5
"""Price per solver unit at which what is of no use is offered: the less, the nearer to zero that price is found."""
FARTHEST_PRICE = 1e4
"""What a demand without choke price still wants at so many times its reference price, it is sure to want."""


def excuse_undeliverable(problem: Problem) -> tuple[Problem, tuple[float, ...]]:
    """Cut offtakes to what capacity, bans and quotas can deliver, each producer's by one common share.

    What a route could not carry alone is cut first, so that it takes nothing from the producer's other commitments.
    There what arrives counts as used up, lest goods that nobody offers go round in a circle. Returns the problem with
    feasible lower bounds and, per offtake, the share excused.
    """
    t = problem.table
    routes = np.array([each.route for each in problem.commitments])
    wanted = _within(t.upper[routes], routes, np.array([each.quantity for each in problem.commitments]))
    if (_deliverable(_used_up(problem, routes), routes, wanted) < wanted).any():
        wanted = _within(_most_alone(problem, routes), routes, wanted)
    kept = _deliverable(problem, routes, wanted)
    lower = t.lower.copy()
    lower[routes] = 0.0
    np.add.at(lower, routes, kept)
    lower[routes] = np.minimum(lower[routes], t.upper[routes])
    excused = tuple(
        1.0 - k / each.quantity if each.quantity > 0 else 0.0 for k, each in zip(kept, problem.commitments, strict=True)
    )
    return replace(problem, table=replace(t, lower=lower)), excused


def _within(most: Floats, routes: Integers, wanted: Floats) -> Floats:
    """Commitments cut so that those on one route together keep to the most it carries, each by the same share."""
    together = np.zeros(int(routes.max(initial=-1)) + 1)
    np.add.at(together, routes, wanted)
    kept: Floats = wanted * np.minimum(1.0, most / np.maximum(together[routes], np.finfo(float).tiny))
    return kept


def _used_up(problem: Problem, routes: Integers) -> Problem:
    """The problem in which nothing that some routes deliver is of further use, so that no demand is sure of its own.

    Hence no demand must be met, and none counts as unserved.
    """
    t = problem.table
    node_out = t.node_out.copy()
    node_out[routes] = NOWHERE
    lower = np.where(t.role == Role.DEMAND, 0.0, t.lower)
    upper = np.where(t.role == Role.UNSERVED, 0.0, t.upper)
    return replace(problem, table=replace(t, node_out=node_out, lower=lower, upper=upper))


def _deliverable(problem: Problem, routes: Integers, wanted: Floats) -> Floats:
    """Of each wanted quantity, its producer's largest common share that the market can carry.

    What one route can carry beyond that share, while every other keeps its own, is kept too, by the same rule.
    """
    t = problem.table
    own = np.unique(routes)
    whole = sum_by(routes, wanted, len(t))
    least, most = np.zeros(len(own)), np.minimum(whole, t.upper)[own]
    while True:
        kept = _by_common_share(problem, own, least, most)
        rises = np.zeros(len(own), dtype=bool)
        for position in np.flatnonzero(kept < most * (1.0 - LACKING)).tolist():
            beside = t.lower.copy()
            beside[own] = kept * (1.0 - LACKING)
            rises[position] = _most(replace(problem, table=replace(t, lower=beside)), int(own[position])) > (
                kept[position] + MORE * most[position]
            )
        if not rises.any() or (rises == (most > least)).all():
            break
        least, most = kept, np.where(rises, most, kept)
    share = sum_by(own, kept, len(t)) / np.where(whole > 0.0, whole, 1.0)
    kept_of_each: Floats = share[routes] * wanted
    return kept_of_each


def _by_common_share(problem: Problem, own: Integers, least: Floats, most: Floats) -> Floats:
    """What each route carries when each producer's go from least to most by the largest share that all can."""
    t = problem.table
    producers, group = np.unique(t.region[own], return_inverse=True)
    lower = t.lower.copy()
    lower[own] = 0.0
    count = len(t)
    delivered = activities(len(producers), role=Role.ROUTE, shape=Shape.FLAT, region=producers, ratio=0.0, upper=1.0)
    commitments = [
        Pool("offtake", 0, np.array([count + place, route]), np.array([more, -1.0]), -already)
        for place, route, more, already in zip(group, own, most - least, least, strict=True)
    ]
    relaxed = replace(problem, table=join([replace(t, lower=lower), delivered]), pools=(*problem.pools, *commitments))
    cost = np.concatenate([np.zeros(count), -np.ones(len(producers))])
    steps = _feasibility_steps(relaxed, cost)
    share = np.clip(CompiledProgramme(relaxed, steps.owner).solve(relaxed, steps).quantity[count:], 0.0, 1.0)
    kept: Floats = least + share[group] * (most - least)
    return kept


def _most_alone(problem: Problem, routes: Integers) -> Floats:
    """The most that each route can carry of goods new to its buyer when no other commitment is to be met.

    What the buyer could send away only to buy it back is not new.
    """
    t, least = problem.table, problem.table.lower.copy()
    least[routes] = 0.0
    most = []
    for route in routes.tolist():
        sent_on = (t.node_in == t.node_out[route]) & ~is_any(t.role, (Role.DEMAND, Role.OVER_QUOTA))
        upper = np.where(sent_on, least, t.upper)
        alone = replace(problem, table=replace(t, lower=least, upper=upper))
        most.append(_most(_used_up(alone, np.array([route])), route))
    return np.array(most)


def _most(problem: Problem, route: int) -> float:
    """The most that a route can carry."""
    cost = np.zeros(len(problem.table))
    cost[route] = -1.0
    steps = _feasibility_steps(problem, cost)
    steps = replace(steps, upper=np.minimum(steps.upper, MOST_CARRIED))
    return float(CompiledProgramme(problem, steps.owner).solve(problem, steps).quantity[route])


def _feasibility_steps(problem: Problem, cost: Floats) -> Steps:
    count = len(problem.table)
    return Steps(np.arange(count), cost, problem.table.lower, problem.table.upper)


def without_dead_ends(problem: Problem) -> Problem:
    """The problem in which isoelastic supply that nothing uses, pays or asks for is offered in proportion to its price.

    Both offer nothing at a price of zero, which is what comes of either; but a steep isoelastic curve offers next to
    nothing at prices far from it.
    """
    t = problem.table
    fades = (t.shape == Shape.POWER) & (t.exponent > 0.0) & (t.node_out != NOWHERE)
    asked_for = problem.producer_floor > 0.0
    committed = t.node_in[(t.lower > 0.0) & (t.node_in != NOWHERE)]
    asked_for[committed] = True
    useless = fades & ~_connected(problem, t.node_in, t.node_out, asked_for)[t.node_out]
    if not useless.any():
        return problem
    shape, level = np.where(useless, Shape.LINEAR, t.shape), np.where(useless, 0.0, t.level)
    return replace(problem, table=replace(t, shape=shape, level=level, width=np.where(useless, STEEP, t.width)))


def out_of_reach(problem: Problem) -> list[int]:
    """Nodes whose demand would pay any price, while nothing that anybody offers can arrive there."""
    t = problem.table
    pays_any_price = (t.role == Role.DEMAND) & (t.shape == Shape.POWER) & (t.exponent < 0.0) & (t.lower <= 0.0)
    asking = np.unique(t.node_in[pays_any_price])
    if not len(asking):
        return []
    nowhere = np.zeros(len(problem.market.nodes), dtype=bool)
    found: list[int] = asking[~_connected(problem, t.node_out, t.node_in, nowhere)[asking]].tolist()
    return found


def _connected(problem: Problem, back: Integers, forth: Integers, ends: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Nodes from which open activities lead, each from ``back`` to ``forth``, to an end or out of the market."""
    is_open = problem.table.upper > 0.0
    for pool in problem.pools:
        if pool.limit <= 0.0 and (pool.weight > 0.0).all():  # else there is a way beyond it
            is_open[pool.members] = False
    back, forth = back[is_open], forth[is_open]
    found = np.append(ends, True)  # NOWHERE is the last
    count = 0
    while found.sum() > count:
        count = found.sum()
        found[back[found[forth]]] = True
    return found


def unserved_nodes(problem: Problem, after_commitments: bool = False) -> list[int]:
    """Nodes whose fixed demand, or demand that pays any price, exceeds all that can arrive (empty if none does).

    ``after_commitments`` asks what arrives once every offtake is kept.
    """
    if after_commitments and problem.commitments:
        problem, _ = excuse_undeliverable(problem)
    t = problem.table
    pays_any_price = (t.shape == Shape.POWER) & (t.exponent < 0)
    wanted = t.base * FARTHEST_PRICE ** np.where(pays_any_price, t.exponent, 0.0)
    least = np.minimum(np.where(pays_any_price, np.maximum(t.lower, wanted), t.lower), t.upper)
    if not after_commitments:
        least[[each.route for each in problem.commitments]] = 0.0
    nodes = np.arange(len(problem.market.nodes))
    help_in = activities(len(nodes), role=Role.SUPPLY, shape=Shape.FLAT, region=0, node_out=nodes)
    relaxed = replace(problem, table=join([replace(t, lower=least), help_in]))
    cost = np.concatenate([np.zeros(len(t)), np.ones(len(nodes))])
    steps = _feasibility_steps(relaxed, cost)
    solution = CompiledProgramme(relaxed, steps.owner).solve(relaxed, steps)
    return np.flatnonzero(solution.quantity[len(t) :] > LACKING * problem.market.quantity_scale).tolist()


def endless_nodes(problem: Problem) -> list[int]:
    """Nodes at which an unlimited offer costs less than a floor pays for any quantity (empty if none does)."""
    t = problem.table
    is_endless = (t.shape == Shape.FLAT) & np.isinf(t.upper) & (t.role != Role.OVER_QUOTA)
    strike = np.append(problem.producer_floor, 0.0)[t.node_out]
    charge = np.zeros(len(t))
    for each in problem.charges:
        np.add.at(charge, each.members, 0.0 if each.greater_of else each.specific)
    cost = np.where(is_endless, t.level + charge - np.where(is_any(t.role, PRODUCTION), strike, 0.0), 0.0)
    zeros = np.zeros(len(t))
    steps = Steps(np.arange(len(t)), cost / problem.market.price_scale, zeros, is_endless.astype(float))
    shut = replace(problem, pools=tuple(replace(pool, limit=0.0) for pool in problem.pools))
    quantity = CompiledProgramme(shut, steps.owner).solve(shut, steps).quantity
    paid = is_endless & (quantity > 0.5) & ((cost < 0.0) | is_any(t.role, (Role.STOCK_PURCHASE, Role.HELD_AT_HOME)))
    return sorted(set(np.where(t.node_out != NOWHERE, t.node_out, t.node_in)[paid].tolist()))
