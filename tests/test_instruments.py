"""Whoever adds an instrument or a shock has given it all that the product needs: each check says one thing it lacks.

Examples are the formulations of the toy market, on the shipped one with other names. A kind without one fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal, get_args
from unittest.mock import patch

import numpy as np
import pytest
from pydantic import BaseModel

from model import instruments, shocks
from model.data.schemas.policy import CONTROL_KINDS, SHOCK_UNITS
from model.design import Design, DesignRequest, report
from model.design.choice import choose
from model.design.questions.attribution import levers_of, with_levers
from model.design.questions.evaluate import Trial
from model.design.wording import level_in_words
from model.instruments import Agreement, Instrument, Membership, Quota, Tariff, regions_named
from model.memo.levers import header
from model.memo.schedules import term_sheet
from model.overlay import Overlay
from model.scenario import Scenario
from model.shocks import Base, Disturbance
from model.shocks.kinds import OF_ROW, SupplyLoss
from model.shocks.library import LICENCES, TAX
from model.words.names import Names
from model.words.voice import Voice
from pages.components.sidebar import GROUPS
from tests.design_toys import terms_of
from tests.of_instruments import golden, laws_of
from tests.shipped import WORLD
from tests.snapshots import altered, sample
from tests.toy import PARTIES, Formulation, formulations, prove, shipped, toy_market

Content = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]

NEUTRAL_AT_NO_LEVEL = {"export_ban", "export_quota", "supply_cap"}
"""Shocks that are a limit: which one changes nothing depends on what happens otherwise."""
SAME = 1e-6
LAW_EXAMPLES, LAW_BYTES = 20, 20_000
"""How many examples of a law are tried, each drawn from so many bytes."""


def kind_of(kind: type[Disturbance]) -> str:
    return str(get_args(kind.model_fields["kind"].annotation)[0])


def contents(kind: type[Instrument] | type[Disturbance]) -> list[tuple[Content, Formulation]]:
    """Examples of a kind as plain content, with the formulation each stands in."""
    if issubclass(kind, Instrument):
        found = [(term, each) for each in formulations(kind.key).values() for term in each.agreement.get(kind.key, ())]
    else:
        found = [(shock, each) for each in formulations(kind_of(kind)).values() for shock in each.shocks]
    assert found, "no formulation"
    return found


def laid(item: Any, formulation: Formulation) -> bytes:
    """Digest of the toy market with an instrument or shock (or None) laid over it."""
    over = Overlay(toy_market(formulation), PARTIES)
    if isinstance(item, Instrument):
        item.lay(over, 0)
    elif item is not None:
        item.lay(over)
    return over.problem().digest


def others(value: Any) -> Iterator[Any]:
    """Other values of a field: a higher level, the other choice, another region."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, Enum):
        yield from (choice for choice in type(value) if choice is not value)
    elif isinstance(value, tuple):
        yield from ((name,) for name in ("PARTNER", "JPN") if (name,) != value)
    elif isinstance(value, str):
        yield from (name for name in ("PARTNER", "ABROAD", "JPN", "KOR") if name != value)
    elif isinstance(value, BaseModel):
        for name, inner in value:
            yield from (value.model_copy(update={name: other}) for other in others(inner))
    else:
        yield from (0.5, 2.0) if value is None else (value + 0.25, value + 20.0)


def number_fields(kind: type[BaseModel]) -> dict[str, Content]:
    """Schema entries of all numbers of a record and of the records in it."""
    schema = kind.model_json_schema()
    found: dict[str, Content] = {}
    for part in (schema, *schema.get("$defs", {}).values()):
        for name, entry in part.get("properties", {}).items():
            for form in entry.get("anyOf", [entry]):
                if form.get("type") in {"number", "integer"}:
                    found[f"{part['title']}.{name}"] = entry | form
    return found


# --- what every kind needs ---


