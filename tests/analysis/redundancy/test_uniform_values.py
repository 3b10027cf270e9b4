"""Closed forms of uniform attention against the streamed library."""

import numpy as np
import pytest

from analysis.attention.baselines import UniformAttention
from analysis.redundancy.measure import per_token
from analysis.redundancy.uniform_values import uniform_distance, uniform_entropy
from stvit import TokenGrid


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 8)])
def test_closed_forms_are_the_means_of_uniform_attention(shape):
    grid = TokenGrid(*shape)
    streamed = per_token(UniformAttention(grid.num_tokens), grid, 4)
    assert uniform_entropy(grid) == pytest.approx(np.mean(streamed["entropy"]), abs=1e-6)
    assert uniform_distance(grid, 4) == pytest.approx(np.mean(streamed["distance"]), rel=1e-6)
