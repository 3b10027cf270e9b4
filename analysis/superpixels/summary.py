"""Summaries of the tables of many pictures: means, curves over the number of segments, areas under them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis.superpixels.table import AGAINST_TRUTH, ALONE, LOWER_IS_BETTER, PLACE

LINE = tuple(name for name in PLACE if name != "at")
"""What names a curve; its points differ in where the count comes from."""


def per_picture(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each grouping of a picture: scores averaged over annotators, and those of the best annotator.

    Args:
        table: Of `analysis.superpixels.rows.picture_table`, any number of pictures.

    Returns:
        Columns image, those of `PLACE`, requested, tolerance, annotators, those of `ALONE` and `AGAINST_TRUTH`, and
        each of the latter again with "_best": that annotator's value for whom it is best, by itself.
    """
    groups = table.groupby(["image", *PLACE], sort=False, dropna=False, observed=True)
    found = groups[["requested", "tolerance", *ALONE]].first()
    scores = groups[list(AGAINST_TRUTH)]
    best = {
        f"{name}_best": groups[name].min() if name in LOWER_IS_BETTER else groups[name].max() for name in AGAINST_TRUTH
    }
    return found.join(scores.mean()).assign(annotators=groups.size(), **best).reset_index()


def summarise(pictures: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over pictures of each grouping.

    Args:
        pictures: Of `per_picture`.

    Returns:
        Columns of `PLACE`, pictures, and the mean of everything else; a score that a picture lacks does not count for
        it.
    """
    groups = pictures.groupby(list(PLACE), sort=False, dropna=False, observed=True)
    means = groups[[name for name in pictures if name not in ("image", *PLACE)]].mean()
    means.insert(0, "pictures", groups.size())
    return means.reset_index()


def areas(summary: pd.DataFrame, metrics: Iterable[str]) -> pd.DataFrame:
    """Return the area under each curve of a metric over the mean number of segments, divided by the range.

    A = 1/(K_n - K_1) sum_k (y_k + y_{k+1})/2 (K_{k+1} - K_k): the mean of the metric over the range of counts, after
    the average measures of Stutz et al. 2018. Compare only curves over the same range, which the result states.

    Args:
        summary: Of `summarise`.
        metrics: Names of columns.

    Returns:
        Columns of `LINE`, points, fewest, most (segments), and the metrics; curves of one point are left out.
    """
    rows = []
    for key, curve in summary.groupby(list(LINE), sort=False, dropna=False, observed=True):
        ordered = curve.sort_values("segments")
        counts = ordered["segments"].to_numpy(np.float64)
        if len(counts) > 1 and counts[-1] > counts[0]:
            means = {name: np.trapezoid(ordered[name], counts) / (counts[-1] - counts[0]) for name in metrics}
            rows.append(
                {
                    **dict(zip(LINE, key, strict=True)),
                    "points": len(counts),
                    "fewest": counts[0],
                    "most": counts[-1],
                    **means,
                }
            )
    return pd.DataFrame(rows, columns=[*LINE, "points", "fewest", "most", *metrics])


def ranked(pictures: pd.DataFrame, place: dict[str, object], metric: str) -> list[str]:
    """Return the pictures ordered from best to worst by a metric of one grouping.

    Args:
        pictures: Of `per_picture`.
        place: Values of the columns of `PLACE` that identify the grouping.
        metric: Name of a column.
    """
    chosen = pictures
    for name, value in place.items():
        chosen = chosen[(chosen[name] == value).fillna(False)]
    return list(chosen.sort_values(metric, ascending=metric in LOWER_IS_BETTER, kind="stable")["image"])
