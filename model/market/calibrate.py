"""From the base year to a market that returns it exactly and responds smoothly.

1. Trade costs: freight and duties in force in the base year on every route.
2. Node prices that explain the base-year flows best (weighted least squares), their world mean the published price.
3. What is left on each used route is its residual; it stays there, so that the base year is an equilibrium (Paris,
   Drogue and Anania 2011). A residual far below zero is a subsidy that nobody pays: an estimated flow that needs one is
   dropped and the fit begins anew, a reported one is listed.
4. Route friction: the marginal cost of a used route rises with the log of its flow; an unused one opens at a margin.
   Friction makes trade respond by degrees; it is nobody's money, but buyers gain and lose by it (welfare.py).
5. Supply, recycling and use are isoelastic through the base point, refining responds to its margin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.market.base_year import BaseYear, StageBase, reconcile
from model.market.evidence import Regions
from model.market.flows import Unmatched, balance
from model.market.records import (
    NOWHERE,
    Activities,
    ByProduct,
    Market,
    MineralMarket,
    Node,
    NodeRole,
    Role,
    Shape,
    activities,
    host_order,
    join,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.assumptions import Assumptions
    from model.data import Tables
    from model.market.flows import Pairs
    from model.market.horizon import Horizon
    from model.market.records import Floats

LARGE_FREIGHT_STAGE = "mine"
MONTHS_PER_YEAR = 12


@dataclass(frozen=True)
class StageCosts:
    """Node prices and route costs of one stage [USD/t], by region or exporter x importer.

    ``supply_price`` and ``use_price`` are nan where nothing is supplied or used; ``duty`` is ad valorem on the landed
    value [share]; ``residual`` is what flows leave unexplained on used routes.
    """

    supply_price: Floats
    use_price: Floats
    freight: Floats
    duty: Floats
    residual: Floats


@dataclass(frozen=True)
class UnpaidFlow:
    """A flow [t/yr] whose price at arrival is below its costs by more than what is taken to be possible.

    ``loss`` is what somebody would have to add to every tonne, as a share of the stage's world price.
    """

    stage: str
    exporter: str
    importer: str
    quantity_t: float
    loss: float


@dataclass(frozen=True)
class CalibratedMineral:
    """A market with the base year it returns and the costs behind it.

    ``unpaid`` are flows that lose more than any seller would bear and yet stay, being reported or without another way;
    ``dropped`` are estimated ones that did, and are no part of the base year any more.
    """

    base: BaseYear
    costs: tuple[StageCosts, ...]
    market: MineralMarket
    unpaid: tuple[UnpaidFlow, ...]
    dropped: tuple[UnpaidFlow, ...]

    @property
    def adjustment(self) -> float:
        """Flow-weighted mean absolute residual, as a share of the price: how much the calibration had to bend."""
        bent = sum(
            float((np.abs(c.residual) * s.flow_t).sum()) / s.price_usd_per_t
            for c, s in zip(self.costs, self.base.stages, strict=True)
        )
        return bent / sum(float(s.flow_t.sum()) for s in self.base.stages)


def calibrate(
    tables: Tables, assumptions: Assumptions, horizon: Horizon, minerals: Sequence[str] | None = None
) -> Calibration:
    """All shipped markets (or the named ones with their hosts), hosts first."""
    hosts = byproduct_hosts(tables)
    names = list(market_ids(tables)) if minerals is None else _with_hosts(minerals, hosts)
    order = host_order({name: [host for host in hosts.get(name, {}) if host in names] for name in names})
    calibrated: dict[str, CalibratedMineral] = {}
    for mineral in order:
        bases = {name: part.base for name, part in calibrated.items()}
        calibrated[mineral] = calibrate_mineral(tables, assumptions, horizon, mineral, bases)
    regions = next(iter(calibrated.values())).base.regions
    return Calibration(Market(regions, {name: part.market for name, part in calibrated.items()}), calibrated)


@dataclass(frozen=True)
class Calibration:
    """The market of all minerals, and each mineral's base year and costs."""

    market: Market
    minerals: dict[str, CalibratedMineral]


