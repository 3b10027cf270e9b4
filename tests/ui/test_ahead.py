"""What is worked out ahead: for people who look, never while they wait, never for who has left, and within memory."""

from threading import Event, Thread
from time import sleep

import pytest
import torch

from analysis.redundancy.parallel import run_all, run_tasks_here
from tests.support.app_support import check_fine, go_to, opened
from ui import ahead
from ui.ahead import Ahead, LeftError, step
from ui.view.store import Store, on_behalf_of, this_session


class Room:
    """Who is there, and whether they wait."""

    def __init__(self) -> None:
        self.quiet, self.there, self.asked = True, {"one", "two"}, 0
        self.ahead = Ahead(self.is_quiet, lambda session: session in self.there)

    def is_quiet(self) -> bool:
        self.asked += 1
        return self.quiet


@pytest.fixture
def room() -> Room:
    return Room()


def interrupted(room: Room, tasks, interrupt) -> tuple[list[str], bool]:
    """Begin a task, interrupt it inside, and return what was done and whether it ended there."""
    done, ended = [], []

    def task(check) -> None:
        check()
        done.append("begun")
        interrupt()
        try:
            check()
        except LeftError:
            ended.append(True)
            raise
        done.append("whole")

    room.ahead.want("one", 1, [task, *tasks])
    room.ahead.work_once()
    return done, bool(ended)


def test_tasks_are_done_in_order_and_once(room):
    done = []
    room.ahead.want("one", 1, [step(done.append, "first"), step(done.append, "second")])
    for _ in range(3):  # the third finds nothing left, and forgets the session
        room.ahead.work_once()
    assert done == ["first", "second"]
    assert not room.ahead._wanted


def test_a_task_ends_when_somebody_acts_and_is_begun_again(room):
    done, ended = interrupted(room, [], lambda: setattr(room, "quiet", False))
    assert (done, ended) == (["begun"], True)
    room.quiet = True
    room.ahead.work_once()  # its own interruption comes again
    assert done == ["begun", "begun"]


def test_nothing_begins_while_somebody_waits(room):
    done, room.quiet = [], False
    room.ahead.want("one", 1, [step(done.append, "it")])
    thread = Thread(target=room.ahead.work_once, daemon=True)
    thread.start()
    while room.asked < 3:
        sleep(0.001)
    assert not done
    room.quiet = True
    thread.join(60)
    assert done == ["it"]


def test_another_picture_ends_what_was_wanted_of_the_one_before(room):
    other = []
    done, ended = interrupted(
        room, [step(other.append, "old")], lambda: room.ahead.want("one", 1, [step(other.append, "new")])
    )
    assert (done, ended) == (["begun"], True)
    room.ahead.work_once()
    room.ahead.work_once()
    assert other == ["new"]


def test_nothing_goes_on_for_who_has_left(room):
    done, ended = interrupted(room, [], lambda: room.there.discard("one"))
    assert (done, ended) == (["begun"], True)
    room.ahead.work_once()
    assert done == ["begun"]
    assert not room.ahead._wanted
    room.ahead.want("one", 1, [])
    room.ahead.want("two", 2, [])
    assert list(room.ahead._wanted) == ["two"]  # where no thread works, sessions that left are forgotten, too


def test_a_task_that_fails_is_left_to_its_page(room):
    done = []
    room.ahead.want("one", 1, [lambda check: 1 / 0, step(done.append, "next")])
    room.ahead.work_once()
    room.ahead.work_once()
    assert done == ["next"]


def test_results_belong_to_the_session_and_to_the_memory_of_all(room):
    store = Store(100)
    room.ahead.want(
        "one", 7, [step(lambda number: store.get(number, lambda: bytes(40), len, this_session()), n) for n in range(4)]
    )
    for _ in range(4):
        room.ahead.work_once()
    assert (len(store), store.nbytes) == (2, 80)
    store.release(7)
    assert store.nbytes == 0


def test_a_page_that_waits_for_what_was_given_up_makes_it_and_keeps_it():
    store, begun, waits, found = Store(100), Event(), Event(), []

    def given_up() -> bytes:
        begun.set()
        assert waits.wait(60)
        raise LeftError

    def ahead_of_need() -> None:
        with pytest.raises(LeftError):
            store.get("it", given_up, len, 1)

    threads = [
        Thread(target=ahead_of_need),
        Thread(target=lambda: found.append(store.get("it", lambda: b"made", len, 2))),
    ]
    threads[0].start()
    assert begun.wait(60)
    threads[1].start()
    while 2 not in store._entries["it"].owners:  # the second thread has come to wait
        sleep(0.001)
    waits.set()
    for thread in threads:
        thread.join(60)
    assert found == [b"made"]
    assert store.find("it", 2) == b"made"


def test_work_ahead_takes_one_core_and_leaves_the_others_theirs():
    before, inside = torch.get_num_threads(), []

    def work() -> None:
        run_tasks_here()
        inside.append(torch.get_num_threads())
        thread = Thread(target=lambda: inside.append(torch.get_num_threads()))
        run_all([thread.start, thread.join])

    thread = Thread(target=work)
    thread.start()
    thread.join(60)
    assert inside == [1, before]
    assert torch.get_num_threads() == before


def test_every_page_finds_what_was_worked_out_ahead(monkeypatch):
    """Open a page, do all that is wanted, and open the other pages, which then run nothing of it again."""
    wanted = []
    monkeypatch.setattr(ahead, "want", lambda tasks: wanted.append((this_session(), list(tasks))))
    app = opened("steps")
    owner, tasks = wanted[-1]
    assert len(tasks) > 5
    with on_behalf_of(owner):
        for task in tasks:
            task(lambda: None)

    def again(*arguments, **options):
        raise AssertionError("worked out twice")

    for target in (
        "ui.panels.rollouts.rollout",
        "ui.panels.alike_sides.cka_chart",
        "ui.pages.compare.measured",
        "ui.panels.changed_runs.outcome_of",
        "ui.panels.trials.try_changes",
        "ui.panels.ledgers.ledger",
    ):
        monkeypatch.setattr(target, again)
    for page in ("rollout", "compare", "what-if", "redundancy"):
        check_fine(go_to(app, page))
