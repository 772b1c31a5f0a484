"""One lever: the lowest floor, the largest quota or the smallest stock that reaches a target, or why none does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.design.questions.aims import MEASURES, Aim, amount, measured
from model.design.questions.levels import (
    HIGHEST_FLOOR,
    SCAN_POINTS,
    SHARPNESS,
    SLACK_QUOTA,
    level_search,
    tries_of,
    work_out,
)
from model.errors import ScenarioError
from model.instruments import Agreement, Duty, Floor, Stockpile, Trq
from model.records import choices
from model.words.numbers import figures
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.design.questions.evaluate import Evaluator, Trial
    from model.words.names import Names

LARGEST_STOCK = 0.5
"""Stocks are looked for up to this share of a year's use."""


@dataclass(frozen=True)
class Lever:
    """A lever one can ask for alone: its name, which end is the gentlest, and its unit."""

    name: str
    gentlest: str
    unit: str


LEVERS = {
    "floor": Lever("price floor", "lowest", "USD/t"),
    "trq": Lever("tariff-rate quota on imports from non-parties", "largest", "t/yr"),
    "stockpile": Lever("stockpile of the parties", "smallest", "t"),
}


@dataclass(frozen=True)
class LeverAnswer:
    """What one lever can do for an aim. ``now`` and ``value`` are the measure as agreed now and at the level.

    ``agreement`` holds the level; both are None where no level reaches the target. ``is_idle`` says that the target is
    met without the lever.
    """

    lever: str
    mineral: str
    aim: Aim
    level: float | None
    value: float
    now: float
    range: tuple[float, float]
    is_idle: bool
    agreement: Agreement | None
    why_not: tuple[str, ...]


def one_lever(
    evaluator: Evaluator, trial: Trial, mineral: str, lever: str, aim: Aim
) -> Iterator[Progress[LeverAnswer | None]]:
    """The gentlest level of one lever at which an aim is reached, everything else as agreed.

    The lowest floor, the largest TRQ quantity that still restricts enough, or the smallest stockpile. Yields progress;
    the last step is the :class:`LeverAnswer`.

    Raises:
        ScenarioError: for an unknown lever or measure.
    """
    if lever not in LEVERS:
        raise ScenarioError(f"unknown lever {lever!r}; {choices(LEVERS, lever)}")
    if aim.measure not in MEASURES:
        raise ScenarioError(f"unknown measure {aim.measure!r}; {choices(MEASURES, aim.measure)}")
    sign = -1.0 if MEASURES[aim.measure].at_most else 1.0
    levels = _range_of(evaluator, trial, mineral, lever)
    sharpness = SHARPNESS * abs(levels[-1] - levels[0])
    tries = tries_of(levels, sharpness)
    found = yield from work_out(
        evaluator,
        level_search(sign * aim.target, levels, sharpness),
        lambda level: with_level(evaluator, trial, mineral, lever, level),
        lambda each: sign * measured(evaluator, each, mineral, aim),
        tries,
    )
    last = with_level(evaluator, trial, mineral, lever, levels[-1] if found.level is None else found.level)
    answer = LeverAnswer(
        lever=lever,
        mineral=mineral,
        aim=aim,
        level=found.level,
        value=sign * found.value,
        now=measured(evaluator, trial, mineral, aim),
        range=(levels[0], levels[-1]),
        is_idle=found.level == levels[0],
        agreement=None if found.level is None else last.agreement,
        why_not=_why_not(evaluator, last, mineral) if found.level is None else (),
    )
    yield Progress(tries + 1, tries + 1, "done", answer)


def _why_not(evaluator: Evaluator, trial: Trial, mineral: str) -> tuple[str, ...]:
    """Why floors cannot hold under a trial, each reason once."""
    responses = evaluator.options(trial)[mineral].responses
    return tuple(dict.fromkeys(reason for response in responses for reason in response.why_not))


def _range_of(evaluator: Evaluator, trial: Trial, mineral: str, lever: str) -> list[float]:
    """Levels to scan, the one that does nothing first."""
    option = evaluator.options(trial)[mineral]
    if lever == "floor":
        shares = [0.0, *np.linspace(0.5, HIGHEST_FLOOR, 2 * SCAN_POINTS - 1)]
        return [float(share) * option.reference_price for share in shares]
    neutral = option.neutral[0]
    if lever == "trq":
        imports = sum(neutral.non_party_imports_t.get(party, 0.0) for party in trial.members)
        return [float(level) for level in np.linspace(SLACK_QUOTA * imports, 0.0, SCAN_POINTS)]
    use = sum(neutral.use_t.get(party, 0.0) for party in trial.members)
    return [float(level) for level in np.linspace(0.0, LARGEST_STOCK * use, SCAN_POINTS)]


