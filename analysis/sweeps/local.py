"""The local engine: worker processes on one machine, each with its own model, restarted if they die."""

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from typing import Any

from analysis.sweeps.items import Item
from analysis.sweeps.job import Job, Report, SweepError
from stvit.error_text import sentence

DEATHS = 2
"""A picture during which so many workers died is given up; so is a sweep whose workers die before they begin."""

KILLED = "the process that measured it was killed, twice; perhaps it needs more memory than there is"


@dataclass
class _Task:
    """Pictures to measure together, and how often a worker has died on them."""

    items: Sequence[Item]
    deaths: int = 0


@dataclass
class _Worker:
    """A process and what it is working on."""

    process: Any
    pipe: Any
    task: _Task | None = None
    ready: bool = False


@dataclass
class _Pool:
    """Workers and what they still have to do."""

    job: Job
    count: int
    todo: Iterator[Sequence[Item]]
    again: deque[_Task] = field(default_factory=deque)
    workers: list[_Worker] = field(default_factory=list)
    stillborn: int = 0

    def start(self) -> None:
        """Start a worker."""
        context = get_context("spawn")  # a forked child cannot use a GPU, nor the parent's threads
        mine, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.job), daemon=True, name="sweep worker")
        process.start()
        theirs.close()  # so that the pipe ends when the worker does
        self.workers.append(_Worker(process, mine))

    def give(self, worker: _Worker) -> bool:
        """Hand the next pictures to a worker; False if none are left."""
        if self.again:
            worker.task = self.again.popleft()
        else:
            items = next(self.todo, None)
            worker.task = None if items is None else _Task(items)
        if worker.task is not None:
            worker.pipe.send(worker.task.items)
        return worker.task is not None

    def receive(self, worker: _Worker) -> list[Report]:
        """Return what a worker reports, and give it more work.

        Raises:
            SweepError: If it reports that the whole sweep has to end.
        """
        try:
            kind, said = worker.pipe.recv()
            if kind == "failed":
                raise SweepError(said)
            worker.ready, worker.task, self.stillborn = True, None, 0
            self.give(worker)
        except (EOFError, OSError):
            return self._bury(worker)
        return said

    def _bury(self, worker: _Worker) -> list[Report]:
        """Replace a worker that died; its pictures are tried again, one by one."""
        worker.pipe.close()
        worker.process.join()
        self.workers.remove(worker)
        lost = worker.task
        self.stillborn += not worker.ready
        if self.stillborn > DEATHS:
            raise SweepError(
                "The worker processes die before they begin; perhaps there is not enough memory for so many."
            )
        given_up: list[Report] = []
        if lost is not None and len(lost.items) == 1 and lost.deaths + 1 >= DEATHS:
            given_up = [Report(lost.items[0].name, error=KILLED)]
        elif lost is not None:
            self.again.extend(_Task([item], lost.deaths + 1 if len(lost.items) == 1 else 0) for item in lost.items)
        self.start()
        return given_up

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waiting."""
        return bool(self.again) or any(worker.task is not None or not worker.ready for worker in self.workers)

    def stop(self) -> None:
        """End all workers: idle ones end by themselves, busy ones are ended now."""
        for worker in self.workers:
            worker.pipe.close()
        for worker in self.workers:
            worker.process.join(0.5 if worker.task is None else 0)
            if worker.process.is_alive():
                worker.process.terminate()
            worker.process.join()


def run_locally(job: Job, batches: Iterable[Sequence[Item]], workers: int) -> Iterator[list[Report]]:
    """Measure batches in worker processes and yield each result as soon as it is available.

    A worker that is killed is replaced. Its pictures are measured again one by one, those it had finished being found;
    one on which two workers died is reported as an error. If this process dies, the workers end by themselves.

    Raises:
        SweepError: If the whole sweep has to end.
    """
    if workers == 0:
        yield from _run_here(job, batches)
        return
    pool = _Pool(job, workers, iter(batches))
    try:
        for _ in range(workers):
            pool.start()
        while pool.busy:
            for pipe in connection.wait([worker.pipe for worker in pool.workers]):
                worker = next(worker for worker in pool.workers if worker.pipe is pipe)
                reports = pool.receive(worker)
                if reports:
                    yield reports
            _wake(pool)
    finally:
        pool.stop()


def _wake(pool: _Pool) -> None:
    """Give batches waiting to be retried to workers that have run out of work."""
    for worker in list(pool.workers):
        if pool.again and worker.ready and worker.task is None:
            try:
                pool.give(worker)
            except OSError:  # it died meanwhile; its pipe says so in a moment
                continue


def _run_here(job: Job, batches: Iterable[Sequence[Item]]) -> Iterator[list[Report]]:
    from analysis.sweeps.worker import Measurer  # here: the driver of worker processes needs no model

    measurer = Measurer(job)
    for batch in batches:
        yield measurer(batch)


def _serve(pipe: Any, job: Job) -> None:
    """Measure what comes through the pipe until it ends; Ctrl-C is for the parent alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if job.threads is not None:
        os.environ.setdefault("OMP_NUM_THREADS", str(job.threads))
    try:
        from analysis.sweeps.worker import measurer_of_its_own_process

        measurer = measurer_of_its_own_process(job)
        pipe.send(("ready", []))
        while True:
            pipe.send(("done", measurer(pipe.recv())))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:
        pipe.send(("failed", sentence(error)))
