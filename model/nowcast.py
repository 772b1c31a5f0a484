"""The status quo of today: each market moved by as little as returns the prices quoted on the status-quo date.

Duties and controls alone do not bring the prices of the base year to those of today. What else happened since (growth,
stocks built, mines lost, licences handled more strictly than published) is one number per quoted price, so that the
undisturbed state returns the quotes; quantities are not fitted and test it (table ``trade_after``).

* One quote: use or output is so much higher or lower at any price; table ``nowcast`` says which, and why. Where China's
  licences bind, a price outside tells nothing of China's own use and output: those outside alone are moved.
* Quotes outside and inside China, where China's licences bind: the price outside tells what the licences let out, the
  price inside how much more China itself takes (stocks being built among it). Where they do not bind, both quotes tell
  one number, and the one outside decides.

A shift beyond its registered limit is not applied: the price is then said to be not explained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, root

from model.assumptions import Assumption
from model.data.quotes import NOWCAST_LIMITS, Quote, choose
from model.data.schemas.quotes import INSIDE, OUTSIDE
from model.equilibrium.ledger import Ledger
from model.errors import SolveError
from model.market.records import Role
from model.problem import ROUNDING
from model.words.numbers import figures_beside, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from model.assumptions import Assumptions
    from model.data import Tables
    from model.market.records import MineralMarket
    from model.problem import State

OUTWARD = (0.125, 0.25, 0.5, 1.0)
"""How far towards its limit a shift is tried, one after the other."""
EXACT = 1e-5
"""Of a price: how closely a quote is returned."""
FINEST = 4 * float(np.finfo(float).eps)
LIMIT, INSIDE_LIMIT = NOWCAST_LIMITS


class ShiftKind(StrEnum):
    """What is moved."""

    DEMAND = "demand"
    SUPPLY = "supply"
    INSIDE_DEMAND = "inside_demand"
    NONE = "none"


@dataclass(frozen=True)
class Shift:
    """By how much a market is moved: use or output at any price by a share, China's licences by a multiple.

    ``outside_only`` leaves China's use and output where they are.
    """

    kind: ShiftKind = ShiftKind.NONE
    share: float = 0.0
    licences: float = 1.0
    outside_only: bool = False

    def moved(self, market: MineralMarket) -> MineralMarket:
        """The market with use or output at any price moved; capacity moves with output."""
        if self.share == 0.0:
            return market
        t, multiple = market.activities, 1.0 + self.share
        base, lower, upper, width = t.base.copy(), t.lower.copy(), t.upper.copy(), t.width.copy()
        inside = t.region == market.regions.index(INSIDE)
        here = inside if self.kind == ShiftKind.INSIDE_DEMAND else ~(inside & self.outside_only)
        if self.kind == ShiftKind.SUPPLY:
            made, refined = here & (t.role == Role.SUPPLY), here & (t.role == Role.PROCESS)
            base[made] *= multiple
            width[refined] /= multiple
            upper[made | refined] *= multiple
        else:
            wanted, unserved = here & (t.role == Role.DEMAND), here & (t.role == Role.UNSERVED)
            base[wanted] *= multiple
            lower[wanted] *= multiple
            upper[unserved] *= multiple
        return replace(market, activities=replace(t, base=base, lower=lower, upper=upper, width=width))


UNMOVED = Shift()
APART = (
    "the price outside China is not explained: no recent one is published openly, and China's licences "
    "part the two markets"
)

BOTH_QUOTED = "the price outside tells the licences, the price inside what China takes, stocks built there among it"
"""Why licences and China's use are moved, where quotes on both sides of its licences tell both."""


@dataclass(frozen=True)
class Prices:
    """What a state's last stage costs outside and inside China [USD/t], without import duties and levies.

    Outside it is what crosses borders there, weighted by tonnes; inside what China's users pay. ``licence_binds`` says
    whether limits on China's exports earn a rent wherever it exports.
    """

    outside: float
    inside: float
    licence_binds: bool

    def at(self, place: str) -> float:
        """The price at a place of quotes."""
        return self.outside if place == OUTSIDE else self.inside


