"""Run a model once and keep, from forward hooks, what the attention of each block did."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from stvit.attention import SuperTokenAttention
from stvit.capturing.association_swaps import Swap, swapped
from stvit.capturing.checks import check_num_iters, check_run
from stvit.capturing.chosen_blocks import existing_blocks, per_block
from stvit.capturing.mixer_taps import ADDED, OUTPUT, RESIDUAL, TAPS, make_record
from stvit.capturing.records import BlockRecord, Capture
from stvit.capturing.shared_model import attached, evaluating
from stvit.capturing.wrapped import underneath
from stvit.cell_association import AnyAssociation, associate
from stvit.grid import TokenGrid
from stvit.mixers import Mixer
from stvit.model import Block, BlockId, STViT
from stvit.precision import at_least_single

_active = threading.local()
"""The recorders at work in each thread, innermost last (None: silence): hooks of the others stay silent."""


class TapError(RuntimeError):
    """A tap did not fire exactly once: the model is not the one that the capture expects."""


@torch.no_grad()
def capture(
    model: nn.Module,
    pixels: Float[Tensor, "batch channels height width"],
    *,
    blocks: Iterable[BlockId | tuple[int, int]] | None = None,
    num_iters: int | Mapping[BlockId, int] | None = None,
    association: Swap | Mapping[BlockId, Swap] | None = None,
    forward: Callable[[STViT, Tensor], Tensor] | None = None,
) -> Capture:
    """Run the model and record its blocks; the hooks live only inside the call.

    The model runs in evaluation mode and without gradient. Several threads may capture or run one model at the
    same time: each sees only its own activations.

    Args:
        model: The model; one in training mode is returned to that mode afterwards. Of a model that is compiled or
            wrapped for several devices (`DataParallel`, `DistributedDataParallel`) the one underneath runs, as it is
            written.
        pixels: Normalised images, shape (B, 3, H, W).
        blocks: Blocks to record; all if None.
        num_iters: A different number of sampling iterations, for all super-token blocks or for some.
        association: A different association instead of the learned one, for all super-token blocks or for some;
            see `stvit.capturing.association_swaps.Swap`.
        forward: Runs the model on the pixels, such as from some block on (`stvit.partial_runs`); a plain call if None.

    Raises:
        KeyError: If a block does not exist.
        TypeError: If the model, the pixels, a block or a swap is of an unsupported type.
        ValueError: If the pixels do not fit the model, a swap does not fit its block, or a pixel is not finite.
        TapError: If a tap did not fire exactly once.

    Example:
        >>> from stvit import create_model
        >>> cap = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))
        >>> cap[BlockId(0, 0)].grid
        TokenGrid(height=16, width=16, cell=8)
    """
    network: STViT = underneath(model)
    check_run(network, pixels)
    wanted = existing_blocks(network, blocks)
    iterations = per_block(network, num_iters)
    check_num_iters(iterations.values())
    swaps = per_block(network, association)
    with evaluating(network), _recording(network, wanted, iterations, swaps) as recorder:
        logits = network(pixels) if forward is None else forward(network, pixels)
    records = {block: recorder.record(block) for block in wanted}
    return Capture(logits.detach(), (pixels.shape[2], pixels.shape[3]), records)


class _Recorder:
    """Collects what the taps of one run report."""

    def __init__(
        self,
        mixers: Mapping[BlockId, Mixer],
        iterations: Mapping[BlockId, int],
        swaps: Mapping[BlockId, Swap],
    ) -> None:
        self.mixers = mixers
        self.iterations = iterations
        self.swaps = swaps
        self.grids: dict[TokenGrid, TokenGrid] = {}
        self.seen: dict[tuple[BlockId, str], Any] = {}

    def see(self, block: BlockId, tap: str, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keep one firing of a tap, and return the association to use instead, if any."""
        if (block, tap) in self.seen:
            raise TapError(f"Tap {tap or 'output'!r} of {block.caption} fired twice in one run.")
        if tap == "associate":
            tokens, grid = inputs
            output = self._replaced(block, tokens, grid, output)
            self.seen[block, tap] = self._detached(output)
            return output
        self.seen[block, tap] = self._kept_of(block, tap, inputs, output)
        return None

    def _kept_of(self, block: BlockId, tap: str, inputs: tuple[Any, ...], output: Any) -> Any:
        """Return what is to be kept of a tap that changes nothing."""
        if tap == OUTPUT:
            return _copy(inputs[0]), _copy(output)
        if tap in (RESIDUAL, ADDED):
            return at_least_single(inputs[0] if tap == RESIDUAL else output).norm(dim=1)
        return self._kept(block, tap, output)

    def _kept(self, block: BlockId, tap: str, output: Any) -> Any:
        """Return the part of an output inside the mixer that is to be kept."""
        if tap == "tap_super_tokens":
            return _copy(output[0]) if self._through_super_tokens(block).has_super_tokens else None
        return tuple(map(_copy, output))

    def _through_super_tokens(self, block: BlockId) -> SuperTokenAttention:
        mixer = self.mixers[block]
        assert isinstance(mixer, SuperTokenAttention)  # no other mixer has the taps and settings that lead here
        return mixer

    def _detached(self, used: AnyAssociation) -> AnyAssociation:
        """Return the association without gradient, on one grid for all blocks of a layout: they share its index."""
        return replace(used, weight=used.weight.detach(), grid=self.grids.setdefault(used.grid, used.grid))

    def _replaced(self, block: BlockId, tokens: Tensor, grid: TokenGrid, learned: AnyAssociation) -> AnyAssociation:
        iterations = self.iterations.get(block)
        if iterations is not None:
            learned = associate(tokens, grid, iterations)
        if block not in self.swaps:
            return learned
        used = self._through_super_tokens(block).associate.num_iters if iterations is None else iterations
        with _active_recorder(None):  # a swap may run the model itself
            return swapped(self.swaps[block], tokens, grid, learned, used)

    def record(self, block: BlockId) -> BlockRecord:
        """Build the frozen record of a block."""
        mixer = self.mixers[block]
        taps = (*TAPS[type(mixer)], RESIDUAL, ADDED)
        seen = {tap: self.seen[block, tap] for tap in taps if (block, tap) in self.seen}
        missing = [tap or "output" for tap in taps if tap not in seen]
        if missing:
            raise TapError(f"Taps {', '.join(missing)} of {block.caption} did not fire.")
        return make_record(block, mixer, seen)


