"""The library: saved scenarios and snapshots in one SQLite file, safe against several writers, kills and full disks.

Every save is one transaction of a rollback journal: it is in the file whole or not at all, and the library stays one
file. Entries are never overwritten: a second file of the same id stands beside the first and is shown as its duplicate.
Contents are verified again on opening, since the library may come from a stranger. What cannot be read, written or
trusted is a SnapshotError.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import unicodedata
import zlib
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from model.errors import FileError, ScenarioError, SnapshotError
from model.files import LARGEST_FILE, named, parse_object, real, short
from model.scenario import Scenario
from model.snapshot import record
from model.snapshot.canonical import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

VARIABLE = "ACCORD_LIBRARY"
FILE = "library.sqlite"
APPLICATION_ID = 0x41434C42
"""Marks the file as ours ("ACLB")."""
WAIT_SECONDS = 30.0
"""How long a save waits for other processes to finish theirs."""
LONGEST = {"name": 200, "tag": 60, "note": 10_000}
MOST_TAGS = 20
LONGEST_WHY = 300
"""Letters of a reason that stands in an export."""
EXPORT_KIND = "minerals-accord library"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE entry (
            checksum TEXT PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('scenario', 'snapshot')),
            name TEXT NOT NULL, tags TEXT NOT NULL, note TEXT NOT NULL, minerals TEXT NOT NULL, author TEXT NOT NULL,
            created TEXT NOT NULL, saved TEXT NOT NULL, archived INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE TABLE content (checksum TEXT PRIMARY KEY REFERENCES entry (checksum), packed BLOB NOT NULL) STRICT",
    ),
    ("CREATE INDEX entry_id ON entry (id)", "CREATE INDEX entry_saved ON entry (archived, saved DESC)"),
)
"""Statements that lead from one version of the schema to the next; the file's user_version counts those done."""


@dataclass(frozen=True)
class Entry:
    """What the library says of one saved scenario or snapshot.

    ``checksum`` is its key, ``id`` may be shared by duplicates.
    """

    checksum: str
    id: str
    kind: str
    name: str
    tags: tuple[str, ...]
    note: str
    minerals: tuple[str, ...]
    author: str
    created: str
    saved: str
    archived: bool

    @classmethod
    def of_row(cls, row: Iterable[Any]) -> Entry:
        """The entry of a row of the library; lists stand there as JSON."""
        cells = dict(zip(FIELDS, row, strict=True))
        lists = {name: _listed(cells[name]) for name in LISTS}
        return cls(**cells | lists | {"archived": bool(cells["archived"])})

    def row(self) -> tuple[Any, ...]:
        """The entry as a row of the library."""
        cells = asdict(self) | {name: json.dumps(getattr(self, name)) for name in LISTS}
        return tuple(cells.values())

    @property
    def short_id(self) -> str:
        """The beginning of the id, as documents show it."""
        return self.id[: record.SHORT]


FIELDS = tuple(field.name for field in fields(Entry))
COLUMNS = ", ".join(FIELDS)
LISTS = ("tags", "minerals")


@dataclass(frozen=True)
class Saved:
    """What came of a save: the entry, whether it was there already to the letter, and other entries of the same id."""

    entry: Entry
    known: bool
    duplicates: tuple[Entry, ...]


