"""What PyTorch wraps around a model, and how to run what is underneath so that hooks fire."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from stvit.inference import OptimisedSTViT

INSIDE = {nn.DataParallel: "module", nn.parallel.DistributedDataParallel: "module", OptimisedSTViT: "network"}
"""Under which name each wrapper holds the model; `torch.compile` calls it `_orig_mod`."""

_lock = threading.Lock()
_eager: dict[str, Any] = {"users": 0, "stance": None}
"""How many threads have asked for compiled code to be left alone, and what gives it back."""


def underneath(model: Any) -> Any:
    """Return the module that `torch.compile`, `DataParallel`, `DistributedDataParallel` or `optimised` wrapped.

    Example:
        >>> inner = nn.Linear(1, 1)
        >>> underneath(nn.DataParallel(inner)) is inner
        True
    """
    while isinstance(model, nn.Module):
        inner = model._modules.get(INSIDE.get(type(model), "_orig_mod"))
        if inner is None:
            break
        model = inner
    return model


@contextmanager
def running_eagerly(model: nn.Module) -> Iterator[None]:
    """Run a model and its parts as they are written, even where `module.compile()` was called on them.

    Compiled code skips hooks attached after it was made, without a word. PyTorch's switch is one for the whole process:
    as long as a thread is inside this context, compiled models of other threads run as they are written too.
    """
    if not any(_is_compiled(part) for part in model.modules()):
        yield
        return
    with _lock:
        if not _eager["users"]:
            _eager["stance"] = torch.compiler.set_stance("force_eager")
        _eager["users"] += 1
    try:
        yield
    finally:
        with _lock:
            _eager["users"] -= 1
            if not _eager["users"]:
                _eager["stance"].__exit__(None, None, None)


def _is_compiled(module: nn.Module) -> bool:
    return module._compiled_call_impl is not None or "_orig_mod" in module._modules
