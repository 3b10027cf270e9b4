"""An attention from anywhere: every metric, and a sentence for what is no attention."""

import numpy as np
import pytest
import torch

from analysis import DenseAttention, measure
from analysis.redundancy.catalogue import metrics_of
from stvit import TokenGrid


def test_it_gives_every_metric_of_the_ledger():
    weights = torch.rand(3, 196, 196).softmax(-1)
    found = measure(DenseAttention(weights), TokenGrid(14, 14, 1), 16)
    assert tuple(found.per_token) == metrics_of("token")
    assert tuple(found.per_head) == tuple(name for name in metrics_of("head") if not name.endswith("_estimate"))
    rows = weights.double().numpy()
    entropy = -(rows * np.log(rows)).sum(-1).mean(-1)
    np.testing.assert_allclose(found.head_values()["entropy"], entropy, rtol=1e-5)
    np.testing.assert_allclose(found.per_head["received_max"], rows.sum(1).max(-1), rtol=1e-5)
    singular = np.linalg.svd(rows, compute_uv=False)
    stable = (singular**2).sum(-1) / singular[:, 0] ** 2
    np.testing.assert_allclose(found.per_head["stable_rank"], stable, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_measured_in_single_precision(dtype):
    weights = torch.rand(2, 64, 64).softmax(-1).to(dtype)
    weights[0, 3] = 0  # a row without mass
    weights[1, 4] = 1e-7  # mass that half precision cannot sum
    exact = measure(DenseAttention(weights.float()), TokenGrid(8, 8, 1), 4).head_values()
    found = measure(DenseAttention(weights), TokenGrid(8, 8, 1), 4).head_values()
    for name, values in exact.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6, err_msg=name)
        assert np.isfinite(values).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rows_and_sums_of_half_precision_are_in_single_precision(dtype):
    attention = DenseAttention(torch.rand(2, 64, 64).to(dtype))
    exact = DenseAttention(attention.weights.float())
    for head in (None, 1):
        torch.testing.assert_close(attention.row_sums(head), exact.row_sums(head), rtol=0, atol=0)
        torch.testing.assert_close(attention.column(3, head), exact.column(3, head), rtol=0, atol=0)
    torch.testing.assert_close(attention.chosen_rows(torch.tensor([5, 2])).weight, exact.weights[:, [5, 2]])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (np.zeros((4, 4)), ValueError, r"shape \(heads, N, N\), got \(4, 4\)"),
        (np.zeros((2, 3, 4)), ValueError, r"shape \(heads, N, N\), got \(2, 3, 4\)"),
        (np.zeros((0, 4, 4)), ValueError, r"shape \(heads, N, N\), got \(0, 4, 4\)"),
        (np.eye(3)[None] - 2 * np.eye(3)[[1, 0, 2]], ValueError, "got -2.0 in head 0, row 0, column 1"),
        (np.full((2, 2, 2), np.nan), ValueError, "finite and not negative, got nan in head 0, row 0, column 0"),
        (torch.full((1, 2, 2), torch.inf), ValueError, "finite and not negative, got inf"),
        (np.zeros((1, 2, 2), int), TypeError, "real numbers, got torch.int64"),
        ([[[1.0]]], TypeError, "a tensor or an array .* got list"),
    ],
)
def test_what_is_no_attention_is_refused(weights, error, words):
    with pytest.raises(error, match=words):
        DenseAttention(weights)
