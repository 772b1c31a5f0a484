"""What the market did to users: the only thing the impact on manufacturers takes from the equilibrium."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from model.errors import ScenarioError

if TYPE_CHECKING:
    import pandas as pd

    from model.impact.losses import Array


@dataclass(frozen=True)
class MarketChange:
    """Prices users pay and what they use, by (region, mineral), against the status quo (suffix 0).

    Arrays have one row per region and one column per mineral. NaN, or a status quo of zero, means that the region does
    not buy the mineral: nothing changes for it.

    Raises:
        ScenarioError: if an array does not have that shape, or a name occurs twice.
    """

    regions: tuple[str, ...]
    minerals: tuple[str, ...]
    price_usd_per_t: Array
    price0_usd_per_t: Array
    use_t: Array
    use0_t: Array

    def __post_init__(self) -> None:
        """Refuse arrays that do not match the names."""
        for names, what in ((self.regions, "region"), (self.minerals, "mineral")):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ScenarioError(f"A market change names the {what} {', '.join(twice)} more than once")
        shape = (len(self.regions), len(self.minerals))
        for field in fields(self)[2:]:
            found = getattr(self, field.name).shape
            if found != shape:
                raise ScenarioError(f"{field.name} of a market change has the shape {found}; {shape} is needed")

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> MarketChange:
        """The change in a table: columns region, mineral and the four quantities, one row per region and mineral."""
        regions, minerals = tuple(dict.fromkeys(table.region)), tuple(dict.fromkeys(table.mineral))
        if table.duplicated(["region", "mineral"]).any():
            raise ScenarioError("A market change has more than one row for a region and mineral")
        wide = {
            field.name: table.pivot(index="region", columns="mineral", values=field.name) for field in fields(cls)[2:]
        }
        arrays = {name: frame.loc[list(regions), list(minerals)].to_numpy(np.float64) for name, frame in wide.items()}
        return cls(regions=regions, minerals=minerals, **arrays)

    @property
    def price_change(self) -> Array:
        """Change of the price as share of the status quo price."""
        known = (self.price0_usd_per_t > 0) & np.isfinite(self.price_usd_per_t)
        ratio = np.divide(self.price_usd_per_t, self.price0_usd_per_t, out=np.ones(known.shape), where=known)
        return ratio - 1
