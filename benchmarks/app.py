"""How long the app keeps people waiting, in headless Chromium: starting, switching pages, changing the picture.

Medians over some repeats, on whatever this machine does besides. Every page has a server of its own, so that nothing
another page computed helps it. Needs Chromium and Playwright (requirements-dev.txt).
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

from stvit.images.samples import sample_images
from tests.support.browser_support import FLAGS, chromium_path, served_app
from ui.pages.page import Page
from ui.pages.registry import PAGES

IN_THE_PAGE = Path(__file__).with_name("app.js")
SIZE = {"width": 1440, "height": 1000}
PATIENCE = 300_000
"""Milliseconds."""

LARGE = 1024
STARTS, SWITCHES = 3, 3
LOOK = 5.0
"""Seconds that somebody looks at the first page before leaving it."""

PICTURES = 4
"""Pictures that each page is shown after its first."""

HOME = "explore"


@dataclass(frozen=True)
class Waits:
    """How long one page keeps people waiting, in seconds.

    Attributes:
        first: Switching to it for the first time.
        again: Switching to it once more, median.
        picture: Another picture, none of them seen before, median.
        large: From opening its link at 1,024 px to its first figure or table.
        shift: Cumulative layout shift while its link opens.
    """

    first: float
    again: float
    picture: float
    large: float
    shift: float


GOALS = Waits(first=0.5, again=0.5, picture=1.0, large=10.0, shift=0.1)


def main() -> None:
    """Print how long a start takes, and a line for each page."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        starts = [start(browser) for _ in range(STARTS + 1)][1:]  # after one that fills the caches of the disk
        print(f"\nSecond start to a whole Explore: {median(starts):.1f} s (goal 4 s), median of {STARTS}", flush=True)
        print(f"\n{'page':<14} {'switch':>8} {'again':>8} {'picture':>8} {'1024 px':>8} {'shift':>8}   in seconds")
        print(_line("goal", GOALS), flush=True)
        for page in PAGES:
            print(_line(page.title, waits(browser, page)), flush=True)
        browser.close()


def start(browser: Browser) -> float:
    """Return the seconds from starting the server until Explore is whole in a new browser window."""
    begin = time.time()
    with _served(browser) as (tab, address):
        tab.goto(f"{address}/{HOME}")
        return _wait(tab, "whole", "Explore") - begin


def waits(browser: Browser, page: Page) -> Waits:
    """Measure one page."""
    with _served(browser) as (tab, address):
        large = _opened(tab, f"{address}/{page.address}?size={LARGE}+px", page, "begun")
    with _served(browser) as (tab, address):
        _opened(tab, f"{address}/{page.address}", page, "whole")
        shift = float(tab.evaluate("measured.layoutShift()"))
    with _served(browser) as (tab, address):
        other = next(each for each in PAGES if each.address == (HOME if page.address != HOME else "steps"))
        _opened(tab, f"{address}/{other.address}", other, "whole")
        time.sleep(LOOK)
        switches = []
        for _ in range(SWITCHES + 1):
            switches.append(_click(tab, _link(tab, page), page))
            _click(tab, _link(tab, other), other)
        _click(tab, _link(tab, page), page)
        names = [name.capitalize() for name in sample_images()][1 : 1 + PICTURES]
        pictures = [_click(tab, tab.locator(".st-key-sample").get_by_role("radio", name=name), page) for name in names]
    return Waits(switches[0], median(switches[1:]), median(pictures), large, shift)


@contextmanager
def _served(browser: Browser) -> Iterator[tuple[Tab, str]]:
    """Start a server, and give an empty window and the server's address."""
    with tempfile.TemporaryDirectory() as folder, served_app(Path(folder, "log.txt")) as address:
        context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]  # a dict of ints is what it takes
        context.add_init_script(path=IN_THE_PAGE)
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        try:
            yield tab, address
        finally:
            context.close()


def _opened(tab: Tab, address: str, page: Page, until: str) -> float:
    """Open a link, and return the seconds until the page is whole or begun."""
    begin = time.time()
    tab.goto(address)
    return _wait(tab, until, page.title) - begin


def _wait(tab: Tab, until: str, title: str) -> float:
    """Return since when the page has been whole or begun, in seconds since 1970."""
    return float(tab.evaluate(f"title => measured.{until}(title)", title))


def _link(tab: Tab, page: Page) -> Any:
    return tab.get_by_test_id("stTopNav").get_by_role("link", name=page.title, exact=True)


def _click(tab: Tab, found: Any, page: Page) -> float:
    """Click on something, and return the seconds until the page is whole."""
    return float(found.evaluate("(element, title) => measured.clicked(element, title)", page.title)) / 1000


def _line(name: str, found: Waits) -> str:
    seconds = " ".join(f"{each:8.2f}" for each in (found.first, found.again, found.picture, found.large, found.shift))
    return f"{name:<14} {seconds}"
