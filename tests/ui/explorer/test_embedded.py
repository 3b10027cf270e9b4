"""The explorer inside another page, in the frame that docs/embedding.md tells people to write."""

import numpy as np
import pytest

from analysis.figures.canvas import Anchor
from stvit import BlockId
from tests.support.browser_support import PATIENCE, eventually
from tests.support.documents import blocks
from tests.support.explorer_support import READY, sharp_capture
from tests.support.paths import ROOT
from ui.explorer import standalone_html

pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

(FRAME,) = blocks(ROOT / "docs" / "embedding.md", "html")
POLICY = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; script-src 'unsafe-inline'; {}\">"
STYLES = "style-src 'unsafe-inline'; img-src data: blob:"


@pytest.mark.parametrize("sandbox", ["", 'sandbox="allow-scripts" '], ids=["plain", "sandboxed"])
@pytest.mark.parametrize("policy", ["", POLICY.format(STYLES)], ids=["no policy", "inline alone"])
def test_the_frame_shows_the_maps_and_answers_the_pointer(browser, tmp_path, sandbox, policy):
    shown = np.tile(np.linspace(0, 255, 100, dtype=np.uint8)[None, :, None], (96, 1, 3))
    text = standalone_html(sharp_capture(), shown, [BlockId(0, 0)], anchor=Anchor(10, 7))
    (tmp_path / "explorer.html").write_text(text.replace("<head>", f"<head>{policy}"), encoding="utf-8")
    (tmp_path / "page.html").write_text(f"<h1>A page</h1>{FRAME.replace('<iframe ', f'<iframe {sandbox}')}")
    page = browser.new_page(viewport={"width": 1366, "height": 1000})
    page.set_default_timeout(PATIENCE)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: message.type == "error" and problems.append(message.text))
    page.goto((tmp_path / "page.html").as_uri())
    frame = page.frame_locator("iframe")
    frame.locator(READY).wait_for()
    before = frame.locator(".figures").inner_text()
    frame.locator(".picker .layers").hover(position={"x": 20, "y": 20})
    eventually(page, frame.locator(".figures").inner_text, lambda figures: figures != before)
    assert problems == []
    page.close()
