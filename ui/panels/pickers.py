"""Block, head and token: the one owner of these choices, whoever makes them (pickers, links, clicks, the explorer)."""

from collections.abc import Callable, Mapping, Sequence
from typing import overload

import streamlit as st

from analysis.backbones import BackboneCapture, BackboneRecord
from analysis.figures.canvas import Anchor
from stvit import BlockId, BlockRecord, Capture, TokenGrid
from stvit.capturing.captured_blocks import BlockResult
from stvit.images.samples import SUBJECTS
from ui import keys
from ui.address import Link, nearest_number, number_binding
from ui.explorer.state import ExplorerState
from ui.panels.look import open_look
from ui.panels.parts import open_part
from ui.panels.regions import open_region
from ui.view.runs import is_sample
from ui.view.view import View

MEAN = "mean"

MIDDLE = (0.499, 0.499)
"""The middle of a picture, as shares; of two middle tokens the upper or left one."""


def keep_choices_across_pages(page: str) -> None:
    """Carry block, head and anchor over to another page, even if they are only in the address (a link).

    Streamlit forgets the value of a widget that nobody touched when its page is left; one that is set stays.
    """
    state = st.session_state
    if state.get(keys.PAGE, page) != page:
        carried = (keys.STAGE, keys.BLOCK, keys.HEAD, keys.ROW, keys.COLUMN)
        state.update({key: state[key] for key in carried if key in state})
    state[keys.PAGE] = page


def prepare_position(link: Link, view: View) -> None:
    """Note where the anchor of this picture is at home, and replace what a link asks for but the blocks lack.

    Call it before the page.
    """
    st.session_state[keys.ANCHOR_HOME] = home_of(view)
    _repair_position(link, view.records)


def home_of(view: View) -> tuple[float, float]:
    """Return where the anchor is until somebody moves it, (down, across) as shares of what the model sees.

    It is the subject of a sample, and the middle of any other picture or where the crop has lost the subject.
    """
    picture = view.picture
    shares = SUBJECTS.get(picture.source.name) if is_sample(picture.source) else None
    if shares is None:
        return MIDDLE
    framing = picture.framing
    at = framing.to_prepared(shares[0] * framing.original[0], shares[1] * framing.original[1])
    down, across = (place / side for place, side in zip(at, framing.size, strict=True))
    return (down, across) if 0 <= down < 1 and 0 <= across < 1 else MIDDLE


def _repair_position(link: Link, capture: Capture | BackboneCapture) -> None:
    stages = {block.stage: str(block.stage + 1) for block in capture}
    link.repair_choice(keys.STAGE, "stage", stages, _nearest_of(stages))
    stage = _value_to_come(keys.STAGE, stages)
    blocks = {block.block: str(block.block + 1) for block in capture if block.stage == stage}
    link.repair_choice(keys.BLOCK, f"block of stage {stage + 1}", blocks, _nearest_of(blocks))
    record = capture[block_to_come(capture)]
    heads = {MEAN: MEAN} | {str(head): str(head + 1) for head in range(record.heads)}
    link.repair_choice(keys.HEAD, f"head of stage {stage + 1}", heads)
    for key, count, home in zip((keys.ROW, keys.COLUMN), (record.grid.height, record.grid.width), _home(), strict=True):
        numbers = {number: str(number) for number in range(count)}
        link.repair_choice(key, f"anchor {key}", numbers, _nearest_of(numbers, default=_part(home, count)))


def open_head(block: BlockId, head: int | None) -> None:
    """Make a block and a head the current ones, before their pickers are drawn."""
    st.session_state.update(
        {keys.STAGE: block.stage, keys.BLOCK: block.block, keys.HEAD: MEAN if head is None else str(head)}
    )


def follow_explorer(view: View, state: ExplorerState) -> None:
    """Set the pickers to what was chosen in the explorer, before they are drawn."""
    grid = view.capture[state.block].grid
    open_head(state.block, state.head)
    open_token(grid, state.row, state.column)
    open_look(state.look)
    open_region(state.region)
    open_part(state.part)


def open_token(grid: TokenGrid, row: int, column: int) -> None:
    """Make a token of a grid the anchor, before its inputs are drawn."""
    st.session_state.update({keys.ROW: row, keys.COLUMN: column, keys.ANCHOR_GRID: (grid.height, grid.width)})


