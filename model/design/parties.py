"""Would each party sign? Cards by party, what each result comes from, and who gains by leaving or joining."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.agreement import Agreement
from model.design.evaluate import Evaluator, Trial
from model.design.limits import limits_of
from model.design.options import MILLION
from model.design.questions import attribute, attribution_trials, membership, membership_trials
from model.design.request import CLASSES, DesignRequest, check
from model.design.table import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from model.design.table import ResponseTable
    from model.scenario import Scenario

FEW_ORDERS = 8
"""Orders drawn for attribution on a page, where waiting counts; the standard error is shown."""


@dataclass(frozen=True)
class Study(Progress):
    """The last step of :func:`study`: cards by party, red lines with margin, attribution, membership."""

    cards: pd.DataFrame
    red_lines: pd.DataFrame
    attribution: pd.DataFrame
    members: pd.DataFrame


def trial_of(scenario: Scenario) -> Trial:
    """The scenario's agreement as a trial."""
    return Trial(scenario.parties, scenario.agreement, {}, scenario.assumptions)


def request_of(scenario: Scenario, minerals: Sequence[str] | None = None) -> DesignRequest:
    """A design request about the scenario's minerals, parties, horizon and assumptions, with all named shocks."""
    return DesignRequest(
        parties=scenario.parties,
        minerals=tuple(minerals or scenario.minerals),
        horizon=scenario.horizon,
        assumptions=scenario.assumptions,
    )


def study(
    table: ResponseTable, scenario: Scenario, request: DesignRequest, candidates: Sequence[str] = ()
) -> Iterator[Progress]:
    """Cards, attribution and membership of a scenario's agreement over all states of a request, with progress."""
    watched = tuple(dict.fromkeys((*request.parties, *candidates)))
    evaluator = Evaluator(table, request, check(request, table.world), watched)
    trial, regions = trial_of(scenario), table.world.regions
    trials = [trial, *membership_trials(trial, candidates, regions).values()]
    trials += attribution_trials(trial, False, regions, request.seed, FEW_ORDERS)
    done = 0
    for step in evaluator.fill(trials):
        done = step.done
        yield Progress(step.done, step.total + 1, step.tried, step.seconds_left)
    yield Study(
        done + 1,
        done + 1,
        "done",
        0.0,
        cards=cards(evaluator, trial),
        red_lines=margins(evaluator, trial),
        attribution=attribution(evaluator, trial),
        members=pd.DataFrame([each.__dict__ for each in membership(evaluator, trial, candidates)]),
    )


def cards(evaluator: Evaluator, trial: Trial) -> pd.DataFrame:
    """Per watched party: expected gain, its parts [million USD/yr], non-party share, least supply assured [share]."""
    options = list(evaluator.options(trial).values())

    def expected(name: str) -> np.ndarray:
        total: np.ndarray = np.sum([option.expected(getattr(option, name)) for option in options], axis=0)
        return total

    gain = evaluator.frame.probability @ evaluator.gains(trial)
    parts = {"users_musd": expected("users"), "producers_musd": expected("producers")}
    parts["treasury_musd"] = expected("revenue") - expected("outlay")
    parts["settlements_musd"] = gain - sum(parts.values())
    served = [option.assured(name).min(axis=0) for option in options for name in CLASSES]
    shares = np.mean([option.non_party_share for option in options], axis=0)
    return pd.DataFrame(
        {
            "party": evaluator.frame.parties,
            "gain_musd": gain,
            **parts,
            "non_party_share": shares,
            "least_assured": np.min(served, axis=0),
        }
    )


def margins(evaluator: Evaluator, trial: Trial) -> pd.DataFrame:
    """Every red line of the evaluator's request with the margin this agreement leaves (negative = broken)."""
    options = {mineral: [option] for mineral, option in evaluator.options(trial).items()}
    gains = evaluator.gains(trial)
    rows: dict[str, tuple[str, str, float, str]] = {}
    frame = replace(
        evaluator.frame, parties=tuple(p for p in evaluator.frame.parties if p in evaluator.request.parties)
    )
    for limit in limits_of(evaluator.request, frame, options):
        amount = sum(limit.of_options.values())
        if limit.state_weight is not None:
            amount -= float(limit.state_weight @ gains[:, evaluator.frame.parties.index(limit.party)])
        margin = limit.most - amount
        if limit.group not in rows or margin < rows[limit.group][2]:
            rows[limit.group] = (limit.party, limit.sentence, margin, limit.unit)
    return pd.DataFrame(rows.values(), columns=["party", "red_line", "margin", "unit"])


def attribution(evaluator: Evaluator, trial: Trial) -> pd.DataFrame:
    """What each instrument contributes to each party's expected gain [million USD/yr], adding up exactly by party."""
    rows = []
    for party in trial.members:

        def value(each: Trial, party: str = party) -> float:
            return evaluator.expected_gains(each)[party]

        rows += [
            (party, part.lever, part.value, part.standard_error)
            for part in attribute(evaluator, trial, value, orders=FEW_ORDERS)
        ]
    return pd.DataFrame(rows, columns=["party", "lever", "musd", "standard_error"])


def signs(cards_of: pd.DataFrame, parties: Sequence[str]) -> str:
    """One sentence: who would sign in expectation and who would not."""
    own = cards_of[cards_of["party"].isin(parties)]
    losers = own[own["gain_musd"] < -1.0 / MILLION]["party"].tolist()
    if not losers:
        return "No party expects to lose by signing."
    return f"{', '.join(losers)} would be worse off than without the agreement; the others would sign."


def is_empty(agreement: Agreement) -> bool:
    """Whether nothing is agreed."""
    return agreement == Agreement()
