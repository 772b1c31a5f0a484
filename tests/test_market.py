"""The calibrated markets return their base year, bend little to do so, and tie by-products to their hosts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from model.equilibrium import SolvedMineral, Solver, lay_over, solve_problem
from model.instruments import Agreement
from model.market.base_year import StageBase, reconcile
from model.market.calibrate import CalibratedMineral, calibrate, duty_matrix
from model.market.flows import Unmatched, balance
from model.market.horizon import SHORT
from model.market.records import NodeRole, Role, Shape, host_order
from model.scenario import Scenario
from model.shocks import NamedShock
from model.shocks.kinds import ExportBan, SupplyLoss
from tests.shipped import EVERY_MINERAL, WORLD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.shocks import Shock

ACCURACY = 1e-3
"""Largest difference to the base year [share of the price, or of world use]."""
LARGEST_MEAN_ADJUSTMENT = 0.015
"""Residuals of used routes, weighted by flow, as a share of the price (germanium has the largest, 0.0124)."""
LARGE_FLOW_SHARE = 0.05
LARGEST_ADJUSTMENT_OF_A_LARGE_FLOW = 0.1
"""Of the price, on a flow of more than that share of world use: beyond it the data are suspect."""
HORIZONS = ("short", "long")
SOLVER = Solver()
NOBODY: frozenset[str] = frozenset()


def every_market(test: Callable[..., None]) -> Callable[..., None]:
    """Every mineral at every horizon."""
    by_horizon = pytest.mark.parametrize("horizon", list(HORIZONS))
    return by_horizon(pytest.mark.parametrize("mineral", EVERY_MINERAL)(test))


def calibrated(mineral: str, horizon: str) -> CalibratedMineral:
    return WORLD.calibrated(mineral, Scenario.parse({"minerals": [mineral], "horizon": horizon}, "scenario"))


def solved(mineral: str, horizon: str, shocks: Iterable[Shock] = ()) -> SolvedMineral:
    """The market as calibrated (duties of the base year, no control that came later) under shocks, hosts first."""
    shocks = list(shocks)
    outputs: dict[tuple[str, str, str], float] = {}
    for host in WORLD.hosts.get(mineral, {}):
        outputs |= solved(host, horizon, shocks).output
    problem = lay_over(calibrated(mineral, horizon).market, NOBODY, Agreement(), shocks, outputs)
    return solve_problem(problem, Agreement(), SOLVER)


@cache
def base_solution(mineral: str, horizon: str) -> SolvedMineral:
    return solved(mineral, horizon)


def test_within_a_year_no_country_makes_more_than_its_published_capacity() -> None:
    rows = WORLD.tables["capacity"]
    rows = rows[rows["country"].isin(WORLD.regions) & (rows["quantity_t"] > 0)]
    assert len(rows) > 15
    wanted = {"kind": "demand_change", "stage": "refined", "share": 9.0}
    for row in rows.itertuples():
        base = WORLD.calibrated(row.mineral, Scenario()).base
        output, scrap = (
            float(getattr(base.stages[-1], name)[base.regions.index(row.country)])
            for name in ("production_t", "scrap_t")
        )
        scrap *= WORLD.assumptions.value(SHORT.capacity_headroom, row.mineral)
        shocks = [{**wanted, "mineral": row.mineral, "region": region} for region in ("CHN", "USA", "JPN")]
        scenario = Scenario.parse({"format": 2, "minerals": [row.mineral], "shocks": shocks}, "scenario")
        made = WORLD.solved(row.mineral, scenario).accounts.quantities
        today = sum(each["production"] for each in made if (each["region"], each["stage"]) == (row.country, row.stage))
        assert today - scrap <= max(row.quantity_t, output) * (1 + 1e-9)


@every_market
def test_base_year_prices_come_back(mineral: str, horizon: str) -> None:
    part, state = calibrated(mineral, horizon), base_solution(mineral, horizon).state
    for stage, costs in zip(part.base.stages, part.costs, strict=True):
        for role, prices in ((NodeRole.SUPPLY, costs.supply_price), (NodeRole.USE, costs.use_price)):
            for region in np.flatnonzero(np.isfinite(prices)).tolist():
                node = part.market.node(part.base.regions[region], stage.stage, role)
                assert state.price[node] == pytest.approx(prices[region], abs=ACCURACY * stage.price_usd_per_t)


@every_market
def test_base_year_quantities_come_back(mineral: str, horizon: str) -> None:
    """Production with recycling, use, and nothing from stocks or left unserved, region by region."""
    part, rows = calibrated(mineral, horizon), base_solution(mineral, horizon).accounts.quantities
    for stage in part.base.stages:
        world_t = stage.use_t.sum()
        found = {row["region"]: row for row in rows if row["stage"] == stage.stage}
        for index, region in enumerate(part.base.regions):
            row: dict[str, Any] = found.get(region, {})
            made_t = stage.production_t[index] + stage.scrap_t[index]
            assert row.get("production", 0.0) == pytest.approx(made_t, abs=ACCURACY * world_t)
            assert row.get("consumption", 0.0) == pytest.approx(stage.use_t[index], abs=ACCURACY * world_t)
            assert row.get("stock_released", 0.0) == pytest.approx(0.0, abs=ACCURACY * world_t)
            assert row.get("unserved", 0.0) == pytest.approx(0.0, abs=ACCURACY * world_t)


@every_market
def test_base_year_flows_come_back(mineral: str, horizon: str) -> None:
    part, state = calibrated(mineral, horizon), base_solution(mineral, horizon).state
    table = state.problem.table
    stage_names = np.array([node.stage for node in part.market.nodes])
    for stage in part.base.stages:
        own = np.flatnonzero(table.role == Role.ROUTE)
        own = own[stage_names[table.node_in[own]] == stage.stage]
        flow = np.zeros_like(stage.flow_t)
        flow[table.region[own], table.partner[own]] = state.quantity[own]
        np.testing.assert_allclose(flow, stage.flow_t, atol=ACCURACY * stage.use_t.sum())


@every_market
def test_the_calibration_bends_little(mineral: str, horizon: str) -> None:
    part = calibrated(mineral, horizon)
    if not any(stage.price_inside for stage in part.base.stages):  # a published price inside is a wedge, not an error
        assert 0.0 <= part.adjustment <= LARGEST_MEAN_ADJUSTMENT
    for stage, costs in zip(part.base.stages, part.costs, strict=True):
        assert (costs.residual[stage.flow_t == 0] == 0).all()
        assert np.isfinite(costs.residual).all()
        large = stage.flow_t > LARGE_FLOW_SHARE * stage.use_t.sum()
        if not stage.price_inside:
            assert (
                np.abs(costs.residual[large]).max(initial=0.0)
                <= LARGEST_ADJUSTMENT_OF_A_LARGE_FLOW * stage.price_usd_per_t
            )
        price = np.nansum(costs.use_price * stage.use_t) / stage.use_t.sum()
        if not stage.price_inside:
            assert price == pytest.approx(stage.price_usd_per_t, rel=1e-6)


@every_market
def test_no_estimated_flow_needs_a_subsidy(mineral: str, horizon: str) -> None:
    """An estimate that loses more than the bound goes, unless a region sells or buys most of its tonnes that way."""
    part = calibrated(mineral, horizon)
    bound, raw = (
        WORLD.assumptions.value("largest_loss_share", mineral),
        reconcile(WORLD.tables, mineral, WORLD.assumptions),
    )
    kept = {(flow.stage, flow.exporter, flow.importer): flow for flow in part.unpaid}
    gone = {(flow.stage, flow.exporter, flow.importer): flow for flow in part.dropped}
    for stage, before, costs in zip(part.base.stages, raw.stages, part.costs, strict=True):
        flow_t, loss = stage.flow_t, -costs.residual / stage.price_usd_per_t
        np.fill_diagonal(loss, 0.0)
        for i, j in zip(*np.nonzero(loss > bound), strict=True):
            named = (stage.stage, part.base.regions[i], part.base.regions[j])
            assert kept.pop(named).loss == pytest.approx(loss[i, j])
            assert stage.reported[i, j] or flow_t[i, j] in (flow_t[i].max(), flow_t[:, j].max()) or _only(stage, i, j)
        for i, j in zip(*np.nonzero((before.flow_t > 0) & (flow_t == 0)), strict=True):
            flow = gone.pop((stage.stage, part.base.regions[i], part.base.regions[j]))
            assert flow.loss > bound
            assert not stage.reported[i, j]
        np.testing.assert_allclose(flow_t.sum(axis=1), before.flow_t.sum(axis=1), rtol=1e-9)
        np.testing.assert_allclose(flow_t.sum(axis=0), before.flow_t.sum(axis=0), rtol=1e-9)
    assert (kept, gone) == ({}, {})


def _only(stage: StageBase, i: int, j: int) -> bool:
    """Whether the estimates cannot add up without one of them."""
    rest = np.where(stage.reported, 0.0, stage.flow_t)
    without = rest.copy()
    without[i, j] = 0.0
    with pytest.raises(Unmatched):
        balance(without, rest.sum(axis=1), rest.sum(axis=0))
    return True


@every_market
def test_an_exporters_stockpile_has_a_bottom(mineral: str, horizon: str) -> None:
    """Under a ban of all exports it takes months of them in the short run, and there is none in the long run."""
    stage = calibrated(mineral, horizon).base.stages[-1]
    exports_t = stage.flow_t.sum(axis=1) - stage.flow_t.diagonal()
    seller = int(exports_t.argmax())
    others = tuple(region for region in WORLD.regions if region != WORLD.regions[seller])
    place = {"mineral": mineral, "stage": stage.stage}
    ban = ExportBan(kind="export_ban", exporter=WORLD.regions[seller], importers=others, **place)
    problem = lay_over(calibrated(mineral, horizon).market, NOBODY, Agreement(), [ban], {})
    stocks = problem.table.upper[problem.table.role == Role.HELD_AT_HOME]
    months = WORLD.assumptions.value("exporter_stockpile_months", mineral) if horizon == "short" else 0.0
    np.testing.assert_allclose(stocks, [exports_t[seller] * months / 12] if months else [])


@pytest.mark.slow
@pytest.mark.parametrize("horizon", HORIZONS)
def test_new_smelters_take_the_ore_that_a_ban_keeps_at_home(horizon: str) -> None:
    """Indonesia smelts what its ban keeps at home; were the smelters not there, less of it would be."""

    def smelted(capacity_t: float) -> float:
        assumed = {"opened_refining_IDN.copper": capacity_t}
        scenario = Scenario(minerals=("copper",), horizon=horizon, assumptions=assumed)
        rows = WORLD.solved("copper", scenario).accounts.quantities
        return sum(row["production"] for row in rows if (row["region"], row["stage"]) == ("IDN", "refined"))

    row = WORLD.assumptions.find("opened_refining_IDN", "copper")
    base = calibrated("copper", horizon).base
    made = base.refinery_t[base.regions.index("IDN")]
    assert smelted(row.high) >= smelted(row.value) > 1.1 * smelted(row.low)
    assert smelted(row.value) > 2.0 * made


@pytest.mark.parametrize("horizon", HORIZONS)
def test_grasberg_moves_the_price_of_copper(horizon: str) -> None:
    """A mine that a ban ties to home smelters is still part of the world's copper."""
    plain = Scenario(minerals=("copper",), horizon=horizon)
    shocked = plain.model_copy(update={"shocks": (NamedShock(name="grasberg_mud_rush", severity=0.54),)})
    before, after = (WORLD.outcome(each).headline("copper").price_without_usd_per_t for each in (plain, shocked))
    assert 1.003 * before < after < 1.1 * before


