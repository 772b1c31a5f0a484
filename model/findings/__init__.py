"""What a reader is told: sentences and tables from a scenario's results, rounded to what they bear."""

from model.findings.answers import if_answered
from model.findings.formulation import Formulation, formulation, levers_table
from model.findings.intervals import own_ranges, range_in_words, ranges_in_words
from model.findings.overview import (
    Overview,
    axis_bound,
    curve_chart,
    curve_sentence,
    headline_note,
    headline_numbers,
    overview,
)
from model.findings.reasons import controls_in_words, data_limits, missed, verdicts
from model.findings.terms import agreement_in_words, assumed, group_labels, shocks_set_aside
from model.findings.today import quoted_on, today_in_words, today_table, trade_in_words
from model.findings.users import (
    MEASURES,
    borrowed_minerals,
    described,
    drawback_sentence,
    industry_detail,
    opened_sentence,
    ranked_industries,
    ranking_sentence,
    refunds_by_industry,
    relief_sentence,
    totals_sentence,
    unsized_users,
    uses_by_mineral,
    with_worst,
)
from model.words.names import Names

__all__ = [
    "MEASURES",
    "Formulation",
    "Names",
    "Overview",
    "agreement_in_words",
    "assumed",
    "axis_bound",
    "borrowed_minerals",
    "controls_in_words",
    "curve_chart",
    "curve_sentence",
    "data_limits",
    "described",
    "drawback_sentence",
    "figures",
    "formulation",
    "group_labels",
    "headline_note",
    "headline_numbers",
    "if_answered",
    "industry_detail",
    "levers_table",
    "missed",
    "opened_sentence",
    "overview",
    "own_ranges",
    "quoted_on",
    "range_in_words",
    "ranges_in_words",
    "ranked_industries",
    "ranking_sentence",
    "refunds_by_industry",
    "relief_sentence",
    "shocks_set_aside",
    "today_in_words",
    "today_table",
    "totals_sentence",
    "trade_in_words",
    "unsized_users",
    "uses_by_mineral",
    "verdicts",
    "with_worst",
]
