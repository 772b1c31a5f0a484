"""Would each party sign? The questions of the page Parties, each worked out with progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from model.aside import NOTHING_BESIDE, Aside
from model.design.problem.draft import request_of
from model.design.questions.attribution import (
    ASSUMPTIONS,
    MEMBERSHIP,
    POLICY,
    attribute,
    attribution_trials,
    change_trials,
    levers_of,
)
from model.design.questions.cards import cards, red_lines, sides
from model.design.questions.evaluate import Evaluator, Trial
from model.design.questions.membership import Member, membership, membership_trials
from model.design.wording import ALL
from model.errors import ScenarioError
from model.words.numbers import starting
from model.words.yearly import SMALLEST_SHOWN, money_a_year, signed_money_a_year
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from model.design.choice import Choice
    from model.design.problem.request import DesignRequest, WorldState
    from model.design.responses.table import ResponseTable
    from model.scenario import Scenario
    from model.words.names import Names


@dataclass(frozen=True)
class Study:
    """Cards by party, all others beside them, red lines with margin, attribution, who gains by leaving or joining."""

    states: tuple[WorldState, ...]
    cards: pd.DataFrame
    sides: pd.DataFrame
    red_lines: pd.DataFrame
    attribution: pd.DataFrame
    members: list[Member]


def aside_of(choice: Choice) -> Aside:
    """What is lost when a choice is loaded as a scenario."""
    built = {mineral: option.package.projects for mineral, option in choice.chosen.items() if option.package.projects}
    moved = {party: amount for party, amount in choice.transfers.items() if abs(amount) > NO_TRANSFER}
    return Aside(built, moved, bool(choice.revenue_shares or choice.outlay_shares))


NO_TRANSFER = 1e-9
"""Lump sums below this are none [million USD/yr]."""


def trial_of(scenario: Scenario, aside: Aside = NOTHING_BESIDE) -> Trial:
    """The scenario's agreement as a trial, with what stands beside it."""
    return Trial(scenario.parties, scenario.agreement, aside.projects, scenario.assumptions, aside.transfers)


def study(
    table: ResponseTable, trial: Trial, request: DesignRequest, candidates: Sequence[str] = ()
) -> Iterator[Progress[Study | None]]:
    """Cards, attribution and membership of an agreement over all states of a request.

    Yields progress; the last step is the :class:`Study`.
    """
    evaluator = Evaluator(table, request, candidates)
    regions = table.world.regions
    by_country = membership_trials(trial, candidates, regions)
    by_levers = attribution_trials(trial, False, regions, request.seed)
    gains = yield from evaluator.all_gains({"agreed": trial, **by_country, **by_levers})
    found = Study(
        states=evaluator.states,
        cards=cards(evaluator, trial),
        sides=sides(evaluator, trial),
        red_lines=red_lines(evaluator, trial),
        attribution=_contributions(trial, False, {subset: gains[subset] for subset in by_levers}, request.seed),
        members=membership(trial, gains["agreed"], {country: gains[country] for country in by_country}),
    )
    steps = len(gains) + 1
    yield Progress(steps, steps, "done", found)


def attribution_to_members(
    table: ResponseTable, trial: Trial, request: DesignRequest
) -> Iterator[Progress[pd.DataFrame | None]]:
    """What each instrument and the membership of each party contribute to each party's gain.

    Yields progress; the last step is the table of contributions.
    """
    evaluator = Evaluator(table, request)
    gains = yield from evaluator.all_gains(attribution_trials(trial, True, table.world.regions, request.seed))
    steps = len(gains) + 1
    yield Progress(steps, steps, "done", _contributions(trial, True, gains, request.seed))


def _contributions(
    trial: Trial, with_members: bool, gains: dict[frozenset[str], dict[str, float]], seed: int
) -> pd.DataFrame:
    """Contributions to each member's expected gain [million USD/yr], adding up exactly by party."""
    levers = levers_of(trial, with_members)
    found = attribute(levers, gains, trial.members, seed)
    rows = [(party, each.lever, each.value, each.standard_error) for party, own in found.items() for each in own]
    return pd.DataFrame(rows, columns=["party", "lever", "musd", "standard_error"])


def attribution_in_words(contributions: pd.DataFrame, names: Names) -> str:
    """Which lever contributes most to the gain of all parties, and which takes most away."""
    totals = contributions.groupby("lever", sort=False)["musd"].sum()
    told = []
    for verb, own in (("gained", totals[totals >= SMALLEST_SHOWN]), ("lost", totals[totals <= -SMALLEST_SHOWN])):
        if len(own):
            main, part = str(own.abs().idxmax()), "most" if len(own) > 1 else "all"
            told.append(f"{part} of what is {verb} comes from {_lever(main, names)}, {signed_money_a_year(own[main])}")
    said = f"{starting('; '.join(told))} over all parties" if told else "No lever changes the parties' joint gain"
    error = float(contributions["standard_error"].max())
    return f"{said}." + (f" Sampled: standard error up to {money_a_year(error)}." if error > 0 else "")


