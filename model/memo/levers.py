"""Everything that differs from the status quo, as flat rows: what, level, unit.

Used by the memo and to set snapshots side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.instruments import Agreement, lever
from model.memo import terms
from model.words.numbers import starting

if TYPE_CHECKING:
    from model.records import Record
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

INSTRUMENT_NAMES = {
    "tariffs": "Tariff",
    "quotas": "Quota",
    "trqs": "Tariff-rate quota",
    "export_taxes": "Export tax",
    "floors": "Price floor",
    "offtakes": "Offtake",
    "stockpiles": "Stockpile",
    "zero_for_zero": "Zero for zero",
}


def levers(snapshot: Snapshot, say: Voice) -> list[tuple[str, str, str]]:
    """Per instrument and field, then per shock: instrument, field with its unit, level.

    The status quo has none of them.
    """
    rows: list[tuple[str, str, str]] = []
    for name in Agreement.model_fields:
        seen: dict[str, int] = {}
        for item in getattr(snapshot.scenario.agreement, name):
            what = f"{INSTRUMENT_NAMES[name]} on {say.product(item.mineral, item.stage)}"
            seen[what] = seen.get(what, 0) + 1
            title = what if seen[what] == 1 else f"{what} ({seen[what]})"
            rows += [(title, *_field(item, field, getattr(item, field), say)) for field in _set_fields(item)] or [
                (title, "agreed", "yes")
            ]
    rows += [
        (f"Shock {number}", "what happens", terms.shock(shock, say))
        for number, shock in enumerate(snapshot.scenario.shocks, start=1)
    ]
    return rows


def setting(snapshot: Snapshot, say: Voice) -> list[tuple[str, str, str]]:
    """What a result is about: parties, minerals, horizon, and the date of the status quo."""
    scenario = snapshot.scenario
    parties = ", ".join(say.region(party) for party in scenario.parties)
    return [
        ("Scenario", "parties", parties),
        ("Scenario", "minerals", ", ".join(say.names.mineral(mineral) for mineral in scenario.minerals)),
        ("Scenario", "horizon", scenario.horizon),
        ("Data", "status quo of", snapshot.record.inputs.data.version),
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
    """Rows of the register as it stood, by name."""
    rows = snapshot.data["assumptions"].to_dict("records")
    return {
        f"{row['id']}.{row['mineral']}" if row["mineral"] else str(row["id"]): {str(k): v for k, v in row.items()}
        for row in rows
    }


def _set_fields(item: Record) -> list[str]:
    """Fields that say something: not the place, and not an option left at nothing."""
    return [
        name
        for name, field in type(item).model_fields.items()
        if name not in ("mineral", "stage")
        and not (getattr(item, name) == field.default and field.default in (None, 0.0, False))
    ]


def _field(item: Record, field: str, value: Any, say: Voice) -> tuple[str, str]:
    unit = str(lever(type(item), field).get("unit", "")).split(" (")[0]
    name = field.replace("_", " ")
    if isinstance(value, (list, tuple)):
        return name, starting(say.the_regions([str(part) for part in value]))
    if isinstance(value, (bool, type(None))):
        return name, {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, (int, float)):
        return (f"{name}, {unit}" if unit else name), say.number(value)
    if field in ("in_quota", "over_quota"):
        return name, terms.duty(value, say)
    if field in ("party", "producer", "buyer", "exporter"):
        return name, say.region(str(value))
    return name, str(value).replace("_", " ")
