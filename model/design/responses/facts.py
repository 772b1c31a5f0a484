"""The status quo of a mineral as the market's response to no agreement and no shock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.design.problem.facts import Facts
from model.errors import ScenarioError
from model.market.calibrate import duty_matrix
from model.outcome import use_weighted_price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.design.responses.response import Response
    from model.scenario import Scenario
    from model.world import World

    Place = tuple[str, str, str]


def facts_from(response: Response, mineral: str, stage: str, parties: Sequence[str]) -> Facts:
    """What the menu refers to, from the response to no agreement and no shock.

    Raises:
        ScenarioError: when there is no price to refer to.
    """
    use = {party: response.use_t[party] for party in parties if response.use_t.get(party, 0.0) > 0}
    prices = response.price_usd_per_t
    named = list(use) or list(prices)
    if not any(prices[name] > 0 for name in named):
        raise ScenarioError(f"{mineral} has no {stage} price in the status quo: nobody uses it, nothing can be agreed")
    return Facts(
        mineral=mineral,
        stage=stage,
        price_usd_per_t=use_weighted_price(prices, use or dict.fromkeys(prices, 1.0)),
        use_t=response.use_t,
        non_party_imports_t=response.non_party_imports_t,
        flows_t=response.flows_t,
        need_t={stage: response.at(stage).use_t for stage in (*response.upstream, stage)},
    )


def landed_costs(
    world: World, scenario: Scenario, response: Response, mineral: str, producers: Sequence[tuple[str, str]]
) -> dict[Place, float]:
    """Seller's price, freight and duty in force from every (producer, stage) to every consuming party [USD/t].

    Where nothing was sold yet the seller's price is the world price of the stage.
    """
    part, assumptions = world.calibrated(mineral, scenario), world.assumptions.with_overrides(scenario.assumptions)
    found = {}
    for producer, stage in producers:
        index = world.stages[mineral].index(stage)
        trade, freight = response.at(stage), part.costs[index].freight
        duty = duty_matrix(world.tables, assumptions, mineral, stage, part.base.regions, "ad_valorem_now")
        price = trade.seller_price_usd_per_t.get(producer, part.base.stages[index].price_usd_per_t)
        i = part.base.regions.index(producer)
        for buyer in scenario.parties:
            if trade.use_t.get(buyer, 0.0) > 0:
                j = part.base.regions.index(buyer)
                found[producer, buyer, stage] = float((price + freight[i, j]) * (1.0 + duty[i, j]))
    return found
