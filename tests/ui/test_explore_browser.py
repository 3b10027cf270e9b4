"""Explore in the real app: regions in the link, a saved page as it is shown, and the small maps of all heads."""

import re
from pathlib import Path

import pytest

from tests.support.browser_support import PATIENCE, eventually, settle
from tests.support.explorer_support import READY, choose, note

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

HEADS = 2 * 2 + 2 * 4 + 4 * 5 + 2 * 8
"""Of all blocks of the demo."""


def visit(browser, url: str) -> "playwright.Page":
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    page.locator(READY).wait_for()
    settle(page)
    return page


def test_a_region_stands_in_the_link_and_survives_reload(browser, address):
    page = visit(browser, f"{address}/explore?sample=Cat")
    assert "token of 56" not in note(page)
    box = page.locator(".picker").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.mouse.move(5, 5)
    page.wait_for_url(re.compile(r"(?=.*region=rectangle)(?=.*region_height=\d+)(?=.*region_width=\d+)"))
    said = note(page)
    assert said.startswith("rectangle 2")
    count = said.split(", ")[1].split()[0]
    page.get_by_text(f"From the pinned rectangle ({count} tokens), super token attention reaches").wait_for()
    page.reload()
    page.locator(READY).wait_for()
    settle(page)
    assert note(page) == said
    again = visit(browser, page.url)
    assert note(again) == said
    again.close()
    page.close()


@pytest.mark.parametrize("kind", ["super token", "segment"])
def test_a_link_opens_on_a_region(browser, address, kind):
    page = visit(browser, f"{address}/explore?sample=Cat&region={kind.replace(' ', '+')}&row=20&column=30")
    assert re.fullmatch(rf"{kind} \d+, \d+ tokens of 56 × 56", note(page))
    page.get_by_text(re.compile(rf"From the pinned {kind} \(\d+ tokens\)")).wait_for()
    page.close()


def part_of(page) -> list[float]:
    """Return zoom and corner, in shares of the picture, of the part that all pictures show."""
    views = page.locator(".plane").evaluate_all(
        """planes => planes.map((plane) => [plane, plane.parentElement].map((each) => each.getBoundingClientRect()))
        .map(([whole, seen]) => [whole.width / seen.width,
          (seen.x - whole.x) / whole.width, (seen.y - whole.y) / whole.height])"""
    )
    assert all(view == pytest.approx(views[0], abs=0.01) for view in views)
    return views[0]


def test_a_saved_page_opens_as_it_was_shown_and_so_does_the_link(browser, address, tmp_path):
    page = visit(browser, f"{address}/explore?sample=Cat&stage=2&region=super+token")
    choose(page, "Incoming")
    choose(page, "Log")
    choose(page, "Shared")
    page.wait_for_url(re.compile("(?=.*direction=incoming)(?=.*range=shared)"))
    settle(page)
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_url(re.compile(r"(?=.*zoom=1\.5)(?=.*zoom_down=\d+)(?=.*zoom_across=\d+)"))
    settle(page)
    part = pytest.approx(part_of(page), abs=0.01)
    page.go_back()
    eventually(page, lambda: page.locator(".zoom-bar .level").inner_text(), "1×")
    page.wait_for_url(lambda url: "zoom" not in url)
    settle(page)
    page.go_forward()
    page.wait_for_url(re.compile("zoom=1"))
    page.reload()
    page.locator(READY).wait_for()
    settle(page)
    assert part_of(page) == part
    page.locator(".st-key-menu_tools summary").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a page").click()
    path = Path(tmp_path, "saved.html")
    download.value.save_as(path)
    alone = browser.new_page(viewport={"width": 1366, "height": 900})
    alone.goto(path.as_uri())
    alone.locator(READY).wait_for()
    assert note(alone) == note(page)
    assert part_of(alone) == part
    for part in (".options input:checked + span", ".tick", ".figures td", ".panel .note"):
        assert alone.locator(part).all_inner_texts() == page.locator(part).all_inner_texts(), part
    alone.close()
    page.close()


def test_what_is_chosen_beside_a_closed_menu_lasts(browser, address):
    page = visit(browser, f"{address}/explore?sample=Cat")
    row = page.get_by_label("Anchor row")
    page.locator(".st-key-menu_tools summary").first.click()
    row.wait_for()
    page.keyboard.press("Escape")
    row.wait_for(state="hidden")
    before, box = note(page), page.locator(".picker").bounding_box()
    page.mouse.click(box["x"] + 50, box["y"] + 80)
    page.mouse.move(5, 5)
    settle(page)
    chosen, url = note(page), page.url
    assert chosen != before
    page.locator(".st-key-pin_answer button:visible").click()
    page.get_by_text("Pinned: 1 of 24").wait_for()
    settle(page)
    assert (note(page), page.url) == (chosen, url)
    page.locator(".st-key-menu_tools summary").first.click()
    assert f"row {row.input_value()}, column" in chosen
    page.mouse.click(5, 5)
    row.wait_for(state="hidden")
    page.close()


def tiles(page):
    return page.locator(".head-maps .tile")


def test_all_heads_of_all_blocks(browser, address):
    page = visit(browser, f"{address}/explore?sample=Cat")
    page.get_by_text("Show their maps").click()
    tiles(page).nth(HEADS - 1).wait_for()
    assert tiles(page).count() == HEADS
    assert page.locator(".head-maps .row").all_inner_texts()[:4] == ["1.1", "1.2", "2.1", "2.2"]
    tiles(page).nth(HEADS - 1).click()  # the last head of the last block
    page.wait_for_url(re.compile("(?=.*stage=4)(?=.*block=2)(?=.*head=8)"))
    settle(page)
    assert page.locator(".head-maps .tile[aria-current]").get_attribute("aria-label") == "stage 4, block 2, head 8 of 8"
    assert page.locator(".frame[aria-current]").get_attribute("aria-label") == "Stage 4, block 2"
    again = visit(browser, f"{address}/explore?sample=Cat&head_maps=true&head_maps_order=Normalised+entropy")
    tiles(again).nth(HEADS - 1).wait_for()
    values = [float(text) for text in again.locator(".head-maps .value").all_inner_texts()]
    assert len(values) == HEADS
    assert values == sorted(values, reverse=True)
    tiles(again).first.focus()
    again.keyboard.press("ArrowRight")
    assert tiles(again).nth(1).evaluate("tile => tile.matches(':focus')")
    again.close()
    page.close()
