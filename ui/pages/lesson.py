"""Step by step: one token through super token attention, with its real numbers."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.figures.attention_maps import Anchor, attention_map, picture
from analysis.figures.style import PANEL_WIDTH
from analysis.lesson import Lesson, lesson
from analysis.render import draw_boundaries
from stvit import BlockRecord
from ui.toolbar import choose_anchor, choose_block, choose_head
from ui.view import View, current_view


def show() -> None:
    """Draw the page."""
    view = current_view()
    with st.container(horizontal=True):
        record = choose_block(view.capture)
        head = choose_head(record)
        anchor = choose_anchor(record.grid)
    if record.grid.is_identity:
        st.info(
            f"{record.id.caption.capitalize()} has no super tokens (cell 1): tokens attend to each other directly. "
            "Choose stage 1 or 2 to follow a token through its super tokens.",
            icon=":material/info:",
        )
        return
    steps = lesson(record, record.grid.token(anchor.row, anchor.column), head, _iterations(view, record))
    st.caption(f"{view.handle.title} · {record.id.caption} · token ({anchor.row}, {anchor.column}) · its real numbers")
    _pool(view, record, anchor)
    _compare(record, steps)
    _normalise(steps)
    _attend(view, record, steps)
    _map_back(view, record, anchor, steps)


def _iterations(view: View, record: BlockRecord) -> int:
    return view.handle.model.config.num_iters[record.id.stage]


def _pool(view: View, record: BlockRecord, anchor: Anchor) -> None:
    grid = record.grid
    text, shown = _step("1. Average the tokens of each cell", r"s_m = \frac{1}{|c_m|} \sum_{n \in c_m} x_n")
    with text:
        st.write(
            f"The {grid.height} x {grid.width} tokens are cut into {grid.rows} x {grid.columns} cells of "
            f"{grid.cell_size[0]} x {grid.cell_size[1]}. The mean of each cell is the first guess of a super token."
        )
    with shown:
        cells = grid.cell_index.reshape(grid.height, grid.width).numpy()
        figure = picture(draw_boundaries(view.picture.shown, cells), anchor, _stride(view, record))
        st.plotly_chart(figure, key="lesson_pool", width="content", config={"displayModeBar": False})


def _compare(record: BlockRecord, steps: Lesson) -> None:
    text, shown = _step(
        "2. Compare the token with the nine super tokens around it",
        r"Q_{nk} = \operatorname{softmax}_k \left( x_n \cdot s_k / \sqrt{C} \right)",
    )
    with text:
        lost = steps.weights[steps.phantoms].sum()
        st.write(f"Nine dot products over {record.tokens.shape[1]} channels, divided by √C, then a softmax.")
        if steps.phantoms.any():
            st.write(
                f"{steps.phantoms.sum()} of the nine lie outside the grid. These phantoms have logit 0 and still take "
                f"{lost:.3f} of the mass, which is lost."
            )
    with shown:
        st.dataframe(_table(record, steps, ["x · s", "logit", "weight"]), hide_index=True, width=PANEL_WIDTH + 80)


def _normalise(steps: Lesson) -> None:
    text, shown = _step("3. Normalise the columns", r"\hat Q_{nk} = Q_{nk} \,/ \sum_{n'} Q_{n'k}")
    with text:
        st.write(
            "Each super token becomes a weighted mean of tokens: a weight is divided by the sum of all weights that "
            "the super token receives. So this token is a small part of each of its super tokens."
        )
    with shown:
        real = ~steps.phantoms
        table = pd.DataFrame(
            {
                "super token": steps.neighbours[real],
                "column sum": steps.column_mass[real],
                "share of this token": steps.shares[real],
            }
        )
        number = st.column_config.NumberColumn(format="%.4g")
        config = {"column sum": number, "share of this token": number}
        st.dataframe(table, hide_index=True, width=PANEL_WIDTH + 80, column_config=config)


def _attend(view: View, record: BlockRecord, steps: Lesson) -> None:
    text, shown = _step("4. Attend among super tokens", r"a = \sum_k Q_{nk} \, A(S)_k")
    with text:
        best = int(np.argmax(steps.mixed))
        st.write(
            f"A(S) is plain attention among {record.grid.num_super_tokens} super tokens. The token takes the rows of "
            f"its own super tokens, weighted as in step 2. Most goes to super token {best} ({steps.mixed[best]:.3f})."
        )
    with shown:
        values = steps.mixed.reshape(record.grid.rows, record.grid.columns)
        pixels = _stride(view, record) * record.grid.cell_size[0]
        figure = attention_map(view.picture.shown, values, None, token_pixels=pixels, relative=False)
        st.plotly_chart(figure, key="lesson_attend", width="content", config={"displayModeBar": False})


def _map_back(view: View, record: BlockRecord, anchor: Anchor, steps: Lesson) -> None:
    text, shown = _step("5. Map back to tokens", r"\text{row}_{n'} = \sum_k a_k \, \hat Q_{n'k}")
    with text:
        st.write(
            f"Every token receives from its own nine super tokens by its share of them. The result is one row of the "
            f"N x N attention Q A(S) Q̂ᵀ: {len(steps.row):,} numbers that sum to {steps.row.sum():.3f}."
        )
    with shown:
        values = steps.row.reshape(record.grid.height, record.grid.width)
        figure = attention_map(view.picture.shown, values, anchor, token_pixels=_stride(view, record))
        st.plotly_chart(figure, key="lesson_row", width="content", config={"displayModeBar": False})


def _step(title: str, formula: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Draw a step's title and formula, and return the places of its text and of its picture."""
    st.markdown(f"#### {title}")
    with st.container(horizontal=True, gap="large"):
        text, shown = st.container(width=420), st.container(width=PANEL_WIDTH + 80)
    with text:
        st.latex(formula)
    return text, shown


def _table(record: BlockRecord, steps: Lesson, names: list[str]) -> pd.DataFrame:
    wide = record.grid.columns
    places = ["phantom" if k < 0 else f"{k} ({k // wide}, {k % wide})" for k in steps.neighbours]
    columns = dict(zip(names, (steps.dot_products, steps.logits, steps.weights), strict=True))
    return pd.DataFrame({"super token (row, column)": places} | {name: v.round(4) for name, v in columns.items()})


def _stride(view: View, record: BlockRecord) -> int:
    return view.picture.framing.stride(record.grid)


show()
