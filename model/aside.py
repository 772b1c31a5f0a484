"""What stands beside an agreement's instruments: projects built, lump sums paid, common purses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model.words.numbers import counted, listing, starting
from model.words.yearly import money_a_year

if TYPE_CHECKING:
    import pandas as pd

    from model.words.names import Names


@dataclass(frozen=True)
class Aside:
    """What a designed agreement holds that a scenario cannot: projects built by mineral, lump sums received by party.

    Lump sums are million USD a year. ``has_purse`` says that levies, rents or outlays are also divided anew.
    """

    projects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    transfers: dict[str, float] = field(default_factory=dict)
    has_purse: bool = False


NOTHING_BESIDE = Aside()


def aside_in_words(aside: Aside, table: pd.DataFrame, names: Names) -> str:
    """What is built and moved beside the instruments, by the ``table`` of projects; empty where nothing is."""
    by_id = {str(row.id): f"{row.name} ({names.region(str(row.region))})" for row in table.itertuples(index=False)}
    built = [by_id[project] for ids in aside.projects.values() for project in ids]
    paid = [f"{names.region(p)} pays {money_a_year(musd)}" for p, musd in aside.transfers.items() if musd < 0]
    received = [f"{names.region(p)} receives {money_a_year(musd)}" for p, musd in aside.transfers.items() if musd > 0]
    parts = [f"built: {', '.join(built)}" if built else "", ", ".join((*paid, *received))]
    parts.append("levies, rents or outlays are divided anew" if aside.has_purse else "")
    return starting("; ".join(part for part in parts if part))


def aside_in_short(aside: Aside) -> str:
    """That something stands beside the instruments, in few words; empty where nothing does."""
    number = sum(len(ids) for ids in aside.projects.values())
    built = counted(number, "new project", "new projects") if number else ""
    parts = (built, "transfers" if aside.transfers else "", "a common purse" if aside.has_purse else "")
    return listing([part for part in parts if part])
