"""A kind of attention: to the own row and column of tokens."""

import torch

from analysis.attention.kinds import KINDS, Kind


def cross(record):
    from analysis import DenseAttention

    token = torch.arange(record.grid.num_tokens)
    row, column = token // record.grid.width, token % record.grid.width
    near = ((row[:, None] == row) | (column[:, None] == column)).double()
    return DenseAttention((near / near.sum(-1, keepdim=True)).expand(record.heads, -1, -1))


KINDS["cross"] = Kind("cross", "Cross attention to lines", "Lines", "#123456", "dash", "To row and column.", cross)
