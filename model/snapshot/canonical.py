"""One text for one content.

What identities and checksums are taken over, and how such text is read with every doubt.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from model.errors import SnapshotError


def canonical(content: object) -> str:
    """JSON with sorted keys, no spaces and the shortest digits that give every number back.

    >>> canonical({"b": 0.1, "a": [1, "é"]})
    '{"a":[1,"é"],"b":0.1}'
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(content: object) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(content).encode("utf-8", "surrogatepass")).hexdigest()


def parse_object(text: str, what: str) -> dict[str, Any]:
    """The JSON object a text holds; NaN, doubled keys and anything but an object are refused.

    Raises:
        SnapshotError: naming the place where the text ends or breaks.
    """
    try:
        content = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SnapshotError(
            f"{what} is cut off or is not JSON ({error.msg} at {where}); ask for the file again"
        ) from None
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{what} is damaged: {error}") from None
    if not isinstance(content, dict):
        raise SnapshotError(f"{what} holds no JSON object, so it is not one of ours")
    return content


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return content
