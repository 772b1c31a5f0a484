"""Impact on manufacturers: what a market change costs each industry of each party, and what it puts at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.data.schemas.industries import GRADES
from model.impact.losses import (
    Array,
    cut_best_use_first,
    cut_pro_rata,
    effective_shortage,
    kept_despite_others,
    shortage,
    together,
)
from model.impact.manufacturers import ALL_USERS, REFERENCE, IntArray, Manufacturers
from model.words.names import CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.assumptions import Assumptions
    from model.impact.market_change import MarketChange

AT_RISK = ("value_added_at_risk_usd", "jobs_at_risk")
GRADE_NAMES = np.array([*GRADES, ""], dtype=object)
"""Grades by index; the last one, at index -1, is that of an industry that does not use the mineral."""


@dataclass(frozen=True)
class _Users:
    """The regions of a market change with the change they see, [r, k]: price as share, missing use as share."""

    regions: NDArray[np.object_]
    position: IntArray
    price_change: Array
    missing: Array


@dataclass(frozen=True)
class _Detail:
    """Costs and losses of the parties with sized industries, [p, k, z], for the minerals of a market change."""

    parties: _Users
    at: tuple[IntArray, IntArray]
    use_share: Array
    unit_cost_change: Array
    cut_best_use: Array
    cut_pro_rata: Array
    loss_best_use: Array
    loss_pro_rata: Array


def compare(manufacturers: Manufacturers, change: MarketChange, assumptions: Assumptions) -> pd.DataFrame:
    """The impact on manufacturers, one row per region and industry, of all minerals of the change together.

    Shares are 0–1, money in USD a year, first round. The suffix ``_best_use`` serves the most valuable uses first,
    ``_pro_rata`` cuts everyone alike, the bare name is their midpoint, ``_low`` and ``_high`` bound the row. Never sum
    the bounds (use ``totals``): an industry at the end of the queue loses more when the best uses are served first.
    Losses rest on assumed dependence everywhere. Regions without industry sizes have one row, ``all_users``, with cost
    and shortage only.

    Columns: region, industry, name; unit_cost_change (share of output value); extra_cost_usd (quantities held fixed);
    shortage_share and shortest_mineral (largest shortage among the minerals it uses, empty if none); output_loss,
    value_added_at_risk_usd and jobs_at_risk with those suffixes; defense, energy, critical_infrastructure; grade (A, B
    or C, the worst of the minerals it uses, empty if it uses none); assumption (its size or a use share is assumed);
    suspect (a cost share is far above the one in the United States).

    Raises:
        ScenarioError: if the change names an unknown region or mineral.
    """
    parties, groups, mineral = _users(manufacturers, change)
    detail = _detail(manufacturers, parties, mineral, change.minerals, assumptions)
    sized = _party_rows(manufacturers, detail, change.minerals)
    if not groups.position.size:
        return sized
    others = _group_rows(manufacturers, groups, mineral, change.minerals, assumptions)
    return pd.concat([sized, others], ignore_index=True)


def by_mineral(manufacturers: Manufacturers, change: MarketChange, assumptions: Assumptions) -> pd.DataFrame:
    """The impact on manufacturers mineral by mineral: one row per party, industry and mineral the industry uses.

    Columns: region, industry, mineral; unit_cost_change and extra_cost_usd (the mineral's part); shortage_share (of the
    party); cut_best_use and cut_pro_rata (share of the industry's use not served); output_loss_low, output_loss and
    output_loss_high (from this mineral alone); substitution_class; use_t (base year); value_added_relieved_usd_per_t
    (value added at risk that one more tonne for this industry saves when all are cut pro rata, zero where nothing is
    short and where the base year shows no use); grade; suspect.

    Raises:
        ScenarioError: if the change names an unknown region or mineral.
    """
    parties, _, minerals = _users(manufacturers, change)
    detail = _detail(manufacturers, parties, minerals, change.minerals, assumptions)
    used = detail.use_share > 0
    party, mineral, industry = np.nonzero(used)
    use_t = detail.use_share * manufacturers.use_t[detail.at][:, :, None]
    extra_cost_usd = detail.unit_cost_change * manufacturers.output_usd[parties.position][:, None, :]
    relieved = _relieved_usd_per_t(manufacturers, detail, use_t, assumptions.value("dead_band"))
    columns = {
        "unit_cost_change": detail.unit_cost_change,
        "extra_cost_usd": extra_cost_usd,
        "cut_best_use": detail.cut_best_use,
        "cut_pro_rata": detail.cut_pro_rata,
        "output_loss_low": np.minimum(detail.loss_best_use, detail.loss_pro_rata),
        "output_loss": (detail.loss_best_use + detail.loss_pro_rata) / 2,
        "output_loss_high": np.maximum(detail.loss_best_use, detail.loss_pro_rata),
        "use_t": use_t,
        "value_added_relieved_usd_per_t": relieved,
        "grade": GRADE_NAMES[manufacturers.grade[detail.at]],
        "suspect": manufacturers.suspect[detail.at],
    }
    labels = {
        "region": parties.regions[party],
        "industry": manufacturers.industries.id.to_numpy(dtype=object)[industry],
        "mineral": np.array(change.minerals, dtype=object)[mineral],
        "shortage_share": parties.missing[party, mineral],
        "substitution_class": manufacturers.substitution_class[minerals][mineral, industry],
    }
    return pd.DataFrame(labels | {name: column[used] for name, column in columns.items()})


def totals(impact: pd.DataFrame) -> pd.DataFrame:
    """The impact on all manufacturers of each region, from the rows of ``compare``, indexed by region.

    Columns: extra_cost_usd; value_added_at_risk_usd and jobs_at_risk, each with ``_low`` and ``_high``: the two ways to
    bear the shortage summed over industries, and their midpoint. NaN where no industry sizes are known.
    """
    by_region = impact.groupby("region", sort=False)
    columns = {"extra_cost_usd": by_region.extra_cost_usd.sum()}
    for name in AT_RISK:
        best_use, pro_rata = (by_region[f"{name}_{way}"].sum(min_count=1) for way in ("best_use", "pro_rata"))
        columns[f"{name}_low"] = best_use.where(best_use <= pro_rata, pro_rata)
        columns[name] = (best_use + pro_rata) / 2
        columns[f"{name}_high"] = pro_rata.where(best_use <= pro_rata, best_use)
    return pd.DataFrame(columns)


def _users(manufacturers: Manufacturers, change: MarketChange) -> tuple[_Users, _Users, IntArray]:
    """The regions of a change, those with sized industries apart from the others, and the positions of its minerals."""
    position = manufacturers.region_positions(change.regions)
    mineral = manufacturers.mineral_positions(change.minerals)
    regions = np.array(change.regions, dtype=object)
    price_change, missing = change.price_change, shortage(change.use_t, change.use0_t)
    sized = position < len(manufacturers.regions)
    parties, groups = (
        _Users(regions[rows], position[rows], price_change[rows], missing[rows]) for rows in (sized, ~sized)
    )
    return parties, groups, mineral


def _detail(
    manufacturers: Manufacturers,
    parties: _Users,
    mineral: IntArray,
    names: tuple[str, ...],
    assumptions: Assumptions,
) -> _Detail:
    """Costs, cuts and losses by party, mineral and industry."""
    at = parties.position[:, None], mineral[None, :]
    stock_cover = assumptions.value("stock_cover_counted") * _by_mineral("stock_cover", names, assumptions)
    effective = effective_shortage(parties.missing, assumptions.value("dead_band"), stock_cover)
    use_share = manufacturers.use_share[at]
    best_use = cut_best_use_first(effective, use_share, manufacturers.queue_before[at])
    pro_rata = cut_pro_rata(effective, use_share)
    dearer = parties.price_change * _by_mineral("pass_through", names, assumptions)
    vulnerability = manufacturers.vulnerability[mineral]
    return _Detail(
        parties=parties,
        at=at,
        use_share=use_share,
        unit_cost_change=manufacturers.cost_share[at] * dearer[:, :, None],
        cut_best_use=best_use,
        cut_pro_rata=pro_rata,
        loss_best_use=vulnerability * best_use,
        loss_pro_rata=vulnerability * pro_rata,
    )


def _by_mineral(assumption: str, minerals: tuple[str, ...], assumptions: Assumptions) -> Array:
    return np.array([assumptions.value(assumption, mineral) for mineral in minerals])


def _party_rows(manufacturers: Manufacturers, detail: _Detail, minerals: tuple[str, ...]) -> pd.DataFrame:
    """The rows of ``compare`` for parties with sized industries."""
    parties = detail.parties
    unit_cost_change = detail.unit_cost_change.sum(axis=1)
    best_use, pro_rata = together(detail.loss_best_use), together(detail.loss_pro_rata)
    worst_share, worst_mineral = _worst_shortage(parties.missing[:, :, None] * (detail.use_share > 0), minerals)
    grade = manufacturers.grade[detail.at].max(axis=1)
    columns: dict[str, NDArray[np.generic]] = {
        "unit_cost_change": unit_cost_change,
        "extra_cost_usd": unit_cost_change * manufacturers.output_usd[parties.position],
        "shortage_share": worst_share,
        "shortest_mineral": worst_mineral,
        **_spread("output_loss", best_use, pro_rata, 1.0),
        **_spread(AT_RISK[0], best_use, pro_rata, manufacturers.value_added_usd[parties.position]),
        **_spread(AT_RISK[1], best_use, pro_rata, manufacturers.jobs[parties.position]),
    }
    count = len(manufacturers.industries)
    assumed = (parties.regions != REFERENCE)[:, None] | (grade == GRADES.index("C"))
    labels = {
        "region": np.repeat(parties.regions, count),
        "industry": np.tile(manufacturers.industries.id.to_numpy(dtype=object), len(parties.regions)),
        "name": np.tile(manufacturers.industries.name.to_numpy(dtype=object), len(parties.regions)),
    }
    flags = {flag: np.tile(manufacturers.industries[flag].to_numpy(), len(parties.regions)) for flag in CLASSES}
    quality = {
        "grade": GRADE_NAMES[grade].ravel(),
        "assumption": assumed.ravel(),
        "suspect": manufacturers.suspect[detail.at].any(axis=1).ravel(),
    }
    return pd.DataFrame(labels | {name: column.ravel() for name, column in columns.items()} | flags | quality)


def _group_rows(
    manufacturers: Manufacturers,
    groups: _Users,
    mineral: IntArray,
    names: tuple[str, ...],
    assumptions: Assumptions,
) -> pd.DataFrame:
    """The rows of ``compare`` for regions without industry sizes: all users together, cost and shortage only."""
    at = groups.position[:, None], mineral[None, :]
    dearer = groups.price_change * _by_mineral("pass_through", names, assumptions)
    uses = manufacturers.use_t[at] > 0
    worst_share, worst_mineral = _worst_shortage(groups.missing * uses, names)
    return pd.DataFrame(
        {
            "region": groups.regions,
            "industry": ALL_USERS,
            "name": "All users",
            "extra_cost_usd": (manufacturers.spend_usd[at] * dearer).sum(axis=1),
            "shortage_share": worst_share,
            "shortest_mineral": worst_mineral,
            **dict.fromkeys(CLASSES, False),
            "grade": GRADES[-1],
            "assumption": True,
            "suspect": False,
        }
    )


def _worst_shortage(missing: Array, minerals: tuple[str, ...]) -> tuple[Array, NDArray[np.object_]]:
    """The largest shortage along the mineral axis 1, and whose it is."""
    share = missing.max(axis=1)
    name = np.array(minerals, dtype=object)[missing.argmax(axis=1)]
    return share, np.where(share > 0, name, "")


def _spread(name: str, best_use: Array, pro_rata: Array, size: Array | float) -> dict[str, Array]:
    """A loss in both ways of bearing the shortage, with midpoint and bounds, times the size of what is lost."""
    return {
        f"{name}_best_use": best_use * size,
        f"{name}_pro_rata": pro_rata * size,
        f"{name}_low": np.minimum(best_use, pro_rata) * size,
        name: (best_use + pro_rata) / 2 * size,
        f"{name}_high": np.maximum(best_use, pro_rata) * size,
    }


def _relieved_usd_per_t(manufacturers: Manufacturers, detail: _Detail, use_t: Array, dead_band: float) -> Array:
    """Value added at risk saved by one more tonne for an industry, the others' losses given: the slope of the loss."""
    value_added_usd = manufacturers.value_added_usd[detail.parties.position][:, None, :]
    vulnerability = manufacturers.vulnerability[detail.at[1][0]]
    at_stake_usd = vulnerability * value_added_usd * kept_despite_others(detail.loss_pro_rata)
    short = (detail.cut_pro_rata > 0) & (use_t > 0)
    relieved: Array = np.divide(at_stake_usd, use_t * (1 - dead_band), out=np.zeros_like(use_t), where=short)
    return relieved
