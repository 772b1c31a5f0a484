"""What a reader is told: sentences and tables made from a scenario's results, true of the numbers and rounded to what they bear."""

from model.findings.overview import (
    axis_bound,
    curve_sentence,
    gains_by_party,
    gains_sentence,
    headline_numbers,
    industries_hit,
    industries_sentence,
    sources_sentence,
    spend_usd,
    supply_by_origin,
)
from model.findings.reasons import controls_in_words, reasons
from model.findings.terms import agreement_in_words, group_labels
from model.findings.users import (
    MEASURES,
    industry_detail,
    opened_sentence,
    ranked_industries,
    ranking_sentence,
    relief_sentence,
    totals_sentence,
    unsized_users,
    uses_by_mineral,
)
from model.findings.wording import Names, figures, money, percent, price, signed_money, tonnes

__all__ = [
    "MEASURES",
    "Names",
    "agreement_in_words",
    "axis_bound",
    "controls_in_words",
    "curve_sentence",
    "figures",
    "gains_by_party",
    "gains_sentence",
    "group_labels",
    "headline_numbers",
    "industries_hit",
    "industries_sentence",
    "industry_detail",
    "money",
    "opened_sentence",
    "percent",
    "price",
    "ranked_industries",
    "ranking_sentence",
    "reasons",
    "relief_sentence",
    "signed_money",
    "sources_sentence",
    "spend_usd",
    "supply_by_origin",
    "tonnes",
    "totals_sentence",
    "unsized_users",
    "uses_by_mineral",
]
