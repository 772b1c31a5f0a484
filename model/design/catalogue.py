"""The packages looked at so far and their responses: the menu, what was added around choices, what had to be left out.

A by-product's packages are solved given its hosts' packages. Hosts are neutral at first; when a host's chosen package
changes, the by-product's responses are asked for again under that package.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from model.design.choice import ChoiceTerms
from model.design.choice.options import Frame, Option, prune
from model.design.problem.commitments import Seller
from model.design.problem.packages import Levels, Package, menu_levels, neighbours, package_of
from model.design.problem.projects import Project, eligible, project_sets
from model.design.problem.request import WorldState, check
from model.design.responses.facts import facts_from, landed_costs
from model.design.responses.response import Question, Response, question
from model.design.responses.table import Failure, ResponseTable
from model.errors import AccordError, ScenarioError
from model.instruments import Agreement
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from model.design.choice import Choice
    from model.design.problem.facts import Facts
    from model.design.problem.request import DesignRequest
    from model.world import World

    Solving = Generator[Progress[None], None, None]

MOST_CONSIDERED = 10
"""Projects of one mineral that are looked at, cheapest first."""


@dataclass
class _Mineral:
    """What is known of one mineral's menu so far."""

    facts: Facts
    projects: dict[str, Project]
    options: dict[Package, Option] = field(default_factory=dict)
    levels: set[Levels] = field(default_factory=set)
    left_out: dict[Package, str] = field(default_factory=dict)


