"""Reading with every doubt, and writing whole, over nothing but earlier files of the same kind."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.case import Case
from model.case.records import MOST_STEPS
from model.errors import LONGEST_MESSAGE, AccordError, FileError, ScenarioError
from model.files import (
    LARGEST_FILE,
    Output,
    _draft,
    lines_of,
    parse_json,
    place,
    read_json,
    read_text,
    short,
    text_of,
    write_together,
)
from model.scenario import Scenario
from tests.shipped import WORLD

CONTENT = {"name": "Größe Ελλάδα 中文"}
OURS = b"ours"


def is_ours(data: bytes) -> bool:
    return data.startswith(OURS)


def nested(depth: int) -> object:
    """A list in a list, so many times."""
    content: object = []
    for _ in range(depth):
        content = [content]
    return content


def output(path: Path, *inputs: Path) -> Output:
    return Output(path, "one of ours", ".txt", is_ours, inputs)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_is_read_however_an_editor_saved_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "scenario.json"
    path.write_bytes(json.dumps(CONTENT, ensure_ascii=False).encode(encoding))
    assert read_json(path, "scenario") == CONTENT
    assert Scenario.read(path, "scenario").name == CONTENT["name"]
    assert [parse_json(line, "line") for line in lines_of(path)] == [CONTENT]


@pytest.mark.parametrize("data", ["Côte d’Ivoire".encode("cp1252"), b"\xff\xfe\x00", b'{"a": "\xc3'])
def test_other_text_is_refused_with_what_to_do(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_bytes(data)
    for read in (lambda: read_text(path, "scenario"), lambda: list(lines_of(path)), lambda: text_of(data, "upload")):
        with pytest.raises(FileError, match="save it as UTF-8"):
            read()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"a": 1, "a": 1}', "a"),
        ('{"agreement": {"trqs": [{}], "trqs": []}}', "agreement.trqs"),
        ('{"agreement": {"trqs": [{}, {"in_quota": 1, "x": 2, "in_quota": 1}]}}', "agreement.trqs[1].in_quota"),
        ('{"agreement": {"floors": [], "floors": []}, "agreement": {}}', "agreement"),
        ('[{"b": 1}, {"c": [[{"d": 1, "d": 2}]]}]', "[1].c[0][0].d"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_place(text: str, key: str) -> None:
    with pytest.raises(FileError) as refused:
        parse_json(text, "scenario")
    assert str(refused.value) == f"scenario: the key {key!r} stands twice; name it once"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is cut off or is not JSON"),
        ('{"a": 1', "line 1, column 8"),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        ("[" * 100_000, "nested too deeply"),
        (f'{{"a": 1{"0" * 5_000}}}', "thousands of digits"),
        (" " * (LARGEST_FILE + 1), "larger than 15 MB"),
    ],
)
def test_what_is_no_json_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(FileError) as refused:
        parse_json(text, "scenario")
    assert words in str(refused.value)


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(FileError, match="larger than 15 MB"):
        read_text(path, "scenario")


def test_lines_end_where_lines_end(tmp_path: Path) -> None:
    """Separators of lines and paragraphs, and the next-line control, stand inside a line of JSON."""
    lines = ['{"name": "one\u2028two\u2029three\u0085four"}\n', '{"name": "last"}']
    data = "".join(lines).encode()
    path = tmp_path / "export.jsonl"
    path.write_bytes(data)
    assert list(lines_of(data)) == list(lines_of(path)) == lines
    assert [parse_json(line, "line") for line in lines_of(data.replace(b"\n", b"\r\n"))][1] == {"name": "last"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"agreement": {"quotas": [{"quantity": True}]}},
            "agreement.quotas[0].quantity = true: input should be a valid",
        ),
        (
            {"agreement": {"quotas": [{"quantity": "60.000"}]}},
            'agreement.quotas[0].quantity = "60.000": input should be',
        ),
        (
            {"agreement": {"tariffs": [{"greater_of": 1}]}},
            "agreement.tariffs[0].greater_of = 1: input should be a valid",
        ),
        ({"regions": [{"id": "A", "party": "yes"}]}, 'regions[0].party = "yes": input should be a valid boolean'),
        ({"supply": [{"curve": {"kind": "steps", "steps": [[1, "2"]]}}]}, 'supply[0].curve.steps[0][1] = "2": input'),
        (
            {"supply": [{"curve": {"kind": "fixed", "price": 1}}]},
            "'supply[0].curve.price' of kind 'fixed'; did you mean",
        ),
        ({"name": "\ud800"}, "case holds half a letter (a lone surrogate)"),
        ({"name": nested(900)}, "case is nested too deeply to be one of ours"),
        ({"regions": []}, "case is not valid: regions is empty; name at least one"),
        ({"shocks": [{}]}, "missing key 'shocks[0].kind'; valid: export_ban, supply_loss, "),
        ({"shocks": [{"kind": "zzz"}]}, "unknown kind 'zzz' of shocks[0]; valid: export_ban, supply_loss, "),
        ({"supply": [{"curve": {}}]}, "missing key 'supply[0].curve.kind'; valid: linear, "),
    ],
)
def test_numbers_are_numbers_and_every_fault_is_named_with_its_place(content: dict[str, object], words: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Case.parse({"regions": [{"id": "A"}], **content}, "case")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"minerals": []}, "scenario is not valid: minerals is empty; name at least one"),
        ({"shocks": [{}]}, "missing key 'shocks[0].name', or 'shocks[0].kind'; valid: export_ban, export_quota, "),
        ({"shocks": [{"kind": "export_bann"}]}, "unknown kind 'export_bann' of shocks[0]; did you mean 'export_ban'? "),
        ({"shocks": [{"kind": "export_ban"}]}, "scenario is not valid: missing key 'shocks[0].mineral'; missing key"),
    ],
)
def test_a_shock_is_refused_with_the_kinds_there_are(content: dict[str, object], words: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario.parse(content, "scenario")
    assert words in str(refused.value)


def test_a_list_that_lost_its_items_is_not_called_short() -> None:
    with pytest.raises(ScenarioError) as refused:
        Case.parse({"regions": [{"id": "A", "party": 1}]}, "case")
    assert str(refused.value) == "case is not valid: regions[0].party = 1: input should be a valid boolean"


@pytest.mark.parametrize("content", [{"x" * 5_000_000: 1}, {"name": "y" * 5_000_000}, {"minerals": ["z" * 5_000_000]}])
def test_a_message_never_repeats_all_of_a_long_text(content: dict[str, object]) -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario.parse(content, "scenario")
    assert len(str(refused.value)) < 500


def test_no_message_is_longer_than_anyone_reads() -> None:
    assert len(str(AccordError("n" * 1_000_000))) == LONGEST_MESSAGE
    with pytest.raises(ScenarioError) as refused:
        Scenario.parse({f"key {number}": 1 for number in range(10_000)}, "scenario")
    assert "and 9980 more" in str(refused.value)


def test_a_message_has_no_full_stop_of_its_own() -> None:
    """Whoever quotes it adds one; so did the page that opens a shared link."""
    with pytest.raises(ScenarioError) as refused:
        WORLD.check(Scenario(assumptions={"nothing": 1.0}))
    assert not str(refused.value).endswith(".")
    assert str(AccordError("It ends.")) == "It ends"


def test_valid_names_are_listed_once() -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario.parse({"a": 1, "b": 2, "partys": 3}, "scenario")
    assert str(refused.value).count("valid: format") == 1
    assert str(refused.value).endswith("; unknown key 'b'; unknown key 'partys'; did you mean 'parties'?")


def test_zeros_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "zeros"
    for number in (1, 3, 8, 10):
        path.write_bytes(bytes(number))
        for read in (lambda: read_text(path, "case"), lambda: list(lines_of(path, "case"))):
            with pytest.raises(FileError) as refused:
                read()
            assert str(refused.value) == f"case {path} is not text: it begins with zero bytes"


def test_more_steps_than_are_solved_in_a_moment_are_refused_with_how_many_there_may_be() -> None:
    def case(steps: int) -> dict[str, object]:
        trader = {"region": "A", "mineral": "m", "stage": "s"}
        halves = [{**trader, "curve": {"kind": "steps", "steps": [[1, 1]] * half}} for half in (1, steps - 1)]
        return {"regions": [{"id": "A"}], "supply": halves[:1], "demand": halves[1:]}

    assert Case.parse(case(MOST_STEPS), "case").regions[0].id == "A"
    with pytest.raises(ScenarioError, match=f"have {MOST_STEPS + 1:,} steps; at most {MOST_STEPS:,} can be solved"):
        Case.parse(case(MOST_STEPS + 1), "case")


def test_short_text_is_one_line() -> None:
    assert short("a\nb\x1b[2J\u2028c") == "a b\N{REPLACEMENT CHARACTER}[2J c"
    assert place(("k" * 1_000,)) == "k" * 80 + "…"


def test_a_file_is_made_replaced_and_refused_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "out"
    output(path).write("ours, first")
    output(path).write([b"ours, ", b"second"])
    assert path.read_bytes() == b"ours, second"
    path.write_bytes(b"")
    output(path).write("ours, after an empty one")
    path.write_bytes(b"theirs")
    with pytest.raises(FileError, match=r"it is not one of ours, so it is not replaced"):
        output(path)
    assert path.read_bytes() == b"theirs"
    assert [other.name for other in tmp_path.iterdir()] == ["out"]


def test_a_file_that_appears_during_the_work_is_kept(tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    out.path.write_bytes(b"theirs")
    with pytest.raises(FileError):
        out.write("ours")
    assert out.path.read_bytes() == b"theirs"


def test_an_input_is_never_replaced_under_any_name(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(OURS)
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "same").hardlink_to(source)
    for name in ("in", "link", "same", "./in"):
        with pytest.raises(FileError, match="this command reads or writes it already"):
            output(tmp_path / name, source)


def test_what_is_no_file_is_refused_or_written_to_but_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="it is a folder"):
        output(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "none" / "out")
    for path in (tmp_path / "none" / "out", tmp_path / "link"):
        with pytest.raises(FileError, match="there is no folder"):
            output(path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        output(pipe).write("through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that a path leads to; it is played by a file, since no test may come near a real one."""
    disk = tmp_path / "disk"
    disk.write_bytes(OURS)
    monkeypatch.setattr(Path, "is_file", lambda path: path != disk)
    with pytest.raises(FileError, match="it is a device"):
        output(disk)


