"""The choice: brute force, single-level programmes, published bilevel examples, bargaining, red lines and conflicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from model.design.choice import NASH_ERROR, ChoiceTerms, choose, tangent_points
from model.design.choice.options import Option, accounts, prune
from model.design.choice.programme import NoAgreement
from model.design.choice.standing import objective_of, standing
from model.design.conflict import conflict, worths
from model.design.frontier import frontier
from model.design.problem.packages import Package
from model.design.problem.projects import Project
from model.design.problem.request import DesignRequest
from model.errors import ScenarioError
from model.units import MILLION
from tests.design_toys import MINERAL, STAGE, case_response, frame_of, label, option, response, terms_of

STEPS: dict[str, Any] = {
    "regions": [{"id": "A", "party": True}, {"id": "C"}],
    "supply": [
        {
            "region": "A",
            "mineral": "m",
            "stage": "s",
            "curve": {"kind": "steps", "steps": [[14, 10], [22, 10], [30, 10]]},
        },
        {
            "region": "C",
            "mineral": "m",
            "stage": "s",
            "curve": {"kind": "steps", "steps": [[5, 25], [9, 8], [16, 9], [25, 30]]},
        },
    ],
    "demand": [
        {
            "region": "A",
            "mineral": "m",
            "stage": "s",
            "curve": {"kind": "steps", "steps": [[60, 20], [41, 15], [27, 15], [18, 15]]},
        },
        {
            "region": "C",
            "mineral": "m",
            "stage": "s",
            "curve": {"kind": "steps", "steps": [[50, 10], [20, 10], [12, 10]]},
        },
    ],
    "routes": [{"mineral": "m", "stage": "s", "from": "C", "to": "A", "cost": 2}],
}
QUOTAS = (3.5, 8.5, 11.5, 16.5, 18.5, 23.5, 27.5, 36.5)


def quota(quantity: float) -> dict[str, Any]:
    place = {"importers": ["A"], "exporters": ["C"], "mineral": "m", "stage": "s"}
    return {"quotas": [{**place, "quantity": quantity, "rent_to": "importer"}]}


def quota_terms(levels: tuple[float, ...]) -> ChoiceTerms:
    """A menu of import quotas on the market of steps, every one solved by the equilibrium."""
    frame = frame_of(("A",))
    neutral = case_response(STEPS, ("A",))
    options = [Option(frame, Package(mineral="m", stage="s"), (neutral,), (neutral,), 20.0)]
    for level in levels:
        package = Package(mineral="m", stage="s", trqs=((("A",), level),))
        options.append(Option(frame, package, (case_response(STEPS, ("A",), **quota(level)),), (neutral,), 20.0))
    request = DesignRequest(parties=("A",), gap=0.0, offtake={"allowed": False})
    return ChoiceTerms(request, frame, {"m": options})


def single_level_quota(levels: tuple[float, ...]) -> tuple[float, float]:
    """Importer's best quota and welfare, the market's optimality conditions inside one MILP (strong duality).

    Surpluses are the values of capacity at the prices, so they are linear; quota times rent is too once the level is a
    binary choice.
    """
    supply = {r["region"]: r["curve"]["steps"] for r in STEPS["supply"]}
    demand = {r["region"]: r["curve"]["steps"] for r in STEPS["demand"]}
    big = 100.0
    m = pyo.ConcreteModel()
    m.offer = pyo.Set(initialize=[(r, k) for r in supply for k in range(len(supply[r]))], dimen=2)
    m.bid = pyo.Set(initialize=[(r, k) for r in demand for k in range(len(demand[r]))], dimen=2)
    m.level = pyo.Set(initialize=range(len(levels)))
    m.sold = pyo.Var(m.offer, bounds=lambda _, r, k: (0, supply[r][k][1]))
    m.bought = pyo.Var(m.bid, bounds=lambda _, r, k: (0, demand[r][k][1]))
    m.flow = pyo.Var(domain=pyo.NonNegativeReals)
    m.price = pyo.Var(list(supply), bounds=(0, big))
    m.seller_surplus = pyo.Var(m.offer, domain=pyo.NonNegativeReals)
    m.buyer_surplus = pyo.Var(m.bid, domain=pyo.NonNegativeReals)
    m.rent = pyo.Var(bounds=(0, big))
    m.taken = pyo.Var(m.level, domain=pyo.Binary)
    m.rent_at = pyo.Var(m.level, bounds=(0, big))
    m.one = pyo.Constraint(expr=sum(m.taken[i] for i in m.level) == 1)
    m.clears_a = pyo.Constraint(
        expr=sum(m.sold["A", k] for k in range(3)) + m.flow == sum(m.bought["A", k] for k in range(4))
    )
    m.clears_c = pyo.Constraint(
        expr=sum(m.sold["C", k] for k in range(4)) == sum(m.bought["C", k] for k in range(3)) + m.flow
    )
    m.limit = pyo.Constraint(expr=m.flow <= sum(levels[i] * m.taken[i] for i in m.level))
    m.sellers = pyo.Constraint(m.offer, rule=lambda m, r, k: m.price[r] - supply[r][k][0] <= m.seller_surplus[r, k])
    m.buyers = pyo.Constraint(m.bid, rule=lambda m, r, k: demand[r][k][0] - m.price[r] <= m.buyer_surplus[r, k])
    m.traders = pyo.Constraint(expr=m.price["A"] - m.price["C"] - 2 <= m.rent)
    m.rent_if_taken = pyo.Constraint(m.level, rule=lambda m, i: m.rent_at[i] <= big * m.taken[i])
    m.rent_is_split = pyo.Constraint(expr=sum(m.rent_at[i] for i in m.level) == m.rent)
    rents = sum(levels[i] * m.rent_at[i] for i in m.level)

    def surplus(region: str) -> Any:
        own = sum(supply[region][k][1] * m.seller_surplus[region, k] for k in range(len(supply[region])))
        return own + sum(demand[region][k][1] * m.buyer_surplus[region, k] for k in range(len(demand[region])))

    value = sum(demand[r][k][0] * m.bought[r, k] for r, k in m.bid)
    cost = sum(supply[r][k][0] * m.sold[r, k] for r, k in m.offer) + 2 * m.flow
    m.strong_duality = pyo.Constraint(expr=value - cost >= surplus("A") + surplus("C") + rents)
    m.welfare = pyo.Objective(expr=surplus("A") + rents, sense=pyo.maximize)
    pyo.SolverFactory("appsi_highs").solve(m)
    return levels[max(m.level, key=lambda i: m.taken[i].value)], float(pyo.value(m.welfare))


def test_the_menu_optimum_agrees_with_a_single_level_programme_holding_the_market() -> None:
    terms = quota_terms(QUOTAS)
    choice = choose(terms)
    package = choice.chosen["m"].package
    best, welfare = single_level_quota(QUOTAS)
    before = case_response(STEPS, ("A",)).net_usd["A"]
    assert package.trqs[0][1] == best
    assert choice.expected_gain["A"] * MILLION == pytest.approx(welfare - before, rel=1e-6)


@pytest.mark.slow
def test_the_menu_optimum_agrees_with_brute_force_over_a_fine_grid() -> None:
    fine = tuple(float(q) for q in np.arange(1.0, 45.0, 1.0) + 0.5)
    terms = quota_terms(fine)
    by_hand = {q: case_response(STEPS, ("A",), **quota(q)).net_usd["A"] for q in fine}
    choice = choose(terms)
    free_trade = case_response(STEPS, ("A",)).net_usd["A"]
    assert max(by_hand.values()) > free_trade
    assert choice.expected_gain["A"] * MILLION == pytest.approx(max(by_hand.values()) - free_trade, rel=1e-6)
    assert by_hand[choice.chosen["m"].package.trqs[0][1]] == pytest.approx(max(by_hand.values()), rel=1e-9)


def follower(x: float, whole: bool, rows: list[tuple[float, float, float]]) -> float | None:
    """The follower's answer: the smallest y with a·x + b·y <= c for every row; none where there is no y."""
    m = pyo.ConcreteModel()
    m.y = pyo.Var(domain=pyo.NonNegativeIntegers if whole else pyo.NonNegativeReals)
    m.rows = pyo.ConstraintList()
    for a, b, c in rows:
        m.rows.add(b * m.y <= c - a * x)
    m.least = pyo.Objective(expr=m.y)
    result = pyo.SolverFactory("appsi_highs").solve(m, load_solutions=False)
    if result.solver.termination_condition != pyo.TerminationCondition.optimal:
        return None
    m.solutions.load_from(result)
    return float(m.y.value)


