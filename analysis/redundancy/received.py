"""What tokens receive from all others, and the sinks among them."""

import numpy as np
from jaxtyping import Float

SINK_FACTOR = 10.0
"""A token that receives more than this many fair shares counts as a sink."""


def received(by_token: Float[np.ndarray, "heads tokens"]) -> Float[np.ndarray, "heads tokens"]:
    """Return the attention that each token receives, as it is."""
    return by_token


def received_max(by_token: Float[np.ndarray, "heads tokens"]) -> Float[np.ndarray, " heads"]:
    """Return what the token that receives most receives.

    Example:
        >>> received_max(np.array([[0.5, 1.5]]))
        array([1.5])
    """
    return by_token.max(axis=1)


def sinks(by_token: Float[np.ndarray, "heads tokens"]) -> Float[np.ndarray, " heads"]:
    """Return the number of tokens that receive more than SINK_FACTOR fair shares, the mean over tokens being one.

    Example:
        >>> sinks(20 * np.eye(1, 20))  # one of 20 tokens receives everything
        array([1.])
    """
    return _are_sinks(by_token).sum(axis=1).astype(np.float64)


def sink_mass(by_token: Float[np.ndarray, "heads tokens"]) -> Float[np.ndarray, " heads"]:
    """Return the share of all attention that sinks receive; 0 where there is none.

    Example:
        >>> sink_mass(20 * np.eye(1, 20))
        array([1.])
    """
    total = by_token.sum(axis=1)
    return (by_token * _are_sinks(by_token)).sum(axis=1) / np.where(total > 0, total, 1)


def _are_sinks(by_token: Float[np.ndarray, "heads tokens"]) -> np.ndarray:
    return by_token > SINK_FACTOR * by_token.mean(axis=1, keepdims=True)
