"""The agreement as it was frozen: who speaks, every term with its fields, and what differs from the status quo."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from model.assumptions import control_levels
from model.findings.terms import shock_in_words
from model.instruments import Duty, lever
from model.instruments.base import PLACE
from model.words.levers import Lever
from model.words.names import BASE_YEAR, Names, readable
from model.words.numbers import starting
from model.words.voice import Voice

if TYPE_CHECKING:
    from model.instruments import Instrument
    from model.memo.blocks import Value
    from model.records import Record
    from model.snapshot.record import Snapshot

RATE = "share of value"


def voice(snapshot: Snapshot) -> Voice:
    """Exact words with the names that a snapshot holds."""
    parties = snapshot.scenario.parties
    tables = (snapshot.data.get(name) for name in ("shocks", "minerals"))
    names = Names.stored(snapshot.record.names, parties, snapshot.record.inputs.data.version, *tables)
    return Voice(names, parties, every_name=True)


def levers(snapshot: Snapshot, say: Voice) -> list[tuple[str, str, str]]:
    """Per term and field, then per shock: what it is, field with its unit, level. The status quo has none of them."""
    rows: list[tuple[str, str, str]] = []
    seen = Counter[str]()
    for _, term in snapshot.counted.agreement.terms():
        what = f"{term.title} on {say.product(term.mineral, term.stage)}"
        seen[what] += 1
        title = what if seen[what] == 1 else f"{what} ({seen[what]})"
        told = [(", ".join(filter(None, header(type(term), name))), level(term, name, say)) for name in said(term)]
        for field, value in told or [("agreed", "yes")]:
            rows.append((title, field, say.number(value) if isinstance(value, float) else str(value)))
    happens = enumerate(snapshot.scenario.shocks, start=1)
    return rows + [(f"Shock {number}", "what happens", shock_in_words(shock, say)) for number, shock in happens]


def said(term: Record) -> list[str]:
    """Fields that say something: not the place, and not an option left at nothing."""
    return [
        name
        for name, field in type(term).model_fields.items()
        if name not in PLACE and not (getattr(term, name) == field.default and field.default in (None, 0.0, False))
    ]


def header(kind: type[Instrument], name: str) -> tuple[str, str]:
    """A field's name in words, and the unit of its numbers; a rate tells its own, a choice what yes means."""
    about = lever(kind, name)
    if about.get("type") == "boolean":
        return str(about.get("description", readable(name))), ""
    unit = str(about.get("unit", "")).split(" (")[0] if about.get("type") == "number" else ""
    return Lever(about).called(readable(name)), "" if unit == RATE else unit


def level(term: Instrument, name: str, say: Voice) -> Value:
    """A field's level: a number, or the words for it."""
    value = getattr(term, name)
    if isinstance(value, bool | None):
        return {True: "yes", False: "no", None: None}[value]
    if hasattr(value, "words"):
        return str(value.words)
    if isinstance(value, int | float):
        return say.percent(value) if lever(type(term), name).get("unit") == RATE else float(value)
    if isinstance(value, Duty):
        return say.duty(value.specific, value.ad_valorem)
    if isinstance(value, tuple):
        every = set(value) <= set(say.parties)
        return ", ".join(map(say.region, value)) if every else starting(say.the_regions(value))
    return say.region(str(value)).replace("_", " ")


def setting(snapshot: Snapshot, say: Voice) -> list[tuple[str, str, str]]:
    """What a result is about: parties, minerals, horizon, and the date of the status quo."""
    scenario = snapshot.scenario
    parties = ", ".join(say.region(party) for party in scenario.parties)
    return [
        ("Scenario", "parties", parties),
        ("Scenario", "minerals", ", ".join(say.names.mineral(mineral) for mineral in scenario.minerals)),
        ("Scenario", "horizon", scenario.horizon),
        ("Data", "base year", BASE_YEAR),
        ("Data", "duties and export controls of", snapshot.record.inputs.data.version),
    ]


def assumptions(snapshot: Snapshot) -> list[tuple[str, float, float | None, str]]:
    """Assumptions that differ from the registered value: name, value used, registered value, unit."""
    registered = registered_assumptions(snapshot)
    rows = []
    for name, value in snapshot.scenario.assumptions.items():
        row = registered.get(name)
        before = None if row is None else float(row["value"])
        if before != value:
            rows.append((name, value, before, "" if row is None else str(row["unit"])))
    return rows


def registered_assumptions(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Rows of the register as it stood, levels of export controls included, by name."""
    rows = snapshot.data["assumptions"].to_dict("records")
    controls = snapshot.data["export_controls"]
    levels = control_levels(controls.assign(suspended=controls["suspended"].str.lower() == "true"))
    named = [(".".join(filter(None, (row["id"], row["mineral"]))), row) for row in rows]
    registered: list[tuple[str, dict[Any, Any]]] = [*named, *((level.name, asdict(level)) for level in levels)]
    return {name: {str(key): value for key, value in row.items()} for name, row in registered}