def bilevel_by_menu(
    levels: list[float], whole: bool, rows: list[tuple[float, float, float]], weight: float, y_weight: float
) -> Any:
    """Leader's levels as packages, the follower's answer as the response, the leader's value as the gain."""
    frame = frame_of(("A",))
    answers = {x: follower(x, whole, rows) for x in levels}
    options = [option(frame, x + 1.0, {"A": weight * x + y_weight * y}) for x, y in answers.items() if y is not None]
    request = DesignRequest(parties=("A",), gap=0.0, participation="none", offtake={"allowed": False})
    choice = choose(ChoiceTerms(request, frame, {MINERAL: options}))
    x = choice.chosen[MINERAL].package.floor - 1.0
    return x, answers[x], choice.objective


def test_the_bilevel_example_of_moore_and_bard_reaches_its_published_optimum() -> None:
    # J. T. Moore and J. F. Bard, The mixed integer linear bilevel programming problem,
    # Operations Research 38 (1990) 911-921: max x + 10 y, the follower minimises y; optimum x = 2, y = 2 with value 22.
    rows = [(-25.0, 20.0, 30.0), (1.0, 2.0, 10.0), (2.0, -1.0, 15.0), (-2.0, -10.0, -15.0)]
    x, y, value = bilevel_by_menu([float(i) for i in range(11)], True, rows, 1.0, 10.0)
    assert (x, y) == (2.0, 2.0)
    assert value == pytest.approx(22.0)


