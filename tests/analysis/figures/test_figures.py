"""Figures: structure only (axes, units, values drawn), and no global state left behind."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures.canvas import Anchor, Canvas, Neighbourhood, Panel
from analysis.figures.ledger_values import depth_values, head_values
from analysis.figures.numbers import colour_range, short, significant, symmetric_range, value_range
from analysis.figures.paper.charts import cost_figure, depth_figure, head_matrix_figure
from analysis.figures.paper.groupings import grouping_figure
from analysis.figures.paper.panels import heat_panel
from analysis.figures.paper.pictures import maps_figure
from analysis.figures.screen.candidates import candidates_map
from analysis.figures.screen.cost import scaling_curves
from analysis.figures.screen.depth import change_by_depth, metric_by_depth
from analysis.figures.screen.heads import head_matrix
from analysis.figures.screen.heat import heat_map, picture
from analysis.figures.screen.layout import HEAT
from analysis.figures.screen.pictures import BAR_SPACE, PANEL_WIDTH
from analysis.figures.style import HEAT_NAME, number_height
from tests.support.explorer_support import node
from tests.support.paths import ROOT

SHOWN = np.zeros((64, 96, 3), np.uint8)
CANVAS = Canvas(SHOWN, 16)


def panel(values, **options) -> Panel:
    return Panel("title", np.asarray(values), "attention", **options)


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


def test_heat_places_tokens_on_the_picture():
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    figure = heat_map(Canvas(SHOWN, 16, Anchor(1, 2)), panel(values))
    (heat,) = figure.data
    assert (heat.x0, heat.dx, heat.y0, heat.dy) == (8, 16, 8, 16)
    assert (heat.zmin, heat.zmax) == (0, 23)
    assert heat.colorbar.ticktext[-1] == "23"
    frame = figure.layout.shapes[-1]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (32, 48, 16, 32)
    assert tuple(figure.layout.xaxis.range) == (0, 96)
    assert tuple(figure.layout.yaxis.range) == (64, 0)  # rows grow downwards


def test_heat_can_share_a_scale_and_survives_zeros():
    zeros = np.zeros((4, 6), np.float32)
    assert heat_map(CANVAS, panel(zeros, maximum=0.5)).data[0].zmax == 0.5
    assert heat_map(CANVAS, panel(zeros)).data[0].zmax == 1


def test_picture_frames_the_anchor_only_if_there_is_one():
    assert len(picture(Canvas(SHOWN, 16, Anchor(0, 0))).layout.shapes) == 2
    assert len(picture(CANVAS).layout.shapes) == 0


@pytest.mark.parametrize(("side", "tallest"), [((64, 96), 187), ((96, 64), 420), ((700, 100), 420)])
def test_tall_pictures_end_at_one_and_a_half_panel_widths(side, tallest):
    layout = picture(Canvas(np.zeros((*side, 3), np.uint8))).layout
    assert (layout.width, layout.height) == (PANEL_WIDTH, tallest + BAR_SPACE)
    assert (layout.yaxis.scaleanchor, layout.xaxis.constrain) == ("x", "domain")  # pixels stay square, drawn narrower


BLANK = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("row", "template"), [(8, f"{BLANK}<br>%{{text}}"), (11, f"{BLANK}<br>%{{text}}"), (12, f"%{{text}}<br>{BLANK}")]
)
def test_numbers_of_candidates_stand_clear_of_the_anchor(row, template):
    # Cells of 8 tokens of 4 px: rows 8 to 11 are the upper half of the second row of cells, 12 to 15 the lower.
    canvas = Canvas(np.zeros((96, 96, 3), np.uint8), 4, Anchor(row, 12))
    around = Neighbourhood((1, 1), (32, 32), np.zeros(9, bool))
    figure = candidates_map(canvas, around, panel(np.arange(9.0).reshape(3, 3)))
    assert figure.data[0].texttemplate == template
    frame = figure.layout.shapes[0]
    middle = (frame.y0 + frame.y1) / 2 / 32 - 1
    assert (number_height(canvas, 32) - 0.5) * (middle - 0.5) < 0  # on different sides of the cell's middle


def test_candidates_are_signed_by_their_panel_and_not_by_its_title():
    around = Neighbourhood((1, 1), (32, 32), np.zeros(9, bool))
    numbers = np.arange(9.0).reshape(3, 3)
    signed, plain = (candidates_map(CANVAS, around, panel(numbers, signed=sign)).data[0] for sign in (True, False))
    assert (signed.zmin, signed.zmax, plain.zmin, plain.zmax) == (-8, 8, 0, 8)


def test_heat_holds_no_colour_that_streamlit_replaces():
    assert all(colour.startswith("rgb(") for _, colour in HEAT)


def test_depth_chart_draws_means_heads_and_the_uniform_line(table):
    figure = metric_by_depth(depth_values(table, "entropy"), uniform=[5.0, 6.0, 7.0])
    uniform, _, _, heads, means = figure.data
    assert list(uniform.y) == [5, 6, 7]
    assert list(heads.y) == [0, 0, 1, 1.1]
    assert list(heads.customdata) == [1, 1, 1, 2]  # captions count heads from 1
    assert list(means.y) == pytest.approx([0, 0, 1.05])
    assert (means.name, means.line.dash) == ("Super token attention", "solid")
    assert figure.layout.yaxis.title.text == "Entropy (nats)"
    assert len(figure.layout.shapes) == 1  # one bound between two stages


def test_change_chart_has_a_bar_for_each_block():
    assert list(change_by_depth([(0, 0), (1, 0)], [0.1, 0.2], title="grid", colour="#123456").data[0].y) == [0.1, 0.2]


def test_head_matrix_says_which_head_a_square_is(table):
    figure = head_matrix(head_values(table, "entropy", "super"))
    assert [tuple(cell) for cell in figure.data[0].customdata] == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 0, 1)]
    assert list(figure.data[0].y) == [1, 1, 1, 2]


def test_head_matrix_frames_what_is_chosen(table):
    for chosen, widths in ((None, [1, 1, 1, 1]), ((1, 0, 1), [1, 1, 1, 3]), ((1, 0, None), [1, 1, 3, 3])):
        figure = head_matrix(head_values(table, "entropy", "super"), chosen=chosen)
        assert list(figure.data[0].marker.line.width) == widths


def test_scaling_curves_are_logarithmic_with_units():
    figure = scaling_curves([("super", "counted", [224, 384], [1.0, 2.0])], title="operations", unit="MAC")
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.title.text == "operations (MAC)"


def test_paper_depth_figure_has_units_and_a_line_for_each_attention(table):
    (axes,) = depth_figure(table, "entropy", "a caption").axes
    assert axes.get_ylabel() == "Entropy (nats)"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Super token attention", "Global attention"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1.1", "1.2", "2.1"]


def test_paper_head_matrix_leaves_missing_heads_blank(table):
    axes, bar = head_matrix_figure(table, "entropy", "super").axes
    values = axes.images[0].get_array()
    assert values.shape == (2, 3)
    assert np.isnan(values.filled(np.nan)[1, :2]).all()
    assert values[1, 2] == pytest.approx(1.1)
    assert bar.get_ylabel() == "Entropy (nats)"


def test_cost_figure_is_logarithmic_with_units():
    (axes,) = cost_figure([("super", "counted", [224, 384], [1.0, 2.0])], [], "").axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_ylabel() == "operations (million MAC)"


# What `short` and the explorer's formatWeight both write.
WRITTEN = {
    0: "0",
    0.012: "0.012",
    0.5: "0.5",
    -3.1: "-3.1",
    1: "1",
    9.999: "10",
    1.125: "1.13",
    120: "120",
    300: "300",
    1300: "1,300",
    -1234.5: "-1,230",
    99_949: "99,900",
    99_999: "1e5",
    1.2e5: "1.2e5",
    0.001: "0.001",
    0.000999999: "0.001",
    0.00099: "9.9e-4",
    -3.3e-4: "-3.3e-4",
    1e-12: "1e-12",
}


@pytest.mark.parametrize(("value", "written"), WRITTEN.items())
def test_ticks_are_plain_numbers_of_three_digits_at_most(value, written):
    assert short(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    {0.0: "0", 0.95: "0.950", 1.0: "1.00", 99.95: "100", 1302.0: "1,300", -2e-5: "-2.00e-5", 2e7: "2.00e7"}.items(),
)
def test_numbers_of_a_sentence_keep_their_zeros(value, written):
    assert significant(value) == written


def test_ticks_of_values_without_a_size():
    assert [short(value) for value in (-0.0, float("inf"), float("nan"))] == ["0", "inf", "nan"]


def test_the_explorer_writes_ticks_like_the_figures():
    values = [*WRITTEN, *np.geomspace(1e-6, 1e7, 200).tolist(), *np.arange(-20, 20, 0.125).tolist()]
    script = f'import {{ formatWeight }} from "{(ROOT / "ui/explorer/web/numbers.js").as_uri()}"; '
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
    maps = [Panel(f"Into stage {stage}", heat, "relevance", pixels=16) for stage in range(1, 6)]
    figure = maps_figure(Canvas(shown, 16, Anchor(0, 0), "a caption " * 20), maps, framed=2)
    pictures, around = boxes_of(figure)
    for row in (pictures[:3], pictures[3:]):
        assert {(round(box.y0, 3), round(box.y1, 3)) for box in row} == {(round(row[0].y0, 3), round(row[0].y1, 3))}
    assert max(box.y1 for box in around) <= figure.bbox.y1
    assert max(box.y1 for box in around[3:]) < min(box.y0 for box in around[:3])  # titles below the bars above them
    assert figure._supxlabel.get_window_extent().y1 < min(box.y0 for box in around)


def test_paper_colour_bar_is_right_below_its_picture():
    figure = Figure(figsize=(4, 6), layout="constrained")  # much more room than the picture fills
    axes = figure.subplots()
    heat_panel(axes, CANVAS, panel(np.ones((4, 6))))
    figure.canvas.draw()
    (bar,) = axes.child_axes
    assert 0 < axes.get_window_extent().y0 - bar.get_window_extent().y1 < 0.1 * figure.dpi
    assert bar.get_xlabel() == "attention"


def test_paper_depth_figure_starts_at_zero_and_marks_each_attention(table):
    (axes,) = depth_figure(table.assign(value=table["value"] + 100), "entropy").axes
    assert axes.get_ylim()[0] == 0
    assert {line.get_label(): line.get_marker() for line in axes.lines if not line.get_label().startswith("_")} == {
        "Global attention": "D",
        "Super token attention": "o",
    }
    (axes,) = depth_figure(table.assign(value=-1 - table["value"]), "entropy").axes
    assert axes.get_ylim()[1] == 0


def test_paper_maps_have_the_colours_of_the_app(table):
    assert head_matrix_figure(table, "entropy", "super").axes[0].images[0].get_cmap().name == HEAT_NAME


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0, 2), (0, 2)),
        ((0, 0), (0, 1)),
        ((0, 1e-9), (0, 1e-9)),
        ((-1, 1), (-1, 1)),
        ((1, 1.0001), (1, 1.0001)),
        ((1, 1), (0.99, 1.01)),
        ((-200, -200), (-202, -198)),
        ((0.99999998, 1.00000006), (0.99, 1.01)),
    ],
)
def test_colour_range_has_one_colour_for_rounding(ends, expected):
    assert colour_range(*ends) == pytest.approx(expected, rel=1e-6)


ROUNDED = np.tile([0.99999998, 1.00000006], (4, 3))
"""Mean attention received, which is 1 but for rounding."""


def test_figures_of_rounding_have_one_colour(table):
    heat = heat_map(CANVAS, panel(ROUNDED, minimum=ROUNDED.min())).data[0]
    assert (heat.zmin, heat.zmax) == pytest.approx((0.99, 1.01))
    assert list(heat.colorbar.ticktext) == ["0.99", "1", "1.01"]
    table = table.assign(value=np.resize(ROUNDED, len(table)))
    marker = head_matrix(head_values(table, "entropy", "super")).data[0].marker
    assert (marker.cmin, marker.cmax) == pytest.approx((0.99, 1.01))
    matrix = head_matrix_figure(table, "entropy", "super").axes[0].images[0]
    axes = Figure().subplots()
    heat_panel(axes, CANVAS, panel(ROUNDED, minimum=ROUNDED.min()))
    for image in (matrix, axes.images[-1]):
        assert image.get_clim() == pytest.approx((0.99, 1.01))


@pytest.mark.parametrize("value", [1 / 3136, 0.5, 7.0])
def test_a_constant_map_has_the_middle_colour(value):
    constant = np.full((4, 6), value)
    assert value_range(constant) == pytest.approx((0, 2 * value))
    heat = heat_map(CANVAS, panel(constant)).data[0]
    assert (heat.zmin + heat.zmax) / 2 == pytest.approx(value)
    axes = Figure().subplots()
    heat_panel(axes, CANVAS, panel(constant))
    assert np.mean(axes.images[-1].get_clim()) == pytest.approx(value)


@pytest.mark.parametrize("holes", [[np.nan], [np.inf], [-np.inf], [np.nan, np.inf, -np.inf]])
def test_values_that_are_not_finite_are_left_clear(holes):
    values = np.linspace(1, 2, 24).reshape(4, 6)
    values.flat[: len(holes)] = holes
    heat = heat_map(CANVAS, panel(values)).data[0]
    assert (heat.zmin, heat.zmax) == (0, 2)
    assert np.isnan(heat.z).sum() == len(holes)
    axes = Figure().subplots()
    heat_panel(axes, CANVAS, panel(values))
    assert axes.images[-1].get_clim() == (0, 2)
    assert axes.images[-1].get_array().mask.sum() == len(holes)


def test_maps_without_a_finite_value_have_a_range():
    nothing = np.full((3, 3), np.nan)
    assert value_range(nothing) == (0, 1)
    assert value_range(nothing, 2.0) == (2, 3)
    assert symmetric_range(nothing) == (-1, 1)
    assert symmetric_range(np.array([-3.0, 2.0, np.inf])) == (-3, 3)


def test_unknown_drawings_are_refused():
    with pytest.raises(ValueError, match="no drawing 'dots' of groups; known are boundaries, means, labels"):
        grouping_figure(CANVAS, [("Grid", np.zeros((4, 6), int))], "dots")
