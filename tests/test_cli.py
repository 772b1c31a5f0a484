"""Every command: what it writes, and that a refused request costs one line and nothing else."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from model.cli import main, outputs
from model.data import data_hash, default_folder
from model.equilibrium import Solver
from model.errors import FileError, SolveError
from model.memo import FORMATS, document_of, export
from model.problem import Problem, State
from model.scenario import Scenario
from model.snapshot.library import Library
from model.world import World
from tests.shipped import WORLD
from tests.snapshots import SAMPLE, altered, sample

pytestmark = pytest.mark.usefixtures("one_world")

CASES = Path(__file__).parent / "cases"
BAD_CASES = sorted((CASES / "bad").glob("*.json"))
COMMANDS = ("case", "solve", "schema", "calibrate", "check-data", "shocks", "app")
EARLIER = {command: outputs.as_result(command, {"status": {"converged": True}}) for command in ("case", "solve")}
FLOOR = {"parties": ["USA"], "mineral": "bismuth", "stage": "refined", "price": 13000.0}
TRQ = {
    "importers": ["USA"],
    "exporters": ["CHN"],
    "mineral": "bismuth",
    "stage": "refined",
    "quantity": 500.0,
    "in_quota": {"ad_valorem": 0.2},
    "over_quota": {"ad_valorem": 0.1},
}
SCENARIO: dict[str, Any] = {"name": "a floor for bismuth", "minerals": ["bismuth"], "agreement": {"floors": [FLOOR]}}

NO_ROWS = ("trqs", "quotas", "ranges", "today")
"""Tables without rows under that scenario."""

Refused = Callable[..., str]


@pytest.fixture
def written(tmp_path: Path) -> Callable[[object], Path]:
    """Writes JSON content (or text as it stands) to a file."""

    def write(content: object) -> Path:
        path = tmp_path / "input.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command with ``--out`` on an earlier result: refused in one line, it must leave that result alone."""

    def run(*arguments: object) -> str:
        out = tmp_path / "result.json"
        earlier = EARLIER[str(arguments[0])]
        out.write_text(earlier, encoding="utf-8")
        assert main([*map(str, arguments), "--out", str(out)]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.startswith("accord: error: ")
        assert shown.err.count("\n") == 1
        assert out.read_text(encoding="utf-8") == earlier
        assert {path.name for path in tmp_path.iterdir()} <= {"result.json", "input.json", "data"}
        return shown.err

    return run


def stopped(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What the parser says when it stops a command, which it does in one line."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def no_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def read(path: Path) -> Any:
    """JSON content; NaN and Infinity are failures."""
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=no_constant)


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from model.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(sorted({'numpy', 'pandas', 'pyomo', 'pydantic', 'highspy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert [name for name in COMMANDS if name not in shown] == []
    assert shown.endswith("[]\n")


@pytest.mark.slow
def test_case_runs_as_a_process(tmp_path: Path) -> None:
    case, out = CASES / "contract-two-countries-levy-22.json", tmp_path / "result.json"
    command = [sys.executable, "-m", "model.cli", "case", str(case), "--out", str(out)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
    (floor,) = read(out)["floors"]
    assert floor["levy"] == pytest.approx(10.0)


@pytest.mark.slow
def test_a_result_goes_down_the_pipe_behind_standard_output() -> None:
    case = str(CASES / "price-zero-glut.json")
    command = [sys.executable, "-m", "model.cli", "case", case, "--out", "/dev/stdout"]
    assert "prices" in json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.slow
def test_a_refused_process_leaves_no_traceback(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "model.cli",
        "case",
        str(tmp_path / "none.json"),
        "--out",
        str(tmp_path / "out.json"),
    ]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert "none.json" in finished.stderr


@pytest.mark.parametrize("path", BAD_CASES, ids=lambda path: path.stem)
def test_bad_cases_are_refused_by_name(path: Path, refused: Refused) -> None:
    error = refused("case", path).lower()
    wanted = path.with_suffix(".message.txt").read_text(encoding="utf-8").lower().splitlines()
    assert [line for line in wanted if line.strip() not in error] == []


def test_unbounded_surplus_is_null(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    assert main(["case", str(CASES / "isoelastic-no-choke.json"), "--out", str(out)]) == 0
    assert any(row["consumer_surplus"] is None and row["total"] is None for row in read(out)["welfare"])


def test_solve_writes_result_status_quo_and_changes(tmp_path: Path, written: Callable[[object], Path]) -> None:
    out, folder = tmp_path / "result.json", tmp_path / "tables"
    assert main(["solve", str(written(SCENARIO | {"format": 2})), "--out", str(out), "--csv", str(folder)]) == 0
    result = read(out)
    for table in ("prices", "quantities", "flows", "welfare", "status"):
        assert result[table]
        assert result["status_quo"][table]
    assert result["status"]["converged"]
    assert [row["region"] for row in result["floors"]] == ["USA"]
    assert result["scenario"]["agreement"]["floors"][0]["price"] == FLOOR["price"]
    assert result["data_hash"] == data_hash()
    (headline,) = result["change"]["headline"]
    assert headline["mineral"] == "bismuth"
    assert {"region", "users_usd", "producers_usd", "treasury_usd", "net_usd"} <= set(result["change"]["accounts"][0])
    assert result["change"]["industries"]
    prices = pd.read_csv(folder / "prices.csv")
    assert set(prices["region"]) == {row["region"] for row in result["prices"]}
    assert (folder / "headline.csv").is_file()
    (today,) = result["today"]
    assert today["mineral"] == "bismuth"
    assert today["explained"]
    assert today["price_today"] == pytest.approx(today["price_today_quoted"], rel=1e-4)
    assert pd.read_csv(folder / "today.csv")["explained"].tolist() == [True]


def test_the_same_request_gives_the_same_file(
    tmp_path: Path, written: Callable[[object], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.world.World", World)  # each its own
    scenario = str(written(SCENARIO))
    for name in ("one.json", "two.json"):
        assert main(["solve", scenario, "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_an_assumption_can_be_replaced(tmp_path: Path, written: Callable[[object], Path]) -> None:
    out, name = tmp_path / "result.json", "demand_elasticity_short.bismuth"
    scenario = written({**SCENARIO, "assumptions": {name: -0.1}})
    assert main(["solve", str(scenario), "--out", str(out), "--assume", f"{name}=-0.2"]) == 0
    assert read(out)["scenario"]["assumptions"] == {name: -0.2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parties": ["USX"]}, ["USX", "did you mean 'USA'", "EUN"]),
        ({"minerals": ["bismut"]}, ["bismut", "did you mean 'bismuth'", "copper"]),
        ({"mineral": ["bismuth"]}, ["unknown key 'mineral'", "did you mean 'minerals'"]),
        ({"agreement": {"floor": []}}, ["agreement.floor", "did you mean 'floors'"]),
        ({"agreement": {"floors": [{**FLOOR, "parties": ["USX"]}]}}, ["floors[0]", "USX", "valid"]),
        ({"agreement": {"floors": [{**FLOOR, "mineral": "gold"}]}}, ["floors[0]", "gold", "bismuth"]),
        ({"agreement": {"floors": [{**FLOOR, "stage": "mine"}]}}, ["floors[0]", "'mine'", "refined"]),
        (
            {"agreement": {"floors": [{**FLOOR, "price": -5.0}]}},
            ["floors[0].price", "-5", "greater than or equal to 0"],
        ),
        ({"agreement": {"floors": [{**FLOOR, "parties": ["CHN"]}]}}, ["CHN", "is not a party", "USA"]),
        ({"agreement": {"floors": [{**FLOOR, "parties": []}]}}, ["floors[0].parties is empty; name at least one"]),
        (
            {"agreement": {"floors": [{**FLOOR, "mechanism": "subsidy"}]}},
            ["mechanism", "subsidy", "variable_levy", "cfd"],
        ),
        ({"agreement": {"trqs": [TRQ]}}, ["trqs[0]", "in-quota", "0.2", "over-quota", "0.1"]),
        ({"shocks": [{"name": "china_bismut_ban"}]}, ["china_bismut_ban", "did you mean 'china_bismuth_ban'"]),
        ({"horizon": "medium"}, ["horizon", "medium", "'short' or 'long'"]),
        (
            {"assumptions": {"demand_elasticity_short.bismuth": 3.0}},
            ["demand_elasticity_short.bismuth", "3", "the range is"],
        ),
        (
            {"assumptions": {"demand_elasticity.bismuth": -0.2}},
            ["demand_elasticity.bismuth", "demand_elasticity_short.bismuth"],
        ),
    ],
)
def test_bad_scenarios_are_refused_by_name(
    change: dict[str, Any], words: list[str], written: Callable[[object], Path], refused: Refused
) -> None:
    error = refused("solve", written({**SCENARIO, **change}))
    assert [word for word in words if word not in error] == []


@pytest.mark.parametrize("field", ["price", "levy_cap"])
def test_an_amount_beyond_all_bounds_is_refused_with_the_bound(
    field: str, written: Callable[[object], Path], refused: Refused
) -> None:
    error = refused("solve", written({**SCENARIO, "agreement": {"floors": [{**FLOOR, field: 1e300}]}}))
    assert f"floors[0].{field} = 1e+300: input should be less than or equal to 1" in error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("agreement", "advice"),
    [
        ({}, "in this state nothing is agreed on it, so look at its curves, routes and shocks"),
        ({"floors": [FLOOR]}, "try another level of its price floor"),
        ({"floors": [FLOOR], "trqs": [{**TRQ, "over_quota": {"ad_valorem": 0.3}}]}, "price floor or tariff-rate quota"),
    ],
)
def test_advice_names_only_what_is_agreed(
    agreement: dict[str, Any],
    advice: str,
    written: Callable[[object], Path],
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("model.world.World", World)  # one that remembers no state
    solve = Solver.solve

    def vain(solver: Solver, problem: Problem, start: State | None = None) -> State:
        if start is None:
            return solve(solver, problem, start)  # the status quo
        raise SolveError("no equilibrium found for bismuth: the search runs away")

    monkeypatch.setattr(Solver, "solve", vain)
    shocks = [] if agreement else [{"name": "china_bismuth_ban"}]
    error = refused("solve", written({**SCENARIO, "agreement": agreement, "shocks": shocks}))
    assert error.endswith(f"{advice}\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"minerals": ["bismuth"]', ["not JSON", "line 1"]),
        ('{"assumptions": {"pass_through": NaN}}', ["NaN", "finite"]),
        ('{"assumptions": {"pass_through": 1e999}}', ["pass_through", "finite"]),
        ("[]", ["scenario"]),
        ("", ["not JSON"]),
    ],
)
def test_files_that_hold_no_scenario_are_refused(
    text: str, words: list[str], written: Callable[[object], Path], refused: Refused
) -> None:
    error = refused("solve", written(text))
    assert [word for word in words if word not in error] == []


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("pass_through", ["NAME=VALUE", "pass_through"]),
        ("pass_through=much", ["NAME=VALUE", "much"]),
        ("pass_through=nan", ["finite", "nan"]),
        ("pass_trough=0.5", ["pass_trough", "pass_through"]),
        ("pass_through=7", ["pass_through", "7", "range"]),
        ("pass_through=0_5", ["NAME=VALUE", "0_5"]),
        ("pass_through=\u0661", ["NAME=VALUE", "\u0661"]),
        ("", ["NAME=VALUE", "''"]),
    ],
)
def test_bad_assumptions_are_refused(
    option: str, words: list[str], written: Callable[[object], Path], refused: Refused
) -> None:
    error = refused("solve", written(SCENARIO), "--assume", option)
    assert [word for word in words if word not in error] == []


def test_an_assumption_is_named_once(written: Callable[[object], Path], refused: Refused) -> None:
    twice = ["--assume", "pass_through=0.5", "--assume", "pass_through=0.6"]
    assert "names 'pass_through' twice" in refused("solve", written(SCENARIO), *twice)


@pytest.mark.slow
@pytest.mark.parametrize("content", [[], {"minerals": ["gold"]}, {"assumptions": {"pass_through": 7.0}}])
@pytest.mark.parametrize("command", ["solve", "snapshot", "design"])
def test_refusals_name_the_file(
    command: str, content: object, written: Callable[[object], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(written(content))
    assert main([command, file, "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.count(file) == 1


def test_paths_that_cannot_be_read_are_refused(
    tmp_path: Path, written: Callable[[object], Path], refused: Refused
) -> None:
    assert "missing.json" in refused("case", tmp_path / "missing.json")
    assert str(tmp_path) in refused("solve", tmp_path)
    assert "no such folder" in refused("solve", written(SCENARIO), "--data", tmp_path / "nowhere")


def test_paths_that_cannot_be_written_are_refused(
    tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = str(written(SCENARIO))
    case = str(CASES / "price-zero-glut.json")
    for arguments in (
        ["case", case, "--out", str(tmp_path / "nowhere" / "result.json")],
        ["case", case, "--out", str(tmp_path)],
        ["solve", scenario, "--out", str(tmp_path / "result.json"), "--csv", scenario],
        ["calibrate", "--json", str(tmp_path / "nowhere" / "fit.json")],
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert arguments[-1] in error
        assert error.count("\n") == 1
    assert not (tmp_path / "result.json").exists()


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert main(["case", str(CASES / "price-zero-glut.json"), "--out", str(pipe)]) == 0
        assert "prices" in json.loads(os.read(reader, 65_536))
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.slow
def test_what_is_no_earlier_result_is_never_replaced(
    tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = written(SCENARIO)
    library = tmp_path / "library.sqlite"
    assert main(["library", "--library", str(library), "save", str(scenario)]) == 0
    exported = tmp_path / "all.jsonl"
    assert main(["library", "--library", str(library), "export", "--out", str(exported)]) == 0
    capsys.readouterr()
    for out in (scenario, library, exported, SAMPLE, CASES / "price-zero-glut.json", default_folder() / "prices.csv"):
        before = out.read_bytes()
        for arguments in (
            ["solve", scenario],
            ["snapshot", scenario],
            ["case", CASES / "price-zero-glut.json"],
            ["design", scenario],
            ["memo", SAMPLE, "--format", "pdf"],
            ["library", "--library", library, "export"],
            ["library", "--library", library, "open", "a"],
        ):
            kind = arguments[0] if arguments[0] != "library" else arguments[3]
            if (out, kind) in {(SAMPLE, "snapshot"), (SAMPLE, "open"), (exported, "export")}:
                continue
            assert main([*map(str, arguments), "--out", str(out)]) == 2
            shown = capsys.readouterr().err
            assert shown.startswith(f"accord: error: cannot write {out}: ")
            assert shown.count("\n") == 1
            assert out.read_bytes() == before


@pytest.mark.slow
def test_every_command_replaces_its_own_earlier_file(tmp_path: Path, written: Callable[[object], Path]) -> None:
    library = ["library", "--library", str(tmp_path / "library.sqlite")]
    assert main([*library, "save", str(SAMPLE)]) == 0
    assert main([*library, "save", str(written(SCENARIO))]) == 0
    for arguments in (
        ["case", str(CASES / "price-zero-glut.json"), "--out"],
        ["solve", str(written(SCENARIO)), "--csv", str(tmp_path / "tables"), "--out"],
        [*library, "export", "--out"],
        [*library, "open", sample().id, "--out"],
        [*library, "open", Library(tmp_path / "library.sqlite").entries()[0].id, "--out"],
    ):
        out = tmp_path / f"out {len(list(tmp_path.iterdir()))}"
        assert main([*arguments, str(out)]) == 0
        first = out.stat().st_ino
        assert main([*arguments, str(out)]) == 0
        assert out.stat().st_ino != first


@pytest.mark.slow
def test_ranges_are_written_where_they_are_asked_for(tmp_path: Path, written: Callable[[object], Path]) -> None:
    out, folder = tmp_path / "result.json", tmp_path / "tables"
    arguments = ["solve", str(written(SCENARIO)), "--out", str(out), "--csv", str(folder)]
    assert main([*arguments, "--ranges"]) == 0
    result = read(out)
    (headline,) = result["change"]["headline"]
    assert {row["mineral"] for row in result["ranges"]} == {"bismuth"}
    for row in result["ranges"]:
        assert row["low"] <= headline.get(row["number"].removeprefix("own_"), row["low"]) <= row["high"]
        assert (row["driver"] == "") == (row["high"] - row["low"] <= 1e-6 * max(abs(row["low"]), abs(row["high"])))
    table = pd.read_csv(folder / "ranges.csv", keep_default_na=False)
    assert table.to_dict("records") == result["ranges"]
    assert main(arguments) == 0
    assert "ranges" not in read(out)
    assert not (folder / "ranges.csv").exists(), "an earlier run's table is no part of this one"


def test_case_and_solve_do_not_replace_each_others_results(
    tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    case, scenario = str(CASES / "price-zero-glut.json"), str(written(SCENARIO))
    out = tmp_path / "result.json"
    for earlier, arguments in ((EARLIER["solve"], ["case", case]), (EARLIER["case"], ["solve", scenario])):
        out.write_text(earlier, encoding="utf-8")
        assert main([*arguments, "--out", str(out)]) == 2
        assert f"it is not a result of `accord {arguments[0]}`" in capsys.readouterr().err
        assert out.read_text(encoding="utf-8") == earlier


def test_links_that_lead_in_a_circle_are_refused_in_one_line(
    tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    case, loop, out = CASES / "price-zero-glut.json", tmp_path / "loop", tmp_path / "out"
    loop.symlink_to(loop)
    for arguments in (
        ["case", case, "--out", loop],
        ["case", loop, "--out", out],
        ["case", loop, "--out", loop],
        ["case", case, "--out", loop / "result.json"],
        ["solve", written(SCENARIO), "--out", out, "--csv", loop],
        ["solve", written(SCENARIO), "--out", out, "--csv", loop / "tables"],
        ["solve", written(SCENARIO), "--out", out, "--data", loop],
        ["design", loop, "--out", out],
        ["design", written({"minerals": ["bismuth"]}), "--out", out, "--store", loop],
        ["snapshot", loop, "--out", out],
        ["replay", loop],
        ["memo", loop, "--format", "html", "--out", out],
        ["memo", SAMPLE, "--format", "html", "--out", loop],
        ["library", "--library", loop, "list"],
        ["library", "--library", loop, "save", SAMPLE],
        ["library", "--library", loop, "export", "--out", out],
        ["library", "--library", out, "import", loop],
        ["library", "--library", out, "export", "--out", loop],
    ):
        assert main(list(map(str, arguments))) == 2, arguments
        error = capsys.readouterr().err
        assert str(loop) in error
        assert error.count("\n") == 1
        assert loop.is_symlink()
        assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_memos_are_known_again_by_what_they_say(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"memo.{format}"
    another = altered(sample(), lambda content: content["inputs"]["assumptions"].update(pass_through=0.8))
    for snapshots in ([sample()], [sample(), another]):
        path.write_bytes(export(document_of(snapshots), format))
        assert outputs.memo(path, ending=f".{format}").is_replaceable()


def quoted(begin: bytes) -> bytes:
    """A file that quotes all that memos say of themselves."""
    said = "\n".join((*outputs.SUBTITLES, outputs.FOOTER)).encode()
    return begin + said + said.decode().encode("utf-16-be") + b'\n<p class="subtitle">' + said


def zipped(part: str, said: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr(part, said)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x05\x06" + bytes(18),
        b"PK",
        quoted(b"# Notes\n"),
        quoted(b"%PDF-1.7 their own"),
        quoted(b"%PDF-1.7 /Creator(Typst 0.15.1)"),
        quoted(b"<!DOCTYPE html>\n<html>\n<body>\n<p>theirs"),
        quoted(b'{"name": "'),
        zipped("word/document.xml", quoted(b"")),
        zipped("docProps/core.xml", b"<dc:title>" + quoted(b"")),
    ],
)
def test_other_documents_are_no_memos(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "memo"
    path.write_bytes(data)
    with pytest.raises(FileError, match="it is not a memo"):
        outputs.memo(path, [])


@pytest.mark.slow
def test_tables_of_an_earlier_run_do_not_stay(
    tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "tables", str(tmp_path / "result.json")
    assert main(["solve", str(written(SCENARIO)), "--out", out, "--csv", str(folder)]) == 0
    begins = {
        name: (folder / f"{name}.csv").read_text(encoding="utf-8") for name in outputs.TABLES if name not in NO_ROWS
    }
    assert [name for name, text in begins.items() if not text.startswith(outputs.TABLES[name])] == []
    (folder / "notes.csv").write_text("mine", encoding="utf-8")
    (folder / "trqs.csv").write_text("mine", encoding="utf-8")
    assert main(["solve", str(written({"minerals": ["bismuth"]})), "--out", out, "--csv", str(folder)]) == 2
    assert "trqs.csv: it is not a table of `accord solve`" in capsys.readouterr().err
    (folder / "trqs.csv").unlink()
    assert main(["solve", str(written({"minerals": ["bismuth"]})), "--out", out, "--csv", str(folder)]) == 0
    assert not (folder / "floors.csv").exists()
    assert (folder / "notes.csv").read_text(encoding="utf-8") == "mine"
    assert (folder / "prices.csv").is_file()


@pytest.mark.slow
def test_a_run_that_is_stopped_leaves_every_earlier_file(
    tmp_path: Path, written: Callable[[object], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "tables", tmp_path / "result.json"
    arguments = ["solve", "--out", str(out), "--csv", str(folder), "--reference"]

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    assert main([*arguments[:-1], str(written(SCENARIO))]) == 0
    earlier = {path: path.read_bytes() for path in (out, *folder.iterdir())}
    monkeypatch.setattr("model.equilibrium.comparison.against_reference", stop)
    assert main([*arguments, str(written({"minerals": ["bismuth"]}))]) == 130
    assert {path: path.read_bytes() for path in (out, *folder.iterdir())} == earlier


def test_a_folder_for_tables_is_made_with_the_first_of_them(
    tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "tables"
    out = str(folder / "result.json")
    assert main(["solve", str(written({"minerals": ["gold"]})), "--out", out, "--csv", str(folder)]) == 2
    assert "unknown mineral 'gold'" in capsys.readouterr().err
    assert not folder.parent.exists()
    assert main(["solve", str(written(SCENARIO)), "--out", out, "--csv", str(folder)]) == 0
    assert {"result.json", "prices.csv"} <= {path.name for path in folder.iterdir()}


def test_tables_and_result_never_meet(tmp_path: Path, data_copy: Path, written: Callable[[object], Path]) -> None:
    scenario, out = str(written(SCENARIO)), str(tmp_path / "result.json")
    before = data_hash(data_copy)
    assert main(["solve", scenario, "--out", out, "--csv", str(data_copy)]) == 2
    assert data_hash(data_copy) == before
    assert main(["solve", scenario, "--out", str(tmp_path / "prices.csv"), "--csv", str(tmp_path)]) == 2
    assert not (tmp_path / "prices.csv").exists()


@pytest.mark.parametrize("tables", ["new", "new/tables"])
def test_a_result_that_would_be_the_folder_of_its_tables_is_refused_before_the_work(
    tables: str, tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    scenario, new = str(written({"minerals": ["gold"]})), tmp_path / "new"
    assert main(["solve", scenario, "--out", str(new), "--csv", str(tmp_path / tables)]) == 2
    told = "this command writes into a folder of that name; choose another name"
    assert capsys.readouterr().err == f"accord: error: cannot write {new}: {told}\n"
    assert main(["design", scenario, "--out", str(new), "--store", str(new / "store")]) == 2
    assert capsys.readouterr().err == f"accord: error: cannot write {new}: {told}\n"
    assert not new.exists()


def test_a_library_is_not_replaced_by_its_own_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = tmp_path / "library"
    assert main(["library", "--library", str(library), "export", "--out", str(library)]) == 2
    assert "this command reads or writes it already" in capsys.readouterr().err
    assert not library.exists()


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_that_says_another_format_is_refused(
    format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for ending in {*FORMATS, "json", "csv"} - {format}:
        out = tmp_path / f"memo.{ending.upper()}"
        assert main(["memo", str(SAMPLE), "--format", format, "--out", str(out)]) == 2
        assert f"its name says .{ending}, but it would be .{format}" in capsys.readouterr().err
        assert main(["case", str(CASES / "price-zero-glut.json"), "--out", str(out)]) == 2 * (ending != "json")
        capsys.readouterr()


def test_what_only_has_the_keys_of_a_result_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = tmp_path / "theirs.json"
    case = str(CASES / "price-zero-glut.json")
    assert main(["case", case, "--out", str(theirs)]) == 0
    content = {key: value for key, value in read(theirs).items() if key != "kind"}
    for text, arguments in (
        (json.dumps(content), ["case", case, "--out"]),
        ("[]", ["calibrate", "--json"]),
        (json.dumps({"same": True, "compared": 0, "differences": []}), ["replay", str(SAMPLE), "--json"]),
    ):
        theirs.write_text(text, encoding="utf-8")
        assert main([*arguments, str(theirs)]) == 2
        assert "so it is not replaced" in capsys.readouterr().err


def test_a_percentage_for_a_share_is_asked_about_and_taken_as_it_stands(
    tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    tariff = {"importers": ["USA"], "exporters": ["CHN"], "mineral": "bismuth", "stage": "refined", "ad_valorem": 25}
    shock = {"name": "china_bismuth_ban", "severity": 1000}
    scenario = {"format": 2, "minerals": ["bismuth"], "agreement": {"tariffs": [tariff]}, "shocks": [shock]}
    out = tmp_path / "result.json"
    assert main(["solve", str(written(scenario)), "--out", str(out)]) == 0
    rate, severity = capsys.readouterr().err.splitlines()
    assert rate == "accord: is this meant? agreement.tariffs[0].ad_valorem = 25 is 2,500 %; 25 % is 0.25"
    assert severity.startswith(
        "accord: is this meant? shocks[0].severity = 1000 is 100,000 %, beyond the library's range "
    )
    assert read(out)["scenario"]["agreement"]["tariffs"][0]["ad_valorem"] == 25.0


def test_a_scenario_need_not_be_given(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    assert main(["solve", "--out", str(out)]) == 0
    assert read(out)["scenario"] == Scenario().model_dump(mode="json", by_alias=True)


@pytest.mark.slow
@pytest.mark.parametrize("length", [300, 5_000, 100_000])
def test_long_names_are_refused_in_a_short_line(length: int, capsys: pytest.CaptureFixture[str]) -> None:
    name = "n\n" * (length // 2)
    case = str(CASES / "price-zero-glut.json")
    for arguments in (
        ["case", name, "--out", "out.json"],
        ["case", case, "--out", name],
        ["solve", "--out", "out.json", "--csv", name],
        ["solve", "--out", "out.json", "--data", name],
        ["solve", "--out", "out.json", "--assume", name],
        ["solve", "--out", "out.json", "--assume", f"{name}=1"],
        ["replay", name],
        ["check-data", "--data", name],
        ["library", "--library", name, "list"],
        ["library", "--library", name, "export", "--out", "out.json"],
        ["library", "save", name],
        ["library", "import", name],
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert len(error) < 1_000
    assert len(stopped(["schema", name], capsys)) < 1_000


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_that_lacks_a_letter_shows_another(tmp_path: Path, encoding: str) -> None:
    library = Library(tmp_path / "library.sqlite")
    library.save(Scenario(name="Ελλάδα → 中文"))
    begin = ["library", "--library", str(library.path)]
    actions = (["list"], ["archive", library.entries()[0].id], ["open", "ffff", "--out", str(tmp_path / "ü→.json")])
    code = f"from model.cli import main; raise SystemExit([main({begin} + each) for each in {actions}] != [0, 0, 2])"
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=environment)
    assert done.returncode == 0
    listed, archived = done.stdout.decode(encoding).splitlines()
    assert "?????? ? ??" in listed
    assert "?????? ? ??" in archived
    (refused,) = done.stderr.decode(encoding).splitlines()
    assert "?????? ? ??" not in refused


def test_a_damaged_table_is_refused_by_cell(
    data_copy: Path, written: Callable[[object], Path], refused: Refused, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = data_copy / "prices.csv"
    lines = prices.read_text(encoding="utf-8").splitlines()
    header, row = lines[0].split(","), lines[1].split(",")
    row[header.index("price_usd_per_t")] = "NaN"
    prices.write_text("\n".join([lines[0], ",".join(row), *lines[2:]]) + "\n", encoding="utf-8")
    error = refused("solve", written(SCENARIO), "--data", data_copy)
    assert [word for word in ("prices", "row 2", "price_usd_per_t", "finite", "NaN") if word not in error] == []
    assert main(["check-data", "--data", str(data_copy)]) == 2
    shown = capsys.readouterr()
    assert "prices, row 2, column price_usd_per_t" in shown.out
    assert shown.err.count("\n") == 1


@pytest.mark.slow
def test_shipped_data_are_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-data"]) == 0
    shown = capsys.readouterr().out
    assert data_hash() in shown
    for mineral in WORLD.minerals:
        part = WORLD.calibrated(mineral, Scenario(minerals=(mineral,)))
        lines = [line for line in shown.splitlines() if line.startswith(f"{mineral}: ")]
        assert sum("Kept, though it loses" in line for line in lines) == len(part.unpaid)
        assert sum(": dropped " in line for line in lines) == len(part.dropped)


def test_schema_lists_the_files_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    kinds = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["case", "scenario", "design", "snapshot"]
    for kind in kinds:
        assert main(["schema", kind]) == 0
        assert json.loads(capsys.readouterr().out)["properties"]


@pytest.mark.parametrize("kind", ["case", "scenario"])
def test_schema_states_units_bounds_and_defaults(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", kind]) == 0
    schema = json.loads(capsys.readouterr().out)
    price = schema["$defs"]["Floor"]["properties"]["price"]
    assert price["unit"]
    assert price["minimum"] == 0
    assert schema["$defs"]["Floor"]["properties"]["stock"]["default"] == 0.0
    if kind == "case":
        assert {"from", "to"} <= set(schema["$defs"]["RouteRecord"]["properties"])


@pytest.mark.slow
def test_calibrate_prints_and_writes_one_row_per_mineral(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fit.json"
    assert main(["calibrate", "--json", str(path)]) == 0
    rows, first = read(path), path.stat().st_ino
    shown = capsys.readouterr().out
    assert len(rows) == 14
    assert [row["mineral"] for row in rows if row["mineral"] not in shown] == []
    assert rows[0]["price_dev"] < 1e-6
    assert main(["calibrate", "--json", str(path)]) == 0
    assert path.stat().st_ino != first, "an earlier file is replaced"


def test_shocks_lists_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shocks"]) == 0
    assert "china_bismuth_ban" in capsys.readouterr().out


def test_app_becomes_the_dashboard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is replaced by the dashboard, so that stopping one stops the other, in the folder that holds its settings."""
    monkeypatch.chdir(tmp_path)
    started: list[tuple[Path, list[str]]] = []
    monkeypatch.setattr("os.execv", lambda _, command: started.append((Path.cwd(), command)))
    assert main(["app"]) == 0
    ((folder, command),) = started
    assert command[1:] == ["pages/components/start.py", "127.0.0.1"]
    assert (folder / "app.py").is_file()
    assert (folder / ".streamlit" / "config.toml").is_file()


def test_app_runs_on_own_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DATA", "")
    monkeypatch.chdir(Path.cwd())
    folders: list[str] = []
    monkeypatch.setattr("os.execv", lambda *_: folders.append(os.environ["ACCORD_DATA"]))
    assert main(["app", "--data", str(default_folder())]) == 0
    assert folders == [str(default_folder())]


def test_app_refuses_damaged_data_before_it_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.execv", lambda *_: pytest.fail("started"))
    assert main(["app", "--data", str(tmp_path)]) == 2
    assert "holds none of the" in capsys.readouterr().err


def test_app_without_its_script_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("model.cli.app.PACKAGE", tmp_path / "model")
    assert main(["app"]) == 2
    assert "app.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gold"], ["gold", "calibrate"]),
        (["schema", "gold"], ["gold", "'case'", "'scenario'"]),
        (["case", "case.json"], ["--out"]),
        ([], ["COMMAND"]),
        (["case", "case.json", "--out", ""], ["--out", "the path is empty"]),
        (["case", "", "--out", "out.json"], ["CASE.json", "the path is empty"]),
        (["solve", "--out", "out.json", "--data", ""], ["--data", "the path is empty"]),
        (["design", "design.json", "--out", "out.json", "--store", ""], ["--store", "the path is empty"]),
        (["case", "case.json", "--out", "out.json/"], ["--out", "'out.json/' names a folder"]),
        (["case", "case.json/", "--out", "out.json"], ["CASE.json", "'case.json/' names a folder"]),
        (["design", "design.json", "--out", "out.json", "--workers", "0"], ["--workers", "'0'", "1 to 256"]),
    ],
)
def test_wrong_usage_is_refused_in_one_line(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    error = stopped(arguments, capsys)
    assert [word for word in words if word not in error] == []


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["schema case | head -n 1", "--help | true", "shocks >&-", "schema <&- >&-"])
def test_a_reader_that_leaves_is_no_error(ending: str) -> None:
    command = f"{sys.executable} -m model.cli {ending}"
    finished = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.slow
def test_a_result_is_written_though_nobody_listens(tmp_path: Path, written: Callable[[object], Path]) -> None:
    out = tmp_path / "out.json"
    scenario = written({"format": 2, "minerals": ["titanium"]})
    command = f"{sys.executable} -m model.cli solve {scenario} --out {out} --reference | true"
    finished = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert read(out)["reference"]


def test_tables_and_results_hold_no_negative_zero(
    tmp_path: Path, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert outputs.as_json([-0.0, 1.0]) == outputs.as_json([0.0, 1.0])
    arguments = ["solve", str(written(SCENARIO)), "--out", str(tmp_path / "out.json"), "--csv", str(tmp_path / "csv")]
    assert main(arguments) == 0
    cells = [cell for file in (tmp_path / "csv").iterdir() for cell in re.split(r"[,\n]", file.read_text("utf-8"))]
    assert cells
    assert not {"-0", "-0.0"} & set(cells)
    assert main(["shocks"]) == 0
    assert "100 % (60 % to 100 %)" in capsys.readouterr().out
