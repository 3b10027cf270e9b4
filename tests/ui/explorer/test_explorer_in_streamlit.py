"""The explorer inside Streamlit, in real Chromium: what Python hears, and what it is not bothered with."""

import re
from collections.abc import Iterator

import pytest

from tests.support.browser_support import PATIENCE, eventually, served_app
from tests.support.explorer_support import READY, choose, note

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory) -> Iterator[str]:
    with served_app(tmp_path_factory.mktemp("app") / "log.txt", "tests/support/explorer_page.py") as served:
        yield served


@pytest.fixture
def sent() -> list[object]:
    """Collect what the page sends to Streamlit."""
    return []


@pytest.fixture
def app(browser, address, sent) -> Iterator["playwright.Page"]:
    context = browser.new_context(viewport={"width": 1440, "height": 1200}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(address)
    page.wait_for_selector(READY)
    yield page
    context.close()


def wait_for_python(app, state: str) -> None:
    app.get_by_text(f"Python: {state}", exact=True).wait_for()


def test_streamlit_hears_of_pins_blocks_and_heads(app):
    wait_for_python(app, "(0, 0) 10 20 None")
    app.locator(".picker").click(position={"x": 3, "y": 3})
    wait_for_python(app, "(0, 0) 0 0 None")
    app.get_by_text("Followed: 0 0", exact=True).wait_for()
    app.keyboard.press("ArrowRight")
    app.keyboard.press("ArrowRight")
    wait_for_python(app, "(0, 0) 0 2 None")
    app.keyboard.press("Shift+Digit2")
    wait_for_python(app, "(1, 0) 0 1 None")
    app.locator(f"{READY}").wait_for()
    choose(app, "3")
    wait_for_python(app, "(1, 0) 0 1 2")
    eventually(app, app.locator('[data-kind="super"] .note').inner_text, "outgoing, head 3 of 4")
    app.keyboard.press("Shift+Digit4")
    wait_for_python(app, "(3, 0) 0 0 2")
    eventually(app, app.locator(".status").inner_text, lambda said: "no super tokens" in said)


def test_streamlit_hears_of_regions_and_sends_segments(app):
    app.get_by_label("What the anchor is").select_option("segment")
    app.get_by_text("Region: segment 200 200", exact=True).wait_for()
    app.locator(READY).wait_for()
    eventually(app, lambda: note(app), lambda said: said.startswith("segment"))
    app.get_by_label("What the anchor is").select_option("rectangle")
    app.locator(".picker").focus()
    app.keyboard.press("w")
    app.get_by_text("Region: rectangle 196 214", exact=True).wait_for()
    assert note(app) == "rectangle 11 × 12, 132 tokens of 56 × 56"


def test_hovering_asks_nothing_of_python(app, sent):
    app.wait_for_timeout(1000)
    before = len(sent)
    box = app.locator(".picker").bounding_box()
    for step in range(20):
        app.mouse.move(box["x"] + 10 + 9 * step, box["y"] + 40)
    assert "click to pin" in note(app)
    app.wait_for_timeout(1000)
    assert len(sent) == before
    app.mouse.down()
    app.mouse.up()
    app.get_by_text(re.compile(r"Followed: \d")).wait_for()
    assert len(sent) > before


def test_dark_theme_reaches_the_component(app):
    colour = app.locator(".explorer h3").first.evaluate("each => getComputedStyle(each).color")
    assert min(int(part) for part in re.findall(r"\d+", colour)[:3]) > 200


def test_a_block_seen_before_is_there_at_once(app):
    app.locator(".picker").focus()
    app.keyboard.press("Shift+Digit2")
    wait_for_python(app, "(1, 0) 5 10 None")
    app.locator(READY).wait_for()
    app.keyboard.press("Shift+Digit1")
    assert app.locator(".body").get_attribute("aria-busy") == "false"
    assert note(app).endswith("of 56 × 56")
    wait_for_python(app, "(0, 0) 10 20 None")
