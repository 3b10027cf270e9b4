"""CKA: against Gram matrices, pooling by loops and the invariances that it promises."""

import math

import numpy as np
import pytest
import torch

from analysis.redundancy.cka import BlockTokens, cka_matrix, cka_previous, feature_cka, same_places
from stvit import BlockId, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.tiny import tiny_model, tiny_pixels


def gram_cka(first, second, unbiased):
    """CKA from examples x examples Gram matrices, as the papers write it."""
    grams = [part @ part.T for part in (first, second)]
    count = len(first)
    if unbiased:
        grams = [gram - np.diag(np.diag(gram)) for gram in grams]

    def hsic(k, l):  # noqa: E741 - the letters of the paper
        if not unbiased:
            centre = np.eye(count) - 1 / count
            return np.trace(k @ centre @ l @ centre) / (count - 1) ** 2
        ones = np.ones(count)
        middle = (ones @ k @ ones) * (ones @ l @ ones) / ((count - 1) * (count - 2))
        return (np.trace(k @ l) + middle - 2 / (count - 2) * (ones @ k @ l @ ones)) / (count * (count - 3))

    k, l = grams  # noqa: E741 - as above
    return hsic(k, l) / math.sqrt(hsic(k, k) * hsic(l, l))


def cka_of(first, second):
    """CKA of examples x channels, as maps of one column."""
    return feature_cka(first.T[:, :, None], second.T[:, :, None])


def test_cka_is_that_of_the_gram_matrices():
    first, second = torch.randn(20, 5) + 1, torch.randn(20, 30)
    second[:, :5] += first
    expected = gram_cka(first.double().numpy(), second.double().numpy(), unbiased=True)
    assert cka_of(first, second) == pytest.approx(expected)


def test_cka_does_not_see_turns_scales_and_shifts():
    first, second = torch.randn(30, 6, dtype=torch.float64), torch.randn(30, 6, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64)).Q
    assert cka_of(first, 3 * first @ turn + 1) == pytest.approx(1)
    before = cka_of(first, second)
    assert cka_of(5 * second @ turn - 2, first) == pytest.approx(before)


def test_it_is_fair_where_channels_outnumber_examples_as_plain_cka_is_not():
    unrelated = [torch.randn(2, 20, 400) for _ in range(20)]
    assert abs(np.mean([cka_of(*pair) for pair in unrelated])) < 0.05
    assert np.mean([gram_cka(*pair.numpy(), unbiased=False) for pair in unrelated]) > 0.9


def test_cka_of_constant_features_does_not_exist():
    assert math.isnan(cka_of(torch.ones(6, 2), torch.randn(6, 2)))


def test_cka_across_resolutions_pools_the_finer_map():
    fine, coarse = torch.randn(5, 8, 6), torch.randn(7, 4, 3)
    pooled = fine.reshape(5, 4, 2, 3, 2).mean((2, 4))
    expected = cka_of(pooled.flatten(1).T, coarse.flatten(1).T)
    assert feature_cka(fine, coarse, (4, 8)) == pytest.approx(expected)
    assert feature_cka(coarse, fine, (8, 4)) == pytest.approx(expected)
    assert feature_cka(fine, fine) == pytest.approx(1)


def overlap(start, stop, first, last):
    return max(0.0, min(stop, last) - max(start, first))


@pytest.mark.parametrize(
    ("size", "ratio", "places"), [((7, 9), 2, (4, 5)), ((13, 17), 4, (4, 5)), ((16, 16), 8 / 7, (14, 14))]
)
def test_coarser_tokens_are_averages_of_what_lies_in_their_place(size, ratio, places):
    features = torch.randn(3, *size, dtype=torch.float64)
    found = same_places(features, ratio, places)
    for row in range(places[0]):
        for column in range(places[1]):
            total, area = torch.zeros(3, dtype=torch.float64), 0.0
            for i in range(size[0]):
                for j in range(size[1]):
                    down = overlap(row * ratio, (row + 1) * ratio, i, i + 1)
                    part = down * overlap(column * ratio, (column + 1) * ratio, j, j + 1)
                    total, area = total + part * features[:, i, j], area + part
            torch.testing.assert_close(found[:, row, column], total / area)


@pytest.mark.usefixtures("unchecked")
def test_maps_of_other_places_are_refused():
    with pytest.raises(ValueError, match="A map of 7 x 9 tokens has 7 x 9 places of 1 tokens a side, got a grid of 4"):
        feature_cka(torch.randn(2, 7, 9), torch.randn(3, 4, 5))


def test_odd_grids_compare_the_same_places():
    """Adaptive pooling, whose bins shift, gave 0.799 here."""
    shown = prepare(sample_images()["cat"](), 224).pixels[..., :97, :131]
    cap = capture(load_pretrained("demo"), shown)
    matrix = cka_matrix(cap)
    blocks = list(cap)
    found = matrix[blocks.index(BlockId(2, 3)), blocks.index(BlockId(3, 0))]
    assert found == pytest.approx(0.709, abs=5e-4)


def test_cka_between_two_models_has_a_row_for_each_block_of_the_first():
    pixels = tiny_pixels(1, 128, 160)
    first, second = (capture(load_pretrained(name), pixels) for name in ("twin-super", "twin-window"))
    matrix = cka_matrix(first, second)
    assert matrix.shape == (len(first), len(second))
    one, other = first[BlockId(0, 0)], second[BlockId(2, 1)]
    expected = feature_cka(one.tokens[0], other.tokens[0], (4, 16))
    assert matrix[0, list(second).index(BlockId(2, 1))] == pytest.approx(expected)
    np.testing.assert_allclose(cka_matrix(first, first), cka_matrix(first))


def test_fewer_than_16_tokens_have_no_cka():
    cap = capture(tiny_model(), tiny_pixels(1, 64, 96))  # 2 x 3 tokens in the last stage
    matrix = cka_matrix(cap)
    small = [block.stage == 3 for block in cap]
    assert np.isnan(matrix[small]).all()
    assert np.isfinite(matrix[np.ix_(np.logical_not(small), np.logical_not(small))]).all()
    blocks = {block: BlockTokens(record) for block, record in cap.items()}
    assert cka_previous(blocks[BlockId(3, 0)], blocks[BlockId(2, 0)]) is None
    assert cka_previous(blocks[BlockId(2, 0)], blocks[BlockId(1, 0)]) == pytest.approx(matrix[2, 3])
    assert cka_previous(blocks[BlockId(0, 0)], None) is None


def test_cka_needs_a_few_tokens():
    with pytest.raises(ValueError, match="at least 4 tokens, got 3"):
        cka_of(torch.zeros(3, 2), torch.zeros(3, 2))


def test_blocks_of_a_capture():
    cap = capture(tiny_model(torch.float64), tiny_pixels(2, 64, 96, torch.float64))
    matrix = cka_matrix(cap, image=1)
    assert matrix.shape == (len(cap), len(cap))
    np.testing.assert_array_equal(matrix, matrix.T)  # NaN equals NaN here
    first, last = cap[BlockId(0, 0)], cap[BlockId(2, 0)]
    assert matrix[0, 3] == pytest.approx(feature_cka(first.tokens[1], last.tokens[1], (4, 16)))
