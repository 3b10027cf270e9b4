"""Run independent tasks side by side on all cores, each on one."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache, partial
from threading import Barrier, Event, local
from typing import TypeVar

import torch

Result = TypeVar("Result")


Watch = Callable[[], object]
"""Called every `HEARTBEAT` seconds at least while work goes on; what it raises stops the work."""

HEARTBEAT = 0.25

_here = local()
"""What the running thread asks at each point where its task can be stopped."""


class _StoppedError(Exception):
    """Ends a task whose result nobody waits for any more."""


def run_all(tasks: Sequence[Callable[[], Result]], watch: Watch | None = None) -> list[Result]:
    """Run tasks on as many threads as PyTorch may use here, and return their results in order.

    Inside a task PyTorch uses one thread: many small operations scale better side by side than each cut in parts.
    Tasks may call this function themselves; theirs then run one after the other. The first error is raised.

    Args:
        tasks: What to run.
        watch: Called in this thread while they run; an error that it raises stops the tasks at their next
            `stopping_point` and is raised here.

    Example:
        >>> run_all([lambda: "first", lambda: "second"])
        ['first', 'second']
    """
    threads = torch.get_num_threads()
    if threads < 2 or len(tasks) < 2:
        return [_run(task, _pulse(watch) if watch else getattr(_here, "check", None)) for task in tasks]
    stopped = Event()
    waiting = [_pool(threads).submit(_run, task, partial(_check, stopped)) for task in tasks]
    try:
        while watch is not None and wait(waiting, timeout=HEARTBEAT).not_done:
            watch()
        return [each.result() for each in waiting]
    finally:
        stopped.set()  # those that still run end at their next stopping point
        for each in waiting:
            each.cancel()


def stopping_point() -> None:
    """Let the task that runs here be stopped; long tasks call this several times a second."""
    check = getattr(_here, "check", None)
    if check is not None:
        check()


def _run(task: Callable[[], Result], check: Watch | None) -> Result:
    before = getattr(_here, "check", None)
    _here.check = check
    try:
        return task()
    finally:
        _here.check = before


def _pulse(watch: Watch) -> Watch:
    """Return a function that calls another one, but not more often than every `HEARTBEAT` seconds."""
    last = time.monotonic()

    def check() -> None:
        nonlocal last
        if time.monotonic() - last >= HEARTBEAT:
            last = time.monotonic()
            watch()

    return check


def _check(stopped: Event) -> None:
    if stopped.is_set():
        raise _StoppedError


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
