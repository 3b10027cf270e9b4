"""Rollout in Chromium: a click on the picture starts from the token there, and the link says so."""

import pytest

from tests.support.browser_support import PATIENCE, settle

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def test_a_click_starts_from_the_token_and_stands_in_the_link(browser, address):
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/rollout?sample=Cat")
    plot = page.locator(".stMain .js-plotly-plot").first
    plot.wait_for()
    settle(page)
    box = plot.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 4.5 / 7, box["y"] + box["width"] * 2.5 / 7)  # one of 7 x 7 tokens
    page.get_by_label("Anchor row").wait_for()
    page.wait_for_url("**/rollout?**column=4**")
    assert "rollout_start=one+token" in page.url
    assert "stage=4" in page.url
    assert "row=2" in page.url
    page.close()
