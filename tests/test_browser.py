"""The app in a real browser: a lever is moved, and the number on the screen is the world's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import edits
from model.scenario import Scenario
from model.studies.floor_curve import status_quo_price
from model.words.numbers import figures
from model.world import World

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


@pytest.fixture
def browser_path() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(
            f"no browser: install Chromium (Debian: apt-get install chromium); looked for {', '.join(BROWSERS)}"
        )
    return found


@pytest.fixture
def address() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), f"--server.port={port}"]
    server = subprocess.Popen(
        [*command, "--server.address=127.0.0.1", "--server.headless=true"],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the app did not start within {START_SECONDS} s")


def test_a_moved_floor_shows_the_world_s_price(browser_path: str, address: str, world: World) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="install the package playwright")
    reference = status_quo_price(world, Scenario(), "antimony", "refined")
    level = round(1.25 * reference)
    place = {"parties": Scenario().parties, "mineral": "antimony", "stage": "refined"}
    scenario = edits.put(Scenario(), "floors", {**place, "price": float(level)})
    wanted = figures(world.outcome(scenario).headline("antimony").price_usd_per_t)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(ANSWER_MILLISECONDS)
        page.goto(address)
        shown = page.get_by_test_id("stMetricValue").first
        playwright.expect(shown).to_have_text(figures(reference), timeout=ANSWER_MILLISECONDS)
        page.locator(".st-key-fold_floor button").click()
        field = page.locator(".st-key-floor_usd input")
        field.fill(str(level))
        field.press("Enter")
        playwright.expect(shown).to_have_text(wanted, timeout=ANSWER_MILLISECONDS)
        playwright.expect(page.locator("h3").first).to_contain_text("variable levy")
        browser.close()
