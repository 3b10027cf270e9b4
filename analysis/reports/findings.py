"""What several models' sweeps say side by side, as Markdown for people, CSV for programs and a figure."""

import math
from collections.abc import Sequence

import pandas as pd

from analysis.attention.kinds import OWN
from analysis.figures.dataset_values import blocks_of
from analysis.figures.paper.files import figure_bytes
from analysis.figures.paper.side_by_side import Line, side_by_side_figure
from analysis.redundancy.catalogue import CATALOGUE
from analysis.reports.sweep import markdown
from analysis.sweeps.reading import NORMAL_95, Sweep
from analysis.sweeps.side_by_side import Attention, differences, means, picture_values

BLOCK = "block"
"""The attention of numbers that are about a block."""

UNIFORM = "uniform"


def findings(
    sweeps: Sequence[Sweep], metrics: Sequence[str], stages: Sequence[int], own: str, trained: str, suffix: str
) -> dict[str, bytes]:
    """Return the files by name: means.csv, differences.csv, findings.md and the figure.

    Args:
        sweeps: Of several models; several sweeps of one model add up.
        metrics: Names of the catalogue.
        stages: From 0.
        own: A model with super tokens: what its q and k would do over all tokens is compared with ...
        trained: ... what this model, which was trained with global attention, does.
        suffix: Of the figure.

    Raises:
        ValueError: If the sweeps do not fit together, or there is nothing to compare.
    """
    values = picture_values(sweeps, metrics, stages)
    found = means(values)
    compared = differences(values, Attention(trained, OWN), Attention(own, "global"))
    text = [*side_by_side_lines(found), "", *difference_lines(compared, own, trained), ""]
    return {
        "means.csv": found.to_csv(index=False, float_format="%.10g").encode(),
        "differences.csv": compared.to_csv(index=False, float_format="%.10g").encode(),
        "findings.md": "\n".join(text).encode(),
        f"findings.{suffix}": figure_bytes(side_by_side_figure(_panels(found, own)), suffix),
    }


def side_by_side_lines(found: pd.DataFrame) -> list[str]:
    """Return a table with a line for each metric and block and a column for each model, of what the models do.

    Args:
        found: Of `analysis.sweeps.side_by_side.means`; uniform attention, where it was measured, is the last column.
    """
    rows = found[found["attention"].isin([OWN, BLOCK, UNIFORM])].copy()
    rows["model"] = rows["model"].where(rows["attention"] != UNIFORM, UNIFORM)
    rows["block"] = blocks_of(rows)
    rows["cell"] = [_with_error(*row) for row in zip(rows["mean"], rows["error"], rows["estimate"], strict=True)]
    wide = rows.pivot_table(index=["metric", "block"], columns="model", values="cell", aggfunc="first", sort=False)
    wide = wide.reindex(columns=sorted(dict.fromkeys(rows["model"]), key=lambda name: name == UNIFORM))
    names = [name for name in CATALOGUE if name in set(rows["metric"])]
    wide = wide.reindex(sorted(wide.index, key=lambda place: (names.index(place[0]), place[1]))).reset_index()
    wide["metric"] = [_title(name) for name in wide["metric"]]
    return markdown(wide)


def difference_lines(compared: pd.DataFrame, own: str, trained: str) -> list[str]:
    """Return a table of what a super-token model's q and k would do over all tokens, beside a model trained to.

    Args:
        compared: Of `analysis.sweeps.side_by_side.differences`, the trained model first.
        own: Name of the model with super tokens.
        trained: Name of the model trained with global attention.
    """
    table = pd.DataFrame(
        {
            "metric": [_title(name) for name in compared["metric"]],
            "block": blocks_of(compared),
            f"{trained}, trained": compared["first"],
            f"{own}, own q and k": compared["second"],
            "difference": compared["difference"],
            "95 % interval": [
                f"{low:+.3g} to {high:+.3g}" for low, high in zip(compared["low"], compared["high"], strict=True)
            ],
        }
    )
    order = sorted(range(len(table)), key=lambda i: (list(CATALOGUE).index(compared["metric"][i]), table["block"][i]))
    return markdown(table.iloc[order])


def _title(metric: str) -> str:
    return f"{CATALOGUE[metric].title}, {CATALOGUE[metric].unit}"


def _with_error(mean: float, error: float, estimate: bool) -> str:
    """Write a mean with the standard error, if any, in brackets; an estimate of the number itself has a wave in front.

    Example:
        >>> _with_error(12.3456, 0.0234, False)
        '12.35 (0.02)'
    """
    spread = "" if math.isnan(error) else f" ({float(f'{error:.1g}'):g})"
    return f"{'≈ ' if estimate else ''}{mean:.4g}{spread}"


def _panels(found: pd.DataFrame, own: str) -> dict[str, list[Line]]:
    """Return the lines of each metric: what every model does, and what q and k of one would do over all tokens."""
    wanted = found["attention"].isin([OWN, BLOCK]) | ((found["model"] == own) & (found["attention"] == "global"))
    panels: dict[str, list[Line]] = {}
    for metric in (name for name in CATALOGUE if name in set(found["metric"])):
        rows = found[wanted & (found["metric"] == metric)].sort_values(["stage", "block"], kind="stable")
        panels[_title(metric)] = [
            _line(str(model), str(attention), part)
            for (model, attention), part in rows.groupby(["model", "attention"], sort=False)
        ]
    return panels


def _line(model: str, attention: str, rows: pd.DataFrame) -> Line:
    dashed = attention not in (OWN, BLOCK)
    return Line(
        model=model,
        title=f"{model}, own q and k over all tokens" if dashed else model,
        dashed=dashed,
        blocks=blocks_of(rows),
        means=rows["mean"].tolist(),
        halves=(NORMAL_95 * rows["error"]).tolist(),
    )
