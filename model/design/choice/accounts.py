"""What the parties gain as linear terms of the programme: in expectation, and in every state where that counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo

from model.design.choice.contracts import hedge
from model.design.choice.programme import NOUGHT, linear

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from model.design.choice.terms import ChoiceTerms
    from model.market.records import Floats


CANCELS = 1e-12
"""A sum below this share of its parts is none: a hedge adds nothing to an expectation."""


@dataclass(frozen=True)
class Entries:
    """Variables and what a unit of each adds in every state [variable, state], million USD/yr.

    ``mineral`` is the market they belong to; None = none, as transfers.
    """

    mineral: str | None
    variables: list[Any]
    by_state: Floats

    def weighed(self, weight: Floats) -> Iterator[tuple[float, Any]]:
        """Coefficients over states under ``weight`` (the frame's: expected), and variables."""
        total, size = self.by_state @ weight, np.abs(self.by_state) @ np.abs(weight)
        return zip(np.where(np.abs(total) > CANCELS * size, total, 0.0).tolist(), self.variables, strict=True)


def entries_of(m: pyo.ConcreteModel, terms: ChoiceTerms, weights: Floats, net: bool = False) -> list[Entries]:
    """The weighted sum of the parties' gains: packages, purses, hedges by mineral; transfers and premiums.

    ``net`` measures against no agreement and no shock.
    """
    of_minerals = [_of_mineral(m, terms, mineral, weights, net) for mineral in terms.options]
    return [*of_minerals, _of_no_mineral(m, terms, weights)]


def _of_mineral(m: pyo.ConcreteModel, terms: ChoiceTerms, mineral: str, weights: Floats, net: bool) -> Entries:
    options = terms.options[mineral]
    own = np.array([option.gain @ weights for option in options])
    if net:  # the status quo under shocks is the same beside every option
        own += (options[0].net - options[0].gain) @ weights
    shares: list[tuple[Any, Floats]] = []
    if terms.request.share_revenue:
        own -= np.array([option.revenue @ weights for option in options])
        shares += _divided(m.revenue_share, terms, mineral, weights, [option.revenue for option in options])
    if terms.request.share_outlay:
        own += np.array([option.outlay @ weights for option in options])
        shares += _divided(m.outlay_share, terms, mineral, -weights, [option.outlay for option in options])
    shares += _hedges(m, terms, mineral, weights)
    chosen = [m.chosen[mineral, position] for position in range(len(options))]
    by_state = np.array([*own, *(amount for _, amount in shares)])
    return Entries(mineral, chosen + [x for x, _ in shares], by_state)


def _divided(
    share: pyo.Var, terms: ChoiceTerms, mineral: str, weights: Floats, amounts: list[Floats]
) -> Iterator[tuple[Any, Floats]]:
    """Shares of a common purse with what a whole purse is worth by state."""
    for position, amount in enumerate(amounts):
        total = amount.sum(axis=1)
        for party, weight in zip(terms.frame.parties, weights.tolist(), strict=True):
            if weight:
                yield share[mineral, position, party], weight * total


def _hedges(m: pyo.ConcreteModel, terms: ChoiceTerms, mineral: str, weights: Floats) -> Iterator[tuple[Any, Floats]]:
    at = terms.frame.parties.index
    for key in m.contracts_of[mineral]:
        pair = m.pair_data[key]
        weight = float(weights[at(pair.producer)] - weights[at(pair.buyer)])
        if weight:
            yield m.volume_share[key], weight * pair.most_t * hedge(pair)


def _of_no_mineral(m: pyo.ConcreteModel, terms: ChoiceTerms, weights: Floats) -> Entries:
    at = terms.frame.parties.index
    shares: list[tuple[Any, Floats]] = []
    if terms.request.transfers:
        always = np.ones(len(terms.frame.states))
        shares += [(m.transfer_musd[i], weights[at(i)] * always) for i in terms.frame.parties]
    for number, pool in m.pool_data.items():
        weight = float(weights[at(pool.first)] - weights[at(pool.second)])
        if weight:
            shares += [(m.to_first_musd[number], weight * pool.profile)]
            shares += [(m.to_second_musd[number], -weight * pool.profile)]
    by_state = np.array([amount for _, amount in shares]).reshape(-1, len(terms.frame.states))
    return Entries(None, [x for x, _ in shares], by_state)


def expected(entries: Iterable[Entries], weight: Floats) -> Iterator[tuple[float, Any]]:
    """ChoiceTerms of the expectation."""
    for each in entries:
        yield from each.weighed(weight)


class StateAccount:
    """A sum of gains state by state, written so that each market is counted once for every shock that moves it.

    Most shocks leave most markets alone. The gain in a state is what it is without a shock (``calm_musd``) plus, for
    every market that the shock moves, its swing (``swing_musd``).
    """

    def __init__(self, block: Any, entries: list[Entries]) -> None:
        self._entries, self._block = entries, block
        self._swing_of: dict[str, NDArray[np.intp]] = {}
        swings: dict[tuple[str, int], Iterable[tuple[float, Any]]] = {}
        for each in entries:
            if each.mineral is None:
                continue
            change = each.by_state - each.by_state[:, :1]
            kinds, alike = np.unique(change, axis=1, return_inverse=True)
            self._swing_of[each.mineral] = alike.ravel()
            for kind in range(kinds.shape[1]):
                if np.abs(kinds[:, kind]).max(initial=0.0) > NOUGHT:
                    swings[each.mineral, kind] = list(zip(kinds[:, kind].tolist(), each.variables, strict=True))
        block.calm_musd = pyo.Var(doc="Gain in the first state, before what belongs to no market [million USD/yr]")
        block.swing = pyo.Set(initialize=list(swings), dimen=2, doc="Markets with the shocks that move them alike")
        block.swing_musd = pyo.Var(block.swing, doc="What shocks change in a market [million USD/yr]")

        @block.Constraint(doc="Gain in the first state adds up over markets [million USD/yr]")
        def calm_adds_up(block: Any) -> Any:
            first = np.eye(1, len(next(iter(self._swing_of.values()))))[0]
            pairs = [pair for each in entries if each.mineral is not None for pair in each.weighed(first)]
            return linear([*pairs, (-1.0, block.calm_musd)]) == 0.0

        @block.Constraint(block.swing, doc="Change of gain in one market [million USD/yr]")
        def swing_adds_up(block: Any, mineral: str, kind: int) -> Any:
            return linear([*swings[mineral, kind], (-1.0, block.swing_musd[mineral, kind])]) == 0.0

    def weighed(self, weight: Floats) -> Iterator[tuple[float, Any]]:
        """ChoiceTerms of the sum over states under ``weight`` (one state: there)."""
        yield float(weight.sum()), self._block.calm_musd
        for mineral, kind in self._block.swing:
            share = float(weight @ (self._swing_of[mineral] == kind))
            if share:
                yield share, self._block.swing_musd[mineral, kind]
        for each in self._entries:
            if each.mineral is None:
                yield from each.weighed(weight)
