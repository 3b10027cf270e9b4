"""The inference copy: folded exactly, faithful to its original, which it leaves alone."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from torch import nn

from stvit import capture, optimised
from stvit.folding import fold
from stvit.layers import LayerScale, ResidualDepthwiseConv
from stvit.precision import PRECISIONS
from tests.support.paths import ROOT
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK, assert_close

KEPT = {"float32": 1e-5, "bfloat16": 0.05, "float16": 0.01}
"""Largest difference of a logit from the original's, over the largest logit, as `optimised` promises."""

MIXERS = [("super",) * 4, ("global", "window", "conv", "super")]


@pytest.mark.parametrize("mixers", MIXERS)
@pytest.mark.parametrize("size", [(96, 100), (33, 47)])
def test_folding_is_exact(mixers: tuple[str, ...], size: tuple[int, int]) -> None:
    model, pixels = tiny_model(torch.float64, mixers=mixers), tiny_pixels(2, *size, torch.float64)
    expected = model(pixels).detach()
    fold(model.requires_grad_(False))
    assert_close(model(pixels), expected, NETWORK)
    left = [name for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)]
    assert left == ["stem.2", "stem.5", "stem.8", "stem.11"]
    assert not any(isinstance(module, LayerScale) for module in model.modules())
    residuals = [module for module in model.modules() if isinstance(module, ResidualDepthwiseConv)]
    assert len(residuals) == 2 * len(model.blocks())
    assert all(module.folded for module in residuals)


@torch.no_grad()
@pytest.mark.parametrize("mixers", MIXERS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_copy_agrees_with_the_original(mixers: tuple[str, ...], precision: str) -> None:
    model, pixels = tiny_model(mixers=mixers), tiny_pixels()
    expected = model(pixels)
    found = optimised(model, precision=precision, compile=False)(pixels)
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() <= KEPT[precision] * expected.abs().max()


def test_the_original_stays_as_it_is() -> None:
    model = tiny_model().train()
    model.stem.register_forward_hook(lambda *_: pytest.fail("a hook was copied"))
    model.class_names = tuple("abcdefg")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fast = optimised(model, compile=False)
    assert fast(tiny_pixels()).grad_fn is None
    assert (fast.config, fast.class_names, fast.training) == (model.config, model.class_names, False)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(weight.requires_grad for weight in model.parameters())
    assert not any(weight.requires_grad for weight in fast.parameters())


def test_the_copy_can_be_captured() -> None:
    pixels = tiny_pixels()
    captured = capture(optimised(tiny_model(), compile=False), pixels)
    assert captured.replay_error() <= NETWORK[torch.float32]


@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_optimised_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="There is no precision 'int8'; known are float32, bfloat16, float16"):
        optimised(tiny_model(), precision="int8")
    with pytest.raises(TypeError, match="An STViT can be optimised, got Linear; pass the STViT inside it"):
        optimised(nn.Linear(1, 1))
    with pytest.raises(TypeError, match=r"normalised floating point numbers, got torch.uint8"):
        optimised(tiny_model(), compile=False)(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))


COMPILED = """
import json, torch
from torch._inductor.utils import run_and_get_code
from stvit import optimised
from tests.support.tiny import tiny_model, tiny_pixels
torch.manual_seed(0)
model, pixels = tiny_model(depths=(1, 1, 1, 1)), tiny_pixels(1, 64, 64)
with torch.no_grad():
    expected = model(pixels)
for name in ("float32", "bfloat16"):
    logits, code = run_and_get_code(optimised(model, name), pixels)
    difference = (logits - expected).abs().max() / expected.abs().max()
    packed = "".join(code).count("mkldnn._convolution_pointwise")
    print(json.dumps({"precision": name, "difference": difference.item(), "packed": packed}))
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler on the CPU")
def test_the_compiled_copy_agrees_with_the_original_and_packs_its_weights() -> None:
    command = [sys.executable, "-W", "ignore", "-c", COMPILED]  # in a process without shape checks
    process = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert process.returncode == 0, process.stderr[-3000:]
    for found in map(json.loads, process.stdout.splitlines()):
        assert found["difference"] <= KEPT[found["precision"]]
        assert found["packed"] >= 30 or not torch.backends.mkldnn.is_available()
