"""The zoom of picture and maps in real Chromium, on a page of its own: buttons, wheel, drags, keys, a saved part."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from analysis.figures.canvas import Anchor
from stvit import BlockId, Capture
from tests.support.browser_support import PATIENCE
from tests.support.explorer_support import READY, note, sharp_capture
from ui.explorer import standalone_html
from ui.zoom.part import WHOLE, Part

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

ROWS, COLUMNS = 24, 25
ANCHOR = Anchor(10, 7)
SHOWN = np.random.default_rng(0).integers(0, 256, (12, 13, 3), np.uint8).repeat(8, 0).repeat(8, 1)[:96, :100]
STEP, NOTCH = 1.5, 1.2
MAP = '[data-kind="global"] .stage'

VIEWS = """stages => stages.map((stage) => {
  const [frame, ground] = [stage, stage.querySelector("img")].map((each) => each.getBoundingClientRect());
  const corner = [(frame.left - ground.left) / ground.width, (frame.top - ground.top) / ground.height];
  return [ground.width / frame.width, ground.height / frame.height, ...corner];
})"""
"""Of every picture: zoom across and down, and the corner of the part that is seen, in shares of the picture."""


@pytest.fixture(scope="module")
def captured() -> Capture:
    torch.manual_seed(0)
    return sharp_capture()


def opened(browser, captured, folder, part=WHOLE, **context) -> "playwright.Page":
    path = folder / "explorer.html"
    path.write_text(standalone_html(captured, SHOWN, [BlockId(0, 0)], anchor=ANCHOR, part=part), encoding="utf-8")
    page = browser.new_context(**({"viewport": {"width": 1440, "height": 1200}} | context)).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(path.as_uri())
    page.wait_for_selector(READY)
    return page


@pytest.fixture
def page(browser, captured, tmp_path) -> Iterator["playwright.Page"]:
    page = opened(browser, captured, tmp_path)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    assert problems == []
    page.context.close()


def at(page, across: float, down: float, where: str = ".picker") -> tuple[float, float]:
    """Return a place on the page from shares of a picture's frame, whatever is seen in it."""
    box = page.locator(where).bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def view(page) -> tuple[float, float, float]:
    """Return zoom and corner, the same for all pictures."""
    views = np.array(page.locator(".stage").evaluate_all(VIEWS))
    assert len(views) == 5
    assert np.abs(views - views[0]).max() < 1e-3
    assert views[0][0] == pytest.approx(views[0][1], rel=1e-3)
    return views[0][0], views[0][2], views[0][3]


def token(page, across: float, down: float) -> tuple[int, int]:
    """Return row and column of the token at shares of the frame."""
    zoom, left, top = view(page)
    return int((top + down / zoom) * ROWS), int((left + across / zoom) * COLUMNS)


def check_hover(page, across: float, down: float) -> None:
    """Check that the anchor, and the reading on the maps, are of the token under the pointer."""
    row, column = token(page, across, down)
    page.mouse.move(*at(page, across, down))
    assert note(page) == f"row {row}, column {column} of {ROWS} × {COLUMNS} · click to pin"
    page.mouse.move(*at(page, across, down, MAP))
    assert page.locator('[data-kind="local"] .reading').inner_text().startswith(f"({row}, {column}): ")


def zoom_in(page, times: int = 3) -> None:
    for _ in range(times):
        page.get_by_role("button", name="Zoom in").click()


def wheel(page, notches: int, *, key: str | None = "Control") -> None:
    if key:
        page.keyboard.down(key)
    for _ in range(abs(notches)):
        page.mouse.wheel(0, -100 if notches > 0 else 100)
    if key:
        page.keyboard.up(key)


def drag(page, start: tuple[float, float], end: tuple[float, float], *, key: str | None = None) -> None:
    if key:
        page.keyboard.down(key)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()
    if key:
        page.keyboard.up(key)


def test_buttons_zoom_all_maps_about_the_anchor_and_fit_shows_all(page):
    across, down = (ANCHOR.column + 0.5) / COLUMNS, (ANCHOR.row + 0.5) / ROWS
    level = page.locator(".zoom-bar .level")
    assert (view(page), level.inner_text()) == (pytest.approx((1, 0, 0)), "1×")
    zoom_in(page, 2)
    assert level.inner_text() == "2.3×"
    zoom = STEP**2
    assert view(page) == pytest.approx((zoom, across * (1 - 1 / zoom), down * (1 - 1 / zoom)), abs=1e-3)
    check_hover(page, 0.15, 0.8)
    check_hover(page, 0.99, 0.01)
    page.get_by_role("button", name="Zoom out").click()
    assert view(page)[0] == pytest.approx(STEP, rel=1e-3)
    page.get_by_role("button", name="Show the whole picture").click()
    assert (view(page), level.inner_text()) == (pytest.approx((1, 0, 0), abs=1e-3), "1×")
    check_hover(page, 0.15, 0.8)


