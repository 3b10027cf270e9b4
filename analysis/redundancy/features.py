"""How alike features are: cosines between tokens, what is left without their mean, and CKA between blocks."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from stvit import BlockId, BlockRecord
from stvit.capturing.attention_record import AttentionRecord

FeatureMap = Float[Tensor, "channels height width"]


def mean_cosine(features: FeatureMap) -> float:
    """Return the mean cosine over all pairs of different tokens (the diagonal does not count), from -1 to 1.

    The sum over all pairs is the squared norm of the sum of unit vectors, so the cost is O(N C), not O(N^2 C).
    Zero vectors (super tokens that nobody belongs to) have no direction and are left out; NaN if no pair is left.

    Example:
        >>> mean_cosine(torch.eye(3).view(3, 1, 3))  # each token at a right angle to the others
        0.0
    """
    unit = _unit_vectors(features)
    count = _directed(unit).sum().item()
    if count < 2:
        return float("nan")
    return (unit.sum(1).square().sum().item() - count) / (count * (count - 1))


def mean_neighbour_cosine(features: FeatureMap) -> float:
    """Return the mean cosine over all pairs of tokens side by side (4-neighbours); NaN if there is none.

    Example:
        >>> mean_neighbour_cosine(torch.tensor([[[1.0, 2.0, -3.0]]]))  # (1 - 1) / 2
        0.0
    """
    pairs = torch.cat([part.flatten() for part in _side_by_side(features)])
    return pairs[~pairs.isnan()].mean().item()


def rank_one_residual(features: FeatureMap) -> float:
    """Return |X - 1 mean^T| / |X| in the Frobenius norm: 0 if all tokens are equal, 1 if their mean is 0.

    The distance of the tokens from being all the same, relative to their size (Dong et al., 2021, who bound how
    pure attention shrinks it). NaN if all features are 0.

    Example:
        >>> rank_one_residual(torch.ones(3, 2, 2)), rank_one_residual(torch.tensor([[[1.0, -1.0]]]))
        (0.0, 1.0)
    """
    tokens = features.flatten(1).double()
    return ((tokens - tokens.mean(1, keepdim=True)).norm() / tokens.norm()).item()


def linear_cka(
    first: Float[Tensor, "examples channels"], second: Float[Tensor, "examples more_channels"], *, unbiased: bool = True
) -> float:
    """Return the linear centred kernel alignment of two sets of features on the same examples.

    HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) with K = X X^T and L = Y Y^T (Kornblith et al., ICML 2019), from
    products of channels, so that no examples x examples matrix is built.

    Args:
        first: X, shape (n, C).
        second: Y, shape (n, D).
        unbiased: Use the unbiased HSIC (Song et al., JMLR 2012), which is about 0 for unrelated features and may
            fall below 0. The plain one tends to 1 for any features where channels outnumber examples.

    Raises:
        ValueError: If the numbers of examples differ or are too small (unbiased: 4, plain: 2).

    Example:
        >>> examples = torch.arange(5.0)[:, None]
        >>> round(linear_cka(examples, 2 * examples + 1), 6)
        1.0
    """
    _check_examples(first, second, 4 if unbiased else 2)
    x, y = (part.double() - part.double().mean(0) for part in (first, second))
    hsic = _unbiased_hsic if unbiased else _plain_hsic
    own = hsic(x, x) * hsic(y, y)
    return hsic(x, y) / own**0.5 if own > 0 else float("nan")


def feature_cka(
    first: FeatureMap,
    second: Float[Tensor, "more_channels other_height other_width"],
    *,
    unbiased: bool = True,
) -> float:
    """Return the linear CKA of two feature maps, tokens being the examples.

    Maps of different resolution are brought to the coarser grid by average pooling (area-weighted bins where one
    size does not divide the other), so that examples are the same regions of the image.

    Example:
        >>> features = torch.arange(4.0).view(1, 2, 2)
        >>> round(feature_cka(features, 3 * features), 6)
        1.0
    """
    size = min(first.shape[1], second.shape[1]), min(first.shape[2], second.shape[2])
    pooled = [_pooled(part.double(), size).flatten(1).T for part in (first, second)]
    return linear_cka(pooled[0], pooled[1], unbiased=unbiased)


def cka_previous(record: AttentionRecord, before: AttentionRecord | None) -> float | None:
    """Return the linear CKA of the tokens of a block and of the one before, of one image; None where there is none."""
    if before is None or min(before.grid.num_tokens, record.grid.num_tokens) < 4:
        return None
    return feature_cka(before.tokens[0], record.tokens[0])


def cka_matrix(
    records: Mapping[BlockId, AttentionRecord], image: int = 0, *, unbiased: bool = True
) -> Float[np.ndarray, "blocks blocks"]:
    """Return the linear CKA between the attention inputs of all blocks of a capture, in order of depth."""
    maps = [record.tokens[image] for record in records.values()]
    matrix = np.eye(len(maps))
    for first, second in combinations(range(len(maps)), 2):
        matrix[first, second] = matrix[second, first] = feature_cka(maps[first], maps[second], unbiased=unbiased)
    return matrix


def block_similarity(record: AttentionRecord, image: int = 0) -> dict[str, float]:
    """Return how alike the tokens that enter a block's attention are, and its super tokens.

    With cell 1 both are the same; a backbone has no super tokens. NaN stands where there is only one (super) token.
    """
    found = {"token": _similarity(record.tokens[image])}
    if isinstance(record, BlockRecord):
        same = record.grid.is_identity
        found["super_token"] = found["token"] if same else _similarity(record.super_tokens[image])
    return {f"{kind}_{name}": value for kind, values in found.items() for name, value in values.items()}


def _similarity(features: FeatureMap) -> dict[str, float]:
    return {
        "cosine": mean_cosine(features),
        "neighbour_cosine": mean_neighbour_cosine(features),
        "rank_one_residual": rank_one_residual(features),
    }


def _pooled(features: Tensor, size: tuple[int, int]) -> Tensor:
    return features if tuple(features.shape[1:]) == size else F.adaptive_avg_pool2d(features, size)


def _unit_vectors(features: Tensor) -> Float[Tensor, "channels tokens"]:
    """Return tokens of length 1 in float64; zero vectors stay zero."""
    return F.normalize(features.flatten(1).double(), dim=0, eps=torch.finfo(torch.float64).tiny)


def _directed(unit: Tensor) -> Tensor:
    return (unit != 0).any(0)


def _side_by_side(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cosines of tokens with the one below, (H - 1, W), and the one to the right, (H, W - 1).

    NaN where one of them has no direction.
    """
    unit = _unit_vectors(features)
    unit = torch.where(_directed(unit), unit, torch.nan).unflatten(1, features.shape[1:])
    return (unit[:, 1:] * unit[:, :-1]).sum(0), (unit[:, :, 1:] * unit[:, :, :-1]).sum(0)


def _plain_hsic(x: Tensor, y: Tensor) -> float:
    """Return HSIC of centred features up to the factor (n - 1)^-2, which cancels: |X^T Y|^2."""
    return (x.T @ y).square().sum().item()


def _unbiased_hsic(x: Tensor, y: Tensor) -> float:
    """Return HSIC_1 up to the factor 1 / (n (n - 3)), from K and L without their diagonals, never built."""
    count = len(x)
    x_own, y_own = x.square().sum(1), y.square().sum(1)  # diagonals of K and L
    x_sums, y_sums = x @ x.sum(0) - x_own, y @ y.sum(0) - y_own  # row sums without them
    trace = (x.T @ y).square().sum() - x_own @ y_own
    centre = x_sums.sum() * y_sums.sum() / ((count - 1) * (count - 2))
    return (trace + centre - 2 / (count - 2) * (x_sums @ y_sums)).item()


def _check_examples(first: Tensor, second: Tensor, least: int) -> None:
    if len(first) != len(second) or len(first) < least:
        raise ValueError(
            f"CKA compares features of the same examples, at least {least} of them, got {len(first)} and "
            f"{len(second)}; bring feature maps to one grid first (feature_cka does)."
        )