def default_path() -> Path:
    """Where the library is: the variable ACCORD_LIBRARY, else the user's data folder."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "minerals-accord" / FILE


class Library:
    """One library file.

    Every call opens it, does one thing and closes it, so that processes and threads share it freely. ``damage`` says in
    a sentence that a look at the entries could not reach all of them; it is empty where nothing is amiss.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self.damage = ""
        self.told = named("the library", self.path)

    @property
    def is_there(self) -> bool:
        """Whether anything was ever saved in it."""
        with self._explained("read"):
            return real(self.path).exists()

    def save(self, item: record.Snapshot | Scenario, name: str = "", tags: Iterable[str] = (), note: str = "") -> Saved:
        """Add a snapshot or scenario; one that is there to the letter stays as it is."""
        entry, packed = _entry_of(item, name, tags, note)
        with self._writing() as connection:
            known = self._add(connection, entry, packed)
            kept = self._one(connection, entry.checksum)
            same = self._query(connection, "id = ? AND checksum <> ?", (entry.id, entry.checksum))
        return Saved(kept, known, tuple(same))

    def entries(self, search: str = "", archived: bool = False, tag: str = "", limit: int | None = None) -> list[Entry]:
        """Entries whose name, tags, note, minerals, author or id contain every word searched for, the newest first."""
        if not self.is_there:
            return []
        with self._reading() as connection:
            found = self._query(connection, "archived = ?", (int(archived),))
        words = search.casefold().split()
        kept = [
            entry
            for entry in found
            if all(word in _haystack(entry) for word in words) and (not tag or tag in entry.tags)
        ]
        return kept[:limit]

    def _all(self) -> list[Entry]:
        return [*self.entries(), *self.entries(archived=True)]

    def duplicates(self) -> list[list[Entry]]:
        """Groups of entries that share an id: the same question with the same answer, saved more than once."""
        entries = self.entries()
        ids = Counter(entry.id for entry in entries)
        return [[entry for entry in entries if entry.id == id] for id, number in ids.items() if number > 1]

    def find(self, beginning: str) -> Entry:
        """The one entry whose checksum or id begins so."""
        found = [
            entry
            for entry in self._all()
            if beginning and (entry.checksum.startswith(beginning) or entry.id.startswith(beginning))
        ]
        if not found:
            raise SnapshotError(
                f"{self.told} has no entry whose id begins with {short(beginning)!r}; `accord library list` shows all"
            )
        if len(found) > 1:
            told = ", ".join(f"{entry.checksum[: record.SHORT]} ({entry.name})" for entry in found[:5])
            raise SnapshotError(
                f"{len(found)} entries begin with {short(beginning)!r}; name one by its checksum: {told}"
            )
        return found[0]

    def open(self, entry: Entry) -> record.Snapshot | Scenario:
        """The content of an entry, verified."""
        with self._reading() as connection:
            row = connection.execute("SELECT packed FROM content WHERE checksum = ?", (entry.checksum,)).fetchone()
        if row is None:
            raise SnapshotError(f"the library has lost the content of {entry.name!r}")
        what = f"entry {entry.name!r}"
        content = parse_object(_unpacked(row[0], entry.name), what)
        item = _item(content, entry.kind, what)
        if (content["checksum"] if entry.kind == "snapshot" else digest(content)) != entry.checksum:
            raise SnapshotError(
                f"{what} holds another content than it was saved with; the library was tampered with or damaged"
            )
        return item

    def describe(self, entry: Entry, name: str, tags: Iterable[str], note: str) -> Entry:
        """Change name, tags and note of an entry."""
        values = (_short(name, "name") or entry.name, json.dumps(_tags(tags)), _short(note, "note"), entry.checksum)
        with self._writing() as connection:
            connection.execute("UPDATE entry SET name = ?, tags = ?, note = ? WHERE checksum = ?", values)
            return self._one(connection, entry.checksum)

    def archive(self, entry: Entry, archived: bool = True) -> None:
        """Put an entry out of sight, or (False) back; nothing is ever deleted."""
        with self._writing() as connection:
            connection.execute("UPDATE entry SET archived = ? WHERE checksum = ?", (int(archived), entry.checksum))

    def export(self, lost: list[str] | None = None) -> Iterator[str]:
        """All entries, archived ones too, as lines of JSON: a header with their number, then one entry per line.

        An entry that cannot be read leaves a line that says so, and its fault in ``lost``; the others go out whole. So
        does what is damaged of the library.
        """
        entries = self._all()
        yield canonical({"kind": EXPORT_KIND, "format": record.FORMAT, "entries": len(entries)}) + "\n"
        for entry in entries:
            try:
                item = self.open(entry)
            except SnapshotError as error:
                if lost is not None:
                    lost.append(f"{entry.kind} {entry.short_id} ({entry.name}): {error}")
                yield canonical({"kind": "lost", "name": entry.name, "why": str(error)}) + "\n"
                continue
            content = item.content if isinstance(item, record.Snapshot) else item.model_dump(mode="json")
            about = {key: getattr(entry, key) for key in ("kind", "name", "tags", "note", "saved", "archived")}
            yield canonical({**about, "content": content}) + "\n"
        if lost is not None and self.damage:
            lost.append(self.damage)

    def take_in(
        self, lines: Iterable[str], check: Callable[[Scenario], None] = lambda _: None
    ) -> tuple[int, list[str]]:
        """Import what :meth:`export` wrote: how many entries are new, and why any line was refused.

        ``check`` refuses scenarios that the markets in use do not know.
        """
        source = iter(lines)
        expected = _check_header(next(source, ""))
        new, read, faults = 0, 0, []
        for number, line in enumerate(source, start=2):
            if not line.strip():
                continue
            read += 1
            try:
                entry, packed = _imported(line, f"line {number}", check)
            except (SnapshotError, ScenarioError) as error:
                told = str(error)
                faults.append(told if told.startswith(f"line {number}") else f"line {number}: {told}")
                continue
            with self._writing() as connection:
                new += not self._add(connection, entry, packed)
        if read != expected:
            faults.append(f"the file was to hold {expected} entries and holds {read}: it is cut off or was changed")
        return new, faults

    def _add(self, connection: sqlite3.Connection, entry: Entry, packed: bytes) -> bool:
        """Insert an entry; true when it was there already."""
        marks = ", ".join("?" * len(FIELDS))
        done = connection.execute(f"INSERT INTO entry ({COLUMNS}) VALUES ({marks}) ON CONFLICT DO NOTHING", entry.row())
        if done.rowcount == 0:
            return True
        connection.execute("INSERT INTO content (checksum, packed) VALUES (?, ?)", (entry.checksum, packed))
        return False

    def _one(self, connection: sqlite3.Connection, checksum: str) -> Entry:
        return self._query(connection, "checksum = ?", (checksum,))[0]

    def _query(self, connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Entry]:
        order = "ORDER BY saved DESC, rowid DESC"
        try:
            rows = connection.execute(f"SELECT {COLUMNS} FROM entry WHERE {where} {order}", values).fetchall()
        except sqlite3.DatabaseError as error:
            rows, gone = self._one_by_one(connection, where, values)
            if not rows:
                raise
            numbers = short(", ".join(map(str, gone)))
            lacks = f"; in the order of saving, these entries cannot be read: {numbers}" if gone else ""
            self.damage = f"part of {self.told} is damaged ({error}); what can still be read is listed{lacks}"
        return [Entry.of_row(row) for row in rows]

    def _one_by_one(
        self, connection: sqlite3.Connection, where: str, values: tuple[object, ...]
    ) -> tuple[list[tuple[Any, ...]], list[int]]:
        """The rows that a damaged page has left, the newest first, and the numbers of those it has not.

        Both tables number them in the order of saving.
        """
        last = 0
        for table in ("entry", "content"):
            with suppress(sqlite3.DatabaseError):
                last = max(last, connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] or 0)
        rows: list[tuple[Any, ...]] = []
        gone: list[int] = []
        for number in range(last, 0, -1):
            try:
                rows += connection.execute(
                    f"SELECT {COLUMNS} FROM entry WHERE rowid = ? AND {where}", (number, *values)
                ).fetchall()
            except sqlite3.DatabaseError:
                gone.append(number)
        return rows, gone[::-1]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads, after any migration that is due."""
        with self._explained("read"):
            # Opened to write where that is allowed: what a kill left half-written is rolled back by the next reader.
            connection = self._connect("rw")
            try:
                if _version(connection, self.path) < len(MIGRATIONS):
                    connection.close()
                    connection = self._prepared()
                yield connection
            finally:
                connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or on any error nothing."""
        with self._explained("written"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._prepared()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                connection.close()  # an open transaction is rolled back

    def _prepared(self) -> sqlite3.Connection:
        """A connection that may write, the file made and migrated where it must be."""
        connection = self._connect("rwc")
        try:
            if _version(connection, self.path) < len(MIGRATIONS):
                connection.execute("BEGIN IMMEDIATE")
                for statements in MIGRATIONS[_version(connection, self.path) :]:
                    for statement in statements:
                        connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
                connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        path = real(self.path)
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "a pipe or device"
            raise SnapshotError(f"{self.told} is {what}; name a file with --library or {VARIABLE}")
        connection = sqlite3.connect(address(path, mode), uri=True, timeout=WAIT_SECONDS, isolation_level=None)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Turn what SQLite and the system say into what a user can act on."""
        try:
            yield
        except sqlite3.Error as error:
            raise SnapshotError(f"{self.told} cannot be {what}: {_reason(error)}") from None
        except OSError as error:
            raise SnapshotError(
                f"{self.told} cannot be {what}: {error.strerror}. Choose another place with --library or {VARIABLE}"
            ) from None


def address(path: PurePath, mode: str) -> str:
    r"""How SQLite is told of a file; a network share must not look to it like the name of a computer.

    >>> from pathlib import PurePosixPath, PureWindowsPath
    >>> address(PureWindowsPath(r"\\server\share\a b.sqlite"), "rw"), address(PurePosixPath("/a?b"), "rw")
    ('file:////server/share/a%20b.sqlite?mode=rw', 'file:///a%3Fb?mode=rw')
    """
    whole = path.as_posix()
    return f"file://{'' if whole.startswith('/') else '/'}{quote(os.fsencode(whole))}?mode={mode}"


def _reason(error: sqlite3.Error) -> str:
    text = str(error)
    if "full" in text:
        return "the disk is full. Free some space and save again; nothing that was saved before is lost"
    if "readonly" in text or "unable to open" in text:
        return f"the folder or file may not be written to. Choose another place with --library or {VARIABLE}"
    if "locked" in text:
        return f"another program has held it for {WAIT_SECONDS:.0f} s. Close it and try again"
    if "not a database" in text or "malformed" in text:
        return "it is damaged or not a library. Put it aside, restore a copy or import an export; it was not changed"
    return f"{text}. It was not changed"


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """How many migrations a file has seen.

    Files that are not ours, newer ones and ones with code in them are refused.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    objects = [str(row[0]) for row in connection.execute("SELECT type FROM sqlite_master")]
    if application != APPLICATION_ID and objects:
        raise SnapshotError(f"{path} is a database of another program, not a library; it was not changed")
    if version > len(MIGRATIONS):
        raise SnapshotError(
            f"the library {path} has version {version}, from a newer Minerals Accord; this one knows versions up to "
            f"{len(MIGRATIONS)}. Update to open it; it was not changed"
        )
    if {"trigger", "view"} & set(objects):
        raise SnapshotError(f"the library {path} holds triggers or views, which ours never do; it is not opened")
    return version


def _entry_of(item: record.Snapshot | Scenario, name: str, tags: Iterable[str], note: str) -> tuple[Entry, bytes]:
    """An entry for a snapshot or scenario, and its packed content; a scenario's id leaves its name out."""
    now = _written(datetime.now(UTC))
    if isinstance(item, record.Snapshot):
        scenario, kind, author = item.scenario, "snapshot", item.record.author
        checksum, id, created, text = (
            item.record.checksum,
            item.id,
            f"{item.created:%Y-%m-%dT%H:%M:%SZ}",
            item.to_json(),
        )
    else:
        content = item.model_dump(mode="json")
        scenario, kind, author = item, "scenario", ""
        checksum, created, text = digest(content), now, canonical(content)
        id = digest({key: value for key, value in content.items() if key != "name"})
    title = _short(name, "name") or _short(scenario.name, "name") or ", ".join(scenario.minerals)
    about = (title, _tags(tags), _short(note, "note"), scenario.minerals, author, created, now)
    return Entry(checksum, id, kind, *about, archived=False), zlib.compress(text.encode(), 6)


def _item(content: dict[str, Any], kind: str, what: str) -> record.Snapshot | Scenario:
    if kind == "snapshot":
        return record.opened(content, what)
    try:
        return Scenario.parse(content, what)
    except ScenarioError as error:
        raise SnapshotError(str(error)) from None


def _unpacked(packed: object, name: str) -> str:
    if not isinstance(packed, bytes):
        raise SnapshotError(f"the content of {name!r} is damaged")
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(packed, LARGEST_FILE)
    except zlib.error:
        told = f"the content of {name!r} is damaged; restore a copy of the library or import an export"
        raise SnapshotError(told) from None
    if not unpacker.eof:
        raise SnapshotError(f"the content of {name!r} is cut off, or larger than any snapshot; it was not opened")
    return text.decode("utf-8", errors="replace")


def is_export(line: str) -> bool:
    """Whether a line is the first of an export."""
    try:
        return parse_object(line, "line").get("kind") == EXPORT_KIND
    except FileError:
        return False


def item_of(content: object, what: str) -> record.Snapshot | Scenario:
    """A snapshot or scenario, whichever the content of a file says it is."""
    if isinstance(content, dict) and "kind" in content:
        return record.opened(content, what)
    return Scenario.parse(content, what)


def _check_header(line: str) -> int:
    header = parse_object(line, "the export's first line")
    if header.get("kind") != EXPORT_KIND or type(header.get("entries")) is not int:
        raise SnapshotError("the file is not an export of a library")
    if header.get("format") != record.FORMAT:
        told = f"the export has format {header.get('format')}; this version reads format {record.FORMAT}"
        raise SnapshotError(f"{told}. Update to import it")
    return int(header["entries"])


def _imported(line: str, what: str, check: Callable[[Scenario], None]) -> tuple[Entry, bytes]:
    about = parse_object(line, what)
    content, kind = about.get("content"), about.get("kind")
    if kind == "lost":
        raise SnapshotError(
            f"{what} was lost to the library it comes from: {short(str(about.get('why')), LONGEST_WHY)}"
        )
    if not isinstance(content, dict) or kind not in ("scenario", "snapshot"):
        raise SnapshotError(f"{what} holds neither a scenario nor a snapshot")
    item = _item(content, kind, what)
    check(item.scenario if isinstance(item, record.Snapshot) else item)
    name, note, tags = about.get("name", ""), about.get("note", ""), about.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(text, str) for text in (name, note, *tags)):
        raise SnapshotError("name and note are texts, tags a list of texts; one of them is not")
    entry, packed = _entry_of(item, name, tags, note)
    saved = _moment(about.get("saved")) or entry.saved
    created = saved if kind == "scenario" else entry.created
    return replace(entry, saved=saved, created=created, archived=about.get("archived") is True), packed


