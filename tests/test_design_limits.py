"""Red lines, purses, conflicts and the worth of limits, each computed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from model.design.choice import Choice, ChoiceTerms, choose
from model.design.choice.options import Option
from model.design.choice.programme import NoAgreement
from model.design.conflict import conflict, least_violation, worths
from model.design.problem.packages import Package
from model.design.problem.request import DesignRequest
from model.design.proof import Proof, in_round_numbers, signable
from model.design.report import red_lines
from model.design.search import Design
from model.units import MILLION
from model.words.names import Names
from model.world import World
from tests.design_toys import MINERAL, STAGE, frame_of, label, option, response, terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USE = {"A": 100.0, "B": 100.0}
JUST = 0.01
"""How far inside or outside a limit lies [million USD/yr]."""


def two_parties(gains: Mapping[str, float], request: Mapping[str, Any], **others: Any) -> ChoiceTerms:
    """One package besides doing nothing."""
    frame = frame_of(("A", "B"))
    asked = DesignRequest.parse({"parties": ["A", "B"], "gap": 0.0, "least_gain": 0.0, **request}, "design")
    return ChoiceTerms(asked, frame, {MINERAL: [option(frame, 0.0, {}), option(frame, 1.0, gains, **others)]})


def line(**lines: Any) -> dict[str, Any]:
    return {"red_lines": {"A": lines}}


@pytest.mark.parametrize(("margin", "expected"), [(JUST, 1), (-JUST, 0)])
def test_public_outlay_just_inside_and_just_outside(margin: float, expected: int) -> None:
    asked = line(treasury_outlay=(5.0 + margin) * MILLION)
    terms = two_parties({"A": 10.0, "B": 1.0}, asked, outlay_usd={"A": 5.0 * MILLION})
    assert label(terms, choose(terms).positions) == expected


@pytest.mark.parametrize(("margin", "expected"), [(JUST, 1), (-JUST, 0)])
def test_a_transfer_paid_counts_as_public_outlay(margin: float, expected: int) -> None:
    # B loses 2 and does not sign unless A pays it as much.
    asked = line(treasury_outlay=(2.0 + margin) * MILLION) | {"transfers": 10 * MILLION}
    terms = two_parties({"A": 10.0, "B": -2.0}, asked)
    assert label(terms, choose(terms).positions) == expected


@pytest.mark.parametrize(("margin", "expected"), [(JUST, 1), (-JUST, 0)])
def test_producers_revenue_just_inside_and_just_outside(margin: float, expected: int) -> None:
    asked = line(producer_revenue=-(3.0 + margin) * MILLION)
    terms = two_parties({"A": 10.0, "B": 1.0}, asked, producer_revenue_usd={"A": -3.0 * MILLION})
    assert label(terms, choose(terms).positions) == expected


def test_a_common_purse_divides_what_is_paid() -> None:
    gains, paid = {"A": 4.0, "B": 10.0}, {"outlay_usd": {"A": 10.0 * MILLION}}
    alone = two_parties(gains, {}, **paid)
    assert label(alone, choose(alone).positions) == 0
    shared = two_parties(gains, {"share_outlay": True}, **paid)
    choice = choose(shared)
    share = choice.outlay_shares[MINERAL]
    assert label(shared, choice.positions) == 1
    assert sum(share.values()) == pytest.approx(1.0)
    assert choice.expected_gain == {
        party: pytest.approx(gains[party] - 10.0 * share[party], abs=1e-6) for party in gains
    }
    assert min(choice.expected_gain.values()) >= -1e-6


@pytest.mark.parametrize(("margin", "expected"), [(JUST, 1), (-JUST, 0)])
def test_a_share_of_common_outlays_counts_against_the_red_line(margin: float, expected: int) -> None:
    # B gains 7 and so bears at most 7 of the 10; A has to bear 3.
    asked = line(treasury_outlay=(3.0 + margin) * MILLION) | {"share_outlay": True}
    terms = two_parties({"A": 4.0, "B": 7.0}, asked, outlay_usd={"A": 10.0 * MILLION})
    assert label(terms, choose(terms).positions) == expected


def imports(label_of: float, share: float, gain: float = 0.0, mineral: str = MINERAL) -> Option:
    """A package under which A imports a share of its use from outside."""
    made = option(frame_of(), label_of, {"A": gain}, non_party_imports_t={"A": 100.0 * share})
    package = made.package.model_copy(update={"mineral": mineral})
    return Option(made.frame, package, made.responses, made.neutral, made.reference_price)


def limited(options: Mapping[str, Sequence[Option]], **lines: Any) -> ChoiceTerms:
    request = DesignRequest.parse(
        {
            "parties": ["A", "B"],
            "gap": 0.0,
            "participation": "none",
            "keep_security": False,
            "offtake": {"allowed": False},
            **line(**lines),
        },
        "design",
    )
    return ChoiceTerms(request, frame_of(), options)


def test_the_worth_of_a_share_is_the_average_of_five_percentage_points() -> None:
    terms = limited(
        {MINERAL: [imports(0, 0.30, 4.0), imports(1, 0.308, 9.0), imports(2, 0.32, 99.0)]}, non_party_import_share=0.30
    )
    choice = choose(terms)
    (worth,) = worths(terms, choice)
    assert choice.objective == pytest.approx(4.0)
    assert worth.per_unit == pytest.approx((99.0 - 4.0) / 5.0)
    assert "gave way by up to 5 percentage points" in str(worth)
    assert "19 for each point on average" in str(worth)


def test_a_limit_on_every_mineral_gives_way_as_far_as_the_worst_of_them() -> None:
    options = {
        MINERAL: [imports(0, 0.50), imports(1, 0.30)],
        "tungsten": [imports(0, 0.25, mineral="tungsten"), imports(1, 0.45, mineral="tungsten")],
    }
    (found,) = conflict(limited(options, non_party_import_share=0.20))
    assert found.group == "A non-party share"
    assert found.give == pytest.approx(0.30 - 0.20)
    assert "10 percentage points" in str(found)


def served(label_of: float, shares: Sequence[float]) -> Option:
    """A package with the share of defense's need served in A by state."""
    frame = frame_of(("A", "B"), np.full(len(shares), 1.0 / len(shares)))
    states = tuple(response({}, use_t=USE, assured={"defense": {"A": share}}) for share in shares)
    return Option(frame, Package(mineral=MINERAL, stage=STAGE, floor=label_of), states, states, 1000.0)


