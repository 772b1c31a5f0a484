"""The base year of a mineral: output, trade and use of every region, adding up.

Published figures do not agree with each other: weights are missing, hubs re-export, small producers hide in "other
countries", ores are traded unseen. ``reconcile`` turns them into flows whose rows are output and whose columns are use.
What it had to assume stands in ``BaseYear.notes`` and in the table of assumptions.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.data.schema import line_of
from model.errors import DataError
from model.market.evidence import (
    HALF_OF_BASE_YEAR,
    MAIN_SUPPLIER,
    REPORTER,
    REST,
    Evidence,
    embargoes_on,
    primary_refined,
)
from model.market.flows import (
    Array,
    Pairs,
    Unmatched,
    balance,
    divide,
    gravity,
    import_column,
    place,
    settle,
    trace_re_exports,
)
from model.market.recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.assumptions import Assumptions
    from model.data import Tables

PARTNER_UNKNOWN_SHARE = 1e-3
"""Weight of nearness beside an observed pattern of trade: small, but able to grow where output must leave."""

IMPORT_ROUNDS = 20
"""Times that imports are scaled anew to a published use; each leaves a fraction of what was missing."""


@dataclass(frozen=True)
class StageBase:
    """One traded stage in the base year.

    Arrays run over regions in the order of ``BaseYear.regions``; ``flow_t`` is exporter x importer with home supply on
    its diagonal. Rows sum to ``production_t + scrap_t``, columns to ``use_t``: final use at the last stage, else what
    refineries take in. ``scrap_t`` is recycled supply entering here. ``reported`` says which flows rest on trade
    statistics, a publication or an assumption of their own; the others are estimates. ``price_inside`` holds prices
    published for the inside of a region that differ from ``price_usd_per_t``, the world price.
    """

    stage: str
    price_usd_per_t: float
    production_t: Array
    scrap_t: Array
    use_t: Array
    flow_t: Array
    reported: Pairs
    price_inside: dict[str, float]

    @property
    def observed(self) -> bool:
        """Whether bilateral trade statistics lie behind all flows."""
        return bool(self.reported.all())


@dataclass(frozen=True)
class BaseYear:
    """The base year of one mineral; quantities in t contained a year.

    ``recovery`` is refined output per tonne of mine content taken in, and ``refinery_t`` refined output from ore by
    region (None where the market has one stage): it equals ``recovery`` times the use of the mine stage.
    """

    mineral: str
    regions: tuple[str, ...]
    stages: tuple[StageBase, ...]
    recovery: float
    refinery_t: Array | None
    notes: tuple[str, ...]


def reconcile(tables: Tables, mineral: str, assumptions: Assumptions) -> BaseYear:
    """Put together the base year of one mineral.

    >>> from model.assumptions import Assumptions
    >>> from model.data import load
    >>> tables = load()
    >>> base = reconcile(tables, "antimony", Assumptions.from_table(tables["assumptions"]))
    >>> [stage.stage for stage in base.stages]
    ['mine', 'refined']
    """
    if mineral not in RECIPES:
        raise DataError(f"There is no market for {mineral!r}. Markets: {', '.join(RECIPES)}")
    try:
        return _reconcile(tables, mineral, assumptions)
    except DataError as error:
        raise DataError(f"{error}{_embargoes_behind(tables, mineral, assumptions)}") from None


def _reconcile(tables: Tables, mineral: str, assumptions: Assumptions) -> BaseYear:
    recipe, evidence = RECIPES[mineral], Evidence(tables, assumptions, mineral)
    trade = _refined_trade(evidence, recipe)
    exports, imports = _refined_exports_imports(evidence, trade)
    if recipe.refining == "none":
        output = _without_tiny(evidence, evidence.production("refined", exports, imports))
        with _told_of(evidence, "refined"):
            final = _refined_stage(evidence, recipe, output, trade)
        return BaseYear(mineral, evidence.regions.ids, (final,), 1.0, None, recipe.notes)
    mined = _mined(evidence)
    primary = _without_tiny(evidence, primary_refined(evidence, recipe.refining, mined, exports, imports))
    if recipe.stock_build_region is not None:
        built_t = mined.sum() - primary.sum() / evidence.assumed("refinery_recovery")
        mined[evidence.regions.index(recipe.stock_build_region)] -= built_t
    recovery = float(primary.sum() / mined.sum())
    with _told_of(evidence, "mine"):
        ore = _ore_stage(evidence, mined, primary / recovery)
    refinery = recovery * ore.use_t
    with _told_of(evidence, "refined"):
        final = _refined_stage(evidence, recipe, refinery, trade)
    return BaseYear(mineral, evidence.regions.ids, (ore, final), recovery, refinery, recipe.notes)


def _embargoes_behind(tables: Tables, mineral: str, assumptions: Assumptions) -> str:
    """The embargo that leaves a mineral without a base year, else all that do together, as the end of a sentence.

    Empty where they are not the reason.
    """
    table = tables["embargoes"]

    def is_sound_without(rows: list[int]) -> bool:
        left = replace(tables, frames={**tables.frames, "embargoes": table.drop(index=rows)})
        try:
            _reconcile(left, mineral, assumptions)
        except DataError:
            return False
        return True

    rows = embargoes_on(tables, mineral, *HALF_OF_BASE_YEAR).index.tolist()
    if not is_sound_without(rows):
        return ""
    alone = next(([row] for row in reversed(rows) if is_sound_without([row])), rows)
    return f"; it is not so without {' and '.join(f'row {line_of(row)}' for row in alone)} of embargoes"


@contextmanager
def _told_of(evidence: Evidence, stage: str) -> Iterator[None]:
    """Supply and use that no trade matches are told with mineral, stage and region."""
    try:
        yield
    except Unmatched as error:
        where = f"{evidence.mineral}, stage {stage}, region {evidence.regions.ids[error.region]}"
        raise DataError(f"{where}: {error}") from None


def net_import_reliance(base: BaseYear, region: str) -> float:
    """Share of a region's use not met by its own primary output and old scrap; negative for a net exporter.

    The definition of the US Geological Survey, at the last stage.
    """
    final, index = base.stages[-1], base.regions.index(region)
    use_t = final.use_t[index]
    return float((use_t - final.production_t[index] - final.scrap_t[index]) / use_t)


def import_shares(base: BaseYear, region: str) -> dict[str, float]:
    """Shares of origins in a region's imports at the last stage, largest first; empty when it imports nothing."""
    index = base.regions.index(region)
    column = base.stages[-1].flow_t[:, index].copy()
    column[index] = 0.0
    shares = divide(column, np.array(column.sum()))
    order = np.argsort(-shares, kind="stable")
    return {base.regions[origin]: float(shares[origin]) for origin in order if shares[origin] > 0}


