"""Rules that tie the policy tables to regions, markets and the date of the status quo, one small function each."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from model.data.schema import Check, Fault, Frames, line_of
from model.data.schemas.policy import CONTROL_KINDS, SHOCK_UNITS
from model.records import EVERYONE

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION_LISTS = (
    ("tariffs", "exporter"),
    ("export_controls", "targets"),
    ("embargoes", "exporter"),
    ("embargoes", "importer"),
    ("shocks", "actors"),
    ("shocks", "targets"),
    ("coalitions", "members"),
    ("floor_precedents", "regions"),
)
DATES = (
    ("status_quo", "date"),
    ("tariffs", "start_date"),
    ("export_controls", "start_date"),
    ("export_controls", "end_date"),
    ("embargoes", "start_date"),
    ("embargoes", "end_date"),
    ("shocks", "event_date"),
    ("coalitions", "date"),
    ("floor_precedents", "start_date"),
    ("floor_precedents", "end_date"),
)
TABLES_WITH_AN_END = ("export_controls", "embargoes", "floor_precedents")
RANGES = (
    ("export_controls", "level", "level_low", "level_high"),
    ("shocks", "severity", "severity_low", "severity_high"),
    ("shocks", "annual_probability", "probability_low", "probability_high"),
)
DAYS_PER_YEAR = 365.25
SHOCK_WIDE_COLUMNS = (
    "name",
    "duration_yr",
    "event_date",
    "in_status_quo",
    "annual_probability",
    "probability_low",
    "probability_high",
    "probability_basis",
    "description",
)
TABLES_WITH_STAGES = ("tariffs", "export_controls", "embargoes", "shocks", "floor_precedents")
POLICY_TABLES = ("status_quo", "tariffs", "export_controls", "embargoes", "shocks", "coalitions", "floor_precedents")


def status_quo_day(frames: Frames) -> date | None:
    """The date of the status quo; None where the table does not hold exactly one."""
    days = frames["status_quo"].date.tolist()
    return date.fromisoformat(days[0]) if len(days) == 1 and is_date(days[0]) else None


def check_status_quo_is_one_row(frames: Frames) -> list[Fault]:
    """There is one date on which the status quo stands."""
    rows = len(frames["status_quo"])
    return [] if rows == 1 else [Fault("status_quo", None, "date", f"{rows} rows", "must have exactly one row")]


def check_every_listed_region_exists(frames: Frames) -> list[Fault]:
    """Each region of a list must be one of regions.csv; ALL stands alone, for every other region."""
    known = set(frames["regions"].id)
    return [
        _fault(table, index, column, value, "every region must exist in regions.id")
        for table, column, index, value in _filled(frames, REGION_LISTS)
        if value != EVERYONE and not set(value.split(";")) <= known
    ]


def check_every_stage_is_traded(frames: Frames) -> list[Fault]:
    """A duty, control or shock must hit a stage its market has."""
    stages = dict(zip(frames["minerals"].id, frames["minerals"].stages, strict=True))
    return [
        _fault(table, index, "stage", f"{mineral} {stage}", f"the stages of {mineral} are {stages[mineral] or 'none'}")
        for table in TABLES_WITH_STAGES
        for index, mineral, stage in zip(frames[table].index, frames[table].mineral, frames[table].stage, strict=True)
        if stage and mineral in stages and stage not in stages[mineral].split(";")
    ]


def check_every_date_is_a_date(frames: Frames) -> list[Fault]:
    """Dates are written year-month-day."""
    return [
        _fault(table, index, column, value, "must be a date written year-month-day")
        for table, column, index, value in _filled(frames, DATES)
        if not is_date(value)
    ]


def check_every_measure_begins_before_it_ends(frames: Frames) -> list[Fault]:
    """What has an end has begun before it."""
    return [
        _fault(table, index, "end_date", f"{row.start_date} to {row.end_date}", "must not end before it begins")
        for table in TABLES_WITH_AN_END
        for index, row in frames[table].iterrows()
        if row.end_date and row.start_date > row.end_date
    ]


def check_every_policy_value_lies_in_its_range(frames: Frames) -> list[Fault]:
    """The value used must be one of those tried."""
    faults = []
    for table, value, low, high in RANGES:
        frame = frames[table]
        outside = frame[(frame[value] < frame[low]) | (frame[value] > frame[high])]
        faults += [
            _fault(table, index, value, f"{row[value]:g}", f"must lie in {row[low]:g} to {row[high]:g}")
            for index, row in outside.iterrows()
        ]
    return faults


def check_every_control_is_of_the_status_quo(frames: Frames) -> list[Fault]:
    """A control must have begun by the date of the status quo and not have ended before it."""
    day, controls = status_quo_day(frames), frames["export_controls"]
    if day is None:
        return []
    today = day.isoformat()
    outside = controls[(controls.start_date > today) | ((controls.end_date != "") & (controls.end_date < today))]
    rule = f"must be in force or suspended on {today}"
    return [
        _fault("export_controls", i, "start_date", f"{row.start_date} to {row.end_date}", rule)
        for i, row in outside.iterrows()
    ]


def check_no_embargo_is_against_itself(frames: Frames) -> list[Fault]:
    """A region trades with itself whatever it forbids others."""
    embargoes = frames["embargoes"]
    return [
        _fault("embargoes", index, "importer", region, "a region cannot be under its own embargo")
        for index, row in embargoes.iterrows()
        for region in sorted({*row.exporter.split(";")} & {*row.importer.split(";")} - {EVERYONE})
    ]


def check_every_duty_names_one_exporter(frames: Frames) -> list[Fault]:
    """A duty is on everyone or on one region, and no region charges itself."""
    tariffs, regions = frames["tariffs"], {EVERYONE, *frames["regions"].id}
    many = tariffs[~tariffs.exporter.isin(regions)]
    own = tariffs[tariffs.exporter == tariffs.importer]
    return [
        *(
            _fault("tariffs", i, "exporter", row.exporter, f"must be {EVERYONE} or one region")
            for i, row in many.iterrows()
        ),
        *(
            _fault("tariffs", i, "exporter", row.exporter, "a region charges itself no duty")
            for i, row in own.iterrows()
        ),
    ]


def check_every_measure_has_others_as_targets(frames: Frames) -> list[Fault]:
    """A limit on exports or imports hits somebody other than who it is on."""
    faults = []
    for table, actor in (("shocks", "actors"), ("export_controls", "exporter")):
        rows = frames[table]
        rows = rows[rows.kind.isin(ON_ROUTES)]
        for index, row in rows.iterrows():
            hit = {name for name in str(row.targets).split(";") if name} - {*str(row[actor]).split(";")}
            if not hit:
                faults.append(_fault(table, index, "targets", str(row.targets), f"must name others than {row[actor]}"))
    return faults


def check_every_severity_is_possible(frames: Frames) -> list[Fault]:
    """What is a share of output, exports or rent lies from 0 to 1."""
    shocks = frames["shocks"]
    parts = shocks.unit.str.startswith("share of") & ~shocks.unit.str.endswith("added")
    wrong = shocks[parts & ((shocks.severity_low < 0) | (shocks.severity_high > 1))]
    return [
        _fault(
            "shocks", i, "severity", f"{row.severity_low:g} to {row.severity_high:g} {row.unit}", "must lie from 0 to 1"
        )
        for i, row in wrong.iterrows()
    ]


def check_every_assumed_measure_has_a_reason(frames: Frames) -> list[Fault]:
    """A level or an embargo that is a judgement says why."""
    return [
        _fault(table, index, "reason", "", "what is assumed needs a reason")
        for table in ("export_controls", "embargoes")
        for index in frames[table].index[frames[table].assumption & (frames[table].reason == "")]
    ]


def check_every_shock_has_the_unit_of_its_kind(frames: Frames) -> list[Fault]:
    """The unit of a severity follows from the kind of the shock."""
    shocks = frames["shocks"]
    wrong = shocks[shocks.unit != shocks.kind.map(SHOCK_UNITS)]
    return [
        _fault("shocks", i, "unit", row.unit, f"the unit of {row.kind} is {SHOCK_UNITS.get(row.kind)}")
        for i, row in wrong.iterrows()
    ]


def check_every_shock_is_one_event(frames: Frames) -> list[Fault]:
    """The rows of a shock share its name, date, duration, probability and description."""
    shocks = frames["shocks"]
    return [
        _fault("shocks", int(rows.index[0]), column, str(shock), "differs between the rows of this shock")
        for shock, rows in shocks.groupby("shock_id")
        for column in SHOCK_WIDE_COLUMNS
        if rows[column].nunique() > 1
    ]


ON_ROUTES = ("export_ban", "export_quota", "import_quota", "licence", "export_tax")
"""Kinds that stand on the routes from their actor to others."""
LOSSES = ("supply_loss", "host_outage")
"""Kinds of shocks that the status quo may hold: they replace no control."""


def check_every_shock_of_the_status_quo_lasts(frames: Frames) -> list[Fault]:
    """What the status quo holds has happened by its date, is not over, and is a loss of supply."""
    day, shocks = status_quo_day(frames), frames["shocks"]
    if day is None:
        return []
    today, begun = pd.Timestamp(day), pd.to_datetime(shocks.event_date, errors="coerce")
    over = begun + pd.to_timedelta(shocks.duration_yr * DAYS_PER_YEAR, unit="D")
    wrong = shocks[shocks.in_status_quo & ~((begun <= today) & (over >= today))]
    rule = "must last on the date of the status quo to be in it"
    other, kind = (
        shocks[shocks.in_status_quo & ~shocks.kind.isin(LOSSES)].drop(wrong.index, errors="ignore"),
        f"in the status quo: {' or '.join(LOSSES)}",
    )
    return [
        *(_fault("shocks", i, "event_date", row.event_date, rule) for i, row in wrong.iterrows()),
        *(_fault("shocks", i, "kind", row.kind, kind) for i, row in other.iterrows()),
    ]


def check_every_basis_says_published_or_assumption(frames: Frames) -> list[Fault]:
    """Readers must see at once whether a number was published or judged."""
    shocks = frames["shocks"]
    columns = {"severity_basis": ("published: ", "assumption: "), "probability_basis": ("published: ", "assumption: ")}
    return [
        _fault("shocks", index, column, value, "must begin with 'published: ' or 'assumption: '")
        for column, beginnings in columns.items()
        for index, value in shocks[column].items()
        if not value.startswith(beginnings)
    ]


def check_every_replaced_control_is_a_kind(frames: Frames) -> list[Fault]:
    """What a shock replaces must be kinds of export control."""
    return [
        _fault("shocks", index, "replaces", value, f"must be kinds among {', '.join(CONTROL_KINDS)}")
        for _, _, index, value in _filled(frames, (("shocks", "replaces"),))
        if not set(value.split(";")) <= set(CONTROL_KINDS)
    ]


POLICY_CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("regions", *POLICY_TABLES), check_every_listed_region_exists),
    (("minerals", *POLICY_TABLES), check_every_stage_is_traded),
    (POLICY_TABLES, check_every_date_is_a_date),
    (POLICY_TABLES, check_every_measure_begins_before_it_ends),
    (POLICY_TABLES, check_every_policy_value_lies_in_its_range),
    (("status_quo",), check_status_quo_is_one_row),
    (("embargoes",), check_no_embargo_is_against_itself),
    (("status_quo", "export_controls"), check_every_control_is_of_the_status_quo),
    (("regions", "tariffs"), check_every_duty_names_one_exporter),
    (("shocks", "export_controls"), check_every_measure_has_others_as_targets),
    (("shocks",), check_every_severity_is_possible),
    (("export_controls", "embargoes"), check_every_assumed_measure_has_a_reason),
    (("shocks",), check_every_shock_has_the_unit_of_its_kind),
    (("shocks",), check_every_shock_is_one_event),
    (("status_quo", "shocks"), check_every_shock_of_the_status_quo_lasts),
    (("shocks",), check_every_basis_says_published_or_assumption),
    (("shocks",), check_every_replaced_control_is_a_kind),
)


def _filled(frames: Frames, columns: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str, int, str]]:
    """Every cell that is not empty, with its table, column and row."""
    for table, column in columns:
        for index, value in frames[table][column].items():
            if value:
                yield table, column, int(index), str(value)  # type: ignore[call-overload]


def is_date(value: str) -> bool:
    """Whether a text is a date written year-month-day."""
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _fault(table: str, index: object, column: str, value: str, rule: str) -> Fault:
    return Fault(table, line_of(index), column, value, rule)
