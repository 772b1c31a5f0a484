"""Every page alone, then through the app with a moved lever; bad links and empty coalitions."""

from __future__ import annotations

import base64
import json
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from model import edits
from model.errors import ScenarioError, SolveError
from model.findings import headline_numbers, overview, ranges_in_words
from model.instruments import KINDS, Floor, Tariff
from model.scenario import Scenario
from model.shocks import NamedShock
from model.studies.floor_curve import SHARES_OF_STATUS_QUO
from model.studies.ranges import headline_trials
from model.words.accounts import TREASURIES, USERS_COST
from model.words.names import Names
from model.words.numbers import exact, signed_millions
from model.work import Progress
from model.world import World
from pages.components import axes, jobs, layout, links, results, state
from tests.running_app import drawn
from tests.shipped import WORLD

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("overview", "manufacturers", "method")
SLOWEST_SECONDS = 120
NUMBERS = 10
"""In the headline."""


def app(**parameters: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=SLOWEST_SECONDS)
    for name, text in parameters.items():
        test.query_params[name] = text
    return test.run()


def page_alone(name: str) -> AppTest:
    return AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=SLOWEST_SECONDS).run()


def metrics(test: AppTest) -> list[str]:
    return [metric.value.replace("\N{NO-BREAK SPACE}", " ") for metric in test.metric]


def errors(test: AppTest) -> str:
    return " ".join(error.value for error in test.error)


def shows(test: AppTest) -> str:
    """Everything a page says, with plain spaces before units."""
    told = " ".join(item.value for kind in (test.subheader, test.markdown, test.caption) for item in kind)
    return told.replace("\N{NO-BREAK SPACE}", " ")


