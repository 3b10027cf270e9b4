"""Singular values by A^T A against NumPy's, and each step of the way against what it says it does."""

import numpy as np
import pytest

from analysis.redundancy import gram_spectrum
from analysis.redundancy.gram_spectrum import singular_values

RANDOM = np.random.default_rng(0)


def softmax(sharpness: float, tokens: int) -> np.ndarray:
    logits = sharpness * RANDOM.normal(size=(tokens, 6)) @ RANDOM.normal(size=(6, tokens))
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


CASES = {
    "one": np.full((1, 1), 3.0),
    "two": np.array([[1.0, 2.0], [3.0, 4.0]]),
    "random": RANDOM.normal(size=(50, 50)),
    "tall": RANDOM.normal(size=(301, 37)),
    "wide": RANDOM.normal(size=(5, 23)),
    "zeros": np.zeros((9, 9)),
    "identity": np.eye(18),
    "rank one": np.full((30, 30), 1 / 30),
    "graded": np.diag(10.0 ** -np.arange(12)) @ np.linalg.qr(RANDOM.normal(size=(12, 12)))[0],
    "two blocks": np.kron(np.eye(2), RANDOM.normal(size=(7, 7))),
    "rank one of many": np.full((900, 900), 1 / 900),  # what is beside the diagonal falls below any number
    "powers that vanish": np.diag(10.0 ** -np.arange(40.0)) + np.diag(10.0 ** -np.arange(39.0), 1),
    "tiny": 1e-170 * RANDOM.normal(size=(20, 20)),
    "smooth attention": softmax(0.3, 130),
    "sharp attention": softmax(5, 130),
    "attention of more tokens than a tile has": softmax(1, 270),
}


@pytest.mark.parametrize("matrix", CASES.values(), ids=CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_are_those_of_numpy(matrix, dtype):
    matrix = matrix.astype(dtype)
    found = np.sort(singular_values(matrix[None])[0])[::-1]
    expected = np.zeros(matrix.shape[1])
    values = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    expected[: len(values)] = values
    largest = values[0] if values[0] else 1.0
    np.testing.assert_allclose(found / largest, expected / largest, atol=1e-7, rtol=0)
    np.testing.assert_allclose((found / largest) ** 2, (expected / largest) ** 2, atol=1e-13, rtol=0)


def test_many_matrices_side_by_side_are_as_each_alone():
    several = np.stack([softmax(sharpness, 21) for sharpness in np.linspace(0.01, 8, gram_spectrum.LANES + 3)])
    alone = [singular_values(matrix[None])[0] for matrix in several]
    np.testing.assert_allclose(singular_values(several), alone, rtol=1e-12, atol=1e-8)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_not_hidden(wrong):
    several = np.ones((3, 6, 6))
    several[1, 2, 3] = wrong
    found = singular_values(several)
    assert np.isfinite(found).all(1).tolist() == [True, False, True]


def test_a_tridiagonal_matrix_has_the_same_eigenvalues():
    half = RANDOM.normal(size=(16, 16))
    matrix = half + half.T
    diagonal, beside = np.zeros(16), np.zeros(16)
    gram_spectrum.make_tridiagonal(matrix.copy(), diagonal, beside)
    root = np.sqrt(beside[:-1])
    tridiagonal = np.diag(diagonal) + np.diag(root, 1) + np.diag(root, -1)
    np.testing.assert_allclose(np.linalg.eigvalsh(tridiagonal), np.linalg.eigvalsh(matrix), atol=1e-13)


def test_a_sweep_passes_an_entry_that_is_alone_and_equals_its_shift():
    diagonal, beside = np.ones((3, gram_spectrum.LANES)), np.zeros((3, gram_spectrum.LANES))
    diagonal[:2, 0], beside[0, 0] = 2, 1  # [[2, 1], [1, 2]], whose eigenvalues are 1 and 3, and a 1 apart
    gram_spectrum.find_eigenvalues(diagonal, beside)
    np.testing.assert_allclose(np.sort(diagonal[:, 0]), [1, 1, 3])
