"""One token as the released figure script draws it, beside what the block computes."""

import pandas as pd
import streamlit as st

from analysis.answers.figure_script import figure_script_answer
from analysis.commands.views.figure_script import FigureScript
from analysis.figures.canvas import Anchor, Canvas, Panel
from analysis.figures.screen.heat import heat_map
from analysis.figures.style import KIND_COLOURS
from analysis.one_token.figure_script import DIFFERENCES, script_effects, script_maps
from analysis.one_token.region import Region
from analysis.reports.pictures import anchor_report
from analysis.reports.report import Report
from stvit import BlockId, BlockRecord
from stvit.grid import NEIGHBOURS
from ui import keys
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of, token_options
from ui.panels.panel import caption, chart, heading, note, slot, slots
from ui.view.view import View


def show_figure_script(view: View, record: BlockRecord, head: int | None, anchor: Anchor, region: Region) -> None:
    """Offer the comparison with the released figure script, and draw it if it is chosen.

    Blocks whose tokens have no nine candidates, as those without super tokens, have nothing to compare and no toggle.

    Args:
        view: Picture and model.
        record: The block.
        head: Which head of A(S), None for the mean.
        anchor: The token.
        region: What is pinned around it; the script draws single tokens, so the token itself is compared.
    """
    if record.association.index.shape[-1] != NEIGHBOURS:
        return
    shown = st.toggle(
        "Beside the released figure script",
        key=keys.FIGURE_SCRIPT,
        bind="query-params",
        persist_state="session",
        help="The authors' script draws Q A(S)ᵀ Qᵀ, wrapped around the picture and scaled; a block computes Q A(S) Q̂ᵀ.",
    )
    if not shown:
        return
    token = record.grid.token(anchor.row, anchor.column)
    effects = script_effects(record, token, head)
    st.markdown(figure_script_answer(*(_by_difference(effects, name) for name in ("correlation", "brightest"))))
    _offer(view, record.id, token, head)
    caption(view, record.id.caption, f"anchor ({anchor.row}, {anchor.column})")
    if region.kind != "token":
        place = f"({anchor.row}, {anchor.column})"
        note(f"The script draws single tokens, so the token {place} is compared, not the pinned {region.title}.")
    canvas = Canvas(view.picture.shown, record.token_pixels, anchor)
    with slots("script"):
        for found in script_maps(record, token, head):
            with slot():
                heading(found.title, KIND_COLOURS[found.kind], found.note)
                chart(heat_map(canvas, Panel(found.title, found.values, found.quantity)), f"script_{found.name}")
    _show_effects(effects)


def _by_difference(effects: pd.DataFrame, name: str) -> dict[str, float]:
    return dict(zip(effects["difference"], effects[name], strict=True))


def _show_effects(effects: pd.DataFrame) -> None:
    """Show what each difference does by itself to the token's row."""
    words = effects["difference"].map(DIFFERENCES | {"all": "All four: what the script draws"})
    shown = pd.DataFrame(
        {"difference": words, "correlation": effects["correlation"], "brightest tenth": effects["brightest"]}
    )
    columns = {
        "difference": st.column_config.TextColumn("Each difference alone, from the token's row of Q A(S) Q̂ᵀ"),
        "correlation": st.column_config.NumberColumn("correlation with it", format="%.2f"),
        "brightest tenth": st.column_config.NumberColumn("brightest tenth that stays", format="percent"),
    }
    st.dataframe(shown, hide_index=True, column_config=columns)


def _offer(view: View, block: BlockId, token: int, head: int | None) -> None:
    """Offer the comparison as files."""
    record = view.capture[block]
    settings = FigureScript(**picture_options(view), **block_options(record), head=head, **token_options(record, token))
    name = file_name(view, "figure-script", f"stage{block.stage + 1}", f"block{block.block + 1}", f"token{token}")

    def report() -> Report:
        again = view.capture[block]
        return anchor_report(subject_of(view), again, list(script_maps(again, token, head)), token, head)

    Export(name, report, settings).offer("figure script")
