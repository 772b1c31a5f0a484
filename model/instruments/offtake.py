"""Offtake commitments from a producing to a consuming region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator

from model.instruments.base import Instrument, Membership, in_all
from model.records import Price, Quantity, RegionName
from model.words.levers import rounded
from model.words.numbers import changes, figures, money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.instruments.base import StatusQuo
    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice

NOTHING = 1e-6
"""An offtake of which no larger share is excused is delivered."""


class Offtake(Instrument):
    """Commitment that at least ``quantity`` is shipped from producer to buyer in every state, settled at ``strike``."""

    key: ClassVar[str] = "offtakes"
    title: ClassVar[str] = "Offtake"
    short: ClassVar[str] = "offtake"
    rank: ClassVar[int] = 70
    group: ClassVar[str] = "stock"
    by_parties: ClassVar[bool] = True
    level_names: ClassVar[tuple[str, ...]] = ("strike",)

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

    @classmethod
    def first_levels(cls, at: StatusQuo) -> dict[str, Any]:
        """The largest flow between two parties, or one of nothing."""
        flows = at.flows[at.flows["exporter"].isin(at.parties) & at.flows["importer"].isin(at.parties)]
        flows = flows[flows["exporter"] != flows["importer"]].sort_values("status_quo", ascending=False)
        if flows.empty:
            return {"quantity": 0.0}
        top = flows.iloc[0]
        return {"producer": top["exporter"], "buyer": top["importer"], "quantity": rounded(top["status_quo"], 3)}

    def ways(self, parties: Sequence[str]) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
        """From producer to buyer."""
        del parties
        return (((self.producer,), (self.buyer,)),)

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

    @classmethod
    def together(cls, terms: Sequence[Self]) -> tuple[Sequence[Self], str]:
        """Several are a number and a sum."""
        if len(terms) < 2:
            return terms, ""
        return (), f"sign {len(terms)} offtakes over {in_all(term.quantity for term in terms)} t/yr"

    def levels(self) -> tuple[float, ...]:
        """Its strike."""
        return () if self.strike is None else (self.strike,)

    def actors(self) -> tuple[str, ...]:
        """The buyer takes it."""
        return (self.buyer,)

    def applied_by(self, change: Membership) -> Self | None:
        """A contract with a leaver ends."""
        return None if {self.producer, self.buyer} & change.leavers else self

    def missed(self, state: State, index: int, say: Voice) -> str | None:
        """What of it cannot be delivered."""
        own = [
            share
            for commitment, share in zip(state.problem.commitments, state.excused, strict=True)
            if commitment.index == index
        ]
        product, producer = say.product(self.mineral, self.stage), say.the_region(self.producer)
        if not own:  # no route: one of the two does not trade it
            return (
                f"None of the {say.tonnes(self.quantity)} of {product} a year committed from {producer} to "
                f"{say.the_region(self.buyer)} can be delivered: no {product} is made there or used here"
            )
        excused = sum(own)
        if excused <= NOTHING:
            return None
        return (
            f"Of the {say.tonnes(self.quantity)} of {product} a year committed from {producer} to "
            f"{say.the_region(self.buyer)}, {figures((1.0 - excused) * self.quantity)} t can be delivered; the rest is "
            "excused"
        )

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """What of it is delivered, and what the buyer pays at its strike beside the producer's market price."""
        told, product = self.missed(state, index, say), say.product(self.mineral, self.stage)
        buyer, producer = say.the_region(self.buyer), say.the_region(self.producer)
        committed = f"The {say.tonnes(self.quantity)} of {product} a year committed from {producer} to {buyer}"
        return [f"{told or f'{committed} are delivered'}{self._settled(state, index, say)}."]

    def _settled(self, state: State, index: int, say: Voice) -> str:
        """What the buyer pays for what is delivered, above or below the producer's market price."""
        if self.strike is None:
            return ""
        price, strike = state.price[state.problem.table.node_in], self.strike
        paid = sum(
            float(strike - price[commitment.route]) * commitment.quantity * (1.0 - excused)
            for commitment, excused in zip(state.problem.commitments, state.excused, strict=True)
            if commitment.index == index
        )
        if not changes(paid):
            return ""
        side = "more" if paid > 0 else "less"
        return f"; at the strike {say.the_region(self.buyer)} pays {money(paid)} a year {side} than the market's price"