@pytest.mark.slow
def test_the_linear_bilevel_example_of_bard_reaches_its_published_optimum() -> None:
    # J. F. Bard, Practical Bilevel Optimization (Kluwer 1998), example 5.1.1: min x - 4 y,
    # the follower minimises y; optimum (4, 4) with value -12.
    rows = [(-1.0, -1.0, -3.0), (-2.0, 1.0, 0.0), (2.0, 1.0, 12.0), (3.0, -2.0, 4.0)]
    x, y, value = bilevel_by_menu([i / 16 for i in range(100)], False, rows, -1.0, 4.0)
    assert (x, y) == (4.0, pytest.approx(4.0))
    assert value == pytest.approx(12.0)


def test_expected_gain_weighs_the_parties() -> None:
    gains = [{"A": 10.0, "B": 1.0}, {"A": 4.0, "B": 6.0}]
    terms = terms_of(gains)
    assert label(terms, choose(terms).positions) == 1
    terms = terms_of(gains, objective={"weights": {"A": 0.1, "B": 1.0}})
    assert label(terms, choose(terms).positions) == 2


def test_the_worst_off_objective_lifts_the_smallest_gain() -> None:
    terms = terms_of([{"A": 10.0, "B": 1.0}, {"A": 4.0, "B": 3.0}], objective={"kind": "worst_off"})
    choice = choose(terms)
    assert label(terms, choice.positions) == 2
    assert choice.objective == pytest.approx(3.0, abs=1e-3)


