"""The agreement: who does what, by mineral and stage, at which levels. One file per instrument, found by being here.

Every instrument is a frozen record whose fields carry unit, bounds, default and the source of the default, so that one
declaration feeds widgets, validation, the JSON Schema, schedules and the method page. What an instrument does to a
market, how it is said, and what is left of it when a party leaves stand in its own file. Nothing outside this folder
lists instruments: whoever needs them all loops over :data:`KINDS` or over an agreement's terms.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import create_model

from model.instruments.base import Duty, Instrument, Membership, Regions, RentHolder, regions_named
from model.instruments.export_tax import ExportTax
from model.instruments.floor import Floor, Mechanism
from model.instruments.offtake import Offtake
from model.instruments.quota import Quota
from model.instruments.stockpile import Stockpile
from model.instruments.tariff import Tariff
from model.instruments.tariff_rate_quota import Trq
from model.records import Record, choices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Self

    from model.overlay import Overlay

__all__ = [
    "KINDS",
    "Agreement",
    "CaseAgreement",
    "Duty",
    "ExportTax",
    "Floor",
    "Instrument",
    "Mechanism",
    "Membership",
    "Offtake",
    "Quota",
    "Regions",
    "RentHolder",
    "Stockpile",
    "Tariff",
    "Terms",
    "Trq",
    "lay_terms",
    "lever",
    "regions_named",
]

Kind = TypeVar("Kind", bound=Instrument)


def _kinds() -> tuple[type[Instrument], ...]:
    """Every instrument of the folder, in order of rank."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    waiting, found = [Instrument], []
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found += [kind] if "key" in vars(kind) else []
    return tuple(sorted(found, key=lambda kind: kind.rank))


KINDS = _kinds()
"""Every kind of instrument, in the order of laying over, of sentences and of schedules."""


class Terms(Record):
    """Terms of an agreement: one list per kind of instrument, every list may be empty."""

    def of(self, kind: type[Kind], mineral: str | None = None) -> tuple[Kind, ...]:
        """The terms of one kind (on a mineral)."""
        found: tuple[Kind, ...] = getattr(self, kind.key, ())
        return found if mineral is None else tuple(term for term in found if term.mineral == mineral)

    def first(self, kind: type[Kind], mineral: str, stage: str | None = None) -> Kind | None:
        """The first term of a kind on a mineral (at a stage): the one meant where one is meant."""
        return next((term for term in self.of(kind, mineral) if stage in (None, term.stage)), None)

    def terms(self, mineral: str | None = None) -> Iterator[tuple[int, Instrument]]:
        """Every term (on a mineral) with its position in its list, in order of rank."""
        for kind in KINDS:
            for index, term in enumerate(self.of(kind)):
                if mineral in (None, term.mineral):
                    yield index, term

    def on(self, minerals: Collection[str]) -> Self:
        """The terms on these minerals alone."""
        lists = {key: getattr(self, key) for key in type(self).model_fields}
        kept = {key: tuple(term for term in terms if term.mineral in minerals) for key, terms in lists.items()}
        return self.model_copy(update=kept)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is agreed."""
        return not any(True for _ in self.terms())

    def applied_by(self, change: Membership) -> Self:
        """The agreement once other regions make it: who joins takes part in what all apply, who leaves drops out."""
        kept = {kind.key: [term.applied_by(change) for term in self.of(kind)] for kind in KINDS if self.of(kind)}
        return self.model_copy(update={key: tuple(term for term in terms if term) for key, terms in kept.items()})

    def misplaced(self, parties: Collection[str], regions: Iterable[str]) -> list[str]:
        """A line for every term that names an outsider where only parties may stand, or a party where only outsiders.

        Unknown names are left.
        """
        inside, outside = [*parties], [region for region in regions if region not in parties]
        faults = []
        for index, term in self.terms():
            for fields, barred, fault, allowed in (
                (term.only_parties, outside, "is not a party; {} may only name parties", inside),
                (term.only_outsiders, inside, "is a party; there {} may only name others", outside),
            ):
                for name in fields:
                    found = [one for one in getattr(term, name) if one in barred]
                    if found:
                        what = f"agreement.{term.key}[{index}]: {', '.join(found)} {fault.format(term.key)}"
                        faults.append(f"{what}; {choices(allowed)}")
        return faults

    def replacing(self, kind: type[Kind], terms: Iterable[Kind]) -> Self:
        """The agreement with other terms of one kind."""
        return self.model_copy(update={kind.key: tuple(terms)})

    if TYPE_CHECKING:  # lists are named by their kinds' keys

        def __init__(self, **lists: Any) -> None: ...


def _agreement(name: str, doc: str, kinds: Iterable[type[Instrument]]) -> Any:
    fields: dict[str, Any] = {kind.key: (tuple[kind, ...], ()) for kind in kinds}  # type: ignore[valid-type]
    return create_model(name, __base__=Terms, __doc__=doc, __module__=__name__, **fields)


if TYPE_CHECKING:
    Agreement = Terms
    CaseAgreement = Terms
else:
    Agreement = _agreement("Agreement", "The agreement of a scenario on the shipped markets.", KINDS)
    CaseAgreement = _agreement(
        "Instruments", "The instruments of a case file's agreement.", [kind for kind in KINDS if kind.in_cases]
    )


def lay_terms(over: Overlay, agreement: Terms) -> None:
    """Lay every term on the overlay's mineral over its market, in order of rank."""
    for index, term in agreement.terms(over.market.mineral):
        term.lay(over, index)


def lever(record: type[Record], name: str) -> dict[str, Any]:
    """Unit, bounds, default and description of an instrument's field, for sliders and tables."""
    schema = record.model_json_schema()["properties"][name]
    for option in schema.get("anyOf", []):
        if option.get("type") != "null":
            schema = {**option, **{key: value for key, value in schema.items() if key != "anyOf"}}
    return dict(schema)
