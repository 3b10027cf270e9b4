"""By how much rounding alone may part what a replay computes from what the model put out."""

import torch

from stvit.capturing.records import Capture
from stvit.precision import at_least_single

SINGLE = 1e-5
"""Largest replay error of captures in single precision or wider."""

ROUNDINGS = 4
"""In half precision every step rounds by up to half a unit in the last place of the largest number; replayed blocks of
trained and random models end up to 1.7 such units apart."""


def replay_tolerance(capture: Capture) -> float:
    """Return the largest replay error that the precision of a run explains.

    1e-5 in float32 and wider; in half precision `ROUNDINGS` units in the last place of the largest output of a block.
    """
    tolerances = [SINGLE]
    for record in capture.values():
        if at_least_single(record.output) is not record.output:
            largest = record.output.abs().max().item()
            tolerances.append(ROUNDINGS * torch.finfo(record.output.dtype).eps * largest)
    return max(tolerances)


def precision_of(capture: Capture) -> str:
    """Return the name of the type in which the blocks gave their output, such as "bfloat16"."""
    record = next(iter(capture.values()), None)
    return str(capture.logits.dtype if record is None else record.output.dtype).removeprefix("torch.")
