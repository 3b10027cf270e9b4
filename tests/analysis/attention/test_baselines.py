"""Baselines: each against a dense matrix made by loops, and as lazy as they claim to be."""

import numpy as np
import pytest
import torch

from analysis.attention.baselines import (
    IdentityAttention,
    LocalAttention,
    UniformAttention,
    global_attention,
    local_attention,
    swapped_attention,
)
from analysis.attention.row_source import RowSource, SparseRowSource
from stvit import Association, BlockId, SoftmaxAttention, TokenGrid, capture
from tests.support.attention_loops import same_window, softmax_rows
from tests.support.memory import LargestTensor
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK, assert_close

FIRST, SECOND, IDENTITY = BlockId(0, 0), BlockId(1, 0), BlockId(3, 0)
SHAPES = {
    "divided": (TokenGrid(4, 6), 2),
    "cut at both borders": (TokenGrid(5, 7), 3),
    "rectangular": (TokenGrid(5, 7), (2, 4)),
    "larger than the grid": (TokenGrid(3, 4), 7),
    "one token each": (TokenGrid(3, 4), 1),
    "one row": (TokenGrid(1, 5), 2),
}


@pytest.fixture(scope="module")
def cap():
    torch.manual_seed(1)
    return capture(tiny_model(torch.float64), tiny_pixels(2, 52, 68, torch.float64))


def dense(source: RowSource) -> torch.Tensor:
    return torch.stack([source.rows(0, source.num_tokens, head) for head in range(source.heads)])


def sources(record):
    yield record.token_attention(1)
    yield global_attention(record, 1)
    yield local_attention(record, 3, 1)
    yield UniformAttention(record.grid.num_tokens)
    yield IdentityAttention(record.grid.num_tokens)
    yield swapped_attention(record, "hard", 1)


def test_every_attention_keeps_the_protocol(cap):
    for record in (cap[FIRST], cap[IDENTITY]):
        for source in sources(record):
            assert isinstance(source, RowSource)
            full, token = dense(source), source.num_tokens // 2
            for head, expected in [(None, full.mean(0)), *enumerate(full)]:
                assert_close(source.rows(0, source.num_tokens, head), expected)
                assert_close(source.rows(1, 3, head), expected[1:3])
                assert_close(source.row(token, head), expected[token])
                assert_close(source.column(token, head), expected[:, token])
            with pytest.raises(IndexError, match=f"Head {source.heads} does not exist"):
                source.rows(0, 1, source.heads)
            for ask in (source.row, source.column):
                with pytest.raises(IndexError, match=f"Token {source.num_tokens} does not exist"):
                    ask(source.num_tokens)


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


@pytest.mark.parametrize("case", SHAPES.values(), ids=SHAPES)
def test_local_attention_is_the_softmax_inside_windows(case):
    grid, window = case
    query, key = 2 * torch.randn(2, 3, grid.num_tokens, 5, dtype=torch.float64)
    attention = LocalAttention(query, key, 0.4, grid.height, grid.width, window)
    allowed = same_window(grid, *(window if isinstance(window, tuple) else (window, window)))
    expected = np.stack([softmax_rows(q, k, 0.4, allowed) for q, k in zip(query.numpy(), key.numpy(), strict=True)])
    assert_close(dense(attention), torch.from_numpy(expected))
    columns = torch.stack([attention.column(token, 1) for token in range(grid.num_tokens)], 1)
    assert_close(columns, torch.from_numpy(expected[1]))


@pytest.mark.parametrize("case", SHAPES.values(), ids=SHAPES)
def test_local_attention_knows_its_singular_values(case):
    grid, window = case
    query, key = 2 * torch.randn(2, 3, grid.num_tokens, 5, dtype=torch.float64)
    attention = LocalAttention(query, key, 0.4, grid.height, grid.width, window)
    for head in (None, 2):
        expected = torch.linalg.svdvals(attention.rows(0, grid.num_tokens, head))
        values = attention.singular_values(head)
        assert_close(values[: len(expected)], expected, {torch.float64: 1e-10})
        assert values[len(expected) :].abs().sum() < 1e-10


def test_sparse_rows_are_the_rows(cap):
    for source in (local_attention(cap[FIRST], (3, 4), 1), IdentityAttention(7)):
        assert isinstance(source, SparseRowSource)
        weight, token = source.sparse_rows(2, 6)
        filled = torch.stack([one.new_zeros(4, source.num_tokens).scatter_add(1, token, one) for one in weight])
        assert_close(filled, dense(source)[:, 2:6])


def test_local_attention_never_builds_all_pairs():
    grid = TokenGrid(64, 64)
    query, key = torch.randn(2, 1, grid.num_tokens, 4)
    with LargestTensor() as largest:
        attention = LocalAttention(query, key, 0.5, 64, 64, 7)
        attention.row(2000), attention.column(2000), attention.sparse_rows(0, 64)
    assert largest.nbytes < 12 * grid.num_tokens * 7**2 < grid.num_tokens**2


def test_uniform_and_identity_are_what_they_say():
    assert_close(UniformAttention(5).rows(0, 5), torch.full((5, 5), 0.2))
    assert_close(IdentityAttention(5).rows(0, 5), torch.eye(5))


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
    query = torch.zeros(1, 6, 2)
    with pytest.raises(ValueError, match="6 tokens do not fill a grid of 2 x 4"):
        LocalAttention(query, query, 1.0, 2, 4, 2)
