"""The manufacturers who use the metal: who they are, how large, what they use, and from whom they buy."""

import numpy as np

from model.data.schema import Column, TableSchema, flag, integer, mineral, note, number, region, source, text

SUBSTITUTION_CLASSES = ("exemplary", "good", "adequate", "poor", "none")
DEPENDENCE_CLASSES = ("all", "most", "part", "niche", "trace", "residual")
GRADES = ("A", "B", "C")
SHARES_FROM = ("USA", "EUN", "WLD", "assumed")


def industry(name: str = "industry", doc: str = "industry") -> Column:
    """A column of ids of industries.csv."""
    return text(name, doc, refers_to=("industries", "id"))


def year(doc: str) -> Column:
    """The year a figure is for."""
    return integer("year", doc, low=1900, high=2100)


INDUSTRIES = TableSchema(
    name="industries",
    doc="Downstream industries, disjoint sets of BEA detail industries. Flags are a judgement; never add their totals.",
    key=("id",),
    columns=(
        text("id", "short name"),
        text("name", "name in English"),
        text("bea_codes", "BEA 2017 detail codes in it, joined by ';'", list_column=True),
        text("naics", "the same in NAICS codes"),
        flag("defense", "whether it supplies armed forces"),
        flag("energy", "whether it supplies energy equipment or fuels"),
        flag("critical_infrastructure", "whether critical infrastructure depends on it"),
        year("edition of the classification"),
        source(),
    ),
)

INDUSTRY_SIZE = TableSchema(
    name="industry_size",
    doc="Output, value added and jobs of the industries in the United States.",
    key=("industry", "year"),
    columns=(
        industry(),
        year("year of the figures"),
        number("output_usd", "gross output [USD/yr]"),
        number("value_added_usd", "value added [USD/yr]"),
        number("jobs", "people employed", absent="not published for this year"),
        source(),
        text("jobs_source_id", "publication of the jobs", absent="no jobs", refers_to=("sources", "source_id")),
        note(),
    ),
)

INDUSTRY_PARTY_SIZE = TableSchema(
    name="industry_party_size",
    doc="Gross output of the sector each industry belongs to, against that of the United States.",
    key=("region", "industry"),
    columns=(
        region(),
        industry(),
        text("wiod_sector", "sector of the World Input-Output Database"),
        number("size_vs_usa", "gross output as multiple of that of the United States"),
        year("year of the outputs"),
        source(),
        note(),
    ),
)

INDUSTRY_USE = TableSchema(
    name="industry_use",
    doc="Who uses each mineral in the United States. Shares of one mineral sum to one.",
    key=("mineral", "industry"),
    columns=(
        mineral(),
        industry(),
        number("use_share", "share of the mineral's use", high=1),
        text("quality", "A published for one industry, B published but split or mapped, C assumed", choices=GRADES),
        text(
            "share_from",
            "whose use the share is of; assumed where nobody published one",
            choices=SHARES_FROM,
        ),
        text("substitution_class", "how well the best substitute performs", choices=SUBSTITUTION_CLASSES),
        text("dependence", "how much of the industry's output needs the mineral", choices=DEPENDENCE_CLASSES),
        text("substitutes", "known substitutes", absent="none named"),
        year("year of the shares"),
        source(),
        note(),
    ),
)

INDUSTRY_USE_BASE = TableSchema(
    name="industry_use_base",
    doc="Consumption and price that turn use shares of the United States into spending.",
    key=("mineral", "region"),
    columns=(
        mineral(),
        region(),
        number("use_t", "consumption [t/yr]"),
        number("price_usd_per_t", "price paid [USD/t]"),
        year("year of the price"),
        source(),
        text("price_source_id", "publication of the price", absent="assumed", refers_to=("sources", "source_id")),
        note(),
    ),
)

EU_USE_SHARES = TableSchema(
    name="eu_use_shares",
    doc="Applications of minerals in the European Union, one row for each industry that may hold the application. "
    "The mapping is a judgement; applications outside the metal market or without an industry are left out.",
    key=("mineral", "application", "industry"),
    columns=(
        mineral(),
        text("application", "application as published"),
        industry(doc="industry that may hold the application"),
        number("application_share", "share of the application in the mineral's use", high=1),
        text("nace", "NACE division named by the publication", absent="none named"),
        year("year of the publication"),
        source(),
    ),
)

DISRUPTION_RESULTS = TableSchema(
    name="disruption_results",
    doc="Published effects of supply disruptions on the United States, against which the losses are tested.",
    key=("id",),
    columns=(
        text("id", "number of the row"),
        text("minerals", "minerals disrupted together, joined by ';'", list_column=True),
        text("scenario", "what is disrupted"),
        text("metric", "what was published"),
        number("value", "published value", absent="only a bound was published", low=-np.inf),
        number("low", "lower end of the published range", absent="no range was published", low=-np.inf),
        number("high", "upper end of the published range", absent="no range was published", low=-np.inf),
        text("unit", "unit of value, low and high", choices=("USD", "share")),
        year("year of the publication or of the figure"),
        source(),
        note(),
    ),
)