def market_ids(tables: Tables) -> tuple[str, ...]:
    """Ids of the minerals that are markets of their own, in the order of their table."""
    rows = tables["minerals"]
    return tuple(rows[rows["kind"] == "market"]["id"])


def byproduct_hosts(tables: Tables) -> dict[str, dict[str, float]]:
    """Per by-product the hosts that are markets of their own, with the share of its supply that comes from each."""
    rows = tables["byproducts"]
    markets = market_ids(tables)
    rows = rows[(rows["measure"] == "share_from_host") & rows["host"].isin(markets) & rows["mineral"].isin(markets)]
    hosts: dict[str, dict[str, float]] = {}
    for mineral, host, share in zip(rows["mineral"], rows["host"], rows["value"].astype(float), strict=True):
        if share > 0 and host != mineral:
            hosts.setdefault(mineral, {})[host] = share
    return hosts


def _with_hosts(minerals: Sequence[str], hosts: dict[str, dict[str, float]]) -> list[str]:
    names = list(minerals)
    for name in names:
        names += [host for host in hosts.get(name, {}) if host not in names]
    return names


def calibrate_mineral(
    tables: Tables, assumptions: Assumptions, horizon: Horizon, mineral: str, hosts: dict[str, BaseYear]
) -> CalibratedMineral:
    """One mineral's market; ``hosts`` are the base years of the minerals it may be a by-product of."""
    base = reconcile(tables, mineral, assumptions)
    parts = [_paid(tables, assumptions, mineral, stage, base.regions) for stage in base.stages]
    base = replace(base, stages=tuple(stage for stage, _, _ in parts))
    costs = tuple(cost for _, cost, _ in parts)
    dropped = tuple(flow for _, _, flows in parts for flow in flows)
    most = assumptions.value("largest_loss_share", mineral)
    unpaid = tuple(
        flow for s, c in zip(base.stages, costs, strict=True) for flow in _flows(s, c, base.regions, _loses(s, c, most))
    )
    capacity = [published_capacity(tables, mineral, stage.stage) for stage in base.stages]
    builder = _Builder(base, costs, assumptions, horizon, capacity if horizon.plants_stand else None)
    for stage in range(len(base.stages)):
        builder.add_stage(stage)
    builder.link_hosts(byproduct_hosts(tables).get(mineral, {}), hosts)
    return CalibratedMineral(base, costs, builder.market(), unpaid, dropped)


def _paid(
    tables: Tables, assumptions: Assumptions, mineral: str, stage: StageBase, regions: tuple[str, ...]
) -> tuple[StageBase, StageCosts, list[UnpaidFlow]]:
    """A stage without estimated flows that lose too much, its costs, and what was dropped.

    Other estimates make up for them, so that output and use stay. The largest flow from and to each region is kept.
    """
    most = assumptions.value("largest_loss_share", mineral)
    dropped: list[UnpaidFlow] = []
    while True:
        costs = _stage_costs(tables, assumptions, mineral, stage, regions)
        flow_t = stage.flow_t
        main = (flow_t == flow_t.max(axis=1, keepdims=True)) | (flow_t == flow_t.max(axis=0, keepdims=True))
        drop = _loses(stage, costs, most) & ~stage.reported & ~main
        if not drop.any():
            return stage, costs, dropped
        try:
            fixed = np.where(stage.reported, flow_t, 0.0)
            rest, pattern = flow_t - fixed, np.where(drop, 0.0, flow_t - fixed)
            left = fixed + balance(pattern, rest.sum(axis=1), rest.sum(axis=0))
        except Unmatched:  # somebody has no other way to buy or sell
            return stage, costs, dropped
        dropped += _flows(stage, costs, regions, drop)
        stage = replace(stage, flow_t=left)


