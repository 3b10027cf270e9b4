"""The contract of DecomposedAttention: each verb against the dense matrix that loops make from the equations."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from stvit import Association, DecomposedAttention, SoftmaxAttention, TokenGrid, associate
from stvit.association import regular_grid
from stvit.attentions import softmax
from tests.support import reference
from tests.support.memory import LargestTensor
from tests.support.tiny import GRIDS
from tests.support.tolerances import OPERATOR, assert_close

BATCH, IMAGE, CHANNELS, HEAD_DIM = 3, 2, 4, 5
CASES = {f"{name}, {heads} heads": (grid, heads) for (name, grid), heads in product(GRIDS.items(), (1, 3))}


@dataclass(frozen=True)
class Case:
    attention: DecomposedAttention
    dense: Tensor
    """Shape (heads, N, N), from loops."""
    leakage: Tensor
    """1 - row sums of each head, shape (heads, N), phantoms and padding apart."""

    def heads(self) -> list[tuple[int | None, Tensor]]:
        return [(None, self.dense.mean(0)), *enumerate(self.dense)]


def make(grid: TokenGrid, heads: int, dtype: torch.dtype = torch.float64) -> Case:
    """Decompose the attention of the last image of a batch, and build the dense one by loops."""
    tokens = 2 * torch.randn(BATCH, CHANNELS, grid.height, grid.width, dtype=dtype)
    query, key = 2 * torch.randn(2, heads, grid.num_super_tokens, HEAD_DIM, dtype=dtype)
    core = SoftmaxAttention(query, key, HEAD_DIM**-0.5)
    attention = DecomposedAttention(associate(tokens, grid, 2).to_sparse().select(IMAGE), core)
    slow = reference.associate(tokens[IMAGE].double().numpy(), grid, 2)
    cores = [reference.attention(q, k) for q, k in zip(query.double().numpy(), key.double().numpy(), strict=True)]
    share = slow.padding_mass / slow.column_mass
    leakage = [slow.phantom[slow.real] + slow.upsample((one @ share)[:, None])[:, 0] for one in cores]
    dense = np.stack([slow.token_attention(one) for one in cores])
    return Case(attention, torch.from_numpy(dense).to(dtype), torch.from_numpy(np.stack(leakage)).to(dtype))


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return make(*request.param)


@pytest.fixture
def streaming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softmax, "DENSE_BYTES", 0)
    monkeypatch.setattr(softmax, "PRODUCT_BYTES", 100)


def test_dense(case: Case) -> None:
    assert_close(case.attention.to_dense(), case.dense)


def test_a_transposition_would_be_seen() -> None:
    dense = make(GRIDS["padded"], 3).dense
    assert (dense - dense.transpose(1, 2)).abs().amax((1, 2)).min() > 100 * OPERATOR[torch.float32]
    assert (dense[0] - dense[1]).abs().max() > 100 * OPERATOR[torch.float32]  # and a mix-up of heads


def test_rows_and_columns(case: Case) -> None:
    count = case.attention.num_tokens
    for head, dense in case.heads():
        assert_close(torch.stack([case.attention.row(token, head) for token in range(count)]), dense)
        assert_close(torch.stack([case.attention.column(token, head) for token in range(count)], 1), dense)
        assert_close(case.attention.rows(count // 3, count, head), dense[count // 3 :])


@pytest.mark.usefixtures("streaming")
def test_rows_and_columns_of_a_large_super_attention(case: Case) -> None:
    for head, dense in case.heads():
        token = case.attention.num_tokens // 2
        assert_close(case.attention.row(token, head), dense[token])
        assert_close(case.attention.column(token, head), dense[:, token])
    assert_close(case.attention.apply(torch.eye(len(case.dense[0])).double()), case.dense.mean(0))


def test_products(case: Case) -> None:
    heads, count, _ = case.dense.shape
    values = torch.randn(count, 3, dtype=torch.float64)
    for head, dense in case.heads():
        assert_close(case.attention.apply(values, head), dense @ values)
        assert_close(case.attention.apply_transposed(values, head), dense.T @ values, {torch.float64: 1e-11})
    values = torch.randn(heads, count, 3, dtype=torch.float64)
    assert_close(case.attention.apply_heads(values), case.dense @ values)


def test_sums(case: Case) -> None:
    for head, dense in case.heads():
        assert_close(case.attention.row_sums(head), dense.sum(1))
        leakage = case.leakage.mean(0) if head is None else case.leakage[head]
        assert_close(case.attention.row_sums(head), 1 - leakage)


def test_singular_values(case: Case) -> None:
    cells = case.attention.association.grid.num_super_tokens
    for head, dense in case.heads():
        expected = torch.linalg.svdvals(dense)
        assert_close(case.attention.singular_values(head), expected[:cells], {torch.float64: 2e-8 * expected[0].item()})
        assert expected[cells:].sum() < 1e-12


def test_blocks(case: Case) -> None:
    count = case.attention.num_tokens
    for head, dense in case.heads():
        blocks = list(case.attention.blocks(head, max_bytes=3 * count * 8))
        assert [start for start, _ in blocks] == list(range(0, count, 3))
        assert_close(torch.cat([rows for _, rows in blocks]), dense)
    assert all(len(rows) == 1 for _, rows in case.attention.blocks(max_bytes=1))


def test_bytes(case: Case) -> None:
    grid, heads, count = case.attention.association.grid, case.attention.heads, case.attention.num_tokens
    cells, k = grid.num_super_tokens, 1 if grid.is_identity else 9
    assert case.attention.dense_nbytes == case.dense.nbytes
    core = min(2 * heads * cells * HEAD_DIM, heads * cells**2)
    assert case.attention.nbytes == 8 * (2 * count * k + cells + core)


@pytest.mark.parametrize("name", ["padded", "one row", "cell 1"])
def test_single_precision(name: str) -> None:
    case = make(GRIDS[name], 2, torch.float32)
    assert_close(case.attention.to_dense(), case.dense)
    assert_close(case.attention.row_sums(1), 1 - case.leakage[1])
    assert_close(
        case.attention.singular_values(0),
        torch.linalg.svdvals(case.dense[0].double())[: case.attention.association.grid.num_super_tokens],
        {torch.float64: 1e-6},
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("name", ["padded", "one row", "rectangular cells"])
def test_rows_that_share_work_are_those_of_the_dense_matrix(
    name: str, together: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make(GRIDS[name], 2, dtype)
    count = case.attention.num_tokens
    monkeypatch.setattr("stvit.attentions.base.BLOCK_BYTES", 5 * 2 * count * 4)  # blocks end within cells
    if not together:
        monkeypatch.setattr("stvit.attentions.shared_rows.BLOCK_BYTES", 0)
        monkeypatch.setattr("stvit.attentions.shared_rows.SHARED_BYTES", 3 * 2 * count * 8)  # a part of a row of cells
    most, two = torch.randperm(count)[1:], torch.tensor([count - 1, 0])
    for tokens in (range(count), range(count // 3, count - 1), most, two):
        seen = []
        for block in case.attention.some_rows(tokens):
            assert_close(block.weight, case.dense[:, block.anchors])
            seen += block.anchors.tolist()
        assert sorted(seen) == sorted(torch.as_tensor(tokens).tolist())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_rows_of_hard_labels_share_one_super_token(dtype: torch.dtype) -> None:
    grid = TokenGrid(30, 40, 10)
    association = Association.from_labels(torch.randint(12, (1, 1200)), grid, torch.zeros(1, dtype=dtype))
    query, key = torch.randn(2, 2, 12, 3, dtype=dtype)
    attention = DecomposedAttention(association, SoftmaxAttention(query, key, 1.0))
    dense = attention.to_dense()
    for block in attention.some_rows(range(1200)):
        assert_close(block.weight, dense[:, block.anchors])


def test_hard_labels_with_empty_super_tokens_lose_what_falls_on_them() -> None:
    grid = TokenGrid(4, 4, 2)
    labels = torch.tensor([[0] * 10 + [3] * 6])  # nobody belongs to 1 and 2
    association = Association.from_labels(labels, grid, torch.zeros(1, dtype=torch.float64))
    query, key = torch.randn(2, 1, 4, 3, dtype=torch.float64)
    core = SoftmaxAttention(query, key, 1.0)
    attention = DecomposedAttention(association, core)
    kept = core.to_dense()[0][:, [0, 3]].sum(1)
    assert_close(attention.row_sums(0), kept[labels[0]], {torch.float64: 1e-11})
    dense = attention.to_dense()[0]
    assert_close(dense[0, 0], core.to_dense()[0, 0, 0] / 10, {torch.float64: 1e-11})
    assert_close(attention.singular_values(0), torch.linalg.svdvals(dense)[:4], {torch.float64: 1e-8})


def test_labels_on_a_grid_of_cell_1_count() -> None:
    grid = TokenGrid(2, 2, 1)
    association = Association.from_labels(torch.tensor([[0, 0, 3, 3]]), grid, torch.zeros(1, dtype=torch.float64))
    query, key = torch.randn(2, 1, 4, 3, dtype=torch.float64)
    attention = DecomposedAttention(association, SoftmaxAttention(query, key, 1.0))
    assert_close(attention.row(0), attention.row(1))
    assert_close(attention.column(2), attention.column(3))


@pytest.mark.parametrize("side", [56, 64, 96, 256])
def test_nothing_of_tokens_by_tokens_is_allocated(side: int) -> None:
    heads, channels = 2, 4
    grid = TokenGrid(side, side, 8)
    tokens, cells = grid.num_tokens, grid.num_super_tokens
    association = associate(torch.randn(1, 8, side, side), grid).to_sparse()
    query, key = torch.randn(2, heads, cells, 8)
    attention = DecomposedAttention(association, SoftmaxAttention(query, key, 8**-0.5))
    with LargestTensor() as first:
        attention.row(tokens // 2)
        attention.column(tokens // 2)
    with LargestTensor() as later:
        attention.row(tokens // 3, head=1)
        attention.column(tokens // 3, head=1)
    with LargestTensor() as products:
        attention.apply(torch.randn(tokens, channels))
        attention.apply_transposed(torch.randn(tokens, channels))
    index_and_weight = 8 * 9 * tokens  # views of them count with their whole storage
    assert later.nbytes <= max(index_and_weight, 4 * heads * cells**2)
    assert first.nbytes <= max(index_and_weight, 4 * heads * cells**2)
    assert products.nbytes <= max(index_and_weight, 8 * heads * tokens * (channels + 1), 4 * heads * cells**2)
    assert max(first.nbytes, products.nbytes) < 4 * tokens**2 / 30


def test_a_row_with_cell_1_costs_a_row() -> None:
    grid = TokenGrid(64, 64, 1)
    association = Association.identity(grid, torch.zeros(1))
    query, key = torch.randn(2, 2, grid.num_tokens, 8)
    attention = DecomposedAttention(association, SoftmaxAttention(query, key, 8**-0.5))
    with LargestTensor() as largest:
        attention.row(5)
    assert largest.nbytes <= max(query.nbytes + key.nbytes, 2 * 4 * grid.num_tokens)


def test_dense_has_a_limit_that_names_size_and_remedy() -> None:
    grid = TokenGrid(56, 56, 8)
    association = regular_grid(grid, torch.zeros(1))
    attention = DecomposedAttention(association, SoftmaxAttention(*torch.randn(2, 8, 49, 4), 0.5))
    words = r"of 8 heads x 3136 x 3136 tokens takes 300 MiB, more than the limit of 256 MiB\. Use row, column, apply"
    with pytest.raises(MemoryError, match=words):
        attention.to_dense()
    small = make(GRIDS["padded"], 3).attention
    assert small.to_dense(max_bytes=small.dense_nbytes).nbytes == small.dense_nbytes == 3 * 63 * 63 * 8
    with pytest.raises(MemoryError):
        small.to_dense(max_bytes=small.dense_nbytes - 1)


@pytest.mark.parametrize("head", [-1, 3])
@pytest.mark.parametrize(
    "verb",
    ["row", "rows", "column", "apply", "apply_transposed", "row_sums", "singular_values", "blocks"],
)
def test_a_head_that_does_not_exist(verb: str, head: int) -> None:
    attention = make(GRIDS["one row"], 3).attention
    values = torch.zeros(attention.num_tokens, 1, dtype=torch.float64)
    arguments = {"row": (0,), "column": (0,), "rows": (0, 2), "apply": (values,), "apply_transposed": (values,)}
    with pytest.raises(IndexError, match=rf"Head {head} does not exist; this attention has heads 0 to 2 \(None"):
        list(getattr(attention, verb)(*arguments.get(verb, ()), head=head))


@pytest.mark.parametrize("token", [-1, 18])
@pytest.mark.parametrize("grid", [GRIDS["one row"], TokenGrid(2, 9, 1)], ids=["cells", "cell 1"])
def test_a_token_that_does_not_exist(grid: TokenGrid, token: int) -> None:
    attention = make(grid, 1).attention
    for ask in (attention.row, attention.column):
        with pytest.raises(IndexError, match=f"Token {token} does not exist; this attention has tokens 0 to 17"):
            ask(token)
