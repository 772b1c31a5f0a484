"""What a choice is made from: options by mineral, the request with its limits, and scales of the parties' gains."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from model.design.choice.limits import PARTICIPATION, Limit, limits_of
from model.units import MILLION, MONEY
from model.words.numbers import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from model.design.choice.options import Frame, Option
    from model.design.problem.request import DesignRequest
    from model.market.records import Floats

SMALLEST_GAIN = 1e-4
"""A bargain needs every party to gain at least this share of the largest gain any option gives anyone."""
UNTOUCHED = 1e-6
"""A party whose gain never exceeds this share of the largest is untouched by the agreement."""


@dataclass(frozen=True)
class ChoiceTerms:
    """What the choice is made from: options per mineral (the neutral one first), the request, and what lenders ask.

    ``margins`` tighten red lines by group, to leave room for rounding.
    """

    request: DesignRequest
    frame: Frame
    options: Mapping[str, Sequence[Option]]
    lenders_share: float = 0.0
    margins: Mapping[str, float] = field(default_factory=dict)

    @property
    def cells(self) -> list[tuple[str, int]]:
        """(mineral, position) of every option."""
        return [(mineral, position) for mineral, options in self.options.items() for position in range(len(options))]

    def option(self, cell: tuple[str, int]) -> Option:
        """The option at a cell."""
        return self.options[cell[0]][cell[1]]

    @property
    def limits(self) -> list[Limit]:
        """Red lines and participation of all parties; a bargain needs every bargainer to gain something."""
        limits = [*limits_of(self.request, self.frame, self.options), *self._bargains(), *self._least_gains()]
        return [replace(limit, most=limit.most - self.margins.get(limit.group, 0.0)) for limit in limits]

    def _bargains(self) -> Iterator[Limit]:
        if self.request.objective.kind != "nash":
            return
        for party in self.counted:
            least = SMALLEST_GAIN * self.unit_gain(party)
            text = f"{party}: gains something from the bargain"
            weight = self.frame.weight
            yield Limit(f"{party} {PARTICIPATION}", party, MONEY, {}, -least, text, state_weight=weight)

    def _least_gains(self) -> Iterator[Limit]:
        """Every party that the agreement reaches gains something worth signing for, where any mineral has a package."""
        for party, least in self.least_gains.items():
            text, weight = f"{party}: gains at least {money(self.request.least_gain)} a year", self.frame.weight
            for mineral, options in self.options.items():
                agreed = {(mineral, p): least for p, option in enumerate(options) if not option.package.is_neutral}
                yield Limit(f"{party} {PARTICIPATION}", party, MONEY, agreed, 0.0, text, state_weight=weight)

    @property
    def least_gains(self) -> dict[str, float]:
        """What is asked for each party that the agreement reaches, where anything is agreed [million USD/yr]."""
        least = self.request.least_gain / MILLION
        if self.request.participation == "none" or not least:
            return {}
        reaches_all = self.request.transfers or self.request.share_revenue or self.request.share_outlay
        stakes = zip(self.frame.parties, self.largest_gains.tolist(), strict=True)
        return {party: least for party, stake in stakes if stake >= least or reaches_all}

    @cached_property
    def largest_gains(self) -> Floats:
        """By party, the largest expected gain or loss of any option [million USD/yr]."""
        sizes = [np.abs(self.frame.weight @ self.option(cell).gain) for cell in self.cells]
        largest: Floats = np.max(sizes, axis=0)
        return largest

    def is_untouched(self, party: str) -> bool:
        """Whether neither packages nor transfers nor purses reach a party."""
        if self.request.transfers or self.request.share_revenue:
            return False
        own = float(self.largest_gains[self.frame.parties.index(party)])
        return own <= UNTOUCHED * float(self.largest_gains.max(initial=0.0))

    @property
    def counted(self) -> list[str]:
        """Parties of positive weight that the agreement reaches: those that bargain, and one of which is worst off."""
        return [i for i in self.frame.parties if self.request.weight(i) > 0 and not self.is_untouched(i)]

    def counts_hedges(self, measured: Iterable[str]) -> bool:
        """Whether it matters in which state a contract settles, for the limits or for what is measured.

        Otherwise only expectations count, to which a hedge adds nothing; parties of equal weights settle nothing
        between them.
        """
        weights = {self.request.weight(party) for party in self.frame.parties}
        return self.request.participation == "every_state" or ("cvar" in measured and len(weights) > 1)

    def unit_gain(self, party: str) -> float:
        """The unit in which a bargainer's gain is measured: its own largest [million USD/yr]."""
        return max(float(self.largest_gains[self.frame.parties.index(party)]), UNTOUCHED)

    def reach(self, party: str) -> float:
        """How many units a party's gain can at most be: all gains of all minerals, should they be passed on to it."""
        own = 2.0 * len(self.options)
        if not (self.request.transfers or self.request.share_revenue or self.request.offtake.allowed):
            return own
        return max(own, float(self.largest_gains.sum()) * len(self.options) / self.unit_gain(party))
