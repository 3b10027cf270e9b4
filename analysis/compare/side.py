"""One side of a comparison: a model's run on a picture, its blocks by relative depth, its prediction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from analysis.backbones import BackboneCapture, BackboneRecord
from stvit import BlockId, BlockRecord, Capture
from stvit.images import PreparedImage

AnyRecord: TypeAlias = BlockRecord | BackboneRecord


@dataclass(frozen=True, eq=False)
class Side:
    """A model's run on a picture.

    Attributes:
        title: What people call it; different on every side.
        picture: The picture as the model saw it.
        capture: Every block of the model, those that convolve included; the first image of the batch is used.
        class_names: Of the logits, if they are known.
        classifies: Whether the logits are those of classes; False for a model without a head, which gives features.
    """

    title: str
    picture: PreparedImage
    capture: Capture | BackboneCapture
    class_names: Sequence[str] = ()
    classifies: bool = True

    def depths(self) -> dict[BlockId, float]:
        """Return the relative depth of each block: its middle, 0 where the network begins and 1 where it ends."""
        blocks = list(self.capture)
        return {block: (index + 0.5) / len(blocks) for index, block in enumerate(blocks)}

    def record_at(self, depth: float) -> AnyRecord:
        """Return the record of the block whose relative depth is nearest; of two, the shallower one."""
        depths = self.depths()
        record: AnyRecord = self.capture[min(depths, key=lambda block: (abs(depths[block] - depth), depths[block]))]
        return record

    def top_classes(self, count: int) -> list[tuple[str, float]]:
        """Return the most probable classes and their probabilities; none for a model without a classifier."""
        logits = self.capture.logits[0]
        top = logits.double().softmax(-1).topk(min(count, len(logits))) if self.classifies and len(logits) else None
        if top is None:
            return []
        pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        return [(self.class_names[index] if self.class_names else f"class {index}", value) for index, value in pairs]


def distinct_titles(titles: Iterable[str]) -> list[str]:
    """Return titles with repeated ones numbered.

    Example:
        >>> distinct_titles(["demo", "twin-super", "demo"])
        ['demo', 'twin-super', 'demo (2)']
    """
    found: list[str] = []
    for title in titles:
        number, chosen = 1, title
        while chosen in found:
            number += 1
            chosen = f"{title} ({number})"
        found.append(chosen)
    return found
