"""Super tokens: the learned grouping against the grid, superpixels, groups of one's own and what people drew."""

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.answers.super_tokens import groups_answer
from analysis.commands.views.groupings import Groupings
from analysis.grouping.choices import MAX_ITERATIONS, RESOLUTIONS, Resolution
from analysis.grouping.foreign import ForeignGroups
from analysis.grouping.groupings import Grouping, sampling_words
from analysis.grouping.methods import METHODS
from analysis.reports.groupings import Comparison, groupings_report
from analysis.reports.report import Report
from analysis.superpixels.one_picture import People
from stvit import BlockId, BlockRecord
from stvit.captions import no_super_tokens, where_super_tokens
from stvit.error_text import counted
from ui import keys
from ui.failures import said
from ui.group_panels.component import group_panels, key_of_panels
from ui.group_panels.payload import Heading, panels_payload
from ui.panels.answer import asked
from ui.panels.export import Export, as_path, block_options, file_name, picture_options, subject_of
from ui.panels.group_results import colour_of, level_title, show_memberships, show_scores
from ui.panels.groupings import choose_drawing, foreign_grouping, groupings
from ui.panels.own_files import choose_groups, choose_people
from ui.panels.panel import caption
from ui.panels.parts import choose_part, open_part
from ui.panels.pickers import choose_anchor, choose_block, keep_valid, open_token
from ui.view.view import View
from ui.zoom.part import Part

QUESTION = "Are the learned super tokens good groups?"

DEFAULT_METHODS = ["grid", "super", "slic"]

ALL = "all"

HINT = "Point at a group to outline it in all panels; click a token for its soft membership."


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    with st.container(horizontal=True):
        record = choose_block(view.capture)
        drawing = choose_drawing()
        methods = _choose_methods()
    if record.grid.is_identity:
        _explain_identity(view, record)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        on = _choose_resolution()
        iterations = _choose_iterations(view.handle.model.config.num_iters[record.id.stage])
        groups, people, annotator = _choose_files(view)
        part = choose_part(view.picture.source.sha256)
        export = st.container(width="content")
    found = groupings(view, record, methods, iterations, on)
    if groups is not None:
        found += _foreign(view, record, groups, on)
    if not found:
        st.info("Choose at least one grouping to compare.", icon=":material/info:")
        return
    panels, below = st.container(key="place_of_panels"), st.container()
    with panels:  # an empty container takes no place, and what is below would be moved
        _say_what_is_shown(view, record)
    place = _choose_place(below, record)
    comparison = Comparison(found, drawing, people and people.only(annotator), place)
    report = partial(_report, view, record.id, comparison, sampling_words(iterations, on))
    table = report().table()
    answer.say(groups_answer(table.to_dict("records"), len(comparison.people.maps) if comparison.people else 0))
    with panels:
        _show_panels(view, record, comparison, table, part)
        show_scores(table, record)
    with below:
        show_memberships(view, record, comparison)
    settings = Groupings(
        **picture_options(view),
        **block_options(record),
        methods=tuple(methods),
        on=on,
        iterations=iterations,
        drawing=drawing,
        groups=None if groups is None else as_path(groups.name),
        truth=None if people is None else as_path(people.name),
        annotator=annotator if people else None,
        row=place[0],
        column=place[1],
    )
    name = file_name(view, "groupings", f"stage{record.id.stage + 1}", f"block{record.id.block + 1}")
    with export:
        Export(name, report, settings, "a line for each grouping, and the labels of tokens or pixels").offer()


def _choose_methods() -> list[str]:
    """Draw the choice of methods and return their names in the order of the registry."""
    chosen = st.multiselect(
        "Compare",
        list(METHODS),
        default=DEFAULT_METHODS,
        format_func=lambda name: METHODS[name].title,
        key=keys.METHODS,
        bind="query-params",
        width=420,
    )
    return [name for name in METHODS if name in chosen]


def _choose_resolution() -> Resolution:
    chosen: Resolution = st.segmented_control(
        "Classical methods see",
        list(RESOLUTIONS),
        format_func=lambda name: f"{name}s",
        default="token",
        required=True,
        key=keys.RESOLUTION,
        bind="query-params",
        help="Tokens: the picture averaged over each token, as coarse as the model sees it. Pixels: full detail.",
    )
    return chosen


