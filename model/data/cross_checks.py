"""Rules that tie several tables together, one small function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from model.data.schema import Fault

Frames = Mapping[str, pd.DataFrame]


def check_every_country_is_in_one_region(frames: Frames) -> list[Fault]:
    """A country may be a member of one region only, else its trade would count twice."""
    members = frames["regions"].members.str.split(";").explode()
    return [
        Fault("regions", int(index) + 2, "members", str(country), "country belongs to another region already")  # type: ignore[call-overload]
        for index, country in members[members.duplicated()].items()
    ]


def check_every_assumption_lies_in_its_range(frames: Frames) -> list[Fault]:
    """The value used must be one of those tried."""
    table = frames["assumptions"]
    outside = (table.value < table.low) | (table.value > table.high)
    return [
        Fault("assumptions", int(index) + 2, "value", f"{row.id}: {row.value:g}", f"must lie in {row.low:g} to {row.high:g}")  # type: ignore[call-overload]
        for index, row in table[outside].iterrows()
    ]


CROSS_CHECKS: tuple[tuple[tuple[str, ...], Callable[[Frames], list[Fault]]], ...] = (
    (("regions",), check_every_country_is_in_one_region),
    (("assumptions",), check_every_assumption_lies_in_its_range),
)
