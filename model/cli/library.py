"""The command ``accord library``: what was saved, listed, opened, put away, exported and imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.cli import outputs
from model.cli.console import EXIT_DIFFERENT, about, add, add_data, add_file, add_out, say, say_written, warn, world_of
from model.files import lines_of, named, read_json, short
from model.words.numbers import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from model.cli.console import Commands
    from model.snapshot.library import Entry, Library

LONGEST_ROW = 1_000
"""Letters of an entry in a list; names, tags and minerals that fit in the library fit in it."""


def add_commands(commands: Commands) -> None:
    """Add ``library`` and its actions."""
    library = add(commands, "library", _list, "keep scenarios and snapshots")
    add_file(library, "--library", "PATH", "the library file (default: ACCORD_LIBRARY, else in your data folder)")
    add_data(library)
    actions = library.add_subparsers(metavar="ACTION", required=True)

    one = add(actions, "list", _list, "list entries, the newest first")
    one.add_argument("words", nargs="*", metavar="WORD", help="only entries that contain every word")
    one.add_argument("--archived", action="store_true", help="list archived entries instead")
    one.add_argument("--duplicates", action="store_true", help="list entries that share an id instead")

    one = add(actions, "save", _save, "save a snapshot or scenario file")
    add_file(one, "file", "FILE", "the snapshot or scenario")
    one.add_argument("--name", default="", help="name (default: the scenario's)")
    one.add_argument("--tag", action="append", default=[], help="a tag (repeatable)")
    one.add_argument("--note", default="", help="a note")

    one = add(actions, "open", _open, "write an entry back to a file")
    one.add_argument("id", help="beginning of its id or checksum")
    add_out(one, "it", "FILE")

    for name, what in (("archive", "put an entry out of sight"), ("restore", "bring an archived entry back")):
        one = add(actions, name, _archive, what)
        one.set_defaults(archived=name == "archive")
        one.add_argument("id", help="beginning of its id or checksum")

    one = add(actions, "export", _export, "write all entries to one file; exit code 1 if any could not be read")
    add_out(one, "the export", "FILE")

    one = add(actions, "import", _import, "take in entries of an export; exit code 1 if any was refused")
    add_file(one, "file", "FILE", "the export")


def _library(arguments: argparse.Namespace) -> Library:
    from model.snapshot.library import Library

    return Library(arguments.library)


def _list(arguments: argparse.Namespace) -> None:
    library = _library(arguments)
    if not library.is_there:
        warn(f"accord: {library.told} is not there yet; the first save makes it\n")
    if arguments.duplicates:
        for group in library.duplicates():
            _say_entries(group)
            say("")
    else:
        _say_entries(library.entries(" ".join(arguments.words), archived=arguments.archived))
    if library.damage:
        warn(f"accord: {library.damage}\n")


def _save(arguments: argparse.Namespace) -> None:
    from model.snapshot.library import item_of
    from model.snapshot.record import Snapshot

    item = item_of(read_json(arguments.file, "file"), named("file", arguments.file))
    with about(arguments.file):
        world_of(arguments.data).check(item.scenario if isinstance(item, Snapshot) else item)
    saved = _library(arguments).save(item, arguments.name, arguments.tag, arguments.note)
    say(f"{_told(saved.entry)} {'was already in the library' if saved.known else 'saved'}.")
    for other in saved.duplicates:
        say(f"It has the same id as {short(other.name, LONGEST_ROW)!r}, saved {short(other.saved[:10])}.")


def _open(arguments: argparse.Namespace) -> None:
    from model.snapshot.record import Snapshot

    library = _library(arguments)
    out = outputs.entry(arguments.out, [library.path])
    entry = library.find(arguments.id)
    item = library.open(entry)
    out.write(item.to_json() if isinstance(item, Snapshot) else item.to_json() + "\n")
    say_written(_told(entry), arguments.out)


def _archive(arguments: argparse.Namespace) -> None:
    library = _library(arguments)
    entry = library.find(arguments.id)
    library.archive(entry, arguments.archived)
    say(f"{_told(entry)} {'archived' if arguments.archived else 'restored'}.")


def _export(arguments: argparse.Namespace) -> int:
    library = _library(arguments)
    out = outputs.library(arguments.out, [library.path])
    lost: list[str] = []
    out.write(line.encode() for line in library.export(lost))
    say_written("Library", arguments.out)
    for fault in lost:
        say(f"lost: {short(fault, LONGEST_ROW)}")
    return EXIT_DIFFERENT if lost else 0


def _import(arguments: argparse.Namespace) -> int:
    world = world_of(arguments.data)
    new, faults = _library(arguments).take_in(lines_of(arguments.file, "export"), world.check)
    say(f"{counted(new, 'new entry', 'new entries')} taken in.")
    for fault in faults:
        say(f"refused: {short(fault, LONGEST_ROW)}")
    return EXIT_DIFFERENT if faults else 0


def _told(entry: Entry) -> str:
    return f"{entry.kind} {entry.short_id} ({short(entry.name, LONGEST_ROW)})"


def _say_entries(entries: Iterable[Entry]) -> None:
    """One row each, whatever line breaks stand in a name."""
    for entry in entries:
        tags = f"  [{', '.join(entry.tags)}]" if entry.tags else ""
        row = (
            f"{entry.short_id}  {entry.saved[:16].replace('T', ' ')}  {entry.kind:<8}  "
            f"{', '.join(entry.minerals):<24}  {entry.name}{tags}"
        )
        say(short(row, LONGEST_ROW))
