"""A field of a record as a reader sets it: in the unit of the screen, with bounds, step and explanation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.records import LARGEST, LARGEST_RATE
from model.units import MILLION, MONEY, PERCENT, SHARE
from model.words.numbers import exact

if TYPE_CHECKING:
    from collections.abc import Mapping

SCREEN_UNITS = {
    "t contained per year": ("t/yr", 1.0),
    "USD/t": ("USD/t", 1.0),
    "USD per year": (MONEY, MILLION),
}
"""Unit of a record to the unit on the screen, and how much of the first one of the second is; shares become percent."""
DIGITS = 12
"""Figures kept when a number changes its unit: 17.5 % is 0.175, and not 0.17500000000000002."""
EACH = "each party's "
"""How the description of a level starts that every party has for itself."""
WHOLE = 1.0
"""The rate at which a duty equals the value, as far as a slider goes unless more is set."""
FREE = "The level is for the parties to choose; its bounds on this page are an assumption."


@dataclass(frozen=True)
class Lever:
    """One number of a record, read from its schema entry: unit, bounds, default, meaning and source."""

    about: Mapping[str, Any]

    @property
    def unit(self) -> str:
        """The unit on the screen."""
        return self._screen()[0]

    @property
    def optional(self) -> bool:
        """Whether the field may be empty."""
        return "default" in self.about and self.about["default"] is None

    @property
    def least(self) -> float | None:
        """The smallest level in the unit of the screen."""
        return self.shown(self.about.get("minimum"))

    @property
    def most(self) -> float | None:
        """The largest level in the unit of the screen; none where there is but what any number may be at most."""
        most = self.about.get("maximum")
        return None if most in (LARGEST, LARGEST_RATE) else self.shown(most)

    def called(self, name: str) -> str:
        """The name, and where it counts for every party apart, that it does.

        >>> Lever({"description": "each party's purchase budget"}).called("budget"), Lever({}).called("price")
        ('budget of each party', 'price')
        """
        return f"{name} of each party" if str(self.about.get("description", "")).startswith(EACH) else name

    def label(self, name: str) -> str:
        """The name with its unit, and what an empty field stands for."""
        _, _, empty = str(self.about.get("description", "")).partition("none = ")
        return f"{self.called(name)}, {self.unit}" + (f" (empty = {empty.split(' (')[0]})" if self.optional else "")

    def help(self) -> str:
        """Meaning, unit, bounds, default and source in one line."""
        parts = [
            str(self.about.get("description", "")),
            f"unit: {self.unit}",
            f"at least {exact(self.least)}" if self.least is not None else "",
            f"at most {exact(self.most)}" if self.most is not None else "",
            f"default: {self._default()}",
            str(self.about.get("source", FREE)),
        ]
        return "; ".join(part for part in parts if part)

    def shown(self, value: float | None) -> float | None:
        """A level of the record in the unit of the screen.

        >>> Lever({"unit": "share of value"}).shown(0.07), Lever({"unit": "USD per year"}).shown(5e6)
        (7.0, 5.0)
        """
        return None if value is None else float(f"{value / self._screen()[1]:.{DIGITS}g}")

    def kept(self, value: float | None) -> float | None:
        """What was set on the screen in the unit of the record.

        >>> Lever({"unit": "share of value"}).kept(17.5), Lever({"unit": "USD per year"}).kept(None)
        (0.175, None)
        """
        return None if value is None else float(f"{value * self._screen()[1]:.{DIGITS}g}")

    def step(self, reference: float | None) -> float:
        """How far one click goes: as the record says, else a hundredth of what is usual, in one figure.

        >>> Lever({"unit": "USD/t"}).step(45_600.0), Lever({"unit": "share of value"}).step(None)
        (500.0, 0.5)
        """
        if "step" in self.about:
            return float(self.about["step"])
        if self.unit.startswith("%"):
            return 0.5
        return stride((reference or 1000.0) / 100)

    def reach(self, value: float) -> float:
        """The upper end of a slider on the screen: as far as a rate usually goes, and never short of what is set."""
        return max(self.shown(value) or 0.0, self.most or self.shown(WHOLE) or 0.0)

    def _default(self) -> str:
        value = self.about.get("default", "must be given")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return exact(self.shown(value) or 0.0)
        return "none" if value is None else str(value)

    def _screen(self) -> tuple[str, float]:
        unit = str(self.about.get("unit", "")).split(" (")[0]
        if unit.startswith(SHARE):
            return f"%{unit.removeprefix(SHARE)}", PERCENT
        return SCREEN_UNITS.get(unit, (unit, 1.0))


def stride(about: float) -> float:
    """A step near a number: 1, 2 or 5 times a power of ten.

    >>> stride(456.0), stride(0.013), stride(0.0)
    (500.0, 0.01, 1.0)
    """
    if about <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(about))
    return float(f"{min((1, 2, 5, 10), key=lambda one: abs(one * power - about)) * power:.1g}")


def stride_between(low: float, high: float) -> float:
    """The step of a slider between two bounds.

    >>> stride_between(0.0, 1.0)
    0.02
    """
    return stride((high - low) / 40)


def rounded(value: float, digits: int = 4) -> float:
    """A level worked out, in figures that can be agreed on.

    >>> rounded(54_321.9)
    54320.0
    """
    return float(f"{value:.{digits}g}")
