"""How an exporter answers an agreement, as plain shocks: tighter licences, or an export tax in the levy's place.

An answer depends on what the agreement takes from the exporter, so it is found from two solved states: the same shocks
without the agreement and with it. Where nothing is agreed, or nothing was taken, there is nothing to answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.charges import charges_at
from model.errors import AccordError
from model.market.records import Role
from model.problem import Account
from model.shocks.kinds import ExportQuota, ExportTaxChange
from model.shocks.library import LICENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from model.problem import State
    from model.shocks import Answer, Disturbance

    Laid = list[Disturbance]

STEP = 0.05
"""Licences are tightened in steps of this share of what they let through, until the rent is back between two."""
HALVINGS = 8
WON_BACK = 1e-3
"""A rent or levy below this share of what it was is none to win back."""


def answered(
    answers: Sequence[Answer], laid: Laid, before: State, after: State, solve: Callable[[Laid], State]
) -> Laid:
    """Controls and shocks in force together with the answers; ``solve`` finds the agreement's state under others.

    ``before`` is the state without the agreement and ``after`` that with it, both before any answer.
    """
    for answer in answers:
        if answer.kind == LICENCES:
            laid = _tightened(answer, laid, before, after, solve)
    return laid + [tax for answer in answers if answer.kind != LICENCES for tax in _taxes(answer, before, after)]


def licence_rent(state: State, exporter: str, stage: str) -> float:
    """What an exporter's licences and export quotas at a stage are worth to it [USD/yr]."""
    return sum(
        float(rent * (pool.weight @ state.quantity[pool.members]))
        for rent, pool in zip(state.rent, state.problem.pools, strict=True)
        if pool.kind == "export_quota" and _leaves(state, int(pool.members[0]), exporter, stage)
    )


def export_taxes(state: State, exporter: str, stage: str) -> float:
    """What an exporter's treasury takes from taxes on its exports at a stage [USD/yr]."""
    charges = charges_at(state.problem, state.price, state.rent, state.levy, state.quantity)
    taxed = charges.by_receiver.get((Account.REVENUE, True), np.zeros(len(state.quantity))) * state.quantity
    return sum(float(taxed[route]) for route in np.flatnonzero(taxed) if _leaves(state, int(route), exporter, stage))


def licences(state: State, exporter: str, stage: str) -> float:
    """What an exporter's licences and export quotas at a stage let out together [t/yr]."""
    return sum(
        pool.limit
        for pool in state.problem.pools
        if pool.kind == "export_quota" and _leaves(state, int(pool.members[0]), exporter, stage)
    )


def _leaves(state: State, route: int, exporter: str, stage: str) -> bool:
    t, market = state.problem.table, state.problem.market
    return bool(market.regions[t.region[route]] == exporter) and market.nodes[t.node_in[route]].stage == stage


def _tightened(answer: Answer, laid: Laid, before: State, after: State, solve: Callable[[Laid], State]) -> Laid:
    """All licences of the exporter tightened alike, as little as brings the rent back; where none does, to the most.

    Left as they are they come first: what is to be won back grows from nothing with the answer's share.
    """
    had, has = (licence_rent(state, answer.exporter, answer.stage) for state in (before, after))
    wanted = has + answer.share * (had - has)
    if had - has <= WON_BACK * had or has >= wanted:
        return laid

    def rent_at(left: float) -> float:
        try:
            return licence_rent(solve(_scaled(laid, answer, left)), answer.exporter, answer.stage)
        except AccordError:  # a state that is not proved is none to choose
            return -np.inf

    best, above = (has, 1.0), 1.0
    for left in np.arange(1.0 - STEP, STEP / 2.0, -STEP).tolist():
        rent = rent_at(left)
        if rent >= wanted:
            below = left
            for _ in range(HALVINGS):
                middle = (below + above) / 2.0
                below, above = (middle, above) if rent_at(middle) >= wanted else (below, middle)
            return _scaled(laid, answer, below)
        best, above = max(best, (rent, left)), left
    return _scaled(laid, answer, best[1])


def _scaled(laid: Laid, answer: Answer, left: float) -> Laid:
    return [
        each.model_copy(update={"quantity": left * each.quantity})
        if isinstance(each, ExportQuota) and (each.exporter, each.stage) == (answer.exporter, answer.stage)
        else each
        for each in laid
    ]


def _taxes(answer: Answer, before: State, after: State) -> Iterator[ExportTaxChange]:
    """An export tax towards every importer as large as the levies and duties that the agreement adds per tonne."""
    was = {(region, partner): charge for region, partner, charge, _ in _charged(before, answer)}
    for exporter, importer, charge, price in _charged(after, answer):
        added = charge - was.get((exporter, importer), 0.0)
        if added > WON_BACK * price > 0.0:
            place = {"mineral": answer.mineral, "stage": answer.stage}
            yield ExportTaxChange.of(
                exporter=exporter, importers=(importer,), rate=answer.share * added / price, **place
            )


def _charged(state: State, answer: Answer) -> Iterator[tuple[str, str, float, float]]:
    """Exporter, importer, what the importer's treasury takes per tonne, and the exporter's price, by route [USD/t]."""
    t, regions = state.problem.table, state.problem.market.regions
    charges = charges_at(state.problem, state.price, state.rent, state.levy, state.quantity)
    duty = charges.by_receiver[Account.REVENUE, False]
    for route in np.flatnonzero((t.role == Role.ROUTE) & (t.region != t.partner) & (state.quantity > 0.0)).tolist():
        if _leaves(state, route, answer.exporter, answer.stage):
            yield regions[t.region[route]], regions[t.partner[route]], duty[route], state.price[t.node_in[route]]
