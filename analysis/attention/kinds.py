"""Kinds of attention by name, and what they need from a capture."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from analysis.attention.baselines import (
    DEFAULT_WINDOW,
    IdentityAttention,
    UniformAttention,
    global_attention,
    local_attention,
    swapped_attention,
)
from analysis.attention.row_source import RowSource
from stvit import BlockId, BlockRecord
from stvit.images.framing import STRIDES

SourceRule = Callable[[BlockRecord], RowSource]
"""Makes an attention from the record of one block and one image."""

ATTENTIONS = ("super", "global", "local", "uniform", "identity", "grid", "hard")
"""Names that `attention_rules` knows."""


def attention_rules(
    attentions: Iterable[str] | Mapping[str, SourceRule], window: int | tuple[int, int] = DEFAULT_WINDOW
) -> Mapping[str, SourceRule]:
    """Return, by name, how to make each kind of attention from the record of one image.

    Args:
        attentions: Names among "super" (token attention), "global", "local", "uniform", "identity", "grid", "hard"
            (token attention with that association, see `stvit.swaps`); or a mapping, which is returned as it is.
        window: Tokens per window and axis of local attention.

    Raises:
        ValueError: If a name is unknown; the message lists the known ones.
    """
    if isinstance(attentions, Mapping):
        return attentions
    known: dict[str, SourceRule] = {
        "super": lambda record: record.token_attention(),
        "global": global_attention,
        "local": lambda record: local_attention(record, window),
        "uniform": lambda record: UniformAttention(record.grid.num_tokens),
        "identity": lambda record: IdentityAttention(record.grid.num_tokens),
        "grid": lambda record: swapped_attention(record, "grid"),
        "hard": lambda record: swapped_attention(record, "hard"),
    }
    wanted = [attentions] if isinstance(attentions, str) else list(attentions)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"There is no attention named {', '.join(unknown)}; known are {', '.join(known)}.")
    return {name: known[name] for name in wanted}


def one_image(record: BlockRecord, image: int) -> BlockRecord:
    """Return the record of one image of the batch, with batch size 1.

    Raises:
        IndexError: If the batch has no such image.
    """
    part = slice(image, image + 1)
    return replace(
        record,
        tokens=record.tokens[part],
        used_association=record.association.select(image),
        super_tokens=record.super_tokens[part],
        super_query=record.super_query[part],
        super_key=record.super_key[part],
        output=record.output[part],
    )


def token_pixels(block: BlockId) -> int:
    """Return the pixels of the image per token and axis in a block's stage: 4, 8, 16 or 32."""
    return STRIDES[block.stage]
