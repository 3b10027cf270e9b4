"""Linear centred kernel alignment (CKA): how alike the features of two blocks, or of two models, are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.redundancy.features import FeatureMap
from stvit import BlockId
from stvit.capturing.attention_record import AttentionRecord

LEAST_TOKENS = 16
"""Below, the unbiased CKA of a single picture is mostly noise, and the ledger and the matrices leave it out."""

LEAST_EXAMPLES = 4
"""The unbiased HSIC of fewer does not exist."""

PART_OF_TOKEN = 1e-9
"""What rounding may add to the number of places along an axis."""


def feature_cka(
    first: FeatureMap,
    second: Float[Tensor, "more_channels other_height other_width"],
    token_pixels: tuple[int, int] = (1, 1),
) -> float:
    """Return the linear centred kernel alignment of two feature maps of one picture, tokens being the examples.

    HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) with K = X X^T and L = Y Y^T (Kornblith et al., ICML 2019), from
    products of channels, so that no tokens x tokens matrix is built. The HSIC is the unbiased one (Song et al., JMLR
    2012), which is about 0 for unrelated features and may fall below 0; the plain one tends to 1 for any features where
    channels outnumber tokens.

    The finer map is averaged over the places of the coarser one's tokens, so that examples are the same regions of the
    picture; see `same_places`.

    Args:
        first: Of a block.
        second: Of another one.
        token_pixels: Pixels of the picture per token and axis, of both maps.

    Raises:
        ValueError: If the sizes of the maps do not fit these pixels, or the coarser one has fewer than
            `LEAST_EXAMPLES` tokens.

    Example:
        >>> features = torch.arange(4.0).view(1, 2, 2)
        >>> round(feature_cka(features, 3 * features), 6)
        1.0
    """
    (fine, pixels), (coarse, more) = sorted(zip((first, second), token_pixels, strict=True), key=lambda pair: pair[1])
    return _cka(_examples_at(fine, more / pixels, coarse), _examples(coarse))


def same_places(features: FeatureMap, ratio: float, size: tuple[int, int]) -> Float[Tensor, "channels rows columns"]:
    """Average a map over the places of the tokens of a coarser grid, the last ones as large as the map leaves them.

    A token that lies in two of these places counts in each by the part that lies there. `adaptive_avg_pool2d` shifts
    its bins on odd grids instead: 7 rows into 4 become rows 1-2, 2-4, 4-6 and 6-7, where the tokens lie at 1-2, 3-4,
    5-6 and 7.

    Args:
        features: The finer map.
        ratio: Its tokens per coarser token along an axis, at least 1.
        size: Rows and columns of the coarser grid.

    Raises:
        ValueError: If the map has other than `size` such places.

    Example:
        >>> same_places(torch.tensor([[[1.0, 3.0, 5.0]]]), 2, (1, 2))
        tensor([[[2., 5.]]])
    """
    expected = tuple(math.ceil(side / ratio - PART_OF_TOKEN) for side in features.shape[1:])
    if ratio < 1 or expected != tuple(size):
        raise ValueError(
            f"A map of {features.shape[1]} x {features.shape[2]} tokens has {expected[0]} x {expected[1]} places of "
            f"{ratio:g} tokens a side, got a grid of {size[0]} x {size[1]}; give the pixels per token of both maps."
        )
    if ratio == 1:  # every token is a place of its own
        return features
    down, across = (_parts(side, ratio, count) for side, count in zip(features.shape[1:], size, strict=True))
    return down.to(features) @ features @ across.to(features).T


@dataclass(frozen=True, eq=False)
class BlockTokens:
    """The tokens of a block and one image, to be compared with those of the block before and of the one after.

    Attributes:
        record: Of the block.
        image: Which image of the batch.
    """

    record: AttentionRecord
    image: int = 0

    @property
    def features(self) -> FeatureMap:
        """The tokens as a map."""
        return self.record.tokens[self.image]

    @cached_property
    def examples(self) -> "_Centred":
        """All tokens as examples."""
        return _examples(self.features)

    def at_places_of(self, coarse: "BlockTokens") -> "_Centred":
        """Return the tokens averaged over the places of those of another block."""
        ratio = coarse.record.token_pixels / self.record.token_pixels
        if ratio == 1 and coarse.features.shape[1:] == self.features.shape[1:]:
            return self.examples
        return _examples_at(self.features, ratio, coarse.features)

    def cka(self, other: "BlockTokens") -> float:
        """Return the linear CKA with the tokens of another block; NaN on grids of fewer than `LEAST_TOKENS` tokens."""
        if min(self.record.grid.num_tokens, other.record.grid.num_tokens) < LEAST_TOKENS:
            return float("nan")
        fine, coarse = sorted((self, other), key=lambda tokens: tokens.record.token_pixels)
        return _cka(fine.at_places_of(coarse), coarse.examples)


def cka_previous(block: BlockTokens, before: BlockTokens | None) -> float | None:
    """Return the linear CKA of the tokens of a block and of the one before, of one image; None where there is none.

    There is none on grids of fewer than `LEAST_TOKENS` tokens.
    """
    value = float("nan") if before is None else before.cka(block)
    return None if math.isnan(value) else value


def cka_matrix(
    records: Mapping[BlockId, AttentionRecord],
    others: Mapping[BlockId, AttentionRecord] | None = None,
    image: int = 0,
) -> Float[np.ndarray, "blocks other_blocks"]:
    """Return the linear CKA between the attention inputs of all blocks of a capture, in order of depth.

    Args:
        records: A capture.
        others: A capture of the same pixels by another model; None compares the first with itself.
        image: Which image of the batch.

    Returns:
        A row for each block of the first capture, a column for each of the other; NaN where the coarser of the two
        grids has fewer than `LEAST_TOKENS` tokens.

    Raises:
        ValueError: If the two captures are of pictures of different sizes.
    """
    rows = [BlockTokens(record, image) for record in records.values()]
    if others is None:
        return _own_cka_matrix(rows)
    columns = [BlockTokens(record, image) for record in others.values()]
    return np.array([[one.cka(other) for other in columns] for one in rows])


def _own_cka_matrix(blocks: list[BlockTokens]) -> Float[np.ndarray, "blocks blocks"]:
    matrix = np.diag([one.cka(one) for one in blocks])
    for first, second in combinations(range(len(blocks)), 2):
        matrix[first, second] = matrix[second, first] = blocks[first].cka(blocks[second])
    return matrix


def _parts(side: int, ratio: float, count: int) -> Float[Tensor, "places tokens"]:
    """Return how much of each place along an axis each of its tokens takes; rows sum to 1."""
    edges = torch.arange(side + 1, dtype=torch.float64)
    starts = torch.arange(count, dtype=torch.float64)[:, None] * ratio
    inside = torch.minimum(edges[1:], starts + ratio) - torch.maximum(edges[:-1], starts)
    parts = inside.clamp(min=0)
    return parts / parts.sum(1, keepdim=True)


@dataclass(frozen=True, eq=False)
class _Centred:
    """Features whose mean over examples is zero; K = X X^T, whose rows then sum to zero, is never built."""

    values: Float[Tensor, "examples channels"]

    @classmethod
    def of(cls, features: Float[Tensor, "examples channels"]) -> "_Centred":
        """Subtract the mean, in double precision."""
        double = features.double()
        return cls(double - double.mean(0))

    @cached_property
    def own(self) -> Float[Tensor, " examples"]:
        """The diagonal of K."""
        return self.values.square().sum(1)

    @cached_property
    def own_hsic(self) -> float:
        """`hsic` with itself."""
        return self.hsic(self)

    def hsic(self, other: "_Centred") -> float:
        """Return n (n - 3) HSIC_1, from K and L without their diagonals; rows of these sum to minus the diagonals.

        The factor depends on the number of examples only, and so cancels.
        """
        count, together = len(self.values), (self.own @ other.own).item()
        trace = (self.values.T @ other.values).square().sum().item() - together
        centre = (self.own.sum() * other.own.sum()).item() / ((count - 1) * (count - 2))
        return trace + centre - 2 / (count - 2) * together


def _examples(features: FeatureMap) -> _Centred:
    """Return the tokens of a map as examples."""
    return _Centred.of(features.flatten(1).T)


def _examples_at(fine: FeatureMap, ratio: float, coarse: Tensor) -> _Centred:
    """Return the tokens of a map averaged over the places of those of a coarser one; see `same_places`."""
    _, height, width = coarse.shape
    return _examples(same_places(fine.double(), ratio, (height, width)))


def _cka(x: _Centred, y: _Centred) -> float:
    """Return HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)); NaN where a feature is the same everywhere."""
    if len(x.values) < LEAST_EXAMPLES:
        raise ValueError(f"CKA compares at least {LEAST_EXAMPLES} tokens, got {len(x.values)}; give larger maps.")
    own = x.own_hsic * y.own_hsic
    return x.hsic(y) / own**0.5 if own > 0 else float("nan")