def by_lever(contributions: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Contributions with a row per lever and a column per party, all parties together last [million USD/yr]."""
    table = named_levers(contributions, names)
    wide = table.pivot(index="lever", columns="party", values="musd")
    wide = wide.loc[table["lever"].unique(), table["party"].unique()]
    return wide.assign(**{ALL: wide.sum(axis=1)}).reset_index().rename_axis(columns=None)


def named(table: pd.DataFrame, names: Names) -> pd.DataFrame:
    """A table by party with names of regions for codes."""
    return table.assign(party=[names.region(party) for party in table["party"]])


def named_levers(contributions: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Contributions with names of regions for codes."""
    return named(contributions, names).assign(lever=[_lever(lever, names) for lever in contributions["lever"]])


def _lever(lever: str, names: Names) -> str:
    if lever.startswith(MEMBERSHIP):
        return f"{MEMBERSHIP}{names.the_region(lever.removeprefix(MEMBERSHIP))}"
    return lever


def members_table(members: Sequence[Member], names: Names) -> pd.DataFrame:
    """Who leaves or joins, and what that changes for itself and for the others [million USD/yr]."""
    return pd.DataFrame(
        {
            "country": [names.region(member.country) for member in members],
            "change": ["joins" if member.joins else "leaves" for member in members],
            "own_musd": [member.own for member in members],
            "others_musd": [member.others for member in members],
        }
    )


def since(
    table: ResponseTable,
    saved: Scenario,
    scenario: Scenario,
    asides: tuple[Aside, Aside] = (NOTHING_BESIDE, NOTHING_BESIDE),
) -> Iterator[Progress[pd.DataFrame | None]]:
    """How much of the change of each party's expected gain since a saved scenario came from assumptions or policy.

    The split is the Shapley value of the two, so it does not depend on which changed first. Over all named shocks that
    touch the minerals of either; shocks set in a sidebar do not count. ``asides`` are what stands beside the saved
    agreement and this one. Yields progress; the last step is a table by party of either [million USD/yr], in which who
    is no party of one of the two is said to gain as a non-party there.

    Raises:
        ScenarioError: when the two have different horizons.
    """
    if saved.horizon != scenario.horizon:
        raise ScenarioError(
            f"the saved scenario has the {saved.horizon} horizon and this one the {scenario.horizon}: their gains are "
            "of different kinds; choose the same horizon in the sidebar"
        )
    minerals = tuple(dict.fromkeys((*scenario.minerals, *saved.minerals)))
    evaluator = Evaluator(table, request_of(scenario.model_copy(update={"minerals": minerals})), saved.parties)
    gains = yield from evaluator.all_gains(change_trials(trial_of(saved, asides[0]), trial_of(scenario, asides[1])))
    before, after, levers = gains[frozenset()], gains[frozenset({ASSUMPTIONS, POLICY})], [ASSUMPTIONS, POLICY]
    parts = attribute(levers, gains, evaluator.frame.parties, 0)
    rows = [
        (_of_either(party, saved, scenario), before[party], after[party], *(each.value for each in own))
        for party, own in parts.items()
    ]
    columns = ["party", "before_musd", "after_musd", "from_assumptions_musd", "from_policy_musd"]
    steps = len(gains) + 1
    yield Progress(steps, steps, "done", pd.DataFrame(rows, columns=columns))


def _of_either(party: str, saved: Scenario, scenario: Scenario) -> str:
    """A party's code, with a remark where it is a party of only one of two scenarios."""
    if party not in saved.parties:
        return f"{party}{NON_PARTY}before)"
    return party if party in scenario.parties else f"{party}{NON_PARTY}now)"


NON_PARTY = " (a non-party "


def change_in_words(table: pd.DataFrame, name: str) -> str:
    """What became of the gain of all parties since a saved scenario, and why; over those of either if they differ."""
    differ = table["party"].str.contains(NON_PARTY, regex=False).any()
    whose = "all that are parties then or now" if differ else "all parties"
    total = table.iloc[-1]
    before, after = float(total["before_musd"]), float(total["after_musd"])
    if abs(after - before) < SAME_MUSD:
        return f"Since “{name}” the expected gain of {whose} has not changed: {signed_money_a_year(after)}."
    return (
        f"Since “{name}” the expected gain of {whose} went from {signed_money_a_year(before)} to "
        f"{signed_money_a_year(after)}: {signed_money_a_year(float(total['from_policy_musd']))} from policy (what is "
        f"agreed, and by whom) and {signed_money_a_year(float(total['from_assumptions_musd']))} from assumptions."
    )


SAME_MUSD = 1e-4
