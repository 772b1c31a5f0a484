"""The command ``accord design``: a request in, the recommended agreement out, with progress on standard error.

Modules that take time to import are imported by the command itself, so that help appears at once.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import AccordError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from model.design.search import Design
    from model.work import Progress

SHOWN_EVERY_S = 0.5


def add_commands(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``design``."""
    text = "find the best agreement that all parties can sign"
    command = subparsers.add_parser("design", help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.add_argument("request", type=Path, metavar="DESIGN.json", help="the request; see `accord schema design`")
    command.add_argument("--out", type=Path, required=True, metavar="RESULT.json", help="where the result is written")
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
    command.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (default: the one that ships with accord)"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Design, showing progress; whatever was solved before an interruption is kept."""
    from model.design.report import headline

    if not arguments.out.parent.is_dir() or arguments.out.is_dir():
        raise AccordError(f"cannot write {arguments.out}: it must be a file in a folder that exists")
    design = _design(arguments)
    _write(arguments.out, design)
    sys.stdout.write(headline(design) + "\n")
    for each in design.conflicts:
        sys.stdout.write(f"- {each}\n")


def _design(arguments: argparse.Namespace) -> Design:
    from model.design.problem.request import DesignRequest
    from model.design.responses.store import Store
    from model.design.responses.table import ResponseTable
    from model.design.search import Designer
    from model.world import World

    request = DesignRequest.read(arguments.request, "design")
    table = ResponseTable(World(arguments.data), Store(arguments.store), arguments.workers, arguments.data)
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


def _write(path: Path, design: Design) -> None:
    """Write the result whole or not at all, so that an earlier one survives a failure."""
    from model.design.report import result

    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(result(design), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise AccordError(f"cannot write {path}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


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
            sys.stderr.write(f"\r{text:<70}" + ("\n" if is_last else ""))
            sys.stderr.flush()

    return show
