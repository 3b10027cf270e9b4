"""Groups of pixels at equal count: super tokens of a block, superpixels, cells, random regions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from analysis.grouping.label_maps import Image, compact_labels, upsample_labels
from analysis.grouping.methods import chosen_methods
from analysis.grouping.tasks import learned_labels, task_of
from stvit import BlockRecord, TokenGrid
from stvit.capturing.attention_record import AttentionRecord
from stvit.grid import STRIDES

CELL_PIXELS = 32
"""Side of the cells that say how many groups a picture has where a block has no super tokens."""


@dataclass(frozen=True, eq=False)
class Groups:
    """A picture cut into groups.

    Attributes:
        method: Name of `analysis.grouping.methods.METHODS`.
        title: What people call it.
        labels: Group of each pixel, 0 to count - 1.
        count: Groups that own at least one pixel.
    """

    method: str
    title: str
    labels: Int[np.ndarray, "height width"]
    count: int

    def totals(self, values: Float[np.ndarray, "height width"]) -> Float[np.ndarray, " groups"]:
        """Return the sum of a map over the pixels of each group.

        Raises:
            ValueError: If the map is of another size.

        Example:
            >>> Groups("grid", "", np.array([[0, 1, 1]]), 2).totals(np.array([[1.0, 2.0, 3.0]]))
            array([1., 5.])
        """
        if values.shape != self.labels.shape:
            raise ValueError(f"Expected one value for each of {self.labels.shape} pixels, got {values.shape}.")
        return np.bincount(self.labels.ravel(), values.ravel(), self.count)

    @property
    def areas(self) -> Float[np.ndarray, " groups"]:
        """Share of the picture that each group covers."""
        return self.totals(np.full(self.labels.shape, 1 / self.labels.size))


def groups_of(record: AttentionRecord, shown: Image, methods: Iterable[str]) -> list[Groups]:
    """Cut a picture into groups, as many as a block has super tokens in use, at the resolution of its tokens.

    A block without super tokens takes the cells of `CELL_PIXELS`, and has no learned groups.

    Args:
        record: The block.
        shown: The picture as the model saw it.
        methods: Names of METHODS; those that give another count say so in `Groups.count`.

    Raises:
        ValueError: If a method is unknown, or needs super tokens that the block lacks.
    """
    own = isinstance(record, BlockRecord) and not record.grid.is_identity
    found = []
    for method in chosen_methods(methods):
        if method.knows_model and not own:
            raise ValueError(f"{record.id.caption.capitalize()} has no super tokens; choose other groups or stage 1.")
        grid = record.grid if own else _cells(shown)
        task = task_of(shown, grid, record=record if method.knows_model else None)  # type: ignore[arg-type]  # own
        if own and not method.knows_model:
            task = replace(task, wanted=len(np.unique(learned_labels(record))))  # type: ignore[arg-type]  # own
        found.append(groups_from(method.name, method.title, method.segment(task).labels, shown))
    return found


def groups_from(method: str, title: str, labels: Int[np.ndarray, "rows columns"], shown: Image) -> Groups:
    """Return groups from labels of any resolution."""
    compact, values = compact_labels(labels)
    return Groups(method, title, upsample_labels(compact, *shown.shape[:2]), len(values))


def _cells(shown: Image) -> TokenGrid:
    rows, columns = (-(-side // STRIDES[0]) for side in shown.shape[:2])
    return TokenGrid(rows, columns, CELL_PIXELS // STRIDES[0])
