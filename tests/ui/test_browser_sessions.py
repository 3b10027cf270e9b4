"""People at work in real Chromium: own pictures, two sessions at once, bad files, links."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.bad_files import bad_files
from tests.support.browser_support import PATIENCE, chromium_path, eventually, served_app
from tests.support.browser_support import settle as run_to_end
from tests.support.explorer_support import READY, note

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

RED, BLUE = (200, 40, 30), (30, 40, 200)

EXPLORER = """(explorer) => {
  const one = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  one.drawImage(explorer.querySelector("img.ground:not(.grey)"), 0, 0, 1, 1);
  return {
    label: explorer.querySelector(".picker").getAttribute("aria-label").split(". ")[0],
    colour: [...one.getImageData(0, 0, 1, 1).data].slice(0, 3),
    heat: [...explorer.querySelectorAll("canvas.heat")].map((canvas) => canvas.toDataURL()).join(),
  };
}"""


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("app") / "log.txt"


@pytest.fixture(scope="module")
def address(log) -> Iterator[str]:
    assert chromium_path()  # skips before the app is started
    with served_app(log) as served:
        yield served


@pytest.fixture
def visit(browser, address) -> Iterator:
    """Open the app as somebody new, at a path."""
    contexts = []

    def open_page(path: str = "/explore"):
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 1000}))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address + path)
        settle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


def settle(page) -> None:
    run_to_end(page)
    page.locator(READY).wait_for()


def coloured(colour: tuple[int, int, int]) -> bytes:
    """Return a JPEG file with blobs of about one colour."""
    coarse = np.random.default_rng(0).integers(-30, 30, (8, 8, 3)) + np.array(colour)
    picture = Image.fromarray(coarse.clip(0, 255).astype(np.uint8)).resize((320, 320), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG")
    return buffer.getvalue()


def upload(page, **files: bytes) -> None:
    """Upload files; a double underscore stands for the dot in a name."""
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(
        [{"name": name.replace("__", "."), "mimeType": "image/jpeg", "buffer": data} for name, data in files.items()]
    )


def wait_for_picture(page, name: str) -> None:
    page.locator(f'.explorer .picker[aria-label^="The picture {name}."]').wait_for()
    settle(page)


def seen(page) -> dict:
    """Return what a person sees: name and mean colour of the picture, prediction, heat of the anchor."""
    return page.locator(".explorer").evaluate(EXPLORER) | {
        "prediction": page.locator(".stSidebar .stProgress").all_inner_texts()
    }


def is_like(colour: list[int], wanted: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.array(colour) - np.array(wanted)).max() < 40)


def test_several_pictures_can_be_switched_and_removed(visit):
    page = visit()
    upload(page, red__jpg=coloured(RED), blue__jpg=coloured(BLUE))
    wait_for_picture(page, "red.jpg")
    assert is_like(seen(page)["colour"], RED)
    page.get_by_role("radio", name="blue.jpg").click()
    wait_for_picture(page, "blue.jpg")
    assert is_like(seen(page)["colour"], BLUE)

    page.get_by_role("button", name="Remove this picture").click()
    page.get_by_text("Yours (1)").wait_for()
    wait_for_picture(page, "red.jpg")
    page.get_by_role("radio", name="Samples").click()
    wait_for_picture(page, "china")
    page.get_by_role("radio", name="Yours (1)").click()
    wait_for_picture(page, "red.jpg")


def test_two_sessions_never_see_each_other(visit):
    first, second = visit(), visit()
    upload(first, red__jpg=coloured(RED))
    upload(second, blue__jpg=coloured(BLUE))
    wait_for_picture(first, "red.jpg")
    wait_for_picture(second, "blue.jpg")
    before, other = seen(first), seen(second)
    assert is_like(before["colour"], RED)
    assert is_like(other["colour"], BLUE)
    assert all(before[part] != other[part] for part in before)

    second.get_by_role("radio", name="Samples").click()
    wait_for_picture(second, "china")
    second.get_by_role("radio", name="Cat").click()
    wait_for_picture(second, "cat")
    first.wait_for_timeout(1000)
    assert seen(first) == before
    first.get_by_text("Redundancy", exact=True).click()
    first.get_by_text("Explore", exact=True).click()
    wait_for_picture(first, "red.jpg")
    eventually(first, lambda: seen(first), before)
    assert not second.get_by_text("red.jpg").count()


def test_ten_bad_files_in_a_row_leave_the_app_usable(visit, log):
    page = visit()
    for name, data in bad_files().items():
        upload(page, **{name.replace(".", "__"): data})
        page.get_by_test_id("stAlertContentError").get_by_text(f"{name}: ").wait_for()
        assert not page.get_by_test_id("stException").count()
    page.get_by_text("These 10 files are left out; the sample stays in its place.").wait_for()
    wait_for_picture(page, "china")
    upload(page, good__jpg=coloured(RED))
    wait_for_picture(page, "good.jpg")
    page.get_by_text("Super tokens", exact=True).click()
    page.get_by_text("Regular grid").first.wait_for()
    assert not page.get_by_test_id("stException").count()
    assert "Traceback" not in page.locator("body").inner_text()
    assert "Traceback" not in log.read_text()


def test_a_link_opens_what_it_names(visit):
    page = visit("/explore?sample=Coffee&stage=2&row=5&column=7&weights=random")
    wait_for_picture(page, "coffee")
    assert page.get_by_role("radio", name="Coffee").get_attribute("aria-checked") == "true"
    assert "row 5, column 7 of 28" in note(page)
    page.get_by_text("Random weights").wait_for()
    assert not page.get_by_text("The link asks").count()


def test_an_impossible_link_says_so_until_something_is_chosen(visit):
    page = visit("/explore?sample=Nobody&stage=9&size=300")
    message = page.get_by_text("The link asks for what is not here")
    message.wait_for()
    for asked in ("picture “Nobody”; China", "stage “9”; 4", "resolution “300”; 288 px"):
        page.get_by_text(f"{asked} is shown instead").wait_for()
    page.wait_for_timeout(3000)
    assert message.count() == 1
    page.get_by_role("radio", name="Cat").click()
    wait_for_picture(page, "cat")
    message.wait_for(state="detached")
    page.wait_for_url(re.compile(r"(?=.*sample=Cat)(?=.*stage=4)(?=.*size=288)"))
    page.reload()
    wait_for_picture(page, "cat")
    assert not message.count()


def test_the_gallery_works_from_the_keyboard(visit):
    page = visit()
    page.get_by_role("radio", name="Astronaut").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    wait_for_picture(page, "cat")
    assert page.get_by_role("radio", name="Cat").get_attribute("aria-checked") == "true"
