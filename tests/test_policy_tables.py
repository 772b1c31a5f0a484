"""Policy tables: what is shipped states the facts it claims to state, and every kind of damage is reported."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest

from model.data import SCHEMAS, Tables, check, load
from model.data.policy_checks import (
    POLICY_CHECKS,
    POLICY_TABLES,
    Frames,
    check_every_assumed_measure_has_a_reason,
    check_every_basis_says_published_or_assumption,
    check_every_control_is_of_the_status_quo,
    check_every_date_is_a_date,
    check_every_duty_names_one_exporter,
    check_every_listed_region_exists,
    check_every_measure_begins_before_it_ends,
    check_every_measure_has_others_as_targets,
    check_every_policy_value_lies_in_its_range,
    check_every_replaced_control_is_a_kind,
    check_every_severity_is_possible,
    check_every_shock_has_the_unit_of_its_kind,
    check_every_shock_is_one_event,
    check_every_shock_of_the_status_quo_lasts,
    check_every_stage_is_traded,
    check_no_embargo_is_against_itself,
    check_status_quo_is_one_row,
)
from model.data.schema import Fault

MINERALS_UNDER_CHINESE_CONTROL = (
    "gallium",
    "germanium",
    "antimony",
    "graphite",
    "tungsten",
    "bismuth",
    "molybdenum",
    "yttrium",
    "rare_earths",
)
PARTIES_OF_KNOWN_SIZE = {"USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR"}
US_FREE_TRADE_PARTNERS = ("CAN", "MEX", "AUS", "KOR", "CHL", "PER", "BHR")


@pytest.fixture(scope="module")
def tables() -> Tables:
    return load()


@pytest.fixture
def frames(tables: Tables) -> dict[str, pd.DataFrame]:
    """Copies a test may damage."""
    return {name: tables[name].copy() for name in (*POLICY_TABLES, "regions", "minerals")}


def only_row(frame: pd.DataFrame, **cells: object) -> Any:
    """The one row with these cells."""
    for column, value in cells.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, cells
    return frame.iloc[0]


def rows_about(tables: Tables, table: str, **cells: object) -> set[str]:
    """Minerals of the rows with these cells."""
    frame = tables[table]
    for column, value in cells.items():
        frame = frame[frame[column] == value]
    return set(frame.mineral)


def test_shipped_policy_tables_are_sound() -> None:
    assert [fault for fault in check() if fault.table in POLICY_TABLES] == []


@pytest.mark.parametrize("table", POLICY_TABLES)
def test_no_key_is_repeated(tables: Tables, table: str) -> None:
    (key,) = (schema.key for schema in SCHEMAS if schema.name == table)
    assert not tables[table].duplicated(list(key)).any()


def test_status_quo_is_one_date(tables: Tables) -> None:
    assert list(tables["status_quo"].date) == ["2026-06-30"]


@pytest.mark.parametrize(
    ("importer", "exporter", "mineral", "stage", "in_2024", "now"),
    [
        ("USA", "ALL", "aluminum", "refined", 0.10, 0.50),
        ("USA", "CAN", "aluminum", "refined", 0.0, 0.50),
        ("USA", "GBR", "aluminum", "refined", 0.0, 0.25),
        ("USA", "RUS", "aluminum", "refined", 2.0, 2.0),
        ("USA", "ALL", "copper", "refined", 0.01, 0.01),
        ("USA", "CHN", "graphite", "refined", 0.0, 0.25),
    ],
)
def test_duty(
    tables: Tables, importer: str, exporter: str, mineral: str, stage: str, in_2024: float, now: float
) -> None:
    row = only_row(tables["tariffs"], importer=importer, exporter=exporter, mineral=mineral, stage=stage)
    assert (row.ad_valorem_2024, row.ad_valorem_now) == (in_2024, now)


def test_duty_begun_within_2024_counts_for_its_days(tables: Tables) -> None:
    """The additional 25 % on Chinese ammonium paratungstate began on 27 September, so it held for 96 of 366 days."""
    tungsten = partial(only_row, tables["tariffs"], importer="USA", mineral="tungsten", stage="refined")
    chinese, general = tungsten(exporter="CHN"), tungsten(exporter="ALL")
    assert chinese.ad_valorem_now - general.ad_valorem_now == pytest.approx(0.25, abs=1e-4)
    assert chinese.ad_valorem_2024 - general.ad_valorem_2024 == pytest.approx(0.25 * 96 / 366, abs=1e-4)


@pytest.mark.parametrize("partner", US_FREE_TRADE_PARTNERS)
def test_free_trade_partner_pays_no_duty_on_copper_and_tungsten(tables: Tables, partner: str) -> None:
    rows = tables["tariffs"].query("importer == 'USA' and exporter == @partner and mineral in ('copper', 'tungsten')")
    assert len(rows) > 0
    assert (rows[["ad_valorem_2024", "ad_valorem_now"]] == 0.0).all(axis=None)


def test_no_region_taxes_its_own_exports(tables: Tables) -> None:
    tariffs = tables["tariffs"]
    assert not (tariffs.importer == tariffs.exporter).any()


def test_each_mineral_china_controls_is_under_licence(tables: Tables) -> None:
    licensed = rows_about(tables, "export_controls", exporter="CHN", targets="ALL", kind="licence")
    assert licensed >= set(MINERALS_UNDER_CHINESE_CONTROL)


def test_ban_on_the_united_states_is_suspended(tables: Tables) -> None:
    bans = tables["export_controls"].query("exporter == 'CHN' and targets == 'USA' and kind == 'export_ban'")
    assert set(bans.mineral) == {"gallium", "germanium", "antimony"}
    assert bans.suspended.all()
    assert set(bans.end_date) == {"2026-11-27"}


def test_congolese_quota_is_a_quantity(tables: Tables) -> None:
    quota = only_row(tables["export_controls"], exporter="COD", mineral="cobalt", kind="export_quota")
    assert quota.quantity_t_per_yr == 96_600


def test_there_are_enough_shocks(tables: Tables) -> None:
    assert tables["shocks"].shock_id.nunique() >= 24


def test_each_mineral_china_controls_has_a_full_ban(tables: Tables) -> None:
    banned = rows_about(tables, "shocks", actors="CHN", targets="ALL", kind="export_ban", severity=1.0)
    assert banned >= set(MINERALS_UNDER_CHINESE_CONTROL)


def test_ban_on_the_united_states_alone_is_a_shock(tables: Tables) -> None:
    assert rows_about(tables, "shocks", shock_id="china_ban_usa", targets="USA") == {"gallium", "germanium", "antimony"}


def test_a_chance_is_a_hazard_of_its_own_with_the_frequency_behind_it(tables: Tables) -> None:
    """Nothing is thinned so that all of them together stay below one."""
    shocks = tables["shocks"].drop_duplicates("shock_id")
    assert not shocks.probability_basis.str.contains("thinned|exclude").any()
    assert shocks.annual_probability.between(0.01, 0.5).all()
    assert shocks.annual_probability.sum() > 1.0


def test_full_bans_replace_licences_instead_of_adding_to_them(tables: Tables) -> None:
    bans = tables["shocks"].query("actors == 'CHN' and kind == 'export_ban'")
    assert bans.replaces.str.split(";").map(set).map({"licence", "export_ban"}.issubset).all()


def test_coalition_of_the_parties_of_known_size(tables: Tables) -> None:
    regions, core = tables["regions"], only_row(tables["coalitions"], coalition_id="core_eight")
    assert set(core.members.split(";")) == PARTIES_OF_KNOWN_SIZE == set(regions[regions.known_industry_sizes].id)


def test_quoted_floors_stand_per_tonne_of_the_basket(tables: Tables) -> None:
    """NdPr at 55 USD/kg makes a basket of 70,000 USD/t, so a floor on NdPr alone lies higher on the basket."""
    floors = tables["floor_precedents"].query("price == price")
    per_kg = floors[floors.quoted_unit == "USD/kg NdPr oxide"]
    assert len(per_kg) > 0
    assert list(per_kg.price_usd_per_t) == pytest.approx(
        list(70_000 + 0.955 * (per_kg.price * 1000 - 55_000)), rel=1e-3
    )


@pytest.mark.parametrize(
    ("rule", "table", "column", "value", "reported"),
    [
        (check_every_listed_region_exists, "coalitions", "members", "USA;QQQ", "members"),
        (check_every_listed_region_exists, "shocks", "targets", "ALL;USA", "targets"),
        (check_every_stage_is_traded, "shocks", "stage", "mine", "stage"),
        (check_every_date_is_a_date, "shocks", "event_date", "August 2023", "event_date"),
        (check_every_date_is_a_date, "tariffs", "start_date", "20240927", "start_date"),
        (check_every_policy_value_lies_in_its_range, "shocks", "severity", 2.0, "severity"),
        (check_every_policy_value_lies_in_its_range, "export_controls", "level_low", 1.9, "level"),
        (check_every_control_is_of_the_status_quo, "export_controls", "start_date", "2026-07-01", "start_date"),
        (check_every_control_is_of_the_status_quo, "export_controls", "end_date", "2026-06-29", "start_date"),
        (check_every_assumed_measure_has_a_reason, "export_controls", "assumption", True, "reason"),
        (check_every_listed_region_exists, "embargoes", "importer", "USA;XYZ", "importer"),
        (check_every_stage_is_traded, "embargoes", "stage", "smelter", "stage"),
        (check_every_date_is_a_date, "embargoes", "start_date", "April 2024", "start_date"),
        (check_every_measure_begins_before_it_ends, "embargoes", "end_date", "2024-04-12", "end_date"),
        (check_every_assumed_measure_has_a_reason, "embargoes", "assumption", True, "reason"),
        (check_every_shock_has_the_unit_of_its_kind, "shocks", "unit", "share of output lost", "unit"),
        (check_every_shock_of_the_status_quo_lasts, "shocks", "in_status_quo", True, "event_date"),
        (check_every_duty_names_one_exporter, "tariffs", "exporter", "CHN;RUS", "exporter"),
        (check_every_measure_has_others_as_targets, "shocks", "targets", "CHN", "targets"),
        (check_every_severity_is_possible, "shocks", "severity_high", 60.0, "severity"),
        (check_every_basis_says_published_or_assumption, "shocks", "severity_basis", "seen", "severity_basis"),
        (check_every_replaced_control_is_a_kind, "shocks", "replaces", "licence;embargo", "replaces"),
    ],
)
def test_damage_is_reported_at_its_row(
    frames: dict[str, pd.DataFrame],
    rule: Callable[[Frames], list[Fault]],
    table: str,
    column: str,
    value: str | float | bool,
    reported: str,
) -> None:
    assert rule(frames) == []
    frames[table].loc[0, column] = value
    assert [(fault.table, fault.row, fault.column) for fault in rule(frames)] == [(table, 2, reported)]


def test_rows_of_one_shock_that_disagree_are_reported(frames: dict[str, pd.DataFrame]) -> None:
    shocks = frames["shocks"]
    first = shocks.index[shocks.shock_id == "china_ban_usa"][0]
    shocks.loc[first, "annual_probability"] = 0.5
    (fault,) = check_every_shock_is_one_event(frames)
    assert (fault.row, fault.column, fault.value) == (first + 2, "annual_probability", "china_ban_usa")


@pytest.mark.parametrize("rows", [0, 2])
def test_a_status_quo_of_no_or_two_days_is_told_once(frames: dict[str, pd.DataFrame], rows: int) -> None:
    """Rules that need its date wait until there is one."""
    days = pd.concat([frames["status_quo"], frames["status_quo"].assign(date="2025-01-01")])
    frames["status_quo"] = days.iloc[:rows].reset_index(drop=True)
    faults = [fault for needed, rule in POLICY_CHECKS for fault in rule({name: frames[name] for name in needed})]
    assert faults == [Fault("status_quo", None, "date", f"{rows} rows", "must have exactly one row")]
    assert check_status_quo_is_one_row(frames) == faults


@pytest.mark.parametrize(
    ("exporter", "importer", "own"),
    [("RUS", "RUS", ["RUS"]), ("EUN;USA;JPN", "JPN;EUN", ["EUN", "JPN"]), ("ALL", "ALL", []), ("RUS", "ALL", [])],
)
def test_an_embargo_against_oneself_is_named(
    frames: dict[str, pd.DataFrame], exporter: str, importer: str, own: list[str]
) -> None:
    assert check_no_embargo_is_against_itself(frames) == []
    frames["embargoes"].loc[0, ["exporter", "importer"]] = exporter, importer
    rule = "a region cannot be under its own embargo"
    assert check_no_embargo_is_against_itself(frames) == [Fault("embargoes", 2, "importer", name, rule) for name in own]


def test_every_rule_runs_on_the_tables_it_names(frames: dict[str, pd.DataFrame]) -> None:
    """A rule that reads a table it does not declare would crash when that table is broken."""
    for needed, rule in POLICY_CHECKS:
        assert rule({name: frames[name] for name in needed}) == []
