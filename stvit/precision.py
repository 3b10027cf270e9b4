"""The precision of sums and divisions."""

import torch
from torch import Tensor


def at_least_single(tensor: Tensor) -> Tensor:
    """Return a floating point tensor in single precision if it is narrower, else as it is.

    Half precision loses what thousands of summands add up to, and rounds the 1e-12 that keeps empty super tokens from a
    division by zero to nothing.

    Example:
        >>> at_least_single(torch.zeros(1, dtype=torch.float16)).dtype
        torch.float32
    """
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
