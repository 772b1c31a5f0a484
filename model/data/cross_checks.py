"""Rules that tie several rows or tables together, one small function each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model.data.quotes import NOWCAST_LIMITS
from model.data.schema import Check, Fault, Frames, line_of

SHARE_TOLERANCE = 1e-6
"""Rounding of published shares that sum to one."""


def check_every_country_is_in_one_region(frames: Frames) -> list[Fault]:
    """A country may be a member of one region only, else its trade would count twice."""
    members = frames["regions"].members.str.split(";").explode()
    repeated = members[members.duplicated()]
    rule = "country belongs to another region already"
    return [
        Fault("regions", line_of(index), "members", country, rule)
        for index, country in zip(repeated.index.to_numpy(), repeated, strict=True)
    ]


def check_every_assumption_lies_in_its_range(frames: Frames) -> list[Fault]:
    """The value used must be one of those tried."""
    table = frames["assumptions"]
    outside = np.flatnonzero((table.value < table.low) | (table.value > table.high))
    return [
        Fault(
            "assumptions",
            line_of(index),
            "value",
            f"{row.id}: {row.value:g}",
            f"must lie in {row.low:g} to {row.high:g}",
        )
        for index, row in zip(outside, table.iloc[outside].itertuples(), strict=True)
    ]


def check_every_pair_of_regions_has_a_distance(frames: Frames) -> list[Fault]:
    """Freight and trade without data both need every distance."""
    regions, table = frames["regions"].id, frames["distances"]
    needed = pd.MultiIndex.from_product([regions, regions])
    missing = needed.difference(pd.MultiIndex.from_frame(table[["exporter", "importer"]]))
    return [Fault("distances", None, "exporter, importer", f"{x}, {i}", "pair has no distance") for x, i in missing]


def check_import_sources_do_not_exceed_all_imports(frames: Frames) -> list[Fault]:
    """Shares of one good can add up to one at most, rounding apart."""
    table = frames["us_import_sources"]
    sums = table.groupby(["mineral", "form"]).share.sum().round(2)
    over = sums[sums > 1.0]
    rule = "shares add up to more than 1"
    return [
        Fault("us_import_sources", None, "share", f"{mineral}, {form}: {total:g}", rule)
        for (mineral, form), total in zip(over.index.to_list(), over, strict=True)
    ]


def check_assumptions_by_region_name_known_regions(frames: Frames) -> list[Fault]:
    """Capitals at the end of an assumption's id name the regions or routes it is for, as in oxide_trade_CHN_KOR."""
    ids, regions = frames["assumptions"].id, set(frames["regions"].id)
    named = ids.str.extractall(r"_([A-Z]{3})(?=_[A-Z]{3}$|$)")[0]
    unknown = named[~named.isin(regions)]
    return [
        Fault("assumptions", line_of(index), "id", ids.iloc[index], f"{region} is not a region")
        for (index, _), region in zip(unknown.index.to_list(), unknown, strict=True)
    ]


def check_every_market_has_elasticities(frames: Frames) -> list[Fault]:
    """Each market needs its own price responses in the short and in the long run."""
    table, minerals = frames["assumptions"], frames["minerals"]
    known = set(table.id + "." + table.mineral)
    names = [f"{side}_elasticity_{horizon}" for side in ("demand", "supply") for horizon in ("short", "long")]
    return [
        Fault("assumptions", None, "id", f"{name}.{mineral}", "market has no such row")
        for mineral in minerals[minerals.kind == "market"].id
        for name in names
        if f"{name}.{mineral}" not in known
    ]


def check_every_assumption_is_possible(frames: Frames) -> list[Fault]:
    """By its unit: a share from 0 to 1, a multiple or rate of exchange above 0, an elasticity with its sign."""
    table = frames["assumptions"]
    table = table[~table.id.isin(NOWCAST_LIMITS)]
    is_share, is_elasticity = table.unit.str.startswith("share"), table.unit == "percent per percent"
    is_demand = is_elasticity & table.id.str.startswith("demand")
    is_above = table.unit.str.startswith(("multiple", "elasticity", "USD")) | table.unit.isin(("yr", "exponent"))
    rules = (
        (is_share & ((table.low < 0.0) | (table.high > 1.0)), "must lie between 0 and 1"),
        (is_demand & (table.high >= 0.0), "must be below 0: use falls where the price rises"),
        (is_elasticity & ~is_demand & (table.low <= 0.0), "must be above 0"),
        (is_above & (table.low <= 0.0), "must be above 0"),
        (table.unit.str.startswith("t") & (table.low < 0.0), "must be at least 0"),
    )
    return [
        Fault("assumptions", line_of(index), "low to high", f"{row.id}: {row.low:g} to {row.high:g} {row.unit}", rule)
        for wrong, rule in rules
        for index, row in table[wrong].iterrows()
    ]


