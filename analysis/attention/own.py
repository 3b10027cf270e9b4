"""What the attention of a captured model is called: through super tokens, or simply its own."""

from collections.abc import Iterable

from analysis.attention.kinds import own_title
from stvit import BlockRecord
from stvit.capturing.attention_record import AttentionRecord


def has_super_tokens(record: AttentionRecord) -> bool:
    """Return whether the tokens of a block attend through super tokens."""
    return isinstance(record, BlockRecord) and not record.grid.is_identity


def own_attention_title(records: Iterable[AttentionRecord]) -> str:
    """Return what people call the attention that a captured model itself computes.

    Example:
        >>> import torch
        >>> from stvit import capture, create_model
        >>> pixels = torch.zeros(1, 3, 64, 64)
        >>> own_attention_title(capture(create_model("stvit_demo", seed=0), pixels).values())
        'Super token attention'
        >>> own_attention_title(capture(create_model("twin_window", seed=0), pixels).values())
        'Attention of the model'
    """
    return own_title(any(map(has_super_tokens, records)))
