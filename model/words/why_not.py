"""Why a floor does not hold, as a record, and its one sentence: with ids in files, with names and units for readers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from model.words import numbers

if TYPE_CHECKING:
    from model.words.names import Names


class Reason(StrEnum):
    """What keeps a floor from holding."""

    NOT_TRADED = "not_traded"
    NOT_PRODUCED = "not_produced"
    BUDGET_SPENT = "budget_spent"
    AT_CAP = "at_cap"
    ABOVE_CAP = "above_cap"
    NET_EXPORTER = "net_exporter"
    SUPPLY_INSIDE = "supply_inside"


class Teller(Protocol):
    """How a reason is told: whose names, and which figures."""

    def region(self, region: str) -> str:
        """A region inside a sentence."""

    def product(self, mineral: str, stage: str) -> str:
        """What is traded at a stage."""

    def price(self, usd_per_t: float) -> str:
        """A price."""

    def quantity(self, quantity_t: float) -> str:
        """A quantity a year."""


class Plain:
    """As files have it, whose names and units may be any: ids, six figures, no units."""

    def region(self, region: str) -> str:
        """Its id."""
        return region

    def product(self, mineral: str, stage: str) -> str:
        """For example "antimony (refined)"."""
        return f"{mineral} ({stage})"

    def price(self, usd_per_t: float) -> str:
        """A number."""
        return f"{usd_per_t:,.6g}"

    def quantity(self, quantity_t: float) -> str:
        """A number."""
        return f"{quantity_t:,.6g}"


@dataclass(frozen=True)
class Readable:
    """As people read it: names, few figures, units."""

    names: Names

    def region(self, region: str) -> str:
        """For example "the United States"."""
        return self.names.the_region(region)

    def product(self, mineral: str, stage: str) -> str:
        """For example "refined antimony"."""
        return self.names.product(mineral, stage)

    def price(self, usd_per_t: float) -> str:
        """For example "47,100 USD/t"."""
        return numbers.price(usd_per_t)

    def quantity(self, quantity_t: float) -> str:
        """For example "1,230 t/yr"."""
        return numbers.tonnes(quantity_t)


@dataclass(frozen=True)
class WhyNot:
    """Why a floor on a mineral at a stage does not hold in a region.

    ``price`` is the region's [USD/t]; ``cap`` that of the levy [USD/t]; ``quantity`` is what was bought for the budget,
    or what still arrives from non-parties, ``committed`` of it [t/yr].
    """

    reason: Reason
    region: str
    mineral: str
    stage: str
    price: float = 0.0
    cap: float = 0.0
    quantity: float = 0.0
    committed: float = 0.0

    def told(self, by: Teller) -> str:
        """The reason as a clause: "the levy is at its cap of 500; the price is 21,000"."""
        return self.told_of(by, by.region(self.region), by.price(self.price))

    def told_of(self, by: Teller, region: str, price: str, *, several: bool = False) -> str:
        """The reason as a clause that holds in one region, or in ``several`` at the prices named."""
        cap, its = by.price(self.cap), "their" if several else "its"
        match self.reason:
            case Reason.NOT_TRADED | Reason.NOT_PRODUCED:
                verb = "trade" if self.reason is Reason.NOT_TRADED else "produce"
                return f"{region} {'do' if several else 'does'} not {verb} {by.product(self.mineral, self.stage)}"
            case Reason.BUDGET_SPENT:
                return f"the budget is spent: it bought {by.quantity(self.quantity)}"
            case Reason.AT_CAP:
                return f"the levy is at its cap of {cap}; the price is {price}"
            case Reason.ABOVE_CAP:
                return f"{its} levy may be at most {cap}, and that of another floor is higher; the price is {price}"
            case Reason.NET_EXPORTER:
                exports = "are net exporters" if several else "is a net exporter"
                return f"{region} {exports}: {its} own supply sets the price, {price}, whatever levy imports pay"
            case Reason.SUPPLY_INSIDE:
                home = f"supply from {region} and {its} partners alone keeps the price at {price}"
                if self.quantity == 0.0:
                    return f"{home}; arrivals from non-parties have ended"
                forced = f", {by.quantity(self.committed)} of it committed" if self.committed else ""
                return f"{home}; arrivals from non-parties are down to {by.quantity(self.quantity)}{forced}"
