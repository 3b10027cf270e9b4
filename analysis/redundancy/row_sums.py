"""Sums over dense rows of single precision in one compiled pass each; see `analysis.redundancy.compiled_rows`.

They are taken in single precision over runs of `RUN` numbers, and in double precision over runs.
"""

import numpy as np
from jaxtyping import Float, Int

from stvit.compiling import LANES, bits_of, compiled, number_of

RUN = 1024
TINY = np.float32(np.finfo(np.float32).tiny)

MASS, ENTROPY, PERPLEXITY, DISTANCE, LOCAL_MASS, SQUARES = range(6)
"""What `moments` gives, in order."""

DIVERGENCE, COSINE = range(2)
"""What `pairs` gives, in order."""

ROOT_HALF = np.int32(0x3F3504F3)
"""The bits of the root of 1/2."""

FRACTION = np.int32(0x7FFFFF)
Q7, Q6, Q5, Q4, Q3, Q2, Q1, Q0 = (
    np.float32(value)
    for value in (
        0.08734750747680664,
        -0.14307482540607452,
        0.14917989075183868,
        -0.165705144405365,
        0.19962070882320404,
        -0.25001755356788635,
        0.33333951234817505,
        -0.49999991059303284,
    )
)
"""Coefficients of Q in log(1 + f) = f + f^2 Q(f), f from sqrt(1/2) - 1 to sqrt(2) - 1: those with the smallest relative
error of the logarithm, 3e-8, or 1e-7 with the rounding of single precision."""


@compiled()
def logarithm(x: np.float32) -> tuple[np.float32, np.float32]:
    """Return log x of a normal positive number as k and r: log x = k log 2 + r."""
    bits = bits_of(x) - ROOT_HALF
    f = number_of((bits & FRACTION) + ROOT_HALF) - np.float32(1)
    q = ((((((Q7 * f + Q6) * f + Q5) * f + Q4) * f + Q3) * f + Q2) * f + Q1) * f + Q0
    return np.float32(bits >> np.int32(23)), f + f * f * q


@compiled()
def padded(count: int) -> int:
    """Return the length of a row that is filled up with zeros: what does not fit whole vectors takes far longer."""
    return (count + LANES - 1) // LANES * LANES


@compiled()
def has_mass(mass: float) -> bool:
    """Return whether a row can be divided by its sum."""
    return bool(mass >= TINY) and mass < np.inf


@compiled()
def divide(row: Float[np.ndarray, " k"], mass: float, into: Float[np.ndarray, " padded"]) -> float:
    """Write a row divided by its sum; return what is left of 1 by rounding."""
    inverse, whole = np.float32(1 / mass), 0.0
    for start in range(0, len(row), RUN):
        run, written, part = row[start : start + RUN], into[start : start + RUN], np.float32(0)
        for j in range(len(run)):
            share = run[j] * inverse
            written[j] = share
            part += share
        whole += np.float64(part)
    return whole


@compiled()
def total(row: Float[np.ndarray, " k"]) -> float:
    """Return the sum of a row."""
    result = 0.0
    for start in range(0, len(row), RUN):
        run, part = row[start : start + RUN], np.float32(0)  # an index that starts at 0 lets the compiler use vectors
        for j in range(len(run)):
            part += run[j]
        result += np.float64(part)
    return result


@compiled()
def entropy_distance_squares(
    share: Float[np.ndarray, " padded"], distances: Float[np.ndarray, " padded"]
) -> tuple[float, float, float]:
    """Return -sum x log x, sum x d and sum x^2."""
    powers, rests, distance, squares = 0.0, 0.0, 0.0, 0.0
    for start in range(0, len(share), RUN):
        run, away = share[start : start + RUN], distances[start : start + RUN]
        p, r, d, s = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for j in range(len(run)):
            x = run[j]
            power, rest = logarithm(max(x, TINY))
            p += x * power
            r += x * rest
            d += x * away[j]
            s += x * x
        powers += np.float64(p)
        rests += np.float64(r)
        distance += np.float64(d)
        squares += np.float64(s)
    return max(0.0, -powers * np.log(2.0) - rests), distance, squares


@compiled()
def look_up(
    table: Float[np.ndarray, "rows columns"], height: int, width: int, anchor: int, into: Float[np.ndarray, " padded"]
) -> None:
    """Write the distance of every token from an anchor, from a table of all offsets."""
    first_row, first_column = height - 1 - anchor // width, width - 1 - anchor % width
    for row in range(height):
        seen = table[first_row + row, first_column : first_column + width]
        run = into[row * width : (row + 1) * width]
        for column in range(len(run)):
            run[column] = seen[column]


@compiled()
def near(share: Float[np.ndarray, " padded"], height: int, width: int, anchor: int, reach: int) -> float:
    """Return the share of tokens at most `reach` rows and columns from the anchor."""
    row, column, result = anchor // width, anchor % width, 0.0
    for down in range(max(0, row - reach), min(height, row + reach + 1)):
        for across in range(max(0, column - reach), min(width, column + reach + 1)):
            result += np.float64(share[down * width + across])
    return result


