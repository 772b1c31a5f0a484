"""How well the model returns the year it is calibrated to, mineral by mineral.

The base year is solved, not looked up: base-year duties, no export control, no shock, no agreement. What comes out is
held against the reconciled base year (prices, output, use, flows) and figures of the US Geological Survey. Where such a
figure went into the base year, agreeing with it proves nothing: column ``independent`` says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from model.equilibrium import solve
from model.instruments import Agreement
from model.market.base_year import import_shares, net_import_reliance
from model.market.calibrate import calibrate
from model.market.evidence import REPORTER
from model.market.horizon import SHORT
from model.market.records import Role
from model.problem import ROUNDING
from model.words.names import Names
from model.words.numbers import counted, percent, tonnes

if TYPE_CHECKING:
    from model.market.base_year import BaseYear, StageBase
    from model.market.calibrate import CalibratedMineral
    from model.market.records import Floats, Integers
    from model.problem import State
    from model.world import World

    Row = dict[str, Any]

NOTABLE_GAP = 0.03
"""Difference to a published share above which a note states it, even where the tolerance allows it [share]."""


def calibration_table(world: World) -> pd.DataFrame:
    """The rows of :func:`calibration_rows` as a table, one line per mineral."""
    return pd.DataFrame(calibration_rows(world))


def calibration_rows(world: World) -> list[Row]:
    """One row per mineral, in the order of the minerals' table; None where nothing is published.

    =========================  ===================================================================================
    key                        meaning
    =========================  ===================================================================================
    ``price_dev``              largest relative deviation of a node's price from the base year
    ``production_dev``         the same for output by region and stage, recycling included
    ``consumption_dev``        the same for use, by region and stage
    ``flow_dev``               the same for flows, home supply included
    ``adjustment``             flow-weighted mean cost that calibration adds to routes [share of the price]
    ``unpaid``                 number of flows kept that lose more than is taken to be possible; ``note`` lists them
    ``us_nir``                 net import reliance of the United States, solved [share]
    ``us_nir_published``       the same as published [share]; a bound where ``note`` says so
    ``top_source``             largest published source of US imports; the model's own largest if none is published
    ``top_source_share``       its share in US imports, solved [share]
    ``top_source_published``   its share as published [share]
    ``independent``            which published figures were no input: "yes" (both), "reliance", "source" or "no"
    ``note``                   bounds and notable gaps, flows that cost more than they bring, then what the base year
                               had to assume
    =========================  ===================================================================================

    Raises:
        SolveError: when a base year is not proved to be an equilibrium.
    """
    calibration = calibrate(world.tables, world.assumptions, SHORT)
    solved = solve(calibration.market, frozenset(), Agreement(), [])
    published, names = world.tables["published_checks"], Names(world.tables)
    published = published[published["region"] == REPORTER]
    return [
        _row(calibration.minerals[mineral], solved.states[mineral], published[published["mineral"] == mineral], names)
        for mineral in world.minerals
    ]


def flows_at_a_loss(part: CalibratedMineral, names: Names) -> list[str]:
    """A sentence for every flow kept that loses more than is taken to be possible, and one on those dropped."""
    mineral = part.base.mineral
    sentences = [
        f"Kept, though it loses {percent(flow.loss)} of the price: {names.product(mineral, flow.stage)} from "
        f"{names.the_region(flow.exporter)} to {names.the_region(flow.importer)}, {tonnes(flow.quantity_t)}."
        for flow in part.unpaid
    ]
    if part.dropped:
        dropped_t = sum(flow.quantity_t for flow in part.dropped)
        moved_t = sum(float(stage.flow_t.sum()) for stage in part.base.stages)
        count = counted(len(part.dropped), "estimated flow", "estimated flows")
        sentences.append(f"Dropped because they lose too much: {count}, {percent(dropped_t / moved_t)} of all tonnes.")
    return sentences


def _row(part: CalibratedMineral, state: State, published: pd.DataFrame, names: Names) -> Row:
    base = part.base
    found = _base_year_of(state, base)
    pairs = list(zip(found.stages, base.stages, strict=True))
    price = state.problem.market.start_price
    assert price is not None
    return {
        "mineral": base.mineral,
        "price_dev": _deviation(state.price, price),
        "production_dev": max(_deviation(_output(a), _output(b)) for a, b in pairs),
        "consumption_dev": max(_deviation(a.use_t, b.use_t) for a, b in pairs),
        "flow_dev": max(_deviation(a.flow_t, b.flow_t) for a, b in pairs),
        "adjustment": part.adjustment,
        "unpaid": len(part.unpaid),
        **_against_published(found, published),
        "note": " ".join([*_gaps(found, published, names), *flows_at_a_loss(part, names), *base.notes]),
    }


def _base_year_of(state: State, base: BaseYear) -> BaseYear:
    """The solved quantities in the form of a base year. Recycling keeps its share in each region's output."""
    stages = [_stage_of(state, position, stage) for position, stage in enumerate(base.stages)]
    return replace(base, stages=tuple(stages))


