"""The frame around the pages in real Chromium: own pictures, the camera, and a phone."""

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.support.browser_support import FLAGS, PATIENCE, chromium_path, eventually, settle

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

LONG = "a holiday in the mountains with a very long file name, evening of the second day.jpg"
PHONE = {"width": 390, "height": 844}
OPEN = '[data-testid="stSidebar"][data-collapsed="false"]'

ASKED = """
window.asked = 0;
const media = navigator.mediaDevices;
const original = media.getUserMedia.bind(media);
media.getUserMedia = (...wishes) => (window.asked++, original(...wishes));
"""
"""Counts how often the page asks for the camera."""


@pytest.fixture
def page(browser, address) -> Iterator["playwright.Page"]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    opened(page, f"{address}/cost")
    yield page
    context.close()


def opened(page, address: str) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    settle(page)


def jpeg(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(buffer, format="JPEG")
    return buffer.getvalue()


def upload(page, *names: str) -> None:
    files = [
        {"name": name, "mimeType": "image/jpeg", "buffer": jpeg((20 * number, 90, 120))}
        for number, name in enumerate(names)
    ]
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(files)
    page.get_by_text(f"Yours ({len(names)})").wait_for()
    settle(page)


def test_uploads_are_listed_once_with_their_full_names(page):
    upload(page, LONG, "short.jpg")
    names = page.locator(".stSidebar").get_by_text(re.compile(r"^(a holiday|short)"))
    seen = [each for each in names.all() if each.is_visible()]
    assert [each.inner_text() for each in seen] == [LONG, "short.jpg"]
    cut = "each => each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight + 1"
    assert not any(each.evaluate(cut) for each in seen)
    assert page.locator(".stSidebar").get_by_text("Upload more").count() == 0  # written by the style sheet
    page.get_by_role("radio", name="short.jpg").click()
    settle(page)
    page.get_by_role("button", name="Remove this picture").click()
    page.get_by_text("Yours (1)").wait_for()
    assert not page.get_by_role("radio", name="short.jpg").count()


def test_however_many_uploads_leave_room_and_show_the_chosen_one(page):
    upload(page, *(f"{number}.jpg" for number in range(12)))
    assert page.get_by_test_id("stFileUploaderDropzone").first.bounding_box()["height"] < 100
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(
        {"name": "last.jpg", "mimeType": "image/jpeg", "buffer": jpeg((250, 60, 60))}
    )
    page.get_by_text("Yours (13)").wait_for()
    last = page.get_by_role("radio", name="last.jpg", checked=True)
    last.wait_for()
    seen = """each => {
      const [row, list] = [each, each.closest("[role=radiogroup]")].map((box) => box.getBoundingClientRect());
      return row.top > list.top - 1 && row.bottom < list.bottom + 1;
    }"""
    eventually(page, lambda: last.evaluate(seen), expected=True)


def test_a_failed_upload_stays_in_the_uploaders_own_list(page, tmp_path):
    upload(page, "short.jpg")
    (tmp_path / "huge.jpg").write_bytes(bytes(65 * 2**20))
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(tmp_path / "huge.jpg")
    refused = page.get_by_test_id("stFileChip").filter(has_text="huge.jpg")
    refused.wait_for()
    why = refused.get_by_role("alert").bounding_box()
    assert min(why["width"], why["height"]) > 10  # seen, not only read aloud


@pytest.mark.parametrize("shown", ["a sample", "an upload"])
def test_uploads_outlive_a_reload_whichever_picture_is_shown(page, shown):
    upload(page, "one.jpg", "two.jpg")
    if shown == "a sample":
        page.get_by_role("radio", name="Samples").click()
        page.get_by_role("radio", name="Rocket").click()
        page.wait_for_url(re.compile("sample=Rocket"))
    else:
        first = page.url
        page.get_by_role("radio", name="two.jpg").click()
        page.wait_for_url(lambda url: url != first)  # which names the first of the two
    settle(page)
    before = page.url
    page.reload()
    page.get_by_text("Yours (2)").wait_for()
    settle(page)
    assert page.url == before
    chosen = "Rocket" if shown == "a sample" else "two.jpg"
    page.get_by_role("radio", name=chosen, checked=True).wait_for()
    page.get_by_role("radio", name="Yours (2)").click()
    page.get_by_role("button", name="Remove this picture").click()
    page.get_by_text("Yours (1)").wait_for()
    page.reload()
    page.get_by_text("Yours (1)").wait_for()


def test_a_tab_without_uploads_has_no_name(page):
    assert page.evaluate("sessionStorage.getItem('stvit-tab')") is None


def take_picture(page) -> None:
    page.get_by_role("button", name="Take a picture").click()
    page.wait_for_function("document.querySelector('[role=dialog] video')?.videoWidth > 0")
    page.get_by_role("dialog").get_by_role("button", name="Take Photo").click()


def test_a_picture_from_the_camera_becomes_one_of_ones_own(browser, address):
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    seeing = browser.browser_type.launch(executable_path=chromium_path(), args=[*FLAGS, *fake])
    page = seeing.new_page(viewport={"width": 1366, "height": 768})
    page.add_init_script(ASKED)
    opened(page, f"{address}/cost")
    assert page.evaluate("asked") == 0
    take_picture(page)
    page.get_by_text("Yours (1)").wait_for()
    settle(page)
    assert page.evaluate("asked") > 0
    (name,) = page.locator(".st-key-own").get_by_role("radio").all_inner_texts()
    assert re.fullmatch(r"camera \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.(jpg|jpeg|png)", name)
    assert not page.get_by_role("dialog").count()
    take_picture(page)  # not the picture taken before
    page.get_by_text("Yours (2)").wait_for()
    seeing.close()


@pytest.fixture
def phone(browser, address) -> Iterator["playwright.Page"]:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    opened(page, f"{address}/cost")
    yield page
    context.close()


def test_on_a_phone_the_sidebar_closes_after_a_choice(phone):
    assert not phone.locator(OPEN).count()
    phone.get_by_test_id("stExpandSidebarButton").click()
    phone.locator(OPEN).wait_for()
    phone.get_by_role("radio", name="Rocket").click()
    phone.locator(OPEN).wait_for(state="detached")
    phone.wait_for_url(re.compile("sample=Rocket"))
    settle(phone)
    phone.get_by_test_id("stExpandSidebarButton").click()
    phone.locator(OPEN).wait_for()
    settle(phone)
    assert phone.locator(OPEN).count()  # opened again, it stays open until the next choice


def test_on_a_laptop_it_stays(page):
    page.get_by_role("radio", name="Rocket").click()
    page.wait_for_url(re.compile("sample=Rocket"))
    settle(page)
    assert page.locator(OPEN).count()


def test_what_draws_charts_is_loaded_before_a_page_has_one(page, address):
    page.goto(f"{address}/explore")
    settle(page)
    asked_for = "performance.getEntriesByType('resource').some(({ name }) => name.includes('/PlotlyChart.'))"
    eventually(page, lambda: page.evaluate(asked_for), True)
    assert page.locator(".js-plotly-plot").count() == 0


WITHOUT_SIDEBAR = """(state) => {
  const app = document.querySelector(".stApp");
  app.querySelector(".stSidebar")?.remove();
  app.dataset.testScriptState = state;
  const main = app.querySelector(".stMain").parentElement;
  return [getComputedStyle(main, "::before").content, getComputedStyle(main).visibility];
}"""


def test_the_app_says_that_it_loads_until_its_sidebar_is_there_or_its_run_has_ended(page):
    content = "main => getComputedStyle(main.parentElement, '::before').content"
    assert page.locator(".stMain").evaluate(content) == "none"
    assert page.evaluate(WITHOUT_SIDEBAR, "running") == ['"Loading the app ..."', "hidden"]
    assert page.evaluate(WITHOUT_SIDEBAR, "notRunning") == ["none", "visible"]
