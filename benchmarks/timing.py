"""Time two ways of doing the same thing alternately, so that machine drift and side effects affect both equally."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Comparison:
    """Two ways of doing the same thing, timed alternately: A B, B A, A B, ...

    Attributes:
        first: Seconds of the first way, median.
        second: Seconds of the second way, median.
        ratio: Median over the pairs of first / second.
        repeats: Number of pairs.
    """

    first: float
    second: float
    ratio: float
    repeats: int


def compare(
    first: Callable[[], object], second: Callable[[], object], repeats: int, *, warm_up: bool = True
) -> Comparison:
    """Run both once to warm up (unless told not to), then `repeats` pairs; the two take turns going first."""
    if warm_up:
        first(), second()
    pairs = [_pair(first, second) if repeat % 2 == 0 else _pair(second, first)[::-1] for repeat in range(repeats)]
    return Comparison(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
        repeats,
    )


def _pair(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    return seconds(first), seconds(second)


def seconds(action: Callable[[], object]) -> float:
    """Return how long a call takes, including its work on a GPU."""
    _finish_gpu()
    start = time.perf_counter()
    action()
    _finish_gpu()
    return time.perf_counter() - start


def _finish_gpu() -> None:
    """Wait for pending work on the GPU, if one is in use."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
