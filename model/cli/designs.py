"""The command ``accord design``: a request in, the recommended agreement out, with progress on standard error.

Modules that take time to import are imported by the command itself, so that help appears at once.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from model.cli import outputs
from model.cli.console import add, add_data, add_out, ask, say, world_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from model.cli.console import Commands
    from model.design.search import Design
    from model.design.table import Progress

SHOWN_EVERY_S = 0.5


def add_commands(commands: Commands) -> None:
    """Add ``design``."""
    command = add(commands, "design", _run, "find the best agreement that all parties can sign")
    command.add_argument("request", type=Path, metavar="DESIGN.json", help="the request; see `accord schema design`")
    add_out(command)
    command.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes that solve (default: all cores)",
    )
    command.add_argument(
        "--store", type=Path, metavar="FILE", help="file that keeps what is solved (default: in the user's cache)"
    )
    add_data(command)


def _run(arguments: argparse.Namespace) -> None:
    """Design, showing progress; whatever was solved before an interruption is kept."""
    from model.design.report import headline, result

    out = outputs.design(arguments.out, [arguments.request, *([arguments.store] if arguments.store else [])])
    design = _design(arguments)
    out.write(outputs.as_json(result(design)))
    say(headline(design))
    for each in design.conflicts:
        say(f"- {each}")


def _design(arguments: argparse.Namespace) -> Design:
    from model.design.request import DesignRequest
    from model.design.search import Designer
    from model.design.store import Store
    from model.design.table import ResponseTable

    request = DesignRequest.read(arguments.request, "design")
    world = world_of(arguments.data)
    ask(request, world.library)
    table = ResponseTable(world, Store(arguments.store), arguments.workers, arguments.data)
    designer = Designer(table, request)
    show = _teller()
    try:
        for progress in designer.run():
            show(progress)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; what is solved is kept, run the same command again to go on\n")
        raise
    assert designer.design is not None, "a run that ends has a design"
    return designer.design


def _teller() -> Callable[[Progress], None]:
    """A function that shows progress, not more than twice a second."""
    shown = -SHOWN_EVERY_S

    def show(progress: Progress) -> None:
        nonlocal shown
        now = time.monotonic()
        is_last = progress.done == progress.total
        if now - shown >= SHOWN_EVERY_S or is_last:
            shown = now
            left = f"about {progress.seconds_left:.0f} s left ({progress.tried})"
            text = f"{progress.done} of {progress.total} solved, {left}"
            sys.stderr.write(f"\r{text:<70}" + ("\n" if is_last else ""))
            sys.stderr.flush()

    return show
