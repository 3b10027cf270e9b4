"""What the explorer shows, and who decides: the person in the browser or the page's arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.one_token.region import Region
from stvit import BlockId, Capture
from ui.explorer.look import Look
from ui.zoom.part import WHOLE, Part


@dataclass(frozen=True)
class ExplorerState:
    """What a person chose in the explorer.

    Attributes:
        block: The block shown.
        row: Row of the pinned anchor on the block's token grid.
        column: Column of the pinned anchor.
        head: Head, or None for the mean over heads.
        look: How attention is shown.
        region: What the anchor is: the token, or a region around it.
        part: Of the picture that all panels show.
    """

    block: BlockId
    row: int
    column: int
    head: int | None
    look: Look = field(default_factory=Look)
    region: Region = field(default_factory=Region)
    part: Part = WHOLE


@dataclass(frozen=True)
class Memory:
    """What the last run of the page left behind.

    Attributes:
        asked: What the page asked for.
        shown: What was shown.
        sequence: Number of the last choice in the browser that was applied.
    """

    asked: ExplorerState
    shown: ExplorerState
    sequence: int


def decide(asked: ExplorerState, chosen: object, memory: Memory | None, capture: Capture) -> Memory:
    """Return what to show now: a new choice in the browser, else a new request of the page, else what was shown.

    Args:
        asked: What the page asks for.
        chosen: What the browser reported last, in whatever form it arrived; invalid reports are ignored.
        memory: What the last run left behind, if there was one.
        capture: What can be shown; states are adjusted to fit it.
    """
    asked = within(asked, capture)
    sequence = 0 if memory is None else memory.sequence
    if (reported := _reported(chosen)) and reported[1] > sequence:
        return Memory(asked, within(reported[0], capture), reported[1])
    if memory is None or memory.asked != asked:
        return Memory(asked, asked, sequence)
    return Memory(asked, within(memory.shown, capture), sequence)


def within(state: ExplorerState, capture: Capture) -> ExplorerState:
    """Return the state with a block that was captured, a token of its grid and a head that it has."""
    block = state.block if state.block in capture else next(iter(capture))
    record = capture[block]
    row = min(max(state.row, 0), record.grid.height - 1)
    column = min(max(state.column, 0), record.grid.width - 1)
    head = state.head if state.head is not None and 0 <= state.head < record.heads else None
    return replace(state, block=block, row=row, column=column, head=head)


def _reported(chosen: object) -> tuple[ExplorerState, int] | None:
    """Return state and sequence number from the browser's report, None if it is not a valid report."""
    if not isinstance(chosen, Mapping):
        return None
    names = ("stage", "block", "row", "column", "sequence")
    stage, block, row, column, sequence = (whole_number(chosen.get(name)) for name in names)
    if stage is None or block is None or row is None or column is None or sequence is None:
        return None
    shown = ExplorerState(
        BlockId(stage, block),
        row,
        column,
        whole_number(chosen.get("head")),
        Look.reported(chosen.get("look")),
        Region.reported(chosen.get("region")),
        Part.reported(chosen.get("part")) or WHOLE,
    )
    return shown, sequence


def whole_number(value: Any) -> int | None:
    """Return a whole number as int (JavaScript has one kind of number), None for anything else."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
    return int(value) if fits else None
