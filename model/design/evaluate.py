"""What one given agreement does for any set of members: the common ground of all questions asked after the design."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.agreement import Agreement
from model.design.options import MILLION, Frame, Option
from model.design.packages import Package
from model.design.projects import projects_of
from model.design.responses import Question, facts_from, question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from model.design.request import DesignRequest, State
    from model.design.table import Progress, ResponseTable
    from model.market.records import Floats

INSTRUMENTS = ("floors", "trqs", "offtakes", "stockpiles", "tariffs", "quotas", "export_taxes", "zero_for_zero")


@dataclass(frozen=True)
class Trial:
    """An agreement with its members, assumptions and built projects by mineral."""

    members: tuple[str, ...]
    agreement: Agreement
    projects: Mapping[str, tuple[str, ...]]
    assumptions: Mapping[str, float]


def restrict(agreement: Agreement, members: Sequence[str], regions: Sequence[str]) -> Agreement:
    """The agreement as applied by some members only; who is out is an outsider to its border measures."""
    inside = set(members)
    outsiders = tuple(region for region in regions if region not in inside)

    def importers(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in inside)

    floors = [f.model_copy(update={"parties": importers(f.parties)}) for f in agreement.floors]
    trqs = [t.model_copy(update={"importers": importers(t.importers), "exporters": outsiders}) for t in agreement.trqs]
    return agreement.model_copy(
        update={
            "floors": tuple(floor for floor in floors if floor.parties),
            "trqs": tuple(trq for trq in trqs if trq.importers and trq.exporters),
            "offtakes": tuple(o for o in agreement.offtakes if o.producer in inside and o.buyer in inside),
            "stockpiles": tuple(s for s in agreement.stockpiles if s.party in inside),
        }
    )


def enlarge(agreement: Agreement, before: Sequence[str], members: Sequence[str], regions: Sequence[str]) -> Agreement:
    """The agreement as applied by more members: they join floors and quotas that all earlier members apply."""
    outsiders = tuple(region for region in regions if region not in members)
    everyone = set(before)
    return agreement.model_copy(
        update={
            "floors": tuple(
                f.model_copy(update={"parties": tuple(members)}) if set(f.parties) == everyone else f
                for f in agreement.floors
            ),
            "trqs": tuple(
                t.model_copy(update={"importers": tuple(members), "exporters": outsiders})
                if set(t.importers) == everyone
                else t.model_copy(update={"exporters": outsiders})
                for t in agreement.trqs
            ),
        }
    )


class Evaluator:
    """Gains by state and party of given agreements, through the response table."""

    def __init__(
        self, table: ResponseTable, request: DesignRequest, states: Sequence[State], watched: Sequence[str]
    ) -> None:
        self.table = table
        self.world = table.world
        self.request = request
        self.states = tuple(states)
        assumptions = self.world.assumptions.with_overrides(request.assumptions)
        self.frame = Frame(
            parties=tuple(watched),
            states=tuple(state.name for state in states),
            probability=np.array([state.probability for state in states]),
            carrying_cost=assumptions.value("stockpile_carrying_cost"),
        )

    def questions(self, trials: Iterable[Trial]) -> list[Question]:
        """All cells the trials need, their neutral ones included."""
        cells = [
            cell
            for trial in trials
            for k in self.request.minerals
            for cell in (*self._cells(trial, k), *self._neutral(trial, k))
        ]
        return list({self.table.key(cell): cell for cell in cells}.values())

    def fill(self, trials: Sequence[Trial]) -> Iterable[Progress]:
        """Solve what the trials need, with progress."""
        return self.table.fill(self.questions(trials))

    def options(self, trial: Trial) -> dict[str, Option]:
        """The trial as one option per mineral."""
        return {k: self._option(trial, k) for k in self.request.minerals}

    def gains(self, trial: Trial) -> Floats:
        """Gain by state and watched party against no agreement, settlements included [million USD/yr]."""
        total = np.zeros((len(self.states), len(self.frame.parties)))
        for option in self.options(trial).values():
            paid = [[r.transfers_usd.get(party, 0.0) for party in self.frame.parties] for r in option.responses]
            total += option.gain + np.array(paid) / MILLION
        return total

    def expected_gains(self, trial: Trial) -> dict[str, float]:
        """Expected gain by watched party [million USD/yr]."""
        values = self.frame.probability @ self.gains(trial)
        return dict(zip(self.frame.parties, values.tolist(), strict=True))

    def _option(self, trial: Trial, mineral: str) -> Option:
        responses = tuple(self.table.one(cell) for cell in self._cells(trial, mineral))
        neutral = tuple(self.table.one(cell) for cell in self._neutral(trial, mineral))
        stage = self.world.stages[mineral][-1]
        stocks = tuple((s.party, s.quantity) for s in trial.agreement.stockpiles if s.mineral == mineral)
        package = Package(mineral=mineral, stage=stage, stockpiles=stocks)
        price = facts_from(neutral[0], mineral, stage, self.request.parties).price_usd_per_t
        built = set(trial.projects.get(mineral, ()))
        known = projects_of(self.world, self.request.scenario(), mineral) if built else []
        projects = tuple(project for project in known if project.id in built)
        return Option(self.frame, package, responses, neutral, price, None, projects)

    def _cells(self, trial: Trial, mineral: str) -> list[Question]:
        return self._asked(trial, trial.agreement, mineral, trial.projects.get(mineral, ()))

    def _neutral(self, trial: Trial, mineral: str) -> list[Question]:
        return self._asked(replace(trial, members=self.request.parties), Agreement(), mineral, ())

    def _asked(self, trial: Trial, agreement: Agreement, mineral: str, projects: tuple[str, ...]) -> list[Question]:
        plain = self.request.model_copy(update={"parties": trial.members, "assumptions": dict(trial.assumptions)})
        return [
            question(self.world, plain.scenario(agreement, state.shock), mineral, projects) for state in self.states
        ]
