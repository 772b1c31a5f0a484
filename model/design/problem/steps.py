"""Negotiable steps: what is signed has round numbers."""

from __future__ import annotations

import math


def negotiable_step(size: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most ``size``.

    >>> negotiable_step(225.8)
    200.0
    """
    if size <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(size))
    return float(max(factor * power for factor in (1, 2, 5) if factor * power <= size * (1 + 1e-12)))


def lots(size: float, lot: float) -> float:
    """The step of quantities: 1, 2, 5 times a power of ten of lots, at most ``size`` but never less than one lot.

    >>> lots(225.8, 25.0), lots(3.0, 25.0), lots(0.7, 0.1)
    (125.0, 25.0, 0.5)
    """
    return float(f"{lot * negotiable_step(max(size / lot, 1.0)):.12g}")


def round_to(value: float, step: float) -> float:
    """``value`` in whole steps, without the dust of binary fractions.

    >>> round_to(23_709.4, 200)
    23800.0
    """
    return float(f"{round(value / step) * step:.12g}")


def floor_to(value: float, step: float) -> float:
    """``value`` rounded down to whole steps; a whole step short by binary dust stays whole.

    >>> floor_to(1999.0, 20.0), floor_to(1999.9999999999, 20.0)
    (1980.0, 2000.0)
    """
    return float(f"{math.floor(value / step + 1e-9) * step:.12g}")


def ceil_to(value: float, step: float) -> float:
    """``value`` rounded up to whole steps; a whole step exceeded by binary dust stays whole.

    >>> ceil_to(1981.0, 20.0), ceil_to(2000.0000000001, 20.0)
    (2000.0, 2000.0)
    """
    return float(f"{math.ceil(value / step - 1e-9) * step:.12g}")
