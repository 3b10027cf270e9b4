"""Time one attention block on this machine, over picture sizes, with a bar that shows how far it is."""

import statistics
import time
from collections.abc import Callable

import streamlit as st
import torch

from analysis.figures.cost import Curve
from stvit import STViTConfig
from stvit.attention import SuperTokenAttention

MEASURED_SIZES = {"super": (224, 288, 384, 512, 768, 1024), "global": (224, 288, 384)}
"""Global attention over 65,536 tokens (1024 px) would take 17 GB for each head, so it is measured up to 384 px."""

REPEATS = 3


def measure(config: STViTConfig, stage: int) -> list[Curve]:
    """Return the median time in ms of one attention block of a stage, with super tokens and without."""
    jobs = [(kind, size) for kind, sizes in MEASURED_SIZES.items() for size in sizes]
    times: dict[str, list[tuple[int, float]]] = {kind: [] for kind in MEASURED_SIZES}
    bar = st.progress(0.0, text="Measuring ...")
    for done, (kind, size) in enumerate(jobs, start=1):
        cell = config.cells[stage] if kind == "super" else 1
        module = SuperTokenAttention(config.embed_dims[stage], config.num_heads[stage], cell).eval()
        side = -(-size // (4 << stage))
        tokens = torch.randn(1, config.embed_dims[stage], side, side)
        times[kind].append((size, _milliseconds(lambda: module(tokens))))  # noqa: B023  # run at once
        bar.progress(done / len(jobs), text=f"Measured {kind} attention at {size} px")
    bar.empty()
    return [(kind, "measured", [s for s, _ in found], [t for _, t in found]) for kind, found in times.items()]


def _milliseconds(action: Callable[[], object]) -> float:
    with torch.no_grad():
        action()
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3
