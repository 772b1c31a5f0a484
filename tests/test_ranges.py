"""The headline's intervals hold the headline and name what moves it most; levels of export controls are assumptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from model.assumptions import control_level
from model.errors import ScenarioError, SolveError
from model.findings import Names, own_ranges, range_in_words
from model.findings.reasons import controls_in_words
from model.market.horizon import HORIZONS
from model.outcome import consumer_prices
from model.records import EVERYONE
from model.scenario import POLICY_ONLY, Scenario
from model.shocks import in_force
from model.shocks.kinds import ExportQuota
from model.studies.ranges import (
    AS_ASSUMED,
    CONTROLS_TOGETHER,
    MAIN_ALWAYS,
    OWN,
    TRIED,
    headline_trials,
    interval,
    intervals,
    main_assumptions,
    trials,
)
from model.words.numbers import LEAST_USD, figures
from model.world import World
from tests.shipped import WORLD, of_today, slow_but

CONTROLS = WORLD.control_levels
NAMES = Names(WORLD.tables)
LOOSER = 1e-9
"""Prices and quantities are known to the solver's exactness only."""


def with_floor(mineral: str, horizon: str = "short", **changes: Any) -> Scenario:
    stage = WORLD.stages[mineral][-1]
    status_quo = of_today({"minerals": [mineral], "horizon": horizon, **changes}).undisturbed()
    floor = {
        "parties": list(status_quo.parties),
        "mineral": mineral,
        "stage": stage,
        "price": 1.2 * WORLD.parties_price(mineral, stage, status_quo),
    }
    content = {"minerals": [mineral], "horizon": horizon, "agreement": {"floors": [floor]}}
    return of_today({**content, **changes})


def all_trials(scenario: Scenario) -> pd.DataFrame:
    *_, last = headline_trials(WORLD, scenario, scenario.minerals[0])
    assert last.done == last.total
    return last.found


@cache
def shocked() -> tuple[Scenario, pd.DataFrame]:
    """A floor under a shock, and all its trials."""
    scenario = with_floor("graphite", shocks=[{"name": "china_graphite_ban"}])
    return scenario, all_trials(scenario)


def in_the_long_run() -> tuple[Scenario, pd.DataFrame]:
    """A floor with capacity that responds, and all its trials."""
    scenario = with_floor("copper", "long", status_quo=POLICY_ONLY)
    return scenario, all_trials(scenario)


# --- intervals ---


@pytest.mark.slow
@pytest.mark.parametrize("of", [shocked, in_the_long_run])
def test_an_interval_holds_the_headline_and_its_driver_is_the_widest_of_the_table(
    of: Callable[[], tuple[Scenario, pd.DataFrame]],
) -> None:
    scenario, rows = of()
    (mineral,) = scenario.minerals
    headline = asdict(WORLD.outcome(scenario).headline(mineral))
    assert rows["fault"].dropna().str.startswith("today's price is not explained").all()
    solved = rows[rows["fault"].isna()]
    for number in TRIED:
        found = interval(rows, number)
        assert found is not None
        assert found.low <= headline[number] <= found.high
        base = rows.loc[rows["assumption"] == AS_ASSUMED, number].iloc[0]
        assert base == headline[number]
        widths = {
            name: max([*own[number], base]) - min([*own[number], base])
            for name, own in solved[solved["assumption"] != AS_ASSUMED].groupby("assumption")
        }
        if found.driver:
            assert widths[found.driver] == max(widths.values()) > 0.0
        else:
            least = LEAST_USD if number.endswith("_usd") else 0.0
            assert max(widths.values()) <= max(1e-6 * max(abs(found.low), abs(found.high)), least)


@pytest.mark.parametrize("mineral", WORLD.minerals)
def test_the_number_of_solves_is_bounded_and_every_control_with_a_range_is_tried(mineral: str) -> None:
    study = trials(WORLD, Scenario(minerals=(mineral,)), mineral)
    drivers = main_assumptions(WORLD, Scenario(minerals=(mineral,)), mineral)
    known = len(HORIZONS["short"].responses) + len(MAIN_ALWAYS)
    own = [row for row in (*CONTROLS, *WORLD.quote_levels) if row.mineral == mineral]
    assert len(drivers) == known + len(own)
    assert len(study) <= 1 + 2 * (len(drivers) + 1)
    assert {row.name for row in CONTROLS if row.mineral == mineral} <= {trial.assumption for trial in study}
    assert {row.id for row in drivers} >= set(HORIZONS["short"].responses) | {"stock_release_share"}
    together = [trial.change for trial in study if trial.assumption == CONTROLS_TOGETHER]
    assert len(together) == (2 if sum(row.mineral == mineral for row in CONTROLS) > 1 else 0)


