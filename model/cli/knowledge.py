"""The commands that tell what accord knows: ``schema``, ``calibrate``, ``check-data`` and ``shocks``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.cli import outputs
from model.cli.console import add, add_data, add_file, data_folder, one_line, say, say_table, world_of
from model.errors import DataError
from model.files import LONGEST_PATH, short
from model.words.numbers import counted, level, percent, tonnes
from model.words.voice import PART_OF_YEAR

if TYPE_CHECKING:
    import argparse

    from model.cli.console import Commands
    from model.records import Record

FILES = {
    "case": "a market and policy of your own, for `accord case`",
    "scenario": "what is agreed on the shipped markets and what happens to them, for `accord solve` and `snapshot`",
    "design": "what the optimiser is asked, for `accord design`",
    "snapshot": "what `accord snapshot` writes",
}
"""Files whose fields ``accord schema`` documents."""


def add_commands(commands: Commands) -> None:
    """Add the four commands."""
    schema = add(commands, "schema", _schema, "print the JSON Schema of a file: units, bounds, defaults")
    schema.add_argument("kind", nargs="?", choices=tuple(FILES), help="which file (default: list them)")

    calibrate = add(commands, "calibrate", _calibrate, "solve the base year and compare with published figures")
    add_file(calibrate, "--json", "PATH", "also write the table as JSON")
    add_data(calibrate)

    add_data(
        add(
            commands,
            "check-data",
            _check_data,
            "list every fault of the data folder, and flows that lose money",
        )
    )
    add_data(add(commands, "shocks", _shocks, "list the named shocks"))


def _schema(arguments: argparse.Namespace) -> None:
    from model.case import Case
    from model.design.problem.request import DesignRequest
    from model.scenario import Scenario
    from model.snapshot.record import Content

    if arguments.kind is None:
        for name, what in FILES.items():
            say(f"{name:<9} {what}")
        return
    records: dict[str, type[Record]] = dict(zip(FILES, (Case, Scenario, DesignRequest, Content), strict=True))
    say(outputs.as_json(records[arguments.kind].model_json_schema(by_alias=True)))


def _calibrate(arguments: argparse.Namespace) -> None:
    import pandas as pd

    from model.findings import trade_in_words
    from model.scenario import Scenario
    from model.studies.fit import calibration_table
    from model.studies.today import today_rows, trade_table

    out = None if arguments.json is None else outputs.fit(arguments.json)
    world = world_of(arguments.data)
    today = pd.DataFrame(today_rows(world, Scenario()))
    table = calibration_table(world).merge(today, on="mineral", validate="one_to_one")
    if out is not None:
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        out.write(outputs.as_json(rows))
    say_table(table.drop(columns=["note", "why_not", *today.columns[1:]], errors="ignore"))
    say_table(today)
    trade = trade_table(world, Scenario())
    say_table(trade.drop(columns=["goods", "source_id"]))
    say(trade_in_words(trade))
    for mineral, note in zip(table["mineral"], table["note"], strict=True):
        say(f"{mineral}: {note}")


def _check_data(arguments: argparse.Namespace) -> None:
    from model.data import check, data_hash, default_folder
    from model.market.calibrate import calibrate
    from model.market.horizon import SHORT
    from model.studies.fit import flows_at_a_loss
    from model.words.names import Names

    folder = data_folder(arguments.data) or default_folder()
    faults = check(folder)
    for fault in faults:
        say(one_line(str(fault)))
    if faults:
        raise DataError(
            f"the data in {folder} have {counted(len(faults), 'fault', 'faults')}, listed on standard output"
        )
    world = world_of(arguments.data)
    names = Names(world.tables)
    for mineral, part in calibrate(world.tables, world.assumptions, SHORT).minerals.items():
        for sentence in flows_at_a_loss(part, names):
            say(f"{mineral}: {sentence}")
        for flow in part.dropped:
            where = f"{flow.stage}, {flow.exporter} to {flow.importer}"
            say(f"{mineral}: dropped {where}: {tonnes(flow.quantity_t)} at a loss of {percent(flow.loss)} of the price")
    say(f"The data in {short(str(folder), LONGEST_PATH)} are sound (SHA-256 {data_hash(folder)}).")


def _shocks(arguments: argparse.Namespace) -> None:
    import pandas as pd

    library = world_of(arguments.data).library
    shocks = [library.describe(name) for name in library.names]
    table = pd.DataFrame(
        {
            "shock": [shock.id for shock in shocks],
            "minerals": [", ".join(shock.minerals) or "all" for shock in shocks],
            "severity": [
                f"{level(s.severity, s.unit)} ({level(s.severity_low, s.unit)} to {level(s.severity_high, s.unit)})"
                for s in shocks
            ],
            "unit": [shock.unit for shock in shocks],
            "years": [shock.duration_yr for shock in shocks],
            "probability": [shock.annual_probability for shock in shocks],
            "source": [shock.source_id for shock in shocks],
        }
    )
    say_table(table)
    say(f"{PART_OF_YEAR} A probability is the chance that a shock hits in a year, whatever the others do.")
