"""Today's prices in words and as a table: what is quoted, what the status quo returns, and by which shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from model.data.schemas.quotes import INSIDE, OUTSIDE
from model.market.horizon import SHORT
from model.nowcast import ShiftKind
from model.studies.today import today_rows
from model.words.names import BASE_YEAR
from model.words.numbers import listing, lowered, percent, price, starting

if TYPE_CHECKING:
    from model.nowcast import Nowcast, Shift
    from model.outcome import Outcome
    from model.scenario import Scenario
    from model.words.names import Names
    from model.world import World

PLACES = {OUTSIDE: "outside China", INSIDE: "inside China"}
METHODS = {"assessment": "published assessment", "unit_value": "value per tonne of US imports in three months"}
SHIFTED = {
    ShiftKind.DEMAND: "use",
    ShiftKind.SUPPLY: "output",
    ShiftKind.INSIDE_DEMAND: "China's use, stocks built there included,",
}


def today_in_words(nowcast: Nowcast | None, mineral: str, names: Names, horizon: str) -> str:
    """What a mineral costs today and how the status quo returns it, or that it does not; or that it was not asked.

    In the long run the shift stays and prices do not, since capacity has answered.
    """
    metal = lowered(names.mineral(mineral))
    if nowcast is None:
        return f"The status quo has prices of {BASE_YEAR} moved by duties and controls alone, not those of today."
    quoted = listing(
        [
            f"{price(quote.price_usd_per_t)} {PLACES[place]} ({METHODS[quote.method]}, {quote.quoted.isoformat()})"
            for place, quote in nowcast.quotes.items()
        ]
    )
    asked = f"Today's price of {metal} is {quoted}" if quoted else f"Of {metal} no price is quoted"
    if nowcast.why_not:
        why = f"{asked} and is not explained" if quoted else asked
        return (
            f"{why}: {nowcast.why_not}. The status quo has its price of {BASE_YEAR} moved by duties and controls, "
            f"{price(nowcast.price.at(nowcast.place))} {PLACES[nowcast.place]}."
        )
    how = f"{_shifted(nowcast.shift)} ({nowcast.reason})"
    returned = f"{asked}; the status quo returns it with {how}"
    if horizon != SHORT.id:
        returned = f"{asked}; the status quo of one year returns it with {how}, which stays while capacity responds"
    return f"{returned}; {nowcast.unknown}." if nowcast.unknown else f"{returned}."


def _shifted(shift: Shift) -> str:
    parts = []
    if shift.licences != 1.0:
        parts.append(f"China's licences at {percent(shift.licences)} of their published level")
    if shift.kind != ShiftKind.NONE:
        direction = "above" if shift.share >= 0 else "below"
        where = " outside China" if shift.outside_only else ""
        parts.append(f"{SHIFTED[shift.kind]}{where} {percent(abs(shift.share))} {direction} {BASE_YEAR} at any price")
    return listing(parts)


def quoted_on(nowcast: Nowcast, horizon: str) -> str:
    """The day of the quote that the status quo returns, as a remark; that it does not, where it is not explained.

    Nothing of the long run, which returns no quote.
    """
    if horizon != SHORT.id:
        return ""
    if not nowcast.explained:
        return ", which no quote explains"
    return f", quoted {nowcast.quote.quoted.isoformat()}" if nowcast.quote else ""


def unexplained(outcome: Outcome, mineral: str) -> bool:
    """Whether today's price of a mineral is asked for and not explained."""
    return mineral in outcome.nowcasts and not outcome.nowcasts[mineral].explained


def trade_in_words(trade: pd.DataFrame) -> str:
    """How often the status quo comes near trade that nothing was fitted to, and how often the old one does."""
    near = int(trade["hit"].sum())
    known = trade["today"].notna()
    sign = int(((trade["today"] < 1.0) == (trade["published"] < 1.0))[known].sum())
    return (
        f"Of {len(trade)} published changes of trade that nothing was fitted to, the status quo comes within half "
        f"as much again of {near} and has the right direction in {sign} of {int(known.sum())}; it misses the others."
    )


def today_table(world: World, scenario: Scenario, names: Names) -> pd.DataFrame:
    """Every mineral's price today as quoted and in the status quo, with the shift behind it; prices in USD/t."""
    return pd.DataFrame(
        [
            {
                "Mineral": names.mineral(row["mineral"]),
                "Price today, USD/t": row["price_today"],
                "Quoted, USD/t": row["price_today_quoted"],
                "Date of the quote": row["quote_date"],
                "Inside China, USD/t": row["inside_price_today"],
                "Quoted inside China, USD/t": row["inside_price_quoted"],
                "Shift": starting(_shifted(world.nowcast(row["mineral"], scenario).shift)) or "none",
                "China's exports let out, share of 2024": row["licence_share"],
                "Explained": "yes" if row["explained"] else f"no: {row['why_not']}",
                "Why this shift": world.nowcast(row["mineral"], scenario).reason,
                "Source": row["quote_source"],
            }
            for row in today_rows(world, scenario)
        ]
    )
