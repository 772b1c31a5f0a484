"""Title, verdict, headline, charts, reasons and results tell one story, over every market, mechanism and main shock."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from model.cli.solving import _result
from model.findings import Names, Overview, headline_numbers, missed, overview, verdicts
from model.findings.agreed import agreement_in_short
from model.instruments.quota import FULL
from model.market.horizon import HORIZONS
from model.memo import bottom_line
from model.memo.blocks import Bullets, Paragraph, Sheet
from model.memo.levers import voice
from model.outcome import Outcome
from model.scenario import Scenario
from model.snapshot import make
from model.studies.ranges import AS_ASSUMED
from model.units import MILLION
from model.words import accounts
from model.words.numbers import LEAST_USD, MINUS, changes, money, signed_millions
from tests.shipped import WORLD

PARTIES = list(Scenario().parties)
OUTSIDE = [region for region in WORLD.regions if region not in PARTIES]
NAMES = Names(WORLD.tables)
MECHANISMS = ("none", "variable_levy", "capped", "cfd", "buffer_stock", "tariff", "trq")
CASES = [
    (mineral, mechanism, is_shocked, horizon)
    for mineral, mechanism, is_shocked, horizon in product(WORLD.minerals, MECHANISMS, (False, True), HORIZONS)
    if mechanism != "none" or is_shocked
]
SOLVER_WORDS = re.compile(
    r"[Cc]omplementar|Newton|HiGHS|[Pp]yomo|[Ii]nfeasib|\bnan\b|\binf\b|\bNone\b|\bTrue\b|\bFalse\b|\bcfd\b|_|[Rr]esidual"
)
AMOUNT = re.compile(r"([\d,]*\.?\d+) (million |billion )?USD(?!/t)(?! a tonne)")
SIZES = {"": 1.0, "million ": 1e6, "billion ": 1e9}
LONG_NUMBER = re.compile(r"\d[\d,]*\.?\d*")
MOST_DIGITS = 5


@cache
def main_shock(mineral: str) -> str:
    """The named shock that touches a mineral and hits it hardest by its own severity; the library's first of those."""
    touching = [name for name in WORLD.library.names if WORLD.library.touches(name, [mineral])]
    plain = [name for name in touching if name not in WORLD.library.answers]
    return next((name for name in plain if name.startswith("china_") and name.endswith("_ban")), plain[0])


@cache
def levels(mineral: str, horizon: str) -> tuple[float, float]:
    """A floor a quarter above what the parties pay in the status quo [USD/t], and what they buy of others [t/yr]."""
    stage = WORLD.stages[mineral][-1]
    plain = Scenario(minerals=(mineral,), horizon=horizon)
    imports = WORLD.outcome(plain).flows
    imports = imports[(imports["stage"] == stage) & imports["importer"].isin(PARTIES)]
    bought = float(imports.loc[~imports["exporter"].isin(PARTIES), "status_quo"].sum())
    return float(f"{1.25 * WORLD.parties_price(mineral, stage, plain):.4g}"), bought


def scenario(mineral: str, mechanism: str, is_shocked: bool, horizon: str) -> Scenario:
    stage = WORLD.stages[mineral][-1]
    level, bought = levels(mineral, horizon)
    place: dict[str, Any] = {"mineral": mineral, "stage": stage}
    floor = {**place, "parties": PARTIES, "price": level}
    routes = {**place, "importers": PARTIES, "exporters": OUTSIDE}
    agreement: dict[str, Any] = {
        "none": {},
        "variable_levy": {"floors": [floor]},
        "capped": {"floors": [{**floor, "levy_cap": float(f"{0.05 * level:.3g}")}]},
        "cfd": {"floors": [{**floor, "mechanism": "cfd"}]},
        "buffer_stock": {"floors": [{**floor, "mechanism": "buffer_stock", "budget": 1e8}]},
        "tariff": {"tariffs": [{**routes, "ad_valorem": 0.2}]},
        "trq": {"trqs": [{**routes, "quantity": float(f"{0.8 * bought:.3g}"), "over_quota": {"ad_valorem": 0.3}}]},
    }[mechanism]
    shocks = [{"name": main_shock(mineral)}] if is_shocked else []
    content = {"format": 2, "minerals": [mineral], "horizon": horizon, "agreement": agreement, "shocks": shocks}
    return Scenario.parse(content, "scenario")


