"""Who produces and who uses: the margins of a base year, region by region, in t contained a year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.errors import DataError
from model.market.flows import Array, Pairs, divide
from model.records import EVERYONE

if TYPE_CHECKING:
    from model.assumptions import Assumptions
    from model.data import Tables

Positions = NDArray[np.integer[Any]]

REST = "ROW"
"""The region that takes what nobody else is known to have."""
REPORTER = "USA"
"""The only region for which one publisher states use, imports by source and import reliance of every mineral."""
MAIN_SUPPLIER = "CHN"
"""The region that supplies what assumed outputs and published sources leave over."""

HALF_OF_BASE_YEAR = ("2024-07-01", "2024-12-31")
"""An embargo in force on all these days shows in the flows of the base year; one that began later does not."""


@dataclass(frozen=True)
class Regions:
    """The regions in their fixed order, and the way from countries and names to positions."""

    ids: tuple[str, ...]
    position_of_country: dict[str, int]
    singles: frozenset[int]

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Regions:
        """The regions of the table ``regions``; ``singles`` are those that are one country."""
        position = {country: index for index, members in enumerate(table.members) for country in members.split(";")}
        singles = frozenset(int(index) for index in np.flatnonzero(table.kind == "country"))
        return cls(tuple(table.id), position, singles)

    def index(self, region: str) -> int:
        """Position of a region id."""
        return self.ids.index(region)

    def sum_by_region(self, countries: pd.Series, quantities: pd.Series) -> Array:
        """Quantities of countries added up to regions; shape (regions,)."""
        positions = countries.map(self.position_of_country).to_numpy(dtype=int)
        return summed(positions, quantities.to_numpy(dtype=float), len(self.ids))

    def vector(self, values: dict[str, float]) -> Array:
        """An array over regions from a mapping of region ids; zero where not named."""
        vector = np.zeros(len(self.ids))
        for region, value in values.items():
            vector[self.index(region)] = value
        return vector


@dataclass(frozen=True)
class Evidence:
    """What tables and assumptions say about one mineral, as arrays over regions."""

    tables: Tables
    assumptions: Assumptions
    mineral: str

    @cached_property
    def regions(self) -> Regions:
        """The regions all arrays run over."""
        return Regions.from_table(self.tables["regions"])

    @cached_property
    def distance_km(self) -> Array:
        """Distances, exporter x importer."""
        table, size = self.tables["distances"], len(self.regions.ids)
        order = pd.MultiIndex.from_product([self.regions.ids, self.regions.ids])
        distances = table.set_index(["exporter", "importer"]).distance_km.reindex(order)
        return distances.to_numpy(dtype=float).reshape(size, size)

    def assumed(self, id: str) -> float:
        """Value of an assumption for this mineral."""
        return self.assumptions.value(id, self.mineral)

    def assumed_by_region(self, prefix: str) -> Array:
        """Assumptions given region by region, zero where there is none."""
        return self.regions.vector(self.assumptions.by_region(prefix, self.mineral))

    def assumed_routes(self, prefix: str) -> Array:
        """Assumptions given route by route, like ``oxide_trade_CHN_KOR``; zero where there is none."""
        routes = np.zeros((len(self.regions.ids), len(self.regions.ids)))
        for route, value in self.assumptions.by_region(prefix, self.mineral).items():
            exporter, importer = route.split("_")
            routes[self.regions.index(exporter), self.regions.index(importer)] = value
        return routes

    def embargoed(self, stage: str) -> Pairs:
        """Pairs that did not trade in the base year, exporter x importer."""
        return embargoed(self.tables, self.mineral, stage, self.regions.ids, *HALF_OF_BASE_YEAR)

    def us_balance(self, measure: str, form: str | None = None) -> float | None:
        """An item of the published balance of the United States in t, None if it is not published.

        All forms of the good are added up unless one is named.
        """
        table = self.tables["us_salient"]
        rows = table[(table.mineral == self.mineral) & (table.measure == measure)]
        rows = rows if form is None else rows[rows.form == form]
        return None if rows.empty else float(rows.quantity_t.sum())

    def us_source_shares(self, form: str | None = None) -> Array:
        """Published shares of regions in imports of the United States; they sum to less than one."""
        table = self.tables["us_import_sources"]
        rows = table[(table.mineral == self.mineral) & (table.country != "")]
        forms = list(dict.fromkeys(rows.form))
        rows = rows[rows.form == (form or forms[-1])]
        return self.regions.sum_by_region(rows.country, rows.share)

    def bilateral_trade(self, hs6: str) -> Array:
        """Trade in one customs code in t contained, exporter x importer, without trade inside a region.

        Where weight is missing, or value per tonne is further from the value-weighted median than the assumed band,
        value over median stands in for weight. Where a code is known to hold cheaper goods too, only the weight of the
        dear ones counts.
        """
        table = self.tables["trade_bilateral"]
        rows = table[table.hs6 == hs6]
        weight, value = rows.quantity_t.to_numpy(dtype=float), rows.value_usd.to_numpy(dtype=float)
        weight = repaired_weight(weight, value, self.assumptions.value("unit_value_band", self.mineral))
        cheap = f"other_goods_usd_per_t_{hs6}"
        if any(row.id == cheap for row in self.assumptions):
            weight = dear_weight(weight, value, self.assumed(f"other_goods_usd_per_t_{hs6}"))
        size = len(self.regions.ids)
        exporter = rows.exporter.map(self.regions.position_of_country).to_numpy(dtype=int)
        importer = rows.importer.map(self.regions.position_of_country).to_numpy(dtype=int)
        trade = summed(exporter * size + importer, weight, size * size).reshape(size, size)
        np.fill_diagonal(trade, 0.0)
        return trade * self._content(hs6)

    def traded_codes(self, stage: str, use: str) -> list[str]:
        """Customs codes of a stage of this mineral that the model uses in one way."""
        codes = self.tables["hs_codes"]
        return list(codes[(codes.mineral == self.mineral) & (codes.stage == stage) & (codes.use == use)].hs6)

    def exports(self, stage: str) -> Array | None:
        """Exports by region in t contained from country totals, NaN where they would count trade inside a region."""
        codes = self.traded_codes(stage, "totals")
        if not codes:
            return None
        table = self.tables["trade_totals"]
        rows = table[table.hs6.isin(codes)]
        contained = rows.quantity_t * rows.hs6.map({code: self._content(code) for code in codes})
        exports = self.regions.sum_by_region(rows.country, contained)
        groups = [index for index in range(len(exports)) if index not in self.regions.singles]
        exports[groups] = np.nan
        return exports

    def production(self, stage: str, exports_t: Array, imports_t: Array) -> Array:
        """Output by region: published, with assumed values where the source withholds them.

        Output of countries the source does not list one by one goes to the countries that a second source names, then
        to regions that export more than they make and import, and the rest to the rest of the world.
        """
        table = self.tables["production"]
        rows = table[(table.mineral == self.mineral) & (table.stage == stage)]
        contained = rows.quantity_t * rows.content_share
        listed = rows.country != ""
        output = self.regions.sum_by_region(rows.country[listed], contained[listed])
        assumed = self.assumed_by_region("mine_production" if stage == "mine" else "refined_production")
        output = np.where(assumed > 0, assumed, output)
        other_t = max(float(contained[~listed].sum() - assumed.sum()), 0.0)
        if other_t == 0.0:
            return output
        claims = self._claims(stage, float(contained.sum()), set(rows.country[listed]), assumed > 0)
        unexplained = np.nan_to_num(exports_t - output - imports_t - claims)
        complete = {
            self.regions.position_of_country[country] for country in rows.country[listed]
        } & self.regions.singles
        unexplained[list(complete)] = 0.0
        return output + self._split(other_t, claims, np.maximum(unexplained, 0.0))

    def _claims(self, stage: str, world_t: float, listed: set[str], known: NDArray[np.bool_]) -> Array:
        """Output that the second source gives to countries the first does not list, outside regions known anyway."""
        table = self.tables["world_output_shares"]
        rows = table[(table.mineral == self.mineral) & (table.stage == stage) & ~table.country.isin(listed)]
        return np.where(known, 0.0, self.regions.sum_by_region(rows.country, rows.share) * world_t)

    def _split(self, other_t: float, claims: Array, unexplained: Array) -> Array:
        """Other countries' output: claims first, then unexplained exports, up to the assumed cap; the rest unplaced."""
        limit_t = self.assumptions.value("other_countries_cap_share", self.mineral) * other_t
        split = claims * min(1.0, limit_t / claims.sum()) if claims.sum() > 0 else claims
        left_t = limit_t - split.sum()
        split = split + (unexplained * min(1.0, left_t / unexplained.sum()) if unexplained.sum() > 0 else 0.0)
        split[self.regions.index(REST)] += other_t - split.sum()
        return split

    def _content(self, hs6: str) -> float:
        codes = self.tables["hs_codes"]
        row = codes[codes.hs6 == hs6].iloc[0]
        return self.assumed(f"product_content_{hs6}") if row.basis == "assumption" else float(row.content_share)

    def world_use(self, supply_t: Array) -> Array:
        """Use by region where it is not observed.

        The published figure for the United States, assumed shares of world supply for others, the rest to the rest of
        the world. Shares that exceed what there is are cut alike.
        """
        withheld = self.assumptions.by_region("use_withheld", self.mineral).get(REPORTER)
        us_use = self.us_balance("use") or withheld
        return self.shared_out(supply_t, {} if us_use is None else {REPORTER: us_use})

    def shared_out(self, supply_t: Array, known: dict[str, float]) -> Array:
        """World supply by assumed shares of use, apart from regions whose use is known in t; the rest to one region."""
        world_t = supply_t.sum()
        use = self.regions.vector(known)
        shares = np.where(use > 0, 0.0, self.assumed_by_region("use_share"))
        use += shares * min(world_t, (world_t - use.sum()) / shares.sum())
        use[self.regions.index(REST)] += max(world_t - use.sum(), 0.0)
        return use


