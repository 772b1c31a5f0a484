"""The impact on manufacturers: published figures come back, and the laws of the formulas hold."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.assumptions import Assumptions
from model.data import Tables, load
from model.errors import ScenarioError
from model.impact import (
    ALL_USERS,
    MarketChange,
    back_test,
    by_mineral,
    compare,
    economy_wide,
    manufacturers,
    price_ratio_of_lost_supply,
    shortage_change,
    totals,
    use_of_table,
)
from model.market.horizon import LONG, SHORT, Horizon
from model.outcome import Outcome
from model.scenario import Scenario
from model.shocks import NamedShock
from tests.shipped import EVERY_MINERAL, WORLD

TABLES = load()
ASSUMPTIONS = Assumptions.from_table(TABLES["assumptions"])
USA_ONLY = manufacturers(TABLES, ASSUMPTIONS, use_of_table(TABLES))
SIZED = ("USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR")
USERS = manufacturers(
    TABLES,
    ASSUMPTIONS,
    {(region, mineral): 1000.0 for region in (*SIZED, "CHN", "ROW") for mineral in USA_ONLY.minerals},
)
MINERALS = USERS.minerals
BASE = TABLES["industry_use_base"].set_index("mineral")
BILLION = 1e9


def market_change(
    price_ratio: float | np.ndarray,
    use_ratio: float | np.ndarray | None = None,
    regions: tuple[str, ...] = ("USA",),
    minerals: tuple[str, ...] = ("tungsten",),
    horizon: Horizon = SHORT,
) -> MarketChange:
    """Prices and use as multiples of the published ones; the use given is rationed, without one it follows demand."""
    one = np.ones((len(regions), len(minerals)))
    price, use = (BASE[name].reindex(list(minerals)).to_numpy() * one for name in ("price_usd_per_t", "use_t"))
    if use_ratio is None:
        elasticity = [ASSUMPTIONS.value(horizon.demand_elasticity, mineral) for mineral in minerals]
        kept, rationed = (one * price_ratio) ** elasticity, 0.0 * one
    else:
        kept, rationed = one * use_ratio, np.maximum(0.0, 1.0 - one * use_ratio)
    return MarketChange(regions, minerals, price * price_ratio, price, use * kept, use, use * rationed, horizon)


@pytest.fixture(scope="module")
def tested() -> pd.DataFrame:
    """The back-test on the shipped data."""
    return back_test(TABLES, ASSUMPTIONS).set_index("minerals")


class TestBackTest:
    """Losses of the United States against the Geological Survey's (OFR 2024-1057 and 2025-1047), economy-wide."""

    @pytest.mark.parametrize(
        ("minerals", "best_use", "pro_rata", "midpoint"),
        [
            ("gallium", 2.0, 2.6, 2.3),
            ("germanium", 0.0, 0.33, 0.16),
            ("gallium;germanium", 2.0, 2.9, 2.5),
            ("tungsten", 0.1, 1.4, 0.7),
        ],
    )
    def test_losses_are_those_of_the_calibration(
        self, tested: pd.DataFrame, minerals: str, best_use: float, pro_rata: float, midpoint: float
    ) -> None:
        row = tested.loc[minerals]
        assert row.best_use_usd / BILLION == pytest.approx(best_use, abs=0.05)
        assert row.pro_rata_usd / BILLION == pytest.approx(pro_rata, abs=0.05)
        assert row.midpoint_usd / BILLION == pytest.approx(midpoint, abs=0.05)

    def test_every_midpoint_lies_in_the_published_range(self, tested: pd.DataFrame) -> None:
        assert tested.fits.all()
        assert tested.loc["gallium", ["published_low_usd", "published_high_usd"]].tolist() == [1.7e9, 8.2e9]

    def test_chips_bear_more_than_the_published_share_of_the_gallium_loss(self, tested: pd.DataFrame) -> None:
        published = TABLES["disruption_results"].query("metric == 'semiconductor_share_of_loss'").value.item()
        gallium = tested.loc["gallium"]
        assert gallium.chips_share_best_use == pytest.approx(0.61, abs=0.005)
        assert gallium.chips_share_pro_rata == pytest.approx(0.45, abs=0.005)
        assert min(gallium.chips_share_best_use, gallium.chips_share_pro_rata) > published

    def test_gallium_midpoint_moves_with_demand_elasticity_and_dependence(self) -> None:
        def midpoint(**overrides: float) -> float:
            return back_test(TABLES, ASSUMPTIONS.with_overrides(overrides)).midpoint_usd[0] / BILLION

        half, double = (
            {
                f"dependence_share_{name}": value * factor
                for name, value in (("part", 0.25), ("niche", 0.1), ("trace", 0.005))
            }
            for factor in (0.5, 2)
        )
        assert midpoint(back_test_demand_elasticity=0.1) == pytest.approx(0.7, abs=0.05)
        assert midpoint(back_test_demand_elasticity=0.59) == pytest.approx(4.2, abs=0.05)
        assert midpoint(**half) == pytest.approx(1.2, abs=0.05)
        assert midpoint(**double) == pytest.approx(4.6, abs=0.05)

    @pytest.mark.parametrize(
        ("mineral", "lost_share", "low", "high"),
        [
            ("bismuth", 0.50, 0.4, 2.2),
            ("antimony", 0.47, 2.1, 15.0),
            ("graphite", 0.46, 1.2, 13.0),
            ("yttrium", 0.90, 5.6, 29.0),
            ("rare_earths", 0.75, 10.0, 48.0),
        ],
    )
    def test_what_does_not_fit_is_known(self, mineral: str, lost_share: float, low: float, high: float) -> None:
        ratio = price_ratio_of_lost_supply(lost_share, ASSUMPTIONS)
        impact = compare(USA_ONLY, shortage_change(TABLES, {mineral: ratio}, ASSUMPTIONS), ASSUMPTIONS)
        total = totals(impact).loc["USA"]
        ours = [
            economy_wide(total[f"value_added_at_risk_usd_{end}"], ASSUMPTIONS).mid / BILLION for end in ("low", "high")
        ]
        assert ours == pytest.approx([low, high], rel=0.05, abs=0.05)
        assert ours[1] > 1, "published below 1 billion USD, or magnets between 1 and 4.5"

    @pytest.mark.parametrize(("lost_share", "ratio"), [(0.90, 46), (0.50, 3.2), (0.47, 2.9)])
    def test_lost_supply_gives_the_price_multiples_observed(self, lost_share: float, ratio: float) -> None:
        assert price_ratio_of_lost_supply(lost_share, ASSUMPTIONS) == pytest.approx(ratio, rel=0.02)

    def test_users_stocks_absorb_most_of_a_gallium_shortage(self) -> None:
        change = shortage_change(TABLES, {"gallium": 2.5}, ASSUMPTIONS)
        without, counted = (
            totals(compare(USA_ONLY, change, assumptions)).value_added_at_risk_usd_high.loc["USA"] / BILLION
            for assumptions in (ASSUMPTIONS, ASSUMPTIONS.with_overrides({"stock_cover_counted": 1.0}))
        )
        assert (without, counted) == pytest.approx((1.6, 0.3), abs=0.05)


