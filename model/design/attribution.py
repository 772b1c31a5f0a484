"""Who or what brought a result about: Shapley values of levers; and a change split into assumptions and policy.

The Shapley value of a lever is its contribution to the result, averaged over all orders in which levers may be added.
Contributions add up exactly to the result less the result without any lever.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Value = Callable[[frozenset[str]], float]

MOST_EXACT = 6
"""Levers up to which every subset is evaluated."""
ORDERS = 64
"""Orders drawn beyond that."""


@dataclass(frozen=True)
class Contribution:
    """A lever's share of a result, with the standard error of the sampling (0 where exact)."""

    lever: str
    value: float
    standard_error: float


def shapley(levers: Sequence[str], value: Value, seed: int = 0, orders: int = ORDERS) -> list[Contribution]:
    """Contributions of levers to ``value`` of all of them, adding up exactly to value(all) - value(none).

    ``value`` gives the result with a subset of levers in place. Exact up to six levers, then by seeded orders.

    >>> [c.value for c in shapley(["a", "b"], lambda s: 10.0 * ("a" in s) + 4.0 * (len(s) == 2))]
    [12.0, 2.0]
    """
    known: dict[frozenset[str], float] = {}

    def remembered(subset: frozenset[str]) -> float:
        if subset not in known:
            known[subset] = value(subset)
        return known[subset]

    if len(levers) <= MOST_EXACT:
        return [Contribution(lever, _exact(lever, levers, remembered), 0.0) for lever in levers]
    return _sampled(levers, remembered, seed, orders)


def _exact(lever: str, levers: Sequence[str], value: Value) -> float:
    others = [name for name in levers if name != lever]
    total = 0.0
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(len(others) - size) / factorial(len(levers))
        for chosen in combinations(others, size):
            without = frozenset(chosen)
            total += weight * (value(without | {lever}) - value(without))
    return total


def _sampled(levers: Sequence[str], value: Value, seed: int, orders: int) -> list[Contribution]:
    """Every order adds up by itself, so their mean does. An order's reverse follows it, which narrows the error."""
    draw = np.random.default_rng(seed)
    pairs = []
    for _ in range(max(orders // 2, 2)):
        order = draw.permutation(len(levers)).tolist()
        pairs.append((_along(order, levers, value) + _along(order[::-1], levers, value)) / 2)
    rows = np.array(pairs)
    errors = rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    means = rows.mean(axis=0)
    return [Contribution(name, float(means[i]), float(errors[i])) for i, name in enumerate(levers)]


def _along(order: Sequence[int], levers: Sequence[str], value: Value) -> np.ndarray:
    gained = np.zeros(len(levers))
    present: frozenset[str] = frozenset()
    before = value(present)
    for position in order:
        present |= {levers[position]}
        now = value(present)
        gained[position] = now - before
        before = now
    return gained


def orders_needed(levers: Sequence[str], seed: int = 0, orders: int = ORDERS) -> list[frozenset[str]]:
    """Every subset that :func:`shapley` will ask for, so that they can be solved beforehand."""
    asked: dict[frozenset[str], None] = {}

    def note(subset: frozenset[str]) -> float:
        asked[subset] = None
        return 0.0

    shapley(levers, note, seed, orders)
    return list(asked)


@dataclass(frozen=True)
class Decomposition:
    """A change of a result, split exactly into what assumptions and what policy brought about."""

    before: float
    after: float
    from_assumptions: float
    from_policy: float


def decompose(value: Callable[[bool, bool], float]) -> Decomposition:
    """Split a change since a saved point; ``value(new_assumptions, new_policy)`` is the result of a combination.

    The split is the Shapley value of the two, so it does not depend on which changed first.

    >>> decompose(lambda assumptions, policy: 1.0 + 2 * assumptions + 3 * policy + 4 * (assumptions and policy))
    Decomposition(before=1.0, after=10.0, from_assumptions=4.0, from_policy=5.0)
    """
    parts = shapley(["assumptions", "policy"], lambda new: value("assumptions" in new, "policy" in new))
    return Decomposition(value(False, False), value(True, True), parts[0].value, parts[1].value)
