"""A party's card: what it gains and from what, what it gives and gets in words, red lines with margin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from model.design.choice.limits import limits_of, margins
from model.design.choice.options import accounts
from model.design.questions.evaluate import moved_among
from model.design.wording import margins_in_words
from model.instruments import Offtake, Stockpile
from model.units import MILLION
from model.words.accounts import MOVED, SIDES
from model.words.names import CLASSES
from model.words.numbers import exact, listing, lowered, percent, starting
from model.words.yearly import money_a_year, signed_money_a_year

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from model.design.choice.options import Option
    from model.design.questions.evaluate import Evaluator, Trial
    from model.market.records import Floats
    from model.words.names import Names

NOTHING_MUSD = 1e-3
"""A loss of less is rounding: levels are in negotiable steps [million USD/yr]."""
SMALL_PART = 0.01
"""Parts of a gain below this share of the largest are left out of its words."""
SAME_PERCENT = 0.005
"""Shares that differ by less than this are told as unchanged."""

GETS = {
    **{f"{name}_musd": words for name, words in MOVED.items() if name != "transfers"},
    "treasury_musd": ("the treasury takes in", "the treasury loses"),
    "contracts_musd": MOVED["transfers"],
    "transfers_musd": ("transfers bring", "transfers cost"),
}
"""Parts of one party's gain, in words where positive and where negative."""


def cards(evaluator: Evaluator, trial: Trial) -> pd.DataFrame:
    """Per watched party: expected gain and its parts [million USD/yr], non-party share and least supply [share].

    Settlements are offtake contracts and transfers together. ``served_<class>`` is the smallest share of the class's
    need served under any shock; ``_without`` is the same, and the non-party share, without the agreement.
    """
    options = list(evaluator.options(trial).values())
    without = [option.without for option in options]

    def served(name: str, given: Sequence[Option]) -> Floats:
        least: Floats = np.min([option.assured(name).min(axis=0) for option in given], axis=0)
        return least

    gain = evaluator.frame.weight @ evaluator.gains(trial)
    parts = accounts(options)
    lump_sums = moved_among(trial.transfers, trial.members)
    parts["settlements_musd"] = gain - sum(parts.values())
    parts["transfers_musd"] = np.array([lump_sums.get(party, 0.0) for party in evaluator.frame.parties])
    parts["contracts_musd"] = parts["settlements_musd"] - parts["transfers_musd"]
    security = {
        "non_party_share": np.mean([option.non_party_share for option in options], axis=0),
        "non_party_share_without": np.mean([option.non_party_share for option in without], axis=0),
        **{f"served_{name}": served(name, options) for name in CLASSES},
        **{f"served_{name}_without": served(name, without) for name in CLASSES},
    }
    return pd.DataFrame({"party": evaluator.frame.parties, "gain_musd": gain, **parts, **security})


def sides(evaluator: Evaluator, trial: Trial) -> pd.DataFrame:
    """Expected gain and its parts of the members together, of all others and of the world [million USD/yr]."""
    regions = evaluator.world.regions
    options = [
        replace(option, frame=replace(option.frame, parties=regions)) for option in evaluator.options(trial).values()
    ]
    parts = accounts(options)
    settled = np.zeros((len(evaluator.states), len(regions)))
    for option in options:
        paid = [[response.transfers_usd.get(region, 0.0) for region in regions] for response in option.responses]
        settled += np.array(paid) / MILLION
    lump_sums = moved_among(trial.transfers, trial.members)
    parts["settlements_musd"] = evaluator.frame.weight @ settled + [lump_sums.get(name, 0.0) for name in regions]
    frame = pd.DataFrame(parts, index=list(regions))
    frame["gain_musd"] = frame.sum(axis=1)
    inside = frame.index.isin(trial.members)
    rows = [frame[inside].sum(), frame[~inside].sum(), frame.sum()]
    return pd.DataFrame(rows).assign(side=list(SIDES.values()))[["side", *frame.columns]]


def red_lines(evaluator: Evaluator, trial: Trial) -> pd.DataFrame:
    """Every red line of the evaluator's request with the margin this agreement leaves (negative = broken)."""
    options = {mineral: [option] for mineral, option in evaluator.options(trial).items()}
    parties = tuple(party for party in evaluator.frame.parties if party in evaluator.request.parties)
    limits = limits_of(evaluator.request, replace(evaluator.frame, parties=parties), options)
    received = moved_among(trial.transfers, trial.members)
    return margins(limits, evaluator.frame.parties, evaluator.gains(trial), received, {})


