"""Running averages of an epoch, top-k accuracy, and metrics as JSON lines."""

import json
import math
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
        """Add a batch with its mean loss and number of right answers."""
        self.images += images
        self.loss += loss * images
        self.correct += correct

    def __add__(self, other: "Average") -> "Average":
        """Return the averages over the images of both operands."""
        return Average(self.images + other.images, self.loss + other.loss, self.correct + other.correct)

    def means(self) -> tuple[float, float]:
        """Return mean loss and accuracy in percent."""
        count = max(self.images, 1)
        return self.loss / count, 100 * self.correct / count


def correct(logits: Tensor, labels: Tensor, k: int = 1) -> Tensor:
    """Return which labels (B,) are among the k highest logits (B, classes), shape (B,)."""
    best = logits.topk(min(k, logits.shape[1]), dim=1).indices
    return (best == labels[:, None]).any(1)


class Tally:
    """Sums of loss and right answers that stay on the training device, since reading them at each step would stall it.

    Args:
        device: The training device.
        average: What was summed up before.
    """

    def __init__(self, device: torch.device, average: Average) -> None:
        self.images = average.images
        kind = torch.float32 if device.type == "mps" else torch.float64  # Metal has no wider type
        self.sums = torch.tensor([average.loss, average.correct], dtype=kind, device=device)

    @torch.no_grad()
    def add(self, loss: Tensor, right: Tensor) -> None:
        """Add the mean loss of a batch and which of its answers are right."""
        self.images += len(right)
        self.sums += torch.stack([loss.to(self.sums) * len(right), right.sum().to(self.sums)])

    def average(self, step: int) -> Average:
        """Return the sums so far.

        Args:
            step: Steps done, for the message.

        Raises:
            FloatingPointError: If the loss is not finite.
        """
        loss, right = self.sums.tolist()
        if not math.isfinite(loss):
            raise FloatingPointError(f"The loss is {loss} by step {step}; lower the learning rate and resume.")
        return Average(self.images, loss, int(right))


class MetricsLog:
    """A file with one JSON object per epoch.

    Args:
        path: The file.
        epochs: Epochs to keep if the file exists; rows of later ones are dropped, as a resumed run writes them again.
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
