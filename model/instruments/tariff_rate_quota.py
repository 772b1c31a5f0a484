"""Tariff-rate quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import model_validator

from model.instruments.base import FIRST_RATE, BorderMeasure, Duty, RentHolder, Row
from model.instruments.quota import FULL, told_of_use
from model.market.records import Role
from model.problem import ROUNDING
from model.records import Quantity
from model.words.numbers import LEAST_T, tonnes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.instruments.base import StatusQuo
    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice


class Trq(BorderMeasure):
    """Tariff-rate quota: a pool at the in-quota rate, the rest at the over-quota rate; replaces agreed tariffs."""

    key: ClassVar[str] = "trqs"
    title: ClassVar[str] = "Tariff-rate quota"
    short: ClassVar[str] = "TRQ"
    rank: ClassVar[int] = 20
    group: ClassVar[str] = "border"
    result: ClassVar[str | None] = "trqs"
    result_title: ClassVar[str] = "How each tariff-rate quota is used"

    quantity: Quantity
    in_quota: Duty = Duty()
    over_quota: Duty = Duty()
    rent_to: RentHolder = RentHolder.IMPORTER

    @model_validator(mode="after")
    def _in_quota_is_lower(self) -> Trq:
        low, high = self.in_quota, self.over_quota
        rises = high.specific > low.specific or high.ad_valorem > low.ad_valorem
        falls = high.specific < low.specific or high.ad_valorem < low.ad_valorem
        if falls and not rises:
            raise ValueError(
                f"in-quota duty (specific {low.specific:g}, ad valorem {low.ad_valorem:g}) is above the over-quota "
                f"duty (specific {high.specific:g}, ad valorem {high.ad_valorem:g}); it must be at most that"
            )
        return self

    @classmethod
    def first_levels(cls, at: StatusQuo) -> dict[str, Any]:
        """A usual rate beyond the quota."""
        del at
        return {"over_quota": {"ad_valorem": FIRST_RATE}}

    def lay(self, over: Overlay, index: int) -> None:
        """Two tiers on its routes: agreed tariffs there give way, duties in force stay beneath."""
        inside, beyond, holder = self.in_quota, self.over_quota, self.rent_to
        over.limit_in_tiers(
            self.key,
            over.routes(self.exporters, self.importers, self.stage),
            self.quantity,
            (inside.specific, inside.ad_valorem),
            (beyond.specific, beyond.ad_valorem),
            index=index,
            account=holder.account,
            to_exporter=holder is RentHolder.EXPORTER,
        )

    def phrase(self, say: Voice) -> str:
        """For example "let in 14,000 t a year of refined antimony from non-parties at 0 %, and charge 25 % ..."."""
        inside, beyond = self.in_quota, self.over_quota
        product, exporters = say.product(self.mineral, self.stage), say.the_regions(self.exporters)
        if self.quantity == 0.0:
            duty = say.duty(beyond.specific, beyond.ad_valorem)
            return f"charge {duty} on all {product} from {exporters}, a tariff-rate quota of {say.tonnes(0.0)}"
        return (
            f"let in {say.quantity(self.quantity)} of {product} from {exporters} at "
            f"{say.duty(inside.specific, inside.ad_valorem)}, and charge "
            f"{say.duty(beyond.specific, beyond.ad_valorem)} beyond; the rent goes to {self.rent_to.words}"
        )

    def label(self, say: Voice) -> str:
        """For example "TRQ 14,000 t"."""
        return f"{self.short} {say.tonnes(self.quantity)}"

    @classmethod
    def together(cls, terms: Sequence[Self]) -> tuple[Sequence[Self], str]:
        """Those that divide one become that one."""
        side = _divided(terms)
        if side is None:
            return terms, ""
        named = sum((getattr(term, side) for term in terms), ())
        whole = terms[0].model_copy(update={"quantity": sum(term.quantity for term in terms), side: named})
        return (whole,), f"divide the quota in {len(terms)}"

    def rows(self, state: State, index: int) -> Iterable[Row]:
        """Imports inside and beyond the quota, and the rent per unit inside."""
        position = state.pool(self.key, index)
        within, beyond, rent = 0.0, 0.0, 0.0
        if position is not None:
            members = state.problem.pools[position].members
            amount, is_over = state.quantity[members], state.problem.table.role[members] == Role.OVER_QUOTA
            beyond = float(amount[is_over].sum())
            imports = float(amount[~is_over].sum())
            within = imports - beyond if imports > beyond * (1.0 + ROUNDING) else 0.0
            rent = float(state.rent[position])
        yield {"index": index, "in_quota": within, "over_quota": beyond, "rent_per_unit": rent}

    def verdict(self, state: State, index: int, say: Voice) -> str | None:
        """Whether it is full and what comes beyond it; nothing of one party's part, or where no quota is left."""
        (row,) = self.rows(state, index)
        if self.quantity == 0.0 or not set(say.parties) <= set(self.importers):
            return None
        if row["in_quota"] < FULL * self.quantity:
            return "The tariff-rate quota is not filled"
        beyond = ", and more comes in at the over-quota rate" if row["over_quota"] >= LEAST_T else ""
        return f"The tariff-rate quota is full{beyond}"

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """How full it is, what its rent is worth to whom, and what comes in beyond it."""
        (row,) = self.rows(state, index)
        if self.quantity == 0.0:
            product, comes = say.product(self.mineral, self.stage), tonnes(row["over_quota"])
            return [f"The tariff-rate quota for {product} lets none in; {comes} come in at the over-quota rate."]
        told = told_of_use(self.quantity, row["in_quota"], row["rent_per_unit"], self.rent_to)
        beyond = row["over_quota"]
        more = f"; {tonnes(beyond)} more come in at the over-quota rate" if beyond >= LEAST_T else ""
        return [f"The tariff-rate quota for {say.product(self.mineral, self.stage)} is {told}{more}."]


def _divided(quotas: Sequence[Trq]) -> str | None:
    """The side on which quotas divide one among them, each region in one and all else alike; None where they do not."""
    for side in ("importers", "exporters"):
        regions = [region for each in quotas for region in getattr(each, side)]
        rest = {each.model_copy(update={side: ("",), "quantity": 0.0}) for each in quotas}
        if len(rest) == 1 < len(quotas) and len(set(regions)) == len(regions):
            return side
    return None
