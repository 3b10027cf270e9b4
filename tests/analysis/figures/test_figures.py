"""Figures: structure only (axes, units, values drawn), and no global state left behind."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures.formats import FIGURES
from analysis.figures.numbers import colour_range, short
from analysis.figures.paper.charts import (
    depth_figure,
    distribution_figure,
    head_matrix_figure,
    scaling_figure,
    spectrum_figure,
    token_maps_figure,
)
from analysis.figures.paper.files import figure_bytes
from analysis.figures.paper.panels import heat_panel
from analysis.figures.paper.pictures import rollout_figure
from analysis.figures.screen.candidates import candidates_map, number_height
from analysis.figures.screen.cost import scaling_curves
from analysis.figures.screen.depth import change_by_depth, metric_by_depth
from analysis.figures.screen.heads import head_matrix
from analysis.figures.screen.heat import Anchor, attention_map, picture
from analysis.figures.style import BAR_SPACE, HEAT, HEAT_NAME, PANEL_WIDTH
from tests.support.explorer_support import node
from tests.support.paths import ROOT

SHOWN = np.zeros((64, 96, 3), np.uint8)


@pytest.fixture(autouse=True)
def _no_global_figures():
    yield
    assert plt.get_fignums() == []


@pytest.fixture
def table() -> pd.DataFrame:
    places = [(stage, block, head) for stage, block in ((0, 0), (0, 1), (1, 0)) for head in range(stage + 1)]
    rows = [
        {"image": "a", "stage": s, "block": b, "head": h, "attention": kind, "metric": "entropy", "value": s + h / 10}
        for s, b, h in places
        for kind in ("super", "global")
    ]
    return pd.DataFrame(rows).astype({"head": "Int64"})


def test_attention_map_places_tokens_on_the_picture():
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    figure = attention_map(SHOWN, values, Anchor(1, 2), token_pixels=16)
    (heat,) = figure.data
    assert (heat.x0, heat.dx, heat.y0, heat.dy) == (8, 16, 8, 16)
    assert (heat.zmin, heat.zmax) == (0, 23)
    assert heat.colorbar.ticktext[-1] == "23"
    frame = figure.layout.shapes[-1]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (32, 48, 16, 32)
    assert tuple(figure.layout.xaxis.range) == (0, 96)
    assert tuple(figure.layout.yaxis.range) == (64, 0)  # rows grow downwards


def test_attention_map_can_share_a_scale_and_survives_zeros():
    zeros = np.zeros((4, 6), np.float32)
    assert attention_map(SHOWN, zeros, Anchor(0, 0), token_pixels=16, maximum=0.5).data[0].zmax == 0.5
    assert attention_map(SHOWN, zeros, None, token_pixels=16).data[0].zmax == 1


def test_picture_frames_the_anchor_only_if_there_is_one():
    assert len(picture(SHOWN, Anchor(0, 0), 16).layout.shapes) == 2
    assert len(picture(SHOWN).layout.shapes) == 0


@pytest.mark.parametrize(("side", "tallest"), [((64, 96), 187), ((96, 64), 420), ((700, 100), 420)])
def test_tall_pictures_end_at_one_and_a_half_panel_widths(side, tallest):
    layout = picture(np.zeros((*side, 3), np.uint8)).layout
    assert (layout.width, layout.height) == (PANEL_WIDTH, tallest + BAR_SPACE)
    assert (layout.yaxis.scaleanchor, layout.xaxis.constrain) == ("x", "domain")  # pixels stay square, drawn narrower


BLANK = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("row", "template"), [(8, f"{BLANK}<br>%{{text}}"), (11, f"{BLANK}<br>%{{text}}"), (12, f"%{{text}}<br>{BLANK}")]
)
def test_numbers_of_candidates_stand_clear_of_the_anchor(row, template):
    # Cells of 8 tokens of 4 px: rows 8 to 11 are the upper half of the second row of cells, 12 to 15 the lower.
    figure = candidates_map(
        np.zeros((96, 96, 3), np.uint8), np.arange(9.0), np.zeros(9, bool), centre=(1, 1), cell_pixels=(32, 32),
        anchor=Anchor(row, 12), token_pixels=4, quantity="weight",
    )  # fmt: skip
    assert figure.data[0].texttemplate == template
    frame = figure.layout.shapes[0]
    middle = (frame.y0 + frame.y1) / 2 / 32 - 1
    assert (number_height(row, 4, 32) - 0.5) * (middle - 0.5) < 0  # on different sides of the cell's middle


def test_heat_holds_no_colour_that_streamlit_replaces():
    assert all(colour.startswith("rgb(") for _, colour in HEAT)


def test_depth_chart_draws_means_heads_and_the_uniform_line():
    figure = metric_by_depth(
        [(0, 0), (1, 0)], {"super": [[1.0, 3.0], [4.0]]}, title="Entropy", unit="nats", uniform=[5.0, 6.0]
    )
    uniform, heads, means = figure.data
    assert list(uniform.y) == [5, 6]
    assert list(heads.y) == [1, 3, 4]
    assert list(heads.customdata) == [1, 2, 1]  # captions count heads from 1
    assert list(means.y) == [2, 4]
    assert figure.layout.yaxis.title.text == "Entropy (nats)"
    assert len(figure.layout.shapes) == 1  # one bound between two stages


def test_change_chart_has_a_bar_for_each_block():
    assert list(change_by_depth([(0, 0), (1, 0)], [0.1, 0.2], title="grid", colour="#123456").data[0].y) == [0.1, 0.2]


def test_head_matrix_says_which_head_a_square_is():
    figure = head_matrix([(0, 0, 0), (1, 2, 3)], [0.5, 1.5], title="Entropy", unit="nats")
    assert [tuple(cell) for cell in figure.data[0].customdata] == [(0, 0, 0), (1, 2, 3)]
    assert list(figure.data[0].y) == [1, 4]


def test_head_matrix_frames_what_is_chosen():
    cells = [(0, 0, 0), (1, 2, 3), (1, 2, 4)]
    for chosen, widths in ((None, [1, 1, 1]), ((1, 2, 3), [1, 3, 1]), ((1, 2, None), [1, 3, 3])):
        figure = head_matrix(cells, [0.5, 1.5, 1.0], title="Entropy", unit="nats", chosen=chosen)
        assert list(figure.data[0].marker.line.width) == widths


def test_scaling_curves_are_logarithmic_with_units():
    figure = scaling_curves([("super", "counted", [224, 384], [1.0, 2.0])], title="operations", unit="MAC")
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.title.text == "operations (MAC)"


def test_paper_depth_figure_has_units_and_a_line_for_each_attention(table):
    (axes,) = depth_figure(table, "entropy", "nats", "a caption").axes
    assert axes.get_ylabel() == "entropy (nats)"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Global attention", "Super token attention"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1.1", "1.2", "2.1"]


def test_paper_head_matrix_leaves_missing_heads_blank(table):
    axes, bar = head_matrix_figure(table, "entropy", "nats", "super").axes
    values = axes.images[0].get_array()
    assert values.shape == (2, 3)
    assert np.isnan(values.filled(np.nan)[1, :2]).all()
    assert values[1, 2] == pytest.approx(1.1)
    assert bar.get_ylabel() == "entropy (nats)"


def test_paper_figures_name_what_is_missing(table):
    with pytest.raises(ValueError, match="holds entropy"):
        depth_figure(table, "distance", "px")


def test_other_paper_figures_draw():
    values = {"super": np.linspace(0, 1, 50), "global": np.linspace(0.5, 2, 50)}
    spectrum = spectrum_figure({"stage 1": np.array([4.0, 2.0, 1e-3])})
    assert spectrum.axes[0].get_yscale() == "log"
    assert len(distribution_figure(values, "entropy", "nats").axes[0].patches) == 2
    maps = token_maps_figure(SHOWN, {"super": np.eye(4), "global": np.ones((4, 4))}, "nats")
    assert len(maps.axes) == 4  # the picture, two maps, one bar
    (scaling,) = scaling_figure([("super", "counted", [224, 384], [1.0, 2.0])], "operations", "MAC").axes
    assert (scaling.get_xscale(), scaling.get_yscale(), scaling.get_ylabel()) == ("log", "log", "operations (MAC)")
    assert all(len(figure_bytes(spectrum, suffix)) > 1000 for suffix in FIGURES)


# What `short` and the explorer's formatWeight both write.
WRITTEN = {
    0: "0", 0.012: "0.012", 0.5: "0.5", -3.1: "-3.1", 1: "1", 9.999: "10", 1.125: "1.13", 120: "120", 300: "300",
    1300: "1300", -1234.5: "-1230", 99_949: "99900", 99_999: "1e5", 1.2e5: "1.2e5", 0.001: "0.001",
    0.000999999: "0.001", 0.00099: "9.9e-4", -3.3e-4: "-3.3e-4", 1e-12: "1e-12",
}  # fmt: skip


@pytest.mark.parametrize(("value", "written"), WRITTEN.items())
def test_ticks_are_plain_numbers_of_three_digits_at_most(value, written):
    assert short(value) == written


def test_ticks_of_values_without_a_size():
    assert [short(value) for value in (-0.0, float("inf"), float("nan"))] == ["0", "inf", "nan"]


def test_the_explorer_writes_ticks_like_the_figures():
    values = [*WRITTEN, *np.geomspace(1e-6, 1e7, 200).tolist(), *np.arange(-20, 20, 0.125).tolist()]
    script = f'import {{ formatWeight }} from "{(ROOT / "ui/explorer/web/scale.js").as_uri()}"; '
    script += f"console.log(JSON.stringify({json.dumps(values)}.map(formatWeight)))"
    assert json.loads(node("--input-type=module", "--eval", script)) == [short(value) for value in values]


def boxes_of(figure):
    """Draw a figure; return the boxes, in pixels, of its pictures, and of what stands around each of them."""
    figure.canvas.draw()
    return [axes.get_window_extent() for axes in figure.axes], [axes.get_tightbbox() for axes in figure.axes]


@pytest.mark.parametrize(("height", "width"), [(64, 96), (64, 64), (96, 64)])
def test_paper_panels_line_up_and_keep_clear_of_each_other(height, width):
    shown = np.zeros((height, width, 3), np.uint8)
    heat = np.full((height // 16, width // 16), 1e-4)
    maps = [(f"Into stage {stage}", heat, 16) for stage in range(1, 6)]
    figure = rollout_figure(shown, maps, (0, 0), 16, "a caption " * 20)
    pictures, around = boxes_of(figure)
    for row in (pictures[:3], pictures[3:]):
        assert {(round(box.y0, 3), round(box.y1, 3)) for box in row} == {(round(row[0].y0, 3), round(row[0].y1, 3))}
    assert max(box.y1 for box in around) <= figure.bbox.y1
    assert max(box.y1 for box in around[3:]) < min(box.y0 for box in around[:3])  # titles below the bars above them
    assert figure._supxlabel.get_window_extent().y1 < min(box.y0 for box in around)


def test_paper_colour_bar_is_right_below_its_picture():
    figure = Figure(figsize=(4, 6), layout="constrained")  # much more room than the picture fills
    axes = figure.subplots()
    heat_panel(axes, SHOWN, np.ones((4, 6)), 16, "title", "attention")
    figure.canvas.draw()
    (bar,) = axes.child_axes
    assert 0 < axes.get_window_extent().y0 - bar.get_window_extent().y1 < 0.1 * figure.dpi
    assert bar.get_xlabel() == "attention"


def test_paper_depth_figure_starts_at_zero_and_marks_each_attention(table):
    (axes,) = depth_figure(table.assign(value=table["value"] + 100), "entropy", "nats").axes
    assert axes.get_ylim()[0] == 0
    assert {line.get_label(): line.get_marker() for line in axes.lines if not line.get_label().startswith("_")} == {
        "Global attention": "D",
        "Super token attention": "o",
    }
    (axes,) = depth_figure(table.assign(value=-1 - table["value"]), "entropy", "nats").axes
    assert axes.get_ylim()[1] == 0


def test_paper_maps_have_the_colours_of_the_app(table):
    assert head_matrix_figure(table, "entropy", "nats", "super").axes[0].images[0].get_cmap().name == HEAT_NAME
    maps = token_maps_figure(SHOWN, {"super": np.eye(4)}, "nats")
    assert maps.axes[1].images[0].get_cmap().name == HEAT_NAME


@pytest.mark.parametrize(
    ("ends", "expected"),
    [((0, 2), (0, 2)), ((0, 0), (0, 1)), ((0, 1e-9), (0, 1e-9)), ((-1, 1), (-1, 1)), ((1, 1.0001), (1, 1.0001)),
     ((1, 1), (0.99, 1.01)), ((-200, -200), (-202, -198)), ((0.99999998, 1.00000006), (0.99, 1.01))],
)  # fmt: skip
def test_colour_range_has_one_colour_for_rounding(ends, expected):
    assert colour_range(*ends) == pytest.approx(expected, rel=1e-6)


ROUNDED = np.tile([0.99999998, 1.00000006], (4, 3))
"""Mean attention received, which is 1 but for rounding."""


def test_figures_of_rounding_have_one_colour():
    heat = attention_map(SHOWN, ROUNDED, None, token_pixels=16, minimum=ROUNDED.min()).data[0]
    assert (heat.zmin, heat.zmax) == pytest.approx((0.99, 1.01))
    assert list(heat.colorbar.ticktext) == ["0.99", "1", "1.01"]
    marker = head_matrix([(0, 0, 0), (0, 0, 1)], ROUNDED[0, :2].tolist(), title="Received", unit="x").data[0].marker
    assert (marker.cmin, marker.cmax) == pytest.approx((0.99, 1.01))


def test_paper_figures_of_rounding_have_one_colour(table):
    table = table.assign(value=np.resize(ROUNDED, len(table)))
    matrix = head_matrix_figure(table, "entropy", "nats", "super").axes[0].images[0]
    maps = token_maps_figure(SHOWN, {"super": ROUNDED}, "nats").axes[1].images[0]
    axes = Figure().subplots()
    heat_panel(axes, SHOWN, ROUNDED, 16, "title", "received", ROUNDED.min())
    for image in (matrix, maps, axes.images[-1]):
        assert image.get_clim() == pytest.approx((0.99, 1.01))
