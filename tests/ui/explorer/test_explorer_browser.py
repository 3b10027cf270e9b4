"""The explorer in real Chromium, on a page of its own that is opened from disk."""

import base64
import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from matplotlib import colormaps

from analysis.figures.canvas import Anchor
from analysis.redundancy.measure import measure_row
from stvit import BlockId, Capture, SoftmaxAttention
from tests.support.browser_support import PATIENCE
from tests.support.explorer_support import MEAN, READY, check_close, choose, note, python_row, sharp_capture
from ui.explorer import standalone_html
from ui.explorer.block_payload import block_payload
from ui.explorer.bundle import script

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

FIRST, COARSE = BlockId(0, 0), BlockId(1, 0)
ANCHOR = Anchor(10, 7)

ROWS = """(bytes, requests) => {
  const binary = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
  const block = makeBlock(decodePayload(binary));
  return requests.map(({ kind, token, head, incoming }) =>
    [...ATTENTIONS[kind](block, [token], head, incoming, new Float32Array(block.N))]);
}"""


@pytest.fixture(scope="module")
def captured() -> Capture:
    torch.manual_seed(0)  # made before the seed of any test
    return sharp_capture()


@pytest.fixture(scope="module")
def page_file(captured, tmp_path_factory) -> str:
    shown = np.tile(np.linspace(0, 255, 100, dtype=np.uint8)[None, :, None], (96, 1, 3))
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    text = standalone_html(captured, shown, [FIRST, COARSE], anchor=ANCHOR, title="A ramp", alt="A grey ramp")
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser, page_file) -> Iterator["playwright.Page"]:
    context = browser.new_context(viewport={"width": 1440, "height": 1200})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    problems = watch(page)
    page.goto(page_file)
    page.wait_for_selector(READY)
    yield page
    assert problems == []
    context.close()


