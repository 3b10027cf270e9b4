"""The log-probability of one class with groups of a picture removed, computed in batches, each set of groups once."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Float

from analysis.faithfulness.groups import Groups
from analysis.faithfulness.removal import Answer

Progress: TypeAlias = Callable[[int, int, str], None]
"""Told what is done: how many, of how many, and in words. Whatever it raises ends the work."""

BATCH_PIXELS = 16 * 224 * 224
"""Pixels that run through the model at once."""


def silent(done: int, total: int, words: str) -> None:
    """Tell nobody."""


class Runs:
    """Runs of one picture with groups removed.

    Args:
        answer: What the model answers when pixels are removed.
        groups: Of the picture.
        target: The class, counted from 0.
        total: Runs that are planned, for the progress.
        progress: Told after each batch.
    """

    def __init__(
        self, answer: Answer, groups: Groups, target: int, total: int = 0, progress: Progress = silent
    ) -> None:
        self.groups, self.target = groups, target
        self._answer, self._total, self._progress = answer, total, progress
        self._labels = torch.from_numpy(groups.labels)
        self._batch = max(1, BATCH_PIXELS // groups.labels.size)
        self._done = 0
        self._known: dict[bytes, float] = {}

    def log_probability(self, removed: Bool[np.ndarray, "sets groups"]) -> Float[np.ndarray, " sets"]:
        """Return the log-probability of the class, in nats, with each of some sets of groups removed."""
        keys = [row.tobytes() for row in removed]
        new = {key: row for key, row in zip(keys, removed, strict=True) if key not in self._known}
        rows = list(new.values())
        self._tell(len(removed) - len(rows))
        for start in range(0, len(rows), self._batch):
            part = np.stack(rows[start : start + self._batch])
            values = self._run(torch.from_numpy(part))
            self._known |= dict(zip([row.tobytes() for row in part], values, strict=True))
            self._tell(len(part))
        return np.array([self._known[key] for key in keys])

    def _run(self, removed: torch.Tensor) -> list[float]:
        logits = self._answer(removed[:, self._labels])
        values: list[float] = logits.double().log_softmax(-1)[:, self.target].tolist()
        return values

    def _tell(self, more: int) -> None:
        self._done += more
        self._progress(self._done, max(self._total, self._done), f"{self.groups.title}: runs with groups removed")
