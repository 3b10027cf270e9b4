"""Findings drawn over the picture: an anchor's maps, changes, rollouts, the steps of one token."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from analysis.counterfactual import Outcome, outcome_table
from analysis.figures.canvas import Anchor, Canvas, Neighbourhood, Panel
from analysis.figures.numbers import significant
from analysis.figures.paper.pictures import change_figure, maps_figure
from analysis.figures.paper.steps import steps_figure
from analysis.grouping.methods import METHODS
from analysis.one_token.anchor import AnchorMap, arrays_of, table_of
from analysis.one_token.contributions import TokenOutput, relative_added
from analysis.one_token.region import DEFAULT_REGION, Region, SegmentLabels, region_tokens, token_mask
from analysis.one_token.steps import TokenSteps, steps_table
from analysis.redundancy.where import where_column
from analysis.reports.charts import places_of
from analysis.reports.report import Report, Subject
from stvit import BlockRecord, TokenGrid
from stvit.captions import head_caption
from stvit.capturing.attention_record import AttentionRecord
from stvit.error_text import counted


def anchor_report(
    subject: Subject,
    record: AttentionRecord,
    maps: Sequence[AnchorMap],
    token: int,
    head: int | None,
    region: Region = DEFAULT_REGION,
    segments: SegmentLabels | None = None,
) -> Report:
    """Return the maps around an anchor as files; those of a region also hold its tokens."""
    row, column = record.grid.position(token)
    tokens = region_tokens(region, record, row, column, segments)
    what = "anchor" if region.kind == "token" else f"{region.title} of {counted(len(tokens), 'token')} at the anchor"
    caption = subject.caption(record.id.caption, head_caption(head, record.heads), f"{what} ({row}, {column})")
    mask = None if region.kind == "token" else token_mask(tokens, record.grid)
    canvas = Canvas(subject.picture.shown, record.token_pixels, Anchor(row, column), caption, mask)
    panels = [Panel(found.title, found.values, found.quantity) for found in maps]

    def arrays() -> dict[str, np.ndarray]:
        return arrays_of(maps) | ({} if mask is None else {"region": mask})

    return Report(partial(maps_figure, canvas, panels), partial(table_of, maps), arrays)


def change_report(subject: Subject, record: BlockRecord, outcome: Outcome, drawing: str) -> Report:
    """Return what another association changed as files; pictures are of one block."""
    shown, labels = subject.picture.shown, outcome.labels.get(record.id)
    learned = record.labels()[0].numpy(force=True)
    panels = [] if labels is None else [(METHODS["super"].title, learned), (outcome.title, labels)]
    caption = subject.caption(
        f"{outcome.title} in place of the learned association",
        f"pictures show {record.id.caption}",
        f"KL divergence {significant(outcome.difference.divergence, 2)} nats",
    )
    relative = {(block.stage, block.block): value for block, value in outcome.difference.relative.items()}

    def table() -> pd.DataFrame:
        found = outcome_table(outcome)
        return found.assign(where=where_column(found))

    def arrays() -> dict[str, np.ndarray]:
        found = places_of(list(relative)) | {"relative_change": np.array(list(relative.values()))}
        return found if labels is None else {**found, "labels_learned": learned, "labels_changed": labels}

    figure = partial(change_figure, Canvas(shown, caption=caption), panels, drawing, relative, outcome.colour)
    return Report(figure, table, arrays)


def steps_report(
    subject: Subject, record: BlockRecord, steps: TokenSteps, output: TokenOutput, head: int | None
) -> Report:
    """Return the steps of one token as files."""
    grid, stride = record.grid, record.id.stride
    row, column = grid.position(steps.token)
    cells = grid.cell_index.reshape(grid.height, grid.width).numpy(force=True)
    around = Neighbourhood(
        divmod(int(cells[row, column]), grid.columns),
        (grid.cell_size[0] * stride, grid.cell_size[1] * stride),
        steps.phantoms,
    )
    candidates = [
        Panel("2. Logits", steps.logits.reshape(3, 3), "logit", signed=True),
        Panel("3. Weights", steps.weights.reshape(3, 3), "weight"),
    ]
    maps = [
        Panel(f"4. Share of each token in super token {steps.heaviest}", _map(steps.members, grid), "share"),
        Panel("5. Values of super tokens", output.value_norms(head)[cells], "norm"),
        Panel("6. Attention among super tokens", steps.mixed[cells], "attention"),
        Panel("7. Attention of the token", _map(steps.row, grid), "attention"),
        Panel("9. Mass that the bias goes by", _row_mass(record), "row mass of Q"),
        Panel("10. What attention adds", relative_added(record), "over the residual's norm"),
    ]
    caption = subject.caption(
        record.id.caption, head_caption(head, record.heads), f"token ({row}, {column}), step by step"
    )
    canvas = Canvas(subject.picture.shown, stride, Anchor(row, column), caption)
    figure = partial(steps_figure, canvas, cells, around, candidates, maps)
    return Report(figure, partial(steps_table, record, steps), lambda: {**vars(steps), **output.arrays()})


def _row_mass(record: BlockRecord) -> np.ndarray:
    return 1 - record.phantom_leakage()[0].numpy(force=True)


def _map(values: np.ndarray, grid: TokenGrid) -> np.ndarray:
    return values.reshape(grid.height, grid.width)
