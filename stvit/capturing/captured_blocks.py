"""What every capture is, of an STViT or of a backbone: logits, and one record per block in order of depth."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from jaxtyping import Float
from torch import Tensor

from stvit.model import BlockId


class BlockResult(ABC):
    """What a collection of records needs from each of them."""

    @property
    @abstractmethod
    def heads(self) -> int:
        """Number of heads; 0 where the block has no attention."""

    @property
    @abstractmethod
    def is_finite(self) -> bool:
        """Whether what the block gave is all numbers."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes of the captured tensors."""


Record = TypeVar("Record", bound=BlockResult)
Same = TypeVar("Same", bound="CapturedBlocks[Any]")


@dataclass(frozen=True, eq=False)
class CapturedBlocks(Mapping[BlockId, Record]):
    """The result of one run of a model; iterating gives block ids in order of depth.

    Attributes:
        logits: Output of the classifier, shape (B, classes); (B, 0) for a model without one.
        image_size: Height and width of the pixels.
        records: One record per captured block.
    """

    logits: Float[Tensor, "batch classes"]
    image_size: tuple[int, int]
    records: Mapping[BlockId, Record]

    def __getitem__(self, block: BlockId) -> Record:
        """Return the record of a block.

        Raises:
            KeyError: If it was not captured; the message lists what was.
        """
        if block not in self.records:
            names = ", ".join(f"({i.stage}, {i.block})" for i in self.records)
            wanted = tuple(block) if isinstance(block, tuple) else repr(block)
            raise KeyError(f"Block {wanted} was not captured; this capture holds {names} (stage, block).")
        return self.records[block]

    def __iter__(self) -> Iterator[BlockId]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def check_finite(self) -> None:
        """Check that the results of the model are finite.

        Raises:
            ValueError: If the logits or what a block gave are not finite; the message names the first block.
        """
        first = next((block for block, record in self.records.items() if not record.is_finite), None)
        if first is None and self.logits.isfinite().all():
            return
        where = f", first in the attention of {first.caption}" if first is not None else ""
        raise ValueError(
            f"The model gives numbers that are not finite for these pixels{where}: its weights overflow or hold such "
            f"numbers themselves, or {self.logits.dtype} is too narrow for them."
        )

    def with_attention(self: Same) -> Same:
        """Return the part of the capture that has attention to look at: all blocks except those that convolve."""
        kept = {block: record for block, record in self.records.items() if record.heads}
        return self if len(kept) == len(self.records) else replace(self, records=kept)

    @property
    def nbytes(self) -> int:
        """Bytes of all captured tensors."""
        return sum(record.nbytes for record in self.records.values())