def signs(cards_of: pd.DataFrame, parties: Sequence[str], names: Names) -> str:
    """One sentence: who would sign in expectation and who would not, and who gets least."""
    known = dict(zip(cards_of["party"], cards_of["gain_musd"], strict=True))
    gains = {party: float(known[party]) for party in parties}
    losers = [party for party, gain in gains.items() if gain < -NOTHING_MUSD]
    total = signed_money_a_year(sum(gains.values()))
    if not losers:
        least = min(gains, key=gains.__getitem__)
        amount = signed_money_a_year(gains[least]) if gains[least] > NOTHING_MUSD else "next to nothing"
        return f"No party expects to lose by signing: together {total}; least for {names.the_region(least)}, {amount}."
    told = [f"{names.the_region(party)} ({signed_money_a_year(gains[party])})" for party in losers]
    return (
        f"{starting(listing(told))} would be worse off than without the agreement; together the parties' gain is "
        f"{total}."
    )


def gets(row: Any, trial: Trial, names: Names) -> list[str]:
    """What a party gets by the agreement: money, supply, contracts."""
    return [*_money(row, 1.0), *_supply(row, 1.0), *_contracts(row.party, trial, names)[0]]


def gives(row: Any, trial: Trial, names: Names) -> list[str]:
    """What a party gives."""
    return [*_money(row, -1.0), *_supply(row, -1.0), *_contracts(row.party, trial, names)[1]]


def _money(row: Any, sign: float) -> Iterator[str]:
    largest = max(abs(getattr(row, part)) for part in GETS)
    for part, words in GETS.items():
        amount = sign * getattr(row, part)
        if amount > SMALL_PART * largest:
            yield f"{words[0 if sign > 0 else 1]} {money_a_year(amount)}"


def _supply(row: Any, sign: float) -> Iterator[str]:
    """A change of the share from non-parties that is for the better or the worse."""
    share, before = row.non_party_share, row.non_party_share_without
    if sign * (before - share) > SAME_PERCENT:
        yield f"share from non-parties {'down' if sign > 0 else 'up'} from {percent(before)} to {percent(share)}"


def _contracts(party: str, trial: Trial, names: Names) -> tuple[list[str], list[str]]:
    """Obligations under offtakes and stockpiles: those others have towards the party, and its own."""
    bought = [offtake for offtake in trial.agreement.of(Offtake) if offtake.buyer == party]
    sold = [offtake for offtake in trial.agreement.of(Offtake) if offtake.producer == party]
    gained = [f"{what} from {names.the_regions(ends)} {at}" for what, ends, at in _together(bought, "producer", names)]
    given = [f"ships {what} to {names.the_regions(ends)} {at}" for what, ends, at in _together(sold, "buyer", names)]
    given += [
        f"holds {exact(stock.quantity)} t of {lowered(names.mineral(stock.mineral))} in stock"
        for stock in trial.agreement.of(Stockpile)
        if stock.party == party
    ]
    return gained, given


def _together(offtakes: Sequence[Offtake], end: str, names: Names) -> Iterator[tuple[str, list[str], str]]:
    """Contracts of each mineral in one: quantity, the parties at the other end, and the range of strikes."""
    for mineral in dict.fromkeys(offtake.mineral for offtake in offtakes):
        own = [offtake for offtake in offtakes if offtake.mineral == mineral]
        quantity = float(f"{sum(offtake.quantity for offtake in own):.12g}")
        what = f"{exact(quantity)} t/yr of {lowered(names.mineral(mineral))}"
        strikes = sorted({offtake.strike for offtake in own if offtake.strike is not None})
        at = "at the market price"
        if strikes:
            at = f"at {' to '.join(map(exact, dict.fromkeys((strikes[0], strikes[-1]))))} USD/t"
        yield what, [getattr(offtake, end) for offtake in own], at


def assured(row: Any) -> str:
    """The smallest share of need served under any shock, classes of industry alike together, and without agreement."""
    alike: dict[tuple[str, str], list[str]] = {}
    for name in CLASSES:
        shares = percent(getattr(row, f"served_{name}")), percent(getattr(row, f"served_{name}_without"))
        alike.setdefault(shares, []).append(name.replace("_", " "))
    return "; ".join(f"{listing(classes)} {now} ({then} without)" for (now, then), classes in alike.items())


def lines_in_words(red_lines: pd.DataFrame, names: Names) -> list[str]:
    """A party's red lines with the margin left, without the party's name."""
    told = margins_in_words(red_lines, names)
    return [
        f"{line.split(': ', 1)[-1]} (margin: {margin})"
        for line, margin in zip(told["Red line"], told["Margin"], strict=True)
    ]
