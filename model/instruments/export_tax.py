"""Export taxes that a party commits to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from model.instruments.base import FIRST_RATE, Instrument, Membership, Regions, routes_of
from model.problem import Basis
from model.records import Price, Rate, RegionName
from model.words.numbers import LEAST_T, changes, money, tonnes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.instruments.base import StatusQuo
    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice


class ExportTax(Instrument):
    """Tax on the exporter's price, paid to the exporter's treasury."""

    key: ClassVar[str] = "export_taxes"
    title: ClassVar[str] = "Export tax"
    short: ClassVar[str] = "export tax"
    rank: ClassVar[int] = 60
    group: ClassVar[str] = "border"
    outsiders: ClassVar[tuple[str, ...]] = ("importers",)
    by_parties: ClassVar[bool] = True

    exporter: RegionName
    importers: Regions
    specific: Price = 0.0
    ad_valorem: Rate = 0.0

    @classmethod
    def first_levels(cls, at: StatusQuo) -> dict[str, Any]:
        """At a usual rate."""
        del at
        return {"ad_valorem": FIRST_RATE}

    def lay(self, over: Overlay, index: int) -> None:
        """A charge on the exporter's price, paid at home."""
        routes = over.routes([self.exporter], self.importers, self.stage)
        over.charge(routes, self.specific, self.ad_valorem, basis=Basis.ORIGIN, to_exporter=True)

    def phrase(self, say: Voice) -> str:
        """For example "tax exports of refined antimony to Japan at 10 %"."""
        product, importers = say.product(self.mineral, self.stage), say.the_regions(self.importers)
        return f"tax exports of {product} to {importers} at {say.duty(self.specific, self.ad_valorem)}"

    def label(self, say: Voice) -> str:
        """For example "export tax 10 %"."""
        return f"{self.short} {say.duty(self.specific, self.ad_valorem)}"

    def actors(self) -> tuple[str, ...]:
        """The exporter taxes."""
        return (self.exporter,)

    def ways(self, parties: Sequence[str]) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
        """What it is laid on."""
        del parties
        return (((self.exporter,), self.importers),)

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """What is exported under it, and what it brings."""
        del index
        routes, table = routes_of(state, (self.exporter,), self.importers, self.stage), state.problem.table
        shipped = state.quantity[routes]
        paid = float(((self.specific + self.ad_valorem * state.price[table.node_in[routes]]) * shipped).sum())
        product, exporter = say.product(self.mineral, self.stage), say.the_region(self.exporter)
        brings = (
            f"{money(paid)} a year" if changes(paid) else "next to nothing" if shipped.sum() >= LEAST_T else "nothing"
        )
        return [
            f"Under the export tax on {product}, {exporter} ships {tonnes(float(shipped.sum()))} to "
            f"{say.the_regions(self.importers)}; it brings {brings}."
        ]

    def applied_by(self, change: Membership) -> Self | None:
        """A leaver is bound no more; a tax on exports to all others follows who they are."""
        importers = change.outsiders_among(self.importers)
        if self.exporter in change.leavers or not importers:
            return None
        return self.model_copy(update={"importers": importers})
