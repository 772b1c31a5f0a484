"""The shipped markets in use: memory never changes a number, and assumptions act in the expected direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from model.assumptions import Assumptions
from model.errors import DataError, ScenarioError
from model.market.horizon import HORIZONS, LONG
from model.market.records import Role, Shape
from model.outcome import ACCOUNTS
from model.scenario import Scenario
from model.shocks import NamedShock
from model.world import World
from tests.shipped import EVERY_MINERAL, WORLD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAME = 1e-12
"""Largest relative difference between the same scenario solved in different company."""
ACCURACY = 1e-3
"""Accuracy with which the base year comes back."""
FLOOR = {"parties": ["USA", "EUN"], "mineral": "tungsten", "stage": "refined", "price": 60000.0}
SCENARIOS: dict[str, dict[str, Any]] = {
    "status quo": {"minerals": ["tungsten"]},
    "ban": {"minerals": ["tungsten"], "shocks": [{"name": "china_tungsten_ban"}]},
    "floor": {"minerals": ["tungsten"], "agreement": {"floors": [FLOOR]}},
    "floor under ban": {
        "minerals": ["tungsten"],
        "agreement": {"floors": [FLOOR]},
        "shocks": [{"name": "china_tungsten_ban"}],
    },
    "host and by-product": {"minerals": ["gallium", "aluminum"], "shocks": [{"name": "mozal_closure"}]},
    "long run": {"minerals": ["graphite"], "horizon": "long", "shocks": [{"name": "china_graphite_ban"}]},
}


def parse(content: dict[str, Any]) -> Scenario:
    return Scenario.parse(content, "scenario")


def numbers(world: World, name: str) -> dict[str, pd.DataFrame]:
    """Every table of a scenario's outcome."""
    outcome = world.outcome(parse(SCENARIOS[name]))
    tables = ("prices", "quantities", "flows", "accounts", "industries")
    return {table: getattr(outcome, table) for table in tables} | outcome.instruments


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for table, frame in one.items():
        pd.testing.assert_frame_equal(frame, other[table], rtol=SAME, atol=SAME * _size(frame))


def _size(frame: pd.DataFrame) -> float:
    values = frame.select_dtypes("number").to_numpy(dtype=float)
    return float(np.nanmax(np.abs(values), initial=1.0))


# --- memory ---


