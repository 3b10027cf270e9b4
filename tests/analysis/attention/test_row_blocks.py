"""Streaming of rows: the same numbers as row by row, all heads, in blocks of bounded size."""

import pytest
import torch

from analysis.attention.baselines import LocalAttention, UniformAttention
from analysis.attention.row_blocks import RowBlock, all_heads, row_blocks, unwrapped
from stvit import Association, SoftmaxAttention, TokenGrid
from tests.support.memory import LargestTensor
from tests.support.random_attention import token_attention
from tests.support.tiny import GRIDS
from tests.support.tolerances import NETWORK, OPERATOR, assert_close


def joined(blocks: list[RowBlock]) -> torch.Tensor:
    return torch.cat([block.weight for block in blocks], dim=1)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("max_bytes", [1, 1500, 10**6])
def test_rows_from_the_factors_are_the_rows(grid, max_bytes):
    source = token_attention(grid)
    assert_close(joined(list(row_blocks(source, max_bytes))), source.to_dense())


@pytest.mark.parametrize("k", [1, 4])
def test_rows_with_any_association(k):
    grid = TokenGrid(7, 9, (3, 2))
    index = torch.randint(-1, grid.num_super_tokens, (1, grid.num_tokens, k))  # repeated and phantom ones too
    weight = torch.rand(1, grid.num_tokens, k, dtype=torch.float64).softmax(-1)
    association = Association(index, weight, grid, torch.rand(1, grid.num_super_tokens, dtype=torch.float64))
    source = token_attention(grid, 3, association)
    assert_close(joined(list(row_blocks(source, 3000))), source.to_dense())


def test_other_attentions_stream_too():
    query, key = torch.randn(2, 3, 30, 4)
    for source in (SoftmaxAttention(query, key, 0.5), LocalAttention(query, key, 0.5, 5, 6, 4), UniformAttention(30)):
        expected = torch.stack([source.rows(0, 30, head) for head in range(source.heads)])
        blocks = list(row_blocks(source, 1000))
        assert len(blocks) > 1
        assert [block.start for block in blocks[1:]] == [block.stop for block in blocks[:-1]]
        for block in blocks:
            whole = block.weight
            if block.token is not None:
                empty = whole.new_zeros(len(whole), whole.shape[1], 30)
                whole = empty.scatter_add(2, block.token.expand(len(whole), -1, -1), whole)
            assert_close(whole, expected[:, block.start : block.stop], OPERATOR)


def test_blocks_keep_to_their_memory():
    source = token_attention(TokenGrid(32, 32, 4), 2, dtype=torch.float32)
    with LargestTensor() as largest:
        sizes = {block.weight.nbytes for block in row_blocks(source, 2**16)}
    assert max(sizes) <= 2**16
    assert largest.nbytes <= 2**17  # strips of Q are as small


def test_an_identity_association_is_taken_off():
    plain = token_attention(TokenGrid(3, 4, 1))
    assert unwrapped(plain) is plain.super_attention
    real = token_attention(TokenGrid(4, 4, 2))
    assert unwrapped(real) is real
    assert_close(all_heads(plain)(2, 5), plain.to_dense()[:, 2:5], NETWORK)
