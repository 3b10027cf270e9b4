import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from stvit import SoftmaxAttention
from stvit.attentions import softmax
from tests.support import reference
from tests.support.memory import LargestTensor
from tests.support.tolerances import assert_close

HEADS, TOKENS, HEAD_DIM = 3, 11, 4


@pytest.fixture(params=["dense", "streaming"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Keep all rows, or compute them again in blocks of two rows of all heads."""
    if request.param == "streaming":
        monkeypatch.setattr(softmax, "DENSE_BYTES", 0)
        monkeypatch.setattr(softmax, "PRODUCT_BYTES", 2 * HEADS * TOKENS * 4)
    return request.param


@pytest.fixture
def attention(path: str) -> SoftmaxAttention:
    query, key = 2 * torch.randn(2, HEADS, TOKENS, HEAD_DIM, dtype=torch.float64)
    return SoftmaxAttention(query, key, HEAD_DIM**-0.5)


@pytest.fixture
def dense(attention: SoftmaxAttention) -> Tensor:
    heads = zip(attention.query.numpy(), attention.key.numpy(), strict=True)
    return torch.from_numpy(np.stack([reference.attention(query, key) for query, key in heads]))


def test_rows_and_columns(attention: SoftmaxAttention, dense: Tensor) -> None:
    assert not torch.allclose(dense, dense.transpose(1, 2), atol=0.1)  # else a transposition would pass
    assert_close(attention.to_dense(), dense)
    for head in (None, *range(HEADS)):
        expected = dense.mean(0) if head is None else dense[head]
        assert_close(attention.rows(2, 7, head), expected[2:7])
        assert_close(torch.stack([attention.row(token, head) for token in range(TOKENS)]), expected)
        assert_close(torch.stack([attention.column(token, head) for token in range(TOKENS)], 1), expected)


def test_chosen_rows_and_columns(attention: SoftmaxAttention, dense: Tensor) -> None:
    index = torch.tensor([7, 0, 7])
    assert_close(attention.take(index), dense[:, index])
    assert_close(attention.take_columns(index), dense[:, :, index])


@pytest.mark.parametrize("channels", [1, HEAD_DIM, 2 * HEAD_DIM + 3])
def test_products(attention: SoftmaxAttention, dense: Tensor, channels: int) -> None:
    values = torch.randn(HEADS, TOKENS, channels, dtype=torch.float64)
    assert_close(attention.apply_heads(values), dense @ values)
    assert_close(attention.apply_heads_transposed(values), dense.transpose(1, 2) @ values)


def test_a_large_attention_is_never_whole_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softmax, "DENSE_BYTES", 2**20)
    monkeypatch.setattr(softmax, "PRODUCT_BYTES", 2**16)
    query, key = torch.randn(2, 2, 512, 8)
    attention = SoftmaxAttention(query, key, 8**-0.5)
    assert attention.dense_nbytes == 2 * 512 * 512 * 4 > softmax.DENSE_BYTES
    with LargestTensor() as largest:
        attention.row(3)
        attention.column(3, head=1)
        attention.apply_heads(torch.ones(2, 512, 8))
        attention.apply_heads_transposed(torch.ones(2, 512, 8))
    assert largest.nbytes <= 2**16


def test_sizes(attention: SoftmaxAttention) -> None:
    assert (attention.heads, attention.num_tokens) == (HEADS, TOKENS)
    assert attention.nbytes == 2 * HEADS * TOKENS * HEAD_DIM * 8
    assert attention.dense_nbytes == attention.to_dense().nbytes


def test_sharp_attention_rounds_as_pytorch_does() -> None:
    """Trained models have logits of 60 and more, where another order of rounding shows in the fifth digit."""
    query, key = 10 * torch.randn(3, 40, 32), 10 * torch.randn(3, 40, 32)
    with sdpa_kernel(SDPBackend.MATH):
        expected = scaled_dot_product_attention(query, key, torch.eye(40).expand(3, -1, -1))
    assert torch.equal(SoftmaxAttention(query, key, 32**-0.5).to_dense(), expected)