class Catalogue:
    """Options by mineral for one request. Methods that solve are generators of progress."""

    def __init__(self, table: ResponseTable, request: DesignRequest) -> None:
        self.table = table
        self.world: World = table.world
        self.request = request
        self.states: tuple[WorldState, ...] = check(request, self.world)
        assumptions = request.assumed(self.world)
        self.frame = Frame.of(request.parties, self.states, assumptions)
        self.done = 0
        self._lenders_share = assumptions.value("lenders_offtake_share")
        self._minerals: dict[str, _Mineral] = {}
        self._hosts: dict[str, Package] = {}
        self._notes: list[str] = []

    def survey(self) -> Solving:
        """The status quo of every mineral under all states, projects alone, then the whole menu."""
        neutral = {k: self._cells(Package(mineral=k, stage=self.world.stages[k][-1])) for k in self.request.minerals}
        yield from self.fill([cell for cells in neutral.values() for cell in cells])
        for mineral, cells in neutral.items():
            projects, notes = (
                eligible(self.world, self.request.scenario(), mineral) if self.request.projects else ([], [])
            )
            self._notes += notes
            facts = self._facts(mineral, self._neutral(mineral, cells), projects)
            earning = yield from self._earning(facts, projects)
            self._minerals[mineral] = _Mineral(facts, {project.id: project for project in earning})
        yield from self.add_levels(
            {k: menu_levels(self.request.menu, project_sets(list(own.projects))) for k, own in self._minerals.items()}
        )

    def _facts(self, mineral: str, neutral: Sequence[Response], projects: Sequence[Project]) -> Facts:
        """The status quo, with what commitments are allocated by."""
        facts = facts_from(neutral[0], mineral, self.world.stages[mineral][-1], self.request.parties)
        made = {i: min(each.left_at_home(i) for each in neutral) for i in self.request.parties}
        producers = {(party, facts.stage) for party, output in made.items() if output > 0}
        producers |= {(project.region, project.stage) for project in projects}
        scenario, lot = self.request.scenario(), self.request.assumed(self.world).value("tradeable_lot", mineral)
        landed = landed_costs(self.world, scenario, neutral[0], mineral, sorted(producers))
        return replace(facts, deliverable_t=made, landed_usd_per_t=landed, lot_t=lot)

    def _package(self, mineral: str, levels: Levels) -> Package:
        """The package at a point of the menu, with who can commit under it."""
        known, request = self._minerals[mineral], self.request
        facts, rules = known.facts, request.offtake
        sellers = [known.projects[name].seller(self._lenders_share, rules) for name in levels.projects]
        if rules.allowed and levels.commitment > 0:
            sellers += [Seller(i, i, facts.stage, most) for i, most in facts.deliverable_t.items() if most > 0]
        return package_of(levels, facts, request.parties, request.menu, request.step, sellers, rules.most_of_need)

    def _earning(self, facts: Facts, projects: Sequence[Project]) -> Generator[Progress[None], None, list[Project]]:
        """Projects that, built alone and without a shock, could earn their full cost under some floor of the menu."""
        looked_at = projects[:MOST_CONSIDERED]
        plain = self.request.scenario()
        cells = {project.id: question(self.world, plain, facts.mineral, (project.id,)) for project in looked_at}
        yield from self.fill(list(cells.values()))
        highest = max(self.request.menu.floor_levels) * facts.price_usd_per_t
        earning = []
        for project in looked_at:
            price = self.table.one(cells[project.id]).producer_price_usd_per_t[project.stage].get(project.region, 0.0)
            if max(price, highest if project.stage == facts.stage else 0.0) >= project.full_cost_usd_per_t:
                earning.append(project)
                continue
            self._notes.append(
                f"{project.name} ({project.region}) would not earn its full cost of {project.full_cost_usd_per_t:,.0f} "
                f"USD/t: once built, its producers get {price:,.0f} for {project.stage} {facts.mineral}."
            )
        if len(projects) > len(looked_at):
            self._notes.append(
                f"Of {len(projects)} projects of {facts.mineral} the {len(looked_at)} cheapest are considered."
            )
        return earning

    def add_levels(self, wanted: Mapping[str, Sequence[Levels]]) -> Solving:
        """Ask for the responses of packages at points of the menu under all states and make options of them."""
        new = {}
        for mineral, points in wanted.items():
            known = self._minerals[mineral]
            known.levels.update(levels.canonical for levels in points)
            packages = {self._package(mineral, levels): levels for levels in points}
            new[mineral] = {package: own for package, own in packages.items() if package not in known.options}
        cells = {package: self._cells(package) for own in new.values() for package in own}
        yield from self.fill([cell for own in cells.values() for cell in own])
        for mineral, own in new.items():
            nothing = Package(mineral=mineral, stage=self._minerals[mineral].facts.stage)
            neutral = self._neutral(mineral, self._cells(nothing))
            for package, levels in own.items():
                self._admit(package, levels, self._responses(cells[package]), neutral)

    def _admit(
        self,
        package: Package,
        levels: Levels,
        responses: tuple[Response, ...] | Failure,
        neutral: tuple[Response, ...],
    ) -> None:
        known = self._minerals[package.mineral]
        if isinstance(responses, Failure):
            known.left_out[package] = responses.reason
            return
        projects = tuple(known.projects[name] for name in package.projects)
        option = Option(self.frame, package, responses, neutral, known.facts.price_usd_per_t, levels, projects)
        unpaid = [project for project in projects if not option.covers_full_cost(project)]
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

    def _neutral(self, mineral: str, cells: Sequence[Question]) -> tuple[Response, ...]:
        responses = self._responses(cells)
        if isinstance(responses, Failure):
            raise AccordError(f"{mineral} cannot be solved without an agreement: {responses.reason}")
        return responses

    def _responses(self, cells: Sequence[Question]) -> tuple[Response, ...] | Failure:
        answers = self.table.answers(cells)
        failed = [answer for answer in answers if isinstance(answer, Failure)]
        return failed[0] if failed else tuple(answer for answer in answers if isinstance(answer, Response))

    def fill(self, cells: Sequence[Question]) -> Solving:
        """Solve cells, counting on from what was solved before."""
        before = self.done
        for step in self.table.fill(cells):
            self.done = before + step.done
            yield Progress(self.done, before + step.total + 1, step.tried, None)

    def terms(self, margins: Mapping[str, float]) -> ChoiceTerms:
        """What the choice is made from: for each mineral the neutral option and those no other beats.

        Raises:
            ScenarioError: when a mineral has no package left.
        """
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
            options[mineral] = prune(ordered, sorted(industries))
        return ChoiceTerms(self.request, self.frame, options, self._lenders_share, margins)

    def around(self, choices: Iterable[Choice]) -> dict[str, list[Levels]]:
        """Points next to chosen packages that were not tried yet, by mineral; none where all is settled."""
        wanted: dict[str, list[Levels]] = {}
        for choice in choices:
            for mineral, option in choice.chosen.items():
                known = self._minerals[mineral]
                if option.levels is not None:
                    points = neighbours(
                        option.levels, self.request.menu, known.levels, self.request.step, list(known.projects)
                    )
                    wanted.setdefault(mineral, []).extend(points)
        return {mineral: list(dict.fromkeys(points)) for mineral, points in wanted.items() if points}

    def follow_hosts(self, choice: Choice) -> Generator[Progress[None], None, bool]:
        """Ask by-products' responses again when a host's package is another; tells whether any was."""
        hosts = {host for k in self.request.minerals for host in self.world.hosts.get(k, {}) if host in choice.chosen}
        chosen = {host: choice.chosen[host].package for host in sorted(hosts)}
        moved = {host for host in hosts if self._hosts.get(host, _nothing(chosen[host])) != chosen[host]}
        self._hosts |= chosen
        depending = [k for k in self.request.minerals if moved & set(self.world.hosts.get(k, {}))]
        for mineral in depending:
            known = self._minerals[mineral]
            again = [option.levels for option in known.options.values() if option.levels is not None]
            known.options = {}
            yield from self.add_levels({mineral: again})
        return bool(depending)

    @property
    def tried(self) -> int:
        """Packages looked at."""
        return sum(len(known.options) for known in self._minerals.values()) + self.left_out

    @property
    def left_out(self) -> int:
        """Packages that could not be solved or whose projects would not earn their cost."""
        return sum(len(known.left_out) for known in self._minerals.values())

    def notes(self) -> Iterator[str]:
        """What speaks against projects, and why packages were left out."""
        yield from self._notes
        for mineral, known in self._minerals.items():
            reasons = list(dict.fromkeys(known.left_out.values()))
            if reasons:
                count = len(known.left_out)
                yield f"{count} {'packages' if count > 1 else 'package'} of {mineral} left out: {reasons[0]}."


def _nothing(package: Package) -> Package:
    return Package(mineral=package.mineral, stage=package.stage)


def joined(agreements: Iterable[Agreement]) -> Agreement:
    """All instruments of several agreements in one."""
    parts = list(agreements)
    lists = {name: tuple(item for part in parts for item in getattr(part, name)) for name in Agreement.model_fields}
    return Agreement(**lists)
