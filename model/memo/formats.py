"""The formats a document can leave in."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from model.errors import SnapshotError
from model.files import short
from model.memo.comparison import comparison
from model.memo.content import memo
from model.records import choices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from model.memo.blocks import Document
    from model.snapshot.record import Snapshot

WRITERS = {"docx": "word", "pdf": "pdf", "xlsx": "excel", "html": "html"}
"""Format to the module whose ``write`` makes it; a writer's libraries are imported when it is first used."""
FORMATS = tuple(WRITERS)
MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
}


def document_of(snapshots: Sequence[Snapshot]) -> Document:
    """The memo of one snapshot, or of several side by side.

    Raises:
        SnapshotError: for a wrong number of them, or where one lacks what a memo tells, as a stranger's file may.
    """
    with _explained(" or ".join(snapshot.short_id for snapshot in snapshots)):
        return memo(snapshots[0]) if len(snapshots) == 1 else comparison(snapshots)


def export(document: Document, format: str) -> bytes:
    """The document's file; two exports of the same snapshots with the same versions are the same bytes."""
    if format not in WRITERS:
        raise SnapshotError(f"there is no format {format!r}; {choices(FORMATS, format)}")
    with _explained(document.short_id):
        data = import_module(f"model.memo.{WRITERS[format]}").write(document)
    assert isinstance(data, bytes)
    return data


@contextmanager
def _explained(which: str) -> Iterator[None]:
    """Tell of a stranger's snapshot what a memo misses in it."""
    try:
        yield
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, NotImplementedError) as error:
        key = error.args[0] if isinstance(error, KeyError) else None
        what = repr(short(key)) if isinstance(key, str) and key.isidentifier() else "all"
        raise SnapshotError(
            f"the snapshot {which} does not hold {what} that a memo tells; it was changed after it was made, or an "
            "older version made it. Solve its scenario again"
        ) from error
