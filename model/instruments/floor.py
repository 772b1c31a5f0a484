"""Price floors: held by a variable levy, a contract for difference or a buffer stock."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from model.instruments.base import Instrument, Membership, Regions, Row
from model.market.records import NOWHERE, NodeRole, Role
from model.overlay import stage_positions
from model.records import Money, Price, Quantity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice

HOLDS = 1.0 - 1e-9
"""A price within this share of the floor holds it."""
NOTHING = 1e-6
"""Arrivals below this share of the market's scale have ended."""


class Mechanism(StrEnum):
    """How a price floor is held."""

    VARIABLE_LEVY = "variable_levy"
    CFD = "cfd"
    BUFFER_STOCK = "buffer_stock"

    @property
    def words(self) -> str:
        """What people call it, inside a sentence."""
        return {
            Mechanism.VARIABLE_LEVY: "variable levy",
            Mechanism.CFD: "contract for difference",
            Mechanism.BUFFER_STOCK: "buffer stock",
        }[self]


class Floor(Instrument):
    """Price floor that each named party holds in its own market by one of three mechanisms."""

    key: ClassVar[str] = "floors"
    title: ClassVar[str] = "Price floor"
    short: ClassVar[str] = "floor"
    rank: ClassVar[int] = 10
    group: ClassVar[str] = "floor"
    result: ClassVar[str | None] = "floors"
    row_key: ClassVar[tuple[str, ...]] = ("index", "region")

    parties: Regions
    price: Price
    mechanism: Mechanism = Mechanism.VARIABLE_LEVY
    levy_cap: Price | None = Field(None, description="largest levy per unit; none = unlimited (variable levy)")
    budget: Money | None = Field(None, description="each party's purchase budget; none = unlimited (buffer stock)")
    ceiling: Price | None = Field(None, description="price at which the stock is sold; none = never (buffer stock)")
    stock: Quantity = Field(0.0, description="quantity held for sale at the ceiling (buffer stock)")

    @model_validator(mode="after")
    def _ceiling_above_floor(self) -> Floor:
        if self.ceiling is not None and self.ceiling < self.price:
            raise ValueError(
                f"ceiling {self.ceiling:g} is below the floor price {self.price:g}; it must be at least that"
            )
        return self

    def lay(self, over: Overlay, index: int) -> None:
        """In each party: a levy on arrivals, a guarantee to producers, or a stock that buys and sells."""
        for party in self.parties:
            if self.mechanism is Mechanism.VARIABLE_LEVY:
                over.hold(self.key, index, party, self.stage, self.price, self.levy_cap)
            elif self.mechanism is Mechanism.CFD:
                over.guarantee(party, self.stage, self.price)
            else:
                over.bid(party, self.stage, self.price, self.budget)
                if self.ceiling is not None:
                    over.offer(party, self.stage, self.ceiling, self.stock)

    def phrase(self, say: Voice) -> str:
        """For example "keep refined antimony at 60,000 USD/t or more by a variable levy"."""
        product, price = say.product(self.mineral, self.stage), say.price(self.price)
        if self.mechanism is Mechanism.CFD:
            return f"pay producers of {product} up to {price} by a {self.mechanism.words}"
        if self.mechanism is Mechanism.BUFFER_STOCK:
            each = " each" if len(self.parties) > 1 else ""
            budget = (
                f"for at most {say.money(self.budget)} a year{each}" if self.budget is not None else "without limit"
            )
            sale = (
                ""
                if self.ceiling is None
                else f", and sell up to {say.quantity(self.stock)} from it at {say.price(self.ceiling)}"
            )
            return f"buy {product} for a {self.mechanism.words} at {price}, {budget}{sale}"
        cap = "" if self.levy_cap is None else f" of at most {say.price(self.levy_cap)}"
        return f"keep {product} at {price} or more by a {self.mechanism.words}{cap}"

    def label(self, say: Voice) -> str:
        """For example "60,000 USD/t" or "60,000 USD/t, capped"."""
        return say.price(self.price) + ("" if self.levy_cap is None else ", capped")

    def actors(self) -> tuple[str, ...]:
        """Those in whose markets it is held."""
        return self.parties

    def applied_by(self, change: Membership) -> Self | None:
        """Who leaves holds it no more; who joins holds what all parties hold."""
        parties = change.members_among(self.parties)
        return self.model_copy(update={"parties": parties}) if parties else None

    def rows(self, state: State, index: int) -> Iterable[Row]:
        """Per party: levy, price, whether the floor holds, and why not."""
        return [self._row(state, index, party) for party in self.parties]

    def _row(self, state: State, index: int, party: str) -> Row:
        market = state.problem.market
        on_producers = self.mechanism is Mechanism.CFD
        node = market.node(party, self.stage, NodeRole.SUPPLY if on_producers else NodeRole.USE)
        row: Row = {"index": index, "region": party, "levy": 0.0, "price": None, "holds": False, "why_not": None}
        if node == NOWHERE:
            verb = "produce" if on_producers else "trade"
            return row | {"why_not": f"{party} does not {verb} {self.mineral} ({self.stage})"}
        price = float(state.price[node])
        if on_producers:
            return row | {"price": max(price, float(state.problem.producer_floor[node])), "holds": True}
        holds = price >= self.price * HOLDS
        row |= {"price": price, "holds": holds}
        if self.mechanism is Mechanism.BUFFER_STOCK:
            bought = _bought(state, party, self.stage)
            return row if holds else row | {"why_not": f"the budget is spent: it bought {bought:,.6g}"}
        slot = next(
            slot for slot, group in enumerate(state.problem.levies) if (group.region, group.node) == (party, node)
        )
        asks = state.problem.levies[slot].steps[state.step[slot]]
        is_own = (asks.kind, asks.index) == (self.key, index)
        row["levy"] = float(state.levy[slot]) if is_own else 0.0
        cap = math.inf if self.levy_cap is None else self.levy_cap
        return row if holds else row | {"why_not": _why_not(state, slot, cap, price, is_own=is_own)}


