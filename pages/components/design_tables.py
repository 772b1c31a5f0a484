"""How tables of a design are titled."""

from __future__ import annotations

from typing import Any

import streamlit as st

from model.design.charts import PARTS
from model.units import MONEY
from model.words.accounts import NET_GAIN

NUMBERS = {
    **{name: label for name, (label, _) in PARTS.items()},
    "gain_musd": NET_GAIN,
    "predicted_musd": f"{NET_GAIN}, predicted",
    "verified_musd": f"{NET_GAIN}, verified",
    "own_musd": "Its own gain changes by",
    "others_musd": "The members' gain changes by",
    "before_musd": "Then",
    "after_musd": "Now",
    "from_assumptions_musd": "From assumptions",
    "from_policy_musd": "From policy",
    "least_gain_musd": "Least gain of a member",
    "musd": "Contribution",
    "standard_error": "Standard error",
}
"""Column titles of amounts in million USD a year."""
TITLES = {
    "party": "Party",
    "side": "Who",
    "country": "Country",
    "change": "If it",
    "lever": "Lever",
    "instrument": "Instrument",
    "level": "Level",
    "producer_price_usd_per_t": st.column_config.NumberColumn("Producers' price, USD/t", format="localized"),
    "members": "Coalition",
    "number": "Members",
    "holds": "Holds together",
    "better_off_leaving": "Would rather leave",
    "state": "State of the world",
    "probability_per_yr": st.column_config.NumberColumn("Probability, per year", format="percent"),
    "severity": "Severity used",
    "severity_in_library": "Severity in the library",
    "duration_yr": "Duration, years",
    "unit": "Severity is",
}
"""Titles of the other columns."""


def columns() -> dict[str, Any]:
    """How tables of designs are shown: titles for columns, thousands separators for amounts."""
    return {
        name: st.column_config.NumberColumn(title, format="localized", help=f"{title}, {MONEY}, expected")
        for name, title in NUMBERS.items()
    } | TITLES
