"""Whose effect is told: every number belongs to the status quo, to the shock or to the agreement under that shock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.outcome import Outcome

STATE_NAMES = {
    "status_quo": "Status quo",
    "without_agreement": "Shock, no agreement",
    "with_agreement": "With agreement",
}
"""What the three states are called in charts and tables, in their order."""


@dataclass(frozen=True)
class Whose:
    """Whose effect titles, headline and charts tell: the agreement's own if anything is agreed, else the shock's.

    ``before`` is the state that it is measured from, ``suffix`` the ending of its columns among the accounts, ``lead``
    how a sentence about it begins, ``effect`` how an axis names it. ``by_shock`` says whether a shock stands beside the
    agreement; what an industry pays beside its cost stands in the column ``beside_cost`` and is called ``beside``.
    """

    before: str = "status_quo"
    suffix: str = ""
    lead: str = ""
    effect: str = "on the status quo"
    by_shock: bool = False
    agreed: bool = False
    beside: str = "By the shock alone"
    beside_cost: str = "extra_cost_usd_shock"

    @property
    def zero(self) -> str:
        """What stands at zero of a chart of changes."""
        return STATE_NAMES[self.before]

    def told(self, sentence: str) -> str:
        """A sentence about the effect, which says whose it is."""
        return f"{self.lead}{sentence[:1].lower()}{sentence[1:]}" if self.lead else sentence


AGAINST_STATUS_QUO = Whose(beside=STATE_NAMES["without_agreement"], beside_cost="extra_cost_usd_without")
"""As snapshots told it before: shock and agreement together, against the status quo."""


def whose(outcome: Outcome) -> Whose:
    """Whose effect an outcome's numbers tell."""
    return whose_of(len(outcome.scenario.shocks), agreed=not outcome.agreement.is_empty)


def whose_of(shocks: int, *, agreed: bool) -> Whose:
    """Whose effect is told where so many shocks are set and anything is ``agreed``."""
    several = "shocks" if shocks > 1 else "shock"
    if agreed and shocks:
        lead = f"By the agreement, under the {several}: "
        return Whose("without_agreement", "_agreement", lead, "by the agreement", by_shock=True, agreed=True)
    if agreed:
        return Whose("status_quo", "_agreement", "By the agreement: ", "by the agreement", agreed=True)
    return Whose(lead=f"By the {several}: ", effect=f"by the {several}") if shocks else Whose()
