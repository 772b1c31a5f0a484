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
    dearer_after_saving,
    effective_shortage,
    given_up,
    kept_despite_others,
    needed_use,
    together,
)
from model.impact.manufacturers import ALL_USERS, REFERENCE, IntArray, Manufacturers
from model.market.horizon import SHORT
from model.words.names import CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.assumptions import Assumptions
    from model.impact.market_change import MarketChange

AT_RISK = ("value_added_at_risk_usd", "jobs_at_risk")
WAYS = ("best_use", "pro_rata")
RESPONSES = ("_least", "", "_most")
"""Endings of columns by the response of output to cost: the lowest of its range, the assumed, the highest."""
GRADE_NAMES = np.array([*GRADES, ""], dtype=object)
"""Grades by index; the last one, at index -1, is that of an industry that does not use the mineral."""


@dataclass(frozen=True)
class _Users:
    """The regions of a market change with the change they see, [r, k].

    Attributes:
        price_ratio: price as multiple of the status quo's.
        spend0_usd, use0_t: what users spent and used in the status quo.
        missing, rationed: use that is missing, and the part of it that no price brought about, as shares.
    """

    regions: NDArray[np.object_]
    position: IntArray
    price_ratio: Array
    spend0_usd: Array
    use0_t: Array
    missing: Array
    rationed: Array


@dataclass(frozen=True)
class _Detail:
    """Costs and losses of the parties with sized industries, [p, k, z], for the minerals of a market change.

    ``needed`` is the share of status quo use that all output takes, [p, k].
    """

    parties: _Users
    at: tuple[IntArray, IntArray]
    use_share: Array
    needed: Array
    cost_share: Array
    extra_cost_usd: Array
    unit_cost_change: Array
    cut_best_use: Array
    cut_pro_rata: Array
    loss_best_use: Array
    loss_pro_rata: Array


def compare(manufacturers: Manufacturers, change: MarketChange, assumptions: Assumptions) -> pd.DataFrame:
    """The impact on manufacturers, one row per region and industry, of all minerals of the change together.

    Shares are 0–1, money in USD a year, first round. The suffix ``_best_use`` serves the most valuable uses first,
    ``_pro_rata`` cuts everyone alike, each with ``_least`` and ``_most`` where output responds to cost as little or as
    much as assumed possible; the bare name is their midpoint, ``_low`` and ``_high`` bound the row. Never sum
    the bounds (use ``totals``): an industry at the end of the queue loses more when the best uses are served first.
    Losses rest on assumed dependence everywhere. Regions without industry sizes have one row, ``all_users``, with cost
    and shortage only.

    Both costs start from what the status quo used at its prices. Summed over the rows of a region, ``extra_cost_usd``
    is price change times that use; the unit cost is what remains of it once users have adapted.

    Columns: region, industry, name; unit_cost_change (share of output value, use adapting); extra_cost_usd (use of the
    status quo held fixed);
    shortage_share and shortest_mineral (largest shortage among the minerals it uses, empty if none); output_loss,
    value_added_at_risk_usd and jobs_at_risk with those suffixes; defense, energy, critical_infrastructure; grade (A, B
    or C, the worst of the minerals it uses, empty if it uses none); assumption (its size or a use share is assumed);
    borrowed (a use share is not the party's own: from elsewhere, or assumed); suspect (a cost share is far above the
    one in the United States).

    Raises:
        ScenarioError: if the change names an unknown region or mineral.
    """
    parties, groups, mineral = _users(manufacturers, change)
    detail = _detail(manufacturers, parties, mineral, change, assumptions)
    sized = _party_rows(manufacturers, detail, change.minerals)
    if not groups.position.size:
        return sized
    others = _group_rows(groups, change.minerals, assumptions)
    return pd.concat([sized, others], ignore_index=True)


