"""Steps in real Chromium: arrow keys and clicks, all in the link."""

import re
from collections.abc import Iterator

import pytest

from tests.support.browser_support import PATIENCE, eventually, settle

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def page(browser, address) -> Iterator["playwright.Page"]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/steps?sample=Cat")
    page.get_by_role("heading", name="1. Average").wait_for()
    settle(page)
    yield page
    page.close()


def test_arrow_keys_walk_and_the_link_says_where(page):
    page.keyboard.press("ArrowRight")
    page.get_by_role("heading", name="2. Nine dot products").wait_for()
    page.wait_for_url(re.compile(r"step=2\b"))
    page.keyboard.press("ArrowRight")
    page.get_by_role("heading", name="3. Softmax").wait_for()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("heading", name="2. Nine dot products").wait_for()
    page.goto(page.url)
    page.get_by_role("heading", name="2. Nine dot products").wait_for()


def test_a_click_on_the_picture_chooses_the_token(page):
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{page.url}&size=512")
    settle(page)
    plots = page.locator(".stMain .js-plotly-plot")
    main = page.locator(".stMainBlockContainer").bounding_box()["width"]
    eventually(page, lambda: [plot.bounding_box()["width"] / main > 0.32 for plot in plots.all()], [True, True])
    for column, row in ((9, 20), (77, 101)):
        box = plots.first.bounding_box()
        page.mouse.click(box["x"] + box["width"] * (column + 0.5) / 128, box["y"] + box["width"] * (row + 0.5) / 128)
        page.get_by_text(f"token ({row}, {column}), real numbers").wait_for()
        page.wait_for_url(re.compile(rf"(?=.*row={row}\b)(?=.*column={column}\b)"))
        settle(page)


def test_question_answer_and_step_are_seen_without_scrolling(page):
    for number in range(2, 11):
        page.get_by_role("button", name="Next").click()
        page.get_by_role("heading", name=f"{number}. ").wait_for()
    settle(page)
    for plot in page.locator(".stMain .js-plotly-plot").all():
        box = plot.bounding_box()
        assert box["y"] + box["height"] <= 768
        assert box["x"] + box["width"] <= 1366
