"""Footprints against the Jacobians of the convolutions themselves."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analysis.relevance.footprint import Footprint, Footprints
from stvit.folding import fold
from stvit.layers import Downsample, ResidualDepthwiseConv
from tests.support.tiny import tiny_model
from tests.support.tolerances import assert_close

SIZES = [(1, 1), (1, 6), (2, 2), (5, 3), (4, 6), (7, 8)]


def dense(footprint: Footprint, size: tuple[int, int]) -> Tensor:
    """Return the footprint as a matrix (outputs, inputs), from one relevance per output."""
    height, width = (-(-side // footprint.stride) for side in size)
    each = torch.eye(height * width, dtype=torch.float64).unflatten(1, (height, width))
    return footprint.back(each, size).flatten(1)


def mean_jacobian(module: nn.Module, channels: int, size: tuple[int, int]) -> Tensor:
    """Return the mean over pairs of channels of |d output / d input|, shape (outputs, inputs)."""
    point = torch.randn(1, channels, *size, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(module, point)  # (1, c, h, w, 1, C, H, W)
    return jacobian[0, :, :, :, 0].abs().mean((0, 3)).flatten(2).flatten(0, 1)


def normalised(matrix: Tensor) -> Tensor:
    return matrix / matrix.sum(1, keepdim=True)


@pytest.mark.parametrize("size", SIZES)
def test_a_depthwise_convolution_with_its_residual(size):
    convolution = ResidualDepthwiseConv(5).double()
    assert_close(dense(Footprint.of(convolution), size), normalised(mean_jacobian(convolution, 5, size)))


@pytest.mark.parametrize("size", SIZES)
def test_a_strided_convolution(size):
    convolution = Downsample(3, 4).double()[0]
    assert_close(dense(Footprint.of(convolution), size), normalised(mean_jacobian(convolution, 3, size)))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_uniform_taps_share_alike_among_the_inputs_inside(size, stride):
    convolution = nn.Conv2d(3, 2, 3, stride, padding=1).double()
    ones = torch.ones(1, 1, *size, dtype=torch.float64)
    reached = F.conv2d(ones, torch.ones(1, 1, 3, 3, dtype=torch.float64), stride=stride, padding=1).flatten()
    matrix = dense(Footprint.of(convolution, "uniform"), size)
    assert_close(matrix.amax(1), 1 / reached)
    assert_close((matrix > 0).sum(1).double(), reached)


def test_uniform_taps_leave_half_of_a_depthwise_convolution_to_its_residual():
    taps = Footprint.of(ResidualDepthwiseConv(3), "uniform").taps
    torch.testing.assert_close(taps / taps.sum(), torch.full((3, 3), 1 / 18) + F.pad(torch.ones(1, 1) / 2, [1] * 4))


@pytest.mark.parametrize("taps", ["magnitude", "uniform"])
def test_weights_in_half_precision_have_the_footprints_of_the_same_numbers_in_single_precision(taps):
    narrow = tiny_model().bfloat16()
    found, expected = Footprints.of(narrow, taps), Footprints.of(deepcopy(narrow).float(), taps)
    for kind in ("position", "ffn", "downsample"):
        for place, footprint in getattr(expected, kind).items():
            assert_close(getattr(found, kind)[place].taps, footprint.taps)


@pytest.mark.parametrize("taps", ["magnitude", "uniform"])
def test_a_residual_that_was_folded_leaves_the_same_footprints(taps):
    model = tiny_model().requires_grad_(False)
    before = Footprints.of(model, taps)
    fold(model)
    after = Footprints.of(model, taps)
    for kind in ("position", "ffn"):
        for block, footprint in getattr(before, kind).items():
            assert_close(getattr(after, kind)[block].taps, footprint.taps)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_no_relevance_is_lost(size, stride):
    footprint = Footprint(torch.rand(3, 3, dtype=torch.float64) + 0.01, stride)
    relevance = torch.rand(3, *(-(-side // stride) for side in size), dtype=torch.float64)
    assert_close(footprint.back(relevance, size).sum((1, 2)), relevance.sum((1, 2)))


def test_a_model_has_all_its_footprints():
    model = tiny_model()
    footprints = Footprints.of(model)
    assert footprints.blocks == tuple(model.blocks())
    assert [part.stride for part in footprints.stem] == [2, 1, 2, 1]
    assert {stage: part.stride for stage, part in footprints.downsample.items()} == {1: 2, 2: 2, 3: 2}
    for block, module in model.blocks().items():
        torch.testing.assert_close(footprints.position[block].taps, Footprint.of(module.position).taps)
        torch.testing.assert_close(footprints.ffn[block].taps, Footprint.of(module.ffn.depthwise).taps)
    for stage in (1, 2, 3):
        convolution = model.stages[stage - 1].downsample[0]
        torch.testing.assert_close(footprints.downsample[stage].taps, Footprint.of(convolution).taps)


def test_the_stem_reaches_what_its_pixels_reach():
    model = tiny_model(torch.float64)
    linear = nn.Sequential(*(part for part in model.stem if isinstance(part, nn.Conv2d)))
    reached = mean_jacobian(linear, 3, (9, 14)).unflatten(0, (3, 4))[1, 2] > 0
    relevance = F.one_hot(torch.tensor(1 * 4 + 2), 12).double().reshape(1, 3, 4)
    for part, size in zip(reversed(Footprints.of(model).stem), [(3, 4), (5, 7), (5, 7), (9, 14)], strict=True):
        relevance = part.back(relevance, size)
    assert torch.equal(relevance[0] > 0, reached.reshape(9, 14))


def test_footprints_stay_when_the_model_changes():
    model = tiny_model()
    footprints = Footprints.of(model, "magnitude")
    before = footprints.stem[0].taps.clone()
    with torch.no_grad():
        model.stem[0].weight.mul_(2)
    assert torch.equal(footprints.stem[0].taps, before)


@pytest.mark.parametrize("size", [(4, 4), (7, 6)])
def test_outputs_of_another_size_are_refused(size, unchecked):
    with pytest.raises(ValueError, match=r"An input of .* gives .* outputs at stride 2, got relevance of 3 x 3\."):
        Footprint(torch.ones(3, 3), 2).back(torch.ones(1, 3, 3), size)


def test_a_kernel_without_a_middle_is_refused():
    convolution = Downsample(2, 2)[0]
    with torch.no_grad():
        convolution.weight.zero_()
    with pytest.raises(ValueError, match="the middle one above 0"):
        Footprint.of(convolution)


def test_unknown_taps_are_refused(unchecked):
    with pytest.raises(ValueError, match="Taps must be one of magnitude, uniform, got 'largest'"):
        Footprints.of(tiny_model(), "largest")
