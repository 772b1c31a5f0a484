"""Where a chosen agreement stands in each measure of a frontier, worked out from the choice itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.design.choice.options import expected_total
from model.errors import ScenarioError
from model.records import choices

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.design.choice import Choice, Terms
    from model.market.records import Floats


def standing(choice: Choice, terms: Terms, name: str) -> float:
    """A measure of a choice in the measure's unit, larger is better; see ``MEASURES`` of the choice.

    Raises:
        ScenarioError: for a measure that does not exist.
    """
    options = list(choice.chosen.values())
    probability = terms.frame.probability

    def expected(account: str) -> float:
        return float(expected_total(options, account).sum())

    of_name: dict[str, Callable[[], float]] = {
        "expected_gain": lambda: sum(terms.request.weight(i) * gain for i, gain in choice.expected_gain.items()),
        "users_gain": lambda: expected("users"),
        "producers_gain": lambda: expected("producers"),
        "treasury_gain": lambda: expected("revenue") - expected("outlay"),
        "worst_off": lambda: _worst_off(choice, terms),
        "cvar": lambda: -_mean_of_worst(_losses(choice, terms), probability, terms.request.objective.tail),
        "independence": lambda: float(np.mean([option.independence for option in options])),
        "least_assured": lambda: min(option.least_assured for option in options),
    }
    if name not in of_name:
        raise ScenarioError(f"unknown measure {name!r}; {choices(of_name, name)}")
    return of_name[name]()


def _worst_off(choice: Choice, terms: Terms) -> float:
    weighted = [party for party in terms.frame.parties if terms.request.weight(party) > 0]
    counted = [party for party in weighted if not terms.is_untouched(party)] or list(terms.frame.parties)
    return min(terms.request.weight(i) * choice.expected_gain[i] for i in counted)


def _losses(choice: Choice, terms: Terms) -> Floats:
    """The parties' weighted loss by state against no agreement and no shock [million USD/yr]."""
    weights = np.array([terms.request.weight(i) for i in terms.frame.parties])
    net = choice.gain + np.sum([option.net - option.gain for option in choice.chosen.values()], axis=0)
    losses: Floats = -(net @ weights)
    return losses


def _mean_of_worst(losses: Floats, probability: Floats, tail: float) -> float:
    """Mean loss in the worst part ``tail`` of outcomes (Rockafellar and Uryasev 2000).

    >>> _mean_of_worst(np.array([0.0, 10.0, 20.0]), np.array([0.8, 0.1, 0.1]), 0.2)
    15.0
    """
    excess = np.maximum(losses[:, None] - losses[None, :], 0.0)
    return float(np.min(losses + probability @ excess / tail))
