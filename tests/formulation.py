"""A market that can be solved by hand, and what a formulation lays over it.

HOME uses 40 - price and makes 5 at 4 or more and 5 more at 30 or more; PARTNER offers 6 at 16, ABROAD 30 at 17; each
route to HOME costs 1. Without any measure HOME pays 18, makes 5 and takes 6 from PARTNER and 11 from ABROAD.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PARTIES = frozenset({"HOME", "PARTNER"})
PLACE = {"mineral": "m", "stage": "refined"}
FROM_ABROAD = PLACE | {"importers": ["HOME"], "exporters": ["ABROAD"]}

TOY = {
    "regions": [{"id": "HOME", "party": True}, {"id": "PARTNER", "party": True}, {"id": "ABROAD"}],
    "supply": [
        {"region": "HOME", "curve": {"kind": "steps", "steps": [[4, 5], [30, 5]]}} | PLACE,
        {"region": "PARTNER", "curve": {"kind": "steps", "steps": [[16, 6]]}} | PLACE,
        {"region": "ABROAD", "curve": {"kind": "steps", "steps": [[17, 30]]}} | PLACE,
    ],
    "demand": [{"region": "HOME", "curve": {"kind": "linear", "price_at_zero": 40, "slope": 1}} | PLACE],
    "routes": [
        {"from": "PARTNER", "to": "HOME", "cost": 1} | PLACE,
        {"from": "ABROAD", "to": "HOME", "cost": 1} | PLACE,
    ],
}
"""The market of most formulations."""
CHAIN = {
    "regions": [{"id": "HOME", "party": True}],
    "supply": [{"region": "HOME", "mineral": "m", "stage": "mine", "curve": {"kind": "steps", "steps": [[4, 20]]}}],
    "demand": [{"region": "HOME", "curve": {"kind": "linear", "price_at_zero": 40, "slope": 1}} | PLACE],
    "processing": [{"region": "HOME", "mineral": "m", "from": "mine", "to": "refined", "recovery": 0.5, "cost": 3}],
}
"""Two units of ore at 4 and 3 of processing make one unit of metal, until the 20 units of ore are used up."""


@dataclass(frozen=True)
class Formulation:
    """What is laid over the toy market, and the price HOME's users then pay, found by hand."""

    home_price: float
    agreement: dict[str, Any] = field(default_factory=dict)
    shocks: tuple[dict[str, Any], ...] = ()
    duty: float = 0.0
    """Ad valorem duty in force on every route."""
    exporter_stock_price: float | None = None
    case: dict[str, Any] = field(default_factory=lambda: TOY)
