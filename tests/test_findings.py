"""Sentences are true of the numbers they are made from; curves and ranges are those of single solves."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from model.design.responses.response import Response
from model.equilibrium.comparison import Comparison
from model.findings import (
    MEASURES,
    Names,
    agreement_in_words,
    curve_chart,
    group_labels,
    overview,
    ranked_industries,
    shocks_set_aside,
    with_worst,
)
from model.findings.agreed import agreement_in_short, one_of_several
from model.findings.charts import Bars, Ticks, industries, ranking
from model.findings.formulation import compared_in_words, formulation, levers_table
from model.findings.intervals import Number, range_in_words
from model.findings.overview import (
    Overview,
    _share_of_spending,
    _users_part,
    curve_sentence,
    gains_by_party,
    gains_sentence,
    headline_numbers,
    industries_hit,
    industries_sentence,
    sources_sentence,
    supply_by_origin,
)
from model.findings.reasons import (
    _by_destination,
    _levels_today,
    controls_in_words,
    data_limits,
    missed,
    net_effect,
    reasons,
    verdicts,
    who_pays,
)
from model.findings.terms import bound_outside, clauses, terms_of
from model.findings.users import (
    borrowed_minerals,
    industry_detail,
    opened_sentence,
    ranking_sentence,
    relief_sentence,
    totals_sentence,
    unsized_users,
    uses_by_mineral,
)
from model.findings.whose import whose, whose_of
from model.impact import totals
from model.instruments import Floor, RentHolder, lever
from model.instruments.quota import told_of_use
from model.outcome import ACCOUNTS, Outcome
from model.scenario import POLICY_ONLY, TODAY, Scenario
from model.shocks import NamedShock
from model.studies.floor_curve import floor_levels, floor_response, with_floor_at
from model.studies.ranges import OWN, under_named_shocks
from model.words import accounts
from model.words.levers import Lever
from model.words.numbers import (
    LEAST_USD,
    exact,
    figures,
    money,
    percent,
    price,
    signed_millions,
    signed_money,
    signed_percent,
    starting,
    tonnes,
)
from model.words.voice import Voice
from model.words.why_not import Plain, Readable, Reason, WhyNot
from model.words.yearly import signed
from model.world import World
from tests import design_toys
from tests.shipped import EVERY_MINERAL, of_today

MINERAL = "antimony"
PLACE = {"mineral": MINERAL, "stage": "refined"}


@pytest.fixture(scope="module")
def names(world: World) -> Names:
    return Names(world.tables)


@pytest.fixture(scope="module")
def reference(world: World) -> float:
    return world.parties_price(MINERAL, "refined", Scenario())


@pytest.fixture(scope="module")
def with_floor(reference: float) -> Scenario:
    floor = PLACE | {"parties": list(Scenario().parties), "price": 1.3 * reference}
    return of_today({"agreement": {"floors": [floor]}})


@pytest.fixture(scope="module")
def banned() -> Scenario:
    return of_today({"shocks": [{"name": "china_antimony_ban"}]})


@pytest.fixture(scope="module")
def outcome(world: World, with_floor: Scenario) -> Outcome:
    return world.outcome(with_floor)


@pytest.fixture(scope="module")
def facts(world: World, outcome: Outcome, names: Names) -> Overview:
    return overview(outcome, MINERAL, world.tables, names)


def money_numbers(facts: Overview) -> list[Number]:
    """The numbers of the headline that are changes of money."""
    return [number for number in headline_numbers(facts) if number.name.endswith("_usd")]


def test_the_status_quo_says_that_nothing_changes(world: World, names: Names) -> None:
    facts = overview(world.outcome(Scenario()), MINERAL, world.tables, names)
    assert facts.gains.sentence == "No party's users, producers or treasury gain or lose on antimony."
    assert facts.supply.sentence.startswith("Sources are as in the status quo: ")
    assert facts.industries.sentence == "No industry's metal bill changes."
    assert {number.value for number in money_numbers(facts)} == {"no change"}
    assert {number.change for number in set(headline_numbers(facts)) - set(money_numbers(facts))} == {
        "status quo",
        "no floor held by a levy",
    }
    for status_quo, what in ((TODAY, "prices, duties and export controls of 2"), (POLICY_ONLY, "trade of 2024")):
        assert agreement_in_words(Scenario(status_quo=status_quo), MINERAL, names).startswith(
            f"No agreement and no shock: antimony in the status quo, {what}"
        )


def test_users_cost_in_the_sentence_is_the_headline_s(facts: Overview) -> None:
    assert f"pay {money(facts.headline.users_cost_usd)} a year more" in facts.gains.sentence
    assert f"producers gain {money(facts.headline.producers_gain_usd)}" in facts.gains.sentence


def test_parties_of_the_chart_add_up_to_the_headline(facts: Overview, outcome: Outcome, names: Names) -> None:
    assert -facts.gains.table["users_usd"].sum() == pytest.approx(facts.headline.users_cost_usd)
    assert facts.gains.table["net_usd"].sum() == pytest.approx(facts.headline.net_gain_usd)
    few = gains_by_party(outcome, MINERAL, names, most=3)
    assert len(few) == 3
    assert few["net_usd"].sum() == pytest.approx(facts.headline.net_gain_usd)


def test_few_origins_supply_as_much_as_all(outcome: Outcome, names: Names) -> None:
    few, all_ = (supply_by_origin(outcome, MINERAL, names, most=most) for most in (3, 100))
    for state in ("status_quo", "without_agreement", "with_agreement"):
        assert few[state].sum() == pytest.approx(all_[state].sum())


def test_what_only_some_parties_do_the_parties_have_them_do(names: Names) -> None:
    offtake = PLACE | {"producer": "KOR", "buyer": "USA", "quantity": 500.0}
    scenario = of_today({"parties": ["USA", "KOR"], "agreement": {"offtakes": [offtake]}})
    assert agreement_in_words(scenario, MINERAL, names) == (
        "The United States and South Korea agree to have the United States take at least 500 t a year of refined "
        "antimony from South Korea, at the producer's market price. No shock. Horizon: within one year, with capacity "
        "almost fixed."
    )


def test_the_agreement_in_words_names_parties_level_mechanism_and_shock(
    with_floor: Scenario, banned: Scenario, names: Names
) -> None:
    text = agreement_in_words(with_floor.model_copy(update={"shocks": banned.shocks}), MINERAL, names)
    level = exact(with_floor.agreement.floors[0].price)
    for part in ("Core eight", "refined antimony", level, "variable levy", "Shock: China stops all antimony exports"):
        assert part in text
    assert group_labels(with_floor, MINERAL, names)["floor"] == f"{level} USD/t"
    assert group_labels(Scenario(), MINERAL, names)["floor"] == "none"


def test_a_shock_described_in_full_is_told_as_it_was_set(names: Names) -> None:
    shock = {"kind": "supply_loss", "region": "CHN", "mineral": MINERAL, "stage": "mine", "share": 0.3}
    scenario = of_today({"shocks": [shock]})
    told = "agree nothing on antimony. Shock: supply loss of antimony ore in China: 30 %."
    assert told in agreement_in_words(scenario, MINERAL, names)


def test_every_floor_has_a_reason(facts: Overview, outcome: Outcome, names: Names) -> None:
    text, fails = " ".join(facts.reasons), [each for each in facts.reasons if "does not hold in" in each]
    for row in outcome.instruments["floors"].itertuples():
        if not row.holds:
            assert any(names.the_region(row.region) in each for each in fails)
    assert "A levy of" in text
    assert "In the status quo: China lets out" in text


@pytest.mark.parametrize("caps", [(None, None), (None, 1e6), (1e6, None)])
def test_equal_floors_are_held_by_the_same_levy(
    world: World, reference: float, names: Names, caps: tuple[float | None, ...]
) -> None:
    floors = [PLACE | {"parties": ["USA"], "price": 1.1 * reference, "levy_cap": cap} for cap in caps]
    outcome = world.outcome(of_today({"agreement": {"floors": floors}}))
    levies = outcome.instruments["floors"]["levy"]
    assert levies[0] == levies[1] > 0.0
    text = " ".join(reasons(outcome, outcome.headline(MINERAL), world.tables, names))
    assert text.count("A levy of") == 1
    assert "does not bind" not in text


def test_parties_in_which_a_floor_fails_alike_are_told_together(world: World, names: Names) -> None:
    capped = PLACE | {"parties": list(Scenario().parties), "price": 90_000.0, "levy_cap": 1_000.0}
    told = reasons_of(world, {"agreement": {"floors": [capped]}}, names)
    assert told.count("does not hold in") == told.count("the levy is at its cap of 1,000 USD/t; the price is ") == 1


def test_a_tariff_rate_quota_of_nothing_is_not_told_as_full(world: World, names: Names) -> None:
    outside = [region for region in world.regions if region not in Scenario().parties]
    sides = {"importers": list(Scenario().parties), "exporters": outside}
    scenario = {"agreement": {"trqs": [PLACE | sides | {"quantity": 0.0, "over_quota": {"ad_valorem": 0.25}}]}}
    told = reasons_of(world, scenario, names)
    assert "The tariff-rate quota for refined antimony lets none in; " in told
    assert "full" not in told
    agreed = agreement_in_words(of_today(scenario), MINERAL, names)
    assert "agree to charge 25 % on all refined antimony from non-parties" in agreed


def test_a_tariff_that_brings_too_little_to_tell_says_what_comes_in(world: World, names: Names) -> None:
    border = PLACE | {"importers": ["USA"], "exporters": ["CHN"], "ad_valorem": 1e-5}
    told = reasons_of(world, {"agreement": {"tariffs": [border]}}, names)
    assert re.search(
        r"Under the tariff on refined antimony, [\d,.]+ t/yr come in from China; it brings next to noth", told
    )


def test_a_range_that_nothing_is_said_to_move_names_no_driver(names: Names) -> None:
    trials = pd.DataFrame({"assumption": ["as assumed", "a"], "net_gain_usd": [12_000.0, 9_000.0], "fault": None})
    told = range_in_words(trials, "net_gain_usd", signed_money, names)
    assert told == "no change to +12,000 USD"


def test_an_export_tax_that_brings_too_little_to_tell_says_so(world: World, names: Names) -> None:
    tax = PLACE | {"exporter": "USA", "importers": ["TJK"], "ad_valorem": 0.25}
    assert "ships 0 t/yr to Tajikistan; it brings nothing." in reasons_of(
        world, {"agreement": {"export_taxes": [tax]}}, names
    )


def test_a_full_tariff_rate_quota_says_what_its_rent_is_worth(world: World, names: Names) -> None:
    outside = [region for region in world.regions if region not in Scenario().parties]
    trq = PLACE | {
        "importers": list(Scenario().parties),
        "exporters": outside,
        "quantity": 20_000.0,
        "over_quota": {"ad_valorem": 0.25},
    }
    scenario = of_today({"agreement": {"trqs": [trq]}})
    outcome = world.outcome(scenario)
    row = outcome.instruments["trqs"].iloc[0]
    facts = overview(outcome, MINERAL, world.tables, names)
    assert row["in_quota"] == pytest.approx(20_000.0, rel=1e-4)
    assert f"is worth {money(row['rent_per_unit'] * row['in_quota'])} a year" in " ".join(facts.reasons)


def test_the_curve_at_a_level_is_the_solve_at_that_level(world: World, with_floor: Scenario, outcome: Outcome) -> None:
    curve = floor_response(world, with_floor, MINERAL, (0.8, 1.0, 1.3))
    price = outcome.headline(MINERAL).price_usd_per_t
    assert curve.agreed == (with_floor.agreement.floors[0].price, pytest.approx(price))
    assert world.parties_price(MINERAL, "refined", with_floor) == pytest.approx(price)
    assert curve.parties_price["price_usd_per_t"].iloc[0] == pytest.approx(curve.without_floor_usd_per_t)
    assert curve.parties_price["price_usd_per_t"].is_monotonic_increasing
    assert curve.status_quo_usd_per_t == pytest.approx(outcome.headline(MINERAL).price_status_quo_usd_per_t)


def test_the_curve_says_where_floors_bind_and_hold(world: World, with_floor: Scenario, names: Names) -> None:
    curve = floor_response(world, with_floor, MINERAL, (0.5, 1.0, 1.5))
    levies = curve.by_party.groupby("level_usd_per_t")["levy_usd_per_t"].max()
    assert (levies[levies.index <= curve.slack_up_to_usd_per_t] == 0).all()
    assert (levies[levies.index > curve.slack_up_to_usd_per_t] > 0).all()
    failing = curve.by_party[~curve.by_party["holds"]]
    assert set(curve.fails_from["region"]) == set(failing["region"])
    sentence = curve_sentence(curve, names)
    assert f"starts to bind at {figures(curve.slack_up_to_usd_per_t)} USD/t" in sentence
    assert sentence.endswith("binds.")
    unbound = replace(curve, slack_up_to_usd_per_t=1e9)
    assert curve_sentence(unbound, names).startswith("No floor up to")


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_the_agreed_floor_counts_among_the_levels_tried(
    world: World, with_floor: Scenario, names: Names, share: float
) -> None:
    """A border between two levels tried says nothing of a floor between them."""
    curve = floor_response(world, with_floor.undisturbed(), MINERAL)
    fails = float(curve.fails_from["fails_from_usd_per_t"].min())
    held = float(curve.by_party.loc[curve.by_party["level_usd_per_t"] < fails, "level_usd_per_t"].max())
    at_once = curve_sentence(replace(curve, slack_up_to_usd_per_t=fails - 1.0), names)
    assert " and cannot hold in " in at_once
    assert f"from {exact(fails)} USD/t on" in at_once
    assert "holds in" not in at_once, "below where it starts to bind nothing is said"
    own = round(held + share * (fails - held))
    floor = PLACE | {"parties": list(Scenario().parties), "price": own}
    scenario = of_today({"agreement": {"floors": [floor]}})
    rows = world.outcome(scenario).instruments["floors"]
    told, holds = curve_sentence(floor_response(world, scenario, MINERAL), names), rows["holds"].all()
    above, below = (fails, own) if holds else (own, held)
    assert f"holds in each of its parties at {exact(below)} USD/t but cannot hold in " in told
    assert f" at {exact(above)} USD/t" in told
    assert ("USD/t, fails in " in told) is not holds


def test_a_floor_whose_levy_is_capped_is_said_to_fail_and_where(world: World, reference: float, names: Names) -> None:
    floor = PLACE | {"parties": list(Scenario().parties), "price": 1.5 * reference, "levy_cap": 500.0}
    scenario = of_today({"agreement": {"floors": [floor]}})
    curve = floor_response(world, scenario, MINERAL, (0.5, 1.5))
    assert set(curve.agreed_fails_in) == set(Scenario().parties)
    assert curve_sentence(curve, names).endswith("fails in each of its parties.")
    held_elsewhere = curve.by_party["holds"] | ~curve.by_party["region"].isin(["JPN", "KOR"])
    two = replace(curve, by_party=curve.by_party.assign(holds=held_elsewhere))
    assert curve_sentence(two, names).endswith("fails in Japan and South Korea.")


def test_a_floor_that_binds_nowhere_changes_nothing(world: World, names: Names) -> None:
    scenario = of_today({"minerals": ["antimony"], "parties": ["USA", "EUN", "JPN", "KOR"]})
    floor = {"parties": list(scenario.parties), "mineral": "antimony", "stage": "refined", "price": 700.0}
    slack = of_today({**scenario.model_dump(mode="json"), "agreement": {"floors": [floor]}})
    facts = overview(world.outcome(slack), "antimony", world.tables, names)
    assert abs(facts.headline.net_gain_usd) < 1.0
    numbers, money = headline_numbers(facts), money_numbers(facts)
    assert {number.value for number in money} == {"no change"}
    assert [number.change for number in money if number.change] == [f"of {figures(facts.spend_usd / 1e6)} spent"]
    for number in set(numbers) - set(money):
        unmoved = ("none", "no floor held by a levy") if number.name == "levy_usd_per_t" else ("", "no change on ")
        assert number.value.startswith(unmoved[0])
        assert number.change.startswith(unmoved[1])
    assert all(set(mark.values) == {0.0} for mark in facts.gains.marks if isinstance(mark, Bars))


def test_what_goes_into_stocks_is_not_use(world: World, reference: float, names: Names) -> None:
    floor = PLACE | {"parties": list(Scenario().parties), "price": 1.3 * reference, "mechanism": "buffer_stock"}
    outcome = world.outcome(of_today({"agreement": {"floors": [floor]}}))
    rows = outcome.quantities
    rows = rows[(rows["stage"] == "refined") & rows["region"].isin(outcome.parties) & (rows["mineral"] == MINERAL)]
    assert rows["stock_bought_with_agreement_t"].sum() > 0.1 * rows["consumption_status_quo_t"].sum()
    less = 1 - rows["consumption_with_agreement_t"].sum() / rows["consumption_status_quo_t"].sum()
    sentence = overview(outcome, MINERAL, world.tables, names).supply.sentence
    assert sentence.endswith(f"the parties use {percent(less)} less.")


def test_levels_come_one_by_one(world: World, with_floor: Scenario) -> None:
    steps = list(floor_levels(world, with_floor, MINERAL, (0.5, 1.0)))
    assert [(step.done, step.total) for step in steps] == [(1, 2), (2, 2)]
    assert len(steps[0].found.parties_price) == 1


@pytest.mark.slow
def test_the_worst_named_shock_is_at_least_as_bad_as_each(world: World, with_floor: Scenario, names: Names) -> None:
    tour = [*under_named_shocks(world, with_floor, MINERAL)][-1]
    measure = MEASURES["unit_cost"]
    ranked = ranked_industries(world.outcome(with_floor), "USA", measure)
    worst = with_worst(ranked, tour.found, "USA", measure, names)
    own = tour.found[tour.found["region"] == "USA"].groupby("industry")["unit_cost_change"].max()
    assert np.allclose(worst["worst"], 100 * worst["industry"].map(own))
    assert set(worst["worst_shock"]) <= {names.shock(name) for name in world.library.for_mineral(MINERAL)}


@pytest.mark.slow
def test_a_ranking_outlines_the_industry_opened_and_names_each_worst_shock(
    world: World, banned: Scenario, names: Names
) -> None:
    measure = MEASURES["output"]
    banned_outcome = world.outcome(banned)
    ranked = ranked_industries(banned_outcome, "USA", measure)
    tour = [*under_named_shocks(world, banned, MINERAL)][-1]
    bars, worst = ranking(
        with_worst(ranked, tour.found, "USA", measure, names), "", measure, whose(banned_outcome, names), "batteries"
    ).marks
    assert isinstance(bars, Bars)
    assert bars.outlined.startswith("Batteries")
    assert bars.ends is not None
    assert all(low <= value <= high for low, value, high in zip(bars.ends[0], bars.values, bars.ends[1], strict=True))
    assert isinstance(worst, Ticks)
    assert set(worst.remarks) <= {names.shock(name) for name in world.library.for_mineral(MINERAL)}


@pytest.mark.parametrize("measure", MEASURES)
def test_industries_are_ranked_and_only_users_are_listed(world: World, banned: Scenario, measure: str) -> None:
    outcome = world.outcome(banned)
    ranked = ranked_industries(outcome, "USA", MEASURES[measure])
    uses = world.tables["industry_use"]
    assert set(ranked["industry"]) == set(uses.loc[(uses["mineral"] == MINERAL) & (uses["use_share"] > 0), "industry"])
    assert ranked["value"].abs().is_monotonic_decreasing
    assert (ranked["low"] <= ranked["high"] + 1e-9).all()


def test_one_industry_opened_says_what_would_relieve_it(world: World, banned: Scenario, names: Names) -> None:
    outcome = world.outcome(banned)
    detail = industry_detail(outcome, "USA", "batteries", world.tables["industry_use"], names)
    assert detail["mineral"].tolist() == [MINERAL]
    assert 0 < detail["cost_share"].iloc[0] < 0.1
    assert "uses antimony" in opened_sentence(detail, "batteries", "USA", names, whose(outcome, names))
    assert relief_sentence(detail) == "It goes without no more than it can save: no output hangs on another tonne."
    assert "not to be added" in totals_sentence(outcome, "USA", names), "sales are lost to the cost all the same"
    nothing_spared = {"saving_price_multiple": 1.2, "dead_band": 0.0, "stock_release_share": 0.0}
    wasteful = world.outcome(banned.model_copy(update={"assumptions": nothing_spared}))
    short = industry_detail(wasteful, "USA", "batteries", world.tables["industry_use"], names)
    assert relief_sentence(short).startswith("One more tonne of antimony")
    low, assumed, high = (totals(wasteful.industries).loc["USA", f"jobs_at_risk{end}"] for end in ("_low", "", "_high"))
    assert f"{figures(assumed)} jobs ({figures(low)} to {figures(high)})" in totals_sentence(wasteful, "USA", names)


def test_shares_of_use_from_elsewhere_are_marked_on_the_charts(world: World, names: Names) -> None:
    """Medical devices in the United States: assumed; airframes: published there; all of Japan's: from elsewhere."""
    measure = MEASURES["unit_cost"]
    outcome = world.outcome(Scenario(minerals=("titanium",), parties=("USA", "JPN"), horizon="short"))
    labels = {
        region: ranking(ranked_industries(outcome, region, measure), "", measure, whose(outcome, names), "")
        for region in outcome.parties
    }
    starred = {region: {label for label in chart.labels if label.endswith(" *")} for region, chart in labels.items()}
    assert len(starred["JPN"]) == len(labels["JPN"].labels)
    assert "Medical devices and imaging (C) *" in starred["USA"]
    assert "Aircraft and airframe parts (DC)" in labels["USA"].labels
    assert all("* shares of use from elsewhere or assumed" in chart.x.title for chart in labels.values())
    assert borrowed_minerals(outcome, "USA") == ["titanium"]
    own = world.outcome(Scenario(minerals=("copper",), parties=("USA",)))
    assert "*" not in ranking(ranked_industries(own, "USA", measure), "", measure, whose(own, names), "").x.title
    assert borrowed_minerals(own, "USA") == []


