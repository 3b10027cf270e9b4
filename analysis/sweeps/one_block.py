"""One metric in one block of a sweep: its distribution over pictures, and by class."""

from dataclasses import dataclass

import pandas as pd

from analysis.redundancy.catalogue import chosen_metrics
from analysis.sweeps.reading import Sweep
from stvit import BlockId

BINS = 40


@dataclass(frozen=True)
class Place:
    """What is asked about.

    Attributes:
        metric: Name in the catalogue; it also stands for its estimate.
        stage: From 0.
        block: Within the stage, from 0.
    """

    metric: str
    stage: int
    block: int

    @property
    def condition(self) -> str:
        """The rows of `head_means` that are about it."""
        names = ", ".join(f"'{name}'" for name in chosen_metrics(self.metric))
        return f"metric IN ({names}) AND stage = {self.stage:d} AND block = {self.block:d}"


def blocks_of(sweep: Sweep) -> list[BlockId]:
    """Return the blocks that were measured, by depth."""
    table = sweep.query("SELECT DISTINCT stage, block FROM head_means ORDER BY ALL")
    return [BlockId(int(stage), int(block)) for stage, block in table.itertuples(index=False)]


def histogram(sweep: Sweep, place: Place) -> pd.DataFrame:
    """Return how many pictures have a value in each of `BINS` equal parts of the range, for each attention.

    Returns:
        Columns attention, middle (of the part, in the unit of the metric) and pictures; parts without any are left
        out. A range of a single value is one part.
    """
    part = f"least({BINS - 1}, floor((value - low) / nullif(high - low, 0) * {BINS}))"
    return sweep.query(
        f"WITH here AS (SELECT attention, value, min(value) OVER () AS low, max(value) OVER () AS high "
        f"FROM head_means WHERE {place.condition}) "
        f"SELECT attention, any_value(low) + (coalesce({part}, 0) + 0.5) * any_value(high - low) / {BINS} AS middle, "
        f"count(*) AS pictures FROM here GROUP BY attention, coalesce({part}, 0) ORDER BY attention, middle"
    )


def classes(sweep: Sweep, place: Place, attention: str) -> pd.DataFrame:
    """Return quantiles of a metric over the pictures of each class, the greatest median first.

    Classes are those of the dataset, by the model's names where some picture is taken for one; a picture whose class
    is unknown counts for none.

    Returns:
        Columns class, pictures, q05, q25, q50, q75, q95.
    """
    quantiles = ", ".join(f"quantile_cont(value, {part / 100}) AS q{part:02d}" for part in (5, 25, 50, 75, 95))
    return sweep.query(
        "WITH names AS (SELECT prediction AS label, any_value(predicted_class) AS name FROM pictures GROUP BY ALL), "
        'named AS (SELECT image, coalesce(name, "class") AS "class" FROM pictures LEFT JOIN names USING (label)) '
        f'SELECT "class", count(*) AS pictures, {quantiles} FROM head_means JOIN named USING (image) '
        f"WHERE {place.condition} AND attention IN ('{_known(attention)}', 'block') AND \"class\" IS NOT NULL "
        'GROUP BY "class" ORDER BY q50 DESC, "class"'
    )


def _known(attention: str) -> str:
    """Return the name of an attention for a question in SQL.

    Raises:
        ValueError: If it could be anything else.
    """
    if not attention.isidentifier():
        raise ValueError(f"There is no attention named {attention!r}.")
    return attention
