"""The sidebar shows what the scenario says, whatever that is, and changes nothing that was not moved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from streamlit.testing.v1 import AppTest

from model import edits
from model.instruments import KINDS, Agreement, Instrument, Stockpile
from model.scenario import Scenario
from model.words.numbers import figures
from model.world import World
from pages.components import links, results, state
from tests.running_app import drawn
from tests.shipped import WORLD, of_today

ROOT = Path(__file__).resolve().parents[1]
PARTIES = ("USA", "EUN", "JPN", "KOR")
PLACE = {"mineral": "antimony", "stage": "refined"}
ROUTES = {"importers": PARTIES, "exporters": ("CHN", "TJK", "BOL"), **PLACE}


def scenario(parties: tuple[str, ...] = PARTIES, **instruments: dict[str, Any]) -> Scenario:
    content = {name: [item] for name, item in instruments.items()}
    return of_today({"parties": parties, "agreement": content})


def opened(of: Scenario, group: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    test.query_params["s"] = links.encode(of)
    test.run()
    test.button(key=f"fold_{group}").click().run()
    assert not test.exception
    assert not test.error
    return test


def now(test: AppTest) -> Scenario:
    found = test.session_state["history"].scenario
    assert isinstance(found, Scenario)
    return found


def captions(test: AppTest) -> str:
    return " ".join(item.value for item in test.sidebar.caption).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.slow
def test_a_rate_of_25_is_shown_as_it_counts_and_questioned() -> None:
    test = opened(scenario(tariffs={**ROUTES, "ad_valorem": 25}), "border")
    slider = test.slider(key="tariffs_ad_valorem")
    assert (slider.value, slider.max) == (2500.0, 2500.0)
    assert "“Ad valorem” of the tariff is 2,500 %; for 25 % set 25." in captions(test)
    slider.set_value(25.0).run()
    assert now(test).agreement.tariffs[0].ad_valorem == 0.25
    assert test.slider(key="tariffs_ad_valorem").max == 100.0
    assert "2,500" not in captions(test)


@pytest.mark.slow
def test_a_specific_duty_is_shown_and_stays_when_the_rate_moves_away_and_back() -> None:
    test = opened(scenario(tariffs={**ROUTES, "specific": 8000}), "border")
    before = now(test)
    assert test.number_input(key="tariffs_specific").value == 8000.0
    assert test.slider(key="tariffs_ad_valorem").value == 0.0
    test.slider(key="tariffs_ad_valorem").set_value(0.5).run()
    assert (now(test).agreement.tariffs[0].specific, now(test).agreement.tariffs[0].ad_valorem) == (8000.0, 0.005)
    test.slider(key="tariffs_ad_valorem").set_value(0.0).run()
    assert now(test) == before
    test.toggle(key="tariffs_on").set_value(False).run()
    assert now(test).agreement.tariffs == ()


@pytest.mark.slow
def test_specific_rates_of_a_quota_are_shown_and_stay() -> None:
    trq = {**ROUTES, "quantity": 1000, "in_quota": {"specific": 100}, "over_quota": {"specific": 9000}}
    test = opened(scenario(trqs=trq), "border")
    before = now(test)
    assert test.number_input(key="trqs_in_quota_specific").value == 100.0
    assert test.number_input(key="trqs_over_quota_specific").value == 9000.0
    test.slider(key="trqs_over_quota_ad_valorem").set_value(10.0).run()
    assert now(test).agreement.trqs[0].over_quota.specific == 9000.0
    test.slider(key="trqs_over_quota_ad_valorem").set_value(0.0).run()
    assert now(test) == before
    test.number_input(key="trqs_over_quota_specific").set_value(9500.0).run()
    assert now(test).agreement.trqs[0].over_quota.specific == 9500.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exporters", "told"),
    [
        (ROUTES["exporters"], "A tariff-rate quota replaces the tariff on all of its routes."),
        (("CHN",), "A tariff-rate quota replaces the tariff on some of its routes."),
        (("VNM",), ""),
    ],
)
def test_a_tariff_is_said_to_be_replaced_where_it_is(exporters: tuple[str, ...], told: str) -> None:
    trq = {**ROUTES, "exporters": exporters, "quantity": 1000, "over_quota": {"ad_valorem": 0.25}}
    test = opened(scenario(tariffs={**ROUTES, "ad_valorem": 0.1}, trqs=trq), "border")
    assert told in captions(test)
    assert ("replaces" in captions(test)) is bool(told)


@pytest.mark.slow
def test_routes_of_a_measure_are_shown_and_a_whole_side_is_one_choice() -> None:
    test = opened(scenario(tariffs={**ROUTES, "ad_valorem": 0.1}), "border")
    assert test.multiselect(key="tariffs_importers").value == []
    exporters = test.multiselect(key="tariffs_exporters")
    assert exporters.value == list(ROUTES["exporters"])
    exporters.set_value(["CHN"]).run()
    assert now(test).agreement.tariffs[0].exporters == ("CHN",)
    test.multiselect(key="tariffs_exporters").set_value([]).run()
    assert set(now(test).agreement.tariffs[0].exporters) == set(WORLD.regions) - set(PARTIES)
    assert test.multiselect(key="tariffs_exporters").value == []


@pytest.mark.slow
def test_a_stock_of_a_country_that_is_no_party_is_shown_under_its_own_name() -> None:
    stock = {"party": "JPN", **PLACE, "quantity": 500, "release_above": 50_000}
    test = opened(scenario(("USA", "EUN"), stockpiles=stock), "stock")
    assert test.selectbox(key="stockpiles_party").value == "JPN"
    assert "The stockpile is of Japan, which is no party" in captions(test)
    test.number_input(key="stockpiles_quantity").set_value(600.0).run()
    assert now(test).agreement.stockpiles == (Stockpile(**{**stock, "quantity": 600.0}),)


@pytest.mark.slow
def test_a_level_keeps_its_decimals_and_a_floor_beyond_the_slider_is_within_it() -> None:
    floor = {"parties": PARTIES, **PLACE, "price": 163_543.21}
    test = opened(scenario(floors=floor), "floor")
    assert test.number_input(key="floor_usd").value == 163_543.21
    percent = test.slider(key="floor_percent")
    assert percent.value == percent.max > 300
    assert now(test).agreement.floors[0].price == 163_543.21


@pytest.mark.slow
def test_a_cap_on_what_is_no_levy_does_not_turn_the_mechanism() -> None:
    floor = {"parties": PARTIES, **PLACE, "price": 60_000, "mechanism": "cfd", "levy_cap": 100}
    assert opened(scenario(floors=floor), "floor").selectbox(key="floor_mechanism").value == "cfd"


@pytest.mark.slow
def test_measures_at_two_stages_are_not_shown_as_if_at_one() -> None:
    content = {
        "tariffs": [{**ROUTES, "stage": "mine", "ad_valorem": 0.1}],
        "trqs": [{**ROUTES, "quantity": 1000}],
    }
    test = opened(of_today({"parties": PARTIES, "agreement": content}), "border")
    assert "slider tariffs_ad_valorem" not in [f"slider {item.key}" for item in test.slider]
    assert "Held but not shown: 1 more instrument." in captions(test)
    moved = edits.at_border_stage(now(test), "mine")
    assert (moved.agreement.trqs[0].stage, moved.agreement.tariffs[0].stage) == ("mine", "mine")


@pytest.mark.slow
def test_a_click_on_a_group_that_arrives_twice_leaves_it_unfolded() -> None:
    here = state.History()
    with mock.patch.object(state, "history", return_value=here):
        for _ in range(2):
            state.unfold("floor")
    assert here.open_group == "floor"
    test = opened(Scenario(), "floor")
    test.button(key="fold_floor").click().run()
    assert test.session_state["history"].open_group == ""


@pytest.mark.slow
@pytest.mark.parametrize("leave", ["reset", "undo", "fold_parties"])
def test_what_a_hidden_lever_last_held_edits_nothing_and_does_not_return(leave: str) -> None:
    """The browser reports what it shows with every message, also of a group that a run has just hidden."""
    test = opened(Scenario(), "parties")
    test.multiselect(key="parties").set_value([*Scenario().parties, "CHN"]).run()
    held = test._tree.get_widget_states()
    if leave == "undo":
        test.button(key="fold_floor").click().run()
    test.button(key=leave).click().run()
    before = now(test)
    test._run(held)
    assert now(test) == before
    test.button(key="fold_parties").click().run()
    assert test.multiselect(key=drawn(test, "parties")).value == list(before.parties)


@pytest.mark.slow
def test_after_all_parties_are_cleared_a_coalition_is_one_click_and_undo_takes_back_the_refusal_alone() -> None:
    test = opened(Scenario(), "parties")
    test.button_group(key="coalition").set_value("g7").run()
    coalition = now(test)
    for how in ("click", "undo"):
        test.multiselect(key=drawn(test, "parties")).set_value([]).run()
        assert "at least one party" in test.error[0].value
        pills = test.button_group(key=drawn(test, "coalition"))
        assert not pills.value
        if how == "click":
            pills.set_value("g7").run()
        else:
            test.button(key="undo").click().run()
        assert not test.error
        assert now(test) == coalition
        assert test.multiselect(key=drawn(test, "parties")).value == list(coalition.parties)
    assert len(test.session_state["history"].past) == 1


@pytest.mark.slow
def test_an_instrument_that_is_one_new_file_has_widgets_that_reach_the_scenario() -> None:
    """In a process of its own, where ``tests/another_instrument`` counts as part of the folder of instruments."""
    ended = subprocess.run(
        [sys.executable, ROOT / "tests" / "with_another_instrument.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(ended.stdout)
    assert told["faults"] == []
    assert told["off"] == {"price_undertakings_on": "Price undertaking"}
    assert told["on"] == {
        "price_undertakings_on": "Price undertaking",
        "price_undertakings_parties": "Parties",
        "price_undertakings_exporters": "Exporters",
        "price_undertakings_price": "Price, USD/t",
        "price_undertakings_levy_cap": "Levy cap, USD/t (empty = unlimited)",
    }
    assert "at least 0" in told["help"]
    held = told["held"]["price_undertakings"]
    assert held == [
        {"parties": list(Scenario().parties), "exporters": ["TJK"], **PLACE, "price": 28_876.0, "levy_cap": 10.0}
    ]
    assert told["before"] == figures(WORLD.parties_price("antimony", "refined", Scenario()))
    assert (told["after"], told["at_its_level"]) == ("29,000", "28,876")
    assert "fails" not in told["says"]
    assert "The undertaking at 28,876 USD/t fails in" in told["capped"]
    assert "take refined antimony from Tajikistan at 29,000 USD/t or more" in told["says"]
    assert "The price undertaking for refined antimony binds in" in told["reasons"]
    assert "not shown" not in told["captions"]
    assert "What comes of each term" in told["workbook"]
    assert "HOME is a party; there price_undertakings may only name others; valid: ABROAD, OTHER" in told["refused"]
    *undertaken, below_a_floor_at_23 = told["totals"]
    # HOME uses 18 and makes 9, 19 - 13 come from ABROAD and 16 - 13 from OTHER at a levy of 13, kept by ABROAD alone
    by_hand = {"HOME": 162.0 + 81.0 + 13.0 * 3.0, "ABROAD": 18.0 + 13.0 * 6.0, "OTHER": 4.5}
    assert undertaken == [pytest.approx(by_hand)] * 3
    # beside a floor at 22 it counts up to its cap: with less, the treasury takes all
    assert told["capped_totals"] == [
        pytest.approx(by_hand),
        pytest.approx({"HOME": 162.0 + 81.0 + 13.0 * 9.0, "ABROAD": 18.0, "OTHER": 4.5}),
    ]
    # the floor asks for 14.75, and the treasury takes it all: 20 - 14.75 come from ABROAD, 17 - 14.75 from OTHER
    assert below_a_floor_at_23 == pytest.approx(
        {"HOME": 144.5 + 90.25 + 14.75 * 7.5, "ABROAD": 5.25**2 / 2.0, "OTHER": 2.25**2 / 2.0}
    )


def test_a_leaving_party_takes_its_instruments_along(world: World) -> None:
    agreed = Agreement.parse(
        {
            "stockpiles": [{"party": "JPN", **PLACE, "quantity": 500, "release_above": 50_000}],
            "offtakes": [{"producer": "KOR", "buyer": "JPN", **PLACE, "quantity": 10}],
            "export_taxes": [{"exporter": "JPN", "importers": ["CHN"], **PLACE, "ad_valorem": 0.1}],
            "floors": [{"parties": ["JPN"], **PLACE, "price": 60_000}],
        },
        "agreement",
    )
    before = Scenario(parties=PARTIES, agreement=agreed)
    after = edits.with_parties(before, ["USA", "EUN", "KOR"], world.regions)
    assert after.agreement == Agreement()
    assert edits.with_parties(before, [*PARTIES, "CAN"], world.regions).agreement == agreed


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.outsiders])
def test_a_measure_against_all_others_follows_who_they_are(kind: type[Instrument]) -> None:
    here, before = WORLD.regions, Scenario(parties=PARTIES)
    agreed = edits.started(before, kind, results.status_quo_at(before, "refined"))
    for parties in ([*PARTIES, "CHN"], list(PARTIES[:-1])):
        after = edits.with_parties(agreed, parties, here)
        (term,) = after.agreement.of(kind)
        for name in kind.outsiders:
            assert set(getattr(term, name)) == set(edits.all_of(after, kind, name, here))


@pytest.mark.slow
def test_one_move_of_a_lever_works_out_the_scenario_s_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    test = opened(scenario(tariffs={**ROUTES, "ad_valorem": 0.1}), "border")
    texts: list[str] = []
    written = Scenario.__dict__["_text"].func

    def counted(self: Scenario) -> str:
        texts.append(written(self))
        return texts[-1]

    text = cached_property(counted)
    text.__set_name__(Scenario, "_text")
    monkeypatch.setattr(Scenario, "_text", text)
    test.slider(key="tariffs_ad_valorem").set_value(20.0).run()
    assert Counter(texts)[now(test).to_json()] == 1
    assert len(texts) <= 4


def test_a_copy_with_other_fields_has_its_own_text() -> None:
    first = Scenario()
    text = first.to_json()
    assert "minerals" not in text
    assert json.loads(first.model_copy(update={"minerals": ("copper",)}).to_json())["minerals"] == ["copper"]
    assert first.to_json() == text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "says"),
    [
        ('{"name": "Größe"}'.encode("cp1252"), "not text in UTF-8"),
        (b'{"agreement": {"floors": []}, "agreement": {}}', "the key 'agreement' stands twice"),
        (b'{"parties": ["USA"]', "cut off or is not JSON"),
    ],
)
def test_a_file_that_would_be_read_wrongly_changes_nothing(data: bytes, says: str) -> None:
    test = opened(scenario(tariffs={**ROUTES, "ad_valorem": 0.1}), "border")
    before = now(test)
    test.file_uploader(key="opened").set_value(("scenario.json", data, "application/json")).run()
    assert not test.exception
    assert says in test.error[0].value.replace("\\", "")
    assert now(test) == before


@pytest.mark.slow
def test_a_saved_scenario_opens() -> None:
    saved = scenario(tariffs={**ROUTES, "specific": 8000}).model_copy(update={"name": "Côte d’Ivoire – Größe"})
    test = opened(Scenario(), "border")
    test.file_uploader(key="opened").set_value(("scenario.json", saved.to_json().encode(), "application/json")).run()
    assert not test.error
    assert now(test) == saved
