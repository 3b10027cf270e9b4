"""Where the model runs: the choice, copies that are nobody else's, and captures that come back to the CPU."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from stvit import BlockId, STViT, capture
from tests.support.all_tensors import tensors
from tests.support.app_support import check_fine, opened, opened_sidebar
from tests.support.tiny import tiny_model, tiny_pixels
from ui.view.devices import Device, can_measure, devices, on_cpu, on_device
from ui.view.runs import view_of

CPU = Device("cpu", "CPU")


def pretend_cuda(monkeypatch: pytest.MonkeyPatch, *cards: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(cards))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(cards))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda card: cards[card])
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)


def pretend_mps(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there)


@pytest.mark.parametrize(
    ("cards", "mps", "expected"),
    [
        ((), False, [CPU]),
        ((), True, [CPU, Device("mps", "Apple GPU")]),
        (("Card A",), False, [CPU, Device("cuda:0", "Card A")]),
        (("Card A", "Card A"), False, [CPU, Device("cuda:0", "Card A (0)"), Device("cuda:1", "Card A (1)")]),
    ],
)
def test_devices_are_those_of_the_machine(monkeypatch, cards, mps, expected):
    pretend_cuda(monkeypatch, *cards)
    pretend_mps(monkeypatch, mps)
    assert devices() == expected


def test_with_a_cpu_only_there_is_nothing_to_choose(monkeypatch):
    pretend_cuda(monkeypatch)
    pretend_mps(monkeypatch, False)
    app = opened_sidebar()
    assert "Device: CPU" in [caption.value for caption in app.caption]
    assert "Device" not in [box.label for box in app.selectbox]
    assert app.session_state["view"].device == "cpu"


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Let the CPU do what any device is asked for, and collect who was asked."""
    devices_asked: list[str] = []

    def run_here(image, handle, size, framing, device="cpu"):
        devices_asked.append(device)
        return replace(view_of(image, handle, size, framing), device=device)

    monkeypatch.setattr("ui.sidebar.run.view_of", run_here)
    return devices_asked


def test_a_device_can_be_chosen_and_gets_the_model(monkeypatch, asked):
    pretend_cuda(monkeypatch, "Card A")
    app = opened_sidebar()
    box = app.selectbox("device")
    assert box.options == ["CPU", "Card A"]
    assert box.value == "cpu"
    check_fine(box.set_value("cuda:0").run())
    assert asked == ["cpu", "cuda:0"]
    assert app.session_state["view"].device == "cuda:0"


def test_a_device_that_went_away_is_forgotten(monkeypatch, asked):
    pretend_cuda(monkeypatch, "Card A", "Card B")
    app = opened_sidebar()
    app.selectbox("device").set_value("cuda:1").run()
    pretend_cuda(monkeypatch, "Card A")
    check_fine(app.run())
    assert asked == ["cpu", "cuda:1", "cpu"]
    assert app.selectbox("device").value == "cpu"


def test_a_device_that_gives_up_leaves_it_to_the_cpu(monkeypatch):
    pretend_cuda(monkeypatch, "Card A")

    def full(model: STViT, digest: str, device: str) -> STViT:
        if device == "cpu":
            return model
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore")

    monkeypatch.setattr("ui.view.runs.on_device", full)
    app = opened_sidebar(sample="Tissue", size="288 px", framing="Whole picture")
    app.selectbox("device").set_value("cuda:0").run()
    assert not app.exception
    (error,) = app.error
    assert (
        error.value == "Card A failed (CUDA out of memory. Tried to allocate 2 GiB. more.); the CPU was used instead."
    )
    view = app.session_state["view"]
    assert (view.picture.source.name, view.size, view.framing, view.device) == ("tissue", 288, "whole", "cpu")


def test_where_nothing_runs_at_all_there_is_a_sentence(monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr("ui.sidebar.run.view_of", broken)
    app = opened()
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith("What was chosen cannot be shown: shapes do not match")


def test_the_shared_model_is_never_moved(model):
    assert on_device(model, "digest", "cpu") is model
    copy = on_device(model, "digest of this test", "meta")
    assert {parameter.device.type for parameter in copy.parameters()} == {"meta"}
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
    assert on_device(model, "digest of this test", "meta") is copy
    assert not copy.training
    assert on_device(model, "another digest", "meta") is not copy


def test_a_copy_has_the_weights_and_the_names_of_the_model(model):
    model.class_names = ["cat", "dog"]
    copy = on_device(model, "digest of a model with names", "cpu:0")  # another name than that of the CPU's own model
    assert copy is not model
    assert copy.class_names == ["cat", "dog"]
    torch.testing.assert_close(copy.state_dict(), model.state_dict(), rtol=0, atol=0)


def test_a_copy_has_no_hooks_of_captures_at_work(model):
    with torch.no_grad():
        handle = model.blocks()[BlockId(0, 0)].attention.register_forward_hook(lambda *_: None)
        copy = on_device(model, "digest with a hook", "meta")
        handle.remove()
    assert not copy.blocks()[BlockId(0, 0)].attention._forward_hooks


def test_a_capture_on_a_gpu_comes_back_whole():
    """Fake tensors have a device and no values, and refuse operations between devices; "lazy" stands for any GPU."""
    on_the_cpu = capture(model := tiny_model(), tiny_pixels(1))  # fills the caches with true tensors, too
    there = deepcopy(model)
    with FakeTensorMode(allow_non_fake_inputs=True):
        replace_by_fakes(there, "lazy")
        found = capture(there, torch.zeros(1, 3, 96, 100, device="lazy"))
        assert {tensor.device.type for tensor in tensors(found)} == {"lazy"}
    back = on_cpu(found, model)
    assert {tensor.device.type for tensor in tensors(back)} == {"cpu"}
    assert [tensor.shape for tensor in tensors(back)] == [tensor.shape for tensor in tensors(on_the_cpu)]
    assert back.image_size == on_the_cpu.image_size
    for block, record in back.items():
        assert record.weights.qkv_weight.data_ptr() == model.blocks()[block].attention.refine.qkv.weight.data_ptr()
        record.current_weights()


def test_a_capture_on_the_cpu_stays_as_it_is(model, pixels):
    found = capture(model, pixels)
    assert on_cpu(found, model) is found


def test_apple_gpus_cannot_measure():
    assert not can_measure(torch.device("mps"))


def replace_by_fakes(model: STViT, device: str) -> None:
    for module in model.modules():
        for held in (module._parameters, module._buffers):
            for name, value in held.items():
                if value is not None:
                    held[name] = torch.empty(value.shape, dtype=value.dtype, device=device)
