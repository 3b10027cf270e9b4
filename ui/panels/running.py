"""The run of a model for a page, and the replay that proves its capture: watched, and stopped, where they take long."""

from collections.abc import Mapping
from time import monotonic

import streamlit as st
import torch

from analysis.any_model import DEFAULT_SIZE
from analysis.backbones import Backbone
from analysis.cost import attention_macs
from analysis.redundancy.watch import PERIOD
from stvit import BlockId, Capture, STViT
from stvit.watching import Tell, Watching, parameters_of
from ui import keys
from ui.markdown import escaped
from ui.panels.work import PATIENCE, Progress, told, worked
from ui.view.devices import CPU
from ui.view.store import STORE, this_session
from ui.view.view import View

MAC_SECONDS = 3.5e-11
"""About how long a thread replays for one MAC of the formulas: 3e-11 for global attention, 4e-11 for STViT-L."""


class RunCancelledError(Exception):
    """The run that a page needs was cancelled, and nobody has asked for it since."""

    def __init__(self, view: View) -> None:
        size = "" if view.size is None else f" at {view.size:,} px"
        super().__init__(
            f"You cancelled the run{size} of {escaped(view.handle.title)}. Choose a smaller resolution or another "
            "model, or run it again; everything else stays as you chose it."
        )


def offer_again(error: RunCancelledError) -> None:
    """Say that a run was cancelled, and offer to begin it again."""
    st.info(str(error), icon=":material/stop_circle:")
    st.button("Run it again", key="run_again", icon=":material/replay:", on_click=_set_cancelled, args=(None,))


def run_shown(view: View, label: str = "Running the model") -> None:
    """Run the model of a view, if that was not done before; where that takes long, say how far it is and offer to stop.

    Args:
        view: Picture and model.
        label: What is done, for the spinner and the bar.

    Raises:
        RunCancelledError: If it was cancelled.
        ValueError, RuntimeError: As `ui.view.runs.view_of`.
    """
    if STORE.find(view.key, this_session()) is None and st.session_state.get(keys.CANCELLED) == view.key:
        raise RunCancelledError(view)
    network = view.handle.network
    blocks = network.layers() if isinstance(network, Backbone) else network.blocks()
    watched = parameters_of(blocks) if view.device == CPU else {}  # elsewhere a copy runs
    with told(f"run_{view.key}", label, lambda: _set_cancelled(view.key)) as progress:
        work = _work(network, view.size or DEFAULT_SIZE)
        with Watching(watched, _by_block(progress, label, work)):
            view.run()


def replay_error(view: View) -> float | None:
    """Return the largest |replayed - actual| over all blocks of an STViT; None until a long replay was asked for."""
    key, seconds = ("replay", view.key), replay_seconds(view)
    if seconds > PATIENCE:
        return worked("replay", key, "Replay every block", seconds, lambda progress: _replayed(view, progress), _nbytes)
    with st.spinner("Replaying every block ..."):
        return STORE.get(key, lambda: _replayed(view, lambda done, total, words: None), _nbytes, this_session())


def replay_seconds(view: View) -> float:
    """Return about how long the replay takes; on a device that is faster than the CPU, it takes no time to speak of."""
    if view.device != CPU:
        return 0.0
    macs = attention_macs(view.handle.model.config, *view.picture.pixels.shape[2:])
    return MAC_SECONDS * sum(macs.values()) / torch.get_num_threads()


def _replayed(view: View, progress: Progress) -> float:
    captured = view.run().as_run
    assert isinstance(captured, Capture)
    tokens = {block: [record.tokens] for block, record in captured.items()}
    work = attention_macs(view.handle.model.config, *captured.image_size)
    with Watching(tokens, _by_block(progress, "Replaying", work)):
        return captured.replay_error()


def _work(network: STViT | Backbone, size: int) -> Mapping[BlockId, int]:
    """Return how the work of a run is spread over the blocks; those of backbones are alike."""
    if isinstance(network, Backbone):
        return dict.fromkeys(network.blocks(), 1)
    return attention_macs(network.config, size, size)


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


def _set_cancelled(key: str | None) -> None:
    st.session_state[keys.CANCELLED] = key


def _nbytes(error: float) -> int:
    return 8