def test_the_overview_marks_industries_whose_cost_falls_mostly_on_borrowed_shares(world: World) -> None:
    floor = {"parties": ["USA"], "mineral": "titanium", "stage": "refined", "price": 20_000}
    scenario = of_today({"minerals": ["titanium"], "parties": ["USA"], "agreement": {"floors": [floor]}})
    hit = industries_hit(world.outcome(scenario)).set_index("industry").borrowed
    assert hit["medical_devices"]
    assert not hit["airframes"]


def test_parties_without_industry_sizes_are_one_group(world: World, names: Names) -> None:
    scenario = Scenario(parties=("USA", "IND"))
    groups = unsized_users(world.outcome(scenario), names)
    assert groups["region"].tolist() == ["IND"]


def test_data_limits_name_only_stages_without_bilateral_statistics(world: World, names: Names) -> None:
    (sentence,) = data_limits(world, names)
    assert "gallium" in sentence
    assert "refined antimony" not in sentence


def test_the_formulation_is_that_of_the_live_programme(world: World) -> None:
    live = formulation(world.solved(MINERAL, Scenario()).state)
    kinds = set(live.components["kind"])
    assert {"set", "parameter", "variable", "constraint", "objective"} <= kinds
    assert {"market_clears", "pool_limit"} <= set(live.components["name"])
    assert live.components["meaning"].notna().all()
    assert {"Floor", "Trq", "Tariff"} <= set(levers_table()["instrument"])
    assert not [mark for mark in (":math:", "``", ".. math", ":mod:", "====") if mark in live.statement]
    assert "| `hold` | cost on arrivals from non-parties;" in live.statement


