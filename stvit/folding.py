"""Norms, scales and residuals folded into the convolutions beside them, where that changes nothing but rounding."""

import torch
from torch import Tensor, nn

from stvit.layers import Downsample, LayerScale, ResidualDepthwiseConv
from stvit.model import Block, STViT


def fold(model: STViT, residuals: bool = True) -> None:
    """Fold what is linear into convolutions, in place.

    BatchNorms after each downsampling, before each ConvFFN and in the projection go into the convolution beside them,
    LayerScales into the last one of their branch, and the residual of each depthwise convolution into the middle of
    its kernels.

    BatchNorms of the stem stay. Each follows a GELU and precedes a 3 x 3 convolution whose padding is zero: its shift
    reaches the tokens inside the picture, but not the padding, so no bias of the convolution can replace it.

    Args:
        model: In evaluation mode, with parameters that need no gradient.
        residuals: Whether to fold those; weights that are rounded to half precision later would lose too much beside
            the 1 of a residual.
    """
    for stage in model.stages:
        if isinstance(stage.downsample, Downsample):
            _fold_after(*stage.downsample)
            stage.downsample[1] = nn.Identity()
    for block in model.blocks().values():
        _fold_block(block)
        if residuals:
            _fold_residual(block.position)
            _fold_residual(block.ffn.depthwise)
    _fold_after(model.projection[0], model.projection[1])  # type: ignore[arg-type]  # a convolution and its norm
    model.projection[1] = nn.Identity()


def _fold_block(block: Block) -> None:
    _fold_before(block.ffn_norm, block.ffn.expand)
    block.ffn_norm = nn.Identity()  # type: ignore[assignment]  # nothing is left to normalise
    for name, branch in (("attention_scale", block.attention), ("ffn_scale", block.ffn)):
        scale = getattr(block, name)
        if isinstance(scale, LayerScale):
            *_, last = (part for part in branch.modules() if isinstance(part, nn.Conv2d))
            _fold_scale(last, scale)
            setattr(block, name, nn.Identity())


def _fold_residual(convolution: ResidualDepthwiseConv) -> None:
    """Let the middle of each kernel do what the residual around the convolution does: x + W x = (1 + W) x."""
    with torch.no_grad():
        convolution.weight.copy_(convolution.whole_kernels())
    convolution.folded = True


def _fold_scale(convolution: nn.Conv2d, scale: LayerScale) -> None:
    """Let the last convolution of a branch do what the scale after it does; what lies between is linear."""
    weight, bias = _doubles(convolution)
    factor = scale.gamma.double().flatten()
    _write(convolution, weight * factor[:, None, None, None], bias * factor)


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
