"""Questions about a given agreement: one lever, equivalence, membership, attribution; all solved, none assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from model.agreement import Duty, Floor, Mechanism, Stockpile, Tariff, Trq
from model.design.attribution import ORDERS, Contribution, Decomposition, decompose, orders_needed, shapley
from model.design.evaluate import enlarge, restrict
from model.errors import AccordError, ScenarioError
from model.records import choices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from model.agreement import Agreement
    from model.design.evaluate import Evaluator, Trial
    from model.market.records import Floats

SCAN_POINTS = 9
"""Levels tried over a lever's range before the first that reaches the target is bracketed."""
SHARPNESS = 0.001
"""A level is found when its bracket is narrower than this share of the range."""
MOST_CORE = 8
SAME_GAIN = 1e-6
"""Differences of gains below this are no reason to join or leave [million USD/yr]."""


@dataclass(frozen=True)
class Found:
    """The level of a lever that just reaches a target, or None with the reason why none does."""

    level: float | None
    reached: float
    reason: str


def first_level(measure: Callable[[float], float], target: float, levels: Sequence[float], sharpness: float) -> Found:
    """The first level, in the order given, at which ``measure`` is at least ``target``: scanned, then bisected.

    The measure need not be monotone between the levels scanned; the bracket is the first in which the target is
    crossed.

    >>> found = first_level(lambda level: level**2, 2.0, [0.0, 1.0, 2.0], 1e-4)
    >>> round(found.level, 3)
    1.414
    """
    before: float | None = None
    best = -np.inf
    for level in levels:
        value = measure(level)
        best = max(best, value)
        if value >= target:
            found = level if before is None else _bisect(measure, target, before, level, sharpness)
            return Found(found, measure(found), "")
        before = level
    return Found(
        None,
        best,
        f"no level between {levels[0]:,.6g} and {levels[-1]:,.6g} reaches {target:,.6g}; the most is {best:,.6g}",
    )


def _bisect(measure: Callable[[float], float], target: float, misses: float, reaches: float, sharpness: float) -> float:
    while abs(reaches - misses) > sharpness:
        middle = (misses + reaches) / 2
        if measure(middle) >= target:
            reaches = middle
        else:
            misses = middle
    return reaches


LEVERS = {
    "floor": ("lowest", "USD/t"),
    "trq": ("smallest", "t/yr"),
    "stockpile": ("smallest", "t"),
}
"""Levers one can ask for alone: which end is wanted, and the unit. A TRQ starts where it restricts nothing."""


def one_lever(
    evaluator: Evaluator, trial: Trial, mineral: str, lever: str, target: Callable[[Trial], float], least: float
) -> Found:
    """The gentlest level of one lever at which a target is reached, everything else as it is.

    The lowest floor, the largest TRQ quantity that still restricts enough, or the smallest stockpile.

    Raises:
        ScenarioError: for an unknown lever.
    """
    if lever not in LEVERS:
        raise ScenarioError(f"unknown lever {lever!r}; {choices(LEVERS, lever)}")
    levels = _range_of(evaluator, trial, mineral, lever)
    sharpness = SHARPNESS * abs(levels[-1] - levels[0])
    found = first_level(
        lambda level: target(with_level(evaluator, trial, mineral, lever, level)), least, levels, sharpness
    )
    if found.level is not None:
        return found
    option = evaluator.options(with_level(evaluator, trial, mineral, lever, levels[-1]))[mineral]
    why = "; ".join(dict.fromkeys(reason for response in option.responses for reason in response.why_not))
    return replace(found, reason=f"{found.reason}{': ' + why if why else ''}")


def _range_of(evaluator: Evaluator, trial: Trial, mineral: str, lever: str) -> list[float]:
    option = evaluator.options(trial)[mineral]
    if lever == "floor":
        return [float(share) * option.reference_price for share in np.linspace(0.5, 2.0, 2 * SCAN_POINTS - 1)]
    neutral = option.neutral[0]
    if lever == "trq":
        imports = sum(neutral.non_party_imports_t.get(party, 0.0) for party in trial.members)
        return [float(level) for level in np.linspace(1.25 * imports, 0.0, SCAN_POINTS)]
    use = sum(neutral.use_t.get(party, 0.0) for party in trial.members)
    return [float(level) for level in np.linspace(0.0, 0.5 * use, SCAN_POINTS)]


