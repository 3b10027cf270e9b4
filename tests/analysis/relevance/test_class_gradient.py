"""Class gradients against autograd through an attention that writes its softmax out."""

import threading

import pytest
import torch
from torch import Tensor, nn

from analysis.relevance.class_gradient import WeightedAttention, class_gradients
from stvit import SoftmaxAttention, capture
from tests.support.memory import LargestTensor
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK, OPERATOR, assert_close
from tests.support.written_attention import written_weights


def dense(weighted: WeightedAttention) -> Tensor:
    return torch.cat([rows for _, rows in weighted.blocks()])


@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("target", [0, 5])
def test_against_a_softmax_written_out(target, detach):
    model = tiny_model(torch.float64, detach_association=detach)
    pixels = tiny_pixels(1, 64, 75, torch.float64)
    found, expected = class_gradients(model, pixels, target), written_weights(model, pixels, target)
    assert list(found.attention) == list(expected)
    largest = max(weights.max() for weights in expected.values())
    for block, weights in expected.items():
        assert_close(dense(found.attention[block]) / largest, weights / largest, NETWORK, block.caption)


def test_the_most_probable_class_is_the_default():
    model, pixels = tiny_model(), tiny_pixels(1, 64, 64)
    logits = capture(model, pixels).logits[0]
    found = class_gradients(model, pixels)
    assert found.target == logits.argmax()
    assert found.logit == pytest.approx(logits.max().item(), rel=1e-5)


def test_the_transposed_product_is_that_of_the_matrix():
    query, key, value, gradient = torch.randn(4, 3, 10, 5, dtype=torch.float64)
    weighted = WeightedAttention(SoftmaxAttention(query, key, 0.4), value, gradient)
    slope = torch.einsum("hid,hjd->hij", gradient, value)
    attention = (torch.einsum("hid,hjd->hij", query, key) * 0.4).softmax(-1)
    matrix = (slope * attention).clamp(min=0).mean(0)
    values = torch.randn(10, 2, dtype=torch.float64)
    assert_close(weighted.apply_transposed(values), matrix.T @ values)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_entries_of_half_precision_are_weighted_in_single_precision(dtype):
    query, key, value, gradient = torch.randn(4, 3, 10, 5).to(dtype)
    gradient = gradient * 1e-4  # products of such numbers are too small for float16
    found = dense(WeightedAttention(SoftmaxAttention(query, key, 0.4), value, gradient))
    query, key, value, gradient = (part.float() for part in (query, key, value, gradient))
    expected = dense(WeightedAttention(SoftmaxAttention(query, key, 0.4), value, gradient))
    assert_close(found / expected.max(), expected / expected.max())


def test_the_transposed_product_of_a_large_attention_stays_in_blocks(monkeypatch):
    monkeypatch.setattr("stvit.attentions.softmax.DENSE_BYTES", 0)
    monkeypatch.setattr("stvit.attentions.base.BLOCK_BYTES", 50_000)
    query, key, value, gradient = (torch.randn(2, 300, 4, dtype=torch.float64) for _ in range(4))
    weighted = WeightedAttention(SoftmaxAttention(query, key, 0.4), value, gradient)
    values = torch.randn(300, 1, dtype=torch.float64)
    with LargestTensor() as largest:
        product = weighted.apply_transposed(values)
    assert largest.nbytes <= 2 * 50_000  # a block of both heads; all rows would be 1,440,000
    assert_close(product, dense(weighted).T @ values, OPERATOR)


def hooks(model: nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules())


def test_the_model_is_left_as_it_was():
    model = tiny_model().train()
    running = model.stem[2].running_mean.clone()
    class_gradients(model, tiny_pixels(1, 64, 64), 1)
    assert model.training
    assert all(part.training for part in model.modules())
    assert hooks(model) == 0
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(model.stem[2].running_mean, running)


def test_a_refused_class_leaves_no_hooks():
    model = tiny_model()
    with pytest.raises(IndexError, match="Class 7 does not exist; this model has classes 0 to 6"):
        class_gradients(model, tiny_pixels(1, 64, 64), 7)
    assert hooks(model) == 0


def test_it_works_without_gradient_and_with_frozen_weights():
    model, pixels = tiny_model(torch.float64).requires_grad_(False), tiny_pixels(1, 64, 64, torch.float64)
    with torch.no_grad():
        found = class_gradients(model, pixels, 2)
        assert not torch.is_grad_enabled()
    assert not pixels.requires_grad
    for weighted in found.attention.values():
        assert not weighted.gradient.requires_grad
        assert not weighted.attention.query.requires_grad


def test_another_thread_is_not_heard():
    model, (own, other) = tiny_model(torch.float64), tiny_pixels(2, 64, 64, torch.float64).split(1)
    alone = class_gradients(model, own, 2)

    def disturb(module: nn.Module, inputs: tuple) -> None:
        if threading.current_thread() is threading.main_thread():
            thread = threading.Thread(target=model, args=(other,))
            thread.start()
            thread.join()

    handle = model.projection.register_forward_pre_hook(disturb)  # after the last block, before the gradient
    try:
        disturbed = class_gradients(model, own, 2)
    finally:
        handle.remove()
    for block, weighted in alone.attention.items():
        assert torch.equal(dense(weighted), dense(disturbed.attention[block]))


def test_several_images_are_refused(unchecked):
    with pytest.raises(ValueError, match="Expected one image, got 2"):
        class_gradients(tiny_model(), tiny_pixels(2, 64, 64))
