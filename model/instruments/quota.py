"""Import quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from model.instruments.base import BorderMeasure, RentHolder, Row
from model.market.records import Shape
from model.records import Quantity
from model.words.numbers import changes, exact, figures, money, percent, price

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice


FULL = 0.999
"""A quota that is filled to this share is full."""


class Quota(BorderMeasure):
    """Upper limit on the sum of all flows on its routes."""

    key: ClassVar[str] = "quotas"
    title: ClassVar[str] = "Quota"
    short: ClassVar[str] = "quota"
    rank: ClassVar[int] = 30
    group: ClassVar[str] = "border"
    result: ClassVar[str | None] = "quotas"
    result_title: ClassVar[str] = "How each quota is used"

    quantity: Quantity
    rent_to: RentHolder = RentHolder.IMPORTER

    def lay(self, over: Overlay, index: int) -> None:
        """A limit on its routes; the dual is the rent."""
        routes = over.routes(self.exporters, self.importers, self.stage)
        to_exporter = self.rent_to is RentHolder.EXPORTER
        over.limit(self.key, routes, self.quantity, index=index, account=self.rent_to.account, to_exporter=to_exporter)

    def phrase(self, say: Voice) -> str:
        """For example "let in at most 5,000 t a year of refined antimony from non-parties; the rent goes to ..."."""
        product, exporters = say.product(self.mineral, self.stage), say.the_regions(self.exporters)
        if self.quantity == 0.0:
            return f"let in no {product} from {exporters}"
        return (
            f"let in at most {say.quantity(self.quantity)} of {product} from {exporters}; the rent goes to "
            f"{self.rent_to.words}"
        )

    def label(self, say: Voice) -> str:
        """For example "quota 5,000 t"."""
        return f"{self.short} {say.tonnes(self.quantity)}"

    def rows(self, state: State, index: int) -> Iterable[Row]:
        """Imports on its routes and the rent per unit; none of a quota of nothing on routes that only fade.

        There the first unit would be worth without end.
        """
        position = state.pool(self.key, index)
        imports: float = 0.0
        rent: float | None = 0.0
        if position is not None:
            members, table = state.problem.pools[position].members, state.problem.table
            imports = min(float(state.quantity[members].sum()), self.quantity)  # beyond it is rounding
            fades = (table.shape[members] == Shape.LOG) & (table.upper[members] > 0.0)
            rent = None if self.quantity == 0.0 and fades.any() else float(state.rent[position])
        yield {"index": index, "imports": imports, "rent_per_unit": rent}

    def verdict(self, state: State, index: int, say: Voice) -> str | None:
        """Whether it is full; nothing of one party's part, or where nothing may come in."""
        (row,) = self.rows(state, index)
        if self.quantity == 0.0 or not set(say.parties) <= set(self.importers):
            return None
        return f"The quota is {'full' if row['imports'] >= FULL * self.quantity else 'not filled'}"

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """How full it is, and what its rent is worth to whom."""
        (row,) = self.rows(state, index)
        product, used, rent = say.product(self.mineral, self.stage), row["imports"], row["rent_per_unit"] or 0.0
        if self.quantity == 0.0:
            return [f"The quota lets no {product} in."]
        return [f"The quota for {product} is {told_of_use(self.quantity, used, rent, self.rent_to)}."]


def told_of_use(quantity: float, used: float, rent: float, holder: RentHolder) -> str:
    """How full a quota is, and what its rent is worth to whom: "full and its rent of 1,200 USD/t is worth ..."."""
    if used < FULL * quantity:
        return f"{percent(used / quantity)} full: {figures(used)} of {exact(quantity)} t/yr come in"
    if not changes(rent * used):
        return "full"
    return f"full and its rent of {price(rent)} is worth {money(rent * used)} a year to {holder.words}"
