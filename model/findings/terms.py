"""Agreement and shock in words: the sentence a result page starts with, and the labels of the groups of levers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.findings.whose import answers, events
from model.instruments import lever
from model.market.horizon import HORIZONS
from model.scenario import TODAY
from model.shocks import NamedShock
from model.words.names import readable
from model.words.numbers import counted, exact, level, lowered, starting
from model.words.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.assumptions import Assumption
    from model.instruments import Instrument
    from model.scenario import Scenario
    from model.shocks import Shock
    from model.words.names import Names


def agreement_in_words(
    scenario: Scenario,
    mineral: str,
    names: Names,
    more: str = "",
    verdicts: Sequence[str] = (),
    most: int | None = None,
    every_shock: bool = False,
) -> str:
    """What the parties agree on a mineral, a sentence per term, and which shock hits over which horizon.

    The ``verdicts`` on whether it comes about stand first; ``more`` is what they do besides. Of the terms beyond the
    ``most`` only the number is told. Where ``every_shock`` of the library counts, the scenario's own are not told.
    """
    terms = [f"to {term}" for term in terms_of(scenario, mineral, names)] + ([more] if more else [])
    untold, metal = terms[most:] if most else [], lowered(names.mineral(mineral))
    terms = [*terms[:most], f"on {counted(len(untold), 'more term', 'more terms')} on {metal}"] if untold else terms
    shocks = [shock_in_words(shock, Voice(names, scenario.parties)) for shock in events(scenario, names)]
    if not terms and not shocks:
        held = names.status_quo(today=scenario.status_quo == TODAY)
        return f"No agreement and no shock: {metal} in the status quo, {held}."
    several = len(scenario.parties) > 1
    verb, again = ("agree", "They also agree") if several else ("agrees", "It also agrees")
    first, *others = terms or [f"nothing on {metal}"]
    happens = f"{'Shocks' if len(shocks) > 1 else 'Shock'}: {'; '.join(shocks)}" if shocks else "No shock"
    agreed = [
        f"{starting(names.the_parties(scenario.parties))} {verb} {first}",
        *(f"{again} {term}" for term in others),
    ]
    answered = [names.shock(name) for name in answers(scenario, names)]
    happens, answered = ("Every named shock counts", []) if every_shock else (happens, answered)
    horizon = f"Horizon: {HORIZONS[scenario.horizon].words}"
    return " ".join(f"{sentence}." for sentence in (*verdicts, *agreed, happens, *answered, horizon))


def shocks_set_aside(scenario: Scenario, names: Names) -> str:
    """That the scenario's own shocks do not count where every named shock does; nothing where it has none."""
    shocks = [shock_in_words(shock, Voice(names, scenario.parties)) for shock in scenario.shocks]
    if not shocks:
        return ""
    what = "shocks do" if len(shocks) > 1 else "shock does"
    return (
        f"The sidebar's {what} not count on this page ({'; '.join(shocks)}): here every named shock counts, each with "
        "its probability, but no exporter's answer to the agreement."
    )


def terms_of(scenario: Scenario, mineral: str, names: Names) -> list[str]:
    """What the parties agree to do about a mineral, one verb phrase per term."""
    say = Voice(names, scenario.parties)
    agreed = [term for _, term in scenario.agreement.terms(mineral)]
    return [_told(term, agreed, say) for term in agreed]


def phrase_beside(term: Instrument, agreed: Iterable[Instrument], say: Voice) -> str:
    """A term's phrase with how much of it other terms agreed replace."""
    replaced, phrase = term.replaced_share(agreed), term.phrase(say)
    if replaced >= 1.0:
        return f"{phrase}, without effect, since a tariff-rate quota replaces it on all its routes"
    return f"{phrase}, except on routes on which a tariff-rate quota replaces it" if replaced else phrase


def replaced_in_words(term: Instrument, agreed: Iterable[Instrument]) -> str:
    """That other terms agreed replace it, on all of its routes or on some; nothing where none does."""
    replaced = term.replaced_share(agreed)
    where = "all" if replaced >= 1.0 else "some"
    return f"A tariff-rate quota replaces the {term.short} on {where} of its routes." if replaced else ""


