"""Hooks that keep q and k of each block of a backbone while it runs."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from analysis.backbones.blocks import BackboneBlock
from analysis.backbones.records import BackboneRecord
from stvit import TapError, TokenGrid
from stvit.capturing.shared_model import attached, in_this_thread


class Recorder:
    """Collects what the blocks of one run see; one block's raw tensors at a time.

    Args:
        grids: Layout of the tokens of the picture by stage.
        token_pixels: Pixels per token and axis by stage.
        extra: How many tokens of each kind stand before those of the picture.
    """

    def __init__(self, grids: list[TokenGrid], token_pixels: list[int], extra: dict[str, int]) -> None:
        self.grids, self.token_pixels, self.extra = grids, token_pixels, extra
        self.records: dict[tuple[int, int], BackboneRecord] = {}
        self._seen: dict[str, Tensor] = {}

    def listening(self, blocks: Iterable[BackboneBlock]) -> AbstractContextManager[None]:
        """Return the context in which the runs of this thread are recorded; its hooks are removed whatever happens."""
        return attached(handle for block in blocks for handle in self._hooked(block))

    def _hooked(self, block: BackboneBlock) -> Iterator[RemovableHandle]:
        yield block.query.register_forward_hook(in_this_thread(self._keep_query))
        yield block.key.register_forward_hook(in_this_thread(self._keep_key))
        yield block.attention.register_forward_hook(in_this_thread(partial(self._finish, block)))

    def _keep_query(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._seen |= {"tokens": inputs[0], "query": output}

    def _keep_key(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._seen["key"] = output

    def _finish(self, block: BackboneBlock, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        """Build the record of a block whose attention has just been computed."""
        _check_returned(block, output)
        if len(self._seen) < 3 or block.id in self.records:
            raise TapError(f"The query and key projections of {block.id.caption} did not run exactly once.")
        layout = block.layout(self.grids[block.id.stage], self.extra)
        tokens, query, key = (self._seen.pop(name).detach() for name in ("tokens", "query", "key"))
        on_grid = layout.in_order(tokens)[:, layout.picture.to(tokens.device)].transpose(1, 2)
        on_grid = on_grid.unflatten(2, (layout.grid.height, layout.grid.width)).clone()
        factors = block.logits_factors(layout.by_head(query), layout.by_head(key))
        kept_query, kept_key = (factor.clone() for factor in factors)  # a view would keep more alive than it shows
        pixels = self.token_pixels[block.id.stage]
        self.records[block.id] = BackboneRecord(block.id, pixels, on_grid, kept_query, kept_key, layout)


def _check_returned(block: BackboneBlock, output: Any) -> None:
    """Raise a TapError if an attention module returned no weights, and so may compute something other than softmax."""
    if not isinstance(output, tuple) or len(output) < 2 or output[1] is None:
        how = getattr(block.attention.config, "_attn_implementation", "unknown")
        raise TapError(
            f"The attention of {block.id.caption} returned no weights (attention implementation {how!r}); load the "
            "model with load_backbone, which asks for eager attention, and leave that setting as it is."
        )
