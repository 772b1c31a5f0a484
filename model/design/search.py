"""The search for an agreement: response table, choice, refinement around it, proof by the equilibrium."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from model.design.catalogue import Catalogue
from model.design.choice import build, choose, decide
from model.design.choice.limits import PARTICIPATION
from model.design.choice.programme import NoAgreement, Programme, Solved
from model.design.choice.standing import standing, worth
from model.design.conflict import Conflict, Worth, conflict, least_violation, nearest, why_nothing, worths
from model.design.frontier import FEWEST_POINTS, frontier
from model.design.problem.packages import ends_reached
from model.design.proof import Proof, as_verified, signable, verify
from model.units import MILLION
from model.words.names import Names
from model.words.numbers import money
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from model.design.choice import Choice, ChoiceTerms
    from model.design.frontier import Point
    from model.design.problem.request import DesignRequest, WorldState
    from model.design.responses.table import ResponseTable
    from model.instruments import Agreement

    Deciding = Generator[Progress[None], None, Choice]

MOST_REFINEMENTS = 12
"""Rounds of refinement in search of any agreement that meets all red lines."""
MOST_ROUNDS = 40
"""Rounds of refinement around a choice."""
SOUGHT = 0.25
"""How far from the best choice to the best without limits that one is sought which breaks the limits least."""
MOST_PROOFS = 5
MOST_REDRAWN = 5
SMALL_SHORTFALL = 1e-6
"""A shortfall below this share of all gains is rounding dust."""


@dataclass(frozen=True)
class Design:
    """What the optimiser recommends, or why nothing can be recommended.

    ``agreement`` holds every instrument in negotiable steps, offtakes with their strikes. Without an agreement that
    meets the red lines ``choice``, ``proof`` and ``agreement`` are None and ``conflicts`` names the smallest set that
    cannot hold together. ``names`` are those it is told with.
    """

    request: DesignRequest
    names: Names
    states: tuple[WorldState, ...] = ()
    choice: Choice | None = None
    agreement: Agreement | None = None
    proof: Proof | None = None
    conflicts: tuple[Conflict, ...] = ()
    worths: tuple[Worth, ...] = ()
    notes: tuple[str, ...] = ()
    packages_tried: int = 0
    packages_left_out: int = 0

    @property
    def projects(self) -> dict[str, tuple[str, ...]]:
        """Projects built, by mineral."""
        return {} if self.choice is None else {k: option.package.projects for k, option in self.choice.chosen.items()}


class Designer:
    """One run of the optimiser. Iterate over :meth:`run` for progress; the result is then in ``design``.

    Stopping the iteration cancels; a later run with the same store goes on from what was solved.
    """

    def __init__(self, table: ResponseTable, request: DesignRequest) -> None:
        self.table = table
        self.request = request
        self.design: Design | None = None
        self._catalogue = Catalogue(table, request)
        self._margins: dict[str, float] = {}

    def run(self) -> Iterator[Progress[Designer | None]]:
        """Solve, choose, refine, prove. Yields after every part of the response table; the last step finds itself."""
        yield from self._catalogue.survey()
        self.design = None
        try:
            self.design = yield from self._signed()
        except NoAgreement:
            conflicts = yield from self._conflicts()
            with suppress(NoAgreement):  # looking for the amounts may have found packages that meet all lines
                self.design = None if conflicts else (yield from self._signed())
            self.design = self.design or self._design(conflicts=conflicts)
        done = self._catalogue.done
        yield Progress(done, done, "done", self)

    def _signed(self) -> Generator[Progress[None], None, Design]:
        """The best agreement that meets all red lines, proved.

        Raises:
            NoAgreement: where refinement finds none.
        """
        choice = yield from self._settle()
        return (yield from self._prove(choice))

    def result(self) -> Design:
        """Run to the end without reporting."""
        for _ in self.run():
            pass
        assert self.design is not None, "a run that ends has a design"
        return self.design

    def survey(self) -> None:
        """Solve the whole menu without choosing."""
        for _ in self._catalogue.survey():
            pass

    def terms(self) -> ChoiceTerms:
        """What the choice is made from, as far as packages were solved."""
        return self._catalogue.terms(self._margins)

    def frontier(self, first: str, second: str) -> Iterator[Progress[tuple[Point, ...]]]:
        """Trade-offs between two measures; the last step has the points.

        A menu is coarse: where it has fewer than :data:`FEWEST_POINTS` different agreements between the ends, packages
        around those found are solved and the frontier is drawn again.

        Raises:
            ScenarioError: for measures that do not exist or are the same.
            NoAgreement: when no agreement meets the red lines at all.
        """
        for _ in range(MOST_REDRAWN):
            for last in frontier(self.terms(), first, second):
                yield replace(last, total=last.total + 1)
            wanted = self._catalogue.around(point.choice for point in last.found)
            if len(last.found) >= FEWEST_POINTS or not wanted:
                break
            for step in self._catalogue.add_levels(wanted):
                yield replace(last, done=step.done, total=step.total, tried=step.tried)
        yield last

    def _choose(self, held: Choice | None = None) -> Choice:
        """The best agreement among all options, or with the packages of another choice."""
        terms = self.terms()
        m = build(terms)
        programme = Programme(m, self.request)
        if held is not None:
            for cell in terms.cells:
                is_held = float(terms.option(cell) is held.chosen[cell[0]])
                programme.allow(m.chosen[cell], is_held, is_held)
        return decide(m, terms, programme)

    def _settle(self) -> Deciding:
        """Choose and refine around the choice until levels move by less than a negotiable step and hosts stand.

        Then around what would be better and breaks a limit: near it a better choice may hold. By-products are refined
        under their hosts' earlier packages first: to follow a host means to solve all again.
        """
        choice = yield from self._first_choice()
        for _ in range(MOST_ROUNDS):
            wanted = self._catalogue.around([choice]) or self._catalogue.around(self._out_of_reach(choice))
            if wanted:
                yield from self._catalogue.add_levels(wanted)
                again = self._choose()
                if again.objective > choice.objective:  # else only another choice within the gap
                    choice = again
            elif (yield from self._catalogue.follow_hosts(choice)):
                choice = self._choose()
            else:
                break
        return choice

    def _out_of_reach(self, choice: Choice) -> Iterator[Choice]:
        """Of what is better by part of what the limits stand in the way of, the choice that breaks them least."""
        terms = self.terms()
        best = choose(replace(terms, request=without_limits(self.request), margins={}))
        gained, most = (worth(each, terms) for each in (choice, best))
        if most <= gained + self.request.gap * abs(gained):
            return
        yield least_violation(terms, gained + SOUGHT * (most - gained))

    def _first_choice(self) -> Deciding:
        """A choice that meets all red lines: where the menu has none, around those that break them least.

        Raises:
            NoAgreement: when refinement finds none either.
        """
        for _ in range(MOST_REFINEMENTS):
            try:
                return self._choose()
            except NoAgreement:
                wanted = self._catalogue.around([least_violation(self.terms())])
                if not wanted:
                    raise
                yield from self._catalogue.add_levels(wanted)
        return self._choose()

    def _conflicts(self) -> Generator[Progress[None], None, tuple[Conflict, ...]]:
        """What stands in the way, after refinement around what each of its lines would have to give way for least.

        Otherwise the amounts depended on which packages other lines had called for.
        """
        for _ in range(MOST_REFINEMENTS):
            terms = self.terms()
            found = conflict(terms)
            choices = [nearest(terms, each, found) for each in found]
            wanted = self._catalogue.around(choice for choice in choices if choice is not None)
            if not wanted:
                break
            yield from self._catalogue.add_levels(wanted)
        return tuple(conflict(self.terms()))

    def _prove(self, choice: Choice) -> Generator[Progress[None], None, Design]:
        """Verify the choice with every instrument in place, until nobody is short.

        Where rounding leaves a party below what participation asks, its limit is tightened by that much and the same
        packages are paid for anew; where that is not enough, others are chosen.
        """
        for rounds in range(1, MOST_PROOFS + 1):
            choice, agreement = signable(choice, self.request, self._catalogue.world)
            proof = yield from verify(self._catalogue, choice, agreement, rounds)
            short = self._shortfalls(proof, not choice.is_neutral)
            if not short or rounds == MOST_PROOFS:
                break
            for group, amount in short.items():
                self._margins[group] = self._margins.get(group, 0.0) + amount
            try:
                paid = self._choose(choice)
                gap = Solved(paid.objective, choice.bound, choice.is_proved).gap
                choice = replace(paid, bound=choice.bound, gap=gap, is_proved=choice.is_proved)
            except NoAgreement:
                choice = yield from self._settle()
        return self._report(choice, agreement, proof)

    def _shortfalls(self, proof: Proof, is_agreed: bool) -> dict[str, float]:
        """By how much verified gains stay below what participation asks [million USD/yr]."""
        if self.request.participation == "none":
            return {}
        smallest = SMALL_SHORTFALL * sum(abs(value) for value in proof.verified.values())
        asked = self.terms().least_gains if is_agreed else {}
        short = {party: asked.get(party, 0.0) - value for party, value in proof.verified.items()}
        return {f"{party} {PARTICIPATION}": amount for party, amount in short.items() if amount > smallest}

    def _report(self, choice: Choice, agreement: Agreement, proof: Proof) -> Design:
        names = Names(self._catalogue.world.tables)
        notes = [*choice.notes, *self._why_nothing(choice)]
        notes += [
            f"{names.mineral(mineral)}: {told}."
            for mineral, option in choice.chosen.items()
            if option.levels is not None
            for told in ends_reached(option.levels, self.request.menu)
        ]
        if proof.difference > self.request.agreement_gap:
            notes.append(
                f"Predicted and verified gains still differ by up to {proof.difference:.1%}: the verified ones hold."
            )
        notes += [
            f"{group}: {amount:.3g} million USD a year short of the limit after rounding."
            for group, amount in self._shortfalls(proof, not choice.is_neutral).items()
        ]
        terms = self.terms()
        found = tuple(worths(terms, choice))
        verified = as_verified(choice, proof, terms)
        return self._design(choice=verified, agreement=agreement, proof=proof, worths=found, notes=notes)

    def _design(self, notes: Iterable[str] = (), **found: Any) -> Design:
        catalogue = self._catalogue
        return Design(
            request=self.request,
            names=Names(catalogue.world.tables),
            states=catalogue.states,
            notes=(*catalogue.notes(), *notes),
            packages_tried=catalogue.tried,
            packages_left_out=catalogue.left_out,
            **found,
        )

    def _why_nothing(self, choice: Choice) -> list[str]:
        """Where nothing is agreed, what the best package would do if nobody had to agree."""
        if not choice.is_neutral:
            return []
        terms = self.terms()
        told = [why_nothing(choose(replace(terms, request=without_limits(self.request), margins={})))]
        if self.request.participation != "none" and self.request.least_gain:
            told += self._least_gain_of_all(terms)
        return told

    def _least_gain_of_all(self, terms: ChoiceTerms) -> list[str]:
        """The most that every party could have at least, where that is less than what was asked."""
        equal = self.request.objective.model_copy(update={"kind": "worst_off", "weights": {}, "outsiders": "ignored"})
        request = self.request.model_copy(update={"objective": equal, "least_gain": 0.0})
        try:
            most = standing(choose(replace(terms, request=request, margins={})), terms, "worst_off") * MILLION
        except NoAgreement:
            return []
        if not 0.0 < most < self.request.least_gain:
            return []
        return [f"Every party could gain at least {money(most)} a year; asked is {money(self.request.least_gain)}."]


def without_limits(request: DesignRequest) -> DesignRequest:
    """The same question, by expected gains, where nobody has to agree and no line is red."""
    objective = request.objective.by_expected_gain
    return request.model_copy(
        update={"objective": objective, "participation": "none", "red_lines": {}, "transfers": 0.0}
    )
