import os
import subprocess
import sys
import time
from threading import Barrier, Event

import pytest
import torch

from analysis.redundancy.parallel import run_all, stopping_point
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
    assert run_all([torch.get_num_threads] * 8) == [1] * 8
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


def test_who_watches_is_asked_while_tasks_run_and_can_stop_them(threads):
    asked, steps, ended = [], [], Event()

    def endless():
        try:
            while True:
                steps.append(0)
                time.sleep(0.001)
                stopping_point()
        finally:
            ended.set()

    def stop():
        asked.append(len(steps))
        if len(asked) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_all([endless, endless], stop)
    assert asked[0] > 0
    assert ended.wait(timeout=60)
    assert run_all([lambda: 1, lambda: 2], lambda: None) == [1, 2]  # the threads are free again


def test_without_anybody_who_watches_a_stopping_point_does_nothing(threads):
    assert run_all([stopping_point, stopping_point]) == [None, None]
    stopping_point()


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