def _mined(evidence: Evidence) -> Array:
    exports = evidence.exports("mine")
    unknown = np.zeros(len(evidence.regions.ids))
    return _without_tiny(evidence, evidence.production("mine", unknown if exports is None else exports, unknown))


def _without_tiny(evidence: Evidence, output_t: Array) -> Array:
    """Output with producers too small to trade added to the rest of the world."""
    tiny = output_t < evidence.assumed("small_flow_share") * output_t.sum()
    kept = np.where(tiny, 0.0, output_t)
    kept[evidence.regions.index(REST)] += output_t[tiny].sum()
    return kept


def _stage(evidence: Evidence, stage: str, production: Array, scrap: Array, flows: Array, reported: Pairs) -> StageBase:
    flows = settle(flows, production + scrap, evidence.assumed("small_flow_share"))
    inside = _prices(evidence, stage)
    world_price = inside.pop("", None) or _assumed_price(evidence, stage)
    return StageBase(stage, world_price, production, scrap, flows.sum(axis=0), flows, reported, inside)


def _prices(evidence: Evidence, stage: str) -> dict[str, float]:
    table = evidence.tables["prices"]
    rows = table[(table.mineral == evidence.mineral) & (table.stage == stage)]
    return dict(zip(rows.place, rows.price_usd_per_t.astype(float), strict=True))