def _told(term: Instrument, agreed: Iterable[Instrument], say: Voice) -> str:
    """What a term binds the parties to; what only some of them do, they have those do."""
    actors, phrase = term.actors(), phrase_beside(term, agreed, say)
    if not actors or set(actors) == set(say.parties):
        return phrase
    return f"have {say.the_regions(actors)} {phrase}"


def clauses(scenario: Scenario, say: Voice) -> list[str]:
    """One sentence per term: who shall do what."""
    agreed = [term for _, term in scenario.agreement.terms()]
    return [
        f"{starting(say.the_regions(term.actors() or say.parties))} shall {phrase_beside(term, agreed, say)}."
        for term in agreed
    ]


def bound_outside(scenario: Scenario, say: Voice) -> str:
    """Who is bound by which terms without being a party; nothing where nobody is."""
    bound: dict[str, dict[str, None]] = {}
    for _, term in scenario.agreement.terms():
        outside = [region for region in term.bound() if region not in scenario.parties]
        if outside:
            told = f"{lowered(term.title)} on {say.product(term.mineral, term.stage)}"
            bound.setdefault(told, {}).update(dict.fromkeys(outside))
    who = [f"{say.the_regions(regions)} by the {told}" for told, regions in bound.items()]
    return f"Bound without being a party: {'; '.join(who)}. The numbers assume that all of them comply." if who else ""


def shock_in_words(shock: NamedShock | Shock, say: Voice) -> str:
    """A shock by name with its severity where that is not the library's own, or a plain record spelled out."""
    if isinstance(shock, NamedShock):
        return say.shock(shock.name, shock.severity)
    levels = shock.model_dump(mode="json", exclude={"kind", "mineral", "stage"}, exclude_none=True)
    where = "".join(
        f" {word} {say.the_regions([value] if isinstance(value, str) else value)}"
        for key, value in levels.items()
        if (word := WHERE.get(key))
    )
    size = "".join(
        f": {_size(value, str(lever(type(shock), key).get('unit')))}"
        for key, value in levels.items()
        if key not in WHERE
    )
    return f"{readable(shock.kind)} of {say.product(shock.mineral, shock.stage)}{where}{size}"


WHERE = {"region": "in", "exporter": "from", "exporters": "from", "importers": "to"}
"""Fields of a shock that say where, and the word before it."""


def _size(value: float, unit: str) -> str:
    told = level(value, unit)
    return told if unit.startswith("share") else f"{told} {unit.partition(' (')[0]}"


def group_labels(scenario: Scenario, mineral: str, names: Names) -> dict[str, str]:
    """Short labels of the groups of levers that say what is set, or that the group is at the status quo."""
    say = Voice(names, scenario.parties)
    told: dict[str, list[str]] = {}
    agreed = [term for _, term in scenario.agreement.terms(mineral)]
    for term in agreed:
        if term.replaced_share(agreed) < 1.0:
            told.setdefault(term.group, []).append(term.label(say))
    groups = {group: ", ".join(dict.fromkeys(labels)) for group, labels in told.items()}
    changed = len(scenario.assumptions)
    coalition = names.coalition(scenario.parties)
    return {
        "parties": coalition or f"{len(scenario.parties)} chosen",
        "floor": groups.get("floor", "none"),
        "border": groups.get("border", "as in force"),
        "stock": groups.get("stock", "none"),
        "shock": ", ".join(shock_in_words(shock, say) for shock in scenario.shocks) or "none",
        "assumptions": f"{changed} changed" if changed else "as registered",
    }


def assumed(assumptions: Iterable[Assumption], names: Names) -> str:
    """The values of assumptions with their ranges, one after the other."""
    parts = [
        f"{names.assumption(row.name)} {exact(row.value)} ({exact(row.low)} to {exact(row.high)})"
        for row in assumptions
    ]
    return f"Assumed: {'; '.join(parts)}. Reasons and sources: page Data and method."