def reasons_of(world: World, content: dict[str, Any], names: Names) -> str:
    outcome = world.outcome(of_today(content))
    return " ".join(reasons(outcome, outcome.headline(MINERAL), world.tables, names))


@pytest.mark.parametrize("left", [1.86e-9, 0.0, -1.86e-9])
def test_what_rounding_leaves_of_the_users_cost_is_no_change(outcome: Outcome, names: Names, left: float) -> None:
    """Whether each party's users are left with it, or with what others of them gain."""
    accounts, ours = outcome.accounts, outcome.accounts["is_party"]
    for each in (pd.Series(left, accounts.index[ours]), accounts.loc[ours, "users_agreement_usd"]):
        users = (each - each.mean() - left / ours.sum()).reindex(accounts.index, fill_value=0.0)
        still = replace(outcome)
        still.__dict__["accounts"] = accounts.assign(users_agreement_usd=users)
        sentence = gains_sentence(still, MINERAL, names)
        producers, treasuries = accounts.loc[ours, ["producers_agreement_usd", "treasury_agreement_usd"]].sum()
        assert sentence.startswith(f"By the agreement: in the parties producers gain {money(producers)}; ")
        assert "users together neither gain nor lose" in sentence
        still.__dict__["accounts"] = still.accounts.assign(producers_agreement_usd=users)
        nothing = gains_sentence(still, MINERAL, names)
        assert nothing.startswith(f"By the agreement: in the parties treasuries take in {money(treasuries)}; ")
        assert nothing.endswith("users and producers together neither gain nor lose.")


@pytest.mark.parametrize(
    ("stock", "shock", "said"),
    [
        (
            500.0,
            "china_antimony_ban",
            ("the net gain also counts the metal that leaves the stocks",),
        ),
        (0.0, "china_antimony_ban", ("nothing is held for sale",)),
        (500.0, "", ()),
    ],
)
def test_a_ceiling_says_what_it_sells_and_where_it_is_passed(
    world: World, reference: float, names: Names, stock: float, shock: str, said: tuple[str, ...]
) -> None:
    ceiling = {"ceiling": round(1.05 * reference), "stock": stock, "mechanism": "buffer_stock", "price": 1.0}
    content = {
        "agreement": {"floors": [PLACE | ceiling | {"parties": ["USA", "JPN"]}]},
        "shocks": [{"name": shock}] if shock else [],
    }
    outcome = world.outcome(of_today(content))
    text = " ".join(overview(outcome, MINERAL, world.tables, names).reasons)
    assert ("The ceiling of" in text) is bool(said)
    assert all(part in text for part in said)
    sold = outcome.public_stocks
    assert sold["quantity_with_agreement_t"].tolist() == pytest.approx([stock] * 2 if stock and shock else [])
    assert ("the buffer stocks sell 1,000 t/yr" in text) is bool(len(sold))
    assert ("all 500 t held in each are sold" in text) is bool(stock and shock)


def test_what_public_stocks_buy_is_told_as_metal_for_money(world: World, reference: float, names: Names) -> None:
    floor = {"price": 1.3 * reference, "mechanism": "buffer_stock", "budget": 2e7, "parties": ["USA", "JPN"]}
    outcome = world.outcome(of_today({"agreement": {"floors": [PLACE | floor]}}))
    bought = outcome.public_stocks
    assert not bought["sells"].any()
    spent = -outcome.accounts.set_index("region").loc[["USA", "JPN"], "treasury_agreement_usd"].sum()
    assert bought["money_with_agreement_usd"].tolist() == pytest.approx([2e7, 2e7])
    assert spent == pytest.approx(4e7, rel=0.1)  # duties change too
    text = " ".join(overview(outcome, MINERAL, world.tables, names).reasons)
    amount = tonnes(float(bought["quantity_with_agreement_t"].sum()))
    assert f"Public stocks in the United States and Japan buy {amount}" in text
    assert "the net gain also counts the metal that enters the stocks, at the status quo's price" in text
    gains = overview(outcome, MINERAL, world.tables, names).gains.sentence
    assert "(metal bought into public stocks costs 40.0 million USD)" in gains


def test_what_is_held_at_home_is_no_public_stock_and_what_is_bought_for_one_is_told(world: World, names: Names) -> None:
    parties = (*Scenario().parties, "CHN")
    outside = [region for region in world.regions if region not in parties]
    tariff = PLACE | {"importers": parties, "exporters": outside, "ad_valorem": 0.25}
    buying = PLACE | {"parties": ["CHN"], "price": 30_000.0, "mechanism": "buffer_stock"}
    same, more = (
        world.outcome(of_today({"parties": parties, "agreement": agreed}))
        for agreed in ({"tariffs": [tariff]}, {"floors": [buying]})
    )
    assert same.public_stocks.empty, "what is held at home since it may not leave is no public stock"
    facts = overview(same, MINERAL, world.tables, names)
    assert "public stocks" not in " ".join([facts.gains.sentence, *facts.reasons]).lower()
    (row,) = more.public_stocks.to_dict("records")
    text = " ".join(overview(more, MINERAL, world.tables, names).reasons)
    cost = money(row["money_with_agreement_usd"])
    bought = f"buy {tonnes(row['quantity_with_agreement_t'])} of refined antimony for {cost} a year"
    assert f"Public stocks in China {bought}" in text
    assert f"metal bought into public stocks costs {cost}" in text


