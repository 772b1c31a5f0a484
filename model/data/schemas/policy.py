"""What governments do and what may happen: duties, export controls, shocks, coalitions and price floors."""

import numpy as np

from model.data.schema import Column, TableSchema, flag, integer, mineral, note, number, region, source, text
from model.data.schemas.supply import STAGES
from model.records import EVERYONE

SHARE_OF_VALUE = "share of customs value"
CONTROL_KINDS = ("export_ban", "export_quota", "export_tax", "licence", "import_quota")
CONTROL_UNITS = ("share of base-year exports allowed", "share of export value")
SHOCK_UNITS = {
    "export_ban": "share of exports stopped",
    "export_quota": "share of base-year exports allowed",
    "supply_loss": "share of output lost",
    "supply_cap": "share of base-year output allowed",
    "demand_change": "share of use added",
    "price_collapse": "share of output added",
    "shipping_cost": "multiple of base freight",
    "hoarding": "t contained per year",
    "host_outage": "share of output lost",
    "licence_answer": "share of the lost rent won back",
    "tax_answer": "share of the levy taxed",
}


def _date(name: str, doc: str, *, absent: str | None = None) -> Column:
    """A date written as year-month-day."""
    return text(name, f"{doc} (year-month-day)", absent=absent)


def _stage(*, absent: str | None = None) -> Column:
    return text("stage", "stage of the market", choices=STAGES, absent=absent)


def _regions(name: str, doc: str, *, absent: str | None = None) -> Column:
    """Region ids joined by ";"; whether each exists is a cross-check, since ALL may stand for every other region."""
    return text(name, f"{doc}: region ids joined by ';', or {EVERYONE}", absent=absent)


STATUS_QUO = TableSchema(
    name="status_quo",
    doc="The one date on which duties and export controls count as in force.",
    key=("date",),
    columns=(_date("date", "status quo"), text("reason", "why this date"), source()),
)

TARIFFS = TableSchema(
    name="tariffs",
    doc=(
        "Import duties by importer, exporter, mineral and stage: most-favoured-nation and additional duties, "
        "preferences as zero. A row for one exporter wins over the row for ALL. Where there is no row no published "
        "rate was found, and none is charged."
    ),
    key=("importer", "exporter", "mineral", "stage"),
    columns=(
        region("importer", "region that charges the duty"),
        text("exporter", f"region of origin, or {EVERYONE} for every other region"),
        mineral(),
        _stage(),
        number("ad_valorem_2024", "duty in force in 2024, average over the days of the year", high=5.0),
        number("ad_valorem_now", "duty in force on the date of the status quo", high=5.0),
        _date(
            "start_date", "since when the present duty is in force", absent="before 2024 and unchanged, or not stated"
        ),
        text("legal_text", "schedule, programme or proclamation"),
        text("hs_line", "tariff line that stands for the stage"),
        text("unit", "unit of both duties", choices=(SHARE_OF_VALUE,)),
        integer("year", "edition of the schedule or year of the text", low=1900, high=2100),
        source(),
        note(),
    ),
)

EXPORT_CONTROLS = TableSchema(
    name="export_controls",
    doc=(
        "Export controls of 2024 and of the status quo. Levels of bans, quotas and licences are shares of the "
        "exports of 2024, so they state the effect beyond what the base year already holds; a tax that was in force "
        "all through 2024 adds nothing. A row for one target wins over the row of the same kind for ALL. Suspended "
        "rows are not in force. An import quota is set by the targets; its rent is counted with the exporter's. The "
        "level of a row in force with a range is an assumption as well, named like "
        "`licence_CHN_refined_to_USA.antimony`."
    ),
    key=("exporter", "mineral", "stage", "targets", "kind", "start_date"),
    columns=(
        region("exporter", "region whose exports are controlled"),
        mineral(),
        _stage(),
        _regions("targets", "importers it is aimed at"),
        text("kind", "kind of control", choices=CONTROL_KINDS),
        number("level", "share of base-year exports still allowed, or rate of the tax", high=2.0),
        number("level_low", "lowest level tried", high=2.0),
        number("level_high", "highest level tried", high=2.0),
        text("unit", "unit of the level", choices=CONTROL_UNITS),
        number(
            "quantity_t_per_yr",
            "contained tonnes allowed a year; rules over the level",
            absent="no quantity is published",
        ),
        number("in_base_2024", "share of 2024 in which it was in force", high=1.0),
        _date("start_date", "in force from", absent="before 2024, day not stated"),
        _date("end_date", "in force, or suspended, until", absent="no end set"),
        flag("suspended", "whether it is suspended on the date of the status quo"),
        text("legal_text", "announcement, law or decision"),
        flag("assumption", "whether the level is a judgement"),
        text("reason", "why this level", absent="the level is computed in the note or stated in the legal text"),
        source(),
        note(),
    ),
)