def with_level(evaluator: Evaluator, trial: Trial, mineral: str, lever: str, level: float) -> Trial:
    """The trial with one lever at another level; an instrument that is not there yet is added with the menu's terms."""
    agreement = trial.agreement
    if lever == "floor":
        return replace(trial, agreement=_with_floor(evaluator, trial, mineral, level, Mechanism.VARIABLE_LEVY))
    if lever == "trq":
        return replace(trial, agreement=_with_trq(evaluator, trial, mineral, level))
    own = [stock for stock in agreement.stockpiles if stock.mineral == mineral]
    others = tuple(stock for stock in agreement.stockpiles if stock.mineral != mineral)
    option = evaluator.options(replace(trial, agreement=type(agreement)()))[mineral]
    use = {party: option.neutral[0].use_t.get(party, 0.0) for party in trial.members}
    price = own[0].release_above if own else evaluator.request.menu.release_above * option.reference_price
    total = sum(use.values())
    stocks = tuple(
        _stock(evaluator, mineral, party, level * use[party] / total, price) for party in use if use[party] > 0
    )
    return replace(trial, agreement=agreement.model_copy(update={"stockpiles": (*others, *stocks)}))


def _stock(evaluator: Evaluator, mineral: str, party: str, quantity: float, price: float) -> Stockpile:
    stage = evaluator.world.stages[mineral][-1]
    return Stockpile(party=party, mineral=mineral, stage=stage, quantity=quantity, release_above=price)


def _with_floor(evaluator: Evaluator, trial: Trial, mineral: str, price: float, mechanism: Mechanism) -> Agreement:
    agreement = trial.agreement
    own = next((floor for floor in agreement.floors if floor.mineral == mineral), None)
    others = tuple(floor for floor in agreement.floors if floor.mineral != mineral)
    stage = evaluator.world.stages[mineral][-1]
    floor = (
        Floor(parties=trial.members, mineral=mineral, stage=stage, price=price, mechanism=mechanism)
        if own is None
        else own.model_copy(update={"price": price, "mechanism": mechanism})
    )
    return agreement.model_copy(update={"floors": (*others, floor)})


def _with_trq(evaluator: Evaluator, trial: Trial, mineral: str, quantity: float) -> Agreement:
    agreement = trial.agreement
    own = [trq for trq in agreement.trqs if trq.mineral == mineral]
    others = tuple(trq for trq in agreement.trqs if trq.mineral != mineral)
    if own:
        size = sum(trq.quantity for trq in own) or 1.0
        changed = tuple(trq.model_copy(update={"quantity": quantity * trq.quantity / size}) for trq in own)
        return agreement.model_copy(update={"trqs": (*others, *changed)})
    outsiders = tuple(region for region in evaluator.world.regions if region not in trial.members)
    stage = evaluator.world.stages[mineral][-1]
    rate = Duty(ad_valorem=max(evaluator.request.menu.over_quota_rates))
    trq = Trq(
        importers=trial.members, exporters=outsiders, mineral=mineral, stage=stage, quantity=quantity, over_quota=rate
    )
    return agreement.model_copy(update={"trqs": (*others, trq)})


@dataclass(frozen=True)
class Equivalent:
    """Another instrument at the level that gives producers the same price, and who then pays [million USD/yr]."""

    instrument: str
    unit: str
    level: float | None
    producer_price_usd_per_t: float
    users: dict[str, float]
    producers: dict[str, float]
    treasury: dict[str, float]
    reason: str


EQUIVALENTS = {
    "variable_levy": "USD/t",
    "cfd": "USD/t",
    "buffer_stock": "USD/t",
    "tariff": "share of value",
    "trq": "t/yr",
}
"""Instruments that can support producers' price, with the unit of their level."""


def equivalents(
    evaluator: Evaluator, trial: Trial, mineral: str, applied_by: Sequence[str] | None = None
) -> list[Equivalent]:
    """For each other instrument the level that gives the members' producers the price they have under the trial.

    ``applied_by`` names those whose instrument it would be (another party's legal means); all members where none is
    given. The price is the members' producers' at the last stage, expected over states and weighted by output.
    """
    target = producer_price(evaluator, trial, mineral)
    users = tuple(applied_by or trial.members)
    return [_equivalent(evaluator, trial, mineral, name, target, users) for name in EQUIVALENTS]


def producer_price(evaluator: Evaluator, trial: Trial, mineral: str) -> float:
    """What the members' producers get at the last stage, expected and weighted by status-quo output [USD/t]."""
    option = evaluator.options(trial)[mineral]
    stage = option.package.stage
    output = {party: option.neutral[0].output_t.get(party, 0.0) for party in trial.members}
    makers = [party for party, quantity in output.items() if quantity > 0]
    if not makers:
        raise ScenarioError(f"no member produces {mineral}: there is no producers' price to compare by")
    weights = [output[party] for party in makers]
    prices = [
        float(np.average([r.producer_price_usd_per_t[stage][party] for party in makers], weights=weights))
        for r in option.responses
    ]
    return float(evaluator.frame.probability @ np.array(prices))


