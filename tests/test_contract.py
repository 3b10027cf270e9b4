"""The public names and shapes that other code relies on, used as the README uses them."""

import numpy as np
import pytest
import torch

from analysis import ledger
from stvit import BlockId, STViT, STViTConfig, capture, create_model, load_weights

CONFIG = STViTConfig(
    num_classes=7,
    embed_dims=(24, 40, 56, 72),
    depths=(2, 1, 1, 1),
    num_heads=(3, 2, 4, 6),
    cells=((4, 8), 4, 2, 1),
    num_iters=(2, 4, 1, 1),
    projection_dim=80,
    layer_scale_init=(None, None, 1e-6, 1e-6),
)


@pytest.fixture(scope="module")
def cap():
    torch.manual_seed(0)
    return capture(STViT(CONFIG).eval(), torch.randn(2, 3, 128, 96))


def test_a_capture_lists_its_blocks_in_order(cap):
    assert cap.logits.shape == (2, 7)
    assert list(cap) == [BlockId(0, 0), BlockId(0, 1), BlockId(1, 0), BlockId(2, 0), BlockId(3, 0)]


def test_a_record_has_the_shapes_of_the_vocabulary(cap):
    record = cap[BlockId(0, 0)]
    assert (record.grid.height, record.grid.width, record.grid.cell) == (32, 24, (4, 8))
    assert record.tokens.shape == record.output.shape == (2, 24, 32, 24)
    assert record.super_tokens.shape == (2, 24, 8, 3)
    assert record.association.index.shape == record.association.weight.shape == (2, 32 * 24, 9)
    assert record.super_attention.shape == (2, 3, 24, 24)
    assert record.labels().shape == record.leakage().shape == (2, 32, 24)
    assert record.replay_error() < 1e-5


def test_blocks_with_cell_1_have_the_same_record(cap):
    record = cap[BlockId(3, 0)]
    assert record.association.index.shape == (2, 4 * 3, 1)
    assert record.super_attention.shape == (2, 6, 12, 12)
    assert type(record.token_attention()) is type(cap[BlockId(0, 0)].token_attention())


def test_token_attention_has_its_named_verbs(cap):
    attention = cap[BlockId(0, 0)].token_attention(image=1)
    tokens = 32 * 24
    assert attention.row(5, head=0).shape == attention.column(5, head=0).shape == (tokens,)
    assert attention.apply(torch.randn(tokens, 4)).shape == (tokens, 4)
    assert attention.row_sums().shape == (tokens,)
    assert attention.singular_values(head=0).shape == (24,)
    assert attention.to_dense(max_bytes=2**30).shape == (3, tokens, tokens)
    assert attention.nbytes < attention.dense_nbytes
    mean = torch.stack([attention.row(5, head=head) for head in range(3)]).mean(0)
    torch.testing.assert_close(attention.row(5), mean)


def test_some_blocks_and_other_associations_can_be_asked_for():
    model, pixels = STViT(CONFIG).eval(), torch.randn(1, 3, 64, 64)
    assert list(capture(model, pixels, blocks=[BlockId(0, 0)])) == [BlockId(0, 0)]
    grid = capture(model, pixels, association="grid")
    none = capture(model, pixels, num_iters=0)
    torch.testing.assert_close(grid.logits, none.logits)


@pytest.mark.parametrize("name", ["stvit_small", "stvit_base", "stvit_large", "stvit_demo"])
def test_models_are_known_by_name(name):
    with torch.device("meta"):
        model = create_model(name, num_classes=3)
    assert model.config.num_classes == 3
    assert model.forward_features(torch.empty(1, 3, 64, 96, device="meta")).shape[2:] == (2, 3)


def test_weights_load_from_a_state_dict():
    source, target = create_model("stvit_demo"), create_model("stvit_demo")
    load_weights(target, source.state_dict())
    pixels = torch.randn(1, 3, 64, 64)
    assert torch.equal(source.eval()(pixels), target.eval()(pixels))


def test_the_ledger_is_tidy(cap):
    table = ledger(cap, attentions=("super", "global", "local"), metrics=["entropy"])
    columns = ["image", "stage", "block", "head", "attention", "metric", "value", "unit"]
    assert list(table.columns)[: len(columns)] == columns
    assert set(table["attention"]) == {"super", "global", "local"}
    entropy = table[table["metric"] == "entropy"]
    assert set(entropy["unit"]) == {"nats"}
    assert np.isfinite(entropy["value"]).all()
