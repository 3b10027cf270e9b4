"""Every page in real Chromium, light and dark: every word stands out.

How far a page shifts while it loads depends on how busy the machine is; `python -m benchmarks app` measures it.
"""

import pytest

from tests.support.browser_support import PATIENCE, settle
from tests.support.page_checks import EXEMPT, FAINT
from ui.pages.registry import PAGES

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

GROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
WHITE = "rgb(255, 255, 255)"


@pytest.mark.parametrize("path", [page.address for page in PAGES])
def test_every_word_stands_out(browser, address, path):
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/{path}")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"({GROUND} === '{WHITE}') === {str(scheme == 'light').lower()}")
        settle(page)
        found = page.evaluate(FAINT, EXEMPT)
        assert found["count"] > 40
        assert not found["faint"], "\n".join([scheme, *found["faint"]])
    context.close()
