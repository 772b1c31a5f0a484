"""The status quo of a mineral, to which the menu refers."""

from __future__ import annotations

from dataclasses import dataclass, field

Amounts = dict[str, float]
Pairs = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Facts:
    """The status quo of one mineral's last stage, to which the menu refers. Price is weighted by the parties' use.

    ``need_t`` is use by stage, ``lot_t`` the least quantity that is traded. ``deliverable_t`` is what each party makes
    at the last stage in every state beyond what it sells at home, ``landed_usd_per_t`` by producer, buyer and stage;
    both are only filled where commitments are allocated.
    """

    mineral: str
    stage: str
    price_usd_per_t: float
    use_t: Amounts
    non_party_imports_t: Amounts
    flows_t: Pairs
    need_t: dict[str, Amounts]
    lot_t: float = 1.0
    deliverable_t: Amounts = field(default_factory=dict)
    landed_usd_per_t: dict[tuple[str, str, str], float] = field(default_factory=dict)
