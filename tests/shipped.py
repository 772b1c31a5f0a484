"""The shipped markets, loaded and calibrated once for all tests of a process: memory never changes a number."""

from __future__ import annotations

from model.world import World

WORLD = World()
