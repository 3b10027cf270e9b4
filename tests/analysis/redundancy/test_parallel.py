from threading import Barrier

import pytest
import torch

from analysis.redundancy.parallel import run_all


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
