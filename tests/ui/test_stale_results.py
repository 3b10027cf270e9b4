"""Five pictures clicked in a row, in real Chromium: what is on the screen at one time belongs to one picture."""

from collections.abc import Iterator

import pytest

from tests.support.browser_support import PATIENCE, served_app, settle

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

PICTURES = ("Coffee", "Rocket", "Galaxies", "Tissue", "Cat")

WATCH = """() => {
  const visible = (each) => getComputedStyle(each).visibility !== "hidden";
  window.look = () => [
    ...[...document.querySelectorAll(".stMain [data-testid=stBidiComponentIsolated]")].flatMap((each) =>
      [...(each.shadowRoot?.querySelectorAll("canvas") ?? [])].filter(visible).map((canvas) => canvas.dataset.picture)),
    ...[...document.querySelectorAll(".st-key-run .stProgress")].filter(visible).map((each) => each.innerText),
  ];
  window.frames_seen = new Set();
  const each_frame = () => { frames_seen.add(JSON.stringify(look())); requestAnimationFrame(each_frame); };
  each_frame();
}"""


@pytest.fixture
def page(browser, tmp_path) -> Iterator["playwright.Page"]:
    with served_app(tmp_path / "log.txt") as address:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/super-tokens?sample=Astronaut")
        settle(page)
        yield page
        page.close()


def choose(page, name: str) -> None:
    page.get_by_role("radio", name=name).click()


def test_five_clicks_in_a_row_never_mix_two_pictures(page):
    page.evaluate(WATCH)
    belongs: dict[str, str] = {thing: "Astronaut" for thing in page.evaluate("look()")}
    for name in PICTURES:
        choose(page, name)
        settle(page)
        things = page.evaluate("look()")
        assert len(things) == 3 + 3  # groupings and classes
        belongs |= dict.fromkeys(things, name)
    page.evaluate("frames_seen.clear()")
    for name in PICTURES:
        choose(page, name)
        page.wait_for_timeout(250)
    settle(page)
    frames = page.evaluate("[...frames_seen].map(JSON.parse)")
    assert len(frames) > 2
    for frame in frames:
        assert len({belongs[thing] for thing in frame}) <= 1, frame
    assert {belongs[thing] for thing in page.evaluate("look()")} == {PICTURES[-1]}