@pytest.mark.parametrize(("where", "key"), [(".picker", "Control"), (MAP, "Meta")])
def test_the_wheel_zooms_about_the_pointer_with_a_key_alone(page, where, key):
    page.mouse.move(*at(page, 0.7, 0.3, where))
    under = token(page, 0.7, 0.3)
    wheel(page, 2, key=None)
    assert view(page)[0] == 1
    wheel(page, 5, key=key)
    zoom = NOTCH**5
    page.wait_for_function("document.querySelector('.level').textContent === '2.5×'")
    assert view(page) == pytest.approx((zoom, 0.7 * (1 - 1 / zoom), 0.3 * (1 - 1 / zoom)), abs=3e-3)
    assert token(page, 0.7, 0.3) == under
    check_hover(page, 0.2, 0.9)
    page.mouse.move(*at(page, 0.2, 0.9, where))
    wheel(page, -7, key=key)
    page.wait_for_function("document.querySelector('.level').textContent === '1×'")
    assert view(page) == pytest.approx((1, 0, 0), abs=1e-3)


@pytest.mark.parametrize(("where", "key"), [(".picker", "Control"), (".picker", "Meta"), (MAP, None)])
def test_a_drag_moves_what_is_zoomed_and_pins_nothing(page, where, key):
    zoom_in(page)
    said = note(page)
    zoom, left, top = view(page)
    start, end = at(page, 0.6, 0.6, where), at(page, 0.5, 0.45, where)
    drag(page, start, end, key=key)
    assert view(page) == pytest.approx((zoom, left + 0.1 / zoom, top + 0.15 / zoom), abs=2e-3)
    drag(page, at(page, 0.1, 0.1, where), at(page, 0.9, 5.0, where), key=key)  # no further than the picture reaches
    assert view(page) == pytest.approx((zoom, max(0.0, left - 0.7 / zoom), 0), abs=2e-3)
    page.mouse.move(2, 2)
    assert note(page) == said
    check_hover(page, 0.3, 0.7)


def test_a_click_on_what_is_zoomed_pins_the_token_under_it(page):
    zoom_in(page)
    for where, across, down in ((MAP, 0.8, 0.2), (".picker", 0.1, 0.9)):
        row, column = token(page, across, down)
        page.mouse.click(*at(page, across, down, where))
        page.mouse.move(2, 2)
        assert note(page) == f"row {row}, column {column} of {ROWS} × {COLUMNS}"


def test_a_plain_drag_on_the_zoomed_picture_moves_the_anchor_and_shift_draws(page):
    zoom_in(page)
    before = view(page)
    (top, left), (bottom, right) = token(page, 0.2, 0.2), token(page, 0.7, 0.8)
    drag(page, at(page, 0.2, 0.2), at(page, 0.7, 0.8))
    page.mouse.move(2, 2)
    assert note(page) == f"row {bottom}, column {right} of {ROWS} × {COLUMNS}"
    drag(page, at(page, 0.2, 0.2), at(page, 0.7, 0.8), key="Shift")
    page.mouse.move(2, 2)
    assert note(page).startswith(f"rectangle {bottom - top + 1} × {right - left + 1}, ")
    assert view(page) == before


def test_keys_zoom_about_the_anchor_and_arrows_keep_it_in_sight(page):
    page.locator(".picker").focus()
    for key in "+=":
        page.keyboard.press(key)
    assert view(page)[0] == pytest.approx(STEP**2, rel=1e-3)
    page.keyboard.press("-")
    assert view(page)[0] == pytest.approx(STEP, rel=1e-3)
    for key in "++":
        page.keyboard.press(key)
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    zoom, left, top = view(page)
    assert note(page).startswith("row 10, column 17 ")
    assert left + 1 / zoom == pytest.approx(18 / COLUMNS, abs=1e-3)  # no further than it takes
    assert top <= ANCHOR.row / ROWS
    page.keyboard.press("0")
    assert view(page) == pytest.approx((1, 0, 0), abs=1e-3)


def test_a_page_opens_on_the_part_that_was_saved(browser, captured, tmp_path):
    page = opened(browser, captured, tmp_path, Part(4, 300, 700))
    assert view(page) == pytest.approx((4, 0.7 - 1 / 8, 0.3 - 1 / 8), abs=1e-3)
    assert page.locator(".zoom-bar .level").inner_text() == "4×"
    check_hover(page, 0.5, 0.25)
    page.context.close()


def test_a_finger_moves_a_zoomed_map_and_the_anchor_on_the_picture(browser, captured, tmp_path):
    page = opened(browser, captured, tmp_path, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    zoom_in(page)
    touch = page.context.new_cdp_session(page)

    def swipe(where: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        page.locator(where).scroll_into_view_if_needed()
        way = [tuple(a + (b - a) * part / 8 for a, b in zip(start, end, strict=True)) for part in range(1, 9)]
        moves = [("touchMove", [place]) for place in way]  # with one alone nothing would scroll
        for kind, points in [("touchStart", [start]), *moves, ("touchEnd", [])]:
            found = [dict(zip("xy", at(page, *point, where), strict=True)) for point in points]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": found})

    zoom, left, top = view(page)
    swipe(MAP, (0.6, 0.8), (0.4, 0.3))
    assert view(page) == pytest.approx((zoom, left + 0.2 / zoom, top + 0.5 / zoom), abs=5e-3)
    row, column = token(page, 0.9, 0.5)
    swipe(".picker", (0.2, 0.5), (0.9, 0.5))
    assert note(page) == f"row {row}, column {column} of {ROWS} × {COLUMNS}"
    page.context.close()
