"""The agreement in exact words: every instrument with every level as agreed, no digit rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.instruments import Mechanism, RentHolder
from model.shocks import NamedShock
from model.words.names import Names
from model.words.numbers import starting
from model.words.voice import Voice

if TYPE_CHECKING:
    from model.instruments import Duty, ExportTax, Floor, Offtake, Quota, Stockpile, Tariff, Trq, ZeroForZero
    from model.scenario import Scenario
    from model.shocks import Shock
    from model.snapshot.record import Snapshot

RENT_WORDS = {
    RentHolder.IMPORTER: "importers",
    RentHolder.EXPORTER: "exporters",
    RentHolder.AUCTION: "the importing party's treasury, by auction",
    RentHolder.BURNT: "no one",
}


def voice(snapshot: Snapshot) -> Voice:
    """Exact words with the names that a snapshot holds."""
    parties = snapshot.scenario.parties
    names = Names.stored(snapshot.record.names, parties, snapshot.record.inputs.data.version)
    return Voice(names, parties, exact=True)


def clauses(scenario: Scenario, say: Voice) -> list[str]:
    """One exact sentence per instrument, in the order of the agreement."""
    agreement = scenario.agreement
    words = [_floor(item, say) for item in agreement.floors]
    words += [_trq(item, say) for item in agreement.trqs]
    words += [_quota(item, say) for item in agreement.quotas]
    words += [_tariff(item, say) for item in agreement.tariffs]
    words += [_zero(item, say) for item in agreement.zero_for_zero]
    words += [_export_tax(item, say) for item in agreement.export_taxes]
    words += [_offtake(item, say) for item in agreement.offtakes]
    words += [_stockpile(item, say) for item in agreement.stockpiles]
    return [f"{starting(text)}." for text in words]


def shock(shock: NamedShock | Shock, say: Voice) -> str:
    """A shock by name with its severity, or a plain record spelled out."""
    if isinstance(shock, NamedShock):
        return say.shock(shock.name, shock.severity)
    levels = shock.model_dump(mode="json", exclude={"kind", "mineral", "stage"})
    told = [f"{key.replace('_', ' ')} {_level(value, say)}" for key, value in levels.items()]
    return f"{shock.kind.replace('_', ' ')} of {say.product(shock.mineral, shock.stage)}: {', '.join(told)}"


def _level(value: object, say: Voice) -> str:
    if isinstance(value, (int, float)):
        return say.number(value)
    if isinstance(value, (list, tuple)):
        return say.the_regions([str(item) for item in value])
    return say.the_region(str(value))


def duty(rate: Duty | Tariff | ExportTax, say: Voice) -> str:
    """An agreed duty."""
    return say.duty(rate.specific, rate.ad_valorem)


def mechanism(floor: Floor, say: Voice) -> str:
    """How a floor is held, with every limit."""
    if floor.mechanism is Mechanism.CFD:
        return "contracts for difference"
    if floor.mechanism is Mechanism.BUFFER_STOCK:
        budget = (
            f"each party spending at most {say.money(floor.budget)} a year"
            if floor.budget is not None
            else "with no limit on spending"
        )
        sale = (
            f", selling at {say.price(floor.ceiling)} from a stock of {say.tonnes(floor.stock)}"
            if floor.ceiling is not None
            else ""
        )
        return f"a buffer stock, {budget}{sale}"
    return "a variable levy" + (
        f" of at most {say.price(floor.levy_cap)}" if floor.levy_cap is not None else " without a cap"
    )


def _floor(floor: Floor, say: Voice) -> str:
    product = say.product(floor.mineral, floor.stage)
    return (
        f"{say.the_regions(floor.parties)} hold a price floor of {say.price(floor.price)} for "
        f"{product}, by {mechanism(floor, say)}"
    )


def _trq(trq: Trq, say: Voice) -> str:
    product = say.product(trq.mineral, trq.stage)
    return (
        f"{say.the_regions(trq.importers)} admit {say.quantity(trq.quantity)} of {product} from "
        f"{say.the_regions(trq.exporters)} at "
        f"{duty(trq.in_quota, say)}, and charge {duty(trq.over_quota, say)} on what goes beyond; the rent goes "
        f"to {RENT_WORDS[trq.rent_to]}"
    )


def _quota(quota: Quota, say: Voice) -> str:
    product = say.product(quota.mineral, quota.stage)
    return (
        f"{say.the_regions(quota.importers)} admit at most {say.quantity(quota.quantity)} of {product} from "
        f"{say.the_regions(quota.exporters)}; the rent goes to {RENT_WORDS[quota.rent_to]}"
    )


def _tariff(tariff: Tariff, say: Voice) -> str:
    product = say.product(tariff.mineral, tariff.stage)
    larger = ", whichever is larger" if tariff.greater_of else ""
    return (
        f"{say.the_regions(tariff.importers)} charge {duty(tariff, say)}{larger} on {product} from "
        f"{say.the_regions(tariff.exporters)}"
    )


def _zero(zero: ZeroForZero, say: Voice) -> str:
    return f"the parties trade {say.product(zero.mineral, zero.stage)} among themselves free of duty"


def _export_tax(tax: ExportTax, say: Voice) -> str:
    product = say.product(tax.mineral, tax.stage)
    return (
        f"{say.the_region(tax.exporter)} taxes exports of {product} to "
        f"{say.the_regions(tax.importers)} at {duty(tax, say)}"
    )


def _offtake(offtake: Offtake, say: Voice) -> str:
    product = say.product(offtake.mineral, offtake.stage)
    strike = say.price(offtake.strike) if offtake.strike is not None else "the producer's market price"
    return (
        f"{say.the_region(offtake.buyer)} takes at least {say.quantity(offtake.quantity)} of {product} from "
        f"{say.the_region(offtake.producer)}, at {strike}"
    )


def _stockpile(stock: Stockpile, say: Voice) -> str:
    product = say.product(stock.mineral, stock.stage)
    return (
        f"{say.the_region(stock.party)} offers up to {say.quantity(stock.quantity)} of {product} from "
        f"its stockpile above {say.price(stock.release_above)}"
    )


def readable(assumption: str) -> str:
    """An assumption's name as words.

    >>> readable("demand_elasticity_short.antimony")
    'demand elasticity short (antimony)'
    """
    name, _, mineral = assumption.partition(".")
    return name.replace("_", " ") + (f" ({mineral.replace('_', ' ')})" if mineral else "")
