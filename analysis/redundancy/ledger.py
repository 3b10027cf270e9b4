"""The redundancy ledger: every number about the attention of a capture in one tidy table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.attention.kinds import DEFAULT_WINDOW, SourceRule, attention_rules
from analysis.backbones.records import BackboneCapture
from analysis.redundancy.association import association_summary
from analysis.redundancy.catalogue import CATALOGUE, chosen_metrics
from analysis.redundancy.cka import BlockTokens
from analysis.redundancy.features import block_similarity
from analysis.redundancy.measure import measure_all
from analysis.redundancy.parallel import run_all
from analysis.redundancy.ranks import EXACT_TOKENS
from analysis.redundancy.row_metrics import RowSettings
from analysis.redundancy.row_sample import RowSample, draw_rows
from analysis.redundancy.watch import Progress, Watch
from analysis.redundancy.where import where
from stvit import Attention, BlockId, BlockRecord, Capture
from stvit.capturing.attention_record import AttentionRecord
from stvit.error_text import counted

COLUMNS = ("image", "stage", "block", "head", "attention", "metric", "value", "unit", "stderr", "where")

BLOCK = "block"
"""What stands for the attention in rows about a block itself (its tokens, its association)."""


@dataclass(frozen=True, eq=False)
class _Found:
    """One metric of one attention in one block, or of the block itself.

    Attributes:
        attention: Name of the attention; `BLOCK` for a metric of the block itself.
        metric: Name of the metric.
        values: One for each head, or one for the block.
        stderr: Their standard errors; None where they are exact.
    """

    attention: str
    metric: str
    values: Float[np.ndarray, " heads_or_1"]
    stderr: Float[np.ndarray, " heads_or_1"] | None = None


def ledger(
    cap: Capture | BackboneCapture,
    attentions: Iterable[str] | Mapping[str, SourceRule] = ("super", "global", "local"),
    metrics: Iterable[str] | None = None,
    *,
    window: int | tuple[int, int] = DEFAULT_WINDOW,
    settings: RowSettings | None = None,
    exact_tokens: int = EXACT_TOKENS,
    image_names: Sequence[str] | None = None,
    progress: Progress | None = None,
    anchors: int | None = None,
    seed: int | Sequence[int] = 0,
) -> pd.DataFrame:
    """Measure every captured block, head and image, for each kind of attention.

    Means over tokens; the maps themselves come from `analysis.redundancy.measure.per_token`. Row metrics are
    conditional on the mass kept, which "mass" reports. Values that do not exist (divergence between heads of a single
    head, cosines of a single super token, whatever is about attention in a block of convolutions) have no row. Memory
    is that of one block of rows, whatever the resolution.

    Args:
        cap: A capture of any number of images, of an STViT or of a backbone.
        attentions: Names of `analysis.attention.kinds.KINDS`; or a mapping from names to functions that make an
            attention from the record of one image.
        metrics: Names of `analysis.redundancy.catalogue.CATALOGUE`; all if None.
        window: Tokens per window and axis of local attention.
        settings: Window of "local_mass" and k of "top_mass".
        exact_tokens: Up to this many tokens the ranks of attentions without factors are exact; above, they are
            estimates and named so.
        image_names: Names for the column image; the number in the batch if None.
        progress: Called with (work done, work in all) several times a second, also inside a block, and after each
            block; the unit is its own. What it raises stops the work: threads end, and nothing keeps computing.
        anchors: Number of rows of each attention to measure, one from every region of the grid; all if None. See
            `analysis.redundancy.measure.measure` for what a sample can tell.
        seed: Of the draw, a whole number from 0: one for all images, which are then measured at the same tokens, or
            one for each, so that errors cancel out in means over many pictures. Blocks differ in any case.

    Returns:
        Columns image, stage, block and head (whole numbers from 0; head is missing in rows about the block itself),
        attention ("block" in these rows), metric, value, unit, stderr (standard error of a value that is estimated
        from a sample of rows; missing where it is exact), where (the same in words that
        count from 1, such as "stage 1, block 2, head 3").

    Raises:
        ValueError: If an attention or a metric is unknown, image_names does not fit the batch, or the model or an
            attention gives numbers that are not finite.

    Example:
        >>> import torch
        >>> from stvit import capture, create_model
        >>> cap = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))
        >>> len(ledger(cap, attentions=["super"], metrics=["entropy"]))  # 2 * 2 + 2 * 4 + 4 * 5 + 2 * 8 heads
        48
    """
    rules = attention_rules(attentions, window)
    wanted = chosen_metrics(metrics)
    settings = settings or RowSettings()
    cap.check_finite()
    records: list[AttentionRecord] = list(cap.values())
    names = _names(image_names, records[0].batch_size if records else 0)
    seeds = _seeds(seed, len(names))
    shares = [_share(record, len(rules)) for record in records]
    found: list[tuple[Any, BlockId, _Found]] = []
    for image, name in enumerate(names):
        before: BlockTokens | None = None
        for number, record in enumerate(whole.select(image) for whole in records):
            told = _part(progress, image * sum(shares) + sum(shares[:number]), shares[number], len(names) * sum(shares))
            sample = None if anchors is None else draw_rows(record.grid, anchors, (seeds[image], *record.id))
            block = BlockTokens(record)
            (of_block,) = run_all([partial(_of_block, block, before, wanted)], Watch(0, told))
            of_heads = _of_heads(record, rules, wanted, settings, exact_tokens, sample, told)
            found += ((name, record.id, one) for one in (*of_block, *of_heads))
            before = block
            if told is not None:
                told(1, 1)
    return _table(found)


def _of_heads(
    record: AttentionRecord,
    rules: Mapping[str, SourceRule],
    wanted: Sequence[str],
    settings: RowSettings,
    exact_tokens: int,
    sample: RowSample | None,
    progress: Progress | None,
) -> Iterator[_Found]:
    """Yield what all attentions of a block measure; equal ones are measured once."""
    if not record.heads or all(CATALOGUE[name].scope == "block" for name in wanted):
        return
    ((different, number),) = run_all([partial(_different, record, rules)])
    try:
        found = measure_all(
            different, record.grid, record.token_pixels, wanted, settings, exact_tokens, sample, progress
        )
    except ValueError as error:
        raise ValueError(f"In {record.id.caption}: {error}") from error
    for name, which in number.items():
        for metric, values in found[which].head_values().items():
            yield _Found(name, metric, values, found[which].stderr.get(metric))


def _different(
    record: AttentionRecord, rules: Mapping[str, SourceRule]
) -> tuple[Sequence[Attention], Mapping[str, int]]:
    """Return attentions of a block that differ, and by name which of them each is."""
    different: list[Attention] = []
    number: dict[str, int] = {}
    for name, rule in rules.items():
        attention = rule(record)
        equal = (index for index, other in enumerate(different) if attention.same_as(other))
        number[name] = next(equal, len(different))
        if number[name] == len(different):
            different.append(attention)
    return different, number


def _of_block(block: BlockTokens, before: BlockTokens | None, wanted: Sequence[str]) -> list[_Found]:
    """Return the metrics of a block itself."""
    found, record = [], block.record
    metrics = [CATALOGUE[name] for name in wanted if CATALOGUE[name].scope == "block"]
    together = block_similarity(record) if metrics else {}
    if record.heads and metrics:
        together |= _losses(record)
    for metric in metrics:
        value = together.get(metric.name) if metric.rule is None else metric.compute(block, before)
        if value is not None:
            found.append(_Found(BLOCK, metric.name, np.array([value])))
    return found


def _losses(record: AttentionRecord) -> dict[str, float]:
    """Return what the association does, or without one the attention mass that the tokens lose."""
    if isinstance(record, BlockRecord):
        return association_summary(record)
    return {"leakage": record.leakage().mean().item()}


def _share(record: AttentionRecord, attentions: int) -> int:
    """Return how much of all work a block is, roughly: its weights if each attention is dense, in thousands."""
    tokens = record.grid.num_tokens
    return 1 + record.heads * tokens**2 * attentions // 1000


def _part(progress: Progress | None, before: int, share: int, total: int) -> Progress | None:
    """Return what tells of a part of the work as of the whole: the part has this share, after what was done before."""
    if progress is None:
        return None
    return lambda done, parts: progress(before + (share * done // parts if parts else 0), total)


def _names(image_names: Sequence[str] | None, batch: int) -> Sequence[Any]:
    if image_names is None:
        return range(batch)
    if len(image_names) != batch:
        raise ValueError(
            f"The capture holds {counted(batch, 'image')}, got {len(image_names)} image_names; give one for each."
        )
    return image_names


def _seeds(seed: int | Sequence[int], batch: int) -> Sequence[int]:
    if isinstance(seed, int):
        return [seed] * batch
    if len(seed) != batch:
        raise ValueError(
            f"The capture holds {counted(batch, 'image')}, got {len(seed)} seeds; give one for each or one for all."
        )
    return seed


def _table(found: Sequence[tuple[Any, BlockId, _Found]]) -> pd.DataFrame:
    """Return the table of what was found: (name of the image, block, values), a row for each value."""
    about = [(name, *block, one.attention, one.metric, len(one.values)) for name, block, one in found]
    table = pd.DataFrame(about, columns=["image", "stage", "block", "attention", "metric", "count"])
    table = table.astype({"stage": "Int64", "block": "Int64"})
    table["unit"] = table["metric"].map({name: metric.unit for name, metric in CATALOGUE.items()})
    table = table.loc[table.index.repeat(table.pop("count"))].reset_index(drop=True)
    heads = [(block, _heads(one)) for _, block, one in found]
    table["head"] = pd.array([head for _, several in heads for head in several], dtype="Int64")
    table["where"] = pd.Series([where(*block, head) for block, several in heads for head in several], dtype="str")
    table["value"] = _joined([one.values for _, _, one in found])
    table["stderr"] = _joined(
        [np.full(len(one.values), np.nan) if one.stderr is None else one.stderr for _, _, one in found]
    )
    return table.loc[table["value"].notna(), list(COLUMNS)].reset_index(drop=True)


def _heads(one: _Found) -> Sequence[int | None]:
    return [None] if one.attention == BLOCK else range(len(one.values))


def _joined(values: Sequence[Float[np.ndarray, " _"]]) -> Float[np.ndarray, " all"]:
    return np.concatenate([np.empty(0), *values])