def prices_of(state: State) -> Prices:
    """Prices of a solved state at the places where prices are quoted."""
    ledger = Ledger(state)
    t, market = ledger.table, ledger.market
    china = market.regions.index(INSIDE)
    routes = ledger.where(Role.ROUTE)
    routes = routes[ledger.stage[routes] == len(market.stages) - 1]
    due = sum(
        (charge for (_, to_exporter), charge in ledger.charges.by_receiver.items() if not to_exporter),
        start=np.zeros(len(t)),
    )

    def mean(which: np.ndarray, price: np.ndarray) -> float:
        sold = ledger.x[which]
        return float(price[which] @ sold / sold.sum()) if sold.sum() > 0.0 else float("nan")

    abroad = routes[(t.partner[routes] != china) & (t.partner[routes] != t.region[routes])]
    from_china = routes[(t.region[routes] == china) & (t.partner[routes] != china) & (ledger.shown[routes] > 0.0)]
    full = [
        pool.members
        for rent, pool in zip(state.rent, state.problem.pools, strict=True)
        if pool.to_exporter and rent > ROUNDING * market.price_scale
    ]
    binds = bool(full) and bool(np.isin(from_china, np.concatenate(full)).all())
    return Prices(
        outside=mean(abroad, ledger.price_out - due),
        inside=mean(routes[t.partner[routes] == china], ledger.price_out),
        licence_binds=binds,
    )


@dataclass(frozen=True)
class Nowcast:
    """How a market was moved, and the prices of its undisturbed state at the places of quotes.

    ``why_not`` is empty where every quote is returned, else says why not, for the reader; then nothing is moved.
    ``unknown`` says what no quote tells although the rest is returned: the price outside, where only China's is quoted
    and its licences part the markets. ``reason`` says why what is moved is what moves.
    """

    mineral: str
    shift: Shift
    price: Prices
    quotes: Mapping[str, Quote]
    why_not: str
    reason: str
    unknown: str = ""

    @property
    def explained(self) -> bool:
        """Whether quotes explain the price that the parties pay."""
        return not self.why_not and not self.unknown

    @property
    def place(self) -> str:
        """Where today's price is quoted: outside China if anywhere."""
        return INSIDE if INSIDE in self.quotes and OUTSIDE not in self.quotes else OUTSIDE

    @property
    def quote(self) -> Quote | None:
        """The quote of today's price; None where nothing recent is published."""
        return self.quotes.get(self.place)


def quotes_of(tables: Tables) -> dict[str, dict[str, Quote]]:
    """The prices on the status-quo date by mineral and place; none where nothing recent is published."""
    day = date.fromisoformat(str(tables["status_quo"]["date"].iloc[0]))
    minerals = [str(name) for name in tables["nowcast"]["mineral"]]
    found = {
        mineral: {place: choose(tables["quotes"], mineral, place, day) for place in (OUTSIDE, INSIDE)}
        for mineral in minerals
    }
    return {
        mineral: {place: quote for place, quote in own.items() if quote is not None} for mineral, own in found.items()
    }


def as_assumed(quotes: Mapping[str, Quote], assumptions: Assumptions, mineral: str) -> dict[str, Quote]:
    """A mineral's quotes by place, those with a range at the level assumed within what the same method gave."""
    return {
        place: replace(quote, price_usd_per_t=assumptions.value(f"quote_{place}", mineral))
        if quote.low_usd_per_t < quote.high_usd_per_t
        else quote
        for place, quote in quotes.items()
    }


RANGE_OF = {
    "assessment": "lowest and highest assessed within six months",
    "unit_value": "lowest and highest mean of three months of imports, ending with each of the last six",
}
"""Where the range of a quote comes from, by its method."""


