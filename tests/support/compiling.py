"""Compile small models in a process without run-time shape checks, which Dynamo cannot trace, and print what happened.

    python -m tests.support.compiling < settings.json

Settings are a list of [variant, overrides, mode] with a mode of "evaluation", "training" or "dynamic"; the answer is a
list of dictionaries, one for each.
"""

import copy
import json
import subprocess
import sys
from typing import Any

import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend

from stvit import STViT, create_model
from tests.support.paths import ROOT

SHAPES = {
    "evaluation": [(2, 3, 64, 64)] * 2,
    "training": [(2, 3, 64, 64)] * 2,
    "dynamic": [(2, 3, 96, 160), (3, 3, 128, 96)],
}
"""What each mode runs, one after the other. A batch of one compiles once more under "dynamic", as in any model."""


def compiled_runs(settings: list[tuple[str, dict[str, Any], str]]) -> list[dict[str, Any]]:
    """Return what `compiled_run` says about each, from one process."""
    command = [sys.executable, "-m", "tests.support.compiling"]
    found = subprocess.run(command, input=json.dumps(settings), capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.returncode == 0, found.stderr[-3000:]
    runs: list[dict[str, Any]] = json.loads(found.stdout)
    return runs


def compiled_run(name: str, overrides: dict[str, Any], mode: str) -> dict[str, Any]:
    """Return how often Dynamo compiled, and the largest differences from the model that is not compiled."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    plain = create_model(name, **overrides).train(mode == "training")
    other = copy.deepcopy(plain)
    counter = CompileCounterWithBackend("aot_eager" if mode == "training" else "eager")
    compiled = torch.compile(other, fullgraph=True, dynamic=mode == "dynamic", backend=counter)
    difference = 0.0
    for shape in SHAPES[mode]:
        pixels = torch.randn(shape)
        with torch.set_grad_enabled(mode == "training"):
            outputs = [_run(model, run, pixels) for model, run in ((plain, plain), (other, compiled))]
        difference = max(difference, *(_apart(*pair) for pair in zip(*outputs, strict=True)))
    return {"graphs": counter.frame_count, "difference": difference}


def _run(model: STViT, run: Any, pixels: Tensor) -> list[Tensor]:
    """Return all that a run makes: the output and, in training, gradients and statistics."""
    torch.manual_seed(1)
    output = run(pixels)
    if not output.requires_grad:
        return [output]
    model.zero_grad()
    output.square().sum().backward()
    return [output, *(weight.grad for weight in model.parameters()), *map(torch.clone, model.buffers())]


def _apart(one: Tensor, other: Tensor) -> float:
    return (one.detach() - other.detach()).abs().max().item()


if __name__ == "__main__":
    print(json.dumps([compiled_run(*settings) for settings in json.load(sys.stdin)]))
