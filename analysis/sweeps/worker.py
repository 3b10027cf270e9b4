"""What each worker does with a batch: read, decode, run the model, measure, and write a table for each picture."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from threadpoolctl import threadpool_limits
from torch import Tensor

from analysis.any_model import captured, classifies, device_of, digest_of, prepared
from analysis.many_pictures.measuring import checked, reason
from analysis.redundancy.ledger import ledger
from analysis.sweeps.items import Item
from analysis.sweeps.job import Job, Report, SweepError
from analysis.sweeps.store import NOTHING, Prediction, SweepStore


@dataclass(frozen=True)
class _Ready:
    """A picture as the model takes it."""

    place: int
    digest: str
    pixels: Tensor


class Measurer:
    """Measures batches of pictures; the model is loaded once.

    Args:
        job: What to do.

    Raises:
        SweepError: If the weights are not those the sweep started with.
    """

    def __init__(self, job: Job) -> None:
        if job.threads is not None:
            torch.set_num_threads(job.threads)
        self._settings, self._store = job.settings, SweepStore(job.folder, job.key)
        self._model = job.load()
        if digest_of(self._model) != job.digest:
            raise SweepError("The weights were changed during the sweep; start it again.")
        self._device = device_of(self._model)

    def __call__(self, items: Sequence[Item]) -> list[Report]:
        """Return the result of each picture of a batch, in order.

        Raises:
            SweepError: If a table cannot be written.
        """
        reports: dict[int, Report] = {}
        ready: list[_Ready] = []
        stored: set[str] = set()
        for place, item in enumerate(items):
            try:
                picture = item.read()
                if self._store.has(picture.sha256):
                    stored.add(picture.sha256)
                pixels = prepared(self._model, picture, self._settings.size, self._settings.framing)[0].pixels
                ready.append(_Ready(place, picture.sha256, pixels))
            except Exception as error:  # decoders fail in more ways than anyone can list
                reports[place] = Report(item.name, error=reason(error))
        for group in _of_one_shape(ready):
            for one, why in self._measured(group, stored).items():
                kept = "" if why else one.digest
                reports[one.place] = Report(items[one.place].name, kept, one.digest in stored, why)
        return [reports[place] for place in range(len(items))]

    def _measured(self, group: Sequence[_Ready], stored: set[str]) -> dict[_Ready, str]:
        """Keep the tables of pictures of one shape, and return for each picture why it has none, or nothing."""
        if all(one.digest in stored for one in group):
            return dict.fromkeys(group, "")
        try:
            self._measure(group, stored)
        except SweepError:
            raise
        except Exception as error:  # models and metrics fail in more ways than anyone can list
            if len(group) == 1:
                return {group[0]: reason(error)}
            return {key: why for one in group for key, why in self._measured([one], stored).items()}
        return dict.fromkeys(group, "")

    def _measure(self, group: Sequence[_Ready], stored: set[str]) -> None:
        settings = self._settings
        cap = captured(self._model, torch.cat([one.pixels for one in group]).to(self._device))
        predictions = _predictions(cap.logits) if classifies(self._model) else [NOTHING] * len(group)
        seeds = [int(one.digest[:12], 16) for one in group]  # of the pictures: errors cancel out over them
        table = checked(ledger(cap, settings.attentions, settings.metrics, anchors=settings.anchors, seed=seeds))
        for number, one in enumerate(group):
            if one.digest not in stored:
                own = table[table["image"] == number].assign(image="")
                self._store.write(one.digest, own, predictions[number])


def measurer_of_its_own_process(job: Job) -> Measurer:
    """Return what measures in a process that does nothing else and has no other threads yet.

    Ray's processes have, and hold NumPy to their CPUs: to look for its library there may wait for ever for a thread
    that imports another. The model and all that was imported stay to the end: without looking through them for garbage
    again and again, a picture takes a twentieth less.
    """
    if job.threads is not None:
        limit_threads(job.threads)
    measurer = Measurer(job)
    keep_what_is_there()
    return measurer


def limit_threads(threads: int) -> None:
    """Let PyTorch and NumPy, which both start as many threads as there are cores, use so many in this process."""
    torch.set_num_threads(threads)
    threadpool_limits(threads, user_api="blas")


def keep_what_is_there() -> None:
    """Look for garbage among later objects only."""
    gc.collect()
    gc.freeze()


def _predictions(logits: Float[Tensor, "batch classes"]) -> list[Prediction]:
    chances, best = logits.double().softmax(-1).max(-1)
    return [Prediction(int(number), float(chance)) for number, chance in zip(best, chances, strict=True)]


def _of_one_shape(ready: Sequence[_Ready]) -> list[list[_Ready]]:
    groups: dict[torch.Size, list[_Ready]] = {}
    for one in ready:
        groups.setdefault(one.pixels.shape, []).append(one)
    return list(groups.values())
