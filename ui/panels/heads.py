"""Every head of every block in one metric: the matrix, its extremes, and the map of the head that is chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
import torch

from analysis.answers.redundancy import place_answer
from analysis.attention.kinds import KINDS
from analysis.commands.views.redundancy import COLOURS, OF_HEADS
from analysis.figures.canvas import Canvas
from analysis.figures.ledger_values import HeadValue, HeadValues
from analysis.figures.numbers import percent, significant
from analysis.figures.screen.heads import head_matrix
from analysis.figures.screen.heat import heat_map
from analysis.figures.style import no_values
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.expense import exact_seconds
from analysis.redundancy.groups import FIRST, grouped, listed_title
from analysis.reports.charts import Matrix, of_head, token_panel, token_values
from analysis.sweeps.reference import Bands
from stvit import BlockId
from stvit.captions import block_short, head_caption
from ui import keys
from ui.panels.panel import chart, heading, note, slot
from ui.panels.pickers import choose_block, choose_head, keep_valid, open_head
from ui.panels.work import PATIENCE, Progress, worked
from ui.view.store import STORE, this_session
from ui.view.view import BY_KEY, View

METRICS = grouped(name for name in OF_HEADS if not CATALOGUE[name].is_estimate)

EXTREMES = 3
"""So many heads are listed at each end."""

SCROLLS = "<style>.st-key-matrix {{max-width: 100%; overflow-x: auto}} .st-key-matrix > * {{min-width: {}px}}</style>"
"""A matrix that is wider than the window scrolls within its own frame; Streamlit would squeeze it."""


@dataclass(frozen=True)
class ChosenHead:
    """What is shown of the heads.

    Attributes:
        metric: Name in the catalogue.
        attention: Kind of attention.
        block: Block whose tokens are mapped.
        head: Its head, None for the mean.
        colours: A name of `COLOURS`.
    """

    metric: str
    attention: str
    block: BlockId
    head: int | None
    colours: str


def choose_heads(view: View, attentions: Sequence[str]) -> ChosenHead:
    """Draw the choices of what the matrix shows."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = st.selectbox(
            "Metric",
            METRICS,
            format_func=listed_title,
            key=keys.MATRIX_METRIC,
            bind="query-params",
            persist_state="session",
            width=300,
        )
        keep_valid(keys.MATRIX_ATTENTION, attentions)
        attention = st.segmented_control(
            "Of",
            attentions,
            default=attentions[0],
            required=True,
            format_func=lambda name: KINDS[name].short,
            key=keys.MATRIX_ATTENTION,
            bind="query-params",
            persist_state="session",
        )
        colours = st.segmented_control(
            "Colours compare",
            COLOURS,
            default=COLOURS[0],
            required=True,
            format_func={"stage": "heads of a stage", "all": "all heads"}.__getitem__,
            key=keys.MATRIX_COLOURS,
            bind="query-params",
            persist_state="session",
            help="Most metrics change with the number of tokens, so from stage to stage; within a stage heads compare.",
        )
        record = choose_block(view.records)
        head = choose_head(record)
    return ChosenHead(metric or FIRST[0], attention or attentions[0], record.id, head, colours or COLOURS[0])


def show_heads(view: View, found: HeadValues, chosen: ChosenHead, bands: Bands | None) -> bool:
    """Draw extremes, matrix and map; return whether the map could be shown or there is none."""
    metric = CATALOGUE[chosen.metric]
    mapped = " Click a square to see where in the picture it comes from." if metric.scope == "token" else ""
    hollow = " Hollow squares are estimates." if found.estimates.any() else ""
    note(f"{metric.sentence}{mapped}{hollow} {_usual(found, chosen, bands)}")
    if not found.values.size:
        st.info(f"{no_values(metric.title)} A sample of tokens cannot tell it, or it has no heads to compare.")
        return True
    _show_extremes(found, metric.redundant)
    with st.container(horizontal=True, gap="medium"):
        with st.container(key="matrix", width="content"):
            _show_matrix(found, chosen)
        with slot():
            if chosen.block not in found.blocks:
                st.info(_why_missing(view.capture[chosen.block].heads), icon=":material/info:")
                return True
            return _show_map(view, chosen)


Kept = Callable[[], np.ndarray | None]
"""Returns the values of a map that took long, if they are kept."""


def kept_map(view: View, chosen: ChosenHead) -> Kept:
    """Return what finds a map that took long; call it while the page is drawn, where the session is known."""
    return partial(STORE.find, _key(view, chosen), this_session())


def matrix_of(view: View, chosen: ChosenHead, kept: Kept, *, with_map: bool = True) -> Matrix:
    """Return what is shown as a report takes it; the map is made again if the server had to drop it."""
    record = view.records[chosen.block]
    values = None
    if with_map and CATALOGUE[chosen.metric].scope == "token":
        values = kept()
        if values is None:
            values = _quick_values(view, chosen.attention, chosen.metric, chosen.block)
    mapped = None if values is None else of_head(values, chosen.head, record)
    return Matrix(chosen.metric, chosen.attention, record, chosen.head, mapped, chosen.colours == COLOURS[0])


