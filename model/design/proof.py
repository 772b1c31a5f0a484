"""Proof: the chosen agreement in negotiable steps, solved again by the equilibrium with every instrument in place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.design.catalogue import joined
from model.design.choice.programme import Solved
from model.design.choice.reading import after_purses
from model.design.choice.standing import objective_of
from model.design.problem.steps import ceil_to, floor_to, lots, negotiable_step, round_to
from model.design.responses.respond import respond
from model.design.responses.response import question
from model.instruments import Offtake
from model.units import MILLION
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from model.design.catalogue import Catalogue
    from model.design.choice import Choice, ChoiceTerms
    from model.design.choice.options import Option
    from model.design.problem.request import DesignRequest
    from model.design.responses.response import Response
    from model.instruments import Agreement
    from model.market.records import Floats
    from model.world import World

MONEY_STEP = 0.001
"""Strikes and transfers have finer steps than levels, since they divide money without moving the market [share]."""
SHARE_STEP = 0.001
"""Step of a party's share of a common purse [share]."""
SMALL_GAIN = 0.001
"""Gains are compared relative to the party's own, but never to less than this share of all parties' gains together."""


@dataclass(frozen=True)
class Proof:
    """Expected gain by party as predicted by the choice and as verified by the equilibrium [million USD/yr].

    ``difference`` is their largest difference relative to the party's gain; ``verified_gain`` is [state, party].
    ``options`` are the packages with the responses that were verified.
    """

    predicted: dict[str, float]
    verified: dict[str, float]
    verified_gain: Floats
    difference: float
    rounds: int
    options: Mapping[str, Option]

    @property
    def outsiders(self) -> float:
        """What the verified agreement changes for all who are no party together, expected."""
        return sum(option.outsiders_gain for option in self.options.values())

    @property
    def taken(self) -> float:
        """What of the parties' gain is taken from non-parties rather than created."""
        return max(min(-self.outsiders, sum(self.verified.values())), 0.0)


def signable(choice: Choice, request: DesignRequest, world: World) -> tuple[Choice, Agreement]:
    """A choice with its money in round numbers, and the agreement that would be signed."""
    step = request.assumed(world).value("transfer_step") / MILLION
    rounded = in_round_numbers(choice, request.transfers / MILLION, step)
    return rounded, agreement_of(rounded, request, world)


def in_round_numbers(choice: Choice, most_transfer_musd: float, step_musd: float) -> Choice:
    """The choice with transfers and shares of common purses in negotiable steps, sums as they were.

    Lump sums are whole multiples of ``step_musd``. Money is rounded in favour of every party but one of those that gain
    most, which pays for that.
    """
    return replace(
        choice,
        transfers=_transfers(choice, most_transfer_musd, step_musd),
        revenue_shares={mineral: _shares(own) for mineral, own in choice.revenue_shares.items()},
        outlay_shares={mineral: _shares(own) for mineral, own in choice.outlay_shares.items()},
    )


def _transfers(choice: Choice, most_musd: float, step_musd: float) -> dict[str, float]:
    received = choice.transfers.items()
    rounded = {i: ceil_to(t, lots(MONEY_STEP * abs(t), step_musd)) if t else 0.0 for i, t in received}
    for payer in sorted(rounded, key=lambda party: -choice.expected_gain[party]):
        left = 0.0 - round_to(sum(amount for party, amount in rounded.items() if party != payer), step_musd)
        if left >= -most_musd:
            return rounded | {payer: left}
    return dict(choice.transfers)


