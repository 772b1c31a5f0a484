"""Price floors: held by a variable levy, a contract for difference or a buffer stock."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from model.instruments.base import Instrument, Membership, Regions, Row, prices
from model.market.records import NOWHERE, NodeRole, Role
from model.overlay import stage_positions
from model.records import Money, Price, Quantity
from model.words.numbers import LEAST_SHARE, figures_beside, price, starting, tonnes
from model.words.why_not import Plain, Readable, Reason, WhyNot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from model.overlay import Overlay
    from model.problem import State
    from model.words.voice import Voice

HOLDS = 1.0 - 1e-9
"""A price within this share of the floor holds it."""
NOTHING = 1e-6
"""Arrivals below this share of all that comes to a place have ended."""
LEAST_SOLD = 1e-9
"""Sales of a public stock below this share of the market's scale are none."""


REACHED = 1e-6
"""A contract for difference pays, and a buffer stock buys, where the price is within this share of its own."""


@dataclass(frozen=True)
class AtLevels:
    """How a floor is told where its level varies: its name, what it is on, and what it does where it binds or not."""

    name: str
    on: str
    binds: str
    slack: str
    holds: str
    fails: str


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

    @property
    def at_levels(self) -> AtLevels:
        """How a curve over its level is told; a contract for difference holds no price at the border."""
        return {
            Mechanism.VARIABLE_LEVY: AtLevels("floor", "on", "bind", "does not bind", "holds", "cannot hold"),
            Mechanism.CFD: AtLevels(self.words, "for producers of", "pay", "pays nothing", "pays", "cannot pay"),
            Mechanism.BUFFER_STOCK: AtLevels(
                self.words, "for", "buy", "buys nothing", "holds its price", "cannot hold its price"
            ),
        }[self]


OF_MECHANISM = {
    "levy_cap": Mechanism.VARIABLE_LEVY,
    "budget": Mechanism.BUFFER_STOCK,
    "ceiling": Mechanism.BUFFER_STOCK,
    "stock": Mechanism.BUFFER_STOCK,
}
"""Fields that count under one mechanism only."""


