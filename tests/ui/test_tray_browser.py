"""The tray in real Chromium: pins of three pages, live maps among them, and the saved page, which needs no network."""

import re
from xml.etree import ElementTree

import pytest

from tests.support.browser_support import PATIENCE, eventually, settle
from tests.support.explorer_support import READY

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def pin(page, key: str, number: int) -> None:
    settle(page)
    page.locator(f".st-key-pin_{key} button:visible").click()
    page.get_by_text(f"Pinned: {number} of 24").wait_for()


def saved_ticks(page, key: str, tmp_path) -> list[float]:
    """Save a chart alone, and return the contrast of its tick labels to white."""
    with page.expect_download() as coming:
        page.locator(f".st-key-pinnable_{key} .save-chart").click()
    saved = tmp_path / coming.value.suggested_filename
    coming.value.save_as(saved)
    groups = [group for group in ElementTree.parse(saved).iter() if group.get("class") in ("xtick", "ytick")]
    return [contrast_to_white(text.get("style")) for group in groups for text in group.findall("{*}text")]


def contrast_to_white(style: str) -> float:
    """Return the contrast of what has this style by WCAG 2.1."""
    levels = [int(level) / 255 for level in re.search(r"fill: rgb\((\d+), (\d+), (\d+)\)", style).groups()]
    red, green, blue = (level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_pins_of_three_pages_stand_side_by_side_and_in_a_file_of_their_own(browser, address, tmp_path):
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/steps?sample=Cat&step=3")
    page.get_by_role("heading", name="3. Softmax").wait_for()
    pin(page, "step_3", 1)
    pin(page, "answer", 2)
    page.get_by_role("link", name="Cost").click()
    page.locator(".st-key-pin_cost_curves button:visible").wait_for()
    settle(page)
    pin(page, "cost_curves", 3)
    shown = page.locator(".st-key-pinnable_cost_curves .xtick text").first
    levels = shown.evaluate("text => getComputedStyle(text).fill.match(/[\\d.]+/g).slice(0, 3).map(Number)")
    assert min(levels) > 0.8  # light on dark
    assert min(saved_ticks(page, "cost_curves", tmp_path)) >= 4.5
    page.get_by_role("link", name="Explore").click()
    page.locator(READY).wait_for()
    settle(page)
    page.get_by_role("button", name="Pin the maps").click()
    page.get_by_text("Pinned: 4 of 24").wait_for()
    page.get_by_role("link", name="Snapshots").click()
    page.get_by_text("The tray holds 4 snapshots").wait_for()
    settle(page)
    page.reload()
    page.get_by_text("The tray holds 4 snapshots").wait_for()
    settle(page)
    page.locator(".stMain .js-plotly-plot").nth(1).wait_for()
    assert min(saved_ticks(page, "snapshot_3", tmp_path)) >= 4.5
    maps = page.locator(".stMain .stImage img")
    eventually(page, lambda: maps.evaluate("img => img.naturalWidth > 1000"), True)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Save all as one page").click()
    saved = tmp_path / "snapshots.html"
    coming.value.save_as(saved)
    context.close()

    alone = browser.new_context(offline=True)
    page, asked, faults = alone.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto(saved.as_uri())
    page.locator(".js-plotly-plot .main-svg").nth(1).wait_for()
    assert page.locator("figure").count() == 4
    assert page.locator(".js-plotly-plot").count() == 2
    labels = [tick.bounding_box() for tick in page.locator(".wide .xtick").all()]
    drawing = page.locator(".wide .main-svg").first.bounding_box()
    assert len(labels) == 6
    assert all(tick["y"] + tick["height"] <= drawing["y"] + drawing["height"] for tick in labels)  # none is cut off
    assert page.locator(".heatmaplayer image").count() == 1
    assert (
        page.locator("figcaption").first.inner_text().startswith("STViT demo, trained at 224 px · cat · 224 × 224 px")
    )
    maps = page.locator("figure", has_text="Maps of the pinned token")
    assert maps.locator("img").evaluate("img => img.naturalWidth > 1000")
    assert "stage 1, block 1 · outgoing, mean over heads · the pinned token at" in maps.inner_text()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert faults == []
    alone.close()
