"""Associations that replace the learned one in counterfactual runs."""

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from jaxtyping import Int
from torch import Tensor

from stvit.association import Association, regular_grid
from stvit.cell_association import AnyAssociation, CellAssociation, associate
from stvit.error_text import counted
from stvit.grid import TokenGrid

SwapName: TypeAlias = Literal["grid", "hard", "masked"]
SwapRule: TypeAlias = Callable[[Tensor, TokenGrid, AnyAssociation], AnyAssociation]
Swap: TypeAlias = SwapName | Tensor | Association | SwapRule
"""What `capture(association=)` takes for a block:

- "grid": the regular grid, each token in its own cell;
- "hard": the learned association, all mass on the best super token;
- "masked": learned, but phantoms get no mass (logit -inf);
- a tensor of labels, shape (H, W) or (B, H, W), from 0 to M - 1 (SLIC, a segmentation, ...);
- an `Association`;
- a function (tokens, grid, learned association) -> association.
"""


def swapped(swap: Swap, tokens: Tensor, grid: TokenGrid, learned: AnyAssociation, num_iters: int) -> AnyAssociation:
    """Return the association with which a swap replaces the learned one.

    Raises:
        ValueError: If the swap is unknown or does not fit the grid or the batch.
        TypeError: If it is nothing that can replace an association.
    """
    if isinstance(swap, str):
        return _named(swap, tokens, grid, learned, num_iters)
    if isinstance(swap, Tensor):
        return Association.from_labels(_flat_labels(swap, grid, len(tokens)), grid, tokens)
    result = swap(tokens, grid, learned) if callable(swap) else swap
    if not isinstance(result, Association | CellAssociation):
        raise TypeError(
            "An association can be replaced by a name, a tensor of labels, an Association or a function that "
            f"returns one, got {type(result).__name__}; turn an array of labels into a tensor with torch.from_numpy."
        )
    _check_fit(result, tokens, grid)
    return result


def _check_fit(association: AnyAssociation, tokens: Tensor, grid: TokenGrid) -> None:
    if association.grid != grid:
        raise ValueError(f"The association given is laid out on {association.grid}, but the block works on {grid}.")
    weight = association.weight
    if len(weight) != len(tokens) or weight.dtype != tokens.dtype or weight.device != tokens.device:
        raise ValueError(
            f"The association given holds {counted(len(weight), 'image')} as {weight.dtype} on {weight.device}, but "
            f"the block works on {len(tokens)} as {tokens.dtype} on {tokens.device}."
        )


def _named(name: str, tokens: Tensor, grid: TokenGrid, learned: AnyAssociation, num_iters: int) -> AnyAssociation:
    if name == "grid":
        return regular_grid(grid, tokens)
    if name == "hard":
        return Association.from_labels(learned.to_sparse().labels(), grid, tokens)
    if name == "masked":
        return associate(tokens, grid, num_iters, mask_phantoms=True)
    raise ValueError(f"There is no association named {name!r}; known are grid, hard and masked.")


def _flat_labels(labels: Tensor, grid: TokenGrid, batch: int) -> Int[Tensor, "batch tokens"]:
    size = (grid.height, grid.width)
    if tuple(labels.shape) not in (size, (1, *size), (batch, *size)):
        raise ValueError(
            f"Labels for a block of {grid.height} x {grid.width} tokens need that shape (one per token), with or "
            f"without a batch axis of {batch} in front, got {tuple(labels.shape)}."
        )
    if labels.is_floating_point() or labels.is_complex():
        raise TypeError(f"Labels need whole numbers, got {labels.dtype}; round them first.")
    return labels.to(torch.int64).expand(batch, -1, -1).flatten(1)
