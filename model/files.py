"""Files that come in and go out: read with every doubt, written whole or not at all; a refusal is a FileError."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import secrets
import stat
import tempfile
import unicodedata
from collections import Counter
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from model.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    Parts = str | Iterable[bytes]

LARGEST_FILE = 15 * 2**20
"""Bytes of the largest file, and of the longest line, that is read or uploaded.

The largest of ours, a snapshot of all fourteen markets, has about 12 million.
"""
LONGEST_SHOWN = 80
"""Letters of a stranger's text that a message shows; enough to find it in the file."""
LONGEST_PATH = 300
LONGEST_NAME = 60
ENDINGS = frozenset({".json", ".csv", ".docx", ".pdf", ".xlsx", ".html"})
"""Endings that say which of our formats a file has."""
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
)
"""Names that Windows keeps for devices."""


def short(text: str, most: int = LONGEST_SHOWN) -> str:
    r"""A stranger's text for a message: on one line, without control characters, and not whole where it is long.

    >>> short("two\nlines"), short("abcdef", most=3)
    ('two lines', 'abc…')
    """
    kept = "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
        for letter in text[:most]
    )
    return kept + ("…" if len(text) > most else "")


def place(steps: Iterable[int | str]) -> str:
    """Where something stands in a JSON file.

    >>> place(("agreement", "floors", 0, "price"))
    'agreement.floors[0].price'
    """
    return "".join(f"[{step}]" if isinstance(step, int) else f".{short(step)}" for step in steps).lstrip(".")


def named(what: str, path: Path) -> str:
    """How messages name a file."""
    return f"{what} {short(str(path), LONGEST_PATH)}"