def has_a_golden_formulation_and_a_price_found_by_hand(kind: Any) -> None:
    names = formulations(kind.key if issubclass(kind, Instrument) else kind_of(kind))
    assert names
    assert [name for name in names if not golden(name).exists()] == []


def changes_a_market(kind: Any) -> None:
    for content, formulation in contents(kind):
        assert laid(kind.parse(content, "example"), formulation) != laid(None, formulation)


def has_no_field_that_does_nothing(kind: Any) -> None:
    """For every field there is an example that another value of it makes another market."""
    idle = set(kind.model_fields) - {"kind", "mineral", "stage"}
    for content, formulation in contents(kind):
        item = kind.parse(content, "example")
        before = laid(item, formulation)
        for name in sorted(idle):
            for other in others(getattr(item, name)):
                try:
                    after = laid(item.model_copy(update={name: other}), formulation)
                except ValueError:  # a region of the shipped markets
                    continue
                if after != before:
                    idle.discard(name)
    assert idle == set()


def states_unit_and_bound_of_every_number(kind: Any) -> None:
    for name, entry in number_fields(kind).items():
        assert entry.get("unit"), name
        assert "minimum" in entry, name


# --- what every instrument needs ---


def says_what_it_is(kind: type[Instrument]) -> None:
    for name in ("key", "title", "short"):
        value = getattr(kind, name)
        assert value
        assert value not in [getattr(other, name) for other in instruments.KINDS if other.key != kind.key]
    assert kind.rank not in [other.rank for other in instruments.KINDS if other.key != kind.key]
    assert kind.key in Agreement.model_fields
    assert kind.group in GROUPS


def is_spoken_in_both_voices(kind: type[Instrument]) -> None:
    """A whole phrase, and for every field an example that another value of it makes read otherwise."""
    unsaid = set(kind.model_fields) - {"mineral", "stage"}
    names = Names(WORLD.tables)
    for exact in (False, True):
        say = Voice(names, ("USA", "JPN"), exact)
        for content, _ in contents(kind):
            term = kind.parse(shipped(content), "example")
            said = term.phrase(say)
            assert say.product(term.mineral, term.stage) in said
            for unfilled in ("None", "{", "}", "nan", "  ", "inf "):
                assert unfilled not in said
            for name in sorted(unsaid):
                for other in others(getattr(term, name)):
                    copied = term.model_copy(update={name: other})
                    if {"PARTNER", "ABROAD"}.isdisjoint(regions_named(copied)) and (
                        (copied.phrase(say), copied.actors()) != (said, term.actors())
                    ):
                        unsaid.discard(name)
    assert unsaid == set()


def is_left_and_joined(kind: type[Instrument]) -> None:
    for content, _ in contents(kind):
        term = kind.parse(shipped(content), "example")
        leaver = (*term.actors(), "USA")[0]
        stay = tuple(name for name in ("USA", "JPN") if name != leaver)
        left = term.applied_by(Membership((leaver, *stay), stay, WORLD.regions))
        assert left is None or leaver not in left.actors()
        _is_joined(term)


def _is_joined(term: Instrument) -> None:
    """All parties' measure is the new party's as well; one of its own, or a contract, stays as it is."""
    two, three = ("USA", "JPN"), ("USA", "JPN", "KOR")
    joining = Membership(two, three, WORLD.regions)
    shared = [name for name, value in term if value == term.actors()]
    if not shared:
        assert term.applied_by(joining) == term
        return
    outside = tuple(region for region in WORLD.regions if region not in two)
    change = dict.fromkeys(shared, two) | ({"exporters": outside} if "exporters" in type(term).model_fields else {})
    joined = term.model_copy(update=change).applied_by(joining)
    assert joined is not None
    assert set(joined.actors()) == set(three)
    assert "KOR" not in getattr(joined, "exporters", ())
    left = term.model_copy(update=change).applied_by(Membership(two, ("USA",), WORLD.regions))
    assert left is not None
    assert left.actors() == ("USA",)
    assert "JPN" in getattr(left, "exporters", ("JPN",))


