"""What can happen to a market: kinds of shocks, the library of named ones, and the controls in force."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Field, Tag

from model.shocks.controls import (
    LICENCE,
    Replaced,
    controls_in_force,
    in_force,
    laid_together,
    let_out,
    licence_multiples,
    licences_on,
)
from model.shocks.kinds import KINDS, Base, Disturbance, ExportQuota
from model.shocks.library import Answer, NamedShock, ShockLibrary

__all__ = [
    "KINDS",
    "LICENCE",
    "Answer",
    "AnyShock",
    "Base",
    "CaseShock",
    "Disturbance",
    "ExportQuota",
    "NamedShock",
    "Replaced",
    "Shock",
    "ShockLibrary",
    "controls_in_force",
    "in_force",
    "laid_together",
    "let_out",
    "licence_multiples",
    "licences_on",
]


def _one_of(kinds: tuple[type[Disturbance], ...]) -> Any:
    """A shock of one of some kinds, told by its key ``kind``."""
    return Annotated[reduce(or_, kinds), Field(discriminator="kind")]


def _which_shock(content: object) -> str:
    has_kind = "kind" in content if isinstance(content, dict) else hasattr(content, "kind")
    return "described" if has_kind else "named"


if TYPE_CHECKING:
    CaseShock = Disturbance
    Shock = Disturbance
    AnyShock = NamedShock | Disturbance
else:
    CaseShock = _one_of(tuple(kind for kind in KINDS if kind.in_cases))
    Shock = _one_of(KINDS)
    AnyShock = Annotated[
        Annotated[NamedShock, Tag("named")] | Annotated[Shock, Tag("described")], Discriminator(_which_shock)
    ]
    """A shock of the library by name, or one described in full (which has a ``kind``)."""
