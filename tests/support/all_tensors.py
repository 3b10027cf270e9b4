"""The tensors of a capture, wherever they are kept in it."""

from dataclasses import fields

import torch


def tensors(found: object) -> list[torch.Tensor]:
    """Return all tensors of a capture."""
    if isinstance(found, torch.Tensor):
        return [found]
    if hasattr(found, "records"):
        return [found.logits] + [tensor for record in found.values() for tensor in tensors(record)]
    if hasattr(found, "__dataclass_fields__"):
        return [tensor for field in fields(found) for tensor in tensors(getattr(found, field.name))]
    return []
