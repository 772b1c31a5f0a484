"""The solved programme read as an agreement: packages, contracts with strikes, transfers, shares, gains and the gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from model.design.choice.build import build
from model.design.choice.contracts import hedge, money_moved
from model.design.choice.programme import Programme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyomo.environ as pyo

    from model.design.choice.contracts import Pool
    from model.design.choice.options import Option, Pair
    from model.design.choice.programme import Solved
    from model.design.choice.terms import ChoiceTerms
    from model.market.records import Floats

NEGLIGIBLE = 1e-6
"""A contract below this share of what the route carries is none."""


@dataclass(frozen=True)
class Contract:
    """An offtake that was chosen; quantities per year."""

    mineral: str
    stage: str
    producer: str
    buyer: str
    volume_t: float
    strike_usd_per_t: float
    expected_price_usd_per_t: float


@dataclass(frozen=True)
class Choice:
    """The chosen agreement. Money is million USD a year; ``gain`` [state, party] is what each is predicted to gain.

    ``objective`` is in the objective's own unit, ``bound`` proves that nothing better than it exists among the options,
    ``gap`` is their relative distance. ``is_proved`` is false when the time limit ended the search: then it is the best
    found so far.
    """

    chosen: dict[str, Option]
    positions: dict[str, int]
    contracts: tuple[Contract, ...]
    transfers: dict[str, float]
    revenue_shares: dict[str, dict[str, float]]
    outlay_shares: dict[str, dict[str, float]]
    gain: Floats
    expected_gain: dict[str, float]
    objective: float
    bound: float
    gap: float
    is_proved: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def is_neutral(self) -> bool:
        """Whether nothing is agreed."""
        return all(option.package.is_neutral for option in self.chosen.values())


def choose(terms: ChoiceTerms) -> Choice:
    """The best agreement among the options.

    Raises:
        NoAgreement: when the limits cannot hold together.
        SolveError: when the time limit ends the search before any agreement was found.
    """
    m = build(terms)
    return decide(m, terms, Programme(m, terms.request))


def decide(m: pyo.ConcreteModel, terms: ChoiceTerms, programme: Programme) -> Choice:
    """Solve a built programme and read the choice."""
    solved = programme.settle(programme.solve(), money_moved(m))
    programme.load()
    return read(m, terms, solved)


def read(m: pyo.ConcreteModel, terms: ChoiceTerms, solved: Solved) -> Choice:
    """The choice that the programme's variables hold."""
    parties = terms.frame.parties
    positions = {k: max(range(len(own)), key=lambda p: _value(m.chosen[k, p])) for k, own in terms.options.items()}
    signed = [each for each in _sign(m, positions) if each.volume_t > NEGLIGIBLE * each.pair.most_t]
    transfers = {i: _value(m.transfer_musd[i]) if terms.request.transfers else 0.0 for i in parties}
    revenue_shares = _shares(m.revenue_share, terms, positions) if terms.request.share_revenue else {}
    outlay_shares = _shares(m.outlay_share, terms, positions) if terms.request.share_outlay else {}
    chosen = {k: terms.options[k][p] for k, p in positions.items()}
    gain = np.zeros((len(terms.frame.states), len(parties)))
    for option in chosen.values():
        gain += after_purses(option, revenue_shares, outlay_shares)
    gain += np.array(list(transfers.values()))
    for each in signed:
        gain += each.settled(terms)
    return Choice(
        chosen=chosen,
        positions=positions,
        contracts=tuple(each.contract(terms.request.offtake.strike_band) for each in signed),
        transfers=transfers,
        revenue_shares=revenue_shares,
        outlay_shares=outlay_shares,
        gain=gain,
        expected_gain=dict(zip(parties, (terms.frame.weight @ gain).tolist(), strict=True)),
        objective=solved.objective,
        bound=solved.bound,
        gap=solved.gap,
        is_proved=solved.is_proved,
        notes=tuple(_notes(terms, solved)),
    )


def _value(variable: Any) -> float:
    return float(variable.value or 0.0)


def _notes(terms: ChoiceTerms, solved: Solved) -> Iterator[str]:
    for party in terms.frame.parties:
        if terms.is_untouched(party):
            yield f"{party} is untouched by every package: its gain does not enter."
    if not solved.is_proved:
        within = f", within {solved.gap:.1%} of the best possible" if np.isfinite(solved.gap) else ""
        yield f"The time limit ended the search: this is the best found so far{within}."


