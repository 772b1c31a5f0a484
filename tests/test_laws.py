"""Laws of economics that must hold in every market: on generated ones (Hypothesis) and, below, on the shipped ones.

Rules R1 to R4 are those atop :mod:`model.equilibrium.proof.reference`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from model.case import Case, market_of
from model.equilibrium import Solver, lay_over, solve_problem
from model.instruments import Agreement
from model.market.records import MineralMarket, Role
from model.scenario import Scenario
from tests.shipped import WORLD
from tests.strategies import (
    EVERY_KIND,
    FINAL,
    MINERAL,
    Content,
    Result,
    account,
    arrivals,
    at,
    between,
    determined_prices,
    flow,
    markets,
    outsider_ids,
    party_ids,
    price,
    quantity,
    region_ids,
    result_of,
)

settings.register_profile(
    "laws",
    derandomize=True,
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
laws = settings.get_profile("laws")

EXACT = 1e-6
"""Relative accuracy with which a law must hold; residuals of a solve are at most this."""
NOTHING = 1e-6
"""A quantity below this counts as none (markets hold tens to hundreds of units)."""
FACTORS = between(0.75, 1.6)
"""Floors and strikes as multiples of the price under free trade."""
GAINS = ("consumer_surplus", "producer_surplus", "duty_and_levy_revenue", "quota_rent", "transfers", "stock_sales")


def levy_floor(content: Content, level: float, parties: list[str] | None = None, **fields: Any) -> Content:
    return at(parties=parties or party_ids(content), price=level, mechanism="variable_levy", **fields)


def border(content: Content, **fields: Any) -> Content:
    """A measure of all parties on arrivals from all others."""
    return at(importers=party_ids(content), exporters=outsider_ids(content), **fields)


def arriving(content: Content, result: Result) -> float:
    """What all parties take from all others."""
    return sum(arrivals(result, outsider_ids(content), name) for name in party_ids(content))


# --- the market itself ---


@laws
@given(markets(EVERY_KIND))
def test_markets_clear(content: Content) -> None:
    """R1: what arrives is used, shipped or stored; only at a price of zero is anything left over."""
    result = result_of(content)
    for row in result["quantities"]:
        arrives = row["production"] + row["imports"] + row["stock_released"]
        leaves = row["consumption"] + row["exports"] + row["stock_bought"]
        left_over = arrives - leaves
        assert left_over >= -EXACT * max(arrives, 1.0)
        if price(result, row["region"], row["stage"]) > 0:
            assert left_over <= EXACT * max(arrives, 1.0)


@laws
@given(markets(EVERY_KIND))
def test_no_route_leaves_a_gain_unused(content: Content) -> None:
    """R2: no price difference exceeds the cost of the route; where goods move it equals it."""
    result = result_of(content)
    for route in content["routes"]:
        moved = flow(result, route["from"], route["to"], route["stage"])
        cost = route["cost"] + route.get("cost_slope", 0.0) * moved
        gap = price(result, route["to"], route["stage"]) - price(result, route["from"], route["stage"])
        assert gap <= cost + EXACT * 100
        if moved > NOTHING:
            assert gap == pytest.approx(cost, abs=EXACT * 100)


@laws
@given(markets(EVERY_KIND))
def test_no_price_is_negative_and_producers_and_users_face_the_same(content: Content) -> None:
    for row in result_of(content)["prices"]:
        assert row["consumer_price"] == row["producer_price"] >= 0.0


@laws
@given(markets(EVERY_KIND), FACTORS)
def test_welfare_accounts_add_up(content: Content, factor: float) -> None:
    """Each total is the sum of its accounts, and all totals are value of use less the cost of resources.

    Without congested routes the world as a whole loses from a tariff (one on a congested route may relieve it).
    """
    free = result_of(content)
    taxed = result_of(content, tariffs=[border(content, specific=factor, ad_valorem=0.05)])
    for result in (free, taxed):
        assert result["status"]["welfare_identity"] <= EXACT
        for row in result["welfare"]:
            assert row["total"] == pytest.approx(sum(row[name] for name in GAINS) - row["outlay"], rel=1e-12, abs=1e-9)
    before, after = (sum(row["total"] for row in result["welfare"]) for result in (free, taxed))
    if not any("cost_slope" in route for route in content["routes"]):
        assert after <= before + EXACT * abs(before)


@laws
@given(markets(), between(2, 40), between(0.05, 90), FACTORS)
def test_units_do_not_matter(content: Content, tonnes: float, money: float, factor: float) -> None:
    """Counting in other units of quantity and money scales every number and changes nothing else."""
    home = party_ids(content)[0]
    level = factor * price(result_of(content), home)
    other = _in_units(content, tonnes, money)
    ours = result_of(content, floors=[levy_floor(content, level, [home])])
    theirs = result_of(other, floors=[levy_floor(content, level * money, [home])])
    for place, value in determined_prices(ours).items():
        assert determined_prices(theirs)[place] == pytest.approx(value * money, rel=EXACT)
    for name in region_ids(content):
        assert account(theirs, name, "total") == pytest.approx(account(ours, name, "total") * tonnes * money, rel=EXACT)


def _in_units(content: Content, tonnes: float, money: float) -> Content:
    def curve(own: Content) -> Content:
        factors = {
            "price_at_zero": money,
            "slope": money / tonnes,
            "price": money,
            "quantity": tonnes,
            "choke_price": money,
        }
        return {key: value * factors[key] if key in factors else value for key, value in own.items()}

    def costs(item: Content) -> Content:
        factors = {"cost": money, "cost_slope": money / tonnes}
        return {key: value * factors[key] if key in factors else value for key, value in item.items()}

    return content | {
        "supply": [item | {"curve": curve(item["curve"])} for item in content["supply"]],
        "demand": [item | {"curve": curve(item["curve"])} for item in content["demand"]],
        "processing": [costs(item) for item in content["processing"]],
        "routes": [costs(item) for item in content["routes"]],
    }


@pytest.mark.slow
@laws
@given(markets(), FACTORS, st.randoms(use_true_random=False))
def test_names_and_order_of_regions_do_not_matter(content: Content, factor: float, shuffle: Any) -> None:
    home = party_ids(content)[0]
    level = factor * price(result_of(content), home)
    new_name = {name: f"{name[::-1]}_LAND" for name in region_ids(content)}
    ours = result_of(content, floors=[levy_floor(content, level, [home])])
    theirs = result_of(_relabelled(content, new_name, shuffle), floors=[levy_floor(content, level, [new_name[home]])])
    for (name, stage), value in determined_prices(ours).items():
        assert determined_prices(theirs)[new_name[name], stage] == pytest.approx(value, rel=EXACT)
    for name in region_ids(content):
        assert account(theirs, new_name[name], "total") == pytest.approx(account(ours, name, "total"), rel=EXACT)


def _relabelled(content: Content, new_name: dict[str, str], shuffle: Any) -> Content:
    other = {}
    for key, items in content.items():
        renamed = [
            {
                field: new_name.get(value, value) if field in {"id", "region", "from", "to"} else value
                for field, value in item.items()
            }
            for item in items
        ]
        shuffle.shuffle(renamed)
        other[key] = renamed
    return other


# --- tariffs, quotas, bans ---


@laws
@given(markets(EVERY_KIND, regions=(2, 2)), between(0, 8), between(0.5, 8))
def test_a_higher_tariff_never_raises_imports(content: Content, rate: float, rise: float) -> None:
    home, abroad = region_ids(content)
    low, high = (result_of(content, tariffs=[border(content, specific=level)]) for level in (rate, rate + rise))
    assert flow(high, abroad, home) <= flow(low, abroad, home) + NOTHING
    paid = (rate + rise) * flow(high, abroad, home)
    assert account(high, home, "duty_and_levy_revenue") == pytest.approx(paid, rel=EXACT, abs=1e-4)


@laws
@given(markets(regions=(2, 2), two_stages=False), between(0.0, 0.5))
def test_an_ad_valorem_tariff_equals_the_specific_one_it_amounts_to(content: Content, rate: float) -> None:
    home, abroad = region_ids(content)
    ours = result_of(content, tariffs=[border(content, ad_valorem=rate)])
    route = next(r for r in content["routes"] if r["to"] == home)
    cost = route["cost"] + route.get("cost_slope", 0.0) * flow(ours, abroad, home)
    theirs = result_of(content, tariffs=[border(content, specific=rate * (price(ours, abroad) + cost))])
    assert price(theirs, home) == pytest.approx(price(ours, home), rel=EXACT)
    assert account(theirs, home, "duty_and_levy_revenue") == pytest.approx(
        account(ours, home, "duty_and_levy_revenue"), rel=EXACT, abs=EXACT
    )


@laws
@given(markets(EVERY_KIND), between(0.5, 8))
def test_an_export_tax_is_a_tariff_that_the_exporter_collects(content: Content, rate: float) -> None:
    """The same money per unit on the same routes moves the same goods; only who receives it differs."""
    exporter, importers = outsider_ids(content)[0], party_ids(content)
    taxed = result_of(content, export_taxes=[at(exporter=exporter, importers=importers, specific=rate)])
    levied = result_of(content, tariffs=[at(importers=importers, exporters=[exporter], specific=rate)])
    for place, value in determined_prices(levied).items():
        assert determined_prices(taxed)[place] == pytest.approx(value, rel=EXACT)
    collected = sum(account(levied, name, "duty_and_levy_revenue") for name in importers)
    for name in region_ids(content):
        own = collected if name == exporter else 0.0
        assert account(taxed, name, "duty_and_levy_revenue") == pytest.approx(own, rel=EXACT, abs=1e-4)


@laws
@given(markets(EVERY_KIND), between(0, 40))
def test_a_quota_binds_or_has_no_rent(content: Content, limit: float) -> None:
    """R3: rent and room are never both there."""
    result = result_of(content, quotas=[border(content, quantity=limit)])
    row = result["quotas"][0]
    assert row["imports"] == pytest.approx(arriving(content, result), abs=NOTHING)
    assert row["imports"] <= limit + NOTHING
    assert row["rent_per_unit"] >= 0.0
    if row["imports"] < limit - 10 * NOTHING:
        assert row["rent_per_unit"] <= EXACT * 100
    assert sum(account(result, name, "quota_rent") for name in region_ids(content)) == pytest.approx(
        row["rent_per_unit"] * row["imports"], rel=EXACT, abs=1e-4
    )


@laws
@given(markets(), between(1, 40), between(0.5, 5))
def test_a_smaller_quota_never_lowers_the_rent(content: Content, limit: float, cut: float) -> None:
    wide, narrow = (
        result_of(content, quotas=[border(content, quantity=level)]) for level in (limit, max(limit - cut, 0.0))
    )
    assert narrow["quotas"][0]["rent_per_unit"] >= wide["quotas"][0]["rent_per_unit"] - EXACT * 100


@laws
@given(markets(EVERY_KIND))
def test_a_ban_ends_the_flow(content: Content) -> None:
    exporter, importers = (
        outsider_ids(content)[0],
        [name for name in region_ids(content) if name != outsider_ids(content)[0]],
    )
    result = result_of(content, ({"kind": "export_ban"} | at(exporter=exporter, importers=importers),))
    assert all(flow(result, exporter, importer) == 0.0 for importer in importers)


@laws
@given(markets(EVERY_KIND, two_stages=False), between(0.05, 0.95))
def test_a_loss_of_supply_never_lowers_a_price(content: Content, share: float) -> None:
    before = result_of(content)
    after = result_of(content, ({"kind": "supply_loss"} | at(region=region_ids(content)[-1], share=share),))
    for name in region_ids(content):
        assert price(after, name) >= price(before, name) * (1.0 - EXACT)


@laws
@given(markets(EVERY_KIND, two_stages=False), between(0.05, 0.95))
def test_more_demand_never_lowers_a_price(content: Content, share: float) -> None:
    before = result_of(content)
    after = result_of(content, ({"kind": "demand_change"} | at(region=region_ids(content)[-1], share=share),))
    for name in region_ids(content):
        assert price(after, name) >= price(before, name) * (1.0 - EXACT)


# --- tariff-rate quotas ---


def trq(content: Content, limit: float, within: float, rise: float) -> Content:
    return border(content, quantity=limit, in_quota={"specific": within}, over_quota={"specific": within + rise})


@laws
@given(markets(EVERY_KIND), between(0, 60), between(0, 3), between(0.5, 15))
def test_rent_of_a_tariff_rate_quota_lies_within_the_rate_difference(
    content: Content, limit: float, within: float, rise: float
) -> None:
    result = result_of(content, trqs=[trq(content, limit, within, rise)])
    row, rent = result["trqs"][0], result["trqs"][0]["rent_per_unit"]
    assert row["in_quota"] + row["over_quota"] == pytest.approx(arriving(content, result), abs=NOTHING)
    assert -EXACT <= rent <= rise * (1.0 + EXACT)
    assert row["in_quota"] <= limit + NOTHING
    assert row["over_quota"] >= -NOTHING
    if row["over_quota"] > 10 * NOTHING:
        assert rent == pytest.approx(rise, rel=EXACT)
        assert row["in_quota"] == pytest.approx(limit, abs=10 * NOTHING)
    if row["in_quota"] < limit - 10 * NOTHING:
        assert rent <= EXACT * 100


@pytest.mark.slow
@laws
@given(markets(regions=(2, 4), parties=1, two_stages=False), between(1, 60), between(0.5, 10), between(0.5, 15))
def test_a_smaller_tariff_rate_quota_never_lowers_the_importers_price(
    content: Content, limit: float, cut: float, rise: float
) -> None:
    home = party_ids(content)[0]
    wide, narrow = (
        result_of(content, trqs=[trq(content, level, 0.0, rise)]) for level in (limit, max(limit - cut, 0.0))
    )
    assert price(narrow, home) >= price(wide, home) * (1.0 - EXACT)


@pytest.mark.slow
@laws
@given(markets(parties=1), between(0.5, 12))
def test_a_tariff_rate_quota_of_nothing_is_its_over_quota_tariff_and_a_large_one_free_trade(
    content: Content, rate: float
) -> None:
    tariff, shut = (
        result_of(content, tariffs=[border(content, specific=rate)]),
        result_of(content, trqs=[trq(content, 0.0, 0.0, rate)]),
    )
    free, wide = result_of(content), result_of(content, trqs=[trq(content, 1e4, 0.0, rate)])
    for ours, theirs in ((shut, tariff), (wide, free)):
        for place, value in determined_prices(theirs).items():
            assert determined_prices(ours)[place] == pytest.approx(value, rel=EXACT)


@laws
@given(markets(), between(0, 40), between(0.05, 0.5))
def test_an_ad_valorem_over_quota_rate_never_pays_more_rent_than_duty_saved(
    content: Content, limit: float, rate: float
) -> None:
    instrument = border(content, quantity=limit, over_quota={"ad_valorem": rate})
    result = result_of(content, trqs=[instrument])
    dearest = max(row["consumer_price"] for row in result["prices"])
    assert -EXACT <= result["trqs"][0]["rent_per_unit"] <= rate * dearest * (1.0 + EXACT)


# --- price floors ---


@laws
@given(markets(EVERY_KIND), FACTORS)
def test_a_floor_by_levy_holds_or_says_why_not(content: Content, factor: float) -> None:
    """The levy is zero above the floor, else the smallest that holds it; it ends arrivals where none can."""
    free = result_of(content)
    floor = factor * price(free, party_ids(content)[0])
    result = result_of(content, floors=[levy_floor(content, floor)])
    for row in result["floors"]:
        assert row["levy"] >= 0.0
        assert row["price"] == price(result, row["region"])
        if row["price"] > floor * (1.0 + EXACT):
            assert row["levy"] <= EXACT * 100
        if row["holds"]:
            assert row["price"] >= floor * (1.0 - EXACT)
            assert row["why_not"] is None
        else:
            assert row["why_not"]
            assert arrivals(result, outsider_ids(content), row["region"]) <= 10 * NOTHING


@laws
@given(markets(EVERY_KIND), between(0.3, 1.0))
def test_a_floor_below_every_price_changes_nothing(content: Content, factor: float) -> None:
    free = result_of(content)
    floor = factor * min(price(free, name) for name in party_ids(content))
    result = result_of(content, floors=[levy_floor(content, floor)])
    for place, value in determined_prices(free).items():
        assert determined_prices(result)[place] == pytest.approx(value, rel=EXACT)
    assert all(row["levy"] <= EXACT * 100 for row in result["floors"])


@pytest.mark.slow
@laws
@given(markets(parties=1, two_stages=False), between(1.02, 1.5))
def test_a_levy_equals_the_import_quota_that_leaves_the_price_at_the_floor(content: Content, factor: float) -> None:
    home = party_ids(content)[0]
    floor = factor * price(result_of(content), home)
    levied = result_of(content, floors=[levy_floor(content, floor)])
    row = levied["floors"][0]
    arriving = arrivals(levied, outsider_ids(content), home)
    assume(row["holds"] and row["levy"] > 0.01 and arriving > 0.01)
    limited = result_of(content, quotas=[border(content, quantity=arriving)])
    assert price(limited, home) == pytest.approx(floor, rel=1e-5)
    assert limited["quotas"][0]["rent_per_unit"] == pytest.approx(row["levy"], rel=1e-4, abs=1e-4)
    assert account(limited, home, "quota_rent") == pytest.approx(
        account(levied, home, "duty_and_levy_revenue"), rel=1e-4, abs=1e-3
    )


@laws
@given(markets(EVERY_KIND), FACTORS, between(0, 6))
def test_a_capped_levy_stays_under_its_cap(content: Content, factor: float, cap: float) -> None:
    floor = factor * price(result_of(content), party_ids(content)[0])
    result = result_of(content, floors=[levy_floor(content, floor, levy_cap=cap)])
    for row in result["floors"]:
        assert 0.0 <= row["levy"] <= cap * (1.0 + EXACT) + EXACT
        assert row["holds"] or row["why_not"]


@laws
@given(markets(EVERY_KIND, two_stages=False), FACTORS)
def test_a_contract_for_difference_pays_producers_the_larger_of_price_and_strike(
    content: Content, factor: float
) -> None:
    home = party_ids(content)[0]
    strike = factor * price(result_of(content), home)
    result = result_of(content, floors=[at(parties=[home], price=strike, mechanism="cfd")])
    market = price(result, home)
    assert price(result, home, column="producer_price") == pytest.approx(max(market, strike), rel=EXACT)
    gap = max(strike - market, 0.0)
    assert account(result, home, "outlay") == pytest.approx(
        gap * quantity(result, home, "production"), rel=EXACT, abs=1e-4
    )


@pytest.mark.slow
@laws
@given(markets(two_stages=False), between(1.0, 1.5))
def test_users_gain_from_a_contract_for_difference_and_lose_from_a_levy(content: Content, factor: float) -> None:
    """Producers get the same price; who pays differs."""
    home = party_ids(content)[0]
    free = result_of(content)
    floor = factor * price(free, home)
    paid = result_of(content, floors=[at(parties=[home], price=floor, mechanism="cfd")])
    levied = result_of(content, floors=[levy_floor(content, floor, [home])])
    slack = EXACT * abs(account(free, home, "consumer_surplus"))
    assert account(paid, home, "consumer_surplus") >= account(free, home, "consumer_surplus") - slack
    assert account(levied, home, "consumer_surplus") <= account(free, home, "consumer_surplus") + slack


@laws
@given(markets(EVERY_KIND, two_stages=False), FACTORS, between(0, 600))
def test_a_buffer_stock_spends_at_most_its_budget(content: Content, factor: float, budget: float) -> None:
    home = party_ids(content)[0]
    floor = factor * price(result_of(content), home)
    instrument = at(parties=[home], price=floor, mechanism="buffer_stock", budget=budget)
    result = result_of(content, floors=[instrument])
    spent = account(result, home, "outlay")
    assert spent <= budget * (1.0 + EXACT) + EXACT
    assert spent == pytest.approx(quantity(result, home, "stock_bought") * price(result, home), rel=EXACT, abs=1e-4)
    if price(result, home) < floor * (1.0 - EXACT):
        assert spent == pytest.approx(budget, rel=EXACT, abs=EXACT)
        assert budget == 0 or not result["floors"][0]["holds"]
    if price(result, home) > floor * (1.0 + EXACT):
        assert spent <= EXACT * 100


@laws
@given(markets(EVERY_KIND, two_stages=False), FACTORS, between(0, 20))
def test_a_stockpile_is_never_released_below_its_price(content: Content, factor: float, stock: float) -> None:
    home = party_ids(content)[0]
    level = factor * price(result_of(content), home)
    result = result_of(content, stockpiles=[at(party=home, quantity=stock, release_above=level)])
    released = quantity(result, home, "stock_released")
    assert released <= stock * (1.0 + EXACT)
    if released > NOTHING:
        assert price(result, home) >= level * (1.0 - EXACT)
    if price(result, home) > level * (1.0 + EXACT):
        assert released == pytest.approx(stock, rel=EXACT, abs=NOTHING)
    assert account(result, home, "stock_sales") == pytest.approx(released * price(result, home), rel=EXACT, abs=1e-4)


# --- offtakes ---


@laws
@given(markets(), between(0, 30), between(5, 60))
def test_an_offtake_is_delivered_and_its_settlement_sums_to_zero(
    content: Content, volume: float, strike: float
) -> None:
    producer, buyer = outsider_ids(content)[0], party_ids(content)[0]
    result = result_of(content, offtakes=[at(producer=producer, buyer=buyer, quantity=volume, strike=strike)])
    assert flow(result, producer, buyer) >= volume * (1.0 - EXACT) - NOTHING
    settled = account(result, producer, "transfers")
    assert settled == pytest.approx((strike - price(result, producer)) * volume, rel=EXACT, abs=1e-4)
    assert sum(account(result, name, "transfers") for name in region_ids(content)) == pytest.approx(0.0, abs=1e-9)


@laws
@given(markets(), between(0.1, 30), between(0, 20), st.booleans())
def test_an_offtake_is_cut_to_what_can_be_delivered(
    content: Content, volume: float, capacity: float, banned: bool
) -> None:
    producer, buyer = outsider_ids(content)[0], party_ids(content)[0]
    routes = [
        route | {"capacity": capacity}
        if (route["from"], route["to"], route["stage"]) == (producer, buyer, FINAL)
        else route
        for route in content["routes"]
    ]
    ban = ({"kind": "export_ban"} | at(exporter=producer, importers=[buyer]),) if banned else ()
    possible = 0.0 if banned else min(volume, capacity)
    offtake = at(producer=producer, buyer=buyer, quantity=volume, strike=20.0)
    result = result_of(content | {"routes": routes}, ban, offtakes=[offtake])
    assert flow(result, producer, buyer) >= possible * (1.0 - EXACT) - NOTHING
    expected = (20.0 - price(result, producer)) * possible
    assert account(result, producer, "transfers") == pytest.approx(expected, rel=EXACT, abs=1e-3)


# --- zero for zero, continuity ---


@pytest.mark.slow
@laws
@given(markets(), st.lists(between(0, 0.4), min_size=12, max_size=12))
def test_zero_for_zero_frees_trade_among_parties_alone(content: Content, rates: list[float]) -> None:
    """It equals a market whose duties between parties are zero and all others as before."""
    case = Case.parse(content, "generated case")
    market = market_of(case).minerals[MINERAL]
    table = market.activities
    routes = table.role == Role.ROUTE
    duty = np.where(routes, np.resize(np.array(rates), len(table)), 0.0)
    member = np.array([name in case.parties for name in market.regions])
    is_final = np.array([node.stage == FINAL for node in market.nodes])[table.node_out]
    freed = np.where(routes & member[table.region] & member[table.partner] & is_final, 0.0, duty)
    agreement = Agreement.parse({"zero_for_zero": [at()]}, "agreement")
    ours = _prices(replace(market, base_duty=duty), agreement, case)
    theirs = _prices(replace(market, base_duty=freed), Agreement(), case)
    np.testing.assert_allclose(ours, theirs, rtol=EXACT)


def _prices(market: MineralMarket, agreement: Agreement, case: Case) -> Any:
    return solve_problem(lay_over(market, case.parties, agreement, (), {}), agreement, Solver()).state.price


SMALL = 1e-6
LEVERS: dict[str, Any] = {
    "tariff": lambda content, level: {"tariffs": [border(content, specific=level)]},
    "export_tax": lambda content, level: {
        "export_taxes": [at(exporter=outsider_ids(content)[0], importers=party_ids(content), specific=level)]
    },
    "offtake": lambda content, level: {
        "offtakes": [at(producer=outsider_ids(content)[0], buyer=party_ids(content)[0], quantity=level, strike=20.0)]
    },
    "stockpile": lambda content, level: {
        "stockpiles": [at(party=party_ids(content)[0], quantity=level, release_above=5.0)]
    },
    "floor": lambda content, level: {"floors": [levy_floor(content, level)]},
    "cfd": lambda content, level: {"floors": [at(parties=party_ids(content), price=level, mechanism="cfd")]},
    "quota": lambda content, level: {"quotas": [border(content, quantity=level)]},
    "trq": lambda content, level: {"trqs": [trq(content, level, 0.0, 5.0)]},
}


@pytest.mark.slow
@pytest.mark.parametrize("lever", LEVERS)
@settings(laws, max_examples=12)
@given(content=markets(), level=between(0, 40))
def test_a_small_move_of_a_lever_moves_prices_little(lever: str, content: Content, level: float) -> None:
    here, there = (result_of(content, **LEVERS[lever](content, value)) for value in (level, level + SMALL))
    for place, value in determined_prices(here).items():
        assert determined_prices(there).get(place, value) == pytest.approx(value, abs=1e-3)


LAWS: dict[str, tuple[Any, ...]] = {
    "floors": (
        test_a_floor_by_levy_holds_or_says_why_not,
        test_a_contract_for_difference_pays_producers_the_larger_of_price_and_strike,
        test_a_buffer_stock_spends_at_most_its_budget,
    ),
    "trqs": (test_rent_of_a_tariff_rate_quota_lies_within_the_rate_difference,),
    "quotas": (test_a_quota_binds_or_has_no_rent,),
    "tariffs": (test_a_higher_tariff_never_raises_imports,),
    "zero_for_zero": (test_zero_for_zero_frees_trade_among_parties_alone,),
    "export_taxes": (test_an_export_tax_is_a_tariff_that_the_exporter_collects,),
    "offtakes": (test_an_offtake_is_delivered_and_its_settlement_sums_to_zero,),
    "stockpiles": (test_a_stockpile_is_never_released_below_its_price,),
}
"""Laws by the instrument they are about: none holds where it is not laid, which test_instruments sees to."""


# --- the same laws on the shipped markets ---

EIGHT = ("USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR")
FLOOR_FACTORS = (1.05, 1.2, 1.5)
A_KILOGRAM = 1e-3


@pytest.fixture(scope="module", params=WORLD.minerals)
def mineral(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def shipped(mineral: str, shocks: tuple[Any, ...] = (), **agreement: Any) -> Result:
    scenario = Scenario.parse(
        {"minerals": [mineral], "parties": EIGHT, "agreement": agreement, "shocks": shocks}, "scenario"
    )
    return WORLD.equilibrium(scenario).result()


def small_residuals(result: Result) -> None:
    for residual in ("market_balance", "complementarity", "price_error", "welfare_identity"):
        assert result["status"][residual] <= EXACT, residual


def here(mineral: str, **fields: Any) -> Content:
    return {"mineral": mineral, "stage": FINAL} | fields


def party_price(result: Result) -> float:
    """What the eight parties pay for the refined product, weighted by use [USD/t]."""
    used = {r["region"]: r["consumption"] for r in result["quantities"] if r["stage"] == FINAL and r["region"] in EIGHT}
    paid = {r["region"]: r["consumer_price"] for r in result["prices"] if r["stage"] == FINAL and r["region"] in EIGHT}
    return float(sum(paid[name] * used[name] for name in paid) / sum(used[name] for name in paid))


@pytest.mark.parametrize("factor", FLOOR_FACTORS)
def test_floors_of_the_parties_hold_or_say_why_not(mineral: str, factor: float) -> None:
    floor = factor * party_price(shipped(mineral))
    result = shipped(mineral, floors=[here(mineral, parties=EIGHT, price=floor)])
    small_residuals(result)
    assert {row["region"] for row in result["floors"]} == set(EIGHT)
    for row in result["floors"]:
        assert row["levy"] >= 0.0
        if row["holds"]:
            assert row["price"] >= floor * (1.0 - EXACT)
            assert row["levy"] == pytest.approx(0.0, abs=EXACT * floor) or row["price"] == pytest.approx(
                floor, rel=EXACT
            )
        else:
            assert row["why_not"]


@pytest.mark.parametrize("cap", [0.05, 0.1])
def test_a_levy_too_low_for_its_floor_stands_at_its_cap_or_has_ended_arrivals(mineral: str, cap: float) -> None:
    """Arrivals that only fade have ended at a hundredth of the base year's."""

    def arrives(party: str) -> float:
        return sum(
            flow["quantity"]
            for flow in result["flows"]
            if flow["stage"] == FINAL and flow["to"] == party and flow["from"] not in EIGHT
        )

    outside = [name not in EIGHT for name in WORLD.regions]
    base = WORLD.calibrated(mineral, Scenario.model_validate({"minerals": (mineral,)})).base.stages[-1].flow_t
    arrived = dict(zip(WORLD.regions, base[outside].sum(axis=0), strict=True))
    level = party_price(shipped(mineral))
    result = shipped(mineral, floors=[here(mineral, parties=EIGHT, price=2.5 * level, levy_cap=cap * level)])
    small_residuals(result)
    for row in result["floors"]:
        assert row["levy"] <= cap * level * (1.0 + EXACT)
        assert row["holds"] or row["why_not"]
        has_ended = arrives(row["region"]) <= 0.01 * arrived[row["region"]] * (1.0 + EXACT) + A_KILOGRAM
        assert row["holds"] or has_ended or row["levy"] == pytest.approx(cap * level, rel=EXACT)


