"""A drawback refunds levies that were paid, to those who export, and no more than was paid."""

from __future__ import annotations

import numpy as np
import pytest

from model.findings import Names, drawback_sentence, refunds_by_industry
from model.outcome import Outcome
from model.scenario import Scenario
from model.studies.drawback import border_change_usd, drawback
from model.words.numbers import LEAST_USD
from tests.shipped import EVERY_MINERAL, WORLD

PARTIES = ("USA", "EUN", "JPN", "KOR")
NAMES = Names(WORLD.tables)


def stage_of(mineral: str) -> str:
    base = Scenario(minerals=(mineral,), parties=PARTIES)
    return WORLD.base_years((mineral,), base)[mineral].stages[-1].stage


def with_floor(mineral: str, horizon: str, multiple: float, mechanism: str = "variable_levy") -> Outcome:
    """A floor of the parties at this multiple of what they pay in the status quo."""
    base = Scenario(minerals=(mineral,), parties=PARTIES, horizon=horizon)
    stage = stage_of(mineral)
    price = multiple * WORLD.parties_price(mineral, stage, base)
    floor = {"parties": list(PARTIES), "mineral": mineral, "stage": stage, "price": price, "mechanism": mechanism}
    return WORLD.outcome(Scenario.parse(base.model_dump(mode="json") | {"agreement": {"floors": [floor]}}, "scenario"))


@pytest.mark.parametrize("horizon", ["short", "long"])
@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_refunds_are_at_most_the_levies_paid_and_grow_with_what_is_exported(mineral: str, horizon: str) -> None:
    outcome = with_floor(mineral, horizon, 1.2)
    refunds = drawback(outcome)
    paid = refunds.groupby("region")[["levies_usd", "refund_low_usd", "refund_high_usd"]].sum()
    assert (paid.refund_low_usd <= paid.refund_high_usd * (1 + 1e-12)).all()
    assert (paid.refund_high_usd <= 0.99 * paid.levies_usd * (1 + 1e-12)).all()
    treasury = outcome.accounts.set_index("region").treasury_agreement_usd
    assert paid.levies_usd.to_numpy() == pytest.approx(treasury[paid.index].to_numpy(), rel=0.02), "ore pays the rest"
    industries = WORLD.tables["industries"].id
    most = {f"export_share_{name}": WORLD.assumptions.find(f"export_share_{name}").high for name in industries}
    scenario = outcome.scenario.model_copy(update={"assumptions": most})
    more = drawback(WORLD.outcome(scenario))
    assert len(refunds)
    assert (more.refund_low_usd >= refunds.refund_low_usd).all()
    assert more.refund_low_usd.sum() > refunds.refund_low_usd.sum()
    assert more.exports_extra_cost_usd.sum() > refunds.exports_extra_cost_usd.sum()


@pytest.mark.parametrize("mineral", ["titanium", "antimony"])
def test_what_levies_nothing_has_nothing_to_refund(mineral: str) -> None:
    outcome = with_floor(mineral, "short", 1.2, "cfd")
    assert drawback(outcome).empty
    told = drawback_sentence(drawback(outcome), border_change_usd(outcome, "USA"), "USA", NAMES)
    assert told.endswith(": there is nothing to refund.")


@pytest.mark.parametrize("horizon", ["short", "long"])
@pytest.mark.parametrize("mineral", EVERY_MINERAL)
def test_where_the_border_brings_in_less_the_sentence_says_so(mineral: str, horizon: str) -> None:
    """A charge that keeps out more duty than it takes in, at levels up to one that shuts routes."""
    outside = [region for region in WORLD.tables["regions"].id if region not in PARTIES]
    place = {"importers": list(PARTIES), "exporters": outside, "mineral": mineral, "stage": stage_of(mineral)}
    for rate in (0.05, 0.5, 5.0):
        tariff = place | {"ad_valorem": rate}
        base = Scenario(minerals=(mineral,), parties=PARTIES, horizon=horizon).model_dump(mode="json")
        outcome = WORLD.outcome(Scenario.parse(base | {"agreement": {"tariffs": [tariff]}}, "scenario"))
        refunds = drawback(outcome)
        for party in PARTIES:
            border = border_change_usd(outcome, party)
            levies = refunds.loc[refunds["region"] == party, "levies_usd"].sum()
            told = drawback_sentence(refunds, border, party, NAMES)
            assert told.startswith("Of ") is bool(levies >= LEAST_USD)
            assert ("takes in less at the border than before" in told) is (border <= -LEAST_USD)


def test_the_sentence_says_what_the_table_adds_up_to() -> None:
    refunds = drawback(with_floor("antimony", "short", 1.5))
    sentence = drawback_sentence(refunds, 1e6, "USA", NAMES)
    assert sentence.startswith("Of ")
    assert "drawback would cost the treasury, and save industries that export," in sentence
    table = refunds_by_industry(refunds, "USA", NAMES)
    assert table["Industry"].is_unique
    assert np.allclose(
        [float(text.replace(",", "")) for text in table["Refund, by content, million USD/yr"]],
        refunds[refunds.region == "USA"].sort_values("refund_high_usd", ascending=False).refund_low_usd / 1e6,
        rtol=0.01,
    )