def test_cvar_prefers_the_smaller_tail() -> None:
    frame = frame_of(("A",), (0.9, 0.1))
    neutral = (response({}), response({"A": -50.0}))
    risky = Option(
        frame,
        Package(mineral=MINERAL, stage=STAGE, floor=1.0),
        (response({"A": 20.0}), response({"A": -50.0})),
        neutral,
        1.0,
    )
    safe = Option(
        frame,
        Package(mineral=MINERAL, stage=STAGE, floor=2.0),
        (response({"A": 5.0}), response({"A": -20.0})),
        neutral,
        1.0,
    )
    nothing = Option(frame, Package(mineral=MINERAL, stage=STAGE), neutral, neutral, 1.0)
    for kind, expected in (("expected_gain", 1.0), ("cvar", 2.0)):
        request = DesignRequest(parties=("A",), objective={"kind": kind, "tail": 0.1}, gap=0.0)
        choice = choose(ChoiceTerms(request, frame, {MINERAL: [nothing, risky, safe]}))
        assert choice.chosen[MINERAL].package.floor == expected
    assert choice.objective == pytest.approx(-20.0)


def test_nash_with_transfers_splits_equally_and_by_bargaining_power() -> None:
    # With transferable gains the Nash product shares the surplus in proportion to bargaining power.
    for weights, share in (({"A": 1.0, "B": 1.0}, 0.5), ({"A": 2.0, "B": 1.0}, 2 / 3)):
        objective = {"kind": "nash", "weights": weights}
        terms = terms_of([{"A": 9.0, "B": 3.0}], objective=objective, transfers=100 * MILLION)
        gains = choose(terms).expected_gain
        assert sum(gains.values()) == pytest.approx(12.0)
        product = gains["A"] ** weights["A"] * gains["B"] ** weights["B"]
        best = (12.0 * share) ** weights["A"] * (12.0 * (1 - share)) ** weights["B"]
        assert product >= best * (1 - NASH_ERROR)
        assert gains["A"] == pytest.approx(12.0 * share, rel=0.1)


def test_nash_without_transfers_takes_the_largest_product() -> None:
    gains = [{"A": a, "B": (100 - a * a) ** 0.5} for a in np.linspace(0.5, 9.5, 19)]
    choice = choose(terms_of(gains, objective={"kind": "nash"}))
    best = max(g["A"] * g["B"] for g in gains)
    assert math.prod(choice.expected_gain.values()) >= best * (1 - NASH_ERROR)


def test_tangents_keep_the_nash_product_within_its_error() -> None:
    points = tangent_points(8.0, 2.0)
    at = np.geomspace(points[0], points[-1], 5000)
    above = (np.log(points)[:, None] - 1.0 + at[None, :] / points[:, None]).min(axis=0) - np.log(at)
    assert above.min() >= -1e-12
    assert 8.0 * above.max() <= math.log(1.0 + NASH_ERROR)


def test_a_red_line_just_inside_and_just_outside() -> None:
    gains = [{"A": -5.0, "B": 20.0}]
    inside = terms_of(gains, participation="none", red_lines={"A": {"user_cost": 5.0001 * MILLION}})
    assert label(inside, choose(inside).positions) == 1
    outside = terms_of(gains, participation="none", red_lines={"A": {"user_cost": 4.9999 * MILLION}})
    assert label(outside, choose(outside).positions) == 0


def test_supply_of_critical_industries_is_assured_in_every_state() -> None:
    frame = frame_of(("A",), (0.9, 0.1))
    neutral = (response({}), response({}))
    served = {"assured": {"defense": {"A": 0.7}}}
    scarce = Option(
        frame,
        Package(mineral=MINERAL, stage=STAGE, floor=1.0),
        (response({"A": 9.0}), response({"A": 9.0}, **served)),
        neutral,
        1.0,
    )
    nothing = Option(frame, Package(mineral=MINERAL, stage=STAGE), neutral, neutral, 1.0)
    for least, expected in ((0.69, 1.0), (0.71, 0.0)):
        lines = {"A": {"assured_supply": {"defense": least}}}
        asked = {"parties": ["A"], "red_lines": lines, "gap": 0.0, "keep_security": False}
        request = DesignRequest.parse(asked, "design")
        choice = choose(ChoiceTerms(request, frame, {MINERAL: [nothing, scarce]}))
        assert choice.chosen[MINERAL].package.floor == expected


