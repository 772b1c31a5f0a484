"""Projects: what they cost in full, which can be built, and what they add to the market."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.design.problem.commitments import Seller
from model.market.capacity import open_channels
from model.market.horizon import SHORT
from model.market.records import NodeRole, Role, Shape, activities, join
from model.units import MILLION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.assumptions import Assumptions
    from model.design.problem.request import OfftakeRules
    from model.market.records import MineralMarket
    from model.scenario import Scenario
    from model.world import World

MOST_TOGETHER = 3
"""Projects of one mineral that the menu combines, cheapest first; others are tried around the best package."""


@dataclass(frozen=True)
class Project:
    """A project, its costs in dollars of the base year.

    ``full_cost_usd_per_t`` includes the required return on capital.
    """

    id: str
    name: str
    mineral: str
    stage: str
    region: str
    capacity_t: float
    operating_cost_usd_per_t: float
    full_cost_usd_per_t: float
    start_year: int | None
    status: str
    source_id: str

    def seller(self, lenders_share: float, rules: OfftakeRules) -> Seller:
        """What it must and may commit: the part of capacity that lenders ask, its investor's first right."""
        return Seller(
            name=self.id,
            region=self.region,
            stage=self.stage,
            most_t=self.capacity_t,
            least_t=lenders_share * self.capacity_t,
            investor=rules.investors.get(self.id),
            others_most_t=(1.0 - rules.first_right) * self.capacity_t,
        )


def annuity(rate: float, years: float) -> float:
    """Yearly payment per dollar of capital over a number of years.

    >>> round(annuity(0.10, 20), 4)
    0.1175
    >>> annuity(0.0, 20)
    0.05
    """
    return 1.0 / years if rate == 0 else rate / (1.0 - (1.0 + rate) ** -years)


def projects_of(world: World, scenario: Scenario, mineral: str) -> list[Project]:
    """The mineral's rows of the project table, cheapest in full cost first."""
    assumptions = world.assumptions.with_overrides(scenario.assumptions)
    rows = world.tables["projects"]
    found = [_project(row, assumptions) for row in rows[rows["mineral"] == mineral].itertuples()]
    return sorted(found, key=lambda project: (project.full_cost_usd_per_t, project.id))


def _project(row: object, assumptions: Assumptions) -> Project:
    get = row.__getattribute__
    currency = str(get("currency"))
    rate = 1.0 if currency == "USD" else assumptions.value(f"usd_per_{currency.lower()}")
    rate *= assumptions.value(f"price_level_{int(get('currency_year'))}")
    asked, start = float(get("required_return")), float(get("start_year"))
    required = asked if np.isfinite(asked) else assumptions.value("project_required_return", str(get("mineral")))
    capacity = float(get("capacity_t_per_yr"))
    operating = float(get("operating_cost_per_t")) * rate
    capital = float(get("capex_million")) * MILLION * rate * annuity(required, assumptions.value("project_life_yr"))
    return Project(
        id=str(get("id")),
        name=str(get("name")),
        mineral=str(get("mineral")),
        stage=str(get("stage")),
        region=str(get("region")),
        capacity_t=capacity,
        operating_cost_usd_per_t=operating,
        full_cost_usd_per_t=operating + capital / capacity,
        start_year=int(start) if np.isfinite(start) else None,
        status=str(get("status")) if isinstance(get("status"), str) else "",
        source_id=str(get("source_id")),
    )


def eligible(world: World, scenario: Scenario, mineral: str) -> tuple[list[Project], list[str]]:
    """Projects of parties that could be built, and a sentence for everything that speaks against more.

    In one year nothing is built, so projects need the long horizon; there, all are taken to be ready.
    """
    known = projects_of(world, scenario, mineral)
    if not known:
        return [], [f"The project table has no row for {mineral}: no new capacity can be chosen."]
    if scenario.horizon == SHORT.id:
        return [], [f"Projects of {mineral} need the long horizon: within one year none can be built."]
    own = [project for project in known if project.region in scenario.parties]
    if not own:
        return [], [f"No project of {mineral} stands in a party."]
    notes = [f"Assumption: a new plant for {mineral} reaches every buyer in proportion to what that buyer takes today."]
    undated = sum(project.start_year is None for project in own)
    if undated:
        notes.append(f"For {undated} of {len(own)} projects the source gives no start; all are taken to be ready.")
    return own, notes


def project_sets(ids: Sequence[str]) -> list[tuple[str, ...]]:
    """What the menu builds together: nothing, the cheapest, the two cheapest, and so on."""
    most = min(len(ids), MOST_TOGETHER)
    return [tuple(ids[:count]) for count in range(most + 1)]


def with_projects(world: World, scenario: Scenario, market: MineralMarket, ids: Sequence[str]) -> MineralMarket:
    """The market with projects built: each offers its capacity at operating cost and sells to every buyer.

    Capital is sunk by then, so it does not enter the offer; whether it is earned back is checked before building.
    """
    chosen = [project for project in projects_of(world, scenario, market.mineral) if project.id in set(ids)]
    part = world.calibrated(market.mineral, scenario)
    assumptions = world.assumptions.with_overrides(scenario.assumptions)
    for region, stage in dict.fromkeys((project.region, project.stage) for project in chosen):
        capacity_t = sum(project.capacity_t for project in chosen if (project.region, project.stage) == (region, stage))
        market = open_channels(part, market, assumptions, region, stage, capacity_t)
    added = activities(
        len(chosen),
        role=Role.SUPPLY,
        shape=Shape.FLAT,
        region=np.array([market.regions.index(project.region) for project in chosen], dtype=np.intp),
        node_out=np.array([market.node(p.region, p.stage, NodeRole.SUPPLY) for p in chosen], dtype=np.intp),
        level=np.array([project.operating_cost_usd_per_t for project in chosen]),
        upper=np.array([project.capacity_t for project in chosen]),
    )
    return world.with_policy_in_force(replace(market, activities=join([market.activities, added])), assumptions)
