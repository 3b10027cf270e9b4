"""The choice of block, head and anchor, shared by the pages."""

from collections.abc import Sequence

import streamlit as st

from analysis.figures.screen.heat import Anchor
from stvit import BlockId, BlockRecord, Capture, TokenGrid
from ui.address import PAGE, number_binding
from ui.explorer.state import ExplorerState
from ui.view.view import current_view

MEAN = "mean"


def keep_place(page: str) -> None:
    """Carry block, head and anchor over to another page, also where they stand in the address only (a link).

    Streamlit forgets the value of a widget that nobody touched when its page is left; one that is set stays.
    """
    state = st.session_state
    if state.get(PAGE, page) != page:
        state.update({key: state[key] for key in ("stage", "block", "head", "row", "column") if key in state})
    state[PAGE] = page


def choose_block(capture: Capture) -> BlockRecord:
    """Draw the pickers of stage and block and return the record chosen."""
    stages = sorted({block.stage for block in capture})
    stage = st.segmented_control(
        "Stage",
        stages,
        format_func=lambda i: str(i + 1),
        default=0,
        required=True,
        key="stage",
        bind="query-params",
    )
    blocks = [block.block for block in capture if block.stage == stage]
    keep_valid("block", blocks)
    block = st.segmented_control(
        "Block",
        blocks,
        format_func=lambda i: str(i + 1),
        default=0,
        required=True,
        key="block",
        bind="query-params",
    )
    return capture[BlockId(stage, block)]


def choose_head(record: BlockRecord) -> int | None:
    """Draw the picker of a head; None is the mean over heads."""
    heads = [MEAN, *map(str, range(record.heads))]
    keep_valid("head", heads)
    head = st.segmented_control(
        "Head", heads, default=MEAN, required=True, key="head", bind="query-params",
        format_func=lambda name: "mean" if name == MEAN else str(int(name) + 1),
    )  # fmt: skip
    return None if head == MEAN else int(head)


def choose_anchor(grid: TokenGrid) -> Anchor:
    """Draw the inputs of the anchor's row and column; it keeps its place when the grid changes."""
    _carry_anchor(grid)
    row, column = (_choose_place(key, count) for key, count in (("row", grid.height), ("column", grid.width)))
    return Anchor(row, column)


def _choose_place(key: str, count: int) -> int:
    # The default is the middle: no address names a value that is the default, and a link must be able to name row 0.
    middle = (count - 1) // 2
    return int(
        st.number_input(f"Anchor {key}", 0, count - 1, middle, step=1, key=key, bind=number_binding(key), width=130)
    )


def choose_scale() -> bool:
    """Draw the choice of colour scale and return whether the attention panels share it."""
    scale = st.segmented_control(
        "Colour range", ["per panel", "shared"], default="per panel", required=True, key="scale",
        persist_state="session", help="Shared: the bars of all attention panels end at the same value.",
    )  # fmt: skip
    return scale == "shared"


def follow_explorer(state: ExplorerState) -> None:
    """Set the pickers to what was chosen in the explorer, before they are drawn."""
    grid = current_view().capture[state.block].grid
    st.session_state.update(
        stage=state.block.stage,
        block=state.block.block,
        head=MEAN if state.head is None else str(state.head),
        row=state.row,
        column=state.column,
        anchor_grid=(grid.height, grid.width),
    )


def _carry_anchor(grid: TokenGrid) -> None:
    """Move the anchor from the grid it was chosen on to this one, same place on the picture; the middle stays it.

    The place is kept as a share of the picture as long as nobody chooses another, so that passing over coarser grids
    on the way does not move it.
    """
    state, size = st.session_state, (grid.height, grid.width)
    before, shares = state.get("anchor_grid", size), state.get("anchor_shares", (None, None))
    carried = [
        _carried(state.get(key), old, new, share)
        for key, old, new, share in zip(("row", "column"), before, size, shares, strict=True)
    ]
    state.update(row=carried[0][0], column=carried[1][0], anchor_grid=size)
    state["anchor_shares"] = tuple(share for _, share in carried)


def _carried(place: int | None, old: int, new: int, share: float | None) -> tuple[int, float | None]:
    """Return a row (or column) on a grid of another size, and its share of the picture, None for the middle.

    Args:
        place: On the old grid; None if nothing was ever chosen.
        old: Rows of the old grid.
        new: Rows of the new one.
        share: What was returned with the place; it counts unless another place was chosen since.
    """
    if place is None or (share is None and place == (old - 1) // 2):
        return (new - 1) // 2, None
    if share is None or _cell(share, old) != place:
        share = (place + 0.5) / old
    return _cell(share, new), share


def _cell(share: float, count: int) -> int:
    """Return which of `count` equal parts holds a share of the whole."""
    return min(int(share * count), count - 1)


def keep_valid(key: str, options: Sequence[int] | Sequence[str]) -> None:
    """Forget a choice that the options no longer hold."""
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = options[0]
