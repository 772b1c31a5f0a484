"""The app as a reader starts it, and a browser to look at it."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import jobs

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 90
ANSWER_MILLISECONDS = 60_000
CLICK_AGAIN_MILLISECONDS = 15_000
jobs.SLICE_SECONDS = 0.5  # a page that a test has left works on beside the next test no longer than this
FOLDED_ICON = "expand_more"


@contextmanager
def served(*options: str) -> Iterator[tuple[int, subprocess.Popen[str], list[str]]]:
    """Port and process of ``accord app``, once it answers, and the lines it said, once it has ended."""
    said: list[str] = []
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "model.cli", "app", "--port", str(port), *options],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until = time.monotonic() + START_SECONDS
        while not answers(port):
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < until, f"the app did not start within {START_SECONDS} s"
            time.sleep(0.2)
        yield port, server, said
    finally:
        server.send_signal(signal.SIGTERM)
        said += server.communicate(timeout=20)[0].splitlines()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        return get(port, "/_stcore/health").status == 200
    except OSError:
        return False


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers=headers or {})
    return connection.getresponse()


@contextmanager
def browsed() -> Iterator[tuple[Any, Any]]:
    """A page of a real browser and Playwright's module; skips the test where there is no browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="install the package playwright")
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        pytest.skip(
            f"no browser: install Chromium (Debian: apt-get install chromium); looked for {', '.join(BROWSERS)}"
        )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(ANSWER_MILLISECONDS)
        yield page, playwright
        browser.close()


def drawn(test: AppTest, key: str) -> str:
    """The key of a widget as it stands now; one that shows another value than it held has been replaced."""
    times = test.session_state["drawn"][key]
    return f"{key}_v{times}" if times else key


def unfolded(page: Any, playwright: Any, group: str, field: str) -> Any:
    """A field of a group of levers, once the group is unfolded.

    A click on a page that is just being redrawn can be lost: the browser may swap the button between press and
    release. A person who sees the group still folded clicks again, and so does this. Should the first click arrive
    after all, the second changes nothing: each says that the group is to be open.
    """
    wanted = page.locator(f".st-key-{field} input")
    button = page.locator(f".st-key-fold_{group} button")
    button.click()
    try:
        wanted.wait_for(timeout=CLICK_AGAIN_MILLISECONDS)
    except playwright.TimeoutError:
        still_folded = button.filter(has_text=FOLDED_ICON)
        if still_folded.count():
            still_folded.click()
    wanted.wait_for()
    return wanted
