"""The pages Memo and Saved: what they show of a library, what they save, and that a fault loses nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from model.scenario import Scenario
from model.snapshot.library import Library
from pages.components.layout import plain
from tests.snapshots import altered, renamed, sample

ROOT = Path(__file__).resolve().parents[1]
SLOWEST_SECONDS = 120
JOINER = "\N{WORD JOINER}"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The library that the pages use, with a snapshot, its duplicate and a scenario."""
    path = tmp_path / "library.sqlite"
    monkeypatch.setenv("ACCORD_LIBRARY", str(path))
    library = Library(path)
    library.save(sample(), tags=["round 1"])
    library.save(renamed(sample(), "the same again"))
    library.save(Scenario(name="Copper alone", minerals=("copper",)))
    return library


def page(name: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=SLOWEST_SECONDS).run()
    assert not test.exception
    return test


def listed(test: AppTest) -> list[str]:
    return list(test.dataframe[0].value["Name"]) if test.dataframe else []


def test_saved_lists_searches_and_names_duplicates(library: Library) -> None:
    test = page("saved")
    assert listed(test) == ["Copper alone", "the same again", "Bismuth: a floor"]
    assert test.expander[-1].label == "Duplicates: 1 saved more than once under the same id"
    test.text_input(key="saved_search").set_value("round").run()
    assert listed(test) == ["Bismuth: a floor"]
    assert test.caption[0].value.startswith("1 entry. ")


def test_archived_entries_show_under_their_switch(library: Library) -> None:
    library.archive(library.entries("copper")[0])
    test = page("saved")
    assert "Copper alone" not in listed(test)
    test.toggle(key="saved_archived").set_value(True).run()
    assert listed(test) == ["Copper alone"]


def test_the_scenario_in_the_sidebar_is_saved_under_a_name(library: Library) -> None:
    test = page("saved")
    test.text_input(key="saved_name").set_value("as of 11:40").run()
    test.text_input(key="saved_tags").set_value("a, b").run()
    test.button(key="saved_save").click().run()
    assert "Saved" in test.success[0].value
    newest = library.entries()[0]
    assert (newest.name, newest.tags) == ("as of 11:40", ("a", "b"))
    assert library.open(newest) == Scenario()


def test_a_library_that_cannot_be_written_is_said_and_the_page_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("ACCORD_LIBRARY", str(tmp_path / "file" / "library.sqlite"))
    test = page("saved")
    test.text_input(key="saved_name").set_value("kept on screen").run()
    test.button(key="saved_save").click().run()
    assert "Not saved" in test.error[0].value
    assert "still on the screen" in test.error[0].value
    assert test.text_input(key="saved_name").value == "kept on screen"


