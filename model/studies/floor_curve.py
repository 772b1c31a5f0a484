"""How the parties' price answers a price floor: where the floor stops binding and where it cannot hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.errors import SolveError
from model.instruments import Floor, Mechanism
from model.outcome import consumer_prices, producer_prices, use_weighted_price
from model.words.levers import rounded
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from model.scenario import Scenario
    from model.world import World

SHARES_OF_STATUS_QUO = (0.5, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0)
"""Levels tried, as multiples of the status-quo price: fine where negotiators look, coarse beyond."""
TRIED_FIGURES = 3
"""Figures of a level tried, as many as sentences tell of a price."""
LEVEL_COLUMNS = ("level_usd_per_t", "price_usd_per_t", "held_by")
PARTY_COLUMNS = ("level_usd_per_t", "region", "price_usd_per_t", "levy_usd_per_t", "holds", "why_not")


@dataclass(frozen=True)
class FloorResponse:
    """A response curve.

    Attributes:
        mineral: the mineral.
        stage: the stage at which the floor is held.
        mechanism: how it is held; a contract for difference does nothing where there are no producers.
        ceiling_usd_per_t: from where its stock is sold, which moves up with a level above it; none where it has none.
        status_quo_usd_per_t: what the parties' users pay there in the status quo, weighted by their use.
        without_floor_usd_per_t: the same under the scenario without this floor.
        parties_price: per level: level_usd_per_t, price_usd_per_t (weighted by status-quo use) and held_by (share of
            parties in whose market the floor holds, of those that have one).
        by_party: per level and party: level_usd_per_t, region, price_usd_per_t, levy_usd_per_t, holds, why_not.
        slack_up_to_usd_per_t: up to this level the floor binds in no party: their lowest price without it.
        unsolved_usd_per_t: levels at which no equilibrium was proved.
        agreed_usd_per_t: the scenario's own level, one of those tried; None where it is not among them.
    """

    mineral: str
    stage: str
    mechanism: Mechanism
    ceiling_usd_per_t: float | None
    status_quo_usd_per_t: float
    without_floor_usd_per_t: float
    parties_price: pd.DataFrame
    by_party: pd.DataFrame
    slack_up_to_usd_per_t: float
    unsolved_usd_per_t: tuple[float, ...]
    agreed_usd_per_t: float | None = None

    @property
    def agreed(self) -> tuple[float, float] | None:
        """The scenario's own level and the parties' price under it [USD/t]."""
        if self.agreed_usd_per_t is None:
            return None
        levels = self.parties_price.set_index("level_usd_per_t")["price_usd_per_t"]
        return self.agreed_usd_per_t, float(levels[self.agreed_usd_per_t])

    @property
    def agreed_fails_in(self) -> list[str]:
        """Parties with a market in which the scenario's own floor does not hold."""
        own = self.by_party[(self.by_party["level_usd_per_t"] == self.agreed_usd_per_t) & ~self.by_party["holds"]]
        return [str(region) for region in own["region"] if region not in self.without_market]

    @property
    def without_market(self) -> list[str]:
        """Parties that have no market where the floor would be held: there it has no price at any level."""
        priced = self.by_party.groupby("region", sort=False)["price_usd_per_t"].count()
        return [str(region) for region in priced.index[priced == 0]]

    @property
    def fails_from(self) -> pd.DataFrame:
        """Per party in which the floor fails at some level: the last level that holds and the first that fails.

        Parties without a market are left out.
        """
        rows = []
        have_market = ~self.by_party["region"].isin(self.without_market)
        for region, levels in self.by_party[have_market].groupby("region", sort=False):
            failing = levels.loc[~levels["holds"], "level_usd_per_t"]
            if len(failing):
                first = float(failing.min())
                held = levels.loc[levels["holds"] & (levels["level_usd_per_t"] < first), "level_usd_per_t"]
                why = levels.loc[levels["level_usd_per_t"] == first, "why_not"].iloc[0]
                rows.append(
                    {
                        "region": region,
                        "holds_up_to_usd_per_t": float(held.max()) if len(held) else np.nan,
                        "fails_from_usd_per_t": first,
                        "why_not": why,
                    }
                )
        return pd.DataFrame(rows, columns=["region", "holds_up_to_usd_per_t", "fails_from_usd_per_t", "why_not"])


def with_floor_at(scenario: Scenario, floor: Floor, level_usd_per_t: float | None) -> Scenario:
    """The scenario with this floor at another level, all others as they are; none takes it away.

    A ceiling below the level moves up with it, since a stock cannot sell below its floor.
    """
    floors, at = list(scenario.agreement.of(Floor)), _position(scenario, floor)
    if level_usd_per_t is None:
        moved = []
    else:
        ceiling = None if floor.ceiling is None else max(floor.ceiling, level_usd_per_t)
        moved = [floor.model_copy(update={"price": level_usd_per_t, "ceiling": ceiling})]
    floors[at : at + 1] = moved
    return scenario.model_copy(update={"agreement": scenario.agreement.replacing(Floor, floors)})


