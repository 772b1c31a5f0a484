"""Equivalence: the level of another instrument that gives producers the same price, and who then pays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from model.design.choice.options import GAIN_PARTS, accounts
from model.design.questions.aims import producer_price
from model.design.questions.levels import first_reaching
from model.design.questions.levers import PROHIBITIVE, levels_of, with_more
from model.design.wording import level_in_words
from model.errors import AccordError
from model.instruments import Duty, Floor, Mechanism, Tariff, Trq
from model.words.accounts import TREASURIES, USERS
from model.words.numbers import exact, figures, lowered
from model.words.yearly import signed_money_a_year
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from model.design.questions.evaluate import Evaluator, Trial
    from model.words.names import Names

SAME_PRICE = 1e-5
"""Producers' prices that differ by less than this share are the same."""

SUPPORT: tuple[type[Floor | Trq | Tariff], ...] = (Floor, Trq, Tariff)
"""What gives way to the one instrument."""


@dataclass(frozen=True)
class Support:
    """An instrument that can support producers' price: its name, what is set, the unit of that, and its other terms."""

    name: str
    lever: str
    unit: str
    terms: dict[str, Any] = field(default_factory=dict)


INSTRUMENTS = {
    **{each.value: Support(f"Floor by {each.words}", "floor", "USD/t", {"mechanism": each}) for each in Mechanism},
    "tariff": Support("Tariff on non-parties", "tariff", "share of value"),
    "trq": Support("Quota on non-parties", "trq", "t/yr", {"over_quota": Duty(ad_valorem=PROHIBITIVE)}),
}


@dataclass(frozen=True)
class Equivalent:
    """An instrument at the level that gives producers the same price, and who then pays, by account and party.

    ``level`` is None where no level does, ``reason`` says why; ``producer_price_usd_per_t`` is then the most it gives.
    """

    instrument: str
    level: float | None
    producer_price_usd_per_t: float
    accounts: dict[str, dict[str, float]] = field(default_factory=dict)
    reason: str = ""


def equivalents(
    evaluator: Evaluator, trial: Trial, mineral: str, applied_by: Sequence[str] = ()
) -> Iterator[Progress[list[Equivalent] | None]]:
    """For each instrument the level that gives the members' producers the price they have under the trial.

    Floors, TRQs and tariffs of the trial give way to the one instrument. ``applied_by`` names those whose instrument it
    would be (one party's legal means); all members where none is given. The price is the members' producers' at the
    last stage, expected over states and weighted by output. Yields progress; the last step is the list of
    :class:`Equivalent`.

    Raises:
        ScenarioError: when no member produces the mineral.
    """
    for step in evaluator.fill([trial]):
        yield replace(step, done=0, total=1)
    target = producer_price(evaluator, trial, mineral)
    users = tuple(applied_by or trial.members)
    kept = {kind.key: [each for each in trial.agreement.of(kind) if each.mineral != mineral] for kind in SUPPORT}
    bare = replace(trial, agreement=trial.agreement.model_copy(update={key: tuple(own) for key, own in kept.items()}))
    found = []
    for position, name in enumerate(INSTRUMENTS):
        search = _equivalent(evaluator, bare, mineral, name, target, users)
        found.append((yield from _part(search, position, len(INSTRUMENTS))))
    yield Progress(1, 1, "done", found)


def _part(
    search: Generator[Progress[None], None, Equivalent], position: int, parts: int
) -> Generator[Progress[None], None, Equivalent]:
    """Progress of one instrument's search as part of all of them."""
    while True:
        try:
            step = next(search)
        except StopIteration as ended:
            found: Equivalent = ended.value
            return found
        yield replace(step, done=position * step.total + step.done, total=parts * step.total)


def _equivalent(
    evaluator: Evaluator, bare: Trial, mineral: str, name: str, target: float, users: tuple[str, ...]
) -> Generator[Progress[None], None, Equivalent]:
    tried = INSTRUMENTS[name]

    def at(level: float) -> Trial:
        more = with_more(evaluator, bare, mineral, tried.lever, level, users, **tried.terms)
        return replace(bare, agreement=more)

    levels = levels_of(evaluator, bare, mineral, tried.lever)
    if tried.lever == "floor":  # never none; half as many are enough, since the price only rises with the floor
        levels = levels[1::2]
    try:
        reached = yield from first_reaching(
            evaluator, target * (1.0 - SAME_PRICE), levels, at, lambda trial: producer_price(evaluator, trial, mineral)
        )
    except AccordError as error:
        return Equivalent(name, None, float("nan"), reason=str(error))
    if reached.level is None:
        low, high = sorted((levels[0], levels[-1]))
        reason = (
            f"no level from {exact(low)} to {exact(high)} {tried.unit} gives {figures(target)} USD/t; "
            f"the most is {figures(reached.value)} USD/t"
        )
        return Equivalent(name, None, reached.value, reason=reason)
    parts = accounts([evaluator.options(at(reached.level))[mineral]])
    parties = evaluator.frame.parties
    by_party = {name: dict(zip(parties, own.tolist(), strict=True)) for name, own in parts.items()}
    return Equivalent(name, reached.level, reached.value, by_party)


def totals(found: Sequence[Equivalent], parties: Sequence[str]) -> pd.DataFrame:
    """Who pays under each instrument, over all parties together [million USD/yr]; where no level does, the reason."""
    rows: list[dict[str, object]] = []
    for each in found:
        instrument = INSTRUMENTS[each.instrument]
        if each.level is None:
            rows.append({"instrument": instrument.name, "level": f"none: {each.reason}"})
            continue
        parts = {name: sum(own[party] for party in parties) for name, own in each.accounts.items()}
        level, price = level_in_words(each.level, instrument.unit), each.producer_price_usd_per_t
        total = {**parts, "gain_musd": sum(parts.values())}
        rows.append({"instrument": instrument.name, "level": level, "producer_price_usd_per_t": price, **total})
    columns = ["instrument", "level", "producer_price_usd_per_t", *GAIN_PARTS, "gain_musd"]
    return pd.DataFrame(rows, columns=columns)


def by_party(found: Sequence[Equivalent], parties: Sequence[str], names: Names) -> pd.DataFrame:
    """The same party by party, for those instruments that have a level [million USD/yr]."""
    rows = [
        (INSTRUMENTS[each.instrument].name, names.region(party), *(own[party] for own in each.accounts.values()))
        for each in found
        if each.level is not None
        for party in parties
    ]
    return pd.DataFrame(rows, columns=["instrument", "party", *GAIN_PARTS])


def equivalence_in_words(found: Sequence[Equivalent], parties: Sequence[str]) -> str:
    """How many instruments give the same price, and under which users and treasuries fare worst."""
    table = totals(found, parties).dropna(subset=["gain_musd"])
    if len(table) < 2:
        return f"{'No' if table.empty else 'Only one'} instrument tried gives producers the price they have now."
    target = figures(float(table["producer_price_usd_per_t"].iloc[0]))
    return (
        f"{len(table)} instruments give producers the expected price of {target} USD/t they have now. "
        f"{_worst(table, 'users_musd', USERS)} {_worst(table, 'treasury_musd', TREASURIES)}"
    )


def _worst(table: pd.DataFrame, account: str, whose: str) -> str:
    """Under which instrument an account fares worst."""
    amounts = table[account].to_list()
    least = min(amounts)
    instrument = str(table["instrument"].to_list()[amounts.index(least)])
    return f"{whose} fare worst by {lowered(instrument)}: {signed_money_a_year(least)}."