@pytest.mark.parametrize("mineral", WORLD.minerals)
def test_duties_that_were_not_found_are_charged_only_where_no_row_stands(mineral: str) -> None:
    assumed = WORLD.assumptions.with_overrides({"duty_not_found": 0.05})
    rows = WORLD.tables["tariffs"]
    for stage in WORLD.stages[mineral]:
        known = rows[(rows["mineral"] == mineral) & (rows["stage"] == stage) & (rows["exporter"] == "ALL")]
        for column in ("ad_valorem_2024", "ad_valorem_now"):
            found, raised = (
                duty_matrix(WORLD.tables, each, mineral, stage, WORLD.regions, column)
                for each in (WORLD.assumptions, assumed)
            )
            has_row = np.isin(WORLD.regions, known["importer"])
            np.testing.assert_array_equal(found[:, has_row], raised[:, has_row])
            rest = raised[:, ~has_row] - found[:, ~has_row]
            assert set(np.unique(rest)) <= {0.0, 0.05}
            assert (rest == 0.05).any()


@every_market
def test_every_curve_responds_in_the_right_direction(mineral: str, horizon: str) -> None:
    table = calibrated(mineral, horizon).market.activities
    power, linear = table.shape == Shape.POWER, table.shape == Shape.LINEAR
    assert (table.exponent[power & (table.role == Role.SUPPLY)] > 0).all()
    assert (table.exponent[power & (table.role == Role.DEMAND)] < 0).all()
    assert (table.width[linear] > 0).all()
    assert (table.upper >= table.lower).all()
    assert (table.lower >= 0).all()


