"""Baselines: each against a dense matrix made by loops, and as lazy as they claim to be."""

import pytest
import torch

from analysis.attention.baselines import (
    global_attention,
    local_attention,
    swapped_attention,
)
from stvit import Association, BlockId, SoftmaxAttention, capture
from tests.support.attention_loops import softmax_rows
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK, assert_close

FIRST, SECOND, IDENTITY = BlockId(0, 0), BlockId(1, 0), BlockId(3, 0)


@pytest.fixture(scope="module")
def cap():
    torch.manual_seed(1)
    return capture(tiny_model(torch.float64), tiny_pixels(2, 52, 68, torch.float64))


def dense(source) -> torch.Tensor:
    return torch.stack([source.rows(0, source.num_tokens, head) for head in range(source.heads)])


def test_global_attention_is_the_softmax_over_all_tokens(cap):
    record = cap[SECOND]
    weights = record.weights
    tokens = record.tokens[1].flatten(1).T.numpy()
    joint = tokens @ weights.qkv_weight.numpy().T + weights.qkv_bias.numpy()
    per_head = joint.reshape(len(tokens), record.heads, -1)
    size = per_head.shape[-1] // 3
    for head in range(record.heads):
        query, key = per_head[:, head, :size], per_head[:, head, size : 2 * size]
        expected = torch.from_numpy(softmax_rows(query, key, size**-0.5))
        assert_close(global_attention(record, 1).rows(0, len(tokens), head), expected)


def test_with_cell_1_the_attention_is_global_already(cap):
    for image in (0, 1):
        record = cap[IDENTITY]
        assert_close(dense(global_attention(record, image)), dense(record.token_attention(image)), NETWORK)
        query, key = record.token_query_key(image)
        anew = SoftmaxAttention(query, key, record.scale)
        assert_close(dense(global_attention(record, image)), dense(anew), NETWORK)


def test_the_learned_association_put_in_its_own_place_changes_nothing(cap):
    for image in (0, 1):
        record = cap[FIRST]
        swapped = swapped_attention(record, record.association, image)
        assert_close(dense(swapped), dense(record.token_attention(image)), NETWORK)


@pytest.mark.parametrize("swap", ["grid", "hard", "masked", "labels", "labels of each image", "association"])
def test_a_swapped_association_gives_what_the_model_computes_with_it(cap, swap):
    model = tiny_model(torch.float64)
    pixels = tiny_pixels(2, 52, 68, torch.float64)
    record = capture(model, pixels)[FIRST]
    grid = record.grid
    labels = torch.randint(grid.num_super_tokens, (2, grid.height, grid.width))
    chosen = {
        "labels": labels[0],
        "labels of each image": labels,
        "association": Association.from_labels(labels.flatten(1), grid, record.tokens),
    }.get(swap, swap)
    iterations = model.config.num_iters[0]
    run = capture(model, pixels, blocks=[FIRST], association={FIRST: chosen})[FIRST]
    for image in (0, 1):
        swapped = swapped_attention(record, chosen, image, iterations)
        assert_close(dense(swapped), dense(run.token_attention(image)), NETWORK)


def test_one_association_serves_every_image_of_a_batch(cap):
    record = cap[FIRST]
    labels = record.grid.cell_index[None]
    alone = Association.from_labels(labels, record.grid, record.tokens[:1])
    assert_close(dense(swapped_attention(record, alone, 1)), dense(swapped_attention(record, "grid", 1)))


@pytest.mark.parametrize("make", [global_attention, local_attention, swapped_attention])
def test_images_that_do_not_exist_are_named(cap, make):
    arguments = {"association": "grid"} if make is swapped_attention else {}
    with pytest.raises(IndexError, match=r"Image 2 does not exist; .* 0 to 1"):
        make(cap[FIRST], image=2, **arguments)


@pytest.mark.parametrize("make", [global_attention, swapped_attention])
def test_changed_weights_are_refused(make):
    model = tiny_model()
    record = capture(model, tiny_pixels(1, 64, 64))[FIRST]
    with torch.no_grad():
        model.blocks()[FIRST].attention.refine.qkv.weight.mul_(2)
    with pytest.raises(RuntimeError, match="were changed after this capture"):
        make(record, **({"association": "grid"} if make is swapped_attention else {}))


def test_bad_windows_are_refused(cap):
    with pytest.raises(ValueError, match="at least 1 x 1 tokens, got 0"):
        local_attention(cap[FIRST], 0)
