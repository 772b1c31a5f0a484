"""Laws of economics that must hold in every market: on generated ones (Hypothesis) and, below, on the shipped ones.

Rules R1 to R4 are those atop :mod:`model.equilibrium.proof.reference`.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.equilibrium.welfare import WELFARE
from model.scenario import Scenario
from tests.shipped import EVERY_MINERAL, WORLD
from tests.strategies import (
    EVERY_KIND,
    EXACT,
    FACTORS,
    FINAL,
    NOTHING,
    Content,
    Result,
    account,
    arrivals,
    at,
    between,
    border,
    determined_prices,
    flow,
    laws,
    levy_floor,
    markets,
    outsider_ids,
    party_ids,
    price,
    region_ids,
    result_of,
    trq,
)

GAINS = tuple(name for name in WELFARE if name != "outlay")


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


@pytest.mark.slow
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


# --- offtakes ---


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


# --- the same laws on the shipped markets ---

EIGHT = ("USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR")
FLOOR_FACTORS = (1.05, 1.2, 1.5)
A_KILOGRAM = 1e-3


@pytest.fixture(scope="module", params=EVERY_MINERAL)
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
