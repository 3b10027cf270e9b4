"""What if: a run with another association compared with what the model really did.

An `Outcome` holds everything that is shown of a changed run, without the run itself, which is large.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.grouping.label_maps import Labels
from analysis.redundancy.ledger import ledger
from analysis.redundancy.watch import Progress
from analysis.variants import Variant
from stvit import BlockId, Capture

REPORTED = ("mass", "entropy", "distance", "effective_rank", "token_cosine", "super_token_cosine")
"""Metrics that are reported before and after a change."""

EXACT_UP_TO = 6_400
"""Tokens of a block (320 px in stage 1) up to which all rows are read; above, a sample, and ranks are left out."""

SAMPLED_ROWS = 256

COLUMNS = ("stage", "block", "quantity", "unit", "before", "after")


@dataclass(frozen=True)
class Difference:
    """How a changed run differs from the learned one, for one picture.

    Attributes:
        divergence: KL(learned || changed) of the predicted classes, in nats.
        same_class: Whether the most probable class stayed.
        relative: By block, |output - learned output| / |learned output| (Frobenius) of the attention.
    """

    divergence: float
    same_class: bool
    relative: Mapping[BlockId, float]


@dataclass(frozen=True, eq=False)
class Outcome:
    """A changed run compared with the learned one.

    Attributes:
        kind: Name of the change in `analysis.changes.CHANGES`.
        title: What was changed.
        colour: Of the change.
        difference: How it differs from the learned run.
        classes: Most probable class before and after; both -1 for a model without classes.
        labels: By block with super tokens, the changed grouping, shape (H, W).
        leakage: By block with super tokens, mean leakage.
        metrics: Of token attention by block, before and after, of the blocks that were measured.
    """

    kind: str
    title: str
    colour: str
    difference: Difference
    classes: tuple[int, int]
    labels: Mapping[BlockId, Labels]
    leakage: Mapping[BlockId, float]
    metrics: pd.DataFrame


def outcome_of(
    variant: Variant,
    learned: Capture,
    changed: Capture,
    *,
    measured: Iterable[BlockId] | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Compare a changed run of one picture with the learned run.

    Args:
        variant: What was changed.
        learned: The run as it is.
        changed: The run with the variant.
        measured: Blocks whose metrics are measured, which takes longest; all if None.
        progress: Told of the work several times a second; what it raises ends it.
    """
    blocks = list(learned if measured is None else measured)
    grouped = [record for record in changed.values() if not record.grid.is_identity]
    return Outcome(
        kind=variant.name,
        title=variant.title,
        colour=variant.colour,
        difference=compare(learned, changed),
        classes=(_top_class(learned), _top_class(changed)),
        labels={record.id: record.labels()[0].numpy(force=True) for record in grouped},
        leakage={record.id: record.leakage().mean().item() for record in grouped},
        metrics=metrics_before_and_after(_only(learned, blocks), _only(changed, blocks), progress=progress),
    )


def outcome_table(outcome: Outcome) -> pd.DataFrame:
    """Return one line for each number before and after the change.

    Returns:
        Columns: stage, block (both from 0; missing for the prediction), quantity, unit, before, after. A divergence
        or a relative change is from the learned run, so it is 0 before.
    """
    before, after = outcome.classes
    rows: list[tuple[object, ...]] = [
        (pd.NA, pd.NA, "KL divergence", "nats", 0.0, outcome.difference.divergence),
        (pd.NA, pd.NA, "most probable class", "index", before, after),
    ]
    relative = outcome.difference.relative
    rows += [(*block, "relative change", "share", 0.0, value) for block, value in relative.items()]
    metrics = outcome.metrics.rename(columns={"metric": "quantity"})
    rows += metrics[list(COLUMNS)].itertuples(index=False, name=None)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"stage": "Int64", "block": "Int64", "before": np.float64, "after": np.float64})


def compare(learned: Capture, changed: Capture, image: int = 0) -> Difference:
    """Compare a changed run with the learned one.

    Raises:
        ValueError: If the two runs are not of the same model and picture size.
    """
    if learned.logits.shape != changed.logits.shape or list(learned) != list(changed):
        raise ValueError("The two captures are of different models, batches or blocks; compare runs of one picture.")
    before, after = (cap.logits[image].double().log_softmax(-1) for cap in (learned, changed))
    relative = {
        block: _relative_change(learned[block].output[image], changed[block].output[image]) for block in learned
    }
    return Difference(
        divergence=float((before.exp() * (before - after)).sum()),
        same_class=bool(before.argmax() == after.argmax()),
        relative=relative,
    )


def is_sampled(cap: Capture) -> bool:
    """Return whether metrics before and after a change are estimates from `SAMPLED_ROWS` rows: exact ones take long."""
    return max(record.grid.num_tokens for record in cap.values()) > EXACT_UP_TO


def metrics_before_and_after(
    learned: Capture, changed: Capture, metrics: Sequence[str] | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """Tabulate metrics of token attention in both runs, as means over heads.

    Args:
        learned: The run as it is.
        changed: The run with another association.
        metrics: Names of `analysis.redundancy.catalogue`; None takes `REPORTED`, on large grids without the rank.
        progress: Told of the work in each run several times a second; what it raises ends it.

    Returns:
        Columns: stage, block, metric, unit, before, after; estimates if `is_sampled`.
    """
    sampled = is_sampled(learned)
    if metrics is None:
        metrics = [name for name in REPORTED if not (sampled and name == "effective_rank")]
    anchors = SAMPLED_ROWS if sampled else None
    tables = [ledger(cap, ("super",), metrics, anchors=anchors, progress=progress) for cap in (learned, changed)]
    before, after = (
        table.groupby(["stage", "block", "metric", "unit"], sort=False)["value"].mean() for table in tables
    )
    return pd.DataFrame({"before": before, "after": after}).reset_index()


def _only(cap: Capture, blocks: Iterable[BlockId]) -> Capture:
    return Capture(cap.logits, cap.image_size, {block: cap[block] for block in blocks})


def _top_class(cap: Capture) -> int:
    return int(cap.logits[0].argmax()) if cap.logits.shape[1] else -1


def _relative_change(before: Tensor, after: Tensor) -> float:
    before, after = before.double(), after.double()
    return float((after - before).norm() / before.norm().clamp(min=torch.finfo(before.dtype).tiny))
