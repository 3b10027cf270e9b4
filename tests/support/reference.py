"""Super token attention written from the paper's equations as plain loops, in float64, for tests only.

One image, NumPy arrays. Tokens include the padding (zeros at the bottom and right), as in the released model:
`Slow.q` holds a row for each of them, and `Slow.real` says which are in the image.
"""

import math
from dataclasses import dataclass

import numpy as np

from stvit import TokenGrid


@dataclass(frozen=True)
class Slow:
    """The association of one image, dense.

    Attributes:
        q: Q, shape (padded tokens, M).
        phantom: Mass that phantoms took, shape (padded tokens,).
        real: Numbers of the padded tokens that lie in the image, row by row, shape (N,).
    epsilon: Added to column sums before they divide.
    """

    q: np.ndarray
    phantom: np.ndarray
    real: np.ndarray
    epsilon: float = 1e-12

    @property
    def column_mass(self) -> np.ndarray:
        return self.q.sum(0)

    @property
    def padding_mass(self) -> np.ndarray:
        return self.q.sum(0) - self.q[self.real].sum(0)

    def sample(self, values: np.ndarray) -> np.ndarray:
        """s_m = sum_n Q_nm x_n / sum_n Q_nm, padding tokens being x = 0."""
        result = np.zeros((self.q.shape[1], values.shape[1]))
        for row, n in enumerate(self.real):
            for m in range(self.q.shape[1]):
                result[m] += self.q[n, m] * values[row] / (self.column_mass[m] + self.epsilon)
        return result

    def upsample(self, values: np.ndarray) -> np.ndarray:
        """y_n = sum_m Q_nm s_m."""
        result = np.zeros((len(self.real), values.shape[1]))
        for row, n in enumerate(self.real):
            for m in range(self.q.shape[1]):
                result[row] += self.q[n, m] * values[m]
        return result

    def token_attention(self, attention: np.ndarray) -> np.ndarray:
        """Q A Q-hat^T of one head, shape (N, N), dense."""
        q = self.q[self.real]
        return q @ attention @ (q / (self.column_mass + self.epsilon)).T


def identity(grid: TokenGrid) -> Slow:
    """Cell 1: every token is its own super token, exactly."""
    count = grid.height * grid.width
    return Slow(np.eye(count), np.zeros(count), np.arange(count), epsilon=0)


