"""A device that is not the CPU on a machine without one: its tensors are computed by the CPU, but mix with no others.

What forgets to move a tensor, or reads one without fetching it, fails here as it does on a GPU.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import library
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "emulated"


class EmulatedTensor(torch.Tensor):
    """A tensor on the emulated device.

    Args:
        held: Its values, on the CPU, with which it shares shape, strides and type.
    """

    held: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "EmulatedTensor":
        """Make a tensor without memory of its own."""
        made: EmulatedTensor = cls._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device(NAME, 0),
        )
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation on the CPU, unless it mixes devices."""
        kwargs = dict(kwargs or {})
        wrapped = {id(each.held): each for each in tree_leaves((args, kwargs)) if isinstance(each, cls)}
        leaves = kwargs.get("device") is not None and torch.device(kwargs["device"]).type == "cpu"
        if "device" in kwargs:
            kwargs["device"] = "cpu"
        if operation is not torch.ops.aten.copy_.default:
            _check_alike(operation, tree_leaves((args, kwargs)))
        found = operation(*tree_map(_held, args), **tree_map(_held, kwargs))
        for each in wrapped.values():
            if each.shape != each.held.shape:  # such as by squeeze_
                torch.Tensor.data.__set__(each, cls(each.held))
        if leaves:
            return found

        def here(value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            return wrapped[id(value)] if id(value) in wrapped else cls(value)

        return tree_map(here, found)

    @property
    def data(self) -> torch.Tensor:
        """The values without their history; what is set takes their place."""
        return self.detach()

    @data.setter
    def data(self, values: "EmulatedTensor") -> None:
        torch.Tensor.data.__set__(self, values)
        self.held = values.held

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """Fetch the values, or fail if nobody asked to."""
        if not force:
            raise TypeError(f"can't convert {self.device} tensor to numpy; copy it to the CPU first")
        return self.held.detach().numpy(force=True)

    def untyped_storage(self) -> torch.UntypedStorage:
        """Return the memory of its values."""
        return self.held.untyped_storage()

    def tolist(self) -> Any:
        """Fetch the values."""
        return self.held.tolist()

    def __format__(self, specification: str) -> str:
        """Write a number as PyTorch writes it."""
        return format(self.item() if self.dim() == 0 else self, specification)

    def __repr__(self, *, tensor_contents: object = None) -> str:
        """Return the values in words."""
        return f"EmulatedTensor({self.held!r})"


CUDA = torch.cuda.is_available()


def other_device() -> torch.device:
    """Return a CUDA device if there is one, else the emulated one."""
    return torch.device("cuda", 0) if CUDA else emulated_device()


@cache
def emulated_device() -> torch.device:
    """Return the device, which PyTorch knows from the first call on."""
    _setup_privateuseone_for_python_backend(NAME)
    for name, operation in _factories():
        _LIBRARY.impl(name, _made_there(operation), "PrivateUse1")
    _LIBRARY.impl("_copy_from", _copy, "PrivateUse1")
    return torch.device(NAME, 0)


_LIBRARY = library.Library("aten", "IMPL")


def _held(value: Any) -> Any:
    return value.held if isinstance(value, EmulatedTensor) else value


def _check_alike(operation: Any, values: list[Any]) -> None:
    """Check that no tensors are on the CPU but numbers, which every device takes."""
    if any(isinstance(each, torch.Tensor) and not isinstance(each, EmulatedTensor) and each.dim() for each in values):
        raise RuntimeError(
            f"{operation}: expected all tensors to be on the same device, {NAME}, but some are on the CPU"
        )


def _copy(source: torch.Tensor, target: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
    _held(target).copy_(_held(source))
    return target


def _made_there(operation: Any) -> Callable[..., EmulatedTensor]:
    """Return an operation that makes a tensor, which is to be made on the device."""

    def make(*args: Any, device: Any = None, pin_memory: Any = None, **kwargs: Any) -> EmulatedTensor:
        return EmulatedTensor(operation(*args, **kwargs))

    return make


def _factories() -> Iterator[tuple[str, Any]]:
    """Yield name and operation of all that make a tensor on a device from none."""
    for qualified in torch._C._dispatch_get_all_op_names():
        space, _, name = qualified.partition("::")
        operation = _operation(name) if space == "aten" else None
        if operation is None:
            continue
        types = {argument.name: str(argument.type) for argument in operation._schema.arguments}
        returned = [str(each.type) for each in operation._schema.returns]
        if "device" in types and returned == ["Tensor"] and not any("Tensor" in each for each in types.values()):
            yield name, operation


def _operation(name: str) -> Any:
    """Return an operation of PyTorch by its name and overload; None if Python cannot call it."""
    packet, _, overload = name.partition(".")
    try:
        return getattr(getattr(torch.ops.aten, packet), overload or "default")
    except (AttributeError, RuntimeError):
        return None
