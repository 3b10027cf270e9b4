"""The server's memory: a bound in bytes for all sessions, the oldest go first, and all of a session when it ends."""

import gc
import threading
import weakref

import numpy as np
import pytest
from streamlit.runtime import caching

from tests.support.app_support import app_at, check_fine, go_to, jpeg, opened_sidebar
from ui.pages.registry import PAGES
from ui.view.runs import _nbytes
from ui.view.store import LIMIT_BYTES, Store
from ui.view.view import Run


def keep(store: Store, key: str, nbytes: int, owner: int = 1) -> bytes:
    return store.get(key, lambda: bytes(nbytes), len, owner)


def test_a_value_is_made_once_and_shared():
    store = Store(100)
    first = keep(store, "a", 40, owner=1)
    assert keep(store, "a", 40, owner=2) is first
    assert (len(store), store.nbytes) == (1, 40)


def test_the_least_recently_used_goes_first():
    store = Store(100)
    first = keep(store, "a", 40)
    keep(store, "b", 40)
    keep(store, "a", 40)  # used again
    keep(store, "c", 40)
    assert store.nbytes == 80
    assert keep(store, "a", 40) is first
    assert store.get("b", lambda: b"new", len, 1) == b"new"


def test_the_newest_stays_even_if_it_is_too_large():
    store = Store(100)
    keep(store, "a", 40)
    large = keep(store, "b", 400)
    assert (len(store), store.nbytes) == (1, 400)
    assert keep(store, "b", 400) is large


def test_a_value_goes_with_the_last_of_its_owners():
    store = Store(100)
    keep(store, "both", 10, owner=1)
    keep(store, "both", 10, owner=2)
    keep(store, "one", 20, owner=1)
    store.release(1)
    assert store.nbytes == 10
    store.release(2)
    assert store.nbytes == 0


def test_a_failure_is_not_kept():
    store = Store(100)
    with pytest.raises(ZeroDivisionError):
        store.get("a", lambda: 1 / 0, len, 1)
    assert keep(store, "a", 10) == bytes(10)


def test_a_value_that_grows_is_counted_again():
    store, value = Store(100), bytearray(40)
    store.get("a", lambda: value, len, 1)
    value.extend(bytes(50))
    store.get("a", lambda: value, len, 1)
    assert store.nbytes == 90


def test_many_threads_make_a_value_once():
    store, made, start = Store(100), [], threading.Barrier(8)

    def ask() -> None:
        start.wait()
        store.get("a", lambda: made.append(1) or bytes(10), len, 1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


@pytest.fixture
def store(monkeypatch) -> Store:
    """Give the app a store of its own."""
    store = Store(LIMIT_BYTES)
    monkeypatch.setattr("ui.view.store.STORE", store)
    monkeypatch.setattr("ui.view.runs.STORE", store)
    monkeypatch.setattr("ui.explorer.component.STORE", store)
    return store


def test_a_run_counts_all_that_it_holds():
    run = opened_sidebar(weights="random").session_state["view"].run()
    first = next(iter(run.capture.values()))
    tensors = [first.tokens, first.output, first.super_query, run.picture.pixels]
    arrays = [run.picture.shown, run.picture.source.array]
    assert _nbytes(run) > sum(each.nbytes for each in tensors) + sum(array.nbytes for array in arrays)
    before = _nbytes(run)
    assert first.super_attention.nbytes  # found when it is first asked for
    assert _nbytes(run) == before + first.super_attention.nbytes


def test_captures_and_pictures_stay_within_the_limit(store):
    app = opened_sidebar()
    one = store.nbytes
    store.limit = 2 * one
    for name in app.get_by_key("sample").options:
        app.get_by_key("sample").set_value(name.lower()).run()
        assert one / 2 < store.nbytes <= 2 * one
    check_fine(app)
    app.file_uploader("upload").set_value([(f"{n}.jpg", jpeg(600 + n, 600), "image/jpeg") for n in range(8)]).run()
    check_fine(app)
    assert one / 2 < store.nbytes <= 2 * one


def test_what_was_dropped_is_made_again(store):
    view = opened_sidebar(sample="Coffee").session_state["view"]
    before = view.capture
    store.limit = 0
    opened_sidebar(sample="Rocket")
    assert len(store) == 1
    assert view.capture is not before
    np.testing.assert_array_equal(view.capture.logits, before.logits)


def test_a_session_that_ends_frees_its_captures(store):
    app = app_at(sample="Rocket")
    go_to(app, "explore")
    assert store.nbytes
    caching.clear_session_resource_cache("test session id")
    assert store.nbytes == 0


def test_what_the_explorer_sends_counts_too(store):
    go_to(app_at(sample="Rocket", mode="Live"), "explore")
    assert {"scene", "block"} <= {key[0] for key in store._entries if isinstance(key, tuple)}
    caching.clear_session_resource_cache("test session id")
    assert store.nbytes == 0


def test_nothing_but_the_store_keeps_a_capture(store):
    app = app_at(sample="Rocket")
    app.session_state["attentions"] = ["super"]
    for page in PAGES:
        go_to(app, page.address)
    kept = [weakref.ref(entry.value.capture) for entry in store._entries.values() if isinstance(entry.value, Run)]
    assert kept
    caching.clear_session_resource_cache("test session id")
    gc.collect()
    assert not any(capture() for capture in kept)
