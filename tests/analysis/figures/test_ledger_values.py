"""Ledgers laid out for charts: estimates under their metric, what is missing in words, every metric drawn."""

import numpy as np
import pandas as pd
import pytest
import torch

from analysis import ledger
from analysis.attention.kinds import KINDS
from analysis.figures.ledger_values import depth_values, head_values
from analysis.figures.paper.charts import depth_figure, draw_depth, draw_head_matrix, head_matrix_figure
from analysis.figures.screen.depth import metric_by_depth
from analysis.figures.screen.heads import RIGHT, head_matrix
from analysis.figures.screen.layout import LABEL_SPACE
from analysis.grouping.methods import METHODS
from analysis.redundancy.catalogue import CATALOGUE
from stvit import capture, create_model, load_pretrained
from tests.support.tiny import tiny_model


def row(stage, block, head, metric, value, attention="super") -> dict:
    return {
        "image": "a",
        "stage": stage,
        "block": block,
        "head": head,
        "attention": attention,
        "metric": metric,
        "value": value,
    }


@pytest.fixture
def mixed() -> pd.DataFrame:
    """Return ranks that are estimated in the first block and exact in the second."""
    rows = [
        row(0, 0, 0, "effective_rank_estimate", 30.0),
        row(0, 0, 1, "effective_rank_estimate", 50.0),
        row(1, 0, 0, "effective_rank", 10.0),
        row(1, 0, 0, "entropy", np.nan),
        row(1, 0, 0, "entropy", np.inf),
        row(2, 0, 0, "distance", 5.0),
        row(2, 0, pd.NA, "token_cosine", 0.5, "block"),
    ]
    return pd.DataFrame(rows).astype({"head": "Int64"})


@pytest.mark.parametrize("metric", ["effective_rank", "effective_rank_estimate"])
def test_an_estimate_stands_in_for_its_metric(mixed, metric):
    found = depth_values(mixed, metric)
    assert (found.title, found.blocks) == ("Effective rank", [(0, 0), (1, 0), (2, 0)])
    (blocks,) = found.series.values()
    assert [one.mean for one in blocks] == pytest.approx([40, 10, np.nan], nan_ok=True)
    assert [one.estimate for one in blocks] == [True, False, False]
    matrix = head_values(mixed, metric, "super")
    np.testing.assert_array_equal(matrix.values, [[30, 10], [50, np.nan]])
    np.testing.assert_array_equal(matrix.estimates, [[True, False], [True, False]])


def test_estimates_are_hollow_on_screen_and_on_paper(mixed):
    _, means = metric_by_depth(depth_values(mixed, "effective_rank")).data
    assert list(means.marker.symbol) == ["circle-open", "circle", "circle"]
    assert list(means.y) == [40, 10, None]
    squares = head_matrix(head_values(mixed, "effective_rank", "super")).data[0]
    assert list(squares.marker.symbol) == ["square-open", "square-open", "square"]
    (axes,) = depth_figure(mixed, "effective_rank").axes
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[0]]
    assert len(head_matrix_figure(mixed, "effective_rank", "super").axes[0].patches) == 2


def test_heads_are_compared_within_their_stage():
    rows = [row(0, 0, 0, "entropy", 5.0), row(0, 0, 1, "entropy", 7.0), row(0, 1, 0, "entropy", 6.0)]
    rows += [row(1, 0, 0, "entropy", 1.0), row(1, 0, 1, "entropy", 1.0)]
    found = head_values(pd.DataFrame(rows), "entropy", "super")
    np.testing.assert_allclose(found.by_stage, [[0, 0.5, 0.5], [1, np.nan, 0.5]])
    assert found.ranked() == [(1, 0, 0, 1.0), (1, 0, 1, 1.0), (0, 0, 0, 5.0), (0, 1, 0, 6.0), (0, 0, 1, 7.0)]
    marker = head_matrix(found, per_stage=True).data[0].marker
    assert list(marker.color) == [0, 1, 0.5, 0.5, 0.5]
    assert (marker.cmin, marker.cmax) == (0, 1)
    (axes, _) = head_matrix_figure(pd.DataFrame(rows), "entropy", "super").axes
    draw_head_matrix(axes, found, per_stage=True)
    np.testing.assert_allclose(axes.images[-1].get_array().filled(np.nan), found.by_stage)


def test_a_matrix_of_many_blocks_has_room_for_each_square():
    rows = [row(0, block, head, "entropy", block + head) for block in range(38) for head in range(16)]
    figure = head_matrix(head_values(pd.DataFrame(rows), "entropy", "super"))
    assert (figure.layout.width - LABEL_SPACE - RIGHT) / 38 > figure.data[0].marker.size
    assert figure.layout.height / 16 > figure.data[0].marker.size


