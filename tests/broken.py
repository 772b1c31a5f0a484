"""The market on which wedges are broken by hand, and the ways to break one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from model.equilibrium import solver
from model.equilibrium.conditions import Point, System
from model.equilibrium.search import interior
from model.equilibrium.search.complementarity import Complementarity
from tests.formulation import PLACE

Break = Callable[[pytest.MonkeyPatch], None]

MARKET: dict[str, Any] = {
    "regions": [{"id": "HOME", "party": True}, {"id": "ABROAD"}],
    "supply": [
        PLACE | {"region": "HOME", "curve": {"kind": "linear", "price_at_zero": 4.0, "slope": 2.0}},
        PLACE | {"region": "ABROAD", "curve": {"kind": "linear", "price_at_zero": 2.0, "slope": 1.0}},
    ],
    "demand": [PLACE | {"region": "HOME", "curve": {"kind": "linear", "price_at_zero": 40.0, "slope": 1.0}}],
    "routes": [PLACE | {"from": "ABROAD", "to": "HOME", "cost": 1.0, "cost_slope": 0.1}],
}


def of_system(name: str, change: Callable[[Any], Any]) -> Break:
    """Break what the search knows of an instrument, right after it was read."""

    def breaks(patch: pytest.MonkeyPatch) -> None:
        made = System.__init__

        def broken(self: System, *arguments: Any) -> None:
            made(self, *arguments)
            setattr(self, name, change(getattr(self, name)))

        patch.setattr(System, "__init__", broken)

    return breaks


def of_conditions(change: Callable[[Complementarity], None]) -> Break:
    """Break what the interior-point method solves, right after it was set up."""

    def breaks(patch: pytest.MonkeyPatch) -> None:
        made = Complementarity.__init__

        def broken(self: Complementarity, *arguments: Any) -> None:
            made(self, *arguments)
            change(self)

        patch.setattr(Complementarity, "__init__", broken)

    return breaks


def of_point(change: Callable[[Point], Point]) -> Break:
    """Break the point that the search hands to the proof."""

    def breaks(patch: pytest.MonkeyPatch) -> None:
        find = interior.find
        patch.setattr(solver, "find", lambda *asked, **how: change(find(*asked, **how)))

    return breaks
