"""Base year: margins add up in every market, and figures the US Geological Survey publishes come out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from model.assumptions import Assumption, Assumptions
from model.data import Tables, load
from model.errors import DataError, ScenarioError
from model.market.base_year import BaseYear, import_shares, net_import_reliance, reconcile
from model.market.evidence import HALF_OF_BASE_YEAR, Evidence, embargoed, repaired_weight
from model.market.flows import Unmatched, balance, cap_exports, fill, import_column, settle, trace_re_exports
from model.market.recipes import RECIPES
from model.scenario import POLICY_ONLY, Scenario
from tests.shipped import WORLD

TABLES = load()
ASSUMPTIONS = Assumptions.from_table(TABLES["assumptions"])
MARGIN_TOLERANCE = 1e-9
CHECKS = list(TABLES["published_checks"].itertuples())


@pytest.fixture(scope="module")
def bases() -> dict[str, BaseYear]:
    return {mineral: reconcile(TABLES, mineral, ASSUMPTIONS) for mineral in RECIPES}


def test_every_market_has_a_recipe() -> None:
    minerals = TABLES["minerals"]
    assert set(RECIPES) == set(minerals[minerals.kind == "market"].id)


@pytest.mark.parametrize("mineral", RECIPES)
def test_rows_are_supply_and_columns_are_use(bases: dict[str, BaseYear], mineral: str) -> None:
    for stage in bases[mineral].stages:
        world_t = stage.use_t.sum()
        supply_t = stage.production_t + stage.scrap_t
        assert np.abs(stage.flow_t.sum(axis=1) - supply_t).max() <= MARGIN_TOLERANCE * world_t
        assert np.abs(stage.flow_t.sum(axis=0) - stage.use_t).max() <= MARGIN_TOLERANCE * world_t
        assert (stage.flow_t >= 0).all()
        assert stage.price_usd_per_t > 0


STAGES = TABLES["minerals"].set_index("id").stages.str.split(";")


@pytest.mark.parametrize("mineral", [mineral for mineral in RECIPES if len(STAGES[mineral]) == 1])
def test_a_mineral_of_one_stage_has_no_refineries(bases: dict[str, BaseYear], mineral: str) -> None:
    assert [stage.stage for stage in bases[mineral].stages] == STAGES[mineral]
    assert bases[mineral].refinery_t is None


@pytest.mark.parametrize("mineral", [mineral for mineral in RECIPES if len(STAGES[mineral]) > 1])
def test_refineries_turn_ore_into_refined_output(bases: dict[str, BaseYear], mineral: str) -> None:
    base = bases[mineral]
    assert [stage.stage for stage in base.stages] == STAGES[mineral]
    ore, final = base.stages
    np.testing.assert_allclose(final.production_t, base.refinery_t, rtol=MARGIN_TOLERANCE)
    np.testing.assert_allclose(base.refinery_t, base.recovery * ore.use_t, rtol=MARGIN_TOLERANCE)
    assert 0.85 < base.recovery <= 1.0
    assert ore.price_usd_per_t < base.recovery * final.price_usd_per_t


@pytest.mark.parametrize("mineral", RECIPES)
def test_small_flows_are_dropped(bases: dict[str, BaseYear], mineral: str) -> None:
    for stage in bases[mineral].stages:
        flows, least_t = stage.flow_t, 2e-5 * stage.use_t.sum()
        kept_for_row = flows == flows.max(axis=1, keepdims=True)
        kept_for_column = flows == flows.max(axis=0, keepdims=True)
        small = (flows > 0) & (flows < 0.9 * least_t)
        assert not (small & ~kept_for_row & ~kept_for_column).any()


@pytest.mark.parametrize("check", CHECKS, ids=lambda row: f"{row.mineral}-{row.measure}-{row.partner or 'all'}")
def test_published_figures_come_out(bases: dict[str, BaseYear], check: object) -> None:
    base = bases[check.mineral]
    if check.measure == "net_import_reliance":
        found = net_import_reliance(base, check.region)
    else:
        found = import_shares(base, check.region).get(check.partner, 0.0)
    if check.comparison == "equal":
        assert found == pytest.approx(check.value, abs=check.tolerance)
    elif check.comparison == "more_than":
        assert found > check.value
    else:
        assert found < check.value


@pytest.mark.parametrize(("mineral", "stage"), [("copper", 0), ("antimony", 0), ("gallium", -1), ("titanium", -1)])
def test_listed_producers_keep_their_published_output(bases: dict[str, BaseYear], mineral: str, stage: int) -> None:
    base, table = bases[mineral], TABLES["production"]
    name = base.stages[stage].stage
    china = table[(table.mineral == mineral) & (table.stage == name) & (table.country == "CHN")].quantity_t.iloc[0]
    assert base.stages[stage].production_t[base.regions.index("CHN")] == pytest.approx(china, rel=1e-6)


def test_world_output_is_published_output(bases: dict[str, BaseYear]) -> None:
    table = TABLES["production"]
    for mineral, stage in (("copper", "mine"), ("tungsten", "mine"), ("molybdenum", "refined"), ("aluminum", "mine")):
        rows = table[(table.mineral == mineral) & (table.stage == stage)]
        published_t = (rows.quantity_t * rows.content_share).sum()
        assert bases[mineral].stages[0].production_t.sum() == pytest.approx(published_t, rel=1e-9)


def test_bilateral_data_are_marked(bases: dict[str, BaseYear]) -> None:
    observed = {mineral for mineral, base in bases.items() if base.stages[-1].observed}
    assert observed == {"copper", "lithium", "titanium", "antimony", "rare_earths"}
    for base in bases.values():
        if not base.stages[-1].observed:
            assert any("no single pair" in note for note in base.notes)


def test_price_inside_china_is_kept_apart(bases: dict[str, BaseYear]) -> None:
    (stage,) = bases["yttrium"].stages
    assert (stage.price_usd_per_t, stage.price_inside) == (8000.0, {"CHN": 6000.0})


@pytest.mark.parametrize("mineral", RECIPES)
@pytest.mark.parametrize("end", ["low", "high"])
def test_general_assumptions_can_be_varied(mineral: str, end: str) -> None:
    varied = ("gravity_distance_exponent", "unit_value_band", "other_countries_cap_share", "re_export_cap_share")
    overrides = {id: getattr(ASSUMPTIONS.find(id), end) for id in varied}
    base = reconcile(TABLES, mineral, ASSUMPTIONS.with_overrides(overrides))
    stage = base.stages[-1]
    np.testing.assert_allclose(stage.flow_t.sum(axis=0), stage.use_t)


@pytest.mark.parametrize("mineral", RECIPES)
@pytest.mark.parametrize("end", ["low", "high"])
def test_assumptions_of_a_mineral_can_all_be_at_one_end(mineral: str, end: str) -> None:
    overrides = {row.name: getattr(row, end) for row in ASSUMPTIONS if row.mineral == mineral}
    for stage in reconcile(TABLES, mineral, ASSUMPTIONS.with_overrides(overrides)).stages:
        assert np.isfinite(stage.flow_t).all()
        assert (stage.flow_t >= 0).all()
        np.testing.assert_allclose(stage.flow_t.sum(axis=1), stage.production_t + stage.scrap_t)


@pytest.mark.parametrize("mineral", RECIPES)
def test_nothing_moves_under_an_embargo(bases: dict[str, BaseYear], mineral: str) -> None:
    base = bases[mineral]
    for stage in base.stages:
        closed = embargoed(TABLES, mineral, stage.stage, base.regions, *HALF_OF_BASE_YEAR)
        assert closed[base.regions.index("IRN"), base.regions.index("USA")]
        assert not stage.flow_t[closed].any()


@pytest.mark.parametrize("mineral", [mineral for mineral in RECIPES if len(STAGES[mineral]) > 1])
def test_ore_that_is_not_exported_stays_at_home(bases: dict[str, BaseYear], mineral: str) -> None:
    """Reported exports come back, except where home refineries take less than is left or nearly nothing is traded."""
    ore, exports = bases[mineral].stages[0], Evidence(TABLES, ASSUMPTIONS, mineral).exports("mine")
    if exports is not None:
        known = ~np.isnan(exports)
        home = np.clip(ore.production_t - exports, 0.0, np.minimum(ore.production_t, ore.use_t))
        np.testing.assert_allclose(
            ore.flow_t.diagonal()[known], home[known], rtol=0.02, atol=2e-4 * ore.use_t.sum(), err_msg=mineral
        )


def test_an_embargo_holds_from_its_first_day() -> None:
    def closed(first_day: str) -> bool:
        return bool(embargoed(TABLES, "aluminum", "refined", ("RUS", "CAN"), first_day, "2024-12-31")[0, 1])

    assert closed("2023-03-10")
    assert not closed("2023-03-09")


@pytest.mark.parametrize(
    ("mineral", "exporter", "importer", "place"),
    [
        ("gallium", "ALL", "USA", "gallium, stage refined, region USA: imports"),
        ("gallium", "ALL", "ALL", "gallium, stage refined, region USA: imports"),
        ("titanium", "ALL", "ALL", "titanium, stage refined, region "),
    ],
)
def test_an_embargo_that_leaves_no_base_year_is_named(mineral: str, exporter: str, importer: str, place: str) -> None:
    rows = TABLES["embargoes"]
    own = {"exporter": exporter, "importer": importer, "mineral": mineral, "stage": "", "start_date": "2023-01-01"}
    damaged = pd.concat([rows, rows.tail(1).assign(**own, end_date="")], ignore_index=True)
    tables = replace(TABLES, frames={**TABLES.frames, "embargoes": damaged})
    with pytest.raises(DataError, match=f"{place}.*; it is not so without row {len(rows) + 2} of embargoes$"):
        reconcile(tables, mineral, ASSUMPTIONS)


def test_a_reported_flow_is_that_flow(bases: dict[str, BaseYear]) -> None:
    """Of Russian aluminum the European Union's quota for 2025 is 80 %; Japan bought far less."""
    base = bases["aluminum"]
    flow_t = dict(zip(base.regions, base.stages[-1].flow_t[base.regions.index("RUS")], strict=True))
    assert 0.8 * flow_t["EUN"] == pytest.approx(275_000)
    assert 26_000 < flow_t["JPN"] < 90_000


