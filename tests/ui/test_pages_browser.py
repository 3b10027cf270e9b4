"""Pages in real Chromium: a click in the matrix of heads, files that are downloaded and opened, steps."""

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.grouping.groupings import grouping_of
from analysis.grouping.methods import METHODS
from analysis.grouping.tasks import learned_labels
from analysis.one_token.anchor import anchor_maps
from analysis.one_token.contributions import token_output
from analysis.one_token.steps import token_steps
from stvit import BlockId, Capture, capture, load_pretrained
from stvit.images import PreparedImage, prepare
from stvit.images.samples import sample_images
from tests.support.browser_support import PATIENCE, settle
from tests.support.explorer_support import READY, choose

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

FIRST = BlockId(0, 0)
SVG = "{http://www.w3.org/2000/svg}svg"


@pytest.fixture(scope="module")
def picture() -> PreparedImage:
    return prepare(sample_images()["cat"]())


@pytest.fixture(scope="module")
def captured(picture) -> Capture:
    """Return what the app shows first of the sample, captured here."""
    return capture(load_pretrained("demo"), picture.pixels)


@pytest.fixture
def page(browser) -> Iterator["playwright.Page"]:
    context = browser.new_context(viewport={"width": 1440, "height": 1400}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def open_page(page, address: str, path: str) -> None:
    page.goto(address + path)
    settle(page)


def download(page, suffix: str) -> bytes:
    """Press a button of the export and return the file that comes."""
    with page.expect_download() as coming:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name=suffix, exact=True).click()
    assert coming.value.suggested_filename.endswith(f".{suffix.lower()}")
    return coming.value.path().read_bytes()


def open_export(page) -> None:
    page.get_by_role("button", name="Export").click()
    page.get_by_test_id("stPopoverBody").get_by_text("The command").wait_for()


def check_figures(page) -> None:
    """Check that PNG, SVG and PDF are what they say."""
    with Image.open(io.BytesIO(download(page, "PNG"))) as figure:
        assert min(figure.size) > 600
    assert ElementTree.fromstring(download(page, "SVG")).tag == SVG
    assert download(page, "PDF").startswith(b"%PDF-")


def arrays(page) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(download(page, "NPZ"))) as found:
        return dict(found)


def test_a_clicked_square_of_the_matrix_opens_that_head(page, address):
    open_page(page, address, "/redundancy?sample=Cat")
    values = page.locator("[class*=st-key-matrix_]:not([class*=st-key-matrix_attention]) .points path.point")
    values.first.wait_for()
    settle(page)
    assert values.count() == 2 * 2 + 2 * 4 + 4 * 5 + 2 * 8
    stages = [
        (stage, block, head)
        for stage, blocks, heads in ((1, 2, 2), (2, 2, 4), (3, 4, 5), (4, 2, 8))
        for block in range(1, blocks + 1)
        for head in range(1, heads + 1)
    ]
    for _ in range(2):  # the same square opens its head again after another was chosen
        values.nth(stages.index((2, 1, 3))).scroll_into_view_if_needed()
        box = values.nth(stages.index((2, 1, 3))).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.get_by_text("Stage 2, block 1", exact=True).wait_for()
        page.get_by_text("head 3 of 4", exact=True).wait_for()
        settle(page)
        assert re.search(r"stage=2\b", page.url)
        assert re.search(r"head=3\b", page.url)
        page.locator(".st-key-stage").get_by_role("radio", name="1").click()
        page.get_by_text("Stage 1, block 1", exact=True).wait_for()
        settle(page)


def test_a_link_is_followed_over_pages(page, address):
    open_page(page, address, "/steps?sample=Cat&stage=2&block=2&row=5&column=9&head=3")
    page.get_by_role("link", name="Super tokens").click()
    page.get_by_text("stage 2, block 2 · 28 × 28 tokens").wait_for()
    page.get_by_role("link", name="Steps").click()
    page.get_by_text("stage 2, block 2 · head 3 of 4 · token (5, 9)").wait_for()


def test_explore_exports_the_rows_of_the_library(page, address, captured):
    open_page(page, address, "/explore?mode=Figures&sample=Cat&row=20&column=30")
    open_export(page)
    check_figures(page)
    record = captured[FIRST]
    expected = {found.kind + found.title[-8:]: found.values for found in anchor_maps(record, None, 20 * 56 + 30)}
    found = arrays(page)
    assert len(found) == len(expected) == 5
    for values, name in zip(expected.values(), found, strict=True):
        np.testing.assert_allclose(found[name], values, rtol=1e-3, atol=1e-8)
    table = pd.read_csv(io.BytesIO(download(page, "CSV")))
    assert list(table.columns[:3]) == ["row", "column", "super_token_attention_outgoing"]
    assert len(table) == record.grid.num_tokens