@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_supply_responds_more_in_the_long_run(mineral: str) -> None:
    short, long = (calibrated(mineral, horizon).market.activities for horizon in HORIZONS)
    mines = [(table.role == Role.SUPPLY) & (table.shape == Shape.POWER) for table in (short, long)]
    assert long.exponent[mines[1]].max() >= short.exponent[mines[0]].max()
    assert not (long.role == Role.INVENTORY).any()


@pytest.mark.parametrize("mineral", WORLD.hosts)
def test_hosts_stand_before_their_byproducts(mineral: str) -> None:
    order = list(calibrate(WORLD.tables, WORLD.assumptions, SHORT, [mineral]).market.minerals)
    assert order[-1] == mineral
    assert set(order) >= set(WORLD.hosts[mineral])


def test_byproducts_that_wait_for_one_another_are_named() -> None:
    with pytest.raises(ValueError, match=r"cobalt.*copper|copper.*cobalt"):
        host_order({"cobalt": ["copper"], "copper": ["cobalt"]})


@pytest.mark.parametrize(("horizon", "share"), [("short", 0.9), ("long", 0.99)])
def test_a_loss_of_alumina_takes_gallium_along(horizon: str, share: float) -> None:
    """No gallium without alumina: it falls to what the alumina left can carry (much more in the long run)."""
    region = "CHN"
    loss = SupplyLoss(kind="supply_loss", region=region, share=share, mineral="aluminum", stage="mine")
    capped = {
        link.region: link.ratio * solved("aluminum", horizon, [loss]).output["aluminum", "mine", link.region]
        for link in calibrated("gallium", horizon).market.byproducts
        if link.host == "aluminum"
    }
    after = solved("gallium", horizon, [loss])
    made = {row["region"]: row["production"] for row in after.accounts.quantities}
    before = {row["region"]: row["production"] for row in base_solution("gallium", horizon).accounts.quantities}
    assert made[region] <= capped[region] * (1.0 + 1e-6)
    assert made[region] < before[region]
    assert after.state.price.max() > base_solution("gallium", horizon).state.price.max()


