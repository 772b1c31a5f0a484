"""Whose effect is told: every number belongs to the status quo, to the shock or to the agreement under that shock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.shocks import NamedShock
from model.shocks.library import LICENCES, TAX
from model.words.numbers import NO_CHANGE, lowered, starting

if TYPE_CHECKING:
    from model.outcome import Outcome
    from model.scenario import Scenario
    from model.shocks import AnyShock
    from model.words.names import Names

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

    def zero_beside(self, *, shock: bool) -> str:
        """The same where the effect of the shock itself may stand on the axis, which no one state is zero of."""
        return starting(NO_CHANGE) if shock and self.by_shock else self.zero

    def told(self, sentence: str) -> str:
        """A sentence about the effect, which says whose it is."""
        return f"{self.lead}{lowered(sentence)}" if self.lead else sentence


AGAINST_STATUS_QUO = Whose(beside=STATE_NAMES["without_agreement"], beside_cost="extra_cost_usd_without")
"""As snapshots told it before: shock and agreement together, against the status quo."""


def is_answer(name: str, names: Names) -> bool:
    """Whether a named shock is an exporter's answer to an agreement."""
    return names.kind_of_shock(name) in (LICENCES, TAX)


def events(scenario: Scenario, names: Names) -> tuple[AnyShock, ...]:
    """The shocks that hit whatever is agreed: what an exporter answers to an agreement counts as the agreement's."""
    return tuple(
        shock for shock in scenario.shocks if not (isinstance(shock, NamedShock) and is_answer(shock.name, names))
    )


def answers(scenario: Scenario, names: Names) -> tuple[str, ...]:
    """What exporters answer to the agreement: the names of those among the shocks."""
    named = (shock.name for shock in scenario.shocks if isinstance(shock, NamedShock))
    return tuple(name for name in named if is_answer(name, names))


def whose(outcome: Outcome, names: Names) -> Whose:
    """Whose effect an outcome's numbers tell."""
    return whose_of(len(events(outcome.scenario, names)), agreed=not outcome.agreement.is_empty)


def whose_of(shocks: int, *, agreed: bool) -> Whose:
    """Whose effect is told where so many shocks are set and anything is ``agreed``."""
    several = "shocks" if shocks > 1 else "shock"
    if agreed and shocks:
        lead = f"By the agreement, under the {several}: "
        return Whose("without_agreement", "_agreement", lead, "by the agreement", by_shock=True, agreed=True)
    if agreed:
        return Whose("status_quo", "_agreement", "By the agreement: ", "by the agreement", agreed=True)
    return Whose(lead=f"By the {several}: ", effect=f"by the {several}") if shocks else Whose()
