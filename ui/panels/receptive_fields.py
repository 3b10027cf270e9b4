"""Effective receptive fields of all blocks beside their rollout footprints."""

from functools import partial

import streamlit as st

from analysis.commands.views.receptive_field import ReceptiveFieldView
from analysis.faithfulness.receptive_field import ReceptiveField, fields_of
from analysis.figures.canvas import Anchor, Canvas
from analysis.figures.screen.curves import curve_chart
from analysis.figures.screen.heat import heat_map
from analysis.figures.style import KIND_COLOURS
from analysis.reports.faithfulness import field_charts, field_panel, fields_report
from analysis.reports.report import Report
from stvit import BlockId
from ui.panels.export import Export, file_name, picture_options, subject_of
from ui.panels.panel import chart, heading, note, slot, slots
from ui.panels.work import Progress, worked
from ui.view.view import View

SECONDS_PER_PIXEL = 1.2e-6
"""About how long one block takes on one core."""

CHART_WIDTH = 390
"""CSS pixels; the maps of the last block stand beside the chart."""

ByKind = dict[str, dict[BlockId, ReceptiveField]]


def show_receptive_fields(view: View) -> None:
    """Draw how far each block sees, measured when asked for."""
    st.markdown("#### How far does each block see?")
    note(
        "The smallest square around the centre token that holds 20, 30, 50 or 99 % of its absolute input gradient; "
        "dashed, of its rollout footprint. Where the two part, the paths of attention do not say what the features do."
    )
    capture = view.all_blocks
    seconds = SECONDS_PER_PIXEL * view.picture.pixels[0, 0].numel() * len(capture)

    def work(progress: Progress) -> ByKind:
        return fields_of(view.handle.model, view.all_blocks, view.picture.pixels, progress)

    label = "Measure receptive fields"
    found: ByKind | None = worked("fields", ("fields", view.key), label, seconds, work, _nbytes)
    if found is None:
        return
    with slots("fields", gap="small"):
        with st.container(width=CHART_WIDTH):
            chart(curve_chart(field_charts(found)[0], height=380), "fields", "Receptive fields", fills_width=True)
        for kind, fields in found.items():
            last = list(fields.values())[-1]
            with slot():
                heading(f"Last block: {kind}", KIND_COLOURS["super"], f"half in {100 * last.area(0.5):.0f} % of it")
                anchor = Anchor(*last.token)
                canvas = Canvas(view.picture.shown, last.block.stride, anchor)
                chart(heat_map(canvas, field_panel(last)), f"field_{kind}", f"Receptive field, last block: {kind}")
    settings = ReceptiveFieldView(**picture_options(view))
    make: partial[Report] = partial(fields_report, subject_of(view), found)
    Export(file_name(view, "receptive-fields"), make, settings, "sides and areas by block and level").offer(
        "receptive fields"
    )


def _nbytes(found: ByKind) -> int:
    return sum(field.pixels.nbytes for fields in found.values() for field in fields.values())
