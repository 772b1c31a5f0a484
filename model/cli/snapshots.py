"""The commands ``accord snapshot``, ``replay``, ``memo`` and ``library``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import SnapshotError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from model.scenario import Scenario
    from model.snapshot.library import Entry, Library
    from model.snapshot.record import Snapshot

    Commands = argparse._SubParsersAction[Any]

EXIT_DIFFERENT = 1
FORMATS = ("docx", "pdf", "xlsx", "html")


def add_commands(commands: Commands) -> None:
    """Add the four commands; each sets ``run`` to a function of the parsed arguments that may return an exit code."""
    one = _add(commands, "snapshot", _snapshot, "solve a scenario and write down everything its numbers rest on")
    one.add_argument(
        "scenario", type=Path, metavar="SCENARIO.json", help="the scenario, or the result of `accord design`"
    )
    one.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the snapshot is written")
    one.add_argument("--author", default="", metavar="NAME", help="who made it; stands in the file and in memos")
    _add_data(one)

    one = _add(
        commands,
        "replay",
        _replay,
        "check a snapshot, solve it again and compare every number; exit code 1 if any differs",
    )
    one.add_argument("file", type=Path, metavar="FILE", help="the snapshot")
    one.add_argument("--json", type=Path, metavar="PATH", help="also write every difference as JSON")
    _add_data(one)

    one = _add(commands, "memo", _memo, "write a memo of one snapshot, or of several side by side")
    one.add_argument("files", type=Path, nargs="+", metavar="FILE", help="the snapshot, or two to five to compare")
    one.add_argument("--format", choices=FORMATS, required=True, help="Word, PDF, Excel or HTML")
    one.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the memo is written")

    _add_library(_add(commands, "library", _library_list, "keep scenarios and snapshots"))


def _add(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int | None], what: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    command.set_defaults(run=run)
    return command


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (default: the one that ships with accord)"
    )


def _add_library(library: argparse.ArgumentParser) -> None:
    library.add_argument(
        "--library",
        type=Path,
        metavar="PATH",
        help="the library file (default: ACCORD_LIBRARY, else in your data folder)",
    )
    actions = library.add_subparsers(metavar="ACTION", required=True)

    one = _add(actions, "list", _library_list, "list entries, the newest first")
    one.add_argument("words", nargs="*", metavar="WORD", help="only entries that contain every word")
    one.add_argument("--archived", action="store_true", help="list archived entries instead")
    one.add_argument("--duplicates", action="store_true", help="list entries that share an id instead")

    one = _add(actions, "save", _library_save, "save a snapshot or scenario file")
    one.add_argument("file", type=Path, metavar="FILE", help="the snapshot or scenario")
    one.add_argument("--name", default="", help="name (default: the scenario's)")
    one.add_argument("--tag", action="append", default=[], help="a tag (repeatable)")
    one.add_argument("--note", default="", help="a note")

    one = _add(actions, "open", _library_open, "write an entry back to a file")
    one.add_argument("id", help="beginning of its id or checksum")
    one.add_argument("--out", type=Path, required=True, metavar="FILE", help="where it is written")

    for name, what in (("archive", "put an entry out of sight"), ("restore", "bring an archived entry back")):
        one = _add(actions, name, _library_archive, what)
        one.set_defaults(archived=name == "archive")
        one.add_argument("id", help="beginning of its id or checksum")

    one = _add(actions, "export", _library_export, "write all entries to one file")
    one.add_argument("--out", type=Path, required=True, metavar="FILE", help="where it is written")

    one = _add(actions, "import", _library_import, "take in entries of an export; exit code 1 if any was refused")
    one.add_argument("file", type=Path, metavar="FILE", help="the export")


def _snapshot(arguments: argparse.Namespace) -> None:
    from model.records import read_json
    from model.scenario import Scenario
    from model.snapshot.files import require_place, write_whole
    from model.snapshot.make import Origin, freeze
    from model.world import World

    require_place(arguments.out)
    _require_folder(arguments.data)
    content = read_json(arguments.scenario, "scenario")
    found = content if isinstance(content, dict) and "term_sheet" in content else None
    scenario = Scenario.parse(content if found is None else found.get("scenario"), f"scenario {arguments.scenario}")
    made = freeze(World(arguments.data), scenario, Origin(arguments.author, design=found), arguments.data)
    write_whole(arguments.out, [made.to_json().encode()])
    _say(f"Snapshot {made.id} written to {arguments.out}.")


def _replay(arguments: argparse.Namespace) -> int:
    from model.snapshot.files import require_place, write_whole
    from model.snapshot.record import read
    from model.snapshot.replay import as_content, replay, report

    _require_folder(arguments.data)
    if arguments.json is not None:
        require_place(arguments.json)
    snapshot = read(arguments.file)
    found = replay(snapshot, arguments.data)
    if arguments.json is not None:
        write_whole(arguments.json, [json.dumps(as_content(found), indent=1, allow_nan=False).encode() + b"\n"])
    _say(report(snapshot, found))
    return 0 if found.same else EXIT_DIFFERENT


def _memo(arguments: argparse.Namespace) -> None:
    from model.memo import document_of, export
    from model.snapshot.files import require_place, write_whole
    from model.snapshot.record import read

    require_place(arguments.out)
    document = document_of([read(path) for path in arguments.files])
    write_whole(arguments.out, [export(document, arguments.format)])
    _say(f"Memo of snapshot {document.short_id} written to {arguments.out}.")


def _library(arguments: argparse.Namespace) -> Library:
    from model.snapshot.library import Library

    return Library(arguments.library)


def _library_list(arguments: argparse.Namespace) -> None:
    library = _library(arguments)
    if arguments.duplicates:
        for group in library.duplicates():
            _say_entries(group)
            _say("")
        return
    _say_entries(library.entries(" ".join(arguments.words), archived=arguments.archived))


def _library_save(arguments: argparse.Namespace) -> None:
    saved = _library(arguments).save(_opened(arguments.file), arguments.name, arguments.tag, arguments.note)
    what = "was already in the library" if saved.known else "saved"
    _say(f"{saved.entry.kind} {saved.entry.short_id} ({saved.entry.name}) {what}.")
    for other in saved.duplicates:
        _say(f"It has the same id as {other.name!r}, saved {other.saved[:10]}.")


def _opened(path: Path) -> Snapshot | Scenario:
    """A snapshot or scenario, whichever the file holds."""
    from model.records import read_json
    from model.scenario import Scenario
    from model.snapshot import record

    if path.is_file() and path.stat().st_size > record.LARGEST_FILE:
        raise SnapshotError(f"{path} is larger than any snapshot; it was not opened")
    content = read_json(path, "file")
    if isinstance(content, dict) and "kind" in content:
        return record.read(path)
    return Scenario.parse(content, f"scenario {path}")


def _library_open(arguments: argparse.Namespace) -> None:
    from model.snapshot.files import require_place, write_whole
    from model.snapshot.record import Snapshot

    require_place(arguments.out)
    library = _library(arguments)
    entry = library.find(arguments.id)
    item = library.open(entry)
    write_whole(arguments.out, [(item.to_json() if isinstance(item, Snapshot) else item.to_json() + "\n").encode()])
    _say(f"{entry.kind} {entry.short_id} ({entry.name}) written to {arguments.out}.")


def _library_archive(arguments: argparse.Namespace) -> None:
    library = _library(arguments)
    entry = library.find(arguments.id)
    library.archive(entry, arguments.archived)
    _say(f"{entry.kind} {entry.short_id} ({entry.name}) {'archived' if arguments.archived else 'restored'}.")


def _library_export(arguments: argparse.Namespace) -> None:
    from model.snapshot.files import require_place, write_whole

    require_place(arguments.out)
    write_whole(arguments.out, (line.encode() for line in _library(arguments).export()))
    _say(f"Library written to {arguments.out}.")


def _library_import(arguments: argparse.Namespace) -> int:
    from model.snapshot.library import lines_of

    new, faults = _library(arguments).take_in(lines_of(arguments.file))
    _say(f"{new} new entries taken in.")
    for fault in faults:
        _say(f"refused: {fault}")
    return EXIT_DIFFERENT if faults else 0


def _say_entries(entries: Iterable[Entry]) -> None:
    for entry in entries:
        tags = f"  [{', '.join(entry.tags)}]" if entry.tags else ""
        _say(
            f"{entry.short_id}  {entry.saved[:16].replace('T', ' ')}  {entry.kind:<8}  "
            f"{', '.join(entry.minerals):<24}  {entry.name}{tags}"
        )


def _require_folder(folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        raise SnapshotError(f"--data {folder}: there is no such folder")


def _say(text: str) -> None:
    sys.stdout.write(_printable(text) + "\n")


def _printable(text: str) -> str:
    """Text without control characters: a stranger's name must not steer the terminal."""
    return "".join(letter if letter == "\n" or letter.isprintable() else "�" for letter in text)
