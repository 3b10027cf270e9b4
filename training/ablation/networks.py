"""Copies of a trained network in which the association of super tokens is made in another way, and what they cost.

Nothing is hooked: a copy computes what it is to be measured with and nothing besides, so its time is its own.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from analysis.cost import FLOPS_PER_MAC
from stvit import STViT, TokenGrid
from stvit.association import Association
from stvit.attention import Associate, SuperTokenAttention
from stvit.cell_association import AnyAssociation, associate
from stvit.grid import stage_grid


class Masked(nn.Module):
    """The learned association without phantoms.

    Args:
        learned: The module that it replaces.
    """

    def __init__(self, learned: Associate) -> None:
        super().__init__()
        self.num_iters = learned.num_iters

    def forward(self, tokens: Float[Tensor, "b c h w"], grid: TokenGrid) -> AnyAssociation:
        """Return the association of tokens (B, C, H, W) on a grid."""
        return associate(tokens, grid, self.num_iters, mask_phantoms=True)


class Hard(nn.Module):
    """The learned association with all mass on the heaviest super token.

    Args:
        learned: The module that it replaces.
    """

    def __init__(self, learned: Associate) -> None:
        super().__init__()
        self.learned = learned

    def forward(self, tokens: Float[Tensor, "b c h w"], grid: TokenGrid) -> AnyAssociation:
        """Return the association of tokens (B, C, H, W) on a grid."""
        return Association.from_labels(self.learned(tokens, grid).to_sparse().labels(), grid, tokens)


class Given(nn.Module):
    """Groups that were found beforehand.

    Attributes:
        labels: Super token of each token, shape (B, H W), by grid; to be set before each batch.
    """

    def __init__(self, _: Associate) -> None:
        super().__init__()
        self.labels: dict[TokenGrid, Int[Tensor, "b tokens"]] = {}

    def forward(self, tokens: Float[Tensor, "b c h w"], grid: TokenGrid) -> AnyAssociation:
        """Return the association of tokens (B, C, H, W) on a grid."""
        return Association.from_labels(self.labels[grid], grid, tokens)


def unchanged(model: STViT) -> STViT:
    """Return the network itself."""
    return model


def with_cells(model: STViT, first: int, second: int) -> STViT:
    """Return the network with other cells in stages 1 and 2."""
    return _configured(model, cells=(first, second, *model.config.cells[2:]))


def with_iterations(model: STViT, count: int) -> STViT:
    """Return the network with another number of sampling iterations in stages 1 and 2."""
    return _configured(model, num_iters=(count, count, *model.config.num_iters[2:]))


def masked(model: STViT) -> STViT:
    """Return the network with no mass on phantoms."""
    return _replaced(model, Masked)


def hard(model: STViT) -> STViT:
    """Return the network with hard assignment."""
    return _replaced(model, Hard)


def grouped(model: STViT) -> STViT:
    """Return the network with groups that `give` it before each batch."""
    return _replaced(model, Given)


def give(network: STViT, labels: dict[TokenGrid, Int[Tensor, "b tokens"]]) -> None:
    """Give a network made by `grouped` the groups of a batch."""
    for mixer in super_token_mixers(network):
        if isinstance(mixer.associate, Given):
            mixer.associate.labels = labels


def grids_of(model: STViT, size: int) -> list[TokenGrid]:
    """Return the grids of the first stages of square pictures, as far as they have super tokens."""
    config = model.config
    grids = [stage_grid(size, size, stage, cell) for stage, cell in enumerate(config.cells)]
    return [grid for grid in grids if not grid.is_identity]


def counted_macs(network: STViT, pixels: Float[Tensor, "1 c h w"], sparse: bool) -> int:
    """Count the multiply-accumulates of one picture by PyTorch's own counter.

    It does not see an association by index, whose sampling and upsampling are one operation for each token and channel.

    Args:
        network: The network.
        pixels: One picture.
        sparse: Whether a token belongs to one super token, by index.
    """
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(pixels)
    stages = zip(network.config.depths, network.config.embed_dims, grids_of(network, pixels.shape[-1]), strict=False)
    unseen = sum(2 * depth * channels * grid.num_tokens for depth, channels, grid in stages)
    return counter.get_total_flops() // FLOPS_PER_MAC + (unseen if sparse else 0)


def super_token_mixers(network: STViT) -> Iterator[SuperTokenAttention]:
    """Yield the mixers of all blocks that have super tokens."""
    for block in network.blocks().values():
        if isinstance(block.attention, SuperTokenAttention) and block.attention.has_super_tokens:
            yield block.attention


def _configured(model: STViT, **changes: Any) -> STViT:
    """Return a network of the same weights; cells and iterations have none."""
    changed = STViT(replace(model.config, **changes))
    changed.load_state_dict(model.state_dict())
    return changed.eval()


def _replaced(model: STViT, module: Callable[[Associate], nn.Module]) -> STViT:
    changed = deepcopy(model)
    for mixer in super_token_mixers(changed):
        mixer.associate = module(mixer.associate)  # type: ignore[assignment]  # of the same signature
    return changed.eval()