def read_text(path: Path, what: str) -> str:
    """The text of a file; ``what`` names its kind in messages."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileError(f"{named(what, path)} cannot be read: {error.strerror}") from None
    return text_of(data, named(what, path))


def read_json(path: Path, what: str) -> object:
    """The content of a JSON file."""
    return parse_json(read_text(path, what), named(what, path))


def text_of(data: bytes, what: str) -> str:
    r"""The text of a file's bytes: UTF-8, or UTF-16 as some editors save it, with or without a byte order mark.

    >>> text_of("{}".encode("utf-16"), "scenario"), text_of(b"\xef\xbb\xbf{}", "scenario")
    ('{}', '{}')
    """
    _require_size(data, what)
    try:
        return data.decode(_encoding(data, what))
    except UnicodeDecodeError as error:
        raise FileError(_not_text(what, error)) from None


def lines_of(source: Path | bytes, what: str = "file") -> Iterator[str]:
    """The lines of a file, one after the other, as they stand; only line feeds part them, nothing else in a text."""
    told = what if isinstance(source, bytes) else named(what, source)
    try:
        file = io.BufferedReader(io.BytesIO(source)) if isinstance(source, bytes) else source.open("rb")
        encoding = _encoding(file.peek(4), told)
        with io.TextIOWrapper(file, encoding=encoding, newline="\n") as text:
            while line := text.readline(LARGEST_FILE + 1):
                yield line
    except OSError as error:
        raise FileError(f"{told} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FileError(_not_text(told, error)) from None


def _encoding(data: bytes, what: str) -> str:
    """How a text is encoded, which its first four bytes tell: a letter takes no more, and none is all zeros."""
    begin = data[:4]
    if begin and not any(begin):
        raise FileError(f"{what} is not text: it begins with zero bytes")
    return json.detect_encoding(begin)


def _not_text(what: str, error: UnicodeDecodeError) -> str:
    return f"{what} is not text in UTF-8 ({error.reason} at byte {error.start + 1}); save it as UTF-8 and try again"


def parse_json(text: str, what: str) -> object:
    """The content of a JSON text.

    NaN and Infinity, which are not JSON, and keys that stand twice in one object are refused.

    >>> parse_json('{"floors": [{"price": 1, "price": 2}]}', "agreement")
    Traceback (most recent call last):
    model.errors.FileError: agreement: the key 'floors[0].price' stands twice; name it once

    Raises:
        FileError: naming the place where the text ends or breaks, or the key.
    """
    doubled = False

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        content = dict(pairs)
        if len(content) == len(pairs):
            return content
        doubled = True
        return _Doubled(content, next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1))

    def refuse(name: str) -> float:
        raise FileError(f"{what}: {name} is not a number; every value must be finite")

    _require_size(text, what)
    try:
        content = json.loads(text.removeprefix("\ufeff"), parse_constant=refuse, object_pairs_hook=collect)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise FileError(f"{what} is cut off or is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise FileError(f"{what} is damaged: it is nested too deeply to be one of ours") from None
    except ValueError:
        raise FileError(f"{what} is damaged: it holds a number of thousands of digits") from None
    if doubled:
        raise FileError(f"{what}: the key {_first_doubled(content)!r} stands twice; name it once")
    return content


def _require_size(data: bytes | str, what: str) -> None:
    if len(data) > LARGEST_FILE:
        raise FileError(f"{what} is larger than {LARGEST_FILE >> 20} MB; none of ours is, so it was not read")


class _Doubled(dict[str, Any]):
    """A JSON object in which the key ``twice`` stands more than once."""

    def __init__(self, content: dict[str, Any], twice: str) -> None:
        super().__init__(content)
        self.twice = twice


def _first_doubled(content: object) -> str:
    """The place of a key that stands twice."""
    waiting: list[tuple[tuple[int | str, ...], object]] = [((), content)]
    while waiting:
        steps, node = waiting.pop()
        if isinstance(node, _Doubled):
            return place((*steps, node.twice))
        if isinstance(node, dict):
            waiting += [((*steps, key), item) for key, item in reversed(node.items())]
        elif isinstance(node, list):
            waiting += [((*steps, index), node[index]) for index in reversed(range(len(node)))]
    raise AssertionError("a doubled key stands in what was read")


def parse_object(text: str, what: str) -> dict[str, Any]:
    """The JSON object a text holds."""
    content = parse_json(text, what)
    if not isinstance(content, dict):
        raise FileError(f"{what} holds no JSON object, so it is not one of ours")
    return content


def file_name(title: str, short_id: str, ending: str) -> str:
    """A plain file name from a stranger's title: letters, digits and hyphens, then the short id.

    >>> file_name("../../etc/passwd", "abc", "json"), file_name("Größe: <b>", "abc", "pdf")
    ('etc-passwd-abc.json', 'Größe-b-abc.pdf')
    """
    words = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", title)).strip("-_")[:LONGEST_NAME].strip("-_")
    stem = f"{words}-{short_id}" if words and words.lower() not in RESERVED else f"snapshot-{short_id}"
    return f"{stem}.{ending}"


class Output:
    """A file that is to be written: whole, or not at all, and never over what is not of its kind.

    What stands there already is replaced only if it is empty or ``known`` finds in it an earlier file of the same
    ``kind`` ("a result of `accord solve`"); ``inputs`` of the same work never are. Pipes and terminals are written to
    as they stand, everything else that is no file is refused. Made before the work, so that what could not be written
    after it is refused before. A folder ``made`` by the work need not be there yet: writing makes it. A name must not
    end like another of our formats than its own, which has the ``ending``.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        ending: str,
        known: Callable[[bytes], bool],
        inputs: Iterable[Path] = (),
        made: Path | None = None,
    ) -> None:
        self.path, self._kind, self._ending, self._known = path, kind, ending, known
        self._inputs, self._made = tuple(inputs), made
        self.check()

    def check(self) -> None:
        """Refuse what may not be written to."""
        for other in self._inputs:
            with _explained(other, "use"):
                real(other)
        with _explained(self.path):
            target, made = real(self.path), None if self._made is None else real(self._made)
            if target.is_dir():
                raise self._refusal("it is a folder")
            if any(_same_file(self.path, other) for other in self._inputs):
                raise self._refusal("this command reads or writes it already; choose another name")
            if any(real(other).is_relative_to(target) for other in self._inputs):
                raise self._refusal("this command writes into a folder of that name; choose another name")
            if _is_stream(self.path):
                return
            if target.parent != made and not target.parent.is_dir():
                raise self._refusal(f"there is no folder {short(str(target.parent), LONGEST_PATH)}")
            if target.exists() and not target.is_file():
                raise self._refusal("it is a device")
            if target.exists() and not self.is_replaceable():
                raise self._refusal(f"it is not {self._kind}, so it is not replaced; choose another name or remove it")
            if (said := self.path.suffix.lower()) in ENDINGS - {self._ending}:
                raise self._refusal(f"its name says {said}, but it would be {self._ending}; choose another name")
            # Whether a disk can be written to is known only by trying.
            tempfile.TemporaryFile(dir=next(folder for folder in target.parents if folder.is_dir())).close()

    def is_replaceable(self) -> bool:
        """Whether a regular file stands there that is empty or an earlier one of this kind."""
        if not self.path.is_file():
            return False
        with self.path.open("rb") as file:
            data = file.read(LARGEST_FILE)
        return not data or self._known(data)

    def write(self, parts: Parts) -> None:
        """Write it; what stands there may have changed since it was checked."""
        write_together({self: parts})

    def draft(self, parts: Parts | None) -> AbstractContextManager[Callable[[], None]]:
        """A draft of it, and what puts that in its place; without content an earlier file is removed instead."""
        self.check()
        if parts is None:
            return nullcontext(self.remove)
        if self._made is not None:
            with _explained(self.path):
                real(self.path).parent.mkdir(parents=True, exist_ok=True)
        return _draft(self.path, parts)

    def remove(self) -> None:
        """Remove an earlier file of this kind, and nothing else."""
        with _explained(self.path):
            if self.is_replaceable():
                self.path.unlink()

    def _refusal(self, reason: str) -> FileError:
        return FileError(f"cannot write {short(str(self.path), LONGEST_PATH)}: {reason}")