def token_at(grid: TokenGrid, token_pixels: int, down: float, across: float) -> tuple[int, int]:
    """Return row and column of the token that holds a place of the picture.

    Args:
        grid: Of the tokens.
        token_pixels: Side of a token.
        down: Pixels of the picture above the place.
        across: Pixels left of it.

    Example:
        >>> token_at(TokenGrid(128, 128, 8), 4, 407.9, 408.0)
        (101, 102)
    """
    row, column = int(down // token_pixels), int(across // token_pixels)
    return min(row, grid.height - 1), min(column, grid.width - 1)


def open_pixel(record: BlockRecord, down: float, across: float, *, pickers_drawn: bool) -> None:
    """Make a block and the token at a place of the picture the current ones.

    Args:
        record: The block.
        down: Pixels of the picture above the place.
        across: Pixels left of it.
        pickers_drawn: Whether the pickers are on the page; pickers that come later do not write to the address.
    """
    block, grid = record.id, record.grid
    row, column = token_at(grid, record.token_pixels, down, across)
    st.session_state.update({keys.STAGE: block.stage, keys.BLOCK: block.block, keys.ROW: row, keys.COLUMN: column})
    st.session_state[keys.ANCHOR_GRID] = (grid.height, grid.width)
    if not pickers_drawn:
        stage, number = str(block.stage + 1), str(block.block + 1)
        st.query_params.update({keys.STAGE: stage, keys.BLOCK: number, keys.ROW: str(row), keys.COLUMN: str(column)})


@overload
def choose_block(capture: Capture) -> BlockRecord: ...
@overload
def choose_block(capture: Capture | BackboneCapture) -> BlockRecord | BackboneRecord: ...
def choose_block(capture: Capture | BackboneCapture) -> BlockRecord | BackboneRecord:
    """Draw the pickers of stage and block and return the record chosen."""
    stage = _choose_number("Stage", keys.STAGE, sorted({block.stage for block in capture}))
    block = _choose_number("Block", keys.BLOCK, [block.block for block in capture if block.stage == stage])
    record: BlockRecord | BackboneRecord = capture[BlockId(stage, block)]
    return record


def block_to_come(capture: Capture | BackboneCapture) -> BlockId:
    """Return the block that `choose_block` will return, before it is drawn."""
    stage = _value_to_come(keys.STAGE, {block.stage: str(block.stage + 1) for block in capture})
    labels = {block.block: str(block.block + 1) for block in capture if block.stage == stage}
    return BlockId(stage, _value_to_come(keys.BLOCK, labels))


def choose_head(record: BlockResult) -> int | None:
    """Draw the picker of a head; None is the mean over heads."""
    heads = [MEAN, *map(str, range(record.heads))]
    keep_valid(keys.HEAD, heads)
    head = st.segmented_control(
        "Head",
        heads,
        format_func=lambda name: MEAN if name == MEAN else str(int(name) + 1),
        default=MEAN,
        required=True,
        key=keys.HEAD,
        bind="query-params",
    )
    return None if head in (None, MEAN) else int(head)


def choose_anchor(grid: TokenGrid) -> Anchor:
    """Draw the inputs of the anchor's row and column; it stays where it is on the picture when the grid changes."""
    _carry_anchor(grid)
    down, across = _home()
    return Anchor(_choose_index(keys.ROW, grid.height, down), _choose_index(keys.COLUMN, grid.width, across))


def keep_valid(key: str, options: Sequence[int] | Sequence[str]) -> None:
    """Replace a choice that the options no longer hold by the first of them."""
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = options[0]


def _choose_number(label: str, key: str, numbers: Sequence[int]) -> int:
    """Draw the picker of a number that people count from 1."""
    keep_valid(key, numbers)
    chosen = st.segmented_control(
        label,
        numbers,
        format_func=lambda number: str(number + 1),
        default=numbers[0],
        required=True,
        key=key,
        bind="query-params",
    )
    return numbers[0] if chosen is None else chosen  # an address without a value asks for nothing to be chosen


def _choose_index(key: str, count: int, home: float) -> int:
    # The default is the anchor's home: no address names a default, and a link must be able to name row 0.
    default = _part(home, count)
    return int(
        st.number_input(f"Anchor {key}", 0, count - 1, default, step=1, key=key, bind=number_binding(key), width=130)
    )


def _home() -> tuple[float, float]:
    """Return where the anchor is at home on the picture of this run."""
    home: tuple[float, float] = st.session_state.get(keys.ANCHOR_HOME, MIDDLE)
    return home


def _nearest_of(labels: Mapping[int, str], default: int | None = None) -> Callable[[str], int]:
    """Return the function that finds the value whose label is the number nearest to a text."""
    values = {int(label): value for value, label in labels.items()}
    first = next(iter(labels)) if default is None else default
    return lambda asked: values[nearest_number(asked, values, default=int(labels[first]))]


def _value_to_come(key: str, labels: Mapping[int, str]) -> int:
    """Return the value that a picker will have: chosen, or from the address, or the first."""
    chosen: int | None = st.session_state.get(key)
    if chosen is not None and chosen in labels:
        return chosen
    in_address = st.query_params.get(key)
    return next((value for value, label in labels.items() if label == in_address), next(iter(labels)))


def _carry_anchor(grid: TokenGrid) -> None:
    """Move the anchor from the grid it was chosen on to this one, to the same spot of the picture.

    An anchor at home stays at home, also on another picture, whose home may be elsewhere. The spot is kept as a share
    of the picture as long as nobody chooses another, so that passing through coarser grids on the way does not move it.
    """
    state, size = st.session_state, (grid.height, grid.width)
    before, shares = state.get(keys.ANCHOR_GRID, size), state.get(keys.ANCHOR_SHARES, (None, None))
    homes = _home()
    left = state.get(keys.HOME_BEFORE, homes)
    carried = [
        _carried(state.get(key), old, new, share, _part(was, old), _part(home, new))
        for key, old, new, share, was, home in zip(
            (keys.ROW, keys.COLUMN), before, size, shares, left, homes, strict=True
        )
    ]
    state[keys.HOME_BEFORE] = homes
    state.update({keys.ROW: carried[0][0], keys.COLUMN: carried[1][0], keys.ANCHOR_GRID: size})
    state[keys.ANCHOR_SHARES] = tuple(share for _, share in carried)


def _carried(
    index: int | None, old: int, new: int, share: float | None, was: int, home: int
) -> tuple[int, float | None]:
    """Return a row (or column) on a grid of another size, and its share of the picture, None at home.

    Args:
        index: On the old grid; None if nothing was ever chosen.
        old: Rows of the old grid.
        new: Rows of the new one.
        share: Share returned with the index; it applies unless another index has been chosen since.
        was: Where the anchor was at home on the old grid.
        home: Where it is at home on the new one.
    """
    if index is None or (share is None and index == was):
        return home, None
    if share is None or _part(share, old) != index:
        share = (index + 0.5) / old
    return _part(share, new), share


def _part(share: float, count: int) -> int:
    """Return which of `count` equal parts holds a share of the whole."""
    return min(int(share * count), count - 1)
