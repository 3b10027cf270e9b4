"""One token through super token attention, step by step: formula, text with its real numbers, and picture."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.answers.steps import steps_answer
from analysis.commands.views.steps import Steps
from analysis.figures.canvas import Anchor, Canvas, Neighbourhood, Panel
from analysis.figures.paint import draw_boundaries
from analysis.figures.screen.candidates import candidates_map
from analysis.figures.screen.heat import heat_map, picture
from analysis.figures.style import PANEL_WIDTH
from analysis.one_token.steps import TokenSteps, steps_table, token_steps
from analysis.reports.pictures import steps_report
from analysis.reports.report import Report
from stvit import BlockId, BlockRecord
from stvit.captions import head_caption, no_super_tokens
from ui.panels.answer import Answer
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of, token_options
from ui.panels.panel import caption, chart
from ui.view.view import View

TEXT_WIDTH = 400
"""CSS pixels; text and picture stand side by side where the window has room for both."""


def show_steps(
    view: View, record: BlockRecord, head: int | None, anchor: Anchor, answer: Answer, export: DeltaGenerator
) -> None:
    """Draw the steps of one token, or say why there are none.

    Args:
        view: Picture and model.
        record: The block.
        head: Which head of A(S), None for the mean.
        anchor: The token.
        answer: The place of the page's answer.
        export: Where to offer the steps as files.
    """
    if record.grid.is_identity:
        _explain_identity(record)
        return
    token = record.grid.token(anchor.row, anchor.column)
    found = token_steps(record, token, head, view.handle.model.config.num_iters[record.id.stage])
    _offer(view, record.id, token, head, found, export)
    _say(answer, found)
    caption(
        view,
        record.id.caption,
        head_caption(head, record.heads),
        f"token ({anchor.row}, {anchor.column}), real numbers",
    )
    _pool(view, record, anchor)
    for step in (_compare, _soften, _normalise, _attend, _map_back):
        step(view, record, anchor, found)


def _offer(view: View, block: BlockId, token: int, head: int | None, found: TokenSteps, export: DeltaGenerator) -> None:
    """Offer the steps as files."""
    record = view.capture[block]
    settings = Steps(**picture_options(view), **block_options(record), head=head, **token_options(record, token))
    name = file_name(view, "steps", f"stage{block.stage + 1}", f"block{block.block + 1}", f"token{token}")

    def report() -> Report:
        return steps_report(subject_of(view), view.capture[block], found, head)

    with export:
        Export(name, report, settings, "the nine candidates, and all arrays").offer()


def _say(answer: Answer, steps: TokenSteps) -> None:
    weight, lost = float(steps.weights[~steps.phantoms].max()), float(steps.weights[steps.phantoms].sum())
    looks_at = int(np.argmax(steps.mixed))
    answer.say(steps_answer(steps.heaviest, weight, lost, looks_at, float(steps.mixed[looks_at])))


def _explain_identity(record: BlockRecord) -> None:
    st.info(
        f"{no_super_tokens(record.id.caption, record.own_window)} There is nothing to pool, compare or map back; "
        "choose stage 1 or 2 to follow a token through its super tokens.",
        icon=":material/info:",
    )


def _pool(view: View, record: BlockRecord, anchor: Anchor) -> None:
    grid = record.grid
    text, shown = _step("1. Average the tokens of each cell", r"s_m = \frac{1}{|c_m|} \sum_{n \in c_m} x_n")
    with text:
        st.write(
            f"The {grid.height} x {grid.width} tokens are cut into {grid.rows} x {grid.columns} cells of "
            f"{grid.cell_size[0]} x {grid.cell_size[1]}. The mean of each cell is the first guess of a super token. "
            f"The token ({anchor.row}, {anchor.column}) lies in cell {_cell(record, anchor)}."
        )
    with shown:
        cells = grid.cell_index.reshape(grid.height, grid.width).numpy()
        canvas = replace(_canvas(view, record, anchor), shown=draw_boundaries(view.picture.shown, cells))
        chart(picture(canvas), "steps_pool")


def _compare(view: View, record: BlockRecord, anchor: Anchor, steps: TokenSteps) -> None:
    text, shown = _step("2. Nine dot products", r"\ell_{nk} = x_n \cdot s_k \,/ \sqrt{C}")
    with text:
        channels = record.tokens.shape[1]
        st.write(
            f"The token is compared with the nine super tokens around it: dot products over C = {channels} channels, "
            f"divided by √C = {channels**0.5:.2f}."
        )
        if steps.phantoms.any():
            st.write(f"{steps.phantoms.sum()} of the nine lie outside the grid. These phantoms have logit 0.")
        _show_table(record, steps, {"dot_product": "x · s", "logit": "logit"})
    with shown:
        chart(_candidates(view, record, anchor, steps, steps.logits, "logit", signed=True), "steps_logits")


def _soften(view: View, record: BlockRecord, anchor: Anchor, steps: TokenSteps) -> None:
    text, shown = _step("3. Softmax", r"Q_{nk} = \operatorname{softmax}_k \, \ell_{nk}")
    with text:
        st.write(
            "A softmax over the nine turns logits into weights that sum to 1: the token's row of Q, its association. "
            f"It belongs most to super token {steps.heaviest}, with {steps.weights[~steps.phantoms].max():.3f}."
        )
        if steps.phantoms.any():
            lost = steps.weights[steps.phantoms].sum()
            st.write(f"The phantoms take {lost:.3f} of the mass, which is lost.")
        _show_table(record, steps, {"logit": "logit", "weight": "weight"})
    with shown:
        chart(_candidates(view, record, anchor, steps, steps.weights, "weight"), "steps_weights")


def _normalise(view: View, record: BlockRecord, anchor: Anchor, steps: TokenSteps) -> None:
    text, shown = _step("4. Normalise the columns", r"\hat Q_{nk} = Q_{nk} \,/ \sum_{n'} Q_{n'k}")
    with text:
        st.write(
            "Each super token becomes a weighted mean of tokens: a weight is divided by the sum of all weights that "
            "the super token receives. So this token is a small part of each of its super tokens. The picture shows "
            f"all parts of super token {steps.heaviest}; they sum to {steps.members.sum():.3f}."
        )
        _show_table(record, steps, {"weight": "weight", "column_sum": "column sum", "share": "share"})
    with shown:
        chart(_map(view, record, anchor, steps.members, f"share in super token {steps.heaviest}"), "steps_members")


def _attend(view: View, record: BlockRecord, anchor: Anchor, steps: TokenSteps) -> None:
    text, shown = _step("5. Attend among super tokens", r"a = \sum_k Q_{nk} \, A(S)_k")
    with text:
        best = int(np.argmax(steps.mixed))
        st.write(
            f"A(S) is plain attention among {record.grid.num_super_tokens} super tokens. The token takes the rows of "
            f"its own super tokens, weighted as in step 3. Most goes to super token {best} ({steps.mixed[best]:.3f})."
        )
    with shown:
        values = steps.mixed[record.grid.cell_index.numpy()]  # each super token drawn on its cell
        chart(_map(view, record, anchor, values, "attention to the super token"), "steps_attend")


def _map_back(view: View, record: BlockRecord, anchor: Anchor, steps: TokenSteps) -> None:
    text, shown = _step("6. Map back to tokens", r"\text{row}_{n'} = \sum_k a_k \, \hat Q_{n'k}")
    with text:
        st.write(
            "Upsampling: every token receives from its own nine super tokens by its share of them. The result is one "
            f"row of the N x N attention Q A(S) Q̂ᵀ: {len(steps.row):,} numbers that sum to {steps.row.sum():.3f}."
        )
    with shown:
        chart(_map(view, record, anchor, steps.row, "attention", relative=True), "steps_row")


def _step(title: str, formula: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Draw a step's title and formula, and return the containers of its text and of its picture."""
    st.markdown(f"#### {title}")
    with st.container(horizontal=True, gap="large"):
        text, shown = st.container(width=TEXT_WIDTH), st.container(width=PANEL_WIDTH)
    with text:
        st.latex(formula)
    return text, shown


