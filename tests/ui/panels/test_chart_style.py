"""The look of charts: under what a figure says of itself, without Plotly's templates, and once."""

import json

import plotly.graph_objects as go
import pytest

from tests.support.app_support import check_fine, opened
from ui.panels.chart_style import FONT, TEXT, TITLE, style


@pytest.fixture
def figure():
    return go.Figure(go.Scatter(y=[1, 2]))


def test_a_figure_keeps_what_it_says_of_itself(figure):
    figure.update_layout(font={"size": 30}, margin={"l": 72})
    figure.update_yaxes(title={"text": "entropy", "standoff": 3}, automargin=False)
    style(figure)
    assert (figure.layout.font.size, figure.layout.font.family) == (30, FONT)
    assert (figure.layout.margin.l, figure.layout.margin.pad) == (72, 8)
    axis = figure.layout.yaxis
    assert (axis.title.text, axis.title.standoff, axis.title.font.size) == ("entropy", 3, TITLE)
    assert (axis.automargin, axis.tickfont.size) == (False, TEXT)


def test_every_axis_that_a_figure_has_gets_the_look(figure):
    figure.update_layout(xaxis={"title": "depth"}, xaxis2={"title": "picture"}, yaxis={"dtick": 1})
    style(figure)
    assert figure.layout.xaxis2.tickfont.size == TEXT
    assert [figure.layout[name].zeroline for name in ("xaxis", "xaxis2", "yaxis")] == [False, False, None]


def test_a_figure_that_was_styled_stays_as_it_is(figure):
    figure.update_xaxes(title="depth")
    style(figure)
    before = figure.to_json()
    style(figure)
    assert figure.to_json() == before


def test_no_chart_of_a_page_is_drawn_twice():
    """Plotly takes a template for a new one each time, and arrays for new ones without a revision."""
    app = opened("redundancy", size="64 px")
    check_fine(app)
    for chart in app.get("plotly_chart"):
        layout = json.loads(chart.proto.spec)["layout"]
        assert not chart.proto.theme
        assert "template" not in layout
        assert layout["datarevision"]
