"""Canonical units and every conversion factor.

The model computes in tonnes of contained element a year, US dollars per tonne, US dollars a year, shares between 0 and
1, and years. Files that publish other units are converted here or carry their own ``content_share``.
"""

PERCENT = 0.01
"""A percent as a share."""

MILLION = 1e6
"""A million."""

KG_PER_T = 1000.0
"""Kilograms in a tonne."""

POUNDS_PER_T = 2204.6226218
"""Avoirdupois pounds in a tonne."""

TUNGSTEN_KG_PER_MTU = 7.93
"""Kilograms of tungsten in one metric ton unit (10 kg) of tungsten trioxide."""


def per_t_from_per_kg(price_usd_per_kg: float) -> float:
    """Dollars per tonne from dollars per kilogram.

    >>> per_t_from_per_kg(8.0)
    8000.0
    """
    return price_usd_per_kg * KG_PER_T


def per_t_from_per_pound(price_usd_per_pound: float) -> float:
    """Dollars per tonne from dollars per pound.

    >>> round(per_t_from_per_pound(10.24))
    22575
    """
    return price_usd_per_pound * POUNDS_PER_T


def per_t_tungsten_from_per_mtu(price_usd_per_mtu: float) -> float:
    """Dollars per tonne of tungsten from dollars per metric ton unit of its trioxide.

    >>> round(per_t_tungsten_from_per_mtu(252.0))
    31778
    """
    return price_usd_per_mtu * KG_PER_T / TUNGSTEN_KG_PER_MTU
