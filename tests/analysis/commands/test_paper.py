"""`export paper`: what is drawn are the twins' numbers, one column wide, in files that conferences take."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis import ledger
from analysis.commands.main import main
from analysis.commands.paper import Paper
from analysis.commands.paper_run import paper_figures
from analysis.cost import cost_table
from analysis.figures.paper.column import INCHES, paper_style
from stvit import BlockId, capture, load_pretrained
from stvit.images import prepare

SIZE = 64


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / "one.png", folder / "two.png"]
    for seed, path in enumerate(paths):
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (80, 100, 3), np.uint8)).save(path)
    return paths


@pytest.fixture(scope="module")
def figures(pictures):
    with paper_style():
        found = list(paper_figures(Paper(images=tuple(pictures), out=pictures[0].parent, size=SIZE, down=0.3)))
        return {figure.name: (figure, figure.report.figure()) for figure in found}


@pytest.fixture(scope="module")
def captures(pictures):
    names = ("twin-global", "twin-window", "twin-conv", "twin-super")
    pixels = [prepare(path, SIZE).pixels for path in pictures]
    return {name: [capture(load_pretrained(name), one) for one in pixels] for name in names}


def drawn(axes):
    return np.asarray(axes.images[-1].get_array())


def decades(row, grid):
    return np.log10(np.clip(row.reshape(grid.height, grid.width) * grid.num_tokens, 0.01, 100))


def test_every_figure_is_one_column_wide_and_says_what_it_shows(figures):
    per_picture = [f"{name}-{stem}" for stem in ("one", "two") for name in ("mixing", "super-tokens", "stages")]
    assert list(figures) == [*per_picture, "redundancy-by-depth", "cost"]
    for found, figure in figures.values():
        assert figure.get_figwidth() == INCHES
        assert figure.get_figheight() < 6
        assert len(found.caption) > 80
        sizes = [text.get_fontsize() for axes in figure.axes for text in axes.texts + axes.get_xticklabels()]
        assert min(sizes, default=6) >= 6


def test_figure_one_shows_one_token_of_each_twin(figures, captures):
    *maps, _ = figures["mixing-one"][1].axes
    names = ["Global attention", "Local attention (windows)", "Convolution (weights)", "Super token attention"]
    assert [axes.get_title() for axes in maps] == names
    for axes, (name, caps) in zip(maps, captures.items(), strict=True):
        record = caps[0][BlockId(0, 1)]
        # the spot is 0.3 of 80 px down, 0.5 across; 80 x 100 px are resized to 73 x 91, of which 64 x 64 are seen
        framing = prepare(np.zeros((80, 100, 3), np.uint8), SIZE).framing
        row = int((0.3 * framing.resized[0] - framing.corner[0]) // 4)
        column = int((0.5 * framing.resized[1] - framing.corner[1]) // 4)
        if name == "twin-conv":
            shown = drawn(axes)
            assert shown[row, column] > shown[0, 0] == -2
            assert (shown > -2).sum() == 25
            continue
        weights = record.token_attention().row(record.grid.token(row, column)).double().numpy()
        np.testing.assert_allclose(drawn(axes), decades(weights, record.grid), atol=1e-4)


def test_super_tokens_go_from_the_grid_to_what_is_learned(figures, captures):
    found, figure = figures["super-tokens-two"]
    arrays = found.report.arrays()
    for stage in (1, 2):
        record = captures["twin-super"][1][BlockId(stage - 1, 0)]
        np.testing.assert_array_equal(arrays[f"stage_{stage}_learned"], record.labels()[0])
        expected = record.grid.cell_index.reshape(record.grid.height, -1)
        np.testing.assert_array_equal(arrays[f"stage_{stage}_initial_grid"], expected)
    grid = figure.axes[0].collections[-1].get_segments()
    assert len(grid) == 2  # 2 x 2 cells have one line across and one down
    assert len(figure.axes) == 4


def test_attention_is_shown_in_every_stage(figures, captures):
    *maps, _ = figures["stages-one"][1].axes
    for stage, axes in enumerate(maps):
        record = captures["twin-super"][0][BlockId(stage, 0)]
        assert axes.get_title() == f"Stage {stage + 1}: {record.grid.height} × {record.grid.width} tokens"
        assert any(
            np.allclose(
                drawn(axes), decades(record.token_attention().row(token).double().numpy(), record.grid), atol=1e-4
            )
            for token in range(record.grid.num_tokens)
        )


def test_curves_are_means_of_the_ledger_over_the_pictures(figures, captures):
    charts = figures["redundancy-by-depth"][1].axes
    labels = ["Normalised entropy (share)", "Distance (px)", "Token cosine"]
    assert [axes.get_ylabel() for axes in charts] == labels
    for axes, metric in zip(charts, ("normalised_entropy", "distance", "token_cosine"), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        assert set(lines) == set(captures)
        for name, caps in captures.items():
            table = pd.concat([ledger(cap, ("super",), (metric,)) for cap in caps])
            expected = table.groupby(["stage", "block"])["value"].mean()
            np.testing.assert_allclose(lines[name].get_ydata(), expected, rtol=1e-5)
            blocks = list(caps[0])
            depths = [(blocks.index(BlockId(*map(int, block))) + 0.5) / len(blocks) for block in expected.index]
            np.testing.assert_allclose(lines[name].get_xdata(), depths)


def test_costs_are_those_of_the_table(figures):
    (axes,) = figures["cost"][1].axes
    table = cost_table(load_pretrained("twin-super").config, (224, 288, 384, 512, 768, 1024), (0,))
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    counted = table[table["attention"] == "global"]["counted"] / 1e6
    np.testing.assert_allclose(lines["Global attention, counted"], counted)
    assert len(lines) == 4


def test_the_command_writes_files_that_conferences_take(pictures, tmp_path, capsys):
    words = ["export", "paper", "--images", pictures[0], "--size", SIZE, "--out", tmp_path / "out"]
    assert main([*map(str, words)]) == 0
    assert "Wrote 5 figures" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"captions.md"} | {
        f"{name}.{suffix}"
        for name in ("mixing-one", "super-tokens-one", "stages-one", "redundancy-by-depth", "cost")
        for suffix in ("pdf", "svg", "png", "csv")
    }
    for path in (tmp_path / "out").glob("*.pdf"):
        content = path.read_bytes()
        assert b"/FontFile2" in content
        assert b"/Type3" not in content
        assert [float(side) for side in re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", content).groups()] == [72 * INCHES]
    with Image.open(tmp_path / "out" / "cost.png") as picture:
        assert picture.width == round(300 * INCHES)
    assert (tmp_path / "out" / "captions.md").read_text().count("**") == 10
    assert main(["export", "paper", "--down", "2", "--out", str(tmp_path)]) == 1
    assert "--down is a share from 0 to 1, got 2." in capsys.readouterr().err
