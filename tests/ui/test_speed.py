"""What runs are said to take: the fastest so far, so that a run that was held up is forgotten."""

import pytest

from tests.support.app_support import opened_sidebar
from ui.view import speed
from ui.view.runs import seconds_per_run
from ui.view.speed import fastest_run, timed, times_run
from ui.view.store import Store


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that each reading moves on by what stands in the list; and nothing was run before."""
    steps: list[float] = []
    now = [0.0]

    def read() -> float:
        now[0] += steps.pop(0) if steps else 1.0
        return now[0]

    monkeypatch.setattr(speed, "perf_counter", read)
    monkeypatch.setattr(speed, "_runs", {})
    return steps


def test_a_run_that_was_held_up_is_forgotten(clock):
    for seconds in (0.2, 30.0, 0.1, 7.0):
        clock += [0.0, seconds]
        with timed("run"):
            pass
    assert fastest_run("run") == pytest.approx(0.1)
    assert times_run("run") == 4
    assert times_run("another") == 0


def test_a_run_that_fails_is_not_counted():
    with pytest.raises(ZeroDivisionError), timed("run"):
        raise ZeroDivisionError
    assert times_run("run") == 0


@pytest.fixture
def view_after(clock, monkeypatch):
    """Give a view whose model ran once, in so many seconds."""
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))
    monkeypatch.setattr("ui.view.runs.STORE", Store(2**30))  # which holds no run of another test

    def run(seconds: float):
        clock.extend([0.0, seconds])
        view = opened_sidebar(sample="Cat", size="64 px").session_state["view"]
        assert [runs for runs, _ in speed._runs.values()] == [1]
        return view

    return run


def test_a_run_is_made_for_the_estimate_only_where_there_was_a_single_one(clock, view_after):
    view = view_after(4.0)
    clock += [0.0, 0.25, 0.0, 0.5]
    assert seconds_per_run(view) == pytest.approx(0.25)
    assert seconds_per_run(view) == pytest.approx(0.25)
    assert [runs for runs, _ in speed._runs.values()] == [2]


def test_no_run_is_made_for_the_estimate_where_the_first_one_took_long(view_after):
    assert seconds_per_run(view_after(9.0)) == pytest.approx(9.0)
    assert [runs for runs, _ in speed._runs.values()] == [1]
