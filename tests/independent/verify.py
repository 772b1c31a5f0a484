"""Whether a RESULT is the equilibrium of its case: every condition of the case format, from the two files alone.

A quantity is right where the curve gives it at a price within ``TOLERANCE`` of the reported one, which is the format's
own 1e-4. Sizes are judged at the place they stand for: a price against the prices of that route or place, a quantity
against what passes through it. What a RESULT does not list (the parts of several producers, rents of full routes, how
routes share a quota) is derived, or shown to exist by a small linear programme.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog

from tests.independent.market import (
    BIG,
    NO_DELIVERY,
    CaseMarket,
    Content,
    Delivery,
    Node,
    Process,
    Route,
    Trader,
    deliverable,
    duty,
    read,
)

TOLERANCE = 1e-4
MONEY = 1e-3
"""Tolerance of welfare, as the format's cases have it, of the money that passes through a region."""
BALANCE = 1e-5
NOTHING = 1e-10
"""Share of a mineral's largest quantity that is nothing at a place through which nothing passes."""


@dataclass
class Place:
    """One row each of prices and quantities, with the scales that sizes are judged against."""

    price: float
    producer_price: float
    production: float
    consumption: float
    imports: float
    exports: float
    bought: float
    released: float
    unserved: float
    size: float = 0.0
    rent: float = 0.0
    """Of a supply cap, per unit."""
    give: float = 0.0
    """Prices this close are the same price."""


