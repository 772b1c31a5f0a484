"""What a request may not mean as it stands: taken as it is, and asked about.

A duty of 25 counts as 2,500 % of the value, because rates are shares; whoever meant 25 % must hear of it. Questions are
sentences, for the command line and the pages alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.files import place
from model.records import Record
from model.units import PERCENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from model.shocks import ShockLibrary

RATES = ("share of value", "share of the exporter's price", "share")
"""Units of the fields in which a percentage may stand by mistake."""
LARGEST_USUAL_RATE = 1.0
"""Rates above 100 % exist (duties against dumping), but a percentage written where a share belongs starts here.

A question too many costs one line, one too few a result a hundred times off.
"""


def questions(record: Record, library: ShockLibrary | None = None) -> list[str]:
    """Questions about the rates of a scenario, case or design request, and with a library about its named shocks.

    >>> from model.scenario import Scenario
    >>> ban = {"kind": "export_tax", "exporter": "CHN", "importers": ["USA"], "mineral": "tin", "stage": "refined"}
    >>> questions(Scenario.parse({"shocks": [{**ban, "rate": 25}]}, "scenario"))
    ['shocks[0].rate = 25 is 2,500 %; 25 % is 0.25']
    """
    return [*_rates(record, ()), *_severities(getattr(record, "shocks", None) or (), library)]


def _rates(value: Any, steps: tuple[int | str, ...]) -> Iterator[str]:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _rates(item, (*steps, index))
    elif isinstance(value, Record):
        for name, field in type(value).model_fields.items():
            inside = getattr(value, name)
            described = field.json_schema_extra
            if isinstance(inside, float) and isinstance(described, dict) and described.get("unit") in RATES:
                if inside > LARGEST_USUAL_RATE:
                    counted = f"{inside:,.0%}".replace("%", " %")
                    yield f"{place((*steps, name))} = {inside:g} is {counted}; {inside:g} % is {PERCENT * inside:g}"
            else:
                yield from _rates(inside, (*steps, name))


def _severities(shocks: Iterable[Any], library: ShockLibrary | None) -> Iterator[str]:
    for index, shock in enumerate(shocks):
        severity = getattr(shock, "severity", None)
        if library is None or severity is None or shock.name not in library.names:
            continue
        known = library.describe(shock.name)
        if severity > known.severity_high:
            yield (
                f"{place(('shocks', index, 'severity'))} = {severity:g} is beyond the library's range "
                f"{known.severity_low:g} to {known.severity_high:g} ({known.unit}) of {shock.name}"
            )
