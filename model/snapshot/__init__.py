"""Snapshots: what leaves the meeting, and stands a year later when someone asks where a number came from."""

from model.snapshot.make import Progress, freeze, freezing
from model.snapshot.record import FORMAT, Snapshot, parse, read
from model.snapshot.replay import Replay, replay

__all__ = ["FORMAT", "Progress", "Replay", "Snapshot", "freeze", "freezing", "parse", "read", "replay"]