def associate(features: np.ndarray, grid: TokenGrid, iterations: int = 1, masked: bool = False) -> Slow:
    """Softmax of x . s / sqrt C over 3 x 3 super tokens, from features (C, H, W); phantoms have logit 0."""
    tall, wide = grid.cell_size
    if tall == wide == 1:
        return identity(grid)
    rows, columns = math.ceil(grid.height / tall), math.ceil(grid.width / wide)
    tokens = [(i, j) for i in range(rows * tall) for j in range(columns * wide)]
    real = np.array([n for n, (i, j) in enumerate(tokens) if i < grid.height and j < grid.width])
    x = np.zeros((len(tokens), len(features)))
    x[real] = features.reshape(len(features), -1).T
    cell = [(i // tall) * columns + j // wide for i, j in tokens]
    centres = np.array([x[[n for n in range(len(tokens)) if cell[n] == m]].mean(0) for m in range(rows * columns)])
    for iteration in range(iterations):
        slow = _assign(x, cell, centres, rows, columns, real, masked)
        if iteration < iterations - 1:
            centres = slow.sample(x[real])
    return slow


def neighbours(m: int, rows: int, columns: int) -> list[int | None]:
    """The 3 x 3 super tokens around one, row by row; None is a phantom."""
    places = [(m // columns + i, m % columns + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return [i * columns + j if 0 <= i < rows and 0 <= j < columns else None for i, j in places]


def _assign(x, cell, centres, rows, columns, real, masked) -> Slow:
    q, phantom = np.zeros((len(x), len(centres))), np.zeros(len(x))
    for n, token in enumerate(x):
        around = [m for m in neighbours(cell[n], rows, columns) if not (masked and m is None)]
        logits = [0.0 if m is None else token @ centres[m] / math.sqrt(len(token)) for m in around]
        for m, share in zip(around, softmax(logits), strict=True):
            if m is None:
                phantom[n] += share
            else:
                q[n, m] += share
    return Slow(q, phantom, real)


def softmax(logits: list[float]) -> list[float]:
    exponentials = [math.exp(logit - max(logits)) for logit in logits]
    return [value / sum(exponentials) for value in exponentials]


def attention(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """softmax(q k^T / sqrt d) of one head; rows are queries."""
    return np.array([softmax([q @ k / math.sqrt(len(q)) for k in key]) for q in query])


def super_token_attention(features, grid, heads, weights, iterations=1) -> np.ndarray:
    """On features (C, H, W): sample, attend among super tokens, project, upsample."""
    slow = associate(features, grid, iterations)
    super_tokens = slow.sample(features.reshape(len(features), -1).T)
    joint = super_tokens @ weights["refine.qkv.weight"][:, :, 0, 0].T + weights["refine.qkv.bias"]
    outputs = []
    for part in np.split(joint, heads, axis=1):  # channels lie head by head, each as (q, k, v)
        query, key, value = np.split(part, 3, axis=1)
        outputs.append(attention(query, key) @ value)
    mixed = np.concatenate(outputs, axis=1)
    projected = mixed @ weights["refine.proj.weight"][:, :, 0, 0].T + weights["refine.proj.bias"]
    return slow.upsample(projected).T.reshape(features.shape)


def block(features, grid, heads, weights, iterations=1) -> np.ndarray:
    """One block in evaluation mode: CPE, super token attention and ConvFFN with their residuals."""
    x = features + depthwise(features, weights, "position")
    attended = super_token_attention(layer_norm(x, weights), grid, heads, _under("attention", weights), iterations)
    x = x + scale(attended, weights, "attention_scale")
    hidden = gelu(pointwise(batch_norm(x, weights), weights, "ffn.expand"))
    hidden = hidden + depthwise(hidden, weights, "ffn.depthwise")
    return x + scale(pointwise(hidden, weights, "ffn.project"), weights, "ffn_scale")


def _under(prefix: str, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(f"{prefix}."): value for name, value in weights.items()}


def depthwise(features, weights, name) -> np.ndarray:
    """A 3 x 3 convolution of each channel with itself, zeros around the image."""
    kernel, bias = weights[f"{name}.weight"][:, 0], weights[f"{name}.bias"]
    _, height, width = features.shape
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)))
    result = np.repeat(bias[:, None], height * width, 1).reshape(features.shape)
    for i in range(height):
        for j in range(width):
            result[:, i, j] += (padded[:, i : i + 3, j : j + 3] * kernel).sum((1, 2))
    return result


def pointwise(features, weights, name) -> np.ndarray:
    matrix, bias = weights[f"{name}.weight"][:, :, 0, 0], weights[f"{name}.bias"]
    return np.einsum("oc,chw->ohw", matrix, features) + bias[:, None, None]


def layer_norm(x, weights) -> np.ndarray:
    centred = x - x.mean(0)
    normalised = centred / np.sqrt((centred**2).mean(0) + 1e-6)
    return normalised * weights["attention_norm.weight"][:, None, None] + weights["attention_norm.bias"][:, None, None]


def batch_norm(x, weights) -> np.ndarray:
    mean, variance, gain, bias = (
        weights[f"ffn_norm.{name}"][:, None, None] for name in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / np.sqrt(variance + 1e-5) * gain + bias


def gelu(x) -> np.ndarray:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def scale(x, weights, name) -> np.ndarray:
    return x * weights[f"{name}.gamma"][0] if f"{name}.gamma" in weights else x
