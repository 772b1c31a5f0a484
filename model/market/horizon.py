"""How much time a market has to respond: the registered responses that count, and what only a short time has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HorizonId = Literal["short", "long"]


@dataclass(frozen=True)
class Horizon:
    """One horizon, with the names of the assumptions that hold over it.

    ``moves_stocks`` says whether stocks count: private inventories that ease a shortage, exporters' stockpiles that
    take what a restriction keeps at home; ``plants_stand`` whether plants are as they are: a country's published
    capacity is a limit, and an outage that will end lasts. ``byproduct_capacity`` names the multiple of today's
    recovery that a host can carry. ``words`` says it inside a sentence, ``label`` where one is chosen.
    """

    id: HorizonId
    label: str
    words: str
    demand_elasticity: str
    supply_elasticity: str
    capacity_headroom: str
    byproduct_capacity: str
    moves_stocks: bool
    plants_stand: bool

    @property
    def responses(self) -> tuple[str, ...]:
        """Names of the assumptions on how users, producers and capacity respond."""
        return self.demand_elasticity, self.supply_elasticity, self.capacity_headroom

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Names of the assumptions that count over this horizon and may not over another."""
        return *self.responses, self.byproduct_capacity


SHORT = Horizon(
    id="short",
    label="Short, 1 year",
    words="within one year, with capacity almost fixed",
    demand_elasticity="demand_elasticity_short",
    supply_elasticity="supply_elasticity_short",
    capacity_headroom="capacity_headroom_short",
    byproduct_capacity="capacity_headroom_short",
    moves_stocks=True,
    plants_stand=True,
)
LONG = Horizon(
    id="long",
    label="Long",
    words="once capacity has responded",
    demand_elasticity="demand_elasticity_long",
    supply_elasticity="supply_elasticity_long",
    capacity_headroom="capacity_headroom_long",
    byproduct_capacity="byproduct_potential_multiple",
    moves_stocks=False,
    plants_stand=False,
)
HORIZONS = {horizon.id: horizon for horizon in (SHORT, LONG)}
