"""The scores of many pictures as files: the joint table, the summary, the curves."""

from collections.abc import Iterator, Sequence

import pandas as pd
import pyarrow.parquet as pq

from analysis.figures.paper.files import Figure, figure_bytes
from analysis.figures.paper.superpixels import Line, curves_figure
from analysis.grouping.methods import METHODS
from analysis.many_pictures.measuring import Measured
from analysis.many_pictures.own_files import OwnFiles
from analysis.many_pictures.tables import PictureTables, to_arrow
from analysis.superpixels.summary import LINE, areas, per_picture, summarise
from analysis.superpixels.words import CURVES, markdown
from stvit.captions import block_short
from stvit.error_text import counted

AXES = {
    "boundary_recall": "boundary recall",
    "boundary_precision": "boundary precision",
    "undersegmentation_error": "undersegmentation error",
    "achievable_segmentation_accuracy": "achievable accuracy",
    "explained_variation": "explained variation",
    "mean_distance_to_edge": "mean distance to edge, px",
}
"""Titles of the axes of `CURVES`."""

DASHES = ("-", "--", ":", "-.")
"""Of the first, second, ... block of a stage."""


def write_scores(
    files: OwnFiles, measured: Sequence[Measured], tables: PictureTables, formats: Sequence[str]
) -> pd.DataFrame:
    """Write scores.parquet, summary.csv, summary.md, areas.csv and the curves.

    Args:
        files: Where to; the caller finishes them.
        measured: The pictures.
        tables: Where their tables are.
        formats: Of the figures.

    Returns:
        One row for each grouping and picture, of `per_picture`.

    Raises:
        OSError: If the disk is full.
    """
    pictures: list[pd.DataFrame] = []

    def join(parquet: object) -> None:
        with pq.ParquetWriter(parquet, tables.schema) as writer:
            for one in measured:
                table = tables.read_again(one.digest, one.name)
                pictures.append(per_picture(table))
                writer.write_table(to_arrow(table, tables.schema))

    files.write("scores.parquet", join)
    joined = pd.concat(pictures, ignore_index=True)
    summary = summarise(joined)
    files.write("summary.csv", summary.to_csv(index=False).encode())
    files.write("summary.md", markdown(summary, len(measured)).encode())
    files.write("areas.csv", areas(summary, CURVES).to_csv(index=False).encode())
    for name, figure in curve_figures(summary, len(measured)):
        for suffix in formats:
            files.write(f"{name}.{suffix}", figure_bytes(figure, suffix))
    return joined


def curve_figures(summary: pd.DataFrame, pictures: int) -> Iterator[tuple[str, Figure]]:
    """Yield name and figure for the tokens of each stage, and for pixels.

    Args:
        summary: Of `summarise`.
        pictures: How many it is of.
    """
    for _, part in summary.groupby(["resolution", "stage"], sort=False, dropna=False):
        stage = part["stage"].iloc[0]
        where = "pixels" if pd.isna(stage) else f"stage_{int(stage) + 1}"
        said = "pixels" if pd.isna(stage) else f"tokens of stage {int(stage) + 1}"
        caption = (
            f"Groupings of {said}; mean over {counted(pictures, 'picture')} and their annotators, boundary tolerance "
            f"r = {part['tolerance'].mean():.3g} px."
        )
        yield f"curves_{where}", curves_figure(_lines(part), AXES, caption)


def _lines(part: pd.DataFrame) -> list[Line]:
    found = []
    for _, curve in part.groupby(list(LINE), sort=False, dropna=False, observed=True):
        ordered, first = curve.sort_values("segments"), curve.iloc[0]
        method, block = METHODS[first["method"]], first["block"]
        title = method.title if pd.isna(block) else f"{method.title} {block_short(int(first['stage']), int(block))}"
        dash = DASHES[0 if pd.isna(block) else int(block) % len(DASHES)]
        values = {name: ordered[name].tolist() for name in AXES}
        found.append(Line(title, method.colour, dash, ordered["segments"].tolist(), values))
    return found