def test_the_cost_of_an_industry_is_bounded_or_weighted() -> None:
    frame = frame_of(("A", "B"))
    costly = option(frame, 1.0, {"A": 9.0, "B": 1.0}, industry_cost_usd={"A": {"semiconductors": 5.0 * MILLION}})
    options = {MINERAL: [option(frame, 0.0, {}), costly]}
    for changes, expected in (
        ({}, 1),
        ({"red_lines": {"A": {"industry_cost": {"semiconductors": 4.9 * MILLION}}}}, 0),
        ({"red_lines": {"A": {"industry_cost": {"semiconductors": 5.1 * MILLION}}}}, 1),
        ({"objective": {"industry_weights": {"semiconductors": 2.1}}}, 0),
    ):
        request = DesignRequest.parse({"parties": ["A", "B"], "gap": 0.0, "least_gain": 0.0, **changes}, "design")
        terms = ChoiceTerms(request, frame, options)
        assert label(terms, choose(terms).positions) == expected


def built(capacity_t: float) -> ChoiceTerms:
    """A project in A that B's need and the trade on the route can take in part."""
    frame = frame_of(("A", "B"))
    project = Project("P", "New mine", MINERAL, STAGE, "A", capacity_t, 10.0, 20.0, None, "study", "source")
    flows = {"flows_t": {("A", "B"): 40.0}, "seller_price_usd_per_t": {"A": 1000.0}, "output_t": {"A": 500.0}}
    option_built = replace(option(frame, 1.0, {"A": 5.0, "B": 5.0}, **flows), projects=(project,))
    request = DesignRequest(parties=("A", "B"), gap=0.0, offtake={"most_of_need": 0.5})
    return ChoiceTerms(request, frame, {MINERAL: [option(frame, 0.0, {}), option_built]}, lenders_share=0.6)


def test_a_project_is_built_only_when_lenders_see_enough_offtake() -> None:
    # B takes at most 40 t (what flows), A's own users at most 50 t (half their need): 90 t in all.
    bankable, unbankable = built(149.0), built(151.0)
    assert label(bankable, choose(bankable).positions) == 1
    assert label(unbankable, choose(unbankable).positions) == 0


def test_capital_of_a_project_is_paid_by_its_region() -> None:
    terms = built(100.0)
    without = replace(terms.options[MINERAL][1], projects=())
    lost = without.gain - terms.options[MINERAL][1].gain
    assert lost[0].tolist() == pytest.approx([100.0 * (20.0 - 10.0) / MILLION, 0.0])


def test_the_investor_has_the_first_right() -> None:
    terms = built(100.0)
    rules = terms.request.offtake.model_copy(update={"investors": {"P": "B"}, "first_right": 0.9})
    first = replace(terms, request=terms.request.model_copy(update={"offtake": rules}))
    # Others than B may contract at most 10 t and B takes at most 40 t: not the 60 t that lenders ask.
    assert label(terms, choose(terms).positions) == 1
    assert label(first, choose(first).positions) == 0


def test_participation_binds_and_a_transfer_lifts_it() -> None:
    gains = [{"A": 30.0, "B": -5.0}, {"A": 8.0, "B": 1.0}]
    terms = terms_of(gains)
    assert label(terms, choose(terms).positions) == 2
    terms = terms_of(gains, transfers=10 * MILLION)
    choice = choose(terms)
    assert label(terms, choice.positions) == 1
    assert choice.expected_gain["B"] >= -1e-9
    assert sum(choice.transfers.values()) == pytest.approx(0.0)


