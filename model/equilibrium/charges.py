"""What every activity is charged at given prices and quantities, instrument by instrument as it was laid.

The search has formulas of its own, made for derivatives. This is the other way to the same money: one charge after the
other, from the instruments themselves. The ledger books by it and the proof is built on it, so an instrument that the
search forgot, halved or turned round does not survive the proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.market.records import is_any
from model.problem import PRODUCTION, Account, Basis, congestion

if TYPE_CHECKING:
    from model.market.records import Floats
    from model.problem import Charge, Problem

Receiver = tuple[Account, bool]
"""An account and whether it is the exporter's (else the importer's)."""


@dataclass(frozen=True)
class Charges:
    """Money per unit of every activity, by part.

    ``by_receiver`` holds duties, export taxes and whatever else is paid to an account, levies included; ``support`` is
    what producers are paid on top of the price; ``rent`` what the limits on each activity are worth.
    """

    by_receiver: dict[Receiver, Floats]
    support: Floats
    rent: Floats

    @property
    def net(self) -> Floats:
        """All that is charged less what is paid, rents apart: they are duals of the programme."""
        return sum(self.by_receiver.values(), start=-self.support)


def charges_at(
    problem: Problem, price: Floats, rent: Floats, levy: Floats, quantity: Floats, step: tuple[int, ...] | None = None
) -> Charges:
    """The charges at node prices, rents of pools, levies and quantities of activities.

    ``step`` is the floor that asks for each levy, which tells who keeps it; without it all goes to treasuries.
    """
    t = problem.table
    origin = np.append(price, 0.0)[t.node_in]
    landed = origin + t.landed_cost + congestion(problem, quantity)
    by_receiver = _levies(problem, levy, step)
    for charge in problem.charges:
        receiver = (Account.REVENUE, charge.to_exporter)
        paid = by_receiver.setdefault(receiver, np.zeros(len(t)))
        np.add.at(paid, charge.members, _per_unit(charge, landed, origin))
    rents = np.zeros(len(t))
    for dual, pool in zip(rent, problem.pools, strict=True):
        if dual != 0.0:
            np.add.at(rents, pool.members, dual * pool.weight)
    return Charges(by_receiver, _support(problem, price), rents)


def _levies(problem: Problem, levy: Floats, step: tuple[int, ...] | None) -> dict[Receiver, Floats]:
    """Levies per unit of every activity, by who receives them: the importer's treasury, or exporters who keep them."""
    charged = np.append(levy, 0.0)[problem.levy]
    kept = np.zeros(len(charged), dtype=bool)
    for group, asks, size in zip(problem.levies, step or (), levy, strict=step is not None):
        keepers = {region for term in group.steps[asks].asking(float(size)) for region in term.kept_by}
        kept[group.members] = is_any(problem.table.region[group.members], keepers)
    return {(Account.REVENUE, False): np.where(kept, 0.0, charged), (Account.RENT, True): np.where(kept, charged, 0.0)}


def gain(problem: Problem, price: Floats, charges: Charges) -> Floats:
    """What one more unit of every activity earns, all charges and rents paid: at most its marginal cost."""
    extended, t = np.append(price, 0.0), problem.table
    value: Floats = extended[t.node_out] - t.ratio * extended[t.node_in] - charges.net - charges.rent
    return value


def _per_unit(charge: Charge, landed: Floats, origin: Floats) -> Floats:
    value = (landed if charge.basis == Basis.LANDED else origin)[charge.valued]
    share = charge.ad_valorem * value
    return np.maximum(charge.specific, share) if charge.greater_of else charge.specific + share


def _support(problem: Problem, price: Floats) -> Floats:
    """What a guarantee pays producers on top of the market's price."""
    t = problem.table
    short = np.append(np.maximum(problem.producer_floor - price, 0.0), 0.0)[t.node_out]
    return np.where(is_any(t.role, PRODUCTION), short, 0.0)