def embargoes_on(tables: Tables, mineral: str, first_day: str, last_day: str) -> pd.DataFrame:
    """The rows of embargoes on a mineral that are in force from one day to another."""
    rows = tables["embargoes"]
    rows = rows[rows.mineral.isin(("", mineral)) & (rows.start_date <= first_day)]
    return rows[(rows.end_date == "") | (rows.end_date >= last_day)]


def embargoed(
    tables: Tables, mineral: str, stage: str, regions: tuple[str, ...], first_day: str, last_day: str
) -> Pairs:
    """Pairs of regions under an embargo from one day to another, exporter x importer; home supply never is."""
    rows = embargoes_on(tables, mineral, first_day, last_day)
    rows = rows[rows.stage.isin(("", stage))]
    pairs = np.zeros((len(regions), len(regions)), dtype=bool)
    for sellers, buyers in zip(rows.exporter, rows.importer, strict=True):
        sells, buys = (
            np.array([text == EVERYONE or name in text.split(";") for name in regions]) for text in (sellers, buyers)
        )
        pairs |= sells[:, None] & buys
    np.fill_diagonal(pairs, val=False)
    return pairs


def summed(positions: Positions, quantities: Array, size: int) -> Array:
    """Quantities added up by position; shape (size,)."""
    return np.bincount(positions, quantities, minlength=size).astype(float)


