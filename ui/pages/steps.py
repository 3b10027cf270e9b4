"""Steps: one token through super token attention, with its real numbers."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.answers.steps import output_answer, steps_answer
from analysis.commands.views.steps import Steps
from analysis.reports.pictures import steps_report
from analysis.reports.report import Report
from stvit import BlockRecord
from stvit.captions import head_caption, no_super_tokens, where_super_tokens
from ui.panels.answer import asked
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of, token_options
from ui.panels.panel import caption
from ui.panels.pickers import choose_anchor, choose_block, choose_head
from ui.panels.steps.shown import Shown, follow
from ui.panels.steps.walk import choose_step, show_step
from ui.view.view import View

QUESTION = "What happens to one token inside a block?"


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        record = choose_block(view.capture)
        head = choose_head(record)
        anchor = choose_anchor(record.grid)
        export = st.container(width="content")
    if record.grid.is_identity:
        _explain_identity(view, record)
        return
    step = choose_step()
    shown = follow(view, record, head, anchor)
    caption(
        view,
        record.id.caption,
        head_caption(head, record.heads),
        f"token ({anchor.row}, {anchor.column}), real numbers",
    )
    answer.say(_answer(shown))  # pinned with what has been described
    show_step(shown, step)
    _offer(shown, export)


def _explain_identity(view: View, record: BlockRecord) -> None:
    st.info(
        f"{no_super_tokens(record.id.caption, record.own_window)} There is nothing to pool, compare or map back. "
        f"{where_super_tokens(view.handle.model.config.super_token_stages)}",
        icon=":material/info:",
    )


def _answer(shown: Shown) -> str:
    steps, output = shown.steps, shown.output
    weight, lost = float(steps.weights[~steps.phantoms].max()), float(steps.weights[steps.phantoms].sum())
    looks_at = int(np.argmax(steps.mixed))
    grouped = steps_answer(steps.heaviest, weight, lost, looks_at, float(steps.mixed[looks_at]))
    return f"{grouped} {output_answer(output.shares[:-1].tolist(), output.added_norm, output.residual_norm)}"


def _offer(shown: Shown, export: DeltaGenerator) -> None:
    """Offer the steps as files."""
    view, block, token, head = shown.view, shown.record.id, shown.steps.token, shown.head
    steps, output = shown.steps, shown.output
    settings = Steps(
        **picture_options(view), **block_options(shown.record), head=head, **token_options(shown.record, token)
    )
    name = file_name(view, "steps", f"stage{block.stage + 1}", f"block{block.block + 1}", f"token{token}")

    def report() -> Report:
        return steps_report(subject_of(view), view.capture[block], steps, output, head)

    with export:
        Export(name, report, settings, "the nine candidates, and all arrays").offer()
