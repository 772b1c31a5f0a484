"""The numbers no publication gives: looked up by name, varied within their range, never hidden in code."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from model.errors import ScenarioError
from model.files import short
from model.records import EVERYONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

NEAREST_SHOWN = 3


@dataclass(frozen=True)
class Assumption:
    """One assumed number. ``mineral`` is empty where it holds for every mineral without a value of its own.

    ``low`` and ``high`` bound the values tried; ``source_id`` is empty for a judgement without a publication behind it.
    """

    id: str
    mineral: str
    value: float
    low: float
    high: float
    unit: str
    reason: str
    source_id: str

    @property
    def name(self) -> str:
        """The name used in overrides: ``id`` or ``id.mineral``."""
        return f"{self.id}.{self.mineral}" if self.mineral else self.id


class Assumptions:
    """An immutable register of assumptions."""

    def __init__(self, rows: Mapping[str, Assumption]) -> None:
        self._rows = dict(rows)

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Assumptions:
        """The register of the table ``assumptions``."""
        columns = [field.name for field in fields(Assumption)]
        rows = [Assumption(*row) for row in table[columns].itertuples(index=False, name=None)]
        return cls({row.name: row for row in rows})

    def beside(self, rows: Iterable[Assumption]) -> Assumptions:
        """The register with further rows."""
        return Assumptions({**self._rows, **{row.name: row for row in rows}})

    def __iter__(self) -> Iterator[Assumption]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, id: str, mineral: str | None = None) -> Assumption:
        """The assumption for this mineral, else the general one; ScenarioError names the nearest if there is none."""
        row = self._rows.get(f"{id}.{mineral}") or self._rows.get(id)
        if row is None:
            asked = f"{id}.{mineral}" if mineral else id
            raise ScenarioError(f"There is no assumption {asked!r}. {self._nearest(asked)}")
        return row

    def value(self, id: str, mineral: str | None = None) -> float:
        """The value of an assumption for this mineral, else the general one, in the unit its row states."""
        return self.find(id, mineral).value

    def by_region(self, prefix: str, mineral: str) -> dict[str, float]:
        """Values given region by region, like ``scrap_supply_USA``: region id to value, empty if there are none."""
        start = prefix + "_"
        return {
            row.id.removeprefix(start): row.value for row in self if row.mineral == mineral and row.id.startswith(start)
        }

    def with_overrides(self, overrides: Mapping[str, float]) -> Assumptions:
        """A register with some values replaced, named ``id`` or ``id.mineral``.

        Raises ScenarioError for unknown names, naming the nearest, and for values out of range, naming the range.
        """
        rows = dict(self._rows)
        for name, value in overrides.items():
            if name not in rows:
                raise ScenarioError(f"There is no assumption {short(name)!r}. {self._nearest(short(name))}")
            row = rows[name]
            if not row.low <= value <= row.high:
                allowed = f"{row.low:.12g} to {row.high:.12g} {row.unit}"
                raise ScenarioError(f"Assumption {name!r} cannot be {value:.12g}: the range is {allowed}")
            rows[name] = replace(row, value=float(value))
        return Assumptions(rows)

    def _nearest(self, name: str) -> str:
        nearest = difflib.get_close_matches(name, self._rows, n=NEAREST_SHOWN, cutoff=0.0)
        return f"Nearest: {', '.join(nearest)}"


def control_level(control: Any) -> str:
    """The name of the level of an export control, a row of the table ``export_controls``, among the assumptions.

    For example ``licence_CHN_refined.antimony`` for all importers, ``licence_CHN_refined_to_USA.antimony`` for one.
    """
    targets = "" if control.targets == EVERYONE else f"_to_{str(control.targets).replace(';', '_')}"
    return f"{control.kind}_{control.exporter}_{control.stage}{targets}.{control.mineral}"


def control_levels(controls: pd.DataFrame) -> list[Assumption]:
    """Levels of the export controls in force that have a range: how much is let out, or the rate of a tax, is disputed.

    They are assumptions by another table, so that overrides, links, snapshots and replays carry them like any other.
    """
    rows: Iterable[Any] = controls[~controls["suspended"].astype(bool)].itertuples()
    return [
        Assumption(
            id=control_level(row).removesuffix(f".{row.mineral}"),
            mineral=str(row.mineral),
            value=float(row.level),
            low=float(row.level_low),
            high=float(row.level_high),
            unit=str(row.unit),
            reason=str(row.reason or row.note or row.legal_text),
            source_id=str(row.source_id),
        )
        for row in rows
        if float(row.level_low) < float(row.level_high)
    ]
