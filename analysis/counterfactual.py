"""What if: the model run again with another association, held against what it really did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.grouping.methods import count_iterations
from analysis.grouping.superpixels import felzenszwalb_labels, slic_labels, token_image
from analysis.redundancy.ledger import ledger
from stvit import Association, BlockId, Capture, STViT, TokenGrid, capture
from stvit.association import AnyAssociation
from stvit.capturing.association_swaps import Swap

REPORTED = ("mass", "entropy", "distance", "effective_rank", "token_cosine", "super_token_cosine")
"""Metrics that are reported before and after a change."""


@dataclass(frozen=True)
class Variant:
    """One change to the association.

    Attributes:
        title: What people call it.
        association: Put in place of the learned one in every block with super tokens; None keeps it.
        num_iters: Sampling iterations instead of the model's own; None keeps them.
        blocks: Blocks to change; None changes all that have super tokens.
    """

    title: str
    association: Swap | None = None
    num_iters: int | None = None
    blocks: tuple[BlockId, ...] | None = field(default=None)

    def run(self, model: STViT, pixels: Float[Tensor, "batch channels height width"]) -> Capture:
        """Run the model with the change."""
        swap: Swap | Mapping[BlockId, Swap] | None = self.association
        iterations: int | Mapping[BlockId, int] | None = self.num_iters
        if self.blocks is not None:
            swap = None if self.association is None else dict.fromkeys(self.blocks, self.association)
            iterations = None if self.num_iters is None else dict.fromkeys(self.blocks, self.num_iters)
        return capture(model, pixels, association=swap, num_iters=iterations)


@dataclass(frozen=True)
class Change:
    """What a variant did to one picture.

    Attributes:
        divergence: KL(learned || variant) of the predicted classes, in nats.
        same_class: Whether the most probable class stayed.
        relative: By block, |output - learned output| / |learned output| (Frobenius) of the attention.
    """

    divergence: float
    same_class: bool
    relative: Mapping[BlockId, float]


def standard_variants(shown: UInt8[np.ndarray, "height width 3"]) -> dict[str, Variant]:
    """Return the variants that the app and the command line offer, by key.

    Args:
        shown: The picture as the model sees it, which SLIC and Felzenszwalb segment.
    """
    variants = {
        "grid": Variant("Regular grid", association="grid"),
        "slic": Variant("SLIC", association=partial(_segmented, "slic", _Picture(shown))),
        "felzenszwalb": Variant("Felzenszwalb", association=partial(_segmented, "felzenszwalb", _Picture(shown))),
        "masked": Variant("Phantoms masked", association="masked"),
        "hard": Variant("Hard assignment", association="hard"),
    }
    return variants | {f"iterations_{n}": Variant(count_iterations(n), num_iters=n) for n in range(6)}


def compare(learned: Capture, changed: Capture, image: int = 0) -> Change:
    """Hold a changed run against the learned one.

    Raises:
        ValueError: If the two runs are not of the same model and picture size.
    """
    if learned.logits.shape != changed.logits.shape or list(learned) != list(changed):
        raise ValueError("The two captures are of different models, batches or blocks; compare runs of one picture.")
    before, after = (cap.logits[image].double().log_softmax(-1) for cap in (learned, changed))
    relative = {
        block: _relative_change(learned[block].output[image], changed[block].output[image]) for block in learned
    }
    return Change(
        divergence=float((before.exp() * (before - after)).sum()),
        same_class=bool(before.argmax() == after.argmax()),
        relative=relative,
    )


def counterfactuals(
    model: STViT, pixels: Float[Tensor, "1 channels height width"], variants: Mapping[str, Variant]
) -> pd.DataFrame:
    """Run every variant on one picture and tabulate what changes.

    Returns:
        Columns: variant, title, stage, block (both -1 for the prediction), quantity ("relative change",
        "KL divergence", "same class"), value.
    """
    learned = capture(model, pixels)
    rows = []
    for key, variant in variants.items():
        change = compare(learned, variant.run(model, pixels))
        place = {"variant": key, "title": variant.title}
        whole = place | {"stage": -1, "block": -1}
        rows.append(whole | {"quantity": "KL divergence", "value": change.divergence})
        rows.append(whole | {"quantity": "same class", "value": float(change.same_class)})
        rows += [
            place | {"stage": block.stage, "block": block.block, "quantity": "relative change", "value": value}
            for block, value in change.relative.items()
        ]
    return pd.DataFrame(rows)


def metrics_before_and_after(learned: Capture, changed: Capture, metrics: Sequence[str] = REPORTED) -> pd.DataFrame:
    """Tabulate metrics of token attention in both runs, as means over heads.

    Args:
        learned: The run as it is.
        changed: The run with another association.
        metrics: Names of `analysis.metric_catalogue`.

    Returns:
        Columns: stage, block, metric, unit, before, after.
    """
    tables = [ledger(cap, ("super",), metrics) for cap in (learned, changed)]
    before, after = (
        table.groupby(["stage", "block", "metric", "unit"], sort=False)["value"].mean() for table in tables
    )
    return pd.DataFrame({"before": before, "after": after}).reset_index()


class _Picture:
    """A picture as a key for a cache: the same object is the same picture."""

    def __init__(self, shown: np.ndarray) -> None:
        self.shown = shown


def _segmented(
    method: str, picture: _Picture, tokens: Tensor, grid: TokenGrid, learned: AnyAssociation
) -> AnyAssociation:
    """Return the hard association of a segmentation with at most as many segments as there are super tokens."""
    labels = _labels(method, picture, grid).flatten().expand(len(tokens), -1)
    return Association.from_labels(labels, grid, tokens)


@lru_cache(maxsize=16)
def _labels(method: str, picture: _Picture, grid: TokenGrid) -> Tensor:
    """Segment the picture averaged over each token, shape (H, W); all blocks of a stage share the answer."""
    small = token_image(picture.shown, grid.height, grid.width)
    segment = slic_labels if method == "slic" else felzenszwalb_labels
    return torch.from_numpy(segment(small, grid.num_super_tokens, at_most=True).labels.astype(np.int64))


def _relative_change(before: Tensor, after: Tensor) -> float:
    return float((after - before).norm() / before.norm().clamp(min=torch.finfo(before.dtype).tiny))
