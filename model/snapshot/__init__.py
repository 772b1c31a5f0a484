"""Snapshots: what leaves the meeting, and stands a year later when someone asks where a number came from.

``make.freeze`` makes one, ``record.read`` opens and verifies one, ``replay.replay`` solves it again, ``memo`` turns it
into documents and ``library.Library`` keeps it. Nothing is imported here, so that the command line can show its help at
once.
"""
