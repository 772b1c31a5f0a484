"""The command ``accord design``: a request in, the recommended agreement out, with progress on standard error.

Modules that take time to import are imported by the command itself, so that help appears at once.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING, Any

from model.cli import outputs
from model.cli.console import about, add, add_data, add_file, add_out, ask, note_format, say, warn, world_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.cli.console import Commands
    from model.design.search import Design
    from model.work import Progress
    from model.world import World

SHOWN_EVERY_S = 0.5
MOST_WORKERS = 256


def add_commands(commands: Commands) -> None:
    """Add ``design``."""
    command = add(commands, "design", _run, "find the best agreement that all parties can sign")
    add_file(command, "request", "DESIGN.json", "the request; see `accord schema design`")
    add_out(command)
    command.add_argument(
        "--workers",
        type=_workers,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes that solve (default: all cores)",
    )
    add_file(command, "--store", "FILE", "file that keeps what is solved (default: in the user's cache)")
    add_data(command)


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_WORKERS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes; valid: 1 to {MOST_WORKERS}")
    return int(text)


def _run(arguments: argparse.Namespace) -> None:
    """Design, showing progress; whatever was solved before an interruption is kept."""
    from model.design.report import headline, result
    from model.design.wording import with_names
    from model.studies.today import today_of

    out = outputs.design(arguments.out, [arguments.request, *([arguments.store] if arguments.store else [])])
    with about(arguments.request):
        world = world_of(arguments.data)
        design = _design(arguments, world)
        today = today_of(world, design.request.scenario())
    out.write(outputs.as_result("design", result(design) | {"today": today}))
    for line in (headline(design), *(f"- {each}" for each in design.conflicts)):
        say(with_names(line, design.names))


def _design(arguments: argparse.Namespace, world: World) -> Design:
    from model.design.problem.request import DesignRequest
    from model.design.responses.store import Store
    from model.design.responses.table import ResponseTable
    from model.design.search import Designer

    request = DesignRequest.read(arguments.request, "design")
    ask(request, world)
    table = ResponseTable(world, Store(arguments.store), arguments.workers, arguments.data)
    designer = Designer(table, request)
    show = _teller()
    try:
        for progress in designer.run():
            show(progress)
    except KeyboardInterrupt:
        warn("\ninterrupted; what is solved is kept, run the same command again to go on\n")
        raise
    assert designer.design is not None, "a run that ends has a design"
    note_format(request)
    return designer.design


def _teller() -> Callable[[Progress[Any]], None]:
    """A function that shows progress and the seconds left at this pace, not more than twice a second."""
    begun, shown = time.monotonic(), -SHOWN_EVERY_S

    def show(progress: Progress[Any]) -> None:
        nonlocal shown
        now, done, total = time.monotonic(), progress.done, progress.total
        is_last = done == total
        if now - shown >= SHOWN_EVERY_S or is_last:
            shown = now
            left_s = (now - begun) / max(done, 1) * (total - done)
            text = f"{done} of {total} solved, about {left_s:.0f} s left ({progress.tried})"
            warn(f"\r{text:<70}" + ("\n" if is_last else ""))

    return show
