"""What the trials say of the conclusion: spans of every assumption, and what would turn the sign of a gain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from model.findings.answers import answers_sentence
from model.findings.whose import is_answer
from model.outcome import SIDES
from model.studies.ranges import AS_ASSUMED, OWN
from model.words import accounts
from model.words.numbers import (
    LEAST_USD,
    NO_CHANGE,
    changes,
    counted,
    exact,
    level,
    listing,
    money,
    signed_money,
    starting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.findings.whose import Whose
    from model.words.voice import Voice

ELASTICITY = "percent per percent"
SPANNED = ("price_status_quo_usd_per_t", "price_usd_per_t", "net_gain_usd", f"{OWN}net_gain_usd")
VERDICTS = {
    "net_gain_usd": (("the parties together gain", ""), ("the parties together lose", "")),
    "users_cost_usd": ((accounts.MOVED["users"][1], " more"), (accounts.MOVED["users"][0], "")),
}
"""Headline numbers whose sign is a conclusion, and the words before and after the amount that either sign means."""


def effect_in_words(sides: Mapping[str, Mapping[str, float]], whose: Whose) -> str:
    """What the effect told does to the parties together, account by account, to all others and to the world."""
    ours, theirs, world = (sides[side] for side in SIDES)
    parts = [accounts.moved(name, ours[name]) for name in accounts.MOVED if changes(ours[name])]
    if not parts and not any(changes(side["net"]) for side in (ours, theirs)):
        return whose.told("No account of the parties changes.")
    split = f" ({', '.join(parts)})" if parts else ""
    gain, others = (accounts.gain_or_lose(side["net"], when=" a year") for side in (ours, theirs))
    told = whose.told(f"The parties together {gain}{split}.")
    return f"{told} Non-parties {others}; the world as a whole {accounts.gain_or_lose(world['net'], one=True)}."


def parties_in_words(net_usd: Mapping[str, float], say: Voice, whose: Whose) -> list[str]:
    """How many parties gain and lose, and which gains and loses most; nothing of a single party."""
    if len(net_usd) < 2:
        return []
    parts = []
    for sign, one, several in ((1, "party gains", "parties gain"), (-1, "party loses", "parties lose")):
        side = {party: sign * usd for party, usd in net_usd.items() if sign * usd >= LEAST_USD}
        if side:
            most = max(side, key=lambda party: side[party])
            which = f"{counted(len(side), one, several)}, {'most ' if len(side) > 1 else ''}{say.the_region(most)}"
            parts.append(f"{which} ({money(side[most])} a year)")
    return [f"{starting(whose.effect)}, {' and '.join(parts) or 'no party gains or loses'}."]


def spans(trials: pd.DataFrame) -> pd.DataFrame:
    """One row per assumption: both ends tried, and at each the price, that of its own status quo, and the net gain."""
    rows: dict[str, dict[str, object]] = {}
    for trial in trials[trials["assumption"] != AS_ASSUMED].to_dict("records"):
        row, end = rows.setdefault(trial["assumption"], {"assumption": trial["assumption"]}), trial["end"]
        row |= {end: trial["value"]} | {f"{column}_{end}": trial.get(column) for column in SPANNED}
    ends = ["low", "high", *(f"{column}_{end}" for column in SPANNED for end in ("low", "high"))]
    return pd.DataFrame(list(rows.values()), columns=["assumption", *ends])


def effect_of_agreement(shocks: pd.DataFrame) -> pd.DataFrame:
    """Per shock: what the agreement adds to users' cost and to net gain [USD/yr]."""
    columns = ["users_cost_usd", "net_gain_usd"]

    def under(state: str) -> pd.DataFrame:
        found = shocks.reindex(columns=[f"{column}_{state}_agreement" for column in columns])
        return found.astype(float).set_axis(columns, axis=1)

    return under("with") - under("without")


def shocks_sentence(shocks: pd.DataFrame, say: Voice) -> str:
    """Under which shock the agreement helps the parties most, and under which it helps least or harms most."""
    effect = effect_of_agreement(shocks)["net_gain_usd"].dropna()
    if effect.empty:
        return "No named shock has a result."
    best, worst = (shocks["shock"].to_numpy()[shocks.index.get_loc(end)] for end in (effect.idxmax(), effect.idxmin()))
    if not changes(effect.abs().max()):
        moved = float(shocks.get("most_moved_usd", pd.Series(dtype=float)).max())
        together = "Under no named shock does the agreement change what the parties gain together"
        if changes(moved):
            return f"{together}; it moves up to {money(moved)} a year in an account of one of them."
        return (
            f"{together}."
            if math.isnan(moved)
            else "Under no named shock does the agreement change any party's account."
        )
    harms, helps = (not changes(max(end, 0.0)) for end in (effect.max(), -effect.min()))
    first = (
        f"The agreement {'harms the parties together least' if harms else 'does the parties together most good'} under "
        f"“{say.names.shock(str(best))}” ({_a_year(float(effect.max()))})"
    )
    last = f"under “{say.names.shock(str(worst))}” ({_a_year(float(effect.min()))})"
    return f"{first}, {'least' if helps else 'most' if harms else 'most harm'} {last}."


