"""Generated markets in the case format, and how the laws solve and read them.

Numbers are drawn so that most places have a price that their own users or producers determine: demand starts above 60,
supply below 15. Prices of places where nothing is made or used are left to the engine and must not be compared.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from model.case import Case, market_of
from model.equilibrium import Solver, solve

MINERAL = "m"
FINAL = "refined"
ORE = "mine"
REGIONS = ("ALPHA", "BETA", "GAMMA", "DELTA")
SMOOTH = ("linear", "isoelastic")
EVERY_KIND = (*SMOOTH, "steps")

Content = dict[str, Any]
Result = dict[str, Any]

settings.register_profile(
    "laws",
    derandomize=True,
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
laws = settings.get_profile("laws")

EXACT = 1e-6
"""Relative accuracy with which a law must hold; residuals of a solve are at most this."""
NOTHING = 1e-6
"""A quantity below this counts as none (markets hold tens to hundreds of units)."""
_SOLVER = Solver()
"""Shared, since what it keeps warm never changes a number (test_cases holds it to that)."""


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """A number of a few digits."""
    return st.integers(0, 400).map(lambda k: round(low + (high - low) * k / 400, 4))


FACTORS = between(0.75, 1.6)
"""Floors and strikes as multiples of the price under free trade."""


@st.composite
def supply_curves(draw: st.DrawFn, kinds: tuple[str, ...]) -> Content:
    kind = draw(st.sampled_from(kinds))
    if kind == "linear":
        return {"kind": kind, "price_at_zero": draw(between(1, 15)), "slope": draw(between(0.1, 2))}
    if kind == "isoelastic":
        price, quantity = draw(between(8, 30)), draw(between(5, 60))
        return {"kind": kind, "price": price, "quantity": quantity, "elasticity": draw(between(0.2, 2))}
    start = draw(between(1, 15))
    rises = draw(st.lists(between(0.5, 12), min_size=1, max_size=4))
    prices = [round(start + sum(rises[:count]), 4) for count in range(len(rises) + 1)]
    return {"kind": kind, "steps": [[price, draw(between(3, 30))] for price in prices]}


@st.composite
def demand_curves(draw: st.DrawFn, kinds: tuple[str, ...]) -> Content:
    kind = draw(st.sampled_from(kinds))
    if kind == "linear":
        return {"kind": kind, "price_at_zero": draw(between(60, 120)), "slope": draw(between(0.5, 3))}
    if kind == "isoelastic":
        price, quantity = draw(between(10, 40)), draw(between(5, 60))
        choke = round(price * draw(between(8, 40)), 4)
        return {
            "kind": kind,
            "price": price,
            "quantity": quantity,
            "elasticity": -draw(between(0.2, 1.5)),
            "choke_price": choke,
        }
    start = draw(between(60, 120))
    falls = draw(st.lists(between(2, 18), min_size=1, max_size=4))
    prices = [round(max(start - sum(falls[:count]), 1.0), 4) for count in range(len(falls) + 1)]
    return {"kind": kind, "steps": [[price, draw(between(3, 30))] for price in prices]}


@st.composite
def markets(
    draw: st.DrawFn,
    kinds: tuple[str, ...] = SMOOTH,
    regions: tuple[int, int] = (2, 4),
    two_stages: bool | None = None,
    sloped: bool | None = None,
    parties: int | None = None,
) -> Content:
    """A market in which every region can ship to every other; ``None`` leaves a choice to the draw."""
    ids = REGIONS[: draw(st.integers(*regions))]
    members = draw(st.integers(1, len(ids) - 1)) if parties is None else parties
    chain = draw(st.booleans()) if two_stages is None else two_stages
    slopes = draw(st.booleans()) if sloped is None else sloped
    first = ORE if chain else FINAL
    place = {"mineral": MINERAL}
    refiners = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True)) if chain else []
    return {
        "regions": [{"id": name, "party": index < members} for index, name in enumerate(ids)],
        "supply": [{"region": name, "stage": first, "curve": draw(supply_curves(kinds))} | place for name in ids],
        "demand": [{"region": name, "stage": FINAL, "curve": draw(demand_curves(kinds))} | place for name in ids],
        "processing": [
            {"region": name, "from": ORE, "to": FINAL, "recovery": draw(between(0.5, 1)), "cost": draw(between(0.5, 6))}
            | place
            for name in refiners
        ],
        "routes": [
            {"stage": stage, "from": source, "to": target, "cost": draw(between(0.3, 6))}
            | place
            | ({"cost_slope": draw(between(0.05, 0.8))} if slopes else {})
            for stage in ((ORE, FINAL) if chain else (FINAL,))
            for source in ids
            for target in ids
            if source != target
        ],
    }


def region_ids(content: Content) -> list[str]:
    return [region["id"] for region in content["regions"]]


def party_ids(content: Content) -> list[str]:
    return [region["id"] for region in content["regions"] if region["party"]]


def outsider_ids(content: Content) -> list[str]:
    return [region["id"] for region in content["regions"] if not region["party"]]


def at(stage: str = FINAL, **fields: Any) -> Content:
    """An instrument or shock on the generated mineral."""
    return {"mineral": MINERAL, "stage": stage} | fields


def result_of(content: Content, shocks: tuple[Content, ...] = (), **agreement: Any) -> Result:
    """The RESULT of a generated market under the given lists of instruments."""
    whole = content | {"agreement": {name: list(items) for name, items in agreement.items()}, "shocks": list(shocks)}
    case = Case.parse(whole, "generated case")
    return solve(market_of(case), case.parties, case.agreement, case.shocks, _SOLVER).result()


def price(result: Result, region: str, stage: str = FINAL, column: str = "consumer_price") -> float:
    return float(next(r[column] for r in result["prices"] if r["region"] == region and r["stage"] == stage))


def quantity(result: Result, region: str, column: str, stage: str = FINAL) -> float:
    return float(next(r[column] for r in result["quantities"] if r["region"] == region and r["stage"] == stage))


def account(result: Result, region: str, column: str) -> float:
    return float(next(r[column] for r in result["welfare"] if r["region"] == region))


def flow(result: Result, source: str, target: str, stage: str = FINAL) -> float:
    """Quantity shipped; a route without a row ships nothing."""
    rows = (r for r in result["flows"] if (r["from"], r["to"], r["stage"]) == (source, target, stage))
    return float(sum(r["quantity"] for r in rows))


def arrivals(result: Result, sources: list[str], target: str, stage: str = FINAL) -> float:
    """Quantity shipped from several regions to one."""
    return sum(flow(result, source, target, stage) for source in sources)


def determined_prices(result: Result) -> dict[tuple[str, str], float]:
    """Prices of the places where something is made or used."""
    busy = {(r["region"], r["stage"]) for r in result["quantities"] if max(r["production"], r["consumption"]) > 1e-6}
    return {
        (r["region"], r["stage"]): r["consumer_price"] for r in result["prices"] if (r["region"], r["stage"]) in busy
    }


def levy_floor(content: Content, level: float, parties: list[str] | None = None, **fields: Any) -> Content:
    return at(parties=parties or party_ids(content), price=level, mechanism="variable_levy", **fields)


def border(content: Content, **fields: Any) -> Content:
    """A measure of all parties on arrivals from all others."""
    return at(importers=party_ids(content), exporters=outsider_ids(content), **fields)


def arriving(content: Content, result: Result) -> float:
    """What all parties take from all others."""
    return sum(arrivals(result, outsider_ids(content), name) for name in party_ids(content))


def trq(content: Content, limit: float, within: float, rise: float) -> Content:
    return border(content, quantity=limit, in_quota={"specific": within}, over_quota={"specific": within + rise})
