"""What a metric is like over a dataset, in sentences."""

import pandas as pd

from analysis.figures.numbers import percent, significant
from analysis.redundancy.where import where
from stvit.error_text import counted


def dataset_answer(spread: pd.DataFrame, metric: str, attention: str, pictures: int) -> str:
    """Say where a metric lies over pictures, in the first and the last block.

    Args:
        spread: Of one metric and attention, a row for each block in order of depth with stage, block and the
            quantiles q05, q50 and q95.
        metric: What people call it.
        attention: What people call the attention; empty for a metric of blocks.
        pictures: How many there are.

    Returns:
        A sentence; nothing if there is no row.
    """
    if spread.empty:
        return ""
    first, last = spread.iloc[0], spread.iloc[-1]
    whose = f" of {attention.lower()}" if attention else ""
    told = f"Over {counted(pictures, 'picture')}, the median {metric.lower()}{whose} is {_quantiles(first)}"
    return f"{told}." if len(spread) == 1 else f"{told} and {_quantiles(last)}."


def _quantiles(row: pd.Series) -> str:
    low, middle, high = (significant(float(row[name])) for name in ("q05", "q50", "q95"))
    return f"{middle} in {where(int(row['stage']), int(row['block']))} (90 % of pictures: {low} to {high})"


def correctness_answer(share: float, known: int, correlations: pd.DataFrame, metric: str) -> str:
    """Say how often the model is right, and where that goes along most with the metric.

    Args:
        share: Of the pictures that the model is right about.
        known: Pictures whose class is known.
        correlations: Of the metric and attention with correctness, a row for each block with stage, block, r, low
            and high; may be empty.
        metric: What people call it.

    Returns:
        One or two sentences; nothing if no class is known.
    """
    if not known:
        return ""
    told = f"The model is right on {percent(share)} of {counted(known, 'picture')}."
    if correlations.empty:
        return told
    best = correlations.iloc[int(correlations["r"].abs().argmax())]
    r, low, high = (f"{best[name]:+.2f}" for name in ("r", "low", "high"))
    place = where(int(best["stage"]), int(best["block"]))
    return f"{told} {metric} goes along with correctness most in {place}: r = {r} (95 % interval {low} to {high})."


def comparison_answer(differences: pd.DataFrame, metric: str, other: str) -> str:
    """Say where another sweep differs most.

    Args:
        differences: Of one metric and attention, a row for each block with stage, block, difference, low and high.
        metric: What people call it.
        other: Name of the other model or run.
    """
    if differences.empty:
        return ""
    best = differences.iloc[int(differences["difference"].abs().argmax())]
    difference, low, high = (significant(float(best[name])) for name in ("difference", "low", "high"))
    place = where(int(best["stage"]), int(best["block"]))
    return (
        f"With {other}, {metric.lower()} differs most in {place}: by {difference} "
        f"(95 % interval of the mean {low} to {high})."
    )
