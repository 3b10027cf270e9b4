import pytest
import torch

from stvit import TokenGrid
from stvit.grid import PHANTOM, as_cell, cell_neighbours
from tests.support.reference import neighbours
from tests.support.tiny import GRIDS

every_grid = pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)


@pytest.mark.parametrize(
    ("grid", "rows", "columns", "padding"),
    [
        (TokenGrid(56, 56, 8), 7, 7, (0, 0)),
        (TokenGrid(56, 56, (4, 8)), 14, 7, (0, 0)),
        (TokenGrid(25, 19, 8), 4, 3, (7, 5)),
        (TokenGrid(1, 9, (1, 2)), 1, 5, (0, 1)),
        (TokenGrid(2, 3, 5), 1, 1, (3, 2)),
        (TokenGrid(3, 4), 3, 4, (0, 0)),
    ],
)
def test_sizes(grid: TokenGrid, rows: int, columns: int, padding: tuple[int, int]) -> None:
    assert (grid.rows, grid.columns, grid.num_super_tokens) == (rows, columns, rows * columns)
    assert grid.num_tokens == grid.height * grid.width
    assert grid.padding == padding
    assert grid.has_padding == any(padding)
    padded = (grid.height + padding[0]) * (grid.width + padding[1])
    assert grid.tokens_per_cell * grid.num_super_tokens == padded


def test_only_cell_1_is_the_identity() -> None:
    assert TokenGrid(3, 4, 1).is_identity
    assert TokenGrid(3, 4, (1, 1)).is_identity
    assert not TokenGrid(3, 4, (1, 2)).is_identity


@every_grid
def test_cells_and_neighbours_agree_with_loops(grid: TokenGrid) -> None:
    tall, wide = grid.cell_size
    for token in range(grid.num_tokens):
        row, column = token // grid.width, token % grid.width
        cell = (row // tall) * grid.columns + column // wide
        around = [PHANTOM if m is None else m for m in neighbours(cell, grid.rows, grid.columns)]
        assert grid.cell_index[token] == cell
        assert grid.neighbour_index[token].tolist() == around
        assert around[4] == cell


@every_grid
def test_tokens_and_positions_are_inverse(grid: TokenGrid) -> None:
    assert [grid.token(*grid.position(token)) for token in range(grid.num_tokens)] == list(range(grid.num_tokens))
    assert grid.position(grid.num_tokens - 1) == (grid.height - 1, grid.width - 1)


def test_boxes_tile_the_image() -> None:
    grid = TokenGrid(3, 5, 2)
    boxes = [grid.box(token, 96, 100) for token in range(grid.num_tokens)]
    assert sum((bottom - top) * (right - left) for top, left, bottom, right in boxes) == pytest.approx(96 * 100)
    assert boxes[grid.token(1, 2)] == pytest.approx((32, 40, 64, 60))
    assert boxes[-1][2:] == pytest.approx((96, 100))


def test_equal_layouts_are_equal_however_the_cell_is_written() -> None:
    assert TokenGrid(8, 8, 4) == TokenGrid(8, 8, (4, 4))
    assert hash(TokenGrid(8, 8, 4)) == hash(TokenGrid(8, 8, (4, 4)))
    assert TokenGrid(8, 8, (4, 2)) != TokenGrid(8, 8, (2, 4))


@pytest.mark.parametrize("cell", [0, -2, 2.5, (4,), (1, 2, 3), (4, 0), (4, 2.0), "88", None])
@pytest.mark.usefixtures("unchecked")
def test_a_bad_cell_is_named(cell: object) -> None:
    with pytest.raises(ValueError, match=r"A cell needs one or two whole numbers of at least 1, got"):
        as_cell(cell)
    with pytest.raises(ValueError, match="A cell needs"):
        TokenGrid(8, 8, cell)


@pytest.mark.parametrize("size", [(0, 4), (4, 0), (-1, 4)])
def test_a_grid_needs_tokens(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"at least 1 x 1 tokens, got {size[0]} x {size[1]}"):
        TokenGrid(*size)


@pytest.mark.parametrize("place", [(3, 0), (0, 5), (-1, 0), (0, -1)])
def test_a_place_outside_is_refused(place: tuple[int, int]) -> None:
    with pytest.raises(IndexError, match=r"lies outside the grid of 3 x 5 tokens; rows go from 0 to 2, columns"):
        TokenGrid(3, 5, 2).token(*place)


@pytest.mark.parametrize("token", [-1, 15])
def test_a_token_outside_is_refused(token: int) -> None:
    with pytest.raises(IndexError, match=f"Token {token} does not exist; this grid has tokens 0 to 14"):
        TokenGrid(3, 5, 2).position(token)


@pytest.mark.parametrize("context", [torch.device("meta"), torch.inference_mode()], ids=["meta", "inference"])
def test_the_cache_of_neighbours_serves_any_later_caller(context) -> None:
    cell_neighbours.cache_clear()
    with context:
        TokenGrid(6, 9, 3).neighbour_index  # noqa: B018  # filled here, in the context
    later = TokenGrid(6, 9, 3).neighbour_index
    assert later.device.type == "cpu"
    assert later[0].tolist() == [-1, -1, -1, -1, 0, 1, -1, 3, 4]
    weight = torch.rand(9, requires_grad=True)
    weight[later.clamp(min=0)].sum().backward()  # indices are saved for the backward pass
    assert weight.grad is not None
