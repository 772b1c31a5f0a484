"""Public stockpiles with a release price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from model.instruments.base import Instrument, Membership, in_all
from model.market.records import NOWHERE, NodeRole, Role
from model.records import Price, Quantity, RegionName
from model.words.levers import rounded
from model.words.numbers import LEAST_T, price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.instruments.base import StatusQuo
    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice


class Stockpile(Instrument):
    """Public stock offered at ``release_above``, up to ``quantity`` per year."""

    key: ClassVar[str] = "stockpiles"
    title: ClassVar[str] = "Stockpile"
    short: ClassVar[str] = "stockpile"
    rank: ClassVar[int] = 80
    group: ClassVar[str] = "stock"
    by_parties: ClassVar[bool] = True
    level_names: ClassVar[tuple[str, ...]] = ("release price",)

    party: RegionName
    quantity: Quantity
    release_above: Price

    @classmethod
    def first_levels(cls, at: StatusQuo) -> dict[str, Any]:
        """As large as what private stocks release in a year."""
        used_t = float(at.flows.loc[at.flows["importer"] == at.parties[0], "status_quo"].sum())
        return {"quantity": rounded(at.release_share * used_t, 2)}

    def lay(self, over: Overlay, index: int) -> None:
        """An offer at the release price."""
        over.offer(self.party, self.stage, self.release_above, self.quantity)

    def phrase(self, say: Voice) -> str:
        """For example "offer up to 1,000 t a year of refined antimony from its stockpile above 40,000 USD/t"."""
        product = say.product(self.mineral, self.stage)
        release = say.price(self.release_above)
        return f"offer up to {say.quantity(self.quantity)} of {product} from its stockpile above {release}"

    def label(self, say: Voice) -> str:
        """For example "stock 1,000 t"."""
        return f"stock {say.tonnes(self.quantity)}"

    @classmethod
    def together(cls, terms: Sequence[Self]) -> tuple[Sequence[Self], str]:
        """Several are a number and a sum."""
        if len(terms) < 2:
            return terms, ""
        return (), f"hold {len(terms)} stockpiles of {in_all(term.quantity for term in terms)} t together"

    def levels(self) -> tuple[float, ...]:
        """The price from which it is released."""
        return (self.release_above,)

    def actors(self) -> tuple[str, ...]:
        """Whose stock it is."""
        return (self.party,)

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """That it sells nothing where the price does not reach its own; what it sells is told with its money."""
        market, table = state.problem.market, state.problem.table
        node = market.node(self.party, self.stage, NodeRole.USE)
        if node == NOWHERE:
            return []
        sold = float(state.quantity[(table.role == Role.STOCK_SALE) & (table.node_out == node)].sum())
        if sold >= LEAST_T or self.quantity == 0.0:
            return []
        product, party = say.product(self.mineral, self.stage), say.the_region(self.party)
        return [
            f"The {say.tonnes(self.quantity)} of {product} in public stocks of {party} are not sold: the price there, "
            f"{price(float(state.price[node]))}, is not above {say.price(self.release_above)}."
        ]

    def applied_by(self, change: Membership) -> Self | None:
        """A leaver takes its stock along."""
        return None if self.party in change.leavers else self