class TestTungstenCarbide:
    """The worked check of a price rise from 330 to 2,100 USD per mtu (National Association of Manufacturers, 2026)."""

    change = market_change(2100 / 330, 1.0)

    def test_extra_cost(self) -> None:
        assert self.change.price_ratio.item() == pytest.approx(6.36, rel=0.01)
        impact = compare(USA_ONLY, self.change, ASSUMPTIONS)
        assert impact.extra_cost_usd.sum() == pytest.approx(2.4e9, rel=0.01)
        assert impact.set_index("industry").extra_cost_usd.cutting_tools == pytest.approx(869e6, rel=0.01)

    @pytest.mark.parametrize(
        ("industry", "percent"),
        [
            ("cutting_tools", 2.27),
            ("steel_alloys", 0.18),
            ("machinery", 0.17),
            ("aircraft_engines", 0.14),
            ("electrical_equipment", 0.12),
            ("ordnance_missiles_ships", 0.12),
            ("chemicals", 0.05),
            ("semiconductors", 0.06),
        ],
    )
    def test_cost_of_unchanged_use_by_industry(self, industry: str, percent: float) -> None:
        detail = by_mineral(USA_ONLY, self.change, ASSUMPTIONS).set_index("industry").loc[industry]
        rise = 100 * detail.cost_share * (self.change.price_ratio.item() - 1)
        assert rise == pytest.approx(percent, rel=0.01, abs=0.005)
        assert 0.4 * rise < 100 * detail.unit_cost_change < rise, "use adapts"

    def test_pass_through_scales_cost_alone(self) -> None:
        half = ASSUMPTIONS.with_overrides({"pass_through": 0.5})
        full, reduced = (compare(USA_ONLY, self.change, assumptions) for assumptions in (ASSUMPTIONS, half))
        assert reduced.extra_cost_usd.sum() == pytest.approx(full.extra_cost_usd.sum() / 2)


