"""How many of the lightest weights of a row may be left out: of a sorted row, or by a histogram of bit patterns.

The bits of positive numbers are in the order of the numbers, so their leading ones say into which bucket a weight
falls. Only the weights of the bucket that decides are sorted. Masses are added up in fixed point, where the order does
not matter.
"""

import numpy as np
from jaxtyping import Float, Int

from analysis.redundancy.compiling import compiled
from analysis.redundancy.row_sums import divide, has_mass, padded

BUCKETS = 2048
"""Most buckets of a histogram; a row of N tokens has about N."""

GROUP = 32
"""Buckets that are added up, so that whole groups can be skipped."""

RANGE = np.int32(31 << 23)
"""Range of the bits that buckets tell apart, 31 factors of two: lighter weights are as one to them."""

FIXED = np.float32(2**40)
"""The fixed-point number of a share of 1."""

BITS = 42
"""Bits of the mass of a bucket in fixed point; the number of its tokens stands in those above."""

MASS = (1 << BITS) - 1

SCANNED = 64
"""Tokens that are looked at together when the weights of a bucket are gathered."""

SORTED_RUN = 16
"""Weights that are left out together as long as that is possible, of rows that are sorted."""

FEW = 32
"""Up to so many weights of a bucket are sorted by insertion."""


@compiled()
def fill(
    share: Float[np.ndarray, " padded"],
    count: int,
    bucket: Int[np.ndarray, " padded"],
    fixed: Int[np.ndarray, " k"],
    histogram: Int[np.ndarray, " buckets"],
) -> int:
    """Write the bucket of each token and the histogram; return in how many bits weights of a bucket differ."""
    bits, share, bucket = share.view(np.int32)[:count], share[:count], bucket[:count]
    lowest, highest = np.int32(0x7FFFFFFF), np.int32(0)
    for j in range(len(bits)):
        lowest, highest = min(lowest, bits[j]), max(highest, bits[j])
    floor, shift = max(max(lowest, np.int32(0)), highest - RANGE), np.int32(0)
    while (highest - floor) >> shift >= len(histogram):
        shift += np.int32(1)
    for j in range(len(bits)):
        bucket[j] = max(max(bits[j], np.int32(0)) - floor, np.int32(0)) >> shift
    for j in range(len(fixed)):
        fixed[j] = np.int64(max(share[j], np.float32(0)) * FIXED) + (1 << BITS)
    histogram[:] = 0
    for j in range(len(fixed)):
        histogram[bucket[j]] += fixed[j]
    return int(shift)


@compiled()
def add_groups(histogram: Int[np.ndarray, " buckets"], groups: Int[np.ndarray, " groups"]) -> int:
    """Write the sums over groups of buckets, and return the mass of all."""
    mass = 0
    for number in range(len(groups)):
        group, inside = histogram[number * GROUP : (number + 1) * GROUP], 0
        for place in range(len(group)):
            inside += group[place]
        groups[number] = inside
        mass += inside & MASS
    return mass


@compiled()
def sort(values: Float[np.ndarray, " few"]) -> None:
    """Bring numbers, few in most cases, into rising order."""
    if len(values) > FEW:
        values.sort()
        return
    for last in range(1, len(values)):
        value, place = values[last], last
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled()
def gather(
    share: Float[np.ndarray, " padded"],
    bucket: Int[np.ndarray, " padded"],
    wanted: int,
    number: int,
    into: Float[np.ndarray, " more_than_k"],
) -> None:
    """Write the weights of a bucket, of which there are so many, in rising order."""
    found, start = 0, 0
    while found < number:
        run, own, hits = bucket[start : start + SCANNED], share[start : start + SCANNED], np.int32(0)
        for j in range(len(run)):
            hits += np.int32(run[j] == wanted)
        if hits > 0:
            for j in range(len(run)):  # without a branch, which no processor could foresee
                into[found] = own[j]
                found += run[j] == wanted
        start += SCANNED
    sort(into[:number])


@compiled()
def skip(
    held: Int[np.ndarray, " places"], place: int, mass: int, count: int, most_mass: int, most_count: int
) -> tuple[int, int, int]:
    """Go from a place to the first that would hold or count too much; return it, and mass and count before it."""
    while place < len(held):
        new_mass, new_count = mass + (held[place] & MASS), count + (held[place] >> BITS)
        if new_mass > most_mass or new_count > most_count:
            break
        place, mass, count = place + 1, new_mass, new_count
    return place, mass, count