def _bought(state: State, party: str, stage: str) -> float:
    """What a party's buffer stocks buy of a stage."""
    table, market = state.problem.table, state.problem.market
    own = (table.region == market.regions.index(party)) & (stage_positions(market, table) == market.stages.index(stage))
    bought = state.quantity[own & (table.role == Role.STOCK_PURCHASE)].sum()
    return float(bought - state.quantity[own & (table.role == Role.UNBOUGHT)].sum())


def _why_not(state: State, slot: int, cap: float, price: float, *, is_own: bool) -> str:
    """Why no levy holds a floor: its cap, the party's own exports, or supply inside the agreement."""
    group, levy = state.problem.levies[slot], float(state.levy[slot])
    if levy >= cap * HOLDS and is_own:
        return f"the levy is at its cap of {cap:,.6g}; the price is {price:,.6g}"
    if levy >= cap * HOLDS:
        return f"its levy may be at most {cap:,.6g}, and that of another floor is higher; the price is {price:,.6g}"
    table, market = state.problem.table, state.problem.market
    here = market.regions.index(group.region)
    same_stage = stage_positions(market, table) == market.stages.index(market.nodes[group.node].stage)
    routes = np.flatnonzero((table.role == Role.ROUTE) & (table.region != table.partner) & same_stage)
    exports = float(state.quantity[routes[table.region[routes] == here]].sum())
    imports = float(state.quantity[routes[table.partner[routes] == here]].sum())
    if exports > imports:
        own = f"its own supply sets the price, {price:,.6g}"
        return f"{group.region} is a net exporter: {own}, whatever levy imports pay"
    home = f"supply from {group.region} and its partners alone keeps the price at {price:,.6g}"
    committed, arrivals = float(table.lower[group.members].sum()), float(state.quantity[group.members].sum())
    if arrivals <= NOTHING * market.quantity_scale:
        return f"{home}; arrivals from non-parties have ended"
    forced = f", {committed:,.6g} of it committed" if committed else ""
    return f"{home}; arrivals from non-parties are down to {arrivals:,.6g}{forced}"
