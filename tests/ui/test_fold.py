"""What a laptop shows without scrolling, in real Chromium."""

import pytest

from tests.support.browser_support import PATIENCE, settle
from tests.support.explorer_support import READY

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

LAPTOPS = [(1366, 768), (1440, 900)]
BUTTON = 32
"""Height of a button in CSS pixels."""


def visit(browser, address: str, size: tuple[int, int], path: str) -> "playwright.Page":
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(PATIENCE)
    page.goto(address + path)
    settle(page)
    return page


@pytest.mark.parametrize("size", LAPTOPS, ids=str)
@pytest.mark.parametrize(
    ("choice", "maps"),
    [("", 4), ("stage=3&", 2), ("framing=Whole+picture&", 4), ("variant=STViT-L&weights=random&", 4)],
    ids=["demo", "cell 1", "whole", "large"],
)
def test_picture_and_maps_are_seen_without_scrolling(browser, address, size, choice, maps):
    page = visit(browser, address, size, f"/explore?{choice}sample=China")
    page.locator(READY).wait_for()
    box = page.locator(".picker").bounding_box()
    page.locator(".maps .stage").first.hover()
    readings = page.locator(".panel:visible .reading")
    assert readings.count() == maps
    assert all(text.startswith("(") for text in readings.all_inner_texts())
    assert box["y"] + box["height"] <= size[1]
    for part in [*page.locator(".maps .stage:visible").all(), *readings.all()]:
        assert part.bounding_box()["y"] + part.bounding_box()["height"] <= size[1]
        assert part.bounding_box()["x"] + part.bounding_box()["width"] <= size[0]
    assert page.locator(".stMain").evaluate("each => each.scrollTop") == 0
    assert page.locator(".toolbar").bounding_box()["height"] <= BUTTON + 2  # one row
    page.close()


def test_answer_and_first_charts_of_redundancy_are_seen_without_scrolling(browser, address):
    page = visit(browser, address, LAPTOPS[0], "/redundancy?sample=China")
    charts = page.locator("[class*=st-key-pinnable_depth_]")
    charts.locator(".main-svg").first.wait_for()
    assert "normalised entropy (1 is uniform)" in page.locator(".answer").inner_text()
    for part in [page.locator(".answer"), charts.nth(0), charts.nth(1)]:
        box = part.bounding_box()
        assert 0 <= box["y"] < box["y"] + box["height"] <= LAPTOPS[0][1]
    page.close()


def test_the_prediction_is_seen_without_scrolling(browser, address):
    page = visit(browser, address, LAPTOPS[0], "/")
    bars = page.locator(".stSidebar .stProgress")
    bars.nth(2).wait_for()
    shown = bars.all()
    assert len(shown) == 3
    assert all(bar.bounding_box()["y"] + bar.bounding_box()["height"] <= LAPTOPS[0][1] for bar in shown)
    assert page.get_by_role("button", name="Take the tour").bounding_box()["y"] < LAPTOPS[0][1] / 2
    page.wait_for_function("document.title === 'Start · STViT from inside'")
    page.close()


def test_the_tour_walks_through_all_pages(browser, address):
    page = visit(browser, address, LAPTOPS[0], "/")
    page.get_by_role("button", name="Take the tour").click()
    seen = []
    for stop in range(1, 8):
        page.get_by_text(f"{stop} of 7:").wait_for()
        page.wait_for_url(f"**tour={stop}*")
        seen.append(page.url.partition("?")[0].rpartition("/")[2])
        if stop < 7:
            page.get_by_role("button", name="Next", exact=True).click()
    assert seen == ["explore", "steps", "super-tokens", "redundancy", "rollout", "what-if", "cost"]
    page.get_by_role("button", name="End tour").click()
    page.get_by_text("7 of 7:").wait_for(state="detached")
    page.close()


def test_a_term_says_what_it_means_under_the_pointer(browser, address):
    page = visit(browser, address, LAPTOPS[0], "/")
    term = page.locator(".stMain .term", has_text="super token").first
    assert term.evaluate("each => getComputedStyle(each, '::after').display") == "none"
    term.hover()
    page.wait_for_timeout(500)
    assert term.evaluate("each => getComputedStyle(each, '::after').display") == "block"
    assert "weighted mean" in term.get_attribute("data-means")
    page.close()


def test_the_start_page_opens_at_its_name_too(browser, address):
    page = visit(browser, address, LAPTOPS[0], "/start?sample=Cat")
    page.locator(".network").first.wait_for()
    assert not page.get_by_text("Page not found").count()
    assert "sample=Cat" in page.url
    page.close()
