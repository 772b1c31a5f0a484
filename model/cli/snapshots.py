"""The commands ``accord snapshot``, ``replay`` and ``memo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.cli import outputs
from model.cli.console import (
    EXIT_DIFFERENT,
    about,
    add,
    add_data,
    add_file,
    add_out,
    ask,
    data_folder,
    note_format,
    say,
    say_written,
    world_of,
)
from model.files import named, read_json

if TYPE_CHECKING:
    import argparse

    from model.cli.console import Commands


def add_commands(commands: Commands) -> None:
    """Add the three commands."""
    one = add(commands, "snapshot", _snapshot, "solve a scenario and write down everything its numbers rest on")
    add_file(one, "scenario", "SCENARIO.json", "the scenario, or the result of `accord design`")
    add_out(one, "the snapshot", "FILE")
    one.add_argument("--author", default="", metavar="NAME", help="who made it; stands in the file and in memos")
    add_data(one)

    what = "check a snapshot, solve it again and compare every number; exit code 1 if any differs"
    one = add(commands, "replay", _replay, what)
    add_file(one, "file", "FILE", "the snapshot")
    add_file(one, "--json", "PATH", "also write every difference as JSON")
    add_data(one)

    one = add(commands, "memo", _memo, "write a memo of one snapshot, or of several side by side")
    add_file(one, "files", "FILE", "the snapshot, or two to five to compare", nargs="+")
    one.add_argument("--format", required=True, help="docx (Word), pdf, xlsx (Excel) or html")
    add_out(one, "the memo", "FILE")


def _snapshot(arguments: argparse.Namespace) -> None:
    from model.scenario import Scenario
    from model.snapshot.make import Origin, freeze

    out = outputs.snapshot(arguments.out, [arguments.scenario])
    world = world_of(arguments.data)
    content = read_json(arguments.scenario, "scenario")
    found = content if isinstance(content, dict) and "term_sheet" in content else None
    asked = content if found is None else found.get("scenario")
    scenario = Scenario.parse(asked, named("scenario", arguments.scenario))
    with about(arguments.scenario):
        ask(scenario, world)
        made = freeze(world, scenario, Origin(arguments.author, design=found), arguments.data)
    out.write(made.to_json())
    note_format(scenario)
    say_written(f"Snapshot {made.id}", arguments.out)


def _replay(arguments: argparse.Namespace) -> int:
    from model.snapshot.record import read
    from model.snapshot.replay import as_content, replay, report

    folder = data_folder(arguments.data)
    out = None if arguments.json is None else outputs.differences(arguments.json, [arguments.file])
    snapshot = read(arguments.file)
    with about(arguments.file):
        found = replay(snapshot, folder)
    if out is not None:
        out.write(outputs.as_result("replay", as_content(found)))
    say(report(snapshot, found))
    return 0 if found.same else EXIT_DIFFERENT


def _memo(arguments: argparse.Namespace) -> None:
    from model.memo import document_of, export
    from model.snapshot.record import read

    out = outputs.memo(arguments.out, arguments.files, ending=f".{arguments.format}")
    with about(*arguments.files):
        document = document_of([read(path) for path in arguments.files])
        data = export(document, arguments.format)
    out.write([data])
    say_written(f"Memo of snapshot {document.short_id}", arguments.out)
