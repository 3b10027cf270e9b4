"""Rollout against matrices multiplied out, from weights and factors by loops."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from analysis.figures.canvas import Anchor, Canvas
from analysis.figures.screen.rollout import in_squares, rollout_map
from analysis.relevance.class_gradient import class_gradients
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import rollout
from stvit import Association, BlockId, BlockRecord, Capture, STViT, TokenGrid, capture
from tests.support.memory import LargestTensor
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK, assert_close
from tests.support.written_attention import written_weights

SIZES = {"whole cells": (64, 64), "padding": (40, 44), "odd grids": (37, 45)}
SOURCES = [BlockId(0, 0), BlockId(0, 1), BlockId(1, 0), BlockId(3, 0)]


def conv_matrix(taps: np.ndarray, stride: int, size: tuple[int, int]) -> np.ndarray:
    """One row per output, one column per input of a 3 x 3 kernel with padding 1; rows sum to 1."""
    height, width = (-(-side // stride) for side in size)
    matrix = np.zeros((height * width, size[0] * size[1]))
    for i in range(height):
        for j in range(width):
            for a in range(3):
                for b in range(3):
                    row, column = i * stride + a - 1, j * stride + b - 1
                    if 0 <= row < size[0] and 0 <= column < size[1]:
                        matrix[i * width + j, row * size[1] + column] = taps[a, b]
    return matrix / matrix.sum(1, keepdims=True)


def taps_of(convolution, own_residual: bool = False) -> np.ndarray:
    kernel = convolution.weight.detach().numpy().copy()
    kernel[:, :, 1, 1] += own_residual
    return np.abs(kernel).mean((0, 1))


def factors(record: BlockRecord, image: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Q and Q-hat, dense, shape (N, M)."""
    association = record.association
    q = np.zeros((record.grid.num_tokens, record.grid.num_super_tokens))
    for n, (index, weight) in enumerate(zip(association.index[image], association.weight[image], strict=True)):
        for m, share in zip(index.tolist(), weight.tolist(), strict=True):
            if m >= 0:
                q[n, m] += share
    return q, q / (q.sum(0) + association.padding_mass[image].numpy())


def attention_matrix(record: BlockRecord, image: int, core: np.ndarray | None = None) -> np.ndarray:
    q, q_hat = factors(record, image)
    return q @ (record.super_attention[image].mean(0).numpy() if core is None else core) @ q_hat.T


