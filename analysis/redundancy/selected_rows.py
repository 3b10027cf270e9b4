"""How many tokens hold a part of the mass of a row, and what the heaviest hold, of long rows, without sorting them.

The lightest weights are left out as long as a budget of mass, or a number of weights, allows. An edge, at which those
end, is searched for: each pass over the row finds what lies below an edge, until few weights lie between the closest
two; only those are put in order. Edges are the bits of a number: they are ordered as numbers that are not negative are,
and grow about as their logarithm, in which secants lead to the place soon whatever the row looks like.
"""

import numpy as np
from jaxtyping import Float

from analysis.redundancy.row_sums import divide, has_mass, padded
from stvit.compiling import bits_of, compiled, lowest_bit, number_of, which_lie_between

FEW = 16
"""So many weights between two edges are put in order; as many as vectors compare at once."""

RUN = 4096
"""Weights that are added in single precision, each vector lane a small part of them."""

BINADE = 2.0**23
"""From an edge to the edge of twice the number."""

LATE = 8
"""After so many passes every other one halves the interval, so that none takes long."""

OVERSHOOT, NOISE, CLOSER = 1.1, 0.7, 1 / 12
"""How far beyond the expected place an edge is put, so that the next one comes from the other side: a factor, a
multiple of the root of the number of weights in between, and a part of the way to the closer end. With these, rows of
trained and random models take three or four passes for each budget."""


@compiled()
def largest(row: Float[np.ndarray, " padded"]) -> int:
    """Return the bits of the largest number."""
    result = np.int32(0)
    for j in range(len(row)):
        result = max(result, bits_of(row[j]))
    return int(result)


@compiled()
def below(row: Float[np.ndarray, " padded"], edge: np.float32) -> tuple[float, float]:
    """Return the sum and the number of the weights below an edge."""
    mass, count = 0.0, 0.0
    for start in range(0, len(row), RUN):
        run, part, number = row[start : start + RUN], np.float32(0), np.float32(0)
        for j in range(len(run)):
            counted = np.float32(run[j] < edge)  # a factor, since two conditions would keep the compiler from vectors
            part += run[j] * counted
            number += counted
        mass += np.float64(part)
        count += np.float64(number)
    return mass, count


@compiled()
def above(row: Float[np.ndarray, " padded"], edge: np.float32) -> float:
    """Return the sum of the weights at or above an edge."""
    mass = 0.0
    for start in range(0, len(row), RUN):
        run, part = row[start : start + RUN], np.float32(0)
        for j in range(len(run)):
            part += run[j] if run[j] >= edge else np.float32(0)
        mass += np.float64(part)
    return mass


@compiled()
def gather(row: Float[np.ndarray, " padded"], low: np.float32, high: np.float32, few: Float[np.ndarray, " few"]) -> int:
    """Write the weights from one edge to below another; return their number."""
    count = 0
    for start in range(0, len(row), 64):
        bits = which_lie_between(row, start, low, high)
        while bits:
            few[count] = row[start + lowest_bit(bits)]
            count += 1
            bits &= bits - np.uint64(1)
    return count


@compiled()
def number(edge: int) -> np.float32:
    """Return the number at an edge."""
    return number_of(np.int32(edge))


@compiled()
def between(low: int, high: int, held_low: float, held_high: float, budget: float, count: float) -> int:
    """Return an edge between two, a little past the place for a budget, on the side that is farther away."""
    before, after, whole = budget - held_low, held_high - budget, held_high - held_low
    margin = max(min(before, after) * CLOSER, NOISE * whole / np.sqrt(count))
    past = before - margin if before > after else before + margin
    aim = past if margin < max(before, after) else whole / 2
    return int(low + (high - low) * (aim / whole))


@compiled()
def beyond(edge: int, held: float, budget: float, rate: float, one: float) -> int:
    """Return an edge a little past the place for a budget, seen from another, where weights hold about `one` each."""
    missing = abs(budget - held)
    step = int(min((missing * OVERSHOOT + one * (4 + NOISE * np.sqrt(missing / one))) / rate, 2.0**31))
    return edge + step if held <= budget else edge - step


@compiled()
def narrow(
    row: Float[np.ndarray, " padded"], most: int, whole: float, budget: float, by_mass: bool, edge: int, rate: float
) -> tuple[int, int, float, float, float, float]:
    """Return two edges between which a budget ends, and the sums and numbers of the weights below both.

    They hold few weights between them or follow each other. `edge` is tried first, and `rate` is what the weights up to
    an edge hold more when it moves by one.
    """
    low, high, mass_low, count_low, mass_high, count_high = 0, most + 1, 0.0, 0.0, whole, float(len(row))
    passes, held, last_edge, last_held = 0, 0.0, 0, 0.0
    tried = edge
    while count_high - count_low > FEW and high - low > 1:
        if passes > 0:
            if passes > 1:
                rate = (held - last_held) / (edge - last_edge)
            tried = beyond(edge, held, budget, rate, np.float64(number(edge)) if by_mass else 1.0)
            if not low < tried < high:
                ends = (mass_low, mass_high) if by_mass else (count_low, count_high)
                start = low if low > 0 else max(0, high - np.int64(24 * BINADE))
                tried = between(start, high, ends[0], ends[1], budget, count_high - count_low)
        if not low < tried < high or (passes > LATE and passes % 2 == 1):
            tried = (low + high) // 2
        last_edge, last_held, edge = edge, held, tried
        mass, count = below(row, number(edge))
        held = mass if by_mass else count
        if held <= budget:
            low, mass_low, count_low = edge, mass, count
        else:
            high, mass_high, count_high = edge, mass, count
        passes += 1
    return low, high, mass_low, count_low, mass_high, count_high


