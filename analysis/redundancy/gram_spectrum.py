"""Singular values by A^T A in double precision, compiled: half the time of LAPACK, and always on one thread.

A^T A is made tridiagonal by Householder reflections, in one pass over its lower triangle for each; the eigenvalues of
several tridiagonal matrices are then found side by side by the QL algorithm without square roots (Parlett, The
Symmetric Eigenvalue Problem, SIAM 1998, chapters 7 and 8). Zeros fill matrices up to whole bundles of rows and columns.
"""

from math import copysign, sqrt

import numpy as np
from jaxtyping import Float

from stvit.compiling import compiled

BUNDLE = 4
"""Rows that are reflected together; a matrix has a multiple of it of columns."""

DEPTH = 8
"""Rows of A whose products are summed in one pass; A has a multiple of it of rows."""

TILE_ROWS, TILE_COLUMNS = 32, 128
"""Part of A^T A that stays in the fastest cache while all rows of A are gone through."""

LANES = 8
"""Tridiagonal matrices whose eigenvalues are found side by side: a single one waits for its divisions."""

EPSILON = 2.0**-52
NOTHING = 1e-36
"""Below it the square of a number beside the diagonal is zero, where the largest entries of A are 1."""


@compiled()
def singular_values(matrices: Float[np.ndarray, "count rows columns"]) -> Float[np.ndarray, "count columns"]:
    """Return the roots of the eigenvalues of A^T A of each matrix A, in any order; NaN if numbers are not finite."""
    count, rows, columns = matrices.shape
    values = np.empty((count, columns))
    a = np.zeros((filled(rows, DEPTH), filled(columns, BUNDLE)))
    product = np.empty((a.shape[1], a.shape[1]))
    for start in range(0, count, LANES):
        diagonal, beside = np.zeros((columns, LANES)), np.zeros((columns, LANES))
        scale = np.zeros(LANES)
        lanes = min(LANES, count - start)
        for lane in range(lanes):
            scale[lane] = take_scaled(matrices[start + lane], a)
            multiply_by_itself(a, product)
            make_tridiagonal(product, diagonal[:, lane], beside[:, lane])
        find_eigenvalues(diagonal, beside)
        for lane in range(lanes):
            for j in range(columns):
                square = diagonal[j, lane]
                values[start + lane, j] = 0.0 if square < 0 else sqrt(square) * scale[lane]
    return values


@compiled()
def filled(count: int, by: int) -> int:
    """Return the next multiple."""
    return (count + by - 1) // by * by


@compiled()
def take_scaled(matrix: Float[np.ndarray, "rows columns"], a: Float[np.ndarray, "more_rows more_columns"]) -> float:
    """Write a matrix divided by its largest absolute value, which is returned, so that no square is lost."""
    rows, columns = matrix.shape
    largest = 0.0
    for i in range(rows):
        for j in range(columns):
            largest = max(largest, abs(np.float64(matrix[i, j])))
    inverse = 1 / largest if largest > 0 else 0.0
    for i in range(rows):
        for j in range(columns):
            a[i, j] = matrix[i, j] * inverse
    return largest