def test_spending_of_the_shipped_base_is_that_of_published_consumption_and_price() -> None:
    """Cost shares of the United States, as first computed from the same publications."""
    detail = by_mineral(USA_ONLY, market_change(1, 1, minerals=MINERALS), ASSUMPTIONS)
    share = detail.set_index(["mineral", "industry"]).cost_share
    assert share["aluminum", "packaging"] == pytest.approx(0.1964, rel=1e-3)
    assert share["copper", "fibre_cable"] == pytest.approx(0.1938, rel=1e-3)
    assert share["gallium", "semiconductors"] == pytest.approx(9.568e-05, rel=1e-3)
    content = ASSUMPTIONS.value("product_content_850511", "rare_earths")
    assert BASE.use_t["rare_earths"] == pytest.approx(11218 * content)
    assert BASE.price_usd_per_t["rare_earths"] == ASSUMPTIONS.value("refined_price_usd_per_t", "rare_earths")


class TestUseShares:
    """Who uses what: published where possible, weighted with industry sizes elsewhere."""

    def test_shares_sum_to_one_in_every_party(self) -> None:
        assert USERS.use_share.sum(axis=2) == pytest.approx(1)

    def test_a_small_party_does_not_inherit_the_industries_of_the_united_states(self) -> None:
        use_t = by_mineral(USERS, market_change(1, 1, ("USA", "AUS"), ("copper",)), ASSUMPTIONS)
        chips = use_t[use_t.industry == "semiconductors"].set_index("region").use_t
        assert chips["AUS"] < chips["USA"]

    def test_size_weights_add_no_accuracy_to_the_shares_of_the_european_union(self) -> None:
        """Yttrium does not count: the shares of the United States are European ones there."""
        union, usa = (USERS.regions.index(region) for region in ("EUN", "USA"))
        size = USERS.output_usd[union] / USERS.output_usd[usa]
        independent = set(TABLES["eu_use_shares"].mineral) - {"yttrium"}
        assert len(independent) == 8
        misallocated = []
        for mineral in independent:
            published, plain = (USERS.use_share[party, MINERALS.index(mineral)] for party in (union, usa))
            weighted = plain * size / (plain * size).sum()
            misallocated.append([np.abs(published - guess).sum() / 2 for guess in (plain, weighted)])
        plain_error, weighted_error = np.mean(misallocated, axis=0)
        assert plain_error <= weighted_error < 0.3

    def test_a_size_can_be_replaced(self) -> None:
        use = {("KOR", "lithium"): 100.0, ("USA", "lithium"): 100.0}
        larger = manufacturers(TABLES, ASSUMPTIONS, use, size_overrides={("KOR", "batteries"): 5.0})
        batteries = list(larger.industries.id).index("batteries")
        korea, usa = (larger.regions.index(region) for region in ("KOR", "USA"))
        assert larger.output_usd[korea, batteries] == pytest.approx(5 * larger.output_usd[usa, batteries])

    def test_a_cost_share_far_above_the_one_of_the_united_states_is_marked(self) -> None:
        users = manufacturers(TABLES, ASSUMPTIONS, {("USA", "copper"): 1.8e6, ("AUS", "copper"): 1e9})
        change = market_change(1.1, 1, ("AUS", "USA"), ("copper",))
        impact = compare(users, change, ASSUMPTIONS).groupby("region")
        assert impact.suspect.any().to_dict() == {"AUS": True, "USA": False}
        huge = dataclasses.replace(change, use0_t=1e6 * change.use0_t)
        assert by_mineral(users, huge, ASSUMPTIONS).cost_share.max() == 1

    def test_grades(self) -> None:
        impact = compare(USERS, market_change(1, 1, ("USA", "JPN"), ("aluminum", "graphite")), ASSUMPTIONS)
        grade = impact.set_index(["region", "industry"]).grade
        assert grade["USA", "packaging"] == "A"
        assert grade["JPN", "packaging"] == "B"
        assert grade["USA", "batteries"] == "C"
        assert grade["USA", "pharma"] == ""


