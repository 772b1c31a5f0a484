"""What the world gains and loses: route friction counts, metal in stocks counts, and no charge makes the world richer.

The world's sum is that of all accounts, rents that nobody receives, and metal in public stocks. Without duties, levies
and export taxes it is as large as the quotas, bans and by-products' hosts let it be.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.case import Case, market_of
from model.equilibrium import SolvedMineral, Solver, lay_over, solve, solve_problem
from model.equilibrium.ledger import Ledger
from model.equilibrium.welfare import STOCK_VALUE, burnt, suppliers_by_kind, total
from model.instruments import Agreement
from model.market.records import Role, Shape
from model.outcome import ACCOUNTS, SIDES
from model.scenario import Scenario
from model.shocks.kinds import ExportTaxChange
from model.words.accounts import PARTS
from tests.shipped import EVERY_MINERAL, WORLD
from tests.strategies import EXACT, FACTORS, Content, at, between, border, laws, levy_floor, markets
from tests.test_market import base_solution

HORIZONS = ("short", "long")
PLACES = [(mineral, horizon) for mineral in WORLD.minerals for horizon in HORIZONS]
every_market = pytest.mark.parametrize(
    ("mineral", "horizon"),
    [pytest.param(*place, marks=() if place == ("antimony", "short") else pytest.mark.slow) for place in PLACES],
)
IDENTITY = 1e-10
"""Of what is sold; a solve's own residuals are smaller, a forgotten account is larger by orders."""
SOLVER = Solver()
PARTIES = Scenario().parties
OUTSIDE = tuple(name for name in WORLD.regions if name not in PARTIES)


def scenario(mineral: str, horizon: str, **agreement: Any) -> Scenario:
    return Scenario.parse({"minerals": [mineral], "horizon": horizon, "agreement": agreement}, "scenario")


def world_usd(solved: SolvedMineral) -> float:
    welfare = solved.accounts.welfare
    return float((total(welfare) + welfare[STOCK_VALUE]).sum()) + burnt(Ledger(solved.state))


def sales_usd(solved: SolvedMineral) -> float:
    ledger = Ledger(solved.state)
    return float((ledger.price_in * ledger.x)[ledger.where(Role.DEMAND)].sum())


@cache
def free(mineral: str, horizon: str) -> SolvedMineral:
    """The status quo without duties and export taxes; quotas, bans and what the hosts make stay."""
    return without_wedges(mineral, horizon, Agreement(), None)


def without_wedges(
    mineral: str, horizon: str, agreement: Agreement, stock_price: np.ndarray[Any, Any] | None
) -> SolvedMineral:
    plain = scenario(mineral, horizon)
    market = WORLD.problem(mineral, plain).market
    market = replace(market, base_duty=np.zeros(len(market.activities)))
    hosts: dict[tuple[str, str, str], float] = {}
    for host in WORLD.hosts.get(mineral, {}):
        hosts |= WORLD.solved(host, plain).output
    controls = [each for each in WORLD.shocks(mineral, plain) if not isinstance(each, ExportTaxChange)]
    problem = lay_over(market, frozenset(PARTIES), agreement, controls, hosts)
    return solve_problem(problem, agreement, SOLVER, stock_price=stock_price)


def charges(mineral: str, stage: str, price: float, solved: SolvedMineral, share: float) -> dict[str, Content]:
    """One of every instrument that moves money or goods, at a level beside the price and the trade of a state."""
    place = {"mineral": mineral, "stage": stage}
    wall = place | {"importers": PARTIES, "exporters": OUTSIDE}
    flows = {(row["from"], row["to"]): row["quantity"] for row in solved.accounts.flows if row["stage"] == stage}
    arrives = sum(flow for (source, target), flow in flows.items() if target in PARTIES and source not in PARTIES)
    (seller, buyer), most = max(flows.items(), key=lambda each: each[1])
    floor = place | {"parties": PARTIES, "price": (1.0 + share) * price}
    limit = {"quantity": max((1.0 - share), 0.0) * arrives}
    tiers = limit | {"in_quota": {"ad_valorem": 0.0}, "over_quota": {"ad_valorem": share}}
    taxed = {"exporter": seller, "importers": [name for name in WORLD.regions if name != seller]}
    return {
        "tariff": {"tariffs": [wall | {"ad_valorem": share}]},
        "levy": {"floors": [floor]},
        "cfd": {"floors": [floor | {"mechanism": "cfd"}]},
        "buffer stock": {"floors": [floor | {"mechanism": "buffer_stock", "budget": 0.01 * price * arrives + 1.0}]},
        "quota": {"quotas": [wall | limit]},
        "tariff-rate quota": {"trqs": [wall | tiers]},
        "offtake": {
            "offtakes": [
                place | {"producer": seller, "buyer": buyer, "quantity": (1.0 + share) * most, "strike": price}
            ]
        },
        "export tax": {"export_taxes": [place | taxed | {"ad_valorem": share}]},
        "stockpile": {
            "stockpiles": [
                place | {"party": PARTIES[0], "quantity": 0.01 * arrives + 1.0, "release_above": 0.5 * price}
            ]
        },
    }


