"""Who trades with whom, how far apart they are, and what the trade statistics cover."""

from model.data.schema import TableSchema, country, flag, integer, mineral, number, region, source, text
from model.data.schemas.supply import STAGES

TRADE_UNIT = "t of product; USD"

HS_CODES = TableSchema(
    name="hs_codes",
    doc="Goods of the Harmonized System behind each market.",
    key=("hs6",),
    columns=(
        text("hs6", "code of the Harmonized System, six digits"),
        mineral(),
        text("stage", "stage of the model", choices=STAGES),
        text("use", "how the model uses the trade table", choices=("bilateral", "totals", "pattern")),
        number("content_share", "tonnes contained per tonne of product", high=1.0),
        text("unit", "unit of content_share"),
        text("basis", "where content_share comes from", choices=("physical", "assumption", "pattern only")),
        text("description", "goods in the code"),
    ),
)

TRADE_BILATERAL = TableSchema(
    name="trade_bilateral",
    doc="Trade of the base year by exporting and importing country.",
    key=("hs6", "exporter", "importer"),
    columns=(
        text("hs6", "code of the Harmonized System", refers_to=("hs_codes", "hs6")),
        country("exporter", "exporting country"),
        country("importer", "importing country"),
        integer("year", "year of the trade", low=1900, high=2100),
        number("quantity_t", "weight of the product", absent="weight not reported; value stands in"),
        number("value_usd", "value free on board"),
        text("unit", "units of weight and value", choices=(TRADE_UNIT,)),
        source(),
    ),
)

TRADE_TOTALS = TableSchema(
    name="trade_totals",
    doc="Trade of the base year by country, where partners are not openly published.",
    key=("hs6", "country", "flow"),
    columns=(
        text("hs6", "code of the Harmonized System", refers_to=("hs_codes", "hs6")),
        country("country", "trading country"),
        text("flow", "direction", choices=("export",)),
        integer("year", "year of the trade", low=1900, high=2100),
        number("quantity_t", "weight of the product"),
        number("value_usd", "value free on board"),
        text("unit", "units of weight and value", choices=(TRADE_UNIT,)),
        source(),
    ),
)

DISTANCES = TableSchema(
    name="distances",
    doc="Distance between the largest cities of two regions. The European Union stands in Germany; "
    "the rest of the world is a mean over its countries.",
    key=("exporter", "importer"),
    columns=(
        region("exporter", "region of departure"),
        region("importer", "region of arrival"),
        number("distance_km", "great-circle distance in kilometres"),
        source(),
    ),
)

US_IMPORT_SOURCES = TableSchema(
    name="us_import_sources",
    doc="Published shares of countries in imports of the United States.",
    key=("mineral", "form", "country"),
    columns=(
        mineral(),
        text("stage", "stage of the model", choices=STAGES),
        text("form", "goods covered"),
        country("country", "country of origin", absent="all other countries"),
        number("share", "share of imports", high=1.0),
        text("unit", "unit of share", choices=("share",)),
        text("period", "years averaged"),
        source(),
    ),
)

US_SALIENT = TableSchema(
    name="us_salient",
    doc="Published balance of the United States in the base year.",
    key=("mineral", "measure", "form"),
    columns=(
        mineral(),
        text(
            "measure",
            "item of the balance",
            choices=("use", "imports", "exports", "primary_production", "old_scrap", "refinery_from_scrap"),
        ),
        text("form", "goods covered"),
        integer("year", "year", low=1900, high=2100),
        number("quantity_t", "tonnes contained"),
        text("unit", "unit of quantity_t", choices=("t",)),
        text("published_as", "heading in the source"),
        source(),
    ),
)

USE_SHARES = TableSchema(
    name="use_shares",
    doc="Published shares of world use.",
    key=("mineral", "place", "period", "source_id"),
    columns=(
        mineral(),
        text("place", "country or group of countries"),
        text("period", "year or quarter"),
        number("share", "share of world use", high=1.0),
        text("unit", "unit of share", choices=("share",)),
        text("note", "remark", absent="nothing to add"),
        source(),
    ),
)

PUBLISHED_CHECKS = TableSchema(
    name="published_checks",
    doc="Published figures the base year is compared with.",
    key=("mineral", "measure", "region", "partner"),
    columns=(
        mineral(),
        text("measure", "what is compared", choices=("net_import_reliance", "import_share")),
        region("region", "importing region"),
        region("partner", "region of origin", absent="all together"),
        number("value", "published figure"),
        text("unit", "unit of value", choices=("share",)),
        text("comparison", "how the model's figure must relate to it", choices=("equal", "more_than", "less_than")),
        number("tolerance", "difference allowed"),
        flag("independent", "whether the figure was not used to build the base year"),
        text("period", "years it refers to"),
        source(),
    ),
)
