"""Three hundred generated markets: every result passes an independent check, every refusal has a reason.

The check and the second solver of ``tests/independent`` know the case format and nothing of the engine. They are tested
here as well: the check must see a number that is wrong, the second solver come to the answers of ``tests/cases``.
"""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest

from model.case import Case, market_of
from model.equilibrium import solve
from tests.independent import solver
from tests.independent.generate import market
from tests.independent.judge import RIGHT, RIGHTLY_REFUSED, judge, larger_levies
from tests.independent.market import endless, read, servable
from tests.independent.verify import verify
from tests.shipped import slow_but

CASES = Path(__file__).parent / "cases"
CHUNK = 25
CHUNKS = 12
SEED = 0
DETERMINED = (
    "buffer-stock-budget-spent",
    "cfd-with-exports",
    "contract-small-country-trq-8",
    "contract-two-countries-levy-22",
    "export-taxes",
    "levy-capped",
    "processing-two-places",
    "quota-auctioned",
    "stockpile-release",
    "supply-loss",
    "tariff-compound",
    "trq-with-levy",
)
"""Cases in which every positive number of the result is determined."""
MENDED = {
    "0-59": "a levy ends arrivals at its cap, a price beside it is open",
    "0-118": "a levy that nothing would pay anyway; a tiny user on a steep curve",
    "1-21": "a small user with a steep isoelastic curve",
    "1-171": "an empty quota beside much that goes beyond it",
    "1-191": "a place that trades a billionth of the market",
    "1-195": "a glut beside small markets",
    "2-60": "a cap and a loss at one place, in this order",
    "2-89": "two floors where nobody trades",
    "2-214": "a levy on a route that has nothing to carry",
    "3-8": "an offtake from a region without supply",
    "5-156": "a loss of processing that has no capacity",
    "5-217": "fixed demand that lives on an offtake",
    "8-1": "a guarantee that pays for a glut",
    "50-117": "an offtake of goods that would go round in a circle",
    "50-223": "a levy where a quota of nothing keeps all out already",
    "50-868": "a capacity many times larger than the market",
    "50-1013": "a search that leads nowhere from its first start",
    "50-2593": "bounds that differ by rounding",
    "50-5531": "a step larger than a thousand million",
    "50-8399": "a floor that no arrivals could support",
    "50-9384": "two levies where one would do",
    "51-1190": "a levy beside a tariff-rate quota of nothing",
    "51-2396": "a cap that leaves nothing to a second producer",
    "51-2842": "a committed route's own congestion beyond its quota",
    "51-4508": "use of a thousand millionth of the market",
    "51-7159": "a floor of a party that trades nothing",
    "52-1008": "elastic use at a price of zero",
    "52-5790": "a steep curve beside an endless offer",
    "53-350": "a quota beside a glut",
    "53-2034": "a duty that changes its part where a price is open",
    "53-3968": "use that is all unserved",
    "55-3383": "a cap whose rent is more than the price",
    "55-3645": "offtakes on routes of a tariff-rate quota and a closed one",
    "55-6358": "prices a million times the usual",
    "54-6085": "an offtake beyond what a tariff-rate quota lets in",
    "54-7200": "a levy that nobody could pay beside an open one",
    "58-7525": "a quota of nothing, beyond which there is a way",
    "58-5425": "a contract for difference for what nobody can use",
    "59-2791": "supply of no use that hardly falls with its price",
    "59-5399": "an offtake of what its buyer cannot use",
    "62-149": "a contract for difference amid flat curves",
    "61-8137": "a contract for difference in three regions",
    "62-7669": "a quota of nothing on a route that only fades",
    "63-5166": "two equal floors of one party",
    "58-3206": "committed goods that go round at a levy",
    "57-881": "an offtake that fixed use leaves almost nothing beside one that can be kept",
}
"""Markets of other seeds that were once solved wrong or refused, and what they hold."""
TIED = {
    "levy-with-quota-full-at-the-floor": ("levy",),
    "levy-with-trq-full-at-the-floor": ("levy",),
    "quota-equal-to-capacity": ("rent_per_unit", "producer_price"),
}
"""Cases in which a sum is split by the rule alone, and the columns that the second solver leaves open."""
COMPARED = ("prices", "quantities", "flows", "floors")
NAMES = sorted(path.name.removesuffix(".expected.json") for path in CASES.glob("*.expected.json"))


