"""The search for an agreement: response table, choice, refinement around it, proof by the equilibrium.

A by-product's menu is solved given its hosts' packages. Hosts are neutral at first; when a host's chosen package
changes, the by-product's responses are asked for again under that package, until the choice stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from model.agreement import Agreement, Offtake
from model.design.choice import Choice, Terms, build, decide
from model.design.conflict import Conflict, Worth, conflict, worths
from model.design.limits import PARTICIPATION
from model.design.options import MILLION, Frame, Option, prune
from model.design.packages import Levels, Package, menu_levels, negotiable_step, neighbours, package_of, round_to
from model.design.programme import NoAgreement, Programme
from model.design.projects import Project, eligible, project_sets
from model.design.request import DesignRequest, State, check
from model.design.responses import Facts, Question, Response, facts_from, question
from model.design.table import Failure, Progress, ResponseTable
from model.errors import AccordError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from model.market.records import Floats
    from model.world import World

MOST_REFINEMENTS = 12
MOST_PROOFS = 5
MOST_CONSIDERED = 10
"""Projects of one mineral that are looked at, cheapest first."""
STRIKE_STEP = 0.001
"""Strikes have finer steps than levels, since they divide money without moving the market [share of the price]."""
SMALL_SHORTFALL = 1e-6
"""A shortfall below this share of all gains is rounding dust."""
SMALL_GAIN = 0.001
"""Gains are compared relative to the party's own, but never to less than this share of all parties' gains together."""


@dataclass(frozen=True)
class Proof:
    """Expected gain by party as predicted by the choice and as verified by the equilibrium [million USD/yr].

    ``difference`` is their largest difference relative to the party's gain; ``verified_gain`` is [state, party].
    """

    predicted: dict[str, float]
    verified: dict[str, float]
    verified_gain: Floats
    difference: float
    rounds: int


@dataclass(frozen=True)
class Design:
    """What the optimiser recommends, or why nothing can be recommended.

    ``agreement`` holds every instrument in negotiable steps, offtakes with their strikes. Without an agreement that
    meets the red lines ``choice``, ``proof`` and ``agreement`` are None and ``conflicts`` names the smallest set that
    cannot hold together.
    """

    request: DesignRequest
    states: tuple[State, ...]
    choice: Choice | None
    agreement: Agreement | None
    proof: Proof | None
    conflicts: tuple[Conflict, ...]
    worths: tuple[Worth, ...]
    notes: tuple[str, ...]
    packages_tried: int
    packages_left_out: int

    @property
    def projects(self) -> dict[str, tuple[str, ...]]:
        """Projects built, by mineral."""
        return {} if self.choice is None else {k: option.package.projects for k, option in self.choice.chosen.items()}


@dataclass(frozen=True)
class Found(Progress):
    """The last step of a run: the design, and what a frontier can be drawn from."""

    design: Design
    terms: Terms


@dataclass
class _Mineral:
    """What is known of one mineral's menu so far."""

    facts: Facts
    projects: dict[str, Project]
    options: dict[Package, Option] = field(default_factory=dict)
    levels: set[Levels] = field(default_factory=set)
    left_out: dict[Package, str] = field(default_factory=dict)