def _position(scenario: Scenario, floor: Floor) -> int:
    """Where a floor stands among the scenario's, or would be added."""
    floors = scenario.agreement.of(Floor)
    return floors.index(floor) if floor in floors else len(floors)


def floor_of(world: World, scenario: Scenario, mineral: str) -> Floor:
    """The scenario's floor on a mineral, or the one that would be added: a variable levy at the last stage."""
    added = Floor(parties=scenario.parties, mineral=mineral, stage=world.stages[mineral][-1], price=0.0)
    return scenario.agreement.first(Floor, mineral) or added


def floor_response(
    world: World, scenario: Scenario, mineral: str, shares_of_status_quo: Sequence[float] = SHARES_OF_STATUS_QUO
) -> FloorResponse:
    """The parties' prices over floor levels and at the one agreed, everything else in the scenario as it is.

    Raises:
        SolveError: when the scenario cannot be solved without the floor.
    """
    *_, last = floor_levels(world, scenario, mineral, shares_of_status_quo)
    return with_agreed(world, scenario, last.found)


def with_agreed(world: World, scenario: Scenario, curve: FloorResponse) -> FloorResponse:
    """The curve with the scenario's own floor among the levels tried; as it is where there is none."""
    floor = scenario.agreement.first(Floor, curve.mineral)
    if floor is None:
        return curve
    level_row, party_rows = _tried(world, scenario, floor, floor.price)
    return replace(
        curve,
        agreed_usd_per_t=floor.price,
        parties_price=_among(curve.parties_price, pd.DataFrame([level_row], columns=list(LEVEL_COLUMNS))),
        by_party=_among(curve.by_party, pd.DataFrame(party_rows, columns=list(PARTY_COLUMNS))),
    )


def _among(tried: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    others = tried[tried["level_usd_per_t"] != own["level_usd_per_t"].iloc[0]]
    both = pd.concat([others, own]) if len(others) else own
    return both.sort_values("level_usd_per_t", kind="stable", ignore_index=True)


def _tried(
    world: World, scenario: Scenario, floor: Floor, level: float
) -> tuple[tuple[float, float, float], list[dict[str, object]]]:
    """Level, parties' price and share of parties with a market in which it holds; and a row per party.

    Raises:
        SolveError: when no equilibrium is proved at the level.
    """
    solved = world.solved(floor.mineral, with_floor_at(scenario, floor, level))
    held = [row for row in solved.accounts.instruments["floors"] if row["index"] == _position(scenario, floor)]
    use_t = world.parties_use(floor.mineral, floor.stage, scenario)
    price = use_weighted_price(consumer_prices(solved, floor.stage), use_t)
    able = [row["holds"] for row in held if row["price"] is not None]
    return (level, price, float(np.mean(able)) if able else np.nan), [_party_row(level, row) for row in held]


def floor_levels(
    world: World, scenario: Scenario, mineral: str, shares_of_status_quo: Sequence[float] = SHARES_OF_STATUS_QUO
) -> Iterator[Progress[FloorResponse]]:
    """The same, level by level, low ones first. Levels at which no equilibrium is proved are left out and listed.

    Raises:
        SolveError: when the scenario cannot be solved without the floor.
    """
    floor = floor_of(world, scenario, mineral)
    use_t = world.parties_use(mineral, floor.stage, scenario)
    reference = world.parties_price(mineral, floor.stage, scenario.undisturbed())
    without = world.solved(mineral, with_floor_at(scenario, floor, None))
    unbound = consumer_prices(without, floor.stage)
    held_prices = producer_prices(without, floor.stage) if floor.mechanism is Mechanism.CFD else unbound
    named = [held_prices[region] for region in floor.parties if region in held_prices]
    level_rows: list[tuple[float, float, float]] = []
    party_rows: list[dict[str, object]] = []
    unsolved: list[float] = []
    levels = [rounded(share * reference, TRIED_FIGURES) for share in shares_of_status_quo]
    for done, level in enumerate(levels, start=1):
        try:
            level_row, its_rows = _tried(world, scenario, floor, level)
        except SolveError:
            unsolved.append(level)
        else:
            level_rows.append(level_row)
            party_rows += its_rows
        curve = FloorResponse(
            mineral=mineral,
            stage=floor.stage,
            mechanism=floor.mechanism,
            ceiling_usd_per_t=floor.ceiling,
            status_quo_usd_per_t=reference,
            without_floor_usd_per_t=use_weighted_price(unbound, use_t),
            parties_price=pd.DataFrame(level_rows, columns=list(LEVEL_COLUMNS)),
            by_party=pd.DataFrame(party_rows, columns=list(PARTY_COLUMNS)),
            slack_up_to_usd_per_t=min(named) if named else np.nan,
            unsolved_usd_per_t=tuple(unsolved),
        )
        yield Progress(done, len(levels), f"{level:,.0f} USD/t", curve)


def _party_row(level: float, row: dict[str, object]) -> dict[str, object]:
    return {
        "level_usd_per_t": level,
        "region": row["region"],
        "price_usd_per_t": row["price"],
        "levy_usd_per_t": row["levy"],
        "holds": bool(row["holds"]),
        "why_not": row["why_not"],
    }