class TestRegionsWithoutIndustrySizes:
    """Their users appear as one group."""

    impact = compare(USERS, market_change(1.5, 0.8, ("CHN", "USA"), ("cobalt", "tungsten")), ASSUMPTIONS)

    def test_one_row_with_cost_and_shortage_only(self) -> None:
        china = self.impact[self.impact.region == "CHN"]
        assert china.industry.tolist() == [ALL_USERS]
        spent = (BASE.price_usd_per_t * BASE.use_t)[["cobalt", "tungsten"]].sum()
        assert china.extra_cost_usd.item() == pytest.approx(0.5 * spent)
        assert china.shortage_share.item() == pytest.approx(0.2)
        assert china.value_added_at_risk_usd.isna().all()

    def test_totals_know_no_loss_for_them(self) -> None:
        total = totals(self.impact)
        assert np.isnan(total.value_added_at_risk_usd["CHN"])
        assert total.value_added_at_risk_usd["USA"] > 0


@pytest.mark.parametrize(
    ("regions", "minerals", "message"),
    [
        (("XXX",), ("tungsten",), r"Unknown region 'XXX'\. Valid: AUS, CAN, EUN"),
        (("USA",), ("unobtainium",), "Unknown mineral 'unobtainium'. Valid: aluminum, antimony"),
    ],
)
def test_unknown_names_are_refused_with_the_valid_ones(
    regions: tuple[str, ...], minerals: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        compare(USERS, market_change(1, 1, regions, minerals), ASSUMPTIONS)


def test_unknown_names_in_the_consumption_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"Unknown region 'XXX'\. Valid: AUS"):
        manufacturers(TABLES, ASSUMPTIONS, {("XXX", "copper"): 1.0})
    with pytest.raises(ScenarioError, match=r"Unknown industry 'shoes'\. Valid: aircraft_engines"):
        manufacturers(TABLES, ASSUMPTIONS, {}, size_overrides={("KOR", "shoes"): 2.0})


def test_a_market_change_must_have_the_shape_of_its_names() -> None:
    one = np.ones((1, 1))
    with pytest.raises(ScenarioError, match=r"use0_t .* shape \(1, 1\); \(1, 2\) is needed"):
        MarketChange(("USA",), ("copper", "cobalt"), *[np.ones((1, 2))] * 3, one, one)
    with pytest.raises(ScenarioError, match="names the region USA more than once"):
        MarketChange(("USA", "USA"), ("copper",), *[np.ones((2, 1))] * 5)


