"""How far apart and how alike the heads of an attention are, pair by pair."""

import numpy as np
from jaxtyping import Float

from analysis.redundancy.measure import check_tokens
from analysis.redundancy.pieces import metrics_of_rows
from analysis.redundancy.row_metrics import RowSettings
from analysis.redundancy.token_layout import TokenLayout
from stvit import Attention, TokenGrid


def head_pairs(
    attention: Attention, grid: TokenGrid
) -> tuple[Float[np.ndarray, "heads heads"], Float[np.ndarray, "heads heads"]]:
    """Return how far apart and how alike each pair of heads is, averaged over rows.

    Returns:
        The Jensen-Shannon divergence in nats (0 on the diagonal) and the cosine (1 on the diagonal).

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens.

    Example:
        >>> from analysis import DenseAttention
        >>> opposite = DenseAttention(np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]))
        >>> head_pairs(opposite, TokenGrid(1, 2))[1]
        array([[1., 0.],
               [0., 1.]])
    """
    check_tokens(attention, grid)
    heads, tokens = attention.heads, attention.num_tokens
    divergence, cosine = np.zeros((heads, heads)), np.eye(heads)
    pairs = np.triu_indices(heads, 1)
    layout = TokenLayout.of(grid, 1)
    for block in attention.row_blocks():
        rows = metrics_of_rows(block, layout, RowSettings())
        divergence[pairs] += rows.pair_divergence.sum(1).numpy(force=True) / tokens
        cosine[pairs] += rows.pair_cosine.sum(1).numpy(force=True) / tokens
    return divergence + divergence.T, np.maximum(cosine, cosine.T)