def test_a_party_that_makes_none_is_said_not_to_produce_it(world: World, reference: float, names: Names) -> None:
    floor = PLACE | {"price": 1.3 * reference, "mechanism": "cfd", "parties": ["USA", "CAN"]}
    scenario = of_today({"parties": ["USA", "CAN"], "agreement": {"floors": [floor]}})
    outcome = world.outcome(scenario)
    text = " ".join(reasons(outcome, outcome.headline(MINERAL), world.tables, names))
    assert "Canada does not produce refined antimony: the floor of" in text
    assert "does not hold in Canada" not in text
    response = floor_response(world, scenario, MINERAL, (0.5, 1.5))
    held = response.parties_price["held_by"]
    assert held.tolist() == [1.0] * len(held), "of those that produce it"
    said = curve_chart(response, names)
    assert said.sentence.startswith("A contract for difference for producers of refined antimony starts to pay at")
    assert said.x.title == "Level of the contract for difference, USD/t"
    told = curve_sentence(response, names)
    assert told.endswith(" Canada does not produce it.")


@pytest.mark.parametrize("share", [0.5, 1.3])
def test_a_buffer_stock_holds_only_where_it_buys(world: World, reference: float, names: Names, share: float) -> None:
    parties = list(Scenario().parties)
    floor = PLACE | {"parties": parties, "price": round(share * reference), "mechanism": "buffer_stock"}
    outcome = world.outcome(of_today({"agreement": {"floors": [floor]}}))
    rows = outcome.quantities
    rows = rows[(rows["mineral"] == MINERAL) & (rows["stage"] == "refined")].set_index("region").loc[parties]
    buys = rows["stock_bought_with_agreement_t"] > 0
    text = " ".join(overview(outcome, MINERAL, world.tables, names).reasons)
    assert buys.any() == (share > 1)
    holds = "The buffer stocks hold the floor of" if buys.sum() > 1 else "The buffer stock holds the floor of"
    for said, regions in (
        (holds, buys.index[buys]),
        ("does not bind in", buys.index[~buys]),
    ):
        assert (said in text) is bool(len(regions))
        assert not len(regions) or f"in {names.the_regions(regions)}" in text


@pytest.mark.parametrize(("holder", "words"), [("burnt", "no one"), ("auction", "the importing party's treasury")])
def test_the_rent_of_a_quota_is_told_in_words(world: World, names: Names, holder: str, words: str) -> None:
    parties = list(Scenario().parties)
    trq = PLACE | {
        "importers": parties,
        "exporters": [region for region in world.regions if region not in parties],
        "quantity": 20_000.0,
        "over_quota": {"ad_valorem": 0.25},
        "rent_to": holder,
    }
    assert f"a year to {words}" in reasons_of(world, {"agreement": {"trqs": [trq]}}, names)


def test_an_export_tax_says_what_it_brings_and_a_quota_how_full_it_is(world: World, names: Names) -> None:
    outside = [region for region in world.regions if region not in Scenario().parties]
    tax = PLACE | {"exporter": "KOR", "importers": ["USA", "JPN"], "specific": 500.0, "ad_valorem": 0.1}
    quota = PLACE | {"importers": list(Scenario().parties), "exporters": outside, "quantity": 20_000.0}
    agreement = {"export_taxes": [tax], "quotas": [quota]}
    outcome = world.outcome(of_today({"agreement": agreement}))
    accounts = outcome.with_agreement.accounts[MINERAL]
    shipped = sum(row["quantity"] for row in accounts.flows if row["from"] == "KOR" and row["to"] in ("USA", "JPN"))
    brings = accounts.welfare["duty_and_levy_revenue"][world.regions.index("KOR")]
    text = " ".join(overview(outcome, MINERAL, world.tables, names).reasons)
    assert (
        f"South Korea ships {tonnes(shipped)} to Japan and the United States; it brings {money(brings)} a year." in text
    )
    row = outcome.instruments["quotas"].iloc[0]
    assert f"full and its rent of {price(row['rent_per_unit'])} is worth" in text


def test_an_excused_offtake_says_how_much_can_be_delivered(world: World, names: Names) -> None:
    offtake = PLACE | {"producer": "KOR", "buyer": "USA", "quantity": 400_000.0}
    scenario = of_today({"agreement": {"offtakes": [offtake]}})
    outcome = world.outcome(scenario)
    (excused,) = outcome.with_agreement.states[MINERAL].excused
    assert excused > 0
    delivered = figures(400_000.0 * (1 - excused))
    assert (
        "Of the 400,000 t of refined antimony a year committed from South Korea to the United States, "
        f"{delivered} t can be delivered"
    ) in " ".join(overview(outcome, MINERAL, world.tables, names).reasons)


def test_shock_and_agreement_are_told_apart_and_add_up(world: World, with_floor: Scenario, names: Names) -> None:
    shock = {"kind": "supply_loss", "region": "TJK", "mineral": MINERAL, "stage": "refined", "share": 0.2}
    shocks = of_today({"shocks": [shock]}).shocks
    outcome = world.outcome(with_floor.model_copy(update={"shocks": shocks}))
    headline = outcome.headline(MINERAL)
    alone = world.outcome(Scenario(shocks=shocks)).headline(MINERAL)
    told = overview(outcome, MINERAL, world.tables, names)
    first, second, third, *_ = told.reasons
    assert f"to {price(alone.price_usd_per_t)} (" in first
    own = net_effect(outcome, MINERAL, parties=True)["net"]
    assert own + alone.net_gain_usd == pytest.approx(headline.net_gain_usd)
    assert second == (
        f"The parties' net gain a year under shock and agreement: {signed_money(headline.net_gain_usd)}, of which the "
        f"shock {signed_money(alone.net_gain_usd)} and the agreement {signed_money(own)}."
    )
    assert third.startswith(
        f"By the agreement the parties together {'gain' if own > 0 else 'lose'} {money(own)} a year"
    )
    assert told.gains.sentence.startswith("By the agreement, under the shock: users in the parties")
    assert told.by_agreement[0] == third
    by_agreement = net_effect(outcome, MINERAL, parties=True)
    numbers = {number.name.removeprefix(OWN): number for number in headline_numbers(told)}
    users, treasuries = (numbers[f"{name}_usd"] for name in ("users_cost", "public_money"))
    assert (users.value, users.change) == (
        signed_millions(-by_agreement["users"]),
        f"shock {signed_millions(alone.users_cost_usd)}",
    )
    assert (treasuries.value, treasuries.change) == (
        signed_millions(by_agreement["treasury"]),
        f"shock {signed_millions(alone.public_money_usd)}",
    )
    own_share = signed_percent(headline.price_usd_per_t / alone.price_usd_per_t - 1)
    shock_s_share = signed_percent(alone.price_usd_per_t / alone.price_status_quo_usd_per_t - 1)
    assert numbers["price_usd_per_t"].change == f"{own_share}; shock {shock_s_share}"


def test_a_price_that_a_shock_leaves_is_not_told_as_taken_somewhere(
    world: World, with_floor: Scenario, names: Names
) -> None:
    outcome = world.outcome(with_floor.model_copy(update={"shocks": (NamedShock(name="red_sea_shipping"),)}))
    headline = outcome.headline(MINERAL)
    own = net_effect(outcome, MINERAL, parties=True)["net"]
    still = replace(headline, price_without_usd_per_t=headline.price_status_quo_usd_per_t, net_gain_usd=own)
    moved, gained, *_ = reasons(outcome, still, world.tables, names)
    assert moved.startswith("The shock alone leaves the parties' price at ")
    assert gained == (
        f"The parties' net gain a year under shock and agreement: {signed_money(own)}, all of it by the agreement."
    )


def test_users_who_pay_next_to_nothing_or_save_elsewhere_are_told_without_shares(names: Names) -> None:
    users = pd.Series({"JPN": -155e3, "USA": 40e3})
    assert _users_part(115e3, users, 1e11, names) == (
        "Users in the parties pay 115,000 USD a year more, under 0.005 % of what they spend"
    )
    paid = _users_part(115e3, users, 1e6, names)
    assert paid == "Users in the parties pay 115,000 USD a year more, most in Japan (elsewhere they save 40,000 USD)"
    tiny = pd.Series({"JPN": -5e6, "USA": 2e4})
    assert " %" not in _users_part(4.98e6, tiny, 1e8, names), "a share of a sum with both signs says nothing"
    assert _users_part(5e6, tiny.clip(upper=0.0), 1e8, names).endswith(", 100 % of it in Japan")


def test_a_sum_that_changes_is_told_where_no_part_of_it_is_large_enough(outcome: Outcome, names: Names) -> None:
    frame = outcome.accounts
    moved = {name: 0.0 for name in frame.columns if name.endswith("_agreement_usd")}
    ours = frame["is_party"]
    small = frame.assign(**moved).assign(
        users_agreement_usd=np.where(ours, 0.9 * LEAST_USD / ours.sum(), 0.0),
        producers_agreement_usd=np.where(ours, 0.9 * LEAST_USD / ours.sum(), 0.0),
        net_agreement_usd=np.where(ours, 1.8 * LEAST_USD / ours.sum(), 0.0),
    )
    still = replace(outcome)
    still.__dict__["accounts"] = small
    told = "By the agreement the parties together gain 18,000 USD a year; non-parties together neither gain nor lose."
    assert who_pays(still, MINERAL) == [told]
    still.__dict__["accounts"] = small.assign(users_agreement_usd=2.0 * small["users_agreement_usd"])
    assert gains_sentence(still, MINERAL, names).startswith("By the agreement: users in the parties save 18,000 USD a ")


