"""One text for one content: what identities and checksums are taken over."""

from __future__ import annotations

import hashlib
import json


def canonical(content: object) -> str:
    """JSON with sorted keys, no spaces and the shortest digits that give every number back.

    >>> canonical({"b": 0.1, "a": [1, "é"]})
    '{"a":[1,"é"],"b":0.1}'
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(content: object) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(content).encode("utf-8", "surrogatepass")).hexdigest()