@pytest.mark.slow
def test_results_do_not_depend_on_the_order_of_scenarios() -> None:
    one, other = World(), World()
    forwards = {name: numbers(one, name) for name in SCENARIOS}
    backwards = {name: numbers(other, name) for name in reversed(SCENARIOS)}
    for name in SCENARIOS:
        assert_same(forwards[name], backwards[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fresh_world_gives_the_same_numbers(world: World, name: str) -> None:
    world.outcome(parse(SCENARIOS["long run"]))
    assert_same(numbers(World(), name), numbers(world, name))


def test_the_same_scenario_is_not_solved_twice(world: World) -> None:
    scenario = parse(SCENARIOS["floor"])
    assert world.solved("tungsten", scenario) is world.solved("tungsten", parse(SCENARIOS["floor"]))


def test_what_does_not_touch_a_market_shares_its_solve(world: World) -> None:
    """Names, other minerals' instruments, parties without instruments and manufacturers' assumptions move no price."""
    plain = world.solved("tungsten", parse({"minerals": ["tungsten"]}))
    for other in (
        {"name": "another name"},
        {"parties": ["USA"]},
        {"agreement": {"floors": [FLOOR | {"mineral": "antimony", "price": 1e4}]}},
        {"assumptions": {"pass_through": 0.5}},
    ):
        assert world.solved("tungsten", parse({"minerals": ["tungsten"]} | other)) is plain


def test_what_touches_a_market_is_solved_again(world: World) -> None:
    plain = world.solved("tungsten", parse({"minerals": ["tungsten"]}))
    for other in (
        {"horizon": "long"},
        {"assumptions": {"demand_elasticity_short.tungsten": -0.2}},
        {"agreement": {"floors": [FLOOR]}},
    ):
        assert world.solved("tungsten", parse({"minerals": ["tungsten"]} | other)) is not plain


# --- outcomes ---


@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_without_agreement_and_shock_nothing_changes(world: World, mineral: str) -> None:
    outcome = world.outcome(parse({"minerals": [mineral]}))
    assert outcome.with_agreement.states[mineral] is outcome.status_quo.states[mineral]
    money = outcome.accounts.filter(like="_usd")
    assert (money == 0).all(axis=None)
    headline = outcome.headline(mineral)
    assert headline.price_usd_per_t == headline.price_status_quo_usd_per_t == headline.price_without_usd_per_t
    assert headline.users_cost_usd == headline.public_money_usd == headline.net_gain_usd == 0.0
    losses = outcome.industries["output_loss"].dropna()
    assert (losses.abs() <= SAME).all()


def test_accounts_add_up_to_the_change_in_total_welfare(world: World) -> None:
    outcome = world.outcome(parse(SCENARIOS["floor under ban"]))
    after, before = (
        {row["region"]: row["total"] + row["stock_value"] for row in state.welfare()}
        for state in (outcome.with_agreement, outcome.status_quo)
    )
    for row in outcome.accounts.itertuples():
        parts = sum(getattr(row, f"{name}_usd") for name in ACCOUNTS)
        assert row.net_usd == pytest.approx(parts, rel=1e-9, abs=1.0)
        assert row.net_usd == pytest.approx(
            after[row.region] - before[row.region], rel=1e-6, abs=1e-6 * abs(before[row.region]) + 1.0
        )


def test_the_agreement_is_judged_against_the_same_shock(world: World) -> None:
    """Under a ban the accounts ``_agreement`` leave the ban's own harm out."""
    banned = world.outcome(parse(SCENARIOS["ban"]))
    assert (banned.accounts.filter(like="_agreement_usd") == 0).all(axis=None)
    assert (banned.accounts["net_usd"].abs() > 0).any()


def test_the_treasury_gets_what_its_stock_is_sold_for_and_pays_for_what_it_buys(world: World) -> None:
    """Beside the duties that move with trade nothing else of the agreement is public money here."""
    place = {"mineral": "tungsten", "stage": "refined"}
    agreement = {
        "stockpiles": [place | {"party": "USA", "quantity": 150.0, "release_above": 1.0}],
        "floors": [place | {"parties": ["JPN"], "price": 90_000.0, "mechanism": "buffer_stock", "budget": 2e6}],
    }
    outcome = world.outcome(parse(SCENARIOS["status quo"] | {"parties": ["USA", "JPN"], "agreement": agreement}))
    accounts = outcome.accounts.set_index("region")
    moved = outcome.quantities[outcome.quantities["stage"] == "refined"].set_index("region")
    prices = outcome.prices[outcome.prices["stage"] == "refined"].set_index("region")
    after, before = (
        {row["region"]: row["duty_and_levy_revenue"] for row in state.welfare()}
        for state in (outcome.with_agreement, outcome.status_quo)
    )
    sold, bought = 150.0, moved.loc["JPN", "stock_bought_with_agreement_t"]
    for region, amount in (("USA", sold), ("JPN", -bought)):
        money = amount * prices.loc[region, "consumer_price_with_agreement_usd_per_t"]
        assert abs(money) > 1e6
        duties = after[region] - before[region]
        assert accounts.loc[region, "treasury_usd"] == pytest.approx(money + duties, rel=1e-6, abs=1.0)


def test_sources_of_the_parties_add_up_to_their_use(world: World) -> None:
    outcome = world.outcome(parse(SCENARIOS["floor under ban"]))
    used = outcome.quantities
    used = used[used["region"].isin(outcome.parties) & (used["stage"] == "refined")]
    for state in ("status_quo", "without_agreement", "with_agreement"):
        assert outcome.sources[state].sum() == pytest.approx(used[f"consumption_{state}_t"].sum(), rel=1e-6)


# --- assumptions ---


def price_under_ban(world: World, mineral: str, **assumptions: float) -> float:
    """What the parties pay when China stops exports."""
    overrides = {world.assumptions.find(name, mineral).name: value for name, value in assumptions.items()}
    content = {"minerals": [mineral], "shocks": [{"name": f"china_{mineral}_ban"}], "assumptions": overrides}
    return world.outcome(parse(content)).headline(mineral).price_without_usd_per_t


@pytest.mark.slow
@pytest.mark.parametrize("mineral", ["tungsten", "graphite"])
@pytest.mark.parametrize(
    "name", ["demand_elasticity_short", "supply_elasticity_short", "stock_release_share", "capacity_headroom_short"]
)
def test_what_makes_markets_less_flexible_makes_a_ban_dearer(world: World, mineral: str, name: str) -> None:
    row = world.assumptions.find(name, mineral)
    harsh, tame = sorted((row.low, row.high), key=abs)
    assert price_under_ban(world, mineral, **{name: harsh}) > price_under_ban(world, mineral, **{name: tame}) * (
        1.0 + 1e-6
    )


def test_the_base_year_stands_under_any_elasticity(world: World) -> None:
    """Elasticities turn curves around the base point; they do not move it."""
    plain = parse({"minerals": ["graphite"]})
    other = parse({"minerals": ["graphite"], "assumptions": {"demand_elasticity_short.graphite": -0.15}})
    for one, two in zip(
        world.calibrated("graphite", plain).costs, world.calibrated("graphite", other).costs, strict=True
    ):
        np.testing.assert_array_equal(one.use_price, two.use_price)


@pytest.mark.slow
@pytest.mark.parametrize("mineral", ["tungsten", "gallium"])
def test_each_horizon_has_its_own_responses(world: World, mineral: str) -> None:
    """An elasticity or headroom moves the market of its own horizon, and no other."""
    plain = {horizon: _laid(world, mineral, horizon, {}) for horizon in HORIZONS}
    for own, horizon in HORIZONS.items():
        names = {*horizon.responses, horizon.byproduct_capacity}
        for id in sorted(names):
            row = world.assumptions.find(id, mineral) if id != LONG.byproduct_capacity or mineral == "gallium" else None
            if row is None:
                continue
            value = row.low if row.low != row.value else row.high
            moved = {other for other in HORIZONS if _laid(world, mineral, other, {row.name: value}) != plain[other]}
            assert moved == {own}, row.name


def _laid(world: World, mineral: str, horizon: str, overrides: dict[str, float]) -> bytes:
    content = {"minerals": [mineral], "horizon": horizon, "assumptions": overrides}
    return world.problem(mineral, parse(content)).digest


@pytest.mark.parametrize("horizon", HORIZONS)
def test_users_and_producers_respond_as_their_horizon_says(world: World, horizon: str) -> None:
    """The curves themselves carry the registered numbers of the horizon."""
    table = world.calibrated("tungsten", parse({"minerals": ["tungsten"], "horizon": horizon})).market.activities
    expected = {
        Role.DEMAND: world.assumptions.value(f"demand_elasticity_{horizon}", "tungsten"),
        Role.SUPPLY: world.assumptions.value(f"supply_elasticity_{horizon}", "tungsten"),
    }
    for role, elasticity in expected.items():
        assert set(table.exponent[(table.role == role) & (table.shape == Shape.POWER)]) == {elasticity}
    made = (table.role == Role.SUPPLY) & (table.shape == Shape.POWER)
    headroom = world.assumptions.value(f"capacity_headroom_{horizon}")
    np.testing.assert_allclose(table.upper[made] / table.base[made], headroom)


MARKET_ASSUMPTIONS = [
    f"{name}_{end}"
    for name in ("demand_elasticity_short", "supply_elasticity_short", "stock_release_share", "capacity_headroom_short")
    for end in ("low", "high")
]


@pytest.mark.slow
@pytest.mark.parametrize("extreme", MARKET_ASSUMPTIONS)
def test_markets_solve_at_the_ends_of_the_range_of_an_assumption(world: World, extreme: str) -> None:
    name, end = extreme.rsplit("_", 1)
    for mineral in ("tungsten", "graphite", "gallium"):
        row = world.assumptions.find(name, mineral)
        scenario = parse(
            {
                "minerals": [mineral],
                "assumptions": {row.name: getattr(row, end)},
                "shocks": [{"name": f"china_{mineral}_ban"}],
            }
        )
        assert np.isfinite(world.outcome(scenario).headline(mineral).price_usd_per_t)


def test_every_override_is_within_its_range_and_known(world: World) -> None:
    for row in world.assumptions:
        changed = world.assumptions.with_overrides({row.name: row.low})
        assert isinstance(changed, Assumptions)
        assert changed.find(row.id, row.mineral or None).value == row.low
        with pytest.raises(ScenarioError, match="range"):
            world.assumptions.with_overrides({row.name: row.high + 1.0 + abs(row.high)})


# --- other data ---


def without_changes_since_the_base_year(folder: Path) -> World:
    """A world without controls, outages and new refineries, with the duties and embargoes of the base year."""
    names = ("export_controls", "tariffs", "embargoes", "shocks")
    controls, tariffs, embargoes, shocks = (folder / f"{name}.csv" for name in names)
    controls.write_text(controls.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    table = pd.read_csv(tariffs, dtype=str, keep_default_na=False)
    table["ad_valorem_now"] = table["ad_valorem_2024"]
    table.to_csv(tariffs, index=False)
    table = pd.read_csv(embargoes, dtype=str, keep_default_na=False)
    table[table["start_date"] < "2025"].to_csv(embargoes, index=False)
    table = pd.read_csv(shocks, dtype=str, keep_default_na=False)
    table.assign(in_status_quo="false").to_csv(shocks, index=False)
    assumed = folder / "assumptions.csv"
    table = pd.read_csv(assumed, dtype=str, keep_default_na=False)
    table[~table["id"].str.startswith("opened_refining")].to_csv(assumed, index=False)
    return World(folder)


@pytest.mark.slow
def test_without_changes_since_the_base_year_the_status_quo_is_the_base_year(data_copy: Path) -> None:
    world = without_changes_since_the_base_year(data_copy)
    for mineral in world.minerals:
        scenario = parse({"minerals": [mineral]})
        base = world.calibrated(mineral, scenario).base
        rows = world.solved(mineral, scenario).accounts.quantities
        for stage in base.stages:
            used = {row["region"]: row["consumption"] for row in rows if row["stage"] == stage.stage}
            for index, region in enumerate(base.regions):
                assert used.get(region, 0.0) == pytest.approx(stage.use_t[index], abs=ACCURACY * stage.use_t.sum())


def test_a_changed_number_in_the_data_changes_the_result(world: World, data_copy: Path) -> None:
    """Without its licences China's tungsten costs the parties less."""
    scenario = parse(SCENARIOS["status quo"])
    free = without_changes_since_the_base_year(data_copy).outcome(scenario).headline("tungsten")
    assert free.price_usd_per_t < world.outcome(scenario).headline("tungsten").price_usd_per_t


def test_an_assumption_may_be_changed_in_the_data(world: World, data_copy: Path) -> None:
    """A value in the table and the same value as an override give the same numbers."""
    path = data_copy / "assumptions.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    own = (table["id"] == "demand_elasticity_short") & (table["mineral"] == "graphite")
    table.loc[own, "value"] = "-0.2"
    table.to_csv(path, index=False)
    ban = {"minerals": ["graphite"], "shocks": [{"name": "china_graphite_ban"}]}
    in_table = World(data_copy).outcome(parse(ban)).headline("graphite")
    overridden = world.outcome(parse(ban | {"assumptions": {"demand_elasticity_short.graphite": -0.2}})).headline(
        "graphite"
    )
    assert in_table.price_usd_per_t == pytest.approx(overridden.price_usd_per_t, rel=SAME)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a missing table": lambda folder: (folder / "tariffs.csv").unlink(),
    "a table without rows": lambda folder: (folder / "regions.csv").write_text("", encoding="utf-8"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_data_are_refused(data_copy: Path, damage: str) -> None:
    DAMAGES[damage](data_copy)
    with pytest.raises(DataError):
        World(data_copy)


def test_a_named_shock_may_be_given_as_a_record(world: World) -> None:
    asked = Scenario(minerals=("tungsten",), shocks=(NamedShock(name="china_tungsten_ban"),), status_quo="policy_only")
    named = world.outcome(asked)
    assert (
        named.headline("tungsten").price_usd_per_t
        == world.outcome(parse(SCENARIOS["ban"])).headline("tungsten").price_usd_per_t
    )


def test_users_who_want_more_gain_nothing_by_wanting_it() -> None:
    """A demand surge raises the price: users lose what the same, larger use costs more."""
    scenario = Scenario.parse({"minerals": ["antimony"], "shocks": [{"name": "antimony_solar_surge"}]}, "scenario")
    outcome = WORLD.outcome(scenario)
    parties = outcome.accounts[outcome.accounts["is_party"]]
    headline = outcome.headline("antimony")
    assert headline.price_usd_per_t > headline.price_status_quo_usd_per_t
    assert (parties["users_usd"] <= 0).all()
    rise = headline.price_usd_per_t - headline.price_status_quo_usd_per_t
    use = outcome.quantities[
        outcome.quantities["region"].isin(outcome.parties) & (outcome.quantities["stage"] == "refined")
    ]
    assert headline.users_cost_usd == pytest.approx(rise * use["consumption_with_agreement_t"].sum(), rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("price", "over_quota", "shock"),
    [(128021.215, 0.5, "yttrium_restocking"), (284583.667, None, "china_all_controlled_minerals")],
)
def test_floors_far_above_the_price_are_solved(price: float, over_quota: float | None, shock: str) -> None:
    own = World()
    parties = parse({"minerals": ["yttrium"]}).parties
    place = {"mineral": "yttrium", "stage": "refined"}
    agreement: dict[str, Any] = {"floors": [{"parties": parties, "price": price} | place]}
    if over_quota is not None:
        outside = [region for region in own.regions if region not in parties]
        quota = {
            "importers": parties,
            "exporters": outside,
            "quantity": 1237.875,
            "over_quota": {"ad_valorem": over_quota},
        }
        agreement["trqs"] = [quota | place]
    scenario = parse({"minerals": ["yttrium"], "agreement": agreement, "shocks": [{"name": shock}]})
    solved = own.solved("yttrium", scenario)
    assert all(row["holds"] and row["levy"] == 0.0 for row in solved.accounts.instruments["floors"])


def test_what_rounding_leaves_is_nothing_in_flows_quotas_and_accounts(world: World) -> None:
    """No flow too small to show, no imports beyond a quota, no change of an account in its last digits."""
    place = {"mineral": "bismuth", "stage": "refined"}
    quota = place | {"exporters": ["CHN"], "importers": ["USA", "EUN", "JPN"], "quantity": 0}
    tax = place | {"exporter": "JPN", "importers": ["KOR", "CHN"], "ad_valorem": 0.05}
    outcome = world.outcome(
        parse(
            {
                "minerals": ["bismuth"],
                "parties": ["USA", "EUN", "JPN"],
                "agreement": {"quotas": [quota], "export_taxes": [tax]},
            }
        )
    )
    assert (outcome.instruments["quotas"]["imports"] == 0.0).all()
    flows = outcome.flows
    barred = (flows["exporter"] == "CHN") & flows["importer"].isin(quota["importers"])
    assert (flows.loc[barred, "with_agreement"] == 0.0).all()
    for state in ("status_quo", "with_agreement"):
        shown = {(row["from"], row["to"]) for row in outcome.state(state).accounts["bismuth"].flows}
        abroad = flows[(flows[state] > 0.0) & (flows["exporter"] != flows["importer"])]
        assert set(zip(abroad["exporter"], abroad["importer"], strict=True)) == shown
    now, before = (state.accounts["bismuth"].welfare for state in (outcome.with_agreement, outcome.status_quo))
    for column, name in (("users_usd", "consumer_surplus"), ("producers_usd", "producer_surplus")):
        change = outcome.accounts[column].to_numpy()
        noise = (change != 0.0) & (np.abs(change) <= 1e-11 * (np.abs(now[name]) + np.abs(before[name])))
        assert not noise.any()