def test_the_longest_name_a_disk_allows_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    output(path).write("ours")
    assert path.read_bytes() == OURS
    with pytest.raises(FileError, match="File name too long"):
        output(tmp_path / ("n" * 256))


def test_a_write_that_fails_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(OURS)

    def parts() -> Iterator[bytes]:
        yield b"begun"
        raise AccordError("no more")

    with pytest.raises(AccordError, match="no more"):
        write_together({output(path): parts()})
    assert path.read_bytes() == OURS
    assert [other.name for other in tmp_path.iterdir()] == ["out"]


def test_files_of_one_run_are_written_all_or_none(tmp_path: Path) -> None:
    one, other, gone = (tmp_path / name for name in ("one", "other", "gone"))
    for path in (one, other, gone):
        path.write_bytes(OURS)

    def parts() -> Iterator[bytes]:
        yield OURS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_together({output(one): "ours, new", output(gone): None, output(other): parts()})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(
        ("one", "other", "gone"), OURS
    )
    write_together({output(one): "ours, new", output(gone): None, output(other): "ours, too"})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {one: b"ours, new", other: b"ours, too"}


def test_file_and_folder_reach_the_disk_before_the_name_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []

    def fsync(opened: int) -> None:
        flushed.append("folder" if stat.S_ISDIR(os.fstat(opened).st_mode) else "file")

    monkeypatch.setattr(os, "fsync", fsync)
    output(tmp_path / "out").write("text")
    assert flushed == ["file", "folder"]


def test_a_read_only_disk_is_told_with_the_file_before_and_after_the_work(small_disk: Path) -> None:
    path = small_disk / "out"
    before = output(path)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for write in (lambda: output(path), lambda: before.write("ours"), lambda: _draft(path, "ours").__enter__()):
        with pytest.raises(FileError) as refused:
            write()
        assert str(refused.value) == f"cannot write {path}: Read-only file system"


def test_a_full_disk_is_told_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    path.write_bytes(OURS)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="the disk is full; free some space"):
        output(path).write("ours, new")
    assert path.read_bytes() == OURS
    assert [other.name for other in tmp_path.iterdir()] == ["out"]
