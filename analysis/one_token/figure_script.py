"""What the figure script of the released repository draws of one token, and how each of its differences tells.

Around token i it draws row i of Q A(S)^T Q^T, with neighbours beyond the left and right border on the other side of the
picture, divided by its largest value. A block computes Q A(S) Q-hat^T. `script_row` goes from one to the other by four
differences, which can be taken one at a time. Written from that description and tested against a loop over all pairs.
"""

from collections.abc import Iterator, Sequence

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.one_token.anchor import AnchorMap
from stvit import BlockRecord, TokenGrid
from stvit.attentions.rows import check_head, one_head
from stvit.captions import no_super_tokens
from stvit.grid import NEIGHBOURS, PHANTOM
from stvit.precision import at_least_single

DIFFERENCES = {
    "incoming": "Who attends to the token, not what it attends to",
    "undivided": "Q on both sides, where a block divides one side by its column sums",
    "wrapped": "Neighbours beyond the left and right border lie on the other side of the picture",
    "scaled": "Each picture is divided by its largest value",
}
"""What the script does otherwise, by name, in words."""

BRIGHTEST = 0.1
"""Share of the tokens whose places are compared: what one looks at first."""


def script_row(
    record: BlockRecord, token: int, head: int | None = None, differences: Sequence[str] = tuple(DIFFERENCES)
) -> Float[Tensor, " tokens"]:
    """Return what the script draws around a token of the first image, shape (N,).

    Args:
        record: A captured block with super tokens.
        token: The token.
        head: Which head of A(S), None for the mean.
        differences: Names in `DIFFERENCES`; without any it is the token's row of Q A(S) Q-hat^T, with "incoming"
            alone its column. Q-hat divides by the column sums of the model, also beside "wrapped".

    Raises:
        ValueError: If the block has no super tokens or no learned association, or there is no such difference.
        IndexError: If there is no such token or head.

    Example:
        >>> from stvit import BlockId, capture, create_model
        >>> record = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))[BlockId(0, 0)]
        >>> script_row(record, token=0).max()  # the largest value is always 1
        tensor(1.)
    """
    _check(record, token, head, differences)
    index, weight = record.association.index[0], at_least_single(record.association.weight[0])
    if "wrapped" in differences:
        index = wrapped_neighbours(record.grid).to(index.device)
    divisor = 1.0 if "undivided" in differences else record.association.normaliser[0]
    real = index[token] != PHANTOM
    own = weight.new_zeros(record.grid.num_super_tokens).index_add(0, index[token, real], weight[token, real])
    core = one_head(record.super_attention[0], head)
    cells = core @ (own / divisor) if "incoming" in differences else own @ core / divisor
    row = (torch.nn.functional.pad(cells, (0, 1))[index] * weight).sum(-1)
    return row / row.max() if "scaled" in differences else row


def wrapped_neighbours(grid: TokenGrid) -> Int[Tensor, "tokens 9"]:
    """Return the nine candidates of each token as the script numbers them, shape (N, 9), row-major; -1 is a phantom.

    A neighbour is its cell's number plus a step, and lies outside only if no super token has the number. So a step to
    the left of the first column arrives at the last column, one row higher.

    Example:
        >>> wrapped_neighbours(TokenGrid(3, 3, 1))[3]  # the first of the second row
        tensor([-1,  0,  1,  2,  3,  4,  5,  6,  7])
    """
    offset = torch.tensor([-1, 0, 1], device="cpu")
    index = grid.cell_index[:, None] + (offset[:, None] * grid.columns + offset).flatten()
    return torch.where((index >= 0) & (index < grid.num_super_tokens), index, PHANTOM)


def script_maps(record: BlockRecord, token: int, head: int | None = None) -> Iterator[AnchorMap]:
    """Yield the script's picture of a token, then what a block computes, incoming and outgoing.

    Raises:
        ValueError: If the block has no super tokens.
        IndexError: If there is no such token or head.
    """
    script = script_row(record, token, head)
    attention, (height, width) = record.token_attention(), (record.grid.height, record.grid.width)
    incoming, outgoing = attention.column(token, head), attention.row(token, head)
    for name, title, values, quantity in (
        ("figure_script", "Released figure script", script, "share of the largest value"),
        ("super_token_attention_incoming", "Super token attention, incoming", incoming, "attention"),
        ("super_token_attention_outgoing", "Super token attention, outgoing", outgoing, "attention"),
    ):
        if values is script:
            note = "Q A(S)ᵀ Qᵀ, wrapped around, over its largest value"
        else:
            note = f"correlation with the script's {correlation(script, values):.2f}"
        yield AnchorMap(name, title, "super", note, values.reshape(height, width).numpy(force=True), quantity)


def script_effects(record: BlockRecord, token: int, head: int | None = None) -> pd.DataFrame:
    """Return how the picture of a token changes with each difference alone, and with all of them.

    Returns:
        A row for each difference, and "all". Columns: difference, correlation (Pearson's r over the tokens with the
        token's row of Q A(S) Q-hat^T) and brightest (share of its `BRIGHTEST` tokens that stay the brightest).

    Raises:
        ValueError: If the block has no super tokens.
        IndexError: If there is no such token or head.
    """
    ours = script_row(record, token, head, ())
    rows = []
    for name in (*DIFFERENCES, "all"):
        other = script_row(record, token, head, tuple(DIFFERENCES) if name == "all" else (name,))
        rows.append((name, correlation(ours, other), brightest_in_common(ours, other)))
    return pd.DataFrame(rows, columns=["difference", "correlation", "brightest"])


def correlation(first: Float[Tensor, " tokens"], second: Float[Tensor, " tokens"]) -> float:
    """Return Pearson's r of two maps; NaN if one is constant.

    Example:
        >>> round(correlation(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 4.0, 6.0])), 3)
        1.0
    """
    first, second = (values.double() - values.double().mean() for values in (first, second))
    return float((first @ second) / (first.norm() * second.norm()))


def brightest_in_common(first: Float[Tensor, " tokens"], second: Float[Tensor, " tokens"]) -> float:
    """Return the share of one map's brightest tokens that are among the other's.

    Example:
        >>> brightest_in_common(torch.arange(20.0), torch.arange(20.0).flip(0))
        0.0
    """
    count = max(1, round(BRIGHTEST * len(first)))
    top, other = (set(values.topk(count).indices.tolist()) for values in (first, second))
    return len(top & other) / count


def _check(record: BlockRecord, token: int, head: int | None, differences: Sequence[str]) -> None:
    if record.grid.is_identity:
        reason = no_super_tokens(record.id.caption, record.own_window)
        raise ValueError(f"{reason} The released figure script draws blocks with super tokens; choose one.")
    if record.association.index.shape[-1] != NEIGHBOURS:
        raise ValueError(
            f"In {record.id.caption} a token has no nine candidates, since nothing was sampled; the released figure "
            "script draws learned associations, so choose another model or block."
        )
    unknown = sorted(set(differences) - set(DIFFERENCES))
    if unknown:
        raise ValueError(f"There is no difference {unknown[0]!r}; there are {', '.join(DIFFERENCES)}.")
    record.grid.position(token)
    check_head(head, record.heads)
