"""The library: saving, finding, duplicates, export and import; several writers, kills, full disks, hostile files."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from model.cli import main
from model.errors import SnapshotError
from model.files import lines_of
from model.scenario import Scenario
from model.snapshot import library as module
from model.snapshot.library import Entry, Library, default_path
from model.snapshot.record import Snapshot
from tests.snapshots import SAMPLE, altered, renamed, sample

pytestmark = pytest.mark.usefixtures("one_world")

SAVER = """
import sys
from pathlib import Path
from model.scenario import Scenario
from model.snapshot.library import Library
library, worker, count = Library(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(count):
    library.save(Scenario(name=f"scenario {worker} {number}", parties=("USA",)))
    print(number, flush=True)
"""


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "folder that is not there yet" / "library.sqlite")


def test_an_entry_comes_back_as_it_was_saved(library: Library) -> None:
    saved = library.save(sample(), tags=["antimony", " round 2 "], note="as shown at 11:40")
    assert not saved.known
    assert saved.duplicates == ()
    (entry,) = library.entries()
    assert entry == saved.entry
    assert (entry.kind, entry.name, entry.note) == ("snapshot", "Bismuth: a floor", "as shown at 11:40")
    assert (entry.tags, entry.minerals, entry.author) == (("antimony", "round 2"), ("bismuth",), "A. Négociatrice")
    opened = library.open(entry)
    assert isinstance(opened, Snapshot)
    assert opened.to_json() == sample().to_json()


def test_a_scenario_comes_back_as_it_was_saved(library: Library) -> None:
    scenario = Scenario(name="Plain", minerals=("copper",), assumptions={"pass_through": 0.5})
    assert library.open(library.save(scenario).entry) == scenario


def test_duplicates_are_found_by_id_and_both_kept(library: Library) -> None:
    first = library.save(sample())
    assert library.save(sample()).known
    second = library.save(renamed(sample(), "the same under another name"))
    assert not second.known
    assert second.duplicates == (first.entry,)
    assert [{entry.name for entry in group} for group in library.duplicates()] == [
        {first.entry.name, second.entry.name}
    ]
    assert len(library.entries()) == 2


def test_search_finds_every_word_in_any_field(library: Library) -> None:
    library.save(sample(), tags=["Brussels"], note="Überprüfung")
    library.save(Scenario(name="Other", minerals=("cobalt",)))
    for words in ("bismuth", "BRUSSELS", "überprüfung floor", sample().short_id, "négociatrice snapshot"):
        assert [entry.kind for entry in library.entries(words)] == ["snapshot"], words
    assert library.entries("bismuth cobalt") == []
    assert [entry.name for entry in library.entries(tag="Brussels")] == ["Bismuth: a floor"]


def test_archived_entries_are_out_of_sight_until_restored(library: Library) -> None:
    entry = library.save(sample()).entry
    library.archive(entry)
    assert library.entries() == []
    assert [found.id for found in library.entries(archived=True)] == [entry.id]
    library.archive(entry, archived=False)
    assert library.entries() == [entry]


def test_name_tags_and_note_can_be_changed(library: Library) -> None:
    entry = library.save(sample()).entry
    changed = library.describe(entry, "New name", ["a", "a", ""], "new note")
    assert (changed.name, changed.tags, changed.note) == ("New name", ("a",), "new note")
    assert library.open(changed) == library.open(entry)
    with pytest.raises(SnapshotError, match="at most 200"):
        library.describe(entry, "n" * 201, [], "")


def test_export_and_import_carry_everything(library: Library, tmp_path: Path) -> None:
    library.save(sample(), tags=["t"], note="n")
    gone = library.save(Scenario(name="put away")).entry
    library.archive(gone)
    file = tmp_path / "export.jsonl"
    file.write_text("".join(library.export()), encoding="utf-8")
    other = Library(tmp_path / "other.sqlite")
    assert other.take_in(lines_of(file)) == (2, [])
    assert other.take_in(lines_of(file)) == (0, [])

    def told(entries: list[Entry]) -> list[tuple[object, ...]]:
        return [(entry.checksum, entry.id, entry.name, entry.tags, entry.note, entry.archived) for entry in entries]

    assert told(other.entries()) == told(library.entries())
    assert told(other.entries(archived=True)) == told(library.entries(archived=True))


def test_an_import_takes_what_is_sound_and_names_what_is_not(library: Library, tmp_path: Path) -> None:
    library.save(sample())
    library.save(Scenario(name="sound"))
    lines = list(library.export())
    broken = [
        lines[0],
        *(line.replace("Négociatrice", "Nobody") for line in lines[1:]),
        '{"kind": "scenario", "content"',
        "{}",
    ]
    other = Library(tmp_path / "other.sqlite")
    new, faults = other.take_in(broken)
    assert new == 1
    assert [fault[:6] for fault in faults] == ["line 3", "line 4", "line 5", "the fi"]
    assert "checksum does not match" in faults[0]
    with pytest.raises(SnapshotError, match="not an export"):
        other.take_in(['{"kind": "x"}'])
    with pytest.raises(SnapshotError, match="Update to import"):
        other.take_in([lines[0].replace('"format":1', '"format":2')])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "n" * 300}, "the name has 300 letters"),
        ({"name": 7}, "name and note are texts"),
        ({"tags": [None, {"a": 1}]}, "tags a list of texts"),
        ({"tags": "round 1"}, "tags a list of texts"),
        ({"tags": ["a\x1b[2Jb"]}, "holds a control character"),
        ({"tags": ["t" * 100_000]}, "the tag has 100,000 letters"),
        ({"content": {"minerals": ["gold"]}}, "unknown mineral 'gold'"),
        ({"content": {"minerals": ["bismuth"], "parties": ["ZZZ"]}}, "unknown country 'ZZZ'"),
        ({"kind": "snapshot"}, "is not a snapshot"),
    ],
)
def test_an_odd_line_is_refused_by_its_number(
    change: dict[str, object], says: str, library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"kind": "scenario", "name": "odd", "content": {"minerals": ["bismuth"]}, **change}
    file = tmp_path / "odd.jsonl"
    file.write_text(HEADER % 1 + json.dumps(line) + "\n", encoding="utf-8")
    assert main(["library", "--library", str(library.path), "import", str(file)]) == 1
    refused = [told for told in capsys.readouterr().out.splitlines() if told.startswith("refused: line 2")]
    assert len(refused) == 1
    assert says in refused[0]
    assert len(refused[0]) < 1_100
    assert library.entries() == []


HEADER = '{"entries":%d,"format":1,"kind":"minerals-accord library"}\n'
EXPORTED = (
    HEADER % 2,
    '{"content":{"minerals":["antimony"],"name":"a\u2028b\u0085c"},"kind":"scenario","name":"later",'
    '"saved":"2026-10-02T09:00:00.000001Z"}\n',
    '{"archived":true,"content":{"minerals":["foo"],"name":"x"},"kind":"scenario","name":"poison","tags":["t"],'
    '"saved":"2026-10-01T09:00:00.000000Z"}\n',
)
"""An export with separators of lines inside a line, and a mineral that the shipped markets do not have."""


def test_an_import_keeps_dates_and_order_and_what_stands_in_a_line(library: Library, tmp_path: Path) -> None:
    assert library.take_in(lines_of("".join(EXPORTED).encode())) == (2, [])
    (later,), (poison,) = library.entries(), library.entries(archived=True)
    assert (later.saved, later.created) == ("2026-10-02T09:00:00.000001Z", "2026-10-02T09:00:00.000001Z")
    assert (poison.saved, poison.minerals) == ("2026-10-01T09:00:00.000000Z", ("foo",))
    opened = library.open(later)
    assert isinstance(opened, Scenario)
    assert opened.name == "a\u2028b\u0085c"
    third = Library(tmp_path / "third.sqlite")
    assert third.take_in(lines_of("".join(library.export()).encode())) == (2, [])
    assert third.entries() == [later]


def test_the_order_of_saving_survives_an_import(library: Library, tmp_path: Path) -> None:
    for number in range(5):
        library.save(Scenario(name=f"scenario {number}", parties=("USA",)))
    other = Library(tmp_path / "other.sqlite")
    assert other.take_in(library.export()) == (5, [])
    assert [(entry.name, entry.saved) for entry in other.entries()] == [
        (entry.name, entry.saved) for entry in library.entries()
    ]


@pytest.mark.parametrize("date", ['"yesterday"', "5", "null", '"0001-01-01T00:00:00+14:00"', '"2026-01-01T00:00:00"'])
def test_an_odd_date_is_taken_as_now(library: Library, date: str) -> None:
    lines = [HEADER % 1, f'{{"content":{{}},"kind":"scenario","saved":{date}}}']
    assert library.take_in(lines) == (1, [])
    assert library.entries()[0].saved > "2026"


def test_an_entry_that_is_lost_costs_only_itself(library: Library, tmp_path: Path) -> None:
    library.save(Scenario(name="sound", minerals=("copper",)))
    library.save(sample())
    _damaged(library, f"UPDATE content SET packed = x'FFFF' WHERE checksum = '{sample().record.checksum}'")
    lost: list[str] = []
    lines = list(library.export(lost))
    assert len(lines) == 3
    assert ["Bismuth: a floor" in fault for fault in lost] == [True]
    new, faults = Library(tmp_path / "other.sqlite").take_in(lines)
    assert new == 1
    assert ["line 2 was lost to the library it comes from: the content of" in fault for fault in faults] == [True]


def test_a_damaged_page_costs_what_stands_on_it(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(60):
        library.save(Scenario(name=f"scenario {number}", parties=("USA",)), note="n" * 400)
    with closing(sqlite3.connect(library.path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray(library.path.read_bytes())
    at = next(page for page in range(0, len(data), size) if data.count(b"scenario 1", page, page + size) > 3)
    data[at : at + size] = b"\xff" * size
    library.path.write_bytes(data)
    kept = library.entries()
    assert 20 < len(kept) < 60
    assert "part of the library" in library.damage
    assert [entry.saved for entry in kept] == sorted((entry.saved for entry in kept), reverse=True)
    assert len(list(library.export())) == len(kept) + 1
    place = ["library", "--library", str(library.path)]
    assert main([*place, "list"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("\n") == len(kept)
    assert shown.err.count("\n") == 1
    gone = [number for number in range(1, 61) if f"scenario {number - 1}" not in {entry.name for entry in kept}]
    assert f"; in the order of saving, these entries cannot be read: {gone[0]}, {gone[1]}, " in shown.err
    assert main([*place, "export", "--out", str(library.path.with_name("all.jsonl"))]) == 1
    assert "lost: part of the library" in capsys.readouterr().out


def test_an_export_of_a_damaged_library_names_each_entry_it_lost_once(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        library.save(Scenario(name=f"scenario {number}"), note="n" * 400)
    with closing(sqlite3.connect(library.path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'content'").fetchone()[0]
    data = bytearray(library.path.read_bytes())
    data[(root - 1) * size : root * size] = b"\xff" * size
    library.path.write_bytes(data)
    out = str(library.path.with_name("all.jsonl"))
    assert main(["library", "--library", str(library.path), "export", "--out", out]) == 1
    lost = [line for line in capsys.readouterr().out.splitlines() if line.startswith("lost: ")]
    named = [f"lost: scenario {entry.short_id} ({entry.name}): " for entry in library.entries()]
    assert len(lost) == len(named) == 3
    assert all(line.startswith(begin) for line, begin in zip(lost, named, strict=True))


def test_a_library_that_is_not_there_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "mistyped.sqlite"
    assert main(["library", "--library", str(place), "list"]) == 0
    assert capsys.readouterr().err == f"accord: the library {place} is not there yet; the first save makes it\n"
    assert main(["library", "--library", str(place), "save", str(SAMPLE)]) == 0
    assert main(["library", "--library", str(place), "list"]) == 0
    assert capsys.readouterr().err == ""


def test_a_name_cannot_fake_a_row(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    fake = "real\n000000000000  2026-01-01 00:00  snapshot  copper  fake\r\u2028\x85\x1b[2K"
    library.save(Scenario(name=fake), tags=["a\nb"])
    assert main(["library", "--library", str(library.path), "list"]) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == 1
    assert main(["library", "--library", str(library.path), "archive", library.entries()[0].id]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.slow
def test_a_path_cannot_fake_a_row(library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library.save(sample())
    place = ["library", "--library", str(library.path)]
    for number, arguments in enumerate(
        ([*place, "export"], [*place, "open", sample().id], ["memo", str(SAMPLE), "--format", "html"])
    ):
        assert main([*arguments, "--out", str(tmp_path / f"real {number}\n000000000000  fake")]) == 0
        shown = capsys.readouterr().out
        assert shown.endswith(f"real {number} 000000000000  fake.\n")
        assert shown.count("\n") == 1


def test_half_a_letter_is_refused(library: Library) -> None:
    for name, tags, note in (("\udcff", [], ""), ("", ["\udcff"], ""), ("", [], "\udcff")):
        with pytest.raises(SnapshotError, match="holds half a letter"):
            library.save(Scenario(), name, tags, note)


@pytest.mark.parametrize("name", ["a b#c?d%e.sqlite", "ü中.sqlite", "n" * 240])
def test_any_name_of_a_library_opens(tmp_path: Path, name: str) -> None:
    library = Library(tmp_path / name)
    library.save(Scenario(name="mine"))
    assert [entry.name for entry in Library(tmp_path / name).entries()] == ["mine"]
    assert (tmp_path / name).is_file()


def test_a_name_too_long_is_told_in_one_line(tmp_path: Path) -> None:
    for act in (lambda library: library.entries(), lambda library: library.save(Scenario())):
        with pytest.raises(SnapshotError, match="Choose another place"):
            act(Library(tmp_path / ("n" * 300)))


def test_the_place_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ACCORD_LIBRARY", str(tmp_path / "chosen.sqlite"))
    assert default_path() == tmp_path / "chosen.sqlite"
    monkeypatch.delenv("ACCORD_LIBRARY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_path() == tmp_path / "data" / "minerals-accord" / "library.sqlite"


def _saver(path: Path, worker: int, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SAVER, str(path), str(worker), str(count)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_ten_processes_saving_at_once_lose_nothing(library: Library) -> None:
    workers = [_saver(library.path, worker, 20) for worker in range(10)]
    for worker in workers:
        worker.communicate(timeout=300)
        assert worker.returncode == 0
    expected = {f"scenario {worker} {number}" for worker in range(10) for number in range(20)}
    assert {entry.name for entry in library.entries()} == expected
    for entry in library.entries():
        library.open(entry)


@pytest.mark.slow
def test_a_kill_loses_at_most_the_save_under_way(library: Library) -> None:
    worker = _saver(library.path, 0, 100_000)
    assert worker.stdout is not None
    acknowledged = -1
    deadline = time.monotonic() + 60
    while acknowledged < 30 and time.monotonic() < deadline:
        acknowledged = int(worker.stdout.readline())
    os.kill(worker.pid, signal.SIGKILL)
    rest, _ = worker.communicate()
    last = max([acknowledged, *(int(line) for line in rest.split())])
    names = {entry.name for entry in library.entries()}
    assert {f"scenario 0 {number}" for number in range(last + 1)} <= names
    assert len(names) - (last + 1) in (0, 1)
    library.save(sample())
    assert len(library.entries()) == len(names) + 1


@pytest.fixture
def full_disk(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library's disk is full: SQLite may not add a page."""
    connect = Library._connect

    def limited(self: Library, address: str) -> sqlite3.Connection:
        connection = connect(self, address)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        return connection

    with monkeypatch.context() as patched:
        library.save(Scenario(name="before"))
        patched.setattr(Library, "_connect", limited)
        yield


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_gives_a_clear_message_and_keeps_what_was_saved(library: Library) -> None:
    with pytest.raises(SnapshotError, match="the disk is full"):
        library.save(sample())
    assert [entry.name for entry in library.entries()] == ["before"]


@pytest.mark.slow
def test_a_disk_that_fills_up_keeps_every_earlier_save(small_disk: Path) -> None:
    library = Library(small_disk / "library.sqlite")
    saved = 0

    def fill() -> None:
        nonlocal saved
        for number in range(200):
            library.save(altered(sample(), lambda content, who=f"author {number}": content.update(author=who)))
            saved += 1

    with pytest.raises(SnapshotError, match="the disk is full"):
        fill()
    assert saved > 0
    assert len(library.entries()) == saved
    for entry in library.entries():
        library.open(entry)


def test_a_read_only_disk_can_be_read_and_says_why_it_cannot_be_written(small_disk: Path) -> None:
    library = Library(small_disk / "library.sqlite")
    library.save(sample())
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert [entry.name for entry in library.entries()] == ["Bismuth: a floor"]
    with pytest.raises(SnapshotError, match="may not be written to"):
        library.save(Scenario(name="more"))
    with pytest.raises(SnapshotError, match="--library"):
        Library(small_disk / "new" / "library.sqlite").save(Scenario(name="more"))


def test_a_place_that_is_no_folder_gives_a_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SnapshotError, match="Choose another place"):
        Library(tmp_path / "file" / "library.sqlite").save(sample())


