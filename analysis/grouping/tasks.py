"""What a grouping method is asked to do, and the methods of the registry as functions of it."""

from dataclasses import dataclass, replace

import numpy as np

from analysis.grouping.choices import RESOLUTIONS, Resolution
from analysis.grouping.colour_kmeans import colour_kmeans_labels
from analysis.grouping.connected import largest_pieces
from analysis.grouping.controls import radial_labels, random_seed_labels
from analysis.grouping.felzenszwalb import felzenszwalb_labels
from analysis.grouping.label_maps import Image, Labels, upsample_labels
from analysis.grouping.quickshift import quickshift_labels
from analysis.grouping.segmentation import Segmentation
from analysis.grouping.slic import slic_labels, slico_labels
from analysis.grouping.soft_kmeans import soft_kmeans_association, soft_kmeans_labels
from analysis.grouping.token_image import token_image
from analysis.grouping.watershed import watershed_labels
from stvit import Association, BlockRecord, TokenGrid, associate
from stvit.precision import at_least_single


@dataclass(frozen=True, eq=False)
class Task:
    """What a method is asked to group.

    Attributes:
        image: The picture at the resolution that the method sees, RGB bytes.
        grid: Layout of tokens and super tokens; it says how many groups are wanted.
        record: The block, for methods that know the model.
        iterations: Of the learned sampling; None takes the association that the block used.
        at_most: Never give more groups than there are super tokens.
        wanted: How many groups, where no grid has just as many; None takes those of the grid. Methods that start from
            a grid give those of the grid all the same.
    """

    image: Image
    grid: TokenGrid
    record: BlockRecord | None = None
    iterations: int | None = None
    at_most: bool = False
    wanted: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what is grouped."""
        height, width = self.image.shape[:2]
        return height, width

    @property
    def count(self) -> int:
        """Groups wanted."""
        return self.grid.num_super_tokens if self.wanted is None else self.wanted


def task_of(
    shown: Image,
    grid: TokenGrid,
    on: Resolution = "token",
    record: BlockRecord | None = None,
    iterations: int | None = None,
    *,
    at_most: bool = False,
) -> Task:
    """Return the task to group a picture, seen at a resolution, into as many groups as there are super tokens.

    Raises:
        ValueError: If there is no such resolution; the message lists the known ones.
    """
    if on not in RESOLUTIONS:
        raise ValueError(f"There is no resolution {on!r}; known are {', '.join(RESOLUTIONS)}.")
    image = token_image(shown, grid.height, grid.width) if on == "token" else shown
    return Task(image, grid, record, iterations, at_most)


def learned_labels(record: BlockRecord, iterations: int | None = None) -> Labels:
    """Return the super token of each token after some iterations of the sampling, shape (H, W).

    Args:
        record: The block; the sampling runs on the tokens that it received.
        iterations: 0 gives the grid; None takes the association that the block used.
    """
    labels = _learned(record, iterations).labels()[0]
    return labels.reshape(record.grid.height, record.grid.width).numpy(force=True)


def learned_weights(record: BlockRecord, iterations: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the super tokens of each token (-1 outside the grid) and their weights, both (N, 9).

    Args:
        record: The block.
        iterations: Of the sampling; None takes the association that the block used. After 0 the association is hard.
    """
    found = _learned(record, iterations)
    return found.index[0].numpy(force=True), found.weight[0].numpy(force=True)


def _learned(record: BlockRecord, iterations: int | None) -> Association:
    """Return the association after some iterations of the sampling, or the one that the block used."""
    if iterations is None:
        return record.association
    return associate(at_least_single(record.tokens[:1]), record.grid, iterations).to_sparse()


def grid(task: Task) -> Segmentation:
    """Return the model's own cells, which differ from balanced ones where the grid is padded."""
    layout = task.grid
    cells = layout.cell_index.reshape(layout.height, layout.width).numpy(force=True)
    return Segmentation(upsample_labels(cells, *task.size), "regular grid", task.count, {})


def learned(task: Task) -> Segmentation:
    """Return the learned super tokens of a block.

    Raises:
        ValueError: If the task names no block.
    """
    if task.record is None:
        raise ValueError("Learned super tokens need a captured block; pass its record.")
    settings = {} if task.iterations is None else {"iterations": task.iterations}
    return Segmentation(learned_labels(task.record, task.iterations), "learned super tokens", task.count, settings)


def learned_connected(task: Task) -> Segmentation:
    """Return the learned super tokens of a block, each reduced to its largest piece.

    Raises:
        ValueError: If the task names no block.
    """
    found = learned(task)
    return replace(found, labels=largest_pieces(found.labels), method="learned super tokens, connected")


def slic(task: Task) -> Segmentation:
    """Return SLIC superpixels."""
    return slic_labels(task.image, task.count, at_most=task.at_most)


def slico(task: Task) -> Segmentation:
    """Return SLICO superpixels."""
    return slico_labels(task.image, task.count, at_most=task.at_most)


def felzenszwalb(task: Task) -> Segmentation:
    """Return the segments of Felzenszwalb and Huttenlocher."""
    return felzenszwalb_labels(task.image, task.count, at_most=task.at_most)


def quickshift(task: Task) -> Segmentation:
    """Return quick shift superpixels."""
    return quickshift_labels(task.image, task.count)


def watershed(task: Task) -> Segmentation:
    """Return compact watershed superpixels."""
    return watershed_labels(task.image, task.count, at_most=task.at_most)


def soft_kmeans(task: Task) -> Segmentation:
    """Return the heaviest superpixel of soft k-means."""
    return soft_kmeans_labels(task.image, task.grid.rows, task.grid.columns)


def soft_kmeans_weights(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Return the association of soft k-means."""
    return soft_kmeans_association(task.image, task.grid.rows, task.grid.columns)


def colour_kmeans(task: Task) -> Segmentation:
    """Return the groups of k-means on colour alone."""
    return colour_kmeans_labels(task.image, task.grid.rows, task.grid.columns)


def random_seeds(task: Task) -> Segmentation:
    """Return the cells of random points."""
    return random_seed_labels(*task.size, task.count)


def radial(task: Task) -> Segmentation:
    """Return rings cut into sectors."""
    return radial_labels(*task.size, task.count)