def quote_levels(quotes: Mapping[str, Mapping[str, Quote]]) -> list[Assumption]:
    """Quotes that the same method gave differently at about that time: assumptions by another table, like controls."""
    return [
        Assumption(
            id=f"quote_{place}",
            mineral=mineral,
            value=quote.price_usd_per_t,
            low=quote.low_usd_per_t,
            high=quote.high_usd_per_t,
            unit="USD/t",
            reason=RANGE_OF[quote.method],
            source_id="; ".join(quote.sources),
        )
        for mineral, own in quotes.items()
        for place, quote in own.items()
        if quote.low_usd_per_t < quote.high_usd_per_t
    ]


def find_nowcast(
    rows: pd.DataFrame,
    quotes: Mapping[str, Quote],
    assumptions: Assumptions,
    mineral: str,
    evaluate: Callable[[Shift], State],
    licences: tuple[float, float] | None,
) -> Nowcast:
    """Find how a market must be moved so that its undisturbed state returns the quotes by place.

    ``rows`` is the table ``nowcast``; ``evaluate`` solves the undisturbed state under a shift; ``licences`` are the
    least and most that China's licences may let out, as multiples of their level; None where it has none.
    """
    row = rows.set_index("mineral").loc[mineral]
    search = _Search(cache(evaluate), quotes, assumptions, mineral)
    unknown = ""
    kind = ShiftKind(str(row["kind"]))
    shift, why_not, reason = UNMOVED, "", str(row["reason"])
    try:
        if not quotes:
            why_not = "no recent price is published openly"
        elif kind == ShiftKind.NONE:
            why_not = "nothing is named that may move"
        else:
            apart = licences is not None and search.prices(UNMOVED).licence_binds
            if len(quotes) > 1 and apart and licences is not None:
                reason = BOTH_QUOTED
                shift = search.licences_and_inside_demand(licences)
            elif OUTSIDE in quotes:
                shift = search.one_shift(kind, OUTSIDE, outside_only=apart)
            else:
                shift = search.one_shift(kind, INSIDE)
                unknown = APART if apart else ""
    except Unexplained as error:
        why_not = str(error)
    except SolveError:
        why_not = "no equilibrium was found on the way to the quoted price"
    return Nowcast(mineral, shift, search.prices(shift), quotes, why_not, reason, unknown)


class Unexplained(Exception):
    """No shift within its limit returns a quote; says which."""


