"""Prices of today, and what was traded after the controls began."""

import numpy as np

from model.data.schema import TableSchema, flag, mineral, note, number, region, source, text
from model.data.schemas.supply import STAGES

OUTSIDE = "OUTSIDE"
"""Every region but China, as a place where a price is paid or goods come from."""
INSIDE = "CHN"
"""The one region inside which prices are quoted."""
METHODS = ("assessment", "unit_value")
QUOTED = {
    "USD/t": 1.0,
    "USD/kg": 1000.0,
    "USD/lb": 1.0 / 0.00045359237,
    "USD/mtu WO3": 1.0 / 0.00793,  # 10 kg of tungsten trioxide hold 7.93 kg of tungsten
    "CNY/t": 1.0,
}
"""Units of quotes, and how many of them make a tonne (of tungsten, where tungsten trioxide is quoted)."""

QUOTES = TableSchema(
    name="quotes",
    doc=(
        "Prices published since the base year, one row for each quote the rule below may choose from. "
        "value_usd_per_t is value in tonnes and dollars, without the tax, per tonne contained."
    ),
    key=("mineral", "stage", "place", "date", "method"),
    columns=(
        mineral(),
        text("stage", "stage of the market, its last", choices=STAGES),
        text("place", f"where it is paid, {OUTSIDE} being everywhere but China", choices=(INSIDE, OUTSIDE)),
        text("date", "day of the quote, or last day of the month it is the mean of (year-month-day)"),
        text("method", "published assessment, or value per tonne of US imports in a month", choices=METHODS),
        text("basis", "goods, place and terms"),
        number("value", "price as published, the middle of a range"),
        number("low", "lower end of the published range", absent="no range"),
        number("high", "upper end of the published range", absent="no range"),
        text("unit", "unit of value, low and high", choices=tuple(QUOTED)),
        number("cny_per_usd", "rate of exchange, of the nearest day read", absent="quoted in US dollars"),
        text("rate_source_id", "publication of the rate", absent="no rate", refers_to=("sources", "source_id")),
        number("vat_rate", "value added tax in the quoted price, as a rate on the price without it", high=1.0),
        number("content_share", "tonnes contained per tonne quoted", low=np.nextafter(0.0, 1.0), high=1.0),
        text("conversion", "why these factors"),
        number("value_usd_per_t", "price per tonne contained, without tax"),
        number("quantity_t", "imports it is the value of, the weight in a mean", absent="an assessment"),
        flag("assumption", "whether value or conversion rests on a judgement, told in the note"),
        note(),
        source(),
    ),
)

NOWCAST = TableSchema(
    name="nowcast",
    doc=(
        "What moves in a market so that today's status quo returns its quote, one row for each market. Where China's "
        "licences bind and prices are quoted outside and inside, both are used and this row is not."
    ),
    key=("mineral",),
    columns=(
        mineral(),
        text("kind", "what is moved at any price", choices=("demand", "supply", "inside_demand", "none")),
        text("reason", "why this, for the reader"),
        flag("assumption", "whether the choice is a judgement"),
        source(absent="a judgement without a publication behind it"),
    ),
)

TRADE_AFTER = TableSchema(
    name="trade_after",
    doc=(
        "Goods traded after export controls began, and as long a time before. Nothing is fitted to the independent "
        "rows: they are there to test the model. Tonnes contained are quantity times content."
    ),
    key=("mineral", "exporter", "importer", "start", "goods"),
    columns=(
        mineral(),
        text("stage", "stage of the market", choices=STAGES),
        text("exporter", f"region of origin, or {OUTSIDE} for every region but China", absent="every region"),
        region("importer", "region of arrival", absent="every region"),
        text("start", "first day of the time (year-month-day)"),
        text("until", "last day of the time (year-month-day)"),
        text("goods", "goods covered"),
        number("quantity_t", "weight of the goods"),
        number("quantity_before_t", "the same goods over as long a time before, told in the note", absent="not found"),
        number("content_share", "tonnes contained per tonne of the goods", high=1.0),
        flag("independent", "whether no level of a control was taken from it"),
        note(),
        source(),
    ),
)