class Designer:
    """One run of the optimiser. Iterate over :meth:`run` for progress; the result is then in ``design``.

    Stopping the iteration cancels; a later run with the same store goes on from what was solved.
    """

    def __init__(self, table: ResponseTable, request: DesignRequest) -> None:
        self.table = table
        self.world: World = table.world
        self.request = request
        self.states = check(request, self.world)
        self.design: Design | None = None
        assumptions = self.world.assumptions.with_overrides(request.assumptions)
        self.frame = Frame(
            parties=request.parties,
            states=tuple(state.name for state in self.states),
            probability=np.array([state.probability for state in self.states]),
            carrying_cost=assumptions.value("stockpile_carrying_cost"),
        )
        self.lenders_share = assumptions.value("lenders_offtake_share")
        self._minerals: dict[str, _Mineral] = {}
        self._hosts: dict[str, Package] = {}
        self._notes: list[str] = []
        self._margins: dict[str, float] = {}
        self._done = 0

    def run(self) -> Iterator[Progress]:
        """Solve, choose, refine, prove. Yields after every part of the response table."""
        yield from self._survey()
        try:
            choice = yield from self._settle()
            self.design = yield from self._prove(choice)
        except NoAgreement:
            self.design = self._without_agreement()
        yield Found(self._done, self._done, "done", 0.0, self.design, self.terms())

    def result(self) -> Design:
        """Run to the end without reporting."""
        for _ in self.run():
            pass
        assert self.design is not None, "a run that ends has a design"
        return self.design

    def survey(self) -> None:
        """Solve the whole menu without choosing."""
        for _ in self._survey():
            pass

    def _survey(self) -> Iterator[Progress]:
        """The status quo of every mineral and the whole menu."""
        plain = self.request.scenario()
        yield from self._fill([question(self.world, plain, mineral) for mineral in self.request.minerals])
        for mineral in self.request.minerals:
            response = self.table.one(question(self.world, plain, mineral))
            facts = facts_from(response, mineral, self.world.stages[mineral][-1], self.request.parties)
            projects, notes = eligible(self.world, plain, mineral) if self.request.projects else ([], [])
            self._notes += notes
            earning = yield from self._earning(facts, projects)
            self._minerals[mineral] = _Mineral(facts, {project.id: project for project in earning})
        wanted = {
            k: menu_levels(self.request.menu, project_sets(list(own.projects.values())))
            for k, own in self._minerals.items()
        }
        yield from self._add_levels(wanted)

    def _earning(self, facts: Facts, projects: Sequence[Project]) -> Generator[Progress, None, list[Project]]:
        """Projects that, built alone and without a shock, could earn their full cost under some floor of the menu."""
        plain = self.request.scenario()
        cells = {p.id: question(self.world, plain, facts.mineral, (p.id,)) for p in projects[:MOST_CONSIDERED]}
        yield from self._fill(list(cells.values()))
        highest = max(self.request.menu.floor_levels) * facts.price_usd_per_t
        earning = []
        for project in projects[:MOST_CONSIDERED]:
            price = self.table.one(cells[project.id]).producer_price_usd_per_t[project.stage].get(project.region, 0.0)
            floor = highest if project.stage == facts.stage else 0.0
            if max(price, floor) >= project.full_cost_usd_per_t:
                earning.append(project)
                continue
            self._notes.append(
                f"{project.name} ({project.region}) would not earn its full cost of {project.full_cost_usd_per_t:,.0f} "
                f"USD/t: once built, its home market for {project.stage} {facts.mineral} pays {price:,.0f}."
            )
        return earning

    def _add_levels(self, wanted: Mapping[str, Sequence[Levels]]) -> Iterator[Progress]:
        made = {
            mineral: {
                package_of(
                    levels, self._minerals[mineral].facts, self.request.parties, self.request.menu, self.request.step
                ): levels
                for levels in points
            }
            for mineral, points in wanted.items()
        }
        for mineral, points in wanted.items():
            self._minerals[mineral].levels.update(levels.canonical for levels in points)
        yield from self._add_packages(made)

    def _add_packages(self, made: Mapping[str, Mapping[Package, Levels | None]]) -> Iterator[Progress]:
        """Ask for the responses of packages under all states and make options of them."""
        new = {
            k: {p: levels for p, levels in own.items() if p not in self._minerals[k].options} for k, own in made.items()
        }
        cells = {package: self._cells(package) for own in new.values() for package in own}
        yield from self._fill([cell for own in cells.values() for cell in own])
        for mineral, own in new.items():
            neutral = self._responses(self._cells(Package(mineral=mineral, stage=self._minerals[mineral].facts.stage)))
            if isinstance(neutral, Failure):
                raise AccordError(f"{mineral} cannot be solved without an agreement: {neutral.reason}")
            for package, levels in own.items():
                self._admit(package, levels, self._responses(cells[package]), neutral)

    def _admit(
        self,
        package: Package,
        levels: Levels | None,
        responses: tuple[Response, ...] | Failure,
        neutral: tuple[Response, ...],
    ) -> None:
        known = self._minerals[package.mineral]
        if isinstance(responses, Failure):
            known.left_out[package] = responses.reason
            return
        projects = tuple(known.projects[name] for name in package.projects)
        option = Option(self.frame, package, responses, neutral, known.facts.price_usd_per_t, levels, projects)
        unpaid = [project for project in projects if not covers_full_cost(option, project)]
        if unpaid:
            known.left_out[package] = (
                f"neither floor nor price covers the full cost of {', '.join(p.name for p in unpaid)}"
            )
            return
        known.options[package] = option

    def _cells(self, package: Package) -> list[Question]:
        agreement = self._with_hosts(package)
        return [
            question(self.world, self.request.scenario(agreement, state.shock), package.mineral, package.projects)
            for state in self.states
        ]

    def _with_hosts(self, package: Package) -> Agreement:
        hosts = [self._hosts[host] for host in self.world.hosts.get(package.mineral, {}) if host in self._hosts]
        return joined(each.agreement(self.request.parties, self.world.regions) for each in (package, *hosts))

    def _responses(self, cells: Sequence[Question]) -> tuple[Response, ...] | Failure:
        answers = self.table.answers(cells)
        failed = [answer for answer in answers if isinstance(answer, Failure)]
        return failed[0] if failed else tuple(answer for answer in answers if isinstance(answer, Response))

    def _fill(self, cells: Sequence[Question]) -> Iterator[Progress]:
        before = self._done
        for step in self.table.fill(cells):
            self._done = before + step.done
            yield Progress(self._done, before + step.total + 1, step.tried, step.seconds_left)

    def terms(self) -> Terms:
        """What the choice is made from: for each mineral the neutral option and those no other beats."""
        industries = {*self.request.objective.industry_weights} | {
            name for lines in self.request.red_lines.values() for name in lines.industry_cost
        }
        options = {}
        for mineral, known in self._minerals.items():
            if not known.options:
                raise ScenarioError(
                    f"no package of {mineral} is left: {next(iter(known.left_out.values()), 'the menu is empty')}"
                )
            ordered = sorted(known.options.values(), key=lambda option: not option.package.is_neutral)
            options[mineral] = prune(ordered, lambda o: o.package.is_neutral or o.levels is None, sorted(industries))
        return Terms(self.request, self.frame, options, self.lenders_share, self._margins)

    def _choose(self) -> Choice:
        terms = self.terms()
        m = build(terms)
        return decide(m, terms, Programme(m, self.request))

    def _settle(self) -> Generator[Progress, None, Choice]:
        """Choose and refine around the choice until levels move by less than a negotiable step and hosts stand."""
        choice = self._choose()
        for _ in range(MOST_REFINEMENTS):
            if (yield from self._follow_hosts(choice)):
                choice = self._choose()
            wanted = {k: self._around(k, option) for k, option in choice.chosen.items()}
            if not any(wanted.values()):
                return choice
            yield from self._add_levels(wanted)
            choice = self._choose()
        return choice

    def _around(self, mineral: str, option: Option) -> list[Levels]:
        known = self._minerals[mineral]
        if option.levels is None:
            return []
        return neighbours(option.levels, self.request.menu, known.levels, self.request.step)

    def _follow_hosts(self, choice: Choice) -> Generator[Progress, None, bool]:
        """Ask by-products' responses again when a host's package is another; tells whether any was."""
        hosts = {host for k in self.request.minerals for host in self.world.hosts.get(k, {}) if host in choice.chosen}
        chosen = {host: choice.chosen[host].package for host in sorted(hosts)}
        moved = {host for host in hosts if self._hosts.get(host, _nothing(chosen[host])) != chosen[host]}
        self._hosts |= chosen
        depending = [k for k in self.request.minerals if moved & set(self.world.hosts.get(k, {}))]
        for mineral in depending:
            known = self._minerals[mineral]
            again = {package: option.levels for package, option in known.options.items()}
            known.options = {}
            yield from self._add_packages({mineral: again})
        return bool(depending)

    def _prove(self, choice: Choice) -> Generator[Progress, None, Design]:
        """Verify the choice with every instrument in place; the verified bundle joins the menu until both agree.

        Where rounding leaves a party below what participation asks, its limit is tightened by that much before
        choosing again.
        """
        for rounds in range(1, MOST_PROOFS + 1):
            agreement = agreement_of(choice, self.request, self.world)
            proof = yield from self._verify(choice, agreement, rounds)
            short = self._shortfalls(proof)
            if (proof.difference <= self.request.agreement_gap and not short) or rounds == MOST_PROOFS:
                break
            for group, amount in short.items():
                self._margins[group] = self._margins.get(group, 0.0) + amount
            yield from self._add_packages({k: {self._bundle(choice, k): None} for k in choice.chosen})
            choice = self._choose()
            if (yield from self._follow_hosts(choice)):
                choice = self._choose()
        return self._report(choice, agreement, proof)

    def _shortfalls(self, proof: Proof) -> dict[str, float]:
        """By how much verified gains stay below what participation asks [million USD/yr]."""
        if self.request.participation == "none":
            return {}
        smallest = SMALL_SHORTFALL * sum(abs(value) for value in proof.verified.values())
        return {f"{party} {PARTICIPATION}": -value for party, value in proof.verified.items() if value < -smallest}

    def _report(self, choice: Choice, agreement: Agreement, proof: Proof) -> Design:
        notes = list(choice.notes)
        if proof.difference > self.request.agreement_gap:
            notes.append(
                f"Predicted and verified gains still differ by up to {proof.difference:.1%}: the verified ones hold."
            )
        notes += [
            f"{group}: {amount:.3g} million USD a year short of the limit after rounding."
            for group, amount in self._shortfalls(proof).items()
        ]
        return Design(
            request=self.request,
            states=self.states,
            choice=choice,
            agreement=agreement,
            proof=proof,
            conflicts=(),
            worths=tuple(worths(self.terms(), choice)),
            notes=(*self._notes, *self._left_out_notes(), *notes),
            packages_tried=sum(len(own.options) + len(own.left_out) for own in self._minerals.values()),
            packages_left_out=sum(len(own.left_out) for own in self._minerals.values()),
        )

    def _bundle(self, choice: Choice, mineral: str) -> Package:
        offtakes = tuple(
            (o.producer, o.buyer, o.quantity)
            for o in _offtakes(choice, self.request, self.world)
            if o.mineral == mineral
        )
        return choice.chosen[mineral].package.model_copy(update={"offtakes": offtakes})

    def _verify(self, choice: Choice, agreement: Agreement, rounds: int) -> Generator[Progress, None, Proof]:
        cells = {
            mineral: [
                question(self.world, self.request.scenario(agreement, state.shock), mineral, option.package.projects)
                for state in self.states
            ]
            for mineral, option in choice.chosen.items()
        }
        yield from self._fill([cell for own in cells.values() for cell in own])
        lump = np.array([choice.transfers[party] for party in self.frame.parties])
        predicted, verified = (np.tile(lump, (len(self.states), 1)) for _ in range(2))
        for mineral, own in cells.items():
            option = choice.chosen[mineral]
            predicted += self._after_purses(choice, option) + self._settled(option, agreement)
            solved = replace(option, responses=tuple(self.table.one(cell) for cell in own))
            paid = [[r.transfers_usd.get(party, 0.0) for party in self.frame.parties] for r in solved.responses]
            verified += self._after_purses(choice, solved) + np.array(paid) / MILLION
        both = [
            dict(zip(self.frame.parties, self.frame.probability @ gain, strict=True)) for gain in (predicted, verified)
        ]
        expected = [{party: float(value) for party, value in gain.items()} for gain in both]
        return Proof(expected[0], expected[1], verified, difference(*expected), rounds)

    def _after_purses(self, choice: Choice, option: Option) -> Floats:
        """Gain by state and party of one mineral after common purses are divided, before settlements."""
        gain = option.gain
        for shares, amounts, sign in (
            (choice.revenue_shares, option.revenue, 1.0),
            (choice.outlay_shares, option.outlay, -1.0),
        ):
            if option.mineral in shares:
                share = np.array([shares[option.mineral][party] for party in self.frame.parties])
                gain = gain + sign * (amounts.sum(axis=1, keepdims=True) * share - amounts)
        return gain

    def _settled(self, option: Option, agreement: Agreement) -> Floats:
        """What the agreement's offtakes settle by state and party, at the prices of the option."""
        settled = np.zeros(option.gain.shape)
        for offtake in agreement.offtakes:
            if offtake.mineral == option.mineral and offtake.strike is not None:
                ends = offtake.producer, offtake.buyer
                price = np.array([r.seller_price_usd_per_t.get(ends[0], np.nan) for r in option.responses])
                delivered = np.array([r.delivered.get(ends, 1.0) for r in option.responses])
                paid = (offtake.strike - price) * delivered * offtake.quantity / MILLION
                settled[:, self.frame.parties.index(ends[0])] += paid
                settled[:, self.frame.parties.index(ends[1])] -= paid
        return settled

    def _without_agreement(self) -> Design:
        return Design(
            request=self.request,
            states=self.states,
            choice=None,
            agreement=None,
            proof=None,
            conflicts=tuple(conflict(self.terms())),
            worths=(),
            notes=(*self._notes, *self._left_out_notes()),
            packages_tried=sum(len(own.options) + len(own.left_out) for own in self._minerals.values()),
            packages_left_out=sum(len(own.left_out) for own in self._minerals.values()),
        )

    def _left_out_notes(self) -> Iterator[str]:
        for mineral, known in self._minerals.items():
            reasons = list(dict.fromkeys(known.left_out.values()))
            if reasons:
                yield f"{len(known.left_out)} packages of {mineral} are left out: {reasons[0]}."


