"""What a request may not mean as it stands: taken as it is, and asked about.

A duty of 25 counts as 2,500 % of the value, because rates are shares; whoever meant 25 % must hear of it. So must
whoever writes a term that changes nothing. Questions are sentences, for the command line and the pages alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.case import Case, traded
from model.files import place, short
from model.instruments import KINDS, regions_named
from model.records import Record
from model.scenario import FIRST_FORMAT, POLICY_ONLY, OnStatusQuo, Scenario
from model.shocks import NamedShock
from model.units import PERCENT
from model.words.names import BASE_YEAR, readable
from model.words.numbers import level, lowered, starting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from model.instruments import Instrument, Terms
    from model.shocks import AnyShock, ShockLibrary
    from model.words.names import Names

RATES = ("share of value", "share of the exporter's price", "share")
"""Units of the fields in which a percentage may stand by mistake."""
LARGEST_USUAL_RATE = 1.0
"""Rates above 100 % exist (duties against dumping), but a percentage written where a share belongs starts here.

A question too many costs one line, one too few a result a hundred times off.
"""


@dataclass(frozen=True)
class _Words:
    """How a question names things: as a file does, or with ``names`` as the screen does."""

    names: Names | None

    def at(self, *steps: int | str) -> str:
        """Where something stands."""
        return place(steps) if self.names is None else _on_screen(steps)

    def region(self, region: str) -> str:
        """A region."""
        return short(region) if self.names is None else self.names.the_region(region)

    def minerals(self, minerals: Iterable[str]) -> str:
        """Several minerals."""
        named = short if self.names is None else self.names.mineral
        return ", ".join(map(named, minerals))


def _on_screen(steps: Sequence[int | str]) -> str:
    """A term or shock, or a field of it, by the labels of the sidebar.

    >>> _on_screen(("agreement", "trqs", 0, "over_quota", "ad_valorem")), _on_screen(("shocks", 1))
    ('“Over quota” of the tariff-rate quota', 'shock 2')
    """
    titles = {kind.key: f"the {lowered(kind.title)}" for kind in KINDS}
    at = next(index for index, step in enumerate(steps) if isinstance(step, int))
    number, title = int(steps[at]), titles.get(str(steps[at - 1]), "")
    which = f"{title}{f' {number + 1}' if number else ''}" if title else f"shock {number + 1}"
    return "".join(f"“{starting(readable(str(field)))}” of " for field in steps[at + 1 : at + 2]) + which


def format_note(record: Record, *, on_screen: bool = False) -> list[str]:
    """That what was written before today's status quo was known keeps the one of policy only; nothing for all else.

    >>> from model.scenario import Scenario
    >>> len(format_note(Scenario.parse({}, "scenario"))), format_note(Scenario())
    (1, [])
    """
    if not isinstance(record, OnStatusQuo) or record.format != FIRST_FORMAT or record.status_quo != POLICY_ONLY:
        return []
    how = "choose “Today's prices”" if on_screen else 'name "format": 2'
    return [
        "format 1, from before today's prices were known: the status quo is that of policy only (prices of "
        f"{BASE_YEAR} moved by duties and controls); {how} to compare with today's"
    ]


def questions(
    record: Record,
    library: ShockLibrary | None = None,
    hosts: Mapping[str, Collection[str]] | None = None,
    names: Names | None = None,
) -> list[str]:
    """Questions about the rates of a scenario, case or design request and what has no effect in it.

    With a library also about its named shocks, with the ``hosts`` of every mineral about minerals that are not solved.
    A field is named by its place in the file, with ``names`` by its label on the screen.

    >>> from model.scenario import Scenario
    >>> ban = {"kind": "export_tax", "exporter": "CHN", "importers": ["USA"], "mineral": "tin", "stage": "refined"}
    >>> questions(Scenario.parse({"format": 2, "shocks": [{**ban, "rate": 25}]}, "scenario"))
    ['shocks[0].rate = 25 is 2,500 %; 25 % is 0.25']
    """
    words = _Words(names)
    asked = [*_rates(record, (), words), *_severities(getattr(record, "shocks", None) or (), library, words)]
    if isinstance(record, Scenario | Case):
        asked += [*_outsiders(record.agreement, record.parties, words), *_idle(record.agreement, words)]
        asked += _without_route(record, words)
    if isinstance(record, Scenario) and hosts is not None:
        asked += _other_minerals(record, library, hosts, words)
    return asked


def _rates(value: Any, steps: tuple[int | str, ...], words: _Words) -> Iterator[str]:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _rates(item, (*steps, index), words)
    elif isinstance(value, Record):
        for name, field in type(value).model_fields.items():
            inside = getattr(value, name)
            described = field.json_schema_extra
            if isinstance(inside, float) and isinstance(described, dict) and described.get("unit") in RATES:
                if inside > LARGEST_USUAL_RATE:
                    counted = f"{inside:,.0%}".replace("%", " %")
                    at, meant = words.at(*steps, name), f"{PERCENT * inside:g}"
                    screen = f"{at} is {counted}; for {inside:g} % set {inside:g}"
                    yield screen if words.names else f"{at} = {inside:g} is {counted}; {inside:g} % is {meant}"
            else:
                yield from _rates(inside, (*steps, name), words)


def _severities(shocks: Iterable[Any], library: ShockLibrary | None, words: _Words) -> Iterator[str]:
    for index, shock in enumerate(shocks):
        severity = getattr(shock, "severity", None)
        if library is None or severity is None or shock.name not in library.names:
            continue
        known = library.describe(shock.name)
        if severity > known.severity_high:
            low, high = level(known.severity_low, known.unit), level(known.severity_high, known.unit)
            yield (
                f"{words.at('shocks', index, 'severity')} = {severity:g} is {level(severity, known.unit)}, beyond the "
                f"library's range {low} to {high} ({known.unit}) of {shock.name}"
            )


def _outsiders(agreement: Terms, parties: Collection[str], words: _Words) -> Iterator[str]:
    """Terms of a region that is no party; where nobody is one, a case only describes its market."""
    for index, term in agreement.terms():
        if term.by_parties and parties:
            for region in term.actors():
                if region not in parties:
                    what, whose = words.at("agreement", term.key, index), words.region(region)
                    yield f"{what} is of {whose}, which is no party: it counts, but {whose} stays outside the agreement"


def _idle(agreement: Terms, words: _Words) -> Iterator[str]:
    for index, term in agreement.terms():
        for name, told in term.idle():
            yield f"{words.at('agreement', term.key, index, name)} = {getattr(term, name):g} {told}"


def _other_minerals(
    scenario: Scenario, library: ShockLibrary | None, hosts: Mapping[str, Collection[str]], words: _Words
) -> Iterator[str]:
    """Terms and shocks on minerals that are neither looked at nor hosts of those that are.

    Unknown names are left to the refusal.
    """
    solved = {link for mineral in scenario.minerals for link in (mineral, *hosts.get(mineral, ()))}
    on: list[tuple[str, tuple[str, ...]]]
    on = [(words.at("agreement", term.key, at), (term.mineral,)) for at, term in scenario.agreement.terms()]
    on += [(words.at("shocks", at), _minerals_of(shock, library)) for at, shock in enumerate(scenario.shocks)]
    for what, minerals in on:
        if minerals and solved.isdisjoint(minerals) and (solved | {*minerals}) <= hosts.keys():
            told, solved_for = words.minerals(minerals), words.minerals(scenario.minerals)
            yield f"{what} is on {told} and has no effect; the scenario's minerals are {solved_for}"


def _minerals_of(shock: AnyShock, library: ShockLibrary | None) -> tuple[str, ...]:
    """Minerals a shock hits; none where it hits all, or is unknown."""
    if not isinstance(shock, NamedShock):
        return (shock.mineral,)
    return () if library is None or shock.name not in library.names else tuple(library.describe(shock.name).minerals)


def _without_route(record: Scenario | Case, words: _Words) -> Iterator[str]:
    """Terms on a way that no route takes; on the shipped markets every region has one to every other.

    Unknown names are left to the refusal.
    """
    case = record if isinstance(record, Case) else None
    routes = {(each.mineral, each.stage, each.exporter, each.importer) for each in case.routes} if case else ()
    for index, term in record.agreement.terms():
        if case and not _is_known(term, case):
            continue
        for exporters, importers in term.ways(sorted(record.parties)):
            pairs = [(here, there) for here in exporters for there in importers if here != there]
            if any(not case or (term.mineral, term.stage, *pair) in routes for pair in pairs):
                continue
            what = words.at("agreement", term.key, index)
            stage = f"{words.minerals((term.mineral,))} ({short(term.stage)})"
            way = " to ".join(", ".join(map(words.region, side)) for side in (exporters, importers))
            told = f"{what} has no effect: no route takes {stage} from {way}"
            yield f"{told}; give it a route" if case else told


def _is_known(term: Instrument, case: Case) -> bool:
    """Whether a case has the regions, the mineral and the stage that a term names."""
    products = {(mineral, stage) for _, mineral, stage in traded(case)}
    return (term.mineral, term.stage) in products and set(regions_named(term)) <= set(case.region_ids)
