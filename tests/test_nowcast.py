"""Today's status quo returns what is quoted, says where it does not, and is tested on trade nothing was fitted to."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from model.data.quotes import Quote
from model.data.schemas.quotes import INSIDE, OUTSIDE
from model.equilibrium import Solver, lay_over, solve_problem
from model.findings import Names, headline_note, overview, today_in_words
from model.instruments import Agreement, Floor
from model.market.records import Role
from model.nowcast import LIMIT, Shift, ShiftKind, find_nowcast, prices_of
from model.scenario import Scenario
from model.studies.today import today_rows, trade_table
from model.world import World
from tests.shipped import EVERY_MINERAL, WORLD

RETURNED = 1e-3
"""Of a quote: how closely the status quo returns it."""


@pytest.mark.parametrize(("mineral", "explained"), [("tungsten", False), ("copper", True)])
@pytest.mark.parametrize("agreed", [False, True])
def test_the_headline_says_where_todays_price_is_not_explained(mineral: str, explained: bool, agreed: bool) -> None:
    floor = Floor(mineral=mineral, stage="refined", parties=("USA", "JPN"), price=20_000.0)
    scenario = Scenario(minerals=(mineral,), agreement=Agreement(floors=(floor,) if agreed else ()))
    note = headline_note(overview(WORLD.outcome(scenario), mineral, WORLD.tables, Names(WORLD.tables)))
    assert ("not explained" in note) is not explained


@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_the_status_quo_returns_the_quotes_or_says_why_not(world: World, mineral: str) -> None:
    scenario = Scenario(minerals=(mineral,))
    found = world.nowcast(mineral, scenario)
    state = world.solved(mineral, scenario.undisturbed()).state
    told = today_in_words(found, mineral, Names(world.tables), "short")
    assert "stands only where" not in told, "a reason of a row that is not used"
    prices = prices_of(state)
    if found.why_not:
        policy_only = world.solved(mineral, scenario.undisturbed().model_copy(update={"status_quo": "policy_only"}))
        assert prices == prices_of(policy_only.state)
        assert found.shift == Shift()
        assert found.why_not in told
        assert "to 100 %" not in told, "a reason why not that reads as if it were reached"
        return
    used = found.quotes if found.shift.licences != 1.0 else {found.place: found.quotes[found.place]}
    for place, quote in used.items():
        assert prices.at(place) == pytest.approx(quote.price_usd_per_t, rel=RETURNED), place
    assert abs(found.shift.share) <= world.assumptions.value(
        "nowcast_inside_limit" if found.shift.kind == ShiftKind.INSIDE_DEMAND else LIMIT, mineral
    )


def test_a_price_that_only_china_s_licences_part_from_its_quote_is_not_known(world: World) -> None:
    """Yttrium is quoted in China alone: its licences part the markets. Lithium is too, and nothing parts them."""
    apart, together = (world.nowcast(mineral, Scenario(minerals=(mineral,))) for mineral in ("yttrium", "lithium"))
    assert "outside China is not explained" in apart.unknown
    assert not apart.explained
    assert (together.unknown, together.explained) == ("", True)


@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_the_long_run_holds_the_same_shift(world: World, mineral: str) -> None:
    short, long = (Scenario(minerals=(mineral,), horizon=horizon) for horizon in ("short", "long"))
    assert world.nowcast(mineral, long) is world.nowcast(mineral, short)
    assert world.solved(mineral, long.undisturbed()).state.price_error <= 1e-6


@pytest.mark.parametrize("kind", [ShiftKind.DEMAND, ShiftKind.SUPPLY])
@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_prices_rise_with_use_and_fall_with_output(world: World, mineral: str, kind: ShiftKind) -> None:
    """The sign theory demands, at both places where prices are quoted."""
    sign = 1.0 if kind == ShiftKind.DEMAND else -1.0
    found = [_prices(world, mineral, Shift(kind, sign * share)) for share in (-0.1, 0.0, 0.1)]
    outside, inside = zip(*found, strict=True)
    assert outside[0] < outside[1] < outside[2]
    assert inside[0] <= inside[1] <= inside[2]  # an exporter's stockpile may hold its price


def _prices(world: World, mineral: str, shift: Shift) -> tuple[float, float]:
    scenario = Scenario(minerals=(mineral,), status_quo="policy_only")
    market = shift.moved(world.problem(mineral, scenario).market)
    hosts = {}
    for host in world.hosts_by_mineral[mineral]:
        hosts |= world.solved(host, scenario).output
    problem = lay_over(market, frozenset(), Agreement(), world.shocks(mineral, scenario), hosts)
    found = prices_of(solve_problem(problem, Agreement(), Solver()).state)
    return found.outside, found.inside


def test_a_shift_moves_what_is_made_or_wanted_at_any_price_and_the_capacity_with_it(world: World) -> None:
    """More output is made at the same price; use that goes without at the choke price grows with use."""
    market = world.problem("germanium", Scenario(minerals=("germanium",), status_quo="policy_only")).market
    t = market.activities
    more = Shift(ShiftKind.SUPPLY, 0.5).moved(market).activities
    made, refined = t.role == Role.SUPPLY, t.role == Role.PROCESS
    np.testing.assert_allclose(more.base[made], 1.5 * t.base[made])
    np.testing.assert_allclose(more.upper[made | refined], 1.5 * t.upper[made | refined])
    np.testing.assert_allclose(more.width[refined], t.width[refined] / 1.5)
    wanted = Shift(ShiftKind.DEMAND, 0.5).moved(market).activities
    use, unserved = t.role == Role.DEMAND, t.role == Role.UNSERVED
    for moved, own in ((wanted.base, t.base), (wanted.lower, t.lower)):
        np.testing.assert_allclose(moved[use], 1.5 * own[use])
    np.testing.assert_allclose(wanted.upper[unserved], 1.5 * t.upper[unserved])


def test_two_quotes_tell_licences_and_use_inside_apart(world: World) -> None:
    """Quotes are those of a known state: the search finds the licences and the use it was made with."""
    made = Shift(ShiftKind.INSIDE_DEMAND, 0.4, licences=0.7)
    scenario = Scenario(minerals=("bismuth",))
    assumptions = world.assumptions
    evaluate = world.evaluation("bismuth", scenario)
    target = prices_of(evaluate(made))
    day = date.fromisoformat(str(world.tables["status_quo"]["date"].iloc[0]))
    quotes = {
        place: Quote(target.at(place), target.at(place), target.at(place), day, "assessment", ("s",))
        for place in (OUTSIDE, INSIDE)
    }
    found = find_nowcast(world.tables["nowcast"], quotes, assumptions, "bismuth", evaluate, (0.5, 1.0))
    assert found.why_not == ""
    assert found.shift.share == pytest.approx(made.share, abs=2e-3)
    assert found.shift.licences == pytest.approx(made.licences, rel=2e-3)


def test_a_shift_beyond_its_limit_is_not_applied_and_named(world: World) -> None:
    """The limit lowered, within its range, to less than a market needs."""
    low = next(each.low for each in world.assumptions if each.name == LIMIT)
    scenario = Scenario(minerals=("gallium",))
    assert world.nowcast("gallium", scenario).shift.share > low
    found = world.nowcast("gallium", scenario.model_copy(update={"assumptions": {LIMIT: low}}))
    assert found.shift == Shift()
    told = "even with use 30 % higher, the most that is allowed, the price would come to "
    assert found.why_not.startswith(told)
    assert found.why_not.endswith(" of the quote, so nothing is moved")


@pytest.mark.slow
def test_calibrate_tells_today_of_every_mineral(world: World) -> None:
    rows = today_rows(world, Scenario())
    assert [row["mineral"] for row in rows] == list(WORLD.minerals)
    for row in rows:
        assert row["explained"] == (not row["why_not"])
        if row["explained"]:
            assert row["price_today"] == pytest.approx(row["price_today_quoted"], rel=RETURNED)
        assert (row["shift"] == 0.0) == (row["shift_kind"] == "none")


def test_trade_after_the_controls_is_held_against_the_status_quo(world: World) -> None:
    """No row sets a level; hits and misses are told as they are."""
    table = trade_table(world, Scenario())
    rows = world.tables["trade_after"]
    assert len(table) == int((rows["independent"].astype(bool) & rows["quantity_before_t"].notna()).sum())
    assert table["hit"].any()
    assert (~table["hit"]).any()
    right = (table["today"] < 1.0) == (table["published"] < 1.0)
    assert right[table["exporter"] == "CHN"].mean() > 0.5
