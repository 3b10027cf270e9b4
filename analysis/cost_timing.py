"""Time one attention block on this machine, over picture sizes, with super tokens and without."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import torch

from analysis.cost import STRIDES
from stvit import STViTConfig
from stvit.attention import SuperTokenAttention

MEASURED_SIZES: Mapping[str, Sequence[int]] = {
    "super": (224, 288, 384, 512, 768, 1024),
    "global": (224, 288, 384, 512, 768),
}
"""Global attention over the 65,536 tokens of 1024 px would take half a minute, so it is measured up to 768 px."""

REPEATS = 3


def time_table(
    config: STViTConfig,
    stage: int,
    sizes: Mapping[str, Sequence[int]] = MEASURED_SIZES,
    progress: Callable[[str, int, int, int], None] | None = None,
) -> pd.DataFrame:
    """Measure the median time of one attention block of a stage on random tokens.

    Args:
        config: The model.
        stage: Counted from 0.
        sizes: Sides of square pictures in px, for each kind of attention ("super", "global").
        progress: Called with (kind, size, measurements done, all) after each.

    Returns:
        Columns: size (px), stage, attention, measured (ms, median of `REPEATS`).
    """
    jobs = [(kind, size) for kind, sides in sizes.items() for size in sides]
    rows = []
    for done, (kind, size) in enumerate(jobs, start=1):
        value = _milliseconds(_block(config, stage, kind, size))
        rows.append({"size": size, "stage": stage, "attention": kind, "measured": value})
        if progress is not None:
            progress(kind, size, done, len(jobs))
    return pd.DataFrame(rows)


def _block(config: STViTConfig, stage: int, kind: str, size: int) -> Callable[[], object]:
    cell = config.cells[stage] if kind == "super" else 1
    module = SuperTokenAttention(config.embed_dims[stage], config.num_heads[stage], cell).eval()
    side = -(-size // STRIDES[stage])
    tokens = torch.randn(1, config.embed_dims[stage], side, side)
    return lambda: module(tokens)


def _milliseconds(action: Callable[[], object]) -> float:
    with torch.no_grad():
        action()
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3