class Floor(Instrument):
    """Price floor that each named party holds in its own market by one of three mechanisms."""

    key: ClassVar[str] = "floors"
    title: ClassVar[str] = "Price floor"
    short: ClassVar[str] = "floor"
    rank: ClassVar[int] = 10
    group: ClassVar[str] = "floor"
    result: ClassVar[str | None] = "floors"
    result_title: ClassVar[str] = "What each floor charges or pays, and whether it holds"
    row_key: ClassVar[tuple[str, ...]] = ("index", "region")
    level_names: ClassVar[tuple[str, ...]] = ("floor", "selling price")
    only_parties: ClassVar[tuple[str, ...]] = ("parties",)

    parties: Regions
    price: Price
    mechanism: Mechanism = Mechanism.VARIABLE_LEVY
    levy_cap: Price | None = Field(None, description="largest levy per unit; none = unlimited (variable levy)")
    budget: Money | None = Field(None, description="each party's purchase budget; none = unlimited (buffer stock)")
    ceiling: Price | None = Field(None, description="price at which the stock is sold; none = never (buffer stock)")
    stock: Quantity = Field(0.0, description="each party's quantity held for sale at the ceiling (buffer stock)")

    @model_validator(mode="after")
    def _ceiling_above_floor(self) -> Floor:
        if self.ceiling is not None and self.ceiling < self.price:
            raise ValueError(
                f"ceiling {self.ceiling:g} is below the floor price {self.price:g}; it must be at least that"
            )
        return self

    def idle(self) -> Iterable[tuple[str, str]]:
        """Fields that count under another mechanism only."""
        for name, mechanism in OF_MECHANISM.items():
            if getattr(self, name) not in (None, 0.0) and self.mechanism is not mechanism:
                yield name, f"has no effect with a {self.mechanism.words}; it belongs to a {mechanism.words}"

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
        """For example "set a floor of 60,000 USD/t for refined antimony by a variable levy"."""
        product, price = say.product(self.mineral, self.stage), say.price(self.price)
        if self.mechanism is Mechanism.CFD:
            return f"pay producers of {product} up to {price} by a {self.mechanism.words}"
        if self.mechanism is Mechanism.BUFFER_STOCK:
            stock, each, source = f"a {self.mechanism.words}", "", "it"
            if len(self.parties) > 1:
                stock, each, source = f"{stock} in each of them", " each", "each"
            budget = (
                f"for at most {say.money(self.budget)} a year{each}" if self.budget is not None else "without limit"
            )
            sale = (
                ""
                if self.ceiling is None
                else f", and sell up to {say.quantity(self.stock)} from {source} at {say.price(self.ceiling)}"
            )
            return f"buy {product} for {stock} at {price}, {budget}{sale}"
        cap = "" if self.levy_cap is None else f" of at most {say.price(self.levy_cap)}"
        return f"set a floor of {price} for {product} by a {self.mechanism.words}{cap}"

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

    def levels(self) -> tuple[float, ...]:
        """The floor, and the price at which a buffer stock is sold."""
        return (self.price,) if self.ceiling is None else (self.price, self.ceiling)

    def missed(self, state: State, index: int, say: Voice) -> str | None:
        """In which parties prices do not reach it, how far they get, and its cap."""
        rows = [row for row in self.rows(state, index) if row["price"] is not None]
        missed = [row for row in rows if not row["holds"]]
        if not missed:
            return None
        where = "all its parties" if len(missed) == len(rows) > 1 else _where(missed, say)
        reach = f"prices reach {prices(row['price'] for row in missed)}"
        if self.levy_cap is not None and all(row["levy"] >= self.levy_cap * (1.0 - REACHED) for row in missed):
            reach = f"the levy is capped at {say.price(self.levy_cap)}, and {reach}"
        return f"The floor of {say.price(self.price)} fails in {where}: {reach}"

    def verdict(self, state: State, index: int, say: Voice) -> str | None:
        """That it fails, and where and why; that it holds; or that it does not bind."""
        failing, what = self.missed(state, index, say), f"The floor of {say.price(self.price)}{self.within(say)}"
        held = [row for row in self.rows(state, index) if row["holds"]]
        if failing is not None or not held:
            return failing
        if not any(self._binds(row) for row in held):
            return f"{what} does not bind: prices are {prices(row['price'] for row in held)} anyway"
        return f"{what} holds{' for producers' if self.mechanism is Mechanism.CFD else ''}"

    def _binds(self, row: Row) -> bool:
        """A levy binds where it is charged, a contract for difference and a buffer stock where the price is its own."""
        if self.mechanism is Mechanism.VARIABLE_LEVY:
            return bool(row["levy"] > LEAST_SHARE * self.price)
        return bool(row["price"] <= self.price * (1.0 + REACHED))

    def rows(self, state: State, index: int) -> Iterable[Row]:
        """Per party: levy, price, whether the floor holds, and why not."""
        return [self._row(state, index, party) for party in self.parties]

    def reasons(self, state: State, index: int, say: Voice) -> list[str]:
        """Where and how it is held, where not and why, and what its ceiling does."""
        rows, product = list(self.rows(state, index)), say.product(self.mineral, self.stage)
        which = f"floor of {say.price(self.price)} for {product}"
        told = self._held([row for row in rows if row["holds"]], which, say)
        alike: dict[WhyNot, list[WhyNot]] = {}
        for party in self.parties:
            why = self.why_not(state, index, party)
            if why is not None:
                alike.setdefault(replace(why, region="", price=0.0), []).append(why)
        for why, each in alike.items():
            where = say.names.the_regions([one.region for one in each], most=len(each))
            reach = prices(one.price for one in each)
            clause = why.told_of(Readable(say.names), where, reach, several=len(each) > 1)
            nothing = why.reason in (Reason.NOT_TRADED, Reason.NOT_PRODUCED)
            told.append(
                f"{starting(clause)}: the {which} does nothing there."
                if nothing
                else f"The {which} does not hold in {where}: {clause}."
            )
        return told if self.ceiling is None else [*told, *self._at_ceiling(state, rows, self.ceiling, product, say)]

    def _held(self, held: list[Row], which: str, say: Voice) -> list[str]:
        """How it is held where it binds, and where the price is above it without it."""
        binding = [row for row in held if self._binds(row)]
        slack = [row for row in held if not self._binds(row)]
        told = []
        if binding:
            where = _where(binding, say)
            levy = prices(row["levy"] for row in binding)
            told.append(
                {
                    Mechanism.VARIABLE_LEVY: f"A levy of {levy} on arrivals from non-parties holds the {which} in "
                    f"{where}.",
                    Mechanism.CFD: f"Under the {which}, producers in {where} are paid up to it; users pay the market "
                    "price, treasuries the difference.",
                    Mechanism.BUFFER_STOCK: f"{starting(_stocks(binding, 'hold'))} the {which} in {where}.",
                }[self.mechanism]
            )
        if slack:
            above, where = min(row["price"] for row in slack), _where(slack, say)
            told.append(
                f"The {which} is reached in {where} without a levy there."
                if above <= self.price * (1.0 + REACHED)
                else f"The {which} does not bind in {where}: the price is at least "
                f"{figures_beside(above, self.price)} USD/t anyway."
            )
        return told

    def _at_ceiling(self, state: State, rows: list[Row], ceiling: float, product: str, say: Voice) -> list[str]:
        """Where the stock sells at its ceiling, and where the price is above it since all that was held is sold."""
        told, level = [], say.price(ceiling)
        sold = {party: _sold(state, party, self.stage, ceiling) for party in self.parties}
        sellers = [party for party, amount in sold.items() if amount > 0.0]
        if sellers:
            told.append(
                f"From the ceiling of {level} on {_stocks(sellers, 'sell')} {tonnes(sum(sold.values()))} of {product} "
                f"in {say.names.the_regions(sellers)}, at the market's price."
            )
        above = [row for row in rows if (row["price"] or 0.0) > ceiling * (1.0 + REACHED)]
        if above:
            held = f"all {say.tonnes(self.stock)} held {'in each' if len(above) > 1 else 'there'} are sold"
            left = held if self.stock else "nothing is held for sale"
            least = price(min(row["price"] for row in above))
            told.append(
                f"The ceiling of {level} does not hold in {_where(above, say)}: {left}, and the price is at least "
                f"{least}."
            )
        return told

    def why_not(self, state: State, index: int, party: str) -> WhyNot | None:
        """Why it does not hold in a party, or None where it does.

        A levy's reasons: its cap, the party's own exports, or supply inside the agreement. A contract for difference
        holds wherever something is produced.
        """
        why = partial(WhyNot, region=party, mineral=self.mineral, stage=self.stage)
        on_producers, node = self.mechanism is Mechanism.CFD, self._node(state, party)
        if node == NOWHERE:
            return why(Reason.NOT_PRODUCED if on_producers else Reason.NOT_TRADED)
        price = float(state.price[node])
        if on_producers or price >= self.price * HOLDS:
            return None
        if self.mechanism is Mechanism.BUFFER_STOCK:
            return why(Reason.BUDGET_SPENT, price=price, quantity=_bought(state, party, self.stage))
        slot, is_own = self._levy_in(state, index, node)
        cap = math.inf if self.levy_cap is None else self.levy_cap
        if float(state.levy[slot]) >= cap * HOLDS:
            return why(Reason.AT_CAP if is_own else Reason.ABOVE_CAP, price=price, cap=cap)
        table = state.problem.table
        exports, imports = _traded(state, party, self.stage)
        if exports > imports:
            return why(Reason.NET_EXPORTER, price=price)
        members = state.problem.levies[slot].members
        arrivals, arrives = float(state.quantity[members].sum()), float(state.quantity[table.node_out == node].sum())
        if arrivals <= NOTHING * arrives:
            return why(Reason.SUPPLY_INSIDE, price=price)
        committed = float(table.lower[members].sum())
        return why(Reason.SUPPLY_INSIDE, price=price, quantity=arrivals, committed=committed)

    def _row(self, state: State, index: int, party: str) -> Row:
        node, why = self._node(state, party), self.why_not(state, index, party)
        row: Row = {"index": index, "region": party, "levy": 0.0, "price": None, "holds": why is None, "why_not": None}
        if why is not None:
            row["why_not"] = why.told(Plain())
        if node == NOWHERE:
            return row
        row["price"] = float(state.price[node])
        if self.mechanism is Mechanism.CFD:
            row["price"] = max(row["price"], float(state.problem.producer_floor[node]))
        if self.mechanism is Mechanism.VARIABLE_LEVY:
            slot, is_own = self._levy_in(state, index, node)
            row["levy"] = float(state.levy[slot]) if is_own else 0.0
        return row

    def _node(self, state: State, party: str) -> int:
        """Where it is held in a party."""
        role = NodeRole.SUPPLY if self.mechanism is Mechanism.CFD else NodeRole.USE
        return state.problem.market.node(party, self.stage, role)

    def _levy_in(self, state: State, index: int, node: int) -> tuple[int, bool]:
        """The levy charged at a node (position), and whether it is this floor that asks for it."""
        slot = next(slot for slot, group in enumerate(state.problem.levies) if group.node == node)
        return slot, slot in state.levies_of(self.key, index)


