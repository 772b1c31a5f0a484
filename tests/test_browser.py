"""The app in a real browser: a lever is moved, and the number on the screen is the world's."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from model import edits
from model.scenario import Scenario
from model.words.numbers import exact, figures
from model.world import World
from tests.running_app import ANSWER_MILLISECONDS, ROOT, browsed, served, unfolded


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where an app answers that nobody stops."""
    with served() as (port, _, _):
        yield port


@pytest.mark.slow
def test_a_moved_floor_shows_the_world_s_price(world: World, port: int) -> None:
    reference = world.parties_price("antimony", "refined", Scenario())
    level = round(1.25 * reference)
    scenario = edits.with_floor_level(Scenario(), float(level), "refined")
    assert world.outcome(scenario).headline("antimony").price_usd_per_t == pytest.approx(level)
    with browsed() as (page, playwright):
        page.goto(f"http://127.0.0.1:{port}")
        shown = page.get_by_test_id("stMetricValue").first
        playwright.expect(shown).to_have_text(figures(reference), timeout=ANSWER_MILLISECONDS)
        field = unfolded(page, playwright, "floor", "floor_usd")
        field.fill(str(level))
        field.press("Enter")
        playwright.expect(shown).to_have_text(exact(level), timeout=ANSWER_MILLISECONDS)
        playwright.expect(page.locator("h3").first).to_contain_text("variable levy")


@pytest.mark.slow
def test_the_sidebar_fits_a_projector_and_an_app_that_stopped_says_so() -> None:
    with served() as (port, server, _), browsed() as (page, playwright):
        page.set_viewport_size({"width": 1024, "height": 768})
        page.goto(f"http://127.0.0.1:{port}")
        page.locator(".st-key-undo").wait_for()
        playwright.expect(page.locator(".st-key-undo")).to_be_in_viewport(ratio=1)
        unfolded(page, playwright, "assumptions", "other_assumption")
        page.get_by_test_id("stStatusWidget").wait_for(state="detached")  # until then the group may still grow
        playwright.expect(page.locator(".st-key-undo")).to_be_in_viewport(ratio=1)
        page.get_by_test_id("stSidebarContent").evaluate("sidebar => sidebar.scrollTo(0, sidebar.scrollHeight)")
        for part in ("mineral", "fold_assumptions", "undo"):
            playwright.expect(page.locator(f".st-key-{part}")).to_be_in_viewport(ratio=1)
        server.send_signal(signal.SIGTERM)
        title = page.get_by_test_id("stDialog").locator("h2")
        title.wait_for()
        words = "getComputedStyle(title, '::after').content"
        assert "No connection to Minerals Accord" in title.evaluate(f"title => {words}")


@pytest.mark.slow
def test_every_page_opens_by_its_address_asks_nobody_but_the_server_and_the_last_of_fast_keys_wins(
    world: World, port: int
) -> None:
    reference, asked = world.parties_price("antimony", "refined", Scenario()), set[str]()
    with browsed() as (page, playwright):
        page.on("request", lambda request: asked.add(request.url))
        page.on("websocket", lambda socket: asked.add(socket.url))
        for path in re.findall(r'url_path="([^"]+)"(?!, default)', (ROOT / "app.py").read_text(encoding="utf-8")):
            page.goto(f"http://127.0.0.1:{port}/{path}")
            page.locator(".st-key-undo").wait_for()
            playwright.expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=ANSWER_MILLISECONDS)
            assert not page.get_by_text("Page not found").count(), path
        page.goto(f"http://127.0.0.1:{port}")
        unfolded(page, playwright, "floor", "floor_usd")
        page.locator(".st-key-floor_percent input").focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight", delay=30)
        playwright.expect(page.get_by_test_id("stSliderThumbValue")).to_have_text("30 %", timeout=ANSWER_MILLISECONDS)
        level = exact(edits.floor_at_percent(30, reference))
        playwright.expect(page.locator("h3").first).to_contain_text(level, timeout=ANSWER_MILLISECONDS)
        icon = page.locator("link[rel*='icon']").first.get_attribute("href")
    assert icon is not None
    assert icon.startswith("data:image/svg+xml")
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {f"127.0.0.1:{port}"}