def told_of(facts: Overview, title: str) -> list[str]:
    """Every sentence and number that a reader sees."""
    numbers = headline_numbers(facts)
    sentences = [title, facts.gains.sentence, facts.supply.sentence, facts.industries.sentence, *facts.reasons]
    return [*sentences, *(each.value for each in numbers), *(each.change for each in numbers)]


@pytest.mark.slow
@pytest.mark.parametrize("mineral", WORLD.minerals)
def test_every_place_tells_the_same(mineral: str) -> None:
    for case in (each for each in CASES if each[0] == mineral):
        asked = scenario(*case)
        outcome = WORLD.outcome(asked)
        facts = overview(outcome, mineral, WORLD.tables, NAMES)
        title = agreement_in_short(asked, mineral, NAMES, verdicts(outcome, mineral, NAMES))
        for check in (_title, _headline, _charts, _results):
            check(outcome, facts, title, mineral)
        _words(told_of(facts, title))


@pytest.mark.slow
@pytest.mark.parametrize("mineral", WORLD.minerals)
def test_a_memo_tells_the_same(mineral: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its title, its first page and its tables, of every eighth scenario; what it tries beside that is left out."""
    steps = make._steps
    kept = ("scenario", AS_ASSUMED)
    monkeypatch.setattr(make, "_steps", lambda *of: [each for each in steps(*of) if each[0] in kept])
    own = [each for each in CASES if each[0] == mineral]
    for case in own[WORLD.minerals.index(mineral) % 8 :: 8]:
        outcome = WORLD.outcome(scenario(*case))
        _memo(outcome, overview(outcome, mineral, WORLD.tables, NAMES), mineral)


def _memo(outcome: Outcome, facts: Overview, mineral: str) -> None:
    snapshot = make.freeze(WORLD, outcome.scenario)
    say = voice(snapshot)
    title, blocks = bottom_line.title(snapshot, say), bottom_line.bottom_line(snapshot, say)
    own = facts.own if facts.whose.agreed else facts.headline
    if facts.whose.agreed:
        did = "brings" if own.net_gain_usd > 0 else "costs"
        amount = f"{did} the parties {money(own.net_gain_usd)} a year together"
        assert (amount if changes(own.net_gain_usd) else "as it is") in title, title
        assert ("the agreement holds" in title) == (not missed(outcome, mineral, NAMES)), title
    for shock in outcome.scenario.shocks:
        assert NAMES.shock(shock.name) in title, title
    texts = [block.text for block in blocks if isinstance(block, Paragraph)]
    texts += [item for block in blocks if isinstance(block, Bullets) for item in block.items]
    _words([title, *texts])
    for verdict in verdicts(outcome, mineral, NAMES):
        assert any(verdict in text for text in texts), verdict
    (parties,) = [block for block in blocks if isinstance(block, Sheet) and block.name == "Parties"] or [None]
    if parties is not None:
        rows = {str(row[0]): row for row in parties.rows}
        titles = [column.title for column in parties.columns]
        net = f"{accounts.NET_GAIN} {facts.whose.effect}"  # left out where it is nothing for everyone
        for side, usd in (("parties", own.net_gain_usd), ("world", own.world_gain_usd)):
            told = rows[accounts.SIDES[side]][titles.index(net)] if net in titles else 0.0
            assert told == pytest.approx(usd, rel=1e-9, abs=1.0)


def test_the_sweep_is_as_wide_as_it_says() -> None:
    assert len(CASES) == 14 * (7 * 2 - 1) * 2
    assert len(CASES) >= 300


def _title(outcome: Outcome, facts: Overview, title: str, mineral: str) -> None:
    """Verdict first, and as the rows of the floors say; the shock and the horizon are named."""
    asked, rows = outcome.scenario, outcome.instruments["floors"]
    if len(rows):
        fails = bool((rows["price"].notna() & ~rows["holds"].astype(bool)).any())
        assert (" fails in " in title) == fails, title
        assert title.startswith("The floor of"), title
        if not fails and rows["price"].notna().any():
            first = title.partition(". ")[0]
            assert " holds" in first or "does not bind" in first, title
    for row in outcome.instruments["trqs"].to_dict("records"):
        quantity = asked.agreement.trqs[row["index"]].quantity
        assert title.startswith("The tariff-rate quota is "), title
        assert (" is full" in title) == (row["in_quota"] >= FULL * quantity), title
    assert HORIZONS[asked.horizon].words in title
    for shock in asked.shocks:
        assert NAMES.shock(shock.name) in title, title
    assert "or more" not in title


def _headline(outcome: Outcome, facts: Overview, title: str, mineral: str) -> None:
    """Money is the agreement's own where there is one; parties and all others make the world."""
    frame = outcome.accounts[outcome.accounts["mineral"] == mineral]
    suffix = "_agreement" if outcome.scenario.agreement.terms(mineral) and not outcome.agreement.is_empty else ""
    net = frame[f"net{suffix}_usd"]
    ours, theirs = float(net[frame["is_party"]].sum()), float(net[~frame["is_party"]].sum())
    shown = {each.label: each.value for each in headline_numbers(facts)}
    assert shown["Parties, net"] == signed_millions(ours)
    assert shown["Non-parties, net"] == signed_millions(theirs)
    own = facts.own if facts.whose.agreed else facts.headline
    assert own.world_gain_usd == pytest.approx(ours + theirs, rel=1e-9, abs=1.0)
    assert own.net_gain_usd + own.non_parties_gain_usd == pytest.approx(own.world_gain_usd, rel=1e-9, abs=1.0)
    assert shown["Users' cost"] == signed_millions(-float(frame.loc[frame["is_party"], f"users{suffix}_usd"].sum()))


def _charts(outcome: Outcome, facts: Overview, title: str, mineral: str) -> None:
    """What a chart's table adds up to is what the headline says, and its sentence tells its amounts."""
    own = facts.own if facts.whose.agreed else facts.headline
    table = facts.gains.table
    assert float(table["net_usd"].sum()) == pytest.approx(own.net_gain_usd, rel=1e-9, abs=1.0)
    assert -float(table["users_usd"].sum()) == pytest.approx(own.users_cost_usd, rel=1e-9, abs=1.0)
    for amount in (own.users_cost_usd, own.producers_gain_usd):
        if changes(amount):
            assert money(amount) in facts.gains.sentence, facts.gains.sentence
    sources = outcome.sources[outcome.sources["mineral"] == mineral]
    for state in ("status_quo", "without_agreement", "with_agreement"):
        assert float(facts.supply.table[state].sum()) == pytest.approx(float(sources[state].sum()), rel=1e-9, abs=1e-6)
    lead = facts.whose.lead
    for chart in (facts.gains, facts.supply, facts.industries):
        assert chart.sentence.startswith(lead), chart.sentence
    if facts.whose.by_shock:
        assert facts.gains.zero == "Shock, no agreement"


def _results(outcome: Outcome, facts: Overview, title: str, mineral: str) -> None:
    """`accord solve` writes the same numbers."""
    result = _result(outcome, WORLD)
    (row,) = result["change"]["headline"]
    for name in ("price_usd_per_t", "users_cost_usd", "net_gain_usd", "world_gain_usd", "levy_usd_per_t"):
        assert row[name] == getattr(facts.headline, name)
    levies = [each["levy"] for each in result["floors"] if each["levy"] is not None and each["holds"]]
    assert facts.headline.levy_usd_per_t == max([each for each in levies if np.isfinite(each)], default=0.0)


def _words(told: list[str]) -> None:
    """No word of the solver's, no amount too small to say, no digits that nobody set, every minus a minus."""
    for text in told:
        assert SOLVER_WORDS.search(text) is None, text
        assert re.search(r"(?<![\w\d])-\d", text) is None, text
        for amount, size in AMOUNT.findall(text):
            assert float(amount.replace(",", "")) * SIZES[size] >= LEAST_USD * (1 - 1e-9) or amount == "0", text
        for number in LONG_NUMBER.findall(re.sub(r"\d{4}-\d\d-\d\d|\d+/\d{4}", "", text)):
            digits = number.replace(",", "").replace(".", "").strip("0")
            assert len(digits) <= MOST_DIGITS, text
    for text in told:
        if text.startswith((MINUS, "+")):
            assert text[1:2].isdigit(), text


def test_money_of_the_least_amount_is_no_change() -> None:
    assert signed_millions(0.99 * LEAST_USD) == "no change"
    assert signed_millions(-1.01 * LEAST_USD) == f"{MINUS}{1.01 * LEAST_USD / MILLION:.4f}".rstrip("0")