def _copy(tensor: Tensor) -> Tensor:
    """Return a copy that a later layer cannot overwrite, and that keeps nothing else alive (v beside q and k, say)."""
    return tensor.detach().clone()


@contextmanager
def _recording(
    model: STViT,
    wanted: Iterable[BlockId],
    iterations: Mapping[BlockId, int],
    swaps: Mapping[BlockId, Swap],
) -> Iterator[_Recorder]:
    """Attach the hooks, make this recorder the thread's active one, and undo both whatever happens."""
    blocks = model.blocks()
    mixers = {block: module.attention for block, module in blocks.items()}
    recorder = _Recorder(mixers, iterations, swaps)
    hooked = {block: (*TAPS[type(mixers[block])], RESIDUAL, ADDED) for block in wanted}
    hooked |= {block: ("associate",) for block in {*iterations, *swaps} - set(hooked)}
    places = ((block, tap) for block, taps in hooked.items() for tap in taps)
    handles = (_attach(recorder, _tapped(blocks[block], tap), block, tap) for block, tap in places)
    with attached(handles), _active_recorder(recorder):
        yield recorder


@contextmanager
def _active_recorder(recorder: _Recorder | None) -> Iterator[None]:
    """Make one recorder, or none, the active one of this thread inside the context."""
    stack: list[_Recorder | None] = _active.__dict__.setdefault("stack", [])
    stack.append(recorder)
    try:
        yield
    finally:
        stack.pop()


def _tapped(block: Block, tap: str) -> nn.Module:
    """Return the module of a block that a tap stands for."""
    return (block if tap in (RESIDUAL, ADDED) else block.attention).get_submodule(tap)


def _attach(recorder: _Recorder, tapped: nn.Module, block: BlockId, tap: str) -> RemovableHandle:
    """Hook one tap so that it reports to the recorder while that is the thread's innermost one."""

    def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
        stack = getattr(_active, "stack", ())
        return recorder.see(block, tap, inputs, output) if stack and stack[-1] is recorder else None

    return tapped.register_forward_hook(hook)
