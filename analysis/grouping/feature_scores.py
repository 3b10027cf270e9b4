"""Are tokens that share a group alike? Cosines of tokens to their group, to the next best and to a random one.

Features of networks share a large common part, so cosines of 0.9 are usual between any two tokens. The cosine to the
own group says something only beside that to a random group of the same size, and a group of one token has cosine 1
with itself: compare at equal count.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from analysis.grouping.label_maps import compact_labels

PERCENTILES = (5, 25, 50, 75, 95)
"""Percentiles over tokens that are reported beside each mean."""


@dataclass(frozen=True, eq=False)
class TokenCosines:
    """Cosines of each token, shape (N,) each.

    Attributes:
        own: To the mean of its group, itself included.
        second: To the most similar mean of another group; nan if there is no other.
        random: To the mean of the group it falls into when the labels are shuffled over the tokens, itself included,
            so that sizes stay.
    """

    own: Float[np.ndarray, " tokens"]
    second: Float[np.ndarray, " tokens"]
    random: Float[np.ndarray, " tokens"]

    def summary(self) -> dict[str, float]:
        """Return mean and percentiles of each, as cosine_own, cosine_own_p5 and so on."""
        found = {}
        for name, values in vars(self).items():
            found[f"cosine_{name}"] = float(values.mean())
            for percent, value in zip(PERCENTILES, np.percentile(values, PERCENTILES), strict=True):
                found[f"cosine_{name}_p{percent}"] = float(value)
        return found


def token_cosines(
    features: Float[np.ndarray, "tokens channels"], labels: Integer[np.ndarray, " tokens"], seed: int = 0
) -> TokenCosines:
    """Compare tokens with the mean features of groups.

    cos(x_n, c_m) with c_m = mean of x over group m. A token or mean of zeros has cosine 0 with everything.

    Args:
        features: Features of the tokens, shape (N, C).
        labels: Group of each token, shape (N,).
        seed: Of the shuffle.

    Raises:
        ValueError: If there are not as many labels as tokens, or none.

    Example:
        >>> features = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> token_cosines(features, np.array([0, 0, 1])).own
        array([1., 1., 1.])
    """
    if len(features) != len(labels) or not len(labels):
        raise ValueError(f"Each token needs one label, got {len(features)} tokens and {len(labels)} labels.")
    group, values = compact_labels(labels)
    tokens = _unit(features.astype(np.float64))
    cosines = tokens @ _unit(_means(features, group, len(values))).T
    token = np.arange(len(group))
    own = cosines[token, group]
    cosines[token, group] = -np.inf
    second = cosines.max(axis=1) if len(values) > 1 else np.full(len(group), np.nan)
    shuffled = np.random.default_rng(seed).permutation(group)
    random = (tokens * _unit(_means(features, shuffled, len(values)))[shuffled]).sum(axis=1)
    return TokenCosines(own, second, random)


def _means(features: np.ndarray, group: np.ndarray, count: int) -> Float[np.ndarray, "groups channels"]:
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(count))
    sizes = np.bincount(group, minlength=count)
    return np.add.reduceat(features[order].astype(np.float64), starts) / sizes[:, None]


def _unit(vectors: np.ndarray) -> Float[np.ndarray, "vectors channels"]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)
