"""The summary of many pictures in words: Markdown tables and the names of groupings."""

import math
from typing import Any

import pandas as pd

from analysis.grouping.methods import METHODS
from analysis.grouping.stability import DISTURBANCES
from analysis.superpixels.summary import areas
from stvit.captions import block_caption
from stvit.error_text import counted

SHOWN = {
    "segments": ("K", "{:.0f}"),
    "components": ("pieces", "{:.0f}"),
    "boundary_recall": ("recall", "{:.3f}"),
    "boundary_recall_best": ("best", "{:.3f}"),
    "boundary_precision": ("precision", "{:.3f}"),
    "contour_density": ("density", "{:.3f}"),
    "mean_distance_to_edge": ("MDE, px", "{:.2f}"),
    "undersegmentation_error": ("UE", "{:.3f}"),
    "undersegmentation_error_best": ("best", "{:.3f}"),
    "achievable_segmentation_accuracy": ("ASA", "{:.3f}"),
    "soft_achievable_segmentation_accuracy": ("soft ASA", "{:.3f}"),
    "oracle_mean_iou": ("mIoU", "{:.3f}"),
    "explained_variation": ("EV", "{:.3f}"),
    "intra_segment_variation": ("ICV", "{:.1f}"),
    "compactness": ("compactness", "{:.3f}"),
}
"""Columns of the table: heading and format."""

CURVES = (
    "boundary_recall",
    "boundary_precision",
    "undersegmentation_error",
    "achievable_segmentation_accuracy",
    "explained_variation",
    "mean_distance_to_edge",
)
"""Metrics that are drawn and whose areas are given."""

STABLE = {f"stability_{change.name}": change.name for change in DISTURBANCES}
ALIKE = {"cosine_own": "own", "cosine_second": "second", "cosine_grid": "grid", "cosine_random": "random"}


ALIKE_TITLE = "Cosines of tokens: to the own super token, the next best, the own cell of the grid, a random group"
STABLE_TITLE = "Stability: adjusted Rand index with the changed picture's grouping"


def seen(row: "pd.Series[Any]") -> str:
    """Return what a method saw, in words that count from 1."""
    if row["resolution"] == "pixel":
        return "pixels"
    if pd.isna(row["block"]):
        return f"tokens of stage {int(row['stage']) + 1}"
    return block_caption(int(row["stage"]), int(row["block"]))


def markdown(summary: pd.DataFrame, pictures: int) -> str:
    """Return the summary as Markdown: scores by source of counts, tokens and pixels apart, then everything else."""
    radii = sorted(summary["tolerance"].unique())
    radius = f"{radii[0]:g}" if len(radii) == 1 else f"{radii[0]:.2g} to {radii[-1]:.2g} (mean)"
    lines = [
        f"Means over {counted(pictures, 'picture')}; scores against people are means over annotators, and *best* is "
        f"the annotator for whom the score is best. Boundary tolerance r = {radius} px. K is the actual number of "
        "segments, pieces how many they are if each must be connected.",
    ]
    for (at, resolution), part in summary.groupby(["at", "resolution"], sort=False):
        lines += ["", f"### {at}, on {resolution}s", "", *_table(part, SHOWN)]
    lines += _more(summary, ALIKE, ALIKE_TITLE)
    lines += _more(summary, STABLE, STABLE_TITLE)
    found = areas(summary, CURVES)
    if len(found):
        shown = {"fewest": ("from K", "{:.0f}"), "most": ("to K", "{:.0f}")} | {name: SHOWN[name] for name in CURVES}
        lines += ["", "### Area under the curves over K, divided by the range", "", *_table(found, shown)]
    return "\n".join(lines) + "\n"


def _more(summary: pd.DataFrame, columns: dict[str, str], title: str) -> list[str]:
    found = summary.dropna(subset=list(columns), how="all")
    if found.empty:
        return []
    shown = {"at": ("at", "{}")} | {name: (heading, "{:.3f}") for name, heading in columns.items()}
    return ["", f"### {title}", "", *_table(found, shown)]


def _table(rows: pd.DataFrame, columns: dict[str, tuple[str, str]]) -> list[str]:
    """Return rows as a Markdown table; missing numbers stay blank."""
    used = {name: shown for name, shown in columns.items() if not rows[name].isna().all()}
    lines = [
        " | ".join(["| grouping", "seen", *(heading for heading, _ in used.values())]) + " |",
        "|---|---" + "|---:" * len(used) + "|",
    ]
    for _, row in rows.iterrows():
        values = [_written(row[name], form) for name, (_, form) in used.items()]
        lines.append(" | ".join([f"| {METHODS[row['method']].title}", seen(row), *values]) + " |")
    return lines


def _written(value: object, form: str) -> str:
    return "" if isinstance(value, float) and math.isnan(value) else form.format(value)
