"""Projects: what they cost in full, which can be built, and what they add to the market."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.market.records import NOWHERE, NodeRole, Role, Shape, activities, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.assumptions import Assumptions
    from model.market.records import MineralMarket
    from model.scenario import Scenario
    from model.world import World

MOST_TOGETHER = 3
"""Projects of one mineral that the menu combines, cheapest first."""


@dataclass(frozen=True)
class Project:
    """A project with its costs in dollars. ``full_cost_usd_per_t`` includes the required return on capital."""

    id: str
    name: str
    mineral: str
    stage: str
    region: str
    capacity_t: float
    operating_cost_usd_per_t: float
    full_cost_usd_per_t: float
    start_year: int | None
    source_id: str


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
    asked, start = float(get("required_return")), float(get("start_year"))
    required = asked if np.isfinite(asked) else assumptions.value("project_required_return", str(get("mineral")))
    capacity = float(get("capacity_t_per_yr"))
    operating = float(get("operating_cost_per_t")) * rate
    capital = float(get("capex_million")) * 1e6 * rate * annuity(required, assumptions.value("project_life_yr"))
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
        source_id=str(get("source_id")),
    )


def eligible(world: World, scenario: Scenario, mineral: str) -> tuple[list[Project], list[str]]:
    """Projects of parties that could be built, and a sentence for everything that speaks against more.

    In one year nothing is built, so projects need the long horizon. A project sells where its region already has a
    market.
    """
    known = projects_of(world, scenario, mineral)
    if not known:
        return [], [f"The project table has no row for {mineral}: no new capacity can be chosen."]
    if scenario.horizon == "short":
        return [], [f"Projects of {mineral} need the long horizon: within one year none can be built."]
    own = [project for project in known if project.region in scenario.parties]
    market = world.solved(
        mineral, scenario.model_copy(update={"agreement": type(scenario.agreement)(), "shocks": ()})
    ).state.problem.market
    placed = [project for project in own if _node(market, project) != NOWHERE]
    notes = [
        f"{p.name} ({p.region}) has no place to sell {p.stage} {mineral} in this market and is left out."
        for p in own
        if p not in placed
    ]
    if not own:
        notes.append(f"No project of {mineral} stands in a party.")
    return placed, notes


def project_sets(projects: Sequence[Project]) -> list[tuple[str, ...]]:
    """What may be built together: nothing, the cheapest, the two cheapest, and so on."""
    ids = [project.id for project in projects[:MOST_TOGETHER]]
    return [tuple(ids[:count]) for count in range(len(ids) + 1)]


def _node(market: MineralMarket, project: Project) -> int:
    node = market.node(project.region, project.stage, NodeRole.SUPPLY)
    return node if node != NOWHERE else market.node(project.region, project.stage, NodeRole.USE)


def with_projects(world: World, scenario: Scenario, market: MineralMarket, ids: Sequence[str]) -> MineralMarket:
    """The market with projects built: each offers its capacity at operating cost where its region's producers sell.

    Capital is sunk by then, so it does not enter the offer; whether it is earned back is checked before building.
    """
    chosen = [project for project in projects_of(world, scenario, market.mineral) if project.id in set(ids)]
    added = activities(
        len(chosen),
        role=Role.SUPPLY,
        shape=Shape.FLAT,
        region=np.array([market.regions.index(project.region) for project in chosen], dtype=np.intp),
        node_out=np.array([_node(market, project) for project in chosen], dtype=np.intp),
        level=np.array([project.operating_cost_usd_per_t for project in chosen]),
        upper=np.array([project.capacity_t for project in chosen]),
    )
    duty = None if market.base_duty is None else np.append(market.base_duty, np.zeros(len(chosen)))
    return replace(market, activities=join([market.activities, added]), base_duty=duty)