def test_a_loss_of_copper_caps_only_the_cobalt_that_comes_with_it() -> None:
    """Cobalt of a region with other hosts falls by no more than the part copper carries."""
    mineral, horizon = "cobalt", "short"
    link = next(link for link in calibrated(mineral, horizon).market.byproducts if link.region == "COD")
    loss = SupplyLoss(kind="supply_loss", region="COD", share=0.8, mineral="copper", stage="mine")
    copper = solved("copper", horizon, [loss])
    after = solved(mineral, horizon, [loss])
    tied = after.state.quantity[link.activity]
    assert tied <= link.ratio * copper.output["copper", "mine", "COD"] * (1.0 + 1e-6)
    assert tied < base_solution(mineral, horizon).state.quantity[link.activity]
    table = after.state.problem.table
    free = np.flatnonzero((table.role == Role.SUPPLY) & (table.shape == Shape.POWER))
    free = np.setdiff1d(free, [other.activity for other in calibrated(mineral, horizon).market.byproducts])
    before = base_solution(mineral, horizon).state.quantity
    assert (after.state.quantity[free] >= before[free] * (1.0 - 1e-6)).all()


@pytest.mark.parametrize("mineral", WORLD.hosts)
def test_a_host_does_not_respond_to_its_byproducts_price(mineral: str) -> None:
    """A loss of the by-product moves its own price and leaves its hosts untouched, since they never see it."""
    stage = WORLD.stages[mineral][0]
    base = base_solution(mineral, "short")
    largest = max(
        (row for row in base.accounts.quantities if row["stage"] == stage), key=lambda row: row["production"]
    )["region"]
    loss = SupplyLoss(kind="supply_loss", region=largest, share=0.5, mineral=mineral, stage=stage)
    assert solved(mineral, "short", [loss]).state.price.max() > base.state.price.max()
    for host in WORLD.hosts[mineral]:
        assert (solved(host, "short", [loss]).state.price == base_solution(host, "short").state.price).all()
