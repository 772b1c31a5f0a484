"""Numbers as a reader sees them: few figures or all, thousands separators, units, one minus sign."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from model.units import MILLION

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUS = "−"
DIGITS_SET = 10
"""Digits of a level that somebody set; what a computed one has beyond them is nobody's choice."""
LEAST_USD = 1e4
"""A smaller change of money is told as none: less than what sums of billions bear or anyone negotiates [USD/yr]."""
LEAST_T = 0.01
"""A smaller yearly quantity is told as none [t/yr]."""
LEAST_SHARE = 5e-5
"""A smaller change of a share or of a price, as a share of it, is told as none."""
NO_CHANGE = "no change"
BEFORE_UNIT = re.compile(r"(?<=\d) (?=%|USD\b|t\b|(?:m|b|tr)illion\b|points\b)")
SCALES = ((1e12, "trillion "), (1e9, "billion "), (MILLION, "million "))


def figures(value: float, digits: int = 3) -> str:
    """A number with so many significant figures and thousands separators.

    >>> figures(27_096.4), figures(0.01234), figures(-1_234_567.0)
    ('27,100', '0.0123', '−1,230,000')
    """
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else "unknown"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, decimals):,.{max(decimals, 0)}f}".replace("-", MINUS)


def figures_beside(value: float, other: float | None) -> str:
    """Three significant figures, or as many as keep the number on its side of another one told beside it.

    >>> figures_beside(45_612.0, None), figures_beside(45_612.0, 45_600.0), figures_beside(45_612.0, 45_700.0)
    ('45,600', '45,610', '45,600')
    """
    for digits in range(3, 16):
        shown = float(f"{value:.{digits}g}")
        if other is None or ((shown < other) == (value < other) and (shown > other) == (value > other)):
            return figures(value, digits)
    return exact(value)


def exact(value: float) -> str:
    """A number with all the digits that anybody set, and thousands separators.

    >>> exact(27096.4), exact(20000.0), exact(0.1 + 0.2), exact(-0.3), exact(1e-5)
    ('27,096.4', '20,000', '0.3', '−0.3', '0.00001')
    """
    whole, _, digits = f"{Decimal(f'{float(value):.{DIGITS_SET}g}'):,f}".partition(".")
    digits = digits.rstrip("0")
    return (f"{whole}.{digits}" if digits else whole if value else "0").replace("-", MINUS)


def exact_percent(share: float) -> str:
    """A share in percent with all its digits, where the share is a short decimal.

    >>> exact_percent(0.29), exact_percent(0.065)
    ('29 %', '6.5 %')
    """
    return f"{exact(float(f'{100 * share:.12g}'))} %"


def level(value: float, unit: str) -> str:
    """A number with all its digits and without its unit; a share in percent, as readers set it.

    >>> level(0.7, "share of exports stopped"), level(120.0, "t contained per year")
    ('70 %', '120')
    """
    return exact_percent(value) if unit.startswith("share") else exact(value)


def money(usd: float, digits: int = 3) -> str:
    """An amount of money without its sign.

    >>> money(312_400_000), money(-1.5e9), money(48_200)
    ('312 million USD', '1.50 billion USD', '48,200 USD')
    """
    amount = abs(usd)
    for scale, name in SCALES:
        if amount >= scale * 0.9995:
            return f"{figures(amount / scale, digits)} {name}USD"
    return f"{figures(amount, digits)} USD"


def changes(usd: float) -> bool:
    """Whether a change of money is one to be told.

    >>> changes(-4_770.0), changes(2e4)
    (False, True)
    """
    return abs(usd) >= LEAST_USD


def signed_money(usd: float) -> str:
    """A change of money with its sign.

    >>> signed_money(-2e6), signed_money(3.7e-9)
    ('−2.00 million USD', 'no change')
    """
    return f"{sign(usd)}{money(usd)}" if changes(usd) else NO_CHANGE


def signed_millions(usd: float) -> str:
    """A change of money in millions with its sign.

    >>> signed_millions(-667_200_000.0), signed_millions(-7.2e-7)
    ('−667', 'no change')
    """
    return f"{sign(usd)}{figures(abs(usd) / MILLION)}" if changes(usd) else NO_CHANGE


def sign(value: float) -> str:
    """Plus or minus sign of a change that is shown; nothing for zero."""
    if value == 0:
        return ""
    return "+" if value > 0 else MINUS


def price(usd_per_t: float) -> str:
    """A price.

    >>> price(152_750.2)
    '153,000 USD/t'
    """
    return f"{figures(usd_per_t)} USD/t"


def tonnes(quantity_t: float) -> str:
    """A yearly quantity.

    >>> tonnes(13_283.7), tonnes(1.1e-4)
    ('13,300 t/yr', '0 t/yr')
    """
    return f"{figures(quantity_t if abs(quantity_t) >= LEAST_T else 0.0)} t/yr"


def percent(share: float) -> str:
    """A share in percent: whole numbers from ten up, two figures below.

    >>> percent(0.814), percent(0.0213), percent(-1.2)
    ('81 %', '2.1 %', '−120 %')
    """
    if not math.isfinite(share):
        return "unknown"
    value = 100 * share
    if abs(value) >= 9.95 or value == 0:
        return f"{value:,.0f} %".replace("-", MINUS)
    return f"{figures(value, 2)} %"


def signed_percent(share: float) -> str:
    """A change in percent with its sign; "no change" where it would round to nothing.

    >>> signed_percent(0.2), signed_percent(-0.034), signed_percent(1e-7)
    ('+20 %', '−3.4 %', 'no change')
    """
    if abs(share) < LEAST_SHARE:
        return NO_CHANGE
    return f"{sign(share)}{percent(abs(share))}"


def signed_points(change: float) -> str:
    """A change of a share in percentage points with its sign.

    >>> signed_points(-0.034), signed_points(0.0004)
    ('−3.4 points', 'no change')
    """
    shown = f"{abs(100 * change):.1f}"
    return NO_CHANGE if float(shown) == 0 else f"{sign(change)}{shown} points"


def counted(number: int, one: str, several: str) -> str:
    """A number of things.

    >>> counted(1, "entry", "entries"), counted(1_200, "entry", "entries")
    ('1 entry', '1,200 entries')
    """
    return f"{number:,} {one if number == 1 else several}"


def lasting(years: float) -> str:
    """How long something lasts: in months up to a year and a half, then in years.

    >>> lasting(0.17), lasting(1.0), lasting(2.0)
    ('2 months', '12 months', '2 years')
    """
    months = max(round(12 * years), 1)
    return counted(months, "month", "months") if months <= 18 else f"{figures(years, 2).removesuffix('.0')} years"


def unbroken(text: str) -> str:
    r"""Text in which no line ends between a number and its unit.

    >>> unbroken("25 % of 3 million USD")
    '25\xa0% of 3\xa0million USD'
    """
    return BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def listing(names: Sequence[str]) -> str:
    """Names in a row with "and" before the last.

    >>> listing(["Japan", "Korea", "Mexico"])
    'Japan, Korea and Mexico'
    """
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def lowered(sentence: str) -> str:
    """A sentence as it stands after a colon."""
    return sentence[:1].lower() + sentence[1:]


def starting(text: str) -> str:
    """The text with a capital first letter, the rest unchanged."""
    return text[:1].upper() + text[1:]