def repaired_weight(weight_t: Array, value_usd: Array, band: float) -> Array:
    """Weights, the missing and the implausible ones replaced by value over the median value per tonne.

    The median is weighted with value; implausible is further from it than a factor of ``band``.
    """
    unit_value = divide(value_usd, np.nan_to_num(weight_t))
    median = _median(unit_value, value_usd)
    plausible = (unit_value > 0) & (unit_value <= band * median) & (unit_value >= median / band)
    return np.where(plausible, weight_t, value_usd / median)


def dear_weight(weight_t: Array, value_usd: Array, cheap_usd_per_t: float) -> Array:
    """Weight of the dear goods in flows that mix them with cheap ones, told by the value per tonne.

    The dear ones are worth the median, weighted with value.

    >>> dear_weight(np.array([1.0, 1.0, 1.0, 5.0]), np.array([40.0, 40.0, 24.0, 40.0]), 8.0)
    array([1. , 1. , 0.5, 0. ])
    """
    unit_value = divide(value_usd, weight_t)
    dear = _median(unit_value, value_usd)
    return weight_t * np.clip((unit_value - cheap_usd_per_t) / (dear - cheap_usd_per_t), 0.0, 1.0)


def _median(unit_value: Array, value_usd: Array) -> float:
    """The value per tonne that half of the value lies below."""
    known = unit_value > 0
    order = np.argsort(unit_value[known])
    cumulated = np.cumsum(value_usd[known][order])
    return float(unit_value[known][order][np.searchsorted(cumulated, cumulated[-1] / 2)])


def primary_refined(evidence: Evidence, refining: str, mine_t: Array, exports_t: Array, imports_t: Array) -> Array:
    """Refined output made from ore, by region."""
    if refining == "assumed":
        output = evidence.assumed_by_region("refined_production")
        rest_t = evidence.assumed("refinery_recovery") * mine_t.sum() - output.sum()
        output[evidence.regions.index(MAIN_SUPPLIER)] = rest_t
        return output
    output = evidence.production("refined", exports_t, imports_t)
    if refining == "scaled_to_mine":
        fixed = evidence.assumed_by_region("refined_production")
        target_t = evidence.assumed("refinery_recovery") * mine_t.sum() - fixed.sum()
        scaled = np.where(fixed > 0, 0.0, output)
        return np.asarray(fixed + scaled * target_t / scaled.sum())
    primary = np.asarray(output - evidence.assumed_by_region("refinery_from_scrap"))
    if primary.min() < 0:
        region = evidence.regions.ids[int(primary.argmin())]
        raise DataError(f"refinery_from_scrap_{region} of {evidence.mineral} exceeds its refined output: lower it")
    return primary
