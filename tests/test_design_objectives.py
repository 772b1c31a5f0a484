"""Objectives against enumeration and hand computation, and what is said of the gap."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from model.design.choice import NASH_ERROR, Choice, ChoiceTerms, choose
from model.design.choice.options import Option, Pair
from model.design.choice.programme import NoAgreement, Programme, Solved
from model.design.problem.packages import Package
from model.design.problem.request import DesignRequest
from model.errors import SolveError
from model.units import MILLION
from tests.design_toys import MINERAL, STAGE, frame_of, label, option, response, terms_of

PARTIES = ("A", "B")
BAND = 0.1
PRICE = 1000.0


def test_nash_without_transfers_minds_bargaining_power() -> None:
    gains = [{"A": a, "B": (100 - a * a) ** 0.5} for a in np.linspace(0.5, 9.5, 37)]
    found = {}
    for power in (1.0, 3.0):
        objective = {"kind": "nash", "weights": {"A": power, "B": 1.0}}
        choice = choose(terms_of(gains, objective=objective))
        best = max(g["A"] ** power * g["B"] for g in gains)
        found[power] = choice.expected_gain
        assert choice.expected_gain["A"] ** power * choice.expected_gain["B"] >= best * (1 - NASH_ERROR)
    assert found[3.0]["A"] > found[1.0]["A"] + 1.0


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (0.05, -80.0),  # the worst state alone
        (0.10, -(0.05 * 80.0 + 0.05 * 30.0) / 0.10),
        (0.075, -(0.05 * 80.0 + 0.025 * 30.0) / 0.075),  # half of the second worst
        (0.30, -(0.05 * 80.0 + 0.05 * 30.0 - 0.20 * 4.0) / 0.30),  # reaches into the gains
    ],
)
def test_cvar_is_the_mean_of_the_worst_part(tail: float, expected: float) -> None:
    # A counts twice: weighted outcomes are 2 a + b against no agreement and no shock.
    frame = frame_of(PARTIES, (0.9, 0.05, 0.05))
    neutral = tuple(response({"A": a, "B": b}) for a, b in ((0.0, 0.0), (-30.0, -30.0), (-50.0, -20.0)))
    states = tuple(response({"A": a, "B": b}) for a, b in ((1.0, 2.0), (-10.0, -10.0), (-30.0, -20.0)))
    only = Option(frame, Package(mineral=MINERAL, stage=STAGE, floor=1.0), states, neutral, PRICE)
    objective = {"kind": "cvar", "tail": tail, "weights": {"A": 2.0, "B": 1.0}}
    request = DesignRequest(parties=PARTIES, objective=objective, gap=0.0, least_gain=0.0)
    assert choose(ChoiceTerms(request, frame, {MINERAL: [only]})).objective == pytest.approx(expected)


@pytest.mark.parametrize(("weight", "expected"), [(0.1, 1), (1.0, 2)])
def test_an_industrys_cost_is_weighed_besides_users_gain(weight: float, expected: int) -> None:
    frame = frame_of()
    hurts = option(frame, 1.0, {"A": 10.0}, industry_cost_usd={"A": {"steel": 3 * MILLION}, "B": {"steel": MILLION}})
    spares = option(frame, 2.0, {"A": 8.0})
    objective = {"industry_weights": {"steel": weight}}
    request = DesignRequest(parties=PARTIES, objective=objective, gap=0.0, least_gain=0.0)
    terms = ChoiceTerms(request, frame, {MINERAL: [option(frame, 0.0, {}), hurts, spares]})
    choice = choose(terms)
    assert label(terms, choice.positions) == expected
    assert choice.objective == pytest.approx({1: 10.0 - weight * 4.0, 2: 8.0}[expected])


def test_the_best_found_within_the_time_limit_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    solve = Programme.solve

    def interrupted(programme: Programme, gap: float | None = None) -> Solved:
        return replace(solve(programme, gap), bound=12.0, is_proved=False)

    terms = terms_of([{"A": 6.0, "B": 4.0}])
    assert choose(terms).notes == ()
    monkeypatch.setattr(Programme, "solve", interrupted)
    choice = choose(terms)
    assert not choice.is_proved
    assert choice.gap == pytest.approx(0.2)
    assert any("best found so far, within 20.0% of the best possible" in note for note in choice.notes)


def test_a_time_limit_that_ends_before_anything_is_found_says_what_to_do() -> None:
    random = np.random.default_rng(0)
    terms = random_terms(random, minerals=3, participation="every_state")
    request = terms.request.model_copy(update={"time_limit_s": 1e-9})
    with pytest.raises(SolveError, match="raise time_limit_s or shorten the menu"):
        choose(replace(terms, request=request))


def random_terms(random: np.random.Generator, minerals: int = 2, **request: Any) -> ChoiceTerms:
    """Doing nothing and up to three packages for each mineral, in two states."""
    chance = float(random.uniform(0.05, 0.5))
    frame = frame_of(PARTIES, (1.0 - chance, chance))
    options = {}
    for mineral in ("antimony", "tungsten", "gallium")[:minerals]:
        neutral = tuple(response(dict.fromkeys(PARTIES, -20.0 * s), use_t=dict.fromkeys(PARTIES, 1e5)) for s in (0, 1))
        own = [Option(frame, Package(mineral=mineral, stage=STAGE), neutral, neutral, PRICE)]
        for number in range(1, int(random.integers(2, 5))):
            states = tuple(_random_response(random, -20.0 * s) for s in (0, 1))
            package = Package(mineral=mineral, stage=STAGE, floor=float(number))
            own.append(Option(frame, package, states, neutral, PRICE))
        options[mineral] = own
    asked = {"parties": PARTIES, "gap": 0.0, "least_gain": 0.0, "offtake": {"allowed": False}, **request}
    return ChoiceTerms(DesignRequest.parse(asked, "design"), frame, options)


def _random_response(random: np.random.Generator, shock: float) -> Any:
    return response(
        {i: shock + float(random.normal(0.0, 10.0)) for i in PARTIES},
        use_t=dict.fromkeys(PARTIES, 1e5),
        flows_t={("A", "B"): float(random.uniform(0.0, 6e4)), ("B", "A"): float(random.uniform(0.0, 6e4))},
        seller_price_usd_per_t={i: float(random.uniform(500.0, 1500.0)) for i in PARTIES},
        delivered={("A", "B"): float(random.choice([1.0, 0.6]))},
    )


def worst_mean(outcomes: np.ndarray, probability: np.ndarray, tail: float) -> float:
    """Mean of the worst part of outcomes, state by state from the worst."""
    left, total = tail, 0.0
    for state in np.argsort(outcomes):
        share = min(left, float(probability[state]))
        total += share * float(outcomes[state])
        left -= share
    return total / tail


def value_by_hand(terms: ChoiceTerms, chosen: tuple[Option, ...]) -> float | None:
    """The objective of packages without contracts; None where someone would not sign."""
    gain = np.sum([each.gain for each in chosen], axis=0)
    expected = terms.frame.weight @ gain
    asked = {"none": [0.0], "expected": expected, "every_state": [*expected, *gain.ravel()]}
    if min(asked[terms.request.participation]) < 0.0:
        return None
    weights = np.array([terms.request.weight(i) for i in terms.frame.parties])
    if terms.request.objective.kind == "worst_off":
        return float((weights * expected).min())
    if terms.request.objective.kind == "cvar":
        outcomes = np.sum([each.net for each in chosen], axis=0) @ weights
        return worst_mean(outcomes, terms.frame.weight, terms.request.objective.tail)
    return float(weights @ expected)


KINDS = st.sampled_from(["expected_gain", "worst_off", "cvar"])
PARTICIPATION = st.sampled_from(["none", "expected", "every_state"])


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), KINDS, PARTICIPATION, st.sampled_from([1.0, 2.0]), st.integers(2, 3))
def test_the_choice_equals_enumeration(seed: int, kind: str, participation: str, power: float, minerals: int) -> None:
    objective = {"kind": kind, "weights": {"A": power, "B": 1.0}, "tail": 0.3}
    terms = random_terms(np.random.default_rng(seed), minerals, objective=objective, participation=participation)
    values = [value_by_hand(terms, chosen) for chosen in product(*terms.options.values())]
    best = max(value for value in values if value is not None)
    choice = choose(terms)
    assert choice.objective == pytest.approx(best, rel=1e-5, abs=1e-5)
    assert value_by_hand(terms, tuple(choice.chosen.values())) == pytest.approx(best, rel=1e-5, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.05, 0.3]))
def test_nothing_on_the_menu_beats_the_bound(seed: int, gap: float) -> None:
    terms = random_terms(np.random.default_rng(seed), minerals=3, gap=gap)
    values = [value_by_hand(terms, chosen) for chosen in product(*terms.options.values())]
    best = max(value for value in values if value is not None)
    choice = choose(terms)
    assert choice.bound >= best - 1e-6
    assert choice.objective <= best + 1e-6
    assert choice.gap == pytest.approx((choice.bound - choice.objective) / max(abs(choice.objective), 1e-9))
    assert choice.gap <= gap + 1e-6
    assert choice.is_proved


@dataclass
class Settled:
    """The choice of contracts for given packages: tonnes at the highest and at the lowest strike, pair by pair."""

    terms: ChoiceTerms
    chosen: tuple[Option, ...]

    def best(self) -> float | None:
        """The best objective any contracts reach; None where someone would not sign."""
        pairs = [pair for each in self.chosen for pair in each.pairs(self.terms.request.offtake.most_of_need)]
        columns = [self._settles(pair, strike) for pair in pairs for strike in (1.0 + BAND, 1.0 - BAND)]
        states, parties = self.terms.frame.weight, self.terms.frame.parties
        gain = np.sum([each.gain for each in self.chosen], axis=0)
        settles = np.array(columns).reshape(len(columns), *gain.shape)
        expected, asked = np.einsum("csi,s->ci", settles, states), self.terms.request.participation
        weights = np.array([self.terms.request.weight(i) for i in parties])
        # Columns: contracts, then the worst gain or the value at risk and the excess of every state.
        extra = {"expected_gain": 0, "worst_off": 1, "cvar": 1 + len(states)}[self.terms.request.objective.kind]
        goal = np.zeros(len(columns) + extra)
        rows: list[np.ndarray] = []
        most: list[float] = []

        def at_most(contracts: np.ndarray, others: list[float], limit: float) -> None:
            rows.append(np.concatenate([contracts, others]))
            most.append(limit)

        for number, pair in enumerate(pairs):
            both = np.zeros(len(columns))
            both[2 * number : 2 * number + 2] = 1.0
            at_most(both, [0.0] * extra, pair.most_t)
        for i in range(len(parties)):
            if asked != "none":
                at_most(-expected[:, i], [0.0] * extra, float(states @ gain[:, i]))
            for s in range(len(states)) if asked == "every_state" else ():
                at_most(-settles[:, s, i], [0.0] * extra, float(gain[s, i]))
        constant = 0.0
        if self.terms.request.objective.kind == "worst_off":
            goal[-1] = 1.0
            for i in range(len(parties)):
                at_most(-weights[i] * expected[:, i], [1.0], float(weights[i] * (states @ gain[:, i])))
        elif self.terms.request.objective.kind == "cvar":
            goal[len(columns)] = -1.0
            goal[len(columns) + 1 :] = -states / self.terms.request.objective.tail
            net = np.sum([each.net for each in self.chosen], axis=0) @ weights
            for s in range(len(states)):
                at_most(-(settles[:, s] @ weights), [-1.0, *(-np.eye(len(states))[s])], float(net[s]))
        else:
            goal[: len(columns)] = expected @ weights
            constant = float(states @ gain @ weights)
        free = [(None, None)] * min(extra, 1) + [(0.0, None)] * max(extra - 1, 0)
        if not len(goal):
            return constant
        found = linprog(-goal, np.array(rows), np.array(most), bounds=[(0.0, None)] * len(columns) + free)
        return constant - found.fun if found.status == 0 else None

    def _settles(self, pair: Pair, strike: float) -> np.ndarray:
        settled = np.zeros((len(self.terms.frame.states), len(self.terms.frame.parties)))
        paid = pair.delivered * (strike * pair.mean_price_usd_per_t - pair.price_usd_per_t) / MILLION
        settled[:, self.terms.frame.parties.index(pair.producer)] += paid
        settled[:, self.terms.frame.parties.index(pair.buyer)] -= paid
        return settled


def settled_by_hand(terms: ChoiceTerms, choice: Choice) -> np.ndarray:
    """Gains by state and party: packages, and every contract at its strike."""
    gain = np.sum([each.gain for each in choice.chosen.values()], axis=0)
    for contract in choice.contracts:
        pairs = choice.chosen[contract.mineral].pairs(terms.request.offtake.most_of_need)
        (pair,) = [each for each in pairs if (each.producer, each.buyer) == (contract.producer, contract.buyer)]
        assert contract.volume_t <= pair.most_t * (1 + 1e-6)
        assert abs(contract.strike_usd_per_t / pair.mean_price_usd_per_t - 1.0) <= BAND + 1e-6
        paid = pair.delivered * (contract.strike_usd_per_t - pair.price_usd_per_t) * contract.volume_t / MILLION
        gain[:, PARTIES.index(contract.producer)] += paid
        gain[:, PARTIES.index(contract.buyer)] -= paid
    return gain


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), KINDS, PARTICIPATION, st.sampled_from([1.0, 2.0]))
def test_pooled_premiums_reach_what_contracts_one_by_one_reach(
    seed: int, kind: str, participation: str, power: float
) -> None:
    objective = {"kind": kind, "weights": {"A": power, "B": 1.0}, "tail": 0.3}
    rules = {"allowed": True, "most_of_need": 0.4, "strike_band": BAND}
    terms = random_terms(np.random.default_rng(seed), objective=objective, participation=participation, offtake=rules)
    values = [Settled(terms, chosen).best() for chosen in product(*terms.options.values())]
    choice = choose(terms)
    best = max(value for value in values if value is not None)
    assert choice.objective == pytest.approx(best, rel=1e-4, abs=1e-3)
    gain = settled_by_hand(terms, choice)
    assert gain == pytest.approx(choice.gain, abs=1e-5)
    expected = terms.frame.weight @ gain
    if participation != "none":
        assert expected.min() >= -1e-5
    if participation == "every_state":
        assert gain.min() >= -1e-5
    assert not math.isnan(choice.gap)


def test_no_package_at_all_is_no_agreement() -> None:
    terms = terms_of([], red_lines={"A": {"producer_revenue": MILLION}})
    with pytest.raises(NoAgreement):
        choose(terms)