def _show_table(record: BlockRecord, steps: TokenSteps, columns: dict[str, str]) -> None:
    """Show columns of the nine candidates under other names; phantoms by name."""
    table = steps_table(record, steps)
    named = [f"{k} ({r}, {c})" if k >= 0 else "phantom" for k, r, c in table[["super_token", "row", "column"]].values]
    shown = table[list(columns)].rename(columns=columns)
    shown.insert(0, "super token (row, column)", named)
    number = st.column_config.NumberColumn(format="%.4g")
    st.dataframe(shown, hide_index=True, column_config=dict.fromkeys(columns.values(), number))


def _candidates(
    view: View,
    record: BlockRecord,
    anchor: Anchor,
    steps: TokenSteps,
    values: np.ndarray,
    quantity: str,
    *,
    signed: bool = False,
) -> go.Figure:
    stride = record.id.stride
    around = Neighbourhood(
        divmod(_cell(record, anchor), record.grid.columns),
        (record.grid.cell_size[0] * stride, record.grid.cell_size[1] * stride),
        steps.phantoms,
    )
    panel = Panel("", values.reshape(3, 3), quantity, signed=signed)
    return candidates_map(_canvas(view, record, anchor), around, panel)


def _map(
    view: View, record: BlockRecord, anchor: Anchor, values: np.ndarray, quantity: str, *, relative: bool = False
) -> go.Figure:
    panel = Panel("", values.reshape(record.grid.height, record.grid.width), quantity)
    return heat_map(_canvas(view, record, anchor), panel, relative=relative)


def _canvas(view: View, record: BlockRecord, anchor: Anchor) -> Canvas:
    return Canvas(view.picture.shown, record.id.stride, anchor)


def _cell(record: BlockRecord, anchor: Anchor) -> int:
    """Return the cell that holds the token."""
    return int(record.grid.cell_index[record.grid.token(anchor.row, anchor.column)])
