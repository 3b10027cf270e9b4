import os
import subprocess
import sys
import time
from threading import Barrier, Event

import pytest
import torch

from analysis.redundancy.parallel import run_all
from analysis.redundancy.watch import Watch
from tests.support.paths import ROOT


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_tasks(threads):
    assert run_all([lambda number=number: number**2 for number in range(20)]) == [n**2 for n in range(20)]


def test_as_many_tasks_run_at_once_as_there_are_threads(threads):
    meeting = Barrier(threads)
    assert sorted(run_all([lambda: meeting.wait(timeout=60)] * threads)) == list(range(threads))


def test_a_task_has_one_thread_and_the_caller_keeps_its_own_number(threads):
    for tasks in (8, 1):
        assert run_all([torch.get_num_threads] * tasks) == [1] * tasks
    assert torch.get_num_threads() == threads


def test_tasks_may_run_tasks(threads):
    assert run_all([lambda: run_all([lambda: 1, lambda: 2])] * 6) == [[1, 2]] * 6


def test_an_error_of_a_task_is_raised(threads):
    def fail():
        raise ValueError("no such row")

    with pytest.raises(ValueError, match="no such row"):
        run_all([lambda: 1, fail, lambda: 2])


def test_nothing_to_do_gives_nothing(threads):
    assert run_all([]) == []


def test_the_caller_is_told_while_tasks_are_inside_a_long_call(threads):
    told = Event()
    watch = Watch(1, lambda done, total: told.set())
    assert run_all([lambda: told.wait(timeout=60)], watch) == [True]


def test_what_progress_raises_ends_every_task(threads):
    ended, rounds = [], []

    def endless():
        try:
            while True:
                watch.advance(1)
                time.sleep(0.01)
        finally:
            ended.append(True)

    def cancel(done, total):
        rounds.append((done, total))
        if done:
            raise KeyError("cancelled")

    watch = Watch(10, cancel)
    with pytest.raises(KeyError, match="cancelled"):
        run_all([endless] * threads, watch)
    assert len(ended) == threads
    assert all(0 <= done <= total == 10 for done, total in rounds)


def test_an_error_of_a_task_ends_the_others(threads):
    def fail():
        raise ValueError("no such row")

    def endless():
        while True:
            watch.advance()
            time.sleep(0.01)

    watch = Watch(1, lambda done, total: None)
    with pytest.raises(ValueError, match="no such row"):
        run_all([fail, endless] if threads > 1 else [fail], watch)


FORKED = """
import os, time, torch
torch.set_num_threads(2)
from analysis import ledger
from stvit import capture
from tests.support.tiny import tiny_model, tiny_pixels

cap = capture(tiny_model(), tiny_pixels(1, 128, 128))
rows = len(ledger(cap, ("super", "global"), ("entropy",)))
child = os.fork()
if child == 0:
    os._exit(0 if len(ledger(cap, ("super", "global"), ("entropy",))) == rows else 1)
for _ in range(600):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        break
    time.sleep(0.1)
else:
    os.kill(child, 9)
print("hangs" if not done else os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_measures_after_its_parent_did():
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert found.stdout == "0\n", found.stderr