def agreement_of(choice: Choice, request: DesignRequest, world: World) -> Agreement:
    """Every instrument of a choice in negotiable steps, offtakes with their strikes."""
    bare = [option.package.model_copy(update={"offtakes": ()}) for option in choice.chosen.values()]
    agreement = joined(package.agreement(request.parties, world.regions) for package in bare)
    return agreement.model_copy(update={"offtakes": tuple(_offtakes(choice, request, world))})


def _offtakes(choice: Choice, request: DesignRequest, world: World) -> Iterator[Offtake]:
    for contract in choice.contracts:
        quantity = floor_to(contract.volume_t, negotiable_step(request.step * contract.volume_t))
        strike = round_to(contract.strike_usd_per_t, negotiable_step(STRIKE_STEP * contract.expected_price_usd_per_t))
        yield Offtake(
            producer=contract.producer,
            buyer=contract.buyer,
            mineral=contract.mineral,
            stage=world.stages[contract.mineral][-1],
            quantity=quantity,
            strike=strike,
        )


def _nothing(package: Package) -> Package:
    return Package(mineral=package.mineral, stage=package.stage)


def joined(agreements: Iterable[Agreement]) -> Agreement:
    """All instruments of several agreements in one."""
    parts = list(agreements)
    lists = {name: tuple(item for part in parts for item in getattr(part, name)) for name in Agreement.model_fields}
    return Agreement(**lists)


