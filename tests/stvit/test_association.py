import jaxtyping
import numpy as np
import pytest
import torch
from torch import Tensor

from stvit import Association, CellAssociation, TokenGrid, associate
from stvit.association import regular_grid
from stvit.cells import fold_neighbours, from_cells, gather_neighbours, to_cells
from tests.support import reference
from tests.support.tiny import GRIDS
from tests.support.tolerances import assert_close

every_grid = pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
every_number_of_iterations = pytest.mark.parametrize("iterations", [1, 2, 3])
BATCH, CHANNELS = 2, 5


def features(grid: TokenGrid, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return features far enough apart that each token prefers some super tokens."""
    return 2 * torch.randn(BATCH, CHANNELS, grid.height, grid.width, dtype=dtype)


def slow(tokens: Tensor, grid: TokenGrid, iterations: int = 1, masked: bool = False) -> list[reference.Slow]:
    return [reference.associate(image.numpy(), grid, iterations, masked) for image in tokens]


def dense(association: Association) -> Tensor:
    """Return Q of the real tokens, shape (B, N, M), one weight at a time."""
    result = torch.zeros(*association.weight.shape[:2], association.grid.num_super_tokens + 1).to(association.weight)
    for b, n, k in np.ndindex(*association.weight.shape):
        result[b, n, association.index[b, n, k]] += association.weight[b, n, k]  # the phantom falls on the last
    return result[..., :-1]


def stacked(arrays: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))


@every_grid
@every_number_of_iterations
@pytest.mark.parametrize("masked", [False, True], ids=["phantoms", "masked"])
def test_associate_agrees_with_loops(grid: TokenGrid, iterations: int, masked: bool) -> None:
    tokens = features(grid)
    association = associate(tokens, grid, iterations, mask_phantoms=masked).to_sparse()
    expected = slow(tokens, grid, iterations, masked)
    assert_close(dense(association), stacked([one.q[one.real] for one in expected]))
    assert_close(association.leakage(), stacked([one.phantom[one.real] for one in expected]))
    assert_close(association.padding_mass, stacked([one.padding_mass for one in expected]))
    assert_close(association.column_mass, stacked([one.column_mass for one in expected]))


@every_grid
@every_number_of_iterations
def test_sample_and_upsample_agree_with_loops_in_both_forms(grid: TokenGrid, iterations: int) -> None:
    tokens = features(grid)
    fast = associate(tokens, grid, iterations)
    values = torch.randn(BATCH, grid.num_tokens, 3, dtype=torch.float64)
    cells = torch.randn(BATCH, grid.num_super_tokens, 3, dtype=torch.float64)
    expected = slow(tokens, grid, iterations)
    for form in (fast, fast.to_sparse()):
        assert_close(form.sample(values), stacked([s.sample(v) for s, v in zip(expected, values.numpy(), strict=True)]))
        assert_close(
            form.upsample(cells), stacked([s.upsample(c) for s, c in zip(expected, cells.numpy(), strict=True)])
        )
        assert_close(form.column_mass, fast.to_sparse().column_mass)


@every_grid
def test_rows_and_columns_lose_what_they_say(grid: TokenGrid) -> None:
    association = associate(features(grid), grid).to_sparse()
    ones = torch.ones(BATCH, grid.num_super_tokens, 1, dtype=torch.float64)
    assert_close(association.upsample(ones)[..., 0], 1 - association.leakage())
    ones = torch.ones(BATCH, grid.num_tokens, 1, dtype=torch.float64)
    assert_close(association.sample(ones)[..., 0], 1 - association.lost_share)
    assert (association.lost_share.abs().amax() > 1e-6) == grid.has_padding


def test_only_border_cells_leak() -> None:
    grid = TokenGrid(12, 16, 4)
    leakage = associate(features(grid), grid).to_sparse().leakage().unflatten(1, (12, 16))
    assert leakage[:, 4:8, 4:12].abs().max() == 0
    border = leakage.clone()
    border[:, 4:8, 4:12] = 1
    assert border.min() > 0


def test_equal_tokens_share_equally_with_phantoms_of_logit_0() -> None:
    # With x = 0 every logit is 0: an inner cell keeps 9/9, an edge cell 6/9, a corner cell 4/9.
    grid = TokenGrid(6, 6, 2)
    kept = 1 - associate(torch.zeros(1, 4, 6, 6, dtype=torch.float64), grid).to_sparse().leakage()
    ninths = torch.tensor([[4, 6, 4], [6, 9, 6], [4, 6, 4]], dtype=torch.float64) / 9
    assert_close(kept.reshape(6, 6), ninths.repeat_interleave(2, 0).repeat_interleave(2, 1))


@every_grid
def test_no_iterations_leave_the_regular_grid(grid: TokenGrid) -> None:
    association = associate(features(grid), grid, 0)
    assert torch.equal(association.labels(), grid.cell_index.expand(BATCH, -1))
    assert torch.equal(association.labels(), regular_grid(grid, features(grid)).labels())
    assert association.leakage().abs().max() == 0


@pytest.mark.parametrize("form", [CellAssociation, Association])
def test_gradients_flow_through_values_and_weights(form: type) -> None:
    grid = TokenGrid(3, 5, 2)
    learned = associate(features(grid), grid)

    def both_ways(weight: Tensor, values: Tensor) -> Tensor:
        association = CellAssociation(weight, grid)
        association = association if form is CellAssociation else association.to_sparse()
        return association.upsample(association.sample(values).tanh())

    weight = learned.weight.detach().requires_grad_()
    values = torch.randn(BATCH, grid.num_tokens, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(both_ways, (weight, values), fast_mode=True)


@every_grid
def test_folding_is_the_transpose_of_gathering(grid: TokenGrid) -> None:
    values = torch.randn(BATCH, grid.num_super_tokens, 3, dtype=torch.float64)
    patches = torch.randn(BATCH, grid.num_super_tokens, 3, 9, dtype=torch.float64)
    there = (gather_neighbours(values, grid) * patches).sum()
    assert_close(there, (values * fold_neighbours(patches, grid)).sum(), {torch.float64: 1e-11})


@every_grid
def test_regrouping_by_cell_is_undone(grid: TokenGrid) -> None:
    values = torch.randn(BATCH, grid.num_tokens, 3)
    cells = to_cells(values, grid)
    assert torch.equal(from_cells(cells, grid), values)
    assert_close(cells.sum((1, 2)), values.sum(1), {torch.float32: 1e-4})  # padding tokens are zero


def test_labels_take_the_heaviest_real_super_token() -> None:
    grid = TokenGrid(1, 3, (1, 2))  # two super tokens
    index = torch.tensor([[[-1, 0, 1]] * 3])
    weight = torch.tensor([[[0.9, 0.06, 0.04], [0.1, 0.2, 0.7], [1.0, 0.0, 0.0]]])
    association = Association(index, weight, grid, torch.zeros(1, 2))
    assert association.labels().tolist() == [[0, 1, 0]]
    assert_close(association.leakage(), torch.tensor([[0.9, 0.1, 1.0]]))


def test_hard_labels_average_their_tokens_and_leave_empty_super_tokens_zero() -> None:
    grid = TokenGrid(1, 4, (1, 2))
    association = Association.from_labels(torch.tensor([[1, 1, 1, 1]]), grid, torch.zeros(1, dtype=torch.float64))
    sampled = association.sample(torch.tensor([[[1.0], [2.0], [3.0], [6.0]]], dtype=torch.float64))
    assert_close(sampled, torch.tensor([[[0.0], [3.0]]], dtype=torch.float64), {torch.float64: 1e-11})
    assert_close(association.lost_share, torch.tensor([[1.0, 0.0]], dtype=torch.float64))
    assert_close(association.upsample(sampled).flatten(), torch.full((4,), 3.0).double(), {torch.float64: 1e-11})


def test_cell_1_is_exactly_the_identity() -> None:
    grid = TokenGrid(2, 3, 1)
    association = associate(features(grid), grid)
    values = torch.randn(BATCH, 6, 4, dtype=torch.float64)
    assert association.is_identity
    assert torch.equal(association.sample(values), values)
    assert torch.equal(association.upsample(values), values)
    assert association.lost_share.abs().max() == 0


def test_labels_on_a_grid_of_cell_1_are_not_taken_for_the_identity() -> None:
    # Merging tokens where each could be its own super token leaves super tokens empty: they must not become NaN.
    grid = TokenGrid(2, 2, 1)
    association = Association.from_labels(torch.tensor([[0, 0, 3, 3]]), grid, torch.zeros(1, dtype=torch.float64))
    assert not association.is_identity
    sampled = association.sample(torch.tensor([[[1.0], [3.0], [5.0], [7.0]]], dtype=torch.float64))
    assert_close(sampled.flatten(), torch.tensor([2.0, 0, 0, 6.0], dtype=torch.float64), {torch.float64: 1e-11})


def test_select_keeps_one_image() -> None:
    grid = GRIDS["padded"]
    association = associate(features(grid), grid).to_sparse()
    one = association.select(1)
    assert torch.equal(one.weight[0], association.weight[1])
    assert_close(one.column_mass[0], association.column_mass[1])
    for image in (-1, BATCH):
        with pytest.raises(IndexError, match=f"Image {image} does not exist; this batch has images 0 to 1"):
            association.select(image)


def test_bytes_count_a_shared_index_once() -> None:
    grid = TokenGrid(7, 9, 4)
    association = associate(features(grid), grid).to_sparse()
    tokens, numbers = 63 * 9, 63 * 9 * BATCH + grid.num_super_tokens * BATCH
    assert association.nbytes == 8 * (tokens + numbers)
    assert association.select(0).nbytes == 8 * (tokens + 63 * 9 + grid.num_super_tokens)


@pytest.mark.usefixtures("unchecked")
def test_parts_that_do_not_fit_are_refused() -> None:
    grid = TokenGrid(2, 4, 2)
    index, weight, mass = torch.zeros(1, 8, 3, dtype=torch.int64), torch.zeros(1, 8, 3), torch.zeros(1, 2)
    Association(index, weight, grid, mass)
    for parts in [
        (index[:, :7], weight[:, :7], mass),
        (index, weight, mass[:, :1]),
        (index, weight, mass.expand(2, 2)),
    ]:
        with pytest.raises((ValueError, TypeError), match="padding_mass"):
            Association(parts[0], parts[1], grid, parts[2])


@pytest.mark.parametrize("label", [-1, 2])
def test_labels_outside_are_refused(label: int) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1 \(the grid has 1 x 2 super tokens\), got"):
        Association.from_labels(torch.tensor([[0, 1, label, 0]]), TokenGrid(1, 4, (1, 2)), torch.zeros(1))


def test_iterations_are_not_negative() -> None:
    with pytest.raises(ValueError, match="num_iters must be a whole number of at least 0, got -1"):
        associate(torch.zeros(1, 4, 4, 4), TokenGrid(4, 4, 2), -1)


def test_shapes_are_checked_in_tests() -> None:
    # The annotations are executed only if stvit is imported after the check was switched on.
    with pytest.raises(jaxtyping.TypeCheckError, match="weight"):
        CellAssociation(torch.zeros(1, 2, 3, 8), TokenGrid(1, 6, (1, 3)))  # eight neighbours