@pytest.mark.parametrize("mineral", RECIPES)
def test_the_united_states_use_what_is_published(bases: dict[str, BaseYear], mineral: str) -> None:
    base, published = bases[mineral], Evidence(TABLES, ASSUMPTIONS, mineral).us_balance("use")
    if published is not None:
        assert base.stages[-1].use_t[base.regions.index("USA")] == pytest.approx(published, rel=2e-3)


def test_cheap_magnets_are_told_from_those_of_rare_earths() -> None:
    """China sold 57,392 t of rare-earth magnets in 2025, a little less than in 2024; Japan uses more than India."""
    evidence = Evidence(TABLES, ASSUMPTIONS, "rare_earths")
    magnets_t = evidence.bilateral_trade("850511") / ASSUMPTIONS.value("product_content_850511", "rare_earths")
    china, japan, india = (evidence.regions.index(region) for region in ("CHN", "JPN", "IND"))
    assert 57_392 < magnets_t[china].sum() < 1.03 * 57_392
    assert magnets_t[:, japan].sum() > magnets_t[:, india].sum()


def test_use_shares_that_exceed_the_world_are_cut_alike() -> None:
    regions = dict.fromkeys(("CHN", "JPN", "EUN", "KOR"), 0.7)
    rows = {
        f"use_share_{r}.bismuth": Assumption(f"use_share_{r}", "bismuth", v, 0, 1, "", "", "")
        for r, v in regions.items()
    }
    kept = {row.name: row for row in ASSUMPTIONS if not row.id.startswith("use_share")}
    base = reconcile(TABLES, "bismuth", Assumptions(kept | rows))
    use_t = base.stages[0].use_t
    assert use_t[base.regions.index("CHN")] == pytest.approx((use_t.sum() - 830) / 4, rel=1e-2)
    assert use_t[base.regions.index("ROW")] == pytest.approx(0.0, abs=1e-3 * use_t.sum())


