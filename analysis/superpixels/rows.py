"""The table of one picture: a row for each grouping and annotator."""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pandas as pd

from analysis.grouping.label_maps import Image
from analysis.grouping.scores import describe_segments
from analysis.grouping.stability import DISTURBANCES, agreement, disturbed
from analysis.grouping.truth import Truth
from analysis.grouping.truth_scores import soft_accuracies, truth_scores
from analysis.many_pictures.tables import as_typed
from analysis.superpixels.candidates import Candidate, Place, Plan, candidates
from analysis.superpixels.table import COLUMN_TYPES, COUNTS, SHAPES, SOFT
from stvit import STViT


def picture_table(
    model: STViT,
    image: Image,
    truth: Truth,
    plan: Plan,
    name: str,
    *,
    stability: bool = False,
    step: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Return the scores of all groupings of a picture, one row for each annotator.

    Args:
        model: Whose super tokens.
        image: The picture, RGB bytes.
        truth: Its human segmentations.
        plan: Which groupings.
        name: Name of the picture.
        stability: Whether to group changed pictures too, which takes six times as long.
        step: Called after each size and count.

    Returns:
        The columns of `COLUMN_TYPES`; a score that does not exist for a row is missing.

    Raises:
        ValueError: As `candidates`.
    """
    found = list(candidates(model, image, plan, step))
    moved = _stabilities(model, image, plan, found) if stability else {}
    rows = [row for one in found for row in _rows(one, image, truth, moved.get(one.place, {}))]
    return as_typed(pd.DataFrame(rows, columns=list(COLUMN_TYPES)).assign(image=name), COLUMN_TYPES)


def _rows(one: Candidate, image: Image, truth: Truth, moved: dict[str, float]) -> list[dict[str, object]]:
    described = asdict(describe_segments(one.labels, image))
    alone = {name: described[name] for name in SHAPES} | {"segments": described["count"]}
    alone |= {name: described[name] for name in COUNTS if name != "segments"}
    common = {**asdict(one.place), "requested": one.requested, "tolerance": truth.tolerance}
    scores = truth_scores(one.labels, truth)
    soft = soft_accuracies(*one.association, truth) if one.association else [np.nan] * len(scores)
    return [
        {**common, "annotator": number, **alone, **values, SOFT: accuracy, **one.cosines, **moved}
        for number, (values, accuracy) in enumerate(zip(scores, soft, strict=True))
    ]


def _stabilities(model: STViT, image: Image, plan: Plan, found: list[Candidate]) -> dict[Place, dict[str, float]]:
    """Return how well each grouping agrees with that of each changed picture."""
    agreements: dict[Place, dict[str, float]] = {one.place: {} for one in found}
    own = {one.place: one.labels for one in found}
    for change in DISTURBANCES:
        for other in candidates(model, disturbed(image, change), plan, cosines=False):
            value = agreement(own[other.place], other.labels, change)
            agreements[other.place][f"stability_{change.name}"] = value
    return agreements
