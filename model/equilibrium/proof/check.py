"""The rule of every levy, checked at a point.

A levy is zero, or just what holds its floor, or at its cap, or just so high that arrivals have ended. The linear
programme takes levies as given, so it cannot tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.charges import charges_at, gain
from model.equilibrium.tolerances import ARRIVED
from model.market.curves import CurveGroups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.equilibrium.conditions import Point
    from model.problem import Problem


def levy_error(problem: Problem, point: Point, step: Sequence[int]) -> float:
    """By how much the levies of a (scaled) point break their rule, when each holds the floor ``step`` of its party.

    In units of the price scale: what a price misses its floor by while more levy could help, what a levy that has ended
    arrivals exceeds the smallest that does, or how far the price is above the floor of a levy that is charged. Where
    something flat stands exactly at the floor, several levies hold it; that the one found is the smallest of them rests
    on how it is sought (:mod:`model.equilibrium.solver`), and is tested over generated markets by solving each again
    with a lower one.
    """
    table, x = problem.table, point.quantity
    uncharged = charges_at(problem, point.price, point.rent, np.zeros(len(point.levy)), x)
    with np.errstate(all="ignore"):
        worth = gain(problem, point.price, uncharged) - CurveGroups(table).marginal_cost(x)
    worst = 0.0
    for slot, group in enumerate(problem.levies):
        held, levy = group.steps[step[slot]], float(point.levy[slot])
        above = float(point.price[group.node]) - held.floor
        members = group.members[table.upper[group.members] > table.lower[group.members]]
        beyond = float((x - table.lower)[members].sum()) - group.shut
        if levy < 0.0 or levy > held.cap:
            worst = max(worst, -levy, levy - held.cap)
        if levy > 0.0:
            worst = max(worst, above)
        if levy < held.cap and beyond > ARRIVED:
            worst = max(worst, -above)
        if group.shut == 0.0 and len(members) and (x <= table.lower)[members].all():
            worst = max(worst, levy - max(float(worth[members].max()), 0.0))
    return worst
