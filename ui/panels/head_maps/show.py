"""All heads of all blocks for the pinned anchor: small maps in one unit, sorted by depth or by a metric."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.attention.kinds import KINDS
from analysis.commands.views.head_maps import DEPTH, OF_MAPS, HeadMapsView
from analysis.compare.head_maps import HeadMaps, head_maps, place_of
from analysis.figures.ledger_values import head_values
from analysis.figures.style import no_values
from analysis.one_token.region import Region, SegmentLabels
from analysis.redundancy.groups import listed_title
from analysis.reports.head_maps import HeadMapsShown, head_maps_report
from analysis.reports.report import Report
from stvit import BlockId
from stvit.error_text import counted
from ui import keys
from ui.explorer import segments_for
from ui.panels.export import Export, block_options, file_name, picture_options, region_options, subject_of
from ui.panels.head_maps.component import draw_head_maps
from ui.panels.heads import METRICS
from ui.panels.ledgers import ledger_of
from ui.panels.panel import caption
from ui.panels.pickers import open_head
from ui.view.view import BY_KEY, View

FALLING, RISING = "falling", "rising"


@dataclass(frozen=True)
class Pinned:
    """What the maps are of.

    Attributes:
        block: Block on whose grid the anchor is given.
        head: The head that the page shows, None for the mean.
        row: Row of the anchor's token.
        column: Its column.
        region: What the anchor is.
        incoming: Whether columns are meant.
    """

    block: BlockId
    head: int | None
    row: int
    column: int
    region: Region
    incoming: bool


def show_head_maps(view: View, pinned: Pinned) -> None:
    """Draw the switch, and the maps where it is on."""
    st.markdown("#### All heads of all blocks")
    if not st.toggle("Show their maps", key=keys.HEAD_MAPS, bind="query-params", persist_state="session"):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind, order = _choose_kind(), _choose_order()
        rising = order != DEPTH and _choose_direction()
        export = st.container(width="content")
    ledger = None if order == DEPTH else ledger_of(view, (kind,))
    values = None if ledger is None else head_values(ledger.of([order]), order, kind)
    segments = segments_for(view, pinned.region)
    maps = _maps(view, kind, pinned, segments)
    if values is not None and not values.values.size:
        st.info(no_values(values.title), icon=":material/info:")
        values = None
    shown = HeadMapsShown(maps, kind, pinned.region, pinned.incoming, values, rising)
    caption(view, *shown.words, *_said(view, maps))
    height, width = view.picture.shown.shape[:2]
    draw_head_maps(shown, (pinned.block, pinned.head), width / height, "head_maps_drawn", open_head)
    settings = HeadMapsView(
        **picture_options(view),
        **block_options(view.records[pinned.block]),
        row=pinned.row,
        column=pinned.column,
        **region_options(pinned.region),
        attention=kind,
        incoming=pinned.incoming,
        order=DEPTH if values is None else order,
        rising=rising,
        anchors=None if ledger is None else ledger.anchors,
    )

    def report() -> Report:
        again = HeadMapsShown(_maps(view, kind, pinned, segments), kind, pinned.region, pinned.incoming, values, rising)
        return head_maps_report(subject_of(view), view.records, again)

    with export:
        Export(file_name(view, "heads"), report, settings, "a line for each head, and every map").offer("head maps")


def _choose_kind() -> str:
    chosen = st.segmented_control(
        "Maps of",
        OF_MAPS,
        default=OF_MAPS[0],
        required=True,
        format_func=lambda name: KINDS[name].short,
        key=keys.HEAD_MAPS_OF,
        bind="query-params",
        persist_state="session",
    )
    return chosen or OF_MAPS[0]


def _choose_order() -> str:
    return st.selectbox(
        "In the order of",
        [DEPTH, *METRICS],
        format_func=lambda name: "depth: a row for each block" if name == DEPTH else listed_title(name),
        key=keys.HEAD_MAPS_ORDER,
        bind="query-params",
        persist_state="session",
        width=300,
        help="Metrics are those of the whole head, as on Redundancy, not of this anchor alone.",
    )


def _choose_direction() -> bool:
    chosen = st.segmented_control(
        "Values",
        [FALLING, RISING],
        default=FALLING,
        required=True,
        key=keys.HEAD_MAPS_RISING,
        bind="query-params",
        persist_state="session",
    )
    return chosen == RISING


@st.cache_resource(max_entries=8, show_spinner="Reading one row of every head ...", hash_funcs=BY_KEY)
def _rows(
    view: View,
    kind: str,
    place: tuple[float, float],
    region: Region,
    incoming: bool,
    _segments: SegmentLabels | None,
) -> list[HeadMaps]:
    return list(head_maps(list(view.capture.values()), kind, place, region, _segments, incoming=incoming))


def _maps(view: View, kind: str, pinned: Pinned, segments: SegmentLabels | None) -> list[HeadMaps]:
    place = place_of(view.records[pinned.block].grid, pinned.row, pinned.column)
    return _rows(view, kind, place, pinned.region, pinned.incoming, segments)


def _said(view: View, maps: Sequence[HeadMaps]) -> list[str]:
    """Say what is left out."""
    missing = len(view.records) - len(maps)
    return [f"{counted(missing, 'block')} of too many tokens left out"] if missing else []
