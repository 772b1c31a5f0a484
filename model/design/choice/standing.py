"""Where a chosen agreement stands in each measure of a frontier, worked out from the choice itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.design.choice.objectives import MEASURES, OF_OPTION, industries_cost
from model.errors import ScenarioError
from model.records import choices

if TYPE_CHECKING:
    from model.design.choice import Choice, ChoiceTerms
    from model.market.records import Floats


def standing(choice: Choice, terms: ChoiceTerms, name: str) -> float:
    """A measure of a choice in the measure's unit, larger is better; see ``MEASURES`` of the choice.

    Raises:
        ScenarioError: for a measure that does not exist.
    """
    options = list(choice.chosen.values())
    if name in OF_OPTION:
        values = [OF_OPTION[name](option) for option in options]
        return sum(values) / (len(values) if name == "independence" else 1)
    if name == "expected_gain":
        return sum(terms.request.weight(i) * gain for i, gain in choice.expected_gain.items())
    if name == "worst_off":
        return min(terms.request.weight(i) * choice.expected_gain[i] for i in terms.counted or terms.frame.parties)
    if name == "cvar":
        return -_mean_of_worst(_losses(choice, terms), terms.frame.chance, terms.request.objective.tail)
    if name == "least_assured":
        return min(option.least_assured for option in options)
    raise ScenarioError(f"unknown measure {name!r}; {choices(MEASURES, name)}")


def worth(choice: Choice, terms: ChoiceTerms) -> float:
    """What a choice is worth by expected gains, whatever the request's objective [million USD/yr]."""
    request, options = terms.request, choice.chosen.values()
    theirs = sum(option.outsiders_gain for option in options)
    counts = {"ignored": 0.0, "counted": theirs, "not_at_their_expense": min(theirs, 0.0)}
    charged = sum(industries_cost(request, option) for option in options)
    return standing(choice, terms, "expected_gain") - charged + counts[request.objective.outsiders]


def _losses(choice: Choice, terms: ChoiceTerms) -> Floats:
    """The parties' weighted loss by state against no agreement and no shock [million USD/yr]."""
    weights = np.array([terms.request.weight(i) for i in terms.frame.parties])
    net = choice.gain + np.sum([option.net - option.gain for option in choice.chosen.values()], axis=0)
    losses: Floats = -(net @ weights)
    return losses


def _mean_of_worst(losses: Floats, chance: Floats, tail: float) -> float:
    """Mean loss in the worst part ``tail`` of outcomes (Rockafellar and Uryasev 2000).

    >>> _mean_of_worst(np.array([0.0, 10.0, 20.0]), np.array([0.8, 0.1, 0.1]), 0.2)
    15.0
    """
    excess = np.maximum(losses[:, None] - losses[None, :], 0.0)
    return float(np.min(losses + chance @ excess / tail))
