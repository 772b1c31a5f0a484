"""The command line, a file for each group of commands.

A request that cannot be met ends with exit code 2 and one line on standard error that names the thing and the valid
choices. Files are written whole or not at all, and only over an earlier file of the same kind. Modules that take time
to import are imported by the command that needs them, so that help appears at once.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from model.cli import app, designs, knowledge, library, snapshots, solving
from model.cli.console import EXIT_INTERRUPTED, EXIT_REFUSED, Parser, hush, one_line, warn
from model.errors import AccordError
from model.files import LONGEST_PATH, short
from model.work import quiet_overflows

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 when a comparison found differences, 2 refused, 130 stopped."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that lacks a letter shows another in its place
    if argv is None:
        quiet_overflows()
    try:
        return _flushed(_run(argv))
    except SystemExit:
        _flushed(0)
        raise


def _run(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except AccordError as error:
        warn(f"accord: error: {one_line(str(error))}\n")
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        where = f"{short(str(error.filename), LONGEST_PATH)}: " if error.filename else ""
        warn(f"accord: error: {where}{error.strerror}\n")
    return EXIT_REFUSED


def _flushed(code: int) -> int:
    """The exit code, once what was said has left."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        hush(sys.stdout)
    except OSError as error:
        hush(sys.stdout)
        warn(f"accord: error: standard output: {error.strerror}\n")
        return EXIT_REFUSED
    return code


def _open_closed_streams() -> None:
    """Open what a shell closed (``>&-``) onto nothing: else the next file opened would take its place."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), "w", encoding="utf-8"))


def _parser() -> Parser:
    parser = Parser(prog="accord", description="Explore an agreement on trade in critical minerals.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for group in (solving, knowledge, app, snapshots, library, designs):
        group.add_commands(commands)
    return parser