def content_of(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("chunk", slow_but(0, range(CHUNKS)))
def test_generated_markets_are_solved_right_or_rightly_refused(chunk: int) -> None:
    failures = []
    for number in range(CHUNK * chunk, CHUNK * (chunk + 1)):
        verdict = judge(market(number, SEED))
        if verdict.kind not in {RIGHT, RIGHTLY_REFUSED}:
            failures.append(f"market {number} of seed {SEED}: {verdict.kind}: {'; '.join(verdict.words[:2])}")
    assert failures == []


@pytest.mark.parametrize("key", slow_but("0-59", MENDED))
def test_markets_once_wrong_are_right(key: str) -> None:
    seed, number = key.split("-")
    verdict = judge(market(int(number), int(seed)))
    assert (verdict.kind, verdict.words) == (RIGHT, ()), MENDED[key]


@pytest.mark.parametrize("name", DETERMINED)
def test_the_check_sees_every_number_that_is_one_percent_wrong(name: str) -> None:
    content = content_of(name)
    case = Case.parse(content, name)
    result = solve(market_of(case), case.parties, case.agreement, case.shocks).result()
    assert verify(content, result) == []
    unseen = []
    for table in ("prices", "quantities", "flows", "trqs", "quotas", "floors", "welfare"):
        for number, row in enumerate(result[table]):
            for key, value in row.items():
                if isinstance(value, float) and abs(value) > 0.5 and key not in {"unserved", "stock_value"}:
                    wrong = copy.deepcopy(result)
                    wrong[table][number][key] = value * 1.01
                    if not verify(content, wrong):
                        unseen.append(f"{table} {row}: {key}")
    assert unseen == []


@pytest.mark.parametrize("name", ["buffer-stock-budget-spent", "stockpile-release", "buffer-stock-ceiling-exhausted"])
def test_metal_in_public_stocks_is_worth_what_the_second_solver_finds_undisturbed(name: str) -> None:
    content = content_of(name)
    case = Case.parse(content, name)
    result = solve(market_of(case), case.parties, case.agreement, case.shocks).result()
    undisturbed = solver.solve(content | {"agreement": {}, "shocks": []})
    price = {(row["region"], row["mineral"], row["stage"]): row["consumer_price"] for row in undisturbed["prices"]}
    worth = dict.fromkeys((row["region"] for row in result["welfare"]), 0.0)
    for row in result["quantities"]:
        metal = row["stock_bought"] - row["stock_released"]
        worth[row["region"]] += metal * price[row["region"], row["mineral"], row["stage"]]
    assert any(worth.values())
    assert {row["region"]: row["stock_value"] for row in result["welfare"]} == pytest.approx(worth, rel=1e-6)


def test_the_check_sees_a_levy_that_ends_arrivals_and_is_too_high() -> None:
    content = market(59, SEED)
    case = Case.parse(content, "59")
    result = solve(market_of(case), case.parties, case.agreement, case.shocks).result()
    assert larger_levies(content, result) == []
    charged = [row for row in result["floors"] if row["levy"] > 0]
    for row in charged:
        row["levy"] *= 1.1
    assert [fault.split(":")[0] for fault in larger_levies(content, result)] == ["('R0', 'm', 'refined')"]


@pytest.mark.parametrize("name", NAMES)
def test_the_second_solver_comes_to_the_known_answers(name: str) -> None:
    content = content_of(name)
    result = solver.solve(content)
    assert verify(content, result) == []
    answer = json.loads((CASES / f"{name}.expected.json").read_text(encoding="utf-8"))
    wrong = []
    for entry in answer["expected"]:
        if entry.get("table") not in COMPARED or "minus_case" in entry or isinstance(entry["value"], bool | None):
            continue
        if entry["column"] in TIED.get(name, ()):
            continue
        rows = [
            row for row in result[entry["table"]] if all(row[key] == value for key, value in entry["where"].items())
        ]
        value = rows[0][entry["column"]] if rows else 0.0
        allowed = {"rel_tol": entry.get("rel_tol", 0.0), "abs_tol": entry.get("abs_tol", 0.0)}
        if not math.isclose(value, entry["value"], **allowed):
            wrong.append(f"{entry['table']} {entry['where']} {entry['column']}: {value}, not {entry['value']}")
    assert wrong == []


def test_the_check_knows_when_there_is_no_equilibrium() -> None:
    place = {"region": "A", "mineral": "m", "stage": "refined"}
    fixed: dict[str, Any] = {
        "regions": [{"id": "A", "party": True}],
        "supply": [place | {"curve": {"kind": "linear", "price_at_zero": 1.0, "slope": 1.0, "capacity": 3.0}}],
        "demand": [place | {"curve": {"kind": "fixed", "quantity": 3.1}}],
    }
    assert not servable(read(fixed))
    fixed["demand"][0]["curve"]["quantity"] = 2.9
    assert servable(read(fixed))
    floor = {"parties": ["A"], "mineral": "m", "stage": "refined", "price": 2.0, "mechanism": "buffer_stock"}
    without_end: dict[str, Any] = {
        "regions": [{"id": "A", "party": True}],
        "supply": [place | {"curve": {"kind": "linear", "price_at_zero": 1.0, "slope": 0.0}}],
        "agreement": {"floors": [floor]},
    }
    assert endless(read(without_end))
    floor["price"] = 0.9
    assert not endless(read(without_end))