def test_scrap_beyond_refined_output_is_an_error() -> None:
    production = TABLES["production"]
    korea = (production.mineral == "copper") & (production.country == "KOR")
    frames = {**TABLES.frames, "production": production.assign(quantity_t=production.quantity_t.where(~korea, 1.0))}
    with pytest.raises(DataError, match="refinery_from_scrap_KOR of copper"):
        reconcile(Tables(frames, TABLES.content_hash), "copper", ASSUMPTIONS)


def test_unknown_mineral_names_the_markets() -> None:
    with pytest.raises(DataError, match="antimony"):
        reconcile(TABLES, "unobtainium", ASSUMPTIONS)


def test_missing_assumption_is_an_error() -> None:
    with pytest.raises(ScenarioError, match="small_flow_share"):
        reconcile(TABLES, "gallium", Assumptions({}))


def test_balance_reaches_both_margins() -> None:
    rng = np.random.default_rng(1)
    supply, use = np.array([5.0, 0.0, 2.0, 3.0]), np.array([1.0, 4.0, 5.0, 0.0])
    flows = balance(rng.uniform(0.01, 1.0, (4, 4)), supply, use)
    np.testing.assert_allclose(flows.sum(axis=1), supply, atol=1e-9)
    np.testing.assert_allclose(flows.sum(axis=0), use, atol=1e-9)


