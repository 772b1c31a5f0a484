"""Colours of :mod:`model.palette`, which documents share, and the type sizes of the screen's charts."""

from __future__ import annotations

from model.palette import (
    ACCOUNT_NAMES,
    ACCOUNTS,
    FAILS,
    GRID,
    GROUPS,
    INK,
    MINERALS,
    NON_PARTY,
    PARTY,
    PRODUCERS,
    RENTS,
    SLACK,
    STATUS_QUO,
    STOCKS,
    TREASURY,
    USERS,
    WITHOUT_AGREEMENT,
)

NEW_CAPACITY = "#88CCEE"
TRANSFERS = "#882255"
"""Two more of Tol's muted scheme, for levers of a design that no other page has."""
FONT = "Source Sans, Source Sans Pro, sans-serif"
FONT_SIZE = 16
"""Chart text in pixels: read from the back of the room on a projector of 1024 pixels."""
CHART_HEIGHT = 370

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_NAMES",
    "CHART_HEIGHT",
    "FAILS",
    "FONT",
    "FONT_SIZE",
    "GRID",
    "GROUPS",
    "INK",
    "MINERALS",
    "NEW_CAPACITY",
    "NON_PARTY",
    "PARTY",
    "PRODUCERS",
    "RENTS",
    "SLACK",
    "STATUS_QUO",
    "STOCKS",
    "TRANSFERS",
    "TREASURY",
    "USERS",
    "WITHOUT_AGREEMENT",
]
