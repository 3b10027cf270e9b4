"""How alike the features of one block are: cosines between tokens, and what is left without their mean."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stvit import BlockRecord
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
    return _mean_cosine(*_directions(_tokens(features)))


def mean_neighbour_cosine(features: FeatureMap) -> float:
    """Return the mean cosine over all pairs of tokens side by side (4-neighbours); NaN if there is none.

    Example:
        >>> mean_neighbour_cosine(torch.tensor([[[1.0, 2.0, -3.0]]]))  # (1 - 1) / 2
        0.0
    """
    return _mean_neighbour_cosine(*_directions(_tokens(features)))


def rank_one_residual(features: FeatureMap) -> float:
    """Return |X - 1 mean^T| / |X| in the Frobenius norm: 0 if all tokens are equal, 1 if their mean is 0.

    The distance of the tokens from being all the same, relative to their size (Dong et al., 2021, who bound how
    pure attention shrinks it). NaN if all features are 0.

    Example:
        >>> rank_one_residual(torch.ones(3, 2, 2)), rank_one_residual(torch.tensor([[[1.0, -1.0]]]))
        (0.0, 1.0)
    """
    return _rank_one_residual(_tokens(features))


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
    tokens = _tokens(features)
    directions = _directions(tokens)
    return {
        "cosine": _mean_cosine(*directions),
        "neighbour_cosine": _mean_neighbour_cosine(*directions),
        "rank_one_residual": _rank_one_residual(tokens),
    }


def _tokens(features: FeatureMap) -> Float[Tensor, "height width channels"]:
    """Return the features in double precision, those of a token side by side in memory."""
    return features.permute(1, 2, 0).double().contiguous()


def _directions(
    tokens: Float[Tensor, "height width channels"],
) -> tuple[Float[Tensor, "height width channels"], Bool[Tensor, "height width"]]:
    """Return tokens of length 1, zero vectors left as they are, and which tokens have a direction."""
    length = torch.linalg.vector_norm(tokens, dim=-1)
    return tokens / length.clamp(min=torch.finfo(length.dtype).tiny).unsqueeze(-1), length > 0


def _mean_cosine(unit: Tensor, directed: Tensor) -> float:
    count = directed.sum().item()
    if count < 2:
        return float("nan")
    return (unit.sum((0, 1)).square().sum().item() - count) / (count * (count - 1))


def _mean_neighbour_cosine(unit: Tensor, directed: Tensor) -> float:
    sides = ((slice(1, None), slice(None, -1)), ((slice(None), slice(1, None)), (slice(None), slice(None, -1))))
    cosines = [torch.linalg.vecdot(unit[one], unit[other])[directed[one] & directed[other]] for one, other in sides]
    return torch.cat(cosines).mean().item()


def _rank_one_residual(tokens: Tensor) -> float:
    return ((tokens - tokens.mean((0, 1))).norm() / tokens.norm()).item()