@every_market
def test_accounts_are_what_use_is_worth_less_what_resources_cost(mineral: str, horizon: str) -> None:
    plain = scenario(mineral, horizon)
    stage, price = WORLD.stages[mineral][-1], WORLD.parties_price(mineral, WORLD.stages[mineral][-1], plain)
    floor = {"parties": PARTIES, "mineral": mineral, "stage": stage, "price": 1.25 * price}
    for solved in (WORLD.solved(mineral, plain), WORLD.solved(mineral, scenario(mineral, horizon, floors=[floor]))):
        assert solved.accounts.identity_error <= IDENTITY


@every_market
def test_in_the_base_year_no_buyer_has_changed_supplier(mineral: str, horizon: str) -> None:
    solved = base_solution(mineral, horizon)
    assert np.abs(solved.accounts.welfare["supplier_change"]).max() <= EXACT * sales_usd(solved)


@every_market
def test_another_mix_of_suppliers_is_never_a_gain(mineral: str, horizon: str) -> None:
    before, now = (Ledger(each.state) for each in (base_solution(mineral, horizon), free(mineral, horizon)))
    for ledger, solved in ((before, base_solution(mineral, horizon)), (now, free(mineral, horizon))):
        mix, volume = suppliers_by_kind(ledger).values()
        whole = solved.accounts.welfare["supplier_change"]
        assert mix + volume == pytest.approx(whole, abs=1e-9 * sales_usd(solved))
        assert mix.max() <= 1e-12 * sales_usd(solved)
    mix, _ = suppliers_by_kind(before).values()
    assert np.abs(mix).max() <= EXACT * sales_usd(base_solution(mineral, horizon))


@every_market
def test_supplier_change_is_the_area_between_the_route_s_curve_and_its_price(mineral: str, horizon: str) -> None:
    """Route by route, where goods move freely: w (x - b) on routes used before, w (x - b ln(1 + x/b)) on new ones."""
    solved = WORLD.solved(mineral, scenario(mineral, horizon))
    ledger, t = Ledger(solved.state), solved.state.problem.table
    routes = ledger.where(Role.ROUTE)
    routes = routes[(ledger.x[routes] > 0) & (np.abs(ledger.margin[routes]) < 1e-9 * ledger.market.price_scale)]
    x, base, width = ledger.x[routes], t.base[routes], t.width[routes]
    was_used = t.shape[routes] == Shape.LOG
    found = ledger.by_region(routes, np.zeros(len(t)), of="partner")
    np.add.at(found, t.partner[routes], width * np.where(was_used, x - base, x - base * np.log1p(x / base)))
    shut = ledger.where(Role.ROUTE)
    shut = shut[(ledger.x[shut] == 0) & (t.shape[shut] == Shape.LOG)]
    np.add.at(found, t.partner[shut], -t.width[shut] * t.base[shut])
    others = np.setdiff1d(ledger.where(Role.ROUTE), np.concatenate([routes, shut]))
    whole = np.setdiff1d(np.arange(len(found)), t.partner[others])
    assert solved.accounts.welfare["supplier_change"][whole] == pytest.approx(
        found[whole], abs=EXACT * sales_usd(solved)
    )


@every_market
def test_without_wedges_no_measure_makes_the_world_richer(mineral: str, horizon: str) -> None:
    """Charged or limited, guaranteed or forced: the world never gains; from a tariff it loses."""
    before = free(mineral, horizon)
    most, slack = world_usd(before), 1e-9 * sales_usd(before)
    stage = before.state.problem.market.stages[-1]
    price = WORLD.parties_price(mineral, stage, scenario(mineral, horizon))
    change = {}
    for name, terms in charges(mineral, stage, price, before, 0.25).items():
        agreed = scenario(mineral, horizon, **terms).agreement
        change[name] = world_usd(without_wedges(mineral, horizon, agreed, before.state.price)) - most
    assert max(change.values()) <= slack, change
    assert change["tariff"] < -slack


