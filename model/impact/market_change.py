"""What the market did to users: the only thing the impact on manufacturers takes from the equilibrium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.errors import ScenarioError
from model.market.horizon import SHORT, Horizon

if TYPE_CHECKING:
    from model.impact.losses import Array

ARRAYS = ("price_usd_per_t", "price0_usd_per_t", "use_t", "use0_t", "rationed_t")


@dataclass(frozen=True)
class MarketChange:
    """Prices users pay and what they use, by (region, mineral), against the status quo (suffix 0).

    Arrays have one row per region and one column per mineral. NaN, or a status quo of zero, means that the region does
    not buy the mineral: nothing changes for it. ``rationed_t`` is use that no price cleared, beyond the status quo's;
    the horizon says how much time users had to adapt.

    Raises:
        ScenarioError: if an array does not have that shape, or a name occurs twice.
    """

    regions: tuple[str, ...]
    minerals: tuple[str, ...]
    price_usd_per_t: Array
    price0_usd_per_t: Array
    use_t: Array
    use0_t: Array
    rationed_t: Array
    horizon: Horizon = SHORT

    def __post_init__(self) -> None:
        """Refuse arrays that do not match the names."""
        for names, what in ((self.regions, "region"), (self.minerals, "mineral")):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ScenarioError(f"A market change names the {what} {', '.join(twice)} more than once")
        shape = (len(self.regions), len(self.minerals))
        for name in ARRAYS:
            found = getattr(self, name).shape
            if found != shape:
                raise ScenarioError(f"{name} of a market change has the shape {found}; {shape} is needed")

    @property
    def price_ratio(self) -> Array:
        """The price as multiple of the status quo's."""
        known = (self.price0_usd_per_t > 0) & np.isfinite(self.price_usd_per_t)
        one = np.ones(known.shape)
        ratio: Array = np.divide(self.price_usd_per_t, self.price0_usd_per_t, out=one, where=known)
        return ratio

    @property
    def spend0_usd(self) -> Array:
        """What users spent in the status quo, USD/yr: the base of every cost."""
        spent: Array = np.nan_to_num(self.price0_usd_per_t * self.use0_t)
        return spent

    @property
    def missing(self) -> Array:
        """The share of status quo use that is missing; none where nothing was used or the use is not known."""
        known = (self.use0_t > 0) & np.isfinite(self.use_t)
        kept = np.divide(self.use_t, self.use0_t, out=np.ones(known.shape), where=known)
        share: Array = np.clip(1 - kept, 0, 1)
        return share

    @property
    def rationed(self) -> Array:
        """The part of ``missing`` that no price brought about."""
        missing = self.missing
        share = np.divide(self.rationed_t, self.use0_t, out=np.zeros(missing.shape), where=missing > 0)
        within: Array = np.clip(share, 0, missing)
        return within
