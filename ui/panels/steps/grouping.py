"""The first steps: tokens find their super tokens."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from analysis.figures.canvas import Neighbourhood, Panel
from analysis.figures.paint import draw_boundaries
from analysis.figures.screen.candidates import candidates_map
from analysis.figures.screen.heat import picture
from analysis.one_token.steps import steps_table
from ui.markdown import unbroken
from ui.panels.steps.shown import Shown, Step

SUPER_TOKEN = "super token"

TABLE_WIDTH, FIRST_WIDTH = 300, 102
"""CSS pixels of a table, as wide as the words beside the picture, and of its first column."""


def _tell_pool(shown: Shown) -> None:
    grid, anchor = shown.record.grid, shown.anchor
    sizes = (
        f"The {grid.height} × {grid.width} tokens are cut into {grid.rows} × {grid.columns} cells of "
        f"{grid.cell_size[0]} × {grid.cell_size[1]}."
    )
    st.write(
        f"{unbroken(sizes)} The mean of each cell is the first guess of a super token. "
        f"The token ({anchor.row}, {anchor.column}) lies in cell {shown.cell}."
    )


def _draw_pool(shown: Shown) -> go.Figure:
    grid = shown.record.grid
    cells = grid.cell_index.reshape(grid.height, grid.width).numpy()
    return picture(replace(shown.canvas, shown=draw_boundaries(shown.view.picture.shown, cells)))


def _tell_compare(shown: Shown) -> None:
    channels, phantoms = shown.record.tokens.shape[1], shown.steps.phantoms
    st.write(
        f"The token is compared with the nine super tokens around it: dot products over C = {channels} channels, "
        f"divided by √C = {channels**0.5:.2f}."
    )
    if phantoms.any():
        st.write(f"{phantoms.sum()} of the nine lie outside the grid. These phantoms have logit 0.")
    _show_table(shown, {"dot_product": ("x · s", "%.2f"), "logit": ("logit", "%.3f")})


def _draw_compare(shown: Shown) -> go.Figure:
    return _candidates(shown, shown.steps.logits, "logit", signed=True)


def _tell_soften(shown: Shown) -> None:
    steps = shown.steps
    st.write(
        "A softmax over the nine turns logits into weights that sum to 1: the token's row of Q, its association. "
        f"It belongs most to super token {steps.heaviest}, with {steps.weights[~steps.phantoms].max():.3f}."
    )
    if steps.phantoms.any():
        lost = steps.weights[steps.phantoms].sum()
        st.write(f"The phantoms take {lost:.3f} of the mass, which is lost.")
    _show_table(shown, {"logit": ("logit", "%.3f"), "weight": ("weight", "%.4f")})


def _draw_soften(shown: Shown) -> go.Figure:
    return _candidates(shown, shown.steps.weights, "weight")


def _tell_normalise(shown: Shown) -> None:
    st.write(
        "Each super token becomes a weighted mean of tokens: a weight is divided by the sum of all weights that "
        "the super token receives. So this token is a small part of each of its super tokens. The picture shows "
        f"all parts of super token {shown.steps.heaviest}; they sum to {shown.steps.members.sum():.3f}."
    )
    columns = {"weight": ("weight", "%.4f"), "column_sum": ("sum", "%.2f"), "share": ("share", "%.5f")}
    _show_table(shown, columns)


def _draw_normalise(shown: Shown) -> go.Figure:
    return shown.map_of(shown.steps.members, f"share in super token {shown.steps.heaviest}")


def _show_table(shown: Shown, columns: dict[str, tuple[str, str]]) -> None:
    """Show columns of the nine candidates, each with its title and format; phantoms by name.

    All columns fit beside the picture, where the last one would else be out of sight.
    """
    table = steps_table(shown.record, shown.steps)
    named = [f"{k} ({r}, {c})" if k >= 0 else "phantom" for k, r, c in table[["super_token", "row", "column"]].values]
    chosen = table[list(columns)]
    chosen.insert(0, SUPER_TOKEN, named)
    width = (TABLE_WIDTH - FIRST_WIDTH) // len(columns)
    config = {SUPER_TOKEN: st.column_config.TextColumn(width=FIRST_WIDTH, help="Its number, row and column.")}
    for name, (title, form) in columns.items():
        config[name] = st.column_config.NumberColumn(title, format=form, width=width)
    st.dataframe(chosen, hide_index=True, column_config=config)


def _candidates(shown: Shown, values: np.ndarray, quantity: str, *, signed: bool = False) -> go.Figure:
    grid, stride = shown.record.grid, shown.record.id.stride
    around = Neighbourhood(
        divmod(shown.cell, grid.columns),
        (grid.cell_size[0] * stride, grid.cell_size[1] * stride),
        shown.steps.phantoms,
    )
    return candidates_map(shown.canvas, around, Panel("", values.reshape(3, 3), quantity, signed=signed))


GROUPING = (
    Step("Average the tokens of each cell", r"s_m = \frac{1}{|c_m|} \sum_{n \in c_m} x_n", _tell_pool, _draw_pool),
    Step("Nine dot products", r"\ell_{nk} = x_n \cdot s_k \,/ \sqrt{C}", _tell_compare, _draw_compare),
    Step("Softmax", r"Q_{nk} = \operatorname{softmax}_k \, \ell_{nk}", _tell_soften, _draw_soften),
    Step("Normalise the columns", r"\hat Q_{nk} = Q_{nk} \,/ \sum_{n'} Q_{n'k}", _tell_normalise, _draw_normalise),
)
"""The steps that make Q, in order."""
