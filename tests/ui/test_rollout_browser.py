"""Rollout in Chromium: a click on the picture starts from the token there, and the link says so."""

from collections.abc import Iterator

import pytest

from tests.support.browser_support import served_app

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

QUIET = ".stApp[data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory) -> Iterator[str]:
    with served_app(tmp_path_factory.mktemp("app") / "log.txt") as served:
        yield served


def test_a_click_starts_from_the_token_and_stands_in_the_link(browser, address):
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(120_000)
    page.goto(f"{address}/rollout?sample=Cat")
    plot = page.locator(".stMain .js-plotly-plot").first
    plot.wait_for()
    page.locator(QUIET).wait_for()
    box = plot.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 4.5 / 7, box["y"] + box["width"] * 2.5 / 7)  # one of 7 x 7 tokens
    page.get_by_label("Anchor row").wait_for()
    page.wait_for_url("**/rollout?**column=4**")
    assert "rollout_start=one+token" in page.url
    assert "stage=4" in page.url
    assert "row=2" in page.url
    page.close()
