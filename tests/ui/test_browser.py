"""The real app in a real browser: it starts, takes a picture and shows the attention of a token."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from skimage import data

from tests.support.browser_support import PATIENCE, QUIET

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

ATTENTION_PANELS = (
    "Super token attention, outgoing",
    "Super token attention, incoming",
    "Global attention, outgoing",
    "Local attention, outgoing (7 × 7)",
)


@pytest.fixture
def page(browser, address) -> Iterator["playwright.Page"]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/explore?mode=Figures")
    yield page
    context.close()


def photograph() -> bytes:
    """Return a JPEG file of a photograph that is not among the app's samples as such."""
    buffer = io.BytesIO()
    Image.fromarray(data.chelsea()[:, ::-1].copy()).save(buffer, format="JPEG")
    return buffer.getvalue()


def test_uploaded_photograph_shows_four_attention_panels(page):
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.get_by_test_id("stFileUploaderDropzoneInput").first.wait_for(state="attached")
    uploader = page.get_by_test_id("stFileUploaderDropzoneInput").first
    uploader.set_input_files({"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": photograph()})
    page.get_by_text("cat.jpg").first.wait_for()
    page.locator(QUIET).wait_for()
    for panel in ATTENTION_PANELS:
        page.get_by_text(panel, exact=True).wait_for()
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .heatmaplayer image').length >= 5")
    page.get_by_text("Replay-verified").first.wait_for()
    assert not page.get_by_test_id("stException").count()
    assert not [url for url in failed if "127.0.0.1" not in url], "the app asked for something from outside"


def test_bad_upload_leaves_the_app_usable(page):
    uploader = page.get_by_test_id("stFileUploaderDropzoneInput").first
    uploader.wait_for(state="attached")
    uploader.set_input_files({"name": "fake.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.get_by_text("the sample stays in its place").wait_for()
    for panel in ATTENTION_PANELS:
        page.get_by_text(panel, exact=True).wait_for()
