"""One metric over a dataset as files: the numbers of `python -m analysis report`, drawn."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from analysis.figures.dataset_values import correlation_curves, difference_curves, spread_curves
from analysis.figures.paper.dataset import dataset_figure
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.where import where_column
from analysis.reports.report import Report, plain_column
from analysis.reports.sweep import measured_at
from analysis.sweeps.one_block import Place, classes
from analysis.sweeps.reading import Sweep, comparison, correlations, distributions
from stvit.error_text import counted
from stvit.foreign_text import plain


@dataclass(frozen=True, eq=False)
class DatasetTables:
    """What is shown of one metric.

    Attributes:
        spread: Quantiles over pictures, a row for each attention and block.
        correlations: With correctness and probability, of the chosen attention (or of the blocks themselves).
        classes: Quantiles over the pictures of each class, of the chosen attention and block.
        differences: How much larger it is in another sweep; None without one.
    """

    spread: pd.DataFrame
    correlations: pd.DataFrame
    classes: pd.DataFrame
    differences: pd.DataFrame | None

    @property
    def whole(self) -> pd.DataFrame:
        """All of them below each other; the column table says which rows are which."""
        parts = {"distributions": self.spread, "correlations": self.correlations, "classes": self.classes}
        if self.differences is not None:
            parts["comparison"] = self.differences
        joint = pd.concat([part.assign(table=name) for name, part in parts.items() if len(part)], ignore_index=True)
        numbered = joint.astype({"stage": "Int64", "block": "Int64"})
        return numbered.assign(where=where_column(numbered))[["table", *joint.columns.drop("table"), "where"]]


def dataset_tables(sweep: Sweep, other: Sweep | None, place: Place, attention: str) -> DatasetTables:
    """Return what is shown of one metric.

    Args:
        sweep: What it is about.
        other: Another sweep to compare it with.
        place: Metric, and block whose classes are shown.
        attention: Whose correlations and classes.

    Raises:
        ValueError: If there is no such metric, or the sweeps have no picture in common.
    """
    linked = correlations(sweep, place.metric)
    own = linked[linked["attention"].isin([attention, "block"])].reset_index(drop=True)
    by_class = classes(sweep, place, attention).assign(stage=place.stage, block=place.block, metric=place.metric)
    differences = None if other is None else comparison(sweep, other, place.metric)
    return DatasetTables(distributions(sweep, place.metric), own, by_class, differences)


def dataset_report(sweep: Sweep, other: Sweep | None, place: Place, attention: str) -> Report:
    """Return one metric over a dataset as files; see `dataset_tables`."""
    tables = dataset_tables(sweep, other, place, attention)
    metric, said = CATALOGUE[place.metric], sweep.configuration
    parts = [plain(said["model"], 200), counted(said["pictures"], "picture"), _measured(said["settings"])]
    charts = [("correlation (95 %)", correlation_curves(tables.correlations))]
    if other is not None and tables.differences is not None:
        named = plain(other.configuration["model"], 80)
        charts.append((f"{named} minus first (95 %)", difference_curves(tables.differences, sweep.own_title)))
    figure = partial(
        dataset_figure,
        spread_curves(tables.spread, sweep.own_title),
        charts,
        f"{metric.title} ({metric.unit})",
        " · ".join([*parts, "lines are medians, bands hold 50 % and 90 % of the pictures"]),
    )
    whole = tables.whole
    return Report(figure, lambda: whole, lambda: {str(name): plain_column(whole[name]) for name in whole})


def _measured(settings: dict[str, Any]) -> str:
    rows = "all rows" if settings["anchors"] is None else f"{settings['anchors']} rows of each attention"
    return f"{measured_at(settings)}, {rows}"
