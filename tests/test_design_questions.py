"""Questions about a given agreement: one lever, equivalence, attribution, membership, change since a saved point."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pyomo.environ as pyo
import pytest

from model.aside import Aside, aside_in_words
from model.design import Design, DesignRequest, ResponseTable, Store, charts, term_sheet
from model.design.choice import MEASURES, build, choose, decide, measure
from model.design.choice.options import GAIN_PARTS, Option
from model.design.choice.programme import Programme
from model.design.choice.standing import standing
from model.design.frontier import frontier
from model.design.problem import draft as drafts
from model.design.problem.draft import Draft, RedLine, add_line
from model.design.problem.packages import Package
from model.design.problem.request import states_of
from model.design.questions.aims import Aim, measured, producer_price
from model.design.questions.attribution import (
    attribute,
    attribution_trials,
    change_trials,
    levers_of,
    shapley,
)
from model.design.questions.cards import assured, cards, gets, gives, red_lines, sides, signs
from model.design.questions.equivalence import Equivalent, by_party, equivalence_in_words, equivalents, totals
from model.design.questions.evaluate import Evaluator, Trial
from model.design.questions.levels import Reached, first_reaching
from model.design.questions.levers import answer_in_words, one_lever
from model.design.questions.membership import (
    Coalition,
    Member,
    coalition_table,
    coalition_trials,
    coalitions,
    coalitions_in_words,
    largest_users,
    membership,
    membership_in_words,
    membership_trials,
    stable_coalitions,
)
from model.design.questions.parties import (
    aside_of,
    attribution_in_words,
    by_lever,
    change_in_words,
    since,
    study,
    trial_of,
)
from model.design.wording import (
    ALL,
    gains_table,
    level_in_words,
    margins_in_words,
    shocks_left,
    shown,
    states_in_words,
    states_table,
    terms_in_words,
    with_names,
)
from model.errors import ScenarioError
from model.findings.agreed import LONGEST, agreement_in_short
from model.findings.terms import agreement_in_words
from model.instruments import Agreement, Duty, ExportTax, Floor, Membership, Offtake, RentHolder, Stockpile, Tariff, Trq
from model.memo.charts import png
from model.scenario import Scenario
from model.shocks import NamedShock
from model.shocks.library import over_the_year
from model.units import MILLION
from model.words.names import Names
from model.words.voice import PART_OF_YEAR, Voice
from model.words.why_not import Reason, WhyNot
from model.world import World
from pages.components.charts import figure
from tests.design_toys import MINERAL as TOY
from tests.design_toys import STAGE, facts_of, frame_of, option, response, terms_of

MINERAL = "bismuth"
MEMBERS = ("USA", "EUN", "JPN")
SHOCK = {"name": "china_bismuth_ban", "severity": 0.5, "probability": 0.1}


@pytest.fixture(scope="module")
def table(world: World, tmp_path_factory: pytest.TempPathFactory) -> ResponseTable:
    return ResponseTable(world, Store(tmp_path_factory.mktemp("store") / "responses.sqlite"))


@pytest.fixture(scope="module")
def names(world: World) -> Names:
    return Names(world.tables)


@pytest.fixture(scope="module")
def evaluator(table: ResponseTable) -> Evaluator:
    asked = {"minerals": [MINERAL], "parties": MEMBERS, "shocks": [SHOCK], "red_lines": {"JPN": {"user_cost": 1e6}}}
    request = DesignRequest.parse(asked, "design")
    return Evaluator(table, request, ["KOR"])


@pytest.fixture(scope="module")
def trial(evaluator: Evaluator) -> Trial:
    price = facts_of(evaluator.world, evaluator.request.scenario(), MINERAL).price_usd_per_t
    floor = Floor(parties=MEMBERS, mineral=MINERAL, stage="refined", price=1.1 * price)
    return Trial(MEMBERS, Agreement(floors=(floor,)), {}, {})


def last(steps: Iterator[Any]) -> Any:
    """The answer of a question, after checking that its progress never runs past its end."""
    *before, answer = steps
    assert all(step.done < step.total for step in before)
    assert answer.done == answer.total
    return answer.found


def returned(steps: Generator[Any, None, Any]) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            return ended.value


class Plain:
    """An evaluator for which a level is its own trial, and nothing is to be solved."""

    def fill(self, trials: Sequence[Any]) -> Iterator[Any]:
        return iter(())


def found(target: float, levels: list[float], measure: Callable[[float], float]) -> tuple[Reached, list[Any]]:
    """What a search finds with a plain measure, and its steps."""
    evaluator: Any = Plain()
    search = first_reaching(evaluator, target, levels, lambda level: level, measure)  # type: ignore[arg-type, return-value]
    steps: list[Any] = []
    while True:
        try:
            steps.append(next(search))
        except StopIteration as ended:
            return ended.value, steps


# one lever


def test_a_level_is_bracketed_where_the_target_is_first_crossed() -> None:
    reached, steps = found(9.0, [0.0, 2.0, 4.0, 8.0], lambda level: level**2)
    assert reached.level == pytest.approx(3.0, abs=0.01)
    assert reached.value == reached.level**2 >= 9.0
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))
    assert steps[-1].done < steps[-1].total


def test_a_level_found_has_figures_that_can_be_agreed_on() -> None:
    reached, _ = found(50_123.4, [0.0, 90_000.0, 120_000.0], lambda level: level)
    assert reached.level in {50_130.0, 50_140.0, 50_150.0}
    assert found(2.0, [2.0, 3.0], lambda level: level)[0] == Reached(2.0, 2.0)


def test_a_lever_that_cannot_reach_its_target_says_how_far_it_comes() -> None:
    reached, _ = found(5.0, [0.0, 2.0, 4.0, 8.0], lambda level: min(level, 3.0))
    assert reached == Reached(None, 3.0)


@pytest.mark.slow
def test_the_lowest_floor_that_reaches_a_target_is_found(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    target = producer_price(evaluator, trial, MINERAL)
    answer = last(one_lever(evaluator, trial, MINERAL, "floor", Aim("producer_price", target)))
    assert answer.level == pytest.approx(trial.agreement.floors[0].price, rel=0.01)
    assert answer.value >= target
    assert answer.now == pytest.approx(target)
    assert answer.agreement.floors[0].price == answer.level
    assert f"is {answer.level:,.0f} USD/t" in answer_in_words(answer, names)
    assert "lowest price floor" in answer_in_words(answer, names)


@pytest.mark.slow
def test_a_target_out_of_reach_gives_the_reason(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    answer = last(one_lever(evaluator, trial, MINERAL, "floor", Aim("producer_price", 1e9)))
    assert answer.level is None
    assert answer.agreement is None
    assert "No price floor" in answer_in_words(answer, names)
    assert "comes to is" in answer_in_words(answer, names)
    why = WhyNot(Reason.SUPPLY_INSIDE, "JPN", MINERAL, "refined", price=47_065.1)
    told = answer_in_words(replace(answer, why_not=(why, replace(why, price=47_065.2))), names)
    assert told.count("Japan: supply from Japan and its partners alone keeps the price at 47,100 USD/t; arrivals") == 1


def test_a_target_met_without_the_lever_needs_none(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    answer = last(one_lever(evaluator, trial, MINERAL, "stockpile", Aim("gain", -1e9, "USA")))
    assert answer.is_idle
    assert answer.agreement.stockpiles == ()
    assert "is needed" in answer_in_words(answer, names)


@pytest.mark.slow
def test_a_quota_brings_the_share_from_non_parties_down(evaluator: Evaluator, trial: Trial) -> None:
    bare = replace(trial, agreement=Agreement())
    now = measured(evaluator, bare, MINERAL, Aim("non_party_share", 0.0))
    aim = Aim("non_party_share", now - 2.0)
    answer = last(one_lever(evaluator, bare, MINERAL, "trq", aim))
    assert answer.level is not None
    assert answer.value <= aim.target
    (trq,) = answer.agreement.trqs
    assert trq.quantity == pytest.approx(answer.level)


def test_a_share_is_of_one_party_or_of_all(evaluator: Evaluator, trial: Trial) -> None:
    of_each = [measured(evaluator, trial, MINERAL, Aim("non_party_share", 0.0, party)) for party in MEMBERS]
    of_all = measured(evaluator, trial, MINERAL, Aim("non_party_share", 0.0))
    assert min(of_each) <= of_all <= max(of_each)
    gains = evaluator.expected_gains(trial)
    assert measured(evaluator, trial, MINERAL, Aim("gain", 0.0)) == pytest.approx(sum(gains[p] for p in MEMBERS))


@pytest.mark.parametrize(("lever", "measure"), [("subsidy", "gain"), ("floor", "happiness")])
def test_an_unknown_lever_or_measure_is_refused(evaluator: Evaluator, trial: Trial, lever: str, measure: str) -> None:
    with pytest.raises(ScenarioError, match="unknown"):
        last(one_lever(evaluator, trial, MINERAL, lever, Aim(measure, 0.0)))


# equivalence


@pytest.mark.slow
def test_an_equivalent_instrument_gives_the_same_producer_price(
    evaluator: Evaluator, trial: Trial, names: Names
) -> None:
    target = producer_price(evaluator, trial, MINERAL)
    answer = last(equivalents(evaluator, trial, MINERAL))
    by_name = {each.instrument: each for each in answer}
    assert by_name["cfd"].level is not None
    assert by_name["cfd"].producer_price_usd_per_t == pytest.approx(target, rel=2e-3)
    public = {name: sum(each.accounts["treasury_musd"].values()) for name, each in by_name.items() if each.accounts}
    assert public["cfd"] < public["variable_levy"]
    shown_table = totals(answer, MEMBERS)
    assert len(shown_table) == len(answer)
    assert "instruments give producers" in equivalence_in_words(answer, MEMBERS)
    assert set(by_party(answer, MEMBERS, names)["party"]) == {"United States", "European Union", "Japan"}


@pytest.mark.slow
def test_one_party_s_means_leave_the_others_without_the_instrument(evaluator: Evaluator, trial: Trial) -> None:
    alone = {each.instrument: each for each in last(equivalents(evaluator, trial, MINERAL, ("JPN",)))}
    together = {each.instrument: each for each in last(equivalents(evaluator, trial, MINERAL))}
    assert together["tariff"].level is not None
    assert alone["tariff"].level is None or alone["tariff"].level > together["tariff"].level
    assert alone["tariff"].level is not None or "no level from" in alone["tariff"].reason


def test_who_pays_is_told_by_the_worst_instrument_for_each_account() -> None:

    def of(users: float, producers: float, treasury: float) -> dict[str, dict[str, float]]:
        moved = {"users_musd": users, "producers_musd": producers, "treasury_musd": treasury}
        return {part: {"A": moved.get(part, 0.0)} for part in GAIN_PARTS}

    levy = Equivalent("variable_levy", 100.0, 90.0, of(-5.0, 2.0, 4.0))
    cfd = Equivalent("cfd", 90.0, 90.0, of(1.0, 2.0, -2.5))
    none = Equivalent("tariff", None, 80.0, reason="no level does")
    words = equivalence_in_words([levy, cfd, none], ["A"])
    assert words.startswith("2 instruments")
    assert "Users fare worst by floor by variable levy: −5.00" in words
    assert "Treasuries fare worst by floor by contract for difference: −2.50" in words
    table = totals([levy, cfd, none], ["A"])
    assert table["gain_musd"].tolist()[:2] == [1.0, 0.5]
    assert table["level"].iloc[2] == "none: no level does"


# attribution


def glove(coalition: frozenset[str]) -> float:
    """One left glove, two right ones: a pair is worth one."""
    return float("left" in coalition and len(coalition) > 1)


def test_shapley_of_three_levers_equals_hand_computation() -> None:
    values = {each.lever: each.value for each in shapley(["left", "right 1", "right 2"], glove)}
    assert values == {"left": pytest.approx(2 / 3), "right 1": pytest.approx(1 / 6), "right 2": pytest.approx(1 / 6)}


def test_sampled_shapley_adds_up_exactly_and_repeats_with_its_seed() -> None:
    levers = [f"lever {i}" for i in range(9)]

    def value(present: frozenset[str]) -> float:
        return 3.0 + len(present) ** 1.5 + 2.0 * ("lever 0" in present and "lever 1" in present)

    parts = shapley(levers, value, seed=3)
    assert sum(each.value for each in parts) == pytest.approx(value(frozenset(levers)) - value(frozenset()), abs=1e-12)
    assert parts == shapley(levers, value, seed=3)
    assert any(each.standard_error > 0 for each in parts)


def test_attribution_adds_up_to_every_party_s_result(evaluator: Evaluator, trial: Trial) -> None:
    trials = attribution_trials(trial, True, evaluator.world.regions, 0)
    gains = returned(evaluator.all_gains(trials))
    levers = levers_of(trial, True)
    parts = attribute(levers, gains, MEMBERS, 0)
    assert levers == ["floor", "membership of USA", "membership of EUN", "membership of JPN"]
    for party, own in parts.items():
        assert sum(each.value for each in own) == pytest.approx(evaluator.expected_gains(trial)[party], abs=1e-9)


def test_every_instrument_of_an_agreement_is_a_lever(trial: Trial) -> None:
    tariff = Tariff(importers=MEMBERS, exporters=("CHN",), mineral=MINERAL, stage="refined", ad_valorem=0.1)
    both = replace(trial, agreement=trial.agreement.model_copy(update={"tariffs": (tariff,)}))
    assert levers_of(both, False) == ["floor", "tariff"]
    alone = attribution_trials(both, False, ("USA", "EUN", "JPN", "CHN"), 0)[frozenset({"tariff"})]
    assert alone.agreement.floors == ()
    assert alone.agreement.tariffs == (tariff,)


# change since a saved point


BUILT = {"lithium": ("C108",)}
"""Hombre Muerto North, a small project in Argentina."""
LITHIUM = Scenario(minerals=("lithium",), parties=("USA", "ARG"), horizon="long")


@pytest.fixture(scope="module")
def beside(table: ResponseTable) -> tuple[Evaluator, Trial]:
    """An agreement on lithium with a floor, a project and a transfer."""
    floor = Floor(parties=LITHIUM.parties, mineral="lithium", stage="refined", price=40_000.0, mechanism="cfd")
    scenario = LITHIUM.model_copy(update={"agreement": Agreement(floors=(floor,))})
    request = DesignRequest(parties=LITHIUM.parties, minerals=("lithium",), horizon="long", shocks=())
    return Evaluator(table, request), trial_of(scenario, Aside(BUILT, {"USA": -5.0, "ARG": 5.0}))


def test_projects_and_lump_sums_beside_an_agreement_count(beside: tuple[Evaluator, Trial]) -> None:
    evaluator, trial = beside
    with_all = evaluator.expected_gains(trial)
    unmoved = evaluator.expected_gains(replace(trial, transfers={}))
    assert with_all["ARG"] - unmoved["ARG"] == pytest.approx(5.0)
    assert with_all["USA"] - unmoved["USA"] == pytest.approx(-5.0)
    assert unmoved["ARG"] != pytest.approx(evaluator.expected_gains(replace(trial, transfers={}, projects={}))["ARG"])
    frame = cards(evaluator, trial).set_index("party")
    assert frame.loc["ARG", "transfers_musd"] == pytest.approx(5.0)
    parts = [*GAIN_PARTS, "contracts_musd", "transfers_musd"]
    assert frame.loc["ARG", parts].sum() == pytest.approx(frame.loc["ARG", "gain_musd"])


def test_projects_and_lump_sums_are_levers_that_add_up(beside: tuple[Evaluator, Trial]) -> None:
    evaluator, trial = beside
    levers = levers_of(trial, True)
    assert levers[:3] == ["floor", "new projects", "transfers"]
    trials = attribution_trials(trial, True, evaluator.world.regions, 0)
    gains = returned(evaluator.all_gains(trials))
    parts = attribute(levers, gains, trial.members, 0)
    for party, gain in evaluator.expected_gains(trial).items():
        assert sum(each.value for each in parts[party]) == pytest.approx(gain)


def test_who_leaves_takes_projects_and_lump_sums_along(beside: tuple[Evaluator, Trial]) -> None:
    evaluator, trial = beside
    alone = membership_trials(trial, (), evaluator.world.regions)["ARG"]
    bare = replace(alone, projects={}, transfers={})
    assert evaluator.expected_gains(alone) == evaluator.expected_gains(bare)


def test_what_stands_beside_an_agreement_is_told(world: World, names: Names) -> None:
    told = aside_in_words(Aside(BUILT, {"USA": -5.0, "ARG": 0.05, "JPN": 4.95}, True), world.tables["projects"], names)
    assert told == (
        "Built: Hombre Muerto North (Lithium South) (Argentina); United States pays 5.00 million USD/yr, Argentina "
        "receives 50.0 thousand USD/yr, Japan receives 4.95 million USD/yr; levies, rents or outlays are divided anew"
    )
    assert aside_in_words(Aside(), world.tables["projects"], names) == ""
    chosen = choose(terms_of([{"A": 5.0, "B": -1.0}], transfers=3e6))
    assert aside_of(chosen).transfers["B"] >= 1.0
    assert aside_of(choose(terms_of([{"A": 5.0, "B": 1.0}]))) == Aside()


def test_the_four_combinations_of_a_change_are_split_by_hand(trial: Trial) -> None:
    saved = Trial(("USA",), Agreement(), {}, {"x": 1.0})
    trials = change_trials(saved, trial)
    assert trials[frozenset({"assumptions"})] == replace(saved, assumptions=trial.assumptions)
    assert trials[frozenset({"policy"})] == replace(trial, assumptions={"x": 1.0})
    value = {(): 10.0, ("assumptions",): 12.0, ("policy",): 15.0, ("assumptions", "policy"): 21.0}
    gains = {frozenset(new): {"USA": amount} for new, amount in value.items()}
    assert [each.value for each in attribute(["assumptions", "policy"], gains, ["USA"], 0)["USA"]] == [4.0, 7.0]


@pytest.mark.slow
def test_the_change_since_a_saved_scenario_names_its_cause(
    table: ResponseTable, trial: Trial, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_shock(scenario: Scenario) -> DesignRequest:
        quo = scenario.status_quo
        return DesignRequest(parties=scenario.parties, minerals=scenario.minerals, shocks=(SHOCK,), status_quo=quo)

    monkeypatch.setattr("model.design.questions.parties.request_of", one_shock)
    now = Scenario(minerals=(MINERAL,), parties=MEMBERS, agreement=trial.agreement, status_quo="policy_only")
    higher = {
        "demand_elasticity_short.bismuth": 0.9 * table.world.assumptions.value("demand_elasticity_short", MINERAL)
    }
    before = now.model_copy(update={"agreement": Agreement()})
    changes = last(since(table, before, now))
    usa = changes.set_index("party").loc["USA"]
    assert usa["before_musd"] == pytest.approx(0.0, abs=1e-9)
    assert usa["from_assumptions_musd"] == pytest.approx(0.0, abs=1e-9)
    assert usa["from_policy_musd"] == pytest.approx(usa["after_musd"])
    told = gains_table(changes, names)
    assert told.iloc[-1]["after_musd"] == pytest.approx(changes["after_musd"].sum())
    assert "Since “first offer”" in change_in_words(told, "first offer")
    assert "expected gain of all parties" in change_in_words(told, "first offer")
    fewer = gains_table(last(since(table, before.model_copy(update={"parties": MEMBERS[1:]}), now)), names)
    assert fewer["party"][0] == f"{names.region(MEMBERS[0])} (a non-party before)"
    assert "expected gain of all that are parties then or now" in change_in_words(fewer, "first offer")
    assumed = last(since(table, now.model_copy(update={"assumptions": higher}), now)).set_index("party").loc["USA"]
    assert assumed["from_policy_musd"] == pytest.approx(0.0, abs=1e-9)
    assert abs(assumed["from_assumptions_musd"]) > 1e-6


def test_a_saved_scenario_of_another_horizon_cannot_be_compared(table: ResponseTable) -> None:
    with pytest.raises(ScenarioError, match="long horizon"):
        next(since(table, Scenario(horizon="long"), Scenario()))


# membership


def test_membership_counts_leaving_and_joining(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    trials = membership_trials(trial, ["KOR"], evaluator.world.regions)
    gains = returned(evaluator.all_gains({"agreed": trial, **trials}))
    after = {country: gains[country] for country in trials}
    members = {each.country: each for each in membership(trial, gains["agreed"], after)}
    assert [members[name].joins for name in ("KOR", "USA")] == [True, False]
    assert set(members) == {*MEMBERS, "KOR"}
    assert members["USA"].own == pytest.approx(gains["USA"]["USA"] - gains["agreed"]["USA"])
    assert members["USA"].others == pytest.approx(sum(gains["USA"][p] - gains["agreed"][p] for p in ("EUN", "JPN")))
    assert any("South Korea" in sentence for sentence in membership_in_words(list(members.values()), names))


def test_words_about_members_follow_the_numbers(names: Names) -> None:
    stay = membership_in_words([Member("USA", False, -1.0, -2.0)], names)
    assert stay == ["No member would gain by leaving."]
    leave = membership_in_words([Member("USA", False, 1.0, -2.0), Member("KOR", True, 3.0, -4.0)], names)
    assert leave[0] == "The United States (by 1.00 million USD/yr) would gain more by leaving."
    assert leave[1] == (
        "If South Korea joined, it would gain 3.00 million USD/yr and the members together lose 4.00 million USD/yr."
    )


def test_every_coalition_of_the_core_is_tried(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    answer = last(coalitions(evaluator, trial, MEMBERS))
    assert len(answer) == 7
    assert answer[0].members == MEMBERS
    assert answer[0].gains["USA"] == pytest.approx(evaluator.expected_gains(trial)["USA"])
    assert len(coalition_table(answer, names)) == 7


def test_a_core_begins_with_the_largest_users(world: World) -> None:
    core = largest_users(world, Scenario())
    assert len(core) == 5
    assert {"USA", "EUN", "JPN", "KOR"} <= set(core)
    assert "AUS" not in core
    assert list(core) == [party for party in Scenario().parties if party in core]
    assert largest_users(world, Scenario(parties=("USA", "JPN"))) == ("USA", "JPN")


def test_too_large_a_core_is_refused(trial: Trial) -> None:
    with pytest.raises(ScenarioError, match="9 core parties"):
        coalition_trials(trial, [f"P{i}" for i in range(9)], ())


def test_a_coalition_holds_only_when_no_member_is_better_off_leaving(names: Names) -> None:
    gains = {
        frozenset(): {"A": 0.0, "B": 0.0},
        frozenset({"A"}): {"A": 1.0, "B": 4.0},
        frozenset({"B"}): {"A": 0.0, "B": 1.0},
        frozenset({"A", "B"}): {"A": 3.0, "B": 3.0},
    }
    answer = stable_coalitions(["A", "B"], gains)
    leavers = {each.members: each.leavers for each in answer}
    assert leavers[("A", "B")] == ("B",)
    assert leavers[("A",)] == ()
    assert coalitions_in_words(answer, names).startswith("Of 3 coalitions, 2 hold together")
    assert "none hold together" in coalitions_in_words([Coalition(("A",), {"A": 1.0}, ("A",))], names)


# who applies what


REGIONS = ("USA", "EUN", "JPN", "KOR", "CHN")
PLACE = {"mineral": MINERAL, "stage": "refined"}


def full_agreement() -> Agreement:
    return Agreement(
        floors=(Floor(parties=MEMBERS, price=1.0, **PLACE), Floor(parties=("JPN",), price=2.0, **PLACE)),
        trqs=(Trq(importers=MEMBERS, exporters=("KOR", "CHN"), quantity=1.0, **PLACE),),
        tariffs=(Tariff(importers=("USA", "JPN"), exporters=("CHN",), ad_valorem=0.1, **PLACE),),
        export_taxes=(ExportTax(exporter="JPN", importers=("CHN",), specific=1.0, **PLACE),),
        offtakes=(Offtake(producer="USA", buyer="JPN", quantity=1.0, **PLACE),),
        stockpiles=(Stockpile(party="JPN", quantity=1.0, release_above=1.0, **PLACE),),
    )


def after(members: tuple[str, ...]) -> Agreement:
    return full_agreement().applied_by(Membership(MEMBERS, members, REGIONS))


def test_who_leaves_drops_out_of_everything_and_becomes_an_outsider() -> None:
    left = after(("USA", "EUN"))
    assert [floor.parties for floor in left.floors] == [("USA", "EUN")]
    assert left.trqs[0].exporters == ("JPN", "KOR", "CHN")
    assert left.tariffs[0].importers == ("USA",)
    assert left.tariffs[0].exporters == ("CHN",)
    assert left.export_taxes == left.offtakes == left.stockpiles == ()


def test_who_joins_applies_what_all_apply() -> None:
    more = after((*MEMBERS, "KOR"))
    assert [floor.parties for floor in more.floors] == [(*MEMBERS, "KOR"), ("JPN",)]
    assert more.trqs[0].exporters == ("CHN",)
    assert more.tariffs[0].importers == ("USA", "JPN")
    only = after((*MEMBERS, "CHN"))
    assert only.tariffs == ()


def test_the_same_members_apply_the_same_agreement() -> None:
    assert after(MEMBERS) == full_agreement()


# cards


def test_a_card_s_parts_add_up_and_its_words_follow_them(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    frame = cards(evaluator, trial)
    parts = frame[[*GAIN_PARTS, "settlements_musd"]].sum(axis=1)
    assert frame["gain_musd"].tolist() == pytest.approx(parts.tolist())
    side = sides(evaluator, trial).set_index("side")
    own = frame[frame["party"].isin(trial.members)]
    for part in (*GAIN_PARTS, "settlements_musd", "gain_musd"):
        ours, theirs, world = side[part]
        assert ours == pytest.approx(own[part].sum(), abs=1e-9)
        assert world == pytest.approx(ours + theirs, abs=1e-9)
    row = next(row for row in frame.itertuples() if row.party == "USA")
    assert row.users_musd < 0 < row.producers_musd
    assert any(text.startswith("users pay") for text in gives(row, trial, names))
    assert any(text.startswith("producers gain") for text in gets(row, trial, names))
    assert "without" in assured(row)


def test_contracts_and_stocks_stand_on_both_cards(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    rows = {row.party: row for row in cards(evaluator, trial).itertuples()}
    agreement = trial.agreement.model_copy(
        update={
            "offtakes": (Offtake(producer="USA", buyer="JPN", quantity=50.0, strike=9_000.0, **PLACE),),
            "stockpiles": (Stockpile(party="JPN", quantity=30.0, release_above=1.0, **PLACE),),
        }
    )
    signed = replace(trial, agreement=agreement)
    assert "50 t/yr of bismuth from the United States at 9,000 USD/t" in gets(rows["JPN"], signed, names)
    assert "holds 30 t of bismuth in stock" in gives(rows["JPN"], signed, names)
    assert "ships 50 t/yr of bismuth to Japan at 9,000 USD/t" in gives(rows["USA"], signed, names)


def test_the_margin_of_a_red_line_is_what_is_left_of_it(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    lines = red_lines(evaluator, trial)
    own = lines[lines["red_line"].str.contains("users lose")].iloc[0]
    frame = cards(evaluator, trial).set_index("party")
    assert own["margin"] == pytest.approx(1.0 + frame.loc["JPN", "users_musd"])
    tight = lines.assign(margin=[-2.0, *[0.0] * (len(lines) - 1)], unit="million USD/yr")
    told = margins_in_words(tight, names)["Margin"].tolist()
    assert told == ["broken by 2.00 million USD/yr", *["just met"] * (len(lines) - 1)]


def test_a_lump_sum_paid_narrows_the_margin_of_public_outlay(beside: tuple[Evaluator, Trial]) -> None:
    evaluator, trial = beside
    lines = {"red_lines": {"USA": {"treasury_outlay": 1e9}}}
    asked = evaluator.request.model_dump(mode="json", exclude={"red_lines"}) | lines
    limited = Evaluator(evaluator.table, DesignRequest.parse(asked, "design"))

    def margin(given: Trial) -> float:
        found = red_lines(limited, given)
        return float(found.loc[found["red_line"].str.contains("public outlay"), "margin"].iloc[0])

    assert margin(trial) == pytest.approx(margin(replace(trial, transfers={})) - 5.0)


def test_who_would_not_sign_is_named(evaluator: Evaluator, trial: Trial, names: Names) -> None:
    frame = cards(evaluator, trial)
    losing = frame.assign(gain_musd=[-2.0 if party == "JPN" else 1.0 for party in frame["party"]])
    assert signs(losing, MEMBERS, names).startswith("Japan (−2.00 million USD/yr) would be worse off")
    winning = frame.assign(gain_musd=[0.5 if party == "JPN" else 1.0 for party in frame["party"]])
    assert "least for Japan" in signs(winning, MEMBERS, names)


def test_a_study_answers_for_every_party(
    table: ResponseTable, evaluator: Evaluator, trial: Trial, names: Names
) -> None:
    scenario = Scenario(minerals=(MINERAL,), parties=MEMBERS, agreement=trial.agreement)
    answer = last(study(table, trial_of(scenario), evaluator.request, ["KOR"]))
    assert list(answer.cards["party"]) == [*MEMBERS, "KOR"]
    assert {member.country for member in answer.members} == {*MEMBERS, "KOR"}
    wide = by_lever(answer.attribution, names)
    gains = answer.cards.set_index("party")["gain_musd"]
    assert wide[ALL].sum() == pytest.approx(sum(gains[party] for party in MEMBERS))
    told = attribution_in_words(answer.attribution, names)
    assert told.startswith("All of what is gained comes from floor, +"), "it is the only term"
    other = answer.attribution.assign(lever="tariff", musd=0.5 * answer.attribution["musd"])
    both = attribution_in_words(pd.concat([answer.attribution, other]), names)
    assert both.startswith("Most of what is gained comes from floor, +")
    assert attribution_in_words(other.assign(musd=-1.0), names).startswith("All of what is lost comes from tariff, −")
    assert trial_of(scenario).members == MEMBERS
    assert Evaluator(table, evaluator.request, ["KOR"]).frame.parties == (*MEMBERS, "KOR")


def test_charts_of_a_design_reach_all_they_show(evaluator: Evaluator, trial: Trial) -> None:
    frame = cards(evaluator, trial)
    chart = charts.gains(frame.assign(predicted=3.0 * frame["gain_musd"]), "Who gains", "gain_musd", "predicted")
    assert [mark.name for mark in chart.marks][-2:] == ["Net gain, predicted", "Net gain, verified"]
    assert chart.labels == (*MEMBERS, "KOR")
    parts = frame[[*GAIN_PARTS, "settlements_musd"]]
    assert chart.x.low == pytest.approx(min(parts.clip(upper=0).sum(axis=1).min(), 3.0 * frame["gain_musd"].min()))
    assert chart.x.high == pytest.approx(max(parts.clip(lower=0).sum(axis=1).max(), 3.0 * frame["gain_musd"].max()))
    assert png(chart).startswith(b"\x89PNG")


def test_a_frontier_is_drawn_on_screen_and_paper_with_the_agreement_found() -> None:
    measures = (MEASURES["users_gain"], MEASURES["independence"])
    chart = charts.frontier([(9.0, 0.1), (4.0, 0.3)], (12.0, 0.2), measures, "Two agreements")
    assert (chart.x.low, chart.x.high) == pytest.approx((0.09, 0.31))
    assert (chart.y.low, chart.y.high) == pytest.approx((3.6, 12.4))
    line, found = figure(chart).data
    assert (line.mode, list(line.x), list(line.y)) == ("lines+markers", [0.1, 0.3], [9.0, 4.0])
    assert (list(found.x), list(found.y)) == ([0.2], [12.0])
    assert png(chart).startswith(b"\x89PNG")
    assert charts.frontier([(9.0, 0.1)], (9.0, 0.1), measures, "One").x.low < 0.1


# where a choice stands on a frontier


@pytest.mark.parametrize("name", list(MEASURES))
def test_a_choice_stands_where_the_programme_s_measure_says(name: str) -> None:
    frame = frame_of(("A", "B"), (0.7, 0.3))
    options = [option(frame, 0.0, {})]
    for i in range(1, 5):
        users = [response({"A": 9.0 - 2.0 * i - state, "B": 1.0}) for state in range(2)]
        made = tuple(
            replace(
                each,
                producers_usd={"A": i * MILLION},
                revenue_usd={"B": i * MILLION},
                use_t={"A": 100.0, "B": 50.0},
                non_party_imports_t={"A": 80.0 - 10.0 * i},
                assured={"defense": {"A": 0.5 + 0.1 * i, "B": 1.0}},
            )
            for each in users
        )
        options.append(Option(frame, Package(mineral=TOY, stage=STAGE, floor=float(i)), made, options[0].neutral, 1e3))
    terms = replace(
        terms_of([], gap=0.0, participation="none", objective={"weights": {"A": 2.0}, "tail": 0.4}),
        frame=frame,
        options={TOY: options},
    )
    m = build(terms, (name,))
    m.goal.deactivate()
    expression = measure(m, terms, name)
    m.most = pyo.Objective(expr=expression, sense=pyo.maximize)
    choice = decide(m, terms, Programme(m, terms.request))
    assert standing(choice, terms, name) == pytest.approx(float(pyo.value(expression)), abs=1e-5)
    for other in MEASURES:
        if other != name:
            *_, drawn = frontier(terms, name, other)
            assert [point.second for point in drawn.found] == sorted({point.second for point in drawn.found})
            assert [-point.first for point in drawn.found] == sorted({-point.first for point in drawn.found})
            for point in drawn.found:
                assert point.first == standing(point.choice, terms, name)
                assert point.second == standing(point.choice, terms, other)


def test_a_measure_that_does_not_exist_is_refused() -> None:
    terms = terms_of([{"A": 1.0}])
    with pytest.raises(ScenarioError, match="unknown measure"):
        standing(choose(terms), terms, "happiness")


# what is typed


def test_a_draft_becomes_the_request_in_the_model_s_units() -> None:
    draft = Draft(
        objective="cvar", tail_percent=20.0, transfers_musd=5.0, floor_levels="0, 107.5 %", mechanisms=("cfd",)
    )
    lines = add_line({}, "JPN", "user_cost", "", 3.0)
    lines = add_line(lines, "JPN", "defense", "", 90.0)
    lines = add_line(lines, "USA", "industry_cost", "semiconductors", 2.0)
    draft.lines = add_line(lines, "CHL", "user_cost", "", 1.0)
    draft.weights = {"USA": 2.0, "CHL": 3.0}
    asked = draft.request(Scenario(minerals=(MINERAL,)))
    assert asked.objective.tail == pytest.approx(0.2)
    assert asked.transfers == 5e6
    assert asked.menu.floor_levels == (0.0, 1.075)
    assert asked.red_lines["JPN"].user_cost == 3e6
    assert asked.red_lines["JPN"].assured_supply == {"defense": 0.9}
    assert asked.red_lines["USA"].industry_cost == {"semiconductors": 2e6}
    assert set(asked.red_lines) == {"JPN", "USA"}
    assert asked.objective.weights == {"USA": 2.0}
    words = draft.in_words(Scenario(minerals=(MINERAL,)))
    assert "3 red lines (1 of countries that are no party do not count)" in words
    assert "transfers up to 5 million USD/yr" in words


def test_an_untouched_draft_is_the_plain_request() -> None:
    scenario = Scenario(minerals=(MINERAL,))
    assert Draft().request(scenario) == drafts.request_of(scenario)


def test_changed_shocks_become_the_request_s(world: World) -> None:
    scenario = Scenario(minerals=(MINERAL,))
    touching = [state.name for state in states_of(DesignRequest(minerals=(MINERAL,)), world)[1:]]
    draft = Draft(probability_percent={touching[0]: 7.0}, severity={touching[0]: 0.25}, left_out={touching[1]})
    asked = draft.request(scenario, touching)
    assert asked.shocks is not None
    assert [shock.name for shock in asked.shocks] == [touching[0], *touching[2:]]
    assert (asked.shocks[0].probability, asked.shocks[0].severity) == (0.07, 0.25)
    assert draft.request(scenario, touching[3:]) == drafts.request_of(scenario)
    draft.reset_shocks()
    assert draft.request(scenario, touching) == drafts.request_of(scenario)


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (Draft(floor_levels="0, high"), "'high' is not a number"),
        (Draft(floor_levels=""), "is not a number"),
        (Draft(weights=dict.fromkeys(Scenario().parties, 0.0)), "weights are all zero"),
        (Draft(mechanisms=()), "mechanisms"),
        (Draft(lines={RedLine("JPN", "defense"): 120.0}), "less than or equal to 1"),
        (Draft(tail_percent=0.0), "tail"),
    ],
)
def test_what_is_typed_wrongly_is_refused_in_words(draft: Draft, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        draft.request(Scenario())


def test_a_red_line_needs_a_kind_and_its_industry() -> None:
    with pytest.raises(ScenarioError, match="unknown red line"):
        add_line({}, "USA", "pride", "", 1.0)
    with pytest.raises(ScenarioError, match="choose the industry"):
        add_line({}, "USA", "industry_cost", "", 1.0)
    assert add_line({RedLine("USA", "user_cost"): 1.0}, "USA", "user_cost", "steel", 2.0) == {
        RedLine("USA", "user_cost"): 2.0
    }


# words and tables


def test_states_say_probability_and_what_duration_does(world: World, names: Names) -> None:
    request = DesignRequest.parse({"minerals": ["cobalt"], "shocks": [{"name": "drc_cobalt_suspension"}]}, "design")
    states = states_of(request, world)
    frame = states_table(states, world.library)
    calm, shock = frame.iloc[0], frame.iloc[1]
    assert calm["probability_per_yr"] + shock["probability_per_yr"] == pytest.approx(1.0)
    assert shock["severity"] == shock["severity_in_library"] == 100.0
    assert (shock["duration_yr"], shock["unit"]) == (0.64, "% of exports stopped"), "in the sidebar's words"
    assert "over this named shock: Congo suspends cobalt exports (8 months), 15 % a year" in states_in_words(
        states, names
    )
    assert PART_OF_YEAR in states_in_words(states, names)
    assert "one state" in states_in_words(states[:1], names)


@pytest.mark.parametrize(("years", "year_of_it"), [(0.25, 0.25), (1.0, 1.0), (1.3, 1.0), (2.0, 1.0)])
def test_a_shock_longer_than_a_year_counts_in_full_and_no_more(years: float, year_of_it: float) -> None:
    assert over_the_year(0.4, "share of output lost", years) == pytest.approx(0.4 * year_of_it)
    assert over_the_year(3.0, "multiple of base freight", years) == pytest.approx(1.0 + 2.0 * year_of_it)


def test_a_state_of_the_world_holds_the_shock_that_every_other_page_shows(world: World) -> None:
    for mineral in world.minerals:
        for state in states_of(DesignRequest(minerals=(mineral,)), world)[1:]:
            assert state.shock == NamedShock(name=state.name)


SHEET = pd.DataFrame(
    [
        ("lithium", "share of the TRQ", "USA", 0.4, "share", "of imports"),
        ("lithium", "share of the TRQ", "JPN", 0.6, "share", "of imports"),
        ("lithium", "project", "Clay (MEX)", 3288.4, "t/yr", "full cost 30,000 USD/t"),
        ("", "transfer", "MEX", -0.04e6, "USD/yr", "paid"),
        ("", "transfer", "USA", 0.03e6, "USD/yr", "received"),
        ("", "transfer", "JPN", 0.01e6, "USD/yr", "received"),
    ],
    columns=["mineral", "term", "who", "level", "unit", "note"],
)


def offtake(buyer: str, quantity_t: float, strike: float | None) -> Offtake:
    return Offtake(producer="MEX", buyer=buyer, mineral="lithium", stage="refined", quantity=quantity_t, strike=strike)


def test_what_stands_beside_the_instruments_is_read_in_few_rows(names: Names) -> None:
    table = terms_in_words(SHEET, names)
    assert list(table.columns) == ["Term", "Level", "Who", "How"]
    assert [tuple(row) for row in table.itertuples(index=False)] == [
        ("Share of the TRQ", "", "United States 40 %; Japan 60 %", "of imports"),
        ("Project", "3,288.4 t/yr", "Clay (Mexico)", "full cost 30,000 USD/t"),
        ("Transfer", "40,000 USD/yr", "Mexico", "paid"),
        ("Transfer", "40,000 USD/yr", "United States 30,000 USD/yr; Japan 10,000 USD/yr", "received"),
    ]
    both = pd.concat([SHEET[:1], SHEET[:1].assign(mineral="cobalt")])
    assert terms_in_words(both, names)["Mineral"].tolist() == ["Lithium", "Cobalt"]


def test_a_term_sheet_says_an_instrument_in_its_own_words(names: Names) -> None:
    floor = Floor(parties=("USA", "MEX"), price=63_500.0, mineral="lithium", stage="refined")
    stock = Stockpile(party="USA", quantity=120.0, release_above=70_000.0, mineral="lithium", stage="refined")
    agreement = Agreement(floors=(floor,), offtakes=(offtake("USA", 1680.0, 51_450.0),), stockpiles=(stock,))
    request = DesignRequest(parties=("USA", "MEX"), minerals=("lithium",))
    choice = choose(terms_of([], ("USA", "MEX")))
    rows = term_sheet(Design(request, names, choice=choice, agreement=agreement)).to_dict("split")["data"]
    say = Voice(names, request.parties)
    assert rows[:-1] == [
        ["lithium", "price floor", "all parties", 63_500.0, "USD/t", floor.phrase(say)],
        ["lithium", "offtake", "USA", 1680.0, "t/yr", agreement.offtakes[0].phrase(say)],
        ["lithium", "stockpile", "USA", 120.0, "t/yr", stock.phrase(say)],
    ]
    assert rows[-1][1] == "none"


def test_a_term_sheet_says_who_pays_and_who_receives(names: Names) -> None:
    terms = terms_of([{"A": 10.0, "B": -1.0}], transfers=50e6, participation="expected", gap=0.005)
    request = DesignRequest(parties=("USA", "MEX"), minerals=("lithium",))
    sheet = term_sheet(Design(request, names, choice=choose(terms), agreement=Agreement()))
    paid = sheet[sheet["term"] == "transfer"].set_index("who")
    assert paid["level"].to_dict() == pytest.approx({"A": -1e6, "B": 1e6}, abs=1.0)
    assert paid["note"].to_dict() == {"A": "paid", "B": "received"}


def test_an_agreement_of_many_terms_is_told_in_short(names: Names) -> None:
    def quota(importer: str, quantity_t: float) -> Trq:
        return Trq(
            importers=(importer,),
            exporters=("CHN",),
            mineral="lithium",
            stage="refined",
            quantity=quantity_t,
            in_quota=Duty(),
            over_quota=Duty(ad_valorem=0.25),
        )

    contracts = (offtake("JPN", 256.0, 51_450.0), offtake("USA", 1680.0, 51_450.0))
    agreed = Agreement(trqs=(quota("USA", 100.0), quota("JPN", 50.0)), offtakes=contracts)
    scenario = Scenario(minerals=("lithium",), parties=("USA", "JPN", "MEX"), agreement=agreed)
    assert agreement_in_short(scenario, "lithium", names) == (
        "The United States, Japan and Mexico agree to have Japan and the United States let in 150 t a year of lithium "
        "chemicals from China at 0 %, and charge 25 % beyond; the rent goes to importers. They also agree to divide "
        "the quota in 2 and sign 2 offtakes over 1,936 t/yr. No shock. Horizon: within one year, with capacity almost "
        "fixed."
    )
    assert agreement_in_short(AGREED, MINERAL, names) == agreement_in_words(AGREED, MINERAL, names)
    told = agreement_in_short(
        scenario.model_copy(update={"shocks": (NamedShock(name="zimbabwe_lithium_ban"),)}), "lithium", names
    )
    assert len(told) <= LONGEST
    assert " They also agree on 1 more term on lithium. Shock: " in told, "what leaves no room is a number"
    apart = quota("JPN", 50.0).model_copy(update={"rent_to": RentHolder.EXPORTER})
    overlapping = quota("USA", 50.0).model_copy(update={"exporters": ("CHN", "CHL")})
    for other in (apart, overlapping):
        two = scenario.model_copy(update={"agreement": Agreement(trqs=(quota("USA", 100.0), other))})
        assert agreement_in_short(two, "lithium", names) == agreement_in_words(two, "lithium", names, most=1)


AGREED = Scenario(minerals=(MINERAL,), agreement=Agreement(offtakes=(offtake("JPN", 1.0, None),)))


def test_what_is_left_of_the_shocks_is_told(world: World) -> None:
    named = states_of(DesignRequest(minerals=(MINERAL,)), world)[1:]
    draft = Draft()
    assert shocks_left(named, draft).startswith(f"{len(named)} of {len(named)} shocks count")
    for state in named[1:]:
        draft.use_shock(state.name, False)
    draft.probability_percent[named[0].name] = 25.0
    assert shocks_left(named, draft) == f"1 of {len(named)} shocks count; a year without any: 75 %."
    draft.use_shock(named[1].name, True)
    draft.probability_percent[named[1].name] = 80.0
    assert shocks_left(named, draft) == f"2 of {len(named)} shocks count; a year without any: 15 %."


def test_codes_become_names_where_they_are_regions(names: Names) -> None:
    text = with_names("JPN: at most 5 USD/t; KOR and USA would lose; TRQ", names)
    assert text == "Japan: at most 5 USD/t; South Korea and the United States would lose; TRQ"


def test_levels_are_shown_as_they_are_and_tables_in_few_figures() -> None:
    assert level_in_words(0.25, "share of value") == "25 % of value"
    assert level_in_words(-1_234_567.0, "USD/yr") == "−1,234,567 USD/yr"
    assert level_in_words(8_400.0, "t/yr") == "8,400 t/yr"
    assert level_in_words(28.8, "t/yr") == "28.8 t/yr"
    assert level_in_words(0.0, "") == ""
    frame = shown(pd.DataFrame({"party": ["A", "B", "C"], "musd": [123.456, -1e-5, -0.012345]}))
    assert frame["musd"].tolist() == [123.0, 0.0, -0.012]
