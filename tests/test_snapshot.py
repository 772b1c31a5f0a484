"""Snapshots: identity and checksum, bad files, the sample of format 1, and what replaying tells."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from model.cli import main
from model.errors import AccordError, SnapshotError
from model.files import LARGEST_FILE
from model.instruments import Agreement
from model.memo import document_of, export
from model.memo.content import memo
from model.snapshot import make
from model.snapshot.canonical import canonical
from model.snapshot.evidence import RowChange
from model.snapshot.make import Origin, design_tables, freeze
from model.snapshot.make import table as plain_table
from model.snapshot.record import RESULT_KEYS, Snapshot, checksum, identity, parse, read
from model.snapshot.replay import DIFFERENCES, Replay, compare, replay, report
from model.studies.today import today_row
from model.world import World
from tests.snapshots import MOMENT, SAMPLE, altered, made, renamed, sample, scenario

SAMPLE_ID = "ce01775e9ffa7d9816110e7d2f796b3cdedd2645ca092c74894fd1b11ef99d12"


@pytest.fixture
def whole(world: World) -> Snapshot:
    """A snapshot with every shock and trial."""
    return made(world)


@pytest.fixture
def few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """One shock and two trials stand for all: the snapshot replayed in a fresh process has every one."""
    steps = make._steps
    monkeypatch.setattr(make, "_steps", lambda *of: steps(*of)[:3] + steps(*of)[-2:])


@cache
def _small(world: World) -> Snapshot:
    return freeze(world, scenario(world), Origin("A. Négociatrice", MOMENT))


@pytest.fixture
def snapshot(world: World, few_trials: None) -> Snapshot:
    """A snapshot of the same scenario with few of them."""
    return _small(world)


@pytest.mark.slow
def test_a_snapshot_opens_as_it_was_written(snapshot: Snapshot) -> None:
    again = parse(snapshot.to_json())
    assert again.content == snapshot.content
    assert again.to_json() == snapshot.to_json()
    assert again.created == MOMENT
    assert again.scenario == snapshot.scenario


def test_a_snapshot_holds_scenario_assumptions_data_versions_and_options(snapshot: Snapshot) -> None:
    inputs = snapshot.record.inputs
    assert inputs.assumptions["pass_through"] == 0.9
    assert set(inputs.versions) == {"model", "model_source", "pyomo", "highs"}
    assert inputs.options["highs"]["solver"] == "simplex"
    assert inputs.defaults["Trq.rent_to"] == "importer"
    production = snapshot.data["production"]
    assert set(production["mineral"]) == {"bismuth"}
    assert snapshot.record.author == "A. Négociatrice"
    assert set(snapshot.tables) == set(RESULT_KEYS)


@pytest.mark.slow
def test_the_same_question_has_the_same_id_whoever_asks_and_when(world: World, snapshot: Snapshot) -> None:
    other = freeze(world, scenario(world, name="another name"), Origin("someone else"))
    assert other.id == snapshot.id
    assert other.record.checksum != snapshot.record.checksum


@pytest.mark.parametrize(
    "change",
    [
        lambda inputs: inputs["assumptions"].update(pass_through=0.8),
        lambda inputs: inputs["scenario"]["agreement"]["floors"][0].update(price=16_543.22),
        lambda inputs: inputs["data"].update(hash="0" * 64),
        lambda inputs: inputs["data"]["tables"]["production"]["rows"][0].__setitem__(4, "1"),
        lambda inputs: inputs["versions"].update(highs="0.0.1"),
        lambda inputs: inputs["options"]["highs"].update(threads=2),
    ],
)
def test_whatever_determines_the_numbers_changes_the_id(snapshot: Snapshot, change: Any) -> None:
    assert altered(snapshot, lambda content: change(content["inputs"])).id != snapshot.id


def test_numbers_in_a_snapshot_are_the_outcome(world: World, snapshot: Snapshot) -> None:
    headline = world.outcome(snapshot.scenario).headline("bismuth")
    row = snapshot.tables["headline"].iloc[0]
    assert row["net_gain_usd"] == headline.net_gain_usd
    assert row["price_usd_per_t"] == headline.price_usd_per_t
    without = world.outcome(snapshot.scenario.model_copy(update={"agreement": Agreement()})).headline("bismuth")
    assert row["price_without_usd_per_t"] == without.price_usd_per_t


@pytest.mark.slow
def test_every_named_shock_and_main_assumption_is_in_a_snapshot(world: World, whole: Snapshot) -> None:
    assert tuple(whole.tables["shocks"]["shock"]) == world.library.for_mineral("bismuth")
    tried = whole.tables["sensitivity"]
    assert {"as assumed", "demand_elasticity_short.bismuth", "friction_sigma"} <= set(tried["assumption"])
    assert {"licence_CHN_refined_to_USA.bismuth", "export_controls_together"} <= set(tried["assumption"])
    assert whole.record.inputs.assumptions["licence_CHN_refined_to_USA.bismuth"] == 0.0005


def test_a_snapshot_holds_today_s_price_and_a_replay_checks_it(world: World, snapshot: Snapshot) -> None:
    (row,) = snapshot.tables["today"].to_dict("records")
    expected = today_row(world, snapshot.scenario, "bismuth")
    assert {name: value for name, value in row.items() if value == value} == {  # noqa: PLR0124 (NaN is None)
        name: value for name, value in expected.items() if value is not None
    }
    stored = {name: table.model_dump(mode="python") for name, table in snapshot.record.results.tables.items()}
    other = copy.deepcopy(snapshot.content["results"]["tables"])
    other["today"]["rows"][0][other["today"]["columns"].index("shift")] = 0.123
    found, _ = compare(stored, other)
    assert list(found[["table", "column"]].itertuples(index=False, name=None)) == [("today", "shift")]
    del stored["today"]
    assert compare(stored, other)[0].empty, "a snapshot made before it was kept"


def test_a_snapshot_without_a_format_of_its_scenario_stands_on_the_status_quo_it_was_made_on() -> None:
    assert "format" not in sample().content["inputs"]["scenario"]
    assert sample().scenario.status_quo == "policy_only"


def _text(snapshot: Snapshot, **changes: Any) -> str:
    return canonical({**snapshot.content, **changes})


def _without(snapshot: Snapshot, table: str) -> dict[str, Any]:
    content = copy.deepcopy(snapshot.content)
    del content["results"]["tables"][table]
    content["checksum"] = checksum(content)
    return content


def _ragged(snapshot: Snapshot) -> dict[str, Any]:
    content = copy.deepcopy(snapshot.content)
    content["results"]["tables"]["headline"]["rows"][0].append(1.0)
    content["checksum"] = checksum(content)
    return content


def test_bad_files_are_refused_with_a_clear_message(snapshot: Snapshot) -> None:
    text = snapshot.to_json()
    tampered = copy.deepcopy(snapshot.content)
    tampered["results"]["tables"]["headline"]["rows"][0][1] = 1.0
    forged = copy.deepcopy(snapshot.content)
    forged["inputs"]["assumptions"]["pass_through"] = 0.5
    forged["checksum"] = checksum(forged)
    bad = {
        text[: len(text) // 2]: "is cut off",
        "": "is cut off",
        "[1, 2]": "holds no JSON object",
        '{"kind": "other"}': "is not a snapshot",
        _text(snapshot, format=2): "newer version",
        _text(snapshot, format="1"): "no valid format",
        _text(snapshot, author="someone"): "checksum does not match",
        canonical(tampered): "checksum does not match",
        canonical(forged): "id does not match",
        canonical(_without(snapshot, "accounts")): "lacks the result tables accounts",
        canonical(_ragged(snapshot)): "more or fewer cells",
        text.replace('"format":1', '"format":1,"format":1'): "stands twice",
        text.replace('"format":1', '"format":NaN'): "NaN is not a number",
        "[" * 100_000: "damaged",
        " " * (LARGEST_FILE + 1): "larger than",
        '{"kind":"minerals-accord snapshot","format":1}': "lacks the parts",
    }
    for content, message in bad.items():
        with pytest.raises(SnapshotError, match=message):
            parse(content)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b""])
def test_files_that_are_no_text_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(data)
    with pytest.raises(SnapshotError):
        read(path)
    with pytest.raises(SnapshotError, match="cannot be read"):
        read(tmp_path / "missing.json")


@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1969-12-31T00:00:00Z", "2026-07-01T11:40:00"]
)
def test_a_snapshot_with_a_date_that_none_has_is_refused_in_a_line(date: str) -> None:
    with pytest.raises(SnapshotError, match="it says, which no snapshot was"):
        altered(sample(), lambda content: content.update(created=date))


def test_a_snapshot_whose_data_do_not_say_which_rows_they_are_is_refused_in_a_line() -> None:
    def data(content: dict[str, Any]) -> Any:
        return content["inputs"]["data"]["tables"]

    nothing = {"columns": ["x"], "rows": []}
    for change, words in (
        (lambda content: data(content).pop("minerals"), "lack id of the table 'minerals'"),
        (lambda content: data(content).update(hs_codes=nothing), "lack hs6, mineral of the table 'hs_codes'"),
        (lambda content: data(content).update({"../secret": nothing}), "an unknown table '../secret'"),
    ):
        with pytest.raises(SnapshotError, match=words):
            replay(altered(sample(), change))


def test_a_result_table_without_its_key_is_refused_in_a_line() -> None:
    other = {"columns": ["x"], "rows": [[1.0]]}
    with pytest.raises(SnapshotError, match="table 'gains' lacks the columns mineral, region"):
        altered(sample(), lambda content: content["results"]["tables"].update(gains=other))


def test_a_snapshot_without_names_is_refused_in_a_line() -> None:
    with pytest.raises(SnapshotError, match=r"lacks the names of coalition, industry, mineral"):
        altered(sample(), lambda content: content.update(names={}))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["region", "mineral", "product", "industry", "shock", "coalition"])
def test_a_memo_is_written_where_a_name_is_missing(kind: str) -> None:
    nameless = altered(sample(), lambda content: content["names"].update({kind: {}}))
    assert export(document_of([nameless]), "html")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"term_sheet": 1}, "its 'term_sheet' is no list of rows"),
        ({"gains": [1]}, "'gains'"),
        ({"status": 1}, "'status'"),
    ],
)
def test_a_damaged_result_of_the_optimiser_is_named(change: dict[str, Any], words: str) -> None:
    whole = {"term_sheet": [{"term": "price floor"}], "gains": [], "status": {"gap": 0.0}}
    assert set(design_tables(whole)) == {"term_sheet", "status"}
    with pytest.raises(SnapshotError, match=words):
        design_tables(whole | change)


def test_the_sample_of_format_1_still_opens() -> None:
    assert sample().id == SAMPLE_ID
    assert sample().record.format == 1
    assert sample().title == "Bismuth: a floor"
    assert sample().to_json() == SAMPLE.read_text(encoding="utf-8")


def _accord(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "model.cli", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_a_replay_in_a_fresh_process_finds_every_number_again(world: World, whole: Snapshot, tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    file.write_text(whole.to_json(), encoding="utf-8")
    done = _accord("replay", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "THE SAME" in done.stdout
    assert "nothing that is recorded" in done.stdout


def _changed_row(folder: Path, table: str, old: str, new: str) -> None:
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.slow
def test_a_changed_data_row_is_named_with_its_effect(snapshot: Snapshot, data_copy: Path, tmp_path: Path) -> None:
    _changed_row(data_copy, "production", "bismuth,refined,CHN,2024,14000,", "bismuth,refined,CHN,2024,15400,")
    file, out = tmp_path / "snapshot.json", tmp_path / "differences.json"
    file.write_text(snapshot.to_json(), encoding="utf-8")
    assert main(["replay", str(file), "--data", str(data_copy), "--json", str(out)]) == 1
    found = json.loads(out.read_text(encoding="utf-8"))
    assert not found["same"]
    assert found["versions"] == []
    assert [row["table"] for row in found["data_rows"]] == ["production"]
    assert found["data_rows"][0]["key"]["country"] == "CHN"
    assert found["data_rows"][0]["cells"] == {"quantity_t": ["14000", "15400"]}
    numbers = [row for row in found["differences"] if row["from_data"] is not None]
    assert numbers
    for row in numbers:
        assert row["from_versions"] == pytest.approx(0.0, abs=1e-6 * max(1.0, abs(row["stored"] or 0.0)))
        assert row["from_data"] == pytest.approx((row["replayed"] or 0.0) - (row["stored"] or 0.0), rel=1e-6, abs=1e-3)


@pytest.mark.slow
def test_a_changed_default_of_an_assumption_is_a_named_row(snapshot: Snapshot, data_copy: Path) -> None:
    _changed_row(data_copy, "assumptions", "pass_through,,1,", "pass_through,,0.95,")
    found = replay(snapshot, data_copy)
    assert [str(row) for row in found.rows] == ["assumptions: id=pass_through, mineral=: value '1' → '0.95'"]
    assert found.same, "the scenario sets this assumption itself"


@pytest.mark.slow
def test_a_change_in_rows_it_does_not_use_is_told_apart(snapshot: Snapshot, data_copy: Path) -> None:
    _changed_row(data_copy, "production", "copper,mine,AUS,2024,765000,", "copper,mine,AUS,2024,765001,")
    found = replay(snapshot, data_copy)
    assert found.same
    assert found.other_data
    assert found.rows == []
    assert "rows that this snapshot does not use" in report(snapshot, found)


@pytest.mark.slow
def test_a_removed_row_and_a_new_one_are_named(snapshot: Snapshot, data_copy: Path) -> None:
    path = data_copy / "tariffs.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    gone = next(line for line in lines if ",bismuth," in line)
    path.write_text("".join(line for line in lines if line != gone), encoding="utf-8")
    found = replay(snapshot, data_copy)
    assert [change.table for change in found.rows] == ["tariffs"]
    assert str(found.rows[0]).endswith("row is gone")


@pytest.mark.slow
def test_versions_and_defaults_that_changed_are_named_and_get_the_rest(snapshot: Snapshot) -> None:
    def older(content: dict[str, Any]) -> None:
        content["inputs"]["versions"]["highs"] = "1.2.3"
        content["inputs"]["defaults"]["Trq.rent_to"] = "exporter"
        headline = content["results"]["tables"]["headline"]
        headline["rows"][0][headline["columns"].index("net_gain_usd")] += 10.0

    found = replay(altered(snapshot, older))
    assert not found.same
    assert any(text.startswith("version of highs: 1.2.3 →") for text in found.versions)
    assert found.defaults == ["default of Trq.rent_to: exporter → importer"]
    difference = found.differences.iloc[0]
    assert (difference["table"], difference["column"]) == ("headline", "net_gain_usd")
    assert difference["from_versions"] == pytest.approx(-10.0)
    assert difference["from_data"] == 0.0


def test_a_name_says_nothing_to_the_numbers(snapshot: Snapshot) -> None:
    assert renamed(snapshot, "<script>").id == snapshot.id


@pytest.mark.slow
@pytest.mark.usefixtures("one_world", "few_trials")
def test_the_command_writes_a_snapshot_and_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    question = tmp_path / "scenario.json"
    question.write_text(json.dumps({"minerals": ["bismuth"], "parties": ["USA", "JPN"]}), encoding="utf-8")
    out = tmp_path / "made.json"
    assert main(["snapshot", str(question), "--out", str(out), "--author", "Me"]) == 0
    assert read(out).record.author == "Me"
    assert main(["snapshot", str(question), "--out", str(tmp_path / "nowhere" / "made.json")]) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("one_world", "few_trials")
def test_the_optimiser_s_result_comes_along(world: World, tmp_path: Path) -> None:
    design = {
        "status": {"found": True, "objective": 12.5},
        "term_sheet": [
            {"mineral": "bismuth", "term": "price floor", "who": "all", "level": 16_543.21, "unit": "USD/t"}
        ],
        "gains": [{"party": "USA", "users_musd": -1.5, "verified_musd": 2.5}],
        "scenario": scenario(world).model_dump(mode="json"),
    }
    question, out = tmp_path / "design.json", tmp_path / "made.json"
    question.write_text(json.dumps(design), encoding="utf-8")
    assert main(["snapshot", str(question), "--out", str(out)]) == 0
    opened = read(out)
    assert opened.scenario == scenario(world)
    assert set(opened.record.design) == {"term_sheet", "gains", "status"}
    sheets = {sheet.name: sheet for sheet in memo(opened).sheets}
    assert sheets["Design gains"].rows == (("United States", -1.5, 2.5),)
    assert sheets["Design gains"].columns[1].header == "Users, million USD/yr"


def test_a_world_whose_data_changed_meanwhile_makes_no_snapshot(data_copy: Path) -> None:
    world = World(data_copy)
    _changed_row(data_copy, "production", "copper,mine,AUS,2024,765000,", "copper,mine,AUS,2024,765001,")
    with pytest.raises(AccordError, match="changed since they were read"):
        freeze(world, scenario(world), folder=data_copy)


def test_a_replay_says_of_what_is_missing_that_it_is_not_there() -> None:
    cells = [("headline", "bismuth", "short_t", 1.5, float("nan"), float("nan"), float("nan"))]
    rows = [RowChange("regions", {"id": "USA"}, {"name": ("United States", None), "kind": ("country", "union")})]
    found = Replay(1, [], [], rows, other_data=False, differences=pd.DataFrame(cells, columns=list(DIFFERENCES)))
    told = report(sample(), found)
    assert "headline, bismuth, short_t: 1.5 → not there" in told
    assert "name 'United States' → not there" in told
    assert "nan" not in told
    assert "None" not in told


def test_a_snapshot_holds_no_negative_zero() -> None:
    (row,) = plain_table(pd.DataFrame({"a": [-0.0]}))["rows"]
    assert str(row[0]) == "0.0"


def _set_numbers(number: object) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        for table in content["results"]["tables"].values():
            table["rows"] = [[number if type(cell) is float else cell for cell in row] for row in table["rows"]]

    return change


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("headline", "price_usd_per_t"),
        ("prices", "producer_price_status_quo_usd_per_t"),
        ("quantities", "imports_with_agreement_t"),
        ("flows", "with_agreement"),
    ],
)
def test_a_price_or_quantity_below_nothing_is_refused_though_it_is_sealed(name: str, column: str) -> None:
    def change(content: dict[str, Any]) -> None:
        table = content["results"]["tables"][name]
        table["rows"][0][table["columns"].index(column)] = -1e17

    with pytest.raises(SnapshotError, match=f"{column} of table '{name}' is -1e.17 somewhere"):
        altered(sample(), change)


def _double_columns(content: dict[str, Any]) -> None:
    table = content["inputs"]["data"]["tables"]["prices"]
    table["columns"] = [table["columns"][0]] * len(table["columns"])


@pytest.mark.slow
@pytest.mark.parametrize("command", [["replay"], ["memo", "--format", "html", "--out", "{folder}/memo"]])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_set_numbers(1e308), "1e+308 is larger than any result"),
        (_set_numbers(10**400), "0… is larger than any result"),
        (_double_columns, "table 'prices' stands there twice"),
    ],
)
def test_what_no_result_is_costs_one_line_though_it_is_sealed(
    command: list[str],
    change: Callable[[dict[str, Any]], None],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = copy.deepcopy(sample().content)
    change(content)
    content["id"] = identity(content["inputs"])
    content["checksum"] = checksum(content)
    file = tmp_path / "sealed.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    assert main([command[0], str(file), *(part.format(folder=tmp_path) for part in command[1:])]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"accord: error: snapshot {file}")
    assert says in line


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Attempting to set identical")  # all the same: no axis has a length
@pytest.mark.parametrize("number", [1e18, -1e18, 1e-320])
@pytest.mark.parametrize("format", ["html", "xlsx"])
def test_a_memo_shows_numbers_of_any_size_that_opens(number: float, format: str) -> None:
    changed = _set_numbers(number) if number > 0 else _set_money(number)  # no price or quantity is below nothing
    assert export(document_of([altered(sample(), changed)]), format)


def _set_money(number: float) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        for table in content["results"]["tables"].values():
            money = [name.endswith("_usd") for name in table["columns"]]
            table["rows"] = [
                [
                    number if is_money and type(cell) is float else cell
                    for is_money, cell in zip(money, row, strict=True)
                ]
                for row in table["rows"]
            ]

    return change


@pytest.mark.slow
@pytest.mark.usefixtures("few_trials")
def test_a_snapshot_of_an_earlier_version_is_replayed_and_data_told_from_versions() -> None:
    found = replay(sample())
    assert found.undecided == ""
    assert "table industry_io is gone (no result was computed from it)" in found.versions
    changes = found.differences
    (price,) = changes[(changes["table"] == "headline") & (changes["column"] == "price_status_quo_usd_per_t")].to_dict(
        "records"
    )
    assert abs(price["from_data"]) > 1.0
    assert abs(price["from_versions"]) < 1e-6 * abs(price["stored"])
