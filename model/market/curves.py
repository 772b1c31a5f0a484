"""Quantities, slopes and areas of the marginal cost curves of :mod:`model.market.records`, for whole arrays at once.

A :class:`CurveGroups` holds a table of activities. A marginal value ``m`` is what one more unit of an activity earns at
given prices, net of charges; the activity runs up to the quantity at which its marginal cost equals ``m``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.market.records import Activities, Role, Shape

if TYPE_CHECKING:
    from model.market.records import Floats, Integers

HIGHEST_EXPONENT = 60.0
"""exp() beyond this is cut off: 1e26 times a base flow is never an answer, only a step of the search."""
LOWEST_PRICE = 1e-9
"""Isoelastic curves are cut off below this fraction of their reference price (they have no value at zero)."""


class CurveGroups:
    """Positions of each shape in an activity table, so that curves are evaluated in a handful of array operations."""

    def __init__(self, table: Activities, width: Floats | None = None) -> None:
        """``width`` replaces the table's widths (a duty on congested routes scales them)."""
        self.table = table if width is None else replace(table, width=width)
        shape = table.shape
        self.flat = np.flatnonzero(shape == Shape.FLAT)
        self.linear = np.flatnonzero(shape == Shape.LINEAR)
        self.power = np.flatnonzero(shape == Shape.POWER)
        self.log = np.flatnonzero(shape == Shape.LOG)
        self.log1p = np.flatnonzero(shape == Shape.LOG1P)
        self.sign = np.where(table.exponent[self.power] < 0, -1.0, 1.0)

    def quantity_and_slope(self, m: Floats, flat_centre: Floats, softness: float) -> tuple[Floats, Floats]:
        """Quantity and its derivative at marginal values ``m`` (shape: activities).

        A flat curve has no single quantity at its level; it is given the slope ``1/softness`` around ``flat_centre`` (a
        proximal term that vanishes when the centre is the solution).
        """
        t = self.table
        x = np.empty_like(m)
        slope = np.empty_like(m)
        i = self.flat
        x[i] = flat_centre[i] + (m[i] - t.level[i]) / softness
        slope[i] = 1.0 / softness
        i = self.linear
        slope[i] = 1.0 / t.width[i]
        x[i] = (m[i] - t.level[i]) * slope[i]
        i = self.power
        if len(i):
            ratio = np.maximum(self.sign * m[i] / t.level[i], LOWEST_PRICE)
            x[i] = t.base[i] * ratio ** t.exponent[i]
            slope[i] = x[i] * np.abs(t.exponent[i]) / (ratio * t.level[i])
        i = self.log
        if len(i):
            x[i] = t.base[i] * np.exp(np.minimum((m[i] - t.level[i]) / t.width[i], HIGHEST_EXPONENT))
            slope[i] = x[i] / t.width[i]
        i = self.log1p
        if len(i):
            growth = np.exp(np.minimum((m[i] - t.level[i]) / t.width[i], HIGHEST_EXPONENT))
            x[i] = t.base[i] * (growth - 1.0)
            slope[i] = t.base[i] * growth / t.width[i]
        slope[(x <= t.lower) | (x >= t.upper)] = 0.0
        return np.clip(x, t.lower, t.upper), slope

    def quantity(self, m: Floats, which: Integers) -> Floats:
        """Quantities of the (non-flat) activities ``which`` at marginal values ``m``, shape (activities, any)."""
        t = self.table
        column = (slice(None), *(None,) * (m.ndim - 1))
        level, width, base = t.level[which][column], t.width[which][column], t.base[which][column]
        exponent, shape = t.exponent[which][column], t.shape[which]
        x = np.empty_like(m)
        i = shape == Shape.LINEAR
        x[i] = (m[i] - level[i]) / width[i]
        i = shape == Shape.POWER
        sign = np.where(exponent[i] < 0, -1.0, 1.0)
        made = np.where((exponent[i] > 0) & (m[i] < 0.0), 0.0, base[i])  # nobody pays to make
        x[i] = made * np.maximum(sign * m[i] / level[i], LOWEST_PRICE) ** exponent[i]
        for kind, start in ((Shape.LOG, 0.0), (Shape.LOG1P, 1.0)):
            i = shape == kind
            x[i] = base[i] * (np.exp(np.minimum((m[i] - level[i]) / width[i], HIGHEST_EXPONENT)) - start)
        return np.clip(x, t.lower[which][column], t.upper[which][column])

    def marginal_cost(self, x: Floats) -> Floats:
        """c(x) of every activity."""
        t = self.table
        c = t.level.copy()
        i = self.linear
        c[i] += t.width[i] * x[i]
        i = self.power
        with np.errstate(divide="ignore"):
            c[i] = self.sign * t.level[i] * (x[i] / t.base[i]) ** (1.0 / t.exponent[i])
            i = self.log
            c[i] += t.width[i] * np.log(x[i] / t.base[i])
        i = self.log1p
        c[i] += t.width[i] * np.log1p(x[i] / t.base[i])
        return c

    def cost_slope(self, x: Floats) -> Floats:
        """c'(x) of every activity; zero where flat."""
        t = self.table
        slope = np.zeros_like(x)
        slope[self.linear] = t.width[self.linear]
        with np.errstate(divide="ignore"):
            i = self.power
            growth = 1.0 / t.exponent[i]
            slope[i] = t.level[i] * np.abs(growth) / t.base[i] * (x[i] / t.base[i]) ** (growth - 1.0)
            slope[self.log] = t.width[self.log] / x[self.log]
        i = self.log1p
        slope[i] = t.width[i] / (t.base[i] + x[i])
        return slope