@dataclass
class _Search:
    """Looks for shifts that return quotes: prices rise with demand, and fall with supply and with licences."""

    evaluate: Callable[[Shift], State]
    quotes: Mapping[str, Quote]
    assumptions: Assumptions
    mineral: str

    def prices(self, shift: Shift) -> Prices:
        """Prices under a shift."""
        return prices_of(self.evaluate(shift))

    def one_shift(self, kind: ShiftKind, place: str, *, outside_only: bool = False) -> Shift:
        """The shift of one kind that returns one quote."""
        shift, ratio = self._nearest(kind, place, outside_only=outside_only)
        if ratio is not None:
            raise self._too_far(shift, ratio)
        return shift

    def licences_and_inside_demand(self, licences: tuple[float, float]) -> Shift:
        """The licences, within their range, that return the price outside, with the use inside for the price there."""

        def inside(log: float) -> tuple[Shift, float | None]:
            return self._nearest(ShiftKind.INSIDE_DEMAND, INSIDE, float(np.exp(log)))

        def miss(log: float) -> float:
            return self._miss(inside(log)[0], OUTSIDE)

        ends = 0.0, float(np.log(licences[0] if miss(0.0) < 0.0 else licences[1]))
        missed = miss(ends[0]), miss(ends[1])
        if missed[0] * missed[1] > 0.0:
            raise Unexplained(
                "no level of China's licences within their own range returns the price quoted outside: at the nearest "
                f"it would come to {_beside_quote(float(np.exp(missed[1])))} of the quote, so nothing is moved"
            )
        log = self._both(ends, missed, [inside(end)[0] for end in ends])
        if log is None:
            log = float(brentq(miss, min(ends), max(ends), xtol=EXACT, rtol=FINEST))
        shift, ratio = inside(log)
        if ratio is not None:
            raise self._too_far(shift, ratio, "its price")
        return shift

    def _both(self, ends: tuple[float, float], missed: tuple[float, float], shifts: list[Shift]) -> float | None:
        """The log of the licences between two ends that returns both quotes, use inside sought with it.

        A search in a search takes many times more solves; None where this one leads nowhere.
        """

        def misses(logs: np.ndarray) -> list[float]:
            shift = Shift(ShiftKind.INSIDE_DEMAND, float(np.expm1(logs[1])), float(np.exp(logs[0])))
            return [self._miss(shift, place) for place in (OUTSIDE, INSIDE)]

        share = missed[0] / (missed[0] - missed[1]) if missed[0] else 0.0
        use = np.log1p([shift.share for shift in shifts])
        try:
            found = root(misses, [share * ends[1], use[0] + share * (use[1] - use[0])], tol=EXACT)
        except SolveError:
            return None
        return float(found.x[0]) if found.success and min(ends) <= found.x[0] <= max(ends) else None

    def _nearest(
        self, kind: ShiftKind, place: str, licences: float = 1.0, *, outside_only: bool = False
    ) -> tuple[Shift, float | None]:
        """The shift that returns a quote, and None, sought outward from no shift.

        Where none does, or nothing is solved beyond, the farthest tried and its price over the quote.
        """

        def shifted(log: float) -> Shift:
            return Shift(kind, float(np.expm1(log)), licences, outside_only)

        def miss(log: float) -> float:
            return self._miss(shifted(log), place)

        at, missed = 0.0, miss(0.0)
        end = self._most(kind) * (1.0 if (missed < 0.0) == (kind != ShiftKind.SUPPLY) else -1.0)
        for share in OUTWARD:
            if missed == 0.0:
                break
            try:
                beyond = miss(share * end)
            except SolveError:
                break
            if beyond * missed <= 0.0:
                low, high = sorted((at, share * end))
                return shifted(brentq(miss, low, high, xtol=EXACT, rtol=FINEST)), None
            at, missed = share * end, beyond
        return shifted(at), None if abs(missed) <= EXACT else float(np.exp(missed))

    def _most(self, kind: ShiftKind) -> float:
        """How far a kind of shift may go, as a log."""
        limit = INSIDE_LIMIT if kind == ShiftKind.INSIDE_DEMAND else LIMIT
        return float(np.log1p(self.assumptions.value(limit, self.mineral)))

    def _miss(self, shift: Shift, place: str) -> float:
        """By how much a shift misses a quote, as the log of the price there over it."""
        price = self.prices(shift).at(place)
        if not price > 0.0:
            raise Unexplained("no metal is traded where the price is quoted")
        return float(np.log(price / self.quotes[place].price_usd_per_t))

    def _too_far(self, shift: Shift, ratio: float, price: str = "the price") -> Unexplained:
        """That the farthest shift leaves a price at a multiple of its quote, so that nothing is moved."""
        what = {ShiftKind.DEMAND: "use", ShiftKind.SUPPLY: "output"}.get(shift.kind, "China's own use")
        is_most = abs(np.log1p(shift.share)) >= self._most(shift.kind) - EXACT
        why = "the most that is allowed" if is_most else "beyond which no equilibrium was found"
        return Unexplained(
            f"even with {what} {_moved(shift.share)}, {why}, {price} would come to {_beside_quote(ratio)} of the "
            "quote, so nothing is moved"
        )


def _beside_quote(ratio: float) -> str:
    """A price over its quote in percent, with the digits that tell the two apart.

    >>> _beside_quote(0.45), _beside_quote(0.9981), _beside_quote(1.00004)
    ('45 %', '99.8 %', '100.004 %')
    """
    told = percent(ratio)
    return told if told != percent(1.0) else f"{figures_beside(100.0 * ratio, 100.0)} %"


def _moved(share: float) -> str:
    """How far something is moved.

    >>> _moved(-0.3), _moved(0.0)
    ('30 % lower', 'as it is')
    """
    if share == 0.0:
        return "as it is"
    return f"{percent(abs(share))} {'higher' if share > 0 else 'lower'}"
