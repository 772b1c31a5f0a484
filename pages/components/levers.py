"""Edits of a scenario that the sidebar offers: each takes a scenario and returns another, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.instruments import Agreement, Floor, Offtake, Stockpile, Tariff, Trq, ZeroForZero
from model.shocks import NamedShock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.records import Record
    from model.scenario import Scenario

RECORDS: dict[str, type[Record]] = {
    "floors": Floor,
    "trqs": Trq,
    "tariffs": Tariff,
    "zero_for_zero": ZeroForZero,
    "offtakes": Offtake,
    "stockpiles": Stockpile,
}
"""The lists of instruments the sidebar edits: the first of each on the mineral in view; others stay as they are."""


def focus(scenario: Scenario) -> str:
    """The mineral in view."""
    return scenario.minerals[0]


def first(scenario: Scenario, instruments: str) -> Any:
    """The first instrument of a list on the mineral in view, or None."""
    return next((item for item in getattr(scenario.agreement, instruments) if item.mineral == focus(scenario)), None)


def put(scenario: Scenario, instruments: str, content: dict[str, Any] | None) -> Scenario:
    """The scenario with that first instrument replaced, added, or (None) taken away.

    Raises:
        ScenarioError: when the content is not a valid instrument.
    """
    present = list(getattr(scenario.agreement, instruments))
    old = first(scenario, instruments)
    at = next((index for index, item in enumerate(present) if item is old), len(present))
    new = [] if content is None else [RECORDS[instruments].parse(content, instruments.replace("_", " ").rstrip("s"))]
    agreement = scenario.agreement.model_copy(update={instruments: (*present[:at], *new, *present[at + 1 :])})
    return scenario.model_copy(update={"agreement": agreement})


def others(scenario: Scenario) -> list[str]:
    """Minerals beside the one in view that have instruments in the agreement."""
    named = [item.mineral for name in Agreement.model_fields for item in getattr(scenario.agreement, name)]
    return sorted(set(named) - {focus(scenario)})


def unseen(scenario: Scenario) -> int:
    """How many instruments on the mineral in view the sidebar does not show."""
    items = [
        item
        for name in Agreement.model_fields
        for item in getattr(scenario.agreement, name)
        if item.mineral == focus(scenario)
    ]
    shown = [first(scenario, name) for name in RECORDS]
    return len(items) - len([item for item in shown if item is not None])


def with_focus(scenario: Scenario, mineral: str) -> Scenario:
    """The scenario with another mineral in view; shocks that do not touch it stay, since they may touch its hosts."""
    looked_at = scenario.model_copy(update={"minerals": (mineral,)})
    return looked_at.model_copy(update={"minerals": (mineral, *others(looked_at))})


def counting(scenario: Scenario, more: Sequence[str]) -> Scenario:
    """The scenario looked at in more minerals."""
    return scenario.model_copy(update={"minerals": tuple(dict.fromkeys([*scenario.minerals, *more]))})


def with_parties(scenario: Scenario, parties: Sequence[str], regions: Iterable[str]) -> Scenario:
    """The scenario with other parties: measures of all parties or against all others follow, leavers drop out."""
    regions = tuple(regions)
    before, outside = set(scenario.parties), set(regions) - set(scenario.parties)
    now, now_outside = tuple(parties), tuple(name for name in regions if name not in parties)

    def moved(named: tuple[str, ...]) -> tuple[str, ...]:
        if set(named) == before:
            return now
        return now_outside if set(named) == outside else named

    agreement = scenario.agreement
    floors = [item.model_copy(update={"parties": _members(item.parties, before, now)}) for item in agreement.floors]
    border = {
        name: tuple(
            item.model_copy(update={"importers": moved(item.importers), "exporters": moved(item.exporters)})
            for item in getattr(agreement, name)
        )
        for name in ("tariffs", "quotas", "trqs")
    }
    kept = {"floors": tuple(item for item in floors if item.parties), **border}
    return scenario.model_copy(update={"parties": now, "agreement": agreement.model_copy(update=kept)})


def _members(named: tuple[str, ...], before: set[str], now: tuple[str, ...]) -> tuple[str, ...]:
    return now if set(named) == before else tuple(name for name in named if name in now)


def with_shocks(scenario: Scenario, names: Sequence[str]) -> Scenario:
    """The scenario with these named shocks; those it had keep their severity, unnamed ones stay."""
    had = {shock.name: shock for shock in scenario.shocks if isinstance(shock, NamedShock)}
    plain = [shock for shock in scenario.shocks if not isinstance(shock, NamedShock)]
    return scenario.model_copy(update={"shocks": (*(had.get(name) or NamedShock(name=name) for name in names), *plain)})


def with_severity(scenario: Scenario, name: str, severity: float | None) -> Scenario:
    """The scenario with one named shock at another severity; None is the library's own."""
    shocks = tuple(
        NamedShock.parse({"name": name, "severity": severity}, "shock")
        if isinstance(shock, NamedShock) and shock.name == name
        else shock
        for shock in scenario.shocks
    )
    return scenario.model_copy(update={"shocks": shocks})


def with_assumption(scenario: Scenario, name: str, value: float | None) -> Scenario:
    """The scenario with one assumption at another value; None is the registered one."""
    kept = {key: old for key, old in scenario.assumptions.items() if key != name}
    return scenario.model_copy(update={"assumptions": kept if value is None else {**kept, name: value}})