EMBARGOES = TableSchema(
    name="embargoes",
    doc=(
        "Pairs of regions that may not trade, or do not dare to. What an embargo in force from the middle to the end "
        "of the base year forbids is no part of the base year's flows; one in force on the date of the status quo "
        "closes its routes."
    ),
    key=("exporter", "importer", "mineral", "stage", "start_date"),
    columns=(
        _regions("exporter", "regions that do not sell"),
        _regions("importer", "regions that do not buy"),
        mineral(absent="every mineral"),
        _stage(absent="every stage"),
        _date("start_date", "in force from"),
        _date("end_date", "in force until", absent="no end set"),
        text("legal_text", "law or decision"),
        flag("assumption", "whether it is a judgement that they do not trade"),
        text("reason", "why it is assumed", absent="the legal text forbids it"),
        source(),
        note(),
    ),
)

SHOCKS = TableSchema(
    name="shocks",
    doc=(
        "Named disturbances modelled on events. A shock has one row per mineral and stage hit. Severity is what the "
        "unit says: an oversupply (price_collapse) adds output at every price, a host outage takes away the by- "
        "product made with a metal that has no market here. A full stop replaces the export controls of the kinds "
        "named; a milder one stands beside them and lifts none. A severity is that while the shock lasts and counts "
        "for that part of the year, at most for all of it: a stop of six months has the effect over a year of half of "
        "it. "
        "A probability is a yearly hazard: the chance that the shock hits in a year, whatever the others do. "
        "Answers (licence_answer, tax_answer) do nothing unless an agreement takes rent or charges a levy; what they "
        "come to is computed from it."
    ),
    key=("shock_id", "mineral", "stage", "kind", "actors"),
    columns=(
        text("shock_id", "name used in files"),
        text("name", "name shown"),
        mineral(absent="every mineral"),
        _stage(absent="every stage"),
        text("kind", "what happens", choices=tuple(SHOCK_UNITS)),
        _regions("actors", "regions where it happens"),
        _regions("targets", "importers it is aimed at", absent="the kind has no target"),
        mineral("host", "host metal that stops", absent="no host metal is involved"),
        number("severity", "size of the shock while it lasts"),
        number("severity_low", "mildest size tried"),
        number("severity_high", "gravest size tried"),
        text("unit", "unit of the severity", choices=tuple(dict.fromkeys(SHOCK_UNITS.values()))),
        text("severity_basis", "'published: ' and the figures, or 'assumption: ' and the reason"),
        number("duration_yr", "how long it lasts", low=np.nextafter(0.0, 1.0), high=5.0),
        _date("event_date", "date of the event it is modelled on"),
        flag("in_status_quo", "whether it lasts on the date of the status quo, which then holds it"),
        number("annual_probability", "yearly hazard: the chance that it hits in a year", high=1.0),
        number("probability_low", "lowest hazard tried", high=1.0),
        number("probability_high", "highest hazard tried", high=1.0),
        text("probability_basis", "'assumption: ' and the frequency behind it"),
        text("description", "what happens, in one sentence"),
        source(),
        text("replaces", "kinds of export control it replaces, joined by ';'", absent="it replaces none"),
        note(),
    ),
)

COALITIONS = TableSchema(
    name="coalitions",
    doc="Groups of regions that can be made parties in one step.",
    key=("coalition_id",),
    columns=(
        text("coalition_id", "name used in files"),
        text("name", "name shown"),
        _regions("members", "members"),
        _date("date", "date of the declaration", absent="no date in the source"),
        source(),
        note(),
    ),
)

FLOOR_PRECEDENTS = TableSchema(
    name="floor_precedents",
    doc="Price floors agreed or proposed in public, as reference for the level of a floor.",
    key=("id",),
    columns=(
        text("id", "name of the precedent"),
        mineral(absent="several minerals"),
        _stage(absent="several stages"),
        text("kind", "what the price is", choices=("floor", "ceiling", "proposal")),
        text("instrument", "how it is held, or meant to be"),
        _regions("regions", "regions of the parties to it"),
        text("holder", "parties to it"),
        number("price", "price as quoted", absent="no number was published"),
        text("quoted_unit", "unit of the quoted price", absent="no number was published"),
        number(
            "price_usd_per_t", "the same price per tonne of what the market holds", absent="no number was published"
        ),
        number("market_price_then", "market price at the time, in the quoted unit", absent="not known"),
        _date("start_date", "from", absent="day not stated"),
        _date("end_date", "until", absent="no end set"),
        text("status", "what became of it", choices=("in force", "proposed", "withdrawn")),
        source(),
        note(),
    ),
)
