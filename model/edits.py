"""Edits of a scenario: each takes a scenario and returns another, nothing else.

The mineral in view is the scenario's first. A reader sees one instrument of every kind on it, and edits that one;
everything else in the agreement stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from model.instruments import (
    KINDS,
    Floor,
    Instrument,
    Mechanism,
    Membership,
    lever,
)
from model.instruments.base import REGION_IDS
from model.records import REGION_ID
from model.scenario import FORMAT
from model.shocks import NamedShock
from model.words.levers import rounded
from model.words.numbers import lowered, starting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.instruments.base import StatusQuo
    from model.scenario import Scenario, StatusQuoId

Kind = TypeVar("Kind", bound=Instrument)

BORDER = tuple(kind for kind in KINDS if kind.group == "border")
"""Instruments that share one stage on the screen."""
CAPPED = "capped"
MECHANISMS = dict.fromkeys((Mechanism.VARIABLE_LEVY.value, CAPPED), "Capped levy") | {
    mechanism.value: starting(mechanism.words) for mechanism in Mechanism
}
"""How a floor may be held, as the screen offers it: a levy with a cap stands after the one without."""
FIRST_CAP_SHARE = 0.1
"""Cap of a new levy as a share of the floor, for the parties to change (assumption)."""


def focus(scenario: Scenario) -> str:
    """The mineral in view."""
    return scenario.minerals[0]


def first(scenario: Scenario, kind: type[Kind]) -> Kind | None:
    """The instrument of a kind that is shown, or None: the first on the mineral in view, at the border's one stage."""
    stage = border_stage(scenario) if kind in BORDER else None
    return scenario.agreement.first(kind, focus(scenario), stage)


def border_stage(scenario: Scenario) -> str | None:
    """The stage of the border measures shown; None where there are none."""
    terms = (term for kind in BORDER for term in scenario.agreement.of(kind, focus(scenario)))
    return next((term.stage for term in terms), None)


def put(scenario: Scenario, kind: type[Instrument], content: dict[str, Any] | None) -> Scenario:
    """The scenario with the instrument shown replaced, added, or (None) taken away.

    Raises:
        ScenarioError: when the content is not a valid instrument.
    """
    return _replaced(scenario, kind, first(scenario, kind), content)


def _replaced(
    scenario: Scenario, kind: type[Instrument], old: Instrument | None, content: dict[str, Any] | None
) -> Scenario:
    present = scenario.agreement.of(kind)
    at = next((index for index, term in enumerate(present) if term is old), len(present))
    new = [] if content is None else [kind.parse(content, lowered(kind.title))]
    agreement = scenario.agreement.replacing(kind, (*present[:at], *new, *present[at + 1 :]))
    return scenario.model_copy(update={"agreement": agreement})


def with_field(scenario: Scenario, kind: type[Instrument], path: str, value: object) -> Scenario:
    """The scenario with one field of the instrument shown at another value, unchanged where none is shown.

    ``over_quota.specific`` names a field of a record inside the instrument.

    Raises:
        ScenarioError: when the instrument cannot have the value.
    """
    term = first(scenario, kind)
    if term is None:
        return scenario
    content = inner = term.model_dump(mode="json")
    *outer, name = path.split(".")
    for part in outer:
        inner = inner[part]
    inner[name] = value
    return put(scenario, kind, content)


def others(scenario: Scenario) -> list[str]:
    """Minerals beside the one in view that have instruments in the agreement."""
    return sorted({term.mineral for _, term in scenario.agreement.terms()} - {focus(scenario)})


def unseen(scenario: Scenario) -> int:
    """How many instruments on the mineral in view are not shown."""
    held = list(scenario.agreement.terms(focus(scenario)))
    return len(held) - len([kind for kind in KINDS if first(scenario, kind) is not None])


def with_focus(scenario: Scenario, mineral: str) -> Scenario:
    """The scenario with another mineral in view; shocks that do not touch it stay, since they may touch its hosts."""
    looked_at = scenario.model_copy(update={"minerals": (mineral,)})
    return looked_at.model_copy(update={"minerals": (mineral, *others(looked_at))})


def with_status_quo(scenario: Scenario, status_quo: StatusQuoId) -> Scenario:
    """The scenario against another status quo, in the format that knows both."""
    return scenario.model_copy(update={"format": FORMAT, "status_quo": status_quo})


def counting(scenario: Scenario, more: Sequence[str]) -> Scenario:
    """The scenario looked at in more minerals."""
    return scenario.model_copy(update={"minerals": tuple(dict.fromkeys([*scenario.minerals, *more]))})


