"""One token's way through super token attention, step by step, with the real numbers of a captured block."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit import Association, BlockRecord, TokenGrid, associate
from stvit.attentions.rows import check_head, one_head
from stvit.captions import no_super_tokens
from stvit.capturing.records import NoAttentionError
from stvit.cells import to_cells
from stvit.grid import NEIGHBOURS
from stvit.precision import at_least_single

OWN_CELL = 4
"""Place of the token's own cell among its nine neighbours."""


@dataclass(frozen=True, eq=False)
class TokenSteps:
    """What happens to one token; super tokens are numbered row by row, k counts the nine neighbours.

    Attributes:
        token: The token.
        neighbours: The nine candidates, -1 for a phantom, shape (9,).
        dot_products: x . s_k, shape (9,); 0 for phantoms.
        logits: The same over sqrt(C), shape (9,).
        weights: Softmax of the logits, the row of Q, shape (9,); without iterations all on the token's own cell.
        column_mass: Column sums of Q for the neighbours, shape (9,); 0 for phantoms.
        shares: Weights over column sums, the token's part of each super token (Q-hat), shape (9,).
        heaviest: The super token that the token belongs to most; never a phantom.
        members: Column of Q-hat of that super token: the share of each token in it, shape (N,). It sums to 1 less the
            share of the padding tokens, which take part in the average (`Association.lost_share`).
        super_rows: Rows of A(S) of the neighbours, shape (9, M); 0 for phantoms.
        mixed: sum_k weight_k A(S)[k], shape (M,).
        row: Mapped back with Q-hat: the token's attention over all tokens, shape (N,).
    """

    token: int
    neighbours: Int[np.ndarray, " 9"]
    dot_products: Float[np.ndarray, " 9"]
    logits: Float[np.ndarray, " 9"]
    weights: Float[np.ndarray, " 9"]
    column_mass: Float[np.ndarray, " 9"]
    shares: Float[np.ndarray, " 9"]
    heaviest: int
    members: Float[np.ndarray, " tokens"]
    super_rows: Float[np.ndarray, "9 super_tokens"]
    mixed: Float[np.ndarray, " super_tokens"]
    row: Float[np.ndarray, " tokens"]

    @property
    def phantoms(self) -> np.ndarray:
        """Which neighbours lie outside the grid."""
        return self.neighbours < 0


def token_steps(record: BlockRecord, token: int, head: int | None = None, num_iters: int = 1) -> TokenSteps:
    """Follow one token of the first image through a block.

    Everything is computed anew from the tokens that entered the block, in the order of the paper's section 3.2, so
    that it can be held against what was captured.

    Args:
        record: A captured block with super tokens.
        token: The token.
        head: Which head of A(S), None for the mean.
        num_iters: Sampling iterations of the block.

    Raises:
        ValueError: If the block has no super tokens.
        IndexError: If there is no such token or head.

    Example:
        >>> from stvit import BlockId, capture, create_model
        >>> cap = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))
        >>> token_steps(cap[BlockId(0, 0)], token=0).neighbours  # a corner of 2 x 2 super tokens
        array([-1, -1, -1, -1,  0,  1, -1,  2,  3])
    """
    grid = record.grid
    if not record.has_attention:
        raise NoAttentionError(record.id)
    if grid.is_identity:
        raise ValueError(
            f"{no_super_tokens(record.id.caption, record.own_window)} There are no steps to show; choose another block."
        )
    grid.position(token)
    check_head(head, record.heads)
    tokens = at_least_single(record.tokens[:1])
    own = tokens[0].flatten(1)[:, token]
    neighbours = grid.neighbour_index[token].to(tokens.device)
    products = _or_zero(_centres(tokens, grid, num_iters), neighbours) @ own
    logits = products * len(own) ** -0.5
    weights = logits.softmax(-1) if num_iters else torch.eye(NEIGHBOURS).to(logits)[OWN_CELL]
    mass = _or_zero(record.association.column_mass[0], neighbours)
    rows = _or_zero(one_head(record.super_attention[0], head), neighbours)
    mixed = weights @ rows
    heaviest = int(neighbours[weights.where(neighbours >= 0, -1).argmax()])
    return TokenSteps(
        token=token,
        neighbours=neighbours.numpy(force=True),
        dot_products=products.numpy(force=True),
        logits=logits.numpy(force=True),
        weights=weights.numpy(force=True),
        column_mass=mass.numpy(force=True),
        shares=(weights / mass.where(mass > 0, torch.inf)).numpy(force=True),
        heaviest=heaviest,
        members=_members(record.association, heaviest).numpy(force=True),
        super_rows=rows.numpy(force=True),
        mixed=mixed.numpy(force=True),
        row=_mapped_back(record.association, mixed).numpy(force=True),
    )


def _centres(tokens: Tensor, grid: TokenGrid, num_iters: int) -> Float[Tensor, "super_tokens channels"]:
    """Return the super tokens that the last iteration compares the tokens with."""
    values = tokens.flatten(2).transpose(1, 2)
    if num_iters > 1:
        return associate(tokens, grid, num_iters - 1).sample(values)[0]
    return to_cells(values, grid)[0].mean(1)


def _or_zero(values: Float[Tensor, "super_tokens ..."], super_tokens: Tensor) -> Tensor:
    """Return the values of some super tokens, zero for phantoms."""
    return torch.cat((values, torch.zeros_like(values[:1])))[super_tokens]  # index -1, the phantom, reads the last


def _members(association: Association, super_token: int) -> Float[Tensor, " tokens"]:
    """Return a column of Q-hat: the share of each token in a super token."""
    weight = association.weight[0].where(association.index[0] == super_token, 0).sum(-1)
    return weight / association.normaliser[0, super_token]


def _mapped_back(association: Association, attention: Float[Tensor, " super_tokens"]) -> Float[Tensor, " tokens"]:
    """Spread attention to super tokens over their members: the row times Q-hat^T."""
    return (_or_zero(attention / association.normaliser[0], association.index[0]) * association.weight[0]).sum(-1)


def steps_table(record: BlockRecord, steps: TokenSteps) -> pd.DataFrame:
    """Return one line for each of the nine candidates.

    Returns:
        Columns: super_token (-1 for a phantom), row, column (of its cell; outside the grid for a phantom),
        dot_product, logit, weight, column_sum, share.
    """
    row, column = divmod(int(record.grid.cell_index[steps.token]), record.grid.columns)
    down, across = np.divmod(np.arange(9), 3)
    return pd.DataFrame(
        {
            "super_token": steps.neighbours,
            "row": row + down - 1,
            "column": column + across - 1,
            "dot_product": steps.dot_products,
            "logit": steps.logits,
            "weight": steps.weights,
            "column_sum": steps.column_mass,
            "share": steps.shares,
        }
    )
