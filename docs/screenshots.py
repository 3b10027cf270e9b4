"""Photograph the app, and draw what pages show of single commands. Needs Chromium.

python docs/screenshots.py           makes the pictures of README and docs anew, in docs/images
python docs/screenshots.py FOLDER    photographs every page, light and dark, on a laptop and on a phone, into FOLDER
"""

import argparse
import io
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.commands.main import main as run_analysis
from tests.support.browser_support import FLAGS, chromium_path, served_app
from tests.support.documents import commands
from tests.support.paths import ROOT
from ui.pages.registry import PAGES

FOLDER = ROOT / "docs" / "images"
SHOWN = ("start", "explore", "super-tokens", "redundancy")
"""Pages whose pictures stand in README and docs."""

LAPTOP, PHONE = (1366, 768), (390, 844)
SETTLE = 4_000
"""Milliseconds that charts take to draw after the script has run."""

QUIET = ".stApp[data-test-script-state=notRunning]"
PATIENCE = 300_000

HOVERED = (
    (0.22, 0.40),
    (0.28, 0.24),
    (0.45, 0.10),
    (0.75, 0.20),
    (0.80, 0.55),
    (0.60, 0.70),
    (0.85, 0.90),
    (0.25, 0.75),
)
"""Where the pointer goes in the recording, (across, down) as shares of the picture."""

BETWEEN = 4
"""Frames from one of these places to the next."""

FRAME_MS = 180
RECORDED_WIDTH = 900

DRAWN = ("figure-script",)
"""Pages of docs whose first export is drawn as the picture of the same name."""


def main(folder: Path | None) -> None:
    """Make the pictures of the docs, or photograph all pages into a folder."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        served_app(Path(scratch, "log.txt")) as address,
        sync_playwright() as driver,
    ):
        chromium = driver.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        if folder:
            _photograph_all(chromium, address, folder)
            return
        for theme, suffix in (("light", ""), ("dark", "-dark")):
            page = _page(chromium, LAPTOP, theme)
            for name in SHOWN if theme == "light" else ("explore",):
                _photograph(page, f"{address}/{name}", FOLDER / f"{name}{suffix}.webp")
        _record(_page(chromium, LAPTOP, "light"), f"{address}/explore", FOLDER / "hover.webp")
    for name in DRAWN:
        draw(name, FOLDER / f"{name}.webp")


def draw(name: str, path: Path) -> None:
    """Run the first export that a page of docs shows, and keep its figure as the page's picture."""
    words = next(words for words in commands(ROOT / "docs" / f"{name}.md") if "export" in words)
    with tempfile.TemporaryDirectory() as scratch:
        figure = Path(scratch, "figure.png")
        if run_analysis([*words[words.index("export") : words.index("--out")], "--out", str(figure)]):
            raise SystemExit(f"the command of {name}.md failed: {shlex.join(words)}")
        _save(figure.read_bytes(), path)


def _photograph_all(chromium: Browser, address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for device, size in (("laptop", LAPTOP), ("phone", PHONE)):
        for theme in ("light", "dark"):
            page = _page(chromium, size, theme)
            for each in PAGES:
                _photograph(page, f"{address}/{each.address}", folder / f"{each.address}-{device}-{theme}.webp")
            page.close()


def _page(chromium: Browser, size: tuple[int, int], theme: str) -> Page:
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    page.set_default_timeout(PATIENCE)
    return page


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".words").wait_for(state="attached")  # the last thing on a page
    page.locator(QUIET).wait_for()
    page.wait_for_timeout(SETTLE)


def _photograph(page: Page, address: str, path: Path) -> None:
    _open(page, address)
    _save(page.screenshot(), path)


def _save(data: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        picture.convert("RGB").save(path, quality=90, method=6)
    print(path)


def _record(page: Page, address: str, path: Path) -> None:
    """Record a pointer that moves over the picture, as an animated WebP."""
    _open(page, address)
    box = page.locator(".picker").bounding_box()
    explorer = page.locator(".explorer").bounding_box()
    assert box
    assert explorer
    frames = []
    for across, down in _way():
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(60)
        with Image.open(io.BytesIO(page.screenshot(clip=explorer | {"height": LAPTOP[1] - explorer["y"]}))) as shot:
            height = round(shot.height * RECORDED_WIDTH / shot.width)
            frames.append(shot.convert("RGB").resize((RECORDED_WIDTH, height), Image.Resampling.LANCZOS))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0, quality=45, method=6)
    print(path)


def _way() -> Iterator[tuple[float, float]]:
    """Yield the places of the pointer, evenly from one to the next and back to the first."""
    for (across, down), (then, below) in zip(HOVERED, (*HOVERED[1:], HOVERED[0]), strict=True):
        for step in range(BETWEEN):
            part = step / BETWEEN
            yield across + part * (then - across), down + part * (below - down)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    main(parser.parse_args().folder)
