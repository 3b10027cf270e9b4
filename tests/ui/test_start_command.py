"""The command that starts the app: what it imports, and when."""

import gc
import sys
from types import SimpleNamespace

from streamlit.runtime import RuntimeState

from tests.support.paths import ROOT
from ui import start


def test_the_frame_is_imported_once_the_server_is_up(monkeypatch):
    states = [RuntimeState.INITIAL, RuntimeState.INITIAL, RuntimeState.NO_SESSIONS_CONNECTED]
    seen = []
    monkeypatch.setattr(start.runtime, "exists", lambda: True)
    monkeypatch.setattr(start.runtime, "get_instance", lambda: SimpleNamespace(state=states.pop(0)))
    monkeypatch.setattr(start, "import_module", lambda name: seen.append((name, len(states), gc.isenabled())))
    monkeypatch.setattr(start.gc, "freeze", lambda: None)
    start._import_frame()
    assert seen == [("ui.frame", 0, False)]
    assert gc.isenabled()


def test_streamlit_runs_the_app_with_the_words_that_were_given(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["stvit-inside", "--server.port", "8600"])
    monkeypatch.setattr(start, "Thread", lambda **words: SimpleNamespace(start=lambda: None))
    ran = []
    monkeypatch.setattr(start.runpy, "run_module", lambda name, run_name: ran.append((name, run_name, sys.argv)))
    start.main()
    assert ran == [("streamlit", "__main__", ["streamlit", "run", str(ROOT / "app.py"), "--server.port", "8600"])]
