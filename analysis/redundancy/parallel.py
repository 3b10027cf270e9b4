"""Run independent tasks side by side on all cores, each on one."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import lru_cache
from threading import Barrier, Thread, local
from typing import TypeVar

import torch

from analysis.redundancy.watch import PERIOD, Watch

Result = TypeVar("Result")


def run_all(tasks: Sequence[Callable[[], Result]], watch: Watch | None = None) -> list[Result]:
    """Run tasks on as many threads as PyTorch may use here, and return their results in order.

    Inside a task PyTorch uses one thread, also if it is the only one: many small operations scale better side by side
    than each cut in parts, after which PyTorch's threads wait for the next one and take the cores of other tasks.
    Tasks may call this function themselves; theirs then run one after the other. The first error is raised, whether
    of a task, of the watch's progress or Ctrl-C, as soon as the other tasks have ended: those that count their work
    end at once, and nothing keeps computing.

    Args:
        tasks: What to run.
        watch: Told to tell its progress several times a second, also while a task is inside a long call.

    Example:
        >>> run_all([lambda: "first", lambda: "second"])
        ['first', 'second']
    """
    threads, told = torch.get_num_threads(), watch is not None and watch.progress is not None
    if _HERE.is_worker or (threads < 2 and not told):
        return [task() for task in tasks]
    return _run_in_pool(tasks, threads, watch or Watch(0))


class _Here(local):
    """What a thread knows about itself."""

    is_worker = False


_HERE = _Here()


def run_tasks_here() -> None:
    """Let the calling thread do its own tasks from now on, one after the other, with PyTorch on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    _HERE.is_worker = True
    others = Thread(target=torch.set_num_threads, args=(threads,))  # what threads that start later will take over
    others.start()
    others.join()


def _run_in_pool(tasks: Sequence[Callable[[], Result]], threads: int, watch: Watch) -> list[Result]:
    pool = _pool(threads)
    futures = [pool.submit(task) for task in tasks]
    try:
        running = set(futures)
        while running:
            done, running = wait(running, PERIOD, FIRST_EXCEPTION)
            for future in done:
                future.result()
            watch.tell()
    except BaseException:
        watch.stop()
        for future in futures:
            future.cancel()
        wait(futures)
        raise
    return [future.result() for future in futures]


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    """Start threads in which PyTorch uses one thread only."""
    barrier = Barrier(threads)

    def start() -> None:
        torch.get_num_threads()  # a new thread takes over the number set last anywhere when first asked, not before
        torch.set_num_threads(1)
        _HERE.is_worker = True
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
