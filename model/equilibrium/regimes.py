"""Which regime an instrument is in, and what follows there in closed form: pure functions of prices and flows.

A levy is not charged, holds its floor, is at its cap, or has ended arrivals. A tariff-rate quota's rent lies between
the rate differences of its routes, or is that of its marginal route. A public stock is at a bound, or its price rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.tolerances import ALMOST_NOTHING
from model.market.curves import HIGHEST_EXPONENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.market.records import Floats

FREE, HOLD, CAPPED, SHUT = range(4)
"""States of a levy: not charged; holding the price at the floor; at its cap; so high that arrivals have ended."""
LEAST, RULES, MOST = range(3)
"""States of a public stock or of unserved demand in a market whose other curves are all smooth:

at its lower bound; its price rules; at its upper bound.
"""
BETWEEN = -1
"""The rent of a TRQ lies between the rate differences of its routes: every route is wholly inside or wholly outside."""


@dataclass(frozen=True)
class QuotaSide:
    """Which routes of a TRQ are inside it, and which one (if any) is at the margin, partly inside.

    A marginal route's rate difference is the rent; without one (``BETWEEN``) the rent is what makes the inside fill the
    quota.
    """

    inside: NDArray[np.bool_]
    marginal: int = BETWEEN


@dataclass(frozen=True)
class ExponentialFlows:
    """Flows ``max(base * (exp(net - charge) - start), 0)`` sharing one charge, in units of their common width."""

    net: Floats
    base: Floats
    start: Floats

    def at(self, charge: Floats | float) -> Floats:
        """Flow of every route under a charge (one for all, or a row of charges)."""
        growth = np.exp(np.minimum(self.net - charge, HIGHEST_EXPONENT))
        flow: Floats = np.maximum(self.base * (growth - self.start), 0.0)
        return flow

    def only(self, chosen: NDArray[np.bool_]) -> ExponentialFlows:
        """Some of the routes."""
        return ExponentialFlows(self.net[chosen], self.base[chosen], self.start[chosen])

    def charge_for(self, target: float) -> float:
        """The charge at which the flows sum to ``target`` (zero where there are none).

        With ``y = exp(-charge)`` the sum is made of kinked lines in y: it is solved exactly on the segment where it
        reaches the target.
        """
        used = self.base > 0.0
        if not used.any():
            return 0.0
        net, base, start = self.net[used], self.base[used], self.start[used]
        highest = float(net.max())
        gain, fixed = base * np.exp(net - highest), base * start
        entry = fixed / np.maximum(gain, ALMOST_NOTHING)
        all_open = (target + fixed.sum()) / max(gain.sum(), ALMOST_NOTHING)
        if all_open >= entry.max():
            return highest - float(np.log(max(all_open, ALMOST_NOTHING)))
        order = np.argsort(entry, kind="stable")
        gains, fixeds = np.cumsum(gain[order]), np.cumsum(fixed[order])
        reached = (target + fixeds) / np.maximum(gains, ALMOST_NOTHING)
        limit = np.append(entry[order][1:], np.inf)
        return highest - float(np.log(max(reached[np.argmax(reached <= limit)], ALMOST_NOTHING)))


def smooth_side(flows: ExponentialFlows, difference: Floats, limit: float) -> tuple[QuotaSide, float]:
    """Side and rent of a TRQ on exponential flows (not yet charged), all in units of their width.

    With rent r, a route is inside if its rate difference exceeds r; inside flows shrink as r rises and routes leave one
    by one.
    """
    taxed = difference > 0.0
    if not taxed.any() or float(flows.at(0.0)[taxed].sum()) <= limit:
        return QuotaSide(taxed), 0.0
    edges = np.unique(difference[taxed])
    per_route = ExponentialFlows(flows.net[:, None], flows.base[:, None], flows.start[:, None])
    at_edge = per_route.at(edges)
    above = (at_edge * (difference[:, None] > edges)).sum(axis=0)
    from_edge = (at_edge * (difference[:, None] >= edges)).sum(axis=0)
    first = int(np.argmax(above <= limit))
    edge = float(edges[first])
    inside = difference >= edge
    if from_edge[first] > limit:
        return QuotaSide(inside, int(np.flatnonzero(difference == edge)[0])), edge
    return QuotaSide(inside), max(flows.only(inside).charge_for(limit), 0.0)


def side_and_levy(
    flows: ExponentialFlows, difference: Floats, limit: float, target: float
) -> tuple[QuotaSide, float, float]:
    """Side and rent of a TRQ with the levy under which all its flows sum to ``target``, in units of their width.

    Routes inside pay levy and rent, routes outside levy and rate difference. The higher the rent, the less enters
    inside and the lower the levy: the first rate difference at which the inside fits the quota is found by halving.
    """
    taxed = difference > 0.0
    levy = flows.charge_for(target)
    if not taxed.any() or float(flows.at(levy)[taxed].sum()) <= limit:
        return QuotaSide(taxed), 0.0, levy
    edges = np.unique(difference[taxed])

    def charged(edge: float) -> tuple[float, Floats]:
        own = ExponentialFlows(flows.net - np.minimum(difference, edge), flows.base, flows.start)
        levy = own.charge_for(target)
        return levy, own.at(levy)

    low, high = 0, len(edges) - 1
    while low < high:
        middle = (low + high) // 2
        _, flow = charged(edges[middle])
        if float(flow[difference > edges[middle]].sum()) <= limit:
            high = middle
        else:
            low = middle + 1
    edge = float(edges[low])
    levy, flow = charged(edge)
    inside = difference >= edge
    if float(flow[inside].sum()) > limit:
        return QuotaSide(inside, int(np.flatnonzero(difference == edge)[0])), edge, levy
    outside = ExponentialFlows(flows.net - difference, flows.base, flows.start).only(~inside)
    levy = outside.charge_for(target - limit)
    return QuotaSide(inside), max(flows.only(inside).charge_for(limit) - levy, 0.0), levy


def tied_with(difference: Floats, marginal: int) -> NDArray[np.bool_]:
    """Routes whose rate difference is that of the marginal route."""
    tied: NDArray[np.bool_] = np.abs(difference - difference[marginal]) <= 1e-12 * abs(difference[marginal])
    return tied


def next_side(side: QuotaSide, rent: float, difference: Floats, flow: Floats, limit: float) -> tuple[QuotaSide, float]:
    """Where a TRQ's margin moves: the rent cannot pass a route's rate difference without that route becoming marginal.

    Returns the side and the rent that goes with it.
    """
    if side.marginal != BETWEEN:
        edge = float(difference[side.marginal])
        tied = tied_with(difference, side.marginal)
        above = (difference > edge) & ~tied
        within = float(flow[above].sum())
        if within > limit:
            return QuotaSide(above), edge
        is_between = within + float(flow[tied].sum()) < limit
        return QuotaSide(above | tied, BETWEEN if is_between else side.marginal), edge
    if side.inside.any():
        lowest = int(np.argmin(np.where(side.inside, difference, np.inf)))
        if rent > difference[lowest]:
            return QuotaSide(side.inside, lowest), float(difference[lowest])
    outside = ~side.inside & (difference > 0.0)
    if outside.any():
        highest = int(np.argmax(np.where(outside, difference, -np.inf)))
        if rent < difference[highest]:
            inside = side.inside | (outside & (difference >= difference[highest] * (1 - 1e-12)))
            return QuotaSide(inside, highest), float(difference[highest])
    return side, rent