def _assumed_price(evidence: Evidence, stage: str) -> float:
    """World price of a stage that nobody publishes: assumed outright, or for ore as a share of the refined price."""
    names = {row.id for row in evidence.assumptions if row.mineral == evidence.mineral}
    direct = "ore_price_usd_per_t" if stage == "mine" else "refined_price_usd_per_t"
    if direct in names or stage != "mine":
        return evidence.assumed(direct)
    refined = _prices(evidence, "refined").get("") or evidence.assumed("refined_price_usd_per_t")
    return evidence.assumed("ore_price_ratio") * refined


def _ore_stage(evidence: Evidence, mined: Array, intake: Array) -> StageBase:
    """Ore from mines to refineries: known routes and what is not exported first, exports by distance."""
    exports, pattern = evidence.exports("mine"), _pattern(evidence, "mine")
    known = evidence.assumed_routes("ore_route") * mined[:, None]
    left, wanted = mined - known.sum(axis=1), intake - known.sum(axis=0)
    home = evidence.assumed("home_share_without_trade_data") * np.minimum(left, wanted)
    if exports is not None:
        np.fill_diagonal(pattern, 0.0)
        home = np.where(np.isnan(exports), home, mined - exports)
    flows = known + place(left, wanted, home, pattern, {})
    return _stage(evidence, "mine", mined, np.zeros_like(mined), flows, known > 0)


def _pattern(evidence: Evidence, stage: str) -> Array:
    """Relative ease of trade where no trade data are open: by distance, none under an embargo."""
    pattern = gravity(evidence.distance_km, evidence.assumed("gravity_distance_exponent"))
    return np.where(evidence.embargoed(stage), 0.0, pattern)


def _refined_trade(evidence: Evidence, recipe: Recipe) -> Array | None:
    """Bilateral trade behind the last stage in t contained, or None where none is open."""
    if recipe.trade == "constructed":
        return None
    trade = np.sum([evidence.bilateral_trade(code) for code in evidence.traded_codes("refined", "bilateral")], axis=0)
    unlisted = evidence.assumed_routes("hydroxide_trade") + evidence.assumed_routes("oxide_trade")
    return np.asarray(trade + unlisted + _us_oxide_imports(evidence))


def _us_oxide_imports(evidence: Evidence) -> Array:
    """Oxide bought by the United States, which the open trade tables lack.

    Its exports of oxide are taken off its imports, since their destinations are not published.
    """
    size, importer = len(evidence.regions.ids), evidence.regions.index(REPORTER)
    trade = np.zeros((size, size))
    bought, sold = evidence.us_balance("imports", "oxide"), evidence.us_balance("exports", "oxide")
    if bought is None or sold is None:
        return trade
    shares = evidence.us_source_shares("oxide")
    makers = np.where(shares > 0, 0.0, evidence.assumed_by_region("refined_production"))
    makers[importer] = 0.0
    shares = shares + (1.0 - shares.sum()) * makers / makers.sum()
    trade[:, importer] = (bought - sold) * shares
    return trade


def _refined_exports_imports(evidence: Evidence, trade: Array | None) -> tuple[Array, Array]:
    if trade is not None:
        return trade.sum(axis=1), trade.sum(axis=0)
    exports, unknown = evidence.exports("refined"), np.zeros(len(evidence.regions.ids))
    return (unknown if exports is None else exports), unknown