def _stage_of(state: State, position: int, base: StageBase) -> StageBase:
    table, market = state.problem.table, state.problem.market
    stage_of_node = np.array([market.stages.index(node.stage) for node in market.nodes])
    routes = np.flatnonzero(table.role == Role.ROUTE)
    routes = routes[stage_of_node[table.node_in[routes]] == position]
    flow_t = np.zeros_like(base.flow_t)
    np.add.at(flow_t, (table.region[routes], table.partner[routes]), state.quantity[routes])
    output_t = _delivered(state, stage_of_node, position)
    recycled = np.divide(base.scrap_t, _output(base), out=np.zeros_like(output_t), where=_output(base) > 0)
    return replace(
        base,
        production_t=output_t * (1.0 - recycled),
        scrap_t=output_t * recycled,
        use_t=_taken(state, stage_of_node, position),
        flow_t=flow_t,
    )


def _delivered(state: State, stage_of_node: Integers, position: int) -> Floats:
    """Output of a stage by region: mines, refineries and recycling."""
    table = state.problem.table
    makers = np.flatnonzero(np.isin(table.role, (Role.SUPPLY, Role.PROCESS)))
    makers = makers[stage_of_node[table.node_out[makers]] == position]
    return _by_region(state, makers, state.quantity[makers])


def _taken(state: State, stage_of_node: Integers, position: int) -> Floats:
    """Use of a stage by region: what final users get, or what refineries take in."""
    table = state.problem.table
    users = np.flatnonzero(np.isin(table.role, (Role.DEMAND, Role.PROCESS)))
    users = users[stage_of_node[table.node_in[users]] == position]
    unserved = np.flatnonzero(table.role == Role.UNSERVED)
    unserved = unserved[stage_of_node[table.node_out[unserved]] == position]
    wanted = _by_region(state, users, state.quantity[users] * table.ratio[users])
    return wanted - _by_region(state, unserved, state.quantity[unserved])


def _by_region(state: State, which: Integers, amount: Floats) -> Floats:
    regions = len(state.problem.market.regions)
    return np.bincount(state.problem.table.region[which], amount, regions).astype(np.float64)


def _output(stage: StageBase) -> Floats:
    return stage.production_t + stage.scrap_t


def _deviation(found: Floats, expected: Floats) -> float:
    """Largest relative difference beyond rounding; where nothing is expected, relative to all expected elsewhere."""
    scale = np.where(expected > 0, expected, expected.sum())
    largest = float(np.max(np.abs(found - expected) / scale))
    return largest if largest > ROUNDING else 0.0


def _against_published(found: BaseYear, published: pd.DataFrame) -> Row:
    reliance = published[published["measure"] == "net_import_reliance"]
    sources = published[published["measure"] == "import_share"].sort_values("value", ascending=False)
    shares = import_shares(found, REPORTER)
    top = next(iter(shares), None) if sources.empty else str(sources["partner"].iloc[0])
    return {
        "us_nir": net_import_reliance(found, REPORTER),
        "us_nir_published": _first(reliance),
        "top_source": top,
        "top_source_share": None if top is None else shares.get(top, 0.0),
        "top_source_published": _first(sources),
        "independent": _independent(_is_independent(reliance), _is_independent(sources)),
    }


def _first(rows: pd.DataFrame) -> float | None:
    return None if rows.empty else float(rows["value"].iloc[0])


def _is_independent(rows: pd.DataFrame) -> bool:
    return bool(len(rows)) and bool(rows["independent"].all())


def _independent(reliance: bool, sources: bool) -> str:
    if reliance and sources:
        return "yes"
    if reliance:
        return "reliance"
    return "source" if sources else "no"


def _gaps(found: BaseYear, published: pd.DataFrame, names: Names) -> list[str]:
    """A sentence for every published figure that is a bound or differs notably, and one where there is no figure."""
    if published.empty:
        return ["No published figure counts the same product."]
    shares = import_shares(found, REPORTER)
    sentences: list[str] = []
    rows: list[Any] = published.to_dict("records")
    for row in rows:
        is_reliance = row["measure"] == "net_import_reliance"
        name = "US net import reliance" if is_reliance else f"Share of {names.the_region(row['partner'])} in US imports"
        ours = net_import_reliance(found, REPORTER) if is_reliance else shares.get(row["partner"], 0.0)
        sentences += _gap(name, ours, row)
    return sentences


def _gap(name: str, ours: float, row: Row) -> list[str]:
    if row["comparison"] != "equal":
        words = row["comparison"].replace("_", " ")
        return [f"{name} is published as {words} {percent(row['value'])}."]
    gap = abs(ours - row["value"])
    if gap <= NOTABLE_GAP:
        return []
    allowed = f"{'within' if gap <= row['tolerance'] else 'beyond'} the tolerance of {row['tolerance']:g}"
    return [f"{name} is {percent(ours)}, published {percent(row['value'])} for {row['period']} ({allowed})."]
