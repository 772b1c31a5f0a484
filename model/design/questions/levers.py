"""One lever: the lowest floor, the largest quota or the smallest stock that reaches a target, or why none does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from model.design.questions.aims import MEASURES, Aim, amount, measured
from model.design.questions.levels import first_reaching
from model.errors import ScenarioError
from model.instruments import Agreement, Duty, Floor, Stockpile, Tariff, Trq
from model.records import choices
from model.words.levers import rounded
from model.words.numbers import exact
from model.words.why_not import Readable
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from model.design.questions.evaluate import Evaluator, Trial
    from model.words.names import Names
    from model.words.why_not import WhyNot

SCAN_POINTS = 9
"""Levels tried over a lever's range before the first that reaches the target is bracketed."""
HIGHEST_FLOOR = 2.0
"""Floors are looked for up to this multiple of the status-quo price."""
PROHIBITIVE = 2.0
"""Over-quota rate at which a TRQ acts as a quota [share of value]; also the highest tariff tried."""
SLACK_QUOTA = 1.25
"""A quota this much larger than the status quo's imports restricts nothing."""
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
    "stockpile": Lever("stockpile of all parties together", "smallest", "t"),
}


@dataclass(frozen=True)
class LeverAnswer:
    """What one lever can do for an aim. ``now`` and ``value`` are the measure as agreed now and at the level.

    ``agreement`` holds the level; both are None where no level reaches the target. ``is_idle`` says that the target is
    met without the lever, ``why_not`` in which parties a floor cannot hold, and why.
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
    why_not: tuple[WhyNot, ...]


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
    levels = levels_of(evaluator, trial, mineral, lever)
    found = yield from first_reaching(
        evaluator,
        sign * aim.target,
        levels,
        lambda level: with_level(evaluator, trial, mineral, lever, level),
        lambda each: sign * measured(evaluator, each, mineral, aim),
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
    yield Progress(1, 1, "done", answer)


def _why_not(evaluator: Evaluator, trial: Trial, mineral: str) -> tuple[WhyNot, ...]:
    """Parties in which floors cannot hold under a trial, and why, each reason once."""
    responses = evaluator.options(trial)[mineral].responses
    return tuple(dict.fromkeys(reason for response in responses for reason in response.why_not))


def levels_of(evaluator: Evaluator, trial: Trial, mineral: str, lever: str) -> list[float]:
    """Levels to scan, the one that does nothing first, in figures that can be agreed on."""
    option = evaluator.options(trial)[mineral]
    neutral = option.neutral[0]
    ends = {
        "tariff": (0.0, PROHIBITIVE),
        "trq": (SLACK_QUOTA * sum(neutral.non_party_imports_t.get(party, 0.0) for party in trial.members), 0.0),
        "stockpile": (0.0, LARGEST_STOCK * sum(neutral.use_t.get(party, 0.0) for party in trial.members)),
    }
    if lever == "floor":
        levels = [0.0, *np.linspace(0.5, HIGHEST_FLOOR, 2 * SCAN_POINTS - 1) * option.reference_price]
    else:
        levels = [*np.linspace(*ends[lever], SCAN_POINTS)]
    return [rounded(float(level)) for level in levels]


def with_level(evaluator: Evaluator, trial: Trial, mineral: str, lever: str, level: float) -> Trial:
    """The trial with one lever at another level; an instrument that is not there yet is added with the menu's terms."""
    change = {"floor": _with_floor, "trq": _with_trq, "stockpile": _with_stocks}[lever]
    return replace(trial, agreement=change(evaluator, trial, mineral, level))


def with_more(
    evaluator: Evaluator, trial: Trial, mineral: str, lever: str, level: float, users: Sequence[str], **terms: object
) -> Agreement:
    """The trial's agreement with one more instrument, applied by ``users`` at the mineral's last stage."""
    kinds: dict[str, tuple[Any, str]] = {
        "floor": (Floor, "price"),
        "trq": (Trq, "quantity"),
        "tariff": (Tariff, "ad_valorem"),
    }
    kind, name = kinds[lever]
    outsiders = [region for region in evaluator.world.regions if region not in trial.members]
    who = {"parties": users} if kind is Floor else {"importers": users, "exporters": outsiders}
    content = {"mineral": mineral, "stage": evaluator.world.stages[mineral][-1], name: level, **who, **terms}
    return trial.agreement.replacing(kind, (*trial.agreement.of(kind), kind.model_validate(content)))


