"""Colours, once, for the screen and for documents. One meaning, one colour; safe for common forms of colour blindness.

Hues follow P. Tol's qualitative schemes: parties blue, non-parties amber, users, producers and treasury each their own;
the status quo is grey. Losses are told by their side of zero, never by red alone.
"""

from __future__ import annotations

PARTY = "#1F5A99"
NON_PARTY = "#E69F00"
STOCKS = "#8C6BB1"
STATUS_QUO = "#9AA0A6"
WITHOUT_AGREEMENT = "#5F6368"

USERS = "#CC6677"
PRODUCERS = "#117733"
TREASURY = "#44AA99"
RENTS = "#999933"
SUPPLIER_CHANGE = "#DDCC77"
PUBLIC_FUNDS = "#332288"

INK = "#1B1F24"
GRID = "#E3E6EA"
SLACK = "#EEF0F2"
FAILS = "#F7E3B5"

NEW_CAPACITY = "#88CCEE"
TRANSFERS = "#882255"

FONT = "Source Sans, Source Sans Pro, sans-serif"
FONT_SIZE = 16
"""Chart text on the screen in pixels: read from the back of the room on a projector of 1024 pixels."""
CHART_HEIGHT = 370

GROUPS = {"party": PARTY, "non_party": NON_PARTY, "stocks": STOCKS}
ACCOUNT_COLOURS = {
    "users_usd": USERS,
    "supplier_change_usd": SUPPLIER_CHANGE,
    "producers_usd": PRODUCERS,
    "treasury_usd": TREASURY,
    "rents_usd": RENTS,
    "stock_value_usd": STOCKS,
    "public_funds_usd": PUBLIC_FUNDS,
}
"""Of one party's accounts, settlements of offtakes with the rents."""

MINERALS = {
    "copper": "#B5651D",
    "lithium": "#DDAA33",
    "cobalt": "#004488",
    "graphite": "#333333",
    "aluminum": "#7F8FA6",
    "molybdenum": "#6F4E7C",
    "titanium": "#0099A8",
    "antimony": "#882255",
    "tungsten": "#4A6B2A",
    "rare_earths": "#CC3311",
    "yttrium": "#EE99AA",
    "gallium": "#33BBEE",
    "germanium": "#AA4499",
    "bismuth": "#999933",
}
