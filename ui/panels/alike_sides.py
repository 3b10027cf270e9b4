"""How alike the blocks of two models are: the CKA of each of one with each of the other, on the same picture."""

from collections.abc import Sequence

import streamlit as st

from analysis.commands.model_names import model_word
from analysis.commands.views.similarity import SimilarityView
from analysis.figures.matrix_values import MatrixChart
from analysis.figures.screen.matrix import matrix_chart
from analysis.redundancy.cka import LEAST_TOKENS
from analysis.reports.report import Report
from analysis.reports.similarity import cka_chart, similarity_report
from ui.panels.export import Export, file_name, picture_options, subject_of
from ui.panels.panel import chart
from ui.panels.sides import OneSide
from ui.view.view import BY_KEY, View


def show_alike_sides(sides: Sequence[OneSide]) -> None:
    """Draw a CKA matrix of the first side with each other one that sees the same picture at the same size."""
    first = sides[0]
    others = [one for one in sides[1:] if _same_places(first.view, one.view)]
    if not others:
        return
    st.markdown(
        "#### How alike are their blocks?",
        help="Linear CKA of the tokens that enter each block's attention, over the same places; 1: alike up to a turn "
        f"and a scale. Blocks of fewer than {LEAST_TOKENS} tokens are left out.",
    )
    for number, (column, other) in enumerate(zip(st.columns(2, gap="medium"), others, strict=False)):
        with column:
            chart(matrix_chart(blocks_between(first, other)), f"cka_{number}")
            _offer(first, other)


def _same_places(first: View, other: View) -> bool:
    one, two = first.picture, other.picture
    return one.source.sha256 == two.source.sha256 and one.shown.shape == two.shown.shape


def blocks_between(first: OneSide, other: OneSide) -> MatrixChart:
    """Return how alike the blocks of two sides are."""
    return _between(first.view, other.view, (first.title, other.title))


@st.cache_resource(max_entries=16, show_spinner="Comparing all blocks ...", hash_funcs=BY_KEY)
def _between(first: View, other: View, titles: tuple[str, str]) -> MatrixChart:
    return cka_chart(first.records, other.records, titles)


def _offer(first: OneSide, other: OneSide) -> None:
    settings = SimilarityView(**picture_options(first.view), other=model_word(other.view.handle.options))

    def report() -> Report:
        return similarity_report(subject_of(first.view), [blocks_between(first, other)])

    stem = file_name(first.view, "similarity", other.title)
    Export(stem, report, settings, "every pair of blocks").offer(f"similarity to {other.title}")