def has_a_law(kind: type[Instrument]) -> None:
    laws = laws_of(kind.key)
    assert laws
    for law in laws:
        (own,) = [each for each in instruments.KINDS if each.key == kind.key]
        assert fails_without(own, law), f"{law.__name__} is about another instrument"


@cache
def fails_without(kind: type[Instrument], law: Any) -> bool:
    """Whether some example of a law is untrue once terms of a kind lay nothing."""
    with patch.object(kind, "lay", lambda *_: None):
        for seed in range(LAW_EXAMPLES):
            try:
                law.hypothesis.fuzz_one_input(Random(seed).randbytes(LAW_BYTES))
            except (AssertionError, StopIteration):  # as where a levy that was never laid is looked up
                return True
    return False


def has_a_place_in_the_term_sheet(kind: type[Instrument]) -> None:
    for content, _ in contents(kind):
        term = kind.parse(shipped(content), "example")

        def agree(whole: Content, term: Instrument = term) -> None:
            whole["inputs"]["scenario"]["agreement"] = {kind.key: [term.model_dump(mode="json", exclude_defaults=True)]}

        blocks = term_sheet(
            altered(sample(), agree), Voice(Names(WORLD.tables), ("USA", "EUN", "JPN"), every_name=True)
        )
        (sheet,) = [block for block in blocks if getattr(block, "name", "") == f"Schedule {kind.key}".replace("_", " ")]
        assert len(sheet.rows) == 1
        titles = [column.title.lower() for column in sheet.columns]
        set_levels = [name for name, value in term if isinstance(value, float) and value]
        assert [name for name in set_levels if header(kind, name)[0].lower() not in titles] == []


def has_its_level_in_a_design_s_term_sheet(kind: type[Instrument]) -> None:
    """The level that the sheet names is one that the note tells, and nothing only where no number is set."""
    request, choice = DesignRequest(parties=("USA", "JPN"), minerals=("bismuth",)), choose(terms_of([], ("USA", "JPN")))
    for content, _ in contents(kind):
        term = kind.parse(shipped(content), "example")
        agreement = Agreement().replacing(kind, [term])
        design = Design(request, Names(WORLD.tables), choice=choice, agreement=agreement)
        _, _, _, level, unit, note = report.term_sheet(design).iloc[0]
        if [value for _, value in term if isinstance(value, float) and value]:
            assert level > 0.0
            assert level_in_words(level, unit).removesuffix(" of value").split("/yr")[0] in note
        else:
            assert (level, unit) == (0.0, "")


def has_a_part_in_an_attribution(kind: type[Instrument]) -> None:
    content, _ = contents(kind)[0]
    agreement = Agreement().replacing(kind, [kind.parse(shipped(content), "example")])
    trial = Trial(("USA", "JPN"), agreement, projects={}, assumptions={})
    levers = levers_of(trial, with_members=False)
    assert levers == [kind.short]
    assert list(with_levers(trial, frozenset(), levers, WORLD.regions).agreement.terms()) == []


# --- what every shock needs ---


def is_read_from_the_library_or_a_control(kind: type[Disturbance]) -> None:
    rows = WORLD.tables["shocks"]
    assert kind.row_kinds or kind_of(kind) in CONTROL_KINDS
    for row_kind in kind.row_kinds:
        assert row_kind in SHOCK_UNITS
        assert OF_ROW[row_kind] is kind
        for name in dict.fromkeys(rows.loc[rows["kind"] == row_kind, "shock_id"]):
            assert all(isinstance(shock, shocks.KINDS) for shock in _records(str(name)))


def _records(name: str) -> list[Disturbance]:
    """What a named shock stands for in a mineral it touches, whatever the base year was."""
    minerals = WORLD.library.describe(name).minerals or WORLD.minerals
    base = Base(WORLD.regions, WORLD.stages, production_t={}, exports_t={})
    records, _ = WORLD.library.records(shocks.NamedShock(name=name), base, minerals[:1])
    assert records, name
    assert {record.mineral for record in records} == set(minerals[:1])
    return records


