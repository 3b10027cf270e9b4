"""What a record holds beside what the released model computed, by name."""

from collections.abc import Iterator

from torch import Tensor

from stvit import BlockRecord
from stvit.cells import from_cells


def pairs(record: BlockRecord, expected: dict[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Yield (name, ours, released) in the order in which a block computes them."""
    grid, association = record.grid, record.association
    yield "attn_in", record.tokens, expected["attn_in"]
    if "affinity" in expected:  # blocks with cell 1 have none
        yield "affinity", association.weight, from_cells(expected["affinity"], grid)  # real tokens only
        per_token = 1 / grid.tokens_per_cell  # a sum of hundreds of weights is as exact as their mean
        mass = association.column_mass.reshape(expected["affinity_sum"].shape)
        yield "affinity_sum", mass * per_token, expected["affinity_sum"] * per_token
        yield "stokens", record.super_tokens, expected["stokens"]
    yield "attn", record.super_attention, expected["attn"]
    yield "attn_out", record.output, expected["attn_out"]
