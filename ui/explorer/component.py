"""The explorer as a Streamlit component.

Three mounts of one component make one explorer: two invisible ones carry bytes (the scene, and the block that is
shown), the visible one gets a few plain values. So a new pin or head resends no payload, Streamlit's message cache
serves a block that was sent before, and the browser keeps what it decoded.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from hashlib import sha256

import streamlit as st

from analysis.figures.canvas import Anchor
from analysis.one_token.region import DEFAULT_REGION, Region, SegmentLabels, segment_labels
from stvit import BlockId, BlockRecord
from ui.explorer.block_payload import block_payload
from ui.explorer.bundle import streamlit_module, style
from ui.explorer.look import DEFAULT_LOOK, Look
from ui.explorer.scene_payload import block_name, scene_payload, segments_name
from ui.explorer.segments_payload import segments_payload
from ui.explorer.state import ExplorerState, Memory, decide
from ui.view.store import STORE, this_session
from ui.view.view import View
from ui.zoom.part import WHOLE, Part

_mount = st.components.v2.component("stvit_explorer", css=style(), js=streamlit_module())


def explorer(
    view: View,
    block: BlockId,
    head: int | None,
    anchor: Anchor,
    look: Look = DEFAULT_LOOK,
    region: Region = DEFAULT_REGION,
    part: Part = WHOLE,
    key: str = "explorer",
    on_change: Callable[[ExplorerState], None] | None = None,
) -> ExplorerState:
    """Draw the explorer and return what it shows.

    What a person chooses in the browser wins over the arguments until the arguments change. Passing the returned
    state back as arguments on the next run is the usual way.

    Args:
        view: Picture, model and capture.
        block: Block to show.
        head: Head to show, None for the mean over heads.
        anchor: Token to pin on the block's grid.
        look: How to show attention.
        region: What the anchor is: the token, or a region around it.
        part: Of the picture that all panels show.
        key: Name of the component on the page.
        on_change: Called with each new choice before the page runs again, while the values of widgets may still be set.
    """
    asked = ExplorerState(block, anchor.row, anchor.column, head, look, region, part)
    memory = decide(asked, _chosen(key), _remembered(key), view.capture)
    st.session_state[_memory_key(key)] = memory
    shown, name = memory.shown, scene_name(view)
    with st.container(gap=None):
        _mount(
            key=key,
            data=_control(name, memory),
            on_chosen_change=partial(_tell, key, view, on_change),
            on_pinned_change=lambda: None,
        )
        _mount(key=f"{key}_scene", data=_scene(name, view))
        _mount(key=f"{key}_block", data=_block(block_name(name, *shown.block), view.capture[shown.block]))
        if shown.region.kind == "segment":
            _mount(key=f"{key}_segments", data=_segments(name, view))
    return shown


def wants_pin(key: str = "explorer") -> bool:
    """Return whether somebody has just asked, in the explorer, for what it shows to be kept."""
    state = st.session_state.get(key)
    return bool(state and state.get("pinned"))


def scene_name(view: View) -> str:
    """Return a name that is the same if and only if picture, picture name, framing and weights are the same."""
    source = view.picture.source
    parts = (view.handle.digest, source.name, source.sha256, view.picture.framing)
    return sha256(repr(parts).encode()).hexdigest()[:16]


def _control(name: str, memory: Memory) -> dict[str, object]:
    """Return what the visible mount is told."""
    shown = memory.shown
    return {
        "scene": name,
        "stage": shown.block.stage,
        "block": shown.block.block,
        "row": shown.row,
        "column": shown.column,
        "head": shown.head,
        "look": asdict(shown.look),
        "region": asdict(shown.region),
        "part": asdict(shown.part),
        "sequence": memory.sequence,
    }


def _scene(name: str, view: View) -> bytes:
    def make() -> bytes:
        alt = f"The picture {view.picture.source.name}" if view.picture.source.name else "The picture"
        return scene_payload(view.capture, view.picture.shown, name=name, alt=alt)

    return STORE.get(("scene", name), make, len, this_session())


def _block(name: str, record: BlockRecord) -> bytes:
    make = partial(block_payload, record, record.id.stride, name=name)
    return STORE.get(("block", name), make, len, this_session())


def segments_for(view: View, region: Region) -> SegmentLabels | None:
    """Return the segments of a view's picture on the grids of all blocks, for a region that is a segment."""
    return _segments_of(view) if region.kind == "segment" else None


def _segments_of(view: View) -> SegmentLabels:
    make = partial(segment_labels, list(view.capture.values()), view.picture.shown)
    return STORE.get(("segments", scene_name(view)), make, _nbytes, this_session())


def _nbytes(found: SegmentLabels) -> int:
    return sum(labels.nbytes for labels in found.values())


def _segments(name: str, view: View) -> bytes:
    return segments_payload(segments_name(name), _segments_of(view))


def _chosen(key: str) -> object:
    """Return what the browser reported last, if anything."""
    state = st.session_state.get(key)
    return state.get("chosen") if state else None


def _memory_key(key: str) -> str:
    return f"{key}_memory"


def _remembered(key: str) -> Memory | None:
    memory: Memory | None = st.session_state.get(_memory_key(key))
    return memory


def _tell(key: str, view: View, on_change: Callable[[ExplorerState], None] | None) -> None:
    """Pass on a choice. Streamlit calls this between the browser's report and the run that it causes."""
    memory = _remembered(key)
    if memory is None or on_change is None:
        return
    chosen = decide(memory.asked, _chosen(key), memory, view.capture)
    if chosen.sequence != memory.sequence:
        st.session_state[_memory_key(key)] = chosen
        on_change(chosen.shown)
