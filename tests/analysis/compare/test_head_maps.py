import numpy as np
import pandas as pd
import pytest
import torch

from analysis import ledger
from analysis.attention.baselines import block_attention, global_attention
from analysis.commands.main import main
from analysis.compare.head_maps import head_maps, place_of, token_under
from analysis.figures.ledger_values import head_values
from analysis.one_token.region import Region, region_tokens
from analysis.redundancy.measure import measure_row
from analysis.reports.head_maps import HeadMapsShown
from stvit import BlockId, TokenGrid, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.explorer_support import sharp_capture

PLACE = (10.5 / 24, 7.5 / 25)


@pytest.fixture(scope="module")
def captured():
    torch.manual_seed(0)
    return sharp_capture()


@pytest.mark.parametrize("incoming", [False, True])
@pytest.mark.parametrize(("kind", "source"), [("super", block_attention), ("global", global_attention)])
def test_every_map_is_the_row_of_its_head_at_the_same_place(captured, kind, source, incoming):
    found = list(head_maps(list(captured.values()), kind, PLACE, Region(), incoming=incoming))
    assert [one.block for one in found] == list(captured)
    for one in found:
        record = captured[one.block]
        row, column = int(PLACE[0] * record.grid.height), int(PLACE[1] * record.grid.width)
        assert (one.row, one.column) == (row, column)
        read = source(record).column if incoming else source(record).row
        for head in range(record.heads):
            expected = read(record.grid.token(row, column), head)
            np.testing.assert_allclose(one.weights[head].ravel(), expected, rtol=1e-4, atol=1e-7)


def test_the_maps_of_a_region_are_the_mean_of_its_rows(captured):
    for one in head_maps(list(captured.values()), "super", PLACE, Region("super")):
        record = captured[one.block]
        tokens = region_tokens(Region("super"), record, one.row, one.column)
        rows = [block_attention(record).row(int(token), 0) for token in tokens]
        np.testing.assert_allclose(one.weights[0].ravel(), torch.stack(rows).mean(0), rtol=1e-4, atol=1e-7)


def test_levels_are_multiples_of_uniform_attention(captured):
    for one in head_maps(list(captured.values()), "global", PLACE, Region()):
        times = one.weights * one.weights[0].size
        expected = np.rint(255 * np.clip(128 / 255 + np.log10(times) / 4, 0, 1))
        assert np.abs(one.levels.astype(int) - expected).max() <= 1
        assert one.levels.std() > 1


def test_places_are_found_again_on_every_grid():
    for grid in (TokenGrid(24, 25), TokenGrid(7, 9)):
        for token in range(grid.num_tokens):
            assert token_under(place_of(grid, *grid.position(token)), grid) == grid.position(token)


@pytest.mark.parametrize("rising", [False, True])
def test_maps_are_sorted_by_a_metric_of_the_ledger(captured, rising):
    table = ledger(captured, ("super",), ("entropy",))
    maps = list(head_maps(list(captured.values()), "super", PLACE, Region()))
    values = head_values(table, "entropy", "super")
    order = HeadMapsShown(maps, "super", Region(), False, values, rising).order()
    in_ledger = table[table["head"].notna()].sort_values("value", ascending=rising)
    assert [(*found.block, head) for found, head, _ in order] == list(
        in_ledger[["stage", "block", "head"]].astype(int).itertuples(index=False, name=None)
    )
    assert [value for _, _, value in order] == pytest.approx(in_ledger["value"].tolist())


def test_heads_that_lack_the_metric_come_last(captured):
    values = head_values(ledger(captured, ("super",), ("head_cosine",)), "head_cosine", "super")
    maps = list(head_maps(list(captured.values()), "super", PLACE, Region()))
    without = values.values.copy()
    without[0, 0] = np.nan
    object.__setattr__(values, "values", without)
    order = HeadMapsShown(maps, "super", Region(), False, values).order()
    assert order[-1][2] is None
    assert (*order[-1][0].block, order[-1][1]) == (0, 0, 0)


def test_the_command_writes_a_line_for_each_head_and_a_figure(tmp_path):
    words = ["export", "head-maps", "--sample", "cat", "--size", "64", "--stage", "1", "--block", "2", "--row", "5"]
    words += ["--column", "9", "--order", "entropy", "--rising"]
    for suffix in ("csv", "npz", "png"):
        assert main([*words, "--out", str(tmp_path / f"maps.{suffix}")]) == 0
    table = pd.read_csv(tmp_path / "maps.csv")
    cap = capture(load_pretrained("demo"), prepare(sample_images()["cat"](), 64).pixels)
    assert len(table) == sum(record.heads for record in cap.values())
    assert table["Entropy of the head"].is_monotonic_increasing
    for line in table.to_dict("records"):
        record = cap[BlockId(line["stage"], line["block"])]
        token = record.grid.token(line["row"], line["column"])
        row = block_attention(record).row(token, line["head"])
        expected = measure_row(row, record.grid, token, record.token_pixels)
        assert line["entropy"] == pytest.approx(expected["entropy"], rel=1e-4)
    assert np.load(tmp_path / "maps.npz")["stage1_block2_weights"].shape == (2, 16, 16)
    assert (tmp_path / "maps.png").stat().st_size > 20_000


def test_a_rectangle_without_a_size_is_refused(capsys):
    words = ["export", "head-maps", "--sample", "cat", "--size", "64", "--row", "5", "--column", "9"]
    assert main([*words, "--region", "rectangle", "--region-width", "0", "--out", "maps.csv"]) != 0
    assert "A rectangle's width is 1 to 1000 thousandths of the picture, got 0." in capsys.readouterr().err
