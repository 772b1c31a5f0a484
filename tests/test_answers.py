"""How an exporter answers an agreement: what theory demands of tighter licences and of an export tax."""

from __future__ import annotations

import functools
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from model import world
from model.answers import export_taxes, licence_rent, licences
from model.design import DesignRequest
from model.design.problem.request import states_of
from model.errors import ScenarioError
from model.findings import agreement_in_words, headline_numbers, if_answered, overview
from model.findings.reasons import net_effect, reasons
from model.memo import conclusions
from model.scenario import Scenario
from model.shocks import NamedShock, ShockLibrary
from model.shocks.kinds import ExportTaxChange
from model.studies.answers import under_answers
from model.words.names import Names
from model.words.voice import Voice
from tests.shipped import WORLD, slow_but

if TYPE_CHECKING:
    from model.outcome import Outcome

LICENCE, TAX = WORLD.library.answers
MINERALS = WORLD.library.describe(LICENCE).minerals
NAMES = Names(WORLD.tables)
HORIZONS = ["short", pytest.param("long", marks=pytest.mark.slow)]
WHERE = ("CHN", "refined")
SAME = 1e-6
SAME_PRICE = 1e-5
"""Of a mean price, by which other weights of the same prices may move it."""
DUTIES = 0.25
"""Of a levy, by which duties in percent of a price that the agreement moves may differ from those before."""
STATES = ("with", "without")

each_mineral = pytest.mark.parametrize("mineral", slow_but("antimony", MINERALS))
each_horizon = pytest.mark.parametrize("horizon", HORIZONS)


@functools.cache
def with_floor(
    mineral: str, horizon: str, *answers: str, mechanism: str = "variable_levy", share: float = 1.1
) -> Outcome:
    """A floor of all parties above what they pay in the status quo, with answers among the shocks."""
    plain = Scenario(minerals=(mineral,), horizon=horizon)  # type: ignore[arg-type]
    price = share * WORLD.parties_price(mineral, "refined", plain)
    floor: dict[str, Any] = {"parties": list(plain.parties), "mineral": mineral, "stage": "refined", "price": price}
    content = {
        "format": 2,
        "minerals": [mineral],
        "horizon": horizon,
        "agreement": {"floors": [floor | {"mechanism": mechanism}]},
        "shocks": [{"name": name} for name in answers],
    }
    return WORLD.outcome(Scenario.parse(content, "scenario"))


def test_the_answers_cover_every_mineral_under_a_chinese_licence() -> None:
    rows = WORLD.tables["export_controls"]
    licensed = set(rows[(rows["exporter"] == "CHN") & (rows["kind"] == "licence")]["mineral"])
    assert set(MINERALS) == set(WORLD.library.describe(TAX).minerals) == licensed


