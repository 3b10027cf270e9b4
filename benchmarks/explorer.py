"""How fast the explorer follows the pointer, and how large its payloads are, in headless Chromium.

    python -m benchmarks.explorer [--chromium /usr/bin/chromium]

A stand-alone page of one block is opened from disk. Pointer events are dispatched on its picture, each over another
token, and timed from the event to the moment when all four panels, the colour bars and the figures are written, the
page is laid out and the canvases are read back (so that deferred drawing counts). The filmstrip follows in the next
frame and is not part of it.

Two clocks run, both from Chromium's own trace: the wall's, and the processor time of the page's thread, which leaves
out the time slices that other programs took.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import Browser, Page, sync_playwright

from analysis.figures.canvas import Anchor
from stvit import BlockId, Capture, capture, create_model
from stvit.images import PreparedImage, prepare
from stvit.images.samples import sample_images
from ui.explorer import standalone_html
from ui.explorer.block_payload import block_payload
from ui.explorer.scene_payload import scene_payload

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
EVENTS = 300

WARM_UP = 20
"""Events left out, until the engine has compiled what it runs."""

DISPATCH = """async ({ events, incoming }) => {
  const root = document.querySelector(".explorer");
  const picture = root.querySelector(".picker");
  [...root.querySelectorAll(".choice")][1].querySelectorAll("input")[incoming ? 1 : 0].click();
  const canvases = [...root.querySelectorAll(".panel:not(.chooser) canvas")];
  const contexts = canvases.map((canvas) => canvas.getContext("2d"));
  const box = picture.getBoundingClientRect();
  const measured = ({ detail: i }) => {
    const clientX = box.left + box.width * ((i * 0.6180339887) % 1);
    const clientY = box.top + box.height * ((i * 0.7548776662) % 1);
    picture.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true, pointerType: "mouse" }));
    root.getBoundingClientRect();
    for (const context of contexts) context.getImageData(0, 0, 1, 1);
  };
  document.addEventListener("measured", measured);
  for (let i = 0; i < events; i++) {
    document.dispatchEvent(new CustomEvent("measured", { detail: i }));
    if (i % 10 === 9) await new Promise(requestAnimationFrame);
  }
  document.removeEventListener("measured", measured);
}"""


def look(variant: str, size: int) -> tuple[Capture, PreparedImage]:
    torch.manual_seed(0)
    picture = prepare(sample_images()["cat"](), size)
    return capture(create_model(variant).eval(), picture.pixels), picture


def measure(browser: Browser, page: Page, captured: Capture, picture: PreparedImage, block: BlockId) -> None:
    grid = captured[block].grid
    anchor = Anchor(grid.height // 2, grid.width // 2)
    text = standalone_html(captured, picture.shown, [block], anchor=anchor)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "explorer.html")
        path.write_text(text, encoding="utf-8")
        page.goto(path.as_uri())
    page.wait_for_selector(".explorer .body[aria-busy=false]")
    sent = len(block_payload(captured[block], block.stride)) / 1e6
    for incoming in (False, True):
        wall, thread = times(browser, page, incoming)
        direction = "incoming" if incoming else "outgoing"
        print(
            f"{picture.shown.shape[0]} px, {block.caption}, {direction}: wall {wall}, processor {thread}; "
            f"payload {sent:.2f} MB, page {len(text) / 1e6:.2f} MB",
            flush=True,
        )


def times(browser: Browser, page: Page, incoming: bool) -> tuple[str, str]:
    """Return median and 95th percentile in milliseconds, in wall-clock time and in the thread's processor time."""
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.evaluate(DISPATCH, {"events": EVENTS, "incoming": incoming})
    trace = json.loads(browser.stop_tracing())["traceEvents"]
    events = [event for event in trace if event.get("args", {}).get("data", {}).get("type") == "measured"]
    wall, thread = (np.quantile([event[clock] for event in events[WARM_UP:]], [0.5, 0.95]) for clock in ("dur", "tdur"))
    return " / ".join(f"{time / 1000:.1f}" for time in wall), " / ".join(f"{time / 1000:.1f}" for time in thread)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    parser.add_argument("--variant", default="stvit_small")
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 384])
    options = parser.parse_args()
    if not options.chromium:
        parser.error("no Chromium found; pass --chromium with the path of the program")
    print(f"{options.variant}, from event to panels: median / 95th percentile of {EVENTS - WARM_UP} events in ms")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=options.chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        for size in options.sizes:
            captured, picture = look(options.variant, size)
            print(f"{size} px, scene: {len(scene_payload(captured, picture.shown)) / 1e6:.2f} MB, sent once")
            for block in (BlockId(stage, 0) for stage in range(4)):
                measure(browser, page, captured, picture, block)
        browser.close()


if __name__ == "__main__":
    main()
