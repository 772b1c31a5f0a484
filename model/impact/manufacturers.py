"""The manufacturers of every party: who they are, what they use, what it costs them and how much hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.data.schemas.industries import GRADES
from model.errors import ScenarioError
from model.impact.losses import Array, queue
from model.words.names import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.assumptions import Assumptions
    from model.data import Tables

REFERENCE = "USA"
UNION = "EUN"
ALL_USERS = "all_users"
MONEY_YEAR, JOBS_YEAR = 2023, 2017

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Manufacturers:
    """Everything the impact on manufacturers needs, as arrays over party p, mineral k and industry z.

    Attributes:
        regions: parties whose industries have a size, in the order of axis p.
        groups: all other regions, whose users are known only by what they use together.
        minerals: ids in the order of axis k.
        industries: one row per industry in the order of axis z: id, name and the flags.
        use_share: who uses it, [p, k, z], sums to one over z.
        borrowed: whether that share is not the party's own but taken from elsewhere or assumed, [p, k, z].
        vulnerability: output lost per share of use cut, dependence times hardness, [k, z].
        substitution_class: [k, z], "" where the industry does not use the mineral.
        queue_before: share of use cut before the industry is, when the best uses are served first, [p, k, z].
        output_elasticity: output lost per rise of unit cost, as shares: lowest, assumed and highest, [3, 1, z].
        suspect: whether the base year's spending per USD of output is far above that in the United States, [p, k, z].
        grade: data quality as an index of ``GRADES``, [p, k, z], -1 where the industry does not use the mineral.
        value_added_usd, output_usd, jobs: size of the industries, [p, z]; assumed outside the United States.
    """

    regions: tuple[str, ...]
    groups: tuple[str, ...]
    minerals: tuple[str, ...]
    industries: pd.DataFrame
    use_share: Array
    borrowed: NDArray[np.bool_]
    vulnerability: Array
    substitution_class: NDArray[np.object_]
    queue_before: Array
    output_elasticity: Array
    suspect: NDArray[np.bool_]
    grade: IntArray
    value_added_usd: Array
    output_usd: Array
    jobs: Array

    def region_positions(self, regions: tuple[str, ...]) -> IntArray:
        """Where the regions stand in ``regions``, then ``groups``; those in ``regions`` have sized industries.

        Raises:
            ScenarioError: naming an unknown region, and the valid ones.
        """
        return _positions(regions, self.regions + self.groups, "region")

    def mineral_positions(self, minerals: tuple[str, ...]) -> IntArray:
        """Where the minerals stand on axis k.

        Raises:
            ScenarioError: naming an unknown mineral, and the valid ones.
        """
        return _positions(minerals, self.minerals, "mineral")


def manufacturers(
    tables: Tables,
    assumptions: Assumptions,
    consumption_t: Mapping[tuple[str, str], float],
    size_overrides: Mapping[tuple[str, str], float] | None = None,
) -> Manufacturers:
    """The manufacturers for a base-year consumption by (region, mineral), in t/yr.

    Use shares are published for the United States and, for some minerals, the European Union; elsewhere the shares of
    the United States are weighted with the sizes of the party's industries. ``size_overrides`` replaces such a size, as
    multiple of that of the United States, by (region, industry). The sizes date from 2011: a battery industry that has
    grown since needs one.

    Raises:
        ScenarioError: if an override or a consumption names something that does not exist.
    """
    industries = tables["industries"].sort_values("id", ignore_index=True)[["id", "name", *CLASSES]]
    uses = tables["industry_use"].set_index(["mineral", "industry"])
    minerals = tuple(sorted(tables["industry_use"].mineral.unique()))
    sizes = _sizes(tables["industry_party_size"], industries.id, size_overrides or {})
    regions = tuple(sizes.index)
    groups = tuple(sorted(set(tables["regions"].id) - set(regions)))
    spend_usd = _use(consumption_t, regions + groups, minerals) * _base_price(tables["industry_use_base"], minerals)
    use_share = _use_shares(tables, minerals, sizes)
    responses = [assumptions.find(f"output_elasticity_{name}") for name in industries.id]
    vulnerability = _matrix(_vulnerability(uses, assumptions), minerals, industries.id)
    size, money = sizes.to_numpy(), _year(tables["industry_size"], MONEY_YEAR, industries.id)
    value_added_usd, output_usd = size * money.value_added_usd.to_numpy(), size * money.output_usd.to_numpy()
    cost_share = _ratio(use_share * spend_usd[: len(regions), :, None], output_usd[:, None, :])
    cost_share_usa = cost_share[regions.index(REFERENCE)]
    too_large = cost_share > assumptions.value("cost_share_warning_multiple") * cost_share_usa
    return Manufacturers(
        regions=regions,
        groups=groups,
        minerals=minerals,
        industries=industries,
        use_share=use_share,
        borrowed=_borrowed(tables, _text_matrix(uses.share_from, minerals, industries.id), regions, minerals),
        vulnerability=vulnerability,
        substitution_class=_text_matrix(uses.substitution_class, minerals, industries.id),
        queue_before=queue(use_share, vulnerability * value_added_usd[:, None, :]),
        output_elasticity=np.array([[row.low, row.value, row.high] for row in responses]).T[:, None, :],
        suspect=too_large & (cost_share_usa > 0),
        grade=_grades(_text_matrix(uses.quality, minerals, industries.id), use_share, regions),
        value_added_usd=value_added_usd,
        output_usd=output_usd,
        jobs=size * _year(tables["industry_size"], JOBS_YEAR, industries.id).jobs.to_numpy(),
    )


def use_of_table(tables: Tables) -> dict[tuple[str, str], float]:
    """The consumption of the United States that its use shares were published for, by (region, mineral), t/yr."""
    base = tables["industry_use_base"]
    return {
        (str(region), str(mineral)): float(use_t)
        for region, mineral, use_t in zip(base.region, base.mineral, base.use_t, strict=True)
    }


def _positions(wanted: tuple[str, ...], valid: tuple[str, ...], what: str) -> IntArray:
    position = {name: index for index, name in enumerate(valid)}
    unknown = [name for name in wanted if name not in position]
    if unknown:
        raise ScenarioError(f"Unknown {what} {', '.join(map(repr, unknown))}. Valid: {', '.join(valid)}")
    return np.array([position[name] for name in wanted], dtype=np.int64)


def _matrix(values: pd.Series, minerals: tuple[str, ...], industries: pd.Series) -> Array:
    """Numbers by (mineral, industry) as matrix [k, z], zero where there is none."""
    wide = values.unstack("industry").reindex(index=list(minerals), columns=list(industries))
    return wide.fillna(0.0).to_numpy(dtype=np.float64)


def _text_matrix(values: pd.Series, minerals: tuple[str, ...], industries: pd.Series) -> NDArray[np.object_]:
    """Words by (mineral, industry) as matrix [k, z], empty where there is none."""
    wide = values.unstack("industry").reindex(index=list(minerals), columns=list(industries))
    return wide.fillna("").to_numpy(dtype=object)


def _ratio(numerator: Array, denominator: Array) -> Array:
    """A ratio that is zero where the denominator is."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    ratio: Array = np.divide(numerator, denominator, out=np.zeros(shape), where=denominator > 0)
    return ratio


