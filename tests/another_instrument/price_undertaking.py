"""Price undertakings, as somebody might add them: the one file that a new instrument needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field

from model.instruments.base import Instrument, Membership, Regions, prices
from model.instruments.floor import HOLDS
from model.market.records import NOWHERE, NodeRole
from model.records import Price

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.instruments.base import Row
    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice


class PriceUndertaking(Instrument):
    """Exporters sell to the parties at ``price`` or above and keep the difference; all others pay it as a levy."""

    key: ClassVar[str] = "price_undertakings"
    title: ClassVar[str] = "Price undertaking"
    short: ClassVar[str] = "undertaking"
    rank: ClassVar[int] = 15
    group: ClassVar[str] = "floor"
    result: ClassVar[str | None] = "price_undertakings"
    row_key: ClassVar[tuple[str, ...]] = ("index", "region")
    outsiders: ClassVar[tuple[str, ...]] = ("exporters",)
    only_parties: ClassVar[tuple[str, ...]] = ("parties",)
    only_outsiders: ClassVar[tuple[str, ...]] = ("exporters",)

    parties: Regions
    exporters: Regions
    price: Price
    levy_cap: Price | None = Field(None, description="largest difference per unit; none = unlimited")

    def lay(self, over: Overlay, index: int) -> None:
        """A levy that the exporters keep."""
        for party in self.parties:
            over.hold(self.key, index, party, self.stage, self.price, self.levy_cap, kept_by=self.exporters)

    def phrase(self, say: Voice) -> str:
        """For example "take refined antimony from Bolivia at 60,000 USD/t or more"."""
        product, exporters = say.product(self.mineral, self.stage), say.the_regions(self.exporters)
        cap = "" if self.levy_cap is None else f", the difference being {say.price(self.levy_cap)} at most"
        return f"take {product} from {exporters} at {say.price(self.price)} or more{cap}"

    def label(self, say: Voice) -> str:
        """For example "undertaking 60,000 USD/t"."""
        return f"{self.short} {say.price(self.price)}"

    def actors(self) -> tuple[str, ...]:
        """Those into whose markets it is sold."""
        return self.parties

    def levels(self) -> tuple[float, ...]:
        """The price undertaken."""
        return (self.price,)

    def rows(self, state: State, index: int) -> Iterable[Row]:
        """Per party what the exporters keep per unit."""
        kept = {state.problem.levies[slot].region: levy for slot, levy in state.levies_of(self.key, index).items()}
        return [{"index": index, "region": party, "kept": kept.get(party, 0.0)} for party in self.parties]

    def missed(self, state: State, index: int, say: Voice) -> str | None:
        """In which parties prices do not reach it, and how far they get."""
        market = state.problem.market
        nodes = {party: market.node(party, self.stage, NodeRole.USE) for party in self.parties}
        reached = {party: float(state.price[node]) for party, node in nodes.items() if node != NOWHERE}
        below = {party: price for party, price in reached.items() if price < self.price * HOLDS}
        if not below:
            return None
        where, reach = say.names.the_regions(below), prices(below.values())
        return f"The {self.short} at {say.price(self.price)} fails in {where}: prices reach {reach}"

    def bound(self) -> tuple[str, ...]:
        """The exporters undertake it."""
        return self.exporters

    def applied_by(self, change: Membership) -> Self | None:
        """Who leaves takes it no more; an exporter who joins undertakes nothing."""
        parties, exporters = change.members_among(self.parties), change.outsiders_among(self.exporters)
        return self.model_copy(update={"parties": parties, "exporters": exporters}) if parties and exporters else None