def does_nothing_at_its_neutral_level(kind: type[Disturbance]) -> None:
    """The toy market comes out as without it."""
    for content, formulation in contents(kind):
        neutral = kind.parse(content, "example").neutral()
        assert (neutral is None) == (kind_of(kind) in NEUTRAL_AT_NO_LEVEL)
        if neutral is not None:
            over = Overlay(toy_market(formulation), PARTIES)
            neutral.lay(over)
            plain = prove(Overlay(toy_market(formulation), PARTIES).problem()).state
            found = prove(over.problem()).state
            np.testing.assert_allclose(found.price, plain.price, rtol=SAME)
            np.testing.assert_allclose(found.quantity[: len(plain.quantity)], plain.quantity, atol=SAME)


OF_BOTH: tuple[Callable[[Any], None], ...] = (
    has_a_golden_formulation_and_a_price_found_by_hand,
    changes_a_market,
    has_no_field_that_does_nothing,
    states_unit_and_bound_of_every_number,
)
OF_INSTRUMENTS: tuple[Callable[[Any], None], ...] = (
    *OF_BOTH,
    says_what_it_is,
    is_spoken_in_both_voices,
    is_left_and_joined,
    has_a_law,
    has_a_place_in_the_term_sheet,
    has_its_level_in_a_design_s_term_sheet,
    has_a_part_in_an_attribution,
)
OF_SHOCKS: tuple[Callable[[Any], None], ...] = (
    *OF_BOTH,
    is_read_from_the_library_or_a_control,
    does_nothing_at_its_neutral_level,
)