def test_super_tokens_exports_the_labels(page, address, captured, picture):
    open_page(page, address, "/super-tokens?sample=Cat")
    open_export(page)
    check_figures(page)
    found = arrays(page)
    assert set(found) == {"picture", "labels_grid", "labels_super", "labels_slic", "membership_0"}
    record = captured[FIRST]
    np.testing.assert_array_equal(found["picture"], picture.shown)
    np.testing.assert_array_equal(found["labels_super"], learned_labels(record, 1))
    np.testing.assert_array_equal(found["labels_slic"], grouping_of(METHODS["slic"], picture.shown, record).labels)
    table = pd.read_csv(io.BytesIO(download(page, "CSV")))
    assert list(table["grouping"]) == ["Regular grid", "Learned super tokens", "SLIC"]


def test_steps_exports_its_numbers(page, address, captured):
    open_page(page, address, "/steps?sample=Cat&row=0&column=9")
    open_export(page)
    check_figures(page)
    steps = token_steps(captured[FIRST], 9)
    found = arrays(page)
    output = token_output(captured[FIRST], 9)
    assert set(found) == {*vars(steps), *output.arrays()}
    np.testing.assert_allclose(found["by_head"], output.by_head, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found["row"], steps.row, rtol=1e-3, atol=1e-8)
    table = pd.read_csv(io.BytesIO(download(page, "CSV")))
    np.testing.assert_allclose(table["weight"], steps.weights, rtol=1e-3)
    assert (table["super_token"] == -1).sum() == 3


def test_the_link_from_explore_to_the_steps_follows_the_pin(page, address, captured):
    open_page(page, address, "/explore?sample=Cat&row=20&column=30")
    page.locator(READY).wait_for()
    box = page.locator(".picker .layers").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 40.5 / 56, box["y"] + box["height"] * 8.5 / 56)
    page.wait_for_url(re.compile("row=8&.*column=40|column=40&.*row=8"))
    settle(page)
    page.locator(".st-key-menu_tools summary").first.click()
    page.get_by_role("link", name="Follow this token step by step").click()
    page.get_by_text("token (8, 40), real numbers").wait_for()
    page.get_by_role("heading", name="1. Average").wait_for()
    steps = token_steps(captured[FIRST], 8 * 56 + 40)
    page.get_by_text(f"It belongs most to super token {steps.heaviest} ({steps.weights.max():.3f} of 1)").wait_for()
    assert not page.get_by_test_id("stException").count()


def test_explorer_in_the_app_shows_what_python_computes(page, address, captured):
    open_page(page, address, "/explore?sample=Cat&row=20&column=30")
    page.locator(READY).wait_for()
    choose(page, "Linear")
    box = page.locator(".picker .layers").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 12.5 / 56, box["y"] + box["height"] * 33.5 / 56)
    page.get_by_text("row 33, column 12 of 56 × 56 · click to pin").wait_for()
    ticks = page.locator('[data-kind="super"] .tick').all_inner_texts()
    row = captured[FIRST].token_attention().row(33 * 56 + 12).numpy()
    assert float(ticks[2]) == pytest.approx(row.max(), rel=0.06)
    entropy = float(page.locator('.figures td[data-kind="super"]').first.inner_text())
    share = row[row > 0] / row.sum()
    assert entropy == pytest.approx(-(share * np.log(share)).sum(), abs=0.02)


def test_saved_page_of_the_app_opens_from_disk(page, address, browser, tmp_path):
    open_page(page, address, "/explore?sample=Cat&row=20&column=30")
    page.locator(READY).wait_for()
    with page.expect_download() as coming:
        page.locator(".st-key-menu_tools summary").first.click()
        page.get_by_role("button", name="Save as a page").click()
    path = tmp_path / "explorer.html"
    coming.value.save_as(path)
    assert path.stat().st_size < 3 * 10**6
    alone = browser.new_page(color_scheme="dark")
    asked: list[str] = []
    alone.on("request", lambda request: request.url.startswith("http") and asked.append(request.url))
    alone.goto(path.as_uri())
    alone.locator(READY).wait_for()
    assert alone.locator(".chooser .note").inner_text().startswith("row 20, column 30 of 56 × 56")
    assert asked == []
    colour = alone.locator(".explorer h3").first.evaluate("each => getComputedStyle(each).color")
    assert min(int(part) for part in re.findall(r"\d+", colour)[:3]) > 200
    alone.close()


@pytest.mark.parametrize(
    "path", ["/start", "/explore", "/steps", "/super-tokens", "/redundancy", "/rollout", "/what-if", "/cost"]
)
def test_pages_fit_a_narrow_window(browser, address, path):
    page = browser.new_page(viewport={"width": 400, "height": 850})
    page.set_default_timeout(PATIENCE)
    page.goto(address + path)
    page.locator(".stMain").get_by_role("button").first.wait_for()
    settle(page)
    wide = page.locator(".stMain").evaluate("each => each.scrollWidth - each.clientWidth")
    assert wide <= 0
    assert not page.get_by_test_id("stException").count()
    page.close()