class TestLostOutput:
    """What users give up is lost output only beyond what they save, and what the cost takes from their sales."""

    @pytest.mark.parametrize("mineral", MINERALS)
    @pytest.mark.parametrize("horizon", [SHORT, LONG], ids=["short", "long"])
    def test_up_to_the_registered_multiple_users_save_without_a_shortage(self, mineral: str, horizon: Horizon) -> None:
        multiple = ASSUMPTIONS.value("saving_price_multiple")
        cut = [
            by_mineral(USERS, market_change(price, None, SIZED, (mineral,), horizon), ASSUMPTIONS).cut_pro_rata.max()
            for price in (1.0, 1.2, multiple, 4 * multiple)
        ]
        assert cut[:3] == [0.0, 0.0, 0.0]
        assert cut[3] > 0.0

    @pytest.mark.parametrize("mineral", MINERALS)
    def test_the_formula(self, mineral: str) -> None:
        """Of what a price of 4 makes users give up, saving, thrift and stocks cover theirs; the rest over the needs."""
        elasticity = ASSUMPTIONS.value("demand_elasticity_short", mineral)
        saving, dead_band = 1 - 2**elasticity, 0.02
        beyond = max(0.0, (1 - 4**elasticity) - saving - dead_band)
        change = market_change(4.0, None, ("USA",), (mineral,))
        detail = by_mineral(USA_ONLY, change, ASSUMPTIONS.with_overrides({"saving_price_multiple": 2.0}))
        assert detail.cut_pro_rata.to_numpy() == pytest.approx(beyond / (1 - saving - dead_band))

    @pytest.mark.parametrize("mineral", MINERALS)
    def test_without_any_metal_what_depends_on_it_stands_still(self, mineral: str) -> None:
        detail = by_mineral(USERS, market_change(1.0, 0.0, SIZED, (mineral,)), ASSUMPTIONS)
        assert (detail.cut_pro_rata == 1).all()

    @pytest.mark.parametrize("mineral", MINERALS)
    def test_cost_takes_sales_even_where_nothing_is_short(self, mineral: str) -> None:
        change = market_change(1.2, None, ("USA",), (mineral,))
        impact = compare(USA_ONLY, change, ASSUMPTIONS).set_index("industry")
        elasticity = [ASSUMPTIONS.value(f"output_elasticity_{industry}") for industry in impact.index]
        assert impact.output_loss.to_numpy() == pytest.approx(impact.unit_cost_change.to_numpy() * elasticity)
        used = impact[impact.unit_cost_change > 0]
        assert (used.output_loss_low < used.output_loss).all(), "with the least response"
        assert (used.output_loss < used.output_loss_high).all(), "with the largest"
        assert impact.jobs_at_risk.sum() > 0

    @settings(max_examples=60, deadline=None)
    @given(mineral=st.sampled_from(MINERALS), price=st.floats(0.05, 5.0))
    def test_le_chatelier(self, mineral: str, price: float) -> None:
        """Time to adapt makes no rise of the price dearer, and puts no more output at risk at one price."""
        short, long = (market_change(price, None, SIZED, (mineral,), horizon) for horizon in (SHORT, LONG))
        detail = [by_mineral(USERS, change, ASSUMPTIONS) for change in (short, long)]
        held = detail[0].cost_share * (price - 1)
        assert (detail[0].unit_cost_change <= held + 1e-15).all()
        assert (detail[1].unit_cost_change <= detail[0].unit_cost_change + 1e-15).all()
        risk = [compare(USERS, change, ASSUMPTIONS) for change in (short, long)]
        for way in ("best_use", "pro_rata"):
            assert (risk[1][f"jobs_at_risk_{way}"] <= risk[0][f"jobs_at_risk_{way}"] + 1e-9).all()
        if price > 1.5:
            assert risk[1].unit_cost_change.sum() < risk[0].unit_cost_change.sum()

    @settings(max_examples=40, deadline=None)
    @given(mineral=st.sampled_from(MINERALS), low=st.floats(0.5, 6.0), more=st.floats(1.0, 3.0))
    def test_risk_rises_with_the_price_and_never_beyond_the_industry(
        self, mineral: str, low: float, more: float
    ) -> None:
        mild, severe = (
            compare(USERS, market_change(price, None, SIZED, (mineral,)), ASSUMPTIONS) for price in (low, low * more)
        )
        assert (severe.jobs_at_risk_high >= mild.jobs_at_risk_high - 1e-9).all()
        regions = [USERS.regions.index(region) for region in SIZED]
        assert (severe.jobs_at_risk_high <= USERS.jobs[regions].ravel() + 1e-9).all()

    @settings(max_examples=40, deadline=None)
    @given(mineral=st.sampled_from(MINERALS), price=st.floats(1.0, 5.0), rationed=st.floats(0.0, 0.5))
    def test_what_is_rationed_is_lost_on_top_of_what_a_price_cuts(
        self, mineral: str, price: float, rationed: float
    ) -> None:
        free = market_change(price, None, SIZED, (mineral,))
        short = rationed * free.use_t
        less = dataclasses.replace(free, use_t=free.use_t - short, rationed_t=short)
        before, after = (by_mineral(USERS, change, ASSUMPTIONS).cut_pro_rata for change in (free, less))
        assert (after >= before - 1e-12).all()
        if rationed > 0.03:
            assert (after > before).all()


