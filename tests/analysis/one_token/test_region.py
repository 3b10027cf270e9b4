import numpy as np
import pytest
import torch

from analysis import DenseAttention
from analysis.attention.baselines import block_attention, global_attention, local_attention
from analysis.grouping.slic import slic_labels
from analysis.one_token.region import Region, mean_row, measure_region, region_tokens, segment_labels
from analysis.redundancy.measure import measure_row
from stvit import BlockId, SoftmaxAttention, WindowedAttention
from tests.support.explorer_support import sharp_capture
from tests.support.tolerances import assert_close

FIRST, LAST = BlockId(0, 0), BlockId(3, 0)
SOURCES = {"super": block_attention, "global": global_attention, "local": local_attention}


@pytest.fixture(scope="module")
def captured():
    torch.manual_seed(0)
    return sharp_capture()


@pytest.mark.parametrize("incoming", [False, True])
@pytest.mark.parametrize("head", [None, 1])
@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("block", [FIRST, LAST], ids=str)
def test_the_mean_row_is_the_mean_of_the_rows(captured, block, kind, head, incoming):
    attention = SOURCES[kind](captured[block])
    for tokens in (np.array([3]), np.array([0, 5, 2]), np.arange(attention.num_tokens)):
        rows = [(attention.column if incoming else attention.row)(int(token), head) for token in tokens]
        found = mean_row(attention, tokens, head, incoming=incoming)
        torch.testing.assert_close(found, torch.stack(rows).mean(0), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("incoming", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_the_mean_row_keeps_the_precision_of_the_attention(dtype, incoming):
    weights = torch.rand(2, 9, 9, dtype=torch.float64).to(dtype)
    query = torch.randn(2, 9, 4, dtype=torch.float64).to(dtype)
    tokens = np.array([7, 1, 2])
    for attention in (
        DenseAttention(weights),
        SoftmaxAttention(query, query, 0.5),
        WindowedAttention(query, query, 0.5, 3, 3, 2),
    ):
        dense = attention.to_dense()
        expected = (dense[:, :, tokens].sum(2) if incoming else dense[:, tokens].sum(1)) / 3
        assert_close(torch.stack([mean_row(attention, tokens, head, incoming=incoming) for head in (0, 1)]), expected)


def test_a_super_token_is_the_tokens_that_belong_most_to_it(captured):
    record = captured[FIRST]
    labels = record.labels()[0]
    tokens = region_tokens(Region("super"), record, 10, 7)
    assert {(int(token) // 25, int(token) % 25) for token in tokens} == {
        (row, column) for row in range(24) for column in range(25) if labels[row, column] == labels[10, 7]
    }
    assert len(tokens) > 1
    assert region_tokens(Region("super"), captured[LAST], 1, 2).tolist() == [captured[LAST].grid.token(1, 2)]


@pytest.mark.parametrize(
    ("size", "place", "rows", "columns"),
    [
        ((250, 200), (10, 7), range(8, 14), range(5, 10)),  # 6 x 5 tokens of 24 x 25
        ((250, 200), (0, 24), range(6), range(20, 25)),  # moved to stay on the grid
        ((1, 1), (3, 3), range(3, 4), range(3, 4)),
        ((1000, 1000), (3, 3), range(24), range(25)),
    ],
)
def test_a_rectangle_has_the_token_in_its_middle(captured, size, place, rows, columns):
    found = region_tokens(Region("rectangle", *size), captured[FIRST], *place)
    assert found.tolist() == [row * 25 + column for row in rows for column in columns]


def test_a_segment_has_the_tokens_that_it_owns_most_pixels_of(captured):
    shown = np.random.default_rng(0).integers(0, 256, (12, 13, 3), np.uint8).repeat(8, 0).repeat(8, 1)[:96, :100]
    segments = segment_labels(list(captured.values()), shown)
    pixels = slic_labels(shown, captured[FIRST].grid.num_super_tokens).labels
    record = captured[FIRST]
    tokens = region_tokens(Region("segment"), record, 10, 7, segments)
    for token in range(record.grid.num_tokens):
        row, column = divmod(token, 25)
        cover = pixels[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        values, counts = np.unique(cover, return_counts=True)
        assert segments[24, 25][token] == values[counts.argmax()]
    labels = segments[24, 25]
    assert tokens.tolist() == [token for token, label in enumerate(labels) if label == labels[record.grid.token(10, 7)]]
    assert {shape for shape in segments} == {(record.grid.height, record.grid.width) for record in captured.values()}
    with pytest.raises(ValueError, match="needs the segments of the picture, got none"):
        region_tokens(Region("segment"), record, 10, 7)


def test_the_metrics_of_a_region_are_those_of_its_definition(captured):
    record = captured[FIRST]
    attention, grid = global_attention(record), record.grid
    tokens = np.array([grid.token(3, 4), grid.token(3, 6)])
    row = mean_row(attention, tokens)
    found, share = (
        measure_region(row, record, Region("rectangle"), tokens),
        row.double().numpy() / row.double().sum().item(),
    )
    apart = sum(share[n] * np.hypot(n // 25 - 3, n % 25 - 5) for n in range(grid.num_tokens))
    assert found["distance"] == pytest.approx(4 * apart)
    assert found["local_mass"] == pytest.approx(share[tokens[0]] + share[tokens[1]])
    assert found["entropy"] == pytest.approx(-(share * np.log(share)).sum())
    one = np.array([5])
    assert measure_region(attention.row(5), record, Region(), one) == measure_row(attention.row(5), grid, 5, 4)


@pytest.mark.parametrize(
    "values",
    [None, 7, {}, {"kind": "circle"}, {"kind": ["super"]}, {"kind": 1, "height": "5", "width": float("nan")}],
    ids=str,
)
def test_an_impossible_region_is_the_token(values):
    assert Region.reported(values) == Region()


def test_the_sides_of_a_rectangle_are_brought_into_bounds():
    assert Region.reported({"kind": "rectangle", "height": 0, "width": 5e3}) == Region("rectangle", 1, 1000)
