"""What the tests of captures compare."""

from importlib import import_module

import torch

from stvit import BlockId, Capture, STViT
from stvit.capturing import shared_model

capture_module = import_module("stvit.capturing.capture")  # `stvit.capture` is the function

FIRST, LATER = BlockId(0, 0), BlockId(1, 0)
BLOCKS = [BlockId(0, 0), BlockId(0, 1), BlockId(1, 0), BlockId(2, 0), BlockId(3, 0)]
WITH_SUPER_TOKENS = BLOCKS[:4]


def assert_untouched(model: STViT, training: bool = False) -> None:
    """Fail if a capture left a hook, a listening recorder or another mode behind."""
    for name, module in model.named_modules():
        hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        assert not any(hooks), name
        assert module.training == training, name
    assert not capture_module._active.__dict__.get("stack")
    assert model not in shared_model._evaluated


def same(one: Capture, other: Capture) -> bool:
    """Return whether two captures hold the same numbers, bit by bit."""
    pairs = [(one.logits, other.logits)]
    for mine, theirs in zip(one.values(), other.values(), strict=True):
        pairs += [(getattr(mine, name), getattr(theirs, name)) for name in ("tokens", "super_tokens", "output")]
        pairs += [(mine.super_query, theirs.super_query), (mine.association.weight, theirs.association.weight)]
    return all(torch.equal(*pair) for pair in pairs)