class TestOnTheShippedMarkets:
    """Cost and risk of floors and shocks, as solved, in every mineral at both horizons."""

    parties = SIZED

    def scenario(self, mineral: str, horizon: str, multiple: float) -> Scenario:
        """A floor at this multiple of what the parties pay in the status quo."""
        base = Scenario(minerals=(mineral,), parties=self.parties, horizon=horizon)
        stage = WORLD.base_years((mineral,), base)[mineral].stages[-1].stage
        price = multiple * WORLD.parties_price(mineral, stage, base)
        floor = {"parties": list(self.parties), "mineral": mineral, "stage": stage, "price": price}
        return Scenario.parse(base.model_dump(mode="json") | {"agreement": {"floors": [floor]}}, "scenario")

    def hold(self, outcome: Outcome, mineral: str) -> None:
        """The cost of status quo use, over all industries and users, is never less than what users lose by it."""
        change, rows = outcome.market_change, outcome.industries
        held = np.nansum((change.price_usd_per_t - change.price0_usd_per_t) * change.use0_t, axis=1)
        cost = rows.groupby("region").extra_cost_usd.sum().loc[list(change.regions)].to_numpy()
        traded = np.nansum(change.spend0_usd)
        detail = outcome.industries_by_mineral
        rise = dict(zip(change.regions, change.price_ratio[:, 0] - 1, strict=True))
        assert (detail.unit_cost_change <= detail.cost_share * detail.region.map(rise) + 1e-12).all()
        assert cost == pytest.approx(held, abs=1e-9 * traded)
        now, before = (
            state.accounts[mineral].welfare["consumer_surplus"]
            for state in (outcome.with_agreement, outcome.status_quo)
        )
        assert (cost >= before - now - 1e-6 * traded).all()

    @pytest.mark.parametrize("horizon", ["short", "long"])
    @pytest.mark.parametrize("mineral", EVERY_MINERAL)
    def test_floors(self, mineral: str, horizon: str) -> None:
        jobs = [0.0]
        for multiple in (1.1, 1.25, 2.5):
            outcome = WORLD.outcome(self.scenario(mineral, horizon, multiple))
            self.hold(outcome, mineral)
            jobs.append(totals(outcome.industries).jobs_at_risk.sum())
        assert all(more >= less * (1 - 1e-9) for less, more in pairwise(jobs))
        assert jobs[1] > 0
        nothing = WORLD.outcome(Scenario(minerals=(mineral,), parties=self.parties, horizon=horizon)).industries
        assert (nothing[["extra_cost_usd", "unit_cost_change"]].fillna(0.0) == 0).all(axis=None)
        assert totals(nothing).jobs_at_risk.sum() == 0

    @pytest.mark.parametrize("horizon", ["short", "long"])
    @pytest.mark.parametrize("mineral", EVERY_MINERAL)
    def test_shocks_that_leave_demand_alone(self, mineral: str, horizon: str) -> None:
        shocks = TABLES["shocks"]
        moves_demand = set(shocks[shocks.unit == "share of use added"].shock_id)
        names = [name for name in WORLD.library.for_mineral(mineral) if name not in moves_demand]
        for name in names:
            outcome = WORLD.outcome(
                Scenario(minerals=(mineral,), parties=self.parties, horizon=horizon, shocks=(NamedShock(name=name),))
            )
            self.hold(outcome, mineral)
        assert names


