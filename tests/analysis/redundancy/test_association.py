"""What the association does: against loops, SciPy and associations made by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import label as components
from scipy.stats import entropy

from analysis.redundancy.association import association_maps, association_summary, super_token_counts
from stvit import Association, BlockId, capture
from tests.support.tiny import tiny_model, tiny_pixels

BLOCKS = [BlockId(0, 0), BlockId(1, 0), BlockId(3, 0)]


@pytest.fixture(scope="module")
def cap():
    torch.manual_seed(2)
    return capture(tiny_model(torch.float64), tiny_pixels(2, 52, 68, torch.float64))


@pytest.mark.parametrize("block", BLOCKS)
def test_maps_follow_their_definitions(cap, block):
    record = cap[block]
    maps = association_maps(record, 1)
    index, weight = record.association.index[1].numpy(), record.association.weight[1].numpy()
    for token in range(record.grid.num_tokens):
        real = {m: w for m, w in zip(index[token], weight[token], strict=True) if m >= 0}
        share = [*sorted((w / sum(real.values()) for w in real.values()), reverse=True), 0.0]
        place = record.grid.position(token)
        assert maps["association_entropy"][place] == pytest.approx(entropy(list(real.values())), abs=1e-12)
        assert maps["association_margin"][place] == pytest.approx(share[0] - share[1])
        assert maps["phantom_leakage"][place] == pytest.approx(1 - sum(real.values()), abs=1e-12)
        assert maps["moved"][place] == (max(real, key=real.get) != int(record.grid.cell_index[token]))


@pytest.mark.parametrize("block", BLOCKS)
def test_leakage_is_what_rows_of_token_attention_lack(cap, block):
    record = cap[block]
    maps = association_maps(record, 1)
    kept = record.token_attention(1).row_sums().reshape(maps["leakage"].shape).numpy()
    np.testing.assert_allclose(maps["leakage"], 1 - kept, atol=1e-12)
    np.testing.assert_allclose(maps["leakage"], maps["phantom_leakage"] + maps["padding_leakage"])
    assert (block.stage == 3) == (maps["leakage"].max() == 0)
    if block.stage == 0:
        assert maps["padding_leakage"].max() > 0


def test_the_identity_is_decided(cap):
    maps = association_maps(cap[BlockId(3, 0)])
    assert {name for name, values in maps.items() if values.any()} == {"association_margin"}
    assert (maps["association_margin"] == 1).all()
    record = cap[BlockId(3, 0)]
    expected = {"moved_share" if name == "moved" else name: values.mean() for name, values in maps.items()}
    counts = super_token_counts(record.labels()[0].numpy(), record.grid.num_super_tokens)
    assert association_summary(record) == expected | counts


def test_summary_is_the_mean_of_the_maps(cap):
    record = cap[BlockId(0, 1)]
    maps, summary = association_maps(record, 1), association_summary(record, 1)
    for name, values in maps.items():
        assert summary["moved_share" if name == "moved" else name] == pytest.approx(values.mean())
    assert 0 < summary["moved_share"] < 1
    assert len(summary) == 8


def test_a_hard_association_by_hand(cap):
    record = cap[BlockId(1, 0)]
    grid = record.grid
    labels = grid.cell_index.clone()
    labels[0] = grid.num_super_tokens - 1  # one token moves to the far corner
    hard = replace(record, used_association=Association.from_labels(labels.expand(2, -1), grid, record.tokens))
    summary = association_summary(hard)
    assert summary["moved_share"] == pytest.approx(1 / grid.num_tokens)
    assert summary["association_entropy"] == 0
    assert summary["association_margin"] == 1
    assert (summary["empty_super_tokens"], summary["disconnected_super_tokens"]) == (0, 1)


def test_counts_of_super_tokens_against_scipy():
    generator = np.random.default_rng(0)
    for _ in range(20):
        labels = generator.integers(0, 5, (6, 7)) * 2
        parts = [components(labels == m)[1] for m in range(11)]
        expected = {"empty_super_tokens": parts.count(0), "disconnected_super_tokens": sum(p > 1 for p in parts)}
        assert super_token_counts(labels, 11) == expected


def test_corners_do_not_connect():
    labels = np.array([[0, 1], [1, 0]])
    assert super_token_counts(labels, 3) == {"empty_super_tokens": 1, "disconnected_super_tokens": 2}
