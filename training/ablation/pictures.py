"""The pictures of an ablation in batches, grouped once for all networks that ask for the same groups."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.grouping.methods import Method
from analysis.grouping.tasks import task_of
from stvit import TokenGrid
from stvit.images import PreparedImage
from training.evaluate import decoded
from training.sources import Listing, read_files


@dataclass(frozen=True)
class Groups:
    """Groups of the pictures of a batch on one grid.

    Attributes:
        labels: Super token of each token, shape (B, N).
        seconds: Processor time that finding them took.
    """

    labels: Int[Tensor, "b tokens"]
    seconds: float


@dataclass(frozen=True)
class Batch:
    """Pictures that go through each network together.

    Attributes:
        pixels: Input of the networks.
        labels: Class of each.
        shown: The same pixels as RGB bytes.
    """

    pixels: Float[Tensor, "b 3 h w"]
    labels: Int[Tensor, " b"]
    shown: Sequence[np.ndarray]
    _groups: dict[tuple[str, TokenGrid], Groups] = field(default_factory=dict)

    def groups(self, method: Method, grid: TokenGrid) -> Groups:
        """Return the groups of a method, at most as many in a picture as there are super tokens."""
        if (method.name, grid) not in self._groups:
            start = time.process_time()
            found = [method.segment(task_of(shown, grid, at_most=True)).labels for shown in self.shown]
            labels = torch.from_numpy(np.stack(found).astype(np.int64)).flatten(1)
            self._groups[method.name, grid] = Groups(labels, time.process_time() - start)
        return self._groups[method.name, grid]


def batches(source: Path, listing: Listing, size: int, count: int, done: set[int]) -> Iterator[tuple[int, Batch]]:
    """Yield the number of each batch that is not done, and the batch.

    Batches are strided: number K has the K-th picture and every `count`-th after it, so that classes keep their
    shares in what was measured at any time.

    Args:
        source: Image folder or a tar of one.
        listing: The pictures.
        size: Side in pixels, of the published transform.
        count: Number of batches.
        done: Numbers of the batches to leave out.

    Raises:
        ValueError: If a picture is corrupt.
    """
    for number in sorted(set(range(count)) - done):
        label_of = dict(listing.files[number::count])
        yield number, _batch(dict(decoded(read_files(source, tuple(label_of)), size, "fatal", [])), label_of)


def _batch(pictures: Mapping[str, PreparedImage], label_of: Mapping[str, int]) -> Batch:
    return Batch(
        torch.cat([picture.pixels for picture in pictures.values()]),
        torch.tensor([label_of[name] for name in pictures]),
        [picture.shown for picture in pictures.values()],
    )
