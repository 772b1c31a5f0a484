r"""The choice: one package per mineral, offtake volumes, strikes, purses and transfers, as one mixed-integer programme.

The market's response is data here: every option :math:`p` of mineral :math:`k` was solved by the equilibrium in every
state :math:`s` (:mod:`model.design.responses`), which gives gain :math:`g_{kpis}` of party :math:`i` against no
agreement in the same state.

.. math::
    \max \; \text{objective} \quad\text{s.t.}\quad
    \sum_p z_{kp} = 1, \quad
    l_{kpij} z_{kp} \le v_{kpij} \le u_{kpij} z_{kp}, \quad
    Y_{ij} + Y_{ji} \le \sum_{k,p} b \bar P_{kpi} v_{kpij} + b \bar P_{kpj} v_{kpji}, \quad
    \sum_i T_i = 0

    G_{is} = \sum_{k,p} \Bigl( g_{kpis} z_{kp} + \sum_j (\bar P_{kpi} - p_{kpis}) v_{kpij}
    - (\bar P_{kpj} - p_{kpjs}) v_{kpji} \Bigr) + \sum_j (Y_{ij} - Y_{ji}) + T_i + R_{is}

A contract over :math:`v` tonnes at a strike settles (strike - price) v in every state. Its strike lies in
:math:`(1 \pm b)\bar P` with :math:`\bar P` the seller's expected price: at :math:`\bar P` it is a hedge, worth nothing
in expectation, and what the strike adds or takes is a premium. Premiums between two parties add up to :math:`Y_{ij}`,
received by :math:`i`, whatever the mineral; where only expectations count, hedges are left out and volumes follow from
the premiums (:mod:`model.design.choice.contracts`, with bankability and deliveries that fail in some states). Strikes
are read off the solution (:mod:`model.design.choice.reading`). A common purse gives party :math:`i` the share
:math:`r_{kpi}` of what all parties collect instead of its own, which adds :math:`R_{is}`; with
:math:`\sum_i r_{kpi} = z_{kp}` that is linear too.

========================  =========================================  =====================================
symbol                    attribute                                  unit
========================  =========================================  =====================================
:math:`z_{kp}`            ``chosen[option]``                         0 or 1
:math:`v_{kpij}`          ``volume_share[contract]``                 share of :math:`u`
:math:`Y_{ij}`            ``to_first_musd``, ``to_second_musd``      million USD/yr
:math:`T_i`               ``transfer_musd[party]``                   million USD/yr
:math:`r_{kpi}`           ``revenue_share[option, party]``           share
:math:`E[G_i]`            ``expected_gain_musd[party]``              million USD/yr
:math:`G_{is}`            ``account_data[party].weighed(state)``     million USD/yr
========================  =========================================  =====================================

Objectives. Expected gain: :math:`\sum_i w_i E[G_i]`. CVaR (Rockafellar and Uryasev 2000): minus the mean of the worst
part :math:`\alpha` of the weighted loss against no agreement and no shock. Worst-off: the smallest :math:`w_i E[G_i]`
(parties of weight zero left out). Nash: :math:`\sum_i w_i \ln E[G_i]`, the logarithm under tangents so many that the
product is exact within 1 %.

Bankability: the contracts of a project cover at least the lenders' share of its capacity; others than the investor
contract at most what its first right leaves. That floor or price covers its full cost is checked before the option
enters.
"""

from model.design.choice.build import build
from model.design.choice.objectives import MEASURES, NASH_ERROR, measure, tangent_points
from model.design.choice.reading import Choice, choose, decide
from model.design.choice.terms import ChoiceTerms

__all__ = [
    "MEASURES",
    "NASH_ERROR",
    "Choice",
    "ChoiceTerms",
    "build",
    "choose",
    "decide",
    "measure",
    "tangent_points",
]
