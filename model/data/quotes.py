"""What a mineral costs today: the one price the table of quotes stands for, at a place and on a date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from datetime import date

OLDEST_MONTHS = 6
"""Age beyond which an assessment is no longer a price of today."""
MEAN_MONTHS = 3
"""Months of imports behind a unit value: those of one month are too few where little is traded."""
NOWCAST_LIMITS = ("nowcast_shift_limit", "nowcast_inside_limit")
"""Assumptions on how far today's prices may move a market, and China's own use."""


@dataclass(frozen=True)
class Quote:
    """A price of today, in USD per tonne contained without tax, and how it was found.

    ``low_usd_per_t`` and ``high_usd_per_t`` are the lowest and the highest that the same method gave, published ranges
    included: of assessments within the six months before ``asked``, of unit values the means of three months that end
    with each of the last six, so that they reach eight months back. ``quoted`` is the day of the last row behind it.
    """

    price_usd_per_t: float
    low_usd_per_t: float
    high_usd_per_t: float
    quoted: date
    method: str
    sources: tuple[str, ...]


def choose(rows: pd.DataFrame, mineral: str, place: str, asked: date) -> Quote | None:
    """The price of a mineral at a place on a date by the rule of ``data/README.md``; None where nothing is recent.

    ``rows`` is the table ``quotes``. The newest month with an assessment wins, with the mean of its assessments; an
    assessment may be six months old. Where there is none, the value per tonne of three months of imports counts.

    >>> from datetime import date
    >>> from model.data import load
    >>> choose(load()["quotes"], "copper", "OUTSIDE", date(2026, 6, 30)).price_usd_per_t
    13543.2
    """
    rows = rows[(rows.mineral == mineral) & (rows.place == place)]
    rows = rows.assign(day=pd.to_datetime(rows.date)).sort_values("day")
    rows = rows[rows.day <= pd.Timestamp(asked)]
    recent = rows.day >= pd.Timestamp(asked) - pd.DateOffset(months=OLDEST_MONTHS)
    assessments = rows[recent & (rows.method == "assessment")]
    if not assessments.empty:
        return _assessed(assessments)
    return _imported(rows[rows.method == "unit_value"], asked)


def _assessed(rows: pd.DataFrame) -> Quote:
    """The mean of the newest month's assessments."""
    months = rows.day.dt.to_period("M")
    newest = rows[months == months.iloc[-1]]
    per_unit = rows.value_usd_per_t / rows.value
    low, high = (rows[end].fillna(rows.value) * per_unit for end in ("low", "high"))
    return Quote(float(newest.value_usd_per_t.mean()), float(low.min()), float(high.max()), *_origin(newest))


def _imported(rows: pd.DataFrame, asked: date) -> Quote | None:
    """The value of imports of the last three months per tonne; a month counts once it is over.

    The range is that of the means of three months which end with each of the last six.
    """
    last = (pd.Timestamp(asked) + pd.Timedelta(days=1)).to_period("M") - 1
    months = rows.day.dt.to_period("M")
    three = {
        end: rows[(months > end - MEAN_MONTHS) & (months <= end)] for end in (last - n for n in range(OLDEST_MONTHS))
    }
    means = {
        end: float((some.value_usd_per_t * some.quantity_t).sum() / some.quantity_t.sum())
        for end, some in three.items()
        if not some.empty
    }
    if last not in means:
        return None
    return Quote(means[last], min(means.values()), max(means.values()), *_origin(three[last]))


def _origin(rows: pd.DataFrame) -> tuple[date, str, tuple[str, ...]]:
    """Day of the last row, method and sources of the rows behind a price."""
    return rows.day.iloc[-1].date(), str(rows.method.iloc[-1]), tuple(dict.fromkeys(rows.source_id))
