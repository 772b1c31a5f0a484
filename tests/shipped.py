"""The shipped markets, loaded and calibrated once for all tests of a process: memory never changes a number."""

from __future__ import annotations

from typing import Any

from model.scenario import FORMAT, Scenario
from model.world import World

WORLD = World()


def of_today(content: dict[str, Any]) -> Scenario:
    """A scenario of today's format, so against the same status quo as ``Scenario()``."""
    return Scenario.parse({"format": FORMAT, **content}, "scenario")
