"""ViT, DeiT and DINOv2: q and k give the model's own attention, and extra tokens are kept apart."""

import pytest
import torch

from stvit import BlockId, TapError
from tests.support.tiny_backbones import EXTRA, VITS, own_attentions
from tests.support.tolerances import NETWORK, assert_close

SIZES = [(32, 32), (40, 56), (16, 24)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", VITS)
def test_attention_is_the_models_own(load, kind, size):
    backbone, pixels = load(kind), torch.randn(2, 3, *size)
    settings = {} if "dinov2" in kind else {"interpolate_pos_encoding": True}
    answer = backbone.model(pixels, output_attentions=True, **settings)
    cap = backbone.capture(pixels)
    assert list(cap) == [BlockId(0, 0), BlockId(0, 1)] == list(backbone.blocks())
    assert_close(cap.logits, answer.logits)
    assert cap.image_size == size
    for record, own in zip(cap.values(), answer.attentions, strict=True):
        assert (record.grid.height, record.grid.width, record.token_pixels) == (size[0] // 8, size[1] // 8, 8)
        extra = own.shape[-1] - record.grid.num_tokens
        for image in (0, 1):
            assert_close(record.whole_attention(image).to_dense(), own[image])
            assert_close(record.token_attention(image).to_dense(), own[image, :, extra:, extra:])
            for head in (None, 0, 1):
                of_head = own[image].mean(0) if head is None else own[image, head]
                assert_close(record.class_row(head, image), of_head[0, extra:])


@pytest.mark.parametrize("kind", VITS)
def test_attention_follows_from_the_weights(load, kind):
    backbone = load(kind)
    backbone.model.double()
    record = backbone.capture(torch.randn(1, 3, 40, 32).double())[BlockId(0, 1)]
    module = next(part for name, part in backbone.model.named_modules() if name.endswith("1.attention"))
    tokens = record.tokens[0].flatten(1).T
    query, key = (
        (tokens @ part.weight.T + part.bias).unflatten(1, (2, 8)).transpose(0, 1)
        for part in (module.q_proj, module.k_proj)
    )
    assert_close(record.token_query_key()[0], query)
    weights = (query @ key.transpose(1, 2) * 8**-0.5).exp()
    ours = record.token_attention().to_dense()
    assert_close(ours / ours.sum(-1, keepdim=True), weights / weights.sum(-1, keepdim=True))


@pytest.mark.parametrize("kind", VITS)
def test_what_extra_tokens_take_is_reported_not_shared_out(load, kind):
    backbone, pixels = load(kind), torch.randn(2, 3, 32, 32)
    own = own_attentions(backbone, pixels)[0]
    record = backbone.capture(pixels)[BlockId(0, 0)]
    counts = {name: len(numbers) for name, numbers in record.layout.others.items()}
    assert list(counts) == EXTRA[kind]
    first = sum(counts.values())
    for head in (None, 1):
        of_head = own.mean(1) if head is None else own[:, head]
        masses, start = record.other_mass(head), 0
        for name, count in counts.items():
            expected = of_head[:, first:, start : start + count].sum(-1)
            assert_close(masses[name], expected.unflatten(1, (4, 4)))
            start += count
        assert_close(record.leakage(head), sum(masses.values()))
        sums = torch.stack([record.token_attention(image).row_sums(head) for image in (0, 1)])
        assert_close(record.leakage(head).flatten(1), 1 - sums)
    assert record.leakage().min() > 0.001


def test_some_blocks_and_one_image(load):
    backbone, pixels = load("vit"), torch.randn(2, 3, 32, 32)
    whole, part = backbone.capture(pixels), backbone.capture(pixels, [(0, 1)])
    assert list(part) == [BlockId(0, 1)]
    assert part[BlockId(0, 1)].query.equal(whole[BlockId(0, 1)].query)
    one = whole[BlockId(0, 1)].select(1)
    assert one.batch_size == 1
    assert one.query.equal(whole[BlockId(0, 1)].query[1:])
    with pytest.raises(KeyError, match=r"no block \(0, 2\); this model has \(stage, block\) from \(0, 0\) to \(0, 1\)"):
        backbone.capture(pixels, [(0, 2)])
    with pytest.raises(KeyError, match="was not captured"):
        part[BlockId(0, 0)]
    with pytest.raises(IndexError, match="Image 2 does not exist"):
        whole[BlockId(0, 0)].select(2)


def test_nothing_of_n_by_n_is_kept(load):
    cap = load("vit").capture(torch.randn(1, 3, 128, 128))
    tokens = 16 * 16
    assert cap.nbytes < 2 * 4 * 16 * 3 * (tokens + 1) + 1
    assert cap[BlockId(0, 0)].token_attention().dense_nbytes > cap.nbytes


def test_a_model_that_returns_no_attention_is_an_error(load):
    backbone = load("vit")
    backbone.model.config._attn_implementation = "sdpa"
    with pytest.raises(TapError, match=r"stage 1, block 1 returned no weights .*'sdpa'.*load_backbone"):
        backbone.capture(torch.zeros(1, 3, 32, 32))
    assert not any(part._forward_hooks for part in backbone.model.modules())


def test_no_hook_is_left_behind_and_other_threads_are_not_seen(load):
    from threading import Thread

    backbone, pixels = load("vit"), torch.randn(1, 3, 32, 32)
    other = torch.randn(1, 3, 32, 32)
    run = backbone.model.forward

    def with_company(*given, **named):
        thread = Thread(target=lambda: run(other, interpolate_pos_encoding=True))
        thread.start()
        thread.join()
        return run(*given, **named)

    before = backbone.capture(pixels)
    backbone.model.forward = with_company
    after = backbone.capture(pixels)
    assert after[BlockId(0, 1)].query.equal(before[BlockId(0, 1)].query)
    assert not any(part._forward_hooks for part in backbone.model.modules())


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("pixels", "error", "words"),
    [
        ([0.0], TypeError, "a tensor of shape .* got list"),
        (torch.zeros(3, 32, 32), ValueError, r"got \(3, 32, 32\)"),
        (torch.zeros(0, 3, 32, 32), ValueError, r"got \(0, 3, 32, 32\)"),
        (torch.full((1, 3, 32, 32), torch.nan), ValueError, "finite pixels"),
        (torch.zeros(1, 3, 36, 32), ValueError, "ViT takes sides that are multiples of 8 pixels, got 36 x 32"),
        (torch.zeros(1, 3, 32, 32, device="meta"), ValueError, "pixels are on meta, but the model is on cpu"),
    ],
)
def test_pixels_that_do_not_fit(load, pixels, error, words):
    with pytest.raises(error, match=words):
        load("vit").capture(pixels)


def test_weights_that_overflow_are_named(load):
    backbone = load("vit")
    with torch.no_grad():
        backbone.model.vit.layers[0].mlp.fc1.weight.mul_(1e38)
        backbone.model.vit.layers[0].mlp.fc2.weight.mul_(1e38)
    cap = backbone.capture(torch.ones(1, 3, 32, 32))
    with pytest.raises(
        ValueError, match=r"not finite for these pixels, first in the attention of stage 1, block 2: its"
    ):
        cap.check_finite()
    backbone.capture(torch.ones(1, 3, 32, 32), [(0, 0)])[BlockId(0, 0)].leakage()
    with pytest.raises(ValueError, match=r"not finite for these pixels: its weights"):
        backbone.capture(torch.ones(1, 3, 32, 32), [(0, 0)]).check_finite()


def test_a_network_without_classifier_answers_no_classes(tmp_path):
    from analysis.backbones import load_backbone
    from tests.support.tiny_backbones import saved, tiny_network

    backbone = load_backbone(saved(tiny_network("vit", "ViTModel"), tmp_path))
    cap = backbone.capture(torch.randn(2, 3, 32, 32))
    assert cap.logits.shape == (2, 0)
    assert backbone.class_names == ()


def test_classes_have_names(load):
    assert load("deit").class_names == load("vit").class_names == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_single_and_double_precision_agree(load):
    backbone, pixels = load("dinov2_with_registers"), torch.randn(1, 3, 32, 32)
    single = backbone.capture(pixels)[BlockId(0, 1)].token_attention().to_dense()
    backbone.model.double()
    double = backbone.capture(pixels.double())[BlockId(0, 1)].token_attention().to_dense()
    assert_close(single, double.float(), NETWORK)
