"""Amounts of money a year in words: with a sign, in few figures, in the unit that suits their size."""

from __future__ import annotations

from model.units import MILLION
from model.words.numbers import LEAST_USD, exact, figures, sign


def signed(value: float, digits: int = 3) -> str:
    """A change in million USD a year with its sign, in few figures and at most three decimals.

    >>> signed(-12.345), signed(0.0402), signed(0.0048)
    ('−12.3', '+0.04', '0')
    """
    if abs(value) < SMALLEST_SHOWN:
        return "0"
    shown = abs(rounded(value, digits))
    return f"{sign(value)}{figures(shown, digits) if shown >= 1.0 else exact(shown)}"


def money_a_year(musd: float) -> str:
    """An amount of million USD a year without its sign; in thousands below a tenth of a million.

    >>> money_a_year(-431.2), money_a_year(0.071), money_a_year(0.00071), money_a_year(0.0)
    ('431 million USD/yr', '71.0 thousand USD/yr', '710 USD/yr', '0 USD/yr')
    """
    amount = abs(musd)
    if amount >= SMALLEST_MILLION:
        return f"{figures(amount)} million USD/yr"
    if amount >= SMALLEST_THOUSAND:
        return f"{figures(1e3 * amount)} thousand USD/yr"
    return f"{figures(MILLION * amount)} USD/yr"


def signed_money_a_year(musd: float) -> str:
    """The same with its sign.

    >>> signed_money_a_year(-0.0402), signed_money_a_year(3e-9)
    ('−40.2 thousand USD/yr', '0')
    """
    if abs(musd) < SMALLEST_SHOWN:
        return "0"
    return f"{sign(musd)}{money_a_year(musd)}"


SMALLEST_MILLION = 0.1
"""Smaller amounts are told in thousands [million USD/yr]."""
SMALLEST_THOUSAND = 0.001
"""Smaller amounts are told in dollars [million USD/yr]."""
SMALLEST_SHOWN = LEAST_USD / MILLION
"""Amounts below this are told as nothing [million USD/yr]."""


def rounded(value: float, digits: int) -> float:
    """A number in few significant figures and at most three decimals."""
    return round(float(f"{value:.{digits}g}"), MOST_DECIMALS) + 0.0


MOST_DECIMALS = 3
"""Decimals of a number in a table."""