def by_mineral(manufacturers: Manufacturers, change: MarketChange, assumptions: Assumptions) -> pd.DataFrame:
    """The impact on manufacturers mineral by mineral: one row per party, industry and mineral the industry uses.

    Columns: region, industry, mineral; cost_share (spending in the status quo per USD of output, at most 1);
    unit_cost_change and extra_cost_usd (the mineral's part); shortage_share (of the party); cut_best_use and
    cut_pro_rata (share of the industry's needs not served); substitution_class; use_t (status quo);
    value_added_relieved_usd_per_t (value added at risk that one more tonne for this industry saves when all are cut pro
    rata, zero where nothing is short and where the status quo shows no use); grade; borrowed; suspect.

    Raises:
        ScenarioError: if the change names an unknown region or mineral.
    """
    parties, _, minerals = _users(manufacturers, change)
    detail = _detail(manufacturers, parties, minerals, change, assumptions)
    used = detail.use_share > 0
    party, mineral, industry = np.nonzero(used)
    use_t = detail.use_share * np.nan_to_num(parties.use0_t)[:, :, None]
    relieved = _relieved_usd_per_t(manufacturers, detail, use_t)
    columns = {
        "cost_share": detail.cost_share,
        "unit_cost_change": detail.unit_cost_change,
        "extra_cost_usd": detail.extra_cost_usd,
        "cut_best_use": detail.cut_best_use,
        "cut_pro_rata": detail.cut_pro_rata,
        "use_t": use_t,
        "value_added_relieved_usd_per_t": relieved,
        "grade": GRADE_NAMES[manufacturers.grade[detail.at]],
        "borrowed": manufacturers.borrowed[detail.at],
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
    bear the shortage summed over industries, and their midpoint, bounded by both ways with every response of output to
    cost. Differences of two such frames are summed alike. NaN where no industry sizes are known.
    """
    by_region = impact.groupby("region", sort=False)
    columns = {"extra_cost_usd": by_region.extra_cost_usd.sum()}
    for name in AT_RISK:
        sums = {way + end: by_region[f"{name}_{way}{end}"].sum(min_count=1) for way in WAYS for end in RESPONSES}
        every = pd.DataFrame(sums)
        middle = every[list(WAYS)].mean(axis=1)
        columns |= {f"{name}_low": every.min(axis=1), name: middle, f"{name}_high": every.max(axis=1)}
    return pd.DataFrame(columns)


def _users(manufacturers: Manufacturers, change: MarketChange) -> tuple[_Users, _Users, IntArray]:
    """The regions of a change, those with sized industries apart from the others, and the positions of its minerals."""
    position = manufacturers.region_positions(change.regions)
    mineral = manufacturers.mineral_positions(change.minerals)
    seen = (change.price_ratio, change.spend0_usd, change.use0_t, change.missing, change.rationed)
    regions, sized = np.array(change.regions, dtype=object), position < len(manufacturers.regions)
    parties, groups = (_Users(regions[rows], position[rows], *(of[rows] for of in seen)) for rows in (sized, ~sized))
    return parties, groups, mineral


def _detail(
    manufacturers: Manufacturers,
    parties: _Users,
    mineral: IntArray,
    change: MarketChange,
    assumptions: Assumptions,
) -> _Detail:
    """Costs, cuts and losses by party, mineral and industry."""
    at = parties.position[:, None], mineral[None, :]
    names, use_share = change.minerals, manufacturers.use_share[at]
    elasticity = _by_mineral(change.horizon.demand_elasticity, names, assumptions)
    effective, needed = _not_served(parties, elasticity, names, assumptions)
    output_usd = manufacturers.output_usd[parties.position][:, None, :]
    spend0_usd = use_share * parties.spend0_usd[:, :, None]
    cost_share = np.minimum(np.divide(spend0_usd, output_usd, out=np.zeros_like(spend0_usd), where=output_usd > 0), 1)
    pass_through = _by_mineral("pass_through", names, assumptions)
    best_use = cut_best_use_first(effective, use_share, manufacturers.queue_before[at])
    pro_rata = cut_pro_rata(effective, use_share)
    vulnerability = manufacturers.vulnerability[mineral]
    return _Detail(
        parties=parties,
        at=at,
        use_share=use_share,
        needed=needed,
        cost_share=cost_share,
        extra_cost_usd=spend0_usd * (pass_through * (parties.price_ratio - 1))[:, :, None],
        unit_cost_change=cost_share * (pass_through * dearer_after_saving(parties.price_ratio, elasticity))[:, :, None],
        cut_best_use=best_use,
        cut_pro_rata=pro_rata,
        loss_best_use=vulnerability * best_use,
        loss_pro_rata=vulnerability * pro_rata,
    )


def _not_served(
    parties: _Users, elasticity: Array, names: tuple[str, ...], assumptions: Assumptions
) -> tuple[Array, Array]:
    """The share of needs that is not served, and what is needed as share of status quo use, [p, k].

    At most what is not served within a year at the same price and rationing: time to adapt puts no more output at risk.
    """
    multiple, dead_band = assumptions.value("saving_price_multiple"), assumptions.value("dead_band")
    stock_cover = assumptions.value("stock_cover_counted") * _by_mineral("stock_cover", names, assumptions)
    within_a_year = _by_mineral(SHORT.demand_elasticity, names, assumptions)
    missing_then = np.minimum(given_up(parties.price_ratio, within_a_year) + parties.rationed, 1.0)
    ways = []
    for missing, response in ((parties.missing, elasticity), (missing_then, within_a_year)):
        needed = needed_use(missing, parties.rationed, 1 - multiple**response, dead_band)
        ways.append((effective_shortage(missing, needed, stock_cover), needed))
    (now, needed_now), (then, needed_then) = ways
    return np.minimum(now, then), np.where(now <= then, needed_now, needed_then)


def _by_mineral(assumption: str, minerals: tuple[str, ...], assumptions: Assumptions) -> Array:
    return np.array([assumptions.value(assumption, mineral) for mineral in minerals])


def _party_rows(manufacturers: Manufacturers, detail: _Detail, minerals: tuple[str, ...]) -> pd.DataFrame:
    """The rows of ``compare`` for parties with sized industries."""
    parties = detail.parties
    unit_cost_change = detail.unit_cost_change.sum(axis=1)
    sold = 1 - np.clip(manufacturers.output_elasticity * unit_cost_change, 0, 1)
    best_use, pro_rata = (1 - sold * (1 - together(loss)) for loss in (detail.loss_best_use, detail.loss_pro_rata))
    worst_share, worst_mineral = _worst_shortage(parties.missing[:, :, None] * (detail.use_share > 0), minerals)
    grade = manufacturers.grade[detail.at].max(axis=1)
    columns: dict[str, NDArray[np.generic]] = {
        "unit_cost_change": unit_cost_change,
        "extra_cost_usd": detail.extra_cost_usd.sum(axis=1),
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
        "borrowed": (manufacturers.borrowed[detail.at] & (detail.use_share > 0)).any(axis=1).ravel(),
        "suspect": manufacturers.suspect[detail.at].any(axis=1).ravel(),
    }
    return pd.DataFrame(labels | {name: column.ravel() for name, column in columns.items()} | flags | quality)


def _group_rows(groups: _Users, names: tuple[str, ...], assumptions: Assumptions) -> pd.DataFrame:
    """The rows of ``compare`` for regions without industry sizes: all users together, cost and shortage only."""
    dearer = (groups.price_ratio - 1) * _by_mineral("pass_through", names, assumptions)
    worst_share, worst_mineral = _worst_shortage(groups.missing, names)
    return pd.DataFrame(
        {
            "region": groups.regions,
            "industry": ALL_USERS,
            "name": "All users",
            "extra_cost_usd": (groups.spend0_usd * dearer).sum(axis=1),
            "shortage_share": worst_share,
            "shortest_mineral": worst_mineral,
            **dict.fromkeys(CLASSES, False),
            "grade": GRADES[-1],
            "assumption": True,
            "borrowed": False,
            "suspect": False,
        }
    )


def _worst_shortage(missing: Array, minerals: tuple[str, ...]) -> tuple[Array, NDArray[np.object_]]:
    """The largest shortage along the mineral axis 1, and whose it is."""
    share = missing.max(axis=1)
    name = np.array(minerals, dtype=object)[missing.argmax(axis=1)]
    return share, np.where(share > 0, name, "")


def _spread(name: str, best_use: Array, pro_rata: Array, size: Array | float) -> dict[str, Array]:
    """A loss in both ways of bearing the shortage, with midpoint and bounds, times the size of what is lost.

    Each way comes with the lowest, the assumed and the highest response of output to cost, [3, p, z].
    """
    each = {
        f"{name}_{way}{end}": lost * size
        for way, loss in zip(WAYS, (best_use, pro_rata), strict=True)
        for end, lost in zip(RESPONSES, loss, strict=True)
    }
    return each | {
        f"{name}_low": np.minimum(best_use[0], pro_rata[0]) * size,
        name: (best_use[1] + pro_rata[1]) / 2 * size,
        f"{name}_high": np.maximum(best_use[2], pro_rata[2]) * size,
    }


def _relieved_usd_per_t(manufacturers: Manufacturers, detail: _Detail, use_t: Array) -> Array:
    """Value added at risk saved by one more tonne for an industry, other losses given: the slope of the loss."""
    value_added_usd = manufacturers.value_added_usd[detail.parties.position][:, None, :]
    vulnerability = manufacturers.vulnerability[detail.at[1][0]]
    at_stake_usd = vulnerability * value_added_usd * kept_despite_others(detail.loss_pro_rata)
    short = (detail.cut_pro_rata > 0) & (use_t > 0)
    needed_t = use_t * detail.needed[:, :, None]
    relieved: Array = np.divide(at_stake_usd, needed_t, out=np.zeros_like(use_t), where=short)
    return relieved