def test_controls_together_let_out_least_and_most() -> None:
    """A tax lets out least where it is highest, a ban where its level is lowest."""
    study = trials(WORLD, Scenario(minerals=("copper",)), "copper")
    least, most = (trial.change for trial in study if trial.assumption == CONTROLS_TOGETHER)
    assert least["export_tax_IDN_mine.copper"] > most["export_tax_IDN_mine.copper"]
    assert least["export_ban_IDN_mine.copper"] < most["export_ban_IDN_mine.copper"]


@pytest.mark.slow
def test_an_end_that_the_scenario_assumes_already_is_no_trial_and_other_values_stay() -> None:
    licence = next(row for row in CONTROLS if row.name == "licence_CHN_refined.antimony")
    plain = Scenario(status_quo=POLICY_ONLY)
    scenario = plain.model_copy(update={"assumptions": {licence.name: licence.low, "friction_sigma": 10.0}})
    study = trials(WORLD, scenario, "antimony")
    assert [trial.end for trial in study if trial.assumption == licence.name] == ["high"]
    rows = all_trials(scenario)
    base = rows.loc[rows["assumption"] == AS_ASSUMED].iloc[0]
    assert base["price_usd_per_t"] == WORLD.outcome(scenario).headline("antimony").price_usd_per_t
    assert base["price_usd_per_t"] != WORLD.outcome(plain).headline("antimony").price_usd_per_t


def test_without_a_range_the_interval_is_a_point(data_copy: Path) -> None:
    """Every range closed to its value: one trial, and the number stands for its interval.

    Without the quotes of today: their ranges are what the same method gave in other months.
    """
    for table, ends, value in (
        ("assumptions", ("low", "high"), "value"),
        ("export_controls", ("level_low", "level_high"), "level"),
    ):
        path = data_copy / f"{table}.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        frame.assign(**dict.fromkeys(ends, frame[value])).to_csv(path, index=False)
    world, scenario = World(data_copy), Scenario(status_quo=POLICY_ONLY)
    (only,) = headline_trials(world, scenario, "antimony")
    price = world.outcome(scenario).headline("antimony").price_usd_per_t
    found = interval(only.found, "price_usd_per_t")
    assert found is not None
    assert (found.low, found.high, found.driver) == (price, price, "")
    told = range_in_words(only.found, "price_usd_per_t", figures, Names(world.tables))
    assert told == f"{figures(price)} throughout"


@pytest.mark.slow
def test_trials_without_a_result_are_counted_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    solve = World.outcome

    def refuses(world: World, scenario: Scenario) -> object:
        if "friction_sigma.titanium" in scenario.assumptions:
            raise SolveError("no equilibrium was proved")
        return solve(world, scenario)

    monkeypatch.setattr(World, "outcome", refuses)
    rows = all_trials(Scenario(minerals=("titanium",), status_quo=POLICY_ONLY))
    found = interval(rows, "price_usd_per_t")
    assert found is not None
    assert found.failed == 2
    told = range_in_words(rows, "price_usd_per_t", figures, NAMES)
    assert told.endswith(f"; 2 of {len(rows)} trials have no result")


@pytest.mark.slow
def test_words_and_table_tell_the_same_interval() -> None:
    _, rows = shocked()
    table = intervals(rows, "graphite").set_index("number")
    of_price = table.loc["price_usd_per_t"]
    assert range_in_words(rows, "price_usd_per_t", figures, NAMES) == (
        f"{figures(of_price['low'])} to {figures(of_price['high'])}, "
        f"moved most by {NAMES.assumption(of_price['driver'], mineral_in_view=True)}"
    )
    net, users = own_ranges(rows, NAMES, agreed=True, shocked=True)
    for sentence, number in ((net, "net_gain_usd"), (users, "users_cost_usd")):
        driver = table.loc[f"{OWN}{number}", "driver"]
        assert sentence.endswith(f"moved most by {NAMES.assumption(str(driver), mineral_in_view=True)}.")
    assert "by the agreement" in net
    assert own_ranges(rows, NAMES, agreed=False, shocked=False) == []


