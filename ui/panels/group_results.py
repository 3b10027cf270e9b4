"""What is said of groupings below their pictures: scores, each level apart, and soft memberships."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis.figures.canvas import Anchor, Canvas
from analysis.figures.screen.heat import heat_map
from analysis.grouping.foreign import COLOUR
from analysis.grouping.groupings import SCORES, TRUTH_COLUMNS, Score
from analysis.grouping.methods import METHODS
from analysis.reports.groupings import Comparison, membership_panel
from stvit import BlockRecord
from ui.panels.panel import chart, heading, slot, slots
from ui.view.view import View

LEVELS = {"token": "Groups of tokens, {} px wide", "pixel": "Groups of pixels"}
"""Headings of what may be compared: methods at pixel level can follow edges that no token can."""


def colour_of(kind: str) -> str:
    """Return the colour of a grouping method, or of groups from a file."""
    return METHODS[kind].colour if kind in METHODS else COLOUR


def level_title(level: str, record: BlockRecord) -> str:
    """Return the heading of the groupings of a level."""
    return LEVELS[level].format(record.token_pixels)


def show_scores(table: pd.DataFrame, record: BlockRecord) -> None:
    """Show the scores, tokens and pixels apart, which do not compare."""
    several = table["level"].nunique() > 1
    for level, part in table.groupby("level", sort=False):
        for title, scores in (("Scores", SCORES), ("Against people", TRUTH_COLUMNS)):
            if set(scores) <= set(table):
                where = f": {level_title(str(level), record).lower()}" if several else ""
                st.markdown(f"**{title}{where}**")
                _show_table(part, scores)


def _show_table(table: pd.DataFrame, scores: Mapping[str, Score]) -> None:
    config: dict[str, Any] = {
        name: st.column_config.NumberColumn(score.title, help=score.sentence, format=None if score.whole else "%.3f")
        for name, score in scores.items()
    }
    config["grouping"] = st.column_config.TextColumn("Grouping", width="medium")
    st.dataframe(table, hide_index=True, column_order=["grouping", *scores], column_config=config)


def show_memberships(view: View, record: BlockRecord, comparison: Comparison) -> None:
    """Show how much each token belongs to the groups at the chosen place."""
    assert comparison.place is not None
    found = comparison.memberships(record.grid)
    if not found:
        sentence = "None of these groupings is soft; add the learned super tokens or soft k-means."
        st.info(sentence, icon=":material/info:")
        return
    canvas = Canvas(view.picture.shown, record.token_pixels, Anchor(*comparison.place))
    with slots("memberships"):
        for number, membership in enumerate(found):
            with slot():
                note = f"group {membership.group}, total weight {membership.weights.sum():.1f}"
                heading(membership.title, colour_of(membership.kind), note)
                chart(
                    heat_map(canvas, membership_panel(membership, canvas)),
                    f"membership_{number}",
                    f"{membership.title}: {note}",
                )
