"""How alike the features of one block are: cosines between tokens, and what is left without their mean."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stvit import BlockRecord
from stvit.capturing.attention_record import AttentionRecord

FeatureMap = Float[Tensor, "channels height width"]


def similarity(features: FeatureMap) -> dict[str, float]:
    """Return how alike the tokens of a map are, in double precision.

    - "cosine": mean cosine over all pairs of different tokens, from -1 to 1. The sum over all pairs is the squared norm
      of the sum of unit vectors, so the cost is O(N C), not O(N^2 C);
    - "neighbour_cosine": mean cosine over all pairs of tokens side by side (4-neighbours);
    - "rank_one_residual": |X - 1 mean^T| / |X| in the Frobenius norm, the distance of the tokens from being all the
      same, relative to their size: 0 if they are, 1 if their mean is 0 (Dong et al., 2021, who bound how pure attention
      shrinks it).

    Zero vectors (super tokens that nobody belongs to) have no direction and are left out of cosines. NaN stands where
    no pair is left, and for the residual where all features are 0.

    Example:
        >>> similarity(torch.tensor([[[1.0, 1.0, -2.0]]]))  # (1 - 1 - 1) / 3, (1 - 1) / 2, and a mean of 0
        {'cosine': -0.3333333333333333, 'neighbour_cosine': 0.0, 'rank_one_residual': 1.0}
    """
    tokens = features.permute(1, 2, 0).double().contiguous()  # (H, W, C): those of a token lie side by side
    length = torch.linalg.vector_norm(tokens, dim=-1)
    unit = tokens / length.clamp(min=torch.finfo(length.dtype).tiny).unsqueeze(-1)
    return {
        "cosine": _mean_cosine(unit, length > 0),
        "neighbour_cosine": _mean_neighbour_cosine(unit, length > 0),
        "rank_one_residual": ((tokens - tokens.mean((0, 1))).norm() / tokens.norm()).item(),
    }


def block_similarity(record: AttentionRecord, image: int = 0) -> dict[str, float]:
    """Return how alike the tokens that enter a block's attention are, and its super tokens.

    With cell 1 both are the same; a backbone has no super tokens. NaN stands where there is only one (super) token.
    """
    found = {"token": similarity(record.tokens[image])}
    if isinstance(record, BlockRecord):
        same = record.grid.is_identity
        found["super_token"] = found["token"] if same else similarity(record.super_tokens[image])
    return {f"{kind}_{name}": value for kind, values in found.items() for name, value in values.items()}


def _mean_cosine(unit: Float[Tensor, "height width channels"], directed: Bool[Tensor, "height width"]) -> float:
    """Return the mean over pairs of the tokens that have a direction."""
    count = directed.sum().item()
    if count < 2:
        return float("nan")
    return (unit.sum((0, 1)).square().sum().item() - count) / (count * (count - 1))


def _mean_neighbour_cosine(
    unit: Float[Tensor, "height width channels"], directed: Bool[Tensor, "height width"]
) -> float:
    sides = ((slice(1, None), slice(None, -1)), ((slice(None), slice(1, None)), (slice(None), slice(None, -1))))
    cosines = [torch.linalg.vecdot(unit[one], unit[other])[directed[one] & directed[other]] for one, other in sides]
    return torch.cat(cosines).mean().item()
