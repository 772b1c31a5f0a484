"""Many solves of one scenario: the headline over the ranges of what drives it, industries under every named shock."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from model.errors import AccordError
from model.market.horizon import HORIZONS
from model.scenario import TODAY
from model.shocks import NamedShock
from model.words.numbers import changes
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.assumptions import Assumption
    from model.scenario import Scenario
    from model.world import World

MAIN_ALWAYS = (
    "stock_release_share",
    "stock_release_full_price",
    "exporter_stockpile_price_share",
    "exporter_stockpile_months",
    "friction_sigma",
    "choke_price_multiple",
)
"""Assumptions that move prices and quantities most beside the horizon's responses; the others move the base year or
single producers."""
AS_ASSUMED = "as assumed"
CONTROLS_TOGETHER = "export_controls_together"
"""What is varied where several export controls let out the least, or the most, that their ranges allow at once."""
TAX = "export_tax"
"""Beginning of the names of controls that let out least at the high end of their range."""
OWN = "own_"
"""Before the name of a trial's number: what the agreement alone does, against the same shock without it."""
TRIED = (
    "price_status_quo_usd_per_t",
    "price_usd_per_t",
    "price_outside_usd_per_t",
    "levy_usd_per_t",
    "non_party_share",
    "users_cost_usd",
    "net_gain_usd",
    "short_t",
    "public_money_usd",
    "producers_gain_usd",
    "non_parties_gain_usd",
    "world_gain_usd",
)
"""Numbers of the headline that are kept of every trial."""
OWNED = tuple(name for name in TRIED if name.endswith("_usd"))
"""Those of them that are money, kept of the agreement alone too."""
SAME = 1e-6
"""Ends of an interval this near to each other, as a share of the larger, are one."""


