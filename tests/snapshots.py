"""A snapshot to test with: one mineral, three parties, every kind of instrument that has a schedule of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from model.scenario import Scenario
from model.snapshot.make import Origin, freeze
from model.snapshot.record import Snapshot, checksum, identity, opened, read
from model.world import World

SAMPLE = Path(__file__).parent / "samples" / "snapshot_format1.json"
MOMENT = datetime(2026, 7, 1, 11, 40, tzinfo=UTC)
PARTIES = ["USA", "EUN", "JPN"]
PLACE = {"mineral": "bismuth", "stage": "refined"}


def scenario(world: World, **changes: Any) -> Scenario:
    """A floor, a tariff-rate quota, an offtake and a stockpile for bismuth, one assumption changed."""
    outside = [region for region in world.regions if region not in PARTIES]
    agreement = {
        "floors": [{**PLACE, "parties": PARTIES, "price": 16_543.21}],
        "trqs": [
            {**PLACE, "importers": ["USA"], "exporters": outside, "quantity": 900.0, "over_quota": {"ad_valorem": 0.25}}
        ],
        "offtakes": [{**PLACE, "producer": "JPN", "buyer": "USA", "quantity": 50.0, "strike": 20_000.0}],
        "stockpiles": [{**PLACE, "party": "EUN", "quantity": 120.0, "release_above": 150_000.0}],
    }
    content = {
        "name": "Bismuth: a floor",
        "minerals": ["bismuth"],
        "parties": PARTIES,
        "agreement": agreement,
        "assumptions": {"pass_through": 0.9},
    }
    return Scenario.parse({**content, **changes}, "scenario")


@cache
def made(world: World) -> Snapshot:
    """A snapshot of that scenario made by this version."""
    return freeze(world, scenario(world), Origin("A. Négociatrice", MOMENT))


@cache
def sample() -> Snapshot:
    """The snapshot of format 1 that every later version must open."""
    return read(SAMPLE)


def altered(snapshot: Snapshot, change: Callable[[dict[str, Any]], object]) -> Snapshot:
    """A snapshot with changed content and new seals, as a later version or a clever stranger would make it."""
    content = copy.deepcopy(snapshot.content)
    change(content)
    content["id"] = identity(content["inputs"])
    content["checksum"] = checksum(content)
    return opened(content, "snapshot")


def renamed(snapshot: Snapshot, name: str, author: str = "") -> Snapshot:
    """A snapshot under another name and author."""

    def change(content: dict[str, Any]) -> None:
        content["inputs"]["scenario"]["name"] = name
        content["author"] = author

    return altered(snapshot, change)
