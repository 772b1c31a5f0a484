"""Tables: what is shipped is sound, and every kind of damage is reported by table, row, column, value and rule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from model.assumptions import Assumptions
from model.data import SCHEMAS, Fault, check, data_hash, default_folder, load
from model.data.cross_checks import (
    NOWCAST_LIMITS,
    check_every_assumption_is_possible,
    check_nowcast_limits_are_positive,
)
from model.errors import DataError, ScenarioError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped data that a test may damage."""
    return Path(shutil.copytree(default_folder(), tmp_path / "data"))


@pytest.fixture(scope="module")
def assumptions() -> Assumptions:
    return Assumptions.from_table(load()["assumptions"])


def set_cell(folder: Path, table: str, row: int, column: str, value: str) -> None:
    """Write one cell; ``row`` is the line of the file."""
    frame = read(folder, table)
    frame.loc[row - 2, column] = value
    write(folder, table, frame)


def read(folder: Path, table: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)


def write(folder: Path, table: str, frame: pd.DataFrame) -> None:
    frame.to_csv(folder / f"{table}.csv", index=False)


def test_shipped_data_are_sound() -> None:
    assert check() == []


def test_every_csv_is_registered_and_every_schema_has_a_file() -> None:
    assert {path.stem for path in default_folder().glob("*.csv")} == {schema.name for schema in SCHEMAS}


def test_every_citation_resolves() -> None:
    tables = load()
    known = set(tables["sources"].source_id)
    for schema in SCHEMAS:
        if schema.name != "sources" and any(column.name == "source_id" for column in schema.columns):
            cited = set(tables[schema.name].source_id.str.split(";").explode().str.strip()) - {""}
            assert cited <= known, schema.name


def test_every_assumption_lies_in_its_range(assumptions: Assumptions) -> None:
    assert [row.name for row in assumptions if not row.low <= row.value <= row.high] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "row", "column", "value", "rule"),
    [
        ("production", 3, "quantity_t", "NaN", "must be a finite number"),
        ("production", 3, "quantity_t", "\u0663", "must be a finite number"),
        ("production", 3, "quantity_t", "inf", "must be a finite number"),
        ("production", 3, "quantity_t", "-5", "must be at least 0"),
        ("production", 3, "quantity_t", "", "must not be empty"),
        ("production", 4, "country", "XYZ", "must exist in regions.members"),
        ("production", 4, "mineral", "unobtainium", "must exist in minerals.id"),
        ("production", 4, "source_id", "nowhere", "must exist in sources.source_id"),
        ("trade_bilateral", 5, "exporter", "QQQ", "must exist in regions.members"),
        ("trade_bilateral", 5, "importer", "QQQ", "must exist in regions.members"),
        ("trade_bilateral", 5, "unit", "kg", "must be one of t of product; USD"),
        ("prices", 2, "unit", "USD/kg", "must be one of USD/t contained"),
        ("regions", 2, "known_industry_sizes", "perhaps", "must be one of true, false"),
        ("production", 5, "year", "2024.5", "must be a whole number"),
    ],
)
def test_damaged_cell_is_reported(folder: Path, table: str, row: int, column: str, value: str, rule: str) -> None:
    set_cell(folder, table, row, column, value)
    assert Fault(table, row, column, value, rule) in check(folder)


def test_missing_column_is_reported(folder: Path) -> None:
    write(folder, "production", read(folder, "production").drop(columns="content_share"))
    assert check(folder) == [Fault("production", None, "content_share", None, "column is missing")]


def test_repeated_key_is_reported(folder: Path) -> None:
    frame = read(folder, "byproducts")
    write(folder, "byproducts", pd.concat([frame, frame.iloc[[0]]]))
    (fault,) = check(folder)
    assert (fault.table, fault.row, fault.column, fault.rule) == (
        "byproducts",
        len(frame) + 2,
        "id, measure",
        "key is repeated",
    )


def test_missing_file_is_reported(folder: Path) -> None:
    (folder / "prices.csv").unlink()
    (fault,) = check(folder)
    assert str(fault) == "prices: file is missing"


