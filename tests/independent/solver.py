"""A second solver for small markets: successive linear complementarity, each solved by Lemke's pivoting.

Prices stand against balances, quantities against profits, rents against limits, a levy against the gap between price
and floor. Ad valorem duties, CfDs, TRQs and levies are linear in these unknowns. Isoelastic curves and budgets are
replaced by their tangents at the last solution until nothing moves. A levy that no price can satisfy reaches
``HIGHEST`` and is then replaced by an end of arrivals; the levy that does so is found by bisection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

import numpy as np

from tests.independent.lemke import lemke
from tests.independent.market import NO_DELIVERY, CaseMarket, Content, Curve, Node, Route, Way, deliverable, read

HIGHEST = 50.0
"""Levy at which every arrival has ended, in multiples of the highest price any curve knows."""
STEPS = 120
SAME = 1e-9
ROUNDS = 12
STARTS = 16


class NoEquilibriumFound(Exception):
    """Pivoting ended on a ray, or the tangents did not settle."""


def _most(curve: Curve) -> float:
    """Capacity of an isoelastic supply curve, by-product limit included."""
    capacity = curve.content.get("capacity")
    return min(math.inf if capacity is None else capacity, curve.limit) * curve.scale


@dataclass
class Mode:
    """What holds for the levy of one party and stage: a level, a floor with a cap, or an end of arrivals."""

    fixed: float | None = None
    floor: float = 0.0
    cap: float = math.inf
    ended: bool = False


@dataclass
class Solution:
    """Quantities and prices of one mineral."""

    price: dict[Node, float] = field(default_factory=dict)
    support: dict[Node, float] = field(default_factory=dict)
    supply: dict[int, float] = field(default_factory=dict)
    demand: dict[int, float] = field(default_factory=dict)
    process: dict[int, float] = field(default_factory=dict)
    flow: dict[Way, float] = field(default_factory=dict)
    inside: dict[Way, float] = field(default_factory=dict)
    bought: dict[int, float] = field(default_factory=dict)
    sold: dict[int, float] = field(default_factory=dict)
    stock: dict[int, float] = field(default_factory=dict)
    rent: dict[tuple[str, int], float] = field(default_factory=dict)
    levy: dict[Node, float] = field(default_factory=dict)
    cap_rent: dict[Node, float] = field(default_factory=dict)


Key = tuple[Any, ...]


class _Lcp:
    """Unknowns by name; each row says what must not be negative, and is zero where its unknown is not."""

    def __init__(self) -> None:
        self.index: dict[Key, int] = {}
        self.unit: list[float] = []
        self.row_unit: list[float] = []
        self.entries: list[tuple[Key, Key, float]] = []
        self.constant: dict[Key, float] = {}

    def add(self, key: Key, unit: float, row_unit: float, constant: float = 0.0) -> Key:
        self.index[key] = len(self.index)
        self.unit.append(unit)
        self.row_unit.append(row_unit)
        self.constant[key] = constant
        return key

    def put(self, row: Key, column: Key, value: float) -> None:
        self.entries.append((row, column, value))

    def solve(self) -> dict[Key, float]:
        count = len(self.index)
        matrix, constant = np.zeros((count, count)), np.zeros(count)
        unit, row_unit = np.array(self.unit), np.array(self.row_unit)
        for row, column, value in self.entries:
            matrix[self.index[row], self.index[column]] += value
        for key, value in self.constant.items():
            constant[self.index[key]] = value
        matrix = matrix * unit[None, :] / row_unit[:, None]
        found = lemke(matrix, constant / row_unit)
        if found is None:
            raise NoEquilibriumFound("pivoting ended on a ray")
        return {key: float(found[i] * unit[i]) for key, i in self.index.items()}


class _Mineral:
    """The programme of one mineral under given modes of its levies."""

    def __init__(self, market: CaseMarket, mineral: str, modes: dict[Node, Mode]) -> None:
        self.market, self.mineral, self.modes = market, mineral, modes
        self.nodes = [node for node in market.nodes if node[1] == mineral]
        self.least = {way: own.together for way, own in deliverable(market).items()}
        self.prices = market.typical_price(mineral)
        self.top = max(
            [abs(k) for t in (*market.supply, *market.demand) for k in t.curve.kinks()]
            + [t.curve.content.get("price", 0.0) * 20 for t in (*market.supply, *market.demand)]
            + [floor for floors in market.levies.values() for _, floor, _ in floors]
            + [b.floor for b in market.buffers]
            + list(market.cfds.values())
            + [self.prices]
        )
        self.size = self._sizes()
        self.point: dict[Key, float] = {}

    def _sizes(self) -> dict[Node, float]:
        """A usual quantity of each place."""
        own: dict[Node, list[float]] = {node: [] for node in self.nodes}
        for trader in (*self.market.supply, *self.market.demand):
            if trader.node in own:
                curve = trader.curve.content
                if curve["kind"] == "linear" and curve["slope"] > 0:
                    own[trader.node].append(abs(self.prices / curve["slope"]))
                elif curve["kind"] == "steps" and trader.curve.demand:
                    own[trader.node].append(sum(q for _, q in curve["steps"]))
                elif "quantity" in curve:
                    own[trader.node].append(curve["quantity"])
        every = [q for values in own.values() for q in values if q > 0]
        usual = float(np.median(every)) if every else 1.0
        return {node: max([q for q in values if q > 0], default=usual) for node, values in own.items()}

    def solve(self) -> Solution:
        """Tangents until nothing moves."""
        last: dict[Key, float] = {}
        for step in range(STEPS):
            lcp = self._programme()
            value = lcp.solve()
            moved = self._move(value, damp=1.0 if step < 40 else 0.5)
            if not moved and last is not None:
                return self._solution(value)
            last = value
        raise NoEquilibriumFound("tangents did not settle")

    # --------------------------------------------------------------- building

    def _programme(self) -> _Lcp:
        market, lcp = self.market, _Lcp()
        for node in self.nodes:
            lcp.add(("price", node), self.prices, self.size[node])
            if node in market.cfds:
                lcp.add(("support", node), self.prices, self.prices, -market.cfds[node])
                lcp.put(("support", node), ("support", node), 1.0)
                lcp.put(("support", node), ("price", node), 1.0)
            if node in market.caps:
                lcp.add(("cap", node), self.prices, self.size[node], market.caps[node])
        for number, trader in enumerate(market.supply):
            if trader.node[1] == self.mineral:
                self._supply(lcp, number, trader.node, trader.curve)
        for number, trader in enumerate(market.demand):
            if trader.node[1] == self.mineral:
                self._demand(lcp, number, trader.node, trader.curve)
        for number, process in enumerate(market.processes):
            if process.target[1] == self.mineral:
                key = lcp.add(("process", number), self.size[process.target], self.prices, process.cost)
                self._sells(lcp, key, process.target)
                lcp.put(key, ("price", process.source), 1 / process.recovery)
                lcp.put(("price", process.source), key, -1 / process.recovery)
                self._limit(lcp, key, process.capacity, self.size[process.target])
        self._stocks(lcp)
        for name in ("quotas", "trqs"):
            for index, pool in enumerate(market.agreement.get(name) or []):
                if pool["mineral"] == self.mineral:
                    lcp.add(
                        (name, index),
                        self.prices,
                        max(pool["quantity"], 1e-3 * min(self.size.values())),
                        pool["quantity"],
                    )
        for node, mode in self.modes.items():
            if node[1] != self.mineral or node not in self.size or mode.ended or mode.fixed is not None:
                continue
            lcp.add(("levy", node), self.prices, self.prices, -mode.floor)
            lcp.put(("levy", node), ("price", node), 1.0)
            lcp.add(("short", node), self.prices, self.prices, min(mode.cap, HIGHEST * self.top))
            lcp.put(("short", node), ("levy", node), -1.0)
            lcp.put(("levy", node), ("short", node), 1.0)
        for route in market.routes:
            if route.way[0] == self.mineral and route.capacity > 0:
                self._route(lcp, route)
        return lcp

    def _sells(self, lcp: _Lcp, key: Key, node: Node) -> None:
        """Output of a producer at a place: it receives the price and any support, and is limited by a cap."""
        lcp.put(key, ("price", node), -1.0)
        lcp.put(("price", node), key, 1.0)
        if ("support", node) in lcp.index:
            lcp.put(key, ("support", node), -1.0)
        if ("cap", node) in lcp.index:
            lcp.put(key, ("cap", node), 1.0)
            lcp.put(("cap", node), key, -1.0)

    def _limit(self, lcp: _Lcp, key: Key, most: float, unit: float) -> None:
        if most < math.inf:
            lcp.add(("limit", *key), self.prices, max(unit, 1e-9 * most), most)
            lcp.put(("limit", *key), key, -1.0)
            lcp.put(key, ("limit", *key), 1.0)

    def _supply(self, lcp: _Lcp, number: int, node: Node, curve: Curve) -> None:
        scale, content = curve.scale, curve.content
        size = self.size[node]
        if scale <= 0:
            return
        if content["kind"] in {"steps", "fixed"}:
            steps = content["steps"] if content["kind"] == "steps" else [[0.0, content["quantity"]]]
            parts = []
            for piece, (price, quantity) in enumerate(steps):
                if quantity > 0:
                    key = lcp.add(("supply", number, piece), min(size, quantity * scale), self.prices, price)
                    self._sells(lcp, key, node)
                    self._limit(lcp, key, quantity * scale, min(size, quantity * scale))
                    parts.append(key)
            if curve.limit < math.inf and parts:
                lcp.add(("host", number), self.prices, size, curve.limit * scale)
                for key in parts:
                    lcp.put(("host", number), key, -1.0)
                    lcp.put(key, ("host", number), 1.0)
            return
        most = _most(curve)
        if most <= 0:
            return
        if content["kind"] == "linear":
            first = content["price_at_zero"] if content["slope"] > 0 else max(0.0, content["price_at_zero"])
            key = lcp.add(("supply", number, 0), size, self.prices, first)
            lcp.put(key, key, content["slope"] / scale)
        else:
            at = min(self.point.get(("supply", number), content["quantity"] * scale), most)
            exponent = 1 / content["elasticity"]
            cost = content["price"] * (at / scale / content["quantity"]) ** exponent
            slope = exponent * cost / at
            key = lcp.add(("supply", number, 0), size, self.prices, cost - slope * at)
            lcp.put(key, key, slope)
        self._sells(lcp, key, node)
        self._limit(lcp, key, most, min(size, most))

    def _demand(self, lcp: _Lcp, number: int, node: Node, curve: Curve) -> None:
        scale, content = curve.scale, curve.content
        if scale <= 0:
            return

        def piece(part: int, bid: float, most: float, slope: float = 0.0) -> None:
            size = min(self.size[node], most) if most < math.inf else self._own_size(content, node)
            key = lcp.add(("demand", number, part), size, self.prices, -bid)
            lcp.put(key, ("price", node), 1.0)
            lcp.put(("price", node), key, -1.0)
            lcp.put(key, key, slope)
            self._limit(lcp, key, most, size)

        choke = content.get("choke_price")
        if content["kind"] == "steps":
            for part, (bid, quantity) in enumerate(content["steps"]):
                if quantity > 0:
                    piece(part, bid, quantity * scale)
        elif content["kind"] == "linear":
            piece(0, content["price_at_zero"], math.inf, content["slope"] / scale)
        elif content["kind"] == "fixed":
            if choke is None:
                lcp.constant["price", node] -= content["quantity"] * scale
            else:
                piece(0, choke, content["quantity"] * scale)
        else:
            base, elasticity = content["quantity"] * scale, content["elasticity"]
            first = 0.0 if choke is None else base * (choke / content["price"]) ** elasticity
            if first > 0 and choke is not None:
                piece(0, choke, first)
            at = max(self.point.get(("demand", number), base), first * (1 + 1e-9))
            bid = content["price"] * (at / base) ** (1 / elasticity)
            slope = -bid / elasticity / at
            piece(1, bid + slope * (at - first), math.inf, slope)

    def _own_size(self, content: Content, node: Node) -> float:
        if content["kind"] == "linear":
            return float(min(self.size[node], content["price_at_zero"] / content["slope"]))
        return float(min(self.size[node], content["quantity"]))

    def _stocks(self, lcp: _Lcp) -> None:
        market = self.market
        for number, buffer in enumerate(market.buffers):
            node = buffer.node
            if node not in self.size:
                continue
            if buffer.budget > 0 and buffer.floor > 0:
                first = buffer.budget / buffer.floor
                self._purchase(lcp, number, 0, node, buffer.floor, first)
                if first < math.inf:
                    at = max(self.point.get(("bought", number), 2 * first), first * (1 + 1e-9))
                    slope = buffer.budget / at**2
                    self._purchase(lcp, number, 1, node, buffer.budget / at + slope * (at - first), math.inf, slope)
            if buffer.stock > 0 and buffer.ceiling < math.inf:
                self._offer(lcp, ("sold", number), node, buffer.ceiling, buffer.stock)
        for number, (node, quantity, price) in enumerate(market.stockpiles):
            if node in self.size and quantity > 0:
                self._offer(lcp, ("stock", number), node, price, quantity)

    def _purchase(
        self, lcp: _Lcp, number: int, part: int, node: Node, bid: float, most: float, slope: float = 0.0
    ) -> None:
        size = min(self.size[node], most)
        key = lcp.add(("bought", number, part), size, self.prices, -bid)
        lcp.put(key, ("price", node), 1.0)
        lcp.put(("price", node), key, -1.0)
        lcp.put(key, key, slope)
        self._limit(lcp, key, most, size)

    def _offer(self, lcp: _Lcp, key: Key, node: Node, price: float, most: float) -> None:
        size = min(self.size[node], most)
        lcp.add(key, size, self.prices, price)
        lcp.put(key, ("price", node), -1.0)
        lcp.put(("price", node), key, 1.0)
        self._limit(lcp, key, most, size)

    def _route(self, lcp: _Lcp, route: Route) -> None:
        market = self.market
        size = min(self.size[route.source], self.size[route.target])
        least = min(self.least.get(route.way, 0.0), route.capacity)
        mode = self.modes.get(route.target) if route.levied else None
        most = route.capacity
        if mode is not None and mode.ended:
            most = min(most, least)
            if most <= 0:
                return
        sides = [("flow", route.way, 0)]
        if route.trqs:
            sides.append(("flow", route.way, 1))
        for side in sides:
            lcp.add(side, size, self.prices, 0.0)
        if most < math.inf:
            lcp.add(("full", route.way), self.prices, min(size, most), most)
        if least > 0:
            lcp.add(("owed", route.way), self.prices, min(size, least), -least)
        greater = []
        for number, charge in enumerate(route.tariffs):
            if charge.greater_of:
                greater.append(
                    lcp.add(
                        ("greater", route.way, number),
                        self.prices,
                        self.prices,
                        charge.specific - charge.ad_valorem * route.cost,
                    )
                )
                lcp.put(greater[-1], greater[-1], 1.0)
                lcp.put(greater[-1], ("price", route.source), -charge.ad_valorem)
                for side in sides:
                    lcp.put(greater[-1], side, -charge.ad_valorem * route.slope)
        for inside, side in enumerate(reversed(sides)) if route.trqs else [(0, sides[0])]:
            share = specific = 0.0
            for charge in route.tariffs:
                specific += charge.specific
                share += 0.0 if charge.greater_of else charge.ad_valorem
            for index in route.trqs:
                rate = market.agreement["trqs"][index].get("in_quota" if inside else "over_quota") or {}
                specific += rate.get("specific", 0.0)
                share += rate.get("ad_valorem", 0.0)
                if inside:
                    lcp.put(side, ("trqs", index), 1.0)
                    lcp.put(("trqs", index), side, -1.0)
            at_home = sum(charge.ad_valorem for charge in route.export_taxes)
            specific += sum(charge.specific for charge in route.export_taxes)
            lcp.constant[side] = route.cost * (1 + share) + specific
            lcp.put(side, ("price", route.source), 1 + share + at_home)
            for other in sides:
                lcp.put(side, other, route.slope * (1 + share))
            lcp.put(side, ("price", route.target), -1.0)
            lcp.put(("price", route.source), side, -1.0)
            lcp.put(("price", route.target), side, 1.0)
            for key in greater:
                lcp.put(side, key, 1.0)
            for index in route.quotas:
                lcp.put(side, ("quotas", index), 1.0)
                lcp.put(("quotas", index), side, -1.0)
            if most < math.inf:
                lcp.put(side, ("full", route.way), 1.0)
                lcp.put(("full", route.way), side, -1.0)
            if least > 0:
                lcp.put(side, ("owed", route.way), -1.0)
                lcp.put(("owed", route.way), side, 1.0)
            if mode is not None and mode.fixed is not None:
                lcp.constant[side] += mode.fixed
            elif mode is not None and ("levy", route.target) in lcp.index:
                lcp.put(side, ("levy", route.target), 1.0)

    # ---------------------------------------------------------------- reading

    def _move(self, value: dict[Key, float], damp: float) -> bool:
        """Set the points of the tangents to the solution; whether any moved."""
        moved = False
        market = self.market

        def to(key: Key, start: float, new: float) -> None:
            nonlocal moved
            old = self.point.get(key, start)
            new = min(max(new, old * 1e-2), old * 1e2)
            if abs(new - old) > SAME * abs(old):
                moved = True
            self.point[key] = old * (new / old) ** damp

        for number, trader in enumerate(market.supply):
            content, scale = trader.curve.content, trader.curve.scale
            if trader.node[1] != self.mineral or content["kind"] != "isoelastic" or scale <= 0:
                continue
            price = (
                value["price", trader.node]
                + value.get(("support", trader.node), 0.0)
                - value.get(("cap", trader.node), 0.0)
            )
            quantity = value.get(("supply", number, 0), 0.0)
            by_price = content["elasticity"] < 1
            new = trader.curve.ends(max(price, 1e-9 * content["price"]))[1] if by_price else quantity
            if trader.curve.limit > 0:
                to(
                    ("supply", number),
                    min(content["quantity"] * scale, _most(trader.curve)),
                    max(new, 1e-9 * content["quantity"] * scale),
                )
        for number, trader in enumerate(market.demand):
            content, scale = trader.curve.content, trader.curve.scale
            if trader.node[1] != self.mineral or content["kind"] != "isoelastic" or scale <= 0:
                continue
            base = content["quantity"] * scale
            choke = content.get("choke_price")
            first = 0.0 if choke is None else base * (choke / content["price"]) ** content["elasticity"]
            price = max(value["price", trader.node], 1e-6 * content["price"])
            if choke is not None:
                price = min(price, choke)
            quantity = first + value.get(("demand", number, 1), 0.0)
            by_price = content["elasticity"] > -1
            new = base * (price / content["price"]) ** content["elasticity"] if by_price else quantity
            to(("demand", number), max(base, first * (1 + 1e-9)), max(new, first * (1 + 1e-9), 1e-9 * base))
        for number, buffer in enumerate(market.buffers):
            if ("bought", number, 1) in value:
                price = min(max(value["price", buffer.node], 1e-6 * buffer.floor), buffer.floor)
                first = buffer.budget / buffer.floor
                to(("bought", number), 2 * first, max(buffer.budget / price, first * (1 + 1e-9)))
        return moved

    def _solution(self, value: dict[Key, float]) -> Solution:
        found = Solution()
        for key, number in value.items():
            name = key[0]
            if name == "price":
                found.price[key[1]] = number
            elif name == "support":
                found.support[key[1]] = number
            elif name == "cap":
                found.cap_rent[key[1]] = number
            elif name == "levy":
                found.levy[key[1]] = number
            elif name in {"supply", "demand"}:
                table = found.supply if name == "supply" else found.demand
                table[key[1]] = table.get(key[1], 0.0) + number
            elif name == "flow":
                found.flow[key[1]] = found.flow.get(key[1], 0.0) + number
                if (*key[:2], 1) in value and key[2] == 0:
                    found.inside[key[1]] = number
            elif name == "bought":
                found.bought[key[1]] = found.bought.get(key[1], 0.0) + number
            elif name in {"process", "sold", "stock"}:
                getattr(found, name)[key[1]] = number
            elif name in {"trqs", "quotas"}:
                found.rent[name, key[1]] = number
        for number, trader in enumerate(self.market.demand):
            content = trader.curve.content
            if trader.node[1] == self.mineral and content["kind"] == "fixed" and content.get("choke_price") is None:
                found.demand[number] = content["quantity"] * trader.curve.scale
        for node, mode in self.modes.items():
            if mode.fixed is not None and node[1] == self.mineral:
                found.levy[node] = mode.fixed
        return found


def solve_fixed(market: CaseMarket, mineral: str, levies: dict[Node, float]) -> Solution:
    """One mineral's equilibrium at given levies."""
    return _Mineral(market, mineral, {node: Mode(fixed=levy) for node, levy in levies.items()}).solve()