def area_under_cost(table: Activities, x: Floats) -> Floats:
    """Integral of c from 0 to x for every activity [money per year]; for demand, minus the value of use.

    Supply that is offered below a price of zero counts as free, so that producer surplus is the area between zero and
    the price. A demand curve without bound near zero quantity gives minus infinity.
    """
    groups = CurveGroups(table)
    area = table.level * x
    i = groups.linear
    level, width, q = table.level[i], table.width[i], x[i]
    free = np.where(table.role[i] == Role.SUPPLY, np.clip(-level / width, 0.0, q), 0.0)
    area[i] = level * (q - free) + 0.5 * width * (q**2 - free**2)
    i = groups.power
    area[i] = groups.sign * _power_area(table, i, x[i])
    i = groups.log
    q, base, width = x[i], table.base[i], table.width[i]
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = np.where(q > 0, q * (np.log(q / base) - 1.0), 0.0)
    area[i] = table.level[i] * q + width * curve
    i = groups.log1p
    q, base, width = x[i], table.base[i], table.width[i]
    area[i] = table.level[i] * q + width * ((q + base) * np.log1p(q / base) - q)
    return area


def _power_area(table: Activities, i: Integers, q: Floats) -> Floats:
    """Area under an isoelastic curve from 0 to q, flat at the choke price below the quantity ``lower`` of a demand."""
    price, base, exponent, lower = table.level[i], table.base[i], table.exponent[i], table.lower[i]
    power = 1.0 + 1.0 / exponent
    is_log = np.abs(power) < 1e-12
    safe = np.where(is_log, 1.0, power)

    def primitive(quantity: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            grown = price * base * (quantity / base) ** safe / safe
            return np.where(is_log, price * base * np.log(quantity / base), grown)

    demand = exponent < 0
    choked = demand & (lower > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        choke_area = np.where(choked, price * (lower / base) ** (1.0 / exponent) * lower, 0.0)
        from_choke = choke_area + primitive(q) - primitive(np.where(choked, lower, base))
        unbounded = np.where(power > 0, primitive(q), np.inf)
    return np.where(choked, from_choke, np.where(demand, unbounded, primitive(q)))
