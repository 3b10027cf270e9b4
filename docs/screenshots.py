"""Make the README's pictures: python docs/screenshots.py [folder]. Needs Chromium."""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.support.browser_support import FLAGS, chromium_path, served_app

FOLDER = Path(__file__).parents[1] / "docs" / "images"
PAGES = {
    "explore": "/explore?sample=Cat&stage=2&row=11&column=12",
    "super-tokens": "/super-tokens?sample=Cat",
    "redundancy": "/redundancy?sample=Cat",
}
WIDTH, HEIGHT = 1440, 1200
SETTLE = 4_000
"""Milliseconds that charts take to draw after the script has run."""


def main(folder: Path) -> None:
    """Photograph every page in the light theme, and the first one in the dark theme too."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        served_app(Path(scratch, "log.txt")) as address,
        sync_playwright() as driver,
    ):
        chromium = driver.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for theme, names in (("light", list(PAGES)), ("dark", list(PAGES)[:1])):
            page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
            for name in names:
                suffix = "" if theme == "light" else "-dark"
                _photograph(page, address + PAGES[name], folder / f"{name}{suffix}.webp")


def _photograph(page: Page, address: str, path: Path) -> None:
    page.goto(address)
    page.get_by_text("Replay-verified").first.wait_for(timeout=120_000)
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for(timeout=120_000)
    page.wait_for_timeout(SETTLE)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").save(path, lossless=True, method=6)  # a PNG of these would be half as large again
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
