"""The released figure script's picture against a loop over all pairs of tokens."""

from itertools import combinations

import pytest
import torch

from analysis.one_token.figure_script import (
    DIFFERENCES,
    brightest_in_common,
    correlation,
    script_effects,
    script_maps,
    script_row,
    wrapped_neighbours,
)
from stvit import BlockId, BlockRecord, TokenGrid, capture
from tests.support.tiny import tiny_model, tiny_pixels

STEPS = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)]


@pytest.fixture(scope="module", params=[BlockId(0, 0), BlockId(1, 0)], ids=["3 x 3 super tokens", "2 x 3, padded"])
def record(request) -> BlockRecord:
    model = tiny_model(torch.float64)
    return capture(model, tiny_pixels(1, 48, 80, torch.float64), blocks=[request.param])[request.param]


def place(grid: TokenGrid, token: int, step: tuple[int, int], wrapped: bool) -> int | None:
    """Walk from a token's cell one step on the grid of super tokens, over its edge to the next line if wrapped."""
    row, column = (side // cell for side, cell in zip(grid.position(token), grid.cell_size, strict=True))
    row, column = row + step[0], column + step[1]
    if wrapped and column < 0:
        row, column = row - 1, grid.columns - 1
    elif wrapped and column == grid.columns:
        row, column = row + 1, 0
    inside = 0 <= row < grid.rows and 0 <= column < grid.columns
    return row * grid.columns + column if inside else None


def dense_association(record: BlockRecord, wrapped: bool) -> torch.Tensor:
    grid = record.grid
    dense = torch.zeros(grid.num_tokens, grid.num_super_tokens, dtype=torch.float64)
    for token, weights in enumerate(record.association.weight[0].tolist()):
        for weight, step in zip(weights, STEPS, strict=True):
            cell = place(grid, token, step, wrapped)
            if cell is not None:
                dense[token, cell] += weight
    return dense


def by_all_pairs(record: BlockRecord, head: int, chosen: tuple[str, ...]) -> torch.Tensor:
    """Return every picture at once, (N, N): row i is drawn around token i."""
    q, core = dense_association(record, "wrapped" in chosen), record.super_attention[0, head]
    divided = q if "undivided" in chosen else q / (dense_association(record, False).sum(0) + padding(record))
    matrix = q @ core @ divided.T
    matrix = matrix.T if "incoming" in chosen else matrix
    return matrix / matrix.max(1, keepdim=True).values if "scaled" in chosen else matrix


def padding(record: BlockRecord) -> torch.Tensor:
    return record.association.padding_mass[0] + 1e-12


CHOICES = [chosen for count in range(len(DIFFERENCES) + 1) for chosen in combinations(DIFFERENCES, count)]


@pytest.mark.parametrize("chosen", CHOICES, ids=lambda chosen: "+".join(chosen) or "none")
def test_every_row_is_that_of_the_matrix(record, chosen):
    expected = by_all_pairs(record, 1, chosen)
    for token in range(0, record.grid.num_tokens, 7):
        torch.testing.assert_close(script_row(record, token, 1, chosen), expected[token], rtol=1e-9, atol=1e-15)


def test_all_differences_are_the_script(record):
    q, core = dense_association(record, True), record.super_attention[0].mean(0)
    script = q @ core.T @ q.T
    torch.testing.assert_close(script_row(record, 0), script[0] / script[0].max(), rtol=1e-9, atol=0)


def test_none_is_the_row_and_incoming_alone_the_column(record):
    attention = record.token_attention()
    for token in (0, 17, record.grid.num_tokens - 1):
        torch.testing.assert_close(script_row(record, token, 0, ()), attention.row(token, 0))
        torch.testing.assert_close(script_row(record, token, None, ("incoming",)), attention.column(token))


def test_only_the_outer_columns_wrap():
    grid = TokenGrid(56, 56, 8)
    differs = (wrapped_neighbours(grid) != grid.neighbour_index).any(1).reshape(56, 56)
    assert differs[:, :8].all()
    assert differs[:, -8:].all()
    assert not differs[:, 8:-8].any()
    assert differs.double().mean().item() == pytest.approx(2 / 7)


def test_effects_compare_with_the_row_and_scaling_changes_no_place(record):
    table = script_effects(record, 30, 0).set_index("difference")
    assert list(table.index) == [*DIFFERENCES, "all"]
    ours, script = (by_all_pairs(record, 0, chosen)[30] for chosen in ((), tuple(DIFFERENCES)))
    assert table.loc["all", "correlation"] == pytest.approx(torch.corrcoef(torch.stack([ours, script]))[0, 1].item())
    assert table.loc["scaled"].tolist() == pytest.approx([1, 1])
    assert 0 <= table.loc["all", "brightest"] < 1


def test_the_brightest_are_a_tenth():
    first = torch.zeros(40)
    first[[1, 2, 3, 4]] = 1.0
    assert brightest_in_common(first, first.roll(2)) == 0.5
    assert correlation(first, -first) == pytest.approx(-1)


def test_maps_are_the_script_and_both_directions(record):
    script, incoming, outgoing = script_maps(record, 5, None)
    assert script.values.max() == 1
    shape = (record.grid.height, record.grid.width)
    torch.testing.assert_close(torch.tensor(incoming.values), record.token_attention().column(5).reshape(shape))
    torch.testing.assert_close(torch.tensor(outgoing.values), record.token_attention().row(5).reshape(shape))


def test_refuses_what_the_script_does_not_draw(record):
    with pytest.raises(ValueError, match=r"no difference 'colour'; there are incoming, undivided, wrapped, scaled\."):
        script_row(record, 0, None, ["colour"])
    with pytest.raises(IndexError, match="Token 9999 does not exist"):
        script_row(record, 9999)
    with pytest.raises(IndexError, match="Head 9 does not exist"):
        script_row(record, 0, 9)
    deep = capture(tiny_model(), tiny_pixels(1), blocks=[BlockId(3, 0)])[BlockId(3, 0)]
    with pytest.raises(ValueError, match=r"Stage 4, block 1 has no super tokens .* choose one\."):
        script_row(deep, 0)


def test_refuses_an_association_without_nine_candidates():
    found = capture(tiny_model(), tiny_pixels(1, 48, 80), association="hard")[BlockId(0, 0)]
    with pytest.raises(ValueError, match=r"In stage 1, block 1 a token has no nine candidates"):
        script_row(found, 0)
