"""What one given agreement does for any set of members: the common ground of all questions asked after the design."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from model.design.choice.options import Frame, Option
from model.design.problem.packages import Package
from model.design.problem.projects import projects_of
from model.design.problem.request import check
from model.design.responses.facts import facts_from
from model.design.responses.response import Question, question
from model.instruments import Agreement, Membership, Stockpile
from model.units import MILLION
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from model.design.problem.projects import Project
    from model.design.problem.request import DesignRequest
    from model.design.responses.table import ResponseTable, Steps
    from model.market.records import Floats

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Trial:
    """An agreement with its members, assumptions, built projects by mineral and lump sums received by party.

    Lump sums are million USD a year, paid ones negative. A project is built where its country is a member.
    """

    members: tuple[str, ...]
    agreement: Agreement
    projects: Mapping[str, tuple[str, ...]]
    assumptions: Mapping[str, float]
    transfers: Mapping[str, float] = field(default_factory=dict)

    def among(self, members: tuple[str, ...], regions: Sequence[str]) -> Trial:
        """The trial once other members apply its agreement."""
        change = Membership(self.members, members, tuple(regions))
        return replace(self, members=members, agreement=self.agreement.applied_by(change))


def moved_among(transfers: Mapping[str, float], members: Sequence[str]) -> dict[str, float]:
    """The lump sums that members still pay and receive once others have left, scaled so that they balance.

    >>> moved_among({"A": -3.0, "B": 1.0, "C": 2.0}, ("A", "C"))
    {'A': -2.0, 'C': 2.0}
    """
    own = {party: transfers.get(party, 0.0) for party in members}
    received = sum(amount for amount in own.values() if amount > 0)
    paid = -sum(amount for amount in own.values() if amount < 0)
    moved = min(received, paid)
    if moved <= 0:
        return dict.fromkeys(own, 0.0)
    return {party: amount * moved / (received if amount > 0 else paid) for party, amount in own.items()}


class Evaluator:
    """Gains by state and party of given agreements, over all states of a request, through the response table.

    Besides the request's parties it watches ``others``.
    """

    def __init__(self, table: ResponseTable, request: DesignRequest, others: Sequence[str] = ()) -> None:
        self.table = table
        self.world = table.world
        self.request = request
        self.states = check(request, table.world)
        parties = tuple(dict.fromkeys((*request.parties, *others)))
        self.frame = self._frame(parties, request.assumptions)

    def _frame(self, parties: tuple[str, ...], assumptions: Mapping[str, float]) -> Frame:
        return Frame.of(parties, self.states, self.world.assumptions.with_overrides(dict(assumptions)))

    def questions(self, trials: Iterable[Trial]) -> list[Question]:
        """All cells the trials need, their neutral ones included."""
        cells = [
            cell
            for trial in trials
            for k in self.request.minerals
            for cell in (*self._cells(trial, k), *self._neutral(trial, k))
        ]
        return list({self.table.key(cell): cell for cell in cells}.values())

    def fill(self, trials: Sequence[Trial]) -> Steps:
        """Solve what the trials need, with progress."""
        yield from self.table.fill(self.questions(trials))

    def all_gains(self, trials: Mapping[Key, Trial]) -> Generator[Progress[None], None, dict[Key, dict[str, float]]]:
        """Expected gains by watched party of every trial [million USD/yr], with progress trial by trial.

        One step is left to the caller, who reports its answer with it.
        """
        gains: dict[Key, dict[str, float]] = {}
        for done, (key, trial) in enumerate(trials.items()):
            for step in self.fill([trial]):
                yield replace(step, done=done, total=len(trials) + 1)
            gains[key] = self.expected_gains(trial)
            yield Progress(done + 1, len(trials) + 1, "", None)
        return gains

    def options(self, trial: Trial) -> dict[str, Option]:
        """The trial as one option per mineral."""
        return {k: self._option(trial, k) for k in self.request.minerals}

    def gains(self, trial: Trial) -> Floats:
        """Gain by state and watched party against no agreement, settlements and lump sums included [million USD/yr]."""
        lump_sums = moved_among(trial.transfers, trial.members)
        total = np.zeros((len(self.states), len(self.frame.parties)))
        total += [lump_sums.get(party, 0.0) for party in self.frame.parties]
        for option in self.options(trial).values():
            paid = [[r.transfers_usd.get(party, 0.0) for party in self.frame.parties] for r in option.responses]
            total += option.gain + np.array(paid) / MILLION
        return total

    def expected_gains(self, trial: Trial) -> dict[str, float]:
        """Expected gain by watched party [million USD/yr]."""
        values = self.frame.weight @ self.gains(trial)
        return dict(zip(self.frame.parties, values.tolist(), strict=True))

    def _option(self, trial: Trial, mineral: str) -> Option:
        responses = tuple(self.table.one(cell) for cell in self._cells(trial, mineral))
        neutral = tuple(self.table.one(cell) for cell in self._neutral(trial, mineral))
        stage = self.world.stages[mineral][-1]
        stocks = tuple((s.party, s.quantity) for s in trial.agreement.of(Stockpile, mineral))
        package = Package(mineral=mineral, stage=stage, stockpiles=stocks)
        price = facts_from(neutral[0], mineral, stage, self.request.parties).price_usd_per_t
        projects = self._built(trial, mineral)
        frame = self._frame(self.frame.parties, trial.assumptions)
        return Option(frame, package, responses, neutral, price, None, projects)

    def _cells(self, trial: Trial, mineral: str) -> list[Question]:
        built = tuple(project.id for project in self._built(trial, mineral))
        return self._asked(trial, trial.agreement, mineral, built)

    def _built(self, trial: Trial, mineral: str) -> tuple[Project, ...]:
        """The trial's projects that stand in a member."""
        ids = set(trial.projects.get(mineral, ()))
        known = projects_of(self.world, self.request.scenario(), mineral) if ids else []
        return tuple(project for project in known if project.id in ids and project.region in trial.members)

    def _neutral(self, trial: Trial, mineral: str) -> list[Question]:
        return self._asked(replace(trial, members=self.request.parties), Agreement(), mineral, ())

    def _asked(self, trial: Trial, agreement: Agreement, mineral: str, projects: tuple[str, ...]) -> list[Question]:
        plain = self.request.model_copy(update={"parties": trial.members, "assumptions": dict(trial.assumptions)})
        return [
            question(self.world, plain.scenario(agreement, state.shock), mineral, projects) for state in self.states
        ]
