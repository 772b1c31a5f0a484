"""The programme of the choice, composed from its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo

from model.design.choice.accounts import StateAccount, entries_of, expected
from model.design.choice.contracts import add_bankability, add_contracts
from model.design.choice.objectives import add_objective
from model.design.choice.programme import linear
from model.units import MILLION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from model.design.choice.limits import Limit
    from model.design.choice.terms import ChoiceTerms


def build(terms: ChoiceTerms, measured: Iterable[str] = ()) -> pyo.ConcreteModel:
    """The programme. Red lines are ``red_line[number]`` with records in ``limit_data``; ``give`` is held at zero.

    ``measured`` names measures besides the objective that will be bounded or made large.
    """
    m = pyo.ConcreteModel(doc="Choice of an agreement")
    counts_hedges = terms.counts_hedges({terms.request.objective.kind, *measured})
    _packages(m, terms)
    add_contracts(m, terms, counts_hedges)
    add_bankability(m, terms)
    _transfers(m, terms)
    _purses(m, terms)
    _gains(m, terms)
    _limits(m, terms)
    add_objective(m, terms)
    return m


def _packages(m: pyo.ConcreteModel, terms: ChoiceTerms) -> None:
    m.mineral = pyo.Set(initialize=list(terms.options), doc="Minerals")
    m.party = pyo.Set(initialize=list(terms.frame.parties), doc="Parties")
    m.option = pyo.Set(initialize=terms.cells, dimen=2, doc="Packages by mineral and position")
    m.chosen = pyo.Var(m.option, domain=pyo.Binary, doc="Package is agreed [0 or 1]")

    @m.Constraint(m.mineral, doc="One package per mineral [packages]")
    def one_package(m: Any, k: str) -> Any:
        return sum(m.chosen[k, p] for p in range(len(terms.options[k]))) == 1


def _transfers(m: pyo.ConcreteModel, terms: ChoiceTerms) -> None:
    payers = list(terms.frame.parties) if terms.request.transfers else []
    most = terms.request.transfers / MILLION
    m.transfer_musd = pyo.Var(payers, bounds=(-most, None), doc="Lump sum received [million USD/yr]")

    m.paid_musd = pyo.Var(payers, domain=pyo.NonNegativeReals, doc="Lump sum paid [million USD/yr]")

    @m.Constraint(payers, doc="A lump sum is received or paid [million USD/yr]")
    def what_is_paid(m: Any, i: str) -> Any:
        return m.transfer_musd[i] + m.paid_musd[i] >= 0

    @m.Constraint(doc="Transfers are paid by someone [million USD/yr]")
    def transfers_balance(m: Any) -> Any:
        return sum(m.transfer_musd[i] for i in payers) == 0 if payers else pyo.Constraint.Skip


def _purses(m: pyo.ConcreteModel, terms: ChoiceTerms) -> None:
    """Shares of the common purses; without a purse everyone keeps and pays its own."""
    for name, is_common in (("revenue", terms.request.share_revenue), ("outlay", terms.request.share_outlay)):
        cells = terms.cells if is_common else []
        share = pyo.Var(cells, m.party, bounds=(0, 1), doc=f"Party's share of the common {name} [share]")
        setattr(m, f"{name}_share", share)
        setattr(m, f"{name}_divided", pyo.Constraint(cells, rule=_divided(share), doc=f"All {name} is divided [share]"))


def _divided(share: pyo.Var) -> Any:
    def rule(m: Any, k: str, p: int) -> Any:
        return sum(share[k, p, i] for i in m.party) == m.chosen[k, p]

    return rule


def _gains(m: pyo.ConcreteModel, terms: ChoiceTerms) -> None:
    """Expected gains, and gains by state where participation is asked in every state."""
    own = dict(zip(terms.frame.parties, np.eye(len(terms.frame.parties)), strict=True))
    entries = {party: entries_of(m, terms, weights) for party, weights in own.items()}
    m.expected_gain_musd = pyo.Var(m.party, doc="Expected gain [million USD/yr]")

    @m.Constraint(m.party, doc="Expected gain of a party [million USD/yr]")
    def gain_adds_up(m: Any, i: str) -> Any:
        return linear([*expected(entries[i], terms.frame.weight), (-1.0, m.expected_gain_musd[i])]) == 0.0

    m.state_gain = pyo.Block(m.party if terms.request.participation == "every_state" else [], doc="Gains by state")
    m.account_data = {party: StateAccount(block, entries[party]) for party, block in m.state_gain.items()}


def _limits(m: pyo.ConcreteModel, terms: ChoiceTerms) -> None:
    """Red lines and participation; a limit's group may give way together by ``give[group]``."""
    limits = terms.limits
    m.limit_data = dict(enumerate(limits))
    m.group = pyo.Set(initialize=list(dict.fromkeys(limit.group for limit in limits)), doc="Red lines")
    m.give = pyo.Var(m.group, bounds=(0.0, 0.0), doc="How far a red line gives way, held at zero [its unit]")

    @m.Constraint(list(m.limit_data), doc="Red lines and participation [the limit's unit]")
    def red_line(m: Any, number: int) -> Any:
        limit = m.limit_data[number]
        return linear([*_amount(m, terms, limit), (-1.0, m.give[limit.group])]) <= limit.most


def _amount(m: pyo.ConcreteModel, terms: ChoiceTerms, limit: Limit) -> Iterator[tuple[float, Any]]:
    """What a limit bounds."""
    yield from ((value, m.chosen[cell]) for cell, value in limit.of_options.items())
    if limit.state_weight is terms.frame.weight:
        yield -1.0, m.expected_gain_musd[limit.party]
    elif limit.state_weight is not None:
        account = m.account_data[limit.party]
        yield from ((-value, variable) for value, variable in account.weighed(limit.state_weight))
    if limit.is_outlay and terms.request.transfers:
        yield -1.0, m.transfer_musd[limit.party]
    if limit.is_outlay and terms.request.share_outlay:
        at = terms.frame.parties.index(limit.party)
        for cell in terms.cells:
            paid = terms.frame.weight @ terms.option(cell).outlay
            yield float(paid.sum()), m.outlay_share[(*cell, limit.party)]
            yield -float(paid[at]), m.chosen[cell]