def test_a_share_of_spending_too_small_to_say_is_told_as_that() -> None:
    assert _share_of_spending(-4e-7, -39_900.0) == "under 0.005 % "
    assert _share_of_spending(4e-7, 39_900.0) == "under 0.005 % "


def test_what_public_stocks_sell_is_a_source(world: World, names: Names, reference: float) -> None:
    stock = PLACE | {"party": "USA", "quantity": 5.0, "release_above": 0.9 * reference}
    sold = world.outcome(of_today({"agreement": {"stockpiles": [stock]}}))
    told = sources_sentence(sold, MINERAL, names)
    assert "sources are as in the status quo but for 5.00 t/yr more from public stocks: " in told


def test_floors_of_some_parties_are_told_with_whose_they_are(world: World, names: Names, reference: float) -> None:
    levels = {"JPN": 0.8 * reference, "KOR": 0.7 * reference}
    floors = [PLACE | {"parties": [party], "price": float(f"{level:.3g}")} for party, level in levels.items()]
    outcome = world.outcome(of_today({"agreement": {"floors": floors}}))
    (today,) = (told for told in _levels_today(outcome, MINERAL, names) if "Against the parties' price" in told)
    assert " USD/t in Japan is 80 % of " in today
    assert " USD/t in South Korea is 70 % of " in today
    assert [" in Japan does not bind" in told for told in verdicts(outcome, MINERAL, names)] == [True, False]


def test_users_of_all_parties_are_not_listed(world: World, names: Names) -> None:
    floor = PLACE | {"parties": ["USA", "JPN"], "price": 60_000.0}
    outcome = world.outcome(of_today({"parties": ["USA", "JPN"], "agreement": {"floors": [floor]}}))
    assert " of it in " not in gains_sentence(outcome, MINERAL, names)


@pytest.mark.parametrize("rate", [0.05, 0.25])
def test_what_the_parties_gain_is_told_as_what_their_suppliers_lose(world: World, names: Names, rate: float) -> None:
    """A small tariff is borne by suppliers outside more than by users; under a large one users bear more."""
    outside = [region for region in world.regions if region not in Scenario().parties]
    tariff = PLACE | {"importers": Scenario().parties, "exporters": outside, "ad_valorem": rate}
    outcome = world.outcome(of_today({"agreement": {"tariffs": [tariff]}}))
    first = overview(outcome, MINERAL, world.tables, names).reasons[0]
    accounts = outcome.accounts[outcome.accounts["mineral"] == MINERAL]
    ours, theirs = (accounts[accounts["is_party"] == side] for side in (True, False))
    assert ours["net_usd"].sum() > 0 > theirs["net_usd"].sum()
    suppliers_lose_most = -theirs["producers_usd"].sum() > -ours["users_usd"].sum()
    assert suppliers_lose_most is np.bool_(rate < 0.1)
    assert first.startswith(
        f"By the agreement the parties together gain {money(ours['net_usd'].sum())} a year "
        f"(producers {signed_money(ours['producers_usd'].sum())}, users {signed_money(ours['users_usd'].sum())}, "
    )
    assert (
        f"){', and their suppliers outside pay for it:' if suppliers_lose_most else ';'} non-parties lose "
        f"{money(theirs['net_usd'].sum())} (producers {signed_money(theirs['producers_usd'].sum())}, "
    ) in first


def test_what_users_spend_stands_under_their_cost_alone(facts: Overview) -> None:
    """Of one party's money nobody spent the others' share."""
    numbers = {number.name.removeprefix(OWN): number for number in money_numbers(facts)}
    share = signed_percent(facts.headline.users_cost_usd / facts.spend_usd)
    assert numbers.pop("users_cost_usd").change == f"{share} of {figures(facts.spend_usd / 1e6)} spent"
    assert {number.change for number in numbers.values()} == {""}


def test_of_several_floors_every_sentence_says_which(world: World, reference: float, names: Names) -> None:
    parties = list(Scenario().parties)
    levels = (round(0.5 * reference), round(1.1 * reference), round(1.3 * reference))
    kinds = ("cfd", "buffer_stock", "variable_levy")
    floors = [
        PLACE | {"parties": parties, "price": level, "mechanism": kind}
        for level, kind in zip(levels, kinds, strict=True)
    ]
    scenario = of_today({"agreement": {"floors": floors}})
    told = [line for line in reasons_of(world, {"agreement": {"floors": floors}}, names).split(". ") if "floor" in line]
    assert len(told) >= len(floors)
    assert all("the floor of " in line.lower() for line in told)
    assert agreement_in_words(scenario, MINERAL, names).count("They also agree to") == 2


def test_arrivals_that_are_left_are_told(world: World, reference: float, names: Names) -> None:
    floor = PLACE | {"parties": list(Scenario().parties), "price": round(1.75 * reference)}
    outcome = world.outcome(of_today({"agreement": {"floors": [floor]}}))
    flows = outcome.flows[(outcome.flows["mineral"] == MINERAL) & (outcome.flows["stage"] == "refined")]
    text = " ".join(overview(outcome, MINERAL, world.tables, names).reasons)
    failing = outcome.instruments["floors"][~outcome.instruments["floors"]["holds"]]["region"]
    assert len(failing)
    for region in failing:
        into = flows[(flows["importer"] == region) & ~flows["exporter"].isin(outcome.parties)]
        left = into["with_agreement"].sum()
        assert left > 0
        assert f"arrivals from non-parties are down to {figures(left)}" in text


def test_a_law_does_not_repeat_the_rate_that_the_sentence_gave(world: World, names: Names) -> None:
    told = [line for mineral in world.minerals for line in controls_in_words(world.tables, mineral, names, Scenario())]
    assert any("taxes exports of alumin" in line or "taxes exports of primary" in line for line in told)
    for line in told:
        rate, _, law = line.partition(" (")
        if " taxes exports " in rate:
            assert f"{rate.rpartition(' at ')[2]} " not in law


def test_a_control_that_differs_by_destination_is_told_for_each(world: World, names: Names) -> None:
    (antimony,) = controls_in_words(world.tables, "antimony", names, Scenario())
    assert antimony.startswith(
        "In the status quo: China lets out 10 % of its 2024 exports of refined antimony to the United States, "
        "23 % to Japan and 26 % to others (MOFCOM announcement 33/2024; MOFCOM announcement 1/2026)."
    )
    (bismuth,) = controls_in_words(world.tables, "bismuth", names, Scenario())
    assert "0.050 % of its 2024 exports of bismuth to the United States and 64 % to others" in bismuth
    today = world.nowcast("bismuth", Scenario(minerals=("bismuth",)))
    (bismuth,) = controls_in_words(world.tables, "bismuth", names, Scenario(), today)
    assert f"{percent(0.64 * today.shift.licences)} to others" in bismuth, "what the status quo holds"


def test_a_change_is_told_with_its_sign_and_a_label_once() -> None:
    assert MEASURES["unit_cost"].told(0.27) == "+0.27 % of output value"
    assert MEASURES["shortage"].told(7.9) == "7.9 % of the party's use"
    assert MEASURES["jobs"].title == "Jobs at risk"
    assert MEASURES["unit_cost"].title == "Unit cost, % of output value"


def test_destinations_of_the_same_share_are_told_together_and_others_last(world: World, names: Names) -> None:
    controls = world.tables["export_controls"]
    row = controls[(controls["exporter"] == "CHN") & (controls["mineral"] == "antimony")].iloc[[0]]
    levels = {"USA": 1.0, "JPN": 0.9, "KOR": 0.9, "ALL": 1.0}
    rows = [row.assign(targets=targets, level=level, kind="licence") for targets, level in levels.items()]

    def told(*kept: pd.DataFrame) -> str:
        return _by_destination(list(pd.concat(kept).itertuples()), names).partition(" (")[0]

    begin = "In the status quo: China lets out"
    of = "of its 2024 exports of refined antimony"
    assert told(*rows) == f"{begin} 90 % {of} to Japan and South Korea and all to others"
    assert told(rows[0], rows[3]) == f"{begin} all {of}"
    assert told(rows[0], rows[1]) == f"{begin} all {of} to the United States and 90 % to Japan"


def test_an_import_quota_is_told_of_those_who_set_it(world: World, names: Names) -> None:
    told = [line for line in controls_in_words(world.tables, "aluminum", names, Scenario()) if "Russia" in line]
    assert [line.partition(" (")[0] for line in told] == [
        "In the status quo: from Russia, the European Union may take 17 % of the primary aluminum that arrived in 2024"
    ]


def test_who_saves_is_not_hit(names: Names) -> None:
    ranked = pd.DataFrame({"name": ["Batteries"], "value": [-0.016], "shock": [0.3]})
    measure, both = MEASURES["unit_cost"], whose_of(1, agreed=True)
    assert ranking_sentence(ranked, "USA", measure, names, both) == (
        "By the agreement, under the shock: batteries relieved most in the United States, unit cost "
        "−0.016 % of output value; by the shock alone +0.30 % of output value."
    )
    assert ranking_sentence(ranked.assign(value=0.0), "USA", measure, names, both) == (
        "By the agreement, under the shock: nothing changes for any industry in the United States by this measure; "
        "by the shock alone +0.30 % of output value in batteries."
    )
    harmed = ranking_sentence(ranked.assign(value=0.2, shock=0.0), "USA", measure, names, whose_of(1, agreed=False))
    assert harmed == ("By the shock: batteries hit hardest in the United States, unit cost +0.20 % of output value.")


