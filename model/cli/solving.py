"""The commands ``accord case`` and ``solve``: a market and what is agreed in, prices and quantities out."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from model.cli import outputs
from model.cli.console import about, add, add_data, add_file, add_folder, add_out, ask, note_format, say, world_of
from model.errors import FileError, ScenarioError
from model.files import LONGEST_PATH, real, short, write_together

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from model.cli.console import Commands
    from model.files import Output
    from model.outcome import Outcome
    from model.scenario import Scenario
    from model.world import World


def add_commands(commands: Commands) -> None:
    """Add ``case`` and ``solve``."""
    case = add(commands, "case", _case, "solve a market and policy held in one case file")
    add_file(case, "case", "CASE.json", "the case; see `accord schema case`")
    add_out(case)

    solve = add(commands, "solve", _solve, "solve a scenario on the shipped markets")
    what = "the scenario; see `accord schema scenario` (default: the one whose every field has its default)"
    add_file(solve, "scenario", "SCENARIO.json", what, nargs="?")
    add_out(solve)
    what = "also write every table that has rows as CSV into this folder, in place of those of an earlier run"
    add_folder(solve, "--csv", what)
    what = "replace an assumption, e.g. demand_elasticity_short.copper=-0.25 (repeatable)"
    solve.add_argument("--assume", action="append", default=[], metavar="NAME=VALUE", help=what)
    solve.add_argument(
        "--reference",
        action="store_true",
        help="also solve the state by the reference programme alone (Pyomo and HiGHS; some seconds a mineral) and "
        "compare; exit code 1 where they differ",
    )
    solve.add_argument(
        "--ranges",
        action="store_true",
        help="also the lowest and highest of each number of the headline over the ranges of what drives it, with what "
        "moves it most (up to 31 trials a mineral, each with its own status quo)",
    )
    add_data(solve)


def _case(arguments: argparse.Namespace) -> None:
    from model.case import Case, market_of
    from model.equilibrium import solve

    out = outputs.case_result(arguments.out, [arguments.case])
    with about(arguments.case):
        case = Case.read(arguments.case, "case")
        ask(case)
        solved = solve(market_of(case), case.parties, case.agreement, case.shocks).result()
    out.write(outputs.as_result("case", solved))


def _solve(arguments: argparse.Namespace) -> int:
    import pandas as pd

    from model.equilibrium.comparison import against_reference, comparison_table
    from model.scenario import Scenario
    from model.studies.today import today_of

    tables = {} if arguments.csv is None else _tables_in(arguments.csv)
    read = [] if arguments.scenario is None else [arguments.scenario]
    out = outputs.solve_result(arguments.out, [*read, *(table.path for table in tables.values())], arguments.csv)
    scenario = Scenario.read(arguments.scenario, "scenario") if read else Scenario()
    assumed = _assumed(arguments.assume)
    world = world_of(arguments.data)
    world.assumptions.with_overrides(assumed)
    scenario = scenario.model_copy(update={"assumptions": scenario.assumptions | assumed})
    with about(*read):
        ask(scenario, world)
        outcome = world.outcome(scenario)
        compared = against_reference(outcome.with_agreement) if arguments.reference else []
        ranges = _ranges(world, scenario) if arguments.ranges else pd.DataFrame()
        today = today_of(world, scenario)
    result = _result(outcome, world) | {"today": today}
    if arguments.ranges:
        result["ranges"] = ranges.to_dict("records")
    if arguments.reference:
        rows = comparison_table(compared).to_dict("records")
        result["reference"] = [{str(name): value for name, value in row.items()} for row in rows]
    text = outputs.as_result("solve", result)
    others = {"headline": _headline(outcome), "ranges": ranges, "today": pd.DataFrame(today), **outcome.instruments}
    write_together({out: text} | {tables[name]: _csv(_table(outcome, name, others)) for name in tables})
    note_format(scenario)
    for found in compared:
        verdict = "agrees with" if found.agrees else "differs from"
        say(
            f"{found.mineral}: the reference {verdict} the result; prices differ by at most "
            f"{found.price_difference:.1e} of the price scale, quantities by {found.quantity_difference:.1e}"
        )
    return int(not all(found.agrees for found in compared))


def _ranges(world: World, scenario: Scenario) -> pd.DataFrame:
    """The headline's intervals, mineral by mineral."""
    import pandas as pd

    from model.studies.ranges import headline_trials, intervals

    def of(mineral: str) -> pd.DataFrame:
        *_, last = headline_trials(world, scenario, mineral)
        return intervals(last.found, mineral)

    return pd.concat([of(mineral) for mineral in scenario.minerals], ignore_index=True)


def _table(outcome: Outcome, name: str, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    frame: pd.DataFrame = others[name] if name in others else getattr(outcome, name)
    return frame


def _csv(frame: pd.DataFrame) -> str | None:
    """A table as text, without negative zeros; none where it has no columns."""
    if not len(frame.columns):
        return None
    positive = {name: frame[name] + 0.0 for name in frame.select_dtypes("float").columns}
    return frame.assign(**positive).to_csv(index=False)


def _tables_in(folder: Path) -> dict[str, Output]:
    """Where the tables go; their folder, with those above it, is made by the first that is written."""
    try:
        target = real(folder)
        there = next(path for path in (target, *target.parents) if path.exists())
    except OSError as error:
        raise FileError(f"--csv {short(str(folder), LONGEST_PATH)}: {error.strerror}") from None
    if not there.is_dir():
        raise FileError(f"--csv {short(str(folder), LONGEST_PATH)}: {short(str(there), LONGEST_PATH)} is not a folder")
    return outputs.tables(folder)


def _assumed(options: Iterable[str]) -> dict[str, float]:
    """Assumption values from ``NAME=VALUE`` options."""
    values = {}
    for option in options:
        name, _, text = option.partition("=")
        if name in values:
            raise ScenarioError(f"--assume names {short(name)!r} twice; give it one value")
        try:
            is_plain = text.isascii() and "_" not in text  # Python reads digits of every script, and past underscores
            values[name] = float(text if is_plain else "no number")
        except ValueError:
            told = f"--assume {short(option)!r} is not of the form NAME=VALUE with a number as value"
            raise ScenarioError(told) from None
        if not math.isfinite(values[name]):
            raise ScenarioError(f"--assume {short(option)!r}: the value must be finite")
    return values


def _result(outcome: Outcome, world: World) -> dict[str, Any]:
    """The RESULT of a case for the scenario, with the status quo, the changes against it, and what they rest on."""
    return {
        **outcome.with_agreement.result(),
        "status_quo": outcome.status_quo.result(),
        "change": {
            "accounts": outcome.accounts.to_dict("records"),
            "sides": outcome.sides.to_dict("records"),
            "headline": _headline(outcome).to_dict("records"),
            "industries": outcome.industries.to_dict("records"),
        },
        "scenario": outcome.scenario.model_dump(mode="json", by_alias=True),
        "data_hash": world.tables.content_hash,
    }


def _headline(outcome: Outcome) -> pd.DataFrame:
    """One row per mineral: the numbers of the overview."""
    import pandas as pd

    return pd.DataFrame([asdict(outcome.headline(mineral)) for mineral in outcome.scenario.minerals])
