"""What every attention keeps to, whatever its kind, against its dense matrix."""

import pytest
import torch

from stvit import Attention
from stvit.attentions.base import block_rows
from tests.support.tolerances import assert_close

LOOSE = {torch.float32: 1e-4, torch.float64: 1e-10}


def check_contract(attention: Attention, dense: torch.Tensor) -> None:
    """Hold every verb of an attention against the matrix (heads, N, N) that it stands for."""
    heads, tokens = dense.shape[:2]
    assert (attention.heads, attention.num_tokens) == (heads, tokens)
    assert attention.dense_nbytes == heads * tokens**2 * attention.head_rows(0, 1).weight.element_size()
    assert_close(attention.to_dense(), dense)
    with pytest.raises(MemoryError, match=f"of {heads} heads x {tokens} x {tokens} tokens takes"):
        attention.to_dense(max_bytes=attention.dense_nbytes - 1)
    _check_blocks(attention, dense)
    _check_some_rows(attention, dense)
    for head, expected in [(None, dense.mean(0)), *enumerate(dense)]:
        _check_head(attention, head, expected)
    _check_refusals(attention)


def _check_some_rows(attention: Attention, dense: torch.Tensor) -> None:
    """Every token's row comes once, whatever the order, for consecutive tokens and for chosen ones."""
    tokens = attention.num_tokens
    chosen = torch.randperm(tokens)[: tokens // 2 + 1]
    for wanted in (range(tokens // 3, tokens), chosen):
        read = []
        for block in attention.some_rows(wanted):  # one after the other: the next may take the memory of the last
            assert_close(block.dense(), dense[:, block.anchors])
            read += block.anchors.tolist()
        assert sorted(read) == sorted(list(wanted) if isinstance(wanted, range) else wanted.tolist())


def _check_blocks(attention: Attention, dense: torch.Tensor) -> None:
    tokens = attention.num_tokens
    for max_bytes in (1, 700, None):
        blocks = list(attention.row_blocks(max_bytes))
        assert all(block.weight.shape[1] <= block_rows(attention, max_bytes) for block in blocks)
        assert [block.start for block in blocks[1:]] == [block.stop for block in blocks[:-1]]
        assert (blocks[0].start, blocks[-1].stop) == (0, tokens)
        assert_close(torch.cat([block.dense() for block in blocks], 1), dense)
    assert all(block.weight.shape[1] == 1 for block in attention.row_blocks(1))
    assert attention.head_rows(tokens - 1, tokens + 5).stop == tokens
    assert attention.plain.head_rows(0, tokens).dense().equal(attention.head_rows(0, tokens).dense())
    assert attention.same_as(attention)


def _check_head(attention: Attention, head: int | None, expected: torch.Tensor) -> None:
    tokens = attention.num_tokens
    assert_close(attention.rows(0, tokens, head), expected)
    assert_close(attention.rows(tokens // 3, tokens, head), expected[tokens // 3 :])
    assert_close(torch.stack([attention.row(token, head) for token in range(tokens)]), expected)
    assert_close(torch.stack([attention.column(token, head) for token in range(tokens)], 1), expected)
    assert_close(attention.row_sums(head), expected.sum(1), LOOSE)
    values = torch.randn(tokens, 3, dtype=expected.dtype)
    assert_close(attention.apply(values, head), expected @ values, LOOSE)
    assert_close(attention.apply_transposed(values, head), expected.T @ values, LOOSE)
    row_bytes = tokens * expected.element_size()
    blocks = list(attention.blocks(head, max_bytes=2 * row_bytes))
    assert [start for start, _ in blocks] == list(range(0, tokens, 2))
    assert_close(torch.cat([rows for _, rows in blocks]), expected)
    known = attention.singular_values(head)
    if known is not None:
        exact = torch.linalg.svdvals(expected.double())
        filled = torch.zeros(max(len(known), tokens)).double()
        filled[: len(known)] = known
        assert_close(filled[:tokens], exact, {torch.float64: 3e-8 * exact[0].item() + 1e-7})
        assert filled[tokens:].abs().sum() < 1e-6


def _check_refusals(attention: Attention) -> None:
    for head in (-1, attention.heads):
        for ask in (lambda: attention.rows(0, 1, head), lambda: attention.column(0, head)):  # noqa: B023  # called at once
            with pytest.raises(IndexError, match=f"Head {head} does not exist; .* heads 0 to {attention.heads - 1}"):
                ask()
        for ask in (attention.row_sums, attention.singular_values):
            with pytest.raises(IndexError, match=f"Head {head} does not exist"):
                ask(head)
        with pytest.raises(IndexError, match=f"Head {head} does not exist"):
            list(attention.blocks(head))
    for ask in (attention.row, attention.column):
        for token in (-1, attention.num_tokens):
            with pytest.raises(IndexError, match=f"Token {token} does not exist; .* 0 to {attention.num_tokens - 1}"):
                ask(token)
