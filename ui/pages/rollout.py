"""Rollout: where in the picture the content of a deep token, or of the prediction, comes from."""

from typing import Any

import streamlit as st

from analysis.commands.views.rollout import RollOut
from analysis.figures.screen.heat import Anchor, attention_map, picture
from analysis.figures.screen.rollout import rollout_map
from analysis.figures.style import ANCHOR_COLOUR, KIND_COLOURS, PANEL_WIDTH
from analysis.relevance.class_gradient import ClassGradients, class_gradients
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import Rollout, rollout
from analysis.reports.pictures import rollout_options, rollout_report
from stvit import BlockId, BlockRecord
from ui.panels.export import Export, block_options, file_name, offer, picture_options, subject_of
from ui.panels.panel import heading
from ui.panels.pickers import choose_anchor, choose_block
from ui.view.view import View, current_view

PLAIN = "attention alone"
STARTS = {"pooled": "the prediction (all tokens)", "token": "one token"}
OFFERED_CLASSES = 10


def show() -> None:
    """Draw the page."""
    view = current_view()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.segmented_control(
            "Start from", list(STARTS), format_func=STARTS.__getitem__, default="pooled", required=True,
            key="rollout_start", persist_state="session",
        )  # fmt: skip
        source, anchor = _choose_source(view, start)
        target = _choose_class(view)
        convolutions = st.toggle(
            "Convolutions spread it", value=True, key="rollout_convolutions", persist_state="session",
            help="Count the footprint of the depthwise convolutions inside the blocks; off, they pass tokens straight.",
        )  # fmt: skip
        place = st.container(width="content")
    token = None if anchor is None else source.grid.token(anchor.row, anchor.column)
    found = _rollout((view.key, str(target), str(convolutions)), source.id, token, view, target, convolutions)
    with place:
        _offer(view, source, anchor, found, target, convolutions)
    _explain(view, source, anchor, target, found)
    _show_maps(view, source, anchor, found)


def _choose_source(view: View, start: str) -> tuple[BlockRecord, Anchor | None]:
    """Return where to start: the last block as a whole, or a token of a block that is chosen."""
    if start == "pooled":
        return list(view.capture.values())[-1], None
    record = choose_block(view.capture)
    return record, choose_anchor(record.grid)


def _choose_class(view: View) -> int | None:
    """Draw the choice of a class whose gradient weighs the attention; None is attention alone."""
    logits, names = view.capture.logits[0], view.handle.model.class_names
    top = (
        logits.topk(min(OFFERED_CLASSES, len(logits))).indices.tolist() if view.handle.model.config.num_classes else []
    )
    label = {str(index): names[index] if names else f"class {index}" for index in top}
    chosen = st.selectbox(
        "Weighted by", [PLAIN, *label], format_func=lambda key: label.get(key, PLAIN), width=220,
        key=f"rollout_class_{view.handle.digest}", persist_state="session",
        help="A class weighs each head by how much its attention speaks for that class (Chefer et al., 2021).",
    )  # fmt: skip
    return None if chosen == PLAIN else int(chosen)


@st.cache_resource(max_entries=8, show_spinner=False)
def _footprints(digest: str, _view: View) -> Footprints:
    return Footprints.of(_view.handle.model)


@st.cache_resource(max_entries=8, show_spinner="Following the gradient of the class ...")
def _gradients(view_key: str, target: int, _view: View) -> ClassGradients:
    return class_gradients(_view.handle.model, _view.picture.pixels, target)


@st.cache_resource(max_entries=32, show_spinner="Rolling the attention out ...")
def _rollout(
    key: tuple[str, ...], source: BlockId, token: int | None, _view: View, _target: int | None, _convolutions: bool
) -> Rollout:
    footprints = _footprints(_view.handle.digest, _view)
    weights = None if _target is None else _gradients(_view.key, _target, _view)
    used = footprints if _convolutions else footprints.without_depthwise()
    return rollout(_view.capture, used, source, token, weights=weights)


def _offer(
    view: View, source: BlockRecord, anchor: Anchor | None, found: Rollout, target: int | None, convolutions: bool
) -> None:
    """Offer what is shown as files."""
    place = None if anchor is None else (anchor.row, anchor.column)
    start_options: dict[str, Any] = (
        {} if place is None else block_options(source) | {"row": place[0], "column": place[1]}
    )
    settings = RollOut(**picture_options(view), **start_options, target=target, no_convolutions=not convolutions)
    report = rollout_report(subject_of(view), found, source, place, rollout_options(target, convolutions))
    start = (
        "pooled" if place is None else f"stage{source.id.stage + 1}-block{source.id.block + 1}-{place[0]}-{place[1]}"
    )
    offer(Export(file_name(view, "rollout", start), report, settings, "the relevance of each place"))


def _explain(view: View, source: BlockRecord, anchor: Anchor | None, target: int | None, found: Rollout) -> None:
    where = "the pooled output" if anchor is None else f"token ({anchor.row}, {anchor.column}) of {source.id.caption}"
    kept = f"mass kept on the way {found.mass:.2f}" if target is None else f"relevance {found.mass:.2g} in logits"
    st.caption(
        f"{view.handle.title} · from {where} · {kept} · a linearisation: half of each residual branch, heads averaged, "
        "convolutions by the size of their weights"
    )


def _show_maps(view: View, source: BlockRecord, anchor: Anchor | None, found: Rollout) -> None:
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=PANEL_WIDTH):
            heading("Picture", ANCHOR_COLOUR, "where one starts" if anchor else "as the model sees it")
            figure = picture(view.picture.shown, anchor, source.id.stride)
            st.plotly_chart(figure, key="rollout_picture", width="content", config={"displayModeBar": False})
        with st.container(width=PANEL_WIDTH):
            heading("Pixels", KIND_COLOURS["super"], "relevance, summed over 4 x 4 pixels")
            figure = rollout_map(view.picture.shown, found.pixels.numpy(), anchor, anchor_pixels=source.id.stride)
            st.plotly_chart(figure, key="rollout_pixels", width="content", config={"displayModeBar": False})
        for stage in range(found.source.stage + 1):
            tokens = found.tokens(stage)
            with st.container(width=PANEL_WIDTH):
                heading(
                    f"Into stage {stage + 1}", KIND_COLOURS["super"], f"{tokens.shape[0]} x {tokens.shape[1]} tokens"
                )
                pixels = BlockId(stage, 0).stride
                figure = attention_map(
                    view.picture.shown, tokens.numpy(), None, token_pixels=pixels, quantity="relevance"
                )
                st.plotly_chart(figure, key=f"rollout_{stage}", width="content", config={"displayModeBar": False})


show()