def free_arrivals(market: CaseMarket, node: Node, found: Solution) -> float:
    """What arrives at a party from non-parties beyond commitments."""
    least = deliverable(market)
    return sum(
        max(0.0, found.flow.get(route.way, 0.0) - least.get(route.way, NO_DELIVERY).together)
        for route in market.routes
        if route.target == node and route.levied
    )


def _solve_mineral(market: CaseMarket, mineral: str) -> Solution:
    """The equilibrium with the levies that the floors ask for, from the first start that leads to one."""
    floors = {
        node: sorted(own, key=lambda floor: -floor[1])
        for node, own in market.levies.items()
        if node[1] == mineral and node in market.nodes
    }
    for ended in islice(product((False, True), repeat=len(floors)), STARTS):
        modes = {
            node: Mode(floor=own[0][1], cap=own[0][2], ended=stop)
            for (node, own), stop in zip(floors.items(), ended, strict=True)
        }
        try:
            return _settled(market, mineral, floors, modes)
        except NoEquilibriumFound as error:
            failure = error
    raise failure


def _settled(
    market: CaseMarket, mineral: str, floors: dict[Node, list[tuple[int, float, float]]], modes: dict[Node, Mode]
) -> Solution:
    """Change what holds for each levy until all agree."""
    for _ in range(ROUNDS):
        programme = _Mineral(market, mineral, modes)
        found = programme.solve()
        changed = False
        for node, own in floors.items():
            new = _next_mode(market, node, own, modes[node], found, 1e-9 * programme.size[node])
            if new is not None:
                modes[node] = new
                changed = True
        if not changed:
            ended = [node for node, mode in modes.items() if mode.ended]
            return _least_levies(market, mineral, found, ended) if ended else found
    raise NoEquilibriumFound("levies do not settle")


