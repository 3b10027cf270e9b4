"""The engine for many machines: Ray Data hands paths to actors that have the model and write the tables themselves."""

import logging
import pickle
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from analysis.sweeps.items import Item
from analysis.sweeps.job import Job, Report, SweepError
from stvit.error_text import sentence
from stvit.foreign_text import plain

INSTALL = "The engine ray needs Ray; install it with `pip install 'ray[data]'`, or leave out --engine ray."


MOST_BLOCKS = 20_000
"""Into so many pieces of work the batches are cut at most: an actor answers when it has finished a piece."""


KNOCK_SECONDS = 10.0


class Actor:
    """What runs on the cluster: one model, any number of batches.

    Args:
        job: What to do, pickled.
    """

    def __init__(self, job: bytes) -> None:
        from analysis.sweeps.worker import Measurer

        self._failed = ""
        try:
            self._measurer = Measurer(pickle.loads(job))
        except Exception as error:
            self._failed = sentence(error)

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the reports of batches, or why the whole sweep has to end."""
        answers = [pickle.dumps(self._answer(pickle.loads(row))) for row in rows["batch"].to_pylist()]
        return pa.table({"answer": pa.array(answers, pa.binary())})

    def _answer(self, items: Sequence[Item]) -> list[Report] | str:
        """Return a sentence instead of raising an error: Ray would retry forever."""
        if self._failed:
            return self._failed
        try:
            return self._measurer(items)
        except Exception as error:
            return sentence(error)


def run_on_ray(
    job: Job, batches: Iterable[Sequence[Item]], workers: int, address: str | None
) -> Iterator[list[Report]]:
    """Measure batches on a Ray cluster and yield each result as soon as it is available.

    Ray restarts actors that die and gives their batches to others; the store knows what has been finished.

    Args:
        job: What to do; its folder and the pictures must be reachable by all machines under the same paths.
        batches: What to measure.
        workers: Number of actors.
        address: Address of a cluster; None starts one on this machine.

    Raises:
        ModuleNotFoundError: If Ray is not installed.
        SweepError: If the whole sweep has to end.
    """
    ray = _imported()
    started = not ray.is_initialized()
    if started:
        _start(ray, workers, address)
    try:
        rows = [{"batch": pickle.dumps(list(batch))} for batch in batches]
        data = ray.data.from_items(rows, override_num_blocks=max(1, min(len(rows), MOST_BLOCKS)))
        there = ray.cluster_resources()
        gpus = min(1.0, there.get("GPU", 0) / workers)
        answers = data.map_batches(
            Actor,
            fn_constructor_args=(pickle.dumps(job),),
            batch_size=1,
            batch_format="pyarrow",
            zero_copy_batch=True,
            num_cpus=1,
            num_gpus=gpus or None,
            compute=ray.data.ActorPoolStrategy(
                min_size=max(1, min(workers, int(there.get("CPU", 0)))),
                max_size=workers,
                max_tasks_in_flight_per_actor=1,  # a second batch would wait for this actor while another has none
            ),
        )
        for row in answers.iter_rows():
            answer = pickle.loads(row["answer"])
            if isinstance(answer, str):
                raise SweepError(answer)
            yield answer
    finally:
        if started:
            ray.shutdown()


def _start(ray: Any, workers: int, address: str | None) -> None:
    """Join a cluster, or start one on this machine."""
    more: dict[str, Any] = {"address": address} if address else {"num_cpus": workers + 1, "include_dashboard": False}
    try:
        _knock(address)
        ray.init(log_to_driver=False, logging_level="ERROR", **more)
    except Exception as error:  # Ray has many kinds
        if address is None:
            raise
        raise SweepError(
            f"There is no Ray cluster at {plain(address, 200)} that this process can join ({sentence(error)}); start "
            "one with `ray start --head`, with the same Python and Ray on every machine."
        ) from error


def _knock(address: str | None) -> None:
    """Fail at once if nothing listens at host:port; Ray would try for minutes."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.rpartition("/")[2], int(port)), timeout=KNOCK_SECONDS).close()


def _imported() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ModuleNotFoundError(INSTALL) from error
    ray.data.DataContext.get_current().enable_progress_bars = False
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray
