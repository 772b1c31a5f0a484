"""Solved responses on disk, by content: an interrupted calculation goes on where it stopped."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from model.design.responses.response import COMPUTES
from model.errors import AccordError
from model.source import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Work = Callable[[sqlite3.Connection], "Result"]

Result = TypeVar("Result")

FOLDER_VARIABLE = "ACCORD_STORE"
"""Environment variable that names the folder of the store."""
APPLICATION_ID = 0x41435253
"""Marks the file as ours ("ACRS")."""
MARK = slice(68, 72)
"""Where an SQLite file's header holds its application id."""
OURS: tuple[set[str], ...] = (set(), {"key", "content"}, {"key", "source", "content"})
"""Columns of a file that is new, of a store that did not know which sources computed a text, and of one that does."""
MOST_KEPT = 50_000
"""Texts kept, the newest: half a gigabyte at some 10 kB each; the menu of all minerals asks for some 3,000."""
KEYS_AT_ONCE = 500
_TABLE = "CREATE TABLE IF NOT EXISTS response (key TEXT PRIMARY KEY, source TEXT NOT NULL, content TEXT NOT NULL)"


def default_path() -> Path:
    """The store's file: in the folder ``ACCORD_STORE`` names, else in the user's cache."""
    folder = os.environ.get(FOLDER_VARIABLE) or Path.home() / ".cache" / "minerals-accord"
    return Path(folder) / "responses.sqlite"


class Store:
    """Texts by key in one SQLite file. What is put is on disk at once; several processes may share the file.

    Texts that other sources computed are dropped on opening, the oldest beyond :data:`MOST_KEPT` when more are put. A
    store that is damaged, or whatever stands in the place of the user's cache, is set aside under another name and a
    new one begun. A file that somebody named and that never was a store is left as it is.

    Raises:
        AccordError: for a file that is no store, or cannot be one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self._is_named = path is not None
        self._source = source_hash(COMPUTES)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._refused(error) from None
        self._do(self._claim)

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """The texts there are for these keys."""
        wanted = list(keys)

        def read(connection: sqlite3.Connection) -> dict[str, str]:
            found: dict[str, str] = {}
            for start in range(0, len(wanted), KEYS_AT_ONCE):
                part = wanted[start : start + KEYS_AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(connection.execute(f"SELECT key, content FROM response WHERE key IN ({marks})", part))
            return found

        return self._do(read)

    def put(self, texts: Mapping[str, str]) -> None:
        """Keep texts under their keys."""

        def write(connection: sqlite3.Connection) -> None:
            rows = [(key, self._source, text) for key, text in texts.items()]
            connection.executemany("INSERT OR REPLACE INTO response VALUES (?, ?, ?)", rows)
            oldest = "rowid <= (SELECT max(rowid) FROM response) - ?"  # rows are numbered as they are put
            connection.execute(f"DELETE FROM response WHERE {oldest}", (MOST_KEPT,))

        self._do(write)

    def _do(self, work: Work[Result]) -> Result:
        """Work on the file, or on a new one where it is damaged or was taken away."""
        try:
            if not self.path.exists():
                self._at_once(self._claim)
            return self._at_once(work)
        except (OSError, sqlite3.Error) as error:
            if type(error) is not sqlite3.DatabaseError:  # its kinds are a lock, a full disk, a file read-only
                raise self._refused(error) from None
            if self._is_named and not self._is_marked():
                raise AccordError(f"{self.path} is no store of responses ({error}); name another file") from None
            self._set_aside(error)
            self._at_once(self._claim)
            return self._at_once(work)

    def _is_marked(self) -> bool:
        """Whether the file's header says that it was a store, whatever became of the rest."""
        with self.path.open("rb") as file:
            return file.read(MARK.stop)[MARK] == APPLICATION_ID.to_bytes(4, "big")

    def _at_once(self, work: Work[Result]) -> Result:
        with closing(sqlite3.connect(self.path, timeout=30.0)) as connection, connection:
            # Survives a crash of the process; a power cut may cost the last cells.
            connection.execute("PRAGMA synchronous = NORMAL")
            return work(connection)

    def _claim(self, connection: sqlite3.Connection) -> None:
        """Make the file a store of what the present sources compute."""
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        if mark not in {0, APPLICATION_ID}:
            raise AccordError(f"{self.path} is another program's file, not a store of responses; name another file")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(response)")}
        if tables - {"response"} or columns not in OURS:
            raise sqlite3.DatabaseError("it holds other tables")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if mark == 0:  # new, or of a version that did not know which sources computed a text
            connection.execute("DROP TABLE IF EXISTS response")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(_TABLE)
        connection.execute("DELETE FROM response WHERE source <> ?", (self._source,))

    def _set_aside(self, error: sqlite3.Error) -> None:
        names = (self.path.with_stem(f"{self.path.stem}-aside-{number}") for number in count(1))
        aside = next(name for name in names if not name.exists())
        try:
            for end in ("", "-wal", "-shm"):
                if Path(f"{self.path}{end}").exists():
                    Path(f"{self.path}{end}").rename(f"{aside}{end}")
        except OSError as failure:
            raise self._refused(failure) from None
        logging.getLogger(__name__).warning("%s: %s; set aside as %s, begun anew", self.path, error, aside.name)

    def _refused(self, error: Exception) -> AccordError:
        other = "file" if self._is_named else f"folder in {FOLDER_VARIABLE}"
        return AccordError(f"cannot keep responses in {self.path}: {error}; name another {other}")
