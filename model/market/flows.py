"""Arrays of trade: tracing re-exports, balancing to margins, and building flows where no trade data are open.

Every matrix is exporter x importer and includes home supply on its diagonal; quantities are t contained a year.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pairs = NDArray[np.bool_]

BALANCE_TOLERANCE = 1e-11
BALANCE_ROUNDING = 1e-15
"""Of the whole market: what adding up leaves."""
BALANCE_ROUNDS = 20_000
LARGEST_FACTOR = 1e100
"""Scaling factors beyond this mean that the pattern can never meet the margins."""
CAP_ROUNDS = 200


class Unmatched(Exception):
    """No trade meets supply and use, most of all not those of the region at position ``region``."""

    def __init__(self, region: int, what: str) -> None:
        super().__init__(what)
        self.region = region


def divide(numerator: Array, denominator: Array) -> Array:
    """Elementwise quotient that is zero where the denominator is."""
    return np.divide(
        numerator, denominator, out=np.zeros(np.broadcast(numerator, denominator).shape), where=denominator > 0
    )


def gravity(distance_km: Array, exponent: float) -> Array:
    """Relative ease of trade, falling with distance: distance to the power of minus ``exponent``."""
    return np.asarray(distance_km**-exponent)


def balance(seed: Array, supply_t: Array, use_t: Array) -> Array:
    """Scale rows and columns of ``seed`` in turn until they sum to supply and use (biproportional fitting, RAS).

    >>> balance(np.ones((2, 2)), np.array([3.0, 1.0]), np.array([2.0, 2.0]))
    array([[1.5, 1.5],
           [0.5, 0.5]])
    """
    flows = seed * (supply_t > 0)[:, None] * (use_t > 0)
    column, allowed = np.ones(len(use_t)), BALANCE_TOLERANCE * use_t + BALANCE_ROUNDING * supply_t.sum()
    for _ in range(BALANCE_ROUNDS):
        row = divide(supply_t, flows @ column)
        reached = (row @ flows) * column
        if (np.abs(reached - use_t) <= allowed).all():
            return row[:, None] * flows * column
        column = divide(use_t, row @ flows)
        if column.max() > LARGEST_FACTOR or row.max() > LARGEST_FACTOR:
            break
    raise Unmatched(
        int(np.abs(reached - use_t).argmax()),
        "supply and use of the regions cannot be matched by trade: a region needs more than its sources can send, or "
        "more is sent to it than it uses",
    )


def settle(flows: Array, supply_t: Array, small_share: float) -> Array:
    """Drop flows below ``small_share`` of the world market and let the others make up for them.

    Rows keep their sums, so output stays as published; use moves by less than what was dropped. The largest flow from
    and to each region is kept, so that nobody is cut off.
    """
    large = flows >= small_share * supply_t.sum()
    rows, columns = np.arange(len(flows)), np.arange(flows.shape[1])
    large[rows, flows.argmax(axis=1)] = True
    large[flows.argmax(axis=0), columns] = True
    kept = np.where(large, flows, 0.0)
    return kept * divide(supply_t, kept.sum(axis=1))[:, None]


def cap_exports(trade: Array, production_t: Array, cap_share: float) -> Array:
    """Cut exports to ``cap_share`` of production plus imports, region by region, until all obey it at once."""
    for _ in range(CAP_ROUNDS):
        available = production_t + trade.sum(axis=0)
        allowed = divide(cap_share * available, trade.sum(axis=1))
        if (allowed[trade.sum(axis=1) > 0] >= 1 - BALANCE_TOLERANCE).all():
            break
        trade = trade * np.minimum(allowed, 1.0)[:, None]
    return trade


def trace_re_exports(production_t: Array, trade: Array, cap_share: float) -> Array:
    """Flows from where a product was made to where it is used, with trading hubs seen through.

    Each region mixes its output with its imports and exports that mix. ``trade`` has a zero diagonal. Row sums are
    production. With A the share of each destination in what a region has available, what comes from region x and is
    used in region i is (diag(production) (I - A)^-1 diag(used share))[x, i].
    """
    trade = cap_exports(trade, production_t, cap_share)
    available = production_t + trade.sum(axis=0)
    used_share = 1.0 - divide(trade.sum(axis=1), available)
    destinations = divide(trade, available[:, None])
    through = np.linalg.solve((np.eye(len(trade)) - destinations).T, np.diag(production_t)).T
    return np.asarray(through * used_share)


def import_column(
    importer: int, imports_t: float, shares: Array, supply_t: Array, nearness: Array, cap_share: float, hub: int
) -> Array:
    """Imports of one region by origin, from published ``shares`` and ``imports_t``; nothing from itself.

    No origin sends more than ``cap_share`` of its supply. What the published list leaves open, or names origins for
    that have too little supply, is spread by nearness over the regions not on it, each below the smallest share on it;
    what is still left comes from the ``hub``.
    """
    cap_t = cap_share * supply_t
    cap_t[importer] = 0.0
    column = np.minimum(shares * imports_t, cap_t)
    smallest_t = shares[(shares > 0) & (cap_t > 0)].min(initial=1.0) * imports_t
    unlisted = (shares == 0) & (np.arange(len(shares)) != hub)
    weights = np.where(unlisted, nearness * cap_t, 0.0)
    column += fill(imports_t - column.sum(), weights, np.where(unlisted, np.minimum(cap_t, smallest_t), 0.0))
    column[hub] += min(imports_t - column.sum(), cap_t[hub] - column[hub])
    column += fill(imports_t - column.sum(), cap_t - column, cap_t - column)
    if column.sum() < imports_t * (1 - BALANCE_TOLERANCE):
        raise Unmatched(importer, f"imports of {imports_t:.3g} t a year exceed what all origins together can send")
    return column


def fill(amount_t: float, weights: Array, cap_t: Array) -> Array:
    """Share an amount out in proportion to weights, nobody above its cap, as far as the caps allow.

    >>> fill(10.0, np.array([1.0, 1.0, 2.0]), np.array([1.0, 20.0, 20.0]))
    array([1., 3., 6.])
    """
    shared = np.zeros_like(weights)
    for _ in range(len(weights)):
        open_t = amount_t - shared.sum()
        eligible = np.where(shared < cap_t, weights, 0.0)
        if open_t <= 0 or eligible.sum() <= 0:
            break
        shared = np.minimum(shared + open_t * eligible / eligible.sum(), cap_t)
    return shared


def place(supply_t: Array, use_t: Array, home_t: Array, pattern: Array, fixed: dict[int, Array]) -> Array:
    """Flows where no bilateral data are open: ``fixed`` columns, home supply, and the rest spread along ``pattern``."""
    flows = np.zeros_like(pattern)
    for importer, column in fixed.items():
        flows[:, importer] = column
    left_supply, left_use = supply_t - flows.sum(axis=1), use_t - flows.sum(axis=0)
    left_use[list(fixed)] = 0.0
    home = np.maximum(np.minimum(home_t, np.minimum(left_supply, left_use)), 0.0)
    return np.asarray(flows + np.diag(home) + balance(pattern, left_supply - home, left_use - home))