def watch(page) -> list[str]:
    """Collect errors, warnings and requests that leave the file."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: message.type in ("error", "warning") and problems.append(message.text))
    page.on("request", lambda request: request.url.startswith(("http:", "https:")) and problems.append(request.url))
    return problems


def centre(page, row: int, column: int, grid, where: str = ".picker") -> tuple[float, float]:
    """Return the middle of a token on the page."""
    box = page.locator(f"{where} .layers").bounding_box()
    return box["x"] + box["width"] * (column + 0.5) / grid.width, box["y"] + box["height"] * (row + 0.5) / grid.height


def figures(page, kind: str) -> list[str]:
    return page.locator(f'.figures td[data-kind="{kind}"]').all_inner_texts()


def expected_figures(captured: Capture, kind: str, row: int, column: int, block: BlockId = FIRST) -> list[str]:
    record = captured[block]
    token = record.grid.token(row, column)
    summary = measure_row(python_row(record, kind, token, MEAN, False), record.grid, token, 4 * 2**block.stage)
    return [
        f"{summary['entropy']:.2f}",
        f"{summary['distance']:.1f}",
        f"{100 * summary['local_mass']:.1f} %",
        str(int(summary["tokens_for_90"])),
        f"{summary['mass']:.3f}",
    ]


def check_figures(page, captured: Capture, row: int, column: int, block: BlockId = FIRST) -> None:
    for kind in ("super", "global", "local"):
        for found, expected in zip(
            figures(page, kind), expected_figures(captured, kind, row, column, block), strict=True
        ):
            digits = [float(text.removesuffix(" %")) for text in (found, expected)]
            assert digits[0] == pytest.approx(digits[1], rel=1e-3, abs=0.0101 if "." in expected else 1), kind


@pytest.mark.parametrize("block", [BlockId(0, 0), BlockId(1, 0), BlockId(3, 0)], ids=str)
def test_chromium_computes_the_rows_of_the_library(browser, captured, block):
    record = captured[block]
    page = browser.new_page()
    page.set_content("<p>rows</p>")
    page.add_script_tag(content=script())
    requests = [
        {"kind": kind, "token": token, "head": head, "incoming": incoming}
        for kind in ("super", "global", "local")
        for token in (0, record.grid.num_tokens - 2)
        for head in (MEAN, record.heads - 1)
        for incoming in (False, True)
    ]
    payload = json.dumps(base64.b64encode(block_payload(record, 4)).decode())
    rows = page.evaluate(f"({ROWS})({payload}, {json.dumps(requests)})")
    for request, row in zip(requests, rows, strict=True):
        check_close(row, python_row(record, **request))
    page.close()


def test_page_shows_the_anchor_it_was_given(page, captured):
    assert page.title() == "A ramp"
    assert note(page).startswith("row 10, column 7 of 24 × 25")
    check_figures(page, captured, 10, 7)


def test_hover_is_live_and_leaving_returns_to_the_pin(page, captured):
    page.mouse.move(*centre(page, 3, 20, captured[FIRST].grid))
    assert note(page) == "row 3, column 20 of 24 × 25 · click to pin"
    check_figures(page, captured, 3, 20)
    page.mouse.move(2, 2)
    assert note(page) == "row 10, column 7 of 24 × 25"
    check_figures(page, captured, 10, 7)


def test_click_pins(page, captured):
    page.mouse.click(*centre(page, 5, 6, captured[FIRST].grid))
    page.mouse.move(2, 2)
    assert note(page) == "row 5, column 6 of 24 × 25"


def inferno(levels: np.ndarray) -> np.ndarray:
    return colormaps["inferno"](levels, bytes=True)[:, :3].astype(int)


def test_heat_is_the_row_in_colours(page, captured):
    row = python_row(captured[FIRST], "super", captured[FIRST].grid.token(10, 7), MEAN, False)
    choose(page, "Linear")
    pixels = page.evaluate(
        """() => { const canvas = document.querySelector('[data-kind="super"] canvas');
        return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]; }"""
    )
    levels = np.rint(row / row.max() * 255).astype(int)
    near = [inferno(np.clip(levels + by, 0, 255)) for by in (-1, 0, 1)]
    found = np.array(pixels).reshape(-1, 4)[:, :3]
    assert (np.stack([np.abs(found - colours).max(-1) for colours in near]).min(0) == 0).all()


def test_arrow_keys_move_the_anchor_and_stop_at_the_border(page):
    page.locator(".picker").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert note(page) == "row 9, column 8 of 24 × 25"
    page.keyboard.press("Shift+ArrowDown")
    assert note(page) == "row 14, column 8 of 24 × 25"
    for _ in range(10):
        page.keyboard.press("Shift+ArrowLeft")
    assert note(page) == "row 14, column 0 of 24 × 25"


def test_dragging_by_touch_moves_the_anchor(browser, page_file, captured):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(page_file)
    page.wait_for_selector(READY)
    start, end = (centre(page, *position, captured[FIRST].grid) for position in ((2, 2), (12, 20)))
    touch = context.new_cdp_session(page)
    for kind, places in (("touchStart", [start]), ("touchMove", [end]), ("touchEnd", [])):
        points = [{"x": x, "y": y} for x, y in places]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert note(page) == "row 12, column 20 of 24 × 25"
    assert page.evaluate("scrollY") == 0
    context.close()


def test_a_vertical_swipe_on_the_picture_scrolls_the_page(browser, page_file):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(page_file)
    page.wait_for_selector(READY)
    before = note(page)
    box = page.locator(".picker").bounding_box()
    x, start = box["x"] + box["width"] / 4, min(box["y"] + box["height"], 844) - 20
    touch = context.new_cdp_session(page)
    points = [("touchStart", start), *(("touchMove", start - by) for by in range(20, 220, 20))]
    for kind, y in points:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("scrollY > 100", timeout=10_000)
    assert note(page) == before  # the anchor stays where it was pinned
    context.close()


def test_pointing_at_a_panel_reads_all_panels(page, captured):
    grid = captured[FIRST].grid
    page.mouse.move(*centre(page, 4, 4, grid, '[data-kind="global"]'))
    for kind in ("super", "global"):
        value = python_row(captured[FIRST], kind, grid.token(10, 7), MEAN, False)[grid.token(4, 4)]
        reading = page.locator(f'[data-kind="{kind}"] .reading').inner_text()
        found = re.fullmatch(r"\(4, 4\): (\S+) · (\S+) × uniform", reading)
        assert float(found[1]) == pytest.approx(value, rel=0.06)
        assert float(found[2]) == pytest.approx(value * grid.num_tokens, abs=0.006)
    assert note(page).startswith("row 10, column 7")  # the anchor stays
    page.mouse.click(*centre(page, 4, 4, grid, '[data-kind="global"]'))
    assert note(page).startswith("row 4, column 4")


def ticks(page, kind: str) -> list[float]:
    return [float(text) for text in page.locator(f'[data-kind="{kind}"] .tick').all_inner_texts()]


def test_colour_bars_are_in_absolute_units(page, captured):
    rows = {
        kind: python_row(captured[FIRST], kind, captured[FIRST].grid.token(10, 7), MEAN, False)
        for kind in ("super", "global", "local")
    }
    choose(page, "Linear")
    for kind, row in rows.items():
        assert ticks(page, kind) == pytest.approx([0, row.max() / 2, row.max()], rel=0.06)
    highest = max(row.max() for row in rows.values())
    choose(page, "Shared")
    assert ticks(page, "super")[2] == pytest.approx(highest, rel=0.06)
    choose(page, "Log")
    assert ticks(page, "local") == pytest.approx([highest / 10**by for by in (4, 2, 0)], rel=0.06)
    choose(page, "Rank")
    assert ticks(page, "super") == pytest.approx(np.quantile(rows["super"], [0, 0.5, 1], method="nearest"), rel=0.06)
    assert page.locator(".choice:disabled legend").all_inner_texts() == ["Colour range"]


def test_every_map_is_in_multiples_of_uniform_attention_at_first(page, captured):
    for kind in ("super", "global", "local"):
        assert page.locator(f'[data-kind="{kind}"] .tick').all_inner_texts() == ["0.01×", "1×", "100×"]
        assert page.locator(f'[data-kind="{kind}"] .reading').inner_text() == "times uniform attention"
    assert page.locator(".choice:disabled legend").all_inner_texts() == ["Colour range"]
    row = python_row(captured[FIRST], "global", captured[FIRST].grid.token(10, 7), MEAN, False)
    levels = np.rint(np.clip(128 / 255 + np.log10(row * len(row)) / 4, 0, 1) * 255)
    found = page.evaluate(
        """() => { const canvas = document.querySelector('[data-kind="global"] canvas');
        return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]; }"""
    )
    found = np.array(found).reshape(-1, 4)[:, :3]
    near = [inferno(np.clip(levels + by, 0, 255).astype(int)) for by in (-1, 0, 1)]
    assert (np.stack([np.abs(found - colours).max(-1) for colours in near]).min(0) == 0).all()


def test_head_and_direction_change_what_is_shown(page, captured):
    record = captured[FIRST]
    token = record.grid.token(10, 7)
    choose(page, "Linear")
    choose(page, "2")
    assert ticks(page, "super")[2] == pytest.approx(python_row(record, "super", token, 1, False).max(), rel=0.06)
    choose(page, "Incoming")
    assert ticks(page, "super")[2] == pytest.approx(python_row(record, "super", token, 1, True).max(), rel=0.06)
    assert page.locator('[data-kind="super"] .note').inner_text() == f"incoming, head 2 of {record.heads}"
    assert "Mass received" in page.locator(".figures").inner_text()


def test_blocks_change_by_click_and_key_and_keep_the_place(page, captured):
    page.locator(".frame").nth(2).click()
    row, column = int(10.5 / 24 * 12), int(7.5 / 25 * 13)
    assert note(page) == f"row {row}, column {column} of 12 × 13"
    check_figures(page, captured, row, column, COARSE)
    page.locator(".picker").focus()
    page.keyboard.press("Shift+Digit1")
    assert note(page) == "row 10, column 7 of 24 × 25"  # the exact place, not the middle of the coarse token
    page.keyboard.press("Digit2")  # not in the file
    assert page.locator(".frame[aria-current]").get_attribute("aria-label") == "Stage 1, block 1"
    assert page.locator(".frame").nth(1).is_disabled()


def test_the_token_under_the_pointer_is_kept_when_keys_change_the_block(page, captured):
    page.locator(".picker").focus()
    page.mouse.move(*centre(page, 4, 20, captured[FIRST].grid))
    page.keyboard.press("Shift+Digit2")
    assert note(page) == "row 2, column 10 of 12 × 13 · click to pin"


def test_pinned_anchor_is_spoken(page, captured):
    page.mouse.click(*centre(page, 5, 6, captured[FIRST].grid))
    entropy, _, _, tokens, _ = expected_figures(captured, "super", 5, 6)
    said = page.locator(".spoken").text_content()
    assert said.startswith(f"Row 5, column 6. Super token attention: entropy {entropy[:-1]}")
    assert f"{tokens} tokens hold 90 %" in said


def test_play_walks_to_the_last_block_and_stops(page):
    page.get_by_role("button", name="Play").click()
    page.locator('.frame[aria-current][aria-label="Stage 2, block 1"]').wait_for()
    page.get_by_role("button", name="Play").wait_for()


def test_boundaries_and_heat_can_be_taken_away(page):
    on_picture, on_map = page.locator(".picker .lines"), page.locator('[data-kind="super"] .lines')
    assert on_picture.is_visible()
    assert "H" in on_picture.locator("path").first.get_attribute("d")
    assert not on_map.is_visible()  # heat is read without them; they can be had
    page.get_by_text("Display", exact=True).click()
    page.get_by_role("checkbox", name="Maps").check()
    assert on_map.is_visible()
    page.get_by_role("checkbox", name="Picture").uncheck()
    assert not on_picture.is_visible()
    assert on_map.is_visible()
    page.get_by_label("Heat opacity").fill("0.25")
    opacity = page.locator('[data-kind="super"] .heat').evaluate("canvas => getComputedStyle(canvas).opacity")
    assert float(opacity) == 0.25


@pytest.mark.parametrize("width", [360, 390, 700, 1024, 1440, 3840])
def test_every_width_fits(browser, page_file, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(page_file)
    page.wait_for_selector(READY)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for stage in page.locator(".stage").all():
        box = stage.bounding_box()
        assert box["width"] >= 130
        assert box["width"] / box["height"] == pytest.approx(100 / 96, rel=0.02)
    page.close()


def test_a_tall_picture_and_its_maps_are_seen_together(browser, tmp_path):
    captured = sharp_capture(448, 64)
    shown = np.tile(np.linspace(0, 255, 448, dtype=np.uint8)[:, None, None], (1, 64, 3))
    path = tmp_path / "tall.html"
    path.write_text(standalone_html(captured, shown, [FIRST], anchor=Anchor(50, 8)), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_selector(READY)
    boxes = [panel.bounding_box() for panel in page.locator(".panel").all()]
    assert len(boxes) == 5
    assert max(box["y"] + box["height"] for box in boxes) - min(box["y"] for box in boxes) <= 900
    assert page.locator(".strip").bounding_box()["height"] <= 150
    for stage in page.locator(".stage").all():
        box = stage.bounding_box()
        assert box["width"] / box["height"] == pytest.approx(64 / 448, rel=0.02)
    page.locator(".body").evaluate("body => body.scrollIntoView()")
    grid = captured[FIRST].grid
    for row, column in ((0, 0), (60, 3), (111, 15)):
        page.mouse.move(*centre(page, row, column, grid))
        assert note(page) == f"row {row}, column {column} of 112 × 16 · click to pin"
        page.mouse.move(*centre(page, row, column, grid, '[data-kind="super"]'))
        assert page.locator('[data-kind="local"] .reading').inner_text().startswith(f"({row}, {column}): ")
    page.close()


def test_the_strip_and_the_notes_are_whole(browser, page_file):
    page = browser.new_page(viewport={"width": 640, "height": 900})
    page.goto(page_file)
    page.wait_for_selector(READY)
    for width in (640, 768, 1024, 1366):
        page.set_viewport_size({"width": width, "height": 900})
        for part in (".film", ".note", ".numbers"):
            assert page.locator(part).evaluate_all("all => all.every((each) => each.scrollWidth <= each.clientWidth)")
    page.close()


@pytest.mark.parametrize("scale", ["× uniform", "Linear", "Log", "Rank"])
def test_labels_of_the_colour_bars_are_whole(browser, page_file, scale):
    page = browser.new_page(viewport={"width": 360, "height": 900})
    page.goto(page_file)
    page.wait_for_selector(READY)
    choose(page, scale)
    for width in (360, 640, 1366):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator(".tick").evaluate_all("all => all.every((each) => each.scrollWidth <= each.clientWidth)")
    page.close()


def test_values_that_are_no_numbers_do_not_break_the_page(browser, tmp_path):
    captured = sharp_capture()
    query, key = (torch.full_like(each, torch.nan) for each in captured[COARSE].token_query_key())
    record = captured[COARSE]
    record.super_attention.fill_(torch.inf)
    path = tmp_path / "broken.html"
    with pytest.MonkeyPatch.context() as patch:
        broken = SoftmaxAttention(query, key, record.scale)
        patch.setattr("ui.explorer.block_payload.global_attention", lambda record, image: broken)
        shown = np.zeros((96, 100, 3), np.uint8)
        path.write_text(standalone_html(captured, shown, [COARSE], anchor=Anchor(3, 3)), encoding="utf-8")
    page = browser.new_page()
    problems = watch(page)
    page.goto(path.as_uri())
    page.wait_for_selector(READY)
    for scale in ("× uniform", "Linear", "Log", "Rank"):
        choose(page, scale)
        page.mouse.move(*centre(page, 1, 1, record.grid, '[data-kind="global"]'))
        assert "–" in page.locator('[data-kind="global"] .reading').inner_text()
        assert not re.search("NaN|Infinity", page.locator(".explorer").inner_text())
    assert set(figures(page, "global")) == {"–"}
    choose(page, "Incoming")
    assert problems == []
    page.close()


def test_everything_has_a_name_and_a_focus_ring(page):
    assert page.get_by_role("application").get_attribute("aria-label").startswith("A grey ramp. Hover or drag")
    page.get_by_text("Display", exact=True).click()
    page.locator("h1").click()
    for role in ("button", "radio", "checkbox", "slider"):
        for control in page.get_by_role(role).all():
            name = control.evaluate("each => each.ariaLabel || each.closest('label, button').innerText")
            assert name.strip()
    assert page.get_by_role("img").count() == 4
    for stage in page.get_by_role("img").all():
        assert "heat map" in stage.get_attribute("aria-label")
    page.keyboard.press("Tab")
    seen = set()
    for _ in range(16):
        style = "each => getComputedStyle(each.matches('.options input') ? each.nextElementSibling : each).outlineStyle"
        focused = page.locator(":focus")
        if not focused.count():
            break
        seen.add(focused.evaluate("each => each.className || each.type"))
        assert focused.evaluate(style) != "none"
        page.keyboard.press("Tab")
    assert {"radio", "range", "checkbox", "play", "frame", "stage picker"} <= seen