@pytest.mark.parametrize("horizon", ["short", "long"])
@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_manufacturers_are_told_the_agreement_s_own_effect_with_the_shock_s_beside_it(
    world: World, mineral: str, horizon: str, names: Names
) -> None:
    """By every measure: a floor's effect under a shock and the shock's make up what both do together."""
    base = Scenario(minerals=(mineral,), horizon=horizon)
    stage = world.base_years((mineral,), base)[mineral].stages[-1].stage
    shock = {"shocks": [{"name": next(iter(world.library.for_mineral(mineral)))}]}
    price_usd_per_t = 1.2 * world.parties_price(mineral, stage, base)
    floor = {"parties": list(base.parties), "mineral": mineral, "stage": stage, "price": price_usd_per_t}
    agreed = {"agreement": {"floors": [floor]}}
    alone, own, both, nothing = (
        world.outcome(Scenario.parse(base.model_dump(mode="json") | terms, "scenario"))
        for terms in (shock, agreed, shock | agreed, {})
    )
    party = next(region for region in base.parties if region in both.users.regions)
    whole = both.industries[both.industries["region"] == party].set_index("industry")
    for measure in MEASURES.values():
        told = [ranked_industries(case, party, measure) for case in (alone, own, both, nothing)]
        apart = told[2].set_index("industry")
        summed = measure.scale * whole.loc[apart.index, measure.column]
        assert np.allclose(apart["value"] + apart["shock"], summed, rtol=1e-9, atol=2 * measure.least)
        by_shock = told[0].set_index("industry").loc[apart.index, "value"]
        assert np.allclose(apart["shock"], by_shock, rtol=1e-6, atol=measure.least)
        assert not told[3][["value", "low", "high", "shock"]].any(axis=None)
        for case, ranked in zip((alone, own, both, nothing), told, strict=True):
            assert ranked["value"].abs().is_monotonic_decreasing
            assert (ranked["low"] <= ranked["value"] + 1e-9).all()
            assert (ranked["value"] <= ranked["high"] + 1e-9).all()
            about = whose(case, names)
            sentence = ranking_sentence(ranked, party, measure, names, about)
            assert sentence.startswith(about.lead)
            first = ranked.iloc[0]
            assert ("hit hardest" in sentence, "relieved most" in sentence) == (first["value"] > 0, first["value"] < 0)
            assert ("by the shock alone" in sentence) is bool(first["shock"])
            marks = {mark.name for mark in ranking(ranked, sentence, measure, about, "").marks}
            assert marks <= {starting(about.effect), "By the shock alone"}
            assert ("By the shock alone" in marks) is bool(ranked["shock"].any())
    _parts_and_totals(both, alone, party, names)


def _parts_and_totals(both: Outcome, alone: Outcome, party: str, names: Names) -> None:
    """The parts by mineral are those of the ranking; the totals tell the same difference, within its own ends."""
    ranked = ranked_industries(both, party, MEASURES["unit_cost"]).set_index("industry")
    parts = uses_by_mineral(both, party, list(ranked.index)).sum(axis=1)
    assert np.allclose(parts, ranked.loc[parts.index, "value"], atol=2 * MEASURES["unit_cost"].least)
    sentence = totals_sentence(both, party, names)
    assert sentence.startswith("By the agreement, under the shock: ")
    sums = [totals(each.industries).loc[party, "value_added_at_risk_usd"] for each in (both, alone)]
    if abs(sums[0] - sums[1]) > 2 * LEAST_USD:
        assert f"dollars of 2023, {signed_money(sums[0] - sums[1])} (" in sentence
    groups = unsized_users(both, names)
    beside = unsized_users(alone, names)
    assert np.allclose(groups["extra_cost_usd_shock"], beside["extra_cost_usd"], rtol=1e-6, atol=1.0)


def test_the_shock_stands_beside_the_agreement_s_effect_on_industries_only_where_both_are(
    world: World, banned: Scenario, names: Names
) -> None:
    shocked = world.outcome(banned)
    binding = PLACE | {"parties": list(Scenario().parties), "price": 1.3 * shocked.headline(MINERAL).price_usd_per_t}
    alone = of_today({"agreement": {"floors": [binding]}})
    both = world.outcome(alone.model_copy(update={"shocks": banned.shocks}))
    for outcome, lead, told in (
        (shocked, "By the shock: ", False),
        (world.outcome(alone), "By the agreement: ", False),
        (both, "By the agreement, under the shock: ", True),
    ):
        sentence = overview(outcome, MINERAL, world.tables, names).industries.sentence
        assert sentence.startswith(lead)
        assert ("; by the shock alone " in sentence) is told


def test_an_industry_s_bill_is_told_for_what_it_uses_in_the_status_quo() -> None:
    hit = pd.DataFrame({"name": ["Batteries"], "extra_cost_usd": [-2e6], "extra_cost_usd_shock": [3e6]})
    start = "what they use in the status quo would cost"
    assert industries_sentence(hit, whose_of(1, agreed=True)) == (
        f"By the agreement, under the shock: Batteries save most: {start} 2.00 million USD less a year; by the shock "
        "alone 3.00 million USD more."
    )
    dearer = hit.assign(extra_cost_usd=2e6, extra_cost_usd_shock=0.0)
    assert industries_sentence(dearer, whose_of(1, agreed=False)) == (
        f"By the shock: Batteries pay most: {start} 2.00 million USD more a year."
    )


def test_numbers_of_a_reason_are_rounded_for_the_reader(names: Names) -> None:
    why = WhyNot(Reason.SUPPLY_INSIDE, "KOR", "antimony", "refined", 47_065.1, quantity=1_234_567.0, committed=500.0)
    inside = "its partners alone keeps the price at"
    assert why.told(Readable(names)) == (
        f"supply from South Korea and {inside} 47,100 USD/t; arrivals from non-parties are down to 1,230,000 t/yr, "
        "500 t/yr of it committed"
    )
    assert why.told(Plain()) == (
        f"supply from KOR and {inside} 47,065.1; arrivals from non-parties are down to 1.23457e+06, 500 of it committed"
    )
    exporter = WhyNot(Reason.NET_EXPORTER, "KOR", "antimony", "refined", price=481_234.0)
    assert "sets the price, 481,000 USD/t, whatever levy imports pay" in exporter.told(Readable(names))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_with_names_and_units(names: Names, reason: Reason) -> None:
    why = WhyNot(reason, "KOR", "antimony", "refined", price=47_065.1, cap=1_234.5, quantity=6_789.0)
    plain, told = why.told(Plain()), why.told(Readable(names))
    assert "KOR" not in told
    assert "(refined)" not in told
    assert len(re.findall(r"\d[\d,.]*", plain)) == told.count(" USD/t") + told.count(" t/yr")
    assert Response.from_json(design_toys.response({}, why_not=(why,)).to_json()).why_not == (why,)


def test_where_every_named_shock_counts_the_scenario_s_own_is_not_told(names: Names, banned: Scenario) -> None:
    told = agreement_in_words(banned, MINERAL, names, every_shock=True)
    assert ". Every named shock counts. Horizon: " in told
    assert names.shock("china_antimony_ban") not in told


def test_a_sentence_on_one_of_several_minerals_says_which(names: Names) -> None:
    assert one_of_several(MINERAL, [MINERAL], names) == ""
    said = one_of_several(MINERAL, [MINERAL, "graphite"], names)
    assert said == "Told above: antimony. Counted on this page: antimony and natural graphite."


def test_tonnes_say_what_they_are_tonnes_of(world: World, names: Names, facts: Overview) -> None:
    assert facts.supply.x.title == "Supply to the parties, t/yr of Sb"
    contents = world.tables["minerals"].set_index("id")["content"]
    for mineral in world.minerals:
        assert names.flow_unit(mineral) == contents[mineral].replace("t ", "t/yr of ", 1)


def test_an_axis_on_which_a_shock_s_own_effect_stands_starts_from_no_change() -> None:
    both, alone = whose_of(1, agreed=True), whose_of(0, agreed=True)
    row = {"name": ["Batteries"], "extra_cost_usd": 3e6, "borrowed": False}
    for shock, about, zero in (
        (2e6, both, "No change"),
        (0.0, both, "Shock, no agreement"),
        (0.0, alone, "Status quo"),
    ):
        chart = industries(pd.DataFrame({**row, "extra_cost_usd_shock": shock}), "", about)
        assert chart.zero == zero
        assert any(isinstance(mark, Ticks) for mark in chart.marks) is bool(shock)


def test_a_share_as_severity_is_told_in_percent(names: Names) -> None:
    scenario = of_today({"shocks": [{"name": "china_antimony_ban", "severity": 0.7}]})
    told = "Shock: China stops 70 % of antimony exports."
    assert told in agreement_in_words(scenario, MINERAL, names)
    assert told.removeprefix("Shock: ").rstrip(".") in shocks_set_aside(scenario, names)
    assert shocks_set_aside(Scenario(), names) == ""


@pytest.mark.parametrize(
    ("exporters", "ending", "label"),
    [
        (["CHN", "TJK"], ", without effect, since a tariff-rate quota replaces it on all its routes", "TRQ 900 t"),
        (["CHN"], ", except on routes on which a tariff-rate quota replaces it", "TRQ 900 t, tariff 10 %"),
        (["VNM"], "", "TRQ 900 t, tariff 10 %"),
    ],
)
def test_a_tariff_is_told_in_force_only_where_no_quota_replaces_it(
    names: Names, exporters: list[str], ending: str, label: str
) -> None:
    tariff = PLACE | {"importers": ["USA", "JPN"], "exporters": ["CHN", "TJK"], "ad_valorem": 0.1}
    trq = PLACE | {"importers": ["USA", "JPN"], "exporters": exporters, "quantity": 900.0}
    content = {"parties": ["USA", "JPN"], "agreement": {"tariffs": [tariff], "trqs": [trq]}}
    scenario = of_today(content)
    told = f"charge 10 % on refined antimony from China and Tajikistan{ending}"
    assert terms_of(scenario, MINERAL, names)[1] == told
    assert clauses(scenario, Voice(names, scenario.parties))[1].endswith(f" shall {told}.")
    assert group_labels(scenario, MINERAL, names)["border"] == label


