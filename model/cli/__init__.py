"""The command line: ``accord case``, ``solve``, ``schema``, ``calibrate``, ``check-data``, ``shocks`` and ``app``.

A request that cannot be met ends with exit code 2 and one line on standard error that names the thing and the valid
choices. Result files are written whole or not at all: an earlier result survives a failure. Modules that take time to
import are imported by the command that needs them, so that help appears at once.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import math
import os
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from model.cli.designs import add_commands as add_design
from model.cli.snapshots import add_commands
from model.errors import AccordError, DataError, ScenarioError
from model.source import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

    from model.outcome import Outcome
    from model.records import Record
    from model.world import World

EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130

OUTCOME_TABLES = (
    "prices",
    "quantities",
    "flows",
    "sources",
    "accounts",
    "floors",
    "trqs",
    "quotas",
    "industries",
    "industries_by_mineral",
)
"""Tables of an outcome that ``accord solve --csv`` writes, besides the headline."""


class _Parser(argparse.ArgumentParser):
    """A parser that refuses in one line, like every other refusal."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_REFUSED, f"{self.prog}: error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 when a comparison found differences, 2 refused, 130 stopped."""
    arguments = _parser().parse_args(argv)
    try:
        code = arguments.run(arguments) or 0
        sys.stdout.flush()
    except AccordError as error:
        sys.stderr.write(f"accord: error: {_one_line(str(error))}\n")
        return EXIT_REFUSED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe such as `accord shocks | head` left; Python must not complain again while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(code)


def _parser() -> _Parser:
    parser = _Parser(prog="accord", description="Explore an agreement on trade in critical minerals.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    case = _command(commands.add_parser, "case", _case, "solve a market and policy held in one case file")
    case.add_argument("case", type=Path, metavar="CASE.json", help="the case")
    _add_out(case)

    solve = _command(commands.add_parser, "solve", _solve, "solve a scenario on the shipped markets")
    solve.add_argument(
        "scenario", type=Path, metavar="SCENARIO.json", help="the scenario; see `accord schema scenario`"
    )
    _add_out(solve)
    solve.add_argument(
        "--csv", type=Path, metavar="DIR", help="also write every table that has rows as CSV into this folder"
    )
    solve.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="replace an assumption, e.g. demand_elasticity_short.copper=-0.25 (repeatable)",
    )
    _add_data(solve)

    schema = _command(
        commands.add_parser, "schema", _schema, "print the JSON Schema of a file: units, bounds, defaults"
    )
    schema.add_argument("kind", choices=("case", "scenario", "design"), help="which file")

    calibrate = _command(
        commands.add_parser, "calibrate", _calibrate, "solve the base year and compare with published figures"
    )
    calibrate.add_argument("--json", type=Path, metavar="PATH", help="also write the table as JSON")
    _add_data(calibrate)

    check_data = _command(commands.add_parser, "check-data", _check_data, "check the data folder and list every fault")
    _add_data(check_data)

    shocks = _command(commands.add_parser, "shocks", _shocks, "list the named shocks")
    _add_data(shocks)

    app = _command(commands.add_parser, "app", _app, "start the dashboard and print its address")
    _add_data(app)
    app.add_argument(
        "--listen", type=_address, default="127.0.0.1", metavar="ADDRESS", help="address to listen on (%(default)s)"
    )
    app.add_argument("--port", type=_port, metavar="N", help="port (8501, or the next that is free)")

    add_commands(commands)
    add_design(commands)
    return parser


def _command(
    add: Callable[..., argparse.ArgumentParser], name: str, run: Callable[[argparse.Namespace], None], what: str
) -> argparse.ArgumentParser:
    command = add(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    command.set_defaults(run=run)
    return command


def _add_out(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, required=True, metavar="RESULT.json", help="where the result is written")


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (default: the one that ships with accord)"
    )


def _case(arguments: argparse.Namespace) -> None:
    from model.case import Case, market_of
    from model.equilibrium import solve

    _require_folder_of(arguments.out)
    case = Case.read(arguments.case, "case")
    result = solve(market_of(case), case.parties, case.agreement, case.shocks).result()
    _write(arguments.out, _as_json(result))


def _solve(arguments: argparse.Namespace) -> None:
    from model.scenario import Scenario

    _require_folder_of(arguments.out)
    scenario = Scenario.read(arguments.scenario, "scenario")
    scenario = scenario.model_copy(update={"assumptions": scenario.assumptions | _assumed(arguments.assume)})
    world = _world(arguments.data)
    outcome = world.outcome(scenario)
    if arguments.csv is not None:
        _write_tables(arguments.csv, outcome)
    _write(arguments.out, _as_json(_result(outcome, world)))


def _schema(arguments: argparse.Namespace) -> None:
    from model.case import Case
    from model.design.request import DesignRequest
    from model.scenario import Scenario

    records: dict[str, type[Record]] = {"case": Case, "scenario": Scenario, "design": DesignRequest}
    _say(_as_json(records[arguments.kind].model_json_schema(by_alias=True)))


def _calibrate(arguments: argparse.Namespace) -> None:
    from model.studies.fit import calibration_table

    if arguments.json is not None:
        _require_folder_of(arguments.json)
    table = calibration_table(_world(arguments.data))
    if arguments.json is not None:
        _write(arguments.json, _as_json(table.to_dict("records")))
    _say_table(table.drop(columns="note"))
    for mineral, note in zip(table["mineral"], table["note"], strict=True):
        _say(f"{mineral}: {note}")


def _check_data(arguments: argparse.Namespace) -> None:
    from model.data import check, data_hash, default_folder

    folder = arguments.data or default_folder()
    _require_data_folder(folder)
    faults = check(folder)
    for fault in faults:
        _say(str(fault))
    if faults:
        raise DataError(f"the data in {folder} have {len(faults)} faults, listed on standard output")
    _say(f"The data in {folder} are sound (SHA-256 {data_hash(folder)}).")


def _shocks(arguments: argparse.Namespace) -> None:
    import pandas as pd

    library = _world(arguments.data).library
    shocks = [library.describe(name) for name in library.names]
    table = pd.DataFrame(
        {
            "shock": [shock.id for shock in shocks],
            "minerals": [", ".join(shock.minerals) or "all" for shock in shocks],
            "severity": [f"{shock.severity:g} ({shock.severity_low:g} to {shock.severity_high:g})" for shock in shocks],
            "unit": [shock.unit for shock in shocks],
            "years": [shock.duration_yr for shock in shocks],
            "probability": [shock.annual_probability for shock in shocks],
            "source": [shock.source_id for shock in shocks],
        }
    )
    _say_table(table)


START = "pages/components/start.py"


def _address(text: str) -> str:
    """An IP address to listen on; a name may stand for several, of which a reader would not know which."""
    try:
        return str(ipaddress.ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an IP address; valid: 127.0.0.1 (this machine only), 0.0.0.0 (all), or one of its own"
        ) from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LAST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; valid: 1 to {LAST_PORT}")
    return int(text)


LAST_PORT = 65535


def _require_free(address: str, port: int | None) -> None:
    """Refuse an address that is not this machine's, or a port in use."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port or 0), family=family).close()
    except OSError as error:
        at = address if port is None else f"{address}, port {port}"
        raise AccordError(
            f"cannot listen on {at}: {os.strerror(error.errno or 0)}; choose others with --listen and --port"
        ) from None


