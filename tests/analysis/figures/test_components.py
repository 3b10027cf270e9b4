"""Colours of feature maps against principal components that are known."""

import numpy as np

from analysis.figures.components import component_colours


def tokens_with(components: np.ndarray, channels: int = 7) -> np.ndarray:
    """Return tokens (channels, 6, 8) that move along three known orthogonal directions."""
    directions, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(channels, 3)))
    return (components @ directions.T).T.reshape(channels, 6, 8) + 3.0


def test_each_colour_follows_one_component() -> None:
    generator = np.random.default_rng(0)
    components = generator.normal(size=(48, 3)) * (9, 3, 1)
    painted = component_colours(tokens_with(components)).reshape(-1, 3).astype(float)
    centred = components - components.mean(0)
    left, _, _ = np.linalg.svd(centred, full_matrices=False)  # the oracle: principal components of what was put in
    for colour, component in zip(painted.T, left.T, strict=True):
        inside = (colour > 0) & (colour < 255)  # beyond the percentiles shades are cut off
        assert abs(np.corrcoef(colour[inside], component[inside])[0, 1]) > 0.999


def test_a_component_that_is_rounding_has_no_colours_of_its_own() -> None:
    components = np.zeros((48, 3))
    components[:, 0] = np.arange(48)
    painted = component_colours(tokens_with(components)).reshape(-1, 3)
    assert len(np.unique(painted[:, 0])) > 40
    assert set(painted[:, 1:].ravel().tolist()) == {128}


def test_two_channels_suffice() -> None:
    painted = component_colours(np.random.default_rng(2).normal(size=(2, 3, 4)))
    assert painted.shape == (3, 4, 3)
    assert set(painted[..., 2].ravel().tolist()) == {128}