def test_levels_agreed_are_told_exactly(names: Names) -> None:
    floor = PLACE | {"parties": list(Scenario().parties), "price": 98_250.0}
    scenario = of_today({"agreement": {"floors": [floor]}})
    assert "set a floor of 98,250 USD/t for refined antimony by" in agreement_in_words(scenario, MINERAL, names)
    assert group_labels(scenario, MINERAL, names)["floor"] == "98,250 USD/t"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"price": 1.0}, []),
        (
            {"levy_cap": 500.0},
            ["fails in all its parties: the levy is capped at 500 USD/t, and prices reach {low} to {high} USD/t"],
        ),
        ({"price": 1e5}, ["of 100,000 USD/t fails in Mexico: prices reach {low} USD/t"]),
    ],
)
def test_a_floor_that_is_not_held_is_not_promised(
    world: World, names: Names, change: dict[str, float], told: list[str]
) -> None:
    floor = PLACE | {"parties": list(Scenario().parties), "price": 64_750.0} | change
    scenario = of_today({"agreement": {"floors": [floor]}})
    outcome = world.outcome(scenario)
    said = missed(outcome, MINERAL, names)
    assert len(said) == len(told)
    rows = outcome.instruments["floors"]
    reached = {end: figures(rows.loc[~rows["holds"], "price"].agg(of)) for end, of in (("low", "min"), ("high", "max"))}
    assert all(part.format(**reached) in sentence for sentence, part in zip(said, told, strict=True))
    assert " ".join(said) in agreement_in_short(scenario, MINERAL, names, said)
    assert group_labels(scenario, MINERAL, names)["floor"].endswith(", capped") is ("levy_cap" in change)


def test_an_offtake_that_cannot_be_delivered_is_not_promised(world: World, names: Names) -> None:
    offtake = PLACE | {"producer": "MEX", "buyer": "USA", "quantity": 1e6}
    scenario = of_today({"agreement": {"offtakes": [offtake]}})
    (said,) = missed(world.outcome(scenario), MINERAL, names)
    assert said.startswith("Of the 1,000,000 t of refined antimony a year committed from Mexico to the United States")


def test_the_headline_tells_a_price_at_the_floor_as_it_was_set(facts: Overview) -> None:
    headline = replace(facts.headline, price_usd_per_t=64_750.0 * (1 - 1e-10))
    for levels, told in (((64_750.0,), "64,750"), ((64_000.0,), "64,700")):
        assert headline_numbers(replace(facts, headline=headline, levels_usd_per_t=levels))[0].value == told


@pytest.mark.parametrize(("holder", "is_rent"), [("importer", True), ("auction", False), ("exporter", False)])
def test_the_rent_of_a_quota_is_whose_the_bars_show(world: World, names: Names, holder: str, is_rent: bool) -> None:
    parties = Scenario().parties
    sides = {"importers": list(parties), "exporters": sorted(set(world.regions) - set(parties))}
    quota = PLACE | sides | {"quantity": 14_000.0, "over_quota": {"ad_valorem": 0.25}, "rent_to": holder}
    scenario = of_today({"agreement": {"trqs": [quota]}})
    facts = overview(world.outcome(scenario), MINERAL, world.tables, names)
    treasuries, rents = facts.gains.table[["treasury_usd", "rents_usd"]].sum()
    assert f"treasuries take in {money(treasuries)}" in facts.gains.sentence
    assert (f"holders of quotas gain {money(rents)}" in facts.gains.sentence) is is_rent
    assert (rents > 0) is is_rent


def test_parties_without_a_market_stand_apart_from_the_curve(world: World, with_floor: Scenario, names: Names) -> None:
    curve = floor_response(world, with_floor, MINERAL, (0.5, 1.5))
    rows = [
        {
            "level_usd_per_t": level,
            "region": "NOR",
            "price_usd_per_t": None,
            "levy_usd_per_t": 0.0,
            "holds": False,
            "why_not": "NOR does not trade antimony (refined)",
        }
        for level in (1.0, 2.0)
    ]
    plain = curve_sentence(curve, names)
    apart = replace(curve, by_party=pd.concat([curve.by_party, pd.DataFrame(rows)], ignore_index=True))
    assert apart.without_market == ["NOR"]
    assert apart.fails_from.equals(curve.fails_from)
    told = curve_sentence(apart, names)
    assert told.replace("its parties with a market", "its parties") == f"{plain} Norway has no market for it."
    only = replace(apart, by_party=pd.DataFrame(rows))
    assert curve_sentence(only, names) == "Norway has no market for refined antimony."


def test_a_curve_that_is_still_solved_says_so_far(world: World, with_floor: Scenario, names: Names) -> None:
    first, last = (step.found for step in floor_levels(world, with_floor, MINERAL, (0.5, 1.0)))
    assert " so far" in curve_sentence(first, names, complete=False)
    assert " so far" not in curve_sentence(last, names)


def test_public_and_private_stocks_are_two_sources(world: World, reference: float, names: Names) -> None:
    stock = PLACE | {"party": "USA", "quantity": 1_000.0, "release_above": 1.05 * reference}
    content = {"agreement": {"stockpiles": [stock]}, "shocks": [{"name": "china_antimony_ban"}]}
    outcome = world.outcome(of_today(content))
    released = outcome.sources.set_index("origin")["with_agreement"]
    assert released["public stocks"] == pytest.approx(1_000.0)
    assert released["private stocks"] > 0
    rows = outcome.quantities
    rows = rows[(rows["stage"] == "refined") & rows["region"].isin(outcome.parties)]
    both = released[["public stocks", "private stocks"]].sum()
    assert both == pytest.approx(rows["stock_released_with_agreement_t"].sum())
    bars = supply_by_origin(outcome, MINERAL, names, most=100).set_index("name")["group"]
    assert bars[["Public stocks", "Private stocks"]].tolist() == ["stocks", "stocks"]
    assert {"Public stocks", "Private stocks"} < set(supply_by_origin(outcome, MINERAL, names, most=2)["name"])