def test_participation_in_every_state_is_stricter_than_in_expectation() -> None:
    frame = frame_of(("A",), (0.9, 0.1))
    neutral = (response({}), response({}))
    swings = Option(
        frame,
        Package(mineral=MINERAL, stage=STAGE, floor=1.0),
        (response({"A": 5.0}), response({"A": -1.0})),
        neutral,
        1.0,
    )
    nothing = Option(frame, Package(mineral=MINERAL, stage=STAGE), neutral, neutral, 1.0)
    for asked, expected in (("expected", 1.0), ("every_state", 0.0)):
        request = DesignRequest(parties=("A",), participation=asked, gap=0.0)
        choice = choose(ChoiceTerms(request, frame, {MINERAL: [nothing, swings]}))
        assert choice.chosen[MINERAL].package.floor == expected


def sharing(**others: Any) -> Option:
    frame = frame_of(("A", "B"))
    flows = {"flows_t": {("A", "B"): 40.0}, "seller_price_usd_per_t": {"A": MILLION}, "output_t": {"A": 50.0}}
    return option(frame, 1.0, {"A": -2.0, "B": 10.0}, **flows | others)


def test_an_offtake_strike_pays_a_seller_that_would_not_sign_otherwise() -> None:
    frame = frame_of(("A", "B"))
    rules = {"most_of_need": 0.5, "strike_band": 0.1}
    request = DesignRequest(parties=("A", "B"), gap=0.0, least_gain=0.0, offtake=rules)
    terms = ChoiceTerms(request, frame, {MINERAL: [option(frame, 0.0, {}), sharing()]})
    choice = choose(terms)
    (contract,) = choice.contracts
    assert label(terms, choice.positions) == 1
    assert contract.volume_t <= 40.0 + 1e-9
    assert contract.strike_usd_per_t == pytest.approx(1.1 * MILLION)
    assert contract.volume_t * (contract.strike_usd_per_t - MILLION) / MILLION == pytest.approx(2.0)
    assert choice.expected_gain["A"] == pytest.approx(0.0, abs=1e-6)


def test_one_buyer_takes_at_most_its_share_of_need_from_one_seller() -> None:
    frame = frame_of(("A", "B"))
    request = DesignRequest(parties=("A", "B"), gap=0.0, offtake={"most_of_need": 0.1, "strike_band": 0.1})
    terms = ChoiceTerms(request, frame, {MINERAL: [option(frame, 0.0, {}), sharing()]})
    assert label(terms, choose(terms).positions) == 0


def test_a_common_purse_divides_what_one_party_collects() -> None:
    frame = frame_of(("A", "B"))
    collects = option(frame, 1.0, {"A": 0.0, "B": -3.0}, revenue_usd={"A": 10 * MILLION})
    for shared, expected in ((False, 0), (True, 1)):
        request = DesignRequest(parties=("A", "B"), gap=0.0, share_revenue=shared)
        terms = ChoiceTerms(request, frame, {MINERAL: [option(frame, 0.0, {}), collects]})
        choice = choose(terms)
        assert label(terms, choice.positions) == expected
    assert choice.expected_gain["B"] >= -1e-9
    assert sum(choice.revenue_shares[MINERAL].values()) == pytest.approx(1.0)


def impossible(**lines: Any) -> ChoiceTerms:
    frame = frame_of(("A", "B"))
    bad = [option(frame, float(i), {"A": -i, "B": i - 3.0}, use_t={"A": 100.0, "B": 100.0}) for i in range(1, 4)]
    request = DesignRequest(parties=("A", "B"), gap=0.0, participation="none", red_lines=lines)
    return ChoiceTerms(request, frame, {MINERAL: bad})


def test_the_smallest_conflict_names_what_cannot_hold_together_and_by_how_much() -> None:
    lines = {"A": {"user_cost": 1.5 * MILLION, "treasury_outlay": MILLION}, "B": {"user_cost": 0.5 * MILLION}}
    terms = impossible(**lines)
    with pytest.raises(NoAgreement):
        choose(terms)
    found = conflict(terms)
    assert {each.group for each in found} == {"A user cost", "B user cost"}
    assert {each.group: each.give for each in found} == {
        "A user cost": pytest.approx(1.5),
        "B user cost": pytest.approx(1.5),
    }
    assert "A: users lose at most" in str(found[0])


