"""Plotly's charts in real Chromium: pictures zoom, the page scrolls over them, and the keyboard reaches them."""

import re
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.browser_support import PATIENCE, eventually, settle

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

RANGE = "place => place.querySelector('.js-plotly-plot').layout.xaxis.range"
RANGE_DOWN = RANGE.replace("xaxis", "yaxis")
SCROLLED = "document.querySelector('.stMain').scrollTop"
PICTURES = ".stMain .stPlotlyChart:has(.layer-below .imagelayer image, .layer-subplot image, image)"
SIDE = 224


def opened(page, address: str):
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    settle(page)
    page.locator(PICTURES).first.wait_for()
    return page


@pytest.fixture
def page(browser, address) -> Iterator["playwright.Page"]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    yield opened(context.new_page(), f"{address}/rollout")
    context.close()


def test_a_map_zooms_by_its_buttons(page):
    picture = page.locator(PICTURES).nth(1)
    assert picture.evaluate(RANGE) == [0, SIDE]
    picture.hover()
    picture.locator(".modebar-btn[data-title='Zoom in']").click()
    eventually(page, lambda: picture.evaluate(RANGE), lambda ends: 0 < ends[0] < ends[1] < SIDE)
    picture.locator(".modebar-btn[data-title='Reset axes']").click()
    eventually(page, lambda: picture.evaluate(RANGE), [0, SIDE])


def drag(page, start: tuple[float, float], by: float) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*(place + by for place in start), steps=8)
    page.mouse.up()


def reaches(edge: float, ends: list[float]) -> bool:
    return min(abs(end - edge) for end in ends) < 0.5


@pytest.mark.parametrize("number", [0, 1])  # the picture that is clicked, which has no buttons over it, and a map
def test_a_picture_zooms_with_the_wheel_and_control_and_is_dragged(page, number):
    picture = page.locator(PICTURES).nth(number)
    assert picture.evaluate(RANGE) == [0, SIDE]
    buttons, charts = page.locator(".save-chart"), page.locator(".stMain .stPlotlyChart")
    eventually(page, lambda: buttons.count() == charts.count() > 0, True)
    picture.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    eventually(page, lambda: picture.evaluate(RANGE), lambda ends: ends[1] - ends[0] < SIDE)
    page.wait_for_timeout(500)  # for Plotly to have done with the wheel
    low, high = picture.evaluate(RANGE)
    assert page.evaluate(SCROLLED) == 0
    box = picture.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 114, box["y"] + 100, steps=5)
    page.mouse.up()
    eventually(page, lambda: picture.evaluate(RANGE), lambda ends: 0 <= ends[0] < low)  # it follows the pointer
    moved = picture.evaluate(RANGE)
    assert moved[1] - moved[0] == pytest.approx(high - low, rel=0.05)
    for by, edge in ((-box["width"], SIDE), (box["width"], 0)):  # past either edge
        drag(page, (box["x"] + 100, box["y"] + 100), by)
        eventually(page, lambda: picture.evaluate(RANGE), partial(reaches, edge))
        for axis in (RANGE, RANGE_DOWN):
            first, last = sorted(picture.evaluate(axis))
            assert last - first == pytest.approx(high - low, rel=0.01)  # no part of it is cut off


def test_the_wheel_alone_scrolls_the_page(page):
    picture = page.locator(PICTURES).first
    picture.hover()
    page.mouse.wheel(0, 200)
    eventually(page, lambda: page.evaluate(SCROLLED), lambda pixels: pixels > 100)
    assert picture.evaluate(RANGE) == [0, SIDE]


def test_pictures_share_a_wide_window_and_stay_lower_than_it(browser, address):
    page = browser.new_page(viewport={"width": 1920, "height": 600})
    opened(page, f"{address}/rollout")
    boxes = [each.bounding_box() for each in page.locator(PICTURES).all()]
    main = page.locator(".stMainBlockContainer").bounding_box()
    first = [box for box in boxes if abs(box["y"] - boxes[0]["y"]) < 5]
    assert sum(box["width"] for box in first) > 0.85 * (main["width"] - 100)
    assert all(box["height"] < 600 for box in boxes)
    page.close()


def test_the_matrix_is_walked_and_clicked_with_the_keyboard(browser, address):
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    opened(page, f"{address}/redundancy?sample=Cat")
    matrix = page.locator(".st-key-matrix .stPlotlyChart")
    matrix.locator(".points path.point").first.wait_for()
    settle(page)
    with page.expect_download() as coming:
        page.locator(".st-key-matrix .save-chart").click()
    assert coming.value.suggested_filename == "Normalised-entropy-of-every-head-super-token-attention.svg"
    matrix.focus()
    for key in ["ArrowUp"] * 8 + ["ArrowLeft"] * 12 + ["ArrowRight", "ArrowDown"]:
        page.keyboard.press(key)
    page.get_by_text(re.compile("block 1.2, head 2")).first.wait_for()  # what Plotly says of the square
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"(?=.*block=2)(?=.*head=2)"))
    focused = "document.activeElement.closest('[class*=st-key-matrix_0_1_1]') !== null"  # the chart drawn in its place
    eventually(page, lambda: page.evaluate(focused), True)
    settle(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"head=1\b"))
    page.close()


NARROW = """
[...document.querySelectorAll('.js-plotly-plot')].filter(plot => {
  const [wanted, taken] = [plot.layout.margin, plot._fullLayout._size];
  return ['l', 't', 'b'].some(side => Math.abs(wanted[side] - taken[side]) > 1);
}).length
"""
"""Counts charts whose margins Plotly had to change for an axis, so that it drew them twice."""


def test_charts_leave_the_room_that_their_axes_and_legends_take(browser, address):
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    opened(page, f"{address}/redundancy?alike=true")
    eventually(page, lambda: page.locator(".js-plotly-plot").count() >= 7, True)
    settle(page)
    assert page.evaluate(NARROW) == 0
    page.close()


LEGENDS_COVERED = """
[...document.querySelectorAll('[class*=st-key-pinnable_], [class*=st-key-picture_]')].filter(chart => {
  const [words, bar] = ['.legendtext', '.modebar, .save-chart'].map(name => [...chart.querySelectorAll(name)]
    .map(each => each.getBoundingClientRect()));
  return words.some(word => bar.some(one => one.width && one.left < word.right && word.left < one.right &&
    one.top < word.bottom && word.top < one.bottom));
}).length
"""
"""Counts charts whose tools lie over their legend."""


@pytest.mark.parametrize("path", ["rollout", "redundancy", "cost", "super-tokens", "compare", "explore", "what-if"])
def test_on_a_phone_a_swipe_over_a_chart_scrolls_the_page(browser, address, path):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/{path}")
    settle(page)
    assert page.locator(".answer").first.bounding_box()["width"] > 270  # nothing squeezes it from the side
    assert not page.evaluate(LEGENDS_COVERED)
    drawn = page.locator(".stPlotlyChart .nsewdrag, .group-panels canvas, .spots .map, .explorer .picker").first
    drawn.wait_for()
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    before = page.evaluate(SCROLLED)
    x, y = box["x"] + box["width"] / 2, max(box["y"] + box["height"] / 2, 300)
    touch = context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 11):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - 20 * step}]})
        page.wait_for_timeout(16)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    eventually(page, lambda: page.evaluate(SCROLLED) - before, lambda pixels: pixels > 100)
    context.close()
