"""Rollout: on how much of the picture lies half of what speaks for the prediction."""

import numpy as np
from jaxtyping import Float

from analysis.figures.numbers import percent


def half_share(relevance: Float[np.ndarray, "rows columns"]) -> float:
    """Return the smallest share of the picture that holds half of the relevance; NaN if there is none.

    Example:
        >>> half_share(np.array([[3.0, 1.0], [1.0, 1.0]]))
        0.25
    """
    ordered = np.sort(relevance.ravel())[::-1].cumsum()
    if not ordered[-1] > 0:
        return float("nan")
    return float(np.searchsorted(ordered, 0.5 * ordered[-1] * (1 - 1e-9)) + 1) / ordered.size


def rollout_answer(where: str, title: str, probability: float | None, half: float, alone: float | None) -> str:
    """Say how concentrated the relevance is.

    Args:
        where: What the rollout starts from, "the prediction" or a token in words.
        title: The class, or "attention alone".
        probability: Of the class; None for attention alone.
        half: Share of the picture with half of the relevance; NaN if nothing speaks for the class.
        alone: The same for attention alone; None if that is what is shown.

    Example:
        >>> rollout_answer("the prediction", "tench", 0.97, 0.124, 0.41)
        'The model gives tench 97.0 %: half of what speaks for it comes from 12 % of the picture; attention alone, \
which knows no class, puts half on 41 %.'
    """
    if probability is None:
        return f"Half of what {where} is made of comes from {_percent(half)} of the picture, as far as attention tells."
    gives = f"The model gives {title} {percent(probability)}"
    if np.isnan(half):
        return f"{gives}: no attention speaks for it."
    place = "" if where == "the prediction" else f" in {where}"
    said = f"{gives}: half of what speaks for it{place} comes from {_percent(half)} of the picture"
    return (
        f"{said}."
        if alone is None
        else f"{said}; attention alone, which knows no class, puts half on {_percent(alone)}."
    )


def _percent(share: float) -> str:
    return percent(share, 0 if share >= 0.01 else 1)
