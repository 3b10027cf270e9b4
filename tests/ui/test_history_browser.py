"""Links, history and files in real Chromium: Back undoes one choice, a pasted picture opens and outlives a reload."""

import base64
import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.support.browser_support import PATIENCE, eventually
from tests.support.browser_support import settle as run_to_end
from tests.support.explorer_support import READY, note

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


GIVE = """([name, event, bytes]) => {
  const data = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([data], name));
  const made = event === "paste"
    ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
    : new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.querySelector(".stMain").dispatchEvent(made);
}"""


@pytest.fixture
def page(browser, address) -> Iterator["playwright.Page"]:
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/explore")
    settle(page)
    yield page
    context.close()


def settle(page) -> None:
    page.locator(READY).wait_for()
    run_to_end(page)


def seen(page) -> tuple[str, str, str]:
    """Return where the page says that it is: address, picture and anchor."""
    return page.url, page.locator(".picker").get_attribute("aria-label").split(". ")[0], note(page)


def noise(suffix: str) -> str:
    pixels = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=suffix)
    return base64.b64encode(buffer.getvalue()).decode()


def test_back_undoes_one_choice_per_press(page):
    states = [seen(page)]
    page.get_by_role("radio", name="Cat").click()
    settle(page)
    states.append(seen(page))
    page.locator(".frame").nth(2).click()
    settle(page)
    states.append(seen(page))
    box = page.locator(".picker").bounding_box()
    page.mouse.click(box["x"] + 50, box["y"] + 80)
    page.mouse.move(5, 5)
    settle(page)
    states.append(seen(page))
    assert len(set(states)) == 4
    for state in states[-2::-1]:
        page.go_back()
        eventually(page, lambda: seen(page), state)
        settle(page)


def look_of(page) -> tuple[object, ...]:
    """Return what the toolbar of the explorer shows as chosen."""
    names = ("Incoming", "Log", "Shared")
    toolbar = page.locator(".explorer .toolbar")
    radios = [toolbar.get_by_label(name, exact=True).is_checked() for name in names]
    boxes = [box.is_checked() for box in toolbar.locator(".box input").all()]
    return (*radios, toolbar.get_by_label("Heat opacity").input_value(), *boxes)


def test_a_link_holds_how_attention_is_shown_and_back_undoes_it(page, browser):
    assert look_of(page) == (False, False, False, "0.75", True, False)
    states = [look_of(page)]
    toolbar = page.locator(".explorer .toolbar")
    for label in ("Incoming", "Log", "Shared"):
        toolbar.get_by_text(label, exact=True).click()
        settle(page)
        states.append(look_of(page))
    toolbar.get_by_text("Display").click()
    toolbar.get_by_label("Heat opacity").fill("0.3")
    settle(page)
    toolbar.get_by_label("Maps").check()
    settle(page)
    chosen = (True, True, True, "0.3", True, True)
    eventually(page, lambda: look_of(page), chosen)
    other = browser.new_context().new_page()
    other.goto(page.url)
    other.locator(".explorer .toolbar").wait_for()
    eventually(other, lambda: look_of(other), chosen)
    other.context.close()
    page.go_back()
    page.go_back()
    eventually(page, lambda: look_of(page), states[-1])


@pytest.mark.parametrize(("event", "suffix"), [("paste", "AVIF"), ("drop", "PNG")])
def test_a_picture_from_anywhere_opens_and_outlives_a_reload(page, browser, event, suffix):
    page.evaluate(GIVE, [f"mine.{suffix.lower()}", event, noise(suffix)])
    page.locator('.picker[aria-label^="The picture mine."]').wait_for()
    settle(page)
    assert re.search(r"picture=[0-9a-f]{16}", page.url)
    before = seen(page)
    page.reload()
    page.locator('.picker[aria-label^="The picture mine."]').wait_for()
    eventually(page, lambda: seen(page), before)
    stranger = browser.new_context().new_page()
    stranger.goto(page.url)
    stranger.get_by_text("This link shows a picture of somebody's own").wait_for()
    assert not stranger.locator(".explorer").count()
    stranger.context.close()


def test_the_link_is_copied(page):
    page.get_by_role("radio", name="Cat").click()
    settle(page)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
