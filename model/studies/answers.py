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


def under_answers(world: World, scenario: Scenario, mineral: str) -> Iterator[Progress[dict[str, Outcome]]]:
    """The scenario with one answer after the other in place of its own; none where nothing is agreed on the mineral."""
    agreed = any(scenario.agreement.terms(mineral))
    names = [name for name in world.library.answers if agreed and world.library.touches(name, [mineral])]
    plain = world.unanswered(scenario.model_copy(update={"minerals": (mineral,)}))
    found: dict[str, Outcome] = {}
    failed: list[str] = []
    yield Progress(0, len(names), "", {})
    for done, name in enumerate(names, start=1):
        try:
            found[name] = world.outcome(plain.model_copy(update={"shocks": (*plain.shocks, NamedShock(name=name))}))
        except AccordError:
            failed.append(name)
        yield Progress(done, len(names), name, dict(found), tuple(failed))
