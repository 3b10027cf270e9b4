"""What a sweep says, as Markdown for people and CSV for programs."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from analysis.figures.dataset_values import blocks_of
from analysis.figures.numbers import percent
from analysis.sweeps.reading import Sweep, accuracy, comparison, correlations, distributions, extremes
from stvit.error_text import counted
from stvit.foreign_text import plain

STRONGEST = 15
"""Correlations that the text shows; the CSV has all."""


def sweep_report(sweep: Sweep, other: Sweep | None = None) -> dict[str, bytes]:
    """Return the files of a report by name: report.md and a CSV of each table.

    Args:
        sweep: What it is about.
        other: Another sweep to compare it with.

    Raises:
        ValueError: If there is nothing to compare.
    """
    tables = {
        "distributions": distributions(sweep),
        "extremes": extremes(sweep),
        "correlations": correlations(sweep),
    }
    if other is not None:
        tables["comparison"] = comparison(sweep, other)
    files = {f"{name}.csv": table.to_csv(index=False).encode() for name, table in tables.items()}
    text = "\n".join([*_head(sweep), *_body(tables, other)])
    return {"report.md": f"{text}\n".encode(), **files}


def _head(sweep: Sweep) -> list[str]:
    said, settings = sweep.configuration, sweep.configuration["settings"]
    share, known = accuracy(sweep)
    rows = "all rows" if settings["anchors"] is None else f"{settings['anchors']} rows of each attention"
    lines = [
        f"# Sweep of {counted(said['pictures'], 'picture')} with {plain(said['model'], 200)}",
        "",
        f"{measured_at(settings)}, {rows}; {counted(said['errors'], 'picture')} could not be measured.",
    ]
    if known:
        lines.append(f"Correct: {percent(share)} of {known:,} pictures whose class is known.")
    return lines


def measured_at(settings: dict[str, Any]) -> str:
    """Say how the pictures of a sweep were laid before the model.

    Example:
        >>> measured_at({"size": 224, "framing": "crop"}), measured_at({"size": None, "framing": "crop"})
        ('224 px, crop', 'as the model was made for')
    """
    return "as the model was made for" if settings["size"] is None else f"{settings['size']} px, {settings['framing']}"


def _body(tables: dict[str, pd.DataFrame], other: Sweep | None) -> list[str]:
    strongest = tables["correlations"]
    strongest = strongest.loc[strongest["r"].abs().sort_values(ascending=False, kind="stable").index].head(STRONGEST)
    lines = ["", "## Medians over pictures", "", "Means over heads; quantiles are in distributions.csv.", ""]
    lines += markdown(_medians(tables["distributions"]))
    lines += ["", "## The most and the least redundant pictures", ""]
    lines += ["Score: mean standard deviations on the redundant side, over blocks and metrics.", ""]
    lines += markdown(tables["extremes"].drop(columns=["prediction", "sha256"]))
    lines += ["", "## Strongest correlations with correctness and probability", ""]
    if strongest.empty:
        lines.append("There are none, since too few pictures can be compared.")
    else:
        lines += [f"The {len(strongest)} largest of {len(tables['correlations']):,}: some are large by chance.", ""]
        lines += markdown(strongest.assign(block=blocks_of(strongest)).drop(columns="stage"))
    if other is not None:
        name = plain(other.configuration["model"], 200)
        lines += ["", f"## Compared with {name}", "", "Second minus first, mean over the pictures of both.", ""]
        table = tables["comparison"]
        lines += markdown(table.assign(block=blocks_of(table)).drop(columns="stage"))
    return lines


def _medians(table: pd.DataFrame) -> pd.DataFrame:
    """Return a line for each attention and metric and a column for each block."""
    wide = table.assign(place=blocks_of(table)).pivot_table(
        index=["attention", "metric", "unit"], columns="place", values="q50", sort=False
    )
    return wide[sorted(wide.columns)].reset_index()


def markdown(table: pd.DataFrame) -> list[str]:
    """Return the lines of a table; numbers with four digits that count."""
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return [_line(table.columns), _line(["---"] * len(table.columns)), *map(_line, rows)]


def _line(cells: Iterable[str] | Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return plain(str(value), 200).replace("\\", "\\\\").replace("|", "\\|")