@compiled()
def multiply_by_itself(a: Float[np.ndarray, "rows n"], product: Float[np.ndarray, "n n"]) -> None:
    """Write A^T A below the diagonal, and above within the bundles on the diagonal."""
    rows, n = a.shape
    product[:] = 0
    for left in range(0, n, TILE_COLUMNS):
        for top in range(left // TILE_ROWS * TILE_ROWS, n, TILE_ROWS):
            for k in range(0, rows, DEPTH):
                add_products(a[k : k + DEPTH], product, top, left)


@compiled()
def add_products(some: Float[np.ndarray, "depth n"], product: Float[np.ndarray, "n n"], top: int, left: int) -> None:
    """Add what some rows of A have in common to a tile of A^T A, two rows of it at a time."""
    n = len(product)
    for i in range(top, min(top + TILE_ROWS, n), 2):
        stop = min(left + TILE_COLUMNS, i // BUNDLE * BUNDLE + BUNDLE)
        out, more = product[i, left:stop], product[i + 1, left:stop]
        r0, r1, r2, r3 = some[0, left:stop], some[1, left:stop], some[2, left:stop], some[3, left:stop]
        r4, r5, r6, r7 = some[4, left:stop], some[5, left:stop], some[6, left:stop], some[7, left:stop]
        x0, x1, x2, x3, x4, x5, x6, x7 = column(some, i)
        y0, y1, y2, y3, y4, y5, y6, y7 = column(some, i + 1)
        for j in range(len(out)):
            z0, z1, z2, z3, z4, z5, z6, z7 = r0[j], r1[j], r2[j], r3[j], r4[j], r5[j], r6[j], r7[j]
            out[j] += x0 * z0 + x1 * z1 + x2 * z2 + x3 * z3 + x4 * z4 + x5 * z5 + x6 * z6 + x7 * z7
            more[j] += y0 * z0 + y1 * z1 + y2 * z2 + y3 * z3 + y4 * z4 + y5 * z5 + y6 * z6 + y7 * z7


@compiled()
def column(some: Float[np.ndarray, "depth n"], i: int) -> tuple[float, float, float, float, float, float, float, float]:
    """Return a column of `DEPTH` rows."""
    return some[0, i], some[1, i], some[2, i], some[3, i], some[4, i], some[5, i], some[6, i], some[7, i]


@compiled()
def make_tridiagonal(
    matrix: Float[np.ndarray, "n n"], diagonal: Float[np.ndarray, " columns"], beside: Float[np.ndarray, " columns"]
) -> None:
    """Write the diagonal and the squares beside it of a tridiagonal matrix with the same eigenvalues; destroy this one.

    From the last row on, I - beta v v^T turns a row left of its diagonal into its last entry alone. What that does
    to the rest, A - u w^T - w u^T, is done in the pass that multiplies it by the next v.
    """
    n = len(matrix)
    u, w, v, product = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(len(diagonal) - 1, -1, -1):
        row = matrix[i]
        diagonal[i] = row[i] - 2 * u[i] * w[i]
        if i == 0:
            return
        for j in range(i):
            row[j] -= u[i] * w[j] + w[i] * u[j]
        beside[i - 1], beta = reflect(row[:i], v)
        u[i], w[i] = 0, 0
        update_and_multiply(matrix, u, w, v, product, filled(i, BUNDLE))
        half = 0.0
        for j in range(i):
            half += v[j] * product[j]
        half *= beta * beta / 2
        for j in range(i):
            w[j] = beta * product[j] - half * v[j]
            u[j] = v[j]
        v[i - 1] = 0


@compiled()
def reflect(row: Float[np.ndarray, " i"], v: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Write v of the reflection that turns a row into its last entry alone; return the square of that and beta."""
    square, last = 0.0, row[-1]
    for j in range(len(row)):
        v[j] = row[j]
        square += row[j] * row[j]
    target = -copysign(sqrt(square), last)
    v[len(row) - 1] = last - target
    return (square, 1 / (square - last * target)) if square > NOTHING else (0.0, 0.0)


@compiled()
def update_and_multiply(
    matrix: Float[np.ndarray, "n n"],
    u: Float[np.ndarray, " n"],
    w: Float[np.ndarray, " n"],
    v: Float[np.ndarray, " n"],
    product: Float[np.ndarray, " n"],
    size: int,
) -> None:
    """Subtract u w^T + w u^T from the first rows and columns of a symmetric matrix, and write what it makes of v."""
    product[:size] = 0
    for r in range(0, size, BUNDLE):
        a, b, c, d = matrix[r], matrix[r + 1], matrix[r + 2], matrix[r + 3]
        ua, ub, uc, ud = u[r], u[r + 1], u[r + 2], u[r + 3]
        wa, wb, wc, wd = w[r], w[r + 1], w[r + 2], w[r + 3]
        va, vb, vc, vd = v[r], v[r + 1], v[r + 2], v[r + 3]
        sa, sb, sc, sd = 0.0, 0.0, 0.0, 0.0
        for j in range(r + BUNDLE):
            uj, wj, vj = u[j], w[j], v[j]
            xa = a[j] - ua * wj - wa * uj
            xb = b[j] - ub * wj - wb * uj
            xc = c[j] - uc * wj - wc * uj
            xd = d[j] - ud * wj - wd * uj
            a[j], b[j], c[j], d[j] = xa, xb, xc, xd
            sa += xa * vj
            sb += xb * vj
            sc += xc * vj
            sd += xd * vj
            product[j] += xa * va + xb * vb + xc * vc + xd * vd
        product[r], product[r + 1], product[r + 2], product[r + 3] = sa, sb, sc, sd  # the bundle itself counts once


@compiled()
def find_eigenvalues(diagonal: Float[np.ndarray, "n lanes"], beside: Float[np.ndarray, "n lanes"]) -> None:
    """Turn the diagonals of tridiagonal matrices into their eigenvalues by QL sweeps, each lane as far as it needs.

    A sweep goes from the end up to the first entry that is no eigenvalue yet.
    """
    last = len(diagonal) - 1
    first, shift = np.zeros(LANES, np.int64), np.zeros(LANES)
    while True:
        for lane in range(LANES):
            first[lane] = next_entry(diagonal[:, lane], beside[:, lane], first[lane])
            shift[lane] = shift_of(diagonal[:, lane], beside[:, lane], first[lane])
        if first.min() == last:
            return
        sweep(diagonal, beside, first, shift)


@compiled()
def next_entry(diagonal: Float[np.ndarray, " n"], beside: Float[np.ndarray, " n"], first: int) -> int:
    """Return the first entry from here on that is no eigenvalue yet, the last one if all are."""
    while first < len(diagonal) - 1:
        limit = EPSILON * EPSILON * abs(diagonal[first] * diagonal[first + 1]) + NOTHING
        if beside[first] > limit:
            break
        beside[first] = 0
        first += 1
    return first


@compiled()
def shift_of(diagonal: Float[np.ndarray, " n"], beside: Float[np.ndarray, " n"], first: int) -> float:
    """Return the eigenvalue of the 2 x 2 matrix at an entry that is the closer one to it (Wilkinson's shift)."""
    if first == len(diagonal) - 1:
        return 0.0
    root = sqrt(beside[first])
    ratio = (diagonal[first + 1] - diagonal[first]) / (2 * root)
    return diagonal[first] - root / (ratio + copysign(sqrt(ratio * ratio + 1), ratio))


@compiled()
def sweep(
    diagonal: Float[np.ndarray, "n lanes"],
    beside: Float[np.ndarray, "n lanes"],
    first: Float[np.ndarray, " lanes"],
    shift: Float[np.ndarray, " lanes"],
) -> None:
    """Make a QL step with these shifts in all lanes, from the end up to the first entry of each."""
    last = len(diagonal) - 1
    c, s, gamma = np.ones(LANES), np.zeros(LANES), diagonal[last] - shift
    p, begin = gamma * gamma, first.astype(np.float64)
    for i in range(last - 1, first.min() - 1, -1):
        here, below, square, square_below, place = diagonal[i], diagonal[i + 1], beside[i], beside[i + 1], float(i)
        for k in range(LANES):
            alone, radius = square[k] == 0, p[k] + square[k]  # alone: nothing ties it to the entries below
            new_c, new_s = 1.0 if alone else p[k] / radius, 0.0 if alone else square[k] / radius
            new_gamma = new_c * (here[k] - shift[k]) - new_s * gamma[k]
            stretch = 1.0 if alone else radius / p[k]
            new_p = c[k] * square[k] if p[k] == 0 and not alone else new_gamma * new_gamma * stretch
            active = place >= begin[k]
            square_below[k] = s[k] * radius if active else square_below[k]
            below[k] = gamma[k] + (here[k] - new_gamma) if active else below[k]
            c[k], s[k] = new_c if active else c[k], new_s if active else s[k]
            gamma[k], p[k] = new_gamma if active else gamma[k], new_p if active else p[k]
    for k in range(LANES):
        if first[k] < last:
            beside[first[k], k] = s[k] * p[k]
            diagonal[first[k], k] = shift[k] + gamma[k]
