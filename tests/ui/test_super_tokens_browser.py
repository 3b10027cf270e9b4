"""Super tokens in real Chromium: a region outlined in all panels, a click, the zoom, and the keys."""

import re
from collections.abc import Iterator

import pytest

from analysis.grouping.groupings import grouping_of
from analysis.grouping.methods import METHODS
from stvit import BlockId, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.browser_support import PATIENCE, eventually, settle

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

MAGENTA = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let [count, top, left, bottom, right] = [0, canvas.height, canvas.width, -1, -1];
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] < 240 || data[at + 1] > 70 || data[at + 2] < 190) continue;
    const [row, column] = [Math.floor(at / 4 / canvas.width), (at / 4) % canvas.width];
    count++;
    [top, left] = [Math.min(top, row), Math.min(left, column)];
    [bottom, right] = [Math.max(bottom, row), Math.max(right, column)];
  }
  return [count, top / canvas.height, left / canvas.width, bottom / canvas.height, right / canvas.width];
}"""
"""How many pixels of a panel have the colour of the outline, and the box around them as shares."""


ALIKE = """async (canvas, source) => {
  const other = new Image();
  other.src = source;
  await other.decode();
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(other, 0, 0, canvas.width, canvas.height);
  const [one, two] = [canvas.getContext("2d"), copy].map((context) =>
    context.getImageData(0, 0, canvas.width, canvas.height).data);
  return one.reduce((sum, value, at) => sum + Math.abs(value - two[at]), 0) / one.length / 255;
}"""
"""How far a panel is from another picture of it, 0 to 1."""


@pytest.fixture
def page(browser, address) -> Iterator["playwright.Page"]:
    page = browser.new_page(viewport={"width": 1440, "height": 1400})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/super-tokens?sample=Cat")
    page.locator("canvas[aria-label^=SLIC]").wait_for()
    settle(page)
    yield page
    page.close()


def panel(page, title: str):
    return page.locator(f"canvas[aria-label^='{title}']")


def point(page, title: str, row: float, column: float) -> tuple[float, float]:
    """Move the pointer to a place of a panel, given in shares, and return where that is."""
    box = panel(page, title).bounding_box()
    x, y = box["x"] + column * box["width"], box["y"] + row * box["height"]
    page.mouse.move(x, y)
    return x, y


def at(row: int, column: int) -> re.Pattern[str]:
    """Return what the address of a token matches."""
    return re.compile(rf"(?=.*\brow={row}\b)(?=.*\bcolumn={column}\b)")


def pictures(page) -> list[str]:
    """Return what two of the panels show."""
    return [panel(page, title).evaluate("canvas => canvas.toDataURL()") for title in ("Learned", "SLIC")]


def readouts(page) -> list[str]:
    return page.locator(".group-panels .readout").all_inner_texts()


def test_a_region_is_outlined_at_the_same_place_in_all_panels(page):
    point(page, "Regular grid", 0.5, 0.5)  # the fourth of seven cells either way
    for title in ("Regular grid", "Learned", "SLIC"):
        outline = panel(page, title)
        eventually(page, lambda outline=outline: outline.evaluate(MAGENTA)[0], lambda count: count > 50)
        _, *box = outline.evaluate(MAGENTA)
        assert box == pytest.approx([3 / 7, 3 / 7, 4 / 7, 4 / 7], abs=0.02)
    page.mouse.move(5, 5)
    eventually(page, lambda: panel(page, "Learned").evaluate(MAGENTA)[0], 0)


def test_what_is_said_of_a_region_is_what_the_labels_hold(page):
    picture = prepare(sample_images()["cat"]())
    record = capture(load_pretrained("demo"), picture.pixels)[BlockId(0, 0)]
    grid, learned = (grouping_of(METHODS[name], picture.shown, record).labels for name in ("grid", "super"))
    inside = learned[grid == grid[28, 28]]
    found = sorted(((inside == group).mean() for group in set(inside.tolist())), reverse=True)
    point(page, "Regular grid", 28.5 / 56, 28.5 / 56)
    said = readouts(page)
    assert said[0] == f"Group {grid[28, 28]}: 2 % of the picture"
    assert said[1] == f"{len(found)} groups here, the largest with {round(100 * found[0])} % of it"


def test_a_click_chooses_the_token_whose_membership_is_shown(page):
    x, y = point(page, "SLIC", 10.5 / 56, 44.5 / 56)
    page.mouse.click(x, y)
    page.wait_for_url(at(10, 44))
    settle(page)
    assert page.get_by_label("Anchor row").input_value() == "10"


def test_all_panels_zoom_and_move_together(page):
    before = pictures(page)
    page.locator(".zoom-bar").get_by_role("button", name="Zoom in").click()
    page.get_by_text("1.5×").wait_for()
    x, y = point(page, "SLIC", 0.5, 0.5)
    page.mouse.down()
    page.mouse.move(x - 60, y - 40, steps=3)
    page.mouse.up()
    assert "row=" not in page.url  # a drag is no click
    page.mouse.move(5, 5)
    eventually(page, lambda: [one != other for one, other in zip(before, pictures(page), strict=True)], [True, True])
    page.get_by_role("button", name="Show the whole picture").click()
    eventually(page, lambda: pictures(page), before)


def test_the_zoom_stands_in_the_link(page, browser):
    page.locator(".zoom-bar").get_by_role("button", name="Zoom in").click()
    page.locator(".zoom-bar").get_by_role("button", name="Zoom in").click()
    x, y = point(page, "SLIC", 0.5, 0.5)
    page.mouse.down()
    page.mouse.move(x - 60, y - 40, steps=3)
    page.mouse.up()
    page.mouse.move(5, 5)
    page.wait_for_url(re.compile(r"(?=.*zoom=2\.25)(?=.*zoom_down=\d+)(?=.*zoom_across=\d+)"))
    settle(page)
    shown = panel(page, "SLIC").evaluate("canvas => canvas.toDataURL()")
    again = browser.new_page(viewport={"width": 1440, "height": 1400})
    again.set_default_timeout(PATIENCE)
    again.goto(page.url)
    panel(again, "SLIC").wait_for()
    again.get_by_text("2.3×").wait_for()
    settle(again)
    eventually(again, lambda: panel(again, "SLIC").evaluate(ALIKE, shown), lambda difference: difference < 0.02)
    again.close()
    page.get_by_role("button", name="Show the whole picture").click()
    page.wait_for_url(lambda url: "zoom" not in url)
    page.get_by_text("1×", exact=True).wait_for()


def test_the_keys_walk_and_choose(page):
    panel(page, "Learned").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert readouts(page)[1].startswith("Group ")
    page.keyboard.press("Enter")
    page.wait_for_url(at(29, 30))


def test_a_phone_has_one_panel_in_a_row(page):
    page.set_viewport_size({"width": 390, "height": 844})
    panels = [panel(page, title) for title in ("Regular grid", "Learned", "SLIC")]
    eventually(page, lambda: len({each.bounding_box()["x"] for each in panels}), 1)
    boxes = [each.bounding_box() for each in panels]
    assert all(300 < box["width"] <= 390 for box in boxes)
