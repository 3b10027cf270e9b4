"""What lets several threads hook and run one model at the same time."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn
from torch.utils.hooks import RemovableHandle

from stvit.capturing.wrapped import running_eagerly
from stvit.model import STViT

_hook_lock = threading.Lock()
"""Held while hooks are attached: PyTorch numbers them by a counter that two threads could read at once."""

_mode_lock = threading.Lock()
"""Held while a model changes between training and evaluation mode."""

_evaluated: WeakKeyDictionary[nn.Module, tuple[int, list[nn.Module]]] = WeakKeyDictionary()
"""Models being captured: by how many captures, and which of their modules go back to training mode."""


@contextmanager
def attached(handles: Iterable[RemovableHandle]) -> Iterator[None]:
    """Attach hooks, and remove them whatever happens.

    Args:
        handles: Attaches a hook with each step, as a generator does.

    Example:
        >>> layer, seen = nn.Identity(), []
        >>> with attached(part.register_forward_hook(lambda *given: seen.append("run")) for part in [layer]):
        ...     _ = layer(1)
        >>> layer(2), seen, len(layer._forward_hooks)
        (2, ['run'], 0)
    """
    held: list[RemovableHandle] = []
    try:
        with _hook_lock:
            for handle in handles:
                held.append(handle)  # one by one: what comes next may fail
        yield
    finally:
        for handle in held:
            handle.remove()


def in_this_thread(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Return a hook that works in the calling thread alone; what other threads run on the same model, it ignores."""
    own = threading.get_ident()

    def guarded(*given: Any) -> Any:
        return hook(*given) if threading.get_ident() == own else None

    return guarded


@contextmanager
def evaluating(model: STViT) -> Iterator[None]:
    """Hold a model in evaluation mode until the last of the captures that overlap has ended, and run it uncompiled."""
    with _mode_lock:
        captures, training = _evaluated.get(model, (0, [part for part in model.modules() if part.training]))
        _evaluated[model] = captures + 1, training
        for module in training:
            module.training = False
    try:
        with running_eagerly(model):
            yield
    finally:
        with _mode_lock:
            captures, training = _evaluated.pop(model)
            if captures > 1:
                _evaluated[model] = captures - 1, training
            else:
                for module in training:
                    module.training = True
