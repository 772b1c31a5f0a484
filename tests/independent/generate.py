"""Random markets as case files: the same number and seed give the same market."""

from __future__ import annotations

import random
from typing import Any

Content = dict[str, Any]
ORE, FINAL = "mine", "refined"
ROUND_FROM = 1000
"""Markets of this seed and later ones have numbers of one figure."""


class _Draw:
    """Random numbers of four digits."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def between(self, low: float, high: float) -> float:
        return rounded(self.random.uniform(low, high))

    def size(self, low: float, high: float) -> float:
        """Evenly spread over orders of magnitude."""
        return rounded(10.0 ** self.random.uniform(low, high))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some(self, items: list[str], least: int = 1) -> list[str]:
        count = self.random.randint(min(least, len(items)), len(items))
        return sorted(self.random.sample(items, count))


def rounded(value: float) -> float:
    return float(f"{value:.4g}")


def market(number: int, seed: int = 0) -> Content:
    """Market ``number`` of a seed. Those of high seeds have round numbers, as people write them, and so many ties."""
    content = _Market(_Draw(f"market {seed} {number}")).content(f"generated market {number} of seed {seed}")
    return _round(content) if seed >= ROUND_FROM else content


def _round(value: Any) -> Any:
    """The same with numbers of one figure; steps that come to stand at one price are one."""
    if isinstance(value, dict) and "steps" in value:
        steps: dict[float, float] = {}
        for price, quantity in _round(value["steps"]):
            steps[price] = steps.get(price, 0.0) + quantity
        return value | {"steps": [list(step) for step in steps.items()]}
    if isinstance(value, dict):
        return {key: _round(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_round(part) for part in value]
    return float(f"{value:.1g}") if isinstance(value, float) else value


class _Market:
    def __init__(self, draw: _Draw) -> None:
        self.draw = draw
        self.regions = [f"R{i}" for i in range(draw.random.randint(2, 6))]
        self.parties = draw.some(self.regions, 0) if draw.chance(0.1) else draw.some(self.regions[:-1])
        self.chain = draw.chance(0.35)
        self.price = draw.size(0, 4.5)
        self.quantity = draw.size(-1, 6)
        spread = 4.0 if draw.chance(0.25) else 1.0
        self.shares = {region: draw.size(-spread, 0) for region in self.regions}
        self.stages = [ORE, FINAL] if self.chain else [FINAL]
        self.routes: list[Content] = []
        self.supplied: set[tuple[str, str]] = set()

    def content(self, name: str) -> Content:
        draw = self.draw
        first = self.stages[0]
        supply, demand, processing = [], [], []
        for region in self.regions:
            supply += [
                self.at(first, region=region, curve=self.supply_curve(region))
                for _ in range(1 + draw.chance(0.15))
                if draw.chance(0.85)
            ]
            if self.chain and draw.chance(0.15):
                supply.append(self.at(FINAL, region=region, curve=self.supply_curve(region, 1.3)))
            demand += [
                self.at(FINAL, region=region, curve=self.demand_curve(region))
                for _ in range(1 + draw.chance(0.2))
                if draw.chance(0.85)
            ]
            if self.chain and draw.chance(0.1):
                demand.append(self.at(ORE, region=region, curve=self.demand_curve(region)))
            if self.chain and draw.chance(0.7):
                processing.append(self.process(region))
        if self.chain and not processing:
            processing.append(self.process(self.regions[0]))
        if not demand:
            demand.append(self.at(FINAL, region=self.regions[0], curve=self.demand_curve(self.regions[0])))
        self.supplied = {(item["region"], item["stage"]) for item in supply}
        self.routes = [
            self.route(stage, source, target)
            for stage in self.stages
            for source in self.regions
            for target in self.regions
            if source != target and draw.chance(0.6)
        ]
        agreement = self.agreement()
        shocks = self.shocks()
        content: Content = {
            "name": name,
            "regions": [{"id": region, "party": region in self.parties} for region in self.regions],
            "supply": supply,
            "demand": demand,
            "processing": processing,
            "routes": self.routes,
        }
        if draw.chance(0.06):
            self.add_byproduct(content)
        return content | {"agreement": agreement, "shocks": shocks}

    def at(self, stage: str, **fields: Any) -> Content:
        return fields | {"mineral": "m", "stage": stage}

    def own(self, region: str) -> float:
        """A quantity of the region's size."""
        return rounded(self.quantity * self.shares[region] * self.draw.between(0.3, 1.5))

    def supply_curve(self, region: str, dearer: float = 1.0) -> Content:
        draw, price, quantity = self.draw, self.price * dearer, self.own(region)
        kind = draw.random.choices(["linear", "isoelastic", "steps", "fixed"], [5, 2, 3, 1])[0]
        if kind == "linear":
            flat = draw.chance(0.1)
            curve: Content = {
                "kind": kind,
                "price_at_zero": rounded(price * draw.between(-0.3 if not flat and draw.chance(0.1) else 0.05, 0.9)),
                "slope": 0.0 if flat else rounded(price * draw.between(0.1, 2) / quantity),
            }
            if draw.chance(0.25):
                curve["capacity"] = rounded(quantity * draw.between(0.2, 1.5))
            return curve
        if kind == "isoelastic":
            curve = {"kind": kind, "price": rounded(price), "quantity": quantity, "elasticity": draw.between(0.1, 2)}
            if draw.chance(0.25):
                curve["capacity"] = rounded(quantity * draw.between(0.3, 1.5))
            return curve
        if kind == "steps":
            count = draw.random.randint(1, 4)
            prices = sorted(rounded(price * draw.between(0.1, 2)) for _ in range(count))
            if draw.chance(0.08):
                return {"kind": kind, "steps": [[prices[0], rounded(1e9 * quantity)]]}
            return {"kind": kind, "steps": [[p, rounded(quantity * draw.between(0.1, 0.8))] for p in prices]}
        return {"kind": kind, "quantity": rounded(quantity * 0.4)}

    def demand_curve(self, region: str) -> Content:
        draw, price, quantity = self.draw, self.price, self.own(region)
        if draw.chance(0.06):
            quantity = rounded(quantity * draw.size(-6, -3))
        kind = draw.random.choices(["linear", "isoelastic", "steps", "fixed"], [5, 2, 3, 1])[0]
        if kind == "linear":
            top = rounded(price * draw.between(1.2, 6))
            return {"kind": kind, "price_at_zero": top, "slope": rounded(top / quantity)}
        if kind == "isoelastic":
            curve: Content = {
                "kind": kind,
                "price": rounded(price),
                "quantity": quantity,
                "elasticity": -draw.between(0.1, 1.8),
            }
            if draw.chance(0.8):
                curve["choke_price"] = rounded(price * draw.between(2, 20))
            return curve
        if kind == "steps":
            count = draw.random.randint(1, 4)
            prices = sorted((rounded(price * draw.between(0.8, 5)) for _ in range(count)), reverse=True)
            return {"kind": kind, "steps": [[p, rounded(quantity * draw.between(0.1, 0.8))] for p in prices]}
        curve = {"kind": kind, "quantity": rounded(quantity * 0.5)}
        if draw.chance(0.75):
            curve["choke_price"] = rounded(price * draw.between(2, 10))
        return curve

    def process(self, region: str) -> Content:
        draw = self.draw
        step: Content = {
            "region": region,
            "mineral": "m",
            "from": ORE,
            "to": FINAL,
            "recovery": draw.between(0.3, 1),
            "cost": rounded(self.price * draw.between(0.02, 0.5)),
        }
        if draw.chance(0.4):
            step["capacity"] = rounded(self.own(region) * draw.between(0.2, 1.5))
        return step

    def route(self, stage: str, source: str, target: str) -> Content:
        draw = self.draw
        route = self.at(stage) | {
            "from": source,
            "to": target,
            "cost": 0.0 if draw.chance(0.1) else rounded(self.price * draw.between(0.01, 0.4)),
        }
        size = max(self.own(source), self.own(target)) if draw.chance(0.5) else min(self.own(source), self.own(target))
        if draw.chance(0.5):
            route["cost_slope"] = rounded(self.price * draw.between(0.02, 0.6) / size)
        if draw.chance(0.2):
            route["capacity"] = rounded(size * draw.between(0.02, 0.8))
        return route

    # -------------------------------------------------------------- agreement

    def border(self) -> tuple[str, Content]:
        draw = self.draw
        stage = draw.random.choice(self.stages)
        importers = draw.some(self.parties) if self.parties and draw.chance(0.8) else draw.some(self.regions)
        return stage, self.at(stage, importers=importers, exporters=draw.some(self.regions))

    def rate(self, most: float = 0.6) -> Content:
        draw = self.draw
        kind = draw.random.randint(0, 2)
        return {
            "specific": 0.0 if kind == 1 else rounded(self.price * draw.between(0.02, most)),
            "ad_valorem": 0.0 if kind == 0 else draw.between(0.02, most),
        }

    def agreement(self) -> Content:
        draw = self.draw
        agreement: Content = {}
        if draw.chance(0.45):
            agreement["tariffs"] = [
                self.border()[1] | self.rate() | ({"greater_of": True} if draw.chance(0.3) else {})
                for _ in range(draw.random.randint(1, 3))
            ]
        if draw.chance(0.3):
            agreement["quotas"] = [
                self.border()[1] | {"quantity": self.pool(), "rent_to": self.taker()}
                for _ in range(draw.random.randint(1, 2))
            ]
        if draw.chance(0.35):
            agreement["trqs"] = self.trqs()
        if draw.chance(0.3):
            agreement["export_taxes"] = [
                self.at(
                    draw.random.choice(self.stages),
                    exporter=draw.random.choice(self.regions),
                    importers=draw.some(self.regions),
                )
                | self.rate(0.4)
                for _ in range(draw.random.randint(1, 2))
            ]
        if self.parties and draw.chance(0.7):
            agreement["floors"] = self.floors()
        if draw.chance(0.3) and self.routes:
            agreement["offtakes"] = [
                self.at(
                    route["stage"],
                    producer=route["from"],
                    buyer=route["to"],
                    quantity=rounded(min(self.own(route["from"]), self.own(route["to"])) * draw.between(0.05, 0.8)),
                    strike=rounded(self.price * draw.between(0.3, 2)),
                )
                for route in draw.random.sample(self.routes, min(draw.random.randint(1, 2), len(self.routes)))
            ]
        if draw.chance(0.25):
            agreement["stockpiles"] = [
                self.at(
                    draw.random.choice(self.stages),
                    party=region,
                    quantity=rounded(self.own(region) * draw.between(0.02, 0.4)),
                    release_above=rounded(self.price * draw.between(0.3, 3)),
                )
                for region in draw.some(self.regions)[:2]
            ]
        return agreement

    def pool(self) -> float:
        draw = self.draw
        if draw.chance(0.1):
            return 0.0
        return rounded(self.own(draw.random.choice(self.regions)) * draw.between(0.02, 0.8))

    def taker(self) -> str:
        return self.draw.random.choice(["importer", "exporter", "auction", "burnt"])

    def trqs(self) -> list[Content]:
        """One pool, or one pool for each of several exporters; never two on one route."""
        draw = self.draw
        _, measure = self.border()
        groups = [measure["exporters"]]
        if draw.chance(0.5):
            groups = [[name] for name in measure["exporters"][:3]]
        made = []
        for exporters in groups:
            low, high = {}, self.rate()
            if draw.chance(0.4):
                low = {key: rounded(value * draw.between(0, 1)) for key, value in high.items()}
            made.append(
                measure
                | {
                    "exporters": exporters,
                    "quantity": self.pool(),
                    "in_quota": low,
                    "over_quota": high,
                    "rent_to": self.taker(),
                }
            )
        return made

    def floors(self) -> list[Content]:
        draw = self.draw
        floors: list[Content] = []
        taken: set[tuple[str, str]] = set()
        for stage in self.stages:
            if not draw.chance(0.75):
                continue
            for _ in range(draw.random.randint(1, 2)):
                names = [name for name in draw.some(self.parties) if (name, stage) not in taken]
                if not names:
                    continue
                taken |= {(name, stage) for name in names}
                price = rounded(self.price * draw.between(0.4, 2.5))
                floor = self.at(stage, parties=names, price=price)
                floor["mechanism"] = draw.random.choices(["variable_levy", "cfd", "buffer_stock"], [5, 2, 2])[0]
                if floor["mechanism"] == "variable_levy":
                    if draw.chance(0.3):
                        floor["levy_cap"] = rounded(self.price * draw.between(0.02, 0.8))
                    if draw.chance(0.25):
                        other = dict(floor, price=rounded(price * draw.between(0.6, 1.4)), parties=draw.some(names))
                        other.pop("levy_cap", None)
                        if draw.chance(0.4):
                            other["levy_cap"] = rounded(self.price * draw.between(0.02, 0.8))
                        floors.append(other)
                if floor["mechanism"] == "buffer_stock":
                    if draw.chance(0.7):
                        floor["budget"] = rounded(price * self.own(names[0]) * draw.size(-2, 0))
                    if draw.chance(0.5):
                        floor["ceiling"] = rounded(price * draw.between(1.02, 2))
                        floor["stock"] = rounded(self.own(names[0]) * draw.between(0.02, 0.5))
                floors.append(floor)
        return floors

    def shocks(self) -> list[Content]:
        draw = self.draw
        shocks: list[Content] = []
        if draw.chance(0.55):
            return shocks
        for _ in range(draw.random.randint(1, 3)):
            stage, region = draw.random.choice(self.stages), draw.random.choice(self.regions)
            kind = draw.random.choice(["export_ban", "supply_loss", "supply_cap", "demand_change"])
            shock = self.at(stage, kind=kind)
            if kind == "export_ban":
                shock |= {"exporter": region, "importers": draw.some(self.regions)}
            elif kind == "supply_cap":
                shock |= {"region": region, "quantity": rounded(self.own(region) * draw.between(0.1, 1))}
            elif kind == "supply_loss":
                shock |= {"region": region, "share": 1.0 if draw.chance(0.1) else draw.between(0.05, 0.9)}
            else:
                shock |= {"region": region, "share": draw.between(-0.5, 0.5)}
            shocks.append(shock)
        return shocks

    def add_byproduct(self, content: Content) -> None:
        """A second mineral that comes along with the first one's production."""
        draw = self.draw
        hosts = [item for item in content["supply"] if item["stage"] == self.stages[0]]
        for host in hosts[:2]:
            content["supply"].append(
                {
                    "region": host["region"],
                    "mineral": "b",
                    "stage": FINAL,
                    "curve": {"kind": "linear", "price_at_zero": rounded(self.price * 2), "slope": 0.0},
                    "byproduct_of": {"mineral": "m", "stage": host["stage"], "ratio": draw.between(0.01, 0.1)},
                }
            )
        for region in self.regions[:3]:
            top = rounded(self.price * draw.between(5, 30))
            curve = {"kind": "linear", "price_at_zero": top, "slope": rounded(top / (0.05 * self.own(region)))}
            content["demand"].append({"region": region, "mineral": "b", "stage": FINAL, "curve": curve})
        content["routes"] += [
            {"mineral": "b", "stage": FINAL, "from": one, "to": other, "cost": rounded(self.price * 0.1)}
            for one in self.regions[:3]
            for other in self.regions[:3]
            if one != other
        ]
