import numpy as np
import pytest
import torch
from torch import Tensor

from stvit import Association, TokenGrid, associate
from stvit.capturing.association_swaps import swapped
from tests.support.tolerances import assert_close

GRID = TokenGrid(4, 6, 2)


@pytest.fixture
def tokens() -> Tensor:
    return torch.randn(2, 3, 4, 6)


def put(swap: object, tokens: Tensor, num_iters: int = 1) -> Association:
    return swapped(swap, tokens, GRID, associate(tokens, GRID, num_iters), num_iters).to_sparse()


def test_names(tokens: Tensor) -> None:
    learned = associate(tokens, GRID, 2).to_sparse()
    assert torch.equal(put("grid", tokens, 2).labels(), GRID.cell_index.expand(2, -1))
    assert torch.equal(put("hard", tokens, 2).labels(), learned.labels())
    masked = associate(tokens, GRID, 2, mask_phantoms=True).to_sparse()
    assert torch.equal(put("masked", tokens, 2).weight, masked.weight)


@pytest.mark.parametrize("shape", [(4, 6), (1, 4, 6), (2, 4, 6)])
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8])
def test_labels_with_or_without_a_batch(shape: tuple[int, ...], dtype: torch.dtype, tokens: Tensor) -> None:
    labels = torch.randint(0, 6, shape).to(dtype)
    association = put(labels, tokens)
    assert torch.equal(association.labels().reshape(2, 4, 6), labels.expand(2, 4, 6).long())
    assert association.weight.dtype == tokens.dtype


def test_an_association_and_a_function(tokens: Tensor) -> None:
    learned = associate(tokens, GRID, 1)
    assert swapped(learned.to_sparse(), tokens, GRID, learned, 1).weight.equal(learned.to_sparse().weight)
    assert swapped(lambda t, g, given: given, tokens, GRID, learned, 1) is learned
    assert_close(
        put(lambda t, g, given: Association.from_labels(torch.zeros(2, 24).long(), g, t), tokens).weight,
        torch.ones(2, 24, 1),
    )


def test_a_square_cell_may_be_written_either_way(tokens: Tensor) -> None:
    association = Association.from_labels(torch.zeros(2, 24).long(), TokenGrid(4, 6, (2, 2)), tokens)
    assert swapped(association, tokens, GRID, associate(tokens, GRID), 1) is association


def other(grid: TokenGrid = GRID, batch: int = 2, dtype: torch.dtype = torch.float32) -> Association:
    return Association.from_labels(torch.zeros(batch, grid.num_tokens).long(), grid, torch.zeros(batch, dtype=dtype))


@pytest.mark.parametrize(
    ("swap", "error", "words"),
    [
        ("slic", ValueError, "no association named 'slic'; known are grid, hard and masked"),
        (
            torch.zeros(4, 5).long(),
            ValueError,
            r"4 x 6 tokens need that shape .* axis of 2 in front, got \(4, 5\)",
        ),
        (torch.zeros(3, 4, 6).long(), ValueError, r"got \(3, 4, 6\)"),
        (torch.zeros(24).long(), ValueError, r"got \(24,\)"),
        (torch.full((4, 6), 6), ValueError, r"between 0 and 5 \(the grid has 2 x 3 super tokens\), got 6 to 6"),
        (torch.full((4, 6), -1), ValueError, "got -1 to -1"),
        (torch.full((4, 6), 1.5), TypeError, "Labels need whole numbers, got torch.float32; round them first"),
        (other(TokenGrid(4, 6, 3)), ValueError, r"laid out on TokenGrid\(.*cell=3\), but the block works on .*cell=2"),
        (
            other(batch=1),
            ValueError,
            "holds 1 image as torch.float32 on cpu, but the block works on 2 as",
        ),
        (other(dtype=torch.float64), ValueError, "holds 2 images as torch.float64 on cpu, but the block works on 2 as"),
        (np.zeros((4, 6), int), TypeError, "got ndarray; turn an array of labels into a tensor with torch.from_numpy"),
        (lambda *_: None, TypeError, "or a function that returns one, got NoneType"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_is_refused(swap: object, error: type[Exception], words: str, tokens: Tensor) -> None:
    with pytest.raises(error, match=words):
        put(swap, tokens)
