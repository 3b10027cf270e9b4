"""The paper's results on ImageNet-1k, for comparison with measured ones."""

from dataclasses import dataclass

from stvit.config import STViTConfig
from stvit.variants import CONFIGS


@dataclass(frozen=True)
class PaperResult:
    """One row of the paper's tables 2 and 3.

    Attributes:
        variant: Name of the model.
        size: Side of the images in pixels.
        parameters: Millions.
        gmac: Billions of multiply-adds per image (the paper writes FLOPs).
        top1: Accuracy in percent.
    """

    variant: str
    size: int
    parameters: int
    gmac: float
    top1: float


PAPER = (
    PaperResult("stvit_small", 224, 25, 4.4, 83.6),
    PaperResult("stvit_base", 224, 52, 9.9, 84.8),
    PaperResult("stvit_large", 224, 95, 15.6, 85.3),
    PaperResult("stvit_small", 384, 25, 14.1, 85.0),
    PaperResult("stvit_base", 384, 52, 32.5, 86.0),
    PaperResult("stvit_large", 384, 95, 49.7, 86.4),
)
"""Published single-model accuracies (arXiv 2211.11167)."""


def variant_of(config: STViTConfig) -> str | None:
    """Return the published name of a model with ImageNet-1k's 1000 classes, None if it is none of them."""
    shape = (config.embed_dims, config.depths, config.num_classes)
    for row in PAPER:
        published = CONFIGS[row.variant]
        if shape == (published.embed_dims, published.depths, published.num_classes):
            return row.variant
    return None


def format_table(config: STViTConfig, size: int, top1: float, top5: float) -> str:
    """Return a Markdown table of the paper's results, with the measured ones in the row they belong to.

    Args:
        config: The measured model.
        size: Side of the images it was measured at, in pixels.
        top1: Measured top-1 in percent.
        top5: Measured top-5 in percent.
    """
    variant = variant_of(config)
    lines = [
        "| model | size | parameters (M) | GMAC | paper top-1 (%) | measured top-1 (%) | measured top-5 (%) |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in PAPER:
        here = (row.variant, row.size) == (variant, size)
        measured = f"{top1:.2f} | {top5:.2f}" if here else "- | -"
        lines.append(f"| {row.variant} | {row.size} | {row.parameters} | {row.gmac} | {row.top1} | {measured} |")
    return "\n".join(lines)
