"""What an anchor attends to in still figures: the picture and every map, each with its own bar, and their export."""

from streamlit.delta_generator import DeltaGenerator

from analysis.backbones import BackboneRecord
from analysis.commands.views.anchor import AnchorView
from analysis.figures.canvas import Anchor, Canvas, Panel
from analysis.figures.screen.heat import heat_map, picture
from analysis.figures.style import ANCHOR_COLOUR, KIND_COLOURS
from analysis.one_token.anchor import AnchorMap, anchor_maps
from analysis.one_token.region import Region, SegmentLabels, region_tokens, token_mask
from analysis.reports.pictures import anchor_report
from analysis.reports.report import Report
from stvit import BlockId, BlockRecord
from stvit.captions import head_caption, no_super_tokens
from stvit.error_text import counted
from ui.explorer import segments_for
from ui.panels.export import (
    Export,
    block_options,
    file_name,
    picture_options,
    region_options,
    subject_of,
    token_options,
)
from ui.panels.panel import caption, chart, heading, slot, slots
from ui.view.view import View


def shows_global_alone(record: BlockRecord | BackboneRecord) -> bool:
    """Return whether the block's own attention is the global one, so that one panel shows both."""
    if not isinstance(record, BlockRecord):
        return record.layout.is_global
    return record.grid.is_identity and record.own_window is None


def show_figures(
    view: View,
    record: BlockRecord | BackboneRecord,
    head: int | None,
    anchor: Anchor,
    shared: bool,
    region: Region,
    *,
    export: DeltaGenerator,
) -> None:
    """Draw the picture and every map of the anchor.

    Args:
        view: Picture and model.
        record: The block.
        head: Which head, None for the mean.
        anchor: The token that is pinned.
        shared: Whether the bars of all attentions end at one value.
        region: What the anchor is.
        export: Where the export is offered.
    """
    token, stride = record.grid.token(anchor.row, anchor.column), record.token_pixels
    segments = segments_for(view, region)
    panels = list(anchor_maps(record, head, token, region, segments))
    with export:
        _offer(view, record.id, token, head, panels, region, segments)
    where = f"{head_caption(head, record.heads)}, anchor ({anchor.row}, {anchor.column})"
    caption(view, *_description(record), where)
    top = max(float(panel.values.max()) for panel in panels if panel.is_attention)
    tokens = region_tokens(region, record, anchor.row, anchor.column, segments)
    mask = None if region.kind == "token" else token_mask(tokens, record.grid)
    note = f"anchor ({anchor.row}, {anchor.column}) · a token is {stride} px wide"
    if mask is not None:
        note = f"{region.title} of {counted(len(tokens), 'token')} at ({anchor.row}, {anchor.column})"
    canvas = Canvas(view.picture.shown, stride, anchor, region=mask)
    with slots("anchor"):
        with slot():
            heading("Picture", ANCHOR_COLOUR, note)
            chart(picture(canvas), "picture", "Picture")
        for panel in panels:
            if panel.kind == "global" and shows_global_alone(record):
                continue
            with slot():
                _show_panel(canvas, panel, top if shared and panel.is_attention else None)


def _offer(
    view: View,
    block: BlockId,
    token: int,
    head: int | None,
    panels: list[AnchorMap],
    region: Region,
    segments: SegmentLabels | None,
) -> None:
    """Offer the figures as files."""
    record = view.records[block]
    settings = AnchorView(
        **picture_options(view),
        **block_options(record),
        head=head,
        **token_options(record, token),
        **region_options(region),
    )
    name = file_name(view, f"stage{block.stage + 1}", f"block{block.block + 1}", f"token{token}")

    def report() -> Report:
        return anchor_report(subject_of(view), view.records[block], panels, token, head, region, segments)

    Export(name, report, settings).offer()


def _description(record: BlockRecord | BackboneRecord) -> list[str]:
    """Return the parts of the line that describes the block."""
    grid = record.grid
    if not isinstance(record, BlockRecord):
        return [record.id.caption, f"{grid.height} × {grid.width} tokens"]
    factors = record.token_attention()
    if grid.is_identity:
        groups = no_super_tokens()
    else:
        groups = f"{grid.rows} × {grid.columns} super tokens, {record.association.weight.shape[-1]} candidates a token"
    memory = (
        f"attention kept as {factors.nbytes / 2**20:.2f} MiB of factors, dense it would be "
        f"{factors.dense_nbytes / 2**20:,.1f} MiB"
    )
    return [record.id.caption, f"{grid.height} × {grid.width} tokens", groups, memory]


def _show_panel(canvas: Canvas, panel: AnchorMap, maximum: float | None) -> None:
    heading(panel.title, KIND_COLOURS[panel.kind], panel.note)
    figure = heat_map(canvas, Panel(panel.title, panel.values, panel.quantity, maximum=maximum), relative=True)
    chart(figure, f"panel_{panel.title}", panel.title)