@compiled()
def lightest(
    share: Float[np.ndarray, " padded"],
    bucket: Int[np.ndarray, " padded"],
    histogram: Int[np.ndarray, " buckets"],
    groups: Int[np.ndarray, " groups"],
    shift: int,
    most_mass: int,
    most_count: int,
    into: Float[np.ndarray, " more_than_k"],
) -> tuple[int, int]:
    """Return the mass and the number of as many of the lightest weights as hold and count no more than that."""
    group, mass, count = skip(groups, 0, 0, 0, most_mass, most_count)
    if group == len(groups):
        return mass, count
    place, mass, count = skip(histogram, group * GROUP, mass, count, most_mass, most_count)
    inside = histogram[place] >> BITS
    if shift == 0:  # all weights of a bucket are equal
        each, further = (histogram[place] & MASS) // inside, min(inside, most_count - count)
        if each > 0:
            further = min(further, (most_mass - mass) // each)
        return mass + further * each, count + further
    if inside == 1:
        return mass, count
    gather(share, bucket, place, inside, into)
    for number in range(inside):
        one = np.int64(into[number] * FIXED)
        if mass + one > most_mass or count + 1 > most_count:
            break
        mass, count = mass + one, count + 1
    return mass, count


@compiled("void(float32[:,:,::1], float32[:,::1], float64[::1], int64, float64[:,:,::1])")
def select(
    weight: Float[np.ndarray, "heads rows k"],
    mass: Float[np.ndarray, "heads rows"],
    left_out: Float[np.ndarray, " levels"],
    top: int,
    out: Float[np.ndarray, "levels_and_top heads rows"],
) -> None:
    """Write how many tokens remain when the lightest are left out that hold these shares, and the share of the top."""
    heads, rows, count = weight.shape
    share, into = np.zeros(padded(count), np.float32), np.empty(count + 1, np.float32)
    bucket, fixed = np.full(padded(count), -1, np.int16), np.empty(count, np.int64)
    groups = np.empty(min(BUCKETS, count + GROUP) // GROUP, np.int64)
    histogram = np.empty(len(groups) * GROUP, np.int64)
    for head in range(heads):
        for r in range(rows):
            out[:, head, r] = 0
            if not has_mass(mass[head, r]):
                continue
            divide(weight[head, r], mass[head, r], share)
            shift = fill(share, count, bucket, fixed, histogram)
            whole = add_groups(histogram, groups)
            for level in range(len(left_out)):
                most = np.int64(whole * left_out[level])
                _, without = lightest(share, bucket, histogram, groups, shift, most, count, into)
                out[level, head, r] = count - without
            rest, _ = lightest(share, bucket, histogram, groups, shift, whole, max(0, count - top), into)
            out[len(left_out), head, r] = (whole - rest) / whole


@compiled()
def add_runs(rising: Float[np.ndarray, " k"], runs: Float[np.ndarray, " runs"]) -> float:
    """Write the sums of runs of `SORTED_RUN` weights, and return the sum of all."""
    whole = 0.0
    for number in range(len(runs)):
        run, part = rising[number * SORTED_RUN : (number + 1) * SORTED_RUN], np.float32(0)
        for j in range(len(run)):
            part += run[j]
        runs[number] = part
        whole += np.float64(part)
    return whole


@compiled()
def lightest_of_sorted(rising: Float[np.ndarray, " k"], runs: Float[np.ndarray, " runs"], most: float) -> int:
    """Return the number of as many of the lightest weights as hold no more than that."""
    held, run = 0.0, 0
    while run < len(runs) and held + np.float64(runs[run]) <= most:
        held += np.float64(runs[run])
        run += 1
    place = min(run * SORTED_RUN, len(rising))
    while place < len(rising) and held + np.float64(rising[place]) <= most:
        held += np.float64(rising[place])
        place += 1
    return place


@compiled("void(float32[:,:,::1], float32[:,::1], float64[::1], int64, float64[:,:,::1])")
def select_from_sorted(
    rising: Float[np.ndarray, "heads rows k"],
    mass: Float[np.ndarray, "heads rows"],
    left_out: Float[np.ndarray, " levels"],
    top: int,
    out: Float[np.ndarray, "levels_and_top heads rows"],
) -> None:
    """Write the same as `select` does, of rows whose weights are in rising order."""
    heads, rows, count = rising.shape
    runs = np.empty((count + SORTED_RUN - 1) // SORTED_RUN, np.float32)
    for head in range(heads):
        for r in range(rows):
            out[:, head, r] = 0
            if not has_mass(mass[head, r]):
                continue
            row = rising[head, r]
            whole, heaviest = add_runs(row, runs), 0.0
            for level in range(len(left_out)):
                out[level, head, r] = count - lightest_of_sorted(row, runs, whole * left_out[level])
            for place in range(max(0, count - top), count):
                heaviest += np.float64(row[place])
            out[len(left_out), head, r] = heaviest / whole
