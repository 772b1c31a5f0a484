"""The command ``accord app``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from model.cli.console import add, add_data
from model.errors import AccordError
from model.source import PACKAGE

if TYPE_CHECKING:
    import argparse

    from model.cli.console import Commands

START = "pages/components/start.py"


def add_commands(commands: Commands) -> None:
    """Add ``app``."""
    add_data(add(commands, "app", _app, "start the dashboard and print its address"))


def _app(arguments: argparse.Namespace) -> None:
    script = PACKAGE.parent / "app.py"
    if not script.is_file():
        raise AccordError(f"there is no {script}; install in place with `pip install -e .` from a copy of the project")
    if arguments.data is not None:
        from model.data.load import FOLDER_VARIABLE, load

        load(arguments.data)
        os.environ[FOLDER_VARIABLE] = str(arguments.data.resolve())
    os.chdir(script.parent)  # its settings stand in the folder .streamlit there
    os.execv(sys.executable, [sys.executable, START, script.name])
