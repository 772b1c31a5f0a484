"""Membership: what changes when a member leaves or an outsider joins, and which coalitions hold together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd

from model.errors import ScenarioError
from model.words.numbers import listing, starting
from model.words.yearly import money_a_year
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from model.design.questions.evaluate import Evaluator, Trial
    from model.scenario import Scenario
    from model.words.names import Names
    from model.world import World

MOST_CORE = 8
USUAL_CORE = 5
"""Parties of a core where none was chosen: 31 coalitions, where eight parties have 255."""
SAME_GAIN = 1e-6
"""Differences of gains below this are no reason to join or leave [million USD/yr]."""


@dataclass(frozen=True)
class Member:
    """What changes when a member leaves or an outsider joins: its own gain and the others' [million USD/yr]."""

    country: str
    joins: bool
    own: float
    others: float


def membership_trials(trial: Trial, candidates: Sequence[str], regions: Sequence[str]) -> dict[str, Trial]:
    """One trial per country: without it where it is a member, with it where it is not; never without any member."""
    trials = {}
    if len(trial.members) > 1:
        trials = {name: trial.among(tuple(i for i in trial.members if i != name), regions) for name in trial.members}
    joiners = (name for name in candidates if name not in trial.members)
    return trials | {name: trial.among((*trial.members, name), regions) for name in joiners}


def membership(trial: Trial, before: Mapping[str, float], after: Mapping[str, Mapping[str, float]]) -> list[Member]:
    """The gain of adding or losing each country, from the gains as agreed and in every :func:`membership_trials`."""
    found = []
    for country, gains in after.items():
        change = {party: gains[party] - before[party] for party in gains}
        rest = [party for party in trial.members if party != country]
        found.append(Member(country, country not in trial.members, change[country], sum(change[p] for p in rest)))
    return found


def membership_in_words(members: Sequence[Member], names: Names) -> list[str]:
    """Who would be better off outside, and who is wanted in, each in a sentence."""
    better = [m for m in members if not m.joins and m.own > SAME_GAIN]
    sentences = []
    if any(not member.joins for member in members):
        told = [f"{names.the_region(m.country)} (by {money_a_year(m.own)})" for m in better]
        sentences.append(
            f"{starting(listing(told))} would gain more by leaving." if told else "No member would gain by leaving."
        )
    for member in members:
        if member.joins:
            own, others = (f"{_verb(value)} {money_a_year(value)}" for value in (member.own, member.others))
            name = starting(names.the_region(member.country))
            sentences.append(f"If {name} joined, it would {own} and the members together {others}.")
    return sentences


def _verb(value: float) -> str:
    return "lose" if value < 0 else "gain"


def largest_users(world: World, scenario: Scenario, most: int = USUAL_CORE) -> tuple[str, ...]:
    """The parties that use most of the scenario's minerals, at base-year prices, in the scenario's order."""
    value_usd = dict.fromkeys(scenario.parties, 0.0)
    for base in world.base_years(scenario.minerals, scenario).values():
        final = base.stages[-1]
        use_t = dict(zip(base.regions, final.use_t.tolist(), strict=True))
        for party in scenario.parties:
            value_usd[party] += final.price_usd_per_t * use_t[party]
    largest = sorted(scenario.parties, key=lambda party: -value_usd[party])[:most]
    return tuple(party for party in scenario.parties if party in largest)


@dataclass(frozen=True)
class Coalition:
    """One coalition: what each member gains, and who would be better off leaving it [million USD/yr]."""

    members: tuple[str, ...]
    gains: dict[str, float]
    leavers: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether no member is better off leaving."""
        return not self.leavers


def coalition_trials(trial: Trial, core: Sequence[str], regions: Sequence[str]) -> dict[frozenset[str], Trial]:
    """Every coalition of the core, with the agreement applied by its members.

    Raises:
        ScenarioError: for a core too large to try all its coalitions.
    """
    if len(core) > MOST_CORE:
        raise ScenarioError(f"{len(core)} core parties have too many coalitions to try; at most {MOST_CORE}")
    sizes = range(1, len(core) + 1)
    return {frozenset(own): trial.among(own, regions) for size in sizes for own in combinations(core, size)}


def coalitions(evaluator: Evaluator, trial: Trial, core: Sequence[str]) -> Iterator[Progress[list[Coalition] | None]]:
    """Every coalition of the core, largest first: who gains, and whether no member is better off leaving.

    Yields progress; the last step is the list of :class:`Coalition`.

    Raises:
        ScenarioError: for a core too large to try all its coalitions.
    """
    trials = coalition_trials(trial, core, evaluator.world.regions)
    gains = yield from evaluator.all_gains(trials)
    gains[frozenset()] = dict.fromkeys(evaluator.frame.parties, 0.0)
    found = sorted(stable_coalitions(core, gains), key=lambda each: (-len(each.members), each.members))
    yield Progress(len(trials) + 1, len(trials) + 1, "done", found)


def stable_coalitions(core: Sequence[str], gains: Mapping[frozenset[str], Mapping[str, float]]) -> list[Coalition]:
    """Coalitions with those members that are better off once they have left.

    >>> values = {frozenset(): {"A": 0.0}, frozenset({"A"}): {"A": -1.0}}
    >>> stable_coalitions(["A"], values)[0].leavers
    ('A',)
    """
    found = []
    for members, own in gains.items():
        if members:
            named = tuple(name for name in core if name in members)
            leavers = tuple(name for name in named if gains[members - {name}][name] > own[name] + SAME_GAIN)
            found.append(Coalition(named, {name: own[name] for name in named}, leavers))
    return found


def coalition_table(found: Sequence[Coalition], names: Names) -> pd.DataFrame:
    """Every coalition with what its members gain together [million USD/yr], and who would rather leave."""
    return pd.DataFrame(
        {
            "members": [listing([names.region(name) for name in each.members]) for each in found],
            "number": [len(each.members) for each in found],
            "gain_musd": [sum(each.gains.values()) for each in found],
            "least_gain_musd": [min(each.gains.values()) for each in found],
            "holds": [each.holds for each in found],
            "better_off_leaving": [listing([names.region(name) for name in each.leavers]) for each in found],
        }
    )


def coalitions_in_words(found: Sequence[Coalition], names: Names) -> str:
    """How many coalitions hold together, and the largest of them that gains something."""
    holding = [each for each in found if each.holds and sum(each.gains.values()) > SAME_GAIN]
    start = f"Of {len(found)} coalitions, {len(holding) or 'none'} hold together and gain by it"
    if not holding:
        return f"{start}: in every coalition that gains some member would be better off outside."
    best = max(holding, key=lambda each: (len(each.members), sum(each.gains.values())))
    total = money_a_year(sum(best.gains.values()))
    who = listing([names.the_region(name) for name in best.members])
    return f"{start}. The largest of them: {who}, which gain {total} together."
