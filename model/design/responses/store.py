"""Solved responses on disk, by content: an interrupted calculation goes on where it stopped."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import AccordError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDER_VARIABLE = "ACCORD_STORE"
"""Environment variable that names the folder of the store."""
KEYS_AT_ONCE = 500
_TABLE = "CREATE TABLE IF NOT EXISTS response (key TEXT PRIMARY KEY, content TEXT NOT NULL)"


def default_path() -> Path:
    """The store's file: in the folder ``ACCORD_STORE`` names, else in the user's cache."""
    folder = os.environ.get(FOLDER_VARIABLE) or Path.home() / ".cache" / "minerals-accord"
    return Path(folder) / "responses.sqlite"


class Store:
    """Texts by key in one SQLite file. What is put is on disk at once; several processes may share the file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection, connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise AccordError(
                f"cannot keep responses in {self.path}: {error}; name another folder in {FOLDER_VARIABLE}"
            ) from None

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """The texts there are for these keys."""
        wanted = list(keys)
        found: dict[str, str] = {}
        with closing(self._connect()) as connection:
            for start in range(0, len(wanted), KEYS_AT_ONCE):
                part = wanted[start : start + KEYS_AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(connection.execute(f"SELECT key, content FROM response WHERE key IN ({marks})", part))
        return found

    def put(self, texts: Mapping[str, str]) -> None:
        """Keep texts under their keys."""
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO response VALUES (?, ?)", texts.items())

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30.0)
        connection.execute(
            "PRAGMA synchronous = NORMAL"
        )  # survives a crash of the process; a power cut may cost the last cells
        return connection
