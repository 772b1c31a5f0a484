"""Prices of today: the rule chooses as it says, the table holds what it says, and damage is named with its row."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from model.data import SCHEMAS, Fault, Tables, check, default_folder, load
from model.data.quote_checks import (
    QUOTE_CHECKS,
    check_every_currency_has_its_rate,
    check_every_judgement_is_told,
    check_every_market_has_a_nowcast,
    check_every_origin_is_a_region_or_outside,
    check_every_quote_has_a_date,
    check_every_quote_is_near_the_base_year,
    check_every_quote_is_of_the_last_stage,
    check_every_quote_is_what_its_factors_give,
    check_every_quote_lies_in_its_range,
    check_every_quoted_mineral_is_moved,
    check_every_time_runs_forward,
    check_every_unit_value_has_its_weight,
)
from model.data.quotes import choose
from model.data.schema import check_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.data.schema import Frames

TODAY = date(2026, 6, 30)
CONTROLLED_BY_CHINA = {
    "antimony",
    "bismuth",
    "gallium",
    "germanium",
    "graphite",
    "molybdenum",
    "rare_earths",
    "tungsten",
}
"""Yttrium is missing: one figure for it was found that no level rests on."""


@pytest.fixture(scope="module")
def tables() -> Tables:
    return load()


@pytest.fixture
def frames(tables: Tables) -> dict[str, pd.DataFrame]:
    """Copies a test may damage."""
    return {name: tables[name].copy() for needed, _ in QUOTE_CHECKS for name in needed}


def quote(day: str, price: float, method: str = "assessment", quantity_t: float = float("nan")) -> dict[str, object]:
    """A row for copper outside China, as the rule reads it."""
    ends = {"low": float("nan"), "high": float("nan")}
    money = {"value": price, "value_usd_per_t": price, **ends}
    place = {"mineral": "copper", "place": "OUTSIDE"}
    return {**place, "date": day, "method": method, "quantity_t": quantity_t, "source_id": day, **money}


def chosen(*rows: dict[str, object]) -> float | None:
    found = choose(pd.DataFrame(rows), "copper", "OUTSIDE", TODAY)
    return None if found is None else found.price_usd_per_t


def test_the_newest_month_with_an_assessment_wins_with_its_mean() -> None:
    rows = (quote("2026-04-30", 1.0), quote("2026-05-04", 2.0), quote("2026-05-29", 4.0))
    found = choose(pd.DataFrame(rows), "copper", "OUTSIDE", TODAY)
    assert found is not None
    assert (found.price_usd_per_t, found.low_usd_per_t, found.high_usd_per_t) == (3.0, 1.0, 4.0)
    assert (found.quoted, found.sources) == (date(2026, 5, 29), ("2026-05-04", "2026-05-29"))


def test_a_quote_after_the_date_is_not_chosen() -> None:
    assert chosen(quote("2026-06-30", 1.0), quote("2026-07-01", 9.0)) == 1.0
    assert chosen(quote("2026-07-01", 9.0)) is None


def test_an_assessment_older_than_six_months_gives_way_to_imports_of_three_months() -> None:
    imports = [quote(f"2026-0{n}-28", price, "unit_value", t) for n, price, t in ((3, 9, 9), (4, 1, 1), (6, 3, 3))]
    assert chosen(quote("2025-12-30", 7.0), *imports) == 7.0
    assert chosen(quote("2025-12-29", 7.0), *imports) == pytest.approx((1 * 1 + 3 * 3) / (1 + 3))
    assert chosen(quote("2025-12-29", 7.0)) is None


def test_every_control_of_china_has_two_figures_that_nobody_fitted(tables: Tables) -> None:
    after = tables["trade_after"]
    counts = after[after.independent].groupby("mineral").size()
    assert set(counts[counts >= 2].index) == CONTROLLED_BY_CHINA


def test_the_readme_shows_what_the_rule_chooses(tables: Tables) -> None:
    """The table of fourteen minerals in the README, number by number, on the date of the status quo."""
    text = (default_folder() / "README.md").read_text(encoding="utf-8")
    today = date.fromisoformat(tables["status_quo"].date.iloc[0])
    minerals = tables["minerals"]
    for mineral in minerals[minerals.kind == "market"].itertuples():
        (line,) = re.findall(rf"^\| {mineral.name} \|(.*)\|$", text, re.MULTILINE)
        cells = [cell.strip() for cell in line.split("|")]
        for place, shown in (("OUTSIDE", cells[:3]), ("CHN", cells[3:6])):
            found = choose(tables["quotes"], str(mineral.id), place, today)
            if found is None:
                assert shown == ["none", "", ""], mineral.name
                continue
            interval = f"{found.low_usd_per_t:,.0f} to {found.high_usd_per_t:,.0f}"
            means = {"assessment": "assessed", "unit_value": "US imports"}[found.method]
            assert shown == [f"{found.price_usd_per_t:,.0f}", interval, f"{found.quoted}, {means}"], mineral.name


@pytest.mark.parametrize(
    ("rule", "table", "column", "value", "told"),
    [
        (check_every_quote_is_what_its_factors_give, "quotes", "unit", "USD/kg", "13012 USD/kg is 1.3012e+07 USD/t"),
        (check_every_currency_has_its_rate, "quotes", "unit", "CNY/t", "copper: CNY/t"),
        (check_every_currency_has_its_rate, "quotes", "cny_per_usd", 7.0, "dollars have none"),
        (
            check_every_quote_is_near_the_base_year,
            "quotes",
            "value_usd_per_t",
            200_000.0,
            "20 times off the price of 2024",
        ),
        (check_every_quote_is_near_the_base_year, "quotes", "value_usd_per_t", 400.0, "copper: 400.0"),
        (check_every_quote_lies_in_its_range, "quotes", "low", 14_000.0, "between low and high"),
        (check_every_quote_is_of_the_last_stage, "quotes", "stage", "mine", "last stage"),
        (check_every_quote_has_a_date, "quotes", "date", "May 2026", "copper: May 2026"),
        (check_every_quote_has_a_date, "quotes", "date", "2026-W22-1", "copper: 2026-W22-1"),
        (check_every_quote_has_a_date, "quotes", "date", "\u0662026-05-31", "copper: \u0662026-05-31"),
        (check_every_unit_value_has_its_weight, "quotes", "method", "unit_value", "need the tonnes"),
        (check_every_judgement_is_told, "quotes", "assumption", True, "needs a note"),
        (check_every_time_runs_forward, "trade_after", "until", "2024-01-01", "before start"),
        (check_every_quoted_mineral_is_moved, "nowcast", "kind", "none", "copper: none"),
        (check_every_origin_is_a_region_or_outside, "trade_after", "exporter", "QQQ", "graphite: QQQ"),
    ],
)
def test_damage_is_told_with_its_row(
    frames: dict[str, pd.DataFrame],
    rule: Callable[[Frames], list[Fault]],
    table: str,
    column: str,
    value: str | float | bool,
    told: str,
) -> None:
    assert rule(frames) == []
    frames[table].loc[0, column] = value
    (fault,) = rule(frames)
    assert (fault.table, fault.row) == (table, 2)
    assert told in str(fault)


def test_every_rule_runs_on_the_tables_it_names(frames: dict[str, pd.DataFrame]) -> None:
    for needed, rule in QUOTE_CHECKS:
        assert rule({name: frames[name] for name in needed}) == []


@pytest.mark.parametrize("day", ["2026-06-01", "2026-12-31"])
@pytest.mark.parametrize("place", ["USA", "ALL", "OUTSIDE", "CHN"])
def test_a_quote_is_paid_outside_or_inside_china_whatever_its_day(tables: Tables, place: str, day: str) -> None:
    """A quote after the date of the status quo may stand in the table; elsewhere than at these places none may."""
    (schema,) = (schema for schema in SCHEMAS if schema.name == "quotes")
    rows = (
        tables["quotes"]
        .iloc[:1]
        .astype(object)
        .fillna("")
        .astype(str)
        .assign(assumption="false", place=place, date=day)
    )
    faults = check_table(schema, rows).faults
    rule = "must be one of CHN, OUTSIDE"
    assert faults == ([] if place in ("CHN", "OUTSIDE") else [Fault("quotes", 2, "place", place, rule)])


def test_each_market_without_a_nowcast_is_named(frames: dict[str, pd.DataFrame]) -> None:
    minerals = frames["minerals"]
    for mineral in minerals[minerals.kind == "market"].id:
        rows = frames["nowcast"]
        left = frames | {"nowcast": rows[rows.mineral != mineral]}
        assert check_every_market_has_a_nowcast(left) == [
            Fault("nowcast", None, "mineral", mineral, "market has no such row")
        ]


def test_each_quoted_mineral_must_be_moved_and_no_other(frames: dict[str, pd.DataFrame]) -> None:
    """What nothing moves and the rule chooses no quote for is sound."""
    unmoved = frames["nowcast"].assign(kind="none")
    quoted = {
        mineral
        for mineral in unmoved.mineral
        if any(choose(frames["quotes"], mineral, place, TODAY) for place in ("OUTSIDE", "CHN"))
    }
    faults = check_every_quoted_mineral_is_moved(frames | {"nowcast": unmoved})
    assert {str(fault.value) for fault in faults} == {f"{mineral}: none" for mineral in quoted}
    assert 0 < len(quoted) < len(unmoved)


def test_two_quotes_of_one_place_and_date_are_reported(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(default_folder(), tmp_path / "data"))
    path = folder / "quotes.csv"
    path.write_text(path.read_text(encoding="utf-8") + path.read_text(encoding="utf-8").splitlines()[1] + "\n")
    (fault,) = check(folder)
    assert (fault.table, fault.row, fault.rule) == ("quotes", len(load()["quotes"]) + 2, "key is repeated")
    assert fault.value == "copper, refined, OUTSIDE, 2026-01-31, assessment"