def covers_full_cost(option: Option, project: Project) -> bool:
    """Whether the floor, or the price its producers expect, covers a project's operating cost and return on capital."""
    prices = [r.producer_price_usd_per_t.get(project.stage, {}).get(project.region, 0.0) for r in option.responses]
    expected = float(option.frame.probability @ np.array(prices))
    floor = option.package.floor if project.stage == option.package.stage else 0.0
    return max(expected, floor) >= project.full_cost_usd_per_t


def floor_to(value: float, step: float) -> float:
    """``value`` rounded down to whole steps; a whole step short by binary dust stays whole.

    >>> floor_to(1999.0, 20.0), floor_to(1999.9999999999, 20.0)
    (1980.0, 2000.0)
    """
    return float(f"{math.floor(value / step + 1e-9) * step:.12g}")


def difference(predicted: Mapping[str, float], verified: Mapping[str, float]) -> float:
    """Largest difference between predicted and verified gains, relative to the party's own gain.

    >>> difference({"USA": 100.0, "JPN": 50.0}, {"USA": 101.0, "JPN": 50.0})
    0.009900990099009901
    """
    smallest = SMALL_GAIN * sum(abs(value) for value in verified.values())
    sizes = {party: max(abs(value), abs(predicted[party]), smallest) for party, value in verified.items()}
    return max(
        (abs(predicted[party] - value) / sizes[party] for party, value in verified.items() if sizes[party] > 0),
        default=0.0,
    )
