"""Red lines and participation as linear limits over the options, each with the sentence that states it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from model.design.problem.draft import LINES
from model.units import MILLION, MONEY, SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from model.design.choice.options import Frame, Option
    from model.design.problem.request import DesignRequest
    from model.market.records import Floats

    Cells = dict[tuple[str, int], float]

PARTICIPATION = "participation"
SECURITY = "security"
EVERY_PARTY = "all parties"
SECURITY_SLACK = 0.005
"""By how much a deal may lower the parties' security: what rounding of levels and routes of no weight moves [share]."""


@dataclass(frozen=True)
class Limit:
    """``sum of of_options over the chosen options <= most``, money in million USD a year.

    ``group`` names the red line it belongs to: all limits of a group (one per state and mineral, say) give way
    together. With a ``state_weight`` the party's gain in those states is subtracted (participation);
    ``is_outlay`` subtracts the lump sum it receives and counts its share of common outlays.
    """

    group: str
    party: str
    unit: str
    of_options: Cells
    most: float
    sentence: str
    state_weight: Floats | None = None
    is_outlay: bool = False


def limits_of(request: DesignRequest, frame: Frame, options: Mapping[str, Sequence[Option]]) -> list[Limit]:
    """All limits of a request over its options."""
    limits: list[Limit] = []
    if request.keep_security:
        limits += _security(options)
    for party in frame.parties:
        limits += _money_lines(request, frame, options, party)
        limits += _supply_lines(request, frame, options, party)
        limits += _participation(request, frame, party)
    return limits


def _cells(options: Mapping[str, Sequence[Option]]) -> Iterator[tuple[tuple[str, int], Option]]:
    for mineral, of_mineral in options.items():
        for position, option in enumerate(of_mineral):
            yield (mineral, position), option


def _money_lines(
    request: DesignRequest, frame: Frame, options: Mapping[str, Sequence[Option]], party: str
) -> Iterator[Limit]:
    lines, at = request.limits(party), frame.parties.index(party)

    def expected(name: str, sign: float) -> Cells:
        return {cell: sign * float(option.expected(getattr(option, name))[at]) for cell, option in _cells(options)}

    bounded: tuple[tuple[str, str, float, dict[str, Any]], ...] = (
        ("user_cost", "users", -1.0, {}),
        ("producer_revenue", "producer_revenue", -1.0, {}),
        ("treasury_outlay", "outlay", 1.0, {"is_outlay": True}),
    )
    for kind, account, sign, counts in bounded:
        amount = getattr(lines, kind)
        if amount is not None:
            most = (-amount if kind == "producer_revenue" else amount) / MILLION
            group, text = f"{party} {kind.replace('_', ' ')}", LINES[kind].sentence(party, amount)
            yield Limit(group, party, MONEY, expected(account, sign), most, text, **counts)
    for industry, amount in lines.industry_cost.items():
        of_options = {cell: option.industry_cost(party, industry) for cell, option in _cells(options)}
        text = LINES["industry_cost"].sentence(party, amount, industry)
        yield Limit(f"{party} cost of {industry}", party, MONEY, of_options, amount / MILLION, text)


def _supply_lines(
    request: DesignRequest, frame: Frame, options: Mapping[str, Sequence[Option]], party: str
) -> Iterator[Limit]:
    lines, at = request.limits(party), frame.parties.index(party)
    for mineral, of_mineral in options.items():
        if lines.non_party_import_share is not None:
            shares = {(mineral, p): float(option.non_party_share[at]) for p, option in enumerate(of_mineral)}
            most = lines.non_party_import_share
            text = LINES["non_party_import_share"].sentence(party, most)
            yield Limit(f"{party} non-party share", party, SHARE, shares, most, text)
        for name, least in lines.assured_supply.items():
            served = [option.assured(name)[:, at] for option in of_mineral]
            text = LINES[name].sentence(party, least)
            for state in _distinct(served):
                cells = {(mineral, p): -float(of_option[state]) for p, of_option in enumerate(served)}
                yield Limit(f"{party} supply of {name}", party, SHARE, cells, -least, text)


def _security(options: Mapping[str, Sequence[Option]]) -> Iterator[Limit]:
    """Of every mineral, the parties together depend no more on others and are served no worse than without."""
    for mineral, of_mineral in options.items():
        neutral = of_mineral[0].without
        shares = {(mineral, p): 1.0 - option.independence for p, option in enumerate(of_mineral)}
        most, text = 1.0 - neutral.independence + SECURITY_SLACK, "no more of what they use from non-parties"
        yield Limit(f"{mineral} {SECURITY}", EVERY_PARTY, SHARE, shares, most, f"All parties: {text}, of {mineral}")
        served = {(mineral, p): -option.least_assured for p, option in enumerate(of_mineral)}
        least, text = neutral.least_assured - SECURITY_SLACK, "no smaller share of need served under any shock"
        yield Limit(f"{mineral} {SECURITY}", EVERY_PARTY, SHARE, served, -least, f"All parties: {text}, of {mineral}")


def _distinct(served: Sequence[Floats]) -> list[int]:
    """States that differ from those before: a shock that does not touch a mineral repeats "no shock"."""
    columns = np.array(served)
    seen: dict[bytes, int] = {}
    for state in range(columns.shape[1]):
        seen.setdefault(columns[:, state].tobytes(), state)
    return sorted(seen.values())


def _participation(request: DesignRequest, frame: Frame, party: str) -> Iterator[Limit]:
    if request.participation == "none":
        return
    text = f"{party}: no worse off than without the agreement"
    group = f"{party} {PARTICIPATION}"
    yield Limit(group, party, MONEY, {}, 0.0, text, state_weight=frame.weight)
    if request.participation == "every_state":
        for state in range(len(frame.states)):
            only = np.eye(len(frame.states))[state]
            yield Limit(group, party, MONEY, {}, 0.0, f"{text}, under every shock", state_weight=only)


def margins(
    limits: Iterable[Limit],
    parties: Sequence[str],
    gain: Floats,
    received: Mapping[str, float],
    purse: Mapping[str, float],
) -> pd.DataFrame:
    """Every red line with the margin that one agreement leaves, the tightest of its group (negative = broken).

    ``limits`` are over the agreement's options alone. In million USD a year: ``gain`` [state, party], lump sums
    ``received`` (paid ones negative), and what a common ``purse`` takes for outlays beyond a party's own.
    """
    tightest: dict[str, tuple[str, str, float, str]] = {}
    for limit in limits:
        amount = sum(limit.of_options.values())
        if limit.state_weight is not None:
            amount -= float(limit.state_weight @ gain[:, parties.index(limit.party)])
        if limit.is_outlay:
            amount += purse.get(limit.party, 0.0) - received.get(limit.party, 0.0)
        margin = limit.most - amount
        if limit.group not in tightest or margin < tightest[limit.group][2]:
            tightest[limit.group] = (limit.party, limit.sentence, margin, limit.unit)
    return pd.DataFrame(tightest.values(), columns=["party", "red_line", "margin", "unit"])
