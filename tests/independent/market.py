"""A case file as its words say it: places, curves after shocks, routes and what is charged on them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import linprog

Content = dict[str, Any]
Node = tuple[str, str, str]
"""Region, mineral, stage."""
Way = tuple[str, str, str, str]
"""Mineral, stage, from, to."""
SAME = 1.0 + 1e-13
"""Prices within this factor differ by rounding, and what an endless offer would earn by that is nobody's."""


@dataclass
class Curve:
    """Quantity at every price, as ``least`` and ``most`` where a price leaves it open, times ``scale``."""

    content: Content
    demand: bool
    scale: float = 1.0
    limit: float = math.inf
    """Capacity, in the curve's own quantity before ``scale``; or the by-product limit, divided by it."""

    def ends(self, price: float) -> tuple[float, float]:
        """Least and most quantity at a price."""
        if price < 0:
            if self.demand:
                return self.ends(0.0)
            return 0.0, 0.0
        low, high = self._demanded(price) if self.demand else self._supplied(price)
        most = self.limit * self.scale
        return min(low * self.scale, most), min(high * self.scale, most)

    def _supplied(self, price: float) -> tuple[float, float]:
        curve = self.content
        kind = curve["kind"]
        capacity = math.inf if curve.get("capacity") is None else curve["capacity"]
        if kind == "steps":
            return (
                sum(q for p, q in curve["steps"] if p < price),
                sum(q for p, q in curve["steps"] if p <= price),
            )
        if kind == "fixed":
            return (0.0 if price <= 0 else curve["quantity"]), curve["quantity"]
        if kind == "isoelastic":
            quantity = min(curve["quantity"] * (price / curve["price"]) ** curve["elasticity"], capacity)
            return quantity, quantity
        if curve["slope"] > 0:
            quantity = min(max(0.0, (price - curve["price_at_zero"]) / curve["slope"]), capacity)
            return (0.0 if price <= 0 else quantity), quantity
        return (capacity if price > curve["price_at_zero"] else 0.0), (
            capacity if price >= curve["price_at_zero"] else 0.0
        )

    def _demanded(self, price: float) -> tuple[float, float]:
        curve = self.content
        kind = curve["kind"]
        choke = math.inf if curve.get("choke_price") is None else curve["choke_price"]
        if kind == "steps":
            return (
                sum(q for p, q in curve["steps"] if p > price),
                sum(q for p, q in curve["steps"] if p >= price),
            )
        if kind == "linear":
            quantity = max(0.0, (curve["price_at_zero"] - price) / curve["slope"])
            return quantity, quantity
        if kind == "fixed":
            quantity = curve["quantity"]
        elif price <= 0:
            quantity = math.inf
        else:
            quantity = curve["quantity"] * (price / curve["price"]) ** curve["elasticity"]
        return (quantity if price < choke else 0.0), (quantity if price <= choke else 0.0)

    def around(self, price: float, give: float) -> tuple[float, float]:
        """Least and most quantity at the prices within ``give`` of a price."""
        low, high = (price + give, price - give) if self.demand else (price - give, price + give)
        return self.ends(max(low, 0.0) if self.demand else low)[0], self.ends(high)[1]

    def kinks(self) -> list[float]:
        """Prices at which the curve jumps or bends."""
        curve = self.content
        if curve["kind"] == "steps":
            return [float(p) for p, _ in curve["steps"]]
        if curve["kind"] == "linear":
            bends = [float(curve["price_at_zero"])]
            if curve.get("capacity") is not None:
                bends.append(curve["price_at_zero"] + curve["slope"] * curve["capacity"])
            if self.limit < math.inf:
                bends.append(curve["price_at_zero"] + curve["slope"] * self.limit)
            return bends
        if curve["kind"] == "isoelastic":
            bends = [] if curve.get("choke_price") is None else [float(curve["choke_price"])]
            most = min(math.inf if curve.get("capacity") is None else curve["capacity"], self.limit)
            if not self.demand and 0 < most < math.inf:
                bends.append(curve["price"] * (most / curve["quantity"]) ** (1 / curve["elasticity"]))
            return bends
        return [] if curve.get("choke_price") is None else [float(curve["choke_price"])]

    def surplus(self, price: float) -> float | None:
        """Area between the curve and the price; ``None`` where it is unbounded, NaN where the format leaves it open."""
        return self._consumer_surplus(price) if self.demand else self._producer_surplus(price)

    def _consumer_surplus(self, price: float) -> float | None:
        curve, scale = self.content, self.scale
        kind, choke = curve["kind"], curve.get("choke_price")
        if kind == "steps":
            return scale * float(sum((p - price) * q for p, q in curve["steps"] if p > price * SAME))
        if kind == "linear":
            return float(scale * max(0.0, curve["price_at_zero"] - price) ** 2 / (2 * curve["slope"]))
        if kind == "fixed":
            return math.nan if choke is None else float(scale * max(0.0, choke - price) * curve["quantity"])
        elasticity = float(curve["elasticity"])
        constant = float(scale * curve["quantity"] / curve["price"] ** elasticity)
        if price <= 0 and elasticity <= -1:
            return None
        if choke is None:
            if elasticity >= -1:
                return None
            return -constant * float(price ** (1 + elasticity)) / (1 + elasticity)
        if price >= choke:
            return 0.0
        if elasticity == -1:
            return constant * math.log(choke / price)
        return constant * float(choke ** (1 + elasticity) - price ** (1 + elasticity)) / (1 + elasticity)

    def _producer_surplus(self, price: float) -> float:
        """Integral of the quantity from price zero, piece by piece between the kinks."""
        if price <= 0:
            return 0.0
        edges = sorted({0.0, price, *(kink for kink in self.kinks() if 0 < kink * SAME < price)})
        return sum(self._area(low, high) for low, high in pairwise(edges))

    def _area(self, low: float, high: float) -> float:
        """Integral between two neighbouring kinks: the quantity is constant, linear or a power in between."""
        middle = self.ends((low + high) / 2)[0]
        curve = self.content
        if curve["kind"] == "isoelastic":
            capacity = min(math.inf if curve.get("capacity") is None else curve["capacity"], self.limit)
            if middle < capacity * self.scale:
                top, bottom = self.ends(high)[0], self.ends(low)[0]
                return float((high * top - low * bottom) / (1 + curve["elasticity"]))
        return middle * (high - low)


