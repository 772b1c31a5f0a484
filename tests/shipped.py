"""The shipped markets, loaded and calibrated once for all tests of a process: memory never changes a number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from model.scenario import FORMAT, Scenario
from model.world import World

WORLD = World()


def slow_but(first: object, values: Iterable[object]) -> list[object]:
    """Every value, all but one of them in the full suite only."""
    return [pytest.param(value, marks=() if value == first else pytest.mark.slow) for value in values]


EVERY_MINERAL = slow_but("antimony", WORLD.minerals)


def of_today(content: dict[str, Any]) -> Scenario:
    """A scenario of today's format, so against the same status quo as ``Scenario()``."""
    return Scenario.parse({"format": FORMAT, **content}, "scenario")
