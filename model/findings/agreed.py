"""The sentence a page starts with: what is agreed, several instruments of a kind told together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.findings.terms import agreement_in_words
from model.instruments import Offtake, Stockpile, Trq
from model.words.levers import DIGITS
from model.words.numbers import exact, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.scenario import Scenario
    from model.words.names import Names


LONGEST = 345
"""Letters of a sentence that leaves room for the first charts: three lines of a screen 1,440 wide."""


def agreement_in_short(scenario: Scenario, mineral: str, names: Names, missed: Sequence[str] = ()) -> str:
    """What the parties agree on a mineral and which shock hits, several instruments of a kind told together.

    Tariff-rate quotas that divide one become that one, several offtakes or stockpiles a number and a sum. Where that
    is still too long, terms from the end become a number. ``missed`` are sentences on what of it does not come about.
    """
    agreement = scenario.agreement
    quotas = agreement.of(Trq, mineral)
    contracts = agreement.of(Offtake, mineral)
    stocks = agreement.of(Stockpile, mineral)
    told: dict[str, tuple[Any, ...]] = {}
    more = []
    side = _divided(quotas)
    if side is not None:
        whole = {"quantity": sum(each.quantity for each in quotas), side: sum((getattr(q, side) for q in quotas), ())}
        told["trqs"] = (quotas[0].model_copy(update=whole),)
        more.append(f"divide the quota in {len(quotas)}")
    if len(contracts) > 1:
        told["offtakes"] = ()
        more.append(f"sign {len(contracts)} offtakes over {_sum(contracts)} t/yr")
    if len(stocks) > 1:
        told["stockpiles"] = ()
        more.append(f"hold {len(stocks)} stockpiles of {_sum(stocks)} t together")
    short = scenario.model_copy(update={"agreement": agreement.model_copy(update=told)})
    beside = f"to {listing(more)}" if more else ""
    count = len(list(short.agreement.terms(mineral))) + bool(more)
    for most in range(count, 1, -1):
        said = agreement_in_words(short, mineral, names, beside, missed, most)
        if len(said) <= LONGEST:
            return said
    return agreement_in_words(short, mineral, names, beside, missed, most=1)


def _divided(quotas: Sequence[Trq]) -> str | None:
    """The side on which quotas divide one among them, each region in one and all else alike; None where they do not."""
    for side in ("importers", "exporters"):
        regions = [region for each in quotas for region in getattr(each, side)]
        rest = {each.model_copy(update={side: ("",), "quantity": 0.0}) for each in quotas}
        if len(rest) == 1 < len(quotas) and len(set(regions)) == len(regions):
            return side
    return None


def _sum(terms: Iterable[Offtake | Stockpile]) -> str:
    """The quantities of several terms together, without what adding shares of a tonne leaves behind."""
    return exact(float(f"{sum(term.quantity for term in terms):.{DIGITS}g}"))