@pytest.mark.parametrize("check", OF_INSTRUMENTS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", instruments.KINDS, ids=lambda kind: kind.key)
def test_every_instrument(kind: type[Instrument], check: Callable[[Any], None]) -> None:
    check(kind)


@pytest.mark.parametrize("check", OF_SHOCKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", shocks.KINDS, ids=kind_of)
def test_every_shock(kind: type[Disturbance], check: Callable[[Any], None]) -> None:
    check(kind)


@pytest.mark.parametrize(
    "kind", [kind for kind in shocks.KINDS if kind_of(kind) not in NEUTRAL_AT_NO_LEVEL], ids=kind_of
)
def test_a_neutral_shock_changes_nothing_on_a_shipped_market(kind: type[Disturbance]) -> None:
    content, _ = contents(kind)[0]
    neutral = kind.parse(shipped(content), "example").neutral()
    plain = WORLD.solved("bismuth", Scenario(minerals=("bismuth",))).state
    found = WORLD.solved("bismuth", Scenario(minerals=("bismuth",), shocks=(neutral,))).state
    np.testing.assert_allclose(found.price, plain.price, rtol=SAME)
    size = SAME * plain.problem.market.quantity_scale
    np.testing.assert_allclose(found.quantity[: len(plain.quantity)], plain.quantity, atol=size)


def test_every_row_of_the_library_and_every_control_has_its_kind() -> None:
    assert {*OF_ROW, LICENCES, TAX} == set(SHOCK_UNITS) >= set(WORLD.tables["shocks"]["kind"])


# --- the checks themselves: a kind that lacks one thing fails for that thing ---


class _AnotherKind(Tariff):
    key: ClassVar[str] = "duties"
    title: ClassVar[str] = "Duty"
    short: ClassVar[str] = "duty"
    rank: ClassVar[int] = 999


class _SameTitle(Tariff):
    title: ClassVar[str] = Quota.title


class _NotLaid(Tariff):
    def lay(self, over: Overlay, index: int) -> None:
        del over, index


class _HalfSpoken(Tariff):
    def phrase(self, say: Voice) -> str:
        return super().phrase(say).replace("%", "{percent}")


class _Silent(Tariff):
    def phrase(self, say: Voice) -> str:
        return f"charge something on {say.product(self.mineral, self.stage)}"


class _NeverLeft(Tariff):
    def applied_by(self, change: Membership) -> _NeverLeft:
        del change
        return self


class _WithoutUnit(Tariff):
    specific: float = 0.0


FAKES: dict[type[Instrument], set[str]] = {
    _AnotherKind: {check.__name__ for check in OF_INSTRUMENTS} - {"states_unit_and_bound_of_every_number"},
    _SameTitle: {"says_what_it_is"},
    _NotLaid: {"changes_a_market", "has_no_field_that_does_nothing"},
    _HalfSpoken: {"is_spoken_in_both_voices"},
    _Silent: {"is_spoken_in_both_voices", "has_its_level_in_a_design_s_term_sheet"},
    _NeverLeft: {"is_left_and_joined"},
    _WithoutUnit: {"states_unit_and_bound_of_every_number", "has_its_level_in_a_design_s_term_sheet"},
}


class _AnotherShock(SupplyLoss):
    kind: Literal["lost"]  # type: ignore[assignment]


class _ShockNotLaid(SupplyLoss):
    def lay(self, over: Overlay) -> None:
        del over


class _NeverNeutral(SupplyLoss):
    def neutral(self) -> _NeverNeutral:
        return self


class _WithoutNeutral(SupplyLoss):
    def neutral(self) -> None:  # type: ignore[override]
        return None


class _NotRead(SupplyLoss):
    row_kinds: ClassVar[tuple[str, ...]] = ("fire",)


FAKE_SHOCKS: dict[type[Disturbance], set[str]] = {
    _AnotherShock: {check.__name__ for check in OF_SHOCKS} - {"states_unit_and_bound_of_every_number"},
    _ShockNotLaid: {"changes_a_market", "has_no_field_that_does_nothing", "is_read_from_the_library_or_a_control"},
    _NeverNeutral: {"does_nothing_at_its_neutral_level", "is_read_from_the_library_or_a_control"},
    _WithoutNeutral: {"does_nothing_at_its_neutral_level", "is_read_from_the_library_or_a_control"},
    _NotRead: {"is_read_from_the_library_or_a_control"},
}


def lacking(kind: Any, checks: tuple[Callable[[Any], None], ...]) -> set[str]:
    """Names of the checks that a kind fails."""
    found = set()
    for check in checks:
        try:
            check(kind)
        except Exception:  # whatever goes wrong, the kind is not whole
            found.add(check.__name__)
    return found


@pytest.mark.slow
def test_an_instrument_that_is_one_new_file_has_all_that_the_tests_ask_for() -> None:
    """In a process of its own, where ``tests/another_instrument`` counts as part of the folder of instruments."""
    files = [
        "tests/another_instrument/tests",
        *(f"tests/test_{name}.py" for name in ("instruments", "formulation", "proof")),
    ]
    chosen = "undertaking or golden_file or is_broken_once or has_a_formulation"
    ended = subprocess.run(
        [sys.executable, "tests/with_another_instrument.py", "-q", "-p", "no:cacheprovider", "-k", chosen, *files],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "skipped" not in ended.stdout


@pytest.mark.slow
def test_a_law_of_another_instrument_is_none_of_its_own() -> None:
    assert all(fails_without(Tariff, law) for law in laws_of("tariffs"))
    assert not any(fails_without(Quota, law) for law in laws_of("tariffs"))


@pytest.mark.parametrize("fake", FAKES, ids=lambda kind: kind.__name__)
def test_an_instrument_that_lacks_something_fails(fake: type[Instrument]) -> None:
    assert lacking(fake, OF_INSTRUMENTS) == FAKES[fake]


@pytest.mark.parametrize("fake", FAKE_SHOCKS, ids=lambda kind: kind.__name__)
def test_a_shock_that_lacks_something_fails(fake: type[Disturbance]) -> None:
    assert lacking(fake, OF_SHOCKS) == FAKE_SHOCKS[fake]