def _year(sizes: pd.DataFrame, year: int, industries: pd.Series) -> pd.DataFrame:
    return sizes[sizes.year == year].set_index("industry").loc[list(industries)]


def _sizes(table: pd.DataFrame, industries: pd.Series, overrides: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    """Size of each industry as multiple of that of the United States, [p, z]."""
    sizes = table.pivot(index="region", columns="industry", values="size_vs_usa").loc[:, list(industries)]
    _positions(tuple(region for region, _ in overrides), tuple(sizes.index), "region")
    _positions(tuple(industry for _, industry in overrides), tuple(industries), "industry")
    for (region, industry), size in overrides.items():
        sizes.loc[region, industry] = size
    return sizes


def _use(consumption_t: Mapping[tuple[str, str], float], regions: tuple[str, ...], minerals: tuple[str, ...]) -> Array:
    _positions(tuple({region for region, _ in consumption_t}), regions, "region")
    _positions(tuple({mineral for _, mineral in consumption_t}), minerals, "mineral")
    return np.array([[float(consumption_t.get((region, mineral), 0.0)) for mineral in minerals] for region in regions])


def _base_price(table: pd.DataFrame, minerals: tuple[str, ...]) -> Array:
    """Price users in the United States paid in the base year, [k], USD/t; it stands for every region."""
    prices = table[table.region == REFERENCE].set_index("mineral").price_usd_per_t
    return prices.loc[list(minerals)].to_numpy(dtype=np.float64)


def _vulnerability(uses: pd.DataFrame, assumptions: Assumptions) -> pd.Series:
    """Output lost per share of use cut, by (mineral, industry)."""
    hardness = uses.substitution_class.map(lambda name: assumptions.value(f"hardness_{name}"))
    return hardness * uses.dependence.map(lambda name: assumptions.value(f"dependence_share_{name}"))


def _use_shares(tables: Tables, minerals: tuple[str, ...], sizes: pd.DataFrame) -> Array:
    """Who uses each mineral, [p, k, z]: published for the European Union where it is, else weighted like the others."""
    uses = tables["industry_use"].set_index(["mineral", "industry"])
    industries = pd.Series(sizes.columns)
    weighted = _matrix(uses.use_share, minerals, industries)[None, :, :] * sizes.to_numpy()[:, None, :]
    shares = _ratio(weighted, weighted.sum(axis=2, keepdims=True))
    union = list(sizes.index).index(UNION)
    weight = pd.DataFrame(weighted[union], index=list(minerals), columns=list(industries))
    published = _published_shares(tables["eu_use_shares"], weight)
    rows = [minerals.index(str(mineral)) for mineral in published.index]
    shares[union, rows] = published.to_numpy()
    return shares


def _published_shares(table: pd.DataFrame, weight: pd.DataFrame) -> pd.DataFrame:
    """Published shares, one row per mineral, in the industries that are the columns of ``weight``.

    An application that several industries may hold is split between them by weight.
    """
    at = weight.index.get_indexer(pd.Index(table.mineral)), weight.columns.get_indexer(pd.Index(table.industry))
    rows = table.assign(weight=weight.to_numpy()[at])
    within = rows.weight / rows.groupby(["mineral", "application"]).weight.transform("sum")
    use = (rows.application_share * within).groupby([rows.mineral, rows.industry]).sum().unstack("industry")
    return use.div(use.sum(axis=1), axis=0).reindex(columns=weight.columns).fillna(0.0)


def _borrowed(
    tables: Tables, share_from: NDArray[np.object_], regions: tuple[str, ...], minerals: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Whose shares are not their own: all but those published for the United States, or for the European Union."""
    borrowed = np.ones((len(regions), *share_from.shape), dtype=bool)
    borrowed[regions.index(REFERENCE)] = share_from != REFERENCE
    borrowed[regions.index(UNION)] = ~np.isin(minerals, tables["eu_use_shares"].mineral)[:, None]
    return borrowed


def _grades(quality: NDArray[np.object_], use_share: Array, regions: tuple[str, ...]) -> IntArray:
    """Quality of each share: outside the United States a share is mapped at best, never measured in one industry."""
    rank = np.zeros(quality.shape, dtype=np.int64)
    for index, grade in enumerate(GRADES):
        rank[quality == grade] = index
    best = np.where(np.array(regions) == REFERENCE, 0, GRADES.index("B"))
    return np.where(use_share > 0, np.maximum(rank[None, :, :], best[:, None, None]), -1)
