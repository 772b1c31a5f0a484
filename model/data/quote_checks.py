"""Rules that tie quotes and trade after the controls to markets, units and the prices of the base year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.data.policy_checks import is_date, status_quo_day
from model.data.quotes import choose
from model.data.schema import Check, Fault, Frames, line_of
from model.data.schemas.quotes import INSIDE, OUTSIDE, QUOTED

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ROUNDING = 1e-3
"""Of the price, by which it may differ from what the row's own factors give."""
FARTHEST = 20.0
"""Multiple of the price of 2024, and fraction of it, beyond which a quote is more likely mistaken than true."""
DATES = (("quotes", "date"), ("trade_after", "start"), ("trade_after", "until"))


def check_every_origin_is_a_region_or_outside(frames: Frames) -> list[Fault]:
    """Goods come from a region, or from everywhere but China."""
    known = {*frames["regions"].id, OUTSIDE, ""}
    unknown = ~frames["trade_after"].exporter.isin(known)
    return _faults(frames, "trade_after", "exporter", unknown, f"must be {OUTSIDE} or exist in regions.id")


def check_every_quote_is_of_the_last_stage(frames: Frames) -> list[Fault]:
    """Quotes and trade are of what manufacturers buy, the last stage of a market."""
    last = frames["minerals"].set_index("id").stages.str.split(";").str[-1]
    rule = "must be the last stage of the market"
    faults = []
    for name in ("quotes", "trade_after"):
        table = frames[name]
        faults += _faults(frames, name, "stage", table.stage != table.mineral.map(last).fillna(table.stage), rule)
    return faults


def check_every_quote_has_a_date(frames: Frames) -> list[Fault]:
    """Dates are written year-month-day."""
    return [
        fault
        for table, column in DATES
        for fault in _faults(
            frames,
            table,
            column,
            ~frames[table][column].map(is_date).astype(bool),
            "must be a date written year-month-day",
        )
    ]


def check_every_time_runs_forward(frames: Frames) -> list[Fault]:
    """A time ends after it begins."""
    table = frames["trade_after"]
    return _faults(frames, "trade_after", "until", table.until < table.start, "must not lie before start")


def check_every_currency_has_its_rate(frames: Frames) -> list[Fault]:
    """A quote in yuan needs a rate of exchange and where it was published, one in dollars has none."""
    quotes = frames["quotes"]
    yuan = quotes.unit.str.startswith("CNY")
    wrong = (yuan != (quotes.cny_per_usd > 0.0)) | (yuan != (quotes.rate_source_id != ""))
    return _faults(frames, "quotes", "unit", wrong, "yuan need a rate with its source, dollars have none")


def check_every_quote_is_what_its_factors_give(frames: Frames) -> list[Fault]:
    """Unit, rate of exchange, tax and content lead from the published price to the one per tonne contained."""
    quotes = frames["quotes"]
    given = quotes.value * quotes.unit.map(QUOTED) / quotes.cny_per_usd.fillna(1.0)
    given /= (1.0 + quotes.vat_rate) * quotes.content_share
    wrong = (quotes.value_usd_per_t - given).abs() > ROUNDING * given
    return [
        fault
        for index in np.flatnonzero(wrong)
        for fault in _faults(
            frames,
            "quotes",
            "value_usd_per_t",
            quotes.index == index,
            f"{quotes.value[index]:g} {quotes.unit[index]} is {given[index]:.6g} USD/t contained",
        )
    ]


def check_every_quote_lies_in_its_range(frames: Frames) -> list[Fault]:
    """A quote lies in the range published with it."""
    quotes = frames["quotes"]
    wrong = (quotes.value < quotes.low) | (quotes.value > quotes.high)
    return _faults(frames, "quotes", "value", wrong, "must lie between low and high")


def check_every_unit_value_has_its_weight(frames: Frames) -> list[Fault]:
    """A mean of unit values weighs them by tonnes; an assessment has none."""
    quotes = frames["quotes"]
    wrong = (quotes.method == "unit_value") != (quotes.quantity_t > 0.0)
    return _faults(frames, "quotes", "quantity_t", wrong, "unit values need the tonnes, assessments have none")


def check_every_quote_is_near_the_base_year(frames: Frames) -> list[Fault]:
    """A price many times that of 2024, or a small part of it, is questioned."""
    quotes, prices, assumptions = frames["quotes"], frames["prices"], frames["assumptions"]
    assumed = assumptions[assumptions.id == "refined_price_usd_per_t"]
    published = prices[(prices.place == "") & (prices.stage == "refined")]
    base = quotes.mineral.map(
        dict(zip(assumed.mineral, assumed.value, strict=True))
        | dict(zip(published.mineral, published.price_usd_per_t, strict=True))
    )
    multiple = quotes.value_usd_per_t / base
    wrong = (multiple > FARTHEST) | (multiple < 1.0 / FARTHEST)
    return _faults(frames, "quotes", "value_usd_per_t", wrong, f"more than {FARTHEST:g} times off the price of 2024")


def check_every_judgement_is_told(frames: Frames) -> list[Fault]:
    """A quote that rests on a judgement says on which."""
    quotes = frames["quotes"]
    return _faults(frames, "quotes", "note", quotes.assumption & (quotes.note == ""), "an assumed quote needs a note")


def check_every_market_has_a_nowcast(frames: Frames) -> list[Fault]:
    """Each market needs a row that says what moves it, be it nothing."""
    minerals, known = frames["minerals"], set(frames["nowcast"].mineral)
    return [
        Fault("nowcast", None, "mineral", mineral, "market has no such row")
        for mineral in minerals[minerals.kind == "market"].id
        if mineral not in known
    ]


def check_every_quoted_mineral_is_moved(frames: Frames) -> list[Fault]:
    """A price quoted on the date of the status quo is returned by a move of some kind."""
    today, quotes, nowcast = status_quo_day(frames), frames["quotes"], frames["nowcast"]
    if today is None:
        return []
    quotes = quotes[quotes.date.map(is_date).astype(bool)]
    unmoved = [
        row.kind == "none" and any(choose(quotes, str(row.mineral), place, today) for place in (OUTSIDE, INSIDE))
        for row in nowcast.itertuples()
    ]
    return _faults(frames, "nowcast", "kind", unmoved, f"a price is quoted on {today}: say what moves")


QUOTE_CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("regions", "trade_after"), check_every_origin_is_a_region_or_outside),
    (("minerals", "quotes", "trade_after"), check_every_quote_is_of_the_last_stage),
    (("quotes", "trade_after"), check_every_quote_has_a_date),
    (("trade_after",), check_every_time_runs_forward),
    (("quotes",), check_every_currency_has_its_rate),
    (("quotes",), check_every_quote_is_what_its_factors_give),
    (("quotes",), check_every_quote_lies_in_its_range),
    (("quotes",), check_every_unit_value_has_its_weight),
    (("quotes", "prices", "assumptions"), check_every_quote_is_near_the_base_year),
    (("quotes",), check_every_judgement_is_told),
    (("minerals", "nowcast"), check_every_market_has_a_nowcast),
    (("status_quo", "quotes", "nowcast"), check_every_quoted_mineral_is_moved),
)
"""Tables a check needs, and the check; it is skipped while one of them is missing."""


def _faults(frames: Frames, table: str, column: str, wrong: ArrayLike, rule: str) -> list[Fault]:
    """A fault at every row that is wrong, which names the mineral beside the cell."""
    frame = frames[table]
    return [
        Fault(table, line_of(index), column, f"{frame.mineral.iloc[index]}: {frame[column].iloc[index]}", rule)
        for index in np.flatnonzero(np.asarray(wrong))
    ]