def test_what_is_no_file_is_told_as_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path, "a folder"), (tmp_path / "pipe", "a pipe or device")):
        for use in (Library(path).entries, partial(Library(path).save, Scenario())):
            with pytest.raises(SnapshotError, match=f"^the library {path} is {what}; name a file with --library"):
                use()


def test_an_older_schema_is_migrated_and_nothing_is_lost(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(module, "MIGRATIONS", module.MIGRATIONS[:1])
        library.save(sample())
    further = (*module.MIGRATIONS, ("ALTER TABLE entry ADD COLUMN colour TEXT NOT NULL DEFAULT ''",))
    with monkeypatch.context() as newer:
        newer.setattr(module, "MIGRATIONS", further)
        assert [entry.name for entry in library.entries()] == ["Bismuth: a floor"]
        library.save(Scenario(name="second"))
        assert len(library.entries()) == 2
    with pytest.raises(SnapshotError, match="newer Minerals Accord"):
        library.entries()


def _damaged(library: Library, statement: str) -> None:
    with closing(sqlite3.connect(library.path)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE content SET packed = substr(packed, 1, 1000)", "cut off"),
        ("UPDATE content SET packed = x'FFFF'", "is damaged"),
        ("DELETE FROM content", "lost the content"),
        ("UPDATE entry SET kind = 'scenario'", "unknown key"),
    ],
)
def test_a_tampered_entry_is_refused(library: Library, statement: str, message: str) -> None:
    library.save(sample())
    _damaged(library, statement)
    (entry,) = library.entries()
    with pytest.raises(SnapshotError, match=message):
        library.open(entry)


