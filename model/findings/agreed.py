"""The sentence a page starts with: what is agreed, several instruments of a kind told together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.findings.terms import agreement_in_words
from model.instruments import KINDS
from model.words.numbers import listing, lowered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.scenario import Scenario
    from model.words.names import Names


LONGEST = 345
"""Letters of a sentence that leaves room for the first charts: three lines of a screen 1,440 wide."""


def agreement_in_short(
    scenario: Scenario, mineral: str, names: Names, verdicts: Sequence[str] = (), *, every_shock: bool = False
) -> str:
    """What the parties agree on a mineral and which shock hits, several instruments of a kind told together.

    Tariff-rate quotas that divide one become that one, several offtakes or stockpiles a number and a sum. Where that
    is still too long, terms from the end become a number. The ``verdicts`` on whether it comes about stand first.
    """
    agreement = scenario.agreement
    told, more = {}, []
    for kind in KINDS:
        terms, rest = kind.together(agreement.of(kind, mineral))
        if rest:
            told[kind.key] = tuple(terms)
            more.append(rest)
    short = scenario.model_copy(update={"agreement": agreement.model_copy(update=told)})
    beside = f"to {listing(more)}" if more else ""
    count = len(list(short.agreement.terms(mineral))) + bool(more)
    for most in range(count, 1, -1):
        said = agreement_in_words(short, mineral, names, beside, verdicts, most, every_shock)
        if len(said) <= LONGEST:
            return said
    return agreement_in_words(short, mineral, names, beside, verdicts, 1, every_shock)


def one_of_several(mineral: str, minerals: Sequence[str], names: Names) -> str:
    """That the sentence is on one of the minerals that a page counts; nothing where there is no other."""
    if len(minerals) < 2:
        return ""
    counted = listing([lowered(names.mineral(each)) for each in minerals])
    return f"Told above: {lowered(names.mineral(mineral))}. Counted on this page: {counted}."
