"""Every case of ``tests/cases`` gives the numbers that were published for it and the exact answer worked out beside it.

A test's id holds the case and, where the example was published, its source. ``tests/cases/README.md`` states the form
of an answer.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from model.case import Case, market_of
from model.equilibrium import Solver, solve

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in CASES.glob("*.expected.json"))
LARGEST_RESIDUAL = 1e-6
SAME = 1e-12
"""Largest relative difference between two solves of the same case."""
TABLES = ("prices", "quantities", "flows", "trqs", "quotas", "floors", "welfare")
WELFARE_GAINS = (
    "consumer_surplus",
    "producer_surplus",
    "duty_and_levy_revenue",
    "quota_rent",
    "transfers",
    "stock_sales",
    "supplier_change",
)

Result = dict[str, Any]


@cache
def case(name: str) -> Case:
    return Case.read(CASES / f"{name}.json", "case")


@cache
def answer(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CASES / f"{name}.expected.json").read_text(encoding="utf-8"))
    return content


def solve_afresh(name: str, solver: Solver | None = None) -> Result:
    own = case(name)
    return solve(market_of(own), own.parties, own.agreement, own.shocks, solver).result()


solved = cache(solve_afresh)


def title(name: str) -> str:
    """Case and, for a published example, who published it."""
    source = answer(name)["source"]
    return name if source == "derived" else f"{name} ({source['authors']}, {source['year']}: {source['where']})"


def entries(part: str) -> list[Any]:
    """One parameter per case with at least one entry of the part, the source in its id."""
    return [pytest.param(name, id=title(name)) for name in NAMES if answer(name)[part]]


def field(result: Result, entry: dict[str, Any]) -> Any:
    """The field an entry selects; a row missing from ``flows`` is a flow of zero."""
    rows = [row for row in result[entry["table"]] if all(row[key] == value for key, value in entry["where"].items())]
    if not rows and entry["table"] == "flows":
        return 0.0
    assert len(rows) == 1, f"{entry['table']} has {len(rows)} rows for {entry['where']}"
    return rows[0][entry["column"]]


def transport_cost(name: str) -> float:
    """Sum over flows of the route's cost times quantity."""
    cost = {(r.mineral, r.stage, r.exporter, r.importer): r.cost for r in case(name).routes}
    return sum(cost[f["mineral"], f["stage"], f["from"], f["to"]] * f["quantity"] for f in solved(name)["flows"])


def price_polynomial(name: str, entry: dict[str, Any]) -> float:
    """Linear and quadratic terms in consumer prices, plus a multiple of the transport cost."""

    def price(node: dict[str, str]) -> float:
        return float(field(solved(name), {"table": "prices", "where": node, "column": "consumer_price"}))

    linear = sum(weight * price(node) for node, weight in entry["linear"])
    quadratic = sum(weight * price(one) * price(other) for one, other, weight in entry["quadratic"])
    return linear + quadratic + entry["transport_cost"] * transport_cost(name)


def measured(name: str, entry: dict[str, Any]) -> Any:
    """What the result says on an entry."""
    if entry.get("measure") == "transport_cost":
        return transport_cost(name)
    if entry.get("measure") == "price_polynomial":
        return price_polynomial(name, entry)
    value = field(solved(name), entry)
    return value - field(solved(entry["minus_case"]), entry) if "minus_case" in entry else value


def differences(name: str, part: str) -> list[str]:
    """Every entry that the result does not meet, in words."""
    wrong = []
    for entry in answer(name)[part]:
        value, wanted = measured(name, entry), entry["value"]
        if isinstance(wanted, bool) or wanted is None:
            meets = value is wanted
        else:
            meets = value is not None and math.isclose(
                value, wanted, rel_tol=entry.get("rel_tol", 0.0), abs_tol=entry.get("abs_tol", 0.0)
            )
        if not meets:
            what = entry.get("measure") or f"{entry['table']} {entry['where']} {entry['column']}"
            wrong.append(f"{what}: {value}, not {entry.get('as_published', wanted)}")
    return wrong


@pytest.mark.parametrize("name", entries("published"))
def test_published_numbers_come_out(name: str) -> None:
    """Sources: Krugman and Obstfeld, Dantzig, Takayama and Judge, Miranda and Fackler, PyPSA and others (see ids)."""
    assert differences(name, "published") == []


@pytest.mark.parametrize("name", entries("expected"))
def test_exact_answers_come_out(name: str) -> None:
    assert differences(name, "expected") == []


@pytest.mark.parametrize("name", NAMES)
def test_residuals_are_small(name: str) -> None:
    status = solved(name)["status"]
    assert status["converged"] is True
    for residual in ("market_balance", "complementarity", "price_error", "welfare_identity"):
        assert 0.0 <= status[residual] <= LARGEST_RESIDUAL, residual
    assert status["friction"] == pytest.approx(0.0, abs=1e-6 * max(1.0, _money(solved(name))))


@pytest.mark.parametrize("name", NAMES)
def test_every_row_and_the_world_balance(name: str) -> None:
    """What a place makes, receives and releases it uses, ships or stores, unless its price is zero."""
    result = solved(name)
    price = {(r["region"], r["mineral"], r["stage"]): r["consumer_price"] for r in result["prices"]}
    shipped: dict[tuple[str, str], float] = {}
    for row in result["quantities"]:
        place = (row["region"], row["mineral"], row["stage"])
        arrives = row["production"] + row["imports"] + row["stock_released"]
        leaves = row["consumption"] + row["exports"] + row["stock_bought"]
        size = max(arrives, leaves, 1e-9)
        assert arrives >= leaves - LARGEST_RESIDUAL * size, place
        if price[place] > 0:
            assert arrives == pytest.approx(leaves, rel=LARGEST_RESIDUAL, abs=1e-6), place
        stage = (row["mineral"], row["stage"])
        shipped[stage] = shipped.get(stage, 0.0) + row["exports"] - row["imports"]
    assert all(abs(net) <= 1e-6 for net in shipped.values())


@pytest.mark.parametrize("name", NAMES)
def test_totals_are_the_sum_of_their_accounts(name: str) -> None:
    for row in solved(name)["welfare"]:
        if row["total"] is None:
            assert row["consumer_surplus"] is None
            continue
        gains = sum(row[account] for account in WELFARE_GAINS)
        assert row["total"] == pytest.approx(
            gains - row["outlay"], rel=1e-12, abs=1e-9 * max(1.0, _money(solved(name)))
        )
    assert sum(row["transfers"] for row in solved(name)["welfare"]) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_results_depend_on_the_case_alone(order: str) -> None:
    """One warm solver through all cases, in either order, gives the numbers of a fresh solver for each."""
    solver = Solver()
    for name in NAMES if order == "forwards" else NAMES[::-1]:
        warm, fresh = solve_afresh(name, solver), solved(name)
        assert _differing(warm, fresh) == [], name


def _money(result: Result) -> float:
    return max((abs(row["total"]) for row in result["welfare"] if row["total"] is not None), default=0.0)


def _differing(one: Result, other: Result) -> list[str]:
    found = []
    for table in TABLES:
        assert len(one[table]) == len(other[table]), table
        for ours, theirs in zip(one[table], other[table], strict=True):
            found += [f"{table} {theirs}: {key}" for key, value in ours.items() if not _same(value, theirs[key])]
    return found


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, float) and isinstance(other, float):
        return math.isclose(value, other, rel_tol=SAME, abs_tol=SAME)
    return bool(value == other)