def test_a_levy_is_the_smallest_that_holds_its_floor(mineral: str) -> None:
    """Charged as tariffs the levies leave every price where it is; with one of them lower, its floor is missed."""
    floor = 1.2 * party_price(shipped(mineral))
    held = shipped(mineral, floors=[here(mineral, parties=EIGHT, price=floor)])
    levies = {row["region"]: row["levy"] for row in held["floors"] if row["levy"] > EXACT * floor}
    outsiders = [name for name in WORLD.regions if name not in EIGHT]

    def charged(shares: dict[str, float]) -> Result:
        tariffs = [
            here(mineral, importers=[party], exporters=outsiders, specific=levy * shares.get(party, 1.0))
            for party, levy in levies.items()
        ]
        return shipped(mineral, tariffs=tariffs)

    same = charged({})
    for party in levies:
        assert price(same, party, FINAL) == pytest.approx(price(held, party, FINAL), rel=EXACT)
    holding = [row["region"] for row in held["floors"] if row["holds"] and row["region"] in levies]
    for party in holding[:2]:
        assert price(charged({party: 0.99}), party, FINAL) < floor * (1.0 - 1e-9)


def test_a_chinese_ban_ends_its_exports_and_raises_the_parties_price(mineral: str) -> None:
    regions = [name for name in WORLD.regions if name != "CHN"]
    before = party_price(shipped(mineral))
    result = shipped(mineral, ({"kind": "export_ban"} | here(mineral, exporter="CHN", importers=regions),))
    small_residuals(result)
    assert not [row for row in result["flows"] if row["from"] == "CHN" and row["stage"] == FINAL]
    assert party_price(result) >= before * (1.0 - 1e-3)


