"""The conditions of equilibrium at given prices: residuals, derivatives, and which regime each instrument is in.

Given a price at every node, every activity's quantity follows from its curve, so the unknowns are only the node prices,
the rents of pools and the levies of floors. They solve

* market balance: what arrives at a node equals what leaves it (or the price is zero and some is left over);
* pools: rent >= 0, room >= 0, one of them zero;
* tariff-rate quotas: the rent is what in-quota imports are worth, at most the rate difference of each route inside the
  quota (:class:`~model.equilibrium.regimes.QuotaSide`);
* levies: zero with the price above the floor, or the price at the floor, or at the cap, or so high that none arrive;
* public stocks and unserved demand: at their lower bound, or their price rules at their node, or at their upper bound.

What follows from prices in closed form is eliminated rather than iterated: the levy that brings arrivals to what is
missing at the floor, the quantity of a stock whose price rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.equilibrium.regimes import (
    BETWEEN,
    CAPPED,
    FREE,
    HOLD,
    LEAST,
    MOST,
    RULES,
    SHUT,
    ExponentialFlows,
    QuotaSide,
    next_side,
    side_and_levy,
    smooth_side,
    tied_with,
)
from model.equilibrium.tolerances import ALMOST_NOTHING, ARRIVALS_ENDED, AT_ITS_PRICE, SMALL_TRADE
from model.market.curves import HIGHEST_EXPONENT, CurveGroups
from model.market.records import NOWHERE, Role, Shape, is_any, sum_by
from model.problem import PRODUCTION, Basis, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.market.records import Floats, Integers
    from model.problem import Charge, TrqGroup

SOFTNESS = 1e-5
"""Proximal slope of flat curves [price scale per thousandth of the quantity scale]; only speed depends on it."""
MOST_SIDE_CHANGES = 4
PRICE_SETTERS = (Role.UNSERVED, Role.STOCK_SALE, Role.STOCK_PURCHASE, Role.UNBOUGHT, Role.HELD_AT_HOME)


@dataclass(frozen=True)
class Linearisation:
    """Residuals at a point, which unknowns are fixed there, and each activity's slope and weights on its prices.

    ``arrival_weight`` and ``departure_weight`` (per node, and nowhere) and ``pool_weight`` turn changes of quantities
    into changes of residuals.
    """

    residual: Floats
    is_set: NDArray[np.bool_]
    arrival_weight: Floats
    departure_weight: Floats
    pool_weight: Floats
    slope: Floats
    on_received: Floats
    on_paid: Floats


@dataclass
class Point:
    """A candidate equilibrium in scaled units: prices, rents, levies, regimes, quantities, and how good it is.

    ``lag`` are the quantities at which charges that depend on a congested route's own flow are read.
    """

    price: Floats
    rent: Floats
    levy: Floats
    sides: tuple[QuotaSide, ...]
    levy_state: Integers
    stock_state: Integers
    quantity: Floats
    marginal: Floats
    lag: Floats
    residual: float = np.inf
    norm: float = np.inf
    steps: int = 0


class System:
    """The equilibrium conditions of one (scaled) problem, with their derivatives.

    Unknowns: node prices, rents of the pools in ``own`` (all but the caps of over-quota parts, which follow), levies.
    ``step`` says which of its floors each levy holds.
    """

    def __init__(self, problem: Problem, step: tuple[int, ...] | None = None) -> None:
        t = problem.table
        self.problem = problem
        self.nodes = len(problem.market.nodes)
        caps = {cap for group in problem.trqs for cap in group.caps}
        self.own = [position for position in range(len(problem.pools)) if position not in caps]
        self.pools = len(self.own)
        self.levies = len(problem.levies)
        self.size = self.nodes + self.pools + self.levies
        self.node_in = np.where(t.node_in == NOWHERE, self.nodes, t.node_in)
        self.node_out = np.where(t.node_out == NOWHERE, self.nodes, t.node_out)
        self.is_production = is_any(t.role, PRODUCTION)
        self.is_over = t.role == Role.OVER_QUOTA
        self.has_cfd = bool(problem.producer_floor.any())
        self.producer_floor = np.append(problem.producer_floor, 0.0)
        self.limit = np.array([problem.pools[position].limit for position in self.own])
        self.trq_of = {group.pool: slot for slot, group in enumerate(problem.trqs)}
        self._read_charges()
        self._read_floors(step)
        self._find_price_setters()
        self.entry = np.where(t.shape == Shape.LOG, -np.inf, t.level)
        self._group_levies()
        members = [pool.members[~self.is_over[pool.members]] for pool in (problem.pools[own] for own in self.own)]
        self.is_smooth_pool = np.array([self._is_smooth(routes) for routes in members], dtype=bool)
        self.is_smooth_trq = [self._is_smooth(group.routes) for group in problem.trqs]
        self.paired = self._pair_levies()
        ends = (self.node_out, self.node_in)
        self._cells = np.concatenate([row * (self.nodes + 1) + column for row in ends for column in ends])

    def charged_in_part(self, share: float) -> System:
        """The same conditions with the agreement's duties and taxes at a share of themselves."""
        charges = [
            replace(charge, specific=share * charge.specific, ad_valorem=share * charge.ad_valorem)
            if charge.agreed
            else charge
            for charge in self.problem.charges
        ]
        return System(replace(self.problem, charges=tuple(charges)), self.step)

    def _read_charges(self) -> None:
        """Charges as shares of prices and as money, and the curves with what duties add to a congested route's."""
        t = self.problem.table
        self.specific, self.ad_valorem, on_origin = _rates(self.problem)
        self.on_price_in = t.ratio + self.ad_valorem + on_origin
        self.charge = self.specific + self.ad_valorem * t.landed_cost
        self.greater = [charge for charge in self.problem.charges if charge.greater_of]
        sloped = (t.role == Role.ROUTE) & (t.shape == Shape.LINEAR)
        self.slope_of_landed = np.where(sloped, t.width, 0.0)
        self.curves = CurveGroups(t, np.where(sloped, t.width * (1.0 + self.ad_valorem), t.width))

    def _read_floors(self, step: tuple[int, ...] | None) -> None:
        """The floor that each levy is to hold, its cap, and the arrivals at which raising it is pointless."""
        t, groups = self.problem.table, self.problem.levies
        self.levy_node = np.array([group.node for group in groups], dtype=np.intp)
        self.levy_slot = np.where(self.problem.levy < 0, self.levies, self.problem.levy)
        self.step = (0,) * self.levies if step is None else step
        steps = [group.steps[step] for group, step in zip(groups, self.step, strict=True)]
        self.floor = np.array([step.floor for step in steps])
        self.cap = np.array([step.cap for step in steps])
        self.shut = np.array(
            [max(group.shut, ARRIVALS_ENDED) + float(t.lower[group.members].sum()) for group in groups]
        )
        self.fades = np.array([group.shut > ARRIVALS_ENDED for group in groups], dtype=bool)

    def _find_price_setters(self) -> None:
        """What is flat and so may set a price alone, and what moves as far as others let it (a proximal slope)."""
        t = self.problem.table
        lagged = np.zeros(len(t), dtype=bool)
        for valued in [charge.valued for charge in self.greater] + [group.routes for group in self.problem.trqs]:
            lagged[valued] = self.slope_of_landed[valued] > 0
        one_ended = (t.node_in == NOWHERE) != (t.node_out == NOWHERE)
        is_open = (t.shape == Shape.FLAT) & (t.upper > t.lower) & ~self.is_over
        sets_price = is_open & is_any(t.role, PRICE_SETTERS) & one_ended
        sets_price &= not (is_open & ~sets_price).any()
        self.setters = np.flatnonzero(sets_price)
        self.sign = np.where(t.node_out[self.setters] != NOWHERE, 1.0, -1.0)
        self.set_node = np.where(self.sign > 0, self.node_out[self.setters], self.node_in[self.setters])
        self.set_price = self.sign * t.level[self.setters]
        self.moving = np.flatnonzero(is_open & ~sets_price | lagged)
        self.trades_flat = np.zeros(self.nodes + 1, dtype=bool)
        for ends in (self.node_in, self.node_out):
            self.trades_flat[ends[self.moving]] = True

    def _group_levies(self) -> None:
        """Routes whose arrivals fall smoothly with a levy, in one block: that levy follows in closed form."""
        t = self.problem.table
        self.is_smooth = np.array([self._is_smooth(group.members) for group in self.problem.levies], dtype=bool)
        blocks = [(slot, g.members) for slot, g in enumerate(self.problem.levies) if self.is_smooth[slot]]
        self.levied = np.concatenate([members for _, members in blocks]) if blocks else np.zeros(0, dtype=np.intp)
        self.levied_slot = np.repeat([slot for slot, _ in blocks], [len(members) for _, members in blocks]).astype(
            np.intp
        )
        is_open = t.upper[self.levied] > 0
        self.levied, self.levied_slot = self.levied[is_open], self.levied_slot[is_open]
        self.levied_start = np.where(t.shape[self.levied] == Shape.LOG1P, 1.0, 0.0)
        self.levy_width = np.ones(self.levies)
        self.levy_width[self.levied_slot] = t.width[self.levied]

    def _pair_levies(self) -> list[tuple[int, int]]:
        """Levies and TRQs charged on the very same open routes, as positions: both follow together in closed form."""
        t, pairs = self.problem.table, []
        greater = {route for charge in self.greater for route in charge.members.tolist()}
        for slot in np.flatnonzero(self.is_smooth).tolist():
            own = set(self.levied[self.levied_slot == slot].tolist())
            for trq, group in enumerate(self.problem.trqs):
                is_open = group.routes[t.upper[group.routes] > 0]
                is_own = own == set(is_open.tolist()) and self.problem.pools[group.pool].limit > 0.0
                if self.is_smooth_trq[trq] and is_own and not own & greater:
                    pairs.append((slot, trq))
        return pairs

    def _is_smooth(self, members: Integers) -> bool:
        """Whether flows on these routes fall exponentially with what they are charged, unbounded or banned."""
        t = self.problem.table
        exponential = is_any(t.shape[members], (Shape.LOG, Shape.LOG1P)) & (t.lower[members] == 0.0)
        banned = t.upper[members] == 0.0
        return bool(len(members) > 0 and (exponential & (np.isinf(t.upper[members]) | banned)).all())

    def start(self, price: Floats) -> Point:
        """A point with given node prices, no rents and no levies; every route inside its TRQ.

        Where somebody buys or sells without end at a price that is passed, that price is the node's.
        """
        count, price = len(self.problem.table), price.copy()
        zeros = np.zeros(count)
        gain = self.sign * (price[self.set_node] - self.set_price)
        endless = np.flatnonzero((gain > 0.0) & np.isinf(self.problem.table.upper[self.setters]))
        for stock in endless[np.argsort(gain[endless])].tolist():
            price[self.set_node[stock]] = self.set_price[stock]
        sides = tuple(QuotaSide(self.differences(group, price, zeros) > 0.0) for group in self.problem.trqs)
        gain = self.sign * (price[self.set_node] - self.set_price)
        at_its_price = np.abs(gain) <= AT_ITS_PRICE * np.abs(self.set_price)
        states = np.full(self.levies, FREE), np.where(at_its_price, RULES, np.where(gain > 0.0, MOST, LEAST))
        rents, levies = np.zeros(len(self.problem.pools)), np.zeros(self.levies)
        return Point(price, rents, levies, sides, *states, zeros, zeros, zeros)

    def differences(self, group: TrqGroup, price: Floats, flow: Floats) -> Floats:
        """Over-quota less in-quota rate of each route of a TRQ at given node prices and flows of congested routes."""
        over, routes, t = group.over, group.routes, self.problem.table
        value = self.specific[over] + self.ad_valorem[over] * (price[t.node_in[over]] + t.landed_cost[over])
        congested = self.ad_valorem[over] * self.slope_of_landed[routes] * flow[routes]
        return np.broadcast_to(value + congested, routes.shape)

    def larger_part(self, charge: Charge, price_in: Floats, flow: Floats) -> tuple[Floats, Floats]:
        """A charge that is the larger of its parts, per unit, and how it moves with the exporters' prices."""
        i, t = charge.valued, self.problem.table
        landed = price_in[i] + t.landed_cost[i] + self.slope_of_landed[i] * flow[i]
        share = charge.ad_valorem * landed
        return np.maximum(charge.specific, share), np.where(share > charge.specific, charge.ad_valorem, 0.0)

    def marginal(self, point: Point, flow: Floats) -> tuple[Floats, Floats, Floats]:
        """What one more unit of each activity earns net of charges, with its weights on prices got and paid."""
        extended = np.append(point.price, 0.0)
        received, paid = extended[self.node_out], extended[self.node_in]
        on_received = np.ones(len(received))
        on_paid = self.on_price_in
        if self.has_cfd:
            strike = self.producer_floor[self.node_out]
            topped_up = self.is_production & (strike > received)
            received = np.where(topped_up, strike, received)
            on_received = np.where(topped_up, 0.0, 1.0)
        m = received - on_paid * paid - self.charge
        if self.levies:
            m -= np.append(point.levy, 0.0)[self.levy_slot]
        if self.greater or self.problem.trqs:
            on_paid = on_paid.copy()
        for charge in self.greater:
            larger, moves = self.larger_part(charge, paid, flow)
            m[charge.members] -= larger
            on_paid[charge.members] += moves
        for position in self.own:
            pool, rent = self.problem.pools[position], point.rent[position]
            if position in self.trq_of:
                self._charge_trq(self.trq_of[position], point, rent, m, on_paid)
            elif rent != 0.0:
                m[pool.members] -= rent * pool.weight
        return m, on_received, on_paid

    def _charge_trq(self, slot: int, point: Point, rent: float, m: Floats, on_paid: Floats) -> None:
        """Routes inside the quota pay its rent, routes outside the difference of the rates."""
        group, side = self.problem.trqs[slot], point.sides[slot]
        difference, caps = self.differences(group, point.price, point.lag), point.rent[list(group.caps)]
        m[group.routes] -= np.where(side.inside, rent - caps, difference)
        m[group.over] += rent - caps
        outside = group.routes[~side.inside]
        on_paid[outside] += np.broadcast_to(self.ad_valorem[group.over], group.routes.shape)[~side.inside]

    def imbalance(self, x: Floats) -> Floats:
        """Arrivals minus departures at every node."""
        stride = self.nodes + 1
        arrive = sum_by(self.node_out, x, stride)
        leave = sum_by(self.node_in, self.problem.table.ratio * x, stride)
        return (arrive - leave)[: self.nodes]

    def charged_on(self, point: Point) -> list[tuple[Integers, Floats]]:
        """For every own pool and every levy: the activities that pay it, and their weights."""
        groups = []
        for position in self.own:
            pool = self.problem.pools[position]
            if position in self.trq_of:
                slot = self.trq_of[position]
                inside = self.problem.trqs[slot].routes[point.sides[slot].inside]
                groups.append((inside, np.ones(len(inside))))
            else:
                groups.append((pool.members, pool.weight))
        return groups + [(group.members, np.ones(len(group.members))) for group in self.problem.levies]

    def conditions(self, point: Point, centre: Floats) -> Linearisation:
        """Residual of every condition at ``point``, with what its derivative needs.

        Sets the point's quantities and moves its regimes (TRQ sides, levies, stocks) to where its prices put them.
        """
        point.lag = centre
        self._enter_regimes(point)
        for _ in range(MOST_SIDE_CHANGES):
            m, on_received, on_paid = self.marginal(point, centre)
            x, slope = self.curves.quantity_and_slope(m, centre, SOFTNESS)
            x[self.is_over] = 0.0
            slope[self.is_over] = 0.0
            self._set_stocks(point, x, slope)
            if not self._change_sides(point, m, x):
                break
        if self.is_smooth.any():
            self._eliminate_levies(point, m, x, slope, on_paid)
        gap = self.imbalance(x)
        ruled = self._eliminate_stocks(point, x, gap)
        point.quantity, point.marginal = x, m
        at_zero = (point.price <= 0.0) & (gap >= 0.0)
        balance, arrival_weight, departure_weight = self._log_balance(x, gap)
        room, log_room, pool_weight, idle = self._pool_conditions(point, x)
        value, uncharged = self._levy_conditions(point, x)
        is_set = np.concatenate([at_zero | ruled, idle, uncharged])
        residual = np.where(is_set, 0.0, np.concatenate([balance, log_room, value]))
        point.residual = float(np.abs(np.where(is_set, 0.0, np.concatenate([gap, room, value]))).max(initial=0.0))
        point.norm = float(np.linalg.norm(residual))
        return Linearisation(
            residual, is_set, arrival_weight, departure_weight, pool_weight, slope, on_received, on_paid
        )

    def _log_balance(self, x: Floats, gap: Floats) -> tuple[Floats, Floats, Floats]:
        """Balance of every node as the log of arrivals over departures, with the weights of both in its derivative.

        Flows grow exponentially with prices, so the log is nearly linear in them. Nodes where flat curves trade, or
        nothing does, keep the plain difference.
        """
        stride = self.nodes + 1
        arrive = sum_by(self.node_out, x, stride)
        leave = sum_by(self.node_in, self.problem.table.ratio * x, stride)
        small = np.minimum(arrive, leave) <= SMALL_TRADE
        plain = self.trades_flat | small
        plain[self.nodes] = True
        arrive, leave = np.where(plain, 1.0, arrive), np.where(plain, 1.0, leave)
        return (
            np.where(plain[: self.nodes], gap, (np.log(arrive) - np.log(leave))[: self.nodes]),
            1.0 / arrive,
            1.0 / leave,
        )

    def _enter_regimes(self, point: Point) -> None:
        """Let a floor or a stock's price rule where the price has passed it; a levy at its cap only ends arrivals."""
        node_price = point.price[self.levy_node]
        missed = (point.levy_state == FREE) & (node_price < self.floor)
        passed = ((point.levy_state == SHUT) & (node_price >= self.floor)) | (
            (point.levy_state == CAPPED) & (node_price > self.floor)
        )
        ended = (point.levy_state == CAPPED) & self.is_smooth & (self.arrivals(point.quantity) < self.shut)
        if ended.any():
            point.levy_state = np.where(ended, SHUT, point.levy_state)
        changing = (missed | passed) & self.is_smooth
        reached = point.price[self.set_node]
        wanted = self.sign * (reached - self.set_price)
        turning = ((point.stock_state == LEAST) & (wanted > 0.0)) | ((point.stock_state == MOST) & (wanted < 0.0))
        if not changing.any() and not turning.any():
            return
        point.price = point.price.copy()
        point.levy_state = np.where(changing, HOLD, point.levy_state)
        point.price[self.levy_node[changing]] = self.floor[changing]
        held = set(self.levy_node[(point.levy_state == HOLD) & self.is_smooth].tolist())
        point.stock_state = point.stock_state.copy()
        held |= set(self.set_node[point.stock_state == RULES].tolist())
        for stock in np.flatnonzero(turning).tolist():
            node = int(self.set_node[stock])
            if node in held:
                point.stock_state[stock] = MOST if wanted[stock] > 0 else LEAST
            else:
                point.stock_state[stock] = RULES
                point.price[node] = self.set_price[stock]
                held.add(node)

    def _set_stocks(self, point: Point, x: Floats, slope: Floats) -> None:
        """Quantities of stocks at a bound; where their price rules the quantity follows later from the balance."""
        t = self.problem.table
        x[self.setters] = np.where(point.stock_state == MOST, t.upper[self.setters], t.lower[self.setters])
        x[self.setters[point.stock_state == RULES]] = 0.0
        slope[self.setters] = 0.0

    def _eliminate_stocks(self, point: Point, x: Floats, gap: Floats) -> NDArray[np.bool_]:
        """Quantity of each stock whose price rules: what balances its node. Returns the nodes still ruled."""
        t = self.problem.table
        ruled = np.zeros(self.nodes, dtype=bool)
        ruling = np.flatnonzero(point.stock_state == RULES)
        if len(ruling):
            point.stock_state = point.stock_state.copy()
        for stock in ruling.tolist():
            activity, node = int(self.setters[stock]), int(self.set_node[stock])
            needed = -self.sign[stock] * gap[node]
            low, high = t.lower[activity], t.upper[activity]
            point.stock_state[stock] = LEAST if needed < low else (MOST if needed > high else RULES)
            x[activity] = min(max(needed, low), high)
            gap[node] += self.sign[stock] * x[activity]
            ruled[node] = point.stock_state[stock] == RULES
        return ruled

    def _eliminate_levies(self, point: Point, m: Floats, x: Floats, slope: Floats, on_paid: Floats) -> None:
        """Levies that hold a floor or shut a border: arrivals become what is missing, or almost nothing.

        A TRQ on the same routes follows with the levy, since each would otherwise chase the other.
        """
        ends = ((point.levy_state == HOLD) | (point.levy_state == SHUT)) & self.is_smooth
        if not ends.any():
            return
        t, members, slot = self.problem.table, self.levied, self.levied_slot
        missing = sum_by(slot, x[members], self.levies) - self.imbalance(x)[self.levy_node]
        state = np.where(ends & (point.levy_state == HOLD) & (missing <= self.shut), SHUT, point.levy_state)
        target = np.where(state == SHUT, self.shut, missing)
        earned = m[members] + point.levy[slot]
        level, width, base = t.level[members], t.width[members], t.base[members]
        levy = point.levy.copy()
        paired = {one: trq for one, trq in self.paired if ends[one]}
        for one, trq in paired.items():
            levy[one] = self._with_trq(point, one, trq, float(target[one]), earned, on_paid)
        for one in np.flatnonzero(ends).tolist():
            if one in paired:
                continue
            own = slot == one
            flows = ExponentialFlows((earned[own] - level[own]) / width[own], base[own], self.levied_start[own])
            levy[one] = self.levy_width[one] * flows.charge_for(float(target[one]))
        state = np.where(
            ends & (state == HOLD) & (levy <= 0.0), FREE, np.where(ends & (levy >= self.cap), CAPPED, state)
        )
        levy = np.where(ends, np.clip(levy, 0.0, self.cap), levy)
        growth = np.exp(np.minimum((earned - levy[slot] - level) / width, HIGHEST_EXPONENT))
        flow = np.maximum(base * (growth - self.levied_start), 0.0)
        m[members] = earned - levy[slot]
        x[members] = flow
        slope[members] = np.where(flow > 0.0, base * growth / width, 0.0)
        point.levy, point.levy_state = levy, state

    def _with_trq(self, point: Point, slot: int, trq: int, target: float, earned: Floats, on_paid: Floats) -> float:
        """The levy at which arrivals are ``target``, with the side and rent of the TRQ on the same routes.

        Sets the TRQ's side and rent, and takes its new charge off ``earned``.
        """
        t, group, width = self.problem.table, self.problem.trqs[trq], float(self.levy_width[slot])
        own = np.flatnonzero(self.levied_slot == slot)
        order = {route: position for position, route in enumerate(group.routes.tolist())}
        at = np.array([order[route] for route in self.levied[own].tolist()])
        difference, side = self.differences(group, point.price, point.lag), point.sides[trq]
        net = earned[own] + np.where(side.inside, point.rent[group.pool], difference)[at]
        flows = ExponentialFlows(
            (net - t.level[self.levied[own]]) / width, t.base[self.levied[own]], self.levied_start[own]
        )
        limit, scaled = self.problem.pools[group.pool].limit, difference[at] / width
        new, rent, levy = side_and_levy(flows, scaled, limit, target)
        highest = self.cap[slot] / width
        if not 0.0 < levy < highest:
            levy = min(max(levy, 0.0), highest)
            new, rent = smooth_side(ExponentialFlows(flows.net - levy, flows.base, flows.start), scaled, limit)
        inside = np.zeros(len(group.routes), dtype=bool)
        inside[at] = new.inside
        marginal = new.marginal if new.marginal == BETWEEN else int(at[new.marginal])
        point.sides = tuple(QuotaSide(inside, marginal) if i == trq else each for i, each in enumerate(point.sides))
        point.rent = point.rent.copy()
        point.rent[group.pool] = rent * width
        earned[own] = net - np.where(inside, rent * width, difference)[at]
        ad_valorem = np.broadcast_to(self.ad_valorem[group.over], group.routes.shape)
        on_paid[group.routes] = self.on_price_in[group.routes] + np.where(inside, 0.0, ad_valorem)
        return levy * width

    def _pool_conditions(self, point: Point, x: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """Room in every own pool, the same in logs where flows are exponential, its weights, and who is idle.

        A TRQ with a marginal route has instead its rent less that route's difference of rates, one of nothing has none.
        """
        used = np.array([weight @ x[members] for members, weight in self.charged_on(point)[: self.pools]])
        rent = point.rent[self.own]
        room = self.limit - used if self.pools else np.zeros(0)
        idle = (rent <= 0.0) & (room >= 0.0)
        in_logs = self.is_smooth_pool & (used > SMALL_TRADE) & (self.limit > SMALL_TRADE)
        weight = np.where(in_logs, 1.0 / np.where(in_logs, used, 1.0), 1.0)
        log_room = np.where(in_logs, np.log(np.where(in_logs, self.limit, 1.0) * weight), room)
        for position, slot in self.trq_of.items():
            side, own = point.sides[slot], self.own.index(position)
            if self.limit[own] == 0.0:
                idle[own] = True
            if side.marginal != BETWEEN:
                idle[own] = False
                difference = self.differences(self.problem.trqs[slot], point.price, point.lag)
                room[own] = rent[own] - difference[side.marginal]
                log_room[own] = room[own]
        return room, log_room, weight, idle

    def _change_sides(self, point: Point, m: Floats, x: Floats) -> bool:
        """Move each TRQ's margin and rent to where prices and flows put them; True if any changed."""
        changed = False
        sides, rents = list(point.sides), point.rent.copy()
        for position, slot in self.trq_of.items():
            group, side, rent = self.problem.trqs[slot], sides[slot], float(rents[position])
            difference = self.differences(group, point.price, point.lag)
            limit = self.problem.pools[position].limit
            if limit == 0.0:  # a duty like any other; its rent is the least at which nothing is worth bringing in
                new, rent = QuotaSide(np.zeros(len(group.routes), dtype=bool)), float(difference.max(initial=0.0))
            elif self.is_smooth_trq[slot]:
                charged = np.where(side.inside, rent, difference)
                new, rent = self._smooth_side(group, m[group.routes] + charged, difference, limit)
            else:
                new, rent = next_side(side, rent, difference, x[group.routes], limit)
            if rent != rents[position] or new.marginal != side.marginal or (new.inside != side.inside).any():
                rents[position], sides[slot], changed = rent, new, True
        point.sides, point.rent = tuple(sides), rents
        return changed

    def _smooth_side(
        self, group: TrqGroup, earned: Floats, difference: Floats, limit: float
    ) -> tuple[QuotaSide, float]:
        """Side and rent of a TRQ whose flows all fall exponentially with what they are charged."""
        t, routes = self.problem.table, group.routes
        width = float(t.width[routes[0]])
        flows = ExponentialFlows(
            net=(earned - t.level[routes]) / width,
            base=np.where(t.upper[routes] == 0.0, 0.0, t.base[routes]),
            start=np.where(t.shape[routes] == Shape.LOG1P, 1.0, 0.0),
        )
        side, rent = smooth_side(flows, difference / width, limit)
        return side, rent * width

    def _levy_conditions(self, point: Point, x: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Residual of each levy, and which are not unknown (zero or at the cap).

        Sets the state of those without closed form.

        A levy is zero, or the smallest at which the price reaches the floor or arrivals have ended, or at its cap.
        """
        above = point.price[self.levy_node] - self.floor
        beyond = self.shut - self.arrivals(x) if self.levies else above
        ended = np.where(self.is_smooth, point.levy_state == SHUT, beyond / self.shut > above)
        slack = np.where(ended, beyond, above)
        free = (point.levy <= 0.0) & (slack >= 0.0)
        capped = (point.levy >= self.cap) & (slack <= 0.0)
        state = np.where(free, FREE, np.where(capped, CAPPED, np.where(ended, SHUT, HOLD)))
        point.levy_state = np.where(self.is_smooth, point.levy_state, state)
        return slack, (point.levy_state == FREE) | (point.levy_state == CAPPED) | (
            (point.levy_state == SHUT) & (point.levy <= 0.0)
        )

    def arrivals(self, x: Floats) -> Floats:
        """Quantity on which each levy is charged."""
        return np.array([x[group.members].sum() for group in self.problem.levies])

    def reenter(self, point: Point, centre: Floats) -> None:
        """Lower each levy that leaves no arrival at all to where the first arrival would enter."""
        if not point.levy[~self.is_smooth].any():
            return
        m, _, _ = self.marginal(point, centre)
        t = self.problem.table
        first = self.entry - m - SOFTNESS * (t.shape == Shape.FLAT) * centre
        for slot in np.flatnonzero(~self.is_smooth):
            group = self.problem.levies[slot]
            members = group.members[t.upper[group.members] > 0]
            too_much = float(first[members].min(initial=np.inf))
            if 0.0 < too_much < np.inf:
                point.levy[slot] = max(point.levy[slot] - too_much - 0.5 * SOFTNESS * ARRIVALS_ENDED, 0.0)

    def jacobian(self, point: Point, at: Linearisation) -> Floats:
        """Derivative of the residuals with respect to prices, rents and levies (dense, square)."""
        n, ratio = self.nodes + 1, self.problem.table.ratio
        given = at.slope * at.arrival_weight[self.node_out]
        taken = at.slope * ratio * at.departure_weight[self.node_in]
        values = (given * at.on_received, -given * at.on_paid, -taken * at.on_received, taken * at.on_paid)
        block = sum_by(self._cells, np.concatenate(values), n * n).reshape(n, n)
        full = np.zeros((self.size, self.size))
        full[: self.nodes, : self.nodes] = block[: self.nodes, : self.nodes]
        groups = self.charged_on(point)
        if groups:
            self._border(full, groups, at)
        full[self.nodes : self.nodes + self.pools] *= at.pool_weight[:, None]
        for position, slot in self.trq_of.items():
            if point.sides[slot].marginal != BETWEEN:
                self._marginal_row(full, position, self.problem.trqs[slot], point.sides[slot].marginal)
        for slot in np.flatnonzero(point.levy_state == HOLD).tolist():
            row = self.nodes + self.pools + slot
            full[row] = 0.0
            full[row, self.levy_node[slot]] = 1.0
        full[at.is_set] = 0.0
        full[at.is_set, at.is_set] = 1.0
        return full

    def _border(self, full: Floats, groups: list[tuple[Integers, Floats]], at: Linearisation) -> None:
        """Columns of rents and levies, and rows of minus the quantities that they are charged on."""
        n, width, count = self.nodes + 1, len(self.problem.table), len(groups)
        owner = np.repeat(np.arange(count), [len(members) for members, _ in groups])
        members, weight = (np.concatenate(part) for part in zip(*groups, strict=True))
        moved = weight * at.slope[members]
        source, target = self.node_in[members], self.node_out[members]
        arrived = moved * at.arrival_weight[target]
        left = moved * self.problem.table.ratio[members] * at.departure_weight[source]

        def by_node(into: Floats, out_of: Floats) -> Floats:
            ends = np.concatenate([owner * n + target, owner * n + source])
            return sum_by(ends, np.concatenate([into, out_of]), count * n).reshape(count, n)[:, : self.nodes]

        full[: self.nodes, self.nodes :] = by_node(-arrived, left).T
        full[self.nodes :, : self.nodes] = by_node(-moved * at.on_received[members], moved * at.on_paid[members])
        place = owner * width + members
        share, charged = (sum_by(place, each, count * width).reshape(count, width) for each in (moved, weight))
        full[self.nodes :, self.nodes :] = share @ charged.T

    def _marginal_row(self, full: Floats, position: int, group: TrqGroup, marginal: int) -> None:
        """A TRQ's rent is its marginal route's difference of rates, which moves with the exporter's price."""
        row = self.nodes + self.own.index(position)
        over = group.over[marginal if len(group.over) > 1 else 0]
        full[row] = 0.0
        full[row, row] = 1.0
        full[row, self.problem.table.node_in[over]] -= self.ad_valorem[over]

    def complete(self, point: Point) -> None:
        """Fill in what the unknowns imply for TRQs: over-quota quantities and the rents of their caps."""
        rent, x, m = point.rent.copy(), point.quantity.copy(), point.marginal.copy()
        for group, side in zip(self.problem.trqs, point.sides, strict=True):
            flow, difference = x[group.routes], self.differences(group, point.price, point.lag)
            value, limit = float(rent[group.pool]), self.problem.pools[group.pool].limit
            over = np.where(side.inside, 0.0, flow)
            if side.marginal != BETWEEN:
                tied = tied_with(difference, side.marginal)
                excess = max(float(flow[side.inside].sum()) - limit, 0.0)
                over += np.where(tied, flow, 0.0) * (excess / max(float(flow[tied].sum()), ALMOST_NOTHING))
            if len(group.over) == 1:
                x[group.over] = over.sum()
                m[group.over] = value - difference[0]
            else:
                x[group.over] = over
                rent[list(group.caps)] = np.where(side.inside, 0.0, np.maximum(value - difference, 0.0))
                m[group.over] = np.minimum(value - difference, 0.0)
        point.rent, point.quantity, point.marginal = rent, x, m


def _rates(problem: Problem) -> tuple[Floats, Floats, Floats]:
    """Sums of the plain charges on every activity: specific, share of the landed value, share of the exporter's price.

    Charges that are the larger of two parts are not among them.
    """
    count = len(problem.table)
    specific, on_landed, on_origin = np.zeros(count), np.zeros(count), np.zeros(count)
    for charge in problem.charges:
        if not charge.greater_of:
            np.add.at(specific, charge.members, charge.specific)
            np.add.at(on_landed if charge.basis == Basis.LANDED else on_origin, charge.members, charge.ad_valorem)
    return specific, on_landed, on_origin
