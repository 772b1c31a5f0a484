"""The agreement in exact words: every instrument with every level as agreed, no digit rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.agreement import Mechanism, RentHolder
from model.memo.blocks import exact
from model.scenario import NamedShock
from model.words.names import TAKES_ARTICLE
from model.words.numbers import listing, starting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model.agreement import Duty, ExportTax, Floor, Offtake, Quota, Stockpile, Tariff, Trq, ZeroForZero
    from model.scenario import Scenario
    from model.shock import Shock

RENT_WORDS = {
    RentHolder.IMPORTER: "importers",
    RentHolder.EXPORTER: "exporters",
    RentHolder.AUCTION: "the importing party's treasury, by auction",
    RentHolder.BURNT: "no one",
}


class Labels:
    """Display names as a snapshot stores them."""

    def __init__(self, names: Mapping[str, Mapping[str, str]], parties: Iterable[str]) -> None:
        self._names = names
        self.parties = frozenset(parties)

    def of(self, kind: str, id: str) -> str:
        """The name of a region, mineral, industry or shock; the id where none is stored."""
        return self._names.get(kind, {}).get(id, id)

    def the_region(self, region: str) -> str:
        """A region's name inside a sentence."""
        name = self.of("region", region)
        return f"the {name}" if name.startswith(TAKES_ARTICLE) else name

    def the_regions(self, regions: Iterable[str]) -> str:
        """Every region by name; all parties, or all others, as such."""
        named = frozenset(regions)
        outside = frozenset(self._names.get("region", {})) - self.parties
        if named == self.parties and len(named) > 1:
            return "the parties"
        if named == outside and len(named) > 1:
            return "all non-parties"
        return listing([self.the_region(region) for region in sorted(named, key=lambda id: self.of("region", id))])

    def product(self, mineral: str, stage: str) -> str:
        """What is traded at a stage."""
        return self._names.get("product", {}).get(f"{mineral} {stage}", f"{mineral} {stage}")


def clauses(scenario: Scenario, labels: Labels) -> list[str]:
    """One exact sentence per instrument, in the order of the agreement."""
    agreement = scenario.agreement
    words = [_floor(item, labels) for item in agreement.floors]
    words += [_trq(item, labels) for item in agreement.trqs]
    words += [_quota(item, labels) for item in agreement.quotas]
    words += [_tariff(item, labels) for item in agreement.tariffs]
    words += [_zero(item, labels) for item in agreement.zero_for_zero]
    words += [_export_tax(item, labels) for item in agreement.export_taxes]
    words += [_offtake(item, labels) for item in agreement.offtakes]
    words += [_stockpile(item, labels) for item in agreement.stockpiles]
    return [f"{starting(text)}." for text in words]


def shock(shock: NamedShock | Shock, labels: Labels) -> str:
    """A shock by name with its severity, or a plain record spelled out."""
    if isinstance(shock, NamedShock):
        name = labels.of("shock", shock.name)
        return name if shock.severity is None else f"{name}, at severity {exact(shock.severity)}"
    levels = shock.model_dump(mode="json", exclude={"kind", "mineral", "stage"})
    told = [f"{key.replace('_', ' ')} {_level(value, labels)}" for key, value in levels.items()]
    return f"{shock.kind.replace('_', ' ')} of {labels.product(shock.mineral, shock.stage)}: {', '.join(told)}"


def _level(value: object, labels: Labels) -> str:
    if isinstance(value, (int, float)):
        return exact(float(value))
    if isinstance(value, (list, tuple)):
        return labels.the_regions([str(item) for item in value])
    return labels.the_region(str(value))


def price(usd_per_t: float) -> str:
    """An agreed price."""
    return f"{exact(usd_per_t)} USD/t"


def quantity(tonnes: float) -> str:
    """An agreed yearly quantity."""
    return f"{exact(tonnes)} t a year"


def percent(share: float) -> str:
    """An agreed share in percent, exact where the share is a short decimal."""
    return f"{exact(float(f'{100 * share:.12g}'))} %"