def with_parties(scenario: Scenario, parties: Sequence[str], regions: Sequence[str]) -> Scenario:
    """The scenario with other parties: measures of all parties or against all others follow, leavers drop out."""
    change = Membership(scenario.parties, tuple(parties), tuple(regions))
    return scenario.model_copy(update={"parties": change.members, "agreement": scenario.agreement.applied_by(change)})


def with_floor_level(scenario: Scenario, level: float, stage: str) -> Scenario:
    """The scenario with its floor at another level; a new one is held by all parties, none at a level of nothing."""
    if level <= 0:
        return put(scenario, Floor, None)
    if first(scenario, Floor) is not None:
        return with_field(scenario, Floor, "price", level)
    return put(scenario, Floor, {"parties": scenario.parties, **_place(scenario, stage), "price": level})


def floor_percent(level: float, reference: float) -> int:
    """A floor's level in percent of a reference price."""
    return round(100 * level / reference)


def floor_at_percent(percent: float, reference: float) -> float:
    """The level of a floor at so many percent of a reference price, rounded to four figures [USD/t]."""
    return rounded(percent / 100 * reference)


def with_floor_stage(scenario: Scenario, stage: str, before: float | None, after: float | None) -> Scenario:
    """The scenario with its floor at another stage, as far above the reference price there as it was before."""
    floor = first(scenario, Floor)
    if floor is None:
        return scenario
    level = rounded(floor.price / before * after) if before and after else floor.price
    changed = {"stage": stage, "price": level, "levy_cap": None, "ceiling": None}
    return put(scenario, Floor, {**floor.model_dump(mode="json"), **changed})


def mechanism_of(floor: Floor) -> str:
    """How a floor is held, a levy with a cap apart from one without."""
    is_capped = floor.mechanism is Mechanism.VARIABLE_LEVY and floor.levy_cap is not None
    return CAPPED if is_capped else floor.mechanism.value


def with_mechanism(scenario: Scenario, kind: str) -> Scenario:
    """The scenario with its floor held another way; what belongs to the way before goes."""
    floor = first(scenario, Floor)
    if floor is None:
        return scenario
    plain = floor.model_dump(mode="json", include={"parties", "mineral", "stage", "price"})
    if kind == CAPPED:
        return put(scenario, Floor, {**plain, "levy_cap": rounded(FIRST_CAP_SHARE * floor.price)})
    return put(scenario, Floor, {**plain, "mechanism": kind})


def at_border_stage(scenario: Scenario, stage: str) -> Scenario:
    """The scenario with the border measures shown at another stage."""
    for term in [first(scenario, kind) for kind in BORDER]:
        if term is not None:
            scenario = _replaced(scenario, type(term), term, {**term.model_dump(mode="json"), "stage": stage})
    return scenario


def started(scenario: Scenario, kind: type[Instrument], at: StatusQuo) -> Scenario:
    """The scenario with a new instrument of a kind: the fields that must be given start from the status quo.

    Raises:
        ScenarioError: when a field that must be given is none that the status quo tells.
    """
    regions = iter(dict.fromkeys([*scenario.parties, *at.regions]))
    content = _place(scenario, at.stage)
    for name in [name for name, field in kind.model_fields.items() if field.is_required() and name not in content]:
        match str(lever(kind, name).get("unit", "")).split(" (")[0]:
            case unit if unit == REGION_IDS:
                content[name] = list(all_of(scenario, kind, name, at.regions))
            case unit if unit == REGION_ID:
                content[name] = next(regions)
            case "USD/t":
                content[name] = rounded(at.price, 3)
            case "t contained per year":
                content[name] = rounded(at.imports_from_others)
    return put(scenario, kind, content | kind.first_levels(at))


def about(kind: type[Instrument]) -> str:
    """What a kind of instrument is, in the words of its record."""
    return (kind.__doc__ or kind.title).replace("``", "").replace("_", " ")


def all_of(scenario: Scenario, kind: type[Instrument], name: str, regions: Sequence[str]) -> tuple[str, ...]:
    """Whom a field of regions names that names a whole side: those who make the agreement, or all others."""
    if name not in kind.outsiders:
        return scenario.parties
    return tuple(region for region in regions if region not in scenario.parties)


def _place(scenario: Scenario, stage: str) -> dict[str, Any]:
    return {"mineral": focus(scenario), "stage": stage}


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
