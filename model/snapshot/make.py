"""Making a snapshot: a scenario is solved, shocked and tried under other assumptions, and everything written down."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from model.errors import AccordError, SnapshotError
from model.findings import Names, agreement_in_words, curve_sentence, missed, overview, today_in_words, verdicts
from model.instruments import Agreement
from model.shocks import NamedShock
from model.snapshot import evidence, provenance
from model.snapshot.record import RESULT_KEYS, Snapshot, sealed
from model.studies.floor_curve import floor_response
from model.studies.ranges import trials, tried
from model.studies.today import today_row
from model.words.voice import Voice
from model.work import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from model.outcome import Outcome
    from model.scenario import Scenario
    from model.studies.ranges import Trial
    from model.world import World

    Step = Callable[["_Draft"], None]

SHOCKED = ("price_usd_per_t", "non_party_share", "users_cost_usd", "net_gain_usd", "short_t")
"""Headline numbers that are kept of every named shock."""
DESIGN_TABLES = ("term_sheet", "gains", "security", "red_lines")


@dataclass
class _Draft:
    """Rows and sentences gathered so far."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in RESULT_KEYS})
    sentences: dict[str, dict[str, list[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """Who makes a snapshot, when (None = now), and the optimiser's RESULT where the scenario came from it."""

    author: str = ""
    moment: datetime | None = None
    design: Mapping[str, Any] | None = None


UNKNOWN = Origin()


def freeze(world: World, scenario: Scenario, origin: Origin = UNKNOWN, folder: Path | None = None) -> Snapshot:
    """The snapshot of a scenario; ``folder`` is the data folder the world was made from.

    Raises:
        AccordError: when the scenario has no result or the data changed meanwhile.
    """
    *_, last = freezing(world, scenario, origin, folder)
    assert last.found is not None
    return last.found


def freezing(
    world: World, scenario: Scenario, origin: Origin = UNKNOWN, folder: Path | None = None
) -> Iterator[Progress[Snapshot | None]]:
    """The same, one solve after the other; stop iterating to cancel."""
    rows = evidence.rows_used(world, scenario, folder)
    steps = _steps(world, scenario)
    draft, total = _Draft(), len(steps) + 1
    for done, (label, step) in enumerate(steps, start=1):
        step(draft)
        yield Progress(done, total, label, None)
    yield Progress(total, total, "written", _seal(world, scenario, draft, rows, origin))


def design_tables(result: Mapping[str, Any]) -> dict[str, Any]:
    """The tables of an optimiser's RESULT as content of a snapshot, and its status as one more."""
    for name in DESIGN_TABLES:
        rows = result.get(name) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SnapshotError(f"the result of the optimiser is damaged: its {name!r} is no list of rows")
    if not isinstance(result.get("status"), dict):
        raise SnapshotError("the result of the optimiser is damaged: it has no 'status'")
    frames = {name: pd.DataFrame(result[name]) for name in DESIGN_TABLES if result.get(name)}
    status = pd.DataFrame([(item, str(value)) for item, value in result["status"].items()], columns=["item", "value"])
    return {name: table(frame) for name, frame in {**frames, "status": status}.items()}


def results(world: World, scenario: Scenario) -> dict[str, Any]:
    """The result tables alone, as they stand in a snapshot."""
    draft = _Draft()
    for _, step in _steps(world, scenario):
        step(draft)
    return _tables(draft)


def _steps(world: World, scenario: Scenario) -> list[tuple[str, Step]]:
    """Everything that is to be solved, each with its label."""
    names = Names(world.tables)
    steps: list[tuple[str, Step]] = [("scenario", partial(_add_outcome, world, scenario, names))]
    for mineral in scenario.minerals:
        on = (world, scenario, mineral)
        steps.append((f"floors on {mineral}", partial(_add_response, *on, names)))
        steps += [(f"shock {name}", partial(_add_shock, *on, name)) for name in world.library.for_mineral(mineral)]
        steps += [
            (f"{trial.assumption} {trial.end}".strip(), partial(_add_trial, *on, trial))
            for trial in trials(world, scenario, mineral)
        ]
    return steps


def _add_outcome(world: World, scenario: Scenario, names: Names, draft: _Draft) -> None:
    outcome = world.outcome(scenario)
    parties = set(scenario.parties)
    draft.frames |= {name: getattr(outcome, name) for name in ("accounts", "prices", "quantities", "sources")}
    draft.frames |= outcome.instruments
    flows = outcome.flows
    draft.frames["flows"] = flows[flows[["status_quo", "without_agreement", "with_agreement"]].max(axis=1) > 0]
    for name in ("industries", "industries_without_agreement", "industries_by_mineral"):
        frame = getattr(outcome, name)
        draft.frames[name] = frame[frame["region"].isin(parties)]
    for mineral in scenario.minerals:
        _add_findings(draft, world, outcome, mineral, names)


def _add_findings(draft: _Draft, world: World, outcome: Outcome, mineral: str, names: Names) -> None:
    facts, failing = overview(outcome, mineral, world.tables, names), missed(outcome, mineral, names)
    judged = verdicts(outcome, mineral, names)
    draft.rows["headline"].append({**asdict(facts.headline), "spend_usd": facts.spend_usd})
    draft.rows["today"].append(today_row(world, outcome.scenario, mineral))
    draft.rows["gains"] += _records(facts.gains.table.assign(mineral=mineral))
    draft.rows["supply"] += _records(facts.supply.table.assign(mineral=mineral))
    draft.rows["industries_hit"] = _records(facts.industries.table)
    draft.rows["parties"] += _records(_parties(outcome, mineral))
    draft.sentences.setdefault(mineral, {}).update(
        agreement=[agreement_in_words(outcome.scenario, mineral, names, verdicts=judged)],
        verdicts=[f"{told}." for told in judged],
        because=_because(outcome, mineral, names),
        missed=[f"{told}." for told in failing],
        by_agreement=facts.by_agreement,
        today=[today_in_words(outcome.nowcasts.get(mineral), mineral, names, outcome.scenario.horizon)],
        gains=[facts.gains.sentence],
        supply=[facts.supply.sentence],
        industries=[facts.industries.sentence],
        reasons=list(facts.reasons),
    )


def _because(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """What every term that does not come about as agreed says of itself: where it holds, where not, and why."""
    state, say = outcome.with_agreement.states[mineral], Voice(names, tuple(outcome.parties))
    terms = [(at, term) for at, term in outcome.scenario.agreement.terms(mineral) if term.missed(state, at, say)]
    return list(dict.fromkeys(told for at, term in terms for told in term.reasons(state, at, say)))


def _parties(outcome: Outcome, mineral: str) -> pd.DataFrame:
    """Per party what its users pay [USD/t], the share it uses from non-parties, and its net gain [USD/yr]."""
    last = outcome.base[mineral].stages[-1].stage
    prices, flows, accounts = (
        frame[frame["mineral"] == mineral] for frame in (outcome.prices, outcome.flows, outcome.accounts)
    )
    prices = prices[prices["stage"] == last].set_index("region")
    flows = flows[flows["stage"] == last]
    outside = flows[~flows["exporter"].isin(outcome.parties)]
    states = ["status_quo", "with_agreement"]
    bought, foreign = (frame.groupby("importer")[states].sum() for frame in (flows, outside))
    shares = foreign.reindex(bought.index, fill_value=0.0) / bought.where(bought > 0)
    columns = {f"price_{state}_usd_per_t": prices[f"consumer_price_{state}_usd_per_t"] for state in states}
    columns |= {f"non_party_share_{state}": shares[state] for state in states}
    columns["net_usd"] = accounts.set_index("region")["net_usd"]
    found = pd.DataFrame({name: column.reindex(outcome.parties) for name, column in columns.items()})
    return found.rename_axis("region").reset_index().assign(mineral=mineral)[["mineral", "region", *columns]]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(map(str, frame.columns), row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def _add_response(world: World, scenario: Scenario, mineral: str, names: Names, draft: _Draft) -> None:
    try:
        curve = floor_response(world, scenario, mineral)
    except AccordError as error:
        draft.sentences[mineral]["response"] = [f"No response curve: {error}"]
        return
    draft.rows["response"] += _records(curve.parties_price.assign(mineral=mineral))
    draft.rows["response_fails"] += _records(curve.fails_from.assign(mineral=mineral))
    agreed, price_as_agreed = curve.agreed or (None, None)
    draft.rows["response_ends"].append(
        {
            "mineral": mineral,
            "stage": curve.stage,
            "status_quo_usd_per_t": curve.status_quo_usd_per_t,
            "without_floor_usd_per_t": curve.without_floor_usd_per_t,
            "slack_up_to_usd_per_t": curve.slack_up_to_usd_per_t,
            "agreed_usd_per_t": agreed,
            "price_as_agreed_usd_per_t": price_as_agreed,
        }
    )
    draft.sentences[mineral]["response"] = [curve_sentence(curve, names)]


def _add_shock(world: World, scenario: Scenario, mineral: str, name: str, draft: _Draft) -> None:
    """One named shock in place of the scenario's own shocks, with and without the agreement."""
    shocked = scenario.model_copy(update={"minerals": (mineral,), "shocks": (NamedShock(name=name),)})
    row: dict[str, Any] = {"mineral": mineral, "shock": name, "fault": None}
    try:
        agreed = world.outcome(shocked)
        with_it = agreed.headline(mineral)
        without = world.outcome(shocked.model_copy(update={"agreement": Agreement()})).headline(mineral)
    except AccordError as error:
        draft.rows["shocks"].append({**row, "fault": str(error)})
        return
    both = (("without_agreement", without), ("with_agreement", with_it))
    row |= {f"{column}_{state}": getattr(headline, column) for column in SHOCKED for state, headline in both}
    row["most_moved_usd"] = agreed.most_moved_usd(mineral)
    draft.rows["shocks"].append({**row, "price_status_quo_usd_per_t": with_it.price_status_quo_usd_per_t})


def _add_trial(world: World, scenario: Scenario, mineral: str, trial: Trial, draft: _Draft) -> None:
    draft.rows["sensitivity"].append(tried(world, scenario, mineral, trial))


def _tables(draft: _Draft) -> dict[str, Any]:
    frames = {name: draft.frames.get(name, pd.DataFrame(draft.rows[name])) for name in RESULT_KEYS}
    return {name: table(frame) for name, frame in frames.items()}


def table(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame as plain content of a snapshot; numbers that are not finite become null."""
    return {
        "columns": [str(name) for name in frame.columns],
        "rows": [[_plain(cell) for cell in row] for row in frame.to_numpy(dtype=object).tolist()],
    }


def _plain(cell: Any) -> str | bool | int | float | None:
    value = cell.item() if hasattr(cell, "item") else cell
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, (bool, int)):
        return value
    return value + 0.0 if isinstance(value, float) else str(value)  # no negative zero


def _seal(world: World, scenario: Scenario, draft: _Draft, rows: dict[str, pd.DataFrame], origin: Origin) -> Snapshot:
    register = world.assumptions.with_overrides(scenario.assumptions)
    kept = set(rows["assumptions"]["mineral"]) | {""}
    inputs = {
        "scenario": scenario.model_dump(mode="json"),
        "assumptions": {row.name: row.value for row in register if row.mineral in kept},
        "defaults": provenance.defaults(),
        "data": {
            "version": Names(world.tables).status_quo_date,
            "hash": world.tables.content_hash,
            "tables": {name: table(frame) for name, frame in rows.items()},
        },
        "versions": provenance.versions(),
        "options": provenance.options(),
    }
    moment = origin.moment or datetime.now(UTC)
    return sealed(
        {
            "created": moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "author": origin.author.strip(),
            "environment": provenance.environment(),
            "inputs": inputs,
            "names": _names(world, scenario),
            "results": {"tables": _tables(draft), "sentences": draft.sentences},
            "design": {} if origin.design is None else design_tables(origin.design),
        }
    )


def _names(world: World, scenario: Scenario) -> dict[str, dict[str, str]]:
    """Display names of everything the results name, so that a document needs nothing but the file."""
    names = Names(world.tables)
    shocks = {shock.name for shock in scenario.shocks if isinstance(shock, NamedShock)}
    shocks |= {name for mineral in scenario.minerals for name in world.library.for_mineral(mineral)}
    return {
        "region": {region: names.region(region) for region in world.regions},
        "mineral": {mineral: names.mineral(mineral) for mineral in world.minerals},
        "product": {f"{k} {stage}": names.product(k, stage) for k, stages in world.stages.items() for stage in stages},
        "industry": dict(zip(world.tables["industries"]["id"], world.tables["industries"]["name"], strict=True)),
        "shock": {name: names.shock(name) for name in sorted(shocks)},
        "coalition": {"parties": names.coalition(scenario.parties)},
    }
