"""One contract for every attention, each against a dense matrix that loops make from its definition."""

import numpy as np
import pytest
import torch

from analysis import DenseAttention
from analysis.attention.baselines import IdentityAttention, UniformAttention, swapped_attention
from analysis.relevance.class_gradient import WeightedAttention
from stvit import (
    Association,
    Attention,
    BlockId,
    DecomposedAttention,
    RowBlock,
    SoftmaxAttention,
    TokenGrid,
    WindowedAttention,
    associate,
    capture,
)
from tests.support import reference
from tests.support.attention_loops import same_window, softmax_rows
from tests.support.contract import check_contract
from tests.support.tiny import GRIDS, tiny_model, tiny_pixels

HEADS, HEAD_DIM, SCALE = 3, 5, 0.4


def query_key(tokens: int, dtype=torch.float64):
    return 2 * torch.randn(2, HEADS, tokens, HEAD_DIM, dtype=dtype)


def decomposed(grid):
    tokens = 2 * torch.randn(1, 4, grid.height, grid.width, dtype=torch.float64)
    query, key = query_key(grid.num_super_tokens)
    slow = reference.associate(tokens[0].numpy(), grid, 2)
    cores = [reference.attention(q, k) for q, k in zip(query.numpy(), key.numpy(), strict=True)]
    dense = np.stack([slow.token_attention(core) for core in cores])
    core = SoftmaxAttention(query, key, HEAD_DIM**-0.5)
    return DecomposedAttention(associate(tokens, grid, 2).to_sparse(), core), dense


def softmax(tokens=11):
    query, key = query_key(tokens)
    dense = [softmax_rows(q, k, SCALE) for q, k in zip(query.numpy(), key.numpy(), strict=True)]
    return SoftmaxAttention(query, key, SCALE), np.stack(dense)


def windowed(grid, window, shift=(0, 0), biased=False):
    tall, wide = window if isinstance(window, tuple) else (window, window)
    query, key = query_key(grid.num_tokens)
    bias = torch.randn(HEADS, 2 * tall - 1, 2 * wide - 1, dtype=torch.float64) if biased else None
    allowed = same_window(grid, tall, wide, shift)
    dense = np.stack(
        [
            softmax_rows(q, k, SCALE, allowed, _added(grid, None if bias is None else bias[head].numpy(), tall, wide))
            for head, (q, k) in enumerate(zip(query.numpy(), key.numpy(), strict=True))
        ]
    )
    return WindowedAttention(query, key, SCALE, grid.height, grid.width, window, shift, bias), dense


def _added(grid, table, tall, wide):
    """Return what is added to each logit, (N, N): the table by the offset of query and key, 0 out of its reach."""
    added = np.zeros((grid.num_tokens, grid.num_tokens))
    for query in range(grid.num_tokens if table is not None else 0):
        for key in range(grid.num_tokens):
            down, across = (a - b for a, b in zip(grid.position(query), grid.position(key), strict=True))
            if abs(down) < tall and abs(across) < wide:
                added[query, key] = table[down + tall - 1, across + wide - 1]
    return added


def swapped(name):
    record = capture(tiny_model(torch.float64), tiny_pixels(1, 32, 36, torch.float64), blocks=[(0, 1)])[BlockId(0, 1)]
    attention = swapped_attention(record, name)
    q = torch.zeros(record.grid.num_tokens, record.grid.num_super_tokens + 1).double()
    for index, weight in zip(attention.association.index[0].T, attention.association.weight[0].T, strict=True):
        q[torch.arange(len(q)), index] += weight
    q = q[:, :-1]  # the last column took the phantoms
    mass = q.sum(0) + attention.association.padding_mass[0] + (0 if attention.association.is_identity else 1e-12)
    core = attention.super_attention
    cores = [reference.attention(a, b) for a, b in zip(core.query.numpy(), core.key.numpy(), strict=True)]
    return attention, np.stack([q.numpy() @ one @ (q / mass).T.numpy() for one in cores])


def dense():
    weights = torch.rand(HEADS, 9, 9, dtype=torch.float64)
    return DenseAttention(weights.numpy()), weights.numpy()


def weighted():
    attention, matrix = softmax()
    value, gradient = torch.randn(2, HEADS, 11, 4, dtype=torch.float64)
    slope = gradient.numpy() @ value.numpy().transpose(0, 2, 1)
    return WeightedAttention(attention, value, gradient), np.clip(slope * matrix, 0, None).mean(0, keepdims=True)


