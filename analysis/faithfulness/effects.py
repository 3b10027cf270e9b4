"""What taking parts out does to the prediction: one set of parts, or every super token of a block one by one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.faithfulness.ablation import Ablation, How, Part, ablated
from analysis.faithfulness.runs import Progress, silent
from stvit import BlockId, STViT
from stvit.capturing.attention_record import AttentionRecord


@dataclass(frozen=True, eq=False)
class Effects:
    """How the prediction of one picture changes in some runs.

    Attributes:
        before: Log-probability of each class as it is, in nats.
        after: The same in each run.
    """

    before: Float[np.ndarray, " classes"]
    after: Float[np.ndarray, "runs classes"]

    @classmethod
    def of(cls, before: Float[Tensor, " classes"], after: Float[Tensor, "runs classes"]) -> "Effects":
        """Compare logits."""
        return cls(*(logits.double().log_softmax(-1).numpy(force=True) for logits in (before, after)))

    @property
    def divergence(self) -> Float[np.ndarray, " runs"]:
        """KL(before || after) of the predicted classes in each run, in nats."""
        return (np.exp(self.before) * (self.before - self.after)).sum(-1)

    @property
    def top(self) -> Int[np.ndarray, " runs"]:
        """Most probable class in each run."""
        return self.after.argmax(-1)

    def change(self, target: int) -> Float[np.ndarray, " runs"]:
        """Return the change of a class's log-probability in each run, in nats: below 0 if the parts spoke for it."""
        return self.after[:, target] - self.before[target]

    def table(self, target: int) -> pd.DataFrame:
        """Return one line for each run: part, change, probability (of the class), divergence, top_class."""
        return pd.DataFrame(
            {
                "part": np.arange(len(self.after)),
                "change": self.change(target),
                "probability": np.exp(self.after[:, target]),
                "divergence": self.divergence,
                "top_class": self.top,
            }
        )


def effect_of(model: STViT, pixels: Float[Tensor, "1 channels height width"], ablations: list[Ablation]) -> Effects:
    """Take some parts out, all at once, and compare the prediction."""
    return Effects.of(ablated(model, pixels, [])[0], ablated(model, pixels, ablations))


def effects_of_each(
    model: STViT,
    pixels: Float[Tensor, "1 channels height width"],
    block: BlockId,
    part: Part,
    count: int,
    how: How = "drop",
    *,
    progress: Progress = silent,
) -> Effects:
    """Take the parts of a block out one by one, in batches.

    Args:
        model: The model.
        pixels: One normalised image.
        block: Which block.
        part: "super_tokens" or "heads".
        count: How many of them the block has for this picture.
        how: "drop" or "mean".
        progress: Told between layers; what it raises ends the runs.

    Raises:
        KeyError: If there is no such block.
        ValueError: If the block has no such parts, or another number of them.
    """
    words = f"{block.caption.capitalize()}: {part.replace('_', ' ')} taken out one by one"
    each = Ablation(block, part, torch.eye(count, dtype=torch.bool), how)
    before = ablated(model, pixels, [])[0]
    return Effects.of(before, ablated(model, pixels, [each], lambda done: progress(done, count, words)))


def parts_of(record: AttentionRecord, part: Part) -> int:
    """Return how many such parts a block has for the picture of its record."""
    return record.heads if part == "heads" else record.grid.num_super_tokens