@dataclass
class Trader:
    """A supply or demand entry, its curve after shocks."""

    node: Node
    curve: Curve
    host: Content | None = None
    label: str = ""


@dataclass
class Process:
    """Processing in a region: from one node to another."""

    source: Node
    target: Node
    recovery: float
    cost: float
    capacity: float


@dataclass
class Charge:
    """A duty of one tariff or rate: specific plus ad valorem on a value, or the larger of the two."""

    specific: float = 0.0
    ad_valorem: float = 0.0
    greater_of: bool = False

    def at(self, value: float) -> float:
        share = self.ad_valorem * value
        return max(self.specific, share) if self.greater_of else self.specific + share


@dataclass
class Route:
    """One way between two regions, with everything the agreement and the shocks lay on it."""

    way: Way
    cost: float
    slope: float
    capacity: float
    """Zero under a ban."""
    tariffs: list[Charge] = field(default_factory=list)
    export_taxes: list[Charge] = field(default_factory=list)
    quotas: list[int] = field(default_factory=list)
    trqs: list[int] = field(default_factory=list)
    levied: bool = False
    """Whether the levy of the importer reaches it: from a non-party to a party."""
    committed: float = 0.0
    """Smallest flow that offtakes ask for, before what cannot be delivered is excused."""

    @property
    def source(self) -> Node:
        return self.way[2], self.way[0], self.way[1]

    @property
    def target(self) -> Node:
        return self.way[3], self.way[0], self.way[1]

    def freight(self, flow: float) -> float:
        return self.cost + self.slope * flow

    def tariff(self, value: float) -> float:
        return sum(charge.at(value) for charge in self.tariffs)

    def export_tax(self, price: float) -> float:
        return sum(charge.at(price) for charge in self.export_taxes)


