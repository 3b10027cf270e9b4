"""How far two computations of one number may lie apart: one table for all tests."""

import torch
from torch import Tensor

OPERATOR = {torch.float32: 1e-6, torch.float64: 1e-12}
"""One operation, such as a row of token attention against the dense product."""

NETWORK = {torch.float32: 1e-5, torch.float64: 1e-12}
"""Whole blocks and models, against other code or replayed."""


def assert_close(
    actual: Tensor, expected: Tensor, tolerance: dict[torch.dtype, float] = OPERATOR, what: str = ""
) -> None:
    """Fail unless shapes and types agree and no element differs by more than the tolerance of its type."""
    torch.testing.assert_close(
        actual, expected, rtol=0, atol=tolerance[actual.dtype], msg=lambda text: f"{what}: {text}" if what else text
    )
