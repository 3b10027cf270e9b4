"""Means over many pictures as figures: metrics against depth, and for every head."""

from collections.abc import Iterator, Sequence

import pandas as pd

from analysis.figures.paper.charts import depth_figure, head_matrix_figure
from analysis.figures.paper.files import Figure
from analysis.redundancy.catalogue import ESTIMATE
from stvit.error_text import counted

FIGURE_METRICS = ("entropy", "distance", "effective_rank")


def mean_figures(
    means: pd.DataFrame, pictures: int, attentions: Sequence[str], own: str
) -> Iterator[tuple[str, Figure]]:
    """Yield names and figures of the metrics that the means hold.

    Args:
        means: Of `analysis.many_pictures.means.Summary`.
        pictures: How many they are of.
        attentions: What to draw for every head.
        own: What people call the attention of the model.
    """
    table = means.rename(columns={"mean": "value"})
    caption = f"Mean over {counted(pictures, 'picture')}; dots are heads."
    for metric in FIGURE_METRICS:
        found = table[table["metric"].isin((metric, metric + ESTIMATE))]
        if found.empty:
            continue
        yield f"{metric}_by_depth", depth_figure(table, metric, caption, own)
        for attention in attentions:
            if (found["attention"] == attention).any():
                yield f"{metric}_heads_{attention}", head_matrix_figure(table, metric, attention, caption)
