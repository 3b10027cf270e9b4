"""Rows that are sums of a few weighted rows that many share, in one compiled pass."""

import numpy as np
from jaxtyping import Float, Int

from stvit.compiling import compiled

RUN = 1024
"""Tokens that are computed together for all rows, so that what these share stays in the cache."""

AT_ONCE = 3
"""Rows that are added in one pass."""


@compiled("void(float32[:,:,::1], int64[:,::1], float32[:,::1], float32[:,:,::1])")
def combine(
    shared: Float[np.ndarray, "heads used tokens"],
    which: Int[np.ndarray, "rows terms"],
    weight: Float[np.ndarray, "rows terms"],
    out: Float[np.ndarray, "heads rows tokens"],
) -> None:
    """Write the sums of the weighted rows; the number of terms is a multiple of `AT_ONCE`."""
    heads, rows, count = out.shape
    for head in range(heads):
        for start in range(0, count, RUN):
            for r in range(rows):
                result = out[head, r, start : start + RUN]
                for term in range(0, which.shape[1], AT_ONCE):
                    a, b, c = weight[r, term], weight[r, term + 1], weight[r, term + 2]
                    x = shared[head, which[r, term], start : start + RUN]
                    y = shared[head, which[r, term + 1], start : start + RUN]
                    z = shared[head, which[r, term + 2], start : start + RUN]
                    if term == 0:
                        for j in range(len(result)):
                            result[j] = a * x[j] + b * y[j] + c * z[j]
                    else:
                        for j in range(len(result)):
                            result[j] += a * x[j] + b * y[j] + c * z[j]