def test_a_folder_without_any_table_is_told_once(tmp_path: Path) -> None:
    for read_folder in (check, load):
        with pytest.raises(DataError) as refused:
            read_folder(tmp_path)
        assert str(refused.value) == f"{tmp_path} holds none of the {len(SCHEMAS)} data tables"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_is_read_however_a_spreadsheet_saved_it(folder: Path, encoding: str) -> None:
    path = folder / "prices.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert check(folder) == []
    pd.testing.assert_frame_equal(load(folder)["prices"], load()["prices"])


def test_a_table_in_other_letters_says_what_to_do(folder: Path) -> None:
    path = folder / "prices.csv"
    path.write_bytes(path.read_bytes() + "é".encode("cp1252"))
    (fault,) = check(folder)
    assert "save it as UTF-8" in fault.rule


@pytest.mark.parametrize("contents", [b"", b"a,b\n1,2,3,4\n1\n", b"\xff\xfe\x00broken"])
def test_unreadable_file_is_a_fault_not_a_crash(folder: Path, contents: bytes) -> None:
    (folder / "prices.csv").write_bytes(contents)
    faults = check(folder)
    assert faults
    assert {fault.table for fault in faults} == {"prices"}


def test_missing_distance_is_reported(folder: Path) -> None:
    frame = read(folder, "distances")
    write(folder, "distances", frame[(frame.exporter != "CHL") | (frame.importer != "USA")])
    assert check(folder) == [Fault("distances", None, "exporter, importer", "CHL, USA", "pair has no distance")]


def test_country_in_two_regions_is_reported(folder: Path) -> None:
    members = read(folder, "regions").members
    set_cell(folder, "regions", 2, "members", members[0] + ";DEU")
    assert [fault.rule for fault in check(folder)] == ["country belongs to another region already"]


def test_assumption_outside_its_range_is_reported(folder: Path) -> None:
    set_cell(folder, "assumptions", 2, "value", "99")
    assert [(fault.table, fault.row) for fault in check(folder)] == [("assumptions", 2)]


@pytest.mark.parametrize("name", NOWCAST_LIMITS)
def test_a_limit_of_todays_shifts_must_stand_and_be_positive(name: str) -> None:
    rows = load()["assumptions"]
    assert check_nowcast_limits_are_positive({"assumptions": rows}) == []
    (fault,) = check_nowcast_limits_are_positive({"assumptions": rows[rows.id != name].reset_index(drop=True)})
    assert (fault.column, fault.value) == ("id", name)
    at = rows.index[rows.id == name][0]
    for column in ("value", "low"):
        damaged = rows.copy()
        damaged.loc[at, column] = 0.0
        assert check_nowcast_limits_are_positive({"assumptions": damaged}) == [
            Fault("assumptions", at + 2, column, f"{name}: 0", "must be above 0")
        ]


@pytest.mark.parametrize(
    ("id", "column", "value"),
    [
        ("demand_elasticity_short", "high", 0.0),
        ("supply_elasticity_short", "low", -0.1),
        ("stock_release_share", "high", 50.0),
        ("friction_sigma", "low", 0.0),
        ("choke_price_multiple", "low", -1.0),
        ("usd_per_gbp", "low", 0.0),
    ],
)
def test_an_assumption_that_cannot_be_is_reported_at_its_row(id: str, column: str, value: float) -> None:
    rows = load()["assumptions"].copy()
    assert check_every_assumption_is_possible({"assumptions": rows}) == []
    at = rows.index[rows.id == id][0]
    rows.loc[at, column] = value
    (fault,) = check_every_assumption_is_possible({"assumptions": rows})
    assert (fault.table, fault.row) == ("assumptions", at + 2)
    assert fault.value.startswith(f"{id}: ")


