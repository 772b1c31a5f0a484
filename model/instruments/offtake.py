"""Offtake commitments from a producing to a consuming region."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from model.instruments.base import Instrument, Membership
from model.records import Price, Quantity, RegionName

if TYPE_CHECKING:
    from model.overlay import Overlay
    from model.words.voice import Voice


class Offtake(Instrument):
    """Commitment that at least ``quantity`` is shipped from producer to buyer in every state, settled at ``strike``."""

    key: ClassVar[str] = "offtakes"
    title: ClassVar[str] = "Offtake"
    short: ClassVar[str] = "offtake"
    rank: ClassVar[int] = 70
    group: ClassVar[str] = "stock"

    producer: RegionName
    buyer: RegionName
    quantity: Quantity = Field(
        description="delivered as far as it can be, the rest is excused; fixed use without a choke price is served "
        "first, all other use (isoelastic too) yields to it"
    )
    strike: Price | None = Field(
        None, description="price the buyer pays the producer; none = the producer's market price"
    )

    @model_validator(mode="after")
    def _two_regions(self) -> Offtake:
        if self.producer == self.buyer:
            raise ValueError(f"producer and buyer are both {self.producer!r}; an offtake needs two regions")
        return self

    def lay(self, over: Overlay, index: int) -> None:
        """A least quantity on the route from producer to buyer."""
        over.commit(index, self.producer, self.buyer, self.stage, self.quantity, self.strike)

    def phrase(self, say: Voice) -> str:
        """For example "take at least 2,000 t a year of refined antimony from Mexico, at 30,000 USD/t"."""
        strike = "the producer's market price" if self.strike is None else say.price(self.strike)
        product, producer = say.product(self.mineral, self.stage), say.the_region(self.producer)
        return f"take at least {say.quantity(self.quantity)} of {product} from {producer}, at {strike}"

    def label(self, say: Voice) -> str:
        """For example "offtake 2,000 t"."""
        return f"{self.short} {say.tonnes(self.quantity)}"

    def actors(self) -> tuple[str, ...]:
        """The buyer takes it."""
        return (self.buyer,)

    def applied_by(self, change: Membership) -> Self | None:
        """A contract with a leaver ends."""
        return None if {self.producer, self.buyer} & change.leavers else self
