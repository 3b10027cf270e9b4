"""Changes of the association that are ready to run, and the rules by which the registry of changes makes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.grouping.label_maps import Image
from analysis.grouping.methods import Method, count_iterations, method_named
from analysis.grouping.tasks import task_of
from stvit import Association, BlockId, Capture, STViT, TokenGrid, capture
from stvit.capturing.association_swaps import Swap
from stvit.cell_association import AnyAssociation
from stvit.grid import as_cell


@dataclass(frozen=True)
class Variant:
    """A change with all choices made.

    Attributes:
        title: What people call it.
        association: Put in place of the learned one in every block with super tokens; None keeps it.
        num_iters: Sampling iterations instead of the model's own; None keeps them.
        blocks: Blocks to change; None changes all that have super tokens.
        name: Of the entry in `CHANGES`, if there is one.
        colour: Of that entry.
    """

    title: str
    association: Swap | None = None
    num_iters: int | None = None
    blocks: tuple[BlockId, ...] | None = None
    name: str = ""
    colour: str = ""

    def run(
        self,
        model: STViT,
        pixels: Float[Tensor, "batch channels height width"],
        recorded: Sequence[BlockId] | None = None,
        forward: Callable[[STViT, Tensor], Tensor] | None = None,
    ) -> Capture:
        """Run the model with the change; `recorded` are the blocks that the capture holds, all if None.

        See `stvit.capture` for what else can be given.
        """
        swap: Swap | Mapping[BlockId, Swap] | None = self.association
        iterations: int | Mapping[BlockId, int] | None = self.num_iters
        if self.blocks is not None:
            swap = None if self.association is None else dict.fromkeys(self.blocks, self.association)
            iterations = None if self.num_iters is None else dict.fromkeys(self.blocks, self.num_iters)
        return capture(model, pixels, blocks=recorded, association=swap, num_iters=iterations, forward=forward)

    def leaves(self, model: STViT) -> bool:
        """Return whether the variant is what the model does already, so that its run is the model's own."""
        of_stages = zip(model.config.cells, model.config.num_iters, strict=True)
        own = {iterations for cell, iterations in of_stages if as_cell(cell) != (1, 1)}
        return self.association is None and (self.num_iters is None or own <= {self.num_iters})


def by_method(name: str, title: str, shown: Image, parameter: None) -> Variant:
    """Use the groups that the named method finds in the picture in place of super tokens."""
    return Variant(title, swap_by(method_named(name), shown))


def by_name(name: str, title: str, shown: Image, parameter: None) -> Variant:
    """Use what `capture` knows by this name in place of the learned association."""
    association: Any = name  # capture refuses names that it does not know
    return Variant(title, association)


def by_iterations(name: str, title: str, shown: Image, parameter: int) -> Variant:
    """Run the sampling for another number of iterations."""
    return Variant(count_iterations(parameter), num_iters=parameter)


def swap_by(method: Method, shown: Image) -> Swap:
    """Return the rule that associates tokens by a method; all blocks of a stage share what it finds.

    Args:
        method: One that does not use the model.
        shown: The picture as the model sees it.
    """

    @cache
    def found(grid: TokenGrid) -> tuple[Tensor, Tensor]:
        """Return super tokens of each token and their weights, both (N, k)."""
        task = task_of(shown, grid, at_most=True)
        if method.associate is not None:
            index, weight = method.associate(task)
        else:
            index = method.segment(task).labels.reshape(-1, 1)
            weight = np.ones(index.shape)
        return torch.from_numpy(index.astype(np.int64)), torch.from_numpy(weight)

    def swap(tokens: Tensor, grid: TokenGrid, learned: AnyAssociation) -> AnyAssociation:
        index, weight = (part.to(tokens.device).expand(len(tokens), -1, -1) for part in found(grid))
        padding = tokens.new_zeros(len(tokens), grid.num_super_tokens)
        return Association(index, weight.to(tokens.dtype), grid, padding)

    return swap