def _moment(text: object) -> str | None:
    """A date and time as the library writes them, or none where the text is no such."""
    try:
        moment = datetime.fromisoformat(str(text))
        return _written(moment.astimezone(UTC)) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _listed(text: str) -> tuple[str, ...]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    return tuple(str(item) for item in items) if isinstance(items, list) else ()


def _haystack(entry: Entry) -> str:
    told = (entry.name, *entry.tags, entry.note, *entry.minerals, entry.author, entry.id, entry.checksum, entry.kind)
    return " ".join(told).casefold()


def _short(text: str, what: str) -> str:
    text = text.strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SnapshotError(f"the {what} {text[:60]!r} holds half a letter; write it in UTF-8") from None
    if len(text) > LONGEST[what]:
        raise SnapshotError(f"the {what} has {len(text):,} letters; at most {LONGEST[what]:,} fit")
    return text


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(tag for tag in (_short(" ".join(one.split()), "tag") for one in tags) if tag))
    for tag in named:
        if any(unicodedata.category(letter) == "Cc" for letter in tag):
            raise SnapshotError(f"the tag {short(tag)!r} holds a control character; leave it out")
    if len(named) > MOST_TAGS:
        raise SnapshotError(f"{len(named)} tags are too many; at most {MOST_TAGS} fit")
    return named