@dataclass
class Buffer:
    """A buffer stock of one party, from one floor."""

    node: Node
    floor: float
    budget: float
    ceiling: float
    stock: float


@dataclass
class CaseMarket:
    """Everything of a case, by place."""

    content: Content
    regions: list[str]
    parties: set[str]
    nodes: list[Node]
    supply: list[Trader]
    demand: list[Trader]
    processes: list[Process]
    routes: list[Route]
    caps: dict[Node, float]
    buffers: list[Buffer]
    stockpiles: list[tuple[Node, float, float]]
    """Place, quantity and price of release."""
    cfds: dict[Node, float]
    levies: dict[Node, list[tuple[int, float, float]]]
    """Per party and stage: floor's index, price and cap."""

    @property
    def agreement(self) -> Content:
        return self.content.get("agreement") or {}

    def typical_price(self, mineral: str) -> float:
        prices = [abs(k) for t in (*self.supply, *self.demand) if t.node[1] == mineral for k in t.curve.kinks()]
        prices += [t.curve.content["price"] for t in (*self.supply, *self.demand) if "price" in t.curve.content]
        positive = [price for price in prices if price > 0]
        return float(np.median(positive)) if positive else 1.0


def read(content: Content) -> CaseMarket:
    """The case's places, curves and routes, with shocks and instruments laid on."""
    regions = [region["id"] for region in content["regions"]]
    parties = {region["id"] for region in content["regions"] if region.get("party")}
    shocks = content.get("shocks") or []
    agreement = content.get("agreement") or {}

    def at(item: Content, name: str = "region") -> Node:
        return item[name], item["mineral"], item["stage"]

    kept: dict[Node, float] = {}
    grown: dict[Node, float] = {}
    caps: dict[Node, float] = {}
    banned: set[Way] = set()
    for shock in shocks:
        if shock["kind"] == "supply_loss":
            kept[at(shock)] = kept.get(at(shock), 1.0) * (1 - shock["share"])
        elif shock["kind"] == "demand_change":
            grown[at(shock)] = grown.get(at(shock), 1.0) * (1 + shock["share"])
        elif shock["kind"] == "supply_cap":
            caps[at(shock)] = min(caps.get(at(shock), math.inf), shock["quantity"])
        else:
            banned |= {(shock["mineral"], shock["stage"], shock["exporter"], name) for name in shock["importers"]}

    supply = [
        Trader(at(item), Curve(item["curve"], demand=False, scale=kept.get(at(item), 1.0)), item.get("byproduct_of"))
        for item in content.get("supply") or []
    ]
    demand = [
        Trader(at(item), Curve(item["curve"], demand=True, scale=grown.get(at(item), 1.0)))
        for item in content.get("demand") or []
    ]
    processes = []
    for item in content.get("processing") or []:
        target = (item["region"], item["mineral"], item["to"])
        capacity = math.inf if item.get("capacity") is None else item["capacity"] * kept.get(target, 1.0)
        processes.append(
            Process(
                (item["region"], item["mineral"], item["from"]),
                target,
                item.get("recovery", 1.0),
                item.get("cost", 0.0),
                capacity,
            )
        )
    routes = [_route(item, agreement, parties, banned) for item in content.get("routes") or []]
    places = [trader.node for trader in (*supply, *demand)]
    places += [node for process in processes for node in (process.source, process.target)]
    places += [node for route in routes for node in (route.source, route.target)]
    buffers, cfds, levies = _floors(agreement)
    stockpiles = [
        (at(item, "party"), item["quantity"], item["release_above"]) for item in agreement.get("stockpiles") or []
    ]
    return CaseMarket(
        content,
        regions,
        parties,
        list(dict.fromkeys(places)),
        supply,
        demand,
        processes,
        routes,
        caps,
        buffers,
        stockpiles,
        cfds,
        levies,
    )


