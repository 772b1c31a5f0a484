"""What is produced and could be produced: output, world shares, capacity, by-products, recycling, stocks."""

import numpy as np

from model.data.schema import TableSchema, country, integer, mineral, note, number, region, source, text

STAGES = ("mine", "refined")

PRODUCTION = TableSchema(
    name="production",
    doc="Output of the base year by mineral, stage and country.",
    key=("mineral", "stage", "country"),
    columns=(
        mineral(),
        text("stage", "stage of the model the output belongs to", choices=STAGES),
        country("country", "producing country", absent="countries the source does not list one by one"),
        integer("year", "year of the output", low=1900, high=2100),
        number("quantity_t", "output in tonnes of the form named"),
        text("unit", "unit of quantity_t", choices=("t",)),
        number("content_share", "tonnes contained per tonne of the form named", high=1.0),
        text("form", "form as published"),
        note(),
        source(),
    ),
)

WORLD_OUTPUT_SHARES = TableSchema(
    name="world_output_shares",
    doc="Shares of world output by country, used to split the output of countries not listed one by one.",
    key=("mineral", "stage", "country"),
    columns=(
        mineral(),
        text("stage", "stage of the model", choices=STAGES),
        country("country", "producing country"),
        number("share", "share of world output", high=1.0),
        text("unit", "unit of share", choices=("share",)),
        text("period", "years averaged"),
        source(),
    ),
)

CAPACITY = TableSchema(
    name="capacity",
    doc=(
        "Yearly capacity by country. Within a year it is the most that a region of one country makes of a stage, or "
        "its output of the base year where that is more."
    ),
    key=("mineral", "stage", "country"),
    columns=(
        mineral(),
        text("stage", "stage of the model", choices=STAGES),
        country("country", "country of the plants", absent="countries the source does not list one by one"),
        integer("year", "year of the capacity", low=1900, high=2100),
        number("quantity_t", "capacity"),
        text("unit", "unit of quantity_t", choices=("t/yr",)),
        text("form", "form as published"),
        note(),
        source(),
    ),
)

BYPRODUCTS = TableSchema(
    name="byproducts",
    doc="How much of a mineral comes with a host metal, and how much more could.",
    key=("id", "measure"),
    columns=(
        text("id", "number of the fact"),
        mineral(),
        mineral("host", "host metal", absent="several hosts together"),
        text(
            "measure",
            "what value says",
            choices=("share_from_host", "potential_multiple", "yield", "share_of_concentrate"),
        ),
        number("value", "the fact"),
        text("unit", "unit of value"),
        integer("year", "year of the fact", low=1900, high=2100),
        note(),
        source(),
    ),
)

RECYCLING = TableSchema(
    name="recycling",
    doc="Shares of scrap in supply and of used products that are recycled.",
    key=("id",),
    columns=(
        text("id", "number of the fact"),
        mineral(),
        text("metric", "which share"),
        text("place", "where it holds"),
        integer("year", "year of the share", absent="not stated", low=1900, high=2100),
        number("share", "the share", high=1.0),
        text("unit", "unit of share", choices=("share",)),
        note(),
        source(),
    ),
)

STOCKS = TableSchema(
    name="stocks",
    doc="Published stocks and stock changes.",
    key=("id",),
    columns=(
        text("id", "number of the fact"),
        mineral(),
        text("holder", "who holds the stock"),
        text("kind", "what kind of stock or change"),
        text("date", "date or period"),
        number("quantity", "the stock", low=-np.inf),
        text("unit", "unit of quantity", choices=("t", "days of use")),
        note(),
        source(),
    ),
)

ELASTICITIES = TableSchema(
    name="elasticities",
    doc="Medians of published elasticities, over the estimates that have the sign theory asks for.",
    key=("id",),
    columns=(
        text("id", "number of the row"),
        mineral(),
        text("kind", "which elasticity", choices=("demand", "supply", "substitution")),
        text("subkind", "definition"),
        text("horizon", "time allowed to adjust"),
        integer("estimates", "number of estimates"),
        number("median", "median", low=-np.inf),
        number("lower_quartile", "lower quartile", low=-np.inf, absent="too few estimates"),
        number("upper_quartile", "upper quartile", low=-np.inf, absent="too few estimates"),
        text("unit", "unit of the elasticities", choices=("percent per percent",)),
        source(),
    ),
)

PRICES = TableSchema(
    name="prices",
    doc="Prices of the base year.",
    key=("mineral", "stage", "place"),
    columns=(
        mineral(),
        text("stage", "stage of the model", choices=STAGES),
        region("place", "region inside which it is paid", absent="price on the world market"),
        integer("year", "year of the price", low=1900, high=2100),
        number("published_price", "price as published"),
        text("published_unit", "unit as published"),
        number("price_usd_per_t", "price per tonne contained"),
        text("unit", "unit of price_usd_per_t", choices=("USD/t contained",)),
        note(),
        source(),
    ),
)