def _next_mode(
    market: CaseMarket,
    node: Node,
    own: list[tuple[int, float, float]],
    mode: Mode,
    found: Solution,
    nothing: float,
) -> Mode | None:
    """What must hold instead, or ``None`` where the mode fits its solution."""
    price = found.price[node]
    if mode.ended:
        return Mode(floor=mode.floor, cap=mode.cap) if price > mode.floor * (1 + 1e-9) else None
    if price >= mode.floor * (1 - 1e-9):
        return None
    if free_arrivals(market, node, found) <= nothing:
        return Mode(floor=mode.floor, cap=mode.cap, ended=True)
    for _, floor, cap in own:
        if floor < mode.floor and cap > mode.cap and price < floor * (1 - 1e-9):
            return Mode(floor=floor, cap=cap)
    return None


def _least_levies(market: CaseMarket, mineral: str, found: Solution, ended: list[Node]) -> Solution:
    """Smallest levies at which nothing arrives, one party after another, the others' given."""
    levies = dict(found.levy)
    for node in ended:
        levies[node] = 0.0
    programme = _Mineral(market, mineral, {})
    highest = HIGHEST * programme.top
    for node in ended:
        levies[node] = highest
    for _ in range(3):
        before = dict(levies)
        for node in ended:
            low, high = 0.0, highest

            def stops(levy: float, node: Node = node) -> bool:
                solved = solve_fixed(market, mineral, levies | {node: levy})
                return free_arrivals(market, node, solved) <= 1e-9 * programme.size[node]

            if stops(0.0):
                levies[node] = 0.0
                continue
            for _ in range(60):
                if high - low <= 1e-11 * high:
                    break
                middle = (low + high) / 2
                if stops(middle):
                    high = middle
                else:
                    low = middle
            levies[node] = high * (1 + 1e-7)
        if all(abs(levies[n] - before[n]) <= 1e-9 * max(levies[n], 1e-300) for n in ended):
            break
    return solve_fixed(market, mineral, levies)