def _app(arguments: argparse.Namespace) -> None:
    script = PACKAGE.parent / "app.py"
    if not script.is_file():
        raise AccordError(f"there is no {script}; install in place with `pip install -e .` from a copy of the project")
    if arguments.data is not None:
        from model.data.load import FOLDER_VARIABLE, load

        load(arguments.data)
        os.environ[FOLDER_VARIABLE] = str(arguments.data.resolve())
    _require_free(arguments.listen, arguments.port)
    if not ipaddress.ip_address(arguments.listen).is_loopback:
        sys.stderr.write(
            f"accord app: listening on {arguments.listen}: whoever reaches this machine can open, change and save "
            "everything, without login and unencrypted\n"
        )
        sys.stderr.flush()
    os.chdir(script.parent)  # its settings stand in the folder .streamlit there
    port = [] if arguments.port is None else [str(arguments.port)]
    os.execv(sys.executable, [sys.executable, START, arguments.listen, *port])


def _world(folder: Path | None) -> World:
    from model.world import World

    if folder is not None:
        _require_data_folder(folder)
    return World(folder)


def _require_data_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise DataError(f"--data {folder}: there is no such folder")


def _assumed(options: Iterable[str]) -> dict[str, float]:
    """Assumption values from ``NAME=VALUE`` options."""
    values = {}
    for option in options:
        name, _, text = option.partition("=")
        try:
            values[name] = float(text)
        except ValueError:
            raise ScenarioError(f"--assume {option!r} is not of the form NAME=VALUE with a number as value") from None
        if not math.isfinite(values[name]):
            raise ScenarioError(f"--assume {option!r}: the value must be finite")
    return values


def _result(outcome: Outcome, world: World) -> dict[str, Any]:
    """The RESULT of a case for the scenario, with the status quo, the changes against it, and what they rest on."""
    return {
        **outcome.with_agreement.result(),
        "status_quo": outcome.status_quo.result(),
        "change": {
            "accounts": outcome.accounts.to_dict("records"),
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


def _write_tables(folder: Path, outcome: Outcome) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AccordError(f"--csv {folder}: {error.strerror}") from None
    tables = {name: getattr(outcome, name) for name in OUTCOME_TABLES} | {"headline": _headline(outcome)}
    for name, table in tables.items():
        if len(table.columns):
            _write(folder / f"{name}.csv", table.to_csv(index=False))


def _as_json(value: object) -> str:
    return json.dumps(_plain(value), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Only what JSON knows: numpy's scalars as Python's, and null for numbers that are not finite."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _require_folder_of(path: Path) -> None:
    """Refuse before solving what could not be written after it."""
    if not path.parent.is_dir():
        raise AccordError(f"cannot write {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise AccordError(f"cannot write {path}: it is a folder")


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; devices and pipes are written to as they are."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path.resolve(), text)
    except OSError as error:
        raise AccordError(f"cannot write {path}: {error.strerror}") from None


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _say(text: str) -> None:
    sys.stdout.write(text.rstrip("\n") + "\n")


def _say_table(table: pd.DataFrame) -> None:
    """Print a table with its texts aligned to the left and numbers to three figures."""
    texts = [str(name) for name in table.columns if table[name].dtype == "str"]
    widths = {name: max(len(name), int(table[name].str.len().max())) for name in texts}
    left = {name.ljust(width): f"{{:<{width}}}".format for name, width in widths.items()}
    aligned = table.rename(columns={name: name.ljust(width) for name, width in widths.items()})
    _say(aligned.to_string(index=False, na_rep="-", float_format="{:.3g}".format, formatters=left))


def _one_line(message: str) -> str:
    """A message of several lines in one, its list items joined by semicolons."""
    first, *rest = [line.strip().removeprefix("- ") for line in message.splitlines() if line.strip()] or [
        "unknown error"
    ]
    return f"{first} {'; '.join(rest)}".rstrip()