@dataclass(frozen=True)
class Trial:
    """One solve of the study: which ``assumption`` stands at which ``end`` of its range, and the values that says."""

    assumption: str = AS_ASSUMED
    end: str = ""
    change: dict[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """The value tried; none as assumed, or where several values are."""
        return self.change.get(self.assumption)


@dataclass(frozen=True)
class Interval:
    """Lowest and highest value of a number over all trials.

    Attributes:
        low: the lowest, in the number's unit.
        high: the highest.
        driver: the assumption whose own range moves the number most; empty where none moves it.
        failed: trials without a result, which the interval does not know.
        trials: trials in all, the one as assumed included.
    """

    low: float
    high: float
    driver: str
    failed: int
    trials: int


def main_assumptions(world: World, scenario: Scenario, mineral: str) -> list[Assumption]:
    """The registered assumptions that matter most over the horizon; a mineral's own row before the general one.

    The quotes that today's status quo returns follow, and last the levels of export controls in force on the mineral.
    """
    names = (*HORIZONS[scenario.horizon].responses, *MAIN_ALWAYS)
    quoted = world.quote_levels if scenario.status_quo == TODAY else []
    levels = [row for row in (*quoted, *world.control_levels) if row.mineral == mineral]
    return [*(world.assumptions.find(name, mineral) for name in names), *levels]


def trials(world: World, scenario: Scenario, mineral: str) -> list[Trial]:
    """Every solve of the study: as assumed, each main assumption at both ends, and all export controls together.

    At most ``1 + 2 (n + 1)`` for ``n`` main assumptions, the quotes and export controls with a range among them. An
    end that is the scenario's own value is no trial.
    """
    used = world.assumptions.with_overrides(scenario.assumptions)
    found = [Trial()]
    for row in main_assumptions(world, scenario, mineral):
        found += [Trial(row.name, "low", {row.name: row.low}), Trial(row.name, "high", {row.name: row.high})]
    controls = [row for row in world.control_levels if row.mineral == mineral]
    if len(controls) > 1:
        least = {row.name: row.high if row.id.startswith(TAX) else row.low for row in controls}
        most = {row.name: row.low if row.id.startswith(TAX) else row.high for row in controls}
        found += [Trial(CONTROLS_TOGETHER, "low", least), Trial(CONTROLS_TOGETHER, "high", most)]
    now = {row.name: row.value for row in used}
    return [trial for trial in found if not trial.change or any(now[name] != at for name, at in trial.change.items())]


def tried(world: World, scenario: Scenario, mineral: str, trial: Trial) -> dict[str, Any]:
    """What a trial finds: a row with its assumption, end and value, then the headline's numbers, or the fault.

    The scenario's other assumptions stay as they are. Every trial has its own status quo: changes are like for like.
    Columns beginning with ``own_`` are what the agreement alone does [USD/yr].
    """
    assumptions = {**scenario.assumptions, **trial.change}
    varied = scenario.model_copy(update={"minerals": (mineral,), "assumptions": assumptions})
    row: dict[str, Any] = {"mineral": mineral, "assumption": trial.assumption, "end": trial.end, "value": trial.value}
    try:
        outcome = world.outcome(varied)
        headline, own = (asdict(outcome.headline(mineral, of_agreement=of)) for of in (False, True))
        found = outcome.nowcasts.get(mineral)
        if found is not None and found.why_not and not world.nowcast(mineral, scenario).why_not:
            return {**row, "fault": f"today's price is not explained: {found.why_not}"}
    except AccordError as error:
        return {**row, "fault": str(error)}
    return {
        **row,
        "fault": None,
        **{column: headline[column] for column in TRIED},
        **{f"{OWN}{column}": own[column] for column in OWNED},
    }


def headline_trials(world: World, scenario: Scenario, mineral: str) -> Iterator[Progress[pd.DataFrame]]:
    """The rows of all trials, one after the other. Stop iterating to cancel."""
    study = trials(world, scenario, mineral)
    rows: list[dict[str, Any]] = []
    for done, trial in enumerate(study, start=1):
        rows.append(tried(world, scenario, mineral, trial))
        failed = tuple(f"{row['assumption']} {row['end']}" for row in rows if row["fault"] is not None)
        yield Progress(done, len(study), f"{trial.assumption} {trial.end}", pd.DataFrame(rows), failed)


def interval(rows: pd.DataFrame, number: str) -> Interval | None:
    """The interval of a number over the trials of one mineral; none where it was not tried, or never found.

    >>> rows = pd.DataFrame({"assumption": [AS_ASSUMED, "a", "a", "b"], "net": [2.0, 1.0, 3.0, 7.0], "fault": None})
    >>> interval(rows, "net")
    Interval(low=1.0, high=7.0, driver='b', failed=0, trials=4)
    """
    found = rows.dropna(subset=[number]) if number in rows else rows.iloc[:0]
    if found.empty:
        return None
    values = found[number].astype(float)
    as_assumed = values[found["assumption"] == AS_ASSUMED]
    low, high = float(values.min()), float(values.max())
    spans = {
        str(name): max(own.max(), as_assumed.max()) - min(own.min(), as_assumed.min())
        for name, own in values[found["assumption"] != AS_ASSUMED].groupby(found["assumption"], sort=False)
    }
    moved = high - low > SAME * max(abs(low), abs(high))
    if number.endswith("_usd"):
        moved = moved and changes(high - low)
    driver = max(spans, key=lambda name: spans[name]) if moved else ""
    return Interval(low, high, driver, int(rows["fault"].notna().sum()), len(rows))


def intervals(rows: pd.DataFrame, mineral: str) -> pd.DataFrame:
    """The interval of every number that was tried, a row each: number, low, high, driver, failed, trials."""
    numbers = (*TRIED, *(f"{OWN}{name}" for name in OWNED))
    found = ((number, interval(rows, number)) for number in numbers)
    return pd.DataFrame([{"mineral": mineral, "number": n, **asdict(its)} for n, its in found if its is not None])


def under_named_shocks(world: World, scenario: Scenario, mineral: str) -> Iterator[Progress[pd.DataFrame]]:
    """The scenario's agreement under every named shock that touches a mineral, one by one, at the library's severity.

    What is found has the columns of ``Outcome.industries`` and ``shock``, the name in the library. The scenario's own
    shocks are left out: the question is which single shock would be worst. Stop iterating to cancel.
    """
    names = world.library.for_mineral(mineral)
    frames: list[pd.DataFrame] = []
    failed: list[str] = []
    for done, name in enumerate(names, start=1):
        try:
            outcome = world.outcome(scenario.model_copy(update={"shocks": (NamedShock(name=name),)}))
            frames.append(outcome.industries.assign(shock=name))
        except AccordError:
            failed.append(name)
        impacts = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
        yield Progress(done, len(names), name, impacts, tuple(failed))
