r"""Offtake contracts in the choice: volumes where they matter, strikes pooled by pair of parties, and bankability.

A contract over :math:`v` tonnes at the strike :math:`q` settles :math:`d_s (q - p_s) v` in state :math:`s`, with
:math:`p_s` the seller's price, :math:`\bar P` its expectation and :math:`d_s` the share that is delivered. That is a
hedge :math:`d_s (\bar P - p_s) v`, worth nothing in expectation, and a premium :math:`d_s (q - \bar P) v`. Premiums
between two parties under contracts delivered alike add up whatever their mineral, so one amount stands for all, at most
:math:`\sum b \bar P v` with :math:`b` the strike band. A volume is a variable of its own only where hedges are counted
or lenders ask for it; elsewhere it is whatever the premium needs, up to what the route carries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo

from model.design.choice.programme import linear
from model.units import MILLION

if TYPE_CHECKING:
    from model.design.choice.options import Pair
    from model.design.choice.terms import ChoiceTerms
    from model.market.records import Floats

    Key = tuple[str, int, int]

STEADY = 1e-9
"""A hedge below this share of the price is none."""
CONTRACTED = 0.01
"""A dollar of contracted value weighs this much against a dollar moved by strikes or transfers."""
ALIKE = 9
"""Digits to which two contracts' deliveries must agree to be pooled."""


@dataclass(frozen=True)
class Pool:
    """Contracts between two parties that are delivered alike.

    ``profile`` is what a dollar of expected premium settles in each state; ``room_musd_per_t`` the largest premium of a
    tonne under each contract [million USD/t].
    """

    first: str
    second: str
    profile: Floats
    room_musd_per_t: dict[Key, float]


def hedge(pair: Pair) -> Floats:
    """What the producer receives by state for a tonne at the expected price [million USD/t]."""
    settled: Floats = pair.delivered * (pair.mean_price_usd_per_t - pair.price_usd_per_t) / MILLION
    return settled


def _hedges(pair: Pair) -> bool:
    return bool(np.abs(hedge(pair)).max() > STEADY * pair.mean_price_usd_per_t / MILLION)


def pairs_of(terms: ChoiceTerms) -> dict[Key, Pair]:
    """Every possible contract by mineral, position of the option, and number."""
    rules = terms.request.offtake
    return {
        (*cell, number): pair
        for cell in terms.cells
        if rules.allowed or terms.option(cell).package.offtakes
        for number, pair in enumerate(terms.option(cell).pairs(rules.most_of_need if rules.allowed else 0.0))
    }


def pools_of(terms: ChoiceTerms, pairs: dict[Key, Pair]) -> list[Pool]:
    """Contracts pooled by their two parties and by delivery."""
    pools: dict[tuple[str, str, bytes], Pool] = {}
    for key, pair in pairs.items():
        delivered = float(terms.frame.weight @ pair.delivered)
        room = terms.request.offtake.strike_band * pair.mean_price_usd_per_t * delivered / MILLION
        if room > 0.0:
            profile = np.round(pair.delivered / delivered, ALIKE)
            first, second = sorted((pair.producer, pair.buyer))
            pool = pools.setdefault((first, second, profile.tobytes()), Pool(first, second, profile, {}))
            pool.room_musd_per_t[key] = room
    return list(pools.values())


def add_contracts(m: pyo.ConcreteModel, terms: ChoiceTerms, counts_hedges: bool) -> None:
    """Volumes and premiums. ``pair_data`` and ``pool_data`` hold the records."""
    m.pair_data = pairs_of(terms)
    m.pool_data = dict(enumerate(pools_of(terms, m.pair_data)))
    m.project_data = {(*cell, project.id): project for cell in terms.cells for project in terms.option(cell).projects}
    sellers = dict.fromkeys((k, p, project.region, project.stage) for (k, p, _), project in m.project_data.items())
    m.seller = pyo.Set(initialize=list(sellers), dimen=4, doc="Regions and stages with new projects under an option")
    own = [
        (k, p, n)
        for (k, p, n), pair in m.pair_data.items()
        if (k, p, pair.producer, pair.stage) in sellers or (counts_hedges and _hedges(pair))
    ]
    m.contract = pyo.Set(initialize=own, dimen=3, doc="Contracts whose volume matters, by option and number")
    m.contracts_of = {mineral: [key for key in own if key[0] == mineral] for mineral in m.mineral}
    m.volume_share = pyo.Var(
        m.contract, domain=pyo.NonNegativeReals, doc="Contracted volume [share of what flows in every state]"
    )
    _volumes(m)
    _premiums(m)


def _volumes(m: pyo.ConcreteModel) -> None:
    committed = [key for key in m.contract if m.pair_data[key].least_t > 0]

    @m.Constraint(committed, doc="What binds in every state is part of the package [share]")
    def least_volume(m: Any, k: str, p: int, n: int) -> Any:
        pair = m.pair_data[k, p, n]
        return m.volume_share[k, p, n] >= pair.least_t / pair.most_t * m.chosen[k, p]

    @m.Constraint(m.contract, doc="Contracts belong to the agreed package [share]")
    def most_volume(m: Any, k: str, p: int, n: int) -> Any:
        return m.volume_share[k, p, n] <= m.chosen[k, p]


