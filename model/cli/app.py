"""The command ``accord app``."""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
import sys
from typing import TYPE_CHECKING

from model.cli.console import add, add_data, warn
from model.errors import AccordError
from model.source import PACKAGE

if TYPE_CHECKING:
    from model.cli.console import Commands

START = "pages/components/start.py"
LAST_PORT = 65535


def add_commands(commands: Commands) -> None:
    """Add ``app``."""
    app = add(commands, "app", _app, "start the dashboard and print its address")
    add_data(app)
    app.add_argument(
        "--listen", type=_address, default="127.0.0.1", metavar="ADDRESS", help="address to listen on (%(default)s)"
    )
    app.add_argument("--port", type=_port, metavar="N", help="port (8501, or the next that is free)")


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
        warn(
            f"accord app: listening on {arguments.listen}: whoever reaches this machine can open, change and save "
            "everything, without login and unencrypted\n"
        )
    os.chdir(script.parent)  # its settings stand in the folder .streamlit there
    port = [] if arguments.port is None else [str(arguments.port)]
    os.execv(sys.executable, [sys.executable, START, arguments.listen, *port])


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


def _require_free(address: str, port: int | None) -> None:
    """Refuse an address that is not this machine's, or a port in use."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port or 0), family=family).close()
    except OSError as error:
        at = address if port is None else f"{address}, port {port}"
        why = os.strerror(error.errno or 0)
        raise AccordError(f"cannot listen on {at}: {why}; choose others with --listen and --port") from None
