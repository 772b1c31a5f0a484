"""Who or what brought a result about: Shapley values of levers; a change is split into assumptions and policy alike.

The Shapley value of a lever is its contribution to the result, averaged over all orders in which levers may be added.
Contributions add up exactly to the result less the result without any lever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from model.instruments import KINDS, Agreement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from model.design.questions.evaluate import Trial

    Value = Callable[[frozenset[str]], float]

MOST_EXACT = 6
"""Levers up to which every subset is evaluated."""
ORDERS = 8
"""Orders drawn beyond that: someone waits, and the standard error is shown."""


@dataclass(frozen=True)
class Contribution:
    """A lever's share of a result, with the standard error of the sampling (0 where exact)."""

    lever: str
    value: float
    standard_error: float


def shapley(levers: Sequence[str], value: Value, seed: int = 0) -> list[Contribution]:
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
    return _sampled(levers, remembered, seed)


def _exact(lever: str, levers: Sequence[str], value: Value) -> float:
    others = [name for name in levers if name != lever]
    total = 0.0
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(len(others) - size) / factorial(len(levers))
        for chosen in combinations(others, size):
            without = frozenset(chosen)
            total += weight * (value(without | {lever}) - value(without))
    return total


def _sampled(levers: Sequence[str], value: Value, seed: int) -> list[Contribution]:
    """Every order adds up by itself, so their mean does. An order's reverse follows it, which narrows the error."""
    draw = np.random.default_rng(seed)
    pairs = []
    for _ in range(ORDERS // 2):
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


def orders_needed(levers: Sequence[str], seed: int = 0) -> list[frozenset[str]]:
    """Every subset that :func:`shapley` will ask for, so that they can be solved beforehand."""
    asked: dict[frozenset[str], None] = {}

    def note(subset: frozenset[str]) -> float:
        asked[subset] = None
        return 0.0

    shapley(levers, note, seed)
    return list(asked)


INSTRUMENT_LEVERS = {kind.short: kind.key for kind in KINDS}
"""Levers of an attribution and the agreement's lists they stand for."""
PROJECTS, TRANSFERS = "new projects", "transfers"
"""Levers beside the instruments: what is built, and lump sums."""
MEMBERSHIP = "membership of "


def levers_of(trial: Trial, with_members: bool) -> list[str]:
    """Levers of a trial: its instruments, what is built, lump sums, and the membership of each party if asked."""
    present = [name for name, field in INSTRUMENT_LEVERS.items() if getattr(trial.agreement, field)]
    present += [name for name, held in ((PROJECTS, trial.projects), (TRANSFERS, trial.transfers)) if any(held.values())]
    return present + ([f"{MEMBERSHIP}{party}" for party in trial.members] if with_members else [])


def with_levers(trial: Trial, present: frozenset[str], levers: Sequence[str], regions: Sequence[str]) -> Trial:
    """The trial with only some of its levers in place; without any member nothing is agreed."""
    gone = {field: () for name, field in INSTRUMENT_LEVERS.items() if name in levers and name not in present}
    out = {name.removeprefix(MEMBERSHIP) for name in levers if name.startswith(MEMBERSHIP) and name not in present}
    members = tuple(party for party in trial.members if party not in out)
    if not members:
        return replace(trial, agreement=Agreement(), projects={}, transfers={})
    left = replace(
        trial,
        agreement=trial.agreement.model_copy(update=gone),
        projects=trial.projects if PROJECTS in present else {},
        transfers=trial.transfers if TRANSFERS in present else {},
    )
    return left.among(members, regions)


def attribution_trials(
    trial: Trial, with_members: bool, regions: Sequence[str], seed: int
) -> dict[frozenset[str], Trial]:
    """Every trial an attribution needs, by the levers in place."""
    levers = levers_of(trial, with_members)
    return {subset: with_levers(trial, subset, levers, regions) for subset in orders_needed(levers, seed)}


def attribute(
    levers: Sequence[str],
    gains: Mapping[frozenset[str], Mapping[str, float]],
    parties: Sequence[str],
    seed: int,
) -> dict[str, list[Contribution]]:
    """What each lever contributes to each party's gain (Shapley), from the gains of all :func:`attribution_trials`.

    Adds up exactly, party by party, to the gain with every lever less that with none.
    """

    def of(party: str) -> list[Contribution]:
        return shapley(levers, lambda present: gains[present][party], seed)

    return {party: of(party) for party in parties}


ASSUMPTIONS, POLICY = "assumptions", "policy"
"""Levers of a change: what is assumed; the agreement and who its parties are."""


def change_trials(saved: Trial, now: Trial) -> dict[frozenset[str], Trial]:
    """The trials of a change since a saved point, by which of assumptions and policy are the new ones."""

    def trial(new: frozenset[str]) -> Trial:
        policy = now if POLICY in new else saved
        return replace(policy, assumptions=(now if ASSUMPTIONS in new else saved).assumptions)

    return {new: trial(new) for new in orders_needed([ASSUMPTIONS, POLICY])}