def _with_floor(evaluator: Evaluator, trial: Trial, mineral: str, price: float) -> Agreement:
    agreement, stage = trial.agreement, evaluator.world.stages[mineral][-1]
    own = agreement.first(Floor, mineral, stage)
    if own is None and price > 0:
        return with_more(evaluator, trial, mineral, "floor", price, trial.members)
    others = tuple(floor for floor in agreement.of(Floor) if floor is not own)
    if own is None or price <= 0:
        return agreement.replacing(Floor, others)
    ceiling = None if own.ceiling is None else max(own.ceiling, price)
    return agreement.replacing(Floor, (*others, own.model_copy(update={"price": price, "ceiling": ceiling})))


def _with_trq(evaluator: Evaluator, trial: Trial, mineral: str, quantity: float) -> Agreement:
    own = trial.agreement.of(Trq, mineral)
    if not own:
        rate = Duty(ad_valorem=max(evaluator.request.menu.over_quota_rates))
        return with_more(evaluator, trial, mineral, "trq", quantity, trial.members, over_quota=rate)
    total = sum(trq.quantity for trq in own)
    shares = [trq.quantity / total if total else 1 / len(own) for trq in own]
    changed = [trq.model_copy(update={"quantity": quantity * s}) for trq, s in zip(own, shares, strict=True)]
    others = [trq for trq in trial.agreement.of(Trq) if trq.mineral != mineral]
    return trial.agreement.replacing(Trq, (*others, *changed))


def _with_stocks(evaluator: Evaluator, trial: Trial, mineral: str, total: float) -> Agreement:
    """Stocks of all members in proportion to their use, sold at the price agreed or else the menu's."""
    own = trial.agreement.of(Stockpile, mineral)
    others = [stock for stock in trial.agreement.of(Stockpile) if stock.mineral != mineral]
    option = evaluator.options(trial)[mineral]
    use = {party: option.neutral[0].use_t.get(party, 0.0) for party in trial.members}
    everyone = sum(use.values())
    price = own[0].release_above if own else evaluator.request.menu.release_above * option.reference_price
    stage = evaluator.world.stages[mineral][-1]
    stocks = [
        Stockpile(party=party, mineral=mineral, stage=stage, quantity=total * amount / everyone, release_above=price)
        for party, amount in use.items()
        if amount > 0 and total > 0
    ]
    return trial.agreement.replacing(Stockpile, (*others, *stocks))


def answer_in_words(answer: LeverAnswer, names: Names) -> str:
    """The answer in one or two sentences."""
    lever, measure = LEVERS[answer.lever], MEASURES[answer.aim.measure]
    whose = f" of {names.the_region(answer.aim.party)}" if answer.aim.party else ""
    if not answer.aim.party and measure.by_party:
        whose = " of all parties together"
    bound = "at most" if measure.at_most else "at least"
    target = f"{exact(answer.aim.target)} {measure.unit}"
    goal = f"the {measure.name}{whose} is {bound} {target}"
    now = f"with what is agreed now it is {amount(answer.now, measure)}"
    if answer.level is None:
        first, last = (exact(level) for level in sorted(answer.range))
        best = "least" if measure.at_most else "most"
        reasons = [f"{names.the_region(why.region)}: {why.told(Readable(names))}" for why in answer.why_not]
        why = f" In some states a floor cannot hold: {'; '.join(dict.fromkeys(reasons))}." if reasons else ""
        return (
            f"No {lever.name} between {first} and {last} {lever.unit} does it, everything else as agreed: the {best} "
            f"that the {measure.name}{whose} comes to is {amount(answer.value, measure)}; {now}.{why}"
        )
    if answer.is_idle:
        return f"No {lever.name} is needed: without one {goal} already ({amount(answer.value, measure)}); {now}."
    return (
        f"The {lever.gentlest} {lever.name} with which {goal} is {exact(answer.level)} {lever.unit}: it comes to "
        f"{amount(answer.value, measure)}; {now}."
    )