ratios = st.floats(0.0, 1.5)
some_minerals = st.lists(st.sampled_from(MINERALS), min_size=1, max_size=4, unique=True).map(tuple)


@settings(max_examples=40, deadline=None)
@given(minerals=some_minerals, price=st.floats(0.2, 1.0), use=st.floats(1.0, 2.0))
def test_nothing_is_at_risk_where_quantities_do_not_fall_and_prices_do_not_rise(
    minerals: tuple[str, ...], price: float, use: float
) -> None:
    impact = compare(USERS, market_change(price, use, SIZED, minerals), ASSUMPTIONS)
    assert (
        impact[["output_loss_high", "value_added_at_risk_usd_high", "jobs_at_risk_high", "shortage_share"]] == 0
    ).all(axis=None)
    assert (impact.extra_cost_usd <= 0).all()


@settings(max_examples=40, deadline=None)
@given(minerals=some_minerals, less=ratios, more=ratios, low_price=ratios, high_price=ratios)
def test_a_larger_shortage_or_a_higher_price_never_hurts_less(
    minerals: tuple[str, ...], less: float, more: float, low_price: float, high_price: float
) -> None:
    less, more = sorted((less, more))
    low_price, high_price = sorted((low_price, high_price))
    mild = compare(USERS, market_change(low_price, more, SIZED, minerals), ASSUMPTIONS)
    severe = compare(USERS, market_change(high_price, less, SIZED, minerals), ASSUMPTIONS)
    for way in ("best_use", "pro_rata"):
        assert (severe[f"output_loss_{way}"] >= mild[f"output_loss_{way}"] - 1e-12).all()
    assert (severe.unit_cost_change >= mild.unit_cost_change - 1e-12).all()


@settings(max_examples=40, deadline=None)
@given(minerals=some_minerals, use=st.floats(0.0, 1.2))
def test_losses_are_shares_and_lie_between_their_bounds(minerals: tuple[str, ...], use: float) -> None:
    impact = compare(USERS, market_change(2.0, use, SIZED, minerals), ASSUMPTIONS)
    for name in ("output_loss", "value_added_at_risk_usd", "jobs_at_risk"):
        assert (impact[f"{name}_low"] <= impact[name]).all()
        assert (impact[name] <= impact[f"{name}_high"]).all()
    assert impact.output_loss_low.between(0, 1).all()
    assert impact.output_loss_high.between(0, 1).all()
    total = totals(impact)
    assert (total.value_added_at_risk_usd_low <= total.value_added_at_risk_usd_high).all()


@settings(max_examples=40, deadline=None)
@given(mineral=st.sampled_from(MINERALS), use=st.floats(0.0, 1.0))
def test_best_use_first_is_the_cheapest_way_to_bear_one_shortage(mineral: str, use: float) -> None:
    at_risk = compare(USERS, market_change(1.0, use, SIZED, (mineral,)), ASSUMPTIONS).groupby("region")
    best_use, pro_rata = (at_risk[f"value_added_at_risk_usd_{way}"].sum() for way in ("best_use", "pro_rata"))
    assert (best_use <= pro_rata * (1 + 1e-12)).all()