@pytest.mark.slow
@laws
@given(
    st.sampled_from(PLACES),
    st.sampled_from(list(charges("antimony", "refined", 1.0, free("antimony", "short"), 0.1))),
    between(0.01, 1.5),
)
def test_without_wedges_no_level_of_a_measure_makes_the_world_richer(
    place: tuple[str, str], measure: str, share: float
) -> None:
    mineral, horizon = place
    before = free(mineral, horizon)
    stage = before.state.problem.market.stages[-1]
    price = WORLD.parties_price(mineral, stage, scenario(mineral, horizon))
    terms = charges(mineral, stage, price, before, share)[measure]
    after = without_wedges(mineral, horizon, scenario(mineral, horizon, **terms).agreement, before.state.price)
    assert world_usd(after) <= world_usd(before) + 1e-9 * sales_usd(before)


@every_market
def test_removing_all_wedges_never_makes_the_world_poorer(mineral: str, horizon: str) -> None:
    before = free(mineral, horizon)
    assert world_usd(WORLD.solved(mineral, scenario(mineral, horizon))) <= world_usd(before) + 1e-9 * sales_usd(before)


@every_market
def test_with_duties_in_force_a_floor_makes_the_world_poorer(mineral: str, horizon: str) -> None:
    """No law, since one wedge may undo another; looked at market by market."""
    plain = scenario(mineral, horizon)
    stage, price = WORLD.stages[mineral][-1], WORLD.parties_price(mineral, WORLD.stages[mineral][-1], plain)
    floor = {"parties": PARTIES, "mineral": mineral, "stage": stage, "price": 1.25 * price}
    held = WORLD.solved(mineral, scenario(mineral, horizon, floors=[floor]))
    assert world_usd(held) < world_usd(WORLD.solved(mineral, plain))


@pytest.mark.parametrize("horizon", HORIZONS)
def test_zero_for_zero_on_aluminium_makes_the_world_richer_but_for_what_it_diverts(horizon: str) -> None:
    """Among all it is a gain; among the parties alone it also turns imports away from cheaper outsiders (Viner 1950).

    Within a year, with smelters as they are, that is a little more than what it creates.
    """
    agreed = scenario("aluminum", horizon, zero_for_zero=[{"mineral": "aluminum", "stage": "refined"}])
    status_quo = WORLD.solved("aluminum", scenario("aluminum", horizon))
    everyone, parties = (
        WORLD.solved("aluminum", agreed.model_copy(update={"parties": who})) for who in (WORLD.regions, PARTIES)
    )
    before, gain = world_usd(status_quo), world_usd(parties) - world_usd(status_quo)
    assert world_usd(everyone) > max(before, world_usd(parties))
    forgone = float(status_quo.accounts.welfare["duty_and_levy_revenue"].sum())
    assert gain > (0.0 if horizon == "long" else -0.05 * forgone)


def case_world(content: Content, terms: dict[str, Any]) -> tuple[float, float]:
    case = Case.parse(content | {"agreement": terms}, "generated case")
    solved = solve(market_of(case), case.parties, case.agreement, case.shocks, SOLVER)
    (mineral,) = solved.states
    own = SolvedMineral(solved.states[mineral], solved.accounts[mineral])
    return world_usd(own), max(sales_usd(own), 1.0)


@pytest.mark.slow
@laws
@given(markets(sloped=False), FACTORS, between(0.0, 1.0))
def test_in_generated_markets_no_measure_makes_the_world_richer(content: Content, factor: float, share: float) -> None:
    """Without congested routes, on which a charge may relieve what nobody is asked to pay for."""
    before, sales = case_world(content, {})
    prices = [row["price_at_zero"] for row in (each["curve"] for each in content["supply"]) if "price_at_zero" in row]
    level = factor * (max(prices, default=10.0) + 20.0)
    home, abroad = content["regions"][0]["id"], content["regions"][-1]["id"]
    for terms in (
        {"tariffs": [border(content, ad_valorem=share)]},
        {"floors": [levy_floor(content, level)]},
        {"floors": [at(parties=[home], price=level, mechanism="cfd")]},
        {"floors": [at(parties=[home], price=level, mechanism="buffer_stock", budget=50.0)]},
        {"quotas": [border(content, quantity=10.0 * share)]},
        {"trqs": [border(content, quantity=5.0, in_quota={}, over_quota={"specific": 20.0 * share})]},
        {"export_taxes": [at(exporter=abroad, importers=[home], ad_valorem=share)]},
        {"offtakes": [at(producer=abroad, buyer=home, quantity=10.0 * share + 0.1, strike=level)]},
        {"stockpiles": [at(party=home, quantity=10.0 * share, release_above=0.5 * level)]},
    ):
        after, _ = case_world(content, terms)
        assert after <= before + EXACT * sales, terms


