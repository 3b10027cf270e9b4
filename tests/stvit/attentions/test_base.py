"""Streaming of rows: the same numbers as row by row, all heads, in blocks of bounded size."""

import pytest
import torch

from stvit import Association, RowBlock, TokenGrid
from tests.support.memory import LargestTensor
from tests.support.random_attention import token_attention
from tests.support.tiny import GRIDS
from tests.support.tolerances import assert_close


def joined(blocks: list[RowBlock]) -> torch.Tensor:
    return torch.cat([block.weight for block in blocks], dim=1)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("max_bytes", [1, 1500, 10**6])
def test_rows_from_the_factors_are_the_rows(grid, max_bytes):
    source = token_attention(grid)
    assert_close(joined(list(source.row_blocks(max_bytes))), source.to_dense())


@pytest.mark.parametrize("k", [1, 4])
def test_rows_with_any_association(k):
    grid = TokenGrid(7, 9, (3, 2))
    index = torch.randint(-1, grid.num_super_tokens, (1, grid.num_tokens, k))  # repeated and phantom ones too
    weight = torch.rand(1, grid.num_tokens, k, dtype=torch.float64).softmax(-1)
    association = Association(index, weight, grid, torch.rand(1, grid.num_super_tokens, dtype=torch.float64))
    source = token_attention(grid, 3, association)
    assert_close(joined(list(source.row_blocks(3000))), source.to_dense())


def test_blocks_keep_to_their_memory():
    source = token_attention(TokenGrid(32, 32, 4), 2, dtype=torch.float32)
    with LargestTensor() as largest:
        sizes = {block.weight.nbytes for block in source.row_blocks(2**16)}
    assert max(sizes) <= 2**16
    assert largest.nbytes <= 2**17  # strips of Q are as small