def _loses(stage: StageBase, costs: StageCosts, most: float) -> Pairs:
    """Flows between regions whose residual is a loss of more than a share of the price."""
    loses = costs.residual < -most * stage.price_usd_per_t
    np.fill_diagonal(loses, val=False)
    return loses


def _flows(stage: StageBase, costs: StageCosts, regions: tuple[str, ...], which: Pairs) -> list[UnpaidFlow]:
    loss = -costs.residual / stage.price_usd_per_t
    return [
        UnpaidFlow(stage.stage, regions[i], regions[j], float(stage.flow_t[i, j]), float(loss[i, j]))
        for i, j in zip(*np.nonzero(which), strict=True)
    ]


def duty_matrix(
    tables: Tables, assumptions: Assumptions, mineral: str, stage: str, regions: tuple[str, ...], column: str
) -> Floats:
    """Ad valorem duties [share], exporter x importer; a row that names its exporter wins over one for all.

    An importer without a row for all charges what is assumed where no rate was found.
    """
    rows = tables["tariffs"]
    rows = rows[(rows["mineral"] == mineral) & (rows["stage"] == stage)]
    duty = np.full((len(regions), len(regions)), assumptions.value("duty_not_found", mineral))
    position = {name: index for index, name in enumerate(regions)}
    for everyone in (True, False):
        for row in rows[(rows["exporter"] == "ALL") == everyone].itertuples():
            source = slice(None) if everyone else position[str(row.exporter)]
            duty[source, position[str(row.importer)]] = float(getattr(row, column))
    np.fill_diagonal(duty, 0.0)
    return duty


def _stage_costs(
    tables: Tables, assumptions: Assumptions, mineral: str, stage: StageBase, regions: tuple[str, ...]
) -> StageCosts:
    price = stage.price_usd_per_t
    freight = _freight(tables, assumptions, mineral, stage.stage, regions) * price
    duty = duty_matrix(tables, assumptions, mineral, stage.stage, regions, "ad_valorem_2024")
    supply, use = _node_prices(stage, freight, duty, assumptions.value("node_price_ridge", mineral))
    for region, inside in stage.price_inside.items():
        supply[regions.index(region)] = inside
        if np.isfinite(use[regions.index(region)]):
            use[regions.index(region)] = inside + freight[regions.index(region), regions.index(region)]
    gap = use[None, :] - supply[:, None] - freight - duty * (supply[:, None] + freight)
    return StageCosts(supply, use, freight, duty, np.where(stage.flow_t > 0, gap, 0.0))


def _freight(tables: Tables, assumptions: Assumptions, mineral: str, stage: str, regions: tuple[str, ...]) -> Floats:
    """Freight between and within regions as a share of the price, exporter x importer."""
    km = distance_matrix(tables, regions)
    share = (
        assumptions.value("freight_fixed_share", mineral)
        + assumptions.value("freight_per_10000_km_share", mineral) * km / 1e4
    )
    if stage == LARGE_FREIGHT_STAGE:
        share = share * assumptions.value("freight_bulk_ore_multiple", mineral)
    np.fill_diagonal(share, assumptions.value("freight_domestic_share", mineral))
    return share


def published_capacity(tables: Tables, mineral: str, stage: str) -> Floats:
    """Published yearly capacity by region [t]; NaN where a region is not one country or its country is not listed."""
    regions, rows = Regions.from_table(tables["regions"]), tables["capacity"]
    rows = rows[(rows["mineral"] == mineral) & (rows["stage"] == stage) & (rows["country"] != "")]
    capacity = np.full(len(regions.ids), np.nan)
    for country, quantity_t in zip(rows["country"], rows["quantity_t"], strict=True):
        position = regions.position_of_country.get(country)
        if position in regions.singles:
            capacity[position] = quantity_t
    return capacity


def distance_matrix(tables: Tables, regions: tuple[str, ...]) -> Floats:
    """Distances between regions [km], exporter x importer."""
    rows = tables["distances"]
    position = {name: index for index, name in enumerate(regions)}
    km = np.zeros((len(regions), len(regions)))
    km[rows["exporter"].map(position), rows["importer"].map(position)] = rows["distance_km"]
    return km


