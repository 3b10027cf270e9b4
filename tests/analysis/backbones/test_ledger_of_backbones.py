import math

import numpy as np
import pytest
import torch

from analysis import ledger, measure
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.uniform_values import uniform_values
from stvit import BlockId
from tests.support.tiny_backbones import SWINS, VITS


@pytest.mark.parametrize("kind", [*VITS, *SWINS])
def test_every_family_has_a_ledger(load, kind):
    cap = load(kind).capture(torch.randn(2, 3, 40, 56))
    table = ledger(cap)
    assert np.isfinite(table["value"]).all()
    assert set(table["attention"]) == {"super", "global", "local", "block"}
    assert len(table[["image", "stage", "block"]].drop_duplicates()) == 2 * len(cap)
    block_metrics = set(table.loc[table["attention"] == "block", "metric"])
    assert block_metrics >= {"token_cosine", "cka_previous", "leakage"}
    assert not {name for name in block_metrics if "association" in name or "super_token" in name}
    record = cap[BlockId(0, 1)].select(1)
    found = measure(record.token_attention(), record.grid, record.token_pixels).head_values()
    rows = table[(table.image == 1) & (table.stage == 0) & (table.block == 1) & (table.attention == "super")]
    assert set(rows["metric"]) == set(found) <= set(CATALOGUE)
    for name, values in found.items():
        np.testing.assert_allclose(rows.loc[rows["metric"] == name, "value"], values, rtol=1e-6)
    leaked = table[(table.image == 1) & (table.stage == 0) & (table.block == 1) & (table.metric == "leakage")]
    np.testing.assert_allclose(leaked["value"], 1 - found["mass"].mean(), atol=1e-6)


@pytest.mark.parametrize(("kind", "extra"), [("vit", 1), ("deit", 2), ("dinov2_with_registers", 5)])
def test_uniform_attention_has_the_entropy_of_all_tokens_of_the_picture(load, kind, extra):
    backbone = load(kind)
    with torch.no_grad():
        for name, value in backbone.model.named_parameters():
            if "q_proj" in name:
                value.zero_()
    cap = backbone.capture(torch.randn(1, 3, 40, 56))
    table = ledger(cap, ["super"], ["entropy", "mass", "distance"])
    of = {name: table.loc[table.metric == name, "value"].to_numpy() for name in ("entropy", "mass", "distance")}
    np.testing.assert_allclose(of["entropy"], math.log(35), rtol=1e-6)
    np.testing.assert_allclose(of["mass"], 35 / (35 + extra), rtol=1e-6)
    np.testing.assert_allclose(of["distance"], uniform_values("distance", cap.values())[0], rtol=1e-5)


def test_uniform_windows_have_the_entropy_of_a_window(load):
    backbone = load("swin")
    with torch.no_grad():
        for name, value in backbone.model.named_parameters():
            if "q_proj" in name or "relative_position_bias_table" in name:
                value.zero_()
    cap = backbone.capture(torch.randn(1, 3, 64, 64), [BlockId(0, 0), BlockId(1, 0)])
    table = ledger(cap, ["super"], ["entropy", "mass"])
    np.testing.assert_allclose(table.loc[table.metric == "entropy", "value"], math.log(16), rtol=1e-6)
    np.testing.assert_allclose(table.loc[table.metric == "mass", "value"], 1, rtol=1e-6)


def test_global_attention_of_a_vit_is_measured_once(load):
    record = load("vit").capture(torch.randn(1, 3, 32, 32))[BlockId(0, 0)]
    assert record.token_attention().same_as(record.global_attention())
