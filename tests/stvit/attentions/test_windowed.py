"""Windowed attention: what the window mixer of the model computes, and never all pairs of tokens."""

import pytest
import torch

from stvit import TokenGrid, WindowedAttention
from stvit.attention import split_heads
from stvit.mixers import WindowAttention
from tests.support.memory import LargestTensor
from tests.support.tolerances import assert_close

CHANNELS, HEADS, WINDOW = 8, 2, 4


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shift", [0, 2, 3])
@pytest.mark.parametrize("size", [(8, 12), (7, 9), (4, 10), (3, 3)])
def test_it_is_what_the_window_mixer_computes(size, shift, bias):
    height, width = size
    mixer = WindowAttention(CHANNELS, HEADS, WINDOW, shift, relative_position_bias=bias).double().eval()
    if mixer.bias_table is not None:
        torch.nn.init.normal_(mixer.bias_table)
    tokens = 3 * torch.randn(1, CHANNELS, height, width, dtype=torch.float64)
    with torch.no_grad():
        query, key, value = split_heads(mixer.qkv(tokens).flatten(2), HEADS)
        table = None if mixer.bias_table is None else mixer.bias_table.detach()
        scale = query.shape[-1] ** -0.5
        attention = WindowedAttention(
            query[0], key[0], scale, height, width, WINDOW, mixer.shifts(height, width), table
        )
        mixed = torch.stack([attention.apply(value[0, head], head) for head in range(HEADS)])
        output = mixer.proj(mixed.transpose(1, 2).reshape(1, CHANNELS, height, width))
        assert_close(output, mixer(tokens))


def test_it_never_builds_all_pairs():
    grid = TokenGrid(64, 64)
    query, key = torch.randn(2, 1, grid.num_tokens, 4)
    with LargestTensor() as largest:
        attention = WindowedAttention(query, key, 0.5, 64, 64, 7, (3, 3))
        attention.row(2000), attention.column(2000), attention.head_rows(0, 64)
    assert largest.nbytes < 12 * grid.num_tokens * 7**2 < grid.num_tokens**2
