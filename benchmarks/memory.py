"""Peak memory of this process."""

import resource
import sys
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")


def peak_mib() -> float:
    """Return the peak memory of this process in MiB: of the GPU if it uses one, else resident.

    Linux counts the program that started this one into `getrusage`, but not into the high-water mark of its status.
    """
    if torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 2**20
    if _STATUS.exists():
        marks = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return int(marks["VmHWM"].split()[0]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # macOS counts bytes, others KiB