def _route(item: Content, agreement: Content, parties: set[str], banned: set[Way]) -> Route:
    way = (item["mineral"], item["stage"], item["from"], item["to"])
    capacity = math.inf if item.get("capacity") is None else item["capacity"]
    route = Route(way, item.get("cost", 0.0), item.get("cost_slope", 0.0), 0.0 if way in banned else capacity)

    def touches(measure: Content) -> bool:
        return (
            (measure["mineral"], measure["stage"]) == way[:2]
            and way[3] in measure["importers"]
            and way[2] in measure.get("exporters", [measure.get("exporter")])
        )

    route.trqs = [i for i, measure in enumerate(agreement.get("trqs") or []) if touches(measure)]
    route.quotas = [i for i, measure in enumerate(agreement.get("quotas") or []) if touches(measure)]
    if not route.trqs:
        route.tariffs = [
            Charge(m.get("specific", 0.0), m.get("ad_valorem", 0.0), m.get("greater_of", False))
            for m in agreement.get("tariffs") or []
            if touches(m)
        ]
    route.export_taxes = [
        Charge(m.get("specific", 0.0), m.get("ad_valorem", 0.0))
        for m in agreement.get("export_taxes") or []
        if touches(m)
    ]
    route.levied = way[3] in parties and way[2] not in parties
    route.committed = sum(
        (
            m["quantity"]
            for m in agreement.get("offtakes") or []
            if (m["mineral"], m["stage"], m["producer"], m["buyer"]) == way
        ),
        0.0,
    )
    return route


def _floors(
    agreement: Content,
) -> tuple[list[Buffer], dict[Node, float], dict[Node, list[tuple[int, float, float]]]]:
    buffers: list[Buffer] = []
    cfds: dict[Node, float] = {}
    levies: dict[Node, list[tuple[int, float, float]]] = {}
    for index, floor in enumerate(agreement.get("floors") or []):
        mechanism = floor.get("mechanism", "variable_levy")
        for party in dict.fromkeys(floor["parties"]):
            node = (party, floor["mineral"], floor["stage"])
            if mechanism == "cfd":
                cfds[node] = max(cfds.get(node, 0.0), floor["price"])
            elif mechanism == "buffer_stock":
                budget, ceiling = floor.get("budget"), floor.get("ceiling")
                buffers.append(
                    Buffer(
                        node,
                        floor["price"],
                        math.inf if budget is None else budget,
                        math.inf if ceiling is None else ceiling,
                        floor.get("stock", 0.0) if ceiling is not None else 0.0,
                    )
                )
            else:
                cap = floor.get("levy_cap")
                levies.setdefault(node, []).append((index, floor["price"], math.inf if cap is None else cap))
    return buffers, cfds, levies


def duty(rate: Content, value: float) -> float:
    """A TRQ's duty at one of its two rates."""
    return float(rate.get("specific", 0.0) + rate.get("ad_valorem", 0.0) * value)


@dataclass(frozen=True)
class Delivery:
    """What can be delivered of a commitment."""

    must: float
    """Of goods that the buyer has not had before, each commitment alone."""
    together: float
    """The same with all commitments at once; where it is less, the format does not say who goes short."""
    may: float
    """Also of goods that the buyer sends away first, so that they come back."""


NO_DELIVERY = Delivery(0.0, 0.0, 0.0)


def deliverable(market: CaseMarket) -> dict[Way, Delivery]:
    """Per route with a commitment, what can be delivered of it. What arrives counts as used up: nothing goes round."""
    committed = [route for route in market.routes if route.committed > 0]
    if not committed:
        return {}
    may = {route.way: _most(market, [route])[route.way] for route in committed}
    must = {route.way: _most(market, [route], new_to_the_buyer=True)[route.way] for route in committed}
    together = _most(market, committed)
    short = sum(together.values()) < sum(may.values()) * (1 - 1e-7)
    return {
        way: Delivery(max(0.0, least), max(0.0, min(least, together[way]) if short else least), max(0.0, may[way]))
        for way, least in must.items()
    }


