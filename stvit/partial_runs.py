"""A run of the model in two parts, up to a block and from there on: what a change leaves as it was is run once.

The parts call the very layers that the model calls, in the same order, so that together they equal a run to the bit.
"""

from collections.abc import Callable, Iterator

from jaxtyping import Float
from torch import Tensor, nn

from stvit.model import BlockId, STViT


def features_before(
    model: STViT, pixels: Float[Tensor, "batch channels height width"], block: BlockId
) -> Float[Tensor, "batch block_channels rows columns"]:
    """Return what enters a block.

    Args:
        model: The model, in the mode in which it is to run.
        pixels: Normalised images.
        block: Which block.

    Raises:
        KeyError: If there is no such block.
        ValueError, TypeError: If the model refuses the pixels.
    """
    check_known(model, block)
    features = model.first_tokens(pixels)
    for reached, layer in _layers(model):
        if reached == block:
            break
        features = layer(features)
    return features


def logits_from(
    model: STViT,
    features: Float[Tensor, "batch block_channels rows columns"],
    block: BlockId,
    between: Callable[[], None] = lambda: None,
) -> Float[Tensor, "batch classes"]:
    """Return the logits that follow from what enters a block.

    Args:
        model: The model, in the mode in which it is to run.
        features: As `features_before` returns them.
        block: Which block they enter.
        between: Called before each layer; what it raises ends the run.

    Raises:
        KeyError: If there is no such block.

    Example:
        >>> import torch
        >>> from stvit import create_model
        >>> model, pixels = create_model("stvit_demo", seed=0).eval(), torch.rand(1, 3, 64, 64)
        >>> entering = features_before(model, pixels, BlockId(2, 1))
        >>> torch.equal(logits_from(model, entering, BlockId(2, 1)), model(pixels))
        True
    """
    check_known(model, block)
    begun = False
    for reached, layer in _layers(model):
        begun = begun or reached == block
        if begun:
            between()
            features = layer(features)
    logits: Tensor = model.classifier(model.projection(features).mean((2, 3)))
    return logits


def _layers(model: STViT) -> Iterator[tuple[BlockId | None, nn.Module]]:
    """Yield every block with its name, and what follows the last block of a stage without one, in order of depth."""
    for number, stage in enumerate(model.stages):
        for index, block in enumerate(stage.blocks):  # type: ignore[arg-type]  # a Stage has blocks
            yield BlockId(number, index), block
        yield None, stage.downsample  # type: ignore[misc]  # and a downsampling


def check_known(model: STViT, block: BlockId) -> None:
    """Refuse a block that a model does not have.

    Raises:
        KeyError: If there is no such block; the message lists those that there are.
    """
    if block not in model.blocks():
        raise KeyError(
            f"There is no block {tuple(block)}; this model has {', '.join(b.short for b in model.blocks())}."
        )
