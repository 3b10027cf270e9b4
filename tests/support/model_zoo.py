"""The table of models, written from the manifest and counted on the networks themselves."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from stvit import STViT, get_config
from stvit.config import STViTConfig
from stvit.weights import list_pretrained

EVALUATED_AT = 224
"""Side of the pictures on which the files that ship were evaluated, in px; they were trained on smaller ones."""


def counted(config: STViTConfig, size: int) -> tuple[float, float]:
    """Return millions of parameters, and billions of multiply-accumulates for one square picture."""
    with torch.device("meta"):
        model, pixels = STViT(config).eval(), torch.empty(1, 3, size, size)
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        model(pixels)
    return sum(each.numel() for each in model.parameters()) / 1e6, counter.get_total_flops() / 2e9


def rows() -> list[str]:
    """Return the lines of the table in docs/models.md, one for each checkpoint."""
    lines = []
    for entry in list_pretrained():
        shipped = entry.url is None
        size = EVALUATED_AT if shipped else entry.resolution
        parameters, gmac = counted(get_config(entry.variant, num_classes=entry.num_classes), size)
        digest = f"`{entry.sha256[:12]}`" if entry.sha256 else "none published"
        lines.append(
            f"| `{entry.name}` | {entry.variant} | {entry.dataset} | {size} | {parameters:.2f} | {gmac:.2f} | "
            f"{entry.top1:.1f} | `{entry.file}` | {digest} |"
        )
    return lines
