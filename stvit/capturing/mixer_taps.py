"""The taps that a capture reads in each kind of mixer and around it, and the record that it makes from them."""

from collections.abc import Mapping
from typing import Any

from stvit.association import Association
from stvit.attention import SuperTokenAttention
from stvit.capturing.conv_record import ConvRecord
from stvit.capturing.mixer_weights import AttentionWeights, ConvWeights, MixerWeights
from stvit.capturing.records import BlockRecord
from stvit.capturing.window_record import WindowRecord
from stvit.cell_association import AnyAssociation
from stvit.grid import TokenGrid
from stvit.mixers import LocalConvolution, Mixer, WindowAttention
from stvit.model import BlockId

OUTPUT = ""
"""Name of the mixer itself among its modules; its firing tells what went in and what came out."""

TAPS: dict[type[Mixer], tuple[str, ...]] = {
    SuperTokenAttention: ("associate", "tap_super_tokens", "refine.tap_query_key", OUTPUT),
    WindowAttention: ("tap_query_key", OUTPUT),
    LocalConvolution: (OUTPUT,),
}
"""Modules of a mixer that are hooked, by name, in the order in which they fire."""


RESIDUAL, ADDED = "attention_norm", "attention_scale"
"""Modules of a block around its mixer: what goes into the first is what the output of the second is added to."""


def weights_of(mixer: Mixer) -> MixerWeights:
    """Return the weights of a mixer as a record holds them."""
    if isinstance(mixer, LocalConvolution):
        return ConvWeights.of(mixer)
    return AttentionWeights.of(mixer if isinstance(mixer, WindowAttention) else mixer.refine)


def make_record(block: BlockId, mixer: Mixer, seen: Mapping[str, Any]) -> BlockRecord:
    """Return the record of a block from what its taps saw.

    Args:
        block: Which block.
        mixer: What mixes its tokens.
        seen: By tap: the association in use under "associate", super tokens under "tap_super_tokens" (None where they
            are the tokens), q and k under "...tap_query_key", input and output under `OUTPUT`, norms of each token
            under `RESIDUAL` and `ADDED`.
    """
    tokens, output = seen[OUTPUT]
    norms = {"residual_norm": seen[RESIDUAL], "added_norm": seen[ADDED]}
    weights = weights_of(mixer)
    if isinstance(mixer, SuperTokenAttention):
        association: AnyAssociation = seen["associate"]
        super_tokens = tokens if seen["tap_super_tokens"] is None else seen["tap_super_tokens"]
        query, key = seen["refine.tap_query_key"]
        parts = (block, association.grid, tokens, association, super_tokens, query, key, output, weights)
        return BlockRecord(*parts, **norms)
    grid = TokenGrid(tokens.shape[2], tokens.shape[3], 1)
    itself = Association.identity(grid, tokens)
    if isinstance(mixer, WindowAttention):
        query, key = seen["tap_query_key"]
        common = (block, grid, tokens, itself, tokens, query, key, output, weights)
        return WindowRecord(*common, mixer.window, mixer.shifts(grid.height, grid.width), **norms)
    nothing = tokens.new_empty(len(tokens), 0, grid.num_tokens, 0)
    return ConvRecord(block, grid, tokens, itself, tokens, nothing, nothing, output, weights, **norms)
