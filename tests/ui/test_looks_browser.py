"""Every page in real Chromium, light and dark: nothing jumps while it loads, and every word stands out."""

import pytest

from tests.support.page_checks import EXEMPT, FAINT, WATCH_SHIFTS, cumulative_shift
from ui.pages.registry import PAGES

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

PATIENCE = 300_000
QUIET = ".stApp[data-test-script-state=notRunning]"
MOST_SHIFT = 0.1
"""What web.dev/cls calls good."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [page.address for page in PAGES])
def test_a_page_keeps_still_and_its_words_stand_out(browser, address, path, scheme):
    found, shifts = look(browser, f"{address}/{path}", scheme)
    assert found["count"] > 40
    assert not found["faint"], "\n".join(found["faint"])
    if cumulative_shift(shifts) >= MOST_SHIFT:  # a machine that stalls may bring the style late: once is no proof
        _, shifts = look(browser, f"{address}/{path}", scheme)
    assert cumulative_shift(shifts) < MOST_SHIFT, "\n".join(f"{each['value']:.3f} {each['moved']}" for each in shifts)


def look(browser, url, scheme):
    """Load a page anew; return what is faint on it and how it shifted."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(WATCH_SHIFTS)
    page.goto(url)
    page.get_by_text("Replay-verified").first.wait_for(state="attached")
    page.locator(QUIET).wait_for()
    page.wait_for_timeout(1500)  # for what is drawn after the script has ended
    found, shifts = page.evaluate(FAINT, EXEMPT), page.evaluate("shifts")
    context.close()
    return found, shifts
