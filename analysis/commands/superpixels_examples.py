"""The pictures on which a grouping does best and worst, drawn beside what people drew."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.figures.paper.files import figure_bytes
from analysis.figures.paper.superpixels import Example, examples_figure
from analysis.grouping.methods import METHODS
from analysis.many_pictures.own_files import OwnFiles
from analysis.superpixels.candidates import Place, Plan, candidates
from analysis.superpixels.summary import ranked
from analysis.superpixels.table import PLACE
from analysis.superpixels.truth_formats import read_truth
from analysis.superpixels.words import seen
from stvit import STViT
from stvit.images import load_image, read_picture

EXAMPLES = 3
"""Best and worst pictures shown."""

METRIC = "achievable_segmentation_accuracy"
"""By which they are chosen: it punishes groups across people's boundaries, and no long boundaries reward it."""

SHOWN = ("super", "slic", "felzenszwalb", "grid", "random")
"""Methods of which the first two that were run are drawn; the first is the one that is judged."""


def write_examples(
    files: OwnFiles,
    pictures: pd.DataFrame,
    by_name: Mapping[str, tuple[Path, Path]],
    model: STViT,
    plan: Plan,
    formats: Sequence[str],
) -> None:
    """Write best_and_worst in each format.

    Args:
        files: Where to.
        pictures: Of `analysis.superpixels.summary.per_picture`.
        by_name: Picture and truth by the name in the table.
        model: Whose super tokens.
        plan: Which groupings were made.
        formats: Of the figure.
    """
    methods = [name for name in SHOWN if (pictures["method"] == name).any()] or [str(pictures["method"].iloc[0])]
    judged = _judged(pictures, methods[0])
    place = {name: judged[name] for name in PLACE if not pd.isna(judged[name])}
    order = ranked(pictures, place, METRIC)
    count = min(EXAMPLES, max(1, len(order) // 2))
    narrowed = narrow(plan, str(judged["at"]), methods[:2], str(judged["resolution"]))
    best, worst = (
        [_example(name, by_name[name], model, narrowed, place) for name in names]
        for names in (order[:count], order[::-1][:count])
    )
    title = METHODS[str(judged["method"])].title
    caption = (
        f"Left: the pictures on which {title.lower()} ({seen(judged)}, {judged['at']}) have the highest achievable "
        "segmentation accuracy, mean over annotators; right: the lowest. Each with the regions of the first annotator."
    )
    figure = examples_figure(best, worst, caption)
    for suffix in formats:
        files.write(f"best_and_worst.{suffix}", figure_bytes(figure, suffix))


def _judged(pictures: pd.DataFrame, method: str) -> "pd.Series[Any]":
    """Return a row of the grouping that is judged: at the last size or count, of the first block."""
    rows = pictures[pictures["method"] == method]
    return rows[rows["at"] == rows["at"].iloc[-1]].sort_values(["stage", "block"], kind="stable").iloc[0]


def narrow(plan: Plan, at: str, methods: Sequence[str], resolution: str) -> Plan:
    """Return the plan that makes some methods' groupings of one place alone."""
    number = int(at.split()[0])
    return replace(
        plan,
        methods=[METHODS[name] for name in methods],
        sizes=[number] if at.endswith("px") else [],
        counts=[] if at.endswith("px") else [number],
        resolutions=[one for one in plan.resolutions if one == resolution],
    )


def _example(name: str, paths: tuple[Path, Path], model: STViT, plan: Plan, place: Mapping[str, object]) -> Example:
    picture, truth = paths
    image = load_image(picture).array
    people = read_truth(truth.suffix, read_picture(truth).data).maps[0]
    drawn = [one for one in candidates(model, image, plan, cosines=False) if _belongs(one.place, place)]
    drawn.sort(key=lambda one: one.place.method != place["method"])
    panels = [("people", people), *((METHODS[one.place.method].title, one.labels) for one in drawn)]
    return Example(picture.stem[:20], image, panels)


def _belongs(found: Place, judged: Mapping[str, object]) -> bool:
    """Return whether a grouping is the judged one, or another method's on the same tokens or pixels."""
    block = judged.get("block") if METHODS[found.method].knows_model else None
    return bool(found.stage == judged.get("stage") and found.block == block)