def _stocks(holders: Collection[object], verb: str) -> str:
    """The buffer stocks of so many parties as the subject of a verb; each party has its own."""
    return f"the buffer stocks {verb}" if len(holders) > 1 else f"the buffer stock {verb}s"


def _where(rows: list[Row], say: Voice) -> str:
    return say.names.the_regions([row["region"] for row in rows])


def _sold(state: State, party: str, stage: str, ceiling: float) -> float:
    """What a party's public stocks sell of a stage at a price, without what is too little to show."""
    table, market = state.problem.table, state.problem.market
    own = (table.region == market.regions.index(party)) & (stage_positions(market, table) == market.stages.index(stage))
    sold = float(state.quantity[own & (table.role == Role.STOCK_SALE) & (table.level == ceiling)].sum())
    return sold if sold > LEAST_SOLD * market.quantity_scale else 0.0


def _bought(state: State, party: str, stage: str) -> float:
    """What a party's buffer stocks buy of a stage."""
    table, market = state.problem.table, state.problem.market
    own = (table.region == market.regions.index(party)) & (stage_positions(market, table) == market.stages.index(stage))
    bought = state.quantity[own & (table.role == Role.STOCK_PURCHASE)].sum()
    return float(bought - state.quantity[own & (table.role == Role.UNBOUGHT)].sum())


def _traded(state: State, party: str, stage: str) -> tuple[float, float]:
    """What a party exports and imports of a stage."""
    table, market = state.problem.table, state.problem.market
    here, same_stage = market.regions.index(party), stage_positions(market, table) == market.stages.index(stage)
    routes = np.flatnonzero((table.role == Role.ROUTE) & (table.region != table.partner) & same_stage)
    exports = float(state.quantity[routes[table.region[routes] == here]].sum())
    return exports, float(state.quantity[routes[table.partner[routes] == here]].sum())