def _equivalent(
    evaluator: Evaluator, trial: Trial, mineral: str, name: str, target: float, users: tuple[str, ...]
) -> Equivalent:
    bare = replace(trial, agreement=_without_support(trial.agreement, mineral))

    def at(level: float) -> Trial:
        return replace(bare, agreement=_supporting(evaluator, bare, mineral, name, level, users))

    reference = evaluator.options(bare)[mineral].reference_price
    imports = sum(evaluator.options(bare)[mineral].neutral[0].non_party_imports_t.values())
    levels = {
        "tariff": np.linspace(0.0, 2.0, SCAN_POINTS),
        "trq": np.linspace(1.25 * imports, 0.0, SCAN_POINTS),
    }.get(name, np.linspace(0.5, 2.0, SCAN_POINTS) * reference)
    sharpness = SHARPNESS * abs(float(levels[-1] - levels[0])) / 4
    try:
        found = first_level(
            lambda level: producer_price(evaluator, at(level), mineral),
            target - SAME_PRICE * target,
            levels.tolist(),
            sharpness,
        )
    except AccordError as error:
        found = Found(None, float("nan"), str(error))
    if found.level is None:
        return Equivalent(name, EQUIVALENTS[name], None, found.reached, {}, {}, {}, found.reason)
    option = evaluator.options(at(found.level))[mineral]

    def expected(amounts: Floats) -> dict[str, float]:
        return dict(zip(evaluator.frame.parties, option.expected(amounts).tolist(), strict=True))

    treasury = expected(option.revenue - option.outlay)
    return Equivalent(
        name,
        EQUIVALENTS[name],
        found.level,
        found.reached,
        expected(option.users),
        expected(option.producers),
        treasury,
        "",
    )


SAME_PRICE = 1e-5


def _without_support(agreement: Agreement, mineral: str) -> Agreement:
    return agreement.model_copy(
        update={
            "floors": tuple(item for item in agreement.floors if item.mineral != mineral),
            "trqs": tuple(item for item in agreement.trqs if item.mineral != mineral),
            "tariffs": tuple(item for item in agreement.tariffs if item.mineral != mineral),
        }
    )


def _supporting(
    evaluator: Evaluator, bare: Trial, mineral: str, name: str, level: float, users: tuple[str, ...]
) -> Agreement:
    outsiders = tuple(region for region in evaluator.world.regions if region not in bare.members)
    place = {"mineral": mineral, "stage": evaluator.world.stages[mineral][-1]}
    agreement = bare.agreement
    if name == "tariff":
        tariff = Tariff(importers=users, exporters=outsiders, ad_valorem=level, **place)
        return agreement.model_copy(update={"tariffs": (*agreement.tariffs, tariff)})
    if name == "trq":
        rate = Duty(ad_valorem=PROHIBITIVE)
        trq = Trq(importers=users, exporters=outsiders, quantity=level, over_quota=rate, **place)
        return agreement.model_copy(update={"trqs": (*agreement.trqs, trq)})
    floor = Floor(parties=users, price=level, mechanism=Mechanism(name), **place)
    return agreement.model_copy(update={"floors": (*agreement.floors, floor)})


PROHIBITIVE = 2.0
"""Over-quota rate at which a TRQ acts as a quota [share of value]."""


@dataclass(frozen=True)
class Member:
    """What changes when a member leaves or an outsider joins: its own gain and the others' [million USD/yr]."""

    country: str
    joins: bool
    own: float
    others: float


def membership_trials(trial: Trial, candidates: Sequence[str], regions: Sequence[str]) -> dict[str, Trial]:
    """One trial per country: without it where it is a member, with it where it is not."""
    trials = {}
    for country in (*trial.members, *(name for name in candidates if name not in trial.members)):
        if country in trial.members:
            members = tuple(name for name in trial.members if name != country)
            agreement = restrict(trial.agreement, members, regions)
        else:
            members = (*trial.members, country)
            agreement = enlarge(trial.agreement, trial.members, members, regions)
        trials[country] = replace(trial, members=members, agreement=agreement)
    return trials


def membership(evaluator: Evaluator, trial: Trial, candidates: Sequence[str]) -> list[Member]:
    """The gain of adding or losing each country; ``candidates`` must be watched by the evaluator."""
    before = evaluator.expected_gains(trial)
    found = []
    for country, other in membership_trials(trial, candidates, evaluator.world.regions).items():
        after = evaluator.expected_gains(other)
        joins = country not in trial.members
        change = {party: after[party] - before[party] for party in after}
        rest = [party for party in trial.members if party != country]
        found.append(Member(country, joins, change[country], sum(change[party] for party in rest)))
    return found


