"""What all commands share: how they are declared, how they read, and how they speak."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from model.errors import AccordError, DataError, FileError
from model.files import LONGEST_PATH, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    import pandas as pd

    from model.records import Record
    from model.world import World

    Commands = argparse._SubParsersAction[Any]

EXIT_DIFFERENT = 1
EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one line, like every other refusal."""

    def error(self, message: str) -> NoReturn:
        """Refuse what was asked, with the valid choices at the end of the message."""
        if len(message) > 2 * LONGEST_PATH:
            message = f"{message[:LONGEST_PATH]}…{message[-LONGEST_PATH:]}"
        self.exit(EXIT_REFUSED, f"{self.prog}: error: {one_line(message)}\n")


def add(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int | None], what: str
) -> argparse.ArgumentParser:
    """A command that runs a function of the parsed arguments, which may return an exit code."""
    command: argparse.ArgumentParser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    command.set_defaults(run=run)
    return command


def add_file(command: argparse.ArgumentParser, name: str, metavar: str, what: str, nargs: str | None = None) -> None:
    """An argument that names a file."""
    command.add_argument(name, type=_file, nargs=nargs, metavar=metavar, help=what)


def add_folder(command: argparse.ArgumentParser, name: str, what: str) -> None:
    """An option that names a folder."""
    command.add_argument(name, type=_path, metavar="DIR", help=what)


def add_out(command: argparse.ArgumentParser, what: str = "the result", metavar: str = "RESULT.json") -> None:
    """The option that says where a file is written."""
    command.add_argument("--out", type=_file, required=True, metavar=metavar, help=f"where {what} is written")


def _path(text: str) -> Path:
    """A path that is one; an empty text would be the folder one stands in."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty; name a file or folder")
    return Path(text)


def _file(text: str) -> Path:
    """The path of a file; one that ends as only a folder's does would lose that."""
    path = _path(text)
    if not text.endswith(path.name):
        raise argparse.ArgumentTypeError(f"{text!r} names a folder; name a file")
    return path


def add_data(command: argparse.ArgumentParser) -> None:
    """The option that names a data folder."""
    add_folder(command, "--data", "data folder (default: the one that ships with accord)")


def data_folder(folder: Path | None) -> Path | None:
    """A data folder that was named, if it is there."""
    if folder is not None and not folder.is_dir():
        raise DataError(f"--data {short(str(folder), LONGEST_PATH)}: there is no such folder")
    return folder


def world_of(folder: Path | None) -> World:
    """The markets of a data folder."""
    from model.world import World

    return World(data_folder(folder))


@contextmanager
def about(*paths: Path | None) -> Iterator[None]:
    """Whatever is refused of what files ask names them, where it does not yet."""
    told = ", ".join(short(str(path), LONGEST_PATH) for path in paths if path is not None)
    try:
        yield
    except (DataError, FileError):
        raise  # about other files, which they name
    except AccordError as error:
        if told in str(error):
            raise
        raise type(error)(f"{told}: {error}") from None


def ask(record: Record, world: World | None = None) -> None:
    """Ask on standard error about what may not be meant as it stands."""
    from model.questions import questions

    known = () if world is None else (world.library, world.hosts_by_mineral)
    for question in questions(record, *known):
        warn(f"accord: is this meant? {one_line(question)}\n")


def note_format(record: Record) -> None:
    """Say on standard error which status quo a file of the first format was read with, once it was."""
    from model.questions import format_note

    for note in format_note(record):
        warn(f"accord: {note}\n")


def say(text: str) -> None:
    """Lines on standard output, without control characters: a stranger's name must not steer the terminal."""
    _put(sys.stdout, "".join(map(_printable, text.rstrip("\n"))) + "\n")


def warn(text: str) -> None:
    """Text on standard error, as it stands."""
    _put(sys.stderr, text)


def _put(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        if stream is sys.stderr:
            stream.flush()
    except BrokenPipeError:
        hush(stream)


def hush(stream: TextIO) -> None:
    """The reader of a pipe such as `accord shocks | head` left: what is still said goes nowhere, the work goes on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _printable(letter: str) -> str:
    return letter if letter == "\n" or letter.isprintable() else "\N{REPLACEMENT CHARACTER}"


def say_written(what: str, path: Path) -> None:
    """Say in one line that a file was written, whatever stands in its name."""
    say(f"{what} written to {short(str(path), LONGEST_PATH)}.")


def say_table(table: pd.DataFrame) -> None:
    """Print a table with its texts aligned to the left and numbers to three figures."""
    texts = [str(name) for name in table.columns if table[name].dtype == "str"]
    widths = {name: max(len(name), int(table[name].str.len().max())) for name in texts}
    left = {name.ljust(width): f"{{:<{width}}}".format for name, width in widths.items()}
    aligned = table.rename(columns={name: name.ljust(width) for name, width in widths.items()})
    say(aligned.to_string(index=False, na_rep="-", float_format="{:.3g}".format, formatters=left))


def one_line(message: str) -> str:
    """A message of several lines in one, its list items joined by semicolons."""
    lines = [short(line.strip().removeprefix("- "), len(line)) for line in message.splitlines() if line.strip()]
    first, *rest = lines or ["unknown error"]
    return f"{first} {'; '.join(rest)}".rstrip()