def test_a_limit_under_every_shock_gives_way_as_far_as_the_worst_shock_of_the_best_package() -> None:
    options = [served(0, (0.95, 0.70)), served(1, (0.80, 0.82)), served(2, (1.0, 0.75))]
    terms = limited({MINERAL: options}, assured_supply={"defense": 0.9})
    terms = ChoiceTerms(terms.request, options[0].frame, terms.options)
    (found,) = conflict(terms)
    assert found.group == "A supply of defense"
    assert found.give == pytest.approx(0.9 - 0.80)


def against_each_other(most_a: float, most_b: float) -> ChoiceTerms:
    """Users of A lose 1, 2 or 3; those of B 2, 1 or nothing."""
    frame = frame_of()
    options = [option(frame, float(i), {"A": -i, "B": i - 3.0}) for i in range(1, 4)]
    lines = {"A": {"user_cost": most_a * MILLION}, "B": {"user_cost": most_b * MILLION}}
    request = DesignRequest(parties=("A", "B"), gap=0.0, participation="none", red_lines=lines)
    return ChoiceTerms(request, frame, {MINERAL: options})


def test_the_least_violation_adds_up_what_every_red_line_gives() -> None:
    # Beyond 1.5 and 0.5: 0 + 1.5, 0.5 + 0.5 and 1.5 + 0 million, of largest gains of 3 + 2 million.
    terms = against_each_other(1.5, 0.5)
    with pytest.raises(NoAgreement):
        choose(terms)
    nearest = least_violation(terms)
    assert nearest.chosen[MINERAL].package.floor == 2.0
    assert nearest.objective == pytest.approx(-1.0 / 5.0)


