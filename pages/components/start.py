"""The dashboard's server: ``python pages/components/start.py ADDRESS [PORT]``, as ``accord app`` calls it.

Nothing leaves the machine: no look-up of its address, no measurement of use. A browser is told to load nothing from
elsewhere, to show the pages in no other site's frame, and to pass no link on (a link holds the whole scenario).
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamlit import App, net_util
from streamlit.runtime.pages_manager import PagesManager

from model.files import LARGEST_FILE
from model.work import quiet_overflows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Send = Callable[[Message], Awaitable[None]]

SCRIPT = Path(__file__).resolve().parents[2] / "app.py"
CLOSED = ("/_stcore/metrics", "/_stcore/agent")
"""Routes of Streamlit that no page needs: figures about the server, and driving the app without a browser."""
HEADERS = {
    "content-security-policy": "; ".join(
        (
            "default-src 'self'",  # scripts too: the page's one inline script, a flag for search engines, is not run
            "style-src 'self' 'unsafe-inline'",  # Streamlit styles its elements in place
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "frame-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


class QuietApp(App):
    """Streamlit's server with some routes closed and headers that keep a browser to this machine."""

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        """Answer one request, as an ASGI application does."""
        if scope["type"] == "http":
            send = _with_headers(send)
            if scope["path"].startswith(CLOSED):
                await send({"type": "http.response.start", "status": 404, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await super().__call__(scope, receive, send)


def _with_headers(send: Send) -> Send:
    added = [(name.encode(), text.encode()) for name, text in HEADERS.items()]

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return answer


def settings(address: str, port: int | None) -> dict[str, Any]:
    """What the command line decides; the rest stands in ``.streamlit/config.toml``."""
    place = ipaddress.ip_address(address)
    shown = f"[{address}]" if place.version == 6 else address
    chosen: dict[str, Any] = {
        "server.address": address,
        "server.maxUploadSize": LARGEST_FILE >> 20,  # MB
        "browser.serverAddress": socket.gethostname() if place.is_unspecified else shown,
    }
    if port is not None:
        chosen["server.port"] = port
    if not place.is_loopback:
        chosen["server.allowedHosts"] = ["*"]
    return chosen


def main(address: str, port: int | None) -> None:
    """Serve until told to stop."""
    quiet_overflows()
    # Streamlit takes a folder pages/ beside the script for its older way of naming pages until the router has run once,
    # so that the first deep link after a start would be answered with "page not found".
    PagesManager.uses_pages_directory = False
    # Asked where a request comes from, it would look up the machine's address at a service elsewhere.
    net_util.get_external_ip = lambda: None
    sys.argv = [str(SCRIPT)]
    QuietApp(SCRIPT).run(config=settings(address, port))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