@pytest.mark.parametrize("name", ["saved", "memo"])
def test_a_damaged_library_is_said_in_words(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.sqlite"
    path.write_text("not a database " * 100, encoding="utf-8")
    monkeypatch.setenv("ACCORD_LIBRARY", str(path))
    test = page(name)
    if name == "memo":
        test.button_group(key="memo_source").set_value("saved").run()
    assert "damaged or not a library" in " ".join(error.value for error in test.error)


@pytest.mark.slow
def test_memo_of_a_saved_snapshot_and_of_two_side_by_side(library: Library) -> None:
    def priced(content: dict[str, object]) -> None:
        content["inputs"]["scenario"]["agreement"]["floors"][0]["price"] = 17_000.0  # type: ignore[index]

    other = library.save(altered(sample(), priced)).entry
    test = page("memo")
    test.button_group(key="memo_source").set_value("saved").run()
    test.multiselect(key="memo_chosen").set_value([library.entries("round")[0].checksum]).run()
    assert not test.exception
    assert sample().short_id in " ".join(item.value for item in test.markdown)
    test.multiselect(key="memo_chosen").set_value([library.entries("round")[0].checksum, other.checksum]).run()
    assert not test.exception
    assert not test.error
    shown = " ".join(item.value for item in test.markdown)
    assert sample().short_id in shown
    assert other.short_id in shown
    same = [entry.checksum for entry in library.entries(sample().id)]
    test.multiselect(key="memo_chosen").set_value(same).run()
    assert "twice" in test.error[0].value


def test_memo_offers_a_snapshot_of_the_scenario_in_the_sidebar(library: Library) -> None:
    test = page("memo")
    assert test.button(key="start_snapshot").label == "Make a snapshot"


def imported(name: str, data: bytes) -> AppTest:
    test = page("saved")
    test.file_uploader(key="saved_import").set_value((name, data, "application/json")).run()
    return test.button(key="saved_import_run").click().run()


def test_an_export_with_every_kind_of_line_break_in_a_note_comes_back_as_one_entry(
    library: Library, tmp_path: Path
) -> None:
    other = Library(tmp_path / "other.sqlite")
    note = "first line\u2028second line\u0085third"
    other.save(Scenario(name="pasted", minerals=("gallium",)), note=note)
    test = imported("ls.jsonl", "".join(other.export()).encode())
    assert not test.exception
    assert test.success[0].value == "1 new entry taken in."
    assert library.entries("pasted")[0].note == note


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ('{"name": "Größe"}'.encode("cp1252"), "not text in UTF-8"),
        (b'{"agreement": {"floors": []}, "agreement": {}}', "the key 'agreement' stands twice"),
        (b'{"horizon": "short", "assumptions": {"dead_band": NaN}}', "NaN is not a number"),
    ],
)
def test_a_file_that_would_be_read_wrongly_is_refused_in_words(library: Library, data: bytes, says: str) -> None:
    before = len(library.entries())
    test = imported("scenario.json", data)
    assert not test.exception
    assert says in test.error[0].value
    assert len(library.entries()) == before


def test_a_scenario_in_utf_16_is_taken_in(library: Library) -> None:
    test = imported("scenario.json", Scenario(name="Größe").to_json().encode("utf-16"))
    assert not test.error
    assert [entry.name for entry in library.entries("Größe")] == ["Größe"]


@pytest.mark.slow
@pytest.mark.parametrize("quoted", ["minerals-accord library", "minerals-accord snapshot"])
def test_what_a_file_is_says_its_kind_and_not_a_name_in_it(library: Library, quoted: str) -> None:
    test = imported("scenario.json", Scenario(name=f'a "{quoted}"').to_json().encode())
    assert not test.error
    named = imported("scenario.json", b'{"name": "%b"}' % quoted.encode())
    assert not named.error
    assert len(library.entries(quoted)) == 2
    spaced = sample().to_json().replace('{"', '{\n "', 1).replace('"kind":"', '"kind" : "')
    assert "was in the library already" in imported("snapshot.json", spaced.encode()).success[0].value


def test_an_export_says_what_it_lost(library: Library) -> None:
    with closing(sqlite3.connect(library.path)) as connection, connection:
        connection.execute("DELETE FROM content WHERE checksum = ?", (library.entries("copper")[0].checksum,))
    test = page("saved")
    assert not test.error
    test.button(key="saved_export").click().run()
    assert test.error[0].value == "1 entry could not be read and will be missing:"
    assert any("Copper alone" in shown.value for shown in test.markdown)


NAMES = (
    ":smile: :material/delete: :red[x] $x^2$ <b>b</b> `c` | d **e** --> [a](b) &amp; www.a.b",
    "1. x",
    "- x",
    "a:b",
)


def test_a_strangers_name_is_nothing_but_text() -> None:
    for name in NAMES:
        shown = plain(name)
        assert shown.replace("\\", "").replace(JOINER, "") == name
        assert not re.search(r":[\w+/-]|--|->|(?<!\\)[][<>*`|$&]|www\.|^[-+] |^\d+\. ", shown)
