"""The formats a document can leave in."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from model.errors import SnapshotError
from model.files import short
from model.memo.comparison import comparison
from model.memo.content import memo
from model.records import choices

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    try:
        return memo(snapshots[0]) if len(snapshots) == 1 else comparison(snapshots)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise SnapshotError(
            f"a snapshot holds no {short(str(error))} where a memo looks for it; it was changed after it was made, or "
            "an older version made it. Solve its scenario again"
        ) from error


def export(document: Document, format: str) -> bytes:
    """The document's file; two exports of the same snapshots with the same versions are the same bytes."""
    if format not in WRITERS:
        raise SnapshotError(f"there is no format {format!r}; {choices(FORMATS, format)}")
    data = import_module(f"model.memo.{WRITERS[format]}").write(document)
    assert isinstance(data, bytes)
    return data
