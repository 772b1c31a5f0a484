"""Duty-free trade among parties."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from model.instruments.base import Instrument, Membership, routes_of
from model.words.numbers import changes, money, tonnes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice


class ZeroForZero(Instrument):
    """Duties in force between parties fall to zero for a mineral at a stage."""

    key: ClassVar[str] = "zero_for_zero"
    title: ClassVar[str] = "Zero for zero"
    short: ClassVar[str] = "zero-for-zero"
    rank: ClassVar[int] = 50
    group: ClassVar[str] = "border"
    in_cases: ClassVar[bool] = False

    def lay(self, over: Overlay, index: int) -> None:
        """No duty in force on the routes between parties."""
        members = [name for name in over.market.regions if name in over.parties]
        over.without_duties_in_force(over.routes(members, members, self.stage))

    def ways(self, parties: Sequence[str]) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
        """Among the parties."""
        return ((parties, parties),)

    def phrase(self, say: Voice) -> str:
        """For example "trade refined antimony among themselves free of duty"."""
        return f"trade {say.product(self.mineral, self.stage)} among themselves free of duty"

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """What moves free of duty, and what the duties in force would take of it."""
        del index
        routes, product = routes_of(state, say.parties, say.parties, self.stage), say.product(self.mineral, self.stage)
        rates = state.problem.market.base_duty
        spared = 0.0 if rates is None else float((rates[routes] * state.landed[routes]) @ state.quantity[routes])
        if not changes(spared):
            return [
                f"The duties in force take next to nothing of what the parties trade of {product} among themselves."
            ]
        moved = tonnes(float(state.quantity[routes].sum()))
        return [
            f"Among the parties {moved} of {product} move free of duty; the duties in force would be {money(spared)} a "
            "year on that."
        ]

    def applied_by(self, change: Membership) -> Self | None:
        """It binds whoever is a party."""
        del change
        return self