class Verifier:
    """Collects violations in words."""

    def __init__(self, content: Content, result: Content) -> None:
        self.market: CaseMarket = read(content)
        self.result = result
        self.faults: list[str] = []
        self.places: dict[Node, Place] = {}
        self.flow: dict[tuple[str, str, str, str], float] = {}
        self.made: dict[int, float] = {}
        """Output of each processing step, from the linear programme of its mineral."""
        self.supplied: dict[int, float] = {}
        self.least_flow: dict[tuple[str, str, str, str], Delivery] = {}
        self.levy: dict[Node, float] = {}
        self.least_size: dict[str, float] = {}

    def say(self, what: str, size: float) -> None:
        self.faults.append(f"{what} (relative size {size:.2g})")

    def run(self) -> list[str]:
        if not self._rows():
            return self.faults
        self._balance()
        self._stocks()
        self._activities()
        self._floors()
        self._routes()
        self._quotas()
        if "welfare" in self.result:
            self._welfare()
        return self.faults

    # ------------------------------------------------------------------ rows

    def _rows(self) -> bool:
        market, result = self.market, self.result

        def key(row: Content) -> Node:
            return row["region"], row["mineral"], row["stage"]

        prices = {key(row): row for row in result["prices"]}
        quantities = {key(row): row for row in result["quantities"]}
        for node in market.nodes:
            if node not in prices or node not in quantities:
                self.faults.append(f"{node}: no row of prices or quantities")
                return False
        for row in result["flows"]:
            way = (row["mineral"], row["stage"], row["from"], row["to"])
            self.flow[way] = self.flow.get(way, 0.0) + row["quantity"]
        numbers = [v for table in ("prices", "quantities", "flows") for row in result[table] for v in row.values()]
        if not all(math.isfinite(v) for v in numbers if isinstance(v, float)):
            self.faults.append("a price or quantity is not finite")
            return False
        largest: dict[str, float] = {}
        for node in market.nodes:
            price, quantity = prices[node], quantities[node]
            place = Place(
                price["consumer_price"],
                price["producer_price"],
                quantity["production"],
                quantity["consumption"],
                quantity["imports"],
                quantity["exports"],
                quantity["stock_bought"],
                quantity["stock_released"],
                quantity.get("unserved", 0.0),
            )
            place.size = max(
                place.production + place.imports + place.released, place.consumption + place.exports + place.bought
            )
            largest[node[1]] = max(largest.get(node[1], 0.0), place.size)
            self.places[node] = place
        self.least_size = {mineral: NOTHING * size for mineral, size in largest.items()}
        for node, place in self.places.items():
            typical = market.typical_price(node[1])
            place.size = max(place.size, NOTHING * largest[node[1]], 1e-12)
            place.give = TOLERANCE * max(place.price, place.producer_price, 1e-3 * typical)
            for name in ("price", "producer_price", "production", "consumption", "imports", "exports"):
                if getattr(place, name) < -1e-9 * (place.size + typical):
                    self.say(f"{node}: {name} {getattr(place, name):g} is negative", 1.0)
        known = {route.way for route in market.routes}
        for way, quantity in self.flow.items():
            if way not in known and abs(quantity) > 0:
                self.faults.append(f"flow {way} without a route")
            if quantity < -BALANCE * self.places[way[2], way[0], way[1]].size:
                self.say(f"flow {way} of {quantity:g} is negative", 1.0)
        hosts = {node: place.production for node, place in self.places.items()}
        for trader in market.supply:
            if trader.host is not None:
                host = (trader.node[0], trader.host["mineral"], trader.host["stage"])
                most = trader.host["ratio"] * hosts.get(host, 0.0)
                trader.curve.limit = most / trader.curve.scale if trader.curve.scale > 0 else 0.0
        self.least_flow = deliverable(market)
        self.all_deliverable = all(own.must == own.together for own in self.least_flow.values())
        return True

    def _balance(self) -> None:
        for node, place in self.places.items():
            arrives = place.production + place.imports + place.released
            leaves = place.consumption + place.exports + place.bought
            gap = (arrives - leaves) / place.size
            if gap < -BALANCE:
                self.say(f"{node}: {leaves:g} leaves, only {arrives:g} arrives", -gap)
            elif gap > BALANCE and place.price > place.give:
                self.say(f"{node}: {arrives:g} arrives, only {leaves:g} leaves, at price {place.price:g}", gap)
            for name, index in (("imports", 3), ("exports", 2)):
                of_flows = sum((q for way, q in self.flow.items() if (way[index], way[0], way[1]) == node), start=0.0)
                if abs(of_flows - getattr(place, name)) > BALANCE * place.size:
                    self.say(
                        f"{node}: {name} {getattr(place, name):g}, flows {of_flows:g}",
                        abs(of_flows - getattr(place, name)) / place.size,
                    )

    # ---------------------------------------------------------------- stocks

    def _stocks(self) -> None:
        market = self.market
        for node, place in self.places.items():
            low_buy = high_buy = low_sell = high_sell = 0.0
            for buffer in market.buffers:
                if buffer.node != node:
                    continue
                at_floor = buffer.budget / buffer.floor if buffer.floor > 0 else math.inf
                if place.price < buffer.floor - place.give:
                    spent = buffer.budget / place.price if place.price > 0 else math.inf
                    low_buy, high_buy = low_buy + spent, high_buy + spent
                    if spent == math.inf and buffer.budget > 0:
                        self.say(
                            f"{node}: price {place.price:g} below {buffer.floor:g}, where any quantity is bought",
                            (buffer.floor - place.price) / buffer.floor,
                        )
                elif place.price <= buffer.floor + place.give:
                    high_buy += at_floor
                if place.price > buffer.ceiling + place.give:
                    low_sell, high_sell = low_sell + buffer.stock, high_sell + buffer.stock
                elif place.price >= buffer.ceiling - place.give:
                    high_sell += buffer.stock
            for own, quantity, price in market.stockpiles:
                if own != node:
                    continue
                if place.price > price + place.give:
                    low_sell, high_sell = low_sell + quantity, high_sell + quantity
                elif place.price >= price - place.give:
                    high_sell += quantity
            self._between(node, "stock bought", place.bought, low_buy, high_buy)
            self._between(node, "stock released", place.released, low_sell, high_sell)

    def _between(self, node: Node, what: str, value: float, low: float, high: float) -> None:
        size = self.places[node].size
        give = TOLERANCE * max(size, min(high, BIG) * 1e-3 if high < math.inf else 0.0)
        if low < math.inf and value < low - give:
            self.say(f"{node}: {what} {value:g}, at least {low:g} at this price", (low - value) / size)
        if value > high + give:
            self.say(f"{node}: {what} {value:g}, at most {high:g} at this price", (value - high) / size)

    # ------------------------------------------- supply, demand and processing

    def _activities(self) -> None:
        market = self.market
        for node, place in self.places.items():
            paid = max(place.price, market.cfds.get(node, 0.0))
            if abs(paid - place.producer_price) > 1e-6 * max(paid, place.producer_price) + 1e-9 * place.give:
                self.say(
                    f"{node}: producers receive {place.producer_price:g}, not {paid:g}",
                    abs(paid - place.producer_price) / max(paid, place.producer_price),
                )
            cap = market.caps.get(node, math.inf)
            if place.production > cap * (1 + BALANCE) + BALANCE * place.size:
                self.say(
                    f"{node}: production {place.production:g} above the cap {cap:g}",
                    place.production / cap - 1 if cap else 1,
                )
            if cap < math.inf and place.production >= cap * (1 - TOLERANCE):
                place.rent = self._scarcity_rent(node, cap)
        for mineral in dict.fromkeys(node[1] for node in market.nodes):
            self._exists(mineral)

    def _margin(self, process: Process) -> tuple[float, float]:
        """Profit per unit of output, and the size it is judged against."""
        target, source = self.places[process.target], self.places[process.source]
        taken = source.price / process.recovery + process.cost
        return target.producer_price - target.rent - taken, max(target.producer_price, taken)

    def _least_output(self, node: Node, rent: float) -> float:
        """Least that producers of a place make at its price less a rent."""
        price = self.places[node].producer_price - rent
        total = sum(t.curve.ends(price)[0] for t in self.market.supply if t.node == node)
        for process in self.market.processes:
            if process.target == node:
                cost = self.places[process.source].price / process.recovery + process.cost
                if price > cost * (1 + 1e-12):
                    total += process.capacity
        return total

    def _scarcity_rent(self, node: Node, cap: float) -> float:
        """Smallest rent at which producers make no more than the cap."""
        low, high = 0.0, self.places[node].producer_price
        if self._least_output(node, 0.0) <= cap:
            return 0.0
        for _ in range(200):
            middle = (low + high) / 2
            if self._least_output(node, middle) <= cap:
                high = middle
            else:
                low = middle
        return high

    def _exists(self, mineral: str) -> None:
        """Parts of producers, users and processors that lie on their curves and add up to the rows."""
        market = self.market
        nodes = [node for node in market.nodes if node[1] == mineral]
        rows = {(node, side): 2 * i + side for i, node in enumerate(nodes) for side in (0, 1)}
        bounds: list[tuple[float, float]] = []
        entries: list[dict[int, float]] = []
        owners: list[tuple[str, int]] = []
        for number, trader in enumerate(market.supply):
            if trader.node[1] == mineral:
                place = self.places[trader.node]
                low, high = trader.curve.around(place.producer_price - place.rent, place.give)
                owners.append(("supply", number))
                bounds.append((low, high))
                entries.append({rows[trader.node, 0]: 1.0})
        for number, trader in enumerate(market.demand):
            if trader.node[1] == mineral:
                place = self.places[trader.node]
                low, high = trader.curve.around(place.price, place.give)
                owners.append(("demand", number))
                bounds.append((low, high))
                entries.append({rows[trader.node, 1]: 1.0})
        for number, process in enumerate(market.processes):
            if process.target[1] == mineral:
                margin, size = self._margin(process)
                give = TOLERANCE * size + 1e-300
                low, high = 0.0, process.capacity
                if margin > give and process.capacity == math.inf:
                    if self.places[process.target].size > 0:
                        self.say(f"processing at {process.target} earns {margin:g} a unit without limit", margin / size)
                elif margin > give:
                    low = process.capacity
                elif margin < -give:
                    high = 0.0
                owners.append(("process", number))
                bounds.append((low, high))
                entries.append({rows[process.target, 0]: 1.0, rows[process.source, 1]: 1 / process.recovery})
        goal = np.zeros(2 * len(nodes))
        scale = np.zeros(2 * len(nodes))
        for node in nodes:
            place = self.places[node]
            goal[rows[node, 0]], goal[rows[node, 1]] = place.production, place.consumption
            scale[rows[node, 0]] = scale[rows[node, 1]] = place.size
        count = len(owners)
        # Each variable is measured in its place's size; the slacks are shares of the place's size.
        unit = np.array([scale[next(iter(entry))] for entry in entries]) if count else np.zeros(0)
        matrix = np.zeros((len(goal), count + 2 * len(goal)))
        for column, entry in enumerate(entries):
            for row, value in entry.items():
                matrix[row, column] = value * unit[column] / scale[row]
        matrix[:, count : count + len(goal)] = np.eye(len(goal))
        matrix[:, count + len(goal) :] = -np.eye(len(goal))
        most = 1e7
        limits: list[tuple[float, float | None]] = []
        for (low, high), size in zip(bounds, unit, strict=True):
            limits.append((low / size, high / size if high / size < most and low / size <= most else None))
        limits += [(0.0, None)] * (2 * len(goal))
        cost = np.concatenate([np.zeros(count), np.ones(2 * len(goal))])
        found = linprog(cost, A_eq=matrix, b_eq=goal / scale, bounds=limits, method="highs")
        if found.x is None:
            self.faults.append(f"{mineral}: whether parts on the curves add up could not be decided ({found.message})")
            return
        for column, (kind, number) in enumerate(owners):
            value = float(found.x[column] * unit[column])
            if kind == "process":
                self.made[number] = value
            elif kind == "supply":
                self.supplied[number] = value
        for row in range(len(goal)):
            slack = found.x[count + row] - found.x[count + len(goal) + row]
            node = nodes[row // 2]
            if abs(slack) > 2 * TOLERANCE:
                name = "consumption" if row % 2 else "production"
                right = goal[row] - slack * scale[row]
                price = self.places[node].price if row % 2 else self.places[node].producer_price
                self.say(f"{node}: {name} {goal[row]:g}, the curves give {right:g} at {price:g}", abs(slack))

    # ---------------------------------------------------------------- floors

    def _floors(self) -> None:
        rows = {(row["index"], row["region"]): row for row in self.result["floors"]}
        for (index, region), row in rows.items():
            floor = self.market.agreement["floors"][index]
            place = self.places.get((region, floor["mineral"], floor["stage"]))
            if place is None:
                continue
            prices = [place.price, place.producer_price] if floor.get("mechanism") == "cfd" else [place.price]
            if min(abs(row["price"] - price) for price in prices) > 1e-9 * (place.price + place.give):
                self.say(f"floors[{index}] {region}: price {row['price']:g}, prices say {place.price:g}", 1.0)
        for node, floors in self.market.levies.items():
            if node not in self.places:
                continue
            own = []
            for index, _, _ in floors:
                if (index, node[0]) not in rows:
                    self.faults.append(f"floors: no row for {index} and {node[0]}")
                    return
                own.append(rows[index, node[0]])
            charged = [row["levy"] for row in own]
            self.levy[node] = max(charged)
            asking = {floor for levy, (_, floor, _) in zip(charged, floors, strict=True) if levy > 0}
            if len(asking) > 1:  # equal floors ask for the same levy
                self.say(f"{node}: a levy stands in the rows of several floors: {charged}", 1.0)
            for row, (index, floor, _) in zip(own, floors, strict=True):
                place = self.places[node]
                if row["holds"] is not (place.price >= floor - place.give) and abs(place.price - floor) > place.give:
                    self.faults.append(f"floors[{index}] {node[0]}: holds is {row['holds']}, price {place.price:g}")
            self._one_levy(node, floors)

    def _one_levy(self, node: Node, floors: list[tuple[int, float, float]]) -> None:
        """The levy of one party and stage is what one of its floors asks for, and enough for all of them."""
        levy, place = self.levy[node], self.places[node]
        give = TOLERANCE * max(place.price, levy, place.give / TOLERANCE)
        ended, least = self._arrivals_ended(node)
        reasons = []
        for index, floor, cap in floors:
            short = place.price < floor - place.give
            at_cap = levy >= cap - give
            if short and not at_cap and not ended:
                self.say(
                    f"floors[{index}] {node[0]}: price {place.price:g} below {floor:g}, levy {levy:g} could be higher",
                    (floor - place.price) / floor,
                )
            if levy <= cap + give:
                at_floor = abs(place.price - floor) <= place.give
                reasons.append(at_floor or (short and at_cap) or (short and ended and levy <= least + give))
        if levy < 0:
            self.say(f"{node}: levy {levy:g} is negative", 1.0)
        if levy > give and not any(reasons):
            self.say(
                f"{node}: levy {levy:g} at price {place.price:g} is asked for by no floor {floors}, "
                f"arrivals {'ended' if ended else 'not ended'}, {least:g} would end them",
                levy / max(place.price, levy),
            )
        if levy > min((cap for _, _, cap in floors), default=math.inf) + give and len(floors) == 1:
            self.say(f"{node}: levy {levy:g} above its cap", 1.0)

    def _arrivals_ended(self, node: Node) -> tuple[bool, float]:
        """Whether nothing beyond commitments arrives from non-parties, and the least levy that does so."""
        ended, least = True, 0.0
        for route in self.market.routes:
            if route.target == node and route.levied:
                if self._free_flow(route):
                    ended = False
                if route.capacity > 0:
                    least = max(least, self._gain(route)[0] + self.levy[node])
        return ended, least

    def _free_flow(self, route: Route) -> bool:
        """Whether more flows than is committed."""
        return self.flow.get(route.way, 0.0) > self._forced(route) + self._small(route)

    def _forced(self, route: Route) -> float:
        """Flow that may be forced: all that is committed, if anything of it can be delivered."""
        return route.committed if self.least_flow.get(route.way, NO_DELIVERY).may > 0 else 0.0

    def _small(self, route: Route) -> float:
        """A quantity that is nothing on a route."""
        return (
            TOLERANCE * min(self.places[route.source].size, self.places[route.target].size)
            + self.least_size[route.way[0]]
        )

    # ---------------------------------------------------------------- routes

    def _gain(self, route: Route) -> tuple[float, float]:
        """Profit of the last unit after all charges and pool rents, and the size it is judged against."""
        source, target = self.places[route.source], self.places[route.target]
        flow = self.flow.get(route.way, 0.0)
        freight = route.freight(flow)
        landed = source.price + freight
        charge = route.tariff(landed) + route.export_tax(source.price)
        if route.levied:
            charge += self.levy.get(route.target, 0.0)
        for index in route.quotas:
            charge += self._rent("quotas", index)
        for index in route.trqs:
            low, high = self._rates(index, landed)
            charge += low + min(self._rent("trqs", index), high - low)
        size = max(source.price, target.price, freight + charge, 1e-3 * self.market.typical_price(route.way[0]))
        return target.price - landed - charge, size

    def _rates(self, index: int, landed: float) -> tuple[float, float]:
        trq = self.market.agreement["trqs"][index]
        return duty(trq.get("in_quota") or {}, landed), duty(trq.get("over_quota") or {}, landed)

    def _rent(self, table: str, index: int) -> float:
        return float(next(row["rent_per_unit"] for row in self.result[table] if row["index"] == index))

    def _routes(self) -> None:
        for route in self.market.routes:
            gain, size = self._gain(route)
            flow, small = self.flow.get(route.way, 0.0), self._small(route)
            share = gain / size
            name = f"route {route.way[2]} to {route.way[3]} of {route.way[0]} ({route.way[1]})"
            if flow > route.capacity * (1 + BALANCE) + BALANCE * self.places[route.source].size:
                self.say(f"{name}: flow {flow:g} above capacity {route.capacity:g}", 1.0)
            least = self.least_flow.get(route.way, NO_DELIVERY).must if self.all_deliverable else 0.0
            if flow < least - small:
                self.say(f"{name}: flow {flow:g}, committed and deliverable {least:g}", (least - flow) / least)
            missing = gain / route.slope if route.slope > 0 else math.inf  # each unit more makes the route dearer
            if share > TOLERANCE and flow < route.capacity - small and missing > small:
                self.say(f"{name}: one unit more would earn {gain:g}, flow {flow:g}", share)
            if share < -TOLERANCE and flow > self._forced(route) + small:
                self.say(f"{name}: flow {flow:g} loses {-gain:g} a unit", -share)

    def _quotas(self) -> None:
        for index, quota in enumerate(self.market.agreement.get("quotas") or []):
            row = next(row for row in self.result["quotas"] if row["index"] == index)
            flow = sum(self.flow.get(r.way, 0.0) for r in self.market.routes if index in r.quotas)
            self._pool(f"quotas[{index}]", flow, row["imports"], row["rent_per_unit"], quota, "imports")
        for index, trq in enumerate(self.market.agreement.get("trqs") or []):
            row = next(row for row in self.result["trqs"] if row["index"] == index)
            routes = [r for r in self.market.routes if index in r.trqs]
            flow = sum(self.flow.get(r.way, 0.0) for r in routes)
            self._pool(f"trqs[{index}]", row["in_quota"], row["in_quota"], row["rent_per_unit"], trq, "in-quota volume")
            size = max(flow, trq["quantity"] * 1e-3, 1e-12)
            both = row["in_quota"] + row["over_quota"]
            if abs(both - flow) > 1e-6 * size:
                self.say(f"trqs[{index}]: in and over quota add up to {both:g}, flows {flow:g}", 1.0)
            low, high = self._inside(index, routes)
            if row["in_quota"] < low - TOLERANCE * size or row["in_quota"] > high + TOLERANCE * size:
                self.say(f"trqs[{index}]: in quota {row['in_quota']:g}, the rent asks for {low:g} to {high:g}", 1.0)

    def _inside(self, index: int, routes: list[Route]) -> tuple[float, float]:
        """Least and most volume inside a TRQ at its rent."""
        low = high = 0.0
        rent = self._rent("trqs", index)
        for route in routes:
            flow = self.flow.get(route.way, 0.0)
            least, most = self._inside_of(route, index, rent, flow)
            low, high = low + least, high + most
        return low, high

    def _inside_of(self, route: Route, index: int, rent: float, flow: float) -> tuple[float, float]:
        landed = self.places[route.source].price + route.freight(flow)
        low, high = self._rates(index, landed)
        give = TOLERANCE * max(high, rent, landed * 1e-2)
        if high - low > rent + give:
            return flow, flow
        if high - low < rent - give:
            return 0.0, 0.0
        return 0.0, flow

    def _pool(self, name: str, used: float, reported: float, rent: float, pool: Content, what: str) -> None:
        limit = pool["quantity"]
        size = max(used, limit, 1e-12)
        if abs(used - reported) > 1e-6 * size:
            self.say(f"{name}: {what} {reported:g}, flows {used:g}", abs(used - reported) / size)
        if used > limit + BALANCE * size:
            self.say(f"{name}: {what} {used:g} above the quota {limit:g}", used / size)
        typical = TOLERANCE * self.market.typical_price(pool["mineral"])
        if rent < -typical:
            self.say(f"{name}: rent {rent:g} is negative", 1.0)
        if rent > typical and used < limit - TOLERANCE * size:
            self.say(f"{name}: rent {rent:g} though {used:g} of {limit:g} is used", (limit - used) / size)

    # --------------------------------------------------------------- welfare

    def _welfare(self) -> None:
        market = self.market
        rows = {row["region"]: row for row in self.result["welfare"]}
        money = dict.fromkeys(market.regions, 0.0)
        for node, place in self.places.items():
            # A price within `give` of another is the same price; what no one could serve has a value too.
            least = place.give / MONEY
            money[node[0]] += max(place.price, place.producer_price, least) * (place.size + place.unserved)
        for route in market.routes:
            passing = self.flow.get(route.way, 0.0) * max(
                self.places[route.source].price, self.places[route.target].price
            )
            money[route.way[2]] += passing
            money[route.way[3]] += passing
        world = 1e-12 * (1.0 + max(money.values()))
        money = {region: own + world for region, own in money.items()}
        surplus = dict.fromkeys(market.regions, 0.0)
        consumer: dict[str, float | None] = dict.fromkeys(market.regions, 0.0)
        loss = dict.fromkeys(market.regions, 0.0)
        extra = dict.fromkeys(market.regions, 0.0)
        revenue = dict.fromkeys(market.regions, 0.0)
        rents = dict.fromkeys(market.regions, 0.0)
        transfers = dict.fromkeys(market.regions, (0.0, 0.0))
        outlay = dict.fromkeys(market.regions, 0.0)
        sales = dict.fromkeys(market.regions, (0.0, 0.0))
        for trader in market.demand:
            own = trader.curve.surplus(self.places[trader.node].price)
            before = consumer[trader.node[0]]
            consumer[trader.node[0]] = None if own is None or before is None else before + own
        for number, trader in enumerate(market.supply):
            surplus[trader.node[0]] += self._made_surplus(number, trader)
        for number, process in enumerate(market.processes):
            target, source = self.places[process.target], self.places[process.source]
            margin = target.producer_price - process.cost - source.price / process.recovery
            surplus[process.target[0]] += margin * self.made.get(number, 0.0)
        for node, place in self.places.items():
            outlay[node[0]] += max(0.0, market.cfds.get(node, 0.0) - place.price) * place.production
            outlay[node[0]] += place.price * place.bought
            low, high = sales[node[0]]
            sold = place.price * place.released
            least = sold
            for buffer in market.buffers:
                if buffer.node == node and place.price > buffer.ceiling:
                    least -= (place.price - buffer.ceiling) * buffer.stock
            sales[node[0]] = low + min(least, sold), high + sold
        split: list[tuple[int, Route, float, float]] = []
        for route in market.routes:
            self._route_money(route, revenue, rents, surplus, extra, loss, split)
        for item in market.agreement.get("offtakes") or []:
            way = (item["mineral"], item["stage"], item["producer"], item["buyer"])
            node = (item["producer"], item["mineral"], item["stage"])
            committed = sum(r.committed for r in market.routes if r.way == way)
            if item.get("strike") is None or node not in self.places or committed <= 0:
                continue
            shipped = min(committed, self.flow.get(way, 0.0))
            sure = min(shipped, self.least_flow[way].must)  # goods that come back may count as delivered, or not
            gain = (item["strike"] - self.places[node].price) * item["quantity"] / committed
            low, high = sorted((gain * sure, gain * shipped))
            for region, less, more in ((item["producer"], low, high), (item["buyer"], -high, -low)):
                transfers[region] = (transfers[region][0] + less, transfers[region][1] + more)
                money[region] += abs(gain) * shipped
        for region in market.regions:
            self._accounts(
                rows[region],
                money[region],
                consumer[region],
                surplus[region] + extra[region],
                loss[region],
                transfers[region],
                outlay[region],
                sales[region],
            )
        self._duties(rows, revenue, rents, split, money)

    def _made_surplus(self, number: int, trader: Trader) -> float:
        place = self.places[trader.node]
        price = place.producer_price - place.rent
        return float(trader.curve.surplus(price) or 0.0) + place.rent * self.supplied.get(number, 0.0)

    def _route_money(
        self,
        route: Route,
        revenue: dict[str, float],
        rents: dict[str, float],
        surplus: dict[str, float],
        extra: dict[str, float],
        loss: dict[str, float],
        split: list[tuple[int, Route, float, float]],
    ) -> None:
        flow = self.flow.get(route.way, 0.0)
        if flow <= 0:
            return
        exporter, importer = route.way[2], route.way[3]
        price = self.places[route.source].price
        landed = price + route.freight(flow)
        revenue[importer] += route.tariff(landed) * flow
        revenue[exporter] += route.export_tax(price) * flow
        if route.levied:
            revenue[importer] += self.levy.get(route.target, 0.0) * flow
        for index in route.quotas:
            self._give_rent("quotas", index, route, flow, revenue, rents)
        if len(route.trqs) == 1:
            split.append((route.trqs[0], route, flow, landed))
        gain, size = self._gain(route)
        if gain > 0 and flow >= route.capacity - self._small(route):
            extra[exporter] += gain * flow
        if gain < -1e-9 * size and route.committed and flow > 0:
            loss[importer] += -gain * flow

    def _give_rent(
        self, table: str, index: int, route: Route, flow: float, revenue: dict[str, float], rents: dict[str, float]
    ) -> None:
        rent = self._rent(table, index) * flow
        taker = self.market.agreement[table][index].get("rent_to", "importer")
        if taker == "importer":
            rents[route.way[3]] += rent
        elif taker == "exporter":
            rents[route.way[2]] += rent
        elif taker == "auction":
            revenue[route.way[3]] += rent

    def _accounts(
        self,
        row: Content,
        money: float,
        consumer: float | None,
        producer: float,
        loss: float,
        transfers: tuple[float, float],
        outlay: float,
        sales: tuple[float, float],
    ) -> None:
        region = row["region"]

        def compare(name: str, value: float, right: float, high: float | None = None) -> None:
            top = right if high is None else high
            size = max(money, abs(right))
            give = MONEY * size
            if value < right - give or value > top + give:
                self.say(f"welfare of {region}: {name} {value:g}, not {right:g}", abs(value - right) / size)

        open_surplus = consumer is not None and math.isnan(consumer)
        if consumer is None:
            if row["consumer_surplus"] is not None or row["total"] is not None:
                self.faults.append(f"welfare of {region}: unbounded consumer surplus is not null")
        elif row["consumer_surplus"] is None:
            if not open_surplus:
                self.faults.append(f"welfare of {region}: consumer surplus is null, not {consumer:g}")
        elif not open_surplus and loss > 0:
            compare(
                "consumer and producer surplus",
                row["consumer_surplus"] + row["producer_surplus"],
                consumer + producer - loss,
            )
        elif not open_surplus:
            compare("consumer_surplus", row["consumer_surplus"], consumer)
        if loss <= 0:
            compare("producer_surplus", row["producer_surplus"], producer)
        compare("transfers", row["transfers"], transfers[0], transfers[1])
        compare("outlay", row["outlay"], outlay)
        compare("stock_sales", row["stock_sales"], sales[0], sales[1])
        if row["total"] is not None and row["consumer_surplus"] is not None:
            total = (
                row["consumer_surplus"]
                + row["producer_surplus"]
                + row["duty_and_levy_revenue"]
                + row["quota_rent"]
                + row["transfers"]
                + row["stock_sales"]
                + row["supplier_change"]
                - row["outlay"]
            )
            if abs(total - row["total"]) > 1e-9 * max(money, abs(total), abs(row["consumer_surplus"])):
                self.say(f"welfare of {region}: total {row['total']:g}, its accounts add up to {total:g}", 1.0)

    def _duties(
        self,
        rows: dict[str, Any],
        revenue: dict[str, float],
        rents: dict[str, float],
        split: list[tuple[int, Route, float, float]],
        money: dict[str, float],
    ) -> None:
        """Revenue and rent of each region, for some way of sharing each TRQ that its rent allows."""
        regions = self.market.regions
        place = {region: i for i, region in enumerate(regions)}
        size = np.array([max(money[r], abs(revenue[r]), abs(rents[r])) + 1e-12 for r in regions])
        count, rows_of = len(split), 2 * len(regions)
        matrix = np.zeros((rows_of, count))
        fixed = np.array([revenue[r] for r in regions] + [rents[r] for r in regions])
        limits: list[tuple[float, float]] = []
        for column, (index, route, flow, landed) in enumerate(split):
            low, high = self._rates(index, landed)
            rent = self._rent("trqs", index)
            importer, exporter = place[route.way[3]], place[route.way[2]]
            fixed[importer] += high * flow
            matrix[importer, column] += (low - high) * flow
            taker = self.market.agreement["trqs"][index].get("rent_to", "importer")
            row = {"importer": len(regions) + importer, "exporter": len(regions) + exporter, "auction": importer}.get(
                taker
            )
            if row is not None:
                matrix[row, column] += rent * flow
            least, most = self._inside_of(route, index, rent, flow)
            limits.append((least / flow, most / flow))
        reported = np.array(
            [rows[r]["duty_and_levy_revenue"] for r in regions] + [rows[r]["quota_rent"] for r in regions]
        )
        scale = np.concatenate([size, size])
        pools = sorted({index for index, *_ in split})
        inside = np.zeros((len(pools), count))
        volume = np.zeros(len(pools))
        for number, index in enumerate(pools):
            whole = sum(flow for i, _, flow, _ in split if i == index)
            for column, (i, _, flow, _) in enumerate(split):
                if i == index:
                    inside[number, column] = flow / whole
            volume[number] = next(r["in_quota"] for r in self.result["trqs"] if r["index"] == index) / whole
        slack_rows = rows_of + len(pools)
        equal = np.zeros((slack_rows, count + 2 * slack_rows))
        equal[:rows_of, :count] = matrix / scale[:, None]
        equal[rows_of:, :count] = inside
        equal[:, count : count + slack_rows] = np.eye(slack_rows)
        equal[:, count + slack_rows :] = -np.eye(slack_rows)
        right = np.concatenate([(reported - fixed) / scale, volume])
        cost = np.concatenate([np.zeros(count), np.ones(2 * slack_rows)])
        bounds: list[tuple[float, float | None]] = [*limits, *([(0.0, None)] * (2 * slack_rows))]
        found = linprog(cost, A_eq=equal, b_eq=right, bounds=bounds, method="highs")
        if found.x is None:
            self.faults.append(f"whether revenue and rents add up could not be decided ({found.message})")
            return
        slack = found.x[count : count + slack_rows] - found.x[count + slack_rows :]
        for number in range(rows_of):
            if abs(slack[number]) > MONEY:
                region = regions[number % len(regions)]
                name = "duty_and_levy_revenue" if number < len(regions) else "quota_rent"
                owed = reported[number] - slack[number] * scale[number]
                self.say(f"welfare of {region}: {name} {reported[number]:g}, not {owed:g}", abs(slack[number]))


def verify(content: Content, result: Content) -> list[str]:
    """Every violation in words; none for a right result."""
    return Verifier(content, result).run()
