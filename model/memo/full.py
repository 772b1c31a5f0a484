"""Full result tables for workbooks: names for codes, titles with units, every number with all its digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from model.design.wording import with_names
from model.findings.whose import STATE_NAMES
from model.instruments import KINDS
from model.memo.blocks import Column, Sheet, Value, cell
from model.studies.ranges import OWN
from model.units import MILLION, MONEY
from model.words import accounts
from model.words.names import readable
from model.words.numbers import lowered, starting

if TYPE_CHECKING:
    import pandas as pd

    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

PLACE = ["mineral", "stage", "region"]
PAGES = {
    **dict.fromkeys(sorted(kind.result for kind in KINDS if kind.result is not None), "Terms"),
    "industries": "Manufacturers",
    "industries_without_agreement": "Manufacturers",
    "industries_by_mineral": "Manufacturers",
    "shocks": "Shocks and ranges",
    "sensitivity": "Shocks and ranges",
    "accounts": "Accounts",
    "prices": "Prices and quantities",
    "flows": "Trade flows",
    "sources": "Trade flows",
}
"""Result tables that a workbook holds in full, and on which sheet; the memo's own tables tell the rest."""
CAPTIONS = {
    **{kind.result: kind.result_title for kind in KINDS if kind.result is not None},
    "industries": "Every industry of every party, with the agreement and the shock",
    "industries_without_agreement": "Every industry of every party, without the agreement",
    "industries_by_mineral": "What each mineral contributes",
    "shocks": "Each named shock alone, without and with the agreement",
    "sensitivity": "Every trial of an assumption",
    "accounts": "Change of every account of every country",
    "prices": "Prices and quantities of every country and stage in each state",
    "flows": "Flows in each state, home supply included",
    "sources": "Supply of the parties by origin in each state",
}
UNSHOWN = frozenset({"index", "why_not", "industry", "grade"})
"""Columns that say nothing to a reader: places in files, and what other columns say in words."""
UNIT = re.compile("_(usd_per_t|usd|share|t)(?=_|$)")
UNITS = {"usd_per_t": ("USD/t", 1.0), "usd": (MONEY, 1.0 / MILLION), "share": ("%", 100.0), "t": ("t/yr", 1.0)}
"""Parts of stored names that say a unit; the unit shown and the factor to it."""
SHARES = ("unit_cost_change", "output_loss", "cut_", "cost_share", "non_party_share")
"""Beginnings of names of shares."""
MIDDLES = {f"_{name}": f", {lowered(label)}" for name, label in STATE_NAMES.items()}
MIDDLES |= {"_agreement": ", by the agreement", "_without": MIDDLES["_without_agreement"]}
"""Parts of stored names that say a state, or whose effect it is."""
TITLES = {
    **accounts.NAMES,
    **{
        part: f"{accounts.NAMES[name]}: {label}"
        for name, parts in accounts.PARTS.items()
        for part, label in parts.items()
    },
    "net": accounts.NET_GAIN,
    "region": "Country or union",
    "name": "Industry",
    "is_party": "A party",
    "fault": "No result because",
    "borrowed": "Shares of use from elsewhere or assumed",
    "suspect": "Use per sales far above the United States'",
    "short": "Unmet use",
}
PLAIN_UNITS = {"levy": "USD/t", "price": "USD/t", "in_quota": "t/yr", "over_quota": "t/yr", "rent_per_unit": "USD/t"}


def full_tables(snapshot: Snapshot, say: Voice) -> tuple[Sheet, ...]:
    """The full tables that have rows."""
    frames = dict(snapshot.tables)
    frames["prices"] = frames["prices"].merge(frames["quantities"], on=PLACE)
    return tuple(_sheet(name, page, frames[name], say) for name, page in PAGES.items() if len(frames[name]))


def _sheet(name: str, page: str, frame: pd.DataFrame, say: Voice) -> Sheet:
    states = [name for name in STATE_NAMES if name in frame]
    kept = [str(column) for column in frame.columns if column not in UNSHOWN and column not in states] + states
    columns = tuple(titled(column) for column in kept)
    rows = zip(*([told(column, stored, say) for stored in frame[column]] for column in kept), strict=True)
    return Sheet(f"Full {name}", CAPTIONS[name], columns, tuple(rows), page=page)


def titled(name: str) -> Column:
    """The readable title of a stored column, with its unit and the factor to it.

    >>> titled("consumer_price_without_agreement_usd_per_t").header, titled("users_agreement_usd").header
    ('Consumer price, shock, no agreement, USD/t', 'Users, by the agreement, million USD/yr')
    """
    if name in STATE_NAMES:
        return Column(STATE_NAMES[name], "t/yr")
    rest, unit, scale, state = name, PLAIN_UNITS.get(name, ""), 1.0, ""
    if name.startswith(SHARES):
        unit, scale = "%", 100.0
    elif found := UNIT.search(name):
        unit, scale = UNITS[found[1]]
        rest = name[: found.start()] + name[found.end() :]
    for middle, label in MIDDLES.items():
        if middle in rest:
            rest, state = rest.replace(middle, ""), label
            break
    if rest.startswith(OWN):
        rest, state = rest.removeprefix(OWN), MIDDLES["_agreement"]
    return Column(TITLES.get(rest, starting(readable(rest))) + state, unit, scale)


def told(column: str, stored: Any, say: Voice) -> Value:
    """A stored cell with names for codes."""
    value = cell(stored)
    if not isinstance(value, str):
        return value
    match column:
        case "region" | "exporter" | "importer" | "origin":
            return starting(say.region(value))
        case "mineral" | "shortest_mineral":
            return say.names.mineral(value)
        case "stage":
            return {"mine": "ore", "refined": "refined"}.get(value, value)
        case "shock":
            return say.names.shock(value)
        case "assumption":
            return say.names.assumption(value)
        case _:
            return with_names(value, say.names)