@pytest.mark.parametrize("id", ["oxide_trade_CHN_XXX", "oxide_trade_XXX_KOR", "scrap_supply_XXX"])
def test_assumption_for_an_unknown_region_is_reported(folder: Path, id: str) -> None:
    row = read(folder, "assumptions").id.tolist().index("oxide_trade_CHN_KOR") + 2
    set_cell(folder, "assumptions", row, "id", id)
    assert check(folder) == [Fault("assumptions", row, "id", id, "XXX is not a region")]


def test_a_project_in_money_of_another_year_is_reported(folder: Path) -> None:
    set_cell(folder, "projects", 3, "currency_year", "1999")
    (fault,) = check(folder)
    assert (fault.table, fault.row, fault.column, fault.value) == ("projects", 3, "currency_year", "1999")


def test_all_faults_are_reported_at_once(folder: Path) -> None:
    set_cell(folder, "production", 3, "quantity_t", "many")
    set_cell(folder, "trade_bilateral", 5, "exporter", "QQQ")
    write(folder, "stocks", read(folder, "stocks").drop(columns="unit"))
    (folder / "prices.csv").unlink()
    assert {fault.table for fault in check(folder)} == {"production", "trade_bilateral", "stocks", "prices"}
    with pytest.raises(DataError) as error:
        load(folder)
    for part in ("production, row 3, column quantity_t", "'many'", "QQQ", "stocks, column unit", "file is missing"):
        assert part in str(error.value)


def test_hash_depends_on_contents_alone(folder: Path) -> None:
    before = data_hash(folder)
    assert before == data_hash() == load().content_hash
    set_cell(folder, "stocks", 2, "quantity", "101")
    assert data_hash(folder) != before


def test_hash_of_an_incomplete_folder_names_the_table(folder: Path) -> None:
    (folder / "prices.csv").unlink()
    with pytest.raises(DataError, match=r"prices\.csv"):
        data_hash(folder)


def test_mineral_value_wins_over_general_one(assumptions: Assumptions) -> None:
    assert assumptions.value("friction_sigma", "titanium") == 4
    assert assumptions.value("friction_sigma", "copper") == assumptions.value("friction_sigma") == 8


def test_unknown_assumption_names_the_nearest(assumptions: Assumptions) -> None:
    with pytest.raises(ScenarioError, match="friction_sigma"):
        assumptions.value("frictoin_sigma")


def test_override_replaces_one_value_only(assumptions: Assumptions) -> None:
    changed = assumptions.with_overrides({"demand_elasticity_short.copper": -0.1})
    assert changed.value("demand_elasticity_short", "copper") == -0.1
    assert assumptions.value("demand_elasticity_short", "copper") == -0.173
    assert len(changed) == len(assumptions)


def test_override_of_an_unknown_id_names_the_nearest(assumptions: Assumptions) -> None:
    with pytest.raises(ScenarioError, match=r"demand_elasticity_short\.copper"):
        assumptions.with_overrides({"demand_elasticity_shrt.copper": -0.1})


def test_override_out_of_range_names_the_range(assumptions: Assumptions) -> None:
    with pytest.raises(ScenarioError, match=r"-0\.292 to -0\.079"):
        assumptions.with_overrides({"demand_elasticity_short.copper": 0.5})


@pytest.mark.parametrize("name", [schema.name for schema in SCHEMAS])
def test_readme_describes_every_table(name: str) -> None:
    assert f"### {name}.csv" in (default_folder() / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("unit", "units_per_t"),
    [
        ("dollars per kilogram", 1000.0),
        ("dollars per pound", 2204.6226218),
        ("cents per pound", 22.046226218),
        ("dollars per dry metric ton unit", 1000.0 / 7.93),  # 10 kg of tungsten trioxide hold 7.93 kg of tungsten
    ],
)
def test_prices_in_use_are_the_published_ones_converted(unit: str, units_per_t: float) -> None:
    rows = load()["prices"]
    rows = rows[rows["published_unit"] == unit]
    assert len(rows) > 0
    for published, used in zip(rows["published_price"].astype(float), rows["price_usd_per_t"], strict=True):
        assert used == pytest.approx(published * units_per_t, rel=1e-4)