@pytest.mark.parametrize("key", ["quantity"])
def test_a_case_s_stock_is_worth_the_undisturbed_price(key: str) -> None:
    content = {
        "regions": [{"id": "A", "party": True}],
        "supply": [at(region="A", curve={"kind": "linear", "price_at_zero": 0.0, "slope": 1.0})],
        "demand": [at(region="A", curve={"kind": "linear", "price_at_zero": 100.0, "slope": 1.0})],
    }
    agreed = {"stockpiles": [at(party="A", release_above=1.0) | {key: 10.0}]}
    case = Case.parse(content | {"agreement": agreed}, "case")
    (row,) = solve(market_of(case), case.parties, case.agreement, case.shocks).result()["welfare"]
    # 100 - x = p and x = p + 10: 45 where it was 50.
    assert row["stock_sales"] == pytest.approx(450.0)
    assert row["stock_value"] == pytest.approx(-500.0)
    assert row["supplier_change"] == 0.0


def test_what_an_exporter_holds_at_home_is_no_loss() -> None:
    """China's stockpile buys what a ban keeps at home at a price at which it holds it: its net is what was lost."""
    solved = WORLD.solved("bismuth", scenario("bismuth", "short"))
    ledger = Ledger(solved.state)
    held = ledger.where(Role.HELD_AT_HOME)
    assert ledger.x[held].sum() > 0.0
    here = ledger.by_region(held, ledger.x) > 0.0
    assert np.abs(solved.accounts.welfare["outlay"][here]).max() <= EXACT * sales_usd(solved)
    assert (solved.accounts.welfare[STOCK_VALUE] == 0.0).all()


@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_parts_add_up_to_the_whole_and_parties_with_the_others_to_the_world(mineral: str) -> None:
    plain = scenario(mineral, "short")
    stage, price = WORLD.stages[mineral][-1], WORLD.parties_price(mineral, WORLD.stages[mineral][-1], plain)
    place = {"mineral": mineral, "stage": stage}
    agreed = scenario(
        mineral,
        "short",
        floors=[place | {"parties": PARTIES, "price": 1.2 * price}],
        stockpiles=[place | {"party": "USA", "quantity": 5.0, "release_above": 0.5 * price}],
    )
    outcome = WORLD.outcome(agreed.model_copy(update={"assumptions": {"public_funds_cost": 1.3}}))
    frame, sides = outcome.accounts, outcome.sides.set_index("side")
    size = frame[[f"{name}_usd" for name in ACCOUNTS]].abs().to_numpy().max()
    for suffix in ("", "_agreement"):
        parts = frame[[f"{name}{suffix}_usd" for name in ACCOUNTS]].sum(axis=1)
        assert frame[f"net{suffix}_usd"].to_numpy() == pytest.approx(parts.to_numpy(), abs=1e-9 * size)
        for account, consists_of in PARTS.items():
            whole = frame[[f"{name}{suffix}_usd" for name in consists_of]].sum(axis=1)
            assert frame[f"{account}{suffix}_usd"].to_numpy() == pytest.approx(whole.to_numpy(), abs=1e-6 * size)
        funds = 0.3 * frame[f"treasury{suffix}_usd"]
        assert frame[f"public_funds{suffix}_usd"].to_numpy() == pytest.approx(funds.to_numpy())
    ours, theirs, world = (sides.loc[side].drop("mineral").astype(float) for side in SIDES)
    assert (ours + theirs).to_numpy() == pytest.approx(world.to_numpy(), abs=1e-9 * size)
    assert outcome.headline(mineral).world_gain_usd == pytest.approx(world["net_usd"])
    released = float(frame.set_index("region").loc["USA", "stock_value_usd"])
    prices = outcome.prices[(outcome.prices["region"] == "USA") & (outcome.prices["stage"] == stage)]
    assert released == pytest.approx(-5.0 * float(prices["consumer_price_status_quo_usd_per_t"].iloc[0]))


@pytest.mark.parametrize("mineral", ["copper", "aluminum"])
def test_a_floor_on_metal_lifts_refineries_and_not_mines_of_the_parties_within_a_year(mineral: str) -> None:
    """Users there buy less, so less ore is asked for, while the price held stays with those who refine."""
    price = WORLD.parties_price(mineral, "refined", scenario(mineral, "short"))
    floor = {"parties": PARTIES, "mineral": mineral, "stage": "refined", "price": 1.25 * price}
    ours = WORLD.outcome(scenario(mineral, "short", floors=[floor])).sides.set_index("side").loc["parties"]
    assert ours["refining_usd"] > 0.0 > ours["mining_usd"]
