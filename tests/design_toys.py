"""Options whose gains are written down by hand, and a small market solved by the engine, to test the optimiser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.case import Case, market_of
from model.design.choice import ChoiceTerms
from model.design.choice.options import Frame, Option
from model.design.problem.packages import Package
from model.design.problem.request import DesignRequest
from model.design.responses.facts import facts_from
from model.design.responses.respond import reduce_solved, respond
from model.design.responses.response import Response, question
from model.equilibrium import SolvedMineral, solve
from model.units import MILLION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model.design.problem.facts import Facts
    from model.scenario import Scenario
    from model.world import World

STAGE = "refined"
MINERAL = "antimony"


def response(users: Mapping[str, float], **others: Any) -> Response:
    """A response in which users gain the given million USD and nothing else happens."""
    empty: dict[str, Any] = {name: {} for name in Response.__dataclass_fields__ if name not in {"why_not", "users_usd"}}
    return Response(**empty | {"users_usd": {k: v * MILLION for k, v in users.items()}, "why_not": ()} | others)


def option(frame: Frame, label: float, gains: Mapping[str, float], **others: Any) -> Option:
    """A package, told apart by its floor, with the same response in every state."""
    nothing = tuple(response({}, use_t={"A": 100.0, "B": 100.0}) for _ in frame.states)
    own = tuple(response(gains, **{"use_t": {"A": 100.0, "B": 100.0}, **others}) for _ in frame.states)
    return Option(frame, Package(mineral=MINERAL, stage=STAGE, floor=label), own, nothing, 1000.0)


def frame_of(parties: Sequence[str] = ("A", "B"), weight: Sequence[float] = (1.0,)) -> Frame:
    return Frame(tuple(parties), tuple(f"state {s}" for s in range(len(weight))), np.array(weight))


def terms_of(gains: Sequence[Mapping[str, float]], parties: Sequence[str] = ("A", "B"), **request: Any) -> ChoiceTerms:
    """A choice among packages with these gains [million USD/yr]; the neutral one is added."""
    frame = frame_of(parties)
    options = [option(frame, 0.0, {}), *(option(frame, float(i), each) for i, each in enumerate(gains, start=1))]
    asked = DesignRequest.parse({"parties": list(parties), "gap": 0.0, "least_gain": 0.0, **request}, "design")
    return ChoiceTerms(asked, frame, {MINERAL: options})


def label(terms: ChoiceTerms, positions: Mapping[str, int]) -> int:
    """Which of the packages written down was chosen; 0 = the neutral one."""
    return int(terms.options[MINERAL][positions[MINERAL]].package.floor)


def facts_of(world: World, scenario: Scenario, mineral: str) -> Facts:
    """The status quo of a mineral on a shipped market."""
    response = respond(world, question(world, scenario.undisturbed(), mineral))
    return facts_from(response, mineral, world.stages[mineral][-1], scenario.parties)


def solved_case(content: dict[str, Any], **agreement: Any) -> SolvedMineral:
    """A case file's only mineral, solved under an agreement."""
    case = Case.parse(content | {"agreement": agreement}, "toy")
    equilibrium = solve(market_of(case), case.parties, case.agreement, case.shocks)
    (mineral,) = equilibrium.states
    return SolvedMineral(equilibrium.states[mineral], equilibrium.accounts[mineral])


def case_response(content: dict[str, Any], parties: Sequence[str], **agreement: Any) -> Response:
    solved = solved_case(content, **agreement)
    case = Case.parse(content | {"agreement": agreement}, "toy")
    return reduce_solved(solved, frozenset(parties), case.agreement)