def test_no_conflict_where_an_agreement_exists() -> None:
    assert conflict(impossible(A={"user_cost": 4 * MILLION})) == []


def test_the_worth_of_a_limit_is_what_relaxing_it_adds() -> None:
    terms = terms_of(
        [{"A": -2.0, "B": 9.0}, {"A": -1.2, "B": 4.0}],
        participation="none",
        red_lines={"A": {"user_cost": 1.0 * MILLION}},
    )
    choice = choose(terms)
    assert label(terms, choice.positions) == 0
    (worth,) = worths(terms, choice)
    assert worth.group == "A user cost"
    assert worth.per_unit == pytest.approx(7.0 / 10.0)  # seven million for ten


def test_nobody_signs_for_less_than_the_least_gain() -> None:
    gains = [{"A": 50.0, "B": 0.05}, {"A": 9.0, "B": 0.3}]
    chosen = {least: label(t, choose(t).positions) for least in (0.0, 0.1, 0.5) for t in [at_least(gains, least)]}
    assert chosen == {0.0: 1, 0.1: 2, 0.5: 1}  # B has no more than 0.3 to gain: half a million is not asked for it


def at_least(gains: Sequence[Mapping[str, float]], least_musd: float, **request: Any) -> ChoiceTerms:
    return terms_of(gains, least_gain=least_musd * MILLION, **request)


def test_who_pays_a_transfer_keeps_the_least_gain() -> None:
    gains = [{"A": 10.0, "B": -9.95}]
    assert label(at_least(gains, 0.0, transfers=1e9), choose(at_least(gains, 0.0, transfers=1e9)).positions) == 1
    assert label(at_least(gains, 0.1, transfers=1e9), choose(at_least(gains, 0.1, transfers=1e9)).positions) == 0


@pytest.mark.parametrize(
    ("counted", "expected"), [("ignored", 1), ("counted", 3), ("not_at_their_expense", 2)], ids=str
)
def test_outsiders_count_as_asked(counted: str, expected: int) -> None:
    """The first gains most and takes it, the second takes nothing, the third is best for the world."""
    frame = frame_of()
    options = [option(frame, 0.0, {})]
    for number, (ours, theirs) in enumerate([(10.0, -8.0), (6.0, 1.0), (5.0, 4.0)], start=1):
        options.append(option(frame, float(number), {"A": ours, "OUT": theirs}))
    request = DesignRequest.parse({"parties": ["A", "B"], "gap": 0.0, "objective": {"outsiders": counted}}, "design")
    terms = ChoiceTerms(request, frame, {MINERAL: options})
    choice = choose(terms)
    assert label(terms, choice.positions) == expected
    assert standing(choice, terms, "non_parties_gain") == pytest.approx({1: -8.0, 2: 1.0, 3: 4.0}[expected])
    gained = standing(choice, terms, "expected_gain") + standing(choice, terms, "non_parties_gain")
    assert standing(choice, terms, "world_gain") == pytest.approx(gained)


@pytest.mark.parametrize("kind", ["expected_gain", "worst_off", "cvar", "nash"])
def test_the_objective_of_a_choice_is_what_its_programme_made_large(kind: str) -> None:
    terms = terms_of([{"A": 10.0, "B": 1.0}, {"A": 4.0, "B": 3.0}], objective={"kind": kind, "weights": {"A": 2.0}})
    choice = choose(terms)
    within = 3.0 * math.log(1.0 + NASH_ERROR) if kind == "nash" else 1e-6
    assert objective_of(choice, terms) == pytest.approx(choice.objective, abs=within)


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_deal_lowers_no_security_unless_it_may(is_kept: bool) -> None:
    """The first gains most and buys more from others, the second serves less under a shock, the third does neither."""
    frame, served = frame_of(), {"defense": {"A": 1.0, "B": 1.0}}
    options = [option(frame, 0.0, {})]
    changes: list[tuple[float, dict[str, Any]]] = [
        (10.0, {"non_party_imports_t": {"A": 20.0}, "assured": served}),
        (8.0, {"assured": {"defense": {"A": 0.9, "B": 1.0}}}),
        (5.0, {"assured": served}),
    ]
    for number, (gain, others) in enumerate(changes, start=1):
        options.append(option(frame, float(number), {"A": gain, "B": gain}, **others))
    asked = {"parties": ["A", "B"], "gap": 0.0, "keep_security": is_kept}
    terms = ChoiceTerms(DesignRequest.parse(asked, "design"), frame, {MINERAL: options})
    assert label(terms, choose(terms).positions) == (3 if is_kept else 1)