@settings(max_examples=40, deadline=None)
@given(mineral=st.sampled_from(MINERALS), use=st.floats(0.0, 1.0))
def test_both_ways_cut_the_same_tonnes(mineral: str, use: float) -> None:
    detail = by_mineral(USERS, market_change(1.0, use, SIZED, (mineral,)), ASSUMPTIONS)
    cut = [(detail[f"cut_{way}"] * detail.use_t).groupby(detail.region).sum() for way in ("best_use", "pro_rata")]
    assert cut[0].to_numpy() == pytest.approx(cut[1].to_numpy())


@settings(max_examples=30, deadline=None)
@given(minerals=some_minerals, use=st.floats(0.1, 0.9))
def test_the_parts_by_mineral_make_up_the_whole(minerals: tuple[str, ...], use: float) -> None:
    change = market_change(1.3, use, SIZED, minerals)
    whole = compare(USERS, change, ASSUMPTIONS).set_index(["region", "industry"])
    parts = by_mineral(USERS, change, ASSUMPTIONS).groupby(["region", "industry"])
    assert parts.extra_cost_usd.sum().to_numpy() == pytest.approx(
        whole.extra_cost_usd.reindex(parts.extra_cost_usd.sum().index).to_numpy()
    )
    assert parts.unit_cost_change.sum().to_numpy() == pytest.approx(
        whole.unit_cost_change.reindex(parts.unit_cost_change.sum().index).to_numpy()
    )


def test_one_more_tonne_relieves_the_slope_of_the_loss() -> None:
    """Given out in proportion to use, a little more saves what the detail rows promise by the tonne."""
    minerals = ("gallium", "germanium", "cobalt")
    before = market_change(1.0, 0.7, ("USA",), minerals)
    little = np.array([[1e-3, 0.0, 0.0]])
    after = dataclasses.replace(before, use_t=before.use_t + little, rationed_t=before.rationed_t - little)
    saved = [compare(USERS, change, ASSUMPTIONS).value_added_at_risk_usd_pro_rata.sum() for change in (before, after)]
    detail = by_mineral(USERS, before, ASSUMPTIONS).query("mineral == 'gallium'")
    promised = (detail.value_added_relieved_usd_per_t * detail.use_t / detail.use_t.sum()).sum()
    assert saved[0] - saved[1] == pytest.approx(1e-3 * promised, rel=1e-5)


def test_several_minerals_combine_as_independent_chances() -> None:
    minerals = ("lithium", "graphite")
    loss = [
        compare(USERS, market_change(1.0, 0.5, minerals=chosen), ASSUMPTIONS).set_index("industry").output_loss_pro_rata
        for chosen in (minerals[:1], minerals[1:], minerals)
    ]
    assert loss[2]["batteries"] == pytest.approx(1 - (1 - loss[0]["batteries"]) * (1 - loss[1]["batteries"]))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_industries_in_the_tables_changes_nothing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    names = ("industries", "industry_size", "industry_party_size", "industry_use", "eu_use_shares")
    shuffled = Tables(
        {
            **TABLES.frames,
            **{name: TABLES[name].sample(frac=1, random_state=generator).reset_index(drop=True) for name in names},
        },
        TABLES.content_hash,
    )
    again = manufacturers(
        shuffled, ASSUMPTIONS, {(region, mineral): 1000.0 for region in SIZED for mineral in MINERALS}
    )
    change = market_change(1.4, 0.6, SIZED, MINERALS)
    expected, found = (compare(users, change, ASSUMPTIONS) for users in (USERS, again))
    pd.testing.assert_frame_equal(found, expected)


def test_regions_that_do_not_buy_a_mineral_are_untouched() -> None:
    nothing = np.array([[np.nan, 1.0]])
    none = np.array([[0.0, 1.0]])
    change = MarketChange(("USA",), ("cobalt", "copper"), nothing, nothing, nothing, none, nothing * 0.0)
    impact = compare(USERS, change, ASSUMPTIONS)
    assert (impact[["extra_cost_usd", "value_added_at_risk_usd"]] == 0).all(axis=None)
