"""The run of a model for a page, and the replay that proves its capture: watched, and stopped, where they take long."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from time import monotonic
from typing import TypeVar

import streamlit as st
import torch
from torch import Tensor

from analysis.any_model import DEFAULT_SIZE
from analysis.backbones import Backbone
from analysis.cost import attention_macs
from analysis.redundancy.watch import PERIOD
from stvit import BlockId, Capture
from stvit.watching import Tell, Watching, parameters_of
from ui import keys
from ui.markdown import escaped
from ui.panels.work import PATIENCE, Progress, told, worked
from ui.view.devices import CPU
from ui.view.store import STORE, this_session
from ui.view.view import View

T = TypeVar("T")

MAC_SECONDS = 3.5e-11
"""About how long a thread replays for one MAC of the formulas: 3e-11 for global attention, 4e-11 for STViT-L."""


class RunCancelledError(Exception):
    """What a page needs was cancelled, and nobody has asked for it since.

    Args:
        view: Picture and model.
        what: What was cancelled, such as "run".
    """

    def __init__(self, view: View, what: str) -> None:
        size = "" if view.size is None else f" at {view.size:,} px"
        super().__init__(
            f"You cancelled the {what}{size} of {escaped(view.handle.title)}. Choose a smaller resolution or another "
            "model, or run it again; everything else stays as you chose it."
        )


def offer_again(error: RunCancelledError) -> None:
    """Say that something was cancelled, and offer to begin it again."""
    st.info(str(error), icon=":material/stop_circle:")
    st.button("Run it again", key="run_again", icon=":material/replay:", on_click=_set_cancelled, args=(None,))


def run_shown(view: View, label: str = "Running the model") -> None:
    """Run the model of a view, if that was not done before; see `watched`."""
    watched(view, view.key, label, "run", parameters(view), view.run)


def watched(
    view: View, key: Hashable, label: str, what: str, tensors: Mapping[BlockId, Iterable[Tensor]], get: Callable[[], T]
) -> T:
    """Return what the store holds or gets now; where that takes long, say how far it is and offer to stop.

    Args:
        view: Picture and model.
        key: Of the store.
        label: What is done, for the spinner and the bar.
        what: The same as a noun, such as "run".
        tensors: What tells the blocks from each other, see `Watching`, in the order in which they are at work.
        get: Gets it from the store, or makes it.

    Raises:
        RunCancelledError: If it was cancelled.
    """
    if st.session_state.get(keys.CANCELLED) == key and STORE.find(key, this_session()) is None:
        raise RunCancelledError(view, what)
    with (
        told(f"run_{hash(key)}", label, partial(_set_cancelled, key)) as progress,
        telling(view, progress, label, tensors),
    ):
        return get()


def telling(view: View, progress: Progress, label: str, tensors: Mapping[BlockId, Iterable[Tensor]]) -> Watching:
    """Return a context in which a progress is told which block is at work; see `watched`."""
    return Watching(tensors, _by_block(progress, label, _work(view, tensors)))


def parameters(view: View) -> dict[BlockId, list[Tensor]]:
    """Return what tells the blocks from each other while the model runs; on another device than the CPU a copy runs."""
    network = view.handle.network
    blocks = network.layers() if isinstance(network, Backbone) else network.blocks()
    return parameters_of(blocks) if view.device == CPU else {}


def replay_error(view: View) -> float | None:
    """Return the largest |replayed - actual| over all blocks of an STViT; None until a long replay was asked for."""
    key, seconds = ("replay", view.key), replay_seconds(view)
    if seconds > PATIENCE:
        return worked("replay", key, "Replay every block", seconds, lambda progress: _replayed(view, progress), _nbytes)
    with st.spinner("Replaying every block ..."):
        return STORE.get(key, lambda: _replayed(view, lambda done, total, words: None), _nbytes, this_session())


def replay_seconds(view: View) -> float:
    """Return about how long the replay takes; on a device that is faster than the CPU, it takes no time to speak of."""
    return seconds_by_macs(view, MAC_SECONDS) if view.device == CPU else 0.0


def seconds_by_macs(view: View, each: float) -> float:
    """Return how long something takes that takes a thread so many seconds for each MAC of the attention's formulas."""
    macs = attention_macs(view.handle.model.config, *view.picture.pixels.shape[2:])
    return each * sum(macs.values()) / torch.get_num_threads()


def _replayed(view: View, progress: Progress) -> float:
    captured = view.run().as_run
    assert isinstance(captured, Capture)
    tokens = {block: [record.tokens] for block, record in captured.items()}
    with telling(view, progress, "Replaying", tokens):
        return captured.replay_error()


def _work(view: View, blocks: Iterable[BlockId]) -> dict[BlockId, int]:
    """Return how work is spread over blocks, in their order; those of backbones are alike."""
    network, size = view.handle.network, view.size or DEFAULT_SIZE  # shares hardly depend on the exact sides
    if isinstance(network, Backbone):
        return dict.fromkeys(blocks, 1)
    macs = attention_macs(network.config, size, size)
    return {block: macs[block] for block in blocks}


def _by_block(progress: Progress, label: str, work: Mapping[BlockId, int]) -> Tell:
    """Return what tells a progress several times a second which block is at work."""
    blocks, total, looked = list(work), sum(work.values()), monotonic()

    def tell(block: BlockId | None, share: float) -> None:
        nonlocal looked
        if monotonic() - looked < PERIOD:
            return
        looked = monotonic()
        if block is None:
            progress(0, total, f"{label} ...")
        else:
            done = sum(work[earlier] for earlier in blocks[: blocks.index(block)])
            progress(round(done + share * work[block]), total, f"{label}: {block.caption}")

    return tell


def _set_cancelled(key: Hashable) -> None:
    st.session_state[keys.CANCELLED] = key


def _nbytes(error: float) -> int:
    return 8