@compiled("void(float32[:,:,::1], int64[::1], float32[:,::1], int64, int64, int64, float64[:,:,::1])")
def moments(
    weight: Float[np.ndarray, "heads rows k"],
    anchors: Int[np.ndarray, " rows"],
    table: Float[np.ndarray, "offsets_down offsets_across"],
    height: int,
    width: int,
    reach: int,
    out: Float[np.ndarray, "moments heads rows"],
) -> None:
    """Write what each row sums to and, of the row divided by it, the other moments; zeros for a row without mass."""
    heads, rows, count = weight.shape
    share, distances = np.zeros(padded(count), np.float32), np.zeros(padded(count), np.float32)
    for r in range(rows):
        look_up(table, height, width, anchors[r], distances)
        for head in range(heads):
            mass = np.float32(total(weight[head, r]))
            out[:, head, r] = 0
            out[MASS, head, r] = mass
            if has_mass(mass):
                divide(weight[head, r], mass, share)
                entropy, distance, squares = entropy_distance_squares(share, distances)
                out[ENTROPY, head, r], out[PERPLEXITY, head, r] = entropy, np.exp(entropy)
                out[DISTANCE, head, r] = distance
                out[LOCAL_MASS, head, r] = near(share, height, width, anchors[r], reach)
                out[SQUARES, head, r] = squares


@compiled()
def entropy_and_product(
    first: Float[np.ndarray, " padded"], other: Float[np.ndarray, " padded"]
) -> tuple[float, float]:
    """Return -sum (p + q) log (p + q) and sum p q."""
    powers, rests, product = 0.0, 0.0, 0.0
    for start in range(0, len(first), RUN):
        one, two = first[start : start + RUN], other[start : start + RUN]
        p, r, m = np.float32(0), np.float32(0), np.float32(0)
        for j in range(len(one)):
            x = one[j] + two[j]
            power, rest = logarithm(max(x, TINY))
            p += x * power
            r += x * rest
            m += one[j] * two[j]
        powers += np.float64(p)
        rests += np.float64(r)
        product += np.float64(m)
    return -powers * np.log(2.0) - rests, product


@compiled("void(float32[:,:,::1], float64[:,:,::1], float64[:,:,::1], float64[:,:,::1])")
def pairs(
    weight: Float[np.ndarray, "heads rows k"],
    known: Float[np.ndarray, "moments heads rows"],
    out: Float[np.ndarray, "2 pairs rows"],
    means: Float[np.ndarray, "2 heads rows"],
) -> None:
    """Write divergence and cosine of each pair of heads in order, and of each head the means over its partners.

    JS = H((p + q) / 2) - (H(p) + H(q)) / 2, where H((p + q) / 2) = log 2 - sum (p + q) log (p + q) / 2. Both are 0
    where a row has no mass.
    """
    heads, rows, count = weight.shape
    share = np.zeros((heads, padded(count)), np.float32)
    means[:] = 0
    for r in range(rows):
        for head in range(heads):
            if has_mass(known[MASS, head, r]):
                divide(weight[head, r], known[MASS, head, r], share[head])
        pair = 0
        for one in range(heads):
            for other in range(one + 1, heads):
                out[:, pair, r] = 0
                if has_mass(known[MASS, one, r]) and has_mass(known[MASS, other, r]):
                    of_sum, product = entropy_and_product(share[one], share[other])
                    apart = (of_sum - known[ENTROPY, one, r] - known[ENTROPY, other, r]) / 2 + np.log(2.0)
                    out[DIVERGENCE, pair, r] = max(0.0, apart)
                    out[COSINE, pair, r] = product / np.sqrt(known[SQUARES, one, r] * known[SQUARES, other, r])
                for which in range(2):
                    means[which, one, r] += out[which, pair, r] / (heads - 1)
                    means[which, other, r] += out[which, pair, r] / (heads - 1)
                pair += 1


@compiled("void(float32[:,:,::1], float32[:,::1], float64[:,::1])")
def receive(
    weight: Float[np.ndarray, "heads rows k"],
    mass: Float[np.ndarray, "heads rows"],
    received: Float[np.ndarray, "heads k"],
) -> None:
    """Add what every token receives from these rows, each divided by its sum; rows without mass give nothing."""
    heads, rows, count = weight.shape
    for head in range(heads):
        for start in range(0, count, RUN):
            into = received[head, start : start + RUN]
            part = np.zeros(RUN, np.float32)[: len(into)]
            for r in range(rows):
                if has_mass(mass[head, r]):
                    run, inverse = weight[head, r, start : start + RUN], np.float32(1 / mass[head, r])
                    for j in range(len(run)):
                        part[j] += run[j] * inverse
            for j in range(len(into)):
                into[j] += np.float64(part[j])
