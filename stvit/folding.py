"""BatchNorms folded into the convolutions beside them, where that changes nothing but rounding."""

import torch
from torch import Tensor, nn

from stvit.layers import Downsample
from stvit.model import STViT


def fold_norms(model: STViT) -> None:
    """Fold BatchNorms into convolutions, in place: after each downsampling, before each ConvFFN, in the projection.

    Those of the stem stay. Each follows a GELU and precedes a 3 x 3 convolution whose padding is zero: its shift
    reaches the tokens inside the picture, but not the padding, so no bias of the convolution can replace it.

    Args:
        model: In evaluation mode, with parameters that need no gradient.
    """
    for stage in model.stages:
        if isinstance(stage.downsample, Downsample):
            _fold_after(*stage.downsample)
            stage.downsample[1] = nn.Identity()
    for block in model.blocks().values():
        _fold_before(block.ffn_norm, block.ffn.expand)
        block.ffn_norm = nn.Identity()  # type: ignore[assignment]  # nothing is left to normalise
    _fold_after(model.projection[0], model.projection[1])  # type: ignore[arg-type]  # a convolution and its norm
    model.projection[1] = nn.Identity()


def _fold_after(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Let a convolution do what the norm after it does: norm(W x + b) = (a W) x + (a b + c)."""
    scale, shift = _affine(norm)
    weight, bias = _doubles(convolution)
    _write(convolution, weight * scale[:, None, None, None], bias * scale + shift)


def _fold_before(norm: nn.BatchNorm2d, convolution: nn.Conv2d) -> None:
    """Let a 1 x 1 convolution, which has no padding, do what the norm before it does: W (a x + c) + b."""
    scale, shift = _affine(norm)
    weight, bias = _doubles(convolution)
    _write(convolution, weight * scale[:, None, None], bias + weight[:, :, 0, 0] @ shift)


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return the factor and the shift of each channel, in double precision."""
    assert norm.running_mean is not None  # evaluation needs both
    assert norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return scale, norm.bias.double() - norm.running_mean.double() * scale


def _doubles(convolution: nn.Conv2d) -> tuple[Tensor, Tensor]:
    assert convolution.bias is not None  # all of these convolutions have one
    return convolution.weight.double(), convolution.bias.double()


def _write(convolution: nn.Conv2d, weight: Tensor, bias: Tensor) -> None:
    assert convolution.bias is not None
    with torch.no_grad():
        convolution.weight.copy_(weight)
        convolution.bias.copy_(bias)