@pytest.mark.slow
def test_what_no_answer_depends_on_looks_for_none_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tightening licences takes tens of solves: another name or another assumption of manufacturers needs none."""
    agreed = with_floor("gallium", "short", LICENCE).scenario
    found = WORLD.shocks("gallium", agreed)

    def never(*_: object) -> None:
        raise AssertionError("sought again")

    monkeypatch.setattr(world, "answered", never)
    pass_through = next(row for row in WORLD.assumptions if row.id == "pass_through")
    for changes in ({"name": "another"}, {"assumptions": {pass_through.name: pass_through.low}}):
        assert WORLD.shocks("gallium", agreed.model_copy(update=changes)) == found
    with pytest.raises(AssertionError, match="sought again"):
        WORLD.shocks("gallium", agreed.model_copy(update={"assumptions": {"friction_sigma.gallium": 6.0}}))


@each_horizon
@each_mineral
def test_tighter_licences_bring_back_rent_and_never_let_out_more(mineral: str, horizon: str) -> None:
    plain, answered = with_floor(mineral, horizon), with_floor(mineral, horizon, LICENCE)
    before, after = plain.without_agreement.states[mineral], plain.with_agreement.states[mineral]
    then = answered.with_agreement.states[mineral]
    had, has, back = (licence_rent(state, *WHERE) for state in (before, after, then))
    assert back >= has * (1 - SAME)
    assert licences(then, *WHERE) <= licences(after, *WHERE) * (1 + SAME)
    tightened = then.problem.digest != after.problem.digest
    if horizon == "short":
        assert tightened == (has < 0.99 * had), "within a year less of a licensed metal is worth more"
    if tightened:
        assert back > has
        assert licences(then, *WHERE) < licences(after, *WHERE)
        assert answered.headline(mineral).public_money_usd < plain.headline(mineral).public_money_usd
        assert answered.headline(mineral).price_usd_per_t >= plain.headline(mineral).price_usd_per_t * (1 - SAME_PRICE)
        assert net_effect(answered, mineral, parties=True)["net"] < net_effect(plain, mineral, parties=True)["net"]


@each_horizon
@each_mineral
def test_an_export_tax_takes_from_the_parties_treasuries_what_it_brings(mineral: str, horizon: str) -> None:
    plain, answered = with_floor(mineral, horizon), with_floor(mineral, horizon, TAX)
    after, then = plain.with_agreement.states[mineral], answered.with_agreement.states[mineral]
    taken = export_taxes(then, *WHERE) - export_taxes(after, *WHERE)
    assert taken > 0.0
    taxes = [each for each in WORLD.shocks(mineral, answered.scenario) if isinstance(each, ExportTaxChange)]
    price = plain.prices.set_index(["region", "stage"])["producer_price_with_agreement_usd_per_t"][WHERE]
    levies = plain.instruments["floors"].set_index("region")["levy"]
    for tax in taxes:
        (importer,) = tax.importers
        assert tax.rate * price == pytest.approx(levies[importer], rel=DUTIES), "as large as the levy"
    lost = plain.headline(mineral).public_money_usd - answered.headline(mineral).public_money_usd
    assert lost > 0.0
    assert net_effect(answered, mineral, parties=True)["net"] < net_effect(plain, mineral, parties=True)["net"]


@each_mineral
def test_nothing_is_answered_where_nothing_is_agreed_or_no_levy_is_charged(mineral: str) -> None:
    shocks = tuple(NamedShock(name=name) for name in WORLD.library.answers)
    scenario = Scenario(minerals=(mineral,), shocks=shocks)
    assert WORLD.problem(mineral, scenario).digest == WORLD.problem(mineral, scenario.undisturbed()).digest
    contract, taxed = (with_floor(mineral, "short", *names, mechanism="cfd") for names in ((), (TAX,)))
    assert taxed.with_agreement.states[mineral].problem.digest == contract.with_agreement.states[mineral].problem.digest
    told = " ".join(reasons(taxed, taxed.headline(mineral), WORLD.tables, NAMES))
    assert "China answers by an export tax: nothing it exports bears a levy." in told
    assert "includes this answer" not in told, "there is none"


@each_mineral
def test_a_milder_answer_is_a_part_of_the_whole_one(mineral: str) -> None:
    scenario = with_floor(mineral, "short").scenario
    public = [
        WORLD.outcome(scenario.model_copy(update={"shocks": (NamedShock(name=TAX, severity=severity),)}))
        .headline(mineral)
        .public_money_usd
        for severity in (0.0, 0.5, 1.0)
    ]
    assert public[0] == pytest.approx(with_floor(mineral, "short").headline(mineral).public_money_usd)
    assert public[0] > public[1] > public[2]


@each_mineral
def test_tighter_licences_grow_from_nothing(mineral: str) -> None:
    """None at severity 0, next to none near it, and never less the more is to be won back."""
    plain = with_floor(mineral, "short")
    before, after = plain.without_agreement.states[mineral], plain.with_agreement.states[mineral]
    answers = [NamedShock(name=LICENCE, severity=severity) for severity in (0.0, 1e-3, 0.5, 1.0)]
    none, *some = (
        WORLD.outcome(plain.scenario.model_copy(update={"shocks": (answer,)})).with_agreement.states[mineral]
        for answer in answers
    )
    assert none.problem.digest == after.problem.digest
    had, has = (licence_rent(state, *WHERE) for state in (before, after))
    rents = [licence_rent(state, *WHERE) for state in (after, *some)]
    let_out = [licences(state, *WHERE) for state in (after, *some)]
    assert rents[1] - has <= 0.01 * max(had - has, SAME * has)
    assert all(more >= less * (1 - SAME) for less, more in pairwise(rents))
    assert all(more <= less * (1 + SAME) for less, more in pairwise(let_out))


@pytest.mark.parametrize("name", WORLD.library.answers)
def test_six_months_of_an_answer_are_a_year_of_half_of_it(name: str) -> None:
    rows = WORLD.tables["shocks"]
    half = ShockLibrary({"shocks": rows.assign(duration_yr=0.5)})  # type: ignore[arg-type]
    for mineral in MINERALS:
        (whole,), (part,) = (each.answers_of(NamedShock(name=name), mineral) for each in (WORLD.library, half))
        assert part == replace(whole, share=0.5 * whole.share)


def test_the_answer_is_told_with_its_effect() -> None:
    mineral = "antimony"
    plain, answered = with_floor(mineral, "short"), with_floor(mineral, "short", LICENCE)
    *_, last = under_answers(WORLD, plain.scenario, mineral)
    assert set(last.found) == {LICENCE, TAX}
    told = if_answered(plain, last.found, mineral, NAMES)
    assert told.startswith("If China answers by tighter licences, the parties together ")
    assert ", where without an answer they gain " in told
    assert "; if China answers by an export tax, the parties together gain " in told
    said = " ".join(reasons(answered, answered.headline(mineral), WORLD.tables, NAMES))
    assert "China answers by tighter licences: they let out " in said
    assert "The agreement's effect includes this answer." in said
    facts = overview(answered, mineral, WORLD.tables, NAMES)
    assert not facts.whose.by_shock, "an answer is the agreement's"
    assert not [number for number in headline_numbers(facts) if "shock" in number.change]
    assert ". No shock. China answers by tighter licences. Horizon: " in agreement_in_words(
        answered.scenario, mineral, NAMES
    )
    assert "no effect" not in said
    *_, nothing = under_answers(WORLD, Scenario(minerals=(mineral,)), mineral)
    assert nothing.found == {}


def test_a_memo_tells_what_the_parties_gain_under_an_answer_and_nothing_of_other_shocks() -> None:
    columns = [f"{account}_usd_{state}_agreement" for account in ("users_cost", "net_gain") for state in STATES]
    rows = [(LICENCE, 0.0, 0.0, -3e6, 4e6), ("china_bismuth_ban", 0.0, 0.0, 9e6, 4e6)]
    frame = pd.DataFrame(rows, columns=["shock", *columns])
    told = "If China answers by tighter licences, the parties together lose 7.00 million USD a year by the agreement."
    assert conclusions.answers(frame, Voice(NAMES, ())) == told
    assert conclusions.answers(frame.iloc[1:], Voice(NAMES, ())) == ""


@pytest.mark.parametrize("name", [LICENCE, TAX])
def test_an_answer_wins_back_no_more_than_all(name: str) -> None:
    shocks: list[dict[str, Any]] = [{"name": "china_gallium_ban", "severity": 1.5}, {"name": name, "severity": 1.0}]
    WORLD.check(Scenario.parse({"shocks": shocks}, "scenario"))
    shocks[1]["severity"] = 1.01
    with pytest.raises(ScenarioError, match=rf"shocks\[1\].severity = 1.01: {name} is a share of the .*, 0 to 1$"):
        WORLD.check(Scenario.parse({"shocks": shocks}, "scenario"))
    with pytest.raises(ScenarioError, match=rf"shocks\[1\].severity = 1.01: {name}"):
        states_of(DesignRequest.parse({"minerals": ["gallium"], "shocks": shocks}, "design"), WORLD)


def test_an_answer_is_a_state_of_the_search_only_where_it_is_named() -> None:
    assert not {state.name for state in states_of(DesignRequest(minerals=MINERALS), WORLD)} & {LICENCE, TAX}
    asked = DesignRequest.parse({"minerals": ["bismuth"], "shocks": [{"name": LICENCE}]}, "design")
    calm, state = states_of(asked, WORLD)
    assert (calm.probability, state.name, state.minerals) == (0.5, LICENCE, ("bismuth",))