def _shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Shares in whole steps; the largest takes what is left."""
    rounded = {party: round_to(share, SHARE_STEP) for party, share in shares.items()}
    largest = max(rounded, key=lambda party: rounded[party])
    others = sum(share for party, share in rounded.items() if party != largest)
    return rounded | {largest: round_to(sum(shares.values()) - others, SHARE_STEP)}


def agreement_of(choice: Choice, request: DesignRequest, world: World) -> Agreement:
    """Every instrument of a choice in negotiable steps, offtakes with their strikes."""
    bare = [option.package.model_copy(update={"offtakes": ()}) for option in choice.chosen.values()]
    agreement = joined(package.agreement(request.parties, world.regions) for package in bare)
    assumptions = request.assumed(world)
    lot_t = {mineral: assumptions.value("tradeable_lot", mineral) for mineral in choice.chosen}
    return agreement.model_copy(update={"offtakes": tuple(_offtakes(choice, request, lot_t))})


def _offtakes(choice: Choice, request: DesignRequest, lot_t: Mapping[str, float]) -> Iterator[Offtake]:
    """Contracts in whole lots and negotiable steps, none below a lot.

    None is below what the package commits: the market was solved with that.
    """
    for contract in choice.contracts:
        ends = contract.producer, contract.buyer, contract.stage
        committed = sum(t for *place, t in choice.chosen[contract.mineral].package.offtakes if (*place,) == ends)
        quantity = floor_to(contract.volume_t, lots(request.step * contract.volume_t, lot_t[contract.mineral]))
        if not max(quantity, committed):
            continue
        strike = round_to(contract.strike_usd_per_t, negotiable_step(MONEY_STEP * contract.expected_price_usd_per_t))
        yield Offtake(
            producer=contract.producer,
            buyer=contract.buyer,
            mineral=contract.mineral,
            stage=contract.stage,
            quantity=max(quantity, committed),
            strike=strike,
        )


def verify(
    catalogue: Catalogue, choice: Choice, agreement: Agreement, rounds: int
) -> Generator[Progress[None], None, Proof]:
    """Solve the agreement afresh under every state and compare every party's gain with what was predicted.

    No stored answer counts, and no search starts where those of the menu did.
    """
    request, states, frame = catalogue.request, catalogue.states, catalogue.frame
    cells = {
        mineral: [
            question(catalogue.world, request.scenario(agreement, state.shock), mineral, option.package.projects)
            for state in states
        ]
        for mineral, option in choice.chosen.items()
    }
    answers: dict[str, Response] = {}
    for key, cell in {catalogue.table.key(cell): cell for own in cells.values() for cell in own}.items():
        answers[key] = respond(catalogue.world, cell, afresh=True)
        yield Progress(catalogue.done, catalogue.done + 1, f"proof of {cell.mineral}", None)
    lump = np.array([choice.transfers[party] for party in frame.parties])
    predicted, verified = (np.tile(lump, (len(states), 1)) for _ in range(2))
    purses, options = (choice.revenue_shares, choice.outlay_shares), {}
    for mineral, own in cells.items():
        option = choice.chosen[mineral]
        predicted += after_purses(option, *purses) + _settled(option, agreement)
        solved = replace(option, responses=tuple(answers[catalogue.table.key(cell)] for cell in own))
        paid = [[r.transfers_usd.get(party, 0.0) for party in frame.parties] for r in solved.responses]
        verified += after_purses(solved, *purses) + np.array(paid) / MILLION
        options[mineral] = solved
    both = [dict(zip(frame.parties, frame.weight @ gain, strict=True)) for gain in (predicted, verified)]
    expected = [{party: float(value) for party, value in gain.items()} for gain in both]
    return Proof(expected[0], expected[1], verified, difference(*expected), rounds, options)


def as_verified(choice: Choice, proof: Proof, terms: ChoiceTerms) -> Choice:
    """The choice with the gains, the objective and the gap of what would be signed, as the equilibrium has them."""
    found = replace(choice, chosen=dict(proof.options), gain=proof.verified_gain, expected_gain=dict(proof.verified))
    objective = objective_of(found, terms)
    return replace(found, objective=objective, gap=Solved(objective, max(choice.bound, objective), True).gap)


def _settled(option: Option, agreement: Agreement) -> Floats:
    """What the agreement's offtakes settle by state and party, at the prices of the option."""
    settled = np.zeros(option.gain.shape)
    parties = option.frame.parties
    for offtake in agreement.of(Offtake):
        if offtake.mineral == option.mineral and offtake.strike is not None:
            trade = [response.at(offtake.stage) for response in option.responses]
            price = np.array([each.seller_price_usd_per_t.get(offtake.producer, np.nan) for each in trade])
            delivered = np.array([each.delivered.get((offtake.producer, offtake.buyer), 1.0) for each in trade])
            paid = (offtake.strike - price) * delivered * offtake.quantity / MILLION
            settled[:, parties.index(offtake.producer)] += paid
            settled[:, parties.index(offtake.buyer)] -= paid
    return settled


def difference(predicted: Mapping[str, float], verified: Mapping[str, float]) -> float:
    """Largest difference between predicted and verified gains, relative to the party's own gain.

    >>> difference({"USA": 100.0, "JPN": 50.0}, {"USA": 101.0, "JPN": 50.0})
    0.009900990099009901
    """
    smallest = SMALL_GAIN * sum(abs(value) for value in verified.values())
    sizes = {party: max(abs(value), abs(predicted[party]), smallest) for party, value in verified.items()}
    return max(
        (abs(predicted[party] - value) / sizes[party] for party, value in verified.items() if sizes[party] > 0),
        default=0.0,
    )
