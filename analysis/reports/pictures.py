"""Findings drawn over the picture: an anchor's maps, groupings, changes, rollouts, the steps of one token."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from analysis.counterfactual import Outcome, outcome_table
from analysis.figures.paper.anchor import anchor_figure
from analysis.figures.paper.pictures import change_figure, grouping_figure, rollout_figure
from analysis.figures.paper.steps import lesson_figure
from analysis.figures.screen.rollout import SQUARE, in_squares
from analysis.grouping.choices import Resolution
from analysis.grouping.groupings import Grouping, describe_groupings, grouping_arrays
from analysis.one_token.anchor import AnchorMap
from analysis.one_token.anchor_tables import arrays_of, table_of
from analysis.one_token.steps import Lesson, lesson_table
from analysis.redundancy.where import where_column
from analysis.relevance.rollout import Rollout
from analysis.reports.charts import places_of
from analysis.reports.report import Report, Subject, head_caption
from stvit import BlockRecord


def anchor_report(
    subject: Subject, record: BlockRecord, maps: Sequence[AnchorMap], token: int, head: int | None
) -> Report:
    """Return the maps around an anchor as files."""
    row, column = record.grid.position(token)
    panels = [(found.title, found.quantity, found.values) for found in maps]
    figure = partial(
        anchor_figure, subject.picture.shown, panels, (row, column),
        token_pixels=record.id.stride,
        caption=subject.caption(record.id.caption, head_caption(head), f"anchor ({row}, {column})"),
    )  # fmt: skip
    return Report(figure, partial(table_of, maps), partial(arrays_of, maps))


def groupings_report(
    subject: Subject, record: BlockRecord, found: Sequence[Grouping], iterations: int, on: Resolution, drawing: str
) -> Report:
    """Return groupings and what can be said about them as files."""
    shown = subject.picture.shown
    caption = subject.caption(
        record.id.caption, f"{record.grid.rows} x {record.grid.columns} super tokens",
        f"iterations of the learned sampling: {iterations}", f"classical methods on {on}s",
    )  # fmt: skip
    panels = [(grouping.title, grouping.labels) for grouping in found]
    return Report(
        partial(grouping_figure, shown, panels, drawing, caption),
        partial(describe_groupings, found, record, shown),
        lambda: {"picture": shown, **grouping_arrays(found)},
    )


def change_report(subject: Subject, record: BlockRecord, outcome: Outcome, drawing: str) -> Report:
    """Return what another association changed as files; pictures are of one block."""
    shown, labels = subject.picture.shown, outcome.labels.get(record.id)
    learned = record.labels()[0].numpy(force=True)
    panels = [] if labels is None else [("Learned super tokens", learned), (outcome.title, labels)]
    caption = subject.caption(
        f"{outcome.title} in place of the learned association", f"pictures show {record.id.caption}",
        f"KL divergence {outcome.difference.divergence:.2g} nats",
    )  # fmt: skip
    relative = {(block.stage, block.block): value for block, value in outcome.difference.relative.items()}

    def table() -> pd.DataFrame:
        found = outcome_table(outcome)
        return found.assign(where=where_column(found))

    def arrays() -> dict[str, np.ndarray]:
        changes = pd.DataFrame(list(relative), columns=["stage", "block"])
        found = places_of(changes) | {"relative_change": np.array(list(relative.values()))}
        return found if labels is None else {**found, "labels_learned": learned, "labels_changed": labels}

    figure = partial(change_figure, shown, panels, drawing, relative, outcome.colour, caption)
    return Report(figure, table, arrays)


def rollout_report(
    subject: Subject, found: Rollout, source: BlockRecord, anchor: tuple[int, int] | None, options: Sequence[str]
) -> Report:
    """Return a rollout as files.

    Args:
        subject: Picture and model.
        found: The rollout.
        source: The block one started from.
        anchor: Row and column of the token one started from; None for the pooled output.
        options: Further settings in words.
    """
    squares = in_squares(found.pixels.numpy(force=True), SQUARE)
    stages = {stage: found.tokens(stage).numpy(force=True) for stage in range(found.source.stage + 1)}
    where = "the pooled output" if anchor is None else f"token {anchor} of {source.id.caption}"
    maps = [("Pixels, in squares of 4 x 4", squares, SQUARE)]
    maps += [(f"Into stage {stage + 1}", values, SQUARE << stage) for stage, values in stages.items()]
    figure = partial(
        rollout_figure, subject.picture.shown, maps, anchor, source.id.stride,
        subject.caption(f"rollout from {where}", *options),
    )  # fmt: skip

    def table() -> pd.DataFrame:
        named = [("pixels", None, squares)] + [("tokens", stage, values) for stage, values in stages.items()]
        return pd.concat([_long(*each) for each in named], ignore_index=True)

    def arrays() -> dict[str, np.ndarray]:
        return {
            "pixels": found.pixels.numpy(force=True),
            **{f"stage_{stage}": each for stage, each in stages.items()},
        }

    return Report(figure, table, arrays)


def rollout_options(target: int | None, convolutions: bool) -> list[str]:
    """Return the settings of a rollout in words; the class is counted from 0."""
    weighted = "attention alone" if target is None else f"weighted by class {target} (from 0)"
    return [weighted, "convolutions spread it" if convolutions else "convolutions inside blocks left out"]


def lesson_report(subject: Subject, record: BlockRecord, steps: Lesson, head: int | None) -> Report:
    """Return the steps of one token as files."""
    grid, stride = record.grid, record.id.stride
    row, column = grid.position(steps.token)
    cells = grid.cell_index.reshape(grid.height, grid.width).numpy(force=True)
    maps = {
        f"4. Share of each token in super token {steps.heaviest}": steps.members[None],
        "5. Attention among super tokens": steps.mixed[cells][None],
        "6. Attention of the token": steps.row[None],
    }
    figure = partial(
        lesson_figure, subject.picture.shown, cells,
        {"2. Logits": steps.logits, "3. Weights": steps.weights}, steps.phantoms,
        {title: (values.reshape(grid.height, grid.width), stride) for title, values in maps.items()},
        centre=divmod(int(cells[row, column]), grid.columns),
        cell_pixels=(grid.cell_size[0] * stride, grid.cell_size[1] * stride),
        anchor=(row, column), token_pixels=stride,
        caption=subject.caption(record.id.caption, head_caption(head), f"token ({row}, {column}), step by step"),
    )  # fmt: skip
    return Report(figure, partial(lesson_table, record, steps), lambda: vars(steps))


def _long(name: str, stage: int | None, values: np.ndarray) -> pd.DataFrame:
    """Return one line for each value of a map: of the pixels, in squares, or of the tokens that enter a stage."""
    rows, columns = np.indices(values.shape)
    table = pd.DataFrame(
        {"map": name, "stage": stage, "row": rows.ravel(), "column": columns.ravel(), "relevance": values.ravel()}
    )
    return table.astype({"stage": "Int64"}).assign(where=None if stage is None else f"stage {stage + 1}")