def test_nothing_is_violated_where_an_agreement_exists() -> None:
    assert least_violation(against_each_other(2.5, 1.5)).objective == pytest.approx(0.0)


def test_the_least_violation_weighs_money_by_the_largest_gains_and_shares_as_they_are() -> None:
    # The first breaks the share by 0.1; the second, at no share, costs users 0.5 or 2 of 10 million.
    for cost, expected in ((0.5, 1.0), (2.0, 0.0)):
        options = [imports(0, 0.30, -10.0), imports(0, 0.30), imports(1, 0.0, -cost)]
        terms = limited({MINERAL: options}, non_party_import_share=0.20, user_cost=0.0)
        assert least_violation(terms).chosen[MINERAL].package.floor == expected


def test_money_moves_only_as_far_as_a_limit_needs_it() -> None:
    """B loses 1 and may be paid up to 50: it is paid 1, although any sum between would do for the objective."""
    terms = terms_of([{"A": 10.0, "B": -1.0}], transfers=50e6, participation="expected", gap=0.005)
    choice = choose(terms)
    assert choice.transfers == pytest.approx({"A": -1.0, "B": 1.0}, abs=1e-6)
    assert choice.contracts == ()
    assert choice.bound >= choice.objective - 1e-9


def test_the_margin_of_public_outlay_is_what_the_choice_leaves(world: World) -> None:
    """A bears 10 of outlay, of which a purse takes what B can bear (7), and pays B nothing or gets a lump sum."""
    names = Names(world.tables)
    for request in ({"share_outlay": True}, {"transfers": 50e6}):
        asked = line(treasury_outlay=12.0 * MILLION) | request
        terms = two_parties({"A": 4.0, "B": 7.0}, asked, outlay_usd={"A": 10.0 * MILLION})
        choice = choose(terms)
        own = choice.outlay_shares.get(MINERAL, {"A": 1.0})["A"] * 10.0 - choice.transfers["A"]
        design = Design(terms.request, names, choice=choice, proof=proof_of(choice))
        table = red_lines(design).set_index("red_line")
        assert table.loc["A: public outlay is at most 12 million USD/yr", "margin"] == pytest.approx(12.0 - own)


def proof_of(choice: Choice) -> Proof:
    return Proof(choice.expected_gain, choice.expected_gain, choice.gain, 0.0, 1, choice.chosen)


def test_a_point_to_be_signed_has_round_transfers(world: World) -> None:
    terms = terms_of([{"USA": 10.0, "JPN": -1.23456}], ("USA", "JPN"), transfers=50e6, participation="expected")
    choice, _ = signable(choose(terms), terms.request, world)
    assert choice.transfers == pytest.approx({"USA": -1.24, "JPN": 1.24})


def test_transfers_are_rounded_in_favour_of_all_but_one() -> None:
    gains = {"A": 10.0, "B": -1.23456, "C": -0.70001}
    choice = choose(terms_of([gains], ("A", "B", "C"), transfers=50e6, participation="expected"))
    rounded = in_round_numbers(choice, 50.0, 0.001)
    assert rounded.transfers["B"] == pytest.approx(1.235)
    assert rounded.transfers["C"] == pytest.approx(0.701)
    assert all(round(amount, 9) == amount for amount in rounded.transfers.values())
    assert sum(rounded.transfers.values()) == pytest.approx(0.0, abs=1e-12)
    at_the_limit = in_round_numbers(choice, -min(choice.transfers.values()), 0.001)
    assert min(at_the_limit.transfers.values()) >= min(choice.transfers.values())