def duty(rate: Duty | Tariff | ExportTax) -> str:
    """An agreed duty."""
    parts = [percent(rate.ad_valorem)] if rate.ad_valorem or not rate.specific else []
    parts += [price(rate.specific)] if rate.specific else []
    return " plus ".join(parts)


def mechanism(floor: Floor) -> str:
    """How a floor is held, with every limit."""
    if floor.mechanism is Mechanism.CFD:
        return "contracts for difference"
    if floor.mechanism is Mechanism.BUFFER_STOCK:
        budget = (
            f"each party spending at most {exact(floor.budget)} USD a year"
            if floor.budget is not None
            else "with no limit on spending"
        )
        sale = (
            f", selling at {price(floor.ceiling)} from a stock of {exact(floor.stock)} t"
            if floor.ceiling is not None
            else ""
        )
        return f"a buffer stock, {budget}{sale}"
    return "a variable levy" + (
        f" of at most {price(floor.levy_cap)}" if floor.levy_cap is not None else " without a cap"
    )


def _floor(floor: Floor, labels: Labels) -> str:
    product = labels.product(floor.mineral, floor.stage)
    return (
        f"{labels.the_regions(floor.parties)} hold a price floor of {price(floor.price)} for "
        f"{product}, by {mechanism(floor)}"
    )


def _trq(trq: Trq, labels: Labels) -> str:
    product = labels.product(trq.mineral, trq.stage)
    return (
        f"{labels.the_regions(trq.importers)} admit {quantity(trq.quantity)} of {product} from "
        f"{labels.the_regions(trq.exporters)} at "
        f"{duty(trq.in_quota)}, and charge {duty(trq.over_quota)} on what goes beyond; the rent goes "
        f"to {RENT_WORDS[trq.rent_to]}"
    )


def _quota(quota: Quota, labels: Labels) -> str:
    product = labels.product(quota.mineral, quota.stage)
    return (
        f"{labels.the_regions(quota.importers)} admit at most {quantity(quota.quantity)} of {product} from "
        f"{labels.the_regions(quota.exporters)}; the rent goes to {RENT_WORDS[quota.rent_to]}"
    )


def _tariff(tariff: Tariff, labels: Labels) -> str:
    product = labels.product(tariff.mineral, tariff.stage)
    larger = ", whichever is larger" if tariff.greater_of else ""
    return (
        f"{labels.the_regions(tariff.importers)} charge {duty(tariff)}{larger} on {product} from "
        f"{labels.the_regions(tariff.exporters)}"
    )


def _zero(zero: ZeroForZero, labels: Labels) -> str:
    return f"the parties trade {labels.product(zero.mineral, zero.stage)} among themselves free of duty"


def _export_tax(tax: ExportTax, labels: Labels) -> str:
    product = labels.product(tax.mineral, tax.stage)
    return (
        f"{labels.the_region(tax.exporter)} taxes exports of {product} to "
        f"{labels.the_regions(tax.importers)} at {duty(tax)}"
    )


def _offtake(offtake: Offtake, labels: Labels) -> str:
    product = labels.product(offtake.mineral, offtake.stage)
    strike = price(offtake.strike) if offtake.strike is not None else "the producer's market price"
    return (
        f"{labels.the_region(offtake.buyer)} takes at least {quantity(offtake.quantity)} of {product} from "
        f"{labels.the_region(offtake.producer)}, at {strike}"
    )


def _stockpile(stock: Stockpile, labels: Labels) -> str:
    product = labels.product(stock.mineral, stock.stage)
    return (
        f"{labels.the_region(stock.party)} offers up to {quantity(stock.quantity)} of {product} from "
        f"its stockpile above {price(stock.release_above)}"
    )


def readable(assumption: str) -> str:
    """An assumption's name as words.

    >>> readable("demand_elasticity_short.antimony")
    'demand elasticity short (antimony)'
    """
    name, _, mineral = assumption.partition(".")
    return name.replace("_", " ") + (f" ({mineral.replace('_', ' ')})" if mineral else "")