def test_a_tariff_rate_quota_of_four_fifths_of_imports_has_a_rent_within_its_rate(mineral: str) -> None:
    outsiders = [name for name in WORLD.regions if name not in EIGHT]
    base = shipped(mineral)
    arriving = sum(
        row["quantity"]
        for row in base["flows"]
        if row["stage"] == FINAL and row["to"] in EIGHT and row["from"] in outsiders
    )
    measure = here(
        mineral, importers=EIGHT, exporters=outsiders, quantity=0.8 * arriving, over_quota={"ad_valorem": 0.25}
    )
    result = shipped(mineral, trqs=[measure])
    small_residuals(result)
    row = result["trqs"][0]
    dearest = max(r["consumer_price"] for r in result["prices"] if r["stage"] == FINAL)
    assert 0.0 <= row["rent_per_unit"] <= 0.25 * dearest
    assert row["in_quota"] <= 0.8 * arriving * (1.0 + EXACT)


def test_a_quota_of_nothing_beside_a_floor_has_no_rent_to_tell(mineral: str) -> None:
    outsiders = [name for name in WORLD.regions if name not in EIGHT]
    floor = here(mineral, parties=EIGHT, price=1.2 * party_price(shipped(mineral)), mechanism="variable_levy")
    result = shipped(
        mineral, quotas=[here(mineral, importers=EIGHT, exporters=outsiders, quantity=0.0)], floors=[floor]
    )
    small_residuals(result)
    row = result["quotas"][0]
    assert row["rent_per_unit"] is None or row["rent_per_unit"] < party_price(result)
    assert not [r for r in result["flows"] if r["to"] in EIGHT and r["from"] in outsiders and r["stage"] == FINAL]