def write_together(files: Mapping[Output, Parts | None]) -> None:
    """Write the files of one run: all are drafts on the disk before the first is put in its place.

    What fails or is stopped before leaves every earlier file; a file without content is removed.
    """
    with ExitStack() as drafts:
        for put in [drafts.enter_context(output.draft(parts)) for output, parts in files.items()]:
            put()


@contextmanager
def _draft(path: Path, parts: Parts) -> Iterator[Callable[[], None]]:
    """A file's content on the disk beside it, and what puts it in place; a pipe gets it only then."""
    if isinstance(parts, str):
        parts = [parts.encode()]
    with _explained(path):
        target = real(path)
        draft = target.with_name(f".accord-{secrets.token_hex(8)}")  # no longer than the shortest name a disk allows

    def put() -> None:
        with _explained(path):
            if _is_stream(path):
                with path.open("wb") as file:
                    file.writelines(parts)
            else:
                draft.replace(target)
                _flush_folder(target.parent)

    try:
        with _explained(path):
            if not _is_stream(path):
                with draft.open("xb") as file:
                    file.writelines(parts)
                    file.flush()
                    os.fsync(file.fileno())
        yield put
    finally:
        with suppress(OSError):  # a disk that refused the draft refuses this too, and has said so
            draft.unlink()


def real(path: Path) -> Path:
    """The file a path leads to, through every link.

    Raises:
        OSError: when its links lead round in a circle.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    return path.resolve()


def _flush_folder(folder: Path) -> None:
    """The new name to the disk too, where the system knows how."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _is_stream(path: Path) -> bool:
    """Whether a path is a pipe, a terminal or the like: it holds nothing, so it is written to and never replaced."""
    if not path.exists():
        return False
    mode = path.stat().st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _same_file(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


@contextmanager
def _explained(path: Path, verb: str = "write") -> Iterator[None]:
    """Turn what the system says of a file that cannot be written into what a user can act on."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full; free some space or choose another place" if full else error.strerror
        raise FileError(f"cannot {verb} {short(str(path), LONGEST_PATH)}: {reason}") from None
