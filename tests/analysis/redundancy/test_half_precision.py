"""Half precision in the ledger: every number is that of the same factors in single precision."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis import DenseAttention, ledger
from analysis.redundancy.measure import measure
from stvit import DecomposedAttention, SoftmaxAttention, TokenGrid, WindowedAttention, capture
from tests.support.random_attention import token_attention
from tests.support.tiny import tiny_model, tiny_pixels

GRID = TokenGrid(6, 8, 2)


def softmax(dtype):
    query, key = 2 * torch.randn(2, 3, GRID.num_tokens, 4).to(dtype)
    return SoftmaxAttention(query, key, 0.5)


def windowed(dtype):
    plain = softmax(dtype)
    return WindowedAttention(plain.query, plain.key, 0.5, GRID.height, GRID.width, 3)


def decomposed(dtype):
    found = token_attention(GRID, dtype=torch.float32)
    core = found.super_attention
    weight = found.association.weight.to(dtype)
    return DecomposedAttention(
        replace(found.association, weight=weight),
        SoftmaxAttention(core.query.to(dtype), core.key.to(dtype), core.scale),
    )


def dense(dtype):
    return DenseAttention(torch.rand(2, GRID.num_tokens, GRID.num_tokens).to(dtype))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("make", [softmax, windowed, decomposed, dense])
def test_numbers_are_those_of_the_same_factors_in_single_precision(make, dtype):
    torch.manual_seed(5)
    narrow = make(dtype)
    got = measure(narrow, GRID, 4)
    wide = measure(in_single(narrow), GRID, 4)
    assert got.head_values().keys() == wide.head_values().keys()
    for name, values in got.head_values().items():
        assert np.isfinite(values).all(), name
        np.testing.assert_allclose(values, wide.head_values()[name], rtol=1e-6, atol=1e-6, err_msg=name)


def in_single(attention):
    if isinstance(attention, DenseAttention):
        return DenseAttention(attention.weights.float())
    if isinstance(attention, DecomposedAttention):
        association = replace(attention.association, weight=attention.association.weight.float())
        return DecomposedAttention(association, in_single(attention.super_attention))
    return replace(attention, query=attention.query.float(), key=attention.key.float())


def test_a_capture_in_half_precision_has_every_number():
    cap = capture(tiny_model().to(torch.bfloat16), tiny_pixels(1, 64, 64).to(torch.bfloat16))
    got = ledger(cap, ("super", "global", "local"))
    assert len(got) == len(ledger(capture(tiny_model(), tiny_pixels(1, 64, 64)), ("super", "global", "local")))
    assert np.isfinite(got["value"]).all()
