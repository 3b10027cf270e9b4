"""What lets several threads hook and run one model at the same time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from torch import nn

from stvit.capturing.wrapped import running_eagerly
from stvit.model import STViT

hook_lock = threading.Lock()
"""Held while hooks are attached: PyTorch numbers them by a counter that two threads could read at once."""

_mode_lock = threading.Lock()
"""Held while a model changes between training and evaluation mode."""

_evaluated: WeakKeyDictionary[nn.Module, tuple[int, list[nn.Module]]] = WeakKeyDictionary()
"""Models being captured: by how many captures, and which of their modules go back to training mode."""


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
