"""Sort the rows of large arrays on all cores."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

SMALL = 2**15
"""Up to this many numbers one thread is faster than several."""


def sorted_rows(values: Float[Tensor, "*rows k"]) -> Float[Tensor, "*rows k"]:
    """Return the values of each row in rising order.

    NumPy sorts with vector instructions, several times faster than PyTorch on CPUs, but on one core and without
    holding the interpreter's lock; so the rows are shared out to threads.
    """
    rows = values.reshape(-1, values.shape[-1]).numpy(force=True).copy()
    threads = min(torch.get_num_threads(), len(rows))
    if threads < 2 or rows.size <= SMALL:
        rows.sort(axis=-1)
    else:
        list(_pool(threads).map(_sort, np.array_split(rows, threads)))
    return torch.from_numpy(rows).to(values.device).reshape(values.shape)


def _sort(rows: np.ndarray) -> None:
    rows.sort(axis=-1)


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="sort")
