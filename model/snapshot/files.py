"""Files that leave the program: written whole or not at all, under names that cannot lead elsewhere."""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from typing import TYPE_CHECKING

from model.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LONGEST_NAME = 60
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
)
"""Names that Windows keeps for devices."""


def file_name(title: str, short_id: str, ending: str) -> str:
    """A plain file name from a stranger's title: letters, digits and hyphens, then the short id.

    >>> file_name("../../etc/passwd", "abc", "json"), file_name("Größe: <b>", "abc", "pdf")
    ('etc-passwd-abc.json', 'Größe-b-abc.pdf')
    """
    words = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", title)).strip("-_")[:LONGEST_NAME].strip("-_")
    stem = f"{words}-{short_id}" if words and words.lower() not in RESERVED else f"snapshot-{short_id}"
    return f"{stem}.{ending}"


def require_place(path: Path) -> None:
    """Refuse before the work what could not be written after it.

    Raises:
        SnapshotError: when the folder does not exist or the path is a folder.
    """
    if not path.parent.is_dir():
        raise SnapshotError(f"cannot write {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise SnapshotError(f"cannot write {path}: it is a folder")


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file whole or not at all; an earlier file survives a failure.

    Raises:
        SnapshotError: when it cannot be written, saying why.
    """
    draft = path.resolve().with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path.resolve())
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full; free some space or choose another place" if full else error.strerror
        raise SnapshotError(f"cannot write {path}: {reason}") from None
    finally:
        draft.unlink(missing_ok=True)
