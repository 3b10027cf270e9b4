"""Running averages of an epoch, top-k accuracy, and metrics as JSON lines."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stvit.atomic_files import explain_full_disk, write_atomically


@dataclass
class Average:
    """Means over the images of an epoch so far.

    Attributes:
        images: Images seen.
        loss: Sum of the loss over them.
        correct: Images classified right.
    """

    images: int = 0
    loss: float = 0.0
    correct: int = 0

    def add(self, loss: float, correct: int, images: int) -> None:
        """Take in a batch with its mean loss and number of right answers."""
        self.images += images
        self.loss += loss * images
        self.correct += correct

    def __add__(self, other: "Average") -> "Average":
        """Return the averages over the images of both."""
        return Average(self.images + other.images, self.loss + other.loss, self.correct + other.correct)

    def means(self) -> tuple[float, float]:
        """Return mean loss and accuracy in percent."""
        count = max(self.images, 1)
        return self.loss / count, 100 * self.correct / count


def count_correct(logits: Tensor, labels: Tensor, k: int = 1) -> int:
    """Return how many labels (B,) are among the k highest logits (B, classes)."""
    best = logits.topk(min(k, logits.shape[1]), dim=1).indices
    return int((best == labels[:, None]).any(1).sum())


class MetricsLog:
    """A file with one JSON object per epoch.

    Args:
        path: The file.
        epochs: Epochs to keep if the file exists; rows of later ones are dropped, for a resumed run writes them again.
    """

    def __init__(self, path: Path, epochs: int) -> None:
        self.path = path
        rows = [row for row in read_metrics(path) if row["epoch"] < epochs] if path.exists() else []
        write_atomically(path, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def write(self, row: dict[str, Any]) -> None:
        """Append a row.

        Raises:
            OSError: If the disk is full.
        """
        with explain_full_disk(self.path), self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a metrics file; a last line that a kill cut short is left out."""
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


@torch.no_grad()
def sanity_check_finite(loss: Tensor, step: int) -> None:
    """Stop a run whose loss is no number any more.

    Raises:
        FloatingPointError: If the loss is not finite.
    """
    if not bool(torch.isfinite(loss)):
        raise FloatingPointError(f"The loss is {float(loss)} at step {step}; lower the learning rate and resume.")
