"""Compare in real Chromium: a click in one map moves the frame in all of them, and so do the arrow keys."""

import pytest

from tests.support.browser_support import PATIENCE, eventually, settle

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

WHERE = """maps => maps.map(map => {
  const frame = map.querySelector(".frame").getBoundingClientRect(), box = map.getBoundingClientRect();
  return [(frame.top + frame.height / 2 - box.top) / box.height, (frame.left + frame.width / 2 - box.left) / box.width];
})"""


def settled(page, expected: tuple[float, float]) -> None:
    """Wait until the frames of all maps lie at a share of the map, within a token."""
    page.wait_for_function(
        f"""() => {{
          const found = [...document.querySelectorAll("*")].map(e => e.shadowRoot).filter(Boolean);
          const maps = found.flatMap(root => [...root.querySelectorAll(".map")]);
          const where = ({WHERE})(maps);
          return maps.length === 3 &&
            where.every(([y, x]) => Math.abs(y - {expected[0]}) < 0.02 && Math.abs(x - {expected[1]}) < 0.02);
        }}"""
    )


def rows_of_frames(page) -> list[float]:
    """Return how many of 56 tokens lie above the middle of each map's frame."""
    places = page.locator(".map").evaluate_all(WHERE)
    return [56 * down for down, _ in places]


@pytest.mark.parametrize("clicked", [0, 1, 2])
def test_one_click_drives_all_maps(browser, address, clicked):
    context = browser.new_context(viewport={"width": 1366, "height": 1200})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/compare?sample=Cat")
    maps = page.locator(".map")
    maps.nth(2).wait_for()
    settle(page)
    box = maps.nth(clicked).bounding_box()
    maps.nth(clicked).click(position={"x": 0.25 * box["width"], "y": 0.75 * box["height"]})
    settled(page, (0.75, 0.25))
    page.wait_for_function("() => new URLSearchParams(location.search).has('down')")
    settle(page)
    maps.nth(clicked).focus()
    for step in range(1, 5):
        before = page.url
        maps.nth(clicked).press("ArrowUp")
        page.wait_for_function(f"() => location.href !== {before!r}")
        settle(page)
        settled(page, (0.75 - step / 56, 0.25))
    context.close()


def test_quick_presses_are_all_counted(browser, address):
    page = browser.new_page(viewport={"width": 1366, "height": 1200})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/compare?sample=Cat&down=750&across=250")
    maps = page.locator(".map")
    maps.nth(2).wait_for()
    settle(page)
    before = rows_of_frames(page)
    maps.nth(0).focus()
    for press in range(12):
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(60 if press % 3 else 250)  # now and then an answer comes between two presses
    expected = pytest.approx([row - 12 for row in before], abs=0.2)
    eventually(page, lambda: rows_of_frames(page), expected)
    settle(page)
    assert rows_of_frames(page) == expected
    page.close()