def with_level(evaluator: Evaluator, trial: Trial, mineral: str, lever: str, level: float) -> Trial:
    """The trial with one lever at another level; an instrument that is not there yet is added with the menu's terms."""
    change = {"floor": _with_floor, "trq": _with_trq, "stockpile": _with_stocks}[lever]
    return replace(trial, agreement=change(evaluator, trial, mineral, level))


def _with_floor(evaluator: Evaluator, trial: Trial, mineral: str, price: float) -> Agreement:
    agreement = trial.agreement
    stage = evaluator.world.stages[mineral][-1]
    own = next((f for f in agreement.floors if f.mineral == mineral and f.stage == stage), None)
    others = tuple(floor for floor in agreement.floors if floor is not own)
    if price <= 0:
        return agreement.model_copy(update={"floors": others})
    if own is None:
        floor = Floor(parties=trial.members, mineral=mineral, stage=stage, price=price)
    else:
        ceiling = None if own.ceiling is None else max(own.ceiling, price)
        floor = own.model_copy(update={"price": price, "ceiling": ceiling})
    return agreement.model_copy(update={"floors": (*others, floor)})


def _with_trq(evaluator: Evaluator, trial: Trial, mineral: str, quantity: float) -> Agreement:
    agreement = trial.agreement
    own = [trq for trq in agreement.trqs if trq.mineral == mineral]
    others = tuple(trq for trq in agreement.trqs if trq.mineral != mineral)
    if own:
        total = sum(trq.quantity for trq in own)
        shares = [trq.quantity / total if total else 1 / len(own) for trq in own]
        changed = tuple(trq.model_copy(update={"quantity": quantity * s}) for trq, s in zip(own, shares, strict=True))
        return agreement.model_copy(update={"trqs": (*others, *changed)})
    outsiders = tuple(region for region in evaluator.world.regions if region not in trial.members)
    stage = evaluator.world.stages[mineral][-1]
    rate = Duty(ad_valorem=max(evaluator.request.menu.over_quota_rates))
    trq = Trq(
        importers=trial.members, exporters=outsiders, mineral=mineral, stage=stage, quantity=quantity, over_quota=rate
    )
    return agreement.model_copy(update={"trqs": (*others, trq)})


def _with_stocks(evaluator: Evaluator, trial: Trial, mineral: str, total: float) -> Agreement:
    """Stocks of all members in proportion to their use, sold at the price agreed or else the menu's."""
    agreement = trial.agreement
    own = [stock for stock in agreement.stockpiles if stock.mineral == mineral]
    others = tuple(stock for stock in agreement.stockpiles if stock.mineral != mineral)
    option = evaluator.options(replace(trial, agreement=Agreement()))[mineral]
    use = {party: option.neutral[0].use_t.get(party, 0.0) for party in trial.members}
    everyone = sum(use.values())
    price = own[0].release_above if own else evaluator.request.menu.release_above * option.reference_price
    stage = evaluator.world.stages[mineral][-1]
    stocks = tuple(
        Stockpile(party=party, mineral=mineral, stage=stage, quantity=total * amount / everyone, release_above=price)
        for party, amount in use.items()
        if amount > 0 and total > 0
    )
    return agreement.model_copy(update={"stockpiles": (*others, *stocks)})


def answer_in_words(answer: LeverAnswer, names: Names) -> str:
    """The answer in one or two sentences."""
    lever, measure = LEVERS[answer.lever], MEASURES[answer.aim.measure]
    whose = f" of {names.the_region(answer.aim.party)}" if answer.aim.party else ""
    if not answer.aim.party and measure.by_party:
        whose = " of all parties together"
    bound = "at most" if measure.at_most else "at least"
    goal = f"the {measure.name}{whose} is {bound} {amount(answer.aim.target, measure)}"
    now = f"with what is agreed now it is {amount(answer.now, measure)}"
    if answer.level is None:
        first, last = (f"{figures(level)}" for level in sorted(answer.range))
        best = "least" if measure.at_most else "most"
        why = f" In some states a floor cannot hold: {'; '.join(answer.why_not)}." if answer.why_not else ""
        return (
            f"No {lever.name} between {first} and {last} {lever.unit} does it, everything else as agreed: the {best} "
            f"that the {measure.name}{whose} comes to is {amount(answer.value, measure)}; {now}.{why}"
        )
    if answer.is_idle:
        return f"No {lever.name} is needed: without one {goal} already ({amount(answer.value, measure)}); {now}."
    return (
        f"The {lever.gentlest} {lever.name} with which {goal} is {figures(answer.level)} {lever.unit}: it comes to "
        f"{amount(answer.value, measure)}; {now}."
    )