def test_standard_errors_are_bars_and_those_of_heads_count_as_one(mixed):
    sampled = mixed.assign(stderr=np.where(mixed["metric"] == "distance", 0.25, np.nan))
    found = depth_values(sampled, "distance")
    assert found.is_sampled
    assert found.series["super"][-1].stderr == 0.25
    assert list(metric_by_depth(found).data[-1].error_y.array)[-1] == 0.25
    exact = depth_values(mixed, "distance")
    assert not exact.is_sampled
    assert metric_by_depth(exact).data[-1].error_y.array is None
    assert len(depth_figure(sampled, "distance").axes[0].collections) == 1
    assert not depth_figure(mixed, "distance").axes[0].collections


def test_bands_lie_behind_and_blocks_stay_in_order(mixed):
    spread = {"super": {(1, 0): (5.0, 15.0), (2, 0): (1.0, 2.0)}}
    figure = metric_by_depth(depth_values(mixed, "effective_rank"), spread=spread)
    band = figure.data[0]
    assert (list(band.x), list(band.y)) == (["2.1", "2.1", None, "3.1", "3.1", None], [5, 15, None, 1, 2, None])
    assert list(figure.layout.xaxis.categoryarray) == ["1.1", "2.1", "3.1"]
    (axes,) = depth_figure(mixed, "effective_rank").axes
    draw_depth(axes, depth_values(mixed, "effective_rank"), (), spread)
    assert [segment.tolist() for segment in axes.collections[-1].get_segments()] == [
        [[1, 5], [1, 15]],
        [[2, 1], [2, 2]],
    ]


def test_a_stage_of_several_blocks_is_an_area_and_one_of_a_single_block_a_bar(mixed):
    spread = {"super": {(0, 0): (1.0, 2.0), (0, 1): (3.0, 5.0), (1, 0): (5.0, 15.0)}}
    area, bar = metric_by_depth(depth_values(mixed, "effective_rank"), spread=spread).data[:2]
    assert (list(area.x), list(area.y)) == (["1.1", "1.2", "1.2", "1.1", None], [1, 3, 5, 2, None])
    assert (list(bar.x), list(bar.y)) == (["2.1", "2.1", None], [5, 15, None])
    assert area.line.width < bar.line.width


def test_pictures_are_averaged():
    rows = [
        row(0, 0, head, "entropy", value + head) | {"image": name}
        for name, value in (("a", 1), ("b", 3))
        for head in (0, 1)
    ]
    (blocks,) = depth_values(pd.DataFrame(rows), "entropy").series.values()
    assert blocks[0].heads == {0: 2, 1: 3}


@pytest.mark.parametrize("metric", ["stable_rank", "entropy"])
def test_what_does_not_exist_is_said_in_words(mixed, metric):
    title = CATALOGUE[metric].title
    for figure in (metric_by_depth(depth_values(mixed, metric)), head_matrix(head_values(mixed, metric, "super"))):
        assert [note.text for note in figure.layout.annotations] == [f"{title} does not exist for what is chosen here."]
        assert not figure.data
    for figure in (depth_figure(mixed, metric), head_matrix_figure(mixed, metric, "super")):
        (axes,) = figure.axes
        assert [text.get_text() for text in axes.texts] == [f"{title} does not exist for what is chosen here."]
        assert not axes.axison


def random_small():
    return create_model("stvit_small", seed=0).eval()


MODELS = {"demo": lambda: load_pretrained("demo"), "small": random_small, "random": tiny_model}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_metric_of_every_attention_is_drawn(model):
    torch.manual_seed(0)
    cap = capture(model(), torch.randn(1, 3, 96, 64))
    table = ledger(cap, tuple(KINDS), exact_tokens=100)  # ranks are estimated in stage 1 and exact below
    assert {"effective_rank", "effective_rank_estimate"} <= set(table["metric"])
    for metric in CATALOGUE:
        found = depth_values(table, metric)
        screen, paper = metric_by_depth(found), depth_figure(table, metric)
        paper.canvas.draw()
        assert bool(screen.data) == bool(found.series)
        assert len(paper.axes[0].lines) > 0 or not found.series
        for attention in KINDS:
            matrix = head_values(table, metric, attention)
            screen, paper = head_matrix(matrix), head_matrix_figure(table, metric, attention)
            assert bool(screen.data) == bool(matrix.values.size) == bool(paper.axes[0].images)


def test_every_kind_and_method_has_one_title_and_colour_on_screen_and_on_paper():
    rows = [row(0, 0, 0, "entropy", 1.0, kind) for kind in KINDS]
    table = pd.DataFrame(rows)
    (axes,) = depth_figure(table, "entropy").axes
    paper = {line.get_label(): line.get_color() for line in axes.lines if not line.get_label().startswith("_")}
    screen = {line.name: line.line.color for line in metric_by_depth(depth_values(table, "entropy")).data if line.name}
    assert paper == screen == {kind.title: kind.colour for kind in KINDS.values()}
    for method in METHODS.values():
        assert method.title
        assert method.colour.startswith("#")
        assert method.sentence.endswith(".")
