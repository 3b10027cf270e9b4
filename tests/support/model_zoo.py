"""The table of models, written from the manifest and counted on the networks themselves."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from stvit import STViT, get_config
from stvit.config import STViTConfig
from stvit.weights import list_pretrained
from stvit.weights.pretrained import PretrainedEntry

EVALUATED_AT = 224
"""Side of the pictures on which the files that ship were evaluated, in px; they were trained on smaller ones."""

DATA = {"Imagenette": "imagenette.tar", "ImageNet-1k": "imagenet/"}
"""What commands on the page call each dataset."""


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
        size = evaluated_at(entry)
        parameters, gmac = counted(get_config(entry.variant, num_classes=entry.num_classes), size)
        digest = f"`{entry.sha256[:12]}`" if entry.sha256 else "none published"
        lines.append(
            f"| `{entry.name}` | {entry.variant} | {entry.dataset} | {size} | {parameters:.2f} | {gmac:.2f} | "
            f"{entry.top1:.1f} | `{entry.file}` | {digest} |"
        )
    return lines


def evaluation(entry: PretrainedEntry) -> str:
    """Return the command that evaluates a checkpoint."""
    size = evaluated_at(entry)
    chosen = "" if size == EVALUATED_AT else f" --size {size}"  # the command's own size otherwise
    return f"python -m training evaluate {entry.name} --data {DATA[entry.dataset]}{chosen}"


def evaluated_at(entry: PretrainedEntry) -> int:
    """Return the side of the pictures of the table's accuracy, in px."""
    return EVALUATED_AT if entry.url is None else entry.resolution


def digests() -> list[str]:
    """Return the lines that `sha256sum --check` reads, one for each file whose digest is known."""
    return [f"{entry.sha256}  {entry.file}" for entry in list_pretrained() if entry.sha256]
