"""The impact on manufacturers: published figures come back, and the laws of the formulas hold."""

from __future__ import annotations

import dataclasses

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
TONNES_OF_CHANGE = 1000.0
BILLION = 1e9


def market_change(
    price_ratio: float | np.ndarray,
    use_ratio: float | np.ndarray,
    regions: tuple[str, ...] = ("USA",),
    minerals: tuple[str, ...] = ("tungsten",),
) -> MarketChange:
    """Prices and use as multiples of a status quo of 1 USD/t and 1,000 t."""
    one = np.ones((len(regions), len(minerals)))
    return MarketChange(
        regions, minerals, one * price_ratio, one, TONNES_OF_CHANGE * one * use_ratio, TONNES_OF_CHANGE * one
    )


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
        impact = compare(USA_ONLY, shortage_change({mineral: ratio}, ASSUMPTIONS), ASSUMPTIONS)
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
        change = shortage_change({"gallium": 2.5}, ASSUMPTIONS)
        without, counted = (
            totals(compare(USA_ONLY, change, assumptions)).value_added_at_risk_usd_high.loc["USA"] / BILLION
            for assumptions in (ASSUMPTIONS, ASSUMPTIONS.with_overrides({"stock_cover_counted": 1.0}))
        )
        assert (without, counted) == pytest.approx((1.6, 0.3), abs=0.05)


class TestTungstenCarbide:
    """The worked check of a price rise from 330 to 2,100 USD per mtu (National Association of Manufacturers, 2026)."""

    change = market_change(2100 / 330, 1.0)

    def test_extra_cost(self) -> None:
        assert self.change.price_change.item() == pytest.approx(5.36, rel=0.01)
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
    def test_unit_cost_change_by_industry(self, industry: str, percent: float) -> None:
        impact = compare(USA_ONLY, self.change, ASSUMPTIONS).set_index("industry")
        assert 100 * impact.unit_cost_change[industry] == pytest.approx(percent, rel=0.01, abs=0.005)

    def test_pass_through_scales_cost_alone(self) -> None:
        half = ASSUMPTIONS.with_overrides({"pass_through": 0.5})
        full, reduced = (compare(USA_ONLY, self.change, assumptions) for assumptions in (ASSUMPTIONS, half))
        assert reduced.extra_cost_usd.sum() == pytest.approx(full.extra_cost_usd.sum() / 2)


def test_spending_of_the_shipped_base_is_that_of_published_consumption_and_price() -> None:
    """Cost shares of the United States, as first computed from the same publications."""
    usa = USA_ONLY.regions.index("USA")
    share = pd.DataFrame(USA_ONLY.cost_share[usa], index=USA_ONLY.minerals, columns=USA_ONLY.industries.id)
    assert share.loc["aluminum", "packaging"] == pytest.approx(0.1964, rel=1e-3)
    assert share.loc["copper", "fibre_cable"] == pytest.approx(0.1938, rel=1e-3)
    assert share.loc["gallium", "semiconductors"] == pytest.approx(9.568e-05, rel=1e-3)
    content = ASSUMPTIONS.value("product_content_850511", "rare_earths")
    base = TABLES["industry_use_base"].set_index("mineral")
    assert base.use_t["rare_earths"] == pytest.approx(11218 * content)
    assert base.price_usd_per_t["rare_earths"] == ASSUMPTIONS.value("refined_price_usd_per_t", "rare_earths")


class TestUseShares:
    """Who uses what: published where possible, weighted with industry sizes elsewhere."""

    def test_shares_sum_to_one_in_every_party(self) -> None:
        assert USERS.use_share.sum(axis=2) == pytest.approx(1)

    def test_a_small_party_does_not_inherit_the_industries_of_the_united_states(self) -> None:
        use_t = by_mineral(USERS, market_change(1, 1, ("USA", "AUS"), ("copper",)), ASSUMPTIONS)
        chips = use_t[use_t.industry == "semiconductors"].set_index("region").use_t
        assert chips["AUS"] < chips["USA"]

    def test_size_weights_add_no_accuracy_to_the_shares_of_the_european_union(self) -> None:
        """Titanium and yttrium do not count: the shares of the United States are European ones there."""
        union, usa = (USERS.regions.index(region) for region in ("EUN", "USA"))
        size = USERS.output_usd[union] / USERS.output_usd[usa]
        independent = set(TABLES["eu_use_shares"].mineral) - {"titanium", "yttrium"}
        assert len(independent) == 7
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
        impact = compare(users, market_change(1.1, 1, ("AUS", "USA"), ("copper",)), ASSUMPTIONS).groupby("region")
        assert impact.suspect.any().to_dict() == {"AUS": True, "USA": False}
        assert users.cost_share.max() <= 1

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
        price = TABLES["industry_use_base"].set_index("mineral").price_usd_per_t[["cobalt", "tungsten"]]
        assert china.extra_cost_usd.item() == pytest.approx(0.5 * 1000 * price.sum())
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
        MarketChange(("USA",), ("copper", "cobalt"), *[np.ones((1, 2))] * 3, one)
    with pytest.raises(ScenarioError, match="names the region USA more than once"):
        MarketChange(("USA", "USA"), ("copper",), *[np.ones((2, 1))] * 4)


def test_a_market_change_can_be_read_from_a_table() -> None:
    names = ["price_usd_per_t", "price0_usd_per_t", "use_t", "use0_t"]
    rows = [("USA", "cobalt", 2.0, 1.0, 8.0, 10.0), ("JPN", "copper", 3.0, 2.0, 9.0, 10.0)]
    change = MarketChange.from_table(pd.DataFrame(rows, columns=["region", "mineral", *names]))
    assert change.regions == ("USA", "JPN")
    assert change.minerals == ("cobalt", "copper")
    assert change.price_change.tolist() == [[1.0, 0.0], [0.0, 0.5]]
    assert np.isfinite(compare(USERS, change, ASSUMPTIONS).value_added_at_risk_usd).all()


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
    kept = parts.output_loss_high.max()
    assert (whole.output_loss_high.reindex(kept.index) >= kept - 1e-12).all()


def test_one_more_tonne_relieves_the_slope_of_the_loss() -> None:
    """Given out in proportion to use, a tonne saves what the detail rows promise."""
    minerals = ("gallium", "germanium", "cobalt")
    before = market_change(1.0, 0.7, ("USA",), minerals)
    more = before.use_t.copy()
    more[0, 0] += 1.0
    after = dataclasses.replace(before, use_t=more)
    saved = [compare(USERS, change, ASSUMPTIONS).value_added_at_risk_usd_pro_rata.sum() for change in (before, after)]
    detail = by_mineral(USERS, before, ASSUMPTIONS).query("mineral == 'gallium'")
    promised = (detail.value_added_relieved_usd_per_t * detail.use_t / detail.use_t.sum()).sum()
    assert saved[0] - saved[1] == pytest.approx(promised, rel=1e-6)


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
    change = MarketChange(("USA",), ("cobalt", "copper"), nothing, nothing, nothing, np.array([[0.0, 1.0]]))
    impact = compare(USERS, change, ASSUMPTIONS)
    assert (impact[["extra_cost_usd", "value_added_at_risk_usd"]] == 0).all(axis=None)
