"""Figures of faithfulness: what is drawn is what was given, on screen and on paper."""

from html import unescape

import numpy as np

from analysis.figures.canvas import Canvas, Panel
from analysis.figures.curve_values import Band, CurveChart, Line
from analysis.figures.matrix_values import MatrixChart
from analysis.figures.paper.bars import bars_figure
from analysis.figures.paper.curves import curves_figure
from analysis.figures.paper.matrix import matrices_figure
from analysis.figures.screen.bars import bar_chart
from analysis.figures.screen.curves import curve_chart
from analysis.figures.screen.heat import heat_map, picture
from analysis.figures.screen.matrix import matrix_chart

LINES = [Line("first", "#0072B2", [0.0, 1.0], [-1.0, -3.0]), Line("second", "#E69F00", [0.0, 1.0], [-1.0, -2.0], "dot")]
CHART = CurveChart(
    "Deletion", "share", "nats", LINES, Band("random", "#7F7F7F", [0.0, 1.0], [-3.0, -4.0], [-1.0, -1.0])
)


def test_curves_and_their_band():
    band, first, second = curve_chart(CHART).data
    assert list(band.y) == [-1.0, -1.0, -4.0, -3.0]  # there and back
    assert list(first.y) == [-1.0, -3.0]
    assert second.line.dash == "dot"
    (axes,) = curves_figure([CHART], "caption").axes
    assert [line.get_label() for line in axes.get_lines()] == ["first", "second"]
    np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), [-1.0, -3.0])


def test_things_without_an_order_are_not_joined():
    chart = CurveChart("Heads", "head", "nats", [Line("one", "#0072B2", ["1", "2"], [0.1, -0.2])], joined=False)
    (points,) = curve_chart(chart).data
    assert points.mode == "markers"
    assert curves_figure([chart], "").axes[0].get_lines()[0].get_linestyle() == "None"


def test_matrices_leave_out_what_has_no_number():
    values = np.array([[1.0, np.nan], [0.5, 1.0]])
    chart = MatrixChart("CKA", "linear CKA", values, ["1.1", "1.2"], ["1.1", "1.2"], "row", "column", 0.0, 1.0)
    (heat,) = matrix_chart(chart).data
    np.testing.assert_array_equal(np.asarray(heat.z, dtype=float), values)
    assert heat.text[0][1] == ""
    assert heat.text[1][0] == "0.50"
    axes = matrices_figure([chart], "").axes[0]
    np.testing.assert_array_equal(np.ma.filled(axes.images[0].get_array(), np.nan), values)


def test_bars_stand_on_each_other():
    lines = [Line("<b>cat</b>", "#0072B2", ["as it is"], [0.5]), Line("dog", "#E69F00", ["as it is"], [0.25])]
    chart = CurveChart("Predictions", "", "probability", lines, top=1.0)
    first, second = bar_chart(chart).data
    assert unescape(first.name) == "<b>cat</b>"
    assert "<" not in first.name  # Plotly reads legends as HTML
    assert (first.x[0], second.x[0]) == (0.5, 0.25)
    bars = bars_figure(chart, "").axes[0].patches
    assert bars[1].get_x() == bars[0].get_width() == 0.5


def test_signed_maps_have_their_zero_in_the_middle():
    canvas = Canvas(np.zeros((8, 8, 3), np.uint8), 4)
    (heat,) = heat_map(canvas, Panel("", np.array([[-1.0, 0.5], [0.0, 0.2]]), "change", signed=True)).data
    assert (heat.zmin, heat.zmax) == (-1.0, 1.0)


def test_a_clickable_picture_has_a_square_for_each_token():
    (squares,) = picture(Canvas(np.zeros((8, 18, 3), np.uint8), 4), clickable=True).data
    assert squares.z.shape == (2, 5)  # the last column is cut
    assert (squares.x0, squares.dx, squares.y0, squares.dy) == (2, 4, 2, 4)