def _node_prices(stage: StageBase, freight: Floats, duty: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Prices at supply and use nodes that explain the flows best; their mean at use is the published price."""
    count = len(freight)
    price = stage.price_usd_per_t
    source, target = np.nonzero(stage.flow_t > 0)
    weight = stage.flow_t[source, target] / stage.flow_t.sum()
    markup = 1.0 + duty[source, target]
    normal = np.zeros((2 * count, 2 * count))
    right = np.zeros(2 * count)
    cost = freight[source, target] * markup
    np.add.at(normal, (source, source), weight * markup**2)
    np.add.at(normal, (count + target, count + target), weight)
    np.add.at(normal, (source, count + target), -weight * markup)
    np.add.at(normal, (count + target, source), -weight * markup)
    np.add.at(right, count + target, weight * cost)
    np.add.at(right, source, -weight * markup * cost)
    diagonal = np.arange(2 * count)
    strength = ridge * np.maximum(normal[diagonal, diagonal], 1e-9)
    normal[diagonal, diagonal] += strength
    solved = np.linalg.solve(normal, right + strength * price)
    supplied, used = stage.flow_t.sum(axis=1), stage.flow_t.sum(axis=0)
    supply = np.where(supplied > 0, solved[:count], np.nan)
    use = np.where(used > 0, solved[count:], np.nan)
    shift = price - float(np.nansum(use * used) / used.sum())
    return supply + shift, use + shift


class _Builder:
    """Collects nodes and activities of one mineral, stage by stage."""

    def __init__(
        self,
        base: BaseYear,
        costs: tuple[StageCosts, ...],
        assumptions: Assumptions,
        horizon: Horizon,
        capacity_t: Sequence[Floats] | None,
    ) -> None:
        self.base = base
        self.capacity_t = capacity_t
        self.costs = costs
        self.horizon = horizon
        self.assumptions = assumptions
        self.nodes: list[Node] = []
        self.price: list[float] = []
        self.parts: list[Activities] = []
        self.duties: list[Floats] = []
        self.byproducts: list[ByProduct] = []
        self.count = 0
        regions = len(base.regions)
        self.supply_node = np.full((len(base.stages), regions), NOWHERE)
        self.use_node = np.full((len(base.stages), regions), NOWHERE)

    def value(self, name: str) -> float:
        """An assumption of this mineral."""
        return self.assumptions.value(name, self.base.mineral)

    def add(self, part: Activities, duty: Floats | None = None) -> None:
        """Append activities with their duty in force."""
        self.parts.append(part)
        self.duties.append(np.zeros(len(part)) if duty is None else duty)
        self.count += len(part)

    def add_stage(self, stage: int) -> None:
        """Nodes and activities of one stage."""
        record, costs = self.base.stages[stage], self.costs[stage]
        for table, price, role in (
            (self.supply_node, costs.supply_price, NodeRole.SUPPLY),
            (self.use_node, costs.use_price, NodeRole.USE),
        ):
            for region in np.flatnonzero(np.isfinite(price)).tolist():
                table[stage, region] = len(self.nodes)
                self.nodes.append(Node(self.base.regions[region], record.stage, role))
                self.price.append(float(price[region]))
        refined_from_ore = stage > 0
        if refined_from_ore:
            self._add_refining(stage)
        else:
            self._add_supply(stage, record.production_t, self._most(stage, record.production_t))
        self._add_supply(stage, record.scrap_t, record.scrap_t * self.value(self.horizon.capacity_headroom))
        if stage == len(self.base.stages) - 1:
            self._add_use(stage)
        self._add_routes(stage)
        if self.horizon.moves_stocks:
            self._add_inventories(stage)

    def _most(self, stage: int, output: Floats) -> Floats:
        """What plants can make: a country's published capacity where plants stand as they are, else a multiple."""
        multiple: Floats = output * self.value(self.horizon.capacity_headroom)
        if self.capacity_t is None:
            return multiple
        published = self.capacity_t[stage]
        return np.where(np.isnan(published), multiple, np.maximum(published, output))

    def _add_supply(self, stage: int, output: Floats, most: Floats) -> None:
        where = np.flatnonzero(output > 0)
        if len(where):
            supply = activities(
                len(where),
                role=Role.SUPPLY,
                shape=Shape.POWER,
                region=where,
                node_out=self.supply_node[stage, where],
                level=self.costs[stage].supply_price[where],
                base=output[where],
                exponent=self.value(self.horizon.supply_elasticity),
                upper=most[where],
            )
            self.add(supply)

    def _add_refining(self, stage: int) -> None:
        """Refining: output rises with its margin, a small margin counted as a least share of the price."""
        assert self.base.refinery_t is not None
        where = np.flatnonzero(self.base.refinery_t > 0)
        output = self.base.refinery_t[where]
        ratio = 1.0 / self.base.recovery
        margin = self.costs[stage].supply_price[where] - ratio * self.costs[stage - 1].use_price[where]
        least = self.value("refining_margin_min") * self.base.stages[stage].price_usd_per_t
        slope = np.maximum(margin, least) / (output * self.value("refining_elasticity"))
        refining = activities(
            len(where),
            role=Role.PROCESS,
            shape=Shape.LINEAR,
            region=where,
            node_in=self.use_node[stage - 1, where],
            node_out=self.supply_node[stage, where],
            ratio=ratio,
            level=margin - slope * output,
            width=slope,
            upper=self._most(stage, self.base.refinery_t)[where],
        )
        self.add(refining)

    def _add_use(self, stage: int) -> None:
        use = self.base.stages[stage].use_t
        where = np.flatnonzero(use > 0)
        price = self.costs[stage].use_price[where]
        elasticity = self.value(self.horizon.demand_elasticity)
        choke = self.value("choke_price_multiple")
        inelastic = use[where] * choke**elasticity
        node = self.use_node[stage, where]
        demand = {"role": Role.DEMAND, "shape": Shape.POWER, "region": where, "node_in": node, "level": price}
        self.add(activities(len(where), base=use[where], exponent=elasticity, lower=inelastic, **demand))
        unserved = {"role": Role.UNSERVED, "shape": Shape.FLAT, "region": where, "node_out": node}
        self.add(activities(len(where), level=choke * price, upper=inelastic, **unserved))

    def _add_routes(self, stage: int) -> None:
        record, costs = self.base.stages[stage], self.costs[stage]
        sources, targets = (
            np.flatnonzero(self.supply_node[stage] != NOWHERE),
            np.flatnonzero(self.use_node[stage] != NOWHERE),
        )
        source, target = (grid.ravel() for grid in np.meshgrid(sources, targets, indexing="ij"))
        flow = record.flow_t[source, target]
        price, sigma = record.price_usd_per_t, self.value("friction_sigma")
        freight, residual, duty = (
            costs.freight[source, target],
            costs.residual[source, target],
            costs.duty[source, target],
        )
        landed = costs.supply_price[source] + freight
        gap = costs.use_price[target] - costs.supply_price[source] - duty * landed
        opening = np.maximum(freight, gap) + self.value("new_route_margin_share") * price
        supplied, used = record.flow_t.sum(axis=1), record.flow_t.sum(axis=0)
        small = self.value("new_route_scale_share") * np.minimum(supplied[source], used[target])
        is_used = flow > 0
        routes = activities(
            len(source),
            role=Role.ROUTE,
            shape=np.where(is_used, Shape.LOG, Shape.LOG1P),
            region=source,
            partner=target,
            node_in=self.supply_node[stage, source],
            node_out=self.use_node[stage, target],
            level=np.where(is_used, freight + residual, opening),
            width=price / sigma,
            base=np.where(is_used, flow, small),
            landed_cost=freight,
            friction=True,
        )
        self.add(routes, duty)

    def _add_inventories(self, stage: int) -> None:
        """Private inventories of the last stage, released as the price rises."""
        share = self.value("stock_release_share")
        if stage < len(self.base.stages) - 1 or share == 0:
            return
        use = self.base.stages[stage].use_t
        where = np.flatnonzero(use > 0)
        price = self.costs[stage].use_price[where]
        first, last = self.value("stock_release_start_price"), self.value("stock_release_full_price")
        releasable = share * use[where]
        inventories = activities(
            len(where),
            role=Role.INVENTORY,
            shape=Shape.LINEAR,
            region=where,
            node_out=self.use_node[stage, where],
            level=first * price,
            width=(last - first) * price / releasable,
            upper=releasable,
        )
        self.add(inventories)

    def link_hosts(self, shares: dict[str, float], hosts: dict[str, BaseYear]) -> None:
        """Cap the part of mine output that comes with each host by the host's output in the same region.

        Existing plants set the limit in the short run; in the long run the host carries a multiple of what is recovered
        today.
        """
        for host, share in shares.items():
            if host not in hosts:
                continue
            record = hosts[host].stages[0]
            only_byproduct = share == 1.0
            multiple = self.value(self.horizon.byproduct_capacity if only_byproduct else self.horizon.capacity_headroom)
            self._split_supply(host, record.stage, record.production_t, share, multiple)

    def _split_supply(self, host: str, stage: str, host_output: Floats, share: float, multiple: float) -> None:
        first = self.parts[0]
        tied = np.flatnonzero(host_output[first.region] > 0)
        if not len(tied):
            return
        part = {name: getattr(first, name)[tied] for name in first.__dataclass_fields__}
        own = first.base.copy()
        whole = own[tied].copy()
        output = own[tied] * share
        own[tied] *= 1.0 - share
        keep = own > 0
        free = {name: getattr(first, name)[keep] for name in first.__dataclass_fields__}
        scale_free = own[keep] / first.base[keep]
        free |= {"base": own[keep], "upper": first.upper[keep] * scale_free}
        most = output * (first.upper[tied] / whole if self.horizon.plants_stand else multiple)
        part |= {"base": output, "upper": most}
        rest = Activities(**free)
        self.parts[0] = join([rest, Activities(**part)])
        self.duties[0] = np.zeros(len(self.parts[0]))
        ratios = most / host_output[first.region[tied]]
        self.byproducts = [
            ByProduct(len(rest) + i, self.base.regions[region], host, stage, float(ratio))
            for i, (region, ratio) in enumerate(zip(first.region[tied].tolist(), ratios, strict=True))
        ]

    def market(self) -> MineralMarket:
        """The finished market."""
        last = self.base.stages[-1]
        price = np.array(self.price)
        is_supply = np.array([node.role == NodeRole.SUPPLY for node in self.nodes])
        stock_price = stock_most = None
        if self.horizon.moves_stocks:
            stock_price = np.where(is_supply, self.value("exporter_stockpile_price_share") * price, np.nan)
            stock_most = self._exports_t() * self.value("exporter_stockpile_months") / MONTHS_PER_YEAR
        return MineralMarket(
            mineral=self.base.mineral,
            regions=self.base.regions,
            stages=tuple(stage.stage for stage in self.base.stages),
            nodes=tuple(self.nodes),
            activities=join(self.parts),
            byproducts=tuple(self.byproducts),
            base_duty=np.concatenate(self.duties),
            price_scale=last.price_usd_per_t,
            quantity_scale=float(last.use_t.sum()),
            start_price=price,
            exporter_stock_price=stock_price,
            exporter_stock_most=stock_most,
        )

    def _exports_t(self) -> Floats:
        """What each node sold to other regions in the base year [t/yr]."""
        exports_t = np.zeros(len(self.nodes))
        for stage, at in zip(self.base.stages, self.supply_node, strict=True):
            sells = at != NOWHERE
            exports_t[at[sells]] = (stage.flow_t.sum(axis=1) - stage.flow_t.diagonal())[sells]
        return exports_t