def check_nowcast_limits_are_positive(frames: Frames) -> list[Fault]:
    """How far a market may be moved is known for every mineral, and is never nothing."""
    table = frames["assumptions"]
    general = set(table[table.mineral == ""].id)
    missing = [
        Fault("assumptions", None, "id", name, "there is no such row for all minerals")
        for name in NOWCAST_LIMITS
        if name not in general
    ]
    limits = table[table.id.isin(NOWCAST_LIMITS)]
    return missing + [
        Fault("assumptions", line_of(index), column, f"{name}: {given:g}", "must be above 0")
        for column in ("value", "low")
        for index, name, given in zip(limits.index, limits.id, limits[column], strict=True)
        if given <= 0.0
    ]


def check_use_shares_sum_to_one(frames: Frames) -> list[Fault]:
    """The industries together use all of a mineral."""
    sums = frames["industry_use"].groupby("mineral").use_share.sum()
    return [
        Fault("industry_use", None, "use_share", f"{mineral}: {total:g}", "shares of a mineral must sum to 1")
        for mineral, total in sums[(sums - 1).abs() > SHARE_TOLERANCE].items()
    ]


def check_every_used_mineral_has_a_base(frames: Frames) -> list[Fault]:
    """Shares become spending only with a consumption and a price."""
    missing = sorted(set(frames["industry_use"].mineral) - set(frames["industry_use_base"].mineral))
    return [Fault("industry_use_base", None, "mineral", mineral, "mineral has no such row") for mineral in missing]


def check_every_application_falls_in_a_known_use(frames: Frames) -> list[Fault]:
    """An application takes substitutes and dependence from the use of the same industry in the United States."""
    uses, table = frames["industry_use"], frames["eu_use_shares"]
    unknown = np.flatnonzero(~(table.mineral + "." + table.industry).isin(set(uses.mineral + "." + uses.industry)))
    rule = "mineral and industry must exist in industry_use"
    return [
        Fault("eu_use_shares", line_of(index), "industry", str(table.industry.iloc[index]), rule) for index in unknown
    ]


def check_every_party_has_every_industry_size(frames: Frames) -> list[Fault]:
    """A party's sizes are known for all industries or for none."""
    table = frames["industry_party_size"]
    needed = pd.MultiIndex.from_product([table.region.unique(), frames["industries"].id])
    missing = needed.difference(pd.MultiIndex.from_frame(table[["region", "industry"]]))
    return [Fault("industry_party_size", None, "industry", ", ".join(pair), "size is missing") for pair in missing]


def check_every_project_year_has_a_price_level(frames: Frames) -> list[Fault]:
    """Money of a year becomes money of the base year by an assumption."""
    table, known = frames["projects"], set(frames["assumptions"].id)
    missing = [f"price_level_{year}" not in known for year in table.currency_year]
    rule = "assumptions has no price_level of this year"
    return [
        Fault("projects", line_of(index), "currency_year", str(table.currency_year.iloc[index]), rule)
        for index in np.flatnonzero(missing)
    ]


CROSS_CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("regions",), check_every_country_is_in_one_region),
    (("assumptions",), check_every_assumption_lies_in_its_range),
    (("regions", "distances"), check_every_pair_of_regions_has_a_distance),
    (("us_import_sources",), check_import_sources_do_not_exceed_all_imports),
    (("assumptions", "regions"), check_assumptions_by_region_name_known_regions),
    (("assumptions", "minerals"), check_every_market_has_elasticities),
    (("assumptions",), check_nowcast_limits_are_positive),
    (("assumptions",), check_every_assumption_is_possible),
    (("industry_use",), check_use_shares_sum_to_one),
    (("industry_use", "industry_use_base"), check_every_used_mineral_has_a_base),
    (("industry_use", "eu_use_shares"), check_every_application_falls_in_a_known_use),
    (("projects", "assumptions"), check_every_project_year_has_a_price_level),
    (("industries", "industry_party_size"), check_every_party_has_every_industry_size),
)
"""Tables a check needs, and the check; it is skipped while one of them is missing."""