class Multiplied:
    """The matrices from the output of a block to what enters each block before it and to the pixels."""

    def __init__(self, model: STViT, cap: Capture, image: int, residual: float, attention, depthwise=True) -> None:
        self.residual, self.depthwise, self.attention = residual, depthwise, attention
        self.model, self.cap, self.image = model, cap, image

    def block(self, block: BlockId) -> np.ndarray:
        module, record = self.model.blocks()[block], self.cap[block]
        size = record.grid.height, record.grid.width
        position = ffn = np.eye(record.grid.num_tokens)
        if self.depthwise:
            position = conv_matrix(taps_of(module.position, own_residual=True), 1, size)
            ffn = conv_matrix(taps_of(module.ffn.depthwise, own_residual=True), 1, size)
        ffn = self.residual * np.eye(len(ffn)) + (1 - self.residual) * ffn
        return ffn @ self.attention(record, self.image) @ position

    def from_(self, source: BlockId) -> tuple[dict[BlockId, np.ndarray], np.ndarray]:
        """Return, by block, the matrix (tokens of the source, tokens that enter it), and that of the pixels."""
        product, entering = np.eye(self.cap[source].grid.num_tokens), {}
        path = [block for block in self.model.blocks() if block <= source]
        for block, shallower in zip(path[::-1], [*path[-2::-1], None], strict=True):
            product = product @ self.block(block)
            entering[block] = product
            if shallower is not None and shallower.stage < block.stage:
                grid = self.cap[shallower].grid
                convolution = self.model.stages[shallower.stage].downsample[0]
                product = product @ conv_matrix(taps_of(convolution), 2, (grid.height, grid.width))
        return entering, product @ self.stem()

    def stem(self) -> np.ndarray:
        height, width = self.cap.image_size
        half = -(-height // 2), -(-width // 2)
        quarter = -(-half[0] // 2), -(-half[1] // 2)
        one, two, three, four = (taps_of(self.model.stem[i]) for i in (0, 3, 6, 9))
        late = conv_matrix(four, 1, quarter) @ conv_matrix(three, 2, half)
        return late @ conv_matrix(two, 1, half) @ conv_matrix(one, 2, (height, width))


def averaged(residual: float, conditional: bool = True):
    def attention(record: BlockRecord, image: int) -> np.ndarray:
        matrix = residual * np.eye(record.grid.num_tokens) + (1 - residual) * attention_matrix(record, image)
        return matrix / matrix.sum(1, keepdims=True) if conditional else matrix

    return attention


def assert_same(actual: Tensor, expected: np.ndarray) -> None:
    assert_close(actual.flatten(), torch.from_numpy(expected), NETWORK)


def run(size: tuple[int, int] = (40, 44), **overrides) -> tuple[STViT, Capture]:
    model = tiny_model(torch.float64, **overrides)
    return model, capture(model, tiny_pixels(2, *size, torch.float64))


@pytest.mark.parametrize("source", SOURCES, ids=str)
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_rollout_is_the_product(size, source):
    model, cap = run(size)
    expected = Multiplied(model, cap, 1, 0.5, averaged(0.5)).from_(source)
    unnormalised = Multiplied(model, cap, 1, 0.5, averaged(0.5, conditional=False)).from_(source)[1]
    for token in (0, cap[source].grid.num_tokens // 2, cap[source].grid.num_tokens - 1, None):
        found = rollout(cap, Footprints.of(model), source, token, image=1)
        rows = slice(None) if token is None else [token]
        assert list(found.maps) == [block for block in cap if block <= source]
        for block, matrix in expected[0].items():
            assert found.maps[block].shape == (cap[block].grid.height, cap[block].grid.width)
            assert_same(found.maps[block], matrix[rows].mean(0))
        assert found.pixels.shape == cap.image_size
        assert_same(found.pixels, expected[1][rows].mean(0))
        assert found.mass == pytest.approx(unnormalised[rows].mean(0).sum(), abs=1e-12)


@pytest.mark.parametrize("cells", [1, (2, 3), 5])
def test_the_rollout_is_the_product_whatever_the_cells(cells):
    model, cap = run((37, 45), cells=(cells, cells, 1, 1))
    expected = Multiplied(model, cap, 0, 0.5, averaged(0.5)).from_(BlockId(2, 0))[1]
    assert_same(rollout(cap, Footprints.of(model), (2, 0), 4).pixels, expected[4])


@pytest.mark.parametrize("residual", [0, 0.2, 1])
@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("depthwise", [True, False])
def test_the_options_are_those_of_the_product(residual, conditional, depthwise):
    model, cap = run()
    explicit = Multiplied(model, cap, 0, residual, averaged(residual, conditional), depthwise)
    footprints = Footprints.of(model) if depthwise else Footprints.of(model).without_depthwise()
    found = rollout(cap, footprints, residual=residual, conditional=conditional)
    assert_same(found.pixels, explicit.from_(BlockId(3, 0))[1].mean(0))


def test_relevance_is_conserved():
    model, cap = run((37, 45))
    for taps in ("magnitude", "uniform"):
        found = rollout(cap, Footprints.of(model, taps), token=1)
        for shown in (found.pixels, *found.maps.values()):
            assert shown.sum().item() == pytest.approx(1, abs=1e-12)
            assert shown.min() >= 0
        assert 0.1 < found.mass < 1


def test_relevance_of_a_run_in_half_precision_is_conserved_in_single_precision():
    model = tiny_model().bfloat16()
    cap = capture(model, tiny_pixels(1, 64, 64))
    for source in (BlockId(2, 0), BlockId(3, 0)):
        found = rollout(cap, Footprints.of(model), source)
        assert {shown.dtype for shown in (found.pixels, *found.maps.values())} == {torch.float32}
        assert found.pixels.sum().item() == pytest.approx(1, abs=1e-5)


def test_the_mass_is_what_remains_without_division():
    model, cap = run()
    footprints = Footprints.of(model)
    kept = rollout(cap, footprints, token=2, conditional=False)
    assert kept.pixels.sum().item() == pytest.approx(kept.mass, abs=1e-12)
    assert kept.mass == pytest.approx(rollout(cap, footprints, token=2).mass, abs=1e-12)


def test_no_mass_is_lost_without_phantoms_and_padding():
    model = tiny_model(torch.float64)
    cap = capture(model, tiny_pixels(1, 128, 128, torch.float64), association="masked")
    assert rollout(cap, Footprints.of(model)).mass == pytest.approx(1, abs=1e-9)


def with_identity_attention(cap: Capture) -> Capture:
    """Return the capture as if every token attended to itself alone."""
    records = {}
    for block, record in cap.items():
        grid = TokenGrid(record.grid.height, record.grid.width, 1)
        each = 100 * torch.eye(grid.num_tokens, dtype=torch.float64).expand(2, record.heads, -1, -1)
        association = Association.identity(grid, record.tokens)
        records[block] = replace(record, grid=grid, used_association=association, super_query=each, super_key=each)
    return Capture(cap.logits, cap.image_size, records)


def test_identity_attention_leaves_the_footprints_of_the_convolutions_between_stages():
    model, cap = run()
    cap, footprints = with_identity_attention(cap), Footprints.of(model).without_depthwise()
    found = rollout(cap, footprints, BlockId(1, 0), 7)
    start = torch.nn.functional.one_hot(torch.tensor(7), 30).double().reshape(1, 5, 6)
    assert torch.equal(found.tokens(1), start[0])
    down = footprints.downsample[1].back(start, (10, 11))
    assert_close(found.tokens(0), down[0])
    assert_close(found.maps[BlockId(0, 1)], down[0])
    for footprint, size in zip(footprints.stem[::-1], [(10, 11), (20, 22), (20, 22), (40, 44)], strict=True):
        down = footprint.back(down, size)
    assert_close(found.pixels, down[0])
    assert found.mass == pytest.approx(1)


def test_the_default_is_the_pooled_output():
    model, cap = run()
    footprints = Footprints.of(model)
    pooled = rollout(cap, footprints)
    assert (pooled.source, pooled.token) == (BlockId(3, 0), None)
    each = [rollout(cap, footprints, (3, 0), token).pixels for token in range(4)]
    assert_close(pooled.pixels, torch.stack(each).mean(0))


def test_a_row_that_lost_everything_hands_nothing_back():
    model, cap = run()
    record = cap[BlockId(0, 0)]
    index = record.association.index.clone()
    index[:, 5] = -1
    association = Association(index, record.association.weight, record.grid, record.association.padding_mass)
    lost = replace(record, used_association=association)
    cap = Capture(cap.logits, cap.image_size, {BlockId(0, 0): lost})
    found = rollout(cap, Footprints.of(model).without_depthwise(), (0, 0), 5, residual=0)
    assert found.pixels.sum() == found.mass == 0


# The class.


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("token", [0, None])
def test_the_rollout_of_a_class_is_the_product_less_the_pure_residual_path(size, token):
    model = tiny_model(torch.float64)
    pixels = tiny_pixels(1, *size, torch.float64)
    cap, target = capture(model, pixels), 3
    cores = written_weights(model, pixels, target)

    def attention(record: BlockRecord, image: int) -> np.ndarray:
        return np.eye(record.grid.num_tokens) + attention_matrix(record, image, cores[record.id].numpy())

    def nothing(record: BlockRecord, image: int) -> np.ndarray:
        return np.eye(record.grid.num_tokens)

    full, without = (Multiplied(model, cap, 0, 0.5, rule).from_(BlockId(3, 0)) for rule in (attention, nothing))
    rows = slice(None) if token is None else [token]
    found = rollout(cap, Footprints.of(model), token=token, weights=class_gradients(model, pixels, target))
    expected = (full[1] - without[1])[rows].mean(0)
    assert expected.sum() > 1e-6
    assert found.mass == pytest.approx(expected.sum(), rel=1e-8)
    torch.testing.assert_close(
        found.pixels.flatten(), torch.from_numpy(expected / expected.sum()), rtol=1e-6, atol=1e-12
    )
    for block, matrix in full[0].items():
        part = (matrix - without[0][block])[rows].mean(0)
        torch.testing.assert_close(
            found.maps[block].flatten() * part.sum(), torch.from_numpy(part), rtol=1e-6, atol=1e-12
        )


def test_classes_differ():
    model = tiny_model(torch.float64)
    pixels = tiny_pixels(1, 64, 64, torch.float64)
    cap, footprints = capture(model, pixels), Footprints.of(model)
    one, other = (rollout(cap, footprints, weights=class_gradients(model, pixels, target)) for target in (2, 3))
    assert (one.pixels - other.pixels).abs().sum() > 0.01


def test_a_class_that_no_attention_speaks_for_has_an_empty_map():
    model = tiny_model(torch.float64)
    pixels = tiny_pixels(1, 64, 64, torch.float64)
    weights = class_gradients(model, pixels, 3)
    silent = {block: replace(one, gradient=torch.zeros_like(one.gradient)) for block, one in weights.attention.items()}
    found = rollout(capture(model, pixels), Footprints.of(model), weights=replace(weights, attention=silent))
    assert found.mass == 0
    assert torch.equal(found.pixels, torch.zeros(64, 64, dtype=torch.float64))


# Size.


@pytest.mark.parametrize("weighted", [True, False])
def test_no_dense_attention_is_built(weighted):
    model = tiny_model(cells=(8, 4, 4, 2))
    pixels = tiny_pixels(1, 256, 256)
    cap, footprints = capture(model, pixels), Footprints.of(model)
    weights = class_gradients(model, pixels, 1) if weighted else None
    with LargestTensor() as largest:
        rollout(cap, footprints, token=3, weights=weights)
    tokens = cap[BlockId(0, 0)].grid.num_tokens  # 4,096: one dense head takes 64 MiB
    assert largest.nbytes <= 4 * 4 * tokens * 9


# Input that cannot be.


def test_bad_input_is_refused():
    model, cap = run()
    footprints = Footprints.of(model)
    with pytest.raises(ValueError, match=r"share of the residual must lie between 0 and 1, got 1\.5"):
        rollout(cap, footprints, residual=1.5)
    with pytest.raises(KeyError, match=r"no block \(0, 2\); the last block of this model is \(3, 0\)"):
        rollout(cap, footprints, (0, 2))
    with pytest.raises(IndexError, match="Token 4 does not exist; this attention has tokens 0 to 3"):
        rollout(cap, footprints, token=4)
    with pytest.raises(IndexError, match="Image 2 does not exist"):
        rollout(cap, footprints, image=2)
    with pytest.raises(KeyError, match="There is no relevance for stage 2; a rollout from"):
        rollout(cap, footprints, (1, 0)).tokens(2)


def test_blocks_on_the_way_must_be_captured():
    model = tiny_model()
    cap = capture(model, tiny_pixels(1, 64, 64), blocks=[(0, 0), (1, 0)])
    with pytest.raises(KeyError, match=r"Block \(0, 1\) was not captured"):
        rollout(cap, Footprints.of(model), (1, 0))


def test_weights_of_another_size_are_refused():
    model, cap = run()
    weights = class_gradients(model, tiny_pixels(1, 96, 96, torch.float64), 0)
    with pytest.raises(ValueError, match="The class weights do not fit stage 4, block 1, which has 4 super tokens"):
        rollout(cap, Footprints.of(model), weights=weights)


# The figure.


@pytest.mark.parametrize("shape", [(8, 12), (7, 10), (3, 2)])
def test_squares_hold_all_their_pixels(shape):
    pixels = np.random.default_rng(0).random(shape)
    sums = in_squares(pixels, 4)
    assert sums.shape == (-(-shape[0] // 4), -(-shape[1] // 4))
    for i, j in np.ndindex(sums.shape):
        assert sums[i, j] == pytest.approx(pixels[4 * i : 4 * i + 4, 4 * j : 4 * j + 4].sum())


def test_the_figure_shows_the_sums_and_frames_the_token():
    shown, pixels = np.zeros((64, 96, 3), np.uint8), np.random.default_rng(0).random((64, 96))
    figure = rollout_map(Canvas(shown, 32, Anchor(1, 2)), pixels)
    np.testing.assert_allclose(figure.data[0].z, in_squares(pixels, 4))
    assert (figure.data[0].x0, figure.data[0].dx) == (2, 4)
    assert {(box.x0, box.x1, box.y0, box.y1) for box in figure.layout.shapes} == {(64, 96, 32, 64)}
    assert not rollout_map(Canvas(shown), pixels).layout.shapes


def test_a_figure_of_other_size_is_refused(unchecked):
    with pytest.raises(ValueError, match="relevance for the picture's 8 x 8 pixels, got 4 x 4"):
        rollout_map(Canvas(np.zeros((8, 8, 3), np.uint8)), np.zeros((4, 4)))
    with pytest.raises(ValueError, match="side of at least 1 pixel, got 0"):
        in_squares(np.zeros((4, 4)), 0)
