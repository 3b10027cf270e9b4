"""The command that starts the app, and what it imports ahead of need."""

import gc
import sys
from types import SimpleNamespace

import pytest
from streamlit.runtime import RuntimeState

from tests.support.paths import ROOT
from ui import start, warm_up


@pytest.fixture
def done(monkeypatch) -> list[str]:
    """The steps that were done, and what was waited for before them."""
    seen: list[str] = []
    monkeypatch.setattr(warm_up, "_wait_until", lambda condition: seen.append(condition.__name__))
    ahead = SimpleNamespace(AHEAD=SimpleNamespace(work=lambda: seen.append("ahead")))

    def imported(name: str) -> SimpleNamespace:
        if name == "ui.ahead":
            return ahead
        seen.append(f"{name} {gc.isenabled()}")
        return SimpleNamespace()

    monkeypatch.setattr(warm_up, "import_module", imported)
    monkeypatch.setattr(warm_up.gc, "freeze", lambda: None)
    return seen


def test_the_frame_comes_once_the_server_is_up_and_each_other_step_once_nobody_waits(done, monkeypatch):
    monkeypatch.setattr(warm_up, "LATER", ("one", "other"))
    warm_up.warm_up()
    assert done == ["_server_is_up", "ui.frame False", "are_over", "one False", "are_over", "other False", "ahead"]
    assert gc.isenabled()


def test_a_step_that_fails_keeps_no_other_from_being_done(done, monkeypatch):
    monkeypatch.setattr(warm_up, "LATER", ("one:missing", "other"))
    warm_up.warm_up()
    assert done[-2:] == ["other False", "ahead"]
    assert gc.isenabled()


@pytest.mark.parametrize("step", warm_up.LATER)
def test_each_step_can_be_done(step):
    module, _, name = step.partition(":")
    found = warm_up.import_module(module)
    if name:
        getattr(found, name)()


def test_runs_are_over_once_something_was_drawn_and_nothing_is(monkeypatch):
    now, runs = [0.0], warm_up.Runs()
    monkeypatch.setattr(warm_up, "monotonic", lambda: now[0])
    assert not runs.are_over()
    with runs.noted():
        with runs.noted():
            now[0] += warm_up.STILL
        now[0] += warm_up.STILL
        assert not runs.are_over()
    assert not runs.are_over()
    now[0] += warm_up.STILL
    assert runs.are_over()


def test_the_server_is_up_when_it_takes_sessions(monkeypatch):
    state = SimpleNamespace(state=RuntimeState.INITIAL)
    monkeypatch.setattr(warm_up.runtime, "exists", lambda: True)
    monkeypatch.setattr(warm_up.runtime, "get_instance", lambda: state)
    assert not warm_up._server_is_up()
    state.state = RuntimeState.NO_SESSIONS_CONNECTED
    assert warm_up._server_is_up()


def test_streamlit_runs_the_app_with_the_words_that_were_given(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["stvit-inside", "--server.port", "8600"])
    monkeypatch.setattr(start, "Thread", lambda **words: SimpleNamespace(start=lambda: None))
    ran = []
    monkeypatch.setattr(start.runpy, "run_module", lambda name, run_name: ran.append((name, run_name, sys.argv)))
    start.main()
    assert ran == [("streamlit", "__main__", ["streamlit", "run", str(ROOT / "app.py"), "--server.port", "8600"])]