@dataclass(frozen=True)
class Coalition:
    """One coalition: what each member gains, and who would be better off leaving it [million USD/yr]."""

    members: tuple[str, ...]
    gains: dict[str, float]
    leavers: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether no member is better off leaving."""
        return not self.leavers


def coalition_trials(trial: Trial, core: Sequence[str], regions: Sequence[str]) -> dict[frozenset[str], Trial]:
    """Every coalition of the core, with the agreement applied by its members.

    Raises:
        ScenarioError: for a core too large to try all its coalitions.
    """
    if len(core) > MOST_CORE:
        raise ScenarioError(f"{len(core)} core parties have too many coalitions to try; at most {MOST_CORE}")
    sets = [frozenset(chosen) for size in range(1, len(core) + 1) for chosen in combinations(core, size)]
    return {
        members: replace(
            trial,
            members=tuple(name for name in core if name in members),
            agreement=restrict(trial.agreement, [name for name in core if name in members], regions),
        )
        for members in sets
    }


def coalitions(evaluator: Evaluator, trial: Trial, core: Sequence[str]) -> list[Coalition]:
    """Every coalition of the core, largest first: who gains, and whether no member is better off leaving."""
    trials = coalition_trials(trial, core, evaluator.world.regions)
    gains = {members: evaluator.expected_gains(each) for members, each in trials.items()}
    gains[frozenset()] = dict.fromkeys(evaluator.frame.parties, 0.0)
    found = stable_coalitions(core, gains)
    return sorted(found, key=lambda coalition: (-len(coalition.members), coalition.members))


def stable_coalitions(core: Sequence[str], gains: Mapping[frozenset[str], Mapping[str, float]]) -> list[Coalition]:
    """Coalitions with those members that are better off once they have left.

    >>> values = {frozenset(): {"A": 0.0}, frozenset({"A"}): {"A": -1.0}}
    >>> stable_coalitions(["A"], values)[0].leavers
    ('A',)
    """
    found = []
    for members, own in gains.items():
        if members:
            named = tuple(name for name in core if name in members)
            leavers = tuple(name for name in named if gains[members - {name}][name] > own[name] + SAME_GAIN)
            found.append(Coalition(named, {name: own[name] for name in named}, leavers))
    return found


INSTRUMENT_LEVERS = {"floor": "floors", "TRQ": "trqs", "offtake": "offtakes", "stockpile": "stockpiles"}
"""Levers of an attribution and the agreement's lists they stand for."""


def levers_of(trial: Trial, with_members: bool) -> list[str]:
    """Levers present in a trial: its instruments, and the membership of each party if asked."""
    present = [name for name, field in INSTRUMENT_LEVERS.items() if getattr(trial.agreement, field)]
    return present + ([f"membership of {party}" for party in trial.members] if with_members else [])


def with_levers(trial: Trial, present: frozenset[str], levers: Sequence[str], regions: Sequence[str]) -> Trial:
    """The trial with only some of its levers in place."""
    gone = {field: () for name, field in INSTRUMENT_LEVERS.items() if name in levers and name not in present}
    members = [p for p in trial.members if f"membership of {p}" not in levers or f"membership of {p}" in present]
    agreement = restrict(trial.agreement.model_copy(update=gone), members, regions)
    return replace(
        trial, members=tuple(members) or trial.members, agreement=agreement if members else type(agreement)()
    )


def attribution_trials(
    trial: Trial, with_members: bool, regions: Sequence[str], seed: int, orders: int = ORDERS
) -> list[Trial]:
    """Every trial an attribution needs."""
    levers = levers_of(trial, with_members)
    return [with_levers(trial, subset, levers, regions) for subset in orders_needed(levers, seed, orders)]


def attribute(
    evaluator: Evaluator,
    trial: Trial,
    value: Callable[[Trial], float],
    with_members: bool = False,
    orders: int = ORDERS,
) -> list[Contribution]:
    """What each lever contributes to a result (Shapley), adding up exactly to the result less that of no lever."""
    levers, regions = levers_of(trial, with_members), evaluator.world.regions
    return shapley(
        levers, lambda present: value(with_levers(trial, present, levers, regions)), evaluator.request.seed, orders
    )


def change_since(value: Callable[[Trial], float], saved: Trial, now: Trial) -> Decomposition:
    """How much of a change since a saved trial came from assumptions and how much from policy."""

    def combined(new_assumptions: bool, new_policy: bool) -> float:
        policy = now if new_policy else saved
        return value(replace(policy, assumptions=(now if new_assumptions else saved).assumptions))

    return decompose(combined)