def _refined_stage(evidence: Evidence, recipe: Recipe, production: Array, trade: Array | None) -> StageBase:
    scrap = evidence.assumed_by_region("scrap_supply")
    supply = production + scrap
    if trade is None:
        flows = _constructed_flows(evidence, recipe, supply)
        reported = evidence.assumed_routes("reported_flow") > 0
        reported[:, evidence.regions.index(REPORTER)] |= evidence.us_source_shares() > 0
    else:
        traced = _flows_through_magnets if recipe.trade == "traced_magnets" else _traced
        flows, reported = traced(evidence, supply, trade), np.ones(trade.shape, dtype=bool)
    return _stage(evidence, "refined", production, scrap, flows, reported)


def _traced(evidence: Evidence, supply: Array, trade: Array) -> Array:
    """Flows behind bilateral trade, with nothing under an embargo and the published use of the United States.

    Their reported imports are scaled to that use, so that their suppliers keep their shares.
    """
    cap, importer = evidence.assumed("re_export_cap_share"), evidence.regions.index(REPORTER)
    published, trade = evidence.us_balance("use"), trade.copy()
    flows = trace_re_exports(supply, trade, cap)
    if published is not None:
        for _ in range(IMPORT_ROUNDS):  # some of what is added is sold on
            trade[:, importer] *= 1.0 + (published - flows[:, importer].sum()) / trade[:, importer].sum()
            flows = trace_re_exports(supply, trade, cap)
    return balance(np.where(evidence.embargoed("refined"), 0.0, flows), flows.sum(axis=1), flows.sum(axis=0))


def _flows_through_magnets(evidence: Evidence, supply: Array, magnet_trade: Array) -> Array:
    """Oxides from separation plants to magnet makers by distance, then in magnets to where those are used."""
    making = evidence.shared_out(supply, known={})
    pattern = _pattern(evidence, "refined")
    home = evidence.assumed("home_share_without_trade_data") * np.minimum(supply, making)
    to_makers = place(supply, making, home, pattern, {})
    to_users = _traced(evidence, making, magnet_trade)
    return np.asarray(to_makers @ divide(to_users, making[:, None]))


def _constructed_flows(evidence: Evidence, recipe: Recipe, supply: Array) -> Array:
    """Flows without open bilateral trade.

    Published imports of the United States, single flows that were reported, home supply, then distance.
    """
    use = evidence.world_use(supply)
    closed, reported = evidence.embargoed("refined"), evidence.assumed_routes("reported_flow")
    pattern = _pattern(evidence, "refined")
    nearness = pattern[:, evidence.regions.index(REPORTER)]
    if recipe.pattern_hs6 is not None:
        seen = evidence.bilateral_trade(recipe.pattern_hs6)
        pattern = np.where(closed, 0.0, PARTNER_UNKNOWN_SHARE * pattern / pattern.max() + seen / seen.max())
    pattern[reported > 0] = 0.0
    exports = evidence.exports("refined")
    usual_home = evidence.assumed("home_share_without_trade_data") * np.minimum(supply, use)
    home = usual_home if exports is None else np.where(np.isnan(exports), usual_home, np.maximum(supply - exports, 0.0))
    importer = evidence.regions.index(REPORTER)
    column = _us_column(evidence, np.where(closed[:, importer], 0.0, supply), use[importer], nearness)
    left_supply, left_use = supply - reported.sum(axis=1), use - reported.sum(axis=0)
    return np.asarray(reported + place(left_supply, left_use, home, pattern, {importer: column}))


def _us_column(evidence: Evidence, supply: Array, use_t: float, nearness: Array) -> Array:
    """Use of the United States by origin, its exports being drawn from output and imports alike."""
    importer = evidence.regions.index(REPORTER)
    own_t = supply[importer]
    exports_t = evidence.us_balance("exports") or 0.0
    imports_t = max(use_t - own_t + exports_t, 0.0)
    home_t = own_t * use_t / (own_t + imports_t) if own_t > 0 else 0.0
    column = import_column(
        importer,
        use_t - home_t,
        evidence.us_source_shares(),
        supply,
        nearness,
        evidence.assumed("source_cap_share"),
        evidence.regions.index(MAIN_SUPPLIER),
    )
    column[importer] = home_t
    return column