BIG = 1e15
DEAREST = 1e4
"""Isoelastic use without choke price must find what it still wants at so many times its reference price."""
PLENTY = 1e5
"""As good as unlimited, in multiples of the largest commitment."""


def servable(market: CaseMarket, *, after_commitments: bool = False) -> bool:
    """Whether use that no price chokes off can be served: all fixed quantities at once, and some of every other.

    All there is, or what is left of it once the offtakes are kept.
    """
    wanted: list[tuple[Node, float]] = []
    for trader in market.demand:
        curve = trader.curve.content
        if curve.get("choke_price") is None and curve["kind"] in {"fixed", "isoelastic"} and trader.curve.scale > 0:
            share = 1.0 if curve["kind"] == "fixed" else DEAREST ** curve["elasticity"]
            wanted.append((trader.node, share * curve["quantity"] * trader.curve.scale))
    wanted = [(node, quantity) for node, quantity in wanted if quantity > 0]
    if not wanted:
        return True
    network = _network(market, size=sum(quantity for _, quantity in wanted))
    whole = dict.fromkeys(network.row.values(), 0.0)
    for node, quantity in wanted:
        whole[network.row[node]] -= quantity / network.size
    if after_commitments:
        kept = deliverable(market)
        for route in market.routes:
            if route.way in kept:
                whole[network.row[route.source]] -= kept[route.way].must / network.size
                whole[network.row[route.target]] += kept[route.way].must / network.size
    network.columns.append((whole, network.size))
    served = network.most([len(network.columns) - 1])
    return served is not None and served[0] >= network.size * (1 - 1e-7)


def endless(market: CaseMarket) -> bool:
    """Whether a floor pays for any quantity that somebody offers without limit below it.

    True for a buffer stock without budget, or a CfD, above the cost at which flat supply without capacity, shipped and
    processed without limit, arrives: then more is always bought or made and no quantities are an equilibrium.
    """
    cost: dict[Node, float] = {}
    made: dict[Node, float] = {}
    for trader in market.supply:
        curve = trader.curve
        flat = curve.content["kind"] == "linear" and curve.content["slope"] == 0 and _largest(curve) == math.inf
        if flat and trader.node not in market.caps and trader.host is None:
            made[trader.node] = min(made.get(trader.node, math.inf), curve.content["price_at_zero"])
    for _ in range(2 * len(market.nodes)):
        for process in market.processes:
            if process.capacity == math.inf and process.source in cost and process.target not in market.caps:
                own = cost[process.source] / process.recovery + process.cost
                made[process.target] = min(made.get(process.target, math.inf), own)
        for node, price in made.items():
            cost[node] = min(cost.get(node, math.inf), max(price, 0.0))
        for route in market.routes:
            if route.source in cost and _unlimited(market, route):
                landed = cost[route.source] + route.cost
                charge = route.tariff(landed) + route.export_tax(cost[route.source])
                for index in route.trqs:
                    charge += duty(market.agreement["trqs"][index].get("over_quota") or {}, landed)
                cost[route.target] = min(cost.get(route.target, math.inf), landed + charge)
    stocks = any(
        buffer.budget == math.inf and cost.get(buffer.node, math.inf) < buffer.floor for buffer in market.buffers
    )
    return stocks or any(made.get(node, math.inf) < floor for node, floor in market.cfds.items())


def _unlimited(market: CaseMarket, route: Route) -> bool:
    return (
        route.capacity == math.inf
        and route.slope == 0
        and not route.quotas
        and not (route.levied and route.target in market.levies)
    )


