"""Regions as anchors in real Chromium, on a page of its own: drawn, chosen, by keys, and what the figures say."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from analysis.attention.baselines import global_attention
from analysis.figures.canvas import Anchor
from analysis.one_token.region import Region, measure_region, region_tokens, segment_labels
from stvit import BlockId, Capture
from tests.support.browser_support import PATIENCE
from tests.support.explorer_support import MEAN, READY, choose, note, python_rows, sharp_capture
from ui.explorer import standalone_html
from ui.explorer.look import Look

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

FIRST, COARSE = BlockId(0, 0), BlockId(1, 0)
ANCHOR = Anchor(10, 7)
SHOWN = np.random.default_rng(0).integers(0, 256, (12, 13, 3), np.uint8).repeat(8, 0).repeat(8, 1)[:96, :100]


@pytest.fixture(scope="module")
def captured() -> Capture:
    torch.manual_seed(0)
    return sharp_capture()


def opened(browser, captured, folder, viewport=(1440, 1200), **options) -> "playwright.Page":
    path = folder / "explorer.html"
    path.write_text(standalone_html(captured, SHOWN, [FIRST, COARSE], anchor=ANCHOR, **options), encoding="utf-8")
    page = browser.new_page(viewport={"width": viewport[0], "height": viewport[1]})
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
    page.close()


def centre(page, row: int, column: int, where: str = ".picker") -> tuple[float, float]:
    """Return the middle of a token of the first block on the page."""
    box = page.locator(f"{where} .layers").bounding_box()
    return box["x"] + box["width"] * (column + 0.5) / 25, box["y"] + box["height"] * (row + 0.5) / 24


def check_region(page, captured, tokens, block: BlockId = FIRST) -> None:
    """Check the figures of all attentions against the mean of the rows of some tokens."""
    record = captured[block]
    for kind in ("super", "global", "local"):
        rows = python_rows(record, kind, MEAN, False)[tokens]
        expected = measure_region(torch.from_numpy(np.mean(rows, axis=0)), record, Region("super"), tokens)
        found = page.locator(f'.figures td[data-kind="{kind}"]').all_inner_texts()
        numbers = [float(text.removesuffix(" %")) for text in found]
        wanted = [expected[name] for name in ("entropy", "distance", "local_mass", "tokens_for_90", "mass")]
        wanted[2] *= 100
        assert numbers == pytest.approx(wanted, rel=2e-3, abs=0.06), kind
    assert page.locator(".figures caption").inner_text().startswith("Mean row of the region's tokens")


def rectangle(rows: range, columns: range) -> np.ndarray:
    return np.array([row * 25 + column for row in rows for column in columns])


def draw(page, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.mouse.move(*centre(page, *start))
    page.mouse.down()
    page.mouse.move(*centre(page, *end), steps=4)
    page.mouse.up()


def test_shift_and_drag_draw_a_rectangle(page, captured):
    page.keyboard.down("Shift")
    draw(page, (12, 15), (5, 8))
    page.keyboard.up("Shift")
    page.mouse.move(2, 2)
    assert note(page) == "rectangle 8 × 8, 64 tokens of 24 × 25"
    check_region(page, captured, rectangle(range(5, 13), range(8, 16)))
    assert page.get_by_label("What the anchor is").input_value() == "rectangle"
    assert page.locator(".picker .anchor-outline").is_visible()
    assert page.locator(".picker .mark.anchor").is_hidden()


def test_a_plain_drag_moves_the_anchor_as_ever(page):
    draw(page, (12, 15), (5, 8))
    page.mouse.move(2, 2)
    assert note(page) == "row 5, column 8 of 24 × 25"


def test_the_rectangle_follows_the_pointer_and_returns(page, captured):
    page.get_by_label("What the anchor is").select_option("rectangle")
    draw(page, (2, 2), (5, 4))
    page.mouse.move(*centre(page, 20, 20))
    assert note(page) == "rectangle 4 × 3, 12 tokens of 24 × 25 · click to pin"
    check_region(page, captured, rectangle(range(19, 23), range(19, 22)))
    page.mouse.move(2, 2)
    check_region(page, captured, rectangle(range(2, 6), range(2, 5)))


@pytest.mark.parametrize("kind", ["super", "segment"])
def test_a_super_token_and_a_segment_are_pointed_at_and_pinned(page, captured, kind):
    segments = segment_labels(list(captured.values()), SHOWN)
    page.get_by_label("What the anchor is").select_option(kind)
    pinned = region_tokens(Region(kind), captured[FIRST], 10, 7, segments)
    place = next(divmod(token, 25) for token in range(300, 600) if token not in pinned)
    tokens = region_tokens(Region(kind), captured[FIRST], *place, segments)
    page.mouse.move(*centre(page, *place))
    name = "super token" if kind == "super" else "segment"
    assert re.fullmatch(rf"{name} \d+, {len(tokens)} tokens of 24 × 25 · click to pin", note(page))
    check_region(page, captured, tokens)
    page.mouse.click(*centre(page, *place))
    page.mouse.move(2, 2)
    check_region(page, captured, tokens)
    assert page.locator(".spoken").text_content().startswith(name.capitalize())


def test_the_region_stays_its_kind_in_other_blocks(page, captured):
    page.get_by_label("What the anchor is").select_option("super")
    page.locator(".frame").nth(2).click()
    row, column = int(10.5 / 24 * 12), int(7.5 / 25 * 13)
    check_region(page, captured, region_tokens(Region("super"), captured[COARSE], row, column), COARSE)


def test_keys_choose_the_kind_and_size_the_rectangle(page, captured):
    page.locator(".picker").focus()
    page.keyboard.press("a")
    assert note(page).startswith("super token")
    page.keyboard.press("a")
    assert note(page) == "rectangle 5 × 5, 25 tokens of 24 × 25"
    for key in ("h", "w", "w", "Shift+H", "Shift+H"):
        page.keyboard.press(key)
    assert note(page) == "rectangle 4 × 7, 28 tokens of 24 × 25"
    page.keyboard.press("ArrowRight")
    check_region(page, captured, rectangle(range(9, 13), range(5, 12)))
    page.keyboard.press("Shift+A")
    page.keyboard.press("Shift+A")
    assert note(page) == "row 10, column 8 of 24 × 25"


def test_a_large_region_is_added_up_in_slices(browser, tmp_path):
    captured = sharp_capture(224, 224)
    record, shown = captured[FIRST], np.zeros((224, 224, 3), np.uint8)
    path = tmp_path / "explorer.html"
    whole = Region("rectangle", 1000, 1000)
    path.write_text(standalone_html(captured, shown, [FIRST], anchor=Anchor(3, 3)), encoding="utf-8")
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(path.as_uri())
    page.wait_for_selector(READY)
    page.get_by_label("What the anchor is").select_option("rectangle")
    waiting = page.evaluate(
        """() => {
          const picker = document.querySelector(".picker");
          picker.focus();
          const press = (key) => picker.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          for (let i = 0; i < 56; i++) ["h", "w"].forEach(press);
          return document.querySelector('.panel[data-kind="global"]').classList.contains("waiting");
        }"""
    )
    assert waiting  # said at once, while the others are shown
    tokens = region_tokens(whole, record, 3, 3)
    assert note(page) == f"rectangle 56 × 56, {len(tokens):,} tokens of 56 × 56"
    page.locator('.panel[data-kind="global"]:not(.waiting)').wait_for()
    row = global_attention(record).rows(0, len(tokens)).mean(0)
    found = page.locator('.figures td[data-kind="global"]').all_inner_texts()
    expected = measure_region(row, record, whole, tokens)
    assert float(found[0]) == pytest.approx(expected["entropy"], abs=0.006)
    assert float(found[4]) == pytest.approx(1, abs=1e-3)
    page.close()


def test_a_page_opens_with_the_look_and_the_region_that_were_saved(browser, captured, tmp_path):
    look = Look(incoming=True, scale="linear", shared=True, opacity=0.3, boundaries=False, outlines=True)
    page = opened(browser, captured, tmp_path, look=look, region=Region("rectangle", 250, 120), head=1)
    assert note(page) == "rectangle 6 × 3, 18 tokens of 24 × 25"
    assert page.locator('[data-kind="super"] .note').inner_text() == "incoming, head 2 of 3"
    chosen = page.locator(".options input:checked + span").all_inner_texts()
    assert {"Incoming", "Linear", "Shared"} <= set(chosen)
    assert page.get_by_label("Heat opacity").input_value() == "0.3"
    assert not page.locator(".picker .lines").is_visible()
    assert page.locator('[data-kind="super"] .lines').is_visible()
    choose(page, "Outgoing")
    page.close()


def test_a_finger_draws_rectangles_once_it_is_their_turn(browser, captured, tmp_path):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    path = tmp_path / "explorer.html"
    path.write_text(standalone_html(captured, SHOWN, [FIRST], anchor=ANCHOR), encoding="utf-8")
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector(READY)
    page.get_by_label("What the anchor is").select_option("rectangle")
    touch = context.new_cdp_session(page)
    steps = [("touchStart", (3, 3)), *(("touchMove", (row, 3 + row // 2)) for row in range(4, 13))]
    for kind, place in steps:
        x, y = centre(page, *place)
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert note(page) == "rectangle 10 × 7, 70 tokens of 24 × 25"
    assert page.evaluate("scrollY") == 0
    context.close()