def _shares(share: pyo.Var, terms: ChoiceTerms, positions: Mapping[str, int]) -> dict[str, dict[str, float]]:
    return {k: {i: _value(share[k, p, i]) for i in terms.frame.parties} for k, p in positions.items()}


def after_purses(
    option: Option,
    revenue_shares: Mapping[str, Mapping[str, float]],
    outlay_shares: Mapping[str, Mapping[str, float]],
) -> Floats:
    """Gain by state and party of one mineral after common purses are divided, before settlements and transfers."""
    gain = option.gain
    for shares, amounts, sign in ((revenue_shares, option.revenue, 1.0), (outlay_shares, option.outlay, -1.0)):
        if option.mineral in shares:
            share = np.array([shares[option.mineral][party] for party in option.frame.parties])
            gain = gain + sign * (amounts.sum(axis=1, keepdims=True) * share - amounts)
    return gain


@dataclass
class _Signed:
    """A contract under the chosen package, while premiums are allotted to it.

    ``premium_musd`` is expected and received by the producer; ``room_musd_per_t`` the largest a tonne can carry.
    """

    mineral: str
    pair: Pair
    volume_t: float
    most_t: float
    room_musd_per_t: float = 0.0
    premium_musd: float = 0.0

    def carry(self, most_musd: float, receiver: str, adds_volume: bool) -> float:
        """Settle up to an amount in favour of a party, with more volume or within what there is; returns how much."""
        volume = self.most_t if adds_volume else self.volume_t
        carried = min(most_musd, max(volume * self.room_musd_per_t - abs(self.premium_musd), 0.0))
        self.premium_musd += carried if receiver == self.pair.producer else -carried
        self.volume_t = max(self.volume_t, abs(self.premium_musd) / self.room_musd_per_t)
        return carried

    def settled(self, terms: ChoiceTerms) -> Floats:
        """What it settles by state and party [million USD/yr]."""
        pair = self.pair
        received = hedge(pair) * self.volume_t
        if self.premium_musd:
            received += self.premium_musd * pair.delivered / float(terms.frame.weight @ pair.delivered)
        settled = np.zeros((len(terms.frame.states), len(terms.frame.parties)))
        settled[:, terms.frame.parties.index(pair.producer)] += received
        settled[:, terms.frame.parties.index(pair.buyer)] -= received
        return settled

    def contract(self, strike_band: float) -> Contract:
        """The contract with its strike."""
        price = self.pair.mean_price_usd_per_t
        room = self.volume_t * self.room_musd_per_t
        above = strike_band * self.premium_musd / room if room else 0.0
        ends = self.pair.producer, self.pair.buyer
        return Contract(self.mineral, self.pair.stage, *ends, self.volume_t, price * (1.0 + above), price)


def _sign(m: pyo.ConcreteModel, positions: Mapping[str, int]) -> list[_Signed]:
    """Contracts of the chosen packages. Premiums go to volumes that are contracted anyway, then to the widest room."""
    signed = {}
    for key, pair in m.pair_data.items():
        if positions[key[0]] == key[1]:
            volume = pair.most_t * _value(m.volume_share[key]) if key in m.contract else pair.least_t
            signed[key] = _Signed(key[0], pair, volume, volume if key in m.contract else pair.most_t)
    for number, pool in m.pool_data.items():
        for key in pool.room_musd_per_t.keys() & signed.keys():
            signed[key].room_musd_per_t = pool.room_musd_per_t[key]
        widest = sorted(
            (signed[key] for key in pool.room_musd_per_t if key in signed),
            key=lambda each: -each.room_musd_per_t * each.most_t,
        )
        _allot(widest, pool, _value(m.to_first_musd[number]) - _value(m.to_second_musd[number]))
    return list(signed.values())


def _allot(contracts: Sequence[_Signed], pool: Pool, to_first_musd: float) -> None:
    receiver, left = pool.first if to_first_musd > 0 else pool.second, abs(to_first_musd)
    for adds_volume in (False, True):
        for each in contracts:
            left -= each.carry(left, receiver, adds_volume)
