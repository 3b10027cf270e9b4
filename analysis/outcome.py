"""What a run with another association comes to: all that is shown of it, without the run itself, which is large."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.counterfactual import Change, Variant, compare, metrics_before_and_after
from analysis.grouping.label_maps import Labels
from stvit import BlockId, Capture

COLUMNS = ("stage", "block", "quantity", "unit", "before", "after")


@dataclass(frozen=True, eq=False)
class Outcome:
    """A changed run held against the learned one.

    Attributes:
        kind: Key of its colour in `analysis.figures.style`.
        title: What was changed.
        change: How it differs from the learned run.
        classes: Most probable class before and after; both -1 for a model without classes.
        labels: By block with super tokens, the changed grouping, shape (H, W).
        leakage: By block with super tokens, mean leakage.
        metrics: Of token attention by block, before and after.
    """

    kind: str
    title: str
    change: Change
    classes: tuple[int, int]
    labels: Mapping[BlockId, Labels]
    leakage: Mapping[BlockId, float]
    metrics: pd.DataFrame


def outcome_of(key: str, variant: Variant, learned: Capture, changed: Capture) -> Outcome:
    """Hold a run of one picture with a variant against the learned run.

    Args:
        key: Of the variant in `standard_variants`.
        variant: What was changed.
        learned: The run as it is.
        changed: The run with the variant.
    """
    grouped = [record for record in changed.values() if not record.grid.is_identity]
    return Outcome(
        kind=key if key in ("grid", "slic", "felzenszwalb") else "changed",
        title=variant.title,
        change=compare(learned, changed),
        classes=(_top_class(learned), _top_class(changed)),
        labels={record.id: record.labels()[0].numpy(force=True) for record in grouped},
        leakage={record.id: record.leakage().mean().item() for record in grouped},
        metrics=metrics_before_and_after(learned, changed),
    )


def outcome_table(outcome: Outcome) -> pd.DataFrame:
    """Return one line for each number before and after the change.

    Returns:
        Columns: stage, block (both from 0; missing for the prediction), quantity, unit, before, after. A divergence
        or a relative change is from the learned run, so it is 0 before.
    """
    before, after = outcome.classes
    rows: list[tuple[object, ...]] = [
        (pd.NA, pd.NA, "KL divergence", "nats", 0.0, outcome.change.divergence),
        (pd.NA, pd.NA, "most probable class", "index", before, after),
    ]
    rows += [(*block, "relative change", "share", 0.0, value) for block, value in outcome.change.relative.items()]
    metrics = outcome.metrics.rename(columns={"metric": "quantity"})
    rows += metrics[list(COLUMNS)].itertuples(index=False, name=None)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"stage": "Int64", "block": "Int64", "before": np.float64, "after": np.float64})


def _top_class(cap: Capture) -> int:
    return int(cap.logits[0].argmax()) if cap.logits.shape[1] else -1
