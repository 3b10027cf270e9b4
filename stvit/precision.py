"""Floating point types by name, and the precision of sums and divisions."""

import torch
from torch import Tensor

from stvit.foreign_text import plain

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Types in which a model can store its weights and compute, by name."""


def float_type(precision: str) -> torch.dtype:
    """Return a type by name.

    Raises:
        ValueError: If there is none; the message lists the known ones.

    Example:
        >>> float_type("bfloat16")
        torch.bfloat16
    """
    if precision not in PRECISIONS:
        raise ValueError(f"There is no precision {plain(repr(precision))}; known are {', '.join(PRECISIONS)}.")
    return PRECISIONS[precision]


def at_least_single(tensor: Tensor) -> Tensor:
    """Return a floating point tensor in single precision if it is narrower, else unchanged.

    Half precision is too coarse for sums of thousands of terms, and rounds to zero the 1e-12 that protects empty super
    tokens from a division by zero.

    Example:
        >>> at_least_single(torch.zeros(1, dtype=torch.float16)).dtype
        torch.float32
    """
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
