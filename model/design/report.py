"""A design as tables and plain JSON: term sheet, who gains and pays, red lines with their margin."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from model.design.choice.limits import limits_of, margins
from model.design.choice.options import accounts, weights
from model.instruments import KINDS, lever
from model.units import MILLION, SHARE
from model.words.levers import Lever
from model.words.numbers import listing, lowered, money
from model.words.voice import Voice
from model.words.yearly import SMALLEST_SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.design.choice import Choice
    from model.design.choice.options import Option
    from model.design.search import Design
    from model.instruments import Instrument
    from model.scenario import Scenario

    Row = tuple[str, str, str, float, str, str]


def term_sheet(design: Design) -> pd.DataFrame:
    """What would be signed, in negotiable steps: mineral, term, who, its level with unit, and a note.

    An instrument's note is its own phrase. Then come what is built, how quotas divide, and what is paid.
    """
    columns = ["mineral", "term", "who", "level", "unit", "note"]
    if design.choice is None or design.agreement is None:
        return pd.DataFrame(columns=columns)
    say = Voice(design.names, design.request.parties)
    rows = [_term_row(term, say) for _, term in design.agreement.terms()]
    rows += [row for option in design.choice.chosen.values() for row in _rows_beside(option)]
    rows += _money_rows(design.choice)
    return pd.DataFrame(rows, columns=columns)


INSTRUMENTS = {lowered(kind.title) for kind in KINDS}
"""Terms of a term sheet that are instruments."""


def _term_row(term: Instrument, say: Voice) -> Row:
    actors, name, level, unit = term.actors(), term.level_field(), 0.0, ""
    who = "all parties" if set(actors) in (set(), set(say.parties)) else ", ".join(actors)
    if name is not None:
        about, level = lever(type(term), name), getattr(term, name)
        unit = about["unit"] if about["unit"].startswith(SHARE) else Lever(about).unit
    return term.mineral, lowered(term.title), who, level, unit, term.phrase(say)


def _rows_beside(option: Option) -> Iterator[Row]:
    if option.package.is_neutral:
        yield option.mineral, "none", "all parties", 0.0, "", "nothing is agreed"
    for names, _ in option.package.trqs:
        yield from _in_quota_shares(option, names)
    for project in option.projects:
        start = "the source gives no start" if project.start_year is None else f"starts {project.start_year}"
        note = f"full cost {project.full_cost_usd_per_t:,.0f} USD/t; {project.status or 'status not given'}, {start}"
        yield option.mineral, "project", f"{project.name} ({project.region})", project.capacity_t, "t/yr", note


def _in_quota_shares(option: Option, names: tuple[str, ...]) -> Iterator[Row]:
    """How imports from non-parties, and so the quota and its rent, divide between the importers without a shock."""
    imports = {name: option.responses[0].non_party_imports_t.get(name, 0.0) for name in names}
    total = sum(imports.values())
    if len(names) > 1 and total > 0:
        for name, quantity in imports.items():
            if quantity > 0:
                yield option.mineral, "share of the TRQ", name, quantity / total, "share", "of imports without a shock"


def _money_rows(choice: Choice) -> list[Row]:
    rows = [
        ("", "transfer", party, amount * MILLION, "USD/yr", "received" if amount > 0 else "paid")
        for party, amount in choice.transfers.items()
        if abs(amount) > 1e-9
    ]
    for what, shares in (
        ("share of levies and rents", choice.revenue_shares),
        ("share of outlays", choice.outlay_shares),
    ):
        rows += [(k, what, party, share, "share", "") for k, own in shares.items() for party, share in own.items()]
    return rows


def gains(design: Design) -> pd.DataFrame:
    """Expected gain by party with its parts, predicted beside verified [million USD/yr].

    The accounts are the package's; settlements, transfers and purses are what the verified gain adds to them.
    """
    assert design.choice is not None, "a design without an agreement has no gains"
    assert design.proof is not None, "a choice that is reported was verified"
    parties = design.request.parties
    parts = accounts(list(design.choice.chosen.values()))
    verified = np.array([design.proof.verified[party] for party in parties])
    return pd.DataFrame(
        {
            "party": parties,
            **parts,
            "settlements_musd": verified - sum(parts.values()),
            "predicted_musd": [design.proof.predicted[party] for party in parties],
            "verified_musd": verified,
        }
    )


def sides(design: Design) -> dict[str, float]:
    """Verified gains of the parties together, of non-parties and the world, and what of the first is created or taken.

    In million USD a year, expected. What non-parties lose is taken from them, by better terms of trade, as far as the
    parties gain it.
    """
    assert design.proof is not None, "a design without an agreement has no gains"
    ours, theirs, taken = sum(design.proof.verified.values()), design.proof.outsiders, design.proof.taken
    return {
        "parties_musd": ours,
        "non_parties_musd": theirs,
        "world_musd": ours + theirs,
        "created_musd": ours - taken,
        "taken_from_non_parties_musd": taken,
    }


def security(design: Design) -> pd.DataFrame:
    """By party and mineral: non-party share and the smallest share of need served in any state, with and without."""
    assert design.choice is not None, "a design without an agreement changes nothing"
    rows = []
    for mineral, option in design.choice.chosen.items():
        without = option.without
        served = without.least_served, option.least_served
        for at, party in enumerate(option.frame.parties):
            shares = float(without.non_party_share[at]), float(option.non_party_share[at])
            rows.append((party, mineral, *shares, float(served[0][at]), float(served[1][at])))
    columns = [
        "party",
        "mineral",
        "non_party_share_without",
        "non_party_share",
        "least_assured_without",
        "least_assured",
    ]
    return pd.DataFrame(rows, columns=columns)


def red_lines(design: Design) -> pd.DataFrame:
    """Every red line with what the agreement makes of it and the margin left (negative = broken)."""
    choice = design.choice
    if choice is None or design.proof is None:
        return margins([], (), np.empty((0, 0)), {}, {})
    frame = next(iter(choice.chosen.values())).frame
    limits = limits_of(design.request, frame, {mineral: [option] for mineral, option in choice.chosen.items()})
    purse = dict.fromkeys(frame.parties, 0.0)
    for mineral, shares in choice.outlay_shares.items():
        paid = choice.chosen[mineral].expected(choice.chosen[mineral].outlay)
        for party, own in zip(frame.parties, paid.tolist(), strict=True):
            purse[party] += shares[party] * float(paid.sum()) - own
    return margins(limits, frame.parties, design.proof.verified_gain, choice.transfers, purse)


def scenario_of(design: Design) -> Scenario:
    """The recommended agreement as a scenario without a shock, to be loaded anywhere."""
    assert design.agreement is not None, "a design without an agreement cannot be loaded"
    return design.request.scenario(design.agreement)


def result(design: Design) -> dict[str, Any]:
    """The RESULT file: everything above with what it rests on.

    Of each state, ``weight`` is what it counts in every expected value of the file. ``probability`` is the chance in a
    year: of a shock its hazard, which is its weight too; of "no_shock" that of a year without any.
    """
    content: dict[str, Any] = {
        "request": design.request.model_dump(mode="json"),
        "states": [
            {
                "name": state.name,
                "probability": state.probability,
                "weight": weight,
                "minerals": list(state.minerals),
            }
            for state, weight in zip(design.states, weights(design.states).tolist(), strict=True)
        ],
        "status": _status(design),
        "conflicts": [asdict(each) | {"text": str(each)} for each in design.conflicts],
        "worth_of_limits": [asdict(each) | {"text": str(each)} for each in design.worths],
        "notes": list(design.notes),
    }
    if design.choice is None:
        return content
    return content | {
        "term_sheet": term_sheet(design).to_dict("records"),
        "gains": gains(design).to_dict("records"),
        "sides": sides(design),
        "security": security(design).to_dict("records"),
        "red_lines": red_lines(design).to_dict("records"),
        "projects": {mineral: list(ids) for mineral, ids in design.projects.items()},
        "scenario": scenario_of(design).model_dump(mode="json", by_alias=True),
    }


def _status(design: Design) -> dict[str, Any]:
    tried = {"packages_tried": design.packages_tried, "packages_left_out": design.packages_left_out}
    if design.choice is None or design.proof is None:
        return {"found": False, **tried}
    return {
        "found": True,
        "objective": design.choice.objective,
        "bound": design.choice.bound,
        "gap": design.choice.gap,
        "gap_proved": design.choice.is_proved,
        "verified_gap": design.proof.difference,
        "proof_rounds": design.proof.rounds,
        **tried,
    }


def headline(design: Design) -> str:
    """One sentence: what is recommended and who gains, or what stands in the way."""
    if design.choice is None or design.proof is None:
        groups = ", ".join(each.group for each in design.conflicts)
        those = "These cannot hold together" if len(design.conflicts) > 1 else "This one cannot be met"
        return f"No agreement on this menu meets all red lines. {those}: {groups}."
    if design.choice.is_neutral:
        return "No package on this menu that all can sign is better than no agreement."
    verified = design.proof.verified
    losers = [party for party, value in verified.items() if value < -SMALLEST_SHOWN]
    sentence = f"The parties together gain {money(sum(verified.values()) * MILLION)} a year in expectation"
    if losers:
        return f"{sentence}; {listing(losers)} would be worse off."
    least = min(verified, key=lambda party: verified[party])
    if verified[least] < SMALLEST_SHOWN:
        return f"{sentence}; nobody loses."
    return f"{sentence}; the least goes to {least}, {money(verified[least] * MILLION)}."