@compiled()
def settle(few: Float[np.ndarray, " few"], count: int, budget: float, by_mass: bool) -> tuple[float, float]:
    """Return the number of the lightest of a few weights that fit into a budget, and what the others sum to.

    Rounding to single precision is far below what a count may fall short of its level.
    """
    held, limit = np.zeros(FEW, np.float32), np.float32(budget)
    few[count:] = np.inf
    for j in range(count):  # what each and all lighter or equal ones hold
        one = few[j] if by_mass else np.float32(1)
        for i in range(FEW):
            held[i] += one if few[j] <= few[i] else np.float32(0)
    fits, mass, rest, next_one = np.int32(0), np.float32(0), np.float32(0), bits_of(np.float32(np.inf))
    for i in range(FEW):  # without branches that depend on weights: a processor would guess them wrong
        fit, there = held[i] <= limit, i < count
        fits += np.int32(1) if fit and there else np.int32(0)
        mass += few[i] if fit and there else np.float32(0)
        rest += few[i] if there and not fit else np.float32(0)
        next_one = min(next_one, bits_of(np.float32(np.inf) if fit else few[i]))
    fitting, lightest = float(fits), np.float64(number_of(next_one))
    if fits < count:  # of equal ones, some may fit
        equal = np.floor((budget - np.float64(mass)) / lightest if by_mass else budget - fitting)
        return fitting + equal, np.float64(rest) - equal * lightest
    return fitting, np.float64(rest)


@compiled()
def leave_out(
    row: Float[np.ndarray, " padded"],
    most: int,
    whole: float,
    budget: float,
    by_mass: bool,
    guess: Float[np.ndarray, "2"],
    few: Float[np.ndarray, " few"],
) -> tuple[float, float]:
    """Return the number of the lightest weights that fit into a budget, and what the others sum to.

    The guess is an edge and a rate, those of a similar row, see `narrow`; it becomes that of this row.
    """
    low, high, mass_low, count_low, mass_high, count_high = narrow(
        row, most, whole, budget, by_mass, np.int64(guess[0]), guess[1]
    )
    held_low, held_high = (mass_low, mass_high) if by_mass else (count_low, count_high)
    others = whole - budget if by_mass else len(row) - budget
    guess[0] = (low + high) // 2 if by_mass else low  # above the low one may be few enough
    guess[1] = max((held_high - held_low) / (high - low), min(budget, others) / BINADE)
    if high - low == 1:  # all in between are equal
        value, count = np.float64(number(low)), count_high - count_low
        fitting = min(count, np.floor((budget - held_low) / (value if by_mass else 1.0))) if value > 0 else count
        rest = (count - fitting) * value
    else:
        count = gather(row, number(low), number(high), few)
        fitting, rest = settle(few, count, budget - held_low, by_mass)
    return count_low + fitting, rest + (0.0 if by_mass or high > most else above(row, number(high)))


@compiled("void(float32[:,:,::1], float32[:,::1], float64[::1], int64, float64[:,:,::1], float64[:,:,::1])")
def count_tokens(
    weight: Float[np.ndarray, "heads rows k"],
    mass: Float[np.ndarray, "heads rows"],
    left_out: Float[np.ndarray, " levels"],
    top: int,
    guesses: Float[np.ndarray, "heads levels_and_top 2"],
    out: Float[np.ndarray, "levels_and_top heads rows"],
) -> None:
    """Write how many tokens remain when the lightest are left out that hold these shares, and the share of the top.

    Rows without mass have none. Guesses are kept from row to row; zeros say that there are none.
    """
    heads, rows, count = weight.shape
    share, few, width = np.zeros(padded(count), np.float32), np.empty(FEW, np.float32), padded(count)
    for head in range(heads):
        for r in range(rows):
            out[:, head, r] = 0
            if has_mass(mass[head, r]):
                whole = divide(weight[head, r], mass[head, r], share)
                most = largest(share)
                for level in range(len(left_out)):
                    budget, guess = left_out[level] * whole, guesses[head, level]
                    out[level, head, r] = width - leave_out(share, most, whole, budget, True, guess, few)[0]
                budget = float(width - min(top, count))
                out[-1, head, r] = leave_out(share, most, whole, budget, False, guesses[head, -1], few)[1] / whole