def test_a_bargain_among_the_parties_counts_no_outsiders() -> None:
    with pytest.raises(ScenarioError, match="Nash bargain"):
        DesignRequest.parse({"objective": {"kind": "nash", "outsiders": "counted"}}, "design")


def test_the_frontier_trades_one_measure_for_the_other() -> None:
    frame = frame_of(("A", "B"))
    options = [option(frame, 0.0, {})]
    for i in range(1, 15):
        made = response({"A": 30.0 - 2.0 * i}, producers_usd={"A": i * MILLION})
        package = Package(mineral=MINERAL, stage=STAGE, floor=float(i))
        options.append(Option(frame, package, (made,), options[0].neutral, 1000.0))
    request = DesignRequest(parties=("A", "B"), gap=0.0, participation="none")
    *_, last = frontier(ChoiceTerms(request, frame, {MINERAL: options}), "users_gain", "producers_gain", 14)
    first = [point.first for point in last.found]
    second = [point.second for point in last.found]
    assert len(last.found) >= 12
    assert first == sorted(first, reverse=True)
    assert second == sorted(second)
    with pytest.raises(ScenarioError, match="unknown measure"):
        next(frontier(ChoiceTerms(request, frame, {MINERAL: options}), "users", "producers_gain"))


def test_pruning_drops_only_what_is_beaten_everywhere() -> None:
    frame = frame_of(("A", "B"))
    options = [
        option(frame, 1.0, {"A": 1.0, "B": 1.0}),
        option(frame, 2.0, {"A": 2.0, "B": 1.0}),
        option(frame, 3.0, {"A": 0.0, "B": 5.0}),
    ]
    kept = prune(options, [])
    assert [each.package.floor for each in kept] == [2.0, 3.0]


def test_metal_released_is_charged_once_and_public_money_at_its_cost() -> None:
    """A stock of 100 t sells 10 t for 15,000 that were worth 10,000; a dollar of public money costs 1.2 dollars."""
    frame = replace(frame_of(("A", "B")), carrying_cost=0.1, public_funds_cost=1.2)
    nothing = (response({}, use_t={"A": 1.0}),)
    sold = response({}, outlay_usd={"A": -15_000.0}, stock_value_usd={"A": -10_000.0}, rents_usd={"B": 4_000.0})
    package = Package(mineral=MINERAL, stage=STAGE, stockpiles=(("A", 100.0),))
    option = Option(frame, package, (sold,), nothing, 1_000.0)
    held = 0.1 * 100.0 * 1_000.0
    treasury = 15_000.0 - held
    assert option.treasury[0].tolist() == pytest.approx([treasury / MILLION, 0.0])
    assert option.public_funds[0, 0] == pytest.approx(0.2 * treasury / MILLION)
    assert option.gain[0].tolist() == pytest.approx([(1.2 * treasury - 10_000.0) / MILLION, 4_000.0 / MILLION])
    assert option.net == pytest.approx(option.gain)
    parts = {name: amounts.tolist() for name, amounts in accounts([option]).items()}
    assert parts["rents_musd"] == pytest.approx([0.0, 4_000.0 / MILLION])
    assert sum(np.array(amounts) for amounts in parts.values()) == pytest.approx(option.gain[0])
