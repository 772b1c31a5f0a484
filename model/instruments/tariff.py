"""Import duties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from model.instruments.base import FIRST_RATE, BorderMeasure, routes_of
from model.instruments.tariff_rate_quota import Trq
from model.records import Price, Rate
from model.words.numbers import LEAST_T, changes, money, tonnes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.instruments.base import Instrument, StatusQuo
    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice


class Tariff(BorderMeasure):
    """Import duty: specific per unit and ad valorem on the landed value before duty; both make it compound."""

    key: ClassVar[str] = "tariffs"
    title: ClassVar[str] = "Tariff"
    short: ClassVar[str] = "tariff"
    rank: ClassVar[int] = 40
    group: ClassVar[str] = "border"

    specific: Price = 0.0
    ad_valorem: Rate = 0.0
    greater_of: bool = Field(False, description="charge the larger of the two parts instead of their sum")

    @classmethod
    def first_levels(cls, at: StatusQuo) -> dict[str, Any]:
        """At a usual rate."""
        del at
        return {"ad_valorem": FIRST_RATE}

    def lay(self, over: Overlay, index: int) -> None:
        """A charge on its routes, on top of what is charged there already."""
        routes = over.routes(self.exporters, self.importers, self.stage)
        over.charge(routes, self.specific, self.ad_valorem, greater_of=self.greater_of)

    def replaced_share(self, beside: Iterable[Instrument]) -> float:
        """Tariff-rate quotas replace it on their routes."""
        own, quotas = self.routes(), (term.routes() for term in beside if isinstance(term, Trq))
        return len(own.intersection(frozenset().union(*quotas))) / len(own) if own else 0.0

    def phrase(self, say: Voice) -> str:
        """For example "charge 25 % on refined antimony from non-parties"."""
        product, exporters = say.product(self.mineral, self.stage), say.the_regions(self.exporters)
        duty = say.duty(self.specific, self.ad_valorem, greater_of=self.greater_of)
        return f"charge {duty} on {product} from {exporters}"

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """What comes in under it, and what it brings; nothing where a tariff-rate quota replaces it on every route."""
        del index
        replaced = [route for group in state.problem.trqs for route in group.routes]
        routes = np.setdiff1d(routes_of(state, self.exporters, self.importers, self.stage), replaced)
        if not len(routes):
            return []
        share, arrives = self.ad_valorem * state.landed[routes], state.quantity[routes]
        duty = np.maximum(self.specific, share) if self.greater_of else self.specific + share
        what = f"Under the tariff on {say.product(self.mineral, self.stage)}"
        paid, exporters = float(duty @ arrives), say.the_regions(self.exporters)
        if arrives.sum() < LEAST_T:
            return [f"{what} nothing comes in from {exporters}."]
        brings = f"{money(paid)} a year" if changes(paid) else "next to nothing"
        return [f"{what}, {tonnes(float(arrives.sum()))} come in from {exporters}; it brings {brings}."]

    def label(self, say: Voice) -> str:
        """For example "tariff 25 %"."""
        duty = say.duty(self.specific, self.ad_valorem, greater_of=self.greater_of)
        return f"{self.short} {duty}"