@dataclass
class _Network:
    """What can be made and shipped at most: columns of changes at places with their limits, and joint limits."""

    row: dict[Node, int]
    size: float
    columns: list[tuple[dict[int, float], float]] = field(default_factory=list)
    pools: list[tuple[list[int], float]] = field(default_factory=list)
    way: dict[Way, int] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    """What use that no price chokes off takes at a place before anything else."""

    def most(self, wanted: list[int]) -> list[float] | None:
        """Largest sum of some columns, column by column."""
        matrix = np.zeros((len(self.row) + len(self.pools), len(self.columns)))
        limit = np.zeros(len(matrix))
        for row, quantity in self.first.items():
            limit[row] = -quantity / self.size
        for column, (change, _) in enumerate(self.columns):
            for row, value in change.items():
                matrix[row, column] = -value
        for number, (members, most) in enumerate(self.pools):
            matrix[len(self.row) + number, members] = 1.0
            limit[len(self.row) + number] = min(most / self.size, PLENTY)
        gain = np.zeros(len(self.columns))
        gain[wanted] = -1.0
        bounds = [(0.0, min(most / self.size, PLENTY)) for _, most in self.columns]
        found = linprog(gain, A_ub=matrix, b_ub=limit, bounds=bounds, method="highs")
        return None if found.x is None else [float(found.x[column]) * self.size for column in wanted]


def _network(market: CaseMarket, size: float, committed: tuple[Route, ...] = ()) -> _Network:
    """The market's physical limits; what arrives on committed routes counts as used up."""
    network = _Network({node: row for row, node in enumerate(market.nodes)}, size)
    nodes, columns = network.row, network.columns
    makers: dict[Node, list[int]] = {}
    for trader in market.supply:
        makers.setdefault(trader.node, []).append(len(columns))
        columns.append(({nodes[trader.node]: 1.0}, _largest(trader.curve)))
    for node, quantity, _ in market.stockpiles:
        if node in nodes:
            columns.append(({nodes[node]: 1.0}, quantity))
    for buffer in market.buffers:
        if buffer.node in nodes:
            columns.append(({nodes[buffer.node]: 1.0}, buffer.stock))
    for process in market.processes:
        makers.setdefault(process.target, []).append(len(columns))
        columns.append(({nodes[process.source]: -1 / process.recovery, nodes[process.target]: 1.0}, process.capacity))
    network.pools = [(makers[node], cap) for node, cap in market.caps.items() if node in makers]
    pools: dict[int, list[int]] = {}
    wanted = {route.way for route in committed}
    for route in market.routes:
        change = {nodes[route.source]: -1.0}
        most = route.capacity
        if route.way in wanted:
            most = min(most, route.committed)
        else:
            change[nodes[route.target]] = 1.0
        network.way[route.way] = len(columns)
        for quota in route.quotas:
            pools.setdefault(quota, []).append(len(columns))
        columns.append((change, most))
    for quota, members in pools.items():
        network.pools.append((members, market.agreement["quotas"][quota]["quantity"]))
    return network


def _most(market: CaseMarket, committed: list[Route], *, new_to_the_buyer: bool = False) -> dict[Way, float]:
    """Most that the committed routes can carry together, each up to its commitment; fixed use comes first."""
    network = _network(market, max(route.committed for route in committed), tuple(committed))
    for trader in market.demand:
        curve = trader.curve.content
        if curve["kind"] == "fixed" and curve.get("choke_price") is None:
            row = network.row[trader.node]
            network.first[row] = network.first.get(row, 0.0) + curve["quantity"] * trader.curve.scale
    if new_to_the_buyer:
        buyers = {network.row[route.target] for route in committed}
        for column, (change, _) in enumerate(network.columns):
            if any(change.get(buyer, 0.0) < 0 for buyer in buyers):
                network.columns[column] = (change, 0.0)
    found = network.most([network.way[route.way] for route in committed])
    if found is None:  # fixed use cannot be served: of what is new to the buyer, nothing is sure
        return {route.way: 0.0 if new_to_the_buyer else route.committed for route in committed}
    return {route.way: min(route.committed, most) for route, most in zip(committed, found, strict=True)}


def _largest(curve: Curve) -> float:
    if curve.content["kind"] in {"linear", "isoelastic"} and curve.content.get("capacity") is None:
        return min(math.inf, curve.limit * curve.scale) if curve.scale > 0 else 0.0
    return curve.ends(BIG)[1]