def answers(shocks: pd.DataFrame, say: Voice) -> str:
    """What the agreement brings the parties if an exporter answers it; nothing where no named shock is an answer."""
    gains = effect_of_agreement(shocks)["net_gain_usd"].set_axis(shocks["shock"]).dropna()
    answered = {str(name): float(gain) for name, gain in gains.items() if is_answer(str(name), say.names)}
    return answers_sentence(answered, say.names)


def _a_year(usd: float) -> str:
    return f"{signed_money(usd)} a year" if changes(usd) else NO_CHANGE


def what_would_change(
    trials: pd.DataFrame, shocks: pd.DataFrame, say: Voice, units: Mapping[str, str], *, both: bool
) -> list[str]:
    """The conclusion, every trial that turns it, every shock under which the agreement works the other way.

    ``units`` are those of the assumptions by name. Where a shock is set ``both`` it and the agreement act, and the
    conclusion is on what the agreement adds.
    """
    trials = _named(trials, say, units)
    sentences = []
    for column in VERDICTS:
        sentences += _turning(trials, column, both=both)
    sentences += _other_sign(shocks, say)
    failed = trials.loc[trials["fault"].notna(), ["told", "end"]].itertuples(index=False, name=None)
    unproved = [f"{told} at its {end} end" for told, end in failed]
    if unproved:
        sentences.append(f"No equilibrium was proved for {listing(unproved)}: nothing is known there.")
    return sentences


def turning(trials: pd.DataFrame, column: str, say: Voice, units: Mapping[str, str], *, both: bool) -> list[str]:
    """One conclusion and every trial that turns it; nothing where there is none."""
    return _turning(_named(trials, say, units), column, both=both)


def _named(trials: pd.DataFrame, say: Voice, units: Mapping[str, str]) -> pd.DataFrame:
    """The trials with names in words and units of their assumptions."""
    names = {str(name): say.names.assumption(str(name)) for name in trials["assumption"]}
    return trials.assign(told=trials["assumption"].map(names), unit=trials["assumption"].map(units).fillna(""))


def _turning(trials: pd.DataFrame, column: str, *, both: bool) -> list[str]:
    (positive, negative), state = VERDICTS[column], ""
    if both:
        is_kept = f"{OWN}{column}" in trials  # as it is not in a snapshot made before it was
        column, state = (f"{OWN}{column}", "by the agreement ") if is_kept else (column, "under shock and agreement ")
    base = trials.reindex(columns=["assumption", column]).set_index("assumption")[column].get(AS_ASSUMED)
    value = math.nan if base is None else float(base)
    if not changes(value):
        return []
    verdict, opposite = (positive, negative) if value > 0 else (negative, positive)
    others = trials[trials["assumption"] != AS_ASSUMED].dropna(subset=[column])
    turned = others[(others[column] * value < 0) & others[column].map(changes)]
    stated = f"As assumed, {state}{verdict[0]} {money(value)} a year{verdict[1]}"
    if turned.empty:
        return [f"{stated}; no single assumption, anywhere it was tried in its range, turns this."]
    causes = [
        f"{_at(told, tried, end, unit)} ({money(float(result))})"
        for told, tried, end, unit, result in turned[["told", "value", "end", "unit", column]].itertuples(
            index=False, name=None
        )
    ]
    return [f"{stated}; {opposite[0]}{opposite[1]} if {' or if '.join(causes)}."]


def _at(told: str, value: float | None, end: str, unit: str) -> str:
    """What a trial assumes, for several values at once without their numbers."""
    if value is None or math.isnan(value):
        return f"{told} let out the {'least' if end == 'low' else 'most'} that their ranges allow"
    return f"the assumption “{told}” is {_set_at(float(value), unit)}"


def _set_at(value: float, unit: str) -> str:
    """An assumption's value with its unit; a share in percent, an elasticity as the number it is."""
    if unit.startswith("share"):
        return level(value, unit) + unit.removeprefix("share")
    return exact(value) if unit == ELASTICITY else f"{exact(value)} {unit}".strip()


def _other_sign(shocks: pd.DataFrame, say: Voice) -> list[str]:
    effect = effect_of_agreement(shocks)["net_gain_usd"]
    helped, harmed = shocks[effect >= LEAST_USD], shocks[effect <= -LEAST_USD]
    if helped.empty or harmed.empty:
        return []
    fewer, verb = (helped, "helps") if len(helped) <= len(harmed) else (harmed, "harms")
    names = [f"“{say.names.shock(str(name))}”" for name in fewer["shock"]]
    return [f"The agreement {verb} the parties together only under {listing(names)}, among the named shocks."]