class OnlyRows(Attention):
    """The least that an attention can be; everything else comes from the base class."""

    def __init__(self, weights):
        self.weights = weights

    def head_rows(self, start, stop):
        token = torch.arange(self.weights.shape[-1]).flip(0)
        rows = self.weights[:, start:stop, token]
        return RowBlock(start, rows, token.expand(rows.shape[1], -1), len(token))


def only_rows():
    weights = torch.rand(2, 10, 10, dtype=torch.float64)
    return OnlyRows(weights), weights.numpy()


CASES = {f"decomposed, {name}": lambda grid=grid: decomposed(grid) for name, grid in GRIDS.items()} | {
    "softmax": softmax,
    "one token": lambda: softmax(1),
    "windows that divide": lambda: windowed(TokenGrid(4, 6), 2),
    "windows cut at both borders": lambda: windowed(TokenGrid(5, 7), 3),
    "rectangular windows": lambda: windowed(TokenGrid(5, 7), (2, 4)),
    "a window larger than the grid": lambda: windowed(TokenGrid(3, 4), 7, biased=True),
    "a window for each token": lambda: windowed(TokenGrid(3, 4), 1),
    "one row of windows": lambda: windowed(TokenGrid(1, 5), 2),
    "shifted windows": lambda: windowed(TokenGrid(6, 6), 4, (2, 2)),
    "shifted, cut and biased windows": lambda: windowed(TokenGrid(5, 7), 3, (1, 2), biased=True),
    "windows shifted along one axis": lambda: windowed(TokenGrid(4, 7), 4, (0, 2), biased=True),
    "windows shifted beyond a small grid": lambda: windowed(TokenGrid(3, 5), 4, (2, 3), biased=True),
    "uniform": lambda: (UniformAttention(8, 2), np.full((2, 8, 8), 1 / 8, np.float32)),
    "identity": lambda: (IdentityAttention(8, 2), np.tile(np.eye(8, dtype=np.float32), (2, 1, 1))),
    "grid in place of the association": lambda: swapped("grid"),
    "hard association": lambda: swapped("hard"),
    "masked phantoms": lambda: swapped("masked"),
    "an array": dense,
    "weighted by a gradient": weighted,
    "nothing but rows": only_rows,
}


class TestContract:
    @pytest.fixture(params=CASES.values(), ids=CASES)
    def case(self, request):
        attention, matrix = request.param()
        return attention, torch.from_numpy(np.ascontiguousarray(matrix))

    def test_every_verb_follows_from_the_dense_matrix(self, case):
        check_contract(*case)

    def test_every_verb_of_an_attention_that_is_never_whole_in_memory(self, case, monkeypatch):
        monkeypatch.setattr("stvit.attentions.softmax.DENSE_BYTES", 0)
        monkeypatch.setattr("stvit.attentions.softmax.PRODUCT_BYTES", 400)
        monkeypatch.setattr("stvit.attentions.base.BLOCK_BYTES", 400)
        check_contract(*case)


def test_equal_attentions_are_known_without_their_rows():
    grid = TokenGrid(3, 4, 1)
    query, key = query_key(12)
    plain = SoftmaxAttention(query, key, SCALE)
    through = DecomposedAttention(Association.identity(grid, query.new_zeros(1)), SoftmaxAttention(query, key, SCALE))
    assert plain.same_as(through)
    assert through.same_as(plain)
    assert through.plain is through.super_attention
    for other in (SoftmaxAttention(key, query, SCALE), SoftmaxAttention(query, key, 0.5), UniformAttention(12)):
        assert not other.same_as(plain)
        assert not through.same_as(other)


def test_windows_refuse_what_does_not_fit():
    query = torch.zeros(1, 6, 2)
    with pytest.raises(ValueError, match="6 tokens do not fill a grid of 2 x 4"):
        WindowedAttention(query, query, 1.0, 2, 4, 2)
    with pytest.raises(ValueError, match="at least 1 x 1 tokens, got 0"):
        WindowedAttention(query, query, 1.0, 2, 3, 0)
    with pytest.raises(ValueError, match="below 2 x 2 does not reach across windows of 2 x 3 tokens"):
        WindowedAttention(query, query, 1.0, 2, 3, 3, bias=torch.zeros(1, 3, 3))
