"""The store of responses: damaged, foreign and crowded files, and texts that other sources computed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from model.design import DesignRequest, ResponseTable
from model.design.responses import store as stores
from model.design.responses.facts import facts_from
from model.design.responses.response import question
from model.design.responses.store import Store
from model.errors import AccordError, ScenarioError
from model.world import World
from tests.design_toys import response


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "responses.sqlite"


def other_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")


def no_database(path: Path) -> None:
    path.write_bytes(b"not a database " * 500)


def another_s_responses(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE response (person TEXT, answer TEXT)")
        connection.execute("INSERT INTO response VALUES ('Ada', 'yes')")


@pytest.mark.parametrize("spoil", [no_database, other_tables, another_s_responses])
def test_a_damaged_or_foreign_file_in_the_cache_is_set_aside_in_one_line(
    spoil: Callable[[Path], None], path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(stores.FOLDER_VARIABLE, str(path.parent))
    spoil(path)
    before = path.read_bytes()
    store = Store()
    store.put({"a": "1"})
    assert store.get(["a", "b"]) == {"a": "1"}
    assert path.with_name("responses-aside-1.sqlite").read_bytes() == before
    (told,) = caplog.messages
    assert told.endswith("set aside as responses-aside-1.sqlite, begun anew")
    assert "\n" not in told


@pytest.mark.parametrize("spoil", [no_database, other_tables, another_s_responses])
def test_a_file_that_was_named_and_never_was_a_store_stays_as_it_is(spoil: Callable[[Path], None], path: Path) -> None:
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(AccordError, match=r"responses\.sqlite is no store of responses \(.*\); name another file"):
        Store(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_damaged_while_in_use_is_set_aside_too(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.with_name("responses-aside-1.sqlite").write_text("an earlier one")
    store = Store(path)
    store.put({str(number): "text" * 500 for number in range(50)})
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    assert store.get(["1"]) == {}
    store.put({"1": "new"})
    assert Store(path).get(["1"]) == {"1": "new"}
    assert caplog.messages[0].endswith("set aside as responses-aside-2.sqlite, begun anew")


def test_a_file_taken_away_while_in_use_is_begun_anew(path: Path) -> None:
    store = Store(path)
    path.unlink()
    assert store.get(["1"]) == {}
    store.put({"1": "new"})
    assert store.get(["1"]) == {"1": "new"}


def test_another_program_s_file_is_left_alone(path: Path) -> None:
    other_tables(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA application_id = 7")
    before = path.read_bytes()
    with pytest.raises(AccordError, match="another program's file, not a store of responses; name another file"):
        Store(path)
    assert path.read_bytes() == before


def test_a_folder_in_its_place_is_refused_in_words(path: Path) -> None:
    path.mkdir()
    with pytest.raises(AccordError, match=r"cannot keep responses in .*; name another file"):
        Store(path)


def test_the_newest_texts_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "MOST_KEPT", 3)
    store = Store(path)
    for number in range(5):
        store.put({str(number): "text"})
    store.put({"2": "anew"})
    assert store.get(map(str, range(5))) == {"3": "text", "4": "text", "2": "anew"}


def test_what_other_sources_computed_is_dropped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(path).put({"a": "1"})
    assert Store(path).get("a") == {"a": "1"}
    monkeypatch.setattr(stores, "source_hash", lambda *_: "other sources")
    assert Store(path).get("a") == {}


def test_a_store_that_does_not_say_what_computed_it_begins_anew(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE response (key TEXT PRIMARY KEY, content TEXT NOT NULL)")
        connection.execute("INSERT INTO response VALUES ('a', '1')")
    assert Store(path).get("a") == {}
    assert not caplog.messages


def test_a_text_damaged_on_disk_is_solved_again(world: World, path: Path) -> None:
    asked = question(world, DesignRequest(minerals=("bismuth",)).scenario(), "bismuth")
    first = ResponseTable(world, Store(path))
    answer = first.one(asked)
    first.store.put({first.key(asked): '{"users_usd": {}'})
    again = ResponseTable(world, Store(path))
    assert again.one(asked) == answer
    assert again.solved == 1


def test_a_mineral_that_nobody_uses_has_nothing_to_agree_on() -> None:
    with pytest.raises(ScenarioError, match="bismuth has no refined price in the status quo: nobody uses it"):
        facts_from(response({}), "bismuth", "refined", ("USA",))
