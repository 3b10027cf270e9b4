"""What the way in which a block mixes its tokens is called."""

from stvit import BlockRecord
from stvit.capturing.attention_record import AttentionRecord


def mixing(record: AttentionRecord) -> str:
    """Return what mixes the tokens of a block, in words that fit into a sentence."""
    if not isinstance(record, BlockRecord):
        return "the attention of the model"
    if not record.has_attention:
        return "convolution"
    if record.own_window is not None:
        return f"attention in windows of {record.own_window} × {record.own_window}"
    return "global attention" if record.grid.is_identity else "super token attention"