def _premiums(m: pyo.ConcreteModel) -> None:
    m.pool = pyo.Set(initialize=list(m.pool_data), doc="Contracts between two parties that are delivered alike")
    m.to_first_musd = pyo.Var(
        m.pool, domain=pyo.NonNegativeReals, doc="Expected premiums the second party pays the first [million USD/yr]"
    )
    m.to_second_musd = pyo.Var(
        m.pool, domain=pyo.NonNegativeReals, doc="Expected premiums the first party pays the second [million USD/yr]"
    )

    @m.Constraint(m.pool, doc="Strikes stay within their band [million USD/yr]")
    def within_band(m: Any, number: int) -> Any:
        pairs = [(1.0, m.to_first_musd[number]), (1.0, m.to_second_musd[number])]
        for key, room in m.pool_data[number].room_musd_per_t.items():
            volume = m.volume_share[key] if key in m.contract else m.chosen[key[:2]]
            pairs.append((-room * m.pair_data[key].most_t, volume))
        return linear(pairs) <= 0.0


def add_bankability(m: pyo.ConcreteModel, terms: ChoiceTerms) -> None:
    """Lenders' share and first right; a project's contracts at home and abroad, limited like any other."""
    rules = terms.request.offtake
    m.project = pyo.Set(initialize=list(m.project_data), dimen=3, doc="Projects built under an option")
    m.project_volume_t = pyo.Var(
        m.project, m.party, domain=pyo.NonNegativeReals, doc="Output contracted to a buyer [t/yr]"
    )

    @m.Constraint(m.project, doc="Lenders ask that a share of capacity is contracted [t/yr]")
    def lenders_ask(m: Any, k: str, p: int, w: str) -> Any:
        asked = terms.lenders_share * m.project_data[k, p, w].capacity_t
        return sum(m.project_volume_t[k, p, w, j] for j in m.party) >= asked * m.chosen[k, p]

    @m.Constraint(m.project, doc="Contracts stay within capacity [t/yr]")
    def within_capacity(m: Any, k: str, p: int, w: str) -> Any:
        capacity = m.project_data[k, p, w].capacity_t
        return sum(m.project_volume_t[k, p, w, j] for j in m.party) <= capacity * m.chosen[k, p]

    @m.Constraint(m.project, doc="Others take what the investor's first right leaves [t/yr]")
    def first_right(m: Any, k: str, p: int, w: str) -> Any:
        investor = rules.investors.get(w)
        if investor is None:
            return pyo.Constraint.Skip
        left = (1.0 - rules.first_right) * m.project_data[k, p, w].capacity_t
        return sum(m.project_volume_t[k, p, w, j] for j in m.party if j != investor) <= left * m.chosen[k, p]

    projects_at, abroad = _by_seller(m)

    @m.Constraint(
        m.seller, m.party, doc="Project contracts are part of all contracts, at home at most a share of need [t/yr]"
    )
    def part_of_contracts(m: Any, k: str, p: int, i: str, stage: str, j: str) -> Any:
        own = sum(m.project_volume_t[project, j] for project in projects_at[k, p, i, stage])
        if i == j:
            need = terms.option((k, p)).responses[0].at(stage).use_t.get(i, 0.0)
            return own <= rules.most_of_need * need * m.chosen[k, p]
        return own <= sum(_volume_t(m, key) for key in abroad[k, p, i, stage] if m.pair_data[key].buyer == j)

    @m.Constraint(m.seller, doc="A seller can deliver its contracts in every state [t/yr]")
    def deliverable(m: Any, k: str, p: int, i: str, stage: str) -> Any:
        least = min(response.at(stage).output_t.get(i, 0.0) for response in terms.option((k, p)).responses)
        home = sum(m.project_volume_t[project, i] for project in projects_at[k, p, i, stage])
        return home + sum(_volume_t(m, key) for key in abroad[k, p, i, stage]) <= least * m.chosen[k, p]


def _volume_t(m: pyo.ConcreteModel, key: Key) -> Any:
    return m.pair_data[key].most_t * m.volume_share[key]


def _by_seller(m: pyo.ConcreteModel) -> tuple[dict[Any, list[Any]], dict[Any, list[Key]]]:
    """New projects and contracts of every seller under an option."""
    projects: dict[Any, list[Any]] = {seller: [] for seller in m.seller}
    contracts: dict[Any, list[Key]] = {seller: [] for seller in m.seller}
    for (k, p, name), project in m.project_data.items():
        projects[k, p, project.region, project.stage].append((k, p, name))
    for k, p, n in m.contract:
        pair = m.pair_data[k, p, n]
        contracts.get((k, p, pair.producer, pair.stage), []).append((k, p, n))
    return projects, contracts


def money_moved(m: pyo.ConcreteModel) -> list[tuple[float, Any]]:
    """Premiums, lump sums paid, and a little for every contract: what is kept small among equals [million USD/yr]."""
    premiums = [paid for direction in (m.to_first_musd, m.to_second_musd) for paid in direction.values()]
    volumes = [
        (CONTRACTED * pair.most_t * pair.mean_price_usd_per_t / MILLION, m.volume_share[key])
        for key, pair in ((key, m.pair_data[key]) for key in m.contract)
    ]
    return [(1.0, paid) for paid in (*premiums, *m.paid_musd.values())] + volumes
