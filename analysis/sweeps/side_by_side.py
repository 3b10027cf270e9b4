"""Several sweeps side by side: means over pictures with their errors, and differences between pairs of attentions."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.redundancy.catalogue import chosen_metrics
from analysis.redundancy.metric import ESTIMATE
from analysis.sweeps.reading import NORMAL_95, Sweep
from stvit.error_text import listed

PLACE = ["stage", "block", "metric", "unit"]


@dataclass(frozen=True)
class Attention:
    """An attention of a model.

    Attributes:
        model: Name of the model.
        attention: Name of the kind of attention.
    """

    model: str
    attention: str


def picture_values(sweeps: Sequence[Sweep], metrics: Sequence[str], stages: Sequence[int]) -> pd.DataFrame:
    """Return the numbers of single pictures, means over heads.

    Args:
        sweeps: Several sweeps of one model add up, as one of all rows to one of a sample of rows.
        metrics: Names of the catalogue; each also stands for its estimate.
        stages: From 0.

    Returns:
        Columns: model, sha256, stage, block, attention, metric (an estimate under the name of the exact value), unit,
        value, estimate (whether it is one).

    Raises:
        ValueError: If two sweeps of a model hold the same number.
    """
    names = ", ".join(f"'{name}'" for name in chosen_metrics(metrics))
    numbers = ", ".join(str(int(stage)) for stage in stages)
    question = (
        "SELECT sha256, stage, block, attention, metric, unit, value FROM head_means JOIN pictures USING (image) "
        f"WHERE metric IN ({names}) AND stage IN ({numbers})"
    )
    parts = [sweep.query(question).assign(model=sweep.configuration["model"]) for sweep in sweeps]
    found = pd.concat(parts, ignore_index=True)
    found["estimate"] = found["metric"].str.endswith(ESTIMATE)
    found["metric"] = found["metric"].str.removesuffix(ESTIMATE)
    twice = found.duplicated(["model", "sha256", "stage", "block", "attention", "metric"])
    if twice.any():
        row = found[twice].iloc[0]
        raise ValueError(f"Several sweeps of {row['model']} hold its {row['metric']}; name each number's sweep once.")
    return found


def means(values: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each number over pictures and its standard error.

    Args:
        values: Of `picture_values`.

    Returns:
        Columns: model, attention, stage, block, metric, unit, estimate, pictures, mean, error.
    """
    keys = ["model", "attention", *PLACE, "estimate"]
    groups = values.groupby(keys, sort=False)["value"]
    return groups.agg(pictures="count", mean="mean", error="sem").reset_index()


def differences(values: pd.DataFrame, first: Attention, second: Attention) -> pd.DataFrame:
    """Return how much larger each number is for a second attention, over the pictures (by their bytes) of both.

    Args:
        values: Of `picture_values`.
        first: The first attention.
        second: The second one.

    Returns:
        Columns: stage, block, metric, unit, pictures, first, second (means), difference, and its 95 % interval low,
        high, from the differences of single pictures.

    Raises:
        ValueError: If they have no number of a picture in common.
    """
    sides = [
        values[(values["model"] == one.model) & (values["attention"] == one.attention)][["sha256", *PLACE, "value"]]
        for one in (first, second)
    ]
    both = sides[0].merge(sides[1], on=["sha256", *PLACE], suffixes=("_first", "_second"))
    if both.empty:
        models = listed(values["model"].unique())
        raise ValueError(
            f"{first.model} and {second.model} have no number of a picture in common; the sweeps hold "
            f"{models or 'nothing of these metrics and stages'}. Name two of these by --own and --trained."
        )
    both["difference"] = both["value_second"] - both["value_first"]
    found = (
        both.groupby(PLACE, sort=False)
        .agg(
            pictures=("difference", "count"),
            first=("value_first", "mean"),
            second=("value_second", "mean"),
            difference=("difference", "mean"),
            error=("difference", "sem"),
        )
        .reset_index()
    )
    half = NORMAL_95 * found.pop("error")
    return found.assign(low=found["difference"] - half, high=found["difference"] + half)