def _why_missing(heads: int) -> str:
    """Return why a block has no value of a metric that other blocks have."""
    if heads == 1:
        return "This block has a single head, and no other to differ from."
    return "A sample of tokens cannot tell this metric in this block; measure all tokens to know it."


def _usual(found: HeadValues, chosen: ChosenHead, bands: Bands | None) -> str:
    """Say where the chosen head stands among many pictures, if that is known."""
    if bands is None or chosen.block not in found.blocks:
        return ""
    column = found.values[:, found.blocks.index(chosen.block)]
    value = float(np.nanmean(column) if chosen.head is None else column[chosen.head])
    return place_answer(bands, chosen.metric, chosen.block, chosen.head, value, chosen.attention)


def _show_extremes(found: HeadValues, redundant: str | None) -> None:
    """List the heads at both ends; a click opens one."""
    ranked = found.ranked()
    count = min(EXTREMES, len(ranked) // 2)
    low, high = ranked[:count], ranked[::-1][:count]
    names = ("Least redundant", "Most redundant") if redundant else ("Lowest", "Highest")
    ends = {names[0]: high, names[1]: low} if redundant == "low" else {names[0]: low, names[1]: high}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for name in reversed(names):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                st.markdown(f"{name}:", width="content")
                for one in ends[name]:
                    _extreme(one, name, found.unit)


def _extreme(one: HeadValue, name: str, unit: str) -> None:
    stage, block, head, value = one
    st.button(
        f"{block_short(stage, block)} head {head + 1}: {significant(value)}",
        key=f"{name}_{stage}_{block}_{head}",
        help=f"{value:.6g} {unit}. Open it.",
        type="tertiary",
        on_click=open_head,
        args=(BlockId(stage, block), head),
    )


def _show_matrix(found: HeadValues, chosen: ChosenHead) -> None:
    block, head = chosen.block, chosen.head
    figure = head_matrix(found, chosen=(*block, head), per_stage=chosen.colours == COLOURS[0])
    # Another chart for each choice: a square that was clicked before can then be clicked again.
    key = f"matrix_{block.stage}_{block.block}_{head}"
    st.html(SCROLLS.format(figure.layout.width))
    title = f"{CATALOGUE[chosen.metric].title} of every head, {KINDS[chosen.attention].title.lower()}"
    chart(figure, key, title, on_select=partial(_open_clicked, key))


def _open_clicked(chart_key: str) -> None:
    """Make the clicked square the current block and head."""
    points = st.session_state[chart_key].selection.points
    if points:
        stage, block, head = points[0]["customdata"]
        open_head(BlockId(stage, block), head)


def _show_map(view: View, chosen: ChosenHead) -> bool:
    """Show where in the picture a head's number comes from; False if that was not measured yet."""
    record = view.records[chosen.block]
    if CATALOGUE[chosen.metric].scope != "token":
        st.info("This metric belongs to a whole head, so there is no map of it.", icon=":material/info:")
        return True
    heading(record.id.caption.capitalize(), KINDS[chosen.attention].colour, head_caption(chosen.head, record.heads))
    if not _is_measured(view, chosen):
        return False
    panel = token_panel(matrix_of(view, chosen, kept_map(view, chosen)), "")
    if panel is not None:
        where = f"{record.id.caption}, {head_caption(chosen.head, record.heads)}"
        title = f"{CATALOGUE[chosen.metric].title} of each token, {where}"
        chart(heat_map(Canvas(view.picture.shown, record.token_pixels), panel), "token_map", title)
    return True


def _is_measured(view: View, chosen: ChosenHead) -> bool:
    """Return whether the map takes no long wait; offer to measure it if it does."""
    record = view.records[chosen.block]
    seconds = exact_seconds([(record.grid, record.heads)], [chosen.attention], torch.get_num_threads(), ranks=False)
    if seconds <= PATIENCE:
        return True

    def work(progress: Progress) -> np.ndarray | None:
        def tell(done: int, total: int) -> None:
            progress(done, total, f"Measured {percent(done / max(total, 1), 0)} of the tokens")

        return token_values(record, chosen.attention, chosen.metric, record.token_pixels, tell)

    found = worked(
        "map",
        _key(view, chosen),
        "Map every token",
        seconds,
        work,
        lambda values: 0 if values is None else values.nbytes,
    )
    return found is not None


def _key(view: View, chosen: ChosenHead) -> tuple[object, ...]:
    return ("tokens", view.key, chosen.attention, chosen.metric, chosen.block)


@st.cache_data(max_entries=64, show_spinner="Measuring each token ...", hash_funcs=BY_KEY)
def _quick_values(view: View, kind: str, metric: str, block: BlockId) -> np.ndarray | None:
    record = view.records[block]
    return token_values(record, kind, metric, record.token_pixels)
