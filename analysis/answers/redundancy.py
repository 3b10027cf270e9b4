"""Where the attention of a picture is redundant, and whether that is usual, in sentences."""

from collections.abc import Iterator, Mapping

import pandas as pd

from analysis.answers.words import in_words, ordinal
from analysis.attention.kinds import OWN
from analysis.figures.ledger_values import depth_values, head_values
from analysis.figures.numbers import significant
from analysis.redundancy.where import where
from analysis.sweeps.reference import Bands, percentile
from stvit.error_text import counted

METRICS = ("normalised_entropy", "head_cosine", "token_cosine")
"""What the answer is made of."""

ENTROPY = METRICS[0]


def redundancy_answer(table: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Say how redundant the first stage is, and which heads are most and least so.

    Args:
        table: Of `analysis.ledger` of one picture, with `METRICS` as far as they exist.
        titles: What people call each kind of attention; heads are those of the first that was measured.

    Returns:
        Two sentences; nothing if no attention was measured.
    """
    kinds = [kind for kind in titles if _in_first_stage(table, ENTROPY, kind) is not None]
    if not kinds:
        return ""
    entropy = [f"{_in_first_stage(table, ENTROPY, kind)} in {titles[kind].lower()}" for kind in kinds]
    parts = [f"normalised entropy (1 is uniform) is {in_words(entropy)}"]
    parts += [
        f"the mean cosine between {what} is {value}"
        for what, value in (
            (f"heads of {titles[kinds[0]].lower()}", _in_first_stage(table, "head_cosine", kinds[0])),
            ("tokens", _in_first_stage(table, "token_cosine", "block")),
        )
        if value is not None
    ]
    ranked = head_values(table, ENTROPY, kinds[0]).ranked()
    least, most = (f"{where(*head[:3])} ({significant(head[3])})" for head in (ranked[0], ranked[-1]))
    stage = int(table["stage"].min()) + 1
    return f"In stage {stage}, {in_words(parts)}. By entropy, {most} is the most redundant head and {least} the least."


def usual_answer(table: pd.DataFrame, bands: Bands) -> str:
    """Say where the model's own attention is most unusual among many pictures, by normalised entropy.

    Args:
        table: Of `analysis.ledger` of one picture.
        bands: How its numbers spread over many pictures.
    """
    places = list(_percentiles(table, bands))
    if not places:
        return ""
    block, place = max(places, key=lambda found: abs(found[1] - 50))
    return (
        f"Measured against {counted(bands.swept.pictures, 'picture')}, this one's normalised entropy is most unusual "
        f"in {where(*block)} ({ordinal(place)} percentile)."
    )


def place_answer(
    bands: Bands, metric: str, block: tuple[int, int], head: int | None, value: float, attention: str
) -> str:
    """Say where one number stands among those of many pictures; nothing where they do not have it.

    Args:
        bands: How the numbers of many pictures spread.
        metric: Name in the catalogue.
        block: Stage and block, from 0.
        head: From 0; None for the mean over heads.
        value: The number.
        attention: Kind of attention.
    """
    try:
        place = percentile(bands, metric, block, head, value, attention)
    except LookupError:
        return ""
    whose = where(*block, head) + ("" if head is not None else ", mean over heads")
    many = counted(bands.swept.pictures, "picture")
    return f"{whose[0].upper()}{whose[1:]}: {significant(value)}, the {ordinal(place)} percentile of {many}."


def _percentiles(table: pd.DataFrame, bands: Bands) -> Iterator[tuple[tuple[int, int], float]]:
    found = depth_values(table, ENTROPY)
    for block, values in zip(found.blocks, found.series.get(OWN, ()), strict=False):
        try:
            yield block, percentile(bands, ENTROPY, block, None, values.mean)
        except LookupError:
            continue


def _in_first_stage(table: pd.DataFrame, metric: str, attention: str) -> str | None:
    """Return the mean of a metric over blocks and heads of the first stage, as written; None if it has none."""
    rows = table[(table["metric"] == metric) & (table["attention"] == attention)]
    rows = rows[rows["stage"] == table["stage"].min()]
    return significant(float(rows["value"].mean())) if len(rows) else None
