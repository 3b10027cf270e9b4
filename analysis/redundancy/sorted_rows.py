"""How many tokens hold a part of the mass of a row, and what the heaviest hold, of rows in rising order."""

import numpy as np
from jaxtyping import Float

from analysis.redundancy.row_sums import has_mass
from stvit.compiling import compiled

RUN = 32
"""Weights that are left out together as long as that is possible."""


@compiled()
def add_runs(rising: Float[np.ndarray, " k"], held: Float[np.ndarray, " runs"]) -> None:
    """Write what the weights of each run and of all before it hold."""
    whole = 0.0
    for number in range(len(held)):
        run, part = rising[number * RUN : (number + 1) * RUN], np.float32(0)
        for j in range(len(run)):
            part += run[j]
        whole += np.float64(part)
        held[number] = whole


@compiled()
def count_lightest(rising: Float[np.ndarray, " k"], held: Float[np.ndarray, " runs"], most: float) -> int:
    """Return the number of as many of the lightest weights as hold no more than that."""
    run = int(np.searchsorted(held, most, side="right"))
    if run == len(held):
        return len(rising)
    place, before = run * RUN, held[run - 1] if run > 0 else 0.0
    while place < len(rising) and before + np.float64(rising[place]) <= most:
        before += np.float64(rising[place])
        place += 1
    return place


@compiled("void(float32[:,:,::1], float32[:,::1], float64[::1], int64, float64[:,:,::1])")
def count_tokens(
    rising: Float[np.ndarray, "heads rows k"],
    mass: Float[np.ndarray, "heads rows"],
    left_out: Float[np.ndarray, " levels"],
    top: int,
    out: Float[np.ndarray, "levels_and_top heads rows"],
) -> None:
    """Write how many tokens remain when the lightest are left out that hold these shares, and the share of the top.

    Rows without mass have none.
    """
    heads, rows, count = rising.shape
    held = np.empty((count + RUN - 1) // RUN)
    for head in range(heads):
        for r in range(rows):
            out[:, head, r] = 0
            if has_mass(mass[head, r]):
                row, heaviest = rising[head, r], 0.0
                add_runs(row, held)
                for level in range(len(left_out)):
                    out[level, head, r] = count - count_lightest(row, held, held[-1] * left_out[level])
                for place in range(max(0, count - top), count):
                    heaviest += np.float64(row[place])
                out[len(left_out), head, r] = heaviest / held[-1]
