"""The formulas of Cost: what attention costs at the chosen stage, and at any other numbers that sliders name."""

from dataclasses import dataclass

import streamlit as st

from analysis.cost import crossing, global_attention_macs, super_token_attention_macs
from stvit import BlockRecord, TokenGrid
from ui import keys
from ui.address import number_binding
from ui.panels.panel import note

MOST_SIDE, MOST_CELL, MOST_CHANNELS = 256, 16, 512
"""How far the sliders reach; they reach further where the model does."""


@dataclass(frozen=True)
class Quantity:
    """A number that the formulas take.

    Attributes:
        key: Of its slider.
        title: Of its slider.
        actual: What it is in the chosen stage.
        most: Where its slider ends.
    """

    key: str
    title: str
    actual: int
    most: int


def quantities_of(record: BlockRecord, channels: int) -> list[Quantity]:
    """Return what the formulas take, as it is in a block: rows and columns of tokens, cell, channels."""
    grid = record.grid
    return [
        Quantity(keys.COST_ROWS, "Rows of tokens", grid.height, MOST_SIDE),
        Quantity(keys.COST_COLUMNS, "Columns of tokens", grid.width, MOST_SIDE),
        Quantity(keys.COST_CELL, "Cell", max(grid.cell_size), MOST_CELL),
        Quantity(keys.COST_CHANNELS, "Channels C", channels, MOST_CHANNELS),
    ]


def show_formulas(record: BlockRecord, channels_of_stage: int) -> None:
    """Show the formulas with the numbers of a block, which sliders change and a button brings back."""
    st.markdown("#### The formulas")
    quantities = quantities_of(record, channels_of_stage)
    _follow(quantities)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rows, columns, cell, channels = map(_choose, quantities)
        at_home = (rows, columns, cell, channels) == tuple(each.actual for each in quantities)
        st.button(
            "Reset",
            icon=":material/undo:",
            key=keys.COST_RESET,
            on_click=_reset,
            args=(quantities,),
            disabled=at_home,
            help=f"Back to the numbers of {record.id.caption}",
        )
    grid = TokenGrid(rows, columns, cell)
    whole = global_attention_macs(grid.num_tokens, channels)
    through = super_token_attention_macs(grid.num_tokens, grid.num_super_tokens, channels)
    with st.container(horizontal=True, key="numbers_of_formulas"):
        st.metric("Global, 2 N² C + 4 N C²", f"{whole / 1e6:,.1f} M MAC", width="content", border=True)
        st.metric("Super tokens, 28 N C + 2 M² C + 4 M C²", f"{through / 1e6:,.1f} M MAC", width="content", border=True)
        st.metric("Ratio", f"{whole / through:,.1f} ×", width="content", border=True)
    meeting = crossing(channels, cell**2)
    where = f"{record.id.caption} of this model and picture" if at_home else "numbers chosen with the sliders"
    note(
        f"N = {grid.num_tokens:,} tokens, M = {grid.num_super_tokens:,} super tokens, C = {channels}: {where}. "
        + (f"The formulas cross at N = {meeting:,.0f}." if meeting else "Super tokens cost less at every N here.")
    )


def _follow(quantities: list[Quantity]) -> None:
    """Set the sliders to the numbers of the stage when these have changed; those of the first stage may be a link's."""
    actual = tuple(each.actual for each in quantities)
    if st.session_state.get(keys.COST_GRID, actual) != actual:
        _reset(quantities)
    st.session_state[keys.COST_GRID] = actual


def _reset(quantities: list[Quantity]) -> None:
    st.session_state.update({each.key: each.actual for each in quantities})


def _choose(quantity: Quantity) -> int:
    return st.slider(
        quantity.title,
        1 if quantity.key != keys.COST_CELL else 2,
        max(quantity.most, quantity.actual),
        quantity.actual,
        key=quantity.key,
        width=160,  # two stand side by side on a phone
        bind=number_binding(quantity.key),
        persist_state="session",
    )