def test_an_exchanged_content_is_refused(library: Library) -> None:
    library.save(sample())
    library.save(renamed(sample(), "another"))
    _damaged(library, "UPDATE content SET packed = (SELECT packed FROM content LIMIT 1)")
    whole, exchanged = sorted(library.entries(), key=lambda entry: entry.name != "Bismuth: a floor")
    library.open(whole)
    with pytest.raises(SnapshotError, match="tampered"):
        library.open(exchanged)


def test_foreign_hostile_and_truncated_files_are_refused_and_left_alone(library: Library, tmp_path: Path) -> None:
    library.save(sample())
    _damaged(library, "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM content; END")
    with pytest.raises(SnapshotError, match="triggers or views"):
        library.entries()
    foreign = tmp_path / "foreign.sqlite"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()
    text = tmp_path / "text.sqlite"
    text.write_text("not a database " * 100, encoding="utf-8")
    cut = tmp_path / "cut.sqlite"
    cut.write_bytes(library.path.read_bytes()[:5000])
    for path, message in ((foreign, "another program"), (text, "not a library"), (cut, "damaged")):
        before = path.read_bytes()
        with pytest.raises(SnapshotError, match=message):
            Library(path).entries()
        with pytest.raises(SnapshotError, match=message):
            Library(path).save(sample())
        assert path.read_bytes() == before


@pytest.mark.slow
def test_the_command_line_keeps_a_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["library", "--library", str(tmp_path / "library.sqlite")]
    assert main([*place, "save", str(SAMPLE), "--tag", "round 1", "--name", "\x1b[2Jname"]) == 0
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"name": "mine"}), encoding="utf-8")
    assert main([*place, "save", str(scenario)]) == 0
    assert main([*place, "archive", sample().short_id]) == 0
    assert main([*place, "restore", sample().short_id]) == 0
    capsys.readouterr()
    assert main([*place, "list", "round"]) == 0
    listed = capsys.readouterr().out
    assert sample().short_id in listed
    assert "\x1b" not in listed
    assert "mine" not in listed
    out = tmp_path / "out.json"
    assert main([*place, "open", sample().id, "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == sample().to_json()
    assert main([*place, "export", "--out", str(tmp_path / "all.jsonl")]) == 0
    assert main(["library", "--library", str(tmp_path / "b.sqlite"), "import", str(tmp_path / "all.jsonl")]) == 0
    assert main([*place, "open", "ffff", "--out", str(out)]) == 2
