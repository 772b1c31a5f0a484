"""An agreement under each answer that an exporter may give to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.errors import AccordError
from model.shocks import NamedShock
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.outcome import Outcome
    from model.scenario import Scenario
    from model.world import World


def answers_to(world: World, scenario: Scenario, mineral: str) -> list[str]:
    """Named answers to what is agreed on a mineral; none where nothing is."""
    agreed = any(scenario.agreement.terms(mineral))
    return [name for name in world.library.answers if agreed and world.library.touches(name, [mineral])]


def under_answers(world: World, scenario: Scenario, mineral: str) -> Iterator[Progress[dict[str, Outcome]]]:
    """The scenario with one answer after the other in place of its own."""
    names = answers_to(world, scenario, mineral)
    events = world.unanswered(scenario).shocks
    found: dict[str, Outcome] = {}
    failed: list[str] = []
    yield Progress(0, len(names), "", {})
    for done, name in enumerate(names, start=1):
        try:
            change = {"minerals": (mineral,), "shocks": (*events, NamedShock(name=name))}
            found[name] = world.outcome(scenario.model_copy(update=change))
        except AccordError:
            failed.append(name)
        yield Progress(done, len(names), name, dict(found), tuple(failed))