# --- levels of export controls as assumptions ---


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("name", slow_but("licence_CHN_refined_to_JPN.tungsten", [row.name for row in CONTROLS]))
def test_the_more_a_control_lets_out_the_more_is_exported_and_the_less_importers_pay(name: str, horizon: str) -> None:
    """The control's own effect: today's status quo would return the same quotes with other use at every level."""
    rows = WORLD.tables["export_controls"]
    (control,) = (row for row in rows[~rows["suspended"]].itertuples() if control_level(row) == name)
    importers = [region for region in WORLD.regions if region != control.exporter]
    importers = importers if control.targets == EVERYONE else str(control.targets).split(";")
    lowest, highest = float(control.level_low), float(control.level_high)
    least_first = (highest, lowest) if control.kind == "export_tax" else (lowest, highest)
    exports, prices = [], []
    for level in least_first:
        scenario = Scenario(
            minerals=(control.mineral,), horizon=horizon, assumptions={name: level}, status_quo=POLICY_ONLY
        )
        paid = consumer_prices(WORLD.solved(control.mineral, scenario), control.stage)
        own = [paid[region] for region in importers if region in paid]
        prices.append(sum(own) / len(own))
        flows = WORLD.outcome(scenario).flows
        theirs = (flows["exporter"] == control.exporter) & flows["importer"].isin(importers)
        exports.append(float(flows.loc[theirs & (flows["stage"] == control.stage), "status_quo"].sum()))
    assert exports[0] <= exports[1] * (1 + LOOSER)
    assert prices[0] >= prices[1] * (1 - LOOSER)


@pytest.mark.parametrize("level", CONTROLS, ids=lambda row: row.name)
def test_a_control_s_level_rules_in_words_and_in_the_market(level: object) -> None:
    row = next(each for each in CONTROLS if each is level)
    for end in (row.low, row.high):
        rows = in_force(WORLD.tables, row.mineral, {row.name: end})
        at = {control_level(each): each.level for each in rows.itertuples()}
        assert at[row.name] == end
        others = in_force(WORLD.tables, row.mineral, {})
        assert {control_level(each): each.level for each in others.itertuples()} == {**at, row.name: row.value}
    ends = (Scenario(assumptions={row.name: end}) for end in (row.low, row.high))
    words = [controls_in_words(WORLD.tables, row.mineral, NAMES, each) for each in ends]
    assert words[0] != words[1]


def test_a_quantity_moves_with_its_level() -> None:
    row = next(row for row in CONTROLS if row.name == "export_quota_COD_mine.cobalt")
    quota = partial(WORLD.shocks, "cobalt")
    (now,), (low,) = (
        [shock for shock in quota(Scenario(minerals=("cobalt",), assumptions=at)) if isinstance(shock, ExportQuota)]
        for at in ({}, {row.name: row.low})
    )
    assert now.quantity == 96_600
    assert low.quantity == pytest.approx(now.quantity * row.low / row.value)


def test_a_level_beyond_its_range_or_of_a_suspended_control_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"the range is 0\.03 to 0\.5"):
        WORLD.check(Scenario(assumptions={"licence_CHN_refined.antimony": 0.9}))
    with pytest.raises(ScenarioError, match="no assumption"):
        WORLD.check(Scenario(assumptions={"export_ban_CHN_refined_to_USA.antimony": 0.0}))


def test_a_control_is_named_in_words() -> None:
    assert NAMES.assumption("licence_CHN_refined_to_USA.antimony") == (
        "licence for refined antimony from China to the United States"
    )
    assert NAMES.assumption("export_ban_IDN_mine.copper") == "export ban on copper ore from Indonesia"
    assert NAMES.assumption("export_quota_COD_mine.cobalt", mineral_in_view=True).endswith("from Congo (Kinshasa)")
    assert NAMES.assumption("friction_sigma.gallium") == "elasticity between suppliers (gallium)"
    assert NAMES.assumption("friction_sigma.gallium", mineral_in_view=True) == "elasticity between suppliers"
