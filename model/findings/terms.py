"""Agreement and shock in words: the sentence a result page starts with, and the labels of the groups of levers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.instruments import Agreement, Mechanism
from model.shocks import NamedShock
from model.words.numbers import listing, money, percent, price, starting, tonnes
from model.words.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.assumptions import Assumption
    from model.instruments import Duty, Floor, Offtake, Quota, Stockpile, Tariff, Trq
    from model.scenario import Scenario
    from model.shocks import Shock
    from model.words.names import Names


def agreement_in_words(scenario: Scenario, mineral: str, names: Names) -> str:
    """One sentence that states what the parties agree on a mineral and which shock hits."""
    terms = terms_of(scenario.agreement, mineral, names)
    shocks = [shock_in_words(shock, names) for shock in scenario.shocks]
    if not terms and not shocks:
        stood = f"{names.mineral(mineral).lower()} as it stood on {names.status_quo_date}"
        return f"No agreement and no shock: {stood}, the status quo."
    parties = starting(names.the_parties(scenario.parties))
    agreed = f"{parties} {listing(terms)}" if terms else f"{parties} agree nothing on {names.mineral(mineral).lower()}"
    return (
        f"{agreed}; {'shocks' if len(shocks) > 1 else 'shock'}: {'; '.join(shocks)}."
        if shocks
        else f"{agreed}; no shock."
    )


def terms_of(agreement: Agreement, mineral: str, names: Names) -> list[str]:
    """What the agreement does on a mineral, one verb phrase per instrument."""

    def on(instruments: tuple[object, ...]) -> list[object]:
        return [item for item in instruments if getattr(item, "mineral", None) == mineral]

    phrases = [_floor(item, names) for item in agreement.floors if item.mineral == mineral]
    phrases += [_trq(item, names) for item in agreement.trqs if item.mineral == mineral]
    phrases += [_quota(item, names) for item in agreement.quotas if item.mineral == mineral]
    phrases += [_tariff(item, names) for item in agreement.tariffs if item.mineral == mineral]
    phrases += ["trade it duty-free among themselves"] if on(agreement.zero_for_zero) else []
    if on(agreement.export_taxes):
        phrases.append("tax exports")
    phrases += [_offtake(item, names) for item in agreement.offtakes if item.mineral == mineral]
    phrases += [_stockpile(item, names) for item in agreement.stockpiles if item.mineral == mineral]
    return phrases


def shock_in_words(shock: NamedShock | Shock, names: Names) -> str:
    """A shock's name, with its severity where that is not the library's own."""
    if not isinstance(shock, NamedShock):
        return f"{shock.kind.replace('_', ' ')} of {names.product(shock.mineral, shock.stage)}"
    return Voice(names, ()).shock(shock.name, shock.severity)


def group_labels(scenario: Scenario, mineral: str, names: Names) -> dict[str, str]:
    """Short labels of the groups of levers that say what is set, or that the group is at the status quo."""
    agreement = scenario.agreement
    floor = next((item for item in agreement.floors if item.mineral == mineral), None)
    border = [f"TRQ {tonnes(item.quantity)}" for item in agreement.trqs if item.mineral == mineral]
    border += [f"tariff {duty_in_words(item)}" for item in agreement.tariffs if item.mineral == mineral]
    border += ["zero-for-zero" for item in agreement.zero_for_zero if item.mineral == mineral][:1]
    border += [f"quota {tonnes(item.quantity)}" for item in agreement.quotas if item.mineral == mineral]
    stock = [f"offtake {tonnes(item.quantity)}" for item in agreement.offtakes if item.mineral == mineral]
    stock += [f"stock {tonnes(item.quantity)}" for item in agreement.stockpiles if item.mineral == mineral]
    changed = len(scenario.assumptions)
    coalition = names.coalition(scenario.parties)
    return {
        "parties": coalition or f"{len(scenario.parties)} chosen",
        "floor": "none" if floor is None else price(floor.price),
        "border": ", ".join(border) or "as in force",
        "stock": ", ".join(stock) or "none",
        "shock": ", ".join(shock_in_words(shock, names) for shock in scenario.shocks) or "none",
        "assumptions": f"{changed} changed" if changed else "as registered",
    }


def assumed(assumptions: Iterable[Assumption]) -> str:
    """The values of assumptions with their ranges, one after the other."""
    parts = [f"{row.id.replace('_', ' ')} {row.value:g} ({row.low:g} to {row.high:g})" for row in assumptions]
    return f"Assumed: {'; '.join(parts)}. Reasons and sources: page Data and method."


def duty_in_words(duty: Duty | Tariff) -> str:
    """A duty: "25 %", "500 USD/t" or both."""
    parts = [percent(duty.ad_valorem)] if duty.ad_valorem or not duty.specific else []
    parts += [price(duty.specific)] if duty.specific else []
    return " plus ".join(parts)


def _floor(floor: Floor, names: Names) -> str:
    product = names.product(floor.mineral, floor.stage)
    if floor.mechanism is Mechanism.CFD:
        return f"pay their producers of {product} up to {price(floor.price)} by contracts for difference"
    if floor.mechanism is Mechanism.BUFFER_STOCK:
        budget = f", each with at most {money(floor.budget)} a year" if floor.budget is not None else ""
        ceiling = f", and sell at {price(floor.ceiling)}" if floor.ceiling is not None else ""
        return f"buy {product} for a buffer stock at {price(floor.price)}{budget}{ceiling}"
    cap = f" of at most {price(floor.levy_cap)}" if floor.levy_cap is not None else ""
    return f"keep {product} at {price(floor.price)} or more by a variable levy{cap}"


def _trq(trq: Trq, names: Names) -> str:
    product = names.product(trq.mineral, trq.stage)
    return (
        f"let in {tonnes(trq.quantity)} of {product} from non-parties at {duty_in_words(trq.in_quota)} "
        f"and charge {duty_in_words(trq.over_quota)} beyond"
    )


def _quota(quota: Quota, names: Names) -> str:
    return f"let in at most {tonnes(quota.quantity)} of {names.product(quota.mineral, quota.stage)}"


def _tariff(tariff: Tariff, names: Names) -> str:
    return f"charge non-parties {duty_in_words(tariff)} on {names.product(tariff.mineral, tariff.stage)}"


def _offtake(offtake: Offtake, names: Names) -> str:
    strike = f" at {price(offtake.strike)}" if offtake.strike is not None else ""
    buyer, producer = names.the_region(offtake.buyer), names.the_region(offtake.producer)
    return f"commit {buyer} to take {tonnes(offtake.quantity)} from {producer}{strike}"


def _stockpile(stockpile: Stockpile, names: Names) -> str:
    return (
        f"let {names.the_region(stockpile.party)} release up to {tonnes(stockpile.quantity)} "
        f"above {price(stockpile.release_above)}"
    )
