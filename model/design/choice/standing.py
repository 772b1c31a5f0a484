"""Where a chosen agreement stands in each measure of a frontier, worked out from the choice itself."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.design.choice.objectives import MEASURES, OF_OPTION, industries_cost
from model.errors import ScenarioError
from model.records import choices

if TYPE_CHECKING:
    from model.design.choice import Choice, ChoiceTerms
    from model.design.problem.request import DesignRequest
    from model.market.records import Floats


TINY = 1e-9
"""A gain below this share of the largest counts as this: its logarithm has no end."""


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


def objective_of(choice: Choice, terms: ChoiceTerms) -> float:
    """The request's objective for a choice, in its unit: what a programme of its packages would make large."""
    request = terms.request
    kind, charged = request.objective.kind, sum(industries_cost(request, each) for each in choice.chosen.values())
    if kind != "nash":
        return standing(choice, terms, kind) - charged + _outsiders(choice, request)
    gains = {party: max(choice.expected_gain[party] / terms.unit_gain(party), TINY) for party in terms.counted}
    return sum(request.weight(party) * math.log(gain) for party, gain in gains.items()) - charged


def worth(choice: Choice, terms: ChoiceTerms) -> float:
    """What a choice is worth by expected gains, whatever the request's objective [million USD/yr]."""
    by_gain = terms.request.model_copy(update={"objective": terms.request.objective.by_expected_gain})
    return objective_of(choice, replace(terms, request=by_gain))


def _outsiders(choice: Choice, request: DesignRequest) -> float:
    """What the objective counts of those who are no party."""
    gain = sum(option.outsiders_gain for option in choice.chosen.values())
    return {"ignored": 0.0, "counted": gain, "not_at_their_expense": min(gain, 0.0)}[request.objective.outsiders]


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