def test_balance_that_cannot_be_reached_is_an_error() -> None:
    with pytest.raises(Unmatched, match="cannot be matched"):
        balance(np.eye(2), np.array([1.0, 2.0]), np.array([2.0, 1.0]))


def test_hub_vanishes_when_re_exports_are_traced() -> None:
    """A mine (0) ships 10 to a hub (1), which ships 9 on to a user (2): the user's supply is the mine's."""
    trade = np.zeros((3, 3))
    trade[0, 1], trade[1, 2] = 10.0, 9.0
    flows = trace_re_exports(np.array([12.0, 0.0, 0.0]), trade, 1.0)
    np.testing.assert_allclose(flows, [[2.0, 1.0, 9.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], atol=1e-12)


def test_exports_are_capped_by_what_is_available() -> None:
    trade = np.array([[0.0, 8.0], [0.0, 0.0]])
    assert cap_exports(trade, np.array([5.0, 0.0]), 0.98)[0, 1] == pytest.approx(4.9)


def test_settling_keeps_supply_and_the_largest_flow_of_everyone() -> None:
    flows = np.array([[100.0, 1e-4, 0.0], [0.0, 1e-5, 2e-5], [3.0, 0.0, 0.0]])
    supply = flows.sum(axis=1)
    settled = settle(flows, supply, 2e-5)
    np.testing.assert_allclose(settled.sum(axis=1), supply)
    assert settled[1, 1] == 0.0
    assert settled[1, 2] > 0.0
    assert settled[0, 1] > 0.0


def test_import_column_respects_supply_and_sends_the_rest_through_the_hub() -> None:
    shares = np.array([0.0, 0.5, 0.3, 0.0, 0.0])
    supply = np.array([1.0, 10.0, 2.0, 100.0, 1.0])
    column = import_column(0, 10.0, shares, supply, np.ones(5), 0.9, hub=3)
    assert column[0] == 0.0
    assert column.sum() == pytest.approx(10.0)
    np.testing.assert_allclose(column[[1, 2, 4]], [5.0, 1.8, 0.9])
    assert column[3] == pytest.approx(2.3)


def test_fill_stops_at_the_caps() -> None:
    np.testing.assert_allclose(fill(9.0, np.ones(2), np.array([1.0, 2.0])), [1.0, 2.0])


def test_weights_far_off_are_replaced_by_value_over_the_median() -> None:
    weight = np.array([10.0, 10.0, np.nan, 1000.0])
    value = np.array([100.0, 110.0, 50.0, 100.0])
    np.testing.assert_allclose(repaired_weight(weight, value, 8.0), [10.0, 10.0, 5.0, 10.0])


@pytest.mark.slow
@pytest.mark.parametrize("mineral", WORLD.minerals)
def test_the_base_year_is_found_at_both_ends_of_every_share_of_use(mineral: str) -> None:
    shares = [row for row in WORLD.assumptions if row.mineral == mineral and row.id.startswith("use_share_")]
    for row in shares:
        for end in (row.low, row.high):
            scenario = Scenario(minerals=(mineral,), assumptions={row.name: end}, status_quo=POLICY_ONLY)
            use_t = WORLD.calibrated(mineral, scenario).base.stages[-1].use_t
            assert (use_t >= 0.0).all(), row.name