def with_floor(level_usd_per_t: float, **parts: Any) -> Scenario:
    return edits.put(
        Scenario(),
        Floor,
        {"parties": Scenario().parties, "mineral": "antimony", "stage": "refined", "price": level_usd_per_t, **parts},
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_page_runs_alone(name: str) -> None:
    test = page_alone(name)
    assert not test.exception
    assert not test.error


@pytest.mark.parametrize("name", PAGES)
def test_every_page_runs_in_the_app(name: str) -> None:
    test = app().switch_page(f"pages/{name}.py").run()
    assert not test.exception
    assert not test.error


def test_a_moved_floor_moves_the_numbers_to_the_world_s(world: World) -> None:
    test = app()
    before = metrics(test)
    test.button(key="fold_floor").click().run()
    test.slider(key="floor_percent").set_value(130).run()
    reference = world.parties_price("antimony", "refined", Scenario())
    level = float(f"{1.3 * reference:.4g}")
    headline = world.outcome(with_floor(level)).headline("antimony")
    shown = {metric.label: metric.value for metric in test.metric}
    assert metrics(test) != before
    assert metrics(test)[0] == exact(level)
    assert headline.price_usd_per_t == pytest.approx(level)
    assert shown[USERS_COST] == signed_millions(headline.users_cost_usd)
    assert shown[TREASURIES] == signed_millions(headline.public_money_usd)
    assert test.number_input(key=drawn(test, "floor_usd")).value == level


@pytest.mark.slow
def test_a_key_pressed_while_the_page_is_drawn_leaves_no_level_that_nobody_chose() -> None:
    """The browser reports what it shows with every message, also fields whose new value it has not heard of."""
    test = app()
    test.button(key="fold_floor").click().run()
    test.slider(key="floor_percent").set_value(130).run()
    shown = test._tree.get_widget_states()
    test.slider(key="floor_percent").set_value(131).run()
    slider = next(widget for widget in shown.widgets if widget.id.endswith("floor_percent"))
    slider.double_array_value.data[:] = [132]
    test._run(shown)
    history = test.session_state["history"]
    reference = WORLD.parties_price("antimony", "refined", Scenario())
    levels = [edits.floor_percent(step.agreement.floors[0].price, reference) for step in history.past[1:]]
    assert levels == [130, 131]
    assert test.slider(key="floor_percent").value == 132
    assert edits.floor_percent(history.scenario.agreement.floors[0].price, reference) == 132


@pytest.mark.slow
def test_a_moved_tariff_moves_the_manufacturers(world: World) -> None:
    test = app().switch_page("pages/manufacturers.py").run()
    before = shows(test)
    test.button(key="fold_border").click().run()
    test.toggle(key="tariffs_on").set_value(True).run()
    test.slider(key="tariffs_ad_valorem").set_value(25.0).run()
    assert shows(test) != before
    assert "agree to charge 25 % on refined antimony from non-parties" in shows(test)
    assert "drawback" not in before
    assert "a drawback would cost the treasury" in shows(test)


@pytest.mark.slow
def test_undo_redo_and_reset_lead_where_they_say() -> None:
    test = app()
    start = metrics(test)
    test.button(key="fold_shock").click().run()
    test.multiselect(key="shocks").set_value(["china_antimony_ban"]).run()
    shocked = metrics(test)
    assert shocked != start
    assert metrics(test.button(key="undo").click().run()) == start
    assert metrics(test.button(key="redo").click().run()) == shocked
    assert metrics(test.button(key="reset").click().run()) == start
    assert metrics(test.button(key="undo").click().run()) == shocked


@pytest.mark.slow
@pytest.mark.parametrize("name", ["overview", "parties", "memo"])
def test_pages_that_judge_an_agreement_say_horizon_and_what_fails(name: str) -> None:
    capped = with_floor(90_000.0, levy_cap=1_000.0)
    test = app(s=links.encode(capped)).switch_page(f"pages/{name}.py").run()
    assert "Horizon: within one year" in shows(test)
    assert "The floor of 90,000 USD/t fails in all its parties" in shows(test)


@pytest.mark.slow
def test_one_click_takes_a_coalition() -> None:
    test = app()
    test.button(key="fold_parties").click().run()
    test.button_group(key="coalition").set_value("g7").run()
    assert test.multiselect(key=drawn(test, "parties")).value == ["USA", "EUN", "JPN", "CAN", "GBR"]
    assert not test.error


@pytest.mark.slow
def test_no_party_left_is_one_message_without_numbers_and_changes_nothing_else() -> None:
    test = app(s=links.encode(with_floor(60_000.0)))
    before = metrics(test)
    test.button(key="fold_parties").click().run()
    test.multiselect(key="parties").set_value([]).run()
    assert "at least one party" in errors(test)
    assert "G7" in errors(test)
    assert not metrics(test)
    assert not test.exception
    test.multiselect(key="parties").set_value(list(Scenario().parties)).run()
    assert not test.error
    assert metrics(test) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_link_opens_its_scenario_on_every_page(name: str) -> None:
    scenario = with_floor(60_000.0).model_copy(update={"shocks": (NamedShock(name="china_antimony_ban"),)})
    test = app(s=links.encode(scenario)).switch_page(f"pages/{name}.py").run()
    assert not test.exception
    assert not test.error
    assert test.session_state["history"].scenario == scenario


def test_a_scenario_survives_its_link() -> None:
    scenario = with_floor(60_000.0, ceiling=70_000.0, mechanism="buffer_stock", budget=5e6)
    assert links.decode(links.encode(scenario)) == scenario
    assert links.encode(Scenario()) == ""


def packed(content: object) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(zlib.compress(text)).decode()


HOSTILE = {
    "cut off": packed({"parties": ["USA", "JPN"]})[:-9],
    "not base64": "%%%%",
    "not compressed": base64.urlsafe_b64encode(b"hello").decode(),
    "not JSON": packed(b"\xff\xfe{"),
    "a bomb": packed(b"[" * 5_000_000),
    "deep": packed(b"[" * 50_000),
    "a list": packed([1, 2]),
    "not finite": packed(b'{"assumptions": {"dead_band": NaN}}'),
    "too long": "A" * 50_000,
    "an unknown key": packed({"partys": ["USA"]}),
    "no party": packed({"parties": []}),
    "an unknown country": packed({"parties": ["USA", "![x](http://example.org/x.png)"]}),
    "an unknown mineral": packed({"minerals": ["unobtainium"]}),
    "an assumption out of range": packed({"assumptions": {"dead_band": 7}}),
    "a floor of a non-party": packed(
        {"agreement": {"floors": [{"parties": ["CHN"], "mineral": "antimony", "stage": "refined", "price": 1}]}}
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_link_is_one_message_and_the_default(text: str) -> None:
    test = app(s=text)
    assert not test.exception
    assert len(test.error) == 1
    assert "default scenario is shown" in errors(test)
    assert "![" not in errors(test)
    assert test.session_state["history"].scenario == Scenario()
    assert len(metrics(test)) == NUMBERS


@pytest.mark.slow
def test_an_exporter_s_answer_is_told_beside_the_floor() -> None:
    test = app(s=links.encode(with_floor(60_000.0)))
    for _ in range(100):
        if "If China answers by tighter licences, the parties together " in shows(test):
            break
        test.run()
    else:
        pytest.fail("no answer was told")
    assert not test.exception


def test_an_unknown_country_s_message_names_the_valid_ones() -> None:
    test = app(s=packed({"parties": ["USB"]}))
    assert "USB" in errors(test)
    assert "USA" in errors(test)


@pytest.mark.slow
def test_a_solve_that_is_not_proved_leaves_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SolveError("no equilibrium found for antimony")

    test = app()
    monkeypatch.setattr(World, "outcome", refuse)
    test.button(key="fold_border").click().run()
    test.toggle(key="tariffs_on").set_value(True).run()
    test.slider(key="tariffs_ad_valorem").set_value(17.5).run()
    assert "no equilibrium found for antimony" in errors(test)
    assert not metrics(test)
    assert not test.exception


@pytest.mark.slow
def test_a_severity_is_set_in_percent_as_it_is_told_and_no_click_adds_every_shock() -> None:
    scenario = Scenario(shocks=(NamedShock(name="china_antimony_ban", severity=0.96),))
    test = app(s=links.encode(scenario))
    test.button(key="fold_shock").click().run()
    slider = test.slider(key="severity_china_antimony_ban")
    assert (slider.value, slider.label) == (96.0, "China stops all antimony exports, % of exports stopped")
    assert "China stops 96 % of antimony exports" in shows(test)
    slider.set_value(70.0).run()
    assert test.session_state["history"].scenario.shocks == (NamedShock(name="china_antimony_ban", severity=0.7),)
    assert test.multiselect(key="shocks").proto.select_all in (0, False)


def test_an_axis_is_as_on_opening_once_nothing_changes() -> None:
    with mock.patch.object(st, "session_state", {}):
        bounds = [axes.held("gains", "antimony", values, 3.0) for values in ([900.0], [40.0], [0.0, 0.0], [4.0])]
    assert bounds == [1000.0, 1000.0, 5.0, 5.0]


@pytest.mark.slow
@pytest.mark.parametrize("page", ["parties", "design"])
def test_a_page_of_all_named_shocks_says_that_the_sidebar_s_is_set_aside(page: str) -> None:
    scenario = with_floor(60_000.0).model_copy(update={"shocks": (NamedShock(name="china_antimony_ban"),)})
    test = app(s=links.encode(scenario)).switch_page(f"pages/{page}.py").run()
    assert "shock does not count on this page (China stops all antimony exports)" in test.info[0].value
    assert "1 terms" not in " ".join(fold.label for fold in test.expander)


@pytest.mark.slow
def test_every_mineral_has_an_overview() -> None:
    test = app()
    for mineral in WORLD.minerals:
        test.selectbox(key="mineral").select(mineral).run()
        assert not test.exception, mineral
        assert not test.error, mineral
        assert len(metrics(test)) == NUMBERS, mineral


@pytest.mark.slow
def test_every_section_of_the_method_page_shows_something() -> None:
    test = app().switch_page("pages/method.py").run()
    sections = [
        option.content if hasattr(option, "content") else option for option in test.button_group(key="section").options
    ]
    assert "Formulation" in sections
    for section in sections:
        test.button_group(key="section").set_value(section).run()
        assert not test.exception, section
        assert not test.error, section


@pytest.mark.slow
def test_every_instrument_can_be_agreed_in_the_sidebar(world: World) -> None:
    test = app().switch_page("pages/method.py").run()
    switched = [kind for kind in KINDS if kind is not Floor]
    for kind in switched:
        if f"{kind.key}_on" not in {item.key for item in test.toggle}:
            test.button(key=f"fold_{kind.group}").click().run()
        test.toggle(key=f"{kind.key}_on").set_value(True).run()
        assert not test.exception, kind
        assert not test.error, kind
    agreement = test.session_state["history"].scenario.agreement
    assert [(kind, len(agreement.of(kind))) for kind in switched] == [(kind, 1) for kind in switched]
    assert agreement.trqs[0].quantity == agreement.quotas[0].quantity > 0
    assert agreement.stockpiles[0].quantity > 0
    assert agreement.offtakes[0].producer != agreement.offtakes[0].buyer
    assert agreement.zero_for_zero[0].mineral == "antimony"
    world.check(test.session_state["history"].scenario)


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["capped", "cfd", "buffer_stock"])
def test_every_mechanism_of_a_floor_shows_its_levers(mechanism: str) -> None:
    test = app(s=links.encode(with_floor(60_000.0)))
    test.button(key="fold_floor").click().run()
    test.selectbox(key="floor_mechanism").select(mechanism).run()
    assert not test.exception
    assert not test.error
    floor = test.session_state["history"].scenario.agreement.floors[0]
    assert floor.price == 60_000.0
    assert (floor.levy_cap is not None) == (mechanism == "capped")


def test_leaving_parties_take_their_measures_along() -> None:
    outside = tuple(region for region in WORLD.regions if region not in Scenario().parties)
    tariff = Tariff(
        importers=Scenario().parties, exporters=outside, mineral="antimony", stage="refined", ad_valorem=0.1
    )
    start = with_floor(60_000.0)
    start = start.model_copy(update={"agreement": start.agreement.model_copy(update={"tariffs": (tariff,)})})
    moved = edits.with_parties(start, ["USA", "CHN"], WORLD.regions)
    assert moved.agreement.floors[0].parties == ("USA", "CHN")
    assert moved.agreement.tariffs[0].importers == ("USA", "CHN")
    assert set(moved.agreement.tariffs[0].exporters) == set(WORLD.regions) - {"USA", "CHN"}


def test_instruments_of_another_mineral_stay_when_the_mineral_changes() -> None:
    moved = edits.with_focus(with_floor(60_000.0), "gallium")
    assert moved.minerals == ("gallium", "antimony")
    assert isinstance(moved.agreement.floors[0], Floor)
    assert edits.first(moved, Floor) is None


def test_a_ceiling_below_the_floor_is_refused() -> None:
    with pytest.raises(ScenarioError, match="ceiling"):
        with_floor(60_000.0, ceiling=50_000.0, mechanism="buffer_stock")


def test_the_page_reads_what_the_model_says(world: World) -> None:
    scenario = with_floor(60_000.0)
    facts = overview(world.outcome(scenario), "antimony", world.tables, Names(world.tables))
    assert results.facts(scenario).gains.sentence == facts.gains.sentence
    *_, last = results.response_levels(results.neutral(scenario))
    assert (last.done, last.total) == (len(SHARES_OF_STATUS_QUO),) * 2


def bare(test: AppTest, key: str) -> Any:
    """What the browser is told about a widget."""
    return next(item.proto for kind in ("selectbox", "button_group") for item in test.get(kind) if item.key == key)


@pytest.mark.slow
def test_a_widget_the_browser_has_not_heard_of_is_drawn_at_the_scenario_s_value() -> None:
    """A run that is cut short leaves no trace in the browser, so every run has to say what a widget shows.

    Else the browser draws the first mineral and no horizon, and reports both as the user's choice.
    """
    test = app()
    test.run()
    mineral, horizon = bare(test, "mineral"), bare(test, "horizon")
    assert not mineral.set_value
    assert mineral.options[mineral.default] == "Antimony"
    assert list(horizon.default) == [0]
    assert test.session_state["history"].scenario == Scenario()


@pytest.mark.parametrize(
    "change",
    [
        lambda now: now.model_copy(update={"horizon": None}),
        lambda now: edits.with_focus(now, None),
    ],
)
def test_nothing_chosen_never_reaches_the_scenario(change: Any) -> None:
    here = state.History()
    with mock.patch.object(state, "history", return_value=here):
        state.edit(change)
    assert here.scenario == Scenario()
    assert here.fault


def test_a_widget_that_holds_nothing_is_no_level() -> None:
    with mock.patch.object(st, "session_state", {"horizon": None}), pytest.raises(ScenarioError, match="horizon"):
        state.value("horizon")


@pytest.mark.slow
def test_a_budget_is_emptied_again() -> None:
    test = app(s=links.encode(with_floor(60_000.0, mechanism="buffer_stock", budget=5e6)))
    test.button(key="fold_floor").click().run()
    assert test.number_input(key="floors_budget").value == 5.0
    test.number_input(key="floors_budget").set_value(None).run()
    assert not test.error
    assert test.session_state["history"].scenario.agreement.floors[0].budget is None


def ranges_shown(test: AppTest) -> str:
    """What stands of ranges under the numbers, in one caption."""
    (told,) = [caption.value for caption in test.caption if caption.value.startswith("**Ranges")]
    return str(told)


def ranges_of(scenario: Scenario) -> str:
    (mineral,) = scenario.minerals
    *_, last = headline_trials(WORLD, scenario, mineral)
    numbers = headline_numbers(overview(WORLD.outcome(scenario), mineral, WORLD.tables, Names(WORLD.tables)))
    told = ranges_in_words(last.found, numbers, Names(WORLD.tables))
    return f"**Ranges.** {layout.plain(' '.join(told))}"


def until_ranged(test: AppTest) -> AppTest:
    began = time.monotonic()
    while "computing" in ranges_shown(test):
        assert time.monotonic() - began < SLOWEST_SECONDS
        time.sleep(jobs.SLICE_SECONDS)  # a page that is drawn takes time from the work
        test.run()
    return test


@pytest.mark.slow
def test_beside_the_numbers_stand_their_ranges_and_never_those_of_another_scenario() -> None:
    test = app()
    test.selectbox(key="mineral").select("titanium").run()  # the fewest trials
    first = test.session_state["history"].scenario
    assert len(metrics(test)) == NUMBERS
    assert ranges_shown(test).startswith("**Ranges**: computing"), "the numbers come first"
    assert ranges_shown(until_ranged(test)) == ranges_of(first)
    test.button(key="fold_floor").click().run()
    test.slider(key="floor_percent").set_value(130).run()
    moved = test.session_state["history"].scenario
    assert len(metrics(test)) == NUMBERS
    assert ranges_shown(test).startswith("**Ranges**: computing")
    assert ranges_shown(until_ranged(test)) == ranges_of(moved) != ranges_of(first)
    test.button(key="undo").click().run()
    assert ranges_shown(test) == ranges_of(first), "what was computed is kept"


def test_a_calculation_behind_another_takes_no_step_while_that_one_works() -> None:
    def first() -> Iterator[Progress]:
        let_go.wait()
        yield Progress(1, 1, "", None)

    let_go = threading.Event()
    ahead = jobs.Job("", first)
    ahead.advance()
    job = jobs.Job("", lambda: steps((1, 1)), behind=ahead)
    job.advance()
    assert job.latest is None
    let_go.set()
    ahead.worker.join()
    job.worker.join()
    assert job.latest == Progress(1, 1, "", 0.0)


def steps(*counts: tuple[int, int]) -> Iterator[Progress]:
    for done, total in counts:
        yield Progress(done, total, "", 0.0)


def test_a_calculation_of_which_all_is_in_the_store_runs_to_its_end() -> None:
    job = jobs.Job("", lambda: steps((0, 0), (3, 3)))
    job.advance()
    job.worker.join()
    job.advance()
    assert job.finished
    assert job.latest == Progress(3, 3, "", 0.0)


def test_a_calculation_is_done_when_its_steps_are_and_not_before() -> None:
    job = jobs.Job("", steps)
    job.steps = steps((3, 3), (4, 4))
    job.latest = next(job.steps)
    assert not job.finished
    job.advance()
    job.worker.join()
    job.advance()
    assert job.finished
    assert job.latest == Progress(4, 4, "", 0.0)


def test_a_calculation_is_cancelled_while_a_step_of_it_takes_its_time() -> None:
    def slow() -> Iterator[Progress]:
        while True:
            let_go.wait()
            yield Progress(1, 2, "", None)

    let_go = threading.Event()
    job = jobs.Job("", slow)
    began = time.monotonic()
    job.advance()
    job.cancelled = True
    assert time.monotonic() - began < 0.5
    let_go.set()
    job.worker.join()
    assert (job.latest.done, job.finished) == (1, False)


FAILING = """
import streamlit as st
from model.errors import ScenarioError
from pages.components import jobs

def refused():
    raise ScenarioError("the saved scenario has the long horizon")
    yield

if "job_since" in st.session_state:
    st.session_state["job_since"].advance()
jobs.panel("since", "What changed?", "key", refused, "")
"""


def test_why_a_calculation_failed_stays_on_the_screen() -> None:
    script = AppTest.from_string(FAILING).run()
    script.button(key="start_since").click().run()
    for _ in range(2):
        assert "long horizon" in script.run().error[0].value
    assert script.button(key="start_since").label == "What changed?"


CANCELLED = """
from model.work import Progress
from pages.components import jobs

jobs._show("job", jobs.Job("", iter, latest=Progress(20, 60, "", 0.0), cancelled=True))
"""


def test_what_was_done_when_cancelled_is_said_with_ways_to_go_on() -> None:
    script = AppTest.from_string(CANCELLED).run()
    assert "20 of 60 solved" in script.markdown[0].value
    assert [button.label for button in script.button] == ["Continue", "Start again"]


UNSOLVED = """
from model.work import Progress
from pages.components import jobs

jobs._show("job", jobs.Job("", iter, latest=Progress(0, 0, "", 0.0)))
"""


def test_progress_without_anything_to_solve_is_shown() -> None:
    script = AppTest.from_string(UNSOLVED).run()
    assert not script.exception
    assert script.button[0].label == "Cancel"
