"""The precision of sums and divisions."""

import torch
from torch import Tensor


def at_least_single(tensor: Tensor) -> Tensor:
    """Return a floating point tensor in single precision if it is narrower, else unchanged.

    Half precision is too coarse for sums of thousands of terms, and rounds to zero the 1e-12 that protects empty super
    tokens from a division by zero.

    Example:
        >>> at_least_single(torch.zeros(1, dtype=torch.float16)).dtype
        torch.float32
    """
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
