"""Run independent tasks side by side on all cores, each on one."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Barrier
from typing import TypeVar

import torch

Result = TypeVar("Result")


def run_all(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run tasks on as many threads as PyTorch may use here, and return their results in order.

    Inside a task PyTorch uses one thread: many small operations scale better side by side than each cut in parts.
    Tasks may call this function themselves; theirs then run one after the other. The first error is raised.

    Example:
        >>> run_all([lambda: "first", lambda: "second"])
        ['first', 'second']
    """
    threads = torch.get_num_threads()
    if threads < 2 or len(tasks) < 2:
        return [task() for task in tasks]
    return list(_pool(threads).map(lambda task: task(), tasks))


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    """Start threads in which PyTorch uses one thread only."""
    barrier = Barrier(threads)

    def start() -> None:
        torch.get_num_threads()  # a new thread takes over the number set last anywhere when first asked, not before
        torch.set_num_threads(1)
        barrier.wait()

    pool = ThreadPoolExecutor(threads, thread_name_prefix="analysis")
    list(pool.map(lambda _: start(), range(threads)))
    torch.set_num_threads(threads)  # what threads that others start later will take over
    return pool


def _leave_threads_behind() -> None:
    """Forget, in a forked child, the threads of the parent, which do not exist there and would be waited for."""
    _pool.cache_clear()
    torch.set_num_threads(1)  # OpenMP's threads are gone, too, and it waits for them as soon as it wants two


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_threads_behind)