def _choose_iterations(own: int) -> int:
    return st.slider(
        "Iterations of the learned sampling",
        0,
        MAX_ITERATIONS,
        own,
        key=keys.SAMPLING_ITERATIONS,
        width=300,
        bind="query-params",
        help=f"On the same tokens; the model itself uses {own}, 0 is the regular grid.",
    )


def _choose_files(view: View) -> tuple[ForeignGroups | None, People | None, int | None]:
    """Draw the uploads; return groups, what people drew, and the annotator who alone counts."""
    with st.popover("Your files", icon=":material/upload_file:", width="content"):
        groups, people = choose_groups(view), choose_people(view)
    if people is None:
        return groups, None, None
    annotators = [ALL, *(str(number) for number in range(len(people.maps)))]
    keep_valid(keys.ANNOTATOR, annotators)
    chosen = st.selectbox(
        "Annotator",
        annotators,
        format_func=lambda name: f"all {len(people.maps)}" if name == ALL else str(int(name) + 1),
        key=keys.ANNOTATOR,
        width=120,
        bind="query-params",
        help="Whose borders are drawn, in yellow, and whom scores are against: means over all, or one alone.",
    )
    return groups, people, None if chosen == ALL else int(chosen)


def _foreign(view: View, record: BlockRecord, groups: ForeignGroups, on: Resolution) -> list[Grouping]:
    """Return the groups of a file, or say why they fit no picture or block of this kind."""
    try:
        return [foreign_grouping(view, record, groups, on)]
    except ValueError as error:
        st.error(f"{said(error, groups.name)} It is left out.", icon=":material/error:")
        return []


def _report(view: View, block: BlockId, comparison: Comparison, words: Sequence[str]) -> Report:
    return groupings_report(subject_of(view), view.capture[block], comparison, words)


def _explain_identity(view: View, record: BlockRecord) -> None:
    st.info(
        f"{no_super_tokens(record.id.caption, record.own_window)} "
        f"{where_super_tokens(view.handle.model.config.super_token_stages)}",
        icon=":material/info:",
    )


def _say_what_is_shown(view: View, record: BlockRecord) -> None:
    grid = record.grid
    caption(
        view,
        record.id.caption,
        f"{grid.height} × {grid.width} tokens in {grid.rows} × {grid.columns} super tokens",
        "each token goes to its heaviest super token",
    )


def _show_panels(view: View, record: BlockRecord, comparison: Comparison, table: pd.DataFrame, part: Part) -> None:
    grid = record.grid
    several = table["level"].nunique() > 1
    headings = [
        Heading(
            row["grouping"],
            colour_of(row["method"]),
            _note(row, grid.num_super_tokens),
            level_title(row["level"], record) if several else "",
        )
        for row in table.to_dict("records")
    ]
    payload = panels_payload(view.picture.shown, grid, comparison, headings, HINT)
    group_panels(payload, key_of_panels(view), partial(open_token, grid), part, open_part)


def _note(row: dict[Hashable, Any], wanted: int) -> str:
    """Return how many groups there are; a count that differs from that of the super tokens is said."""
    count = int(row["segments"])
    groups = counted(count, "group")
    if count != wanted and row["method"] in METHODS:
        of_model = METHODS[row["method"]].knows_model
        groups = f"{count:,} of {wanted:,} in use" if of_model else f"{groups}, {wanted:,} wanted"
    return f"{groups}, {row['in_pieces']} in pieces"


def _choose_place(where: DeltaGenerator, record: BlockRecord) -> tuple[int, int]:
    """Draw the inputs of the token whose groups' memberships are shown."""
    with where:
        st.markdown(
            "**Soft membership**",
            help="How much each token belongs to the group that holds the framed token. Methods that give each token "
            "or pixel to one group alone have no such map.",
        )
        with st.container(horizontal=True):
            anchor = choose_anchor(record.grid)
    return anchor.row, anchor.column
