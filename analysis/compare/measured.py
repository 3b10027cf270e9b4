"""Metrics of every block of every side against relative depth."""

from collections.abc import Iterable, Sequence

import pandas as pd

from analysis.attention.kinds import OWN
from analysis.compare.side import Side
from analysis.redundancy.ledger import BLOCK, ledger
from stvit import BlockId

ANCHORS = 256
"""Rows of each attention that are measured: the means are then within a percent or so, at any resolution."""

ALWAYS = ("normalised_entropy", "distance")
"""Metrics that are measured whatever is drawn: the answer of the page names them."""


def measured(side: Side, metrics: Iterable[str], anchors: int | None = ANCHORS) -> pd.DataFrame:
    """Measure the own attention of every block of a side.

    Args:
        side: Model and picture.
        metrics: Names of the catalogue.
        anchors: Rows of each attention; None measures all.

    Returns:
        The ledger, with the columns model (the title of the side) in front and depth (relative, 0 to 1) after block.

    Raises:
        ValueError: If a metric is unknown or the numbers are not finite.
    """
    names = [side.picture.source.name or "picture"]
    table = ledger(side.capture, (OWN,), metrics, anchors=anchors, image_names=names)
    depths = side.depths()
    blocks = zip(table["stage"], table["block"], strict=True)
    table.insert(3, "depth", [depths[BlockId(int(stage), int(block))] for stage, block in blocks])
    table.insert(0, "model", side.title)
    return table


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of all sides as one."""
    return pd.concat(tables, ignore_index=True)


def of_block(table: pd.DataFrame, title: str, block: BlockId) -> dict[str, float]:
    """Return each metric of a block of one side, the mean over its heads; nothing for a block without attention."""
    own = (table["model"] == title) & (table["stage"] == block.stage) & (table["block"] == block.block)
    part = table[own & (table["attention"] != BLOCK)]
    return {str(metric): float(values.mean()) for metric, values in part.groupby("metric")["value"]}
