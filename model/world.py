"""The shipped markets in use: a scenario goes in, what it does against the status quo comes out.

``World`` holds the data and remembers calibrations and solved minerals by their content, so that a slider moves only
what it touches. Memory changes speed, never numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from model.answers import answered
from model.assumptions import Assumptions, control_levels
from model.data import Tables, load
from model.data.quotes import NOWCAST_LIMITS
from model.equilibrium import Equilibrium, SolvedMineral, Solver, lay_over, solve_problem
from model.impact import Manufacturers, manufacturers
from model.market.calibrate import CalibratedMineral, byproduct_hosts, calibrate_mineral, duty_matrix, market_ids
from model.market.capacity import open_refineries
from model.market.evidence import embargoed
from model.market.horizon import HORIZONS, SHORT
from model.market.records import Market, MineralMarket, Role
from model.nowcast import UNMOVED, Nowcast, Shift, as_assumed, find_nowcast, quote_levels, quotes_of
from model.outcome import Outcome, consumer_prices, use_weighted_price
from model.scenario import POLICY_ONLY, TODAY, Scenario, check_names
from model.shocks import (
    Base,
    NamedShock,
    Replaced,
    ShockLibrary,
    controls_in_force,
    laid_together,
    let_out,
    licence_multiples,
    licences_on,
)
from model.work import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from model.market.base_year import BaseYear
    from model.problem import Problem, State
    from model.shocks import Answer, Disturbance

MOST_SOLVED = 1024
"""Solved minerals kept: up to half a megabyte each."""
MOST_CALIBRATED = 128

IMPACT_ONLY = (
    "pass_through",
    "dead_band",
    "stock_cover",
    "dependence_share",
    "hardness",
    "economy_wide",
    "cost_share",
    "drawback_rate",
    "export_share",
    "output_elasticity",
    "saving_price_multiple",
    "back_test",
    "public_funds",
    "tradeable_lot",
    "transfer_step",
)
"""Beginnings of assumption names that enter the manufacturers' formulas, sums of accounts and what is signed only:
changing one solves no market again."""


@dataclass
class _Calibrated:
    """A calibrated mineral, its market in the status quo, and what was read for it of controls and shocks.

    ``licences`` is the multiple of their published levels that China's licences let out. ``status_quo`` is its
    equilibrium with nothing agreed and no shock, once that was solved.
    """

    part: CalibratedMineral
    status_quo_market: MineralMarket
    base: Base
    licences: float
    controls: dict[tuple[object, ...], list[Disturbance]] = field(default_factory=dict)
    named: dict[NamedShock, tuple[list[Disturbance], list[Replaced]]] = field(default_factory=dict)
    status_quo: SolvedMineral | None = None


class World:
    """Data, shock library and everything solved so far."""

    def __init__(self, folder: Path | None = None) -> None:
        self.tables: Tables = load(folder)
        self.quotes = quotes_of(self.tables)
        self.control_levels = control_levels(self.tables["export_controls"])
        self.quote_levels = quote_levels(self.quotes)
        self.assumptions = Assumptions.from_table(self.tables["assumptions"]).beside(
            [*self.control_levels, *self.quote_levels]
        )
        self.library = ShockLibrary(self.tables)
        self.hosts = byproduct_hosts(self.tables)
        self.minerals = market_ids(self.tables)
        self._solver = Solver()
        self._parts = Memory[tuple[object, ...], tuple[CalibratedMineral, MineralMarket]](MOST_CALIBRATED)
        self._calibrated = Memory[tuple[object, ...], _Calibrated](2 * MOST_CALIBRATED)
        self._nowcasts = Memory[tuple[object, ...], Nowcast](MOST_CALIBRATED)
        self._solved = Memory[tuple[object, ...], SolvedMineral](MOST_SOLVED)
        self._answers = Memory[tuple[object, ...], list["Disturbance"]](MOST_SOLVED)
        self._users = Memory[tuple[object, ...], Manufacturers](MOST_CALIBRATED)

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Region ids of all markets."""
        return tuple(self.tables["regions"]["id"])

    @property
    def hosts_by_mineral(self) -> dict[str, tuple[str, ...]]:
        """Every mineral with its hosts; none for one that is no by-product."""
        return {mineral: tuple(self.hosts.get(mineral, ())) for mineral in self.minerals}

    @cached_property
    def stages(self) -> dict[str, tuple[str, ...]]:
        """Traded stages of every mineral."""
        rows = self.tables["minerals"]
        rows = rows[rows["kind"] == "market"]
        return {str(row.id): tuple(str(row.stages).split(";")) for row in rows.itertuples()}

    def check(self, scenario: Scenario) -> None:
        """Refuse unknown names and assumptions out of range (ScenarioError)."""
        check_names(scenario, self.regions, self.stages, self.library)
        self.assumptions.with_overrides(scenario.assumptions)

    def calibrated(self, mineral: str, scenario: Scenario) -> CalibratedMineral:
        """The mineral's market at the base year under the scenario's assumptions and horizon."""
        return self._calibration(mineral, scenario).part

    def base_years(self, minerals: Iterable[str], scenario: Scenario) -> dict[str, BaseYear]:
        """Base years of minerals under the scenario's assumptions."""
        return {mineral: self.calibrated(mineral, scenario).base for mineral in minerals}

    def outcome(self, scenario: Scenario) -> Outcome:
        """The scenario against the status quo.

        Raises:
            ScenarioError: for names, levels or assumptions that do not exist or contradict each other.
            SolveError: when an equilibrium is not proved.
        """
        self.check(scenario)
        status_quo = self.equilibrium(scenario.undisturbed())
        shocked = self.equilibrium(scenario.without_agreement()) if scenario.shocks else status_quo
        solved = self.equilibrium(scenario)
        return Outcome(
            scenario=scenario,
            base=self.base_years(scenario.minerals, scenario),
            status_quo=status_quo,
            without_agreement=shocked,
            with_agreement=solved,
            nowcasts=self._nowcasts_of(scenario),
            users=self.users(scenario),
            assumptions=self.assumptions.with_overrides(scenario.assumptions),
        )

    def _nowcasts_of(self, scenario: Scenario) -> dict[str, Nowcast]:
        if scenario.status_quo != TODAY:
            return {}
        return {mineral: self.nowcast(mineral, scenario) for mineral in scenario.minerals}

    def equilibrium(self, scenario: Scenario) -> Equilibrium:
        """The scenario's equilibrium in its minerals; hosts are solved first."""
        solved = {mineral: self.solved(mineral, scenario) for mineral in scenario.minerals}
        market = Market(self.regions, {mineral: solved[mineral].state.problem.market for mineral in solved})
        return Equilibrium(market, {k: s.state for k, s in solved.items()}, {k: s.accounts for k, s in solved.items()})

    def solved(self, mineral: str, scenario: Scenario) -> SolvedMineral:
        """One mineral's equilibrium under a scenario, from memory where the same problem was solved before.

        Every search starts from the status quo, never from what was solved last.
        """
        start = self._status_quo(mineral, scenario)
        if scenario == scenario.undisturbed():
            return start
        problem = self.problem(mineral, scenario)
        key = (problem.digest, tuple(scenario.agreement.terms(mineral)), start.state.problem.digest)
        if key[0] == key[2] and not key[1]:
            return start
        worth = start.state.price
        return self._solved.recall(
            key, lambda: solve_problem(problem, scenario.agreement, self._solver, start.state, worth)
        )

    def parties_price(self, mineral: str, stage: str, scenario: Scenario) -> float:
        """What the parties' users pay at a stage under a scenario, weighted by their use in the status quo [USD/t]."""
        return use_weighted_price(
            consumer_prices(self.solved(mineral, scenario), stage), self.parties_use(mineral, stage, scenario)
        )

    def parties_use(self, mineral: str, stage: str, scenario: Scenario) -> dict[str, float]:
        """Use of each party at a stage in the status quo; at the mine stage its refineries' intake [t/yr]."""
        rows = self.solved(mineral, scenario.undisturbed()).accounts.quantities
        parties = set(scenario.parties)
        return {row["region"]: row["consumption"] for row in rows if row["stage"] == stage and row["region"] in parties}

    def problem(self, mineral: str, scenario: Scenario, shocks: list[Disturbance] | None = None) -> Problem:
        """One mineral's market with everything the scenario lays over it, its hosts' output included.

        ``shocks`` take the place of the scenario's own and of the controls in force.
        """
        market, hosts = self._calibration(mineral, scenario).status_quo_market, self._host_output(mineral, scenario)
        shocks = self.shocks(mineral, scenario) if shocks is None else shocks
        return lay_over(market, frozenset(scenario.parties), scenario.agreement, shocks, hosts)

    def _host_output(self, mineral: str, scenario: Scenario) -> dict[tuple[str, str, str], float]:
        output: dict[tuple[str, str, str], float] = {}
        for host in self.hosts.get(mineral, {}):
            output |= self.solved(host, scenario).output
        return output

    def _status_quo(self, mineral: str, scenario: Scenario) -> SolvedMineral:
        calibration = self._calibration(mineral, scenario)
        if calibration.status_quo is None:
            status_quo = scenario.undisturbed()
            calibration.status_quo = solve_problem(
                self.problem(mineral, status_quo), status_quo.agreement, self._solver
            )
        return calibration.status_quo

    def shocks(self, mineral: str, scenario: Scenario) -> list[Disturbance]:
        """Everything that disturbs one mineral: controls in force that no shock replaces, then the shocks.

        A shock that the status quo holds gives way to the same shock at the severity a scenario asks for, if larger.
        """
        calibration = self._calibration(mineral, scenario)
        base = calibration.base
        shocks: list[Disturbance] = []
        replaced: list[Replaced] = []
        for shock in scenario.shocks:
            if isinstance(shock, NamedShock):
                if shock not in calibration.named:
                    counted = self.library.beside_status_quo(shock) if self._lasting(scenario) else shock
                    calibration.named[shock] = self.library.records(counted, base, [mineral])
                records, gone = calibration.named[shock]
                shocks += records
                replaced += gone
            elif shock.mineral == mineral:
                shocks.append(shock)
        chosen = {shock.name for shock in scenario.shocks if isinstance(shock, NamedShock)}
        lasting = tuple(name for name in self._lasting(scenario) if name not in chosen)
        key = (lasting, *replaced)
        if key not in calibration.controls:
            calibration.controls[key] = self._in_force(
                calibration, scenario.assumptions, lasting, replaced, calibration.licences
            )
        laid = laid_together(calibration.controls[key], shocks)
        answers = tuple(
            answer
            for shock in scenario.shocks
            if isinstance(shock, NamedShock)
            for answer in self.library.answers_of(shock, mineral)
        )
        return self._answered(mineral, scenario, laid, answers) if answers else laid

    def _lasting(self, scenario: Scenario) -> tuple[str, ...]:
        """Shocks that the status quo holds over a scenario's horizon: outages end before capacity has responded."""
        return self.library.in_status_quo if HORIZONS[scenario.horizon].plants_stand else ()

    def _answered(
        self, mineral: str, scenario: Scenario, laid: list[Disturbance], answers: tuple[Answer, ...]
    ) -> list[Disturbance]:
        """What disturbs a mineral once an exporter has answered the agreement; nothing more where nothing is agreed."""
        if not any(scenario.agreement.terms(mineral)):
            return laid
        plain = self.unanswered(scenario)
        states = [self.solved(mineral, each).state for each in (plain.undisturbed(), plain.without_agreement(), plain)]
        _, before, after = states

        def find() -> list[Disturbance]:
            def solve(shocks: list[Disturbance]) -> State:
                problem = self.problem(mineral, plain, shocks)
                return solve_problem(problem, plain.agreement, self._solver, after).state

            return answered(answers, laid, before, after, solve)

        digests = [state.problem.digest for state in states]
        return self._answers.recall((*digests, *laid, *answers, *plain.agreement.terms(mineral)), find)

    def unanswered(self, scenario: Scenario) -> Scenario:
        """The scenario without the exporters' answers among its shocks; itself where there are none."""
        events = tuple(
            shock
            for shock in scenario.shocks
            if not isinstance(shock, NamedShock) or shock.name not in self.library.answers
        )
        return scenario if events == scenario.shocks else scenario.model_copy(update={"shocks": events})

    def _in_force(
        self,
        calibration: _Calibrated,
        levels: Mapping[str, float],
        lasting: Iterable[str],
        replaced: Iterable[Replaced],
        licences: float,
    ) -> list[Disturbance]:
        """Controls in force that no shock replaces, and the shocks that the status quo holds."""
        mineral = calibration.part.base.mineral
        records = controls_in_force(self.tables, calibration.base, mineral, levels, replaced, licences)
        for name in lasting:
            records += self.library.records(NamedShock(name=name), calibration.base, [mineral])[0]
        return records

    def users(self, scenario: Scenario) -> Manufacturers:
        """The manufacturers that use the scenario's minerals."""
        use = {
            (region, mineral): float(base.stages[-1].use_t[index])
            for mineral, base in self.base_years(scenario.minerals, scenario).items()
            for index, region in enumerate(base.regions)
            if base.stages[-1].use_t[index] > 0
        }
        own = {name: value for name, value in scenario.assumptions.items() if name.startswith(IMPACT_ONLY)}
        assumptions = self.assumptions.with_overrides(own)
        return self._users.recall(
            (tuple(sorted(own.items())), tuple(use.items())), lambda: manufacturers(self.tables, assumptions, use)
        )

    def _market_overrides(self, mineral: str, scenario: Scenario) -> dict[str, float]:
        """The overrides that a mineral's market or one of its hosts' may depend on, over the scenario's horizon.

        Today's status quo is found at the short one, whose responses it depends on too.
        """
        own, horizon = {mineral, *self.hosts.get(mineral, {})}, HORIZONS[scenario.horizon]
        others = {name for each in HORIZONS.values() for name in each.assumptions} - set(horizon.assumptions)
        if scenario.status_quo == TODAY:
            others -= set(SHORT.assumptions)
        return {
            name: value
            for name, value in scenario.assumptions.items()
            if not name.startswith(IMPACT_ONLY)
            and name.partition(".")[2] in ("", *own)
            and name.partition(".")[0] not in others
        }

    def _calibration(self, mineral: str, scenario: Scenario) -> _Calibrated:
        overrides = self._market_overrides(mineral, scenario)
        later = {row.name for row in (*self.control_levels, *self.quote_levels)} | set(NOWCAST_LIMITS)
        of_base = {name: value for name, value in overrides.items() if not later & {name, name.partition(".")[0]}}
        known = (mineral, scenario.horizon, tuple(sorted(of_base.items())))

        def calibrate() -> tuple[CalibratedMineral, MineralMarket]:
            assumptions = self.assumptions.with_overrides(of_base)
            hosts = {host: self._calibration(host, scenario).part.base for host in self.hosts.get(mineral, {})}
            part = calibrate_mineral(self.tables, assumptions, HORIZONS[scenario.horizon], mineral, hosts)
            return part, self.with_policy_in_force(open_refineries(part, assumptions), assumptions)

        def make() -> _Calibrated:
            part, market = self._parts.recall(known, calibrate)
            shift = self.nowcast(mineral, scenario).shift if scenario.status_quo == TODAY else UNMOVED
            return _Calibrated(part, shift.moved(market), self._base(part.base), shift.licences)

        key = (mineral, scenario.horizon, scenario.status_quo, tuple(sorted(overrides.items())))
        return self._calibrated.recall(key, make)

    def nowcast(self, mineral: str, scenario: Scenario) -> Nowcast:
        """How a market is moved to return the quotes of the status-quo date, under the scenario's assumptions.

        It is found at the short horizon and holds at both.
        """
        overrides = self._market_overrides(mineral, scenario.model_copy(update={"horizon": SHORT.id}))
        key = (mineral, tuple(sorted(overrides.items())))
        return self._nowcasts.recall(key, lambda: self._nowcast(mineral, scenario, overrides))

    def _nowcast(self, mineral: str, scenario: Scenario, overrides: dict[str, float]) -> Nowcast:
        policy_only = scenario.undisturbed().model_copy(update={"horizon": SHORT.id, "status_quo": POLICY_ONLY})
        last = self.stages[mineral][-1]
        licensed = licences_on(self.shocks(mineral, policy_only), last)
        assumptions = self.assumptions.with_overrides(overrides)
        return find_nowcast(
            self.tables["nowcast"],
            as_assumed(self.quotes[mineral], assumptions, mineral),
            assumptions,
            mineral,
            self.evaluation(mineral, scenario),
            licences=licence_multiples(self.tables, mineral, last, scenario.assumptions) if licensed else None,
        )

    def evaluation(self, mineral: str, scenario: Scenario) -> Callable[[Shift], State]:
        """The undisturbed short-run state of one market, its hosts as they are today, as it depends on a shift."""
        today = scenario.undisturbed().model_copy(update={"horizon": SHORT.id, "status_quo": TODAY})
        policy_only = today.model_copy(update={"status_quo": POLICY_ONLY})
        calibration = self._calibration(mineral, policy_only)
        start = self._status_quo(mineral, policy_only).state
        hosts = self._host_output(mineral, today)
        parties = frozenset(scenario.parties)

        @cache
        def controls(licences: float) -> list[Disturbance]:
            return self._in_force(calibration, scenario.assumptions, self.library.in_status_quo, (), licences)

        def evaluate(shift: Shift) -> State:
            market = shift.moved(calibration.status_quo_market)
            problem = lay_over(market, parties, today.agreement, controls(shift.licences), hosts)
            return start if problem.digest == start.problem.digest else self._solver.solve(problem, start)

        return evaluate

    def licence_share(self, mineral: str, scenario: Scenario) -> float | None:
        """Share of base-year exports of the last stage that limits on China's exports let out today; None without."""
        today = scenario.undisturbed().model_copy(update={"horizon": SHORT.id, "status_quo": TODAY})
        last, base = self.stages[mineral][-1], self._calibration(mineral, today).base
        limits = licences_on(self.shocks(mineral, today), last)
        return let_out(limits, base, mineral, last) if limits else None

    def with_policy_in_force(self, market: MineralMarket, assumptions: Assumptions) -> MineralMarket:
        """The market with duties of the status-quo date in place of the base year's, and embargoed routes closed."""
        table, date = market.activities, str(self.tables["status_quo"]["date"].iloc[0])
        duty, upper = np.zeros(len(table)), table.upper.copy()
        stage_of = {node: market.stages.index(market.nodes[node].stage) for node in range(len(market.nodes))}
        routes = np.flatnonzero(table.role == Role.ROUTE)
        stages = np.array([stage_of[node] for node in table.node_in[routes].tolist()])
        for index, stage in enumerate(market.stages):
            matrix = duty_matrix(self.tables, assumptions, market.mineral, stage, market.regions, "ad_valorem_now")
            own = routes[stages == index]
            duty[own] = matrix[table.region[own], table.partner[own]]
            closed = embargoed(self.tables, market.mineral, stage, market.regions, date, date)
            upper[own[closed[table.region[own], table.partner[own]]]] = 0.0
        return replace(market, activities=replace(table, upper=upper), base_duty=duty)

    def _base(self, base: BaseYear) -> Base:
        mineral = base.mineral
        production = {
            (mineral, stage.stage, region): float(stage.production_t[index])
            for stage in base.stages
            for index, region in enumerate(base.regions)
        }
        exports = {
            (mineral, stage.stage, base.regions[source], base.regions[target]): float(stage.flow_t[source, target])
            for stage in base.stages
            for source, target in zip(*np.nonzero(stage.flow_t), strict=True)
            if source != target
        }
        return Base(self.regions, self.stages, production, exports)
