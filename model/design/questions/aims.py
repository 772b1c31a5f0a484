"""What a question about one lever aims at: a measure of a party or of all, and what it comes to under a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.errors import ScenarioError
from model.outcome import use_weighted_price
from model.records import choices
from model.units import MONEY, PERCENT
from model.words.numbers import figures

if TYPE_CHECKING:
    from model.design.questions.evaluate import Evaluator, Trial


@dataclass(frozen=True)
class Measure:
    """What a target is set for: its words and unit, whether it is an upper limit, whether each party has its own."""

    name: str
    unit: str
    at_most: bool = False
    by_party: bool = True


MEASURES = {
    "gain": Measure("expected gain", MONEY),
    "producer_price": Measure("price the parties' producers get", "USD/t", by_party=False),
    "non_party_share": Measure("share of use from non-parties", "%", at_most=True),
}


@dataclass(frozen=True)
class Aim:
    """A measure of one party (empty = all parties together), and the target in the measure's unit."""

    measure: str
    target: float
    party: str = ""


def measured(evaluator: Evaluator, trial: Trial, mineral: str, aim: Aim) -> float:
    """What an aim's measure is under a trial, expected over states, in the measure's unit.

    Raises:
        ScenarioError: for an unknown measure, or a producers' price where no member produces.
    """
    members = (aim.party,) if aim.party else trial.members
    if aim.measure == "gain":
        gains = evaluator.expected_gains(trial)
        return sum(gains[party] for party in members)
    if aim.measure == "producer_price":
        return producer_price(evaluator, trial, mineral)
    if aim.measure == "non_party_share":
        option = evaluator.options(trial)[mineral]
        at = [evaluator.frame.parties.index(party) for party in members]
        use = option.expected(option.use_t)[at]
        return float(use @ option.non_party_share[at] / use.sum()) / PERCENT if use.sum() > 0 else 0.0
    raise ScenarioError(f"unknown measure {aim.measure!r}; {choices(MEASURES, aim.measure)}")


def producer_price(evaluator: Evaluator, trial: Trial, mineral: str) -> float:
    """What the members' producers get at the last stage, expected and weighted by status-quo output [USD/t].

    Raises:
        ScenarioError: when no member produces.
    """
    option = evaluator.options(trial)[mineral]
    stage = option.package.stage
    output = {party: option.neutral[0].output_t.get(party, 0.0) for party in trial.members}
    makers = [party for party, quantity in output.items() if quantity > 0]
    if not makers:
        raise ScenarioError(f"no member produces {mineral}: there is no producers' price to compare by")
    made = {party: output[party] for party in makers}
    prices = [use_weighted_price(response.producer_price_usd_per_t[stage], made) for response in option.responses]
    return float(evaluator.frame.weight @ np.array(prices))


def amount(value: float, measure: Measure) -> str:
    """A measure's value with its unit."""
    return f"{'−' if value < 0 else ''}{figures(abs(value))} {measure.unit}"