def solve(content: Content) -> Content:
    """A RESULT of the case, welfare left out.

    Raises:
        NoEquilibriumFound: where this solver finds none.
    """
    market = read(content)
    minerals = list(dict.fromkeys(node[1] for node in market.nodes))
    hosts = {t.node[1] for t in market.supply if t.host is not None}
    minerals.sort(key=lambda mineral: mineral in hosts)
    made: dict[Node, float] = {}
    parts: dict[str, Solution] = {}
    for mineral in minerals:
        for trader in market.supply:
            if trader.node[1] == mineral and trader.host is not None:
                host = (trader.node[0], trader.host["mineral"], trader.host["stage"])
                most = trader.host["ratio"] * made.get(host, 0.0)
                trader.curve.limit = most / trader.curve.scale if trader.curve.scale > 0 else 0.0
        found = parts[mineral] = _solve_mineral(market, mineral)
        made |= _production(market, found)
    return _result(market, parts)


def _production(market: CaseMarket, found: Solution) -> dict[Node, float]:
    made = dict.fromkeys(found.price, 0.0)
    for number, quantity in found.supply.items():
        made[market.supply[number].node] += quantity
    for number, quantity in found.process.items():
        made[market.processes[number].target] += quantity
    return made


def _result(market: CaseMarket, parts: dict[str, Solution]) -> Content:
    result: Content = {"prices": [], "quantities": [], "flows": [], "trqs": [], "quotas": [], "floors": []}
    for found in parts.values():
        made = _production(market, found)
        used = dict.fromkeys(found.price, 0.0)
        bought = dict.fromkeys(found.price, 0.0)
        released = dict.fromkeys(found.price, 0.0)
        arrives = dict.fromkeys(found.price, 0.0)
        leaves = dict.fromkeys(found.price, 0.0)
        for number, quantity in found.demand.items():
            used[market.demand[number].node] += quantity
        for number, quantity in found.process.items():
            used[market.processes[number].source] += quantity / market.processes[number].recovery
        for number, quantity in found.bought.items():
            bought[market.buffers[number].node] += quantity
        for number, quantity in found.sold.items():
            released[market.buffers[number].node] += quantity
        for number, quantity in found.stock.items():
            released[market.stockpiles[number][0]] += quantity
        for (mineral, stage, source, target), quantity in found.flow.items():
            leaves[source, mineral, stage] += quantity
            arrives[target, mineral, stage] += quantity
            if quantity > 0:
                result["flows"].append(
                    {"mineral": mineral, "stage": stage, "from": source, "to": target, "quantity": quantity}
                )
        for node, price in found.price.items():
            where = {"region": node[0], "mineral": node[1], "stage": node[2]}
            paid = price + found.support.get(node, 0.0)
            result["prices"].append(where | {"consumer_price": price, "producer_price": paid})
            result["quantities"].append(
                where
                | {
                    "production": made[node],
                    "consumption": used[node],
                    "imports": arrives[node],
                    "exports": leaves[node],
                    "stock_bought": bought[node],
                    "stock_released": released[node],
                }
            )
    flow = {way: q for found in parts.values() for way, q in found.flow.items()}
    inside = {way: q for found in parts.values() for way, q in found.inside.items()}
    for name in ("trqs", "quotas"):
        for index, pool in enumerate(market.agreement.get(name) or []):
            rent = parts[pool["mineral"]].rent.get((name, index), 0.0)
            routes = [route.way for route in market.routes if index in getattr(route, name)]
            whole = sum(flow.get(way, 0.0) for way in routes)
            row: Content = {"index": index, "rent_per_unit": rent}
            if name == "quotas":
                row["imports"] = whole
            else:
                row["in_quota"] = sum(inside.get(way, 0.0) for way in routes)
                row["over_quota"] = whole - row["in_quota"]
            result[name].append(row)
    for index, floor in enumerate(market.agreement.get("floors") or []):
        for party in dict.fromkeys(floor["parties"]):
            node = (party, floor["mineral"], floor["stage"])
            found = parts[floor["mineral"]]
            if node in found.price:
                levy = found.levy.get(node, 0.0) if _binding(market, node, found) == index else 0.0
                price = found.price[node]
                result["floors"].append(
                    {
                        "index": index,
                        "region": party,
                        "levy": levy,
                        "price": price,
                        "holds": price >= floor["price"] * (1 - 1e-7),
                    }
                )
    return result


def _binding(market: CaseMarket, node: Node, found: Solution) -> int | None:
    """The floor in whose row the levy stands: the highest that its cap allows to ask for it."""
    levy = found.levy.get(node, 0.0)
    able = [(floor, index) for index, floor, cap in market.levies.get(node, []) if cap >= levy * (1 - 1e-9)]
    short = [(floor, index) for floor, index in able if floor >= found.price[node] * (1 - 1e-7)]
    return max(short)[1] if short else (max(able)[1] if able else None)
