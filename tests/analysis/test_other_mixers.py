"""What the analysis says of blocks that mix their tokens by windows or by convolutions."""

import pytest
import torch

from analysis import DenseAttention, ledger, measure
from analysis.attention.baselines import global_attention, swapped_attention
from analysis.attention.kinds import KINDS
from analysis.relevance.class_gradient import class_gradients
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import rollout
from stvit import BlockId, capture
from stvit.capturing.records import NoAttentionError
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import OPERATOR, assert_close
from tests.support.window_loops import dense_window_weights

PLAIN, SHIFTED, OTHER = BlockId(0, 0), BlockId(0, 1), BlockId(1, 0)


def model_of(second="global"):
    model = tiny_model(
        torch.float64, mixers=("window", second, "global", "super"), window=4, relative_position_bias=True
    )
    for block in (PLAIN, SHIFTED):
        torch.nn.init.normal_(model.blocks()[block].attention.bias_table)
    return model


@pytest.fixture(scope="module")
def pixels():
    torch.manual_seed(0)
    return tiny_pixels(1, 40, 52, dtype=torch.float64)


def test_the_ledger_measures_the_own_attention_of_a_window_block(pixels):
    model = model_of()
    cap = capture(model, pixels)
    table = ledger(cap)
    with torch.no_grad():
        dense = dense_window_weights(model.blocks()[SHIFTED].attention, cap[SHIFTED].tokens)[0]
    expected = measure(DenseAttention(dense), cap[SHIFTED].grid, 4).head_values()
    found = table[(table["stage"] == 0) & (table["block"] == 1) & (table["attention"] == "super")]
    exact = {"entropy", "distance", "mass", "local_mass", "effective_rank", "received_max"} & set(expected)
    assert len(exact) >= 5
    for metric in exact:
        values = found[found["metric"] == metric].sort_values("head")["value"]
        assert values.tolist() == pytest.approx(expected[metric].tolist(), abs=1e-9), metric
    others = table[(table["stage"] == 0) & (table["block"] == 1) & (table["metric"] == "entropy")]
    by_kind = others.groupby("attention")["value"].mean()
    assert by_kind["global"] > by_kind["super"]  # without windows


def test_the_ledger_has_features_of_a_convolution_and_nothing_about_attention(pixels):
    table = ledger(capture(model_of("conv"), pixels), attentions=tuple(KINDS))
    rows = table[table["stage"] == 1]
    assert set(rows["attention"]) == {"block"}
    assert {"token_cosine", "token_rank_one_residual", "cka_previous"} <= set(rows["metric"])
    assert not {"leakage", "moved_share", "association_entropy"} & set(rows["metric"])
    assert table["value"].notna().all()
    assert set(table[table["stage"] == 0]["attention"]) == {"block", *KINDS}


def test_a_rollout_goes_through_windows_and_stops_at_a_convolution(pixels):
    model = model_of()
    cap = capture(model, pixels)
    footprints = Footprints.of(model).without_depthwise()
    found = rollout(cap, footprints, SHIFTED, 37)
    with torch.no_grad():
        first, second = (
            dense_window_weights(model.blocks()[block].attention, cap[block].tokens)[0].mean(0)
            for block in (PLAIN, SHIFTED)
        )
    half = torch.eye(130, dtype=torch.float64) / 2
    row = (half + second / 2)[37] @ (half + first / 2)
    assert_close(found.tokens().flatten(), row, OPERATOR)
    assert found.mass == pytest.approx(1)
    convolved = model_of("conv")
    message = "Stage 2, block 1 mixes its tokens by a convolution and has no attention"
    for weights in (None, class_gradients(convolved, pixels)):
        with pytest.raises(NoAttentionError, match=message):
            rollout(capture(convolved, pixels), Footprints.of(convolved), weights=weights)


def test_class_weights_of_a_window_block_are_the_gradient_by_its_attention(pixels):
    model = model_of("conv")
    mixer = model.blocks()[SHIFTED].attention
    kept = []
    handle = mixer.attention_dropout.register_forward_hook(lambda module, inputs, output: kept.append(output))
    (slope,) = torch.autograd.grad(model(pixels)[0, 3], kept)
    handle.remove()
    by_slot = (slope * kept[0]).clamp(min=0).mean(1)[0]  # (windows, slots, slots)
    number = torch.arange(1, 131, dtype=torch.float64).reshape(1, 1, 130, 1)
    slots = mixer._to_windows(number, 10, 13)[0, 0, ..., 0].long()  # 0 is padding
    expected = torch.zeros(131, 131, dtype=torch.float64)
    expected[slots[:, :, None], slots[:, None, :]] = by_slot
    found = class_gradients(model, pixels, 3)
    assert OTHER not in found.attention
    assert_close(found.attention[SHIFTED].to_dense()[0], expected[1:, 1:].detach(), OPERATOR)
    assert rollout(capture(model, pixels), Footprints.of(model), SHIFTED, weights=found).pixels.isfinite().all()


def test_kinds_that_need_super_tokens_say_so(pixels):
    cap = capture(model_of("conv"), pixels)
    with pytest.raises(ValueError, match="Stage 1, block 1 has no super tokens, so its association cannot be changed"):
        swapped_attention(cap[PLAIN], "hard")
    with pytest.raises(NoAttentionError, match="Stage 2, block 1 mixes its tokens by a convolution"):
        global_attention(cap[OTHER])
