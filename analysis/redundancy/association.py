"""What the association does: mass lost, how decided tokens are, and which super tokens are empty or in pieces."""

import numpy as np
import torch
from jaxtyping import Float

from analysis.grouping.connected import piece_owners
from analysis.grouping.label_maps import connected_labels
from stvit import BlockRecord
from stvit.grid import PHANTOM

MAPS = ("leakage", "phantom_leakage", "padding_leakage", "association_entropy", "association_margin", "moved")


def association_maps(record: BlockRecord, image: int = 0) -> dict[str, Float[np.ndarray, "height width"]]:
    """Return what the association does to each token of an image, by name, each of shape (H, W).

    - "leakage": attention mass lost, mean over heads; the sum of the next two;
    - "phantom_leakage": the part that neighbours outside the grid took;
    - "padding_leakage": the part that padding tokens and empty super tokens took, mean over heads;
    - "association_entropy": entropy of the weights on real super tokens, in nats, conditional on their mass;
    - "association_margin": best minus second of these weights, conditional too; 1 for hard associations;
    - "moved": 1 where the best super token is not that of the token's own cell, else 0.

    With cell 1 (the identity) all are 0 but the margin, which is 1.
    """
    grid, association = record.grid, record.association.select(image)
    if association.is_identity:
        shape = grid.height, grid.width
        return {name: np.full(shape, float(name == "association_margin")) for name in MAPS}
    weight = (association.weight[0] * (association.index[0] != PHANTOM)).double()
    share = weight / weight.sum(-1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    best = torch.nn.functional.pad(share, (0, 1)).topk(2, dim=-1).values  # a single candidate has a second of 0
    own = grid.cell_index.to(share.device)
    values = {
        "phantom_leakage": association.leakage()[0].double(),
        "padding_leakage": record.padding_leakage()[image].flatten().double(),
        "association_entropy": torch.special.entr(share).sum(-1),
        "association_margin": best[:, 0] - best[:, 1],
        "moved": (association.labels()[0] != own).double(),
    }
    values = {"leakage": values["phantom_leakage"] + values["padding_leakage"], **values}
    return {name: value.reshape(grid.height, grid.width).numpy(force=True) for name, value in values.items()}


def association_summary(record: BlockRecord, image: int = 0) -> dict[str, float]:
    """Return the means of `association_maps` ("moved" as "moved_share") and counts of odd super tokens.

    - "empty_super_tokens": no token's best;
    - "disconnected_super_tokens": their tokens form more than one 4-connected part.
    """
    association, grid = record.association.select(image), record.grid
    if association.is_identity:
        values = {"moved_share": 0.0, "empty_super_tokens": 0.0, "disconnected_super_tokens": 0.0}
        return {name: float(name == "association_margin") for name in MAPS if name != "moved"} | values
    means = {name: float(values.mean()) for name, values in association_maps(record, image).items()}
    means["moved_share"] = means.pop("moved")
    labels = association.labels()[0].reshape(grid.height, grid.width)
    return means | super_token_counts(labels.numpy(force=True), grid.num_super_tokens)


def super_token_counts(labels: np.ndarray, super_tokens: int) -> dict[str, float]:
    """Return how many super tokens are empty and how many fall into several 4-connected parts.

    Args:
        labels: Super token of each token, shape (H, W).
        super_tokens: Number of super tokens M.

    Example:
        >>> super_token_counts(np.array([[0, 1, 0]]), super_tokens=3)
        {'empty_super_tokens': 1.0, 'disconnected_super_tokens': 1.0}
    """
    parts_per_label = np.bincount(piece_owners(connected_labels(labels), labels), minlength=super_tokens)
    return {
        "empty_super_tokens": float((parts_per_label == 0).sum()),
        "disconnected_super_tokens": float((parts_per_label > 1).sum()),
    }
