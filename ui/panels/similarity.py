"""How alike blocks and heads are: the CKA matrix of all blocks, and the matrix of the heads of one."""

import numpy as np
import streamlit as st

from analysis.attention.kinds import ALL_PAIRS_TOKENS, KINDS
from analysis.backbones import BackboneRecord
from analysis.commands.views.similarity import SimilarityView
from analysis.figures.matrix_values import MatrixChart
from analysis.figures.screen.matrix import matrix_chart
from analysis.reports.report import Report
from analysis.reports.similarity import PAIRS, cka_chart, pairs_chart, similarity_report
from stvit import BlockId, BlockRecord
from ui import keys
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of
from ui.panels.panel import chart, note
from ui.view.view import BY_KEY, View

MATRIX_WIDTH = 490
"""CSS pixels."""


def show_similarity(view: View, record: BlockRecord | BackboneRecord, kind: str = "super") -> None:
    """Draw the CKA matrix of all blocks, and how alike the heads of one are, pair by pair.

    Args:
        view: Picture and model.
        record: The block whose heads are compared.
        kind: Of attention, a name of `analysis.attention.kinds.KINDS`.
    """
    st.markdown("#### How alike are blocks, and heads?")
    if not st.toggle("Compare blocks and heads", key=keys.SIMILARITY, bind="query-params", persist_state="session"):
        return
    quick = KINDS[kind].quick or record.grid.num_tokens <= ALL_PAIRS_TOKENS
    compared = kind if quick else "super"
    with st.container(horizontal=True, gap="small"):
        with st.container(width=MATRIX_WIDTH):
            st.markdown(
                "**CKA of all blocks**",
                help="Linear CKA of the tokens that enter each block's attention, over the same places; 1: alike up to "
                "a turn and a scale.",
            )
            blocks = _blocks(view)
            chart(matrix_chart(blocks), "cka", "CKA of all blocks")
            _say_left_out(blocks)
        with st.container(width=MATRIX_WIDTH):
            quantity = _choose_quantity()
            if record.heads < 2:
                st.info("A single head has no other heads to differ from.", icon=":material/info:")
                return
            heads = _heads(view, record.id, compared, quantity)
            st.markdown(f"**{heads.title}**")
            chart(matrix_chart(heads), "head_pairs", heads.title)
    _offer(view, record.id, compared, quantity)


def _choose_quantity() -> str:
    chosen = st.segmented_control(
        "Heads compared by",
        list(PAIRS),
        format_func=PAIRS.__getitem__,
        default="cosine",
        required=True,
        key=keys.SIMILARITY_QUANTITY,
        bind="query-params",
        persist_state="session",
    )
    return chosen or "cosine"


@st.cache_resource(max_entries=16, show_spinner="Comparing all blocks ...", hash_funcs=BY_KEY)
def _blocks(view: View) -> MatrixChart:
    return cka_chart(view.records)


@st.cache_resource(max_entries=32, show_spinner="Comparing the heads ...", hash_funcs=BY_KEY)
def _heads(view: View, block: BlockId, kind: str, quantity: str) -> MatrixChart:
    return pairs_chart(view.records[block], kind, quantity)


def _say_left_out(blocks: MatrixChart) -> None:
    if not np.isfinite(blocks.values).all():
        note("Blocks of fewer than 16 tokens are left out: CKA of so few tokens is noise.")


def _offer(view: View, block: BlockId, kind: str, quantity: str) -> None:
    settings = SimilarityView(
        **picture_options(view), **block_options(view.records[block]), attention=kind, quantity=quantity
    )

    def report() -> Report:
        return similarity_report(subject_of(view), [_blocks(view), _heads(view, block, kind, quantity)])

    Export(file_name(view, "similarity"), report, settings, "every pair of blocks and of heads").offer("similarity")
