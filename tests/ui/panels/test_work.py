"""Long work: offered, run once, kept, and stopped by its button or by anything else that is chosen."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.browser_support import PATIENCE, served_app
from ui.panels.work import about


def app() -> None:
    import streamlit as st

    from ui.panels.work import worked

    runs = st.session_state.setdefault("runs", [])

    def work(progress) -> str:
        runs.append(1)
        progress(1, 2, "half of it")
        progress(2, 2, "")
        return "the result"

    st.markdown(f"{worked('it', ('test', id(runs)), 'Measure all', 42, work, len)}")


def failing_app() -> None:
    from ui.panels.work import worked

    worked("it", ("failing",), "Measure all", 42, lambda progress: progress(1, 0, "") or 1 / 0, lambda value: 1)


def test_it_is_offered_then_run_once_then_kept():
    page = AppTest.from_function(app).run()
    assert page.button[0].label == "Measure all (about 40 s)"
    assert page.markdown[0].value == "None"
    page.button[0].click().run()
    assert page.markdown[0].value == "the result"
    assert not page.button
    page.run()
    assert page.markdown[0].value == "the result"
    assert page.session_state["runs"] == [1]


def test_a_failure_is_not_kept_and_it_is_offered_again():
    page = AppTest.from_function(failing_app).run()
    page.button[0].click().run()
    assert len(page.exception) == 1
    page.run()
    assert page.button[0].label.startswith("Measure all")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.1, "1 s"), (9.6, "10 s"), (44, "40 s"), (89, "90 s"), (90, "2 min"), (3600, "60 min")]
)
def test_durations_are_round(seconds, words):
    assert about(seconds) == f"about {words}"


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_cancel_stops_the_work_within_a_second(browser, tmp_path):
    log = tmp_path / "step.txt"
    with served_app(tmp_path / "log.txt", "tests/support/scripts/long_work.py") as address:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/?log={log}")
        page.get_by_role("button", name="Count (about 60 s)").click()
        page.get_by_text(re.compile("Count: [0-9]+ of 600")).wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Count (about 60 s)").wait_for()
        page.wait_for_timeout(1000)
        stopped = log.read_text()
        page.wait_for_timeout(1000)
        assert log.read_text() == stopped
        page.get_by_text("Nothing yet").wait_for()
        page.close()