def test_suppliers_outside_are_said_to_pay_only_where_they_lose_most(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("model.findings.reasons")
    outcome = world.outcome(Scenario())
    for producers, users, paid, told in (
        (-5e6, 1e6, 0.0, True),
        (-2e6, -4e6, 0.0, False),
        (-5e5, 0.0, 0.0, False),
        (-5e6, 1e6, 3.9e7, False),
    ):
        nothing = dict.fromkeys(ACCOUNTS, 0.0)
        ours = nothing | {"users": 1e6 + paid, "treasury": -paid, "net": 1e6}
        theirs = nothing | {"users": users, "producers": producers, "net": users + producers}
        sides = {True: ours, False: theirs}
        monkeypatch.setattr(module, "net_effect", lambda _outcome, _mineral, *, parties, of=sides: of[parties])
        said = " ".join(reasons(outcome, outcome.headline("antimony"), world.tables, Names(world.tables)))
        assert ("suppliers outside pay" in said) is told


def test_the_curve_of_one_floor_keeps_the_others(world: World) -> None:
    place = {"mineral": "antimony", "stage": "refined"}
    floors = [place | {"parties": ["JPN"], "price": 50000.0}, place | {"parties": ["USA"], "price": 60000.0}]
    scenario = of_today({"minerals": ["antimony"], "agreement": {"floors": floors}})
    first, second = scenario.agreement.of(Floor)
    assert with_floor_at(scenario, first, first.price) == scenario
    assert with_floor_at(scenario, first, None).agreement.of(Floor) == (second,)
    settled = world.outcome(scenario).headline("antimony").price_usd_per_t
    response = floor_response(world, scenario, "antimony", (1.0, 1.1))
    alone = world.outcome(with_floor_at(scenario, first, None)).headline("antimony").price_usd_per_t
    assert response.without_floor_usd_per_t == pytest.approx(alone)
    assert settled > alone > response.status_quo_usd_per_t
    assert set(response.by_party["region"]) == {"JPN"}, "its own parties, not those of the last floor"


def test_a_settlement_is_no_treasury_s_and_is_told(world: World) -> None:
    offtake = {"producer": "CHN", "buyer": "JPN", "mineral": "germanium", "stage": "refined"}
    offtake |= {"quantity": 5.0, "strike": 5e6}
    scenario = of_today({"minerals": ["germanium"], "agreement": {"offtakes": [offtake]}})
    outcome = world.outcome(scenario)
    rows = outcome.prices[(outcome.prices["mineral"] == "germanium") & (outcome.prices["region"] == "CHN")]
    last = rows[rows["stage"] == "refined"].iloc[0]
    paid = 5.0 * (5e6 - last["producer_price_with_agreement_usd_per_t"])
    effect = net_effect(outcome, "germanium", parties=True)
    assert effect["transfers"] == pytest.approx(-paid, rel=1e-6)
    assert effect["treasury"] == pytest.approx(0.0, abs=1e4)
    said = gains_sentence(outcome, "germanium", Names(world.tables))
    assert said.endswith(f"in settlements of offtakes Japan pays {money(paid)}.")


@pytest.mark.parametrize("parties", [("USA",), ("USA", "JPN")])
def test_a_buffer_stock_of_several_parties_is_each_one_s(names: Names, parties: tuple[str, ...]) -> None:
    level = {"price": 9.0, "mechanism": "buffer_stock", "budget": 5e7, "ceiling": 12.0, "stock": 300.0}
    floor = Floor.model_validate(PLACE | level | {"parties": parties})
    told = floor.phrase(Voice(names, parties))
    several = len(parties) > 1
    assert ("300 t a year from each at" in told) is several
    assert ("in each of them" in told) is several
    assert {Lever(lever(Floor, name)).called(name) for name in ("budget", "stock", "ceiling")} == {
        "budget of each party",
        "stock of each party",
        "ceiling",
    }


@pytest.mark.parametrize(
    ("mineral", "severity", "told"),
    [
        (MINERAL, 0.1, "no effect on antimony beyond the rules in force"),
        (MINERAL, 1.0, ""),
        ("bismuth", 1.0, "not touch"),
    ],
)
def test_a_shock_without_effect_is_said_to_have_none(
    world: World, names: Names, mineral: str, severity: float, told: str
) -> None:
    shocks = [{"name": "china_antimony_ban", "severity": severity}]
    outcome = world.outcome(of_today({"minerals": [mineral], "shocks": shocks}))
    said = " ".join(reasons(outcome, outcome.headline(mineral), world.tables, names))
    assert told in said
    assert ("The shock set" in said) is bool(told)


def test_money_that_a_contract_moves_is_told_though_the_net_is_nothing(world: World, names: Names) -> None:
    """At the prices of policy alone all that can be made is made, so that a contract brings no more of it."""
    before = Scenario(status_quo=POLICY_ONLY)
    price_usd_per_t = 1.3 * world.parties_price(MINERAL, "refined", before)
    floor = PLACE | {"price": price_usd_per_t, "mechanism": "cfd", "parties": ["USA", "JPN"]}
    outcome = world.outcome(of_today({"status_quo": POLICY_ONLY, "agreement": {"floors": [floor]}}))
    headline = outcome.headline(MINERAL)
    told = " ".join(reasons(outcome, headline, world.tables, names))
    paid = money(headline.producers_gain_usd)
    assert f"neither gain nor lose (producers +{paid}, treasuries −{paid}); non-parties together" in told


def test_who_pays_names_the_metal_that_public_stocks_sell(world: World, names: Names) -> None:
    stock = PLACE | {"party": "USA", "quantity": 1_000.0, "release_above": 1.0}
    outcome = world.outcome(of_today({"agreement": {"stockpiles": [stock]}}))
    (told,) = [
        each
        for each in reasons(outcome, outcome.headline(MINERAL), world.tables, names)
        if each.startswith("By the agreement the parties")
    ]
    assert "; metal sold from public stocks brings " in told
    assert "suppliers outside pay" not in told


@pytest.mark.parametrize(
    ("key", "term", "told"),
    [
        (
            "export_taxes",
            {"exporter": "CHN", "importers": ["USA"], "ad_valorem": 0.1},
            "China by the export tax on refined",
        ),
        (
            "offtakes",
            {"producer": "BOL", "buyer": "USA", "quantity": 5.0},
            "Bolivia by the offtake on refined antimony",
        ),
        ("export_taxes", {"exporter": "USA", "importers": ["CHN"], "ad_valorem": 0.1}, ""),
        ("quotas", {"exporters": ["CHN"], "importers": ["USA"], "quantity": 5.0}, ""),
    ],
)
def test_who_is_bound_without_having_signed_is_told(names: Names, key: str, term: dict[str, Any], told: str) -> None:
    scenario = of_today({"parties": ["USA"], "agreement": {key: [PLACE | term]}})
    said = bound_outside(scenario, Voice(names, ("USA",)))
    assert told in said
    assert bool(said) is bool(told)


def test_a_trace_of_rent_is_told_as_none() -> None:
    assert told_of_use(100.0, 100.0, 1e-7, RentHolder.IMPORTER) == "full"
    assert "its rent of 500 USD/t is worth 50,000 USD a year" in told_of_use(100.0, 100.0, 500.0, RentHolder.IMPORTER)


def test_amounts_that_are_changes_are_shown_in_every_table() -> None:
    """What a total shows its parts show too: one least amount for sentences, tables and metrics."""
    assert signed(LEAST_USD / 1e6) == "+0.01"
    assert signed(0.49 * LEAST_USD / 1e6) == "0"


@pytest.mark.parametrize(
    ("differences", "says"),
    [
        ((2e-5, 3e-5), "finds the same prices: the largest difference is 0.0030 % of the base year's price"),
        ((2e-5, 0.02), "does not find the prices of bismuth: the largest difference is 2.0 % of the"),
    ],
)
def test_the_reference_s_comparison_is_told(names: Names, differences: tuple[float, float], says: str) -> None:
    found = [
        Comparison(mineral, difference, 1e-4)
        for mineral, difference in zip((MINERAL, "bismuth"), differences, strict=True)
    ]
    said, table = compared_in_words(found, names)
    assert says in said
    assert table["Mineral"].tolist() == ["Antimony", "Bismuth"]


@pytest.mark.parametrize("ceiling", [None, 1.2])
def test_a_ceiling_that_moves_up_with_the_level_is_told(
    world: World, reference: float, names: Names, ceiling: float | None
) -> None:
    level = {"price": 1.1 * reference, "ceiling": ceiling and ceiling * reference, "mechanism": "buffer_stock"}
    floor = PLACE | level | {"parties": list(Scenario().parties), "budget": 1e7}
    scenario = of_today({"agreement": {"floors": [floor]}})
    told = curve_sentence(floor_response(world, scenario, MINERAL, (0.5, 1.5)), names)
    assert told.startswith("A buffer stock for refined antimony starts to buy at")
    assert ("the ceiling is tried at the same level." in told) is (ceiling is not None)


@pytest.mark.parametrize(
    ("key", "term", "told"),
    [
        ("offtakes", {"producer": "KOR", "buyer": "USA", "quantity": 100.0, "strike": 80_000.0}, "at the strike the"),
        ("tariffs", {"importers": ["USA"], "exporters": ["THA", "VNM"], "ad_valorem": 0.1}, "Under the tariff on"),
        (
            "zero_for_zero",
            {"mineral": "aluminum"},
            "of primary aluminum move free of duty; the duties in force would be",
        ),
    ],
)
def test_every_instrument_that_moves_money_has_a_reason(
    world: World, names: Names, key: str, term: dict[str, Any], told: str
) -> None:
    parties = {"parties": ["USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR"]}
    mineral = term.get("mineral", MINERAL)
    outcome = world.outcome(of_today(parties | {"minerals": [mineral], "agreement": {key: [PLACE | term]}}))
    (said,) = [each for each in reasons(outcome, outcome.headline(mineral), world.tables, names) if told in each]
    accounts = outcome.accounts[outcome.accounts["mineral"] == MINERAL].set_index("region")
    if key == "offtakes":
        assert f"pays {money(accounts.loc['USA', 'transfers_usd'])} a year more than the market's price" in said
    elif key == "tariffs":
        before = outcome.status_quo.accounts[MINERAL].welfare["duty_and_levy_revenue"]
        assert before[list(world.regions).index("USA")] == 0.0
        assert f"it brings {money(accounts.loc['USA', 'treasury_usd'])} a year" in said


def test_parties_others_and_the_world_stand_beside_one_another(facts: Overview, outcome: Outcome) -> None:
    """Every account of a side, producers by kind within them, adds up to its net, and two sides to the world."""
    rows = facts.sides.set_index("account")
    assert rows["parties"].to_numpy() + rows["non_parties"].to_numpy() == pytest.approx(rows["world"].to_numpy())
    parts = rows.loc[[name for name in accounts.NAMES.values() if name in rows.index]].sum()
    assert parts.to_numpy() == pytest.approx(rows.loc[accounts.NET_GAIN].to_numpy())
    kinds = rows[rows.index.str.startswith(f"{accounts.PRODUCERS}: ")]
    assert len(kinds) > 1
    assert kinds.sum().to_numpy() == pytest.approx(rows.loc[accounts.PRODUCERS].to_numpy(), rel=1e-6)
    assert rows.loc[accounts.NET_GAIN, "world"] == pytest.approx(outcome.headline(MINERAL).world_gain_usd)
    world = rows.loc[accounts.NET_GAIN, "world"]
    assert f"By the agreement the world as a whole loses {money(world)} a year." in facts.reasons
    assert facts.regions["net_usd"].sum() == pytest.approx(world, rel=1e-3)  # the smallest go unsaid
    assert set(facts.regions["side"]) == {"party", "non-party"}


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25])
@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_a_charge_is_said_to_fall_on_the_rent_of_licences_only_where_it_does(
    world: World, names: Names, mineral: str, rate: float
) -> None:
    outside = [region for region in world.regions if region not in Scenario().parties]
    wall = {"mineral": mineral, "stage": "refined", "importers": Scenario().parties, "exporters": outside}
    content = {"minerals": [mineral], "agreement": {"tariffs": [wall | {"ad_valorem": rate}]}}
    outcome = world.outcome(of_today(content))
    said = " ".join(reasons(outcome, outcome.headline(mineral), world.tables, names))
    sides = outcome.sides.set_index("side")
    lost, paid = -sides.loc["non_parties", "rents_agreement_usd"], -sides.loc["parties", "users_agreement_usd"]
    charged = sides.loc["parties", "treasury_agreement_usd"]
    falls_on_rent = bool(rate > 0.0 and lost >= max(0.5 * charged, paid))
    assert (f"holders outside lose {money(lost)} of rents" in said) is falls_on_rent
    if mineral == "gallium":
        assert falls_on_rent is (rate > 0.0)
